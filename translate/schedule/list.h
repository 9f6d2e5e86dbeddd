/* list.h -- one run of the list scheduler over a graph. Private to translate/schedule. */
#ifndef COVM_SCHEDULE_LIST_H
#define COVM_SCHEDULE_LIST_H

#include "translate/schedule/graph.h"

struct list_policy {
    bool wait_for_homes; /* an operation with time to spare waits until it can write its home */
    bool in_order;       /* program order alone: as few live values as can be */
};

/* Where a node went. */
enum { UNPLACED = -1, DROPPED = -2 }; /* not yet; nobody wants it any more (only exits did, and they have left) */
struct place {
    int32_t cycle;
    uint32_t earliest;     /* cycle */
    uint16_t preds, waits, passes; /* still to be placed: edges, memory operations to stay behind, stores to pass */
    uint16_t readers, flag_readers;
    uint8_t reg, flags;
    bool writes_flags;
    bool passed, refused;   /* loads: went above a store; had to wait for an alias entry */
    uint8_t protect;        /* mask, ALAT: the load's entry + 1 */
    uint64_t check;         /* mask: entries that the store checks */
    uint16_t queue_base, first_checked; /* queue: its first place, and the store's first load, when the store is placed */
    uint8_t refusal;        /* enum schedule_reason: why it was not placed, when it was tried last */
};

/* A load that went above stores, in the queue of alias entries. Places are indices in graph->memory. */
struct queued {
    uint16_t place;
    uint16_t base;   /* where the queue begins when it is armed */
    uint16_t stores; /* that have still to check it */
    uint8_t entry;   /* queued loads from `base` up to it: its entry, unless others come in between */
};
struct rotation {
    uint32_t cycle;
    uint16_t base; /* where the queue begins behind that bundle */
};
/* ALAT: a load that went above stores, and its check. */
struct watched {
    uint16_t place;  /* index in graph->memory */
    uint16_t stores; /* that it passed, and that are not placed yet */
    uint8_t entry;
    int32_t check; /* cycle of the check, or UNPLACED */
};

/* An operation that the stub of an exit does, and where it leaves its results there. */
struct late {
    uint16_t node;
    bool wants_value, wants_flags;
    uint8_t reg, flags;
};
struct late_list {
    struct late *late; /* in program order */
    unsigned count;
};

enum { NEVER = INT32_MAX };
struct list {
    const struct graph *graph;
    struct list_policy policy;
    struct place *places;
    uint16_t *ready, *fresh;     /* nodes that may go, best first; those that the last pass added */
    uint16_t *order;             /* nodes as they were placed */
    uint16_t *unwanted;          /* nodes that lost their last reader */
    struct late_list *lates;     /* one per region->exits */
    struct late *scratch;
    unsigned ready_count, fresh_count, unwanted_count, placed, dropped;
    uint32_t cycle, cycles;      /* now; of the whole schedule */
    unsigned oldest, next_exit;  /* first operation, first exit in program order that is not placed */
    bool waits;                  /* something need only wait */
    bool failed;                 /* registers or arena ran out where there was no way back */
    int exit_placed;             /* exit in the present bundle, -1 none */
    struct units units;
    uint32_t unit_free[BUNDLE_ATOMS_MAX];
    uint64_t temps[2]; /* of the general registers, of the vector registers */
    uint8_t flag_temps;
    unsigned set_aside[2], flags_set_aside; /* temporaries that the stub of this bundle's exit will take */
    uint32_t landing[REGS_ALL], flag_landing[FLAG_COUNT]; /* when the last write arrives */
    uint16_t home_readers[HOMES];
    uint32_t last_read[HOMES];   /* cycle of the last atom that reads the home's entry value */
    uint32_t last_exit[HOMES];   /* of the last exit that needs it in place, or NEVER */
    unsigned alias_entries;
    uint16_t entry_stores[64];   /* mask: stores that still have to check the entry; ALAT: not 0 until it is checked */
    uint32_t entry_free[64];
    struct queued *queue;        /* in program order; those whose entries are free again stay in it */
    struct rotation *rotations;
    unsigned queue_count, rotation_count;
    uint16_t queue_base, queue_next; /* place at which the queue begins, now and in the next bundle */
    struct watched *watched;     /* as they were placed */
    unsigned watched_count, checks; /* checks that are placed */
};

/* ---- guard.c ---- */
/* An alias entry + 1 (queue: 1) for a load that would now go above stores; 0: it must wait, for a free one or till those
 * stores are placed. */
unsigned guard_entry(struct list *list, unsigned at);
/* The load is being placed, above the stores that it may overlap: each of them will check its entry. */
void guard_arm(struct list *list, unsigned at, unsigned entry);
/* A store is being placed. */
void guard_check(struct list *list, unsigned at);
/* The load whose check has to come first, in the same bundle at the latest; 0: none. */
unsigned guard_waits(const struct list *list, unsigned at);
/* Are checks still to be placed? */
static inline bool guard_owes(const struct list *list) { return list->checks < list->watched_count; }
void guard_begin_bundle(struct list *list);
void guard_end_bundle(struct list *list);
/* Once all is placed: the alias fields of a load or store; the atoms that the bundle of `cycle` has for the alias
 * hardware alone, at most BUNDLE_ATOMS_MAX (returns how many). */
void guard_write(const struct list *list, unsigned at, struct atom *atom);
unsigned guard_made(const struct list *list, uint32_t cycle, struct atom *atoms);

/* What it takes to tell request->refused of a schedule that is made a second time. */
struct explanation {
    const uint32_t *bundles; /* number of each cycle's bundle, or NO_BUNDLE */
    uint32_t cycles;
    uint16_t *behind;        /* scratch: a number per node */
};
#define NO_BUNDLE UINT32_MAX
/* ---- explain.c ---- */
/* The present bundle is full, or nothing more can go into it: tells why, for each operation that is not placed. */
void explain_bundle(const struct list *list, const struct explanation *explanation);

/* `explanation`: NULL, or told on the way. */
enum tr_reason list_schedule(struct list *list, const struct graph *graph, struct list_policy policy,
                             const struct explanation *explanation);

#endif
