/* snapshot.c -- the machine's part of a snapshot. What is left out: what the configuration decides, and decoded
 * bundles, which are decoded again. Host pointers follow from physical addresses. */
#include "hwsim/core/core.h"

/* ---- tables of host pointers ---- */

static uint8_t *host_of(const struct hw_core *core, uint64_t physical)
{
    if (physical & CONCEALED_ADDRESS) {
        uint64_t offset = physical & ~CONCEALED_ADDRESS;
        return offset < core->concealed_bytes ? core->concealed + offset : NULL;
    }
    uint8_t *frame = physical_frame(core->physical, physical >> PAGE_BITS);
    return frame ? frame + (physical & (PAGE_BYTES - 1)) : NULL;
}

static void soft_snapshot(struct hw_core *core, struct snapshot *snapshot)
{
    for (unsigned i = 0; i < SOFT_ENTRIES; i++) {
        struct soft_entry *entry = &core->soft[i];
        SNAPSHOT(snapshot, entry->tag);
        SNAPSHOT_RANGE(snapshot, entry, physical, slot);
        if (!snapshot->loading) continue;
        entry->host = host_of(core, entry->physical);
        if (!entry->host) entry->tag = SOFT_FREE;
    }
}

static void gate_snapshot(struct hw_core *core, struct snapshot *snapshot)
{
    struct gate *gate = &core->gate;
    SNAPSHOT_RANGE(snapshot, gate, head, last_free);
    SNAPSHOT_RANGE(snapshot, gate, port_cycle, port_used);
    for (uint64_t i = 0; i <= gate->mask; i++) {
        struct gate_entry *entry = &gate->entries[i];
        SNAPSHOT_RANGE(snapshot, entry, physical, free_cycle);
        SNAPSHOT(snapshot, entry->bytes);
        if (snapshot->loading) entry->host = host_of(core, entry->physical);
    }
}

/* ---- mechanisms ---- */

static void targets_snapshot(struct hw_core *core, struct snapshot *snapshot)
{
    struct jtlb *jtlb = &core->jtlb;
    struct dras *dras = &core->dras;
    struct predictor *predictor = &core->predictor;
    if (jtlb->entries) snapshot_bytes(snapshot, jtlb->entries, (size_t)jtlb->sets * jtlb->ways * sizeof *jtlb->entries);
    SNAPSHOT_RANGE(snapshot, jtlb, clock, random);
    if (dras->entries) snapshot_bytes(snapshot, dras->entries, dras->depth * sizeof *dras->entries);
    SNAPSHOT_RANGE(snapshot, dras, now, checkpoint);
    snapshot_bytes(snapshot, predictor->counters, (size_t)predictor->mask + 1);
    SNAPSHOT(snapshot, predictor->history);
}

static void events_snapshot(struct hw_core *core, struct snapshot *snapshot)
{
    SNAPSHOT_RANGE(snapshot, core, insns, event_margin);
    core->event_changed = snapshot_bool(snapshot, core->event_changed);
    SNAPSHOT_RANGE(snapshot, &core->inject, bundles, random);
}

static void core_snapshot(struct hw_core *core, struct snapshot *snapshot)
{
    snapshot_section(snapshot, "core");
    SNAPSHOT_RANGE(snapshot, core, state, cycle);
    soft_snapshot(core, snapshot);
    tlb_snapshot(&core->tlb, snapshot);
    cache_snapshot(&core->l1d, snapshot);
    cache_snapshot(&core->l1i, snapshot);
    cache_snapshot(&core->l2, snapshot);
    gate_snapshot(core, snapshot);
    SNAPSHOT_RANGE(snapshot, core, armed, alias);
    SNAPSHOT_RANGE(snapshot, core, since, told);
    events_snapshot(core, snapshot);
    SNAPSHOT_RANGE(snapshot, core, walker_free, commit_count);
    targets_snapshot(core, snapshot);
    SNAPSHOT(snapshot, core->unit_busy);
    SNAPSHOT_RANGE(snapshot, core, fault, shadow);
    SNAPSHOT_RANGE(snapshot, core, space, mode_context);
    SNAPSHOT(snapshot, core->stats);
    SNAPSHOT_RANGE(snapshot, core, exit_log, resume_site);
}

/* ---- around the cores ---- */

/* Pages of nothing but zeroes, which is most of them, are not kept. */
static void concealed_snapshot(struct machine *machine, struct snapshot *snapshot)
{
    static const uint8_t zeroes[PAGE_BYTES];
    snapshot_section(snapshot, "concealed");
    for (uint32_t at = 0; at < machine->concealed_bytes; at += PAGE_BYTES) {
        uint8_t *page = machine->concealed + at;
        if (snapshot_bool(snapshot, memcmp(page, zeroes, PAGE_BYTES) != 0)) snapshot_bytes(snapshot, page, PAGE_BYTES);
    }
}

static void notices_snapshot(struct machine *machine, struct snapshot *snapshot)
{
    uint32_t count = snapshot_count(snapshot, machine->notice_count, UINT32_MAX / 2);
    for (uint32_t i = 0; i < count && !snapshot->failed; i++) {
        struct hw_notice notice = {0};
        if (!snapshot->loading) notice = machine->notices[(machine->notice_first + i) % machine->notice_capacity];
        SNAPSHOT(snapshot, notice);
        if (snapshot->loading) machine_notice(machine, notice);
    }
}

void machine_snapshot(struct machine *machine, struct snapshot *snapshot)
{
    snapshot_section(snapshot, "machine");
    if (snapshot->loading) machine->notice_count = 0;
    physical_snapshot(machine->physical, snapshot);
    dram_snapshot(&machine->dram, snapshot);
    concealed_snapshot(machine, snapshot);
    SNAPSHOT_RANGE(snapshot, machine, account, cost_remainder);
    accounts_snapshot(machine, snapshot);
    SNAPSHOT_RANGE(snapshot, machine, cms_stats, named_count);
    notices_snapshot(machine, snapshot);
    for (unsigned i = 0; i < machine->core_count; i++) core_snapshot(&machine->cores[i], snapshot);
}
