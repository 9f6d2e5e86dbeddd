/* code_cache.c -- where translations live: how one is installed, moved and taken out of service. Where there
 * is room for it in the cache, and who goes to make it, is code_room.c's.
 */
#include "cms/state.h"

struct translation *code_cache_owner(const struct cms *cms, uint32_t tpc)
{
    const struct root *root = cms->root;
    if (tpc - root->code >= root->code_bytes) return NULL;
    uint32_t offset = ((const uint32_t *)at(cms, root->owners))[(tpc - root->code) / CODE_GRANULE];
    return offset ? at(cms, offset) : NULL;
}

static void report(struct cms *cms, const struct translation *translation, enum hw_region_event event)
{
    const struct head *head = at(cms, translation->head);
    const struct guest_range *ranges = at(cms, translation->ranges);
    struct hw_region_info info = {.region = translation->region,
                                  .gear = translation->gear,
                                  .spc = head->spc,
                                  .context = head->context,
                                  .guest_insns = translation->guest_insns,
                                  .tpc = translation->tpc,
                                  .code_bytes = translation->code_bytes,
                                  .bundles = translation->bundles,
                                  .atoms = translation->atoms,
                                  .nops = translation->nops};
    for (unsigned i = 0; i < translation->range_count; i++) info.guest_bytes += ranges[i].bytes;
    if (translation->range_count) {
        const struct guest_range *last = &ranges[translation->range_count - 1]; /* they are in order of address */
        info.first = ranges[0].address;
        info.last = last->address + last->bytes - 1;
    }
    hw_region(cms->core, event, &info);
}

/* ---- the end of a translation ---- */

void code_cache_kill(struct cms *cms, struct translation *translation, enum hw_region_event why)
{
    static const uint16_t counter[REGION_EVENTS] = {
        [REGION_EVICTED] = CMS_STAT_evicted,     [REGION_FLUSHED] = CMS_STAT_evicted,
        [REGION_STORED] = CMS_STAT_invalidated,  [REGION_REMAPPED] = CMS_STAT_invalidated,
        [REGION_REPLACED] = CMS_STAT_replaced,   [REGION_ADAPTED] = CMS_STAT_replaced};
    struct head *head = at(cms, translation->head);
    struct source *sources = at(cms, translation->sources);
    if (!translation->alive) return;
    translation->alive = false;
    if (head->translation == offset_of(cms, translation)) head->translation = 0;
    code_room_died(cms, translation);
    chain_unlink_outgoing(cms, translation); /* first: a link to itself is no patch then */
    chain_unlink_incoming(cms, translation);
    for (unsigned i = 0; i < translation->source_count; i++) {
        uint64_t physical = ((struct page *)at(cms, sources[i].page))->physical;
        coherence_forget(cms, &sources[i]);
        coherence_protect(cms, physical);
    }
    hw_targets_purge(cms->core, translation->tpc, translation->code_bytes);
    hw_charge(cms->core, WORK_EVICT, 1, translation->region);
    hw_count(cms->core, counter[why], 1);
    report(cms, translation, why);
}

/* ---- installing ---- */

static uint64_t linear_of(const struct cms *cms, uint64_t address)
{
    uint64_t linear = address + cms->state->r[HOME_CS_BASE];
    return CONTEXT_GET(cms->root->context, LONG) ? linear : (uint32_t)linear;
}

/* Pages that the ranges touch, at most (one that two ranges share counts twice). */
static unsigned pages_at_most(const struct cms *cms, const struct tr_result *result)
{
    unsigned pages = 0;
    for (unsigned i = 0; i < result->range_count; i++) {
        uint64_t first = linear_of(cms, result->ranges[i].address), last = first + result->ranges[i].bytes - 1;
        if (result->ranges[i].bytes) pages += (unsigned)(last / 4096 - first / 4096 + 1);
    }
    return pages;
}

static void fill_exits(struct cms *cms, struct translation *translation, const struct tr_result *result)
{
    struct exit_record *exits = at(cms, translation->exits);
    for (unsigned i = 0; i < result->exit_count; i++) {
        exits[i] = (struct exit_record){.tpc = translation->tpc + result->exits[i].offset,
                                        .owner = offset_of(cms, translation),
                                        .number = (uint16_t)i,
                                        .push_word = result->exits[i].push_word,
                                        .reason = result->exits[i].reason,
                                        .known = result->exits[i].target != 0,
                                        .source = result->exits[i].source};
        if (result->exits[i].push != TR_NO_PUSH) exits[i].push = translation->tpc + result->exits[i].push;
    }
    translation->exit_count = (uint16_t)result->exit_count;
}

static void fill_sources(struct cms *cms, struct translation *translation, const struct tr_result *result)
{
    struct guest_range *ranges = at(cms, translation->ranges);
    unsigned count = 0;
    for (unsigned i = 0; i < result->range_count; i++) {
        ranges[i] = (struct guest_range){result->ranges[i].address, result->ranges[i].bytes};
        count = coherence_watch(cms, offset_of(cms, translation), at(cms, translation->sources), count,
                                linear_of(cms, ranges[i].address), ranges[i].bytes);
    }
    translation->range_count = (uint16_t)result->range_count;
    translation->source_count = (uint16_t)count;
}

/* The gear below goes on counting its heads where the new translation replaces an old one. */
static void replace(struct cms *cms, struct head *head, struct translation *translation)
{
    struct translation *old = head->translation ? at(cms, head->translation) : NULL;
    head->translation = offset_of(cms, translation);
    if (!old) return;
    chain_move_incoming(cms, old, translation);
    code_cache_kill(cms, old, REGION_REPLACED);
}

/* What was evicted and is wanted again. */
static void count_regenerated(struct cms *cms, struct head *head, unsigned gear)
{
    unsigned bit = 1u << gear;
    if (!(head->evicted & bit)) return;
    head->evicted &= (uint8_t)~bit;
    hw_count(cms->core, CMS_STAT_regenerated, 1);
}

struct translation *code_cache_install(struct cms *cms, struct head *head, unsigned gear,
                                       const struct tr_result *result)
{
    uint32_t exits = (uint32_t)sizeof(struct translation);
    uint32_t ranges = exits + result->exit_count * (uint32_t)sizeof(struct exit_record);
    uint32_t sources = ranges + result->range_count * (uint32_t)sizeof(struct guest_range);
    struct room room = {
        .code_bytes = (uint32_t)round_up(result->bytes, CODE_GRANULE),
        .record_bytes = (uint32_t)round_up(sources + pages_at_most(cms, result) * sizeof(struct source), 16)};
    if (!code_room_make(cms, gear, &room)) {
        hw_count(cms->core, CMS_STAT_oversize, 1);
        return NULL;
    }
    struct translation *translation = at(cms, room.record);
    *translation = (struct translation){
        .bytes = room.record_bytes,
        .region = cms->root->region_next++,
        .head = offset_of(cms, head),
        .tpc = room.code,
        .code_bytes = result->bytes,
        .exits = room.record + exits,
        .ranges = room.record + ranges,
        .sources = room.record + sources,
        .bundles = result->bundles,
        .atoms = result->atoms,
        .nops = result->nops,
        .guest_insns = (uint16_t)result->guest_insns,
        .insns_longest = (uint16_t)result->insns_longest,
        .gear = (uint8_t)gear,
        .alive = true,
    };
    code_room_enlist(cms, room.unit, translation);
    memcpy(at(cms, translation->tpc), result->code, result->bytes);
    hw_invalidate_code(cms->core, translation->tpc, result->bytes);
    fill_exits(cms, translation, result);
    fill_sources(cms, translation, result);
    replace(cms, head, translation);
    count_regenerated(cms, head, gear);
    if (translation->insns_longest > cms->root->margin) {
        cms->root->margin = translation->insns_longest;
        hw_event_margin(cms->core, cms->root->margin);
    }
    report(cms, translation, REGION_BORN);
    return translation;
}

/* ---- moving ---- */

struct translation *code_cache_move(struct cms *cms, struct translation *from, const struct room *room)
{
    struct translation *to = at(cms, room->record);
    struct head *head = at(cms, from->head);
    uint32_t by = room->record - offset_of(cms, from);
    chain_unlink_incoming(cms, from);
    hw_targets_purge(cms->core, from->tpc, from->code_bytes);
    memcpy(to, from, from->bytes);
    memcpy(at(cms, room->code), at(cms, from->tpc), from->code_bytes);
    hw_invalidate_code(cms->core, room->code, from->code_bytes);
    to->tpc = room->code;
    to->exits += by, to->ranges += by, to->sources += by;
    chain_move_outgoing(cms, from, to);
    for (unsigned i = 0; i < to->source_count; i++) {
        struct source *sources = at(cms, to->sources);
        coherence_moved(cms, &sources[i], offset_of(cms, to));
    }
    head->translation = offset_of(cms, to);
    code_room_died(cms, from);
    from->alive = false;
    code_room_enlist(cms, room->unit, to);
    report(cms, to, REGION_MOVED);
    code_room_release(cms, from);
    hw_charge(cms->core, WORK_MOVE, 1, to->region);
    hw_charge(cms->core, WORK_MOVE_BYTE, to->code_bytes, to->region);
    return to;
}
