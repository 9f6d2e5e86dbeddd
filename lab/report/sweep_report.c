/* sweep_report.c -- the directory of a sweep as a page. It reads what the sweep wrote, never the study itself. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hwsim/base/base.h"
#include "lab/document.h"
#include "lab/report/csv.h"
#include "lab/report/html.h"
#include "lab/report/report.h"
#include "lab/study/sweep.h"

enum { TABLE_BYTES_MAX = 16 << 20, REASON_BYTES_MAX = 4096 };

struct point_rows {
    const char *id;
    unsigned first;
};
struct sweep_report {
    const char *directory;
    struct document manifest, plan;
    struct csv points, metrics;
    struct point_rows *rows; /* of metrics.csv, by identifier; owned */
    unsigned row_count;
    enum point_state *states; /* per row of points.csv; owned */
};

static const char *word(const struct document *document, const char *name)
{
    const struct node *node = document->root ? node_find(document->root, name) : NULL;
    return node && node->text ? node->text : "";
}

/* Why a point has no record, to be freed; NULL: no reason is known. */
static char *reason_of(const struct sweep_report *report, const char *id)
{
    char *path = lab_printf("%s/failed/%s", report->directory, id),
         *reason = lab_read_file(path, REASON_BYTES_MAX, NULL);
    if (reason) reason[strcspn(reason, "\n")] = 0;
    free(path);
    return reason;
}

/* The state of each point. False: a record is damaged, which is told. */
static bool look_at_points(struct sweep_report *report)
{
    const struct sweep sweep = {.directory = report->directory};
    bool fine = true;
    report->states = lab_allocate((report->points.rows + 1) * sizeof *report->states);
    for (unsigned row = 1; row < report->points.rows; row++) {
        struct point point = {.seed = 0};
        snprintf(point.id, sizeof point.id, "%s", csv_cell(&report->points, row, "point"));
        report->states[row] = sweep_state(&sweep, &point);
        char *damage = report->states[row] == POINT_DAMAGED ? sweep_damage(&sweep, &point) : NULL;
        if (damage) fprintf(stderr, "covm: %s/%s; 'covm sweep run' runs the point again\n", report->directory, damage);
        free(damage);
        fine &= report->states[row] != POINT_DAMAGED;
    }
    return fine;
}

/* ---- verdict ---- */

static void add_count(struct text *page, const char *name, unsigned count, const char *class)
{
    char written[16];
    snprintf(written, sizeof written, "%u", count);
    html_fact(page, name, written, class);
}

static void add_verdict(const struct sweep_report *report, struct text *page)
{
    unsigned counts[POINT_STATES] = {0}, all = report->points.rows ? report->points.rows - 1 : 0;
    for (unsigned row = 1; row <= all; row++) counts[report->states[row]]++;
    text_printf(page, "<dl class=\"verdict\">\n");
    html_fact(page, "Study", word(&report->manifest, "study"), "");
    html_fact(page, "Machine", word(&report->plan, "machine"), "");
    html_fact(page, "Window of the statistics", word(&report->plan, "window"), "");
    add_count(page, "Points", all, "");
    add_count(page, "Done", counts[POINT_DONE], counts[POINT_DONE] == all ? "good" : "bad");
    add_count(page, "Failed", counts[POINT_FAILED], counts[POINT_FAILED] ? "bad" : "good");
    add_count(page, "Timed out", counts[POINT_TIMEOUT], counts[POINT_TIMEOUT] ? "bad" : "good");
    unsigned missing = counts[POINT_RUNNING] + counts[POINT_MISSING];
    add_count(page, "Running, or never run", missing, missing ? "bad" : "good");
    text_printf(page, "</dl>\n");
}

/* ---- figures and tables ---- */

static int is_drawn(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && (!strcmp(dot, ".svg") || !strcmp(dot, ".md"));
}

/* alphasort goes by the locale. */
static int by_bytes(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

/* A row of a Markdown table; a cell with digits first is a number. */
static void add_table_row(struct text *page, char *line, bool head)
{
    char *save = NULL;
    unsigned column = 0;
    size_t length = strlen(line);
    if (length && line[length - 1] == '|') line[length - 1] = 0;
    text_printf(page, "<tr>");
    for (char *cell = line + 1; cell; cell = save, column++) {
        save = strchr(cell, '|');
        if (save) *save++ = 0;
        const char *tag = head || !column ? "th" : "td";
        text_printf(page, "<%s%s%s>", tag,
                    head     ? " scope=\"col\""
                    : column ? ""
                             : " scope=\"row\"",
                    column ? " class=\"n\"" : "");
        html_add(page, cell + strspn(cell, " "));
        text_printf(page, "</%s>", tag);
    }
    text_printf(page, "</tr>\n");
}

/* A table as the sweep writes it: a title, a blank line, the head, a rule, the rows. */
static void add_table(struct text *page, const char *path)
{
    char *text = lab_read_file(path, TABLE_BYTES_MAX, NULL), *save = NULL;
    unsigned row = 0;
    text_printf(page, "<div class=\"wide\"><table>\n");
    for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        if (*line != '|') {
            text_printf(page, "<caption>");
            html_add(page, line);
            text_printf(page, "</caption>\n");
        } else if (row++ != 1) {
            add_table_row(page, line, row == 1);
        }
    }
    text_printf(page, "</table></div>\n");
    free(text);
}

/* "indirect: what its plot is called"; to be freed. */
static char *caption_of(const struct sweep_report *report, const char *name)
{
    const struct node *plots = report->plan.root ? node_find(report->plan.root, "plots") : NULL,
                      *title = plots ? node_find(plots, name) : NULL;
    bool more = title && title->text && strcmp(title->text, name);
    return more ? lab_printf("%s: %s", name, title->text) : lab_copy(name);
}

static void add_drawn(const struct sweep_report *report, struct text *page)
{
    struct dirent **entries = NULL;
    char *figures = lab_printf("%s/figures", report->directory);
    int count = scandir(figures, &entries, is_drawn, by_bytes);
    html_heading(page, "figures", "Figures and tables");
    if (count <= 0) text_printf(page, "<p>None were drawn.</p>\n");
    for (int i = 0; i < count; i++) {
        struct dirent *entry = entries[i];
        char *name = lab_printf("%.*s", (int)(strrchr(entry->d_name, '.') - entry->d_name), entry->d_name);
        if (strstr(entry->d_name, ".svg")) {
            char *caption = caption_of(report, name);
            html_figure(page, figures, name, caption);
            free(caption);
        } else {
            char *path = lab_printf("%s/%s", figures, entry->d_name);
            add_table(page, path);
            free(path);
        }
        free(name);
        free(entry);
    }
    free(entries);
    free(figures);
}

/* ---- points ---- */

static int by_point(const void *a, const void *b)
{
    const struct point_rows *x = a, *y = b;
    return strcmp(x->id, y->id);
}

/* The rows of metrics.csv of a point are consecutive. */
static void find_points(struct sweep_report *report)
{
    const struct csv *metrics = &report->metrics;
    report->rows = lab_allocate((metrics->rows + 1) * sizeof *report->rows);
    for (unsigned row = 1; row < metrics->rows; row++) {
        const char *id = csv_at(metrics, row, 0);
        if (row > 1 && !strcmp(id, csv_at(metrics, row - 1, 0))) continue;
        report->rows[report->row_count++] = (struct point_rows){id, row};
    }
    qsort(report->rows, report->row_count, sizeof *report->rows, by_point);
}

/* The first of a point's rows in metrics.csv, 0: it has none. */
static unsigned first_metric(const struct sweep_report *report, const char *id)
{
    const struct point_rows key = {.id = id},
                            *found = bsearch(&key, report->rows, report->row_count, sizeof key, by_point);
    return found ? found->first : 0;
}

/* How many metrics each point has: until the first one's name comes again. */
static unsigned metric_count(const struct csv *metrics)
{
    unsigned count = metrics->rows > 1;
    while (count && 1 + count < metrics->rows &&
           strcmp(csv_cell(metrics, 1, "metric"), csv_cell(metrics, 1 + count, "metric")))
        count++;
    return count;
}

static void add_point(const struct sweep_report *report, unsigned row, unsigned metrics, struct text *page)
{
    const char *id = csv_cell(&report->points, row, "point");
    unsigned first = first_metric(report, id);
    char *reason = reason_of(report, id);
    enum point_state state = report->states[row];
    text_printf(page, "<tr><th scope=\"row\">");
    html_add(page, csv_cell(&report->points, row, "what"));
    text_printf(page, "</th><td>%s", sweep_state_name(state));
    if (state == POINT_FAILED || state == POINT_TIMEOUT) html_printf(page, ": %s", reason ? reason : "");
    text_printf(page, "</td>");
    for (unsigned m = 0; m < metrics; m++) {
        const char *value = first ? csv_cell(&report->metrics, first + m, "value") : "";
        text_printf(page, "<td class=\"n%s\">", *value ? "" : " null");
        html_add(page, *value ? value : "null");
        text_printf(page, "</td>");
    }
    text_printf(page, "<td><code>%s</code></td></tr>\n", id);
    free(reason);
}

static void add_points(const struct sweep_report *report, struct text *page)
{
    unsigned metrics = metric_count(&report->metrics);
    html_heading(page, "points", "Points");
    if (!report->points.rows) {
        text_printf(page, "<p>points.csv is not there: run covm sweep collect.</p>\n");
        return;
    }
    text_printf(page,
                "<p class=\"note\"><em>null</em>: no record, or never sampled. The record of a point is in "
                "points/ under its identifier.</p>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Point"
                "</th><th scope=\"col\">State</th>");
    for (unsigned m = 0; m < metrics; m++) {
        const char *unit = csv_cell(&report->metrics, 1 + m, "unit");
        text_printf(page, "<th scope=\"col\" class=\"n\">");
        html_add(page, csv_cell(&report->metrics, 1 + m, "metric"));
        if (*unit) html_printf(page, " (%s)", unit);
        text_printf(page, "</th>");
    }
    text_printf(page, "<th scope=\"col\">Identifier</th></tr></thead>\n<tbody>\n");
    for (unsigned row = 1; row < report->points.rows; row++) add_point(report, row, metrics, page);
    text_printf(page, "</tbody></table></div>\n");
}

/* ---- what it was made from ---- */

static void add_provenance(const struct sweep_report *report, struct text *page)
{
    const struct node *programs = node_find(report->manifest.root, "workloads"),
                      *command = report->plan.root ? node_find(report->plan.root, "command") : NULL;
    html_heading(page, "configuration", "The study");
    html_fold_file(page, report->directory, "study.txt", "The study's file, and those that it extends");
    html_heading(page, "provenance", "Provenance");
    text_printf(page, "<div class=\"wide\"><table class=\"pairs\"><tbody>\n");
    html_pair(page, "covm version", word(&report->manifest, "covm"));
    html_pair(page, "covm's SHA-256", word(&report->manifest, "program_sha256"));
    for (unsigned i = 0; programs && i < programs->count; i++) {
        char *name = lab_printf("SHA-256 of %s", programs->keys[i].text);
        html_pair(page, name, programs->items[i].text ? programs->items[i].text : "");
        free(name);
    }
    text_printf(page, "</tbody></table></div>\n");
    html_heading(page, "again", "Run it again");
    text_printf(page, "<pre>");
    for (unsigned i = 0; command && i < command->count; i++) {
        text_printf(page, i ? " " : "");
        html_shell_word(page, command->items[i].text ? command->items[i].text : "");
    }
    text_printf(page, "</pre>\n<p class=\"note\">It runs only what is missing; in a directory of its own (-o), all."
                      "</p>\n");
}

static bool fill(const struct sweep_report *report, struct text *page)
{
    const char *title = word(&report->plan, "title");
    html_begin(page, *title ? title : word(&report->manifest, "study"));
    text_printf(page, "<p class=\"lead\">A sweep by covm: a co-designed virtual machine.</p>\n<nav aria-label=\""
                      "Sections\"><a href=\"#figures\">Figures</a><a href=\"#points\">Points</a>"
                      "<a href=\"#configuration\">The study</a><a href=\"#provenance\">Provenance</a>"
                      "<a href=\"#again\">Run it again</a></nav>\n");
    add_verdict(report, page);
    add_drawn(report, page);
    add_points(report, page);
    add_provenance(report, page);
    html_end(page);
    return true;
}

bool report_sweep(const char *directory, struct text *page)
{
    struct sweep_report report = {.directory = directory};
    struct diag diag = {0};
    char *manifest = lab_printf("%s/manifest.json", directory), *plan = lab_printf("%s/plan.json", directory),
         *points = lab_printf("%s/points.csv", directory), *metrics = lab_printf("%s/metrics.csv", directory);
    csv_read(&report.points, points);
    csv_read(&report.metrics, metrics);
    find_points(&report);
    if (access(plan, F_OK) == 0) document_read_file(&report.plan, plan, &diag);
    bool fine = document_read_file(&report.manifest, manifest, &diag) && report.manifest.root && !diag.count &&
                look_at_points(&report) && fill(&report, page);
    diag_print(&diag, stderr);
    diag_free(&diag);
    document_free(&report.manifest);
    document_free(&report.plan);
    csv_free(&report.points);
    csv_free(&report.metrics);
    free(report.rows);
    free(report.states);
    free(manifest);
    free(plan);
    free(points);
    free(metrics);
    return fine;
}
