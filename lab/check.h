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
/* At the end of the run: all of guest memory. */
void check_finish(struct check *check, struct hw_core *core);
/* Was there a divergence? It has been reported on standard error. */
bool check_diverged(const struct check *check);

#endif
