/* tree.c -- system calls that change the tree of files, or ask who may. Everything in it belongs to the guest's one
 * user; what it may not write it finds to be on a read-only file system. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

static int64_t host_status(int result) { return result < 0 ? -errno : 0; }

/* Finds the directory of a place that is to change: a host descriptor, or -errno; EROFS only for what is there or could
 * be made, as Linux orders its checks. */
static int parent_of(struct user *user, const struct place *place, bool must_exist, const char **name)
{
    struct stat host;
    int parent = path_open_parent(user, place, name);
    if (parent < 0) return parent;
    bool exists = fstatat(parent, *name, &host, AT_SYMLINK_NOFOLLOW) == 0;
    int status = exists && !must_exist ? -EEXIST : !exists && must_exist ? -ENOENT : path_writable(user, place);
    if (status < 0) {
        close(parent);
        return status;
    }
    return parent;
}

/* New files start now, whatever number the host gives them. */
static void born(struct user *user, int parent, const char *name)
{
    struct stat host;
    if (fstatat(parent, name, &host, AT_SYMLINK_NOFOLLOW) < 0) return;
    inode_forget(user, &host);
    struct inode *inode = inode_of(user, &host);
    inode->accessed = inode->modified = inode->changed = time_wall(user);
}

static int64_t make_directory(struct user *user, int directory, uint32_t path, uint32_t mode)
{
    struct place place;
    const char *name;
    int status = path_get(user, directory, path, false, &place);
    if (status < 0) return status;
    if (place.dots) return -EEXIST;
    int parent = parent_of(user, &place, false, &name);
    if (parent < 0) return parent == -EBUSY ? -EEXIST : parent;
    int64_t result = host_status(mkdirat(parent, name, 0700));
    if (result == 0) {
        /* The owner's bits stay on, so that the directory can be emptied when the run ends. */
        fchmodat(parent, name, (mode & ~user->process->file_mask & 01777) | 0700, 0);
        born(user, parent, name);
    }
    close(parent);
    return result;
}

int64_t sys_mkdir(struct user *user, const uint32_t *a) { return make_directory(user, GUEST_AT_FDCWD, a[0], a[1]); }
int64_t sys_mkdirat(struct user *user, const uint32_t *a) { return make_directory(user, (int)a[0], a[1], a[2]); }

static int64_t unlink_at(struct user *user, int directory, uint32_t path, uint32_t flags)
{
    struct place place;
    struct stat host;
    const char *name;
    if (flags & ~(uint32_t)AT_REMOVEDIR) return -EINVAL;
    int status = path_get(user, directory, path, false, &place);
    if (status < 0) return status;
    if (place.dots && flags & AT_REMOVEDIR) return place.dots == 1 ? -EINVAL : -ENOTEMPTY;
    int parent = place.dots ? -EISDIR : parent_of(user, &place, true, &name);
    if (parent < 0) return parent == -EBUSY && !(flags & AT_REMOVEDIR) ? -EISDIR : parent;
    bool known = fstatat(parent, name, &host, AT_SYMLINK_NOFOLLOW) == 0;
    int64_t result =
        known && !S_ISDIR(host.st_mode) && place.directory ? -ENOTDIR : host_status(unlinkat(parent, name, (int)flags));
    if (result == 0 && known && (flags & AT_REMOVEDIR || host.st_nlink == 1)) inode_forget(user, &host);
    close(parent);
    return result;
}

int64_t sys_unlink(struct user *user, const uint32_t *a) { return unlink_at(user, GUEST_AT_FDCWD, a[0], 0); }
int64_t sys_rmdir(struct user *user, const uint32_t *a) { return unlink_at(user, GUEST_AT_FDCWD, a[0], AT_REMOVEDIR); }
int64_t sys_unlinkat(struct user *user, const uint32_t *a) { return unlink_at(user, (int)a[0], a[1], a[2]); }

static int64_t rename_at(struct user *user, int from, uint32_t from_path, int to, uint32_t to_path, uint32_t flags)
{
    struct place source, target;
    struct stat host;
    const char *source_name, *target_name;
    int status = path_get(user, from, from_path, false, &source);
    if (status == 0) status = path_get(user, to, to_path, false, &target);
    if (status < 0) return status;
    if (source.dots || target.dots) return -EBUSY;
    int parent = parent_of(user, &source, true, &source_name);
    if (parent < 0) return parent;
    int other = path_open_parent(user, &target, &target_name);
    int64_t result = other;
    if (other >= 0) result = source.mount != target.mount ? -EXDEV : path_writable(user, &target);
    if (result == 0) {
        bool replaced = fstatat(other, target_name, &host, AT_SYMLINK_NOFOLLOW) == 0 && !(flags & RENAME_EXCHANGE) &&
                        (host.st_nlink == 1 || S_ISDIR(host.st_mode));
        result = host_status(renameat2(parent, source_name, other, target_name, flags));
        if (result == 0 && replaced && strcmp(source.path, target.path) != 0) inode_forget(user, &host);
    }
    if (other >= 0) close(other);
    close(parent);
    return result;
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
    if (a[4] & ~(uint32_t)(RENAME_NOREPLACE | RENAME_EXCHANGE)) return -EINVAL;
    return rename_at(user, (int)a[0], a[1], (int)a[2], a[3], a[4]);
}

static int64_t link_at(struct user *user, int from, uint32_t from_path, int to, uint32_t to_path, uint32_t flags)
{
    struct place source, target;
    const char *name, *source_name;
    int status = path_get(user, from, from_path, flags & AT_SYMLINK_FOLLOW, &source);
    if (status == 0) status = path_get(user, to, to_path, false, &target);
    if (status < 0) return status;
    int old = path_open_parent(user, &source, &source_name);
    if (old < 0) return old;
    int parent = parent_of(user, &target, false, &name);
    int64_t result = parent;
    if (parent >= 0) {
        result = source.mount != target.mount ? -EXDEV : host_status(linkat(old, source_name, parent, name, 0));
        close(parent);
    }
    close(old);
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

static int64_t symlink_at(struct user *user, uint32_t target, int directory, uint32_t path)
{
    struct place place;
    const char *name;
    char text[GUEST_PATH_BYTES];
    int length = user_get_string(user, target, text, sizeof text);
    if (length <= 0) return length < 0 ? length : -ENOENT;
    int status = path_get(user, directory, path, false, &place);
    if (status < 0) return status;
    int parent = parent_of(user, &place, false, &name);
    if (parent < 0) return parent;
    int64_t result = host_status(symlinkat(text, parent, name));
    if (result == 0) born(user, parent, name);
    close(parent);
    return result;
}

int64_t sys_symlink(struct user *user, const uint32_t *a) { return symlink_at(user, a[0], GUEST_AT_FDCWD, a[1]); }
int64_t sys_symlinkat(struct user *user, const uint32_t *a) { return symlink_at(user, a[0], (int)a[1], a[2]); }

static int64_t read_link_at(struct user *user, int directory, uint32_t path, uint32_t buffer, uint32_t bytes)
{
    struct place place;
    char text[GUEST_PATH_BYTES];
    ssize_t length;
    if ((int32_t)bytes <= 0) return -EINVAL;
    int status = path_get(user, directory, path, false, &place);
    if (status < 0) return status;
    struct special_file special = path_special(&place);
    if (special.kind == SPECIAL_EXE) {
        length = snprintf(text, sizeof text, "%s", user->process->exe_path);
    } else if (special.kind == SPECIAL_LINK) {
        length = snprintf(text, sizeof text, "%d", GUEST_PID);
    } else if (place.mount == MOUNT_DEV || place.mount == MOUNT_PROC) {
        return special.kind == SPECIAL_NONE ? -ENOENT : -EINVAL;
    } else {
        int link = path_open(user, &place, O_PATH | O_NOFOLLOW, 0);
        if (link < 0) return link;
        length = readlinkat(link, "", text, sizeof text);
        close(link);
        if (length < 0) return -EINVAL;
    }
    length = length < (ssize_t)bytes ? length : (ssize_t)bytes;
    return user_put(user, buffer, text, (size_t)length) ? (int64_t)length : -EFAULT;
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
    if (mode & ~7u || flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EACCESS)) return -EINVAL;
    int64_t result = path_get(user, directory, path, !(flags & AT_SYMLINK_NOFOLLOW), &place);
    if (result == 0) result = place_stat(user, &place, &status);
    if (result < 0) return result;
    bool special = path_special(&place).kind != SPECIAL_NONE;
    if (mode & W_OK && !special && path_writable(user, &place) < 0) return -EROFS;
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
    mode &= 07777;
    if (S_ISDIR(status.st_mode)) mode |= 0700;
    snprintf(name, sizeof name, "/proc/self/fd/%d", host);
    if (chmod(name, mode) < 0) return -errno;
    inode_of(user, &status)->changed = time_wall(user);
    return 0;
}

static int64_t chmod_at(struct user *user, int directory, uint32_t path, uint32_t mode)
{
    struct place place;
    int status = path_get(user, directory, path, true, &place);
    if (status < 0) return status;
    if (place.mount == MOUNT_DEV || place.mount == MOUNT_PROC)
        return path_special(&place).kind == SPECIAL_NONE ? -ENOENT : -EROFS;
    int host = path_open(user, &place, O_PATH | O_NOFOLLOW, 0);
    if (host < 0) return host;
    status = path_writable(user, &place);
    int64_t result = status < 0 ? status : change_mode(user, host, mode);
    close(host);
    return result;
}

int64_t sys_chmod(struct user *user, const uint32_t *a) { return chmod_at(user, GUEST_AT_FDCWD, a[0], a[1]); }
int64_t sys_fchmodat(struct user *user, const uint32_t *a) { return chmod_at(user, (int)a[0], a[1], a[2]); }

int64_t sys_fchmod(struct user *user, const uint32_t *a)
{
    const struct file *file = file_at(user, a[0]);
    if (!file || file->kind == FILE_PATH) return -EBADF;
    if (file->kind != FILE_REGULAR && file->kind != FILE_DIRECTORY) return -EPERM;
    bool writable = file->mount == MOUNT_TMP || (file->mount == MOUNT_ROOT && user->write && file->host >= 0);
    return writable ? change_mode(user, file->host, a[1]) : -EROFS;
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
    int64_t status = path_get(user, directory, path, follow, &place);
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
    return file_at(user, a[0]) ? change_owner(a[1], a[2]) : -EBADF;
}

int64_t sys_umask(struct user *user, const uint32_t *a)
{
    uint32_t old = user->process->file_mask;
    user->process->file_mask = a[0] & 0777;
    return old;
}

/* ---- file systems ---- */

static int64_t put_statfs(struct user *user, uint32_t address, bool wide)
{
    /* An ext4 of 4 GiB, half full. */
    enum { EXT4 = 0xef53, BLOCKS = 1 << 20, FILES = 1 << 18 };
    uint32_t narrow[16] = {EXT4, 4096, BLOCKS, BLOCKS / 2, BLOCKS / 2, FILES, FILES / 2, 0, 0, 255, 4096, 0x20};
    uint32_t broad[21] = {EXT4, 4096,      BLOCKS, 0, BLOCKS / 2, 0,   BLOCKS / 2, 0,   FILES,
                          0,    FILES / 2, 0,      0, 0,          255, 4096,       0x20};
    return user_put(user, address, wide ? broad : narrow, wide ? sizeof broad : sizeof narrow) ? 0 : -EFAULT;
}

static int64_t statfs_path(struct user *user, uint32_t path, uint32_t address, bool wide)
{
    struct place place;
    struct guest_stat found;
    int64_t status = path_get(user, GUEST_AT_FDCWD, path, true, &place);
    if (status == 0) status = place_stat(user, &place, &found);
    return status < 0 ? status : put_statfs(user, address, wide);
}

enum { STATFS64_BYTES = 84 };
int64_t sys_statfs(struct user *user, const uint32_t *a) { return statfs_path(user, a[0], a[1], false); }
int64_t sys_fstatfs(struct user *user, const uint32_t *a)
{
    return file_at(user, a[0]) ? put_statfs(user, a[1], false) : -EBADF;
}
int64_t sys_statfs64(struct user *user, const uint32_t *a)
{
    return a[1] != STATFS64_BYTES && a[1] != STATFS64_BYTES + 4 ? -EINVAL : statfs_path(user, a[0], a[2], true);
}
int64_t sys_fstatfs64(struct user *user, const uint32_t *a)
{
    if (a[1] != STATFS64_BYTES && a[1] != STATFS64_BYTES + 4) return -EINVAL;
    return file_at(user, a[0]) ? put_statfs(user, a[2], true) : -EBADF;
}
