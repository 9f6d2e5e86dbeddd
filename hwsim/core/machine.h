/* machine.h -- a machine from outside: made from parameters, given a platform, run by a CMS, read out by the lab.
 * A run is one struct machine; two can live in one process.
 */
#ifndef COVM_MACHINE_H
#define COVM_MACHINE_H

#include "hwsim/base/param.h"
#include "hwsim/base/stat.h"
#include "hwsim/contract.h"
#include "hwsim/memory/page_walk.h"

/* ---- parameters and statistics (rows: core/core_params.def, memory/memory_params.def, core/core_stats.def) ---- */

struct machine_params {
#define PARAM PARAM_FIELD
#include "hwsim/core/core_params.def"
#include "hwsim/memory/memory_params.def"
#undef PARAM
};
extern const struct param_desc machine_param_table[];
extern const unsigned machine_param_count;

struct machine_stats {
#define STAT STAT_FIELD
#include "hwsim/core/core_stats.def"
#undef STAT
};
extern const struct stat_desc machine_stat_table[];
extern const unsigned machine_stat_count;

enum { CMS_STATS_MAX = 128, NAMED_COUNTERS_MAX = 128 };

/* Cycles by activity and cause; CMS work by kind. Sums equal `cycles`, always. */
struct machine_account {
    uint64_t cycles[ACTIVITIES][CAUSES];
    uint64_t work_units[WORKS], work_cycles[WORKS];
};
/* Profit and loss of a region. */
struct region_account {
    struct hw_region_info info;
    uint64_t executions;                /* commits of it: ways through it, from its entry to where it is left */
    uint64_t insns;                     /* guest instructions retired in it */
    uint64_t cycles[ACTIVITIES];        /* run in it, or spent on it; interpreted: at its entry before it was made, */
    uint64_t recovery_cycles;           /* but for these, after its rollbacks */
    uint64_t iterations;                /* of REP instructions, committed in it */
    /* All that was interpreted from its entry on before it was made (where nothing was, as when the interpreter handed
     * a REP instruction over: in the whole run before). Steps: guest instructions, iterations of REP instructions. */
    uint64_t interpreted_cycles, interpreted_steps;
    uint32_t rollbacks[HW_EXIT_KINDS];
    uint64_t born_cycle, died_cycle;
    uint8_t died_of; /* enum hw_region_event; REGION_BORN: still alive */
};

/* ---- making ---- */

struct machine_config {
    struct machine_params params;
    int64_t cost_millicycles[WORKS]; /* per unit (works.def); all zero: free */
    const void *options;             /* what hw_options returns; owned by the caller, outlives the machine */
};
/* False: a contradiction among the parameters that no single range can state; `error` then says which and why. */
bool machine_check(const struct machine_config *config, char *error, size_t error_capacity);
/* NULL: as machine_check says, or the host has not enough memory. */
struct machine *machine_create(const struct machine_config *config, char *error, size_t error_capacity);
void machine_destroy(struct machine *machine);
struct hw_core *machine_core(struct machine *machine, unsigned index);
struct physical *machine_physical(struct machine *machine);

/* ---- the platform: who answers system calls, exceptions and time (platform/user, later platform/pc) ---- */

struct platform {
    void *self;
    enum hw_run (*system_call)(void *self, struct hw_core *core);
    enum hw_run (*exception)(void *self, struct hw_core *core, const struct hw_fault *fault, bool software);
    /* Delivers what is due now, if anything. */
    enum hw_run (*events)(void *self, struct hw_core *core);
    /* Retired-instruction count of the next event known, UINT64_MAX if none. */
    uint64_t (*next_event)(void *self, const struct hw_core *core);
    uint64_t (*time_stamp)(void *self, const struct hw_core *core);
    /* hw_segment: false with `fault` filled in when the load must fault. */
    bool (*segment)(void *self, struct hw_core *core, unsigned segment, uint16_t selector,
                    struct hw_segment *descriptor, struct hw_fault *fault);
};
void machine_set_platform(struct machine *machine, struct platform platform);

/* For the platform, on a core: paging; the state it edits is hw_state(core), and each callback's effects are committed
 * by the contract function that called it. Selecting an address space purges nothing that is tagged with another. */
void core_set_space(struct hw_core *core, uint16_t space, enum paging mode, uint64_t cr3);
/* What was set last, for who walks the same tables (lockstep checking, debug views). */
struct core_space {
    uint16_t space;
    enum paging mode;
    uint64_t cr3;
};
struct core_space core_get_space(const struct hw_core *core);
/* The mapping of [linear, linear + bytes) changed: TLB entries go, and the CMS gets a notice. */
void core_mapping_changed(struct hw_core *core, uint64_t linear, uint64_t bytes);
/* The same in any space. Once all of one has changed to nothing, its identifier may be given to another. */
void core_space_changed(struct hw_core *core, uint16_t space, uint64_t linear, uint64_t bytes);
/* Guest buffers by linear address with user rights: false (and hw_fault) at the first byte refused; a write then has
 * changed nothing. Written code chunks become notices. Untimed. */
bool core_guest_read(struct hw_core *core, uint64_t linear, void *to, size_t bytes);
bool core_guest_write(struct hw_core *core, uint64_t linear, const void *from, size_t bytes);
/* A new event may have appeared before the one last reported (a signal is pending now: next_event returns the present).
 */
void core_event_changed(struct hw_core *core);

/* ---- reading out ---- */

uint64_t machine_cycle(const struct machine *machine);
void machine_collect(const struct machine *machine, struct machine_stats *stats, struct machine_account *account);
const uint64_t *machine_cms_stats(const struct machine *machine); /* CMS_STATS_MAX of them, indexed as hw_count */
struct named_counter {
    char name[32];
    uint64_t count;
};
unsigned machine_named_counters(const struct machine *machine, const struct named_counter **counters);
/* Accounts of regions 1 .. count-1. */
unsigned machine_regions(const struct machine *machine, const struct region_account **accounts);
/* Cycles that no region's account holds. With those of all accounts they are the run's, activity by activity. */
void machine_unattributed(const struct machine *machine, uint64_t cycles[ACTIVITIES]);

/* ---- looking on (never changes a cycle or a statistic) ---- */

struct machine_observer {
    void *cookie;
    /* After each commit of guest instructions: how many retired; `flags`: enum commit_flags. */
    void (*committed)(void *cookie, struct hw_core *core, uint32_t insns, unsigned flags);
    /* After each ungated or released store of a byte range of guest physical memory. */
    void (*stored)(void *cookie, uint64_t physical, unsigned bytes);
    /* Before / after the platform changed guest state (system call, exception, event). */
    void (*platform)(void *cookie, struct hw_core *core, bool after);
    void (*region)(void *cookie, struct hw_core *core, enum hw_region_event event, const struct hw_region_info *info);
    /* The cycles from the last call of this, or of `committed` for a translation, up to core_cycles() have gone to
     * `activity`, for work `work` of the CMS (WORKS: for none). Each cycle is told of once, by either. */
    void (*spent)(void *cookie, struct hw_core *core, enum hw_activity activity, unsigned work);
    /* A bundle has begun to execute, in the present cycle (machine_cycle). Its results are not there yet. */
    void (*bundle)(void *cookie, struct hw_core *core, uint32_t tpc);
    /* A translation has come back; `spent` has told of its last cycles. */
    void (*left)(void *cookie, struct hw_core *core, const struct hw_exit *exit);
    /* The machine stands where machine_snapshot may be called: after each commit of a translation (`committed` must be
     * there, too, and was called), and after each piece of the CMS's work (hw_rest). */
    void (*resting)(void *cookie, struct hw_core *core);
};
/* Empties structures, without a cost, at a commit: caches and TLB; branch predictor, JTLB and DRAS; translations and all
 * else that the CMS has learnt (when it next has control, which is at once). Unlike all else here this changes the run. */
enum machine_cool { COOL_CACHES = 1, COOL_PREDICTORS = 2, COOL_TRANSLATIONS = 4 };
void machine_cool(struct machine *machine, unsigned what);
void machine_observe(struct machine *machine, struct machine_observer observer);
/* The first cycle that is not accounted yet: cycles before it have been told of, in an observer's functions. */
uint64_t core_cycles(const struct hw_core *core);
/* Gear of the translation that commits; 0: none does, hw_commit it was. For an observer's `committed`. */
unsigned core_commit_gear(const struct hw_core *core);
/* Cycles by cause since the start, those not accounted yet included: what lies between two issued bundles, all but
 * CAUSE_ISSUE. */
void core_waited(const struct hw_core *core, uint64_t cycles[CAUSES]);
/* Cycle from which the result last written to a register (of either file; flag registers from REGS_ALL on) can be
 * used; one that is in the past may belong to an earlier result. */
uint64_t core_ready_cycle(const struct hw_core *core, unsigned reg);
/* Trace channels (letters) and, if not 0, the guest address they are limited to; lines go to `descriptor`. */
void machine_trace(struct machine *machine, const char *letters, uint64_t spc, int descriptor);
/* Called by hw_panic after it has reported to standard error; must not return. Default: _exit(6). */
void machine_on_panic(struct machine *machine, void (*panic)(void *cookie), void *cookie);

/* ---- snapshots ---- */

/* All of the machine but its platform, from within `resting`; or into a machine that was just made from the same
 * configuration, after machine_set_platform: cms_resume then goes on with it. */
void machine_snapshot(struct machine *machine, struct snapshot *snapshot);

#endif
