/* tlb.h -- the data TLB: set-associative, tagged with the address space, LRU. Exact in what it holds; the core keeps a
 * direct-mapped table of pointers beside it that only makes hits fast.
 */
#ifndef COVM_TLB_H
#define COVM_TLB_H

#include "hwsim/base/snapshot.h"

struct tlb_entry {
    uint64_t page; /* linear page number; TLB_FREE */
    uint64_t frame;
    uint16_t space;
    uint64_t ready;          /* cycle at which its walk ends */
    bool user, write, dirty; /* dirty: the table's dirty bit is known to be set, so that a write needs no walk */
};
#define TLB_FREE UINT64_MAX

struct tlb {
    struct tlb_entry *entries; /* sets x ways */
    uint64_t *stamps;          /* per entry: `clock` at its last use */
    uint64_t clock;
    unsigned sets, ways;
    uint64_t misses, walk_reads;
};

/* NULL if possible, else what is wrong (static string). */
const char *tlb_shape_error(unsigned entries, unsigned ways);
bool tlb_init(struct tlb *tlb, unsigned entries, unsigned ways);
void tlb_free(struct tlb *tlb);
/* Of one that has been made, with the same shape. */
void tlb_snapshot(struct tlb *tlb, struct snapshot *snapshot);

static inline void tlb_use(struct tlb *tlb, unsigned slot) { tlb->stamps[slot] = ++tlb->clock; }
/* The slot that holds the page, or -1. Does not count as a use. */
int tlb_find(const struct tlb *tlb, uint64_t page, uint16_t space);
/* The slot for a new entry of this page: the one it has already, a free one, or the least recently used one. */
unsigned tlb_victim(const struct tlb *tlb, uint64_t page, uint16_t space);
/* Drops the entries of pages first..last of a space. */
void tlb_drop(struct tlb *tlb, uint64_t first, uint64_t last, uint16_t space);

#endif
