/* fpstate.h -- the x87 and SSE state between its homes (homes.def) and the two images that x86 has of it in memory: that
 * of FXSAVE in 32-bit modes (SDM vol. 2, table 3-43), and that of FSAVE in 32-bit protected mode (vol. 1, figure 8-9).
 *
 *     FXSAVE   0 FCW   2 FSW   4 tags, a bit a physical register   6 opcode   8 FIP  12 its selector  16 FDP  20 its
 *              selector  24 MXCSR  28 mask of MXCSR's bits  32 ST0-7, 16 bytes each  160 XMM0-7
 *     FSAVE    0 FCW   4 FSW   8 tags, two bits a physical register  12 FIP  16 its selector, opcode  20 FDP  24 its
 *              selector  28 ST0-7, 10 bytes each
 *
 * ST0 is the physical register that TOP names. Nothing here checks: MXCSR's reserved bits and what a status word with
 * unmasked exceptions amounts to are the caller's.
 */
#ifndef COVM_FPSTATE_H
#define COVM_FPSTATE_H

#include "hwsim/isa/isa.h"
#include "hwsim/isa/vreg.h"

enum { FXSAVE_BYTES = 512, FXSAVE_BYTES_USED = 288, FSAVE_BYTES = 108, FENV_BYTES = 28 };
enum { FPSTATE_FCW = 0x37f, FPSTATE_MXCSR = 0x1f80, FPSTATE_MXCSR_MASK = 0xffff };
enum { FPSTATE_X87_FIRST = 16 }; /* v16-v23 are the physical registers R0-R7 */

/* Writes the first FXSAVE_BYTES_USED bytes: the rest of the image is not the processor's in 32-bit modes. */
void fpstate_to_fxsave(const uint64_t *r, const struct vreg *v, uint8_t *image);
void fpstate_from_fxsave(const uint8_t *image, uint64_t *r, struct vreg *v);
void fpstate_to_fsave(const uint64_t *r, const struct vreg *v, uint8_t image[FSAVE_BYTES]);
/* x87 only. */
void fpstate_from_fsave(const uint8_t image[FSAVE_BYTES], uint64_t *r, struct vreg *v);
/* What FINIT and a new process start with: all registers empty and zero, all exceptions masked. */
void fpstate_reset(uint64_t *r, struct vreg *v);

#endif
