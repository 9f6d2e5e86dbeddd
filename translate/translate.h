/* translate.h -- the x86 -> VLIW compiler as the CMS calls it: a pure function of fetched bytes, profile, machine
 * description and options. It keeps nothing between calls; all it returns lives in the caller's arena.
 */
#ifndef COVM_TRANSLATE_H
#define COVM_TRANSLATE_H

#include "hwsim/base/arena.h"
#include "hwsim/base/param.h"
#include "hwsim/isa/machine_desc.h"

struct ir_region;

/* The translator's parameters (translate_params.def), all int64_t. */
struct tr_options {
#define PARAM PARAM_FIELD
#include "translate/translate_params.def"
#undef PARAM
};

/* Why no translation came out. Normal, and counted by name. */
enum tr_reason {
#define REASON(name, text) TR_##name,
#include "translate/reasons.def"
#undef REASON
    TR_REASONS
};
const char *tr_reason_name(enum tr_reason reason);

/* How control leaves for an address that is not known (a CMS key: cms.indirect). */
enum tr_indirect { TR_DISPATCHER, TR_INLINE, TR_JTLB, TR_JTLB_DRAS };

/* Less speculation, asked for by adaptation. */
enum tr_restraint {
    TR_NO_LOAD_OVER_STORE = 1,
    TR_NO_LOAD_OVER_EXIT = 2,
    TR_ONE_INSN = 4, /* the smallest region */
};

enum { TR_TARGETS_MAX = 4, TR_EXITS_MAX = 128, TR_RANGES_MAX = 64 };

struct ir_region;
struct schedule;
struct schedule_refusal;

struct tr_request {
    struct arena *arena;
    const struct machine_desc *machine;
    const struct tr_options *options;
    unsigned gear;                /* 1: basic block; 2: superblock, optimised */
    uint64_t spc, context;        /* guest entry address; the context word it assumes */
    uint32_t region;              /* id, goes into the commit table */
    uint32_t counter;             /* concealed offset of a 32-bit down-counter for gear 1 to profile with; 0: none */
    unsigned insns_max;           /* guest instructions at most */
    unsigned restraint;           /* enum tr_restraint bits */
    enum tr_indirect indirect;
    void *cookie;                 /* handed to the callbacks */
    /* Instruction bytes at `linear`: returns how many of `bytes` could be read (fewer: a fault follows). */
    unsigned (*fetch)(void *cookie, uint64_t linear, void *to, unsigned bytes);
    /* Next-executed tail: addresses of the blocks that followed the entry when it was recorded, in order (may be empty). */
    const uint64_t *path;
    unsigned path_count;
    /* Inline prediction: likely targets of the indirect transfer at `spc`, most likely first; returns how many. */
    unsigned (*targets)(void *cookie, uint64_t spc, uint64_t *to, unsigned capacity);
    /* NULL, or shown the region when it has been formed ("lift") and after each pass (its name): what the disassembly view
     * prints. Changes nothing. */
    void (*stage)(void *cookie, const char *name, const struct ir_region *region);
    /* NULL, or told why each bundle of the schedule does not hold more (schedule.h). Changes nothing. */
    void (*refused)(void *cookie, const struct schedule_refusal *refusal);
    /* NULL, or shown region and schedule in the end; the schedule's atoms name the operation that they came from. */
    void (*scheduled)(void *cookie, const struct ir_region *region, const struct schedule *schedule);
};

enum { TR_NO_PUSH = 0xffffffffu };
/* An EXIT atom that a chain may replace, or that the CMS must recognise by its number (its index in exits[]). */
struct tr_exit {
    uint32_t offset;   /* of its bundle, from the start of the code */
    uint8_t reason;    /* enum exit_reason */
    uint8_t push_word; /* of the exit that a call's return lands on: where in the bundle at `push` the CALL atom is */
    uint32_t push;     /* offset of the bundle that pushes it on the DRAS; TR_NO_PUSH: no call returns here */
    uint64_t target;   /* guest address where known (EXIT_CHAIN), else 0 */
    uint64_t source;   /* address of the guest instruction that leaves */
};
struct tr_range {
    uint64_t address;
    uint32_t bytes;
};

struct tr_work {
    uint32_t decoded, ir_ops, scheduled_atoms, passes_run;
};

struct tr_result {
    const void *code;      /* bundles, then the commit table (aligned to 16): position-independent, to be copied to an
                              address that is a multiple of 16 */
    uint32_t bytes, code_bytes; /* all; the bundles alone */
    struct tr_exit exits[TR_EXITS_MAX];
    unsigned exit_count;
    struct tr_range ranges[TR_RANGES_MAX]; /* guest bytes translated */
    unsigned range_count;
    unsigned guest_insns;
    unsigned insns_longest; /* guest instructions retired at most between two commits */
    unsigned bundles, atoms, nops;
    unsigned loads_passed, loads_refused; /* loads above stores; loads that had to wait for an alias entry */
    struct tr_work work;
    const char *wrong, *wrong_pass; /* TR_BUG: what a verifier found after which pass, at which operation or bundle */
    unsigned wrong_at;
};

/* TR_OK, or why not. On any other reason *result is meaningless but for `work`. */
enum tr_reason translate(const struct tr_request *request, struct tr_result *result);

/* Links an exit: rewrites the EXIT or BR atom at the start of `bundle` into a jump by `displacement` bytes, and back. */
void tr_link(void *bundle, int32_t displacement);
void tr_unlink(void *bundle, enum exit_reason reason, uint32_t number);
/* Rewrites the CALL atom that is `word` words into the bundle: it pushes what lies `displacement` bytes from the bundle.
 * Returns where in the bundle the atom ends, in bytes. */
uint32_t tr_aim_push(void *bundle, unsigned word, int32_t displacement);

#endif
