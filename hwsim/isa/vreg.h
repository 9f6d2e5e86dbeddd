/* vreg.h -- the content of a vector register: a packed or scalar value, or an 80-bit extended one. */
#ifndef COVM_VREG_H
#define COVM_VREG_H

#include <stdint.h>

struct vreg {
    uint64_t half[2]; /* low, high */
};

#endif
