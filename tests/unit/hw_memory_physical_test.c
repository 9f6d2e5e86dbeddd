#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "hwsim/memory/physical.h"

static void frames_are_zeroed_and_lowest_first(void **state)
{
    struct physical *physical = physical_create(4 * PAGE_BYTES);
    assert_int_equal(physical_allocate(physical), 1);
    assert_int_equal(physical_allocate(physical), 2);
    assert_int_equal(physical_allocate(physical), 3);
    physical_frame(physical, 2)[5] = 42;
    *physical_chunks(physical, 2) = 7;
    physical_release(physical, 2);
    assert_null(physical_frame(physical, 2));
    assert_null(physical_chunks(physical, 2));
    assert_int_equal(physical_frames_in_use(physical), 2);
    assert_int_equal(physical_allocate(physical), 2);
    assert_int_equal(physical_frame(physical, 2)[5], 0);
    assert_int_equal(*physical_chunks(physical, 2), 0);
    assert_int_equal(physical_allocate(physical), 4);
    assert_int_equal(physical_allocate(physical), 0); /* the limit */
    physical_release(physical, 9);                    /* nothing happens */
    physical_release(physical, 0);
    physical_release(physical, 1);
    physical_release(physical, 1);
    assert_int_equal(physical_frames_in_use(physical), 3);
    physical_destroy(physical);
}

/* A frame is there as long as anybody holds it. */
static void frames_are_shared(void **state)
{
    struct physical *physical = physical_create(1 << 20);
    uint64_t frame = physical_allocate(physical);
    assert_true(physical_write(physical, frame << PAGE_BITS, "held", 4));
    physical_share(physical, frame);
    physical_share(physical, frame);
    assert_true(physical_is_shared(physical, frame));
    physical_release(physical, frame);
    physical_release(physical, frame);
    assert_false(physical_is_shared(physical, frame));
    assert_memory_equal(physical_frame(physical, frame), "held", 4);
    assert_int_equal(physical_frames_in_use(physical), 1);
    physical_release(physical, frame);
    assert_null(physical_frame(physical, frame));
    assert_int_equal(physical_allocate(physical), frame);
    assert_false(physical_is_shared(physical, frame));
    physical_destroy(physical);
}

static void many_frames(void **state)
{
    struct physical *physical = physical_create(UINT64_C(1000) * PAGE_BYTES);
    for (uint64_t frame = 1; frame <= 1000; frame++) assert_int_equal(physical_allocate(physical), frame);
    assert_int_equal(physical_allocate(physical), 0);
    physical_release(physical, 700);
    physical_release(physical, 3);
    assert_int_equal(physical_allocate(physical), 3);
    assert_int_equal(physical_allocate(physical), 700);
    physical_destroy(physical);
}

struct seen {
    unsigned calls;
    uint64_t address;
    size_t bytes;
};
static void see(void *cookie, uint64_t address, size_t bytes)
{
    struct seen *seen = cookie;
    seen->calls++;
    seen->address = address;
    seen->bytes = bytes;
}

static void writes_are_whole_or_not_at_all(void **state)
{
    struct physical *physical = physical_create(8 * PAGE_BYTES);
    struct seen seen = {0}, other = {0};
    uint8_t bytes[64] = {1, 2, 3}, back[64];
    assert_true(physical_observe(physical, (struct physical_observer){&seen, see}));
    assert_true(physical_observe(physical, (struct physical_observer){&other, see}));
    assert_false(physical_observe(physical, (struct physical_observer){&other, see}));
    physical_allocate(physical);
    physical_allocate(physical);
    assert_int_equal(seen.calls, 2);
    assert_int_equal(seen.address, 2 * PAGE_BYTES);
    assert_int_equal(seen.bytes, PAGE_BYTES);
    assert_true(physical_write(physical, 2 * PAGE_BYTES - 2, bytes, 4)); /* across both frames */
    assert_int_equal(seen.address, 2 * PAGE_BYTES - 2);
    assert_int_equal(other.calls, 3);
    assert_true(physical_read(physical, 2 * PAGE_BYTES - 2, back, 4));
    assert_memory_equal(back, bytes, 4);
    assert_false(physical_write(physical, 3 * PAGE_BYTES - 2, bytes, 4));
    assert_int_equal(seen.calls, 3);
    assert_int_equal(physical_frame(physical, 2)[PAGE_BYTES - 1], 0);
    assert_false(physical_read(physical, UINT64_MAX - 1, back, 4));
    assert_false(physical_read(physical, 0, back, 1));
    assert_true(physical_clear(physical, 2 * PAGE_BYTES - 2, 3));
    assert_true(physical_read(physical, 2 * PAGE_BYTES - 2, back, 4));
    assert_int_equal(back[0] | back[1] | back[2], 0);
    assert_int_equal(seen.calls, 4);
    physical_destroy(physical);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(frames_are_zeroed_and_lowest_first),
                                       cmocka_unit_test(frames_are_shared), cmocka_unit_test(many_frames),
                                       cmocka_unit_test(writes_are_whole_or_not_at_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
