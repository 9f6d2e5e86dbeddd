/* document.h -- a YAML document as a tree of nodes that know their places: what configurations, workloads and studies
 * are read from. Syntax is libyaml's; our own rules on top: one document, no aliases, no tags, no tabs, bounded depth.
 */
#ifndef COVM_DOCUMENT_H
#define COVM_DOCUMENT_H

#include "hwsim/base/base.h"
#include "lab/diag.h"

enum { DOCUMENT_BYTES_MAX = 1 << 20 };
enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    unsigned line, column; /* from 1 */
    char *text;            /* of a scalar, terminated; NULL otherwise */
    size_t length;
    struct node *items, *keys; /* `count` of them: of a list; of a map its values, and their keys */
    unsigned count;
};
struct document {
    const char *name; /* for messages */
    struct diag *diag;
    struct node *root; /* NULL: nothing but comments */
};

/* False: mistakes went to `diag`, and there is no tree. */
bool document_read(struct document *document, const char *name, const char *bytes, size_t length, struct diag *diag);
/* The same for a file. */
bool document_read_file(struct document *document, const char *path, struct diag *diag);
void document_free(struct document *document);

/* A mistake at a node. */
void document_complain(const struct document *document, const struct node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A scalar's characters, or NULL if it is none, is empty, or holds a zero byte. */
const char *node_word(const struct node *node);
/* The value of a key of a map, or NULL. */
const struct node *node_find(const struct node *map, const char *key);
/* Complains of keys that are not in `keys` (NULL-terminated), telling the nearest, and of those that are there twice.
 */
void document_check_keys(const struct document *document, const struct node *map, const char *const *keys);

#endif
