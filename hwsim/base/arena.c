#include "hwsim/base/arena.h"

enum { ARENA_ALIGN = 16 };

void arena_init(struct arena *arena, void *memory, size_t size)
{
    size_t skew = (size_t)(-(uintptr_t)memory & (ARENA_ALIGN - 1));
    arena->memory = (char *)memory + (skew < size ? skew : size);
    arena->size = (size - (skew < size ? skew : size)) & ~(size_t)(ARENA_ALIGN - 1);
    arena->used = arena->peak = 0;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    /* used and size are multiples of the alignment, so that rounding up what fits still fits */
    if (bytes > arena->size - arena->used) return NULL;
    void *block = arena->memory + arena->used;
    arena->used += round_up(bytes, ARENA_ALIGN);
    if (arena->used > arena->peak) arena->peak = arena->used;
    return memset(block, 0, bytes);
}

void arena_reset(struct arena *arena, size_t mark) { arena->used = mark; }
