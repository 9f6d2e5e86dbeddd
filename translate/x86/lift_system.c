/* lift_system.c -- segments, far transfers, descriptor tables, hints, and what is left to helpers (helpers.def). */
#include "translate/x86/lift.h"

void lift_nop(struct lift *l) { (void)l; }
/* CLFLUSH: a load, as far as faults go. */
void lift_touch(struct lift *l) { build_load(l, build_address(l), SIZE_8); }
void lift_helper(struct lift *l) { build_helper(l, l->shape->arg, 0, 0, 0); }

/* Selectors lie in two homes, four in each (homes.def); 2 and 3 of the second are LDTR and TR. */
static ir_ref read_selector(struct lift *l, unsigned home, unsigned at)
{
    return build_imm(l, ATOM_AND, SIZE_32, build_imm(l, ATOM_SHR, SIZE_64, build_get(l, home), 16 * at), 0xffff);
}

static ir_ref read_segment(struct lift *l, unsigned segment)
{
    if (segment < X86_FS) return read_selector(l, HOME_SEL_LOW, segment);
    return read_selector(l, HOME_SEL_HIGH, segment - X86_FS);
}

/* A register gets the selector zero-extended to the operand size, memory always 16 bits of it. */
static void write_selector(struct lift *l, ir_ref selector)
{
    struct place rm = build_rm(l, l->insn->memory ? SIZE_16 : l->size);
    build_write(l, &rm, selector);
}

void lift_mov_rm_segment(struct lift *l) { write_selector(l, read_segment(l, l->insn->reg)); }
void lift_store_selector(struct lift *l) { write_selector(l, read_selector(l, HOME_SEL_HIGH, l->shape->arg)); }

/* The upper half of a 32-bit slot gets zeros, as on AMD's processors; Intel's newer ones leave it alone. */
void lift_push_segment(struct lift *l) { build_push(l, read_segment(l, l->shape->arg), l->size); }

void lift_mov_segment_rm(struct lift *l)
{
    ir_ref selector = build_zero_extend(l, build_read_rm(l, SIZE_16), SIZE_16);
    build_helper(l, X86_HELPER_MOV_SEG, selector, 0, build_constant(l, l->insn->reg));
}

void lift_pop_segment(struct lift *l)
{
    ir_ref esp = build_get(l, HOME_ESP), selector = build_load(l, build_slot(l, esp, 0), SIZE_16);
    build_helper(l, X86_HELPER_POP_SEG, selector, build_moved(l, esp, 1 << l->size), build_constant(l, l->shape->arg));
}

/* A far pointer in memory: the offset, then the selector. */
static ir_ref load_far_pointer(struct lift *l, ir_ref *offset)
{
    struct address at = build_offset(l);
    *offset = build_load(l, build_segment(l, at, l->insn->segment), l->size);
    return build_load(l, build_second(l, at, 1u << l->size), SIZE_16);
}

/* arg: the segment. */
void lift_load_far(struct lift *l)
{
    ir_ref offset, selector = load_far_pointer(l, &offset);
    if (l->size == SIZE_16) offset = build_op(l, ATOM_INS16, SIZE_32, build_get(l, l->insn->reg), offset);
    build_helper(l, X86_HELPER_LOAD_FAR, selector, offset, build_constant(l, l->shape->arg | l->insn->reg << 8));
}

/* arg: the helper. */
void lift_far_direct(struct lift *l)
{
    ir_ref selector = build_constant(l, l->insn->immediate2), offset = build_constant(l, l->insn->immediate);
    build_helper(l, l->shape->arg, selector, offset, build_constant(l, 1 << l->size));
}

void lift_far_memory(struct lift *l)
{
    ir_ref offset, selector = load_far_pointer(l, &offset);
    build_helper(l, l->shape->arg, selector, offset, build_constant(l, 1 << l->size));
}

void lift_far_return(struct lift *l)
{
    ir_ref esp = build_get(l, HOME_ESP), offset = build_load(l, build_slot(l, esp, 0), l->size);
    ir_ref selector = build_load(l, build_slot(l, esp, 1 << l->size), SIZE_16);
    build_helper(l, X86_HELPER_FAR_RETURN, selector, offset, build_moved(l, esp, (2 << l->size) + l->insn->immediate));
}

/* The bits of EFLAGS that privilege 3 with IOPL 0 may change: CF PF AF ZF SF TF DF OF NT, and with 32 bits RF AC ID. */
void lift_iret(struct lift *l)
{
    int64_t changed = l->size == SIZE_16 ? 0x4dd5 : 0x254dd5;
    int bytes = 1 << l->size;
    ir_ref esp = build_get(l, HOME_ESP), offset = build_load(l, build_slot(l, esp, 0), l->size);
    ir_ref selector = build_load(l, build_slot(l, esp, bytes), SIZE_16);
    ir_ref popped = build_load(l, build_slot(l, esp, 2 * bytes), l->size);
    ir_ref now = ir_append(l->region, (struct ir_insn){.op = ATOM_GETF, .size = SIZE_32, .f = build_getf(l)});
    now = build_op(l, ATOM_OR, SIZE_32, now, build_get(l, HOME_EFL));
    ir_ref kept = build_imm(l, ATOM_ANDN, SIZE_32, now, changed);
    ir_ref flags = build_op(l, ATOM_OR, SIZE_32, kept, build_imm(l, ATOM_AND, SIZE_32, popped, changed));
    ir_ref both = build_op(l, ATOM_OR, SIZE_64, build_imm(l, ATOM_SHL, SIZE_64, flags, 32), offset);
    build_helper(l, X86_HELPER_IRET, selector, both, build_moved(l, esp, 3 * bytes));
}

/* arg: the helper. */
void lift_descriptor(struct lift *l)
{
    ir_ref selector = build_zero_extend(l, build_read_rm(l, SIZE_16), SIZE_16);
    build_helper(l, l->shape->arg, selector, 0, build_constant(l, l->insn->reg | 1 << l->size << 8));
}

/* A requested privilege below the source's is raised to it, and ZF says so. Memory is read before it is known whether
 * it will be written, so that a fault is one of reading. */
void lift_arpl(struct lift *l)
{
    struct place rm = build_rm(l, SIZE_16);
    ir_ref old = build_read(l, &rm);
    ir_ref wanted = build_imm(l, ATOM_AND, SIZE_32, build_get(l, l->insn->reg), 3);
    ir_ref has = build_imm(l, ATOM_AND, SIZE_32, old, 3);
    ir_ref below = build_flags(l, ATOM_SUB, SIZE_32, has, wanted, MASK_ALL, 0);
    ir_ref raised = build_op(l, ATOM_OR, SIZE_16, build_imm(l, ATOM_ANDN, SIZE_16, old, 3), wanted);
    ir_ref zf = build_imm(l, ATOM_SHL, SIZE_32, build_setc(l, COND_B, below), 6);
    ir_ref flags = build_setf(l, zf, MASK_Z, build_getf(l));
    if (rm.memory && l->insn->segment == X86_CS) build_trapif(l, COND_B, below, 13);
    else build_write(l, &rm, build_select(l, SIZE_16, raised, old, COND_B, below));
    build_putf(l, flags);
}

/* What Linux shows a program on a processor with UMIP: constants (arch/x86/kernel/umip.c). */
enum { SEEN_GDT = 0xfffe0000, SEEN_IDT = 0xffff0000, SEEN_CR0 = 0x80050033 };

/* arg: the interrupt descriptor table. Limit 0, then a base of 32 bits whatever the operand size. */
void lift_store_table(struct lift *l)
{
    struct address offset = build_offset(l), limit = build_segment(l, offset, l->insn->segment);
    struct address base = build_second(l, offset, 2);
    build_probe(l, limit, SIZE_16);
    build_probe(l, base, SIZE_32);
    build_store(l, limit, SIZE_16, 0);
    build_store(l, base, SIZE_32, build_constant(l, l->shape->arg ? SEEN_IDT : SEEN_GDT));
}

void lift_smsw(struct lift *l) { write_selector(l, build_constant(l, SEEN_CR0)); }
