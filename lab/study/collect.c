#include "lab/study/collect.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/files.h"

/* ---- tidy tables ---- */

/* A field of CSV, quoted where it must be (RFC 4180). */
static void print_field(FILE *to, const char *field)
{
    if (!strpbrk(field, ",\"\n")) {
        fputs(field, to);
        return;
    }
    fputc('"', to);
    for (; *field; field++) fprintf(to, *field == '"' ? "\"\"" : "%c", *field);
    fputc('"', to);
}

static void print_columns(FILE *to, const struct study *study, const char *rest)
{
    fputs("point", to);
    for (unsigned a = 0; a < study->axis_count; a++) {
        fputc(',', to);
        print_field(to, study->axes[a].name);
    }
    fprintf(to, ",workload,size,seed,%s\n", rest);
}

/* What tells a point from the others: the beginning of each of its lines. */
static char *point_columns(const struct study *study, const struct point *point)
{
    char *line = NULL;
    size_t length;
    FILE *to = open_memstream(&line, &length);
    fputs(point->id, to);
    for (unsigned a = 0; a < study->axis_count; a++) {
        fputc(',', to);
        if (point->value[a] >= 0) print_field(to, study->axes[a].values[point->value[a]].name);
    }
    fprintf(to, ",%s,%s,", point->workload->workload->name, workload_size_name(point->workload->size));
    if (point->seed) fprintf(to, "%u", point->seed);
    fclose(to);
    return line;
}

/* A table that appears whole, by a rename. */
static FILE *open_table(const struct sweep *sweep, const char *name, char **new)
{
    *new = lab_printf("%s/%s.new", sweep->directory, name);
    FILE *to = fopen(*new, "we");
    if (!to) fprintf(stderr, "covm: %s: %s\n", *new, strerror(errno));
    return to;
}

static bool close_table(const struct sweep *sweep, const char *name, FILE *to, char *new, bool fine)
{
    char *path = lab_printf("%s/%s", sweep->directory, name);
    if (to && (ferror(to) | fclose(to))) fine = false;
    if (fine && rename(new, path) != 0) fine = false;
    if (!fine) fprintf(stderr, "covm: %s could not be written: %s\n", path, strerror(errno));
    free(path);
    free(new);
    return fine;
}

static bool write_results(const struct sweep *sweep, const struct metrics *metrics)
{
    char *new;
    FILE *to = open_table(sweep, "results.csv", &new);
    bool fine = to;
    if (to) print_columns(to, sweep->study, "window,name,unit,value");
    for (unsigned i = 0; fine && i < sweep->points->count; i++) {
        if (!metrics->done[i]) continue;
        char *columns = point_columns(sweep->study, &sweep->points->items[i]);
        struct samples samples;
        fine = metrics_read(sweep, &sweep->points->items[i], &samples);
        for (unsigned k = 0; k < samples.count; k++) {
            const struct sample *sample = &samples.items[k];
            fprintf(to, "%s,%s,%s,%s,%s\n", columns, sample->window, sample->name, sample->unit, sample->value);
        }
        samples_free(&samples);
        free(columns);
    }
    return close_table(sweep, "results.csv", to, new, fine);
}

static bool write_metrics(const struct sweep *sweep, const struct metrics *metrics)
{
    const struct study *study = sweep->study;
    char *new;
    FILE *to = open_table(sweep, "metrics.csv", &new);
    if (to) print_columns(to, study, "window,metric,unit,value");
    for (unsigned i = 0; to && i < sweep->points->count; i++) {
        if (!metrics->done[i]) continue;
        char *columns = point_columns(study, &sweep->points->items[i]);
        for (unsigned m = 0; m < study->metric_count; m++) {
            double value = metrics->values[(size_t)i * study->metric_count + m];
            if (study->metrics[m].hidden) continue;
            fprintf(to, "%s,%s,%s,", columns, study->window, study->metrics[m].name);
            print_field(to, study->metrics[m].unit);
            if (isnan(value))
                fprintf(to, ",\n");
            else
                fprintf(to, ",%.12g\n", value);
        }
        free(columns);
    }
    return close_table(sweep, "metrics.csv", to, new, to != NULL);
}

/* ---- the host's side ---- */

double collect_cpu_seconds(const struct sweep *sweep, const struct point *point)
{
    struct document document;
    struct diag diag = {0};
    double seconds = -1;
    char *path = lab_printf("%s/points/%s/run.json", sweep->directory, point->id);
    if (document_read_file(&document, path, &diag)) {
        const struct node *node = document.root ? node_find(document.root, "host_cpu_seconds") : NULL;
        if (node && node_word(node)) seconds = strtod(node_word(node), NULL);
        document_free(&document);
    }
    diag_free(&diag);
    free(path);
    return seconds;
}

bool collect(const struct sweep *sweep, const struct collect_options *options)
{
    struct metrics metrics;
    bool fine = metrics_collect(&metrics, sweep);
    fine = write_results(sweep, &metrics) && write_metrics(sweep, &metrics) &&
           (!options->sqlite || collect_database(sweep, &metrics)) && draw_plots(sweep, &metrics, options->png) && fine;
    metrics_free(&metrics);
    return fine;
}
