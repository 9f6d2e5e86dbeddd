/* workload.h -- what every workload shares: a size from the command line, pseudo-random numbers, a checksum to print. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first argument, a positive number of rounds; 1 without it. */
static inline uint32_t workload_rounds(int argc, char **argv)
{
    return argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1;
}

/* xorshift32 (Marsaglia 2003): the same numbers on every host. */
static inline uint32_t workload_random(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

/* FNV-1a over one word, byte by byte. */
static inline uint32_t workload_mix(uint32_t sum, uint32_t word)
{
    for (int i = 0; i < 4; i++, word >>= 8) sum = (sum ^ (word & 0xff)) * 16777619u;
    return sum;
}

static inline int workload_report(const char *name, uint32_t sum)
{
    printf("%s %08x\n", name, (unsigned)sum);
    return 0;
}

#endif
