/* What waits for files, between processes: pipes that are full or empty, FIFOs, locks, polls, epoll, eventfd, timerfd,
 * socket pairs. Prints the same on every Linux, whatever the speed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void nap(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static pid_t start(void (*child)(void *), void *argument)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid) return pid;
    child(argument);
    fflush(stdout);
    _exit(7);
}

static int finish(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static uint32_t checksum(const uint8_t *bytes, size_t count)
{
    uint32_t sum = 1;
    for (size_t i = 0; i < count; i++) sum = sum * 31 + bytes[i];
    return sum;
}

/* ---- a pipe smaller than what goes through it ---- */

enum { BIG = 300000 };
static void write_big(void *argument)
{
    int *ends = argument;
    static uint8_t bytes[BIG];
    struct iovec parts[3] = {{bytes, 100}, {bytes + 100, 200000}, {bytes + 200100, BIG - 200100}};
    close(ends[0]);
    for (size_t i = 0; i < BIG; i++) bytes[i] = (uint8_t)(i * 7 + i / 1000);
    printf("wrote %zd\n", write(ends[1], bytes, BIG));
    printf("wrote %zd in parts\n", writev(ends[1], parts, 3));
}

static void full_pipe(void)
{
    static uint8_t bytes[2 * BIG];
    int ends[2];
    size_t done = 0;
    ssize_t got;
    pipe(ends);
    pid_t child = start(write_big, ends);
    close(ends[1]);
    while ((got = read(ends[0], bytes + done, 5000)) > 0) done += (size_t)got;
    int status = finish(child);
    printf("read %zu: %08x, %s, child %d\n", done, checksum(bytes, done),
           memcmp(bytes, bytes + BIG, BIG) ? "torn" : "whole", status);
    close(ends[0]);
}

/* ---- FIFOs ---- */

static void fifo_writer(void *argument)
{
    nap(20);
    int fd = open(argument, O_WRONLY);
    write(fd, "through the fifo", 16);
}

static void fifo(void)
{
    char bytes[32] = "";
    printf("mkfifo %d\n", mkfifo("fifo", 0600));
    printf("nobody reads: %d", open("fifo", O_WRONLY | O_NONBLOCK));
    printf(" %s\n", strerror(errno));
    pid_t child = start(fifo_writer, "fifo");
    int fd = open("fifo", O_RDONLY);
    ssize_t got = read(fd, bytes, sizeof bytes), end = read(fd, bytes + 20, 1);
    int status = finish(child);
    printf("read %zd '%s', then %zd, child %d\n", got, bytes, end, status);
    close(fd);
    fd = open("fifo", O_RDWR);
    write(fd, "kept", 4);
    int other = open("fifo", O_RDONLY);
    close(fd);
    memset(bytes, 0, sizeof bytes);
    printf("kept: %zd", read(other, bytes, 8));
    printf(" '%s'", bytes);
    printf(" %zd\n", read(other, bytes, 8));
    close(other);
    unlink("fifo");
}

/* ---- locks ---- */

static void lock_holder(void *argument)
{
    int *ends = argument, fd = open("lock", O_RDWR);
    struct flock lock = {.l_type = F_WRLCK, .l_start = 10, .l_len = 10};
    fcntl(fd, F_SETLK, &lock);
    flock(fd, LOCK_EX);
    write(ends[1], "x", 1);
    nap(30);
    pwrite(fd, "done", 4, 10);
}

static void locks(void)
{
    int ends[2], fd = open("lock", O_RDWR | O_CREAT, 0600);
    char byte, bytes[8] = "";
    pipe(ends);
    pid_t child = start(lock_holder, ends);
    read(ends[0], &byte, 1);
    struct flock lock = {.l_type = F_WRLCK, .l_start = 0, .l_len = 15};
    printf("try: %d", fcntl(fd, F_SETLK, &lock));
    printf(" %s, ", strerror(errno));
    printf("flock: %d\n", flock(fd, LOCK_SH | LOCK_NB));
    int got = fcntl(fd, F_GETLK, &lock);
    printf("held %d: type %d from %ld for %ld by the child %d\n", got, lock.l_type, (long)lock.l_start,
           (long)lock.l_len, lock.l_pid == child);
    lock = (struct flock){.l_type = F_RDLCK, .l_start = 0, .l_len = 15};
    got = fcntl(fd, F_SETLKW, &lock);
    pread(fd, bytes, 4, 10);
    printf("waited %d: %s", got, bytes);
    printf(", flock %d\n", flock(fd, LOCK_EX));
    finish(child);
    int other = open("lock", O_RDWR);
    lock = (struct flock){.l_type = F_WRLCK};
    got = fcntl(other, F_OFD_SETLK, &lock);
    printf("of the file: %d", got);
    lock = (struct flock){.l_type = F_UNLCK, .l_start = 5, .l_len = 2};
    got = fcntl(fd, F_SETLK, &lock);
    close(dup(fd)); /* drops all that the process has */
    lock = (struct flock){.l_type = F_WRLCK};
    printf(" %d, then %d\n", got, fcntl(other, F_OFD_SETLK, &lock));
    close(other);
    close(fd);
}

/* ---- poll, select, epoll ---- */

static void delayed_writer(void *argument)
{
    int *ends = argument;
    nap(20);
    write(ends[1], "ab", 2);
    nap(20);
}

static void polls(void)
{
    int ends[2];
    char bytes[4];
    pipe(ends);
    pid_t child = start(delayed_writer, ends);
    close(ends[1]);
    struct pollfd set[2] = {{ends[0], POLLIN, 0}, {-1, POLLIN, 0}};
    printf("poll: %d", poll(set, 2, 1));
    printf(" %d", poll(set, 2, -1));
    printf(" 0x%x", set[0].revents);
    read(ends[0], bytes, 2);
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(ends[0], &readable);
    struct timeval time = {5, 0};
    printf(" select: %d", select(ends[0] + 1, &readable, NULL, NULL, &time));
    printf(" %d", FD_ISSET(ends[0], &readable) != 0);
    int status = finish(child);
    poll(set, 1, 0);
    printf(" hung up 0x%x %d\n", set[0].revents, status);
    close(ends[0]);
}

static void epolls(void)
{
    int ends[2], set = epoll_create1(0), counter = eventfd(0, EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789abcull}, found[4];
    pipe(ends);
    printf("epoll: %d", epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event));
    event = (struct epoll_event){.events = EPOLLIN | EPOLLET, .data.u32 = 2};
    printf(" %d", epoll_ctl(set, EPOLL_CTL_ADD, counter, &event));
    printf(" %d", epoll_ctl(set, EPOLL_CTL_ADD, counter, &event));
    printf(" none %d", epoll_wait(set, found, 4, 0));
    pid_t child = start(delayed_writer, ends);
    int got = epoll_wait(set, found, 4, -1);
    printf(" one %d %llx", got, (unsigned long long)found[0].data.u64);
    eventfd_write(counter, 5);
    printf(" both %d", epoll_wait(set, found, 4, -1));
    printf(" level %d", epoll_wait(set, found, 4, 0));
    eventfd_write(counter, 1);
    printf(" edge %d", epoll_wait(set, found, 4, 0));
    event = (struct epoll_event){.events = EPOLLIN | EPOLLONESHOT, .data.u32 = 1};
    epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event);
    printf(" once %d", epoll_wait(set, found, 4, 0));
    printf(" %d", epoll_wait(set, found, 4, 0));
    int file = open("file", O_RDWR | O_CREAT, 0600);
    printf(" file %d", epoll_ctl(set, EPOLL_CTL_ADD, file, &event));
    static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/proc/self/stat"};
    for (unsigned i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        int device = open(devices[i], O_RDONLY);
        int status = epoll_ctl(set, EPOLL_CTL_ADD, device, &event), error = errno;
        printf(" %s %d %d", devices[i], status, error == EPERM);
        status = epoll_ctl(set, EPOLL_CTL_DEL, device, &event), error = errno;
        printf(" %d %d", status, error == EPERM);
        close(device);
    }
    printf(" itself %d", epoll_ctl(set, EPOLL_CTL_ADD, set, &event));
    close(counter);
    printf(" closed %d", epoll_wait(set, found, 4, 0));
    printf(", child %d\n", finish(child));
    close(set), close(file), close(ends[0]), close(ends[1]);
}

/* ---- eventfd and timerfd ---- */

static void counter_writer(void *argument)
{
    int *fd = argument;
    nap(10);
    eventfd_write(*fd, 3);
}

static void numbers(void)
{
    eventfd_t value = 0;
    int counter = eventfd(2, EFD_SEMAPHORE), plain = eventfd(0, 0);
    eventfd_read(counter, &value);
    printf("semaphore %d", (int)value);
    eventfd_read(counter, &value);
    pid_t child = start(counter_writer, &plain);
    eventfd_read(plain, &value);
    printf(" waited for %d, child %d,", (int)value, finish(child));
    errno = 0;
    printf(" too much %d\n", (int)write(plain, &(uint64_t){UINT64_MAX}, 8));
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec spec = {{0, 10000000}, {0, 20000000}}, left;
    uint64_t count = 0;
    timerfd_settime(timer, 0, &spec, NULL);
    struct pollfd set = {timer, POLLIN, 0};
    printf("timer %d", poll(&set, 1, 0));
    printf(" %d", poll(&set, 1, 10000));
    read(timer, &count, 8);
    nap(55);
    printf(" %d", count >= 1);
    read(timer, &count, 8);
    timerfd_gettime(timer, &left);
    printf(" at least five %d, interval %ld\n", count >= 5, left.it_interval.tv_nsec);
    spec = (struct itimerspec){{0, 0}, {1, 0}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, NULL);
    read(timer, &count, 8);
    printf("passed %d\n", (int)count);
    close(counter), close(plain), close(timer);
}

/* ---- sockets ---- */

static void echo(void *argument)
{
    int *ends = argument;
    char bytes[64];
    ssize_t got;
    close(ends[0]);
    while ((got = recv(ends[1], bytes, sizeof bytes, 0)) > 0) send(ends[1], bytes, (size_t)got, 0);
    printf("echo ended\n");
}

static void sockets(void)
{
    int ends[2];
    char bytes[64] = "";
    struct stat status;
    int type = 0;
    socklen_t length = sizeof type;
    printf("pair %d", socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    pid_t child = start(echo, ends);
    close(ends[1]);
    send(ends[0], "hello", 5, 0);
    printf(" %zd", recv(ends[0], bytes, sizeof bytes, 0));
    fstat(ends[0], &status);
    getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &type, &length);
    printf(" %s socket %d type %d\n", bytes, S_ISSOCK(status.st_mode), type);
    fflush(stdout);
    shutdown(ends[0], SHUT_WR);
    printf("end %zd", recv(ends[0], bytes, sizeof bytes, 0));
    printf(", child %d", finish(child));
    printf(", %zd", send(ends[0], "x", 1, MSG_NOSIGNAL));
    printf(" %s\n", strerror(errno));
    close(ends[0]);
    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends);
    send(ends[0], "first", 5, 0);
    send(ends[0], "second", 6, 0);
    printf("packets %zd", recv(ends[1], bytes, 3, 0));
    printf(" %zd", recv(ends[1], bytes, 30, 0));
    printf(" %zd", recv(ends[1], bytes, 30, 0));
    printf(" %s\n", strerror(errno));
    close(ends[0]), close(ends[1]);
    printf("no socket: %d", (int)send(0, bytes, 1, 0));
    printf(" %s\n", strerror(errno));
}

/* ---- interrupted ---- */

static volatile int caught;
static void on_alarm(int number) { caught = number; }

static void interruptions(void)
{
    int ends[2];
    char byte;
    struct sigaction action = {.sa_handler = on_alarm};
    pipe(ends);
    sigaction(SIGALRM, &action, NULL);
    ualarm(20000, 0);
    ssize_t got = read(ends[0], &byte, 1);
    printf("read %zd %s, caught %d\n", got, strerror(errno), caught);
    ualarm(20000, 0);
    int set = epoll_create1(0);
    struct epoll_event event;
    got = epoll_wait(set, &event, 1, -1);
    printf("epoll %zd %s\n", got, strerror(errno));
    mkfifo("fifo", 0600);
    ualarm(20000, 0);
    got = open("fifo", O_RDONLY);
    printf("open %zd %s\n", got, strerror(errno));
    unlink("fifo");
    static uint8_t bytes[100000];
    ualarm(20000, 0);
    got = write(ends[1], bytes, sizeof bytes);
    printf("write %zd\n", got);
}

/* ---- reading into nowhere ---- */

static void tell_nowhere(const char *what, int descriptor)
{
    char *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ssize_t got = read(descriptor, nowhere, 8);
    printf(" %s %zd", what, got);
    if (got < 0) printf(" %s", strerror(errno));
    struct iovec part = {nowhere, 8};
    got = readv(descriptor, &part, 1);
    printf(" %zd,", got);
    munmap(nowhere, 4096);
}

static void nowhere(void)
{
    char bytes[16384];
    int file = open("nowhere", O_RDWR | O_CREAT | O_TRUNC, 0600), ends[2];
    printf("nowhere:");
    tell_nowhere("no file", file);
    write(file, "abc", 3);
    tell_nowhere("its end", file);
    lseek(file, 1, SEEK_SET);
    tell_nowhere("inside", file);
    printf(" left %zd", read(file, bytes, 8));
    close(file);
    static const char *const names[] = {"/dev/null", "/dev/zero", "/proc/self/stat", "."};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        file = open(names[i], O_RDONLY);
        tell_nowhere(names[i], file);
        read(file, bytes, sizeof bytes);
        tell_nowhere("then", file);
        close(file);
    }
    for (int sockets = 0; sockets < 2; sockets++) {
        if (sockets)
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
        else
            pipe2(ends, O_NONBLOCK);
        tell_nowhere("nothing yet", ends[0]);
        write(ends[1], "abc", 3);
        tell_nowhere("three", ends[0]);
        printf(" left %zd", read(ends[0], bytes, 8));
        close(ends[1]);
        tell_nowhere("hung up", ends[0]);
        close(ends[0]);
    }
    printf("\n");
}

int main(void)
{
    nowhere();
    full_pipe();
    fifo();
    locks();
    polls();
    epolls();
    numbers();
    sockets();
    interruptions();
    return 0;
}
