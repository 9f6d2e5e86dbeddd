/* hostile.c -- a guest that treats itself badly: maps new code where other code ran, writes code with string
 * instructions that run into what they write, steps through REP instructions with TF, floods itself with signals.
 * Prints what it sees; the host's own output is what must come out. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

typedef uint32_t (*function)(void);

static uint8_t *map_code(uint8_t *at, int flags)
{
    return mmap(at, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

/* MOV EAX, value; RET */
static void write_code(uint8_t *at, uint32_t value)
{
    at[0] = 0xb8;
    memcpy(at + 1, &value, sizeof value);
    at[5] = 0xc3;
}

/* Code that was both pre-decoded and translated goes with its page; sometimes new code comes at once. */
static uint32_t remap(void)
{
    uint8_t *page = (uint8_t *)0x50000000;
    uint32_t sum = 0;
    for (uint32_t round = 0; round < 300; round++) {
        if (map_code(page, MAP_FIXED) != page) return 0;
        write_code(page, round);
        for (uint32_t call = 0; call < round % 50; call++) sum = sum * 3 + ((function)page)();
        if (round & 1) munmap(page, 4096);
    }
    return sum;
}

/* PUSH EDI; MOV EDI, next; XOR EAX, EAX; MOV AL, 40h; MOV ECX, 4; REP STOSB; then four DEC EAX that become INC EAX. */
static uint32_t overrun(void)
{
    static const uint8_t code[] = {0x57, 0xbf, 0,    0,    0,    0,    0x31, 0xc0, 0xb0, 0x40, 0xb9, 4,
                                   0,    0,    0,    0xf3, 0xaa, 0x48, 0x48, 0x48, 0x48, 0x5f, 0xc3};
    uint8_t *page = map_code(NULL, 0);
    uint32_t sum = 0;
    for (uint32_t round = 0; round < 300; round++) {
        uint32_t next = (uint32_t)(uintptr_t)page + 17;
        memcpy(page, code, sizeof code);
        memcpy(page + 2, &next, sizeof next);
        sum = sum * 5 + ((function)page)();
    }
    return sum;
}

static volatile uint32_t steps, places;

static void stepped(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    steps++;
    places = places * 31 + (uint32_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_EIP];
}

#define STEPPED(instruction, count)                                                                                    \
    __asm__ volatile("pushf; orl $0x100, (%%esp); popf; " instruction "; pushf; andl $~0x100, (%%esp); popf"           \
                     : "=&c"(ecx), "=&S"(esi), "=&D"(edi)                                                              \
                     : "0"(count), "1"(from), "2"(to), "a"(7)                                                          \
                     : "memory", "cc")

static void step_through(void)
{
    static char from[64] = "aaaabaaaa", to[64];
    uint32_t ecx;
    char *esi, *edi;
    struct sigaction action = {.sa_sigaction = stepped, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
    for (unsigned round = 0; round < 20; round++) {
        STEPPED("rep movsb", 5);
        STEPPED("rep movsb", 0);
        STEPPED("rep stosl", 1);
        STEPPED("repe scasb", 3);
        memcpy(to, from, sizeof to);
        STEPPED("repe cmpsb", 9);
        STEPPED("repne cmpsb", 4);
    }
    printf("%u steps, places %08x\n", (unsigned)steps, (unsigned)places);
}

static void skip(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EIP] += 6;
}

/* As many pending signals as can be, and then a fault. */
static void flood(void)
{
    struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO};
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGRTMAX);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    for (unsigned i = 0; i < 1000; i++) sigqueue(getpid(), SIGRTMAX, (union sigval){0});
    sigaction(SIGSEGV, &action, NULL);
    __asm__ volatile(".byte 0xc7, 0x00, 1, 0, 0, 0" : : "a"(0) : "memory"); /* MOV DWORD [EAX], 1 */
    puts("the fault was handled");
}

int main(void)
{
    printf("remapped %08x\n", (unsigned)remap());
    printf("overrun %08x\n", (unsigned)overrun());
    step_through();
    flood();
    return 0;
}
