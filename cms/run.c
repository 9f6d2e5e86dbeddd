/* run.c -- the main loop: look up, then run a translation, make one, or interpret. */
#include "cms/state.h"

/* Channel x: what went in where, and came back why. */
static void trace_exit(struct cms *cms, const struct head *from, const struct translation *translation,
                       const struct hw_exit *exit)
{
    static const char *const kinds[] = {
        [HW_EXIT] = "exit",   [HW_FAULT] = "fault",       [HW_PROTECT] = "protected store",
        [HW_ALIAS] = "alias", [HW_ASSERT] = "assert",     [HW_GATE] = "gate full",
        [HW_IO] = "i/o",      [HW_INJECTED] = "injected", [HW_EVENT] = "event"};
    static const char *const reasons[] = {[EXIT_CHAIN] = "chain",
                                          [EXIT_INDIRECT] = "indirect",
                                          [EXIT_INTERPRET] = "interpret",
                                          [EXIT_HOT] = "hot",
                                          [EXIT_STALE] = "stale"};
    const struct head *head = at(cms, translation->head);
    if (LIKELY(!hw_tracing(cms->core, 'x', head->spc))) return;
    hw_trace(cms->core, 'x', "%llu: in at 0x%08llx, out of region %u (0x%08llx, gear %u) to 0x%08llx: %s %s",
             (unsigned long long)hw_insns(cms->core), (unsigned long long)from->spc, translation->region,
             (unsigned long long)head->spc, translation->gear, (unsigned long long)eip(cms), kinds[exit->kind],
             exit->kind == HW_EXIT && exit->reason < EXIT_REASONS ? reasons[exit->reason] : "");
}

static void exited(struct cms *cms, struct translation *translation, const struct hw_exit *exit)
{
    static const uint16_t counter[EXIT_REASONS] = {[EXIT_CHAIN] = CMS_STAT_exit_chain,
                                                   [EXIT_INDIRECT] = CMS_STAT_exit_indirect,
                                                   [EXIT_INTERPRET] = CMS_STAT_exit_interpret,
                                                   [EXIT_HOT] = CMS_STAT_exit_hot,
                                                   [EXIT_STALE] = CMS_STAT_exit_stale};
    struct head *head = at(cms, translation->head);
    struct pending *pending = &cms->root->pending;
    if (exit->reason >= EXIT_REASONS) hw_panic(cms->core, "an exit for no known reason");
    hw_count(cms->core, counter[exit->reason], 1);
    hw_charge(cms->core, WORK_EXIT, 1, translation->region);
    switch ((enum exit_reason)exit->reason) {
    case EXIT_CHAIN:
    case EXIT_INDIRECT:
        pending->region = translation->region;
        pending->tpc = exit->site;
        pending->number = exit->number;
        pending->spc = eip(cms);
        pending->context = cms->root->context;
        break;
    case EXIT_HOT: profile_ran_out(cms, head, translation); break;
    case EXIT_STALE:
        code_cache_kill(cms, translation, REGION_STORED);
        pending->interpret = true;
        break;
    case EXIT_INTERPRET:
    case EXIT_REASONS: pending->interpret = true; break;
    }
}

static enum pace came_back(struct cms *cms, const struct hw_exit *exit)
{
    struct translation *translation = code_cache_owner(cms, exit->site);
    if (!translation) hw_panic(cms->core, "control came back from no translation");
    trace_exit(cms, at(cms, cms->root->entered), translation, exit);
    cms->root->entered = 0;
    code_room_left(cms, translation);
    cms_context_changed(cms); /* CLD, POPF and the like end a translation, but are part of it */
    switch ((enum hw_exit_kind)exit->kind) {
    case HW_EXIT: exited(cms, translation, exit); return PACE_ON;
    case HW_EVENT: hw_count(cms->core, CMS_STAT_exit_event, 1); return PACE_ON;
    default: return (enum pace)traps_recover(cms, translation, exit).pace;
    }
}

static enum pace run_translation(struct cms *cms, const struct head *head)
{
    const struct translation *translation = at(cms, head->translation);
    struct hw_exit exit;
    hw_count(cms->core, CMS_STAT_entries, 1);
    cms->root->entered = offset_of(cms, head);
    hw_enter(cms->core, translation->tpc, &exit);
    return came_back(cms, &exit);
}

static enum pace resume_translation(struct cms *cms)
{
    struct hw_exit exit;
    hw_resume(cms->core, &exit);
    return came_back(cms, &exit);
}

/* Links or notes the exit just taken, now that its target is known. */
static void settle(struct cms *cms, const struct head *head)
{
    struct pending *pending = &cms->root->pending;
    const struct translation *owner = pending->region ? code_cache_owner(cms, pending->tpc) : NULL;
    struct translation *to = head->translation ? at(cms, head->translation) : NULL;
    uint32_t region = pending->region;
    pending->region = 0;
    if (!owner || owner->region != region) return;
    /* Between exit and here the interpreter may have gone on: up to an event, or to record a path. */
    if (head->spc != pending->spc || head->context != pending->context) return;
    if (to && to->on_trial) to = NULL;
    struct exit_record *from = chain_exit(cms, owner, pending->number);
    if (from->reason == EXIT_INDIRECT)
        indirect_missed(cms, from, to);
    else if (to && owner->alive && cms->options->chain)
        chain_link(cms, from, to);
}

/* Does a context fetch the same code from the same address? */
static bool fetches_alike(uint64_t a, uint64_t b)
{
    return CONTEXT_GET(a, SPACE) == CONTEXT_GET(b, SPACE) && CONTEXT_GET(a, PAGING) == CONTEXT_GET(b, PAGING) &&
           CONTEXT_GET(a, CPL) == CONTEXT_GET(b, CPL) && CONTEXT_GET(a, LONG) == CONTEXT_GET(b, LONG) &&
           CONTEXT_GET(a, BASE_CS) == CONTEXT_GET(b, BASE_CS);
}

/* A head that has become hot: gear 1 at once, gear 2 after a pass that shows the path. */
static enum pace translate_hot(struct cms *cms, struct head *head)
{
    unsigned path_count = 0;
    uint64_t spc = head->spc, context = head->context;
    if (head->gear > 1) {
        struct interpreted pass = profile_record(cms, head, &path_count);
        if (pass.pace == PACE_STOP) return PACE_STOP;
        coherence_poll(cms);
        /* The pass may have changed this very code, or the map may have been emptied. */
        head = dispatch_peek(cms, spc, context);
        if (!head || head->gear < 2) return PACE_ON;
        if (!fetches_alike(context, cms->root->context)) {
            profile_back_off(cms, head, ++head->failures);
            return PACE_ON;
        }
    }
    translator_run(cms, head, path_count);
    return PACE_ON;
}

static bool wants_translating(const struct cms *cms, const struct head *head)
{
    unsigned gear = head->translation ? ((const struct translation *)at(cms, head->translation))->gear : 0;
    return head->gear > gear && head->gear <= cms->options->max_gear && profile_is_hot(head);
}

static enum pace deliver_events(struct cms *cms)
{
    cms->root->pending = (struct pending){0};
    hw_charge(cms->core, WORK_EVENT, 1, 0);
    if (hw_events(cms->core) == HW_STOP) return PACE_STOP;
    cms_context_changed(cms);
    coherence_poll(cms);
    return PACE_ON;
}

/* Exactly as far as asked: up to an event, or past what only the interpreter can do. */
static enum pace interpret_exactly(struct cms *cms, struct head *head, uint64_t insns, unsigned statistic)
{
    struct interpreted done = interpret(cms, head, insns < UINT32_MAX ? (uint32_t)insns : UINT32_MAX, 0);
    if (statistic < CMS_STATS) hw_count(cms->core, statistic, done.insns);
    return (enum pace)done.pace;
}

static enum pace step(struct cms *cms)
{
    uint64_t event = hw_next_event(cms->core), insns = hw_insns(cms->core);
    if (UNLIKELY(event <= insns)) {
        if (deliver_events(cms) == PACE_STOP) return PACE_STOP;
        event = hw_next_event(cms->core);
    }
    /* Even with an event that stays pending the guest goes on. */
    uint64_t left = event > insns ? event - insns : 1;
    struct head *head = dispatch_head(cms, eip(cms));
    hw_count(cms->core, CMS_STAT_lookups, 1);
    hw_charge(cms->core, WORK_DISPATCH, 1, 0);
    bool exact = cms->root->pending.interpret;
    cms->root->pending.interpret = false;
    if (exact) return interpret_exactly(cms, head, 1, CMS_STATS);
    if (left < cms->root->margin) {
        hw_count(cms->core, CMS_STAT_declined, head->translation != 0);
        return interpret_exactly(cms, head, left, CMS_STAT_event_insns);
    }
    if (wants_translating(cms, head)) return translate_hot(cms, head);
    if (head->translation) code_room_entered(cms, at(cms, head->translation));
    settle(cms, head);
    if (head->translation) return run_translation(cms, head);
    hw_count(cms->core, CMS_STAT_misses, 1);
    if (head->executions < UINT32_MAX) head->executions++;
    return interpret_exactly(cms, head, left, CMS_STATS);
}

static void go_on(struct cms *cms, enum pace pace)
{
    while (pace != PACE_STOP) {
        coherence_poll(cms);
        hw_rest(cms->core);
        pace = step(cms);
    }
}

void cms_run(struct hw_core *core)
{
    struct cms cms = cms_view(core);
    cms.root->pending = (struct pending){0};
    go_on(&cms, PACE_ON);
}

void cms_resume(struct hw_core *core)
{
    struct cms cms = cms_view(core);
    go_on(&cms, cms.root->entered ? resume_translation(&cms) : PACE_ON);
}
