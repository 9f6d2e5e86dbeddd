/* code_cache.c -- where translations live: allocation, replacement, and the end of a translation.
 *
 * The cache is divided into units that are filled forward and evicted whole: one unit for `flush`, several in turn for
 * `fifo` (the coarse-grained FIFO of Hazelwood & Smith 2004). A translation's records lie in the same unit as its code,
 * so that both go at once. A translation that is invalidated leaves a hole until then.
 */
#include "cms/state.h"

static struct unit *unit_at(const struct cms *cms, uint32_t index)
{
    return (struct unit *)at(cms, cms->root->units) + index;
}

void code_cache_boot(struct cms *cms)
{
    struct root *root = cms->root;
    for (uint32_t i = 0; i < root->unit_count; i++) {
        *unit_at(cms, i) = (struct unit){.code = root->code + i * root->unit_code_bytes,
                                         .records = root->records + i * root->unit_record_bytes};
    }
}

struct translation *code_cache_owner(const struct cms *cms, uint32_t tpc)
{
    const struct root *root = cms->root;
    if (tpc - root->code >= root->code_bytes) return NULL;
    uint32_t offset = ((const uint32_t *)at(cms, root->owners))[(tpc - root->code) / CODE_GRANULE];
    return offset ? at(cms, offset) : NULL;
}

static void own(struct cms *cms, uint32_t tpc, uint32_t bytes, uint32_t owner)
{
    uint32_t *owners = at(cms, cms->root->owners);
    uint32_t first = (tpc - cms->root->code) / CODE_GRANULE;
    for (uint32_t i = 0; i < (bytes + CODE_GRANULE - 1) / CODE_GRANULE; i++) owners[first + i] = owner;
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
    chain_unlink_incoming(cms, translation);
    chain_unlink_outgoing(cms, translation);
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

#ifdef COVM_CHECKS
/* DESIGN section 3: before code-cache space is reused, every reference to it is gone. */
static void prove_unreferenced(struct cms *cms, const struct unit *gone)
{
    const struct root *root = cms->root;
    uint32_t first = gone->records, end = gone->records + root->unit_record_bytes;
    const struct head *heads = at(cms, root->heads);
    for (uint32_t i = 0; i < root->head_count; i++) {
        if (heads[i].translation - first < end - first) hw_panic(cms->core, "dispatch refers to evicted code");
    }
    for (uint32_t u = 0; u < root->unit_count; u++) {
        const struct unit *unit = unit_at(cms, u);
        for (uint32_t used = 0; unit != gone && used < unit->records_used;) {
            const struct translation *other = at(cms, unit->records + used);
            const struct exit_record *exits = at(cms, other->exits);
            for (unsigned i = 0; i < other->exit_count; i++) {
                if (exits[i].target - first < end - first) hw_panic(cms->core, "a link refers to evicted code");
                if (exits[i].next - first < end - first) hw_panic(cms->core, "a list of links refers to evicted code");
            }
            if (other->incoming - first < end - first) hw_panic(cms->core, "an incoming link comes from evicted code");
            used += other->bytes;
        }
    }
    const struct page *pages = at(cms, root->pages);
    for (uint32_t i = 0; i < root->page_count; i++) {
        for (uint32_t s = pages[i].sources; s; s = ((const struct source *)at(cms, s))->next) {
            if (s - first < end - first) hw_panic(cms->core, "a page is watched for evicted code");
        }
    }
    if (hw_targets_refer(cms->core, gone->code, root->unit_code_bytes)) {
        hw_panic(cms->core, "JTLB or DRAS refers to evicted code");
    }
}
#endif

static void evict(struct cms *cms, struct unit *unit, enum hw_region_event why)
{
    if (!unit->records_used) return;
    for (uint32_t used = 0; used < unit->records_used;) {
        struct translation *translation = at(cms, unit->records + used);
        struct head *head = at(cms, translation->head);
        if (translation->alive) {
            code_cache_kill(cms, translation, why);
            profile_start(cms, head); /* it must prove itself again */
        }
        used += translation->bytes;
    }
#ifdef COVM_CHECKS
    prove_unreferenced(cms, unit);
#endif
    hw_invalidate_code(cms->core, unit->code, unit->code_used);
    own(cms, unit->code, cms->root->unit_code_bytes, 0);
    unit->code_used = unit->records_used = 0;
    cms->root->evictions++;
    hw_count(cms->core, cms->root->unit_count == 1 ? CMS_STAT_flushes : CMS_STAT_unit_evictions, 1);
}

void code_cache_flush(struct cms *cms)
{
    for (uint32_t i = 0; i < cms->root->unit_count; i++) evict(cms, unit_at(cms, i), REGION_FLUSHED);
    cms->root->unit_current = 0;
}

/* ---- installing ---- */

/* A unit with room for that much; NULL: not even an empty one has it. */
static struct unit *find_room(struct cms *cms, uint32_t code_bytes, uint32_t record_bytes)
{
    struct root *root = cms->root;
    if (code_bytes > root->unit_code_bytes || record_bytes > root->unit_record_bytes) return NULL;
    struct unit *unit = unit_at(cms, root->unit_current);
    if (unit->code_used + code_bytes <= root->unit_code_bytes &&
        unit->records_used + record_bytes <= root->unit_record_bytes)
        return unit;
    root->unit_current = (root->unit_current + 1) % root->unit_count;
    unit = unit_at(cms, root->unit_current);
    evict(cms, unit, root->unit_count == 1 ? REGION_FLUSHED : REGION_EVICTED);
    return unit;
}

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
                                        .reason = result->exits[i].reason,
                                        .known = result->exits[i].target != 0,
                                        .source = result->exits[i].source};
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

struct translation *code_cache_install(struct cms *cms, struct head *head, unsigned gear,
                                       const struct tr_result *result)
{
    uint32_t code_bytes = (uint32_t)round_up(result->bytes, CODE_GRANULE);
    uint32_t exits = (uint32_t)sizeof(struct translation);
    uint32_t ranges = exits + result->exit_count * (uint32_t)sizeof(struct exit_record);
    uint32_t sources = ranges + result->range_count * (uint32_t)sizeof(struct guest_range);
    uint32_t record_bytes = (uint32_t)round_up(sources + pages_at_most(cms, result) * sizeof(struct source), 16);
    struct unit *unit = find_room(cms, code_bytes, record_bytes);
    if (!unit) {
        hw_count(cms->core, CMS_STAT_oversize, 1);
        return NULL;
    }
    uint32_t record = unit->records + unit->records_used;
    struct translation *translation = at(cms, record);
    *translation = (struct translation){
        .bytes = record_bytes,
        .region = cms->root->region_next++,
        .head = offset_of(cms, head),
        .tpc = unit->code + unit->code_used,
        .code_bytes = result->bytes,
        .exits = record + exits,
        .ranges = record + ranges,
        .sources = record + sources,
        .bundles = result->bundles,
        .atoms = result->atoms,
        .nops = result->nops,
        .guest_insns = (uint16_t)result->guest_insns,
        .insns_longest = (uint16_t)result->insns_longest,
        .gear = (uint8_t)gear,
        .alive = true,
    };
    unit->code_used += code_bytes;
    unit->records_used += record_bytes;
    memcpy(at(cms, translation->tpc), result->code, result->bytes);
    hw_invalidate_code(cms->core, translation->tpc, result->bytes);
    own(cms, translation->tpc, code_bytes, record);
    fill_exits(cms, translation, result);
    fill_sources(cms, translation, result);
    replace(cms, head, translation);
    if (translation->insns_longest > cms->root->margin) {
        cms->root->margin = translation->insns_longest;
        hw_event_margin(cms->core, cms->root->margin);
    }
    report(cms, translation, REGION_BORN);
    return translation;
}
