/* The user platform's threads and processes, by system calls made one at a time: who runs next, what each sees, and
 * what is left when they have gone. CALL returns what is in EAX then, whoever's it is. */
#define _GNU_SOURCE
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hwsim/platform/user/user.h"
#include "tests/unit/hw_user_support.h"

enum {
    EXIT = 1,
    FORK = 2,
    READ = 3,
    WRITE = 4,
    WAITPID = 7,
    EXECVE = 11,
    GETPID = 20,
    KILL = 37,
    PIPE = 42,
    GETPPID = 64,
    CLONE = 120,
    MMAP2 = 192,
    SCHED_YIELD = 158,
    NANOSLEEP = 162,
    VFORK = 190,
    GETTID = 224,
    FUTEX = 240,
    SET_THREAD_AREA = 243,
    EXIT_GROUP = 252,
    SET_ROBUST_LIST = 311
};
enum { WAIT = 0, WAKE = 1, FIRST = 1000, DATA = GUEST_DATA, QUANTUM = 1000 };
enum { THREAD_FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD };

static const struct bench_options plain = {.stack = STACK_PLAIN};

static int set_up(void **state)
{
    *state = bench_create(&plain);
    touch(*state, DATA);
    return 0;
}
static int tear_down(void **state)
{
    bench_destroy(*state);
    return 0;
}

static uint16_t space(struct bench *bench) { return core_get_space(bench->core).space; }
static uint32_t running(struct bench *bench) { return (uint32_t)CALL(bench, GETTID, 0); }

/* The other one's turn. */
static void turn(struct bench *bench)
{
    retire(bench, QUANTUM);
    assert_int_equal(hw_events(bench->core), HW_RUN);
}

static void takes_turns(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(hw_next_event(bench->core), UINT64_MAX);
    assert_int_equal(CALL(bench, CLONE, THREAD_FLAGS, 0xffff0000), FIRST + 1);
    assert_int_equal(hw_next_event(bench->core), QUANTUM);
    *reg(bench, HOME_EBX) = 0x1234;
    hw_state(bench->core)->v[3].half[1] = 7;
    turn(bench);
    assert_int_equal(*reg(bench, HOME_EAX), 0);
    assert_int_equal(*reg(bench, HOME_ESP), 0xffff0000);
    assert_int_equal(running(bench), FIRST + 1);
    assert_int_equal(CALL(bench, GETPID, 0), FIRST);
    assert_int_equal(hw_next_event(bench->core), 2 * QUANTUM);
    *reg(bench, HOME_EBX) = 0x5678;
    (void)CALL(bench, SCHED_YIELD, 0x5678);
    assert_int_equal(*reg(bench, HOME_EBX), 0x1234);
    assert_int_equal(hw_state(bench->core)->v[3].half[1], 7);
    assert_int_equal(running(bench), FIRST);
    (void)CALL(bench, EXIT, 0);
    assert_int_equal(running(bench), FIRST + 1);
    assert_int_equal(CALL(bench, GETPID, 0), FIRST); /* though its first thread has ended */
    assert_int_equal(hw_next_event(bench->core), UINT64_MAX);
    (void)CALL(bench, EXIT, 3);
    assert_int_equal(user_status(bench->user).end, USER_EXITED);
    assert_int_equal(user_status(bench->user).code, 3);
}

static void has_storage_of_its_own(void **state)
{
    struct bench *bench = *state;
    const uint32_t mine[4] = {UINT32_MAX, 0x1000, 0xfffff, 0x51}, other[4] = {12, 0x2000, 0xfffff, 0x51};
    put(bench, DATA, mine, sizeof mine);
    assert_int_equal(CALL(bench, SET_THREAD_AREA, DATA), 0);
    *reg(bench, HOME_SEL_HIGH) = 0x63 << 16;
    *reg(bench, HOME_GS_BASE) = 0x1000;
    put(bench, DATA, other, sizeof other);
    uint32_t flags = THREAD_FLAGS | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    assert_int_equal(CALL(bench, CLONE, flags, 0, DATA + 32, DATA, DATA + 36), FIRST + 1);
    assert_int_equal(get32(bench, DATA + 32), FIRST + 1);
    assert_int_equal(get32(bench, DATA + 36), FIRST + 1);
    assert_int_equal(*reg(bench, HOME_GS_BASE), 0x1000);
    assert_int_equal(CALL(bench, FUTEX, DATA + 36, WAIT, FIRST + 1, 0), 0); /* until it has ended: it runs now */
    assert_int_equal(*reg(bench, HOME_GS_BASE), 0x2000);
    (void)CALL(bench, EXIT, 0);
    assert_int_equal(*reg(bench, HOME_GS_BASE), 0x1000);
    assert_int_equal(*reg(bench, HOME_EAX), 0);
    assert_int_equal(get32(bench, DATA + 36), 0);
}

static void waits_and_wakes(void **state)
{
    struct bench *bench = *state;
    for (unsigned i = 1; i <= 3; i++) assert_int_equal(CALL(bench, CLONE, THREAD_FLAGS, 0), FIRST + i);
    put32(bench, DATA, 5);
    assert_int_equal(CALL(bench, FUTEX, DATA, WAIT, 4, 0), -EAGAIN);
    for (unsigned i = 1; i <= 3; i++) (void)CALL(bench, FUTEX, DATA, WAIT, 5, 0);
    assert_int_equal(running(bench), FIRST + 3);
    assert_int_equal(CALL(bench, FUTEX, DATA, WAKE, 1), 1);
    (void)CALL(bench, SCHED_YIELD, 0);
    assert_int_equal(*reg(bench, HOME_EAX), 0);
    assert_int_equal(running(bench), FIRST); /* who has waited longest */
    assert_int_equal(CALL(bench, FUTEX, DATA, WAKE, 9), 2);
    /* A timeout comes when nobody can run. */
    (void)CALL(bench, EXIT, 0);
    (void)CALL(bench, EXIT, 0);
    (void)CALL(bench, EXIT, 0);
    assert_int_equal(running(bench), FIRST + 3);
    put32(bench, DATA + 8, 0), put32(bench, DATA + 12, 1000);
    assert_int_equal(CALL(bench, FUTEX, DATA, WAIT, 5, DATA + 8), -ETIMEDOUT);
    assert_int_equal(hw_time_stamp(bench->core), 1000);
    (void)CALL(bench, FUTEX, DATA, WAIT, 5, 0);
    assert_int_equal(user_status(bench->user).end, USER_UNSUPPORTED); /* nothing will ever wake it */
}

static void marks_the_locks_of_the_dead(void **state)
{
    struct bench *bench = *state;
    const uint32_t list[3] = {DATA + 64, 8, 0}, lock[3] = {DATA + 32, 0, (FIRST + 1) | 0x80000000u};
    put(bench, DATA + 32, list, sizeof list);
    put(bench, DATA + 64, lock, sizeof lock);
    assert_int_equal(CALL(bench, CLONE, THREAD_FLAGS, 0), FIRST + 1);
    (void)CALL(bench, FUTEX, DATA + 72, WAIT, lock[2], 0);
    assert_int_equal(CALL(bench, SET_ROBUST_LIST, DATA + 32, 12), 0);
    (void)CALL(bench, EXIT, 0);
    assert_int_equal(running(bench), FIRST);
    assert_int_equal(get32(bench, DATA + 72), 0xc0000000);
}

static void copies_what_is_written(void **state)
{
    struct bench *bench = *state;
    uint32_t shared = (uint32_t)CALL(bench, MMAP2, 0, 4096, 3, 0x21, UINT32_MAX);
    touch(bench, shared);
    uint64_t frames = physical_frames_in_use(bench->rig->physical);
    put32(bench, DATA, 1), put32(bench, shared, 1);
    assert_int_equal(CALL(bench, FORK, 0), FIRST + 1);
    assert_int_equal(space(bench), 1);
    const struct hw_fault write = {.vector = 14, .error = PF_PRESENT | PF_USER | PF_WRITE, .address = DATA};
    assert_false(core_guest_write(bench->core, DATA, "", 1)); /* both hold the frame */
    assert_int_equal(hw_exception(bench->core, &write, false), HW_RUN);
    put32(bench, DATA, 2), put32(bench, shared, 2);
    (void)CALL(bench, WAITPID, UINT32_MAX, DATA + 4, 0);
    assert_int_equal(running(bench), FIRST + 1);
    assert_int_equal(CALL(bench, GETPPID, 0), FIRST);
    assert_int_equal(space(bench), 2);
    assert_int_equal(get32(bench, DATA), 1);
    assert_int_equal(get32(bench, shared), 2);
    while (hw_poll(bench->core).kind != HW_NOTICE_NONE) {
    }
    (void)CALL(bench, EXIT_GROUP, 9);
    assert_int_equal(*reg(bench, HOME_EAX), FIRST + 1);
    assert_int_equal(get32(bench, DATA + 4), 9 << 8);
    bool gone = false;
    for (struct hw_notice notice; (notice = hw_poll(bench->core)).kind != HW_NOTICE_NONE;)
        gone |= notice.kind == HW_NOTICE_MAPPING && notice.space == 2 && notice.bytes > UINT32_MAX;
    assert_true(gone); /* before the identifier is given to another */
    assert_int_equal(CALL(bench, WAITPID, UINT32_MAX, 0, 0), -ECHILD);
    assert_int_equal(physical_frames_in_use(bench->rig->physical), frames);
    assert_int_equal(CALL(bench, FORK, 0), FIRST + 2);
    turn(bench);
    assert_int_equal(space(bench), 2);
}

static void passes_through_pipes(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(CALL(bench, PIPE, DATA), 0);
    assert_int_equal(CALL(bench, FORK, 0), FIRST + 1);
    touch(bench, DATA);
    (void)CALL(bench, READ, get32(bench, DATA), DATA + 16, 4); /* nothing there: the child runs */
    assert_int_equal(running(bench), FIRST + 1);
    assert_int_equal(CALL(bench, WRITE, get32(bench, DATA + 4), DATA, 4), 4);
    (void)CALL(bench, EXIT_GROUP, 0);
    assert_int_equal(running(bench), FIRST);
    assert_int_equal(get32(bench, DATA + 16), get32(bench, DATA));
}

static void lends_its_memory(void **state)
{
    struct bench *bench = *state;
    (void)CALL(bench, VFORK, 0);
    assert_int_equal(running(bench), FIRST + 1);
    assert_int_equal(space(bench), 1);
    put32(bench, DATA, 77);
    (void)CALL(bench, EXIT_GROUP, 0);
    assert_int_equal(*reg(bench, HOME_EAX), FIRST + 1);
    assert_int_equal(get32(bench, DATA), 77);
}

static void becomes_another_program(void **state)
{
    struct bench *bench = *state;
    uint8_t program[PROGRAM_BYTES];
    char path[160];
    struct core_space before = core_get_space(bench->core);
    bench_program(program, STACK_PLAIN);
    memset(program + 0x1000, 0x33, 4);
    snprintf(path, sizeof path, "%s/next", bench->root);
    bench_write(path, program, sizeof program);
    uint32_t name = text(bench, 0, "/next"), argument = text(bench, 1, "one");
    const uint32_t arguments[4] = {name, argument, 0, 0};
    put(bench, DATA, arguments, sizeof arguments);
    assert_int_equal(CALL(bench, EXECVE, argument, DATA, 0), -ENOENT);
    assert_int_equal(CALL(bench, CLONE, THREAD_FLAGS, 0), FIRST + 1);
    turn(bench);
    assert_int_equal(running(bench), FIRST + 1);
    (void)CALL(bench, EXECVE, name, DATA, 0);
    assert_int_equal(*reg(bench, HOME_EIP), GUEST_CODE + 0x100);
    assert_int_equal(get32(bench, (uint32_t)*reg(bench, HOME_ESP)), 2);
    touch(bench, DATA);
    assert_int_equal(get32(bench, DATA), 0x33333333);
    assert_int_equal(running(bench), FIRST); /* the only thread, whichever it was */
    assert_int_equal(hw_next_event(bench->core), UINT64_MAX);
    assert_int_not_equal(core_get_space(bench->core).cr3, 0);
    assert_int_equal(core_get_space(bench->core).space, before.space);
}

static void stops_and_goes_on(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(CALL(bench, FORK, 0), FIRST + 1);
    assert_int_equal(CALL(bench, KILL, FIRST + 1, SIGSTOP), 0);
    touch(bench, DATA);
    enum { UNTRACED = 2, CONTINUED = 8 };
    assert_int_equal(CALL(bench, WAITPID, UINT32_MAX, DATA, UNTRACED), FIRST + 1);
    assert_int_equal(get32(bench, DATA), SIGSTOP << 8 | 0x7f);
    assert_int_equal(hw_next_event(bench->core), UINT64_MAX); /* it is nobody's rival now */
    assert_int_equal(CALL(bench, KILL, FIRST + 1, SIGCONT), 0);
    assert_int_equal(CALL(bench, WAITPID, UINT32_MAX, DATA, CONTINUED), FIRST + 1);
    assert_int_equal(get32(bench, DATA), 0xffff);
    assert_int_equal(CALL(bench, KILL, FIRST + 1, SIGKILL), 0);
    assert_int_equal(CALL(bench, WAITPID, UINT32_MAX, DATA, 0), FIRST + 1);
    assert_int_equal(get32(bench, DATA), SIGKILL);
}

/* The run is not over before the last process has ended, but it comes to what the first came to. */
static void ends_with_the_last(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(CALL(bench, FORK, 0), FIRST + 1);
    (void)CALL(bench, EXIT_GROUP, 4);
    assert_int_equal(running(bench), FIRST + 1);
    assert_int_equal(CALL(bench, GETPPID, 0), 1);
    (void)CALL(bench, EXIT_GROUP, 5);
    assert_int_equal(user_status(bench->user).end, USER_EXITED);
    assert_int_equal(user_status(bench->user).code, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(has_storage_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_and_wakes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(marks_the_locks_of_the_dead, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copies_what_is_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(passes_through_pipes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lends_its_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(becomes_another_program, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stops_and_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_with_the_last, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
