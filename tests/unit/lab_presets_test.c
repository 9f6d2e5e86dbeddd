/* lab_presets_test.c -- the shipped machines: each loads, each value names its source, and each of their keys misspelt
 * by a letter is an error with the right suggestion. Runs in the root of the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/config.h"

/* A key of a file: where its name stands in the text, and its path. */
struct key {
    size_t at, length;
    char path[128];
};

static unsigned find_keys(const char *text, struct key *keys, unsigned capacity)
{
    struct {
        size_t indent;
        char path[128];
    } open[8];
    unsigned depth = 0, count = 0;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t indent = strspn(line, " "), length = strcspn(line + indent, ":\n#");
        if (line[indent + length] != ':') continue;
        while (depth && open[depth - 1].indent >= indent) depth--;
        assert_true(count < capacity && depth < 8);
        struct key *key = &keys[count++];
        key->at = (size_t)(line + indent - text);
        key->length = length;
        snprintf(key->path, sizeof key->path, "%s%s%.*s", depth ? open[depth - 1].path : "", depth ? "." : "",
                 (int)length, line + indent);
        open[depth].indent = indent;
        memcpy(open[depth].path, key->path, sizeof key->path);
        depth++;
    }
    return count;
}

/* Puts `name` in the key's place and expects to be told of the right one. */
static void misspell(struct config *config, const char *file, const char *text, const struct key *key, const char *name)
{
    const char *dot = strrchr(key->path, '.');
    char path[160], wanted[160];
    snprintf(path, sizeof path, "%.*s%s", dot ? (int)(dot - key->path + 1) : 0, key->path, name);
    if (params_find(path) >= 0 || params_section(path) || !strcmp(path, "extends") || !*name) return; /* another key */
    struct text changed = {0};
    text_printf(&changed, "%.*s%s%s", (int)key->at, text, name, text + key->at + key->length);
    struct diag diag = {0};
    config_load_text(config, file, text_string(&changed), changed.length, &diag);
    snprintf(wanted, sizeof wanted, "'%s'", key->path);
    if (diag.count != 1 || !strstr(diag.lines[0], "did you mean") ||
        !strstr(strstr(diag.lines[0], "did you mean"), wanted)) {
        diag_print(&diag, stderr);
        fail_msg("%s: '%s' written as '%s'", file, key->path, path);
    }
    diag_free(&diag);
    text_free(&changed);
}

static void each_slip(struct config *config, const char *file, const char *text, const struct key *key)
{
    static const char letters[] = "ax";
    char name[64], right[64];
    snprintf(right, sizeof right, "%.*s", (int)key->length, text + key->at);
    for (size_t i = 0; i < key->length; i++) {
        snprintf(name, sizeof name, "%.*s%s", (int)i, right, right + i + 1); /* one left out */
        misspell(config, file, text, key, name);
        snprintf(name, sizeof name, "%.*s%c%s", (int)i + 1, right, right[i], right + i + 1); /* one twice */
        misspell(config, file, text, key, name);
        for (const char *letter = letters; *letter; letter++) {
            snprintf(name, sizeof name, "%s", right); /* one replaced */
            name[i] = *letter;
            misspell(config, file, text, key, name);
        }
        if (i + 1 < key->length) { /* two swapped */
            snprintf(name, sizeof name, "%s", right);
            name[i] = right[i + 1];
            name[i + 1] = right[i];
            misspell(config, file, text, key, name);
        }
    }
}

static void for_each_preset(void (*visit)(const char *file, const char *text))
{
    glob_t found;
    assert_int_equal(glob("configs/machines/*.yaml", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 5);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        size_t length;
        char *text = lab_read_file(found.gl_pathv[i], 1 << 20, &length);
        assert_non_null(text);
        visit(found.gl_pathv[i], text);
        free(text);
    }
    globfree(&found);
}

static void load_preset(const char *file, const char *text)
{
    struct config_args args = {.files = &file, .file_count = 1};
    struct config config;
    if (!config_build(&config, &args)) fail_msg("%s does not load", file);
    config_free(&config);
}

static void presets_load(void **state) { for_each_preset(load_preset); }

/* A value's line ends in a comment that says where it comes from. */
static void check_sources(const char *file, const char *text)
{
    struct key keys[256];
    unsigned count = find_keys(text, keys, LENGTH(keys));
    assert_true(count > 10);
    for (unsigned i = 0; i < count; i++) {
        const char *line = text + keys[i].at, *end = line + strcspn(line, "\n"),
                   *comment = memchr(line, '#', (size_t)(end - line));
        bool section = params_section(keys[i].path), base = !strcmp(keys[i].path, "extends");
        if (!section && !base && (!comment || end - comment < 5))
            fail_msg("%s: %s names no source", file, keys[i].path);
    }
}

static void values_name_their_source(void **state) { for_each_preset(check_sources); }

static void check_slips(const char *file, const char *text)
{
    struct key keys[256];
    unsigned count = find_keys(text, keys, LENGTH(keys));
    struct config config;
    config_init(&config);
    for (unsigned i = 0; i < count; i++) each_slip(&config, file, text, &keys[i]);
    config_free(&config);
}

static void slips_are_told(void **state) { for_each_preset(check_slips); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_load),
        cmocka_unit_test(values_name_their_source),
        cmocka_unit_test(slips_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
