/* Caches against a plain model that keeps lists, and the TLB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "hwsim/base/prng.h"
#include "hwsim/memory/cache.h"
#include "hwsim/memory/tlb.h"

static const struct cache_shape small = {1024, 32, 4, 4, 3, false, false}; /* 8 sets */

static void shapes(void **state)
{
    assert_null(cache_shape_error(&small));
    assert_non_null(cache_shape_error(&(struct cache_shape){1024, 48, 4, 4, 3, false, false}));
    assert_non_null(cache_shape_error(&(struct cache_shape){1000, 32, 4, 4, 3, false, false}));
    assert_non_null(cache_shape_error(&(struct cache_shape){1536, 32, 4, 4, 3, false, false}));
    assert_non_null(tlb_shape_error(10, 4));
    assert_non_null(tlb_shape_error(12, 4));
    assert_null(tlb_shape_error(16, 4));
}

/* LRU by a list of lines per set. */
struct model {
    uint64_t line[8][4];
    bool dirty[8][4];
    unsigned count[8];
    uint64_t misses, writebacks;
};

static void model_access(struct model *model, uint64_t line, bool write)
{
    unsigned set = line % 8, at = 0;
    while (at < model->count[set] && model->line[set][at] != line) at++;
    bool dirty = write;
    if (at == model->count[set]) {
        model->misses++;
        if (at == 4)
            model->writebacks += model->dirty[set][--at];
        else
            model->count[set]++;
    } else {
        dirty |= model->dirty[set][at];
    }
    for (; at > 0; at--) {
        model->line[set][at] = model->line[set][at - 1];
        model->dirty[set][at] = model->dirty[set][at - 1];
    }
    model->line[set][0] = line;
    model->dirty[set][0] = dirty;
}

static void replacement_is_lru(void **state)
{
    struct dram dram = {.latency_cycles = 10, .byte_cycles_num = 1, .byte_cycles_den = 32};
    struct cache cache;
    struct model model = {0};
    struct prng prng;
    prng_seed(&prng, 5);
    assert_true(cache_init(&cache, &small, NULL, &dram));
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t line = prng_below(&prng, 64);
        bool write = prng_below(&prng, 3) == 0, hit;
        uint64_t misses = model.misses;
        model_access(&model, line, write);
        cache_access(&cache, line * 32 + prng_below(&prng, 32), write, (uint64_t)i * 1000, &hit);
        assert_int_equal(hit, model.misses == misses);
    }
    assert_int_equal(cache.misses, model.misses);
    assert_int_equal(cache.writebacks, model.writebacks);
    assert_int_equal(dram.reads, model.misses);
    assert_int_equal(dram.writes, model.writebacks);
    cache_free(&cache);
}

static void misses_merge_and_wait(void **state)
{
    struct dram dram = {.latency_cycles = 10, .byte_cycles_num = 1, .byte_cycles_den = 32};
    struct cache_shape shape = small;
    struct cache cache;
    bool hit;
    shape.mshrs = 2;
    assert_true(cache_init(&cache, &shape, NULL, &dram));
    /* miss known after 3; then 10, and the bus for 1 */
    assert_int_equal(cache_access(&cache, 0, false, 100, &hit), 114);
    assert_false(hit);
    assert_false(cache_hits(&cache, 8, 113));
    assert_true(cache_hits(&cache, 8, 114));
    assert_int_equal(cache_access(&cache, 8, false, 101, &hit), 114); /* comes with the same line */
    assert_int_equal(cache.merges, 1);
    assert_int_equal(cache_access(&cache, 16, false, 112, &hit), 115); /* just there: its own latency counts */
    assert_int_equal(cache_access(&cache, 32, false, 102, &hit), 116); /* asks at 105, bus 105; there at 116 */
    assert_int_equal(cache_accepts(&cache, 64, 103), 114);             /* both registers are taken */
    assert_int_equal(cache_accepts(&cache, 40, 103), 103);             /* a line on its way needs none */
    assert_int_equal(cache_access(&cache, 64, false, 103, &hit), 128); /* waits until 114 by itself */
    assert_int_equal(cache.mshr_full, 2);
    cache_free(&cache);
}

static void levels(void **state)
{
    struct dram dram = {.latency_cycles = 10, .byte_cycles_num = 1, .byte_cycles_den = 32};
    struct cache_shape big = {4096, 128, 4, 4, 8, false, false}, tiny = {32, 32, 1, 1, 3, false, false};
    struct cache l1, l2;
    bool hit, dirty;
    assert_true(cache_init(&l2, &big, NULL, &dram));
    assert_true(cache_init(&l1, &tiny, &l2, &dram));
    assert_int_equal(cache_access(&l1, 0, true, 0, &hit), 3 + 8 + 10 + 4);
    assert_true(cache_holds(&l1, 0, &dirty) && dirty);
    assert_true(cache_holds(&l2, 0, &dirty) && !dirty);
    /* the next line of L1 is in the same line of L2; the dirty victim goes there */
    assert_int_equal(cache_access(&l1, 32, false, 1000, &hit), 1011);
    assert_false(cache_holds(&l1, 0, &dirty));
    assert_true(cache_holds(&l2, 0, &dirty) && dirty);
    assert_int_equal(dram.writes, 0);
    cache_invalidate(&l1, 40, 1);
    assert_false(cache_holds(&l1, 32, &dirty));
    /* a victim that L2 has lost goes to memory */
    cache_access(&l1, 64, true, 2000, &hit);
    cache_invalidate(&l2, 0, 4096);
    assert_false(cache_holds(&l2, 0, &dirty));
    cache_access(&l1, 0, false, 3000, &hit);
    assert_int_equal(dram.writes, 1);
    cache_free(&l1);
    cache_free(&l2);
}

static void through_and_perfect(void **state)
{
    struct dram dram = {.latency_cycles = 10, .byte_cycles_num = 1, .byte_cycles_den = 32};
    struct cache_shape through = small, perfect = small;
    struct cache cache;
    bool hit, dirty;
    through.write_through = true;
    assert_true(cache_init(&cache, &through, NULL, &dram));
    cache_access(&cache, 0, true, 0, &hit);
    assert_false(cache_holds(&cache, 0, &dirty));
    cache_access(&cache, 0, false, 100, &hit);
    cache_access(&cache, 0, true, 200, &hit);
    assert_true(cache_holds(&cache, 0, &dirty) && !dirty);
    assert_int_equal(dram.writes, 2);
    cache_free(&cache);
    perfect.perfect = true;
    assert_true(cache_init(&cache, &perfect, NULL, &dram));
    assert_true(cache_hits(&cache, CONCEALED_ADDRESS | 0x123456, 0));
    assert_int_equal(cache_access(&cache, 0x5555, true, 7, &hit), 10);
    cache_invalidate(&cache, 0, 1 << 20);
    assert_true(cache_hits(&cache, 0x5555, 0));
    assert_int_equal(cache.misses, 0);
    cache_free(&cache);
}

static void tlb_sets_spaces_lru(void **state)
{
    struct tlb tlb;
    assert_true(tlb_init(&tlb, 8, 2)); /* 4 sets */
    for (uint64_t i = 0; i < 2; i++) {
        unsigned slot = tlb_victim(&tlb, 4 * i, 1);
        tlb.entries[slot] = (struct tlb_entry){.page = 4 * i, .space = 1};
        tlb_use(&tlb, slot);
    }
    int zero = tlb_find(&tlb, 0, 1), four = tlb_find(&tlb, 4, 1);
    assert_true(zero >= 0 && four >= 0);
    assert_int_equal(tlb_find(&tlb, 0, 2), -1); /* another space's */
    assert_int_equal(tlb_find(&tlb, 8, 1), -1);
    assert_int_equal(tlb_victim(&tlb, 8, 1), zero);
    tlb_use(&tlb, (unsigned)zero);
    assert_int_equal(tlb_victim(&tlb, 8, 1), four);
    assert_int_equal(tlb_victim(&tlb, 0, 1), zero); /* its own */
    tlb_drop(&tlb, 0, 3, 2);
    assert_int_equal(tlb_find(&tlb, 0, 1), zero);
    tlb_drop(&tlb, 0, 3, 1);
    assert_int_equal(tlb_find(&tlb, 0, 1), -1);
    assert_int_equal(tlb_find(&tlb, 4, 1), four);
    tlb_free(&tlb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes), cmocka_unit_test(replacement_is_lru),  cmocka_unit_test(misses_merge_and_wait),
        cmocka_unit_test(levels), cmocka_unit_test(through_and_perfect), cmocka_unit_test(tlb_sets_spaces_lru)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
