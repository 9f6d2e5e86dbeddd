/* costs.h -- what the runs of a sweep cost, by workload and size, and so what those that are left may cost. */
#ifndef COVM_COSTS_H
#define COVM_COSTS_H

#include "lab/study/sweep.h"

struct cost {
    const struct study_workload *workload;
    unsigned left, measured; /* points to run; runs that the rest is of */
    double seconds, least, most;
    uint64_t bytes;
};
struct costs {
    struct cost *items; /* in the order in which the workloads came */
    unsigned count;
};

/* That of a workload, perhaps a new one; the pointer holds until the next call. */
struct cost *costs_of(struct costs *costs, const struct study_workload *workload);
void costs_measure(struct costs *costs, const struct study_workload *workload, double seconds, uint64_t bytes);
void costs_free(struct costs *costs);

/* By the record of a point that is done: CPU seconds (negative: unknown), and bytes on disk. */
void costs_read(const struct sweep *sweep, const struct point *point, double *seconds, uint64_t *bytes);
/* Tells on standard error what is left to run, and what that may cost at `parallel` runs at a time: what is measured,
 * of how many runs, and of what nothing is known. */
void costs_print(const struct costs *costs, unsigned parallel);
/* Chooses, of each workload, points to run until `count` are done, spread over those that are to run: true per point.
 * To be freed. */
bool *costs_pilot(const struct sweep *sweep, const struct sweep_options *options, unsigned count);

#endif
