#include "hwsim/float/ieee.h"

struct lane ieee_round(struct ieee format, struct number a, struct number_control control, unsigned status)
{
    if (a.status) status = a.status;
    switch (a.kind) {
    case KIND_ZERO: return (struct lane){ieee_sign(format, a.negative), status};
    case KIND_INFINITY: return (struct lane){ieee_infinity(format, a.negative), status};
    case KIND_FINITE: break;
    default: return (struct lane){ieee_indefinite(format), status};
    }
    struct rounded r = number_round(a, format.range, control);
    uint64_t bits = r.significand >> 63 ? ieee_pack_normal(format, r, a.negative)
                                        : ieee_sign(format, a.negative) | r.significand >> (63 - ieee_fraction(format));
    return (struct lane){bits, status | r.status};
}
