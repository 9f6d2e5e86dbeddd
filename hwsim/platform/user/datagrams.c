/* datagrams.c -- sockets without a connection: each has a box of messages, which others fill. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/platform/user/snapshot.h"
#include "hwsim/platform/user/sockets.h"

enum {
    LOCAL_MESSAGES = 11,
    LOCAL_RESERVED = 32,       /* of SO_SNDBUF */
    KEPT_BYTES_MAX = 1 << 20,
    INET_BYTES_MAX = 65507,
    INET_BOX_BYTES = 212992,
    HEAD_BYTES = 768
};
struct message {
    struct message *next;
    struct socket_name from;
    struct passed *passed; /* or NULL */
    size_t bytes;
    uint8_t data[];
};

static struct message *new_message(struct user *user, size_t bytes)
{
    struct message *message = malloc(sizeof *message + bytes);
    if (!message) hw_panic(user->core, "no host memory for a message of the guest's");
    *message = (struct message){.bytes = bytes};
    return message;
}

static void put(struct user *user, struct socket *to, struct socket *from, const uint8_t *bytes, size_t count)
{
    struct message *message = new_message(user, count), **link = &to->messages;
    message->from = from->own;
    message->passed = passing_take(user, from, to);
    if (message->passed) passing_send(user, message->passed, to->file);
    if (!socket_is_local(from)) socket_name_settle(&message->from);
    memcpy(message->data, bytes, count);
    while (*link) link = &(*link)->next;
    *link = message;
    to->message_count++;
    to->message_bytes += count + HEAD_BYTES;
    to->file->changes++;
}

static void drop_first(struct user *user, struct socket *socket)
{
    struct message *message = socket->messages;
    socket->messages = message->next;
    socket->message_count--;
    socket->message_bytes -= message->bytes + HEAD_BYTES;
    if (message->passed) passing_drop(user, message->passed);
    free(message);
}

void datagrams_drop(struct user *user, struct socket *socket)
{
    while (socket->messages) drop_first(user, socket);
}

bool datagram_hears(const struct socket *to, const struct socket *from)
{
    struct socket_name name = from->own;
    if (!to->peer.bytes) return true;
    if (!socket_is_local(from)) socket_name_settle(&name);
    return socket_name_equal(&to->peer, &name);
}

static int64_t write_inet(struct user *user, struct socket *socket, const struct socket_name *name, const uint8_t *from,
                          size_t bytes)
{
    struct socket *to;
    if (bytes > INET_BYTES_MAX) return -EMSGSIZE;
    if (!name->inet.sin_port) return -EINVAL;
    int64_t status = socket_name_reach(name);
    if (status == 0) status = socket_name_choose(user, socket);
    if (status < 0) return status;
    struct socket_name target = *name;
    socket_name_settle(&target);
    if (socket_find(user, socket, &target, &to) < 0 || !datagram_hears(to, socket)) {
        if (socket->peer.bytes) socket->error = ECONNREFUSED;
    } else if (to->message_bytes < INET_BOX_BYTES) { /* else it is lost */
        put(user, to, socket, from, bytes);
    }
    return (int64_t)bytes;
}

static int64_t write_local(struct user *user, const struct file *file, const struct socket_name *name,
                           const uint8_t *from, size_t bytes)
{
    struct socket *to;
    if (bytes > socket_send_room(file) - LOCAL_RESERVED) return -EMSGSIZE;
    int64_t status = socket_find(user, file->socket, name, &to);
    if (status < 0) return status;
    if (!datagram_hears(to, file->socket)) return -EPERM;
    if (to->shut_read) return -EPIPE;
    if (to->message_count >= LOCAL_MESSAGES)
        return file->flags & O_NONBLOCK ? -EAGAIN : schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
    put(user, to, file->socket, from, bytes);
    return (int64_t)bytes;
}

int64_t datagram_write(struct user *user, struct file *file, const uint8_t *from, size_t bytes)
{
    struct socket *socket = file->socket;
    const struct socket_name *name = socket->to ? socket->to : &socket->peer;
    int64_t error = socket_take_error(file);
    if (error < 0) return error;
    if (socket->shut_write) return -EPIPE;
    if (!name->bytes) return socket_is_local(socket) ? -ENOTCONN : -EDESTADDRREQ;
    return socket_is_local(socket) ? write_local(user, file, name, from, bytes)
                                   : write_inet(user, socket, name, from, bytes);
}

int64_t datagram_read(struct user *user, struct file *file, uint8_t *to, size_t bytes)
{
    struct socket *socket = file->socket;
    const struct message *message = socket->messages;
    int64_t error = socket_take_error(file);
    if (error < 0) return error;
    if (!message) return socket->shut_read && !(file->flags & O_NONBLOCK) ? 0 : socket_wait(user, file);
    size_t count = message->bytes < bytes ? message->bytes : bytes;
    memcpy(to, message->data, count);
    socket->from = message->from;
    socket->full = message->bytes;
    if (message->passed) passing_receive(user, socket, message->passed, file->peek);
    if (!file->peek) drop_first(user, socket);
    file->changes++;
    return (int64_t)count;
}

unsigned datagram_poll(const struct file *file)
{
    const struct socket *socket = file->socket;
    unsigned events = POLLOUT | POLLWRNORM;
    if (socket->messages || socket->shut_read) events |= POLLIN | POLLRDNORM;
    if (socket->shut_read) events |= POLLRDHUP;
    if (socket->shut_read && socket->shut_write) events |= POLLHUP;
    return events | (socket->error ? POLLERR : 0);
}

size_t datagram_available(const struct socket *socket) { return socket->messages ? socket->messages->bytes : 0; }

/* ---- snapshots ---- */

void datagrams_snapshot(struct user_snapshot *u, struct socket *socket)
{
    struct snapshot *to = u->to;
    struct message **link = &socket->messages;
    socket->message_count = snapshot_count(to, socket->message_count, UINT16_MAX);
    SNAPSHOT(to, socket->message_bytes);
    for (unsigned i = 0; i < socket->message_count; i++, link = &(*link)->next) {
        uint32_t bytes = snapshot_count(to, to->loading ? 0 : (uint32_t)(*link)->bytes, KEPT_BYTES_MAX);
        if (to->loading) *link = new_message(u->user, bytes);
        SNAPSHOT(to, (*link)->from);
        SNAPSHOT_OBJECT(u, passed, (*link)->passed);
        snapshot_bytes(to, (*link)->data, bytes);
    }
}
