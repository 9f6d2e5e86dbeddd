/* sockets.c -- sending and receiving, and the one system call that was all of them. Sockets reach others within the
 * guest only; see sockets.h. */
#define _GNU_SOURCE
#include "hwsim/platform/user/sockets.h"

/* ---- sending and receiving ---- */

/* With what the flags of the call say for its time. A message tells its length in full if MSG_TRUNC asks for it. */
static int64_t move(struct user *user, struct file *file, const uint32_t (*vector)[2], uint32_t count, uint32_t flags,
                    const struct socket_name *to, bool write)
{
    enum { KNOWN = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_WAITALL | MSG_CMSG_CLOEXEC | MSG_PEEK | MSG_TRUNC | MSG_MORE };
    if (flags & ~(uint32_t)KNOWN) return -EOPNOTSUPP;
    const int before = file->flags;
    if (flags & MSG_DONTWAIT) file->flags |= O_NONBLOCK;
    file->quiet = flags & MSG_NOSIGNAL;
    file->peek = !write && flags & MSG_PEEK;
    file->fill = !write && flags & MSG_WAITALL && !file->peek && !file->packets;
    file->socket->to = to;
    file->socket->full = 0;
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; i++) total += vector[i][1];
    /* for no bytes of a stream, too, it waits until there are some */
    int64_t done = total || write || file->packets ? io_vectors(user, file, vector, count, NO_OFFSET, write)
                                                   : socket_read(user, file, NULL, 0);
    file->flags = before;
    file->quiet = file->peek = file->fill = false;
    file->peeked = 0;
    file->socket->to = NULL;
    return done >= 0 && flags & MSG_TRUNC && file->socket->full ? (int64_t)file->socket->full : done;
}

/* The name that a message is sent to: *to is NULL if there is none. Connections take none. */
static int64_t get_target(struct user *user, const struct file *file, uint32_t address, uint32_t bytes,
                          struct socket_name *name, const struct socket_name **to)
{
    const struct socket *socket = file->socket;
    *to = NULL;
    if (!address || !bytes) return 0;
    if (!socket_is_datagram(socket)) {
        if (socket_is_local(socket)) return file->in ? -EISCONN : -EOPNOTSUPP;
        return 0;
    }
    *to = name;
    return socket_name_get(user, socket, address, bytes, name);
}

/* Who sent it, if that has a name. TCP does not tell. */
static const struct socket_name *sender(const struct socket *socket)
{
    static const struct socket_name nobody = {.bytes = 0};
    const struct socket_name *name = socket_is_datagram(socket) ? &socket->from
                                     : socket_is_local(socket)  ? &socket->peer
                                                                : &nobody;
    return name->bytes > sizeof(sa_family_t) ? name : &nobody;
}

int64_t sys_sendto(struct user *user, const uint32_t *a)
{
    int64_t status;
    struct socket_name name;
    const struct socket_name *to;
    const uint32_t vector[1][2] = {{a[1], a[2]}};
    struct file *file = socket_at(user, a[0], &status);
    if (!file) return status;
    status = get_target(user, file, a[4], a[5], &name, &to);
    return status < 0 ? status : move(user, file, vector, 1, a[3], to, true);
}

int64_t sys_recvfrom(struct user *user, const uint32_t *a)
{
    int64_t status;
    const uint32_t vector[1][2] = {{a[1], a[2]}};
    struct file *file = socket_at(user, a[0], &status);
    if (!file) return status;
    if (a[4] && space_accessible(user, a[5], sizeof a[5], true) != sizeof a[5]) return -EFAULT;
    int64_t done = move(user, file, vector, 1, a[3], NULL, false);
    if (done < 0 || !a[4]) return done;
    status = socket_name_put(user, sender(file->socket), a[4], a[5]);
    return status < 0 ? status : done;
}

static int64_t get_header(struct user *user, uint32_t address, struct header *header, uint32_t (*vector)[2])
{
    if (!user_get(user, address, header, sizeof *header)) return -EFAULT;
    int64_t status = io_get_vectors(user, header->vectors, header->count, vector);
    return status == -EINVAL ? -EMSGSIZE : status;
}

int64_t sys_sendmsg(struct user *user, const uint32_t *a)
{
    uint32_t vector[VECTORS_MAX][2];
    struct header header;
    struct socket_name name;
    const struct socket_name *to;
    int64_t status;
    struct file *file = socket_at(user, a[0], &status);
    if (!file || (status = get_header(user, a[1], &header, vector)) < 0) return status;
    /* what is left to write of a message has nothing with it any more */
    bool rest = schedule_again(&user->thread->wait) && user->thread->written;
    status = rest ? 0 : passing_get(user, file->socket, &header);
    if (status == 0) status = get_target(user, file, header.name, header.name_bytes, &name, &to);
    if (status == 0) status = move(user, file, (const uint32_t(*)[2])vector, header.count, a[2], to, true);
    passing_end(user, file->socket);
    return status;
}

int64_t sys_recvmsg(struct user *user, const uint32_t *a)
{
    enum { NAME_BYTES_AT = 4 };
    uint32_t vector[VECTORS_MAX][2];
    struct header header;
    int64_t status;
    uint64_t room = 0;
    struct file *file = socket_at(user, a[0], &status);
    if (!file || (status = get_header(user, a[1], &header, vector)) < 0) return status;
    file->socket->wanted = true;
    int64_t done = move(user, file, (const uint32_t(*)[2])vector, header.count, a[2], NULL, false);
    if (done < 0) {
        passing_end(user, file->socket);
        return done;
    }
    for (uint32_t i = 0; i < header.count; i++) room += vector[i][1];
    if (header.name) status = socket_name_put(user, sender(file->socket), header.name, a[1] + NAME_BYTES_AT);
    if (status == 0 && !user_get(user, a[1], &header, sizeof header)) status = -EFAULT;
    if (status < 0) {
        passing_end(user, file->socket);
        return status;
    }
    header.flags = file->socket->full > room ? MSG_TRUNC : 0;
    passing_put(user, file->socket, &header, a[2]);
    passing_end(user, file->socket);
    return user_put(user, a[1], &header, sizeof header) ? done : -EFAULT;
}

/* ---- the call of calls ---- */

int64_t sys_socketcall(struct user *user, const uint32_t *a)
{
    static const struct {
        unsigned arguments;
        int64_t (*handler)(struct user *user, const uint32_t *a);
    } calls[] = {
        {0, NULL},
        {3, sys_socket},
        {3, sys_bind},
        {3, sys_connect},
        {2, sys_listen},
        {3, sys_accept4}, /* accept: the flags are 0 */
        {3, sys_getsockname},
        {3, sys_getpeername},
        {4, sys_socketpair},
        {4, sys_sendto},   /* send */
        {4, sys_recvfrom}, /* recv */
        {6, sys_sendto},
        {6, sys_recvfrom},
        {2, sys_shutdown},
        {5, sys_setsockopt},
        {5, sys_getsockopt},
        {3, sys_sendmsg},
        {3, sys_recvmsg},
        {4, sys_accept4},
    };
    uint32_t given[6] = {0};
    if (a[0] >= LENGTH(calls) || !calls[a[0]].handler) return -EINVAL;
    if (!user_get(user, a[1], given, calls[a[0]].arguments * sizeof given[0])) return -EFAULT;
    return calls[a[0]].handler(user, given);
}
