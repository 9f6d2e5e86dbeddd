/* atom_eval.h -- what pure atoms compute: the value expressions of atoms.def and the flag rules that they name, as
 * inline functions. atom_eval_<NAME>(size, a, b, c, fin, fmask, cond) is one function per pure atom; where size is a
 * constant and fmask a constant 0, what remains is the bare operation. The cycle-level core, the IR evaluator and
 * atom_evaluate are all instances of these.
 *
 * Flags are x86's (SDM vol. 1, 3.4.3.1, and each instruction's page in vol. 2). What the manual leaves undefined
 * follows one formula here, in every engine. It is what AMD's Zen family computes (measured on Zen 3 and 4):
 *
 *     logic            AF clear
 *     shl shr sar      AF set; OF, whatever the count: shl MSB(result) ^ CF, shr the two top bits of the result
 *                      differ, sar clear. CF of a count beyond the size: the bit last shifted out of the extended
 *                      operand (0; for sar the sign)
 *     rol ror rcl rcr  OF, whatever the count: rol, rcl MSB(result) ^ CF; ror, rcr the two top bits of the result
 *                      differ. It is written whenever the masked count is not 0, even where the rotation comes to 0
 *     shld shrd        AF set; shld's CF and OF as shl's of the destination; shrd's CF as shr's, OF: the two top bits
 *                      of the result differ. Result of a count beyond the size (16 bits): the source rotated by the
 *                      excess
 *     bt               OF, SF, AF, PF unchanged
 *     bsf bsr          destination unchanged where the source is 0; CF, OF, SF, AF clear, PF of the result (of 0
 *                      where the source is 0). Some of the family leave all but ZF unchanged
 *     mul mulhu mulhs  SF, ZF, AF, PF unchanged
 *
 * 8-bit forms that x86 lacks (bt, bsf, shld, ...) follow the same formulas at 8 bits; bswap of 16 bits swaps its bytes.
 */
#ifndef COVM_ATOM_EVAL_H
#define COVM_ATOM_EVAL_H

#include "hwsim/isa/isa.h"
#include "hwsim/isa/packed.h"

#define ATOM_INLINE static inline __attribute__((always_inline, unused))

ATOM_INLINE unsigned atom_bits(unsigned size) { return 8u << size; }
ATOM_INLINE uint64_t atom_cut(uint64_t value, unsigned size) { return value & UINT64_MAX >> (64 - atom_bits(size)); }
ATOM_INLINE int64_t atom_signed(uint64_t value, unsigned size)
{
    return (int64_t)(value << (64 - atom_bits(size))) >> (64 - atom_bits(size));
}
ATOM_INLINE unsigned atom_msb(uint64_t value, unsigned size) { return (unsigned)(value >> (atom_bits(size) - 1)) & 1; }
/* Bit `from` of the value, moved to bit `to`; the others clear. */
ATOM_INLINE unsigned atom_move_bit(uint64_t value, unsigned from, unsigned to)
{
    return (unsigned)(from >= to ? value >> (from - to) : value << (to - from)) & 1u << to;
}
/* Do the two top bits differ? */
ATOM_INLINE unsigned atom_tops_differ(uint64_t value, unsigned size)
{
    return (unsigned)((value ^ value << 1) >> (atom_bits(size) - 1)) & 1;
}

/* ---- conditions and masks ---- */

ATOM_INLINE uint16_t atom_flag_bits(unsigned fmask)
{
    return (uint16_t)((fmask & 1) | (fmask & 2) << 1 | (fmask & 4) << 2 | (fmask & 24) << 3 | (fmask & 32) << 6);
}

/* Without a branch, since a condition is as good as random: SF != OF is put in the free bit 1; then an even condition
 * holds where any of its bits is set. */
ATOM_INLINE bool atom_cond(unsigned cond, uint16_t flags)
{
    enum { LESS = 2 };
    static const uint16_t any[8] = {FLAG_OF, FLAG_CF, FLAG_ZF, FLAG_CF | FLAG_ZF,
                                    FLAG_SF, FLAG_PF, LESS,    FLAG_ZF | LESS};
    unsigned bits = flags | ((flags >> 6 ^ flags >> 10) & LESS);
    return ((bits & any[cond >> 1 & 7]) != 0) ^ (cond & 1);
}

/* ---- values that are more than an operator ---- */

ATOM_INLINE unsigned atom_count(uint64_t b, unsigned size) { return (unsigned)b & (size == SIZE_64 ? 63 : 31); }

ATOM_INLINE uint64_t atom_shl(uint64_t a, uint64_t b, unsigned size) { return a << atom_count(b, size); }
ATOM_INLINE uint64_t atom_shr(uint64_t a, uint64_t b, unsigned size) { return a >> atom_count(b, size); }
ATOM_INLINE uint64_t atom_sar(uint64_t a, uint64_t b, unsigned size)
{
    return (uint64_t)(atom_signed(a, size) >> atom_count(b, size));
}
ATOM_INLINE uint64_t atom_rol(uint64_t a, uint64_t b, unsigned size)
{
    unsigned bits = atom_bits(size), count = (unsigned)b & (bits - 1);
    return atom_cut(a << count, size) | a >> ((bits - count) & (bits - 1));
}
ATOM_INLINE uint64_t atom_ror(uint64_t a, uint64_t b, unsigned size)
{
    unsigned bits = atom_bits(size), count = (unsigned)b & (bits - 1);
    return a >> count | atom_cut(a << ((bits - count) & (bits - 1)), size);
}
/* Rotations through carry move bits + 1 places. */
ATOM_INLINE unsigned atom_carry_count(uint64_t b, unsigned size)
{
    unsigned count = atom_count(b, size);
    return size == SIZE_8 ? count % 9 : size == SIZE_16 ? count % 17 : count;
}
ATOM_INLINE uint64_t atom_rcl(uint64_t a, uint64_t b, uint64_t cf, unsigned size)
{
    unsigned count = atom_carry_count(b, size);
    return count ? a << count | cf << (count - 1) | a >> 1 >> (atom_bits(size) - count) : a;
}
ATOM_INLINE uint64_t atom_rcr(uint64_t a, uint64_t b, uint64_t cf, unsigned size)
{
    unsigned count = atom_carry_count(b, size), rest = atom_bits(size) - count;
    return count ? a >> count | cf << rest | a << 1 << rest : a;
}
/* b: the count; c: where the bits shifted in come from. */
ATOM_INLINE uint64_t atom_shld(uint64_t a, uint64_t b, uint64_t c, unsigned size)
{
    unsigned bits = atom_bits(size), count = atom_count(b, size);
    if (count > bits) return atom_rol(c, count - bits, size);
    return count ? a << count | c >> (bits - count) : a;
}
ATOM_INLINE uint64_t atom_shrd(uint64_t a, uint64_t b, uint64_t c, unsigned size)
{
    unsigned bits = atom_bits(size), count = atom_count(b, size);
    if (count > bits) return atom_ror(c, count - bits, size);
    return count ? a >> count | c << (bits - count) : a;
}
ATOM_INLINE uint64_t atom_bsf(uint64_t a, uint64_t b) { return b ? (uint64_t)__builtin_ctzll(b) : a; }
ATOM_INLINE uint64_t atom_bsr(uint64_t a, uint64_t b) { return b ? (uint64_t)(63 - __builtin_clzll(b)) : a; }
ATOM_INLINE uint64_t atom_bswap(uint64_t b, unsigned size) { return __builtin_bswap64(b) >> (64 - atom_bits(size)); }

ATOM_INLINE uint64_t atom_mulhu(uint64_t a, uint64_t b, unsigned size)
{
    if (size == SIZE_64) return (uint64_t)((unsigned __int128)a * b >> 64);
    return a * b >> atom_bits(size);
}
ATOM_INLINE uint64_t atom_mulhs(uint64_t a, uint64_t b, unsigned size)
{
    if (size == SIZE_64) return (uint64_t)((__int128)(int64_t)a * (int64_t)b >> 64);
    return (uint64_t)(atom_signed(a, size) * atom_signed(b, size)) >> atom_bits(size);
}
ATOM_INLINE uint64_t atom_divu(uint64_t a, uint64_t b) { return b ? a / b : 0; }
ATOM_INLINE uint64_t atom_remu(uint64_t a, uint64_t b) { return b ? a % b : 0; }
/* The most negative number by -1 wraps around, remainder 0. */
ATOM_INLINE uint64_t atom_divs(uint64_t a, uint64_t b, unsigned size)
{
    int64_t divisor = atom_signed(b, size);
    return divisor == 0 ? 0 : divisor == -1 ? -a : (uint64_t)(atom_signed(a, size) / divisor);
}
ATOM_INLINE uint64_t atom_rems(uint64_t a, uint64_t b, unsigned size)
{
    int64_t divisor = atom_signed(b, size);
    return divisor == 0 || divisor == -1 ? 0 : (uint64_t)(atom_signed(a, size) % divisor);
}

/* ---- flag rules ---- */

/* Does a rule compute no flag, all six, or some only (the others, or all of them for a count of zero, are `fin`'s)? */
enum atom_rule { ATOM_RULE_NONE, ATOM_RULE_ALL, ATOM_RULE_SOME };
#define ATOM_RULE_KIND(name) ((int)ATOM_RULE_OF_##name)

/* A rule: all six flags, from the operands and the result r (all cut to the size), the result before it was cut (wide),
 * and fin. */
#define ATOM_RULE(name, kind)                                                                             \
    enum { ATOM_RULE_OF_##name = kind };                                                                  \
    ATOM_INLINE unsigned atom_flags_##name(unsigned size, uint64_t a, uint64_t b, uint64_t c, uint64_t r, \
                                           uint64_t wide, unsigned fin)

ATOM_INLINE unsigned atom_parity(uint64_t value) { return (unsigned)!__builtin_parity((unsigned)value & 0xff) << 2; }
ATOM_INLINE unsigned atom_result_flags(uint64_t r, unsigned size)
{
    return (unsigned)(r == 0) << 6 | atom_move_bit(r, atom_bits(size) - 1, 7) | atom_parity(r);
}
ATOM_INLINE unsigned atom_set_carry(unsigned fin, unsigned carry, unsigned overflow)
{
    return (fin & ~(unsigned)(FLAG_CF | FLAG_OF)) | carry | overflow * FLAG_OF;
}

ATOM_RULE(NONE, ATOM_RULE_NONE) { return fin; }

/* The exclusive or of operands and result has the carry (borrow) into each bit; the one out of the top bit stands in
 * the next bit of the uncut result, or, at 64 bits, is worked out by the caller. */
ATOM_INLINE unsigned atom_carry_flags(uint64_t into, uint64_t wide, unsigned out64, unsigned size)
{
    unsigned bits = atom_bits(size);
    unsigned out = size == SIZE_64 ? out64 : (unsigned)(wide >> (bits & 63)) & 1;
    return out | ((unsigned)into & FLAG_AF) | (atom_move_bit(into, bits - 1, 11) ^ out << 11);
}
ATOM_RULE(ADD, ATOM_RULE_ALL)
{
    unsigned out64 = (unsigned)(((a & b) | ((a | b) & ~r)) >> 63);
    return atom_result_flags(r, size) | atom_carry_flags(a ^ b ^ wide, wide, out64, size);
}
ATOM_RULE(SUB, ATOM_RULE_ALL)
{
    unsigned out64 = (unsigned)(((~a & b) | ((~a | b) & r)) >> 63);
    return atom_result_flags(r, size) | atom_carry_flags(a ^ b ^ wide, wide, out64, size);
}
ATOM_RULE(LOGIC, ATOM_RULE_ALL) { return atom_result_flags(r, size); }

/* CF and OF of a shift left by 1 or more: the bit that left last, and whether the bit behind it differs. */
ATOM_INLINE unsigned atom_left_flags(uint64_t a, unsigned count, unsigned size)
{
    unsigned carry = (unsigned)(size == SIZE_64 ? a >> (64 - count) : a << count >> (atom_bits(size) & 63)) & 1;
    return carry | (atom_msb(a << count, size) ^ carry) * FLAG_OF;
}
ATOM_RULE(SHL, ATOM_RULE_SOME)
{
    unsigned count = atom_count(b, size);
    return count ? atom_result_flags(r, size) | FLAG_AF | atom_left_flags(a, count, size) : fin;
}
ATOM_RULE(SHR, ATOM_RULE_SOME)
{
    unsigned count = atom_count(b, size);
    if (count == 0) return fin;
    unsigned carry = (unsigned)(a >> (count - 1)) & 1;
    return atom_result_flags(r, size) | FLAG_AF | carry | atom_tops_differ(r, size) * FLAG_OF;
}
ATOM_RULE(SAR, ATOM_RULE_SOME)
{
    unsigned count = atom_count(b, size);
    if (count == 0) return fin;
    return atom_result_flags(r, size) | FLAG_AF | ((unsigned)(atom_signed(a, size) >> (count - 1)) & 1);
}
ATOM_RULE(ROL, ATOM_RULE_SOME)
{
    if (atom_count(b, size) == 0) return fin;
    unsigned carry = (unsigned)r & 1;
    return atom_set_carry(fin, carry, atom_msb(r, size) ^ carry);
}
ATOM_RULE(ROR, ATOM_RULE_SOME)
{
    if (atom_count(b, size) == 0) return fin;
    return atom_set_carry(fin, atom_msb(r, size), atom_tops_differ(r, size));
}
ATOM_RULE(RCL, ATOM_RULE_SOME)
{
    if (atom_count(b, size) == 0) return fin;
    unsigned count = atom_carry_count(b, size);
    unsigned carry = (unsigned)(count ? a >> (atom_bits(size) - count) : fin) & 1;
    return atom_set_carry(fin, carry, atom_msb(r, size) ^ carry);
}
ATOM_RULE(RCR, ATOM_RULE_SOME)
{
    if (atom_count(b, size) == 0) return fin;
    unsigned count = atom_carry_count(b, size);
    unsigned carry = (unsigned)(count ? a >> (count - 1) : fin) & 1;
    return atom_set_carry(fin, carry, atom_tops_differ(r, size));
}
ATOM_RULE(SHLD, ATOM_RULE_SOME)
{
    unsigned count = atom_count(b, size);
    return count ? atom_result_flags(r, size) | FLAG_AF | atom_left_flags(a, count, size) : fin;
}
ATOM_RULE(SHRD, ATOM_RULE_SOME)
{
    unsigned count = atom_count(b, size);
    if (count == 0) return fin;
    /* beyond the size the zero-extended operand shifts out zeros */
    unsigned carry = (unsigned)(a >> (count - 1)) & 1;
    return atom_result_flags(r, size) | FLAG_AF | carry | atom_tops_differ(r, size) * FLAG_OF;
}
ATOM_RULE(BT, ATOM_RULE_SOME) { return (fin & ~(unsigned)FLAG_CF) | ((unsigned)r & 1); }
ATOM_RULE(BSCAN, ATOM_RULE_ALL) { return b ? atom_parity(r) : FLAG_ZF | FLAG_PF; }

ATOM_RULE(MULHS, ATOM_RULE_SOME)
{
    bool lost;
    if (size == SIZE_64) {
        __int128 product = (__int128)(int64_t)a * (int64_t)b;
        lost = product != (int64_t)product;
    } else {
        int64_t product = atom_signed(a, size) * atom_signed(b, size);
        lost = product != atom_signed((uint64_t)product, size);
    }
    return atom_set_carry(fin, lost, lost);
}
ATOM_RULE(MUL, ATOM_RULE_SOME) { return atom_flags_MULHS(size, a, b, c, r, wide, fin); }
ATOM_RULE(MULHU, ATOM_RULE_SOME) { return atom_set_carry(fin, r != 0, r != 0); }
ATOM_RULE(VALUE, ATOM_RULE_ALL) { return (unsigned)b & ATOM_FLAGS; }

/* ---- the atoms ---- */

/* Formats whose operands and result are not cut to a size: they have none. */
enum { ATOM_SIZED_RB = 1, ATOM_SIZED_RAB = 1, ATOM_SIZED_RABF = 1, ATOM_SIZED_RABC = 1, ATOM_SIZED_RABCOND = 1,
       ATOM_SIZED_RCOND = 0, ATOM_SIZED_RF = 0, ATOM_SIZED_FB = 0 };

#define PURE(name, mnemonic, format, unit, latency, rule, expression)                                               \
    ATOM_INLINE struct atom_result atom_eval_##name(unsigned size, uint64_t a, uint64_t b, uint64_t c, uint16_t fin, \
                                                    unsigned fmask, unsigned cond)                                 \
    {                                                                                                              \
        const unsigned cutting = ATOM_SIZED_##format ? size : SIZE_64;                                             \
        const unsigned bits = atom_bits(cutting);                                                                  \
        const uint64_t cf = fin & FLAG_CF;                                                                         \
        (void)bits, (void)cf, (void)cond;                                                                          \
        a = atom_cut(a, cutting), b = atom_cut(b, cutting), c = atom_cut(c, cutting);                              \
        const uint64_t wide = (expression);                                                                        \
        struct atom_result result = {atom_cut(wide, cutting), fin};                                                \
        if (ATOM_RULE_KIND(rule) != ATOM_RULE_NONE && fmask) {                                                     \
            unsigned written = atom_flag_bits(fmask);                                                              \
            unsigned kept = fin & ATOM_FLAGS; /* the source may hold a floating-point status */                    \
            unsigned flags = atom_flags_##rule(cutting, a, b, c, result.value, wide, kept);                        \
            result.flags = (uint16_t)(fmask == MASK_ALL ? flags : (kept & ~written) | (flags & written));          \
        }                                                                                                          \
        return result;                                                                                             \
    }
#define OTHER(name, mnemonic, format, unit, latency, properties)
#include "hwsim/isa/atoms.def"
#undef PURE
#undef OTHER

#endif
