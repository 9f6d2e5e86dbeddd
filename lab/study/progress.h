/* progress.h -- how far a sweep is, and when it may end: a bar on a terminal, else a line now and then. */
#ifndef COVM_PROGRESS_H
#define COVM_PROGRESS_H

#include "lab/study/costs.h"

struct progress {
    unsigned all, done, failed, parallel;
    struct costs costs; /* of what is to be run, and of the runs so far, in seconds of wall-clock time */
    double shown;       /* when, in seconds */
    unsigned shown_done;
};

/* Seconds, of a clock that only goes forward. */
double progress_now(void);
void progress_begin(struct progress *progress, unsigned parallel);
/* Announces a point; `done`: it needs no run. */
void progress_add(struct progress *progress, const struct point *point, bool done);
/* A point is over, after a run of that many seconds. */
void progress_end(struct progress *progress, const struct point *point, bool fine, double seconds);
/* A point is over without a run of ours. */
void progress_drop(struct progress *progress, const struct point *point, bool fine);
void progress_show(struct progress *progress, unsigned running);
void progress_finish(struct progress *progress);

#endif
