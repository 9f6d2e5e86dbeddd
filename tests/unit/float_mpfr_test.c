/* Add, subtract, multiply, divide and square root against MPFR, whose own emulation of IEEE formats is a second
 * opinion on every host: value, PE, UE, OE, and C1 of x87, under every rounding and precision.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <mpfr.h>

#include "tests/unit/float_operands.h"

enum { ROUNDS = 20000 };
enum op { ADD, SUB, MUL, DIV, SQRT, OPS };
enum format { SINGLE, DOUBLE, EXTENDED };

static const mpfr_rnd_t modes[4] = {MPFR_RNDN, MPFR_RNDD, MPFR_RNDU, MPFR_RNDZ};

static void set_value(mpfr_t to, enum format format, struct vreg a)
{
    if (format == SINGLE) {
        float f;
        memcpy(&f, a.half, sizeof f);
        mpfr_set_flt(to, f, MPFR_RNDN);
    } else if (format == DOUBLE) {
        double d;
        memcpy(&d, a.half, sizeof d);
        mpfr_set_d(to, d, MPFR_RNDN);
    } else {
        int exponent = a.half[1] & 0x7fff;
        mpfr_set_ui_2exp(to, a.half[0], (exponent ? exponent : 1) - 16383 - 63, MPFR_RNDN);
        if (exponent == 0x7fff) mpfr_set_inf(to, 1);
        mpfr_setsign(to, to, a.half[1] >> 15 & 1, MPFR_RNDN);
    }
}

static int compute(mpfr_t r, enum op op, mpfr_t a, mpfr_t b, mpfr_rnd_t mode)
{
    switch (op) {
    case ADD: return mpfr_add(r, a, b, mode);
    case SUB: return mpfr_sub(r, a, b, mode);
    case MUL: return mpfr_mul(r, a, b, mode);
    case DIV: return mpfr_div(r, a, b, mode);
    default: return mpfr_sqrt(r, b, mode);
    }
}

/* MPFR's result in the format, `precision` bits of it; returns the status. */
static unsigned expect(mpfr_t r, enum format format, enum op op, mpfr_t a, mpfr_t b, mpfr_rnd_t mode)
{
    static const int least[3] = {-126, -1022, -16382}, most[3] = {127, 1023, 16383};
    mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax(), smallest = least[format] - (int)mpfr_get_prec(r) + 2;
    int ternary = compute(r, op, a, b, mode);
    bool tiny = mpfr_regular_p(r) && mpfr_get_exp(r) - 1 < least[format];
    bool huge = mpfr_regular_p(r) && mpfr_get_exp(r) - 1 > most[format];
    mpfr_set_emin(smallest), mpfr_set_emax(most[format] + 1);
    ternary = mpfr_subnormalize(r, mpfr_check_range(r, ternary, mode), mode);
    mpfr_set_emin(emin), mpfr_set_emax(emax);
    bool up = mpfr_signbit(r) ? ternary < 0 : ternary > 0;
    return (ternary ? FLOAT_PE : 0) | (tiny && ternary ? FLOAT_UE : 0) | (huge ? FLOAT_OE : 0) | (up ? FLOAT_C1 : 0);
}

typedef struct float_result x87_fn(struct vreg a, struct vreg b, uint64_t fcw);
typedef struct float_result sse_fn(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr);
static struct float_result x87_sqrt(struct vreg a, struct vreg b, uint64_t fcw) { return float80_sqrt(b, fcw); }

static struct float_result ours(enum format format, enum op op, struct vreg a, struct vreg b, unsigned precision,
                                unsigned mode)
{
    static x87_fn *const x87[OPS] = {float80_add, float80_sub, float80_mul, float80_div, x87_sqrt};
    static sse_fn *const sse[OPS] = {float_add, float_sub, float_mul, float_div, float_sqrt};
    unsigned control = precision == 24 ? 0 : precision == 53 ? 2 : 3;
    if (format == EXTENDED) return x87[op](a, b, 0x7f | control << 8 | mode << 10);
    return sse[op](format == SINGLE ? FLOAT_SS : FLOAT_SD, a, b, 0x1f80 | mode << 13);
}

/* The same bits, the sign of zero included, and status? Invalid operations and divisions by zero are others'
 * business. */
static bool agrees(enum format format, enum op op, struct vreg a, struct vreg b, unsigned precision, unsigned mode)
{
    mpfr_t x, y, expected, found;
    mpfr_inits2(64, x, y, found, (mpfr_ptr)0);
    mpfr_init2(expected, precision);
    set_value(x, format, a), set_value(y, format, b);
    struct float_result r = ours(format, op, a, b, precision, mode);
    set_value(found, format, r.value);
    unsigned status = expect(expected, format, op, x, y, modes[mode]);
    bool same = mpfr_equal_p(expected, found) && !mpfr_signbit(expected) == !mpfr_signbit(found);
    unsigned compared = format == EXTENDED ? FLOAT_C1 | FLOAT_OE | FLOAT_UE | FLOAT_PE : FLOAT_OE | FLOAT_UE | FLOAT_PE;
    same = same && (r.status & compared) == (status & compared);
    same = same || mpfr_nan_p(expected) || r.status & (FLOAT_ZE | FLOAT_IE);
    if (!same)
        mpfr_printf("operation %d of %Ra and %Ra, mode %u, %u bits: %Ra %x, not %Ra %x\n", op, x, y, mode, precision,
                    expected, status, found, r.status);
    mpfr_clears(x, y, expected, found, (mpfr_ptr)0);
    return same;
}

/* Without NaNs: their payloads are not numbers. */
static struct vreg draw(struct prng *prng, enum format format, unsigned near)
{
    static const struct {
        unsigned exponent, fraction;
    } shape[] = {{8, 23}, {11, 52}};
    if (format == EXTENDED) {
        struct vreg a = operand_extended(prng, near);
        if (a.half[1] & 0x7fff) a.half[0] |= UINT64_C(1) << 63;
        if ((a.half[1] & 0x7fff) == 0x7fff) a.half[0] = UINT64_C(1) << 63;
        return a;
    }
    uint64_t bits = operand_ieee(prng, shape[format].exponent, shape[format].fraction, near);
    uint64_t infinity = bits_mask(shape[format].exponent) << shape[format].fraction;
    if ((bits & infinity) == infinity) bits &= ~bits_mask(shape[format].fraction);
    return (struct vreg){{bits, 0}};
}

static void compare_all(enum format format, unsigned precision)
{
    static const unsigned exponents[3] = {256, 2048, 32768};
    struct prng prng;
    prng_seed(&prng, format * 64 + precision);
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned near = (unsigned)prng_below(&prng, exponents[format]);
        struct vreg a = draw(&prng, format, near), b = draw(&prng, format, near);
        assert_true(agrees(format, (enum op)(i % OPS), a, b, precision, (unsigned)prng_below(&prng, 4)));
    }
}
static void test_extended(void **state) 
{
    compare_all(EXTENDED, 64), compare_all(EXTENDED, 53), compare_all(EXTENDED, 24);
}
static void test_double(void **state) { compare_all(DOUBLE, 53); }
static void test_single(void **state) { compare_all(SINGLE, 24); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extended), cmocka_unit_test(test_double), cmocka_unit_test(test_single)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
