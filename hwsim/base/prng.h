/* prng.h -- deterministic pseudo-random numbers: xoshiro256** (Blackman & Vigna 2018), seeded by splitmix64. */
#ifndef COVM_PRNG_H
#define COVM_PRNG_H

#include "hwsim/base/base.h"

struct prng {
    uint64_t s[4];
};

void prng_seed(struct prng *prng, uint64_t seed);
uint64_t prng_next(struct prng *prng);
/* A number in [0, bound), bound > 0. */
uint64_t prng_below(struct prng *prng, uint64_t bound);

#endif
