/* The user platform's files under attack: whatever pointers, counts, paths and descriptors a guest passes, it gets an
 * answer, reaches nothing outside its root, and what it cannot have leaves its memory as it was. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hwsim/base/prng.h"
#include "hwsim/platform/user/user.h"
#include "tests/unit/hw_user_support.h"

enum {
    READ = 3,
    WRITE = 4,
    OPEN = 5,
    CLOSE = 6,
    LINK = 9,
    UNLINK = 10,
    MKNOD = 14,
    RENAME = 38,
    DUP2 = 63,
    SYMLINK = 83,
    READLINK = 85,
    READV = 145,
    WRITEV = 146,
    PIPE = 42,
    POLL = 168,
    PREAD64 = 180,
    MMAP2 = 192,
    STAT64 = 195,
    FCNTL64 = 221,
    EPOLL_CTL = 255,
    EPOLL_WAIT = 256,
    OPENAT = 295,
    LINKAT = 303,
    EPOLL_CREATE1 = 329,
    EVENTFD2 = 328,
    SOCKETCALL = 102,
    MEMFD_CREATE = 356,
    COPY_FILE_RANGE = 377,
    OPENAT2 = 437
};
enum { DATA = GUEST_DATA, NOWHERE = 0x100, CODE = GUEST_CODE, KERNEL = 0xfffff000 };
static const struct bench_options plain = {.stack = STACK_PLAIN}, writing = {.stack = STACK_PLAIN, .write = true};

static int set_up(void **state)
{
    *state = bench_create(&writing);
    return 0;
}
static int tear_down(void **state)
{
    bench_destroy(*state);
    return 0;
}

static int64_t open_path(struct bench *bench, const char *path, uint32_t flags)
{
    return CALL(bench, OPEN, text(bench, 0, path), flags, 0600);
}

/* ---- outside ---- */

/* Each of these leads out of the root, or to what is the simulator's. */
static void reaches_nothing_outside(void **state)
{
    struct bench *bench = *state;
    static const char *const paths[] = {
        "/proc/self/root/../../etc/passwd",
        "/proc/self/cwd/../../../etc/passwd",
        "/proc/self/fd/0/../../etc/passwd",
        "/proc/self/fd/77",
        "/proc/self/fd/-1",
        "/proc/self/fd/00",
        "/proc/self/fd/4294967296",
        "/proc/1/root/etc",
        "/proc/1/fd/0",
        "/proc/self/mem",
        "/proc/self/map_files",
        "/proc/kcore",
        "/proc/sys/kernel",
        "/dev/fd/../mem",
        "/dev/../../etc/passwd",
        "/dev/shm/../../../etc/passwd",
        "/tmp/../../../../etc/passwd",
    };
    for (unsigned i = 0; i < LENGTH(paths); i++) {
        int64_t got = open_path(bench, paths[i], O_RDONLY);
        if (strcmp(paths[i], "/proc/sys/kernel") == 0)
            assert_true(got >= 0); /* a directory of the guest's own */
        else
            assert_true(got < 0);
    }
    /* A link that the guest makes means what it would below its root. */
    assert_int_equal(CALL(bench, SYMLINK, text(bench, 0, "/etc/passwd"), text(bench, 1, "/out")), 0);
    assert_int_equal(open_path(bench, "/out", O_RDONLY), -ENOENT);
    assert_int_equal(CALL(bench, SYMLINK, text(bench, 0, "../../../../../.."), text(bench, 1, "/up")), 0);
    assert_int_equal(open_path(bench, "/up/etc/passwd", O_RDONLY), -ENOENT);
    assert_int_equal(CALL(bench, LINK, text(bench, 0, "/proc/self/exe"), text(bench, 1, "/linked")), -EXDEV);
    assert_int_equal(CALL(bench, RENAME, text(bench, 0, "/tmp"), text(bench, 1, "/elsewhere")), -EBUSY);
    assert_int_equal(CALL(bench, UNLINK, text(bench, 0, "/proc/self/maps")), -EPERM);
    assert_int_equal(CALL(bench, MKNOD, text(bench, 0, "/disk"), S_IFBLK | 0600, 0x801), -EPERM);
}

/* A host device, socket or FIFO below the root is not opened; a FIFO is the guest's own. */
static void opens_no_device_of_the_host(void **state)
{
    struct bench *bench = *state;
    char path[256];
    snprintf(path, sizeof path, "%s/pipe", bench->root);
    assert_int_equal(mkfifo(path, 0600), 0);
    int host = open(path, O_RDWR | O_NONBLOCK);
    assert_int_equal(write(host, "secret", 6), 6);
    int64_t fd = open_path(bench, "/pipe", O_RDWR | O_NONBLOCK);
    assert_true(fd >= 0);
    assert_int_equal(CALL(bench, READ, (uint32_t)fd, DATA, 6), -EAGAIN);
    close(host);
}

/* What was opened to be read is not written to by way of /proc; without --write nothing below the root is. */
static void gives_no_rights_twice(void **state)
{
    struct bench *bench = bench_create(&plain);
    bench_file(bench, "file", "text");
    int64_t fd = open_path(bench, "/file", O_RDONLY);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", (int)fd);
    assert_int_equal(open_path(bench, path, O_RDWR), -EROFS);
    assert_int_equal(open_path(bench, path, O_RDONLY | O_TRUNC), -EROFS);
    assert_int_equal(open_path(bench, "/proc/self/exe", O_RDWR), -ETXTBSY);
    assert_int_equal(CALL(bench, MMAP2, 0, 4096, 3, 1, (uint32_t)fd, 0), -EACCES);
    uint32_t how[6] = {O_RDWR, 0, 0, 0, 0, 0};
    put(bench, DATA, how, sizeof how);
    assert_int_equal(CALL(bench, OPENAT2, -100, text(bench, 0, "/file"), DATA, 24), -EROFS);
    assert_int_equal(CALL(bench, MKNOD, text(bench, 0, "/new"), S_IFIFO | 0600, 0), -EROFS);
    bench_destroy(bench);
}

/* ---- bad arguments ---- */

static void checks_before_it_changes(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(CALL(bench, PIPE, NOWHERE), -EFAULT);
    assert_int_equal(CALL(bench, PIPE, CODE), -EFAULT);
    assert_int_equal(open_path(bench, "/first", O_RDWR | O_CREAT), 3); /* no descriptor was lost */
    assert_int_equal(CALL(bench, WRITE, 3, DATA, 100), 100);
    assert_int_equal(CALL(bench, PREAD64, 3, CODE, 10, 0, 0), -EFAULT);
    assert_int_equal(CALL(bench, PREAD64, 3, DATA, 10, 0, UINT32_MAX), -EINVAL);
    uint32_t vectors[4] = {DATA, 10, NOWHERE, 10};
    put(bench, DATA + 0x200, vectors, sizeof vectors);
    assert_int_equal(CALL(bench, WRITEV, 3, DATA + 0x200, 2), 10);
    assert_int_equal(CALL(bench, WRITEV, 3, DATA + 0x200, 1025), -EINVAL);
    assert_int_equal(CALL(bench, WRITEV, 3, KERNEL, 1), -EFAULT);
    vectors[1] = vectors[3] = INT32_MAX;
    put(bench, DATA + 0x200, vectors, sizeof vectors);
    assert_int_equal(CALL(bench, READV, 3, DATA + 0x200, 2), -EINVAL);
    assert_int_equal(CALL(bench, FCNTL64, 3, 6, NOWHERE), -EFAULT);
    assert_int_equal(CALL(bench, COPY_FILE_RANGE, 3, NOWHERE, 3, 0, 10, 0), -EFAULT);
    assert_int_equal(CALL(bench, EPOLL_CREATE1, 0), 4);
    assert_int_equal(CALL(bench, EPOLL_CTL, 4, 1, 4, DATA), -EINVAL);
    assert_int_equal(CALL(bench, EPOLL_CTL, 4, 1, 3, DATA), -EPERM);
    assert_int_equal(CALL(bench, EPOLL_WAIT, 4, DATA, 0x7fffffff, 0), -EINVAL);
    assert_int_equal(CALL(bench, SOCKETCALL, 99, DATA), -EINVAL);
    assert_int_equal(CALL(bench, SOCKETCALL, 1, NOWHERE), -EFAULT);
    assert_int_equal(CALL(bench, MEMFD_CREATE, NOWHERE, 0), -EFAULT);
    assert_int_equal(CALL(bench, DUP2, 3, UINT32_MAX), -EBADF);
}

/* A set that watches itself through another is refused; one whose files are gone reports nothing. */
static void keeps_epoll_sets_sound(void **state)
{
    struct bench *bench = *state;
    const uint32_t event[3] = {1, 7, 0};
    put(bench, DATA, event, sizeof event);
    assert_int_equal(CALL(bench, EPOLL_CREATE1, 0), 3);
    assert_int_equal(CALL(bench, EPOLL_CREATE1, 0), 4);
    assert_int_equal(CALL(bench, EPOLL_CTL, 3, 1, 4, DATA), 0);
    assert_int_equal(CALL(bench, EPOLL_CTL, 4, 1, 3, DATA), -ELOOP);
    assert_int_equal(CALL(bench, EVENTFD2, 1, 0), 5);
    assert_int_equal(CALL(bench, EPOLL_CTL, 4, 1, 5, DATA), 0);
    assert_int_equal(CALL(bench, EPOLL_WAIT, 3, DATA + 64, 4, 0), 1);
    assert_int_equal(get32(bench, DATA + 68), 7);
    assert_int_equal(CALL(bench, CLOSE, 5), 0);
    assert_int_equal(CALL(bench, EPOLL_WAIT, 3, DATA + 64, 4, 0), 0);
    assert_int_equal(CALL(bench, CLOSE, 4), 0);
    assert_int_equal(CALL(bench, EPOLL_WAIT, 3, DATA + 64, 4, 0), 0);
}

/* /proc tells of the guest, in the kernel's layout. */
static void tells_of_itself(void **state)
{
    struct bench *bench = *state;
    char found[4096] = "";
    int64_t fd = open_path(bench, "/proc/self/maps", O_RDONLY), got = CALL(bench, READ, (uint32_t)fd, DATA, 4000);
    assert_true(got > 100);
    get(bench, DATA, found, (size_t)got);
    assert_non_null(strstr(found, "08048000-08049000 r-xp 00000000 00:00 0          /prog\n"));
    assert_non_null(strstr(found, "rw-p 00000000 00:00 0          [stack]\n"));
    assert_int_equal(CALL(bench, READLINK, text(bench, 0, "/proc/self/exe"), DATA, 64), 5);
    assert_int_equal(CALL(bench, READLINK, text(bench, 0, "/proc/self"), DATA, 64), 4);
    fd = open_path(bench, "/proc/self/cmdline", O_RDONLY);
    assert_int_equal(CALL(bench, READ, (uint32_t)fd, DATA, 64), 5);
    get(bench, DATA, found, 5);
    assert_memory_equal(found, "prog", 5);
    assert_int_equal(open_path(bench, "/proc/self/maps", O_RDWR), -EACCES);
}

/* Any call with any arguments is answered, as long as it does not wait or end the run. */
static void survives_any_file_call(void **state)
{
    static const uint16_t calls[] = {3,   4,   5,   6,   8,   9,   10,  12,  14,  15,  33,  38,  39,  40,  41,  42,
                                     54,  55,  60,  63,  83,  85,  91,  92,  93,  99,  102, 106, 118, 125, 133, 140,
                                     143, 144, 145, 146, 163, 180, 181, 183, 187, 192, 193, 194, 195, 196, 197, 199,
                                     218, 219, 220, 221, 239, 255, 256, 259, 260, 261, 268, 269, 295, 296, 297, 300,
                                     301, 302, 303, 304, 305, 306, 320, 322, 324, 325, 326, 328, 329, 330, 331, 333,
                                     334, 353, 355, 356, 360, 369, 371, 377, 378, 379, 383, 436, 437, 439, 452};
    struct bench *bench = *state;
    struct prng prng;
    prng_seed(&prng, 4711);
    text(bench, 0, "/tmp/a"), text(bench, 1, "b"), text(bench, 2, "/proc/self/fd/3"), text(bench, 3, "../../x/");
    const uint32_t values[] = {0,
                               1,
                               2,
                               3,
                               4,
                               5,
                               UINT32_MAX,
                               DATA,
                               DATA + 1,
                               NOWHERE,
                               CODE,
                               KERNEL,
                               INT32_MAX,
                               0x80000000,
                               0x1000,
                               O_NONBLOCK,
                               O_CREAT | O_RDWR | O_NONBLOCK,
                               (uint32_t)-100};
    for (unsigned i = 0; i < 30000; i++) {
        uint32_t a[6], number = calls[prng_next(&prng) % LENGTH(calls)];
        for (unsigned k = 0; k < 6; k++) {
            uint64_t draw = prng_next(&prng);
            a[k] = draw % 4 == 0 ? GUEST_DATA + 0x10000 + (uint32_t)(draw >> 8) % 4 * 0x1000
                                 : values[(draw >> 8) % LENGTH(values)];
        }
        if (number == 256) a[3] = 0;
        if (number == 3 || number == 145 || number == 5 || number == 295 || number == 437 || number == 143 ||
            number == 221 || number == 55 || number == 371 || number == 102 || number == 369 || number == 4 ||
            number == 146) {
            /* What may wait for ever is asked of what does not. */
            if (number != 5 && number != 295 && number != 437) continue;
            a[number == 5 ? 1 : 2] |= O_NONBLOCK;
        }
        call6(bench, number, a);
        assert_int_equal(user_status(bench->user).end, USER_RUNNING);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reaches_nothing_outside),  TEST(opens_no_device_of_the_host), cmocka_unit_test(gives_no_rights_twice),
        TEST(checks_before_it_changes), TEST(keeps_epoll_sets_sound),      TEST(tells_of_itself),
        TEST(survives_any_file_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
