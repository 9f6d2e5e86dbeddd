/* files.c -- the guest's descriptors. They are a table of their own: a guest number never reaches a host descriptor that
 * the guest did not open, and a read or write takes no guest time. */
#define _GNU_SOURCE
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

enum { PIPE_BYTES = 65536, PIECE_BYTES = 65536, VECTORS_MAX = 1024, COUNT_MAX = 0x7ffff000 };
#define NO_OFFSET UINT64_MAX

struct pipe {
    unsigned readers, writers;
    size_t first, used;
    uint8_t bytes[PIPE_BYTES];
};

/* ---- the table ---- */

struct file *file_at(const struct user *user, uint32_t descriptor)
{
    return descriptor < GUEST_FILES ? user->files.file[descriptor] : NULL;
}

void file_release(struct user *user, struct file *file)
{
    if (!file || --file->references)
        return;
    if (file->pipe) {
        unsigned *ends = file->writer ? &file->pipe->writers : &file->pipe->readers;
        --*ends;
        if (!file->pipe->readers && !file->pipe->writers)
            free(file->pipe);
    }
    if (file->host >= 0 && file->kind != FILE_STREAM)
        close(file->host);
    for (unsigned i = 0; i < file->entry_count; i++)
        free(file->entries[i].name);
    free(file->entries);
    free(file->path);
    free(file);
}

int file_install(struct user *user, struct file *file, unsigned from, bool close_on_exec)
{
    uint64_t limit = user->limit[7][0]; /* RLIMIT_NOFILE */
    for (unsigned i = from; i < GUEST_FILES && i < limit; i++) {
        if (!user->files.file[i]) {
            user->files.file[i] = file;
            user->files.close_on_exec[i] = close_on_exec;
            return (int)i;
        }
    }
    file_release(user, file);
    return -EMFILE;
}

static struct file *new_file(enum file_kind kind, int flags, int host)
{
    struct file *file = calloc(1, sizeof *file);
    if (file)
        *file = (struct file){.references = 1, .kind = kind, .host = host,
                              .flags = flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)};
    return file;
}

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
        if (user->interrupted)
            break;
    }
    if (error == EPIPE && !sigismember(&waiting, SIGPIPE)) {
        const struct timespec now = {0};
        sigtimedwait(&pipe, NULL, &now); /* ours, not the caller's */
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (error == EPIPE)
        signal_send(user, (struct signal_info){.number = SIGPIPE, .code = SIGNAL_USER, .field = {GUEST_PID, GUEST_UID}});
    return done ? (int64_t)done : -error;
}

/* Reads until the buffer is full, so that it does not matter in what pieces a pipe delivers; a terminal gives a line. */
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
        if (user->interrupted || (line && done))
            break;
    }
    return (int64_t)done;
}

static int64_t read_pipe(struct user *user, struct file *file, uint8_t *to, size_t bytes)
{
    struct pipe *pipe = file->pipe;
    if (!pipe->used) {
        if (!pipe->writers)
            return 0;
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        time_wait(user, UINT64_MAX); /* the only writer is the guest itself, in a signal handler */
        return RESTART_ALWAYS;
    }
    size_t count = bytes < pipe->used ? bytes : pipe->used;
    for (size_t i = 0; i < count; i++)
        to[i] = pipe->bytes[(pipe->first + i) % PIPE_BYTES];
    pipe->first = (pipe->first + count) % PIPE_BYTES;
    pipe->used -= count;
    return (int64_t)count;
}

static int64_t write_pipe(struct user *user, struct file *file, const uint8_t *from, size_t bytes)
{
    struct pipe *pipe = file->pipe;
    size_t room = PIPE_BYTES - pipe->used, count = bytes < room ? bytes : room;
    if (!pipe->readers) {
        signal_send(user, (struct signal_info){.number = SIGPIPE, .code = SIGNAL_USER, .field = {GUEST_PID, GUEST_UID}});
        return -EPIPE;
    }
    if (bytes <= 4096 && count < bytes)
        count = 0; /* PIPE_BUF: whole or not at all */
    if (!count) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        time_wait(user, UINT64_MAX);
        return RESTART_ALWAYS;
    }
    for (size_t i = 0; i < count; i++)
        pipe->bytes[(pipe->first + pipe->used + i) % PIPE_BYTES] = from[i];
    pipe->used += count;
    return (int64_t)count;
}

static int64_t read_device(struct user *user, const struct file *file, uint8_t *to, size_t bytes)
{
    switch (file->device) {
    case DEVICE_ZERO:
    case DEVICE_FULL:
        memset(to, 0, bytes);
        return (int64_t)bytes;
    case DEVICE_RANDOM:
    case DEVICE_URANDOM:
        for (size_t i = 0; i < bytes; i++)
            to[i] = (uint8_t)(prng_next(&user->random) >> 56);
        return (int64_t)bytes;
    case DEVICE_TTY:
        return read_stream(user, user->stream[0], to, bytes);
    default:
        return 0;
    }
}

static int64_t write_device(struct user *user, const struct file *file, const uint8_t *from, size_t bytes)
{
    if (file->device == DEVICE_FULL)
        return -ENOSPC;
    return file->device == DEVICE_TTY ? write_stream(user, user->stream[1], from, bytes) : (int64_t)bytes;
}

static void touch(struct user *user, const struct file *file)
{
    struct stat host;
    if (fstat(file->host, &host) == 0) {
        struct inode *inode = inode_of(user, &host);
        inode->modified = inode->changed = time_wall(user);
    }
}

static int64_t host_result(ssize_t result) { return result < 0 ? -errno : (int64_t)result; }

static int64_t read_piece(struct user *user, struct file *file, uint8_t *to, size_t bytes, uint64_t offset)
{
    switch (file->kind) {
    case FILE_REGULAR:
        return host_result(offset == NO_OFFSET ? read(file->host, to, bytes) : pread(file->host, to, bytes, (off_t)offset));
    case FILE_STREAM:
        if (offset != NO_OFFSET)
            return host_result(pread(file->host, to, bytes, (off_t)offset));
        return read_stream(user, file->host, to, bytes);
    case FILE_PIPE:
        return read_pipe(user, file, to, bytes);
    case FILE_DEVICE:
        return read_device(user, file, to, bytes);
    default:
        return -EISDIR;
    }
}

static int64_t write_piece(struct user *user, struct file *file, const uint8_t *from, size_t bytes, uint64_t offset)
{
    switch (file->kind) {
    case FILE_REGULAR:
        touch(user, file);
        return host_result(offset == NO_OFFSET ? write(file->host, from, bytes)
                                               : pwrite(file->host, from, bytes, (off_t)offset));
    case FILE_STREAM:
        return write_stream(user, file->host, from, bytes);
    case FILE_PIPE:
        return write_pipe(user, file, from, bytes);
    case FILE_DEVICE:
        return write_device(user, file, from, bytes);
    default:
        return -EBADF;
    }
}

static int64_t check_io(const struct file *file, bool write, uint64_t offset)
{
    if (!file || file->kind == FILE_PATH)
        return -EBADF;
    int mode = file->flags & O_ACCMODE;
    if (mode == (write ? O_RDONLY : O_WRONLY) || mode == O_ACCMODE)
        return -EBADF;
    if (offset != NO_OFFSET && (file->kind == FILE_PIPE || (file->kind == FILE_STREAM && !file->seekable)))
        return -ESPIPE;
    return offset != NO_OFFSET && offset > INT64_MAX ? -EINVAL : 0;
}

/* Reads or writes one guest buffer, piece by piece. As in Linux, it ends where the guest's memory does: EFAULT if that is
 * at its first byte. */
static int64_t transfer(struct user *user, struct file *file, uint32_t address, uint32_t count, uint64_t offset, bool write)
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
        if (result < 0)
            break;
        result = -EFAULT;
        if ((wanted && !bytes) || (write && !user_get(user, address + done, piece, bytes)))
            break;
        result = write ? write_piece(user, file, piece, bytes, at) : read_piece(user, file, piece, bytes, at);
        if (result <= 0)
            break;
        if (!write)
            user_put(user, address + done, piece, (size_t)result);
        done += (uint32_t)result;
        if ((size_t)result < wanted || !whole) /* a pipe gives what it has; the next piece would wait */
            break;
    } while (done < count);
    free(piece);
    *(write ? &user->stats.bytes_written : &user->stats.bytes_read) += done;
    if (user->interrupted)
        user_end(user, USER_INTERRUPTED, 0, NULL);
    return done ? (int64_t)done : result;
}

static int64_t io(struct user *user, uint32_t descriptor, uint32_t address, uint32_t count, uint64_t offset, bool write)
{
    struct file *file = file_at(user, descriptor);
    int64_t status = check_io(file, write, offset);
    return status < 0 ? status : transfer(user, file, address, count, offset, write);
}

static int64_t io_vector(struct user *user, uint32_t descriptor, uint32_t vectors, uint32_t count, uint64_t offset, bool write)
{
    struct file *file = file_at(user, descriptor);
    int64_t status = check_io(file, write, offset), done = 0;
    uint32_t vector[VECTORS_MAX][2];
    uint64_t total = 0;
    if (status < 0)
        return status;
    if (count > VECTORS_MAX)
        return -EINVAL;
    if (!user_get(user, vectors, vector, count * sizeof vector[0]))
        return -EFAULT;
    for (uint32_t i = 0; i < count; i++)
        if (vector[i][1] > INT32_MAX || (total += vector[i][1]) > INT32_MAX)
            return -EINVAL;
    for (uint32_t i = 0; i < count; i++) {
        if (!vector[i][1])
            continue;
        uint64_t at = offset == NO_OFFSET ? offset : offset + (uint64_t)done;
        int64_t got = transfer(user, file, vector[i][0], vector[i][1], at, write);
        if (got < 0)
            return done ? done : got;
        done += got;
        if (got < vector[i][1])
            break;
        if (!write && file->kind == FILE_PIPE && !file->pipe->used)
            break;
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
    if (status == 0)
        status = check_io(out, true, NO_OFFSET);
    if (status < 0)
        return status;
    if (in->kind != FILE_REGULAR || out->flags & O_APPEND)
        return -EINVAL;
    if (a[2]) {
        if (!user_get(user, a[2], &start, wide ? 8 : 4) || space_accessible(user, a[2], wide ? 8 : 4, true) < (wide ? 8 : 4))
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
        if (put > 0)
            done += put;
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
    if (a[2])
        user_put(user, a[2], &offset, wide ? 8 : 4);
    return done ? done : status;
}

int64_t sys_sendfile(struct user *user, const uint32_t *a) { return copy(user, a, false); }
int64_t sys_sendfile64(struct user *user, const uint32_t *a) { return copy(user, a, true); }

/* ---- opening ---- */

static int64_t open_special(struct user *user, const struct special_file *special, const struct place *place, int flags)
{
    struct file *file = NULL;
    int host;
    switch (special->kind) {
    case SPECIAL_DIRECTORY:
        if ((flags & O_ACCMODE) != O_RDONLY)
            return -EISDIR;
        file = new_file(flags & O_PATH ? FILE_PATH : FILE_DIRECTORY, flags, -1);
        if (file) {
            file->mount = place->mount;
            file->path = strdup(place->path);
        }
        break;
    case SPECIAL_DEVICE:
        if (special->number == DEVICE_TTY && !user->params.tty)
            return -ENXIO; /* no controlling terminal */
        file = new_file(FILE_DEVICE, flags, -1);
        if (file)
            file->device = (enum device)special->number;
        break;
    case SPECIAL_DESCRIPTOR:
        file = file_at(user, special->number);
        if (!file)
            return -ENOENT;
        file->references++;
        break;
    case SPECIAL_EXE:
        if ((flags & O_ACCMODE) != O_RDONLY)
            return -ETXTBSY;
        /* A description of its own: a duplicate would share its position. */
        host = fcntl(user->exe, F_DUPFD_CLOEXEC, 3);
        if (host >= 0) {
            char name[32];
            snprintf(name, sizeof name, "/proc/self/fd/%d", host);
            int own = open(name, O_RDONLY | O_CLOEXEC);
            close(host);
            host = own;
        }
        if (host < 0)
            return -ENOENT;
        file = new_file(FILE_REGULAR, flags, host);
        break;
    default:
        return place->mount == MOUNT_DEV && flags & O_CREAT ? -EACCES : -ENOENT;
    }
    if (flags & O_DIRECTORY && file && file->kind != FILE_DIRECTORY && file->kind != FILE_PATH) {
        file_release(user, file);
        return -ENOTDIR;
    }
    return file ? file_install(user, file, 0, flags & O_CLOEXEC) : -ENOMEM;
}

/* May the file that is there be opened so? 0 or -errno. */
static int check_open(const struct user *user, const struct place *place, const struct stat *host, int flags)
{
    bool write = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
    if (flags & O_CREAT && flags & O_EXCL)
        return -EEXIST;
    if (S_ISLNK(host->st_mode))
        return -ELOOP;
    if (S_ISDIR(host->st_mode))
        return write || flags & O_CREAT ? -EISDIR : 0;
    if (flags & O_DIRECTORY || place->directory)
        return -ENOTDIR;
    if (!S_ISREG(host->st_mode))
        return -ENXIO; /* a device, pipe or socket of the host is no input that a run could depend on */
    return write ? path_writable(user, place) : 0;
}

static int create(struct user *user, const struct place *place, int flags, uint32_t mode)
{
    struct stat host;
    int status = path_writable(user, place);
    if (status < 0)
        return status;
    if (place->directory)
        return -EISDIR;
    int descriptor = path_open(user, place, (flags & (O_ACCMODE | O_APPEND)) | O_CREAT | O_EXCL, 0600);
    if (descriptor < 0)
        return descriptor;
    fchmod(descriptor, mode & ~user->file_mask & 07777); /* the host's umask is not the guest's */
    if (fstat(descriptor, &host) == 0) {
        inode_forget(user, &host);
        struct inode *inode = inode_of(user, &host);
        inode->accessed = inode->modified = inode->changed = time_wall(user);
    }
    return descriptor;
}

static int64_t open_at(struct user *user, int directory, uint32_t path, int flags, uint32_t mode)
{
    struct place place;
    struct stat host;
    int status = path_get(user, directory, path, !(flags & O_NOFOLLOW) && !(flags & O_CREAT && flags & O_EXCL), &place);
    if (status < 0)
        return status;
    if ((flags & O_ACCMODE) == O_ACCMODE)
        return -EINVAL;
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return -EOPNOTSUPP;
    struct special_file special = path_special(&place);
    if (special.kind != SPECIAL_NONE || place.mount == MOUNT_DEV || place.mount == MOUNT_PROC)
        return open_special(user, &special, &place, flags);
    int descriptor = path_open(user, &place, O_PATH | O_NOFOLLOW, 0);
    if (descriptor < 0 && (descriptor != -ENOENT || !(flags & O_CREAT) || flags & O_PATH))
        return descriptor;
    if (descriptor < 0) {
        descriptor = create(user, &place, flags, mode);
        if (descriptor < 0)
            return descriptor;
        fstat(descriptor, &host);
    } else {
        fstatat(descriptor, "", &host, AT_EMPTY_PATH);
        if (!(flags & O_PATH)) {
            close(descriptor);
            status = check_open(user, &place, &host, flags);
            if (status < 0)
                return status;
            descriptor = path_open(user, &place, flags & (O_ACCMODE | O_APPEND | O_TRUNC | O_DIRECTORY), 0);
            if (descriptor < 0)
                return descriptor;
        }
    }
    enum file_kind kind = flags & O_PATH ? FILE_PATH : S_ISDIR(host.st_mode) ? FILE_DIRECTORY : FILE_REGULAR;
    struct file *file = new_file(kind, flags, descriptor);
    if (!file) {
        close(descriptor);
        return -ENOMEM;
    }
    file->mount = place.mount;
    if (kind != FILE_REGULAR)
        file->path = strdup(place.path);
    if (flags & O_TRUNC && kind == FILE_REGULAR)
        touch(user, file);
    inode_of(user, &host); /* numbered in the order of opening */
    user->stats.files_opened++;
    return file_install(user, file, 0, flags & O_CLOEXEC);
}

int64_t sys_open(struct user *user, const uint32_t *a) { return open_at(user, GUEST_AT_FDCWD, a[0], (int)a[1], a[2]); }
int64_t sys_openat(struct user *user, const uint32_t *a) { return open_at(user, (int)a[0], a[1], (int)a[2], a[3]); }
int64_t sys_creat(struct user *user, const uint32_t *a)
{
    return open_at(user, GUEST_AT_FDCWD, a[0], O_CREAT | O_WRONLY | O_TRUNC, a[1]);
}

/* ---- closing and duplicating ---- */

static int64_t close_at(struct user *user, uint32_t descriptor)
{
    struct file *file = file_at(user, descriptor);
    if (!file)
        return -EBADF;
    user->files.file[descriptor] = NULL;
    file_release(user, file);
    return 0;
}

int64_t sys_close(struct user *user, const uint32_t *a) { return close_at(user, a[0]); }

int64_t sys_close_range(struct user *user, const uint32_t *a)
{
    enum { UNSHARE = 2, CLOEXEC = 4 };
    if (a[0] > a[1] || a[2] & ~(uint32_t)(UNSHARE | CLOEXEC))
        return -EINVAL;
    for (uint32_t i = a[0]; i <= a[1] && i < GUEST_FILES; i++) {
        if (a[2] & CLOEXEC)
            user->files.close_on_exec[i] = true;
        else
            close_at(user, i);
    }
    return 0;
}

static int64_t duplicate(struct user *user, uint32_t descriptor, unsigned from, bool close_on_exec)
{
    struct file *file = file_at(user, descriptor);
    if (!file)
        return -EBADF;
    if (from >= GUEST_FILES)
        return -EINVAL;
    file->references++;
    return file_install(user, file, from, close_on_exec);
}

static int64_t duplicate_to(struct user *user, uint32_t descriptor, uint32_t to, bool close_on_exec)
{
    struct file *file = file_at(user, descriptor);
    if (!file || to >= GUEST_FILES)
        return -EBADF;
    if (descriptor == to)
        return to;
    file->references++;
    close_at(user, to);
    user->files.file[to] = file;
    user->files.close_on_exec[to] = close_on_exec;
    return to;
}

int64_t sys_dup(struct user *user, const uint32_t *a) { return duplicate(user, a[0], 0, false); }
int64_t sys_dup2(struct user *user, const uint32_t *a) { return duplicate_to(user, a[0], a[1], false); }
int64_t sys_dup3(struct user *user, const uint32_t *a)
{
    if (a[0] == a[1] || a[2] & ~(uint32_t)O_CLOEXEC)
        return -EINVAL;
    return duplicate_to(user, a[0], a[1], a[2] & O_CLOEXEC);
}

static int64_t make_pipe(struct user *user, uint32_t address, int flags)
{
    uint32_t ends[2];
    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (space_accessible(user, address, sizeof ends, true) != sizeof ends)
        return -EFAULT;
    struct pipe *pipe = calloc(1, sizeof *pipe);
    if (!pipe)
        return -ENOMEM;
    pipe->readers = pipe->writers = 1;
    for (unsigned i = 0; i < 2; i++) {
        struct file *file = new_file(FILE_PIPE, (flags & O_NONBLOCK) | (i ? O_WRONLY : O_RDONLY), -1);
        if (!file)
            hw_panic(user->core, "no host memory for a pipe");
        file->pipe = pipe;
        file->writer = i;
        int descriptor = file_install(user, file, 0, flags & O_CLOEXEC);
        if (descriptor < 0) {
            if (i) {
                close_at(user, ends[0]);
            } else {
                free(pipe); /* released its reader only */
            }
            return descriptor;
        }
        ends[i] = (uint32_t)descriptor;
    }
    return user_put(user, address, ends, sizeof ends) ? 0 : -EFAULT;
}

int64_t sys_pipe(struct user *user, const uint32_t *a) { return make_pipe(user, a[0], 0); }
int64_t sys_pipe2(struct user *user, const uint32_t *a) { return make_pipe(user, a[0], (int)a[1]); }

/* ---- position and size ---- */

static int64_t seek(struct user *user, uint32_t descriptor, int64_t offset, uint32_t whence)
{
    struct file *file = file_at(user, descriptor);
    if (!file || file->kind == FILE_PATH)
        return -EBADF;
    if (whence > 4)
        return -EINVAL;
    if (file->kind == FILE_PIPE || (file->kind == FILE_STREAM && !file->seekable))
        return -ESPIPE;
    if (file->kind == FILE_DEVICE)
        return 0;
    if (file->kind == FILE_DIRECTORY) {
        if (whence > SEEK_CUR)
            return -EINVAL;
        int64_t position = whence == SEEK_CUR ? (int64_t)file->mark + offset : offset;
        if (position < 0)
            return -EINVAL;
        if (position == 0)
            file->listed = false; /* a rewind looks at the directory again */
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
    if (space_accessible(user, a[3], 8, true) != 8)
        return -EFAULT;
    int64_t position = seek(user, a[0], (int64_t)pair(a[2], a[1]), a[4]);
    if (position < 0)
        return position;
    return user_put(user, a[3], &position, sizeof position) ? 0 : -EFAULT;
}

static int64_t truncate_file(struct user *user, uint32_t descriptor, int64_t size)
{
    struct file *file = file_at(user, descriptor);
    if (!file || file->kind == FILE_PATH)
        return -EBADF;
    if (size < 0 || file->kind != FILE_REGULAR || (file->flags & O_ACCMODE) == O_RDONLY)
        return -EINVAL;
    touch(user, file);
    return host_result(ftruncate(file->host, size));
}

static int64_t truncate_path(struct user *user, uint32_t path, int64_t size)
{
    int64_t descriptor = size < 0 ? -EINVAL : open_at(user, GUEST_AT_FDCWD, path, O_WRONLY, 0);
    if (descriptor < 0)
        return descriptor;
    int64_t status = truncate_file(user, (uint32_t)descriptor, size);
    close_at(user, (uint32_t)descriptor);
    return status;
}

int64_t sys_truncate(struct user *user, const uint32_t *a) { return truncate_path(user, a[0], (int32_t)a[1]); }
int64_t sys_truncate64(struct user *user, const uint32_t *a) { return truncate_path(user, a[0], (int64_t)pair(a[1], a[2])); }
int64_t sys_ftruncate(struct user *user, const uint32_t *a) { return truncate_file(user, a[0], (int32_t)a[1]); }
int64_t sys_ftruncate64(struct user *user, const uint32_t *a) { return truncate_file(user, a[0], (int64_t)pair(a[1], a[2])); }

int64_t sys_fallocate(struct user *user, const uint32_t *a)
{
    struct stat host;
    struct file *file = file_at(user, a[0]);
    int64_t offset = (int64_t)pair(a[2], a[3]), bytes = (int64_t)pair(a[4], a[5]);
    if (!file || (file->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (a[1])
        return -EOPNOTSUPP;
    if (offset < 0 || bytes <= 0 || offset > INT64_MAX - bytes)
        return -EINVAL;
    if (file->kind != FILE_REGULAR)
        return -ENODEV;
    if (fstat(file->host, &host) < 0)
        return -errno;
    return offset + bytes > host.st_size ? truncate_file(user, a[0], offset + bytes) : 0;
}

int64_t sys_fsync(struct user *user, const uint32_t *a)
{
    const struct file *file = file_at(user, a[0]);
    if (!file || file->kind == FILE_PATH)
        return -EBADF;
    return file->kind == FILE_PIPE || file->kind == FILE_STREAM ? -EINVAL : 0;
}

int64_t sys_flock(struct user *user, const uint32_t *a) { return file_at(user, a[0]) ? 0 : -EBADF; }

/* ---- fcntl and ioctl ---- */

static int64_t get_lock(struct user *user, uint32_t address)
{
    uint16_t unlocked = 2; /* F_UNLCK: nobody else is there to hold one */
    return user_put(user, address, &unlocked, sizeof unlocked) ? 0 : -EFAULT;
}

int64_t sys_fcntl(struct user *user, const uint32_t *a)
{
    enum { GETLK64 = 12, SETLK64, SETLKW64 };
    enum { SETTABLE = O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME };
    struct file *file = file_at(user, a[0]);
    if (!file)
        return -EBADF;
    switch (a[1]) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return duplicate(user, a[0], a[2], a[1] == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return user->files.close_on_exec[a[0]];
    case F_SETFD:
        user->files.close_on_exec[a[0]] = a[2] & 1;
        return 0;
    case F_GETFL:
        return file->flags;
    case F_SETFL:
        file->flags = (file->flags & ~SETTABLE) | ((int)a[2] & SETTABLE);
        if (file->kind == FILE_REGULAR)
            fcntl(file->host, F_SETFL, file->flags & O_APPEND);
        return 0;
    case F_GETLK:
    case GETLK64:
        return get_lock(user, a[2]);
    case F_SETLK:
    case F_SETLKW:
    case SETLK64:
    case SETLKW64:
        return 0;
    case F_GETPIPE_SZ:
        return file->kind == FILE_PIPE ? PIPE_BYTES : -EBADF;
    default:
        return -EINVAL;
    }
}

static bool is_terminal(const struct user *user, const struct file *file)
{
    if (file->kind == FILE_DEVICE)
        return file->device == DEVICE_TTY;
    return file->kind == FILE_STREAM && user->params.tty && !file->seekable;
}

static int64_t available(const struct file *file)
{
    struct stat host;
    if (file->kind == FILE_PIPE)
        return (int64_t)file->pipe->used;
    if (file->host < 0 || fstat(file->host, &host) < 0 || !S_ISREG(host.st_mode))
        return 0;
    return host.st_size - lseek(file->host, 0, SEEK_CUR);
}

int64_t sys_ioctl(struct user *user, const uint32_t *a)
{
    enum { TCGETS = 0x5401, TCSETS, TCSETSW, TCSETSF, TIOCGPGRP = 0x540f, TIOCGWINSZ = 0x5413, FIONREAD = 0x541b,
           FIONBIO = 0x5421, FIONCLEX = 0x5450, FIOCLEX = 0x5451 };
    struct file *file = file_at(user, a[0]);
    if (!file || file->kind == FILE_PATH)
        return -EBADF;
    switch (a[1]) {
    case FIONBIO: {
        uint32_t on;
        if (!user_get(user, a[2], &on, sizeof on))
            return -EFAULT;
        file->flags = (file->flags & ~O_NONBLOCK) | (on ? O_NONBLOCK : 0);
        return 0;
    }
    case FIOCLEX:
    case FIONCLEX:
        user->files.close_on_exec[a[0]] = a[1] == FIOCLEX;
        return 0;
    case FIONREAD: {
        int32_t count = (int32_t)available(file);
        if (file->kind == FILE_DEVICE || file->kind == FILE_DIRECTORY)
            return -ENOTTY;
        return user_put(user, a[2], &count, sizeof count) ? 0 : -EFAULT;
    }
    default:
        break;
    }
    if (!is_terminal(user, file))
        return -ENOTTY;
    switch (a[1]) {
    case TCGETS: {
        /* A terminal as one is after login: ICRNL IXON; OPOST ONLCR; 38400 CS8 CREAD; ISIG ICANON ECHO... */
        uint8_t termios[36] = {0};
        uint32_t modes[4] = {0x500, 5, 0xbf, 0x8a3b};
        static const uint8_t characters[17] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0};
        memcpy(termios, modes, sizeof modes);
        memcpy(termios + 17, characters, sizeof characters);
        return user_put(user, a[2], termios, sizeof termios) ? 0 : -EFAULT;
    }
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return 0;
    case TIOCGPGRP: {
        uint32_t group = GUEST_PID;
        return user_put(user, a[2], &group, sizeof group) ? 0 : -EFAULT;
    }
    case TIOCGWINSZ: {
        uint16_t size[4] = {24, 80, 0, 0};
        return user_put(user, a[2], size, sizeof size) ? 0 : -EFAULT;
    }
    default:
        return -EINVAL;
    }
}

bool file_ready(struct user *user, const struct file *file, bool write)
{
    if (file->kind != FILE_PIPE)
        return true;
    if (write)
        return file->writer && (!file->pipe->readers || PIPE_BYTES - file->pipe->used >= 4096);
    return !file->writer && (!file->pipe->writers || file->pipe->used);
}

/* ---- start and end ---- */

static bool open_root(struct user *user, const struct user_config *config, char *error, size_t capacity)
{
    struct place top = {.mount = MOUNT_ROOT, .path = "/", .inside = "."};
    user->root = open(config->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (user->root < 0) {
        snprintf(error, capacity, "%s: %s (it is to be the guest's root directory)", config->root, strerror(errno));
        return false;
    }
    int probe = path_open(user, &top, O_PATH, 0);
    if (probe < 0) {
        snprintf(error, capacity, "%s: %s (the guest's files need the host's openat2, Linux 5.6)", config->root,
                 strerror(-probe));
        return false;
    }
    close(probe);
    return true;
}

static bool make_tmp(struct user *user, char *error, size_t capacity)
{
    const char *base = getenv("TMPDIR");
    snprintf(user->tmp_path, sizeof user->tmp_path, "%s/covm-XXXXXX", base && *base == '/' && strlen(base) < 40 ? base : "/tmp");
    if (!mkdtemp(user->tmp_path)) {
        snprintf(error, capacity, "%s: %s (the guest's /tmp)", user->tmp_path, strerror(errno));
        user->tmp_path[0] = 0;
        return false;
    }
    user->tmp = open(user->tmp_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (user->tmp < 0)
        snprintf(error, capacity, "%s: %s (the guest's /tmp)", user->tmp_path, strerror(errno));
    return user->tmp >= 0;
}

bool files_create(struct user *user, const struct user_config *config, char *error, size_t capacity)
{
    const int host[3] = {config->input, config->output, config->error};
    struct stat status;
    if (!open_root(user, config, error, capacity) || !make_tmp(user, error, capacity))
        return false;
    for (unsigned i = 0; i < 3; i++) {
        user->stream[i] = host[i];
        struct file *file = new_file(FILE_STREAM, user->params.tty ? O_RDWR : i ? O_WRONLY : O_RDONLY, host[i]);
        if (!file) {
            snprintf(error, capacity, "no memory");
            return false;
        }
        file->stream = i;
        file->seekable = i == 0 && fstat(host[0], &status) == 0 && S_ISREG(status.st_mode);
        user->files.file[i] = file;
    }
    return true;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where) { return remove(path); }

void files_destroy(struct user *user)
{
    for (unsigned i = 0; i < GUEST_FILES; i++) {
        file_release(user, user->files.file[i]);
        user->files.file[i] = NULL;
    }
    if (user->tmp_path[0])
        nftw(user->tmp_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    const int own[] = {user->root, user->tmp, user->exe};
    for (unsigned i = 0; i < LENGTH(own); i++)
        if (own[i] >= 0)
            close(own[i]);
    free(user->inodes.inode);
}
