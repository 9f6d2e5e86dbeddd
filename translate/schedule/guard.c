/* guard.c -- loads that go above stores: which alias entry watches each, and what the stores check.
 *
 * The mask scheme hands out any entry that no store has still to check (Dehnert et al., CGO 2003).
 *
 * In the queue (Wang et al., "SMARQ", MICRO 2012) the loads that are watched stand in the order of the program. A store
 * checks from the first of those that passed it on: all behind that one follow the store in the program, too, so that
 * they have passed it or cannot touch the same bytes; nothing is ever found that was not looked for. (SMARQ's own order
 * follows from constraints between the protected and the checking operations, with AMOVs where these run in circles, and
 * it measured 74% fewer entries in use than with a place for every memory operation in program order. Here loads alone
 * are protected, there are no circles, and a load that passes no store takes no place.) Where a load stands is known in
 * the end, since others may still come in before it; so none is let in that would push one beyond the entries there are.
 *
 * A rotation is made only where a load finds no entry else, and frees all before the first that a store has still to
 * check; what is before that in the program can then no longer be watched.
 *
 * Under the ALAT (Itanium Architecture SDM vol. 1, 4.4.5) a load's check is an atom of its own. It goes into the first
 * bundle behind the last store that the load passed which has a unit for it, ahead of all else: until then the entry is
 * taken, the exits that follow the load wait, and every store that might touch the same bytes is a risk, whether the
 * load passed it or not. Those that follow the load and are sure to touch them wait, too. Whoever reads the loaded value
 * need not: a check that fails undoes it.
 */
#include "translate/schedule/list.h"

static unsigned scheme(const struct list *list) { return list->graph->machine->alias_kind; }
static unsigned place_of(const struct list *list, unsigned at) { return list->graph->nodes[at].memory - 1u; }

/* ---- mask ---- */

static unsigned free_entry(struct list *list)
{
    for (unsigned entry = 0; entry < list->alias_entries; entry++) {
        if (list->entry_stores[entry]) continue;
        if (list->entry_free[entry] <= list->cycle) return entry + 1;
        list->waits = true;
    }
    return 0;
}

static void check_mask(struct list *list, unsigned at)
{
    for (uint64_t set = list->places[at].check; set; set &= set - 1) {
        unsigned entry = (unsigned)__builtin_ctzll(set);
        list->entry_stores[entry]--;
        list->entry_free[entry] = list->cycle + 1;
    }
}

/* ---- queue ---- */

/* Queued loads with places from `from` up to `to`. */
static unsigned queued_between(const struct list *list, unsigned from, unsigned to)
{
    unsigned count = 0;
    for (unsigned i = 0; i < list->queue_count; i++)
        count += list->queue[i].place >= from && list->queue[i].place < to;
    return count;
}

/* May a load come in at `place`, the queue beginning at `base`? Not if it, or one behind it, then stands too far out. */
static bool has_room(const struct list *list, unsigned place, unsigned base)
{
    if (place < base || queued_between(list, base, place) >= list->alias_entries) return false;
    for (unsigned i = 0; i < list->queue_count; i++) {
        const struct queued *load = &list->queue[i];
        if (load->place > place && load->base <= place && load->entry + 1u >= list->alias_entries) return false;
    }
    return true;
}

/* Where the queue can begin once the present bundle is over: at the first load that a store has still to check. */
static unsigned next_base(const struct list *list)
{
    for (unsigned i = 0; i < list->queue_count; i++) {
        if (list->queue[i].stores) return list->queue[i].place;
    }
    return list->graph->memory_count;
}

static void rotate(struct list *list, unsigned base)
{
    if (list->queue_next == list->queue_base && units_add(&list->units, atom_table[ATOM_ROTATE].unit)) {
        list->rotations[list->rotation_count++] = (struct rotation){list->cycle, (uint16_t)base};
        list->queue_next = (uint16_t)base;
    }
    list->waits |= list->units.count != 0;
}

static bool find_room(struct list *list, unsigned place)
{
    if (place >= list->queue_next && has_room(list, place, list->queue_base)) return true;
    unsigned base = next_base(list);
    if (base > list->queue_base && has_room(list, place, base)) rotate(list, base);
    return false;
}

static void enqueue(struct list *list, unsigned place, unsigned stores)
{
    struct queued load = {.place = (uint16_t)place, .base = list->queue_base, .stores = (uint16_t)stores};
    load.entry = (uint8_t)queued_between(list, load.base, place);
    unsigned slot = list->queue_count++;
    for (; slot && list->queue[slot - 1].place > place; slot--) {
        list->queue[slot] = list->queue[slot - 1];
        list->queue[slot].entry += list->queue[slot].base <= place;
    }
    list->queue[slot] = load;
}

static void check_queue(struct list *list, unsigned at)
{
    const struct graph *graph = list->graph;
    struct place *store = &list->places[at];
    store->queue_base = list->queue_base;
    store->first_checked = (uint16_t)graph->memory_count;
    for (unsigned i = list->queue_count; i-- > 0 && list->queue[i].place > place_of(list, at);) {
        struct queued *load = &list->queue[i];
        if (graph_memory_order(graph, &graph->memory[place_of(list, at)], &graph->memory[load->place]) != MEMORY_GUARDED)
            continue;
        load->stores--;
        store->first_checked = load->place;
    }
}

/* ---- ALAT ---- */

static void watch(struct list *list, unsigned place, unsigned entry, unsigned stores)
{
    list->watched[list->watched_count++] = (struct watched){
        .place = (uint16_t)place, .stores = (uint16_t)stores, .entry = (uint8_t)entry, .check = UNPLACED};
}

static void check_alat(struct list *list, unsigned at)
{
    const struct graph *graph = list->graph;
    unsigned place = place_of(list, at);
    for (unsigned i = 0; guard_owes(list) && i < list->watched_count; i++) {
        struct watched *load = &list->watched[i];
        if (load->check != UNPLACED || load->place < place) continue;
        if (graph_memory_order(graph, &graph->memory[place], &graph->memory[load->place]) != MEMORY_GUARDED) continue;
        load->stores--;
    }
}

/* Is the store sure to remove the entry of the load, which it follows in the program? It is if the load could never
 * have gone above it. */
static bool removes(const struct graph *graph, unsigned store, unsigned load)
{
    return graph_memory_order(graph, &graph->memory[store], &graph->memory[load]) == MEMORY_ORDERED;
}

unsigned guard_waits(const struct list *list, unsigned at)
{
    const struct graph *graph = list->graph;
    const struct node *node = &graph->nodes[at];
    bool store = node->memory && graph->memory[node->memory - 1].store;
    if (!store && node->kind != NODE_EXIT) return 0;
    for (unsigned i = 0; guard_owes(list) && i < list->watched_count; i++) {
        const struct watched *load = &list->watched[i];
        unsigned from = graph->memory[load->place].node;
        if (load->check == UNPLACED && from < at && (!store || removes(graph, node->memory - 1u, load->place)))
            return from;
    }
    return 0;
}

void guard_begin_bundle(struct list *list)
{
    for (unsigned i = 0; guard_owes(list) && i < list->watched_count; i++) {
        struct watched *load = &list->watched[i];
        if (load->check != UNPLACED || load->stores) continue;
        if (!units_add(&list->units, atom_table[ATOM_CHKA].unit)) {
            list->waits = true;
            return;
        }
        load->check = (int32_t)list->cycle;
        list->checks++;
        list->entry_stores[load->entry] = 0;
        list->entry_free[load->entry] = list->cycle;
    }
}

/* ---- all ---- */

unsigned guard_entry(struct list *list, unsigned at)
{
    unsigned entry = scheme(list) == ALIAS_QUEUE ? find_room(list, place_of(list, at)) : free_entry(list);
    list->places[at].refused |= !entry;
    return entry;
}

void guard_arm(struct list *list, unsigned at, unsigned entry)
{
    const struct graph *graph = list->graph;
    unsigned place = place_of(list, at), stores = 0;
    list->places[at].passed = true;
    for (unsigned m = 0; m < place; m++) {
        struct place *store = &list->places[graph->memory[m].node];
        if (store->cycle != UNPLACED) continue;
        if (graph_memory_order(graph, &graph->memory[m], &graph->memory[place]) != MEMORY_GUARDED) continue;
        if (store->earliest <= list->cycle) store->earliest = list->cycle + 1;
        if (scheme(list) == ALIAS_MASK) store->check |= UINT64_C(1) << (entry - 1);
        stores++;
    }
    if (scheme(list) == ALIAS_QUEUE) {
        enqueue(list, place, stores);
        return;
    }
    list->places[at].protect = (uint8_t)entry;
    list->entry_stores[entry - 1] = (uint16_t)stores;
    if (scheme(list) == ALIAS_ALAT) watch(list, place, entry - 1, stores);
}

void guard_check(struct list *list, unsigned at)
{
    if (!list->alias_entries) return;
    if (scheme(list) == ALIAS_QUEUE) check_queue(list, at);
    else if (scheme(list) == ALIAS_ALAT) check_alat(list, at);
    else check_mask(list, at);
}

void guard_end_bundle(struct list *list) { list->queue_base = list->queue_next; }

/* ---- in the end ---- */

void guard_write(const struct list *list, unsigned at, struct atom *atom)
{
    const struct place *node = &list->places[at];
    atom->protect = node->protect;
    atom->check = node->check;
    if (!list->alias_entries || scheme(list) != ALIAS_QUEUE) return;
    if (list->graph->memory[place_of(list, at)].store) {
        if (node->first_checked < list->graph->memory_count)
            atom->check_from = (uint8_t)(queued_between(list, node->queue_base, node->first_checked) + 1);
        return;
    }
    for (unsigned i = 0; node->passed && i < list->queue_count; i++) {
        if (list->queue[i].place == place_of(list, at)) atom->protect = list->queue[i].entry + 1;
    }
}

static unsigned rotation(const struct list *list, uint32_t cycle)
{
    unsigned base = 0;
    for (unsigned i = 0; i < list->rotation_count; i++) {
        if (list->rotations[i].cycle == cycle) return queued_between(list, base, list->rotations[i].base);
        base = list->rotations[i].base;
    }
    return 0;
}

unsigned guard_made(const struct list *list, uint32_t cycle, struct atom *atoms)
{
    unsigned count = 0, rotated = rotation(list, cycle);
    if (rotated) atoms[count++] = (struct atom){.op = ATOM_ROTATE, .imm = rotated};
    for (unsigned i = 0; i < list->watched_count; i++) {
        if (list->watched[i].check == (int32_t)cycle)
            atoms[count++] = (struct atom){.op = ATOM_CHKA, .imm = list->watched[i].entry};
    }
    return count;
}
