/* scoreboard.c -- when a bundle may issue: operands and units. Registers are waited for by readers and by the next
 * writer. `pending` holds a superset of the registers on their way, so that most bundles never come here. */
#include "hwsim/core/core.h"

void scoreboard_freeze(struct hw_core *core, uint64_t cycles)
{
    for (uint64_t regs = core->pending & ~USES_SLOW; regs; regs &= regs - 1)
        core->ready[__builtin_ctzll(regs)] += cycles << 4;
    for (uint64_t flags = core->pending_flags; flags; flags &= flags - 1)
        core->ready_flags[__builtin_ctzll(flags)] += cycles << 4;
    for (uint64_t regs = core->pending_vector; regs; regs &= regs - 1)
        core->ready[REG_VECTOR + __builtin_ctzll(regs)] += cycles << 4;
}

/* Cycles until which the bundle waits, per cause of waiting for an operand. */
enum { FIRST_CAUSE = CAUSE_DMISS, LAST_CAUSE = CAUSE_DEPENDENCE };
struct waits {
    uint64_t until[LAST_CAUSE - FIRST_CAUSE + 1];
};

static void wait_for(struct hw_core *core, const struct bundle *bundle, struct waits *waits, uint64_t ready, char file,
                     unsigned number)
{
    uint64_t cycle = ready >> 4;
    if (cycle <= core->cycle) return;
    if (core->desc.exposed)
        hw_panic(core, "bundle %#x uses %c%u %llu bundles before its latency has elapsed", bundle->offset, file, number,
                 (unsigned long long)(cycle - core->cycle));
    uint64_t *until = &waits->until[(ready & 15) - FIRST_CAUSE];
    if (cycle > *until) *until = cycle;
}

static void wait_operands(struct hw_core *core, const struct bundle *bundle)
{
    uint64_t regs = bundle->uses & core->pending & ~USES_SLOW, flags = bundle->flag_uses & core->pending_flags;
    uint64_t vregs = bundle->vuses & core->pending_vector;
    if (!(regs | flags | vregs)) return;
    core->pending &= ~regs;
    core->pending_flags &= ~flags;
    core->pending_vector &= ~vregs;
    struct waits waits = {{0}};
    for (; regs; regs &= regs - 1) {
        unsigned reg = (unsigned)__builtin_ctzll(regs);
        wait_for(core, bundle, &waits, core->ready[reg], 'r', reg);
    }
    for (; vregs; vregs &= vregs - 1) {
        unsigned reg = (unsigned)__builtin_ctzll(vregs);
        wait_for(core, bundle, &waits, core->ready[REG_VECTOR + reg], 'v', reg);
    }
    for (; flags; flags &= flags - 1) {
        unsigned flag = (unsigned)__builtin_ctzll(flags);
        wait_for(core, bundle, &waits, core->ready_flags[flag], 'f', flag);
    }
    for (unsigned cause = FIRST_CAUSE; cause <= LAST_CAUSE; cause++)
        core_stall(core, (enum hw_cause)cause, waits.until[cause - FIRST_CAUSE]);
}

/* The unit of a class that is free first. */
static uint64_t *first_unit(struct hw_core *core, unsigned class)
{
    uint64_t *units = core->unit_busy[class], *best = &units[0];
    for (unsigned i = 1; i < core->class_units[class]; i++)
        if (units[i] < *best) best = &units[i];
    return best;
}

/* Cycle at which `atoms` units of a class are free: the atoms-th smallest of their times. */
static uint64_t units_free(const struct hw_core *core, unsigned class, unsigned atoms)
{
    const uint64_t *busy = core->unit_busy[class];
    for (unsigned i = 0; i < core->class_units[class]; i++) {
        unsigned before = 0;
        for (unsigned j = 0; j < core->class_units[class]; j++)
            before += busy[j] < busy[i] || (busy[j] == busy[i] && j < i);
        if (before == atoms - 1) return busy[i];
    }
    return 0;
}

static void wait_units(struct hw_core *core, const struct bundle *bundle)
{
    for (unsigned class = 0; class < UNIT_CLASSES; class ++)
        if (bundle->slow[class]) core_stall(core, CAUSE_UNIT, units_free(core, class, bundle->slow[class]));
    for (unsigned class = 0; class < UNIT_CLASSES; class ++)
        for (unsigned i = 0; i < bundle->slow[class]; i++)
            *first_unit(core, class) = core->cycle + core->desc.interval_cycles[class];
}

void scoreboard_wait(struct hw_core *core, struct bundle *bundle)
{
    wait_operands(core, bundle);
    if (bundle->uses & USES_SLOW) wait_units(core, bundle);
}
