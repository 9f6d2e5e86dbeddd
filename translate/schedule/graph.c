/* graph.c -- the dependence graph of a region.
 *
 * Values: an operation follows the ones whose results it reads, by their latency. Control: a side exit follows, in the
 * same bundle at the latest, all that may roll back before it in program order; a store, an assert, a probe or a push
 * stays behind the exit before it, since a taken exit's bundle executes whole. Exits keep their order, one a bundle.
 * Loads may rise above exits (a fault of one that should not have run only rolls back).
 *
 * What an exit's map wants, but has not been computed when it leaves, its stub computes; so an exit need not wait for
 * values.
 */
#include "translate/schedule/graph.h"

static bool is_constant(const struct ir_insn *insn)
{
    return insn->op == ATOM_MOV && insn->use_imm && !insn->fmask;
}

static struct operand constant(const struct ir_insn *insn)
{
    return (struct operand){OPERAND_CONST, 0, (uint64_t)insn->imm & bits_mask(8u << insn->size)};
}

static struct operand operand_of(const struct ir_region *region, ir_ref ref)
{
    if (!ref) return (struct operand){.kind = OPERAND_CONST};
    const struct ir_insn *insn = &region->insns[ref];
    if (insn->op == IR_GET) return (struct operand){OPERAND_ENTRY, (uint16_t)insn->imm, 0};
    if (insn->op == IR_GETF) return (struct operand){OPERAND_ENTRY, FLAGS_HOME, 0};
    return (struct operand){OPERAND_NODE, ref, 0};
}

static bool is_indirect(unsigned kind)
{
    return kind == IR_JUMP_INDIRECT || kind == IR_CALL_INDIRECT || kind == IR_RETURN;
}

struct operand graph_exit_value(const struct graph *graph, unsigned exit, unsigned home)
{
    const struct ir_exit *leaves = &graph->region->exits[exit];
    ir_ref ref = home == FLAGS_HOME ? leaves->flags : leaves->homes[home];
    if (home == HOME_EIP) {
        if (!is_indirect(leaves->kind)) return (struct operand){.kind = OPERAND_NONE};
        ref = leaves->target_value;
    } else if (!ref) {
        return (struct operand){.kind = OPERAND_NONE};
    }
    if (ref && is_constant(&graph->region->insns[ref])) return constant(&graph->region->insns[ref]);
    struct operand value = operand_of(graph->region, ref);
    if (value.kind == OPERAND_ENTRY && value.number == home) value.kind = OPERAND_NONE;
    return value;
}

/* ---- edges ---- */

static void add_edge(struct graph *graph, unsigned from, unsigned to, unsigned latency)
{
    struct node *node = &graph->nodes[from];
    if (node->kind == NODE_NONE) return;
    graph->edges[++graph->edge_count] = (struct edge){(uint16_t)to, (uint16_t)latency, node->edges};
    node->edges = graph->edge_count;
    graph->nodes[to].preds++;
}

static void read_value(struct graph *graph, unsigned to, struct operand operand)
{
    if (operand.kind == OPERAND_ENTRY) graph->home_readers[operand.number]++;
    if (operand.kind != OPERAND_NODE) return;
    graph->nodes[operand.number].readers++;
    add_edge(graph, operand.number, to, graph->nodes[operand.number].latency);
}

static void read_flags(struct graph *graph, unsigned to, struct operand operand)
{
    if (operand.kind == OPERAND_ENTRY) graph->home_readers[FLAGS_HOME]++;
    if (operand.kind != OPERAND_NODE) return;
    graph->nodes[operand.number].flag_readers++;
    add_edge(graph, operand.number, to, graph->nodes[operand.number].latency);
}

/* ---- nodes ---- */

static void set_unit(const struct graph *graph, struct node *node, unsigned op)
{
    unsigned latency = graph->machine->latency_cycles[atom_table[op].unit];
    node->op = (uint8_t)op;
    node->unit = atom_table[op].unit;
    node->latency = (uint8_t)(latency ? latency : 1);
    node->home = NO_HOME;
}

static bool pushes(const struct graph *graph, const struct ir_insn *insn)
{
    if (graph->request->indirect != TR_JTLB_DRAS || !graph->machine->dras_entries) return false;
    if (insn->op == IR_PUSH_RETURN) return true;
    unsigned kind = graph->region->exits[insn->c].kind;
    return kind == IR_CALL || kind == IR_CALL_INDIRECT;
}

static enum tr_reason classify(struct graph *graph, unsigned at)
{
    const struct ir_insn *insn = &graph->region->insns[at];
    struct node *node = &graph->nodes[at];
    switch (insn->op) {
    case IR_MARK: case IR_GET: case IR_GETF: case ATOM_NOP: return TR_OK;
    case IR_EXITIF:
        node->kind = NODE_EXIT;
        node->exit = insn->c;
        set_unit(graph, node, ATOM_BRC);
        return TR_OK;
    case IR_TRAP: case IR_TRAPIF:
        node->kind = NODE_ASSERT;
        set_unit(graph, node, ATOM_ASSERT);
        return TR_OK;
    case IR_EXIT: graph->final_exit = insn->c; /* fallthrough */
    case IR_PUSH_RETURN:
        if (pushes(graph, insn)) node->kind = NODE_PUSH;
        set_unit(graph, node, ATOM_CALL);
        return TR_OK;
    default: break;
    }
    if (!ir_is_atom(insn->op)) return TR_INTERPRETED;
    node->kind = NODE_ATOM;
    node->vector = ir_gives_vector(insn);
    set_unit(graph, node, insn->op);
    return TR_OK;
}

/* Which exits say anything about. EIP is written by commits; but a computed target must not be on its way to the home
 * where a side exit commits (exposed latencies), so that these then want it left alone. */
static void find_mapped(struct graph *graph)
{
    const struct ir_region *region = graph->region;
    for (unsigned exit = 0; exit < region->exit_count; exit++) {
        const struct ir_exit *leaves = &region->exits[exit];
        for (unsigned home = 0; home < HOME_COUNT; home++) graph->mapped[home] |= leaves->homes[home] != 0;
        graph->mapped[FLAGS_HOME] |= leaves->flags != 0;
        graph->mapped[HOME_EIP] |= graph->machine->exposed && is_indirect(leaves->kind);
    }
}

/* Which flags of each operation's result anyone reads: backwards, since a merge passes on what is wanted of it. */
static void find_wanted(struct graph *graph)
{
    const struct ir_region *region = graph->region;
    bool clear = false;
    for (unsigned exit = 0; exit < region->exit_count; exit++) {
        if (region->exits[exit].flags) graph->nodes[region->exits[exit].flags].wanted = MASK_ALL;
    }
    for (unsigned at = region->count - 1; at; at--) {
        const struct ir_insn *insn = &region->insns[at];
        struct node *node = &graph->nodes[at];
        if (insn->op == IR_TRAP) {
            node->reads_flags = clear = true;
            continue;
        }
        if (node->kind == NODE_NONE || node->kind == NODE_PUSH) continue;
        unsigned read = ir_flags_read(insn, node->wanted);
        if (!read) continue;
        node->reads_flags = true;
        graph->nodes[insn->f].wanted |= (uint8_t)read;
        clear |= !insn->f;
    }
    for (unsigned at = 1; at < region->count; at++) {
        /* an atom that can do nothing but write flags */
        if (graph->nodes[at].kind == NODE_ATOM && graph->nodes[at].op == ATOM_SETF && !graph->nodes[at].wanted)
            graph->nodes[at].kind = NODE_NONE;
    }
    struct node *zero = &graph->nodes[0];
    set_unit(graph, zero, ATOM_SETF);
    zero->kind = clear ? NODE_ATOM : NODE_NONE;
    zero->wanted = clear ? MASK_ALL : 0;
}

/* A constant that no operation reads needs no atom of its own: stubs make it, and the final exit copies it to its home.
 */
static void drop_exit_constants(struct graph *graph)
{
    const struct ir_region *region = graph->region;
    for (unsigned at = region->count - 1; at; at--) {
        const struct ir_insn *insn = &region->insns[at];
        struct node *node = &graph->nodes[at];
        if (node->kind == NODE_ATOM && is_constant(insn) && !node->readers) node->kind = NODE_NONE;
        if (node->kind == NODE_NONE || insn->op == IR_EXIT) continue;
        unsigned reads = ir_operands(insn);
        if (reads & IR_READS_A) graph->nodes[insn->a].readers = 1;
        if (reads & IR_READS_B) graph->nodes[insn->b].readers = 1;
        if (reads & IR_READS_C) graph->nodes[insn->c].readers = 1;
    }
    for (unsigned at = 0; at < region->count; at++) graph->nodes[at].readers = 0;
}

static void read_operands(struct graph *graph, unsigned at)
{
    const struct ir_region *region = graph->region;
    const struct ir_insn *insn = &region->insns[at];
    struct node *node = &graph->nodes[at];
    unsigned reads = ir_operands(insn);
    if (node->kind == NODE_PUSH) return;
    if (reads & IR_READS_A) read_value(graph, at, node->a = operand_of(region, insn->a));
    if (reads & IR_READS_B) read_value(graph, at, node->b = operand_of(region, insn->b));
    if (reads & IR_READS_C) read_value(graph, at, node->c = operand_of(region, insn->c));
    if (!node->reads_flags) return;
    node->f = operand_of(region, insn->op == IR_TRAP ? 0 : insn->f);
    if (node->f.kind == OPERAND_CONST) node->f = (struct operand){.kind = OPERAND_NODE, .number = 0};
    read_flags(graph, at, node->f);
}

/* What a side exit's stub reads, and the entry values that it must find in place. */
static bool read_map(struct graph *graph, unsigned exit)
{
    struct side_exit *to = &graph->exits[exit];
    to->values = ARENA_NEW(graph->region->arena, struct exit_value, HOMES);
    if (!to->values) return false;
    for (unsigned home = 0; home < HOMES; home++) {
        struct operand value = graph_exit_value(graph, exit, home);
        if (!graph->mapped[home]) continue;
        if (value.kind == OPERAND_NONE) value = (struct operand){OPERAND_ENTRY, (uint16_t)home, 0};
        to->values[to->count++] = (struct exit_value){(uint8_t)home, value};
        if (value.kind == OPERAND_ENTRY) graph->home_readers[value.number]++;
        if (value.kind == OPERAND_NODE && home == FLAGS_HOME) graph->nodes[value.number].flag_readers++;
        else if (value.kind == OPERAND_NODE) graph->nodes[value.number].readers++;
    }
    return true;
}

/* Order against exits: `exit` is the last one before, `since` the first operation after it. */
static void order_control(struct graph *graph)
{
    const struct ir_region *region = graph->region;
    bool loads_stay = !graph->request->options->load_over_exit || graph->request->restraint & TR_NO_LOAD_OVER_EXIT;
    unsigned exit = 0, since = 1, push = 0;
    for (unsigned at = 1; at < region->count; at++) {
        const struct node *node = &graph->nodes[at];
        if (node->kind == NODE_NONE || (node->kind == NODE_ATOM && ir_is_pure(node->op))) continue;
        bool load = ir_is_load(node->op);
        if (exit && (!load || loads_stay)) add_edge(graph, exit, at, 1);
        if (node->kind == NODE_PUSH) {
            if (push) add_edge(graph, push, at, 1);
            push = at;
        }
        if (node->kind != NODE_EXIT) continue;
        for (unsigned before = since; before < at; before++) {
            const struct node *other = &graph->nodes[before];
            if (other->kind != NODE_NONE && !(other->kind == NODE_ATOM && ir_is_pure(other->op)))
                add_edge(graph, before, at, 0);
        }
        exit = at;
        since = at + 1;
    }
}

/* ---- memory ---- */

/* An address is an operation plus a constant, as far back as additions of constants go. */
static void find_address(const struct ir_region *region, const struct ir_insn *insn, struct memory_op *op)
{
    ir_ref ref = insn->a;
    op->offset = (uint32_t)insn->imm;
    for (unsigned step = 0; step < 64 && ref; step++) {
        const struct ir_insn *from = &region->insns[ref];
        if (from->size < SIZE_32) break;
        if (from->op == ATOM_ADD && from->use_imm) {
            op->offset += (uint32_t)from->imm;
            ref = from->a;
        } else if (from->op == ATOM_SUB && from->use_imm) {
            op->offset -= (uint32_t)from->imm;
            ref = from->a;
        } else if (from->op == ATOM_MOV && from->use_imm) {
            op->offset += (uint32_t)from->imm;
            ref = 0;
        } else if (from->op == ATOM_MOV) {
            ref = from->b;
        } else {
            break;
        }
    }
    op->root = region->insns[ref].op == IR_GET && ref ? (uint16_t)(ROOT_ENTRY + region->insns[ref].imm) : ref;
    op->bytes = ir_access_bytes(insn);
}

static void find_memory(struct graph *graph)
{
    const struct ir_region *region = graph->region;
    for (unsigned at = 1; at < region->count; at++) {
        const struct ir_insn *insn = &region->insns[at];
        if (!ir_is_load(insn->op) && !ir_is_store(insn->op)) continue;
        struct memory_op *op = &graph->memory[graph->memory_count++];
        op->node = (uint16_t)at;
        op->store = ir_is_store(insn->op);
        find_address(region, insn, op);
        graph->nodes[at].memory = (uint16_t)graph->memory_count;
    }
}

/* Different linear pages may be the same frame, so that addresses are apart only if they are within a page. */
static bool apart(const struct memory_op *x, const struct memory_op *y)
{
    uint32_t distance = (y->offset - x->offset) & 4095;
    return x->root == y->root && distance >= x->bytes && 4096 - distance >= y->bytes;
}

enum memory_order graph_memory_order(const struct graph *graph, const struct memory_op *earlier,
                                     const struct memory_op *later)
{
    if (!earlier->store && !later->store) return MEMORY_FREE;
    if (apart(earlier, later)) return MEMORY_FREE;
    if (later->store || !graph->guarded) return MEMORY_ORDERED;
    bool same = earlier->root == later->root &&
                (later->offset - earlier->offset < earlier->bytes || earlier->offset - later->offset < later->bytes);
    return same ? MEMORY_ORDERED : MEMORY_GUARDED;
}

/* ---- the final exit ---- */

static void add_copy(struct graph *graph, unsigned home, struct operand value)
{
    unsigned at = graph->count++;
    struct node *node = &graph->nodes[at];
    node->kind = NODE_COPY;
    node->vector = home >= HOME_INTEGERS;
    set_unit(graph, node, node->vector ? ATOM_VMOV : ATOM_MOV);
    node->home = (uint8_t)home;
    node->readers = 1;
    read_value(graph, at, node->b = value);
}

static void read_final(struct graph *graph)
{
    if (graph->final_exit < 0) return;
    const struct ir_exit *leaves = &graph->region->exits[graph->final_exit];
    for (unsigned home = 0; home < HOME_COUNT; home++) {
        struct operand value = graph_exit_value(graph, (unsigned)graph->final_exit, home);
        if (value.kind == OPERAND_NONE) continue;
        ir_ref ref = home == HOME_EIP ? leaves->target_value : leaves->homes[home];
        if (value.kind == OPERAND_CONST && ref && graph->nodes[ref].kind == NODE_ATOM &&
            graph->nodes[ref].home == NO_HOME)
            value = (struct operand){OPERAND_NODE, ref, 0};
        if (value.kind == OPERAND_NODE && graph->nodes[value.number].home == NO_HOME) {
            graph->nodes[value.number].home = (uint8_t)home;
            graph->nodes[value.number].readers++;
        } else {
            add_copy(graph, home, value);
        }
    }
    struct operand flags = graph_exit_value(graph, (unsigned)graph->final_exit, FLAGS_HOME);
    if (flags.kind != OPERAND_NODE) return;
    graph->nodes[flags.number].final_flags = true;
    graph->nodes[flags.number].flag_readers++;
}

/* ---- how far from the end ---- */

static void raise(uint32_t *to, uint32_t from)
{
    if (from > *to) *to = from;
}

/* Cycles from a node's issue to the end, over all that follows it; what exits want makes it more urgent. */
static void find_height(struct graph *graph, unsigned at)
{
    struct node *node = &graph->nodes[at];
    uint32_t height = node->readers || node->flag_readers ? node->latency : 1;
    if (node->kind == NODE_EXIT) height = 2; /* the commit cannot be beside it */
    raise(&node->priority, height);
    for (uint32_t e = node->edges; e; e = graph->edges[e].next) {
        raise(&height, graph->edges[e].latency + graph->nodes[graph->edges[e].to].height);
        raise(&node->priority, graph->edges[e].latency + graph->nodes[graph->edges[e].to].priority);
    }
    for (unsigned m = node->memory; m && m < graph->memory_count; m++) {
        const struct memory_op *op = &graph->memory[node->memory - 1], *later = &graph->memory[m];
        if (graph_memory_order(graph, op, later) != MEMORY_ORDERED) continue;
        raise(&height, graph->nodes[later->node].height + op->store);
        raise(&node->priority, graph->nodes[later->node].priority + op->store);
    }
    node->height = height;
    const struct side_exit *exit = &graph->exits[node->exit];
    for (unsigned i = 0; node->kind == NODE_EXIT && i < exit->count; i++) {
        struct operand value = exit->values[i].operand;
        if (value.kind == OPERAND_NODE) raise(&graph->nodes[value.number].priority, node->priority);
    }
}

/* A copy of an entry value goes before the operation that takes its place, or that one could not write its home. */
static void hasten_copies(struct graph *graph)
{
    uint32_t writer[HOMES] = {0};
    for (unsigned at = 0; at < graph->count; at++) {
        const struct node *node = &graph->nodes[at];
        if (node->kind != NODE_NONE && node->home != NO_HOME) writer[node->home] = node->priority;
    }
    for (unsigned at = graph->region->count; at < graph->count; at++) {
        struct node *copy = &graph->nodes[at];
        if (copy->b.kind == OPERAND_ENTRY) raise(&copy->priority, writer[copy->b.number]);
    }
}

/* The region takes as long as its longest chain, and as its most wanted units. */
static void find_length(struct graph *graph)
{
    const struct machine_desc *machine = graph->machine;
    uint32_t class_atoms[UNIT_CLASSES] = {0};
    for (unsigned at = 0; at < graph->count; at++) {
        const struct node *node = &graph->nodes[at];
        if (node->kind == NODE_NONE) continue;
        raise(&graph->length, node->height);
        class_atoms[node->unit]++;
        graph->placed_count++;
    }
    raise(&graph->length, (graph->placed_count + machine->issue_width - 1) / machine->issue_width);
    for (unsigned class = 0; class < UNIT_CLASSES; class++) {
        unsigned units = 0;
        for (unsigned unit = 0; unit < machine->unit_count; unit++) units += machine->unit_classes[unit] >> class & 1;
        if (units) raise(&graph->length, class_atoms[class] / units);
    }
}

/* ---- all of it ---- */

static bool allocate(struct graph *graph)
{
    const struct ir_region *region = graph->region;
    uint32_t edges = 1, memory = 0;
    for (unsigned at = 1; at < region->count; at++) {
        const struct ir_insn *insn = &region->insns[at];
        edges += 7; /* four operands, one exit on each side, the push before it */
        memory += ir_is_load(insn->op) || ir_is_store(insn->op);
    }
    edges += HOMES;
    graph->nodes = ARENA_NEW(region->arena, struct node, region->count + HOMES);
    graph->edges = ARENA_NEW(region->arena, struct edge, edges);
    graph->memory = ARENA_NEW(region->arena, struct memory_op, memory + 1);
    graph->exits = ARENA_NEW(region->arena, struct side_exit, region->exit_count + 1);
    return graph->nodes && graph->edges && graph->memory && graph->exits;
}

static unsigned store_count(const struct graph *graph)
{
    unsigned stores = 0;
    for (unsigned m = 0; m < graph->memory_count; m++)
        stores += ir_gate_entries(&graph->region->insns[graph->memory[m].node]);
    return stores;
}

enum tr_reason graph_build(struct graph *graph, const struct ir_region *region, const struct tr_request *request)
{
    *graph = (struct graph){.region = region, .request = request, .machine = request->machine, .final_exit = -1};
    graph->guarded = request->machine->alias_entries && request->options->load_over_store &&
                     !(request->restraint & TR_NO_LOAD_OVER_STORE);
    if (!allocate(graph)) return TR_ARENA_FULL;
    graph->count = region->count;
    for (unsigned at = 1; at < region->count; at++) {
        graph->nodes[at].home = NO_HOME;
        enum tr_reason reason = classify(graph, at);
        if (reason != TR_OK) return reason;
    }
    find_mapped(graph);
    find_wanted(graph);
    drop_exit_constants(graph);
    find_memory(graph);
    if (store_count(graph) > request->machine->gate_entries) return TR_STORES;
    read_final(graph);
    for (unsigned at = 1; at < region->count; at++) {
        if (graph->nodes[at].kind != NODE_NONE) read_operands(graph, at);
    }
    order_control(graph);
    for (unsigned exit = 0; exit < region->exit_count; exit++) {
        if ((int)exit != graph->final_exit && !read_map(graph, exit)) return TR_ARENA_FULL;
    }
    for (unsigned at = graph->count; at-- > 0;) {
        if (graph->nodes[at].kind != NODE_NONE) find_height(graph, at);
    }
    hasten_copies(graph);
    find_length(graph);
    return TR_OK;
}
