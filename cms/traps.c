/* traps.c -- after a rollback the state is the last checkpoint. Interpreting from there finds out what really happens:
 * an exception, precisely; a store into code; or nothing at all, where speculation was wrong.
 */
#include "cms/state.h"

static bool inside(const struct cms *cms, const struct translation *translation, uint64_t address)
{
    const struct guest_range *ranges = at(cms, translation->ranges);
    for (unsigned i = 0; i < translation->range_count; i++) {
        if (address - ranges[i].address < ranges[i].bytes) return true;
    }
    return false;
}

/* To where the region is left or begins anew, or an event falls; at least one instruction, so that the guest gets on
 * even if the region would roll back for ever. */
static struct interpreted interpret_region(struct cms *cms, const struct translation *translation)
{
    uint64_t spc = ((const struct head *)at(cms, translation->head))->spc, context = cms->root->context;
    uint32_t region = translation->region;
    struct interpreted all = {0};
    for (;;) {
        uint64_t insns = hw_insns(cms->core), event = hw_next_event(cms->core),
                 left = event > insns ? event - insns : 1;
        struct head *head = dispatch_head(cms, eip(cms));
        struct interpreted one = interpret(cms, head, left < UINT32_MAX ? (uint32_t)left : UINT32_MAX, region);
        all.pace = one.pace;
        all.excepted = one.excepted;
        all.insns += one.insns;
        if (one.pace != PACE_ON || cms->root->context != context || one.insns >= left) return all;
        if (eip(cms) == spc || !inside(cms, translation, eip(cms)) || all.insns >= translation->insns_longest)
            return all;
    }
}

static unsigned counter_of(enum hw_exit_kind kind)
{
    switch (kind) {
    case HW_FAULT: return CMS_STAT_rollback_fault;
    case HW_PROTECT: return CMS_STAT_rollback_protect;
    case HW_ALIAS: return CMS_STAT_rollback_alias;
    case HW_ASSERT: return CMS_STAT_rollback_assert;
    case HW_GATE: return CMS_STAT_rollback_gate;
    case HW_IO: return CMS_STAT_rollback_io;
    default: return CMS_STAT_rollback_injected;
    }
}

struct interpreted traps_recover(struct cms *cms, struct translation *translation, const struct hw_exit *exit)
{
    hw_count(cms->core, counter_of((enum hw_exit_kind)exit->kind), 1);
    hw_charge(cms->core, WORK_ROLLBACK, 1, translation->region);
    struct interpreted done = interpret_region(cms, translation);
    hw_count(cms->core, CMS_STAT_recovered, done.insns);
    switch ((enum hw_exit_kind)exit->kind) {
    case HW_FAULT:
        /* One that the guest itself commits is no fault of the translation's. */
        if (!done.excepted) adapt_rolled_back(cms, translation, ADAPT_FAULT);
        break;
    case HW_PROTECT: adapt_rolled_back(cms, translation, ADAPT_PROTECT); break;
    case HW_ALIAS: adapt_rolled_back(cms, translation, ADAPT_ALIAS); break;
    case HW_ASSERT: adapt_rolled_back(cms, translation, ADAPT_ASSERT); break;
    case HW_GATE: adapt_rolled_back(cms, translation, ADAPT_GATE); break;
    case HW_IO: adapt_rolled_back(cms, translation, ADAPT_IO); break;
    case HW_EXIT:
    case HW_EVENT:
    case HW_INJECTED:
    case HW_EXIT_KINDS: break;
    }
    return done;
}
