/* schedule.h -- from an IR region (promoted, legalised) to bundles with registers assigned, and the check of that. */
#ifndef COVM_SCHEDULE_H
#define COVM_SCHEDULE_H

#include "translate/ir/ir.h"
#include "translate/translate.h"

/* A jump of a scheduled atom that the emitter must resolve. */
enum schedule_label {
    LABEL_NONE,
    LABEL_EXIT,   /* stub of region->exits[number] */
    LABEL_RETURN, /* where a return to the address that the CALL atom pushes shall go on */
};

struct schedule_atom {
    struct atom atom;    /* displacements still open */
    ir_ref source;       /* the operation it came from; 0: made by the scheduler */
    uint8_t label;       /* enum schedule_label */
    uint16_t number;
};
struct schedule_bundle {
    uint16_t first, count; /* atoms; count 0: an empty bundle (exposed latency), emitted as a NOP */
};
/* Where the value that a home must hold at an exit is to be found. */
enum { MOVE_FLAGS = 255 };
struct schedule_move {
    uint8_t home, from;      /* registers; home == MOVE_FLAGS: f0, from is a flag register */
    bool is_imm;
    int64_t imm;
};
struct schedule_exit {
    struct schedule_atom *late;  /* what the stub computes first, one after the other (pure atoms) */
    unsigned late_count;
    struct schedule_move *moves; /* then a parallel move */
    unsigned count;
    uint8_t target_reg;          /* indirect exits: register with the target SPC, once the moves are done */
};
struct schedule {
    struct schedule_atom *atoms;
    unsigned atom_count;
    struct schedule_bundle *bundles;
    unsigned bundle_count;
    struct schedule_exit *exits; /* one per region->exits; the last bundle falls into the stub of the final exit */
    unsigned passed, refused;    /* loads that go above stores; those that had to wait for an alias entry */
};

/* Why an operation that was still to be placed is not in a bundle. */
enum schedule_reason {
#define REFUSAL(name, key, verb, meaning) REFUSED_##name,
#include "translate/schedule/refusals.def"
#undef REFUSAL
    REFUSED_REASONS
};
struct schedule_refusal {
    unsigned bundle;
    uint8_t reason;         /* enum schedule_reason */
    uint8_t unit;           /* enum unit_class of the operation */
    uint16_t busy;          /* units that are not pipelined, and still at work for an earlier bundle */
    ir_ref source;          /* the operation; 0: made by the scheduler, */
    uint8_t home;           /* a copy to that home; HOME_COUNT: cleared flags */
    /* What it waits for, which another operation gives (LATENCY, COMMIT_ORDER, MEMORY_ORDER, CHECK, UNPLACED): */
    ir_ref behind;
    unsigned behind_bundle; /* where that is placed (all but UNPLACED), */
    unsigned cycles;        /* how long from this bundle on it takes (not CHECK), */
    uint8_t reg;            /* and the register (LATENCY; flag registers from REGS_ALL on) */
};

/* The atom that makes a move, and the unit it takes. */
struct atom schedule_move_atom(const struct schedule_move *move);
static inline unsigned schedule_move_unit(unsigned reg)
{
    return reg >= REG_VECTOR && reg < REGS_ALL ? UNIT_VEC : UNIT_ALU;
}

/* List-schedules and allocates registers, in the request's arena. Where `refused` is asked for it is called bundle by
 * bundle, for the operations that could have been next, best first, then for the others. */
enum tr_reason schedule_region(const struct ir_region *region, const struct tr_request *request,
                               struct schedule *schedule);
/* Checks a schedule against the region and the machine, sharing no code with the scheduler: units, latencies where
 * exposed, dependences, order of stores and exits, alias protection of every load that passed a store, gate capacity.
 * NULL if right, else what is wrong (static string; *at: the bundle). */
const char *schedule_verify(const struct ir_region *region, const struct tr_request *request,
                            const struct schedule *schedule, unsigned *at);

#endif
