/* base.h -- the ground floor: what every folder may use, freestanding (no libc beyond the freestanding headers).
 *
 * memcpy, memmove, memset and memcmp are our own in freestanding builds (freestanding.c); a hosted build uses libc's.
 */
#ifndef COVM_BASE_H
#define COVM_BASE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

static inline uint64_t bits_mask(unsigned bits) { return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1; }
/* Not __builtin_popcount: without the instruction compilers call a library for it. */
static inline unsigned bits_count(uint64_t value)
{
    value -= value >> 1 & UINT64_C(0x5555555555555555);
    value = (value & UINT64_C(0x3333333333333333)) + (value >> 2 & UINT64_C(0x3333333333333333));
    value = (value + (value >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(value * UINT64_C(0x0101010101010101) >> 56);
}
static inline uint64_t round_up(uint64_t value, uint64_t power_of_two)
{
    return (value + power_of_two - 1) & -power_of_two;
}
static inline bool is_power_of_two(uint64_t value) { return value && !(value & (value - 1)); }
static inline unsigned log2_floor(uint64_t value) { return 63u - (unsigned)__builtin_clzll(value | 1); }

#endif
