/* remainder.c -- x86's DIV and IDIV give quotient and remainder; here they are two divisions, on a unit that is slow
 * and seldom pipelined. Where the quotient is there, the remainder is a - q * b: a multiplication and a subtraction.
 * This is right for every divisor but 0, so that the divisor must be a constant or have passed the lifter's guard, a
 * TRAPIF on its being 0.
 */
#include "translate/passes/passes.h"
#include "translate/passes/rewrite.h"

/* The quotient of the same operands, or 0. Divisions are rare, so it is looked for by walking back. */
static ir_ref quotient_of(const struct ir_region *region, const struct ir_insn *insn)
{
    unsigned op = insn->op == ATOM_REMU ? ATOM_DIVU : ATOM_DIVS;
    for (unsigned at = region->count - 1; at > 0; at--) {
        const struct ir_insn *other = &region->insns[at];
        if (other->op == op && other->size == insn->size && other->use_imm == insn->use_imm && other->a == insn->a &&
            other->b == insn->b && other->imm == insn->imm) return (ir_ref)at;
    }
    return 0;
}

/* Has a trap been passed that says that the low `bits` of the value are not all zero? */
static bool guarded(const struct ir_region *region, ir_ref value, unsigned bits)
{
    for (unsigned at = region->count - 1; at > 0; at--) {
        const struct ir_insn *trap = &region->insns[at], *test = &region->insns[trap->f];
        if (trap->op != IR_TRAPIF || trap->cond != COND_Z || !(test->fmask & MASK_Z)) continue;
        bool with_zero = test->op == ATOM_SUB && test->use_imm && test->imm == 0;
        bool with_itself = (test->op == ATOM_AND || test->op == ATOM_OR) && !test->use_imm && test->a == test->b;
        if ((with_zero || with_itself) && test->a == value && 8u << test->size <= bits) return true;
    }
    return false;
}

static bool never_zero(const struct ir_region *region, const struct ir_insn *insn)
{
    const struct ir_insn *from = &region->insns[insn->b];
    unsigned bits = 8u << insn->size;
    if (insn->use_imm) return (uint64_t)insn->imm & bits_mask(bits);
    if (guarded(region, insn->b, bits)) return true;
    switch (from->op) { /* an extension of what the guard has seen */
    case ATOM_SX8: case ATOM_ZX8: return guarded(region, from->b, 8);
    case ATOM_SX16: case ATOM_ZX16: return guarded(region, from->b, 16);
    case ATOM_SX32: return guarded(region, from->b, 32);
    case ATOM_MOV: return !from->use_imm && guarded(region, from->b, 8u << from->size);
    default: return false;
    }
}

static void multiply_back(struct rewrite *rewrite, unsigned at, const struct ir_insn *insn, ir_ref quotient)
{
    struct ir_insn multiply = {.op = ATOM_MUL,
                               .size = insn->size,
                               .use_imm = insn->use_imm,
                               .a = quotient,
                               .b = insn->b,
                               .imm = insn->imm,
                               .guest = insn->guest};
    struct ir_insn subtract = {.op = ATOM_SUB, .size = insn->size, .a = insn->a, .guest = insn->guest};
    subtract.b = rewrite_append(rewrite, multiply);
    rewrite_emit(rewrite, at, subtract);
}

void pass_remainder(struct ir_region *region, const struct tr_request *request)
{
    struct rewrite rewrite;
    if (!rewrite_begin(&rewrite, region)) return;
    for (unsigned at = 1; at < rewrite.old_count; at++) {
        struct ir_insn insn = rewrite_operands(&rewrite, at);
        bool remainder = insn.op == ATOM_REMU || insn.op == ATOM_REMS;
        ir_ref quotient = remainder && never_zero(region, &insn) ? quotient_of(region, &insn) : 0;
        if (quotient) multiply_back(&rewrite, at, &insn, quotient);
        else rewrite_emit(&rewrite, at, insn);
    }
    rewrite_end(&rewrite);
}
