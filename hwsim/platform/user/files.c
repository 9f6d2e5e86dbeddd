/* files.c -- the guest's descriptors. They are a table of their own: a guest number never reaches a host descriptor
 * that the guest did not open. */
#define _GNU_SOURCE
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

/* ---- the table ---- */

struct file *file_at(const struct user *user, uint32_t descriptor)
{
    return descriptor < GUEST_FILES ? user->process->files.file[descriptor] : NULL;
}

void file_release(struct user *user, struct file *file)
{
    if (!file || --file->references) return;
    if (file->pipe) {
        unsigned *ends = file->writer ? &file->pipe->writers : &file->pipe->readers;
        --*ends;
        if (!file->pipe->readers && !file->pipe->writers) free(file->pipe);
    }
    if (file->host >= 0 && file->kind != FILE_STREAM) close(file->host);
    for (unsigned i = 0; i < file->entry_count; i++) free(file->entries[i].name);
    free(file->entries);
    free(file->path);
    free(file);
}

int file_install(struct user *user, struct file *file, unsigned from, bool close_on_exec)
{
    uint64_t limit = user->process->limit[7][0]; /* RLIMIT_NOFILE */
    for (unsigned i = from; i < GUEST_FILES && i < limit; i++) {
        if (!user->process->files.file[i]) {
            user->process->files.file[i] = file;
            user->process->files.close_on_exec[i] = close_on_exec;
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
        *file = (struct file){.references = 1,
                              .kind = kind,
                              .host = host,
                              .flags = flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)};
    return file;
}

/* ---- opening ---- */

static int64_t open_special(struct user *user, const struct special_file *special, const struct place *place, int flags)
{
    struct file *file = NULL;
    int host;
    switch (special->kind) {
    case SPECIAL_DIRECTORY:
        if ((flags & O_ACCMODE) != O_RDONLY) return -EISDIR;
        file = new_file(flags & O_PATH ? FILE_PATH : FILE_DIRECTORY, flags, -1);
        if (file) {
            file->mount = place->mount;
            file->path = strdup(place->path);
        }
        break;
    case SPECIAL_DEVICE:
        if (special->number == DEVICE_TTY && !user->params.tty) return -ENXIO; /* no controlling terminal */
        file = new_file(FILE_DEVICE, flags, -1);
        if (file) file->device = (enum device)special->number;
        break;
    case SPECIAL_DESCRIPTOR:
        file = file_at(user, special->number);
        if (!file) return -ENOENT;
        file->references++;
        break;
    case SPECIAL_EXE:
        if ((flags & O_ACCMODE) != O_RDONLY) return -ETXTBSY;
        /* A description of its own: a duplicate would share its position. */
        host = fcntl(user->process->exe, F_DUPFD_CLOEXEC, 3);
        if (host >= 0) {
            char name[32];
            snprintf(name, sizeof name, "/proc/self/fd/%d", host);
            int own = open(name, O_RDONLY | O_CLOEXEC);
            close(host);
            host = own;
        }
        if (host < 0) return -ENOENT;
        file = new_file(FILE_REGULAR, flags, host);
        break;
    default: return place->mount == MOUNT_DEV && flags & O_CREAT ? -EACCES : -ENOENT;
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
    if (flags & O_CREAT && flags & O_EXCL) return -EEXIST;
    if (S_ISLNK(host->st_mode)) return -ELOOP;
    if (S_ISDIR(host->st_mode)) return write || flags & O_CREAT ? -EISDIR : 0;
    if (flags & O_DIRECTORY || place->directory) return -ENOTDIR;
    if (!S_ISREG(host->st_mode))
        return -ENXIO; /* a device, pipe or socket of the host is no input that a run could depend on */
    return write ? path_writable(user, place) : 0;
}

/* A new file starts now, whatever number the host gives it. */
static void file_born(struct user *user, int descriptor)
{
    struct stat host;
    if (fstat(descriptor, &host) < 0) return;
    inode_forget(user, &host);
    struct inode *inode = inode_of(user, &host);
    inode->accessed = inode->modified = inode->changed = time_wall(user);
}

static int create(struct user *user, const struct place *place, int flags, uint32_t mode)
{
    int status = path_writable(user, place);
    if (status < 0) return status;
    if (place->directory) return -EISDIR;
    int descriptor = path_open(user, place, (flags & (O_ACCMODE | O_APPEND)) | O_CREAT | O_EXCL, 0600);
    if (descriptor < 0) return descriptor;
    fchmod(descriptor, mode & ~user->process->file_mask & 07777); /* the host's umask is not the guest's */
    file_born(user, descriptor);
    return descriptor;
}

static int64_t open_at(struct user *user, int directory, uint32_t path, int flags, uint32_t mode)
{
    struct place place;
    struct stat host;
    int status = path_get(user, directory, path, !(flags & O_NOFOLLOW) && !(flags & O_CREAT && flags & O_EXCL), &place);
    if (status < 0) return status;
    if ((flags & O_ACCMODE) == O_ACCMODE) return -EINVAL;
    if ((flags & O_TMPFILE) == O_TMPFILE) return -EOPNOTSUPP;
    struct special_file special = path_special(&place);
    if (special.kind != SPECIAL_NONE || place.mount == MOUNT_DEV || place.mount == MOUNT_PROC)
        return open_special(user, &special, &place, flags);
    int descriptor = path_open(user, &place, O_PATH | O_NOFOLLOW, 0);
    if (descriptor < 0 && (descriptor != -ENOENT || !(flags & O_CREAT) || flags & O_PATH)) return descriptor;
    if (descriptor < 0) {
        descriptor = create(user, &place, flags, mode);
        if (descriptor < 0) return descriptor;
        fstat(descriptor, &host);
    } else {
        fstatat(descriptor, "", &host, AT_EMPTY_PATH);
        if (!(flags & O_PATH)) {
            close(descriptor);
            status = check_open(user, &place, &host, flags);
            if (status < 0) return status;
            descriptor = path_open(user, &place, flags & (O_ACCMODE | O_APPEND | O_TRUNC | O_DIRECTORY), 0);
            if (descriptor < 0) return descriptor;
        }
    }
    enum file_kind kind = flags & O_PATH ? FILE_PATH : S_ISDIR(host.st_mode) ? FILE_DIRECTORY : FILE_REGULAR;
    struct file *file = new_file(kind, flags, descriptor);
    if (!file) {
        close(descriptor);
        return -ENOMEM;
    }
    file->mount = place.mount;
    file->path = strdup(place.path);
    if (flags & O_TRUNC && kind == FILE_REGULAR) {
        file_touch(user, file);
        backing_resize(user, descriptor, (uint64_t)host.st_size, 0);
    }
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

int64_t sys_memfd_create(struct user *user, const uint32_t *a)
{
    enum { NAME_BYTES = 249 + 1 };
    char name[NAME_BYTES], path[NAME_BYTES + 32];
    int length = user_get_string(user, a[0], name, sizeof name);
    if (a[1] & ~(uint32_t)(MFD_CLOEXEC | MFD_ALLOW_SEALING)) return -EINVAL;
    if (length < 0) return length == -ENAMETOOLONG ? -EINVAL : length;
    int descriptor = memfd_create("guest", MFD_CLOEXEC | (a[1] & MFD_ALLOW_SEALING));
    if (descriptor < 0) return -errno;
    struct file *file = new_file(FILE_REGULAR, O_RDWR, descriptor);
    if (!file) {
        close(descriptor);
        return -ENOMEM;
    }
    fchmod(descriptor, 0777);
    snprintf(path, sizeof path, "/memfd:%s (deleted)", name);
    file->mount = MOUNT_TMP;
    file->path = strdup(path);
    file_born(user, descriptor);
    return file_install(user, file, 0, a[1] & MFD_CLOEXEC);
}

/* ---- closing and duplicating ---- */

static int64_t close_at(struct user *user, uint32_t descriptor)
{
    struct file *file = file_at(user, descriptor);
    if (!file) return -EBADF;
    user->process->files.file[descriptor] = NULL;
    file_release(user, file);
    return 0;
}

int64_t sys_close(struct user *user, const uint32_t *a) { return close_at(user, a[0]); }

int64_t sys_close_range(struct user *user, const uint32_t *a)
{
    enum { UNSHARE = 2, CLOEXEC = 4 };
    if (a[0] > a[1] || a[2] & ~(uint32_t)(UNSHARE | CLOEXEC)) return -EINVAL;
    for (uint32_t i = a[0]; i <= a[1] && i < GUEST_FILES; i++) {
        if (a[2] & CLOEXEC)
            user->process->files.close_on_exec[i] = true;
        else
            close_at(user, i);
    }
    return 0;
}

int64_t file_duplicate(struct user *user, uint32_t descriptor, unsigned from, bool close_on_exec)
{
    struct file *file = file_at(user, descriptor);
    if (!file) return -EBADF;
    if (from >= GUEST_FILES) return -EINVAL;
    file->references++;
    return file_install(user, file, from, close_on_exec);
}

static int64_t duplicate_to(struct user *user, uint32_t descriptor, uint32_t to, bool close_on_exec)
{
    struct file *file = file_at(user, descriptor);
    if (!file || to >= GUEST_FILES) return -EBADF;
    if (descriptor == to) return to;
    file->references++;
    close_at(user, to);
    user->process->files.file[to] = file;
    user->process->files.close_on_exec[to] = close_on_exec;
    return to;
}

int64_t sys_dup(struct user *user, const uint32_t *a) { return file_duplicate(user, a[0], 0, false); }
int64_t sys_dup2(struct user *user, const uint32_t *a) { return duplicate_to(user, a[0], a[1], false); }
int64_t sys_dup3(struct user *user, const uint32_t *a)
{
    if (a[0] == a[1] || a[2] & ~(uint32_t)O_CLOEXEC) return -EINVAL;
    return duplicate_to(user, a[0], a[1], a[2] & O_CLOEXEC);
}

static int64_t make_pipe(struct user *user, uint32_t address, int flags)
{
    uint32_t ends[2];
    if (flags & ~(O_CLOEXEC | O_NONBLOCK)) return -EINVAL;
    if (space_accessible(user, address, sizeof ends, true) != sizeof ends) return -EFAULT;
    struct pipe *pipe = calloc(1, sizeof *pipe);
    if (!pipe) return -ENOMEM;
    pipe->readers = pipe->writers = 1;
    for (unsigned i = 0; i < 2; i++) {
        struct file *file = new_file(FILE_PIPE, (flags & O_NONBLOCK) | (i ? O_WRONLY : O_RDONLY), -1);
        if (!file) hw_panic(user->core, "no host memory for a pipe");
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
    snprintf(user->tmp_path, sizeof user->tmp_path, "%s/covm-XXXXXX",
             base && *base == '/' && strlen(base) < 40 ? base : "/tmp");
    if (!mkdtemp(user->tmp_path)) {
        snprintf(error, capacity, "%s: %s (the guest's /tmp)", user->tmp_path, strerror(errno));
        user->tmp_path[0] = 0;
        return false;
    }
    user->tmp = open(user->tmp_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (user->tmp < 0) snprintf(error, capacity, "%s: %s (the guest's /tmp)", user->tmp_path, strerror(errno));
    return user->tmp >= 0;
}

bool files_create(struct user *user, const struct user_config *config, char *error, size_t capacity)
{
    const int host[3] = {config->input, config->output, config->error};
    struct stat status;
    if (!open_root(user, config, error, capacity) || !make_tmp(user, error, capacity)) return false;
    for (unsigned i = 0; i < 3; i++) {
        user->stream[i] = host[i];
        struct file *file = new_file(FILE_STREAM, user->params.tty ? O_RDWR : i ? O_WRONLY : O_RDONLY, host[i]);
        if (!file) {
            snprintf(error, capacity, "no memory");
            return false;
        }
        file->stream = i;
        file->seekable = i == 0 && fstat(host[0], &status) == 0 && S_ISREG(status.st_mode);
        user->process->files.file[i] = file;
    }
    return true;
}

void files_copy(const struct process *from, struct process *to)
{
    to->files = from->files;
    for (unsigned i = 0; i < GUEST_FILES; i++)
        if (to->files.file[i]) to->files.file[i]->references++;
}

void files_exec(struct user *user)
{
    for (unsigned i = 0; i < GUEST_FILES; i++)
        if (user->process->files.close_on_exec[i]) close_at(user, i);
}

void files_close(struct user *user)
{
    for (unsigned i = 0; i < GUEST_FILES; i++) close_at(user, i);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where) { return remove(path); }

void files_destroy(struct user *user)
{
    if (user->tmp_path[0]) nftw(user->tmp_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    const int own[] = {user->root, user->tmp};
    for (unsigned i = 0; i < LENGTH(own); i++)
        if (own[i] >= 0) close(own[i]);
    free(user->inodes.inode);
}
