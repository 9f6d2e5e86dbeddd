/* figure.h -- figures for papers and reports: data in, and out come NAME.csv (the data), NAME.gp (a gnuplot script that
 * draws them from NAME.csv) and NAME.svg, NAME.pdf, NAME.png. Nothing here knows what is plotted.
 *
 * The same figure gives the same bytes of csv, gp and svg everywhere; of pdf and png with the same fonts and libraries.
 * The ids within an svg (hatchings, marks) are gnuplot's, the same in each figure: in one HTML page several of them
 * have to be images (<img src="data:image/svg+xml;base64,...">), not elements.
 */
#ifndef COVM_FIGURE_H
#define COVM_FIGURE_H

#include <stdbool.h>

#include "lab/diag.h"
#include "lab/text.h"

enum figure_kind {
    FIGURE_LINES,   /* y over x, a line per series */
    FIGURE_BARS,    /* a group of bars per point, a bar per series */
    FIGURE_STACK,   /* per point a column (or one per `bars`) of parts; a part per series */
    FIGURE_HEAT,    /* a cell per point (columns) and series (rows, the first at the bottom); y is its colour */
    FIGURE_PARETO,  /* points in a plane, and the front of those that none betters in both directions */
    FIGURE_STARTUP, /* instructions per cycle since reset over cycles since reset (Hu and Smith, ISCA 2006) */
    FIGURE_MODES,   /* each series' share of every interval of x, stacked to 100% */
};
enum figure_scale { FIGURE_LINEAR, FIGURE_LOG2, FIGURE_LOG10 };
enum figure_format { FIGURE_SVG = 1, FIGURE_PDF = 2, FIGURE_PNG = 4 };
enum { FIGURE_SERIES_MAX = 14 /* that can be told apart; a heat map has as many rows as it likes */ };

/* An axis of numbers has a title and a unit ("IPC", "instructions/cycle"; a pure number's may be "ratio"). Of an axis
 * of names (x of BARS, STACK and HEAT, y of HEAT) only the title is used, and it may be NULL. */
struct figure_axis {
    const char *title, *unit;
    enum figure_scale scale; /* x of LINES may be 0 on a logarithmic one, which is then one of 1 + x */
    bool more_is_better; /* PARETO; else less is */
};

/* Names are UTF-8 on one line, differ within a list (but for the points of PARETO), and have no '"' beside a ','; any
 * other character stands for itself. `title` says what they name ("workload") and heads their column; NULL: a
 * plain word. */
struct figure_names {
    const char *title;
    const char *const *names;
    unsigned count;
};

/* One value. Its place: LINES, STARTUP: `series`, `x`. BARS, HEAT: `series`, `point`. STACK: and `bar`. PARETO:
 * `series`, `point` (its label), `x`. MODES: `series`, `point` (the interval's number), `x` (where the interval ends).
 * A `y` that is NaN is missing, as is a place in a grid of BARS, STACK, HEAT or MODES that no datum has: a hole, never
 * a 0. Of a column of STACK or an interval of MODES without one of its parts nothing is drawn. */
struct figure_datum {
    unsigned series, point, bar;
    double x, y;
    double low, high; /* ends of the error bar, where `errors`; NaN: none */
};

/* Everything belongs to the caller. */
struct figure {
    enum figure_kind kind;
    const char *title; /* NULL: none, as for a paper, where the caption says it */
    struct figure_axis x, y;
    struct figure_names series; /* one alone may be "": no legend */
    const char *series_unit;    /* where their names are numbers: stands behind each in the legend; or NULL */
    struct figure_names points; /* MODES: `count` intervals, without names */
    struct figure_names bars;   /* STACK: from left to right within a point; `count` 0: one without a name */
    const struct figure_datum *data;
    unsigned count;
    double x_begin; /* MODES: where the first interval begins */
    bool errors;    /* LINES, BARS: the data have `low` and `high` */
    bool geomean; /* BARS: one more group, apart: each series' geometric mean, over the points where all have a value */
    unsigned columns; /* of a paper: 1 (3.5 in), 2 (7 in); 0: what the data need */
};

/* May it stand in a figure, and as the name of a series, a point or a bar? False: what is wrong is appended to `problem`:
 * "has a control character (0x0a)". */
bool figure_text_fits(const char *text, struct text *problem);
bool figure_name_fits(const char *name, struct text *problem);

/* Writes DIRECTORY/NAME.csv, NAME.gp and the wanted formats (a set of enum figure_format), all of them or, where
 * anything is wrong with the figure or gnuplot fails, none. NAME: letters, digits, '_', '-', '.'; it is also in the
 * files. The directory exists. */
bool figure_write(const struct figure *figure, const char *directory, const char *name, unsigned formats,
                  struct diag *diag);

#endif
