/* physical.c -- frames live at fixed places of one reservation of address space: a frame's host address is arithmetic,
 * and host memory is used only for frames that were touched. */
#include "hwsim/memory/physical.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { OBSERVERS = 2 };

struct physical {
    uint8_t *base;        /* frame n at base + n * PAGE_BYTES; frame 0 is never given out */
    uint64_t frames;      /* numbers 1 .. frames-1 may be given out */
    uint64_t *used;       /* bit per frame */
    uint32_t *chunks;     /* per frame: protected chunks */
    uint32_t *sharers;    /* per frame: who holds it beside the first */
    uint64_t lowest_word; /* of `used`, that may have a free bit */
    uint64_t in_use;
    struct physical_observer observers[OBSERVERS];
    unsigned observer_count;
};

static void *reserve(uint64_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static uint64_t bitset_bytes(const struct physical *physical) { return (physical->frames + 63) / 64 * 8; }

struct physical *physical_create(uint64_t limit)
{
    struct physical *physical = calloc(1, sizeof *physical);
    if (!physical) return NULL;
    physical->frames = limit / PAGE_BYTES + 1;
    physical->base = reserve(physical->frames * PAGE_BYTES);
    physical->used = reserve(bitset_bytes(physical));
    physical->chunks = reserve(physical->frames * sizeof *physical->chunks);
    physical->sharers = reserve(physical->frames * sizeof *physical->sharers);
    if (!physical->base || !physical->used || !physical->chunks || !physical->sharers) {
        physical_destroy(physical);
        return NULL;
    }
    physical->used[0] = 1;
    return physical;
}

void physical_destroy(struct physical *physical)
{
    if (!physical) return;
    if (physical->base) munmap(physical->base, physical->frames * PAGE_BYTES);
    if (physical->used) munmap(physical->used, bitset_bytes(physical));
    if (physical->chunks) munmap(physical->chunks, physical->frames * sizeof *physical->chunks);
    if (physical->sharers) munmap(physical->sharers, physical->frames * sizeof *physical->sharers);
    free(physical);
}

static bool is_used(const struct physical *physical, uint64_t frame)
{
    return frame != 0 && frame < physical->frames && (physical->used[frame / 64] >> (frame % 64) & 1);
}

static void tell(struct physical *physical, uint64_t address, size_t bytes)
{
    for (unsigned i = 0; i < physical->observer_count; i++)
        physical->observers[i].written(physical->observers[i].cookie, address, bytes);
}

uint64_t physical_allocate(struct physical *physical)
{
    uint64_t words = (physical->frames + 63) / 64;
    for (uint64_t word = physical->lowest_word; word < words; word++) {
        physical->lowest_word = word;
        if (~physical->used[word] == 0) continue;
        uint64_t frame = word * 64 + (unsigned)__builtin_ctzll(~physical->used[word]);
        if (frame >= physical->frames) return 0;
        physical->used[word] |= UINT64_C(1) << (frame % 64);
        physical->in_use++;
        tell(physical, frame * PAGE_BYTES, PAGE_BYTES);
        return frame;
    }
    return 0;
}

void physical_share(struct physical *physical, uint64_t frame) { physical->sharers[frame]++; }

bool physical_is_shared(const struct physical *physical, uint64_t frame) { return physical->sharers[frame] != 0; }

void physical_release(struct physical *physical, uint64_t frame)
{
    if (!is_used(physical, frame)) return;
    if (physical->sharers[frame]) {
        physical->sharers[frame]--;
        return;
    }
    physical->used[frame / 64] &= ~(UINT64_C(1) << (frame % 64));
    if (frame / 64 < physical->lowest_word) physical->lowest_word = frame / 64;
    physical->chunks[frame] = 0;
    physical->in_use--;
    /* The host's page goes back too, and reads as zero when the frame is given out again. */
    uint8_t *host = physical->base + frame * PAGE_BYTES;
    if (madvise(host, PAGE_BYTES, MADV_DONTNEED) != 0) memset(host, 0, PAGE_BYTES);
}

uint8_t *physical_frame(const struct physical *physical, uint64_t frame)
{
    return is_used(physical, frame) ? physical->base + frame * PAGE_BYTES : NULL;
}

uint32_t *physical_chunks(const struct physical *physical, uint64_t frame)
{
    return is_used(physical, frame) ? &physical->chunks[frame] : NULL;
}

uint64_t physical_frames_in_use(const struct physical *physical) { return physical->in_use; }

/* Do all bytes lie in frames that are in use? */
static bool is_backed(const struct physical *physical, uint64_t address, size_t bytes)
{
    if (bytes == 0) return true;
    if (address + bytes < address) return false;
    for (uint64_t frame = address >> PAGE_BITS; frame <= (address + bytes - 1) >> PAGE_BITS; frame++)
        if (!is_used(physical, frame)) return false;
    return true;
}

bool physical_read(const struct physical *physical, uint64_t address, void *to, size_t bytes)
{
    if (!is_backed(physical, address, bytes)) return false;
    memcpy(to, physical->base + address, bytes);
    return true;
}

bool physical_write(struct physical *physical, uint64_t address, const void *from, size_t bytes)
{
    if (!is_backed(physical, address, bytes)) return false;
    memcpy(physical->base + address, from, bytes);
    tell(physical, address, bytes);
    return true;
}

bool physical_clear(struct physical *physical, uint64_t address, size_t bytes)
{
    if (!is_backed(physical, address, bytes)) return false;
    memset(physical->base + address, 0, bytes);
    tell(physical, address, bytes);
    return true;
}

bool physical_observe(struct physical *physical, struct physical_observer observer)
{
    if (physical->observer_count == OBSERVERS) return false;
    physical->observers[physical->observer_count++] = observer;
    return true;
}

/* ---- snapshots ---- */

static void snapshot_frame(struct physical *physical, uint64_t frame, struct snapshot *snapshot)
{
    snapshot_bytes(snapshot, physical->base + frame * PAGE_BYTES, PAGE_BYTES);
    if (snapshot->loading) tell(physical, frame * PAGE_BYTES, PAGE_BYTES);
    SNAPSHOT(snapshot, physical->chunks[frame]);
    SNAPSHOT(snapshot, physical->sharers[frame]);
}

void physical_snapshot(struct physical *physical, struct snapshot *snapshot)
{
    uint32_t words = (uint32_t)((physical->frames + 63) / 64), limit = words;
    while (!snapshot->loading && words && !physical->used[words - 1]) words--;
    snapshot_section(snapshot, "physical");
    words = snapshot_count(snapshot, words, limit);
    snapshot_bytes(snapshot, physical->used, words * sizeof physical->used[0]);
    SNAPSHOT(snapshot, physical->lowest_word);
    SNAPSHOT(snapshot, physical->in_use);
    for (uint64_t frame = 1; frame < words * UINT64_C(64) && !snapshot->failed; frame++)
        if (is_used(physical, frame)) snapshot_frame(physical, frame, snapshot);
}
