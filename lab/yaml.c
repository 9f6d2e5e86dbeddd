/* yaml.c -- configuration files: libyaml's document API for the syntax, our own rules on top (duplicate keys,
 * aliases, tags, tabs, depth), every mistake reported with its place. The walk goes no deeper than a key has sections.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <yaml.h>

#include "lab/config.h"
#include "lab/paths.h"
#include "lab/quantity.h"
#include "lab/suggest.h"
#include "lab/text.h"

enum { FILE_BYTES_MAX = 1 << 20, EXTENDS_MAX = 16, DEPTH_MAX = 64 };

/* One file being applied. */
struct loader {
    struct config *config;
    struct diag *diag;
    const char *name;
    yaml_document_t document;
    unsigned *uses;             /* per node: how often something refers to it */
    bool *present;              /* per parameter: the file gives it */
    const struct loader *above; /* the file that extends this one */
    unsigned depth;
};

static void load(struct config *config, const char *name, const char *bytes, size_t length, const struct loader *above,
                 struct diag *diag);

static yaml_node_t *node_at(struct loader *l, int index) { return yaml_document_get_node(&l->document, index); }

static void complain(struct loader *l, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void complain(struct loader *l, const yaml_node_t *node, const char *format, ...)
{
    struct text text = {0};
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(&text, format, arguments);
    va_end(arguments);
    diag_error(l->diag, l->name, (unsigned)node->start_mark.line + 1, (unsigned)node->start_mark.column + 1, "%s",
               text_string(&text));
    text_free(&text);
}

static const char *scalar(const yaml_node_t *node) { return (const char *)node->data.scalar.value; }

/* ---- rules for the whole document ---- */

/* Before libyaml sees the text: tabs, about which it would speak of tokens, and brackets within brackets, over which it
 * takes a time that grows with the square of their depth. */
static void scan(struct loader *l, const char *bytes, size_t length)
{
    unsigned line = 1, column = 1, depth = 0;
    bool indent = true;
    for (size_t i = 0; i < length; i++, column++) {
        if (bytes[i] == '[' || bytes[i] == '{') {
            if (++depth == DEPTH_MAX) diag_error(l->diag, l->name, line, column, "nested too deeply");
        } else if ((bytes[i] == ']' || bytes[i] == '}') && depth) {
            depth--;
        }
        if (bytes[i] == '\n') {
            line++, column = 0, indent = true;
        } else if (bytes[i] == '\t' && indent) {
            diag_error(l->diag, l->name, line, column, "tab in the indentation; use spaces");
            indent = false;
        } else if (bytes[i] != ' ') {
            indent = false;
        }
    }
}

static bool plain_tag(const yaml_node_t *node)
{
    const char *tag = (const char *)node->tag;
    return !tag || !strcmp(tag, YAML_STR_TAG) || !strcmp(tag, YAML_SEQ_TAG) || !strcmp(tag, YAML_MAP_TAG);
}

static void refer(struct loader *l, int index)
{
    if (++l->uses[index] == 2) complain(l, node_at(l, index), "aliases are not supported; write the value out");
}

/* Aliases (a node that something else refers to as well) and tags. False: not safe to walk, it may contain itself. */
static bool check_nodes(struct loader *l)
{
    unsigned count = (unsigned)(l->document.nodes.top - l->document.nodes.start);
    unsigned before = l->diag->count;
    l->uses = lab_allocate((count + 1) * sizeof *l->uses);
    for (unsigned n = 1; n <= count; n++) {
        const yaml_node_t *node = node_at(l, (int)n);
        if (!plain_tag(node)) complain(l, node, "tags are not supported");
        if (node->type == YAML_MAPPING_NODE) {
            for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
                refer(l, pair->key);
                refer(l, pair->value);
            }
        } else if (node->type == YAML_SEQUENCE_NODE) {
            for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++)
                refer(l, *item);
        }
    }
    return l->diag->count == before;
}

/* ---- unknown keys ---- */

static bool section_present(const struct loader *l, const char *section, size_t length)
{
    for (unsigned i = 0; i < params_count(); i++) {
        const char *path = params_row(i).path;
        if (l->present[i] && !strncmp(path, section, length) && path[length] == '.') return true;
    }
    return false;
}

/* How many of the keys below a mapping exist below `section`: tells which of two near sections was meant. */
static int known_children(struct loader *l, const yaml_node_t *mapping, const char *section, size_t length)
{
    int known = 0;
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = node_at(l, pair->key);
        if (key->type != YAML_SCALAR_NODE) continue;
        char *path = lab_printf("%.*s.%s", (int)length, section, scalar(key));
        known += params_find(path) >= 0 || params_section(path);
        free(path);
    }
    return known;
}

/* Nearest keys and sections. What the file already has elsewhere was probably not meant again. */
static void unknown_key(struct loader *l, const yaml_node_t *key, const yaml_node_t *value, const char *path)
{
    struct suggest suggest;
    struct text hint = {0};
    bool mapping = value->type == YAML_MAPPING_NODE;
    suggest_begin(&suggest, path);
    for (unsigned i = 0; i < params_count(); i++) {
        const char *known = params_row(i).path;
        if (!mapping) suggest_offer(&suggest, known, strlen(known), !l->present[i]);
        for (const char *dot = mapping ? strchr(known, '.') : NULL; dot; dot = strchr(dot + 1, '.')) {
            size_t length = (size_t)(dot - known);
            int children = known_children(l, value, known, length);
            suggest_offer(&suggest, known, length, children * 2 + !section_present(l, known, length));
        }
    }
    if (!mapping) suggest_offer(&suggest, "extends", 7, 0);
    suggest_print(&suggest, &hint);
    complain(l, key, "unknown key '%s'%s", path, text_string(&hint));
    text_free(&hint);
}

/* ---- values ---- */

/* A list of words stands for the words with spaces between. False: not a list of words. */
static bool join(struct loader *l, const yaml_node_t *node, struct text *joined)
{
    text_add(joined, "", 0);
    for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
        const yaml_node_t *word = node_at(l, *item);
        if (word->type != YAML_SCALAR_NODE) return false;
        text_printf(joined, "%s%s", joined->length ? " " : "", scalar(word));
    }
    return true;
}

static void apply(struct loader *l, unsigned index, const yaml_node_t *value)
{
    struct param_desc row = params_row(index);
    struct text written = {0}, error = {0};
    unsigned line = (unsigned)value->start_mark.line + 1;
    if (value->type == YAML_MAPPING_NODE) {
        complain(l, value, "%s takes a value (%s), not a mapping", row.path, quantity_type_name(row.type));
    } else if (value->type == YAML_SEQUENCE_NODE && (row.type != PARAM_TEXT || !join(l, value, &written))) {
        complain(l, value, "%s takes %s (%s), not this list", row.path, row.type == PARAM_TEXT ? "words" : "a value",
                 quantity_type_name(row.type));
    } else {
        if (value->type == YAML_SCALAR_NODE) text_add(&written, scalar(value), value->data.scalar.length);
        if (strlen(text_string(&written)) != written.length) {
            complain(l, value, "%s: a zero byte in the value", row.path);
        } else if (!written.length && row.type != PARAM_TEXT) {
            complain(l, value, "%s has no value", row.path);
        } else if (!config_assign(l->config, index, text_string(&written), l->name, line, &error)) {
            complain(l, value, "%s: %s", row.path, text_string(&error));
        }
    }
    text_free(&written);
    text_free(&error);
}

/* ---- the walk ---- */

/* What a walk does with the values it finds: first it notes which keys are there, then it applies them. */
enum pass { NOTE, APPLY };

static void walk(struct loader *l, const yaml_node_t *mapping, const char *prefix, enum pass pass);

static void visit(struct loader *l, const yaml_node_t *key, const yaml_node_t *value, const char *path, enum pass pass)
{
    int index = params_find(path);
    if (index >= 0) {
        if (pass == NOTE) {
            if (l->present[index]) complain(l, key, "duplicate key '%s'", path);
            l->present[index] = true;
        } else {
            apply(l, (unsigned)index, value);
        }
    } else if (params_section(path)) {
        if (value->type == YAML_MAPPING_NODE) {
            walk(l, value, path, pass);
        } else if (pass == APPLY) {
            complain(l, value, "'%s' is a section: it holds keys, not a value", path);
        }
    } else if (pass == APPLY) {
        unknown_key(l, key, value, path);
    }
}

static bool duplicate(struct loader *l, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = node_at(l, pair->key);
    for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < pair; p++) {
        const yaml_node_t *other = node_at(l, p->key);
        if (other->type == YAML_SCALAR_NODE && !strcmp(scalar(other), scalar(key))) return true;
    }
    return false;
}

static void walk(struct loader *l, const yaml_node_t *mapping, const char *prefix, enum pass pass)
{
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = node_at(l, pair->key), *value = node_at(l, pair->value);
        if (key->type != YAML_SCALAR_NODE || !key->data.scalar.length ||
            strlen(scalar(key)) != key->data.scalar.length) {
            if (pass == APPLY) complain(l, key, "a key must be a word");
            continue;
        }
        char *path = *prefix ? lab_printf("%s.%s", prefix, scalar(key)) : lab_copy(scalar(key));
        if (duplicate(l, mapping, pair)) {
            if (pass == NOTE) complain(l, key, "duplicate key '%s'", path);
        } else if (strcmp(path, "extends")) {
            visit(l, key, value, path, pass);
        }
        free(path);
    }
}

/* ---- extends ---- */

/* A file beside this one; a bare name may also be a shipped machine's. */
static char *find_base(const struct loader *l, const char *base)
{
    const char *slash = strrchr(l->name, '/');
    char *beside =
        base[0] == '/' || !slash ? lab_copy(base) : lab_printf("%.*s/%s", (int)(slash - l->name), l->name, base);
    if (strchr(base, '/') || access(beside, F_OK) == 0) return beside;
    char *home = paths_home(), *preset = lab_printf("%s/configs/machines/%s", home ? home : "", base);
    free(home);
    bool there = access(preset, F_OK) == 0;
    free(there ? beside : preset);
    return there ? preset : beside;
}

static void extend(struct loader *l, const yaml_node_t *root)
{
    const yaml_node_t *value = NULL;
    for (yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top && !value;
         pair++) {
        const yaml_node_t *key = node_at(l, pair->key);
        if (key->type == YAML_SCALAR_NODE && !strcmp(scalar(key), "extends")) value = node_at(l, pair->value);
    }
    if (!value) return;
    if (value->type != YAML_SCALAR_NODE || !value->data.scalar.length) {
        complain(l, value, "extends takes the name of a file");
        return;
    }
    char *base = find_base(l, scalar(value));
    bool circular = false;
    for (const struct loader *a = l; a; a = a->above) circular |= !strcmp(a->name, base);
    size_t length;
    char *bytes = NULL;
    if (circular || l->depth >= EXTENDS_MAX) {
        complain(l, value, "'%s' extends itself", base);
    } else if (!(bytes = lab_read_file(base, FILE_BYTES_MAX, &length))) {
        complain(l, value, "cannot read '%s': %s", base, strerror(errno));
    } else {
        load(l->config, base, bytes, length, l, l->diag);
    }
    free(bytes);
    free(base);
}

/* ---- entry ---- */

static void walk_document(struct loader *l)
{
    const yaml_node_t *root = yaml_document_get_root_node(&l->document);
    if (!root || (root->type == YAML_SCALAR_NODE && !root->data.scalar.length)) return; /* nothing but comments */
    if (root->type != YAML_MAPPING_NODE) {
        complain(l, root, "expected keys and values");
    } else if (check_nodes(l)) {
        extend(l, root);
        unsigned own = l->diag->count;
        l->present = lab_allocate(params_count() * sizeof *l->present);
        walk(l, root, "", NOTE);
        walk(l, root, "", APPLY);
        diag_sort(l->diag, own);
    }
}

static void syntax_error(struct loader *l, const yaml_parser_t *parser)
{
    bool reading = parser->error == YAML_READER_ERROR; /* bytes that are no UTF-8: there is an offset, and no mark */
    diag_error(l->diag, l->name, reading ? 0 : (unsigned)parser->problem_mark.line + 1,
               (unsigned)parser->problem_mark.column + 1, "%s%s%s", parser->problem ? parser->problem : "malformed",
               parser->context ? " " : "", parser->context ? parser->context : "");
}

static void load(struct config *config, const char *name, const char *bytes, size_t length, const struct loader *above,
                 struct diag *diag)
{
    struct loader l = {
        .config = config, .diag = diag, .name = name, .above = above, .depth = above ? above->depth + 1 : 0};
    unsigned before = diag->count;
    scan(&l, bytes, length);
    if (diag->count != before) return; /* libyaml would complain about the same places in other words */
    yaml_parser_t parser;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
    if (!yaml_parser_load(&parser, &l.document)) {
        syntax_error(&l, &parser);
    } else {
        walk_document(&l);
        yaml_document_delete(&l.document);
        if (!yaml_parser_load(&parser, &l.document)) {
            syntax_error(&l, &parser);
        } else {
            const yaml_node_t *second = yaml_document_get_root_node(&l.document);
            if (second) complain(&l, second, "a second document; a configuration is one document");
            yaml_document_delete(&l.document);
        }
    }
    yaml_parser_delete(&parser);
    free(l.uses);
    free(l.present);
}

void config_load_text(struct config *config, const char *name, const char *text, size_t length, struct diag *diag)
{
    load(config, name, text, length, NULL, diag);
}

void config_load(struct config *config, const char *path, struct diag *diag)
{
    size_t length;
    char *bytes = lab_read_file(path, FILE_BYTES_MAX, &length);
    if (!bytes) {
        diag_error(diag, path, 0, 0, "cannot read: %s", strerror(errno));
        return;
    }
    load(config, path, bytes, length, NULL, diag);
    free(bytes);
}
