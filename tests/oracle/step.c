/* step.c -- one instruction after the other, on the processor. Each has a slot of code: the instruction, rewritten, and
 * the way back. It is entered with the guest's registers in the processor's, and R13 to R15, which i386 code cannot
 * name, for us. A fault in a slot is the guest's, and so is one at a guest's address elsewhere in this program.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/oracle/guest.h"

enum { SLOT_BYTES = 64, SLOT_ONCE = 32 };

static struct {
    uint8_t *slots;
    struct guest *guest;
    const struct instruction *insn; /* in hand, when it has been fetched */
    bool floats, fetching;          /* what the processor is doing for the guest */
    uint32_t traced;                /* the guest's TF, which its code runs without */
    struct stop stop;
    sigjmp_buf next;
} step;

uint64_t step_host_rsp __attribute__((used, visibility("hidden")));
void step_enter(struct guest *guest, const void *code);
void step_leave(void);
_Static_assert(offsetof(struct guest, reg) == 0 && offsetof(struct guest, flags) == 36, "as the assembly has them");
__asm__(".text\n"
        "step_enter:\n"
        "  pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
        "  movq %rsp, step_host_rsp(%rip)\n"
        "  movq %rdi, %r15; movq %rsi, %r14; leaq step_leave(%rip), %r13\n"
        "  movl 36(%r15), %eax\n"
        "  pushq %rax; popfq\n"
        "  movl 0(%r15), %eax; movl 4(%r15), %ecx; movl 8(%r15), %edx; movl 12(%r15), %ebx\n"
        "  movl 16(%r15), %esp; movl 20(%r15), %ebp; movl 24(%r15), %esi; movl 28(%r15), %edi\n"
        "  jmp *%r14\n"
        "step_leave:\n"
        "  movl %eax, 0(%r15); movl %ecx, 4(%r15); movl %edx, 8(%r15); movl %ebx, 12(%r15)\n"
        "  movl %esp, 16(%r15); movl %ebp, 20(%r15); movl %esi, 24(%r15); movl %edi, 28(%r15)\n"
        "  movq step_host_rsp(%rip), %rsp\n"
        "  pushfq; popq %rax\n"
        "  movl %eax, 36(%r15)\n"
        "  pushq $2; popfq\n" /* the guest's DF, AC and NT are not for us */
        "  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx\n"
        "  ret\n");

static bool in_slots(uint64_t at)
{
    return at - (uint64_t)(uintptr_t)step.slots < (uint64_t)SLOT_BYTES * INSTRUCTIONS_CACHED;
}

/* ---- what stops an instruction ---- */

/* The x87's pointer to its last instruction names a slot. */
static void name_guest_code(struct guest *guest)
{
    if (in_slots(guest->fp.rip)) guest->fp.rip = guest->eip;
}

static void read_registers(struct guest *guest, const ucontext_t *context)
{
    static const uint8_t order[8] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI};
    const greg_t *g = context->uc_mcontext.gregs;
    for (unsigned i = 0; i < 8; i++) guest->reg[i] = (uint32_t)g[order[i]];
    guest->flags = (uint32_t)g[REG_EFL] | step.traced;
}

void step_on_fault(int number, siginfo_t *info, void *context) __attribute__((used, visibility("hidden")));
void step_on_fault(int number, siginfo_t *info, void *context)
{
    const greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint64_t at = (uint64_t)g[REG_RIP];
    if (info->si_code <= 0) { /* not a fault: somebody sent it */
        signals_arrive(number, info, context);
        return;
    }
    step.stop = (struct stop){*info, (uint32_t)g[REG_TRAPNO], (uint32_t)g[REG_ERR], (uint32_t)g[REG_CR2]};
    if (in_slots(at)) {
        read_registers(step.guest, context);
        if (step.floats) memcpy(&step.guest->fp, ((ucontext_t *)context)->uc_mcontext.fpregs, 416);
        name_guest_code(step.guest);
        if (number != SIGSEGV && number != SIGBUS) step.stop.info.si_addr = guest_pointer(step.guest->eip);
    } else if (step.fetching) {
        step.fetching = false;
    } else if (signals_delivering() || number != SIGSEGV) {
        signals_die(number);
    } else if (g[REG_TRAPNO] != TRAP_PF || (uint64_t)g[REG_CR2] >> 32) {
        host32_die("fault of its own", "bug");
    }
    unsigned trap =
        step.insn && step.stop.trap == TRAP_PF ? emulate_wraps(step.guest, step.insn, step.stop.address) : 0;
    if (trap) step_stop(trap == TRAP_SS ? SIGBUS : SIGSEGV, SI_KERNEL, trap, 0);
    siglongjmp(step.next, 1);
}

/* With the guest's AC flag, the handler itself would fault. */
void step_caught(int number, siginfo_t *info, void *context) __attribute__((visibility("hidden")));
__asm__(".text\n"
        "step_caught:\n"
        "  pushfq; andl $~0x40000, (%rsp); popfq\n"
        "  jmp step_on_fault\n");

void step_stop(int number, int code, uint32_t trap, uint32_t error)
{
    step.stop = (struct stop){.trap = trap, .error = error, .address = step.stop.address};
    step.stop.info.si_signo = number;
    step.stop.info.si_code = code;
    if (code != SI_KERNEL) step.stop.info.si_addr = guest_pointer(step.guest->eip);
    siglongjmp(step.next, 1);
}

void step_protect(uint32_t error) { step_stop(SIGSEGV, SI_KERNEL, TRAP_GP, error); }

/* The processor itself says what is wrong with a fetch. */
void step_fetch(struct guest *guest, uint32_t at)
{
    struct guest scratch = *guest;
    scratch.flags &= ~(uint32_t)FLAG_TF;
    step.fetching = true;
    step_enter(&scratch, guest_pointer(at));
    host32_die("code was fetched from where none may be", "bug");
}

/* ---- running ---- */

void step_install(unsigned slot, const struct instruction *insn)
{
    static const uint8_t leave[] = {0x41, 0xff, 0xe5}; /* JMP R13 */
    uint8_t *to = step.slots + (size_t)slot * SLOT_BYTES;
    memcpy(to, insn->native, insn->native_length);
    memcpy(to + insn->native_length, leave, sizeof leave);
    memcpy(to + SLOT_ONCE, insn->once, insn->once_length);
    memcpy(to + SLOT_ONCE + insn->once_length, leave, sizeof leave);
}

void step_native(struct guest *guest, const struct instruction *insn, unsigned slot, bool once)
{
    uint8_t *code = step.slots + (size_t)slot * SLOT_BYTES + (once ? SLOT_ONCE : 0);
    uint32_t traced = guest->flags & FLAG_TF;
    if (insn->absolute) {
        uint32_t address = emulate_address(guest, insn, insn->memory);
        if (memcmp(code + insn->absolute, &address, 4)) memcpy(code + insn->absolute, &address, 4);
    }
    guest->flags &= ~(uint32_t)(FLAG_TF | FLAG_RF);
    step.floats = insn->floats;
    step.guest = guest;
    step.traced = traced;
    if (insn->floats) __asm__ volatile("fxrstor64 %0" : : "m"(guest->fp));
    step_enter(guest, code);
    if (insn->floats) {
        __asm__ volatile("fxsave64 %0" : "=m"(guest->fp));
        name_guest_code(guest);
    }
    guest->flags |= traced;
}

static void one(struct guest *guest)
{
    unsigned slot;
    uint32_t traced = guest->flags & FLAG_TF;
    step.guest = guest;
    step.insn = NULL;
    const struct instruction *insn = step.insn = instruction_fetch(guest, &slot);
    if (insn->too_long) step_protect(0);
    if (insn->undefined) step_stop(SIGILL, ILL_ILLOPN, TRAP_UD, 0);
    uint32_t next = guest->eip + insn->decoded.length;
    if (insn->emulated) {
        emulate(guest, insn, next);
    } else {
        emulate_check_segments(guest, insn);
        if (insn->string && (traced || insn->decoded.address_width == 16)) {
            emulate_string_step(guest, insn, slot, next);
        } else {
            step_native(guest, insn, slot, false);
            guest->eip = next;
        }
    }
    if (traced) step_stop(SIGTRAP, TRAP_TRACE, TRAP_DB, 0);
}

void step_run(struct guest *guest)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    static uint8_t stack[1 << 16];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = step_caught, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    sigaltstack(&alternate, NULL);
    for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++) sigaction(faults[i], &action, NULL);
    step.slots = mmap(NULL, (size_t)SLOT_BYTES * INSTRUCTIONS_CACHED, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (step.slots == MAP_FAILED) host32_die("no memory for code", "host32");
    if (sigsetjmp(step.next, 0)) signals_deliver(guest, &step.stop);
    for (;;) {
        signals_poll(guest);
        one(guest);
    }
}
