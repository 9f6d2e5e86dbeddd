/* account.c -- where cycles went: activity and cause. */
#include "hwsim/core/core.h"

enum hw_activity account_gear(unsigned gear)
{
    return gear <= 1 ? ACTIVITY_GEAR1 : gear == 2 ? ACTIVITY_GEAR2 : ACTIVITY_GEAR3;
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
    account->cycles[activity] += all;
    return account;
}

void account_add(struct hw_core *core, enum hw_activity activity, enum hw_cause cause, uint64_t cycles)
{
    core->machine->account.cycles[activity][cause] += cycles;
    core->cycle += cycles;
    core->since = core->cycle;
}

static __attribute__((noinline)) uint64_t divide(unsigned __int128 cost, uint64_t *rest)
{
    *rest = (uint64_t)(cost % 1000);
    return (uint64_t)(cost / 1000);
}

/* The cost of that work; what is less than a cycle waits for the next. */
static inline uint64_t whole_cycles(struct machine *machine, enum hw_work work, uint64_t units)
{
    uint64_t each = (uint64_t)machine->config.cost_millicycles[work], *rest = &machine->cost_remainder[work], cost;
    if (UNLIKELY(__builtin_mul_overflow(each, units, &cost) || __builtin_add_overflow(cost, *rest, &cost)))
        return divide((unsigned __int128)each * units + *rest, rest);
    *rest = cost % 1000;
    return cost / 1000;
}

void hw_charge(struct hw_core *core, enum hw_work work, uint64_t units, uint32_t region)
{
    static const uint8_t activity_of[WORKS] = {
#define WORK(name, key, activity, cost, unit, source) [WORK_##name] = ACTIVITY_##activity,
#include "hwsim/works.def"
#undef WORK
    };
    struct machine *machine = core->machine;
    enum hw_activity activity = activity_of[work];
    uint64_t cycles = whole_cycles(machine, work, units);
    machine->account.work_units[work] += units;
    machine->account.work_cycles[work] += cycles;
    account_add(core, activity, CAUSE_CMS, cycles);
    if (region) account_region(core, region)->cycles[activity] += cycles;
    if (region || activity != ACTIVITY_INTERPRET) core->told += cycles;
    account_tell(core, activity, work);
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
