/* The memory images of the floating-point state, against FXSAVE, FXRSTOR, FNSAVE and FRSTOR of the host's processor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "hwsim/base/prng.h"
#include "hwsim/isa/fpstate.h"

struct state {
    uint64_t r[REG_COUNT];
    struct vreg v[VREG_COUNT];
};

enum { FSW_EXCEPTIONS = 0x7f, FSW_CONDITIONS = 0x4700 };

/* Numbers of all kinds: normal, zero, denormal, infinite, not a number, and those that only the 8087 had. */
static struct vreg random_number(struct prng *prng)
{
    static const uint16_t exponents[] = {0, 1, 0x3fff, 0x7ffe, 0x7fff};
    static const uint64_t significands[] = {0, 1, UINT64_C(1) << 63, UINT64_C(3) << 62, UINT64_MAX};
    uint64_t pick = prng_next(prng);
    uint64_t exponent = pick & 1 ? exponents[pick >> 8 & 3] : prng_next(prng) & 0x7fff;
    uint64_t significand = pick & 2 ? significands[(pick >> 16) % LENGTH(significands)] : prng_next(prng);
    if (pick & 4) exponent = exponents[(pick >> 24) % LENGTH(exponents)];
    return (struct vreg){{significand, exponent | (pick & 8 ? 0x8000 : 0)}};
}

/* All exceptions are masked, so that none is pending and the status word stays as it is. */
static void random_state(struct prng *prng, struct state *state)
{
    memset(state, 0, sizeof *state);
    state->r[HOME_FCW] = 0x37f | (prng_next(prng) & 0xc00);
    state->r[HOME_FSW] = prng_next(prng) & (FSW_EXCEPTIONS | FSW_CONDITIONS);
    state->r[HOME_FTW] = prng_next(prng) & 0x7ff;
    state->r[HOME_MXCSR] = 0x1f80 | (prng_next(prng) & 0x603f);
    for (unsigned i = 0; i < 8; i++) {
        state->v[i] = (struct vreg){{prng_next(prng), prng_next(prng)}};
        state->v[FPSTATE_X87_FIRST + i] = random_number(prng);
    }
}

struct host {
    _Alignas(16) uint8_t own[FXSAVE_BYTES], image[FXSAVE_BYTES];
    uint8_t fsave[FSAVE_BYTES];
};

static void host_fxsave(struct host *host)
{
    __asm__ volatile("fxsave %0; fxrstor %1; fxsave %1; fxrstor %0" : "+m"(host->own), "+m"(host->image));
}
static void host_fsave(struct host *host)
{
    __asm__ volatile("fxsave %0; fxrstor %1; fnsave %2; fxrstor %0"
                     : "+m"(host->own), "+m"(host->image), "=m"(host->fsave));
}
static void host_frstor(struct host *host)
{
    __asm__ volatile("fxsave %0; frstor %2; fxsave %1; fxrstor %0"
                     : "+m"(host->own), "+m"(host->image)
                     : "m"(host->fsave));
}

static void same_state(const struct state *a, const struct state *b, unsigned xmm)
{
    for (unsigned i = HOME_FCW; i <= HOME_MXCSR; i++)
        if (xmm || i != HOME_MXCSR) assert_int_equal(a->r[i], b->r[i]);
    assert_memory_equal(a->v + FPSTATE_X87_FIRST, b->v + FPSTATE_X87_FIRST, 8 * sizeof(struct vreg));
    if (xmm) assert_memory_equal(a->v, b->v, 8 * sizeof(struct vreg));
}

static void agrees_with_fxsave(void **unused)
{
    struct prng prng;
    prng_seed(&prng, 1);
    for (unsigned round = 0; round < 20000; round++) {
        struct state state, back = {{0}, {{{0}}}};
        struct host host = {{0}, {0}, {0}};
        uint8_t image[FXSAVE_BYTES] = {0};
        random_state(&prng, &state);
        fpstate_to_fxsave(state.r, state.v, image);
        memcpy(host.image, image, sizeof image);
        host_fxsave(&host);
        memcpy(host.image + 28, image + 28, 4); /* which bits of MXCSR there are is the processor's matter */
        assert_memory_equal(host.image, image, FXSAVE_BYTES_USED);
        fpstate_from_fxsave(host.image, back.r, back.v);
        same_state(&state, &back, true);
    }
}

static void agrees_with_fsave(void **unused)
{
    struct prng prng;
    prng_seed(&prng, 2);
    for (unsigned round = 0; round < 20000; round++) {
        struct state state, back = {{0}, {{{0}}}};
        struct host host = {{0}, {0}, {0}};
        uint8_t image[FSAVE_BYTES];
        random_state(&prng, &state);
        fpstate_to_fxsave(state.r, state.v, host.image);
        host_fsave(&host);
        fpstate_to_fsave(state.r, state.v, image);
        assert_memory_equal(host.fsave, image, FSAVE_BYTES);
        fpstate_from_fsave(image, back.r, back.v);
        same_state(&state, &back, false);
        memcpy(host.fsave, image, sizeof image);
        host_frstor(&host);
        memset(&back, 0, sizeof back);
        fpstate_from_fxsave(host.image, back.r, back.v);
        same_state(&state, &back, false);
    }
}

/* Instruction and operand pointers, which a processor may keep for itself while no exception is pending. */
static void keeps_pointers(void **unused)
{
    struct state state, back = {{0}, {{{0}}}};
    struct prng prng;
    uint8_t fxsave[FXSAVE_BYTES], fsave[FSAVE_BYTES];
    prng_seed(&prng, 3);
    random_state(&prng, &state);
    state.r[HOME_FIP] = UINT64_C(0x05a1002308049abc);
    state.r[HOME_FDP] = UINT64_C(0x0000002bbffff0d4);
    fpstate_to_fxsave(state.r, state.v, fxsave);
    fpstate_from_fxsave(fxsave, back.r, back.v);
    same_state(&state, &back, true);
    memset(&back, 0, sizeof back);
    fpstate_to_fsave(state.r, state.v, fsave);
    fpstate_from_fsave(fsave, back.r, back.v);
    same_state(&state, &back, false);
    assert_int_equal(fsave[16] | fsave[17] << 8 | fsave[18] << 16 | fsave[19] << 24, 0x05a10023);
}

static void resets(void **unused)
{
    struct state state;
    struct prng prng;
    uint8_t image[FSAVE_BYTES], expected[FSAVE_BYTES] = {0x7f, 3, 0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    prng_seed(&prng, 4);
    random_state(&prng, &state);
    fpstate_reset(state.r, state.v);
    fpstate_to_fsave(state.r, state.v, image);
    expected[26] = expected[27] = 0xff;
    assert_memory_equal(image, expected, sizeof image);
    assert_int_equal(state.r[HOME_MXCSR], 0x1f80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_fxsave),
        cmocka_unit_test(agrees_with_fsave),
        cmocka_unit_test(keeps_pointers),
        cmocka_unit_test(resets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
