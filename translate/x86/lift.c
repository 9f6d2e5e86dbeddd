/* lift.c -- x86_lift, and the vocabulary in which the lifters write IR. */
#include "translate/x86/lift.h"

/* A code segment cannot be written, whatever the page (SDM vol. 3, 5.5): #GP. Of the rows that store, PUSH and CALL
 * only read their operand; POP and ARPL read something first, and see to it themselves; for SGDT, SIDT and SMSW the
 * system stores (lift_system.c), and does not look at the segment. */
static bool writes_code(const struct lift *l)
{
    if (LIKELY(l->insn->segment != X86_CS) || !l->insn->memory) return false;
    switch (l->insn->row) {
    case ROW_PUSH_EV: case ROW_CALL_EV: case ROW_POP_EV: case ROW_ARPL_EW_GW: case ROW_SGDT_MS: case ROW_SIDT_MS:
    case ROW_SMSW_EV: return false;
    default: return x86_rows[l->insn->row].properties & X86_STORES;
    }
}

static uint8_t width_of(const struct row_shape *shape, const struct x86_insn *insn)
{
    if (shape->size == WIDTH_X) return 16;
    return shape->size == WIDTH_T ? 10 : (uint8_t)(1u << insn->operand_size);
}

void x86_lift(struct ir_region *region, const struct x86_insn *insn, uint64_t address)
{
    struct lift l = {.region = region, .insn = insn, .shape = &x86_shapes[insn->row], .size = insn->operand_size,
                     .width = width_of(&x86_shapes[insn->row], insn), .address = (uint32_t)address,
                     .next = (uint32_t)address + insn->length};
    ir_append(region, (struct ir_insn){.op = IR_MARK, .imm = l.address, .c = insn->length});
    l.refused = writes_code(&l);
    if (UNLIKELY(l.refused && !(x86_rows[insn->row].properties & X86_FLOAT))) build_trap(&l, 13);
    else l.shape->lifter(&l); /* x87_usable sees to floating point, whose own exceptions come first */
}

/* ---- operations ---- */

ir_ref build_flags(struct lift *l, unsigned op, unsigned size, ir_ref a, ir_ref b, unsigned fmask, ir_ref f)
{
    return ir_append(l->region, (struct ir_insn){.op = (uint8_t)op, .size = (uint8_t)size, .a = a, .b = b,
                                                 .fmask = (uint8_t)fmask, .f = f});
}

ir_ref build_flags_imm(struct lift *l, unsigned op, unsigned size, ir_ref a, int64_t imm, unsigned fmask, ir_ref f)
{
    return ir_append(l->region, (struct ir_insn){.op = (uint8_t)op, .size = (uint8_t)size, .a = a, .use_imm = true,
                                                 .imm = imm, .fmask = (uint8_t)fmask, .f = f});
}

ir_ref build_op(struct lift *l, unsigned op, unsigned size, ir_ref a, ir_ref b)
{
    return build_flags(l, op, size, a, b, 0, 0);
}

ir_ref build_imm(struct lift *l, unsigned op, unsigned size, ir_ref a, int64_t imm)
{
    return build_flags_imm(l, op, size, a, imm, 0, 0);
}

ir_ref build_constant(struct lift *l, int64_t value) { return build_imm(l, ATOM_MOV, SIZE_32, 0, value); }

ir_ref build_setc(struct lift *l, unsigned cond, ir_ref f)
{
    return ir_append(l->region, (struct ir_insn){.op = ATOM_SETC, .size = SIZE_32, .cond = (uint8_t)cond, .f = f});
}

ir_ref build_select(struct lift *l, unsigned size, ir_ref yes, ir_ref no, unsigned cond, ir_ref f)
{
    return ir_append(l->region, (struct ir_insn){.op = ATOM_SEL, .size = (uint8_t)size, .a = yes, .b = no,
                                                 .cond = (uint8_t)cond, .f = f});
}

ir_ref build_setf(struct lift *l, ir_ref value, unsigned fmask, ir_ref f)
{
    return build_flags(l, ATOM_SETF, SIZE_32, 0, value, fmask, f);
}

ir_ref build_zero_extend(struct lift *l, ir_ref value, unsigned size)
{
    return size == SIZE_32 ? value : build_op(l, size == SIZE_8 ? ATOM_ZX8 : ATOM_ZX16, SIZE_32, 0, value);
}

ir_ref build_sign_extend(struct lift *l, ir_ref value, unsigned size)
{
    return size == SIZE_32 ? value : build_op(l, size == SIZE_8 ? ATOM_SX8 : ATOM_SX16, SIZE_32, 0, value);
}

/* ---- guest state ---- */

ir_ref build_get(struct lift *l, unsigned home)
{
    const struct ir_insn get = {.op = IR_GET, .size = SIZE_64, .imm = home};
    if (!l->homes[home]) l->homes[home] = ir_append(l->region, get);
    return l->homes[home];
}

void build_put(struct lift *l, unsigned home, ir_ref value)
{
    ir_append(l->region, (struct ir_insn){.op = IR_PUT, .size = SIZE_64, .imm = home, .a = value});
    l->homes[home] = value;
}

ir_ref build_getf(struct lift *l) { return ir_append(l->region, (struct ir_insn){.op = IR_GETF}); }
void build_putf(struct lift *l, ir_ref f) { ir_append(l->region, (struct ir_insn){.op = IR_PUTF, .f = f}); }

/* AH, CH, DH, BH are numbers 4 to 7. */
static bool is_high(unsigned reg, unsigned size) { return size == SIZE_8 && reg >= 4; }

ir_ref build_read_reg(struct lift *l, unsigned reg, unsigned size)
{
    if (!is_high(reg, size)) return build_get(l, reg);
    return build_op(l, ATOM_EXTH, SIZE_32, 0, build_get(l, reg - 4));
}

void build_write_reg(struct lift *l, unsigned reg, unsigned size, ir_ref value)
{
    if (size == SIZE_32) {
        build_put(l, reg, value);
        return;
    }
    bool high = is_high(reg, size);
    unsigned home = high ? reg - 4 : reg, op = high ? ATOM_INSH : size == SIZE_8 ? ATOM_INS8 : ATOM_INS16;
    build_put(l, home, build_op(l, op, SIZE_32, build_get(l, home), value));
}

/* ---- memory ---- */

static struct ir_insn access(unsigned op, struct address address, unsigned size)
{
    return (struct ir_insn){.op = (uint8_t)op, .size = (uint8_t)size, .kind = address.stack ? IR_STACK : IR_DATA,
                            .a = address.base, .imm = address.offset};
}

ir_ref build_load(struct lift *l, struct address address, unsigned size)
{
    return ir_append(l->region, access(ATOM_LD, address, size));
}

ir_ref build_load_signed(struct lift *l, struct address address, unsigned size)
{
    return ir_append(l->region, access(ATOM_LDS, address, size));
}

void build_store(struct lift *l, struct address address, unsigned size, ir_ref value)
{
    struct ir_insn store = access(ATOM_ST, address, size);
    store.b = value;
    ir_append(l->region, store);
}

void build_probe(struct lift *l, struct address address, unsigned size)
{
    ir_append(l->region, access(ATOM_PROBE, address, size));
}

static ir_ref address_register(struct lift *l, int reg)
{
    if (reg == HOME_ESP && l->popped_esp) return l->popped_esp;
    return reg < 0 ? 0 : build_get(l, (unsigned)reg);
}

static const uint8_t shift_add[] = {ATOM_ADD, ATOM_SH1ADD, ATOM_SH2ADD, ATOM_SH3ADD};

/* 16-bit addresses wrap before the segment base is added, so that everything is summed here. */
static struct address offset16(struct lift *l)
{
    const struct x86_insn *insn = l->insn;
    if (insn->base < 0) return (struct address){.offset = insn->displacement & 0xffff};
    ir_ref sum = address_register(l, insn->base);
    bool cut = false;
    if (insn->index >= 0) {
        sum = build_op(l, ATOM_ADD, SIZE_16, sum, address_register(l, insn->index));
        cut = true;
    }
    if (insn->displacement) sum = build_imm(l, ATOM_ADD, SIZE_16, sum, insn->displacement);
    else if (!cut) sum = build_zero_extend(l, sum, SIZE_16);
    return (struct address){.base = sum};
}

struct address build_offset(struct lift *l)
{
    const struct x86_insn *insn = l->insn;
    if (insn->address_size == SIZE_16) return offset16(l);
    ir_ref base = address_register(l, insn->base), index = address_register(l, insn->index);
    if (insn->index >= 0) {
        base = insn->base < 0 && !insn->scale ? index : build_op(l, shift_add[insn->scale], SIZE_32, base, index);
    }
    return (struct address){.base = base, .offset = insn->displacement};
}

static bool segment_has_base(struct lift *l, unsigned segment)
{
    static const uint8_t bits[] = {ROW_CONTEXT_BASE_ES, ROW_CONTEXT_BASE_CS, ROW_CONTEXT_BASE_SS, ROW_CONTEXT_BASE_DS};
    return segment >= X86_FS || row_context(l->region->context, bits[segment]);
}

/* Nothing lies in a segment that was loaded with a null selector (SDM vol. 3, 3.4.2); CS and SS are never. No flags are
 * set in `f` 0, so the condition holds. */
static void refuse_null_segment(struct lift *l, unsigned segment)
{
    static const uint8_t bits[] = {[X86_ES] = ROW_CONTEXT_NULL_ES, [X86_DS] = ROW_CONTEXT_NULL_DS,
                                   [X86_FS] = ROW_CONTEXT_NULL_FS, [X86_GS] = ROW_CONTEXT_NULL_GS};
    if (bits[segment] && row_context(l->region->context, bits[segment])) build_trapif(l, COND_NO, 0, VECTOR_GP);
}

struct address build_segment(struct lift *l, struct address offset, unsigned segment)
{
    refuse_null_segment(l, segment);
    offset.stack = segment == X86_SS;
    if (!segment_has_base(l, segment)) return offset;
    ir_ref base = build_get(l, HOME_ES_BASE + segment);
    if (offset.base) base = build_op(l, ATOM_ADD, SIZE_32, base, offset.base);
    offset.base = base;
    return offset;
}

struct address build_second(struct lift *l, struct address offset, unsigned bytes)
{
    offset.offset += bytes;
    if (l->insn->address_size == SIZE_16) {
        if (offset.base) offset = (struct address){.base = build_imm(l, ATOM_ADD, SIZE_16, offset.base, offset.offset)};
        offset.offset &= 0xffff;
    }
    return build_segment(l, offset, l->insn->segment);
}

struct address build_address(struct lift *l) { return build_segment(l, build_offset(l), l->insn->segment); }

/* ---- operands ---- */

struct place build_rm(struct lift *l, unsigned size)
{
    struct place place = {.memory = l->insn->memory, .reg = l->insn->rm, .size = (uint8_t)size};
    if (place.memory) place.address = build_address(l);
    return place;
}

ir_ref build_read(struct lift *l, const struct place *place)
{
    return place->memory ? build_load(l, place->address, place->size) : build_read_reg(l, place->reg, place->size);
}

/* A code segment is never writable (SDM vol. 3, 5.5): #GP. No flags are set in `f` 0, so the condition holds. */
static void refuse_code_segment(struct lift *l)
{
    if (l->insn->segment == X86_CS) build_trapif(l, COND_NO, 0, VECTOR_GP);
}

ir_ref build_read_modify(struct lift *l, const struct place *place)
{
    if (place->memory) refuse_code_segment(l);
    if (place->memory) build_probe(l, place->address, place->size);
    return build_read(l, place);
}

void build_write(struct lift *l, const struct place *place, ir_ref value)
{
    if (place->memory) refuse_code_segment(l);
    if (place->memory) build_store(l, place->address, place->size, value);
    else build_write_reg(l, place->reg, place->size, value);
}

ir_ref build_read_rm(struct lift *l, unsigned size)
{
    struct place place = build_rm(l, size);
    return build_read(l, &place);
}

/* ---- the stack ---- */

struct address build_slot(struct lift *l, ir_ref esp, int delta)
{
    struct address slot = {.base = esp, .offset = delta};
    if (!row_context(l->region->context, ROW_CONTEXT_STACK32)) {
        slot = (struct address){.base = build_imm(l, ATOM_ADD, SIZE_16, esp, delta)};
    }
    return build_segment(l, slot, X86_SS);
}

ir_ref build_moved(struct lift *l, ir_ref esp, int64_t delta)
{
    if (row_context(l->region->context, ROW_CONTEXT_STACK32)) return build_imm(l, ATOM_ADD, SIZE_32, esp, delta);
    return build_op(l, ATOM_INS16, SIZE_32, esp, build_imm(l, ATOM_ADD, SIZE_16, esp, delta));
}

void build_push(struct lift *l, ir_ref value, unsigned size)
{
    ir_ref esp = build_get(l, HOME_ESP);
    int bytes = 1 << size;
    build_store(l, build_slot(l, esp, -bytes), size, value);
    build_put(l, HOME_ESP, build_moved(l, esp, -bytes));
}

/* ---- leaving ---- */

void build_trap(struct lift *l, unsigned vector)
{
    ir_append(l->region, (struct ir_insn){.op = IR_TRAP, .imm = vector});
}

void build_trapif(struct lift *l, unsigned cond, ir_ref f, unsigned vector)
{
    ir_append(l->region, (struct ir_insn){.op = IR_TRAPIF, .cond = (uint8_t)cond, .f = f, .imm = vector});
}

void build_exit(struct lift *l, unsigned kind, uint32_t target)
{
    ir_append(l->region, (struct ir_insn){.op = IR_EXIT, .kind = (uint8_t)kind, .imm = target});
}

void build_exit_to(struct lift *l, unsigned kind, ir_ref target)
{
    ir_append(l->region, (struct ir_insn){.op = IR_EXIT, .kind = (uint8_t)kind, .a = target});
}

void build_exitif(struct lift *l, unsigned cond, ir_ref f, uint32_t target)
{
    ir_append(l->region, (struct ir_insn){.op = IR_EXITIF, .cond = (uint8_t)cond, .f = f, .imm = target});
}

void build_helper(struct lift *l, unsigned helper, ir_ref a, ir_ref b, ir_ref c)
{
    ir_append(l->region, (struct ir_insn){.op = IR_HELPER, .imm = helper, .a = a, .b = b, .c = c});
}
