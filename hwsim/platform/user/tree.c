/* tree.c -- system calls that change the tree of files, or ask who may. Everything in it belongs to the guest's one
 * user; what it may not write it finds to be on a read-only file system. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

static int64_t host_status(int result) { return result < 0 ? -errno : 0; }

/* The directory of a place that is to change, and its name there: with the slash that the guest wrote behind it, of
 * which the host makes what Linux makes of it. */
struct entry_place {
    int parent; /* a host descriptor, or -errno */
    char name[GUEST_PATH_BYTES + 1];
};
static struct entry_place find_entry(struct user *user, const struct place *place)
{
    const char *name;
    struct entry_place entry = {.parent = path_open_parent(user, place, &name)};
    if (entry.parent >= 0) snprintf(entry.name, sizeof entry.name, "%s%s", name, place->directory ? "/" : "");
    return entry;
}

static bool entry_stat(const struct entry_place *entry, struct stat *host)
{
    char name[sizeof entry->name];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(entry->name, "/"), entry->name);
    return fstatat(entry->parent, name, host, AT_SYMLINK_NOFOLLOW) == 0;
}

/* New files start now, whatever number the host gives them. */
static void born(struct user *user, const struct entry_place *entry)
{
    struct stat host;
    if (!entry_stat(entry, &host)) return;
    inode_forget(user, &host);
    struct inode *inode = inode_of(user, &host);
    inode->accessed = inode->modified = inode->changed = time_wall(user);
}

/* Where something new is to be made: EEXIST comes before EROFS. */
static int find_new_at(struct user *user, struct place *place, struct entry_place *entry)
{
    struct stat host;
    int status;
    if (place->dots || strcmp(place->inside, ".") == 0) return -EEXIST;
    if (place_is_special(place))
        return path_special(user, place).kind != SPECIAL_NONE ? -EEXIST : place->mount == MOUNT_DEV ? -EACCES : -ENOENT;
    *entry = find_entry(user, place);
    if (entry->parent < 0) return entry->parent;
    status = entry_stat(entry, &host) ? -EEXIST : errno == ENAMETOOLONG ? -errno : path_writable(user, place);
    if (status < 0) close(entry->parent);
    return status;
}

static int find_new(struct user *user, int directory, uint32_t path, struct place *place, struct entry_place *entry)
{
    int status = path_get(user, directory, path, END_NAME, place);
    return status < 0 ? status : find_new_at(user, place, entry);
}

/* ---- making ---- */

static int64_t make_directory(struct user *user, int directory, uint32_t path, uint32_t mode)
{
    struct place place;
    struct entry_place entry;
    int status = find_new(user, directory, path, &place, &entry);
    if (status < 0) return status;
    int64_t result = host_status(mkdirat(entry.parent, entry.name, 0700));
    if (result == 0) {
        /* The owner's bits stay on, so that the directory can be emptied when the run ends. */
        fchmodat(entry.parent, entry.name, (mode & ~user->process->file_mask & 01777) | 0700, 0);
        born(user, &entry);
    }
    close(entry.parent);
    return result;
}

int64_t sys_mkdir(struct user *user, const uint32_t *a) { return make_directory(user, GUEST_AT_FDCWD, a[0], a[1]); }
int64_t sys_mkdirat(struct user *user, const uint32_t *a) { return make_directory(user, (int)a[0], a[1], a[2]); }

/* The mode is the file's own: the host's umask is not the guest's. */
static int64_t make_entry(struct user *user, const struct entry_place *entry, uint32_t type, uint32_t mode)
{
    if (mknodat(entry->parent, entry->name, type | 0600, 0) < 0) return -errno;
    fchmodat(entry->parent, entry->name, mode & ~user->process->file_mask & 07777, 0);
    born(user, entry);
    return 0;
}

/* Regular files, FIFOs and sockets; no devices. */
static int64_t make_node(struct user *user, int directory, uint32_t path, uint32_t mode)
{
    struct place place;
    struct entry_place entry;
    uint32_t type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
    bool device = type == S_IFCHR || type == S_IFBLK;
    if (type != S_IFREG && type != S_IFIFO && type != S_IFSOCK && !device) return type == S_IFDIR ? -EPERM : -EINVAL;
    int status = find_new(user, directory, path, &place, &entry);
    if (status < 0) return status;
    int64_t result = place.directory ? -ENOENT : device ? -EPERM : 0;
    if (result == 0) result = make_entry(user, &entry, type, mode);
    close(entry.parent);
    return result;
}

int64_t sys_mknod(struct user *user, const uint32_t *a) { return make_node(user, GUEST_AT_FDCWD, a[0], a[1]); }
int64_t sys_mknodat(struct user *user, const uint32_t *a) { return make_node(user, (int)a[0], a[1], a[2]); }

static int find_new_path(struct user *user, const char *path, struct place *place, struct entry_place *entry)
{
    int status = path_resolve(user, GUEST_AT_FDCWD, path, END_NAME, place);
    return status < 0 ? status : find_new_at(user, place, entry);
}

int tree_may_make(struct user *user, const char *path)
{
    struct place place;
    struct entry_place entry;
    int status = find_new_path(user, path, &place, &entry);
    if (status == 0) close(entry.parent);
    return status;
}

int tree_make_socket(struct user *user, const char *path)
{
    struct place place;
    struct entry_place entry;
    int status = find_new_path(user, path, &place, &entry);
    if (status < 0) return status;
    status = (int)make_entry(user, &entry, S_IFSOCK, 0777);
    close(entry.parent);
    return status < 0 ? status : path_open(user, &place, O_PATH, 0);
}

static int64_t symlink_at(struct user *user, uint32_t target, int directory, uint32_t path)
{
    struct place place;
    struct entry_place entry;
    char text[GUEST_PATH_BYTES];
    int length = user_get_string(user, target, text, sizeof text);
    if (length <= 0) return length < 0 ? length : -ENOENT;
    int status = find_new(user, directory, path, &place, &entry);
    if (status < 0) return status;
    int64_t result = host_status(symlinkat(text, entry.parent, entry.name));
    if (result == 0) born(user, &entry);
    close(entry.parent);
    return result;
}

int64_t sys_symlink(struct user *user, const uint32_t *a) { return symlink_at(user, a[0], GUEST_AT_FDCWD, a[1]); }
int64_t sys_symlinkat(struct user *user, const uint32_t *a) { return symlink_at(user, a[0], (int)a[1], a[2]); }

/* The file that gets another name: its directory, and its name there, without a link. */
static int find_old(struct user *user, int directory, uint32_t path, bool follow, struct place *place,
                    struct entry_place *entry)
{
    struct guest_stat found;
    int64_t status = path_get(user, directory, path, follow ? END_FOLLOW : END_LINK, place);
    if (status == 0) status = place_stat(user, place, &found);
    if (status < 0) return (int)status;
    if (place_is_special(place)) return -EXDEV;
    if (S_ISDIR(found.mode)) return -EPERM;
    *entry = find_entry(user, place);
    return entry->parent < 0 ? entry->parent : 0;
}

static int64_t link_at(struct user *user, int from, uint32_t from_path, int to, uint32_t to_path, uint32_t flags)
{
    struct place source, target;
    struct entry_place old, new;
    if (flags & ~(uint32_t)AT_SYMLINK_FOLLOW)
        return flags & ~(uint32_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH) ? -EINVAL : -ENOENT;
    int found = find_old(user, from, from_path, flags & AT_SYMLINK_FOLLOW, &source, &old);
    if (found < 0 && found != -EPERM && found != -EXDEV) return found;
    int64_t result = find_new(user, to, to_path, &target, &new);
    if (result == 0) {
        result = target.directory ? -ENOENT : found < 0 ? found : source.mount != target.mount ? -EXDEV : 0;
        if (result == 0) result = host_status(linkat(old.parent, old.name, new.parent, new.name, 0));
        close(new.parent);
    }
    if (found == 0) close(old.parent);
    return result;
}

int64_t sys_link(struct user *user, const uint32_t *a)
{
    return link_at(user, GUEST_AT_FDCWD, a[0], GUEST_AT_FDCWD, a[1], 0);
}
int64_t sys_linkat(struct user *user, const uint32_t *a)
{
    return link_at(user, (int)a[0], a[1], (int)a[2], a[3], a[4]);
}

/* ---- removing ---- */

static int64_t unlink_at(struct user *user, int directory, uint32_t path, uint32_t flags)
{
    struct place place;
    if (flags & ~(uint32_t)AT_REMOVEDIR) return -EINVAL;
    int status = path_get(user, directory, path, END_NAME, &place);
    if (status < 0) return status;
    if (place.dots && flags & AT_REMOVEDIR) return place.dots == 1 ? -EINVAL : -ENOTEMPTY;
    if (place.dots) return -EISDIR;
    if (place_is_special(&place)) return path_special(user, &place).kind == SPECIAL_NONE ? -ENOENT : -EPERM;
    struct entry_place entry = find_entry(user, &place);
    if (entry.parent < 0) return entry.parent == -EBUSY && !(flags & AT_REMOVEDIR) ? -EISDIR : entry.parent;
    int64_t result = path_writable(user, &place);
    if (result == 0) result = host_status(unlinkat(entry.parent, entry.name, (int)flags));
    close(entry.parent);
    if (result == 0) files_gone(user, place.path);
    return result;
}

int64_t sys_unlink(struct user *user, const uint32_t *a) { return unlink_at(user, GUEST_AT_FDCWD, a[0], 0); }
int64_t sys_rmdir(struct user *user, const uint32_t *a) { return unlink_at(user, GUEST_AT_FDCWD, a[0], AT_REMOVEDIR); }
int64_t sys_unlinkat(struct user *user, const uint32_t *a) { return unlink_at(user, (int)a[0], a[1], a[2]); }

/* ---- renaming ---- */

static int64_t rename_entries(struct user *user, const struct place *source, const struct place *target, uint32_t flags)
{
    struct stat moved, replaced;
    struct entry_place from = find_entry(user, source), to = find_entry(user, target);
    int64_t result = from.parent < 0 ? from.parent : to.parent < 0 ? to.parent : 0;
    if (result == 0) {
        bool both = entry_stat(&from, &moved) && entry_stat(&to, &replaced);
        bool same = both && moved.st_dev == replaced.st_dev && moved.st_ino == replaced.st_ino;
        result = host_status(renameat2(from.parent, from.name, to.parent, to.name, flags));
        if (result == 0 && !same) files_moved(user, source->path, target->path, flags & RENAME_EXCHANGE);
    }
    if (from.parent >= 0) close(from.parent);
    if (to.parent >= 0) close(to.parent);
    return result;
}

static int64_t rename_at(struct user *user, int from, uint32_t from_path, int to, uint32_t to_path, uint32_t flags)
{
    struct place source, target;
    if (flags & ~(uint32_t)(RENAME_NOREPLACE | RENAME_EXCHANGE) || flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    int status = path_get(user, from, from_path, END_NAME, &source);
    if (status == 0) status = path_check_parent(user, &source);
    if (status == 0) status = path_get(user, to, to_path, END_NAME, &target);
    if (status == 0) status = path_check_parent(user, &target);
    if (status < 0) return status;
    if (source.mount != target.mount) return -EXDEV;
    if (source.dots || target.dots) return !source.dots && flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
    status = path_writable(user, &source);
    return status < 0 ? status : rename_entries(user, &source, &target, flags);
}

int64_t sys_rename(struct user *user, const uint32_t *a)
{
    return rename_at(user, GUEST_AT_FDCWD, a[0], GUEST_AT_FDCWD, a[1], 0);
}
int64_t sys_renameat(struct user *user, const uint32_t *a)
{
    return rename_at(user, (int)a[0], a[1], (int)a[2], a[3], 0);
}
int64_t sys_renameat2(struct user *user, const uint32_t *a)
{
    return rename_at(user, (int)a[0], a[1], (int)a[2], a[3], a[4]);
}

/* ---- links ---- */

/* The text of the link at a place: its length, or -errno. */
static int64_t link_text(struct user *user, const struct place *place, char *out, size_t capacity)
{
    int link = path_open(user, place, O_PATH | O_NOFOLLOW, 0);
    if (link < 0) return link;
    ssize_t length = readlinkat(link, "", out, capacity);
    close(link);
    return length < 0 ? -EINVAL : length;
}

static int64_t special_link_text(struct user *user, const struct place *place, char *out, size_t capacity)
{
    struct special_file special = path_special(user, place);
    struct printed text = {0};
    if (special.kind == SPECIAL_NONE) return -ENOENT;
    if (special.kind != SPECIAL_LINK && special.kind != SPECIAL_EXE && special.kind != SPECIAL_DESCRIPTOR)
        return -EINVAL;
    special_print(user, &special, &text);
    size_t length = text.used < capacity ? text.used : capacity;
    if (length) memcpy(out, text.bytes, length);
    free(text.bytes);
    return (int64_t)length;
}

/* readlinkat with an empty path: the descriptor is the link itself (O_PATH and O_NOFOLLOW). */
static int64_t open_link_text(const struct file *file, char *out, size_t capacity)
{
    if (!file) return -EBADF;
    ssize_t length = file->kind == FILE_PATH && file->host >= 0 ? readlinkat(file->host, "", out, capacity) : -1;
    return length < 0 ? -ENOENT : length;
}

static int64_t read_link_at(struct user *user, int directory, uint32_t path, uint32_t buffer, uint32_t bytes)
{
    struct place place;
    char text[GUEST_PATH_BYTES], first;
    int64_t length;
    if ((int32_t)bytes <= 0) return -EINVAL;
    if (directory != GUEST_AT_FDCWD && user_get(user, path, &first, 1) && !first) {
        length = open_link_text(file_at(user, (uint32_t)directory), text, sizeof text);
    } else {
        length = path_get(user, directory, path, END_LINK, &place);
        if (length < 0) return length;
        length = place_is_special(&place) ? special_link_text(user, &place, text, sizeof text)
                                          : link_text(user, &place, text, sizeof text);
    }
    if (length < 0) return length;
    length = length < bytes ? length : bytes;
    return user_put(user, buffer, text, (size_t)length) ? length : -EFAULT;
}

int64_t sys_readlink(struct user *user, const uint32_t *a)
{
    return read_link_at(user, GUEST_AT_FDCWD, a[0], a[1], a[2]);
}
int64_t sys_readlinkat(struct user *user, const uint32_t *a) { return read_link_at(user, (int)a[0], a[1], a[2], a[3]); }

/* ---- rights ---- */

static int64_t access_at(struct user *user, int directory, uint32_t path, uint32_t mode, uint32_t flags)
{
    struct place place;
    struct guest_stat status;
    if (mode & ~7u || flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EACCESS | AT_EMPTY_PATH)) return -EINVAL;
    int64_t result = path_get(user, directory, path, flags & AT_SYMLINK_NOFOLLOW ? END_LINK : END_FOLLOW, &place);
    if (result == 0) result = place_stat(user, &place, &status);
    if (result < 0) return result;
    bool content = S_ISREG(status.mode) || S_ISDIR(status.mode);
    if (mode & W_OK && content && !place_is_special(&place) && path_writable(user, &place) < 0) return -EROFS;
    /* The guest owns every file. */
    return (mode << 6 & status.mode) == mode << 6 ? 0 : -EACCES;
}

int64_t sys_access(struct user *user, const uint32_t *a) { return access_at(user, GUEST_AT_FDCWD, a[0], a[1], 0); }
int64_t sys_faccessat(struct user *user, const uint32_t *a) { return access_at(user, (int)a[0], a[1], a[2], 0); }
int64_t sys_faccessat2(struct user *user, const uint32_t *a) { return access_at(user, (int)a[0], a[1], a[2], a[3]); }

/* Changes the mode of an open host file, which may be an O_PATH one. */
static int64_t change_mode(struct user *user, int host, uint32_t mode)
{
    struct stat status;
    char name[32];
    if (fstatat(host, "", &status, AT_EMPTY_PATH) < 0) return -errno;
    if (S_ISLNK(status.st_mode)) return -EOPNOTSUPP;
    mode &= 07777;
    if (S_ISDIR(status.st_mode)) mode |= 0700;
    snprintf(name, sizeof name, "/proc/self/fd/%d", host);
    if (chmod(name, mode) < 0) return -errno;
    inode_of(user, &status)->changed = time_wall(user);
    return 0;
}

static int64_t chmod_at(struct user *user, int directory, uint32_t path, uint32_t mode, bool follow)
{
    struct place place;
    int status = path_get(user, directory, path, follow ? END_FOLLOW : END_LINK, &place);
    if (status < 0) return status;
    if (place_is_special(&place)) return path_special(user, &place).kind == SPECIAL_NONE ? -ENOENT : -EPERM;
    int host = path_open(user, &place, O_PATH | O_NOFOLLOW, 0);
    if (host < 0) return host;
    status = path_writable(user, &place);
    int64_t result = status < 0 ? status : change_mode(user, host, mode);
    close(host);
    return result;
}

int64_t sys_chmod(struct user *user, const uint32_t *a) { return chmod_at(user, GUEST_AT_FDCWD, a[0], a[1], true); }
int64_t sys_fchmodat(struct user *user, const uint32_t *a) { return chmod_at(user, (int)a[0], a[1], a[2], true); }
int64_t sys_fchmodat2(struct user *user, const uint32_t *a)
{
    if (a[3] & ~(uint32_t)AT_SYMLINK_NOFOLLOW) return -EINVAL;
    return chmod_at(user, (int)a[0], a[1], a[2], !(a[3] & AT_SYMLINK_NOFOLLOW));
}

int64_t sys_fchmod(struct user *user, const uint32_t *a)
{
    const struct file *file = file_at(user, a[0]);
    if (!file || file->kind == FILE_PATH) return -EBADF;
    if (file->host < 0 || file->kind == FILE_STREAM) return file->in || file->out ? 0 : -EPERM;
    return mount_writable(user, file->mount) ? change_mode(user, file->host, a[1]) : -EROFS;
}

/* Everything belongs to the guest's one user, and cannot be given away. */
static int64_t change_owner(uint32_t uid, uint32_t gid)
{
    bool same_uid = uid == UINT32_MAX || uid == 0xffff || uid == GUEST_UID;
    bool same_gid = gid == UINT32_MAX || gid == 0xffff || gid == GUEST_GID;
    return same_uid && same_gid ? 0 : -EPERM;
}

static int64_t chown_at(struct user *user, int directory, uint32_t path, uint32_t uid, uint32_t gid, bool follow)
{
    struct place place;
    struct guest_stat found;
    int64_t status = path_get(user, directory, path, follow ? END_FOLLOW : END_LINK, &place);
    if (status == 0) status = place_stat(user, &place, &found);
    if (status == 0) status = path_writable(user, &place);
    return status < 0 ? status : change_owner(uid, gid);
}

int64_t sys_chown(struct user *user, const uint32_t *a)
{
    return chown_at(user, GUEST_AT_FDCWD, a[0], a[1], a[2], true);
}
int64_t sys_lchown(struct user *user, const uint32_t *a)
{
    return chown_at(user, GUEST_AT_FDCWD, a[0], a[1], a[2], false);
}
int64_t sys_fchownat(struct user *user, const uint32_t *a)
{
    return chown_at(user, (int)a[0], a[1], a[2], a[3], !(a[4] & AT_SYMLINK_NOFOLLOW));
}
int64_t sys_fchown(struct user *user, const uint32_t *a)
{
    const struct file *file = file_at(user, a[0]);
    return file && file->kind != FILE_PATH ? change_owner(a[1], a[2]) : -EBADF;
}

int64_t sys_umask(struct user *user, const uint32_t *a)
{
    uint32_t old = user->process->file_mask;
    user->process->file_mask = a[0] & 0777;
    return old;
}

/* ---- file systems ---- */

static int64_t put_statfs(struct user *user, uint32_t address, enum mount mount, bool wide)
{
    /* An ext4, or what memory there is, of 4 GiB, half full; nothing in /proc. */
    enum {
        EXT4 = 0xef53,
        TMPFS = 0x01021994,
        PROCFS = 0x9fa0,
        BLOCKS = 1 << 20,
        FILES = 1 << 18,
        READ_ONLY = 1,
        VALID = 0x20
    };
    uint32_t type = mount == MOUNT_ROOT ? EXT4 : mount == MOUNT_PROC ? PROCFS : TMPFS;
    uint32_t blocks = mount == MOUNT_PROC ? 0 : BLOCKS, files = mount == MOUNT_PROC ? 0 : FILES;
    uint32_t flags = VALID | (mount == MOUNT_ROOT && !user->write ? READ_ONLY : 0);
    uint32_t narrow[16] = {type, 4096, blocks, blocks / 2, blocks / 2, files, files / 2, 0, 0, 255, 4096, flags};
    uint32_t broad[21] = {type, 4096,      blocks, 0, blocks / 2, 0,   blocks / 2, 0,    files,
                          0,    files / 2, 0,      0, 0,          255, 4096,       flags};
    return user_put(user, address, wide ? broad : narrow, wide ? sizeof broad : sizeof narrow) ? 0 : -EFAULT;
}

static int64_t statfs_path(struct user *user, uint32_t path, uint32_t address, bool wide)
{
    struct place place;
    struct guest_stat found;
    int64_t status = path_get(user, GUEST_AT_FDCWD, path, END_FOLLOW, &place);
    if (status == 0) status = place_stat(user, &place, &found);
    return status < 0 ? status : put_statfs(user, address, place.mount, wide);
}

static int64_t statfs_descriptor(struct user *user, uint32_t descriptor, uint32_t address, bool wide)
{
    const struct file *file = file_at(user, descriptor);
    return file ? put_statfs(user, address, file->mount, wide) : -EBADF;
}

enum { STATFS64_BYTES = 84 };
int64_t sys_statfs(struct user *user, const uint32_t *a) { return statfs_path(user, a[0], a[1], false); }
int64_t sys_fstatfs(struct user *user, const uint32_t *a) { return statfs_descriptor(user, a[0], a[1], false); }
int64_t sys_statfs64(struct user *user, const uint32_t *a)
{
    return a[1] != STATFS64_BYTES && a[1] != STATFS64_BYTES + 4 ? -EINVAL : statfs_path(user, a[0], a[2], true);
}
int64_t sys_fstatfs64(struct user *user, const uint32_t *a)
{
    if (a[1] != STATFS64_BYTES && a[1] != STATFS64_BYTES + 4) return -EINVAL;
    return statfs_descriptor(user, a[0], a[2], true);
}
