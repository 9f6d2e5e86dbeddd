/* snapshot_files.c -- the host's files in a snapshot. What lies in the guest's private directories is kept as a whole,
 * and so is a file that has no name any more but is open. What lies below the guest's / is named by its path alone: it
 * is an input of the run, as the program is, and must be there again as it was. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/snapshot.h"

/* ---- which files are known ---- */

void host_file_note(struct user_snapshot *u, struct host_file file)
{
    if (u->known_count == u->known_capacity) {
        u->known_capacity = u->known_capacity ? 2 * u->known_capacity : 64;
        u->known = realloc(u->known, u->known_capacity * sizeof *u->known);
        if (!u->known) hw_panic(u->user->core, "no host memory for the files of a snapshot");
    }
    u->known[u->known_count++] = file;
}

static struct host_file *find(const struct user_snapshot *u, uint64_t device, uint64_t inode)
{
    for (unsigned i = 0; i < u->known_count; i++)
        if (u->known[i].device == device && u->known[i].inode == inode) return &u->known[i];
    return NULL;
}

bool host_file_map(const struct user_snapshot *u, uint64_t *device, uint64_t *inode)
{
    const struct host_file *file = find(u, *device, *inode);
    if (!file) return false;
    *device = file->device_now;
    *inode = file->inode_now;
    return true;
}

bool host_file_is_known(const struct user_snapshot *u, uint64_t device, uint64_t inode)
{
    for (unsigned i = 0; i < u->known_count; i++)
        if (u->known[i].device_now == device && u->known[i].inode_now == inode) return true;
    return false;
}

void host_files_forget(struct user_snapshot *u)
{
    for (unsigned i = 0; i < u->known_count; i++) {
        free(u->known[i].inside);
        if (u->known[i].descriptor >= 0) close(u->known[i].descriptor);
    }
    free(u->known);
}

/* ---- contents ---- */

static void content_snapshot(struct snapshot *to, int descriptor)
{
    struct stat host = {0};
    uint8_t block[65536];
    fstat(descriptor, &host);
    uint64_t size = snapshot_number(to, (uint64_t)host.st_size);
    for (uint64_t at = 0; at < size && !to->failed;) {
        size_t bytes = size - at < sizeof block ? (size_t)(size - at) : sizeof block;
        bool fine = to->loading || pread(descriptor, block, bytes, (off_t)at) == (ssize_t)bytes;
        snapshot_bytes(to, block, bytes);
        if (to->loading) fine = pwrite(descriptor, block, bytes, (off_t)at) == (ssize_t)bytes;
        if (!fine) snapshot_refuse(to, "a file of the guest's /tmp: %s", strerror(errno));
        at += bytes;
    }
}

/* ---- the private directories ---- */

/* A name in one of them, `type` as of S_IFMT; 0: there is none left. */
struct name {
    uint32_t type, mode;
    uint64_t device, inode;
    bool again; /* another name of a file that had one */
};

static bool make(const struct name *name, const char *path, const char *target, const char *known)
{
    if (name->again) return link(known, path) == 0;
    switch (name->type) {
    case S_IFDIR: return mkdir(path, 0700) == 0 || errno == EEXIST;
    case S_IFLNK: return symlink(target, path) == 0;
    default: return mknod(path, name->type | 0600, 0) == 0;
    }
}

static char *full_path(const struct user *user, enum mount mount, const char *inside)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s/%s", user->tmp_path, mount == MOUNT_TMP ? "tmp" : "shm", inside) < 0)
        hw_panic(user->core, "no host memory for a path");
    return path;
}

/* What is new about the file of that name: its content, and what the host calls it. */
static void node_snapshot(struct user_snapshot *u, const struct name *name, enum mount mount, const char *inside,
                          const char *path)
{
    struct stat now = {0};
    if (name->type == S_IFREG) {
        int descriptor = open(path, (u->to->loading ? O_WRONLY : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
        if (descriptor < 0) snapshot_refuse(u->to, "%s: %s", path, strerror(errno));
        content_snapshot(u->to, descriptor);
        close(descriptor);
    }
    lstat(path, &now);
    host_file_note(u, (struct host_file){.device = name->device,
                                         .inode = name->inode,
                                         .device_now = now.st_dev,
                                         .inode_now = now.st_ino,
                                         .mount = mount,
                                         .inside = strdup(inside),
                                         .mode = name->type == S_IFLNK ? 0777 : name->mode,
                                         .descriptor = -1});
}

static void name_snapshot(struct user_snapshot *u, enum mount mount, const char *inside, struct name *name)
{
    struct snapshot *to = u->to;
    char *path = full_path(u->user, mount, inside), target[GUEST_PATH_BYTES] = "";
    SNAPSHOT_RANGE(to, name, device, inode);
    const struct host_file *before = find(u, name->device, name->inode);
    name->again = snapshot_bool(to, before && name->type != S_IFDIR);
    if (!to->loading && name->type == S_IFLNK && readlink(path, target, sizeof target - 1) < 0) target[0] = 0;
    char *link = snapshot_string(to, target);
    char *known = before && before->inside ? full_path(u->user, before->mount, before->inside) : NULL;
    if (to->loading && !to->failed && ((name->again && !known) || !make(name, path, link, known)))
        snapshot_refuse(to, "%s: %s", path, strerror(errno));
    if (!name->again) node_snapshot(u, name, mount, inside, path);
    if (to->loading) free(link);
    free(known);
    free(path);
}

static char *name_of_next(struct snapshot *to, char *inside, struct name *name)
{
    name->type = (uint32_t)snapshot_number(to, name->type);
    name->mode = (uint32_t)snapshot_number(to, name->mode);
    return name->type ? snapshot_string(to, inside) : NULL;
}

static int sorted(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static void save_name(struct user_snapshot *u, enum mount mount, char *inside);

static void save_directory(struct user_snapshot *u, enum mount mount, const char *inside)
{
    char *path = full_path(u->user, mount, inside);
    struct dirent **entry = NULL;
    int count = scandir(path, &entry, NULL, sorted);
    if (count < 0) snapshot_refuse(u->to, "%s: %s", path, strerror(errno));
    for (int i = 0; i < count; i++) {
        char *below = NULL;
        bool dots = !strcmp(entry[i]->d_name, ".") || !strcmp(entry[i]->d_name, "..");
        if (!dots && asprintf(&below, "%s%s%s", inside, *inside ? "/" : "", entry[i]->d_name) > 0)
            save_name(u, mount, below);
        free(below);
        free(entry[i]);
    }
    free(entry);
    free(path);
}

static void save_name(struct user_snapshot *u, enum mount mount, char *inside)
{
    struct stat host = {0};
    char *path = full_path(u->user, mount, inside);
    lstat(path, &host);
    struct name name = {
        .type = host.st_mode & S_IFMT, .mode = host.st_mode & 07777, .device = host.st_dev, .inode = host.st_ino};
    name_of_next(u->to, inside, &name);
    name_snapshot(u, mount, inside, &name);
    if (name.type == S_IFDIR) save_directory(u, mount, inside);
    free(path);
}

static void load_names(struct user_snapshot *u, enum mount mount)
{
    struct name name;
    for (char *inside; (inside = name_of_next(u->to, NULL, &name)); free(inside))
        name_snapshot(u, mount, inside, &name);
}

void host_trees_close(struct user_snapshot *u)
{
    for (unsigned i = u->to->loading ? u->known_count : 0; i-- > 0;) {
        const struct host_file *file = &u->known[i];
        if (!file->inside) continue;
        char *path = full_path(u->user, file->mount, file->inside);
        fchmodat(AT_FDCWD, path, file->mode, AT_SYMLINK_NOFOLLOW);
        free(path);
    }
}

void host_trees_snapshot(struct user_snapshot *u)
{
    static const enum mount mounts[] = {MOUNT_TMP, MOUNT_SHM};
    for (unsigned i = 0; i < LENGTH(mounts); i++) {
        char top[] = "";
        if (u->to->loading) {
            load_names(u, mounts[i]);
        } else {
            struct name end = {0};
            save_name(u, mounts[i], top);
            name_of_next(u->to, NULL, &end);
        }
    }
}

/* ---- descriptors ---- */

/* How a descriptor's file is found again. */
enum where { NOWHERE, BY_NAME, BY_PATH, PROGRAM, NAMELESS, NAMELESS_AGAIN };
struct opened {
    enum where where;
    enum mount mount;
    int flags, seals;
    uint64_t device, inode, position, size;
    uint32_t mode;
};

/* Does the path lead there? Fills in what is below the mount point. */
static bool leads_to(struct user *user, const char *path, const struct stat *host, struct place *place)
{
    struct stat there;
    if (!path || *path != '/') return false;
    path_place(place, path);
    int descriptor = path_open(user, place, O_PATH | O_NOFOLLOW, 0);
    if (descriptor < 0) return false;
    bool same = fstatat(descriptor, "", &there, AT_EMPTY_PATH) == 0 && there.st_dev == host->st_dev &&
                there.st_ino == host->st_ino;
    close(descriptor);
    return same;
}

static void describe(struct user_snapshot *u, int descriptor, const char *path, struct opened *opened, char **inside)
{
    struct stat host = {0};
    struct place place;
    fstatat(descriptor, "", &host, AT_EMPTY_PATH);
    const struct host_file *known = find(u, host.st_dev, host.st_ino);
    *opened = (struct opened){.flags = fcntl(descriptor, F_GETFL) & (O_ACCMODE | O_APPEND | O_PATH | O_DIRECTORY),
                              .seals = fcntl(descriptor, F_GET_SEALS),
                              .device = host.st_dev,
                              .inode = host.st_ino,
                              .size = S_ISREG(host.st_mode) ? (uint64_t)host.st_size : 0,
                              .mode = host.st_mode};
    off_t position = lseek(descriptor, 0, SEEK_CUR);
    opened->position = position < 0 ? 0 : (uint64_t)position;
    if (known && known->inside) {
        opened->where = BY_NAME;
        opened->mount = known->mount;
        *inside = strdup(known->inside);
    } else if (known) {
        opened->where = NAMELESS_AGAIN;
    } else if (host.st_dev == u->user->program_device && host.st_ino == u->user->program_inode) {
        opened->where = PROGRAM;
    } else if (leads_to(u->user, path, &host, &place)) {
        opened->where = BY_PATH;
        opened->mount = place.mount;
        *inside = strdup(place.inside);
    } else if (host.st_nlink == 0 && (S_ISREG(host.st_mode) || S_ISSOCK(host.st_mode) || S_ISFIFO(host.st_mode))) {
        opened->where = NAMELESS;
    } else if (S_ISSOCK(host.st_mode)) {
        snapshot_refuse(u->to, "a socket's name, %s, lies outside the guest's /tmp, and not at a path from its /",
                        path ? path : "(no name)");
    } else {
        snapshot_refuse(u->to, "an open file of the guest's, %s, does not lie there any more",
                        path ? path : "(no name)");
    }
}

/* Of sockets and FIFOs only the name can be open, as it were: what they are lives in the simulator. */
static int make_nameless(const struct user *user, uint32_t mode)
{
    char path[sizeof user->tmp_path + 16];
    snprintf(path, sizeof path, "%s/nameless", user->tmp_path);
    if (mknod(path, (mode & S_IFMT) | 0600, 0) < 0) return -1;
    int descriptor = open(path, S_ISREG(mode) ? O_RDWR | O_CLOEXEC : O_PATH | O_NOFOLLOW | O_CLOEXEC);
    unlink(path);
    return descriptor;
}

/* A file without a name: once for all descriptors that are open on it. */
static void nameless_snapshot(struct user_snapshot *u, int descriptor, const struct opened *opened)
{
    struct stat now = {0};
    int own = descriptor;
    if (u->to->loading) {
        own = opened->seals >= 0 ? memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING)
                                 : make_nameless(u->user, opened->mode);
        if (own < 0) snapshot_refuse(u->to, "a file of the guest's without a name: %s", strerror(errno));
    }
    content_snapshot(u->to, own);
    if (u->to->loading) {
        fchmod(own, opened->mode & 07777);
        if (opened->seals > 0) fcntl(own, F_ADD_SEALS, opened->seals);
    }
    fstat(own, &now);
    host_file_note(u, (struct host_file){.device = opened->device,
                                         .inode = opened->inode,
                                         .device_now = now.st_dev,
                                         .inode_now = now.st_ino,
                                         .descriptor = u->to->loading ? own : -1});
}

static int open_again(struct user_snapshot *u, const struct opened *opened, const char *inside)
{
    char path[64];
    struct place place = {.mount = opened->mount, .inside = inside && *inside ? inside : "."};
    const struct host_file *known = find(u, opened->device, opened->inode);
    switch (opened->where) {
    case BY_NAME:
    case BY_PATH: return path_open(u->user, &place, opened->flags | (opened->flags & O_PATH ? O_NOFOLLOW : 0), 0);
    case PROGRAM: return open(u->program, opened->flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    default:
        snprintf(path, sizeof path, "/proc/self/fd/%d", known ? known->descriptor : -1);
        return open(path, opened->flags | O_CLOEXEC | O_NOCTTY);
    }
}

static int load_descriptor(struct user_snapshot *u, const struct opened *opened, const char *inside)
{
    struct stat host = {0};
    int own = open_again(u, opened, inside);
    bool there = own >= 0 && fstatat(own, "", &host, AT_EMPTY_PATH) == 0;
    bool input = opened->where == BY_PATH || opened->where == PROGRAM;
    if (!there)
        snapshot_refuse(u->to, "the guest's open file /%s cannot be opened again", inside ? inside : "");
    else if (input && S_ISREG(host.st_mode) && (uint64_t)host.st_size != opened->size)
        snapshot_refuse(u->to, "the guest's open file /%s has another size than at the snapshot", inside ? inside : "");
    else if (!(opened->flags & O_PATH) && S_ISREG(host.st_mode))
        lseek(own, (off_t)opened->position, SEEK_SET);
    if (there && !find(u, opened->device, opened->inode))
        host_file_note(u, (struct host_file){.device = opened->device,
                                             .inode = opened->inode,
                                             .device_now = host.st_dev,
                                             .inode_now = host.st_ino,
                                             .descriptor = -1});
    return own < 0 ? -1 : own;
}

int host_descriptor_snapshot(struct user_snapshot *u, int descriptor, const char *path)
{
    struct opened opened = {.where = NOWHERE};
    char *inside = NULL;
    if (!u->to->loading && descriptor >= 0) describe(u, descriptor, path, &opened, &inside);
    SNAPSHOT(u->to, opened);
    inside = snapshot_string(u->to, inside);
    if (opened.where == NAMELESS) nameless_snapshot(u, descriptor, &opened);
    if (u->to->loading && !u->to->failed)
        descriptor = opened.where == NOWHERE ? -1 : load_descriptor(u, &opened, inside);
    free(inside);
    return descriptor;
}
