/* cache.c -- set-associative tags kept in order of use, miss registers, write-back and write-through, DRAM. */
#include "hwsim/memory/cache.h"

#include <stdlib.h>

const char *cache_shape_error(const struct cache_shape *shape)
{
    if (!is_power_of_two(shape->line)) return "its line is not a power of two";
    if (shape->size == 0) return NULL;
    if (shape->size % (shape->line * shape->ways) != 0) return "its size is not a multiple of line times ways";
    if (!is_power_of_two(shape->size / (shape->line * shape->ways))) return "its number of sets is not a power of two";
    return NULL;
}

bool cache_init(struct cache *cache, const struct cache_shape *shape, struct cache *next, struct dram *dram)
{
    bool none = shape->size == 0 || shape->perfect;
    *cache = (struct cache){
        .line_bits = log2_floor(shape->line),
        .sets = none ? 1 : (unsigned)(shape->size / (shape->line * shape->ways)),
        .ways = none ? 1 : shape->ways,
        .latency_cycles = shape->latency_cycles,
        .perfect = shape->perfect,
        .write_through = shape->write_through,
        .mshr_count = shape->mshrs,
        .next = next,
        .dram = dram,
    };
    size_t entries = (size_t)cache->sets * cache->ways;
    cache->tags = malloc(entries * sizeof *cache->tags);
    cache->mshrs = calloc(cache->mshr_count, sizeof *cache->mshrs);
    if (!cache->tags || !cache->mshrs) return false;
    for (size_t i = 0; i < entries; i++) cache->tags[i] = CACHE_INVALID;
    if (cache->perfect) { /* one line that holds everything: cache_hits needs no case for it */
        cache->line_bits = 63;
        cache->tags[0] = 0;
    }
    return true;
}

void cache_free(struct cache *cache)
{
    free(cache->tags);
    free(cache->mshrs);
    *cache = (struct cache){0};
}

void cache_snapshot(struct cache *cache, struct snapshot *snapshot)
{
    snapshot_bytes(snapshot, cache->tags, (size_t)cache->sets * cache->ways * sizeof cache->tags[0]);
    snapshot_bytes(snapshot, cache->mshrs, cache->mshr_count * sizeof cache->mshrs[0]);
    SNAPSHOT(snapshot, cache->last_fill);
    SNAPSHOT_RANGE(snapshot, cache, accesses, mshr_full);
}

void dram_snapshot(struct dram *dram, struct snapshot *snapshot)
{
    SNAPSHOT_RANGE(snapshot, dram, bus_free, writes);
}

/* ---- DRAM ---- */

uint64_t dram_transfer_cycles(const struct dram *dram, uint64_t bytes)
{
    return (bytes * dram->byte_cycles_num + dram->byte_cycles_den - 1) / dram->byte_cycles_den;
}

/* Takes the bus; returns the cycle at which the last byte is there. Rows, banks and refresh are not modelled. */
static uint64_t dram_access(struct dram *dram, uint64_t bytes, bool write, uint64_t cycle)
{
    uint64_t start = cycle > dram->bus_free ? cycle : dram->bus_free;
    uint64_t transfer = dram_transfer_cycles(dram, bytes);
    dram->bus_free = start + transfer;
    if (write)
        dram->writes++;
    else
        dram->reads++;
    return start + dram->latency_cycles + transfer;
}

/* ---- tags ---- */

static uint64_t *set_of(const struct cache *cache, uint64_t line)
{
    return &cache->tags[(size_t)(line & (cache->sets - 1)) * cache->ways];
}

static unsigned find(const struct cache *cache, const uint64_t *set, uint64_t line)
{
    unsigned way = 0;
    while (way < cache->ways && (set[way] ^ line << 1) > 1) way++;
    return way;
}

/* Puts the tag of `way` in front: it is the most recently used one now. */
static void use(uint64_t *set, unsigned way, uint64_t tag)
{
    for (; way > 0; way--) set[way] = set[way - 1];
    set[0] = tag;
}

static struct cache_mshr *pending(const struct cache *cache, uint64_t line, uint64_t cycle)
{
    if (cycle >= cache->last_fill) return NULL;
    for (unsigned i = 0; i < cache->mshr_count; i++)
        if (cache->mshrs[i].line == line && cache->mshrs[i].ready > cycle) return &cache->mshrs[i];
    return NULL;
}

/* The miss register that is free first. */
static struct cache_mshr *first_free(const struct cache *cache)
{
    struct cache_mshr *best = &cache->mshrs[0];
    for (unsigned i = 1; i < cache->mshr_count; i++)
        if (cache->mshrs[i].ready < best->ready) best = &cache->mshrs[i];
    return best;
}

/* ---- one level below another ---- */

/* Reads a whole line for the level above. */
static uint64_t fetch_below(struct cache *cache, uint64_t line, uint64_t cycle)
{
    bool hit;
    if (cache->next) return cache_access(cache->next, line << cache->line_bits, false, cycle, &hit);
    return dram_access(cache->dram, UINT64_C(1) << cache->line_bits, false, cycle);
}

/* Writes go down without anybody waiting for them. A level that does not have the line passes them on. */
static void write_below(struct cache *cache, uint64_t address, uint64_t bytes, uint64_t cycle)
{
    struct cache *below = cache->next;
    if (!below) {
        dram_access(cache->dram, bytes, true, cycle);
        return;
    }
    below->accesses++;
    if (below->perfect) return;
    uint64_t line = cache_line(below, address), *set = set_of(below, line);
    unsigned way = find(below, set, line);
    bool held = way < below->ways;
    if (held)
        use(set, way, set[way] | (below->write_through ? 0 : 1));
    else
        below->misses++;
    if (!held || below->write_through) write_below(below, address, bytes, cycle);
}

static uint64_t miss(struct cache *cache, uint64_t line, bool write, uint64_t cycle)
{
    struct cache_mshr *mshr = first_free(cache);
    if (mshr->ready > cycle) {
        cache->mshr_full++;
        cycle = mshr->ready;
    }
    cache->misses++;
    uint64_t *set = set_of(cache, line), victim = set[cache->ways - 1];
    if (victim != CACHE_INVALID && victim & 1) {
        cache->writebacks++;
        write_below(cache, victim >> 1 << cache->line_bits, UINT64_C(1) << cache->line_bits,
                    cycle + cache->latency_cycles);
    }
    use(set, cache->ways - 1, line << 1 | write);
    uint64_t ready = fetch_below(cache, line, cycle + cache->latency_cycles);
    *mshr = (struct cache_mshr){line, ready};
    if (ready > cache->last_fill) cache->last_fill = ready;
    return ready;
}

/* Written through, and not allocated on a miss. */
static uint64_t write_through(struct cache *cache, uint64_t line, uint64_t address, uint64_t cycle)
{
    uint64_t *set = set_of(cache, line);
    unsigned way = find(cache, set, line);
    if (way < cache->ways)
        use(set, way, set[way]);
    else
        cache->misses++;
    write_below(cache, address, sizeof(uint64_t), cycle + cache->latency_cycles);
    return cycle + cache->latency_cycles;
}

uint64_t cache_accepts(struct cache *cache, uint64_t address, uint64_t cycle)
{
    if (cache->perfect || cycle >= cache->last_fill) return cycle;
    uint64_t line = cache_line(cache, address);
    if (find(cache, set_of(cache, line), line) < cache->ways) return cycle;
    uint64_t ready = first_free(cache)->ready;
    if (ready <= cycle) return cycle;
    cache->mshr_full++;
    return ready;
}

uint64_t cache_access(struct cache *cache, uint64_t address, bool write, uint64_t cycle, bool *hit)
{
    cache->accesses++;
    *hit = true;
    if (cache->perfect) return cycle + cache->latency_cycles;
    uint64_t line = cache_line(cache, address);
    if (write && cache->write_through) return write_through(cache, line, address, cycle);
    uint64_t *set = set_of(cache, line);
    unsigned way = find(cache, set, line);
    if (way == cache->ways) {
        *hit = false;
        return miss(cache, line, write, cycle);
    }
    use(set, way, set[way] | write);
    uint64_t ready = cycle + cache->latency_cycles;
    struct cache_mshr *mshr = pending(cache, line, cycle);
    if (!mshr) return ready;
    cache->merges++;
    *hit = false;
    return mshr->ready > ready ? mshr->ready : ready;
}

void cache_invalidate(struct cache *cache, uint64_t address, uint64_t bytes)
{
    if (bytes == 0 || cache->perfect) return;
    uint64_t first = cache_line(cache, address), last = cache_line(cache, address + bytes - 1);
    if (last - first >= (uint64_t)cache->sets * cache->ways) {
        for (size_t i = 0; i < (size_t)cache->sets * cache->ways; i++)
            if (cache->tags[i] != CACHE_INVALID && cache->tags[i] >> 1 >= first && cache->tags[i] >> 1 <= last)
                cache->tags[i] = CACHE_INVALID;
        return;
    }
    for (uint64_t line = first; line <= last; line++) {
        uint64_t *set = set_of(cache, line);
        unsigned way = find(cache, set, line);
        if (way < cache->ways) set[way] = CACHE_INVALID;
    }
}

bool cache_holds(const struct cache *cache, uint64_t address, bool *dirty)
{
    uint64_t line = cache_line(cache, address);
    const uint64_t *set = set_of(cache, line);
    unsigned way = find(cache, set, line);
    if (way == cache->ways) return false;
    *dirty = set[way] & 1;
    return true;
}
