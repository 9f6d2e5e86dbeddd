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

struct file *file_of(const struct process *process, uint32_t descriptor)
{
    return descriptor < GUEST_FILES ? process->files.file[descriptor] : NULL;
}

struct file *file_at(const struct user *user, uint32_t descriptor) { return file_of(user->process, descriptor); }

struct file *file_create(enum file_kind kind, int flags, int host)
{
    struct file *file = calloc(1, sizeof *file);
    if (file)
        *file = (struct file){.references = 1,
                              .kind = kind,
                              .host = host,
                              .flags = flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)};
    return file;
}

void file_release(struct user *user, struct file *file)
{
    if (!file || --file->references) return;
    bool socket = file->socket;
    locks_released(user, file);
    epoll_forget(user, file);
    if (file->epoll) epoll_close(user, file);
    if (file->kind == FILE_TIMER) timer_file_close(user, file);
    if (file->socket) socket_close(user, file);
    if (file->in || file->out) pipe_close(user, file);
    if (file->host >= 0 && file->kind != FILE_STREAM) close(file->host);
    for (unsigned i = 0; i < file->entry_count; i++) free(file->entries[i].name);
    free(file->entries);
    free(file->text.bytes);
    free(file->path);
    free(file);
    if (socket && user->passed) passing_collect(user);
}

int file_lowest(const struct user *user, unsigned from)
{
    uint64_t limit = user->process->limit[7][0]; /* RLIMIT_NOFILE */
    for (unsigned i = from; i < GUEST_FILES && i < limit; i++)
        if (!user->process->files.file[i]) return (int)i;
    return -EMFILE;
}

int file_install(struct user *user, struct file *file, unsigned from, bool close_on_exec)
{
    int descriptor = file_lowest(user, from);
    if (descriptor < 0) {
        file_release(user, file);
        return descriptor;
    }
    user->process->files.file[descriptor] = file;
    user->process->files.close_on_exec[descriptor] = close_on_exec;
    return descriptor;
}

int64_t file_install_pair(struct user *user, struct file *const files[2], uint32_t address, bool close_on_exec)
{
    uint32_t ends[2];
    int first = file_install(user, files[0], 0, close_on_exec);
    int second = first < 0 ? first : file_install(user, files[1], 0, close_on_exec);
    if (first < 0) file_release(user, files[1]);
    if (second < 0) {
        if (first >= 0) sys_close(user, &(uint32_t){(uint32_t)first});
        return second;
    }
    ends[0] = (uint32_t)first, ends[1] = (uint32_t)second;
    return user_put(user, address, ends, sizeof ends) ? 0 : -EFAULT;
}

void file_name(const struct file *file, struct printed *text)
{
    switch (file->kind) {
    case FILE_PIPE:
        if (file->path) break;
        printed_add(text, "pipe:[%llu]", (unsigned long long)pipe_number(file));
        return;
    case FILE_SOCKET: printed_add(text, "socket:[%llu]", (unsigned long long)socket_number(file)); return;
    case FILE_EVENT: printed_add(text, "anon_inode:[eventfd]"); return;
    case FILE_TIMER: printed_add(text, "anon_inode:[timerfd]"); return;
    case FILE_SIGNAL: printed_add(text, "anon_inode:[signalfd]"); return;
    case FILE_PROCESS: printed_add(text, "anon_inode:[pidfd]"); return;
    case FILE_EPOLL: printed_add(text, "anon_inode:[eventpoll]"); return;
    default: break;
    }
    printed_add(text, "%s", file->path ? file->path : "");
}

/* ---- opening ---- */

/* A new file starts now, whatever number the host gives it. */
static void file_born(struct user *user, int descriptor)
{
    struct stat host;
    if (fstat(descriptor, &host) < 0) return;
    inode_forget(user, &host);
    struct inode *inode = inode_of(user, &host);
    inode->accessed = inode->modified = inode->changed = time_wall(user);
}

/* Takes a host descriptor over, for the file at a path of the guest's. */
static int64_t install_host(struct user *user, enum file_kind kind, int flags, int descriptor, enum mount mount,
                            const char *path)
{
    struct stat host;
    struct file *file = file_create(kind, flags, descriptor);
    if (!file) {
        close(descriptor);
        return -ENOMEM;
    }
    file->mount = mount;
    file->path = strdup(path);
    if (fstatat(descriptor, "", &host, AT_EMPTY_PATH) == 0)
        inode_of(user, &host); /* numbered in the order of opening */
    user->stats.files_opened++;
    return file_install(user, file, 0, flags & O_CLOEXEC);
}

/* Opens once more what a host descriptor is open on: a description of its own, with a position of its own. */
static int64_t open_again(struct user *user, int host, int flags, enum mount mount, const char *path)
{
    char name[32];
    struct stat before;
    bool write = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
    if (fstat(host, &before) < 0 || !S_ISREG(before.st_mode)) return -ENXIO;
    if (write && !mount_writable(user, mount)) return -EROFS;
    snprintf(name, sizeof name, "/proc/self/fd/%d", host);
    int own = open(name, (flags & (O_ACCMODE | O_APPEND | O_TRUNC)) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (own < 0) return -errno;
    if (flags & O_TRUNC) backing_resize(user, own, (uint64_t)before.st_size, 0);
    return install_host(user, FILE_REGULAR, flags, own, mount, path);
}

/* /proc/PID/fd/N and /dev/fd/N: what is behind the descriptor is opened anew, or else shared. */
static int64_t open_descriptor(struct user *user, struct file *file, int flags)
{
    struct file *end;
    switch (file->kind) {
    case FILE_REGULAR:
    case FILE_PATH:
        if (file->host < 0 || flags & O_PATH) break;
        return open_again(user, file->host, flags, file->mount, file->path);
    case FILE_PIPE: {
        int64_t status = pipe_open(user, NULL, file, flags, &end);
        return status < 0 ? status : file_install(user, end, 0, flags & O_CLOEXEC);
    }
    case FILE_SOCKET:
    case FILE_EVENT:
    case FILE_TIMER:
    case FILE_SIGNAL:
    case FILE_PROCESS:
    case FILE_EPOLL: return -ENXIO;
    default: break;
    }
    if (flags & O_DIRECTORY && file->kind != FILE_DIRECTORY) return -ENOTDIR;
    file->references++;
    return file_install(user, file, 0, flags & O_CLOEXEC);
}

static int64_t open_special(struct user *user, const struct special_file *special, const struct place *place, int flags)
{
    bool write = (flags & O_ACCMODE) != O_RDONLY, link = !place->follow || flags & O_NOFOLLOW;
    enum file_kind kind = special->kind == SPECIAL_DIRECTORY ? FILE_DIRECTORY
                          : special->kind == SPECIAL_DEVICE  ? FILE_DEVICE
                                                             : FILE_TEXT;
    if (special->kind == SPECIAL_NONE) return place->mount == MOUNT_DEV && flags & O_CREAT ? -EACCES : -ENOENT;
    if (flags & O_CREAT && flags & O_EXCL) return -EEXIST;
    if (kind != FILE_DIRECTORY && (place->directory || (flags & O_DIRECTORY && link))) return -ENOTDIR;
    if (!(flags & O_PATH)) {
        if (special->kind == SPECIAL_LINK) return -ELOOP;
        if (special->kind == SPECIAL_DESCRIPTOR)
            return link ? -ELOOP : open_descriptor(user, file_of(special->process, special->number), flags);
        if (special->kind == SPECIAL_EXE) {
            if (link || write) return link ? -ELOOP : -ETXTBSY;
            return open_again(user, special->process->exe, flags, MOUNT_ROOT, special->process->exe_path);
        }
        if (kind == FILE_DIRECTORY && (write || flags & O_CREAT)) return -EISDIR;
        if (flags & O_DIRECTORY && kind != FILE_DIRECTORY) return -ENOTDIR;
        if (kind == FILE_TEXT && (write || flags & O_TRUNC)) return -EACCES;
        if (kind == FILE_DEVICE && special->number == DEVICE_TTY && !user->process->terminal)
            return -ENXIO; /* no controlling terminal */
    }
    struct file *file = file_create(flags & O_PATH ? FILE_PATH : kind, flags, -1);
    if (!file) return -ENOMEM;
    file->mount = place->mount;
    file->device = (enum device)special->number;
    file->path = strdup(place->path);
    return file_install(user, file, 0, flags & O_CLOEXEC);
}

/* May the file that is there be opened so? 0 or -errno, in Linux's order. */
static int check_open(const struct user *user, const struct place *place, const struct stat *host, int flags)
{
    bool write = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
    if (flags & O_CREAT && flags & O_EXCL) return -EEXIST;
    if (flags & O_CREAT && S_ISDIR(host->st_mode)) return -EISDIR;
    if ((flags & O_DIRECTORY || place->directory) && !S_ISDIR(host->st_mode)) return -ENOTDIR;
    if (S_ISLNK(host->st_mode)) return -ELOOP;
    if (S_ISDIR(host->st_mode)) return write ? -EISDIR : 0;
    if (S_ISFIFO(host->st_mode)) return 0;
    if (!S_ISREG(host->st_mode))
        return -ENXIO; /* a device or socket of the host is no input that a run could depend on */
    return write ? path_writable(user, place) : 0;
}

static int create(struct user *user, const struct place *place, int flags, uint32_t mode)
{
    int status = path_writable(user, place);
    if (status < 0) return status;
    int descriptor = path_open(
        user, place, (flags & (O_ACCMODE | O_APPEND | O_TMPFILE)) | O_EXCL | (flags & __O_TMPFILE ? 0 : O_CREAT), 0600);
    if (descriptor < 0) return descriptor;
    fchmod(descriptor, mode & ~user->process->file_mask & 07777); /* the host's umask is not the guest's */
    file_born(user, descriptor);
    return descriptor;
}

/* Whoever opens a FIFO waits for the other side, unless it would do without. The end is there meanwhile. */
static int64_t meet(struct user *user, struct file *end, int flags)
{
    bool waits = !(flags & O_NONBLOCK) && (flags & O_ACCMODE) != O_RDWR, first = !user->thread->opening;
    user->thread->opening = NULL;
    if (!waits || pipe_met(end)) return file_install(user, end, 0, flags & O_CLOEXEC);
    int64_t status = schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
    if (status == BLOCKED)
        user->thread->opening = end;
    else
        file_release(user, end);
    if (first) schedule_look(user); /* the other side may wait for this one */
    return status;
}

/* Opens what is there. `path`: a descriptor of it, which only holds the place; closed, or taken over. */
static int64_t open_existing(struct user *user, const struct place *place, int path, int flags)
{
    struct stat host;
    struct file *end;
    fstatat(path, "", &host, AT_EMPTY_PATH);
    if (flags & O_PATH) {
        if ((flags & O_DIRECTORY || place->directory) && !S_ISDIR(host.st_mode)) {
            close(path);
            return -ENOTDIR;
        }
        return install_host(user, FILE_PATH, flags, path, place->mount, place->path);
    }
    int64_t status = check_open(user, place, &host, flags);
    if (status == 0 && S_ISFIFO(host.st_mode) && (status = pipe_open(user, &host, NULL, flags, &end)) == 0) {
        end->host = path;
        end->mount = place->mount;
        end->path = strdup(place->path);
        return meet(user, end, flags);
    }
    close(path);
    if (status < 0) return status;
    int own = path_open(user, place, flags & (O_ACCMODE | O_APPEND | O_TRUNC | O_DIRECTORY), 0);
    if (own < 0) return own;
    if (flags & O_TRUNC) backing_resize(user, own, (uint64_t)host.st_size, 0);
    enum file_kind kind = S_ISDIR(host.st_mode) ? FILE_DIRECTORY : FILE_REGULAR;
    status = install_host(user, kind, flags, own, place->mount, place->path);
    if (status >= 0 && flags & O_TRUNC) file_touch(user, file_at(user, (uint32_t)status));
    return status;
}

static int64_t open_at(struct user *user, int directory, uint32_t path, int flags, uint32_t mode)
{
    struct place place;
    if (user->thread->opening) return meet(user, user->thread->opening, flags);
    bool temporary = (flags & O_TMPFILE) == O_TMPFILE;
    if (flags & O_PATH) flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if ((flags & O_ACCMODE) == O_ACCMODE || (flags & O_CREAT && flags & O_DIRECTORY) ||
        (temporary && (flags & O_ACCMODE) == O_RDONLY))
        return -EINVAL;
    enum path_end end = flags & O_NOFOLLOW || (flags & O_CREAT && flags & O_EXCL) ? END_LINK : END_FOLLOW;
    if (flags & O_CREAT) end = end == END_FOLLOW ? END_CREATE : END_NAME;
    int status = path_get(user, directory, path, end, &place);
    if (status < 0) return status;
    if (place_is_special(&place)) {
        struct special_file special = path_special(user, &place);
        return open_special(user, &special, &place, flags);
    }
    int descriptor = path_open(user, &place, O_PATH | O_NOFOLLOW | (temporary ? O_DIRECTORY : 0), 0);
    if (flags & O_CREAT && place.directory && !place.dots &&
        (descriptor >= 0 || path_check_parent(user, &place) == 0)) {
        if (descriptor >= 0) close(descriptor);
        return -EISDIR; /* written with a slash, nothing can be made */
    }
    if (descriptor >= 0 && !temporary) return open_existing(user, &place, descriptor, flags);
    if (descriptor >= 0)
        close(descriptor);
    else if (descriptor != -ENOENT || !(flags & O_CREAT))
        return descriptor;
    descriptor = create(user, &place, flags, mode);
    return descriptor < 0 ? descriptor
                          : install_host(user, FILE_REGULAR, flags & ~O_TMPFILE, descriptor, place.mount, place.path);
}

int64_t sys_open(struct user *user, const uint32_t *a) { return open_at(user, GUEST_AT_FDCWD, a[0], (int)a[1], a[2]); }
int64_t sys_openat(struct user *user, const uint32_t *a) { return open_at(user, (int)a[0], a[1], (int)a[2], a[3]); }
int64_t sys_creat(struct user *user, const uint32_t *a)
{
    return open_at(user, GUEST_AT_FDCWD, a[0], O_CREAT | O_WRONLY | O_TRUNC, a[1]);
}

int64_t sys_openat2(struct user *user, const uint32_t *a)
{
    uint64_t how[3]; /* flags, mode, resolve */
    if (a[3] < sizeof how) return -EINVAL;
    if (a[3] > PAGE_BYTES) return -E2BIG;
    if (!user_get(user, a[2], how, sizeof how)) return -EFAULT;
    if (how[0] > INT32_MAX || how[1] & ~UINT64_C(07777)) return -EINVAL;
    if (how[2]) return -EOPNOTSUPP; /* the guest has one root, and no mounts to stay away from */
    return open_at(user, (int)a[0], a[1], (int)how[0], (uint32_t)how[1]);
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
    fchmod(descriptor, 0777);
    file_born(user, descriptor);
    snprintf(path, sizeof path, "/memfd:%s (deleted)", name);
    return install_host(user, FILE_REGULAR, O_RDWR | (a[1] & MFD_CLOEXEC ? O_CLOEXEC : 0), descriptor, MOUNT_TMP, path);
}

/* ---- closing and duplicating ---- */

static int64_t close_at(struct user *user, uint32_t descriptor)
{
    struct file *file = file_at(user, descriptor);
    if (!file) return -EBADF;
    if (file->kind != FILE_PATH) locks_closed(user, file);
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

/* ---- directories that move ---- */

static bool below(const char *path, const char *top)
{
    size_t length = strlen(top);
    return strncmp(path, top, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static char *moved_path(const char *path, const char *from, const char *to)
{
    char *moved = malloc(strlen(path) + strlen(to) + 1);
    if (moved) sprintf(moved, "%s%s", to, path + strlen(from));
    return moved;
}

static void move_in(struct process *process, const char *from, const char *to)
{
    for (unsigned i = 0; i < GUEST_FILES; i++) {
        struct file *file = process->files.file[i];
        if (!file || !file->path || !below(file->path, from)) continue;
        char *moved = moved_path(file->path, from, to);
        free(file->path);
        file->path = moved;
    }
    if (!below(process->cwd, from)) return;
    char *moved = moved_path(process->cwd, from, to);
    if (moved) snprintf(process->cwd, sizeof process->cwd, "%s", moved);
    free(moved);
}

static void move_all(struct user *user, const char *from, const char *to)
{
    for (unsigned i = 0; i < user->process_count; i++) move_in(user->processes[i], from, to);
}

/* Through a name that is no path, so that a file that two descriptors share, or one that is in both, moves but once. */
void files_moved(struct user *user, const char *from, const char *to, bool exchange)
{
    static const char aside[] = "?from", other[] = "?to";
    move_all(user, from, aside);
    if (exchange)
        move_all(user, to, other);
    else
        files_gone(user, to);
    move_all(user, aside, to);
    if (exchange) move_all(user, other, from);
}

void files_gone(struct user *user, const char *path)
{
    char gone[GUEST_PATH_BYTES + 16];
    snprintf(gone, sizeof gone, "?%s (deleted)", path);
    move_all(user, path, gone);
    move_all(user, gone, gone + 1);
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

/* A directory for the guest alone, in the one that is removed at the end: a host descriptor, or -1. */
static int make_private(const struct user *user, const char *name)
{
    char path[sizeof user->tmp_path + 8];
    snprintf(path, sizeof path, "%s/%s", user->tmp_path, name);
    if (mkdir(path, 0700) < 0 || chmod(path, 01777) < 0) return -1;
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool make_tmp(struct user *user, char *error, size_t capacity)
{
    const char *base = getenv("TMPDIR");
    snprintf(user->tmp_path, sizeof user->tmp_path, "%s/covm-XXXXXX",
             base && *base == '/' && strlen(base) < 40 ? base : "/tmp");
    bool made = mkdtemp(user->tmp_path);
    if (made) {
        user->tmp = make_private(user, "tmp");
        user->shm = make_private(user, "shm");
    }
    if (user->tmp >= 0 && user->shm >= 0) return true;
    snprintf(error, capacity, "%s: %s (the guest's /tmp)", user->tmp_path, strerror(errno));
    if (!made) user->tmp_path[0] = 0;
    return false;
}

bool files_resume(struct user *user, const struct user_config *config, char *error, size_t capacity)
{
    const int host[3] = {config->input, config->output, config->error};
    struct stat program = {0};
    memcpy(user->stream, host, sizeof host);
    stat(config->program, &program);
    user->program_device = program.st_dev;
    user->program_inode = program.st_ino;
    return open_root(user, config, error, capacity) && make_tmp(user, error, capacity);
}

bool files_create(struct user *user, const struct user_config *config, char *error, size_t capacity)
{
    static const char *const stream_name[3] = {"pipe:[1]", "pipe:[2]", "pipe:[3]"};
    const int *host = user->stream;
    struct stat status;
    if (!files_resume(user, config, error, capacity)) return false;
    for (unsigned i = 0; i < 3; i++) {
        struct file *file = file_create(FILE_STREAM, user->params.tty ? O_RDWR : i ? O_WRONLY : O_RDONLY, host[i]);
        if (!file) {
            snprintf(error, capacity, "no memory");
            return false;
        }
        file->stream = i;
        file->path = strdup(user->params.tty ? "/dev/tty" : stream_name[i]);
        file->seekable = i == 0 && fstat(host[0], &status) == 0 && S_ISREG(status.st_mode);
        if (i == 0) user->input_is_stream = !file->seekable;
        user->process->files.file[i] = file;
    }
    terminal_attach(user);
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
    terminal_restore(user);
    if (user->tmp_path[0]) nftw(user->tmp_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    const int own[] = {user->root, user->tmp, user->shm};
    for (unsigned i = 0; i < LENGTH(own); i++)
        if (own[i] >= 0) close(own[i]);
    free(user->inodes.inode);
    for (unsigned i = 0; i < LENGTH(user->output); i++) free(user->output[i].bytes);
}
