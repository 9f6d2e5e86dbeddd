/* lift.h -- what the lifters share: the instruction at hand, its operands as places, and short ways to write IR. */
#ifndef COVM_X86_LIFT_H
#define COVM_X86_LIFT_H

#include "translate/x86/rows.h"

struct lift {
    struct ir_region *region;
    const struct x86_insn *insn;
    const struct row_shape *shape;
    uint8_t size;      /* of the operands: enum size */
    uint8_t width;     /* bytes of the row's size column */
    uint32_t address, next;
    bool refused;      /* it would store into a code segment */
    ir_ref popped_esp; /* POP m: ESP as its address sees it; 0: the register */
    ir_ref homes[HOME_COUNT]; /* what a home holds at this point, where that has a name: so each is got once */
};

/* A memory address: [base + offset], segment base included. */
struct address {
    ir_ref base;
    int64_t offset;
    bool stack; /* through SS */
};

/* An operand: a general register or memory. */
struct place {
    bool memory;
    uint8_t reg, size;
    struct address address;
};

/* ---- operations ---- */
ir_ref build_op(struct lift *l, unsigned op, unsigned size, ir_ref a, ir_ref b);
ir_ref build_imm(struct lift *l, unsigned op, unsigned size, ir_ref a, int64_t imm);
/* With flags: those in `fmask` are new, the others come from `f`. */
ir_ref build_flags(struct lift *l, unsigned op, unsigned size, ir_ref a, ir_ref b, unsigned fmask, ir_ref f);
ir_ref build_flags_imm(struct lift *l, unsigned op, unsigned size, ir_ref a, int64_t imm, unsigned fmask, ir_ref f);
ir_ref build_constant(struct lift *l, int64_t value);
ir_ref build_setc(struct lift *l, unsigned cond, ir_ref f);
ir_ref build_select(struct lift *l, unsigned size, ir_ref yes, ir_ref no, unsigned cond, ir_ref f);
/* Flags result: those in `fmask` from `value` in x86's positions, the others from f. */
ir_ref build_setf(struct lift *l, ir_ref value, unsigned fmask, ir_ref f);
/* `value`'s low `size` bits, zero- or sign-extended to 32. */
ir_ref build_zero_extend(struct lift *l, ir_ref value, unsigned size);
ir_ref build_sign_extend(struct lift *l, ir_ref value, unsigned size);

/* ---- guest state ---- */
ir_ref build_get(struct lift *l, unsigned home);
void build_put(struct lift *l, unsigned home, ir_ref value);
ir_ref build_getf(struct lift *l);
void build_putf(struct lift *l, ir_ref f);
/* General registers of a size. A value that was read may hold more bits than the size; operations cut it. A value to be
 * written into 32 bits must be cut already. */
ir_ref build_read_reg(struct lift *l, unsigned reg, unsigned size);
void build_write_reg(struct lift *l, unsigned reg, unsigned size, ir_ref value);

/* ---- memory ---- */
ir_ref build_load(struct lift *l, struct address address, unsigned size);
ir_ref build_load_signed(struct lift *l, struct address address, unsigned size);
void build_store(struct lift *l, struct address address, unsigned size, ir_ref value);
void build_probe(struct lift *l, struct address address, unsigned size);
/* The offset that ModRM gives, without segment; then with the segment's base (none where the context word says 0). */
struct address build_offset(struct lift *l);
struct address build_segment(struct lift *l, struct address offset, unsigned segment);
struct address build_address(struct lift *l);
/* The address of an operand's second part, `bytes` behind the first: 16-bit addresses wrap in between. */
struct address build_second(struct lift *l, struct address offset, unsigned bytes);

/* ---- operands ---- */
struct place build_rm(struct lift *l, unsigned size);
ir_ref build_read(struct lift *l, const struct place *place);
/* Reads a place that will be written: memory is probed for writing first, so that nothing faults after the read. */
ir_ref build_read_modify(struct lift *l, const struct place *place);
void build_write(struct lift *l, const struct place *place, ir_ref value);
ir_ref build_read_rm(struct lift *l, unsigned size);

/* ---- the stack ---- */
/* The slot at the stack pointer value `esp` + delta; the pointer moved by delta, as a value for ESP. */
struct address build_slot(struct lift *l, ir_ref esp, int delta);
ir_ref build_moved(struct lift *l, ir_ref esp, int64_t delta);
void build_push(struct lift *l, ir_ref value, unsigned size);

/* ---- leaving ---- */
void build_trap(struct lift *l, unsigned vector);
void build_trapif(struct lift *l, unsigned cond, ir_ref f, unsigned vector);
void build_exit(struct lift *l, unsigned kind, uint32_t target);
void build_exit_to(struct lift *l, unsigned kind, ir_ref target);
void build_exitif(struct lift *l, unsigned cond, ir_ref f, uint32_t target);
void build_helper(struct lift *l, unsigned helper, ir_ref a, ir_ref b, ir_ref c);

/* The lifters that rows name. */
#define INSN(id, map, first, last, digits, encoding, mnemonic, form, size, imm, lifter, ...) \
    void lift_##lifter(struct lift *l);
#define INSN16 INSN
#include "translate/x86/x86_insns.def"

#endif
