/* sweep.h -- a study being run: a directory that holds a run record for each point, and what is known of those without.
 *
 *     manifest.json        whose results these are: hashes of covm and of the workloads' programs
 *     manifest.lock        locked by whoever compares or writes it
 *     points/ID/           the record of a finished run; it appears whole, by a rename. One that is not what was written
 *                          any more (sums.csv) is damaged: its point is run again
 *     failed/ID            why a point has no record: "failed: ..." or "timeout: ..."
 *     figures/             what the plots of the study show; drawn.csv: which of its files covm wrote (drawn.h)
 *     logs/ID              standard error of its last run
 *     locks/ID             locked (flock) by whoever runs the point
 *     work/ID/             a record being written; left over where a run was killed, and removed when it runs again
 *
 * Any number of drivers may work on one directory at once, on several machines that share it; each may be killed at any
 * time. The lock belongs to the process that runs the point: it is gone when that process is.
 */
#ifndef COVM_SWEEP_H
#define COVM_SWEEP_H

#include "lab/study/points.h"

struct sweep {
    const struct study *study;
    const struct points *points;
    const struct config_args *args;
    const char *directory;
    bool *intact; /* per point: its record was looked at, and is what was written; NULL: look each time. Borrowed. */
};
enum point_state {
    POINT_DONE,
    POINT_FAILED,
    POINT_TIMEOUT,
    POINT_RUNNING,
    POINT_MISSING,
    POINT_DAMAGED,
    POINT_STATES
};

/* Makes the directory where there is none. One that holds the results of another covm, or of other programs, is
 * refused. False: told on standard error. */
bool sweep_open(const struct sweep *sweep);
enum point_state sweep_state(const struct sweep *sweep, const struct point *point);
const char *sweep_state_name(enum point_state state);
/* What is wrong with the record of a point that is damaged: "points/ID: stats.csv has ...", to be freed; NULL: it has
 * been mended or removed meanwhile. */
char *sweep_damage(const struct sweep *sweep, const struct point *point);
/* directory/part/name, to be freed. */
char *sweep_path(const struct sweep *sweep, const char *part, const char *name);

/* ---- executors ---- */

struct sweep_options {
    unsigned parallel;        /* runs at a time */
    uint64_t timeout_seconds; /* of a run, wall-clock; 0: none */
    uint64_t memory_bytes;    /* of a run, resident; 0: no limit */
    bool rerun_failed, rerun_timeout;
    const bool *only;       /* per point: may it be run? Borrowed; NULL: all may */
    unsigned shard, shards; /* this one runs every shards-th point; shards 0: all */
    bool wait;              /* slurm: until the jobs have ended */
    unsigned chunk;         /* slurm: points per task of the array; 0: as few as the limits allow */
};
/* Runs what is missing. Returns the exit code: 0 all done, 7 some are not, 128 + n interrupted by signal n. */
int sweep_run_local(const struct sweep *sweep, const struct sweep_options *options);
/* The same by job arrays of Slurm, each task of which runs a shard over the shared directory. */
int sweep_run_slurm(const struct sweep *sweep, const struct sweep_options *options);
/* The code for how the sweep stands; tells on standard error how many points are done, failed, ... */
int sweep_summary(const struct sweep *sweep);

/* Is a point in that state one to run? */
bool sweep_wants(const struct sweep_options *options, enum point_state state);
/* Runs one point, in a process of its own that nothing else depends on; returns that process' exit code. BUSY: another
 * driver runs it; OVER: one has meanwhile, and it is no longer wanted. */
enum { RUN_DONE = 0, RUN_FAILED = 1, RUN_BUSY = 75, RUN_OVER = 76 };
int sweep_run_point(const struct sweep *sweep, const struct sweep_options *options, const struct point *point);
/* Notes why a point has no record. */
void sweep_note_failure(const struct sweep *sweep, const struct point *point, const char *reason);

#endif
