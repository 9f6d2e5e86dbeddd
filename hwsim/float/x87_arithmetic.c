/* x87's arithmetic proper: what takes numbers and gives numbers. */
#include "hwsim/float/x87.h"

NUMBER_RARE struct operand x87_unpack_rare(uint64_t significand, uint64_t sign_exponent)
{
    unsigned exponent = sign_exponent & X87_EXPONENT;
    struct operand r = {significand, (int32_t)exponent, KIND_FINITE, sign_exponent >> 15 & 1, false};
    if (exponent == 0) {
        if (significand == 0) {
            r.kind = KIND_ZERO;
            return r;
        }
        int zeros = __builtin_clzll(significand);
        r.significand <<= zeros;
        r.exponent = 1 - zeros;
        r.denormal = true;
    } else if (!(significand >> 63))
        r.kind = KIND_UNSUPPORTED;
    else if (exponent == X87_EXPONENT)
        r.kind = significand == NUMBER_TOP ? KIND_INFINITY : significand & NUMBER_QUIET ? KIND_QUIET : KIND_SIGNALLING;
    return r;
}

struct float_result x87_round(struct number a, unsigned precision, unsigned status, uint64_t fcw)
{
    if (a.status) status = a.status;
    switch (a.kind) {
    case KIND_ZERO: return x87_result(x87_zero(a.negative), status, fcw);
    case KIND_INFINITY: return x87_result(x87_infinity(a.negative), status, fcw);
    case KIND_FINITE: break;
    default: return x87_result(x87_indefinite(), status, fcw);
    }
    struct rounded r = number_round(a, (struct number_format){precision, 1, X87_EXPONENT - 1},
                                    (struct number_control){x87_mode(fcw), (unsigned)~fcw, X87_WRAP, false});
    unsigned field = r.significand >> 63 ? (unsigned)r.exponent : 0;
    return x87_result(x87_value(r.significand, field, a.negative), status | r.status, fcw);
}

static struct vreg quieted(struct operand a)
{
    return x87_value(a.significand | NUMBER_QUIET, X87_EXPONENT, a.negative);
}

struct float_result x87_nan(struct operand a, struct operand b, uint64_t fcw)
{
    if (a.kind == KIND_UNSUPPORTED || b.kind == KIND_UNSUPPORTED) return x87_invalid(fcw);
    unsigned status = a.kind == KIND_SIGNALLING || b.kind == KIND_SIGNALLING ? FLOAT_IE : 0;
    bool first;
    if (!x87_is_nan(a) || !x87_is_nan(b))
        first = x87_is_nan(a);
    else if (a.kind != b.kind)
        first = a.kind == KIND_QUIET;
    else if (a.significand != b.significand)
        first = a.significand > b.significand;
    else
        first = !a.negative;
    return x87_result(quieted(first ? a : b), status, fcw);
}
struct float_result x87_nan_alone(struct operand a, uint64_t fcw) { return x87_nan(a, a, fcw); }

static NUMBER_RARE struct float_result binary_rare(uint64_t a0, uint64_t a1, uint64_t b0, uint64_t b1, uint64_t fcw,
                                                   number_fn *compute)
{
    struct operand x = x87_unpack((struct vreg){{a0, a1}}), y = x87_unpack((struct vreg){{b0, b1}});
    if (x87_is_nan(x) || x87_is_nan(y)) return x87_nan(x, y, fcw);
    return x87_round(compute(x, y, 64, x87_mode(fcw)), x87_precision(fcw), x87_denormal(x) | x87_denormal(y), fcw);
}
NUMBER_INLINE struct float_result binary(struct vreg a, struct vreg b, uint64_t fcw, number_fn *compute)
{
    if (LIKELY(x87_is_normal(a) && x87_is_normal(b))) {
        struct number r = compute(x87_unpack_normal(a), x87_unpack_normal(b), 64, x87_mode(fcw));
        struct rounded cut = number_cut(r, x87_precision(fcw), x87_mode(fcw));
        if (LIKELY(r.kind == KIND_FINITE && cut.exponent > 0 && cut.exponent < X87_EXPONENT))
            return (struct float_result){x87_value(cut.significand, (unsigned)cut.exponent, r.negative), cut.status};
    }
    return binary_rare(a.half[0], a.half[1], b.half[0], b.half[1], fcw, compute);
}

struct float_result float80_add(struct vreg a, struct vreg b, uint64_t fcw) { return binary(a, b, fcw, number_add); }
struct float_result float80_sub(struct vreg a, struct vreg b, uint64_t fcw)
{
    return binary(a, b, fcw, number_subtract);
}
struct float_result float80_mul(struct vreg a, struct vreg b, uint64_t fcw)
{
    return binary(a, b, fcw, number_multiply);
}
struct float_result float80_div(struct vreg a, struct vreg b, uint64_t fcw) { return binary(a, b, fcw, number_divide); }
struct float_result float80_sqrt(struct vreg a, uint64_t fcw) { return binary(a, a, fcw, number_square_root); }

struct float_result float80_rndint(struct vreg a, uint64_t fcw)
{
    struct operand x = x87_unpack(a);
    if (x87_is_nan(x)) return x87_nan_alone(x, fcw);
    if (x.kind != KIND_FINITE || x.exponent >= NUMBER_BIAS + 63) return x87_result(a, 0, fcw);
    struct integer r = number_to_integer(x, x87_mode(fcw));
    struct number whole = r.magnitude ? number_of_integer(r.magnitude, x.negative) : number_zero(x.negative);
    return x87_round(whole, 64, x87_denormal(x) | r.status, fcw);
}

/* a * 2^trunc(b) */
struct float_result float80_scale(struct vreg a, struct vreg b, uint64_t fcw)
{
    enum { FAR = 0x10000 }; /* an exponent moved so far is out of range even if 24576 brings it back */
    struct operand x = x87_unpack(a), y = x87_unpack(b);
    if (x87_is_nan(x) || x87_is_nan(y)) return x87_nan(x, y, fcw);
    unsigned status = x87_denormal(x) | x87_denormal(y);
    if (y.kind == KIND_INFINITY) {
        if (x.kind == (y.negative ? KIND_INFINITY : KIND_ZERO)) return x87_invalid(fcw);
        return x87_result(y.negative ? x87_zero(x.negative) : x87_infinity(x.negative), status, fcw);
    }
    struct number r = number_of(x);
    if (y.kind == KIND_FINITE) {
        uint64_t by = number_to_integer(y, ROUND_ZERO).magnitude;
        int32_t distance = by > FAR ? FAR : (int32_t)by;
        r.exponent += y.negative ? -distance : distance;
    }
    return x87_round(r, 64, status, fcw);
}

/* FXTRACT's two results have one status. */
static struct float_result extract(struct vreg a, uint64_t fcw, bool exponent)
{
    struct operand x = x87_unpack(a);
    if (x87_is_nan(x)) return x87_nan_alone(x, fcw);
    if (x.kind == KIND_INFINITY) return x87_result(x87_infinity(!exponent && x.negative), 0, fcw);
    if (x.kind == KIND_ZERO) return x87_result(exponent ? x87_infinity(true) : a, FLOAT_ZE, fcw);
    if (!exponent) return x87_result(x87_value(x.significand, NUMBER_BIAS, x.negative), x87_denormal(x), fcw);
    int32_t unbiased = x.exponent - NUMBER_BIAS;
    return x87_result(float80_from_integer((uint64_t)(int64_t)unbiased).value, x87_denormal(x), fcw);
}
struct float_result float80_exponent(struct vreg a, uint64_t fcw) { return extract(a, fcw, true); }
struct float_result float80_significand(struct vreg a, uint64_t fcw) { return extract(a, fcw, false); }

struct float_result float80_chs(struct vreg a)
{
    a.half[1] ^= X87_SIGN;
    return (struct float_result){a, 0};
}
struct float_result float80_abs(struct vreg a)
{
    a.half[1] &= ~(uint64_t)X87_SIGN;
    return (struct float_result){a, 0};
}

struct float_result float80_constant(unsigned which, uint64_t fcw)
{
    /* 128 bits of each, exponents as unbiased */
    static const struct {
        uint64_t high, low;
        int32_t exponent;
    } constants[] = {
        {NUMBER_TOP, 0, 0},                                               /* FLD1 */
        {UINT64_C(0xd49a784bcd1b8afe), UINT64_C(0x492bf6ff4dafdb4c), 1},  /* FLDL2T */
        {UINT64_C(0xb8aa3b295c17f0bb), UINT64_C(0xbe87fed0691d3e88), 0},  /* FLDL2E */
        {UINT64_C(0xc90fdaa22168c234), UINT64_C(0xc4c6628b80dc1cd1), 1},  /* FLDPI */
        {UINT64_C(0x9a209a84fbcff798), UINT64_C(0x8f8959ac0b7c9178), -2}, /* FLDLG2 */
        {UINT64_C(0xb17217f7d1cf79ab), UINT64_C(0xc9e3b39803f2f6af), -1}, /* FLDLN2 */
    };
    if (which >= LENGTH(constants)) return (struct float_result){x87_zero(false), 0};
    struct number a = number_finite((wide)constants[which].high << 64 | constants[which].low,
                                    constants[which].exponent + NUMBER_BIAS, false);
    return (struct float_result){x87_round(a, 64, 0, fcw).value, 0};
}
