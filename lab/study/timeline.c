#include "lab/study/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "hwsim/contract.h"

enum { BYTES_MAX = 256 << 20 };

/* Rows of a run's timeline.csv: instructions and cycles since reset, and cycles by activity since the row before. */
struct timeline {
    struct row {
        double insns, cycle, spent[ACTIVITIES];
    } * rows;
    unsigned count;
};

/* Of a run record. */
static bool timeline_read(struct timeline *timeline, const char *record)
{
    char *path = lab_printf("%s/timeline.csv", record), *save = NULL, *text = lab_read_file(path, BYTES_MAX, NULL);
    *timeline = (struct timeline){0};
    char *line = text ? strtok_r(text, "\n", &save) : NULL; /* the header */
    while (line && (line = strtok_r(NULL, "\n", &save))) {
        struct row row;
        char *at = line;
        row.insns = strtod(at, &at);
        row.cycle = strtod(at + (*at == ','), &at);
        for (unsigned a = 0; a < ACTIVITIES; a++) row.spent[a] = strtod(at + (*at == ','), &at);
        if ((timeline->count & (timeline->count - 1)) == 0)
            timeline->rows = lab_reallocate(timeline->rows, (timeline->count * 2 + 1) * sizeof row);
        timeline->rows[timeline->count++] = row;
    }
    free(text);
    free(path);
    return timeline->count;
}

static bool timeline_of(struct timeline *timeline, const struct sweep *sweep, const struct point *point)
{
    char *record = sweep_path(sweep, "points", point->id);
    bool there = timeline_read(timeline, record);
    free(record);
    return there;
}

/* Does the plot want one value of the axis alone? Then it need not be told. */
static bool is_fixed(const struct study *study, const struct study_plot *plot, unsigned axis)
{
    unsigned wanted = 0;
    for (unsigned v = 0; plot->where[axis] && v < study->axes[axis].count; v++) wanted += plot->where[axis][v];
    return wanted == 1;
}

static char *label_of(const struct cells *cells, const struct study_plot *plot, const struct point *point,
                      bool workload)
{
    struct text label = {0};
    const struct study *study = cells->sweep->study;
    text_add(&label, "", 0);
    for (unsigned a = 0; a < study->axis_count; a++) {
        if (point->value[a] < 0 || is_fixed(study, plot, a)) continue;
        text_printf(&label, "%s%s", label.length ? ", " : "", study->axes[a].values[point->value[a]].name);
    }
    if (workload || !label.length)
        text_printf(&label, "%s%s", label.length ? ", " : "", point->workload->workload->name);
    return label.data;
}

struct curves {
    struct figure figure;
    struct figure_datum *data;
    const char **names;
};

static void add(struct curves *c, struct figure_datum datum)
{
    unsigned count = c->figure.count;
    if ((count & (count - 1)) == 0) c->data = lab_reallocate(c->data, (count * 2 + 1) * sizeof datum);
    c->data[c->figure.count++] = datum;
    c->figure.data = c->data;
}

/* ---- start-up ---- */

static bool several_workloads(const struct cells *cells, const struct study_plot *plot)
{
    const struct study_workload *first = NULL;
    for (unsigned i = 0; i < cells->sweep->points->count; i++) {
        const struct point *point = &cells->sweep->points->items[i];
        if (!cells_wanted(cells, plot, point)) continue;
        if (first && point->workload != first) return true;
        first = point->workload;
    }
    return false;
}

/* On a logarithmic axis a point is worth drawing where time has grown by some percent. */
static void add_curve(struct curves *c, const struct timeline *timeline)
{
    enum { PERCENT = 3 };
    double next = 0;
    for (unsigned r = 0; r < timeline->count; r++) {
        const struct row *row = &timeline->rows[r];
        if (row->cycle < next && r + 1 < timeline->count) continue;
        next = row->cycle * (1 + PERCENT / 100.0);
        add(c,
            (struct figure_datum){.series = c->figure.series.count - 1, .x = row->cycle, .y = row->insns / row->cycle});
    }
}

static struct curves startup_curves(const struct study_plot *plot)
{
    return (struct curves){.figure = {.kind = FIGURE_STARTUP,
                                      .title = plot->title,
                                      .columns = plot->columns,
                                      .x = {"Time since reset", "cycles", FIGURE_LOG10, false},
                                      .y = {"Aggregate IPC", "instructions/cycle", FIGURE_LINEAR, false}}};
}

static bool draw_startup(const struct cells *cells, const struct study_plot *plot, const char *directory,
                         unsigned formats, struct diag *diag)
{
    struct curves c = startup_curves(plot);
    bool name_workload = several_workloads(cells, plot);
    c.names = lab_allocate((cells->sweep->points->count + 1) * sizeof *c.names);
    for (unsigned i = 0; i < cells->sweep->points->count; i++) {
        const struct point *point = &cells->sweep->points->items[i];
        struct timeline timeline;
        if (!cells_wanted(cells, plot, point) || point->seed > 1) continue;
        if (!timeline_of(&timeline, cells->sweep, point)) continue;
        c.names[c.figure.series.count++] = label_of(cells, plot, point, name_workload);
        add_curve(&c, &timeline);
        free(timeline.rows);
    }
    c.figure.series.names = c.names;
    bool fine = figure_write(&c.figure, directory, plot->name, formats, diag);
    for (unsigned i = 0; i < c.figure.series.count; i++) free((char *)c.names[i]);
    free(c.names);
    free(c.data);
    return fine;
}

/* ---- modes ---- */

static const char *const activities[ACTIVITIES] = {
#define ACTIVITY(name, key, meaning) key,
#include "hwsim/activities.def"
#undef ACTIVITY
};

/* Rows joined until there are few enough to see. */
static void add_modes(struct curves *c, const struct timeline *timeline, const unsigned *shown, unsigned shown_count)
{
    enum { INTERVALS = 200 };
    unsigned step = timeline->count / INTERVALS + 1;
    for (unsigned r = 0; r < timeline->count; r += step) {
        double spent[ACTIVITIES] = {0};
        unsigned end = r + step < timeline->count ? r + step : timeline->count;
        for (unsigned k = r; k < end; k++)
            for (unsigned a = 0; a < ACTIVITIES; a++) spent[a] += timeline->rows[k].spent[a];
        for (unsigned s = 0; s < shown_count; s++)
            add(c, (struct figure_datum){.series = s,
                                         .point = c->figure.points.count,
                                         .x = timeline->rows[end - 1].insns / 1e6,
                                         .y = spent[shown[s]]});
        c->figure.points.count++;
    }
}

static bool draw_modes(const struct timeline *timeline, const struct study_plot *plot, const char *title,
                       const char *directory, const char *name, unsigned formats, struct diag *diag)
{
    struct curves c = {.figure = {.kind = FIGURE_MODES,
                                  .title = title,
                                  .columns = plot->columns,
                                  .x = {"Guest instructions", "millions", FIGURE_LINEAR, false},
                                  .y = {"Cycles", "share", FIGURE_LINEAR, false}}};
    unsigned shown[ACTIVITIES], count = 0;
    const char *names[ACTIVITIES];
    for (unsigned a = 0; a < ACTIVITIES; a++) {
        double all = 0;
        for (unsigned r = 0; r < timeline->count; r++) all += timeline->rows[r].spent[a];
        if (all > 0) names[count] = activities[a], shown[count++] = a;
    }
    c.figure.series = (struct figure_names){"activity", names, count};
    add_modes(&c, timeline, shown, count);
    bool fine = figure_write(&c.figure, directory, name, formats, diag);
    free(c.data);
    return fine;
}

static bool draw_all_modes(const struct cells *cells, const struct study_plot *plot, const char *directory,
                           unsigned formats, struct diag *diag)
{
    unsigned wanted = 0, drawn = 0;
    bool fine = true;
    for (unsigned i = 0; i < cells->sweep->points->count; i++)
        wanted += cells_wanted(cells, plot, &cells->sweep->points->items[i]);
    for (unsigned i = 0; i < cells->sweep->points->count && fine; i++) {
        const struct point *point = &cells->sweep->points->items[i];
        struct timeline timeline;
        if (!cells_wanted(cells, plot, point)) continue;
        drawn++;
        if (!timeline_of(&timeline, cells->sweep, point)) continue;
        char *label = label_of(cells, plot, point, true),
             *title = lab_printf("%s: %s", plot->title ? plot->title : plot->name, label),
             *name = wanted > 1 ? lab_printf("%s_%u", plot->name, drawn) : lab_copy(plot->name);
        fine = draw_modes(&timeline, plot, title, directory, name, formats, diag);
        free(name);
        free(title);
        free(label);
        free(timeline.rows);
    }
    return fine;
}

bool timeline_draw(const struct cells *cells, const struct study_plot *plot, const char *directory, unsigned formats,
                   struct diag *diag)
{
    return (plot->kind == PLOT_STARTUP ? draw_startup : draw_all_modes)(cells, plot, directory, formats, diag);
}

/* ---- a run of its own ---- */

bool timeline_draw_record(const char *record, enum plot_kind kind, const char *directory, const char *name,
                          unsigned formats, struct diag *diag)
{
    struct study_plot plot = {.kind = kind, .columns = 2};
    struct timeline timeline;
    bool fine = timeline_read(&timeline, record);
    if (fine && kind == PLOT_MODES) {
        fine = draw_modes(&timeline, &plot, NULL, directory, name, formats, diag);
    } else if (fine) {
        static const char *const names[] = {""};
        struct curves c = startup_curves(&plot);
        c.figure.series = (struct figure_names){NULL, names, 1};
        add_curve(&c, &timeline);
        fine = figure_write(&c.figure, directory, name, formats, diag);
        free(c.data);
    }
    free(timeline.rows);
    return fine;
}
