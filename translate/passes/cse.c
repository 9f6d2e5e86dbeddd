/* cse.c -- common subexpressions: a pure operation that has been computed before is not computed again. A region has
 * no joins, so that every earlier operation dominates. An operation is looked up twice: by what its integer depends
 * on, and by what its flags depend on too; either may be found without the other.
 */
#include "translate/passes/passes.h"
#include "translate/passes/rewrite.h"

struct table {
    ir_ref *slots;
    unsigned mask;
};

/* The part of an operation that its integer depends on. */
static struct ir_insn value_key(struct ir_insn insn)
{
    unsigned format = atom_table[insn.op].format;
    bool reads_flags =
        format == FORMAT_RABF || format == FORMAT_RCOND || format == FORMAT_RABCOND || format == FORMAT_RF;
    if (!reads_flags) insn.f = 0;
    insn.fmask = 0;
    return insn;
}

static bool same(const struct ir_insn *a, const struct ir_insn *b)
{
    return a->op == b->op && a->size == b->size && a->kind == b->kind && a->cond == b->cond && a->fmask == b->fmask &&
           a->use_imm == b->use_imm && a->a == b->a && a->b == b->b && a->c == b->c && a->f == b->f && a->imm == b->imm;
}

static unsigned hash(const struct ir_insn *insn)
{
    uint64_t h = insn->op | (uint64_t)insn->size << 8 | (uint64_t)insn->cond << 10 | (uint64_t)insn->fmask << 14;
    h = (h ^ insn->a ^ (uint64_t)insn->b << 16 ^ (uint64_t)insn->c << 32 ^ (uint64_t)insn->f << 48) *
        UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 29 ^ (uint64_t)insn->imm) * UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(h >> 40);
}

/* Finds an operation that agrees with `key` (by its integer alone where key->fmask is 0), else makes `otherwise` it. */
static ir_ref find(const struct table *table, const struct ir_region *region, const struct ir_insn *key,
                   ir_ref otherwise)
{
    for (unsigned i = hash(key) & table->mask;; i = (i + 1) & table->mask) {
        ir_ref ref = table->slots[i];
        if (!ref) {
            table->slots[i] = otherwise;
            return otherwise;
        }
        struct ir_insn other = key->fmask ? region->insns[ref] : value_key(region->insns[ref]);
        if (same(&other, key)) return ref;
    }
}

static bool table_init(struct table *table, struct ir_region *region)
{
    unsigned size = 64;
    while (size < 4 * region->count) size *= 2; /* up to two entries an operation, at most half full */
    table->mask = size - 1;
    table->slots = ARENA_NEW(region->arena, ir_ref, size);
    if (!table->slots) region->full = true;
    return table->slots;
}

/* Keeps the operation unless all its results are there already. */
static void share(struct rewrite *rewrite, const struct table *table, unsigned at, struct ir_insn insn)
{
    struct ir_region *region = rewrite->region;
    ir_ref next = rewrite_append(rewrite, insn);
    struct ir_insn key = value_key(insn);
    if (!next) return;
    rewrite->value[at] = ir_has_value(&insn) ? find(table, region, &key, next) : 0;
    rewrite->flags[at] = insn.fmask ? find(table, region, &insn, next) : 0;
    if (rewrite->value[at] != next && rewrite->flags[at] != next) region->count--;
}

void pass_cse(struct ir_region *region, const struct tr_request *request)
{
    struct rewrite rewrite;
    struct table table;
    size_t mark = region->arena->used;
    if (!table_init(&table, region) || !rewrite_begin(&rewrite, region)) return;
    for (unsigned at = 1; at < rewrite.old_count && !region->full; at++) {
        struct ir_insn insn = rewrite_operands(&rewrite, at);
        if (ir_is_pure(insn.op)) share(&rewrite, &table, at, insn);
        else rewrite_emit(&rewrite, at, insn);
    }
    rewrite_end(&rewrite);
    arena_reset(region->arena, mark);
}
