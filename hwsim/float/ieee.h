/* ieee.h -- single and double values taken apart and put together. Internal to this floor. */
#ifndef COVM_FLOAT_IEEE_H
#define COVM_FLOAT_IEEE_H

#include "hwsim/float/number.h"

struct ieee {
    struct number_format range;
    unsigned bits;
};
static const struct ieee ieee_single = {{24, NUMBER_BIAS - 126, NUMBER_BIAS + 127}, 32};
static const struct ieee ieee_double = {{53, NUMBER_BIAS - 1022, NUMBER_BIAS + 1023}, 64};

/* Bits of the fraction, and the greatest exponent field. */
NUMBER_INLINE unsigned ieee_fraction(struct ieee format) { return format.range.precision - 1; }
NUMBER_INLINE unsigned ieee_special(struct ieee format) { return (1u << (format.bits - format.range.precision)) - 1; }

NUMBER_INLINE uint64_t ieee_sign(struct ieee format, bool negative) { return (uint64_t)negative << (format.bits - 1); }
NUMBER_INLINE uint64_t ieee_infinity(struct ieee format, bool negative)
{
    return ieee_sign(format, negative) | (uint64_t)ieee_special(format) << ieee_fraction(format);
}
/* From a significand as an 80-bit NaN has it. */
NUMBER_INLINE uint64_t ieee_nan(struct ieee format, uint64_t significand, bool negative)
{
    return ieee_infinity(format, negative) | significand << 1 >> (64 - ieee_fraction(format));
}
NUMBER_INLINE uint64_t ieee_indefinite(struct ieee format) { return ieee_nan(format, NUMBER_QUIET, true); }

NUMBER_INLINE unsigned ieee_field(struct ieee format, uint64_t bits)
{
    return (unsigned)(bits >> ieee_fraction(format)) & ieee_special(format);
}
NUMBER_INLINE bool ieee_is_normal(struct ieee format, uint64_t bits)
{
    return ieee_field(format, bits) - 1 < ieee_special(format) - 1;
}
NUMBER_INLINE struct operand ieee_unpack_normal(struct ieee format, uint64_t bits)
{
    return (struct operand){bits << (64 - ieee_fraction(format)) >> 1 | NUMBER_TOP,
                            (int32_t)ieee_field(format, bits) + format.range.least - 1, KIND_FINITE,
                            bits >> (format.bits - 1) & 1, false};
}
/* Any value. daz: denormal numbers are zeros. */
NUMBER_INLINE struct operand ieee_unpack(struct ieee format, uint64_t bits, bool daz)
{
    struct operand r = ieee_unpack_normal(format, bits);
    if (LIKELY(ieee_is_normal(format, bits))) return r;
    uint64_t fraction = r.significand & ~NUMBER_TOP;
    if (ieee_field(format, bits)) {
        r.kind = fraction == 0 ? KIND_INFINITY : fraction & NUMBER_QUIET ? KIND_QUIET : KIND_SIGNALLING;
    } else if (fraction == 0 || daz) {
        r.kind = KIND_ZERO;
    } else {
        int zeros = __builtin_clzll(fraction);
        r.significand = fraction << zeros;
        r.exponent = format.range.least - zeros;
        r.denormal = true;
    }
    return r;
}

/* A result within the format's range, or its infinity. */
NUMBER_INLINE uint64_t ieee_pack_normal(struct ieee format, struct rounded a, bool negative)
{
    return ieee_sign(format, negative) | (uint64_t)(a.exponent - format.range.least + 1) << ieee_fraction(format) |
           a.significand << 1 >> (64 - ieee_fraction(format));
}
/* A value and its status. */
struct lane {
    uint64_t bits;
    unsigned status;
};
/* The common case of rounding to a format: true if the result is a normal number. */
NUMBER_INLINE bool ieee_round_common(struct ieee format, struct number a, enum number_mode mode, struct lane *r)
{
    struct rounded cut = number_cut(a, format.range.precision, mode);
    *r = (struct lane){ieee_pack_normal(format, cut, a.negative), cut.status};
    return LIKELY(a.kind == KIND_FINITE && cut.exponent >= format.range.least && cut.exponent <= format.range.most);
}
/* Any case. status: what was found before; of an invalid operation and of a division by zero a denormal operand says
 * nothing. */
struct lane ieee_round(struct ieee format, struct number a, struct number_control control, unsigned status);

#endif
