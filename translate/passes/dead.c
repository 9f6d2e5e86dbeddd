/* dead.c -- operations whose results nobody wants go. Roots are whatever may leave the region, memory accesses among
 * them (a load may fault, so it stays even where its value is dead). Flags are counted bit by bit: a flag is dead
 * where it is rewritten before every later exit. Where all the flags that an operation would merely pass on are dead,
 * it stops reading them, which cuts the chain of partial flag updates (INC, DEC, shifts) that x86 code is full of.
 */
#include "translate/passes/passes.h"
#include "translate/passes/rewrite.h"

/* Leaves `wanted` flags alone and makes the others the cheapest thing. */
static void trim_flags(struct ir_insn *insn, unsigned wanted)
{
    insn->fmask &= (uint8_t)ir_flags_computed(insn->op);
    if (!(insn->fmask & wanted)) insn->fmask = 0;
    if (ir_flags_read(insn, wanted)) return;
    insn->f = 0;
    if (insn->fmask && ir_flags_computed(insn->op) == MASK_ALL) insn->fmask = MASK_ALL;
}

void pass_dead(struct ir_region *region, const struct tr_request *request)
{
    struct rewrite rewrite;
    struct demand demand;
    size_t mark = region->arena->used;
    if (!demand_compute(region, &demand) || !rewrite_begin(&rewrite, region)) return;
    for (unsigned at = 1; at < rewrite.old_count; at++) {
        unsigned wanted = demand.flags[at];
        struct ir_insn insn = rewrite_operands(&rewrite, at);
        if (insn.fmask) {
            ir_ref passed_on = rewrite.flags[rewrite.old[at].f];
            trim_flags(&insn, wanted);
            if (insn.fmask || demand.value[at]) rewrite_emit(&rewrite, at, insn);
            if (!insn.fmask) rewrite.flags[at] = passed_on;
        } else if (ir_is_root(&insn) || demand.value[at] || wanted) {
            rewrite_emit(&rewrite, at, insn);
        }
    }
    rewrite_end(&rewrite);
    arena_reset(region->arena, mark);
}
