/* time.c -- guest time, its clocks, and sleeping: what the retired instructions took at guest.frequency, plus what was
 * slept. Nothing here looks at a clock of the host, and a wait takes no time of it. */
#define _GNU_SOURCE
#include <time.h>

#include "hwsim/platform/user/internal.h"

#define SECOND UINT64_C(1000000000)
/* Longer than any run; keeps sums of times below 2^63. */
#define TIME_MAX (UINT64_C(1) << 61)

static uint64_t insns_to_ns(const struct user *user, uint64_t insns)
{
    return (uint64_t)((unsigned __int128)insns * SECOND / (uint64_t)user->params.frequency);
}

uint64_t time_insns(const struct user *user, uint64_t ns)
{
    return (uint64_t)(((unsigned __int128)ns * (uint64_t)user->params.frequency + SECOND - 1) / SECOND);
}

/* What the running thread has run since it was switched to is not in its counts yet. */
uint64_t time_process(const struct user *user, const struct process *process)
{
    uint64_t more = process == user->process ? hw_insns(user->core) - user->since : 0;
    return insns_to_ns(user, process->insns + more);
}

static uint64_t thread_time(const struct user *user, const struct thread *thread)
{
    uint64_t more = thread == user->thread ? hw_insns(user->core) - user->since : 0;
    return insns_to_ns(user, thread->insns + more);
}

uint64_t time_now(const struct user *user) { return insns_to_ns(user, hw_insns(user->core)) + user->slept; }
uint64_t time_insns_at(const struct user *user, uint64_t until)
{
    return until == UINT64_MAX ? until : until > user->slept ? time_insns(user, until - user->slept) : 0;
}

uint64_t time_wall(const struct user *user) { return (uint64_t)user->params.epoch * SECOND + time_now(user); }

/* ---- the guest's structures ---- */

int time_to_ns(int64_t seconds, int64_t part, int64_t unit, uint64_t *ns)
{
    if (seconds < 0 || part < 0 || part * unit >= (int64_t)SECOND) return -EINVAL;
    *ns = (uint64_t)seconds > TIME_MAX / SECOND ? TIME_MAX : (uint64_t)seconds * SECOND + (uint64_t)(part * unit);
    return 0;
}

int time_get(struct user *user, uint32_t address, enum time_form form, uint64_t *ns)
{
    if (form == TIME_64) {
        int64_t wide[2];
        if (!user_get(user, address, wide, sizeof wide)) return -EFAULT;
        return time_to_ns(wide[0], (int32_t)wide[1], 1,
                          ns); /* the upper half of tv_nsec is padding for a 32-bit process */
    }
    int32_t narrow[2];
    if (!user_get(user, address, narrow, sizeof narrow)) return -EFAULT;
    return time_to_ns(narrow[0], narrow[1], 1, ns);
}

int time_put(struct user *user, uint32_t address, enum time_form form, uint64_t ns)
{
    int64_t wide[2] = {(int64_t)(ns / SECOND), (int64_t)(ns % SECOND)};
    int32_t narrow[2] = {(int32_t)wide[0], (int32_t)wide[1]};
    if (form == TIME_64) return user_put(user, address, wide, sizeof wide) ? 0 : -EFAULT;
    return user_put(user, address, narrow, sizeof narrow) ? 0 : -EFAULT;
}

void time_to_timeval(uint64_t ns, int32_t out[2])
{
    out[0] = (int32_t)(ns / SECOND);
    out[1] = (int32_t)(ns % SECOND / 1000);
}

/* ---- clocks ---- */

int64_t sys_time(struct user *user, const uint32_t *a)
{
    int32_t now = (int32_t)(time_wall(user) / SECOND);
    return a[0] && !user_put(user, a[0], &now, sizeof now) ? -EFAULT : now;
}

int64_t sys_gettimeofday(struct user *user, const uint32_t *a)
{
    int32_t now[2], zone[2] = {0, 0};
    time_to_timeval(time_wall(user), now);
    if ((a[0] && !user_put(user, a[0], now, sizeof now)) || (a[1] && !user_put(user, a[1], zone, sizeof zone)))
        return -EFAULT;
    return 0;
}

/* A clock's reading: 0 or -EINVAL. */
int time_clock(const struct user *user, uint32_t clock, uint64_t *ns)
{
    switch ((int32_t)clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI: *ns = time_wall(user); return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME: *ns = time_now(user); return 0;
    case CLOCK_PROCESS_CPUTIME_ID: *ns = time_process(user, user->process); return 0;
    case CLOCK_THREAD_CPUTIME_ID: *ns = thread_time(user, user->thread); return 0;
    default: break;
    }
    /* A negative clock is the CPU clock of a process or thread (~id << 3 | 2, + 4 for a thread); 0 is the caller. */
    uint32_t id = (uint32_t) ~((int32_t)clock >> 3);
    if ((int32_t)clock >= 0 || (clock & 3) > 2) return -EINVAL;
    const struct thread *thread = id ? task_thread(user, id) : user->thread;
    const struct process *process = id ? task_process(user, id) : user->process;
    if (clock & 4 ? !thread : !process) return -EINVAL;
    *ns = clock & 4 ? thread_time(user, thread) : time_process(user, process);
    return 0;
}

static int64_t clock_get(struct user *user, const uint32_t *a, enum time_form form)
{
    uint64_t ns;
    int status = time_clock(user, a[0], &ns);
    return status < 0 ? status : time_put(user, a[1], form, ns);
}

static int64_t clock_resolution(struct user *user, const uint32_t *a, enum time_form form)
{
    uint64_t ns;
    int status = time_clock(user, a[0], &ns);
    return status < 0 || !a[1] ? status : time_put(user, a[1], form, 1);
}

int64_t sys_clock_gettime(struct user *user, const uint32_t *a) { return clock_get(user, a, TIME_32); }
int64_t sys_clock_gettime64(struct user *user, const uint32_t *a) { return clock_get(user, a, TIME_64); }
int64_t sys_clock_getres(struct user *user, const uint32_t *a) { return clock_resolution(user, a, TIME_32); }
int64_t sys_clock_getres_time64(struct user *user, const uint32_t *a) { return clock_resolution(user, a, TIME_64); }

int64_t sys_times(struct user *user, const uint32_t *a)
{
    int32_t own = (int32_t)(time_process(user, user->process) / (SECOND / 100));
    int32_t children = (int32_t)(insns_to_ns(user, user->process->children_insns) / (SECOND / 100));
    int32_t buffer[4] = {own, 0, children, 0};
    if (a[0] && !user_put(user, a[0], buffer, sizeof buffer)) return -EFAULT;
    return (int64_t)(time_now(user) / (SECOND / 100) & INT32_MAX);
}

void time_usage(const struct user *user, uint64_t insns, int32_t usage[18])
{
    memset(usage, 0, 18 * sizeof usage[0]);
    time_to_timeval(insns_to_ns(user, insns), usage);
}

int64_t sys_getrusage(struct user *user, const uint32_t *a)
{
    enum { RUSAGE_CALLER = 0, RUSAGE_OF_CHILDREN = -1, RUSAGE_OF_THREAD = 1 };
    int32_t usage[18];
    uint64_t more = hw_insns(user->core) - user->since;
    switch ((int32_t)a[0]) {
    case RUSAGE_CALLER: time_usage(user, user->process->insns + more, usage); break;
    case RUSAGE_OF_CHILDREN: time_usage(user, user->process->children_insns, usage); break;
    case RUSAGE_OF_THREAD: time_usage(user, user->thread->insns + more, usage); break;
    default: return -EINVAL;
    }
    return user_put(user, a[1], usage, sizeof usage) ? 0 : -EFAULT;
}

/* ---- sleeping ---- */

static int64_t sleep_until(struct user *user, uint64_t until, uint32_t remainder, enum time_form form)
{
    until = schedule_deadline(user, until);
    uint64_t now = time_now(user);
    if (until <= now) return 0;
    int64_t status = schedule_sleep(user, until, RESTART_NO_HANDLER);
    if (status != BLOCKED && remainder && time_put(user, remainder, form, until - now) < 0) return -EFAULT;
    return status;
}

int64_t sys_nanosleep(struct user *user, const uint32_t *a)
{
    uint64_t ns;
    int status = time_get(user, a[0], TIME_32, &ns);
    return status < 0 ? status : sleep_until(user, time_now(user) + ns, a[1], TIME_32);
}

static int64_t clock_sleep(struct user *user, const uint32_t *a, enum time_form form)
{
    uint64_t ns, clock;
    int status = time_clock(user, a[0], &clock);
    if (status == 0) status = time_get(user, a[2], form, &ns);
    if (status < 0) return status;
    uint64_t now = time_now(user);
    if (a[1] & TIMER_ABSTIME) return sleep_until(user, ns > clock ? now + (ns - clock) : now, 0, form);
    return sleep_until(user, now + ns, a[3], form);
}

int64_t sys_clock_nanosleep(struct user *user, const uint32_t *a) { return clock_sleep(user, a, TIME_32); }
int64_t sys_clock_nanosleep_time64(struct user *user, const uint32_t *a) { return clock_sleep(user, a, TIME_64); }
