/* run_graph.c -- the control-flow graph of a run's translations, drawn by graphviz.
 *
 * The record does not have the links between translations; they are taken from the exits of the translations made
 * again. An exit is linked to whichever translation of its target is there at the time, so an edge leads to each of
 * them that lived at some time when its source did.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/child.h"
#include "lab/report/html.h"
#include "lab/report/regions.h"

enum { NODES_MAX = 300, LABEL_CHARACTERS = 23, ALONE_COLUMNS = 5, SVG_BYTES_MAX = 64 << 20 };

enum edge_kind { EDGE_NONE, EDGE_GUESS, EDGE_RETURN, EDGE_EXIT };
struct graph_node {
    unsigned row;
    uint64_t spc, made, ended;
    bool again, alike, indirect; /* made again; as it ran; leaves for computed addresses, too */
    bool linked;                 /* some edge of another node's, or to one */
    uint8_t *edges;              /* enum edge_kind by node, owned */
};
struct flow {
    const struct region_table *table;
    struct graph_node *nodes;
    unsigned count, edges;
    unsigned lost, guessed; /* nodes that could not be made again; that came out as others than ran */
};

/* ---- edges ---- */

static void add_edges(struct flow *flow, struct graph_node *from, uint64_t target, enum edge_kind kind)
{
    if (!from->alike) kind = EDGE_GUESS;
    for (unsigned i = 0; i < flow->count; i++) {
        struct graph_node *to = &flow->nodes[i];
        if (to->spc != target || to->made >= from->ended || from->made >= to->ended) continue;
        flow->edges += !from->edges[i];
        if (kind > from->edges[i]) from->edges[i] = (uint8_t)kind;
        if (to != from) to->linked = from->linked = true;
    }
}

/* What the exits of a translation made again say. */
static void find_edges(struct flow *flow, struct graph_node *node)
{
    struct region_view view = {0};
    node->edges = lab_allocate(flow->count);
    node->again = region_again(flow->table, node->row, &view, &node->alike);
    for (unsigned i = 0; node->again && i < view.region.exit_count; i++) {
        const struct ir_exit *exit = &view.region.exits[i];
        switch (exit->kind) {
        case IR_CALL_INDIRECT:
        case IR_JUMP_INDIRECT:
        case IR_RETURN: node->indirect = true; break;
        case IR_JUMP:
        case IR_CALL:
        case IR_REPEAT:
        case IR_DISPATCH: add_edges(flow, node, exit->target, EDGE_EXIT); break;
        default: break; /* the interpreter goes on */
        }
        if (exit->kind == IR_CALL || exit->kind == IR_CALL_INDIRECT)
            add_edges(flow, node, exit->return_address, EDGE_RETURN);
    }
    flow->lost += !node->again;
    flow->guessed += node->again && !node->alike;
    region_view_free(&view);
}

static void find_flow(struct flow *flow)
{
    const struct region_table *table = flow->table;
    flow->count = table->count < NODES_MAX ? table->count : NODES_MAX;
    flow->nodes = lab_allocate((flow->count + 1) * sizeof *flow->nodes);
    for (unsigned i = 0; i < flow->count; i++) {
        struct graph_node *node = &flow->nodes[i];
        node->row = table->ranked[i];
        node->spc = strtoull(region_cell(table, node->row, REGION_CSV_spc), NULL, 0);
        node->made = region_number(table, node->row, REGION_CSV_made_cycle);
        node->ended = *region_cell(table, node->row, REGION_CSV_ended_cycle)
                          ? region_number(table, node->row, REGION_CSV_ended_cycle)
                          : UINT64_MAX;
    }
    for (unsigned i = 0; i < flow->count; i++) find_edges(flow, &flow->nodes[i]);
}

/* ---- graphviz's language ---- */

static void add_quoted(struct text *dot, const char *plain, size_t most)
{
    for (size_t i = 0; plain[i] && i < most; i++) {
        if (plain[i] == '"' || plain[i] == '\\') text_add(dot, "\\", 1);
        text_add(dot, &plain[i], 1);
    }
}

/* Five shades, on which black can be read. */
static const char *shade_of(double share)
{
    return share >= 0.1     ? "#a8a8a8"
           : share >= 0.03  ? "#c4c4c4"
           : share >= 0.01  ? "#dadada"
           : share >= 0.001 ? "#eeeeee"
                            : "#ffffff";
}

static void add_node(const struct flow *flow, unsigned position, struct text *dot)
{
    const struct graph_node *node = &flow->nodes[position];
    const struct region_table *table = flow->table;
    const char *number = region_cell(table, node->row, REGION_CSV_region),
               *gear = region_cell(table, node->row, REGION_CSV_gear),
               *spc = region_cell(table, node->row, REGION_CSV_spc),
               *symbol = region_cell(table, node->row, REGION_CSV_symbol);
    uint64_t cycles = region_number(table, node->row, REGION_CSV_cycles);
    double share = table->all_cycles > 0 ? (double)cycles / table->all_cycles : 0;
    text_printf(dot, "  \"region %s\" [id=\"flow_%s\" ", number, number);
    if (position < REPORT_REGIONS_SHOWN) text_printf(dot, "URL=\"#region_%s\" ", number);
    text_printf(dot, "fillcolor=\"%s\" peripheries=%u label=\"%s, gear %s\\n", shade_of(share), node->indirect ? 2 : 1,
                number, gear);
    add_quoted(dot, *symbol ? symbol : spc, LABEL_CHARACTERS);
    text_printf(dot, "\\n%.2f%%\" tooltip=\"", share * 100);
    add_quoted(dot, symbol, SIZE_MAX);
    text_printf(dot, " %s: %" PRIu64 " cycles, %s executions\"];\n", spc, cycles,
                region_cell(table, node->row, REGION_CSV_executions));
}

/* Boxes that no arrow joins to others would stand in one long column: these keep them in several. */
static void add_rows(const struct flow *flow, struct text *dot)
{
    unsigned column = 0;
    const char *before = NULL;
    for (unsigned i = flow->count; i-- > 0;) {
        if (flow->nodes[i].linked) continue;
        const char *number = region_cell(flow->table, flow->nodes[i].row, REGION_CSV_region);
        if (column) text_printf(dot, "  \"region %s\" -> \"region %s\" [style=invis];\n", before, number);
        column = (column + 1) % ALONE_COLUMNS;
        before = number;
    }
}

static void print_dot(const struct flow *flow, struct text *dot)
{
    static const char *const styles[] = {[EDGE_GUESS] = "dotted", [EDGE_RETURN] = "dashed", [EDGE_EXIT] = "solid"};
    unsigned number = 0;
    text_printf(dot,
                "digraph \"control flow\" {\n  graph [rankdir=LR nodesep=0.15 ranksep=0.35 bgcolor=\"transparent\"];\n"
                "  node [shape=box style=filled color=black fontname=\"monospace\" fontsize=9 fixedsize=true "
                "width=1.85 height=0.55];\n  edge [arrowsize=0.7];\n");
    for (unsigned i = flow->count; i-- > 0;) add_node(flow, i, dot); /* dot stacks from the bottom */
    for (unsigned from = 0; from < flow->count; from++) {
        const struct graph_node *node = &flow->nodes[from];
        for (unsigned to = 0; to < flow->count; to++) {
            if (!node->edges[to]) continue;
            text_printf(dot, "  \"region %s\" -> \"region %s\" [id=\"flow_edge_%u\" style=%s];\n",
                        region_cell(flow->table, node->row, REGION_CSV_region),
                        region_cell(flow->table, flow->nodes[to].row, REGION_CSV_region), ++number,
                        styles[node->edges[to]]);
        }
    }
    add_rows(flow, dot);
    text_printf(dot, "}\n");
}

/* ---- the drawing ---- */

/* The environment is ours, but for PATH, as for gnuplot. NULL: not drawn, `said` tells why; else to be freed. */
static char *draw(const char *directory, const struct text *dot, struct text *said)
{
    char *source = lab_printf("%s/flow.dot", directory), *drawn = lab_printf("%s/flow.svg", directory);
    char *search = getenv("PATH"), *path = lab_printf("PATH=%s", search ? search : "/usr/bin:/bin"), *svg = NULL;
    char *command[] = {"dot", "-Tsvg", "-oflow.svg", "flow.dot", NULL};
    char *environment[] = {path, "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=/nonexistent", NULL};
    FILE *file = fopen(source, "we");
    bool fine = file && fwrite(text_string(dot), 1, dot->length, file) == dot->length;
    if (file && fclose(file)) fine = false;
    if (!fine) text_printf(said, "%s cannot be written", source);
    if (fine && child_reports(command, environment, directory, said)) svg = lab_read_file(drawn, SVG_BYTES_MAX, NULL);
    if (fine && !svg && !said->length) text_printf(said, "ended without a word");
    free(source);
    free(drawn);
    free(path);
    return svg;
}

/* From a file of its own to an element of the page: without a prolog and the namespaces, which HTML has by itself. */
static void add_svg(const struct flow *flow, const char *svg, struct text *page)
{
    const char *open = strstr(svg, "<svg "), *names = open ? strstr(open, " xmlns=") : NULL,
               *body = names ? strchr(names, '>') : NULL;
    if (!body) return;
    text_printf(page, "<svg role=\"group\" aria-label=\"Control-flow graph of %u translations, with %u edges\" ",
                flow->count, flow->edges);
    text_add(page, open + strlen("<svg "), (size_t)(names - open) - strlen("<svg "));
    text_add(page, body, strlen(body));
}

static void add_caption(const struct flow *flow, struct text *page)
{
    text_printf(page, "<figcaption>A box is a translation: number, gear, place, share of all cycles; one in the table "
                      "below leads there. Shades begin at 0.1%%, 1%%, 3%% and 10%% of all cycles. ");
    if (flow->count < flow->table->count)
        text_printf(page, "Shown are the %u most expensive of %u translations. ", flow->count, flow->table->count);
    text_printf(page,
                "Arrows: exits to other translations; dashed: where a call returns to. Double frame: it also leaves "
                "for computed addresses, which have no arrows. Exits are those of the translations made again");
    if (flow->guessed) text_printf(page, "; %u are not as they ran, and have dotted arrows", flow->guessed);
    if (flow->lost) text_printf(page, "; %u could not be made again, and have none", flow->lost);
    text_printf(page, ".</figcaption>\n");
}

/* Into the page, or why not. */
static void add_drawing(const struct flow *flow, const char *scratch, struct text *page)
{
    struct text dot = {0}, said = {0};
    print_dot(flow, &dot);
    char *svg = draw(scratch, &dot, &said);
    if (svg) {
        text_printf(page, "<figure>\n<div class=\"flow\">\n");
        add_svg(flow, svg, page);
        text_printf(page, "</div>\n");
        add_caption(flow, page);
    } else {
        while (said.length && strchr(" \n", said.data[said.length - 1])) said.data[--said.length] = 0;
        text_printf(page, "<figure>\n<figcaption>It is not drawn: graphviz (Debian package graphviz): ");
        html_add(page, text_string(&said));
        text_printf(page, ".</figcaption>\n");
    }
    html_fold(page, "graphviz source", text_string(&dot));
    text_printf(page, "</figure>\n");
    free(svg);
    text_free(&dot);
    text_free(&said);
}

void report_graph(const struct run_report *report, const struct region_table *table, struct text *page)
{
    struct flow flow = {.table = table};
    if (!table->machine || !table->count) {
        text_printf(page, "<p>%s</p>\n",
                    table->count ? "It cannot be told without the code." : "No translation was made.");
        return;
    }
    find_flow(&flow);
    add_drawing(&flow, report->scratch, page);
    for (unsigned i = 0; i < flow.count; i++) free(flow.nodes[i].edges);
    free(flow.nodes);
}
