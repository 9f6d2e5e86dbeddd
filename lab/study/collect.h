/* collect.h -- what a sweep gives: results.csv (every statistic of every point), metrics.csv, results.sqlite, figures
 * and tables. All of it follows from the records of the points and the study, in the order of the plan: who ran them,
 * when and in which order leaves no trace.
 */
#ifndef COVM_COLLECT_H
#define COVM_COLLECT_H

#include "lab/samples.h"
#include "lab/study/sweep.h"

struct collect_options {
    bool sqlite, png;
};

/* False: told on standard error. Points without a record are left out of the tables, and leave holes in the figures; a
 * record that is damaged is refused, and nothing is written. */
bool collect(const struct sweep *sweep, const struct collect_options *options);

/* ---- metrics.c: metrics of all points ---- */

struct metrics {
    double *values; /* [point][metric]; NaN: no record, or a null */
    bool *done;     /* per point */
};
/* The statistics that the point's record has. False: there is none, or it is no such file. */
bool metrics_read(const struct sweep *sweep, const struct point *point, struct samples *samples);
bool metrics_collect(struct metrics *metrics, const struct sweep *sweep);
void metrics_free(struct metrics *metrics);

/* ---- database.c: results.sqlite ---- */

bool collect_database(const struct sweep *sweep, const struct metrics *metrics);

/* ---- draw.c: figures and tables into directory/figures ---- */

bool draw_plots(const struct sweep *sweep, const struct metrics *metrics, bool png);

#endif
