/* directories.c -- listing directories, in the order of names, and the working directory. */
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
        if (!more) hw_panic(user->core, "no host memory for a directory's entries");
        file->entries = more;
    }
    file->entries[file->entry_count++] = (struct entry){.name = strdup(name), .inode = inode, .type = (uint8_t)type};
}

static bool has_entry(const struct file *file, const char *name)
{
    for (unsigned i = 0; i < file->entry_count; i++)
        if (strcmp(file->entries[i].name, name) == 0) return true;
    return false;
}

/* Byte order, with "." and ".." first, where every program expects them. */
static int compare(const void *a, const void *b)
{
    const char *x = ((const struct entry *)a)->name, *y = ((const struct entry *)b)->name;
    bool x_dot = strcmp(x, ".") == 0 || strcmp(x, "..") == 0, y_dot = strcmp(y, ".") == 0 || strcmp(y, "..") == 0;
    if (x_dot != y_dot) return x_dot ? -1 : 1;
    return strcmp(x, y);
}

struct listing {
    struct user *user;
    struct file *file;
};
static void add_name(void *cookie, const char *name)
{
    struct listing *listing = cookie;
    if (!has_entry(listing->file, name)) add_entry(listing->user, listing->file, name, 0, DT_UNKNOWN);
}

static void list_special(struct user *user, struct file *file)
{
    struct listing listing = {user, file};
    struct place place;
    struct guest_stat status;
    char path[GUEST_PATH_BYTES + 300];
    add_entry(user, file, ".", 0, DT_DIR);
    add_entry(user, file, "..", 0, DT_DIR);
    if (path_resolve(user, GUEST_AT_FDCWD, file->path, END_LINK, &place) == 0)
        special_list(user, &place, add_name, &listing);
    qsort(file->entries, file->entry_count, sizeof file->entries[0], compare);
    for (unsigned i = 0; i < file->entry_count; i++) {
        snprintf(path, sizeof path, "%s/%s", file->path, file->entries[i].name);
        if (path_resolve(user, GUEST_AT_FDCWD, path, END_LINK, &place) < 0 || place_stat(user, &place, &status) < 0)
            continue;
        file->entries[i].inode = status.inode;
        file->entries[i].type = (uint8_t)IFTODT(status.mode);
    }
}

static bool file_is_mount_point(const struct file *file)
{
    return strcmp(file->path, "/tmp") == 0 || strcmp(file->path, "/dev/shm") == 0;
}

static int list_host(struct user *user, struct file *file)
{
    int own = openat(file->host, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = own < 0 ? NULL : fdopendir(own);
    struct dirent *found;
    if (!directory) {
        int error = errno;
        if (own >= 0) close(own);
        return -error;
    }
    while ((found = readdir(directory))) add_entry(user, file, found->d_name, 0, DT_UNKNOWN);
    /* What is laid over the root shows in it. */
    static const char *const mounts[] = {"dev", "proc", "tmp"};
    bool top = file->mount == MOUNT_ROOT && strcmp(file->path, "/") == 0;
    for (unsigned i = 0; top && i < LENGTH(mounts); i++)
        if (!has_entry(file, mounts[i])) add_entry(user, file, mounts[i], 0, DT_DIR);
    qsort(file->entries, file->entry_count, sizeof file->entries[0], compare);
    for (unsigned i = 0; i < file->entry_count; i++) {
        struct entry *entry = &file->entries[i];
        struct stat host;
        if (top && (strcmp(entry->name, "dev") == 0 || strcmp(entry->name, "proc") == 0)) {
            *entry = (struct entry){.name = entry->name, .inode = 1, .type = DT_DIR};
            continue;
        }
        /* ".." above the root of a mount is the guest's root, whatever the host has there. */
        bool above = strcmp(entry->name, "..") == 0 && (strcmp(file->path, "/") == 0 || file_is_mount_point(file));
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
    for (unsigned i = 0; i < file->entry_count; i++) free(file->entries[i].name);
    file->entry_count = 0;
    free(file->entries);
    file->entries = NULL;
    file->listed = true;
    if (file->host >= 0) return list_host(user, file);
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
    if (!file || file->kind == FILE_PATH) return -EBADF;
    if (file->kind != FILE_DIRECTORY) return -ENOTDIR;
    if (!file->listed) {
        int status = list(user, file);
        if (status < 0) return status;
    }
    while (file->mark < file->entry_count) {
        uint32_t bytes = put_entry(out, &file->entries[file->mark], file->mark + 1, wide);
        if (bytes > a[2] - done) return done ? (int64_t)done : -EINVAL;
        if (!user_put(user, a[1] + done, out, bytes)) return done ? (int64_t)done : -EFAULT;
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
    if (result < 0) return result;
    if (!S_ISDIR(status.mode)) return -ENOTDIR;
    memcpy(user->process->cwd, place->path, sizeof user->process->cwd);
    return 0;
}

int64_t sys_chdir(struct user *user, const uint32_t *a)
{
    struct place place;
    int status = path_get(user, GUEST_AT_FDCWD, a[0], END_FOLLOW, &place);
    return status < 0 ? status : change_directory(user, &place);
}

int64_t sys_fchdir(struct user *user, const uint32_t *a)
{
    struct place place;
    if (!file_at(user, a[0])) return -EBADF;
    int status = path_resolve(user, (int)a[0], ".", END_FOLLOW, &place);
    return status < 0 ? status : change_directory(user, &place);
}

int64_t sys_getcwd(struct user *user, const uint32_t *a)
{
    size_t bytes = strlen(user->process->cwd) + 1;
    struct place place;
    struct guest_stat status;
    if (path_resolve(user, GUEST_AT_FDCWD, user->process->cwd, END_LINK, &place) < 0 ||
        place_stat(user, &place, &status) < 0)
        return -ENOENT; /* it was removed */
    if (bytes > a[1]) return -ERANGE;
    return user_put(user, a[0], user->process->cwd, bytes) ? (int64_t)bytes : -EFAULT;
}
