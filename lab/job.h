/* job.h -- a run in a process of its own: what bench and demo are made of. */
#ifndef COVM_JOB_H
#define COVM_JOB_H

#include <sys/types.h>

#include "lab/run.h"
#include "lab/workloads.h"

struct job {
    const struct workload *workload;
    enum workload_size size;
    const struct config *config; /* NULL: run `emulator PROGRAM ARGS` on the host instead */
    const char *emulator;
    const char *label; /* of the machine, for progress */
    bool check;        /* lockstep */
    /* filled in */
    bool ran;   /* *result is there (simulated runs) */
    bool right; /* it exited as, and printed what, it should */
    struct run_result result;
    double cpu_seconds;  /* user and system */
    uint64_t peak_bytes; /* resident, at most */
};

/* Runs a workload in this process, as `request` says beside program, arguments, environment, root and standard input,
 * which are the workload's. Returns what run_guest does. */
int job_run_guest(const struct workloads *workloads, const struct workload *workload, enum workload_size size,
                  struct run_request *request, struct run_result *result);
/* Does the file `output` hold what the workload prints? */
bool job_printed_right(const struct workload *workload, enum workload_size size, int output);

/* Runs the jobs, `parallel` at a time; `progress` lines go to standard error. The programs have been built. False: some
 * job could not be run, or was not right (told on standard error). */
bool jobs_run(const struct workloads *workloads, struct job *jobs, unsigned count, unsigned parallel, bool progress);

#endif
