#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "hwsim/base/prng.h"

/* First outputs of xoshiro256** from state 1, 2, 3, 4, worked out from the definition (rotl(s1 * 5, 7) * 9, ...). */
static void the_sequence_is_xoshiro256starstar(void **state)
{
    static const uint64_t expected[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240),
                                        UINT64_C(1216172134540287360), UINT64_C(607988272756665600),
                                        UINT64_C(16172922978634559625)};
    struct prng prng = {{1, 2, 3, 4}};
    for (unsigned i = 0; i < LENGTH(expected); i++) assert_int_equal(prng_next(&prng), expected[i]);
}

static void a_seed_is_spread_by_splitmix64(void **state)
{
    struct prng prng;
    prng_seed(&prng, 1234567);
    static const uint64_t expected[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                        UINT64_C(9817491932198370423), UINT64_C(4593380528125082431)};
    for (unsigned i = 0; i < 4; i++) assert_int_equal(prng.s[i], expected[i]);
    prng_seed(&prng, 0);
    assert_true(prng.s[0] | prng.s[1] | prng.s[2] | prng.s[3]);
}

static void below_stays_below_and_reaches_everything(void **state)
{
    struct prng prng;
    prng_seed(&prng, 5);
    unsigned seen[10] = {0};
    for (int i = 0; i < 10000; i++) seen[prng_below(&prng, 10)]++;
    for (int i = 0; i < 10; i++) assert_in_range(seen[i], 850, 1150);
    for (int i = 0; i < 100; i++) assert_int_equal(prng_below(&prng, 1), 0);
    uint64_t huge = (UINT64_C(1) << 63) + 1;
    for (int i = 0; i < 1000; i++) assert_true(prng_below(&prng, huge) < huge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sequence_is_xoshiro256starstar),
        cmocka_unit_test(a_seed_is_spread_by_splitmix64),
        cmocka_unit_test(below_stays_below_and_reaches_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
