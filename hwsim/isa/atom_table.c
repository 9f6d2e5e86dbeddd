#include "hwsim/isa/atom_eval.h"

const struct atom_desc atom_table[ATOM_OPS] = {
#define PURE(name, mnemonic, format, unit, latency, rule, value)                                             \
    [ATOM_##name] = {mnemonic, FORMAT_##format, UNIT_##unit, latency, ATOM_PURE,                              \
                     ATOM_RULE_KIND(rule) != ATOM_RULE_NONE, ATOM_RULE_KIND(rule) == ATOM_RULE_SOME},
#define OTHER(name, mnemonic, format, unit, latency, properties) \
    [ATOM_##name] = {mnemonic, FORMAT_##format, UNIT_##unit, latency, properties, false, false},
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
    case FORMAT_PROBE: return true;
    default: return false;
    }
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
    };
    const struct atom_desc *desc = &atom_table[atom->op];
    unsigned uses = uses_of[desc->format];
    if (uses & B && !atom->use_imm) uses |= RB;
    if (uses & A && !atom->use_imm) uses |= RA;
    struct atom_uses result = {0};
    if (uses & RD) result.writes |= UINT64_C(1) << atom->rd;
    if (uses & RA) result.reads |= UINT64_C(1) << atom->ra;
    if (uses & RB) result.reads |= UINT64_C(1) << atom->rb;
    if (uses & RC) result.reads |= UINT64_C(1) << atom->rc;
    if (uses & FS) result.flags_read = (uint8_t)(1u << atom->fs);
    if (uses & FD && atom->fmask) {
        result.flags_written = (uint8_t)(1u << atom->fd);
        if (desc->keeps_flags || atom->fmask != MASK_ALL) result.flags_read |= (uint8_t)(1u << atom->fs);
    }
    result.reads &= ~(UINT64_C(1) << REG_ZERO);
    result.writes &= ~(UINT64_C(1) << REG_ZERO);
    return result;
}
