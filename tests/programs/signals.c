/* signals.c -- a program that lives from its signal handlers: a stack that overflows, pages that are written to or
 * missing, contexts that handlers change, nested and restarted calls. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void install(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigemptyset(&action.sa_mask);
    if (sigaction(number, &action, NULL) < 0) perror("sigaction");
}

/* ---- a write barrier: pages are read-only until they are written to ---- */

static char *heap;
static volatile unsigned barriers[64], faults;

static void on_write(int number, siginfo_t *info, void *context)
{
    uintptr_t page = ((uintptr_t)info->si_addr - (uintptr_t)heap) / PAGE;
    (void)context;
    if (page >= 64 || info->si_code != SEGV_ACCERR) signal(number, SIG_DFL);
    barriers[page]++;
    faults++;
    mprotect(heap + page * PAGE, PAGE, PROT_READ | PROT_WRITE);
}

static void writing(void)
{
    unsigned random = 12345, hash = 0;
    heap = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    install(SIGSEGV, on_write, 0);
    for (unsigned round = 0; round < 20; round++) {
        mprotect(heap, 64 * PAGE, PROT_READ);
        for (unsigned i = 0; i < 500; i++) {
            random = random * 1103515245 + 12345;
            unsigned at = (random >> 8) % (64 * PAGE);
            heap[at] = (char)(heap[at] + 1);
            hash = hash * 33 + (unsigned char)heap[at];
        }
    }
    for (unsigned i = 0; i < 64; i++) hash = hash * 31 + barriers[i];
    printf("barrier: %u faults, hash %08x\n", faults, hash);
}

/* ---- memory that grows where it is touched ---- */

static char *arena;

static void on_missing(int number, siginfo_t *info, void *context)
{
    char *page = (char *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1));
    (void)context;
    if (info->si_code != SEGV_MAPERR) signal(number, SIG_DFL);
    if (mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) abort();
    memset(page, (int)((page - arena) / PAGE), 16);
    faults++;
}

static void growing(void)
{
    unsigned sum = 0;
    arena = mmap(NULL, 100 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(arena, 100 * PAGE);
    install(SIGSEGV, on_missing, 0);
    faults = 0;
    for (unsigned i = 0; i < 100; i += 3) sum += (unsigned char)arena[i * PAGE + i % 16];
    for (unsigned i = 0; i < 100; i++) sum += (unsigned char)arena[i * PAGE];
    printf("grown: %u faults, sum %u\n", faults, sum);
    munmap(arena, 100 * PAGE);
}

/* ---- an overflowing stack, and a way out of it ---- */

static sigjmp_buf out;
static char alternate[16384];
static volatile int depth;

static void on_overflow(int number, siginfo_t *info, void *context)
{
    stack_t stack;
    (void)info, (void)context;
    sigaltstack(NULL, &stack);
    siglongjmp(out, stack.ss_flags == SS_ONSTACK ? number : 1);
}

static int __attribute__((noinline)) descend(int n)
{
    volatile char frame[512];
    frame[n & 511] = (char)n;
    depth++;
    return n == -1 ? 0 : descend(n + 1) + frame[n & 511];
}

static void overflowing(void)
{
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    sigaltstack(&stack, NULL);
    install(SIGSEGV, on_overflow, SA_ONSTACK);
    for (unsigned i = 0; i < 3; i++) {
        depth = 0;
        int got = sigsetjmp(out, 1);
        if (!got) descend(0);
        printf("overflow: signal %d, %s\n", got, depth > 5000 ? "deep" : "not deep");
    }
}

/* ---- handlers that change where the program goes on ---- */

static volatile unsigned skipped;

static void on_division(int number, siginfo_t *info, void *context)
{
    (void)number;
    ucontext_t *where = context;
    skipped += info->si_code == FPE_INTDIV;
#ifdef __i386__
    where->uc_mcontext.gregs[REG_EIP] += 2; /* the two bytes of DIV ECX */
    where->uc_mcontext.gregs[REG_EAX] = 77;
#else
    where->uc_mcontext.gregs[REG_RIP] += 2;
    where->uc_mcontext.gregs[REG_RAX] = 77;
#endif
}

static void dividing(void)
{
    unsigned sum = 0;
    install(SIGFPE, on_division, 0);
    for (unsigned i = 0; i < 200; i++) {
        unsigned quotient = 100, rest = 0;
        __asm__ volatile("divl %%ecx" : "+a"(quotient), "+d"(rest) : "c"(i % 4));
        sum += quotient;
    }
    printf("divided: %u skipped, sum %u\n", skipped, sum);
}

/* ---- floating-point exceptions, told apart by their codes ---- */

static sigjmp_buf back;
static volatile int code_of;

static void on_float(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    code_of = info->si_code;
    siglongjmp(back, 1);
}

/* base / divisor, and the quotient stored as a float, with the exceptions of `open` unmasked. */
static void divide(const char *what, unsigned open, float base, float divisor)
{
    unsigned short control = (unsigned short)(0x37f & ~open);
    float result;
    code_of = 0;
    if (!sigsetjmp(back, 1)) {
        __asm__ volatile("fninit; fldcw %1; flds %2; fdivs %3; fstps %0; fwait"
                         : "=m"(result)
                         : "m"(control), "m"(base), "m"(divisor));
    }
    __asm__ volatile("fninit");
    printf("%s: code %d\n", what, code_of);
}

static void floating(void)
{
    install(SIGFPE, on_float, 0);
    for (unsigned i = 0; i < 3; i++) {
        divide("invalid", 1, 0, 0);
        divide("denormal", 2, 1e-40f, 1);
        divide("by zero", 4, 1, 0);
        divide("overflow", 8, 1e30f, 1e-30f);
        divide("underflow", 16, 1e-30f, 1e30f);
        divide("inexact", 32, 1, 3);
        divide("all of them", 63, 1e-40f, 3e30f);
        divide("masked", 0, 1, 0);
    }
}

/* ---- nested handlers, masks ---- */

static char trail[64];
static volatile sig_atomic_t length;

static void note(char what) { trail[length++] = what; }

static void nested(int number, siginfo_t *info, void *context)
{
    (void)info, (void)context;
    note((char)('a' + number - SIGRTMIN));
    if (number == SIGRTMIN) raise(SIGRTMIN + 1);
    if (number == SIGRTMIN + 1) raise(SIGRTMIN), raise(SIGRTMIN + 2);
    note((char)('A' + number - SIGRTMIN));
}

static void nesting(void)
{
    struct sigaction once = {.sa_sigaction = nested, .sa_flags = SA_SIGINFO | SA_RESETHAND};
    sigset_t set, old;
    for (int i = 0; i < 3; i++) install(SIGRTMIN + i, nested, 0);
    install(SIGRTMIN + 1, nested, SA_NODEFER);
    sigemptyset(&set);
    for (int i = 0; i < 3; i++) sigaddset(&set, SIGRTMIN + i);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGRTMIN + 2), raise(SIGRTMIN + 2), raise(SIGRTMIN + 1);
    signal(SIGRTMIN, SIG_IGN);
    sigpending(&set);
    note((char)('0' + sigismember(&set, SIGRTMIN + 1) + 2 * sigismember(&set, SIGRTMIN)));
    sigprocmask(SIG_SETMASK, &old, NULL);
    sigemptyset(&once.sa_mask);
    sigaction(SIGRTMIN + 2, &once, NULL);
    raise(SIGRTMIN + 2);
    sigaction(SIGRTMIN + 2, NULL, &once);
    note(once.sa_handler == SIG_DFL ? '.' : '!');
    trail[length] = 0;
    printf("trail %s\n", trail);
}

/* ---- calls that are interrupted, and those that go on ---- */

static volatile sig_atomic_t alarms;
static void on_alarm(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info, (void)context;
    alarms++;
}

static void interrupting(void)
{
    int ends[2], status;
    char byte = 0;
    const struct itimerval soon = {.it_value = {.tv_usec = 20000}};
    install(SIGALRM, on_alarm, 0);
    if (pipe(ends) < 0) perror("pipe");
    setitimer(ITIMER_REAL, &soon, NULL);
    ssize_t got = read(ends[0], &byte, 1);
    printf("read: %zd %s", got, got < 0 ? strerror(errno) : "");
    struct timespec wanted = {5, 0}, left = {0, 0};
    setitimer(ITIMER_REAL, &soon, NULL);
    got = nanosleep(&wanted, &left);
    printf(", sleep: %zd %s, left %s", got, strerror(errno),
           left.tv_sec == 4 && left.tv_nsec > 900000000 ? "most" : "?");
    install(SIGALRM, on_alarm, SA_RESTART);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        usleep(100000);
        if (write(ends[1], "x", 1) != 1) _exit(1);
        _exit(0);
    }
    setitimer(ITIMER_REAL, &soon, NULL);
    got = read(ends[0], &byte, 1);
    printf(", restarted read: %zd %c, alarms %d\n", got, byte, (int)alarms);
    waitpid(child, &status, 0);
}

/* ---- floating point, in a program and in the handlers that interrupt it ---- */

static volatile long double handled;

static void on_tick(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info, (void)context;
    long double x = 3;
    for (int i = 0; i < 6; i++) x = (x + 2 / x) / 2;
    handled = x;
    alarms++;
}

static void computing(void)
{
    const struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
    unsigned char bytes[10];
    long double sum = 0;
    install(SIGALRM, on_tick, 0);
    alarms = 0;
    setitimer(ITIMER_REAL, &often, NULL);
    for (unsigned i = 1; i < 300000 || alarms < 5; i++) {
        if (i < 300000) sum += 1 / (long double)i;
    }
    setitimer(ITIMER_REAL, &never, NULL);
    memcpy(bytes, &sum, sizeof bytes); /* an 80-bit number */
    printf("sum ");
    for (unsigned i = 0; i < 10; i++) printf("%02x", bytes[i]);
    printf(", handled %.6Lf\n", handled);
}

/* ---- what the processor does on the alternate stack, and in the flags ---- */

static volatile sig_atomic_t steps;

static void on_step(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    ucontext_t *where = context;
    if (++steps == 50) where->uc_mcontext.gregs[REG_EFL] &= ~0x100;
}

static void stepping(void)
{
    install(SIGTRAP, on_step, 0);
    unsigned count = 0;
#ifdef __i386__
    __asm__ volatile("pushfl; orl $0x100, (%%esp); popfl; 1: incl %0; cmpl $100, %0; jne 1b"
                     : "+r"(count)
                     :
                     : "cc", "memory");
#else
    __asm__ volatile(
        "subq $128, %%rsp; pushfq; orl $0x100, (%%rsp); popfq; 1: incl %0; cmpl $100, %0; jne 1b; addq $128, %%rsp"
        : "+r"(count)
        :
        : "cc", "memory");
#endif
    printf("steps %d, count %u\n", (int)steps, count);
}

int main(void)
{
    writing();
    growing();
    overflowing();
    dividing();
    floating();
    nesting();
    interrupting();
    computing();
    stepping();
    signal(SIGSEGV, SIG_DFL);
    fflush(stdout);
    *(volatile int *)16 = 1;
    return 0;
}
