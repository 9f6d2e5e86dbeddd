/* Our own memcpy, memmove, memset, memcmp against libc's, at every alignment; compiled in under other names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static void *(*const libc_memcpy)(void *, const void *, size_t) = memcpy;
static void *(*const libc_memmove)(void *, const void *, size_t) = memmove;
static void *(*const libc_memset)(void *, int, size_t) = memset;
static int (*const libc_memcmp)(const void *, const void *, size_t) = memcmp;

#define memcpy own_memcpy
#define memmove own_memmove
#define memset own_memset
#define memcmp own_memcmp
#include "hwsim/base/freestanding.c"

enum { ROOM = 80, SKEW = 17 };

static void fill(unsigned char *to, unsigned seed)
{
    for (unsigned i = 0; i < ROOM; i++) to[i] = (unsigned char)((i + seed) * 37 + 11);
}

static void copies_equal_libcs(void **state)
{
    unsigned char from[ROOM], to[ROOM], expected[ROOM];
    fill(from, 1);
    for (size_t t = 0; t < SKEW; t++)
        for (size_t f = 0; f < SKEW; f++)
            for (size_t n = 0; n < 40; n++) {
                fill(to, 2), fill(expected, 2);
                assert_ptr_equal(own_memcpy(to + t, from + f, n), to + t);
                libc_memcpy(expected + t, from + f, n);
                assert_int_equal(libc_memcmp(to, expected, ROOM), 0);
            }
}

static void overlapping_moves_equal_libcs(void **state)
{
    unsigned char to[ROOM], expected[ROOM];
    for (size_t t = 0; t < SKEW; t++)
        for (size_t f = 0; f < SKEW; f++)
            for (size_t n = 0; n < 60; n++) {
                fill(to, 3), fill(expected, 3);
                assert_ptr_equal(own_memmove(to + t, to + f, n), to + t);
                libc_memmove(expected + t, expected + f, n);
                assert_int_equal(libc_memcmp(to, expected, ROOM), 0);
            }
}

static void fills_equal_libcs(void **state)
{
    unsigned char to[ROOM], expected[ROOM];
    for (size_t t = 0; t < SKEW; t++)
        for (size_t n = 0; n < 60; n++) {
            fill(to, 4), fill(expected, 4);
            assert_ptr_equal(own_memset(to + t, 0x1a5, n), to + t);
            libc_memset(expected + t, 0x1a5, n);
            assert_int_equal(libc_memcmp(to, expected, ROOM), 0);
        }
}

static int sign(int value) { return (value > 0) - (value < 0); }

static void comparisons_equal_libcs(void **state)
{
    unsigned char a[ROOM], b[ROOM];
    for (unsigned at = 0; at < 20; at++)
        for (size_t n = 0; n < 30; n++)
            for (int change = -2; change <= 2; change++) {
                fill(a, 5), fill(b, 5);
                b[at] = (unsigned char)(b[at] + change * 70);
                assert_int_equal(sign(own_memcmp(a, b, n)), sign(libc_memcmp(a, b, n)));
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_equal_libcs),
        cmocka_unit_test(overlapping_moves_equal_libcs),
        cmocka_unit_test(fills_equal_libcs),
        cmocka_unit_test(comparisons_equal_libcs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
