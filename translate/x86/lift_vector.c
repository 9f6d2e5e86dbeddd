/* lift_vector.c -- the vocabulary in which the lifters of x87, MMX and SSE write IR. */
#include "translate/x86/lift_vector.h"

ir_ref build_vector_imm(struct lift *l, unsigned op, unsigned size, ir_ref a, ir_ref b, unsigned imm)
{
    return ir_append(l->region, (struct ir_insn){.op = (uint8_t)op, .size = (uint8_t)size, .a = a, .b = b, .imm = imm});
}

ir_ref build_vector(struct lift *l, unsigned op, unsigned size, ir_ref a, ir_ref b)
{
    return build_vector_imm(l, op, size, a, b, 0);
}

ir_ref build_vector_control(struct lift *l, unsigned op, unsigned size, ir_ref b, ir_ref control)
{
    return ir_append(l->region, (struct ir_insn){.op = (uint8_t)op, .size = (uint8_t)size, .b = b, .c = control});
}

ir_ref build_from(struct lift *l, ir_ref value, unsigned size) { return build_vector(l, ATOM_VFROM, size, 0, value); }

ir_ref build_extract(struct lift *l, ir_ref vector, unsigned size, unsigned lane)
{
    return build_vector_imm(l, ATOM_VEXT, size, 0, vector, lane);
}

ir_ref build_tag(struct lift *l, ir_ref significand, ir_ref exponent)
{
    return build_vector(l, ATOM_VTAG, 0, significand, exponent);
}

static unsigned size_of(unsigned bytes) { return bytes == 10 ? SIZE_64 : log2_floor(bytes) - 2; }

static struct ir_insn access(unsigned op, struct address address, unsigned bytes, bool aligned)
{
    unsigned kind = (address.stack ? IR_STACK : IR_DATA) | (aligned ? IR_ALIGNED : IR_DATA);
    return (struct ir_insn){.op = (uint8_t)op, .size = (uint8_t)size_of(bytes), .kind = (uint8_t)kind,
                            .a = address.base, .imm = address.offset};
}

ir_ref build_load_vector(struct lift *l, struct address address, unsigned bytes, bool aligned)
{
    return ir_append(l->region, access(ATOM_LDV, address, bytes, aligned));
}

void build_store_vector(struct lift *l, struct address address, unsigned bytes, bool aligned, ir_ref value)
{
    struct ir_insn store = access(ATOM_STV, address, bytes, aligned);
    store.b = value;
    ir_append(l->region, store);
}

void build_probe_bytes(struct lift *l, struct address address, unsigned bytes)
{
    for (unsigned done = 0; done < bytes;) {
        unsigned size = bytes - done >= 8 ? SIZE_64 : bytes - done >= 4 ? SIZE_32 : SIZE_16;
        struct address part = address;
        part.offset += done;
        build_probe(l, part, size);
        done += 1u << size;
    }
}

/* ---- MMX and SSE ---- */

void build_merge_mxcsr(struct lift *l, ir_ref f)
{
    struct ir_insn merge = {.op = ATOM_XMERGE, .a = build_get(l, HOME_MXCSR), .f = f};
    build_put(l, HOME_MXCSR, ir_append(l->region, merge));
}

ir_ref build_operation(struct lift *l, ir_ref a, ir_ref b, bool half)
{
    unsigned op = l->shape->op, arg = l->shape->arg, shape = atom_table[op].shape;
    bool sized = shape & (SHAPE_LANES | SHAPE_FORMAT);
    struct ir_insn insn = {.op = (uint8_t)op, .size = sized ? arg & 3 : 0, .kind = half ? IR_HALF : 0, .b = b};
    if (shape & SHAPE_A) insn.a = a;
    if (shape & SHAPE_VC) insn.c = build_get(l, HOME_XMM0);
    else if (shape & SHAPE_C) insn.c = build_get(l, HOME_MXCSR);
    if (shape & SHAPE_IMM) insn.imm = l->shape->immediate == IMM_IB ? l->insn->immediate : sized ? arg >> 2 : arg;
    if (shape & SHAPE_STATUS) insn.fmask = MASK_ALL;
    ir_ref value = ir_append(l->region, insn);
    if (shape & SHAPE_STATUS) build_merge_mxcsr(l, value);
    return value;
}

ir_ref build_row(struct lift *l, ir_ref a, ir_ref b) { return build_operation(l, a, b, is_mmx(l)); }

bool is_mmx(const struct lift *l) { return x86_rows[l->insn->row].properties & X86_FLOAT; }

bool vector_begin(struct lift *l)
{
    if (is_mmx(l)) return x87_usable(l, true);
    bool off = row_context(l->region->context, ROW_CONTEXT_FPU_OFF);
    if (off) build_trap(l, VECTOR_NM);
    return !off;
}

void vector_end(struct lift *l)
{
    enum { ALL_VALID = 0xff };
    uint16_t before = l->region->fpu;
    if (!is_mmx(l)) return;
    l->region->fpu = ALL_VALID;
    x87_put_stack(l, before);
}

unsigned vector_home(const struct lift *l, unsigned n) { return (is_mmx(l) ? HOME_X87_R0 : HOME_XMM0) + n; }

ir_ref build_vector_rm(struct lift *l)
{
    if (!l->insn->memory) return build_get(l, vector_home(l, l->insn->rm));
    struct address address = build_address(l);
    if (l->width < 4) return build_from(l, build_load(l, address, l->size), SIZE_32);
    return build_load_vector(l, address, l->width, l->width == 16);
}
