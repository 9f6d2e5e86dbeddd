/* run_regions.c -- the most expensive translations of a run, with their code. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/isa/assembler.h"
#include "lab/region_view.h"
#include "lab/report/csv.h"
#include "lab/report/html.h"
#include "lab/report/report.h"
#include "lab/sha256.h"

enum { SHOWN = 50 };

static const struct {
    const char *name, *title;
    bool number;
} columns[] = {{"region", "Region", true},
               {"gear", "Gear", true},
               {"spc", "Address", false},
               {"symbol", "Symbol", false},
               {"guest_insns", "x86 made from", true},
               {"bundles", "Bundles", true},
               {"atoms", "Atoms", true},
               {"executions", "Executions", true},
               {"insns", "x86 retired", true},
               {"cycles", "Cycles", true},
               {"translate_cycles", "of these translating", true},
               {"profit_cycles", "Profit", true}};

struct ranked {
    unsigned row;
    uint64_t cycles;
};

static uint64_t number(const struct csv *csv, unsigned row, const char *column)
{
    return strtoull(csv_cell(csv, row, column), NULL, 10);
}

static int by_cycles(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return x->cycles != y->cycles ? (x->cycles < y->cycles ? 1 : -1) : x->row < y->row ? -1 : 1;
}

/* ---- the code of a region ---- */

/* What it takes to translate again: the program that was run, and the configuration. */
struct again {
    struct elf_file elf;
    struct config config;
    struct machine *machine; /* NULL: cannot be; `why` */
    char *why;
};

static void prepare(struct again *again, const struct run_report *report)
{
    char hash[SHA256_TEXT_BYTES], error[256] = "";
    const char *guest = report_member(report, "guest");
    struct diag diag = {0};
    *again = (struct again){0};
    config_init(&again->config);
    char *path = lab_printf("%s/config.effective.yaml", report->directory);
    config_load(&again->config, path, &diag);
    free(path);
    if (!sha256_file(guest, hash) || strcmp(hash, report_member(report, "guest_sha256"))) {
        again->why = lab_printf("The guest program %s is not there any more, or another: no code is shown.", guest);
    } else if (diag.count || !elf_file_open(&again->elf, guest)) {
        again->why = lab_copy("The configuration or the guest program cannot be read: no code is shown.");
    } else {
        struct machine_config wanted = config_machine(&again->config);
        again->machine = machine_create(&wanted, error, sizeof error);
        if (!again->machine) again->why = lab_printf("%s: no code is shown.", error);
    }
    diag_free(&diag);
}

static void put_away(struct again *again)
{
    if (again->machine) machine_destroy(again->machine);
    elf_file_close(&again->elf);
    config_free(&again->config);
    free(again->why);
}

static void add_bundle(struct text *page, unsigned bundle, const struct atom *atoms, unsigned count, unsigned slots)
{
    char line[160];
    text_printf(page, "<tr><th scope=\"row\" class=\"n\">%u</th>", bundle);
    for (unsigned i = 0; i < (count > slots ? count : slots); i++) {
        bool empty = i >= count || atoms[i].op == ATOM_NOP;
        if (!empty) atom_print(line, sizeof line, &atoms[i]);
        text_printf(page, empty ? "<td class=\"empty\">" : "<td>");
        html_add(page, !empty ? line : i < count ? "nop" : "empty");
        text_printf(page, "</td>");
    }
    text_printf(page, "</tr>\n");
}

/* A row per bundle, which is a cycle where nothing stalls; a column per slot. */
static void add_grid(struct text *page, const struct tr_result *result, unsigned slots)
{
    struct atom atoms[BUNDLE_ATOMS_MAX];
    unsigned count, length, bundle = 0;
    text_printf(page, "<details><summary>Schedule: a bundle per cycle, if nothing stalls</summary>\n"
                      "<div class=\"wide\"><table class=\"grid\"><thead><tr><th scope=\"col\" class=\"n\">Cycle</th>");
    for (unsigned i = 0; i < slots; i++) text_printf(page, "<th scope=\"col\">Slot %u</th>", i);
    text_printf(page, "</tr></thead><tbody>\n");
    for (unsigned at = 0; at < result->code_bytes; at += length) {
        length = bundle_decode((const char *)result->code + at, result->code_bytes - at, atoms, LENGTH(atoms), &count);
        if (!length) break;
        add_bundle(page, bundle++, atoms, count, slots);
    }
    text_printf(page, "</tbody></table></div></details>\n");
}

/* The record knows a region's entry and size, not its path: say whether the one made again has the same size. */
static void add_code(struct text *page, struct again *again, const struct csv *csv, unsigned row)
{
    uint64_t at = strtoull(csv_cell(csv, row, "spc"), NULL, 0), gear = number(csv, row, "gear");
    struct region_view view = {.elf = &again->elf, .config = &again->config, .machine = again->machine};
    struct text sides = {0};
    if (gear < 1 || gear > 2) return;
    enum tr_reason reason = region_view_make(&view, at, (unsigned)gear);
    if (reason == TR_OK) {
        bool same = view.result->guest_insns == number(csv, row, "guest_insns") &&
                    view.result->bundles == number(csv, row, "bundles") &&
                    view.result->atoms - view.result->nops == number(csv, row, "atoms");
        region_view_print(&view, &sides);
        text_printf(page, "<tr class=\"more\"><td colspan=\"%zu\"><details><summary>Region %s: x86 | IR | bundles",
                    LENGTH(columns) + 1, csv_cell(csv, row, "region"));
        text_printf(page, "</summary>\n<p class=\"note\">Made again from the program's file. %s</p>\n<pre>",
                    same ? "It has as many instructions, bundles and atoms as the one that ran."
                         : "It is not the one that ran, which differs in size: that followed the path that was "
                           "executed, or counts executions; this one follows static prediction.");
        html_add(page, text_string(&sides));
        text_printf(page, "</pre>\n");
        add_grid(page, view.result, hw_machine(machine_core(again->machine, 0))->issue_width);
        text_printf(page, "</details></td></tr>\n");
    }
    text_free(&sides);
    region_view_free(&view);
}

/* ---- the table ---- */

static void add_share(struct text *page, uint64_t cycles, double all)
{
    text_printf(page, "<td class=\"n\">%.2f%%</td></tr>\n", all > 0 ? (double)cycles / all * 100 : 0);
}

static void add_region(struct text *page, const struct csv *csv, unsigned row, double all)
{
    text_printf(page, "<tr>");
    for (unsigned c = 0; c < LENGTH(columns); c++) {
        text_printf(page, columns[c].number ? "<td class=\"n\">" : "<td>");
        (columns[c].number ? html_grouped : html_add)(page, csv_cell(csv, row, columns[c].name));
        text_printf(page, "</td>");
    }
    add_share(page, number(csv, row, "cycles"), all);
}

/* Several rows as one: those columns are summed that can be. */
static void add_sum(struct text *page, const struct csv *csv, const struct ranked *ranked, unsigned from, unsigned to,
                    double all)
{
    uint64_t cycles = 0;
    if (from >= to) return;
    text_printf(page, "<tr class=\"sum\"><th scope=\"row\" colspan=\"4\">The other %u translations</th>", to - from);
    for (unsigned c = 4; c < LENGTH(columns); c++) {
        char sum[24] = "";
        int64_t value = 0;
        for (unsigned i = from; i < to; i++) value += strtoll(csv_cell(csv, ranked[i].row, columns[c].name), NULL, 10);
        if (columns[c].number) snprintf(sum, sizeof sum, "%" PRId64, value);
        text_printf(page, "<td class=\"n\">");
        html_grouped(page, sum);
        text_printf(page, "</td>");
    }
    for (unsigned i = from; i < to; i++) cycles += ranked[i].cycles;
    add_share(page, cycles, all);
}

/* What is no translation's, by activity, and the sum of all. */
static void add_rest(struct text *page, const char *name, uint64_t cycles, double all)
{
    char written[24];
    snprintf(written, sizeof written, "%" PRIu64, cycles);
    text_printf(page, "<tr class=\"sum\"><th scope=\"row\" colspan=\"9\">");
    html_add(page, name);
    text_printf(page, "</th><td class=\"n\">");
    html_grouped(page, written);
    text_printf(page, "</td><td colspan=\"2\"></td>");
    add_share(page, cycles, all);
}

static void add_table(struct text *page, const struct csv *csv, const struct ranked *ranked, unsigned count,
                      struct again *again, double all)
{
    uint64_t sum = 0;
    text_printf(page, "<div class=\"wide\"><table>\n<thead><tr>");
    for (unsigned c = 0; c < LENGTH(columns); c++)
        text_printf(page, "<th scope=\"col\"%s>%s</th>", columns[c].number ? " class=\"n\"" : "", columns[c].title);
    text_printf(page, "<th scope=\"col\" class=\"n\">Share of all cycles</th></tr></thead>\n<tbody>\n");
    for (unsigned i = 0; i < count && i < SHOWN; i++) {
        add_region(page, csv, ranked[i].row, all);
        if (again->machine) add_code(page, again, csv, ranked[i].row);
    }
    add_sum(page, csv, ranked, SHOWN, count, all);
    for (unsigned row = 1; row < csv->rows; row++) {
        uint64_t cycles = number(csv, row, "cycles");
        const char *kind = csv_cell(csv, row, "kind");
        sum += cycles;
        if (!strcmp(kind, "translation") || !cycles) continue;
        char *name = lab_printf("No translation's: %s", kind);
        add_rest(page, name, cycles, all);
        free(name);
    }
    add_rest(page, "All", sum, all);
    text_printf(page, "</tbody></table></div>\n");
}

void report_regions(const struct run_report *report, struct text *page)
{
    struct csv csv;
    struct again again;
    char *path = lab_printf("%s/regions.csv", report->directory);
    html_heading(page, "regions", "The most expensive regions");
    if (!csv_read(&csv, path)) {
        text_printf(page, "<p>regions.csv is not there.</p>\n");
    } else {
        struct ranked *ranked = lab_allocate(csv.rows * sizeof *ranked);
        unsigned count = 0;
        for (unsigned row = 1; row < csv.rows; row++)
            if (!strcmp(csv_cell(&csv, row, "kind"), "translation"))
                ranked[count++] = (struct ranked){row, number(&csv, row, "cycles")};
        qsort(ranked, count, sizeof *ranked, by_cycles);
        prepare(&again, report);
        text_printf(page,
                    "<p class=\"note\">%u translations were made. Cycles are all that a translation cost and ran: "
                    "interpreting before it was made, translating, running, rolling back. Profit: the "
                    "cycles saved against interpreting what it ran. ",
                    count);
        html_add(page, again.why ? again.why : "");
        text_printf(page, "</p>\n");
        add_table(page, &csv, ranked, count, &again, atof(report_total(report, "cycles.total")));
        put_away(&again);
        free(ranked);
    }
    csv_free(&csv);
    free(path);
}
