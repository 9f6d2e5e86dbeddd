/* run_report.c -- a run record as a page: how it ended, where its cycles went, and what it was made from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/commands.h"
#include "lab/files.h"
#include "lab/record.h"
#include "lab/report/html.h"
#include "lab/report/report.h"
#include "lab/stats.h"

enum { FILE_BYTES_MAX = 64 << 20 };

const char *report_member(const struct run_report *report, const char *name)
{
    const struct node *node = node_find(report->run.root, name);
    return node && node->text ? node->text : "";
}

const char *report_total(const struct run_report *report, const char *name)
{
    const struct sample *sample = samples_find(&report->samples, "total", name);
    return sample ? sample->value : "";
}

/* ---- verdict ---- */

static char *ending(const struct run_report *report)
{
    const char *end = report_member(report, "end");
    if (!strcmp(end, "exited")) return lab_printf("exited with code %s", report_member(report, "exit_code"));
    if (!strcmp(end, "killed")) return lab_printf("killed by signal %s", report_member(report, "killed_by_signal"));
    return lab_copy(end);
}

static void add_verdict(const struct run_report *report, struct text *page)
{
    const char *check = report_member(report, "check"), *end = report_member(report, "end");
    bool complete = !strcmp(report_member(report, "complete"), "true");
    double cycles = atof(report_member(report, "cycles")), translated = 0;
    char *how = ending(report), *ipc = lab_printf("%.4g instructions/cycle", atof(report_total(report, "derived.ipc")));
    static const char *const gears[] = {"cycles.gear1", "cycles.gear2", "cycles.gear3"};
    for (unsigned i = 0; i < LENGTH(gears); i++) translated += atof(report_total(report, gears[i]));
    char *share = cycles ? lab_printf("%.1f%% of the cycles", translated / cycles * 100) : lab_copy("no cycles");
    text_printf(page, "<dl class=\"verdict\">\n");
    html_fact(page, "Guest", report_member(report, "guest"), "");
    html_fact(page, "End", how, !strcmp(end, "exited") || !strcmp(end, "limit") ? "good" : "bad");
    html_fact(page, "Complete", complete ? "yes" : "no: a partial result", complete ? "good" : "bad");
    html_fact(page, "Lockstep check", check,
              !strcmp(check, "clean")      ? "good"
              : !strcmp(check, "diverged") ? "bad"
                                           : "");
    html_fact(page, "IPC", *report_total(report, "derived.ipc") ? ipc : "not sampled", "");
    html_fact(page, "Guest instructions", report_member(report, "insns"), "");
    html_fact(page, "Cycles", report_member(report, "cycles"), "");
    html_fact(page, "Spent in translated code", share, "");
    text_printf(page, "</dl>\n");
    free(how);
    free(ipc);
    free(share);
}

/* ---- statistics ---- */

/* Length of a name's first word: statistics of the same are a section. */
static size_t section_of(const char *name) { return strcspn(name, "."); }

static void describe(const struct stats_table *table, const struct sample *sample, struct text *page)
{
    const struct stats_row *row = stats_find(table, sample->name, strlen(sample->name));
    text_printf(page, "<td>");
    html_add(page, sample->unit);
    text_printf(page, "</td><td>");
    html_add(page, row && row->meaning ? row->meaning : STATS_NAMED_MEANING);
    text_printf(page, "</td></tr>\n");
}

/* The windows in the order of the record. */
static unsigned windows_of(const struct samples *samples, const char *windows[], unsigned most)
{
    unsigned count = 0;
    for (unsigned i = 0; i < samples->count; i++) {
        if (count && !strcmp(windows[count - 1], samples->items[i].window)) continue;
        if (count < most) windows[count++] = samples->items[i].window;
    }
    return count;
}

static void begin_section(struct text *page, const char *name, const char *const *windows, unsigned count)
{
    text_printf(page,
                "<details class=\"print\"%s><summary><strong>%.*s</strong></summary>\n<div class=\"wide\"><table>"
                "<thead><tr><th scope=\"col\">Statistic</th>",
                strncmp(name, "derived.", 8) ? "" : " open", (int)section_of(name), name);
    for (unsigned w = 0; w < count; w++) text_printf(page, "<th scope=\"col\" class=\"n\">%s</th>", windows[w]);
    text_printf(page, "<th scope=\"col\">Unit</th><th scope=\"col\">Meaning</th></tr></thead>\n<tbody>\n");
}

void report_statistics(const struct run_report *report, struct text *page)
{
    const char *windows[4], *section = NULL;
    unsigned count = windows_of(&report->samples, windows, LENGTH(windows));
    struct stats_table table;
    stats_table_init(&table);
    html_heading(page, "statistics", "Statistics");
    text_printf(page, "<p class=\"note\">All of them, by window; <em>null</em>: never sampled.</p>\n");
    for (unsigned i = 0; i < report->samples.count; i++) {
        const struct sample *sample = &report->samples.items[i];
        bool seen = false; /* in a window before */
        for (unsigned w = 0; w < count && strcmp(windows[w], sample->window) && !seen; w++)
            seen = samples_find(&report->samples, windows[w], sample->name);
        if (seen) continue;
        if (!section || section_of(section) != section_of(sample->name) ||
            strncmp(section, sample->name, section_of(section))) {
            if (section) text_printf(page, "</tbody></table></div></details>\n");
            section = sample->name;
            begin_section(page, section, windows, count);
        }
        text_printf(page, "<tr><th scope=\"row\"><code>");
        html_add(page, sample->name);
        text_printf(page, "</code></th>");
        for (unsigned w = 0; w < count; w++) {
            const struct sample *value = samples_find(&report->samples, windows[w], sample->name);
            bool null = !value || !*value->value;
            text_printf(page, "<td class=\"n%s\">%s</td>", null ? " null" : "", null ? "null" : value->value);
        }
        describe(&table, sample, page);
    }
    if (section) text_printf(page, "</tbody></table></div></details>\n");
    stats_table_free(&table);
}

/* ---- what it was made from ---- */

static void add_words(const struct run_report *report, const char *name, const char *none, struct text *page)
{
    const struct node *list = node_find(report->run.root, name);
    unsigned count = list && list->kind == NODE_LIST ? list->count : 0;
    for (unsigned i = 0; i < count; i++) {
        const char *word = list->items[i].text ? list->items[i].text : "";
        text_printf(page, i ? " " : "");
        /* the command's first word names covm's subcommand, too */
        if (i == 0 && !strcmp(name, "command"))
            html_add(page, word);
        else
            html_shell_word(page, word);
    }
    if (!count) html_add(page, none);
}

static void add_provenance(const struct run_report *report, struct text *page)
{
    static const char *const members[][2] = {{"covm", "covm version"},
                                             {"compiler", "compiled by gcc"},
                                             {"program_sha256", "covm's SHA-256"},
                                             {"config_sha256", "configuration's SHA-256"},
                                             {"guest", "guest program"},
                                             {"guest_sha256", "guest's SHA-256"},
                                             {"root", "guest's root"},
                                             {"directory", "run in"},
                                             {"write", "may write below it"},
                                             {"max_insns", "instruction limit (0: none)"},
                                             {"seed", "seed"},
                                             {"run", "run"},
                                             {"host_cpu_seconds", "host CPU seconds"}};
    const struct node *limits = node_find(report->run.root, "not_modelled");
    html_heading(page, "provenance", "Provenance");
    text_printf(page, "<div class=\"wide\"><table class=\"pairs\"><tbody>\n");
    for (unsigned i = 0; i < LENGTH(members); i++) html_pair(page, members[i][1], report_member(report, members[i][0]));
    text_printf(page, "<tr><th scope=\"row\">argv</th><td><code>");
    add_words(report, "argv", "(none)", page);
    text_printf(page, "</code></td></tr>\n<tr><th scope=\"row\">environment (--env)</th><td><code>");
    add_words(report, "env", "(the fixed one alone)", page);
    text_printf(page, "</code></td></tr>\n</tbody></table></div>\n<h3>What the figures do not cover</h3>\n<ul>\n");
    for (unsigned i = 0; limits && i < limits->count; i++) {
        text_printf(page, "<li>");
        html_add(page, limits->items[i].text ? limits->items[i].text : "");
        text_printf(page, "</li>\n");
    }
    text_printf(page, "</ul>\n");
    html_heading(page, "again", "Run it again");
    text_printf(page, "<pre>");
    add_words(report, "command", "(the record does not tell: not made by covm run)", page);
    text_printf(page, "\ncovm verify ");
    html_shell_word(page, report->directory);
    text_printf(page, "</pre>\n<p class=\"note\">The first line is the command as it was given; the second runs the "
                      "record again under other circumstances, and compares the bytes.</p>\n");
}

/* stats.json as it is; within a script only "</" would end it, and JSON may write that "<\/". */
static bool add_data(const struct run_report *report, struct text *page)
{
    char *path = lab_printf("%s/stats.json", report->directory), *json = lab_read_file(path, FILE_BYTES_MAX, NULL);
    bool there = json;
    if (!there) fprintf(stderr, "covm: %s cannot be read\n", path);
    text_printf(page, "<script type=\"application/json\" id=\"stats\">");
    for (const char *c = json; there && *c; c++) {
        text_add(page, c, 1);
        if (c[0] == '<' && c[1] == '/') text_printf(page, "\\");
    }
    text_printf(page, "</script>\n");
    free(json);
    free(path);
    return there;
}

static bool fill(const struct run_report *report, struct text *page)
{
    const struct node *argv = node_find(report->run.root, "argv");
    const char *name = argv && argv->count && argv->items[0].text ? argv->items[0].text : "guest";
    char *title = lab_printf("%s on covm %s", name, report_member(report, "covm"));
    html_begin(page, title);
    free(title);
    text_printf(page, "<p class=\"lead\">Run ");
    html_add(page, report_member(report, "run"));
    text_printf(page, ", simulated by covm: a co-designed virtual machine.</p>\n<nav aria-label=\"Sections\">"
                      "<a href=\"#cycles\">Cycles</a><a href=\"#flow\">Control flow</a><a href=\"#regions\">Regions</a>"
                      "<a href=\"#statistics\">Statistics</a><a href=\"#configuration\">Configuration</a>"
                      "<a href=\"#provenance\">Provenance</a><a href=\"#again\">Run it again</a></nav>\n");
    add_verdict(report, page);
    bool fine = report_figures(report, page);
    report_regions(report, page);
    report_statistics(report, page);
    html_heading(page, "configuration", "Configuration");
    text_printf(page, "<p class=\"note\">Every key with its value and, behind the '#', where that comes from.</p>\n");
    html_fold_file(page, report->directory, "config.effective.yaml", "config.effective.yaml");
    add_provenance(report, page);
    fine = add_data(report, page) && fine;
    html_end(page);
    return fine;
}

bool report_run(const char *directory, struct text *page)
{
    char scratch[] = "/tmp/covm-report-XXXXXX", *path = lab_printf("%s/run.json", directory);
    struct run_report report = {.directory = directory, .scratch = mkdtemp(scratch)};
    struct diag diag = {0};
    bool fine = report.scratch && record_check(directory) == EXIT_FINE &&
                document_read_file(&report.run, path, &diag) && report.run.root &&
                samples_read(&report.samples, directory) && fill(&report, page);
    if (!report.scratch) perror("covm: /tmp");
    diag_print(&diag, stderr);
    diag_free(&diag);
    document_free(&report.run);
    samples_free(&report.samples);
    if (report.scratch) files_remove_tree(report.scratch);
    free(path);
    return fine;
}
