/* x86_host_float.h -- x87, MMX and SSE state for x86_host_test.c: as homes have it, as FXSAVE lays it out, at random.
 */
#ifndef COVM_TEST_X86_HOST_FLOAT_H
#define COVM_TEST_X86_HOST_FLOAT_H

#include <string.h>

#include "tests/unit/float_operands.h"

struct float_state {
    struct vreg xmm[8], r[8]; /* r: x87's physical registers */
    uint32_t mxcsr;
    uint16_t fcw, fsw, ftw;   /* TOP is in ftw (homes.def) */
};

/* SDM vol. 1, 10.5.1. */
struct fx_image {
    uint16_t fcw, fsw, ftw, fop;
    uint64_t fip, fdp;
    uint32_t mxcsr, mxcsr_mask;
    struct vreg st[8], xmm[16];
    uint8_t rest[96];
};
enum { FX_FCW = 0x37f, FX_MXCSR = 0x1f80, FX_TOP = 0x3800, FX_PENDING = 0x8080 };

static inline void float_to_image(const struct float_state *state, struct fx_image *image)
{
    unsigned top = state->ftw >> 8;
    *image = (struct fx_image){.fcw = state->fcw, .fsw = (uint16_t)(state->fsw | top << 11), .ftw = state->ftw & 0xff,
                               .mxcsr = state->mxcsr};
    memcpy(image->xmm, state->xmm, sizeof state->xmm);
    for (unsigned i = 0; i < 8; i++) image->st[i] = state->r[(top + i) & 7];
}

static inline void float_from_image(const struct fx_image *image, struct float_state *state)
{
    unsigned top = image->fsw >> 11 & 7;
    memset(state, 0, sizeof *state);
    state->fcw = image->fcw;
    state->fsw = image->fsw & (uint16_t)~FX_TOP;
    state->ftw = (uint16_t)((image->ftw & 0xff) | top << 8);
    state->mxcsr = image->mxcsr;
    memcpy(state->xmm, image->xmm, sizeof state->xmm);
    for (unsigned i = 0; i < 8; i++) {
        state->r[(top + i) & 7] = image->st[i];
        state->r[(top + i) & 7].half[1] &= 0xffff;
    }
}

static inline bool float_same(const struct float_state *a, const struct float_state *b)
{
    return !memcmp(a, b, sizeof *a);
}

/* ---- at random ---- */

static inline uint64_t float_lanes(struct prng *prng, unsigned kind)
{
    uint64_t bits = prng_next(prng);
    switch (kind) {
    case 0: return bits;
    case 1: return operand_ieee(prng, 8, 23, 127) << 32 | operand_ieee(prng, 8, 23, 127);
    case 2: return operand_ieee(prng, 11, 52, 1023);
    case 3: return bits & UINT64_C(0x0301030103010301); /* strings, with their zeros */
    case 4: return bits & 127;                          /* counts */
    case 5: return (bits & 1 ? bits_mask(bits >> 8 & 63) : 0) ^ bits >> 63 << (bits >> 16 & 63);
    default: return (bits & UINT64_C(0x8080808080808080)) >> 7 * (bits & 1) | (bits >> 32 & 0x7f7f7f7f);
    }
}

static inline struct vreg float_vector(struct prng *prng)
{
    unsigned kind = (unsigned)prng_below(prng, 7);
    return (struct vreg){{float_lanes(prng, kind), float_lanes(prng, kind)}};
}

static inline struct vreg float_x87(struct prng *prng)
{
    if (prng_below(prng, 4)) return operand_extended(prng, 16383);
    return (struct vreg){{float_lanes(prng, (unsigned)prng_below(prng, 7)), 0xffff}}; /* of MMX */
}

/* Exceptions are masked, mostly; a pending one of x87's is rare. */
static inline void float_random(struct prng *prng, struct float_state *state)
{
    enum { MASKS = 0x3f, SSE_MASKS = MASKS << 7, FCW_ROUNDING = 0xf00, CONDITIONS = 0x4700, FZ = 0x8000 };
    uint64_t bits = prng_next(prng);
    memset(state, 0, sizeof *state);
    for (unsigned i = 0; i < 8; i++) state->xmm[i] = float_vector(prng), state->r[i] = float_x87(prng);
    state->ftw = (uint16_t)((bits & 0x700) | (bits >> 32 & 0xff));
    if (bits >> 60) state->ftw |= 0xff;
    if (bits >> 60 < 2) state->ftw &= 0x700;
    bits = prng_next(prng);
    state->fcw = (uint16_t)((bits & FCW_ROUNDING) | MASKS | 0x40);
    if (!(bits & 0x300)) state->fcw |= 0x300;
    if (bits >> 61 == 0) state->fcw &= (uint16_t)~(bits >> 16 & MASKS);
    state->fsw = (uint16_t)(bits >> 32 & CONDITIONS);
    state->fsw |= (uint16_t)(bits >> 50 & MASKS & state->fcw); /* nothing pending */
    bits = prng_next(prng);
    if (bits >> 59 == 0) state->fsw |= (uint16_t)(bits & 127);
    if (state->fsw & ~state->fcw & MASKS) state->fsw |= FX_PENDING;
    bits = prng_next(prng);
    state->mxcsr = (uint32_t)(bits & 0xffff) | SSE_MASKS;
    if (bits >> 63) state->mxcsr &= ~(uint32_t)FZ;
    if (bits >> 61 == 0) state->mxcsr &= ~((uint32_t)(bits >> 16) & SSE_MASKS);
}

#endif
