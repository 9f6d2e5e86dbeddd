/* chain.c -- translations linked directly: the EXIT atom of a direct exit is patched into a branch to its target, and
 * back when the target goes away. Each translation keeps a list of the exits that are linked to it.
 *
 * The exit that a call's return lands on takes the call with it: once linked, the call pushes the target itself on the
 * DRAS, and the return saves the way through the exit. What is on the stack from before still lands there.
 *
 * A link is good for as long as both ends are: it stays within one context word, and a change of the target's mapping
 * drops the target, links and all (coherence.c), so that links across guest pages need no check of their own.
 */
#include "cms/state.h"

struct exit_record *chain_exit(const struct cms *cms, const struct translation *translation, uint32_t number)
{
    if (number >= translation->exit_count) hw_panic(cms->core, "region %u has no exit %u", translation->region, number);
    return (struct exit_record *)at(cms, translation->exits) + number;
}

/* The exit's atom was rewritten; a call that returns to it is to push `returns_to`. */
static void patched(struct cms *cms, const struct exit_record *from, uint32_t returns_to, enum hw_work work)
{
    const struct translation *owner = at(cms, from->owner);
    hw_invalidate_code(cms->core, from->tpc, EXIT_BYTES);
    hw_charge(cms->core, work, 1, owner->region);
    if (!from->push) return;
    uint32_t bytes = tr_aim_push(at(cms, from->push), from->push_word, (int32_t)(returns_to - from->push));
    hw_invalidate_code(cms->core, from->push, bytes);
    hw_charge(cms->core, work, 1, owner->region);
}

static void enlist(struct cms *cms, struct exit_record *from, struct translation *to)
{
    from->target = offset_of(cms, to);
    from->previous = 0;
    from->next = to->incoming;
    if (to->incoming) ((struct exit_record *)at(cms, to->incoming))->previous = offset_of(cms, from);
    to->incoming = offset_of(cms, from);
}

static void delist(struct cms *cms, struct exit_record *from)
{
    struct translation *to = at(cms, from->target);
    if (from->next) ((struct exit_record *)at(cms, from->next))->previous = from->previous;
    if (from->previous)
        ((struct exit_record *)at(cms, from->previous))->next = from->next;
    else
        to->incoming = from->next;
    from->target = from->next = from->previous = 0;
}

void chain_link(struct cms *cms, struct exit_record *from, struct translation *to)
{
    if (from->target) hw_panic(cms->core, "an exit is linked twice");
    tr_link(at(cms, from->tpc), (int32_t)(to->tpc - from->tpc));
    enlist(cms, from, to);
    patched(cms, from, to->tpc, WORK_LINK);
    hw_count(cms->core, CMS_STAT_links, 1);
}

void chain_unlink(struct cms *cms, struct exit_record *from)
{
    tr_unlink(at(cms, from->tpc), (enum exit_reason)from->reason, from->number);
    delist(cms, from);
    patched(cms, from, from->tpc, WORK_UNLINK);
    hw_count(cms->core, CMS_STAT_unlinks, 1);
}

void chain_unlink_incoming(struct cms *cms, struct translation *translation)
{
    while (translation->incoming) chain_unlink(cms, at(cms, translation->incoming));
}

/* The code of a translation that is dead never runs again, so its exits need no patch. */
void chain_unlink_outgoing(struct cms *cms, struct translation *translation)
{
    for (unsigned i = 0; i < translation->exit_count; i++) {
        struct exit_record *from = chain_exit(cms, translation, i);
        if (from->target) delist(cms, from);
    }
}

void chain_move_outgoing(struct cms *cms, struct translation *from, struct translation *to)
{
    for (unsigned i = 0; i < from->exit_count; i++) {
        struct exit_record *old = chain_exit(cms, from, i), *new = chain_exit(cms, to, i);
        struct translation *target = at(cms, old->target);
        new->tpc = to->tpc + (old->tpc - from->tpc);
        if (old->push) new->push = to->tpc + (old->push - from->tpc);
        new->owner = offset_of(cms, to);
        if (!old->target) continue;
        delist(cms, old);
        tr_link(at(cms, new->tpc), (int32_t)(target->tpc - new->tpc));
        enlist(cms, new, target);
        patched(cms, new, target->tpc, WORK_LINK);
        hw_count(cms->core, CMS_STAT_relinks, 1);
    }
}

void chain_move_incoming(struct cms *cms, struct translation *from, struct translation *to)
{
    while (from->incoming) {
        struct exit_record *link = at(cms, from->incoming);
        delist(cms, link);
        tr_link(at(cms, link->tpc), (int32_t)(to->tpc - link->tpc));
        enlist(cms, link, to);
        patched(cms, link, to->tpc, WORK_LINK);
        hw_count(cms->core, CMS_STAT_relinks, 1);
    }
}
