/* jtlb.c -- the jump TLB (Kim & Smith, HPCA 2003): from a guest address and the context word to the translation. */
#include "hwsim/core/core.h"

#include <stdlib.h>

enum { REPLACE_LRU, REPLACE_FIFO, REPLACE_RANDOM };

bool jtlb_init(struct jtlb *jtlb, const struct machine_params *params)
{
    jtlb->ways = (unsigned)params->jtlb_ways;
    jtlb->sets = (unsigned)(params->jtlb_entries / params->jtlb_ways);
    jtlb->tag_bits = (unsigned)params->jtlb_tag_bits;
    jtlb->replacement = (unsigned)params->jtlb_replacement;
    prng_seed(&jtlb->random, 1);
    if (params->jtlb_entries == 0) return true;
    jtlb->entries = calloc((size_t)params->jtlb_entries, sizeof *jtlb->entries);
    return jtlb->entries != NULL;
}

void jtlb_reset(struct jtlb *jtlb)
{
    for (size_t i = 0; jtlb->entries && i < (size_t)jtlb->sets * jtlb->ways; i++) jtlb->entries[i].tpc = 0;
}

/* x86 code has no alignment, so the lowest bits index; the next ones are folded in. */
static struct jtlb_entry *set_of(const struct jtlb *jtlb, uint64_t spc)
{
    uint64_t index = (spc ^ spc >> log2_floor(jtlb->sets)) & (jtlb->sets - 1);
    return &jtlb->entries[index * jtlb->ways];
}

/* The bits above the index, with the context folded in. */
static uint64_t tag(const struct jtlb *jtlb, uint64_t spc, uint64_t context)
{
    return ((spc >> log2_floor(jtlb->sets)) ^ context ^ context >> 16) & bits_mask(jtlb->tag_bits);
}

uint32_t jtlb_lookup(struct jtlb *jtlb, uint64_t spc, uint64_t context, bool *is_false)
{
    *is_false = false;
    if (!jtlb->entries) return 0;
    struct jtlb_entry *set = set_of(jtlb, spc);
    for (unsigned way = 0; way < jtlb->ways; way++) {
        if (!set[way].tpc) continue;
        bool exact = set[way].spc == spc && set[way].context == context;
        if (jtlb->tag_bits && tag(jtlb, set[way].spc, set[way].context) == tag(jtlb, spc, context) && !exact) {
            *is_false = true;
            return 0;
        }
        if (!exact) continue;
        if (jtlb->replacement == REPLACE_LRU) set[way].stamp = ++jtlb->clock;
        return set[way].tpc;
    }
    return 0;
}

static struct jtlb_entry *victim(struct jtlb *jtlb, struct jtlb_entry *set, uint64_t spc, uint64_t context)
{
    struct jtlb_entry *best = &set[0];
    for (unsigned way = 0; way < jtlb->ways; way++) {
        bool same = jtlb->tag_bits ? tag(jtlb, set[way].spc, set[way].context) == tag(jtlb, spc, context)
                                   : set[way].spc == spc && set[way].context == context;
        if (set[way].tpc && same) return &set[way];
    }
    for (unsigned way = 0; way < jtlb->ways; way++) {
        if (!set[way].tpc) return &set[way];
        if (set[way].stamp < best->stamp) best = &set[way];
    }
    return jtlb->replacement == REPLACE_RANDOM ? &set[prng_below(&jtlb->random, jtlb->ways)] : best;
}

void jtlb_insert(struct jtlb *jtlb, uint64_t spc, uint64_t context, uint32_t tpc)
{
    if (!jtlb->entries) return;
    *victim(jtlb, set_of(jtlb, spc), spc, context) = (struct jtlb_entry){spc, context, ++jtlb->clock, tpc};
}

void hw_jtlb_insert(struct hw_core *core, uint64_t spc, uint64_t context, uint32_t tpc)
{
    core->stats.jtlb_inserts += core->jtlb.entries != NULL;
    jtlb_insert(&core->jtlb, spc, context, tpc);
}

/* TPC 0 marks what is free, so an entry without one is never in a range. */
static bool within(uint32_t target, uint32_t tpc, uint32_t bytes) { return target && target - tpc < bytes; }

void hw_targets_purge(struct hw_core *core, uint32_t tpc, uint32_t bytes)
{
    for (unsigned i = 0; core->jtlb.entries && i < core->jtlb.sets * core->jtlb.ways; i++)
        if (within(core->jtlb.entries[i].tpc, tpc, bytes)) core->jtlb.entries[i].tpc = 0;
    for (unsigned i = 0; i < core->dras.depth; i++)
        if (within(core->dras.entries[i].tpc, tpc, bytes)) core->dras.entries[i].tpc = 0;
}

bool hw_targets_refer(const struct hw_core *core, uint32_t tpc, uint32_t bytes)
{
    for (unsigned i = 0; core->jtlb.entries && i < core->jtlb.sets * core->jtlb.ways; i++)
        if (within(core->jtlb.entries[i].tpc, tpc, bytes)) return true;
    for (unsigned i = 0; i < core->dras.depth; i++)
        if (within(core->dras.entries[i].tpc, tpc, bytes)) return true;
    return false;
}
