/* paths.c -- the guest's tree of files: the root directory that it was given, with /tmp, /dev and /proc laid over it.
 *
 * Paths are walked component by component, here, so that a symbolic link means what it would mean to a program whose
 * root is that directory. What comes out has no links left, and is opened with openat2, which refuses to follow any and
 * to leave the directory: a race with another process on the host can make it fail, never escape. */
#define _GNU_SOURCE
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

enum { LINKS_MAX = 40 };

/* Is `path` the directory `top` or below it? */
static bool under(const char *path, const char *top)
{
    size_t length = strlen(top);
    return strncmp(path, top, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static void find_mount(struct place *place)
{
    static const struct {
        const char *path;
        enum mount mount;
    } point[] = {{"/tmp", MOUNT_TMP}, {"/dev/shm", MOUNT_SHM}, {"/dev", MOUNT_DEV}, {"/proc", MOUNT_PROC}};
    size_t skip = 1;
    place->mount = MOUNT_ROOT;
    for (unsigned i = 0; i < LENGTH(point) && place->mount == MOUNT_ROOT; i++)
        if (under(place->path, point[i].path)) place->mount = point[i].mount, skip = strlen(point[i].path);
    place->inside = place->path + skip;
    while (*place->inside == '/') place->inside++;
    if (!*place->inside) place->inside = ".";
}

/* ---- opening ---- */

static int mount_directory(const struct user *user, enum mount mount)
{
    return mount == MOUNT_TMP ? user->tmp : mount == MOUNT_SHM ? user->shm : user->root;
}

int path_open(struct user *user, const struct place *place, int flags, unsigned mode)
{
    if (flags & O_PATH && place->directory) flags |= O_DIRECTORY;
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY | O_NONBLOCK)),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
    };
    if (place_is_special(place)) return -EACCES;
    for (;;) {
        long got = syscall(SYS_openat2, mount_directory(user, place->mount), place->inside, &how, sizeof how);
        if (got >= 0) return (int)got;
        if (errno != EINTR && errno != EAGAIN) return -errno;
    }
}

int path_open_parent(struct user *user, const struct place *place, const char **name)
{
    struct place parent = *place;
    const char *slash = strrchr(place->inside, '/');
    *name = slash ? slash + 1 : place->inside;
    if (place_is_special(place)) return -EROFS;
    if (strcmp(place->inside, ".") == 0) return -EBUSY; /* the root, or a mount point */
    find_mount(&parent);
    parent.path[*name - place->path] = 0;
    if (!slash) parent.inside = ".";
    return path_open(user, &parent, O_PATH | O_DIRECTORY, 0);
}

int path_check_parent(struct user *user, const struct place *place)
{
    const char *name;
    int parent = path_open_parent(user, place, &name);
    if (parent < 0) return parent;
    close(parent);
    return 0;
}

bool mount_writable(const struct user *user, enum mount mount)
{
    return mount == MOUNT_TMP || mount == MOUNT_SHM || (mount == MOUNT_ROOT && user->write);
}

int path_writable(const struct user *user, const struct place *place)
{
    return mount_writable(user, place->mount) ? 0 : -EROFS;
}

/* ---- walking ---- */

/* A link to an open file leads to no path, unless that is a directory. */
static int read_special_link(struct user *user, const struct place *place, char *target, size_t capacity)
{
    struct special_file special = path_special(user, place);
    const struct file *file = special.kind == SPECIAL_DESCRIPTOR ? file_of(special.process, special.number) : NULL;
    if (special.kind != SPECIAL_LINK && !(file && file->kind == FILE_DIRECTORY)) return -EINVAL;
    struct printed text = {0};
    special_print(user, &special, &text);
    int length = text.used < capacity ? (int)text.used : -ENAMETOOLONG;
    if (length > 0) memcpy(target, text.bytes, text.used + 1);
    free(text.bytes);
    return length;
}

/* The target of the symbolic link at `place`: its length, -EINVAL if it is none, another -errno. */
static int read_link(struct user *user, const struct place *place, char *target, size_t capacity)
{
    if (place_is_special(place)) return read_special_link(user, place, target, capacity);
    int link = path_open(user, place, O_PATH | O_NOFOLLOW, 0);
    if (link < 0) return link;
    ssize_t length = readlinkat(link, "", target, capacity - 1);
    int error = errno;
    close(link);
    if (length < 0)
        return error == ENOENT ? -EINVAL : -error; /* readlink of a descriptor that is no link says ENOENT */
    target[length] = 0;
    return (int)length;
}

/* 0 if the place is a directory. */
static int check_directory(struct user *user, const struct place *place)
{
    if (place_is_special(place)) {
        enum special kind = path_special(user, place).kind;
        return kind == SPECIAL_DIRECTORY ? 0 : kind == SPECIAL_NONE ? -ENOENT : -ENOTDIR;
    }
    int directory = path_open(user, place, O_PATH | O_DIRECTORY, 0);
    if (directory < 0) return directory;
    close(directory);
    return 0;
}

/* Appends a component to the place. */
static int descend(struct place *place, const char *name, size_t length)
{
    size_t at = strlen(place->path);
    if (at == 1) at = 0; /* "/" */
    if (at + 1 + length >= sizeof place->path) return -ENAMETOOLONG;
    place->path[at] = '/';
    memcpy(place->path + at + 1, name, length);
    place->path[at + 1 + length] = 0;
    find_mount(place);
    return 0;
}

static void ascend(struct place *place)
{
    char *slash = strrchr(place->path, '/');
    slash[slash == place->path] = 0;
    find_mount(place);
}

void path_place(struct place *place, const char *path)
{
    snprintf(place->path, sizeof place->path, "%s", path);
    place->directory = false;
    find_mount(place);
}

/* One component of a walk: `name` of `length`, the rest of the path behind it. */
static int step(struct user *user, struct place *place, const char *name, size_t length, bool follow, char *target,
                size_t capacity)
{
    place->dots = length <= 2 && strspn(name, ".") >= length ? (unsigned)length : 0;
    if (place->dots) {
        int status = check_directory(user, place);
        if (status == 0 && place->dots == 2) ascend(place);
        return status;
    }
    /* The name of something to be made or removed is looked at when that happens, by the host. */
    int status = length > 255 && follow ? check_directory(user, place) : 0;
    if (status == 0) status = length > 255 && follow ? -ENAMETOOLONG : descend(place, name, length);
    if (status < 0 || !follow) return status;
    status = read_link(user, place, target, capacity);
    if (status == -EINVAL || status == -ENOENT)
        return 0; /* no link; whether it is there is found out by who uses the place */
    return status;
}

static int walk(struct user *user, struct place *place, char *rest, size_t capacity, enum path_end end)
{
    char target[GUEST_PATH_BYTES];
    unsigned links = 0;
    size_t at = 0;
    place->follow = end == END_FOLLOW;
    place->dots = 0;
    for (;;) {
        while (rest[at] == '/') at++;
        if (!rest[at]) return 0;
        size_t length = strcspn(rest + at, "/"), next = at + length;
        while (rest[next] == '/') next++;
        bool last = !rest[next], slash = last && rest[at + length] == '/';
        bool stay = last && (slash ? end == END_NAME || end == END_CREATE : end == END_NAME || end == END_LINK);
        int status = step(user, place, rest + at, length, !stay, target, sizeof target);
        if (status < 0) return status;
        place->directory = slash && status == 0;
        if (status > 0) {
            /* A link: what it says comes before the rest of the path. */
            size_t behind = strlen(rest + at + length);
            if (++links > LINKS_MAX) return -ELOOP;
            if ((size_t)status + behind + 1 > capacity) return -ENAMETOOLONG;
            memmove(rest + status, rest + at + length, behind + 1);
            memcpy(rest, target, (size_t)status);
            next = 0;
            if (target[0] == '/')
                path_place(place, "/");
            else
                ascend(place);
        }
        at = next;
    }
}

static int start_at(struct user *user, const struct file *file, struct place *place)
{
    struct stat host;
    if (file->kind != FILE_DIRECTORY && file->kind != FILE_PATH) return -ENOTDIR;
    if (file->host >= 0 && fstat(file->host, &host) == 0 && !S_ISDIR(host.st_mode)) return -ENOTDIR;
    path_place(place, file->path);
    return check_directory(user, place);
}

int path_resolve(struct user *user, int directory, const char *path, enum path_end end, struct place *place)
{
    char rest[(LINKS_MAX + 2) * GUEST_PATH_BYTES]; /* all that the links can put before it */
    if (!*path) return -ENOENT;
    if (strlen(path) >= GUEST_PATH_BYTES) return -ENAMETOOLONG;
    if (*path == '/') {
        path_place(place, "/");
    } else if (directory == GUEST_AT_FDCWD) {
        path_place(place, user->process->cwd);
    } else {
        const struct file *file = file_at(user, (uint32_t)directory);
        if (!file) return -EBADF;
        int status = start_at(user, file, place);
        if (status < 0) return status;
    }
    snprintf(rest, sizeof rest, "%s", path);
    return walk(user, place, rest, sizeof rest, end);
}

int path_get(struct user *user, int directory, uint32_t address, enum path_end end, struct place *place)
{
    char path[GUEST_PATH_BYTES];
    int length = user_get_string(user, address, path, sizeof path);
    return length < 0 ? length : path_resolve(user, directory, path, end, place);
}
