/* holds.c -- makes one of everything that sockets and System V IPC can hold, with processes that wait for it; works for
 * a while, when a snapshot is likely to be taken; then looks whether all of it is still there. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/programs/say.h"

enum { WORK = 200000, PIECES = 60, PIECE = 4000, FIRST_PATH = 0, FIRST_ABSTRACT = 1 };
struct message {
    long type;
    char text[2000];
};

static void must(int fine, const char *what)
{
    if (fine) return;
    perror(what);
    exit(1);
}

static int made(const char *what, int descriptor)
{
    must(descriptor >= 0, what);
    return descriptor;
}

/* ---- names ---- */

static socklen_t name_local(struct sockaddr_un *name, const char *text, int first)
{
    memset(name, 0, sizeof *name);
    name->sun_family = AF_UNIX;
    memcpy(name->sun_path + first, text, strlen(text));
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)first + strlen(text) + (first == FIRST_PATH));
}

static int bound(int type, const char *text, int first)
{
    struct sockaddr_un name;
    socklen_t bytes = name_local(&name, text, first);
    int own = made("socket", socket(AF_UNIX, type, 0));
    must(bind(own, (struct sockaddr *)&name, bytes) == 0, "bind");
    return own;
}

static int listening(int type, const char *text, int first, int backlog)
{
    int own = bound(type, text, first);
    must(listen(own, backlog) == 0, "listen");
    return own;
}

static int connect_local(int own, const char *text, int first)
{
    struct sockaddr_un name;
    socklen_t bytes = name_local(&name, text, first);
    return connect(own, (struct sockaddr *)&name, bytes);
}

static int connected(int type, const char *text, int first)
{
    int own = made("socket", socket(AF_UNIX, type, 0));
    must(connect_local(own, text, first) == 0, "connect");
    return own;
}

static void say_name(const char *what, const struct sockaddr_un *name, socklen_t bytes)
{
    size_t length = bytes - offsetof(struct sockaddr_un, sun_path);
    printf("%s: %u bytes", what, (unsigned)bytes);
    for (size_t i = 0; bytes > sizeof name->sun_family && i < length; i++) putchar(name->sun_path[i] ?: '@');
    printf("\n");
}

static void say_events(const char *what, int descriptor)
{
    struct pollfd one = {.fd = descriptor, .events = POLLIN | POLLOUT | POLLRDHUP};
    poll(&one, 1, 0);
    printf("%s: events %x\n", what, (unsigned)one.revents);
}

static void say_read(const char *what, int descriptor)
{
    char text[256];
    ssize_t got = recv(descriptor, text, sizeof text, MSG_DONTWAIT);
    if (got < 0)
        say(what, -1);
    else
        printf("%s: '%.*s'\n", what, (int)got, text);
}

/* ---- processes that wait ---- */

static pid_t child(void)
{
    pid_t pid = fork_quietly();
    must(pid >= 0, "fork");
    return pid;
}

/* ---- streams ---- */

static int pair[2], filled[2], halves[2], packets[2], listener, waited, plain, tcp_listener, tcp_left, tcp_slow, tcp_no;
static pid_t accepting, connecting, receiving, sending, polling, watching;

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void make_connections(void)
{
    listener = listening(SOCK_STREAM, "listener", FIRST_ABSTRACT, 1);
    for (int i = 0; i < 2; i++) {
        int one = connected(SOCK_STREAM, "listener", FIRST_ABSTRACT);
        must(write(one, i ? "second" : "first", 6) == 6, "write");
        if (i) shutdown(one, SHUT_WR);
    }
    if (!(connecting = child())) {
        int own = socket(AF_UNIX, SOCK_STREAM, 0);
        say("the queue was full: connect", connect_local(own, "listener", FIRST_ABSTRACT));
        write(own, "third", 5);
        leave(1);
    }
    waited = listening(SOCK_STREAM, "waited", FIRST_PATH, 5);
    if (!(accepting = child())) {
        struct sockaddr_un name;
        socklen_t bytes = sizeof name;
        int end = accept(waited, (struct sockaddr *)&name, &bytes);
        say_name("accepted", &name, bytes);
        write(end, "hello", 5);
        leave(2);
    }
}

static void make_streams(void)
{
    static char text[PIECE];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, filled) == 0 &&
             socketpair(AF_UNIX, SOCK_STREAM, 0, halves) == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets) == 0,
         "socketpair");
    if (!(receiving = child())) {
        char got[9] = "";
        say("the rest has come", recv(pair[0], got, 8, MSG_WAITALL));
        puts(got);
        leave(3);
    }
    must(write(pair[1], "half", 4) == 4, "write");
    if (!(sending = child())) {
        long sum = 0;
        for (int i = 0; i < PIECES; i++) {
            memset(text, 'a' + i % 26, sizeof text);
            sum += write(filled[0], text, sizeof text);
        }
        say("sent", sum);
        leave(4);
    }
    must(write(halves[0], "last words", 10) == 10 && shutdown(halves[0], SHUT_WR) == 0, "shutdown");
    must(send(packets[0], "one", 3, 0) == 3 && send(packets[0], "another", 7, 0) == 7, "send");
}

static void make_tcp(void)
{
    struct sockaddr_in name = loopback(0), nobody = loopback(1);
    socklen_t bytes = sizeof name;
    struct timeval patience = {3, 250000};
    int on = 1, small = 5000;
    tcp_listener = made("socket", socket(AF_INET, SOCK_STREAM, 0));
    must(bind(tcp_listener, (struct sockaddr *)&name, bytes) == 0 && listen(tcp_listener, 3) == 0, "listen");
    getsockname(tcp_listener, (struct sockaddr *)&name, &bytes);
    tcp_left = made("socket", socket(AF_INET, SOCK_STREAM, 0));
    must(connect(tcp_left, (struct sockaddr *)&name, bytes) == 0 && write(tcp_left, "unread", 6) == 6, "connect");
    close(accept(tcp_listener, NULL, NULL));
    tcp_slow = made("socket", socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    done("in progress", connect(tcp_slow, (struct sockaddr *)&name, bytes));
    tcp_no = made("socket", socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    done("in progress", connect(tcp_no, (struct sockaddr *)&nobody, sizeof nobody));
    plain = made("socket", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    setsockopt(plain, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(plain, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    setsockopt(plain, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

static void use_streams(void)
{
    static char text[PIECE];
    long sum = 0;
    for (int i = 0; i < 3; i++) {
        int end = accept(listener, NULL, NULL);
        say_events("pending", end);
        if (i == 2) join(connecting);
        say_read("it says", end);
    }
    for (int i = 0; i < 4; i++) {
        int more = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        say("more", connect_local(more, "listener", FIRST_ABSTRACT));
    }
    socklen_t bytes = sizeof(struct ucred);
    struct ucred peer;
    getsockopt(halves[0], SOL_SOCKET, SO_PEERCRED, &peer, &bytes);
    printf("peer %d\n", (int)peer.pid);
    int own = connected(SOCK_STREAM, "waited", FIRST_PATH);
    join(accepting);
    say_read("accepted one says", own);
    write(pair[1], "time", 4);
    join(receiving);
    for (ssize_t got; sum < PIECES * PIECE && (got = read(filled[1], text, sizeof text)) > 0; sum += got)
        for (ssize_t i = 0; i < got; i += 97) must(text[i] == 'a' + (sum + i) / PIECE % 26, "what was sent");
    join(sending);
    say_events("half", halves[1]);
    say_read("half", halves[1]);
    say_read("half", halves[1]);
    say("half", send(halves[0], "x", 1, MSG_NOSIGNAL));
    for (int i = 0; i < 3; i++) say_read("packet", packets[1]);
}

static void use_tcp(void)
{
    int value = 0;
    struct timeval patience;
    socklen_t bytes = sizeof value;
    say_events("left", tcp_left);
    say_read("left", tcp_left);
    say_events("slow", tcp_slow);
    getsockopt(tcp_slow, SOL_SOCKET, SO_ERROR, &value, &bytes);
    printf("slow: %d\n", value);
    getsockopt(tcp_no, SOL_SOCKET, SO_ERROR, &value, &bytes);
    printf("no: %s\n", strerrorname_np(value));
    getsockopt(plain, IPPROTO_TCP, TCP_NODELAY, &value, &bytes);
    printf("no delay %d, ", value);
    getsockopt(plain, SOL_SOCKET, SO_SNDBUF, &value, &bytes);
    bytes = sizeof patience;
    getsockopt(plain, SOL_SOCKET, SO_RCVTIMEO, &patience, &bytes);
    printf("buffer %d, patience %d.%06d, flags %x\n", value, (int)patience.tv_sec, (int)patience.tv_usec,
           fcntl(plain, F_GETFD));
    done("tcp accept", accept(tcp_listener, NULL, NULL));
}

/* ---- datagrams ---- */

static int box, inet_box, inet_from, polled, watched, set;
static struct stat unlinked;
static char room[60000];

static void send_to_box(int from, const char *text)
{
    struct sockaddr_un name;
    socklen_t bytes = name_local(&name, "box", FIRST_PATH);
    must(sendto(from, text, strlen(text), 0, (struct sockaddr *)&name, bytes) >= 0, "sendto");
}

static void make_datagrams(void)
{
    struct sockaddr_in name = loopback(0);
    socklen_t bytes = sizeof name;
    box = bound(SOCK_DGRAM, "box", FIRST_PATH);
    send_to_box(bound(SOCK_DGRAM, "sender", FIRST_PATH), "from a path");
    send_to_box(bound(SOCK_DGRAM, "sender", FIRST_ABSTRACT), "from an abstract name");
    send_to_box(socket(AF_UNIX, SOCK_DGRAM, 0), "from nobody");
    must(link("box", "box again") == 0 && unlink("box") == 0 && chmod("box again", 0700) == 0, "link");
    bound(SOCK_DGRAM, "gone", FIRST_PATH);
    must(stat("gone", &unlinked) == 0 && unlink("gone") == 0, "unlink");
    bound(SOCK_DGRAM, "gone", FIRST_PATH); /* another of that name */
    inet_box = made("socket", socket(AF_INET, SOCK_DGRAM, 0));
    must(bind(inet_box, (struct sockaddr *)&name, bytes) == 0, "bind");
    getsockname(inet_box, (struct sockaddr *)&name, &bytes);
    int from = made("socket", socket(AF_INET, SOCK_DGRAM, 0));
    must(sendto(from, "from a port", 11, 0, (struct sockaddr *)&name, bytes) == 11, "sendto");
    must(connect(from, (struct sockaddr *)&name, bytes) == 0, "connect");
    for (int i = 0; i < 3; i++) must(send(from, room, sizeof room, 0) == sizeof room, "send");
    inet_from = from;
}

static void make_watchers(void)
{
    polled = bound(SOCK_DGRAM, "polled", FIRST_ABSTRACT);
    watched = bound(SOCK_DGRAM, "watched", FIRST_ABSTRACT);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = 77};
    set = made("epoll", epoll_create1(0));
    must(epoll_ctl(set, EPOLL_CTL_ADD, watched, &event) == 0, "epoll_ctl");
    event = (struct epoll_event){.events = EPOLLIN, .data.u32 = 78};
    must(epoll_ctl(set, EPOLL_CTL_ADD, polled, &event) == 0, "epoll_ctl");
    if (!(polling = child())) {
        struct pollfd one = {.fd = polled, .events = POLLIN};
        say("polled", poll(&one, 1, -1));
        say_read("polled", polled);
        leave(5);
    }
    if (!(watching = child())) {
        say("watched", epoll_wait(set, &event, 1, -1));
        printf("watched: %x %u\n", (unsigned)event.events, event.data.u32);
        leave(6);
    }
}

static void use_datagrams(void)
{
    char text[64];
    struct sockaddr_un name;
    struct sockaddr_in inet;
    struct stat now;
    socklen_t bytes = sizeof inet;
    int from = socket(AF_UNIX, SOCK_DGRAM, 0);
    say("box again", connect_local(from, "box again", FIRST_PATH));
    must(send(from, "late", 4, 0) == 4, "send");
    for (int i = 0; i < 4; i++) {
        bytes = sizeof name;
        ssize_t got = recvfrom(box, text, sizeof text, 0, (struct sockaddr *)&name, &bytes);
        printf("'%.*s' ", (int)got, text);
        say_name("comes from", &name, bytes);
    }
    bytes = sizeof inet;
    say("inet", recvfrom(inet_box, text, sizeof text, 0, (struct sockaddr *)&inet, &bytes));
    printf("from port %u\n", ntohs(inet.sin_port));
    for (int i = 0; i < 3; i++) send(inet_from, room, sizeof room, 0); /* not all of it can be kept */
    for (int i = 0; i < 6; i++) say("inet", recv(inet_box, room, sizeof room, MSG_DONTWAIT));
    must(stat("gone", &now) == 0, "stat");
    printf("gone: %s, mode %o\n", now.st_ino == unlinked.st_ino ? "the same" : "another", (unsigned)now.st_mode);
    must(stat("box again", &now) == 0, "stat");
    printf("box: mode %o, inode %u\n", (unsigned)now.st_mode, (unsigned)now.st_ino);
    connect_local(from, "polled", FIRST_ABSTRACT);
    send(from, "to the polled", 13, 0);
    join(polling);
    connect_local(from, "watched", FIRST_ABSTRACT);
    send(from, "to the watched", 14, 0);
    join(watching);
}

/* ---- what is passed on ---- */

static int carrier[2], loop[2], end_of_loop;

static int pass(int by, const int *files, unsigned count, const char *text)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(8 * sizeof(int))];
    } control = {.head = {CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    struct iovec vector = {(void *)text, strlen(text)};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = count ? &control : NULL,
                             .msg_controllen = count ? CMSG_SPACE(count * sizeof(int)) : 0};
    memcpy(CMSG_DATA(&control.head), files, count * sizeof(int));
    return (int)sendmsg(by, &message, 0);
}

static int receive(const char *what, int by, int *files, unsigned room)
{
    char text[64];
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(8 * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec vector = {text, sizeof text};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(by, &message, 0);
    printf("%s: '%.*s'", what, (int)got, text);
    unsigned count = 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_type == SCM_CREDENTIALS) {
            struct ucred sender;
            memcpy(&sender, CMSG_DATA(head), sizeof sender);
            printf(" by %d %d %d", (int)sender.pid, (int)sender.uid, (int)sender.gid);
        } else {
            count = (unsigned)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            memcpy(files, CMSG_DATA(head), (count < room ? count : room) * sizeof(int));
        }
    }
    printf(" with %u\n", count);
    return (int)count;
}

/* A file without a name, the end of a pipe, a listening socket with somebody in its queue, and a pair of sockets with
 * something in flight itself; then a socket that only its own message holds. */
static void make_passed(void)
{
    int pipe_ends[2], inner[2], on = 1;
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, carrier) == 0 && socketpair(AF_UNIX, SOCK_DGRAM, 0, inner) == 0, "pair");
    setsockopt(carrier[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    must(pipe(pipe_ends) == 0 && write(pipe_ends[1], "piped", 5) == 5, "pipe");
    int file = made("open", open("passed", O_RDWR | O_CREAT, 0600));
    must(write(file, "in the file", 11) == 11 && lseek(file, 3, SEEK_SET) == 3 && unlink("passed") == 0, "file");
    int queue = listening(SOCK_SEQPACKET, "passed", FIRST_ABSTRACT, 4);
    int client = connected(SOCK_SEQPACKET, "passed", FIRST_ABSTRACT);
    must(pass(client, &file, 1, "nested") == 6, "pass");
    must(pass(inner[0], pipe_ends, 2, "a pipe") == 6, "pass");
    must(write(carrier[0], "before ", 7) == 7, "write");
    must(pass(carrier[0], (int[]){file, queue, inner[1]}, 3, "with") == 4, "pass");
    must(write(carrier[0], " behind", 7) == 7, "write");
    const int all[] = {file, queue, client, inner[0], inner[1], pipe_ends[0], pipe_ends[1]};
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) close(all[i]);
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, loop) == 0 && pipe(pipe_ends) == 0, "loop");
    must(pass(loop[1], (int[]){loop[0], pipe_ends[1]}, 2, "loop") == 4, "pass");
    close(loop[0]);
    close(pipe_ends[1]);
    end_of_loop = pipe_ends[0];
    fcntl(end_of_loop, F_SETFL, O_NONBLOCK);
}

static void use_passed(void)
{
    int files[8] = {0}, ends[2], nested;
    char text[64];
    say("loop", read(end_of_loop, text, sizeof text)); /* somebody can write, as far as is known yet */
    close(loop[1]);
    say("loop", read(end_of_loop, text, sizeof text));
    receive("carried", carrier[1], files, 8);
    receive("carried behind", carrier[1], NULL, 0);
    pass(carrier[0], files, 1, "again");
    receive("carried again", carrier[1], ends, 2);
    printf("file: %zd, '%.*s'\n", read(files[0], text, sizeof text), 8, text);
    int end = accept(files[1], NULL, NULL);
    receive("nested", end, &nested, 1);
    printf("file: at %ld\n", (long)lseek(nested, 0, SEEK_CUR));
    receive("inner", files[2], ends, 2);
    printf("pipe: %zd\n", read(ends[0], text, sizeof text));
}

/* ---- System V IPC ---- */

union semun {
    int value;
    unsigned short *array;
};
static int semaphores, queue, full;
static pid_t undoing, lowering, for_zero, in_time, for_seven, for_room;

static long operate(int number, int change, int flags)
{
    struct sembuf one = {(unsigned short)number, (short)change, (short)flags};
    return semop(semaphores, &one, 1);
}

static void make_semaphores(void)
{
    int gone = semget(IPC_PRIVATE, 1, 0600);
    semaphores = semget(0x5e3a, 4, IPC_CREAT | 0640);
    semctl(gone, 0, IPC_RMID);
    must(semctl(semaphores, 0, SETALL, (union semun){.array = (unsigned short[]){0, 3, 5, 0}}) == 0, "semctl");
    if (!(undoing = child())) {
        operate(2, -2, SEM_UNDO);
        operate(3, 4, SEM_UNDO);
        pause();
    }
    if (!(lowering = child())) {
        struct sembuf two[2] = {{1, 1, 0}, {0, -2, 0}};
        say("lowered", semop(semaphores, two, 2));
        leave(8);
    }
    if (!(for_zero = child())) {
        say("zero", operate(1, 0, 0));
        leave(9);
    }
    if (!(in_time = child())) {
        struct sembuf one = {0, -9, 0};
        say("in time", semtimedop(semaphores, &one, 1, &(struct timespec){2, 0}));
        leave(10);
    }
}

static void say_semaphores(void)
{
    unsigned short value[4];
    semctl(semaphores, 0, GETALL, (union semun){.array = value});
    for (int i = 0; i < 4; i++)
        printf("semaphore %u, process %d, waiting %d and %d\n", value[i], semctl(semaphores, i, GETPID),
               semctl(semaphores, i, GETNCNT), semctl(semaphores, i, GETZCNT));
}

static void make_queues(void)
{
    struct message message = {.text = "text"};
    queue = msgget(0x9e0e, IPC_CREAT | 0600);
    full = msgget(IPC_PRIVATE, 0600);
    for (long type = 3; type >= 1; type--) {
        message.type = type;
        must(msgsnd(queue, &message, (size_t)(4 * type), 0) == 0, "msgsnd");
    }
    while (msgsnd(full, &message, sizeof message.text, IPC_NOWAIT) == 0) continue;
    if (!(for_seven = child())) {
        say("seven", msgrcv(queue, &message, sizeof message.text, 7, 0));
        puts(message.text);
        leave(11);
    }
    if (!(for_room = child())) {
        message.type = 99;
        say("there is room", msgsnd(full, &message, sizeof message.text, 0));
        leave(12);
    }
}

static void say_queue(const char *what, int id)
{
    struct msqid_ds status;
    msgctl(id, IPC_STAT, &status);
    printf("%s: %u messages, %u bytes, key %x, id %d, by %d and %d\n", what, (unsigned)status.msg_qnum,
           (unsigned)status.__msg_cbytes, (unsigned)status.msg_perm.__key, id, status.msg_lspid, status.msg_lrpid);
}

static void use_queues(void)
{
    struct message message = {.type = 7, .text = "seven comes"};
    say_queue("queue", queue);
    say_queue("full", full);
    done("send", msgsnd(queue, &message, 12, 0));
    join(for_seven);
    for (int i = 0; i < 3; i++) {
        say("received", msgrcv(queue, &message, sizeof message.text, i ? 0 : -2, IPC_NOWAIT));
        printf("type %ld\n", message.type);
    }
    say("received", msgrcv(full, &message, sizeof message.text, 0, 0));
    join(for_room);
    say_queue("full", full);
    msgctl(queue, IPC_RMID, NULL);
    say("the next id", msgget(IPC_PRIVATE, 0600));
}

static void use_semaphores(void)
{
    say_semaphores();
    kill(undoing, SIGTERM);
    join(undoing);
    done("up", operate(0, 2, 0));
    join(lowering);
    done("down", operate(1, -4, 0));
    join(for_zero);
    join(in_time);
    say_semaphores();
    semctl(semaphores, 0, IPC_RMID);
    say("the next id", semget(IPC_PRIVATE, 1, 0600));
}

/* In the directory that is named. */
int main(int argc, char **argv)
{
    volatile unsigned work = 1;
    must(argc < 2 || chdir(argv[1]) == 0, "chdir");
    make_semaphores();
    make_queues();
    make_connections();
    make_streams();
    make_tcp();
    make_datagrams();
    make_watchers();
    make_passed(); /* the last: whenever a socket is closed, what nobody can reach is looked for */
    for (int i = 0; i < WORK; i++) work = work * 1664525 + 1013904223;
    printf("worked %08x\n", work);
    use_passed();
    use_datagrams();
    use_streams();
    use_tcp();
    use_queues();
    use_semaphores();
    leave(13);
}
