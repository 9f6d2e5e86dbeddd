/* calls.c -- i386 system calls as the 64-bit kernel knows them. */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/oracle/guest.h"

enum { MAPS_TOP = 0xf7000000, MAPS_BOTTOM = 0x60000000, VECTORS_MAX = 64 };

/* Calls whose arguments and structures are the same to both: i386's number, x86-64's. */
static const uint16_t alike[][2] = {
    {1, SYS_exit_group},
    {3, SYS_read},
    {4, SYS_write},
    {5, SYS_open},
    {6, SYS_close},
    {10, SYS_unlink},
    {20, SYS_getpid},
    {24, SYS_getuid},
    {27, SYS_alarm},
    {33, SYS_access},
    {37, SYS_kill},
    {41, SYS_dup},
    {54, SYS_ioctl},
    {85, SYS_readlink},
    {122, SYS_uname},
    {158, SYS_sched_yield},
    {176, SYS_rt_sigpending},
    {199, SYS_getuid},
    {200, SYS_getgid},
    {201, SYS_geteuid},
    {202, SYS_getegid},
    {219, SYS_madvise},
    {224, SYS_gettid},
    {252, SYS_exit_group},
    {258, SYS_set_tid_address},
    {270, SYS_tgkill},
    {295, SYS_openat},
    {305, SYS_readlinkat},
    {307, SYS_faccessat},
    {340, SYS_prlimit64},
    {355, SYS_getrandom},
    {383, SYS_statx},
    {403, SYS_clock_gettime},
};

static uint32_t break_start, break_end;
static uint8_t executable[(UINT32_MAX + UINT64_C(1)) / PAGE];

static int64_t result(int64_t value) { return value == -1 ? -errno : value; }

static uint32_t round_up(uint32_t bytes) { return (bytes + PAGE - 1) & ~(PAGE - 1); }

/* ---- memory ---- */

bool calls_executable(uint32_t at) { return executable[at / PAGE]; }

static void note(uint32_t at, uint32_t bytes, int protection)
{
    for (uint64_t page = at / PAGE; page < ((uint64_t)at + bytes + PAGE - 1) / PAGE && page < sizeof executable; page++)
        executable[page] = (protection & PROT_EXEC) != 0;
}

int64_t calls_protect(uint32_t at, uint32_t bytes, int protection)
{
    /* code is read here before the processor runs it */
    int needed = protection & PROT_EXEC ? PROT_READ : 0;
    int64_t done = result(mprotect(guest_pointer(at), bytes, protection | needed));
    if (done == 0) note(at, bytes, protection);
    return done;
}

/* Where no address is asked for, or another mapping has it: from the top down, as the kernel does it for i386. */
int64_t calls_map(uint32_t at, uint32_t bytes, int protection, int flags, int descriptor, uint64_t offset)
{
    bytes = round_up(bytes);
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    if (!fixed) flags |= MAP_FIXED_NOREPLACE;
    void *got = at || fixed ? mmap(guest_pointer(at), bytes, protection, flags, descriptor, (off_t)offset) : MAP_FAILED;
    for (uint64_t place = MAPS_TOP - (uint64_t)bytes; !fixed && got == MAP_FAILED && place >= MAPS_BOTTOM;
         place -= 16 * PAGE)
        got = mmap((void *)place, bytes, protection, flags, descriptor, (off_t)offset);
    if (got == MAP_FAILED) return fixed ? -errno : -ENOMEM;
    note((uint32_t)(uintptr_t)got, bytes, protection);
    return (int64_t)(uintptr_t)got;
}

static int64_t unmap(uint32_t at, uint32_t bytes)
{
    int64_t done = result(munmap(guest_pointer(at), bytes));
    if (done == 0) note(at, bytes, 0);
    return done;
}

void calls_set_break(uint32_t at) { break_start = break_end = round_up(at); }

static int64_t set_break(uint32_t to)
{
    uint32_t mapped = round_up(break_end), wanted = round_up(to);
    int flags = MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS;
    if (to < break_start) return break_end;
    if (wanted > mapped && calls_map(mapped, wanted - mapped, PROT_READ | PROT_WRITE, flags, -1, 0) < 0)
        return break_end;
    if (wanted < mapped) unmap(wanted, mapped - wanted);
    return break_end = to;
}

/* ---- the others ---- */

static int64_t set_thread_area(struct guest *guest, struct user_desc *area)
{
    if (area->entry_number == ~0u) area->entry_number = TLS_FIRST;
    if (area->entry_number < TLS_FIRST || area->entry_number > TLS_LAST) return -EINVAL;
    guest->tls_base[area->entry_number - TLS_FIRST] = area->base_addr;
    return 0;
}

static int64_t vector(long call, uint32_t descriptor, const uint32_t *from, uint32_t count)
{
    struct iovec pieces[VECTORS_MAX];
    if (count > VECTORS_MAX) return -EINVAL;
    for (uint32_t i = 0; i < count; i++) pieces[i] = (struct iovec){guest_pointer(from[2 * i]), from[2 * i + 1]};
    return result(syscall(call, descriptor, pieces, count));
}

/* struct itimerval: four words */
static int64_t set_timer(uint32_t which, const int32_t *from, int32_t *old)
{
    struct itimerval timer = {{from[0], from[1]}, {from[2], from[3]}}, before;
    int64_t done = result(setitimer((int)which, &timer, &before));
    if (done == 0 && old) {
        old[0] = (int32_t)before.it_interval.tv_sec, old[1] = (int32_t)before.it_interval.tv_usec;
        old[2] = (int32_t)before.it_value.tv_sec, old[3] = (int32_t)before.it_value.tv_usec;
    }
    return done;
}

static int64_t seek(uint32_t descriptor, uint64_t to, int64_t *at, uint32_t whence)
{
    int64_t got = result(lseek((int)descriptor, (off_t)to, (int)whence));
    if (got >= 0) *at = got;
    return got >= 0 ? 0 : got;
}

/* what does not fit means: none */
static int64_t get_limit(uint32_t which, uint32_t *to)
{
    struct rlimit limit;
    int64_t done = result(getrlimit(which, &limit));
    if (done) return done;
    to[0] = limit.rlim_cur > UINT32_MAX ? UINT32_MAX : (uint32_t)limit.rlim_cur;
    to[1] = limit.rlim_max > UINT32_MAX ? UINT32_MAX : (uint32_t)limit.rlim_max;
    return 0;
}

static int64_t translate(struct guest *guest, uint32_t number, const uint32_t a[6])
{
    for (unsigned i = 0; i < sizeof alike / sizeof *alike; i++)
        if (alike[i][0] == number) return result(syscall(alike[i][1], a[0], a[1], a[2], a[3], a[4], a[5]));
    switch (number) {
    case 45: return set_break(a[0]);
    case 91: return unmap(a[0], a[1]);
    case 104: return set_timer(a[0], guest_pointer(a[1]), guest_pointer(a[2]));
    case 125: return calls_protect(a[0], a[1], (int)a[2]);
    case 140: return seek(a[0], (uint64_t)a[1] << 32 | a[2], guest_pointer(a[3]), a[4]);
    case 145: return vector(SYS_readv, a[0], guest_pointer(a[1]), a[2]);
    case 146: return vector(SYS_writev, a[0], guest_pointer(a[1]), a[2]);
    case 163: return -ENOMEM; /* mremap; who calls it can do without */
    case 174: return signals_action(a[0], a[1], a[2]);
    case 175: return signals_mask(a[0], a[1], a[2]);
    case 178: return signals_queue(a[0], a[1], a[2]);
    case 186: return signals_stack(a[0], a[1]);
    case 191: return get_limit(a[0], guest_pointer(a[1]));
    case 192: return calls_map(a[0], a[1], (int)a[2], (int)a[3], (int)a[4], (uint64_t)a[5] * PAGE);
    case 243: return set_thread_area(guest, guest_pointer(a[0]));
    case 311: /* set_robust_list */
    case 386: /* rseq */ return -ENOSYS;
    default: break;
    }
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    host32_die("this system call is not translated", text);
}

void calls_do(struct guest *guest)
{
    const uint32_t *r = guest->reg, number = r[EAX];
    const uint32_t arguments[6] = {r[EBX], r[ECX], r[EDX], r[ESI], r[EDI], r[EBP]};
    if (number == 119 || number == 173)
        signals_return(guest, number == 173);
    else
        guest->reg[EAX] = (uint32_t)translate(guest, number, arguments);
}
