/* promote.c -- from homes to values. The lifter speaks of each instruction alone: get, compute, put. Here the puts
 * go: what a home would hold is followed in a table, gets take their value from it, and each exit keeps a copy of the
 * table: the map that its stub must establish. What is unchanged since the region's entry stands as 0. (This is the
 * rename step of SSA construction in a region without joins.)
 */
#include "translate/passes/passes.h"
#include "translate/passes/rewrite.h"

struct promotion {
    struct rewrite rewrite;
    ir_ref homes[HOME_COUNT], flags;             /* at this point; 0: as at entry */
    ir_ref entry_homes[HOME_COUNT], entry_flags; /* the gets, made where first needed */
};

static unsigned exits_of(const struct ir_region *region)
{
    unsigned exits = 0;
    for (unsigned at = 1; at < region->count; at++)
        exits += region->insns[at].op == IR_EXIT || region->insns[at].op == IR_EXITIF;
    return exits;
}

static void promote_get(struct promotion *promotion, unsigned at, const struct ir_insn *insn)
{
    ir_ref *entry = &promotion->entry_homes[insn->imm], now = promotion->homes[insn->imm];
    if (!now && !*entry) *entry = rewrite_append(&promotion->rewrite, *insn);
    promotion->rewrite.value[at] = now ? now : *entry;
}

static void promote_getf(struct promotion *promotion, unsigned at, const struct ir_insn *insn)
{
    if (!promotion->flags && !promotion->entry_flags)
        promotion->entry_flags = rewrite_append(&promotion->rewrite, *insn);
    promotion->rewrite.flags[at] = promotion->flags ? promotion->flags : promotion->entry_flags;
}

static void promote_put(struct promotion *promotion, const struct ir_insn *insn)
{
    ir_ref value = insn->a ? insn->a : rewrite_zero(&promotion->rewrite, insn->guest);
    promotion->homes[insn->imm] = value == promotion->entry_homes[insn->imm] ? 0 : value;
}

static void promote_putf(struct promotion *promotion, const struct ir_insn *insn)
{
    ir_ref flags = insn->f ? insn->f : rewrite_no_flags(&promotion->rewrite, insn->guest);
    promotion->flags = flags == promotion->entry_flags ? 0 : flags;
}

static uint64_t insn_end(const struct ir_guest_insn *guest) { return (uint32_t)(guest->address + guest->length); }

static uint64_t target_of(const struct ir_insn *insn, const struct ir_guest_insn *guest)
{
    if (insn->op == IR_EXITIF) return (uint64_t)insn->imm;
    switch (insn->kind) {
    case IR_JUMP: case IR_CALL: case IR_INTERPRET: return (uint64_t)insn->imm;
    case IR_REPEAT: return guest->address;
    case IR_DISPATCH: case IR_SYSTEM: case IR_SOFTINT: return insn_end(guest);
    default: return 0;
    }
}

/* A jump to the constant zero has no value that it could name. */
static void make_direct(struct ir_insn *insn)
{
    if (insn->a || !(ir_operands(insn) & IR_READS_A)) return;
    insn->kind = insn->kind == IR_CALL_INDIRECT ? IR_CALL : IR_JUMP;
    insn->imm = 0;
}

static void promote_exit(struct promotion *promotion, struct ir_insn insn)
{
    struct ir_region *region = promotion->rewrite.region;
    const struct ir_guest_insn *guest = &region->guest[insn.guest];
    struct ir_exit *exit = &region->exits[promotion->rewrite.exits++];
    if (insn.op == IR_EXIT) make_direct(&insn);
    exit->kind = insn.op == IR_EXIT ? insn.kind : (uint8_t)IR_JUMP;
    exit->target = target_of(&insn, guest);
    exit->target_value = insn.a;
    exit->return_address = exit->kind == IR_CALL || exit->kind == IR_CALL_INDIRECT ? insn_end(guest) : 0;
    exit->insns = (uint16_t)(insn.guest + (exit->kind != IR_REPEAT));
    memcpy(exit->homes, promotion->homes, sizeof exit->homes);
    exit->flags = promotion->flags;
    insn.c = (ir_ref)(promotion->rewrite.exits - 1);
    rewrite_append(&promotion->rewrite, insn);
}

void pass_promote(struct ir_region *region, const struct tr_request *request)
{
    struct promotion promotion = {0};
    region->exits = ARENA_NEW(region->arena, struct ir_exit, exits_of(region));
    if (!region->exits) region->full = true;
    if (region->full || !rewrite_begin(&promotion.rewrite, region)) return;
    for (unsigned at = 1; at < promotion.rewrite.old_count; at++) {
        struct ir_insn insn = rewrite_operands(&promotion.rewrite, at);
        switch (insn.op) {
        case IR_GET: promote_get(&promotion, at, &insn); break;
        case IR_GETF: promote_getf(&promotion, at, &insn); break;
        case IR_PUT: promote_put(&promotion, &insn); break;
        case IR_PUTF: promote_putf(&promotion, &insn); break;
        case IR_EXIT: case IR_EXITIF: promote_exit(&promotion, insn); break;
        default: rewrite_emit(&promotion.rewrite, at, insn); break;
        }
    }
    region->promoted = true; /* not earlier: rewrite_append would rewrite maps that are new already */
    rewrite_end(&promotion.rewrite);
}
