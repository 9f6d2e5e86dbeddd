/* timers.c -- alarms, interval timers and POSIX timers, sleeping, and the clocks: what comes when, in what order. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char trail[256];
static volatile sig_atomic_t length, overruns;

static void on_timer(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    if (info->si_code == SI_TIMER) {
        trail[length++] = (char)info->si_value.sival_int;
        overruns += info->si_overrun;
    } else {
        trail[length++] = number == SIGALRM ? 'a' : number == SIGVTALRM ? 'v' : 'p';
    }
}

static void install(int number)
{
    struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO};
    sigaction(number, &action, NULL);
}

static void show(const char *what)
{
    trail[length] = 0;
    printf("%s: %s\n", what, trail);
    length = 0;
}

static struct timespec milliseconds(long ms) { return (struct timespec){ms / 1000, ms % 1000 * 1000000}; }

static timer_t make(clockid_t clock, int signal, char name)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal, .sigev_value.sival_int = name};
    timer_t timer;
    if (timer_create(clock, &event, &timer) < 0) perror("timer_create");
    return timer;
}

static void set(timer_t timer, long first, long interval)
{
    const struct itimerspec when = {milliseconds(interval), milliseconds(first)};
    if (timer_settime(timer, 0, &when, NULL) < 0) perror("timer_settime");
}

/* Sleeps to the end, whatever interrupts. */
static void sleep_for(long ms)
{
    struct timespec left = milliseconds(ms);
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

static void ordering(void)
{
    timer_t x = make(CLOCK_MONOTONIC, SIGRTMIN, 'x'), y = make(CLOCK_REALTIME, SIGRTMIN + 1, 'y');
    const struct itimerval alarm_at = {{0, 0}, {0, 250000}};
    install(SIGRTMIN), install(SIGRTMIN + 1), install(SIGALRM);
    set(x, 100, 200);
    set(y, 200, 0);
    setitimer(ITIMER_REAL, &alarm_at, NULL);
    sleep_for(800);
    set(x, 0, 0);
    show("order");
    struct itimerspec left;
    timer_gettime(y, &left);
    printf("over: %ld %ld", (long)left.it_value.tv_sec, left.it_value.tv_nsec);
    set(y, 5000, 3000);
    timer_gettime(y, &left);
    printf(", left %d of interval %ld", left.it_value.tv_sec == 4 || left.it_value.tv_sec == 5,
           (long)left.it_interval.tv_sec);
    printf(", deleted %d %d\n", timer_delete(x), timer_delete(y));
}

static void overrunning(void)
{
    sigset_t set_of, old;
    timer_t timer = make(CLOCK_MONOTONIC, SIGRTMIN, 'o');
    sigemptyset(&set_of), sigaddset(&set_of, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set_of, &old);
    set(timer, 50, 50);
    sleep_for(475);
    sigprocmask(SIG_SETMASK, &old, NULL);
    set(timer, 0, 0);
    length = 1;
    show("once");
    printf("overruns: %s\n", overruns >= 8 ? "enough" : "too few");
    timer_delete(timer);
}

static void absolute(void)
{
    struct timespec now, until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1;
    int status = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long late = (now.tv_sec - until.tv_sec) * 1000000000LL + now.tv_nsec - until.tv_nsec;
    printf("absolute sleep %d, %s\n", status, late >= 0 && late < 500000000 ? "in time" : "not in time");
    install(SIGALRM);
    alarm(1);
    printf("left of the alarm: %u", alarm(2));
    pause();
    clock_gettime(CLOCK_MONOTONIC, &until);
    printf(", it came after %lld s\n",
           (long long)(until.tv_sec * 10 + until.tv_nsec / 100000000 - now.tv_sec * 10 - now.tv_nsec / 100000000 + 5) /
               10);
    show("alarm");
}

static void virtual(void)
{
    const struct itimerval soon = {{0, 0}, {0, 2000}};
    volatile unsigned long spins = 0;
    install(SIGVTALRM), install(SIGPROF);
    setitimer(ITIMER_VIRTUAL, &soon, NULL);
    sleep_for(50); /* takes no time of the processor's */
    printf("slept through it: %d\n", length == 0);
    while (!length) spins++;
    setitimer(ITIMER_PROF, &soon, NULL);
    while (length < 2) spins++;
    show("processor time");
}

/* ---- a thread that a timer starts ---- */

static sem_t called;
static void call(union sigval value)
{
    printf("called with %d\n", value.sival_int);
    sem_post(&called);
}

static void calling(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = call, .sigev_value.sival_int = 42};
    timer_t timer;
    sem_init(&called, 0, 0);
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    set(timer, 50, 50);
    for (unsigned i = 0; i < 3; i++) sem_wait(&called);
    set(timer, 0, 0);
    timer_delete(timer);
}

static void waiting(void)
{
    sigset_t set_of;
    siginfo_t info;
    struct timespec soon = milliseconds(50);
    sigemptyset(&set_of), sigaddset(&set_of, SIGUSR1), sigaddset(&set_of, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set_of, NULL);
    printf("nothing: %d", sigtimedwait(&set_of, &info, &soon));
    printf(" %s", strerror(errno));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        sleep_for(20);
        sigqueue(getppid(), SIGUSR1, (union sigval){.sival_int = 99});
        sleep_for(20);
        _exit(5);
    }
    int got = sigwaitinfo(&set_of, &info);
    printf(", signal %d from the child %d with %d", got == SIGUSR1, info.si_pid == child, info.si_value.sival_int);
    got = sigwaitinfo(&set_of, &info);
    printf(", its end %d: %d %d\n", got == SIGCHLD, info.si_pid == child, info.si_status);
    waitpid(child, NULL, 0);
}

static volatile unsigned spins;

static void *spin(void *unused)
{
    (void)unused;
    for (;;) spins++;
    return NULL;
}

/* The one who sleeps wakes although the only other never calls the system. */
static void sleeping_beside_one_that_computes(void)
{
    pthread_t thread;
    int status;
    pid_t child = fork();
    if (child == 0) spin(NULL);
    sleep_for(1);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    printf("the computing child: %x\n", status);
    pthread_create(&thread, NULL, spin, NULL);
    printf("beside a computing thread: poll %d\n", poll(NULL, 0, 2));
    pthread_cancel(thread);
}

int main(void)
{
    ordering();
    overrunning();
    absolute();
    virtual();
    calling();
    waiting();
    fflush(stdout);
    sleeping_beside_one_that_computes();
    return 0;
}
