/* passing.c -- what sockets carry beside data: open files (SCM_RIGHTS), and who sent a message (SCM_CREDENTIALS).
 *
 * A file in flight has a reference of the message's. Sockets that hold one another by their messages alone can be
 * reached by nobody: they are found by looking which of the messages somebody could still receive. (A connection that
 * nobody has accepted yet counts as within reach, as long as its listener is open, in flight or not.) */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "hwsim/platform/user/snapshot.h"
#include "hwsim/platform/user/sockets.h"

enum { FILES_MAX = 253, CONTROL_HEAD = 12, CREDENTIALS_BYTES = 12, OVERFLOW_ID = 65534 };

static uint32_t aligned(uint32_t bytes) { return (bytes + 3) & ~3u; }

/* ---- in flight ---- */

static struct file **room_for(struct user *user, unsigned count)
{
    struct file **file = calloc(count + 1, sizeof *file);
    if (!file) hw_panic(user->core, "no host memory for what the guest's sockets pass on");
    return file;
}

static struct passed *create(struct user *user, unsigned count)
{
    struct passed *passed = calloc(1, sizeof *passed);
    if (!passed) hw_panic(user->core, "no host memory for what the guest's sockets pass on");
    passed->file = room_for(user, count);
    return passed;
}

void passing_send(struct user *user, struct passed *passed, struct file *holder)
{
    passed->holder = holder;
    passed->after = user->passed;
    user->passed = passed;
    user->passed_files += passed->count;
    for (unsigned i = 0; i < passed->count; i++) passed->file[i]->in_flight++;
}

static void arrive(struct user *user, struct passed *passed)
{
    struct passed **link = &user->passed;
    if (!passed->holder) return;
    while (*link != passed) link = &(*link)->after;
    *link = passed->after;
    passed->holder = NULL;
    user->passed_files -= passed->count;
    for (unsigned i = 0; i < passed->count; i++) passed->file[i]->in_flight--;
}

static void release(struct user *user, struct passed *passed)
{
    unsigned count = passed->count;
    struct file **file = passed->file;
    passed->count = 0;
    passed->file = NULL;
    for (unsigned i = 0; i < count; i++) file_release(user, file[i]);
    free(file);
}

void passing_drop(struct user *user, struct passed *passed)
{
    arrive(user, passed);
    release(user, passed);
    free(passed);
}

/* ---- what nobody can reach ---- */

static bool within_reach(const struct file *file) { return file->reached || file->references > file->in_flight; }

/* Marks what can be received from sockets within reach; false: nothing more was. */
static bool reach(struct user *user)
{
    bool any = false;
    for (struct passed *passed = user->passed; passed; passed = passed->after) {
        if (!within_reach(passed->holder)) continue;
        for (unsigned i = 0; i < passed->count; i++) {
            any |= !passed->file[i]->reached;
            passed->file[i]->reached = true;
        }
    }
    return any;
}

void passing_collect(struct user *user)
{
    if (user->collecting) return;
    user->collecting = true;
    for (struct passed *passed = user->passed; passed; passed = passed->after)
        for (unsigned i = 0; i < passed->count; i++) passed->file[i]->reached = false;
    while (reach(user)) {
    }
    for (struct passed *passed = user->passed; passed;) {
        struct passed lost = {.count = passed->count, .file = passed->file};
        if (within_reach(passed->holder) || !passed->count) {
            passed = passed->after;
            continue;
        }
        for (unsigned i = 0; i < lost.count; i++) lost.file[i]->in_flight--;
        user->passed_files -= lost.count;
        passed->count = 0;
        passed->file = NULL;
        release(user, &lost);
        passed = user->passed; /* the list may be another now */
    }
    user->collecting = false;
}

/* ---- sending ---- */

/* The files of the descriptors that lie at the address: 0 or -errno. */
static int64_t add_files(struct user *user, struct passed *passed, uint32_t address, uint32_t count)
{
    uint32_t descriptor[FILES_MAX];
    if (passed->count + count > FILES_MAX) return -EINVAL;
    if (!user_get(user, address, descriptor, count * sizeof descriptor[0])) return -EFAULT;
    for (uint32_t i = 0; i < count; i++) {
        struct file *file = file_at(user, descriptor[i]);
        if (!file) return -EBADF;
        file->references++;
        passed->file[passed->count++] = file;
    }
    return 0;
}

/* Nobody may pass for another. */
static int64_t check_credentials(struct user *user, uint32_t address, uint32_t bytes)
{
    uint32_t given[3];
    if (bytes != CREDENTIALS_BYTES) return -EINVAL;
    if (!user_get(user, address, given, sizeof given)) return -EFAULT;
    return given[0] == user->process->id && given[1] == GUEST_UID && given[2] == GUEST_GID ? 0 : -EPERM;
}

/* One piece of control data: length, level, type, and what follows. */
static int64_t get_piece(struct user *user, struct socket *socket, const uint32_t head[3], uint32_t address)
{
    uint32_t bytes = head[0] - CONTROL_HEAD, type = head[2];
    bool known = head[1] == SOL_SOCKET && (type == SCM_RIGHTS || type == SCM_CREDENTIALS);
    if (!socket_is_local(socket)) return known ? 0 : -EOPNOTSUPP;
    if (head[1] != SOL_SOCKET) return 0;
    if (!known) return -EINVAL;
    if (type == SCM_RIGHTS) return add_files(user, socket->sending, address, bytes / 4);
    int64_t status = check_credentials(user, address, bytes);
    if (status == 0) socket->sending->process = user->process->id;
    return status;
}

int64_t passing_get(struct user *user, struct socket *socket, const struct header *header)
{
    uint32_t head[3], left = header->control_bytes;
    int64_t status = 0;
    if (!left) return 0;
    if (left > INT32_MAX) return -ENOBUFS;
    if (left < CONTROL_HEAD) return -EINVAL;
    socket->sending = create(user, FILES_MAX);
    for (uint32_t at = header->control; status == 0 && left >= CONTROL_HEAD;) {
        if (!user_get(user, at, head, sizeof head)) return -EFAULT;
        if (head[0] < CONTROL_HEAD || head[0] > left) return -EINVAL;
        status = get_piece(user, socket, head, at + CONTROL_HEAD);
        uint32_t step = aligned(head[0]) < left ? aligned(head[0]) : left;
        at += step;
        left -= step;
    }
    bool many = socket->sending->count && user->passed_files > user->process->limit[7][0]; /* RLIMIT_NOFILE */
    return status == 0 && many ? -ETOOMANYREFS : status;
}

void passing_end(struct user *user, struct socket *socket)
{
    if (socket->sending) passing_drop(user, socket->sending);
    release(user, &socket->received);
    socket->sending = NULL;
    socket->received = (struct passed){0};
    socket->wanted = false;
}

struct passed *passing_take(struct user *user, struct socket *socket, const struct socket *to)
{
    struct passed *passed = socket->sending;
    bool asked = socket_is_local(socket) && (socket_asks_sender(socket) || socket_asks_sender(to));
    socket->sending = NULL;
    if (passed && !passed->count && !passed->process && !asked) {
        passing_drop(user, passed);
        return NULL;
    }
    if (!passed && asked) passed = create(user, 0);
    if (asked) passed->process = user->process->id;
    return passed;
}

void passing_attach(struct user *user, struct file *file, uint64_t start)
{
    struct file *reader = pipe_reader(file->out);
    struct passed *passed = reader ? passing_take(user, file->socket, reader->socket) : NULL;
    struct passed **link = pipe_passed(file->out);
    if (!passed) return;
    passed->start = start;
    passed->end = pipe_written(file->out);
    while (*link) link = &(*link)->next;
    *link = passed;
    passing_send(user, passed, reader);
}

/* ---- receiving ---- */

void passing_receive(struct user *user, struct socket *socket, struct passed *passed, bool peek)
{
    socket->received.process = passed->process;
    if (!passed->count) return;
    if (peek && !socket->wanted) return;
    struct passed *got = create(user, passed->count);
    for (unsigned i = 0; i < passed->count; i++) {
        got->file[i] = passed->file[i];
        got->file[i]->references++;
    }
    got->count = passed->count;
    if (!peek) {
        struct passed empty = {.count = passed->count, .file = passed->file};
        for (unsigned i = 0; i < passed->count; i++) passed->file[i]->in_flight--;
        user->passed_files -= passed->count;
        passed->count = 0;
        passed->file = NULL;
        release(user, &empty);
    }
    release(user, &socket->received);
    if (socket->wanted)
        socket->received.count = got->count, socket->received.file = got->file;
    else
        release(user, got);
    free(got);
}

void socket_start(struct file *file)
{
    file->socket->received.process = 0;
    file->socket->known = false;
    file->socket->stop = 0;
}

bool passing_stopped(const struct file *file)
{
    uint64_t stop = file->socket->stop;
    return !file->packets && stop && pipe_consumed(file->in) + file->peeked >= stop;
}

/* As Linux reads a stream: what comes with bytes is taken with the first of them, and reading stops behind the last of
 * them; whoever asks who sent them gets no bytes of different senders together. Whoever only looks sees the files that
 * come next, even where the bytes that they come with lie behind those that were asked for. */
size_t passing_detach(struct user *user, struct file *file, size_t bytes)
{
    struct socket *socket = file->socket;
    const uint64_t first = pipe_consumed(file->in) + (file->packets ? 0 : file->peeked);
    const uint64_t end = file->packets ? first + 1 : file->peek ? pipe_written(file->in) : first + bytes;
    struct passed *passed = *pipe_passed(file->in);
    if (!passed && !socket->stop) return bytes;
    for (uint64_t at = first; at < end && (!socket->stop || at < socket->stop);) {
        while (passed && passed->end <= at) passed = passed->next;
        bool with = passed && passed->start <= at;
        uint32_t process = with ? passed->process : 0;
        if (socket->known && socket_asks_sender(socket) && process != socket->received.process) {
            socket->stop = at;
            break;
        }
        socket->known = true;
        socket->received.process = process;
        if (with && passed->count) {
            socket->stop = passed->end;
            passing_receive(user, socket, passed, file->peek);
        }
        at = with ? passed->end : passed ? passed->start : end;
    }
    bool whole = file->packets || !socket->stop || socket->stop >= first + bytes;
    return whole ? bytes : (size_t)(socket->stop - first);
}

void passing_forget(struct user *user, struct pipe *pipe, bool all)
{
    struct passed **link = pipe_passed(pipe);
    while (*link && (all || (*link)->end <= pipe_consumed(pipe))) {
        struct passed *gone = *link;
        *link = gone->next;
        passing_drop(user, gone);
    }
}

/* One piece of control data, cut where there is no more room. */
static void put_piece(struct user *user, struct header *header, uint32_t *at, uint32_t type, const void *from,
                      uint32_t bytes)
{
    uint32_t room = header->control_bytes - *at, space = CONTROL_HEAD + aligned(bytes);
    if (room < CONTROL_HEAD + bytes) header->flags |= MSG_CTRUNC;
    if (room < CONTROL_HEAD) return;
    uint32_t put = room - CONTROL_HEAD < bytes ? room - CONTROL_HEAD : bytes;
    const uint32_t head[3] = {CONTROL_HEAD + put, SOL_SOCKET, type};
    if (!user_put(user, header->control + *at, head, sizeof head) ||
        !user_put(user, header->control + *at + CONTROL_HEAD, from, put))
        return;
    *at += space < room ? space : room;
}

/* Gives the files descriptors: those that there is room for. */
static void put_files(struct user *user, struct socket *socket, struct header *header, uint32_t *at, bool close_on_exec)
{
    uint32_t room = header->control_bytes - *at, descriptor[FILES_MAX], count = 0;
    uint32_t most = room > CONTROL_HEAD ? (room - CONTROL_HEAD) / 4 : 0;
    most = most < socket->received.count ? most : socket->received.count;
    if (most && space_accessible(user, header->control + *at, CONTROL_HEAD + 4 * most, true) != CONTROL_HEAD + 4 * most)
        most = 0;
    for (; count < most; count++) {
        struct file *file = socket->received.file[count];
        file->references++;
        int fd = file_install(user, file, 0, close_on_exec);
        if (fd < 0) break;
        descriptor[count] = (uint32_t)fd;
    }
    if (count < socket->received.count) header->flags |= MSG_CTRUNC;
    if (count) put_piece(user, header, at, SCM_RIGHTS, descriptor, 4 * count);
}

void passing_put(struct user *user, struct socket *socket, struct header *header, uint32_t flags)
{
    uint32_t at = 0, process = socket->received.process;
    const uint32_t sender[3] = {process, process ? GUEST_UID : OVERFLOW_ID, process ? GUEST_GID : OVERFLOW_ID};
    bool asks = socket_is_local(socket) && socket_asks_sender(socket);
    header->flags |= flags & MSG_CMSG_CLOEXEC;
    if (!header->control) {
        if (asks || socket->received.count) header->flags |= MSG_CTRUNC;
    } else {
        if (asks) put_piece(user, header, &at, SCM_CREDENTIALS, sender, sizeof sender);
        if (socket->received.count) put_files(user, socket, header, &at, flags & MSG_CMSG_CLOEXEC);
    }
    header->control_bytes = at;
}

/* ---- snapshots ---- */

/* They are numbered in the order in which the list of all has them. */
void passed_snapshot(struct user_snapshot *u)
{
    struct snapshot *to = u->to;
    struct passed **link = &u->user->passed;
    for (unsigned i = 0; i < u->passed.count; i++, link = &(*link)->after) {
        struct passed *passed = *link = u->passed.item[i];
        SNAPSHOT_OBJECT(u, passed, passed->next);
        SNAPSHOT_OBJECT(u, files, passed->holder);
        SNAPSHOT_RANGE(to, passed, start, process);
        passed->count = snapshot_count(to, passed->count, FILES_MAX);
        if (to->loading) passed->file = room_for(u->user, passed->count);
        for (unsigned k = 0; k < passed->count; k++) SNAPSHOT_OBJECT(u, files, passed->file[k]);
    }
    SNAPSHOT(to, u->user->passed_files);
}
