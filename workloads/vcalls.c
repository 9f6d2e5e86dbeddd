/* vcalls -- virtual calls through tables of functions: shapes in random order, areas summed. */
#include "workload.h"

struct shape;
struct methods {
    uint32_t (*area)(const struct shape *);
    void (*grow)(struct shape *, uint32_t);
};
struct shape {
    const struct methods *methods;
    uint32_t a, b, c;
};

static uint32_t square_area(const struct shape *s) { return s->a * s->a; }
static uint32_t box_area(const struct shape *s) { return s->a * s->b; }
static uint32_t triangle_area(const struct shape *s) { return s->a * s->b / 2; }
static uint32_t frame_area(const struct shape *s) { return s->a * s->b - s->c * s->c; }
static void grow_one(struct shape *s, uint32_t by) { s->a = (s->a + by) & 1023; }
static void grow_two(struct shape *s, uint32_t by) { s->a = (s->a + by) & 1023; s->b = (s->b ^ by) & 1023; }
static void grow_all(struct shape *s, uint32_t by) { grow_two(s, by); s->c = (s->c + 1) & 255; }

static const struct methods kinds[4] = {
    {square_area, grow_one}, {box_area, grow_two}, {triangle_area, grow_two}, {frame_area, grow_all}};

enum { SHAPES = 512 };

int main(int argc, char **argv)
{
    static struct shape shapes[SHAPES];
    uint32_t rounds = workload_rounds(argc, argv), sum = 1, seed = 7;
    for (int i = 0; i < SHAPES; i++) {
        uint32_t r = workload_random(&seed);
        shapes[i] = (struct shape){&kinds[r >> 30], r & 1023, r >> 10 & 1023, r >> 20 & 255};
    }
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t total = 0;
        for (int i = 0; i < SHAPES; i++) {
            struct shape *s = &shapes[i];
            total += s->methods->area(s);
            s->methods->grow(s, round & 15);
        }
        sum = workload_mix(sum, total);
    }
    return workload_report("vcalls", sum);
}
