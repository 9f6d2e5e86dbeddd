/* x87's arithmetic against the host processor's: value and status word, under every precision and rounding control,
 * masked and unmasked. The host's unmasked exceptions stay pending until the next waiting instruction; FNSAVE is
 * none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/float_operands.h"

enum { ROUNDS = 60000 };
enum place { ST0, ST1, MEMORY, NOWHERE };

/* Where a host instruction finds its operands and leaves its results. */
struct frame {
    struct vreg a, b, memory;
    uint32_t fcw;
    uint8_t save[108];
};
typedef void host_fn(struct frame *f);

/* a in ST0, b in ST1, the frame's memory at (%1) */
#define HOST(name, code)                                                                                              \
    static void host_##name(struct frame *f)                                                                          \
    {                                                                                                                 \
        __asm__ volatile("fninit\n\tfldt %2\n\tfldt %3\n\tfldcw %4\n\t" code "\n\tfnsave %0"                          \
                         : "=m"(f->save)                                                                              \
                         : "r"(&f->memory), "m"(f->b), "m"(f->a), "m"(f->fcw)                                         \
                         : "memory", "cc");                                                                           \
    }
#define OURS(name, expression) \
    static struct float_result ours_##name(struct vreg a, struct vreg b, uint64_t fcw) { return expression; }

HOST(add, "fadd %%st(1), %%st") OURS(add, float80_add(a, b, fcw))
HOST(sub, "fsub %%st(1), %%st") OURS(sub, float80_sub(a, b, fcw))
HOST(mul, "fmul %%st(1), %%st") OURS(mul, float80_mul(a, b, fcw))
HOST(div, "fdiv %%st(1), %%st") OURS(div, float80_div(a, b, fcw))
HOST(sqrt, "fsqrt") OURS(sqrt, float80_sqrt(a, fcw))
HOST(rndint, "frndint") OURS(rndint, float80_rndint(a, fcw))
HOST(scale, "fscale") OURS(scale, float80_scale(a, b, fcw))
HOST(prem, "fprem") OURS(prem, float80_prem(a, b, fcw))
HOST(prem1, "fprem1") OURS(prem1, float80_prem1(a, b, fcw))
HOST(xtract, "fxtract") OURS(exponent, float80_exponent(a, fcw)) OURS(significand, float80_significand(a, fcw))
HOST(chs, "fchs") OURS(chs, float80_chs(a))
HOST(abs, "fabs") OURS(abs, float80_abs(a))
HOST(com, "fcom %%st(1)") OURS(com, float80_compare(a, b, fcw))
HOST(ucom, "fucom %%st(1)") OURS(ucom, float80_compare_quietly(a, b, fcw))
HOST(xam, "fxam") OURS(xam, float80_examine(a))
HOST(from_single, "flds (%1)") OURS(from_single, float80_from_single(a, fcw))
HOST(from_double, "fldl (%1)") OURS(from_double, float80_from_double(a, fcw))
HOST(from_integer, "fildq (%1)") OURS(from_integer, float80_from_integer(a.half[0]))
HOST(from_bcd, "fbld (%1)") OURS(from_bcd, float80_from_bcd(a))
HOST(to_single, "fsts (%1)") OURS(to_single, float80_to_single(a, fcw))
HOST(to_double, "fstl (%1)") OURS(to_double, float80_to_double(a, fcw))
HOST(to_16, "fists (%1)") OURS(to_16, float80_to_integer(a, 16, false, fcw))
HOST(to_32, "fistl (%1)") OURS(to_32, float80_to_integer(a, 32, false, fcw))
HOST(to_64, "fistpq (%1)") OURS(to_64, float80_to_integer(a, 64, false, fcw))
HOST(cut_16, "fisttps (%1)") OURS(cut_16, float80_to_integer(a, 16, true, fcw))
HOST(cut_32, "fisttpl (%1)") OURS(cut_32, float80_to_integer(a, 32, true, fcw))
HOST(cut_64, "fisttpq (%1)") OURS(cut_64, float80_to_integer(a, 64, true, fcw))
HOST(to_bcd, "fbstp (%1)") OURS(to_bcd, float80_to_bcd(a, fcw))

typedef struct float_result ours_fn(struct vreg a, struct vreg b, uint64_t fcw);
enum { EXCEPT = FLOAT_EXCEPTIONS, PLAIN = EXCEPT | FLOAT_C1, ALL = EXCEPT | FLOAT_CONDITION };
enum { BEFORE = FLOAT_IE | FLOAT_DE | FLOAT_ZE };
static const struct row {
    const char *name;
    host_fn *host;
    ours_fn *ours;
    enum place place;
    unsigned status; /* the bits compared */
    unsigned bytes;  /* of the value in memory, given and taken */
} rows[] = {
    {"fadd", host_add, ours_add, ST0, PLAIN, 0},
    {"fsub", host_sub, ours_sub, ST0, PLAIN, 0},
    {"fmul", host_mul, ours_mul, ST0, PLAIN, 0},
    {"fdiv", host_div, ours_div, ST0, PLAIN, 0},
    {"fsqrt", host_sqrt, ours_sqrt, ST0, PLAIN, 0},
    {"frndint", host_rndint, ours_rndint, ST0, PLAIN, 0},
    {"fscale", host_scale, ours_scale, ST0, PLAIN, 0},
    {"fprem", host_prem, ours_prem, ST0, ALL, 0},
    {"fprem1", host_prem1, ours_prem1, ST0, ALL, 0},
    {"fxtract's exponent", host_xtract, ours_exponent, ST1, PLAIN, 0},
    {"fxtract's significand", host_xtract, ours_significand, ST0, PLAIN, 0},
    {"fchs", host_chs, ours_chs, ST0, PLAIN, 0},
    {"fabs", host_abs, ours_abs, ST0, PLAIN, 0},
    {"fcom", host_com, ours_com, NOWHERE, ALL, 0},
    {"fucom", host_ucom, ours_ucom, NOWHERE, ALL, 0},
    {"fxam", host_xam, ours_xam, NOWHERE, ALL, 0},
    {"fld single", host_from_single, ours_from_single, ST0, PLAIN, 4},
    {"fld double", host_from_double, ours_from_double, ST0, PLAIN, 8},
    {"fild", host_from_integer, ours_from_integer, ST0, PLAIN, 8},
    {"fbld", host_from_bcd, ours_from_bcd, ST0, PLAIN, 10},
    {"fst single", host_to_single, ours_to_single, MEMORY, PLAIN, 4},
    {"fst double", host_to_double, ours_to_double, MEMORY, PLAIN, 8},
    {"fist 16", host_to_16, ours_to_16, MEMORY, PLAIN, 2},
    {"fist 32", host_to_32, ours_to_32, MEMORY, PLAIN, 4},
    {"fistp 64", host_to_64, ours_to_64, MEMORY, PLAIN, 8},
    {"fisttp 16", host_cut_16, ours_cut_16, MEMORY, PLAIN, 2},
    {"fisttp 32", host_cut_32, ours_cut_32, MEMORY, PLAIN, 4},
    {"fisttp 64", host_cut_64, ours_cut_64, MEMORY, PLAIN, 8},
    {"fbstp", host_to_bcd, ours_to_bcd, MEMORY, PLAIN, 10},
};

/* The host's answer, its value cut or sign-extended as float.h says. */
static struct float_result ask_host(const struct row *row, struct vreg a, struct vreg b, uint64_t fcw)
{
    struct frame f = {.a = a, .b = b, .memory = a, .fcw = (uint32_t)fcw};
    struct float_result r = {{{0, 0}}, 0};
    row->host(&f);
    memcpy(&r.status, f.save + 4, 2);
    if (row->place == ST0) memcpy(&r.value, f.save + 28, 10);
    if (row->place == ST1) memcpy(&r.value, f.save + 38, 10);
    if (row->place == MEMORY) memcpy(&r.value, &f.memory, row->bytes);
    if (row->place == MEMORY && row->bytes == 2) r.value.half[0] = (uint64_t)(int64_t)(int16_t)r.value.half[0];
    if (row->place == MEMORY && row->bytes == 4 && row->host != host_to_single)
        r.value.half[0] = (uint64_t)(int64_t)(int32_t)r.value.half[0];
    return r;
}

static bool equal(const struct row *row, struct float_result host, struct float_result ours, uint64_t fcw)
{
    unsigned pending = host.status & FLOAT_EXCEPTIONS & (unsigned)~fcw;
    if (pending & BEFORE) return (host.status & row->status & ~(unsigned)FLOAT_C1) == ours.status;
    if ((host.status & row->status) != ours.status) return false;
    /* a store that meets an unmasked exception writes nothing */
    if (row->place == NOWHERE || (row->place == MEMORY && pending & ~FLOAT_PE)) return true;
    return host.value.half[0] == ours.value.half[0] && host.value.half[1] == ours.value.half[1];
}

static unsigned differ(const struct row *row, struct vreg a, struct vreg b, uint64_t fcw)
{
    struct float_result host = ask_host(row, a, b, fcw), ours = row->ours(a, b, fcw);
    if (equal(row, host, ours, fcw)) return 0;
    printf("%s of %s and %s under %03x: host %s %04x, ours %s %04x\n", row->name, operand_text(a).text,
           operand_text(b).text, (unsigned)fcw, operand_text(host.value).text, host.status & row->status,
           operand_text(ours.value).text, ours.status);
    return 1;
}

/* 0x40: a reserved bit that reads as set */
static uint64_t draw_control(struct prng *prng)
{
    uint64_t drawn = prng_next(prng);
    return 0x40 | (drawn & 0xf00) | (drawn >> 32 & 1 ? drawn >> 40 & 63 : 63);
}

static void draw_memory(const struct row *row, struct prng *prng, struct vreg *a)
{
    if (row->host == host_from_single) *a = (struct vreg){{operand_ieee(prng, 8, 23, 127), 0}};
    if (row->host == host_from_double) *a = (struct vreg){{operand_ieee(prng, 11, 52, 1023), 0}};
    if (row->host == host_from_bcd)
        for (unsigned i = 0; i < 18; i++) {
            a->half[i / 16] &= ~(UINT64_C(15) << i % 16 * 4);
            a->half[i / 16] |= prng_below(prng, 10) << i % 16 * 4;
        }
}

static void test_against_host(void **state)
{
    struct prng prng;
    prng_seed(&prng, 87);
    for (const struct row *row = rows; row < rows + LENGTH(rows); row++) {
        unsigned faults = 0;
        for (unsigned i = 0; i < ROUNDS && faults < 10; i++) {
            unsigned near = prng_next(&prng) & 1 ? 0x3fff : (unsigned)prng_below(&prng, 0x8000);
            struct vreg a = operand_extended(&prng, near), b = operand_extended(&prng, near);
            /* now and then the same number, or its opposite */
            if (prng_below(&prng, 16) == 0) b = a, b.half[1] ^= prng_next(&prng) & 0x8000;
            if (row->bytes) draw_memory(row, &prng, &a);
            faults += differ(row, a, b, draw_control(&prng));
        }
        if (faults) fail_msg("%s differs from the host's", row->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_host)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
