/* schedule.c -- the scheduler from outside: tries its policies, keeps the shortest schedule, and writes it down. */
#include "hwsim/isa/context.h"
#include "translate/schedule/list.h"

/* A move that the final exit needs, and the cycle that has room for it (-1: left to the stub). */
struct final_move {
    uint8_t home;
    struct operand from;
    int32_t cycle;
};
struct plan {
    struct list list;
    struct final_move moves[HOMES];
    unsigned move_count, left; /* moves; those left to the stub */
    uint32_t *starts;          /* first of each cycle's nodes in list.order */
};

/* ---- final moves ---- */

static bool is_const_node(const struct graph *graph, unsigned node)
{
    const struct ir_insn *insn = &graph->region->insns[node];
    return node && node < graph->region->count && insn->op == ATOM_MOV && insn->use_imm;
}

/* Final contents that did not get into their home at once. */
static void find_moves(struct plan *plan)
{
    const struct graph *graph = plan->list.graph;
    for (unsigned at = 0; at < graph->count; at++) {
        const struct node *node = &graph->nodes[at];
        const struct place *place = &plan->list.places[at];
        if (node->kind == NODE_NONE || place->cycle == DROPPED) continue;
        struct operand from = {OPERAND_NODE, (uint16_t)at, 0};
        if (node->kind == NODE_COPY && place->cycle < 0) {
            plan->moves[plan->move_count++] = (struct final_move){node->home, node->b, -1};
        } else if (node->kind != NODE_COPY && node->home != NO_HOME && place->reg != home_reg(node->home)) {
            if (is_const_node(graph, at))
                from = (struct operand){OPERAND_CONST, 0,
                                        (uint64_t)graph->region->insns[at].imm &
                                            bits_mask(8u << graph->region->insns[at].size)};
            plan->moves[plan->move_count++] = (struct final_move){node->home, from, -1};
        }
        if (node->final_flags && place->flags)
            plan->moves[plan->move_count++] = (struct final_move){FLAGS_HOME, from, -1};
    }
}

static unsigned move_unit(const struct final_move *move)
{
    return move->home == FLAGS_HOME ? UNIT_ALU : schedule_move_unit(home_reg(move->home));
}

/* Takes the units of what a bundle has for the alias hardware alone; false: they are not to be had. */
static bool add_made(const struct list *list, uint32_t cycle, struct units *units)
{
    struct atom made[BUNDLE_ATOMS_MAX];
    bool fits = true;
    for (unsigned i = guard_made(list, cycle, made); i-- > 0;) fits &= units_add(units, atom_table[made[i].op].unit);
    return fits;
}

static bool has_room(const struct plan *plan, uint32_t cycle, unsigned unit)
{
    const struct graph *graph = plan->list.graph;
    struct units units;
    units_begin(&units, graph->machine, 0);
    bool fits = add_made(&plan->list, cycle, &units);
    for (uint32_t i = plan->starts[cycle]; i < plan->starts[cycle + 1]; i++)
        fits &= units_add(&units, graph->nodes[plan->list.order[i]].unit);
    for (unsigned m = 0; m < plan->move_count; m++) {
        if (plan->moves[m].cycle == (int32_t)cycle) fits &= units_add(&units, move_unit(&plan->moves[m]));
    }
    if (!units.count && !graph->machine->exposed) return false; /* a gap that nothing will be emitted for */
    return fits && units_add(&units, unit);
}

/* Does another move, not placed yet, read what this one overwrites? */
static bool still_read(const struct plan *plan, unsigned move)
{
    for (unsigned m = 0; m < plan->move_count; m++) {
        const struct operand *from = &plan->moves[m].from;
        if (m != move && plan->moves[m].cycle < 0 && from->kind == OPERAND_ENTRY &&
            from->number == plan->moves[move].home)
            return true;
    }
    return false;
}

static bool place_move(struct plan *plan, unsigned m)
{
    struct list *list = &plan->list;
    struct final_move *move = &plan->moves[m];
    uint32_t cycle = list->last_read[move->home];
    if (list->last_exit[move->home] != NEVER && cycle <= list->last_exit[move->home])
        cycle = list->last_exit[move->home] + 1;
    if (move->from.kind == OPERAND_NODE) {
        uint32_t there =
            (uint32_t)list->places[move->from.number].cycle + list->graph->nodes[move->from.number].latency;
        if (cycle < there) cycle = there;
    }
    for (; cycle < list->cycles; cycle++) {
        if (!has_room(plan, cycle, move_unit(move))) continue;
        move->cycle = (int32_t)cycle;
        if (move->from.kind == OPERAND_ENTRY && list->last_read[move->from.number] < cycle)
            list->last_read[move->from.number] = cycle;
        return true;
    }
    return false;
}

/* Moves into slots that the bundles have free. */
static void place_moves(struct plan *plan)
{
    bool placed;
    do {
        placed = false;
        for (unsigned m = 0; m < plan->move_count; m++) {
            if (plan->moves[m].cycle < 0 && !still_read(plan, m)) placed |= place_move(plan, m);
        }
    } while (placed);
    for (unsigned m = 0; m < plan->move_count; m++) plan->left += plan->moves[m].cycle < 0;
}

static bool index_cycles(struct plan *plan)
{
    const struct list *list = &plan->list;
    plan->starts = ARENA_NEW(list->graph->region->arena, uint32_t, list->cycles + 2);
    if (!plan->starts) return false;
    uint32_t i = 0;
    for (uint32_t cycle = 0; cycle <= list->cycles; cycle++) {
        while (i < list->placed && (uint32_t)list->places[list->order[i]].cycle < cycle) i++;
        plan->starts[cycle] = i;
    }
    return true;
}

static enum tr_reason make_plan(struct plan *plan, const struct graph *graph, struct list_policy policy)
{
    enum tr_reason reason = list_schedule(&plan->list, graph, policy, NULL);
    if (reason != TR_OK) return reason;
    plan->move_count = plan->left = 0;
    if (!index_cycles(plan)) return TR_ARENA_FULL;
    find_moves(plan);
    place_moves(plan);
    return TR_OK;
}

/* Has the last bundle room for the final exit's commit? */
static bool commit_joins(const struct plan *plan)
{
    const struct list *list = &plan->list;
    struct units units;
    units_begin(&units, list->graph->machine, 0);
    if (!list->cycles || plan->left) return false;
    add_made(list, list->cycles - 1, &units);
    for (unsigned m = 0; m < plan->move_count; m++) {
        if (plan->moves[m].cycle == (int32_t)list->cycles - 1) units_add(&units, move_unit(&plan->moves[m]));
    }
    for (uint32_t i = plan->starts[list->cycles - 1]; i < plan->starts[list->cycles]; i++) {
        if (list->graph->nodes[list->order[i]].kind == NODE_EXIT) return false;
        units_add(&units, list->graph->nodes[list->order[i]].unit);
    }
    return units_add(&units, UNIT_BRANCH);
}

/* Cycles to the end, with those that the stub takes for moves and commit; where they are equal, the moves count. */
static uint32_t plan_cost(const struct plan *plan)
{
    uint32_t cycles = plan->list.cycles + (plan->left + 1) / 2 + (!plan->left && !commit_joins(plan));
    return cycles * (HOMES + 1) + plan->move_count;
}

/* ---- writing it down ---- */

/* Where a value is: in the stub of an exit that computes it itself, there. */
static const struct late *late_of(const struct late_list *stub, struct operand operand)
{
    for (unsigned i = 0; stub && operand.kind == OPERAND_NODE && i < stub->count; i++) {
        if (stub->late[i].node == operand.number) return &stub->late[i];
    }
    return NULL;
}

static uint8_t reg_of(const struct plan *plan, const struct late_list *stub, struct operand operand)
{
    const struct late *late = late_of(stub, operand);
    if (late) return late->reg;
    if (operand.kind == OPERAND_ENTRY) return (uint8_t)home_reg(operand.number);
    return operand.kind == OPERAND_NODE ? plan->list.places[operand.number].reg : REG_ZERO;
}

static uint8_t flags_of(const struct plan *plan, const struct late_list *stub, struct operand operand)
{
    const struct late *late = late_of(stub, operand);
    if (late) return late->flags;
    return operand.kind == OPERAND_NODE ? plan->list.places[operand.number].flags : 0;
}

/* Between registers of one file. */
static struct atom move_atom(uint8_t home, bool is_imm, uint64_t imm, uint8_t from)
{
    struct atom atom = {.op = ATOM_MOV, .size = SIZE_64, .rd = home, .rb = from};
    if (home >= REG_VECTOR) return (struct atom){.op = ATOM_VMOV, .rd = home, .rb = from};
    if (!is_imm) return atom;
    atom.use_imm = true;
    atom.imm = (int64_t)imm;
    if (imm <= UINT32_MAX) {
        atom.size = SIZE_32;
        atom.imm = (int32_t)imm; /* one immediate word at most */
    }
    return atom;
}

/* A shift by 0 leaves all flags as they were in its source flag register (SDM vol. 2, SHL): a move of flags. */
static struct atom flags_move_atom(uint8_t to, uint8_t from)
{
    return (struct atom){.op = ATOM_SHL,
                         .size = SIZE_32,
                         .rd = REG_ZERO,
                         .ra = REG_ZERO,
                         .use_imm = true,
                         .fd = to,
                         .fs = from,
                         .fmask = MASK_ALL};
}

struct atom schedule_move_atom(const struct schedule_move *move)
{
    if (move->home == MOVE_FLAGS) return flags_move_atom(0, move->from);
    return move_atom(move->home, move->is_imm, (uint64_t)move->imm, move->from);
}

static void memory_fields(const struct plan *plan, unsigned at, struct atom *atom)
{
    uint64_t context = plan->list.graph->region->context;
    atom->space = CONTEXT_GET(context, CPL) == 3 ? SPACE_USER : SPACE_SUPERVISOR;
    atom->wrap = CONTEXT_GET(context, LONG) ? WRAP_64 : WRAP_32;
    atom->imm = plan->list.graph->region->insns[at].imm;
    atom->gated = ir_is_store(atom->op);
    atom->aligned = plan->list.graph->region->insns[at].kind & IR_ALIGNED && atom_table[atom->op].format >= FORMAT_LOADV;
    if (plan->list.graph->nodes[at].memory) guard_write(&plan->list, at, atom);
}

/* The flags result: written to its own register; where nothing of the source's flags is wanted, all six are written, so
 * that the atom does not wait for any. */
static void flags_fields(const struct plan *plan, unsigned at, struct atom *atom, bool writes, uint8_t flags)
{
    const struct node *node = &plan->list.graph->nodes[at];
    if (!writes) return;
    atom->fd = flags;
    atom->fmask = at ? plan->list.graph->region->insns[at].fmask : MASK_ALL;
    if (node->reads_flags) return;
    atom->fmask = MASK_ALL;
    atom->fs = atom->fd;
}

/* The atom of an operation; its results go where the caller says. */
static struct atom make_atom(const struct plan *plan, const struct late_list *stub, unsigned at, uint8_t reg)
{
    const struct graph *graph = plan->list.graph;
    const struct node *node = &graph->nodes[at];
    const struct ir_insn *insn = &graph->region->insns[at];
    struct atom atom = {.op = node->op, .rd = reg, .ra = reg_of(plan, stub, node->a), .rb = reg_of(plan, stub, node->b),
                        .rc = reg_of(plan, stub, node->c), .fs = flags_of(plan, stub, node->f)};
    atom.use_imm = !at || insn->use_imm;
    if (!at) return atom; /* clears flags */
    atom.size = insn->size;
    atom.cond = insn->op == IR_TRAP ? COND_NZ : insn->cond;
    if (atom.use_imm) atom.imm = insn->imm;
    if (!atom_is_vector(atom.op)) return atom;
    atom.imm = insn->imm;
    atom.half = insn->kind & IR_HALF;
    return atom;
}

static void write_atom(const struct plan *plan, unsigned at, struct schedule_atom *to)
{
    const struct graph *graph = plan->list.graph;
    const struct node *node = &graph->nodes[at];
    const struct place *place = &plan->list.places[at];
    const struct ir_insn *insn = &graph->region->insns[at];
    *to = (struct schedule_atom){.source = (ir_ref)(at < graph->region->count ? at : 0)};
    if (node->kind == NODE_COPY) {
        to->atom = move_atom(place->reg, node->b.kind == OPERAND_CONST, node->b.value, reg_of(plan, NULL, node->b));
        return;
    }
    to->atom = make_atom(plan, NULL, at, place->reg);
    flags_fields(plan, at, &to->atom, place->writes_flags, place->flags);
    if (atom_table[node->op].properties & ATOM_MEMORY) memory_fields(plan, at, &to->atom);
    if (node->kind == NODE_EXIT) {
        to->label = LABEL_EXIT;
        to->number = node->exit;
    } else if (node->kind == NODE_PUSH) {
        to->label = LABEL_RETURN;
        to->atom.use_imm = true;
        to->atom.imm = insn->op == IR_EXIT ? (int64_t)graph->region->exits[insn->c].return_address : insn->imm;
    }
}

static bool write_late(const struct plan *plan, const struct late_list *stub, struct schedule_exit *to)
{
    if (!stub->count) return true;
    to->late = ARENA_NEW(plan->list.graph->region->arena, struct schedule_atom, stub->count);
    if (!to->late) return false;
    for (unsigned i = 0; i < stub->count; i++) {
        const struct late *late = &stub->late[i];
        struct schedule_atom *atom = &to->late[to->late_count++];
        *atom = (struct schedule_atom){.atom = make_atom(plan, stub, late->node, late->reg), .source = late->node};
        flags_fields(plan, late->node, &atom->atom, late->wants_flags, late->flags);
    }
    return true;
}

static struct schedule_move exit_move(const struct plan *plan, const struct late_list *stub, unsigned home,
                                      struct operand value)
{
    struct schedule_move move = {
        .home = (uint8_t)home_reg(home), .is_imm = value.kind == OPERAND_CONST, .imm = (int64_t)value.value};
    move.from = reg_of(plan, stub, value);
    if (home == FLAGS_HOME) {
        move.home = MOVE_FLAGS;
        move.from = flags_of(plan, stub, value);
    }
    return move;
}

/* A register that holds an indirect exit's target besides the EIP home, and perhaps sooner. */
static uint8_t target_reg(const struct plan *plan, unsigned exit)
{
    struct operand target = graph_exit_value(plan->list.graph, exit, HOME_EIP);
    return target.kind == OPERAND_NODE ? reg_of(plan, NULL, target) : HOME_EIP;
}

/* What an exit's stub does. For the final exit: the moves that found no room in the bundles. */
static bool write_exit(const struct plan *plan, unsigned exit, struct schedule_exit *to)
{
    const struct graph *graph = plan->list.graph;
    const struct late_list *stub = &plan->list.lates[exit];
    to->target_reg = target_reg(plan, exit);
    to->moves = ARENA_NEW(graph->region->arena, struct schedule_move, HOMES);
    if (!to->moves) return false;
    if ((int)exit == graph->final_exit) {
        for (unsigned m = 0; m < plan->move_count; m++) {
            const struct final_move *move = &plan->moves[m];
            if (move->cycle < 0) to->moves[to->count++] = exit_move(plan, NULL, move->home, move->from);
        }
        return true;
    }
    if (!write_late(plan, stub, to)) return false;
    for (unsigned i = 0; i < graph->exits[exit].count; i++) {
        const struct exit_value *value = &graph->exits[exit].values[i];
        struct schedule_move move = exit_move(plan, stub, value->home, value->operand);
        bool there = !move.is_imm && move.from == (value->home == FLAGS_HOME ? 0 : home_reg(value->home));
        if (!there) to->moves[to->count++] = move;
    }
    return true;
}

static void write_bundle(const struct plan *plan, uint32_t cycle, struct schedule *schedule)
{
    struct schedule_bundle *bundle = &schedule->bundles[schedule->bundle_count];
    bundle->first = (uint16_t)schedule->atom_count;
    for (uint32_t i = plan->starts[cycle]; i < plan->starts[cycle + 1]; i++)
        write_atom(plan, plan->list.order[i], &schedule->atoms[schedule->atom_count++]);
    for (unsigned m = 0; m < plan->move_count; m++) {
        const struct final_move *move = &plan->moves[m];
        if (move->cycle != (int32_t)cycle) continue;
        struct schedule_move made = exit_move(plan, NULL, move->home, move->from);
        schedule->atoms[schedule->atom_count++] = (struct schedule_atom){.atom = schedule_move_atom(&made)};
    }
    struct atom made[BUNDLE_ATOMS_MAX];
    unsigned made_count = guard_made(&plan->list, cycle, made);
    for (unsigned i = 0; i < made_count; i++)
        schedule->atoms[schedule->atom_count++] = (struct schedule_atom){.atom = made[i]};
    bundle->count = (uint16_t)(schedule->atom_count - bundle->first);
    if (bundle->count || plan->list.graph->machine->exposed) schedule->bundle_count++;
}

static enum tr_reason write_schedule(const struct plan *plan, struct schedule *schedule)
{
    const struct graph *graph = plan->list.graph;
    struct arena *arena = graph->region->arena;
    *schedule = (struct schedule){0};
    schedule->atoms = ARENA_NEW(arena, struct schedule_atom,
                                plan->list.placed + plan->move_count + plan->list.rotation_count +
                                    plan->list.checks + 1);
    schedule->bundles = ARENA_NEW(arena, struct schedule_bundle, plan->list.cycles + 1);
    schedule->exits = ARENA_NEW(arena, struct schedule_exit, graph->region->exit_count + 1);
    if (!schedule->atoms || !schedule->bundles || !schedule->exits) return TR_ARENA_FULL;
    for (uint32_t cycle = 0; cycle < plan->list.cycles; cycle++) write_bundle(plan, cycle, schedule);
    for (unsigned m = 0; m < graph->memory_count; m++) {
        const struct place *load = &plan->list.places[graph->memory[m].node];
        schedule->passed += load->passed;
        schedule->refused += load->refused;
    }
    for (unsigned exit = 0; exit < graph->region->exit_count; exit++) {
        if (!write_exit(plan, exit, &schedule->exits[exit])) return TR_ARENA_FULL;
    }
    return TR_OK;
}

/* ---- why there is no more in the bundles ---- */

/* Is there a bundle for this cycle, as write_bundle makes them? */
static bool has_bundle(const struct plan *plan, uint32_t cycle)
{
    struct atom made[BUNDLE_ATOMS_MAX];
    bool has = plan->list.graph->machine->exposed || plan->starts[cycle] != plan->starts[cycle + 1] ||
               guard_made(&plan->list, cycle, made);
    for (unsigned m = 0; m < plan->move_count; m++) has |= plan->moves[m].cycle == (int32_t)cycle;
    return has;
}

/* Makes the chosen schedule once more, telling on the way. Where the arena is full, nothing is told. */
static void explain(const struct plan *plan)
{
    const struct graph *graph = plan->list.graph;
    struct arena *arena = graph->region->arena;
    size_t mark = arena->used;
    struct list *list = ARENA_NEW(arena, struct list, 1);
    uint32_t *bundles = ARENA_NEW(arena, uint32_t, plan->list.cycles + 1), count = 0;
    struct explanation explanation = {bundles, plan->list.cycles, ARENA_NEW(arena, uint16_t, graph->count)};
    if (list && bundles && explanation.behind) {
        for (uint32_t cycle = 0; cycle < plan->list.cycles; cycle++)
            bundles[cycle] = has_bundle(plan, cycle) ? count++ : NO_BUNDLE;
        list_schedule(list, graph, plan->list.policy, &explanation);
    }
    arena_reset(arena, mark);
}

/* ---- policies ---- */

/* Waiting for homes saves moves, where it does not make the schedule longer; which is the better cannot be known
 * beforehand. Program order is for regions that run out of registers otherwise. */
static const struct list_policy policies[] = {
    {.wait_for_homes = true},
    {.wait_for_homes = false},
};
static const struct list_policy thrifty = {.in_order = true};

enum tr_reason schedule_region(const struct ir_region *region, const struct tr_request *request,
                               struct schedule *schedule)
{
    struct graph *graph = ARENA_NEW(region->arena, struct graph, 1);
    struct plan *plans = ARENA_NEW(region->arena, struct plan, LENGTH(policies));
    if (!graph || !plans) return TR_ARENA_FULL;
    enum tr_reason reason = graph_build(graph, region, request);
    if (reason != TR_OK) return reason;
    const struct plan *best = NULL;
    unsigned tries = request->gear > 1 ? LENGTH(policies) : 1;
    for (unsigned i = 0; i < tries; i++) {
        if (make_plan(&plans[i], graph, policies[i]) == TR_OK && (!best || plan_cost(&plans[i]) < plan_cost(best)))
            best = &plans[i];
    }
    if (!best) {
        reason = make_plan(&plans[0], graph, thrifty);
        if (reason != TR_OK) return reason;
        best = &plans[0];
    }
    if (request->refused) explain(best);
    return write_schedule(best, schedule);
}
