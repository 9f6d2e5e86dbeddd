/* SSE's conversions. */
#include "hwsim/float/sse.h"

/* ---- between single and double ---- */

NUMBER_INLINE struct lane convert(struct ieee from, struct ieee to, uint64_t bits, uint64_t mxcsr)
{
    struct operand x = sse_unpack(from, bits, mxcsr);
    if (UNLIKELY(sse_is_nan(x))) return sse_nan(to, x, x);
    struct lane r;
    if (!x.denormal && ieee_round_common(to, number_of(x), sse_mode(mxcsr), &r)) return r;
    return sse_round(to, number_of(x), sse_denormal(x), mxcsr);
}
static struct lane widen(uint64_t bits, uint64_t mxcsr)
{
    return convert(ieee_single, ieee_double, (uint32_t)bits, mxcsr);
}
static struct lane narrow(uint64_t bits, uint64_t mxcsr) { return convert(ieee_double, ieee_single, bits, mxcsr); }

struct float_result float_ps_to_pd(struct vreg b, uint64_t mxcsr)
{
    struct lane low = widen(b.half[0], mxcsr), high = widen(b.half[0] >> 32, mxcsr);
    return sse_result(low.bits, high.bits, low.status | high.status, mxcsr);
}
struct float_result float_pd_to_ps(struct vreg b, uint64_t mxcsr)
{
    struct lane low = narrow(b.half[0], mxcsr), high = narrow(b.half[1], mxcsr);
    return sse_result(low.bits | high.bits << 32, 0, low.status | high.status, mxcsr);
}
struct float_result float_ss_to_sd(struct vreg a, struct vreg b, uint64_t mxcsr)
{
    struct lane r = widen(b.half[0], mxcsr);
    return sse_result(r.bits, a.half[1], r.status, mxcsr);
}
struct float_result float_sd_to_ss(struct vreg a, struct vreg b, uint64_t mxcsr)
{
    struct lane r = narrow(b.half[0], mxcsr);
    return sse_result(sse_low_word(a.half[0], r.bits), a.half[1], r.status, mxcsr);
}

/* ---- from 32-bit integers ---- */

NUMBER_INLINE struct lane from_integer(struct ieee format, uint64_t integer, uint64_t mxcsr)
{
    int64_t value = (int32_t)integer;
    if (value == 0) return (struct lane){0, 0};
    struct lane r; /* always a normal number */
    ieee_round_common(format, number_of_integer((uint64_t)(value < 0 ? -value : value), value < 0), sse_mode(mxcsr),
                      &r);
    return r;
}
static struct lane lane_from_integer(struct ieee format, uint64_t a, uint64_t b, uint64_t mxcsr)
{
    return from_integer(format, b, mxcsr);
}
struct float_result float_dq_to_ps(struct vreg b, uint64_t mxcsr)
{
    return sse_lanes(FLOAT_PS, b, b, mxcsr, lane_from_integer);
}
struct float_result float_dq_to_pd(struct vreg b, uint64_t mxcsr)
{
    struct vreg words = {{(uint32_t)b.half[0], b.half[0] >> 32}};
    return sse_lanes(FLOAT_PD, words, words, mxcsr, lane_from_integer);
}
struct float_result float_pi_to_ps(struct vreg a, struct vreg b, uint64_t mxcsr)
{
    struct lane r = sse_pair(b.half[0], b.half[0], mxcsr, lane_from_integer);
    return sse_result(r.bits, a.half[1], r.status, mxcsr);
}
struct float_result float_from_integer(unsigned format, struct vreg a, uint64_t b, uint64_t mxcsr)
{
    return sse_lanes(format, a, (struct vreg){{b, 0}}, mxcsr, lane_from_integer);
}

/* ---- to 32-bit integers; what does not fit is the indefinite integer ---- */

NUMBER_INLINE struct lane to_integer(struct ieee format, uint64_t bits, uint64_t mxcsr, enum number_mode mode)
{
    enum { INDEFINITE = 0x80000000u };
    struct operand x = sse_unpack(format, bits, mxcsr);
    if (x.kind == KIND_ZERO) return (struct lane){0, 0};
    if (x.kind != KIND_FINITE) return (struct lane){INDEFINITE, FLOAT_IE};
    struct integer r = number_to_integer(x, mode);
    if (r.magnitude >= UINT64_C(0x80000000) + x.negative) return (struct lane){INDEFINITE, FLOAT_IE};
    uint32_t magnitude = (uint32_t)r.magnitude;
    return (struct lane){x.negative ? -magnitude : magnitude, r.status};
}
static struct lane lane_to_integer(struct ieee format, uint64_t a, uint64_t b, uint64_t mxcsr)
{
    return to_integer(format, b, mxcsr, sse_mode(mxcsr));
}
static struct lane lane_truncate(struct ieee format, uint64_t a, uint64_t b, uint64_t mxcsr)
{
    return to_integer(format, b, mxcsr, ROUND_ZERO);
}
struct float_result float_ps_to_dq(struct vreg b, bool truncate, uint64_t mxcsr)
{
    return sse_lanes(FLOAT_PS, b, b, mxcsr, truncate ? lane_truncate : lane_to_integer);
}
struct float_result float_pd_to_dq(struct vreg b, bool truncate, uint64_t mxcsr)
{
    struct float_result r = sse_lanes(FLOAT_PD, b, b, mxcsr, truncate ? lane_truncate : lane_to_integer);
    r.value = (struct vreg){{r.value.half[0] | r.value.half[1] << 32, 0}};
    return r;
}
struct float_result float_ps_to_pi(struct vreg b, bool truncate, uint64_t mxcsr)
{
    struct lane r = sse_pair(b.half[0], b.half[0], mxcsr, truncate ? lane_truncate : lane_to_integer);
    return sse_result(r.bits, 0, r.status, mxcsr);
}
struct float_result float_to_integer(unsigned format, struct vreg b, bool truncate, uint64_t mxcsr)
{
    struct vreg zero = {{0, 0}};
    return sse_lanes(format, zero, b, mxcsr, truncate ? lane_truncate : lane_to_integer);
}
