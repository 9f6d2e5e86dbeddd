/* signals.c -- pending signals, their actions, and the system calls about them. A process has one thread, so that its
 * signals and its thread's are the same. */
#include "hwsim/platform/user/internal.h"

/* Numbers and flags of the guest; they are the host's, but it is the guest's that are meant. */
enum {
    G_SIGILL = 4,
    G_SIGKILL = 9,
    G_SIGSEGV = 11,
    G_SIGCHLD = 17,
    G_SIGCONT = 18,
    G_SIGSTOP = 19,
    G_SIGTSTP = 20,
    G_SIGTTOU = 22,
    G_SIGURG = 23,
    G_SIGWINCH = 28,
    FIRST_REALTIME = 32
};
enum { HANDLER_DEFAULT = 0, HANDLER_IGNORE = 1 };
#define ACTION_RESTART   0x10000000u
#define ACTION_NODEFER   0x40000000u
#define ACTION_RESETHAND 0x80000000u
#define NEVER_BLOCKED    (SIGNAL_BIT(G_SIGKILL) | SIGNAL_BIT(G_SIGSTOP))
/* Signals that an instruction causes; they are handled before all others. */
#define SYNCHRONOUS                                                                                                    \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGFPE) |        \
     SIGNAL_BIT(SIGSYS))

enum default_action { KILL, IGNORE, STOP };
static enum default_action default_action(int number)
{
    if (number == G_SIGCHLD || number == G_SIGCONT || number == G_SIGURG || number == G_SIGWINCH) return IGNORE;
    return number >= G_SIGSTOP && number <= G_SIGTTOU ? STOP : KILL;
}

static bool ignored(const struct process *process, int number)
{
    uint32_t handler = process->action[number].handler;
    return handler == HANDLER_IGNORE || (handler == HANDLER_DEFAULT && default_action(number) == IGNORE);
}

static uint64_t pending_set(const struct pending *pending)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < pending->queued; i++) set |= SIGNAL_BIT(pending->queue[i].number);
    return set;
}

bool signal_send(struct user *user, struct signal_info info)
{
    struct pending *pending = &user->thread->pending;
    bool realtime = info.number >= FIRST_REALTIME;
    /* A blocked signal waits even if it would be ignored now: its action may change before it is unblocked. */
    if (ignored(user->process, info.number) && !(user->thread->blocked & SIGNAL_BIT(info.number))) return true;
    if (!realtime && pending_set(pending) & SIGNAL_BIT(info.number)) return true;
    /* There is always room for one of each standard signal: a fault whose signal got lost would repeat for ever. */
    if (realtime && pending->queued >= SIGNAL_QUEUE - FIRST_REALTIME) return false;
    pending->queue[pending->queued++] = info;
    return true;
}

void signal_force(struct user *user, struct signal_info info)
{
    struct signal_action *action = &user->process->action[info.number];
    uint64_t bit = SIGNAL_BIT(info.number);
    if (action->handler == HANDLER_IGNORE || user->thread->blocked & bit) {
        action->handler = HANDLER_DEFAULT;
        user->thread->blocked &= ~bit;
    }
    signal_send(user, info);
}

bool signal_take(struct user *user, uint64_t wanted, struct signal_info *info)
{
    struct pending *pending = &user->thread->pending;
    uint64_t set = pending_set(pending) & wanted;
    if (!set) return false;
    if (set & SYNCHRONOUS) set &= SYNCHRONOUS;
    int number = __builtin_ctzll(set) + 1;
    unsigned i = 0;
    while (pending->queue[i].number != number) i++;
    *info = pending->queue[i];
    pending->queued--;
    memmove(&pending->queue[i], &pending->queue[i + 1], (pending->queued - i) * sizeof pending->queue[0]);
    return true;
}

static void discard(struct pending *pending, int number)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < pending->queued; i++)
        if (pending->queue[i].number != number) pending->queue[kept++] = pending->queue[i];
    pending->queued = kept;
}

bool signal_waiting(const struct user *user)
{
    const struct pending *pending = &user->thread->pending;
    uint64_t set = pending_set(pending) & ~user->thread->blocked;
    for (; set; set &= set - 1)
        if (!ignored(user->process, __builtin_ctzll(set) + 1)) return true;
    return false;
}

/* ---- delivery ---- */

/* The default action. STOP: nobody could continue the guest; it goes on. */
static void act_by_default(struct user *user, const struct signal_info *info)
{
    if (default_action(info->number) == KILL)
        user_end(user, USER_KILLED, info->number, NULL);
    else if (default_action(info->number) == STOP)
        user_say("the guest stopped itself with signal %d; nothing could continue it, so it goes on", info->number);
}

/* Prepares the registers for the interrupted call to be made again, or to return EINTR. `handler`: one will run. */
static void restart(struct user *user, int64_t result, bool handler, uint32_t flags, uint32_t call)
{
    if (result != RESTART_ALWAYS && result != RESTART_NO_HANDLER) return;
    if (handler && !(result == RESTART_ALWAYS && flags & ACTION_RESTART)) {
        *user_reg(user, HOME_EAX) = (uint32_t)-EINTR;
        return;
    }
    *user_reg(user, HOME_EAX) = call;
    *user_reg(user, HOME_EIP) = (uint32_t)(*user_reg(user, HOME_EIP) - 2); /* INT 0x80 again */
}

static void enter_handler(struct user *user, const struct signal_info *info)
{
    struct signal_action *action = &user->process->action[info->number], taken = *action;
    if (taken.flags & ACTION_RESETHAND) action->handler = HANDLER_DEFAULT;
    uint64_t mask = user->thread->restore ? user->thread->saved : user->thread->blocked;
    if (!frame_push(user, info, &taken, mask)) {
        /* The frame does not fit: SIGSEGV, which kills if it was that one's handler. */
        if (info->number == G_SIGSEGV) user->process->action[G_SIGSEGV].handler = HANDLER_DEFAULT;
        signal_force(user, (struct signal_info){.number = G_SIGSEGV, .code = SIGNAL_KERNEL});
        return;
    }
    user->stats.signals++;
    user->thread->restore = false;
    user->thread->blocked |= taken.mask | (taken.flags & ACTION_NODEFER ? 0 : SIGNAL_BIT(info->number));
    user->thread->blocked &= ~NEVER_BLOCKED;
}

void signals_deliver(struct user *user, const int64_t *result)
{
    struct signal_info info;
    uint32_t call = user->thread->call;
    while (!user_ended(user) && signal_take(user, ~user->thread->blocked, &info)) {
        const struct signal_action *action = &user->process->action[info.number];
        if (ignored(user->process, info.number)) continue;
        if (action->handler == HANDLER_DEFAULT) {
            act_by_default(user, &info);
            continue;
        }
        if (result) restart(user, *result, true, action->flags, call);
        result = NULL;
        enter_handler(user, &info);
    }
    if (user_ended(user)) return;
    if (result) restart(user, *result, false, 0, call);
    if (user->thread->restore) {
        user->thread->blocked = user->thread->saved;
        user->thread->restore = false;
    }
}

/* ---- actions ---- */

static int64_t set_action(struct user *user, uint32_t number, const struct signal_action *new,
                          struct signal_action *old)
{
    if (number < 1 || number > GUEST_SIGNALS || (new && (number == G_SIGKILL || number == G_SIGSTOP))) return -EINVAL;
    *old = user->process->action[number];
    if (new) {
        user->process->action[number] = *new;
        user->process->action[number].mask &= ~NEVER_BLOCKED;
        if (ignored(user->process, (int)number)) discard(&user->thread->pending, (int)number);
    }
    return 0;
}

int64_t sys_signal(struct user *user, const uint32_t *a)
{
    struct signal_action old, new = {.handler = a[1], .flags = ACTION_RESETHAND | ACTION_NODEFER};
    int64_t status = set_action(user, a[0], &new, &old);
    return status < 0 ? status : (int64_t)old.handler;
}

int64_t sys_sigaction(struct user *user, const uint32_t *a)
{
    uint32_t raw[4]; /* handler, mask, flags, restorer */
    struct signal_action old, new;
    if (a[1]) {
        if (!user_get(user, a[1], raw, sizeof raw)) return -EFAULT;
        new = (struct signal_action){.handler = raw[0], .mask = raw[1], .flags = raw[2], .restorer = raw[3]};
    }
    int64_t status = set_action(user, a[0], a[1] ? &new : NULL, &old);
    if (status < 0 || !a[2]) return status;
    uint32_t out[4] = {old.handler, (uint32_t)old.mask, old.flags, old.restorer};
    return user_put(user, a[2], out, sizeof out) ? 0 : -EFAULT;
}

int64_t sys_rt_sigaction(struct user *user, const uint32_t *a)
{
    uint32_t raw[5]; /* handler, flags, restorer, mask */
    struct signal_action old, new;
    if (a[3] != 8) return -EINVAL;
    if (a[1]) {
        if (!user_get(user, a[1], raw, sizeof raw)) return -EFAULT;
        new = (struct signal_action){
            .handler = raw[0], .flags = raw[1], .restorer = raw[2], .mask = raw[3] | (uint64_t)raw[4] << 32};
    }
    int64_t status = set_action(user, a[0], a[1] ? &new : NULL, &old);
    if (status < 0 || !a[2]) return status;
    uint32_t out[5] = {old.handler, old.flags, old.restorer, (uint32_t)old.mask, (uint32_t)(old.mask >> 32)};
    return user_put(user, a[2], out, sizeof out) ? 0 : -EFAULT;
}

/* ---- masks ---- */

/* Changes the blocked set as `how` says, in the bits of `within`. */
static int64_t change_mask(struct user *user, uint32_t how, uint64_t set, uint64_t within)
{
    set &= ~NEVER_BLOCKED;
    switch (how) {
    case SIG_BLOCK: user->thread->blocked |= set; return 0;
    case SIG_UNBLOCK: user->thread->blocked &= ~set; return 0;
    case SIG_SETMASK: user->thread->blocked = (user->thread->blocked & ~within) | set; return 0;
    default: return -EINVAL;
    }
}

int64_t sys_sigprocmask(struct user *user, const uint32_t *a)
{
    uint32_t set, old = (uint32_t)user->thread->blocked;
    if (a[1]) {
        if (!user_get(user, a[1], &set, sizeof set)) return -EFAULT;
        int64_t status = change_mask(user, a[0], set, UINT32_MAX);
        if (status < 0) return status;
    }
    return a[2] && !user_put(user, a[2], &old, sizeof old) ? -EFAULT : 0;
}

int64_t sys_rt_sigprocmask(struct user *user, const uint32_t *a)
{
    uint64_t set, old = user->thread->blocked;
    if (a[3] != sizeof set) return -EINVAL;
    if (a[1]) {
        if (!user_get(user, a[1], &set, sizeof set)) return -EFAULT;
        int64_t status = change_mask(user, a[0], set, UINT64_MAX);
        if (status < 0) return status;
    }
    return a[2] && !user_put(user, a[2], &old, sizeof old) ? -EFAULT : 0;
}

int64_t sys_sgetmask(struct user *user, const uint32_t *a) { return (uint32_t)user->thread->blocked; }

int64_t sys_ssetmask(struct user *user, const uint32_t *a)
{
    uint32_t old = (uint32_t)user->thread->blocked;
    change_mask(user, SIG_SETMASK, a[0], UINT64_MAX);
    return old;
}

int64_t sys_sigpending(struct user *user, const uint32_t *a)
{
    uint32_t set = (uint32_t)(pending_set(&user->thread->pending) & user->thread->blocked);
    return user_put(user, a[0], &set, sizeof set) ? 0 : -EFAULT;
}

int64_t sys_rt_sigpending(struct user *user, const uint32_t *a)
{
    uint64_t set = pending_set(&user->thread->pending) & user->thread->blocked;
    if (a[1] > sizeof set) return -EINVAL;
    return user_put(user, a[0], &set, a[1]) ? 0 : -EFAULT;
}

static int64_t suspend(struct user *user, uint64_t mask)
{
    user->thread->saved = user->thread->blocked;
    user->thread->restore = true;
    user->thread->blocked = mask & ~NEVER_BLOCKED;
    time_wait(user, UINT64_MAX);
    return RESTART_NO_HANDLER;
}

int64_t sys_sigsuspend(struct user *user, const uint32_t *a) { return suspend(user, a[2]); }

int64_t sys_rt_sigsuspend(struct user *user, const uint32_t *a)
{
    uint64_t mask;
    if (a[1] != sizeof mask) return -EINVAL;
    return user_get(user, a[0], &mask, sizeof mask) ? suspend(user, mask) : -EFAULT;
}

int64_t sys_pause(struct user *user, const uint32_t *a)
{
    time_wait(user, UINT64_MAX);
    return RESTART_NO_HANDLER;
}

bool signal_swap_mask(struct user *user, uint32_t address, uint32_t bytes, int *status)
{
    uint64_t mask;
    *status = 0;
    if (!address) return true;
    if (bytes != sizeof mask)
        *status = -EINVAL;
    else if (!user_get(user, address, &mask, sizeof mask))
        *status = -EFAULT;
    if (*status < 0) return false;
    user->thread->saved = user->thread->blocked;
    user->thread->restore = true;
    user->thread->blocked = mask & ~NEVER_BLOCKED;
    return true;
}

/* ---- waiting for a signal without handling it ---- */

static int64_t wait_for(struct user *user, const uint32_t *a, enum time_form form)
{
    uint64_t wanted, ns = 0, until = UINT64_MAX;
    struct signal_info info;
    if (a[3] != sizeof wanted) return -EINVAL;
    if (!user_get(user, a[0], &wanted, sizeof wanted)) return -EFAULT;
    if (a[2]) {
        int status = time_get(user, a[2], form, &ns);
        if (status < 0) return status;
        until = time_now(user) + ns;
    }
    wanted &= ~NEVER_BLOCKED;
    bool taken = signal_take(user, wanted, &info);
    if (!taken) {
        /* What is waited for ends the wait, though blocked. */
        uint64_t blocked = user->thread->blocked;
        user->thread->blocked &= ~wanted;
        enum wait end = time_wait(user, until);
        user->thread->blocked = blocked;
        taken = signal_take(user, wanted, &info);
        if (!taken) return end == WAIT_TIMEOUT ? -EAGAIN : -EINTR;
    }
    uint8_t bytes[128];
    siginfo_encode(&info, bytes);
    return a[1] && !user_put(user, a[1], bytes, sizeof bytes) ? -EFAULT : info.number;
}

int64_t sys_rt_sigtimedwait(struct user *user, const uint32_t *a) { return wait_for(user, a, TIME_32); }
int64_t sys_rt_sigtimedwait_time64(struct user *user, const uint32_t *a) { return wait_for(user, a, TIME_64); }

/* ---- sending ---- */

/* Is it the guest, or its group? 0 or -errno. */
static int64_t target(int32_t process)
{
    if (process == GUEST_PID || process == 0 || process == -GUEST_PID) return 0;
    return process == GUEST_PARENT ? -EPERM : -ESRCH;
}

static int64_t send(struct user *user, int64_t status, uint32_t number, int code)
{
    if (number > GUEST_SIGNALS) return -EINVAL;
    if (status == 0 && number)
        signal_send(user,
                    (struct signal_info){.number = (int)number, .code = code, .field = {user->process->id, GUEST_UID}});
    return status;
}

int64_t sys_kill(struct user *user, const uint32_t *a) { return send(user, target((int32_t)a[0]), a[1], SIGNAL_USER); }

int64_t sys_tkill(struct user *user, const uint32_t *a)
{
    if ((int32_t)a[0] <= 0) return -EINVAL;
    return send(user, target((int32_t)a[0]), a[1], SIGNAL_TKILL);
}

int64_t sys_tgkill(struct user *user, const uint32_t *a)
{
    if ((int32_t)a[0] <= 0 || (int32_t)a[1] <= 0) return -EINVAL;
    return send(user, a[0] == GUEST_PID ? target((int32_t)a[1]) : -ESRCH, a[2], SIGNAL_TKILL);
}

static int64_t queue(struct user *user, int32_t process, uint32_t number, uint32_t address)
{
    uint32_t raw[6];
    if (!user_get(user, address, raw, sizeof raw)) return -EFAULT;
    if (number > GUEST_SIGNALS) return -EINVAL;
    if (process != GUEST_PID) return target(process) == -EPERM ? -EPERM : -ESRCH;
    struct signal_info info = {.number = (int)number, .code = (int)raw[2], .field = {raw[3], raw[4], raw[5]}};
    return number && !signal_send(user, info) ? -EAGAIN : 0;
}

int64_t sys_rt_sigqueueinfo(struct user *user, const uint32_t *a) { return queue(user, (int32_t)a[0], a[1], a[2]); }

int64_t sys_rt_tgsigqueueinfo(struct user *user, const uint32_t *a)
{
    return a[0] == a[1] ? queue(user, (int32_t)a[0], a[2], a[3]) : -ESRCH;
}
