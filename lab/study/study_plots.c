/* study_plots.c -- the plots of a study, from its file. */
#include <stdlib.h>
#include <string.h>

#include "lab/figure.h"
#include "lab/study/study.h"
#include "lab/suggest.h"

static const char *const kind_names[PLOT_KINDS + 1] = {"lines",   "bars",  "stack", "heat", "pareto",
                                                       "startup", "modes", "table", NULL};

/* The kinds that read a key, as bits. */
#define KIND(kind) (1u << PLOT_##kind)
enum {
    ALL_KINDS = (1 << PLOT_KINDS) - 1,
    OF_TIMELINE = KIND(STARTUP) | KIND(MODES),
    OF_METRICS = ALL_KINDS & ~OF_TIMELINE,
    OF_ONE_METRIC = OF_METRICS & ~KIND(STACK)
};
static const struct {
    const char *name;
    unsigned kinds;
} plot_keys[] = {
    {"name", ALL_KINDS},       {"kind", ALL_KINDS},     {"title", ALL_KINDS},
    {"x", OF_METRICS},         {"scale", KIND(LINES)},  {"y", OF_ONE_METRIC},
    {"y_title", KIND(STACK)},  {"parts", KIND(STACK)},  {"unit", OF_METRICS},
    {"series", OF_ONE_METRIC}, {"bars", KIND(STACK)},   {"where", ALL_KINDS},
    {"mean", OF_METRICS},      {"geomean", KIND(BARS)}, {"columns", ALL_KINDS & ~KIND(TABLE)},
};
#undef KIND

/* Keys that there are, and of these such as its kind reads. */
static void check_keys(const struct document *d, const struct node *plot, enum plot_kind kind, bool kind_is_known)
{
    const char *names[LENGTH(plot_keys) + 1] = {NULL};
    for (unsigned k = 0; k < LENGTH(plot_keys); k++) names[k] = plot_keys[k].name;
    document_check_keys(d, plot, names);
    for (unsigned i = 0; kind_is_known && plot->kind == NODE_MAP && i < plot->count; i++) {
        const char *name = node_word(&plot->keys[i]);
        unsigned k = 0;
        while (k < LENGTH(plot_keys) && (!name || strcmp(plot_keys[k].name, name))) k++;
        if (k == LENGTH(plot_keys) || (plot_keys[k].kinds & 1u << kind)) continue;
        struct text readers = {0};
        for (unsigned other = 0; other < PLOT_KINDS; other++)
            if (plot_keys[k].kinds & 1u << other)
                text_printf(&readers, "%s%s", readers.length ? ", " : "", kind_names[other]);
        document_complain(d, &plot->keys[i], "a plot of kind %s has no '%s' (it is of: %s)", kind_names[kind], name,
                          text_string(&readers));
        text_free(&readers);
    }
}

/* Which of the words (NULL-terminated) a key's value is; the first where the key is not there. */
static unsigned choose(const struct document *d, const struct node *plot, const char *key, const char *const *words)
{
    const struct node *node = node_find(plot, key);
    struct suggest suggest;
    struct text hint = {0};
    if (!node) return 0;
    suggest_begin(&suggest, node_word(node) ? node_word(node) : "");
    for (unsigned i = 0; words[i]; i++) {
        if (node_word(node) && !strcmp(node_word(node), words[i])) return i;
        suggest_offer(&suggest, words[i], strlen(words[i]), 0);
    }
    suggest_print(&suggest, &hint);
    document_complain(d, node, "no %s '%s'%s", key, node_word(node) ? node_word(node) : "", text_string(&hint));
    text_free(&hint);
    return 0;
}

/* What tells programs apart does so by their names: one that is there in two sizes is none. */
static void check_workloads(const struct study *study, const struct document *d, const struct node *node)
{
    for (unsigned w = 1; w < study->workload_count; w++)
        for (unsigned i = 0; i < w; i++)
            if (study->workloads[i].workload == study->workloads[w].workload)
                document_complain(d, node, "the workload '%s' is there in two sizes, which have one name",
                                  study->workloads[w].workload->name);
}

static int read_axis(const struct study *study, const struct document *d, const struct node *plot, const char *key)
{
    const struct node *node = node_find(plot, key);
    if (!node) return STUDY_NOTHING;
    if (node_word(node) && !strcmp(node_word(node), "workload")) {
        check_workloads(study, d, node);
        return STUDY_WORKLOAD;
    }
    int axis = node_word(node) ? study_axis_find(study, node_word(node)) : -1;
    if (axis < 0) document_complain(d, node, "no axis '%s' (or 'workload')", node_word(node) ? node_word(node) : "");
    return axis;
}

static int find_value(const struct study *study, int axis, const char *name)
{
    for (unsigned v = 0; name && v < study_values(study, axis); v++)
        if (!strcmp(study_value_name(study, axis, v), name)) return (int)v;
    return -1;
}

static void read_where(const struct study *study, struct study_plot *plot, const struct document *d,
                       const struct node *where)
{
    if (where->kind != NODE_MAP) document_complain(d, where, "'where' is a map: {AXIS: VALUE}");
    for (unsigned i = 0; where->kind == NODE_MAP && i < where->count; i++) {
        const char *name = node_word(&where->keys[i]);
        const struct node *list = &where->items[i];
        int axis = name && !strcmp(name, "workload") ? STUDY_WORKLOAD : name ? study_axis_find(study, name) : -1;
        if (axis == STUDY_WORKLOAD) check_workloads(study, d, &where->keys[i]);
        if (axis < 0) {
            document_complain(d, &where->keys[i], "no axis '%s' (or 'workload')", name ? name : "");
            continue;
        }
        free(plot->where[axis]);
        plot->where[axis] = lab_allocate(study_values(study, axis) + 1);
        unsigned count = list->kind == NODE_LIST ? list->count : 1;
        if (!count) document_complain(d, list, "there are no values: nothing would be shown");
        for (unsigned k = 0; k < count; k++) {
            const struct node *item = list->kind == NODE_LIST ? &list->items[k] : list;
            int value = find_value(study, axis, node_word(item));
            if (value < 0)
                document_complain(d, item, "'%s' has no value '%s'", name, node_word(item) ? node_word(item) : "");
            else
                plot->where[axis][value] = true;
        }
    }
}

/* `name`: its own, or NULL. */
static void add_y(struct study *study, struct study_plot *plot, const struct document *d, const struct node *node,
                  const struct node *name)
{
    int metric = study_metric_or_formula(study, d, node);
    plot->y = lab_reallocate(plot->y, (size_t)(plot->y_count + 1) * sizeof *plot->y);
    plot->parts = lab_reallocate(plot->parts, (size_t)(plot->y_count + 1) * sizeof *plot->parts);
    plot->parts[plot->y_count] = study_label(d, name);
    plot->y[plot->y_count++] = metric;
}

/* The parts are told apart by their names. */
static void check_parts(const struct study *study, const struct study_plot *plot, const struct document *d,
                        const struct node *parts)
{
    for (int y = 1; y < plot->y_count; y++)
        for (int i = 0; i < y; i++) {
            const char *a = study_part_name(study, plot, y), *b = study_part_name(study, plot, i);
            if (a && b && !strcmp(a, b)) document_complain(d, &parts->items[y], "a part before this one has its name");
        }
}

bool plot_kind_has_timeline(enum plot_kind kind) { return kind == PLOT_STARTUP || kind == PLOT_MODES; }

/* A figure tells the unit of what it shows along an axis; the name of a metric for which the study gives none, or NULL.
 */
static const char *without_unit(const struct study *study, const struct study_plot *plot)
{
    int shown[] = {plot->y_count ? plot->y[0] : -1, plot->x_metric};
    bool figure = plot->kind != PLOT_TABLE && !plot_kind_has_timeline(plot->kind);
    for (unsigned i = 0; i < LENGTH(shown) && figure && !plot->unit; i++)
        if (shown[i] >= 0 && !*study->metrics[shown[i]].unit) return study->metrics[shown[i]].name;
    return NULL;
}

/* Two of them that are one leave nothing but its diagonal. */
static void check_apart(const struct document *d, const struct node *node, const struct study_plot *plot)
{
    const struct {
        const char *key;
        int axis;
    } apart[] = {{"x", plot->x}, {"series", plot->series}, {"bars", plot->bars}};
    for (unsigned i = 1; i < LENGTH(apart); i++)
        for (unsigned k = 0; k < i; k++)
            if (apart[i].axis != STUDY_NOTHING && apart[i].axis == apart[k].axis)
                document_complain(d, node_find(node, apart[i].key), "'%s' is '%s' already", apart[k].key,
                                  node_word(node_find(node, apart[i].key)));
}

/* What a figure cannot tell apart. The series of a start-up are points: see points_make. */
static void check_series(const struct study *study, const struct document *d, const struct node *node,
                         const struct study_plot *plot)
{
    unsigned count = plot->kind == PLOT_STACK ? (unsigned)plot->y_count : 0;
    bool of_an_axis = plot->kind == PLOT_LINES || plot->kind == PLOT_BARS || plot->kind == PLOT_PARETO;
    for (unsigned v = 0; of_an_axis && plot->series != STUDY_NOTHING && v < study_values(study, plot->series); v++)
        count += !plot->where[plot->series] || plot->where[plot->series][v];
    if (count > FIGURE_SERIES_MAX)
        document_complain(d, node_find(node, plot->kind == PLOT_STACK ? "parts" : "series"),
                          "%u series; no more than %u can be told apart%s", count, FIGURE_SERIES_MAX,
                          of_an_axis ? " (choose by 'where')" : "");
}

/* What each kind cannot do without. */
static void check_shape(const struct study *study, const struct document *d, const struct node *node,
                        const struct study_plot *plot)
{
    const char *missing = NULL;
    bool needs_y = !plot_kind_has_timeline(plot->kind);
    if (needs_y && !plot->y_count) missing = plot->kind == PLOT_STACK ? "parts" : "y";
    if (plot->kind == PLOT_PARETO && plot->x_metric < 0) missing = "x";
    if (plot->kind != PLOT_PARETO && needs_y && plot->x == STUDY_NOTHING) missing = "x";
    if (plot->kind == PLOT_HEAT && plot->series == STUDY_NOTHING) missing = "series";
    if (plot->kind == PLOT_PARETO && plot->series == STUDY_WORKLOAD)
        document_complain(d, node_find(node, "series"), "the points of a pareto are means over the workloads");
    const struct node *x = node_find(node, "x");
    if (plot->kind == PLOT_LINES && x && plot->x != STUDY_NOTHING && !study_axis_is_number(study, plot->x))
        document_complain(d, x, "lines need numbers along x: the values of '%s' are words (kind: bars?)", node_word(x));
    const char *unitless = without_unit(study, plot);
    if (unitless) document_complain(d, node, "'%s' has no unit: this plot, or the metric, needs a 'unit'", unitless);
    if (missing) document_complain(d, node, "a plot of kind %s needs '%s'", kind_names[plot->kind], missing);
}

/* Behind it stand numbers and endings, and what a name has while its file is written. */
static bool is_file_name(const char *name)
{
    enum { BYTES_MAX = 200 }; /* of the 255 of Linux' file systems */
    return name && strlen(name) <= BYTES_MAX && *name != '.' && *name != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == strlen(name);
}

static void read_plot(struct study *study, const struct document *d, const struct node *node)
{
    static const char *const scales[] = {"linear", "log2", "log10", NULL},
                             *const means[] = {"geometric", "arithmetic", NULL},
                             *const truths[] = {"false", "true", NULL}, *const widths[] = {"0", "1", "2", NULL};
    const struct node *name = node_find(node, "name"), *title = node_find(node, "title"), *x = node_find(node, "x"),
                      *y = node_find(node, "y"), *parts = node_find(node, "parts"), *where = node_find(node, "where"),
                      *unit = node_find(node, "unit");
    unsigned before = d->diag->count;
    struct study_plot plot = {.document = d,
                              .node = node,
                              .kind = (enum plot_kind)choose(d, node, "kind", kind_names),
                              .x = STUDY_NOTHING,
                              .x_metric = -1};
    check_keys(d, node, plot.kind, d->diag->count == before);
    if (!name || !is_file_name(node_word(name))) {
        document_complain(d, name ? name : node, "a plot needs a 'name': letters, digits, '_', '-', '.'");
        return;
    }
    for (unsigned i = 0; i < study->plot_count; i++)
        if (!strcmp(study->plots[i].name, node_word(name)))
            document_complain(d, name, "a second plot '%s'", node_word(name));
    plot.name = lab_copy(node_word(name));
    plot.y_title = study_title(d, node_find(node, "y_title"));
    plot.unit = study_title(d, unit);
    plot.title = study_title(d, title);
    if (plot.kind == PLOT_PARETO)
        plot.x_metric = x ? study_metric_or_formula(study, d, x) : -1;
    else
        plot.x = read_axis(study, d, node, "x");
    plot.series = read_axis(study, d, node, "series");
    plot.bars = read_axis(study, d, node, "bars");
    plot.scale = choose(d, node, "scale", scales);
    plot.arithmetic = choose(d, node, "mean", means);
    plot.geomean = choose(d, node, "geomean", truths);
    plot.columns = choose(d, node, "columns", widths);
    if (plot.kind != PLOT_STACK) parts = NULL;
    if (y && plot.kind != PLOT_STACK) add_y(study, &plot, d, y, NULL);
    for (unsigned i = 0; parts && i < parts->count; i++)
        add_y(study, &plot, d, &parts->items[i], parts->kind == NODE_MAP ? &parts->keys[i] : NULL);
    if (parts) check_parts(study, &plot, d, parts);
    if (where) read_where(study, &plot, d, where);
    check_apart(d, node, &plot);
    check_series(study, d, node, &plot);
    check_shape(study, d, node, &plot);
    study->plots = lab_reallocate(study->plots, (study->plot_count + 1) * sizeof plot);
    study->plots[study->plot_count++] = plot;
}

const char *study_part_name(const struct study *study, const struct study_plot *plot, int part)
{
    if (plot->parts[part]) return plot->parts[part];
    return plot->y[part] >= 0 ? study->metrics[plot->y[part]].title : NULL;
}

void study_read_plots(struct study *study)
{
    const struct document *d;
    const struct node *plots = study_section(study, "plots", &d);
    if (!plots) return;
    if (plots->kind != NODE_LIST) document_complain(d, plots, "'plots' is a list");
    for (unsigned i = 0; plots->kind == NODE_LIST && i < plots->count; i++) read_plot(study, d, &plots->items[i]);
}

void study_free_plots(struct study *study)
{
    for (unsigned i = 0; i < study->plot_count; i++) {
        struct study_plot *plot = &study->plots[i];
        for (unsigned a = 0; a < LENGTH(plot->where); a++) free(plot->where[a]);
        free(plot->name);
        for (int y = 0; y < plot->y_count; y++) free(plot->parts[y]);
        free(plot->title);
        free(plot->y_title);
        free(plot->unit);
        free(plot->parts);
        free(plot->y);
    }
    free(study->plots);
}
