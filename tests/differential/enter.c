#define _GNU_SOURCE
#include "tests/differential/enter.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <ucontext.h>

/* Filled by the way out and by the signal handler, read and written from assembly by these names. */
struct enter_state enter_machine __attribute__((used));
uint32_t enter_esp __attribute__((used)), enter_entry __attribute__((used));
static struct enter_fault last;
static const int segment[4] = {REG_DS, REG_ES, REG_FS, REG_GS};
static uint32_t segments[4]; /* as they were before any sequence ran */

uint32_t enter_mxcsr __attribute__((used)) = 0x1f80; /* as a program starts with */
_Static_assert(offsetof(struct enter_state, flags) == 32 && offsetof(struct enter_state, floats) == 36 &&
                   offsetof(struct enter_state, fsave) == 48 && offsetof(struct enter_state, fxsave) == 160,
               "as the assembly has them");

/* Loads enter_machine, jumps to enter_entry; comes back at enter_exit with the registers in enter_machine. MOV touches
 * no flag, so they are saved last but for floating point, on our own stack. */
void enter_run(void);
void enter_after_fault(void);
__asm__(".globl enter_run, enter_exit, enter_after_fault\n"
        "enter_run:\n"
        "  pushl %ebp; pushl %ebx; pushl %esi; pushl %edi\n"
        "  movl %esp, enter_esp\n"
        "  cmpl $1, enter_machine+36\n"
        "  jb 2f\n"
        "  ja 1f\n"
        "  frstor enter_machine+48\n"
        "  jmp 2f\n"
        "1: fxrstor enter_machine+160\n"
        "2: pushl enter_machine+32\n"
        "  popfl\n"
        "  movl enter_machine+0, %eax; movl enter_machine+4, %ecx\n"
        "  movl enter_machine+8, %edx; movl enter_machine+12, %ebx\n"
        "  movl enter_machine+16, %esp; movl enter_machine+20, %ebp\n"
        "  movl enter_machine+24, %esi; movl enter_machine+28, %edi\n"
        "  jmp *enter_entry\n"
        "enter_exit:\n"
        "  movl %eax, enter_machine+0; movl %ecx, enter_machine+4\n"
        "  movl %edx, enter_machine+8; movl %ebx, enter_machine+12\n"
        "  movl %esp, enter_machine+16; movl %ebp, enter_machine+20\n"
        "  movl %esi, enter_machine+24; movl %edi, enter_machine+28\n"
        "  movl enter_esp, %esp\n"
        "  pushfl\n"
        "  popl enter_machine+32\n"
        "  cmpl $1, enter_machine+36\n"
        "  jb enter_after_fault\n"
        "  je 1f\n"
        "  fxsave enter_machine+160\n"
        "1: fnsave enter_machine+48\n"
        "enter_after_fault:\n"
        "  cld\n"
        "  cmpl $1, enter_machine+36\n"
        "  jb 2f\n"
        "  fninit\n"
        "  je 2f\n"
        "  ldmxcsr enter_mxcsr\n"
        "2: popl %edi; popl %esi; popl %ebx; popl %ebp\n"
        "  ret\n");

static void on_fault(int number, siginfo_t *info, void *context)
{
    static const int order[8] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI};
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)number;
    (void)info;
    last.trap = (uint32_t)g[REG_TRAPNO];
    last.error = (uint32_t)g[REG_ERR];
    last.address = g[REG_TRAPNO] == 14 ? (uint32_t)((ucontext_t *)context)->uc_mcontext.cr2 : 0;
    last.eip = (uint32_t)g[REG_EIP];
    for (int i = 0; i < 8; i++) enter_machine.reg[i] = (uint32_t)g[order[i]];
    enter_machine.flags = (uint32_t)g[REG_EFL];
    const uint8_t *floats = (const uint8_t *)((ucontext_t *)context)->uc_mcontext.fpregs; /* FSAVE's image, then FXSAVE's */
    if (enter_machine.floats) memcpy(enter_machine.fsave, floats, FSAVE_BYTES);
    if (enter_machine.floats == ENTER_SSE) memcpy(enter_machine.fxsave, floats + 112, FXSAVE_BYTES);
    g[REG_EIP] = (greg_t)(uintptr_t)enter_after_fault;
    g[REG_ESP] = (greg_t)enter_esp;
    g[REG_EFL] = 0x202;
    for (int i = 0; i < 4; i++) g[segment[i]] = segments[i]; /* wild code may have loaded them */
}

void enter_catch_faults(void)
{
    static char stack[65536];
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    __asm__("movl %%ds, %0; movl %%es, %1; movl %%fs, %2; movl %%gs, %3"
            : "=r"(segments[0]), "=r"(segments[1]), "=r"(segments[2]), "=r"(segments[3]));
    sigaltstack(&alternate, NULL);
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaction(numbers[i], &action, NULL);
}

void enter(struct enter_state *state, const void *entry, struct enter_fault *fault)
{
    last = (struct enter_fault){.trap = ~0u};
    enter_machine = *state;
    enter_entry = (uint32_t)(uintptr_t)entry;
    enter_run();
    *state = enter_machine;
    *fault = last;
}
