/* run_regions.c -- the translations of a run: the graph of them, and the most expensive with their code. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/record.h"
#include "lab/regions.h"
#include "lab/report/html.h"
#include "lab/report/regions.h"

static const struct {
    enum region_csv_column column;
    const char *title;
    bool number;
} columns[] = {{REGION_CSV_region, "Region", true},
               {REGION_CSV_gear, "Gear", true},
               {REGION_CSV_spc, "Address", false},
               {REGION_CSV_symbol, "Symbol", false},
               {REGION_CSV_guest_insns, "x86 made from", true},
               {REGION_CSV_bundles, "Bundles", true},
               {REGION_CSV_atoms, "Atoms", true},
               {REGION_CSV_executions, "Executions", true},
               {REGION_CSV_insns, "x86 retired", true},
               {REGION_CSV_cycles, "Cycles", true},
               {REGION_CSV_translate_cycles, "of these translating", true},
               {REGION_CSV_profit_cycles, "Profit", true}};

/* ---- regions.csv ---- */

const char *region_cell(const struct region_table *table, unsigned row, enum region_csv_column column)
{
    return csv_at(&table->csv, row, table->column[column]);
}

uint64_t region_number(const struct region_table *table, unsigned row, enum region_csv_column column)
{
    return strtoull(region_cell(table, row, column), NULL, 10);
}

static bool is_translation(const struct region_table *table, unsigned row)
{
    return !strcmp(region_cell(table, row, REGION_CSV_kind), "translation");
}

struct ranked {
    unsigned row;
    uint64_t cycles;
};

static int by_cycles(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return x->cycles != y->cycles ? (x->cycles < y->cycles ? 1 : -1) : x->row < y->row ? -1 : 1;
}

static void rank(struct region_table *table)
{
    struct ranked *ranked = lab_allocate(table->csv.rows * sizeof *ranked);
    for (unsigned row = 1; row < table->csv.rows; row++)
        if (is_translation(table, row))
            ranked[table->count++] = (struct ranked){row, region_number(table, row, REGION_CSV_cycles)};
    qsort(ranked, table->count, sizeof *ranked, by_cycles);
    table->ranked = lab_allocate((table->count + 1) * sizeof *table->ranked);
    for (unsigned i = 0; i < table->count; i++) table->ranked[i] = ranked[i].row;
    free(ranked);
}

/* ---- translating again ---- */

static void prepare(struct region_table *table, const struct run_report *report)
{
    char error[256] = "", *guest = record_find_guest(report->run.root);
    struct diag diag = {0};
    config_init(&table->config);
    char *path = lab_printf("%s/config.effective.yaml", report->directory);
    config_load(&table->config, path, &diag);
    free(path);
    if (!guest) {
        table->why = lab_printf("The guest program %s is not there any more, or another: no code is shown.",
                                report_member(report, "guest"));
    } else if (diag.count || !elf_file_open(&table->elf, guest)) {
        table->why = lab_copy("The configuration or the guest program cannot be read: no code is shown.");
    } else {
        struct machine_config wanted = config_machine(&table->config);
        table->machine = machine_create(&wanted, error, sizeof error);
        if (!table->machine) table->why = lab_printf("%s: no code is shown.", error);
    }
    diag_free(&diag);
    free(guest);
}

bool region_again(const struct region_table *table, unsigned row, struct region_view *view, bool *alike)
{
    uint64_t at = strtoull(region_cell(table, row, REGION_CSV_spc), NULL, 0),
             gear = region_number(table, row, REGION_CSV_gear);
    struct region_likeness like = {.first = strtoull(region_cell(table, row, REGION_CSV_first), NULL, 0),
                                   .last = strtoull(region_cell(table, row, REGION_CSV_last), NULL, 0),
                                   .guest_insns = (unsigned)region_number(table, row, REGION_CSV_guest_insns),
                                   .bundles = (unsigned)region_number(table, row, REGION_CSV_bundles),
                                   .atoms = (unsigned)region_number(table, row, REGION_CSV_atoms)};
    *alike = false;
    *view = (struct region_view){.elf = &table->elf, .config = &table->config, .machine = table->machine};
    return table->machine && (gear == 1 || gear == 2) &&
           region_view_make_like(view, at, (unsigned)gear, &like, alike) == TR_OK;
}

/* ---- the table ---- */

static void add_code(struct text *page, const struct region_table *table, unsigned row)
{
    struct region_view view;
    struct text sides = {0};
    bool alike;
    if (region_again(table, row, &view, &alike)) {
        region_view_print(&view, &sides);
        text_printf(page, "<tr class=\"more\"><td colspan=\"%zu\"><details><summary>Region %s: x86 | IR | bundles",
                    LENGTH(columns) + 1, region_cell(table, row, REGION_CSV_region));
        text_printf(page, "</summary>\n<p class=\"note\">Made again from the program's file: %s</p>\n<pre>",
                    alike
                        ? "of the same x86 code, and with as many instructions, bundles and atoms as the one that ran."
                        : "not the one that ran, which differs in extent or size; it may have followed another path, "
                          "or speculated less.");
        html_add(page, text_string(&sides));
        text_printf(page, "</pre>\n");
        report_grid(&view, page);
        text_printf(page, "</details></td></tr>\n");
    }
    text_free(&sides);
    region_view_free(&view);
}

static void add_share(struct text *page, const struct region_table *table, uint64_t cycles)
{
    double all = table->all_cycles;
    text_printf(page, "<td class=\"n\">%.2f%%</td></tr>\n", all > 0 ? (double)cycles / all * 100 : 0);
}

static void add_region(struct text *page, const struct region_table *table, unsigned row)
{
    text_printf(page, "<tr id=\"region_%s\">", region_cell(table, row, REGION_CSV_region));
    for (unsigned c = 0; c < LENGTH(columns); c++) {
        text_printf(page, columns[c].number ? "<td class=\"n\">" : "<td>");
        (columns[c].number ? html_grouped : html_add)(page, region_cell(table, row, columns[c].column));
        text_printf(page, "</td>");
    }
    add_share(page, table, region_number(table, row, REGION_CSV_cycles));
}

/* Those that are not shown, as one row: numbers are summed. */
static void add_others(struct text *page, const struct region_table *table)
{
    uint64_t cycles = 0;
    if (table->count <= REPORT_REGIONS_SHOWN) return;
    text_printf(page, "<tr class=\"sum\"><th scope=\"row\" colspan=\"4\">The other %u translations</th>",
                table->count - REPORT_REGIONS_SHOWN);
    for (unsigned c = 4; c < LENGTH(columns); c++) {
        char sum[24];
        int64_t value = 0;
        for (unsigned i = REPORT_REGIONS_SHOWN; i < table->count; i++)
            value += strtoll(region_cell(table, table->ranked[i], columns[c].column), NULL, 10);
        snprintf(sum, sizeof sum, "%" PRId64, value);
        text_printf(page, "<td class=\"n\">");
        html_grouped(page, sum);
        text_printf(page, "</td>");
        if (columns[c].column == REGION_CSV_cycles) cycles = (uint64_t)value;
    }
    add_share(page, table, cycles);
}

/* What is no translation's, by activity, and the sum of all. */
static void add_rest(struct text *page, const struct region_table *table, const char *name, uint64_t cycles)
{
    char written[24];
    snprintf(written, sizeof written, "%" PRIu64, cycles);
    text_printf(page, "<tr class=\"sum\"><th scope=\"row\" colspan=\"9\">");
    html_add(page, name);
    text_printf(page, "</th><td class=\"n\">");
    html_grouped(page, written);
    text_printf(page, "</td><td colspan=\"2\"></td>");
    add_share(page, table, cycles);
}

static void add_table(struct text *page, const struct region_table *table)
{
    uint64_t sum = 0;
    text_printf(page, "<div class=\"wide\"><table>\n<thead><tr>");
    for (unsigned c = 0; c < LENGTH(columns); c++)
        text_printf(page, "<th scope=\"col\"%s>%s</th>", columns[c].number ? " class=\"n\"" : "", columns[c].title);
    text_printf(page, "<th scope=\"col\" class=\"n\">Share of all cycles</th></tr></thead>\n<tbody>\n");
    for (unsigned i = 0; i < table->count && i < REPORT_REGIONS_SHOWN; i++) {
        add_region(page, table, table->ranked[i]);
        add_code(page, table, table->ranked[i]);
    }
    add_others(page, table);
    for (unsigned row = 1; row < table->csv.rows; row++) {
        uint64_t cycles = region_number(table, row, REGION_CSV_cycles);
        sum += cycles;
        if (!cycles || is_translation(table, row)) continue;
        char *name = lab_printf("No translation's: %s", region_cell(table, row, REGION_CSV_kind));
        add_rest(page, table, name, cycles);
        free(name);
    }
    add_rest(page, table, "All", sum);
    text_printf(page, "</tbody></table></div>\n");
}

static void add_regions(const struct run_report *report, const struct region_table *table, struct text *page)
{
    html_heading(page, "flow", "Control flow");
    report_graph(report, table, page);
    html_heading(page, "regions", "The most expensive regions");
    text_printf(page,
                "<p class=\"note\">%u translations were made. Cycles are all that a translation cost and ran: "
                "interpreting before it was made, translating, running, rolling back. Profit: the cycles saved against "
                "interpreting what it ran. ",
                table->count);
    html_add(page, table->why ? table->why : "");
    text_printf(page, "</p>\n");
    if (table->machine) report_grid_words(page);
    add_table(page, table);
}

void report_regions(const struct run_report *report, struct text *page)
{
    struct region_table table = {.all_cycles = atof(report_total(report, "cycles.total"))};
    char *path = lab_printf("%s/regions.csv", report->directory);
    if (!csv_read(&table.csv, path)) {
        html_heading(page, "flow", "Control flow");
        html_heading(page, "regions", "The most expensive regions");
        text_printf(page, "<p>regions.csv is not there.</p>\n");
    } else {
        for (unsigned c = 0; c < REGION_CSV_COLUMNS; c++)
            table.column[c] = csv_column(&table.csv, region_columns[c].name);
        rank(&table);
        prepare(&table, report);
        add_regions(report, &table, page);
        if (table.machine) machine_destroy(table.machine);
        elf_file_close(&table.elf);
        config_free(&table.config);
        free(table.why);
        free(table.ranked);
    }
    csv_free(&table.csv);
    free(path);
}
