/* cool.c -- a machine made cold in the middle of a run: the laboratory's, for a region of interest that is to begin with
 * empty structures. What is lost is lost without a cost: dirty lines are not written back.
 */
#include "hwsim/core/core.h"

static void empty_cache(struct cache *cache)
{
    for (size_t i = 0; cache->tags && i < (size_t)cache->sets * cache->ways; i++) cache->tags[i] = CACHE_INVALID;
}

static void cool_caches(struct hw_core *core)
{
    empty_cache(&core->l1i);
    empty_cache(&core->l1d);
    empty_cache(&core->l2);
    if (!core->params->l1i_perfect) core->fetch_line = UINT64_MAX;
    for (size_t i = 0; i < (size_t)core->tlb.sets * core->tlb.ways; i++) core->tlb.entries[i].page = TLB_FREE;
    soft_flush(core);
}

static void cool_predictors(struct hw_core *core)
{
    predictor_reset(&core->predictor, core->params);
    jtlb_reset(&core->jtlb);
    core->dras.now = core->dras.checkpoint = (struct dras_pointer){0};
}

void machine_cool(struct machine *machine, unsigned what)
{
    for (unsigned i = 0; i < machine->core_count; i++) {
        struct hw_core *core = &machine->cores[i];
        if (what & COOL_CACHES) cool_caches(core);
        if (what & COOL_PREDICTORS) cool_predictors(core);
        if (what & COOL_TRANSLATIONS) core_event_changed(core); /* so that control comes back at once */
    }
    if (what & COOL_TRANSLATIONS) machine_notice(machine, (struct hw_notice){.kind = HW_NOTICE_COLD});
}
