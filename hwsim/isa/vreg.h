/* vreg.h -- the content of a vector register, and a vector atom with its operands, for those who evaluate one. */
#ifndef COVM_VREG_H
#define COVM_VREG_H

#include <stdbool.h>
#include <stdint.h>

/* A packed or scalar value, or an 80-bit extended one. */
struct vreg {
    uint64_t half[2]; /* low, high */
};

/* Operands that the atom has not are not looked at (atoms.def has its shape). */
struct vector_atom {
    uint8_t op, size, imm; /* enum atom_op */
    bool half;
    uint16_t status;     /* in: of FMERGE and XMERGE; out: of the atoms that give one */
    const struct vreg *a, *b, *c;
    uint64_t xa, xb, xc; /* general registers */
    struct vreg v;       /* result: one of these two */
    uint64_t x;
};

#endif
