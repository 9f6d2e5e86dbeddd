/* connections.c -- making sockets, and connecting them: a connection is a pair of pipes, of which each end reads one
 * and writes the other. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hwsim/platform/user/snapshot.h"
#include "hwsim/platform/user/sockets.h"

enum { TYPE_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC, BACKLOG_MAX = 4096 };

/* ---- making and closing ---- */

struct file *socket_at(const struct user *user, uint32_t descriptor, int64_t *status)
{
    struct file *file = file_at(user, descriptor);
    *status = !file || file->kind == FILE_PATH ? -EBADF : file->kind != FILE_SOCKET ? -ENOTSOCK : 0;
    return *status < 0 ? NULL : file;
}

struct file *socket_create(struct user *user, int domain, int type, int flags)
{
    struct file *file = file_create(FILE_SOCKET, (flags & O_NONBLOCK) | O_RDWR, -1);
    struct socket *socket = calloc(1, sizeof *socket);
    if (!file || !socket) hw_panic(user->core, "no host memory for a socket of the guest's");
    *socket =
        (struct socket){.file = file, .domain = domain, .type = type, .number = pipe_next_number(user), .node = -1};
    socket->own.inet.sin_family = (sa_family_t)domain;
    socket->own.bytes = domain == AF_UNIX ? sizeof(sa_family_t) : sizeof socket->own.inet;
    socket_options_reset(socket);
    file->socket = socket;
    file->packets = type != SOCK_STREAM;
    return file;
}

static bool is_inet_stream(const struct socket *socket)
{
    return !socket_is_local(socket) && socket->type == SOCK_STREAM;
}

/* Is it one of a pair of datagram sockets? Neither of them hears of the other's end before it sends something. */
static bool is_of_pair(const struct socket *socket) { return socket->type == SOCK_DGRAM && socket->file->in; }

/* What the other end sent and nobody has read, it hears of. */
void socket_close(struct user *user, struct file *file)
{
    struct socket *socket = file->socket;
    if (file->in && !is_of_pair(socket) && (pipe_available(file) || file->awaited)) pipe_abort(file);
    if (file->in) passing_forget(user, file->in, true);
    if (socket->named) socket_names_remove(user, socket);
    for (uint32_t i = 0; i < socket->pending_count; i++) file_release(user, socket->pending[i]);
    free(socket->pending);
    datagrams_drop(user, socket);
    if (socket->node >= 0) close(socket->node);
    free(socket);
    file->socket = NULL;
}

uint64_t socket_number(const struct file *file) { return file->socket->number; }

/* Of SOCK_NONBLOCK and SOCK_CLOEXEC, what open takes. */
static int open_flags(uint32_t type)
{
    return (type & SOCK_NONBLOCK ? O_NONBLOCK : 0) | (type & SOCK_CLOEXEC ? O_CLOEXEC : 0);
}

int64_t sys_socket(struct user *user, const uint32_t *a)
{
    uint32_t type = a[1] & ~(uint32_t)TYPE_FLAGS;
    bool local = a[0] == AF_UNIX;
    uint32_t own = local ? 1 : type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    if (type > SOCK_PACKET) return -EINVAL;
    if (!local && a[0] != AF_INET) return -EAFNOSUPPORT;
    if (type == SOCK_RAW && !local) return -EPERM;
    if (type != SOCK_STREAM && type != SOCK_DGRAM && !(local && type == SOCK_SEQPACKET)) return -ESOCKTNOSUPPORT;
    if (a[2] && a[2] != own) return -EPROTONOSUPPORT;
    int flags = open_flags(a[1]);
    return file_install(user, socket_create(user, (int)a[0], (int)type, flags), 0, flags & O_CLOEXEC);
}

int64_t sys_socketpair(struct user *user, const uint32_t *a)
{
    uint32_t type = a[1] & ~(uint32_t)TYPE_FLAGS;
    int flags = open_flags(a[1]);
    if (type > SOCK_PACKET) return -EINVAL;
    if (a[0] != AF_UNIX) return a[0] == AF_INET ? -EOPNOTSUPP : -EAFNOSUPPORT;
    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET) return -ESOCKTNOSUPPORT;
    if (a[2] > 1) return -EPROTONOSUPPORT;
    if (space_accessible(user, a[3], 8, true) != 8) return -EFAULT;
    struct file *const files[2] = {socket_create(user, AF_UNIX, (int)type, flags),
                                   socket_create(user, AF_UNIX, (int)type, flags)};
    pipe_connect(user, files, type != SOCK_STREAM);
    for (unsigned i = 0; i < 2; i++) {
        files[i]->socket->peer = files[!i]->socket->own;
        files[i]->socket->peer_process = user->process->id;
    }
    return file_install_pair(user, files, a[3], flags & O_CLOEXEC);
}

/* ---- listening ---- */

int64_t sys_listen(struct user *user, const uint32_t *a)
{
    int64_t status;
    struct file *file = socket_at(user, a[0], &status);
    if (!file) return status;
    struct socket *socket = file->socket;
    if (socket->type == SOCK_DGRAM) return -EOPNOTSUPP;
    if (file->in) return -EINVAL;
    if (socket_is_local(socket) && !socket->named) return -EINVAL;
    if (!socket->listening && !socket_is_local(socket)) {
        if ((status = socket_name_choose(user, socket)) < 0) return status;
        for (const struct socket *other = user->sockets; other; other = other->next)
            if (other != socket && other->listening && socket_name_taken(user, socket, &socket->own))
                return -EADDRINUSE;
    }
    socket->backlog = a[1] < BACKLOG_MAX ? a[1] : BACKLOG_MAX;
    socket->listening = true;
    socket->peer_process = user->process->id;
    file->changes++;
    return 0;
}

static void add_pending(struct user *user, struct socket *listener, struct file *end)
{
    struct file **more = realloc(listener->pending, (listener->pending_count + 1) * sizeof *more);
    if (!more) hw_panic(user->core, "no host memory for a connection of the guest's");
    listener->pending = more;
    more[listener->pending_count++] = end;
    end->awaited = true;
    listener->file->changes++;
}

int64_t sys_accept4(struct user *user, const uint32_t *a)
{
    int64_t status;
    uint32_t type = a[3];
    struct file *file = socket_at(user, a[0], &status);
    if (!file) return status;
    if (type & ~(uint32_t)TYPE_FLAGS) return -EINVAL;
    struct socket *socket = file->socket;
    if (socket->type == SOCK_DGRAM) return -EOPNOTSUPP;
    if (!socket->listening) return -EINVAL;
    if (!socket->pending_count) return socket_wait(user, file);
    struct file *end = socket->pending[0];
    end->references++; /* stays pending where there is no descriptor for it */
    int fd = file_install(user, end, 0, type & SOCK_CLOEXEC);
    if (fd < 0) return fd;
    end->references--;
    end->awaited = false;
    end->flags |= open_flags(type) & O_NONBLOCK;
    memmove(socket->pending, socket->pending + 1, --socket->pending_count * sizeof end);
    status = a[1] ? socket_name_put(user, &end->socket->peer, a[1], a[2]) : 0;
    if (status < 0) sys_close(user, &(uint32_t){(uint32_t)fd});
    return status < 0 ? status : fd;
}

/* ---- connecting ---- */

static void join(struct user *user, struct file *file, struct socket *listener, const struct socket_name *name)
{
    struct socket *socket = file->socket;
    struct file *end = socket_create(user, socket->domain, socket->type, 0);
    memcpy(end->socket->option, listener->option, sizeof listener->option);
    end->socket->own = socket_is_local(socket) ? listener->own : *name;
    end->socket->peer = socket->own;
    end->socket->peer_process = user->process->id;
    socket->peer = end->socket->own;
    socket->peer_process = listener->peer_process;
    if (!socket_is_local(socket)) socket_names_add(user, end->socket);
    pipe_connect(user, (struct file *const[2]){file, end}, file->packets);
    add_pending(user, listener, end);
}

static int64_t connect_local(struct user *user, struct file *file, const struct socket_name *name)
{
    struct socket *listener;
    int64_t status = socket_find(user, file->socket, name, &listener);
    if (status < 0) return status;
    if (listener->pending_count > listener->backlog)
        return file->flags & O_NONBLOCK ? -EAGAIN : schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
    join(user, file, listener, name);
    return 0;
}

/* The queue of a listening TCP socket is never full: what Linux would let wait outside it, it holds. */
static int64_t connect_inet(struct user *user, struct file *file, struct socket_name *name)
{
    struct socket *socket = file->socket, *listener;
    int64_t status = socket_name_reach(name);
    if (status < 0) return status;
    socket_name_settle(name);
    status = socket_find(user, socket, name, &listener);
    if (status == 0) status = socket_name_choose(user, socket);
    if (status == 0) {
        socket_name_settle(&socket->own);
        join(user, file, listener, name);
    }
    if (!(file->flags & O_NONBLOCK)) return status;
    socket->error = (int)-status; /* it is told later, as if the network had taken time */
    socket->connecting = true;
    file->changes++;
    return -EINPROGRESS;
}

/* A datagram's socket only notes whom it speaks to; AF_UNSPEC: nobody any more. */
static int64_t connect_datagrams(struct user *user, struct socket *socket, struct socket_name *name)
{
    struct socket *to;
    if (name->local.sun_family == AF_UNSPEC) {
        socket->peer.bytes = 0;
        return 0;
    }
    int64_t status = socket_is_local(socket) ? socket_find(user, socket, name, &to) : socket_name_reach(name);
    if (status < 0) return status;
    if (socket_is_local(socket) && !datagram_hears(to, socket)) return -EPERM;
    if (!socket_is_local(socket)) {
        socket_name_settle(name);
        if ((status = socket_name_choose(user, socket)) < 0) return status;
        socket_name_settle(&socket->own);
    }
    socket->peer = *name;
    return 0;
}

int64_t sys_connect(struct user *user, const uint32_t *a)
{
    int64_t status;
    struct socket_name name;
    struct file *file = socket_at(user, a[0], &status);
    if (!file) return status;
    struct socket *socket = file->socket;
    sa_family_t family;
    bool parting = socket_is_datagram(socket) && a[2] >= sizeof family &&
                   user_get(user, a[1], &family, sizeof family) && family == AF_UNSPEC;
    name.local.sun_family = AF_UNSPEC;
    if (!parting && (status = socket_name_get(user, socket, a[1], a[2], &name)) < 0) return status;
    if (socket_is_datagram(socket)) return connect_datagrams(user, socket, &name);
    if (socket->connecting) {
        socket->connecting = false;
        return socket_take_error(file);
    }
    if (file->in) return -EISCONN;
    if (socket->listening) return socket_is_local(socket) ? -EINVAL : -EISCONN;
    return socket_is_local(socket) ? connect_local(user, file, &name) : connect_inet(user, file, &name);
}

/* ---- ending ---- */

/* The other end of a TCP connection is not told that this one reads no more. */
int64_t sys_shutdown(struct user *user, const uint32_t *a)
{
    int64_t status;
    struct file *file = socket_at(user, a[0], &status);
    if (!file) return status;
    struct socket *socket = file->socket;
    bool read = a[1] != SHUT_WR, write = a[1] != SHUT_RD;
    if (a[1] > SHUT_RDWR) return -EINVAL;
    if (!file->in && !socket_is_local(socket) && !(socket_is_datagram(socket) && socket->peer.bytes)) return -ENOTCONN;
    if (file->in) pipe_shut(file, read && !socket->shut_read && !is_inet_stream(socket), write && !socket->shut_write);
    socket->shut_read |= read;
    socket->shut_write |= write;
    file->changes++;
    return 0;
}

/* Was the connection reset, and nobody told of it yet? */
static bool take_reset(struct file *file)
{
    bool reset = file->in && pipe_aborted(file->in, true);
    file->socket->unheard |= reset;
    return reset;
}

int64_t socket_take_error(struct file *file)
{
    struct socket *socket = file->socket;
    int error = socket->error ? socket->error : take_reset(file) ? ECONNRESET : 0;
    socket->error = 0;
    return -error;
}

/* ---- reading and writing ---- */

int64_t socket_wait(struct user *user, const struct file *file)
{
    uint64_t patience = file->socket->patience, now = time_now(user);
    if (file->flags & O_NONBLOCK) return -EAGAIN;
    if (!patience) return schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
    uint64_t until = schedule_deadline(user, now + patience);
    return until <= now ? -EAGAIN : schedule_block(user, until, -EINTR);
}

int64_t socket_read(struct user *user, struct file *file, uint8_t *to, size_t bytes)
{
    struct socket *socket = file->socket;
    if (socket_is_datagram(socket)) return datagram_read(user, file, to, bytes);
    if (!file->in) {
        int64_t error = socket_take_error(file);
        return error < 0 ? error : socket_is_local(socket) ? -EINVAL : -ENOTCONN;
    }
    if (passing_stopped(file)) return 0;
    if (!bytes && !file->packets && pipe_poll(file) & POLLIN) return 0;
    if (pipe_poll(file) & POLLIN) {
        if (file->packets) socket->full = pipe_packet(file->in);
        size_t whole = passing_detach(user, file, bytes);
        int64_t done = pipe_read(user, file, to, whole);
        passing_forget(user, file->in, false);
        return done;
    }
    if (file->peeked) return 0; /* that was all there is to look at */
    int64_t error = take_reset(file) ? -ECONNRESET : 0;
    if (is_of_pair(socket)) return socket->shut_read && !(file->flags & O_NONBLOCK) ? 0 : socket_wait(user, file);
    return error < 0 || socket->shut_read || pipe_poll(file) & POLLHUP ? error : socket_wait(user, file);
}

/* One of a pair finds the other gone: it is without a peer, and without what that had sent. */
static int64_t part(struct user *user, struct file *file)
{
    passing_forget(user, file->in, true);
    pipe_close(user, file);
    file->socket->peer.bytes = 0;
    file->changes++;
    return -ECONNREFUSED;
}

int64_t socket_write(struct user *user, struct file *file, const uint8_t *from, size_t bytes)
{
    struct socket *socket = file->socket;
    if (socket_is_datagram(socket)) return datagram_write(user, file, from, bytes);
    int64_t error = socket_take_error(file);
    if (error < 0) return error;
    if (!file->out) return socket_is_local(socket) ? -ENOTCONN : -EPIPE;
    if (socket->shut_write) return -EPIPE;
    if (is_of_pair(socket) && !pipe_reader(file->out)) return part(user, file);
    if (bytes && is_inet_stream(socket) && pipe_poll(file) & POLLERR && !socket->unheard) {
        socket->unheard = true;
        socket->error = EPIPE;
        return (int64_t)bytes;
    }
    uint64_t start = pipe_written(file->out);
    int64_t done = pipe_write(user, file, from, bytes);
    if (done > 0 || (done == 0 && file->packets)) passing_attach(user, file, start);
    return done;
}

size_t socket_available(const struct file *file)
{
    return file->in ? pipe_available(file) : datagram_available(file->socket);
}

unsigned socket_poll(const struct file *file)
{
    const struct socket *socket = file->socket;
    enum { READABLE = POLLIN | POLLRDNORM, WRITABLE = POLLOUT | POLLWRNORM };
    unsigned error = socket->error || (file->in && pipe_aborted(file->in, false)) ? POLLERR : 0;
    if (socket_is_datagram(socket)) return datagram_poll(file);
    if (socket->listening) return socket->pending_count ? READABLE : 0;
    if (!file->in) return WRITABLE | POLLHUP | error | (error || socket->shut_read ? READABLE | POLLRDHUP : 0);
    unsigned pipes = pipe_poll(file), events = (pipes & ~(unsigned)(POLLHUP | POLLERR)) | error;
    bool ended = socket->shut_read || (pipes & POLLHUP && !is_of_pair(socket));
    bool reset = socket->unheard || pipe_aborted(file->in, false);
    bool alone = is_of_pair(socket) && pipes & POLLERR;
    bool deaf = socket->shut_write || (pipes & POLLERR && !alone && (socket_is_local(socket) || reset));
    if (ended) events |= READABLE | POLLRDHUP;
    if (pipes & POLLERR || deaf || alone) events |= WRITABLE;
    return events | (ended && deaf ? POLLHUP : 0);
}

/* ---- snapshots ---- */

/* Between two calls: what only serves the present one is not there. */
void socket_snapshot(struct user_snapshot *u, struct socket *socket)
{
    struct snapshot *to = u->to;
    SNAPSHOT_RANGE(to, socket, domain, peer);
    SNAPSHOT_RANGE(to, socket, named, backlog);
    socket->pending_count = snapshot_count(to, socket->pending_count, u->files.count);
    if (to->loading && socket->pending_count) {
        socket->pending = calloc(socket->pending_count, sizeof *socket->pending);
        if (!socket->pending) hw_panic(u->user->core, "no host memory for a connection of the guest's");
    }
    for (uint32_t i = 0; i < socket->pending_count; i++) SNAPSHOT_OBJECT(u, files, socket->pending[i]);
    SNAPSHOT_RANGE(to, socket, option, patience);
    datagrams_snapshot(u, socket);
    SNAPSHOT_RANGE(to, socket, from, full);
}
