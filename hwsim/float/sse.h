/* sse.h -- MXCSR, and operations carried from lanes to vectors. Internal to this floor. */
#ifndef COVM_FLOAT_SSE_H
#define COVM_FLOAT_SSE_H

#include "hwsim/float/ieee.h"

enum { MXCSR_DAZ = 0x40, MXCSR_FTZ = 0x8000 };
enum { SSE_BEFORE = FLOAT_IE | FLOAT_DE | FLOAT_ZE }; /* found before anything is computed */

NUMBER_INLINE bool sse_is_double(unsigned format) { return format == FLOAT_PD || format == FLOAT_SD; }

NUMBER_INLINE unsigned sse_unmasked(uint64_t mxcsr) { return ~(unsigned)(mxcsr >> 7) & FLOAT_EXCEPTIONS; }
NUMBER_INLINE enum number_mode sse_mode(uint64_t mxcsr) { return (enum number_mode)(mxcsr >> 13 & 3); }
NUMBER_INLINE struct number_control sse_control(uint64_t mxcsr)
{
    return (struct number_control){sse_mode(mxcsr), sse_unmasked(mxcsr), 0, mxcsr & MXCSR_FTZ};
}

/* The union of the lanes' status, of which an unmasked IE, DE or ZE leaves only these three. */
NUMBER_INLINE struct float_result sse_result(uint64_t low, uint64_t high, unsigned status, uint64_t mxcsr)
{
    status &= UNLIKELY(status & SSE_BEFORE & sse_unmasked(mxcsr)) ? SSE_BEFORE : ~(unsigned)FLOAT_C1;
    return (struct float_result){{{low, high}}, (uint16_t)status};
}

/* A lane's result; C1 in its status says nothing. */
typedef struct lane sse_lane_fn(struct ieee format, uint64_t a, uint64_t b, uint64_t mxcsr);

NUMBER_INLINE struct operand sse_unpack(struct ieee format, uint64_t bits, uint64_t mxcsr)
{
    return ieee_unpack(format, bits, mxcsr & MXCSR_DAZ);
}
/* The bits of an operand, or of the zero that it counts as. */
NUMBER_INLINE uint64_t sse_flushed(struct ieee format, struct operand a, uint64_t bits)
{
    return a.kind == KIND_ZERO ? ieee_sign(format, a.negative) : bits;
}
NUMBER_INLINE bool sse_is_nan(struct operand a) { return a.kind >= KIND_QUIET; }
NUMBER_INLINE unsigned sse_denormal(struct operand a) { return a.denormal ? FLOAT_DE : 0; }
/* The first NaN of two operands, made quiet (SDM vol. 1, table 4-7). */
NUMBER_INLINE struct lane sse_nan(struct ieee format, struct operand a, struct operand b)
{
    struct operand nan = sse_is_nan(a) ? a : b;
    unsigned status = a.kind == KIND_SIGNALLING || b.kind == KIND_SIGNALLING ? FLOAT_IE : 0;
    return (struct lane){ieee_nan(format, nan.significand | NUMBER_QUIET, nan.negative), status};
}
NUMBER_INLINE struct lane sse_round(struct ieee format, struct number a, unsigned status, uint64_t mxcsr)
{
    return ieee_round(format, a, sse_control(mxcsr), status);
}

/* Two singles in one half. */
NUMBER_INLINE struct lane sse_pair(uint64_t a, uint64_t b, uint64_t mxcsr, sse_lane_fn *compute)
{
    struct lane low = compute(ieee_single, (uint32_t)a, (uint32_t)b, mxcsr);
    struct lane high = compute(ieee_single, a >> 32, b >> 32, mxcsr);
    return (struct lane){low.bits | high.bits << 32, low.status | high.status};
}
NUMBER_INLINE uint64_t sse_low_word(uint64_t half, uint64_t word) { return (half & ~(uint64_t)UINT32_MAX) | word; }

NUMBER_INLINE struct float_result sse_lanes(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr,
                                            sse_lane_fn *compute)
{
    struct lane low, high = {a.half[1], 0};
    switch (format) {
    case FLOAT_SD:
    case FLOAT_PD:
        low = compute(ieee_double, a.half[0], b.half[0], mxcsr);
        if (format == FLOAT_PD) high = compute(ieee_double, a.half[1], b.half[1], mxcsr);
        break;
    case FLOAT_SS:
        low = compute(ieee_single, (uint32_t)a.half[0], (uint32_t)b.half[0], mxcsr);
        low.bits = sse_low_word(a.half[0], low.bits);
        break;
    default:
        low = sse_pair(a.half[0], b.half[0], mxcsr, compute);
        high = sse_pair(a.half[1], b.half[1], mxcsr, compute);
    }
    return sse_result(low.bits, high.bits, low.status | high.status, mxcsr);
}

#endif
