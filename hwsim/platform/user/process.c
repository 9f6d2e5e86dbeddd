/* process.c -- what the guest is told about itself and its machine: the same in every run. */
#include <string.h>

#include "hwsim/platform/user/internal.h"

/* ---- answers that need no state ---- */

int64_t sys_zero(struct user *user, const uint32_t *a) { return 0; }
int64_t sys_invalid(struct user *user, const uint32_t *a) { return -EINVAL; }
int64_t sys_absent(struct user *user, const uint32_t *a) { return -ENOSYS; }
int64_t sys_interrupted(struct user *user, const uint32_t *a) { return -EINTR; }
int64_t sys_not_permitted(struct user *user, const uint32_t *a) { return -EPERM; }
int64_t sys_not_supported(struct user *user, const uint32_t *a) { return -EOPNOTSUPP; }
int64_t sys_getpid(struct user *user, const uint32_t *a) { return user->process->id; }
int64_t sys_gettid(struct user *user, const uint32_t *a) { return user->thread->id; }
int64_t sys_getppid(struct user *user, const uint32_t *a) { return user->process->parent; }
int64_t sys_getuid(struct user *user, const uint32_t *a) { return GUEST_UID; }
int64_t sys_getgid(struct user *user, const uint32_t *a) { return GUEST_GID; }
int64_t sys_getpriority(struct user *user, const uint32_t *a) { return 20; } /* 20 - nice */

/* ---- identity ---- */

/* The process that an argument means; 0: the caller. NULL: none. */
static struct process *named(const struct user *user, uint32_t id)
{
    return id ? task_process(user, id) : user->process;
}

int64_t sys_getpgid(struct user *user, const uint32_t *a)
{
    const struct process *process = named(user, a[0]);
    return process ? (int64_t)process->group : -ESRCH;
}

int64_t sys_getpgrp(struct user *user, const uint32_t *a) { return user->process->group; }

int64_t sys_getsid(struct user *user, const uint32_t *a)
{
    const struct process *process = named(user, a[0]);
    return process ? (int64_t)process->session : -ESRCH;
}

static bool is_group(const struct user *user, uint32_t group, uint32_t session)
{
    for (unsigned i = 0; i < user->process_count; i++)
        if (user->processes[i]->group == group && user->processes[i]->session == session) return true;
    return false;
}

int64_t sys_setpgid(struct user *user, const uint32_t *a)
{
    struct process *process = named(user, a[0]), *self = user->process;
    if ((int32_t)a[1] < 0 || (!process && task_thread(user, a[0]))) return -EINVAL;
    if (!process || (process != self && process->parent != self->id)) return -ESRCH;
    uint32_t group = a[1] ? a[1] : process->id;
    if (process->session != self->session || process->session == process->id) return -EPERM;
    if (process != self && process->execed) return -EACCES;
    if (group != process->id && !is_group(user, group, self->session)) return -EPERM;
    process->group = group;
    return 0;
}

int64_t sys_setsid(struct user *user, const uint32_t *a)
{
    struct process *process = user->process;
    for (unsigned i = 0; i < user->process_count; i++)
        if (user->processes[i]->group == process->id) return -EPERM;
    process->terminal = false;
    return process->group = process->session = process->id;
}

static int64_t set_ids(const uint32_t *a, unsigned count, uint32_t id)
{
    for (unsigned i = 0; i < count; i++)
        if (a[i] != id && a[i] != UINT32_MAX && a[i] != 0xffff) return -EPERM;
    return 0;
}

int64_t sys_set_uid(struct user *user, const uint32_t *a) { return a[0] == GUEST_UID ? 0 : -EPERM; }
int64_t sys_set_gid(struct user *user, const uint32_t *a) { return a[0] == GUEST_GID ? 0 : -EPERM; }
int64_t sys_setreuid(struct user *user, const uint32_t *a) { return set_ids(a, 2, GUEST_UID); }
int64_t sys_setregid(struct user *user, const uint32_t *a) { return set_ids(a, 2, GUEST_GID); }
int64_t sys_setresuid(struct user *user, const uint32_t *a) { return set_ids(a, 3, GUEST_UID); }
int64_t sys_setresgid(struct user *user, const uint32_t *a) { return set_ids(a, 3, GUEST_GID); }

static int64_t get_ids(struct user *user, const uint32_t *a, uint32_t id, size_t bytes)
{
    for (unsigned i = 0; i < 3; i++)
        if (!user_put(user, a[i], &id, bytes)) return -EFAULT;
    return 0;
}

int64_t sys_getresuid(struct user *user, const uint32_t *a) { return get_ids(user, a, GUEST_UID, 2); }
int64_t sys_getresgid(struct user *user, const uint32_t *a) { return get_ids(user, a, GUEST_GID, 2); }
int64_t sys_getresuid32(struct user *user, const uint32_t *a) { return get_ids(user, a, GUEST_UID, 4); }
int64_t sys_getresgid32(struct user *user, const uint32_t *a) { return get_ids(user, a, GUEST_GID, 4); }
int64_t sys_getgroups(struct user *user, const uint32_t *a) { return (int32_t)a[0] < 0 ? -EINVAL : 0; }

/* No capabilities. The layout depends on the version that the header names; an unknown one is told the newest. */
int64_t sys_capget(struct user *user, const uint32_t *a)
{
    enum { VERSION_1 = 0x19980330, VERSION_2 = 0x20071026, VERSION_3 = 0x20080522 };
    static const uint32_t none[6];
    uint32_t header[2], newest = VERSION_3;
    if (!user_get(user, a[0], header, sizeof header)) return -EFAULT;
    bool known = header[0] == VERSION_1 || header[0] == VERSION_2 || header[0] == VERSION_3;
    if (!known && !user_put(user, a[0], &newest, sizeof newest)) return -EFAULT;
    if (!known) return a[1] ? -EINVAL : 0;
    return a[1] && !user_put(user, a[1], none, header[0] == VERSION_1 ? 12 : 24) ? -EFAULT : 0;
}

/* ---- the system ---- */

enum { UTSNAME_FIELD = 65 };
struct utsname_bytes {
    char field[6][UTSNAME_FIELD];
};

static struct utsname_bytes make_utsname(void)
{
    static const char *const text[6] = {SYSTEM_NAME, SYSTEM_NODE, SYSTEM_RELEASE, SYSTEM_VERSION, "i686", "(none)"};
    struct utsname_bytes name = {{{0}}};
    for (unsigned i = 0; i < LENGTH(text); i++) memcpy(name.field[i], text[i], strlen(text[i]));
    return name;
}

int64_t sys_uname(struct user *user, const uint32_t *a)
{
    struct utsname_bytes name = make_utsname();
    return user_put(user, a[0], &name, sizeof name) ? 0 : -EFAULT;
}

int64_t sys_olduname(struct user *user, const uint32_t *a)
{
    struct utsname_bytes name = make_utsname();
    return user_put(user, a[0], &name, 5 * UTSNAME_FIELD) ? 0 : -EFAULT;
}

int64_t sys_sysinfo(struct user *user, const uint32_t *a)
{
    /* uptime, loads (3), total, free, shared, buffers, total and free swap; 16 bits of processes; high memory; unit */
    enum { MEMORY = 1 << 30 };
    uint32_t used = (uint32_t)(physical_frames_in_use(user->physical) * PAGE_BYTES);
    uint32_t info[16] = {(uint32_t)(time_now(user) / 1000000000),
                         0,
                         0,
                         0,
                         MEMORY,
                         used < MEMORY ? MEMORY - used : 0,
                         0,
                         0,
                         0,
                         0,
                         1,
                         0,
                         0,
                         1};
    return user_put(user, a[0], info, sizeof info) ? 0 : -EFAULT;
}

int64_t sys_personality(struct user *user, const uint32_t *a)
{
    enum { READ_IMPLIES_EXEC = 0x400000, NO_RANDOMIZE = 0x40000 };
    int64_t old = NO_RANDOMIZE | (user->process->space->read_implies_exec ? READ_IMPLIES_EXEC : 0);
    if (a[0] != UINT32_MAX) user->process->space->read_implies_exec = a[0] & READ_IMPLIES_EXEC;
    return old;
}

int64_t sys_getcpu(struct user *user, const uint32_t *a)
{
    uint32_t zero = 0;
    for (unsigned i = 0; i < 2; i++)
        if (a[i] && !user_put(user, a[i], &zero, sizeof zero)) return -EFAULT;
    return 0;
}

int64_t sys_sched_getaffinity(struct user *user, const uint32_t *a)
{
    uint32_t one = 1;
    if (a[0] && !task_thread(user, a[0])) return -ESRCH;
    if (a[1] < sizeof one || a[1] % 4) return -EINVAL;
    return user_put(user, a[2], &one, sizeof one) ? (int64_t)sizeof one : -EFAULT;
}

int64_t sys_sched_getparam(struct user *user, const uint32_t *a)
{
    uint32_t priority = 0;
    return user_put(user, a[1], &priority, sizeof priority) ? 0 : -EFAULT;
}

/* Nothing is scheduled in real time. */
int64_t sys_sched_interval(struct user *user, const uint32_t *a) { return time_put(user, a[1], TIME_32, 0); }
int64_t sys_sched_interval64(struct user *user, const uint32_t *a) { return time_put(user, a[1], TIME_64, 0); }

int64_t sys_priority_limit(struct user *user, const uint32_t *a)
{
    return a[0] <= 6 && a[0] != 4 ? (a[0] == 1 || a[0] == 2 ? 1 : 0) : -EINVAL;
}

int64_t sys_getrandom(struct user *user, const uint32_t *a)
{
    enum { FLAGS = 7 };
    if (a[2] & ~(uint32_t)FLAGS) return -EINVAL;
    uint32_t bytes = a[1] < INT32_MAX ? a[1] : INT32_MAX;
    size_t reachable = space_accessible(user, a[0], bytes, true);
    if (bytes && !reachable) return -EFAULT;
    uint8_t piece[256];
    for (size_t done = 0, count; done < reachable; done += count) {
        count = reachable - done < sizeof piece ? reachable - done : sizeof piece;
        for (size_t i = 0; i < count; i++) piece[i] = (uint8_t)(prng_next(&user->random) >> 56);
        user_put(user, a[0] + (uint32_t)done, piece, count);
    }
    return (int64_t)reachable;
}

/* ---- limits ---- */

static uint32_t narrow(uint64_t limit) { return limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit; }
static uint64_t broad(uint32_t limit) { return limit == UINT32_MAX ? UINT64_MAX : limit; }

static int64_t set_limit(struct user *user, uint32_t which, const uint64_t new[2])
{
    if (new[0] > new[1]) return -EINVAL;
    if (new[1] > user->process->limit[which][1]) return -EPERM;
    user->process->limit[which][0] = new[0];
    user->process->limit[which][1] = new[1];
    if (which == LIMIT_CPU) core_event_changed(user->core);
    return 0;
}

static int64_t get_limit(struct user *user, const uint32_t *a, uint32_t infinity)
{
    if (a[0] >= LIMIT_COUNT) return -EINVAL;
    uint32_t out[2];
    for (unsigned i = 0; i < 2; i++)
        out[i] = narrow(user->process->limit[a[0]][i]) > infinity ? infinity : narrow(user->process->limit[a[0]][i]);
    return user_put(user, a[1], out, sizeof out) ? 0 : -EFAULT;
}

int64_t sys_getrlimit(struct user *user, const uint32_t *a) { return get_limit(user, a, INT32_MAX); }
int64_t sys_ugetrlimit(struct user *user, const uint32_t *a) { return get_limit(user, a, UINT32_MAX); }

int64_t sys_setrlimit(struct user *user, const uint32_t *a)
{
    uint32_t in[2];
    if (a[0] >= LIMIT_COUNT) return -EINVAL;
    if (!user_get(user, a[1], in, sizeof in)) return -EFAULT;
    return set_limit(user, a[0], (uint64_t[2]){broad(in[0]), broad(in[1])});
}

int64_t sys_prlimit64(struct user *user, const uint32_t *a)
{
    uint64_t new[2], old[2];
    if (a[1] >= LIMIT_COUNT) return -EINVAL;
    if (named(user, a[0]) != user->process) return named(user, a[0]) ? -EPERM : -ESRCH;
    memcpy(old, user->process->limit[a[1]], sizeof old);
    if (a[2]) {
        if (!user_get(user, a[2], new, sizeof new)) return -EFAULT;
        int64_t status = set_limit(user, a[1], new);
        if (status < 0) return status;
    }
    return a[3] && !user_put(user, a[3], old, sizeof old) ? -EFAULT : 0;
}

int64_t sys_prctl(struct user *user, const uint32_t *a)
{
    enum {
        SET_DEATH_SIGNAL = 1,
        GET_DEATH_SIGNAL = 2,
        GET_DUMPABLE = 3,
        SET_DUMPABLE = 4,
        SET_NAME = 15,
        GET_NAME = 16,
        SET_TIMER_SLACK = 29,
        GET_TIMER_SLACK = 30,
        SET_NO_NEW_PRIVS = 38,
        GET_NO_NEW_PRIVS = 39
    };
    char name[sizeof user->thread->name];
    switch (a[0]) {
    case SET_NAME: {
        int length = user_get_string(user, a[1], name, sizeof name);
        if (length == -EFAULT) return -EFAULT;
        name[sizeof name - 1] = 0;
        memset(user->thread->name, 0, sizeof user->thread->name);
        memcpy(user->thread->name, name, length < 0 ? sizeof name : (size_t)length);
        return 0;
    }
    case GET_NAME: return user_put(user, a[1], user->thread->name, sizeof user->thread->name) ? 0 : -EFAULT;
    case SET_DEATH_SIGNAL:
        if (a[1] > GUEST_SIGNALS) return -EINVAL;
        user->process->death_signal = a[1];
        return 0;
    case GET_DEATH_SIGNAL:
        return user_put(user, a[1], &user->process->death_signal, sizeof user->process->death_signal) ? 0 : -EFAULT;
    case GET_DUMPABLE: return 1;
    case GET_TIMER_SLACK: return 50000;
    case SET_TIMER_SLACK:
    case SET_DUMPABLE:
    case SET_NO_NEW_PRIVS:
    case GET_NO_NEW_PRIVS: return 0;
    default: return -EINVAL;
    }
}
