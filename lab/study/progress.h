/* progress.h -- how far a sweep is, and when it may end: a bar on a terminal, else a line now and then. */
#ifndef COVM_PROGRESS_H
#define COVM_PROGRESS_H

#include "lab/study/points.h"

struct progress {
    unsigned all, done, failed, parallel;
    struct cost { /* per workload and size: what its runs took so far */
        const struct study_workload *workload;
        unsigned left, measured;
        double seconds;
    } * costs;
    unsigned cost_count;
    double shown; /* when, in seconds */
    unsigned shown_done;
};

/* Seconds, of a clock that only goes forward. */
double progress_now(void);
void progress_begin(struct progress *progress, unsigned parallel);
/* Announces a point; `done`: it needs no run. */
void progress_add(struct progress *progress, const struct point *point, bool done);
void progress_end(struct progress *progress, const struct point *point, bool fine, double seconds);
void progress_show(struct progress *progress, unsigned running);
void progress_finish(struct progress *progress);

#endif
