/* x87.h -- 80-bit values taken apart and put together. Internal to this floor. */
#ifndef COVM_FLOAT_X87_H
#define COVM_FLOAT_X87_H

#include "hwsim/float/number.h"

enum { X87_SIGN = 0x8000, X87_EXPONENT = 0x7fff, X87_WRAP = 24576 };
enum { X87_BEFORE = FLOAT_IE | FLOAT_DE | FLOAT_ZE }; /* found before anything is computed */

NUMBER_INLINE struct vreg x87_value(uint64_t significand, unsigned exponent, bool negative)
{
    return (struct vreg){{significand, exponent | (unsigned)negative << 15}};
}
NUMBER_INLINE struct vreg x87_zero(bool negative) { return x87_value(0, 0, negative); }
NUMBER_INLINE struct vreg x87_infinity(bool negative) { return x87_value(NUMBER_TOP, X87_EXPONENT, negative); }
NUMBER_INLINE struct vreg x87_indefinite(void) { return x87_value(NUMBER_TOP | NUMBER_QUIET, X87_EXPONENT, true); }

/* A result and its status, of which an unmasked IE, DE or ZE leaves only these three, and a comparison's outcome. */
NUMBER_INLINE struct float_result x87_result(struct vreg value, unsigned status, uint64_t fcw)
{
    if (UNLIKELY(status & X87_BEFORE & ~fcw)) status &= X87_BEFORE | FLOAT_C3 | FLOAT_C2 | FLOAT_C0;
    return (struct float_result){value, (uint16_t)status};
}
NUMBER_INLINE struct float_result x87_invalid(uint64_t fcw) { return x87_result(x87_indefinite(), FLOAT_IE, fcw); }

/* A normal number? */
NUMBER_INLINE bool x87_is_normal(struct vreg a)
{
    return ((a.half[1] - 1) & X87_EXPONENT) < X87_EXPONENT - 1 && a.half[0] >> 63;
}
NUMBER_INLINE struct operand x87_unpack_normal(struct vreg a)
{
    return (struct operand){a.half[0], a.half[1] & X87_EXPONENT, KIND_FINITE, a.half[1] >> 15 & 1, false};
}
/* Any value, those too that the 8087 knew and later ones refuse (SDM vol. 1, 8.2.2): pseudo-infinities, pseudo-NaNs and
 * unnormals. A pseudo-denormal is a denormal. */
struct operand x87_unpack_rare(uint64_t significand, uint64_t sign_exponent);
NUMBER_INLINE struct operand x87_unpack(struct vreg a)
{
    return LIKELY(x87_is_normal(a)) ? x87_unpack_normal(a) : x87_unpack_rare(a.half[0], a.half[1]);
}
NUMBER_INLINE unsigned x87_denormal(struct operand a) { return a.denormal ? FLOAT_DE : 0; }

NUMBER_INLINE enum number_mode x87_mode(uint64_t fcw) { return (enum number_mode)(fcw >> 10 & 3); }
NUMBER_INLINE unsigned x87_precision(uint64_t fcw)
{
    unsigned control = fcw >> 8 & 3;
    return control == 0 ? 24 : control == 2 ? 53 : 64;
}

/* Rounds a number to `precision` bits and the 80-bit range. status: what was found before; of an invalid operation and
 * of a division by zero a denormal operand says nothing. */
struct float_result x87_round(struct number a, unsigned precision, unsigned status, uint64_t fcw);

NUMBER_INLINE bool x87_is_nan(struct operand a) { return a.kind >= KIND_QUIET; }
/* The result where one of two operands is a NaN or unsupported (SDM vol. 1, 4.8.3.5 and table 4-7). */
struct float_result x87_nan(struct operand a, struct operand b, uint64_t fcw);
struct float_result x87_nan_alone(struct operand a, uint64_t fcw);

#endif
