/* Cases worked out by hand from the SDM, and the approximations RCPPS and RSQRTPS, which are our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/float_operands.h"

enum { IE = FLOAT_IE, DE = FLOAT_DE, ZE = FLOAT_ZE, OE = FLOAT_OE, UE = FLOAT_UE, PE = FLOAT_PE };
enum { C0 = FLOAT_C0, C1 = FLOAT_C1, C2 = FLOAT_C2, C3 = FLOAT_C3 };

/* 80-bit values */
#define ONES UINT64_MAX
#define TOP UINT64_C(0x8000000000000000)
#define V(sign_exponent, significand) {{significand, sign_exponent}}
#define ZERO V(0, 0)
#define MINUS_ZERO V(0x8000, 0)
#define ONE V(0x3fff, TOP)
#define TWO V(0x4000, TOP)
#define INFINITE V(0x7fff, TOP)
#define MINUS_INFINITE V(0xffff, TOP)
#define GREATEST V(0x7ffe, ONES)
#define LEAST V(1, TOP)
#define TINIEST V(0, 1)
#define INDEFINITE V(0xffff, 0xc000000000000000)
#define SIGNALLING V(0x7fff, 0x8000000000000005)
#define QUIETED V(0x7fff, 0xc000000000000005)
#define QUIET V(0xffff, 0xc000000000000001)
#define UNNORMAL V(0x3fff, 1)

/* Control words: all masked; RC above PC. */
enum { NEAR = 0x37f, DOWN = 0x77f, UP = 0xb7f, CUT = 0xf7f, PC24 = 0x07f, PC53 = 0x27f, RESERVED = 0x17f };

typedef struct float_result x87_fn(struct vreg a, struct vreg b, uint64_t fcw);
#define UNARY(name, expression) \
    static struct float_result name(struct vreg a, struct vreg b, uint64_t fcw) { return expression; }
UNARY(root, float80_sqrt(a, fcw))
UNARY(rndint, float80_rndint(a, fcw))
UNARY(exponent_of, float80_exponent(a, fcw))
UNARY(significand_of, float80_significand(a, fcw))
UNARY(examine, float80_examine(a))
UNARY(from_single, float80_from_single(a, fcw))
UNARY(from_double, float80_from_double(a, fcw))
UNARY(to_single, float80_to_single(a, fcw))
UNARY(to_16, float80_to_integer(a, 16, false, fcw))
UNARY(cut_16, float80_to_integer(a, 16, true, fcw))
UNARY(to_bcd, float80_to_bcd(a, fcw))
UNARY(from_bcd, float80_from_bcd(a))
UNARY(constant, float80_constant((unsigned)a.half[0], fcw))

static const struct {
    const char *name;
    x87_fn *compute;
    struct vreg a, b;
    unsigned fcw;
    struct vreg value;
    unsigned status;
} x87[] = {
    {"1 + 1", float80_add, ONE, ONE, NEAR, TWO, 0},
    {"inf - inf", float80_sub, INFINITE, INFINITE, NEAR, INDEFINITE, IE},
    {"x - x is +0", float80_sub, ONE, ONE, NEAR, ZERO, 0},
    {"x - x is -0 rounding down", float80_sub, ONE, ONE, DOWN, MINUS_ZERO, 0},
    {"-0 + -0", float80_add, MINUS_ZERO, MINUS_ZERO, NEAR, MINUS_ZERO, 0},
    {"1 + 2^-64 is a tie, to even", float80_add, ONE, V(0x3fbf, TOP), NEAR, ONE, PE},
    {"1 + 2^-64 rounding up", float80_add, ONE, V(0x3fbf, TOP), UP, V(0x3fff, TOP | 1), PE | C1},
    {"1 + 2^-24 at 24 bits is a tie", float80_add, ONE, V(0x3fe7, TOP), PC24, ONE, PE},
    {"1 + 2^-53 at 53 bits is a tie", float80_add, ONE, V(0x3fca, TOP), PC53, ONE, PE},
    {"the reserved precision is 64 bits", float80_add, ONE, V(0x3fca, TOP), RESERVED, V(0x3fff, TOP | 0x400), 0},
    {"precision does not narrow the range", float80_mul, V(0x7000, TOP), ONE, PC24, V(0x7000, TOP), 0},
    {"quiet NaN beats signalling", float80_add, SIGNALLING, QUIET, NEAR, QUIET, IE},
    {"signalling NaN is made quiet", float80_add, SIGNALLING, ONE, NEAR, QUIETED, IE},
    {"the larger significand", float80_mul, QUIET, QUIETED, NEAR, QUIETED, 0},
    {"an unnormal is refused", float80_add, UNNORMAL, ONE, NEAR, INDEFINITE, IE},
    {"a pseudo-infinity is refused", float80_add, V(0x7fff, 0), ONE, NEAR, INDEFINITE, IE},
    {"a pseudo-denormal is 2^-16382", float80_add, V(0, TOP), ZERO, NEAR, LEAST, DE},
    {"0 * inf", float80_mul, ZERO, INFINITE, NEAR, INDEFINITE, IE},
    {"overflow to infinity", float80_mul, GREATEST, TWO, NEAR, INFINITE, OE | PE | C1},
    {"overflow cut to the greatest", float80_mul, GREATEST, TWO, CUT, GREATEST, OE | PE},
    {"overflow to the greatest of 24 bits", float80_mul, GREATEST, TWO, PC24 | 0xc00,
     V(0x7ffe, 0xffffff0000000000), OE | PE},
    {"unmasked overflow", float80_mul, GREATEST, TWO, NEAR & ~OE, V(0x7fff - 24576, ONES), OE},
    {"exact denormal", float80_div, LEAST, TWO, NEAR, V(0, TOP / 2), 0},
    {"unmasked underflow, exact", float80_div, LEAST, TWO, NEAR & ~UE, V(24576, TOP), UE},
    {"inexact denormal", float80_mul, TINIEST, V(0x3ffe, TOP | 1), NEAR, TINIEST, DE | UE | PE | C1},
    {"tiny is said after rounding", float80_mul, V(1, TOP | 1), V(0x3ffe, ONES - 1), NEAR, LEAST, PE | C1},
    {"1 / 0", float80_div, ONE, MINUS_ZERO, NEAR, MINUS_INFINITE, ZE},
    {"0 / 0", float80_div, ZERO, ZERO, NEAR, INDEFINITE, IE},
    {"inf / inf", float80_div, INFINITE, INFINITE, NEAR, INDEFINITE, IE},
    {"denormal / 0 is ZE alone", float80_div, TINIEST, ZERO, NEAR, INFINITE, ZE},
    {"root of -0", root, MINUS_ZERO, ZERO, NEAR, MINUS_ZERO, 0},
    {"root of -1", root, V(0xbfff, TOP), ZERO, NEAR, INDEFINITE, IE},
    {"root of 4", root, V(0x4001, TOP), ZERO, NEAR, TWO, 0},
    {"root of 2", root, TWO, ZERO, NEAR, V(0x3fff, 0xb504f333f9de6484), PE},
    {"2.5 to even", rndint, V(0x4000, 0xa000000000000000), ZERO, NEAR, TWO, PE},
    {"2.5 up", rndint, V(0x4000, 0xa000000000000000), ZERO, UP, V(0x4000, 0xc000000000000000), PE | C1},
    {"-0.5 keeps its sign", rndint, V(0xbffe, TOP), ZERO, NEAR, MINUS_ZERO, PE},
    {"1 * 2^1.9", float80_scale, ONE, V(0x3fff, 0xf000000000000000), NEAR, TWO, 0},
    {"0 * 2^inf", float80_scale, ZERO, INFINITE, NEAR, INDEFINITE, IE},
    {"inf * 2^-inf", float80_scale, INFINITE, MINUS_INFINITE, NEAR, INDEFINITE, IE},
    {"1 * 2^-inf", float80_scale, ONE, MINUS_INFINITE, NEAR, ZERO, 0},
    {"1 * 2^(2^62)", float80_scale, ONE, V(0x403d, TOP), NEAR, INFINITE, OE | PE | C1},
    {"5 rem 3: quotient 1", float80_prem, V(0x4001, 0xa000000000000000), V(0x4000, 0xc000000000000000), NEAR, TWO, C1},
    {"5 rem1 3: quotient 2", float80_prem1, V(0x4001, 0xa000000000000000), V(0x4000, 0xc000000000000000), NEAR,
     V(0xbfff, TOP), C3},
    {"1 rem 0", float80_prem, ONE, ZERO, NEAR, INDEFINITE, IE},
    {"inf rem 1", float80_prem, INFINITE, ONE, NEAR, INDEFINITE, IE},
    {"1 rem inf", float80_prem, ONE, INFINITE, NEAR, ONE, 0},
    {"a partial remainder", float80_prem, V(0x3fff + 64, ONES), V(0x3fff, TOP | 1), NEAR,
     V(0x401e, 0xfffffffa00000002), C2},
    {"exponent of 0", exponent_of, ZERO, ZERO, NEAR, MINUS_INFINITE, ZE},
    {"significand of -0", significand_of, MINUS_ZERO, ZERO, NEAR, MINUS_ZERO, ZE},
    {"exponent of 12", exponent_of, V(0x4002, 0xc000000000000000), ZERO, NEAR, V(0x4000, 0xc000000000000000), 0},
    {"significand of 12", significand_of, V(0x4002, 0xc000000000000000), ZERO, NEAR, V(0x3fff, 0xc000000000000000), 0},
    {"exponent of -inf", exponent_of, MINUS_INFINITE, ZERO, NEAR, INFINITE, 0},
    {"examine a denormal", examine, V(0x8000, 1), ZERO, NEAR, V(0x8000, 1), C3 | C2 | C1},
    {"examine an unnormal", examine, UNNORMAL, ZERO, NEAR, UNNORMAL, 0},
    {"load a single signalling NaN", from_single, V(0, 0x7f800001), ZERO, NEAR, V(0x7fff, 0xc000010000000000), IE},
    {"load a single denormal", from_single, V(0, 1), ZERO, NEAR, V(0x3fff - 149, TOP), DE},
    {"load a double denormal", from_double, V(0, 1), ZERO, NEAR, V(0x3fff - 1074, TOP), DE},
    {"store a single", to_single, ONE, ZERO, NEAR, V(0, 0x3f800000), 0},
    {"store a single too large", to_single, GREATEST, ZERO, NEAR, V(0, 0x7f800000), OE | PE | C1},
    {"32767.5 to 16 bits", to_16, V(0x400d, 0xffff000000000000), ZERO, NEAR, V(0, 0xffffffffffff8000), IE},
    {"32767.5 cut to 16 bits", cut_16, V(0x400d, 0xffff000000000000), ZERO, NEAR, V(0, 32767), PE},
    {"-32768.5 to 16 bits", to_16, V(0xc00e, 0x8000800000000000), ZERO, NEAR, V(0, 0xffffffffffff8000), PE},
    {"NaN to 16 bits", to_16, QUIET, ZERO, NEAR, V(0, 0xffffffffffff8000), IE},
    {"-12 to decimal", to_bcd, V(0xc002, 0xc000000000000000), ZERO, NEAR, V(0x8000, 0x12), 0},
    {"10^18 to decimal", to_bcd, V(0x403a, 0xde0b6b3a76400000), ZERO, NEAR, V(0xffff, 0xc000000000000000), IE},
    {"from decimal -0", from_bcd, V(0x8000, 0), ZERO, NEAR, MINUS_ZERO, 0},
    {"pi", constant, V(0, 3), ZERO, NEAR, V(0x4000, 0xc90fdaa22168c235), 0},
    {"pi cut", constant, V(0, 3), ZERO, CUT, V(0x4000, 0xc90fdaa22168c234), 0},
    {"1 < 2", float80_compare, ONE, TWO, NEAR, ZERO, C0},
    {"-0 = 0", float80_compare, MINUS_ZERO, ZERO, NEAR, ZERO, C3},
    {"a quiet NaN, compared", float80_compare, QUIET, ONE, NEAR, ZERO, IE | C3 | C2 | C0},
    {"a quiet NaN, compared quietly", float80_compare_quietly, QUIET, ONE, NEAR, ZERO, C3 | C2 | C0},
};

static void test_x87(void **state)
{
    for (size_t i = 0; i < LENGTH(x87); i++) {
        struct float_result r = x87[i].compute(x87[i].a, x87[i].b, x87[i].fcw);
        if (memcmp(&r.value, &x87[i].value, sizeof r.value) || r.status != x87[i].status)
            fail_msg("%s: %s %04x, not %s %04x", x87[i].name, operand_text(r.value).text, r.status,
                     operand_text(x87[i].value).text, x87[i].status);
    }
}

/* With IE, DE or ZE unmasked, status has only these, and a comparison's outcome. */
static void test_x87_unmasked(void **state)
{
    struct vreg one = ONE, zero = ZERO, tiniest = TINIEST, signalling = SIGNALLING;
    assert_int_equal(float80_div(one, zero, NEAR & ~ZE).status, ZE);
    assert_int_equal(float80_add(one, signalling, NEAR & ~IE).status, IE);
    assert_int_equal(float80_add(one, tiniest, NEAR).status, DE | PE);
    assert_int_equal(float80_add(one, tiniest, NEAR & ~DE).status, DE);
    assert_int_equal(float80_compare(one, signalling, NEAR & ~IE).status, IE | C3 | C2 | C0);
}

/* ---- SSE ---- */

enum { MASKED = 0x1f80, UNMASK = 7 /* a status bit to its mask */, FTZ = 0x8000, DAZ = 0x40 };

typedef struct float_result sse_fn(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr);
static const struct {
    const char *name;
    sse_fn *compute;
    unsigned format;
    uint64_t a, b;
    unsigned mxcsr;
    uint64_t value;
    unsigned status;
} sse[] = {
    {"1 + 1", float_add, FLOAT_SS, 0x3f800000, 0x3f800000, MASKED, 0x40000000, 0},
    {"the other lane stays", float_add, FLOAT_SS, 0x123456783f800000, 0x3f800000, MASKED, 0x1234567840000000, 0},
    {"the first NaN", float_add, FLOAT_SS, 0x7fc00001, 0x7fc00002, MASKED, 0x7fc00001, 0},
    {"the first NaN, made quiet", float_add, FLOAT_SS, 0x7f800001, 0x7fc00002, MASKED, 0x7fc00001, IE},
    {"the only NaN", float_add, FLOAT_SS, 0x3f800000, 0xffc00002, MASKED, 0xffc00002, 0},
    {"inf - inf", float_sub, FLOAT_SD, 0x7ff0000000000000, 0x7ff0000000000000, MASKED, 0xfff8000000000000, IE},
    {"1 / 0", float_div, FLOAT_SD, 0x3ff0000000000000, 0x8000000000000000, MASKED, 0xfff0000000000000, ZE},
    {"1 / denormal", float_div, FLOAT_SD, 0x3ff0000000000000, 1, MASKED, 0x7ff0000000000000, DE | OE | PE},
    {"1 / denormal that is 0", float_div, FLOAT_SD, 0x3ff0000000000000, 1, MASKED | DAZ, 0x7ff0000000000000, ZE},
    {"half of the least", float_mul, FLOAT_SS, 0x00800000, 0x3f000000, MASKED, 0x00400000, 0},
    {"flushed", float_mul, FLOAT_SS, 0x80800000, 0x3f000000, MASKED | FTZ, 0x80000000, UE | PE},
    {"not flushed where UE is unmasked", float_mul, FLOAT_SS, 0x00800000, 0x3f000000, (MASKED | FTZ) & ~(UE << UNMASK),
     0, UE},
    {"an unmasked IE hides PE of another lane", float_add, FLOAT_PS, 0x7f8000013f800000, 0x3f80000030000000,
     MASKED & ~(IE << UNMASK), 0x7fc000013f800000, IE},
    {"a masked one does not", float_add, FLOAT_PS, 0x7f8000013f800000, 0x3f80000030000000, MASKED, 0x7fc000013f800000,
     IE | PE},
    {"min of zeros is the second", float_min, FLOAT_SS, 0, 0x80000000, MASKED, 0x80000000, 0},
    {"min with a NaN is the second", float_min, FLOAT_SS, 0x7fc00000, 0x3f800000, MASKED, 0x3f800000, IE},
    {"max with a NaN is the second", float_max, FLOAT_SS, 0x3f800000, 0x7f800001, MASKED, 0x7f800001, IE},
    {"root of -denormal", float_sqrt, FLOAT_SS, 0, 0x80000001, MASKED, 0xffc00000, IE},
    {"hsub takes the even from the odd's place", float_hsub, FLOAT_PS, 0x3f80000040400000, 0, MASKED, 0x40000000, 0},
    {"addsub", float_addsub, FLOAT_PS, 0x3f80000040400000, 0x3f8000003f800000, MASKED, 0x4000000040000000, 0},
};

static void test_sse(void **state)
{
    for (size_t i = 0; i < LENGTH(sse); i++) {
        struct vreg a = {{sse[i].a, 0}}, b = {{sse[i].b, 0}};
        struct float_result r = sse[i].compute(sse[i].format, a, b, sse[i].mxcsr);
        bool traps = r.status & ~(sse[i].mxcsr >> UNMASK); /* then the value is not used */
        if ((!traps && r.value.half[0] != sse[i].value) || r.status != sse[i].status)
            fail_msg("%s: %016llx %x, not %016llx %x", sse[i].name, (unsigned long long)r.value.half[0], r.status,
                     (unsigned long long)sse[i].value, sse[i].status);
    }
}

/* ---- RCPSS and RSQRTSS ---- */

static float float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}
static uint32_t approximate(bool root, uint32_t bits)
{
    struct vreg a = {{UINT64_C(0x1234567800000000), 7}}, b = {{bits, 0}};
    struct float_result r = root ? float_rsqrt(FLOAT_SS, a, b) : float_rcp(FLOAT_SS, a, b);
    assert_int_equal(r.status, 0);
    assert_int_equal(r.value.half[0] >> 32, 0x12345678);
    assert_int_equal(r.value.half[1], 7);
    return (uint32_t)r.value.half[0];
}

static void test_approximations(void **state)
{
    static const uint32_t special[][3] = {
        {0, 0x7f800000, 0x7f800000},          {0x80000000, 0xff800000, 0xff800000},
        {1, 0x7f800000, 0x7f800000},          {0x807fffff, 0xff800000, 0xff800000},
        {0x7f800000, 0, 0},                   {0xff800000, 0x80000000, 0xffc00000},
        {0x7fc00001, 0x7fc00001, 0x7fc00001}, {0x7f800001, 0x7fc00001, 0x7fc00001},
        {0xbf800000, 0xbf800000, 0xffc00000}, {0x3f800000, 0x3f800000, 0x3f800000},
        {0x7f000000, 0, 0x1fb50000}, /* 2^127: 2^-127 is denormal, 2^-63.5 is not */
    };
    for (size_t i = 0; i < LENGTH(special); i++) {
        assert_int_equal(approximate(false, special[i][0]), special[i][1]);
        assert_int_equal(approximate(true, special[i][0]), special[i][2]);
    }
    struct prng prng;
    prng_seed(&prng, 3);
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t bits = (uint32_t)(0x00800000 + prng_below(&prng, 0x7e000000 - 0x00800000));
        double x = float_of(bits), error = 1.5 / 4096;
        assert_true(fabs(float_of(approximate(false, bits)) * x - 1) <= error);
        assert_true(fabs(float_of(approximate(true, bits)) * sqrt(x) - 1) <= error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_x87), cmocka_unit_test(test_x87_unmasked),
                                       cmocka_unit_test(test_sse), cmocka_unit_test(test_approximations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
