/* lift_flow.c -- near control transfer and software interrupts. Far transfers are in lift_system.c. */
#include "translate/x86/lift.h"

/* A 16-bit operand size cuts EIP to 16 bits. */
static uint32_t cut(struct lift *l, uint32_t target) { return l->size == SIZE_16 ? target & 0xffff : target; }
static uint32_t relative(struct lift *l) { return cut(l, l->next + (uint32_t)l->insn->immediate); }

void lift_jmp(struct lift *l) { build_exit(l, IR_JUMP, relative(l)); }

void lift_jcc(struct lift *l)
{
    build_exitif(l, l->shape->arg, build_getf(l), relative(l));
    build_exit(l, IR_JUMP, l->next);
}

void lift_jmp_rm(struct lift *l)
{
    build_exit_to(l, IR_JUMP_INDIRECT, build_zero_extend(l, build_read_rm(l, l->size), l->size));
}

static void push_return(struct lift *l) { build_push(l, build_constant(l, l->next), l->size); }

void lift_call(struct lift *l)
{
    push_return(l);
    build_exit(l, IR_CALL, relative(l));
}

void lift_call_rm(struct lift *l)
{
    ir_ref target = build_zero_extend(l, build_read_rm(l, l->size), l->size);
    push_return(l);
    build_exit_to(l, IR_CALL_INDIRECT, target);
}

void lift_ret(struct lift *l)
{
    ir_ref esp = build_get(l, HOME_ESP), target = build_load(l, build_slot(l, esp, 0), l->size);
    build_put(l, HOME_ESP, build_moved(l, esp, (1 << l->size) + l->insn->immediate));
    build_exit_to(l, IR_RETURN, target);
}

/* op: LOOP, whatever ZF; arg: else the condition under which it goes on. */
void lift_loop(struct lift *l)
{
    unsigned size = l->insn->address_size;
    ir_ref count = build_flags_imm(l, ATOM_SUB, size, build_get(l, HOME_ECX), 1, MASK_ALL, 0);
    build_write_reg(l, HOME_ECX, size, count);
    if (l->shape->op) {
        build_exitif(l, COND_NZ, count, relative(l));
    } else {
        build_exitif(l, COND_Z, count, l->next);
        build_exitif(l, l->shape->arg, build_getf(l), relative(l));
    }
    build_exit(l, IR_JUMP, l->next);
}

void lift_jecxz(struct lift *l)
{
    ir_ref zero = build_flags_imm(l, ATOM_SUB, l->insn->address_size, build_get(l, HOME_ECX), 0, MASK_ALL, 0);
    build_exitif(l, COND_Z, zero, relative(l));
    build_exit(l, IR_JUMP, l->next);
}

/* ---- interrupts ---- */

void lift_softint(struct lift *l) { build_exit(l, IR_SOFTINT, l->shape->arg); }

/* Of the gates only 3, 4 and the system call are open to programs; others are #GP with the gate in the error code. */
void lift_int_n(struct lift *l)
{
    unsigned vector = (unsigned)l->insn->immediate;
    if (vector == VECTOR_LINUX) build_exit(l, IR_SYSTEM, l->next);
    else if (vector == VECTOR_BP || vector == VECTOR_OF) build_exit(l, IR_SOFTINT, vector);
    else build_trap(l, VECTOR_GP | (vector * 8 + 2) << 8);
}

void lift_into(struct lift *l)
{
    build_exitif(l, COND_NO, build_getf(l), l->next);
    build_exit(l, IR_SOFTINT, VECTOR_OF);
}

void lift_bound(struct lift *l)
{
    struct address offset = build_offset(l);
    ir_ref index = build_get(l, l->insn->reg);
    ir_ref low = build_load(l, build_segment(l, offset, l->insn->segment), l->size);
    ir_ref high = build_load(l, build_second(l, offset, 1u << l->size), l->size);
    build_trapif(l, COND_L, build_flags(l, ATOM_SUB, l->size, index, low, MASK_ALL, 0), VECTOR_BR);
    build_trapif(l, COND_NLE, build_flags(l, ATOM_SUB, l->size, index, high, MASK_ALL, 0), VECTOR_BR);
}

/* arg: the vector. */
void lift_trap(struct lift *l) { build_trap(l, l->shape->arg); }
