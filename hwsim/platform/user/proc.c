/* proc.c -- the texts of /proc: in the kernel's layout, telling of the guest's machine and processes alone, the same in
 * every run. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "hwsim/platform/user/internal.h"

enum { HZ = 100, MEMORY_KIB = 1 << 20, PID_MAX = 32768 };
#define TICK UINT64_C(10000000) /* ns of 1/HZ */

void printed_add(struct printed *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = vsnprintf(NULL, 0, format, list);
    va_end(list);
    printed_reserve(text, (size_t)length + 1);
    va_start(list, format);
    vsnprintf(text->bytes + text->used, (size_t)length + 1, format, list);
    va_end(list);
    text->used += (size_t)length;
}

void printed_reserve(struct printed *text, size_t bytes)
{
    if (text->capacity - text->used >= bytes) return;
    text->capacity = 2 * text->capacity + bytes;
    char *more = realloc(text->bytes, text->capacity);
    if (!more) abort();
    text->bytes = more;
}

#define PRINTER(name) static void print_##name(struct user *user, const struct process *process, struct printed *text)
/* A file that says one thing only. */
#define CONSTANT(name, ...)                                                                                            \
    PRINTER(name) { printed_add(text, __VA_ARGS__); }

/* ---- the system ---- */

CONSTANT(boot, "covm\n")
CONSTANT(devices, "Character devices:\n  1 mem\n  5 /dev/tty\n\nBlock devices:\n  8 sd\n")
CONSTANT(filesystems, "nodev\tproc\nnodev\ttmpfs\n\text4\n")
CONSTANT(partitions, "major minor  #blocks  name\n\n")
CONSTANT(swaps, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n")
CONSTANT(zero, "0\n")
CONSTANT(file_max, "65536\n")
CONSTANT(nr_open, "%d\n", GUEST_FILES)
CONSTANT(pipe_max, "1048576\n")
CONSTANT(last_capability, "40\n")
CONSTANT(domainname, "(none)\n")
CONSTANT(hostname, "%s\n", SYSTEM_NODE)
CONSTANT(ngroups_max, "65536\n")
CONSTANT(osrelease, "%s\n", SYSTEM_RELEASE)
CONSTANT(ostype, "%s\n", SYSTEM_NAME)
CONSTANT(pid_max, "%d\n", PID_MAX)
CONSTANT(threads_max, "1024\n")
CONSTANT(kernel_version, "%s\n", SYSTEM_VERSION)
CONSTANT(max_map_count, "65530\n")
CONSTANT(mmap_min_addr, "%u\n", ELF_ADDRESS_MIN)
CONSTANT(version, "%s version %s (covm) %s\n", SYSTEM_NAME, SYSTEM_RELEASE, SYSTEM_VERSION)
CONSTANT(mounts,
         "/dev/root / ext4 %s,relatime 0 0\nproc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n"
         "udev /dev devtmpfs rw,nosuid,relatime 0 0\ntmpfs /dev/shm tmpfs rw,nosuid,nodev 0 0\n"
         "tmpfs /tmp tmpfs rw,nosuid,nodev 0 0\n",
         user->write ? "rw" : "ro")

PRINTER(uuid)
{
    uint64_t a = prng_next(&user->random), b = prng_next(&user->random);
    printed_add(text, "%08x-%04x-4%03x-%04x-%012llx\n", (unsigned)a, (unsigned)(a >> 32 & 0xffff), (unsigned)(a >> 52),
                (unsigned)(b >> 50 | 0x8000), (unsigned long long)(b & 0xffffffffffff));
}
CONSTANT(boot_id, "%08llx-0000-4000-8000-000000000000\n", (unsigned long long)user->params.seed & 0xffffffff)

static void print_features(const char *const name[32], uint32_t bits, struct printed *text)
{
    for (unsigned i = 0; i < 32; i++)
        if (bits >> i & 1 && name[i]) printed_add(text, " %s", name[i]);
}

/* What CPUID says, and the rate of the counter. */
PRINTER(cpuinfo)
{
    static const char *const edx[32] = {
        [0] = "fpu", [4] = "tsc", [8] = "cx8", [15] = "cmov", [23] = "mmx", [24] = "fxsr", [25] = "sse", [26] = "sse2"};
    static const char *const ecx[32] = {[0] = "pni", [9] = "ssse3", [19] = "sse4_1", [20] = "sse4_2", [23] = "popcnt"};
    struct cpu_features cpu = user_cpu(user);
    unsigned family = cpu.signature >> 8 & 15, model = cpu.signature >> 4 & 15;
    if (family == 15) family += cpu.signature >> 20 & 255, model |= cpu.signature >> 12 & 0xf0;
    uint64_t khz = (uint64_t)user->params.frequency / 1000;
    printed_add(
        text,
        "processor\t: 0\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %02x/%02x\n"
        "stepping\t: %u\ncpu MHz\t\t: %llu.%03llu\nfdiv_bug\t: no\nf00f_bug\t: no\ncoma_bug\t: no\nfpu\t\t: yes\n"
        "fpu_exception\t: yes\ncpuid level\t: 1\nwp\t\t: yes\nflags\t\t:",
        cpu.vendor, family, model, family, model, cpu.signature & 15, (unsigned long long)(khz / 1000),
        (unsigned long long)(khz % 1000));
    print_features(edx, cpu.edx, text);
    print_features(ecx, cpu.ecx, text);
    printed_add(text,
                "\nbugs\t\t:\nbogomips\t: %llu.%02llu\nclflush size\t: 32\ncache_alignment\t: 32\n"
                "address sizes\t: 36 bits physical, 32 bits virtual\npower management:\n\n",
                (unsigned long long)(khz / 500), (unsigned long long)(khz / 5 % 100));
}

static uint64_t used_kib(const struct user *user)
{
    uint64_t used = physical_frames_in_use(user->physical) * (PAGE_BYTES / 1024);
    return used < MEMORY_KIB ? used : MEMORY_KIB;
}

PRINTER(meminfo)
{
    static const char *const nothing[] = {"Buffers",  "Cached", "SwapCached", "Active", "Inactive", "SwapTotal",
                                          "SwapFree", "Dirty",  "Writeback",  "Mapped", "Shmem",    "Slab"};
    unsigned long long free = MEMORY_KIB - used_kib(user);
    printed_add(text, "MemTotal:       %8d kB\nMemFree:        %8llu kB\nMemAvailable:   %8llu kB\n", MEMORY_KIB, free,
                free);
    for (unsigned i = 0; i < LENGTH(nothing); i++)
        printed_add(text, "%s:%*s %8d kB\n", nothing[i], (int)(14 - strlen(nothing[i])), "", 0);
}

/* Seconds with two decimals. */
static void add_seconds(struct printed *text, uint64_t ns)
{
    printed_add(text, "%llu.%02llu", (unsigned long long)(ns / TICK / HZ), (unsigned long long)(ns / TICK % HZ));
}

PRINTER(uptime)
{
    add_seconds(text, time_now(user));
    printed_add(text, " ");
    add_seconds(text, user->slept);
    printed_add(text, "\n");
}

PRINTER(loadavg) { printed_add(text, "0.00 0.00 0.00 1/%u %u\n", user->process_count, user->process->id); }

PRINTER(system_stat)
{
    unsigned long long busy = (time_now(user) - user->slept) / TICK, idle = user->slept / TICK;
    for (unsigned i = 0; i < 2; i++) printed_add(text, "cpu%s %llu 0 0 %llu 0 0 0 0 0 0\n", i ? "0" : " ", busy, idle);
    printed_add(text, "intr 0\nctxt 0\nbtime %lld\nprocesses %u\nprocs_running 1\nprocs_blocked 0\n",
                (long long)user->params.epoch, user->process_count);
}

/* ---- a process ---- */

struct sizes {
    uint64_t all, resident, shared, data, stack, code; /* bytes */
};
static struct sizes measure(struct user *user, const struct process *process)
{
    struct sizes sizes = {0};
    const struct mappings *space = process->space;
    for (unsigned i = 0; space && i < space->count; i++) {
        const struct vma *vma = &space->vmas[i];
        uint64_t bytes = vma->end - vma->start, resident = space_resident(user, space, vma);
        sizes.all += bytes;
        sizes.resident += resident;
        if (vma->shared) sizes.shared += resident;
        *(vma->growth ? &sizes.stack : vma->prot & 2 ? &sizes.data : &sizes.code) += bytes;
    }
    return sizes;
}

static char state_of(const struct user *user, const struct process *process)
{
    return process == user->process ? 'R' : process->stopped ? 'T' : process->space ? 'S' : 'Z';
}

static const char *name_of(const struct user *user, const struct process *process)
{
    const struct thread *thread = task_first_thread(user, process);
    return thread ? thread->name : "";
}

static unsigned threads_of(const struct user *user, const struct process *process)
{
    unsigned count = 0;
    for (unsigned i = 0; i < user->thread_count; i++) count += user->threads[i]->process == process;
    return count;
}

PRINTER(comm) { printed_add(text, "%s\n", name_of(user, process)); }

static void add_memory(struct user *user, const struct process *process, struct printed *text, const uint32_t range[2])
{
    if (!process->space || range[1] <= range[0]) return;
    size_t bytes = range[1] - range[0];
    printed_reserve(text, bytes);
    text->used += space_peek(user, process->space, range[0], text->bytes + text->used, bytes);
}

PRINTER(cmdline) { add_memory(user, process, text, process->space ? process->space->arguments : NULL); }
PRINTER(environ) { add_memory(user, process, text, process->space ? process->space->environment : NULL); }
PRINTER(auxv) { add_memory(user, process, text, process->space ? process->space->auxiliary : NULL); }

PRINTER(status)
{
    struct sizes sizes = measure(user, process);
    char state = state_of(user, process);
    printed_add(text,
                "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\nTgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n",
                name_of(user, process), process->file_mask, state,
                state == 'R'   ? "running"
                : state == 'S' ? "sleeping"
                               : "zombie",
                process->id, process->id, process->parent);
    printed_add(text, "Uid:\t%d\t%d\t%d\t%d\nGid:\t%d\t%d\t%d\t%d\nFDSize:\t%d\nGroups:\t \n", GUEST_UID, GUEST_UID,
                GUEST_UID, GUEST_UID, GUEST_GID, GUEST_GID, GUEST_GID, GUEST_GID, GUEST_FILES);
    if (process->space)
        printed_add(text,
                    "VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t       0 kB\nVmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\n"
                    "VmData:\t%8llu kB\nVmStk:\t%8llu kB\nVmExe:\t%8llu kB\n",
                    (unsigned long long)sizes.all >> 10, (unsigned long long)sizes.all >> 10,
                    (unsigned long long)sizes.resident >> 10, (unsigned long long)sizes.resident >> 10,
                    (unsigned long long)sizes.data >> 10, (unsigned long long)sizes.stack >> 10,
                    (unsigned long long)sizes.code >> 10);
    printed_add(text, "Threads:\t%u\n", threads_of(user, process));
    printed_add(text, "NoNewPrivs:\t0\nCpus_allowed:\t1\nCpus_allowed_list:\t0\n");
}

PRINTER(statm)
{
    struct sizes sizes = measure(user, process);
    printed_add(text, "%llu %llu %llu %llu 0 %llu 0\n", (unsigned long long)sizes.all / PAGE_BYTES,
                (unsigned long long)sizes.resident / PAGE_BYTES, (unsigned long long)sizes.shared / PAGE_BYTES,
                (unsigned long long)sizes.code / PAGE_BYTES,
                (unsigned long long)(sizes.data + sizes.stack) / PAGE_BYTES);
}

PRINTER(stat)
{
    struct sizes sizes = measure(user, process);
    const struct mappings *space = process->space;
    printed_add(text, "%u (%s) %c %u %u %u 0 -1 4194304 0 0 0 0 %llu 0 0 0 20 0 %u 0 0 ", process->id,
                name_of(user, process), state_of(user, process), process->parent, process->group, process->session,
                (unsigned long long)(time_process(user, process) / TICK), threads_of(user, process));
    printed_add(text, "%llu %llu 4294967295 %u %u %u 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 %u %u %u %u %u 0\n",
                (unsigned long long)sizes.all, (unsigned long long)sizes.resident / PAGE_BYTES,
                space && space->count ? space->vmas[0].start : 0, space && space->count ? space->vmas[0].end : 0,
                space ? space->arguments[0] : 0, space ? space->break_start : 0, space ? space->arguments[0] : 0,
                space ? space->arguments[1] : 0, space ? space->environment[0] : 0, space ? space->environment[1] : 0);
}

PRINTER(limits)
{
    static const struct {
        const char *name, *unit;
    } row[LIMIT_COUNT] = {
        {"Max cpu time", "seconds"},    {"Max file size", "bytes"},      {"Max data size", "bytes"},
        {"Max stack size", "bytes"},    {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
        {"Max processes", "processes"}, {"Max open files", "files"},     {"Max locked memory", "bytes"},
        {"Max address space", "bytes"}, {"Max file locks", "locks"},     {"Max pending signals", "signals"},
        {"Max msgqueue size", "bytes"}, {"Max nice priority", ""},       {"Max realtime priority", ""},
        {"Max realtime timeout", "us"},
    };
    printed_add(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (unsigned i = 0; i < LIMIT_COUNT; i++) {
        char value[2][24];
        for (unsigned k = 0; k < 2; k++) {
            uint64_t limit = process->limit[i][k];
            snprintf(value[k], sizeof value[k], limit == UINT64_MAX ? "unlimited" : "%llu", (unsigned long long)limit);
        }
        printed_add(text, "%-25s %-20s %-20s %-10s\n", row[i].name, value[0], value[1], row[i].unit);
    }
}

/* ---- mappings ---- */

static const char *name_of_mapping(const struct mappings *space, const struct vma *vma)
{
    if (vma->backing && vma->backing->path) return vma->backing->path;
    if (vma->backing && vma->shared) return "/dev/zero (deleted)";
    if (vma->growth) return "[stack]";
    if (vma->start == TRAMPOLINE) return "[vdso]";
    return !vma->backing && vma->start <= space->program_break && vma->end >= space->break_start &&
                   space->program_break > space->break_start
               ? "[heap]"
               : "";
}

PRINTER(maps)
{
    enum { NAME_COLUMN = 49 };
    const struct mappings *space = process->space;
    for (unsigned i = 0; space && i < space->count; i++) {
        const struct vma *vma = &space->vmas[i];
        const char *name = name_of_mapping(space, vma);
        bool file = vma->backing && (vma->backing->path || vma->shared);
        struct stat host;
        unsigned long inode = 0;
        if (file && vma->backing->descriptor >= 0 && fstat(vma->backing->descriptor, &host) == 0)
            inode = (unsigned long)inode_of(user, &host)->number;
        size_t start = text->used;
        printed_add(text, "%08x-%08x %c%c%c%c %08llx %02x:%02x %lu", vma->start, vma->end, vma->prot & 1 ? 'r' : '-',
                    vma->prot & 2 ? 'w' : '-', vma->prot & 4 ? 'x' : '-', vma->shared ? 's' : 'p',
                    (unsigned long long)(file ? vma->offset : 0), inode ? 8 : 0, inode ? 1 : 0, inode);
        if (*name) printed_add(text, "%*s %s", (int)(NAME_COLUMN - 1 - (text->used - start)), "", name);
        printed_add(text, "\n");
    }
}

/* ---- links ---- */

PRINTER(exe) { printed_add(text, "%s", process->exe_path); }
PRINTER(cwd) { printed_add(text, "%s", process->cwd); }
PRINTER(self) { printed_add(text, "%u", user->process->id); }
PRINTER(thread_self) { printed_add(text, "%u/task/%u", user->process->id, user->thread->id); }

static const struct special_row system_rows[] = {
    {.path = "self", .kind = SPECIAL_LINK, .print = print_self},
    {.path = "thread-self", .kind = SPECIAL_LINK, .print = print_thread_self},
    {.path = "mounts", .kind = SPECIAL_LINK, .target = "self/mounts"},
#define TEXT(name, printer)                                                                                            \
    {                                                                                                                  \
        .path = name, .kind = SPECIAL_TEXT, .print = print_##printer                                                   \
    }
    TEXT("cmdline", boot),
    TEXT("cpuinfo", cpuinfo),
    TEXT("devices", devices),
    TEXT("filesystems", filesystems),
    TEXT("loadavg", loadavg),
    TEXT("meminfo", meminfo),
    TEXT("partitions", partitions),
    TEXT("stat", system_stat),
    TEXT("swaps", swaps),
    TEXT("uptime", uptime),
    TEXT("version", version),
    TEXT("sys/fs/file-max", file_max),
    TEXT("sys/fs/nr_open", nr_open),
    TEXT("sys/fs/pipe-max-size", pipe_max),
    TEXT("sys/kernel/cap_last_cap", last_capability),
    TEXT("sys/kernel/domainname", domainname),
    TEXT("sys/kernel/hostname", hostname),
    TEXT("sys/kernel/ngroups_max", ngroups_max),
    TEXT("sys/kernel/osrelease", osrelease),
    TEXT("sys/kernel/ostype", ostype),
    TEXT("sys/kernel/pid_max", pid_max),
    TEXT("sys/kernel/random/boot_id", boot_id),
    TEXT("sys/kernel/random/uuid", uuid),
    TEXT("sys/kernel/randomize_va_space", zero),
    TEXT("sys/kernel/threads-max", threads_max),
    TEXT("sys/kernel/version", kernel_version),
    TEXT("sys/vm/max_map_count", max_map_count),
    TEXT("sys/vm/mmap_min_addr", mmap_min_addr),
    TEXT("sys/vm/overcommit_memory", zero),
};
const struct special_rows proc_system = {system_rows, LENGTH(system_rows)};

static const struct special_row process_rows[] = {
    {.path = "exe", .kind = SPECIAL_EXE, .print = print_exe},
    {.path = "cwd", .kind = SPECIAL_LINK, .print = print_cwd},
    {.path = "root", .kind = SPECIAL_LINK, .target = "/"},
    TEXT("auxv", auxv),
    TEXT("cmdline", cmdline),
    TEXT("comm", comm),
    TEXT("environ", environ),
    TEXT("limits", limits),
    TEXT("maps", maps),
    TEXT("mounts", mounts),
    TEXT("stat", stat),
    TEXT("statm", statm),
    TEXT("status", status),
#undef TEXT
};
const struct special_rows proc_process = {process_rows, LENGTH(process_rows)};
