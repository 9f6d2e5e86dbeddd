/* messages.c -- messages of connected AF_UNIX sockets: how long they may be, and how many; what comes of those whose
 * reader is gone; reads of no bytes; and what devices make of a buffer that is nowhere. The size of the buffers is set, as
 * the default is the system's; and of short messages no numbers are told, as those follow each kernel's own records. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

#include "say.h"

enum { MOST = 212992 - 32, ROOM = 500000, SHORT = 20000 };
static unsigned char out[ROOM], in[ROOM];
static void *volatile nowhere = (void *)8;
static const int types[] = {SOCK_SEQPACKET, SOCK_DGRAM};
static const char *const names[] = {"packets", "datagrams"};

static void nap(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static unsigned events(int descriptor)
{
    struct pollfd one = {.fd = descriptor, .events = POLLIN | POLLOUT | POLLRDHUP};
    poll(&one, 1, 0);
    return (unsigned)one.revents;
}

static void set_room(int end)
{
    int room = (MOST + 32) / 2;
    if (setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) < 0) exit(1);
}

static void pair(int type, int ends[2])
{
    if (socketpair(AF_UNIX, type, 0, ends) < 0) exit(1);
    set_room(ends[0]), set_room(ends[1]);
}

/* Fills one up with messages of a length, and makes room again. */
static void count(int type, long bytes)
{
    int ends[2], sent = 0, read = 0;
    pair(type, ends);
    if (bytes < SHORT) {
        say("short", send(ends[0], out, (size_t)bytes, MSG_DONTWAIT));
        say("received", recv(ends[1], in, ROOM, MSG_DONTWAIT));
        close(ends[0]), close(ends[1]);
        return;
    }
    while (send(ends[0], out, (size_t)bytes, MSG_DONTWAIT) >= 0) sent++;
    printf("%ld: %d, then %s, events %x", bytes, sent, strerrorname_np(errno), events(ends[0]));
    while (recv(ends[1], in, ROOM, MSG_DONTWAIT) >= 0) {
        read++;
        if (events(ends[0]) & POLLOUT) break;
    }
    printf(", writable after %d\n", read);
    close(ends[0]), close(ends[1]);
}

static void lengths(int type)
{
    static const long tried[] = {0,     1,     128,   193,   500,   1000,   2000,   4095, 4096,     4097,
                                 16064, 16065, 20000, 65536, 85000, 100000, 150000, MOST, MOST + 1, 300000};
    for (unsigned i = 0; i < sizeof tried / sizeof tried[0]; i++) count(type, tried[i]);
}

/* A child sends; what waits for room goes on when there is some. */
static void streamed(int type)
{
    int ends[2], wrong = 0;
    long total = 0, got;
    pair(type, ends);
    pid_t pid = fork_quietly();
    if (!pid) {
        for (long i = 1; i <= 12; i++) {
            memset(out, (int)i, (size_t)(i * 17000));
            if (send(ends[0], out, (size_t)(i * 17000), 0) != i * 17000) leave(1);
        }
        leave(0);
    }
    for (long i = 1; i <= 12; i++) {
        if (i == 7) {
            int waiting = 0;
            say("look", recv(ends[1], in, 10, MSG_PEEK | MSG_TRUNC));
            say("look", recv(ends[1], in, ROOM, MSG_PEEK));
            ioctl(ends[1], FIONREAD, &waiting);
            printf("waiting %d\n", waiting >= 7 * 17000);
        }
        size_t room = i == 5 ? 100 : i == 9 ? 70000 : ROOM;
        got = recv(ends[1], in, room, i == 9 ? MSG_TRUNC : 0);
        printf("%ld of %ld\n", got, i * 17000);
        for (long k = 0; k < got && k < (long)room; k++) wrong += in[k] != (unsigned char)i;
        total += got;
    }
    printf("%ld, wrong %d\n", total, wrong);
    join(pid);
    struct iovec part[3] = {{out, 70000}, {out, 0}, {out, 60000}}, back[2] = {{in, 100000}, {in + 100000, 100000}};
    say("parts", writev(ends[1], part, 3));
    say("back", readv(ends[0], back, 2));
    close(ends[0]), close(ends[1]);
}

static void buffer(int type)
{
    static const int wanted[] = {1, 3000, 10000, 90000};
    int ends[2], size;
    socklen_t bytes = sizeof size;
    pair(type, ends);
    for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &wanted[i], sizeof wanted[i]);
        getsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, &bytes);
        printf("buffer %d\n", size);
        say("too long", send(ends[0], out, (size_t)size - 31, MSG_DONTWAIT));
        say("as long as can be", send(ends[0], out, (size_t)size - 32, MSG_DONTWAIT));
        say("more", send(ends[0], out, 1, MSG_DONTWAIT));
        say("read", recv(ends[1], in, ROOM, 0));
        while (recv(ends[1], in, ROOM, MSG_DONTWAIT) >= 0) continue;
    }
    close(ends[0]), close(ends[1]);
}

static void partings(int type)
{
    int ends[2];
    pair(type, ends);
    send(ends[1], "last", 4, 0);
    close(ends[1]);
    printf("gone: events %x\n", events(ends[0]));
    say("first", send(ends[0], "x", 1, MSG_NOSIGNAL));
    say("second", send(ends[0], "x", 1, MSG_NOSIGNAL));
    printf("events %x\n", events(ends[0]));
    say("read", recv(ends[0], in, 9, MSG_DONTWAIT));
    say("read", recv(ends[0], in, 9, MSG_DONTWAIT));
    say("shut", shutdown(ends[0], SHUT_WR));
    close(ends[0]);
    pair(type, ends);
    send(ends[0], "unread", 6, 0);
    close(ends[1]);
    printf("unread: events %x\n", events(ends[0]) & ~(unsigned)POLLERR);
    close(ends[0]);
    pair(type, ends);
    send(ends[0], "x", 1, 0);
    say("shut", shutdown(ends[1], SHUT_RD));
    say("send", send(ends[0], "x", 1, MSG_NOSIGNAL));
    say("write", write(ends[0], "x", 1));
    say("read", recv(ends[1], in, 9, 0));
    say("read", recv(ends[1], in, 9, MSG_DONTWAIT));
    say("read", recv(ends[1], in, 9, 0));
    printf("events %x %x\n", events(ends[0]), events(ends[1]));
    close(ends[0]), close(ends[1]);
    pair(type, ends);
    say("shut", shutdown(ends[1], SHUT_WR));
    printf("events %x %x\n", events(ends[0]), events(ends[1]));
    say("read", recv(ends[0], in, 9, MSG_DONTWAIT));
    say("send", send(ends[1], "x", 1, MSG_NOSIGNAL));
    say("and the other way", send(ends[0], "x", 1, MSG_NOSIGNAL));
    say("shut", shutdown(ends[1], SHUT_RDWR));
    printf("events %x\n", events(ends[1]));
    close(ends[0]), close(ends[1]);
}

static void listening(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "@messages"};
    socklen_t bytes = offsetof(struct sockaddr_un, sun_path) + 9;
    name.sun_path[0] = 0;
    int own = socket(AF_UNIX, SOCK_SEQPACKET, 0), one = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    set_room(one);
    bind(own, (struct sockaddr *)&name, bytes), listen(own, 3);
    say("connect", connect(one, (struct sockaddr *)&name, bytes));
    int other = accept(own, NULL, NULL);
    say("send", send(one, out, MOST, 0));
    say("receive", recv(other, in, ROOM, 0));
    close(own), close(one), close(other);
    own = socket(AF_UNIX, SOCK_DGRAM, 0), one = socket(AF_UNIX, SOCK_DGRAM, 0);
    set_room(one);
    bind(own, (struct sockaddr *)&name, bytes);
    say("send to", sendto(one, out, MOST, 0, (struct sockaddr *)&name, bytes));
    say("receive", recv(own, in, ROOM, 0));
    say("too long", sendto(one, out, MOST + 1, 0, (struct sockaddr *)&name, bytes));
    close(own), close(one);
}

static void no_bytes(void)
{
    int ends[2];
    struct iovec part = {in, 0};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    pair(SOCK_STREAM, ends);
    say("receive none", recv(ends[0], in, 0, MSG_DONTWAIT));
    say("receive none", recvmsg(ends[0], &header, MSG_DONTWAIT));
    say("read none", read(ends[0], in, 0));
    say("read none", readv(ends[0], &part, 1));
    say("send none", send(ends[0], out, 0, 0));
    pid_t pid = fork_quietly();
    if (!pid) {
        nap(30);
        write(ends[1], "x", 1);
        leave(0);
    }
    say("waited", recv(ends[0], in, 0, 0));
    say("it is there", recv(ends[0], in, 2, MSG_DONTWAIT));
    join(pid);
    shutdown(ends[1], SHUT_WR);
    say("end", recv(ends[0], in, 0, 0));
    close(ends[0]), close(ends[1]);
}

static void devices(void)
{
    static const char *const path[] = {"/dev/null", "/dev/zero", "/dev/full"};
    struct iovec part[2] = {{nowhere, 30}, {nowhere, 12}};
    for (unsigned i = 0; i < 3; i++) {
        int own = open(path[i], O_RDWR);
        puts(path[i]);
        say("write", write(own, nowhere, 100));
        say("write parts", writev(own, part, 2));
        say("write there", pwrite(own, nowhere, 5, 7));
        say("read", read(own, nowhere, 100));
        close(own);
    }
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < 2; i++) {
        puts(names[i]);
        lengths(types[i]);
        streamed(types[i]);
        buffer(types[i]);
        partings(types[i]);
    }
    listening();
    no_bytes();
    devices();
    return 0;
}
