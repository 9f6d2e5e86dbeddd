/* signals.c -- pending signals, their actions, and the system calls about them. A signal is sent to a thread, or to a
 * process, one of whose threads takes it. */
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
    G_SIGTTIN = 21,
    G_SIGTTOU = 22,
    G_SIGURG = 23,
    G_SIGWINCH = 28,
    FIRST_REALTIME = 32
};
enum { HANDLER_DEFAULT = 0, HANDLER_IGNORE = 1 };
#define ACTION_NOCLDSTOP 1u
#define ACTION_NOCLDWAIT 2u
#define ACTION_RESTART   0x10000000u
#define ACTION_NODEFER   0x40000000u
#define ACTION_RESETHAND 0x80000000u
#define NEVER_BLOCKED    (SIGNAL_BIT(G_SIGKILL) | SIGNAL_BIT(G_SIGSTOP))
/* They are handled before all others. */
#define SYNCHRONOUS (SIGNALS_OF_FAULTS | SIGNAL_BIT(SIGSYS))

#define STOPPING (SIGNAL_BIT(G_SIGSTOP) | SIGNAL_BIT(G_SIGTSTP) | SIGNAL_BIT(G_SIGTTIN) | SIGNAL_BIT(G_SIGTTOU))
/* Signals that leave a core dump behind; there is none, but the exit status says so. */
#define CORE_SIGNALS                                                                                                   \
    (SYNCHRONOUS | SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGABRT) | SIGNAL_BIT(SIGXCPU) | SIGNAL_BIT(SIGXFSZ))

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

bool signal_ignored(const struct process *process, int number)
{
    return process->action[number].handler == HANDLER_IGNORE;
}

/* ---- pending ---- */

static bool add(struct pending *pending, struct signal_info info)
{
    bool realtime = info.number >= FIRST_REALTIME;
    if (!realtime && pending->set & SIGNAL_BIT(info.number)) return true;
    /* There is always room for one of each standard signal: a fault whose signal got lost would repeat for ever. */
    if (realtime && pending->queued >= SIGNAL_QUEUE - FIRST_REALTIME) return false;
    pending->queue[pending->queued++] = info;
    pending->set |= SIGNAL_BIT(info.number);
    return true;
}

struct signal_info *signal_find(struct pending *pending, const struct signal_info *like)
{
    for (unsigned i = 0; i < pending->queued; i++) {
        struct signal_info *info = &pending->queue[i];
        if (info->number == like->number && info->code == like->code && info->field[0] == like->field[0]) return info;
    }
    return NULL;
}

static void discard(struct pending *pending, uint64_t set)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < pending->queued; i++)
        if (!(set & SIGNAL_BIT(pending->queue[i].number))) pending->queue[kept++] = pending->queue[i];
    pending->queued = kept;
    pending->set &= ~set;
}

static void discard_everywhere(struct user *user, struct process *process, uint64_t set)
{
    discard(&process->pending, set);
    for (unsigned i = 0; i < user->thread_count; i++)
        if (user->threads[i]->process == process) discard(&user->threads[i]->pending, set);
}

/* The first of a set, taken out of the queue. */
static struct signal_info take(struct pending *pending, uint64_t set)
{
    if (set & SYNCHRONOUS) set &= SYNCHRONOUS;
    int number = __builtin_ctzll(set) + 1;
    unsigned i = 0;
    while (pending->queue[i].number != number) i++;
    struct signal_info info = pending->queue[i];
    pending->queued--;
    memmove(&pending->queue[i], &pending->queue[i + 1], (pending->queued - i) * sizeof pending->queue[0]);
    bool more = false;
    for (; i < pending->queued; i++) more |= pending->queue[i].number == number;
    if (!more) pending->set &= ~SIGNAL_BIT(number);
    return info;
}

/* What a thread lets through. */
static uint64_t open_set(const struct thread *thread) { return ~thread->blocked | thread->awaited; }

/* Which of a process's threads a signal for it is for: the first that lets it through; NULL: it waits. */
static const struct thread *taker(const struct user *user, const struct process *process, uint64_t bit)
{
    for (unsigned i = 0; i < user->thread_count; i++)
        if (user->threads[i]->process == process && open_set(user->threads[i]) & bit) return user->threads[i];
    return NULL;
}

static bool kills(const struct process *process, int number)
{
    return process->action[number].handler == HANDLER_DEFAULT && default_action(number) == KILL;
}

/* Of what is pending for the process, what this thread is to take. It does not matter which one it is that dies. */
static uint64_t shared_set(const struct user *user, const struct thread *thread)
{
    uint64_t set = thread->process->pending.set & open_set(thread), mine = 0;
    for (; set; set &= set - 1) {
        bool anyone = kills(thread->process, __builtin_ctzll(set) + 1);
        if (anyone || taker(user, thread->process, set & -set) == thread) mine |= set & -set;
    }
    return mine;
}

static bool signal_take(struct user *user, uint64_t wanted, struct signal_info *info)
{
    struct thread *thread = user->thread;
    uint64_t own = thread->pending.set & wanted, shared = shared_set(user, thread) & wanted;
    if (!own && !shared) return false;
    *info = own ? take(&thread->pending, own) : take(&thread->process->pending, shared);
    return true;
}

uint64_t signals_pending(const struct thread *thread) { return thread->pending.set | thread->process->pending.set; }

bool signal_take_pending(struct user *user, uint64_t wanted, struct signal_info *info)
{
    struct thread *thread = user->thread;
    struct pending *from = thread->pending.set & wanted ? &thread->pending : &thread->process->pending;
    if (!(from->set & wanted)) return false;
    *info = take(from, from->set & wanted);
    return true;
}

bool signal_waiting(const struct user *user, const struct thread *thread)
{
    uint64_t set = thread->pending.set & open_set(thread);
    if (thread->process->pending.set) set |= shared_set(user, thread);
    for (; set; set &= set - 1)
        if (thread->awaited & set & -set || !ignored(thread->process, __builtin_ctzll(set) + 1)) return true;
    return false;
}

bool signal_kills(const struct thread *thread) { return signals_pending(thread) & SIGNAL_BIT(G_SIGKILL); }

/* ---- sending ---- */

/* Stopping and continuing are done at once; whether there is a handler, too, is another matter. */
static void stop_or_continue(struct user *user, struct process *process, int number)
{
    if (default_action(number) == STOP) discard_everywhere(user, process, SIGNAL_BIT(G_SIGCONT));
    if (number == G_SIGCONT) discard_everywhere(user, process, STOPPING);
    if (number == G_SIGCONT || number == G_SIGKILL) task_continue(user, process, number == G_SIGCONT);
}

static bool send_to(struct user *user, struct process *process, struct thread *thread, struct signal_info info)
{
    uint64_t bit = SIGNAL_BIT(info.number);
    const struct thread *target = thread ? thread : task_first_thread(user, process);
    if (!target) return true; /* it has ended */
    stop_or_continue(user, process, info.number);
    /* A blocked signal waits even if it would be ignored now: its action may change before it is unblocked. */
    if (ignored(process, info.number) && !((target->blocked | target->awaited) & bit)) return true;
    process->arrivals++;
    if (target->blocked & bit) schedule_look(user); /* who waits for it may wait for a descriptor */
    return add(thread ? &thread->pending : &process->pending, info);
}

bool signal_send_thread(struct user *user, struct thread *thread, struct signal_info info)
{
    return send_to(user, thread->process, thread, info);
}

bool signal_send_process(struct user *user, struct process *process, struct signal_info info)
{
    return send_to(user, process, NULL, info);
}

void signal_send_group(struct user *user, uint32_t group, struct signal_info info)
{
    for (unsigned i = 0; i < user->process_count; i++)
        if (user->processes[i]->group == group) signal_send_process(user, user->processes[i], info);
}

bool signal_send(struct user *user, struct signal_info info) { return signal_send_thread(user, user->thread, info); }

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

bool signal_reaps_children(const struct process *process)
{
    const struct signal_action *action = &process->action[G_SIGCHLD];
    return action->handler == HANDLER_IGNORE || action->flags & ACTION_NOCLDWAIT;
}

void signal_child(struct user *user, struct process *parent, const struct process *child, int code, int status)
{
    const struct signal_action *action = &parent->action[G_SIGCHLD];
    bool ended = code == CLD_EXITED || code == CLD_KILLED || code == CLD_DUMPED;
    int number = ended ? child->exit_signal : G_SIGCHLD;
    if (!number || (!ended && action->flags & ACTION_NOCLDSTOP)) return;
    signal_send_process(
        user, parent,
        (struct signal_info){.number = number, .code = code, .field = {child->id, GUEST_UID, (uint32_t)status}});
}

void signals_forget(struct process *process)
{
    for (unsigned i = 1; i <= GUEST_SIGNALS; i++) {
        bool stays = process->action[i].handler == HANDLER_IGNORE;
        process->action[i] = (struct signal_action){.handler = stays ? HANDLER_IGNORE : HANDLER_DEFAULT};
    }
}

/* ---- delivery ---- */

static void act_by_default(struct user *user, const struct signal_info *info)
{
    enum default_action action = default_action(info->number);
    bool core = CORE_SIGNALS & SIGNAL_BIT(info->number) && user->process->limit[LIMIT_CORE][0];
    if (action == KILL)
        task_end_process(user, (unsigned)info->number | (core ? WAIT_CORE : 0));
    else if (action == STOP && (info->number == G_SIGSTOP || !task_is_orphaned(user, user->process->group, NULL)))
        task_stop(user, info->number);
}

/* Prepares the registers for the interrupted call to be made again, or to return EINTR. `handler`: one will run. */
static void restart(struct user *user, int64_t result, bool handler, uint32_t flags, uint32_t call)
{
    if (result != RESTART_ALWAYS && result != RESTART_NO_HANDLER) return;
    if (handler && !(result == RESTART_ALWAYS && flags & ACTION_RESTART)) {
        *user_reg(user, HOME_EAX) = (uint32_t)-EINTR;
        return;
    }
    user->thread->wait.resumed = true;
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
    user->thread->wait.resumed = false;
    user->thread->restore = false;
    user->thread->blocked |= taken.mask | (taken.flags & ACTION_NODEFER ? 0 : SIGNAL_BIT(info->number));
    user->thread->blocked &= ~NEVER_BLOCKED;
}

void signals_deliver(struct user *user, const int64_t *result)
{
    struct signal_info info;
    struct thread *thread = user->thread;
    uint32_t call = thread->call;
    while (!thread->dead && !thread->process->stopped && signal_take(user, ~thread->blocked, &info)) {
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
    if (thread->dead) return;
    thread->interrupted = result && thread->process->stopped ? *result : 0;
    if (thread->process->stopped) return; /* what is left to do is done when it goes on */
    if (result) restart(user, *result, false, 0, call);
    if (thread->restore) {
        thread->blocked = thread->saved;
        thread->restore = false;
    }
}

void signals_continue(struct user *user)
{
    int64_t result = user->thread->interrupted;
    signals_deliver(user, result ? &result : NULL);
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
        if (ignored(user->process, (int)number)) discard_everywhere(user, user->process, SIGNAL_BIT(number));
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
    uint32_t set = (uint32_t)(signals_pending(user->thread) & user->thread->blocked);
    return user_put(user, a[0], &set, sizeof set) ? 0 : -EFAULT;
}

int64_t sys_rt_sigpending(struct user *user, const uint32_t *a)
{
    uint64_t set = signals_pending(user->thread) & user->thread->blocked;
    if (a[1] > sizeof set) return -EINVAL;
    return user_put(user, a[0], &set, a[1]) ? 0 : -EFAULT;
}

/* Once a call is under way its mask stays. */
static void swap_mask(struct thread *thread, uint64_t mask)
{
    if (schedule_again(&thread->wait)) return;
    thread->saved = thread->blocked;
    thread->restore = true;
    thread->blocked = mask & ~NEVER_BLOCKED;
}

static int64_t suspend(struct user *user, uint64_t mask)
{
    swap_mask(user->thread, mask);
    return schedule_sleep(user, UINT64_MAX, RESTART_NO_HANDLER);
}

int64_t sys_sigsuspend(struct user *user, const uint32_t *a) { return suspend(user, a[2]); }

int64_t sys_rt_sigsuspend(struct user *user, const uint32_t *a)
{
    uint64_t mask;
    if (a[1] != sizeof mask) return -EINVAL;
    return user_get(user, a[0], &mask, sizeof mask) ? suspend(user, mask) : -EFAULT;
}

int64_t sys_pause(struct user *user, const uint32_t *a) { return schedule_sleep(user, UINT64_MAX, RESTART_NO_HANDLER); }

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
    swap_mask(user->thread, mask);
    return true;
}

/* ---- waiting for a signal without handling it ---- */

static int64_t wait_for(struct user *user, const uint32_t *a, enum time_form form)
{
    uint64_t wanted, ns = 0, until = UINT64_MAX;
    struct thread *thread = user->thread;
    struct signal_info info;
    if (a[3] != sizeof wanted) return -EINVAL;
    if (!user_get(user, a[0], &wanted, sizeof wanted)) return -EFAULT;
    if (a[2]) {
        int status = time_get(user, a[2], form, &ns);
        if (status < 0) return status;
        until = schedule_deadline(user, time_now(user) + ns);
    }
    thread->awaited = wanted & ~NEVER_BLOCKED;
    bool taken = signal_take(user, thread->awaited, &info);
    if (!taken) {
        int64_t status = until <= time_now(user) ? -EAGAIN : schedule_sleep(user, until, -EINTR);
        if (status != BLOCKED) thread->awaited = 0;
        return status;
    }
    thread->awaited = 0;
    uint8_t bytes[128];
    siginfo_encode(&info, bytes);
    return a[1] && !user_put(user, a[1], bytes, sizeof bytes) ? -EFAULT : info.number;
}

int64_t sys_rt_sigtimedwait(struct user *user, const uint32_t *a) { return wait_for(user, a, TIME_32); }
int64_t sys_rt_sigtimedwait_time64(struct user *user, const uint32_t *a) { return wait_for(user, a, TIME_64); }

/* ---- the calls that send ---- */

/* The sender's word on it; number 0 only asks whether the target is there. */
static struct signal_info from_sender(const struct user *user, uint32_t number, int code)
{
    return (struct signal_info){.number = (int)number, .code = code, .field = {user->process->id, GUEST_UID}};
}

/* Is a process meant by kill's first argument? */
static bool is_meant(const struct user *user, const struct process *process, int32_t id)
{
    if (id > 0) return process->id == (uint32_t)id;
    if (id == -1) return process != user->process;
    return process->group == (id ? (uint32_t)-id : user->process->group);
}

int64_t sys_kill(struct user *user, const uint32_t *a)
{
    bool any = false;
    if (a[1] > GUEST_SIGNALS) return -EINVAL;
    if (a[0] == GUEST_PARENT) return -EPERM;
    for (unsigned i = 0; i < user->process_count; i++) {
        struct process *process = user->processes[i];
        if (!is_meant(user, process, (int32_t)a[0])) continue;
        any = true;
        if (a[1]) signal_send_process(user, process, from_sender(user, a[1], SIGNAL_USER));
    }
    return any ? 0 : -ESRCH;
}

/* `process`: of which the thread must be, or 0. */
static int64_t kill_thread(struct user *user, uint32_t process, uint32_t id, uint32_t number)
{
    struct thread *thread = task_thread(user, id);
    if ((int32_t)id <= 0 || number > GUEST_SIGNALS) return -EINVAL;
    if (!thread || (process && thread->process->id != process)) return -ESRCH;
    if (!number || signal_send_thread(user, thread, from_sender(user, number, SIGNAL_TKILL))) return 0;
    return -EAGAIN;
}

int64_t sys_tkill(struct user *user, const uint32_t *a) { return kill_thread(user, 0, a[0], a[1]); }

int64_t sys_tgkill(struct user *user, const uint32_t *a)
{
    return (int32_t)a[0] <= 0 ? -EINVAL : kill_thread(user, a[0], a[1], a[2]);
}

/* What a program says itself of a signal that it queues. Only to itself may it claim to be the kernel. */
static int64_t get_info(struct user *user, uint32_t process, uint32_t number, uint32_t address,
                        struct signal_info *info)
{
    uint32_t raw[128 / sizeof(uint32_t)];
    if (!user_get(user, address, raw, sizeof raw)) return -EFAULT;
    if (number > GUEST_SIGNALS) return -EINVAL;
    *info = (struct signal_info){.number = (int)number, .code = (int)raw[2], .field = {raw[3], raw[4], raw[5]}};
    return (info->code >= 0 || info->code == SIGNAL_TKILL) && process != user->process->id ? -EPERM : 0;
}

int64_t sys_rt_sigqueueinfo(struct user *user, const uint32_t *a)
{
    struct signal_info info;
    int64_t status = get_info(user, a[0], a[1], a[2], &info);
    struct process *process = task_process(user, a[0]);
    if (status < 0) return status;
    if (!process) return a[0] == GUEST_PARENT ? -EPERM : -ESRCH;
    return a[1] && !signal_send_process(user, process, info) ? -EAGAIN : 0;
}

int64_t sys_rt_tgsigqueueinfo(struct user *user, const uint32_t *a)
{
    struct signal_info info;
    int64_t status = get_info(user, a[0], a[2], a[3], &info);
    struct thread *thread = task_thread(user, a[1]);
    if (status < 0) return status;
    if (!thread || thread->process->id != a[0]) return -ESRCH;
    return a[2] && !signal_send_thread(user, thread, info) ? -EAGAIN : 0;
}

/* Linux looks at the number last of all. */
int64_t sys_pidfd_send_signal(struct user *user, const uint32_t *a)
{
    int32_t number;
    int64_t status = 0;
    const struct file *file = process_file_at(user, a[0]);
    if (a[3]) return -EINVAL;
    if (!file) return -EBADF;
    struct signal_info info = from_sender(user, a[1], SIGNAL_USER);
    if (a[2]) {
        if (!user_get(user, a[2], &number, sizeof number)) return -EFAULT;
        status = get_info(user, file->process, a[1], a[2], &info);
        if (status != -EFAULT && (uint32_t)number != a[1]) return -EINVAL;
        if (status < 0 && a[1] <= GUEST_SIGNALS) return status;
    }
    struct process *process = task_process(user, file->process);
    if (!process && file->process != GUEST_PARENT) return -ESRCH;
    if (a[1] > GUEST_SIGNALS) return -EINVAL;
    if (!process) return -EPERM;
    return a[1] && !signal_send_process(user, process, info) ? -EAGAIN : 0;
}
