/* runner.c -- runs random instruction sequences and says what state they leave. A static 32-bit Linux program: its
 * output on the host's own processor (tests/oracle/host32.c) is what covm must print.
 *
 *     runner FILE            one hash per sequence, over the records of all its runs (binary words)
 *     runner FILE detail N   the records of sequence N, as text, after the others have run
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/differential/floats.h"

static uint32_t random_word(uint32_t *seed)
{
    static const uint32_t corner[8] = {0, 1, 0x7f, 0x80, 0x7fff, 0x80000000, 0x7fffffff, 0xffffffff};
    uint32_t r = next_random(seed);
    return r & 3 ? next_random(seed) : corner[r >> 2 & 7];
}

/* Fresh registers and memory. EBX, EBP, ESI, EDI and ESP point into the window; the others hold anything, ECX often
 * something small, since shifts and REP count with it. */
static void prepare(struct enter_state *state, uint32_t *seed, uint32_t floats)
{
    volatile uint32_t *window = (volatile uint32_t *)WINDOW_BASE;
    for (int i = 0; i < WINDOW_WORDS; i++) window[i] = i & 7 ? window[i] * 69069 + *seed : random_word(seed);
    for (int i = 0; i < 8; i++) state->reg[i] = random_word(seed);
    if (next_random(seed) & 1) state->reg[1] &= 31;
    for (int i = 3; i < 8; i++) state->reg[i] = WINDOW_MIDDLE - 64 + (next_random(seed) & 127);
    state->reg[4] &= ~3u;
    state->flags = (next_random(seed) & 0x8d5) | 0x202 | (next_random(seed) % 8 ? 0 : 0x400);
    state->floats = floats;
    if (!floats) return;
    floats_prepare(state, seed);
    floats_fill((uint8_t *)(WINDOW_MIDDLE - 128), 256, seed); /* where most pointers point */
}

static uint32_t hash(uint32_t sum, const void *bytes, unsigned count)
{
    const uint32_t *word = bytes;
    for (unsigned i = 0; i < count / 4; i++) sum = ((sum << 5 | sum >> 27) ^ word[i]) * 0x9e3779b1u;
    return sum;
}

static uint32_t run(const struct sequence_header *sequence, int detail)
{
    uint32_t seed = sequence->seed | 1, sum = 1;
    memset((void *)DATA_BASE, 0, 4096 * (DATA_PAGES - 1));
    for (uint32_t i = 0; i < sequence->runs; i++) {
        struct enter_state state;
        struct enter_fault fault;
        prepare(&state, &seed, sequence->floats);
        enter(&state, sequence->code, &fault);
        struct sequence_record record = {fault.trap, fault.error, fault.address, fault.eip, .flags = state.flags};
        record.flags &= fault.trap == ~0u ? sequence->end_flags : sequence->fault_flags;
        memcpy(record.reg, state.reg, sizeof record.reg);
        floats_record(&record, &state, sequence->status);
        if (fault.trap == 16) record.flags = 0; /* FCOMI may or may not have set them */
        record.memory = hash(0, (const void *)WINDOW_BASE, WINDOW_WORDS * 4);
        sum = hash(sum, &record, sizeof record);
        if (!detail) continue;
        printf("run %u trap %d error %x address %08x eip %08x flags %03x memory %08x\n   ", i, (int)record.trap, record.error,
               record.address, record.eip, record.flags, record.memory);
        for (int k = 0; k < 8; k++) printf(" %08x", record.reg[k]);
        printf("\n");
        if (sequence->floats) floats_print(&record);
    }
    return sum;
}

static void *map(uint32_t at, uint32_t bytes, int protection)
{
    void *to = mmap((void *)(uintptr_t)at, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (to == MAP_FAILED) {
        perror("runner: mmap");
        exit(2);
    }
    return to;
}

/* A wild jump can end in a loop. What is known so far is told; who reads it sees which sequence is missing. */
static void on_alarm(int number)
{
    (void)number;
    fflush(stdout);
    _exit(EXIT_LOOPS);
}

static int run_file(int argc, char **argv)
{
    struct stat file;
    int descriptor = argc > 1 ? open(argv[1], O_RDONLY) : -1;
    if (descriptor < 0 || fstat(descriptor, &file)) {
        fprintf(stderr, "usage: runner FILE [detail N]\n");
        return 2;
    }
    uint8_t *code = map(CODE_BASE, CODE_FILE + (uint32_t)((file.st_size + 4095) & ~4095), PROT_READ | PROT_WRITE | PROT_EXEC);
    static uint32_t way_out;
    way_out = (uint32_t)(uintptr_t)enter_exit;
    code[0] = 0xff; /* JMP [way_out] */
    code[1] = 0x25;
    *(uint32_t *)(code + 2) = (uint32_t)(uintptr_t)&way_out;
    for (uint32_t at = 0; at < (uint32_t)file.st_size;) {
        ssize_t got = read(descriptor, code + CODE_FILE + at, (size_t)file.st_size - at);
        if (got <= 0) return 2;
        at += (uint32_t)got;
    }
    /* a wild store must not make code: what it finds here is a fault */
    if (mprotect(code, CODE_FILE + (uint32_t)file.st_size, PROT_READ | PROT_EXEC)) return 2;
    map(DATA_BASE, 4096 * (DATA_PAGES - 1), PROT_READ | PROT_WRITE);
    map(DATA_BASE + 4096 * (DATA_PAGES - 1), 4096, PROT_READ);
    enter_catch_faults();
    floats_init();
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm, .sa_flags = SA_ONSTACK}, NULL);

    int wanted = argc > 3 ? atoi(argv[3]) : -1, index = 0;
    for (uint32_t at = 0; at < (uint32_t)file.st_size; index++) {
        const struct sequence_header *sequence = (const struct sequence_header *)(code + CODE_FILE + at);
        at += sequence->bytes;
        alarm(LOOP_SECONDS);
        uint32_t sum = run(sequence, index == wanted); /* those before it, too: one may act on the next */
        if (wanted < 0) fwrite(&sum, 4, 1, stdout);
    }
    return 0;
}

/* A wild access must find the same on both sides: nothing. So the stack, which lies and grows elsewhere on each, is left
 * for a place of our own and given back. (The host's side runs without address randomisation: setarch -R.) */
int on_own_stack(int argc, char **argv) __attribute__((used));
int on_own_stack(int argc, char **argv)
{
    munmap((void *)0xff000000u, 0x00ffe000u);
    munmap((void *)0xffffe000u, 0x1000u); /* covm's page for returns from signals; the host has none */
    static char buffer[4096]; /* not of the heap, which is laid out by what processor there is, and which a wild load may read */
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    int status = run_file(argc, argv);
    fflush(stdout);
    _exit(status);
}

int main(int argc, char **argv)
{
    static char words[8][256];
    static char *copy[9];
    uint8_t *stack = map(0x1f000000, 0x100000, PROT_READ | PROT_WRITE);
    for (int i = 0; i < argc && i < 8; i++) copy[i] = strncpy(words[i], argv[i], 255);
    __asm__ volatile("movl %0, %%esp; pushl %1; pushl %2; call on_own_stack; hlt" : : "r"(stack + 0x100000), "r"(copy), "r"(argc));
    __builtin_unreachable();
}
