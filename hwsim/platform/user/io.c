/* io.c -- reading, writing, and where in a file. It takes no guest time, and does not depend on how the host cuts a
 * stream into pieces. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

enum { PIECE_BYTES = 65536, VECTORS_MAX = 1024, COUNT_MAX = 0x7ffff000 };
#define NO_OFFSET UINT64_MAX

/* ---- reading and writing ---- */

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
    if (error == EPIPE)
        signal_send(user, (struct signal_info){
                              .number = SIGPIPE, .code = SIGNAL_USER, .field = {user->process->id, GUEST_UID}});
    return done ? (int64_t)done : -error;
}

/* Reads until the buffer is full, so that it does not matter in what pieces a pipe delivers; a terminal gives a line.
 */
static int64_t read_stream(struct user *user, int host, uint8_t *to, size_t bytes)
{
    bool line = isatty(host);
    size_t done = 0;
    while (done < bytes) {
        ssize_t got = read(host, to + done, bytes - done);
        if (got > 0)
            done += (size_t)got;
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

static int64_t read_pipe(struct user *user, struct file *file, uint8_t *to, size_t bytes)
{
    struct pipe *pipe = file->pipe;
    if (!pipe->used) {
        if (!pipe->writers) return 0;
        if (file->flags & O_NONBLOCK) return -EAGAIN;
        return schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
    }
    size_t count = bytes < pipe->used ? bytes : pipe->used;
    for (size_t i = 0; i < count; i++) to[i] = pipe->bytes[(pipe->first + i) % PIPE_BYTES];
    pipe->first = (pipe->first + count) % PIPE_BYTES;
    pipe->used -= count;
    return (int64_t)count;
}

static int64_t write_pipe(struct user *user, struct file *file, const uint8_t *from, size_t bytes)
{
    struct pipe *pipe = file->pipe;
    size_t room = PIPE_BYTES - pipe->used, count = bytes < room ? bytes : room;
    if (!pipe->readers) {
        signal_send(user, (struct signal_info){
                              .number = SIGPIPE, .code = SIGNAL_USER, .field = {user->process->id, GUEST_UID}});
        return -EPIPE;
    }
    if (bytes <= 4096 && count < bytes) count = 0; /* PIPE_BUF: whole or not at all */
    if (!count) {
        if (file->flags & O_NONBLOCK) return -EAGAIN;
        return schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
    }
    for (size_t i = 0; i < count; i++) pipe->bytes[(pipe->first + pipe->used + i) % PIPE_BYTES] = from[i];
    pipe->used += count;
    return (int64_t)count;
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
    case DEVICE_TTY: return read_stream(user, user->stream[0], to, bytes);
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

static int64_t read_piece(struct user *user, struct file *file, uint8_t *to, size_t bytes, uint64_t offset)
{
    switch (file->kind) {
    case FILE_REGULAR: return read_host(user, file, to, bytes, offset);
    case FILE_STREAM:
        return offset == NO_OFFSET ? read_stream(user, file->host, to, bytes)
                                   : host_result(pread(file->host, to, bytes, (off_t)offset));
    case FILE_PIPE: return read_pipe(user, file, to, bytes);
    case FILE_DEVICE: return read_device(user, file, to, bytes);
    default: return -EISDIR;
    }
}

static int64_t write_piece(struct user *user, struct file *file, const uint8_t *from, size_t bytes, uint64_t offset)
{
    switch (file->kind) {
    case FILE_REGULAR: return write_host(user, file, from, bytes, offset);
    case FILE_STREAM: return write_stream(user, file->host, from, bytes);
    case FILE_PIPE: return write_pipe(user, file, from, bytes);
    case FILE_DEVICE: return write_device(user, file, from, bytes);
    default: return -EBADF;
    }
}

static int64_t check_io(const struct file *file, bool write, uint64_t offset)
{
    if (!file || file->kind == FILE_PATH) return -EBADF;
    int mode = file->flags & O_ACCMODE;
    if (mode == (write ? O_RDONLY : O_WRONLY) || mode == O_ACCMODE) return -EBADF;
    if (offset != NO_OFFSET && (file->kind == FILE_PIPE || (file->kind == FILE_STREAM && !file->seekable)))
        return -ESPIPE;
    return offset != NO_OFFSET && offset > INT64_MAX ? -EINVAL : 0;
}

/* Reads or writes one guest buffer, piece by piece. As in Linux, it ends where the guest's memory does: EFAULT if that
 * is at its first byte. */
static int64_t transfer(struct user *user, struct file *file, uint32_t address, uint32_t count, uint64_t offset,
                        bool write)
{
    bool whole = file->kind == FILE_REGULAR || file->kind == FILE_STREAM || file->kind == FILE_DEVICE;
    uint8_t *piece = malloc(PIECE_BYTES);
    uint32_t done = 0;
    int64_t result = piece ? 0 : -ENOMEM;
    count = count > COUNT_MAX ? COUNT_MAX : count;
    do {
        size_t wanted = count - done < PIECE_BYTES ? count - done : PIECE_BYTES;
        size_t bytes = space_accessible(user, address + done, wanted, !write);
        uint64_t at = offset == NO_OFFSET ? offset : offset + done;
        if (result < 0) break;
        result = -EFAULT;
        if ((wanted && !bytes) || (write && !user_get(user, address + done, piece, bytes))) break;
        result = write ? write_piece(user, file, piece, bytes, at) : read_piece(user, file, piece, bytes, at);
        if (result <= 0) break;
        if (!write) user_put(user, address + done, piece, (size_t)result);
        done += (uint32_t)result;
        if ((size_t)result < wanted || !whole) /* a pipe gives what it has; the next piece would wait */
            break;
    } while (done < count);
    free(piece);
    *(write ? &user->stats.bytes_written : &user->stats.bytes_read) += done;
    if (user->interrupted) user_end(user, USER_INTERRUPTED, 0, NULL);
    return done ? (int64_t)done : result;
}

static int64_t io(struct user *user, uint32_t descriptor, uint32_t address, uint32_t count, uint64_t offset, bool write)
{
    struct file *file = file_at(user, descriptor);
    int64_t status = check_io(file, write, offset);
    return status < 0 ? status : transfer(user, file, address, count, offset, write);
}

static int64_t io_vector(struct user *user, uint32_t descriptor, uint32_t vectors, uint32_t count, uint64_t offset,
                         bool write)
{
    struct file *file = file_at(user, descriptor);
    int64_t status = check_io(file, write, offset), done = 0;
    uint32_t vector[VECTORS_MAX][2];
    uint64_t total = 0;
    if (status < 0) return status;
    if (count > VECTORS_MAX) return -EINVAL;
    if (!user_get(user, vectors, vector, count * sizeof vector[0])) return -EFAULT;
    for (uint32_t i = 0; i < count; i++)
        if (vector[i][1] > INT32_MAX || (total += vector[i][1]) > INT32_MAX) return -EINVAL;
    for (uint32_t i = 0; i < count; i++) {
        if (!vector[i][1]) continue;
        uint64_t at = offset == NO_OFFSET ? offset : offset + (uint64_t)done;
        int64_t got = transfer(user, file, vector[i][0], vector[i][1], at, write);
        if (got < 0) return done ? done : got;
        done += got;
        if (got < vector[i][1]) break;
        if (!write && file->kind == FILE_PIPE && !file->pipe->used) break;
    }
    return done;
}

static uint64_t pair(uint32_t low, uint32_t high) { return low | (uint64_t)high << 32; }

int64_t sys_read(struct user *user, const uint32_t *a) { return io(user, a[0], a[1], a[2], NO_OFFSET, false); }
int64_t sys_write(struct user *user, const uint32_t *a) { return io(user, a[0], a[1], a[2], NO_OFFSET, true); }
int64_t sys_readv(struct user *user, const uint32_t *a) { return io_vector(user, a[0], a[1], a[2], NO_OFFSET, false); }
int64_t sys_writev(struct user *user, const uint32_t *a) { return io_vector(user, a[0], a[1], a[2], NO_OFFSET, true); }

/* An explicit offset; one that is negative is left to check_io, which must not take it for "none". */
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
int64_t sys_preadv(struct user *user, const uint32_t *a)
{
    return io_vector(user, a[0], a[1], a[2], explicit_offset(a[3], a[4]), false);
}
int64_t sys_pwritev(struct user *user, const uint32_t *a)
{
    return io_vector(user, a[0], a[1], a[2], explicit_offset(a[3], a[4]), true);
}

/* ---- sendfile ---- */

static int64_t copy(struct user *user, const uint32_t *a, bool wide)
{
    struct file *out = file_at(user, a[0]), *in = file_at(user, a[1]);
    uint64_t offset = NO_OFFSET, start = 0;
    int64_t done = 0, status = check_io(in, false, NO_OFFSET);
    if (status == 0) status = check_io(out, true, NO_OFFSET);
    if (status < 0) return status;
    if (in->kind != FILE_REGULAR || out->flags & O_APPEND) return -EINVAL;
    if (a[2]) {
        if (!user_get(user, a[2], &start, wide ? 8 : 4) ||
            space_accessible(user, a[2], wide ? 8 : 4, true) < (wide ? 8 : 4))
            return -EFAULT;
        offset = start;
    }
    uint8_t *piece = malloc(PIECE_BYTES);
    while (piece && done < a[3] && !user_ended(user)) {
        size_t bytes = a[3] - (size_t)done < PIECE_BYTES ? a[3] - (size_t)done : PIECE_BYTES;
        int64_t got = read_piece(user, in, piece, bytes, offset);
        if (got <= 0) {
            status = got;
            break;
        }
        int64_t put = write_piece(user, out, piece, (size_t)got, NO_OFFSET);
        if (put > 0) done += put;
        if (offset != NO_OFFSET)
            offset += put > 0 ? (uint64_t)put : 0;
        else if (put < got)
            lseek(in->host, put > 0 ? put - got : -got, SEEK_CUR);
        if (put < got) {
            status = put;
            break;
        }
    }
    free(piece);
    if (a[2]) user_put(user, a[2], &offset, wide ? 8 : 4);
    return done ? done : status;
}

int64_t sys_sendfile(struct user *user, const uint32_t *a) { return copy(user, a, false); }
int64_t sys_sendfile64(struct user *user, const uint32_t *a) { return copy(user, a, true); }

/* ---- position and size ---- */

static int64_t seek(struct user *user, uint32_t descriptor, int64_t offset, uint32_t whence)
{
    struct file *file = file_at(user, descriptor);
    if (!file || file->kind == FILE_PATH) return -EBADF;
    if (whence > 4) return -EINVAL;
    if (file->kind == FILE_PIPE || (file->kind == FILE_STREAM && !file->seekable)) return -ESPIPE;
    if (file->kind == FILE_DEVICE) return 0;
    if (file->kind == FILE_DIRECTORY) {
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
    if (!file || file->kind == FILE_PATH) return -EBADF;
    if (size < 0 || file->kind != FILE_REGULAR || (file->flags & O_ACCMODE) == O_RDONLY) return -EINVAL;
    struct stat before;
    if (fstat(file->host, &before) < 0 || ftruncate(file->host, size) < 0) return -errno;
    backing_resize(user, file->host, (uint64_t)before.st_size, (uint64_t)size);
    file_touch(user, file);
    return 0;
}

static int64_t truncate_path(struct user *user, uint32_t path, int64_t size)
{
    const uint32_t open[3] = {path, O_WRONLY, 0};
    int64_t descriptor = size < 0 ? -EINVAL : sys_open(user, open);
    if (descriptor < 0) return descriptor;
    int64_t status = truncate_file(user, (uint32_t)descriptor, size);
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

int64_t sys_fallocate(struct user *user, const uint32_t *a)
{
    struct stat host;
    struct file *file = file_at(user, a[0]);
    int64_t offset = (int64_t)pair(a[2], a[3]), bytes = (int64_t)pair(a[4], a[5]);
    if (!file || (file->flags & O_ACCMODE) == O_RDONLY) return -EBADF;
    if (a[1]) return -EOPNOTSUPP;
    if (offset < 0 || bytes <= 0 || offset > INT64_MAX - bytes) return -EINVAL;
    if (file->kind != FILE_REGULAR) return -ENODEV;
    if (fstat(file->host, &host) < 0) return -errno;
    return offset + bytes > host.st_size ? truncate_file(user, a[0], offset + bytes) : 0;
}

int64_t sys_fsync(struct user *user, const uint32_t *a)
{
    const struct file *file = file_at(user, a[0]);
    if (!file || file->kind == FILE_PATH) return -EBADF;
    return file->kind == FILE_PIPE || file->kind == FILE_STREAM ? -EINVAL : 0;
}

int64_t sys_flock(struct user *user, const uint32_t *a) { return file_at(user, a[0]) ? 0 : -EBADF; }

bool file_ready(struct user *user, const struct file *file, bool write)
{
    if (file->kind != FILE_PIPE) return true;
    if (write) return file->writer && (!file->pipe->readers || PIPE_BYTES - file->pipe->used >= 4096);
    return !file->writer && (!file->pipe->writers || file->pipe->used);
}
