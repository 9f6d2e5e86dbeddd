#include "hwsim/base/prng.h"

static uint64_t rotate_left(uint64_t value, unsigned count) { return value << count | value >> (64 - count); }

/* splitmix64: spreads any seed, 0 included, over a state that is never all zero. */
void prng_seed(struct prng *prng, uint64_t seed)
{
    for (unsigned i = 0; i < LENGTH(prng->s); i++) {
        uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        prng->s[i] = z ^ z >> 31;
    }
}

uint64_t prng_next(struct prng *prng)
{
    uint64_t *s = prng->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t prng_below(struct prng *prng, uint64_t bound)
{
    /* Numbers under 2^64 mod bound would be drawn once too often: draw again. */
    uint64_t low = -bound % bound, drawn;
    do drawn = prng_next(prng);
    while (drawn < low);
    return drawn % bound;
}
