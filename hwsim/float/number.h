/* number.h -- operands taken apart, exact results, and their rounding: what every format shares. Internal to this
 * floor.
 *
 * An operation takes operands apart (64-bit significands), computes a number (128 bits, of which the last also stands
 * for everything below it) and rounds that once to the precision and range of its format. Exponents are biased by
 * 16383, as in the 80-bit format, whatever the format.
 */
#ifndef COVM_FLOAT_NUMBER_H
#define COVM_FLOAT_NUMBER_H

#include "hwsim/float/float.h"

/* The common case (normal numbers) is inlined and stays in registers. What is left to rare functions starts over, and
 * from plain words: a structure passed by value would be kept in memory in the common case, too. */
#define NUMBER_INLINE static inline __attribute__((always_inline, unused))
#define NUMBER_RARE   __attribute__((noinline, cold))

typedef unsigned __int128 wide;

enum number_kind { KIND_ZERO, KIND_FINITE, KIND_INFINITY, KIND_QUIET, KIND_SIGNALLING, KIND_UNSUPPORTED };
enum number_mode { ROUND_NEAREST, ROUND_DOWN, ROUND_UP, ROUND_ZERO }; /* as RC of the control words has them */
enum { NUMBER_BIAS = 16383 };
#define NUMBER_TOP   (UINT64_C(1) << 63)
#define NUMBER_QUIET (UINT64_C(1) << 62)

struct operand {
    uint64_t significand; /* finite: top bit set; NaN: as an 80-bit value has it, shorter ones aligned to its top */
    int32_t exponent;
    enum number_kind kind;
    bool negative, denormal;
};

/* The result of an operation before rounding. */
struct number {
    wide significand; /* finite: top bit set; value = significand * 2^(exponent - NUMBER_BIAS - 127) */
    int32_t exponent;
    enum number_kind kind; /* quiet: the operation was invalid, the default NaN is its result */
    bool negative;
    uint8_t status; /* IE, ZE */
};

NUMBER_INLINE struct number number_finite(wide significand, int32_t exponent, bool negative)
{
    return (struct number){significand, exponent, KIND_FINITE, negative, 0};
}
NUMBER_INLINE struct number number_zero(bool negative)
{
    return (struct number){.kind = KIND_ZERO, .negative = negative};
}
NUMBER_INLINE struct number number_infinity(bool negative)
{
    return (struct number){.kind = KIND_INFINITY, .negative = negative};
}
NUMBER_INLINE struct number number_invalid(void) { return (struct number){.kind = KIND_QUIET, .status = FLOAT_IE}; }
/* An operand that is no NaN, as a number. */
NUMBER_INLINE struct number number_of(struct operand a)
{
    return (struct number){(wide)a.significand << 64, a.exponent, a.kind, a.negative, 0};
}

/* Moved up until the top bit is set; there must be one. */
NUMBER_INLINE struct number number_normalize(wide significand, int32_t exponent, bool negative)
{
    uint64_t high = (uint64_t)(significand >> 64);
    unsigned zeros = (unsigned)(high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)significand));
    return number_finite(significand << zeros, exponent - (int32_t)zeros, negative);
}
NUMBER_INLINE struct number number_normalize_short(uint64_t high, int32_t exponent, bool negative)
{
    int32_t zeros = __builtin_clzll(high);
    return number_finite((wide)(high << zeros) << 64, exponent - zeros, negative);
}

/* `value` must not be 0. */
NUMBER_INLINE struct number number_of_integer(uint64_t value, bool negative)
{
    return number_normalize_short(value, NUMBER_BIAS + 63, negative);
}

/* ---- operations on operands that are no NaNs ---- */

/* `precision`: of the operands' significands. The mode only tells the sign of a sum that is 0. */
typedef struct number number_fn(struct operand a, struct operand b, unsigned precision, enum number_mode mode);

/* What is shifted out stays as the last bit. */
NUMBER_INLINE wide number_shift_right(wide significand, unsigned count)
{
    if (count == 0) return significand;
    if (count > 127) return significand != 0;
    return significand >> count | (significand << (128 - count) != 0);
}

/* x + y or x - y where x is not the less, y moved to the right first; the top bit of either stands at 126. */
NUMBER_INLINE wide number_sum_long(uint64_t x, uint64_t y, unsigned distance, bool opposite)
{
    wide more = (wide)x << 63, less = (wide)y << 63, sign = -(wide)opposite;
    less = LIKELY(distance < 64) ? less >> distance : number_shift_right(less, distance);
    return more + (less ^ sign) - sign;
}
/* The same of significands of at most 60 bits: the rest of 64 is room enough, and quicker. */
NUMBER_INLINE uint64_t number_sum_short(uint64_t x, uint64_t y, unsigned distance, bool opposite)
{
    uint64_t more = x >> 1, less = y >> 1, sign = -(uint64_t)opposite;
    less = LIKELY(distance < 64) ? less >> distance | ((less & ((UINT64_C(1) << distance) - 1)) != 0) : 1;
    return more + (less ^ sign) - sign;
}

NUMBER_INLINE struct number number_add(struct operand a, struct operand b, unsigned precision, enum number_mode mode)
{
    bool round_down = mode == ROUND_DOWN;
    if (UNLIKELY(a.kind != KIND_FINITE || b.kind != KIND_FINITE)) {
        if (a.kind == KIND_INFINITY && b.kind == KIND_INFINITY && a.negative != b.negative) return number_invalid();
        if (a.kind == KIND_ZERO && b.kind == KIND_ZERO)
            return number_zero(a.negative == b.negative ? a.negative : round_down);
        return number_of(a.kind == KIND_INFINITY || b.kind == KIND_ZERO ? a : b);
    }
    /* Without branches, since order and signs are as good as random: exchanged where b is the greater, negated to
     * subtract. */
    bool exchange = (a.exponent < b.exponent) | ((a.exponent == b.exponent) & (a.significand < b.significand));
    uint64_t both = (a.significand ^ b.significand) & -(uint64_t)exchange;
    uint64_t x = a.significand ^ both, y = b.significand ^ both;
    int32_t most = exchange ? b.exponent : a.exponent, least = exchange ? a.exponent : b.exponent;
    unsigned distance = (unsigned)(most - least);
    bool opposite = a.negative != b.negative, negative = exchange ? b.negative : a.negative;
    if (precision <= 60) {
        uint64_t sum = number_sum_short(x, y, distance, opposite);
        return LIKELY(sum) ? number_normalize_short(sum, most + 1, negative) : number_zero(round_down);
    }
    wide sum = number_sum_long(x, y, distance, opposite);
    return LIKELY(sum != 0) ? number_normalize(sum, most + 1, negative) : number_zero(round_down);
}

NUMBER_INLINE struct number number_subtract(struct operand a, struct operand b, unsigned precision,
                                            enum number_mode mode)
{
    b.negative = !b.negative;
    return number_add(a, b, precision, mode);
}

NUMBER_INLINE struct number number_multiply(struct operand a, struct operand b, unsigned precision,
                                            enum number_mode mode)
{
    bool negative = a.negative != b.negative;
    if (UNLIKELY(a.kind != KIND_FINITE || b.kind != KIND_FINITE)) {
        if (a.kind == KIND_INFINITY || b.kind == KIND_INFINITY)
            return a.kind == KIND_ZERO || b.kind == KIND_ZERO ? number_invalid() : number_infinity(negative);
        return number_zero(negative);
    }
    wide product = (wide)a.significand * b.significand;
    unsigned zeros = !(product >> 127);
    return number_finite(product << zeros, a.exponent + b.exponent - NUMBER_BIAS + 1 - (int32_t)zeros, negative);
}

NUMBER_INLINE struct number number_divide(struct operand a, struct operand b, unsigned precision, enum number_mode mode)
{
    bool negative = a.negative != b.negative;
    if (UNLIKELY(a.kind != KIND_FINITE || b.kind != KIND_FINITE)) {
        if (a.kind == b.kind) return number_invalid();
        if (a.kind == KIND_INFINITY) return number_infinity(negative);
        if (b.kind == KIND_INFINITY || a.kind == KIND_ZERO) return number_zero(negative);
        return (struct number){.kind = KIND_INFINITY, .negative = negative, .status = FLOAT_ZE};
    }
    bool below = a.significand < b.significand;
    wide dividend = (wide)a.significand << (63 + below);
    uint64_t quotient = (uint64_t)(dividend / b.significand);
    uint64_t rest = (uint64_t)dividend - quotient * b.significand;
    /* of the bits below the quotient two are enough; exactly half it is never: 65 bits times b are no 64 */
    uint64_t low = (uint64_t)(rest > b.significand - rest) << 63 | (uint64_t)(rest != 0) << 62;
    return number_finite((wide)quotient << 64 | low, a.exponent - b.exponent + NUMBER_BIAS - below, negative);
}

/* The significand of the square root of a number with an odd exponent or an even one (bias apart). */
wide number_root_significand(wide significand, bool odd);
NUMBER_INLINE struct number number_root(struct number a)
{
    if (a.kind == KIND_ZERO) return a;
    if (UNLIKELY(a.negative)) return number_invalid();
    if (UNLIKELY(a.kind == KIND_INFINITY)) return a;
    int32_t exponent = a.exponent - NUMBER_BIAS, odd = exponent & 1;
    return number_finite(number_root_significand(a.significand, odd), (exponent - odd) / 2 + NUMBER_BIAS, false);
}

/* Of a; there is no second operand. */
NUMBER_INLINE struct number number_square_root(struct operand a, struct operand b, unsigned precision,
                                               enum number_mode mode)
{
    return number_root(number_of(a));
}

/* ---- rounding ---- */

struct number_format {
    unsigned precision;  /* bits of the significand, at most 64 */
    int32_t least, most; /* exponents of normal numbers */
};
struct number_control {
    enum number_mode mode;
    unsigned unmasked; /* OE, UE */
    int32_t wrap;      /* what an unmasked OE or UE moves the exponent by */
    bool flush;        /* a tiny result is 0 (where UE is masked) */
};
/* A significand without its top bit is a denormal number's or 0; an exponent above the format's most: infinity. */
struct rounded {
    uint64_t significand;
    int32_t exponent;
    uint16_t status;
};

/* `rest` is what lies below the last place: half of that place is its top bit. */
NUMBER_INLINE bool number_rounds_up(uint64_t rest, bool odd, bool negative, enum number_mode mode)
{
    if (LIKELY(mode == ROUND_NEAREST)) return (rest > NUMBER_TOP) | ((rest == NUMBER_TOP) & odd);
    return rest && mode == (negative ? ROUND_DOWN : ROUND_UP);
}

/* Rounds at a fixed place, whatever the range. */
NUMBER_INLINE struct rounded number_cut(struct number a, unsigned precision, enum number_mode mode)
{
    uint64_t high = (uint64_t)(a.significand >> 64), low = (uint64_t)a.significand;
    uint64_t rest = precision == 64 ? low : high << precision | (low != 0);
    uint64_t unit = UINT64_C(1) << (64 - precision), kept = high & -unit;
    bool up = number_rounds_up(rest, (kept & unit) != 0, a.negative, mode);
    uint16_t status = (uint16_t)((rest != 0) * FLOAT_PE | up * FLOAT_C1);
    kept += unit & -(uint64_t)up;
    if (UNLIKELY(kept == 0) && up) return (struct rounded){NUMBER_TOP, a.exponent + 1, status};
    return (struct rounded){kept, a.exponent, status};
}

/* A finite number, rounded once to a format. */
struct rounded number_round(struct number a, struct number_format format, struct number_control control);

/* The integer nearest a finite operand as the mode says, as a magnitude; anything from 2^64 up is 2^64 - 1. */
struct integer {
    uint64_t magnitude;
    unsigned status; /* PE, C1 */
};
NUMBER_INLINE struct integer number_to_integer(struct operand a, enum number_mode mode)
{
    int32_t bits = a.exponent - NUMBER_BIAS + 1; /* of the integer part */
    if (bits >= 64) return (struct integer){bits == 64 ? a.significand : UINT64_MAX, 0};
    uint64_t whole = bits > 0 ? a.significand >> (64 - bits) : 0;
    uint64_t rest = bits >= 0 ? a.significand << bits : 1; /* 1: less than half */
    bool up = number_rounds_up(rest, whole & 1, a.negative, mode);
    return (struct integer){whole + up, (rest ? FLOAT_PE : 0) | (up ? FLOAT_C1 : 0)};
}

/* -1 below, 0 equal, 1 above: operands that are no NaNs. */
NUMBER_INLINE int number_compare(struct operand a, struct operand b)
{
    if (a.kind == KIND_ZERO && b.kind == KIND_ZERO) return 0;
    if (a.kind == KIND_ZERO) return b.negative ? 1 : -1;
    if (b.kind == KIND_ZERO || a.negative != b.negative) return a.negative ? -1 : 1;
    int order = a.kind != b.kind                 ? (a.kind > b.kind ? 1 : -1)
                : a.kind == KIND_INFINITY        ? 0
                : a.exponent != b.exponent       ? (a.exponent > b.exponent ? 1 : -1)
                : a.significand != b.significand ? (a.significand > b.significand ? 1 : -1)
                                                 : 0;
    return a.negative ? -order : order;
}

#endif
