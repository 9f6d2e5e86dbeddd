/* explain.c -- why a bundle does not hold more: for who looks at a schedule, never for who makes one. */
#include "translate/schedule/list.h"

/* Does node `at` read what node `from` gives? The register it is in, flag registers from REGS_ALL on; -1: it does not.
 */
static int reads_from(const struct list *list, unsigned at, unsigned from)
{
    const struct node *node = &list->graph->nodes[at];
    const struct operand operands[] = {node->a, node->b, node->c};
    for (unsigned i = 0; i < LENGTH(operands); i++)
        if (operands[i].kind == OPERAND_NODE && operands[i].number == from) return list->places[from].reg;
    return node->f.kind == OPERAND_NODE && node->f.number == from ? REGS_ALL + list->places[from].flags : -1;
}

/* A node as others name it: its operation, 0 for what the scheduler made. */
static ir_ref source_of(const struct list *list, unsigned at)
{
    return (ir_ref)(at < list->graph->region->count ? at : 0);
}

static void set_behind(const struct list *list, const struct explanation *explanation, unsigned from, unsigned there,
                       struct schedule_refusal *refusal)
{
    refusal->behind = source_of(list, from);
    refusal->behind_bundle = explanation->bundles[list->places[from].cycle];
    refusal->cycles = there - list->cycle;
}

/* What keeps a node, all of whose predecessors are placed, from the present cycle: the last of them to be ready, ... */
static bool find_late_edge(const struct list *list, const struct explanation *explanation, unsigned at,
                           struct schedule_refusal *refusal)
{
    const struct graph *graph = list->graph;
    uint32_t last = list->cycle;
    for (unsigned from = 0; from < graph->count; from++) {
        if (list->places[from].cycle < 0) continue;
        for (uint32_t e = graph->nodes[from].edges; e; e = graph->edges[e].next) {
            uint32_t there = (uint32_t)list->places[from].cycle + graph->edges[e].latency;
            if (graph->edges[e].to != at || there <= last) continue;
            int reg = reads_from(list, at, from);
            last = there;
            set_behind(list, explanation, from, there, refusal);
            refusal->reason = reg < 0 ? REFUSED_COMMIT_ORDER : REFUSED_LATENCY;
            refusal->reg = (uint8_t)(reg < 0 ? REG_ZERO : reg);
        }
    }
    return last > list->cycle;
}

/* ... or a load or store: an earlier one of the program, or a load of this bundle that passed the store. */
static void find_late_memory(const struct list *list, const struct explanation *explanation, unsigned at,
                             struct schedule_refusal *refusal)
{
    const struct graph *graph = list->graph;
    const struct memory_op *op = &graph->memory[graph->nodes[at].memory - 1];
    refusal->reason = REFUSED_MEMORY_ORDER;
    for (unsigned m = 0; m < graph->memory_count; m++) {
        const struct memory_op *other = &graph->memory[m];
        bool before = other < op;
        if (list->places[other->node].cycle != (int32_t)list->cycle || other == op ||
            !(before ? other->store : op->store))
            continue;
        if (graph_memory_order(graph, before ? other : op, before ? op : other) != MEMORY_FREE)
            set_behind(list, explanation, other->node, list->cycle + 1, refusal);
    }
}

static void tell(const struct list *list, const struct explanation *explanation, unsigned at, unsigned reason,
                 unsigned behind)
{
    const struct graph *graph = list->graph;
    const struct node *node = &graph->nodes[at];
    struct schedule_refusal refusal = {.bundle = explanation->bundles[list->cycle],
                                       .reason = (uint8_t)reason,
                                       .unit = node->unit,
                                       .source = source_of(list, at),
                                       .home = node->kind == NODE_COPY ? node->home : HOME_COUNT,
                                       .behind = (ir_ref)behind};
    for (unsigned unit = 0; unit < graph->machine->unit_count; unit++)
        if (list->unit_free[unit] > list->cycle) refusal.busy |= (uint16_t)(1u << unit);
    if (reason == REFUSED_UNIT && list->units.count >= graph->machine->issue_width) refusal.reason = REFUSED_WIDTH;
    if (reason == REFUSED_LATENCY && !find_late_edge(list, explanation, at, &refusal))
        find_late_memory(list, explanation, at, &refusal);
    if (reason == REFUSED_CHECK) {
        unsigned load = guard_waits(list, at);
        set_behind(list, explanation, load, list->cycle, &refusal);
    }
    graph->request->refused(graph->request->cookie, &refusal);
}

/* For each node that is not placed, one that it follows and that is not placed either. */
static void find_unplaced(const struct list *list, uint16_t *behind)
{
    const struct graph *graph = list->graph;
    memset(behind, 0, graph->count * sizeof *behind);
    for (unsigned from = 0; from < graph->count; from++) {
        if (graph->nodes[from].kind == NODE_NONE || list->places[from].cycle != UNPLACED) continue;
        for (uint32_t e = graph->nodes[from].edges; e; e = graph->edges[e].next)
            behind[graph->edges[e].to] = source_of(list, from);
    }
    for (unsigned later = 1; later < graph->memory_count; later++) {
        unsigned at = graph->memory[later].node;
        for (unsigned m = 0; m < later && list->places[at].waits && !behind[at]; m++) {
            if (list->places[graph->memory[m].node].cycle == UNPLACED &&
                graph_memory_order(graph, &graph->memory[m], &graph->memory[later]) == MEMORY_ORDERED)
                behind[at] = graph->memory[m].node;
        }
    }
}

void explain_bundle(const struct list *list, const struct explanation *explanation)
{
    const struct graph *graph = list->graph;
    if (list->cycle >= explanation->cycles || explanation->bundles[list->cycle] == NO_BUNDLE) return;
    for (unsigned i = 0; i < list->ready_count; i++) {
        unsigned at = list->ready[i];
        if (list->places[at].cycle == UNPLACED) tell(list, explanation, at, list->places[at].refusal, 0);
    }
    for (unsigned i = 0; i < list->fresh_count; i++) tell(list, explanation, list->fresh[i], REFUSED_UNIT, 0);
    find_unplaced(list, explanation->behind);
    for (unsigned at = 0; at < graph->count; at++) {
        const struct place *place = &list->places[at];
        if (graph->nodes[at].kind == NODE_NONE || place->cycle != UNPLACED || !(place->preds || place->waits)) continue;
        tell(list, explanation, at, REFUSED_UNPLACED, explanation->behind[at]);
    }
}
