/* lab_yaml_test.c -- configuration files: what they say is applied, every mistake is told, with its place, at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/config.h"

static struct diag load(struct config *config, const char *yaml)
{
    struct diag diag = {0};
    config_init(config);
    config_load_text(config, "f.yaml", yaml, strlen(yaml), &diag);
    return diag;
}

/* Loads and expects exactly these messages. */
static void expect(const char *yaml, unsigned count, const char *const *messages)
{
    struct config config;
    struct diag diag = load(&config, yaml);
    if (diag.count != count) diag_print(&diag, stderr);
    assert_int_equal(diag.count, count);
    for (unsigned i = 0; i < count; i++) assert_string_equal(diag.lines[i], messages[i]);
    diag_free(&diag);
    config_free(&config);
}
#define EXPECT(yaml, ...)                                                                                              \
    do {                                                                                                               \
        const char *const wanted[] = {__VA_ARGS__};                                                                    \
        expect(yaml, sizeof wanted / sizeof wanted[0], wanted);                                                        \
    } while (0)

static void values_are_applied(void **state)
{
    struct config config;
    struct diag diag = load(&config, "# a comment\n"
                                     "core:\n"
                                     "  issue_width: 8\n"
                                     "  units: [alu, load+store, branch]\n"
                                     "  branch.predictor: gshare\n"
                                     "memory.l1d.size: 32KiB\n"
                                     "memory:\n"
                                     "  dram: {latency: 60ns}\n");
    diag_print(&diag, stderr);
    assert_int_equal(diag.count, 0);
    assert_int_equal(config.values.machine.issue_width, 8);
    assert_string_equal(config.values.machine.units, "alu load+store branch");
    assert_int_equal(config.values.machine.predictor, 2);
    assert_int_equal(config.values.machine.l1d_size, 32768);
    assert_int_equal(config.values.machine.dram_latency, 60);
    struct text origin = {0};
    config_print_origin(&config, (unsigned)params_find("memory.dram.latency"), &origin);
    assert_string_equal(text_string(&origin), "f.yaml:8");
    text_free(&origin);
    config_free(&config);
}

static void nothing_is_a_configuration(void **state)
{
    expect("", 0, NULL);
    expect("# only words\n", 0, NULL);
    expect("---\n...\n", 0, NULL);
}

static void all_mistakes_at_once(void **state)
{
    EXPECT("core:\n"
           "  isue_width: 8\n"
           "  issue_width: wide\n"
           "  base_offset: maybe\n"
           "memory:\n"
           "  l1d:\n"
           "    size: 32KB\n"
           "    ways: 1000\n",
           "f.yaml:2:3: error: unknown key 'core.isue_width'; did you mean 'core.issue_width'?",
           "f.yaml:3:16: error: core.issue_width: 'wide' is not an integer",
           "f.yaml:4:16: error: core.base_offset: 'maybe' is not true or false",
           "f.yaml:7:11: error: memory.l1d.size: unknown suffix 'KB'; use GiB, MiB, KiB, B",
           "f.yaml:8:11: error: memory.l1d.ways: 1000 is out of range (1 to 64)");
}

static void duplicates_are_errors(void **state)
{
    EXPECT("core:\n  issue_width: 4\n  issue_width: 8\n", "f.yaml:3:3: error: duplicate key 'core.issue_width'");
    EXPECT("core:\n  issue_width: 4\ncore.issue_width: 8\n", "f.yaml:3:1: error: duplicate key 'core.issue_width'");
    EXPECT("core: {issue_width: 4}\ncore: {base_offset: true}\n", "f.yaml:2:1: error: duplicate key 'core'");
}

static void shapes_are_checked(void **state)
{
    EXPECT("core: 5\n", "f.yaml:1:7: error: 'core' is a section: it holds keys, not a value");
    EXPECT("core:\n  issue_width:\n", "f.yaml:2:15: error: core.issue_width has no value");
    EXPECT("core:\n  issue_width: [4]\n",
           "f.yaml:2:16: error: core.issue_width takes a value (integer), not this list");
    EXPECT("core:\n  issue_width: {a: 4}\n",
           "f.yaml:2:16: error: core.issue_width takes a value (integer), not a mapping");
    EXPECT("core:\n  units: [[alu]]\n", "f.yaml:2:10: error: core.units takes words (text), not this list");
    EXPECT("[1, 2]\n", "f.yaml:1:1: error: expected keys and values");
    EXPECT("? [a]\n: 5\n", "f.yaml:1:3: error: a key must be a word");
    EXPECT("core: {}\n---\nmemory: {}\n", "f.yaml:3:1: error: a second document; there is room for one");
}

static void aliases_tags_and_tabs_are_refused(void **state)
{
    EXPECT("core: &c {issue_width: 4}\nmemory: *c\n",
           "f.yaml:1:7: error: aliases are not supported; write the value out");
    EXPECT("a: &a [*a]\n", "f.yaml:1:4: error: aliases are not supported; write the value out");
    EXPECT("core: {issue_width: !!int 4}\n", "f.yaml:1:21: error: tags are not supported");
    EXPECT("core:\n\tissue_width: 4\n", "f.yaml:2:1: error: tab in the indentation; use spaces");
}

static void syntax_errors_have_a_place(void **state)
{
    struct config config;
    struct diag diag = load(&config, "core: [1,\n");
    assert_int_equal(diag.count, 1);
    assert_memory_equal(diag.lines[0], "f.yaml:2:1: error: ", 19);
    diag_free(&diag);
    config_free(&config);
    diag = load(&config, "a: \xff\xff\n");
    assert_int_equal(diag.count, 1);
    assert_memory_equal(diag.lines[0], "f.yaml: error: ", 15);
    diag_free(&diag);
    config_free(&config);
}

/* However deep, at once and with a message. */
static void deep_nesting_ends(void **state)
{
    static const char *const openers[] = {"[", "{a: ", "- ", "? ", "a:\n"};
    enum { DEPTH = 100000 };
    for (unsigned o = 0; o < LENGTH(openers); o++) {
        size_t length = strlen(openers[o]);
        char *yaml = malloc(DEPTH * length + 1);
        for (size_t i = 0; i < DEPTH; i++) memcpy(yaml + i * length, openers[o], length);
        yaml[DEPTH * length] = 0;
        struct config config;
        struct diag diag = load(&config, yaml);
        assert_true(diag.count > 0);
        diag_free(&diag);
        config_free(&config);
        free(yaml);
    }
}

static void sections_are_suggested(void **state)
{
    EXPECT("coer:\n  issue_width: 4\n", "f.yaml:1:1: error: unknown key 'coer'; did you mean 'core'?");
    EXPECT("memory:\n  l1f:\n    write: back\n",
           "f.yaml:2:3: error: unknown key 'memory.l1f'; did you mean 'memory.l1d'?");
    EXPECT("memory:\n  l1f: {size: 64KiB}\n  l1d: {size: 64KiB}\n",
           "f.yaml:2:3: error: unknown key 'memory.l1f'; did you mean 'memory.l1i'?");
    EXPECT("issue_width: 4\n", "f.yaml:1:1: error: unknown key 'issue_width'; did you mean 'core.issue_width'?");
    EXPECT("exttends: x.yaml\n", "f.yaml:1:1: error: unknown key 'exttends'; did you mean 'extends'?");
    EXPECT("completely: different\n", "f.yaml:1:1: error: unknown key 'completely'");
}

/* ---- files that extend others ---- */

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static struct diag load_file(struct config *config, const char *name)
{
    struct diag diag = {0};
    config_init(config);
    config_load(config, name, &diag);
    return diag;
}

static void extends_comes_first(void **state)
{
    struct config config;
    write_file("base.yaml", "core:\n  issue_width: 2\n  base_offset: true\n");
    write_file("sub/middle.yaml", "core: {latency: {alu: 2}}\nextends: ../base.yaml\n");
    write_file("top.yaml", "extends: sub/middle.yaml\ncore: {issue_width: 6}\n");
    struct diag diag = load_file(&config, "top.yaml");
    diag_print(&diag, stderr);
    assert_int_equal(diag.count, 0);
    assert_int_equal(config.values.machine.issue_width, 6);
    assert_int_equal(config.values.machine.base_offset, 1);
    assert_int_equal(config.values.machine.latency_alu, 2);
    struct text origin = {0};
    config_print_origin(&config, (unsigned)params_find("core.base_offset"), &origin);
    assert_string_equal(text_string(&origin), "sub/../base.yaml:3");
    text_free(&origin);
    config_free(&config);
}

static void extends_mistakes(void **state)
{
    struct config config;
    write_file("missing.yaml", "extends: nowhere.yaml\n");
    struct diag diag = load_file(&config, "missing.yaml");
    assert_int_equal(diag.count, 1);
    assert_string_equal(diag.lines[0],
                        "missing.yaml:1:10: error: cannot read 'nowhere.yaml': No such file or directory");
    diag_free(&diag);
    config_free(&config);
    write_file("a.yaml", "extends: b.yaml\n");
    write_file("b.yaml", "extends: a.yaml\n");
    diag = load_file(&config, "a.yaml");
    assert_int_equal(diag.count, 1);
    assert_string_equal(diag.lines[0], "b.yaml:1:10: error: 'a.yaml' extends itself");
    diag_free(&diag);
    config_free(&config);
    write_file("wrong.yaml", "core: {issue_widht: 2}\n");
    write_file("user.yaml", "extends: wrong.yaml\ncore: {issue_width: 0}\n");
    diag = load_file(&config, "user.yaml");
    assert_int_equal(diag.count, 2);
    assert_string_equal(diag.lines[0],
                        "wrong.yaml:1:8: error: unknown key 'core.issue_widht'; did you mean 'core.issue_width'?");
    assert_string_equal(diag.lines[1], "user.yaml:2:21: error: core.issue_width: 0 is out of range (1 to 16)");
    diag_free(&diag);
    config_free(&config);
}

static void set_wins_and_is_checked(void **state)
{
    struct config config;
    struct diag diag = load(&config, "core: {issue_width: 6}\n");
    config_set(&config, "core.issue_width=7", &diag);
    assert_int_equal(diag.count, 0);
    assert_int_equal(config.values.machine.issue_width, 7);
    config_set(&config, "core.issue_widht=7", &diag);
    config_set(&config, "core.issue_width=many", &diag);
    config_set(&config, "core", &diag);
    config_set(&config, "core=4", &diag);
    assert_int_equal(diag.count, 4);
    assert_string_equal(
        diag.lines[0],
        "--set core.issue_widht=7: error: unknown key 'core.issue_widht'; did you mean 'core.issue_width'?");
    assert_string_equal(diag.lines[1],
                        "--set core.issue_width=many: error: core.issue_width: 'many' is not an integer");
    assert_string_equal(diag.lines[2], "--set core: error: not of the form path=value");
    assert_string_equal(diag.lines[3], "--set core=4: error: 'core' is a section, not a key");
    diag_free(&diag);
    config_free(&config);
}

static int in_a_directory_of_our_own(void **state)
{
    char name[] = "/tmp/covm-yaml-test-XXXXXX";
    return !mkdtemp(name) || chdir(name) || mkdir("sub", 0777);
}

static int gone_again(void **state)
{
    char name[4096];
    if (!getcwd(name, sizeof name)) return 1;
    static const char *const files[] = {"base.yaml", "sub/middle.yaml", "top.yaml",   "missing.yaml",
                                        "a.yaml",    "b.yaml",          "wrong.yaml", "user.yaml"};
    for (unsigned i = 0; i < LENGTH(files); i++) unlink(files[i]);
    return rmdir("sub") || chdir("/") || rmdir(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_applied),         cmocka_unit_test(nothing_is_a_configuration),
        cmocka_unit_test(all_mistakes_at_once),       cmocka_unit_test(duplicates_are_errors),
        cmocka_unit_test(shapes_are_checked),         cmocka_unit_test(aliases_tags_and_tabs_are_refused),
        cmocka_unit_test(syntax_errors_have_a_place), cmocka_unit_test(deep_nesting_ends),
        cmocka_unit_test(sections_are_suggested),     cmocka_unit_test(extends_comes_first),
        cmocka_unit_test(extends_mistakes),           cmocka_unit_test(set_wins_and_is_checked),
    };
    return cmocka_run_group_tests(tests, in_a_directory_of_our_own, gone_again);
}
