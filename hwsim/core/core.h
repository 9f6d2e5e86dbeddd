/* core.h -- inside the core: its state, and what its mechanisms ask of each other. Nobody outside hwsim/core includes
 * it.
 *
 * Cycles. `cycle` is the cycle at which the present bundle issues (in the run loop a local variable, written back
 * before a slow function is called and read again after it), or the present cycle while the CMS runs. A slow function
 * that stops the machine advances `cycle` through core_stall, which names the cause; every other cycle of a translation
 * issues a bundle. So the cycles between two commits are bundles plus stalls, by construction.
 */
#ifndef COVM_CORE_H
#define COVM_CORE_H

#include "hwsim/base/prng.h"
#include "hwsim/core/machine.h"
#include "hwsim/memory/cache.h"
#include "hwsim/memory/tlb.h"

/* ---- decoded bundles ---- */

/* Vector atoms: d, a, c and `vector.b` are words; fd and fs half-words. */
struct op_vector {
    uint16_t b;
    uint8_t op, size, imm;
    bool half, status;
};
/* A micro-operation: an atom with its operands resolved. Registers are numbers of 64-bit words (flags: of 16-bit words)
 * from the start of struct hw_core, so that r63's sink and the latches need no special case. 32 bytes. */
struct op {
    uint32_t handler; /* offset of its code in the run loop */
    uint16_t d, a, c; /* words: result, operands */
    uint16_t fd, fs;  /* half-words: flags written, read */
    uint16_t fmask;   /* x86 flag bits written; loads: alias entry armed + 1, from alias_base on; branches: backward */
    union {
        const uint64_t *b;   /* operand b: a register, or imm below */
        struct bundle *link; /* transfers: the bundle at `target`, if its offset still says so */
        uint64_t check;      /* stores: alias entries checked (ALAT: that may go), bit 0: that at alias_base */
    };
    union {
        int64_t imm;
        struct {
            uint32_t target; /* transfers, commits: offset in concealed memory */
            uint32_t extra;  /* exits: number */
        };
        struct op_vector vector;
    };
};
/* Memory micro-operations keep their kind in fd: */
enum { OP_SIZE = 3, OP_SPACE_SHIFT = 2, OP_WRAP_SHIFT = 4, OP_GATED = 64, OP_SIGNED = 128, OP_VECTOR = 256, OP_ALIGNED = 512 };
/* Conditional ones have their condition in c; a CALL's TPC is in d (low half) and a. */

/* Handlers. Pure atoms have HANDLER_VARIANTS for each size: value alone, value and all flags, flags alone, and flags
 * under a mask; memory atoms of user space with 32-bit wrap have fast ones per size. */
enum { VARIANT_VALUE, VARIANT_BOTH, VARIANT_FLAGS, VARIANT_MASKED, HANDLER_VARIANTS };
enum handler {
    HANDLER_PURE = 0,                               /* + (op * 4 + size) * HANDLER_VARIANTS + variant */
    HANDLER_LOAD = ATOM_OPS * 4 * HANDLER_VARIANTS, /* + size: plain */
    HANDLER_LOAD_SIGNED = HANDLER_LOAD + 4,         /* + size, 8 and 16 bits */
    HANDLER_LOAD_ARM = HANDLER_LOAD_SIGNED + 2,     /* + size */
    HANDLER_LOAD_QUEUE = HANDLER_LOAD_ARM + 4,      /* + size: arms an entry of the queue */
    HANDLER_STORE = HANDLER_LOAD_QUEUE + 4,         /* + size: gated */
    HANDLER_STORE_CHECK = HANDLER_STORE + 4,        /* + size */
    HANDLER_STORE_QUEUE = HANDLER_STORE_CHECK + 4,  /* + size: checks the queue */
    HANDLER_STORE_ALAT = HANDLER_STORE_QUEUE + 4,   /* + size: removes entries */
    HANDLER_LOAD_ANY = HANDLER_STORE_ALAT + 4,
    HANDLER_STORE_ANY,
    HANDLER_LOAD_VECTOR, /* + size, 4 to 16 bytes, user space, 32-bit wrap; others are LOAD_ANY */
    HANDLER_STORE_VECTOR = HANDLER_LOAD_VECTOR + 3,
    HANDLER_STORE_VECTOR_ALAT = HANDLER_STORE_VECTOR + 3,
    HANDLER_VECTOR = HANDLER_STORE_VECTOR_ALAT + 3,
    HANDLER_CHECK, /* a store's alias check alone, ahead of it */
    HANDLER_PROBE,
    HANDLER_ROTATE, /* the alias queue: by imm entries */
    HANDLER_CHECK_ENTRY, /* ALAT: is entry imm there? */
    HANDLER_LATCH,       /* word d = word a */
    HANDLER_LATCH_FLAGS, /* half-word fd = half-word fs */
    HANDLER_LATCH_VECTOR, /* two words */
    HANDLER_READY, /* results d (register, of any file; REG_ZERO none) and fd (flag register; FLAG_COUNT none) come `imm` later */
    HANDLER_ASSERT,
    HANDLER_CALL,
    HANDLER_COMMIT,
    HANDLER_END, /* the next bundle follows */
    HANDLER_JUMP,
    HANDLER_BRANCH, /* + condition */
    HANDLER_RETURN = HANDLER_BRANCH + 16,
    HANDLER_JUMP_INDIRECT,
    HANDLER_EXIT,
    HANDLERS
};

struct bundle {
    uint64_t uses;       /* registers read or written; USES_SLOW */
    uint64_t vuses;      /* vector registers */
    uint64_t dirty;      /* shadowed homes written: a bit per register, DIRTY_FLAGS for f0 */
    uint32_t vdirty;     /* shadowed vector registers written */
    struct bundle *next; /* the one that follows, if its offset is still next_offset */
    uint32_t offset;     /* in concealed memory; OFFSET_STALE once its code has changed */
    uint32_t next_offset;
    uint64_t tally;             /* atoms; NOPs from bit 32 */
    uint32_t line;              /* instruction-cache line of its first byte, */
    uint32_t last_line;         /* of its last */
    uint8_t flag_uses;          /* flag registers read or written */
    uint8_t slow[UNIT_CLASSES]; /* atoms of each class that is not fully pipelined */
    struct op ops[];            /* the last one transfers */
};
#define USES_SLOW    (UINT64_C(1) << REG_ZERO) /* bit 63 of `pending` is always set, and r63 is never waited for */
#define DIRTY_FLAGS  (UINT64_C(1) << 48)
#define OFFSET_STALE UINT32_MAX

/* ---- mechanisms ---- */

/* A pointer for each recently used page: a hit here is a hit in the TLB. Bits 4.. of the tag refuse kinds of access,
 * bits 0..3 are zero, so that one comparison checks page, right and alignment. */
struct soft_entry {
    uint64_t tag; /* linear page address | SOFT_ bits */
    uint8_t *host;
    uint64_t physical; /* of the page */
    uint32_t slot;     /* TLB entry */
};
enum { SOFT_NO_READ = 16, SOFT_NO_WRITE = 32, SOFT_ENTRIES = 256 };
#define SOFT_PAGE (~UINT64_C(0xfff))
#define SOFT_FREE UINT64_MAX

/* Gated store buffer, a ring: head (oldest not free) .. drain (next to go to the cache) .. open (first not committed)
 * .. tail. All four count stores since the start. */
struct gate_entry {
    uint64_t physical, value, release_cycle, free_cycle;
    uint8_t *host;
    uint32_t bytes;
};
struct gate {
    struct gate_entry *entries;
    uint64_t mask; /* ring size - 1 */
    uint64_t capacity;
    uint64_t head, drain, open, tail;
    uint64_t bloom;       /* bit per 8-byte granule modulo 64 of the occupied entries: a superset */
    uint64_t drain_cycle; /* first cycle at which the data port may be free for a drain */
    uint64_t last_free;   /* entries become free in order */
    unsigned ports;       /* accesses that the data cache takes a cycle */
    uint64_t port_cycle;  /* the cycle that port_used is about */
    unsigned port_used;
};

/* Whatever the machine has of them, they lie in a ring of 64: the queue begins anywhere in it. */
enum { ALIAS_ENTRIES = 64 };
struct alias_entry {
    uint64_t physical[2]; /* armed range, its part on a second page */
    uint8_t bytes[2];
};

struct jtlb_entry {
    uint64_t spc, context, stamp;
    uint32_t tpc; /* 0: free */
};
struct jtlb {
    struct jtlb_entry *entries;
    unsigned sets, ways, tag_bits, replacement;
    uint64_t clock;
    struct prng random;
};

struct dras_entry {
    uint64_t spc, context;
    uint32_t tpc; /* 0: not known, or purged */
};
/* What a rollback restores. */
struct dras_pointer {
    uint32_t top, count, dropped;
};
struct dras {
    struct dras_entry *entries;
    struct dras_pointer now, checkpoint;
    uint32_t depth;
    bool drop;
};

struct predictor {
    uint8_t *counters;
    uint32_t mask, history, history_mask;
    unsigned kind;
};
enum { PREDICT_STATIC, PREDICT_BIMODAL, PREDICT_GSHARE, PREDICT_PERFECT };

/* An access to guest or concealed memory, resolved: one or two pieces, two where it crosses a page. */
struct place {
    uint64_t physical[2];
    uint8_t *host[2];
    uint8_t bytes[2]; /* bytes[1] 0: one piece */
    uint64_t known;   /* cycle at which the translation is known */
};

/* inject.* keys, and looking on at bundles. */
struct injection {
    bool on;                   /* any of it: every bundle is looked at */
    uint64_t bundles;          /* issued */
    uint64_t since_checkpoint; /* issued */
    uint64_t commits;
    struct prng random;
};

enum { LATCHES = BUNDLE_ATOMS_MAX * 4, EXIT_LOG = 16, CHECKPOINTS_MAX = 8 };

struct hw_core {
    struct hw_state state;   /* first: micro-operations number words from here */
    uint64_t sink;           /* what is written to r63 */
    uint64_t latch[LATCHES]; /* operands that are read before their register is written in the same bundle */
    uint16_t flag_latch[LATCHES];

    /* hot in the run loop */
    uint64_t fast_loads, fast_stores; /* executed by the fast handlers */
    uint64_t pending;                 /* registers whose results may be on their way; bit 63 set */
    uint64_t pending_flags, pending_vector;
    uint64_t dirty;            /* homes written since the checkpoint */
    uint32_t vdirty;           /* vector registers likewise */
    uint64_t tally;            /* bundle.tally summed since the checkpoint */
    uint64_t fetch_line;       /* the instruction line last fetched */
    uint64_t ready[REGS_ALL];  /* cycle << 4 | cause of waiting for it; vector registers from REG_VECTOR on */
    uint64_t ready_flags[FLAG_COUNT];
    uint64_t load_ready; /* latency of a load << 4 | CAUSE_LOAD */
    uint64_t cycle;
    struct soft_entry soft[SOFT_ENTRIES];
    struct tlb tlb;
    struct cache l1d, l1i, l2;
    struct gate gate;
    uint64_t armed;      /* alias entries armed since the checkpoint */
    uint64_t alias_base; /* where their queue begins; mask scheme, ALAT: 0 */
    struct alias_entry alias[ALIAS_ENTRIES];

    /* accounting since the checkpoint */
    uint64_t since; /* first cycle not yet accounted */
    uint64_t stalls[CAUSES];
    uint32_t stalled;                    /* causes with stalls */
    uint32_t commit_region, commit_gear; /* of the last commit since hw_enter; gear 0: none, or the CMS runs */
    uint64_t entered; /* cycle of the last hw_enter */
    uint64_t told; /* cycles that were not interpreting, or were told of (hw_interpreted): others await that */

    /* events */
    uint64_t insns, event_threshold, next_event, event_margin;
    volatile bool event_changed; /* next_event is to be asked for again; a signal handler may set it */

    /* mechanisms */
    uint64_t walker_free;                  /* cycle from which the page walker is free */
    uint64_t fault_clear;                  /* cycle at which all older accesses are known not to fault */
    uint64_t outstanding[CHECKPOINTS_MAX]; /* fault_clear of the last commits, a ring */
    uint64_t commit_count;
    struct jtlb jtlb;
    struct dras dras;
    struct predictor predictor;
    uint64_t unit_busy[UNIT_CLASSES][BUNDLE_ATOMS_MAX]; /* classes that are not pipelined: busy until */
    unsigned class_units[UNIT_CLASSES];                 /* units that execute the class */
    struct hw_fault fault;
    uint8_t refusal; /* enum hw_exit_kind: why the last access could not be, or a slow function gave up */
    struct hw_state shadow;
    struct injection inject;

    /* decoded bundles */
    uint32_t *decoded; /* per word of concealed memory: place in the pool, 0 none */
    uint8_t *pool;     /* POOL_UNITS */
    uint32_t pool_used, pool_generation;
    struct bundle *nowhere; /* offset OFFSET_STALE: what pointers not linked yet point to */

    /* address space */
    uint16_t space;
    enum paging paging;
    uint64_t cr3, mode_context; /* the part of the context word that the space decides */

    struct machine *machine;
    struct physical *physical;
    uint8_t *concealed;
    uint32_t concealed_bytes;
    const struct machine_params *params;
    struct machine_desc desc;
    struct platform platform;
    struct machine_observer observer;
    struct machine_stats stats; /* counted as they happen; machine_collect adds what others count */
    struct hw_exit exit_log[EXIT_LOG];
    uint64_t exit_cycles[EXIT_LOG];
    uint64_t exit_count;
    uint32_t resume_site; /* the bundle whose commit a snapshot was taken behind; 0: the CMS was resting */
};

/* Exposed latencies count bundles: while the machine stops, results do not come nearer. (scoreboard.c) */
void scoreboard_freeze(struct hw_core *core, uint64_t cycles);

/* ---- account.c ---- */
/* The machine stops until `cycle`, because of `cause` (nothing where that is past). Named before the bundle issues:
 * call in the order of causes.def. */
static inline void core_stall(struct hw_core *core, enum hw_cause cause, uint64_t until)
{
    if (until <= core->cycle) return;
    uint64_t cycles = until - core->cycle;
    core->stalls[cause] += cycles;
    core->stalled |= 1u << cause;
    core->cycle = until;
    if (UNLIKELY(core->desc.exposed)) scoreboard_freeze(core, cycles);
}
/* Gives the cycles since the last account to an activity and a region; `cycle` is the first cycle that they leave out.
 * Returns the region's account. */
struct region_account *account_flush(struct hw_core *core, enum hw_activity activity, uint32_t region, uint64_t cycle);
void account_add(struct hw_core *core, enum hw_activity activity, enum hw_cause cause, uint64_t cycles);
enum hw_activity account_gear(unsigned gear);

/* ---- regions.c ---- */
/* False: the host has no memory. */
bool accounts_init(struct machine *machine);
void accounts_free(struct machine *machine);
void accounts_snapshot(struct machine *machine, struct snapshot *snapshot);
struct region_account *account_region(struct hw_core *core, uint32_t region);
/* The region whose code holds `tpc`; 0: none that hw_region told of. */
uint32_t account_region_at(const struct hw_core *core, uint32_t tpc);
/* Tells who looks on that cycles have been accounted, other than by a commit. */
static inline void account_tell(struct hw_core *core, enum hw_activity activity, unsigned work)
{
    if (UNLIKELY(core->observer.spent != NULL)) core->observer.spent(core->observer.cookie, core, activity, work);
}

/* ---- access.c: translation and data-cache timing, for translations and for the CMS ---- */
/* Resolves [linear, linear + bytes) of a space. False: core->fault says why (a walk's cycles have passed). Protection
 * is checked for writes. May take walk time (place->known), never stops the machine. */
bool access_resolve(struct hw_core *core, unsigned space, uint64_t linear, unsigned bytes, bool write,
                    struct place *place);
/* The costs of alignment; stops the machine. */
void access_alignment(struct hw_core *core, uint64_t linear, unsigned bytes);
/* Reads through the data cache: stops the machine where no miss register is free; returns ready cycle << 4 | cause. */
uint64_t access_read(struct hw_core *core, const struct place *place);
/* The whole of an ungated store: memory changes now; it takes the data port and, on a miss, a miss register. */
void access_write(struct hw_core *core, const struct place *place, const void *value);
uint64_t place_read(const struct place *place);
struct vreg place_read_vector(const struct place *place);
/* An extended value's ten bytes count as aligned where they lie within 16 that are. */
static inline bool access_is_aligned(uint64_t linear, unsigned bytes)
{
    return bytes == 10 ? (linear & 3) == 0 && (linear & 15) <= 6 : (linear & (bytes - 1)) == 0;
}
void soft_flush(struct hw_core *core);
static inline uint64_t access_wrap(unsigned wrap, uint64_t address)
{
    return wrap == WRAP_32 ? (uint32_t)address : wrap == WRAP_16 ? (uint16_t)address : address;
}

/* ---- alias.c: entries hold physical ranges; `entry` and bit 0 of `mask` are counted from alias_base ---- */
static inline unsigned alias_place(const struct hw_core *core, unsigned entry)
{
    return (unsigned)(entry + core->alias_base) % ALIAS_ENTRIES;
}
/* The entries of a store's mask that are armed, by their place in the ring. */
static inline uint64_t alias_armed(const struct hw_core *core, uint64_t mask)
{
    unsigned base = (unsigned)core->alias_base;
    return (mask << base | mask >> (-base & (ALIAS_ENTRIES - 1))) & core->armed;
}
void alias_arm(struct hw_core *core, unsigned entry, const struct place *place);
bool alias_hits(const struct hw_core *core, uint64_t mask, const struct place *place);
/* The first `entries` of the queue are free, it begins behind them. */
void alias_rotate(struct hw_core *core, unsigned entries);
/* A store removes those of `entries` that it overlaps. */
void alias_remove(struct hw_core *core, uint64_t entries, const struct place *place);
/* Is the entry there? It is free then. */
bool alias_take(struct hw_core *core, unsigned entry);

/* ---- gate.c ---- */
/* Drains released stores at the idle cycles of the data port before `cycle`. */
void gate_catch_up(struct hw_core *core, uint64_t cycle);
/* Takes a data port for an access at `cycle`, after catching up. */
static inline void gate_take_port(struct gate *gate, uint64_t cycle)
{
    if (gate->port_cycle != cycle) {
        gate->port_cycle = cycle;
        gate->port_used = 0;
    }
    if (++gate->port_used >= gate->ports && gate->drain_cycle <= cycle) gate->drain_cycle = cycle + 1;
}
/* A store: an entry holds up to 8 bytes of one page, so that a wide one takes several. False: uncommitted stores fill
 * the buffer (or it is full and the key says roll back). */
bool gate_store(struct hw_core *core, const struct place *place, const void *value);
static inline void gate_push(struct gate *gate, uint64_t physical, uint8_t *host, unsigned bytes, uint64_t value)
{
    struct gate_entry *entry = &gate->entries[gate->tail++ & gate->mask];
    entry->physical = physical;
    entry->value = value;
    entry->host = host;
    entry->bytes = bytes;
    gate->bloom |= UINT64_C(1) << (physical >> 3 & 63) | UINT64_C(1) << ((physical + bytes - 1) >> 3 & 63);
}
static inline bool gate_may_hold(const struct gate *gate, uint64_t physical, unsigned bytes)
{
    uint64_t held = gate->bloom >> (physical >> 3 & 63) | gate->bloom >> ((physical + bytes - 1) >> 3 & 63);
    if (bytes > 9) held |= gate->bloom >> ((physical + 8) >> 3 & 63);
    return held & 1;
}
enum gate_answer { GATE_NONE, GATE_SOME, GATE_ALL, GATE_REFUSED };
/* Gives a load the bytes that older stores of the buffer hold: overlays *value, which has them as memory does. Without
 * forwarding hardware it waits for committed stores to drain (GATE_NONE then), and refuses where one is uncommitted. */
enum gate_answer gate_forward(struct hw_core *core, const struct place *place, void *value);
/* Commit: uncommitted stores go to memory, and may drain from `cycle` on. */
void gate_release(struct hw_core *core, uint64_t cycle);
void gate_drop(struct gate *gate);
static inline void core_tell_stored(struct hw_core *core, uint64_t physical, unsigned bytes)
{
    if (core->observer.stored && physical < CONCEALED_ADDRESS)
        core->observer.stored(core->observer.cookie, physical, bytes);
}

/* ---- checkpoint.c ---- */
/* The commit atom, at the end of its bundle (`site`). True: give control back (HW_EVENT). */
bool checkpoint_commit(struct hw_core *core, const struct commit_entry *entry, uint32_t site);
/* The last part of that: what follows a commit that was told of. */
bool checkpoint_committed(struct hw_core *core);
/* Back to the checkpoint; the cycles go to SQUASHED. Works at `cycle`, leaves it behind the rollback. */
void checkpoint_rollback(struct hw_core *core, enum hw_exit_kind kind, uint32_t site);
/* Makes the whole working state the checkpoint; retires nothing. */
void checkpoint_commit_all(struct hw_core *core);
/* Has an event become due, within the margin? Asks the platform when the next one falls. */
bool core_event_due(struct hw_core *core);
/* The count at which commits begin to look: from the next event known and the margin. */
void core_set_threshold(struct hw_core *core);

/* ---- predict.c, jtlb.c, dras.c ---- */
bool predictor_init(struct predictor *predictor, const struct machine_params *params);
void predictor_reset(struct predictor *predictor, const struct machine_params *params);
/* Predicts, and learns the outcome. */
bool predictor_branch(struct predictor *predictor, uint32_t tpc, bool backward, bool taken);
bool jtlb_init(struct jtlb *jtlb, const struct machine_params *params);
void jtlb_reset(struct jtlb *jtlb); /* empty */
/* TPC or 0; *is_false: a partial tag matched an entry that is not the one. */
uint32_t jtlb_lookup(struct jtlb *jtlb, uint64_t spc, uint64_t context, bool *is_false);
void jtlb_insert(struct jtlb *jtlb, uint64_t spc, uint64_t context, uint32_t tpc);
bool dras_init(struct dras *dras, const struct machine_params *params);
/* True: it was full. */
bool dras_push(struct dras *dras, uint64_t spc, uint64_t context, uint32_t tpc);
/* TPC to go to, or 0. */
uint32_t dras_pop(struct dras *dras, uint64_t spc, uint64_t context);

/* ---- decode.c: bundles decoded once; all of them are forgotten when the pool is full ---- */
enum { POOL_UNIT = 32, POOL_UNITS = 16 * 1024 * 1024 / POOL_UNIT };
bool decode_init(struct hw_core *core);
void decode_free(struct hw_core *core);
/* The decoded bundle at a concealed offset (panics where there is none), remembered in *link. May move all bundles. */
struct bundle *decode_link(struct hw_core *core, struct bundle **link, uint32_t offset);
void decode_forget(struct hw_core *core, uint32_t offset, uint32_t bytes);

/* ---- engine.c ---- */
/* Runs from `tpc` until control comes back; fills *exit but for its region. */
void engine_run(struct hw_core *core, uint32_t tpc, struct hw_exit *exit);
/* The same from behind the commit of the bundle at `site`, as if it had just been told of. */
void engine_resume(struct hw_core *core, uint32_t site, struct hw_exit *exit);
/* op.handler of each enum handler; 0 where there is none. */
const uint32_t *engine_handlers(void);

/* ---- scoreboard.c ---- */
/* Stops the machine until the bundle's operands and units are free (exposed: panics where an operand is not), and takes
 * units that are not pipelined. */
void scoreboard_wait(struct hw_core *core, struct bundle *bundle);
/* Is all that the bundle uses there at `cycle`? The usual case where something was pending. (ready[63] is never.) */
static inline bool scoreboard_ready(struct hw_core *core, const struct bundle *bundle, uint64_t cycle)
{
    uint64_t used = bundle->uses & core->pending, vused = bundle->vuses & core->pending_vector;
    if (bundle->flag_uses & core->pending_flags) return false;
    for (uint64_t regs = used; regs; regs &= regs - 1)
        if (core->ready[__builtin_ctzll(regs)] >> 4 > cycle) return false;
    for (uint64_t regs = vused; regs; regs &= regs - 1)
        if (core->ready[REG_VECTOR + __builtin_ctzll(regs)] >> 4 > cycle) return false;
    core->pending &= ~used;
    core->pending_vector &= ~vused;
    return true;
}
/* Whatever was on its way is there: exposed latencies after the CMS has run, and rolled-back registers. */
static inline void scoreboard_settle(struct hw_core *core)
{
    core->pending = USES_SLOW;
    core->pending_flags = core->pending_vector = 0;
}
static inline void scoreboard_result(struct hw_core *core, unsigned reg, uint64_t ready)
{
    core->pending |= UINT64_C(1) << reg;
    core->ready[reg] = ready;
}
/* The same for any register, by its number among all. */
static inline void scoreboard_any(struct hw_core *core, unsigned reg, uint64_t ready)
{
    if (reg < REG_VECTOR) core->pending |= UINT64_C(1) << reg;
    else core->pending_vector |= UINT64_C(1) << (reg - REG_VECTOR);
    core->ready[reg] = ready;
}

/* ---- report.c ---- */
/* Traces the bundle at `offset`, about to execute, on channel b: its cycle and its atoms. */
void report_bundle(struct hw_core *core, uint32_t offset);

/* ---- the machine around the cores ---- */
/* What was interpreted from a guest address on. */
struct entry_account {
    uint64_t spc, context;
    uint64_t steps; /* guest instructions, and iterations of REP instructions */
    uint64_t cycles;
    uint64_t waiting; /* of the cycles: for the next translation made there */
};
enum { REGION_GRAIN = 16 }; /* translations start at multiples of it */

struct machine {
    struct machine_config config;
    unsigned core_count;
    struct hw_core *cores;
    struct physical *physical;
    struct dram dram;
    uint8_t *concealed;
    uint32_t concealed_bytes;
    struct machine_account account;
    uint64_t cost_remainder[WORKS]; /* millicycles not charged yet */
    struct region_account *regions; /* [0]: no region */
    unsigned region_count, region_capacity;
    struct entry_account *entries; /* [0]: none */
    uint32_t entry_count, entry_capacity;
    uint32_t *entry_slots, entry_mask; /* hashed by (spc, context): an entry, 0 none */
    uint32_t *region_at; /* per REGION_GRAIN bytes of concealed memory: the region whose code is there */
    uint64_t cms_stats[CMS_STATS_MAX];
    struct named_counter named[NAMED_COUNTERS_MAX];
    unsigned named_count;
    struct hw_notice *notices; /* a queue that grows */
    unsigned notice_first, notice_count, notice_capacity;
    uint64_t trace_channels; /* bit per letter: a-z, A-Z */
    uint64_t trace_spc;
    int trace_descriptor;
    void (*panic)(void *cookie);
    void *panic_cookie;
};

static inline bool trace_is_on(const struct machine *machine, char letter)
{
    unsigned bit = letter >= 'a' && letter <= 'z'   ? (unsigned)(letter - 'a')
                   : letter >= 'A' && letter <= 'Z' ? 26u + (unsigned)(letter - 'A')
                                                    : 63;
    return machine->trace_channels >> bit & 1;
}
void machine_notice(struct machine *machine, struct hw_notice notice);

/* ---- context ---- */
enum {
#define CONTEXT(name, low, width, meaning) CONTEXT_##name = low,
#include "hwsim/isa/context.def"
#undef CONTEXT
};
/* EFLAGS bits that the context word repeats. */
enum { FSW_ES = 7 };
enum { EFLAGS_TF = 8, EFLAGS_DF = 10, EFLAGS_AC = 18 };

static inline bool core_in_long_mode(const struct hw_core *core) { return core->mode_context >> CONTEXT_LONG & 1; }

/* Of ES, CS, SS, DS in SEL_LOW, FS, GS in SEL_HIGH, one by its place there. */
static inline uint64_t core_null_selector(uint64_t selectors, unsigned place)
{
    return (selectors >> 16 * place & 0xfffc) == 0;
}

static inline uint64_t core_context(const struct hw_core *core)
{
    const uint64_t *r = core->state.r;
    uint64_t eflags = r[HOME_EFL];
    return core->mode_context | (eflags >> EFLAGS_DF & 1) << CONTEXT_DF | (eflags >> EFLAGS_TF & 1) << CONTEXT_STEP |
           (eflags >> EFLAGS_AC & 1) << CONTEXT_ALIGN | /* CR0.AM is set, privilege is 3 */
           (uint64_t)(r[HOME_ES_BASE] != 0) << CONTEXT_BASE_ES | (uint64_t)(r[HOME_CS_BASE] != 0) << CONTEXT_BASE_CS |
           (uint64_t)(r[HOME_SS_BASE] != 0) << CONTEXT_BASE_SS | (uint64_t)(r[HOME_DS_BASE] != 0) << CONTEXT_BASE_DS |
           core_null_selector(r[HOME_SEL_LOW], 0) << CONTEXT_NULL_ES |
           core_null_selector(r[HOME_SEL_LOW], 3) << CONTEXT_NULL_DS |
           core_null_selector(r[HOME_SEL_HIGH], 0) << CONTEXT_NULL_FS |
           core_null_selector(r[HOME_SEL_HIGH], 1) << CONTEXT_NULL_GS |
           r[HOME_FTW] << CONTEXT_FPU_STACK | (r[HOME_FSW] >> FSW_ES & 1) << CONTEXT_FPU_ERROR;
}

#endif
