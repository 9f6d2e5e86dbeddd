/* paths.c -- the guest's tree of files: the root directory that it was given, with /tmp, /dev and /proc laid over it.
 *
 * Paths are walked component by component, here, so that a symbolic link means what it would mean to a program whose
 * root is that directory. What comes out has no links left, and is opened with openat2, which refuses to follow any and
 * to leave the directory: a race with another process on the host can make it fail, never escape. */
#define _GNU_SOURCE
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

enum { LINKS_MAX = 40 };

const char *const device_name[DEVICE_COUNT] = {"null", "zero", "full", "random", "urandom", "tty"};

/* Is `path` the directory `top` or below it? */
static bool under(const char *path, const char *top)
{
    size_t length = strlen(top);
    return strncmp(path, top, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static void find_mount(struct place *place)
{
    const char *path = place->path;
    size_t skip = 1;
    place->mount = MOUNT_ROOT;
    if (under(path, "/tmp"))
        place->mount = MOUNT_TMP, skip = 4;
    else if (under(path, "/dev"))
        place->mount = MOUNT_DEV, skip = 4;
    else if (under(path, "/proc"))
        place->mount = MOUNT_PROC, skip = 5;
    place->inside = path + skip;
    while (*place->inside == '/') place->inside++;
    if (!*place->inside) place->inside = ".";
}

static bool parse_descriptor(const char *text, unsigned *number)
{
    unsigned value = 0;
    if (!*text) return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || value >= GUEST_FILES) return false;
        value = value * 10 + (unsigned)(*text - '0');
    }
    *number = value;
    return true;
}

static struct special_file dev_special(const char *inside)
{
    static const char *const standard[] = {"stdin", "stdout", "stderr"};
    unsigned number;
    if (strcmp(inside, ".") == 0 || strcmp(inside, "fd") == 0) return (struct special_file){SPECIAL_DIRECTORY, 0};
    for (unsigned i = 0; i < DEVICE_COUNT; i++)
        if (strcmp(inside, device_name[i]) == 0) return (struct special_file){SPECIAL_DEVICE, i};
    for (unsigned i = 0; i < LENGTH(standard); i++)
        if (strcmp(inside, standard[i]) == 0) return (struct special_file){SPECIAL_DESCRIPTOR, i};
    if (strncmp(inside, "fd/", 3) == 0 && parse_descriptor(inside + 3, &number))
        return (struct special_file){SPECIAL_DESCRIPTOR, number};
    return (struct special_file){SPECIAL_NONE, 0};
}

static struct special_file proc_special(const char *inside)
{
    unsigned number;
    char self[16];
    snprintf(self, sizeof self, "%d", GUEST_PID);
    if (strcmp(inside, ".") == 0) return (struct special_file){SPECIAL_DIRECTORY, 0};
    if (strcmp(inside, "self") == 0) return (struct special_file){SPECIAL_LINK, 0};
    if (!under(inside, self)) return (struct special_file){SPECIAL_NONE, 0};
    inside += strlen(self);
    if (!*inside || strcmp(inside, "/fd") == 0) return (struct special_file){SPECIAL_DIRECTORY, 0};
    if (strcmp(inside, "/exe") == 0) return (struct special_file){SPECIAL_EXE, 0};
    if (strncmp(inside, "/fd/", 4) == 0 && parse_descriptor(inside + 4, &number))
        return (struct special_file){SPECIAL_DESCRIPTOR, number};
    return (struct special_file){SPECIAL_NONE, 0};
}

struct special_file path_special(const struct place *place)
{
    if (place->mount == MOUNT_DEV) return dev_special(place->inside);
    return place->mount == MOUNT_PROC ? proc_special(place->inside) : (struct special_file){SPECIAL_NONE, 0};
}

/* ---- opening ---- */

static int mount_directory(const struct user *user, enum mount mount)
{
    return mount == MOUNT_TMP ? user->tmp : user->root;
}

int path_open(struct user *user, const struct place *place, int flags, unsigned mode)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY | O_NONBLOCK)),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
    };
    if (place->mount != MOUNT_ROOT && place->mount != MOUNT_TMP) return -EACCES;
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
    if (place->mount == MOUNT_DEV || place->mount == MOUNT_PROC) return -EROFS;
    if (strcmp(place->inside, ".") == 0) return -EBUSY; /* the root, or a mount point */
    find_mount(&parent);
    parent.path[*name - place->path] = 0;
    if (!slash) parent.inside = ".";
    return path_open(user, &parent, O_PATH | O_DIRECTORY, 0);
}

int path_writable(const struct user *user, const struct place *place)
{
    return place->mount == MOUNT_TMP || (place->mount == MOUNT_ROOT && user->write) ? 0 : -EROFS;
}

/* ---- walking ---- */

/* The target of the symbolic link at `place`: its length, -EINVAL if it is none, another -errno. */
static int read_link(struct user *user, const struct place *place, char *target, size_t capacity)
{
    if (place->mount == MOUNT_DEV || place->mount == MOUNT_PROC) {
        if (path_special(place).kind != SPECIAL_LINK) return -EINVAL;
        return snprintf(target, capacity, "%d", GUEST_PID);
    }
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
    if (place->mount == MOUNT_DEV || place->mount == MOUNT_PROC) {
        enum special kind = path_special(place).kind;
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
    if (length > 255) return -ENAMETOOLONG;
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

static void set_place(struct place *place, const char *path)
{
    snprintf(place->path, sizeof place->path, "%s", path);
    find_mount(place);
}

/* One component of a walk: `name` of `length`, the rest of the path behind it. */
static int step(struct user *user, struct place *place, const char *name, size_t length, bool last, bool follow,
                char *target, size_t capacity)
{
    place->dots = length <= 2 && strspn(name, ".") >= length ? (unsigned)length : 0;
    if (place->dots) {
        int status = check_directory(user, place);
        if (status == 0 && place->dots == 2) ascend(place);
        return status;
    }
    int status = descend(place, name, length);
    if (status < 0 || (last && !follow)) return status;
    status = read_link(user, place, target, capacity);
    if (status == -EINVAL || status == -ENOENT)
        return 0; /* no link; whether it is there is found out by who uses the place */
    return status;
}

static int walk(struct user *user, struct place *place, char *rest, size_t capacity, bool follow)
{
    char target[GUEST_PATH_BYTES];
    unsigned links = 0;
    size_t at = 0;
    place->directory = false;
    place->dots = 0;
    for (;;) {
        while (rest[at] == '/') at++;
        if (!rest[at]) return 0;
        size_t length = strcspn(rest + at, "/"), next = at + length;
        while (rest[next] == '/') next++;
        bool last = !rest[next];
        place->directory = last && rest[at + length] == '/';
        int status = step(user, place, rest + at, length, last && !place->directory, follow, target, sizeof target);
        if (status < 0) return status;
        if (status > 0) {
            /* A link: what it says comes before the rest of the path. */
            size_t behind = strlen(rest + at + length);
            if (++links > LINKS_MAX) return -ELOOP;
            if ((size_t)status + behind + 1 > capacity) return -ENAMETOOLONG;
            memmove(rest + status, rest + at + length, behind + 1);
            memcpy(rest, target, (size_t)status);
            next = 0;
            if (target[0] == '/')
                set_place(place, "/");
            else
                ascend(place);
        }
        at = next;
    }
}

int path_resolve(struct user *user, int directory, const char *path, bool follow, struct place *place)
{
    char rest[2 * GUEST_PATH_BYTES];
    if (!*path) return -ENOENT;
    if (strlen(path) >= GUEST_PATH_BYTES) return -ENAMETOOLONG;
    if (*path == '/') {
        set_place(place, "/");
    } else if (directory == GUEST_AT_FDCWD) {
        set_place(place, user->process->cwd);
    } else {
        const struct file *file = file_at(user, (uint32_t)directory);
        if (!file) return -EBADF;
        if (file->kind != FILE_DIRECTORY && file->kind != FILE_PATH) return -ENOTDIR;
        set_place(place, file->path);
        int status = check_directory(user, place);
        if (status < 0) return status;
    }
    snprintf(rest, sizeof rest, "%s", path);
    return walk(user, place, rest, sizeof rest, follow);
}

int path_get(struct user *user, int directory, uint32_t address, bool follow, struct place *place)
{
    char path[GUEST_PATH_BYTES];
    int length = user_get_string(user, address, path, sizeof path);
    return length < 0 ? length : path_resolve(user, directory, path, follow, place);
}
