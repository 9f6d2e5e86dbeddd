/* lift_vector.h -- what the lifters of x87, MMX and SSE share. */
#ifndef COVM_X86_LIFT_VECTOR_H
#define COVM_X86_LIFT_VECTOR_H

#include "translate/x86/lift.h"

/* ---- operations on vectors ---- */

/* A vector atom: operands that its shape does not have are 0. */
ir_ref build_vector(struct lift *l, unsigned op, unsigned size, ir_ref a, ir_ref b);
/* With an 8-bit immediate; with a control word for operand c, and a status that nobody asks for. */
ir_ref build_vector_imm(struct lift *l, unsigned op, unsigned size, ir_ref a, ir_ref b, unsigned imm);
ir_ref build_vector_control(struct lift *l, unsigned op, unsigned size, ir_ref b, ir_ref control);
/* A general register's low bits as a vector, zeros above; the lane of a vector as an integer. */
ir_ref build_from(struct lift *l, ir_ref value, unsigned size);
ir_ref build_extract(struct lift *l, ir_ref vector, unsigned size, unsigned lane);
/* The low half of a vector, and a sign and exponent: an extended value. */
ir_ref build_tag(struct lift *l, ir_ref significand, ir_ref exponent);

/* The status of SSE operation `f` joined into MXCSR: before any other put, and after the accesses. */
void build_merge_mxcsr(struct lift *l, ir_ref f);
/* The atom of a row of MMX or SSE, with lanes, format and immediate as the row says (x86_insns.def), on `a` and `b` as
 * far as it takes them. Its third operand is XMM0, or MXCSR, which its status is then merged into. */
ir_ref build_row(struct lift *l, ir_ref a, ir_ref b);
/* The same, with an MMX register's value (`half`) or not as a result. */
ir_ref build_operation(struct lift *l, ir_ref a, ir_ref b, bool half);

/* ---- memory: 4, 8, 10 or 16 bytes; `aligned`: #GP unless the address is a multiple of 16 ---- */
ir_ref build_load_vector(struct lift *l, struct address address, unsigned bytes, bool aligned);
void build_store_vector(struct lift *l, struct address address, unsigned bytes, bool aligned, ir_ref value);
/* Probes all of them for writing. */
void build_probe_bytes(struct lift *l, struct address address, unsigned bytes);

/* ---- MMX and SSE ---- */

/* Is the row one of MMX: are its vector registers x87's? */
bool is_mmx(const struct lift *l);
/* The frame of each such instruction. False: it traps. In the end, MMX leaves all of x87's registers valid, and their
 * top at 0 (SDM vol. 1, 9.5.1). */
bool vector_begin(struct lift *l);
void vector_end(struct lift *l);
/* The home of vector register n. */
unsigned vector_home(const struct lift *l, unsigned n);
/* The r/m operand: a vector register, or memory of the row's size; 16 bytes are aligned. */
ir_ref build_vector_rm(struct lift *l);

/* ---- x87's state, for MMX, too ---- */

/* False where the instruction traps: the FPU is switched off, or (if it waits) an exception is pending, or it would
 * store into a code segment. */
bool x87_usable(struct lift *l, bool waits);
/* Writes home FTW where the stack is not what it was before. */
void x87_put_stack(struct lift *l, uint16_t before);

#endif
