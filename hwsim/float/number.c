#include <math.h>

#include "hwsim/float/number.h"

wide number_root_significand(wide significand, bool odd)
{
    /* its root has 64 bits */
    wide radicand = number_shift_right(significand, !odd);
    /* A double's root is right to 52 bits. One step of Newton's rule, which a double can take, cut downwards, leaves it
     * off by one at most. */
    double estimate = sqrt((double)(uint64_t)(radicand >> 64)) * 0x1p32;
    uint64_t root = estimate >= 0x1p64 ? UINT64_MAX : (uint64_t)estimate;
    double error = (double)(int64_t)((__int128)(radicand - (wide)root * root) >> 16) * 0x1p16;
    root += (uint64_t)((int64_t)(error / (2 * estimate)) - (error < 0));
    while ((wide)root * root > radicand) root--;
    while (radicand - (wide)root * root > 2 * (wide)root) root++;
    wide rest = radicand - (wide)root * root;
    return (wide)root << 64 | (uint64_t)(rest > root) << 63 | (uint64_t)(rest != 0) << 62;
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
