/* lift_sse_float.c -- SSE's floating-point instructions that touch general registers, flags or MXCSR. (The others are
 * lift_packed.)
 */
#include "translate/x86/lift_vector.h"

enum { FORMAT_SCALAR_DOUBLE = 3 };

/* 32 bits are exact as a double: no exception. */
void lift_cvt_from_general(struct lift *l)
{
    if (!vector_begin(l)) return;
    unsigned home = vector_home(l, l->insn->reg);
    ir_ref b = build_read_rm(l, SIZE_32), a = build_get(l, home), value;
    if (l->shape->arg == FORMAT_SCALAR_DOUBLE) value = build_vector(l, l->shape->op, FORMAT_SCALAR_DOUBLE, a, b);
    else value = build_row(l, a, b);
    build_put(l, home, value);
}

void lift_cvt_to_general(struct lift *l)
{
    if (!vector_begin(l)) return;
    build_put(l, l->insn->reg, build_row(l, 0, build_vector_rm(l)));
}

/* COMISS and its like: C3 C2 C0 of the status are ZF PF CF, the other flags clear. */
void lift_compare_flags(struct lift *l)
{
    if (!vector_begin(l)) return;
    ir_ref b = build_vector_rm(l), f = build_row(l, build_get(l, vector_home(l, l->insn->reg)), b);
    ir_ref status = ir_append(l->region, (struct ir_insn){.op = ATOM_GETS, .size = SIZE_32, .f = f});
    build_putf(l, build_setf(l, build_imm(l, ATOM_SHR, SIZE_32, status, 8), MASK_ALL, 0));
}

void lift_load_mxcsr(struct lift *l)
{
    enum { RESERVED = 0xffff0000 };
    if (!vector_begin(l)) return;
    ir_ref value = build_load(l, build_address(l), SIZE_32);
    build_trapif(l, COND_NZ, build_flags_imm(l, ATOM_AND, SIZE_32, value, RESERVED, MASK_ALL, 0), VECTOR_GP);
    build_put(l, HOME_MXCSR, value);
}

void lift_store_mxcsr(struct lift *l)
{
    if (!vector_begin(l)) return;
    build_store(l, build_address(l), SIZE_32, build_get(l, HOME_MXCSR));
}
