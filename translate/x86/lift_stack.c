/* lift_stack.c -- PUSH, POP and their kin, ENTER and LEAVE. */
#include "translate/x86/lift.h"

void lift_push(struct lift *l)
{
    ir_ref value = build_read_rm(l, l->size);
    build_push(l, value, l->size);
}

void lift_push_i(struct lift *l) { build_push(l, build_imm(l, ATOM_MOV, l->size, 0, l->insn->immediate), l->size); }

/* ESP moves before the operand is written: POP ESP keeps the value read, POP [ESP + x] uses the moved ESP. */
void lift_pop(struct lift *l)
{
    ir_ref esp = build_get(l, HOME_ESP), value = build_load(l, build_slot(l, esp, 0), l->size);
    ir_ref moved = build_moved(l, esp, 1 << l->size);
    l->popped_esp = moved;
    struct place rm = build_rm(l, l->size);
    if (rm.memory && l->insn->segment == X86_CS) {
        build_trap(l, 13);
        return;
    }
    if (rm.memory) build_write(l, &rm, value);
    build_put(l, HOME_ESP, moved);
    if (!rm.memory) build_write(l, &rm, value);
}

/* Slots below the stack pointer, the highest first, probed for writing: so later stores into them cannot fault. */
static void probe_slots(struct lift *l, ir_ref esp, struct address *slots, int count)
{
    for (int i = 0; i < count; i++) {
        slots[i] = build_slot(l, esp, -(i + 1) * (1 << l->size));
        build_probe(l, slots[i], l->size);
    }
}

void lift_pusha(struct lift *l)
{
    struct address slots[8];
    ir_ref esp = build_get(l, HOME_ESP);
    probe_slots(l, esp, slots, 8);
    for (unsigned reg = 0; reg < 8; reg++)
        build_store(l, slots[reg], l->size, reg == HOME_ESP ? esp : build_get(l, reg));
    build_put(l, HOME_ESP, build_moved(l, esp, -(8 << l->size)));
}

/* The slot of ESP is skipped, and not read. */
void lift_popa(struct lift *l)
{
    ir_ref esp = build_get(l, HOME_ESP), values[8] = {0};
    int bytes = 1 << l->size;
    for (unsigned reg = 8; reg-- > 0;) {
        if (reg != HOME_ESP) values[reg] = build_load(l, build_slot(l, esp, (int)(7 - reg) * bytes), l->size);
    }
    for (unsigned reg = 0; reg < 8; reg++) {
        if (reg != HOME_ESP) build_write_reg(l, reg, l->size, values[reg]);
    }
    build_put(l, HOME_ESP, build_moved(l, esp, 8 * bytes));
}

/* RF and VM are pushed as 0. */
void lift_pushf(struct lift *l)
{
    ir_ref bits = ir_append(l->region, (struct ir_insn){.op = ATOM_GETF, .size = SIZE_32, .f = build_getf(l)});
    ir_ref all = build_op(l, ATOM_OR, SIZE_32, build_get(l, HOME_EFL), bits);
    build_push(l, build_imm(l, ATOM_AND, SIZE_32, all, 0xfcffff), l->size);
}

/* At privilege 3 with IOPL 0, TF, DF, NT, AC and ID change beside the arithmetic flags; IF and IOPL stay. */
void lift_popf(struct lift *l)
{
    enum { CHANGED_16 = 0x4500, CHANGED_32 = 0x244500, RF = 0x10000 };
    unsigned changed = l->size == SIZE_16 ? CHANGED_16 : CHANGED_32;
    ir_ref esp = build_get(l, HOME_ESP), value = build_load(l, build_slot(l, esp, 0), l->size);
    unsigned cleared = l->size == SIZE_16 ? changed : changed | RF;
    ir_ref kept = build_imm(l, ATOM_ANDN, SIZE_32, build_get(l, HOME_EFL), cleared);
    ir_ref efl = build_op(l, ATOM_OR, SIZE_32, kept, build_imm(l, ATOM_AND, SIZE_32, value, changed));
    ir_ref flags = build_setf(l, value, MASK_ALL, 0);
    build_put(l, HOME_EFL, efl);
    build_put(l, HOME_ESP, build_moved(l, esp, 1 << l->size));
    build_putf(l, flags);
    build_exit(l, IR_DISPATCH, l->next);
}

/* ENTER pushes EBP, then for nesting level n > 0 the n - 1 frame pointers below the old EBP and the new one. All that
 * may fault comes first: the slots and the final top of stack are probed, the old frame pointers read. They are read
 * again in order, since the stores may have changed them. */
void lift_enter(struct lift *l)
{
    struct address slots[33], frames[32];
    ir_ref esp = build_get(l, HOME_ESP), ebp = build_get(l, HOME_EBP);
    int level = l->insn->immediate2 & 31, bytes = 1 << l->size, pushes = level ? level + 1 : 1;
    ir_ref end = build_moved(l, esp, -(pushes * bytes + l->insn->immediate));
    probe_slots(l, esp, slots, pushes);
    if (l->insn->immediate) build_probe(l, build_slot(l, end, 0), l->size);
    for (int i = 1; i < level; i++) {
        frames[i] = build_slot(l, ebp, -i * bytes);
        build_load(l, frames[i], l->size);
    }
    build_store(l, slots[0], l->size, ebp);
    ir_ref frame = build_moved(l, esp, -bytes);
    for (int i = 1; i < level; i++) build_store(l, slots[i], l->size, build_load(l, frames[i], l->size));
    if (level) build_store(l, slots[level], l->size, frame);
    build_write_reg(l, HOME_EBP, l->size, frame);
    build_put(l, HOME_ESP, end);
}

/* ESP = EBP, or SP = BP on a 16-bit stack; then EBP is popped. */
void lift_leave(struct lift *l)
{
    ir_ref ebp = build_get(l, HOME_EBP), esp = ebp;
    if (!row_context(l->region->context, ROW_CONTEXT_STACK32)) {
        esp = build_op(l, ATOM_INS16, SIZE_32, build_get(l, HOME_ESP), ebp);
    }
    ir_ref value = build_load(l, build_slot(l, esp, 0), l->size);
    build_put(l, HOME_ESP, build_moved(l, esp, 1 << l->size));
    build_write_reg(l, HOME_EBP, l->size, value);
}
