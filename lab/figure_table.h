/* figure_table.h -- within the figure writer: a checked figure as the table that is written and drawn. */
#ifndef COVM_FIGURE_TABLE_H
#define COVM_FIGURE_TABLE_H

#include "lab/figure.h"
#include "lab/text.h"

struct figure_range {
    double low, high;
};

/* Cells are data or NULL (missing), in the order of the file: by point, bar, series where a kind has a grid; by series
 * (and x) elsewhere. */
struct figure_table {
    const struct figure *figure;
    const struct figure_datum **cells; /* owned */
    unsigned count, bars;
    bool errors, missing; /* some datum has an error bar; some has no value */
    bool *front;          /* PARETO: per cell; owned */
    double *means;        /* geometric, per series; NULL: none; owned */
    unsigned mean_points; /* that they are over */
    double *ends;         /* MODES: of the intervals; owned */
    struct figure_range x, y;
};

/* False: an error in `diag`. To be freed in either case. */
bool figure_tabulate(struct figure_table *table, const struct figure *figure, const char *name, struct diag *diag);
void figure_table_free(struct figure_table *table);
/* Has a grid of points x bars x series. */
bool figure_has_grid(enum figure_kind kind);
bool figure_has_value(const struct figure_datum *datum);
/* Appends "title (unit)". */
void figure_axis_text(const struct figure_axis *axis, struct text *text);
/* Appends the name of the group of means. */
void figure_mean_text(const struct figure_table *table, struct text *text);

void figure_print_csv(const struct figure_table *table, struct text *text);
/* False: a template cannot be read; an error in `diag`. */
bool figure_print_script(const struct figure_table *table, const char *name, unsigned formats, struct text *text,
                         struct diag *diag);

#endif
