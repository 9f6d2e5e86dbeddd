/* widen.c -- singles and doubles as extended values, bit by bit: no number is changed, no NaN quieted. */
#include "hwsim/float/float.h"

bool float80_widen(uint64_t bits, bool is_double, struct vreg *value)
{
    unsigned fraction_bits = is_double ? 52 : 23, exponent_bits = is_double ? 11 : 8;
    uint64_t fraction = bits & bits_mask(fraction_bits), sign = bits >> (fraction_bits + exponent_bits) & 1;
    uint64_t exponent = bits >> fraction_bits & bits_mask(exponent_bits), bias = bits_mask(exponent_bits - 1);
    bool denormal = !exponent && fraction;
    uint64_t significand = fraction << (63 - fraction_bits), wide = exponent - bias + 0x3fff;
    if (denormal) {
        unsigned shift = 63 - log2_floor(significand);
        significand <<= shift;
        wide = 1 - bias + 0x3fff - shift;
    } else if (!exponent) {
        wide = 0;
    } else {
        significand |= UINT64_C(1) << 63;
        if (exponent == bits_mask(exponent_bits)) wide = 0x7fff;
    }
    *value = (struct vreg){{significand, sign << 15 | wide}};
    return denormal;
}
