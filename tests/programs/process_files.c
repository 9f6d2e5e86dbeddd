/* process_files.c -- processes as files: pidfd. Prints the same on every Linux, whatever the speed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "say.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static void *volatile nowhere = (void *)8;

static int open_process(pid_t pid, unsigned flags) { return (int)syscall(SYS_pidfd_open, pid, flags); }
static int send_signal(int descriptor, int number, siginfo_t *info, unsigned flags)
{
    return (int)syscall(SYS_pidfd_send_signal, descriptor, number, info, flags);
}
static int take_file(int descriptor, int theirs, unsigned flags)
{
    return (int)syscall(SYS_pidfd_getfd, descriptor, theirs, flags);
}

static void nap(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static void say_name(int descriptor)
{
    char path[32], name[64] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    readlink(path, name, sizeof name - 1);
    printf("it is %s, closes %d\n", name, fcntl(descriptor, F_GETFD));
}

static void say_events(const char *what, int descriptor, int ms)
{
    struct pollfd one = {.fd = descriptor, .events = POLLIN | POLLOUT | POLLPRI};
    int got = poll(&one, 1, ms);
    printf("%s: %d, events %x\n", what, got, (unsigned)one.revents);
}

static void say_wait(const char *what, int descriptor, int options)
{
    siginfo_t info = {0};
    int got = waitid((idtype_t)P_PIDFD, (id_t)descriptor, &info, options);
    if (got < 0)
        say(what, got);
    else
        printf("%s: signal %d code %d status %d, %s\n", what, info.si_signo, info.si_code, info.si_status,
               info.si_pid ? "somebody" : "nobody");
}

/* A child that waits to be killed. */
static pid_t sleeper(void)
{
    pid_t pid = fork_quietly();
    while (!pid) pause();
    return pid;
}

static void mistakes(void)
{
    int null = open("/dev/null", O_RDWR), own = open_process(getpid(), 0);
    char byte;
    siginfo_t info = {0};
    say("flags", open_process(getpid(), 1));
    say("flags and nobody", open_process(-1, 1));
    say("0", open_process(0, 0));
    say("-1", open_process(-1, 0));
    say("nobody", open_process(999999, 0));
    say("read", read(own, &byte, 1));
    say("read nowhere", read(own, nowhere, 1));
    say("write", write(own, &byte, 1));
    say("seek", lseek(own, 0, SEEK_CUR));
    say_name(own);
    say("send: flags", send_signal(own, 0, NULL, 1u << 30));
    say("send: flags and descriptor", send_signal(99, 0, NULL, 1u << 30));
    say("send: descriptor", send_signal(99, 0, NULL, 0));
    say("send: a device", send_signal(null, 0, NULL, 0));
    say("send: number", send_signal(own, 65, NULL, 0));
    say("send: nothing", send_signal(own, 0, NULL, 0));
    say("send: nowhere", send_signal(own, 0, nowhere, 0));
    info.si_signo = SIGUSR1, info.si_code = SI_QUEUE;
    say("send: another", send_signal(own, SIGUSR2, &info, 0));
    info.si_signo = 65;
    say("send: no number", send_signal(own, 65, &info, 0));
    say("take: flags", take_file(own, 0, 1));
    say("take: descriptor", take_file(99, 0, 0));
    say("take: a device", take_file(null, 0, 0));
    say("take: nothing", take_file(own, 99, 0));
    say("wait: descriptor", waitid((idtype_t)P_PIDFD, 99, NULL, WEXITED));
    say("wait: negative", waitid((idtype_t)P_PIDFD, (id_t)-1, NULL, WEXITED));
    say("wait: a device", waitid((idtype_t)P_PIDFD, (id_t)null, NULL, WEXITED));
    say("wait: options", waitid((idtype_t)P_PIDFD, (id_t)own, NULL, 0));
    say("wait: no child", waitid((idtype_t)P_PIDFD, (id_t)own, NULL, WEXITED));
    say("wait: group", waitid(P_PGID, (id_t)-5, NULL, WEXITED));
    close(own), close(null);
}

static void life(void)
{
    pid_t pid = sleeper();
    int own = open_process(pid, 0), again = open_process(pid, O_NONBLOCK);
    siginfo_t info = {.si_signo = SIGTERM, .si_code = SI_USER};
    say_events("alive", own, 0);
    say("there", send_signal(own, 0, NULL, 0));
    say("nobody may claim that", send_signal(own, SIGTERM, &info, 0));
    info.si_code = SI_TKILL;
    say("nor that", send_signal(own, SIGTERM, &info, 0));
    say_wait("not yet", own, WEXITED | WNOHANG);
    say_wait("not yet", again, WEXITED);
    say_wait("not yet", again, WEXITED | WNOHANG);
    info.si_code = SI_QUEUE;
    say("but that", send_signal(own, SIGTERM, &info, 0));
    say_events("it ends", own, -1);
    say_events("it has ended", again, 0);
    say("still there", send_signal(own, SIGTERM, NULL, 0));
    say_wait("look", own, WEXITED | WNOWAIT);
    say_wait("wait", own, WEXITED);
    say_wait("wait", own, WEXITED);
    say("gone", send_signal(own, 0, NULL, 0));
    say("gone, no number", send_signal(own, 65, NULL, 0));
    say("gone", take_file(own, 0, 0));
    say("no more", open_process(pid, 0));
    struct pollfd one = {.fd = own, .events = POLLIN};
    say("gone", poll(&one, 1, 0));
    printf("in %d\n", one.revents & POLLIN);
    close(own), close(again);
}

static void stops(void)
{
    pid_t pid = sleeper();
    int own = open_process(pid, 0);
    say("stop", send_signal(own, SIGSTOP, NULL, 0));
    say_wait("stopped", own, WSTOPPED);
    say_events("stopped", own, 0);
    say("go on", send_signal(own, SIGCONT, NULL, 0));
    say_wait("goes on", own, WCONTINUED);
    say("kill", send_signal(own, SIGKILL, NULL, 0));
    say_wait("ended", own, WEXITED);
    close(own);
}

/* Somebody who is no parent waits for it. */
static void watched(void)
{
    pid_t pid = sleeper(), other;
    int own = open_process(pid, 0), set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = 6};
    say("add", epoll_ctl(set, EPOLL_CTL_ADD, own, &event));
    say("nothing", epoll_wait(set, &event, 1, 0));
    if (!(other = fork_quietly())) {
        say_wait("no child of mine", own, WEXITED);
        say_events("but I see it end", own, -1);
        leave(3);
    }
    nap(20);
    kill(pid, SIGKILL);
    join(other);
    say("it ended", epoll_wait(set, &event, 1, -1));
    say("once", epoll_wait(set, &event, 1, 0));
    join(pid);
    close(own), close(set);
}

static void cloned(void)
{
    int own = -1, status;
    fflush(stdout);
    say("with the parent's id", syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &own, 0, 0));
    say("detached", syscall(SYS_clone, CLONE_PIDFD | 0x00400000 | SIGCHLD, 0, &own, 0, 0));
    say("nowhere", syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, nowhere, 0, 0));
    fflush(stdout);
    long pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &own, 0, 0);
    if (!pid) {
        printf("I have none: %d\n", own);
        say("and no descriptor", fcntl(4, F_GETFD));
        leave(9);
    }
    say_events("it ends", own, -1);
    say_name(own);
    say("wait", waitpid((pid_t)pid, &status, 0) == pid);
    printf("status %x\n", status);
    close(own);
}

static void taken(void)
{
    int ends[2], go[2];
    char text[8] = "";
    pipe(go);
    pid_t pid = fork_quietly();
    if (!pid) {
        pipe(ends);
        dup2(ends[0], 40);
        write(ends[1], "inside", 7);
        write(go[1], "x", 1);
        for (;;) pause();
    }
    read(go[0], text, 1);
    int own = open_process(pid, 0), theirs = take_file(own, 40, 0);
    printf("closes %d\n", fcntl(theirs, F_GETFD));
    say("read", read(theirs, text, 7));
    puts(text);
    send_signal(own, SIGKILL, NULL, 0);
    say_wait("ended", own, WEXITED | WNOWAIT);
    say("its writer is gone", read(theirs, text, 7));
    join(pid);
    close(own), close(theirs), close(go[0]), close(go[1]);
}

/* A grandchild, sent by its parent. */
static void passed(void)
{
    int pair[2], got = -1;
    char byte = 'x', room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
    struct iovec part = {&byte, 1};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    pid_t pid = fork_quietly();
    if (!pid) {
        pid_t grandchild = fork();
        if (!grandchild) {
            nap(50);
            _exit(0);
        }
        int own = open_process(grandchild, 0);
        struct cmsghdr *first = CMSG_FIRSTHDR(&header);
        *first = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof own), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(first), &own, sizeof own);
        leave(sendmsg(pair[1], &header, 0) == 1);
    }
    say("receive", recvmsg(pair[0], &header, 0));
    memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof got);
    say_events("the grandchild ends", got, -1);
    join(pid);
    close(got), close(pair[0]), close(pair[1]);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    mistakes();
    life();
    stops();
    watched();
    cloned();
    taken();
    passed();
    return 0;
}
