/* physical.h -- guest physical memory: sparse 4 KiB frames, each with its code-protection chunks.
 *
 * Whatever is not a bundle or a CMS access (the platform, a device, a loader) changes guest memory through
 * physical_write and physical_clear alone, so that an observer (lockstep checking, coherence) sees every such write.
 */
#ifndef COVM_PHYSICAL_H
#define COVM_PHYSICAL_H

#include "hwsim/base/snapshot.h"

enum { PAGE_BITS = 12, PAGE_BYTES = 4096, CHUNK_BYTES = 128 };

struct physical;

/* At most `limit` bytes of frames; NULL when the host has no memory. */
struct physical *physical_create(uint64_t limit);
void physical_destroy(struct physical *physical);
/* A zeroed frame: its number, the lowest free one; 0 when the limit is reached (frame 0 is never given out). */
uint64_t physical_allocate(struct physical *physical);
/* Another holds the frame too; it, too, will give it back. */
void physical_share(struct physical *physical, uint64_t frame);
bool physical_is_shared(const struct physical *physical, uint64_t frame);
/* Gives a frame back; once nobody holds it its contents and protection are gone. */
void physical_release(struct physical *physical, uint64_t frame);
/* Host address of a frame that is allocated, else NULL. Stable until it is released. */
uint8_t *physical_frame(const struct physical *physical, uint64_t frame);
/* The frame's protected chunks (contract.h, hw_protect); writable through the pointer. */
uint32_t *physical_chunks(const struct physical *physical, uint64_t frame);
uint64_t physical_frames_in_use(const struct physical *physical);

bool physical_read(const struct physical *physical, uint64_t address, void *to, size_t bytes);
bool physical_write(struct physical *physical, uint64_t address, const void *from, size_t bytes);
bool physical_clear(struct physical *physical, uint64_t address, size_t bytes);

/* Called after each physical_write / physical_clear, and after allocation (bytes = PAGE_BYTES). */
struct physical_observer {
    void *cookie;
    void (*written)(void *cookie, uint64_t address, size_t bytes);
};
/* At most two at a time (the machine's own and a checker's); false when both places are taken. */
bool physical_observe(struct physical *physical, struct physical_observer observer);

/* Loads into one that has given out no frame yet; observers hear of each as if it had been written. */
void physical_snapshot(struct physical *physical, struct snapshot *snapshot);

#endif
