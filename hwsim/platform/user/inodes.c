/* inodes.c -- what stat tells: numbers instead of the host's inodes, times that depend on what the guest did alone, one
 * owner. Numbers are given in the order in which the guest meets files. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hwsim/platform/user/snapshot.h"

enum { BLOCK_BYTES = 4096, FIRST_INODE = 2, SPECIAL_INODES = 0x10000000 };

static unsigned bucket_of(uint64_t device, uint64_t host)
{
    uint64_t mixed = (host ^ device << 32) * UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(mixed >> 54); /* 1024 buckets */
}

static int *find(struct user *user, const struct stat *host)
{
    struct inodes *inodes = &user->inodes;
    int *link = &inodes->bucket[bucket_of(host->st_dev, host->st_ino)];
    while (*link) {
        struct inode *inode = &inodes->inode[*link - 1];
        if (inode->device == host->st_dev && inode->host == host->st_ino) break;
        link = &inode->next;
    }
    return link;
}

struct inode *inode_of(struct user *user, const struct stat *host)
{
    struct inodes *inodes = &user->inodes;
    int *link = find(user, host);
    if (*link) return &inodes->inode[*link - 1];
    if (inodes->count == inodes->capacity) {
        inodes->capacity = inodes->capacity ? 2 * inodes->capacity : 256;
        struct inode *more = realloc(inodes->inode, inodes->capacity * sizeof *more);
        if (!more) hw_panic(user->core, "no host memory for the guest's inodes");
        inodes->inode = more;
        link = find(user, host); /* it may have pointed into what was moved */
    }
    uint64_t start = (uint64_t)user->params.epoch * 1000000000;
    inodes->inode[inodes->count] = (struct inode){
        .device = host->st_dev,
        .host = host->st_ino,
        .number = FIRST_INODE + inodes->count,
        .accessed = start,
        .modified = start,
        .changed = start,
    };
    *link = (int)++inodes->count;
    return &inodes->inode[inodes->count - 1];
}

/* The host may give the number of a file that is gone to a new one, which to the guest must be a new file. */
void inode_forget(struct user *user, const struct stat *host)
{
    int *link = find(user, host);
    if (*link) *link = user->inodes.inode[*link - 1].next;
}

void stat_of_host(struct user *user, const struct stat *host, enum mount mount, struct guest_stat *out)
{
    const struct inode *inode = inode_of(user, host);
    bool directory = S_ISDIR(host->st_mode);
    *out = (struct guest_stat){
        .device = mount == MOUNT_ROOT ? makedev(8, 1) : makedev(0, 40 + mount),
        .inode = inode->number,
        /* A directory's size and links say more of the host's file system than of the directory. */
        .size = directory ? BLOCK_BYTES : (uint64_t)host->st_size,
        .blocks = directory ? BLOCK_BYTES / 512 : ((uint64_t)host->st_size + 511) / 512,
        .mode = host->st_mode,
        .links = directory ? 1 : (uint32_t)host->st_nlink,
        .uid = GUEST_UID,
        .gid = GUEST_GID,
        .accessed = inode->accessed,
        .modified = inode->modified,
        .changed = inode->changed,
    };
}

/* A file that no host file stands behind. */
static void stat_special(const struct user *user, uint32_t mode, uint64_t rdev, uint64_t number, struct guest_stat *out)
{
    uint64_t start = (uint64_t)user->params.epoch * 1000000000;
    *out = (struct guest_stat){
        .device = makedev(0, 5),
        .inode = SPECIAL_INODES + number,
        .rdev = rdev,
        .mode = mode,
        .links = 1,
        .uid = GUEST_UID,
        .gid = GUEST_GID,
        .accessed = start,
        .modified = start,
        .changed = start,
    };
}

static uint64_t device_number(enum device device)
{
    static const uint8_t number[][2] = {
#define DEVICE(name, text, major, minor) {major, minor},
#include "hwsim/platform/user/devices.def"
#undef DEVICE
    };
    return makedev(number[device][0], number[device][1]);
}

/* Files of /dev and /proc have a number for each path. */
static uint64_t path_number(const char *path)
{
    uint32_t hash = 2166136261u;
    for (; *path; path++) hash = (hash ^ (uint8_t)*path) * 16777619u;
    return hash % (SPECIAL_INODES / 2);
}

static int64_t stat_host(struct user *user, int host, enum mount mount, struct guest_stat *out)
{
    struct stat status;
    if (fstatat(host, "", &status, AT_EMPTY_PATH) < 0) return -errno;
    stat_of_host(user, &status, mount, out);
    return 0;
}

int64_t place_stat(struct user *user, const struct place *place, struct guest_stat *out)
{
    enum { LINK = S_IFLNK | 0777 };
    struct special_file special = path_special(user, place);
    uint64_t number = path_number(place->path);
    switch (special.kind) {
    case SPECIAL_DIRECTORY: stat_special(user, S_IFDIR | 0555, 0, number, out); return 0;
    case SPECIAL_DEVICE:
        stat_special(user, S_IFCHR | 0666, device_number((enum device)special.number), number, out);
        return 0;
    case SPECIAL_TEXT: stat_special(user, S_IFREG | 0444, 0, number, out); return 0;
    case SPECIAL_LINK: stat_special(user, LINK, 0, number, out); return 0;
    case SPECIAL_DESCRIPTOR:
        if (place->follow) return file_stat(user, file_of(special.process, special.number), out);
        stat_special(user, LINK, 0, number, out);
        return 0;
    case SPECIAL_EXE:
        if (place->follow) return stat_host(user, special.process->exe, MOUNT_ROOT, out);
        stat_special(user, LINK, 0, number, out);
        return 0;
    case SPECIAL_NONE: break;
    }
    if (place_is_special(place)) return -ENOENT;
    int host = path_open(user, place, O_PATH | O_NOFOLLOW, 0);
    if (host < 0) return host;
    int64_t status = stat_host(user, host, place->mount, out);
    close(host);
    return status;
}

/* A terminal, if the streams are one. */
static int64_t stat_stream(struct user *user, const struct file *file, struct guest_stat *out)
{
    if (file->seekable) return stat_host(user, file->host, MOUNT_ROOT, out);
    if (user->params.tty)
        stat_special(user, S_IFCHR | 0620, makedev(136, 0), SPECIAL_INODES - 1, out);
    else
        stat_special(user, S_IFIFO | 0600, 0, SPECIAL_INODES - 2 - file->stream, out);
    return 0;
}

int64_t file_stat(struct user *user, struct file *file, struct guest_stat *out)
{
    struct place place;
    switch (file->kind) {
    case FILE_STREAM: return stat_stream(user, file, out);
    case FILE_PIPE:
        if (file->host >= 0) return stat_host(user, file->host, file->mount, out);
        stat_special(user, S_IFIFO | 0600, 0, SPECIAL_INODES + pipe_number(file), out);
        return 0;
    case FILE_SOCKET: stat_special(user, S_IFSOCK | 0777, 0, SPECIAL_INODES + socket_number(file), out); return 0;
    case FILE_EVENT:
    case FILE_TIMER:
    case FILE_SIGNAL:
    case FILE_PROCESS:
    case FILE_EPOLL: stat_special(user, 0600, 0, SPECIAL_INODES - 9, out); return 0;
    case FILE_REGULAR: return stat_host(user, file->host, file->mount, out);
    default:
        if (file->host >= 0) return stat_host(user, file->host, file->mount, out);
        if (path_resolve(user, GUEST_AT_FDCWD, file->path, END_LINK, &place) < 0) return -ENOENT;
        return place_stat(user, &place, out);
    }
}

/* ---- the layouts ---- */

static void put32(uint8_t *at, uint64_t value) { memcpy(at, &(uint32_t){(uint32_t)value}, 4); }
static void put64(uint8_t *at, uint64_t value) { memcpy(at, &value, 8); }
static void put16(uint8_t *at, uint64_t value) { memcpy(at, &(uint16_t){(uint16_t)value}, 2); }
enum { NS = 1000000000 };

static int64_t put_stat(struct user *user, uint32_t address, const struct guest_stat *s)
{
    uint8_t out[64] = {0};
    if (s->size > INT32_MAX) return -EOVERFLOW;
    put32(out, s->device), put32(out + 4, s->inode);
    put16(out + 8, s->mode), put16(out + 10, s->links), put16(out + 12, s->uid), put16(out + 14, s->gid);
    put32(out + 16, s->rdev), put32(out + 20, s->size), put32(out + 24, BLOCK_BYTES), put32(out + 28, s->blocks);
    put32(out + 32, s->accessed / NS), put32(out + 36, s->accessed % NS);
    put32(out + 40, s->modified / NS), put32(out + 44, s->modified % NS);
    put32(out + 48, s->changed / NS), put32(out + 52, s->changed % NS);
    return user_put(user, address, out, sizeof out) ? 0 : -EFAULT;
}

static int64_t put_stat64(struct user *user, uint32_t address, const struct guest_stat *s)
{
    uint8_t out[96] = {0};
    put64(out, s->device), put32(out + 12, s->inode), put32(out + 16, s->mode), put32(out + 20, s->links);
    put32(out + 24, s->uid), put32(out + 28, s->gid), put64(out + 32, s->rdev), put64(out + 44, s->size);
    put32(out + 52, BLOCK_BYTES), put64(out + 56, s->blocks);
    put32(out + 64, s->accessed / NS), put32(out + 68, s->accessed % NS);
    put32(out + 72, s->modified / NS), put32(out + 76, s->modified % NS);
    put32(out + 80, s->changed / NS), put32(out + 84, s->changed % NS), put64(out + 88, s->inode);
    return user_put(user, address, out, sizeof out) ? 0 : -EFAULT;
}

static void put_time(uint8_t *at, uint64_t ns) { put64(at, ns / NS), put32(at + 8, ns % NS); }

static int64_t put_statx(struct user *user, uint32_t address, const struct guest_stat *s)
{
    uint8_t out[256] = {0};
    put32(out, STATX_BASIC_STATS), put32(out + 4, BLOCK_BYTES), put32(out + 16, s->links);
    put32(out + 20, s->uid), put32(out + 24, s->gid), put16(out + 28, s->mode), put64(out + 32, s->inode);
    put64(out + 40, s->size), put64(out + 48, s->blocks);
    put_time(out + 64, s->accessed), put_time(out + 96, s->changed), put_time(out + 112, s->modified);
    put32(out + 128, major(s->rdev)), put32(out + 132, minor(s->rdev));
    put32(out + 136, major(s->device)), put32(out + 140, minor(s->device));
    return user_put(user, address, out, sizeof out) ? 0 : -EFAULT;
}

/* ---- system calls ---- */

static int64_t stat_path(struct user *user, int directory, uint32_t path, uint32_t flags, struct guest_stat *out)
{
    struct place place;
    char first;
    if (flags & AT_EMPTY_PATH && user_get(user, path, &first, 1) && !first) {
        struct file *file = file_at(user, (uint32_t)directory);
        if (directory == GUEST_AT_FDCWD) {
            int64_t status = path_resolve(user, directory, ".", END_FOLLOW, &place);
            return status < 0 ? status : place_stat(user, &place, out);
        }
        return file ? file_stat(user, file, out) : -EBADF;
    }
    int status = path_get(user, directory, path, flags & AT_SYMLINK_NOFOLLOW ? END_LINK : END_FOLLOW, &place);
    return status < 0 ? status : place_stat(user, &place, out);
}

static int64_t stat_descriptor(struct user *user, uint32_t descriptor, struct guest_stat *out)
{
    struct file *file = file_at(user, descriptor);
    return file ? file_stat(user, file, out) : -EBADF;
}

#define STAT_CALL(name, find, put)                                                                                     \
    int64_t sys_##name(struct user *user, const uint32_t *a)                                                           \
    {                                                                                                                  \
        struct guest_stat out;                                                                                         \
        int64_t status = find;                                                                                         \
        return status < 0 ? status : put(user, a[1], &out);                                                            \
    }
STAT_CALL(stat, stat_path(user, GUEST_AT_FDCWD, a[0], 0, &out), put_stat)
STAT_CALL(lstat, stat_path(user, GUEST_AT_FDCWD, a[0], AT_SYMLINK_NOFOLLOW, &out), put_stat)
STAT_CALL(fstat, stat_descriptor(user, a[0], &out), put_stat)
STAT_CALL(stat64, stat_path(user, GUEST_AT_FDCWD, a[0], 0, &out), put_stat64)
STAT_CALL(lstat64, stat_path(user, GUEST_AT_FDCWD, a[0], AT_SYMLINK_NOFOLLOW, &out), put_stat64)
STAT_CALL(fstat64, stat_descriptor(user, a[0], &out), put_stat64)

int64_t sys_fstatat64(struct user *user, const uint32_t *a)
{
    struct guest_stat out;
    if (a[3] & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT)) return -EINVAL;
    int64_t status = stat_path(user, (int)a[0], a[1], a[3], &out);
    return status < 0 ? status : put_stat64(user, a[2], &out);
}

int64_t sys_statx(struct user *user, const uint32_t *a)
{
    struct guest_stat out;
    int64_t status = stat_path(user, (int)a[0], a[1], a[2], &out);
    return status < 0 ? status : put_statx(user, a[4], &out);
}

/* ---- times ---- */

enum { UTIME_KEEP = 0x3ffffffe, UTIME_PRESENT = 0x3fffffff };

/* Sets times in ns since 1970; UINT64_MAX: leave it. */
static int64_t set_times(struct user *user, const struct place *place, const uint64_t times[2])
{
    struct stat host;
    if (path_special(user, place).kind != SPECIAL_NONE) return -EROFS;
    int descriptor = path_open(user, place, O_PATH | O_NOFOLLOW, 0);
    if (descriptor < 0) return descriptor;
    int status = fstatat(descriptor, "", &host, AT_EMPTY_PATH) < 0 ? -errno : path_writable(user, place);
    close(descriptor);
    if (status < 0) return status;
    struct inode *inode = inode_of(user, &host);
    if (times[0] != UINT64_MAX) inode->accessed = times[0];
    if (times[1] != UINT64_MAX) inode->modified = times[1];
    inode->changed = time_wall(user);
    return 0;
}

static int64_t utime_path(struct user *user, int directory, uint32_t path, bool follow, const uint64_t times[2])
{
    struct place place;
    if (!path) {
        struct file *file = file_at(user, (uint32_t)directory);
        struct stat host;
        if (!file) return -EBADF;
        if (file->host < 0 || fstat(file->host, &host) < 0) return -EINVAL;
        struct inode *inode = inode_of(user, &host);
        inode->accessed = times[0] != UINT64_MAX ? times[0] : inode->accessed;
        inode->modified = times[1] != UINT64_MAX ? times[1] : inode->modified;
        inode->changed = time_wall(user);
        return 0;
    }
    int status = path_get(user, directory, path, follow ? END_FOLLOW : END_LINK, &place);
    return status < 0 ? status : set_times(user, &place, times);
}

static int64_t utimens(struct user *user, const uint32_t *a, enum time_form form)
{
    uint64_t times[2] = {time_wall(user), time_wall(user)};
    for (unsigned i = 0; a[2] && i < 2; i++) {
        uint32_t at = a[2] + i * (form == TIME_64 ? 16 : 8), part;
        if (!user_get(user, at + (form == TIME_64 ? 8 : 4), &part, sizeof part)) return -EFAULT;
        if (part == UTIME_KEEP) {
            times[i] = UINT64_MAX;
        } else if (part != UTIME_PRESENT) {
            int status = time_get(user, at, form, &times[i]);
            if (status < 0) return status;
        }
    }
    return utime_path(user, (int)a[0], a[1], !(a[3] & AT_SYMLINK_NOFOLLOW), times);
}

int64_t sys_utimensat(struct user *user, const uint32_t *a) { return utimens(user, a, TIME_32); }
int64_t sys_utimensat_time64(struct user *user, const uint32_t *a) { return utimens(user, a, TIME_64); }

static int64_t utimes(struct user *user, int directory, uint32_t path, uint32_t address)
{
    uint64_t times[2] = {time_wall(user), time_wall(user)};
    int32_t in[4];
    if (address) {
        if (!user_get(user, address, in, sizeof in)) return -EFAULT;
        for (unsigned i = 0; i < 2; i++) {
            if (in[2 * i] < 0 || in[2 * i + 1] < 0 || in[2 * i + 1] >= 1000000) return -EINVAL;
            times[i] = (uint64_t)in[2 * i] * NS + (uint64_t)in[2 * i + 1] * 1000;
        }
    }
    return utime_path(user, directory, path, true, times);
}

int64_t sys_utimes(struct user *user, const uint32_t *a) { return utimes(user, GUEST_AT_FDCWD, a[0], a[1]); }
int64_t sys_futimesat(struct user *user, const uint32_t *a) { return utimes(user, (int)a[0], a[1], a[2]); }

int64_t sys_utime(struct user *user, const uint32_t *a)
{
    uint64_t times[2] = {time_wall(user), time_wall(user)};
    uint32_t in[2];
    if (a[1]) {
        if (!user_get(user, a[1], in, sizeof in)) return -EFAULT;
        times[0] = (uint64_t)in[0] * NS;
        times[1] = (uint64_t)in[1] * NS;
    }
    return utime_path(user, GUEST_AT_FDCWD, a[0], true, times);
}

/* ---- snapshots ---- */

/* Loading: makes it to be found, unless the host has given its number to another file meanwhile. */
static void inode_insert(struct inodes *inodes, unsigned i)
{
    struct inode *inode = &inodes->inode[i];
    int *link = &inodes->bucket[bucket_of(inode->device, inode->host)];
    for (; *link; link = &inodes->inode[*link - 1].next) {
        const struct inode *other = &inodes->inode[*link - 1];
        if (other->device == inode->device && other->host == inode->host) return;
    }
    *link = (int)i + 1;
}

/* Files that are open or lie in a private directory are found whatever the host calls them now; others are known by
 * the host's number alone, below the same root. */
void inodes_snapshot(struct user_snapshot *u)
{
    struct inodes *inodes = &u->user->inodes;
    inodes->count = snapshot_count(u->to, inodes->count, INT32_MAX / 2);
    if (u->to->loading) {
        inodes->capacity = inodes->count;
        inodes->inode = calloc(inodes->count + 1, sizeof *inodes->inode);
        if (!inodes->inode) hw_panic(u->user->core, "no host memory for the guest's inodes");
    }
    bool *elsewhere = calloc(inodes->count + 1, sizeof *elsewhere), any = false;
    if (!elsewhere) hw_panic(u->user->core, "no host memory for the guest's inodes");
    for (unsigned i = 0; i < inodes->count; i++) {
        struct inode *inode = &inodes->inode[i];
        const struct stat host = {.st_dev = inode->device, .st_ino = inode->host};
        SNAPSHOT_RANGE(u->to, inode, device, changed);
        bool found = snapshot_bool(u->to, !u->to->loading && *find(u->user, &host) == (int)i + 1);
        if (!u->to->loading || !found) continue;
        elsewhere[i] = !host_file_map(u, &inode->device, &inode->host);
        any |= elsewhere[i];
        if (!elsewhere[i]) inode_insert(inodes, i);
    }
    for (unsigned i = 0; i < inodes->count; i++)
        if (elsewhere[i]) inode_insert(inodes, i);
    if (any && !u->same_root)
        snapshot_fail(u->to,
                      "the guest has looked at files below its /, which is to be the same directory again (--root)");
    free(elsewhere);
}
