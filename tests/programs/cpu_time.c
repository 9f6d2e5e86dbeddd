/* cpu_time.c -- clocks and timers of CPU time, and its limit: what comes when, in what order, never how much exactly.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "say.h"

#ifdef SYS_clock_nanosleep_time64
enum { SLEEP = SYS_clock_nanosleep_time64, GETTIME = SYS_clock_gettime64, GETRES = SYS_clock_getres_time64 };
#else
enum { SLEEP = SYS_clock_nanosleep, GETTIME = SYS_clock_gettime, GETRES = SYS_clock_getres };
#endif

static long long ns_of(clockid_t clock)
{
    struct timespec now = {-1, 0};
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}
static struct timespec milliseconds(long ms) { return (struct timespec){ms / 1000, ms % 1000 * 1000000}; }

/* The kernel's own numbers, which clock_getcpuclockid and pthread_getcpuclockid make. */
static clockid_t clock_of(int id, int kind) { return (clockid_t)((unsigned)~id << 3 | (unsigned)kind); }

static volatile unsigned long spins;
static void spin(long ms)
{
    long long until = ns_of(CLOCK_THREAD_CPUTIME_ID) + ms * 1000000LL;
    while (ns_of(CLOCK_THREAD_CPUTIME_ID) < until)
        for (int i = 0; i < 1000; i++) spins++;
}

/* ---- clocks ---- */

static void clocks(void)
{
    struct timespec time;
    pid_t child = fork_quietly();
    if (child == 0)
        for (;;) pause();
    usleep(20000);
    const struct {
        const char *name;
        clockid_t clock;
    } row[] = {
        {"own process", CLOCK_PROCESS_CPUTIME_ID},
        {"own thread", CLOCK_THREAD_CPUTIME_ID},
        {"process 0", clock_of(0, 2)},
        {"thread 0", clock_of(0, 6)},
        {"process, by id", clock_of(getpid(), 2)},
        {"thread, by id", clock_of(getpid(), 6)},
        {"process, in ticks", clock_of(0, 0)},
        {"thread, of user", clock_of(0, 5)},
        {"child", clock_of(child, 2)},
        {"child's thread", clock_of(child, 6)},
        {"a file's", clock_of(5, 3)},
        {"nobody's", clock_of(0x3fffff, 2)},
        {"coarse", CLOCK_MONOTONIC_COARSE},
        {"12", 12},
    };
    for (unsigned i = 0; i < sizeof row / sizeof row[0]; i++) {
        say(row[i].name, syscall(GETTIME, row[i].clock, &time));
        time.tv_nsec = -1;
        say("  resolution", syscall(GETRES, row[i].clock, &time));
        printf("  %ld\n", time.tv_nsec);
    }
    long long before = ns_of(CLOCK_PROCESS_CPUTIME_ID);
    usleep(50000);
    printf("sleep takes none: %d\n", ns_of(CLOCK_PROCESS_CPUTIME_ID) - before < 20000000);
    spin(20);
    printf("work does: %d\n", ns_of(CLOCK_PROCESS_CPUTIME_ID) - before >= 20000000);
    printf("the child does nothing: %d\n", ns_of(clock_of(child, 2)) < 20000000);
    kill(child, SIGKILL);
    join(child);
    say("a child that was", clock_gettime(clock_of(child, 2), &time));
}

/* ---- sleeping ---- */

static void handler(int number) { (void)number; }

static long sleep_on(clockid_t clock, int flags, long ms, struct timespec *left)
{
    struct timespec time = milliseconds(ms);
    return syscall(SLEEP, clock, flags, &time, left);
}

static void *sleeper(void *told)
{
    *(volatile long *)told = sleep_on(CLOCK_PROCESS_CPUTIME_ID, 0, 30, NULL);
    return NULL;
}

static void sleeping(void)
{
    struct timespec left = {9, 9};
    say("on its own thread's", sleep_on(CLOCK_THREAD_CPUTIME_ID, 0, 1, NULL));
    say("on its own thread's", sleep_on(clock_of(0, 6), 0, 1, NULL));
    say("on a raw one", sleep_on(CLOCK_MONOTONIC_RAW, 0, 1, NULL));
    say("on a coarse one", sleep_on(CLOCK_REALTIME_COARSE, 0, 1, NULL));
    say("on nobody's", sleep_on(clock_of(0x3fffff, 2), 0, 1, NULL));
    say("until it was", sleep_on(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, 0, NULL));
    pid_t child = fork_quietly();
    if (child == 0)
        for (;;) spins++;
    say("on the child's", sleep_on(clock_of(child, 2), 0, 30, NULL));
    long long at = ns_of(clock_of(child, 2));
    printf("it has worked: %d\n", at >= 30000000);
    say("on the child's, further", sleep_on(clock_of(child, 2), TIMER_ABSTIME, (long)(at / 1000000) + 20, NULL));
    printf("it has worked: %d\n", ns_of(clock_of(child, 2)) >= at + 19000000);
    kill(child, SIGSTOP);
    waitpid(child, NULL, WUNTRACED);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    const struct itimerval soon = {{0, 0}, {0, 30000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    say("interrupted", sleep_on(clock_of(child, 2), 0, 5000, &left));
    printf("left: %d\n", left.tv_sec == 4 || (left.tv_sec == 5 && !left.tv_nsec));
    kill(child, SIGKILL);
    join(child);
    pthread_t thread;
    volatile long told = 9;
    pthread_create(&thread, NULL, sleeper, (void *)&told);
    while (told == 9) spin(1);
    pthread_join(thread, NULL);
    say("in a thread, on the process's", told);
}

/* ---- timers ---- */

static char trail[64];
static volatile sig_atomic_t length;
static void on_timer(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    trail[length++] = info->si_code == SI_TIMER ? (char)info->si_value.sival_int : '?';
}

static bool make(const char *what, clockid_t clock, int how, char name, timer_t *timer)
{
    struct sigevent event = {.sigev_notify = how, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = name};
    int status = timer_create(clock, &event, timer);
    if (status < 0 || what) say(what, status);
    return status == 0;
}
static void set(timer_t timer, long first, long interval)
{
    const struct itimerspec when = {milliseconds(interval), milliseconds(first)};
    say("set", timer_settime(timer, 0, &when, NULL));
}

static void *worker(void *unused)
{
    while (!length) spin(1);
    return unused;
}

static void timers(void)
{
    struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct itimerspec left;
    timer_t process, thread, of_child, silent, none;
    sigaction(SIGRTMIN, &action, NULL);
    make("raw", CLOCK_MONOTONIC_RAW, SIGEV_SIGNAL, 'r', &none);
    make("coarse", CLOCK_REALTIME_COARSE, SIGEV_SIGNAL, 'r', &none);
    make("nobody's", clock_of(0x3fffff, 2), SIGEV_SIGNAL, 'r', &none);
    make("process", CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, 'p', &process);
    make("thread", CLOCK_THREAD_CPUTIME_ID, SIGEV_SIGNAL, 't', &thread);
    make("silent", CLOCK_PROCESS_CPUTIME_ID, SIGEV_NONE, 's', &silent);
    set(process, 50, 0), set(thread, 20, 0), set(silent, 10, 0);
    usleep(100000);
    printf("none while it slept: %d\n", length);
    while (length < 2) spin(1);
    printf("after a while: %.*s\n", (int)length, trail);
    timer_gettime(silent, &left);
    printf("the silent one: %ld %ld\n", (long)left.it_value.tv_sec, left.it_value.tv_nsec);
    set(process, 5000, 3000);
    timer_gettime(process, &left);
    printf("left: %d of interval %ld\n", left.it_value.tv_sec == 4 || left.it_value.tv_sec == 5,
           (long)left.it_interval.tv_sec);
    pthread_t other;
    length = 0;
    set(process, 30, 0), set(thread, 30, 0);
    pthread_create(&other, NULL, worker, NULL);
    pthread_join(other, NULL);
    printf("another thread's work: %.*s\n", (int)length, trail);
    timer_delete(process), timer_delete(thread), timer_delete(silent);
    pid_t child = fork_quietly();
    if (child == 0)
        for (;;) spins++;
    length = 0;
    make("of a child", clock_of(child, 2), SIGEV_SIGNAL, 'c', &of_child);
    set(of_child, 20, 20);
    while (length < 2) pause();
    printf("the child's work: %.2s\n", trail);
    const struct itimerspec off = {{0, 0}, {0, 0}};
    timer_settime(of_child, 0, &off, NULL);
    kill(child, SIGKILL);
    join(child);
    say("of who is gone", timer_settime(of_child, 0, &off, NULL));
    timer_delete(of_child);
}

static void on_interval(int number) { trail[length++] = number == SIGPROF ? 'p' : 'v'; }
static void intervals(void)
{
    const struct itimerval v = {{0, 20000}, {0, 30000}}, p = {{0, 0}, {0, 45000}}, none = {{0, 0}, {0, 0}};
    struct itimerval left;
    length = 0;
    signal(SIGVTALRM, on_interval), signal(SIGPROF, on_interval);
    setitimer(ITIMER_VIRTUAL, &v, NULL);
    setitimer(ITIMER_PROF, &p, NULL);
    while (length < 2) spins++;
    getitimer(ITIMER_VIRTUAL, &left);
    printf("interval %ld, first %c\n", (long)left.it_interval.tv_usec, trail[0]);
    setitimer(ITIMER_VIRTUAL, &none, &left);
    while (!memchr(trail, 'p', (size_t)length)) spins++;
    printf("left within it: %d\n", left.it_value.tv_usec <= 24000);
    getitimer(ITIMER_PROF, &left);
    printf("over: %ld\n", (long)left.it_value.tv_usec);
}

/* ---- the limit ---- */

static volatile sig_atomic_t told;
static void on_limit(int number)
{
    (void)number;
    told++;
}

static void limits(void)
{
    struct rlimit limit = {1, 3}, now;
    pid_t child = fork_quietly();
    if (child == 0) {
        signal(SIGXCPU, on_limit);
        say("limited", setrlimit(RLIMIT_CPU, &limit));
        while (told < 2) spins++;
        getrlimit(RLIMIT_CPU, &now);
        printf("told %d times, limit now %d %d\n", told, (int)now.rlim_cur, (int)now.rlim_max);
        fflush(stdout);
        for (;;) spins++;
    }
    join(child);
    child = fork_quietly();
    if (child == 0) {
        limit = (struct rlimit){0, 5};
        signal(SIGXCPU, SIG_DFL);
        setrlimit(RLIMIT_CPU, &limit);
        for (;;) spins++;
    }
    join(child);
}

int main(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    clocks();
    sleeping();
    timers();
    intervals();
    limits();
    return 0;
}
