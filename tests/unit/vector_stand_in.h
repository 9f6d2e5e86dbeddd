/* vector_stand_in.h -- vector atoms evaluated without the core: moves, bits and packed integers as they are; of
 * floating-point ones a hash of all that they read, which shows a wrong operand sooner than arithmetic would. (Tests.)
 */
#ifndef COVM_VECTOR_STAND_IN_H
#define COVM_VECTOR_STAND_IN_H

#include "hwsim/float/float.h"
#include "hwsim/isa/isa.h"
#include "hwsim/isa/packed.h"

static inline uint64_t stand_in_mix(uint64_t hash, uint64_t x)
{
    hash = (hash ^ x) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static inline uint64_t stand_in_operand(uint64_t hash, unsigned there, unsigned vector, const struct vreg *v,
                                        uint64_t x)
{
    if (!there) return hash;
    return vector ? stand_in_mix(stand_in_mix(hash, v->half[0]), v->half[1]) : stand_in_mix(hash, x);
}

/* Value and status; exceptions are rare, as in programs. */
static inline void stand_in_float(struct vector_atom *atom)
{
    unsigned shape = atom_table[atom->op].shape;
    uint64_t hash = stand_in_mix(atom->op, atom->half);
    if (shape & (SHAPE_LANES | SHAPE_FORMAT)) hash = stand_in_mix(hash, atom->size);
    if (shape & SHAPE_IMM) hash = stand_in_mix(hash, atom->imm);
    hash = stand_in_operand(hash, shape & SHAPE_A, shape & SHAPE_VA, atom->a, atom->xa);
    hash = stand_in_operand(hash, shape & SHAPE_B, shape & SHAPE_VB, atom->b, atom->xb);
    hash = stand_in_operand(hash, shape & SHAPE_C, shape & SHAPE_VC, atom->c, atom->xc);
    atom->v = (struct vreg){{stand_in_mix(hash, 1), stand_in_mix(hash, 2)}};
    atom->x = atom->v.half[0];
    uint64_t status = stand_in_mix(hash, 3);
    atom->status = (uint16_t)(status & (status >> 32 & 31 ? ~(unsigned)FLOAT_EXCEPTIONS : ~0u));
}

/* False: an unmasked exception. */
static inline bool stand_in_vector(struct vector_atom *in)
{
    struct vector_atom *out = in;
    switch (in->op) {
#define A                  (*in->a)
#define B                  (*in->b)
#define C                  (*in->c)
#define XA                 (in->xa)
#define XB                 (in->xb)
#define SIZE               (in->size)
#define IMM                (in->imm)
#define HALF               (in->half)
#define V(expression)      out->v = expression
#define X(expression)      out->x = expression
#define S(expression)      out->status = expression
#define F(expression)      stand_in_float(in)
#define STRING(result)     (stand_in_float(in), out->status &= ATOM_FLAGS)
#define vector_of(low, up) ((struct vreg){{low, up}})
#define lane_mask(size)    bits_mask(8u << (size))
#define PURE(name, ...)
#define OTHER(name, ...)
#define VECTOR(name, mnemonic, shape, unit, latency, value)                                                            \
    case ATOM_##name:                                                                                                  \
        value;                                                                                                         \
        break;
#define VECTOR_CHECK VECTOR
#include "hwsim/isa/atoms.def"
#undef A
#undef B
#undef C
#undef XA
#undef XB
#undef SIZE
#undef IMM
#undef HALF
#undef V
#undef X
#undef S
#undef F
#undef STRING
#undef vector_of
#undef lane_mask
#undef PURE
#undef OTHER
    default: break;
    }
    if (in->half) out->v.half[1] = 0xffff;
    if (in->op == ATOM_FMERGE) return !float_unmasked(in->status, in->xb);
    return in->op != ATOM_XMERGE || !float_unmasked_sse(in->status, in->xa);
}

static inline bool stand_in_evaluate(void *cookie, struct vector_atom *atom)
{
    (void)cookie;
    return stand_in_vector(atom);
}

/* An atom from the operands of an encoded one. */
static inline struct vector_atom stand_in_atom(const struct atom *atom, const uint64_t *r, const struct vreg *v,
                                               const uint16_t *f)
{
    unsigned shape = atom_table[atom->op].shape;
    struct vector_atom in = {.op = atom->op, .size = atom->size, .imm = (uint8_t)atom->imm, .half = atom->half};
    if (shape & SHAPE_F) in.status = f[atom->fs];
    if (shape & SHAPE_VA)
        in.a = &v[atom->ra - REG_VECTOR];
    else if (shape & SHAPE_A)
        in.xa = r[atom->ra];
    if (shape & SHAPE_VB)
        in.b = &v[atom->rb - REG_VECTOR];
    else if (shape & SHAPE_B)
        in.xb = r[atom->rb];
    if (shape & SHAPE_VC)
        in.c = &v[atom->rc - REG_VECTOR];
    else if (shape & SHAPE_C)
        in.xc = r[atom->rc];
    return in;
}

#endif
