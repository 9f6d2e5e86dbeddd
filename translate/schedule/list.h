/* list.h -- one run of the list scheduler over a graph. Private to translate/schedule. */
#ifndef COVM_SCHEDULE_LIST_H
#define COVM_SCHEDULE_LIST_H

#include "translate/schedule/graph.h"

struct list_policy {
    bool wait_for_homes; /* an operation with time to spare waits until it can write its home */
    bool in_order;       /* program order alone: as few live values as can be */
    uint32_t slack;      /* cycles beyond the graph's length that waiting may take */
};

/* Where a node went. */
struct place {
    int32_t cycle;         /* -1: not yet */
    uint32_t earliest;     /* cycle */
    uint16_t preds, waits, passes; /* still to be placed: edges, memory operations to stay behind, stores to pass */
    uint16_t readers, flag_readers;
    uint8_t reg, flags;
    uint8_t protect;
    uint64_t check;
};

enum { NEVER = INT32_MAX };
struct list {
    const struct graph *graph;
    struct list_policy policy;
    struct place *places;
    uint16_t *ready, *fresh;     /* nodes that may go, best first; those that the last pass added */
    uint16_t *order;             /* nodes as they were placed */
    unsigned ready_count, fresh_count, placed;
    uint32_t cycle, cycles;      /* now; of the whole schedule */
    unsigned oldest;             /* first operation in program order that is not placed */
    bool waits;                  /* something need only wait */
    int exit_placed;             /* exit in the present bundle, -1 none */
    struct units units;
    uint32_t unit_free[BUNDLE_ATOMS_MAX];
    uint64_t temps;
    uint8_t flag_temps;
    uint32_t landing[REG_COUNT], flag_landing[FLAG_COUNT]; /* when the last write arrives */
    uint16_t home_readers[HOMES];
    uint32_t last_read[HOMES];   /* cycle of the last atom that reads the home's entry value */
    uint32_t last_exit[HOMES];   /* of the last exit that needs it in place, or NEVER */
    unsigned alias_entries;
    uint16_t entry_stores[64];   /* stores that still have to check the entry */
    uint32_t entry_free[64];
};

enum tr_reason list_schedule(struct list *list, const struct graph *graph, struct list_policy policy);

#endif
