/* timers.c -- what happens at a moment: alarms and interval timers, POSIX timers, and the ends of threads' waits. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#include "hwsim/platform/user/snapshot.h"

#define SECOND UINT64_C(1000000000)
enum { SIGNAL_TIMER = -2 }; /* SI_TIMER */

static const struct {
    int signal;
    bool cpu;
} interval_timer[TIMER_COUNT] = {{SIGALRM, false}, {SIGVTALRM, true}, {SIGPROF, true}};

/* A timer that a program made: it sends a signal, at most one at a time; times missed meanwhile are counted. */
struct posix_timer {
    struct timer timer;
    uint32_t clock;
    struct cpu_clock cpu;    /* or that of time_now */
    struct signal_info info; /* number 0: nobody is told */
    uint32_t thread;         /* that is told, or 0: any */
    uint32_t missed;
};

/* Of the clock that an interval timer runs by. */
static uint64_t clock_of(const struct user *user, const struct process *process, bool cpu)
{
    return cpu ? time_process(user, process) : time_now(user);
}

/* Of the clock that it runs by. */
static uint64_t posix_now(const struct user *user, const struct posix_timer *timer)
{
    return time_is_cpu(timer->cpu) ? time_cpu(user, timer->cpu) : time_now(user);
}

/* Of CPU time, when a limit of so many seconds is reached. */
static uint64_t limit_ns(uint64_t seconds) { return seconds < UINT64_MAX / 2 / SECOND ? seconds * SECOND : UINT64_MAX; }

/* ---- what comes next ---- */

static uint64_t sooner(uint64_t next, const struct timer *timer)
{
    return timer->expiry && timer->expiry < next ? timer->expiry : next;
}

/* The earliest expiry among a process's timers that follow time. UINT64_MAX: none. */
static uint64_t next_expiry(const struct process *process)
{
    uint64_t next = sooner(UINT64_MAX, &process->timer[TIMER_REAL]);
    for (unsigned i = 0; i < POSIX_TIMERS; i++)
        if (process->posix[i] && !time_is_cpu(process->posix[i]->cpu)) next = sooner(next, &process->posix[i]->timer);
    return next;
}

/* Is there something to do when what a thread waits for has come? Not where it cannot run, nor where that has been seen
 * and the running thread's turn goes on. */
static bool awaits(const struct user *user, const struct thread *thread, uint64_t now)
{
    return thread->wait.waiting && (thread->wait.until > now || (!user->contested && !thread->process->stopped));
}

/* The earliest moment for which a timer or a thread waits; UINT64_MAX: none does. */
static uint64_t next_moment(const struct user *user)
{
    uint64_t next = timer_files_next(user), now = time_now(user);
    for (unsigned i = 0; i < user->process_count; i++) {
        uint64_t expiry = next_expiry(user->processes[i]);
        next = expiry < next ? expiry : next;
    }
    for (unsigned i = 0; i < user->thread_count; i++) {
        const struct thread *thread = user->threads[i];
        if (awaits(user, thread, now) && thread->wait.until < next) next = thread->wait.until;
    }
    return next;
}

/* When a clock of CPU time that stood at `run` instructions when the running thread was switched to reaches `expiry`,
 * if that goes on running. */
static uint64_t insns_at_cpu(const struct user *user, uint64_t run, uint64_t expiry)
{
    if (expiry == UINT64_MAX) return expiry;
    uint64_t insns = time_insns(user, expiry);
    return insns > run ? insns - run + user->since : 0;
}

/* The earliest readings that are waited for of the running process's clock, and of the thread's. */
struct readings {
    uint64_t process, thread;
};
static void await(const struct user *user, struct cpu_clock clock, uint64_t expiry, struct readings *next)
{
    if (clock.process == user->process->id && expiry < next->process) next->process = expiry;
    if (clock.thread == user->thread->id && expiry < next->thread) next->thread = expiry;
}

static struct readings next_readings(const struct user *user)
{
    const struct process *self = user->process;
    uint64_t own = sooner(sooner(UINT64_MAX, &self->timer[TIMER_VIRTUAL]), &self->timer[TIMER_PROF]);
    struct readings next = {own, UINT64_MAX};
    for (unsigned i = 0; i < 2; i++) {
        uint64_t limit = limit_ns(self->limit[LIMIT_CPU][i]);
        next.process = limit < next.process ? limit : next.process;
    }
    for (unsigned i = 0; i < user->process_count; i++) {
        struct posix_timer *const *timers = user->processes[i]->posix;
        for (unsigned k = 0; k < POSIX_TIMERS; k++)
            if (timers[k] && timers[k]->timer.expiry) await(user, timers[k]->cpu, timers[k]->timer.expiry, &next);
    }
    for (unsigned i = 0; i < user->thread_count; i++) {
        const struct wait *wait = &user->threads[i]->wait;
        if (wait->waiting && !wait->look) await(user, wait->cpu, wait->cpu_until, &next);
    }
    return next;
}

uint64_t time_next_event(const struct user *user)
{
    struct readings next = next_readings(user);
    uint64_t at = time_insns_at(user, next_moment(user));
    uint64_t process = insns_at_cpu(user, user->process->insns, next.process);
    uint64_t thread = insns_at_cpu(user, user->thread->insns, next.thread);
    at = process < at ? process : at;
    return thread < at ? thread : at;
}

/* ---- when it comes ---- */

/* How often the timer has expired by `now`; sets it to the next time. */
static uint64_t expire(struct timer *timer, uint64_t now)
{
    if (!timer->expiry || timer->expiry > now) return 0;
    uint64_t times = timer->interval ? (now - timer->expiry) / timer->interval + 1 : 1;
    timer->expiry = timer->interval ? timer->expiry + times * timer->interval : 0;
    return times;
}

static void fire_posix(struct user *user, struct process *process, struct posix_timer *timer)
{
    uint64_t times = expire(&timer->timer, posix_now(user, timer));
    if (!times || !timer->info.number) return;
    struct thread *thread = timer->thread ? task_thread(user, timer->thread) : NULL;
    if (timer->thread && !thread) return;
    struct signal_info *waiting = signal_find(thread ? &thread->pending : &process->pending, &timer->info);
    timer->missed = (waiting ? timer->missed + 1 : 0) + (uint32_t)times - 1;
    timer->info.field[1] = timer->missed;
    if (waiting)
        *waiting = timer->info;
    else if (thread)
        signal_send_thread(user, thread, timer->info);
    else
        signal_send_process(user, process, timer->info);
}

/* From RLIMIT_CPU's soft limit on a process is told every second, at the hard one it is killed. */
static void enforce_limit(struct user *user, struct process *process)
{
    uint64_t now = time_process(user, process), *limit = process->limit[LIMIT_CPU];
    int number = now >= limit_ns(limit[1]) ? SIGKILL : now >= limit_ns(limit[0]) ? SIGXCPU : 0;
    if (!number || process->ended) return;
    if (number == SIGXCPU) limit[0]++;
    signal_send_process(user, process, (struct signal_info){.number = number, .code = SIGNAL_KERNEL});
}

static void fire(struct user *user, struct process *process)
{
    enforce_limit(user, process);
    for (unsigned i = 0; i < TIMER_COUNT; i++) {
        if (!expire(&process->timer[i], clock_of(user, process, interval_timer[i].cpu))) continue;
        signal_send_process(user, process,
                            (struct signal_info){.number = interval_timer[i].signal, .code = SIGNAL_KERNEL});
    }
    for (unsigned i = 0; i < POSIX_TIMERS; i++)
        if (process->posix[i]) fire_posix(user, process, process->posix[i]);
}

void time_fire(struct user *user)
{
    timer_files_fire(user);
    for (unsigned i = 0; i < user->process_count; i++) fire(user, user->processes[i]);
    for (unsigned i = 0; i < user->thread_count; i++) {
        const struct wait *wait = &user->threads[i]->wait;
        if (wait->waiting && time_is_cpu(wait->cpu) && time_cpu(user, wait->cpu) >= wait->cpu_until)
            schedule_wake(user->threads[i]);
    }
}

bool time_skip(struct user *user)
{
    uint64_t now = time_now(user), next = next_moment(user);
    if (next == UINT64_MAX) return false;
    if (next > now) {
        user->slept += next - now;
        user->stats.slept += next - now;
    }
    time_fire(user);
    return true;
}

/* ---- interval timers ---- */

/* Sets a timer `ns` from now (0: off); what was left, 0 if it was off. */
static uint64_t timer_set(struct user *user, unsigned timer, uint64_t ns, uint64_t interval)
{
    uint64_t now = clock_of(user, user->process, interval_timer[timer].cpu), old = user->process->timer[timer].expiry;
    user->process->timer[timer] = (struct timer){ns ? now + ns : 0, interval};
    core_event_changed(user->core);
    return old > now ? old - now : old ? 1 : 0;
}

int64_t sys_alarm(struct user *user, const uint32_t *a)
{
    uint64_t left = timer_set(user, TIMER_REAL, a[0] * SECOND, 0);
    /* Rounded as Linux does: never 0 for an alarm that was set. */
    uint64_t seconds = left / SECOND, part = left % SECOND;
    return (int64_t)(seconds + ((seconds == 0 && part) || part >= SECOND / 2));
}

int64_t sys_getitimer(struct user *user, const uint32_t *a)
{
    int32_t out[4];
    if (a[0] >= TIMER_COUNT) return -EINVAL;
    uint64_t now = clock_of(user, user->process, interval_timer[a[0]].cpu), expiry = user->process->timer[a[0]].expiry;
    time_to_timeval(user->process->timer[a[0]].interval, out);
    time_to_timeval(!expiry ? 0 : expiry > now + 1000 ? expiry - now : 1000, out + 2);
    return user_put(user, a[1], out, sizeof out) ? 0 : -EFAULT;
}

int64_t sys_setitimer(struct user *user, const uint32_t *a)
{
    int32_t in[4] = {0}, out[4];
    uint64_t value, interval;
    if (a[0] >= TIMER_COUNT) return -EINVAL;
    if (a[1] && !user_get(user, a[1], in, sizeof in)) return -EFAULT;
    if (time_to_ns(in[0], in[1], 1000, &interval) < 0 || time_to_ns(in[2], in[3], 1000, &value) < 0) return -EINVAL;
    if (a[2] && space_accessible(user, a[2], sizeof out, true) != sizeof out) return -EFAULT;
    time_to_timeval(user->process->timer[a[0]].interval, out);
    time_to_timeval(timer_set(user, a[0], value, interval), out + 2);
    return a[2] && !user_put(user, a[2], out, sizeof out) ? -EFAULT : 0;
}

/* ---- POSIX timers ---- */

static struct posix_timer *posix_at(const struct user *user, uint32_t id)
{
    return id < POSIX_TIMERS ? user->process->posix[id] : NULL;
}

/* What a timer is to do, as a struct sigevent says (value, signal, how, thread). 0 or -errno. */
static int get_event(struct user *user, uint32_t address, uint32_t id, struct posix_timer *timer)
{
    enum { NOBODY = 1, TO_THREAD = 4 };
    uint32_t event[4] = {id, SIGALRM, 0, 0};
    if (address && !user_get(user, address, event, sizeof event)) return -EFAULT;
    if (event[2] & ~(uint32_t)(NOBODY | TO_THREAD)) return -EINVAL;
    if (event[2] == NOBODY) return 0;
    if (event[1] < 1 || event[1] > GUEST_SIGNALS) return -EINVAL;
    if (event[2] & TO_THREAD) {
        const struct thread *thread = task_thread(user, event[3]);
        if (!thread || thread->process != user->process) return -EINVAL;
        timer->thread = event[3];
    }
    timer->info = (struct signal_info){.number = (int)event[1], .code = SIGNAL_TIMER, .field = {id, 0, event[0]}};
    return 0;
}

int64_t sys_timer_create(struct user *user, const uint32_t *a)
{
    uint32_t id = 0;
    struct cpu_clock cpu;
    int status = time_check_clock(user, a[0], &cpu);
    while (id < POSIX_TIMERS && user->process->posix[id]) id++;
    if (status == 0 && id == POSIX_TIMERS) status = -EAGAIN;
    if (status < 0) return status;
    struct posix_timer *timer = calloc(1, sizeof *timer);
    if (!timer) return -EAGAIN;
    timer->cpu = cpu;
    timer->clock = a[0];
    status = get_event(user, a[1], id, timer);
    if (status == 0 && !user_put(user, a[2], &id, sizeof id)) status = -EFAULT;
    if (status < 0)
        free(timer);
    else
        user->process->posix[id] = timer;
    return status;
}

/* What is left of a timer, and its interval, into a struct itimerspec. 0 or -EFAULT. */
static int put_left(struct user *user, const struct posix_timer *timer, uint32_t address, enum time_form form)
{
    uint64_t now = posix_now(user, timer), expiry = timer->timer.expiry;
    uint64_t left = !expiry ? 0 : expiry > now ? expiry - now : 1;
    uint32_t bytes = form == TIME_64 ? 16 : 8;
    int status = time_put(user, address, form, timer->timer.interval);
    return status == 0 ? time_put(user, address + bytes, form, left) : status;
}

static int64_t posix_get(struct user *user, const uint32_t *a, enum time_form form)
{
    const struct posix_timer *timer = posix_at(user, a[0]);
    return timer ? put_left(user, timer, a[1], form) : -EINVAL;
}

static int64_t posix_set(struct user *user, const uint32_t *a, enum time_form form)
{
    struct posix_timer *timer = posix_at(user, a[0]);
    uint64_t interval, value, clock;
    uint32_t bytes = form == TIME_64 ? 16 : 8;
    if (!timer) return -EINVAL;
    int status = time_get(user, a[2], form, &interval);
    if (status == 0) status = time_get(user, a[2] + bytes, form, &value);
    if (status == 0 && a[3]) status = put_left(user, timer, a[3], form);
    if (status == 0 && time_clock(user, timer->clock, &clock) < 0) status = -ESRCH; /* whose clock it is has ended */
    if (status < 0) return status;
    uint64_t now = posix_now(user, timer);
    uint64_t wait = a[1] & TIMER_ABSTIME ? (value > clock ? value - clock : 0) : value;
    timer->timer = (struct timer){value ? now + wait : 0, interval};
    timer->missed = 0;
    time_fire(user);
    core_event_changed(user->core);
    return 0;
}

int64_t sys_timer_gettime(struct user *user, const uint32_t *a) { return posix_get(user, a, TIME_32); }
int64_t sys_timer_gettime64(struct user *user, const uint32_t *a) { return posix_get(user, a, TIME_64); }
int64_t sys_timer_settime(struct user *user, const uint32_t *a) { return posix_set(user, a, TIME_32); }
int64_t sys_timer_settime64(struct user *user, const uint32_t *a) { return posix_set(user, a, TIME_64); }

int64_t sys_timer_getoverrun(struct user *user, const uint32_t *a)
{
    const struct posix_timer *timer = posix_at(user, a[0]);
    return timer ? (int64_t)timer->missed : -EINVAL;
}

int64_t sys_timer_delete(struct user *user, const uint32_t *a)
{
    struct posix_timer *timer = posix_at(user, a[0]);
    if (!timer) return -EINVAL;
    free(timer);
    user->process->posix[a[0]] = NULL;
    return 0;
}

void timers_delete(struct process *process)
{
    for (unsigned i = 0; i < POSIX_TIMERS; i++) {
        free(process->posix[i]);
        process->posix[i] = NULL;
    }
}

void timers_snapshot(struct user_snapshot *u, struct process *process)
{
    for (unsigned i = 0; i < POSIX_TIMERS; i++) {
        if (!snapshot_bool(u->to, process->posix[i])) continue;
        if (u->to->loading) process->posix[i] = calloc(1, sizeof *process->posix[i]);
        if (!process->posix[i]) hw_panic(u->user->core, "no host memory for a timer of the guest's");
        SNAPSHOT(u->to, *process->posix[i]);
    }
}
