/* graph.h -- what the scheduler knows of a region before it places anything: nodes, their order, their uses.
 * Private to translate/schedule (the verifier does not use it).
 *
 * Node i is the atom of operation i; node 0 is an atom that clears a flag register, where something needs one. Copies
 * that the final exit needs (a home that takes another home's entry value, a value that two homes take) follow the
 * operations. So every edge goes from a lower to a higher number.
 */
#ifndef COVM_SCHEDULE_GRAPH_H
#define COVM_SCHEDULE_GRAPH_H

#include "translate/schedule/schedule.h"

enum node_kind {
    NODE_NONE,   /* needs no atom */
    NODE_ATOM,   /* the operation itself */
    NODE_COPY,   /* a home's final content, copied; waits until it may be written straight to the home */
    NODE_EXIT,   /* side exit */
    NODE_ASSERT,
    NODE_PUSH,   /* of a return address on the DRAS */
};

enum operand_kind {
    OPERAND_NONE,
    OPERAND_CONST,
    OPERAND_ENTRY, /* what home `number` held at entry (FLAGS_HOME: the flags) */
    OPERAND_NODE,
};
struct operand {
    uint8_t kind;
    uint16_t number;
    uint64_t value; /* OPERAND_CONST */
};

/* The flags follow the homes. */
enum { FLAGS_HOME = HOME_COUNT, HOMES = HOME_COUNT + 1, NO_HOME = 255 };

struct node {
    uint8_t kind;                        /* enum node_kind */
    uint8_t op;                          /* enum atom_op */
    uint8_t unit, latency;
    uint8_t home;                        /* home whose final content is its integer result, or NO_HOME */
    bool vector;                         /* its result is in a vector register */
    bool final_flags;                    /* its flags are the final ones */
    uint8_t wanted;                      /* of its flags result (enum flag_mask) */
    bool reads_flags;
    uint16_t exit;                       /* NODE_EXIT: index in region->exits */
    uint16_t memory;                     /* its place in memory[] + 1, 0: no memory operation that others must mind */
    uint16_t preds;                      /* edges that end here */
    uint16_t readers, flag_readers; /* of its results: nodes, side exits; the final exit counts and never lets go */
    struct operand a, b, c, f;
    uint32_t height;                     /* cycles from its issue to the end of the region at least */
    uint32_t priority;                   /* the same, if exits are to find what they want computed */
    uint32_t edges;                      /* first of its edges, 0: none */
};
/* What a side exit's map wants in a home; a home that must have its own entry value counts. */
struct exit_value {
    uint8_t home;
    struct operand operand;
};
struct side_exit {
    struct exit_value *values;
    unsigned count;
};
struct edge {
    uint16_t to, latency;
    uint32_t next;
};
/* A load or store, in program order. */
struct memory_op {
    uint16_t node;
    bool store;
    uint16_t root;    /* operation that the address is counted from (0: none; ROOT_ENTRY + home) */
    uint32_t offset, bytes;
};
enum { ROOT_ENTRY = 0x8000 };

enum memory_order {
    MEMORY_FREE,    /* they cannot touch the same byte */
    MEMORY_ORDERED, /* the later one must stay behind */
    MEMORY_GUARDED, /* a load may pass a store, if the alias hardware watches */
};

struct graph {
    const struct ir_region *region;
    const struct tr_request *request;
    const struct machine_desc *machine;
    struct node *nodes;
    unsigned count;           /* nodes */
    unsigned placed_count;    /* nodes that need an atom */
    struct edge *edges;       /* [0] unused */
    uint32_t edge_count;
    struct memory_op *memory;
    unsigned memory_count;
    bool mapped[HOMES];       /* homes that some exit maps: the others stay as they are */
    struct side_exit *exits;  /* one per region->exits; the final one is empty */
    uint16_t home_readers[HOMES]; /* of each entry value: operands, and side exits that need it in place */
    uint32_t length;          /* cycles that the region takes at least */
    int final_exit;           /* index in region->exits; -1: the region ends in a trap */
    bool guarded;             /* loads may pass stores */
};

enum tr_reason graph_build(struct graph *graph, const struct ir_region *region, const struct tr_request *request);
/* What exit `exit` needs in `home`: OPERAND_NONE where that is the home's own entry value. */
struct operand graph_exit_value(const struct graph *graph, unsigned exit, unsigned home);
/* How memory[later] must stay behind memory[earlier]. */
enum memory_order graph_memory_order(const struct graph *graph, const struct memory_op *earlier,
                                     const struct memory_op *later);

/* ---- which units a bundle under construction takes ---- */
struct units {
    const struct machine_desc *machine;
    uint16_t serves[UNIT_CLASSES]; /* units that execute a class and are not busy */
    uint16_t taken;
    uint8_t owner[BUNDLE_ATOMS_MAX];
    unsigned count;
};
void units_begin(struct units *units, const struct machine_desc *machine, uint16_t busy);
/* Adds an atom of this class, moving others to other units where that helps; false, and nothing changed, if it cannot.
 */
bool units_add(struct units *units, unsigned unit_class);

#endif
