/* adapt.c -- a region that keeps rolling back is translated again with less speculation, or made smaller (Dehnert et
 * al. 2003). Counted per cause, since each has its own remedy; interrupts never count.
 */
#include "cms/state.h"

void adapt_renew(struct cms *cms, struct translation *translation)
{
    struct head *head = at(cms, translation->head);
    code_cache_kill(cms, translation, REGION_ADAPTED);
    head->gear = translation->gear;
    head->executions = head->threshold;
}

/* Half as many instructions; at one there is nothing left to give up but the translation. */
static void shrink(struct cms *cms, struct head *head, const struct translation *translation)
{
    unsigned now = translation->guest_insns;
    if (head->insns_max && head->insns_max < now) now = head->insns_max;
    head->insns_max = (uint16_t)(now > 1 ? now / 2 : 1);
    if (now > 1) return;
    if (head->restraint & TR_ONE_INSN) {
        if (head->failures < UINT8_MAX) head->failures++;
        profile_back_off(cms, head, 2u * head->failures);
    }
    head->restraint |= TR_ONE_INSN;
}

/* Adds a restraint; false if it was in force already. */
static bool restrain(struct head *head, unsigned restraint)
{
    bool news = !(head->restraint & restraint);
    head->restraint |= (uint8_t)restraint;
    return news;
}

void adapt_rolled_back(struct cms *cms, struct translation *translation, enum adapt_cause cause)
{
    static const uint16_t counter[ADAPT_CAUSES] = {
        [ADAPT_ALIAS] = CMS_STAT_adapt_alias,     [ADAPT_FAULT] = CMS_STAT_adapt_fault,
        [ADAPT_ASSERT] = CMS_STAT_adapt_assert,   [ADAPT_GATE] = CMS_STAT_adapt_gate,
        [ADAPT_PROTECT] = CMS_STAT_adapt_protect, [ADAPT_IO] = CMS_STAT_adapt_io};
    struct head *head = at(cms, translation->head);
    uint64_t now = hw_insns(cms->core);
    if (!translation->alive) return;
    /* Now and then is no reason: what speculation gains in between is worth more. */
    if (now - translation->window > (uint64_t)cms->options->adapt_window) {
        memset(translation->rollbacks, 0, sizeof translation->rollbacks);
        translation->window = now;
    }
    if (translation->rollbacks[cause] < UINT16_MAX) translation->rollbacks[cause]++;
    if (translation->rollbacks[cause] < cms->options->adapt_threshold) return;
    adapt_renew(cms, translation);
    bool enough = false;
    if (cause == ADAPT_ALIAS) enough = restrain(head, TR_NO_LOAD_OVER_STORE);
    if (cause == ADAPT_FAULT) enough = restrain(head, TR_NO_LOAD_OVER_EXIT) || restrain(head, TR_NO_LOAD_OVER_STORE);
    if (!enough) shrink(cms, head, translation);
    hw_count(cms->core, counter[cause], 1);
}
