/* list.c -- the list scheduler, with registers handed out as it goes.
 *
 * Cycle by cycle, the operations whose predecessors are done are tried in order of priority. A result gets its register
 * when its atom is placed: the home whose final content it is, if the home's entry value is of no more use to anyone
 * (atoms that read it, side exits that leave it in place), else a temporary, which is free again when its last reader
 * has been placed. All atoms of a bundle read before any writes, so a register may be read for the last time and
 * written in the same bundle; but what a side exit's stub reads is free only in the bundle after the exit.
 *
 * An exit that is on the critical path leaves before what its map wants is computed; its stub then computes it.
 */
#include "translate/schedule/list.h"

/* Few temporaries left; how far ahead of the oldest operation others may then go; most operations left to a stub. */
enum { TEMPS_LOW = 6, FLAGS_LOW = 2, WINDOW = 24, LATE_MAX = 2 };

/* ---- registers ---- */

/* Which file a register is of, and its bit in a set of that file. */
static unsigned file_of(unsigned reg) { return reg / REG_VECTOR; }
static uint64_t bit_of(unsigned reg) { return UINT64_C(1) << reg % REG_VECTOR; }
static bool is_temp(unsigned reg)
{
    return reg >= REG_VECTOR ? reg >= REG_VECTOR + VREG_TEMP_FIRST : reg >= REG_TEMP_FIRST && reg < REG_ZERO;
}

/* An operation whose results only exits wanted, and all of them have left: it will not be needed. */
static void check_wanted(struct list *list, unsigned node)
{
    const struct place *place = &list->places[node];
    if (place->cycle == UNPLACED && !place->readers && !place->flag_readers)
        list->unwanted[list->unwanted_count++] = (uint16_t)node;
}

static void release_reg(struct list *list, unsigned node)
{
    struct place *place = &list->places[node];
    if (--place->readers) return;
    check_wanted(list, node);
    if (is_temp(place->reg)) list->temps[file_of(place->reg)] |= bit_of(place->reg);
}

static void release_flags(struct list *list, unsigned node)
{
    struct place *place = &list->places[node];
    if (--place->flag_readers) return;
    check_wanted(list, node);
    if (place->flags && place->flags < FLAG_COUNT) list->flag_temps |= (uint8_t)(1u << place->flags);
}

static void release_operand(struct list *list, struct operand operand, bool flags)
{
    if (operand.kind == OPERAND_ENTRY) list->home_readers[operand.number]--;
    if (operand.kind != OPERAND_NODE) return;
    if (flags) release_flags(list, operand.number);
    else release_reg(list, operand.number);
}

static void release_operands(struct list *list, const struct node *node)
{
    release_operand(list, node->a, false);
    release_operand(list, node->b, false);
    release_operand(list, node->c, false);
    release_operand(list, node->f, true);
}

/* Remembers when the entry values that `node` reads were last read. */
static void note_reads(const struct node *node, uint32_t *last, uint32_t cycle)
{
    const struct operand operands[4] = {node->a, node->b, node->c, node->f};
    for (unsigned i = 0; i < 4; i++) {
        if (operands[i].kind == OPERAND_ENTRY) last[operands[i].number] = cycle;
    }
}

/* What the stub of an exit read, or wanted left alone, is free from the bundle after the exit on. */
static void release_exit(struct list *list, const struct side_exit *exit)
{
    for (unsigned i = 0; i < exit->count; i++) {
        const struct exit_value *value = &exit->values[i];
        if (value->operand.kind == OPERAND_ENTRY) list->last_exit[value->operand.number] = list->cycle;
        release_operand(list, value->operand, value->home == FLAGS_HOME);
    }
    while (list->unwanted_count) {
        unsigned node = list->unwanted[--list->unwanted_count];
        list->places[node].cycle = DROPPED;
        list->dropped++;
        release_operands(list, &list->graph->nodes[node]);
    }
}

/* How often `node` itself reads the entry value of `home`. */
static unsigned own_reads(const struct node *node, unsigned home)
{
    const struct operand operands[4] = {node->a, node->b, node->c, node->f};
    unsigned reads = 0;
    for (unsigned i = 0; i < 4; i++) reads += operands[i].kind == OPERAND_ENTRY && operands[i].number == home;
    return reads;
}

static bool home_free(const struct list *list, const struct node *node, unsigned home)
{
    return list->home_readers[home] == own_reads(node, home);
}

/* Temporaries that `node` may take: free, or free because it reads them last; none whose last write is on its way. */
static uint64_t temps_for(const struct list *list, const struct node *node)
{
    uint64_t temps = list->temps[node->vector];
    const struct operand operands[3] = {node->a, node->b, node->c};
    for (unsigned i = 0; i < 3; i++) {
        if (operands[i].kind != OPERAND_NODE) continue;
        const struct place *place = &list->places[operands[i].number];
        unsigned uses = 0;
        for (unsigned j = 0; j < 3; j++)
            uses += operands[j].kind == OPERAND_NODE && operands[j].number == operands[i].number;
        if (place->readers == uses && is_temp(place->reg) && file_of(place->reg) == node->vector)
            temps |= bit_of(place->reg);
    }
    uint64_t late = 0;
    for (uint64_t set = temps; set; set &= set - 1) {
        unsigned reg = (unsigned)__builtin_ctzll(set) + node->vector * REG_VECTOR;
        if (list->landing[reg] > list->cycle) late |= bit_of(reg);
    }
    return temps & ~late;
}

static unsigned flag_temps_for(const struct list *list, const struct node *node)
{
    unsigned temps = list->flag_temps;
    if (node->f.kind == OPERAND_NODE) {
        const struct place *place = &list->places[node->f.number];
        if (place->flag_readers == 1 && place->flags) temps |= 1u << place->flags;
    }
    for (unsigned flags = 1; flags < FLAG_COUNT; flags++) {
        if (list->flag_landing[flags] > list->cycle) temps &= ~(1u << flags);
    }
    return temps;
}

/* Could the wait for a home be had for nothing? */
static bool may_wait(const struct list *list, const struct node *node)
{
    return list->policy.wait_for_homes && list->cycle + node->height < list->graph->length;
}

enum { CHOICE_WAITS = 254, CHOICE_FAILS = 255 }; /* for the home; for want of a temporary */

/* Nobody reads it: r63 takes an integer; a vector needs a temporary until it has arrived. */
static unsigned choose_reg(struct list *list, unsigned at)
{
    const struct node *node = &list->graph->nodes[at];
    if (!list->places[at].readers && !node->vector) return REG_ZERO;
    if (node->home != NO_HOME) {
        if (home_free(list, node, node->home)) return home_reg(node->home);
        if (node->kind == NODE_COPY) return CHOICE_WAITS;
        if (may_wait(list, node)) {
            list->waits = true;
            return CHOICE_WAITS;
        }
    }
    uint64_t temps = temps_for(list, node);
    if (bits_count(temps) <= list->set_aside[node->vector]) return CHOICE_FAILS;
    return (unsigned)__builtin_ctzll(temps) + node->vector * REG_VECTOR;
}

static unsigned choose_flags(struct list *list, unsigned at)
{
    const struct node *node = &list->graph->nodes[at];
    if (!list->places[at].flag_readers) return 0;
    if (node->final_flags) {
        if (home_free(list, node, FLAGS_HOME)) return 0;
        if (may_wait(list, node)) {
            list->waits = true;
            return CHOICE_WAITS;
        }
    }
    unsigned temps = flag_temps_for(list, node);
    return bits_count(temps) > list->flags_set_aside ? (unsigned)__builtin_ctz(temps) : CHOICE_FAILS;
}

/* ---- memory ---- */

static void list_ready(struct list *list, unsigned at)
{
    list->fresh[list->fresh_count++] = (uint16_t)at;
}

static void place_memory(struct list *list, unsigned at)
{
    const struct graph *graph = list->graph;
    unsigned place = graph->nodes[at].memory;
    const struct memory_op *op = &graph->memory[place - 1];
    for (unsigned m = place; m < graph->memory_count; m++) {
        const struct memory_op *later = &graph->memory[m];
        struct place *behind = &list->places[later->node];
        enum memory_order order = graph_memory_order(graph, op, later);
        if (order == MEMORY_FREE || behind->cycle != UNPLACED) continue;
        if (order == MEMORY_GUARDED) behind->passes--;
        else behind->waits--;
        uint32_t earliest = list->cycle + op->store;
        if (behind->earliest < earliest) behind->earliest = earliest;
        if (order == MEMORY_ORDERED && !behind->waits && !behind->preds) list_ready(list, later->node);
    }
    if (op->store) guard_check(list, at);
}

static void count_memory(struct list *list)
{
    const struct graph *graph = list->graph;
    for (unsigned later = 1; later < graph->memory_count; later++) {
        struct place *place = &list->places[graph->memory[later].node];
        for (unsigned m = 0; m < later; m++) {
            enum memory_order order = graph_memory_order(graph, &graph->memory[m], &graph->memory[later]);
            place->passes += order == MEMORY_GUARDED;
            place->waits += order == MEMORY_ORDERED;
        }
    }
}

/* ---- what stubs compute ---- */

static void want(struct list *list, unsigned *count, struct operand operand, bool flags)
{
    if (operand.kind != OPERAND_NODE) return;
    if (list->places[operand.number].cycle != UNPLACED) return;
    unsigned i = 0;
    while (i < *count && list->scratch[i].node != operand.number) i++;
    if (i == *count) list->scratch[(*count)++] = (struct late){.node = operand.number};
    if (flags) list->scratch[i].wants_flags = true;
    else list->scratch[i].wants_value = true;
}

/* The operations that the stub of an exit would have to do if it left now, into list->scratch. */
static unsigned find_late(struct list *list, unsigned exit)
{
    const struct side_exit *leaves = &list->graph->exits[exit];
    unsigned count = 0;
    for (unsigned i = 0; i < leaves->count; i++)
        want(list, &count, leaves->values[i].operand, leaves->values[i].home == FLAGS_HOME);
    for (unsigned i = 0; i < count; i++) {
        const struct node *node = &list->graph->nodes[list->scratch[i].node];
        want(list, &count, node->a, false);
        want(list, &count, node->b, false);
        want(list, &count, node->c, false);
        want(list, &count, node->f, true);
    }
    return count;
}

/* A vector atom has to write somewhere, even if only its status is wanted. */
static bool takes_reg(const struct list *list, const struct late *late)
{
    return late->wants_value || list->graph->nodes[late->node].vector;
}

/* May an exit leave before all that its map wants is computed? Only where waiting would cost time, for few operations,
 * and if the stub has the registers; they are set aside from the atoms that may still join the bundle. */
static bool may_leave(struct list *list, const struct node *node)
{
    unsigned count = find_late(list, node->exit), values[2] = {0}, flags = 0;
    for (unsigned i = 0; i < count; i++) {
        values[list->graph->nodes[list->scratch[i].node].vector] += takes_reg(list, &list->scratch[i]);
        flags += list->scratch[i].wants_flags;
    }
    if (count && list->cycle + node->height < list->graph->length) {
        list->waits = true;
        return false;
    }
    if (count > LATE_MAX || values[0] > bits_count(list->temps[0]) || values[1] > bits_count(list->temps[1]) ||
        flags > bits_count(list->flag_temps))
        return false;
    memcpy(list->set_aside, values, sizeof values);
    list->flags_set_aside = flags;
    return true;
}

/* At the end of an exit's bundle: registers for what its stub has to compute. They are free there, since what is
 * computed behind the bundle does not happen on that path. */
static void assign_late(struct list *list, unsigned exit)
{
    unsigned count = find_late(list, exit);
    if (!count) return;
    struct late *late = ARENA_NEW(list->graph->region->arena, struct late, count);
    uint64_t free[2] = {list->temps[0], list->temps[1]};
    unsigned flag_temps = list->flag_temps;
    list->failed |= !late;
    for (unsigned i = 0; late && i < count; i++) {
        unsigned slot = i; /* sorted: an operation comes behind those that it reads */
        for (; slot && late[slot - 1].node > list->scratch[i].node; slot--) late[slot] = late[slot - 1];
        late[slot] = list->scratch[i];
        late[slot].reg = REG_ZERO;
        note_reads(&list->graph->nodes[late[slot].node], list->last_exit, list->cycle);
        unsigned file = list->graph->nodes[late[slot].node].vector;
        bool takes = takes_reg(list, &late[slot]);
        if (takes && free[file]) late[slot].reg = (uint8_t)((unsigned)__builtin_ctzll(free[file]) + file * REG_VECTOR);
        if (late[slot].wants_flags && flag_temps) late[slot].flags = (uint8_t)__builtin_ctz(flag_temps);
        list->failed |= (takes && !free[file]) || (late[slot].wants_flags && !flag_temps);
        if (takes) free[file] &= free[file] - 1;
        if (late[slot].wants_flags) flag_temps &= flag_temps - 1;
    }
    list->lates[exit] = (struct late_list){late, count};
}

/* ---- placing ---- */

static bool goes_before(const struct list *list, unsigned one, unsigned other)
{
    uint32_t priority = list->graph->nodes[one].priority, other_priority = list->graph->nodes[other].priority;
    if (list->policy.in_order || priority == other_priority) return one < other;
    return priority > other_priority;
}

/* Sorts what has become ready into the ready list: by priority, among equals in program order. */
static void merge_fresh(struct list *list)
{
    for (unsigned i = 0; i < list->fresh_count; i++) {
        unsigned at = list->fresh[i], slot = list->ready_count++;
        for (; slot && goes_before(list, at, list->ready[slot - 1]); slot--) list->ready[slot] = list->ready[slot - 1];
        list->ready[slot] = (uint16_t)at;
    }
    list->fresh_count = 0;
}

/* Where registers are scarce only the oldest operations may take one, and those that the next exit waits for: they free
 * others. */
static bool too_early(const struct list *list, unsigned at, const struct node *node)
{
    if (node->kind == NODE_COPY) return false;
    if (list->policy.in_order) return at > list->oldest;
    if (at < list->oldest + WINDOW && at < list->next_exit) return false;
    if (list->places[at].readers && bits_count(list->temps[node->vector]) <= TEMPS_LOW) return true;
    return list->places[at].flag_readers && bits_count(list->flag_temps) <= FLAGS_LOW;
}

static void find_oldest(struct list *list)
{
    const struct graph *graph = list->graph;
    while (list->oldest < graph->region->count &&
           (graph->nodes[list->oldest].kind == NODE_NONE || list->places[list->oldest].cycle != UNPLACED))
        list->oldest++;
    while (list->next_exit < graph->region->count &&
           (graph->nodes[list->next_exit].kind != NODE_EXIT || list->places[list->next_exit].cycle != UNPLACED))
        list->next_exit++;
}

static void place_node(struct list *list, unsigned at, unsigned reg, unsigned flags)
{
    const struct graph *graph = list->graph;
    const struct node *node = &graph->nodes[at];
    struct place *place = &list->places[at];
    place->cycle = (int32_t)list->cycle;
    note_reads(node, list->last_read, list->cycle);
    release_operands(list, node);
    place->reg = (uint8_t)reg;
    place->flags = (uint8_t)flags;
    if (reg != REG_ZERO) {
        if (place->readers) list->temps[file_of(reg)] &= ~bit_of(reg);
        list->landing[reg] = list->cycle + node->latency;
    }
    place->writes_flags = place->flag_readers != 0;
    if (place->writes_flags) {
        list->flag_temps &= (uint8_t)~(1u << flags);
        list->flag_landing[flags] = list->cycle + node->latency;
    }
    if (node->kind == NODE_EXIT) list->exit_placed = node->exit;
    list->order[list->placed++] = (uint16_t)at;
    find_oldest(list);
    for (uint32_t e = node->edges; e; e = graph->edges[e].next) {
        const struct edge *edge = &graph->edges[e];
        struct place *next = &list->places[edge->to];
        if (next->earliest < list->cycle + edge->latency) next->earliest = list->cycle + edge->latency;
        if (--next->preds == 0 && !next->waits) list_ready(list, edge->to);
    }
    if (node->memory) place_memory(list, at);
}

/* Why it does not go into the bundle (LATENCY: or what else takes time), or PLACED. */
enum { PLACED = REFUSED_REASONS };
static unsigned try_node(struct list *list, unsigned at)
{
    const struct node *node = &list->graph->nodes[at];
    struct place *place = &list->places[at];
    if (place->earliest > list->cycle) {
        list->waits = true;
        return REFUSED_LATENCY;
    }
    if (too_early(list, at, node)) return REFUSED_REGISTERS;
    if (guard_owes(list) && guard_waits(list, at)) return REFUSED_CHECK;
    if (node->kind == NODE_EXIT && !may_leave(list, node)) return REFUSED_EXIT;
    unsigned entry = 0;
    if (place->passes && !(entry = guard_entry(list, at))) return REFUSED_ALIAS;
    unsigned reg = choose_reg(list, at), flags = choose_flags(list, at);
    if (reg == CHOICE_FAILS || flags == CHOICE_FAILS) return REFUSED_REGISTERS;
    if (reg == CHOICE_WAITS || flags == CHOICE_WAITS) return REFUSED_HOME;
    if (!units_add(&list->units, node->unit)) {
        list->waits |= list->units.count != 0;
        if (node->kind == NODE_EXIT && list->exit_placed < 0)
            list->set_aside[0] = list->set_aside[1] = list->flags_set_aside = 0;
        return REFUSED_UNIT;
    }
    if (entry) guard_arm(list, at, entry);
    place_node(list, at, reg, flags);
    return PLACED;
}

/* Again and again, since a node placed may let another into the same bundle (an exit behind what its stub reads, a
 * write behind the last read of a home). */
static void fill_bundle(struct list *list)
{
    unsigned before;
    do {
        before = list->placed;
        merge_fresh(list);
        unsigned kept = 0;
        for (unsigned i = 0; i < list->ready_count; i++) {
            unsigned at = list->ready[i], refusal = PLACED;
            if (list->places[at].cycle == UNPLACED) refusal = try_node(list, at);
            if (refusal == PLACED) continue;
            list->places[at].refusal = (uint8_t)refusal;
            list->ready[kept++] = (uint16_t)at;
        }
        list->ready_count = kept;
    } while (list->placed != before && list->units.count < list->graph->machine->issue_width);
}

static void end_bundle(struct list *list)
{
    const struct graph *graph = list->graph;
    guard_end_bundle(list);
    for (unsigned set = list->units.taken; set; set &= set - 1) {
        unsigned unit = (unsigned)__builtin_ctz(set);
        unsigned interval = graph->machine->interval_cycles[list->units.owner[unit]];
        list->unit_free[unit] = list->cycle + (interval ? interval : 1);
    }
    if (list->exit_placed < 0) return;
    assign_late(list, (unsigned)list->exit_placed);
    release_exit(list, &graph->exits[list->exit_placed]);
}

static void begin_bundle(struct list *list)
{
    unsigned busy = 0;
    for (unsigned unit = 0; unit < list->graph->machine->unit_count; unit++) {
        if (list->unit_free[unit] > list->cycle) busy |= 1u << unit;
    }
    units_begin(&list->units, list->graph->machine, (uint16_t)busy);
    list->waits = busy != 0;
    list->exit_placed = -1;
    list->set_aside[0] = list->set_aside[1] = list->flags_set_aside = 0;
    guard_begin_bundle(list);
}

static bool begin(struct list *list, const struct graph *graph, struct list_policy policy)
{
    struct arena *arena = graph->region->arena;
    *list = (struct list){.graph = graph, .policy = policy, .exit_placed = -1};
    list->places = ARENA_NEW(arena, struct place, graph->count);
    list->ready = ARENA_NEW(arena, uint16_t, graph->count);
    list->fresh = ARENA_NEW(arena, uint16_t, graph->count);
    list->order = ARENA_NEW(arena, uint16_t, graph->count);
    list->unwanted = ARENA_NEW(arena, uint16_t, graph->count);
    list->queue = ARENA_NEW(arena, struct queued, graph->memory_count + 1);
    list->rotations = ARENA_NEW(arena, struct rotation, graph->memory_count + 1);
    list->scratch = ARENA_NEW(arena, struct late, graph->region->count);
    list->lates = ARENA_NEW(arena, struct late_list, graph->region->exit_count + 1);
    bool alat = graph->machine->alias_kind == ALIAS_ALAT;
    if (alat) list->watched = ARENA_NEW(arena, struct watched, graph->memory_count + 1);
    if (!list->places || !list->ready || !list->fresh || !list->order || !list->unwanted || !list->scratch ||
        !list->lates || !list->queue || !list->rotations || (alat && !list->watched))
        return false;
    list->temps[0] = bits_mask(REG_TEMP_COUNT) << REG_TEMP_FIRST;
    list->temps[1] = bits_mask(VREG_TEMP_COUNT) << VREG_TEMP_FIRST;
    list->flag_temps = 0xfe;
    list->alias_entries = graph->guarded ? graph->machine->alias_entries : 0;
    if (list->alias_entries > 64) list->alias_entries = 64;
    for (unsigned home = 0; home < HOMES; home++) {
        list->home_readers[home] = graph->home_readers[home];
        list->last_exit[home] = NEVER;
    }
    for (unsigned at = 0; at < graph->count; at++) {
        const struct node *node = &graph->nodes[at];
        list->places[at] = (struct place){.cycle = UNPLACED, .preds = node->preds, .readers = node->readers,
                                          .flag_readers = node->flag_readers, .reg = REG_ZERO};
    }
    count_memory(list);
    find_oldest(list);
    for (unsigned at = 0; at < graph->count; at++) {
        const struct node *node = &graph->nodes[at];
        if (node->kind != NODE_NONE && !node->preds && !list->places[at].waits) list_ready(list, at);
    }
    return true;
}

/* Are copies to homes all that is left? They then wait for each other, and the final exit's stub makes them. */
static bool only_copies_left(const struct list *list)
{
    for (unsigned at = 0; at < list->graph->region->count; at++) {
        if (list->graph->nodes[at].kind != NODE_NONE && list->places[at].cycle == UNPLACED) return false;
    }
    return true;
}

enum tr_reason list_schedule(struct list *list, const struct graph *graph, struct list_policy policy,
                             const struct explanation *explanation)
{
    if (!begin(list, graph, policy)) return TR_ARENA_FULL;
    for (list->cycle = 0; list->placed + list->dropped < graph->placed_count || guard_owes(list); list->cycle++) {
        unsigned before = list->placed + list->checks;
        begin_bundle(list);
        fill_bundle(list);
        if (explanation) explain_bundle(list, explanation);
        end_bundle(list);
        if (list->failed) return TR_REGISTERS;
        if (list->placed + list->checks != before) {
            list->cycles = list->cycle + 1;
            continue;
        }
        if (list->waits) continue;
        if (only_copies_left(list)) break;
        return TR_REGISTERS;
    }
    return TR_OK;
}
