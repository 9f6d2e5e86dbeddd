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
/* `value` must not be 0. */
NUMBER_INLINE struct number number_of_integer(uint64_t value, bool negative)
{
    unsigned zeros = (unsigned)__builtin_clzll(value);
    return number_finite((wide)(value << zeros) << 64, NUMBER_BIAS + 63 - (int32_t)zeros, negative);
}

/* ---- operations on operands that are no NaNs ---- */

/* What is shifted out stays as the last bit. */
NUMBER_INLINE wide number_shift_right(wide significand, unsigned count)
{
    if (count == 0) return significand;
    if (count > 127) return significand != 0;
    return significand >> count | (significand << (128 - count) != 0);
}
/* `significand` is not 0. */
NUMBER_INLINE struct number number_normalize(wide significand, int32_t exponent, bool negative)
{
    uint64_t high = (uint64_t)(significand >> 64);
    unsigned zeros = (unsigned)(high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)significand));
    return number_finite(significand << zeros, exponent - (int32_t)zeros, negative);
}

/* round_down: the sum of x and -x is -0. */
NUMBER_INLINE struct number number_add(struct operand a, struct operand b, bool round_down)
{
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
    int32_t distance = a.exponent - b.exponent, most = exchange ? b.exponent : a.exponent;
    distance = exchange ? -distance : distance;
    wide x = (wide)(a.significand ^ both) << 63, y = (wide)(b.significand ^ both) << 63;
    y = LIKELY(distance < 64) ? y >> distance : number_shift_right(y, (unsigned)distance);
    wide opposite = -(wide)(a.negative != b.negative);
    wide sum = x + (y ^ opposite) - opposite;
    if (UNLIKELY(sum == 0)) return number_zero(round_down);
    return number_normalize(sum, most + 1, exchange ? b.negative : a.negative);
}

NUMBER_INLINE struct number number_multiply(struct operand a, struct operand b)
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

NUMBER_INLINE struct number number_divide(struct operand a, struct operand b)
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
    /* of the bits below the quotient two are enough: is it half or more, is it more than that */
    uint64_t half = b.significand - rest;
    uint64_t low = (uint64_t)(rest >= half) << 63 | (uint64_t)(rest && rest != half) << 62;
    return number_finite((wide)quotient << 64 | low, a.exponent - b.exponent + NUMBER_BIAS - below, negative);
}

/* The square root of a number that is positive and finite. */
struct number number_root(struct number a);
/* The square root of any operand that is no NaN. */
struct number number_square_root(struct operand a);

/* ---- rounding ---- */

enum number_mode { ROUND_NEAREST, ROUND_DOWN, ROUND_UP, ROUND_ZERO }; /* as RC of the control words has them */

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

/* The integer nearest a finite number as the mode says, as a magnitude; anything from 2^64 up is 2^64. */
struct integer {
    wide magnitude;
    uint16_t status; /* PE, C1 */
};
struct integer number_to_integer(struct number a, enum number_mode mode);

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
