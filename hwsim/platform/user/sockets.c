/* sockets.c -- pairs of connected local sockets. There is no network, and nobody to connect to: socket itself fails. */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/un.h>

#include "hwsim/platform/user/internal.h"

enum { TYPE_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC };

static struct file *socket_at(const struct user *user, uint32_t descriptor, int64_t *status)
{
    struct file *file = file_at(user, descriptor);
    *status = !file || file->kind == FILE_PATH ? -EBADF : file->kind != FILE_SOCKET ? -ENOTSOCK : 0;
    return *status < 0 ? NULL : file;
}

int64_t sys_socketpair(struct user *user, const uint32_t *a)
{
    uint32_t type = a[1] & ~(uint32_t)TYPE_FLAGS;
    int flags = (a[1] & SOCK_NONBLOCK ? O_NONBLOCK : 0) | (a[1] & SOCK_CLOEXEC ? O_CLOEXEC : 0);
    if (a[0] != AF_UNIX) return a[0] == AF_INET || a[0] == AF_INET6 ? -EOPNOTSUPP : -EAFNOSUPPORT;
    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET) return -ESOCKTNOSUPPORT;
    if (a[2] > 1) return -EPROTONOSUPPORT;
    return pipe_pair(user, a[3], flags, type != SOCK_STREAM);
}

/* ---- sending and receiving ---- */

static int64_t move(struct user *user, struct file *file, const uint32_t (*vector)[2], uint32_t count, uint32_t flags,
                    bool write)
{
    enum { KNOWN = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_WAITALL | MSG_CMSG_CLOEXEC };
    if (flags & ~(uint32_t)KNOWN) return -EOPNOTSUPP;
    int before = file->flags;
    if (flags & MSG_DONTWAIT) file->flags |= O_NONBLOCK;
    file->quiet = flags & MSG_NOSIGNAL;
    int64_t done = io_vectors(user, file, vector, count, NO_OFFSET, write);
    file->flags = before;
    file->quiet = false;
    return done;
}

static int64_t move_one(struct user *user, const uint32_t *a, bool write)
{
    int64_t status;
    struct file *file = socket_at(user, a[0], &status);
    const uint32_t vector[1][2] = {{a[1], a[2]}};
    return file ? move(user, file, vector, 1, a[3], write) : status;
}

int64_t sys_sendto(struct user *user, const uint32_t *a)
{
    int64_t status;
    if (!socket_at(user, a[0], &status)) return status;
    return a[4] ? -EISCONN : move_one(user, a, true);
}

int64_t sys_recvfrom(struct user *user, const uint32_t *a)
{
    uint32_t none = 0;
    if (a[4] && a[5] && space_accessible(user, a[5], sizeof none, true) != sizeof none) return -EFAULT;
    int64_t done = move_one(user, a, false);
    if (done >= 0 && a[4] && a[5]) user_put(user, a[5], &none, sizeof none); /* the other end has no name */
    return done;
}

/* struct msghdr: name, its length, vectors, their count, control data, their length, flags. */
static int64_t message(struct user *user, const uint32_t *a, bool write)
{
    enum { NAME_BYTES = 1, VECTORS, COUNT, CONTROL, CONTROL_BYTES, FLAGS, WORDS };
    uint32_t header[WORDS], vector[VECTORS_MAX][2];
    int64_t status;
    struct file *file = socket_at(user, a[0], &status);
    if (!file) return status;
    if (!user_get(user, a[1], header, sizeof header)) return -EFAULT;
    if (write && header[CONTROL_BYTES]) return -EOPNOTSUPP; /* descriptors are not passed on */
    if ((status = io_get_vectors(user, header[VECTORS], header[COUNT], vector)) < 0)
        return status == -EINVAL ? -EMSGSIZE : status;
    status = move(user, file, (const uint32_t(*)[2])vector, header[COUNT], a[2], write);
    if (write || status < 0) return status;
    header[NAME_BYTES] = header[CONTROL_BYTES] = header[FLAGS] = 0;
    return user_put(user, a[1], header, sizeof header) ? status : -EFAULT;
}

int64_t sys_sendmsg(struct user *user, const uint32_t *a) { return message(user, a, true); }
int64_t sys_recvmsg(struct user *user, const uint32_t *a) { return message(user, a, false); }

/* ---- the rest ---- */

int64_t sys_shutdown(struct user *user, const uint32_t *a)
{
    int64_t status;
    struct file *file = socket_at(user, a[0], &status);
    if (!file) return status;
    if (a[1] > SHUT_RDWR) return -EINVAL;
    pipe_shut(file, a[1] != SHUT_WR, a[1] != SHUT_RD);
    return 0;
}

/* A local socket without a name: its family alone. */
int64_t sys_socket_name(struct user *user, const uint32_t *a)
{
    int64_t status;
    uint16_t family = AF_UNIX;
    uint32_t room, bytes = sizeof family;
    if (!socket_at(user, a[0], &status)) return status;
    if (!user_get(user, a[2], &room, sizeof room)) return -EFAULT;
    if ((int32_t)room < 0) return -EINVAL;
    if (!user_put(user, a[1], &family, room < bytes ? room : bytes)) return -EFAULT;
    return user_put(user, a[2], &bytes, sizeof bytes) ? 0 : -EFAULT;
}

int64_t sys_getsockopt(struct user *user, const uint32_t *a)
{
    int64_t status;
    struct file *file = socket_at(user, a[0], &status);
    uint32_t room, value[3] = {0}, bytes = 4;
    if (!file) return status;
    if (!user_get(user, a[4], &room, sizeof room)) return -EFAULT;
    if ((int32_t)room < 0) return -EINVAL;
    if (a[1] != SOL_SOCKET) return -EOPNOTSUPP;
    switch (a[2]) {
    case SO_TYPE: value[0] = file->packets ? SOCK_SEQPACKET : SOCK_STREAM; break;
    case SO_DOMAIN: value[0] = AF_UNIX; break;
    case SO_ERROR:
    case SO_PROTOCOL:
    case SO_ACCEPTCONN: break;
    case SO_SNDBUF:
    case SO_RCVBUF: value[0] = 212992; break;
    case SO_PEERCRED:
        value[0] = user->process->id, value[1] = GUEST_UID, value[2] = GUEST_GID;
        bytes = sizeof value;
        break;
    default: return -ENOPROTOOPT;
    }
    bytes = bytes < room ? bytes : room;
    return user_put(user, a[3], value, bytes) && user_put(user, a[4], &bytes, sizeof bytes) ? 0 : -EFAULT;
}

int64_t sys_setsockopt(struct user *user, const uint32_t *a)
{
    int64_t status;
    socket_at(user, a[0], &status);
    return status;
}

int64_t sys_connected(struct user *user, const uint32_t *a)
{
    int64_t status;
    return socket_at(user, a[0], &status) ? -EISCONN : status;
}

int64_t sys_not_listening(struct user *user, const uint32_t *a)
{
    int64_t status;
    return socket_at(user, a[0], &status) ? -EINVAL : status;
}

int64_t sys_socketcall(struct user *user, const uint32_t *a)
{
    static const struct {
        unsigned arguments;
        int64_t (*handler)(struct user *user, const uint32_t *a);
    } calls[] = {
        {0, NULL},
        {3, sys_no_network},    /* socket */
        {3, sys_not_listening}, /* bind */
        {3, sys_connected},     /* connect */
        {2, sys_not_listening}, /* listen */
        {3, sys_not_listening}, /* accept */
        {3, sys_socket_name},   /* getsockname */
        {3, sys_socket_name},   /* getpeername */
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
        {4, sys_not_listening}, /* accept4 */
    };
    uint32_t given[6] = {0};
    if (a[0] >= LENGTH(calls) || !calls[a[0]].handler) return -EINVAL;
    if (!user_get(user, a[1], given, calls[a[0]].arguments * sizeof given[0])) return -EFAULT;
    return calls[a[0]].handler(user, given);
}
