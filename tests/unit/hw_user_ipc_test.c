/* The user platform's System V IPC: the same ids in every run, the forms of the guest's structures, and an answer to
 * whatever a guest passes. What it does is compared with the host's in tests/programs/ipc.c. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include <cmocka.h>

#include "hwsim/base/prng.h"
#include "hwsim/platform/user/user.h"
#include "tests/unit/hw_user_support.h"

enum { IPC = 117, SHMGET = 395, SHMCTL, SHMAT, SHMDT };
enum { I_SHMAT = 21, I_SHMDT, I_SHMGET, I_SHMCTL, NEW_FORM = 0x100 };
enum { DATA = GUEST_DATA, NOWHERE = 0x100, KERNEL = 0xfffff000, MADE = IPC_CREAT | 0600 };
static const struct bench_options plain = {.stack = STACK_PLAIN};

static int set_up(void **state)
{
    struct bench *bench = bench_create(&plain);
    touch(bench, DATA);
    *state = bench;
    return 0;
}
static int tear_down(void **state)
{
    bench_destroy(*state);
    return 0;
}

/* A place that is given anew makes another id of it. */
static void ids_are_as_linux_gives_them(void **state)
{
    struct bench *bench = *state;
    for (unsigned i = 0; i < 3; i++) assert_int_equal(CALL(bench, SHMGET, 0, 1, MADE), i);
    assert_int_equal(CALL(bench, SHMCTL, 1, IPC_RMID, 0), 0);
    assert_int_equal(CALL(bench, SHMGET, 0, 1, MADE), 1 << 15 | 1);
    assert_int_equal(CALL(bench, SHMGET, 0, 1, MADE), 1 << 15 | 3);
    assert_int_equal(CALL(bench, SHMCTL, 1, IPC_RMID, 0), -EINVAL);
}

static void permissions_are_the_owners(void **state)
{
    struct bench *bench = *state;
    uint32_t id = (uint32_t)CALL(bench, SHMGET, 77, 10, IPC_CREAT | 0477);
    assert_int_equal(CALL(bench, SHMGET, 77, 10, 0600), -EACCES);
    assert_int_equal(CALL(bench, SHMGET, 77, 10, 0400), id);
    assert_int_equal(CALL(bench, SHMAT, id, 0, 0), -EACCES);
    assert_int_equal(CALL(bench, SHMAT, id, 0, SHM_RDONLY | SHM_EXEC), -EACCES);
    assert_true(CALL(bench, SHMAT, id, 0, SHM_RDONLY) > 0);
}

static void forms_of_the_status(void **state)
{
    struct bench *bench = *state;
    uint32_t id = (uint32_t)CALL(bench, SHMGET, 77, 10, MADE);
    CALL(bench, SHMAT, id, 0, 0);
    assert_int_equal(CALL(bench, SHMCTL, id, IPC_STAT, DATA), 0);
    static const uint32_t wide[] = {77, 1000, 1000, 1000, 1000, 0600, 0, 0, 0, 10, 1700000000};
    for (unsigned i = 0; i < LENGTH(wide); i++) assert_int_equal(get32(bench, DATA + 4 * i), wide[i]);
    static const uint32_t end[] = {1700000000, 0, 1000, 1000, 1, 0, 0};
    for (unsigned i = 0; i < LENGTH(end); i++) assert_int_equal(get32(bench, DATA + 56 + 4 * i), end[i]);
    assert_int_equal(CALL(bench, IPC, I_SHMCTL, id, IPC_STAT, 0, DATA), 0);
    static const uint32_t old[] = {77, 1000 << 16 | 1000, 1000 << 16 | 1000, 0600, 10, 1700000000,
                                   0,  1700000000,        1000 << 16 | 1000, 1};
    for (unsigned i = 0; i < LENGTH(old); i++) assert_int_equal(get32(bench, DATA + 4 * i), old[i]);
    assert_int_equal(CALL(bench, IPC, I_SHMCTL, id, IPC_STAT | NEW_FORM, 0, DATA), 0);
    assert_int_equal(get32(bench, DATA + 20), 0600);
    assert_int_equal(CALL(bench, SHMCTL, id, IPC_STAT | NEW_FORM, DATA), -EINVAL);
    assert_int_equal(CALL(bench, SHMCTL, id, IPC_STAT, NOWHERE), -EFAULT);
}

/* ipc(2) is the same calls. */
static void ipc_is_the_same(void **state)
{
    struct bench *bench = *state;
    uint32_t id = (uint32_t)CALL(bench, IPC, I_SHMGET, 0, 4096, MADE);
    assert_int_equal(CALL(bench, IPC, I_SHMAT, id, 0, NOWHERE, 0), -EFAULT);
    assert_int_equal(CALL(bench, IPC, I_SHMAT | 1 << 16, id, 0, DATA, 0), -EINVAL);
    assert_int_equal(CALL(bench, IPC, I_SHMAT, id, 0, DATA, 0), 0);
    uint32_t at = get32(bench, DATA);
    touch(bench, at);
    put32(bench, at, 5);
    assert_int_equal(CALL(bench, IPC, I_SHMCTL, id, IPC_RMID, 0, 0), 0);
    assert_int_equal(get32(bench, at), 5);
    assert_int_equal(CALL(bench, IPC, I_SHMDT, 0, 0, 0, at), 0);
    assert_int_equal(CALL(bench, IPC, I_SHMDT, 0, 0, 0, at), -EINVAL);
    assert_int_equal(CALL(bench, SHMCTL, id, IPC_STAT, DATA), -EINVAL);
}

static void any_call_gets_an_answer(void **state)
{
    struct bench *bench = *state;
    struct prng prng;
    static const uint32_t words[] = {0,    1,       2,      3,    4096,      0x5000,  0x40000000, IPC_CREAT | 0700,
                                     DATA, NOWHERE, KERNEL, 0600, SHM_REMAP, SHM_RND, 0x41000000, 0xffffffff};
    unsigned done = 0;
    prng_seed(&prng, 7);
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t a[6], call = SHMGET + (uint32_t)prng_below(&prng, 4);
        for (unsigned j = 0; j < 6; j++) a[j] = words[prng_below(&prng, LENGTH(words))];
        if (call == SHMCTL) a[1] = (uint32_t)prng_below(&prng, 17);
        if (prng_below(&prng, 4) == 0) {
            call = IPC;
            a[0] = I_SHMAT + (uint32_t)prng_below(&prng, 4);
        }
        done += call6(bench, call, a) >= 0;
    }
    assert_true(done > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ids_are_as_linux_gives_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(permissions_are_the_owners, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forms_of_the_status, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ipc_is_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_call_gets_an_answer, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
