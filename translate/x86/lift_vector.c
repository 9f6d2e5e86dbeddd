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
