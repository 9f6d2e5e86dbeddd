#include "hwsim/memory/tlb.h"

#include <stdlib.h>

const char *tlb_shape_error(unsigned entries, unsigned ways)
{
    if (entries % ways != 0) return "its entries are not a multiple of its ways";
    if (!is_power_of_two(entries / ways)) return "its number of sets is not a power of two";
    return NULL;
}

bool tlb_init(struct tlb *tlb, unsigned entries, unsigned ways)
{
    *tlb = (struct tlb){.sets = entries / ways, .ways = ways};
    tlb->entries = malloc(entries * sizeof *tlb->entries);
    tlb->stamps = calloc(entries, sizeof *tlb->stamps);
    if (!tlb->entries || !tlb->stamps) return false;
    for (unsigned i = 0; i < entries; i++) tlb->entries[i] = (struct tlb_entry){.page = TLB_FREE};
    return true;
}

void tlb_free(struct tlb *tlb)
{
    free(tlb->entries);
    free(tlb->stamps);
    *tlb = (struct tlb){0};
}

void tlb_snapshot(struct tlb *tlb, struct snapshot *snapshot)
{
    size_t entries = (size_t)tlb->sets * tlb->ways;
    snapshot_bytes(snapshot, tlb->entries, entries * sizeof tlb->entries[0]);
    snapshot_bytes(snapshot, tlb->stamps, entries * sizeof tlb->stamps[0]);
    SNAPSHOT(snapshot, tlb->clock);
    SNAPSHOT_RANGE(snapshot, tlb, misses, walk_reads);
}

static unsigned first_slot(const struct tlb *tlb, uint64_t page)
{
    return (unsigned)(page & (tlb->sets - 1)) * tlb->ways;
}

int tlb_find(const struct tlb *tlb, uint64_t page, uint16_t space)
{
    unsigned slot = first_slot(tlb, page);
    for (unsigned end = slot + tlb->ways; slot < end; slot++)
        if (tlb->entries[slot].page == page && tlb->entries[slot].space == space) return (int)slot;
    return -1;
}

unsigned tlb_victim(const struct tlb *tlb, uint64_t page, uint16_t space)
{
    int held = tlb_find(tlb, page, space);
    if (held >= 0) return (unsigned)held;
    unsigned slot = first_slot(tlb, page), best = slot;
    for (unsigned end = slot + tlb->ways; slot < end; slot++) {
        if (tlb->entries[slot].page == TLB_FREE) return slot;
        if (tlb->stamps[slot] < tlb->stamps[best]) best = slot;
    }
    return best;
}

void tlb_drop(struct tlb *tlb, uint64_t first, uint64_t last, uint16_t space)
{
    unsigned count = tlb->sets * tlb->ways;
    for (unsigned slot = 0; slot < count; slot++) {
        struct tlb_entry *entry = &tlb->entries[slot];
        if (entry->space == space && entry->page >= first && entry->page <= last) entry->page = TLB_FREE;
    }
}
