#include "lab/study/collect.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/files.h"

/* ---- tidy tables ---- */

static void add_columns(struct text *text, const struct study *study, const char *rest)
{
    text_printf(text, "point");
    for (unsigned a = 0; a < study->axis_count; a++) {
        text_printf(text, ",");
        text_add_csv(text, study->axes[a].name);
    }
    text_printf(text, ",workload,size,seed,%s\n", rest);
}

/* What tells a point from the others: the beginning of each of its lines. */
static void add_point(struct text *text, const struct study *study, const struct point *point)
{
    text_printf(text, "%s", point->id);
    for (unsigned a = 0; a < study->axis_count; a++) {
        text_printf(text, ",");
        if (point->value[a] >= 0) text_add_csv(text, study->axes[a].values[point->value[a]].name);
    }
    text_printf(text, ",%s,%s,", point->workload->workload->name, workload_size_name(point->workload->size));
    if (point->seed) text_printf(text, "%u", point->seed);
}

static void add_samples(struct text *text, const char *columns, const struct samples *samples)
{
    for (unsigned i = 0; i < samples->count; i++) {
        const struct sample *sample = &samples->items[i];
        text_printf(text, "%s,%s,%s,%s,%s\n", columns, sample->window, sample->name, sample->unit, sample->value);
    }
}

/* Point by point, since all of them may be more than memory holds. */
static bool print_results(const struct sweep *sweep, const struct metrics *metrics, FILE *to)
{
    struct text text = {0};
    bool fine = true;
    add_columns(&text, sweep->study, "window,name,unit,value");
    fputs(text_string(&text), to);
    for (unsigned i = 0; fine && i < sweep->points->count; i++) {
        struct text columns = {0}, lines = {0};
        struct samples samples;
        if (!metrics->done[i]) continue;
        add_point(&columns, sweep->study, &sweep->points->items[i]);
        fine = metrics_read(sweep, &sweep->points->items[i], &samples);
        add_samples(&lines, text_string(&columns), &samples);
        fputs(text_string(&lines), to);
        samples_free(&samples);
        text_free(&columns);
        text_free(&lines);
    }
    text_free(&text);
    return fine;
}

static bool write_results(const struct sweep *sweep, const struct metrics *metrics)
{
    char *path = lab_printf("%s/results.csv", sweep->directory), *new = lab_printf("%s.%ld.new", path, (long)getpid());
    FILE *to = fopen(new, "we");
    bool fine = to && print_results(sweep, metrics, to);
    if (to && (ferror(to) | fclose(to))) fine = false;
    if (fine && rename(new, path) != 0) fine = false;
    if (!fine) {
        fprintf(stderr, "covm: %s could not be written: %s\n", path, strerror(errno));
        unlink(new);
    }
    free(path);
    free(new);
    return fine;
}

static bool write_metrics(const struct sweep *sweep, const struct metrics *metrics)
{
    const struct study *study = sweep->study;
    struct text text = {0};
    char *path = lab_printf("%s/metrics.csv", sweep->directory);
    add_columns(&text, study, "window,metric,unit,value");
    for (unsigned i = 0; i < sweep->points->count; i++) {
        for (unsigned m = 0; metrics->done[i] && m < study->metric_count; m++) {
            double value = metrics->values[(size_t)i * study->metric_count + m];
            if (study->metrics[m].hidden) continue;
            add_point(&text, study, &sweep->points->items[i]);
            text_printf(&text, ",%s,", study->window);
            text_add_csv(&text, study->metrics[m].name);
            text_printf(&text, ",");
            text_add_csv(&text, study->metrics[m].unit);
            if (isnan(value))
                text_printf(&text, ",\n");
            else
                text_printf(&text, ",%.12g\n", value);
        }
    }
    bool fine = files_write(path, &text);
    text_free(&text);
    free(path);
    return fine;
}

/* What is damaged is not mixed with what is right. */
static bool are_intact(const struct sweep *sweep)
{
    bool fine = true;
    for (unsigned i = 0; i < sweep->points->count; i++) {
        const struct point *point = &sweep->points->items[i];
        if (sweep_state(sweep, point) != POINT_DAMAGED || point->again) continue;
        char *damage = sweep_damage(sweep, point);
        fprintf(stderr, "covm: %s/%s; 'covm sweep run' runs the point again\n", sweep->directory,
                damage ? damage : point->id);
        free(damage);
        fine = false;
    }
    if (!fine) fprintf(stderr, "covm: nothing was collected\n");
    return fine;
}

bool collect(const struct sweep *sweep, const struct collect_options *options)
{
    struct metrics metrics;
    if (!are_intact(sweep)) return false;
    bool fine = metrics_collect(&metrics, sweep);
    fine = write_results(sweep, &metrics) && write_metrics(sweep, &metrics) &&
           (!options->sqlite || collect_database(sweep, &metrics)) && draw_plots(sweep, &metrics, options->png) && fine;
    metrics_free(&metrics);
    return fine;
}
