/* contract.h -- the hardware/software contract: all that the CMS may ask of the machine (DESIGN section 2).
 *
 * Every primitive takes a core. Nothing here calls back into the CMS: what happens beside it arrives as an exit reason,
 * a returned value, or a notice in a queue that the CMS polls. Addresses: `linear` and `physical` are the guest's;
 * `offset` and TPCs are byte offsets into concealed memory.
 *
 * Two rules of time. Guest-visible state changes only by a commit, or by a primitive that says it commits. Every
 * primitive that touches guest memory or runs bundles advances the core's cycle by what the model says; the CMS's own
 * work advances it by hw_charge alone (native mode).
 */
#ifndef COVM_CONTRACT_H
#define COVM_CONTRACT_H

#include <stdarg.h>

#include "hwsim/base/base.h"
#include "hwsim/isa/isa.h"
#include "hwsim/isa/machine_desc.h"
#include "hwsim/isa/vreg.h"

struct hw_core;

/* ---- Guest state -------------------------------------------------------------------------------------------- */

/* The register file. Places that are homes (homes.def) hold guest state whenever the CMS runs. */
struct hw_state {
    uint64_t r[REG_COUNT];
    uint16_t f[FLAG_COUNT];
    struct vreg v[VREG_COUNT];
};
/* Working registers: read and written freely by the CMS between hw_enter calls, made permanent by hw_commit. */
struct hw_state *hw_state(struct hw_core *core);
/* The last checkpoint (shadowed registers only). */
const struct hw_state *hw_shadow(const struct hw_core *core);
/* The context word (context.def) that the present working state amounts to. */
uint64_t hw_context(struct hw_core *core);

/* Makes working state permanent and retires guest instructions: entry's meaning as for the commit atom. `dirty` has a
 * bit for each home that may differ from the checkpoint, `flags_dirty` tells of f0. */
void hw_commit(struct hw_core *core, uint32_t insns, uint32_t commit_flags, uint64_t dirty, bool flags_dirty);
/* Drops working state and gated stores back to the checkpoint. */
void hw_rollback(struct hw_core *core);

/* ---- Running translations ----------------------------------------------------------------------------------- */

struct hw_fault {
    uint8_t vector;   /* x86 exception: 13 #GP, 14 #PF, 17 #AC, ... */
    uint32_t error;   /* error code as pushed */
    uint64_t address; /* CR2 for #PF */
};

enum hw_exit_kind {
    HW_EXIT,     /* an exit atom: `reason` and `number` are its operands; state is committed */
    HW_FAULT,    /* rolled back: a memory atom faulted (`fault`) */
    HW_PROTECT,  /* rolled back: a store hit a protected chunk (`fault.address`: the first protected byte, physical) */
    HW_ALIAS,    /* rolled back: a store overlapped an armed load */
    HW_ASSERT,   /* rolled back: an assert's condition held */
    HW_GATE,     /* rolled back: more gated stores than entries between two commits */
    HW_IO,       /* rolled back: an access to I/O space */
    HW_INJECTED, /* rolled back: a forced rollback (inject.* keys) */
    HW_EVENT,    /* at a commit: an event is due within the margin, or pending; state is committed */
    HW_EXIT_KINDS
};
struct hw_exit {
    uint8_t kind;         /* enum hw_exit_kind */
    uint8_t reason;       /* enum exit_reason */
    uint32_t number;
    uint32_t site;        /* TPC of the bundle that gave control back */
    uint32_t region;      /* of the translation that holds `site` (hw_region told where it lies), else of the last commit */
    struct hw_fault fault;
};
/* Runs translated code from `tpc` until it comes back. On a rollback the state is the last checkpoint. */
void hw_enter(struct hw_core *core, uint32_t tpc, struct hw_exit *exit);
/* The same for a translation that was running when a snapshot was taken, from where it was. */
void hw_resume(struct hw_core *core, struct hw_exit *exit);
/* All that the CMS knows is in concealed memory now: a snapshot may be taken. Untimed. */
void hw_rest(struct hw_core *core);
/* Bundles in [tpc, tpc + bytes) changed or went away: forget decoded forms and instruction-cache lines. */
void hw_invalidate_code(struct hw_core *core, uint32_t tpc, uint32_t bytes);
const struct machine_desc *hw_machine(const struct hw_core *core);

/* ---- Guest memory ------------------------------------------------------------------------------------------- */

enum hw_access {
    HW_OK,
    HW_FAULTED,   /* hw_fault() tells; nothing was changed */
    HW_PROTECTED, /* a store would touch a protected chunk (address of hw_fault(): as with HW_PROTECT); nothing was changed */
    HW_DEVICE,    /* I/O space */
};
/* `size` is enum size (up to 8 bytes); `user` asks for privilege 3. Addresses wrap as the present mode says.
 * Stores are ungated, visible at once, and timed like any other access. */
enum hw_access hw_load(struct hw_core *core, uint64_t linear, unsigned size, bool user, uint64_t *value);
enum hw_access hw_store(struct hw_core *core, uint64_t linear, unsigned size, bool user, uint64_t value);
enum hw_access hw_probe(struct hw_core *core, uint64_t linear, unsigned size, bool user, bool write);
/* Copies up to `bytes` instruction bytes; returns how many could be had before a fault (hw_fault() tells which). Untimed. */
unsigned hw_fetch(struct hw_core *core, uint64_t linear, bool user, void *to, unsigned bytes);
struct hw_fault hw_fault(const struct hw_core *core);
/* Physical address of a linear one for an instruction fetch; false if unmapped. Untimed. */
bool hw_physical(struct hw_core *core, uint64_t linear, uint64_t *physical);

/* Write-protects the 128-byte chunks of a physical page (by number: address >> 12) whose bits are set (0: none, all
 * ones: the page). A page that is no memory any more has no protection and takes none: while the CMS drops, one after
 * the other, what was made from a page that was unmapped, it protects it for the rest. */
void hw_protect(struct hw_core *core, uint64_t page, uint32_t chunks);
uint32_t hw_protected(struct hw_core *core, uint64_t page);

/* ---- Vector and floating-point atoms, for the interpreter ----------------------------------------------------- */

/* Evaluates a vector atom. False: FMERGE or XMERGE found an unmasked exception, which would roll a translation back. */
bool hw_vector(struct hw_core *core, struct vector_atom *atom);
/* 4, 8, 10 or 16 bytes. */
enum hw_access hw_load_vector(struct hw_core *core, uint64_t linear, unsigned bytes, bool user, struct vreg *value);
enum hw_access hw_store_vector(struct hw_core *core, uint64_t linear, unsigned bytes, bool user, const struct vreg *value);

/* ---- Concealed memory --------------------------------------------------------------------------------------- */

/* Host pointer to concealed memory, for the present call only: never kept in concealed data. */
void *hw_concealed(struct hw_core *core, uint32_t offset);
uint32_t hw_concealed_bytes(const struct hw_core *core);
/* The CMS's options: the n-th field of its parameter struct (cms/cms_params.def), of the translator's after that. */
const void *hw_options(const struct hw_core *core);

/* ---- JTLB, DRAS, alias table -------------------------------------------------------------------------------- */

void hw_jtlb_insert(struct hw_core *core, uint64_t spc, uint64_t context, uint32_t tpc);
/* Removes every JTLB and DRAS entry whose TPC lies in [tpc, tpc + bytes). */
void hw_targets_purge(struct hw_core *core, uint32_t tpc, uint32_t bytes);
/* Debug: does any JTLB or DRAS entry still point into the range? */
bool hw_targets_refer(const struct hw_core *core, uint32_t tpc, uint32_t bytes);

/* ---- The platform ------------------------------------------------------------------------------------------- */

enum hw_run { HW_RUN, HW_STOP };
/* The system call that the working state asks for; EIP is already behind it. Guest buffers are checked, then written;
 * written ranges and mapping changes follow as notices. Commits. HW_STOP: the guest has ended. */
enum hw_run hw_system_call(struct hw_core *core);
/* Delivers an exception (precise: EIP on the instruction for a fault, behind it for a trap; `software`: INT3, INTO,
 * INT n; fault->address is then where the instruction starts). Commits. */
enum hw_run hw_exception(struct hw_core *core, const struct hw_fault *fault, bool software);
/* Delivers what is pending and due at this instruction boundary, if anything (signal, timer, limit). Commits. */
enum hw_run hw_events(struct hw_core *core);
/* What loading a segment register means: the descriptor that `selector` names, checked as a load of segment register
 * `segment` (0..5: ES CS SS DS FS GS) at the present privilege checks it. False: hw_fault() tells (#GP, #NP, #SS). A null
 * selector that may be loaded gives base 0. The caller writes selector and base homes. */
struct hw_segment {
    uint64_t base;
    uint32_t limit;                      /* bytes - 1 */
    bool executable, writable, size32;   /* size32: D/B bit */
    bool available;                      /* AVL: software's own bit */
};
bool hw_segment(struct hw_core *core, unsigned segment, uint16_t selector, struct hw_segment *descriptor);
/* Guest instructions retired, and the count at which the next event falls (UINT64_MAX: none known). */
uint64_t hw_insns(const struct hw_core *core);
uint64_t hw_next_event(const struct hw_core *core);
/* Translations give control back (HW_EVENT) at the first commit after which fewer than `insns` remain to the event. */
void hw_event_margin(struct hw_core *core, uint32_t insns);
/* The time-stamp counter at this instruction. */
uint64_t hw_time_stamp(struct hw_core *core);

/* COLD: the laboratory wants all that was translated, pre-decoded and profiled forgotten. */
enum hw_notice_kind { HW_NOTICE_NONE, HW_NOTICE_WRITTEN, HW_NOTICE_MAPPING, HW_NOTICE_COLD };
struct hw_notice {
    uint8_t kind;
    uint64_t address; /* WRITTEN: physical, protected chunks only; MAPPING: linear */
    uint64_t bytes;
    uint32_t space;
};
/* Takes the oldest notice from the queue; kind NONE when it is empty. */
struct hw_notice hw_poll(struct hw_core *core);

/* ---- Accounting and the laboratory (never part of the machine's state) ---------------------------------------- */

enum hw_activity {
#define ACTIVITY(name, key, meaning) ACTIVITY_##name,
#include "hwsim/activities.def"
#undef ACTIVITY
    ACTIVITIES
};
enum hw_cause {
#define CAUSE(name, key, meaning) CAUSE_##name,
#include "hwsim/causes.def"
#undef CAUSE
    CAUSES
};
enum hw_work {
#define WORK(name, key, activity, cost, unit, source) WORK_##name,
#include "hwsim/works.def"
#undef WORK
    WORKS
};
/* Advances the cycle by the cost of `units` of this work, accounted to its activity and to `region` (0: none; what
 * interpreting was for is told by hw_interpreted). */
void hw_charge(struct hw_core *core, enum hw_work work, uint64_t units, uint32_t region);
/* Adds to a CMS statistic (cms/cms_stats.def). */
void hw_count(struct hw_core *core, unsigned statistic, uint64_t amount);
/* Adds one to the interpreter-only instruction counter of that name (a string constant; copied). */
void hw_count_name(struct hw_core *core, const char *name);
/* The region changed under an id: born, ended for one reason of region_ends.def, or moved (to where *info says); for
 * regions.csv and traces. */
enum hw_region_event {
    REGION_BORN,
#define REGION_END(name, key, meaning) REGION_##name,
#include "hwsim/region_ends.def"
#undef REGION_END
    REGION_MOVED,
    REGION_EVENTS
};
struct hw_region_info {
    uint32_t region;       /* id, from 1, never used twice in a run */
    uint8_t gear;
    uint64_t spc, context; /* guest entry */
    uint64_t first, last;  /* guest address of the first and the last byte that it was made from */
    uint32_t guest_bytes, guest_insns, tpc, code_bytes;
    uint32_t bundles, atoms, nops; /* as they lie in the code, stubs of exits included */
};
void hw_region(struct hw_core *core, enum hw_region_event event, const struct hw_region_info *info);
/* What interpreting has cost since the last call was for so many guest instructions and iterations of REP instructions
 * from (spc, context) on: for the account of the translation that is made there next, or, of `region` (0: none), which
 * rolled back and left them to do. */
void hw_interpreted(struct hw_core *core, uint64_t spc, uint64_t context, uint64_t steps, uint32_t region);
/* Run-time tracing: is channel `letter` on (at this guest address)? Writes a line to it. */
bool hw_tracing(const struct hw_core *core, char letter, uint64_t spc);
void hw_trace(struct hw_core *core, char letter, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Our own bug: reports cycle, guest address, registers, last events, and ends the run with exit code 6. */
_Noreturn void hw_panic(struct hw_core *core, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
