/* lift_integer.c -- arithmetic, logic, shifts, multiplication and division, decimal adjustment, bits. */
#include "translate/x86/lift.h"

/* Which flags come from before: the carry in of ADC and SBB. */
static ir_ref carry_in(struct lift *l, unsigned op) { return op == ATOM_ADC || op == ATOM_SBB ? build_getf(l) : 0; }

/* ---- two operands; arg: compare only ---- */

void lift_alu_rm_r(struct lift *l)
{
    bool compare = l->shape->arg;
    struct place rm = build_rm(l, l->size);
    ir_ref a = compare ? build_read(l, &rm) : build_read_modify(l, &rm), b = build_read_reg(l, l->insn->reg, l->size);
    ir_ref result = build_flags(l, l->shape->op, l->size, a, b, MASK_ALL, carry_in(l, l->shape->op));
    if (!compare) build_write(l, &rm, result);
    build_putf(l, result);
}

void lift_alu_r_rm(struct lift *l)
{
    ir_ref b = build_read_rm(l, l->size), a = build_read_reg(l, l->insn->reg, l->size);
    ir_ref result = build_flags(l, l->shape->op, l->size, a, b, MASK_ALL, carry_in(l, l->shape->op));
    if (!l->shape->arg) build_write_reg(l, l->insn->reg, l->size, result);
    build_putf(l, result);
}

void lift_alu_rm_i(struct lift *l)
{
    bool compare = l->shape->arg;
    struct place rm = build_rm(l, l->size);
    ir_ref a = compare ? build_read(l, &rm) : build_read_modify(l, &rm);
    ir_ref result =
        build_flags_imm(l, l->shape->op, l->size, a, l->insn->immediate, MASK_ALL, carry_in(l, l->shape->op));
    if (!compare) build_write(l, &rm, result);
    build_putf(l, result);
}

/* ---- one operand ---- */

void lift_incdec(struct lift *l)
{
    struct place rm = build_rm(l, l->size);
    ir_ref a = build_read_modify(l, &rm);
    ir_ref result = build_flags_imm(l, l->shape->op, l->size, a, 1, MASK_ALL & ~MASK_C, build_getf(l));
    build_write(l, &rm, result);
    build_putf(l, result);
}

void lift_not(struct lift *l)
{
    struct place rm = build_rm(l, l->size);
    build_write(l, &rm, build_imm(l, ATOM_XOR, l->size, build_read_modify(l, &rm), -1));
}

void lift_neg(struct lift *l)
{
    struct place rm = build_rm(l, l->size);
    ir_ref result = build_flags(l, ATOM_SUB, l->size, 0, build_read_modify(l, &rm), MASK_ALL, 0);
    build_write(l, &rm, result);
    build_putf(l, result);
}

/* ---- shifts; arg: flags written. A count of 0 leaves the flags as they were ---- */

void lift_shift_i(struct lift *l)
{
    unsigned count = l->insn->immediate & 31, fmask = count ? l->shape->arg : 0;
    if (!count && !l->insn->memory) return;
    struct place rm = build_rm(l, l->size);
    ir_ref a = build_read_modify(l, &rm);
    bool reads = l->shape->op == ATOM_RCL || l->shape->op == ATOM_RCR || (fmask && fmask != MASK_ALL);
    ir_ref result = build_flags_imm(l, l->shape->op, l->size, a, count, fmask, reads ? build_getf(l) : 0);
    build_write(l, &rm, result);
    if (fmask) build_putf(l, result);
}

void lift_shift_cl(struct lift *l)
{
    struct place rm = build_rm(l, l->size);
    ir_ref a = build_read_modify(l, &rm), count = build_get(l, HOME_ECX);
    ir_ref result = build_flags(l, l->shape->op, l->size, a, count, l->shape->arg, build_getf(l));
    build_write(l, &rm, result);
    build_putf(l, result);
}

/* arg: the count is CL. */
void lift_shift_double(struct lift *l)
{
    unsigned count = l->insn->immediate & 31;
    if (!l->shape->arg && !count && !l->insn->memory) return;
    struct place rm = build_rm(l, l->size);
    ir_ref a = build_read_modify(l, &rm), c = build_read_reg(l, l->insn->reg, l->size);
    struct ir_insn shift = {.op = l->shape->op, .size = l->size, .a = a, .c = c, .fmask = MASK_ALL};
    shift.use_imm = !l->shape->arg;
    if (shift.use_imm) shift.imm = count;
    else shift.b = build_get(l, HOME_ECX);
    shift.f = build_getf(l);
    ir_ref result = ir_append(l->region, shift);
    build_write(l, &rm, result);
    build_putf(l, result);
}

/* ---- multiplication and division ---- */

/* AX from two bytes; DX:AX or EDX:EAX from two words. */
static void write_pair(struct lift *l, ir_ref low, ir_ref high)
{
    if (l->size == SIZE_8) {
        ir_ref eax = build_op(l, ATOM_INS8, SIZE_32, build_get(l, HOME_EAX), low);
        build_put(l, HOME_EAX, build_op(l, ATOM_INSH, SIZE_32, eax, high));
        return;
    }
    build_write_reg(l, HOME_EAX, l->size, low);
    build_write_reg(l, HOME_EDX, l->size, high);
}

/* op: the atom that gives the upper half, and CF = OF = whether it matters. */
void lift_mul(struct lift *l)
{
    ir_ref b = build_read_rm(l, l->size), a = build_get(l, HOME_EAX);
    ir_ref low = build_op(l, ATOM_MUL, l->size, a, b);
    ir_ref high = build_flags(l, l->shape->op, l->size, a, b, MASK_C | MASK_O, build_getf(l));
    write_pair(l, low, high);
    build_putf(l, high);
}

/* arg: r = r/m * immediate, not r * r/m. */
void lift_imul_r(struct lift *l)
{
    ir_ref a = build_read_rm(l, l->size), result;
    if (l->shape->arg) {
        result = build_flags_imm(l, ATOM_MUL, l->size, a, l->insn->immediate, MASK_C | MASK_O, build_getf(l));
    } else {
        ir_ref b = build_read_reg(l, l->insn->reg, l->size);
        result = build_flags(l, ATOM_MUL, l->size, b, a, MASK_C | MASK_O, build_getf(l));
    }
    build_write_reg(l, l->insn->reg, l->size, result);
    build_putf(l, result);
}

/* AX, DX:AX or EDX:EAX as one value; the size in which to divide it. */
static ir_ref dividend(struct lift *l, ir_ref high, unsigned *size)
{
    ir_ref eax = build_get(l, HOME_EAX);
    *size = l->size == SIZE_32 ? SIZE_64 : SIZE_32;
    if (l->size == SIZE_8) return eax;
    ir_ref low = build_zero_extend(l, eax, l->size);
    return build_op(l, ATOM_OR, *size, build_imm(l, ATOM_SHL, *size, high, 8 << l->size), low);
}

/* The quotient fits exactly if the upper half is below the divisor, which excludes a divisor of 0, too. */
void lift_div(struct lift *l)
{
    ir_ref divisor = build_read_rm(l, l->size);
    enum { AH = 4 };
    ir_ref high = l->size == SIZE_8 ? build_read_reg(l, AH, SIZE_8) : build_get(l, HOME_EDX);
    build_trapif(l, COND_NB, build_flags(l, ATOM_SUB, l->size, high, divisor, MASK_ALL, 0), VECTOR_DE);
    unsigned size;
    ir_ref a = dividend(l, high, &size), b = build_zero_extend(l, divisor, l->size);
    if (l->size == SIZE_8) a = build_zero_extend(l, a, SIZE_16);
    write_pair(l, build_op(l, ATOM_DIVU, size, a, b), build_op(l, ATOM_REMU, size, a, b));
}

void lift_idiv(struct lift *l)
{
    ir_ref divisor = build_read_rm(l, l->size);
    build_trapif(l, COND_Z, build_flags_imm(l, ATOM_SUB, l->size, divisor, 0, MASK_ALL, 0), VECTOR_DE);
    static const uint8_t extend[] = {ATOM_SX8, ATOM_SX16, ATOM_SX32};
    unsigned size;
    ir_ref a = dividend(l, l->size == SIZE_8 ? 0 : build_get(l, HOME_EDX), &size);
    if (l->size == SIZE_8) a = build_sign_extend(l, a, SIZE_16);
    ir_ref b = build_op(l, extend[l->size], size, 0, divisor);
    ir_ref quotient = build_op(l, ATOM_DIVS, size, a, b);
    ir_ref cut = build_op(l, extend[l->size], size, 0, quotient);
    build_trapif(l, COND_NZ, build_flags(l, ATOM_SUB, size, cut, quotient, MASK_ALL, 0), VECTOR_DE);
    ir_ref remainder = build_op(l, ATOM_REMS, size, a, b);
    if (size == SIZE_64) { /* homes are zero-extended from 32 bits */
        quotient = build_op(l, ATOM_MOV, SIZE_32, 0, quotient);
        remainder = build_op(l, ATOM_MOV, SIZE_32, 0, remainder);
    }
    write_pair(l, quotient, remainder);
}

/* ---- decimal (SDM vol. 2, DAA DAS AAA AAS AAM AAD) ---- */

/* 1 if AL's low digit is above 9 or AF is set. `bits`: the flags as a number. */
static ir_ref low_adjust(struct lift *l, ir_ref eax, ir_ref bits)
{
    ir_ref digit = build_imm(l, ATOM_AND, SIZE_32, eax, 15);
    ir_ref above = build_setc(l, COND_NB, build_flags_imm(l, ATOM_SUB, SIZE_32, digit, 10, MASK_ALL, 0));
    ir_ref af = build_imm(l, ATOM_AND, SIZE_32, build_imm(l, ATOM_SHR, SIZE_32, bits, 4), 1);
    return build_op(l, ATOM_OR, SIZE_32, above, af);
}

static ir_ref flags_number(struct lift *l)
{
    return ir_append(l->region, (struct ir_insn){.op = ATOM_GETF, .size = SIZE_32, .f = build_getf(l)});
}

/* `value` where `bit` is 1, 0 where it is 0. */
static ir_ref times_bit(struct lift *l, ir_ref bit, int64_t value)
{
    return build_imm(l, ATOM_AND, SIZE_32, build_op(l, ATOM_SUB, SIZE_32, 0, bit), value);
}

/* Flags of the value in `size` as a logic operation sets them, but CF and AF from `carry` and `adjust` (0 or 1). */
static ir_ref decimal_flags(struct lift *l, ir_ref value, ir_ref carry, ir_ref adjust)
{
    ir_ref logic = build_flags(l, ATOM_OR, SIZE_8, value, 0, MASK_ALL, 0);
    ir_ref bits = build_op(l, ATOM_OR, SIZE_32, carry, build_imm(l, ATOM_SHL, SIZE_32, adjust, 4));
    return build_setf(l, bits, MASK_C | MASK_A, logic);
}

static void daa_das(struct lift *l, unsigned op)
{
    ir_ref eax = build_get(l, HOME_EAX), bits = flags_number(l), al = build_zero_extend(l, eax, SIZE_8);
    ir_ref low = low_adjust(l, eax, bits);
    ir_ref above = build_setc(l, COND_NB, build_flags_imm(l, ATOM_SUB, SIZE_32, al, 0x9a, MASK_ALL, 0));
    ir_ref high = build_op(l, ATOM_OR, SIZE_32, above, build_imm(l, ATOM_AND, SIZE_32, bits, 1));
    ir_ref by = build_op(l, ATOM_OR, SIZE_32, times_bit(l, low, 6), times_bit(l, high, 0x60));
    ir_ref result = build_op(l, op, SIZE_8, eax, by), carry = high;
    if (op == ATOM_SUB) { /* the first step may borrow by itself */
        ir_ref borrow = build_setc(l, COND_B, build_flags_imm(l, ATOM_SUB, SIZE_32, al, 6, MASK_ALL, 0));
        carry = build_op(l, ATOM_OR, SIZE_32, high, build_op(l, ATOM_AND, SIZE_32, borrow, low));
    }
    ir_ref flags = decimal_flags(l, result, carry, low);
    build_write_reg(l, HOME_EAX, SIZE_8, result);
    build_putf(l, flags);
}

void lift_daa(struct lift *l) { daa_das(l, ATOM_ADD); }
void lift_das(struct lift *l) { daa_das(l, ATOM_SUB); }

/* AAA and AAS: AX changes by 106h, then AL is cut to a digit. */
void lift_aaa(struct lift *l)
{
    ir_ref eax = build_get(l, HOME_EAX), low = low_adjust(l, eax, flags_number(l));
    ir_ref sum = build_op(l, l->shape->op, SIZE_16, eax, times_bit(l, low, 0x106));
    ir_ref ax = build_imm(l, ATOM_AND, SIZE_16, sum, 0xff0f);
    ir_ref flags = decimal_flags(l, ax, low, low);
    build_write_reg(l, HOME_EAX, SIZE_16, ax);
    build_putf(l, flags);
}

void lift_aam(struct lift *l)
{
    if (!l->insn->immediate) {
        build_trap(l, VECTOR_DE);
        return;
    }
    ir_ref al = build_zero_extend(l, build_get(l, HOME_EAX), SIZE_8);
    ir_ref quotient = build_imm(l, ATOM_DIVU, SIZE_32, al, l->insn->immediate);
    ir_ref rest = build_imm(l, ATOM_REMU, SIZE_32, al, l->insn->immediate);
    ir_ref flags = build_flags(l, ATOM_OR, SIZE_8, rest, 0, MASK_ALL, 0);
    ir_ref eax = build_op(l, ATOM_INS8, SIZE_32, build_get(l, HOME_EAX), rest);
    build_put(l, HOME_EAX, build_op(l, ATOM_INSH, SIZE_32, eax, quotient));
    build_putf(l, flags);
}

void lift_aad(struct lift *l)
{
    ir_ref eax = build_get(l, HOME_EAX), ah = build_op(l, ATOM_EXTH, SIZE_32, 0, eax);
    ir_ref product = build_imm(l, ATOM_MUL, SIZE_32, ah, l->insn->immediate);
    ir_ref al = build_op(l, ATOM_ADD, SIZE_8, product, eax);
    ir_ref flags = build_flags(l, ATOM_OR, SIZE_8, al, 0, MASK_ALL, 0);
    build_write_reg(l, HOME_EAX, SIZE_16, al);
    build_putf(l, flags);
}

/* ---- bits ---- */

/* A bit offset in a register reaches beyond the operand: the words before and after it, signed. */
static struct place bit_place(struct lift *l)
{
    struct place place = {.memory = l->insn->memory, .reg = l->insn->rm, .size = l->size};
    if (!place.memory) return place;
    struct address offset = build_offset(l);
    if (l->shape->arg) {
        unsigned log2_bits = 3 + l->size, address_size = l->insn->address_size;
        ir_ref bit = build_sign_extend(l, build_get(l, l->insn->reg), l->size);
        ir_ref word = build_imm(l, ATOM_SAR, SIZE_32, bit, log2_bits);
        offset.base = build_op(l, l->size == SIZE_16 ? ATOM_SH1ADD : ATOM_SH2ADD, address_size, offset.base, word);
        if (address_size == SIZE_16 && offset.offset) {
            offset.base = build_imm(l, ATOM_ADD, SIZE_16, offset.base, offset.offset);
            offset.offset = 0;
        }
    }
    place.address = build_segment(l, offset, l->insn->segment);
    return place;
}

/* op: BT, or how the bit's mask changes the operand; arg: the bit offset is in a register. */
void lift_bit_test(struct lift *l)
{
    bool changes = l->shape->op != ATOM_BT, in_register = l->shape->arg;
    unsigned bits = 8u << l->size, fixed = l->insn->immediate & (bits - 1);
    struct place place = bit_place(l);
    ir_ref value = changes ? build_read_modify(l, &place) : build_read(l, &place), tested;
    if (in_register) {
        ir_ref bit = build_get(l, l->insn->reg);
        tested = build_flags(l, ATOM_BT, l->size, value, bit, MASK_C, build_getf(l));
        if (changes) {
            ir_ref count = build_imm(l, ATOM_AND, SIZE_32, bit, bits - 1);
            ir_ref mask = build_op(l, ATOM_SHL, SIZE_32, build_constant(l, 1), count);
            build_write(l, &place, build_op(l, l->shape->op, l->size, value, mask));
        }
    } else {
        tested = build_flags_imm(l, ATOM_BT, l->size, value, fixed, MASK_C, build_getf(l));
        if (changes) build_write(l, &place, build_imm(l, l->shape->op, l->size, value, INT64_C(1) << fixed));
    }
    build_putf(l, tested);
}

void lift_bit_scan(struct lift *l)
{
    ir_ref b = build_read_rm(l, l->size), a = build_read_reg(l, l->insn->reg, l->size);
    ir_ref result = build_flags(l, l->shape->op, l->size, a, b, MASK_ALL, 0);
    build_write_reg(l, l->insn->reg, l->size, result);
    build_putf(l, result);
}

/* The 16-bit form is undefined; processors give 0. */
void lift_bswap(struct lift *l)
{
    ir_ref swapped = l->size == SIZE_16 ? 0 : build_op(l, ATOM_BSWAP, l->size, 0, build_get(l, l->insn->rm));
    build_write_reg(l, l->insn->rm, l->size, swapped);
}

void lift_popcnt(struct lift *l)
{
    ir_ref b = build_read_rm(l, l->size);
    build_write_reg(l, l->insn->reg, l->size, build_op(l, ATOM_POPCNT, l->size, 0, b));
    build_putf(l, build_flags(l, ATOM_AND, l->size, b, b, MASK_Z, 0)); /* the others are clear */
}

void lift_crc32(struct lift *l)
{
    static const uint8_t ops[] = {ATOM_CRC8, ATOM_CRC16, ATOM_CRC32};
    ir_ref b = build_read_rm(l, l->size);
    build_put(l, l->insn->reg, build_op(l, ops[l->size], SIZE_32, build_get(l, l->insn->reg), b));
}
