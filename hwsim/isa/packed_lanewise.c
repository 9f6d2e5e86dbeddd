/* packed_lanewise.c -- packed integers lane by lane: a result lane depends on the same lane of each operand. */
#include "hwsim/isa/packed_lanes.h"

/* Logic (SDM PAND, PANDN, POR, PXOR). */

struct vreg packed_and(struct vreg a, struct vreg b)
{
    return (struct vreg){{a.half[0] & b.half[0], a.half[1] & b.half[1]}};
}
struct vreg packed_andn(struct vreg a, struct vreg b)
{
    return (struct vreg){{~a.half[0] & b.half[0], ~a.half[1] & b.half[1]}};
}
struct vreg packed_or(struct vreg a, struct vreg b)
{
    return (struct vreg){{a.half[0] | b.half[0], a.half[1] | b.half[1]}};
}
struct vreg packed_xor(struct vreg a, struct vreg b)
{
    return (struct vreg){{a.half[0] ^ b.half[0], a.half[1] ^ b.half[1]}};
}

/* The others are an expression of x (a's lanes) and y (b's), unsigned vectors of type U; S is the signed type, E that
 * of one lane. A comparison gives all ones or zero in each lane. No vector is an argument: where the target has no
 * vector registers, compilers do not know how to pass one. */
#define VECTOR(v) ((vector_u64){(v).half[0], (v).half[1]})
#define CASE(bits, expression)                                                                                         \
    {                                                                                                                  \
        typedef uint##bits##_t E __attribute__((unused));                                                              \
        typedef vector_u##bits U;                                                                                      \
        typedef vector_i##bits S __attribute__((unused));                                                              \
        U x = (U)VECTOR(a), y __attribute__((unused)) = (U)VECTOR(b);                                                  \
        vector_u64 r = (vector_u64)(expression);                                                                       \
        return (struct vreg){{r[0], r[1]}};                                                                            \
    }
#define CASES(expression)                                                                                              \
    switch (lane) {                                                                                                    \
    case 0: CASE(8, expression)                                                                                        \
    case 1: CASE(16, expression)                                                                                       \
    case 2: CASE(32, expression)                                                                                       \
    default: CASE(64, expression)                                                                                      \
    }
#define LANEWISE(name, expression)                                                                                     \
    struct vreg packed_##name(struct vreg a, struct vreg b, unsigned lane) { CASES(expression) }

#define SELECT(condition, yes, no) (((U)(condition) & (yes)) | (~(U)(condition) & (no)))
#define NEGATIVE(x)                ((S)(x) < 0)

/* SDM PADD, PSUB. */
LANEWISE(add, x + y)
LANEWISE(sub, x - y)

/* SDM PADDS, PSUBS, PADDUS, PSUBUS. A signed result that overflows has the wrong sign: x has the right one. */
#define EXTREME(x) ((U)NEGATIVE(x) ^ (~(U){0} >> 1)) /* the most positive value, of a negative x the most negative */
LANEWISE(adds, SELECT(NEGATIVE(~(x ^ y) & (x ^ (x + y))), EXTREME(x), x + y))
LANEWISE(subs, SELECT(NEGATIVE((x ^ y) & (x ^ (x - y))), EXTREME(x), x - y))
LANEWISE(addus, (x + y) | (U)(x + y < x))
LANEWISE(subus, (x - y) & (U)(x > y))

/* SDM PCMPEQ, PCMPGT, PMIN, PMAX, PAVG. */
LANEWISE(cmpeq, x == y)
LANEWISE(cmpgt, (S)x > (S)y)
LANEWISE(mins, SELECT((S)x < (S)y, x, y))
LANEWISE(minu, SELECT(x < y, x, y))
LANEWISE(maxs, SELECT((S)x > (S)y, x, y))
LANEWISE(maxu, SELECT(x > y, x, y))
LANEWISE(avg, (x | y) - ((x ^ y) >> 1))

/* SDM PMULLW, PMULLD, PSIGN, PABS. Negation under a mask m of all ones is (x ^ m) - m. */
LANEWISE(mullo, (x * y))
#define NEGATE(x, m) (((x) ^ (U)(m)) - (U)(m))
LANEWISE(sign, NEGATE(x, NEGATIVE(y)) & (U)(y != 0))
struct vreg packed_abs(struct vreg b, unsigned lane)
{
    struct vreg a = b;
    CASES(NEGATE(x, NEGATIVE(x)))
}

/* SDM PSLL, PSRL, PSRA. */
#define SHIFT(name, expression)                                                                                        \
    struct vreg packed_##name(struct vreg a, uint64_t count, unsigned lane)                                            \
    {                                                                                                                  \
        const struct vreg zero = {{0, 0}}, b = zero;                                                                   \
        if (count >= 8u << lane) return zero;                                                                          \
        CASES(expression)                                                                                              \
    }
SHIFT(sll, x << (E)count)
SHIFT(srl, x >> (E)count)
struct vreg packed_sra(struct vreg a, uint64_t count, unsigned lane)
{
    const unsigned top = (8u << lane) - 1;
    const struct vreg b = a;
    if (count > top) count = top;
    CASES((S)x >> (E)count)
}

/* SDM PBLENDVB, BLENDVPS, BLENDVPD; PBLENDW, BLENDPS, BLENDPD. */
struct vreg packed_blendv(struct vreg a, struct vreg b, struct vreg mask, unsigned lane)
{
    CASES(SELECT(NEGATIVE((U)VECTOR(mask)), y, x))
}
struct vreg packed_blend(struct vreg a, struct vreg b, unsigned imm, unsigned lane)
{
    const unsigned bytes = 1u << lane;
    union lanes x = {a}, y = {b};
    for (unsigned i = 0; i < 16; i++)
        if (imm >> i / bytes & 1) x.u8[i] = y.u8[i];
    return x.v;
}
