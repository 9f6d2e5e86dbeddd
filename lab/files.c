/* nftw */
#define _GNU_SOURCE
#include "lab/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(const char *path)
{
    fprintf(stderr, "covm: %s: %s\n", path, strerror(errno));
    return false;
}

static bool write_into(const char *path, const struct text *text)
{
    FILE *file = fopen(path, "we");
    bool fine = file && fwrite(text_string(text), 1, text->length, file) == text->length;
    if (file && fclose(file)) fine = false;
    return fine;
}

bool files_may_replace(const char *path)
{
    struct stat there;
    if (stat(path, &there) || S_ISREG(there.st_mode)) return true;
    fprintf(stderr, "covm: %s: is there, and no regular file\n", path);
    return false;
}

bool files_are_same(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool files_may_make(const char *made, const char *from)
{
    char *new = lab_printf("%s.new", made);
    bool same = from && (files_are_same(made, from) || files_are_same(new, from));
    free(new);
    if (same) fprintf(stderr, "covm: %s: would be written over %s, which it is made from\n", made, from);
    return !same;
}

bool files_can_make(const char *path)
{
    if (!files_may_replace(path)) return false;
    char *new = lab_printf("%s.new", path);
    bool there = access(new, F_OK) == 0;
    int file = open(new, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666), error = errno;
    if (file >= 0) close(file);
    if (file >= 0 && !there) unlink(new);
    free(new);
    errno = error;
    return file >= 0 || complain(path);
}

bool files_write(const char *path, const struct text *text)
{
    struct stat status;
    if (lstat(path, &status) == 0 && !S_ISREG(status.st_mode)) return write_into(path, text) || complain(path);
    char *new = lab_printf("%s.%ld.new", path, (long)getpid());
    bool fine = write_into(new, text) && rename(new, path) == 0;
    if (!fine) {
        complain(path);
        unlink(new);
    }
    free(new);
    return fine;
}

char *files_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    return !slash ? lab_copy(".") : slash == path ? lab_copy("/") : lab_printf("%.*s", (int)(slash - path), path);
}

bool files_make_directory(const char *path)
{
    char *part = lab_copy(path);
    for (char *slash = part; *part && (slash = strchr(slash + 1, '/'));) {
        *slash = 0;
        mkdir(part, 0777); /* whatever is wrong shows at the end */
        *slash = '/';
    }
    free(part);
    if (mkdir(path, 0777) == 0) return true;
    int error = errno;
    struct stat status;
    if (error == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) return true;
    errno = error;
    return complain(path);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

bool files_remove_tree(const char *path)
{
    enum { DESCRIPTORS = 16 };
    return nftw(path, remove_entry, DESCRIPTORS, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT || complain(path);
}

bool files_is_empty(const char *path)
{
    DIR *directory = opendir(path);
    bool empty = directory;
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        empty &= !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
    if (directory) closedir(directory);
    return empty;
}

uint64_t files_bytes(const char *path)
{
    enum { BLOCK_BYTES = 512 }; /* stat(2): of st_blocks, whatever the file system's are */
    DIR *directory = opendir(path);
    uint64_t bytes = 0;
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        struct stat status;
        if (!strcmp(entry->d_name, "..") || fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW))
            continue;
        bytes += (uint64_t)status.st_blocks * BLOCK_BYTES;
    }
    if (directory) closedir(directory);
    return bytes;
}
