#include "lab/study/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BAR_CELLS = 30, QUIET_SECONDS = 30 };

void progress_begin(struct progress *progress, unsigned parallel)
{
    *progress = (struct progress){.parallel = parallel};
}

static struct cost *cost_of(struct progress *progress, const struct study_workload *workload)
{
    for (unsigned i = 0; i < progress->cost_count; i++)
        if (progress->costs[i].workload == workload) return &progress->costs[i];
    progress->costs = lab_reallocate(progress->costs, (progress->cost_count + 1) * sizeof *progress->costs);
    progress->costs[progress->cost_count] = (struct cost){.workload = workload};
    return &progress->costs[progress->cost_count++];
}

void progress_add(struct progress *progress, const struct point *point, bool done)
{
    progress->all++;
    progress->done += done;
    if (!done) cost_of(progress, point->workload)->left++;
}

void progress_end(struct progress *progress, const struct point *point, bool fine, double seconds)
{
    struct cost *cost = cost_of(progress, point->workload);
    cost->left--;
    cost->measured++;
    cost->seconds += seconds;
    if (fine)
        progress->done++;
    else
        progress->failed++;
}

/* Seconds left, from the mean of each workload's runs so far; those of which nothing is known count as the mean of all.
 * Negative: nothing is known. */
static double estimate(const struct progress *progress)
{
    double all = 0, seconds = 0;
    unsigned measured = 0;
    for (unsigned i = 0; i < progress->cost_count; i++)
        measured += progress->costs[i].measured, all += progress->costs[i].seconds;
    if (!measured) return -1;
    for (unsigned i = 0; i < progress->cost_count; i++) {
        const struct cost *cost = &progress->costs[i];
        seconds += cost->left * (cost->measured ? cost->seconds / cost->measured : all / measured);
    }
    return seconds / progress->parallel;
}

static void print(const struct progress *progress, unsigned running, bool terminal)
{
    unsigned over = progress->done + progress->failed,
             cells = progress->all ? over * BAR_CELLS / progress->all : BAR_CELLS;
    double left = estimate(progress);
    if (terminal) {
        fprintf(stderr, "\r\033[K[");
        for (unsigned i = 0; i < BAR_CELLS; i++) fputc(i < cells ? '=' : ' ', stderr);
        fprintf(stderr, "] ");
    } else {
        fprintf(stderr, "covm: ");
    }
    fprintf(stderr, "%u of %u points done", progress->done, progress->all);
    if (progress->failed) fprintf(stderr, ", %u failed", progress->failed);
    if (running) fprintf(stderr, ", %u running", running);
    if (running && left >= 0)
        fprintf(stderr, ", about %.0f %s left", left < 100 ? left : left / 60, left < 100 ? "s" : "min");
    if (!terminal) fputc('\n', stderr);
}

double progress_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

void progress_show(struct progress *progress, unsigned running)
{
    bool terminal = isatty(STDERR_FILENO);
    if (!terminal && progress_now() - progress->shown < QUIET_SECONDS) return;
    progress->shown = progress_now();
    print(progress, running, terminal);
}

void progress_finish(struct progress *progress)
{
    if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
    free(progress->costs);
    progress->costs = NULL;
}
