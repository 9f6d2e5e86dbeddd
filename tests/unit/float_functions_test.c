/* The transcendental functions: the exact ones against MPFR at a precision that leaves no doubt, in every rounding; the
 * host's own within a unit in the last place of them; special operands as the SDM's tables have them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <mpfr.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/float_operands.h"

enum { ROUNDS = 4000, BITS = 512, FCW = 0x37f };

/* a is ST0, b is ST1. */
typedef struct float_result ours_fn(struct vreg a, struct vreg b, uint64_t fcw, enum float_source source);
#define OURS(name, arguments)                                                                                   \
    static struct float_result ours_##name(struct vreg a, struct vreg b, uint64_t fcw, enum float_source source) \
    {                                                                                                            \
        return float80_##name(arguments, fcw, source);                                                           \
    }
#define Y_X b, a
OURS(sin, a) OURS(cos, a) OURS(tan, a) OURS(atan, Y_X) OURS(exp2m1, a) OURS(ylog2, Y_X) OURS(ylog2p1, Y_X)

/* ---- the functions at BITS bits ---- */

/* x less the nearest multiple of half of x87's pi; returns the multiple modulo 4. */
static unsigned reduce(mpfr_t rest, mpfr_t x)
{
    mpfr_t half_pi, multiple;
    mpfr_inits2(BITS, half_pi, multiple, (mpfr_ptr)0);
    mpfr_set_ui_2exp(half_pi, 0xc90fdaa22168c234, -63, MPFR_RNDN);
    mpfr_set_ui_2exp(multiple, 3, -65, MPFR_RNDN);
    mpfr_add(half_pi, half_pi, multiple, MPFR_RNDN);
    mpfr_div(multiple, x, half_pi, MPFR_RNDN);
    mpfr_rint(multiple, multiple, MPFR_RNDN);
    mpfr_mul(half_pi, half_pi, multiple, MPFR_RNDN);
    mpfr_sub(rest, x, half_pi, MPFR_RNDN);
    mpfr_fmod_ui(multiple, multiple, 4, MPFR_RNDN);
    long quadrant = mpfr_get_si(multiple, MPFR_RNDN) & 3;
    mpfr_clears(half_pi, multiple, (mpfr_ptr)0);
    return (unsigned)quadrant;
}
typedef void truth_fn(mpfr_t r, mpfr_t x, mpfr_t y);
static void truth_sin(mpfr_t r, mpfr_t x, mpfr_t y)
{
    unsigned quadrant = reduce(x, x);
    if (quadrant & 1) mpfr_cos(r, x, MPFR_RNDN);
    else mpfr_sin(r, x, MPFR_RNDN);
    if (quadrant & 2) mpfr_neg(r, r, MPFR_RNDN);
}
static void truth_cos(mpfr_t r, mpfr_t x, mpfr_t y)
{
    unsigned quadrant = reduce(x, x);
    if (quadrant & 1) mpfr_sin(r, x, MPFR_RNDN);
    else mpfr_cos(r, x, MPFR_RNDN);
    if (quadrant == 1 || quadrant == 2) mpfr_neg(r, r, MPFR_RNDN);
}
static void truth_tan(mpfr_t r, mpfr_t x, mpfr_t y)
{
    mpfr_t sine;
    mpfr_init2(sine, BITS);
    mpfr_set(r, x, MPFR_RNDN);
    truth_sin(sine, r, y);
    truth_cos(r, x, y);
    mpfr_div(r, sine, r, MPFR_RNDN);
    mpfr_clear(sine);
}
static void truth_atan(mpfr_t r, mpfr_t x, mpfr_t y) { mpfr_atan2(r, y, x, MPFR_RNDN); }
static void truth_exp2m1(mpfr_t r, mpfr_t x, mpfr_t y)
{
    mpfr_const_log2(r, MPFR_RNDN);
    mpfr_mul(r, r, x, MPFR_RNDN);
    mpfr_expm1(r, r, MPFR_RNDN);
}
static void truth_ylog2(mpfr_t r, mpfr_t x, mpfr_t y)
{
    mpfr_log2(r, x, MPFR_RNDN);
    mpfr_mul(r, r, y, MPFR_RNDN);
}
static void truth_ylog2p1(mpfr_t r, mpfr_t x, mpfr_t y)
{
    mpfr_log1p(r, x, MPFR_RNDN);
    mpfr_const_log2(x, MPFR_RNDN);
    mpfr_div(r, r, x, MPFR_RNDN);
    mpfr_mul(r, r, y, MPFR_RNDN);
}

static const struct row {
    const char *name;
    ours_fn *ours;
    truth_fn *truth;
    int least, most; /* the exponents of a: where the function is defined, and means something */
    bool positive;
} rows[] = {
    {"fsin", ours_sin, truth_sin, -70, 62, false},
    {"fcos", ours_cos, truth_cos, -70, 62, false},
    {"fptan", ours_tan, truth_tan, -70, 62, false},
    {"fpatan", ours_atan, truth_atan, -40, 40, false},
    {"f2xm1", ours_exp2m1, truth_exp2m1, -70, -1, false},
    {"fyl2x", ours_ylog2, truth_ylog2, -40, 40, true},
    {"fyl2xp1", ours_ylog2p1, truth_ylog2p1, -70, -3, false},
};

/* ---- operands and results ---- */

static void set_value(mpfr_t to, struct vreg a)
{
    mpfr_set_ui_2exp(to, a.half[0], (int)(a.half[1] & 0x7fff) - 16383 - 63, MPFR_RNDN);
    mpfr_setsign(to, to, a.half[1] >> 15 & 1, MPFR_RNDN);
}
static struct vreg draw(struct prng *prng, int least, int most, bool positive)
{
    uint64_t exponent = 16383 + least + prng_below(prng, (uint64_t)(most - least) + 1);
    uint64_t sign = positive ? 0 : prng_next(prng) & 0x8000;
    return (struct vreg){{operand_significand(prng) | UINT64_C(1) << 63, exponent | sign}};
}

/* The nearest number to a multiple of pi/2: what is left by the reduction shows every bit of pi. */
static struct vreg draw_multiple(struct prng *prng)
{
    uint64_t significand = 0xc90fdaa22168c234, factor = 1 + prng_below(prng, UINT64_C(1) << prng_below(prng, 40));
    unsigned __int128 product = (unsigned __int128)significand * factor + ((unsigned __int128)factor * 3 >> 2);
    int exponent = 16383 + 63;
    while (product >> 64) product >>= 1, exponent++;
    return (struct vreg){{(uint64_t)product, (uint64_t)(exponent - 63) | (prng_next(prng) & 0x8000)}};
}

static bool is_trigonometric(const struct row *row) { return row < rows + 3; }

static void draw_operands(const struct row *row, struct prng *prng, struct vreg *a, struct vreg *b)
{
    *a = is_trigonometric(row) && prng_below(prng, 3) == 0 ? draw_multiple(prng)
                                                           : draw(prng, row->least, row->most, row->positive);
    *b = draw(prng, -40, 40, false);
}

static void test_exact(void **state)
{
    static const mpfr_rnd_t modes[4] = {MPFR_RNDN, MPFR_RNDD, MPFR_RNDU, MPFR_RNDZ};
    struct prng prng;
    prng_seed(&prng, 1);
    mpfr_t x, y, truth, expected, found;
    mpfr_inits2(BITS, x, y, truth, found, (mpfr_ptr)0);
    mpfr_init2(expected, 64);
    for (const struct row *row = rows; row < rows + LENGTH(rows); row++)
        for (unsigned i = 0; i < ROUNDS; i++) {
            struct vreg a, b;
            draw_operands(row, &prng, &a, &b);
            set_value(x, a), set_value(y, b);
            row->truth(truth, x, y);
            int ternary = mpfr_set(expected, truth, modes[i % 4]);
            bool up = mpfr_signbit(expected) ? ternary < 0 : ternary > 0;
            unsigned status = (ternary ? FLOAT_PE : 0) | (up ? FLOAT_C1 : 0);
            struct float_result r = row->ours(a, b, FCW | i % 4 << 10, FLOAT_EXACT);
            set_value(found, r.value);
            if (!mpfr_equal_p(found, expected) || r.status != status)
                fail_msg("%s of %s and %s, mode %u: %s %04x", row->name, operand_text(a).text, operand_text(b).text,
                         i % 4, operand_text(r.value).text, r.status);
        }
    mpfr_clears(x, y, truth, expected, found, (mpfr_ptr)0);
}

/* ---- the host ---- */

/* Distance in units of the last place; values of one sign. */
static uint64_t distance(struct vreg a, struct vreg b)
{
    unsigned __int128 x = (unsigned __int128)a.half[1] << 63 | (a.half[0] & INT64_MAX);
    unsigned __int128 y = (unsigned __int128)b.half[1] << 63 | (b.half[0] & INT64_MAX);
    return (uint64_t)(x > y ? x - y : y - x);
}

/* AMD and Intel promise less than one unit of the last place to nearest (SDM vol. 1, 8.3.10). */
static void test_host(void **state)
{
    struct prng prng;
    prng_seed(&prng, 2);
    for (const struct row *row = rows; row < rows + LENGTH(rows); row++)
        for (unsigned i = 0; i < ROUNDS; i++) {
            struct vreg a, b;
            draw_operands(row, &prng, &a, &b);
            struct float_result host = row->ours(a, b, FCW, FLOAT_HOST), exact = row->ours(a, b, FCW, FLOAT_EXACT);
            if (distance(host.value, exact.value) > 1)
                fail_msg("%s of %s and %s: host %s, exact %s", row->name, operand_text(a).text, operand_text(b).text,
                         operand_text(host.value).text, operand_text(exact.value).text);
        }
}

/* ---- special operands: those of each table, and the host agrees, PE and C1 aside ---- */

#define ONE UINT64_C(0x8000000000000000)
static const struct vreg specials[] = {
    {{0, 0}},               {{0, 0x8000}},                  {{ONE, 0x3fff}},    {{ONE, 0x4000}},
    {{ONE, 0x3ffe}},        {{ONE, 0x7fff}},                {{ONE, 0xffff}},    {{3 * (ONE / 2), 0x7fff}},
    {{ONE | 5, 0xffff}},    {{1, 0}},                       {{ONE, 0}},         {{77, 0x8000}},
    {{ONE, 1}},             {{ONE / 2, 0x4000}},            {{ONE | 9, 0x403e}}, {{ONE, 0xc03e}},
    {{UINT64_MAX, 0xfffe}}, {{0xc90fdaa22168c235, 0x4000}},
};
/* Beyond their ranges the host leaves the operands alone. */
static bool is_defined(const struct row *row, struct vreg a)
{
    bool beyond = (a.half[1] & 0x7fff) >= 0x3fff && (a.half[1] & 0x7fff) < 0x7fff;
    if (row->ours == ours_exp2m1) return !beyond;
    return row->ours != ours_ylog2p1 || !(beyond && a.half[1] & 0x8000);
}
static void test_specials(void **state)
{
    for (const struct row *row = rows; row < rows + LENGTH(rows); row++)
        for (unsigned i = 0; i < LENGTH(specials) * LENGTH(specials); i++) {
            struct vreg a = specials[i % LENGTH(specials)], b = specials[i / LENGTH(specials)];
            struct float_result host = row->ours(a, b, FCW, FLOAT_HOST), exact = row->ours(a, b, FCW, FLOAT_EXACT);
            /* on an exact result the host says PE, and UE if it is denormal */
            unsigned differ = (host.status ^ exact.status) & ~(unsigned)(FLOAT_C1 | FLOAT_PE);
            if (!(exact.status & FLOAT_PE)) differ &= ~(unsigned)FLOAT_UE;
            if (is_defined(row, a) && (differ || distance(host.value, exact.value) > 1))
                fail_msg("%s of %s and %s: host %s %04x, exact %s %04x", row->name, operand_text(a).text,
                         operand_text(b).text, operand_text(host.value).text, host.status,
                         operand_text(exact.value).text, exact.status);
        }
}

/* The host's unmasked exceptions are those of ours, and its x87 is left as it was. */
static void test_host_unmasked(void **state)
{
    struct vreg zero = {{0, 0}}, one = {{ONE, 0x3fff}}, least = {{ONE, 1}}, two = {{ONE, 0x4000}};
    uint32_t before[7], after[7];
#if defined(__x86_64__)
    uint16_t control = 0x23f;
    __asm__ volatile("fldcw %1\n\tfnstenv %0" : "=m"(before) : "m"(control));
#endif
    assert_int_equal(float80_ylog2(one, zero, FCW & ~FLOAT_ZE, FLOAT_HOST).status, FLOAT_ZE);
    struct float_result host = float80_atan(least, two, FCW & ~FLOAT_UE, FLOAT_HOST);
    struct float_result exact = float80_atan(least, two, FCW & ~FLOAT_UE, FLOAT_EXACT);
    assert_int_equal(host.status & FLOAT_UE, FLOAT_UE);
    assert_memory_equal(&host.value, &exact.value, sizeof host.value);
#if defined(__x86_64__)
    __asm__ volatile("fnstenv %0\n\tfninit" : "=m"(after));
    assert_memory_equal(before, after, 3 * sizeof before[0]);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_exact), cmocka_unit_test(test_host),
                                       cmocka_unit_test(test_specials), cmocka_unit_test(test_host_unmasked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
