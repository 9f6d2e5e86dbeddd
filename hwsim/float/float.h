/* float.h -- floating-point arithmetic as x86 does it: 80-bit extended values with an x87 control word, packed and
 * scalar single and double values with an MXCSR. Pure functions: a value and a status out, nothing remembered.
 *
 * One definition on every host, in integers: an exact result, rounded once (number.h). It is what x86 processors
 * compute, bit for bit, value and status; the tests hold it against the host's own x87 and SSE, and against MPFR.
 * (Reading and clearing the host's status words costs more than computing does.) The transcendental functions are the
 * exact result of the function (MPFR), with pi cut to x87's 66 bits where an argument is reduced, rounded once as the
 * control word says.
 *
 * An 80-bit value is a vreg with the significand in half[0] and sign and exponent in the low 16 bits of half[1]; the
 * upper 48 are zero. The x87 stack (tags, underflow, overflow of it) is not known here: operands are always there.
 *
 * Status: bits as in the x87 status word: IE DE ZE OE UE PE (0..5), C0 (8), C1 (9), C2 (10), C3 (14). C1 says that
 * the result was rounded up (in magnitude), where PE is set. Packed operations give the union over their lanes, and
 * no C bits.
 *
 * Unmasked exceptions. `control` holds the mask bits, too. x87: with OE or UE unmasked the result is the one that the
 * SDM (vol. 1, 8.5.4, 8.5.5) prescribes for a register destination (exponent moved by 24576) and status says OE or
 * UE; to single and double, which are stores, status says only that and the value is not used. With IE, DE or ZE
 * unmasked, status has only these three kinds, and a comparison's outcome, and the value is not used (but of a load
 * with DE). SSE: if any lane meets an unmasked IE, DE or ZE, status has only those (SDM vol. 1, 11.5.2); with UE
 * unmasked a tiny result is UE even where it is exact, and FTZ does nothing; a value with an unmasked exception is not
 * used. Whether an exception is masked is for the caller to see.
 */
#ifndef COVM_FLOAT_H
#define COVM_FLOAT_H

#include "hwsim/base/base.h"
#include "hwsim/isa/vreg.h"

enum float_status {
    FLOAT_IE = 1, FLOAT_DE = 2, FLOAT_ZE = 4, FLOAT_OE = 8, FLOAT_UE = 16, FLOAT_PE = 32, FLOAT_EXCEPTIONS = 63,
    FLOAT_C0 = 0x100, FLOAT_C1 = 0x200, FLOAT_C2 = 0x400, FLOAT_C3 = 0x4000,
    FLOAT_CONDITION = FLOAT_C0 | FLOAT_C1 | FLOAT_C2 | FLOAT_C3,
    FLOAT_KEEP = 0x80, /* to float_merge: C0 and C3 stay, as there is no remainder whose quotient they could tell of */
};
struct float_result {
    struct vreg value;
    uint16_t status;
};

/* A status joined into FSW (a word without TOP): exceptions are sticky; of C0 C1 C2 C3 those in `conditions` (bits 0..3) are
 * replaced. Is any of its exceptions unmasked in an x87 control word; in MXCSR? */
static inline uint64_t float_merge(uint64_t fsw, uint16_t status, unsigned conditions)
{
    if (status & FLOAT_KEEP) conditions &= 6;
    uint64_t replaced = (conditions & 7u) << 8 | (conditions & 8u) << 11;
    return (fsw & ~replaced) | (status & (replaced | FLOAT_EXCEPTIONS));
}
static inline bool float_unmasked(uint16_t status, uint64_t fcw) { return status & ~fcw & FLOAT_EXCEPTIONS; }
static inline bool float_unmasked_sse(uint16_t status, uint64_t mxcsr) { return float_unmasked(status, mxcsr >> 7); }

/* ---- x87; fcw: precision control in bits 9..8, rounding in 11..10, masks in 5..0 ---- */

struct float_result float80_add(struct vreg a, struct vreg b, uint64_t fcw);
struct float_result float80_sub(struct vreg a, struct vreg b, uint64_t fcw); /* a - b */
struct float_result float80_mul(struct vreg a, struct vreg b, uint64_t fcw);
struct float_result float80_div(struct vreg a, struct vreg b, uint64_t fcw); /* a / b */
struct float_result float80_sqrt(struct vreg a, uint64_t fcw);
struct float_result float80_rndint(struct vreg a, uint64_t fcw);
struct float_result float80_scale(struct vreg a, struct vreg b, uint64_t fcw); /* FSCALE: a = ST0, b = ST1 */
/* FPREM and FPREM1 of a = ST0, b = ST1: the remainder with the quotient's bits in C0 C3 C1, or, where the exponents
 * differ by 64 or more, a partial one with C2, reduced by as much as AMD's processors do in one step. */
struct float_result float80_prem(struct vreg a, struct vreg b, uint64_t fcw);
struct float_result float80_prem1(struct vreg a, struct vreg b, uint64_t fcw);
/* The two results of FXTRACT; both give the same status. */
struct float_result float80_exponent(struct vreg a, uint64_t fcw);
struct float_result float80_significand(struct vreg a, uint64_t fcw);
struct float_result float80_chs(struct vreg a); /* status 0: C1 cleared */
struct float_result float80_abs(struct vreg a);
/* FCOM and FUCOM: the relation in C3 C2 C0, C1 clear; value unused. */
struct float_result float80_compare(struct vreg a, struct vreg b, uint64_t fcw);
struct float_result float80_compare_quietly(struct vreg a, struct vreg b, uint64_t fcw);
/* FXAM of a register that is not empty. */
struct float_result float80_examine(struct vreg a);
/* FLDZ and its like, 0..6: 1, log2(10), log2(e), pi, log10(2), ln(2), 0, rounded as fcw says. No status. */
struct float_result float80_constant(unsigned which, uint64_t fcw);

/* Conversions to 80 bits. From single and double: the bits in half[0]; DE, IE (signalling NaN) as the load gives. */
struct float_result float80_from_single(struct vreg a, uint64_t fcw);
struct float_result float80_from_double(struct vreg a, uint64_t fcw);
struct float_result float80_from_integer(uint64_t a); /* signed 64 bits, exact */
struct float_result float80_from_bcd(struct vreg a);  /* FBLD's ten bytes */
/* The same numbers without status or quieting; true: it was denormal. */
bool float80_widen(uint64_t bits, bool is_double, struct vreg *value);
static inline bool float80_is_nan(struct vreg a)
{
    return (a.half[1] & 0x7fff) == 0x7fff && a.half[0] << 1;
}

/* From 80 bits, to half[0] (FBSTP: ten bytes). Integers: `bits` 16, 32 or 64, the result sign-extended to 64 bits, the
 * integer indefinite value with IE where it does not fit; `truncate`: FISTTP. */
struct float_result float80_to_single(struct vreg a, uint64_t fcw);
struct float_result float80_to_double(struct vreg a, uint64_t fcw);
struct float_result float80_to_integer(struct vreg a, unsigned bits, bool truncate, uint64_t fcw);
struct float_result float80_to_bcd(struct vreg a, uint64_t fcw);

/* Transcendental functions. FLOAT_HOST asks for the host's own instruction, which differs between processors, by a unit
 * of the last place mostly (on other hosts than x86: as FLOAT_EXACT). Out of range (|a| >= 2^63 of sin, cos, tan): the
 * value is a, C2 is set. PE of an exact result is clear, which processors do not care for. */
enum float_source { FLOAT_EXACT, FLOAT_HOST };
struct float_result float80_sin(struct vreg a, uint64_t fcw, enum float_source source);
struct float_result float80_cos(struct vreg a, uint64_t fcw, enum float_source source);
/* What FPTAN leaves in ST1; FPATAN, F2XM1, FYL2X, FYL2XP1. */
struct float_result float80_tan(struct vreg a, uint64_t fcw, enum float_source source);
struct float_result float80_atan(struct vreg y, struct vreg x, uint64_t fcw, enum float_source source);
struct float_result float80_exp2m1(struct vreg a, uint64_t fcw, enum float_source source);
struct float_result float80_ylog2(struct vreg y, struct vreg x, uint64_t fcw, enum float_source source);
struct float_result float80_ylog2p1(struct vreg y, struct vreg x, uint64_t fcw, enum float_source source);

/* ---- SSE; mxcsr: DAZ 6, masks 12..7, rounding 14..13, FTZ 15. Status: exceptions in bits 5..0. ---- */

/* PS, PD work on all lanes; SS, SD on the lowest, the others are a's. */
enum float_format { FLOAT_PS, FLOAT_SS, FLOAT_PD, FLOAT_SD };
struct float_result float_add(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr);
struct float_result float_sub(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr);
struct float_result float_mul(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr);
struct float_result float_div(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr);
struct float_result float_min(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr);
struct float_result float_max(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr);
/* The roots of b; other lanes of SS and SD are a's. */
struct float_result float_sqrt(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr);
/* CMPPS and its like: predicate 0..7 (higher bits are ignored). */
struct float_result float_compare(unsigned format, struct vreg a, struct vreg b, unsigned predicate, uint64_t mxcsr);
/* COMISS, COMISD and the quiet UCOMI: the relation in FLOAT_C3 C2 C0, so that status >> 8 are x86's ZF PF CF. */
struct float_result float_order(unsigned format, struct vreg a, struct vreg b, bool quiet, uint64_t mxcsr);
/* ROUNDPS and its like: of b; imm 1..0 mode, 2 use MXCSR's, 3 no PE. */
struct float_result float_round(unsigned format, struct vreg a, struct vreg b, unsigned imm, uint64_t mxcsr);
/* SSE3 (PS, PD) and DPPS, DPPD. */
struct float_result float_hadd(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr);
struct float_result float_hsub(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr);
struct float_result float_addsub(unsigned format, struct vreg a, struct vreg b, uint64_t mxcsr);
struct float_result float_dot(unsigned format, struct vreg a, struct vreg b, unsigned imm, uint64_t mxcsr);
/* RCP and RSQRT of b (PS, SS), by our own definition: the exact 1/b or 1/sqrt(b) rounded to nearest at 12 significant
 * bits (within the SDM's 1.5 * 2^-12); denormal operands count as zeros, denormal results are zero; zeros,
 * infinities, NaNs as the SDM says. No status, MXCSR does not matter. */
struct float_result float_rcp(unsigned format, struct vreg a, struct vreg b);
struct float_result float_rsqrt(unsigned format, struct vreg a, struct vreg b);

/* Conversions, named by what they do to lanes. `a` gives the lanes that stay (scalar forms), else the upper half is
 * zero. */
struct float_result float_ps_to_pd(struct vreg b, uint64_t mxcsr);
struct float_result float_pd_to_ps(struct vreg b, uint64_t mxcsr);
struct float_result float_ss_to_sd(struct vreg a, struct vreg b, uint64_t mxcsr);
struct float_result float_sd_to_ss(struct vreg a, struct vreg b, uint64_t mxcsr);
struct float_result float_dq_to_ps(struct vreg b, uint64_t mxcsr);
struct float_result float_dq_to_pd(struct vreg b, uint64_t mxcsr); /* no status */
/* CVTPS2DQ, CVTPD2DQ (CVTPD2PI: the low half), and with `truncate` CVTTPS2DQ and so on. */
struct float_result float_ps_to_dq(struct vreg b, bool truncate, uint64_t mxcsr);
struct float_result float_pd_to_dq(struct vreg b, bool truncate, uint64_t mxcsr);
/* CVTPI2PS takes b's low half, the upper half is a's; CVTPS2PI two lanes only. */
struct float_result float_pi_to_ps(struct vreg a, struct vreg b, uint64_t mxcsr);
struct float_result float_ps_to_pi(struct vreg b, bool truncate, uint64_t mxcsr);
/* CVTSI2SS, CVTSI2SD; b: 32 bits, signed. */
struct float_result float_from_integer(unsigned format, struct vreg a, uint64_t b, uint64_t mxcsr);
/* CVTSS2SI, CVTTSD2SI and so on: the 32-bit result zero-extended in half[0]. */
struct float_result float_to_integer(unsigned format, struct vreg b, bool truncate, uint64_t mxcsr);

#endif
