/* SSE's arithmetic against the host processor's: value and exceptions under every rounding, FTZ and DAZ, masked and
 * unmasked. An unmasked exception of the host is a SIGFPE, whose context has the flags.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "tests/unit/float_operands.h"

enum { ROUNDS = 12000, MASKS = 0x1f80, DAZ = 0x40 };

struct frame {
    struct vreg a, b; /* b is the second operand, a the first and the result */
    uint32_t mxcsr, plain;
};
typedef void host_fn(struct frame *f);
typedef struct float_result ours_fn(struct vreg a, struct vreg b, uint64_t mxcsr);

/* a in XMM0, b in XMM1 and at (%0); EAX starts as 0 and is the result's low half where it is an integer. */
#define HOST(name, code, result)                                                                                     \
    static void host_##name(struct frame *f)                                                                         \
    {                                                                                                                \
        __asm__ volatile("movups (%1), %%xmm0\n\tmovups (%0), %%xmm1\n\txorl %%eax, %%eax\n\tldmxcsr 16(%0)\n\t" code \
                         "\n\tstmxcsr 16(%0)\n\tldmxcsr 20(%0)\n\t" result                                           \
                         :                                                                                           \
                         : "r"(&f->b), "r"(&f->a)                                                                    \
                         : "xmm0", "xmm1", "rax", "memory", "cc");                                                   \
    }
#define VECTOR "movups %%xmm0, (%1)"
#define INTEGER "movq %%rax, (%1)\n\tmovq $0, 8(%1)"
#define OURS(name, expression) \
    static struct float_result ours_##name(struct vreg a, struct vreg b, uint64_t mxcsr) { return expression; }

#define PACKED(X, op, imm) X(op, ps, PS, imm) X(op, pd, PD, imm)
#define LANES(X, op, imm) PACKED(X, op, imm) X(op, ss, SS, imm) X(op, sd, SD, imm)
#define BINARY(X) \
    LANES(X, add, 0) LANES(X, sub, 0) LANES(X, mul, 0) LANES(X, div, 0) LANES(X, min, 0) LANES(X, max, 0) \
    LANES(X, sqrt, 0) PACKED(X, hadd, 0) PACKED(X, hsub, 0) PACKED(X, addsub, 0)
#define IMMEDIATE(X) \
    LANES(X, cmp, 0) LANES(X, cmp, 1) LANES(X, cmp, 2) LANES(X, cmp, 3) LANES(X, cmp, 4) LANES(X, cmp, 5) \
    LANES(X, cmp, 6) LANES(X, cmp, 7) LANES(X, round, 0) LANES(X, round, 1) LANES(X, round, 2) LANES(X, round, 3) \
    LANES(X, round, 4) LANES(X, round, 9) LANES(X, round, 12) \
    X(dp, ps, PS, 0xff) X(dp, ps, PS, 0x71) X(dp, ps, PS, 0xb5) X(dp, ps, PS, 0x0f) X(dp, pd, PD, 0x33) \
    X(dp, pd, PD, 0x12)
#define ORDER(X) X(comi, ss, SS, false) X(comi, sd, SD, false) X(ucomi, ss, SS, true) X(ucomi, sd, SD, true)
#define CONVERT(X) \
    X(cvtps2pd, VECTOR, "cvtps2pd %%xmm1, %%xmm0", float_ps_to_pd(b, mxcsr)) \
    X(cvtpd2ps, VECTOR, "cvtpd2ps %%xmm1, %%xmm0", float_pd_to_ps(b, mxcsr)) \
    X(cvtss2sd, VECTOR, "cvtss2sd %%xmm1, %%xmm0", float_ss_to_sd(a, b, mxcsr)) \
    X(cvtsd2ss, VECTOR, "cvtsd2ss %%xmm1, %%xmm0", float_sd_to_ss(a, b, mxcsr)) \
    X(cvtdq2ps, VECTOR, "cvtdq2ps %%xmm1, %%xmm0", float_dq_to_ps(b, mxcsr)) \
    X(cvtdq2pd, VECTOR, "cvtdq2pd %%xmm1, %%xmm0", float_dq_to_pd(b, mxcsr)) \
    X(cvtps2dq, VECTOR, "cvtps2dq %%xmm1, %%xmm0", float_ps_to_dq(b, false, mxcsr)) \
    X(cvttps2dq, VECTOR, "cvttps2dq %%xmm1, %%xmm0", float_ps_to_dq(b, true, mxcsr)) \
    X(cvtpd2dq, VECTOR, "cvtpd2dq %%xmm1, %%xmm0", float_pd_to_dq(b, false, mxcsr)) \
    X(cvttpd2dq, VECTOR, "cvttpd2dq %%xmm1, %%xmm0", float_pd_to_dq(b, true, mxcsr)) \
    X(cvtpi2ps, VECTOR, "cvtpi2ps (%0), %%xmm0", float_pi_to_ps(a, b, mxcsr)) \
    X(cvtps2pi, INTEGER, "cvtps2pi %%xmm1, %%mm0\n\tmovq %%mm0, %%rax\n\temms", float_ps_to_pi(b, false, mxcsr)) \
    X(cvttps2pi, INTEGER, "cvttps2pi %%xmm1, %%mm0\n\tmovq %%mm0, %%rax\n\temms", float_ps_to_pi(b, true, mxcsr)) \
    X(cvtsi2ss, VECTOR, "cvtsi2ssl (%0), %%xmm0", float_from_integer(FLOAT_SS, a, b.half[0], mxcsr)) \
    X(cvtsi2sd, VECTOR, "cvtsi2sdl (%0), %%xmm0", float_from_integer(FLOAT_SD, a, b.half[0], mxcsr)) \
    X(cvtss2si, INTEGER, "cvtss2si %%xmm1, %%eax", float_to_integer(FLOAT_SS, b, false, mxcsr)) \
    X(cvttss2si, INTEGER, "cvttss2si %%xmm1, %%eax", float_to_integer(FLOAT_SS, b, true, mxcsr)) \
    X(cvtsd2si, INTEGER, "cvtsd2si %%xmm1, %%eax", float_to_integer(FLOAT_SD, b, false, mxcsr)) \
    X(cvttsd2si, INTEGER, "cvttsd2si %%xmm1, %%eax", float_to_integer(FLOAT_SD, b, true, mxcsr))

#define float_cmp(format, a, b, imm, mxcsr) float_compare(format, a, b, imm, mxcsr)
#define float_dp(format, a, b, imm, mxcsr) float_dot(format, a, b, imm, mxcsr)
#define X(op, form, format, ignored)                             \
    HOST(op##form, #op #form " %%xmm1, %%xmm0", VECTOR)          \
    OURS(op##form, float_##op(FLOAT_##format, a, b, mxcsr))
BINARY(X)
#undef X
#define X(op, form, format, imm)                                          \
    HOST(op##form##imm, #op #form " $" #imm ", %%xmm1, %%xmm0", VECTOR)   \
    OURS(op##form##imm, float_##op(FLOAT_##format, a, b, imm, mxcsr))
IMMEDIATE(X)
#undef X
/* ZF PF CF as they stand in the low byte of EFLAGS */
#define X(op, form, format, quiet)                                                                              \
    HOST(op##form, #op #form " %%xmm1, %%xmm0\n\tlahf\n\tmovzbl %%ah, %%eax\n\tandl $0x45, %%eax", INTEGER)     \
    OURS(op##form, float_order(FLOAT_##format, a, b, quiet, mxcsr))
ORDER(X)
#undef X
#define X(name, result, code, expression) HOST(name, code, result) OURS(name, expression)
CONVERT(X)
#undef X

static const struct row {
    const char *name;
    host_fn *host;
    ours_fn *ours;
    bool orders;
} rows[] = {
#define X(op, form, format, ignored) {#op #form, host_##op##form, ours_##op##form, false},
    BINARY(X)
#undef X
#define X(op, form, format, imm) {#op #form " " #imm, host_##op##form##imm, ours_##op##form##imm, false},
    IMMEDIATE(X)
#undef X
#define X(op, form, format, quiet) {#op #form, host_##op##form, ours_##op##form, true},
    ORDER(X)
#undef X
#define X(name, result, code, expression) {#name, host_##name, ours_##name, false},
    CONVERT(X)
#undef X
};

static sigjmp_buf trapped;
static volatile uint32_t trapped_mxcsr;
static void on_sigfpe(int number, siginfo_t *info, void *context)
{
    trapped_mxcsr = ((ucontext_t *)context)->uc_mcontext.fpregs->mxcsr;
    siglongjmp(trapped, 1);
}

static struct float_result ask_host(const struct row *row, struct vreg a, struct vreg b, uint64_t mxcsr)
{
    struct frame f = {a, b, (uint32_t)mxcsr, MASKS};
    if (sigsetjmp(trapped, 0)) return (struct float_result){{{0, 0}}, trapped_mxcsr & FLOAT_EXCEPTIONS};
    row->host(&f);
    return (struct float_result){f.a, f.mxcsr & FLOAT_EXCEPTIONS};
}

static unsigned differ(const struct row *row, struct vreg a, struct vreg b, uint64_t mxcsr)
{
    struct float_result host = ask_host(row, a, b, mxcsr), ours = row->ours(a, b, mxcsr);
    if (row->orders) ours.value.half[0] = ours.status >> 8, ours.status &= FLOAT_EXCEPTIONS;
    bool traps = host.status & ~(mxcsr >> 7);
    if (host.status == ours.status && (traps || !memcmp(&host.value, &ours.value, sizeof host.value))) return 0;
    printf("%s of %s and %s under %04x: host %s %02x, ours %s %02x\n", row->name, operand_text(a).text,
           operand_text(b).text, (unsigned)mxcsr, operand_text(host.value).text, host.status,
           operand_text(ours.value).text, ours.status);
    return 1;
}

/* Singles or doubles, or an integer now and then. */
static struct vreg draw(struct prng *prng, bool doubles, unsigned near)
{
    struct vreg r;
    for (unsigned i = 0; i < 2; i++) {
        if (prng_below(prng, 16) == 0) r.half[i] = prng_next(prng) >> prng_below(prng, 64);
        else if (doubles) r.half[i] = operand_ieee(prng, 11, 52, near);
        else r.half[i] = operand_ieee(prng, 8, 23, near) | operand_ieee(prng, 8, 23, near) << 32;
    }
    return r;
}
static bool takes_doubles(const struct row *row, struct prng *prng)
{
    const char *name = row->name;
    const char *to = strchr(name, '2'), *pd = strstr(name, "pd"), *sd = strstr(name, "sd");
    const char *form = pd ? pd : sd;
    bool doubles = form && (!to || form < to);
    return doubles ^ (prng_below(prng, 16) == 0);
}

static void compare_all(uint64_t seed, unsigned rounds, bool unmasked)
{
    struct prng prng;
    prng_seed(&prng, seed);
    for (const struct row *row = rows; row < rows + LENGTH(rows); row++) {
        unsigned faults = 0;
        for (unsigned i = 0; i < rounds && faults < 4; i++) {
            bool doubles = takes_doubles(row, &prng);
            unsigned near = (unsigned)prng_below(&prng, doubles ? 2048 : 256);
            struct vreg a = draw(&prng, doubles, near), b = draw(&prng, doubles, near);
            /* now and then the same numbers, or their opposites */
            if (prng_below(&prng, 16) == 0)
                for (unsigned half = 0; half < 2; half++)
                    b.half[half] = a.half[half] ^ (prng_next(&prng) & UINT64_C(0x8000000080000000));
            uint64_t control = prng_next(&prng), mxcsr = (control & 0x6000) | MASKS;
            if (control & 1) mxcsr |= control & 0x8040;
            if (unmasked) mxcsr &= ~MASKS | control >> 16;
            faults += differ(row, a, b, mxcsr);
        }
        if (faults) fail_msg("%s differs from the host's", row->name);
    }
}
static void test_masked(void **state) { compare_all(1, ROUNDS, false); }
static void test_unmasked(void **state)
{
    struct sigaction action = {.sa_sigaction = on_sigfpe, .sa_flags = SA_SIGINFO | SA_NODEFER}, old;
    sigaction(SIGFPE, &action, &old);
    compare_all(2, ROUNDS / 8, true);
    sigaction(SIGFPE, &old, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_masked), cmocka_unit_test(test_unmasked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
