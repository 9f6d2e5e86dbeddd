/* The exact transcendental functions: MPFR cuts the result to 128 bits and says whether anything is missing, which is
 * enough for any rounding to 64. Special operands are as the tables of each instruction in SDM vol. 2 have them; where
 * those leave the result undefined (F2XM1 beyond 1, FYL2XP1 far from 0) it is that of the function.
 */
#include "hwsim/float/transcendental.h"

#include <stdint.h>
#include <mpfr.h>

#include "hwsim/float/x87.h"

enum { BITS = 128 };

static void set_operand(mpfr_t to, struct operand a)
{
    switch (a.kind) {
    case KIND_ZERO: mpfr_set_zero(to, a.negative ? -1 : 1); return;
    case KIND_INFINITY: mpfr_set_inf(to, a.negative ? -1 : 1); return;
    default:
        mpfr_set_uj_2exp(to, a.significand, a.exponent - NUMBER_BIAS - 63, MPFR_RNDN);
        mpfr_setsign(to, to, a.negative, MPFR_RNDN);
    }
}

/* A value of BITS bits, cut from the exact one unless `ternary` is 0. */
static struct number get_number(mpfr_t from, int ternary)
{
    bool negative = mpfr_signbit(from);
    if (mpfr_zero_p(from)) return number_zero(negative);
    if (mpfr_inf_p(from)) return number_infinity(negative);
    const mp_limb_t *limbs = mpfr_custom_get_significand(from);
    wide significand = 0;
    for (int at = BITS - GMP_NUMB_BITS, i = BITS / GMP_NUMB_BITS - 1; i >= 0; i--, at -= GMP_NUMB_BITS)
        significand |= (wide)limbs[i] << at;
    return number_finite(significand | (ternary != 0), (int32_t)mpfr_get_exp(from) - 1 + NUMBER_BIAS, negative);
}

/* The functions below: of ST0, or of ST0 and ST1, which are no NaNs. `status`: DE, perhaps. */
typedef struct float_result exact_fn(struct operand a, struct operand b, unsigned status, uint64_t fcw);

/* ---- sine, cosine, tangent ---- */

/* a = rest + quadrant * pi/2 with |rest| <= pi/4 and x87's pi of 66 bits, exactly; the quadrant is modulo 4. */
static unsigned reduce(mpfr_t rest, struct operand a)
{
    MPFR_DECL_INIT(x, 64);
    MPFR_DECL_INIT(half_pi, 66);
    long quotient;
    set_operand(x, a);
    mpfr_set_str(half_pi, "1.921fb54442d184698", 16, MPFR_RNDN);
    mpfr_remquo(rest, &quotient, x, half_pi, MPFR_RNDN);
    return (unsigned)quotient & 3;
}

static struct number sine(struct operand a, unsigned quadrants)
{
    MPFR_DECL_INIT(rest, BITS);
    MPFR_DECL_INIT(result, BITS);
    unsigned quadrant = reduce(rest, a) + quadrants;
    int ternary = quadrant & 1 ? mpfr_cos(result, rest, MPFR_RNDZ) : mpfr_sin(result, rest, MPFR_RNDZ);
    struct number r = get_number(result, ternary);
    r.negative ^= quadrant >> 1 & 1;
    return r;
}
static struct number tangent(struct operand a)
{
    MPFR_DECL_INIT(rest, BITS);
    MPFR_DECL_INIT(result, BITS);
    unsigned quadrant = reduce(rest, a);
    int ternary = quadrant & 1 ? mpfr_cot(result, rest, MPFR_RNDZ) : mpfr_tan(result, rest, MPFR_RNDZ);
    struct number r = get_number(result, ternary);
    r.negative ^= quadrant & 1;
    return r;
}

/* What is not reduced: 0, infinity, and what is out of range. */
static struct float_result circular(struct operand a, struct number (*compute)(struct operand a), unsigned status,
                                    uint64_t fcw)
{
    if (a.kind == KIND_INFINITY) return x87_invalid(fcw);
    bool far = a.kind == KIND_FINITE && a.exponent >= NUMBER_BIAS + 63;
    if (far) return x87_result(x87_value(a.significand, (unsigned)a.exponent, a.negative), FLOAT_C2, fcw);
    return x87_round(compute(a), 64, status, fcw);
}
static struct number sin_of(struct operand a) { return a.kind == KIND_ZERO ? number_of(a) : sine(a, 0); }
static struct number cos_of(struct operand a) { return a.kind == KIND_ZERO ? number_of_integer(1, false) : sine(a, 1); }
static struct number tan_of(struct operand a) { return a.kind == KIND_ZERO ? number_of(a) : tangent(a); }

static struct float_result exact_sin(struct operand a, struct operand b, unsigned status, uint64_t fcw)
{
    return circular(a, sin_of, status, fcw);
}
static struct float_result exact_cos(struct operand a, struct operand b, unsigned status, uint64_t fcw)
{
    return circular(a, cos_of, status, fcw);
}
static struct float_result exact_tan(struct operand a, struct operand b, unsigned status, uint64_t fcw)
{
    return circular(a, tan_of, status, fcw);
}

/* ---- arc tangent, power of two ---- */

static struct float_result exact_atan(struct operand a, struct operand b, unsigned status, uint64_t fcw)
{
    MPFR_DECL_INIT(y, 64);
    MPFR_DECL_INIT(x, 64);
    MPFR_DECL_INIT(result, BITS);
    set_operand(y, b);
    set_operand(x, a);
    int ternary = mpfr_atan2(result, y, x, MPFR_RNDZ);
    return x87_round(get_number(result, ternary), 64, status, fcw);
}

static struct float_result exact_exp2m1(struct operand a, struct operand b, unsigned status, uint64_t fcw)
{
    MPFR_DECL_INIT(exponent, 64);
    MPFR_DECL_INIT(result, BITS);
    set_operand(exponent, a);
    int ternary = mpfr_exp2m1(result, exponent, MPFR_RNDZ);
    return x87_round(get_number(result, ternary), 64, status, fcw);
}

/* ---- logarithms ---- */

typedef int log_fn(mpfr_t to, const mpfr_t from, mpfr_rnd_t rounding);

/* y * log(x): more bits of the logarithm until those of the product are sure. Where the logarithm is rational it is an
 * integer, and the product exact; else the product is not, and comes to an end. */
static struct number product(struct operand y, struct operand x, log_fn *log)
{
    enum { GUARD = 64 };
    MPFR_DECL_INIT(factor, 64);
    MPFR_DECL_INIT(result, BITS);
    mpfr_t from, logarithm;
    mpfr_inits2(64, from, logarithm, (mpfr_ptr)0);
    set_operand(factor, y);
    set_operand(from, x);
    int cut, ternary;
    for (mpfr_prec_t bits = BITS + GUARD;; bits *= 2) {
        mpfr_set_prec(logarithm, bits);
        cut = log(logarithm, from, MPFR_RNDZ);
        ternary = mpfr_mul(logarithm, logarithm, factor, MPFR_RNDZ);
        /* two cuts of less than a last place each */
        if ((!cut && !ternary) || mpfr_can_round(logarithm, bits - 2, MPFR_RNDZ, MPFR_RNDZ, BITS)) break;
    }
    bool exact = !cut && !ternary;
    ternary = mpfr_set(result, logarithm, MPFR_RNDZ);
    mpfr_clears(from, logarithm, (mpfr_ptr)0);
    return get_number(result, !exact || ternary);
}

/* y * log2(x), of which `log` is the sign of log2(x) (0: x is 1) and `limit` that x is 0 or infinite. */
static struct float_result logarithm_limit(struct operand y, int log, bool limit, unsigned status, uint64_t fcw)
{
    bool negative = y.negative != (log < 0);
    if (y.kind == KIND_INFINITY) return log ? x87_result(x87_infinity(negative), status, fcw) : x87_invalid(fcw);
    if (y.kind == KIND_ZERO && limit) return x87_invalid(fcw);
    if (!limit) return x87_result(x87_zero(negative), status, fcw);
    return x87_result(x87_infinity(negative), log < 0 ? FLOAT_ZE : status, fcw);
}

static bool is_one(struct operand a) { return a.exponent == NUMBER_BIAS && a.significand == NUMBER_TOP; }

static struct float_result exact_ylog2(struct operand a, struct operand b, unsigned status, uint64_t fcw)
{
    if (a.kind == KIND_ZERO) return logarithm_limit(b, -1, true, status, fcw);
    if (a.negative) return x87_invalid(fcw);
    if (a.kind == KIND_INFINITY) return logarithm_limit(b, 1, true, status, fcw);
    int log = is_one(a) ? 0 : a.exponent < NUMBER_BIAS ? -1 : 1;
    if (b.kind != KIND_FINITE || !log) return logarithm_limit(b, log, false, status, fcw);
    return x87_round(product(b, a, mpfr_log2), 64, status, fcw);
}

static struct float_result exact_ylog2p1(struct operand a, struct operand b, unsigned status, uint64_t fcw)
{
    bool far = a.kind == KIND_INFINITY || (a.kind == KIND_FINITE && a.exponent >= NUMBER_BIAS);
    if (far && a.negative) return is_one(a) ? logarithm_limit(b, -1, true, status, fcw) : x87_invalid(fcw);
    if (a.kind == KIND_INFINITY) return logarithm_limit(b, 1, true, status, fcw);
    if (a.kind == KIND_ZERO && b.kind == KIND_INFINITY) return x87_invalid(fcw);
    if (b.kind != KIND_FINITE || a.kind == KIND_ZERO)
        return logarithm_limit(b, a.negative ? -1 : 1, false, status, fcw);
    return x87_round(product(b, a, mpfr_log2p1), 64, status, fcw);
}

/* ---- one of these or the host's ---- */

static struct float_result compute(enum transcendental op, struct vreg st0, struct vreg st1, uint64_t fcw,
                                   enum float_source source)
{
    static exact_fn *const exact[] = {
        [OP_SIN] = exact_sin,       [OP_COS] = exact_cos,     [OP_TAN] = exact_tan,         [OP_ATAN] = exact_atan,
        [OP_EXP2M1] = exact_exp2m1, [OP_YLOG2] = exact_ylog2, [OP_YLOG2P1] = exact_ylog2p1,
    };
    struct float_result host;
    if (source == FLOAT_HOST && host_transcendental(op, st0, st1, fcw, &host)) {
        host = x87_result(host.value, host.status, fcw);
        /* with all masked, it did not give what an unmasked OE or UE asks for */
        if (!(host.status & (FLOAT_OE | FLOAT_UE) & ~fcw)) return host;
    }
    struct operand a = x87_unpack(st0), b = x87_unpack(st1);
    if (x87_is_nan(a) || x87_is_nan(b)) return x87_nan(a, b, fcw);
    return exact[op](a, b, x87_denormal(a) | x87_denormal(b), fcw);
}

struct float_result float80_sin(struct vreg a, uint64_t fcw, enum float_source source)
{
    return compute(OP_SIN, a, a, fcw, source);
}
struct float_result float80_cos(struct vreg a, uint64_t fcw, enum float_source source)
{
    return compute(OP_COS, a, a, fcw, source);
}
struct float_result float80_tan(struct vreg a, uint64_t fcw, enum float_source source)
{
    return compute(OP_TAN, a, a, fcw, source);
}
struct float_result float80_atan(struct vreg y, struct vreg x, uint64_t fcw, enum float_source source)
{
    return compute(OP_ATAN, x, y, fcw, source);
}
struct float_result float80_exp2m1(struct vreg a, uint64_t fcw, enum float_source source)
{
    return compute(OP_EXP2M1, a, a, fcw, source);
}
struct float_result float80_ylog2(struct vreg y, struct vreg x, uint64_t fcw, enum float_source source)
{
    return compute(OP_YLOG2, x, y, fcw, source);
}
struct float_result float80_ylog2p1(struct vreg y, struct vreg x, uint64_t fcw, enum float_source source)
{
    return compute(OP_YLOG2P1, x, y, fcw, source);
}
