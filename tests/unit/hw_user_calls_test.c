/* The user platform: start, memory, files and signals as the guest meets them, each by a system call or an exception.
 */
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
    EXIT = 1,
    READ = 3,
    WRITE = 4,
    OPEN = 5,
    CLOSE = 6,
    UNLINK = 10,
    CHDIR = 12,
    ALARM = 27,
    PAUSE = 29,
    ACCESS = 33,
    KILL = 37,
    MKDIR = 39,
    LOOKUP_DCOOKIE = 253,
    DUP = 41,
    PIPE = 42,
    BRK = 45,
    SIGACTION = 67,
    DUP2 = 63,
    SETITIMER = 104,
    SIGRETURN = 119,
    UNAME = 122,
    MPROTECT = 125,
    LLSEEK = 140,
    READLINK = 85,
    PREAD64 = 180,
    PWRITE64 = 181,
    SYMLINK = 83,
    MUNMAP = 91,
    NANOSLEEP = 162,
    MREMAP = 163,
    RT_SIGRETURN = 173,
    RT_SIGACTION = 174,
    RT_SIGPROCMASK = 175,
    RT_SIGSUSPEND = 179,
    GETCWD = 183,
    SIGALTSTACK = 186,
    MMAP2 = 192,
    STAT64 = 195,
    FSTAT64 = 197,
    GETDENTS64 = 220,
    SET_THREAD_AREA = 243,
    MADVISE = 219,
    CLOCK_GETTIME = 265,
    FUTEX = 240,
    GETRANDOM = 355,
    POLL = 168
};
enum { PROT_R = 1, PROT_W = 2, PROT_X = 4, PRIVATE_ANONYMOUS = 0x22, SHARED = 1, PRIVATE = 2, FIXED = 0x10 };
enum { SA_INFO = 4, SA_RESTORE = 0x04000000, SA_STACK = 0x08000000, SA_AGAIN = 0x10000000, SA_NODEFERRED = 0x40000000 };
#define SA_ONCE 0x80000000u
enum { DATA = GUEST_DATA, HANDLER = 0x8048180, RESTORER = 0x80481c0 };

static const struct bench_options plain = {.stack = STACK_PLAIN};

static int set_up(void **state)
{
    *state = bench_create(&plain);
    return 0;
}
static int tear_down(void **state)
{
    bench_destroy(*state);
    return 0;
}

static uint64_t entry(struct bench *bench, uint32_t linear)
{
    struct core_space space = core_get_space(bench->core);
    return page_entry(bench->rig->physical, space.mode, space.cr3, linear);
}

/* ---- start ---- */

static uint32_t auxv(struct bench *bench, uint32_t wanted)
{
    uint32_t at = (uint32_t)*reg(bench, HOME_ESP);
    at += 4 + 4 * (get32(bench, at) + 1);
    while (get32(bench, at)) at += 4;
    for (at += 4; get32(bench, at); at += 8)
        if (get32(bench, at) == wanted) return get32(bench, at + 4);
    fail_msg("no auxiliary vector of type %u", wanted);
    return 0;
}

static const char *string_at(struct bench *bench, uint32_t address, char out[64])
{
    for (unsigned i = 0; i < 64; i++) {
        get(bench, address + i, out + i, 1);
        if (!out[i]) return out;
    }
    return NULL;
}

static void starts_like_execve(void **state)
{
    char *const argv[] = {"name", "one", "", NULL}, *const env[] = {"A=1", "HOME=/x", "A=2", NULL};
    const struct bench_options options = {.stack = STACK_PLAIN, .argv = argv, .env = env};
    struct bench *bench = bench_create(&options);
    char found[64];
    uint32_t esp = (uint32_t)*reg(bench, HOME_ESP);
    assert_int_equal(*reg(bench, HOME_EIP), GUEST_CODE + 0x100);
    assert_int_equal(*reg(bench, HOME_SEL_LOW), 0x002b002b0023002bull);
    assert_int_equal(*reg(bench, HOME_SEL_HIGH), 0);
    assert_int_equal(*reg(bench, HOME_EFL), 0x202);
    assert_int_equal(*reg(bench, HOME_EAX) | *reg(bench, HOME_EDX) | *reg(bench, HOME_EBP), 0);
    assert_true(esp % 16 == 0 && esp > 0xffffd000 && esp < 0xffffe000);
    assert_int_equal(get32(bench, esp), 3);
    assert_string_equal(string_at(bench, get32(bench, esp + 4), found), "name");
    assert_string_equal(string_at(bench, get32(bench, esp + 8), found), "one");
    assert_string_equal(string_at(bench, get32(bench, esp + 12), found), "");
    assert_int_equal(get32(bench, esp + 16), 0);
    static const char *const wanted[] = {"LANG=C", "PATH=/usr/bin:/bin", "TZ=UTC0", "HOME=/x", "A=2"};
    for (unsigned i = 0; i < LENGTH(wanted); i++)
        assert_string_equal(string_at(bench, get32(bench, esp + 20 + 4 * i), found), wanted[i]);
    assert_int_equal(get32(bench, esp + 20 + 4 * LENGTH(wanted)), 0);
    assert_int_equal(auxv(bench, 3), GUEST_CODE + 52);
    assert_int_equal(auxv(bench, 5), 3);
    assert_int_equal(auxv(bench, 6), 4096);
    assert_int_equal(auxv(bench, 9), GUEST_CODE + 0x100);
    assert_int_equal(auxv(bench, 16), 0x7808111); /* leaf 1 of CPUID */
    assert_string_equal(string_at(bench, auxv(bench, 15), found), "i686");
    assert_string_equal(string_at(bench, auxv(bench, 31), found), "/prog");
    uint64_t random[2], again[2];
    get(bench, auxv(bench, 25), random, sizeof random);
    bench_destroy(bench);
    bench = bench_create(&plain);
    get(bench, auxv(bench, 25), again, sizeof again);
    assert_memory_equal(random, again, sizeof random);
    assert_true(random[0] != 0 && random[0] != random[1]);
    bench_destroy(bench);
}

/* Which pages may be executed: Linux's table for i386 programs on a processor with NX. */
static void knows_who_may_execute(void **state)
{
    static const struct {
        enum guest_stack stack;
        bool stack_runs, data_runs, later_runs;
    } rows[] = {
        {STACK_PLAIN, false, false, false}, {STACK_EXECUTABLE, true, false, false}, {STACK_NONE, true, true, true}};
    for (unsigned i = 0; i < LENGTH(rows); i++) {
        const struct bench_options options = {.stack = rows[i].stack};
        struct bench *bench = bench_create(&options);
        uint32_t page = (uint32_t)CALL(bench, MMAP2, 0, 4096, PROT_R | PROT_W, PRIVATE_ANONYMOUS, -1u, 0);
        assert_int_equal(CALL(bench, GETRANDOM, page, 8, 0), 8);
        assert_int_equal(CALL(bench, WRITE, 1, GUEST_CODE, 1), 1); /* brings code and data in */
        assert_int_equal(CALL(bench, GETRANDOM, DATA, 8, 0), 8);
        uint64_t stack = entry(bench, (uint32_t)*reg(bench, HOME_ESP)), data = entry(bench, DATA),
                 code = entry(bench, GUEST_CODE);
        assert_int_equal(!(stack & PTE_NO_EXECUTE), rows[i].stack_runs);
        assert_int_equal(!(data & PTE_NO_EXECUTE), rows[i].data_runs);
        assert_int_equal(!(entry(bench, page) & PTE_NO_EXECUTE), rows[i].later_runs);
        assert_true(!(code & PTE_NO_EXECUTE) && !(code & PTE_WRITE) && data & PTE_WRITE && data & PTE_USER);
        bench_destroy(bench);
    }
}

static void clears_what_lies_behind_the_file(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(CALL(bench, GETRANDOM, DATA + 0x1000, 1, 0), 1);
    assert_int_equal(get32(bench, DATA + 0x7fc), 0x5a5a5a5a);
    assert_int_equal(get32(bench, DATA + 0x800), 0);
    assert_int_equal(get32(bench, DATA + 0xffc), 0);
}

/* ---- memory ---- */

static void moves_the_break(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(CALL(bench, BRK, 0), GUEST_BREAK);
    assert_int_equal(CALL(bench, GETRANDOM, GUEST_BREAK, 4, 0), -EFAULT);
    assert_int_equal(CALL(bench, BRK, GUEST_BREAK + 100), GUEST_BREAK + 100);
    assert_int_equal(CALL(bench, GETRANDOM, GUEST_BREAK + 4092, 8, 0), 4); /* to the end of the page */
    assert_int_equal(CALL(bench, BRK, GUEST_BREAK + 0x5000), GUEST_BREAK + 0x5000);
    assert_int_equal(CALL(bench, GETRANDOM, GUEST_BREAK + 4092, 8, 0), 8);
    assert_int_equal(CALL(bench, BRK, GUEST_BREAK + 8), GUEST_BREAK + 8);
    assert_int_equal(CALL(bench, GETRANDOM, GUEST_BREAK + 4092, 8, 0), 4);
    assert_int_equal(CALL(bench, BRK, 16), GUEST_BREAK + 8);
    assert_int_equal(CALL(bench, BRK, 0xffffffff), GUEST_BREAK + 8);
    assert_int_equal(CALL(bench, BRK, GUEST_BREAK + 0x3000), GUEST_BREAK + 0x3000);
    assert_int_equal(CALL(bench, GETRANDOM, GUEST_BREAK + 0x2fff, 8, 0), 1);
    assert_int_equal(CALL(bench, MPROTECT, GUEST_BREAK + 0x1000, 4096, PROT_R), 0);
    assert_int_equal(CALL(bench, BRK, GUEST_BREAK), GUEST_BREAK);
    assert_int_equal(entry(bench, GUEST_BREAK + 0x2000), 0);
}

static void maps_and_unmaps(void **state)
{
    struct bench *bench = *state;
    uint64_t frames = physical_frames_in_use(bench->rig->physical);
    uint32_t a = (uint32_t)CALL(bench, MMAP2, 0, 0x3000, PROT_R | PROT_W, PRIVATE_ANONYMOUS, -1u, 0);
    assert_int_equal(a, 0xf7ffe000 - 0x3000);
    uint32_t b = (uint32_t)CALL(bench, MMAP2, 0, 1, PROT_R, PRIVATE_ANONYMOUS, -1u, 0);
    assert_int_equal(b, a - 0x1000);
    assert_int_equal(CALL(bench, GETRANDOM, a + 0xffe, 0x1004, 0), 0x1004);
    uint32_t kept = get32(bench, a + 0x1000);
    assert_int_equal(CALL(bench, GETRANDOM, b, 4, 0), -EFAULT);
    assert_int_equal(CALL(bench, MPROTECT, a + 0x1000, 0x1000, 0), 0);
    assert_int_equal(CALL(bench, GETRANDOM, a + 0x1000, 4, 0), -EFAULT);
    assert_true(!(entry(bench, a + 0x1000) & PTE_PRESENT));
    assert_int_equal(CALL(bench, MPROTECT, a + 0x1000, 0x1000, PROT_R), 0);
    assert_int_equal(get32(bench, a + 0x1000), kept);
    assert_int_equal(CALL(bench, GETRANDOM, a + 0x1000, 4, 0), -EFAULT);
    assert_int_equal(CALL(bench, MUNMAP, a + 0x1000, 0x1000), 0);
    assert_int_equal(entry(bench, a + 0x1000), 0);
    assert_int_equal(CALL(bench, MPROTECT, a, 0x3000, PROT_R), -ENOMEM);
    assert_int_equal(CALL(bench, MMAP2, 0, 0x1000, PROT_R, PRIVATE_ANONYMOUS, -1u, 0),
                     a + 0x1000); /* the highest gap */
    assert_int_equal(CALL(bench, MUNMAP, b, 0x4000), 0);
    assert_in_range(physical_frames_in_use(bench->rig->physical), frames, frames + 2); /* tables may stay */
    assert_int_equal(CALL(bench, MMAP2, 0, 0, PROT_R, PRIVATE_ANONYMOUS, -1u, 0), -EINVAL);
    assert_int_equal(CALL(bench, MMAP2, 0, 4096, PROT_R, 0x20, -1u, 0), -EINVAL);
    assert_int_equal(CALL(bench, MMAP2, 0, 0xfffff000, PROT_R, PRIVATE_ANONYMOUS, -1u, 0), -ENOMEM);
    assert_int_equal(CALL(bench, MMAP2, 0, 4096, PROT_R, PRIVATE, 77, 0), -EBADF);
    assert_int_equal(CALL(bench, MMAP2, 0x1000, 4096, PROT_R, PRIVATE_ANONYMOUS | FIXED, -1u, 0), -EPERM);
    assert_int_equal(CALL(bench, MMAP2, 0x20001, 4096, PROT_R, PRIVATE_ANONYMOUS | FIXED, -1u, 0), -EINVAL);
    assert_int_equal(CALL(bench, MMAP2, 0xffffd000, 0x2000, PROT_R, PRIVATE_ANONYMOUS | FIXED, -1u, 0), -ENOMEM);
    assert_int_equal(CALL(bench, MUNMAP, 0xffffd000, 0x2000), -EINVAL);
    assert_int_equal(CALL(bench, MUNMAP, 0x20001, 0x1000), -EINVAL);
}

static void remaps(void **state)
{
    struct bench *bench = *state;
    uint32_t top = (uint32_t)CALL(bench, MMAP2, 0, 0x1000, PROT_R, PRIVATE_ANONYMOUS, -1u, 0);
    uint32_t a = (uint32_t)CALL(bench, MMAP2, 0, 0x2000, PROT_R | PROT_W, PRIVATE_ANONYMOUS, -1u, 0);
    assert_int_equal(a + 0x2000, top);
    assert_int_equal(CALL(bench, GETRANDOM, a, 0x2000, 0), 0x2000);
    uint32_t first = get32(bench, a), last = get32(bench, a + 0x1ffc);
    assert_int_equal(CALL(bench, MREMAP, a, 0x2000, 0x4000, 0, 0), -ENOMEM);
    uint32_t b = (uint32_t)CALL(bench, MREMAP, a, 0x2000, 0x4000, 1, 0);
    assert_int_equal(b, a - 0x4000);
    assert_int_equal(get32(bench, b), first);
    assert_int_equal(get32(bench, b + 0x1ffc), last);
    assert_int_equal(entry(bench, a), 0);
    assert_int_equal(CALL(bench, GETRANDOM, b + 0x2000, 0x2000, 0), 0x2000);
    assert_int_equal(CALL(bench, MREMAP, b, 0x4000, 0x1000, 0, 0), b);
    assert_int_equal(CALL(bench, MREMAP, b, 0x1000, 0x2000, 0, 0), b); /* grows in place */
    assert_int_equal(CALL(bench, GETRANDOM, b + 0x1ffc, 8, 0), 4);
    assert_int_equal(CALL(bench, MREMAP, b, 0x3000, 0x4000, 1, 0), -EFAULT);
    assert_int_equal(CALL(bench, MREMAP, b, 0x2000, 0x2000, 3, 0x30000000), 0x30000000);
    assert_int_equal(get32(bench, 0x30000000), first);
    assert_int_equal(CALL(bench, MADVISE, 0x30000000, 0x1000, 4), 0);
    assert_int_equal(CALL(bench, WRITE, 1, 0x30000000, 1), 1);
    assert_int_equal(get32(bench, 0x30000000), 0);
}

static void brings_pages_in_on_a_fault(void **state)
{
    struct bench *bench = *state;
    uint32_t a = (uint32_t)CALL(bench, MMAP2, 0, 0x100000, PROT_R | PROT_W, PRIVATE_ANONYMOUS, -1u, 0);
    uint64_t eip = *reg(bench, HOME_EIP) = GUEST_CODE + 0x110;
    assert_int_equal(entry(bench, a + 0x42000), 0);
    const struct hw_fault fault = {.vector = 14, .error = PF_USER | PF_WRITE, .address = a + 0x42123};
    assert_int_equal(hw_exception(bench->core, &fault, false), HW_RUN);
    assert_int_equal(*reg(bench, HOME_EIP), eip);
    assert_true(entry(bench, a + 0x42000) & PTE_PRESENT);
    assert_int_equal(get32(bench, a + 0x42ffc), 0);
    struct user_stats stats;
    user_collect(bench->user, &stats);
    assert_int_equal(stats.faults_populated, 1);
    assert_int_equal(stats.exceptions, 0);
    /* a deep stack */
    const struct hw_fault deep = {.vector = 14, .error = PF_USER | PF_WRITE, .address = 0xffffe000 - (8 << 20)};
    assert_int_equal(hw_exception(bench->core, &deep, false), HW_RUN);
    const struct hw_fault deeper = {.vector = 14, .error = PF_USER | PF_WRITE, .address = 0xffffe000 - (8 << 20) - 4};
    assert_int_equal(hw_exception(bench->core, &deeper, false), HW_STOP);
    struct user_status status = user_status(bench->user);
    assert_int_equal(status.end, USER_KILLED);
    assert_int_equal(status.code, 11);
    assert_int_equal(status.fault.address, deeper.address);
    assert_int_equal(status.eip, eip);
}

static void writes_shared_mappings_back(void **state)
{
    struct bench *bench = *state;
    int64_t file = CALL(bench, OPEN, text(bench, 0, "/tmp/shared"), O_RDWR | O_CREAT, 0600);
    assert_int_equal(file, 3);
    assert_int_equal(CALL(bench, WRITE, 3, DATA, 0x800), 0x800);
    uint32_t a = (uint32_t)CALL(bench, MMAP2, 0, 0x2000, PROT_R | PROT_W, SHARED, 3, 0);
    assert_int_equal(CALL(bench, WRITE, 1, a, 4), 4);
    assert_int_equal(get32(bench, a), 0x5a5a5a5a);
    assert_int_equal(get32(bench, a + 0x800), 0);
    assert_int_equal(CALL(bench, GETRANDOM, a + 0x10, 4, 0), 4);
    uint32_t random = get32(bench, a + 0x10);
    /* a page that was only read does not undo what write put into the file meanwhile */
    uint32_t clean = (uint32_t)CALL(bench, MMAP2, 0, 0x1000, PROT_R, SHARED, 3, 0);
    assert_int_equal(get32(bench, clean + 0x20 + 0 * CALL(bench, WRITE, 1, clean, 1)), 0x5a5a5a5a);
    assert_int_equal(CALL(bench, PWRITE64, 3, GUEST_CODE, 4, 0x20, 0), 4);
    assert_int_equal(CALL(bench, MUNMAP, clean, 0x1000), 0);
    assert_int_equal(CALL(bench, PREAD64, 3, DATA, 4, 0x20, 0), 4);
    assert_int_equal(get32(bench, DATA), 0x464c457f);
    /* beyond the end of the file */
    const struct hw_fault beyond = {.vector = 14, .error = PF_USER, .address = a + 0x1000};
    assert_int_equal(CALL(bench, GETRANDOM, a + 0x1000, 4, 0), -EFAULT);
    assert_int_equal(CALL(bench, MUNMAP, a, 0x1000), 0);
    assert_int_equal(CALL(bench, PREAD64, 3, DATA, 4, 0x10, 0), 4);
    assert_int_equal(get32(bench, DATA), random);
    assert_int_equal(hw_exception(bench->core, &beyond, false), HW_STOP);
    assert_int_equal(user_status(bench->user).code, 7); /* SIGBUS */
}

/* ---- files ---- */

static void cannot_leave_its_root(void **state)
{
    struct bench *bench = *state;
    char path[256], outside[256], found[64];
    bench_file(bench, "inside", "in");
    snprintf(outside, sizeof outside, "%s/prog", bench->directory);
    snprintf(path, sizeof path, "%s/out", bench->root);
    assert_int_equal(symlink(outside, path), 0);
    snprintf(path, sizeof path, "%s/up", bench->root);
    assert_int_equal(symlink("../prog", path), 0);
    snprintf(path, sizeof path, "%s/absolute", bench->root);
    assert_int_equal(symlink("/inside", path), 0);
    snprintf(path, sizeof path, "%s/to_tmp", bench->root);
    assert_int_equal(symlink("/tmp/../tmp", path), 0);
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/../prog"), O_RDONLY), -ENOENT);
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "../../../../../../etc/passwd"), O_RDONLY), -ENOENT);
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/out"), O_RDONLY), -ENOENT);
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/up"), O_RDONLY), -ENOENT);
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/tmp/../../inside"), O_RDONLY), 3);
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "absolute"), O_RDONLY), 4);
    assert_int_equal(CALL(bench, READ, 4, DATA, 100), 2);
    get(bench, DATA, found, 2);
    assert_memory_equal(found, "in", 2);
    snprintf(path, sizeof path, "%s/below", bench->root);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/below/absolute", bench->root);
    assert_int_equal(symlink("/inside", path), 0);
    assert_int_equal(CALL(bench, ACCESS, text(bench, 0, "/below/absolute"), 0), 0);
    assert_int_equal(CALL(bench, ACCESS, text(bench, 0, "/below/inside"), 0), -ENOENT);
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/to_tmp/new"), O_RDWR | O_CREAT, 0600), 5);
    assert_int_equal(CALL(bench, ACCESS, text(bench, 0, "/tmp/new"), 0), 0);
    snprintf(path, sizeof path, "%s/tmp", bench->root);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(CALL(bench, READLINK, text(bench, 0, "/proc/self/exe"), DATA, 64), 5);
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/proc/self/fd/6"), O_RDONLY), -ENOENT);
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/proc/self/mem"), O_RDONLY), -ENOENT);
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/dev/sda"), O_RDONLY), -ENOENT);
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/proc/self/exe"), O_RDONLY), 6);
    assert_int_equal(CALL(bench, READ, 6, DATA, 4), 4);
    assert_int_equal(get32(bench, DATA), 0x464c457f);
    /* the simulator's own descriptors are not the guest's */
    for (uint32_t descriptor = 7; descriptor < 40; descriptor++)
        assert_int_equal(CALL(bench, READ, descriptor, DATA, 1), -EBADF);
}

static void writes_only_where_it_may(void **state)
{
    static const char *const names[] = {"/file", "/new"};
    for (unsigned may = 0; may < 2; may++) {
        const struct bench_options options = {.stack = STACK_PLAIN, .write = may};
        struct bench *bench = bench_create(&options);
        bench_file(bench, "file", "text");
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(CALL(bench, OPEN, text(bench, 0, names[i]), O_WRONLY | O_CREAT, 0644),
                             may ? 3 + (int)i : -EROFS);
        assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/file"), O_RDONLY | O_TRUNC), may ? 5 : -EROFS);
        assert_int_equal(CALL(bench, MKDIR, text(bench, 0, "/d"), 0755), may ? 0 : -EROFS);
        assert_int_equal(CALL(bench, UNLINK, text(bench, 0, "/file")), may ? 0 : -EROFS);
        assert_int_equal(CALL(bench, SYMLINK, text(bench, 0, "a"), text(bench, 1, "/l")), may ? 0 : -EROFS);
        assert_int_equal(CALL(bench, ACCESS, text(bench, 0, "/"), 2), may ? 0 : -EROFS);
        assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/nowhere"), O_WRONLY), -ENOENT);
        assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/tmp/t"), O_WRONLY | O_CREAT, 0644), may ? 6 : 3);
        bench_destroy(bench);
    }
}

static uint64_t inode_at(struct bench *bench, const char *name)
{
    uint64_t inode;
    assert_int_equal(CALL(bench, STAT64, text(bench, 0, name), DATA), 0);
    get(bench, DATA + 88, &inode, sizeof inode);
    return inode;
}

static void tells_the_same_of_files_anywhere(void **state)
{
    struct bench *bench = *state;
    const char *const names[] = {"zebra", "apple", "mango", "B"};
    for (unsigned i = 0; i < LENGTH(names); i++) bench_file(bench, names[i], "12345");
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/"), O_RDONLY | O_DIRECTORY), 3);
    int64_t bytes = CALL(bench, GETDENTS64, 3, DATA, 0x800), at = 0;
    const char *const order[] = {".", "..", "B", "apple", "dev", "mango", "proc", "tmp", "zebra"};
    uint64_t inode, numbers[LENGTH(order)];
    for (unsigned i = 0; i < LENGTH(order); i++) {
        char name[64];
        assert_string_equal(string_at(bench, DATA + (uint32_t)at + 19, name), order[i]);
        get(bench, DATA + (uint32_t)at, &numbers[i], 8);
        at += get32(bench, DATA + (uint32_t)at + 16) & 0xffff;
    }
    assert_int_equal(at, bytes);
    assert_int_equal(CALL(bench, GETDENTS64, 3, DATA, 0x800), 0);
    assert_int_equal(numbers[0], numbers[1]);
    assert_int_equal(numbers[0], 2);
    assert_int_equal(numbers[2], 3);
    inode = inode_at(bench, "/zebra");
    assert_int_equal(inode, numbers[8]);
    assert_int_equal(get32(bench, DATA + 24), 1000);       /* owner */
    assert_int_equal(get32(bench, DATA + 44), 5);          /* size */
    assert_int_equal(get32(bench, DATA + 64), 1700000000); /* times */
    assert_int_equal(get32(bench, DATA + 72), 1700000000);
    /* a file that is gone does not lend its number to the next */
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/tmp/a"), O_WRONLY | O_CREAT, 0644), 4);
    inode = inode_at(bench, "/tmp/a");
    assert_int_equal(CALL(bench, CLOSE, 4), 0);
    assert_int_equal(CALL(bench, UNLINK, text(bench, 0, "/tmp/a")), 0);
    assert_int_equal(CALL(bench, OPEN, text(bench, 0, "/tmp/a"), O_WRONLY | O_CREAT, 0644), 4);
    assert_true(inode_at(bench, "/tmp/a") > inode);
    assert_int_equal(CALL(bench, FSTAT64, 1, DATA), 0);
    assert_int_equal(get32(bench, DATA + 16) & 0170000, 0010000); /* whatever the host has there */
}

static void reads_and_writes(void **state)
{
    struct bench *bench = *state;
    char found[8];
    assert_int_equal(write(bench->input[1], "hello", 5), 5);
    close(bench->input[1]);
    bench->input[1] = open("/dev/null", O_RDONLY);
    assert_int_equal(CALL(bench, READ, 0, 0x1000, 5), -EFAULT);
    assert_int_equal(CALL(bench, READ, 0, GUEST_BREAK - 2, 100), 2); /* two bytes before the end of memory */
    get(bench, GUEST_BREAK - 2, found, 2);
    assert_memory_equal(found, "he", 2);
    assert_int_equal(CALL(bench, READ, 0, GUEST_CODE, 2), -EFAULT);
    assert_int_equal(CALL(bench, READ, 0, DATA, 100), 3);
    assert_int_equal(CALL(bench, READ, 0, DATA, 100), 0);
    assert_int_equal(CALL(bench, WRITE, 0, DATA, 1), -EBADF);
    assert_int_equal(CALL(bench, WRITE, 1, DATA, 3), 3);
    assert_int_equal(CALL(bench, WRITE, 1, 0x1000, 3), -EFAULT);
    assert_int_equal(CALL(bench, WRITE, 1, 0x1000, 0), 0);
    assert_int_equal(read(bench->output[0], found, sizeof found), 3);
    assert_memory_equal(found, "llo", 3);
    /* a pipe of its own */
    assert_int_equal(CALL(bench, PIPE, 0x1000), -EFAULT);
    assert_int_equal(CALL(bench, PIPE, DATA), 0);
    assert_int_equal(get32(bench, DATA), 3);
    assert_int_equal(get32(bench, DATA + 4), 4);
    assert_int_equal(CALL(bench, WRITE, 4, GUEST_CODE + 1, 3), 3);
    assert_int_equal(CALL(bench, CLOSE, 4), 0);
    assert_int_equal(CALL(bench, PREAD64, 3, DATA, 1, 0, 0), -ESPIPE);
    assert_int_equal(CALL(bench, PREAD64, 0, DATA, 1, 0, 0), -ESPIPE);
    assert_int_equal(CALL(bench, READ, 3, DATA, 2), 2);
    assert_int_equal(CALL(bench, READ, 3, DATA, 100), 1);
    assert_int_equal(CALL(bench, READ, 3, DATA, 100), 0);
    assert_int_equal(CALL(bench, DUP2, 1, 9), 9);
    assert_int_equal(CALL(bench, CLOSE, 1), 0);
    assert_int_equal(CALL(bench, WRITE, 9, GUEST_CODE + 1, 3), 3);
    assert_int_equal(CALL(bench, WRITE, 1, GUEST_CODE + 1, 3), -EBADF);
    assert_int_equal(CALL(bench, DUP, 9), 1);
    assert_int_equal(CALL(bench, DUP2, 9, 1024), -EBADF);
    struct user_stats stats;
    user_collect(bench->user, &stats);
    assert_int_equal(stats.bytes_read, 8);
    assert_int_equal(stats.bytes_written, 9);
}

/* ---- signals ---- */

static void act(struct bench *bench, unsigned signal, uint32_t handler, uint32_t flags)
{
    const uint32_t action[5] = {handler, flags | (handler > 1 ? SA_RESTORE : 0), RESTORER, 0, 0};
    put(bench, DATA, action, sizeof action);
    assert_int_equal(CALL(bench, RT_SIGACTION, signal, DATA, 0, 8), 0);
}

static void mask(struct bench *bench, uint32_t how, uint64_t set)
{
    put(bench, DATA, &set, 8);
    assert_int_equal(CALL(bench, RT_SIGPROCMASK, how, DATA, DATA + 8, 8), 0);
}
static uint64_t blocked(struct bench *bench)
{
    uint64_t set;
    assert_int_equal(CALL(bench, RT_SIGPROCMASK, 0, 0, DATA + 8, 8), 0);
    get(bench, DATA + 8, &set, 8);
    return set;
}
#define BIT(signal) (UINT64_C(1) << ((signal)-1))

/* Registers that can be told apart, and flags. */
static void mark(struct bench *bench)
{
    for (enum home home = HOME_EAX; home <= HOME_EDI; home++)
        if (home != HOME_ESP) *reg(bench, home) = 0x11111111u * (home + 1);
    *reg(bench, HOME_EIP) = GUEST_CODE + 0x123;
    *reg(bench, HOME_ESP) = 0xffffd000 - 0x123;
    *reg(bench, HOME_EFL) = 0x602; /* DF, IF */
    hw_state(bench->core)->f[0] = FLAG_CF | FLAG_ZF | FLAG_OF;
    *reg(bench, HOME_FCW) = 0x27f;
    *reg(bench, HOME_FSW) = 0x4021;
    *reg(bench, HOME_FTW) = 0x58f; /* TOP 5; R0 to R3 and R7 are in use */
    *reg(bench, HOME_MXCSR) = 0x1fa0;
    for (unsigned i = 0; i < 8; i++) {
        hw_state(bench->core)->v[i] = (struct vreg){{i, ~(uint64_t)i}};
        hw_state(bench->core)->v[16 + i] = (struct vreg){{UINT64_C(1) << 63 | i, 0x3fff + i}};
    }
    hw_commit(bench->core, 0, 0, ~UINT64_C(0), true);
}

static void check_marked(struct bench *bench)
{
    for (enum home home = HOME_EAX; home <= HOME_EDI; home++)
        if (home != HOME_ESP) assert_int_equal(*reg(bench, home), 0x11111111u * (home + 1));
    assert_int_equal(*reg(bench, HOME_EIP), GUEST_CODE + 0x123);
    assert_int_equal(*reg(bench, HOME_ESP), 0xffffd000 - 0x123);
    assert_int_equal(*reg(bench, HOME_EFL), 0x602);
    assert_int_equal(hw_state(bench->core)->f[0], FLAG_CF | FLAG_ZF | FLAG_OF);
    assert_int_equal(*reg(bench, HOME_FCW), 0x27f);
    assert_int_equal(*reg(bench, HOME_FSW), 0x4021);
    assert_int_equal(*reg(bench, HOME_FTW), 0x58f);
    assert_int_equal(*reg(bench, HOME_MXCSR), 0x1fa0);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(hw_state(bench->core)->v[i].half[1], ~(uint64_t)i);
        assert_int_equal(hw_state(bench->core)->v[16 + i].half[0], UINT64_C(1) << 63 | i);
        assert_int_equal(hw_state(bench->core)->v[16 + i].half[1], 0x3fff + i);
    }
}

/* FXSAVE's image below the stack pointer that mark() left, at a multiple of 64; in front of it FSAVE's. */
#define FP_IMAGE (((0xffffd000u - 0x123 - 512) & ~63u) - 112)

/* The floating-point state as mark() left it, which the handler does not see. */
static void check_fp(struct bench *bench)
{
    assert_int_equal(get32(bench, FP_IMAGE), 0xffff027f);
    assert_int_equal(get32(bench, FP_IMAGE + 4), 0xffff6821); /* with TOP */
    assert_int_equal(get32(bench, FP_IMAGE + 8), 0xffff3f00);
    assert_int_equal(get32(bench, FP_IMAGE + 16), 0x23);
    assert_int_equal(get32(bench, FP_IMAGE + 24), 0xffff002b);
    assert_int_equal(get32(bench, FP_IMAGE + 28), 5); /* ST0 is R5 */
    assert_int_equal(get32(bench, FP_IMAGE + 36) & 0xffff, 0x4004);
    assert_int_equal(get32(bench, FP_IMAGE + 108), 0x6821); /* status, and magic 0 */
    assert_int_equal(get32(bench, FP_IMAGE + 112), 0x6821027f);
    assert_int_equal(get32(bench, FP_IMAGE + 112 + 24), 0x1fa0);
    assert_int_equal(get32(bench, FP_IMAGE + 112 + 160 + 3 * 16), 3);
    assert_int_equal(*reg(bench, HOME_FCW), 0x37f);
    assert_int_equal(*reg(bench, HOME_FSW) | *reg(bench, HOME_FTW), 0);
    assert_int_equal(*reg(bench, HOME_MXCSR), 0x1f80);
    assert_int_equal(hw_state(bench->core)->v[1].half[0] | hw_state(bench->core)->v[17].half[0], 0);
}

/* The context at `at`: registers as mark() left them, and these. */
static void check_context(struct bench *bench, uint32_t at, uint32_t trap, uint32_t error, uint32_t cr2)
{
    const uint32_t wanted[22] = {0,
                                 0,
                                 0x2b,
                                 0x2b,
                                 0x88888888,
                                 0x77777777,
                                 0x66666666,
                                 0xffffd000 - 0x123,
                                 0x44444444,
                                 0x33333333,
                                 0x22222222,
                                 0x11111111,
                                 trap,
                                 error,
                                 GUEST_CODE + 0x123,
                                 0x23,
                                 0x602 | 0x841,
                                 0xffffd000 - 0x123,
                                 0x2b,
                                 FP_IMAGE,
                                 0,
                                 cr2};
    for (unsigned i = 0; i < LENGTH(wanted); i++)
        if (get32(bench, at + 4 * i) != wanted[i])
            fail_msg("word %u of the context is 0x%x, not 0x%x", i, get32(bench, at + 4 * i), wanted[i]);
    check_fp(bench);
}

static void turns_exceptions_into_signals(void **state)
{
    static const struct {
        struct hw_fault fault;
        bool software;
        unsigned signal;
        int code;
        uint32_t address, trap, error;
    } rows[] = {
        {{.vector = 0}, false, 8, 1, GUEST_CODE + 0x123, 0, 0},
        {{.vector = 1}, false, 5, 2, GUEST_CODE + 0x123, 1, 0},
        {{.vector = 3}, true, 5, 0x80, 0, 3, 0},
        {{.vector = 4}, true, 11, 0x80, 0, 4, 0},
        {{.vector = 5}, false, 11, 0x80, 0, 5, 0},
        {{.vector = 6}, false, 4, 2, GUEST_CODE + 0x123, 6, 0},
        {{.vector = 11, .error = 0x68}, false, 7, 0x80, 0, 11, 0x68},
        {{.vector = 12}, false, 7, 0x80, 0, 12, 0},
        {{.vector = 13, .error = 0x18}, false, 11, 0x80, 0, 13, 0x18},
        {{.vector = 14, .error = 6, .address = 0x1234}, false, 11, 1, 0x1234, 14, 6},
        {{.vector = 14, .error = 7, .address = GUEST_CODE}, false, 11, 2, GUEST_CODE, 14, 7},
        {{.vector = 14, .error = 0x15, .address = DATA}, false, 11, 2, DATA, 14, 0x15},
        {{.vector = 17}, false, 7, 1, 0, 17, 0},
        {{.vector = 0x20, .address = GUEST_CODE + 0x123}, true, 11, 0x80, 0, 13, 0x102},
        {{.vector = 5, .address = GUEST_CODE + 0x123}, true, 11, 0x80, 0, 13, 0x2a},
        {{.vector = 2, .address = GUEST_CODE + 0x123}, true, 11, 0x80, 0, 13, 0x12},
    };
    struct bench *bench = *state;
    uint32_t cr2 = 0;
    for (unsigned i = 0; i < LENGTH(rows); i++) {
        if (rows[i].fault.vector == 14) cr2 = (uint32_t)rows[i].fault.address;
        act(bench, rows[i].signal, HANDLER, SA_INFO);
        mark(bench);
        if (rows[i].fault.address && rows[i].software) *reg(bench, HOME_EIP) += 2; /* behind the INT n */
        assert_int_equal(hw_exception(bench->core, &rows[i].fault, rows[i].software), HW_RUN);
        uint32_t frame = (uint32_t)*reg(bench, HOME_ESP);
        assert_true((frame + 4) % 16 == 0 && frame < 0xffffd000 - 0x123 && frame > 0xffffd000 - 0x700);
        assert_int_equal(*reg(bench, HOME_EIP), HANDLER);
        assert_int_equal(*reg(bench, HOME_EFL), 0x202);
        assert_int_equal(get32(bench, frame), RESTORER);
        assert_int_equal(get32(bench, frame + 4), rows[i].signal);
        assert_int_equal(*reg(bench, HOME_EAX), rows[i].signal);
        uint32_t info = get32(bench, frame + 8), context = get32(bench, frame + 12);
        assert_true(info == frame + 16 && context == frame + 144);
        assert_true(*reg(bench, HOME_EDX) == info && *reg(bench, HOME_ECX) == context);
        assert_int_equal(get32(bench, info), rows[i].signal);
        assert_int_equal(get32(bench, info + 4), 0);
        assert_int_equal((int)get32(bench, info + 8), rows[i].code);
        assert_int_equal(get32(bench, info + 12), rows[i].address);
        check_context(bench, context + 20, rows[i].trap, rows[i].error, cr2);
        *reg(bench, HOME_ESP) = frame + 4; /* the handler returned */
        (void)CALL(bench, RT_SIGRETURN, 0);
        check_marked(bench);
        assert_int_equal(blocked(bench), 0);
    }
}

static void keeps_the_plain_frame(void **state)
{
    struct bench *bench = *state;
    const uint32_t action[4] = {HANDLER, 0x0600, 0, 0}; /* sigaction: blocks SIGUSR1's neighbours, no restorer */
    put(bench, DATA, action, sizeof action);
    assert_int_equal(CALL(bench, SIGACTION, 11, DATA, 0), 0);
    mask(bench, 0, BIT(40));
    mark(bench);
    const struct hw_fault fault = {.vector = 14, .error = 4, .address = 0x10};
    assert_int_equal(hw_exception(bench->core, &fault, false), HW_RUN);
    uint32_t frame = (uint32_t)*reg(bench, HOME_ESP);
    assert_int_equal(get32(bench, frame), 0xffffe000); /* the trampoline */
    assert_int_equal(get32(bench, frame + 4), 11);
    check_context(bench, frame + 8, 14, 4, 0x10);
    assert_int_equal(get32(bench, frame + 720), 0x80); /* upper half of the mask: signal 40 */
    assert_int_equal(CALL(bench, WRITE, 1, 0xffffe000, 8), 8);
    static const uint8_t code[8] = {0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80};
    uint8_t found[8];
    assert_int_equal(read(bench->output[0], found, 8), 8);
    assert_memory_equal(found, code, 8);
    assert_true(!(entry(bench, 0xffffe000) & (PTE_NO_EXECUTE | PTE_WRITE)));
    assert_int_equal(blocked(bench), BIT(40) | BIT(11) | 0x600);
    *reg(bench, HOME_ESP) = frame + 8; /* RET and POP */
    (void)CALL(bench, SIGRETURN, 0);
    check_marked(bench);
    assert_int_equal(blocked(bench), BIT(40));
}

static void delivers_in_order_and_masks(void **state)
{
    struct bench *bench = *state;
    act(bench, 10, HANDLER, 0), act(bench, 12, HANDLER + 1, 0), act(bench, 34, HANDLER + 2, SA_NODEFERRED | SA_ONCE);
    mask(bench, 0, BIT(10) | BIT(12) | BIT(34));
    mark(bench);
    uint32_t esp = (uint32_t)*reg(bench, HOME_ESP);
    assert_int_equal(CALL(bench, KILL, 1000, 34), 0);
    assert_int_equal(CALL(bench, KILL, 1000, 34), 0); /* queued twice: a real-time signal */
    assert_int_equal(CALL(bench, KILL, 0, 12), 0);
    assert_int_equal(CALL(bench, KILL, 1000, 12), 0);
    assert_int_equal(CALL(bench, KILL, 1, 12), -EPERM);
    assert_int_equal(CALL(bench, KILL, 77, 12), -ESRCH);
    assert_int_equal(CALL(bench, KILL, 1000, 65), -EINVAL);
    assert_int_equal(CALL(bench, KILL, 1000, 10), 0);
    assert_int_equal(*reg(bench, HOME_ESP), esp);
    uint64_t none = 0;
    put(bench, DATA, &none, 8);
    (void)CALL(bench, RT_SIGPROCMASK, 2, DATA, 0, 8);
    /* 10 first, so that it lies deepest; the second 34 has the default action now */
    struct user_status status = user_status(bench->user);
    assert_int_equal(status.end, USER_KILLED);
    assert_int_equal(status.code, 34);
    struct user_stats stats;
    user_collect(bench->user, &stats);
    assert_int_equal(stats.signals, 3);
    uint32_t frame = (uint32_t)*reg(bench, HOME_ESP);
    assert_int_equal(get32(bench, frame + 4), 34);
    assert_int_equal(get32(bench, frame + 8 + 56), HANDLER + 1);       /* interrupted: the handler of 12 */
    assert_int_equal(get32(bench, frame + 8 + 80), BIT(10) | BIT(12)); /* under its mask */
}

/* What an instruction caused comes before what was sent, whatever the numbers. */
static void delivers_faults_first(void **state)
{
    struct bench *bench = *state;
    act(bench, 1, HANDLER + 1, SA_NODEFERRED), act(bench, 11, HANDLER + 2, 0);
    mask(bench, 0, BIT(1) | BIT(11));
    assert_int_equal(CALL(bench, KILL, 1000, 1), 0);
    assert_int_equal(CALL(bench, KILL, 1000, 1), 0); /* pending already: once */
    assert_int_equal(CALL(bench, KILL, 1000, 11), 0);
    const uint64_t both = BIT(1) | BIT(11);
    put(bench, DATA, &both, sizeof both);
    (void)CALL(bench, RT_SIGPROCMASK, 1, DATA, 0, 8);
    uint32_t frame = (uint32_t)*reg(bench, HOME_ESP);
    assert_int_equal(*reg(bench, HOME_EIP), HANDLER + 1); /* entered last, on top of the other's first instruction */
    assert_int_equal(get32(bench, frame + 8 + 56), HANDLER + 2);
    struct user_stats stats;
    user_collect(bench->user, &stats);
    assert_int_equal(stats.signals, 2);
}

static void returns_to_interrupted_calls(void **state)
{
    struct bench *bench = *state;
    static const struct {
        uint32_t flags;
        bool again;
    } rows[] = {{0, false}, {SA_AGAIN, true}};
    for (unsigned i = 0; i < LENGTH(rows); i++) {
        act(bench, 14, HANDLER, rows[i].flags);
        assert_int_equal(CALL(bench, PIPE, DATA), 0);
        uint32_t pipe = get32(bench, DATA);
        assert_int_equal(CALL(bench, ALARM, 5), 0);
        mark(bench);
        (void)CALL(bench, READ, pipe, DATA, 1); /* the only writer is the guest: it waits for the alarm */
        uint32_t frame = (uint32_t)*reg(bench, HOME_ESP);
        assert_int_equal(*reg(bench, HOME_EIP), HANDLER);
        assert_int_equal(get32(bench, frame + 8 + 56), GUEST_CODE + 0x123 - (rows[i].again ? 2 : 0));
        assert_int_equal((int)get32(bench, frame + 8 + 44), rows[i].again ? READ : -EINTR);
        *reg(bench, HOME_ESP) = frame + 8;
        (void)CALL(bench, SIGRETURN, 0);
    }
    /* sigsuspend: EINTR always, and the old mask comes back */
    mask(bench, 0, BIT(14) | BIT(10));
    assert_int_equal(CALL(bench, ALARM, 1), 0);
    put32(bench, DATA, (uint32_t)BIT(10)), put32(bench, DATA + 4, 0);
    (void)CALL(bench, RT_SIGSUSPEND, DATA, 8);
    uint32_t frame = (uint32_t)*reg(bench, HOME_ESP);
    assert_int_equal((int)get32(bench, frame + 8 + 44), -EINTR);
    assert_int_equal(get32(bench, frame + 8 + 80), BIT(14) | BIT(10));
    *reg(bench, HOME_ESP) = frame + 8;
    (void)CALL(bench, SIGRETURN, 0);
    assert_int_equal(blocked(bench), BIT(14) | BIT(10));
}

static void uses_the_alternate_stack(void **state)
{
    struct bench *bench = *state;
    const uint32_t stack[3] = {DATA + 0x4000, 0, 0x4000};
    put32(bench, DATA + 8, 100);
    assert_int_equal(CALL(bench, GETRANDOM, DATA + 0x4000, 0x4000, 0), 0x4000);
    put(bench, DATA, stack, sizeof stack);
    assert_int_equal(CALL(bench, SIGALTSTACK, DATA, 0), 0);
    act(bench, 10, HANDLER, SA_STACK | SA_INFO);
    mark(bench);
    (void)CALL(bench, KILL, 1000, 10);
    uint32_t frame = (uint32_t)*reg(bench, HOME_ESP);
    assert_in_range(frame, DATA + 0x4000, DATA + 0x8000 - 268);
    assert_int_equal(get32(bench, frame + 16 + 8), 0); /* SI_USER */
    assert_int_equal(get32(bench, frame + 16 + 12), 1000);
    assert_int_equal(get32(bench, frame + 144 + 8), DATA + 0x4000);
    assert_int_equal(CALL(bench, SIGALTSTACK, 0, DATA), 0);
    assert_int_equal(get32(bench, DATA + 4), 1); /* on it */
    assert_int_equal(CALL(bench, SIGALTSTACK, DATA, 0), -EPERM);
    /* no room left on it: SIGSEGV, which has no handler */
    *reg(bench, HOME_ESP) = DATA + 0x4000 + 100;
    act(bench, 12, HANDLER, SA_STACK);
    *reg(bench, HOME_ESP) = DATA + 0x4000 + 100;
    (void)CALL(bench, KILL, 1000, 12);
    assert_int_equal(user_status(bench->user).end, USER_KILLED);
    assert_int_equal(user_status(bench->user).code, 11);
}

static void kills_when_a_fault_is_blocked_or_ignored(void **state)
{
    const struct hw_fault fault = {.vector = 6};
    for (unsigned how = 0; how < 3; how++) {
        struct bench *bench = bench_create(&plain);
        if (how == 1) act(bench, 4, 1, 0);
        if (how == 2) act(bench, 4, HANDLER, 0), mask(bench, 0, BIT(4));
        assert_int_equal(hw_exception(bench->core, &fault, false), HW_STOP);
        struct user_status status = user_status(bench->user);
        assert_int_equal(status.end, USER_KILLED);
        assert_int_equal(status.code, 4);
        assert_int_equal(status.fault.vector, 6);
        bench_destroy(bench);
    }
}

/* ---- time ---- */

static void counts_time_in_instructions(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(hw_next_event(bench->core), UINT64_MAX);
    retire(bench, 12345);
    assert_int_equal(hw_time_stamp(bench->core), 12345);
    assert_int_equal(CALL(bench, CLOCK_GETTIME, 1, DATA), 0);
    assert_int_equal(get32(bench, DATA + 4), 12345);
    assert_int_equal(CALL(bench, CLOCK_GETTIME, 0, DATA), 0);
    assert_int_equal(get32(bench, DATA), 1700000000);
    put32(bench, DATA, 2), put32(bench, DATA + 4, 500);
    assert_int_equal(CALL(bench, NANOSLEEP, DATA, 0), 0);
    assert_int_equal(CALL(bench, CLOCK_GETTIME, 1, DATA), 0);
    assert_int_equal(get32(bench, DATA), 2);
    assert_int_equal(get32(bench, DATA + 4), 12845);
    assert_int_equal(hw_time_stamp(bench->core), 2000012845);
    assert_int_equal(CALL(bench, CLOCK_GETTIME, 2, DATA), 0); /* CPU time: sleeping is none */
    assert_int_equal(get32(bench, DATA + 4), 12345);
    /* a timer of 1000 us, then each 500 us */
    const uint32_t timer[4] = {0, 500, 0, 1000};
    put(bench, DATA, timer, sizeof timer);
    act(bench, 14, HANDLER, 0);
    put(bench, DATA, timer, sizeof timer);
    assert_int_equal(CALL(bench, SETITIMER, 0, DATA, 0), 0);
    assert_int_equal(hw_next_event(bench->core), 12345 + 1000000);
    retire(bench, 999999);
    mark(bench);
    assert_int_equal(hw_events(bench->core), HW_RUN);
    check_marked(bench);
    retire(bench, 1);
    assert_int_equal(hw_events(bench->core), HW_RUN);
    assert_int_equal(*reg(bench, HOME_EIP), HANDLER);
    assert_int_equal(hw_next_event(bench->core), 12345 + 1500000);
    uint32_t frame = (uint32_t)*reg(bench, HOME_ESP);
    check_context(bench, frame + 8, 0, 0, 0);
}

static void sleeps_until_a_signal(void **state)
{
    struct bench *bench = *state;
    act(bench, 14, HANDLER, SA_AGAIN);
    assert_int_equal(CALL(bench, ALARM, 2), 0);
    put32(bench, DATA, 5), put32(bench, DATA + 4, 0);
    mark(bench);
    (void)CALL(bench, NANOSLEEP, DATA, DATA + 16);
    uint32_t frame = (uint32_t)*reg(bench, HOME_ESP);
    assert_int_equal((int)get32(bench, frame + 8 + 44), -EINTR);
    assert_int_equal(get32(bench, DATA + 16), 3);
    assert_int_equal(get32(bench, DATA + 20), 0);
    *reg(bench, HOME_ESP) = frame + 8;
    (void)CALL(bench, SIGRETURN, 0);
    assert_int_equal(CALL(bench, ALARM, 7), 0);
    assert_int_equal(CALL(bench, ALARM, 0), 7);
    /* nothing will ever happen */
    (void)CALL(bench, PAUSE, 0);
    struct user_status status = user_status(bench->user);
    assert_int_equal(status.end, USER_UNSUPPORTED);
    assert_non_null(strstr(status.note, "never"));
}

static void ends_at_the_limit(void **state)
{
    const struct bench_options options = {.stack = STACK_PLAIN, .insns_max = 1000};
    struct bench *bench = bench_create(&options);
    assert_int_equal(hw_next_event(bench->core), 1000);
    retire(bench, 999);
    assert_int_equal(hw_events(bench->core), HW_RUN);
    retire(bench, 1);
    assert_int_equal(hw_events(bench->core), HW_STOP);
    assert_int_equal(user_status(bench->user).end, USER_LIMIT);
    bench_destroy(bench);
    bench = bench_create(&plain);
    retire(bench, 50);
    user_interrupt(bench->user);
    assert_in_range(hw_next_event(bench->core), 0, 50);
    assert_int_equal(hw_events(bench->core), HW_STOP);
    assert_int_equal(user_status(bench->user).end, USER_INTERRUPTED);
    bench_destroy(bench);
}

/* ---- segments and the rest ---- */

static void hands_out_thread_segments(void **state)
{
    struct bench *bench = *state;
    struct hw_segment segment;
    const uint32_t desc[4] = {-1u, 0x12345678, 0xfffff, 0x51};
    assert_false(hw_segment(bench->core, 5, 0x63, &segment));
    assert_int_equal(hw_fault(bench->core).vector, 13);
    assert_int_equal(hw_fault(bench->core).error, 0x60);
    (void)CALL(bench, GETRANDOM, DATA, 64, 0);
    put(bench, DATA, desc, sizeof desc);
    assert_int_equal(CALL(bench, SET_THREAD_AREA, DATA), 0);
    assert_int_equal(get32(bench, DATA), 12);
    assert_true(hw_segment(bench->core, 5, 0x63, &segment));
    assert_true(segment.base == 0x12345678 && segment.limit == UINT32_MAX && segment.writable && !segment.executable);
    assert_true(hw_segment(bench->core, 2, 0x63, &segment));
    assert_false(hw_segment(bench->core, 2, 0x60, &segment));
    assert_false(hw_segment(bench->core, 1, 0x63, &segment));
    assert_true(hw_segment(bench->core, 1, 0x23, &segment) && segment.executable && segment.size32);
    assert_true(hw_segment(bench->core, 0, 3, &segment) && segment.base == 0);
    assert_false(hw_segment(bench->core, 2, 3, &segment));
    assert_int_equal(hw_fault(bench->core).error, 0);
    assert_false(hw_segment(bench->core, 3, 0x18, &segment));
    assert_false(hw_segment(bench->core, 3, 0x0f, &segment)); /* no local table */
    assert_int_equal(hw_fault(bench->core).error, 0x0c);
    const uint32_t local[4] = {1, 0x1000, 0xfff, 0x31 | 1}; /* not present */
    put(bench, DATA, local, sizeof local);
    assert_int_equal(CALL(bench, 123, 0x11, DATA, 16), 0);
    assert_false(hw_segment(bench->core, 3, 0x0f, &segment));
    assert_int_equal(hw_fault(bench->core).vector, 11);
    put32(bench, DATA + 12, 0x11);
    assert_int_equal(CALL(bench, 123, 0x11, DATA, 16), 0);
    assert_true(hw_segment(bench->core, 3, 0x0f, &segment) && segment.base == 0x1000 && segment.limit == 0xffffff);
    for (unsigned i = 0; i < 2; i++) {
        put32(bench, DATA, -1u), put32(bench, DATA + 4, 0), put32(bench, DATA + 8, 0xfffff),
            put32(bench, DATA + 12, 0x51);
        assert_int_equal(CALL(bench, SET_THREAD_AREA, DATA), 0);
    }
    put32(bench, DATA, -1u);
    assert_int_equal(CALL(bench, SET_THREAD_AREA, DATA), -ESRCH);
}

static void refuses_what_it_does_not_know(void **state)
{
    struct bench *bench = *state;
    struct user_stats stats;
    int kept = dup(2), null = open("/dev/null", O_WRONLY); /* it tells the user, once */
    dup2(null, 2);
    assert_int_equal(CALL(bench, LOOKUP_DCOOKIE, 0), -ENOSYS);
    assert_int_equal(CALL(bench, LOOKUP_DCOOKIE, 0), -ENOSYS);
    assert_int_equal(CALL(bench, 100000, 0), -ENOSYS);
    assert_int_equal(CALL(bench, 0xffffffff, 0), -ENOSYS);
    assert_int_equal(CALL(bench, 222, 0), -ENOSYS); /* a hole in the table */
    dup2(kept, 2), close(kept), close(null);
    user_collect(bench->user, &stats);
    assert_int_equal(stats.syscalls_unknown, 5);
    assert_int_equal(CALL(bench, EXIT, 0x1234), 0x1);
    struct user_status status = user_status(bench->user);
    assert_int_equal(status.end, USER_EXITED);
    assert_int_equal(status.code, 0x34);
}

/* Any call with any arguments: an answer, never a crash; and the simulator's memory and descriptors stay its own. */
static void survives_any_call(void **state)
{
    struct prng prng;
    prng_seed(&prng, 3);
    int kept = dup(2), null = open("/dev/null", O_RDWR);
    dup2(null, 2);
    struct bench *bench = NULL;
    for (unsigned round = 0; round < 20000; round++) {
        if (!bench) {
            bench = bench_create(&plain);
            dup2(null, bench->input[0]); /* reading never waits */
            dup2(null, bench->output[1]);
            bench_file(bench, "file", "some text");
        }
        uint32_t a[6];
        static const char *const paths[] = {"/file",     "/tmp/x",         "..",  "/",
                                            "/dev/zero", "/proc/self/exe", "a/b", "/tmp/x/"};
        uint32_t path = text(bench, 1, paths[prng_below(&prng, LENGTH(paths))]);
        for (unsigned i = 0; i < 6; i++) {
            const uint32_t choices[] = {(uint32_t)prng_next(&prng),
                                        (uint32_t)prng_below(&prng, 8),
                                        path,
                                        DATA + 0x800,
                                        GUEST_BREAK - 4,
                                        0xffffffff,
                                        (uint32_t)prng_below(&prng, 16) << 12,
                                        0xffffd000,
                                        DATA,
                                        1u << prng_below(&prng, 32)};
            a[i] = choices[prng_below(&prng, LENGTH(choices))];
        }
        (void)call6(bench, (uint32_t)prng_below(&prng, 452), a);
        /* a stack and registers to go on with */
        *reg(bench, HOME_ESP) = 0xffffd000, *reg(bench, HOME_EIP) = GUEST_CODE + 0x100;
        uint8_t here;
        if (user_status(bench->user).end != USER_RUNNING ||
            CALL(bench, GETRANDOM, DATA + 0x11000, 0x1000, 0) != 0x1000 ||
            !core_guest_read(bench->core, 0xffffd000, &here, 1)) {
            bench_destroy(bench);
            bench = NULL;
        }
    }
    if (bench) bench_destroy(bench);
    dup2(kept, 2), close(kept), close(null);
}

/* ---- damaged programs ---- */

static void survives_damaged_programs(void **state)
{
    struct bench *bench = *state;
    struct prng prng;
    uint8_t sound[PROGRAM_BYTES], file[PROGRAM_BYTES];
    unsigned started = 0, refused = 0;
    bench_program(sound, STACK_PLAIN);
    prng_seed(&prng, 11);
    user_destroy(bench->user);
    for (unsigned round = 0; round < 3000; round++) {
        size_t size = sizeof file;
        memcpy(file, sound, sizeof file);
        if (prng_below(&prng, 4) == 0) size = prng_below(&prng, sizeof file);
        for (uint64_t flips = prng_below(&prng, 4); flips--;)
            file[prng_below(&prng, 52 + 3 * 32)] ^= (uint8_t)(1 << prng_below(&prng, 8));
        bench_write(bench->program, file, size);
        if (round % 100 == 0) { /* frames of the runs before are only given back with the machine */
            rig_destroy(bench->rig);
            bench->rig = rig_create(NULL);
            bench->core = bench->rig->core;
        }
        memset(bench->error, 0, sizeof bench->error);
        if (bench_start(bench, &plain)) {
            started++;
            user_destroy(bench->user);
        } else {
            refused++;
            assert_true(strncmp(bench->error, bench->program, strlen(bench->program)) == 0 &&
                        strchr(bench->error, ' '));
        }
    }
    bench->user = NULL;
    assert_true(started > 300 && refused > 300);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_like_execve),
        cmocka_unit_test(knows_who_may_execute),
        TEST(clears_what_lies_behind_the_file),
        TEST(moves_the_break),
        TEST(maps_and_unmaps),
        TEST(remaps),
        TEST(brings_pages_in_on_a_fault),
        TEST(writes_shared_mappings_back),
        TEST(cannot_leave_its_root),
        cmocka_unit_test(writes_only_where_it_may),
        TEST(tells_the_same_of_files_anywhere),
        TEST(reads_and_writes),
        TEST(turns_exceptions_into_signals),
        TEST(keeps_the_plain_frame),
        TEST(delivers_in_order_and_masks),
        TEST(delivers_faults_first),
        TEST(returns_to_interrupted_calls),
        TEST(uses_the_alternate_stack),
        cmocka_unit_test(kills_when_a_fault_is_blocked_or_ignored),
        TEST(counts_time_in_instructions),
        TEST(sleeps_until_a_signal),
        cmocka_unit_test(ends_at_the_limit),
        TEST(hands_out_thread_segments),
        TEST(refuses_what_it_does_not_know),
        cmocka_unit_test(survives_any_call),
        TEST(survives_damaged_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
