/* packed.h -- the values of the packed-integer atoms: what MMX and SSE to SSE4.2 do to integers and bits in a
 * vector register, as pure functions. Instructions are named as in SDM vol. 2.
 *
 * a: the first operand (x86's destination), b: the second (the source).
 * lane: log2 of a lane's bytes, 0 bytes .. 3 quadwords. Functions that take it are defined for each of the four, also
 *       where x86 has no such instruction; where only some are, the comment says so. Lane 0 is the lowest.
 * half: the 64-bit MMX form. Only half[0] of the operands counts; half[1] of the result is 0. Functions without it
 *       serve MMX, too: what they do to the low half depends on the low half alone, unless the comment says otherwise.
 * imm:  the instruction's immediate. Bits that the instruction ignores are ignored.
 */
#ifndef COVM_PACKED_H
#define COVM_PACKED_H

#include "hwsim/base/base.h"
#include "hwsim/isa/vreg.h"

/* ---- lane by lane (packed_lanewise.c) ---- */

struct vreg packed_and(struct vreg a, struct vreg b);
struct vreg packed_andn(struct vreg a, struct vreg b); /* ~a & b */
struct vreg packed_or(struct vreg a, struct vreg b);
struct vreg packed_xor(struct vreg a, struct vreg b);

/* Add and subtract: wrapping around, signed saturating (s), unsigned saturating (us). */
struct vreg packed_add(struct vreg a, struct vreg b, unsigned lane);
struct vreg packed_sub(struct vreg a, struct vreg b, unsigned lane);
struct vreg packed_adds(struct vreg a, struct vreg b, unsigned lane);
struct vreg packed_subs(struct vreg a, struct vreg b, unsigned lane);
struct vreg packed_addus(struct vreg a, struct vreg b, unsigned lane);
struct vreg packed_subus(struct vreg a, struct vreg b, unsigned lane);

struct vreg packed_cmpeq(struct vreg a, struct vreg b, unsigned lane); /* all ones or zero */
struct vreg packed_cmpgt(struct vreg a, struct vreg b, unsigned lane); /* signed */
struct vreg packed_mins(struct vreg a, struct vreg b, unsigned lane);
struct vreg packed_minu(struct vreg a, struct vreg b, unsigned lane);
struct vreg packed_maxs(struct vreg a, struct vreg b, unsigned lane);
struct vreg packed_maxu(struct vreg a, struct vreg b, unsigned lane);
struct vreg packed_avg(struct vreg a, struct vreg b, unsigned lane);   /* unsigned, rounded up */
struct vreg packed_mullo(struct vreg a, struct vreg b, unsigned lane); /* low part of the product */
struct vreg packed_sign(struct vreg a, struct vreg b, unsigned lane);  /* a negated, zeroed or kept, as b's sign is */
struct vreg packed_abs(struct vreg b, unsigned lane);                  /* the most negative value stays */

/* The whole 64-bit count counts: beyond the lane's bits all zeros, of sra the sign. */
struct vreg packed_sll(struct vreg a, uint64_t count, unsigned lane);
struct vreg packed_srl(struct vreg a, uint64_t count, unsigned lane);
struct vreg packed_sra(struct vreg a, uint64_t count, unsigned lane);

struct vreg packed_blend(struct vreg a, struct vreg b, unsigned imm, unsigned lane);      /* bit i: lane i is b's */
struct vreg packed_blendv(struct vreg a, struct vreg b, struct vreg mask, unsigned lane); /* mask lane < 0: b's */

/* ---- products and sums of neighbours (packed_multiply.c) ---- */

struct vreg packed_mulhi_signed(struct vreg a, struct vreg b);   /* PMULHW */
struct vreg packed_mulhi_unsigned(struct vreg a, struct vreg b); /* PMULHUW */
struct vreg packed_mulhrs(struct vreg a, struct vreg b);         /* PMULHRSW */
struct vreg packed_muludq(struct vreg a, struct vreg b);
struct vreg packed_muldq(struct vreg a, struct vreg b);
struct vreg packed_maddwd(struct vreg a, struct vreg b);
struct vreg packed_maddubs(struct vreg a, struct vreg b); /* PMADDUBSW: a unsigned, b signed */
struct vreg packed_sadbw(struct vreg a, struct vreg b);
struct vreg packed_mpsadbw(struct vreg a, struct vreg b, unsigned imm);
struct vreg packed_minpos(struct vreg b); /* PHMINPOSUW */
/* PHADDW, PHADDD and their like: lane 1 or 2; hadds, hsubs: words, saturating. */
struct vreg packed_hadd(struct vreg a, struct vreg b, unsigned lane, bool half);
struct vreg packed_hsub(struct vreg a, struct vreg b, unsigned lane, bool half);
struct vreg packed_hadds(struct vreg a, struct vreg b, bool half);
struct vreg packed_hsubs(struct vreg a, struct vreg b, bool half);

/* ---- lanes moved (packed_move.c) ---- */

struct vreg packed_sllbytes(struct vreg a, unsigned count); /* PSLLDQ; no MMX form */
struct vreg packed_srlbytes(struct vreg a, unsigned count); /* PSRLDQ; no MMX form */
/* PALIGNR: the bytes of a (the upper part) and b, from byte imm on. */
struct vreg packed_alignr(struct vreg a, struct vreg b, unsigned imm, bool half);

/* lane: the source's, 1 or 2; both take it as signed. */
struct vreg packed_packss(struct vreg a, struct vreg b, unsigned lane, bool half);
struct vreg packed_packus(struct vreg a, struct vreg b, unsigned lane, bool half);
struct vreg packed_unpackl(struct vreg a, struct vreg b, unsigned lane, bool half);
struct vreg packed_unpackh(struct vreg a, struct vreg b, unsigned lane, bool half);
/* PMOVSX, PMOVZX: lanes of size `from` to lanes of size `to`, from < to. */
struct vreg packed_widen_signed(struct vreg b, unsigned from, unsigned to);
struct vreg packed_widen_unsigned(struct vreg b, unsigned from, unsigned to);

struct vreg packed_shuffle32(struct vreg b, unsigned imm);   /* PSHUFD */
struct vreg packed_shufflelow(struct vreg b, unsigned imm);  /* PSHUFLW; PSHUFW on the low half */
struct vreg packed_shufflehigh(struct vreg b, unsigned imm); /* PSHUFHW */
struct vreg packed_shuffleb(struct vreg a, struct vreg b, bool half); /* PSHUFB: a data, b control */
struct vreg packed_shufps(struct vreg a, struct vreg b, unsigned imm);
struct vreg packed_shufpd(struct vreg a, struct vreg b, unsigned imm);

/* The signs of the lanes, zero-extended. lane 0: PMOVMSKB, 2: MOVMSKPS, 3: MOVMSKPD. */
uint64_t packed_movmsk(struct vreg b, unsigned lane, bool half);
/* PINSR, PEXTR (zero-extended). The index is taken modulo the number of lanes in 16 bytes: MMX's two bits are for the
 * caller to cut. */
struct vreg packed_insert(struct vreg a, uint64_t x, unsigned lane, unsigned index);
uint64_t packed_extract(struct vreg b, unsigned lane, unsigned index);
/* A source in memory comes as lane 0 with bits 7..6 of imm cleared. */
struct vreg packed_insertps(struct vreg a, struct vreg b, unsigned imm);

/* ---- tests, strings, checksums (packed_string.c); flags are in x86's layout, those not named clear ---- */

uint16_t packed_test(struct vreg a, struct vreg b); /* PTEST: ZF: a & b is zero, CF: ~a & b is zero */

/* PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM: what they leave in ECX, XMM0 and the flags. Lengths are in elements, at
 * most as many as there are. */
struct packed_string {
    uint64_t index;
    struct vreg mask;
    uint16_t flags;
};
struct packed_string packed_compare_strings(struct vreg a, struct vreg b, unsigned length_a, unsigned length_b,
                                            unsigned imm);
/* The length that EAX or EDX gives: the magnitude of the low 32 bits, saturated. */
unsigned packed_string_length(uint64_t value, unsigned imm);
/* The elements before the first zero. */
unsigned packed_implicit_length(struct vreg v, unsigned imm);

/* CRC32: the checksum (CRC-32C, 32 bits of it count) with `1 << size` bytes of x added. */
uint64_t packed_crc32(uint64_t crc, uint64_t x, unsigned size);
uint64_t packed_popcount(uint64_t x);

#endif
