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

uint64_t time_cpu(const struct user *user, struct cpu_clock clock)
{
    const struct thread *thread = clock.thread ? task_thread(user, clock.thread) : NULL;
    const struct process *process = clock.process ? task_process(user, clock.process) : NULL;
    return thread ? thread_time(user, thread) : process ? time_process(user, process) : 0;
}

/* A negative clock is the CPU clock of a process, or of a thread of the caller's: ~id << 3, with 4 for a thread; id 0
 * is the caller. The lowest two bits say what is counted, which is all the same here, but for 3, which is no such
 * clock. */
int time_cpu_clock(const struct user *user, uint32_t clock, struct cpu_clock *cpu)
{
    uint32_t id = (uint32_t) ~((int32_t)clock >> 3);
    bool of_thread = clock & 4;
    *cpu = (struct cpu_clock){0};
    if (clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID) {
        id = 0;
        of_thread = clock == CLOCK_THREAD_CPUTIME_ID;
    } else if ((int32_t)clock >= 0) {
        return clock <= CLOCK_TAI && clock != 10 ? 0 : -EINVAL; /* 10 was CLOCK_SGI_CYCLE */
    } else if ((clock & 3) == 3) {
        return -EINVAL;
    }
    if (!id) id = of_thread ? user->thread->id : user->process->id;
    const struct thread *thread = task_thread(user, id);
    if (of_thread ? !thread || thread->process != user->process : !task_process(user, id)) return -EINVAL;
    *cpu = of_thread ? (struct cpu_clock){.thread = id} : (struct cpu_clock){.process = id};
    return 0;
}

int time_check_clock(const struct user *user, uint32_t clock, struct cpu_clock *cpu)
{
    switch (clock) {
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE: return -EOPNOTSUPP;
    default: return time_cpu_clock(user, clock, cpu);
    }
}

int time_clock(const struct user *user, uint32_t clock, uint64_t *ns)
{
    struct cpu_clock cpu;
    int status = time_cpu_clock(user, clock, &cpu);
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI: *ns = time_wall(user); break;
    default: *ns = time_is_cpu(cpu) ? time_cpu(user, cpu) : time_now(user); break;
    }
    return status;
}

static int64_t clock_get(struct user *user, const uint32_t *a, enum time_form form)
{
    uint64_t ns;
    int status = time_clock(user, a[0], &ns);
    return status < 0 ? status : time_put(user, a[1], form, ns);
}

static int64_t clock_resolution(struct user *user, const uint32_t *a, enum time_form form)
{
    enum { TICK_NS = 4000000 /* of a kernel with 250 ticks a second */, COUNTED_EXACTLY = 2 };
    uint64_t ns;
    int status = time_clock(user, a[0], &ns);
    bool coarse = a[0] == CLOCK_REALTIME_COARSE || a[0] == CLOCK_MONOTONIC_COARSE ||
                  ((int32_t)a[0] < 0 && (a[0] & 3) != COUNTED_EXACTLY);
    return status < 0 || !a[1] ? status : time_put(user, a[1], form, coarse ? TICK_NS : 1);
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

/* Until a clock of CPU time has that reading. */
static int64_t sleep_cpu(struct user *user, struct cpu_clock cpu, uint64_t until, uint32_t remainder,
                         enum time_form form)
{
    struct wait *wait = &user->thread->wait;
    if (wait->waiting || wait->resumed) until = wait->cpu_until;
    uint64_t now = time_cpu(user, cpu);
    if (until <= now) return 0;
    int64_t status = schedule_sleep(user, UINT64_MAX, RESTART_NO_HANDLER);
    wait->cpu_until = until;
    if (status == BLOCKED)
        wait->cpu = cpu;
    else if (remainder && time_put(user, remainder, form, until - now) < 0)
        return -EFAULT;
    return status;
}

static int64_t clock_sleep(struct user *user, const uint32_t *a, enum time_form form)
{
    uint64_t ns, clock;
    struct cpu_clock cpu;
    bool absolute = a[1] & TIMER_ABSTIME;
    int status = time_check_clock(user, a[0], &cpu);
    if (a[0] == CLOCK_THREAD_CPUTIME_ID) status = -EOPNOTSUPP;
    if (status == 0) status = time_get(user, a[2], form, &ns);
    if (status == 0) status = time_clock(user, a[0], &clock);
    if (status < 0) return status;
    if (cpu.thread == user->thread->id) return -EINVAL; /* it would never come */
    if (time_is_cpu(cpu)) return sleep_cpu(user, cpu, absolute ? ns : clock + ns, absolute ? 0 : a[3], form);
    uint64_t now = time_now(user);
    if (absolute) return sleep_until(user, ns > clock ? now + (ns - clock) : now, 0, form);
    return sleep_until(user, now + ns, a[3], form);
}

int64_t sys_clock_nanosleep(struct user *user, const uint32_t *a) { return clock_sleep(user, a, TIME_32); }
int64_t sys_clock_nanosleep_time64(struct user *user, const uint32_t *a) { return clock_sleep(user, a, TIME_64); }
