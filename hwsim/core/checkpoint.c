/* checkpoint.c -- commit and rollback: shadow registers, gated stores, alias entries, the return stack's pointer. */
#include "hwsim/core/core.h"

/* Only homes that were written since the checkpoint are copied. */
static void copy_dirty(struct hw_state *to, const struct hw_state *from, uint64_t dirty, uint32_t vdirty)
{
    for (uint32_t regs = vdirty; regs; regs &= regs - 1) {
        unsigned reg = (unsigned)__builtin_ctz(regs);
        to->v[reg] = from->v[reg];
    }
    if (dirty & DIRTY_FLAGS) to->f[0] = from->f[0];
    for (uint64_t regs = dirty & ~DIRTY_FLAGS; regs; regs &= regs - 1) {
        unsigned reg = (unsigned)__builtin_ctzll(regs);
        to->r[reg] = from->r[reg];
    }
}

/* ---- commit ---- */

/* When all older accesses are known not to fault; a further checkpoint lets that many commits be outstanding. */
static void wait_for_walks(struct hw_core *core)
{
    uint64_t checkpoints = (uint64_t)core->params->checkpoints;
    core->outstanding[core->commit_count % checkpoints] = core->fault_clear;
    core->commit_count++;
    core_stall(core, CAUSE_COMMIT, core->outstanding[core->commit_count % checkpoints]);
    core_stall(core, CAUSE_COMMIT, core->cycle + (uint64_t)core->params->commit_cycles);
}

static void retire_insns(struct hw_core *core, uint32_t insns, unsigned flags)
{
    core->insns += insns;
    core->stats.insns += insns;
    core->stats.rep_iterations += (flags & COMMIT_ITERATION) != 0;
}

/* What makes working state the checkpoint, but for the registers. */
static void make_permanent(struct hw_core *core)
{
    uint64_t release = core->cycle + 1;
    gate_release(core, release > core->fault_clear ? release : core->fault_clear);
    core->armed = 0;
    core->dras.checkpoint = core->dras.now;
    core->inject.since_checkpoint = 0;
}

static __attribute__((noinline)) void tell_committed(struct hw_core *core, const struct commit_entry *entry,
                                                     uint32_t site)
{
    core->observer.committed(core->observer.cookie, core, entry->insns, entry->flags);
    if (!core->observer.resting) return;
    core->resume_site = site;
    core->observer.resting(core->observer.cookie, core);
}

bool checkpoint_committed(struct hw_core *core)
{
    core->inject.commits++;
    int64_t every = core->params->inject_event;
    if (UNLIKELY(every) && core->inject.commits % (uint64_t)every == 0) return true;
    return UNLIKELY(core->insns >= core->event_threshold) && core_event_due(core);
}

bool checkpoint_commit(struct hw_core *core, const struct commit_entry *entry, uint32_t site)
{
    wait_for_walks(core);
    if (!(entry->flags & COMMIT_DYNAMIC)) core->state.r[HOME_EIP] = entry->eip;
    core->shadow.r[HOME_EIP] = core->state.r[HOME_EIP];
    copy_dirty(&core->shadow, &core->state, core->dirty, core->vdirty);
    core->dirty = core->vdirty = 0;
    make_permanent(core);
    retire_insns(core, entry->insns, entry->flags);
    core->stats.commits++;
    core->commit_region = entry->region;
    core->commit_gear = entry->gear;
    struct region_account *region = account_flush(core, account_gear(entry->gear), entry->region, core->cycle + 1);
    region->executions++;
    region->insns += entry->insns;
    if (UNLIKELY(entry->flags & (COMMIT_ITERATION | COMMIT_LAST))) region->iterations++;
    if (core->observer.committed) tell_committed(core, entry, site);
    return checkpoint_committed(core);
}

void core_set_threshold(struct hw_core *core)
{
    uint64_t next = core->next_event, margin = core->event_margin;
    core->event_threshold = next == UINT64_MAX ? UINT64_MAX : next > margin ? next - margin : 0;
    if (core->event_changed) core->event_threshold = 0; /* said by a signal handler meanwhile */
}

bool core_event_due(struct hw_core *core)
{
    core->event_changed = false;
    core->next_event = core->platform.next_event ? core->platform.next_event(core->platform.self, core) : UINT64_MAX;
    core_set_threshold(core);
    return core->insns >= core->event_threshold;
}

#define ALL_SHADOWED  (bits_mask(REG_SHADOWED) | DIRTY_FLAGS)
#define ALL_VSHADOWED ((uint32_t)bits_mask(VREG_SHADOWED))

static void commit_registers(struct hw_core *core, uint64_t dirty, uint32_t vdirty)
{
    copy_dirty(&core->shadow, &core->state, dirty, vdirty);
    make_permanent(core);
}

void checkpoint_commit_all(struct hw_core *core) { commit_registers(core, ALL_SHADOWED, ALL_VSHADOWED); }

void hw_commit(struct hw_core *core, uint32_t insns, uint32_t commit_flags, uint64_t dirty, bool flags_dirty)
{
    commit_registers(core, (dirty & bits_mask(HOME_INTEGERS)) | (flags_dirty ? DIRTY_FLAGS : 0),
                     (uint32_t)(dirty >> HOME_INTEGERS));
    retire_insns(core, insns, commit_flags);
    core->stats.cms_commits++;
    if (core->observer.committed) core->observer.committed(core->observer.cookie, core, insns, commit_flags);
}

/* ---- rollback ---- */

static uint64_t *rollback_counter(struct machine_stats *stats, enum hw_exit_kind kind)
{
    switch (kind) {
    case HW_FAULT: return &stats->rollback_fault;
    case HW_PROTECT: return &stats->rollback_protect;
    case HW_ALIAS: return &stats->rollback_alias;
    case HW_ASSERT: return &stats->rollback_assert;
    case HW_GATE: return &stats->rollback_gate;
    case HW_IO: return &stats->rollback_io;
    default: return &stats->rollback_injected;
    }
}

/* Results on their way are cancelled: a restored register is there, its shadow being written by late results, too. */
static void drop_in_flight(struct hw_core *core)
{
    gate_drop(&core->gate);
    core->armed = 0;
    scoreboard_settle(core);
    core->dras.now = core->dras.checkpoint;
    core->fault_clear = 0;
    core->inject.since_checkpoint = 0;
}

void checkpoint_rollback(struct hw_core *core, enum hw_exit_kind kind, uint32_t site)
{
    uint32_t region = account_region_at(core, site);
    if (!region) region = core->commit_region;
    struct region_account *account = account_flush(core, ACTIVITY_SQUASHED, region, core->cycle + 1);
    core->cycle++;
    account_tell(core, ACTIVITY_SQUASHED, WORKS);
    account_add(core, ACTIVITY_ROLLBACK, CAUSE_ROLLBACK, (uint64_t)core->params->rollback_cycles);
    account_tell(core, ACTIVITY_ROLLBACK, WORKS);
    account->cycles[ACTIVITY_ROLLBACK] += (uint64_t)core->params->rollback_cycles;
    account->rollbacks[kind]++;
    ++*rollback_counter(&core->stats, kind);
    copy_dirty(&core->state, &core->shadow, core->dirty, core->vdirty);
    core->dirty = core->vdirty = 0;
    drop_in_flight(core);
}

void hw_rollback(struct hw_core *core)
{
    copy_dirty(&core->state, &core->shadow, ALL_SHADOWED, ALL_VSHADOWED);
    drop_in_flight(core);
}
