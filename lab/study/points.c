#include "lab/study/points.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lab/figure.h"
#include "lab/paths.h"

void points_print(const struct study *study, const struct point *point, struct text *text)
{
    for (unsigned a = 0; a < study->axis_count; a++) {
        if (point->value[a] < 0) continue;
        text_printf(text, "%s=%s ", study->axes[a].name, study->axes[a].values[point->value[a]].name);
    }
    text_printf(text, "%s %s", point->workload->workload->name, workload_size_name(point->workload->size));
    if (point->seed) text_printf(text, " seed %u", point->seed);
}

/* ---- configurations ---- */

static void apply_settings(struct config *config, const struct study_value *value, const char *file, struct diag *diag)
{
    for (unsigned i = 0; i < value->count; i++) {
        const struct study_setting *setting = &value->settings[i];
        struct text error = {0};
        if (setting->value)
            config_apply(config, setting->row, setting->document, setting->value);
        else if (!config_assign(config, setting->row, setting->written, file, setting->line, &error))
            diag_error(diag, file, setting->line, 0, "%s: %s", params_row(setting->row).path, text_string(&error));
        text_free(&error);
    }
}

static void apply_seed(struct config *config, unsigned seed, const char *file)
{
    char *written = lab_printf("%u", seed);
    struct text error = {0};
    for (const char *const *key = study_seed_keys; *key; key++)
        config_assign(config, (unsigned)params_find(*key), written, file, 0, &error);
    text_free(&error);
    free(written);
}

/* What all points have, the axes apart. */
static void begin_config(struct config *config, const struct study *study, const struct config_args *args,
                         struct diag *diag)
{
    config_init(config);
    char *machine = paths_machine(args->machine ? args->machine : study->machine, diag);
    if (machine) config_load(config, machine, diag);
    free(machine);
    for (unsigned i = study->document_count; i-- > 0;)
        if (study->set[i]) config_apply_map(config, &study->documents[i], study->set[i]);
    for (unsigned i = 0; i < args->file_count; i++) config_load(config, args->files[i], diag);
}

/* What is a point's own, and the command line's last word. */
static void end_config(struct config *config, const struct study *study, const struct config_args *args,
                       const struct point *point, struct diag *diag)
{
    for (unsigned a = 0; a < study->axis_count; a++)
        if (point->value[a] >= 0) apply_settings(config, &study->axes[a].values[point->value[a]], study->path, diag);
    if (point->seed) apply_seed(config, point->seed, study->path);
    for (unsigned i = 0; i < args->set_count; i++) config_set(config, args->sets[i], diag);
}

void points_config(struct config *config, const struct study *study, const struct config_args *args,
                   const struct point *point, struct diag *diag)
{
    begin_config(config, study, args, diag);
    end_config(config, study, args, point, diag);
}

/* ---- identity ---- */

static void add_string(struct sha256 *sha, const char *string) { sha256_add(sha, string, strlen(string) + 1); }

/* What all points share, hashed once; a program per workload. */
struct identity {
    char program[SHA256_TEXT_BYTES];
    char (*guests)[SHA256_TEXT_BYTES]; /* per workload of the study */
};

static void identify(const struct study *study, const struct identity *identity, const struct config *config,
                     struct point *point)
{
    struct text text = {0};
    struct sha256 sha;
    char hash[SHA256_TEXT_BYTES];
    const struct workload *workload = point->workload->workload;
    config_print(config, false, &text);
    sha256_begin(&sha);
    add_string(&sha, identity->program);
    add_string(&sha, text_string(&text));
    add_string(&sha, workload->name);
    add_string(&sha, identity->guests[point->workload - study->workloads]);
    for (char *const *word = workload->size[point->workload->size].args; *word; word++) add_string(&sha, *word);
    sha256_end(&sha, hash);
    memcpy(point->id, hash, POINT_ID_BYTES - 1);
    text_free(&text);
}

static bool identify_programs(const struct study *study, struct identity *identity)
{
    bool fine = true;
    char *program = paths_program();
    sha256_file(program, identity->program);
    free(program);
    identity->guests = lab_allocate((study->workload_count + 1) * sizeof *identity->guests);
    for (unsigned i = 0; i < study->workload_count; i++) {
        fine &= workload_build(study->all, study->workloads[i].workload);
        char *path = workload_path(study->all, study->workloads[i].workload);
        fine &= sha256_file(path, identity->guests[i]);
        free(path);
    }
    return fine;
}

/* ---- making them ---- */

/* Does the axis exist where the axes before it have these values? */
static bool axis_exists(const struct study_axis *axis, const struct point *point)
{
    unsigned groups = axis->condition_count ? axis->conditions[axis->condition_count - 1].group + 1 : 0;
    for (unsigned g = 0; g < groups; g++) {
        bool holds = true;
        for (unsigned i = 0; i < axis->condition_count; i++) {
            const struct study_condition *condition = &axis->conditions[i];
            int value = point->value[condition->axis];
            if (condition->group == g) holds &= value >= 0 && condition->allowed[value];
        }
        if (holds) return true;
    }
    return !groups;
}

struct maker {
    struct points *points;
    const struct study *study;
    const struct config_args *args;
    struct diag *diag;
    struct identity identity;
    struct config common; /* of all points */
    bool windows;         /* some point has a warm-up, and so a region of interest */
};

static void add_point(struct maker *m, struct point point)
{
    struct points *points = m->points;
    if ((points->count & (points->count - 1)) == 0)
        points->items = lab_reallocate(points->items, (points->count * 2 + 1) * sizeof point);
    points->items[points->count++] = point;
}

/* A configuration that is not valid is told once, of the first point that has it. */
static bool check_config(struct maker *m, const struct config *config, const struct point *point)
{
    unsigned before = m->diag->count;
    config_check(config, m->diag);
    if (m->diag->count == before) return true;
    struct text text = {0};
    points_print(m->study, point, &text);
    diag_error(m->diag, m->study->path, 0, 0, "the point %s is not valid: see above", text_string(&text));
    text_free(&text);
    return false;
}

static void add_runs(struct maker *m, struct point point)
{
    unsigned seeds = m->study->seeds ? m->study->seeds : 1, mistakes = m->diag->count;
    for (unsigned s = 0; s < seeds; s++) {
        struct config config;
        point.seed = m->study->seeds ? s + 1 : 0;
        point.workload = &m->study->workloads[0];
        config_copy(&config, &m->common);
        end_config(&config, m->study, m->args, &point, m->diag);
        bool fine = m->diag->count == mistakes && check_config(m, &config, &point);
        m->windows |= config.values.lab.warmup_insns;
        for (unsigned w = 0; fine && w < m->study->workload_count; w++) {
            point.workload = &m->study->workloads[w];
            identify(m->study, &m->identity, &config, &point);
            add_point(m, point);
        }
        config_free(&config);
        if (!fine) return;
    }
}

static void expand(struct maker *m, struct point point, unsigned axis)
{
    enum { MISTAKES_MAX = 20 };
    if (m->diag->count > MISTAKES_MAX) return;
    if (m->points->count > STUDY_POINTS_MAX) return;
    if (axis == m->study->axis_count) {
        add_runs(m, point);
    } else if (!axis_exists(&m->study->axes[axis], &point)) {
        point.value[axis] = -1;
        expand(m, point, axis + 1);
    } else {
        for (unsigned v = 0; v < m->study->axes[axis].count; v++) {
            point.value[axis] = (int)v;
            expand(m, point, axis + 1);
        }
    }
}

static int by_id(const void *a, const void *b)
{
    const struct point *x = *(const struct point *const *)a, *y = *(const struct point *const *)b;
    int order = strcmp(x->id, y->id);
    return order ? order : x < y ? -1 : x > y;
}

static void mark_repeated(struct points *points)
{
    struct point **order = lab_allocate((points->count + 1) * sizeof *order);
    for (unsigned i = 0; i < points->count; i++) order[i] = &points->items[i];
    qsort(order, points->count, sizeof *order, by_id);
    for (unsigned i = 1; i < points->count; i++) order[i]->again = !strcmp(order[i]->id, order[i - 1]->id);
    free(order);
}

/* A --set of what the study varies would win over it, and the points would keep the names of values that they don't
 * have. */
static void check_set(const struct study *study, const char *assignment, struct diag *diag)
{
    char *key = lab_printf("%.*s", (int)strcspn(assignment, "="), assignment), *where = lab_printf("--set %s", assignment);
    int row = params_find(key);
    for (unsigned a = 0; row >= 0 && a < study->axis_count; a++) {
        const struct study_axis *axis = &study->axes[a];
        if (study_axis_sets(axis, (unsigned)row))
            diag_error(diag, where, 0, 0,
                       "%s is what the axis '%s' varies (%s:%u): leave the --set out, or copy the study (or extend it) "
                       "and take %s out of the axis",
                       key, axis->name, axis->file, axis->line, key);
    }
    for (const char *const *seeded = study_seed_keys; study->seeds && *seeded; seeded++)
        if (!strcmp(key, *seeded))
            diag_error(diag, where, 0, 0,
                       "%s is the seed of each point (seeds: %u): leave the --set out, or copy the study (or extend it) "
                       "without 'seeds'",
                       key, study->seeds);
    free(where);
    free(key);
}

/* Where no run has a warm-up there are no statistics of it, nor of what follows. */
static void check_window(const struct study *study)
{
    const struct document *d;
    const struct node *window = study_section(study, "window", &d);
    if (window && strcmp(study->window, "total"))
        document_complain(d, window, "no point has the window '%s': lab.window.warmup_insns is 0 in all of them",
                          study->window);
}

bool points_wanted(const struct study *study, const struct study_plot *plot, const struct point *point)
{
    for (unsigned a = 0; a < study->axis_count; a++)
        if (plot->where[a] && point->value[a] >= 0 && !plot->where[a][point->value[a]]) return false;
    return !plot->where[STUDY_WORKLOAD] || plot->where[STUDY_WORKLOAD][point->workload - study->workloads];
}

/* A start-up has a curve per point, of one seed. */
static void check_curves(const struct study *study, const struct points *points)
{
    for (unsigned i = 0; i < study->plot_count; i++) {
        const struct study_plot *plot = &study->plots[i];
        unsigned curves = 0;
        for (unsigned p = 0; plot->kind == PLOT_STARTUP && p < points->count; p++)
            curves += points->items[p].seed <= 1 && points_wanted(study, plot, &points->items[p]);
        if (curves > FIGURE_SERIES_MAX)
            document_complain(plot->document, plot->node,
                              "%u points, a curve each; no more than %u can be told apart (choose by 'where')", curves,
                              FIGURE_SERIES_MAX);
    }
}

bool points_make(struct points *points, const struct study *study, const struct config_args *args, struct diag *diag)
{
    unsigned before = diag->count;
    struct maker m = {.points = points, .study = study, .args = args, .diag = diag};
    *points = (struct points){0};
    for (unsigned i = 0; i < args->set_count; i++) check_set(study, args->sets[i], diag);
    if (diag->count != before) return false;
    if (!identify_programs(study, &m.identity)) diag_error(diag, study->path, 0, 0, "not all workloads could be built");
    begin_config(&m.common, study, args, diag);
    if (diag->count == before) expand(&m, (struct point){.seed = 0}, 0);
    if (diag->count == before && !m.windows) check_window(study);
    if (diag->count == before && points->count <= STUDY_POINTS_MAX) check_curves(study, points);
    if (points->count > STUDY_POINTS_MAX) diag_error(diag, study->path, 0, 0, "more than %d points", STUDY_POINTS_MAX);
    mark_repeated(points);
    config_free(&m.common);
    free(m.identity.guests);
    return diag->count == before;
}

void points_free(struct points *points)
{
    free(points->items);
    *points = (struct points){0};
}

/* ---- finding them ---- */

/* Points stand in the order of their values of the axes, then seeds, then workloads: the levels. So those that agree up
 * to a level are a range, which the values of that level divide into ranges, and an axis exists for all of a range or
 * for none of it. */
struct selection {
    const struct points *points;
    const struct study *study;
    int choice[STUDY_AXES_MAX + 2]; /* per level */
    unsigned levels;                /* up to the last at which something is chosen */
    unsigned *found, count;
};

static int value_at(const struct selection *s, unsigned point, unsigned level)
{
    const struct point *p = &s->points->items[point];
    if (level < s->study->axis_count) return p->value[level];
    return level == s->study->axis_count ? (int)p->seed : (int)(p->workload - s->study->workloads);
}

/* The first point of a range whose value at the level is not less, or the range's end. */
static unsigned bound(const struct selection *s, unsigned first, unsigned end, unsigned level, int value)
{
    while (first < end) {
        unsigned middle = first + (end - first) / 2;
        if (value_at(s, middle, level) < value)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

static void select_range(struct selection *s, unsigned first, unsigned end, unsigned level)
{
    if (level == s->levels) {
        while (first < end) s->found[s->count++] = first++;
        return;
    }
    bool any = s->choice[level] == POINTS_ANY || (first < end && value_at(s, first, level) < 0);
    if (!any) first = bound(s, first, end, level, s->choice[level]);
    while (first < end) {
        int value = value_at(s, first, level);
        if (!any && value != s->choice[level]) return;
        unsigned next = bound(s, first, end, level, value + 1);
        select_range(s, first, next, level + 1);
        first = next;
    }
}

struct points_choice points_any(void)
{
    struct points_choice any = {.seed = POINTS_ANY, .workload = POINTS_ANY};
    for (unsigned a = 0; a < STUDY_AXES_MAX; a++) any.axis[a] = POINTS_ANY;
    return any;
}

unsigned points_select(const struct points *points, const struct study *study, const struct points_choice *choice,
                       unsigned *found)
{
    struct selection s = {.points = points, .study = study, .found = found};
    unsigned axes = study->axis_count;
    memcpy(s.choice, choice->axis, axes * sizeof *s.choice);
    s.choice[axes] = choice->seed;
    s.choice[axes + 1] = choice->workload;
    for (unsigned level = 0; level < axes + 2; level++)
        if (s.choice[level] != POINTS_ANY) s.levels = level + 1;
    select_range(&s, 0, points->count, 0);
    return s.count;
}
