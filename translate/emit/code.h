/* code.h -- a translation while it is being put together: bundles with open labels, then bytes.
 * Private to translate/emit.
 */
#ifndef COVM_EMIT_CODE_H
#define COVM_EMIT_CODE_H

#include "translate/emit/emit.h"

enum code_reference {
    CODE_PLAIN,
    CODE_JUMP,   /* imm: displacement of label `number` */
    CODE_PUSH,   /* target: displacement of label `number` */
    CODE_COMMIT, /* imm: displacement of commit-table entry `number` */
};
struct code_atom {
    struct atom atom;
    uint8_t reference; /* enum code_reference */
    uint8_t word;      /* where in its bundle, once that is laid out */
    uint16_t number;
};
struct code_bundle {
    uint32_t first, count; /* atoms; 0: an empty bundle */
    uint32_t offset, bytes; /* from the start, and its own, once laid out */
};

struct code {
    struct arena *arena;
    const struct machine_desc *machine;
    struct code_atom *atoms;
    struct code_bundle *bundles;
    uint32_t *labels;             /* bundle that each label stands for */
    struct commit_entry *entries;
    unsigned atom_count, bundle_count, label_count, entry_count;
    unsigned atom_capacity, bundle_capacity, label_capacity, entry_capacity;
    bool full;                    /* more than it was made for */
    /* Exposed latencies: bundles issued up to here on this path, and when the last result of them arrives. */
    uint32_t time, landing;
};

bool code_init(struct code *code, struct arena *arena, const struct machine_desc *machine, unsigned atoms,
               unsigned labels, unsigned entries);
unsigned code_label(struct code *code);
/* The label stands for the bundle that comes next. */
void code_bind(struct code *code, unsigned label);
/* A new entry of the commit table: its number. */
unsigned code_entry(struct code *code, struct commit_entry entry);
/* Opens a bundle; what is added goes there. */
void code_begin(struct code *code);
struct code_atom *code_add(struct code *code, struct atom atom);
/* The same, but to the front of the bundle: where a link is patched. */
struct code_atom *code_add_first(struct code *code, struct atom atom);
/* Does an atom of the open bundle write this register? */
bool code_writes(const struct code *code, unsigned reg);
/* Does an atom of this unit class find room in the open bundle? */
bool code_fits(const struct code *code, unsigned unit_class);
/* Where latencies are exposed: empty bundles until every result is there, `early` bundles before that. */
void code_settle(struct code *code, uint32_t early);
/* Lays out, encodes, appends the commit table; fills code, bytes, code_bytes, bundles, atoms, nops. */
enum tr_reason code_finish(struct code *code, struct tr_result *result);

#endif
