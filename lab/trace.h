/* trace.h -- what a run did, for tools that people have: Konata, Perfetto, callgrind_annotate and KCachegrind,
 * SimPoint. A trace is written beside a run, and never changes a cycle or a statistic of it.
 */
#ifndef COVM_TRACE_H
#define COVM_TRACE_H

#include "hwsim/core/machine.h"
#include "lab/check.h"

struct trace;
struct trace_format; /* trace_format.h */

/* What is asked for. */
struct trace_request {
    const struct trace_format *format;
    const char *path;     /* of the file, which is there whole or not at all */
    uint64_t from, count; /* kanata: the first cycle, how many */
    uint64_t resolution;  /* perfetto: cycles below which slices are merged; 0: as the file's size asks for */
    uint64_t interval;    /* bbv: guest instructions */
};
/* What is traced; belongs to the caller, and outlives the trace. */
struct trace_source {
    struct machine *machine;
    const char *program; /* host path */
    char *const *argv;   /* NULL-terminated */
    uint64_t frequency;  /* Hz */
};

/* NULL: no such format. */
const struct trace_format *trace_format_find(const char *name);

/* NULL, and told on standard error, if a file cannot be written. */
struct trace *trace_create(const struct trace_request *request, const struct trace_source *source);
/* Frees the trace, and removes what has not become whole. */
void trace_destroy(struct trace *trace);
/* Does it need to know each guest instruction? Then trace_stepped is to be told by a check. */
bool trace_steps(const struct trace *trace);
/* Adds the functions that this trace needs to those that stand in `observer`; they are the caller's, who calls the ones
 * below. `committed` is always needed. */
void trace_observe(const struct trace *trace, struct machine_observer *observer, const struct machine_observer *wanted);

/* What the machine tells. `thread`: Linux's id. trace_stepped's come before the trace_committed that covers them. */
void trace_stepped(struct trace *trace, const struct check_step *step);
void trace_committed(struct trace *trace, struct hw_core *core, uint32_t thread);
void trace_spent(struct trace *trace, struct hw_core *core, enum hw_activity activity, unsigned work);
void trace_bundle(struct trace *trace, struct hw_core *core, uint32_t tpc);
void trace_left(struct trace *trace, struct hw_core *core, const struct hw_exit *exit);
void trace_region(struct trace *trace, struct hw_core *core, enum hw_region_event event,
                  const struct hw_region_info *info);

/* Writes the trace. `partial`: NULL, or why the run did not come to its end. False: told on standard error. */
bool trace_end(struct trace *trace, const char *partial);

#endif
