/* indirect.c -- transfers to addresses that only run time knows (cms.indirect): through the dispatcher each time, by
 * comparison with predicted targets, through the JTLB, or through JTLB and DRAS. The code for each is the translator's;
 * here is what happens when its prediction fails.
 */
#include "cms/state.h"

enum { PATIENCE = 16, PATIENCE_MAX = 1 << 20 };

static struct site *site_of(const struct cms *cms, uint64_t source)
{
    struct site *sites = at(cms, cms->root->sites);
    return &sites[hash_words(source, 0) % SITES];
}

/* Counts a target: a known one moves up past those seen less often; a new one takes the last place. */
static void remember(struct site *site, uint64_t target)
{
    unsigned i = 0;
    while (i < TR_TARGETS_MAX - 1 && site->counts[i] && site->targets[i] != target) i++;
    if (site->targets[i] != target || !site->counts[i]) {
        site->targets[i] = target;
        site->counts[i] = 0;
    }
    site->counts[i]++;
    for (; i && site->counts[i] > site->counts[i - 1]; i--) {
        uint64_t other = site->targets[i - 1];
        uint32_t count = site->counts[i - 1];
        site->targets[i - 1] = site->targets[i], site->counts[i - 1] = site->counts[i];
        site->targets[i] = other, site->counts[i] = count;
    }
}

/* Predictions are part of the code: after enough misses it is made anew with those that would have been right. */
static void inline_missed(struct cms *cms, const struct exit_record *from)
{
    struct site *site = site_of(cms, from->source);
    struct translation *owner = at(cms, from->owner);
    if (site->source != from->source || !site->patience)
        *site = (struct site){.source = from->source, .patience = PATIENCE};
    remember(site, eip(cms));
    if (++site->misses < site->patience || !owner->alive) return;
    site->misses = 0;
    if (site->patience < PATIENCE_MAX) site->patience *= 4;
    hw_count(cms->core, CMS_STAT_predictions, 1);
    adapt_renew(cms, owner);
}

void indirect_missed(struct cms *cms, const struct exit_record *from, const struct translation *to)
{
    if (from->known)
        return; /* not the target but the context word is what may differ: the dispatcher looks each time */
    switch ((enum tr_indirect)cms->options->indirect) {
    case TR_DISPATCHER: break;
    case TR_INLINE: inline_missed(cms, from); break;
    case TR_JTLB:
    case TR_JTLB_DRAS:
        if (!to) break;
        hw_jtlb_insert(cms->core, eip(cms), cms->root->context, to->tpc);
        hw_count(cms->core, CMS_STAT_jtlb_inserts, 1);
        break;
    }
}

unsigned indirect_targets(void *cookie, uint64_t spc, uint64_t *to, unsigned capacity)
{
    const struct cms *cms = cookie;
    const struct site *site = site_of(cms, spc);
    unsigned count = 0;
    if (site->source != spc) return 0;
    while (count < capacity && count < TR_TARGETS_MAX && site->counts[count]) {
        to[count] = site->targets[count];
        count++;
    }
    return count;
}
