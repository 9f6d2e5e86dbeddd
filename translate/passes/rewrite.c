/* rewrite.c -- rebuilding regions, and questions about values that more than one pass asks. */
#include "translate/passes/rewrite.h"
#include "hwsim/isa/context.h"

bool rewrite_begin(struct rewrite *rewrite, struct ir_region *region)
{
    *rewrite = (struct rewrite){
        .region = region, .old = region->insns, .old_count = region->count, .mark = region->arena->used};
    rewrite->value = ARENA_NEW(region->arena, ir_ref, region->count);
    rewrite->flags = ARENA_NEW(region->arena, ir_ref, region->count);
    if (!rewrite->value || !rewrite->flags) {
        region->full = true;
        return false;
    }
    struct ir_insn *spare = region->spare;
    region->spare = region->insns;
    region->insns = spare;
    region->insns[0] = (struct ir_insn){0};
    region->count = 1;
    return true;
}

void rewrite_end(struct rewrite *rewrite)
{
    rewrite->region->exit_count = rewrite->region->promoted ? rewrite->exits : 0;
    arena_reset(rewrite->region->arena, rewrite->mark);
}

struct ir_insn rewrite_operands(const struct rewrite *rewrite, unsigned at)
{
    struct ir_insn insn = rewrite->old[at];
    unsigned reads = ir_operands(&insn);
    bool numbers = insn.op == IR_MARK || insn.op == IR_EXIT || insn.op == IR_EXITIF; /* c is no operand */
    insn.a = reads & IR_READS_A ? rewrite->value[insn.a] : 0;
    insn.b = reads & IR_READS_B ? rewrite->value[insn.b] : 0;
    if (!numbers) insn.c = reads & IR_READS_C ? rewrite->value[insn.c] : 0;
    insn.f = reads & IR_READS_F ? rewrite->flags[insn.f] : 0;
    return insn;
}

static ir_ref append(struct rewrite *rewrite, struct ir_insn insn)
{
    struct ir_region *region = rewrite->region;
    if (region->full || region->count >= region->capacity) {
        region->full = true;
        return 0;
    }
    region->insns[region->count] = insn;
    return (ir_ref)region->count++;
}

ir_ref rewrite_zero(struct rewrite *rewrite, uint16_t guest)
{
    if (!rewrite->zero) rewrite->zero = append(rewrite, constant_insn(0, guest));
    return rewrite->zero;
}

ir_ref rewrite_no_flags(struct rewrite *rewrite, uint16_t guest)
{
    struct ir_insn clear = {.op = ATOM_SETF, .size = SIZE_32, .fmask = MASK_ALL, .use_imm = true, .guest = guest};
    if (!rewrite->no_flags) rewrite->no_flags = append(rewrite, clear);
    return rewrite->no_flags;
}

/* Exits keep their order, so that the new number is never above the old one. */
static void rewrite_exit(struct rewrite *rewrite, struct ir_insn *insn)
{
    struct ir_region *region = rewrite->region;
    struct ir_exit *exit = &region->exits[rewrite->exits];
    if (rewrite->exits != insn->c) *exit = region->exits[insn->c];
    insn->c = (ir_ref)rewrite->exits++;
    if (ir_operands(insn) & IR_READS_A && !insn->a) insn->a = rewrite_zero(rewrite, insn->guest);
    exit->target_value = insn->a;
    for (unsigned home = 0; home < HOME_COUNT; home++) {
        if (!exit->homes[home]) continue;
        ir_ref from = rewrite->value[exit->homes[home]];
        bool unchanged = region->insns[from].op == IR_GET && region->insns[from].imm == home;
        exit->homes[home] = !from ? rewrite_zero(rewrite, insn->guest) : unchanged ? 0 : from;
    }
    if (!exit->flags) return;
    ir_ref from = rewrite->flags[exit->flags];
    exit->flags = !from ? rewrite_no_flags(rewrite, insn->guest) : region->insns[from].op == IR_GETF ? 0 : from;
}

ir_ref rewrite_append(struct rewrite *rewrite, struct ir_insn insn)
{
    if (rewrite->region->promoted && (insn.op == IR_EXIT || insn.op == IR_EXITIF)) rewrite_exit(rewrite, &insn);
    return append(rewrite, insn);
}

bool value_is_constant(const struct ir_region *region, ir_ref ref, uint64_t *value)
{
    const struct ir_insn *insn = &region->insns[ref];
    *value = 0;
    if (!ref) return true;
    if (insn->op != ATOM_MOV || !insn->use_imm) return false;
    *value = (uint64_t)insn->imm & bits_mask(8u << insn->size);
    return true;
}

bool flags_are_constant(const struct ir_region *region, ir_ref ref, uint16_t *flags)
{
    const struct ir_insn *insn = &region->insns[ref];
    *flags = 0;
    if (!ref) return true;
    if (insn->op != ATOM_SETF || !insn->use_imm || insn->fmask != MASK_ALL) return false;
    *flags = (uint16_t)insn->imm & ATOM_FLAGS;
    return true;
}

static unsigned bit_length(uint64_t value) { return value ? log2_floor(value) + 1 : 0; }

unsigned value_bits(const struct ir_region *region, ir_ref ref)
{
    const struct ir_insn *insn = &region->insns[ref];
    unsigned bits = 8u << insn->size;
    if (!ref) return 0;
    if (atom_is_vector(insn->op)) return insn->op == ATOM_VEXT ? bits : 64; /* others' size is not the result's */
    switch (insn->op) {
    case IR_GET: return insn->imm <= HOME_EDI && !CONTEXT_GET(region->context, LONG) ? 32 : 64;
    case ATOM_MOV: case ATOM_AND: return insn->use_imm ? bit_length((uint64_t)insn->imm & bits_mask(bits)) : bits;
    case ATOM_LDS: return 32;
    case ATOM_ZX8: case ATOM_EXTH: return 8;
    case ATOM_ZX16: return bits < 16 ? bits : 16;
    case ATOM_BT: case ATOM_SETC: return 1;
    case ATOM_GETF: return 12;
    case ATOM_SHR:
        return insn->use_imm && insn->imm > 0 && insn->imm < (int64_t)bits && insn->imm < 32
                   ? bits - (unsigned)insn->imm
                   : bits;
    default: return bits;
    }
}

struct ir_insn constant_insn(uint64_t value, uint16_t guest)
{
    unsigned size = value <= UINT32_MAX ? SIZE_32 : SIZE_64;
    return (struct ir_insn){
        .op = ATOM_MOV, .size = (uint8_t)size, .use_imm = true, .imm = immediate_of(value, size), .guest = guest};
}

/* What an operation reads is wanted as soon as any of its results is. */
static void demand_operands(const struct ir_insn *insn, struct demand *demand, unsigned wanted)
{
    unsigned reads = ir_operands(insn);
    if (reads & IR_READS_A) demand->value[insn->a] = true;
    if (reads & IR_READS_B) demand->value[insn->b] = true;
    if (reads & IR_READS_C) demand->value[insn->c] = true;
    demand->flags[insn->f] |= (uint8_t)ir_flags_read(insn, wanted);
}

static void demand_map(const struct ir_exit *exit, struct demand *demand)
{
    for (unsigned home = 0; home < HOME_COUNT; home++) demand->value[exit->homes[home]] = true;
    demand->flags[exit->flags] = MASK_ALL;
}

bool demand_compute(struct ir_region *region, struct demand *demand)
{
    demand->value = ARENA_NEW(region->arena, bool, region->count);
    demand->flags = ARENA_NEW(region->arena, uint8_t, region->count);
    if (!demand->value || !demand->flags) {
        region->full = true;
        return false;
    }
    for (unsigned at = region->count - 1; at > 0; at--) {
        const struct ir_insn *insn = &region->insns[at];
        unsigned wanted = demand->flags[at];
        if (ir_is_root(insn) || demand->value[at] || wanted & insn->fmask) demand_operands(insn, demand, wanted);
        else if (wanted) demand->flags[insn->f] |= (uint8_t)wanted; /* it passes them on */
        if (region->promoted && (insn->op == IR_EXIT || insn->op == IR_EXITIF))
            demand_map(&region->exits[insn->c], demand);
    }
    return true;
}
