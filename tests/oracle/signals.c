/* signals.c -- the guest's signals: handed to its handler on a frame as the kernel makes it for i386
 * (arch/x86/include/uapi/asm/sigcontext.h, arch/x86/include/asm/sigframe.h):
 *
 *     handler with siginfo      return address, number, &info, &context, info, context, ..., floating point
 *     handler without           return address, number, registers, mask, ..., floating point
 *
 * A fault stops its instruction (step.c). Signals from elsewhere are blocked here as the guest blocks them; one that
 * has come blocks all others until it is delivered, which is before the next instruction.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/oracle/guest.h"

enum { SIGNALS = 65, RESTORER = 0x4000000, HANDLER = 2 /* above SIG_DFL and SIG_IGN */ };

struct action { /* i386's kernel_sigaction */
    uint32_t handler, flags, restorer, mask[2];
};
struct stack_32 {
    uint32_t base, flags, bytes;
};
struct info_32 {
    int32_t number, error, code;
    uint32_t rest[29]; /* a fault: its address; else who sent it, his user, a value */
};
struct registers_32 {
    uint32_t gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trap, error, eip, cs, flags, esp_again, ss;
    uint32_t fp; /* address of a struct fp_32 */
    uint32_t mask, cr2;
};
struct fp_32 { /* FSAVE's image, then FXSAVE's */
    uint32_t control, status, tags, ip, cs, dp, ds;
    uint8_t st[8][10];
    uint16_t status_again, no_fxsave;
    uint8_t fxsave[512];
};
struct frame {
    uint32_t back, number;
    union {
        struct {
            uint32_t info_at, context_at;
            struct info_32 info;
            struct {
                uint32_t flags, link;
                struct stack_32 stack;
                struct registers_32 registers;
                uint32_t mask[2];
            } context;
        } rt;
        struct {
            struct registers_32 registers;
            uint32_t mask_high;
        } plain;
    };
};

static struct action actions[SIGNALS];
static struct stack_32 other_stack = {0, SS_DISABLE, 0};
static uint64_t mask; /* the guest's */
static volatile bool arrived, delivering;
static siginfo_t arrival;

static uint64_t bit(int number) { return UINT64_C(1) << (number - 1); }

static uint64_t faults(void) { return bit(SIGSEGV) | bit(SIGBUS) | bit(SIGFPE) | bit(SIGILL) | bit(SIGTRAP); }

/* The guest's mask holds here too, but for faults, and for all while one waits. */
static void set_mask(uint64_t to)
{
    mask = to & ~(bit(SIGKILL) | bit(SIGSTOP));
    uint64_t effective = (arrived ? ~UINT64_C(0) : mask) & ~faults();
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &effective, NULL, sizeof effective);
}

/* ---- floating point ---- */

static uint32_t tag_of(const uint8_t *value)
{
    uint64_t significand;
    uint16_t exponent;
    memcpy(&significand, value, 8);
    memcpy(&exponent, value + 8, 2);
    exponent &= 0x7fff;
    if (!exponent && !significand) return 1;
    return exponent == 0 || exponent == 0x7fff || !(significand >> 63) ? 2 : 0;
}

static void write_fp(struct fp_32 *to, const struct _libc_fpstate *from)
{
    memset(to, 0, sizeof *to);
    memcpy(to->fxsave, from, 288); /* up to XMM7 */
    to->control = 0xffff0000 | from->cwd;
    to->status = 0xffff0000 | from->swd;
    to->status_again = from->swd;
    to->tags = 0xffff0000;
    to->ip = (uint32_t)from->rip;
    to->cs = (uint32_t)from->fop << 16;
    to->dp = (uint32_t)from->rdp;
    to->ds = 0xffff0000;
    for (unsigned i = 0; i < 8; i++) { /* i: from the top; tags go by the physical register */
        const uint8_t *value = (const uint8_t *)&from->_st[i];
        unsigned physical = ((unsigned)(from->swd >> 11) + i) & 7;
        memcpy(to->st[i], value, 10);
        to->tags |= (from->ftw >> physical & 1 ? tag_of(value) : 3) << 2 * physical;
    }
}

static void read_fp(struct _libc_fpstate *to, const struct fp_32 *from)
{
    memcpy(to, from->fxsave, 288);
    to->cwd = (uint16_t)from->control;
    to->swd = (uint16_t)from->status;
    to->fop = (uint16_t)(from->cs >> 16 & 0x7ff);
    to->rip = from->ip;
    to->rdp = from->dp;
    to->mxcsr &= 0xffff;
    to->ftw = 0;
    for (unsigned i = 0; i < 8; i++) {
        memcpy(&to->_st[i], from->st[i], 10);
        if ((from->tags >> 2 * i & 3) != 3) to->ftw |= (uint16_t)(1u << i);
    }
}

static void clear_fp(struct _libc_fpstate *fp)
{
    memset(fp, 0, 416);
    fp->cwd = 0x37f;
    fp->mxcsr = 0x1f80;
}

/* ---- delivery and return ---- */

static void write_registers(struct registers_32 *to, const struct guest *guest, const struct stop *stop)
{
    const uint32_t *r = guest->reg;
    *to = (struct registers_32){.gs = guest->selector[GS],
                                .fs = guest->selector[FS],
                                .es = guest->selector[ES],
                                .ds = guest->selector[DS],
                                .edi = r[EDI],
                                .esi = r[ESI],
                                .ebp = r[EBP],
                                .esp = r[ESP],
                                .ebx = r[EBX],
                                .edx = r[EDX],
                                .ecx = r[ECX],
                                .eax = r[EAX],
                                .trap = stop->trap,
                                .error = stop->error,
                                .eip = guest->eip,
                                .cs = guest->selector[CS],
                                .flags = guest->flags,
                                .esp_again = r[ESP],
                                .ss = guest->selector[SS],
                                .mask = (uint32_t)mask,
                                .cr2 = stop->address};
}

static void read_registers(struct guest *guest, const struct registers_32 *from)
{
    static const uint32_t changeable = 0x254dd5 | FLAG_RF; /* CF PF AF ZF SF TF DF OF NT AC ID */
    uint32_t *r = guest->reg;
    r[EDI] = from->edi, r[ESI] = from->esi, r[EBP] = from->ebp, r[ESP] = from->esp;
    r[EBX] = from->ebx, r[EDX] = from->edx, r[ECX] = from->ecx, r[EAX] = from->eax;
    guest->eip = from->eip;
    guest->flags = (guest->flags & ~changeable) | (from->flags & changeable);
    guest->selector[GS] = (uint16_t)from->gs, guest->selector[FS] = (uint16_t)from->fs;
    guest->selector[ES] = (uint16_t)from->es, guest->selector[DS] = (uint16_t)from->ds;
}

static void write_info(struct info_32 *to, const siginfo_t *from)
{
    to->number = from->si_signo, to->error = from->si_errno, to->code = from->si_code;
    if (from->si_code > 0) {
        to->rest[0] = (uint32_t)(uintptr_t)from->si_addr;
        return;
    }
    to->rest[0] = (uint32_t)from->si_pid;
    to->rest[1] = from->si_uid;
    to->rest[2] = (uint32_t)(uintptr_t)from->si_value.sival_ptr;
}

static uint32_t stack_for(const struct action *action, uint32_t esp)
{
    bool on_other = esp - other_stack.base <= other_stack.bytes;
    return action->flags & (uint32_t)SA_ONSTACK && other_stack.bytes && !on_other ? other_stack.base + other_stack.bytes
                                                                                  : esp;
}

void signals_die(int number)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigaction(number, &plain, NULL);
    set_mask(0);
    uint64_t none = 0;
    kill(getpid(), number);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
    _exit(128 + number);
}

bool signals_delivering(void) { return delivering; }

void signals_deliver(struct guest *guest, const struct stop *stop)
{
    int number = stop->info.si_signo;
    struct action *action = &actions[number];
    bool fault = stop->info.si_code > 0, with_info = action->flags & SA_SIGINFO;
    if (action->handler < HANDLER || (fault && faults() & bit(number) && mask & bit(number))) signals_die(number);
    if (!(action->flags & RESTORER)) host32_die("has no restorer", "a signal handler");
    delivering = true;
    uint32_t esp = stack_for(action, guest->reg[ESP]);
    struct fp_32 *fp = guest_pointer((esp - (uint32_t)sizeof *fp) & ~63u);
    struct frame *frame = guest_pointer((((uint32_t)(uintptr_t)fp - (uint32_t)sizeof *frame) & ~15u) - 4);
    memset(frame, 0, sizeof *frame);
    write_fp(fp, &guest->fp);
    struct registers_32 *registers = with_info ? &frame->rt.context.registers : &frame->plain.registers;
    write_registers(registers, guest, stop);
    registers->fp = (uint32_t)(uintptr_t)fp;
    frame->back = action->restorer;
    frame->number = (uint32_t)number;
    if (with_info) {
        frame->rt.info_at = (uint32_t)(uintptr_t)&frame->rt.info;
        frame->rt.context_at = (uint32_t)(uintptr_t)&frame->rt.context;
        write_info(&frame->rt.info, &stop->info);
        frame->rt.context.stack = other_stack;
        memcpy(frame->rt.context.mask, &mask, sizeof mask);
    } else {
        frame->plain.mask_high = (uint32_t)(mask >> 32);
    }
    guest->reg[ESP] = (uint32_t)(uintptr_t)frame;
    guest->reg[EAX] = (uint32_t)number;
    guest->reg[EDX] = with_info ? frame->rt.info_at : 0;
    guest->reg[ECX] = with_info ? frame->rt.context_at : 0;
    guest->eip = action->handler;
    guest->flags &= ~(uint32_t)(FLAG_DF | FLAG_RF | FLAG_TF);
    guest->selector[DS] = guest->selector[ES] = guest->selector[SS] = DS_32;
    clear_fp(&guest->fp);
    delivering = false;
    uint64_t more = (uint64_t)action->mask[1] << 32 | action->mask[0];
    if (action->flags & (uint32_t)SA_RESETHAND) action->handler = 0;
    set_mask(mask | more | (action->flags & SA_NODEFER ? 0 : bit(number)));
}

/* The handler's return has taken the return address off, and SIGRETURN's stub the number as well. */
void signals_return(struct guest *guest, bool with_info)
{
    const struct frame *frame = guest_pointer(guest->reg[ESP] - (with_info ? 4 : 8));
    const struct registers_32 *registers = with_info ? &frame->rt.context.registers : &frame->plain.registers;
    uint64_t before = registers->mask | (uint64_t)frame->plain.mask_high << 32;
    if (with_info) memcpy(&before, frame->rt.context.mask, sizeof before);
    if (registers->fp) read_fp(&guest->fp, guest_pointer(registers->fp));
    read_registers(guest, registers);
    set_mask(before);
}

/* Until it is delivered nothing else may come: the mask here is that of the interrupted code. */
void signals_arrive(int number, siginfo_t *info, void *context)
{
    uint64_t all = ~faults();
    (void)number;
    arrival = *info;
    arrived = true;
    memcpy(&((ucontext_t *)context)->uc_sigmask, &all, sizeof all);
}

void signals_poll(struct guest *guest)
{
    if (!arrived) return;
    struct stop stop = {.info = arrival};
    if (stop.info.si_code > 0) stop.info.si_code = SI_KERNEL; /* a timer's */
    arrived = false;
    signals_deliver(guest, &stop);
}

/* ---- what the guest asks for ---- */

int64_t signals_action(uint32_t number, uint32_t action, uint32_t old)
{
    if (number == 0 || number >= SIGNALS) return -EINVAL;
    struct action before = actions[number];
    if (action) memcpy(&actions[number], guest_pointer(action), sizeof actions[number]);
    if (old) memcpy(guest_pointer(old), &before, sizeof before);
    if (!action || faults() & bit((int)number)) return 0;
    struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_ONSTACK, .sa_sigaction = signals_arrive};
    if (actions[number].handler < HANDLER)
        ours = (struct sigaction){.sa_handler = actions[number].handler ? SIG_IGN : SIG_DFL};
    sigfillset(&ours.sa_mask);
    return sigaction((int)number, &ours, NULL) ? -errno : 0;
}

int64_t signals_mask(uint32_t how, uint32_t set, uint32_t old)
{
    uint64_t before = mask, change;
    if (set) {
        memcpy(&change, guest_pointer(set), sizeof change);
        if (how > SIG_SETMASK) return -EINVAL;
        set_mask(how == SIG_BLOCK ? mask | change : how == SIG_UNBLOCK ? mask & ~change : change);
    }
    if (old) memcpy(guest_pointer(old), &before, sizeof before);
    return 0;
}

int64_t signals_stack(uint32_t stack, uint32_t old)
{
    struct stack_32 before = other_stack;
    if (stack) memcpy(&other_stack, guest_pointer(stack), sizeof other_stack);
    if (other_stack.flags & SS_DISABLE) other_stack.bytes = 0;
    if (old) memcpy(guest_pointer(old), &before, sizeof before);
    return 0;
}

int64_t signals_queue(uint32_t pid, uint32_t number, uint32_t info)
{
    struct info_32 from;
    memcpy(&from, guest_pointer(info), sizeof from);
    siginfo_t to = {.si_signo = from.number, .si_errno = from.error, .si_code = from.code};
    to.si_pid = (pid_t)from.rest[0];
    to.si_uid = from.rest[1];
    to.si_value.sival_ptr = guest_pointer(from.rest[2]);
    return syscall(SYS_rt_sigqueueinfo, pid, number, &to) ? -errno : 0;
}
