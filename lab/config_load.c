/* config_load.c -- configuration files, as documents of the table of parameters: every mistake reported with its place.
 * The walk goes no deeper than a key has sections.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/config.h"
#include "lab/document.h"
#include "lab/paths.h"
#include "lab/quantity.h"
#include "lab/suggest.h"
#include "lab/text.h"

enum { EXTENDS_MAX = 16 };

/* One file being applied. */
struct loader {
    struct config *config;
    const struct document *document;
    bool *present;              /* per parameter: the file gives it */
    const struct loader *above; /* the file that extends this one */
    unsigned depth;
};

static void load_file(struct config *config, const char *path, const struct loader *above, struct diag *diag);

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
static int known_children(struct loader *l, const struct node *mapping, const char *section, size_t length)
{
    int known = 0;
    for (unsigned i = 0; i < mapping->count; i++) {
        const char *key = node_word(&mapping->keys[i]);
        if (!key) continue;
        char *path = lab_printf("%.*s.%s", (int)length, section, key);
        known += params_find(path) >= 0 || params_section(path);
        free(path);
    }
    return known;
}

/* Nearest keys and sections. What the file already has elsewhere was probably not meant again. */
static void unknown_key(struct loader *l, const struct node *key, const struct node *value, const char *path)
{
    struct suggest suggest;
    struct text hint = {0};
    bool mapping = value->kind == NODE_MAP;
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
    document_complain(l->document, key, "unknown key '%s'%s", path, text_string(&hint));
    text_free(&hint);
}

/* ---- values ---- */

/* A list of words stands for the words with spaces between. False: not a list of words. */
static bool join(const struct node *node, struct text *joined)
{
    text_add(joined, "", 0);
    for (unsigned i = 0; i < node->count; i++) {
        if (node->items[i].kind != NODE_SCALAR) return false;
        text_printf(joined, "%s%s", joined->length ? " " : "", node->items[i].text);
    }
    return true;
}

void config_apply(struct config *config, unsigned index, const struct document *document, const struct node *value)
{
    struct param_desc row = params_row(index);
    struct text written = {0}, error = {0};
    if (value->kind == NODE_MAP) {
        document_complain(document, value, "%s takes a value (%s), not a mapping", row.path,
                          quantity_type_name(row.type));
    } else if (value->kind == NODE_LIST && (row.type != PARAM_TEXT || !join(value, &written))) {
        document_complain(document, value, "%s takes %s (%s), not this list", row.path,
                          row.type == PARAM_TEXT ? "words" : "a value", quantity_type_name(row.type));
    } else {
        if (value->kind == NODE_SCALAR) text_add(&written, value->text, value->length);
        if (strlen(text_string(&written)) != written.length) {
            document_complain(document, value, "%s: a zero byte in the value", row.path);
        } else if (!written.length && row.type != PARAM_TEXT) {
            document_complain(document, value, "%s has no value", row.path);
        } else if (!config_assign(config, index, text_string(&written), document->name, value->line, &error)) {
            document_complain(document, value, "%s: %s", row.path, text_string(&error));
        }
    }
    text_free(&written);
    text_free(&error);
}

/* ---- the walk ---- */

/* What a walk does with the values it finds: first it notes which keys are there, then it applies them. */
enum pass { NOTE, APPLY };

static void walk(struct loader *l, const struct node *mapping, const char *prefix, enum pass pass);

static void visit(struct loader *l, const struct node *key, const struct node *value, const char *path, enum pass pass)
{
    int index = params_find(path);
    if (index >= 0) {
        if (pass == NOTE) {
            if (l->present[index]) document_complain(l->document, key, "duplicate key '%s'", path);
            l->present[index] = true;
        } else {
            config_apply(l->config, (unsigned)index, l->document, value);
        }
    } else if (params_section(path)) {
        if (value->kind == NODE_MAP) {
            walk(l, value, path, pass);
        } else if (pass == APPLY) {
            document_complain(l->document, value, "'%s' is a section: it holds keys, not a value", path);
        }
    } else if (pass == APPLY) {
        unknown_key(l, key, value, path);
    }
}

static void walk(struct loader *l, const struct node *mapping, const char *prefix, enum pass pass)
{
    for (unsigned i = 0; i < mapping->count; i++) {
        const struct node *key = &mapping->keys[i], *value = &mapping->items[i];
        const char *name = node_word(key);
        if (!name) {
            if (pass == APPLY) document_complain(l->document, key, "a key must be a word");
            continue;
        }
        char *path = *prefix ? lab_printf("%s.%s", prefix, name) : lab_copy(name);
        if (node_find(mapping, name) != value) {
            if (pass == NOTE) document_complain(l->document, key, "duplicate key '%s'", path);
        } else if (strcmp(path, "extends")) {
            visit(l, key, value, path, pass);
        }
        free(path);
    }
}

static void walk_twice(struct loader *l, const struct node *mapping)
{
    unsigned own = l->document->diag->count;
    l->present = lab_allocate(params_count() * sizeof *l->present);
    walk(l, mapping, "", NOTE);
    walk(l, mapping, "", APPLY);
    diag_sort(l->document->diag, own);
    free(l->present);
}

void config_apply_map(struct config *config, const struct document *document, const struct node *map)
{
    struct loader l = {.config = config, .document = document};
    walk_twice(&l, map);
}

/* ---- extends ---- */

/* A file beside this one; a bare name may also be a shipped machine's. */
static char *find_base(const char *name, const char *base)
{
    const char *slash = strrchr(name, '/');
    char *beside = base[0] == '/' || !slash ? lab_copy(base) : lab_printf("%.*s/%s", (int)(slash - name), name, base);
    if (strchr(base, '/') || access(beside, F_OK) == 0) return beside;
    char *home = paths_home(), *preset = lab_printf("%s/configs/machines/%s", home ? home : "", base);
    free(home);
    bool there = access(preset, F_OK) == 0;
    free(there ? beside : preset);
    return there ? preset : beside;
}

static void extend(struct loader *l)
{
    const struct node *value = node_find(l->document->root, "extends");
    if (!value) return;
    if (!node_word(value)) {
        document_complain(l->document, value, "extends takes the name of a file");
        return;
    }
    char *base = find_base(l->document->name, node_word(value));
    bool circular = false;
    for (const struct loader *a = l; a; a = a->above) circular |= !strcmp(a->document->name, base);
    if (circular || l->depth >= EXTENDS_MAX)
        document_complain(l->document, value, "'%s' extends itself", base);
    else if (access(base, R_OK))
        document_complain(l->document, value, "cannot read '%s': %s", base, strerror(errno));
    else
        load_file(l->config, base, l, l->document->diag);
    free(base);
}

/* ---- entry ---- */

static void load_document(struct config *config, const struct document *document, const struct loader *above)
{
    struct loader l = {.config = config, .document = document, .above = above, .depth = above ? above->depth + 1 : 0};
    if (!document->root) return;
    if (document->root->kind != NODE_MAP) {
        document_complain(document, document->root, "expected keys and values");
        return;
    }
    extend(&l);
    walk_twice(&l, document->root);
}

static void load_file(struct config *config, const char *path, const struct loader *above, struct diag *diag)
{
    struct document document;
    if (document_read_file(&document, path, diag)) load_document(config, &document, above);
    document_free(&document);
}

void config_load_text(struct config *config, const char *name, const char *text, size_t length, struct diag *diag)
{
    struct document document;
    if (document_read(&document, name, text, length, diag)) load_document(config, &document, NULL);
    document_free(&document);
}

void config_load(struct config *config, const char *path, struct diag *diag) { load_file(config, path, NULL, diag); }
