/* legalise.c -- only what this machine's atoms can say. Where memory atoms have no offset (Crusoe), the address is
 * computed beforehand; an addition of the same constant to the same value that is there already serves again. Flags
 * that are read as clear (f = 0) get an operation that clears them: in a legalised region f = 0 means that no flag
 * matters, and whichever flag register may be named.
 */
#include "translate/passes/passes.h"
#include "translate/passes/rewrite.h"

struct addresses {
    ir_ref *slots; /* additions of a constant, by base and constant */
    unsigned mask;
};

struct legaliser {
    struct rewrite rewrite;
    struct addresses addresses;
    struct demand demand;
    bool base_offset;
};

static unsigned hash(ir_ref base, int64_t offset)
{
    return (unsigned)(((uint64_t)offset * UINT64_C(0x9e3779b97f4a7c15) + base * UINT64_C(0xd6e8feb86659fd93)) >> 40);
}

static int64_t addend_of(const struct ir_insn *insn)
{
    if (insn->op == ATOM_MOV) return insn->imm;
    return immediate_of(insn->op == ATOM_SUB ? -(uint64_t)insn->imm : (uint64_t)insn->imm, SIZE_32);
}

/* The slot of base + offset: holds the operation that computes it, or 0. */
static ir_ref *slot_of(struct legaliser *legaliser, ir_ref base, int64_t offset)
{
    const struct ir_region *region = legaliser->rewrite.region;
    for (unsigned i = hash(base, offset) & legaliser->addresses.mask;; i = (i + 1) & legaliser->addresses.mask) {
        ir_ref *slot = &legaliser->addresses.slots[i];
        const struct ir_insn *insn = &region->insns[*slot];
        if (!*slot || (insn->a == base && addend_of(insn) == offset)) return slot;
    }
}

/* base + 0 needs no operation; 0 + offset is a constant. */
static ir_ref address_value(struct legaliser *legaliser, const struct ir_insn *insn)
{
    int64_t offset = immediate_of((uint64_t)insn->imm, SIZE_32);
    if (!offset) return insn->a;
    ir_ref *slot = slot_of(legaliser, insn->a, offset);
    struct ir_insn add = {.op = insn->a ? ATOM_ADD : ATOM_MOV,
                          .size = SIZE_32,
                          .use_imm = true,
                          .a = insn->a,
                          .imm = offset,
                          .guest = insn->guest};
    if (!*slot) *slot = rewrite_append(&legaliser->rewrite, add);
    return *slot;
}

/* The slot of what this operation computes, if it is such an addition. */
static ir_ref *slot_of_addition(struct legaliser *legaliser, const struct ir_insn *insn)
{
    bool adds = insn->op == ATOM_ADD || insn->op == ATOM_SUB || (insn->op == ATOM_MOV && !insn->a);
    if (!adds || insn->size != SIZE_32 || !insn->use_imm) return NULL;
    return slot_of(legaliser, insn->a, addend_of(insn));
}

static void clear_flags(struct legaliser *legaliser, struct ir_insn *insn, unsigned wanted)
{
    if (!insn->f && ir_flags_read(insn, wanted)) insn->f = rewrite_no_flags(&legaliser->rewrite, insn->guest);
}

static bool legaliser_init(struct legaliser *legaliser, struct ir_region *region)
{
    unsigned size = 64;
    while (size < 4 * region->count) size *= 2; /* up to two entries an operation, at most half full */
    legaliser->addresses.mask = size - 1;
    legaliser->addresses.slots = ARENA_NEW(region->arena, ir_ref, size);
    if (!legaliser->addresses.slots) region->full = true;
    return !region->full && demand_compute(region, &legaliser->demand) && rewrite_begin(&legaliser->rewrite, region);
}

static void legalise_insn(struct legaliser *legaliser, unsigned at)
{
    struct ir_insn insn = rewrite_operands(&legaliser->rewrite, at);
    bool memory = ir_is_atom(insn.op) && atom_table[insn.op].properties & ATOM_MEMORY;
    if (insn.use_imm && insn.op != ATOM_SETF) insn.imm = immediate_of((uint64_t)insn.imm, insn.size);
    if (memory) insn.imm = immediate_of((uint64_t)insn.imm, SIZE_32);
    if (memory && !legaliser->base_offset) {
        insn.a = address_value(legaliser, &insn);
        insn.imm = 0;
    }
    clear_flags(legaliser, &insn, legaliser->demand.flags[at]);
    ir_ref *slot = legaliser->base_offset ? NULL : slot_of_addition(legaliser, &insn);
    if (slot && *slot && !insn.fmask) {
        legaliser->rewrite.value[at] = *slot;
        return;
    }
    ir_ref ref = rewrite_emit(&legaliser->rewrite, at, insn);
    if (slot && !*slot) *slot = ref;
}

void pass_legalise(struct ir_region *region, const struct tr_request *request)
{
    struct legaliser legaliser = {.base_offset = request->machine->base_offset};
    size_t mark = region->arena->used;
    if (legaliser_init(&legaliser, region)) {
        for (unsigned at = 1; at < legaliser.rewrite.old_count && !region->full; at++) {
            if (legaliser.rewrite.old[at].op != ATOM_NOP) legalise_insn(&legaliser, at);
        }
        rewrite_end(&legaliser.rewrite);
    }
    arena_reset(region->arena, mark);
}
