#include "hwsim/isa/atom_eval.h"

const struct atom_desc atom_table[ATOM_OPS] = {
#define PURE(name, mnemonic, format, unit, latency, rule, value)                                             \
    [ATOM_##name] = {mnemonic, FORMAT_##format, UNIT_##unit, latency, ATOM_PURE,                              \
                     ATOM_RULE_KIND(rule) != ATOM_RULE_NONE, ATOM_RULE_KIND(rule) == ATOM_RULE_SOME, 0},
#define SHAPE_OF(format) (FORMAT_##format == FORMAT_LOADV ? SHAPE_VD : FORMAT_##format == FORMAT_STOREV ? SHAPE_VB : 0)
#define OTHER(name, mnemonic, format, unit, latency, properties) \
    [ATOM_##name] = {mnemonic, FORMAT_##format, UNIT_##unit, latency, properties, false, false, SHAPE_OF(format)},
#define VECTOR_ROW(name, mnemonic, form, unit, latency, properties)                                               \
    [ATOM_##name] = {mnemonic, FORMAT_VECTOR, UNIT_##unit, latency, properties, ((SHAPE_##form) & SHAPE_STATUS) != 0, false, \
                     SHAPE_##form},
#define VECTOR(name, mnemonic, form, unit, latency, value) VECTOR_ROW(name, mnemonic, form, unit, latency, ATOM_PURE)
#define VECTOR_CHECK(name, mnemonic, form, unit, latency, value) \
    VECTOR_ROW(name, mnemonic, form, unit, latency, ATOM_FAULTS)
#include "hwsim/isa/atoms.def"
#undef PURE
#undef OTHER
};

struct atom_result atom_evaluate(unsigned op, unsigned size, uint64_t a, uint64_t b, uint64_t c, uint16_t fin,
                                 unsigned fmask, unsigned cond)
{
    switch (op) {
#define PURE(name, mnemonic, format, unit, latency, rule, value) \
    case ATOM_##name: return atom_eval_##name(size, a, b, c, fin, fmask, cond);
#define OTHER(name, mnemonic, format, unit, latency, properties)
#include "hwsim/isa/atoms.def"
#undef PURE
#undef OTHER
    }
    return (struct atom_result){0, fin};
}

bool cond_holds(unsigned cond, uint16_t flags) { return atom_cond(cond, flags); }
uint16_t flag_bits(unsigned fmask) { return atom_flag_bits(fmask); }

unsigned cond_reads(unsigned cond)
{
    static const uint8_t reads[8] = {MASK_O, MASK_C, MASK_Z, MASK_C | MASK_Z, MASK_S, MASK_P, MASK_S | MASK_O,
                                     MASK_Z | MASK_S | MASK_O};
    return reads[cond >> 1 & 7];
}

bool atom_sized(unsigned op)
{
    switch (atom_table[op].format) {
    case FORMAT_RB:
    case FORMAT_RAB:
    case FORMAT_RABF:
    case FORMAT_RABC:
    case FORMAT_RABCOND:
    case FORMAT_LOAD:
    case FORMAT_STORE:
    case FORMAT_PROBE:
    case FORMAT_LOADV:
    case FORMAT_STOREV: return true;
    case FORMAT_VECTOR: return atom_table[op].shape & (SHAPE_LANES | SHAPE_FORMAT);
    default: return false;
    }
}

static void use(uint64_t *regs, uint64_t *vregs, unsigned reg)
{
    if (reg >= REG_VECTOR) *vregs |= UINT64_C(1) << (reg - REG_VECTOR);
    else if (reg != REG_ZERO) *regs |= UINT64_C(1) << reg;
}

static struct atom_uses vector_uses(const struct atom *atom, unsigned shape)
{
    struct atom_uses result = {0};
    if (shape & SHAPE_D) use(&result.writes, &result.vwrites, atom->rd);
    if (shape & SHAPE_A) use(&result.reads, &result.vreads, atom->ra);
    if (shape & SHAPE_B) use(&result.reads, &result.vreads, atom->rb);
    if (shape & SHAPE_C) use(&result.reads, &result.vreads, atom->rc);
    if (shape & SHAPE_F) result.flags_read = (uint8_t)(1u << atom->fs);
    if (shape & SHAPE_STATUS && atom->fmask) result.flags_written = (uint8_t)(1u << atom->fd);
    return result;
}

/* Register sets by format. In `uses` the pieces are a bit each. */
struct atom_uses atom_uses(const struct atom *atom)
{
    enum { RD = 1, RA = 2, RB = 4, RC = 8, FS = 16, FD = 32, B = 64 /* rb unless immediate */, A = 128 /* ra, same */ };
    static const uint8_t uses_of[] = {
        [FORMAT_NONE] = 0,
        [FORMAT_RB] = RD | B | FD,
        [FORMAT_RAB] = RD | RA | B | FD,
        [FORMAT_RABF] = RD | RA | B | FD | FS,
        [FORMAT_RABC] = RD | RA | B | RC | FD,
        [FORMAT_RCOND] = RD | FS,
        [FORMAT_RABCOND] = RD | RA | B | FS,
        [FORMAT_RF] = RD | FS,
        [FORMAT_FB] = B | FD,
        [FORMAT_LOAD] = RD | RA,
        [FORMAT_STORE] = RA | RB,
        [FORMAT_PROBE] = RA,
        [FORMAT_JUMP] = 0,
        [FORMAT_JUMPC] = FS,
        [FORMAT_JUMPR] = RA,
        [FORMAT_PUSH] = A,
        [FORMAT_EXIT] = 0,
        [FORMAT_TABLE] = 0,
        [FORMAT_COND] = FS,
        [FORMAT_COUNT] = 0,
        [FORMAT_LOADV] = RD | RA,
        [FORMAT_STOREV] = RA | RB,
    };
    const struct atom_desc *desc = &atom_table[atom->op];
    if (desc->format == FORMAT_VECTOR) return vector_uses(atom, desc->shape);
    unsigned uses = uses_of[desc->format];
    if (uses & B && !atom->use_imm) uses |= RB;
    if (uses & A && !atom->use_imm) uses |= RA;
    struct atom_uses result = {0};
    if (uses & RD) use(&result.writes, &result.vwrites, atom->rd);
    if (uses & RA) use(&result.reads, &result.vreads, atom->ra);
    if (uses & RB) use(&result.reads, &result.vreads, atom->rb);
    if (uses & RC) use(&result.reads, &result.vreads, atom->rc);
    if (uses & FS) result.flags_read = (uint8_t)(1u << atom->fs);
    if (uses & FD && atom->fmask) {
        result.flags_written = (uint8_t)(1u << atom->fd);
        if (desc->keeps_flags || atom->fmask != MASK_ALL) result.flags_read |= (uint8_t)(1u << atom->fs);
    }
    return result;
}
