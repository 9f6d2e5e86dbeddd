/* verify.c -- is a region well formed? Three families of rules: each operation alone; the precise-trap rule inside a
 * guest instruction (before promotion: afterwards a fault rolls the whole region back); exits and their maps (after
 * it).
 */
#include "translate/ir/ir.h"

enum { COVERS_MAX = 64 }; /* accesses of one guest instruction that later ones may rely on */

/* Bytes [low, low + bytes) from `base` that this instruction has already reached without a fault. */
struct cover {
    ir_ref base;
    bool write;
    uint8_t bytes;
    int64_t low;
};

struct verifier {
    const struct ir_region *region;
    struct cover covers[COVERS_MAX];
    unsigned cover_count;
    bool changed;       /* this guest instruction has written guest state or memory */
    bool ended;         /* an IR_EXIT has been seen */
    unsigned exits;     /* exits seen (promoted) */
    int marks;
};

static const char *check_operand(const struct ir_region *region, unsigned at, ir_ref operand, bool flags)
{
    if (!operand) return NULL;
    if (operand >= at) return "operand is not defined before its use";
    const struct ir_insn *from = &region->insns[operand];
    if (flags && !ir_has_flags(from)) return "operand has no flags result";
    if (!flags && !ir_has_value(from)) return "operand has no integer result";
    return NULL;
}

static const char *check_value(const struct ir_region *region, unsigned at, ir_ref operand, bool vector)
{
    const char *wrong = check_operand(region, at, operand, false);
    if (wrong) return wrong;
    bool is_vector = operand && ir_gives_vector(&region->insns[operand]);
    return is_vector == vector ? NULL : vector ? "operand is no vector" : "operand is a vector";
}

static const char *check_operands(const struct ir_region *region, unsigned at)
{
    const struct ir_insn *insn = &region->insns[at];
    unsigned reads = ir_operands(insn), vectors = ir_vector_operands(insn);
    const char *wrong = NULL;
    if (reads & IR_READS_A) wrong = check_value(region, at, insn->a, vectors & IR_READS_A);
    if (!wrong && reads & IR_READS_B) wrong = check_value(region, at, insn->b, vectors & IR_READS_B);
    if (!wrong && reads & IR_READS_C) wrong = check_value(region, at, insn->c, vectors & IR_READS_C);
    if (!wrong && (reads & IR_READS_F || (ir_is_atom(insn->op) && insn->f))) {
        wrong = check_operand(region, at, insn->f, true);
    }
    return wrong;
}

static const char *check_fields(const struct ir_insn *insn)
{
    if (insn->op >= IR_OPS) return "no such operation";
    if (insn->size > SIZE_64) return "no such size";
    if (insn->cond > COND_NLE) return "no such condition";
    if (insn->fmask > MASK_ALL) return "no such flags";
    if (insn->fmask && !(ir_is_atom(insn->op) && atom_table[insn->op].sets_flags))
        return "operation has no flags to write";
    if (insn->op == ATOM_SETF && !insn->fmask) return "setf writes no flags";
    if (insn->op == ATOM_LDS && insn->size > SIZE_16) return "lds is for 8 and 16 bits";
    if (ir_is_atom(insn->op) && !(atom_table[insn->op].properties & (ATOM_PURE | ATOM_MEMORY)) &&
        insn->op != ATOM_NOP && !atom_is_vector(insn->op)) {
        return "atom is not for the IR";
    }
    if (insn->use_imm && (!ir_is_pure(insn->op) || atom_is_vector(insn->op))) return "operation takes no immediate";
    if ((insn->op == IR_GET || insn->op == IR_PUT) && (insn->imm < 0 || insn->imm >= HOME_COUNT)) return "no such home";
    if (insn->op == IR_PUT && insn->imm == HOME_EIP) return "eip is written by commits alone";
    if (insn->op == IR_TRAPIF && (insn->imm < 0 || insn->imm > 0xff)) return "no such exception";
    if (insn->op == IR_TRAP && (insn->imm < 0 || insn->imm > 0xffffff)) return "no such exception";
    if (insn->op == IR_EXIT && insn->kind >= IR_EXIT_KINDS) return "no such kind of exit";
    return NULL;
}

/* The access as base + offset, seen through additions of constants. */
static struct cover access_of(const struct ir_region *region, const struct ir_insn *insn)
{
    struct cover access = {.base = insn->a, .low = insn->imm, .bytes = (uint8_t)ir_access_bytes(insn)};
    for (unsigned step = 0; step < 16; step++) {
        const struct ir_insn *from = &region->insns[access.base];
        if (!access.base || !from->use_imm || from->size < SIZE_32) break;
        if (from->op == ATOM_ADD) access.low += from->imm;
        else if (from->op == ATOM_SUB) access.low -= from->imm;
        else break;
        access.base = from->a;
    }
    access.low = (int32_t)access.low;
    access.write = ir_is_store(insn->op) || insn->op == ATOM_PROBE;
    return access;
}

static bool byte_covered(const struct verifier *verifier, const struct cover *access, int64_t byte)
{
    for (unsigned i = 0; i < verifier->cover_count; i++) {
        const struct cover *cover = &verifier->covers[i];
        if (cover->base == access->base && (cover->write || !access->write) && byte >= cover->low &&
            byte < cover->low + cover->bytes) return true;
    }
    return false;
}

static bool access_covered(const struct verifier *verifier, const struct cover *access)
{
    for (int64_t byte = access->low; byte < access->low + access->bytes; byte++) {
        if (!byte_covered(verifier, access, byte)) return false;
    }
    return true;
}

static const char *check_precise(struct verifier *verifier, const struct ir_insn *insn)
{
    if (insn->op == IR_MARK) {
        verifier->changed = false;
        verifier->cover_count = 0;
    } else if (ir_is_atom(insn->op) && atom_table[insn->op].properties & ATOM_MEMORY) {
        struct cover access = access_of(verifier->region, insn);
        if (verifier->changed && !access_covered(verifier, &access))
            return "access may fault after the instruction has changed state";
        if (verifier->cover_count < COVERS_MAX) verifier->covers[verifier->cover_count++] = access;
        if (ir_is_store(insn->op)) verifier->changed = true;
    } else if (insn->op == IR_PUT || insn->op == IR_PUTF) {
        verifier->changed = true;
    } else if (verifier->changed && (insn->op == ATOM_FMERGE || insn->op == ATOM_XMERGE || insn->op == IR_TRAP || insn->op == IR_TRAPIF || insn->op == IR_HELPER)) {
        return "trap after the instruction has changed state";
    }
    return NULL;
}

static unsigned insns_retired(const struct ir_insn *insn)
{
    return insn->guest + !(insn->op == IR_EXIT && insn->kind == IR_REPEAT);
}

static const char *check_exit(struct verifier *verifier, unsigned at)
{
    const struct ir_region *region = verifier->region;
    const struct ir_insn *insn = &region->insns[at];
    if (insn->c >= region->exit_count) return "no such exit";
    if (insn->c != verifier->exits++) return "exits are not numbered in program order";
    const struct ir_exit *exit = &region->exits[insn->c];
    if (exit->kind != (insn->op == IR_EXIT ? insn->kind : IR_JUMP)) return "exit is of another kind";
    if (ir_operands(insn) & IR_READS_A ? exit->target_value != insn->a : exit->target_value != 0)
        return "exit has another target value";
    if (insn->op == IR_EXITIF && exit->target != (uint64_t)insn->imm) return "exit has another target";
    if (exit->insns != insns_retired(insn)) return "exit retires another number of instructions";
    if (exit->homes[HOME_EIP]) return "eip is written by commits alone";
    const char *wrong = check_operand(region, at, exit->flags, true);
    for (unsigned home = 0; home < HOME_COUNT && !wrong; home++) {
        if (exit->homes[home]) wrong = check_value(region, at, exit->homes[home], home >= HOME_INTEGERS);
        const struct ir_insn *from = &region->insns[exit->homes[home]];
        if (exit->homes[home] && from->op == IR_GET && from->imm == home)
            wrong = "home is mapped to what it holds already";
    }
    return wrong;
}

static const char *check_promoted(struct verifier *verifier, unsigned at)
{
    const struct ir_insn *insn = &verifier->region->insns[at];
    if (insn->op == IR_PUT || insn->op == IR_PUTF) return "put in a promoted region";
    return insn->op == IR_EXIT || insn->op == IR_EXITIF ? check_exit(verifier, at) : NULL;
}

static const char *check_mark(struct verifier *verifier, const struct ir_insn *insn)
{
    const struct ir_region *region = verifier->region;
    if (insn->op == IR_MARK) {
        verifier->marks++;
        if (verifier->marks >= (int)region->guest_count) return "more marks than guest instructions";
        const struct ir_guest_insn *guest = &region->guest[verifier->marks];
        if (guest->address != (uint64_t)insn->imm || guest->length != insn->c)
            return "mark differs from its guest instruction";
    }
    if (verifier->marks < 0) return "operation before the first mark";
    return insn->guest == verifier->marks ? NULL : "operation belongs to another guest instruction";
}

static const char *check_insn(struct verifier *verifier, unsigned at)
{
    const struct ir_insn *insn = &verifier->region->insns[at];
    const char *wrong = check_fields(insn);
    if (!wrong && verifier->ended) wrong = "operation after the exit";
    if (!wrong) wrong = check_mark(verifier, insn);
    if (!wrong) wrong = check_operands(verifier->region, at);
    if (!wrong) wrong = verifier->region->promoted ? check_promoted(verifier, at) : check_precise(verifier, insn);
    verifier->ended = insn->op == IR_EXIT;
    return wrong;
}

const char *ir_verify(const struct ir_region *region, ir_ref *at)
{
    struct verifier verifier = {.region = region, .marks = -1};
    *at = 0;
    if (region->full) return "region is full";
    for (unsigned i = 1; i < region->count; i++) {
        const char *wrong = check_insn(&verifier, i);
        *at = (ir_ref)i;
        if (wrong) return wrong;
    }
    if (region->promoted && !verifier.ended) return "promoted region does not end in an exit";
    if (region->promoted && verifier.exits != region->exit_count) return "an exit is not reached by any operation";
    *at = 0;
    return NULL;
}
