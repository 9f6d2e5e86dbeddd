/* lift_sse.c -- MMX and SSE: one lifter for each shape of instruction. What differs between instructions of a shape is
 * in their rows, what differs between MMX and SSE in vector_begin, vector_home and vector_end.
 */
#include "translate/x86/lift_vector.h"

/* A value for an MMX register: the upper 16 bits are set (SDM vol. 1, 9.2.1). */
static ir_ref fit(struct lift *l, ir_ref value)
{
    if (!is_mmx(l)) return value;
    return ir_append(l->region, (struct ir_insn){.op = ATOM_VMOV, .kind = IR_HALF, .b = value});
}

/* ---- register = operation of register and register or memory ---- */

void lift_packed(struct lift *l)
{
    if (!vector_begin(l)) return;
    unsigned home = vector_home(l, l->insn->reg);
    ir_ref b = build_vector_rm(l), value = build_row(l, build_get(l, home), b);
    build_put(l, home, value);
    vector_end(l);
}

/* The r/m operand, a register, is the destination. */
void lift_packed_reverse(struct lift *l)
{
    if (!vector_begin(l)) return;
    unsigned home = vector_home(l, l->insn->rm);
    build_put(l, home, build_row(l, build_get(l, home), build_get(l, vector_home(l, l->insn->reg))));
}

/* By an immediate. */
void lift_packed_shift(struct lift *l)
{
    if (!vector_begin(l)) return;
    unsigned home = vector_home(l, l->insn->rm);
    build_put(l, home, build_row(l, 0, build_get(l, home)));
    vector_end(l);
}

/* A source in memory is one lane: the immediate does not choose it. */
void lift_sse_insertps(struct lift *l)
{
    if (!vector_begin(l)) return;
    unsigned home = vector_home(l, l->insn->reg);
    unsigned imm = (unsigned)l->insn->immediate & (l->insn->memory ? 0x3f : 0xff);
    ir_ref b = build_vector_rm(l);
    build_put(l, home, build_vector_imm(l, ATOM_VINSPS, 0, build_get(l, home), b, imm));
}

void lift_sse_movhlps(struct lift *l)
{
    if (!vector_begin(l)) return;
    unsigned home = vector_home(l, l->insn->reg);
    ir_ref source = build_get(l, vector_home(l, l->insn->rm));
    build_put(l, home, build_vector(l, ATOM_VUNPCKH, SIZE_64, source, build_get(l, home)));
}

/* ---- loads and stores; arg: the address is a multiple of 16 ---- */

void lift_vector_load(struct lift *l)
{
    if (!vector_begin(l)) return;
    ir_ref value = l->insn->memory ? build_load_vector(l, build_address(l), l->width, l->shape->arg)
                                   : build_get(l, vector_home(l, l->insn->rm));
    build_put(l, vector_home(l, l->insn->reg), fit(l, value));
    vector_end(l);
}

void lift_vector_store(struct lift *l)
{
    if (!vector_begin(l)) return;
    ir_ref value = build_get(l, vector_home(l, l->insn->reg));
    if (l->insn->memory) build_store_vector(l, build_address(l), l->width, l->shape->arg, value);
    else build_put(l, vector_home(l, l->insn->rm), fit(l, value));
    vector_end(l);
}

void lift_sse_store_high(struct lift *l)
{
    if (!vector_begin(l)) return;
    ir_ref high = build_vector_imm(l, ATOM_VSRLB, 0, 0, build_get(l, vector_home(l, l->insn->reg)), 8);
    build_store_vector(l, build_address(l), l->width, false, high);
}

/* MASKMOVQ, MASKMOVDQU: bytes whose mask is negative go to [EDI]. All of them are read and written, so that one which
 * is not selected faults like one which is (SDM vol. 2 lets the implementation choose; AMD's processors do so). */
void lift_masked_store(struct lift *l)
{
    if (!vector_begin(l)) return;
    if (l->insn->segment == X86_CS) build_trapif(l, COND_NO, 0, VECTOR_GP); /* never writable */
    ir_ref edi = build_get(l, HOME_EDI);
    if (l->insn->address_size == SIZE_16) edi = build_zero_extend(l, edi, SIZE_16);
    struct address address = build_segment(l, (struct address){.base = edi}, l->insn->segment);
    build_probe_bytes(l, address, l->width);
    struct ir_insn blend = {.op = ATOM_VBLENDV, .size = SIZE_8, .a = build_load_vector(l, address, l->width, false),
                            .b = build_get(l, vector_home(l, l->insn->reg)),
                            .c = build_get(l, vector_home(l, l->insn->rm))};
    build_store_vector(l, address, l->width, false, ir_append(l->region, blend));
    vector_end(l);
}

/* ---- to and from general registers; arg: the size of the lane ---- */

void lift_vector_from(struct lift *l)
{
    if (!vector_begin(l)) return;
    ir_ref value = l->insn->memory ? build_load_vector(l, build_address(l), l->width, false)
                                   : build_from(l, build_get(l, l->insn->rm), l->shape->arg);
    build_put(l, vector_home(l, l->insn->reg), fit(l, value));
    vector_end(l);
}

/* Which lane; an instruction without immediate means the lowest. */
static unsigned lane(const struct lift *l) { return (unsigned)l->insn->immediate & (is_mmx(l) ? 3 : 15); }

/* arg 4: from the r/m operand to ModRM.reg. */
void lift_lane_extract(struct lift *l)
{
    enum { TO_REG = 4 };
    if (!vector_begin(l)) return;
    const struct x86_insn *insn = l->insn;
    bool to_reg = l->shape->arg & TO_REG;
    unsigned size = l->shape->arg & 3;
    ir_ref value = build_extract(l, build_get(l, vector_home(l, to_reg ? insn->rm : insn->reg)), size, lane(l));
    if (insn->memory) build_store(l, build_address(l), size, value);
    else build_put(l, to_reg ? insn->reg : insn->rm, value);
    vector_end(l);
}

void lift_lane_insert(struct lift *l)
{
    if (!vector_begin(l)) return;
    unsigned home = vector_home(l, l->insn->reg), size = l->shape->arg;
    ir_ref value = l->insn->memory ? build_load(l, build_address(l), size) : build_get(l, l->insn->rm);
    struct ir_insn insert = {.op = ATOM_VINS, .size = (uint8_t)size, .kind = is_mmx(l) ? IR_HALF : 0,
                             .a = build_get(l, home), .b = value, .imm = lane(l)};
    build_put(l, home, ir_append(l->region, insert));
    vector_end(l);
}

/* The signs of the lanes. */
void lift_lane_mask(struct lift *l)
{
    if (!vector_begin(l)) return;
    struct ir_insn mask = {.op = ATOM_VMASK, .size = l->shape->arg, .kind = is_mmx(l) ? IR_HALF : 0,
                           .b = build_get(l, vector_home(l, l->insn->rm))};
    build_put(l, l->insn->reg, ir_append(l->region, mask));
    vector_end(l);
}

/* ---- flags ---- */

void lift_ptest(struct lift *l)
{
    if (!vector_begin(l)) return;
    ir_ref b = build_vector_rm(l), a = build_get(l, vector_home(l, l->insn->reg));
    build_putf(l, ir_append(l->region, (struct ir_insn){.op = ATOM_VTEST, .a = a, .b = b, .fmask = MASK_ALL}));
}

/* PCMPxSTRx. To the atom, bit 7 of the immediate says that operand c holds the lengths; the processor ignores it. */
void lift_compare_strings(struct lift *l)
{
    enum { EXPLICIT_LENGTHS = 0x80 };
    if (!vector_begin(l)) return;
    bool index = l->shape->op == ATOM_VSTRI;
    struct ir_insn compare = {.op = l->shape->op, .imm = l->insn->immediate & 0x7f, .fmask = MASK_ALL};
    compare.a = build_get(l, vector_home(l, l->insn->reg));
    compare.b = l->insn->memory ? build_load_vector(l, build_address(l), l->width, false)
                                : build_get(l, vector_home(l, l->insn->rm));
    if (l->shape->arg) {
        ir_ref edx = build_imm(l, ATOM_SHL, SIZE_64, build_get(l, HOME_EDX), 32);
        compare.c = build_op(l, ATOM_OR, SIZE_64, build_get(l, HOME_EAX), edx);
        compare.imm |= EXPLICIT_LENGTHS;
    }
    ir_ref result = ir_append(l->region, compare);
    build_put(l, index ? HOME_ECX : HOME_XMM0, result);
    build_putf(l, result);
}
