/* children.c -- waiting for children: wait4(2), waitid(2). */
#include <sys/wait.h>

#include "hwsim/platform/user/internal.h"

/* Which children are meant. */
struct selection {
    uint32_t id, group; /* 0: any */
    bool impatient;     /* a pidfd's that is not to be waited for */
};

static bool is_meant(const struct user *user, const struct process *child, struct selection meant)
{
    return child->parent == user->process->id && (!meant.id || child->id == meant.id) &&
           (!meant.group || child->group == meant.group);
}

/* Has the child what is waited for? */
static bool has_news(const struct process *child, uint32_t options)
{
    if (child->ended) return options & WEXITED;
    if (!child->news) return false;
    return options & (child->stopped ? WSTOPPED : WCONTINUED);
}

/* The first such child, in the order in which they were made. NULL: `status` is 0, -ECHILD, or BLOCKED. */
static struct process *find_child(struct user *user, struct selection meant, uint32_t options, int64_t *status)
{
    bool any = false;
    for (unsigned i = 0; i < user->process_count; i++) {
        struct process *child = user->processes[i];
        if (!is_meant(user, child, meant)) continue;
        if (has_news(child, options)) return child;
        any = true;
    }
    *status = !any                ? -ECHILD
              : options & WNOHANG ? 0
              : meant.impatient   ? -EAGAIN
                                  : schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
    return NULL;
}

/* It has been told; an end is told once. */
static void consume(struct user *user, struct process *child, uint32_t options)
{
    if (options & WNOWAIT) return;
    child->news = false;
    if (!child->ended) return;
    user->process->children_insns += child->insns + child->children_insns;
    task_reap(user, child);
}

static bool put_usage(struct user *user, uint32_t address, const struct process *child)
{
    int32_t usage[18];
    time_usage(user, child->insns + child->children_insns, usage);
    return !address || user_put(user, address, usage, sizeof usage);
}

int64_t sys_wait4(struct user *user, const uint32_t *a)
{
    int32_t id = (int32_t)a[0];
    int64_t status;
    struct selection meant = {.id = id > 0 ? a[0] : 0,
                              .group = id == 0   ? user->process->group
                                       : id < -1 ? (uint32_t)-id
                                                 : 0};
    if (a[2] & ~(uint32_t)(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL)) return -EINVAL;
    if (id == INT32_MIN) return -ESRCH;
    struct process *child = find_child(user, meant, a[2] | WEXITED, &status);
    if (!child) return status;
    uint32_t told = child->id;
    if (!put_usage(user, a[3], child) || (a[1] && !user_put(user, a[1], &child->status, 4))) return -EFAULT;
    consume(user, child, 0);
    return told;
}

int64_t sys_waitpid(struct user *user, const uint32_t *a)
{
    return sys_wait4(user, (const uint32_t[4]){a[0], a[1], a[2]});
}

static int code_of(const struct process *child)
{
    if (!child->ended) return child->stopped ? CLD_STOPPED : CLD_CONTINUED;
    return !(child->status & 0x7f) ? CLD_EXITED : child->status & WAIT_CORE ? CLD_DUMPED : CLD_KILLED;
}

static int status_of(const struct process *child)
{
    switch (code_of(child)) {
    case CLD_EXITED:
    case CLD_STOPPED: return (int)(child->status >> 8 & 0xff);
    case CLD_CONTINUED: return SIGCONT;
    default: return (int)(child->status & 0x7f);
    }
}

/* What waitid's first two arguments mean: 0 or -errno. */
static int64_t select_children(struct user *user, uint32_t which, uint32_t id, struct selection *meant)
{
    enum { ALL, BY_ID, BY_GROUP, BY_FILE };
    const struct file *file = which == BY_FILE ? process_file_at(user, id) : NULL;
    *meant = (struct selection){0};
    switch (which) {
    case ALL: return 0;
    case BY_ID: meant->id = id; return (int32_t)id <= 0 ? -EINVAL : 0;
    case BY_GROUP: meant->group = id ? id : user->process->group; return (int32_t)id < 0 ? -EINVAL : 0;
    case BY_FILE:
        if ((int32_t)id < 0) return -EINVAL;
        if (!file) return -EBADF;
        meant->id = file->process;
        meant->impatient = file->flags & O_NONBLOCK;
        return 0;
    default: return -EINVAL;
    }
}

int64_t sys_waitid(struct user *user, const uint32_t *a)
{
    uint8_t info[128] = {0};
    struct selection meant;
    uint32_t known = WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
    if (a[3] & ~known || !(a[3] & (WEXITED | WSTOPPED | WCONTINUED))) return -EINVAL;
    int64_t status = select_children(user, a[0], a[1], &meant);
    if (status < 0) return status;
    struct process *child = find_child(user, meant, a[3], &status);
    if (!child && status) return status;
    if (child) {
        const struct signal_info told = {
            .number = SIGCHLD,
            .code = code_of(child),
            .field = {child->id, GUEST_UID, (uint32_t)status_of(child)},
        };
        siginfo_encode(&told, info);
        if (!put_usage(user, a[4], child)) return -EFAULT;
    }
    if (a[2] && !user_put(user, a[2], info, 24)) return -EFAULT;
    if (child) consume(user, child, a[3]);
    return 0;
}
