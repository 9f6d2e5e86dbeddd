/* Relations between SSE's values: minimum, maximum, compare, order. */
#include "hwsim/float/sse.h"

enum relation { BELOW = 1, EQUAL = 2, ABOVE = 4, UNORDERED = 8 };

/* `signals`: a quiet NaN is an exception, too. */
NUMBER_INLINE enum relation relate(struct operand a, struct operand b, bool signals, unsigned *status)
{
    if (UNLIKELY(sse_is_nan(a) || sse_is_nan(b))) {
        *status = signals || a.kind == KIND_SIGNALLING || b.kind == KIND_SIGNALLING ? FLOAT_IE : 0;
        return UNORDERED;
    }
    *status = sse_denormal(a) | sse_denormal(b);
    int order = number_compare(a, b);
    return order < 0 ? BELOW : order > 0 ? ABOVE : EQUAL;
}

/* a if that is what is wanted, else b: where either is a NaN, too, and of two zeros. */
NUMBER_INLINE struct lane choose(struct ieee format, uint64_t a, uint64_t b, uint64_t mxcsr, enum relation wanted)
{
    struct operand x = sse_unpack(format, a, mxcsr), y = sse_unpack(format, b, mxcsr);
    unsigned status;
    bool first = relate(x, y, true, &status) == wanted;
    return (struct lane){first ? sse_flushed(format, x, a) : sse_flushed(format, y, b), status};
}
static struct lane lane_min(struct ieee format, uint64_t a, uint64_t b, uint64_t mxcsr)
{
    return choose(format, a, b, mxcsr, BELOW);
}
static struct lane lane_max(struct ieee format, uint64_t a, uint64_t b, uint64_t mxcsr)
{
    return choose(format, a, b, mxcsr, ABOVE);
}
struct float_result float_min(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr)
{
    return sse_lanes(format, a, b, mxcsr, lane_min);
}
struct float_result float_max(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr)
{
    return sse_lanes(format, a, b, mxcsr, lane_max);
}

/* EQ LT LE UNORD and their opposites; the predicate stands above MXCSR's 32 bits. */
enum { PREDICATE_AT = 32 };
static struct lane lane_compare(struct ieee format, uint64_t a, uint64_t b, uint64_t control)
{
    static const uint8_t holds[4] = {EQUAL, BELOW, BELOW | EQUAL, UNORDERED};
    unsigned predicate = (unsigned)(control >> PREDICATE_AT), kind = predicate & 3, status;
    struct operand x = sse_unpack(format, a, control), y = sse_unpack(format, b, control);
    enum relation r = relate(x, y, kind == 1 || kind == 2, &status);
    bool yes = ((holds[kind] & r) != 0) ^ (predicate >> 2 & 1);
    return (struct lane){yes ? bits_mask(format.bits) : 0, status};
}
struct float_result float_compare(unsigned format, struct vreg a, struct vreg b, unsigned predicate, uint64_t mxcsr)
{
    return sse_lanes(format, a, b, mxcsr | (uint64_t)(predicate & 7) << PREDICATE_AT, lane_compare);
}

/* The relation as C3 C2 C0. */
NUMBER_INLINE struct float_result order(struct ieee format, uint64_t a, uint64_t b, bool quiet, uint64_t mxcsr)
{
    unsigned status;
    enum relation r = relate(sse_unpack(format, a, mxcsr), sse_unpack(format, b, mxcsr), !quiet, &status);
    status |= r == BELOW ? FLOAT_C0 : r == EQUAL ? FLOAT_C3 : r == ABOVE ? 0 : FLOAT_C3 | FLOAT_C2 | FLOAT_C0;
    return sse_result(0, 0, status, mxcsr);
}
struct float_result float_order(unsigned format, struct vreg a, struct vreg b, bool quiet, uint64_t mxcsr)
{
    if (sse_is_double(format)) return order(ieee_double, a.half[0], b.half[0], quiet, mxcsr);
    return order(ieee_single, (uint32_t)a.half[0], (uint32_t)b.half[0], quiet, mxcsr);
}
