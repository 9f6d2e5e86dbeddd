/* packed_lanes.h -- a vector register taken apart into lanes, for packed_*.c alone.
 *
 * As C vectors (the extension of gcc and clang): the compiler uses the host's vector unit, or general registers where
 * there is none. And as arrays, which take the host to be little-endian, as all of covm does.
 */
#ifndef COVM_PACKED_LANES_H
#define COVM_PACKED_LANES_H

#include "hwsim/isa/packed.h"

typedef uint8_t vector_u8 __attribute__((vector_size(16)));
typedef uint16_t vector_u16 __attribute__((vector_size(16)));
typedef uint32_t vector_u32 __attribute__((vector_size(16)));
typedef uint64_t vector_u64 __attribute__((vector_size(16)));
typedef int8_t vector_i8 __attribute__((vector_size(16)));
typedef int16_t vector_i16 __attribute__((vector_size(16)));
typedef int32_t vector_i32 __attribute__((vector_size(16)));
typedef int64_t vector_i64 __attribute__((vector_size(16)));

union lanes {
    struct vreg v;
    uint8_t u8[16];
    uint16_t u16[8];
    uint32_t u32[4];
    uint64_t u64[2];
    int8_t i8[16];
    int16_t i16[8];
    int32_t i32[4];
    int64_t i64[2];
};

/* Two registers end to end, b above a; of the 64-bit form two halves, with zeros above. */
union joined {
    uint64_t u64[4];
    uint16_t u16[16];
    uint32_t u32[8];
    int16_t i16[16];
    int32_t i32[8];
};
static inline union joined lanes_join(struct vreg a, struct vreg b, bool half)
{
    if (half) return (union joined){{a.half[0], b.half[0], 0, 0}};
    return (union joined){{a.half[0], a.half[1], b.half[0], b.half[1]}};
}

static inline int32_t lanes_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

#endif
