/* draw.c -- the plots of a study as figures and tables. What a plot tells apart (x, series, bars) selects points; over
 * the rest a mean is taken. A point whose axis does not exist (a condition) stands for every value of that axis. Where
 * a run is missing, the mean that it belongs to is missing: there are no means over what happened to finish. */
#define _GNU_SOURCE /* tdestroy, mkdtemp */
#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/figure.h"
#include "lab/files.h"
#include "lab/quantity.h"
#include "lab/study/cells.h"
#include "lab/study/collect.h"
#include "lab/study/drawn.h"
#include "lab/study/timeline.h"

/* A plot being made. */
struct drawing {
    const struct cells *cells;
    const struct study *study;
    const struct study_plot *plot;
    struct figure figure;
    const char **series, **points, **bars; /* names */
    struct figure_datum *data;
};

static void add(struct drawing *d, struct figure_datum datum)
{
    unsigned count = d->figure.count;
    if ((count & (count - 1)) == 0) d->data = lab_reallocate(d->data, (count * 2 + 1) * sizeof datum);
    d->data[d->figure.count++] = datum;
    d->figure.data = d->data;
}

/* The names of an axis' values that the plot wants; *value: which those are. */
static const char **names_of(const struct drawing *d, int axis, unsigned **value, unsigned *count)
{
    unsigned all = study_values(d->study, axis);
    const char **names = lab_allocate((all + 1) * sizeof *names);
    *value = lab_allocate((all + 1) * sizeof **value);
    *count = 0;
    for (unsigned v = 0; v < all; v++) {
        if (axis != STUDY_NOTHING && d->plot->where[axis] && !d->plot->where[axis][v]) continue;
        names[*count] = study_value_name(d->study, axis, v);
        (*value)[(*count)++] = v;
    }
    return names;
}

static const char *axis_title(const struct study *study, int axis)
{
    return axis == STUDY_NOTHING ? NULL : axis == STUDY_WORKLOAD ? "workload" : study->axes[axis].title;
}

/* What stands behind the numbers of a series in a legend; bytes have theirs in their names. */
static const char *unit_of(const struct study *study, int axis)
{
    const char *unit = NULL;
    bool numbers = axis != STUDY_NOTHING && axis != STUDY_WORKLOAD && study_axis_is_number(study, axis);
    if (numbers) study_axis_number(study, axis, 0, &unit);
    return unit && *unit && strcmp(unit, "bytes") ? unit : NULL;
}

static struct figure_axis metric_axis(const struct drawing *d, int metric)
{
    const struct study_metric *m = &d->study->metrics[metric];
    return (struct figure_axis){.title = m->title, .unit = d->plot->unit && !*m->unit ? d->plot->unit : m->unit};
}

/* ---- numbers of an axis ---- */

/* Bytes are shown in the largest unit that keeps all values whole. */
static double byte_scale(const struct study *study, int axis, const char **unit)
{
    static const struct {
        int64_t bytes;
        const char *unit;
    } units[] = {{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}};
    for (unsigned u = 0; u < LENGTH(units); u++) {
        bool whole = true;
        for (unsigned v = 0; v < study->axes[axis].count && whole; v++)
            whole = study_axis_number(study, axis, v, NULL) / (double)units[u].bytes >= 1;
        *unit = units[u].unit;
        if (whole) return (double)units[u].bytes;
    }
    *unit = "bytes";
    return 1;
}

static void set_number_axis(struct drawing *d, double *scale)
{
    const char *unit = "";
    static const enum figure_scale scales[] = {FIGURE_LINEAR, FIGURE_LOG2, FIGURE_LOG10};
    *scale = 1;
    study_axis_number(d->study, d->plot->x, 0, &unit);
    if (!strcmp(unit, "bytes")) *scale = byte_scale(d->study, d->plot->x, &unit);
    d->figure.x = (struct figure_axis){
        .title = axis_title(d->study, d->plot->x), .unit = *unit ? unit : "number", .scale = scales[d->plot->scale]};
}

/* ---- kinds ---- */

/* LINES, BARS, HEAT, TABLE: a value per x and series. */
static void fill_grid(struct drawing *d, bool numbers)
{
    unsigned *x, *series, x_count, series_count;
    double scale = 1;
    d->points = names_of(d, d->plot->x, &x, &x_count);
    d->series = names_of(d, d->plot->series, &series, &series_count);
    if (numbers)
        set_number_axis(d, &scale);
    else
        d->figure.x.title = axis_title(d->study, d->plot->x);
    d->figure.y = metric_axis(d, d->plot->y[0]);
    d->figure.points = (struct figure_names){axis_title(d->study, d->plot->x), d->points, numbers ? 0 : x_count};
    d->figure.series = (struct figure_names){axis_title(d->study, d->plot->series), d->series, series_count};
    d->figure.series_unit = unit_of(d->study, d->plot->series);
    d->figure.errors = d->study->seeds > 1 && (d->plot->kind == PLOT_LINES || d->plot->kind == PLOT_BARS);
    for (unsigned s = 0; s < series_count; s++) {
        for (unsigned p = 0; p < x_count; p++) {
            struct cell_choice choices[] = {{d->plot->series, series[s]}, {d->plot->x, x[p]}};
            struct cell cell = cells_mean(d->cells, d->plot, d->plot->y[0], choices, LENGTH(choices));
            double at = numbers ? study_axis_number(d->study, d->plot->x, x[p], NULL) / scale : 0;
            add(d, (struct figure_datum){
                       .series = s, .point = p, .x = at, .y = cell.mean, .low = cell.low, .high = cell.high});
        }
    }
    free(x);
    free(series);
}

static void fill_stack(struct drawing *d)
{
    unsigned *x, *bars, x_count, bar_count;
    d->points = names_of(d, d->plot->x, &x, &x_count);
    d->bars = names_of(d, d->plot->bars, &bars, &bar_count);
    d->series = lab_allocate(((unsigned)d->plot->y_count + 1) * sizeof *d->series);
    d->figure.x.title = axis_title(d->study, d->plot->x);
    d->figure.y = metric_axis(d, d->plot->y[0]);
    d->figure.y.title = d->plot->y_title ? d->plot->y_title : "Sum of the parts";
    d->figure.points = (struct figure_names){axis_title(d->study, d->plot->x), d->points, x_count};
    if (d->plot->bars != STUDY_NOTHING)
        d->figure.bars = (struct figure_names){axis_title(d->study, d->plot->bars), d->bars, bar_count};
    d->figure.series = (struct figure_names){"part", d->series, (unsigned)d->plot->y_count};
    for (unsigned s = 0; s < (unsigned)d->plot->y_count; s++) {
        d->series[s] = study_part_name(d->study, d->plot, (int)s);
        for (unsigned p = 0; p < x_count; p++) {
            for (unsigned b = 0; b < bar_count; b++) {
                struct cell_choice choices[] = {{d->plot->x, x[p]}, {d->plot->bars, bars[b]}};
                struct cell cell = cells_mean(d->cells, d->plot, d->plot->y[s], choices, LENGTH(choices));
                add(d, (struct figure_datum){.series = s, .point = p, .bar = b, .y = cell.mean});
            }
        }
    }
    free(x);
    free(bars);
}

/* A label of PARETO's points, in a tree. */
struct label {
    char *name;
    unsigned index; /* the order in which they came */
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

/* Which of the labels it is, perhaps a new one. Takes the name, which d->points then owns. */
static unsigned label_index(struct drawing *d, void **tree, unsigned *labels, char *name)
{
    struct label wanted = {.name = name}, **found = tfind(&wanted, tree, by_name);
    if (found) {
        free(name);
        return (*found)->index;
    }
    struct label *label = lab_allocate(sizeof *label);
    *label = (struct label){name, (*labels)++};
    d->points[label->index] = name;
    tsearch(label, tree, by_name);
    return label->index;
}

/* A point per combination of the axes that are neither the series nor the workload. */
static void fill_pareto(struct drawing *d)
{
    unsigned *series, series_count, labels = 0;
    const struct points *points = d->cells->sweep->points;
    void *tree = NULL;
    d->series = names_of(d, d->plot->series, &series, &series_count);
    d->figure.x = metric_axis(d, d->plot->x_metric);
    d->figure.y = metric_axis(d, d->plot->y[0]);
    d->figure.y.more_is_better = true;
    d->points = lab_allocate((points->count + 1) * sizeof *d->points);
    for (unsigned i = 0; i < points->count; i++) {
        struct text label = {0};
        if (!cells_first_of(d->cells, d->plot, i, &label)) continue;
        struct cell_choice choices[STUDY_AXES_MAX];
        for (unsigned a = 0; a < d->study->axis_count; a++)
            choices[a] = (struct cell_choice){points->items[i].value[a] < 0 ? STUDY_NOTHING : (int)a,
                                              (unsigned)points->items[i].value[a]};
        struct cell x = cells_mean(d->cells, d->plot, d->plot->x_metric, choices, d->study->axis_count),
                    y = cells_mean(d->cells, d->plot, d->plot->y[0], choices, d->study->axis_count);
        if (isnan(x.mean) || isnan(y.mean)) { /* a hole: it has no place in the plane */
            text_free(&label);
            continue;
        }
        unsigned s = 0;
        while (d->plot->series != STUDY_NOTHING && s + 1 < series_count &&
               (int)series[s] != points->items[i].value[d->plot->series])
            s++;
        if (!label.length) text_printf(&label, "%s", *d->series[s] ? d->series[s] : "all"); /* no other axis */
        unsigned at = label_index(d, &tree, &labels, label.data);
        add(d, (struct figure_datum){.series = s, .point = at, .x = x.mean, .y = y.mean});
    }
    d->figure.points = (struct figure_names){"point", d->points, labels};
    d->figure.series = (struct figure_names){axis_title(d->study, d->plot->series), d->series, series_count};
    tdestroy(tree, free);
    free(series);
}

/* ---- writing ---- */

static bool write_table(const struct drawing *d, const char *directory)
{
    const struct figure *f = &d->figure;
    struct text text = {0};
    text_printf(&text, "%s: %s%s%s%s\n\n| %s |", d->plot->title ? d->plot->title : d->plot->name, f->y.title,
                *f->y.unit ? " (" : "", f->y.unit, *f->y.unit ? ")" : "", f->x.title ? f->x.title : "");
    for (unsigned s = 0; s < f->series.count; s++)
        text_printf(&text, " %s |", *d->series[s] ? d->series[s] : f->y.title);
    text_printf(&text, "\n|---|");
    for (unsigned s = 0; s < f->series.count; s++) text_printf(&text, "---:|");
    for (unsigned p = 0; p < f->points.count; p++) {
        text_printf(&text, "\n| %s |", d->points[p]);
        for (unsigned s = 0; s < f->series.count; s++) {
            double y = d->data[s * f->points.count + p].y;
            if (isnan(y))
                text_printf(&text, " |");
            else
                text_printf(&text, " %.4g |", y);
        }
    }
    text_printf(&text, "\n");
    char *path = lab_printf("%s/%s.md", directory, d->plot->name);
    bool fine = files_write(path, &text);
    free(path);
    text_free(&text);
    return fine;
}

static bool draw(const struct cells *cells, const struct study_plot *plot, const char *directory, unsigned formats,
                 struct diag *diag)
{
    static const enum figure_kind kinds[PLOT_KINDS] = {FIGURE_LINES,  FIGURE_BARS,    FIGURE_STACK, FIGURE_HEAT,
                                                       FIGURE_PARETO, FIGURE_STARTUP, FIGURE_MODES, FIGURE_BARS};
    struct drawing d = {
        .cells = cells,
        .study = cells->sweep->study,
        .plot = plot,
        .figure = {
            .kind = kinds[plot->kind], .title = plot->title, .geomean = plot->geomean, .columns = plot->columns}};
    bool fine;
    if (plot_kind_has_timeline(plot->kind))
        return timeline_draw(cells, plot, directory, formats, diag);
    if (plot->kind == PLOT_STACK)
        fill_stack(&d);
    else if (plot->kind == PLOT_PARETO)
        fill_pareto(&d);
    else
        fill_grid(&d, plot->kind == PLOT_LINES);
    if (plot->kind == PLOT_TABLE)
        fine = write_table(&d, directory);
    else
        fine = figure_write(&d.figure, directory, plot->name, formats, diag);
    for (unsigned i = 0; plot->kind == PLOT_PARETO && i < d.figure.points.count; i++) free((char *)d.points[i]);
    free(d.series);
    free(d.points);
    free(d.bars);
    free(d.data);
    return fine;
}

bool draw_plots(const struct sweep *sweep, const struct metrics *metrics, bool png)
{
    struct cells cells = {sweep, metrics, lab_allocate((sweep->points->count + 1) * sizeof *cells.found)};
    struct diag diag = {0};
    char *directory = lab_printf("%s/figures", sweep->directory), *scratch = lab_printf("%s.XXXXXX", directory);
    bool there = files_make_directory(directory), fine = there && mkdtemp(scratch);
    if (there && !fine) perror(scratch);
    there = fine;
    unsigned formats = FIGURE_SVG | FIGURE_PDF | (png ? FIGURE_PNG : 0);
    for (unsigned i = 0; there && i < sweep->study->plot_count;
         i++) /* one that cannot be drawn is no other's hindrance */
        fine &= draw(&cells, &sweep->study->plots[i], scratch, formats, &diag);
    diag_print(&diag, stderr);
    diag_free(&diag);
    if (there) fine = drawn_publish(sweep->directory, scratch, fine) && files_remove_tree(scratch) && fine;
    free(directory);
    free(scratch);
    free(cells.found);
    return fine;
}
