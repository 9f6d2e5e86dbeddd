/* cache.h -- timing of the memory hierarchy: caches in front of DRAM. They hold tags only; data live in the frames.
 *
 * An access at a cycle is answered with the cycle at which its data are there. State changes at the access; a line that
 * is on its way is in the tags at once, and its miss register (MSHR, Kroft 1981) says when it arrives.
 */
#ifndef COVM_CACHE_H
#define COVM_CACHE_H

#include "hwsim/base/snapshot.h"

/* Concealed memory lies beside guest physical memory: this bit tells its addresses apart. */
#define CONCEALED_ADDRESS (UINT64_C(1) << 56)

struct dram {
    uint64_t latency_cycles;                   /* request to first byte */
    uint64_t byte_cycles_num, byte_cycles_den; /* cycles a byte on the bus, as a fraction */
    uint64_t bus_free;                         /* cycle from which the bus is free */
    uint64_t reads, writes;
};

struct cache_mshr {
    uint64_t line, ready;
};
struct cache {
    uint64_t *tags; /* sets x ways, most recently used first: line << 1 | dirty; CACHE_INVALID */
    unsigned line_bits, sets, ways, latency_cycles;
    bool perfect, write_through;
    uint64_t last_fill; /* no line arrives later than this */
    struct cache_mshr *mshrs;
    unsigned mshr_count;
    struct cache *next; /* NULL: DRAM */
    struct dram *dram;
    uint64_t accesses, misses, merges, writebacks, mshr_full;
};
#define CACHE_INVALID UINT64_MAX

struct cache_shape {
    uint64_t size, line;
    unsigned ways, mshrs, latency_cycles;
    bool perfect, write_through;
};
/* NULL if the shape is possible, else what is wrong with it (static string). */
const char *cache_shape_error(const struct cache_shape *shape);
/* False when the host has no memory. A size of 0 makes a cache that passes everything on. */
bool cache_init(struct cache *cache, const struct cache_shape *shape, struct cache *next, struct dram *dram);
void cache_free(struct cache *cache);
/* Of one that has been made, with the same shape. */
void cache_snapshot(struct cache *cache, struct snapshot *snapshot);
void dram_snapshot(struct dram *dram, struct snapshot *snapshot);

static inline uint64_t cache_line(const struct cache *cache, uint64_t address) { return address >> cache->line_bits; }
/* Is it a hit in the first way, with nothing on its way? The case worth inlining. */
static inline bool cache_hits(const struct cache *cache, uint64_t address, uint64_t cycle)
{
    uint64_t line = cache_line(cache, address);
    return (cache->tags[(line & (cache->sets - 1)) * cache->ways] ^ line << 1) <= 1 && cycle >= cache->last_fill;
}

/* A write that cache_hits has found to hit. */
static inline void cache_write_hit(struct cache *cache, uint64_t address)
{
    cache->accesses++;
    cache->tags[(cache_line(cache, address) & (cache->sets - 1)) * cache->ways] |= 1;
}

/* The first cycle, not before `cycle`, at which the cache can take this read: later only when it misses and every miss
 * register is taken. */
uint64_t cache_accepts(struct cache *cache, uint64_t address, uint64_t cycle);
/* Reads (or writes) within one line; returns the cycle at which data are there (a write: at which the line is). Waits
 * for a miss register by itself where it must. *hit: the line was there, arrived. */
uint64_t cache_access(struct cache *cache, uint64_t address, bool write, uint64_t cycle, bool *hit);
/* Forgets lines in [address, address + bytes); dirty data are not written back (they are dead). */
void cache_invalidate(struct cache *cache, uint64_t address, uint64_t bytes);
/* Is the line there (arrived or not), and is it dirty? Changes nothing. */
bool cache_holds(const struct cache *cache, uint64_t address, bool *dirty);

/* Cycles that `bytes` take on the bus. */
uint64_t dram_transfer_cycles(const struct dram *dram, uint64_t bytes);

#endif
