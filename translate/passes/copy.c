/* copy.c -- constants and copies. One forward walk in which each operation is rewritten until nothing applies:
 *
 *   narrow     an operand of which only the low bits count is taken from before the operation that made the upper ones
 *              (inserts into AL, AX, extensions, masks)
 *   constants  operands become immediates, operations on constants their result; an operation's two results fold apart
 *   identities x + 0, x & x, a select whose condition is known, ...: the result is an operand
 *   strength   cheaper or shorter operations with the same integer (only where no flags are asked for): additions of
 *              constants are gathered, shifts by 1 to 3 become part of an addition, a multiplication a shift
 *   addresses  additions of constants move into the offset of the access: right because both wrap at 32 bits
 *   flags      an operation that reads flags looks past producers that leave these flags alone
 *
 * What becomes unused is left to the dead-code pass.
 */
#include "translate/passes/passes.h"
#include "translate/passes/rewrite.h"

/* What an operation has been found to give. */
struct found {
    bool value_known, flags_known; /* constants */
    uint64_t value;
    uint16_t flags;
    bool copy;     /* the integer is that of `from`, cut to the operation's size */
    ir_ref from;
    bool copy_flags; /* the flags are those of the operation's f */
};

static const struct ir_insn *def(const struct ir_region *region, ir_ref ref) { return &region->insns[ref]; }

static unsigned size_bits(const struct ir_insn *insn) { return 8u << insn->size; }

static bool is_shift(unsigned op)
{
    return op == ATOM_SHL || op == ATOM_SHR || op == ATOM_SAR || op == ATOM_ROL || op == ATOM_ROR || op == ATOM_RCL ||
           op == ATOM_RCR || op == ATOM_SHLD || op == ATOM_SHRD || op == ATOM_BT;
}

static bool is_commutative(unsigned op)
{
    return op == ATOM_ADD || op == ATOM_ADC || op == ATOM_AND || op == ATOM_OR || op == ATOM_XOR || op == ATOM_MUL ||
           op == ATOM_MULHU || op == ATOM_MULHS;
}

/* ---- narrow ---- */

/* The operand whose low `bits` are those of this operation's result, or 0. */
static ir_ref same_low_bits(const struct ir_insn *insn, unsigned bits)
{
    if (bits > size_bits(insn)) return 0;
    switch (insn->op) {
    case ATOM_MOV: case ATOM_SX32: return insn->op == ATOM_SX32 && bits > 32 ? 0 : insn->b;
    case ATOM_ZX8: case ATOM_SX8: case ATOM_INS8: return bits <= 8 ? insn->b : 0;
    case ATOM_ZX16: case ATOM_SX16: case ATOM_INS16: return bits <= 16 ? insn->b : 0;
    case ATOM_INSH: return bits <= 8 ? insn->a : 0;
    case ATOM_AND: return insn->use_imm && !(~(uint64_t)insn->imm & bits_mask(bits)) ? insn->a : 0;
    default: return 0;
    }
}

static ir_ref narrow(const struct ir_region *region, ir_ref ref, unsigned bits)
{
    for (ir_ref from = ref; from; from = same_low_bits(def(region, from), bits)) ref = from;
    return ref;
}

/* Inserts overwrite low bits of a: earlier inserts there do not matter. */
static ir_ref under_insert(const struct ir_region *region, const struct ir_insn *insn)
{
    ir_ref ref = insn->a;
    for (;;) {
        const struct ir_insn *from = def(region, ref);
        bool covered =
            from->op == insn->op || (insn->op == ATOM_INS16 && (from->op == ATOM_INS8 || from->op == ATOM_INSH));
        if (!ref || !covered || from->size < insn->size) return ref;
        ref = from->a;
    }
}

static void narrow_operands(const struct ir_region *region, struct ir_insn *insn)
{
    unsigned bits = size_bits(insn), bits_b = bits;
    switch (insn->op) {
    case ATOM_ZX8: case ATOM_SX8: case ATOM_INS8: case ATOM_INSH: bits_b = 8; break;
    case ATOM_ZX16: case ATOM_SX16: case ATOM_INS16: case ATOM_EXTH: bits_b = bits < 16 ? bits : 16; break;
    case ATOM_SX32: bits_b = bits < 32 ? bits : 32; break;
    case ATOM_SETF: bits_b = 12; break;
    default: if (is_shift(insn->op)) bits_b = 8; break; /* counts are taken modulo 64 at most */
    }
    insn->a = narrow(region, insn->a, bits);
    if (!insn->use_imm) insn->b = narrow(region, insn->b, bits_b);
    insn->c = narrow(region, insn->c, bits);
    if (insn->op == ATOM_INS8 || insn->op == ATOM_INSH || insn->op == ATOM_INS16) insn->a = under_insert(region, insn);
}

/* ---- constants ---- */

static void immediate_operand(const struct ir_region *region, struct ir_insn *insn)
{
    uint64_t value;
    if (!(ir_operands(insn) & IR_READS_B)) return;
    if (is_commutative(insn->op) && value_is_constant(region, insn->a, &value) &&
        !value_is_constant(region, insn->b, &value)) {
        ir_ref a = insn->a;
        insn->a = insn->b, insn->b = a;
    }
    if (!value_is_constant(region, insn->b, &value)) return;
    unsigned size = insn->op == ATOM_SETF ? SIZE_32 : insn->size;
    insn->use_imm = true;
    insn->imm = immediate_of(value, size);
    insn->b = 0;
}

static void fold_constants(const struct ir_region *region, const struct ir_insn *insn, struct found *found)
{
    uint64_t a, b = (uint64_t)insn->imm, c;
    uint16_t fin;
    unsigned reads = ir_operands(insn);
    if (reads & IR_READS_B && !value_is_constant(region, insn->b, &b)) return;
    if (!value_is_constant(region, insn->a, &a) || !value_is_constant(region, insn->c, &c)) return;
    bool fin_known = flags_are_constant(region, insn->f, &fin);
    struct ir_insn bare = *insn;
    bare.fmask = 0;
    struct atom_result result = atom_evaluate(insn->op, insn->size, a, b, c, fin, insn->fmask, insn->cond);
    found->value_known = ir_has_value(insn) && (fin_known || !ir_flags_read(&bare, 0));
    found->value = result.value;
    found->flags_known = insn->fmask && (fin_known || !ir_flags_read(insn, MASK_ALL));
    found->flags = result.flags & ATOM_FLAGS;
}

/* ---- identities ---- */

static void is_copy_of(struct found *found, ir_ref from) { found->copy = true, found->from = from; }

static void select_known(const struct ir_region *region, const struct ir_insn *insn, struct found *found)
{
    uint16_t flags;
    bool known = flags_are_constant(region, insn->f, &flags);
    if (known && cond_holds(insn->cond, flags)) is_copy_of(found, insn->a);
    else if (known && insn->use_imm)
        found->value_known = true, found->value = (uint64_t)insn->imm & bits_mask(size_bits(insn));
    else if (known || (!insn->use_imm && insn->a == insn->b)) is_copy_of(found, insn->b);
}

static bool extends_nothing(const struct ir_region *region, const struct ir_insn *insn, ir_ref b)
{
    unsigned bits = value_bits(region, b);
    const struct ir_insn *from = def(region, b);
    switch (insn->op) {
    case ATOM_SX8: return bits < 8 || (b && from->op == ATOM_LDS && from->size == SIZE_8 && insn->size == SIZE_32);
    case ATOM_SX16: return bits < 16 || (b && from->op == ATOM_LDS && insn->size == SIZE_32);
    case ATOM_SX32: return bits < 32;
    default: return false;
    }
}

static void find_identity(const struct ir_region *region, const struct ir_insn *insn, struct found *found)
{
    int64_t mask = immediate_of(UINT64_MAX, insn->size);
    bool zero = insn->use_imm && insn->imm == 0;
    switch (insn->op) {
    case ATOM_ADD: case ATOM_SUB: case ATOM_SH1ADD: case ATOM_SH2ADD: case ATOM_SH3ADD:
        if (zero) is_copy_of(found, insn->a);
        break;
    case ATOM_XOR: case ATOM_OR:
        if (zero || (insn->op == ATOM_OR && !insn->use_imm && insn->a == insn->b)) is_copy_of(found, insn->a);
        break;
    case ATOM_AND: {
        bool keeps = insn->use_imm &&
                     !(~(uint64_t)insn->imm & bits_mask(value_bits(region, insn->a)) & bits_mask(size_bits(insn)));
        if (zero) found->value_known = true, found->value = 0;
        else if (keeps || (insn->use_imm && insn->imm == mask) || (!insn->use_imm && insn->a == insn->b))
            is_copy_of(found, insn->a);
        break;
    }
    case ATOM_SHL:
    case ATOM_SHR:
    case ATOM_SAR:
    case ATOM_ROL:
    case ATOM_ROR:
    case ATOM_RCL:
    case ATOM_RCR:
    case ATOM_SHLD:
    case ATOM_SHRD:
        if (!insn->use_imm || insn->imm & (insn->size == SIZE_64 ? 63 : 31)) break;
        is_copy_of(found, insn->a);
        found->copy_flags = insn->fmask;
        break;
    case ATOM_MUL:
        if (zero) found->value_known = true, found->value = 0;
        else if (insn->use_imm && insn->imm == 1) is_copy_of(found, insn->a);
        break;
    case ATOM_MOV:
        if (!insn->use_imm) is_copy_of(found, insn->b);
        break;
    case ATOM_SEL: select_known(region, insn, found); break;
    default:
        if (!insn->use_imm && extends_nothing(region, insn, insn->b)) is_copy_of(found, insn->b);
        break;
    }
}

/* ---- strength ---- */

/* x - x, x ^ x and x - x - CF depend on x in name only; this holds for their flags, too. */
static void forget_equal_operands(struct ir_insn *insn)
{
    if (insn->use_imm || insn->a != insn->b) return;
    if (insn->op == ATOM_XOR || insn->op == ATOM_SUB || insn->op == ATOM_SBB) insn->a = insn->b = 0;
}

/* (x + k) + imm: what is x, and x's constant? */
static bool adds_constant(const struct ir_insn *insn, unsigned size, int64_t *constant)
{
    if (!insn->use_imm || insn->size < size) return false;
    *constant = insn->op == ATOM_SUB ? -(uint64_t)insn->imm : (uint64_t)insn->imm;
    return insn->op == ATOM_ADD || insn->op == ATOM_SUB;
}

static void add_up(const struct ir_region *region, struct ir_insn *insn)
{
    int64_t constant;
    if (insn->op == ATOM_SUB) insn->op = ATOM_ADD, insn->imm = (int64_t)-(uint64_t)insn->imm;
    while (insn->a && adds_constant(def(region, insn->a), insn->size, &constant)) {
        insn->imm = (int64_t)((uint64_t)insn->imm + (uint64_t)constant);
        insn->a = def(region, insn->a)->a;
    }
    insn->imm = immediate_of((uint64_t)insn->imm, insn->size);
}

/* x + (y << k) */
static void add_shifted(const struct ir_region *region, struct ir_insn *insn)
{
    for (unsigned turn = 0; turn < 2; turn++) {
        const struct ir_insn *from = def(region, insn->b);
        if (insn->b && from->op == ATOM_SHL && from->use_imm && from->size >= insn->size && from->imm >= 1 &&
            from->imm <= 3) {
            insn->op = (uint8_t)(ATOM_SH1ADD + from->imm - 1);
            insn->b = from->a;
            return;
        }
        ir_ref a = insn->a;
        insn->a = insn->b, insn->b = a;
    }
}

static void multiply_cheaply(struct ir_insn *insn)
{
    uint64_t factor = (uint64_t)insn->imm & bits_mask(size_bits(insn));
    if (is_power_of_two(factor)) {
        insn->op = ATOM_SHL;
        insn->imm = log2_floor(factor);
    } else if (factor == 3 || factor == 5 || factor == 9) {
        insn->op = (uint8_t)(factor == 3 ? ATOM_SH1ADD : factor == 5 ? ATOM_SH2ADD : ATOM_SH3ADD);
        insn->use_imm = false;
        insn->b = insn->a;
        insn->imm = 0;
    }
}

static void divide_cheaply(struct ir_insn *insn)
{
    uint64_t divisor = (uint64_t)insn->imm & bits_mask(size_bits(insn));
    if (!is_power_of_two(divisor)) return;
    insn->imm = insn->op == ATOM_DIVU ? (int64_t)log2_floor(divisor) : immediate_of(divisor - 1, insn->size);
    insn->op = insn->op == ATOM_DIVU ? ATOM_SHR : ATOM_AND;
}

static void reduce_strength(const struct ir_region *region, struct ir_insn *insn)
{
    if (insn->op == ATOM_ZX8 || insn->op == ATOM_ZX16) { /* one spelling, for the sake of cse.c */
        if (insn->op == ATOM_ZX8) insn->size = SIZE_8;
        else if (insn->size > SIZE_16) insn->size = SIZE_16;
        insn->op = ATOM_MOV;
    }
    const struct ir_insn *from = def(region, insn->a);
    if (insn->op == ATOM_AND && insn->use_imm && insn->a && from->op == ATOM_AND && from->use_imm &&
        from->size >= insn->size) {
        insn->imm &= from->imm; /* its flags depend on the result alone */
        insn->a = from->a;
    }
    if (insn->fmask) return;
    if (insn->use_imm && insn->op >= ATOM_SH1ADD && insn->op <= ATOM_SH3ADD) {
        insn->imm = immediate_of((uint64_t)insn->imm << (insn->op - ATOM_SH1ADD + 1), insn->size);
        insn->op = ATOM_ADD;
    } else if (!insn->use_imm && !insn->a && insn->op >= ATOM_SH1ADD && insn->op <= ATOM_SH3ADD) {
        insn->a = insn->b, insn->b = 0, insn->use_imm = true;
        insn->imm = insn->op - ATOM_SH1ADD + 1;
        insn->op = ATOM_SHL;
    }
    switch (insn->op) {
    case ATOM_ADD: case ATOM_SUB:
        if (insn->use_imm) add_up(region, insn);
        else if (insn->op == ATOM_ADD) add_shifted(region, insn);
        break;
    case ATOM_MUL: if (insn->use_imm) multiply_cheaply(insn); break;
    case ATOM_DIVU: case ATOM_REMU: if (insn->use_imm) divide_cheaply(insn); break;
    default: break;
    }
}

/* ---- addresses ---- */

static void gather_address(const struct ir_region *region, struct ir_insn *insn)
{
    uint64_t value;
    int64_t constant;
    for (;;) {
        insn->a = narrow(region, insn->a, 32);
        if (!insn->a || !adds_constant(def(region, insn->a), SIZE_32, &constant)) break;
        insn->imm = (int64_t)((uint64_t)insn->imm + (uint64_t)constant);
        insn->a = def(region, insn->a)->a;
    }
    if (value_is_constant(region, insn->a, &value)) {
        insn->imm = (int64_t)((uint64_t)insn->imm + value);
        insn->a = 0;
    }
    insn->imm = immediate_of((uint64_t)insn->imm, SIZE_32);
    if (insn->op == ATOM_ST) insn->b = narrow(region, insn->b, size_bits(insn));
}

/* ---- flags ---- */

static void look_past_producers(const struct ir_region *region, struct ir_insn *insn)
{
    unsigned read = ir_flags_read(insn, MASK_ALL);
    while (insn->f) {
        const struct ir_insn *from = def(region, insn->f);
        if (!from->fmask || read & from->fmask & ir_flags_computed(from->op)) return;
        insn->f = from->f;
    }
}

/* ---- the walk ---- */

/* A pure operation: emits what it comes to. */
static void rewrite_pure(struct rewrite *rewrite, unsigned at, struct ir_insn insn)
{
    struct ir_region *region = rewrite->region;
    struct found found = {0};
    narrow_operands(region, &insn);
    immediate_operand(region, &insn);
    forget_equal_operands(&insn);
    immediate_operand(region, &insn);
    reduce_strength(region, &insn);
    fold_constants(region, &insn, &found);
    if (!found.value_known) find_identity(region, &insn, &found);

    bool cuts = found.copy && value_bits(region, found.from) > size_bits(&insn);
    bool value_done = found.value_known || found.copy || !ir_has_value(&insn);
    bool flags_done = found.flags_known || found.copy_flags || !insn.fmask;
    if (insn.op == ATOM_MOV && insn.use_imm) { /* constants stay where they are */
        insn = constant_insn(found.value, insn.guest);
        value_done = false;
    }
    if (insn.op == ATOM_SETF && insn.use_imm && insn.fmask == MASK_ALL) flags_done = false;
    if (!value_done || !flags_done) rewrite_emit(rewrite, at, insn);
    if (value_done && found.value_known)
        rewrite->value[at] = rewrite_append(rewrite, constant_insn(found.value, insn.guest));
    if (value_done && found.copy) {
        struct ir_insn cut = {.op = ATOM_MOV, .size = insn.size, .b = found.from, .guest = insn.guest};
        rewrite->value[at] = cuts ? rewrite_append(rewrite, cut) : found.from;
    }
    if (flags_done && found.flags_known) {
        struct ir_insn set = {.op = ATOM_SETF,
                              .size = SIZE_32,
                              .fmask = MASK_ALL,
                              .use_imm = true,
                              .imm = found.flags,
                              .guest = insn.guest};
        rewrite->flags[at] = rewrite_append(rewrite, set);
    } else if (flags_done && found.copy_flags) {
        rewrite->flags[at] = insn.f;
    }
}

/* An exit or trap whose condition is known. Returns whether control never gets past it. */
static bool rewrite_conditional(struct rewrite *rewrite, unsigned at, struct ir_insn insn)
{
    uint16_t flags;
    bool known = flags_are_constant(rewrite->region, insn.f, &flags);
    if (known && !cond_holds(insn.cond, flags)) return false;
    if (known && insn.op == IR_EXITIF && rewrite->region->promoted) {
        insn.op = IR_EXIT, insn.kind = IR_JUMP, insn.cond = 0, insn.f = 0;
        rewrite_emit(rewrite, at, insn);
        return true;
    }
    rewrite_emit(rewrite, at, insn);
    return false;
}

/* A jump or call to a constant is direct. (A return stays one: it pops the return stack.) */
static void rewrite_exit_target(struct ir_region *region, struct ir_insn *insn)
{
    uint64_t target;
    if (!region->promoted || insn->op != IR_EXIT || (insn->kind != IR_JUMP_INDIRECT && insn->kind != IR_CALL_INDIRECT))
        return;
    if (!value_is_constant(region, insn->a, &target)) return;
    insn->kind = insn->kind == IR_CALL_INDIRECT ? IR_CALL : IR_JUMP;
    insn->a = 0;
    insn->imm = (int64_t)target;
    region->exits[insn->c].kind = insn->kind;
    region->exits[insn->c].target = target;
}

void pass_copy(struct ir_region *region, const struct tr_request *request)
{
    struct rewrite rewrite;
    bool ended = false;
    if (!rewrite_begin(&rewrite, region)) return;
    for (unsigned at = 1; at < rewrite.old_count && !ended; at++) {
        struct ir_insn insn = rewrite_operands(&rewrite, at);
        if (insn.f) look_past_producers(region, &insn);
        if (insn.op == ATOM_VMOV && !(insn.kind & IR_HALF)) {
            rewrite.value[at] = insn.b;
        } else if (atom_is_vector(insn.op)) {
            rewrite_emit(&rewrite, at, insn);
        } else if (ir_is_pure(insn.op)) {
            rewrite_pure(&rewrite, at, insn);
        } else if (insn.op == IR_EXITIF || insn.op == IR_TRAPIF) {
            ended = rewrite_conditional(&rewrite, at, insn);
        } else {
            if (ir_is_atom(insn.op) && atom_table[insn.op].properties & ATOM_MEMORY) gather_address(region, &insn);
            rewrite_exit_target(region, &insn);
            rewrite_emit(&rewrite, at, insn);
        }
    }
    rewrite_end(&rewrite);
}
