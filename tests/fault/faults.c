/* faults.c -- a fault at every instruction of a hot region: the state that a signal handler sees there, and what the
 * region computes once the cause is mended. A static 32-bit program; on the host's processor it prints what covm must.
 *
 * Each instruction of `subject` is made to fault in turn, when it has long been translated: by an INT3 written over its
 * first byte (self-modifying code), and, where it touches memory, by taking away the page that it alone uses, first
 * for writing, then altogether.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { PAGES = 24, WARM = 12 };

extern uint8_t subject[], subject_end[];
extern const uint32_t instructions[], instructions_end[];

/* I: an instruction whose address is listed. M: the same, which uses page N through ESI. */
__asm__(".macro I text:vararg\n"
        "1: \\text\n"
        ".pushsection .rodata; .long 1b; .popsection\n"
        ".endm\n"
        ".pushsection .rodata; .p2align 2; .globl instructions; instructions: .popsection\n"
        ".text; .p2align 4\n"
        ".globl subject, subject_end\n"
        /* EAX, EDX arguments; ESI the pages */
        "subject:\n"
        "I pushl %ebx\n"
        "I pushl %edi\n"
        "I movl $7, %ecx\n"
        "I movl 4096*0+8(%esi), %ebx\n"
        "I addl %ebx, %eax\n"
        "I adcl %edx, 4096*1+16(%esi)\n"
        "I xchgl %eax, 4096*2+4(%esi)\n"
        "I rorl $3, %eax\n"
        "I incl 4096*3+12(%esi)\n"
        "I sbbl $5, %edx\n"
        "I movzbl %dl, %edi\n"
        "I imull 4096*4+20(%esi), %edi\n"
        "I movb %ah, 4096*5+1(%esi)\n"
        "I shldl %cl, %eax, %edx\n"
        "I btsl $9, 4096*6+24(%esi)\n"
        "I setc %bl\n"
        "I testl $0x40, %eax\n"
        "I jz 2f\n"
        "I notl %edi\n"
        "I subw %di, 4096*7+2(%esi)\n"
        "2:\n"
        "I xaddl %eax, 4096*8+28(%esi)\n"
        "I cmpxchgl %edi, 4096*9+32(%esi)\n"
        "I leal 3(%eax,%edx,4), %ecx\n"
        "I pushl 4096*10+36(%esi)\n"
        "I popl 4096*11+40(%esi)\n"
        "I movl %ecx, 4096*12+4094(%esi)\n" /* crosses into page 13 */
        "I movsbl 4096*14+44(%esi), %ecx\n"
        "I rclb $1, 4096*15+45(%esi)\n"
        "I negl 4096*16+48(%esi)\n"
        "I orl %ecx, %ebx\n"
        "I cmpl %ebx, 4096*17+52(%esi)\n"
        "I cmovl %ebx, %eax\n"
        "I decl %edi\n"
        "I js 3f\n"
        "I xorl %edi, 4096*18+56(%esi)\n"
        "3:\n"
        "I lahf\n"
        "I sarl $2, 4096*19+60(%esi)\n"
        "I addl 4096*20+64(%esi), %eax\n"
        "I popl %edi\n"
        "I popl %ebx\n"
        "I ret\n"
        "subject_end:\n"
        ".pushsection .rodata; .globl instructions_end; instructions_end: .popsection\n");

static uint8_t *pages;
static uint8_t *patched, byte_before;
static unsigned faults;

/* Of what the region can have changed: the first and the last bytes of each page. */
static uint32_t digest(void)
{
    uint32_t sum = 1;
    for (const uint8_t *page = pages; page < pages + PAGES * 4096; page += 4096) {
        for (unsigned i = 0; i < 72; i += 4) sum = (sum ^ *(const uint32_t *)(page + i)) * 16777619u;
        sum = (sum ^ *(const uint32_t *)(page + 4092)) * 16777619u;
    }
    return sum;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    static const int shown[] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_EDI};
    ucontext_t *u = context;
    greg_t *g = u->uc_mcontext.gregs;
    if (number == SIGTRAP) {
        *patched = byte_before;
        g[REG_EIP]--;
    } else {
        mprotect(pages, PAGES * 4096, PROT_READ | PROT_WRITE);
    }
    printf(" signal %d code %d trap %d error %x at +%x", number, info->si_code, (int)g[REG_TRAPNO], (unsigned)g[REG_ERR],
           (unsigned)g[REG_EIP] - (unsigned)(uintptr_t)subject);
    if (number == SIGSEGV) printf(" address +%x", (unsigned)((uint8_t *)info->si_addr - pages));
    /* CF and DF alone: IMUL and the shifts leave others undefined here and there */
    printf(" flags %03x", (unsigned)g[REG_EFL] & 0x401);
    for (unsigned i = 0; i < sizeof shown / sizeof *shown; i++) printf(" %08x", (unsigned)g[shown[i]]);
    printf(" memory %08x\n", (unsigned)digest());
    if (++faults > 4000) abort();
}

static uint32_t call_subject(uint32_t a, uint32_t d)
{
    __asm__ volatile("xorl %%ecx, %%ecx; call subject" : "+a"(a), "+d"(d) : "S"(pages) : "ecx", "memory", "cc");
    return a ^ d * 31;
}

static uint32_t warm(uint32_t x)
{
    for (int i = 0; i < WARM; i++) x = call_subject(x * 69069 + 1, x ^ (uint32_t)i);
    return x;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    unsigned count = (unsigned)(instructions_end - instructions);
    uint32_t x = 1;
    setvbuf(stdout, malloc(1 << 20), _IOFBF, 1 << 20);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    pages = mmap((void *)0x50000000, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    uint8_t *code = (uint8_t *)((uintptr_t)subject & ~4095u);
    if (pages == MAP_FAILED || mprotect(code, (size_t)(subject_end - code), PROT_READ | PROT_WRITE | PROT_EXEC)) return 1;
    for (unsigned i = 0; i < PAGES * 1024; i++) ((uint32_t *)pages)[i] = i * 2654435761u;

    for (unsigned k = 0; k < count; k++) {
        x = warm(x);
        patched = (uint8_t *)(uintptr_t)instructions[k];
        byte_before = *patched;
        *patched = 0xcc;
        printf("int3 at instruction %u:", k);
        x = call_subject(x, k);
        if (*patched == 0xcc) printf(" not reached\n"), *patched = byte_before;
        printf("  then %08x\n", x);
    }
    static const int rights[] = {PROT_READ, PROT_NONE};
    for (unsigned r = 0; r < 2; r++)
        for (unsigned page = 0; page < PAGES; page++) {
            x = warm(x);
            printf("page %u %s:", page, r ? "gone" : "read-only");
            mprotect(pages + page * 4096, 4096, rights[r]);
            x = call_subject(x, page);
            mprotect(pages, PAGES * 4096, PROT_READ | PROT_WRITE);
            printf("  then %08x\n", x);
        }
    printf("%u faults, memory %08x\n", faults, (unsigned)digest());
    return 0;
}
