/* host32.c -- runs a static i386 Linux program on this host, as the judge of what covm computes:
 *
 *     host32 PROGRAM ARGUMENT...
 *     host32 --how                 says in a line which way this host has
 *
 *     kernel      the kernel runs i386 programs by itself
 *     processor   it does not. Each instruction is executed by the processor in 64-bit mode, where nearly all mean the
 *                 same; the few that are missing or differ there (emulate.c: the stack, control transfer, segments,
 * BCD) are done by hand, and system calls and signals translated. qemu        qemu-i386, for comparison: it does not
 * follow the processor in flags that are undefined, x87 and faults
 *
 * COVM_HOST32 in the environment chooses another way than the first that works. What the tests use is translated, no
 * more: anything else ends the program with code 125.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/oracle/guest.h"

enum { STACK_TOP = 0xffffd000, STACK_BYTES = 0x800000, HEADERS_MAX = 16 };

_Noreturn void host32_die(const char *what, const char *which)
{
    fprintf(stderr, "host32: %s: %s\n", which, what);
    _exit(EXIT_UNABLE);
}

/* ---- which way ---- */

enum way { KERNEL, PROCESSOR, QEMU };
static const struct {
    const char *name, *means;
} ways[] = {
    {"kernel", "the kernel runs i386 programs"},
    {"processor",
     "the kernel runs no i386 programs; the processor executes their instructions, one by one, in 64-bit mode"},
    {"qemu", "qemu-i386 runs them"},
};

/* An i386 program that leaves with code 0: INC of a zero EAX, INT 0x80. */
static bool kernel_runs_i386(void)
{
    struct {
        Elf32_Ehdr head;
        Elf32_Phdr segment;
        uint8_t code[8];
    } image = {
        {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
         .e_type = ET_EXEC,
         .e_machine = EM_386,
         .e_version = EV_CURRENT,
         .e_entry = 0x8048000 + sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr),
         .e_phoff = sizeof(Elf32_Ehdr),
         .e_ehsize = sizeof(Elf32_Ehdr),
         .e_phentsize = sizeof(Elf32_Phdr),
         .e_phnum = 1},
        {.p_type = PT_LOAD,
         .p_vaddr = 0x8048000,
         .p_filesz = sizeof image,
         .p_memsz = sizeof image,
         .p_flags = PF_R | PF_X,
         .p_align = PAGE},
        {0x31, 0xdb, 0x31, 0xc0, 0x40, 0xcd, 0x80},
    };
    /* a kernel that hands them to QEMU does not run them */
    if (access("/proc/sys/fs/binfmt_misc/qemu-i386", F_OK) == 0) return false;
    int file = memfd_create("probe", MFD_CLOEXEC), status = -1;
    if (file < 0 || write(file, &image, sizeof image) != sizeof image) return false;
    pid_t child = fork();
    if (child == 0) {
        char *none[] = {NULL};
        fexecve(file, none, none);
        _exit(EXIT_UNABLE);
    }
    waitpid(child, &status, 0);
    close(file);
    return status == 0;
}

static enum way choose(void)
{
    const char *wanted = getenv("COVM_HOST32");
    if (!wanted) return kernel_runs_i386() ? KERNEL : PROCESSOR;
    for (enum way way = KERNEL; way <= QEMU; way++)
        if (!strcmp(wanted, ways[way].name)) return way;
    host32_die("is neither kernel, processor nor qemu", "COVM_HOST32");
}

/* ---- loading ---- */

/* All segments of the file at their addresses; returns the end of the last. */
static uint32_t load(const char *path, Elf32_Ehdr *head, Elf32_Phdr *table)
{
    uint32_t end = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || pread(file, head, sizeof *head, 0) != sizeof *head) host32_die("cannot be read", path);
    if (head->e_type != ET_EXEC || head->e_machine != EM_386 || head->e_phnum > HEADERS_MAX)
        host32_die("is no static i386 program", path);
    if (pread(file, table, sizeof *table * head->e_phnum, head->e_phoff) < 0) host32_die("cannot be read", path);
    for (const Elf32_Phdr *p = table; p < table + head->e_phnum; p++) {
        if (p->p_type != PT_LOAD) continue;
        uint32_t from = p->p_vaddr & ~(PAGE - 1), bytes = p->p_vaddr + p->p_memsz - from;
        int protection = (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) |
                         (p->p_flags & PF_X ? PROT_EXEC : 0);
        int fixed = MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS;
        if (calls_map(from, bytes, PROT_READ | PROT_WRITE, fixed, -1, 0) < 0 ||
            pread(file, guest_pointer(p->p_vaddr), p->p_filesz, p->p_offset) != (ssize_t)p->p_filesz)
            host32_die("cannot be loaded", path);
        calls_protect(from, bytes, protection);
        if (p->p_vaddr + p->p_memsz > end) end = p->p_vaddr + p->p_memsz;
    }
    close(file);
    return end;
}

static uint32_t push(uint32_t top, const void *bytes, size_t count)
{
    memcpy(guest_pointer(top - (uint32_t)count), bytes, count);
    return top - (uint32_t)count;
}

/* Strings to the stack, their addresses to *words, with a zero behind them. */
static uint32_t push_strings(uint32_t top, uint32_t **words, char *const *strings)
{
    for (; *strings; strings++) *(*words)++ = top = push(top, *strings, strlen(*strings) + 1);
    *(*words)++ = 0;
    return top;
}

static uint32_t make_stack(const Elf32_Ehdr *head, const Elf32_Phdr *table, char *const *argv, char *const *environ)
{
    uint32_t headers = 0, argc = 0, strings = 0;
    for (const Elf32_Phdr *p = table; p < table + head->e_phnum; p++)
        if (p->p_type == PT_LOAD && p->p_offset <= head->e_phoff && head->e_phoff < p->p_offset + p->p_filesz)
            headers = p->p_vaddr + head->e_phoff - p->p_offset;
    while (argv[argc]) argc++;
    while (environ[strings]) strings++;
    uint32_t *words = calloc(argc + strings + 64, sizeof *words), *end = words;
    calls_map(STACK_TOP - STACK_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1,
              0);
    uint32_t random = push(STACK_TOP, "sixteen bytes ..", 16);
    *end++ = argc;
    uint32_t top = push_strings(push_strings(random, &end, argv), &end, environ);
    const uint32_t vector[] = {AT_PHDR,   headers, AT_PHENT,  sizeof *table, AT_PHNUM,  head->e_phnum,
                               AT_PAGESZ, PAGE,    AT_ENTRY,  head->e_entry, AT_CLKTCK, 100,
                               AT_SECURE, 0,       AT_RANDOM, random,        AT_NULL,   0};
    memcpy(end, vector, sizeof vector);
    uint32_t bytes = (uint32_t)((uint8_t *)end - (uint8_t *)words) + (uint32_t)sizeof vector;
    top = push((top - bytes) & ~15u, words, 0);
    memcpy(guest_pointer(top), words, bytes);
    free(words);
    return top;
}

static void run_here(char *const *argv)
{
    static struct guest guest = {.flags = FLAG_IF | 2,
                                 .selector = {[ES] = DS_32, [CS] = CS_32, [SS] = DS_32, [DS] = DS_32},
                                 .fp = {.cwd = 0x37f, .mxcsr = 0x1f80, .mxcr_mask = 0xffff}};
    Elf32_Ehdr head;
    Elf32_Phdr table[HEADERS_MAX];
    calls_set_break(load(argv[0], &head, table));
    guest.reg[ESP] = make_stack(&head, table, argv, environ);
    guest.eip = head.e_entry;
    step_run(&guest);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: host32 PROGRAM ARGUMENT... | --how\n");
        return 2;
    }
    enum way way = choose();
    if (!strcmp(argv[1], "--how")) {
        printf("%s: %s\n", ways[way].name, ways[way].means);
        return 0;
    }
    if (way == PROCESSOR) run_here(argv + 1);
    if (way == KERNEL) execv(argv[1], argv + 1);
    argv[0] = "qemu-i386";
    if (way == QEMU) execvp(argv[0], argv);
    host32_die(strerror(errno), way == QEMU ? argv[0] : argv[1]);
}
