/* io.c -- reading, writing, and where in a file. It takes no guest time, and does not depend on how the host cuts a
 * stream into pieces. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

enum { MESSAGE_BYTES = 1 << 19, PIPE_BYTES_MAX = (1 << 20) + PAGE_BYTES };

/* ---- reading and writing ---- */

static void capture(struct user *user, int host, const uint8_t *from, size_t bytes)
{
    for (unsigned i = 0; i < LENGTH(user->output); i++) {
        struct printed *output = &user->output[i];
        if (host != user->stream[i + 1]) continue;
        printed_reserve(output, bytes);
        memcpy(output->bytes + output->used, from, bytes);
        output->used += bytes;
        return;
    }
}

/* Writes all of it: where a host write stops is the host's matter. */
static int64_t write_stream(struct user *user, int host, const uint8_t *from, size_t bytes)
{
    sigset_t pipe, old, waiting;
    size_t done = 0;
    int error = 0;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&waiting);
    sigprocmask(SIG_BLOCK, &pipe, &old);
    while (done < bytes && !error) {
        ssize_t got = write(host, from + done, bytes - done);
        if (got >= 0)
            done += (size_t)got;
        else if (errno == EAGAIN)
            poll(&(struct pollfd){.fd = host, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR)
            error = errno;
        if (user->interrupted) break;
    }
    if (error == EPIPE && !sigismember(&waiting, SIGPIPE)) {
        const struct timespec now = {0};
        sigtimedwait(&pipe, NULL, &now); /* ours, not the caller's */
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (user->capture && done) capture(user, host, from, done);
    if (error == EPIPE)
        signal_send(user, (struct signal_info){
                              .number = SIGPIPE, .code = SIGNAL_USER, .field = {user->process->id, GUEST_UID}});
    return done ? (int64_t)done : -error;
}

/* Reads until the buffer is full, so that it does not matter in what pieces a pipe delivers; a terminal gives a line.
 */
static int64_t read_stream(struct user *user, const struct file *file, int host, uint8_t *to, size_t bytes)
{
    bool line = isatty(host);
    if (line && file->flags & O_NONBLOCK && poll(&(struct pollfd){.fd = host, .events = POLLIN}, 1, 0) == 0)
        return -EAGAIN;
    size_t done = 0;
    while (done < bytes) {
        ssize_t got = read(host, to + done, bytes - done);
        if (got > 0)
            done += (size_t)got, user->input_read += (uint64_t)got;
        else if (got == 0)
            break;
        else if (errno == EAGAIN)
            poll(&(struct pollfd){.fd = host, .events = POLLIN}, 1, -1);
        else if (errno != EINTR)
            return done ? (int64_t)done : -errno;
        if (user->interrupted || (line && done)) break;
    }
    return (int64_t)done;
}

static int64_t read_device(struct user *user, const struct file *file, uint8_t *to, size_t bytes)
{
    switch (file->device) {
    case DEVICE_ZERO:
    case DEVICE_FULL: memset(to, 0, bytes); return (int64_t)bytes;
    case DEVICE_RANDOM:
    case DEVICE_URANDOM:
        for (size_t i = 0; i < bytes; i++) to[i] = (uint8_t)(prng_next(&user->random) >> 56);
        return (int64_t)bytes;
    case DEVICE_TTY: return read_stream(user, file, user->stream[0], to, bytes);
    default: return 0;
    }
}

static int64_t write_device(struct user *user, const struct file *file, const uint8_t *from, size_t bytes)
{
    if (file->device == DEVICE_FULL) return -ENOSPC;
    return file->device == DEVICE_TTY ? write_stream(user, user->stream[1], from, bytes) : (int64_t)bytes;
}

void file_touch(struct user *user, const struct file *file)
{
    struct stat host;
    if (fstat(file->host, &host) == 0) {
        struct inode *inode = inode_of(user, &host);
        inode->modified = inode->changed = time_wall(user);
    }
}

/* A text of /proc is written anew whenever it is read from its start. */
static int64_t read_text(struct user *user, struct file *file, uint8_t *to, size_t bytes, uint64_t offset)
{
    uint64_t at = offset == NO_OFFSET ? file->mark : offset;
    if (at == 0) {
        struct place place;
        int status = path_resolve(user, GUEST_AT_FDCWD, file->path, END_LINK, &place);
        struct special_file special = {.kind = SPECIAL_NONE};
        if (status == 0) special = path_special(user, &place);
        if (special.kind != SPECIAL_TEXT) return -ESRCH; /* the process is gone */
        file->text.used = 0;
        special_print(user, &special, &file->text);
    }
    size_t left = at < file->text.used ? file->text.used - (size_t)at : 0, count = bytes < left ? bytes : left;
    if (count) memcpy(to, file->text.bytes + at, count);
    if (offset == NO_OFFSET) file->mark += count;
    return (int64_t)count;
}

static int64_t host_result(ssize_t result) { return result < 0 ? -errno : (int64_t)result; }

/* A file of the host, with what the guest's shared mappings hold of it. */
static int64_t read_host(struct user *user, const struct file *file, uint8_t *to, size_t bytes, uint64_t offset)
{
    uint64_t at = offset == NO_OFFSET ? (uint64_t)lseek(file->host, 0, SEEK_CUR) : offset;
    ssize_t got = offset == NO_OFFSET ? read(file->host, to, bytes) : pread(file->host, to, bytes, (off_t)offset);
    if (got > 0) backing_read(user, file->host, to, (size_t)got, at);
    return host_result(got);
}

static int64_t write_host(struct user *user, const struct file *file, const uint8_t *from, size_t bytes,
                          uint64_t offset)
{
    file_touch(user, file);
    ssize_t put = offset == NO_OFFSET ? write(file->host, from, bytes) : pwrite(file->host, from, bytes, (off_t)offset);
    if (put <= 0) return host_result(put);
    /* Where it went is known afterwards; an appending file, in Linux, takes an offset for nothing. */
    struct stat after;
    uint64_t at = offset;
    if (offset == NO_OFFSET)
        at = (uint64_t)(lseek(file->host, 0, SEEK_CUR) - put);
    else if (file->flags & O_APPEND && fstat(file->host, &after) == 0)
        at = (uint64_t)(after.st_size - put);
    backing_write(user, file->host, from, (size_t)put, at);
    return put;
}

int64_t io_read(struct user *user, struct file *file, uint8_t *to, size_t bytes, uint64_t offset)
{
    int64_t status = terminal_allows(user, file, SIGTTIN);
    if (status < 0) return status;
    switch (file->kind) {
    case FILE_REGULAR: return read_host(user, file, to, bytes, offset);
    case FILE_STREAM:
        return offset == NO_OFFSET ? read_stream(user, file, file->host, to, bytes)
                                   : host_result(pread(file->host, to, bytes, (off_t)offset));
    case FILE_PIPE: return pipe_read(user, file, to, bytes);
    case FILE_SOCKET: return socket_read(user, file, to, bytes);
    case FILE_DEVICE: return read_device(user, file, to, bytes);
    case FILE_TEXT: return read_text(user, file, to, bytes, offset);
    case FILE_EVENT: return event_read(user, file, to, bytes);
    case FILE_TIMER: return timer_file_read(user, file, to, bytes);
    case FILE_SIGNAL: return signal_file_read(user, file, to, bytes);
    case FILE_DIRECTORY: return -EISDIR;
    default: return -EINVAL;
    }
}

int64_t io_write(struct user *user, struct file *file, const uint8_t *from, size_t bytes, uint64_t offset)
{
    int64_t status = terminal_allows_output(user, file);
    if (status < 0) return status;
    switch (file->kind) {
    case FILE_REGULAR: return write_host(user, file, from, bytes, offset);
    case FILE_STREAM: return write_stream(user, file->host, from, bytes);
    case FILE_PIPE: return pipe_write(user, file, from, bytes);
    case FILE_SOCKET: return socket_write(user, file, from, bytes);
    case FILE_DEVICE: return write_device(user, file, from, bytes);
    case FILE_EVENT: return event_write(user, file, from, bytes);
    default: return -EINVAL;
    }
}

void io_broken_pipe(struct user *user)
{
    signal_send(user,
                (struct signal_info){.number = SIGPIPE, .code = SIGNAL_USER, .field = {user->process->id, GUEST_UID}});
}

/* Has it no position, although lseek tells one? */
static bool has_fixed_position(const struct file *file)
{
    return file->kind == FILE_EVENT || file->kind == FILE_TIMER || file->kind == FILE_SIGNAL ||
           file->kind == FILE_EPOLL;
}

bool io_is_stream(const struct file *file)
{
    return file->kind == FILE_PIPE || file->kind == FILE_SOCKET || has_fixed_position(file) ||
           file->kind == FILE_PROCESS || (file->kind == FILE_STREAM && !file->seekable);
}

/* Is it for something else than being read, or written? */
static bool lacks_io(const struct file *file, bool write)
{
    bool number = file->kind == FILE_TIMER || file->kind == FILE_SIGNAL;
    return file->kind == FILE_PROCESS || file->kind == FILE_EPOLL || (write && number);
}

int64_t io_check(const struct file *file, bool write, uint64_t offset)
{
    if (offset != NO_OFFSET && offset > INT64_MAX) return -EINVAL;
    if (!file || file->kind == FILE_PATH) return -EBADF;
    if (offset != NO_OFFSET && io_is_stream(file)) return -ESPIPE;
    if ((file->flags & O_ACCMODE) == (write ? O_RDONLY : O_WRONLY)) return -EBADF;
    return lacks_io(file, write) ? -EINVAL : 0;
}

/* The least that is read from, or written to, it at once. */
static size_t record_bytes(const struct file *file)
{
    switch (file->kind) {
    case FILE_EVENT:
    case FILE_TIMER: return sizeof(uint64_t);
    case FILE_SIGNAL: return SIGNAL_RECORD_BYTES;
    default: return 1;
    }
}

/* Does it take what is written without looking at it? */
static bool is_blind(const struct file *file)
{
    return file->kind == FILE_DEVICE &&
           (file->device == DEVICE_NULL || file->device == DEVICE_ZERO || file->device == DEVICE_FULL);
}

/* What comes of a read whose buffer is nowhere: EFAULT if there is something to read, which stays, if it is no record.
 */
static int64_t read_nowhere(struct user *user, struct file *file, uint64_t offset)
{
    uint8_t byte, record[SIGNAL_RECORD_BYTES];
    size_t bytes = record_bytes(file);
    if (bytes > 1) {
        int64_t lost = io_read(user, file, record, bytes, offset);
        return lost > 0 ? -EFAULT : lost;
    }
    bool peek = file->peek, connected = file->kind == FILE_PIPE || file->kind == FILE_SOCKET;
    if (!connected && (io_is_stream(file) || (file->kind == FILE_DEVICE && file->device != DEVICE_NULL)))
        return -EFAULT;
    if (!connected && offset == NO_OFFSET)
        offset = file->kind == FILE_TEXT ? file->mark : (uint64_t)lseek(file->host, 0, SEEK_CUR);
    size_t peeked = file->peeked;
    file->peek = connected;
    int64_t got = io_read(user, file, &byte, 1, offset);
    file->peek = peek;
    file->peeked = peeked;
    return got > 0 ? -EFAULT : got;
}

/* Reads or writes one guest buffer, piece by piece. As in Linux, it ends where the guest's memory does: EFAULT if that
 * is at its first byte. */
static int64_t transfer(struct user *user, struct file *file, uint32_t address, uint32_t count, uint64_t offset,
                        bool write)
{
    bool whole =
        file->kind == FILE_REGULAR || file->kind == FILE_STREAM || file->kind == FILE_DEVICE || file->kind == FILE_TEXT;
    /* how many bytes a pipe takes depends on how many there are in all; it never takes more than fill it */
    size_t least = record_bytes(file), most = write && file->kind == FILE_PIPE ? PIPE_BYTES_MAX : IO_PIECE;
    uint8_t *piece = malloc(count < most ? count + 1 : most);
    uint32_t done = 0;
    int64_t result = piece ? 0 : -ENOMEM;
    count = count > IO_COUNT_MAX ? IO_COUNT_MAX : count;
    do {
        size_t wanted = count - done < most ? count - done : most;
        size_t bytes = space_accessible(user, address + done, wanted, !write);
        uint64_t at = offset == NO_OFFSET ? offset : offset + done;
        if (result < 0) break;
        result = -EFAULT;
        if (write && is_blind(file)) bytes = wanted;
        if (wanted >= least && bytes < least) {
            if (!write) result = read_nowhere(user, file, at);
            break;
        }
        if (write && !is_blind(file) && !user_get(user, address + done, piece, bytes)) break;
        result = write ? io_write(user, file, piece, bytes, at) : io_read(user, file, piece, bytes, at);
        if (result <= 0) break;
        if (!write) user_put(user, address + done, piece, (size_t)result);
        done += (uint32_t)result;
        if ((size_t)result < wanted || !whole) /* a pipe gives what it has; the next piece would wait */
            break;
    } while (done < count);
    free(piece);
    *(write ? &user->stats.bytes_written : &user->stats.bytes_read) += done;
    if (user->interrupted) user_end(user, USER_INTERRUPTED, 0, NULL);
    if (result == -EPIPE && !file->quiet) io_broken_pipe(user);
    return done ? (int64_t)done : result;
}

/* Does the call go on where a part of it is done, although it must wait? A write to a pipe does. */
static bool persists(const struct file *file, bool write)
{
    return ((write && file->out) || file->fill) && !(file->flags & O_NONBLOCK);
}

/* A message is one, in however many buffers it lies. No signal tells that nobody takes it. */
static int64_t move_message(struct user *user, struct file *file, const uint32_t (*vector)[2], uint32_t count,
                            bool write)
{
    uint64_t total = 0, done = 0;
    for (uint32_t i = 0; i < count; i++) total += vector[i][1];
    if (total > MESSAGE_BYTES && write) return -EMSGSIZE;
    uint64_t room = total < MESSAGE_BYTES ? total : MESSAGE_BYTES;
    uint8_t *bytes = malloc(room + 1);
    int64_t result = bytes ? 0 : -ENOMEM;
    for (uint32_t i = 0; i < count && write && result == 0; done += vector[i++][1])
        if (!user_get(user, vector[i][0], bytes + done, vector[i][1])) result = -EFAULT;
    if (result == 0)
        result = write ? io_write(user, file, bytes, room, NO_OFFSET) : io_read(user, file, bytes, room, NO_OFFSET);
    int64_t left = write ? 0 : result;
    for (uint32_t i = 0; i < count && left > 0 && result >= 0; left -= vector[i++][1]) {
        size_t part = left < vector[i][1] ? (size_t)left : vector[i][1];
        if (!user_put(user, vector[i][0], bytes + (result - left), part)) result = -EFAULT;
    }
    free(bytes);
    if (result > 0) *(write ? &user->stats.bytes_written : &user->stats.bytes_read) += (uint64_t)result;
    return result;
}

int64_t io_vectors(struct user *user, struct file *file, const uint32_t (*vector)[2], uint32_t count, uint64_t offset,
                   bool write)
{
    struct thread *thread = user->thread;
    if (file->socket) socket_start(file);
    if (file->packets) return move_message(user, file, vector, count, write);
    uint32_t before = schedule_again(&thread->wait) ? thread->written : 0, done = before, skip = before;
    int64_t got = 0;
    thread->written = 0;
    for (uint32_t i = 0; i < count;) {
        if (skip >= vector[i][1]) {
            skip -= vector[i++][1];
            continue;
        }
        uint32_t wanted = vector[i][1] - skip;
        got = transfer(user, file, vector[i][0] + skip, wanted, offset == NO_OFFSET ? offset : offset + done, write);
        if (got <= 0) break;
        done += (uint32_t)got;
        skip += (uint32_t)got;
        if (got < wanted && !persists(file, write)) break;
        /* where the rest would wait, it is left: */
        if (!write && file->in && !file->fill && !pipe_available(file)) break;
        if (!write && record_bytes(file) > 1 && !(file_poll(user, file) & POLLIN)) break;
    }
    if (got != BLOCKED || !done) return done ? (int64_t)done : got;
    thread->written = done;
    if (done > before) schedule_look(user); /* somebody may read what there is */
    return BLOCKED;
}

static int64_t io(struct user *user, uint32_t descriptor, uint32_t address, uint32_t count, uint64_t offset, bool write)
{
    struct file *file = file_at(user, descriptor);
    const uint32_t vector[1][2] = {{address, count}};
    int64_t status = io_check(file, write, offset);
    if (status < 0) return status;
    if (file->socket && !count && !write) return 0;
    if (file->packets) return io_vectors(user, file, vector, 1, offset, write);
    return count ? io_vectors(user, file, vector, 1, offset, write) : transfer(user, file, address, 0, offset, write);
}

int64_t io_get_vectors(struct user *user, uint32_t address, uint32_t count, uint32_t (*vector)[2])
{
    uint64_t total = 0;
    if (count > VECTORS_MAX) return -EINVAL;
    if (!user_get(user, address, vector, count * sizeof vector[0])) return -EFAULT;
    for (uint32_t i = 0; i < count; i++)
        if (vector[i][1] > INT32_MAX || (total += vector[i][1]) > INT32_MAX) return -EINVAL;
    return 0;
}

static int64_t io_vector(struct user *user, uint32_t descriptor, uint32_t vectors, uint32_t count, uint64_t offset,
                         bool write)
{
    struct file *file = file_at(user, descriptor);
    uint32_t vector[VECTORS_MAX][2];
    int64_t status = io_check(file, write, offset);
    if (status == 0) status = io_get_vectors(user, vectors, count, vector);
    if (status < 0) return status;
    uint32_t total = 0;
    for (uint32_t i = 0; i < count; i++) total += vector[i][1];
    return total || !file->packets ? io_vectors(user, file, vector, count, offset, write) : 0;
}

static uint64_t pair(uint32_t low, uint32_t high) { return low | (uint64_t)high << 32; }

int64_t sys_read(struct user *user, const uint32_t *a) { return io(user, a[0], a[1], a[2], NO_OFFSET, false); }
int64_t sys_write(struct user *user, const uint32_t *a) { return io(user, a[0], a[1], a[2], NO_OFFSET, true); }
int64_t sys_readv(struct user *user, const uint32_t *a) { return io_vector(user, a[0], a[1], a[2], NO_OFFSET, false); }
int64_t sys_writev(struct user *user, const uint32_t *a) { return io_vector(user, a[0], a[1], a[2], NO_OFFSET, true); }

/* An explicit offset; one that is negative is left to io_check, which must not take it for "none". */
static uint64_t explicit_offset(uint32_t low, uint32_t high)
{
    uint64_t offset = pair(low, high);
    return offset > INT64_MAX ? (uint64_t)INT64_MAX + 1 : offset;
}

int64_t sys_pread64(struct user *user, const uint32_t *a)
{
    return io(user, a[0], a[1], a[2], explicit_offset(a[3], a[4]), false);
}
int64_t sys_pwrite64(struct user *user, const uint32_t *a)
{
    return io(user, a[0], a[1], a[2], explicit_offset(a[3], a[4]), true);
}
/* preadv2 and pwritev2: an offset of -1 is the file's own; what flags ask of the disk holds anyway. */
static int64_t io_vector2(struct user *user, const uint32_t *a, bool write)
{
    enum { HIGH_PRIORITY = 1, DATA_SYNC = 2, SYNC = 4, NO_WAIT = 8, APPEND = 16 };
    if (a[5] & ~(uint32_t)(HIGH_PRIORITY | DATA_SYNC | SYNC)) return -EOPNOTSUPP;
    bool own = (a[3] & a[4]) == UINT32_MAX;
    return io_vector(user, a[0], a[1], a[2], own ? NO_OFFSET : explicit_offset(a[3], a[4]), write);
}
int64_t sys_preadv2(struct user *user, const uint32_t *a) { return io_vector2(user, a, false); }
int64_t sys_pwritev2(struct user *user, const uint32_t *a) { return io_vector2(user, a, true); }

int64_t sys_preadv(struct user *user, const uint32_t *a)
{
    return io_vector(user, a[0], a[1], a[2], explicit_offset(a[3], a[4]), false);
}
int64_t sys_pwritev(struct user *user, const uint32_t *a)
{
    return io_vector(user, a[0], a[1], a[2], explicit_offset(a[3], a[4]), true);
}

/* ---- position and size ---- */

static int64_t seek(struct user *user, uint32_t descriptor, int64_t offset, uint32_t whence)
{
    struct file *file = file_at(user, descriptor);
    if (!file || file->kind == FILE_PATH) return -EBADF;
    if (whence > 4) return -EINVAL;
    if (has_fixed_position(file)) return 0;
    if (io_is_stream(file)) return -ESPIPE;
    if (file->kind == FILE_DEVICE) return file->device == DEVICE_TTY ? -ESPIPE : 0;
    if (file->kind == FILE_DIRECTORY || file->kind == FILE_TEXT) {
        if (whence > SEEK_CUR) return -EINVAL;
        int64_t position = whence == SEEK_CUR ? (int64_t)file->mark + offset : offset;
        if (position < 0) return -EINVAL;
        if (position == 0) file->listed = false; /* a rewind looks at the directory again */
        file->mark = (uint64_t)position;
        return position;
    }
    return host_result(lseek(file->host, offset, (int)whence));
}

int64_t sys_lseek(struct user *user, const uint32_t *a)
{
    int64_t position = seek(user, a[0], (int32_t)a[1], a[2]);
    return position > INT32_MAX ? -EOVERFLOW : position;
}

int64_t sys_llseek(struct user *user, const uint32_t *a)
{
    if (space_accessible(user, a[3], 8, true) != 8) return -EFAULT;
    int64_t position = seek(user, a[0], (int64_t)pair(a[2], a[1]), a[4]);
    if (position < 0) return position;
    return user_put(user, a[3], &position, sizeof position) ? 0 : -EFAULT;
}

static int64_t truncate_file(struct user *user, uint32_t descriptor, int64_t size)
{
    struct file *file = file_at(user, descriptor);
    if (size < 0) return -EINVAL;
    if (!file || file->kind == FILE_PATH) return -EBADF;
    if (file->kind != FILE_REGULAR || (file->flags & O_ACCMODE) == O_RDONLY) return -EINVAL;
    struct stat before;
    if (fstat(file->host, &before) < 0 || ftruncate(file->host, size) < 0) return -errno;
    backing_resize(user, file->host, (uint64_t)before.st_size, (uint64_t)size);
    file_touch(user, file);
    return 0;
}

static int64_t truncate_path(struct user *user, uint32_t path, int64_t size)
{
    const uint32_t open[3] = {path, O_WRONLY, 0};
    struct place place;
    struct guest_stat found;
    int64_t status = size < 0 ? -EINVAL : path_get(user, GUEST_AT_FDCWD, path, END_FOLLOW, &place);
    if (status == 0) status = place_stat(user, &place, &found);
    if (status < 0) return status;
    if (!S_ISREG(found.mode)) return S_ISDIR(found.mode) ? -EISDIR : -EINVAL;
    int64_t descriptor = sys_open(user, open);
    if (descriptor < 0) return descriptor;
    status = truncate_file(user, (uint32_t)descriptor, size);
    sys_close(user, &(uint32_t){(uint32_t)descriptor});
    return status;
}

int64_t sys_truncate(struct user *user, const uint32_t *a) { return truncate_path(user, a[0], (int32_t)a[1]); }
int64_t sys_truncate64(struct user *user, const uint32_t *a)
{
    return truncate_path(user, a[0], (int64_t)pair(a[1], a[2]));
}
int64_t sys_ftruncate(struct user *user, const uint32_t *a) { return truncate_file(user, a[0], (int32_t)a[1]); }
int64_t sys_ftruncate64(struct user *user, const uint32_t *a)
{
    return truncate_file(user, a[0], (int64_t)pair(a[1], a[2]));
}

/* Zeroes in what there is of the range. */
static int64_t write_zeroes(struct user *user, struct file *file, uint64_t offset, uint64_t bytes, uint64_t size)
{
    static const uint8_t zeroes[PAGE_BYTES];
    uint64_t end = offset + bytes < size ? offset + bytes : size;
    while (offset < end) {
        size_t count = end - offset < PAGE_BYTES ? (size_t)(end - offset) : PAGE_BYTES;
        if (pwrite(file->host, zeroes, count, (off_t)offset) != (ssize_t)count) return -errno;
        backing_write(user, file->host, zeroes, count, offset);
        offset += count;
    }
    file_touch(user, file);
    return 0;
}

int64_t sys_fallocate(struct user *user, const uint32_t *a)
{
    enum { KEEP_SIZE = 1, PUNCH_HOLE = 2, ZERO_RANGE = 16 };
    struct stat host;
    struct file *file = file_at(user, a[0]);
    int64_t offset = (int64_t)pair(a[2], a[3]), bytes = (int64_t)pair(a[4], a[5]);
    if (!file || file->kind == FILE_PATH) return -EBADF;
    if (offset < 0 || bytes <= 0) return -EINVAL;
    if (a[1] & ~(uint32_t)(KEEP_SIZE | PUNCH_HOLE | ZERO_RANGE)) return -EOPNOTSUPP;
    if ((a[1] & PUNCH_HOLE) && a[1] != (PUNCH_HOLE | KEEP_SIZE)) return -EOPNOTSUPP;
    if ((file->flags & O_ACCMODE) == O_RDONLY) return -EBADF;
    if (io_is_stream(file)) return -ESPIPE;
    if (file->kind != FILE_REGULAR) return file->kind == FILE_DIRECTORY ? -EISDIR : -ENODEV;
    if (offset > INT64_MAX - bytes) return -EFBIG;
    if (fstat(file->host, &host) < 0) return -errno;
    if (a[1] & (PUNCH_HOLE | ZERO_RANGE)) {
        int64_t status = write_zeroes(user, file, (uint64_t)offset, (uint64_t)bytes, (uint64_t)host.st_size);
        if (status < 0) return status;
    }
    return !(a[1] & KEEP_SIZE) && offset + bytes > host.st_size ? truncate_file(user, a[0], offset + bytes) : 0;
}

int64_t sys_fsync(struct user *user, const uint32_t *a)
{
    const struct file *file = file_at(user, a[0]);
    if (!file || file->kind == FILE_PATH) return -EBADF;
    return file->kind == FILE_REGULAR || file->kind == FILE_DIRECTORY ? 0 : -EINVAL;
}
