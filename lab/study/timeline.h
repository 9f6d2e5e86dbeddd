/* timeline.h -- figures over the time of single runs, from their timeline.csv: start-up curves and mode mixes. */
#ifndef COVM_TIMELINE_H
#define COVM_TIMELINE_H

#include "lab/figure.h"
#include "lab/study/cells.h"

/* PLOT_STARTUP: a curve per point that the plot wants; PLOT_MODES: a figure per point, NAME or, where there are
 * several, NAME_1, NAME_2, ... in the order of the plan. */
bool timeline_draw(const struct cells *cells, const struct study_plot *plot, const char *directory, unsigned formats,
                   struct diag *diag);
/* The same figures of one run record. False and nothing in `diag`: it has no timeline. */
bool timeline_draw_record(const char *record, enum plot_kind kind, const char *directory, const char *name,
                          unsigned formats, struct diag *diag);

#endif
