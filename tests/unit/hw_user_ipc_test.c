/* The user platform's System V IPC: the same ids in every run, the forms of the guest's structures, and an answer to
 * whatever a guest passes. What it does is compared with the host's in tests/programs/ipc.c. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <cmocka.h>

#include "hwsim/base/prng.h"
#include "hwsim/platform/user/user.h"
#include "tests/unit/hw_user_support.h"

enum {
    IPC = 117,
    SEMGET = 393,
    SEMCTL,
    SHMGET,
    SHMCTL,
    SHMAT,
    SHMDT,
    MSGGET,
    MSGSND,
    MSGRCV,
    MSGCTL,
    SEMTIMEDOP = 420
};
enum {
    I_SEMOP = 1,
    I_SEMGET,
    I_SEMCTL,
    I_SEMTIMEDOP,
    I_MSGSND = 11,
    I_MSGRCV,
    I_MSGGET,
    I_MSGCTL,
    I_SHMAT = 21,
    I_SHMDT,
    I_SHMGET,
    I_SHMCTL,
    NEW_FORM = 0x100
};
enum { IPC_MSG_BYTES_AT = 36 + 24 + 8 };
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

static void check_words(struct bench *bench, uint32_t address, const uint32_t *word, unsigned count)
{
    for (unsigned i = 0; i < count; i++) assert_int_equal(get32(bench, address + 4 * i), word[i]);
}

/* A semaphore's operation, in the guest's memory. */
static uint32_t put_operation(struct bench *bench, unsigned number, int change, unsigned flags)
{
    const struct sembuf operation = {(unsigned short)number, (short)change, (short)flags};
    put(bench, DATA + 0x800, &operation, sizeof operation);
    return DATA + 0x800;
}

static void semaphores_by_either_call(void **state)
{
    struct bench *bench = *state;
    uint32_t id = (uint32_t)CALL(bench, IPC, I_SEMGET, 77, 3, MADE), argument = DATA + 0x400;
    assert_int_equal(CALL(bench, SEMGET, 77, 3, 0), id);
    assert_int_equal(CALL(bench, IPC, I_SEMOP, id, 1, 0, put_operation(bench, 2, 6, 0)), 0);
    assert_int_equal(CALL(bench, SEMTIMEDOP, id, put_operation(bench, 2, -1, SEM_UNDO), 1, 0), 0);
    assert_int_equal(CALL(bench, SEMTIMEDOP, id, put_operation(bench, 2, -9, IPC_NOWAIT), 1, 0), -EAGAIN);
    assert_int_equal(CALL(bench, SEMCTL, id, 2, GETVAL, 0), 5);
    assert_int_equal(CALL(bench, SEMCTL, id, 2, GETPID, 0), 1000);
    put32(bench, argument, DATA);
    assert_int_equal(CALL(bench, IPC, I_SEMCTL, id, 0, IPC_STAT | NEW_FORM, argument), 0);
    static const uint32_t wide[16] = {77, 1000, 1000, 1000, 1000, 0600, 0, 0, 0, 1700000000, 0, 1700000000, 0, 3, 0, 0};
    check_words(bench, DATA, wide, LENGTH(wide));
    assert_int_equal(CALL(bench, IPC, I_SEMCTL, id, 0, IPC_STAT, argument), 0);
    static const uint32_t old[11] = {77, 1000 << 16 | 1000, 1000 << 16 | 1000, 0600, 1700000000, 1700000000, [10] = 3};
    check_words(bench, DATA, old, LENGTH(old));
    assert_int_equal(CALL(bench, IPC, I_SEMCTL, id, 0, IPC_STAT, 0), -EINVAL);
    assert_int_equal(CALL(bench, IPC, I_SEMCTL, id, 0, IPC_STAT, NOWHERE), -EFAULT);
}

static void messages_by_either_call(void **state)
{
    struct bench *bench = *state;
    uint32_t id = (uint32_t)CALL(bench, IPC, I_MSGGET, 77, MADE), in = DATA + 0x400, out = DATA + 0x800;
    put32(bench, in, 9), put32(bench, in + 4, 0x64636261);
    assert_int_equal(CALL(bench, MSGSND, id, in, 4, 0), 0);
    assert_int_equal(CALL(bench, IPC, I_MSGSND, id, 3, 0, in), 0);
    assert_int_equal(CALL(bench, IPC, I_MSGCTL, id, IPC_STAT | NEW_FORM, 0, DATA), 0);
    static const uint32_t wide[22] = {77, 1000, 1000,       1000, 1000, 0600, 0,     0,    0, 1700000000, 0,
                                      0,  0,    1700000000, 0,    7,    2,    16384, 1000, 0, 0,          0};
    check_words(bench, DATA, wide, LENGTH(wide));
    assert_int_equal(CALL(bench, IPC, I_MSGCTL, id, IPC_STAT, 0, DATA), 0);
    static const uint32_t old[14] = {
        77, 1000 << 16 | 1000, 1000 << 16 | 1000,  0600, 0, 0, 1700000000, 0, 1700000000, 0,
        0,  2 << 16 | 7,       1000 << 16 | 16384, 0};
    check_words(bench, DATA, old, LENGTH(old));
    put32(bench, DATA, out), put32(bench, DATA + 4, 9); /* the buffer and the type, packed */
    assert_int_equal(CALL(bench, IPC, I_MSGRCV, id, 8, 0, DATA), 4);
    assert_int_equal(get32(bench, out + 4), 0x64636261);
    assert_int_equal(CALL(bench, IPC, I_MSGRCV | 1 << 16, id, 8, MSG_EXCEPT, out, 8), 3);
    assert_int_equal(CALL(bench, MSGRCV, id, out, 8, 0, IPC_NOWAIT), -ENOMSG);
}

/* Nobody but the owner is there, and what it may not do it is not let. */
static void owners_without_permission(void **state)
{
    struct bench *bench = *state;
    uint32_t set = (uint32_t)CALL(bench, SEMGET, 0, 1, IPC_CREAT | 0400),
             queue = (uint32_t)CALL(bench, MSGGET, 0, 0400);
    put32(bench, DATA, 1);
    assert_int_equal(CALL(bench, SEMTIMEDOP, set, put_operation(bench, 0, 1, 0), 1, 0), -EACCES);
    assert_int_equal(CALL(bench, SEMTIMEDOP, set, put_operation(bench, 0, 0, 0), 1, 0), 0);
    assert_int_equal(CALL(bench, SEMCTL, set, 0, SETVAL, 1), -EACCES);
    assert_int_equal(CALL(bench, SEMCTL, set, 0, GETVAL, 0), 0);
    assert_int_equal(CALL(bench, MSGSND, queue, DATA, 4, 0), -EACCES);
    assert_int_equal(CALL(bench, MSGRCV, queue, DATA, 4, 0, IPC_NOWAIT), -ENOMSG);
    assert_int_equal(CALL(bench, MSGRCV, CALL(bench, MSGGET, 0, 0200), DATA, 4, 0, IPC_NOWAIT), -EACCES);
    assert_int_equal(CALL(bench, SEMCTL, set, 0, IPC_RMID, 0), 0);
    assert_int_equal(CALL(bench, MSGCTL, queue, IPC_STAT, DATA), 0);
    put32(bench, DATA + IPC_MSG_BYTES_AT, 16385);
    assert_int_equal(CALL(bench, MSGCTL, queue, IPC_SET, DATA), -EPERM);
}

/* None of them may wait: nobody else is there. */
static void any_other_call_gets_an_answer(void **state)
{
    struct bench *bench = *state;
    struct prng prng;
    static const uint32_t calls[] = {SEMGET, SEMCTL, MSGGET, MSGSND, MSGRCV, MSGCTL, SEMTIMEDOP, IPC};
    static const uint32_t inner[] = {I_SEMOP, I_SEMGET, I_SEMCTL, I_SEMTIMEDOP, I_MSGSND, I_MSGRCV, I_MSGGET, I_MSGCTL};
    static const uint32_t words[] = {0,    1,       2,      3,    4,      500,  IPC_NOWAIT, IPC_CREAT | 0700,
                                     DATA, NOWHERE, KERNEL, 0600, 0x8000, 8193, 0x7fffffff, 0xffffffff};
    unsigned done = 0;
    prng_seed(&prng, 7);
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t a[6], call = calls[prng_below(&prng, LENGTH(calls))];
        for (unsigned j = 0; j < 6; j++) a[j] = words[prng_below(&prng, LENGTH(words))];
        put_operation(bench, (unsigned)prng_below(&prng, 4), (int)prng_below(&prng, 5) - 2, IPC_NOWAIT);
        if (call == SEMCTL) a[2] = (uint32_t)prng_below(&prng, 21);
        if (call == MSGCTL) a[1] = (uint32_t)prng_below(&prng, 15);
        if (call == MSGSND || call == MSGRCV) a[call == MSGSND ? 3 : 4] |= IPC_NOWAIT;
        if (call == SEMTIMEDOP) a[1] = DATA + 0x800, a[2] = 1;
        if (call == IPC) {
            a[0] = inner[prng_below(&prng, LENGTH(inner))];
            a[3] |= IPC_NOWAIT;
            if (a[0] == I_SEMOP || a[0] == I_SEMTIMEDOP) a[4] = DATA + 0x800, a[2] = 1;
        }
        done += call6(bench, call, a) >= 0;
    }
    assert_true(done > 1000);
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
        cmocka_unit_test_setup_teardown(semaphores_by_either_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_by_either_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(owners_without_permission, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_other_call_gets_an_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_call_gets_an_answer, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
