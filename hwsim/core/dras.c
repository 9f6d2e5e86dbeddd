/* dras.c -- the dual-address return stack (Kim & Smith, HPCA 2003): guest return address and where its translation is.
 * A rollback restores the pointer, not the entries: what they then hold is checked against the guest's own address. */
#include "hwsim/core/core.h"

#include <stdlib.h>

bool dras_init(struct dras *dras, const struct machine_params *params)
{
    dras->depth = (uint32_t)params->dras_depth;
    dras->drop = params->dras_overflow == 1;
    if (dras->depth == 0) return true;
    dras->entries = calloc(dras->depth, sizeof *dras->entries);
    return dras->entries != NULL;
}

bool dras_push(struct dras *dras, uint64_t spc, uint64_t context, uint32_t tpc)
{
    if (dras->depth == 0) return false;
    struct dras_pointer *now = &dras->now;
    bool full = now->count == dras->depth;
    if (full && dras->drop) {
        now->dropped++;
        return true;
    }
    now->top = now->top + 1 == dras->depth ? 0 : now->top + 1;
    now->count += !full;
    dras->entries[now->top] = (struct dras_entry){spc, context, tpc};
    return full;
}

uint32_t dras_pop(struct dras *dras, uint64_t spc, uint64_t context)
{
    struct dras_pointer *now = &dras->now;
    if (now->dropped) {
        now->dropped--;
        return 0;
    }
    if (now->count == 0) return 0;
    const struct dras_entry *entry = &dras->entries[now->top];
    now->top = now->top == 0 ? dras->depth - 1 : now->top - 1;
    now->count--;
    return entry->spc == spc && entry->context == context ? entry->tpc : 0;
}
