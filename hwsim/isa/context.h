/* context.h -- the fields of the context word (context.def) as numbers. */
#ifndef COVM_CONTEXT_H
#define COVM_CONTEXT_H

#include "hwsim/base/base.h"

enum context_field {
#define CONTEXT(name, low, width, meaning) CONTEXT_##name##_LOW = low, CONTEXT_##name##_WIDTH = width,
#include "hwsim/isa/context.def"
#undef CONTEXT
};
/* The word with another value in a field. */
#define CONTEXT_PUT(word, name, value)                                              \
    (((word) & ~(bits_mask(CONTEXT_##name##_WIDTH) << CONTEXT_##name##_LOW)) |      \
     (uint64_t)(value) << CONTEXT_##name##_LOW)
#define CONTEXT_GET(word, name) ((unsigned)((word) >> CONTEXT_##name##_LOW & bits_mask(CONTEXT_##name##_WIDTH)))

#endif
