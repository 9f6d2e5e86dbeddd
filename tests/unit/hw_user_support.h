/* hw_user_support.h -- a user platform on a bench: a root directory, a tiny program that is never run, and system calls
 * made by hand, as INT 0x80 would make them. */
#ifndef COVM_HW_USER_SUPPORT_H
#define COVM_HW_USER_SUPPORT_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/user.h"
#include "tests/unit/hw_core_support.h"

enum { GUEST_CODE = 0x8048000, GUEST_DATA = 0x8050000, GUEST_DATA_BYTES = 0x20000, GUEST_BREAK = 0x8070000 };
enum guest_stack { STACK_PLAIN = 6, STACK_EXECUTABLE = 7, STACK_NONE = 0 };

struct bench {
    struct rig *rig;
    struct hw_core *core;
    struct user *user;
    char directory[64], program[96], root[96]; /* on the host */
    int input[2], output[2];                   /* pipes: the test's ends are input[1] and output[0] */
    char error[512];
};

struct bench_options {
    enum guest_stack stack;
    bool write, tty;
    uint64_t insns_max;
    char *const *argv, *const *env;
};

/* A page of code, and a page of data in the file with zeroes behind it. Its bytes: */
enum { PROGRAM_BYTES = 0x2000 };
UNUSED static void bench_program(uint8_t file[PROGRAM_BYTES], enum guest_stack stack)
{
    const uint32_t header[13] = {0x464c457f,    0x00010101,      0, 0, 3 << 16 | 2, 1, GUEST_CODE + 0x100, 52, 0, 0,
                                 32 << 16 | 52, (stack ? 3 : 2), 0};
    const uint32_t segments[3][8] = {
        {1, 0, GUEST_CODE, GUEST_CODE, 0x1000, 0x1000, 5, 0x1000},
        {1, 0x1000, GUEST_DATA, GUEST_DATA, 0x800, GUEST_DATA_BYTES, 6, 0x1000},
        {0x6474e551, 0, 0, 0, 0, 0, (uint32_t)stack, 16},
    };
    memset(file, 0, PROGRAM_BYTES);
    memcpy(file, header, sizeof header);
    memcpy(file + 52, segments, sizeof segments);
    memset(file + 0x100, 0x90, 0x100);
    memset(file + 0x1000, 0x5a, 0x1000);
}

UNUSED static void bench_write(const char *path, const void *bytes, size_t size)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    if (descriptor < 0 || write(descriptor, bytes, size) != (ssize_t)size) abort();
    close(descriptor);
}

UNUSED static bool bench_start(struct bench *bench, const struct bench_options *options)
{
    static char *const plain_argv[] = {"prog", NULL};
    struct user_config config = {
        .params = {.frequency = 1000000000, .epoch = 1700000000, .seed = 1, .stack = 8 << 20, .quantum = 1000, .tty = options->tty},
        .program = bench->program,
        .argv = options->argv ? options->argv : plain_argv,
        .env = options->env,
        .root = bench->root,
        .write = options->write,
        .input = bench->input[0],
        .output = bench->output[1],
        .error = bench->output[1],
        .insns_max = options->insns_max,
    };
    bench->user = user_create(bench->rig->machine, &config, bench->error, sizeof bench->error);
    return bench->user;
}

UNUSED static struct bench *bench_create(const struct bench_options *options)
{
    struct bench *bench = calloc(1, sizeof *bench);
    uint8_t program[PROGRAM_BYTES];
    strcpy(bench->directory, "/tmp/covm-test-XXXXXX");
    if (!mkdtemp(bench->directory)) abort();
    snprintf(bench->program, sizeof bench->program, "%s/prog", bench->directory);
    snprintf(bench->root, sizeof bench->root, "%s/root", bench->directory);
    if (mkdir(bench->root, 0755) < 0 || pipe(bench->input) < 0 || pipe(bench->output) < 0) abort();
    bench_program(program, options->stack);
    bench_write(bench->program, program, sizeof program);
    bench->rig = rig_create(NULL);
    bench->core = bench->rig->core;
    if (!bench_start(bench, options)) fprintf(stderr, "%s\n", bench->error), abort();
    return bench;
}

static int bench_remove(const char *path, const struct stat *status, int type, struct FTW *where)
{
    return remove(path);
}

UNUSED static void bench_destroy(struct bench *bench)
{
    user_destroy(bench->user);
    rig_destroy(bench->rig);
    for (unsigned i = 0; i < 2; i++) close(bench->input[i]), close(bench->output[i]);
    nftw(bench->directory, bench_remove, 8, FTW_DEPTH | FTW_PHYS);
    free(bench);
}

/* A file below the root. */
UNUSED static void bench_file(struct bench *bench, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", bench->root, name);
    bench_write(path, text, strlen(text));
}

/* ---- the guest ---- */

static inline uint64_t *reg(struct bench *bench, enum home home) { return &hw_state(bench->core)->r[home]; }

/* What INT 0x80 does, and its result as a C library sees it. */
UNUSED static int64_t call6(struct bench *bench, uint32_t number, const uint32_t a[6])
{
    static const enum home place[6] = {HOME_EBX, HOME_ECX, HOME_EDX, HOME_ESI, HOME_EDI, HOME_EBP};
    *reg(bench, HOME_EAX) = number;
    for (unsigned i = 0; i < 6; i++) *reg(bench, place[i]) = a[i];
    hw_system_call(bench->core);
    uint32_t eax = (uint32_t)*reg(bench, HOME_EAX);
    return eax > 0xfffff000 ? (int64_t)(int32_t)eax : (int64_t)eax;
}
#define CALL(bench, number, ...) call6(bench, number, (const uint32_t[6]){__VA_ARGS__})

UNUSED static void put(struct bench *bench, uint32_t address, const void *from, size_t bytes)
{
    if (!core_guest_write(bench->core, address, from, bytes)) abort();
}
UNUSED static void put32(struct bench *bench, uint32_t address, uint32_t value) { put(bench, address, &value, 4); }
/* Brings the guest's page in, as its own access would. */
UNUSED static void touch(struct bench *bench, uint32_t address)
{
    const struct hw_fault fault = {.vector = 14, .error = PF_USER | PF_WRITE, .address = address};
    struct core_space space = core_get_space(bench->core);
    if (!page_entry(bench->rig->physical, space.mode, space.cr3, address) &&
        hw_exception(bench->core, &fault, false) != HW_RUN)
        abort();
}
/* A string in the guest's data, each in its own place. */
UNUSED static uint32_t text(struct bench *bench, unsigned place, const char *string)
{
    uint32_t address = GUEST_DATA + 0x10000 + place * 0x1000;
    touch(bench, address);
    put(bench, address, string, strlen(string) + 1);
    return address;
}
UNUSED static void get(struct bench *bench, uint32_t address, void *to, size_t bytes)
{
    if (!core_guest_read(bench->core, address, to, bytes)) abort();
}
UNUSED static uint32_t get32(struct bench *bench, uint32_t address)
{
    uint32_t value;
    get(bench, address, &value, sizeof value);
    return value;
}

/* The instructions that a program would have run. */
UNUSED static void retire(struct bench *bench, uint32_t insns) { hw_commit(bench->core, insns, 0, 0, false); }

#endif
