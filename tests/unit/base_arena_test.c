#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "hwsim/base/arena.h"

static void blocks_are_zeroed_aligned_and_disjoint(void **state)
{
    _Alignas(16) char memory[256];
    memset(memory, 0xaa, sizeof memory);
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    char *a = arena_alloc(&arena, 1), *b = arena_alloc(&arena, 17), *c = arena_alloc(&arena, 0);
    assert_ptr_equal(a, memory);
    assert_ptr_equal(b, memory + 16);
    assert_ptr_equal(c, memory + 48);
    assert_int_equal(a[0], 0);
    for (int i = 0; i < 17; i++) assert_int_equal(b[i], 0);
    assert_int_equal(arena.used, 48);
}

static void a_full_arena_says_so_and_stays_usable(void **state)
{
    _Alignas(16) char memory[64];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    assert_non_null(arena_alloc(&arena, 48));
    assert_null(arena_alloc(&arena, 17));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_non_null(arena_alloc(&arena, 16));
    assert_null(arena_alloc(&arena, 1));
    assert_non_null(arena_alloc(&arena, 0));
}

static void reset_forgets_and_peak_remembers(void **state)
{
    _Alignas(16) char memory[128];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    char *first = arena_alloc(&arena, 16);
    size_t mark = arena.used;
    char *second = arena_alloc(&arena, 64);
    memset(second, 1, 64);
    arena_reset(&arena, mark);
    char *again = arena_alloc(&arena, 32);
    assert_ptr_equal(again, second);
    assert_int_equal(again[31], 0);
    assert_int_equal(arena.peak, 80);
    arena_reset(&arena, 0);
    assert_ptr_equal(arena_alloc(&arena, 1), first);
}

static void memory_at_an_odd_address_is_trimmed(void **state)
{
    _Alignas(16) char memory[64];
    for (size_t skew = 0; skew < 20; skew++) {
        struct arena arena;
        arena_init(&arena, memory + skew, sizeof memory - skew);
        char *block = arena_alloc(&arena, 1);
        assert_int_equal((uintptr_t)block % 16, 0);
        assert_true(block >= memory + skew);
        while (arena_alloc(&arena, 1)) {}
        assert_true(arena.memory + arena.used <= memory + sizeof memory);
    }
    struct arena tiny;
    arena_init(&tiny, memory + 1, 3);
    assert_null(arena_alloc(&tiny, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_aligned_and_disjoint),
        cmocka_unit_test(a_full_arena_says_so_and_stays_usable),
        cmocka_unit_test(reset_forgets_and_peak_remembers),
        cmocka_unit_test(memory_at_an_odd_address_is_trimmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
