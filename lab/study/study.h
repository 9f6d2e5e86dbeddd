/* study.h -- a study: a machine, what is varied about it, the programs that it runs, and what is made of the results.
 *
 *     extends: base.yaml                  another study; what stands here replaces its part of that name
 *     title: Indirect transfers
 *     machine: crusoe                     configs/machines/crusoe.yaml
 *     set: {core.jtlb.ways: 4}            keys for every point; none that an axis sets in all of them
 *     workloads: [interp, {name: lua, size: ref}, own]      names; own: all that come with covm; real: all fetched
 *     size: test                          of those that don't say
 *     seeds: 3                            each point with guest.seed and inject.seed 1, 2, 3
 *     window: roi                         of which statistics are taken (default: total)
 *     axes:
 *       - key: cms.indirect               one key
 *         values: [dispatcher, jtlb]
 *       - key: core.jtlb.entries
 *         from: 16                        with `factor` or `step`
 *         to: 1024
 *         factor: 2
 *         when: {cms.indirect: [jtlb]}    elsewhere the axis does not exist: one point, its key as it is; a list of
 *                                         such maps: where any of them holds
 *       - name: shape                     several keys that go together
 *         title: Issue width
 *         unit: atoms/cycle               of values that are numbers; else the key's
 *         values:
 *           - {name: narrow, core.issue_width: 2, core.units: [alu, load+store branch]}
 *     metrics:
 *       ipc: core.insns / core.cycles     a formula over statistics and metrics before it
 *       speedup: {of: ipc, relative_to: {cms.indirect: dispatcher}, title: Speedup}
 *     plots:                              a key that a plot's kind does not read is a mistake
 *       - name: ipc                       of its files
 *         kind: lines                     lines, bars, stack, heat, pareto, startup, modes, table
 *         title: What it shows
 *         x: core.jtlb.entries            an axis, or 'workload'; pareto: a metric; none of startup, modes
 *         scale: log2                     of x of lines: linear, log2, log10 (that begin with 0: of 1 + x)
 *         y: speedup                      a metric, or a formula; none of stack, startup, modes
 *         y_title: Cycles per instruction   stack: of the parts' sum
 *         unit: cycles/instruction        of y and parts, where a formula has none
 *         parts: {gear 1: cycles.gear1 / core.insns}    stack: names, and metrics or formulae; or a list of these
 *         series: cms.indirect            an axis, or 'workload'; table: its columns, x its rows; as many as can be
 *                                         told apart; pareto: an axis; none of stack, startup, modes
 *         bars: core.issue_width          stack: columns within a group
 *         where: {AXIS: VALUE, workload: [a, b]}
 *         mean: geometric                 or arithmetic: over all that is not told apart (workloads, other axes)
 *         geomean: true                   bars: one more group, the series' geometric means
 *         columns: 2                      of the paper, that a figure takes
 */
#ifndef COVM_STUDY_H
#define COVM_STUDY_H

#include "lab/config.h"
#include "lab/workloads.h"

enum { STUDY_AXES_MAX = 8, STUDY_SEEDS_MAX = 1000, STUDY_POINTS_MAX = 100000 };

/* What a value of an axis sets: rows of the table of parameters, with their values as nodes of the study's document. */
struct study_setting {
    unsigned row;
    const struct document *document;
    const struct node *value; /* NULL: `written` */
    char *written;            /* owned */
    unsigned line;
};
struct study_value {
    char *name;
    struct study_setting *settings;
    unsigned count;
};
/* An axis exists where, of some group of conditions, each axis has one of the values allowed. */
struct study_condition {
    unsigned group, axis;
    bool *allowed; /* per value of that axis */
};
struct study_axis {
    char *name, *title;
    const char *file; /* where it stands: of a document of the study; and the line there */
    unsigned line;
    char *unit; /* of its values where they are numbers; NULL: the key's */
    struct study_value *values;
    unsigned count;
    struct study_condition *conditions;
    unsigned condition_count;
};
struct study_workload {
    const struct workload *workload;
    enum workload_size size;
};
/* A formula, or another metric relative to points where some axes have given values. `hidden`: a formula of a plot. */
struct study_metric {
    bool hidden;
    char *name, *formula, *title, *unit;
    int of;                   /* relative: that metric; else -1 */
    int base[STUDY_AXES_MAX]; /* per axis: the value, or -1: the point's own */
};
enum plot_kind {
    PLOT_LINES,
    PLOT_BARS,
    PLOT_STACK,
    PLOT_HEAT,
    PLOT_PARETO,
    PLOT_STARTUP,
    PLOT_MODES,
    PLOT_TABLE,
    PLOT_KINDS
};
/* Is a plot of that kind made of timeline.csv, and of no metric? */
bool plot_kind_has_timeline(enum plot_kind kind);
/* What distinguishes points: an axis, STUDY_WORKLOAD, or nothing. */
enum { STUDY_WORKLOAD = STUDY_AXES_MAX, STUDY_NOTHING = -1 };
struct study_plot {
    const struct document *document; /* of the study, where it stands; and there */
    const struct node *node;
    char *name, *title, *y_title; /* y_title: of the parts' sum, or NULL */
    enum plot_kind kind;
    int x, series, bars;       /* axis, STUDY_WORKLOAD or STUDY_NOTHING */
    int x_metric, *y, y_count; /* metrics */
    char **parts, *unit;       /* of each y its name, or NULL: the metric's title; of all, or NULL: the metric's */
    unsigned scale;            /* 0 linear, 1 log2, 2 log10 */
    bool arithmetic, geomean;
    unsigned columns;                /* 0: what the data need */
    bool *where[STUDY_AXES_MAX + 1]; /* per axis, and for workloads: those wanted; NULL: all */
};
struct study {
    char *path, *name; /* name: the file's, less its ending */
    char *title, *machine, *window;
    struct document documents[16]; /* the study's, and those that it extends, from the last to the first */
    unsigned document_count;
    const struct node *set[16]; /* of each document; NULL: none */
    struct study_axis axes[STUDY_AXES_MAX];
    unsigned axis_count, seeds;
    struct study_workload *workloads;
    unsigned workload_count;
    struct study_metric *metrics;
    unsigned metric_count;
    struct study_plot *plots;
    unsigned plot_count;
    struct workloads *all; /* borrowed */
};

/* Reads it; every mistake goes to `diag`. `all`: the guest programs there are; stays the caller's, as long as the
 * study. */
bool study_load(struct study *study, const char *path, struct workloads *all, struct diag *diag);
void study_free(struct study *study);

/* What a seed of a point is the value of; NULL-terminated. */
extern const char *const study_seed_keys[];

/* The axis of that name, or -1; the value of that name of an axis, or -1. */
int study_axis_find(const struct study *study, const char *name);
int study_value_find(const struct study_axis *axis, const char *name);
/* Does any value of the axis set that row of the table of parameters? */
bool study_axis_sets(const struct study_axis *axis, unsigned row);
/* Do all of them? */
bool study_axis_always_sets(const struct study_axis *axis, unsigned row);
/* How many values an axis has, or the workloads; the name of one. */
unsigned study_values(const struct study *study, int axis);
const char *study_value_name(const struct study *study, int axis, unsigned value);
/* Has every value of an axis a number? It is in the parameter's unit (*unit; may be NULL); of several keys, what the
 * value's name begins with. */
bool study_axis_is_number(const struct study *study, int axis);
double study_axis_number(const struct study *study, int axis, unsigned value, const char **unit);
/* What one of a plot's y is called: a part of a stack, the metric's title; NULL: it has neither. */
const char *study_part_name(const struct study *study, const struct study_plot *plot, int part);

/* ---- reading it: each part in a file of its own, study_axes.c, study_metrics.c, study_plots.c ---- */

void study_read_axes(struct study *study);
void study_free_axes(struct study *study);
void study_read_metrics(struct study *study);
void study_free_metrics(struct study *study);
void study_read_plots(struct study *study);
void study_free_plots(struct study *study);
/* A section's node, or NULL, and the document that it stands in. */
const struct node *study_section(const struct study *study, const char *key, const struct document **document);
/* Copies of words that stand in figures: a title or unit; a name of what they tell apart. NULL: it is empty, or not there
 * (`node` NULL). A figure must be able to hold it. */
char *study_title(const struct document *document, const struct node *node);
char *study_label(const struct document *document, const struct node *node);
/* The metric of that name, or one that is made of it as a formula; -1: it is neither, told. */
int study_metric_or_formula(struct study *study, const struct document *document, const struct node *node);

#endif
