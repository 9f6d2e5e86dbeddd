/* socket_names.c -- the names of sockets: paths, abstract names, and ports of 127.0.0.0/8. One list holds the sockets
 * that have one. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/sockets.h"

enum { PORT_FIRST = 32768, PORT_LAST = 60999, PORT_PRIVILEGED = 1024, LOOPBACK_NET = 127 };
enum { PATH_AT = offsetof(struct sockaddr_un, sun_path) };

/* ---- from and to the guest ---- */

int64_t socket_name_get(struct user *user, const struct socket *socket, uint32_t address, uint32_t bytes,
                        struct socket_name *name)
{
    memset(name, 0, sizeof *name);
    bool local = socket_is_local(socket);
    if (bytes > sizeof name->local || bytes < (local ? PATH_AT : sizeof name->inet)) return -EINVAL;
    if (!user_get(user, address, &name->local, bytes)) return -EFAULT;
    if (name->local.sun_family != socket->domain) return local ? -EINVAL : -EAFNOSUPPORT;
    name->bytes = local ? bytes : (uint32_t)sizeof name->inet;
    if (local && bytes > PATH_AT && name->local.sun_path[0])
        name->bytes = PATH_AT + (uint32_t)strlen(name->local.sun_path) + 1;
    return 0;
}

/* Sockets without a name tell their family alone. */
int64_t socket_name_put(struct user *user, const struct socket_name *name, uint32_t address, uint32_t room)
{
    uint32_t capacity;
    if (!user_get(user, room, &capacity, sizeof capacity)) return -EFAULT;
    if ((int32_t)capacity < 0) return -EINVAL;
    if (!user_put(user, address, &name->local, name->bytes < capacity ? name->bytes : capacity)) return -EFAULT;
    return user_put(user, room, &name->bytes, sizeof name->bytes) ? 0 : -EFAULT;
}

/* ---- comparing ---- */

bool socket_name_equal(const struct socket_name *one, const struct socket_name *other)
{
    return one->bytes == other->bytes && memcmp(&one->local, &other->local, one->bytes) == 0;
}

static bool is_any(const struct socket_name *name) { return name->inet.sin_addr.s_addr == INADDR_ANY; }

int64_t socket_name_reach(const struct socket_name *name)
{
    return is_any(name) || ntohl(name->inet.sin_addr.s_addr) >> 24 == LOOPBACK_NET ? 0 : -ENETUNREACH;
}

void socket_name_settle(struct socket_name *name)
{
    if (is_any(name)) name->inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static bool is_path(const struct socket_name *name) { return name->bytes > PATH_AT && name->local.sun_path[0]; }

static bool overlap(const struct socket_name *one, const struct socket_name *other)
{
    if (one->inet.sin_family != AF_INET) return !is_path(one) && socket_name_equal(one, other);
    return one->inet.sin_port == other->inet.sin_port &&
           (is_any(one) || is_any(other) || one->inet.sin_addr.s_addr == other->inet.sin_addr.s_addr);
}

bool socket_name_taken(const struct user *user, const struct socket *socket, const struct socket_name *name)
{
    for (const struct socket *other = user->sockets; other; other = other->next) {
        if (other == socket || other->domain != socket->domain || other->type != socket->type) continue;
        bool shared = !socket_is_local(socket) && socket_reuses(socket) && socket_reuses(other) && !other->listening;
        if (!shared && overlap(name, &other->own)) return true;
    }
    return false;
}

/* ---- the list ---- */

void socket_names_add(struct user *user, struct socket *socket)
{
    socket->named = true;
    socket->next = user->sockets;
    user->sockets = socket;
}

void socket_names_remove(struct user *user, struct socket *socket)
{
    struct socket **link = &user->sockets;
    while (*link && *link != socket) link = &(*link)->next;
    if (*link) *link = socket->next;
    socket->named = false;
}

/* Is it the socket whose name is that inode? */
static bool has_node(const struct socket *socket, const struct stat *node)
{
    struct stat own;
    return socket->node >= 0 && fstatat(socket->node, "", &own, AT_EMPTY_PATH) == 0 && own.st_dev == node->st_dev &&
           own.st_ino == node->st_ino;
}

/* What is at a path: 0 or -errno. */
static int64_t stat_path(struct user *user, const struct socket_name *name, struct stat *node)
{
    struct place place;
    int status = path_resolve(user, GUEST_AT_FDCWD, name->local.sun_path, END_FOLLOW, &place);
    if (status < 0) return status;
    if (place_is_special(&place)) return -ECONNREFUSED;
    int host = path_open(user, &place, O_PATH, 0);
    if (host < 0) return host;
    fstatat(host, "", node, AT_EMPTY_PATH);
    close(host);
    return S_ISSOCK(node->st_mode) ? 0 : -ECONNREFUSED;
}

int64_t socket_find(struct user *user, const struct socket *from, const struct socket_name *name, struct socket **found)
{
    struct stat node = {0};
    int64_t status = is_path(name) && socket_is_local(from) ? stat_path(user, name, &node) : 0;
    if (status < 0) return status;
    status = -ECONNREFUSED;
    for (struct socket *socket = user->sockets; socket; socket = socket->next) {
        if (socket->domain != from->domain) continue;
        if (node.st_mode ? !has_node(socket, &node) : !overlap(name, &socket->own)) continue;
        if (socket->type != from->type) {
            if (node.st_mode) status = -EPROTOTYPE; /* abstract names are of a type */
        } else if (socket->type == SOCK_DGRAM || socket->listening) {
            *found = socket;
            return 0;
        }
    }
    return status;
}

/* ---- bind ---- */

int64_t socket_name_choose(struct user *user, struct socket *socket)
{
    struct socket_name name = socket->own;
    name.bytes = sizeof name.inet;
    name.inet.sin_family = AF_INET;
    if (name.inet.sin_port) return 0;
    for (unsigned port = PORT_FIRST; port <= PORT_LAST; port++) {
        name.inet.sin_port = htons((uint16_t)port);
        bool taken = false;
        for (const struct socket *other = user->sockets; other && !taken; other = other->next)
            taken = other->domain == AF_INET && other->type == socket->type && other->own.inet.sin_port == htons(port);
        if (taken) continue;
        socket->own = name;
        if (!socket->named) socket_names_add(user, socket);
        return 0;
    }
    return -EADDRINUSE;
}

static int64_t bind_inet(struct user *user, struct socket *socket, const struct socket_name *name)
{
    if (socket_name_reach(name) < 0) return -EADDRNOTAVAIL;
    if (name->inet.sin_port && ntohs(name->inet.sin_port) < PORT_PRIVILEGED) return -EACCES;
    if (socket->own.inet.sin_port) return -EINVAL;
    if (name->inet.sin_port && socket_name_taken(user, socket, name)) return -EADDRINUSE;
    socket->own = *name;
    memset(socket->own.inet.sin_zero, 0, sizeof socket->own.inet.sin_zero);
    if (!name->inet.sin_port) return socket_name_choose(user, socket);
    socket_names_add(user, socket);
    return 0;
}

/* The first abstract name of five digits that is free. */
static int64_t choose_local(struct user *user, struct socket *socket)
{
    struct socket_name name = {.bytes = PATH_AT + 6, .local = {.sun_family = AF_UNIX}};
    unsigned number = 0;
    do snprintf(name.local.sun_path + 1, 6, "%05x", number++);
    while (socket_name_taken(user, socket, &name));
    socket->own = name;
    socket_names_add(user, socket);
    return 0;
}

/* What another bind comes to: Linux makes a path's file before it looks whether the socket has a name. */
static int64_t bind_again(struct user *user, const struct socket_name *name)
{
    if (name->bytes == PATH_AT) return 0;
    int status = is_path(name) ? tree_may_make(user, name->local.sun_path) : 0;
    return status == 0 ? -EINVAL : status == -EEXIST ? -EADDRINUSE : status;
}

static int64_t bind_local(struct user *user, struct socket *socket, const struct socket_name *name)
{
    if (socket->own.bytes > PATH_AT) return bind_again(user, name);
    if (name->bytes == PATH_AT) return choose_local(user, socket);
    if (is_path(name)) {
        int node = tree_make_socket(user, name->local.sun_path);
        if (node < 0) return node == -EEXIST ? -EADDRINUSE : node;
        socket->node = node;
    } else if (socket_name_taken(user, socket, name)) {
        return -EADDRINUSE;
    }
    socket->own = *name;
    socket_names_add(user, socket);
    return 0;
}

int64_t sys_bind(struct user *user, const uint32_t *a)
{
    int64_t status;
    struct socket_name name;
    struct file *file = socket_at(user, a[0], &status);
    if (!file) return status;
    if ((status = socket_name_get(user, file->socket, a[1], a[2], &name)) < 0) return status;
    return socket_is_local(file->socket) ? bind_local(user, file->socket, &name) : bind_inet(user, file->socket, &name);
}

/* ---- telling ---- */

int64_t sys_getsockname(struct user *user, const uint32_t *a)
{
    int64_t status;
    struct file *file = socket_at(user, a[0], &status);
    return file ? socket_name_put(user, &file->socket->own, a[1], a[2]) : status;
}

int64_t sys_getpeername(struct user *user, const uint32_t *a)
{
    int64_t status;
    struct file *file = socket_at(user, a[0], &status);
    if (!file) return status;
    return file->socket->peer.bytes ? socket_name_put(user, &file->socket->peer, a[1], a[2]) : -ENOTCONN;
}
