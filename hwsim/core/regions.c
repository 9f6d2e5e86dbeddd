/* regions.c -- profit and loss of translations: the account of each that was ever made, and what was interpreted
 * before.
 *
 * While translations run, cycles come to an account at each commit, whose entry names the region (checkpoint.c); no
 * transfer between translations is looked at. What the CMS is charged comes with a region or without. What interpreting
 * costs is told of afterwards: it waits in the account of its guest address until a translation is made there.
 */
#include "hwsim/core/core.h"

#include <stdlib.h>

/* ---- accounts ---- */

uint32_t account_region_at(const struct hw_core *core, uint32_t tpc)
{
    return tpc < core->concealed_bytes ? core->machine->region_at[tpc / REGION_GRAIN] : 0;
}

static struct region_account *grow_regions(struct hw_core *core, uint32_t region)
{
    struct machine *machine = core->machine;
    if (region >= machine->region_capacity) {
        unsigned capacity = machine->region_capacity ? machine->region_capacity : 256;
        while (capacity <= region) capacity *= 2;
        struct region_account *regions = realloc(machine->regions, capacity * sizeof *regions);
        if (!regions) hw_panic(core, "no host memory for the accounts of %u regions", capacity);
        machine->regions = regions;
        machine->region_capacity = capacity;
    }
    memset(&machine->regions[machine->region_count], 0,
           (region + 1 - machine->region_count) * sizeof *machine->regions);
    machine->region_count = region + 1;
    return &machine->regions[region];
}

struct region_account *account_region(struct hw_core *core, uint32_t region)
{
    struct machine *machine = core->machine;
    return LIKELY(region < machine->region_count) ? &machine->regions[region] : grow_regions(core, region);
}

/* ---- what was interpreted ---- */

enum { ENTRIES_FIRST = 512, SLOTS_EACH = 4 };
#define NO_CONTEXT UINT64_MAX /* what a free slot leads to */

static uint32_t hash_of(uint64_t spc, uint64_t context)
{
    return (uint32_t)((spc + context * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd) >> 40);
}

/* The slot of an entry, or the free one where it belongs. */
static uint32_t *slot_of(const struct machine *machine, uint64_t spc, uint64_t context)
{
    for (uint32_t at = hash_of(spc, context);; at++) {
        uint32_t *slot = &machine->entry_slots[at & machine->entry_mask];
        const struct entry_account *entry = &machine->entries[*slot];
        if (!*slot || (entry->spc == spc && entry->context == context)) return slot;
    }
}

static bool grow_entries(struct machine *machine, uint32_t capacity)
{
    struct entry_account *entries = realloc(machine->entries, capacity * sizeof *entries);
    if (entries) machine->entries = entries;
    uint32_t *slots = calloc(SLOTS_EACH * (size_t)capacity, sizeof *slots);
    if (!entries || !slots) {
        free(slots);
        return false;
    }
    free(machine->entry_slots);
    machine->entry_capacity = capacity;
    machine->entry_slots = slots;
    machine->entry_mask = SLOTS_EACH * capacity - 1;
    for (uint32_t i = 1; i < machine->entry_count; i++) *slot_of(machine, entries[i].spc, entries[i].context) = i;
    return true;
}

bool accounts_init(struct machine *machine)
{
    if (!grow_entries(machine, ENTRIES_FIRST)) return false;
    machine->entries[0] = (struct entry_account){.context = NO_CONTEXT};
    machine->entry_count = 1;
    return true;
}

void accounts_free(struct machine *machine)
{
    free(machine->regions);
    free(machine->entries);
    free(machine->entry_slots);
}

static __attribute__((noinline)) struct entry_account *find_entry(struct hw_core *core, uint64_t spc, uint64_t context)
{
    struct machine *machine = core->machine;
    uint32_t *slot = slot_of(machine, spc, context);
    if (*slot) return &machine->entries[*slot];
    if (machine->entry_count == machine->entry_capacity) {
        if (!grow_entries(machine, 2 * machine->entry_capacity))
            hw_panic(core, "no host memory for the accounts of %u guest addresses", machine->entry_count);
        slot = slot_of(machine, spc, context);
    }
    *slot = machine->entry_count++;
    machine->entries[*slot] = (struct entry_account){.spc = spc, .context = context};
    return &machine->entries[*slot];
}

/* For each block that is interpreted: nearly always it is in the first place that the hash leads to. */
static inline struct entry_account *entry_of(struct hw_core *core, uint64_t spc, uint64_t context)
{
    const struct machine *machine = core->machine;
    struct entry_account *entry = &machine->entries[machine->entry_slots[hash_of(spc, context) & machine->entry_mask]];
    return LIKELY(entry->spc == spc && entry->context == context) ? entry : find_entry(core, spc, context);
}

static void recovered(struct region_account *account, uint64_t cycles)
{
    account->cycles[ACTIVITY_INTERPRET] += cycles;
    account->recovery_cycles += cycles;
}

void hw_interpreted(struct hw_core *core, uint64_t spc, uint64_t context, uint64_t steps, uint32_t region)
{
    uint64_t cycles = core->cycle - core->told;
    core->told = core->cycle;
    if (UNLIKELY(region)) {
        recovered(account_region(core, region), cycles);
        return;
    }
    struct entry_account *entry = entry_of(core, spc, context);
    entry->steps += steps;
    entry->cycles += cycles;
    entry->waiting += cycles;
}

/* ---- birth and end ---- */

static void map_region(struct hw_core *core, const struct hw_region_info *info, uint32_t region)
{
    uint64_t end = (uint64_t)info->tpc + info->code_bytes;
    if (end > core->concealed_bytes) hw_panic(core, "region %u lies outside concealed memory", info->region);
    uint32_t *at = core->machine->region_at;
    for (uint64_t grain = info->tpc / REGION_GRAIN; grain < (end + REGION_GRAIN - 1) / REGION_GRAIN; grain++)
        if (region || at[grain] == info->region) at[grain] = region;
}

static struct entry_account all_interpreted(const struct machine *machine)
{
    struct entry_account all = {0};
    for (uint32_t i = 1; i < machine->entry_count; i++) {
        all.steps += machine->entries[i].steps;
        all.cycles += machine->entries[i].cycles;
        all.waiting += machine->entries[i].waiting;
    }
    return all;
}

static void bear(struct hw_core *core, struct region_account *account, const struct hw_region_info *info)
{
    struct entry_account *entry = entry_of(core, info->spc, info->context);
    struct entry_account known = entry->steps ? *entry : all_interpreted(core->machine);
    account->info = *info;
    account->born_cycle = core->cycle;
    account->interpreted_cycles = known.cycles;
    account->interpreted_steps = known.steps;
    account->cycles[ACTIVITY_INTERPRET] += entry->waiting;
    entry->waiting = 0;
    map_region(core, info, info->region);
}

void hw_region(struct hw_core *core, enum hw_region_event event, const struct hw_region_info *info)
{
    struct region_account *account = account_region(core, info->region);
    if (event == REGION_BORN) {
        bear(core, account, info);
    } else if (event == REGION_MOVED) {
        map_region(core, &account->info, 0);
        account->info = *info;
        map_region(core, info, info->region);
    } else {
        account->died_cycle = core->cycle;
        account->died_of = (uint8_t)event;
        map_region(core, &account->info, 0);
    }
    if (core->observer.region) core->observer.region(core->observer.cookie, core, event, info);
}

/* ---- reading out ---- */

unsigned machine_regions(const struct machine *machine, const struct region_account **accounts)
{
    *accounts = machine->regions;
    return machine->region_count;
}

void machine_unattributed(const struct machine *machine, uint64_t cycles[ACTIVITIES])
{
    for (unsigned a = 0; a < ACTIVITIES; a++) {
        cycles[a] = 0;
        for (unsigned cause = 0; cause < CAUSES; cause++) cycles[a] += machine->account.cycles[a][cause];
        for (unsigned i = 1; i < machine->region_count; i++) cycles[a] -= machine->regions[i].cycles[a];
    }
    /* by a count of its own, so that the sum of all says whether both are right */
    cycles[ACTIVITY_INTERPRET] = all_interpreted(machine).waiting;
    for (unsigned i = 0; i < machine->core_count; i++)
        cycles[ACTIVITY_INTERPRET] += machine->cores[i].cycle - machine->cores[i].told;
}

/* ---- snapshots ---- */

void accounts_snapshot(struct machine *machine, struct snapshot *snapshot)
{
    struct hw_core *core = &machine->cores[0];
    uint32_t count = snapshot_count(snapshot, machine->region_count, INT32_MAX);
    if (snapshot->loading && count) account_region(core, count - 1);
    snapshot_bytes(snapshot, machine->regions, count * sizeof *machine->regions);
    snapshot_bytes(snapshot, machine->region_at, machine->concealed_bytes / REGION_GRAIN * sizeof *machine->region_at);
    count = snapshot_count(snapshot, machine->entry_count, INT32_MAX);
    for (uint32_t i = 1; i < count && !snapshot->failed; i++) {
        struct entry_account entry = i < machine->entry_count ? machine->entries[i] : (struct entry_account){0};
        SNAPSHOT(snapshot, entry);
        if (snapshot->loading) *find_entry(core, entry.spc, entry.context) = entry;
    }
}
