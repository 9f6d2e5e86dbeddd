#include "lab/study/costs.h"

#include <stdlib.h>

#include "lab/files.h"

/* ---- counting ---- */

struct cost *costs_of(struct costs *costs, const struct study_workload *workload)
{
    for (unsigned i = 0; i < costs->count; i++)
        if (costs->items[i].workload == workload) return &costs->items[i];
    costs->items = lab_reallocate(costs->items, (costs->count + 1) * sizeof *costs->items);
    costs->items[costs->count] = (struct cost){.workload = workload};
    return &costs->items[costs->count++];
}

void costs_measure(struct costs *costs, const struct study_workload *workload, double seconds, uint64_t bytes)
{
    struct cost *cost = costs_of(costs, workload);
    if (!cost->measured || seconds < cost->least) cost->least = seconds;
    if (!cost->measured || seconds > cost->most) cost->most = seconds;
    cost->measured++;
    cost->seconds += seconds;
    cost->bytes += bytes;
}

void costs_free(struct costs *costs)
{
    free(costs->items);
    *costs = (struct costs){0};
}

/* ---- records ---- */

void costs_read(const struct sweep *sweep, const struct point *point, double *seconds, uint64_t *bytes)
{
    struct document document;
    struct diag diag = {0};
    char *record = sweep_path(sweep, "points", point->id), *path = lab_printf("%s/run.json", record);
    *seconds = -1;
    *bytes = files_bytes(record);
    if (document_read_file(&document, path, &diag)) {
        const struct node *node = document.root ? node_find(document.root, "host_cpu_seconds") : NULL;
        if (node && node_word(node)) *seconds = strtod(node_word(node), NULL);
        document_free(&document);
    }
    diag_free(&diag);
    free(path);
    free(record);
}

/* ---- telling ---- */

static void add_time(struct text *text, double seconds)
{
    if (seconds <= 120)
        text_printf(text, seconds < 10 ? "%.2g s" : "%.0f s", seconds);
    else if (seconds <= 7200)
        text_printf(text, "%.0f min", seconds / 60);
    else
        text_printf(text, "%.1f h", seconds / 3600);
}

static void add_bytes(struct text *text, double bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;
    for (bytes /= 1024; bytes >= 1024 && unit + 1 < LENGTH(units); unit++) bytes /= 1024;
    text_printf(text, bytes < 10 ? "%.2g %s" : "%.0f %s", bytes, units[unit]);
}

static void add_workload(struct text *text, const struct cost *cost)
{
    text_printf(text, "covm:   %s %s: %u to run", cost->workload->workload->name,
                workload_size_name(cost->workload->size), cost->left);
    if (!cost->measured) {
        text_printf(text, ": nothing is known of their cost, as none is done\n");
        return;
    }
    text_printf(text, ", each about ");
    add_time(text, cost->seconds / cost->measured);
    text_printf(text, " (");
    add_time(text, cost->least);
    text_printf(text, " to ");
    add_time(text, cost->most);
    text_printf(text, ") and ");
    add_bytes(text, (double)cost->bytes / cost->measured);
    text_printf(text, ": measured from %u done point%s\n", cost->measured, cost->measured == 1 ? "" : "s");
}

/* The sum over the workloads of which something is known. */
static void add_sum(struct text *text, const struct costs *costs, unsigned left, unsigned unknown, unsigned parallel)
{
    double seconds = 0, least = 0, most = 0, bytes = 0;
    for (unsigned i = 0; i < costs->count; i++) {
        const struct cost *cost = &costs->items[i];
        if (!cost->measured) continue;
        seconds += cost->left * cost->seconds / cost->measured;
        bytes += (double)cost->left * (double)cost->bytes / cost->measured;
        least += cost->left * cost->least;
        most += cost->left * cost->most;
    }
    text_printf(text, "covm: %u points to run", left);
    if (unknown < left) {
        text_printf(text, unknown ? "; estimate for %u of them: " : "; estimate: ", left - unknown);
        add_time(text, seconds);
        text_printf(text, " of CPU time (");
        add_time(text, least);
        text_printf(text, " if all were as the fastest measured of their workload, ");
        add_time(text, most);
        text_printf(text, " as the slowest), ");
        add_time(text, seconds / parallel);
        text_printf(text, " at %u at a time, ", parallel);
        add_bytes(text, bytes);
        text_printf(text, " of disk");
    }
    text_printf(text, "\n");
}

void costs_print(const struct costs *costs, unsigned parallel)
{
    struct text text = {0};
    unsigned left = 0, unknown = 0;
    for (unsigned i = 0; i < costs->count; i++) {
        left += costs->items[i].left;
        unknown += costs->items[i].measured ? 0 : costs->items[i].left;
    }
    if (left) add_sum(&text, costs, left, unknown, parallel);
    for (unsigned i = 0; i < costs->count; i++)
        if (costs->items[i].left) add_workload(&text, &costs->items[i]);
    if (unknown)
        text_printf(&text, "covm: covm sweep plan --measure N runs N points of each workload, and tells then\n");
    fputs(text_string(&text), stderr);
    text_free(&text);
}

/* ---- a pilot ---- */

/* Of a workload: points done, points to run; of these those passed, and chosen. */
struct share {
    unsigned done, left, passed, chosen;
};

/* In the middle of each of as many equal parts of the points to run as are needed. */
static bool is_chosen(struct share *share, unsigned count)
{
    uint64_t need = share->done < count ? count - share->done : 0, at = share->passed++;
    if (need > share->left) need = share->left;
    bool chosen = share->chosen < need && at == (2 * share->chosen + 1) * (uint64_t)share->left / (2 * need);
    share->chosen += chosen;
    return chosen;
}

bool *costs_pilot(const struct sweep *sweep, const struct sweep_options *options, unsigned count)
{
    const struct points *points = sweep->points;
    struct share *shares = lab_allocate((sweep->study->workload_count + 1) * sizeof *shares);
    bool *chosen = lab_allocate(points->count + 1); /* at first: to run */
    for (unsigned i = 0; i < points->count; i++) {
        struct share *share = &shares[points->items[i].workload - sweep->study->workloads];
        enum point_state state = sweep_state(sweep, &points->items[i]);
        if (points->items[i].again) continue;
        chosen[i] = sweep_wants(options, state);
        share->done += state == POINT_DONE;
        share->left += chosen[i];
    }
    for (unsigned i = 0; i < points->count; i++)
        if (chosen[i]) chosen[i] = is_chosen(&shares[points->items[i].workload - sweep->study->workloads], count);
    free(shares);
    return chosen;
}
