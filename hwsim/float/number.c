#include <math.h>

#include "hwsim/float/number.h"

struct number number_root(struct number a)
{
    /* an even exponent, the radicand in [2^126, 2^128): its root has 64 bits */
    int32_t exponent = a.exponent - NUMBER_BIAS;
    unsigned odd = (unsigned)exponent & 1;
    wide radicand = number_shift_right(a.significand, !odd);
    /* A double's root is right to 52 bits; one step of Newton's rule, which a double can take, is right but for the
     * last. */
    double estimate = sqrt((double)(uint64_t)(radicand >> 64)) * 0x1p32;
    uint64_t root = estimate >= 0x1p64 ? UINT64_MAX : (uint64_t)estimate;
    double error = (double)(int64_t)((__int128)(radicand - (wide)root * root) >> 16) * 0x1p16;
    int64_t step = (int64_t)(error / (2 * estimate));
    root = step > 0 && root + (uint64_t)step < root ? UINT64_MAX : root + (uint64_t)step;
    while ((wide)root * root > radicand) root--;
    while (radicand - (wide)root * root > 2 * (wide)root) root++;
    wide rest = radicand - (wide)root * root;
    uint64_t low = (uint64_t)(rest > root) << 63 | (uint64_t)(rest != 0) << 62;
    return number_finite((wide)root << 64 | low, (exponent - (int32_t)odd) / 2 + NUMBER_BIAS, false);
}

struct number number_square_root(struct operand a)
{
    if (a.kind == KIND_ZERO) return number_zero(a.negative);
    if (a.negative) return number_invalid();
    return a.kind == KIND_INFINITY ? number_infinity(false) : number_root(number_of(a));
}

/* Of FSCALE's results some are out of range even with the exponent moved: 0 and infinity (SDM vol. 1, 8.5.4, 8.5.5). */
static struct rounded underflow(struct number a, struct rounded cut, struct number_format format,
                                struct number_control control)
{
    if (control.unmasked & FLOAT_UE) {
        cut.status |= FLOAT_UE;
        cut.exponent += control.wrap;
        if (control.wrap && cut.exponent < format.least) return (struct rounded){0, format.least, FLOAT_UE | FLOAT_PE};
        return cut;
    }
    if (control.flush) return (struct rounded){0, format.least, FLOAT_UE | FLOAT_PE};
    a.significand = number_shift_right(a.significand, (unsigned)(format.least - a.exponent));
    a.exponent = format.least;
    cut = number_cut(a, format.precision, control.mode);
    if (cut.status & FLOAT_PE) cut.status |= FLOAT_UE;
    return cut;
}

static struct rounded overflow(struct number a, struct rounded cut, struct number_format format,
                               struct number_control control)
{
    if (control.unmasked & FLOAT_OE) {
        cut.status |= FLOAT_OE;
        cut.exponent -= control.wrap;
        if (cut.exponent > format.most && control.wrap)
            return (struct rounded){NUMBER_TOP, format.most + 1, FLOAT_OE | FLOAT_PE | FLOAT_C1};
        return cut;
    }
    bool up = control.mode == ROUND_NEAREST || control.mode == (a.negative ? ROUND_DOWN : ROUND_UP);
    if (up) return (struct rounded){NUMBER_TOP, format.most + 1, FLOAT_OE | FLOAT_PE | FLOAT_C1};
    return (struct rounded){UINT64_MAX << (64 - format.precision), format.most, FLOAT_OE | FLOAT_PE};
}

/* Tininess is found after rounding, as x86 does (SDM vol. 1, 4.9.1.5). */
struct rounded number_round(struct number a, struct number_format format, struct number_control control)
{
    struct rounded cut = number_cut(a, format.precision, control.mode);
    if (cut.exponent < format.least) return underflow(a, cut, format, control);
    return cut.exponent > format.most ? overflow(a, cut, format, control) : cut;
}

struct integer number_to_integer(struct number a, enum number_mode mode)
{
    int32_t bits = a.exponent - NUMBER_BIAS + 1; /* of the integer part */
    if (bits > 64) return (struct integer){(wide)1 << 64, 0};
    wide fixed = number_shift_right(a.significand, (unsigned)(64 - bits));
    uint64_t whole = (uint64_t)(fixed >> 64), rest = (uint64_t)fixed;
    bool up = number_rounds_up(rest, whole & 1, a.negative, mode);
    return (struct integer){(wide)whole + up, (uint16_t)((rest ? FLOAT_PE : 0) | (up ? FLOAT_C1 : 0))};
}
