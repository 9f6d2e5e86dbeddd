/* cells.h -- means over the points of a sweep that agree in what a plot tells apart. */
#ifndef COVM_CELLS_H
#define COVM_CELLS_H

#include "lab/study/collect.h"

struct cells {
    const struct sweep *sweep;
    const struct metrics *metrics;
    unsigned *found; /* room for the indices of all points */
};
struct cell_choice {
    int axis; /* STUDY_NOTHING: no choice */
    unsigned value;
};
/* Seeds: the mean of the means of each, and the least and the greatest of these. NaN: some run is missing. */
struct cell {
    double mean, low, high;
};
struct cell cells_mean(const struct cells *cells, const struct study_plot *plot, int metric,
                       const struct cell_choice *choices, unsigned count);
/* Does the plot want the point? */
bool cells_wanted(const struct cells *cells, const struct study_plot *plot, const struct point *point);
/* Is it wanted, and the first with its values of the axes? Then its label: those values but for the plot's series. */
bool cells_first_of(const struct cells *cells, const struct study_plot *plot, unsigned index, struct text *label);

#endif
