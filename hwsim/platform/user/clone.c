/* clone.c -- new threads and processes: clone(2), fork(2), vfork(2). */
#define _GNU_SOURCE
#include <sched.h>

#include "hwsim/platform/user/internal.h"

/* What threads of one process share; anything between all and nothing of it is no process that Linux programs make. */
#define THREAD_SHARES (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define SIGNAL_MASK   0xffu
#define NAMESPACES                                                                                                     \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
enum { TASKS_MAX = 1024 };

static int check_flags(const struct user *user, uint32_t flags)
{
    uint32_t shares = flags & THREAD_SHARES;
    if (flags & NAMESPACES) return -EPERM;
    if (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND)) return -EINVAL;
    if (flags & CLONE_SIGHAND && !(flags & CLONE_VM)) return -EINVAL;
    if (flags & CLONE_THREAD ? shares != THREAD_SHARES : shares & ~(uint32_t)CLONE_VM) return -EINVAL;
    if (flags & CLONE_PIDFD && flags & (CLONE_THREAD | CLONE_DETACHED | CLONE_PARENT_SETTID)) return -EINVAL;
    if (flags & CLONE_PARENT || (flags & SIGNAL_MASK) > GUEST_SIGNALS) return -EINVAL;
    return user->thread_count < TASKS_MAX ? 0 : -EAGAIN;
}

/* The child's process: the caller's, or one of its own with the caller's space or a copy of it. NULL: no memory. */
static struct process *make_process(struct user *user, uint32_t flags)
{
    if (flags & CLONE_THREAD) return user->process;
    struct process *child = task_new_process(user);
    if (!child) return NULL;
    child->exit_signal = (int)(flags & SIGNAL_MASK);
    if (space_lend(user, child, flags & CLONE_VM)) return child;
    task_reap(user, child);
    return NULL;
}

/* What the child finds when it runs: as the caller has it, but for its stack, its thread storage and a result of 0. */
static void set_up(struct user *user, struct thread *child, uint32_t flags, const uint32_t *a, const uint32_t tls[4])
{
    struct thread *parent = user->thread;
    if (!(flags & CLONE_VM) || flags & CLONE_VFORK) child->stack = parent->stack;
    if (flags & CLONE_CHILD_CLEARTID) child->clear_tid = a[4];
    child->state.r[HOME_EAX] = 0;
    if (a[1]) child->state.r[HOME_ESP] = a[1];
    schedule_switch(user, child);
    if (flags & CLONE_SETTLS) segment_set_tls(user, tls);
    if (flags & CLONE_CHILD_SETTID) user_put(user, a[4], &child->id, sizeof child->id);
    schedule_switch(user, parent);
}

/* The caller of vfork waits until the child needs its space no more. */
static int64_t wait_for_child(struct user *user, uint32_t child)
{
    const struct process *process = task_process(user, child);
    return process && process->vfork == user->thread->id ? schedule_stand(user) : child;
}

/* Is there room for a pidfd, and what it is to be told in? 0 or -errno. */
static int check_file(struct user *user, uint32_t address)
{
    int descriptor = file_lowest(user, 0);
    if (descriptor < 0) return descriptor;
    return space_accessible(user, address, sizeof descriptor, true) == sizeof descriptor ? 0 : -EFAULT;
}

static void give_file(struct user *user, const struct thread *child, uint32_t address)
{
    struct file *file = process_file_create(child->id, 0);
    if (!file) hw_panic(user->core, "no host memory for a file of the guest's");
    int descriptor = file_install(user, file, 0, true);
    user_put(user, address, &descriptor, sizeof descriptor);
}

/* flags, stack, where to write the child's id or pidfd, its thread storage, where the child finds its id */
int64_t sys_clone(struct user *user, const uint32_t *a)
{
    uint32_t tls[4] = {0}, flags = a[0];
    if (schedule_again(&user->thread->wait)) return wait_for_child(user, user->thread->child);
    int status = check_flags(user, flags);
    if (status == 0 && flags & CLONE_SETTLS) status = segment_get_tls(user, a[3], tls);
    if (status == 0 && flags & CLONE_PIDFD) status = check_file(user, a[2]);
    if (status < 0) return status;
    struct process *process = make_process(user, flags);
    if (!process) return -ENOMEM;
    struct thread *child = task_new_thread(user, process);
    if (!child) hw_panic(user->core, "no host memory for a thread");
    *(flags & CLONE_THREAD ? &user->stats.threads : &user->stats.processes) += 1;
    if (flags & CLONE_PARENT_SETTID) user_put(user, a[2], &child->id, sizeof child->id);
    if (flags & CLONE_PIDFD) give_file(user, child, a[2]);
    set_up(user, child, flags, a, tls);
    if (!(flags & CLONE_VFORK)) return child->id;
    process->vfork = user->thread->id;
    user->thread->child = child->id;
    return schedule_stand(user);
}

int64_t sys_fork(struct user *user, const uint32_t *a) { return sys_clone(user, (const uint32_t[5]){SIGCHLD}); }

int64_t sys_vfork(struct user *user, const uint32_t *a)
{
    return sys_clone(user, (const uint32_t[5]){CLONE_VM | CLONE_VFORK | SIGCHLD});
}
