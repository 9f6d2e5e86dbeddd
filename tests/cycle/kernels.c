/* kernels.c -- micro-kernels, each about one mechanism, with the cycles that it must take, derived by hand beside it.
 *
 * A derivation names the cycle t at which each bundle issues, the first being 0; the exit bundle is the last, and takes
 * a cycle like any other. What is not named in a kernel's settings is as in RIG_BASE: perfect caches, TLB and
 * prediction. Latencies then: alu 1, mul 3, div 20 (not pipelined), load 3, fp 3, fdiv 20 and ftrig 80 (neither
 * pipelined), vec 2; taken branch 1, mispredict 6, JTLB 3, DRAS 1, rollback 4. One unit executes fp, fdiv, ftrig, vec.
 * r1 and r2 are the addresses of two mapped pages, r3 is 3, all other registers and memory are 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/hw_core_support.h"

enum { WARM = 1 /* run once before, so that caches, TLB and predictors know it */ };

struct cycles {
    enum hw_cause cause;
    uint64_t cycles;
};
struct kernel {
    const char *name, *settings, *text;
    unsigned flags;
    enum hw_exit_kind exit;
    uint64_t total;          /* cycles from entry to exit */
    struct cycles stalls[6]; /* all causes but ISSUE; ISSUE is the rest */
    struct {
        const char *stat; /* path in core_stats.def */
        uint64_t value;   /* over all runs */
    } stats[3];
    void (*prepare)(struct rig *rig);
};

static void jtlb_entry(struct rig *rig) { hw_jtlb_insert(rig->core, RIG_DATA, hw_context(rig->core), RIG_CODE + 64); }
static void jtlb_other_context(struct rig *rig)
{
    hw_jtlb_insert(rig->core, RIG_DATA, hw_context(rig->core) ^ 1, RIG_CODE + 64);
}
/* With no bits above those that index four sets: same set, same tag, other address. */
static void jtlb_false(struct rig *rig)
{
    hw_jtlb_insert(rig->core, RIG_DATA + (UINT64_C(1) << 40), hw_context(rig->core), RIG_CODE + 64);
}
static void jtlb_target(struct rig *rig)
{
    rig_load_at(rig, 64, "exit chain, 1");
    jtlb_entry(rig);
}

#define L1D        "memory.l1d.perfect=false;"
#define L1I        "memory.l1i.perfect=false;"
#define L2         "memory.l2.perfect=false;"
#define TLB        "memory.tlb.perfect=false;"
#define ADD        "add.4 r33, r33, 0x12345678\n"
#define SIX_ADDS   ADD ADD ADD ADD ADD ADD
#define SEVEN_ADDS SIX_ADDS ADD

static const struct kernel kernels[] = {
    /* ---- operands ---- */
    /* t = 0 1 2, exit 3 */
    {"independent bundles", "",
     "mov.4 r33, 1\n mov.4 r34, r33\n add.4 r35, r34, 1 | add.4 r36, r33, 2\n exit chain, 0\n", .total = 4},
    /* mul at 0, its result at 3: the add waits for 1 2; exit 4 */
    {"dependence", "", "mul.4 r33, r1, r3\n add.4 r34, r33, 1\n exit chain, 0\n", .total = 5,
     .stalls = {{CAUSE_DEPENDENCE, 2}}},
    /* both read r1 before either writes: no dependence inside a bundle; exit 1 */
    {"no dependence inside a bundle", "", "mul.4 r33, r1, r3 | add.4 r34, r33, 1\n exit chain, 0\n", .total = 2},
    /* flags of the multiplication are there at 3, too */
    {"dependence through flags", "", "mul.4 r33, r1, r3 ; f1.CO\n setc r34, b, f1\n exit chain, 0\n", .total = 5,
     .stalls = {{CAUSE_DEPENDENCE, 2}}},
    /* a second writer waits for the first: mul 0 (until 3), mov 3, exit 4 */
    {"write after write", "", "mul.4 r33, r1, r3\n mov.4 r33, 5\n exit chain, 0\n", .total = 5,
     .stalls = {{CAUSE_DEPENDENCE, 2}}},
    /* mul 0, mov 1, add waits for one cycle only: 3, exit 4 */
    {"latency partly covered", "", "mul.4 r33, r1, r3\n mov.4 r35, 5\n add.4 r34, r33, 1\n exit chain, 0\n", .total = 5,
     .stalls = {{CAUSE_DEPENDENCE, 1}}},
    /* ld 0 until 3; add 3; exit 4 */
    {"load-use", "", "ld.4 r33, user32 [r1]\n add.4 r34, r33, 1\n exit chain, 0\n", .total = 5,
     .stalls = {{CAUSE_LOAD, 2}}},
    /* alu latency 2: mov 0, add 2, exit 3 */
    {"latency of a class", "core.latency.alu=2", "mov.4 r33, 1\n add.4 r34, r33, 1\n exit chain, 0\n", .total = 4,
     .stalls = {{CAUSE_DEPENDENCE, 1}}},
    /* setf has no integer result, so r0 is there at 1; f1 at 2; the second setc waits for the first to have written: 4
     */
    {"latency of flags alone", "core.latency.alu=2",
     "setf f1.CPAZSO = 68\n mov.4 r33, r0\n setc r34, z, f1\n setc r34, z, f1\n exit chain, 0\n", .total = 6,
     .stalls = {{CAUSE_DEPENDENCE, 1}}},

    /* ---- units ---- */
    /* one divider, busy 0..19: the second division issues at 20; exit 21 */
    {"divider is not pipelined", "", "divu.4 r33, r1, r3\n divu.4 r34, r2, r3\n exit chain, 0\n", .total = 22,
     .stalls = {{CAUSE_UNIT, 19}}},
    /* while it divides, its unit takes atoms of other classes: 0 1 2 */
    {"divider leaves its unit free", "", "divu.4 r33, r1, r3\n mul.4 r34, r1, r3 | add.4 r35, r1, r2\n exit chain, 0\n",
     .total = 3},
    /* pipelined: 0 1 2 */
    {"multiplier is pipelined", "", "mul.4 r33, r1, r3\n mul.4 r34, r2, r3\n exit chain, 0\n", .total = 3},
    {"multiplier interval", "core.interval.mul=2", "mul.4 r33, r1, r3\n mul.4 r34, r2, r3\n exit chain, 0\n",
     .total = 4, .stalls = {{CAUSE_UNIT, 1}}},
    /* two alus, three cycles each: both at 0, so the next at 3; exit 4 */
    {"alu interval, two units", "core.interval.alu=3", "mov.4 r33, 1 | mov.4 r34, 1\n mov.4 r35, 1\n exit chain, 0\n",
     .total = 5, .stalls = {{CAUSE_UNIT, 2}}},
    /* one alu free at 1: first at 0, second at 1 on the other; exit 2 */
    {"alu interval, one unit free", "core.interval.alu=3", "mov.4 r33, 1\n mov.4 r35, 1\n exit chain, 0\n", .total = 3},
    /* both are needed: the one that began at 0 is free at 3; exit 4 */
    {"alu interval, both units needed", "core.interval.alu=3",
     "mov.4 r33, 1\n mov.4 r34, 1 | mov.4 r35, 1\n exit chain, 0\n", .total = 5, .stalls = {{CAUSE_UNIT, 2}}},
    {"load interval", "core.interval.load=2", "ld.4 r33, user32 [r1]\n ld.4 r34, user32 [r2]\n exit chain, 0\n",
     .total = 4, .stalls = {{CAUSE_UNIT, 1}}},
    {"store interval", "core.interval.store=4",
     "st.4 user32 [r1], r3, gated\n st.4 user32 [r2], r3, gated\n exit chain, 0\n", .total = 6,
     .stalls = {{CAUSE_UNIT, 3}}},
    /* the exit is a branch, too: assert 0, exit 2 */
    {"branch interval", "core.interval.branch=2", "assert z, f1\n exit chain, 0\n", .total = 3,
     .stalls = {{CAUSE_UNIT, 1}}},

    /* ---- vectors and floating point; v0-v63 are zero, and so is the control word r26: no exception is masked, and 0 +
     * 0 has none ---- */
    /* each sum waits for the one before: 0 3 6, exit 7 */
    {"dependent fadds", "",
     "fadd v40, v40, v41, r26, 0\n fadd v40, v40, v41, r26, 0\n fadd v40, v40, v41, r26, 0\n exit chain, 0\n",
     .total = 8, .stalls = {{CAUSE_DEPENDENCE, 4}}},
    /* one unit, pipelined: 0 1 2 3, exit 4 */
    {"independent fadds, one unit", "",
     "fadd v40, v40, v48, r26, 0\n fadd v41, v41, v48, r26, 0\n fadd v42, v42, v48, r26, 0\n fadd v43, v43, v48, r26, "
     "0\n"
     "exit chain, 0\n",
     .total = 5},
    /* two units: two a bundle, and the second pair does not wait for the first: 0 1; a third pair that does: 3; exit 4
     */
    {"independent fadds, two units", "core.issue_width=2; core.units=alu+mul+div+load+store+fp+vec alu+fp+branch",
     "fadd v40, v40, v48, r26, 0 | fadd v41, v41, v48, r26, 0\n fadd v42, v42, v48, r26, 0 | fadd v43, v43, v48, r26, "
     "0\n"
     "fadd v40, v40, v48, r26, 0 | fadd v41, v41, v48, r26, 0\n exit chain, 0\n",
     .total = 5, .stalls = {{CAUSE_DEPENDENCE, 1}}},
    /* the divider is free again at 20: 0 20, exit 21 */
    {"fdiv interval", "", "fdiv v40, v40, v41, r3, 0\n fdiv v42, v42, v41, r3, 0\n exit chain, 0\n", .total = 22,
     .stalls = {{CAUSE_UNIT, 19}}},
    /* a divider for each half; a third division waits for the first: 0 (both), 20, exit 21 */
    {"two dividers", "core.issue_width=2; core.units=alu+mul+div+load+store+fdiv alu+fdiv+branch",
     "fdiv v40, v40, v41, r3, 0 | fdiv v42, v42, v41, r3, 0\n fdiv v43, v43, v41, r3, 0\n exit chain, 0\n", .total = 22,
     .stalls = {{CAUSE_UNIT, 19}}},
    /* sums go on beside a division: 0 1 2, exit 3 */
    {"fadds behind fdiv", "",
     "fdiv v40, v40, v41, r3, 0\n fadd v42, v42, v41, r26, 0\n fadd v43, v43, v41, r26, 0\n exit chain, 0\n",
     .total = 4},
    /* the sine is there at 80: 0 80, exit 81 */
    {"ftrig latency", "", "fsin v40, v41, r26\n vmov v42, v40\n exit chain, 0\n", .total = 82,
     .stalls = {{CAUSE_DEPENDENCE, 79}}},
    /* 0 2 4, exit 5 */
    {"vec latency", "", "vadd.4 v40, v41, v41\n vadd.4 v42, v40, v41\n vext.4 r33, v42, 0\n exit chain, 0\n",
     .total = 6, .stalls = {{CAUSE_DEPENDENCE, 2}}},
    /* from one file to the other and back: vfrom 0, vext 2, add 4, exit 5 */
    {"between the files", "", "vfrom.4 v40, r3\n vext.4 r33, v40, 0\n add.4 r34, r33, 1\n exit chain, 0\n", .total = 6,
     .stalls = {{CAUSE_DEPENDENCE, 2}}},
    /* a register on its way is not written again before it is there: 0 3, exit 4 */
    {"vector written twice", "", "fadd v40, v40, v41, r26, 0\n vmov v40, v42\n exit chain, 0\n", .total = 5,
     .stalls = {{CAUSE_DEPENDENCE, 2}}},
    /* ldv 0, vadd 3, exit 4 */
    {"load-use of a vector", "", "ldv.16 v40, user32 [r1]\n vadd.4 v41, v40, v40\n exit chain, 0\n", .total = 5,
     .stalls = {{CAUSE_LOAD, 2}}},
    /* the whole line comes after 8 more: ldv 0, vadd 3+8 = 11, exit 12 */
    {"vector load that misses", L1D, "ldv.16 v40, user32 [r1]\n vadd.4 v41, v40, v40\n exit chain, 0\n", .total = 13,
     .stalls = {{CAUSE_DMISS, 10}}, .stats = {{"memory.l1d.misses", 1}}},
    /* ten bytes, one load: ldv 0, fadd 3, stv 6 (reads the sum), exit 7 */
    {"extended value to memory and back", "",
     "ldv.10 v40, user32 [r1]\n fadd v41, v40, v42, r26, 0\n stv.10 user32 [r1], v41, gated\n exit chain, 0\n",
     .total = 8, .stalls = {{CAUSE_LOAD, 2}, {CAUSE_DEPENDENCE, 2}}, .stats = {{"core.loads", 1}, {"core.stores", 1}}},
    /* A status is there with its value, and each merge reads the control word that the one before has made: fadd 0,
     * fmerge 3, fadd 4 (v40 is there), fmerge 7, exit 8 */
    {"fmerge chain", "",
     "fadd v40, v40, v41, r26, 0 ; f1\n fmerge r33, r33, r26, 2, f1\n fadd v40, v40, v41, r26, 0 ; f2\n"
     "fmerge r33, r33, r26, 2, f2\n exit chain, 0\n",
     .total = 9, .stalls = {{CAUSE_DEPENDENCE, 4}}},
    /* with statuses of their own two chains overlap: fadds 0 1, fmerges 3 4, exit 5 */
    {"fmerges of independent fadds", "",
     "fadd v40, v40, v41, r26, 0 ; f1\n fadd v42, v42, v41, r26, 0 ; f2\n fmerge r33, r33, r26, 2, f1\n"
     "fmerge r33, r33, r26, 2, f2\n exit chain, 0\n",
     .total = 6, .stalls = {{CAUSE_DEPENDENCE, 1}}},
    /* a division by zero, not masked: vfrom 0, fdiv 2, fmerge 22 rolls back: 3 bundles, 1 + 19 cycles, 4 */
    {"fmerge that rolls back", "",
     "vfrom.8 v41, r1\n fdiv v40, v41, v42, r3, 0 ; f1\n fmerge r33, r33, r26, 2, f1\n exit chain, 0\n",
     .exit = HW_ASSERT, .total = 27, .stalls = {{CAUSE_DEPENDENCE, 20}, {CAUSE_ROLLBACK, 4}}},

    /* ---- data cache: 64 KiB in 32-byte lines, an L2 that always hits after 8 ---- */
    /* ld 0, miss known at 3, line at 11; add 11; exit 12 */
    {"L1 miss, L2 hit", L1D, "ld.4 r33, user32 [r1]\n add.4 r34, r33, 1\n exit chain, 0\n", .total = 13,
     .stalls = {{CAUSE_DMISS, 10}}, .stats = {{"memory.l1d.misses", 1}}},
    {"L1 hit", L1D, "ld.4 r33, user32 [r1]\n add.4 r34, r33, 1\n exit chain, 0\n", WARM, .total = 5,
     .stalls = {{CAUSE_LOAD, 2}}, .stats = {{"memory.l1d.misses", 1}}},
    /* L1 3 + L2 8 + memory 50 + a line of 128 bytes on the bus 4 = 65; add 65; exit 66 */
    {"L2 miss", L1D L2, "ld.4 r33, user32 [r1]\n add.4 r34, r33, 1\n exit chain, 0\n", .total = 67,
     .stalls = {{CAUSE_DMISS, 64}}, .stats = {{"memory.l2.misses", 1}, {"memory.dram.reads", 1}}},
    /* no L2: L1 3 + memory 50 + a line of 32 bytes 1 = 54 */
    {"no L2", L1D L2 "memory.l2.size=0", "ld.4 r33, user32 [r1]\n add.4 r34, r33, 1\n exit chain, 0\n", .total = 56,
     .stalls = {{CAUSE_DMISS, 53}}},
    /* nobody uses it: ld 0, exit 1 */
    {"a miss alone stops nothing", L1D, "ld.4 r33, user32 [r1]\n exit chain, 0\n", .total = 2},
    /* lines at 11 and 12; add 12; exit 13 */
    {"two misses overlap", L1D, "ld.4 r33, user32 [r1]\n ld.4 r34, user32 [r2]\n add.4 r35, r33, r34\n exit chain, 0\n",
     .total = 14, .stalls = {{CAUSE_DMISS, 10}}},
    /* both in L2's miss path: requests at 11 and 12; the bus is taken 11..14 and 15..18; data at 11+54=65 and 15+54=69;
     * add 69; exit 70 */
    {"two misses share the bus", L1D L2,
     "ld.4 r33, user32 [r1]\n ld.4 r34, user32 [r2]\n add.4 r35, r33, r34\n exit chain, 0\n", .total = 71,
     .stalls = {{CAUSE_DMISS, 67}}},
    /* same line: one miss; the second load's data come with it, at 11; add 11 */
    {"miss to a line on its way", L1D,
     "ld.4 r33, user32 [r1]\n ld.4 r34, user32 [r1 + 8]\n add.4 r35, r34, 1\n exit chain, 0\n", .total = 13,
     .stalls = {{CAUSE_DMISS, 9}}, .stats = {{"memory.l1d.misses", 1}, {"memory.l1d.merges", 1}}},
    /* one register, taken until 11: the second load, at 1, stops the machine until 11; exit 12 */
    {"miss register taken", L1D "memory.l1d.mshrs=1", "ld.4 r33, user32 [r1]\n ld.4 r34, user32 [r2]\n exit chain, 0\n",
     .total = 13, .stalls = {{CAUSE_MSHR, 10}}, .stats = {{"memory.l1d.mshr_full", 1}}},
    /* direct-mapped, one line. ld 0 until 11. The next page misses, too: asked at 1, there at 12. Back again: 2, 13 */
    {"conflict misses", L1D "memory.l1d.size=32; memory.l1d.ways=1",
     "ld.4 r33, user32 [r1]\n ld.4 r34, user32 [r2]\n ld.4 r35, user32 [r1]\n add.4 r36, r35, 1\n exit chain, 0\n",
     .total = 15, .stalls = {{CAUSE_DMISS, 10}}, .stats = {{"memory.l1d.misses", 3}}},
    /* One line of 32 bytes, no L2. st 0, commit 1; the store drains at 2 (the port is free at 2, when the load wants it
     * the drain has not begun: loads go first, so it drains at 3, after the load's bundle). So: ld [r2] at 2 misses:
     * asked of memory at 5, there at 5+50+1 = 56. Drain at 3 misses: its line replaces the clean one, asked at 6, on
     * the bus at 6, there at 57. add 56 (dmiss 3..55 = 53). ld [r2] at 57 must evict the dirty line: written at 60, bus
     * taken 60; fetched from 61: there at 61+51 = 112; add 112 (dmiss 58..111 = 54); exit 113. */
    {"write-back of a dirty line", L1D L2 "memory.l2.size=0; memory.l1d.size=32; memory.l1d.ways=1",
     "st.4 user32 [r1], r3, gated\n commit entry\n ld.4 r33, user32 [r2]\n add.4 r34, r33, 1\n ld.4 r33, user32 [r2]\n "
     "add.4 r34, r33, 1\n"
     "exit chain, 0\nentry:\n.commit 0x1000, 1\n",
     .total = 114, .stalls = {{CAUSE_DMISS, 107}}, .stats = {{"memory.l1d.writebacks", 1}, {"memory.dram.writes", 1}}},
    /* One line, an L2 that hits after 8. ld 0, add 11 (dmiss 10), st 12, commit 13; the drain hits at 14 and makes the
     * line dirty; nop 14 15; ld 16 drives it out: add 27 (dmiss 10), exit 28 */
    {"a store that hits makes its line dirty", L1D "memory.l1d.size=32; memory.l1d.ways=1",
     "ld.4 r33, user32 [r1]\n add.4 r34, r33, 1\n st.4 user32 [r1], r3, gated\n commit entry\n nop\n nop\n ld.4 r33, "
     "user32 [r2]\n"
     "add.4 r34, r33, 1\n exit chain, 0\nentry:\n.commit 0x1000, 1\n",
     .total = 29, .stalls = {{CAUSE_DMISS, 20}}, .stats = {{"memory.l1d.writebacks", 1}}},
    /* written through: the drain at 3 misses and does not allocate; the second load of [r2] hits: add 56, ld 57, add 60
     */
    {"write-through", L1D L2 "memory.l2.size=0; memory.l1d.size=32; memory.l1d.ways=1; memory.l1d.write=through",
     "st.4 user32 [r1], r3, gated\n commit entry\n ld.4 r33, user32 [r2]\n add.4 r34, r33, 1\n ld.4 r33, user32 [r2]\n "
     "add.4 r34, r33, 1\n"
     "exit chain, 0\nentry:\n.commit 0x1000, 1\n",
     .total = 62, .stalls = {{CAUSE_DMISS, 53}, {CAUSE_LOAD, 2}},
     .stats = {{"memory.l1d.writebacks", 0}, {"memory.dram.writes", 1}}},

    /* ---- alignment ---- */
    {"unaligned", "memory.cost.unaligned=2", "ld.4 r33, user32 [r1 + 1]\n exit chain, 0\n", .total = 4,
     .stalls = {{CAUSE_UNALIGNED, 2}}, .stats = {{"memory.unaligned", 1}}},
    /* ld at 0 stops the machine until 1, and takes two lines */
    {"line-crossing", L1D, "ld.4 r33, user32 [r1 + 30]\n exit chain, 0\n", WARM, .total = 3,
     .stalls = {{CAUSE_UNALIGNED, 1}}, .stats = {{"memory.line_crosses", 2}, {"memory.l1d.misses", 2}}},
    {"page-crossing load", "", "ld.4 r33, user32 [r1 + 4094]\n exit chain, 0\n", .total = 6,
     .stalls = {{CAUSE_UNALIGNED, 4}}, .stats = {{"memory.page_crosses", 1}}},
    {"page-crossing store", "", "st.4 user32 [r1 + 4094], r3, gated\n exit chain, 0\n", .total = 6,
     .stalls = {{CAUSE_UNALIGNED, 4}}},

    /* ---- TLB: a walk takes 10 cycles and reads two entries through the data cache (3 each when it always hits) ----
     */
    /* translation known at 16, data at 19; add 19; exit 20 */
    {"TLB miss", TLB, "ld.4 r33, user32 [r1]\n add.4 r34, r33, 1\n exit chain, 0\n", .total = 21,
     .stalls = {{CAUSE_TLB, 18}}, .stats = {{"memory.tlb.misses", 1}, {"memory.tlb.walk_reads", 2}}},
    {"TLB hit", TLB, "ld.4 r33, user32 [r1]\n add.4 r34, r33, 1\n exit chain, 0\n", WARM, .total = 5,
     .stalls = {{CAUSE_LOAD, 2}}},
    /* the page is being walked for already: both are known at 16; data 19; add 19; exit 20 */
    {"second access to a page on its way", TLB,
     "ld.4 r33, user32 [r1]\n ld.4 r34, user32 [r1 + 64]\n add.4 r35, r34, 1\n exit chain, 0\n", .total = 21,
     .stalls = {{CAUSE_TLB, 17}}, .stats = {{"memory.tlb.misses", 1}}},
    /* one walker: known at 16 and 32; data at 35; add 35, exit 36 */
    {"one page walker", TLB, "ld.4 r33, user32 [r1]\n ld.4 r34, user32 [r2]\n add.4 r35, r34, 1\n exit chain, 0\n",
     .total = 37, .stalls = {{CAUSE_TLB, 33}}},
    /* the walk's reads miss L1: 10 + 11 + 11 = 32; then the data miss: 43; add 43; exit 44 */
    {"page walk through the cache", TLB L1D, "ld.4 r33, user32 [r1]\n add.4 r34, r33, 1\n exit chain, 0\n", .total = 45,
     .stalls = {{CAUSE_DMISS, 42}}, .stats = {{"memory.l1d.misses", 3}}},
    /* direct-mapped, one entry: the second page drives the first out. Known at 16; 32; 48: data 51; add 51; exit 52 */
    {"TLB conflict", TLB "memory.tlb.entries=1; memory.tlb.ways=1",
     "ld.4 r33, user32 [r1]\n ld.4 r34, user32 [r2]\n ld.4 r35, user32 [r1]\n add.4 r36, r35, 1\n exit chain, 0\n",
     .total = 53, .stalls = {{CAUSE_TLB, 48}}, .stats = {{"memory.tlb.misses", 3}}},

    /* ---- branches ---- */
    /* br 0, bubble 1, exit 2 */
    {"taken branch", "", "br next\n nop\n next:\n exit chain, 0\n", .total = 3, .stalls = {{CAUSE_BRANCH, 1}}},
    {"perfect, not taken", "", "brc z, f1, next\n nop\n next:\n exit chain, 0\n", .total = 3,
     .stats = {{"core.branch.conditional", 1}, {"core.branch.taken", 0}}},
    {"perfect, taken", "", "brc nz, f1, next\n nop\n next:\n exit chain, 0\n", .total = 3,
     .stalls = {{CAUSE_BRANCH, 1}}},
    /* forward: predicted not taken: 6 */
    {"static, forward taken", "core.branch.predictor=static", "brc nz, f1, next\n nop\n next:\n exit chain, 0\n",
     .total = 8, .stalls = {{CAUSE_BRANCH, 6}}, .stats = {{"core.branch.mispredicts", 1}}},
    {"static, forward not taken", "core.branch.predictor=static", "brc z, f1, next\n nop\n next:\n exit chain, 0\n",
     .total = 3},
    /* three times round: sub, brc taken (1), sub, brc taken (1), sub, brc not taken, though predicted (6); exit */
    {"static, backward", "core.branch.predictor=static",
     "again:\n sub.4 r3, r3, 1 ; f0.CPAZSO\n brc nz, f0, again\n commit entry\n exit chain, 0\n"
     "entry:\n.commit 0x1000, 1\n",
     .total = 16, .stalls = {{CAUSE_BRANCH, 8}}, .stats = {{"core.branch.mispredicts", 1}}},
    /* counters begin weakly not taken: taken is mispredicted once, then known */
    {"bimodal, first time", "core.branch.predictor=bimodal", "brc nz, f1, next\n nop\n next:\n exit chain, 0\n",
     .total = 8, .stalls = {{CAUSE_BRANCH, 6}}, .stats = {{"core.branch.mispredicts", 1}}},
    {"bimodal, learned", "core.branch.predictor=bimodal", "brc nz, f1, next\n nop\n next:\n exit chain, 0\n", WARM,
     .total = 3, .stalls = {{CAUSE_BRANCH, 1}}, .stats = {{"core.branch.mispredicts", 1}}},
    /* A branch that is taken every other time, 8 times round a loop whose own branch is taken 7 times. bimodal: the
     * alternating counter starts at 1: not taken (right, 0), taken (wrong, 1), not taken (right, 0), ...: wrong each of
     * its 4 times taken. The loop's: wrong first (1 to 2), then right 6 times, wrong at the end. 6 mispredictions, 36
     * cycles; taken and right 6 times, 6 cycles. Bundles: 1 + 8 * 4 + 1. */
    {"bimodal, alternating", "core.branch.predictor=bimodal",
     "mov.4 r33, 8\n again:\n and.4 r34, r33, 1 ; f1.CPAZSO\n brc nz, f1, odd\n odd:\n sub.4 r33, r33, 1 ; f2.CPAZSO\n "
     "brc nz, f2, again\n exit chain, 0\n",
     .total = 76, .stalls = {{CAUSE_BRANCH, 42}}, .stats = {{"core.branch.mispredicts", 6}}},
    /* The same under two outcomes of history (what the alternating branch did, then the loop's). Round 1: alternating
     * right; loop wrong. 2: alternating (after 0 1) wrong; loop (after 1 1) wrong. 3: alternating (1 1) right; loop (1
     * 0) wrong. From 4 on all is known, but for the loop's end: 5 mispredictions, 30 cycles; taken and right:
     * alternating in rounds 4 6 8, loop in 4..7: 7 cycles. NOPs keep the two branches from sharing counters. Bundles: 1
     * + 8 * 7 + 1. */
    {"gshare, alternating", "core.branch.predictor=gshare; core.branch.history=2",
     "mov.4 r33, 8\n again:\n and.4 r34, r33, 1 ; f1.CPAZSO\n brc nz, f1, odd\n odd:\n nop\n nop\n nop\n sub.4 r33, "
     "r33, 1 ; f2.CPAZSO\n brc nz, f2, again\n"
     "exit chain, 0\n",
     .total = 95, .stalls = {{CAUSE_BRANCH, 37}}, .stats = {{"core.branch.mispredicts", 5}}},
    /* Line 0: seven additions of 8 bytes, NOP, brc; line 1: the exit, of 12 bytes, and six additions and a NOP; line 2.
     * Line 0 is there at 8: 8..14, nop 15, brc 16: mispredicted, 17..22. Line 2 is asked for at 23, there at 31: br 31,
     * bubble 32. The wrong path asked for line 1 at 17, so it is there at 25: exit 33. */
    {"wrong path is fetched", L1I "core.branch.predictor=static; core.branch.wrong_path_fetch=true",
     SEVEN_ADDS "nop\n brc nz, f1, next\n fall:\n exit chain, 0\n" SIX_ADDS "nop\n next:\n br fall\n", .total = 34,
     .stalls = {{CAUSE_IFETCH, 16}, {CAUSE_BRANCH, 7}}, .stats = {{"core.branch.wrong_path_lines", 1}}},
    /* else it is asked for at 33: exit 41 */
    {"wrong path is not fetched", L1I "core.branch.predictor=static;",
     SEVEN_ADDS "nop\n brc nz, f1, next\n fall:\n exit chain, 0\n" SIX_ADDS "nop\n next:\n br fall\n", .total = 42,
     .stalls = {{CAUSE_IFETCH, 24}, {CAUSE_BRANCH, 7}}, .stats = {{"core.branch.wrong_path_lines", 0}}},

    /* ---- indirect ---- */
    /* jmpx 0, lookup 1..3, next bundle 4 */
    {"JTLB miss", "", "jmpx r1\n exit chain, 0\n", .total = 5, .stalls = {{CAUSE_INDIRECT, 3}},
     .stats = {{"core.jtlb.hits", 0}, {"core.jtlb.lookups", 1}}},
    {"JTLB hit", "", "jmpx r1\n nop\n nop\n nop\n exit chain, 0\n", .total = 5, .stalls = {{CAUSE_INDIRECT, 3}},
     .stats = {{"core.jtlb.hits", 1}}, .prepare = jtlb_target},
    {"JTLB, other context", "", "jmpx r1\n exit chain, 0\n", .total = 5, .stalls = {{CAUSE_INDIRECT, 3}},
     .stats = {{"core.jtlb.hits", 0}}, .prepare = jtlb_other_context},
    /* lookup 3, then the full comparison says no: 6 */
    {"JTLB, false match", "core.jtlb.entries=4; core.jtlb.ways=1; core.jtlb.tag_bits=1", "jmpx r1\n exit chain, 0\n",
     .total = 11, .stalls = {{CAUSE_INDIRECT, 9}}, .stats = {{"core.jtlb.false_hits", 1}}, .prepare = jtlb_false},
    /* call 0, ret 1, bubble 2, exit 3 */
    {"DRAS hit", "", "call r1, back\n ret r1\n nop\n nop\n back:\n exit chain, 0\n", .total = 4,
     .stalls = {{CAUSE_INDIRECT, 1}}, .stats = {{"core.dras.hits", 1}}},
    /* the popped address is not r2's: call 0, ret 1, bubble 2..7, exit 8 */
    {"DRAS mismatch", "", "call r1, back\n ret r2\n exit chain, 0\n back:\n exit chain, 1\n", .total = 9,
     .stalls = {{CAUSE_INDIRECT, 6}}, .stats = {{"core.dras.hits", 0}, {"core.dras.pops", 1}}},
    {"DRAS empty", "", "ret r1\n exit chain, 0\n", .total = 8, .stalls = {{CAUSE_INDIRECT, 6}}},
    /* two entries, three calls: the oldest is overwritten. call 0 1 2; ret 3 hit (4); ret 5 hit (6); ret 7 empty
       (8..13); exit 14 */
    {"DRAS overflow, wrap", "core.dras.depth=2",
     "call 1, a\n call 2, b\n call r3, c\n ret r3\n exit chain, 9\n c:\n mov.4 r33, 2 | mov.4 r34, 1\n"
     "ret r33\n exit chain, 9\n b:\n ret r34\n exit chain, 0\n a:\n exit chain, 9\n",
     .total = 16, .stalls = {{CAUSE_INDIRECT, 8}}, .stats = {{"core.dras.hits", 2}, {"core.dras.overflows", 1}}},
    /* the third call is dropped, and so is its pop: call 0 1 2; ret 3 miss (4..9); mov 10; ret 11 hit (12); ret 13 hit
       (14); exit 15 */
    {"DRAS overflow, drop", "core.dras.depth=2; core.dras.overflow=drop",
     "call 1, a\n call 2, b\n call r3, c\n ret r3\n mov.4 r33, 2 | mov.4 r34, 1\n ret r33\n c:\n exit chain, 9\n b:\n "
     "ret r34\n exit chain, 9\n"
     "a:\n exit chain, 0\n",
     .total = 16, .stalls = {{CAUSE_INDIRECT, 8}}, .stats = {{"core.dras.hits", 2}, {"core.dras.overflows", 1}}},

    /* ---- instruction cache: lines of 64 bytes, L2 after 8 ---- */
    /* line 0 at 8; exit 9 */
    {"I-cache miss", L1I, "mov.4 r33, 1\n exit chain, 0\n", .total = 10, .stalls = {{CAUSE_IFETCH, 8}},
     .stats = {{"memory.l1i.misses", 1}}},
    {"I-cache hit", L1I, "mov.4 r33, 1\n exit chain, 0\n", WARM, .total = 2, .stats = {{"memory.l1i.misses", 1}}},
    /* Bundles of 8 bytes: bytes 0..7, 8..15, ..., 48..55; the exit has 12: 56..67, in two lines. Line 0 at 8;
     * bundles 8..14; the exit would issue at 15, line 1 is there at 23. */
    {"bundle across two lines", L1I,
     "add.4 r33, r33, 0x12345678\n add.4 r33, r33, 0x12345678\n add.4 r33, r33, 0x12345678\n add.4 r33, r33, "
     "0x12345678\n"
     "add.4 r33, r33, 0x12345678\n add.4 r33, r33, 0x12345678\n add.4 r33, r33, 0x12345678\n exit chain, 0\n",
     .total = 24, .stalls = {{CAUSE_IFETCH, 16}}, .stats = {{"memory.l1i.misses", 2}, {"memory.l1i.fetches", 2}}},
    /* Padded to four atoms, a bundle takes 16 bytes: four bundles a line. 8; 8..11; the fifth in the next line */
    {"padded bundles", L1I "core.bundle_format=padded",
     "mov.4 r33, 1\n mov.4 r34, 1\n mov.4 r35, 1\n mov.4 r36, 1\n exit chain, 0\n", .total = 21,
     .stalls = {{CAUSE_IFETCH, 16}}, .stats = {{"core.nops", 15}}},

    /* ---- commit ---- */
    {"commit", "", "mov.4 r0, 1\n commit entry\n exit chain, 0\nentry:\n.commit 0x1000, 1\n", .total = 3,
     .stats = {{"core.insns", 1}}},
    {"commit that takes longer", "core.commit.cycles=2", "commit entry\n exit chain, 0\nentry:\n.commit 0x1000, 1\n",
     .total = 4, .stalls = {{CAUSE_COMMIT, 2}}},
    /* the commit does not wait for the data: 0 1 2; but their user does: 11 */
    {"commit with a load in flight", L1D,
     "ld.4 r0, user32 [r1]\n commit entry\n add.4 r33, r0, 1\n exit chain, 0\nentry:\n.commit 0x1000, 1\n", .total = 13,
     .stalls = {{CAUSE_DMISS, 9}}},
    /* ... but for the translation, which may fault: known at 16, the commit bundle ends there; exit 17 */
    {"commit waits for a page walk", TLB,
     "ld.4 r0, user32 [r1]\n commit entry\n exit chain, 0\nentry:\n.commit 0x1000, 1\n", .total = 18,
     .stalls = {{CAUSE_COMMIT, 15}}},
    /* a second checkpoint takes the wait; the next commit has it */
    {"commit under a second checkpoint", TLB "core.checkpoints=2",
     "ld.4 r0, user32 [r1]\n commit entry\n exit chain, 0\nentry:\n.commit 0x1000, 1\n", .total = 3},
    {"third commit of two checkpoints", TLB "core.checkpoints=2",
     "ld.4 r0, user32 [r1]\n commit entry\n commit entry\n exit chain, 0\nentry:\n.commit 0x1000, 1\n", .total = 18,
     .stalls = {{CAUSE_COMMIT, 14}}},

    /* the commit is outstanding until 16, and its store with it: the next one finds no entry at 2; the first drains at
     * 16; exit 18 */
    {"stores of an outstanding commit", TLB "core.checkpoints=2; core.gate.entries=1",
     "st.4 user32 [r1], r3, gated\n commit entry\n st.4 user32 [r1 + 8], r3, gated\n exit chain, 0\nentry:\n.commit "
     "0x1000, 1\n",
     .total = 19, .stalls = {{CAUSE_STORE, 15}}},

    /* ---- gated stores ---- */
    /* st 0, ld 1: bytes come from the buffer after 5: 6; add 6; exit 7 */
    {"forwarding", "core.gate.forward_latency=5",
     "st.4 user32 [r1], r3, gated\n ld.4 r33, user32 [r1]\n add.4 r34, r33, 1\n exit chain, 0\n", .total = 8,
     .stalls = {{CAUSE_LOAD, 4}}, .stats = {{"core.gate.forwards", 1}, {"core.gate.forwards_mixed", 0}}},
    /* two bytes from the buffer (at 6), two from memory (at 4) */
    {"forwarding in part", "core.gate.forward_latency=5",
     "st.2 user32 [r1], r3, gated\n ld.4 r33, user32 [r1]\n add.4 r34, r33, 1\n exit chain, 0\n", .total = 8,
     .stalls = {{CAUSE_LOAD, 4}}, .stats = {{"core.gate.forwards", 1}, {"core.gate.forwards_mixed", 1}}},
    /* sixteen bytes are two entries; both give their half after 5: st 0, ld 1, vmov 6, exit 7 */
    {"forwarding of a vector", "core.gate.forward_latency=5",
     "stv.16 user32 [r1], v40, gated\n ldv.16 v41, user32 [r1]\n vmov v42, v41\n exit chain, 0\n", .total = 8,
     .stalls = {{CAUSE_LOAD, 4}}, .stats = {{"core.gate.forwards", 1}, {"core.gate.forwards_mixed", 1}}},
    {"forwarding of half a vector", "core.gate.forward_latency=5",
     "stv.16 user32 [r1], v40, gated\n ldv.8 v41, user32 [r1 + 8]\n vmov v42, v41\n exit chain, 0\n", .total = 8,
     .stalls = {{CAUSE_LOAD, 4}}, .stats = {{"core.gate.forwards", 1}, {"core.gate.forwards_mixed", 0}}},
    /* a word from the buffer at 6, twelve bytes from memory, which misses, at 1+3+8 = 12: st 0, ld 1, vmov 12, exit 13
     */
    {"forwarding of a part behind a miss", L1D "core.gate.forward_latency=5",
     "st.4 user32 [r1 + 4], r3, gated\n ldv.16 v41, user32 [r1]\n vmov v42, v41\n exit chain, 0\n", .total = 14,
     .stalls = {{CAUSE_DMISS, 10}}, .stats = {{"core.gate.forwards", 1}, {"core.gate.forwards_mixed", 1}}},
    /* no forwarding: st 0, commit 1; the load at 2 finds the committed store: it drains at 2, free at 3; ld from 3:
       data 6; exit 7 */
    {"no forwarding, committed store", "core.gate.forward=false",
     "st.4 user32 [r1], r3, gated\n commit entry\n ld.4 r33, user32 [r1]\n add.4 r34, r33, 1\n exit chain, "
     "0\nentry:\n.commit 0x1000, 1\n",
     .total = 8, .stalls = {{CAUSE_STORE, 1}, {CAUSE_LOAD, 2}}},
    /* st 0, ld 1 cannot be: rolled back, two bundles and 4 cycles */
    {"no forwarding, gated store", "core.gate.forward=false",
     "st.4 user32 [r1], r3, gated\n ld.4 r33, user32 [r1]\n exit chain, 0\n", .exit = HW_GATE, .total = 6,
     .stalls = {{CAUSE_ROLLBACK, 4}}},
    /* two entries: st 0 1, commit 2 (they may drain from 3). The third store, at 3, waits until the first has drained,
     * at 3: free at 4. Exit 5 */
    {"store buffer full", "core.gate.entries=2",
     "st.4 user32 [r1], r3, gated\n st.4 user32 [r1 + 8], r3, gated\n commit entry\n st.4 user32 [r2], r3, gated\n "
     "exit chain, 0\nentry:\n.commit 0x1000, 1\n",
     .total = 6, .stalls = {{CAUSE_STORE, 1}}, .stats = {{"core.gate.full", 1}, {"core.gate.peak", 2}}},
    /* the same, but the first store misses: drain at 3, line at 3+3+8 = 14; store until 14; exit 15 */
    {"store buffer full behind a miss", L1D "core.gate.entries=2",
     "st.4 user32 [r1], r3, gated\n st.4 user32 [r1 + 8], r3, gated\n commit entry\n st.4 user32 [r2], r3, gated\n "
     "exit chain, 0\nentry:\n.commit 0x1000, 1\n",
     .total = 16, .stalls = {{CAUSE_STORE, 11}}},
    /* two entries: stv 0, commit 1; the second stv, at 2, waits for the first half to drain at 2, free at 3, and for
     * the other, at 3, free at 4; exit 5 */
    {"store buffer full of a vector", "core.gate.entries=2",
     "stv.16 user32 [r1], v40, gated\n commit entry\n stv.16 user32 [r2], v40, gated\n"
     "exit chain, 0\nentry:\n.commit 0x1000, 1\n",
     .total = 6, .stalls = {{CAUSE_STORE, 2}},
     .stats = {{"core.gate.full", 1}, {"core.gate.peak", 2}, {"core.stores", 2}}},
    /* a cycle later the first has drained (in cycle 3): 0 1 2 3 4, exit 5 */
    {"store buffer drains in time", "core.gate.entries=2",
     "st.4 user32 [r1], r3, gated\n st.4 user32 [r1 + 8], r3, gated\n commit entry\n nop\n st.4 user32 [r2], r3, "
     "gated\n exit chain, 0\nentry:\n.commit 0x1000, 1\n",
     .total = 6, .stats = {{"core.gate.full", 0}}},
    /* the stores have drained in cycles 3 and 4, before the load takes the port at 5: 0..6, exit 7 */
    {"drains use idle cycles", "core.gate.entries=2",
     "st.4 user32 [r1], r3, gated\n st.4 user32 [r1 + 8], r3, gated\n commit entry\n nop\n nop\n ld.4 r33, user32 [r2 "
     "+ 64]\n st.4 user32 [r2], r3, gated\n"
     "exit chain, 0\nentry:\n.commit 0x1000, 1\n",
     WARM, .total = 8},
    /* the load at 3 takes the only data port, so the drain is at 4: the store at 4 waits until 5; exit 6 */
    {"a load takes the port of a drain", "core.gate.entries=2",
     "st.4 user32 [r1], r3, gated\n st.4 user32 [r1 + 8], r3, gated\n commit entry\n ld.4 r33, user32 [r2 + 64]\n st.4 "
     "user32 [r2], r3, gated\n exit chain, 0\n"
     "entry:\n.commit 0x1000, 1\n",
     WARM, .total = 7, .stalls = {{CAUSE_STORE, 1}}},
    /* with two ports it need not wait */
    {"two ports", "core.gate.entries=2; core.units=alu+mul+div load+store load+store branch",
     "st.4 user32 [r1], r3, gated\n st.4 user32 [r1 + 8], r3, gated\n commit entry\n ld.4 r33, user32 [r2 + 64]\n st.4 "
     "user32 [r2], r3, gated\n exit chain, 0\n"
     "entry:\n.commit 0x1000, 1\n",
     WARM, .total = 6},
    /* st 0, st 1 has no entry to wait for: rolled back */
    {"store buffer overflows", "core.gate.entries=1",
     "st.4 user32 [r1], r3, gated\n st.4 user32 [r2], r3, gated\n exit chain, 0\n", .exit = HW_GATE, .total = 6,
     .stalls = {{CAUSE_ROLLBACK, 4}}, .stats = {{"core.rollback.gate", 1}}},
    {"store buffer full, rollback", "core.gate.entries=1; core.gate.overflow=rollback",
     "st.4 user32 [r1], r3, gated\n commit entry\n st.4 user32 [r2], r3, gated\n exit chain, 0\nentry:\n.commit "
     "0x1000, 1\n",
     .exit = HW_GATE, .total = 7, .stalls = {{CAUSE_ROLLBACK, 4}}},

    /* ---- rollback ---- */
    /* mov 0, assert 1 fails: 2 squashed cycles, 4 to restore */
    {"rollback", "", "mov.4 r0, 1\n assert nz, f1\n exit chain, 0\n", .exit = HW_ASSERT, .total = 6,
     .stalls = {{CAUSE_ROLLBACK, 4}}, .stats = {{"core.squashed_bundles", 2}, {"core.rollback.assert", 1}}},
    {"alias hit", "", "ld.4 r33, user32 [r1 + 2], protect 2\n st.4 user32 [r1], r3, check 0x4, gated\n exit chain, 0\n",
     .exit = HW_ALIAS, .total = 6, .stalls = {{CAUSE_ROLLBACK, 4}}, .stats = {{"core.rollback.alias", 1}}},
    /* beside it, or under an entry that the store does not check, there is no hit */
    {"alias miss", "",
     "ld.2 r33, user32 [r1 + 4], protect 2\n ld.4 r34, user32 [r1], protect 1\n st.4 user32 [r1], r3, check 0x4, "
     "gated\n exit chain, 0\n",
     .total = 4},
    /* a rotation is a bundle like any other: ld 0, rotate 1, the store 2 no longer finds the load; exit 3 */
    {"alias queue rotated", "core.alias.kind=queue",
     "ld.4 r33, user32 [r1], protect 2\n rotate 3\n st.4 user32 [r1], r3, check from 0, gated\n exit chain, 0\n",
     .total = 4, .stats = {{"core.alias.arms", 1}, {"core.alias.checks", 1}, {"core.alias.rotates", 1}}},
    {"alias queue hit", "core.alias.kind=queue",
     "ld.4 r33, user32 [r1], protect 2\n st.4 user32 [r1], r3, check from 1, gated\n exit chain, 0\n", .exit = HW_ALIAS,
     .total = 6, .stalls = {{CAUSE_ROLLBACK, 4}}, .stats = {{"core.rollback.alias", 1}}},
    /* a check takes the slot of a load: ld 0, check 1 beside an ALU's atom, ld 2; the store 3 removes the entry of that,
     * for which nobody asks; exit 4 */
    {"alias check", "core.alias.kind=alat",
     "ld.4 r33, user32 [r1], protect 2\n chka 2 | mov.4 r34, 1\n ld.4 r35, user32 [r1], protect 2\n st.4 user32 [r1], "
     "r3, gated\n exit chain, 0\n",
     .total = 5, .stats = {{"core.alias.arms", 2}, {"core.alias.checks", 1}, {"core.atoms", 6}}},
    /* ld 0, the store 1 goes on, whatever it overlaps; check 2 does not find the entry: 3 squashed, 4 to restore */
    {"alias check fails", "core.alias.kind=alat",
     "ld.4 r33, user32 [r1 + 2], protect 2\n st.4 user32 [r1], r3, gated\n chka 2\n exit chain, 0\n", .exit = HW_ALIAS,
     .total = 7, .stalls = {{CAUSE_ROLLBACK, 4}},
     .stats = {{"core.rollback.alias", 1}, {"core.alias.checks", 1}, {"core.squashed_bundles", 3}}},
    /* load units that are not pipelined are busy with checks, too: ld 0, the check waits until 2, exit 3 */
    {"alias check, interval", "core.alias.kind=alat; core.interval.load=2",
     "ld.4 r33, user32 [r1], protect 2\n chka 2\n exit chain, 0\n", .total = 4, .stalls = {{CAUSE_UNIT, 1}}},
    /* the faulting load's own walk is waited for: known at 16; cycles 0..16 squashed, 4 to restore */
    {"fault behind a page walk", TLB, "ld.4 r33, user32 [r3]\n exit chain, 0\n", .exit = HW_FAULT, .total = 21,
     .stalls = {{CAUSE_TLB, 16}, {CAUSE_ROLLBACK, 4}}},

    /* ---- exposed latencies ---- */
    /* the schedule waits itself: 0 1 2 3, exit 4 */
    {"exposed", "core.interlocks=exposed", "ld.4 r33, user32 [r1]\n nop\n nop\n add.4 r34, r33, 1\n exit chain, 0\n",
     .total = 5},
    /* the load's line comes 8 later than it should: the machine stops for that, then goes on: 0, 9 10 11, exit 12 */
    {"exposed, miss", L1D "core.interlocks=exposed",
     "ld.4 r33, user32 [r1]\n nop\n nop\n add.4 r34, r33, 1\n exit chain, 0\n", .total = 13,
     .stalls = {{CAUSE_DMISS, 8}}},
    /* mul 0 (3 bundles), the load's stop does not bring it nearer, nor does it matter: 0, 1..9, 10, 11 */
    {"exposed, stop freezes latencies", L1D "core.interlocks=exposed",
     "mul.4 r35, r1, r3\n ld.4 r33, user32 [r1]\n nop\n add.4 r34, r35, 1\n exit chain, 0\n", .total = 13,
     .stalls = {{CAUSE_DMISS, 8}}},
};

static uint64_t stat_of(struct rig *rig, const char *path)
{
    struct machine_stats stats = rig_stats(rig);
    for (unsigned i = 0; i < machine_stat_count; i++)
        if (strcmp(machine_stat_table[i].path, path) == 0)
            return *(uint64_t *)((char *)&stats + machine_stat_table[i].offset);
    fail_msg("no statistic %s", path);
    return 0;
}

static const char *const cause_names[CAUSES] = {
#define CAUSE(name, key, meaning) key,
#include "hwsim/causes.def"
#undef CAUSE
};

static void check_kernel(void **state)
{
    const struct kernel *kernel = *state;
    struct rig *rig = rig_create(kernel->settings);
    rig_load(rig, kernel->text);
    if (kernel->prepare) kernel->prepare(rig);
    struct hw_exit exit;
    if (kernel->flags & WARM) {
        exit = rig_run(rig);
        assert_int_equal(exit.kind, kernel->exit);
        hw_rollback(rig->core);                   /* what was not committed goes, */
        hw_charge(rig->core, WORK_BOOT, 1000, 0); /* what is on its way arrives */
    }
    uint64_t start = machine_cycle(rig->machine), before[CAUSES], expected[CAUSES] = {0};
    for (unsigned cause = 0; cause < CAUSES; cause++) before[cause] = rig_cause(rig, cause);
    exit = rig_run(rig);
    uint64_t total = machine_cycle(rig->machine) - start, issue = kernel->total;
    for (unsigned i = 0; i < LENGTH(kernel->stalls); i++) {
        expected[kernel->stalls[i].cause] += kernel->stalls[i].cycles;
        issue -= kernel->stalls[i].cycles;
    }
    expected[CAUSE_ISSUE] += issue;
    for (unsigned cause = 0; cause < CAUSES; cause++) {
        uint64_t got = rig_cause(rig, cause) - before[cause];
        if (got != expected[cause])
            print_error("%s: %s: %llu cycles, %llu expected\n", kernel->name, cause_names[cause],
                        (unsigned long long)got, (unsigned long long)expected[cause]);
    }
    assert_int_equal(total, kernel->total);
    for (unsigned cause = 0; cause < CAUSES; cause++)
        assert_int_equal(rig_cause(rig, cause) - before[cause], expected[cause]);
    uint64_t sum = 0;
    for (unsigned activity = 0; activity < ACTIVITIES; activity++) sum += rig_activity(rig, (enum hw_activity)activity);
    assert_int_equal(sum, machine_cycle(rig->machine));
    assert_int_equal(exit.kind, kernel->exit);
    if (exit.kind == HW_EXIT) assert_int_not_equal(exit.number, 9); /* the wrong way out */
    for (unsigned i = 0; i < LENGTH(kernel->stats) && kernel->stats[i].stat; i++)
        assert_int_equal(stat_of(rig, kernel->stats[i].stat), kernel->stats[i].value);
    rig_destroy(rig);
}

int main(void)
{
    static struct CMUnitTest tests[LENGTH(kernels)];
    for (unsigned i = 0; i < LENGTH(kernels); i++)
        tests[i] = (struct CMUnitTest){kernels[i].name, check_kernel, NULL, NULL, (void *)&kernels[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
