/* directories.c -- listing directories, in the order of names, and changing the tree. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

/* ---- listing ---- */

static void add_entry(struct user *user, struct file *file, const char *name, uint64_t inode, unsigned type)
{
    if ((file->entry_count & (file->entry_count - 1)) == 0) {
        size_t capacity = file->entry_count ? 2 * (size_t)file->entry_count : 1;
        struct entry *more = realloc(file->entries, capacity * sizeof *more);
        if (!more)
            hw_panic(user->core, "no host memory for a directory's entries");
        file->entries = more;
    }
    file->entries[file->entry_count++] = (struct entry){.name = strdup(name), .inode = inode, .type = (uint8_t)type};
}

static bool has_entry(const struct file *file, const char *name)
{
    for (unsigned i = 0; i < file->entry_count; i++)
        if (strcmp(file->entries[i].name, name) == 0)
            return true;
    return false;
}

/* Byte order, with "." and ".." first, where every program expects them. */
static int compare(const void *a, const void *b)
{
    const char *x = ((const struct entry *)a)->name, *y = ((const struct entry *)b)->name;
    bool x_dot = strcmp(x, ".") == 0 || strcmp(x, "..") == 0, y_dot = strcmp(y, ".") == 0 || strcmp(y, "..") == 0;
    if (x_dot != y_dot)
        return x_dot ? -1 : 1;
    return strcmp(x, y);
}

static void list_special(struct user *user, struct file *file)
{
    struct place place;
    struct guest_stat status;
    char path[GUEST_PATH_BYTES + 32];
    add_entry(user, file, ".", 0, DT_DIR);
    add_entry(user, file, "..", 0, DT_DIR);
    if (file->mount == MOUNT_DEV && strcmp(file->path, "/dev") == 0)
        for (unsigned i = 0; i < DEVICE_COUNT; i++)
            add_entry(user, file, device_name[i], 0, DT_CHR);
    else if (strcmp(file->path, "/proc") == 0)
        add_entry(user, file, "self", 0, DT_LNK);
    for (unsigned i = 0; i < file->entry_count; i++) {
        snprintf(path, sizeof path, "%s/%s", file->path, file->entries[i].name);
        if (path_resolve(user, GUEST_AT_FDCWD, path, false, &place) == 0 && place_stat(user, &place, &status) == 0)
            file->entries[i].inode = status.inode;
    }
}

static int list_host(struct user *user, struct file *file)
{
    int own = openat(file->host, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = own < 0 ? NULL : fdopendir(own);
    struct dirent *found;
    if (!directory) {
        int error = errno;
        if (own >= 0)
            close(own);
        return -error;
    }
    while ((found = readdir(directory)))
        add_entry(user, file, found->d_name, 0, DT_UNKNOWN);
    /* What is laid over the root shows in it. */
    static const char *const mounts[] = {"dev", "proc", "tmp"};
    bool top = file->mount == MOUNT_ROOT && strcmp(file->path, "/") == 0;
    for (unsigned i = 0; top && i < LENGTH(mounts); i++)
        if (!has_entry(file, mounts[i]))
            add_entry(user, file, mounts[i], 0, DT_DIR);
    qsort(file->entries, file->entry_count, sizeof file->entries[0], compare);
    for (unsigned i = 0; i < file->entry_count; i++) {
        struct entry *entry = &file->entries[i];
        struct stat host;
        if (top && (strcmp(entry->name, "dev") == 0 || strcmp(entry->name, "proc") == 0)) {
            *entry = (struct entry){.name = entry->name, .inode = 1, .type = DT_DIR};
            continue;
        }
        /* ".." above the root of a mount is the guest's root, whatever the host has there. */
        bool above = strcmp(entry->name, "..") == 0 && (strcmp(file->path, "/") == 0 || strcmp(file->path, "/tmp") == 0);
        bool tmp = top && strcmp(entry->name, "tmp") == 0;
        int status = above ? fstatat(user->root, "", &host, AT_EMPTY_PATH)
                     : tmp ? fstatat(user->tmp, "", &host, AT_EMPTY_PATH)
                           : fstatat(file->host, entry->name, &host, AT_SYMLINK_NOFOLLOW);
        if (status == 0) {
            entry->inode = inode_of(user, &host)->number;
            entry->type = (uint8_t)IFTODT(host.st_mode);
        }
    }
    closedir(directory);
    return 0;
}

static int list(struct user *user, struct file *file)
{
    for (unsigned i = 0; i < file->entry_count; i++)
        free(file->entries[i].name);
    file->entry_count = 0;
    free(file->entries);
    file->entries = NULL;
    file->listed = true;
    if (file->host >= 0)
        return list_host(user, file);
    list_special(user, file);
    return 0;
}

/* One entry in either layout; its bytes. */
static uint32_t put_entry(uint8_t *out, const struct entry *entry, uint64_t next, bool wide)
{
    size_t length = strlen(entry->name), head = wide ? 19 : 10;
    uint32_t bytes = (uint32_t)round_up(head + length + (wide ? 1 : 2), wide ? 8 : 4);
    memset(out, 0, bytes);
    if (wide) {
        memcpy(out, &entry->inode, 8);
        memcpy(out + 8, &next, 8);
        memcpy(out + 16, &(uint16_t){(uint16_t)bytes}, 2);
        out[18] = entry->type;
    } else {
        memcpy(out, &(uint32_t){(uint32_t)entry->inode}, 4);
        memcpy(out + 4, &(uint32_t){(uint32_t)next}, 4);
        memcpy(out + 8, &(uint16_t){(uint16_t)bytes}, 2);
        out[bytes - 1] = entry->type;
    }
    memcpy(out + head, entry->name, length);
    return bytes;
}

static int64_t get_entries(struct user *user, const uint32_t *a, bool wide)
{
    struct file *file = file_at(user, a[0]);
    uint8_t out[512];
    uint32_t done = 0;
    if (!file || file->kind == FILE_PATH)
        return -EBADF;
    if (file->kind != FILE_DIRECTORY)
        return -ENOTDIR;
    if (!file->listed) {
        int status = list(user, file);
        if (status < 0)
            return status;
    }
    while (file->mark < file->entry_count) {
        uint32_t bytes = put_entry(out, &file->entries[file->mark], file->mark + 1, wide);
        if (bytes > a[2] - done)
            return done ? (int64_t)done : -EINVAL;
        if (!user_put(user, a[1] + done, out, bytes))
            return done ? (int64_t)done : -EFAULT;
        done += bytes;
        file->mark++;
    }
    return done;
}

int64_t sys_getdents(struct user *user, const uint32_t *a) { return get_entries(user, a, false); }
int64_t sys_getdents64(struct user *user, const uint32_t *a) { return get_entries(user, a, true); }

/* ---- the working directory ---- */

static int64_t change_directory(struct user *user, const struct place *place)
{
    struct guest_stat status;
    int64_t result = place_stat(user, place, &status);
    if (result < 0)
        return result;
    if (!S_ISDIR(status.mode))
        return -ENOTDIR;
    memcpy(user->cwd, place->path, sizeof user->cwd);
    return 0;
}

int64_t sys_chdir(struct user *user, const uint32_t *a)
{
    struct place place;
    int status = path_get(user, GUEST_AT_FDCWD, a[0], true, &place);
    return status < 0 ? status : change_directory(user, &place);
}

int64_t sys_fchdir(struct user *user, const uint32_t *a)
{
    struct place place;
    const struct file *file = file_at(user, a[0]);
    if (!file)
        return -EBADF;
    if (!file->path)
        return -ENOTDIR;
    int status = path_resolve(user, GUEST_AT_FDCWD, file->path, true, &place);
    return status < 0 ? status : change_directory(user, &place);
}

int64_t sys_getcwd(struct user *user, const uint32_t *a)
{
    size_t bytes = strlen(user->cwd) + 1;
    if (bytes > a[1])
        return -ERANGE;
    return user_put(user, a[0], user->cwd, bytes) ? (int64_t)bytes : -EFAULT;
}

/* ---- changing the tree ---- */

static int64_t host_status(int result) { return result < 0 ? -errno : 0; }

/* Finds the directory of a place that is to change: a host descriptor, or -errno; EROFS only for what is there or could be
 * made, as Linux orders its checks. */
static int parent_of(struct user *user, const struct place *place, bool must_exist, const char **name)
{
    struct stat host;
    int parent = path_open_parent(user, place, name);
    if (parent < 0)
        return parent;
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
    if (fstatat(parent, name, &host, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    inode_forget(user, &host);
    struct inode *inode = inode_of(user, &host);
    inode->accessed = inode->modified = inode->changed = time_wall(user);
}

static int64_t make_directory(struct user *user, int directory, uint32_t path, uint32_t mode)
{
    struct place place;
    const char *name;
    int status = path_get(user, directory, path, false, &place);
    if (status < 0)
        return status;
    if (place.dots)
        return -EEXIST;
    int parent = parent_of(user, &place, false, &name);
    if (parent < 0)
        return parent == -EBUSY ? -EEXIST : parent;
    int64_t result = host_status(mkdirat(parent, name, 0700));
    if (result == 0) {
        /* The owner's bits stay on, so that the directory can be emptied when the run ends. */
        fchmodat(parent, name, (mode & ~user->file_mask & 01777) | 0700, 0);
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
    if (flags & ~(uint32_t)AT_REMOVEDIR)
        return -EINVAL;
    int status = path_get(user, directory, path, false, &place);
    if (status < 0)
        return status;
    if (place.dots && flags & AT_REMOVEDIR)
        return place.dots == 1 ? -EINVAL : -ENOTEMPTY;
    int parent = place.dots ? -EISDIR : parent_of(user, &place, true, &name);
    if (parent < 0)
        return parent == -EBUSY && !(flags & AT_REMOVEDIR) ? -EISDIR : parent;
    bool known = fstatat(parent, name, &host, AT_SYMLINK_NOFOLLOW) == 0;
    int64_t result = known && !S_ISDIR(host.st_mode) && place.directory
                         ? -ENOTDIR
                         : host_status(unlinkat(parent, name, (int)flags));
    if (result == 0 && known && (flags & AT_REMOVEDIR || host.st_nlink == 1))
        inode_forget(user, &host);
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
    if (status == 0)
        status = path_get(user, to, to_path, false, &target);
    if (status < 0)
        return status;
    if (source.dots || target.dots)
        return -EBUSY;
    int parent = parent_of(user, &source, true, &source_name);
    if (parent < 0)
        return parent;
    int other = path_open_parent(user, &target, &target_name);
    int64_t result = other;
    if (other >= 0)
        result = source.mount != target.mount ? -EXDEV : path_writable(user, &target);
    if (result == 0) {
        bool replaced = fstatat(other, target_name, &host, AT_SYMLINK_NOFOLLOW) == 0 && !(flags & RENAME_EXCHANGE) &&
                        (host.st_nlink == 1 || S_ISDIR(host.st_mode));
        result = host_status(renameat2(parent, source_name, other, target_name, flags));
        if (result == 0 && replaced && strcmp(source.path, target.path) != 0)
            inode_forget(user, &host);
    }
    if (other >= 0)
        close(other);
    close(parent);
    return result;
}

int64_t sys_rename(struct user *user, const uint32_t *a)
{
    return rename_at(user, GUEST_AT_FDCWD, a[0], GUEST_AT_FDCWD, a[1], 0);
}
int64_t sys_renameat(struct user *user, const uint32_t *a) { return rename_at(user, (int)a[0], a[1], (int)a[2], a[3], 0); }
int64_t sys_renameat2(struct user *user, const uint32_t *a)
{
    if (a[4] & ~(uint32_t)(RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    return rename_at(user, (int)a[0], a[1], (int)a[2], a[3], a[4]);
}

static int64_t link_at(struct user *user, int from, uint32_t from_path, int to, uint32_t to_path, uint32_t flags)
{
    struct place source, target;
    const char *name, *source_name;
    int status = path_get(user, from, from_path, flags & AT_SYMLINK_FOLLOW, &source);
    if (status == 0)
        status = path_get(user, to, to_path, false, &target);
    if (status < 0)
        return status;
    int old = path_open_parent(user, &source, &source_name);
    if (old < 0)
        return old;
    int parent = parent_of(user, &target, false, &name);
    int64_t result = parent;
    if (parent >= 0) {
        result = source.mount != target.mount ? -EXDEV : host_status(linkat(old, source_name, parent, name, 0));
        close(parent);
    }
    close(old);
    return result;
}

int64_t sys_link(struct user *user, const uint32_t *a) { return link_at(user, GUEST_AT_FDCWD, a[0], GUEST_AT_FDCWD, a[1], 0); }
int64_t sys_linkat(struct user *user, const uint32_t *a) { return link_at(user, (int)a[0], a[1], (int)a[2], a[3], a[4]); }

static int64_t symlink_at(struct user *user, uint32_t target, int directory, uint32_t path)
{
    struct place place;
    const char *name;
    char text[GUEST_PATH_BYTES];
    int length = user_get_string(user, target, text, sizeof text);
    if (length <= 0)
        return length < 0 ? length : -ENOENT;
    int status = path_get(user, directory, path, false, &place);
    if (status < 0)
        return status;
    int parent = parent_of(user, &place, false, &name);
    if (parent < 0)
        return parent;
    int64_t result = host_status(symlinkat(text, parent, name));
    if (result == 0)
        born(user, parent, name);
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
    if ((int32_t)bytes <= 0)
        return -EINVAL;
    int status = path_get(user, directory, path, false, &place);
    if (status < 0)
        return status;
    struct special_file special = path_special(&place);
    if (special.kind == SPECIAL_EXE) {
        length = snprintf(text, sizeof text, "%s", user->exe_path);
    } else if (special.kind == SPECIAL_LINK) {
        length = snprintf(text, sizeof text, "%d", GUEST_PID);
    } else if (place.mount == MOUNT_DEV || place.mount == MOUNT_PROC) {
        return special.kind == SPECIAL_NONE ? -ENOENT : -EINVAL;
    } else {
        int link = path_open(user, &place, O_PATH | O_NOFOLLOW, 0);
        if (link < 0)
            return link;
        length = readlinkat(link, "", text, sizeof text);
        close(link);
        if (length < 0)
            return -EINVAL;
    }
    length = length < (ssize_t)bytes ? length : (ssize_t)bytes;
    return user_put(user, buffer, text, (size_t)length) ? (int64_t)length : -EFAULT;
}

int64_t sys_readlink(struct user *user, const uint32_t *a) { return read_link_at(user, GUEST_AT_FDCWD, a[0], a[1], a[2]); }
int64_t sys_readlinkat(struct user *user, const uint32_t *a) { return read_link_at(user, (int)a[0], a[1], a[2], a[3]); }

/* ---- rights ---- */

static int64_t access_at(struct user *user, int directory, uint32_t path, uint32_t mode, uint32_t flags)
{
    struct place place;
    struct guest_stat status;
    if (mode & ~7u || flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EACCESS))
        return -EINVAL;
    int64_t result = path_get(user, directory, path, !(flags & AT_SYMLINK_NOFOLLOW), &place);
    if (result == 0)
        result = place_stat(user, &place, &status);
    if (result < 0)
        return result;
    bool special = path_special(&place).kind != SPECIAL_NONE;
    if (mode & W_OK && !special && path_writable(user, &place) < 0)
        return -EROFS;
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
    if (fstatat(host, "", &status, AT_EMPTY_PATH) < 0)
        return -errno;
    mode &= 07777;
    if (S_ISDIR(status.st_mode))
        mode |= 0700;
    snprintf(name, sizeof name, "/proc/self/fd/%d", host);
    if (chmod(name, mode) < 0)
        return -errno;
    inode_of(user, &status)->changed = time_wall(user);
    return 0;
}

static int64_t chmod_at(struct user *user, int directory, uint32_t path, uint32_t mode)
{
    struct place place;
    int status = path_get(user, directory, path, true, &place);
    if (status < 0)
        return status;
    if (place.mount == MOUNT_DEV || place.mount == MOUNT_PROC)
        return path_special(&place).kind == SPECIAL_NONE ? -ENOENT : -EROFS;
    int host = path_open(user, &place, O_PATH | O_NOFOLLOW, 0);
    if (host < 0)
        return host;
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
    if (!file || file->kind == FILE_PATH)
        return -EBADF;
    if (file->kind != FILE_REGULAR && file->kind != FILE_DIRECTORY)
        return -EPERM;
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
    if (status == 0)
        status = place_stat(user, &place, &found);
    if (status == 0)
        status = path_writable(user, &place);
    return status < 0 ? status : change_owner(uid, gid);
}

int64_t sys_chown(struct user *user, const uint32_t *a) { return chown_at(user, GUEST_AT_FDCWD, a[0], a[1], a[2], true); }
int64_t sys_lchown(struct user *user, const uint32_t *a) { return chown_at(user, GUEST_AT_FDCWD, a[0], a[1], a[2], false); }
int64_t sys_fchownat(struct user *user, const uint32_t *a)
{
    return chown_at(user, (int)a[0], a[1], a[2], a[3], !(a[4] & AT_SYMLINK_NOFOLLOW));
}
int64_t sys_fchown(struct user *user, const uint32_t *a) { return file_at(user, a[0]) ? change_owner(a[1], a[2]) : -EBADF; }

int64_t sys_umask(struct user *user, const uint32_t *a)
{
    uint32_t old = user->file_mask;
    user->file_mask = a[0] & 0777;
    return old;
}

/* ---- file systems ---- */

static int64_t put_statfs(struct user *user, uint32_t address, bool wide)
{
    /* An ext4 of 4 GiB, half full. */
    enum { EXT4 = 0xef53, BLOCKS = 1 << 20, FILES = 1 << 18 };
    uint32_t narrow[16] = {EXT4, 4096, BLOCKS, BLOCKS / 2, BLOCKS / 2, FILES, FILES / 2, 0, 0, 255, 4096, 0x20};
    uint32_t broad[21] = {EXT4, 4096, BLOCKS, 0, BLOCKS / 2, 0, BLOCKS / 2, 0, FILES, 0, FILES / 2, 0, 0, 0, 255, 4096, 0x20};
    return user_put(user, address, wide ? broad : narrow, wide ? sizeof broad : sizeof narrow) ? 0 : -EFAULT;
}

static int64_t statfs_path(struct user *user, uint32_t path, uint32_t address, bool wide)
{
    struct place place;
    struct guest_stat found;
    int64_t status = path_get(user, GUEST_AT_FDCWD, path, true, &place);
    if (status == 0)
        status = place_stat(user, &place, &found);
    return status < 0 ? status : put_statfs(user, address, wide);
}

enum { STATFS64_BYTES = 84 };
int64_t sys_statfs(struct user *user, const uint32_t *a) { return statfs_path(user, a[0], a[1], false); }
int64_t sys_fstatfs(struct user *user, const uint32_t *a) { return file_at(user, a[0]) ? put_statfs(user, a[1], false) : -EBADF; }
int64_t sys_statfs64(struct user *user, const uint32_t *a)
{
    return a[1] != STATFS64_BYTES && a[1] != STATFS64_BYTES + 4 ? -EINVAL : statfs_path(user, a[0], a[2], true);
}
int64_t sys_fstatfs64(struct user *user, const uint32_t *a)
{
    if (a[1] != STATFS64_BYTES && a[1] != STATFS64_BYTES + 4)
        return -EINVAL;
    return file_at(user, a[0]) ? put_statfs(user, a[2], true) : -EBADF;
}
