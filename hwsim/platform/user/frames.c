/* frames.c -- signal frames of i386 Linux: what a handler finds on its stack, and what it returns to.
 *
 *     sigframe (SA_SIGINFO clear)          rt_sigframe (SA_SIGINFO set)
 *       0 return address                     0 return address
 *       4 signal number                      4 signal number
 *       8 sigcontext, 88 bytes               8 address of siginfo     12 address of ucontext
 *      96 (once floating-point state)       16 siginfo, 128 bytes
 *     720 upper half of the signal mask    144 ucontext: flags, link, stack (12 bytes), sigcontext, mask (8 bytes)
 *     724 retcode, 8 bytes                 260 retcode, 8 bytes
 *
 * Above it lies the floating-point state: what FSAVE stores, a copy of the status word, a word 0 that says that the
 * image that FXSAVE stores follows; that one begins at a multiple of 64. */
#include "hwsim/isa/fpstate.h"
#include "hwsim/platform/user/internal.h"

enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS };
enum { EFL_TF = 0x100, EFL_DF = 0x400, EFL_RF = 0x10000, EFL_AC = 0x40000 };
/* The flags that a return from a handler may set. */
enum { RESTORED_FLAGS = ATOM_FLAGS | EFL_TF | EFL_DF | EFL_RF | EFL_AC };
enum { ACTION_SIGINFO = 4, ACTION_RESTORER = 0x04000000, ACTION_ONSTACK = 0x08000000 };
enum { ALTSTACK_BYTES_MIN = 2048 };
#define STACK_AUTODISARM 0x80000000u

struct context32 {
    uint32_t gs, fs, es, ds;
    uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
    uint32_t trapno, err, eip, cs, eflags, esp_at_signal, ss;
    uint32_t fpstate, oldmask, cr2;
};
struct sigframe {
    uint32_t pretcode, number;
    struct context32 context;
    uint8_t unused[624];
    uint32_t extramask;
    uint8_t retcode[8];
};
struct rt_sigframe {
    uint32_t pretcode, number, info_address, context_address;
    uint8_t info[128];
    uint32_t uc_flags, uc_link;
    struct altstack stack;
    struct context32 context;
    uint32_t mask[2];
    uint8_t retcode[8];
};
struct fpframe {
    uint8_t fsave[FSAVE_BYTES];
    uint16_t status, magic;
    uint8_t fxsave[FXSAVE_BYTES];
};
_Static_assert(sizeof(struct fpframe) == 624 && offsetof(struct fpframe, fxsave) == 112, "fpstate layout");
_Static_assert(sizeof(struct sigframe) == 732 && offsetof(struct sigframe, extramask) == 720, "sigframe layout");
_Static_assert(sizeof(struct rt_sigframe) == 268 && offsetof(struct rt_sigframe, context) == 164, "rt_sigframe layout");

static const uint8_t retcode[8] = {0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80};
static const uint8_t rt_retcode[8] = {0xb8, 173, 0, 0, 0, 0xcd, 0x80, 0};

void siginfo_encode(const struct signal_info *info, uint8_t bytes[128])
{
    uint32_t words[6] = {(uint32_t)info->number, 0, (uint32_t)info->code, info->field[0], info->field[1],
                         info->field[2]};
    memset(bytes, 0, 128);
    memcpy(bytes, words, sizeof words);
}

static void save_context(struct user *user, struct context32 *out, uint64_t mask)
{
    const uint64_t *r = hw_state(user->core)->r;
    *out = (struct context32){
        .gs = segment_selector(user, SEG_GS),
        .fs = segment_selector(user, SEG_FS),
        .es = segment_selector(user, SEG_ES),
        .ds = segment_selector(user, SEG_DS),
        .edi = (uint32_t)r[HOME_EDI],
        .esi = (uint32_t)r[HOME_ESI],
        .ebp = (uint32_t)r[HOME_EBP],
        .esp = (uint32_t)r[HOME_ESP],
        .ebx = (uint32_t)r[HOME_EBX],
        .edx = (uint32_t)r[HOME_EDX],
        .ecx = (uint32_t)r[HOME_ECX],
        .eax = (uint32_t)r[HOME_EAX],
        .trapno = user->thread->trap,
        .err = user->thread->error,
        .cr2 = user->thread->cr2,
        .eip = (uint32_t)r[HOME_EIP],
        .cs = segment_selector(user, SEG_CS),
        .eflags = user_flags(user),
        .esp_at_signal = (uint32_t)r[HOME_ESP],
        .ss = segment_selector(user, SEG_SS),
        .oldmask = (uint32_t)mask,
    };
}

/* As Linux tells it, the selectors are those of the context. */
static void save_fp(struct user *user, struct fpframe *out)
{
    const struct hw_state *state = hw_state(user->core);
    uint32_t selectors[2] = {segment_selector(user, SEG_CS), 0xffff0000u | segment_selector(user, SEG_DS)};
    memset(out, 0, sizeof *out);
    fpstate_to_fsave(state->r, state->v, out->fsave);
    memcpy(out->fsave + 16, &selectors[0], 4);
    memcpy(out->fsave + 24, &selectors[1], 4);
    memcpy(&out->status, out->fsave + 4, sizeof out->status);
    fpstate_to_fxsave(state->r, state->v, out->fxsave);
}

/* The x87's part is taken from FSAVE's image, the rest from FXSAVE's. */
static bool restore_fp(struct user *user, uint32_t address)
{
    struct hw_state *state = hw_state(user->core);
    struct fpframe frame;
    fpstate_reset(state->r, state->v);
    if (!address) return true;
    if (!user_get(user, address, &frame, sizeof frame)) return false;
    fpstate_from_fxsave(frame.fxsave, state->r, state->v);
    fpstate_from_fsave(frame.fsave, state->r, state->v);
    state->r[HOME_MXCSR] &= FPSTATE_MXCSR_MASK;
    return true;
}

/* ---- where frames go ---- */

static bool on_altstack(const struct altstack *stack, uint32_t esp)
{
    if (stack->flags & STACK_AUTODISARM) return false;
    return esp > stack->address && esp - stack->address <= stack->bytes;
}

/* The address of a frame of `bytes`, and of the floating-point state, which is written; false: they would leave the
 * alternate stack that they are on, or do not fit. */
static bool place_frame(struct user *user, uint32_t flags, uint32_t bytes, uint32_t *address, uint32_t *fp_address)
{
    struct fpframe fp;
    const struct altstack *stack = &user->thread->stack;
    uint32_t esp = (uint32_t)*user_reg(user, HOME_ESP);
    bool nested = on_altstack(stack, esp);
    if (flags & ACTION_ONSTACK && stack->bytes && !nested)
        esp = stack->address + stack->bytes, nested = true;
    else
        nested = nested && stack->bytes;
    *fp_address = ((esp - FXSAVE_BYTES) & ~63u) - offsetof(struct fpframe, fxsave);
    uint32_t at = ((*fp_address - bytes + 4) & ~15u) - 4; /* the i386 ABI: (address + 4) is a multiple of 16 */
    if (nested && !(at > stack->address && at - stack->address <= stack->bytes)) return false;
    *address = at;
    save_fp(user, &fp);
    return user_put(user, *fp_address, &fp, sizeof fp);
}

static uint32_t return_address(const struct signal_action *action, uint32_t trampoline)
{
    return action->flags & ACTION_RESTORER ? action->restorer : TRAMPOLINE + trampoline;
}

static void enter(struct user *user, uint32_t frame, uint32_t handler, uint32_t eax, uint32_t edx, uint32_t ecx)
{
    *user_reg(user, HOME_ESP) = frame;
    *user_reg(user, HOME_EIP) = handler;
    *user_reg(user, HOME_EAX) = eax;
    *user_reg(user, HOME_EDX) = edx;
    *user_reg(user, HOME_ECX) = ecx;
    user_set_flags(user, 0, EFL_DF | EFL_RF | EFL_TF);
    fpstate_reset(hw_state(user->core)->r, hw_state(user->core)->v);
    segment_load(user, SEG_DS, USER_DS);
    segment_load(user, SEG_ES, USER_DS);
    segment_load(user, SEG_SS, USER_DS);
    segment_load(user, SEG_CS, USER_CS);
}

static bool push_plain(struct user *user, const struct signal_info *info, const struct signal_action *action,
                       uint64_t mask)
{
    struct sigframe frame = {.pretcode = return_address(action, TRAMPOLINE_SIGRETURN),
                             .number = (uint32_t)info->number,
                             .extramask = (uint32_t)(mask >> 32)};
    uint32_t address;
    memcpy(frame.retcode, retcode, sizeof retcode);
    save_context(user, &frame.context, mask);
    if (!place_frame(user, action->flags, sizeof frame, &address, &frame.context.fpstate) ||
        !user_put(user, address, &frame, sizeof frame))
        return false;
    enter(user, address, action->handler, frame.number, 0, 0);
    return true;
}

static bool push_realtime(struct user *user, const struct signal_info *info, const struct signal_action *action,
                          uint64_t mask)
{
    struct rt_sigframe frame = {.pretcode = return_address(action, TRAMPOLINE_RT_SIGRETURN),
                                .number = (uint32_t)info->number,
                                .stack = user->thread->stack,
                                .mask = {(uint32_t)mask, (uint32_t)(mask >> 32)}};
    uint32_t address;
    memcpy(frame.retcode, rt_retcode, sizeof rt_retcode);
    siginfo_encode(info, frame.info);
    save_context(user, &frame.context, mask);
    if (!place_frame(user, action->flags, sizeof frame, &address, &frame.context.fpstate)) return false;
    frame.info_address = address + offsetof(struct rt_sigframe, info);
    frame.context_address = address + offsetof(struct rt_sigframe, uc_flags);
    if (!user_put(user, address, &frame, sizeof frame)) return false;
    if (user->thread->stack.flags & STACK_AUTODISARM) user->thread->stack = (struct altstack){.flags = STACK_DISABLE};
    enter(user, address, action->handler, frame.number, frame.info_address, frame.context_address);
    return true;
}

bool frame_push(struct user *user, const struct signal_info *info, const struct signal_action *action, uint64_t mask)
{
    return (action->flags & ACTION_SIGINFO ? push_realtime : push_plain)(user, info, action, mask);
}

/* ---- returning ---- */

static void restore_context(struct user *user, const struct context32 *in)
{
    uint64_t *r = hw_state(user->core)->r;
    r[HOME_EDI] = in->edi, r[HOME_ESI] = in->esi, r[HOME_EBP] = in->ebp, r[HOME_ESP] = in->esp;
    r[HOME_EBX] = in->ebx, r[HOME_EDX] = in->edx, r[HOME_ECX] = in->ecx, r[HOME_EAX] = in->eax;
    r[HOME_EIP] = in->eip;
    user_set_flags(user, in->eflags, RESTORED_FLAGS);
    segment_load(user, SEG_CS, (uint16_t)in->cs | 3);
    segment_load(user, SEG_SS, (uint16_t)in->ss | 3);
    segment_load(user, SEG_DS, (uint16_t)in->ds);
    segment_load(user, SEG_ES, (uint16_t)in->es);
    segment_load(user, SEG_FS, (uint16_t)in->fs);
    segment_load(user, SEG_GS, (uint16_t)in->gs);
}

static int64_t bad_frame(struct user *user)
{
    user->thread->call_abandoned = true;
    signal_force(user, (struct signal_info){.number = SIGSEGV, .code = SIGNAL_KERNEL});
    return 0;
}

/* EAX is as the context has it: there is no result. */
static int64_t returned(struct user *user, const struct context32 *context, uint64_t mask)
{
    user->thread->call_abandoned = true;
    user->thread->blocked = mask & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
    restore_context(user, context);
    return restore_fp(user, context->fpstate) ? 0 : bad_frame(user);
}

int64_t sys_sigreturn(struct user *user, const uint32_t *a)
{
    struct sigframe frame;
    /* The handler's RET popped the return address, the trampoline the signal number. */
    uint32_t address = (uint32_t)*user_reg(user, HOME_ESP) - 8;
    if (!user_get(user, address, &frame, sizeof frame)) return bad_frame(user);
    return returned(user, &frame.context, frame.context.oldmask | (uint64_t)frame.extramask << 32);
}

static int64_t set_altstack(struct user *user, const struct altstack *stack)
{
    uint32_t esp = (uint32_t)*user_reg(user, HOME_ESP), mode = stack->flags & ~STACK_AUTODISARM;
    if (on_altstack(&user->thread->stack, esp)) return -EPERM;
    if (mode != 0 && mode != STACK_ON && mode != STACK_DISABLE) return -EINVAL;
    if (mode == STACK_DISABLE)
        user->thread->stack = (struct altstack){.flags = stack->flags};
    else if (stack->bytes < ALTSTACK_BYTES_MIN)
        return -ENOMEM;
    else
        user->thread->stack = *stack;
    return 0;
}

int64_t sys_rt_sigreturn(struct user *user, const uint32_t *a)
{
    struct rt_sigframe frame;
    uint32_t address = (uint32_t)*user_reg(user, HOME_ESP) - 4;
    if (!user_get(user, address, &frame, sizeof frame)) return bad_frame(user);
    returned(user, &frame.context, frame.mask[0] | (uint64_t)frame.mask[1] << 32);
    set_altstack(user, &frame.stack); /* an unusable one is left as it is, as Linux does */
    return 0;
}

int64_t sys_sigaltstack(struct user *user, const uint32_t *a)
{
    struct altstack new, old = user->thread->stack;
    uint32_t esp = (uint32_t)*user_reg(user, HOME_ESP);
    old.flags = !old.bytes ? STACK_DISABLE : on_altstack(&old, esp) ? STACK_ON : old.flags & STACK_AUTODISARM;
    if (a[0]) {
        if (!user_get(user, a[0], &new, sizeof new)) return -EFAULT;
        int64_t status = set_altstack(user, &new);
        if (status < 0) return status;
    }
    return a[1] && !user_put(user, a[1], &old, sizeof old) ? -EFAULT : 0;
}
