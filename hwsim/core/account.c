/* account.c -- where cycles went: activity, cause, region. */
#include "hwsim/core/core.h"

#include <stdlib.h>

enum hw_activity account_gear(unsigned gear)
{
    return gear <= 1 ? ACTIVITY_GEAR1 : gear == 2 ? ACTIVITY_GEAR2 : ACTIVITY_GEAR3;
}

uint32_t account_region_at(const struct hw_core *core, uint32_t tpc)
{
    return tpc < core->concealed_bytes ? core->machine->region_at[tpc / REGION_GRAIN] : 0;
}

struct region_account *account_region(struct hw_core *core, uint32_t region)
{
    struct machine *machine = core->machine;
    if (LIKELY(region < machine->region_count)) return &machine->regions[region];
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

struct region_account *account_flush(struct hw_core *core, enum hw_activity activity, uint32_t region, uint64_t cycle)
{
    uint64_t *cycles = core->machine->account.cycles[activity];
    uint64_t all = cycle - core->since, bundles = all;
    for (uint32_t causes = core->stalled; causes; causes &= causes - 1) {
        unsigned cause = (unsigned)__builtin_ctz(causes);
        cycles[cause] += core->stalls[cause];
        bundles -= core->stalls[cause];
        core->stalls[cause] = 0;
    }
    core->stalled = 0;
    cycles[CAUSE_ISSUE] += bundles;
    core->since = cycle;
    core->stats.bundles += bundles;
    if (activity == ACTIVITY_SQUASHED) core->stats.squashed_bundles += bundles;
    core->stats.atoms += (uint32_t)core->tally;
    core->stats.nops += core->tally >> 32;
    core->tally = 0;
    struct region_account *account = account_region(core, region);
    account->cycles += all;
    return account;
}

void account_add(struct hw_core *core, enum hw_activity activity, enum hw_cause cause, uint64_t cycles)
{
    core->machine->account.cycles[activity][cause] += cycles;
    core->cycle += cycles;
    core->since = core->cycle;
}

void hw_charge(struct hw_core *core, enum hw_work work, uint64_t units, uint32_t region)
{
    static const uint8_t activity_of[WORKS] = {
#define WORK(name, key, activity, cost, unit, source) [WORK_##name] = ACTIVITY_##activity,
#include "hwsim/works.def"
#undef WORK
    };
    struct machine *machine = core->machine;
    unsigned __int128 cost =
        (unsigned __int128)(uint64_t)machine->config.cost_millicycles[work] * units + machine->cost_remainder[work];
    uint64_t cycles = (uint64_t)(cost / 1000);
    machine->cost_remainder[work] = (uint64_t)(cost % 1000);
    machine->account.work_units[work] += units;
    machine->account.work_cycles[work] += cycles;
    account_add(core, activity_of[work], CAUSE_CMS, cycles);
    if (region) account_region(core, region)->charged_cycles += cycles;
    account_tell(core, activity_of[work], work);
}

static void map_region(struct hw_core *core, const struct hw_region_info *info, uint32_t region)
{
    uint64_t end = (uint64_t)info->tpc + info->code_bytes;
    if (end > core->concealed_bytes) hw_panic(core, "region %u lies outside concealed memory", info->region);
    uint32_t *at = core->machine->region_at;
    for (uint64_t grain = info->tpc / REGION_GRAIN; grain < (end + REGION_GRAIN - 1) / REGION_GRAIN; grain++)
        if (region || at[grain] == info->region) at[grain] = region;
}

void hw_region(struct hw_core *core, enum hw_region_event event, const struct hw_region_info *info)
{
    struct region_account *account = account_region(core, info->region);
    if (event == REGION_BORN) {
        account->info = *info;
        account->born_cycle = core->cycle;
        map_region(core, info, info->region);
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

void hw_count(struct hw_core *core, unsigned statistic, uint64_t amount)
{
    if (statistic >= CMS_STATS_MAX) hw_panic(core, "statistic %u of the CMS is beyond the table", statistic);
    core->machine->cms_stats[statistic] += amount;
}

void hw_count_name(struct hw_core *core, const char *name)
{
    struct machine *machine = core->machine;
    for (unsigned i = 0; i < machine->named_count; i++) {
        char *have = machine->named[i].name;
        size_t at = 0, last = sizeof machine->named[i].name - 1;
        while (at < last && have[at] && have[at] == name[at]) at++;
        if (at == last || have[at] == name[at]) {
            machine->named[i].count++;
            return;
        }
    }
    if (machine->named_count == NAMED_COUNTERS_MAX) hw_panic(core, "more than %d named counters", NAMED_COUNTERS_MAX);
    struct named_counter *counter = &machine->named[machine->named_count++];
    for (size_t at = 0; name[at] && at < sizeof counter->name - 1; at++) counter->name[at] = name[at];
    counter->count = 1;
}
