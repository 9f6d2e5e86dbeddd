/* signal_files.c -- signals that are read from a file: signalfd. Prints the same on every Linux, whatever the speed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#include "say.h"

static void *volatile nowhere = (void *)8;

static void nap(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static sigset_t set_of(int one, int other)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, one);
    if (other) sigaddset(&set, other);
    return set;
}

static int open_signals(int one, int other, int flags)
{
    sigset_t set = set_of(one, other);
    return signalfd(-1, &set, flags);
}

static void block(int one, int other)
{
    sigset_t set = set_of(one, other);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void say_name(int descriptor)
{
    char path[32], name[64] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    readlink(path, name, sizeof name - 1);
    printf("it is %s, flags %x, closes %d\n", name, (unsigned)fcntl(descriptor, F_GETFL) & ~O_LARGEFILE & ~0100000u,
           fcntl(descriptor, F_GETFD));
}

/* Who sent it: this process, its parent, or nobody in particular. */
static const char *who(uint32_t id)
{
    return id == (uint32_t)getpid() ? "me" : id == (uint32_t)getppid() ? "parent" : id ? "another" : "nobody";
}

static long read_one(int descriptor)
{
    struct signalfd_siginfo one;
    long got = read(descriptor, &one, sizeof one);
    if (got < 0) return say("read", got);
    printf("signal %u code %d errno %d from %s int %d ptr %d status %d timer %s overrun %u addr %d fd %d band %u trap "
           "%u\n",
           one.ssi_signo, one.ssi_code, one.ssi_errno, who(one.ssi_pid), one.ssi_int, (int)one.ssi_ptr, one.ssi_status,
           one.ssi_code == SI_TIMER ? "yes"
           : one.ssi_tid            ? "?"
                                    : "no",
           one.ssi_overrun, (int)one.ssi_addr, one.ssi_fd, one.ssi_band, one.ssi_trapno);
    return got;
}

static void say_events(const char *what, int descriptor, int ms)
{
    struct pollfd one = {.fd = descriptor, .events = POLLIN | POLLOUT | POLLPRI};
    int got = poll(&one, 1, ms);
    printf("%s: %d, events %x\n", what, got, (unsigned)one.revents);
}

/* ---- signalfd ---- */

static long call_signalfd(int descriptor, const void *set, size_t bytes, int flags)
{
    return syscall(SYS_signalfd4, descriptor, set, bytes, flags);
}

static void mistakes(void)
{
    uint64_t set = 1u << (SIGUSR1 - 1);
    char buffer[300];
    int null = open("/dev/null", O_RDWR), event = eventfd(0, 0), own = open_signals(SIGUSR1, 0, SFD_NONBLOCK);
    say("bytes", call_signalfd(-1, &set, 4, 0));
    say("bytes and set", call_signalfd(-1, nowhere, 4, 0));
    say("set", call_signalfd(-1, nowhere, 8, 0));
    say("set and flags", call_signalfd(-1, nowhere, 8, 1));
    say("flags", call_signalfd(-1, &set, 8, 1));
    say("flags and descriptor", call_signalfd(99, &set, 8, 1));
    say("descriptor", call_signalfd(99, &set, 8, 0));
    say("negative", call_signalfd(-2, &set, 8, 0));
    say("a device", call_signalfd(null, &set, 8, 0));
    say("an event", call_signalfd(event, &set, 8, 0));
    say("short read", read(own, buffer, 127));
    say("empty", read(own, buffer, 128));
    say("empty nowhere", read(own, nowhere, 128));
    say("short nowhere", read(own, nowhere, 12));
    say("write", write(own, buffer, 128));
    say("pread", pread(own, buffer, 128, 0));
    say("seek", lseek(own, 10, SEEK_SET));
    say("seek the event", lseek(event, 10, SEEK_END));
    say("event nowhere", read(event, nowhere, 4));
    say("event from nowhere", write(event, nowhere, 8));
    say("a short one", write(event, nowhere, 4));
    say("truncate", ftruncate(own, 0));
    kill(getpid(), SIGUSR1);
    say("there, but nowhere to go", read(own, nowhere, 128));
    say("it is lost", read(own, buffer, 128));
    say_name(own);
    close(own), close(event), close(null);
    own = open_signals(SIGUSR1, SIGKILL, SFD_CLOEXEC);
    say_name(own);
    close(own);
}

static void fields(void)
{
    int own = open_signals(SIGUSR1, SIGUSR2, SFD_NONBLOCK);
    sigset_t more;
    say_events("nothing", own, 0);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    say_events("something", own, 0);
    read_one(own);
    read_one(own);
    sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 4711});
    raise(SIGUSR1);
    read_one(own);
    read_one(own);
    more = set_of(SIGRTMIN, SIGRTMIN + 2);
    sigaddset(&more, SIGALRM);
    sigaddset(&more, SIGCHLD);
    sigprocmask(SIG_BLOCK, &more, NULL);
    for (int i = 1; i <= 3; i++) sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = i});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 9});
    say_events("not yet", own, 0);
    say("changed", signalfd(own, &more, 0) == own);
    say_events("now", own, 0);
    struct signalfd_siginfo many[3];
    struct iovec part[2] = {{many, sizeof many[0]}, {many + 1, 2 * sizeof many[0]}};
    say("three", read(own, many, sizeof many));
    for (int i = 0; i < 3; i++) printf("%u %d\n", many[i].ssi_signo - SIGRTMIN, many[i].ssi_int);
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 10});
    say("the rest", readv(own, part, 2));
    for (int i = 0; i < 2; i++) printf("%u %d\n", many[i].ssi_signo - SIGRTMIN, many[i].ssi_int);
    pid_t pid = fork_quietly();
    if (!pid) _exit(23);
    say_events("a child", own, -1);
    read_one(own);
    join(pid);
    if (!(pid = fork_quietly())) {
        raise(SIGKILL);
        _exit(0);
    }
    say_events("a child", own, -1);
    read_one(own);
    join(pid);
    struct itimerval soon = {.it_value.tv_usec = 20000};
    setitimer(ITIMER_REAL, &soon, NULL);
    say_events("an alarm", own, -1);
    read_one(own);
    close(own);
}

static void posix_timer(void)
{
    int own = open_signals(SIGRTMIN, 0, 0);
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 77};
    struct itimerspec soon = {.it_value.tv_nsec = 10000000};
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    timer_settime(timer, 0, &soon, NULL);
    read_one(own);
    timer_delete(timer);
    close(own);
}

static void waiting(void)
{
    int own = open_signals(SIGUSR1, 0, 0), both = dup(own), set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = 5};
    fd_set reading;
    pid_t parent = getpid(), pid;
    for (int i = 0; i < 3; i++) {
        if (!(pid = fork_quietly())) {
            nap(30);
            kill(parent, SIGUSR1);
            leave(i);
        }
        FD_ZERO(&reading);
        FD_SET(own, &reading);
        if (i == 1) say("select", select(own + 1, &reading, NULL, NULL, NULL));
        if (i == 2) say_events("poll", both, -1);
        read_one(i == 1 ? both : own);
        join(pid);
    }
    say("add", epoll_ctl(set, EPOLL_CTL_ADD, own, &event));
    say("none", epoll_wait(set, &event, 1, 0));
    kill(parent, SIGUSR1);
    say("one", epoll_wait(set, &event, 1, 0));
    say("no edge", epoll_wait(set, &event, 1, 0));
    read_one(own);
    kill(parent, SIGUSR1);
    say("again", epoll_wait(set, &event, 1, -1));
    read_one(own);
    say("over", epoll_wait(set, &event, 1, 10));
    close(set), close(own), close(both);
}

/* A child reads its own signals from its parent's descriptor. */
static void inherited(void)
{
    int own = open_signals(SIGUSR1, 0, SFD_NONBLOCK);
    kill(getpid(), SIGUSR1);
    pid_t pid = fork_quietly();
    if (!pid) {
        say_events("nothing of mine", own, 0);
        read_one(own);
        raise(SIGUSR1);
        read_one(own);
        leave(0);
    }
    join(pid);
    read_one(own);
    close(own);
}

static volatile sig_atomic_t handled;
static void handle(int number) { handled = number; }

static void interrupted(void)
{
    int own = open_signals(SIGUSR1, 0, 0);
    struct sigaction action = {.sa_handler = handle};
    pid_t parent = getpid(), pid;
    for (int i = 0; i < 2; i++) {
        action.sa_flags = i ? SA_RESTART : 0;
        sigaction(SIGUSR2, &action, NULL);
        sigset_t open = set_of(SIGUSR2, 0);
        sigprocmask(SIG_UNBLOCK, &open, NULL);
        if (!(pid = fork_quietly())) {
            nap(30);
            kill(parent, SIGUSR2);
            nap(30);
            kill(parent, SIGUSR1);
            leave(0);
        }
        read_one(own);
        if (!i) read_one(own);
        printf("handled %d\n", (int)handled);
        join(pid);
    }
    /* One that is not blocked is read by who is reading already. */
    sigset_t open = set_of(SIGUSR2, 0);
    sigprocmask(SIG_UNBLOCK, &open, NULL);
    handled = 0;
    sigset_t both = set_of(SIGUSR1, SIGUSR2);
    signalfd(own, &both, 0);
    if (!(pid = fork_quietly())) {
        nap(30);
        kill(parent, SIGUSR2);
        leave(0);
    }
    read_one(own);
    printf("handled %d\n", (int)handled);
    join(pid);
    block(SIGUSR2, 0);
    close(own);
}

static int shared;
static void *reader(void *argument)
{
    (void)argument;
    struct signalfd_siginfo one;
    long got = read(shared, &one, sizeof one);
    return (void *)(got == sizeof one ? (long)one.ssi_signo : -1);
}

static void threads(void)
{
    pthread_t thread[3];
    long sum = 0;
    void *result;
    shared = open_signals(SIGUSR1, 0, 0);
    for (int i = 0; i < 3; i++) pthread_create(&thread[i], NULL, reader, NULL);
    for (int i = 0; i < 3; i++) {
        nap(20);
        kill(getpid(), SIGUSR1);
        struct pollfd one = {.fd = shared, .events = POLLIN};
        while (poll(&one, 1, 0) == 1) nap(5);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(thread[i], &result);
        sum += (long)result;
    }
    printf("threads read %ld\n", sum);
    pthread_create(&thread[0], NULL, reader, NULL);
    nap(20);
    pthread_kill(thread[0], SIGUSR1);
    pthread_join(thread[0], &result);
    printf("its own %ld\n", (long)result);
    close(shared);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    block(SIGUSR1, SIGUSR2);
    mistakes();
    fields();
    posix_timer();
    waiting();
    inherited();
    interrupted();
    threads();
    return 0;
}
