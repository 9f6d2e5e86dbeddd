/* lab_workloads_test.c -- the tables of workloads: what they say is read, and mistakes are told with their places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/workloads.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct workloads load(const char *text, struct diag *diag)
{
    struct workloads workloads = {0};
    workloads_load_text(&workloads, "f.yaml", text, strlen(text), diag);
    return workloads;
}

/* Loads and expects exactly these messages. */
static void expect(const char *text, unsigned count, const char *const *messages)
{
    struct diag diag = {0};
    struct workloads workloads = load(text, &diag);
    if (diag.count != count) diag_print(&diag, stderr);
    assert_int_equal(diag.count, count);
    for (unsigned i = 0; i < count; i++) assert_string_equal(diag.lines[i], messages[i]);
    diag_free(&diag);
    workloads_free(&workloads);
}
#define EXPECT(text, ...)                                                                                              \
    do {                                                                                                               \
        const char *const wanted[] = {__VA_ARGS__};                                                                    \
        expect(text, sizeof wanted / sizeof wanted[0], wanted);                                                        \
    } while (0)

static void both_kinds_are_read(void **state)
{
    struct diag diag = {0};
    struct workloads workloads = load("- name: own\n"
                                      "  sources: [a.c, b.S]\n"
                                      "  stresses: calls\n"
                                      "  test: {args: [\"2\"], output: \"own 1\"}\n"
                                      "  ref: {args: [], output: \"own 2\"}\n"
                                      "- name: real\n"
                                      "  recipe: bzip2\n"
                                      "  cpu: sse2\n"
                                      "  stresses: sorting\n"
                                      "  test: {args: [-c, text], exit: 3, sha256: " HASH "}\n"
                                      "  ref: {args: [], input: text, sha256: " HASH "}\n",
                                      &diag);
    diag_print(&diag, stderr);
    assert_int_equal(diag.count, 0);
    assert_int_equal(workloads.count, 2);
    const struct workload *own = &workloads.items[0], *real = &workloads.items[1];
    assert_null(own->recipe);
    assert_string_equal(own->sources[1], "b.S");
    assert_null(own->sources[2]);
    assert_string_equal(own->size[WORKLOAD_REF].output, "own 2");
    assert_string_equal(real->recipe, "bzip2");
    assert_string_equal(real->cpu, "sse2");
    assert_string_equal(real->size[WORKLOAD_TEST].args[1], "text");
    assert_null(real->size[WORKLOAD_TEST].args[2]);
    assert_int_equal(real->size[WORKLOAD_TEST].exit, 3);
    assert_null(real->size[WORKLOAD_TEST].input);
    assert_string_equal(real->size[WORKLOAD_REF].input, "text");
    assert_int_equal(real->size[WORKLOAD_REF].exit, 0);
    assert_string_equal(real->size[WORKLOAD_REF].sha256, HASH);
    workloads_free(&workloads);
}

static void mistakes_are_told_with_their_places(void **state)
{
    EXPECT("name: x\n", "f.yaml: error: expected a list of workloads");
    EXPECT("- [\n", "f.yaml:2:1: error: did not find expected node content while parsing a flow node");
    EXPECT("- name: real\n"
           "  recipe: bzip2\n"
           "  stresses: sorting\n"
           "  color: blue\n"
           "  test: {args: [a], sha256: " HASH "}\n"
           "  ref: {args: a, sha256: 12, exit: 300, sha256: " HASH "}\n",
           "f.yaml:4:3: error: unknown key 'color'", "f.yaml:1:3: error: 'cpu' is missing",
           "f.yaml:6:41: error: duplicate key 'sha256'", "f.yaml:6:15: error: expected a list of at most 12 words",
           "f.yaml:6:26: error: expected 64 hexadecimal digits", "f.yaml:6:36: error: expected an exit code, 0 to 255");
    EXPECT("- {name: a, recipe: r, cpu: z80, stresses: [], test: {args: [[]], sha256: " HASH "}}\n",
           "f.yaml:1:44: error: expected a word", "f.yaml:1:29: error: no processor 'z80': i686 or sse2",
           "f.yaml:1:62: error: expected a word", "f.yaml:1:3: error: 'ref' is missing");
    EXPECT("- {name: a, sources: [], stresses: x, test: {args: [], output: x}, ref: {args: [], output: x}}\n"
           "- {name: a, sources: [], stresses: x, test: {args: [], output: x}, ref: {args: [], output: x}}\n",
           "f.yaml:2:3: error: a second workload 'a'");
    EXPECT("- {name: a, sources: [], stresses: x, test: {args: [], sha256: " HASH "}, ref: {args: [], output: x}}\n",
           "f.yaml:1:56: error: unknown key 'sha256'", "f.yaml:1:45: error: 'output' is missing");
}

static void a_recipe_names_all_its_programs(void **state)
{
    struct diag diag = {0};
#define REAL(name, recipe)                                                                                             \
    "- {name: " name ", recipe: " recipe ", cpu: i686, stresses: x, test: {args: [], sha256: " HASH                    \
    "}, ref: {args: [], sha256: " HASH "}}\n"
    struct workloads workloads = load(REAL("box-a", "box") REAL("other", "other") REAL("box-b", "box"), &diag);
    assert_int_equal(diag.count, 0);
    unsigned count;
    char *box[] = {"box"}, *both[] = {"box-b", "other"}, *unknown[] = {"other", "bax"};
    const struct workload **chosen = workloads_choose(&workloads, 1, box, WORKLOADS_READY, &count);
    assert_int_equal(count, 2);
    assert_string_equal(chosen[1]->name, "box-b");
    free(chosen);
    chosen = workloads_choose(&workloads, 2, both, WORKLOADS_READY, &count);
    assert_int_equal(count, 2);
    assert_string_equal(chosen[0]->name, "box-b");
    assert_string_equal(chosen[1]->name, "other");
    free(chosen);
    chosen = workloads_choose(&workloads, 0, NULL, WORKLOADS_OWN, &count);
    assert_int_equal(count, 0);
    free(chosen);
    assert_null(workloads_choose(&workloads, 2, unknown, WORKLOADS_READY, &count));
    workloads_free(&workloads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds_are_read),
        cmocka_unit_test(mistakes_are_told_with_their_places),
        cmocka_unit_test(a_recipe_names_all_its_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
