/* x87's comparisons, loads and stores. */
#include "hwsim/float/ieee.h"
#include "hwsim/float/x87.h"

/* ---- relations ---- */

static struct float_result compare(struct vreg a, struct vreg b, bool quietly, uint64_t fcw)
{
    struct operand x = x87_unpack(a), y = x87_unpack(b);
    unsigned relation, status = x87_denormal(x) | x87_denormal(y);
    if (x87_is_nan(x) || x87_is_nan(y)) {
        bool quiet = (!x87_is_nan(x) || x.kind == KIND_QUIET) && (!x87_is_nan(y) || y.kind == KIND_QUIET);
        relation = FLOAT_C3 | FLOAT_C2 | FLOAT_C0;
        status = quiet && quietly ? 0 : FLOAT_IE;
    } else {
        int order = number_compare(x, y);
        relation = order > 0 ? 0 : order < 0 ? FLOAT_C0 : FLOAT_C3;
    }
    return x87_result((struct vreg){{0, 0}}, status | relation, fcw);
}
struct float_result float80_compare(struct vreg a, struct vreg b, uint64_t fcw) { return compare(a, b, false, fcw); }
struct float_result float80_compare_quietly(struct vreg a, struct vreg b, uint64_t fcw)
{
    return compare(a, b, true, fcw);
}

struct float_result float80_examine(struct vreg a)
{
    static const uint16_t class_of[] = {
        [KIND_ZERO] = FLOAT_C3,  [KIND_FINITE] = FLOAT_C2,     [KIND_INFINITY] = FLOAT_C2 | FLOAT_C0,
        [KIND_QUIET] = FLOAT_C0, [KIND_SIGNALLING] = FLOAT_C0, [KIND_UNSUPPORTED] = 0,
    };
    struct operand x = x87_unpack(a);
    unsigned status = x.denormal ? FLOAT_C3 | FLOAT_C2 : class_of[x.kind];
    return (struct float_result){a, (uint16_t)(status | (x.negative ? FLOAT_C1 : 0))};
}

/* ---- single and double ---- */

NUMBER_INLINE struct float_result load(struct ieee format, uint64_t bits, uint64_t fcw)
{
    struct operand x = ieee_unpack(format, bits, false);
    if (LIKELY(x.kind == KIND_FINITE))
        return x87_result(x87_value(x.significand, (unsigned)x.exponent, x.negative), x87_denormal(x), fcw);
    return x87_is_nan(x) ? x87_nan_alone(x, fcw) : x87_round(number_of(x), 64, 0, fcw);
}
struct float_result float80_from_single(struct vreg a, uint64_t fcw) { return load(ieee_single, a.half[0], fcw); }
struct float_result float80_from_double(struct vreg a, uint64_t fcw) { return load(ieee_double, a.half[0], fcw); }

static NUMBER_RARE struct float_result store_rare(bool is_double, uint64_t a0, uint64_t a1, uint64_t fcw)
{
    struct ieee format = is_double ? ieee_double : ieee_single;
    struct operand x = x87_unpack((struct vreg){{a0, a1}});
    if (x87_is_nan(x)) {
        struct float_result nan = x87_nan_alone(x, fcw);
        nan.value = (struct vreg){{ieee_nan(format, nan.value.half[0], nan.value.half[1] & X87_SIGN), 0}};
        return nan;
    }
    struct number_control control = {x87_mode(fcw), (unsigned)~fcw, 0, false};
    struct lane r = ieee_round(format, number_of(x), control, 0);
    /* with OE or UE unmasked nothing is stored, and nothing said of its last place */
    unsigned trap = r.status & (FLOAT_OE | FLOAT_UE) & (unsigned)~fcw;
    return (struct float_result){{{r.bits, 0}}, (uint16_t)(trap ? trap : r.status)};
}
NUMBER_INLINE struct float_result store(struct ieee format, struct vreg a, uint64_t fcw)
{
    struct lane r;
    if (x87_is_normal(a) && ieee_round_common(format, number_of(x87_unpack_normal(a)), x87_mode(fcw), &r))
        return (struct float_result){{{r.bits, 0}}, (uint16_t)r.status};
    return store_rare(format.bits == 64, a.half[0], a.half[1], fcw);
}
struct float_result float80_to_single(struct vreg a, uint64_t fcw) { return store(ieee_single, a, fcw); }
struct float_result float80_to_double(struct vreg a, uint64_t fcw) { return store(ieee_double, a, fcw); }

/* ---- integers ---- */

struct float_result float80_from_integer(uint64_t a)
{
    bool negative = a >> 63;
    if (a == 0) return (struct float_result){x87_zero(false), 0};
    struct number r = number_of_integer(negative ? -a : a, negative);
    return (struct float_result){x87_value((uint64_t)(r.significand >> 64), (unsigned)r.exponent, negative), 0};
}

/* Is it an integer whose magnitude is at most `limit` (one more if negative and `below`)? */
static bool to_integer(struct operand a, uint64_t limit, bool below, enum number_mode mode, struct integer *r)
{
    *r = (struct integer){0, 0};
    if (a.kind == KIND_FINITE) *r = number_to_integer(a, mode);
    return a.kind <= KIND_FINITE && r->magnitude <= limit + (a.negative && below);
}

struct float_result float80_to_integer(struct vreg a, unsigned bits, bool truncate, uint64_t fcw)
{
    uint64_t limit = bits_mask(bits - 1);
    struct operand x = x87_unpack(a);
    struct integer r;
    if (!to_integer(x, limit, true, truncate ? ROUND_ZERO : x87_mode(fcw), &r))
        return x87_result((struct vreg){{~limit, 0}}, FLOAT_IE, fcw);
    return x87_result((struct vreg){{x.negative ? -r.magnitude : r.magnitude, 0}}, r.status, fcw);
}

/* ---- packed decimal: 18 digits from the lowest nibble on, the sign in the top bit of the tenth byte ---- */

enum { BCD_DIGITS = 18 };

struct float_result float80_from_bcd(struct vreg a)
{
    uint64_t value = 0;
    for (int i = BCD_DIGITS - 1; i >= 0; i--) value = value * 10 + (a.half[i / 16] >> i % 16 * 4 & 15);
    struct float_result r = float80_from_integer(value);
    r.value.half[1] |= a.half[1] & X87_SIGN;
    return r;
}

struct float_result float80_to_bcd(struct vreg a, uint64_t fcw)
{
    struct operand x = x87_unpack(a);
    struct integer r;
    if (!to_integer(x, UINT64_C(999999999999999999), false, x87_mode(fcw), &r))
        return x87_result((struct vreg){{UINT64_C(0xc000000000000000), 0xffff}}, FLOAT_IE, fcw);
    struct vreg digits = {{0, x.negative ? X87_SIGN : 0}};
    uint64_t rest = r.magnitude;
    for (unsigned i = 0; i < BCD_DIGITS; i++, rest /= 10) digits.half[i / 16] |= rest % 10 << i % 16 * 4;
    return x87_result(digits, r.status, fcw);
}
