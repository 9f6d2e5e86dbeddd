/* code_room.c -- room for translations in the code cache, and who goes when there is none (cms.code_cache.replacement).
 *
 * The cache has one part for all gears, or one for each. A part is made of units, and a unit of code space and record
 * space, so that a translation's records go with its code:
 *   flush         one unit, filled forward; all of it goes when it is full
 *   preemptive    the same, which also goes when many translations are made after a calm: the guest has entered another
 *                 phase, and what is there will hardly be used again (Bala, Duesterwald & Banerjia 2000)
 *   fifo          several units in turn, each filled forward and emptied whole (Hazelwood & J. Smith 2004)
 *   fine          one unit, a ring: just as many of the oldest go as lie where the new one comes to lie
 *   generational  three rings (Hazelwood & M. Smith 2003): all are born into the nursery; who grows out of it moves to
 *                 the probation, and from there, if it is entered often enough, to the persistent unit
 *   lru           one unit with holes: who was not used for the longest time goes, until there is a hole large enough
 * A translation that was invalidated or replaced leaves a hole until its turn comes (under lru it is next).
 *
 * Chained code tells nobody that it runs, and counting in it would slow it down. So whose use is to be known goes on
 * trial: its links are cut, its JTLB and DRAS entries purged, and who wants it comes by the dispatcher, which sees it
 * (as reference bits are made of invalid pages: Babaoglu & Joy 1981). On trial are those on probation, and under lru a
 * share of the code, the least recently seen at the dispatcher (a segmented FIFO: Turner & Levy 1981).
 */
#include "cms/state.h"

enum { NURSERY, PROBATION, PERSISTENT, GENERATIONS };
enum { RECORDS_SPARE = 8192 };

/* ---- the shape of the cache ---- */

unsigned code_room_parts(const struct cms_options *options) { return options->shared ? 1 : PARTS_MAX; }

static uint32_t granules_of(const struct cms_options *options, unsigned part)
{
    uint64_t all = (uint64_t)options->code_cache / CODE_GRANULE, first = all * (uint64_t)options->gear1_share / 100;
    return (uint32_t)(options->shared ? all : part ? all - first : first);
}

unsigned code_room_units(const struct cms_options *options)
{
    uint32_t fewest = granules_of(options, 0);
    if (!options->shared && granules_of(options, 1) < fewest) fewest = granules_of(options, 1);
    switch ((enum cms_replacement)options->replacement) {
    case CMS_FIFO: return options->fifo_units < fewest ? (unsigned)options->fifo_units : fewest ? fewest : 1;
    case CMS_GENERATIONAL: return GENERATIONS;
    case CMS_FLUSH:
    case CMS_FINE:
    case CMS_PREEMPTIVE:
    case CMS_LRU: return 1;
    }
    return 1;
}

uint32_t code_room_code_bytes(const struct cms_options *options, unsigned part, unsigned unit)
{
    uint64_t granules = granules_of(options, part);
    if (options->replacement == CMS_GENERATIONAL) {
        uint64_t nursery = granules * (uint64_t)options->nursery / 100;
        uint64_t probation = granules * (uint64_t)options->probation / 100;
        granules = unit == NURSERY ? nursery : unit == PROBATION ? probation : granules - nursery - probation;
    } else {
        granules /= code_room_units(options);
    }
    return (uint32_t)granules * CODE_GRANULE;
}

/* So much that it is code space which runs out: the records of a small translation are larger than its code. */
uint32_t code_room_record_bytes(const struct cms_options *options, unsigned part, unsigned unit)
{
    return 2 * code_room_code_bytes(options, part, unit) + RECORDS_SPARE;
}

static struct unit *unit_at(const struct cms *cms, unsigned part, unsigned unit)
{
    return (struct unit *)at(cms, cms->root->units) + part * cms->root->unit_count + unit;
}

void code_room_boot(struct cms *cms)
{
    struct root *root = cms->root;
    uint32_t code = root->code, records = root->records;
    for (unsigned p = 0; p < root->part_count; p++) {
        root->parts[p] = (struct part){0};
        for (unsigned u = 0; u < root->unit_count; u++) {
            struct unit *unit = unit_at(cms, p, u);
            *unit = (struct unit){.part = p,
                                  .code = code,
                                  .code_bytes = code_room_code_bytes(cms->options, p, u),
                                  .records = records,
                                  .record_bytes = code_room_record_bytes(cms->options, p, u)};
            code += unit->code_bytes;
            records += unit->record_bytes;
            root->parts[p].bytes += unit->code_bytes;
        }
    }
}

/* ---- who is where ---- */

static uint32_t granules(uint32_t bytes) { return (bytes + CODE_GRANULE - 1) / CODE_GRANULE; }

static void mark(struct cms *cms, const struct translation *translation, uint32_t owner)
{
    const struct root *root = cms->root;
    uint32_t *owners = (uint32_t *)at(cms, root->owners) + (translation->tpc - root->code) / CODE_GRANULE;
    for (uint32_t i = 0; i < granules(translation->code_bytes); i++) owners[i] = owner;
    if (!root->record_owners) return;
    uint32_t *records =
        (uint32_t *)at(cms, root->record_owners) + (offset_of(cms, translation) - root->records) / CODE_GRANULE;
    for (uint32_t i = 0; i < granules(translation->bytes); i++) records[i] = owner;
}

static void append(struct cms *cms, struct unit *unit, struct translation *translation)
{
    translation->older = unit->youngest;
    translation->younger = 0;
    *(unit->youngest ? &((struct translation *)at(cms, unit->youngest))->younger : &unit->oldest) =
        offset_of(cms, translation);
    unit->youngest = offset_of(cms, translation);
}

static void remove_from(struct cms *cms, struct unit *unit, struct translation *translation)
{
    uint32_t older = translation->older, younger = translation->younger;
    *(older ? &((struct translation *)at(cms, older))->younger : &unit->oldest) = younger;
    *(younger ? &((struct translation *)at(cms, younger))->older : &unit->youngest) = older;
}

void code_room_enlist(struct cms *cms, struct unit *unit, struct translation *translation)
{
    translation->unit = offset_of(cms, unit);
    append(cms, unit, translation);
    mark(cms, translation, offset_of(cms, translation));
    cms->root->parts[unit->part].live += granules(translation->code_bytes) * CODE_GRANULE;
}

void code_room_died(struct cms *cms, struct translation *translation)
{
    struct unit *unit = at(cms, translation->unit);
    cms->root->parts[unit->part].live -= granules(translation->code_bytes) * CODE_GRANULE;
    if (cms->options->replacement != CMS_LRU || unit->oldest == offset_of(cms, translation)) return;
    remove_from(cms, unit, translation);
    translation->older = 0;
    translation->younger = unit->oldest;
    ((struct translation *)at(cms, unit->oldest))->older = offset_of(cms, translation);
    unit->oldest = offset_of(cms, translation);
}

#ifdef COVM_CHECKS
static bool among(const struct translation *gone, uint32_t record, uint32_t offset)
{
    return offset - record < gone->bytes;
}

static void prove_links(struct cms *cms, const struct translation *gone, const struct translation *other)
{
    uint32_t record = offset_of(cms, gone);
    const struct exit_record *exits = at(cms, other->exits);
    for (unsigned i = 0; i < other->exit_count; i++) {
        if (among(gone, record, exits[i].target)) hw_panic(cms->core, "a link refers to evicted code");
        if (among(gone, record, exits[i].next) || among(gone, record, exits[i].previous))
            hw_panic(cms->core, "a list of links refers to evicted code");
    }
    if (among(gone, record, other->incoming)) hw_panic(cms->core, "an incoming link comes from evicted code");
}

/* DESIGN section 3: before code-cache space is reused, every reference to it is gone. */
static void prove_unreferenced(struct cms *cms, const struct translation *gone)
{
    const struct root *root = cms->root;
    uint32_t record = offset_of(cms, gone);
    const struct head *heads = at(cms, root->heads);
    for (uint32_t i = 0; i < root->head_count; i++) {
        if (among(gone, record, heads[i].translation)) hw_panic(cms->core, "dispatch refers to evicted code");
    }
    for (uint32_t u = 0; u < root->part_count * root->unit_count; u++) {
        for (uint32_t t = unit_at(cms, 0, u)->oldest; t; t = ((struct translation *)at(cms, t))->younger) {
            if (t == record) hw_panic(cms->core, "evicted code is still listed");
            prove_links(cms, gone, at(cms, t));
        }
    }
    const struct page *pages = at(cms, root->pages);
    for (uint32_t i = 0; i < root->page_count; i++) {
        for (uint32_t s = pages[i].sources; s; s = ((const struct source *)at(cms, s))->next) {
            if (among(gone, record, s)) hw_panic(cms->core, "a page is watched for evicted code");
        }
    }
    if (code_cache_owner(cms, gone->tpc)) hw_panic(cms->core, "evicted code still has an owner");
    if (hw_targets_refer(cms->core, gone->tpc, gone->code_bytes))
        hw_panic(cms->core, "JTLB or DRAS refers to evicted code");
}
#endif

void code_room_release(struct cms *cms, struct translation *translation)
{
    struct unit *unit = at(cms, translation->unit);
    if (translation->alive) hw_panic(cms->core, "the room of a live translation is given away");
    remove_from(cms, unit, translation);
    mark(cms, translation, 0);
    hw_invalidate_code(cms->core, translation->tpc, translation->code_bytes);
#ifdef COVM_CHECKS
    prove_unreferenced(cms, translation);
#endif
}

/* ---- eviction ---- */

/* How full the part is when it must make room tells what holes and ends cost it. */
static void evict_begin(struct cms *cms, const struct unit *unit)
{
    const struct part *part = &cms->root->parts[unit->part];
    hw_charge(cms->core, WORK_EVICTION, 1, 0);
    hw_count(cms->core, CMS_STAT_evictions, 1);
    hw_count(cms->core, CMS_STAT_live_bytes, part->live);
    hw_count(cms->core, CMS_STAT_idle_bytes, part->bytes - part->live);
}

static void evict_one(struct cms *cms, struct translation *translation, enum hw_region_event why)
{
    struct head *head = at(cms, translation->head);
    if (translation->alive) {
        code_cache_kill(cms, translation, why);
        hw_charge(cms->core, WORK_EVICT_BYTE, translation->code_bytes, translation->region);
        hw_count(cms->core, CMS_STAT_evicted_bytes, translation->code_bytes);
        head->evicted |= (uint8_t)(1u << translation->gear);
        profile_start(cms, head); /* it must prove itself again */
    }
    code_room_release(cms, translation);
}

/* The oldest of a unit, at once: what links them among each other needs no patching. */
static void evict(struct cms *cms, struct unit *unit, unsigned count, enum hw_region_event why)
{
    unsigned alive = 0;
    struct translation *translation = at(cms, unit->oldest);
    for (unsigned i = 0; i < count; i++, translation = at(cms, translation->younger)) {
        alive += translation->alive;
        chain_unlink_outgoing(cms, translation);
    }
    if (alive) evict_begin(cms, unit);
    for (; count; count--) evict_one(cms, at(cms, unit->oldest), why);
}

static void evict_all(struct cms *cms, struct unit *unit, enum hw_region_event why)
{
    unsigned count = 0;
    for (uint32_t t = unit->oldest; t; t = ((struct translation *)at(cms, t))->younger) count++;
    if (count) evict(cms, unit, count, why);
    unit->code_used = unit->records_used = 0;
}

static void flush(struct cms *cms, unsigned part)
{
    for (unsigned u = 0; u < cms->root->unit_count; u++) evict_all(cms, unit_at(cms, part, u), REGION_FLUSHED);
    cms->root->parts[part].current = 0;
    hw_count(cms->core, CMS_STAT_flushes, 1);
}

void code_room_flush(struct cms *cms)
{
    for (unsigned p = 0; p < cms->root->part_count; p++) flush(cms, p);
}

/* ---- filled forward: flush, preemptive, fifo ---- */

static bool fits(const struct unit *unit, const struct room *room)
{
    return room->code_bytes <= unit->code_bytes && room->record_bytes <= unit->record_bytes;
}

static void place(struct unit *unit, struct room *room, uint32_t code, uint32_t record)
{
    room->unit = unit;
    room->code = unit->code + code;
    room->record = unit->records + record;
    unit->code_used = code + room->code_bytes;
    unit->records_used = record + room->record_bytes;
}

static bool forward_room(struct cms *cms, unsigned index, struct room *room)
{
    struct part *part = &cms->root->parts[index];
    struct unit *unit = unit_at(cms, index, part->current);
    if (!fits(unit, room)) return false;
    if (unit->code_used + room->code_bytes > unit->code_bytes ||
        unit->records_used + room->record_bytes > unit->record_bytes) {
        part->current = (part->current + 1) % cms->root->unit_count;
        unit = unit_at(cms, index, part->current);
        if (cms->root->unit_count == 1)
            flush(cms, index);
        else
            evict_all(cms, unit, REGION_EVICTED);
    }
    place(unit, room, unit->code_used, unit->records_used);
    return true;
}

/* Many translations within a window, after one with few: once a rise, since what a flush drops is made again at once,
 * and so is what a program begins with. */
static bool phase_changed(struct cms *cms, unsigned index)
{
    struct part *part = &cms->root->parts[index];
    uint64_t window = (uint64_t)cms->options->preemptive_window, passed = hw_insns(cms->core) - part->window;
    if (passed >= window) {
        part->calm = part->made < cms->options->preemptive_rate || passed >= 2 * window;
        part->window += passed - passed % window;
        part->made = 0;
    }
    if (++part->made < cms->options->preemptive_rate || !part->calm) return false;
    part->calm = false;
    return unit_at(cms, index, 0)->code_used >= part->bytes / 100 * (uint64_t)cms->options->preemptive_fill;
}

/* ---- rings: fine, generational ---- */

/* Where in a ring of that size the next piece begins: behind the last, or, if it would not fit there, at the start. */
static uint32_t ring_next(uint32_t used, uint32_t bytes, uint32_t size) { return used + bytes > size ? 0 : used; }

/* Is what begins at `position` in the way of that piece? The end of a ring that is passed over goes, too: it is older
 * than what lies at the start. */
static bool in_way(uint32_t position, uint32_t used, uint32_t bytes, uint32_t size)
{
    if (used + bytes > size) return position >= used || position < bytes;
    return position - used < bytes;
}

/* By age no older one is in the way if this one is not. */
static bool is_in_way(const struct cms *cms, const struct unit *unit, const struct room *room, uint32_t of)
{
    const struct translation *translation = at(cms, of);
    return of && (in_way(translation->tpc - unit->code, unit->code_used, room->code_bytes, unit->code_bytes) ||
                  in_way(of - unit->records, unit->records_used, room->record_bytes, unit->record_bytes));
}

static bool ring_room(struct cms *cms, struct unit *unit, struct room *room)
{
    if (!fits(unit, room)) return false;
    unsigned count = 0;
    for (uint32_t t = unit->oldest; is_in_way(cms, unit, room, t); t = ((struct translation *)at(cms, t))->younger)
        count++;
    if (count) evict(cms, unit, count, REGION_EVICTED);
    place(unit, room, ring_next(unit->code_used, room->code_bytes, unit->code_bytes),
          ring_next(unit->records_used, room->record_bytes, unit->record_bytes));
    return true;
}

/* ---- generational ---- */

static bool move(struct cms *cms, struct translation *translation, struct unit *to, bool on_trial)
{
    struct room room = {.code_bytes = granules(translation->code_bytes) * CODE_GRANULE,
                        .record_bytes = translation->bytes};
    if (!ring_room(cms, to, &room)) return false;
    code_cache_move(cms, translation, &room)->on_trial = on_trial;
    return true;
}

/* Who is in the way in the nursery grows out of it. */
static bool nursery_room(struct cms *cms, unsigned part, struct room *room)
{
    struct unit *nursery = unit_at(cms, part, NURSERY), *probation = unit_at(cms, part, PROBATION);
    if (!fits(nursery, room)) return false;
    while (is_in_way(cms, nursery, room, nursery->oldest)) {
        struct translation *oldest = at(cms, nursery->oldest);
        if (!oldest->alive || !move(cms, oldest, probation, true))
            evict(cms, nursery, 1, REGION_EVICTED);
        else
            hw_count(cms->core, CMS_STAT_probations, 1);
    }
    return ring_room(cms, nursery, room);
}

/* Who does not fit the persistent unit is left in peace until its probation ends. */
static void promote(struct cms *cms, struct translation *translation)
{
    const struct unit *from = at(cms, translation->unit);
    if (++translation->entries < cms->options->promote) return;
    if (move(cms, translation, unit_at(cms, from->part, PERSISTENT), false))
        hw_count(cms->core, CMS_STAT_promotions, 1);
    else
        translation->on_trial = false;
}

/* ---- lru ---- */

/* The first run of so many free granules in a map; false: none. */
static bool find_hole(const uint32_t *owners, uint32_t count, uint32_t wanted, uint32_t *where)
{
    uint32_t run = 0;
    for (uint32_t i = 0; i < count; i++) {
        run = owners[i] ? 0 : run + 1;
        if (run == wanted) {
            *where = i + 1 - wanted;
            return true;
        }
    }
    return false;
}

static bool find_holes(struct cms *cms, struct unit *unit, struct room *room)
{
    const struct root *root = cms->root;
    const uint32_t *owners = (const uint32_t *)at(cms, root->owners) + (unit->code - root->code) / CODE_GRANULE;
    const uint32_t *records =
        (const uint32_t *)at(cms, root->record_owners) + (unit->records - root->records) / CODE_GRANULE;
    uint32_t code, record;
    if (!find_hole(owners, unit->code_bytes / CODE_GRANULE, granules(room->code_bytes), &code)) return false;
    if (!find_hole(records, unit->record_bytes / CODE_GRANULE, granules(room->record_bytes), &record)) return false;
    place(unit, room, code * CODE_GRANULE, record * CODE_GRANULE);
    return true;
}

/* The least recently seen, up to a share of the code, are on trial. */
static void try_oldest(struct cms *cms, struct unit *unit)
{
    uint64_t share = (uint64_t)unit->code_bytes * (uint64_t)cms->options->trial / 100, bytes = 0;
    for (uint32_t t = unit->oldest; t && bytes < share;) {
        struct translation *translation = at(cms, t);
        bytes += granules(translation->code_bytes) * CODE_GRANULE;
        if (translation->alive && !translation->on_trial) {
            chain_unlink_incoming(cms, translation);
            hw_targets_purge(cms->core, translation->tpc, translation->code_bytes);
            translation->on_trial = true;
            hw_count(cms->core, CMS_STAT_trials, 1);
        }
        t = translation->younger;
    }
}

static bool lru_room(struct cms *cms, struct unit *unit, struct room *room)
{
    bool evicted = false;
    if (!fits(unit, room)) return false;
    while (!find_holes(cms, unit, room)) {
        struct translation *oldest = at(cms, unit->oldest);
        chain_unlink_outgoing(cms, oldest);
        if (oldest->alive && !evicted) {
            evict_begin(cms, unit);
            evicted = true;
        }
        evict_one(cms, oldest, REGION_EVICTED);
    }
    if (evicted) try_oldest(cms, unit);
    return true;
}

static void seen(struct cms *cms, struct translation *translation)
{
    struct unit *unit = at(cms, translation->unit);
    hw_count(cms->core, CMS_STAT_reprieves, translation->on_trial);
    translation->on_trial = false;
    remove_from(cms, unit, translation);
    append(cms, unit, translation);
}

/* ---- what others ask ---- */

bool code_room_make(struct cms *cms, unsigned gear, struct room *room)
{
    unsigned part = gear <= cms->root->part_count ? gear - 1 : cms->root->part_count - 1;
    switch ((enum cms_replacement)cms->options->replacement) {
    case CMS_PREEMPTIVE:
        if (phase_changed(cms, part)) {
            flush(cms, part);
            hw_count(cms->core, CMS_STAT_preemptive, 1);
        }
        return forward_room(cms, part, room);
    case CMS_FLUSH:
    case CMS_FIFO: return forward_room(cms, part, room);
    case CMS_FINE: return ring_room(cms, unit_at(cms, part, 0), room);
    case CMS_GENERATIONAL: return nursery_room(cms, part, room);
    case CMS_LRU: return lru_room(cms, unit_at(cms, part, 0), room);
    }
    return false;
}

void code_room_entered(struct cms *cms, struct translation *translation)
{
    if (cms->options->replacement == CMS_LRU) seen(cms, translation);
    if (cms->options->replacement == CMS_GENERATIONAL && translation->on_trial) promote(cms, translation);
}

void code_room_left(struct cms *cms, struct translation *translation)
{
    if (cms->options->replacement == CMS_LRU && translation->alive) seen(cms, translation);
}
