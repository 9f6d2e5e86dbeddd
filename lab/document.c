#include "lab/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "lab/suggest.h"
#include "lab/text.h"

enum { DEPTH_MAX = 64 };

/* A document being read: libyaml's own, which is a table of nodes that refer to each other by number. */
struct reader {
    struct document *document;
    yaml_document_t yaml;
    bool too_deep; /* told */
};

void document_complain(const struct document *document, const struct node *node, const char *format, ...)
{
    struct text text = {0};
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(&text, format, arguments);
    va_end(arguments);
    diag_error(document->diag, document->name, node->line, node->column, "%s", text_string(&text));
    text_free(&text);
}

/* ---- rules for the whole text ---- */

/* Before libyaml sees the text: tabs, about which it would speak of tokens, and brackets within brackets, over which it
 * takes a time that grows with the square of their depth. */
static void scan(const struct document *document, const char *bytes, size_t length)
{
    unsigned line = 1, column = 1, depth = 0;
    bool indent = true;
    for (size_t i = 0; i < length; i++, column++) {
        if (bytes[i] == '[' || bytes[i] == '{') {
            if (++depth == DEPTH_MAX) diag_error(document->diag, document->name, line, column, "nested too deeply");
        } else if ((bytes[i] == ']' || bytes[i] == '}') && depth) {
            depth--;
        }
        if (bytes[i] == '\n') {
            line++, column = 0, indent = true;
        } else if (bytes[i] == '\t' && indent) {
            diag_error(document->diag, document->name, line, column, "tab in the indentation; use spaces");
            indent = false;
        } else if (bytes[i] != ' ') {
            indent = false;
        }
    }
}

static void complain_yaml(struct reader *r, const yaml_node_t *node, const char *what)
{
    diag_error(r->document->diag, r->document->name, (unsigned)node->start_mark.line + 1,
               (unsigned)node->start_mark.column + 1, "%s", what);
}

static bool plain_tag(const yaml_node_t *node)
{
    const char *tag = (const char *)node->tag;
    return !tag || !strcmp(tag, YAML_STR_TAG) || !strcmp(tag, YAML_SEQ_TAG) || !strcmp(tag, YAML_MAP_TAG);
}

static void refer(struct reader *r, unsigned *uses, int index)
{
    if (++uses[index] == 2)
        complain_yaml(r, yaml_document_get_node(&r->yaml, index), "aliases are not supported; write the value out");
}

/* Aliases (a node that something else refers to as well) and tags. False: not safe to walk, it may contain itself. */
static bool check_nodes(struct reader *r)
{
    unsigned count = (unsigned)(r->yaml.nodes.top - r->yaml.nodes.start), before = r->document->diag->count;
    unsigned *uses = lab_allocate((count + 1) * sizeof *uses);
    for (unsigned n = 1; n <= count; n++) {
        const yaml_node_t *node = yaml_document_get_node(&r->yaml, (int)n);
        if (!plain_tag(node)) complain_yaml(r, node, "tags are not supported");
        if (node->type == YAML_MAPPING_NODE) {
            for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
                refer(r, uses, pair->key);
                refer(r, uses, pair->value);
            }
        } else if (node->type == YAML_SEQUENCE_NODE) {
            for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++)
                refer(r, uses, *item);
        }
    }
    free(uses);
    return r->document->diag->count == before;
}

/* ---- the tree ---- */

static struct node copy(struct reader *r, int index, unsigned depth);

static struct node copy_list(struct reader *r, const yaml_node_t *from, struct node node, unsigned depth)
{
    yaml_node_item_t *first = from->data.sequence.items.start;
    node.kind = NODE_LIST;
    node.count = (unsigned)(from->data.sequence.items.top - first);
    node.items = lab_allocate((node.count + 1) * sizeof node);
    for (unsigned i = 0; i < node.count; i++) node.items[i] = copy(r, first[i], depth + 1);
    return node;
}

static struct node copy_map(struct reader *r, const yaml_node_t *from, struct node node, unsigned depth)
{
    yaml_node_pair_t *first = from->data.mapping.pairs.start;
    node.kind = NODE_MAP;
    node.count = (unsigned)(from->data.mapping.pairs.top - first);
    node.items = lab_allocate((node.count + 1) * sizeof node);
    node.keys = lab_allocate((node.count + 1) * sizeof node);
    for (unsigned i = 0; i < node.count; i++) {
        node.keys[i] = copy(r, first[i].key, depth + 1);
        node.items[i] = copy(r, first[i].value, depth + 1);
    }
    return node;
}

static struct node copy(struct reader *r, int index, unsigned depth)
{
    const yaml_node_t *from = yaml_document_get_node(&r->yaml, index);
    struct node node = {.line = (unsigned)from->start_mark.line + 1, .column = (unsigned)from->start_mark.column + 1};
    if (depth == DEPTH_MAX) {
        if (!r->too_deep) complain_yaml(r, from, "nested too deeply");
        r->too_deep = true;
        return node;
    }
    if (from->type == YAML_SEQUENCE_NODE) return copy_list(r, from, node, depth);
    if (from->type == YAML_MAPPING_NODE) return copy_map(r, from, node, depth);
    node.length = from->data.scalar.length;
    node.text = lab_allocate(node.length + 1);
    memcpy(node.text, from->data.scalar.value, node.length);
    return node;
}

static void free_node(struct node *node)
{
    for (unsigned i = 0; i < node->count; i++) {
        free_node(&node->items[i]);
        if (node->keys) free_node(&node->keys[i]);
    }
    free(node->items);
    free(node->keys);
    free(node->text);
}

static void take_root(struct reader *r)
{
    const yaml_node_t *root = yaml_document_get_root_node(&r->yaml);
    if (!root || (root->type == YAML_SCALAR_NODE && !root->data.scalar.length)) return;
    if (!check_nodes(r)) return;
    r->document->root = lab_allocate(sizeof *r->document->root);
    *r->document->root = copy(r, 1, 0); /* the root is the first of the table */
}

/* ---- entry ---- */

static void syntax_error(const struct document *document, const yaml_parser_t *parser)
{
    bool reading = parser->error == YAML_READER_ERROR; /* bytes that are no UTF-8: there is an offset, and no mark */
    diag_error(document->diag, document->name, reading ? 0 : (unsigned)parser->problem_mark.line + 1,
               (unsigned)parser->problem_mark.column + 1, "%s%s%s", parser->problem ? parser->problem : "malformed",
               parser->context ? " " : "", parser->context ? parser->context : "");
}

static void parse(struct document *document, const char *bytes, size_t length)
{
    struct reader r = {.document = document};
    yaml_parser_t parser;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
    if (!yaml_parser_load(&parser, &r.yaml)) {
        syntax_error(document, &parser);
    } else {
        take_root(&r);
        yaml_document_delete(&r.yaml);
        if (!yaml_parser_load(&parser, &r.yaml)) {
            syntax_error(document, &parser);
        } else {
            const yaml_node_t *second = yaml_document_get_root_node(&r.yaml);
            if (second) complain_yaml(&r, second, "a second document; there is room for one");
            yaml_document_delete(&r.yaml);
        }
    }
    yaml_parser_delete(&parser);
}

bool document_read(struct document *document, const char *name, const char *bytes, size_t length, struct diag *diag)
{
    unsigned before = diag->count;
    *document = (struct document){.name = name, .diag = diag};
    scan(document, bytes, length);
    if (diag->count == before) parse(document, bytes, length);
    if (diag->count == before) return true;
    document_free(document);
    return false;
}

bool document_read_file(struct document *document, const char *path, struct diag *diag)
{
    size_t length;
    char *bytes = lab_read_file(path, DOCUMENT_BYTES_MAX, &length);
    if (!bytes) {
        diag_error(diag, path, 0, 0, "cannot read: %s", strerror(errno));
        *document = (struct document){.name = path, .diag = diag};
        return false;
    }
    bool fine = document_read(document, path, bytes, length, diag);
    free(bytes);
    return fine;
}

void document_free(struct document *document)
{
    if (document->root) free_node(document->root);
    free(document->root);
    document->root = NULL;
}

/* ---- nodes ---- */

const char *node_word(const struct node *node)
{
    return node->text && node->length && strlen(node->text) == node->length ? node->text : NULL;
}

const struct node *node_find(const struct node *map, const char *key)
{
    for (unsigned i = 0; map->kind == NODE_MAP && i < map->count; i++) {
        const char *name = node_word(&map->keys[i]);
        if (name && !strcmp(name, key)) return &map->items[i];
    }
    return NULL;
}

static void unknown_key(const struct document *document, const struct node *key, const char *const *keys)
{
    struct suggest suggest;
    struct text hint = {0};
    suggest_begin(&suggest, node_word(key));
    for (; *keys; keys++) suggest_offer(&suggest, *keys, strlen(*keys), 0);
    suggest_print(&suggest, &hint);
    document_complain(document, key, "unknown key '%s'%s", node_word(key), text_string(&hint));
    text_free(&hint);
}

void document_check_keys(const struct document *document, const struct node *map, const char *const *keys)
{
    for (unsigned i = 0; map->kind == NODE_MAP && i < map->count; i++) {
        const char *name = node_word(&map->keys[i]);
        unsigned k = 0;
        while (name && keys[k] && strcmp(keys[k], name)) k++;
        if (!name)
            document_complain(document, &map->keys[i], "a key must be a word");
        else if (!keys[k])
            unknown_key(document, &map->keys[i], keys);
        else if (node_find(map, name) != &map->items[i])
            document_complain(document, &map->keys[i], "duplicate key '%s'", name);
    }
}
