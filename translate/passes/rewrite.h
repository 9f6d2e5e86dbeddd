/* rewrite.h -- how a pass rebuilds a region: the old operations are read in order, the new ones appended to the
 * region's spare array, and two maps say what has become of an old operation's integer and of its flags. Operations
 * can so be dropped, replaced by an earlier one and put in without moving any other; order and guest ordinals stay.
 *
 *     rewrite_begin(&rewrite, region)
 *     for each old operation:  insn = rewrite_operands(&rewrite, at);  ... rewrite_emit(&rewrite, at, insn) or map it
 *     rewrite_end(&rewrite)
 */
#ifndef COVM_REWRITE_H
#define COVM_REWRITE_H

#include "translate/ir/ir.h"

struct rewrite {
    struct ir_region *region;
    const struct ir_insn *old;
    unsigned old_count;
    ir_ref *value, *flags; /* old reference -> new reference */
    unsigned exits;        /* emitted so far; they are renumbered */
    ir_ref zero, no_flags; /* constants for exit maps, where reference 0 would mean "unchanged"; made when needed */
    size_t mark;           /* of the arena */
};

/* False (and region->full) when the arena is full. Whatever the pass allocates until rewrite_end is freed by it. */
bool rewrite_begin(struct rewrite *rewrite, struct ir_region *region);
void rewrite_end(struct rewrite *rewrite);
/* The old operation with its operands mapped; those it does not read are cleared. */
struct ir_insn rewrite_operands(const struct rewrite *rewrite, unsigned at);
/* Appends, and returns the new reference (0: full). An exit's map is rewritten with it. */
ir_ref rewrite_append(struct rewrite *rewrite, struct ir_insn insn);
/* Appends and maps both results of old operation `at` to it. */
static inline ir_ref rewrite_emit(struct rewrite *rewrite, unsigned at, struct ir_insn insn)
{
    return rewrite->value[at] = rewrite->flags[at] = rewrite_append(rewrite, insn);
}
/* The operation that makes the constant zero, or clear flags: one a region and pass. */
ir_ref rewrite_zero(struct rewrite *rewrite, uint16_t guest);
ir_ref rewrite_no_flags(struct rewrite *rewrite, uint16_t guest);

/* ---- what passes ask of values ---- */
/* A constant integer or constant flags? (Reference 0 is both.) */
bool value_is_constant(const struct ir_region *region, ir_ref ref, uint64_t *value);
bool flags_are_constant(const struct ir_region *region, ir_ref ref, uint16_t *flags);
/* Its bits from this one up are zero. */
unsigned value_bits(const struct ir_region *region, ir_ref ref);
/* Bytes of a memory operation. */
static inline unsigned access_bytes(const struct ir_insn *insn) { return ir_access_bytes(insn); }
/* A number as an operand of this size: sign-extended, so that it takes the fewest immediate words. */
static inline int64_t immediate_of(uint64_t value, unsigned size)
{
    return (int64_t)(value << (64 - (8u << size))) >> (64 - (8u << size));
}
/* The operation that makes a constant: 32 bits zero-extended where that will do. */
struct ir_insn constant_insn(uint64_t value, uint16_t guest);

/* ---- demand: what of each operation is wanted by exits and other roots, in the end ---- */
struct demand {
    bool *value;
    uint8_t *flags; /* enum flag_mask */
};
/* False (and region->full) when the arena is full. */
bool demand_compute(struct ir_region *region, struct demand *demand);

#endif
