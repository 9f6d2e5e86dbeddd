/* transcendental.h -- the host's own transcendental instructions. Internal to this floor. */
#ifndef COVM_FLOAT_TRANSCENDENTAL_H
#define COVM_FLOAT_TRANSCENDENTAL_H

#include "hwsim/float/float.h"

enum transcendental { OP_SIN, OP_COS, OP_TAN, OP_ATAN, OP_EXP2M1, OP_YLOG2, OP_YLOG2P1 };

/* The host's own result with a in ST0 and b in ST1, all exceptions masked. False: the host has no such instruction. */
bool host_transcendental(enum transcendental op, struct vreg a, struct vreg b, uint64_t fcw,
                         struct float_result *result);

#endif
