/* floats.h -- random floating-point state for the runner's sequences, and what is compared of the state they leave. */
#ifndef DIFFERENTIAL_FLOATS_H
#define DIFFERENTIAL_FLOATS_H

#include "tests/differential/enter.h"
#include "tests/differential/format.h"

/* The runner's random numbers (xorshift32, Marsaglia 2003). */
static inline uint32_t next_random(uint32_t *seed)
{
    uint32_t x = *seed;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *seed = x;
}

/* Once, before all others. */
void floats_init(void);
/* x87 registers, tags, top and status, control words, vectors; state->floats says which of the two images to make. */
void floats_prepare(struct enter_state *state, uint32_t *seed);
/* Writes numbers of all formats over some of the memory at `to`, a multiple of 16 bytes. */
void floats_fill(uint8_t *to, unsigned bytes, uint32_t *seed);
/* `compared`: the bits of FSW */
void floats_record(struct sequence_record *record, const struct enter_state *state, uint32_t compared);
void floats_print(const struct sequence_record *record);

#endif
