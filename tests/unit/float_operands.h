/* Operands for the tests of floating point: every kind of value, boundaries, and numbers whose exponents lie near each
 * other. */
#ifndef COVM_TEST_FLOAT_OPERANDS_H
#define COVM_TEST_FLOAT_OPERANDS_H

#include <stdio.h>

#include "hwsim/base/prng.h"
#include "hwsim/float/float.h"

/* Sign, exponent and significand (or the high and the low half), for messages. */
struct operand_text {
    char text[40];
};
static inline struct operand_text operand_text(struct vreg a)
{
    struct operand_text r;
    snprintf(r.text, sizeof r.text, "%04llx.%016llx", (unsigned long long)a.half[1], (unsigned long long)a.half[0]);
    return r;
}

/* Significands with long runs of equal bits, few bits, or none of a pattern. */
static inline uint64_t operand_significand(struct prng *prng)
{
    uint64_t bits = prng_next(prng);
    switch (prng_below(prng, 6)) {
    case 0: return UINT64_C(1) << bits % 64;
    case 1: return -(UINT64_C(1) << bits % 64);
    case 2: return bits_mask((unsigned)(bits % 65));
    case 3: return bits & bits << 24 & prng_next(prng);
    case 4: return UINT64_C(0x8000000000000000) | (bits & 15) << (bits >> 58);
    default: return bits;
    }
}

/* An exponent field below 2^bits: at either end, around the bias, or near `near`. */
static inline unsigned operand_exponent(struct prng *prng, unsigned bits, unsigned near)
{
    unsigned most = (1u << bits) - 1, drawn = (unsigned)prng_next(prng);
    switch (prng_below(prng, 8)) {
    case 0: return drawn % 4 & most;
    case 1: return most - drawn % 4;
    case 2: return most / 2 - 40 + drawn % 80;
    case 3: return most / 2 + drawn % 4;
    case 4: return drawn & most;
    default: return (near - 66 + drawn % 132) & most;
    }
}

/* An 80-bit value; without `any`, of an encoding that arithmetic makes: top bit set unless the exponent is 0. */
static inline struct vreg operand_extended(struct prng *prng, unsigned near)
{
    unsigned exponent = operand_exponent(prng, 15, near);
    uint64_t significand = operand_significand(prng), choice = prng_below(prng, 32);
    if (choice > 1) significand = exponent ? significand | UINT64_C(1) << 63 : significand;
    if (choice == 2) exponent = 0x7fff, significand = UINT64_C(1) << 63;
    if (choice == 3) exponent = 0, significand = 0;
    if (choice > 16 && (exponent & 0x7fff) == 0x7fff) exponent -= 70;
    return (struct vreg){{significand, exponent | (prng_next(prng) & 0x8000)}};
}
static inline uint64_t operand_ieee(struct prng *prng, unsigned exponent_bits, unsigned fraction_bits, unsigned near)
{
    uint64_t exponent = operand_exponent(prng, exponent_bits, near), choice = prng_below(prng, 32);
    uint64_t fraction = operand_significand(prng) << 1 >> (64 - fraction_bits);
    if (choice == 0) fraction = 0;
    if (choice > 16 && exponent == bits_mask(exponent_bits)) exponent -= 30;
    return (prng_next(prng) & 1) << (exponent_bits + fraction_bits) | exponent << fraction_bits | fraction;
}

#endif
