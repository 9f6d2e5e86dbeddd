#include "lab/study/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR_CELLS = 30, QUIET_SECONDS = 30 };

void progress_begin(struct progress *progress, unsigned parallel)
{
    *progress = (struct progress){.parallel = parallel};
}

void progress_add(struct progress *progress, const struct point *point, bool done)
{
    progress->all++;
    progress->done += done;
    if (!done) costs_of(&progress->costs, point->workload)->left++;
}

void progress_drop(struct progress *progress, const struct point *point, bool fine)
{
    costs_of(&progress->costs, point->workload)->left--;
    if (fine)
        progress->done++;
    else
        progress->failed++;
}

void progress_end(struct progress *progress, const struct point *point, bool fine, double seconds)
{
    costs_measure(&progress->costs, point->workload, seconds, 0);
    progress_drop(progress, point, fine);
}

/* Seconds left, from the mean of each workload's runs so far; those of which nothing is known count as the mean of all.
 * Negative: nothing is known. */
static double estimate(const struct progress *progress)
{
    double all = 0, seconds = 0;
    unsigned measured = 0;
    for (unsigned i = 0; i < progress->costs.count; i++)
        measured += progress->costs.items[i].measured, all += progress->costs.items[i].seconds;
    if (!measured) return -1;
    for (unsigned i = 0; i < progress->costs.count; i++) {
        const struct cost *cost = &progress->costs.items[i];
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
    costs_free(&progress->costs);
}
