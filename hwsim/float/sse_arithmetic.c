/* SSE's arithmetic: on each lane, and across lanes. */
#include "hwsim/float/sse.h"

/* ---- add, subtract, multiply, divide: the common case inlined, the rest from the start again ---- */

static NUMBER_RARE struct lane binary_rare(bool is_double, uint64_t a, uint64_t b, uint64_t mxcsr, number_fn *compute)
{
    struct ieee format = is_double ? ieee_double : ieee_single;
    struct operand x = sse_unpack(format, a, mxcsr), y = sse_unpack(format, b, mxcsr);
    if (sse_is_nan(x) || sse_is_nan(y)) return sse_nan(format, x, y);
    return sse_round(format, compute(x, y, format.range.precision, sse_mode(mxcsr)), sse_denormal(x) | sse_denormal(y),
                     mxcsr);
}
NUMBER_INLINE struct lane binary(struct ieee format, uint64_t a, uint64_t b, uint64_t mxcsr, number_fn *compute)
{
    if (LIKELY(ieee_is_normal(format, a) && ieee_is_normal(format, b))) {
        struct number r = compute(ieee_unpack_normal(format, a), ieee_unpack_normal(format, b), format.range.precision,
                                  sse_mode(mxcsr));
        struct lane lane;
        if (ieee_round_common(format, r, sse_mode(mxcsr), &lane)) return lane;
    }
    return binary_rare(format.bits == 64, a, b, mxcsr, compute);
}

#define BINARY(name, compute)                                                                                          \
    NUMBER_INLINE struct lane lane_##name(struct ieee format, uint64_t a, uint64_t b, uint64_t mxcsr)                  \
    {                                                                                                                  \
        return binary(format, a, b, mxcsr, compute);                                                                   \
    }                                                                                                                  \
    struct float_result float_##name(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr)                    \
    {                                                                                                                  \
        return sse_lanes(format, a, b, mxcsr, lane_##name);                                                            \
    }
BINARY(add, number_add)
BINARY(sub, number_subtract)
BINARY(mul, number_multiply)
BINARY(div, number_divide)

static struct lane lane_sqrt(struct ieee format, uint64_t a, uint64_t b, uint64_t mxcsr)
{
    return binary(format, b, b, mxcsr, number_square_root);
}
struct float_result float_sqrt(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr)
{
    return sse_lanes(format, a, b, mxcsr, lane_sqrt);
}

/* ---- rounding to integers ---- */

/* Rounds as MXCSR's mode says. A denormal operand is no exception. */
static struct lane lane_round(struct ieee format, uint64_t a, uint64_t b, uint64_t mxcsr)
{
    struct operand y = sse_unpack(format, b, mxcsr);
    if (sse_is_nan(y)) return sse_nan(format, y, y);
    if (y.kind != KIND_FINITE || y.exponent >= NUMBER_BIAS + 63) return (struct lane){sse_flushed(format, y, b), 0};
    struct integer r = number_to_integer(y, sse_mode(mxcsr));
    if (r.magnitude == 0) return (struct lane){ieee_sign(format, y.negative), r.status};
    return sse_round(format, number_of_integer(r.magnitude, y.negative), r.status, mxcsr);
}
struct float_result float_round(unsigned format, struct vreg a, struct vreg b, unsigned imm, uint64_t mxcsr)
{
    enum { FROM_MXCSR = 4, NO_PE = 8, RC = 3 << 13 };
    if (!(imm & FROM_MXCSR)) mxcsr = (mxcsr & ~(uint64_t)RC) | (uint64_t)(imm & 3) << 13;
    struct float_result r = sse_lanes(format, a, b, mxcsr, lane_round);
    if (imm & NO_PE) r.status &= (uint16_t)~FLOAT_PE;
    return r;
}

/* ---- across lanes ---- */

/* The even lanes of a and b, or the odd ones. */
static struct vreg gather(unsigned format, struct vreg a, struct vreg b, bool odd)
{
    if (sse_is_double(format)) return (struct vreg){{a.half[odd], b.half[odd]}};
    unsigned shift = odd ? 32 : 0;
    uint64_t low = (uint32_t)(a.half[0] >> shift) | a.half[1] >> shift << 32;
    uint64_t high = (uint32_t)(b.half[0] >> shift) | b.half[1] >> shift << 32;
    return (struct vreg){{low, high}};
}
struct float_result float_hadd(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr)
{
    return float_add(format, gather(format, a, b, false), gather(format, a, b, true), mxcsr);
}
struct float_result float_hsub(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr)
{
    return float_sub(format, gather(format, a, b, false), gather(format, a, b, true), mxcsr);
}

/* Keeps the lanes whose bit is set; the others become +0. */
static struct vreg select(unsigned format, struct vreg a, unsigned lanes)
{
    if (sse_is_double(format)) return (struct vreg){{lanes & 1 ? a.half[0] : 0, lanes & 2 ? a.half[1] : 0}};
    for (unsigned i = 0; i < 4; i++)
        if (!(lanes >> i & 1)) a.half[i / 2] &= ~(UINT64_C(0xffffffff) << i % 2 * 32);
    return a;
}

/* Subtracts in the even lanes and adds in the odd ones; the lanes that each leaves out are 0 with 0 and say nothing. */
struct float_result float_addsub(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr)
{
    enum { EVEN = 5, ODD = 10 };
    struct float_result even = float_sub(format, select(format, a, EVEN), select(format, b, EVEN), mxcsr);
    struct float_result odd = float_add(format, select(format, a, ODD), select(format, b, ODD), mxcsr);
    struct vreg x = select(format, even.value, EVEN), y = select(format, odd.value, ODD);
    return sse_result(x.half[0] | y.half[0], x.half[1] | y.half[1], even.status | odd.status, mxcsr);
}

/* Products of the lanes that imm 7..4 selects, summed as (p0 + p1) + (p2 + p3), to the lanes that imm 3..0 selects.
 * Each step has its own exceptions; an unmasked one is the end. */
struct float_result float_dot(unsigned format, struct vreg a, struct vreg b, unsigned imm, uint64_t mxcsr)
{
    unsigned unmasked = sse_unmasked(mxcsr), from = imm >> 4;
    struct float_result r = float_mul(format, select(format, a, from), select(format, b, from), mxcsr);
    for (unsigned lanes = sse_is_double(format) ? 2 : 4; lanes > 1 && !(r.status & unmasked); lanes /= 2) {
        unsigned before = r.status;
        r = float_hadd(format, r.value, r.value, mxcsr);
        r.status |= (uint16_t)before;
    }
    r.value = select(format, r.value, imm);
    return r;
}

/* ---- approximations ---- */

enum { APPROXIMATE_BITS = 12 };

/* Rounded to nearest; what is below the normal numbers is 0. */
static uint64_t approximate(struct number a)
{
    struct number_format format = ieee_single.range;
    struct rounded r = number_cut(a, APPROXIMATE_BITS, ROUND_NEAREST);
    if (r.exponent < format.least) return ieee_sign(ieee_single, a.negative);
    return ieee_pack_normal(ieee_single, r, a.negative);
}
static struct number reciprocal(struct operand a)
{
    struct operand one = {NUMBER_TOP, NUMBER_BIAS, KIND_FINITE, false, false};
    return number_divide(one, a, ieee_single.range.precision, ROUND_NEAREST);
}

static struct lane lane_rcp(struct ieee format, uint64_t a, uint64_t b, uint64_t mxcsr)
{
    struct operand y = sse_unpack(format, b, MXCSR_DAZ);
    if (sse_is_nan(y)) return (struct lane){sse_nan(format, y, y).bits, 0};
    if (y.kind == KIND_INFINITY) return (struct lane){ieee_sign(format, y.negative), 0};
    if (y.kind == KIND_ZERO) return (struct lane){ieee_infinity(format, y.negative), 0};
    return (struct lane){approximate(reciprocal(y)), 0};
}
static struct lane lane_rsqrt(struct ieee format, uint64_t a, uint64_t b, uint64_t mxcsr)
{
    struct operand y = sse_unpack(format, b, MXCSR_DAZ);
    if (sse_is_nan(y)) return (struct lane){sse_nan(format, y, y).bits, 0};
    if (y.kind == KIND_ZERO) return (struct lane){ieee_infinity(format, y.negative), 0};
    if (y.negative) return (struct lane){ieee_indefinite(format), 0};
    if (y.kind == KIND_INFINITY) return (struct lane){0, 0};
    return (struct lane){approximate(number_root(reciprocal(y))), 0};
}
struct float_result float_rcp(unsigned format, struct vreg a, struct vreg b)
{
    return sse_lanes(format, a, b, 0, lane_rcp);
}
struct float_result float_rsqrt(unsigned format, struct vreg a, struct vreg b)
{
    return sse_lanes(format, a, b, 0, lane_rsqrt);
}
