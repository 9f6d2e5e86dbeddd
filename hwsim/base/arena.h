/* arena.h -- memory with the lifetime of one translation (or one load, one report): allocate forward, free all at once.
 * Freestanding: the arena is carved from memory that the caller owns, and never grows.
 */
#ifndef COVM_ARENA_H
#define COVM_ARENA_H

#include "hwsim/base/base.h"

struct arena {
    char *memory; /* owned by whoever set the arena up */
    size_t size, used, peak; /* bytes */
};

/* Takes over `size` bytes at `memory`. */
void arena_init(struct arena *arena, void *memory, size_t size);
/* `bytes` zeroed bytes aligned to 16, or NULL when the arena is full (the caller turns that into a named reason). */
void *arena_alloc(struct arena *arena, size_t bytes);
/* Forgets everything allocated since `used` was `mark` (0: all). */
void arena_reset(struct arena *arena, size_t mark);

#define ARENA_NEW(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (size_t)(count)))

#endif
