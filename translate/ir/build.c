/* build.c -- IR regions: made, appended to, and what may be asked of one operation. */
#include "hwsim/isa/context.h"
#include "translate/ir/ir.h"

bool ir_region_init(struct ir_region *region, struct arena *arena, unsigned capacity, unsigned guest_capacity,
                    uint64_t context)
{
    *region = (struct ir_region){.arena = arena, .count = 1, .context = context};
    region->fpu = (uint16_t)CONTEXT_GET(context, FPU_STACK);
    if (capacity > UINT16_MAX) capacity = UINT16_MAX; /* what an ir_ref can name */
    region->insns = ARENA_NEW(arena, struct ir_insn, capacity);
    region->spare = ARENA_NEW(arena, struct ir_insn, capacity);
    region->guest = ARENA_NEW(arena, struct ir_guest_insn, guest_capacity);
    region->capacity = capacity;
    region->guest_capacity = guest_capacity;
    region->full = !region->insns || !region->spare || !region->guest || !capacity;
    return !region->full;
}

ir_ref ir_append(struct ir_region *region, struct ir_insn insn)
{
    bool mark = insn.op == IR_MARK;
    if (region->full || region->count >= region->capacity || (mark && region->guest_count >= region->guest_capacity)) {
        region->full = true;
        return 0;
    }
    if (mark) region->guest[region->guest_count++] = (struct ir_guest_insn){(uint64_t)insn.imm, (uint8_t)insn.c};
    insn.guest = (uint16_t)(region->guest_count ? region->guest_count - 1 : 0);
    region->insns[region->count] = insn;
    return (ir_ref)region->count++;
}

bool ir_may_fault(const struct ir_insn *insn)
{
    if (ir_is_atom(insn->op)) return atom_table[insn->op].properties & ATOM_FAULTS;
    return insn->op == IR_TRAP || insn->op == IR_TRAPIF || insn->op == IR_EXITIF || insn->op == IR_EXIT ||
           insn->op == IR_HELPER;
}

bool ir_has_value(const struct ir_insn *insn)
{
    if (!ir_is_atom(insn->op)) return insn->op == IR_GET;
    switch (atom_table[insn->op].format) {
    case FORMAT_RB: case FORMAT_RAB: case FORMAT_RABF: case FORMAT_RABC: case FORMAT_RCOND: case FORMAT_RABCOND:
    case FORMAT_RF: case FORMAT_LOAD: case FORMAT_LOADV: return true;
    case FORMAT_VECTOR: return atom_table[insn->op].shape & SHAPE_D;
    default: return false;
    }
}

bool ir_gives_vector(const struct ir_insn *insn)
{
    if (ir_is_atom(insn->op)) return atom_table[insn->op].shape & SHAPE_VD;
    return insn->op == IR_GET && insn->imm >= HOME_INTEGERS;
}

unsigned ir_vector_operands(const struct ir_insn *insn)
{
    if (!ir_is_atom(insn->op)) return insn->op == IR_PUT && insn->imm >= HOME_INTEGERS ? IR_READS_A : 0;
    unsigned shape = atom_table[insn->op].shape;
    return (shape & SHAPE_VA ? IR_READS_A : 0u) | (shape & SHAPE_VB ? IR_READS_B : 0u) | (shape & SHAPE_VC ? IR_READS_C : 0u);
}

bool ir_is_root(const struct ir_insn *insn)
{
    return ir_may_fault(insn) || insn->op == IR_PUT || insn->op == IR_PUTF || insn->op == IR_MARK ||
           insn->op == IR_PUSH_RETURN;
}

static unsigned format_operands(unsigned format)
{
    switch (format) {
    case FORMAT_RB: case FORMAT_FB: return IR_READS_B;
    case FORMAT_RAB: case FORMAT_STORE: return IR_READS_A | IR_READS_B;
    case FORMAT_RABF: case FORMAT_RABCOND: return IR_READS_A | IR_READS_B | IR_READS_F;
    case FORMAT_RABC: return IR_READS_A | IR_READS_B | IR_READS_C;
    case FORMAT_RCOND: case FORMAT_RF: return IR_READS_F;
    case FORMAT_LOAD: case FORMAT_PROBE: case FORMAT_LOADV: return IR_READS_A;
    case FORMAT_STOREV: return IR_READS_A | IR_READS_B;
    default: return 0;
    }
}

unsigned ir_operands(const struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_PUT: return IR_READS_A;
    case IR_PUTF: case IR_TRAPIF: case IR_EXITIF: return IR_READS_F;
    case IR_EXIT:
        return insn->kind == IR_JUMP_INDIRECT || insn->kind == IR_CALL_INDIRECT || insn->kind == IR_RETURN ? IR_READS_A
                                                                                                           : 0;
    case IR_HELPER: return IR_READS_A | IR_READS_B | IR_READS_C;
    default: break;
    }
    if (!ir_is_atom(insn->op)) return 0;
    unsigned shape = atom_table[insn->op].shape;
    unsigned operands = format_operands(atom_table[insn->op].format);
    if (atom_is_vector(insn->op))
        operands = (shape & SHAPE_A ? IR_READS_A : 0u) | (shape & SHAPE_B ? IR_READS_B : 0u) |
                   (shape & SHAPE_C ? IR_READS_C : 0u);
    if (insn->use_imm) operands &= ~(unsigned)IR_READS_B;
    if (ir_flags_read(insn, MASK_ALL)) operands |= IR_READS_F;
    return operands;
}

/* Shifts and rotates leave the flags alone where the masked count is 0 (SDM vol. 2, SAL/SAR/SHL/SHR), so that an
 * unknown count reads them. */
bool ir_count_may_be_zero(const struct ir_insn *insn)
{
    switch (insn->op) {
    case ATOM_SHL: case ATOM_SHR: case ATOM_SAR: case ATOM_ROL: case ATOM_ROR: case ATOM_RCL: case ATOM_RCR:
    case ATOM_SHLD: case ATOM_SHRD: return !insn->use_imm || !(insn->imm & (insn->size == SIZE_64 ? 63 : 31));
    default: return false;
    }
}

/* As hwsim/isa/atom_eval.h has it. */
unsigned ir_flags_computed(unsigned op)
{
    switch (op) {
    case ATOM_BT: return MASK_C;
    case ATOM_ROL: case ATOM_ROR: case ATOM_RCL: case ATOM_RCR: case ATOM_MUL: case ATOM_MULHU: case ATOM_MULHS:
        return MASK_C | MASK_O;
    default: return MASK_ALL;
    }
}

unsigned ir_flags_read(const struct ir_insn *insn, unsigned wanted)
{
    unsigned computed = insn->fmask & ir_flags_computed(insn->op), read = insn->fmask ? wanted & ~computed : 0;
    if (insn->fmask && ir_count_may_be_zero(insn)) read |= wanted;
    switch (insn->op) {
    case IR_PUTF: case ATOM_GETF: case ATOM_GETS: case ATOM_FMERGE: case ATOM_XMERGE: return MASK_ALL;
    case IR_TRAPIF: case IR_EXITIF: case ATOM_SETC: case ATOM_SEL: return cond_reads(insn->cond);
    case ATOM_ADC: case ATOM_SBB: case ATOM_RCL: case ATOM_RCR: return read | MASK_C;
    default: return read;
    }
}
