/* translator.c -- calls the compiler: what is asked of it, what its failures mean, what its work costs. */
#include "cms/state.h"

static unsigned fetch(void *cookie, uint64_t address, void *to, unsigned bytes)
{
    struct cms *cms = cookie;
    uint64_t linear = address + cms->state->r[HOME_CS_BASE];
    if (!CONTEXT_GET(cms->root->context, LONG)) linear = (uint32_t)linear;
    return hw_fetch(cms->core, linear, cms->user, to, bytes);
}

static unsigned insns_max(const struct cms *cms, const struct head *head)
{
    const struct tr_options *options = &cms->options->translate;
    unsigned most = (unsigned)(head->gear == 1 ? options->gear1_insns_max : options->gear2_insns_max);
    return head->insns_max && head->insns_max < most ? head->insns_max : most;
}

static void charge(struct cms *cms, unsigned gear, const struct tr_result *result, uint32_t region)
{
    hw_charge(cms->core, WORK_SELECT, result->work.decoded, region);
    hw_charge(cms->core, gear == 1 ? WORK_GEAR1 : WORK_GEAR2, result->work.decoded, region);
}

static void count(struct cms *cms, unsigned gear, const struct tr_result *result)
{
    struct hw_core *core = cms->core;
    hw_count(core, gear == 1 ? CMS_STAT_gear1 : CMS_STAT_gear2, 1);
    hw_count(core, gear == 1 ? CMS_STAT_gear1_insns : CMS_STAT_gear2_insns, result->guest_insns);
    hw_count(core, gear == 1 ? CMS_STAT_gear1_bytes : CMS_STAT_gear2_bytes, result->bytes);
    hw_count(core, CMS_STAT_bundles, result->bundles);
    hw_count(core, CMS_STAT_atoms, result->atoms);
    hw_count(core, CMS_STAT_nops, result->nops);
    hw_count(core, CMS_STAT_loads_passed, result->loads_passed);
    hw_count(core, CMS_STAT_loads_refused, result->loads_refused);
}

/* A region is formed within most limits anyway: what it then still gives up for may lie behind its first instruction,
 * or in what only later stages know. */
static bool smaller_may_help(enum tr_reason reason)
{
    return reason == TR_ARENA_FULL || reason == TR_REGISTERS || reason == TR_EXITS;
}

/* One attempt. NULL and TR_OK: translated, but there is no room for so much code. */
static struct translation *attempt(struct cms *cms, struct head *head, unsigned insns, unsigned path_count,
                                   enum tr_reason *reason)
{
    struct tr_result *result = at(cms, cms->root->result);
    unsigned gear = head->gear; /* making room may evict the present translation, and reset the head's profile */
    struct arena arena;
    arena_init(&arena, at(cms, cms->root->arena), cms->root->arena_bytes);
    struct tr_request request = {
        .arena = &arena,
        .machine = hw_machine(cms->core),
        .options = &cms->options->translate,
        .gear = gear,
        .spc = head->spc,
        .context = head->context,
        .region = cms->root->region_next,
        .counter = gear == 1 && cms->options->max_gear > 1 ? offset_of(cms, &head->counter) : 0,
        .insns_max = insns,
        .restraint = head->restraint,
        .indirect = (enum tr_indirect)cms->options->indirect,
        .cookie = cms,
        .fetch = fetch,
        .path = at(cms, cms->root->path),
        .path_count = path_count,
        .targets = indirect_targets,
    };
    memset(result, 0, sizeof *result);
    *reason = translate(&request, result);
    if (UNLIKELY(hw_tracing(cms->core, 't', head->spc))) {
        hw_trace(cms->core, 't',
                 "%llu: 0x%08llx gear %u, %u instructions at most, path of %u: %s, %u instructions, %u bundles",
                 (unsigned long long)hw_insns(cms->core), (unsigned long long)head->spc, gear, insns, path_count,
                 tr_reason_name(*reason), *reason == TR_OK ? result->guest_insns : 0,
                 *reason == TR_OK ? result->bundles : 0);
    }
    hw_count(cms->core, CMS_STAT_reason_OK + (unsigned)*reason, 1);
    if (*reason == TR_BUG) {
        hw_panic(cms->core, "translating 0x%llx at gear %u: %s: %s at %u", (unsigned long long)head->spc, gear,
                 result->wrong_pass, result->wrong, result->wrong_at);
    }
    if (*reason != TR_OK) {
        charge(cms, gear, result, 0);
        return NULL;
    }
    struct translation *translation = code_cache_install(cms, head, gear, result);
    charge(cms, gear, result, translation ? translation->region : 0);
    if (translation) count(cms, gear, result);
    return translation;
}

bool translator_run(struct cms *cms, struct head *head, unsigned path_count)
{
    enum tr_reason reason;
    if (dispatch_versions(cms, head) >= (unsigned)cms->options->versions) {
        hw_count(cms->core, CMS_STAT_versions_refused, 1);
        profile_back_off(cms, head, UINT8_MAX);
        return false;
    }
    coherence_make_room(cms);
    for (unsigned insns = insns_max(cms, head); insns; insns /= 2) {
        if (attempt(cms, head, insns, path_count, &reason)) return true;
        if (reason != TR_OK && !smaller_may_help(reason)) break;
        if (insns > 1) hw_count(cms->core, CMS_STAT_smaller, 1);
    }
    if (head->failures < UINT8_MAX) head->failures++;
    profile_back_off(cms, head, 2u * head->failures);
    hw_count(cms->core, CMS_STAT_abandoned, 1);
    return false;
}
