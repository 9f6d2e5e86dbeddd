/* vector.c -- what vector atoms compute: the value column of atoms.def, for the run loop and for the interpreter. */
#include "hwsim/core/core.h"
#include "hwsim/float/float.h"
#include "hwsim/isa/packed.h"

static inline struct vreg vector_of(uint64_t low, uint64_t high) { return (struct vreg){{low, high}}; }
static inline uint64_t lane_mask(unsigned size) { return bits_mask(8u << size); }

/* PCMPISTRx ends its strings at a zero, PCMPESTRx (IMM bit 7, which the processor ignores) at lengths: EAX's for a in the
 * low half of c, EDX's for b in the upper. */
static struct packed_string compare_strings(const struct vector_atom *in)
{
    bool explicit_lengths = in->imm >> 7;
    unsigned imm = in->imm & 127u;
    unsigned a = explicit_lengths ? packed_string_length((uint32_t)in->xc, imm) : packed_implicit_length(*in->a, imm);
    unsigned b = explicit_lengths ? packed_string_length(in->xc >> 32, imm) : packed_implicit_length(*in->b, imm);
    return packed_compare_strings(*in->a, *in->b, a, b, imm);
}

/* An operand that comes from memory as a single or double is not quieted on its way, and a denormal is one though it is
 * normal as an extended value: where no NaN, no other IE and no ZE goes first (SDM vol. 1, 4.9.2). */
typedef struct float_result float80_binary(struct vreg a, struct vreg b, uint64_t fcw);
static struct float_result with_memory(float80_binary *operation, const struct vector_atom *in)
{
    struct vreg a = *in->a, b = *in->b;
    bool denormal = in->imm & 3 && float80_widen(b.half[0], in->imm & 2, &b);
    bool exchanged = in->imm & 4;
    struct float_result result = exchanged ? operation(b, a, in->xc) : operation(a, b, in->xc);
    if (!denormal || float80_is_nan(a) || result.status & (FLOAT_IE | FLOAT_ZE)) return result;
    if (!(in->xc & FLOAT_DE)) result.status &= FLOAT_C3 | FLOAT_C2 | FLOAT_C0; /* it goes before what would follow */
    result.status |= FLOAT_DE;
    return result;
}

/* FPREM of a NaN, or what makes one, or of what traps: there is no remainder. */
static struct float_result remainder_if_any(struct float_result result, uint64_t fcw)
{
    enum { BEFORE = FLOAT_IE | FLOAT_DE };
    if (float80_is_nan(result.value) || float_unmasked(result.status & BEFORE, fcw)) result.status |= FLOAT_KEEP;
    return result;
}

#define A      (*in->a)
#define B      (*in->b)
#define C      (*in->c)
#define XA     (in->xa)
#define XB     (in->xb)
#define XC     (in->xc)
#define SIZE   (in->size)
#define IMM    (in->imm)
#define HALF   (in->half)
#define SOURCE source
#define V(expression) out->v = expression
#define X(expression) out->x = expression
#define S(expression) out->status = expression
#define F(expression)                                                                                                  \
    do {                                                                                                               \
        struct float_result r = expression;                                                                            \
        out->v = r.value;                                                                                              \
        out->x = r.value.half[0];                                                                                      \
        out->status = r.status;                                                                                        \
    } while (0)
#define STRING(result)                                                                                                 \
    do {                                                                                                               \
        struct packed_string r = compare_strings(in);                                                                  \
        result;                                                                                                        \
        out->status = r.flags;                                                                                         \
    } while (0)

bool hw_vector(struct hw_core *core, struct vector_atom *in)
{
    struct vector_atom *out = in;
    enum float_source source = core->params->transcendental == 1 ? FLOAT_HOST : FLOAT_EXACT;
    switch (in->op) {
#define PURE(name, ...)
#define OTHER(name, ...)
#define VECTOR(name, mnemonic, shape, unit, latency, value) \
    case ATOM_##name: value; break;
#define VECTOR_CHECK VECTOR
#include "hwsim/isa/atoms.def"
#undef PURE
#undef OTHER
    default: hw_panic(core, "atom %u is no vector atom", in->op);
    }
    if (in->half) out->v.half[1] = 0xffff;
    if (in->op == ATOM_FMERGE) return !float_unmasked(in->status, in->xb);
    return in->op != ATOM_XMERGE || !float_unmasked_sse(in->status, in->xa);
}
