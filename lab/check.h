/* check.h -- lockstep checking: a shadow interpreter with guest memory, page walk and decoding of its own runs behind
 * the machine, and compares state and stores at each commit. It never changes a cycle or a statistic.
 */
#ifndef COVM_CHECK_H
#define COVM_CHECK_H

#include "hwsim/core/machine.h"

struct check;

/* Attaches to a machine that has no guest yet, so that every write to guest memory is seen. */
struct check *check_create(struct machine *machine, uint64_t guest_limit);
void check_destroy(struct check *check);
/* The platform has loaded the guest: takes over its registers. */
void check_begin(struct check *check, struct hw_core *core);
/* To be called from the machine's observer. Each does nothing once a divergence was reported. */
void check_committed(struct check *check, struct hw_core *core, uint32_t insns, unsigned flags);
void check_stored(struct check *check, uint64_t physical, unsigned bytes);
void check_platform(struct check *check, struct hw_core *core, bool after);
/* A guest instruction, or an iteration of one, as the shadow has gone through it. */
struct check_step {
    uint64_t address;
    uint32_t esp;    /* before it */
    uint8_t length;  /* bytes */
    bool retired;    /* false: an iteration of a REP instruction that goes on */
    bool transfers;  /* a basic block ends with it: control transfer, system call, trap */
    bool calls;      /* it called */
};
/* From within check_committed `stepped` is told of all that the commit covers, in the guest's order. */
void check_on_step(struct check *check, void (*stepped)(void *cookie, const struct check_step *step), void *cookie);
/* At the end of the run: all of guest memory. */
void check_finish(struct check *check, struct hw_core *core);
/* Was there a divergence? It has been reported on standard error. */
bool check_diverged(const struct check *check);

#endif
