/* lift_move.c -- moves, exchanges, widenings, conditional moves, flags to and from registers. */
#include "translate/x86/lift.h"

/* The moffs forms have no ModRM, so that `reg` is 0: the accumulator. */
void lift_mov_rm_r(struct lift *l)
{
    struct place rm = build_rm(l, l->size);
    build_write(l, &rm, build_read_reg(l, l->insn->reg, l->size));
}

void lift_mov_r_rm(struct lift *l) { build_write_reg(l, l->insn->reg, l->size, build_read_rm(l, l->size)); }

void lift_mov_rm_i(struct lift *l)
{
    struct place rm = build_rm(l, l->size);
    build_write(l, &rm, build_imm(l, ATOM_MOV, l->size, 0, l->insn->immediate));
}

/* op: signed; arg: size of the source. */
void lift_movx(struct lift *l)
{
    bool is_signed = l->shape->op;
    unsigned from = l->shape->arg;
    struct place rm = build_rm(l, from);
    ir_ref value;
    if (rm.memory) {
        value = (is_signed ? build_load_signed : build_load)(l, rm.address, from);
    } else {
        value = build_read(l, &rm);
        value = is_signed ? build_sign_extend(l, value, from) : build_zero_extend(l, value, from);
    }
    build_write_reg(l, l->insn->reg, l->size, value);
}

void lift_lea(struct lift *l)
{
    struct address offset = build_offset(l);
    ir_ref value = offset.base;
    if (!value) value = build_imm(l, ATOM_MOV, SIZE_32, 0, offset.offset);
    else if (offset.offset) value = build_imm(l, ATOM_ADD, SIZE_32, value, offset.offset);
    build_write_reg(l, l->insn->reg, l->size, value);
}

void lift_xchg(struct lift *l)
{
    struct place rm = build_rm(l, l->size);
    ir_ref a = build_read_modify(l, &rm), b = build_read_reg(l, l->insn->reg, l->size);
    build_write(l, &rm, b);
    build_write_reg(l, l->insn->reg, l->size, a);
}

/* Where both operands are one register the sum stays. */
void lift_xadd(struct lift *l)
{
    struct place rm = build_rm(l, l->size);
    ir_ref a = build_read_modify(l, &rm), b = build_read_reg(l, l->insn->reg, l->size);
    ir_ref sum = build_flags(l, ATOM_ADD, l->size, a, b, MASK_ALL, 0);
    if (rm.memory) build_write(l, &rm, sum);
    build_write_reg(l, l->insn->reg, l->size, a);
    if (!rm.memory) build_write(l, &rm, sum);
    build_putf(l, sum);
}

/* Where they differ the destination is written, too, with what it was (SDM: "to simplify the bus interface"). The
 * accumulator goes first: as the destination it equals itself, and gets the source. */
void lift_cmpxchg(struct lift *l)
{
    struct place rm = build_rm(l, l->size);
    ir_ref old = build_read_modify(l, &rm), accumulator = build_get(l, HOME_EAX);
    ir_ref source = build_read_reg(l, l->insn->reg, l->size);
    ir_ref compared = build_flags(l, ATOM_SUB, l->size, accumulator, old, MASK_ALL, 0);
    ir_ref written = build_select(l, l->size, source, old, COND_Z, compared);
    ir_ref loaded = build_select(l, l->size, accumulator, old, COND_Z, compared);
    if (rm.memory) build_write(l, &rm, written);
    build_write_reg(l, HOME_EAX, l->size, loaded);
    if (!rm.memory) build_write(l, &rm, written);
    build_putf(l, compared);
}

static ir_ref pair64(struct lift *l, unsigned high, unsigned low)
{
    ir_ref upper = build_imm(l, ATOM_SHL, SIZE_64, build_get(l, high), 32);
    return build_op(l, ATOM_OR, SIZE_64, upper, build_get(l, low));
}

void lift_cmpxchg8b(struct lift *l)
{
    struct place rm = build_rm(l, SIZE_64);
    ir_ref old = build_read_modify(l, &rm), expected = pair64(l, HOME_EDX, HOME_EAX);
    ir_ref source = pair64(l, HOME_ECX, HOME_EBX);
    ir_ref compared = build_flags(l, ATOM_SUB, SIZE_64, expected, old, MASK_Z, build_getf(l));
    build_write(l, &rm, build_select(l, SIZE_64, source, old, COND_Z, compared));
    /* where they are equal, EDX:EAX is `old` already */
    build_put(l, HOME_EAX, build_op(l, ATOM_MOV, SIZE_32, 0, old));
    build_put(l, HOME_EDX, build_imm(l, ATOM_SHR, SIZE_64, old, 32));
    build_putf(l, compared);
}

void lift_cwde(struct lift *l)
{
    ir_ref wide = build_sign_extend(l, build_get(l, HOME_EAX), l->size == SIZE_16 ? SIZE_8 : SIZE_16);
    build_write_reg(l, HOME_EAX, l->size, wide);
}

void lift_cdq(struct lift *l)
{
    build_write_reg(l, HOME_EDX, l->size, build_imm(l, ATOM_SAR, l->size, build_get(l, HOME_EAX), (8 << l->size) - 1));
}

void lift_setcc(struct lift *l)
{
    struct place rm = build_rm(l, SIZE_8);
    build_write(l, &rm, build_setc(l, l->shape->arg, build_getf(l)));
}

/* The load happens whatever the condition. */
void lift_cmovcc(struct lift *l)
{
    ir_ref yes = build_read_rm(l, l->size), no = build_get(l, l->insn->reg);
    build_write_reg(l, l->insn->reg, l->size, build_select(l, l->size, yes, no, l->shape->arg, build_getf(l)));
}

/* AH = SF ZF 0 AF 0 PF 1 CF */
void lift_lahf(struct lift *l)
{
    ir_ref bits = ir_append(l->region, (struct ir_insn){.op = ATOM_GETF, .size = SIZE_32, .f = build_getf(l)});
    ir_ref ah = build_imm(l, ATOM_OR, SIZE_8, bits, 2);
    build_put(l, HOME_EAX, build_op(l, ATOM_INSH, SIZE_32, build_get(l, HOME_EAX), ah));
}

void lift_sahf(struct lift *l)
{
    ir_ref ah = build_op(l, ATOM_EXTH, SIZE_32, 0, build_get(l, HOME_EAX));
    build_putf(l, build_setf(l, ah, MASK_ALL & ~MASK_O, build_getf(l)));
}

/* AL = CF ? FF : 0 */
void lift_salc(struct lift *l)
{
    build_write_reg(l, HOME_EAX, SIZE_8, build_flags(l, ATOM_SBB, SIZE_8, 0, 0, 0, build_getf(l)));
}

void lift_xlat(struct lift *l)
{
    ir_ref index = build_zero_extend(l, build_get(l, HOME_EAX), SIZE_8);
    ir_ref sum = build_op(l, ATOM_ADD, l->insn->address_size, build_get(l, HOME_EBX), index);
    struct address address = build_segment(l, (struct address){.base = sum}, l->insn->segment);
    build_write_reg(l, HOME_EAX, SIZE_8, build_load(l, address, SIZE_8));
}

/* arg: 0 clear, 1 set, 2 complement. */
void lift_carry(struct lift *l)
{
    ir_ref f = build_getf(l);
    if (l->shape->arg < 2) build_putf(l, build_flags_imm(l, ATOM_SETF, SIZE_32, 0, l->shape->arg, MASK_C, f));
    else build_putf(l, build_setf(l, build_setc(l, COND_NB, f), MASK_C, f));
}
