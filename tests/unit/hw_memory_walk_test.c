/* Page tables in the three formats, built by hand as well as by page_map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "hwsim/memory/page_walk.h"

enum { ALL = PTE_PRESENT | PTE_WRITE | PTE_USER };

static struct physical *physical;
static uint64_t cr3;
static int setup(void **state)
{
    physical = physical_create(1 << 24);
    cr3 = physical_allocate(physical) << PAGE_BITS;
    return 0;
}
static int teardown(void **state)
{
    physical_destroy(physical);
    return 0;
}

static void put32(uint64_t address, uint32_t entry) { assert_true(physical_write(physical, address, &entry, 4)); }
static void put64(uint64_t address, uint64_t entry) { assert_true(physical_write(physical, address, &entry, 8)); }
static uint64_t get(uint64_t address, unsigned bytes)
{
    uint64_t entry = 0;
    assert_true(physical_read(physical, address, &entry, bytes));
    return entry;
}

static void two_level_by_hand(void **state)
{
    uint64_t table = physical_allocate(physical) << PAGE_BITS, linear = 0x12345678;
    struct page_walk walk;
    put32(cr3 + (linear >> 22) * 4, (uint32_t)(table | ALL));
    put32(table + (linear >> 12 & 1023) * 4, 0x00abc000 | ALL);
    assert_true(page_walk(physical, PAGING_TWO_LEVEL, cr3, linear, ACCESS_USER, &walk));
    assert_int_equal(walk.frame, 0xabc);
    assert_true(walk.user && walk.write && walk.execute);
    assert_int_equal(walk.levels, 2);
    assert_int_equal(walk.entry[0], cr3 + (linear >> 22) * 4);
    assert_int_equal(walk.entry[1], table + (linear >> 12 & 1023) * 4);
    assert_int_equal(get(walk.entry[0], 4) & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED);
    assert_int_equal(get(walk.entry[1], 4) & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED);
    assert_true(page_walk(physical, PAGING_TWO_LEVEL, cr3, linear, ACCESS_USER | ACCESS_WRITE, &walk));
    assert_int_equal(get(walk.entry[0], 4) & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED);
    assert_int_equal(get(walk.entry[1], 4) & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED | PTE_DIRTY);
}

static void refusals_and_their_codes(void **state)
{
    uint64_t linear = 0x400000;
    struct page_walk walk;
    assert_false(page_walk(physical, PAGING_TWO_LEVEL, cr3, linear, ACCESS_USER, &walk));
    assert_int_equal(walk.error, PF_USER);
    assert_int_equal(walk.levels, 1);
    assert_true(page_map(physical, PAGING_TWO_LEVEL, cr3, linear, 5 << PAGE_BITS | PTE_PRESENT | PTE_USER));
    assert_false(page_walk(physical, PAGING_TWO_LEVEL, cr3, linear, ACCESS_USER | ACCESS_WRITE, &walk));
    assert_int_equal(walk.error, PF_PRESENT | PF_USER | PF_WRITE);
    assert_int_equal(get(walk.entry[1], 4) & (PTE_ACCESSED | PTE_DIRTY), 0); /* a refused access leaves no trace */
    assert_false(page_walk(physical, PAGING_TWO_LEVEL, cr3, linear, ACCESS_WRITE, &walk)); /* CR0.WP */
    assert_int_equal(walk.error, PF_PRESENT | PF_WRITE);
    assert_true(page_map(physical, PAGING_TWO_LEVEL, cr3, linear, 5 << PAGE_BITS | PTE_PRESENT | PTE_WRITE));
    assert_false(page_walk(physical, PAGING_TWO_LEVEL, cr3, linear, ACCESS_USER | ACCESS_FETCH, &walk));
    assert_int_equal(walk.error, PF_PRESENT | PF_USER); /* no fetch bit without NX */
    assert_true(page_walk(physical, PAGING_TWO_LEVEL, cr3, linear, 0, &walk));
    assert_true(page_map(physical, PAGING_TWO_LEVEL, cr3, linear, 0));
    assert_false(page_walk(physical, PAGING_TWO_LEVEL, cr3, linear + 0x1000, 0, &walk));
    assert_int_equal(walk.error, 0);
    assert_int_equal(walk.levels, 2);
}

static void rights_of_both_levels_count(void **state)
{
    uint64_t table = physical_allocate(physical) << PAGE_BITS;
    struct page_walk walk;
    put32(cr3, (uint32_t)table | PTE_PRESENT | PTE_USER);
    put32(table, 0x5000 | ALL);
    assert_true(page_walk(physical, PAGING_TWO_LEVEL, cr3, 0, ACCESS_USER, &walk));
    assert_false(walk.write);
    put32(cr3, (uint32_t)table | PTE_PRESENT | PTE_WRITE);
    assert_true(page_walk(physical, PAGING_TWO_LEVEL, cr3, 0, 0, &walk));
    assert_false(walk.user);
    assert_true(walk.write);
}

static void large_pages(void **state)
{
    struct page_walk walk;
    put32(cr3 + 4, 0x01c00000 | ALL | PTE_LARGE);
    assert_true(page_walk(physical, PAGING_TWO_LEVEL, cr3, 0x00765432, ACCESS_WRITE, &walk));
    assert_int_equal(walk.frame, 0x1f65);
    assert_int_equal(walk.levels, 1);
    assert_true(get(cr3 + 4, 4) & PTE_DIRTY);
}

static void pae_with_no_execute(void **state)
{
    uint64_t directory = physical_allocate(physical) << PAGE_BITS, table = physical_allocate(physical) << PAGE_BITS;
    uint64_t linear = 0xc0201000;
    struct page_walk walk;
    put64(cr3 + 3 * 8, directory | PTE_PRESENT); /* no rights at this level */
    put64(directory + 8, table | ALL);
    put64(table + 8, UINT64_C(0x123456000) | ALL | PTE_NO_EXECUTE);
    assert_true(page_walk(physical, PAGING_PAE, cr3, linear, ACCESS_USER | ACCESS_WRITE, &walk));
    assert_int_equal(walk.frame, 0x123456);
    assert_int_equal(walk.levels, 3);
    assert_int_equal(get(cr3 + 3 * 8, 8), directory | PTE_PRESENT);
    assert_false(walk.execute);
    assert_false(page_walk(physical, PAGING_PAE, cr3, linear, ACCESS_USER | ACCESS_FETCH, &walk));
    assert_int_equal(walk.error, PF_PRESENT | PF_USER | PF_FETCH);
    put64(directory + 16, 0x00a00000 | ALL | PTE_LARGE); /* 2 MiB */
    assert_true(page_walk(physical, PAGING_PAE, cr3, 0xc0412345, ACCESS_USER, &walk));
    assert_int_equal(walk.frame, 0xa12);
    assert_int_equal(walk.levels, 2);
}

static void four_levels(void **state)
{
    uint64_t linear = UINT64_C(0x7fff87654321);
    struct page_walk walk;
    assert_true(page_map(physical, PAGING_FOUR_LEVEL, cr3, linear, UINT64_C(0x77) << PAGE_BITS | ALL));
    assert_true(page_walk(physical, PAGING_FOUR_LEVEL, cr3, linear, ACCESS_USER | ACCESS_FETCH, &walk));
    assert_int_equal(walk.frame, 0x77);
    assert_int_equal(walk.levels, 4);
    put64(walk.entry[1], UINT64_C(1) << 30 | ALL | PTE_LARGE); /* 1 GiB */
    assert_true(page_walk(physical, PAGING_FOUR_LEVEL, cr3, linear, ACCESS_USER, &walk));
    assert_int_equal(walk.frame, (UINT64_C(1) << 30 | (linear & 0x3fffffff)) >> PAGE_BITS);
    assert_int_equal(walk.levels, 2);
}

static void map_and_look(void **state)
{
    static const enum paging modes[] = {PAGING_TWO_LEVEL, PAGING_PAE, PAGING_FOUR_LEVEL};
    for (unsigned i = 0; i < LENGTH(modes); i++) {
        uint64_t root = physical_allocate(physical) << PAGE_BITS;
        assert_int_equal(page_entry(physical, modes[i], root, 0x8048000), 0);
        for (uint64_t page = 0; page < 3000; page += 7)
            assert_true(page_map(physical, modes[i], root, page << PAGE_BITS, (page + 9) << PAGE_BITS | ALL));
        for (uint64_t page = 0; page < 3000; page++)
            assert_int_equal(page_entry(physical, modes[i], root, page << PAGE_BITS | 0xfff),
                             page % 7 ? 0 : (page + 9) << PAGE_BITS | ALL);
    }
    while (physical_allocate(physical)) {
    }
    assert_false(page_map(physical, PAGING_TWO_LEVEL, cr3, 0x40000000, 1 << PAGE_BITS | ALL)); /* no room for a table */
}

/* Tables go, what they map stays. */
static void tables_are_released(void **state)
{
    static const enum paging modes[] = {PAGING_TWO_LEVEL, PAGING_PAE, PAGING_FOUR_LEVEL};
    uint64_t kept = physical_allocate(physical);
    physical_release(physical, cr3 >> PAGE_BITS);
    for (unsigned i = 0; i < LENGTH(modes); i++) {
        uint64_t top = physical_allocate(physical) << PAGE_BITS;
        for (uint64_t linear = 0; linear < UINT64_C(1) << 32; linear += UINT64_C(0x12345000))
            assert_true(page_map(physical, modes[i], top, linear, kept << PAGE_BITS | ALL));
        page_tables_release(physical, modes[i], top);
        assert_int_equal(physical_frames_in_use(physical), 1);
        assert_non_null(physical_frame(physical, kept));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(two_level_by_hand), TEST(refusals_and_their_codes), TEST(rights_of_both_levels_count),
        TEST(large_pages),       TEST(pae_with_no_execute),      TEST(four_levels),
        TEST(map_and_look),      TEST(tables_are_released)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
