/* packed_multiply.c -- packed integers across lane sizes: products wider than their factors, and sums of neighbours. */
#include "hwsim/isa/packed_lanes.h"

/* Without vector registers gcc 12 packs four 16-bit lanes into a general register, and then takes the high part of the
 * 64-bit product for the high parts of the four. */
#if defined(__GNUC__) && !defined(__clang__) && !defined(__SSE2__)
#pragma GCC optimize("no-tree-vectorize")
#endif

/* r[i], for each lane i of the result's type, from the lanes of x (a) and y (b). */
#define EACH(name, field, type, expression)                                                                            \
    struct vreg packed_##name(struct vreg a, struct vreg b)                                                            \
    {                                                                                                                  \
        const union lanes x = {a}, y = {b};                                                                            \
        union lanes r;                                                                                                 \
        for (unsigned i = 0; i < LENGTH(r.field); i++) r.field[i] = (type)(expression);                                \
        return r.v;                                                                                                    \
    }

/* SDM PMULHW, PMULHUW, PMULHRSW, PMULUDQ, PMULDQ. PMULHRSW of -1 by -1 (as fractions) wraps around to -1. */
EACH(mulhi_signed, i16, int16_t, x.i16[i] * y.i16[i] >> 16)
EACH(mulhi_unsigned, u16, uint16_t, (uint32_t)x.u16[i] * y.u16[i] >> 16)
EACH(mulhrs, i16, int16_t, ((x.i16[i] * y.i16[i] >> 14) + 1) >> 1)
EACH(muludq, u64, uint64_t, (uint64_t)x.u32[2 * i] * y.u32[2 * i])
EACH(muldq, i64, int64_t, (int64_t)x.i32[2 * i] * y.i32[2 * i])

/* SDM PMADDWD, PMADDUBSW. The sum of two products of 0x8000 by itself wraps around. */
EACH(maddwd, u32, uint32_t, (uint32_t)(x.i16[2 * i] * y.i16[2 * i]) + (uint32_t)(x.i16[2 * i + 1] * y.i16[2 * i + 1]))
EACH(maddubs, i16, int16_t,
     lanes_clamp(x.u8[2 * i] * y.i8[2 * i] + x.u8[2 * i + 1] * y.i8[2 * i + 1], INT16_MIN, INT16_MAX))

/* The sum of the absolute differences of some bytes. */
static unsigned distance(const uint8_t *x, const uint8_t *y, unsigned bytes)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < bytes; i++) sum += (unsigned)(x[i] > y[i] ? x[i] - y[i] : y[i] - x[i]);
    return sum;
}

/* SDM PSADBW. */
EACH(sadbw, u64, uint64_t, distance(x.u8 + 8 * i, y.u8 + 8 * i, 8))

/* SDM MPSADBW: four bytes of b (imm bits 1..0 say which) against eight overlapping fours of a (from byte 0, or 4 with
 * imm bit 2). */
struct vreg packed_mpsadbw(struct vreg a, struct vreg b, unsigned imm)
{
    const union lanes x = {a}, y = {b};
    union lanes r;
    for (unsigned i = 0; i < 8; i++) r.u16[i] = (uint16_t)distance(x.u8 + (imm & 4) + i, y.u8 + 4 * (imm & 3), 4);
    return r.v;
}

/* SDM PHMINPOSUW: the lowest word, and the place where it stands first. */
struct vreg packed_minpos(struct vreg b)
{
    const union lanes x = {b};
    unsigned at = 0;
    for (unsigned i = 1; i < 8; i++)
        if (x.u16[i] < x.u16[at]) at = i;
    return (struct vreg){{x.u16[at] | (uint64_t)at << 16, 0}};
}

/* SDM PHADD, PHSUB, PHADDSW, PHSUBSW: of neighbours in the two registers joined. */
#define NEIGHBOURS(field, type, expression)                                                                            \
    for (unsigned i = 0; i < LENGTH(r.field); i++) {                                                                   \
        const type even = x.field[2 * i], odd = x.field[2 * i + 1];                                                    \
        r.field[i] = (type)(expression);                                                                               \
    }
#define HORIZONTAL(name, operator)                                                                                     \
    struct vreg packed_##name(struct vreg a, struct vreg b, unsigned lane, bool half)                                  \
    {                                                                                                                  \
        const union joined x = lanes_join(a, b, half);                                                                 \
        union lanes r;                                                                                                 \
        if (lane == 1)                                                                                                 \
            NEIGHBOURS(u16, uint16_t, even operator odd)                                                               \
        else                                                                                                           \
            NEIGHBOURS(u32, uint32_t, even operator odd)                                                               \
        return r.v;                                                                                                    \
    }                                                                                                                  \
    struct vreg packed_##name##s(struct vreg a, struct vreg b, bool half)                                              \
    {                                                                                                                  \
        const union joined x = lanes_join(a, b, half);                                                                 \
        union lanes r;                                                                                                 \
        NEIGHBOURS(i16, int16_t, lanes_clamp(even operator odd, INT16_MIN, INT16_MAX))                                 \
        return r.v;                                                                                                    \
    }
HORIZONTAL(hadd, +)
HORIZONTAL(hsub, -)
