/* metrics.c -- what a study makes of the statistics of each point. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/formula.h"
#include "lab/study/collect.h"

bool metrics_read(const struct sweep *sweep, const struct point *point, struct samples *samples)
{
    char *path = sweep_path(sweep, "points", point->id);
    bool fine = samples_read(samples, path);
    free(path);
    return fine;
}

/* ---- the statistics that formulae name ---- */

/* Those of one window, sorted, so that they are found by bisection. */
static void keep_window(struct samples *samples, const char *window)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < samples->count; i++)
        if (!strcmp(samples->items[i].window, window)) samples->items[kept++] = samples->items[i];
    samples->count = kept;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct sample *)a)->name, ((const struct sample *)b)->name);
}

struct scope {
    const struct study *study;
    const struct samples *samples; /* of a window, sorted by name */
    const double *metrics;         /* of this point, those before the one at hand */
    unsigned known;
};

static bool look_up(void *cookie, const char *name, size_t length, struct formula_value *value)
{
    struct scope *scope = cookie;
    for (unsigned i = 0; i < scope->known; i++) {
        if (strlen(scope->study->metrics[i].name) != length || strncmp(scope->study->metrics[i].name, name, length))
            continue;
        *value = (struct formula_value){isnan(scope->metrics[i]), scope->metrics[i]};
        return true;
    }
    char *wanted = lab_printf("%.*s", (int)length, name);
    struct sample key = {.name = wanted};
    const struct sample *found =
        scope->samples->count ? bsearch(&key, scope->samples->items, scope->samples->count, sizeof key, by_name) : NULL;
    free(wanted);
    bool null = !found || !*found->value; /* not found: a window that the run did not have */
    *value = (struct formula_value){null, null ? 0 : strtod(found->value, NULL)};
    return true;
}

/* ---- all points ---- */

/* The point that another is measured against: the same, but where the metric says otherwise; axes that do not exist
 * there do not count. -1: there is none. */
static int base_of(const struct sweep *sweep, const struct study_metric *metric, const struct point *point)
{
    struct points_choice choice = {.seed = (int)point->seed,
                                   .workload = (int)(point->workload - sweep->study->workloads)};
    unsigned base; /* with all chosen there is no second */
    for (unsigned a = 0; a < sweep->study->axis_count; a++)
        choice.axis[a] = metric->base[a] >= 0 ? metric->base[a] : point->value[a];
    if (!points_select(sweep->points, sweep->study, &choice, &base)) return -1;
    for (unsigned a = 0; a < sweep->study->axis_count; a++)
        if (metric->base[a] >= 0 && sweep->points->items[base].value[a] < 0) return -1;
    return (int)base;
}

static bool formulae(struct metrics *metrics, const struct sweep *sweep, unsigned index)
{
    const struct study *study = sweep->study;
    double *row = metrics->values + (size_t)index * study->metric_count;
    struct samples samples = {0};
    for (unsigned m = 0; m < study->metric_count; m++) row[m] = NAN;
    if (sweep_state(sweep, &sweep->points->items[index]) != POINT_DONE) return true;
    bool fine = metrics_read(sweep, &sweep->points->items[index], &samples);
    keep_window(&samples, study->window);
    if (samples.count) qsort(samples.items, samples.count, sizeof *samples.items, by_name);
    for (unsigned m = 0; m < study->metric_count && fine; m++) {
        struct scope scope = {study, &samples, row, m};
        struct formula_value value = {.null = true};
        if (study->metrics[m].formula) formula_evaluate(study->metrics[m].formula, look_up, &scope, &value);
        if (!value.null) row[m] = value.value;
    }
    metrics->done[index] = fine;
    samples_free(&samples);
    return fine;
}

bool metrics_collect(struct metrics *metrics, const struct sweep *sweep)
{
    const struct study *study = sweep->study;
    unsigned count = sweep->points->count;
    bool fine = true;
    metrics->values = lab_allocate(((size_t)count * study->metric_count + 1) * sizeof *metrics->values);
    metrics->done = lab_allocate(count + 1);
    for (unsigned i = 0; i < count; i++) fine &= formulae(metrics, sweep, i);
    for (unsigned m = 0; m < study->metric_count; m++) {
        const struct study_metric *metric = &study->metrics[m];
        for (unsigned i = 0; metric->of >= 0 && i < count; i++) {
            int base = base_of(sweep, metric, &sweep->points->items[i]);
            double *row = metrics->values + (size_t)i * study->metric_count;
            if (base >= 0)
                row[m] = row[metric->of] / metrics->values[(size_t)base * study->metric_count + (unsigned)metric->of];
        }
    }
    return fine;
}

void metrics_free(struct metrics *metrics)
{
    free(metrics->values);
    free(metrics->done);
}
