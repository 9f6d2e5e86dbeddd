/* sockets.c -- sockets that stay on the machine: streams and datagrams, of paths, abstract names and 127.0.0.1. Prints
 * the same on every Linux, whatever the speed. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- telling ---- */

static void tell(const char *what, long result)
{
    printf("%s: %ld", what, result);
    if (result < 0) printf(" %s", strerror(errno));
    printf("\n");
}

/* A descriptor's number is not told. */
static int made(const char *what, int descriptor)
{
    tell(what, descriptor < 0 ? descriptor : 0);
    return descriptor;
}

static void tell_events(const char *what, int descriptor)
{
    struct pollfd poll_one = {.fd = descriptor, .events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI};
    poll(&poll_one, 1, 0);
    printf("%s:%s%s%s%s%s\n", what, poll_one.revents & POLLIN ? " in" : "", poll_one.revents & POLLOUT ? " out" : "",
           poll_one.revents & POLLERR ? " err" : "", poll_one.revents & POLLHUP ? " hup" : "",
           poll_one.revents & POLLRDHUP ? " rdhup" : "");
}

static void tell_bytes(const char *what, ssize_t got, const char *bytes)
{
    if (got < 0)
        tell(what, got);
    else
        printf("%s: %zd '%.*s'\n", what, got, (int)got, bytes);
}

static void tell_error(const char *what, int descriptor)
{
    int error = -1;
    socklen_t length = sizeof error;
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
    printf("%s: %s\n", what, strerror(error));
}

/* ---- names ---- */

static struct sockaddr_in inet(unsigned host, unsigned port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(host)};
}

static socklen_t local(struct sockaddr_un *name, const char *path, int abstract)
{
    memset(name, 0, sizeof *name);
    name->sun_family = AF_UNIX;
    strcpy(name->sun_path + abstract, path);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
}

#define NAME(name) ((const struct sockaddr *)&(name)), sizeof(name)

static unsigned port_of(int descriptor)
{
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    getsockname(descriptor, (struct sockaddr *)&name, &length);
    return ntohs(name.sin_port);
}

/* A listening socket at a port of the kernel's choice. */
static int listening(int backlog)
{
    int server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in name = inet(INADDR_LOOPBACK, 0);
    if (bind(server, NAME(name)) < 0 || listen(server, backlog) < 0) tell("listening", -1);
    return server;
}

static int connected(int server, int *end)
{
    struct sockaddr_in name = inet(INADDR_LOOPBACK, port_of(server));
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, NAME(name)) < 0) tell("connected", -1);
    *end = accept(server, NULL, NULL);
    return client;
}

/* ---- making and naming ---- */

static void making(void)
{
    made("family", socket(AF_UNSPEC, SOCK_STREAM, 0));
    made("type", socket(AF_INET, 77, 0));
    made("protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    made("raw protocol", socket(AF_UNIX, SOCK_STREAM, 5));
    int one = made("socket", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
    printf("flags %d %d\n", fcntl(one, F_GETFD), fcntl(one, F_GETFL) == (O_RDWR | O_NONBLOCK));
    struct sockaddr_in far = inet(0x08080808, 80), any = inet(INADDR_ANY, 0), name;
    socklen_t length = sizeof name;
    tell("bind elsewhere", bind(one, NAME(far)));
    tell("bind short", bind(one, (struct sockaddr *)&any, 8));
    tell("name", getsockname(one, (struct sockaddr *)&name, &length));
    printf("family %d port %d address %x length %u\n", name.sin_family, ntohs(name.sin_port), name.sin_addr.s_addr,
           length);
    tell("peer", getpeername(one, (struct sockaddr *)&name, &length));
    tell("bind", bind(one, NAME(any)));
    tell("again", bind(one, NAME(any)));
    printf("port %d\n", port_of(one) >= 32768);
    int two = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in same = inet(INADDR_LOOPBACK, port_of(one));
    tell("taken", bind(two, NAME(same)));
    int on = 1;
    tell("reuse", setsockopt(two, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    tell("still taken", bind(two, NAME(same)));
    tell_events("fresh", two);
    tell("read", recv(two, &on, 1, 0));
    tell("accept", accept(two, NULL, NULL));
    close(one);
    tell("free", bind(two, NAME(same)));
    close(two);
}

static void options(void)
{
    static const struct {
        const char *text;
        int level, name;
    } row[] = {{"reuse", SOL_SOCKET, SO_REUSEADDR},
               {"keepalive", SOL_SOCKET, SO_KEEPALIVE},
               {"broadcast", SOL_SOCKET, SO_BROADCAST},
               {"nodelay", IPPROTO_TCP, TCP_NODELAY},
               {"type", SOL_SOCKET, SO_TYPE},
               {"domain", SOL_SOCKET, SO_DOMAIN},
               {"protocol", SOL_SOCKET, SO_PROTOCOL},
               {"listens", SOL_SOCKET, SO_ACCEPTCONN},
               {"nothing", SOL_SOCKET, 4711}};
    int one = socket(AF_INET, SOCK_STREAM, 0), value;
    for (unsigned i = 0; i < sizeof row / sizeof row[0]; i++) {
        socklen_t length = sizeof value;
        value = 7;
        int set = setsockopt(one, row[i].level, row[i].name, &value, sizeof value);
        printf("%s: set %s", row[i].text, set < 0 ? strerror(errno) : "done");
        value = 0;
        int got = getsockopt(one, row[i].level, row[i].name, &value, &length);
        printf(", get %s %d %u\n", got < 0 ? strerror(errno) : "done", value, length);
    }
    struct timeval time = {0, 20000};
    tell("patience", setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
    close(one);
}

/* ---- streams ---- */

static void refused(void)
{
    int server = listening(1), client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in gone = inet(INADDR_LOOPBACK, port_of(server));
    close(server);
    tell("refused", connect(client, NAME(gone)));
    int later = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    tell("in progress", connect(later, NAME(gone)));
    tell_events("refused", later);
    tell_error("error", later);
    tell_error("then", later);
    close(client), close(later);
    struct sockaddr_un name;
    socklen_t length = local(&name, "nowhere", 0);
    client = socket(AF_UNIX, SOCK_STREAM, 0);
    tell("no path", connect(client, (struct sockaddr *)&name, length));
    length = local(&name, "nowhere", 1);
    tell("no name", connect(client, (struct sockaddr *)&name, length));
    close(open("file", O_CREAT | O_RDWR, 0600));
    length = local(&name, "file", 0);
    tell("a file", connect(client, (struct sockaddr *)&name, length));
    tell("its name", bind(client, (struct sockaddr *)&name, length));
    tell("listen unnamed", listen(client, 1));
    tell_events("fresh", client);
    tell("send", send(client, "x", 1, MSG_NOSIGNAL));
    tell("receive", recv(client, &length, 1, 0));
    close(client);
}

static void progress(void)
{
    int server = listening(4), client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in name = inet(INADDR_LOOPBACK, port_of(server)), peer;
    socklen_t length = sizeof peer;
    fcntl(server, F_SETFL, O_NONBLOCK);
    tell("nobody yet", accept(server, NULL, NULL));
    tell_events("listening", server);
    tell("in progress", connect(client, NAME(name)));
    tell_events("connected", client);
    tell_error("error", client);
    tell("connect", connect(client, NAME(name)));
    tell("again", connect(client, NAME(name)));
    tell_events("pending", server);
    int end = made("accept", accept4(server, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK));
    printf("peer %x %d, %u\n", ntohl(peer.sin_addr.s_addr), ntohs(peer.sin_port) == port_of(client), length);
    printf("port %d, nonblocking %d\n", port_of(end) == port_of(server), (fcntl(end, F_GETFL) & O_NONBLOCK) != 0);
    tell("nothing", read(end, &peer, 1));
    close(end), close(client), close(server);
}

static void flags(void)
{
    int end, server = listening(1), client = connected(server, &end), count = 0;
    char bytes[32] = "";
    send(client, "hello world", 11, 0);
    tell_bytes("peek", recv(end, bytes, 5, MSG_PEEK), bytes);
    ioctl(end, FIONREAD, &count);
    printf("there %d\n", count);
    tell_bytes("read", read(end, bytes, 6), bytes);
    struct iovec part[2] = {{bytes, 2}, {bytes + 2, 3}};
    struct msghdr message = {.msg_iov = part, .msg_iovlen = 2};
    tell_bytes("message peeked", recvmsg(end, &message, MSG_PEEK), bytes);
    tell_bytes("message", recvmsg(end, &message, 0), bytes);
    tell("empty", recv(end, bytes, 1, MSG_DONTWAIT));
    tell("sent", sendmsg(client, &message, 0));
    tell_bytes("vectors", readv(end, part, 2), bytes);
    tell("not connected there", send(server, "x", 1, MSG_NOSIGNAL));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 4; i++) {
            usleep(2000);
            send(client, "abcd" + i, 1, 0);
        }
        _exit(0);
    }
    tell_bytes("all", recv(end, bytes, 4, MSG_WAITALL), bytes);
    waitpid(child, NULL, 0);
    struct timeval time = {0, 20000};
    setsockopt(end, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    tell("patience", recv(end, bytes, 1, 0));
    close(end), close(client), close(server);
}

static volatile int broken;
static void on_pipe(int number) { broken += number == SIGPIPE; }

static void endings(void)
{
    int end, server = listening(1), client = connected(server, &end);
    char bytes[8];
    struct sigaction action = {.sa_handler = on_pipe};
    sigaction(SIGPIPE, &action, NULL);
    tell_events("both", client);
    tell("shut", shutdown(client, SHUT_WR));
    tell_events("half", client);
    tell_events("other half", end);
    tell("end", read(end, bytes, 1));
    tell("sent", send(client, "x", 1, 0));
    printf("signals %d\n", broken);
    send(end, "back", 4, 0);
    tell_bytes("back", recv(client, bytes, 8, 0), bytes);
    tell("shut", shutdown(end, SHUT_RDWR));
    tell_events("over", client);
    close(end), close(client);
    client = connected(server, &end);
    close(end);
    tell_events("closed", client);
    tell("first", send(client, "x", 1, MSG_NOSIGNAL));
    tell("second", send(client, "x", 1, MSG_NOSIGNAL));
    tell("read", recv(client, bytes, 1, 0));
    close(client);
    client = connected(server, &end);
    send(client, "unread", 6, 0);
    send(end, "y", 1, 0);
    close(end);
    tell_events("reset", client);
    tell_bytes("read", recv(client, bytes, 8, 0), bytes);
    tell_events("read", client);
    tell("reset", recv(client, bytes, 8, 0));
    tell_events("told", client);
    tell("end", recv(client, bytes, 8, 0));
    tell("sent", send(client, "x", 1, MSG_NOSIGNAL));
    tell_events("ended", client);
    close(client);
    client = connected(server, &end);
    send(client, "unread", 6, 0);
    close(end);
    tell("send to a reset", send(client, "x", 1, MSG_NOSIGNAL));
    tell_events("told", client);
    tell("again", send(client, "x", 1, MSG_NOSIGNAL));
    tell("end", recv(client, bytes, 8, 0));
    close(client);
    client = connected(server, &end);
    send(client, "unread", 6, 0);
    close(end);
    tell_error("reset", client);
    tell_events("told", client);
    tell("send", send(client, "x", 1, MSG_NOSIGNAL));
    close(client), close(server);
    tell("unconnected", shutdown(socket(AF_INET, SOCK_STREAM, 0), SHUT_WR));
}

/* Many bytes through a full connection, with a thread that sends. */
enum { MANY = 3000000 };
static void *sending(void *argument)
{
    static unsigned char bytes[MANY];
    for (unsigned i = 0; i < MANY; i++) bytes[i] = (unsigned char)(i * 7 + i / 4096);
    ssize_t sent = send(*(int *)argument, bytes, MANY, 0);
    shutdown(*(int *)argument, SHUT_WR);
    return (void *)(sent == MANY ? 1l : 0l);
}

static void many(void)
{
    static unsigned char bytes[65536];
    int end, server = listening(1), client = connected(server, &end);
    unsigned total = 0, wrong = 0;
    pthread_t thread;
    void *whole;
    pthread_create(&thread, NULL, sending, &client);
    for (ssize_t got; (got = recv(end, bytes, sizeof bytes, 0)) > 0;)
        for (ssize_t i = 0; i < got; i++, total++) wrong += bytes[i] != (unsigned char)(total * 7 + total / 4096);
    pthread_join(thread, &whole);
    printf("received %u, wrong %u, sent %d\n", total, wrong, whole != NULL);
    close(end), close(client), close(server);
}

/* ---- a server of several clients ---- */

static void client_of(unsigned port, int number)
{
    char line[32], back[32] = "";
    struct sockaddr_in name = inet(INADDR_LOOPBACK, port);
    int one = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(one, NAME(name)) < 0) _exit(1);
    for (int i = 0; i < 20; i++) {
        int length = snprintf(line, sizeof line, "%d says %d", number, i);
        if (send(one, line, (size_t)length, 0) != length) _exit(2);
        if (recv(one, back, (size_t)length, MSG_WAITALL) != length || memcmp(line, back, (size_t)length)) _exit(3);
    }
    _exit(0);
}

static void serving(void)
{
    enum { CLIENTS = 4 };
    int server = listening(CLIENTS), set = epoll_create1(0), open_ends = 0, met = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = server};
    char bytes[64];
    fcntl(server, F_SETFL, O_NONBLOCK);
    epoll_ctl(set, EPOLL_CTL_ADD, server, &event);
    fflush(stdout);
    for (int i = 0; i < CLIENTS; i++)
        if (fork() == 0) client_of(port_of(server), i);
    unsigned long echoed = 0;
    while ((met < CLIENTS || open_ends) && epoll_wait(set, &event, 1, -1) == 1) {
        if (event.data.fd == server) {
            event.data.fd = accept(server, NULL, NULL);
            event.events = EPOLLIN;
            epoll_ctl(set, EPOLL_CTL_ADD, event.data.fd, &event);
            met++, open_ends++;
            continue;
        }
        ssize_t got = recv(event.data.fd, bytes, sizeof bytes, 0);
        if (got <= 0) close(event.data.fd), open_ends--;
        if (got > 0) echoed += (unsigned long)send(event.data.fd, bytes, (size_t)got, 0);
    }
    int good = 0;
    for (int status; wait(&status) > 0;) good += status == 0;
    printf("served %d, echoed %lu, content %d\n", met, echoed, good);
    close(set), close(server);
}

/* ---- local names ---- */

static void tell_name(const char *what, int (*get)(int, struct sockaddr *, socklen_t *), int descriptor)
{
    struct sockaddr_un name;
    socklen_t length = sizeof name;
    memset(&name, 0, sizeof name);
    if (get(descriptor, (struct sockaddr *)&name, &length) < 0) return tell(what, -1);
    printf("%s: family %d, %u bytes, %d '%s'\n", what, name.sun_family, length, name.sun_path[0] != 0,
           name.sun_path[0] ? name.sun_path : name.sun_path + 1);
}
static int own_name(int descriptor, struct sockaddr *name, socklen_t *length)
{
    return getsockname(descriptor, name, length);
}
static int peer_name(int descriptor, struct sockaddr *name, socklen_t *length)
{
    return getpeername(descriptor, name, length);
}

static void locals(int type, int abstract)
{
    struct sockaddr_un name;
    struct stat status;
    char bytes[16];
    const char *path = abstract ? "covm's test" : "named";
    socklen_t length = local(&name, path, abstract);
    int server = socket(AF_UNIX, type, 0), client = socket(AF_UNIX, type, 0);
    tell("bind", bind(server, (struct sockaddr *)&name, length));
    tell("twice", bind(client, (struct sockaddr *)&name, length));
    tell("early", connect(client, (struct sockaddr *)&name, length));
    tell("listen", listen(server, 0));
    if (!abstract) printf("socket %d\n", stat(path, &status) == 0 && S_ISSOCK(status.st_mode));
    tell("connect", connect(client, (struct sockaddr *)&name, length));
    int full = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
    tell("full", connect(full, (struct sockaddr *)&name, length));
    int end = made("accept", accept(server, NULL, NULL));
    int other = socket(AF_UNIX, SOCK_DGRAM, 0);
    tell("other type", connect(other, (struct sockaddr *)&name, length));
    tell_name("own", own_name, end);
    tell_name("peer", peer_name, end);
    tell_name("client", own_name, client);
    tell_name("its peer", peer_name, client);
    struct ucred who;
    socklen_t room = sizeof who;
    getsockopt(end, SOL_SOCKET, SO_PEERCRED, &who, &room);
    printf("peer is me %d\n", who.pid == getpid());
    send(client, "one", 3, 0);
    send(client, "two", 3, 0);
    tell_bytes("got", recv(end, bytes, sizeof bytes, 0), bytes);
    socklen_t sender = sizeof name;
    send(end, "back", 4, 0);
    tell_bytes("back", recvfrom(client, bytes, sizeof bytes, 0, (struct sockaddr *)&name, &sender), bytes);
    printf("sender %d\n", sender == length);
    length = local(&name, path, abstract);
    tell("bind again", bind(server, (struct sockaddr *)&name, length));
    length = local(&name, "elsewhere", abstract);
    tell("elsewhere", bind(server, (struct sockaddr *)&name, length));
    tell("by any name", bind(server, (struct sockaddr *)&name, sizeof(sa_family_t)));
    length = local(&name, "no/directory", abstract);
    tell("in no directory", bind(server, (struct sockaddr *)&name, length));
    printf("made %d\n", access("elsewhere", F_OK) == 0);
    length = local(&name, path, abstract);
    unlink(path);
    close(server);
    tell("gone", connect(full, (struct sockaddr *)&name, length));
    close(end);
    tell_events("closed", client);
    broken = 0;
    tell("sent", send(client, "x", 1, 0));
    printf("signals %d\n", broken);
    close(client), close(full), close(other);
}

/* ---- datagrams ---- */

static void datagrams(void)
{
    int one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in any = inet(INADDR_LOOPBACK, 0), to, from;
    socklen_t length = sizeof from;
    char bytes[32];
    bind(one, NAME(any));
    to = inet(INADDR_LOOPBACK, port_of(one));
    tell("nowhere", send(two, "x", 1, 0));
    tell("to", sendto(two, "datagram", 8, 0, NAME(to)));
    tell("empty", sendto(two, "", 0, 0, NAME(to)));
    tell_bytes("cut", recvfrom(one, bytes, 4, MSG_PEEK, NULL, NULL), bytes);
    tell("full length", recv(one, bytes, 4, MSG_PEEK | MSG_TRUNC));
    tell_bytes("from", recvfrom(one, bytes, 32, 0, (struct sockaddr *)&from, &length), bytes);
    printf("%x %d\n", ntohl(from.sin_addr.s_addr), ntohs(from.sin_port) == port_of(two));
    tell_events("waits", one);
    tell("empty", recv(one, bytes, 32, 0));
    tell("back", sendto(one, "back", 4, 0, NAME(from)));
    struct iovec part[2] = {{bytes, 1}, {bytes + 1, 2}};
    struct msghdr message = {.msg_iov = part, .msg_iovlen = 2, .msg_name = &from, .msg_namelen = sizeof from};
    tell_bytes("message", recvmsg(two, &message, 0), bytes);
    printf("cut %d\n", message.msg_flags == MSG_TRUNC);
    tell("none", recv(two, bytes, 1, 0));
    tell("connect", connect(two, NAME(to)));
    message = (struct msghdr){.msg_iov = part, .msg_iovlen = 2};
    tell("gathered", sendmsg(two, &message, 0));
    tell("written", writev(two, part, 2));
    tell_bytes("got", read(one, bytes, 32), bytes);
    tell_bytes("got", read(one, bytes, 32), bytes);
    close(one);
    tell("to nobody", send(two, "x", 1, 0));
    tell("refused", send(two, "x", 1, 0));
    tell("listen", listen(two, 1));
    static char big[70000];
    tell("too long", sendto(two, big, sizeof big, 0, NAME(to)));
    close(two);
}

static void local_datagrams(void)
{
    struct sockaddr_un name, from;
    socklen_t length = local(&name, "box", 0), room = sizeof from;
    char bytes[32];
    int one = socket(AF_UNIX, SOCK_DGRAM, 0), two = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), sent = 0;
    bind(one, (struct sockaddr *)&name, length);
    tell("unconnected", send(two, "x", 1, 0));
    tell("connect", connect(two, (struct sockaddr *)&name, length));
    while (send(two, "again", 5, 0) == 5) sent++;
    tell("full", -1);
    printf("sent %d\n", sent > 5);
    tell_bytes("got", recvfrom(one, bytes, 32, 0, (struct sockaddr *)&from, &room), bytes);
    printf("from %u\n", room);
    close(one);
    tell("gone", send(two, "x", 1, 0));
    unlink("box");
    close(two);
}

/* A message of no bytes is one; a stream has none. */
static void no_bytes(int type)
{
    int pair[2];
    char bytes[8];
    struct iovec part = {bytes, 0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair);
    tell("send", send(pair[0], bytes, 0, 0));
    tell_events("there", pair[1]);
    tell("peek", recv(pair[1], bytes, sizeof bytes, MSG_PEEK));
    tell("receive", recv(pair[1], bytes, sizeof bytes, 0));
    tell("write", write(pair[0], bytes, 0));
    tell("receive", read(pair[1], bytes, sizeof bytes));
    tell("write vectors", writev(pair[0], &part, 1));
    tell("receive", recv(pair[1], bytes, sizeof bytes, 0));
    tell("send message", sendmsg(pair[0], &message, 0));
    tell("receive", recv(pair[1], bytes, sizeof bytes, 0));
    send(pair[0], "one", 3, 0), send(pair[0], "", 0, 0), send(pair[0], "two", 3, 0);
    tell("read nothing", read(pair[1], bytes, 0));
    tell("nor with vectors", readv(pair[1], &part, 1));
    for (int i = 0; i < 4; i++) {
        ssize_t got = recv(pair[1], bytes, sizeof bytes, 0);
        tell_bytes("got", got, bytes);
    }
    if (type != SOCK_STREAM) {
        send(pair[0], "lost", 4, 0);
        tell("length in full", recv(pair[1], bytes, 0, MSG_TRUNC));
        tell("empty", recv(pair[1], bytes, 0, 0));
    }
    close(pair[0]), close(pair[1]);
}

int main(void)
{
    making();
    options();
    refused();
    progress();
    flags();
    endings();
    many();
    serving();
    locals(SOCK_STREAM, 0);
    locals(SOCK_SEQPACKET, 0);
    locals(SOCK_STREAM, 1);
    datagrams();
    local_datagrams();
    no_bytes(SOCK_STREAM);
    no_bytes(SOCK_DGRAM);
    no_bytes(SOCK_SEQPACKET);
    return 0;
}
