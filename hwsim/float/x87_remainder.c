/* FPREM and FPREM1 (SDM vol. 2): a - b * quotient, exactly; the quotient is a / b cut or rounded to nearest.
 *
 * Where the exponents differ by 64 or more, one step only brings the exponent down by a number between 32 and 63 that
 * is the processor's own; ours is the one for which the rest is a multiple of 32, as on AMD's processors.
 */
#include "hwsim/float/x87.h"

/* The quotient's last three bits as C0 C3 C1. */
static unsigned quotient_bits(uint64_t quotient)
{
    return (quotient & 4 ? FLOAT_C0 : 0) | (quotient & 2 ? FLOAT_C3 : 0) | (quotient & 1 ? FLOAT_C1 : 0);
}

static struct float_result reduced(struct operand a, struct operand b, bool nearest, uint64_t fcw)
{
    unsigned status = x87_denormal(a) | x87_denormal(b);
    int32_t distance = a.exponent - b.exponent;
    if (distance < -1 || (distance < 0 && !nearest)) return x87_round(number_of(a), 64, status, fcw);

    bool partial = distance >= 64;
    int32_t by = partial ? 32 + distance % 32 : distance; /* -1: a may still be more than half of b */
    wide dividend = by < 0 ? a.significand : (wide)a.significand << by;
    uint64_t divisor = b.significand, quotient = by < 0 ? 0 : (uint64_t)(dividend / divisor);
    wide rest = by < 0 ? dividend : dividend - (wide)quotient * divisor;
    wide whole = by < 0 ? (wide)divisor << 1 : divisor; /* b on the scale of `rest` */
    bool negative = a.negative;
    if (nearest && !partial && (2 * rest > whole || (2 * rest == whole && quotient & 1))) {
        rest = whole - rest;
        quotient++;
        negative = !negative;
    }
    int32_t exponent = b.exponent + distance - by - (by < 0);
    struct number r = rest ? number_normalize(rest, exponent + 64, negative) : number_zero(a.negative);
    struct float_result result = x87_round(r, 64, status, fcw);
    if (!(result.status & X87_BEFORE & ~fcw)) result.status |= partial ? FLOAT_C2 : quotient_bits(quotient);
    return result;
}

static struct float_result remainder_of(struct vreg a, struct vreg b, bool nearest, uint64_t fcw)
{
    struct operand x = x87_unpack(a), y = x87_unpack(b);
    if (x87_is_nan(x) || x87_is_nan(y)) return x87_nan(x, y, fcw);
    if (x.kind == KIND_INFINITY || y.kind == KIND_ZERO) return x87_invalid(fcw);
    if (x.kind == KIND_ZERO || y.kind == KIND_INFINITY)
        return x87_round(number_of(x), 64, x87_denormal(x) | x87_denormal(y), fcw);
    return reduced(x, y, nearest, fcw);
}
struct float_result float80_prem(struct vreg a, struct vreg b, uint64_t fcw) { return remainder_of(a, b, false, fcw); }
struct float_result float80_prem1(struct vreg a, struct vreg b, uint64_t fcw) { return remainder_of(a, b, true, fcw); }
