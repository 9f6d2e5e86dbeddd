/* run_figures.c -- where a run's cycles went, and when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/contract.h"
#include "lab/report/html.h"
#include "lab/report/report.h"
#include "lab/study/timeline.h"

static const char *const activities[] = {
#define ACTIVITY(name, key, meaning) key,
#include "hwsim/activities.def"
#undef ACTIVITY
};
static const char *const causes[] = {
#define CAUSE(name, key, meaning) key,
#include "hwsim/causes.def"
#undef CAUSE
};

/* Of an activity, and a cause (NULL: all). */
static double cycles_of(const struct run_report *report, const char *activity, const char *cause)
{
    char *name = lab_printf("cycles.%s%s%s", activity, cause ? "." : "", cause ? cause : "");
    double cycles = atof(report_total(report, name));
    free(name);
    return cycles;
}

/* Of every activity that took cycles a column, of its causes; the last of too many causes are one part. */
static bool draw_stack(const struct run_report *report, struct diag *diag)
{
    const char *points[LENGTH(activities)], *parts[LENGTH(causes)];
    struct figure_datum data[LENGTH(activities) * LENGTH(causes)];
    unsigned point_count = 0, part_count = 0, part_of[LENGTH(causes)];
    double all = atof(report_total(report, "cycles.total"));
    for (unsigned c = 0; c < LENGTH(causes); c++) {
        bool more = part_count < FIGURE_SERIES_MAX;
        part_of[c] = more ? part_count : FIGURE_SERIES_MAX - 1;
        if (cycles_of(report, "cause", causes[c]) <= 0) continue;
        if (more)
            parts[part_count++] = causes[c];
        else
            parts[FIGURE_SERIES_MAX - 1] = "other";
    }
    memset(data, 0, sizeof data);
    for (unsigned a = 0; a < LENGTH(activities); a++) {
        if (cycles_of(report, activities[a], NULL) <= 0) continue;
        struct figure_datum *row = &data[point_count * part_count];
        for (unsigned p = 0; p < part_count; p++) row[p].series = p, row[p].point = point_count;
        for (unsigned c = 0; c < LENGTH(causes); c++) {
            double cycles = cycles_of(report, activities[a], causes[c]);
            if (cycles > 0) row[part_of[c]].y += cycles / all * 100;
        }
        points[point_count++] = activities[a];
    }
    struct figure figure = {.kind = FIGURE_STACK,
                            .x = {.title = "Activity"},
                            .y = {.title = "Share of all cycles", .unit = "%"},
                            .points = {"activity", points, point_count},
                            .series = {"cause", parts, part_count},
                            .data = data,
                            .count = point_count * part_count,
                            .columns = 2};
    return figure_write(&figure, report->scratch, "cycles", FIGURE_SVG, diag);
}

bool report_figures(const struct run_report *report, struct text *page)
{
    struct diag diag = {0};
    html_heading(page, "cycles", "Where the cycles went");
    if (atof(report_total(report, "cycles.total")) > 0 && draw_stack(report, &diag))
        html_figure(page, report->scratch, "cycles",
                    "Share of all cycles by activity, and within each by cause (causes are named by the key of the "
                    "statistics cycles.cause.*).");
    if (timeline_draw_record(report->directory, PLOT_MODES, report->scratch, "modes", FIGURE_SVG, &diag))
        html_figure(page, report->scratch, "modes",
                    "What the machine was doing, over guest instructions: each activity's share of the cycles.");
    if (timeline_draw_record(report->directory, PLOT_STARTUP, report->scratch, "startup", FIGURE_SVG, &diag))
        html_figure(page, report->scratch, "startup",
                    "Start-up: guest instructions per cycle since reset, over the cycles since reset.");
    bool fine = diag.count == 0;
    diag_print(&diag, stderr);
    diag_free(&diag);
    return fine;
}
