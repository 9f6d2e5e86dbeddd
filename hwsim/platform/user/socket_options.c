/* socket_options.c -- what a socket can be asked and told. Most options are kept, and change nothing: there is no
 * network whose ways they would change. */
#define _GNU_SOURCE
#include <netinet/tcp.h>

#include "hwsim/platform/user/sockets.h"

enum { WORDS = 4, NS = 1000000000 };
enum { BUFFER_BYTES = 212992, RECEIVE_LEAST = 2304, SEND_LEAST = 4608 };
enum { OPTION_FLAG, OPTION_NUMBER, OPTION_RECEIVE, OPTION_SEND };
static const struct {
    int level, name, kind;
    uint32_t initial;
} options[] = {
    {SOL_SOCKET, SO_REUSEADDR, OPTION_FLAG, 0},
    {SOL_SOCKET, SO_PASSCRED, OPTION_FLAG, 0},
    {SOL_SOCKET, SO_REUSEPORT, OPTION_FLAG, 0},
    {SOL_SOCKET, SO_KEEPALIVE, OPTION_FLAG, 0},
    {SOL_SOCKET, SO_BROADCAST, OPTION_FLAG, 0},
    {SOL_SOCKET, SO_DONTROUTE, OPTION_FLAG, 0},
    {SOL_SOCKET, SO_OOBINLINE, OPTION_FLAG, 0},
    {SOL_SOCKET, SO_PRIORITY, OPTION_NUMBER, 0},
    {SOL_SOCKET, SO_RCVLOWAT, OPTION_NUMBER, 1},
    {SOL_SOCKET, SO_SNDBUF, OPTION_SEND, BUFFER_BYTES},
    {SOL_SOCKET, SO_RCVBUF, OPTION_RECEIVE, BUFFER_BYTES},
    {IPPROTO_TCP, TCP_NODELAY, OPTION_FLAG, 0},
    {IPPROTO_TCP, TCP_CORK, OPTION_FLAG, 0},
    {IPPROTO_TCP, TCP_QUICKACK, OPTION_FLAG, 1},
    {IPPROTO_TCP, TCP_KEEPIDLE, OPTION_NUMBER, 7200},
    {IPPROTO_TCP, TCP_KEEPINTVL, OPTION_NUMBER, 75},
    {IPPROTO_TCP, TCP_KEEPCNT, OPTION_NUMBER, 9},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, OPTION_NUMBER, 0},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, OPTION_NUMBER, 0},
    {IPPROTO_IP, IP_TOS, OPTION_NUMBER, 0},
    {IPPROTO_IP, IP_TTL, OPTION_NUMBER, 64},
};
_Static_assert(LENGTH(options) <= SOCKET_OPTIONS, "a socket has a value for each option");

void socket_options_reset(struct socket *socket)
{
    for (unsigned i = 0; i < LENGTH(options); i++) socket->option[i] = options[i].initial;
}

uint32_t socket_send_room(const struct file *file)
{
    unsigned i = 0;
    while (options[i].level != SOL_SOCKET || options[i].name != SO_SNDBUF) i++;
    return file->socket->option[i];
}
bool socket_reuses(const struct socket *socket) { return socket->option[0]; }
bool socket_asks_sender(const struct socket *socket) { return socket->option[1]; }

/* Its index, or -errno. */
static int find(const struct socket *socket, uint32_t level, uint32_t name)
{
    bool tcp = !socket_is_local(socket) && socket->type == SOCK_STREAM;
    if (level != SOL_SOCKET && (socket_is_local(socket) || (level == IPPROTO_TCP && !tcp))) return -EOPNOTSUPP;
    for (unsigned i = 0; i < LENGTH(options); i++)
        if (options[i].level == (int)level && options[i].name == (int)name) return (int)i;
    return -ENOPROTOOPT;
}

/* Options that are no plain numbers: struct linger, and the two layouts of a timeval. Closing never waits, and how long
 * sending may wait is nobody's choice. How many words; 0: none of these. */
static uint32_t words_of(uint32_t name)
{
    switch (name) {
    case SO_LINGER:
    case SO_RCVTIMEO_OLD:
    case SO_SNDTIMEO_OLD: return 2;
    case SO_RCVTIMEO_NEW:
    case SO_SNDTIMEO_NEW: return 4;
    default: return 0;
    }
}

static int64_t get_words(const struct socket *socket, uint32_t name, uint32_t value[WORDS])
{
    if (name == SO_RCVTIMEO_OLD || name == SO_RCVTIMEO_NEW) {
        value[0] = (uint32_t)(socket->patience / NS);
        value[words_of(name) / 2] = (uint32_t)(socket->patience % NS / 1000);
    }
    return words_of(name) ? (int64_t)(words_of(name) * sizeof value[0]) : -ENOPROTOOPT;
}

static int64_t set_words(struct socket *socket, uint32_t name, const uint32_t value[WORDS])
{
    if (name != SO_RCVTIMEO_OLD && name != SO_RCVTIMEO_NEW) return 0;
    uint32_t us = value[words_of(name) / 2];
    if (us >= 1000000) return -EDOM;
    socket->patience = value[0] * (uint64_t)NS + us * UINT64_C(1000);
    return 0;
}

/* What an option of SOL_SOCKET that is no setting tells: its bytes, or -errno. */
static int64_t get_state(struct user *user, struct file *file, uint32_t name, uint32_t value[WORDS])
{
    const struct socket *socket = file->socket;
    bool local = socket_is_local(socket);
    switch (name) {
    case SO_TYPE: value[0] = (uint32_t)socket->type; break;
    case SO_DOMAIN: value[0] = (uint32_t)socket->domain; break;
    case SO_PROTOCOL: value[0] = local ? 0 : socket->type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP; break;
    case SO_ACCEPTCONN: value[0] = socket->listening; break;
    case SO_ERROR: value[0] = (uint32_t)-socket_take_error(file); break;
    case SO_PEERCRED:
        value[0] = socket->peer_process;
        value[1] = value[0] ? GUEST_UID : UINT32_MAX;
        value[2] = value[0] ? GUEST_GID : UINT32_MAX;
        return 3 * sizeof value[0];
    default: return get_words(socket, name, value);
    }
    return sizeof value[0];
}

int64_t sys_getsockopt(struct user *user, const uint32_t *a)
{
    int64_t status;
    struct file *file = socket_at(user, a[0], &status);
    uint32_t room, value[WORDS] = {0};
    if (!file) return status;
    if (!user_get(user, a[4], &room, sizeof room)) return -EFAULT;
    if ((int32_t)room < 0) return -EINVAL;
    int found = find(file->socket, a[1], a[2]);
    int64_t bytes = found;
    if (found >= 0)
        value[0] = file->socket->option[found], bytes = sizeof value[0];
    else if (a[1] == SOL_SOCKET)
        bytes = get_state(user, file, a[2], value);
    if (bytes < 0) return bytes;
    uint32_t told = bytes < room ? (uint32_t)bytes : room;
    return user_put(user, a[3], value, told) && user_put(user, a[4], &told, sizeof told) ? 0 : -EFAULT;
}

static uint32_t kept(int kind, uint32_t value)
{
    if (kind == OPTION_FLAG) return value != 0;
    if (kind == OPTION_NUMBER) return value;
    value = value < BUFFER_BYTES ? 2 * value : 2 * BUFFER_BYTES; /* as Linux, which counts its own use of it */
    uint32_t least = kind == OPTION_SEND ? SEND_LEAST : RECEIVE_LEAST;
    return value > least ? value : least;
}

int64_t sys_setsockopt(struct user *user, const uint32_t *a)
{
    int64_t status;
    struct file *file = socket_at(user, a[0], &status);
    uint32_t value[WORDS] = {0};
    if (!file) return status;
    int found = find(file->socket, a[1], a[2]);
    uint32_t words = found >= 0 ? 1 : a[1] == SOL_SOCKET ? words_of(a[2]) : 0;
    if (!words) return found;
    if (a[4] < words * sizeof value[0]) return -EINVAL;
    if (!user_get(user, a[3], value, words * sizeof value[0])) return -EFAULT;
    if (found < 0) return set_words(file->socket, a[2], value);
    file->socket->option[found] = kept(options[found].kind, value[0]);
    return 0;
}
