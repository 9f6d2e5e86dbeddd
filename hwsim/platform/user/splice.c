/* splice.c -- from file to file: sendfile(2), copy_file_range(2), splice(2), tee(2), vmsplice(2). A pipe's slots move
 * as they are: how many there are shows in what fits into it. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

/* ---- files with a position ---- */

/* A position that a call reads and writes in guest memory, or that of the file (address 0). */
struct cursor {
    uint32_t address;
    size_t bytes;
    uint64_t at;
};
static int64_t get_cursor(struct user *user, struct cursor *cursor)
{
    int64_t wide = 0;
    int32_t narrow;
    if (!cursor->address) {
        cursor->at = NO_OFFSET;
        return 0;
    }
    if (space_accessible(user, cursor->address, cursor->bytes, true) != cursor->bytes) return -EFAULT;
    user_get(user, cursor->address, cursor->bytes == 8 ? (void *)&wide : &narrow, cursor->bytes);
    if (cursor->bytes == 4) wide = narrow;
    cursor->at = (uint64_t)wide;
    return wide < 0 ? -EINVAL : 0;
}

static void advance(struct user *user, struct cursor *cursor, const struct file *file, int64_t read, int64_t used)
{
    if (cursor->address) {
        cursor->at += (uint64_t)used;
        user_put(user, cursor->address, &cursor->at, cursor->bytes);
    } else if (used < read) {
        lseek(file->host, used - read, SEEK_CUR);
    }
}

/* A socket that is full is waited for, even if a part is done; nothing else is. */
static int64_t copy(struct user *user, struct file *in, struct cursor *from, struct file *out, struct cursor *to,
                    uint32_t count)
{
    struct thread *thread = user->thread;
    bool persists = out->kind == FILE_SOCKET && !(out->flags & O_NONBLOCK);
    int64_t done = schedule_again(&thread->wait) ? thread->written : 0, before = done, status = 0;
    uint8_t *piece = malloc(IO_PIECE);
    if (!piece) return -ENOMEM;
    thread->written = 0;
    count = count > IO_COUNT_MAX ? IO_COUNT_MAX : count;
    while (done < count && !user_ended(user)) {
        size_t wanted = count - (size_t)done < IO_PIECE ? count - (size_t)done : IO_PIECE;
        int64_t got = status = io_read(user, in, piece, wanted, from->at);
        if (got <= 0) break;
        int64_t put = status = io_write(user, out, piece, (size_t)got, to->at);
        if (put == -EPIPE) io_broken_pipe(user);
        int64_t used = put > 0 ? put : 0;
        advance(user, from, in, got, used);
        if (to->address) advance(user, to, out, used, used);
        done += used;
        if (put <= 0 || (put < got && !persists)) break;
    }
    free(piece);
    if (status != BLOCKED || !persists || !done) return done ? done : status;
    thread->written = (uint32_t)done;
    if (done > before) schedule_look(user);
    return BLOCKED;
}

static int64_t send_file(struct user *user, const uint32_t *a, size_t bytes)
{
    struct file *out = file_at(user, a[0]), *in = file_at(user, a[1]);
    struct cursor from = {a[2], bytes, 0}, to = {0, 0, NO_OFFSET};
    int64_t status = get_cursor(user, &from);
    if (status == -EFAULT) return status;
    if (!in || in->kind == FILE_PATH || (in->flags & O_ACCMODE) == O_WRONLY) return -EBADF;
    if (from.address && io_is_stream(in)) return -ESPIPE;
    if (status < 0) return status;
    if ((status = io_check(out, true, NO_OFFSET)) < 0) return status;
    unsigned room = out->kind == FILE_PIPE ? pipe_poll(out) : POLLOUT;
    if (room & POLLERR) io_broken_pipe(user);
    if (room & POLLERR || (!(room & POLLOUT) && out->flags & O_NONBLOCK)) return room & POLLERR ? -EPIPE : -EAGAIN;
    if ((in->kind != FILE_REGULAR && in->kind != FILE_DEVICE && in->kind != FILE_TEXT) || out->flags & O_APPEND)
        return -EINVAL;
    return copy(user, in, &from, out, &to, a[3]);
}

int64_t sys_sendfile(struct user *user, const uint32_t *a) { return send_file(user, a, 4); }
int64_t sys_sendfile64(struct user *user, const uint32_t *a) { return send_file(user, a, 8); }

int64_t sys_copy_file_range(struct user *user, const uint32_t *a)
{
    struct file *in = file_at(user, a[0]), *out = file_at(user, a[2]);
    struct cursor from = {a[1], 8, 0}, to = {a[3], 8, 0};
    struct stat source, target;
    int64_t status;
    if (!in || in->kind == FILE_PATH || !out || out->kind == FILE_PATH) return -EBADF;
    if ((status = get_cursor(user, &from)) == -EFAULT || (status = get_cursor(user, &to)) == -EFAULT) return status;
    if (a[5]) return -EINVAL;
    if (in->kind == FILE_DIRECTORY || out->kind == FILE_DIRECTORY) return -EISDIR;
    if (in->kind != FILE_REGULAR || out->kind != FILE_REGULAR) return -EINVAL;
    if (io_check(in, false, NO_OFFSET) < 0 || io_check(out, true, NO_OFFSET) < 0 || out->flags & O_APPEND)
        return -EBADF;
    if (fstat(in->host, &source) < 0 || fstat(out->host, &target) < 0) return -errno;
    uint64_t first = from.address ? from.at : (uint64_t)lseek(in->host, 0, SEEK_CUR);
    uint64_t second = to.address ? to.at : (uint64_t)lseek(out->host, 0, SEEK_CUR);
    if (first > INT64_MAX || second > INT64_MAX) return -EINVAL;
    uint64_t left = first < (uint64_t)source.st_size ? (uint64_t)source.st_size - first : 0;
    uint32_t count = left < a[4] ? (uint32_t)left : a[4];
    bool overlap = first < second + count && second < first + count;
    if (source.st_dev == target.st_dev && source.st_ino == target.st_ino && overlap) return -EINVAL;
    return copy(user, in, &from, out, &to, count);
}

/* ---- pipes ---- */

/* Is there something to read? 1; 0: there will never be; or what the call comes to. */
static int64_t await_bytes(struct user *user, const struct file *pipe, bool patient)
{
    if (pipe_poll(pipe) & POLLIN) return 1;
    if (!pipe_is_written(pipe)) return 0;
    return patient ? schedule_block(user, UINT64_MAX, RESTART_ALWAYS) : -EAGAIN;
}

/* Is there a slot to fill? 1, or what the call comes to. */
static int64_t await_room(struct user *user, const struct file *pipe, bool patient)
{
    unsigned events = pipe_poll(pipe);
    if (events & POLLERR) io_broken_pipe(user);
    if (events & POLLERR) return -EPIPE;
    if (events & POLLOUT) return 1;
    return patient ? schedule_block(user, UINT64_MAX, RESTART_ALWAYS) : -EAGAIN;
}

static int64_t between_pipes(struct user *user, struct file *in, struct file *out, size_t count, bool patient,
                             bool keep)
{
    if (in->in == out->out) return -EINVAL;
    patient = patient && !((in->flags | out->flags) & O_NONBLOCK);
    int64_t there = await_bytes(user, in, patient);
    int64_t room = there < 0 ? there : await_room(user, out, patient);
    return room < 0 ? room : there ? (int64_t)pipe_splice(in, out, count, keep) : 0;
}

/* Devices give and take what they do; of texts and descriptors that hold a number Linux moves nothing. */
static bool can_give(const struct file *file)
{
    bool device = file->kind == FILE_DEVICE && file->device != DEVICE_NULL;
    return file->kind == FILE_REGULAR || file->kind == FILE_SOCKET || file->kind == FILE_STREAM || device;
}
static bool can_take(const struct file *file)
{
    bool device = file->kind == FILE_DEVICE && file->device != DEVICE_FULL;
    return file->kind == FILE_REGULAR || file->kind == FILE_SOCKET || file->kind == FILE_STREAM || device;
}

static bool has_position(const struct file *file) { return !io_is_stream(file); }

/* What a socket has, in slots of a page. */
static int64_t from_socket(struct user *user, struct file *in, struct file *out, size_t count, bool patient)
{
    const int before = in->flags;
    uint8_t *piece = malloc(IO_PIECE);
    if (!piece) return -ENOMEM;
    if (!patient) in->flags |= O_NONBLOCK;
    socket_start(in);
    int64_t got = io_read(user, in, piece, count < IO_PIECE ? count : IO_PIECE, NO_OFFSET);
    in->flags = before;
    for (int64_t done = 0; done < got; done += PAGE_BYTES)
        pipe_add(out, piece + done, got - done < PAGE_BYTES ? (size_t)(got - done) : PAGE_BYTES);
    free(piece);
    return got;
}

/* Page by page of the file. */
static int64_t from_file(struct user *user, struct file *in, struct cursor *from, struct file *out, size_t count)
{
    int64_t done = 0, got = 0;
    uint8_t page[PAGE_BYTES];
    uint64_t at = from->address ? from->at : in->host >= 0 ? (uint64_t)lseek(in->host, 0, SEEK_CUR) : 0;
    size_t first = in->kind == FILE_REGULAR ? (size_t)(at % PAGE_BYTES) : 0;
    while ((size_t)done < count && pipe_room(out) && !user_ended(user)) {
        size_t wanted = PAGE_BYTES - first < count - (size_t)done ? PAGE_BYTES - first : count - (size_t)done;
        got = io_read(user, in, page, wanted, from->at);
        if (got <= 0) break;
        pipe_add(out, page, (size_t)got);
        advance(user, from, in, got, got);
        done += got;
        first = 0;
        if ((size_t)got < wanted) break;
    }
    return done ? done : got;
}

static int64_t to_pipe(struct user *user, struct file *in, struct cursor *from, struct file *out, size_t count,
                       bool patient)
{
    int64_t room = await_room(user, out, patient && !(out->flags & O_NONBLOCK));
    if (room < 0) return room;
    if (!can_give(in)) return -EINVAL;
    size_t most = (size_t)pipe_room(out) * PAGE_BYTES;
    count = count < most ? count : most;
    return in->kind == FILE_SOCKET ? from_socket(user, in, out, count, patient) : from_file(user, in, from, out, count);
}

/* The bytes of the first slots, up to `most`. */
static size_t gather(const struct file *pipe, uint8_t *to, size_t most)
{
    size_t done = 0;
    const uint8_t *bytes;
    for (unsigned i = 0; done < most; i++) {
        size_t count = pipe_slot(pipe, i, &bytes);
        if (!count) break;
        count = count < most - done ? count : most - done;
        memcpy(to + done, bytes, count);
        done += count;
    }
    return done;
}

/* It goes on where a part is written and a socket takes no more. */
static int64_t from_pipe(struct user *user, struct file *in, struct file *out, struct cursor *to, size_t count,
                         bool patient)
{
    struct thread *thread = user->thread;
    size_t done = schedule_again(&thread->wait) ? thread->written : 0, before = done;
    int64_t put = 0, there = done ? 1 : await_bytes(user, in, patient && !(in->flags & O_NONBLOCK));
    thread->written = 0;
    if (there <= 0) return there;
    if (!can_take(out)) return -EINVAL;
    uint8_t *piece = malloc(IO_PIECE);
    if (!piece) return -ENOMEM;
    if (out->socket) socket_start(out);
    for (size_t wanted; done < count && !user_ended(user); done += (size_t)put) {
        wanted = gather(in, piece, count - done < IO_PIECE ? count - done : IO_PIECE);
        put = wanted ? io_write(user, out, piece, wanted, to->at) : 0;
        if (put <= 0) break;
        pipe_drop(in, (size_t)put);
        if (to->address) advance(user, to, out, put, put);
    }
    free(piece);
    if (put == -EPIPE) io_broken_pipe(user);
    if (put != BLOCKED || !done) return done ? (int64_t)done : put;
    thread->written = (uint32_t)done;
    if (done > before) schedule_look(user);
    return BLOCKED;
}

/* A stream of the host's that the guest takes for a pipe, and something that is none. */
static int64_t with_stream(struct user *user, struct file *in, struct cursor *from, struct file *out, struct cursor *to,
                           uint32_t count)
{
    bool fits = in->kind != FILE_SOCKET && out->kind != FILE_SOCKET && can_give(in) && can_take(out);
    bool pipe = (in->kind == FILE_STREAM && !has_position(in)) || (out->kind == FILE_STREAM && !has_position(out));
    return fits && pipe ? copy(user, in, from, out, to, count) : -EINVAL;
}

enum { SPLICE_MOVES = 1, SPLICE_IMPATIENT = 2, SPLICE_MORE = 4, SPLICE_GIFT = 8 };
#define SPLICE_KNOWN (uint32_t)(SPLICE_MOVES | SPLICE_IMPATIENT | SPLICE_MORE | SPLICE_GIFT)

static bool is_pipe(const struct file *file) { return file->kind == FILE_PIPE; }
static bool is_open(const struct file *file) { return file && file->kind != FILE_PATH; }

/* May the one be read, and the other written? 0 or -errno. */
static int64_t check_modes(const struct file *in, const struct file *out)
{
    return (in->flags & O_ACCMODE) == O_WRONLY || (out->flags & O_ACCMODE) == O_RDONLY ? -EBADF : 0;
}

int64_t sys_splice(struct user *user, const uint32_t *a)
{
    struct file *in = file_at(user, a[0]), *out = file_at(user, a[2]);
    struct cursor from = {a[1], 8, 0}, to = {a[3], 8, 0};
    bool patient = !(a[5] & SPLICE_IMPATIENT);
    uint32_t count = a[4] > IO_COUNT_MAX ? IO_COUNT_MAX : a[4];
    if (!count) return 0;
    if (a[5] & ~SPLICE_KNOWN) return -EINVAL;
    if (!is_open(in) || !is_open(out)) return -EBADF;
    if ((is_pipe(in) && from.address) || (is_pipe(out) && to.address)) return -ESPIPE;
    int64_t first = get_cursor(user, &from), second = get_cursor(user, &to);
    if (first == -EFAULT || second == -EFAULT) return -EFAULT;
    int64_t status = check_modes(in, out);
    if (status < 0) return status;
    if (is_pipe(in) && is_pipe(out)) return between_pipes(user, in, out, count, patient, false);
    if ((from.address && !has_position(in)) || (to.address && !has_position(out))) return -EINVAL;
    if (first < 0 || second < 0 || out->flags & O_APPEND) return -EINVAL;
    if (is_pipe(in)) return from_pipe(user, in, out, &to, count, patient);
    if (is_pipe(out)) return to_pipe(user, in, &from, out, count, patient);
    return with_stream(user, in, &from, out, &to, count);
}

int64_t sys_tee(struct user *user, const uint32_t *a)
{
    struct file *in = file_at(user, a[0]), *out = file_at(user, a[1]);
    if (a[3] & ~SPLICE_KNOWN) return -EINVAL;
    if (!a[2]) return 0;
    if (!is_open(in) || !is_open(out) || check_modes(in, out) < 0) return -EBADF;
    if (!is_pipe(in) || !is_pipe(out)) return -EINVAL;
    return between_pipes(user, in, out, a[2], !(a[3] & SPLICE_IMPATIENT), true);
}

/* ---- a pipe and memory ---- */

/* A slot for each page that the guest's buffers lie in. What it does to these later does not change what is there. */
static int64_t from_memory(struct user *user, struct file *out, const uint32_t (*vector)[2], uint32_t count,
                           bool patient)
{
    uint8_t page[PAGE_BYTES];
    int64_t done = 0, room = await_room(user, out, patient);
    if (room < 0) return room;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t at = vector[i][0], left = vector[i][1], bytes; left; at += bytes, left -= bytes) {
            bytes = PAGE_BYTES - at % PAGE_BYTES < left ? PAGE_BYTES - at % PAGE_BYTES : left;
            if (!pipe_room(out)) return done;
            if (!user_get(user, at, page, bytes)) return done ? done : -EFAULT;
            pipe_add(out, page, bytes);
            done += bytes;
        }
    }
    return done;
}

/* A slot's bytes into the buffers from place `*skip` on, which moves behind them. False: a buffer is not there. */
static bool scatter(struct user *user, const uint8_t *bytes, size_t count, const uint32_t (*vector)[2], uint64_t *skip)
{
    uint64_t before = 0;
    for (size_t done = 0; done < count; before += (*vector++)[1]) {
        if (before + (*vector)[1] <= *skip) continue;
        uint32_t inside = (uint32_t)(*skip - before), left = (*vector)[1] - inside;
        size_t part = left < count - done ? left : count - done;
        if (!user_put(user, (*vector)[0] + inside, bytes + done, part)) return false;
        done += part;
        *skip += part;
    }
    return true;
}

static int64_t to_memory(struct user *user, struct file *in, const uint32_t (*vector)[2], uint64_t total, bool patient)
{
    const uint8_t *bytes;
    uint64_t done = 0;
    int64_t there = await_bytes(user, in, patient);
    if (there <= 0) return there;
    for (size_t count; done < total && (count = pipe_slot(in, 0, &bytes)); pipe_drop(in, count)) {
        uint64_t before = done;
        count = count < total - done ? count : (size_t)(total - done);
        if (!scatter(user, bytes, count, vector, &done)) return before ? (int64_t)before : -EFAULT;
    }
    return (int64_t)done;
}

int64_t sys_vmsplice(struct user *user, const uint32_t *a)
{
    uint32_t vector[VECTORS_MAX][2];
    uint64_t total = 0;
    struct file *file = file_at(user, a[0]);
    bool patient = !(a[3] & SPLICE_IMPATIENT);
    if (a[3] & ~SPLICE_KNOWN) return -EINVAL;
    if (!is_open(file)) return -EBADF;
    int64_t status = io_get_vectors(user, a[1], a[2], vector);
    if (status < 0) return status;
    for (uint32_t i = 0; i < a[2]; i++) total += vector[i][1];
    if (!total) return 0;
    if (!is_pipe(file)) return -EBADF;
    if ((file->flags & O_ACCMODE) == O_RDONLY)
        return to_memory(user, file, (const uint32_t(*)[2])vector, total, patient);
    return from_memory(user, file, (const uint32_t(*)[2])vector, a[2], patient);
}
