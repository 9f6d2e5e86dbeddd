/* passing.c -- open files, and who one is, passed on over sockets: every result is printed, and errors by name, so that
 * the host's kernel can be the judge. With a seed and a number: so many random operations. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

enum { BIG = 100000 };
static char data[BIG];
static union {
    struct cmsghdr head;
    char bytes[8192];
} control;

static void add(struct msghdr *message, int type, const void *what, size_t bytes)
{
    struct cmsghdr *head = (struct cmsghdr *)(control.bytes + message->msg_controllen);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = type;
    head->cmsg_len = CMSG_LEN(bytes);
    memcpy(CMSG_DATA(head), what, bytes);
    message->msg_control = control.bytes;
    message->msg_controllen += CMSG_SPACE(bytes);
}

static long send_with(int to, const char *text, size_t bytes, const int *fd, unsigned count)
{
    struct iovec vector = {(void *)text, bytes};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count) add(&message, SCM_RIGHTS, fd, count * sizeof *fd);
    return sendmsg(to, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}
static long send_fd(int to, const char *text, int fd) { return send_with(to, text, strlen(text), &fd, 1); }

/* What a file says that only it says: one byte. */
static int made(char name)
{
    int pipes[2];
    pipe(pipes);
    write(pipes[1], &name, 1);
    close(pipes[1]);
    return pipes[0];
}
static char named(int fd)
{
    char name = '-';
    if (read(fd, &name, 1) == 0) return '0';
    return name ? name : 'z';
}

static bool keep; /* descriptors that came stay open */
static int came;
static void show_control(struct msghdr *message)
{
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
        size_t bytes = head->cmsg_len - CMSG_LEN(0);
        if (head->cmsg_type == SCM_CREDENTIALS) {
            struct ucred sender = {0, 0, 0};
            memcpy(&sender, CMSG_DATA(head), bytes < sizeof sender ? bytes : sizeof sender);
            printf(", from %s %d",
                   sender.pid == getpid()    ? "me"
                   : sender.pid == getppid() ? "parent"
                   : sender.pid              ? "another"
                                             : "nobody",
                   sender.uid == getuid() ? 0 : (int)sender.uid);
            continue;
        }
        printf(", %zu files", bytes / sizeof(int));
        for (size_t i = 0; i < bytes / sizeof(int); i++) {
            memcpy(&came, CMSG_DATA(head) + i * sizeof came, sizeof came);
            printf(" %d%s", came, fcntl(came, F_GETFD) & FD_CLOEXEC ? "c" : "");
            if (!keep) printf("%c", named(came)), close(came);
        }
    }
}

static long receive(const char *what, int from, size_t room, size_t control_room, int flags)
{
    struct iovec vector[2] = {{data, room / 3}, {data + room / 3, room - room / 3}};
    struct msghdr message = {.msg_iov = vector,
                             .msg_iovlen = 2,
                             .msg_control = control_room ? control.bytes : NULL,
                             .msg_controllen = control_room};
    long got = recvmsg(from, &message, flags | MSG_DONTWAIT);
    if (got < 0) {
        say(what, -1);
        return got;
    }
    printf("%s: %ld bytes", what, got);
    if (got < 50) printf(" '%.*s'", (int)got, data);
    printf(", flags %x", message.msg_flags);
    show_control(&message);
    printf("\n");
    return got;
}

/* ---- a stream ---- */

static void streams(void)
{
    int pair[2], one = made('1'), two = made('2');
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    say("sent", send_fd(pair[0], "with one", one));
    receive("received", pair[1], 100, 100, 0);
    printf("shared: %c\n", named(one));
    close(one);
    one = made('1');
    write(pair[0], "before", 6);
    send_fd(pair[0], "with", one);
    write(pair[0], "after", 5);
    receive("up to what comes with it", pair[1], 100, 100, MSG_PEEK);
    close(one);
    one = made('1');
    receive("up to what comes with it", pair[1], 100, 100, 0);
    receive("after it", pair[1], 100, 100, MSG_CMSG_CLOEXEC);
    send_fd(pair[0], "in parts", one);
    receive("the first part", pair[1], 3, 100, MSG_CMSG_CLOEXEC);
    write(pair[0], "more", 4);
    receive("the rest, and more", pair[1], 100, 100, 0);
    send_fd(pair[0], "lost", two);
    printf("read: %ld\n", (long)read(pair[1], data, 100));
    send_fd(pair[0], "lost", two);
    receive("without room", pair[1], 100, 0, 0);
    send_fd(pair[0], "lost", two);
    receive("without enough room", pair[1], 100, CMSG_LEN(3), 0);
    int both[3] = {one, two, pair[0]};
    send_with(pair[0], "two", 3, both, 2);
    receive("room for one", pair[1], 100, CMSG_LEN(sizeof(int)), 0);
    send_fd(pair[0], "first", one);
    send_fd(pair[0], "second", two);
    receive("all that comes", pair[1], 100, 100, MSG_WAITALL);
    receive("all that comes", pair[1], 100, 100, 0);
    receive("nothing", pair[1], 100, 100, 0);
    send_fd(pair[0], "the last", two);
    close(two);
    close(pair[0]);
    receive("of who is gone", pair[1], 100, 100, 0);
    receive("the end", pair[1], 100, 100, 0);
    close(pair[1]), close(one);
}

/* ---- messages ---- */

static void messages(int type)
{
    int pair[2], one = made('m');
    socketpair(AF_UNIX, type, 0, pair);
    write(pair[0], "plain", 5);
    send_fd(pair[0], "with", one);
    receive("plain", pair[1], 100, 100, 0);
    receive("looked at", pair[1], 100, 100, MSG_PEEK);
    close(one);
    receive("cut", pair[1], 2, 100, 0);
    receive("nothing", pair[1], 100, 100, 0);
    close(pair[0]), close(pair[1]);
}

static void datagrams(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int from = socket(AF_UNIX, SOCK_DGRAM, 0), to = socket(AF_UNIX, SOCK_DGRAM, 0), one = made('d');
    snprintf(name.sun_path + 1, 60, "passing-%d", (int)getpid());
    bind(to, (struct sockaddr *)&name, sizeof name);
    connect(from, (struct sockaddr *)&name, sizeof name);
    say("sent", send_fd(from, "datagram", one));
    say("sent", send_fd(from, "another", one));
    close(one);
    receive("looked at", to, 100, 0, MSG_PEEK);
    receive("received", to, 100, 100, MSG_CMSG_CLOEXEC);
    close(to); /* with one unread */
    close(from);
}

/* ---- what is wrong ---- */

static long send_raw(int to, size_t length, int level, int type, size_t room)
{
    struct iovec vector = {data, 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = room};
    memset(control.bytes, 0, sizeof control.bytes);
    control.head.cmsg_len = length;
    control.head.cmsg_level = level;
    control.head.cmsg_type = type;
    return sendmsg(to, &message, MSG_DONTWAIT);
}

static void wrong(void)
{
    int pair[2], fds[300], count = 0;
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    for (; count < 300; count++) fds[count] = 0;
    say("as many as there may be", send_with(pair[0], "x", 1, fds, 253));
    say("too many", send_with(pair[0], "x", 1, fds, 254));
    fds[1] = 987;
    say("none such", send_with(pair[0], "x", 1, fds, 2));
    fds[1] = -1;
    say("negative", send_with(pair[0], "x", 1, fds, 2));
    say("too short", send_raw(pair[0], CMSG_LEN(0) - 1, SOL_SOCKET, SCM_RIGHTS, 64));
    say("too long", send_raw(pair[0], 65, SOL_SOCKET, SCM_RIGHTS, 64));
    say("empty", send_raw(pair[0], CMSG_LEN(0), SOL_SOCKET, SCM_RIGHTS, 64 - 64 % sizeof(long)));
    say("of another level", send_raw(pair[0], CMSG_LEN(4), 77, 5, CMSG_SPACE(4)));
    say("of another type", send_raw(pair[0], CMSG_LEN(4), SOL_SOCKET, 77, CMSG_SPACE(4)));
    say("credentials too short", send_raw(pair[0], CMSG_LEN(8), SOL_SOCKET, SCM_CREDENTIALS, CMSG_SPACE(8)));
    say("not written", send_with(pair[0], "", 0, fds, 1));
    struct iovec vector = {data, 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = (void *)8, .msg_controllen = 64};
    say("from nowhere", sendmsg(pair[0], &message, 0));
    keep = true;
    receive("with files, some", pair[1], 1, CMSG_LEN(3 * sizeof(int)), 0);
    for (int fd = came; fd > came - 3; fd--) close(fd);
    receive("without", pair[1], 10, 100, 0);
    send_with(pair[0], "x", 1, fds, 1);
    message = (struct msghdr){.msg_iov = &vector, .msg_iovlen = 1, .msg_control = (void *)8, .msg_controllen = 64};
    say("to nowhere", recvmsg(pair[1], &message, 0));
    printf("flags %x\n", message.msg_flags);
    int next = dup(0);
    printf("next %d\n", next);
    close(next);
    keep = false;
    close(pair[0]), close(pair[1]);
}

/* ---- who one is ---- */

static void credentials(int type)
{
    int pair[2], on = 1, off = 0, one = made('c');
    struct ucred me = {getpid(), getuid(), getgid()}, other = {1 << 21, getuid(), getgid()};
    struct iovec vector = {"named", 5};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    socketpair(AF_UNIX, type, 0, pair);
    write(pair[0], "before", 6);
    say("asked for", setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    write(pair[0], "mine", 4);
    write(pair[0], "mine, too", 9);
    pid_t child = fork_quietly();
    if (child == 0) {
        write(pair[0], "child's", 7);
        _exit(0);
    }
    join(child);
    receive("sent before", pair[1], 100, 100, 0);
    receive("looked at", pair[1], 100, 100, MSG_PEEK);
    receive("mine", pair[1], 6, 100, 0);
    receive("mine", pair[1], 100, 100, 0);
    receive("the child's", pair[1], 100, 100, 0);
    say("with a file", send_fd(pair[0], "both", one));
    receive("both", pair[1], 100, 100, 0);
    close(one);
    one = made('c');
    say("with a file", send_fd(pair[0], "both", one));
    receive("cut short", pair[1], 100, CMSG_LEN(6), 0);
    say("with a file", send_fd(pair[0], "both", one));
    receive("room for one", pair[1], 100, CMSG_SPACE(sizeof me), 0);
    write(pair[0], "x", 1);
    receive("no room", pair[1], 100, 0, 0);
    setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &off, sizeof off);
    add(&message, SCM_CREDENTIALS, &me, sizeof me);
    say("named", sendmsg(pair[0], &message, 0));
    setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    receive("named", pair[1], 100, 100, 0);
    message.msg_controllen = 0;
    add(&message, SCM_CREDENTIALS, &other, sizeof other);
    say("of nobody", sendmsg(pair[0], &message, 0) < 0 ? 0 : 1);
    close(pair[0]), close(pair[1]), close(one);
}

/* ---- sockets within sockets ---- */

static bool is_over(int fd)
{
    char byte;
    for (int i = 0; i < 100; i++) {
        long got = recv(fd, &byte, 1, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno == ECONNRESET)) return true;
        usleep(1000);
    }
    return false;
}

static void nests(void)
{
    int outer[2], inner[2], self[2], other[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, outer);
    socketpair(AF_UNIX, SOCK_STREAM, 0, inner);
    send_fd(inner[0], "deep", made('n'));
    send_fd(outer[0], "a socket", inner[1]);
    close(inner[1]);
    close(socket(AF_UNIX, SOCK_STREAM, 0)); /* whoever looks for lost ones looks now */
    printf("alive in flight: %ld\n", send_with(inner[0], "more", 4, NULL, 0));
    keep = true;
    receive("outer", outer[1], 100, 100, 0);
    keep = false;
    receive("inner", came, 100, 100, 0);
    receive("inner", came, 100, 100, 0);
    close(came);
    printf("over: %d\n", is_over(inner[0]));
    socketpair(AF_UNIX, SOCK_STREAM, 0, self);
    socketpair(AF_UNIX, SOCK_STREAM, 0, other);
    int pipes[2];
    pipe(pipes);
    send_fd(self[0], "myself", self[1]); /* waits in itself */
    send_fd(self[0], "the pipe", pipes[1]);
    close(pipes[1]);
    fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    printf("held: %ld\n", (long)read(pipes[0], data, 1));
    close(self[1]), close(self[0]);
    for (int i = 0; i < 100 && read(pipes[0], data, 1) < 0; i++) usleep(1000);
    printf("let go: %ld\n", (long)read(pipes[0], data, 1));
    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, self);
    send_fd(self[0], "one in the other", other[1]);
    send_fd(other[0], "and back", self[1]);
    close(self[1]), close(other[1]);
    printf("alive: %ld\n", send_with(self[0], "x", 1, NULL, 0));
    close(other[0]);
    printf("over: %d\n", is_over(self[0]));
    close(self[0]), close(inner[0]), close(outer[0]), close(outer[1]), close(pipes[0]);
}

/* ---- to another process ---- */

static void processes(void)
{
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    pid_t child = fork_quietly();
    if (child == 0) {
        int file = open("passed", O_CREAT | O_RDWR, 0600);
        write(file, "from the child", 14);
        lseek(file, 5, SEEK_SET);
        send_fd(pair[0], "file", file);
        _exit(0);
    }
    join(child);
    keep = true;
    receive("the child's", pair[1], 100, 100, 0);
    keep = false;
    printf("read: %ld\n", (long)read(came, data, 100));
    printf("%.9s\n", data);
    close(came), close(pair[0]), close(pair[1]);
    unlink("passed");
}

/* ---- at random ---- */

static uint32_t state;
static uint32_t below(uint32_t limit)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % limit;
}

static void at_random(unsigned steps)
{
    static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    /* alike whatever the size of a header */
    static const size_t rooms[] = {0, CMSG_LEN(0), CMSG_LEN(sizeof(int)), CMSG_LEN(2 * sizeof(int)),
                                   CMSG_SPACE(sizeof(struct ucred)) + CMSG_LEN(4 * sizeof(int))};
    int pair[3][2], on = 0, file[4];
    unsigned waiting[3] = {0};
    for (unsigned i = 0; i < 3; i++) socketpair(AF_UNIX, types[i], 0, pair[i]);
    for (unsigned i = 0; i < 4; i++) file[i] = open("/dev/zero", O_RDONLY);
    for (unsigned i = 0; i < steps; i++) {
        unsigned which = below(3);
        char text[32];
        size_t bytes = 1 + below(30);
        switch (below(8)) {
        case 0:
            on = below(4) == 0;
            setsockopt(pair[which][1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
            break;
        case 1:
        case 2:
        case 3:
            if (waiting[which] > 7) break;
            waiting[which]++;
            memset(text, 'a' + (int)(i % 26), sizeof text);
            printf("%u: sent %ld\n", which, send_with(pair[which][0], text, bytes, file, below(2) * below(5)));
            break;
        default:
            printf("%u, %zu: ", which, bytes);
            int flags = below(4) == 0 ? MSG_PEEK : below(8) == 0 ? MSG_CMSG_CLOEXEC : 0;
            if (receive("received", pair[which][1], bytes, rooms[below(5)], flags) < 0) waiting[which] = 0;
            if (!(flags & MSG_PEEK) && which && waiting[which]) waiting[which]--;
        }
    }
}

int main(int count, char **argument)
{
    for (int fd = 3; fd < 64; fd++) close(fd); /* the shell's */
    if (count > 2) {
        state = (uint32_t)atoi(argument[1]);
        at_random((unsigned)atoi(argument[2]));
        return 0;
    }
    streams();
    messages(SOCK_SEQPACKET);
    messages(SOCK_DGRAM);
    datagrams();
    wrong();
    credentials(SOCK_STREAM);
    credentials(SOCK_SEQPACKET);
    nests();
    processes();
    return 0;
}
