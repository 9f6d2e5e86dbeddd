/* files_random SEED COUNT: makes COUNT random file-system calls in the working directory, and prints what each
 * returned. Whoever runs it on two systems finds their differences by diff. Nothing that it prints may depend on more
 * than the calls before: no inode numbers, no present time, no order of a directory. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FDS = 10, BUFFER = 9000, DEPTH = 14 };
static uint32_t seed;
static int fd[FDS]; /* the descriptors that are open now, or -1 */
static int base;    /* the directory that the calls are made in */
static unsigned step_number;
static char buffer[BUFFER];

static uint32_t draw(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

static void say(long result, const char *format, ...)
{
    int error = errno;
    va_list list;
    va_start(list, format);
    printf("%u ", step_number);
    vprintf(format, list);
    if (result < 0)
        printf(" = %s\n", strerrorname_np(error));
    else
        printf(" = %ld\n", result);
    va_end(list);
}

/* ---- arguments ---- */

static void make_path(char *out, unsigned ups)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    unsigned parts = 1 + draw(3);
    *out = 0;
    if (draw(60) == 0) return;
    for (unsigned i = 0; i < parts; i++) {
        uint32_t kind = draw(20);
        if (i) strcat(out, draw(12) ? "/" : "//");
        if (kind == 0)
            strcat(out, ".");
        else if (kind == 1 && ups)
            strcat(out, ".."), ups--;
        else if (kind == 2 && draw(8) == 0)
            memset(out + strlen(out), 'x', 256), out[strlen(out)] = 0;
        else
            strcat(out, names[draw(6)]);
    }
    if (draw(10) == 0) strcat(out, "/");
}

static const char *path(void)
{
    static char out[4][1200];
    static unsigned next;
    char *to = out[next++ % 4];
    memset(to, 0, sizeof out[0]);
    make_path(to, 1);
    return to;
}

static int some_fd(void)
{
    if (draw(25) == 0) return (int[]){-1, 500, AT_FDCWD}[draw(3)];
    return fd[draw(FDS)];
}

static int directory(void) { return draw(3) ? AT_FDCWD : some_fd(); }

static unsigned slot_of(int number)
{
    for (unsigned i = 0; i < FDS; i++)
        if (fd[i] == number && number >= 0) return i;
    return 99;
}

/* Keeps a new descriptor, for which it gives up an old one if need be. */
static void keep(int number)
{
    if (number < 0) return;
    unsigned i = draw(FDS);
    if (fd[i] >= 0) close(fd[i]);
    fd[i] = number;
}

static uint32_t hash(const void *bytes, long count)
{
    const uint8_t *at = bytes;
    uint32_t value = 2166136261u;
    for (long i = 0; i < count; i++) value = (value ^ at[i]) * 16777619u;
    return value;
}

static void fill(uint32_t bytes)
{
    uint8_t first = (uint8_t)draw(256);
    for (uint32_t i = 0; i < bytes; i++) buffer[i] = (char)(first + i * 7);
}

static uint32_t some_size(void) { return draw(4) ? draw(200) : draw(BUFFER); }

/* ---- calls ---- */

static void do_open(void)
{
    static const int extra[] = {O_CREAT,     O_CREAT | O_EXCL, O_TRUNC,    O_CREAT | O_TRUNC,  O_APPEND,
                                O_DIRECTORY, O_PATH,           O_NOFOLLOW, O_CREAT | O_APPEND, O_CREAT | O_DIRECTORY,
                                0,           O_CREAT};
    int flags = (int)draw(3) | extra[draw(12)] | (draw(4) ? 0 : O_NOFOLLOW) | (draw(3) ? 0 : O_CLOEXEC) | O_NONBLOCK;
    int mode = 0600 | (int)draw(0200), at = directory();
    const char *name = path();
    int got = openat(at, name, flags, mode);
    say(got < 0 ? -1 : 0, "openat(%u, %s, 0%o, 0%o)", slot_of(at), name, flags, mode);
    keep(got);
}

static void do_close(void)
{
    int number = some_fd();
    unsigned slot = slot_of(number);
    say(close(number), "close(%u)", slot);
    if (slot < FDS) fd[slot] = -1;
}

static void do_read(void)
{
    struct iovec vector[3] = {{buffer, draw(100)}, {buffer + 100, draw(1000)}, {buffer + 1100, draw(5000)}};
    int number = some_fd();
    uint32_t bytes = some_size(), kind = draw(4);
    long offset = (long)draw(draw(2) ? 400 : 20000) - (draw(50) == 0 ? 500 : 0);
    memset(buffer, 0, sizeof buffer);
    long got = kind == 0   ? read(number, buffer, bytes)
               : kind == 1 ? pread(number, buffer, bytes, offset)
               : kind == 2 ? readv(number, vector, 3)
                           : preadv(number, vector, 3, offset);
    say(got, "read %u(%u, %u, %ld): %x", kind, slot_of(number), bytes, offset, got > 0 ? hash(buffer, BUFFER) : 0);
}

static void do_write(void)
{
    struct iovec vector[3] = {{buffer, draw(100)}, {buffer + 100, draw(1000)}, {buffer + 1100, draw(5000)}};
    int number = some_fd();
    uint32_t bytes = some_size(), kind = draw(4);
    long offset = (long)draw(draw(2) ? 400 : 20000) - (draw(50) == 0 ? 500 : 0);
    fill(BUFFER);
    long got = kind == 0   ? write(number, buffer, bytes)
               : kind == 1 ? pwrite(number, buffer, bytes, offset)
               : kind == 2 ? writev(number, vector, 3)
                           : pwritev(number, vector, 3, offset);
    say(got, "write %u(%u, %u, %ld)", kind, slot_of(number), bytes, offset);
}

static void do_seek(void)
{
    int number = some_fd(), whence = (int)draw(3);
    if (draw(20) == 0) whence = 77;
    struct stat status;
    /* Where in a directory one is means something to its file system alone. */
    if (fstat(number, &status) == 0 && S_ISDIR(status.st_mode)) return;
    long offset = (long)draw(draw(2) ? 400 : 20000) - (draw(3) == 0 ? 500 : 0);
    say(lseek(number, offset, whence), "lseek(%u, %ld, %d)", slot_of(number), offset, whence);
}

static void do_truncate(void)
{
    long size = draw(20) ? (long)draw(12000) : -1;
    if (draw(2)) {
        const char *name = path();
        say(truncate(name, size), "truncate(%s, %ld)", name, size);
    } else {
        int number = some_fd();
        say(ftruncate(number, size), "ftruncate(%u, %ld)", slot_of(number), size);
    }
}

static void do_rename(void)
{
    const char *from = path(), *to = path();
    int at = directory(), other = directory();
    unsigned flags = draw(2) ? 0 : draw(4);
    say(syscall(SYS_renameat2, at, from, other, to, flags), "renameat2(%u, %s, %u, %s, %u)", slot_of(at), from,
        slot_of(other), to, flags);
}

static void do_link(void)
{
    const char *from = path(), *to = path();
    int at = directory(), other = directory(), flags = draw(3) ? 0 : draw(2) ? AT_SYMLINK_FOLLOW : 2;
    say(linkat(at, from, other, to, flags), "linkat(%u, %s, %u, %s, 0x%x)", slot_of(at), from, slot_of(other), to,
        flags);
}

static void do_symlink(void)
{
    char target[1200] = "";
    const char *name = path();
    int at = directory();
    make_path(target, draw(4) == 0);
    say(symlinkat(target, at, name), "symlinkat(%s, %u, %s)", target, slot_of(at), name);
}

static void do_readlink(void)
{
    char target[1300] = "";
    const char *name = path();
    int at = directory(), bytes = draw(8) ? 1200 : (int)draw(5);
    say(readlinkat(at, name, target, (size_t)bytes), "readlinkat(%u, %s, %d): %s", slot_of(at), name, bytes, target);
}

static void do_remove(void)
{
    const char *name = path();
    int at = directory(), flags = draw(3) == 0 ? AT_REMOVEDIR : 0;
    say(unlinkat(at, name, flags), "unlinkat(%u, %s, 0x%x)", slot_of(at), name, flags);
}

static void do_make(void)
{
    const char *name = path();
    int at = directory(), mode = 0700 | (int)draw(0100);
    switch (draw(6)) {
    case 0: say(mknodat(at, name, S_IFIFO | 0600, 0), "mkfifo(%u, %s)", slot_of(at), name); break;
    case 1: say(mknodat(at, name, S_IFREG | 0640, 0), "mknod(%u, %s)", slot_of(at), name); break;
    default: say(mkdirat(at, name, (mode_t)mode), "mkdirat(%u, %s, 0%o)", slot_of(at), name, mode);
    }
}

static void say_stat(int result, const struct stat *s, const char *what, int at, const char *name)
{
    bool directory = result == 0 && S_ISDIR(s->st_mode);
    if (result < 0)
        say(-1, "%s(%u, %s)", what, slot_of(at), name);
    else
        say(0, "%s(%u, %s): mode 0%o links %u size %lld", what, slot_of(at), name, s->st_mode,
            directory ? 0 : (unsigned)s->st_nlink, directory ? 0 : (long long)s->st_size);
}

static void do_stat(void)
{
    struct stat status;
    struct statx extended = {0};
    int at = directory();
    const char *name = path();
    uint32_t kind = draw(4);
    if (kind == 3) {
        int flags = draw(2) ? AT_SYMLINK_NOFOLLOW : draw(2) ? AT_EMPTY_PATH : 0;
        long got = syscall(SYS_statx, at, draw(5) ? name : "", flags, STATX_BASIC_STATS, &extended);
        say(got, "statx(%u, %s, 0x%x): mode 0%o", slot_of(at), name, flags, got < 0 ? 0 : extended.stx_mode);
        return;
    }
    if (kind == 0)
        say_stat(stat(name, &status), &status, "stat", AT_FDCWD, name);
    else if (kind == 1)
        say_stat(fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW), &status, "lstat", at, name);
    else
        say_stat(fstat(at, &status), &status, "fstat", at, "");
}

static void do_mode(void)
{
    int at = directory(), mode = 0700 | (int)draw(0100);
    const char *name = path();
    struct stat status;
    if (fstat(at, &status) == 0 && S_ISFIFO(status.st_mode)) return;
    if (draw(2))
        say(fchmod(at, (mode_t)mode), "fchmod(%u, 0%o)", slot_of(at), mode);
    else
        say(fchmodat(at, name, (mode_t)mode, 0), "fchmodat(%u, %s, 0%o)", slot_of(at), name, mode);
}

static void do_directory(void)
{
    char where[4096] = "";
    const char *name = path();
    int number = some_fd();
    if (draw(2))
        say(chdir(name), "chdir(%s)", name);
    else
        say(fchdir(number), "fchdir(%u)", slot_of(number));
    /* Never far up, where other people's files are. */
    unsigned depth = 0;
    const char *from = getcwd(where, sizeof where), *at = from ? strstr(from, "/base") : NULL;
    for (const char *c = at ? at : ""; *c; c++) depth += *c == '/';
    if (!at || depth < DEPTH - 4 || draw(3) == 0) {
        fchdir(base);
        getcwd(where, sizeof where);
        at = strstr(where, "/base");
    }
    say(0, "at %s", at);
}

static void do_list(void)
{
    const char *name = path();
    uint32_t sum = 0, count = 0;
    DIR *list = opendir(name);
    for (struct dirent *found; list && (found = readdir(list)); count++)
        sum += hash(found->d_name, (long)strlen(found->d_name)) * (found->d_type + 1u);
    say(list ? (long)count : -1, "list(%s): %x", name, sum);
    if (list) closedir(list);
}

static void do_duplicate(void)
{
    int number = some_fd(), other = some_fd();
    uint32_t kind = draw(4);
    if (kind == 0) {
        int got = fcntl(number, F_DUPFD_CLOEXEC, 20);
        say(got < 0 ? -1 : 0, "dup(%u): %d", slot_of(number), got < 0 ? -1 : fcntl(got, F_GETFD));
        keep(got);
    } else if (kind == 1 && other >= 0 && other < 500) {
        say(dup3(number, other, 0) < 0 ? -1 : 0, "dup3(%u, %u)", slot_of(number), slot_of(other));
    } else if (kind == 2) {
        say(fcntl(number, F_GETFL), "getfl(%u)", slot_of(number));
    } else {
        int flags = (draw(2) ? O_APPEND : 0) | O_NONBLOCK;
        say(fcntl(number, F_SETFL, flags), "setfl(%u, 0%o)", slot_of(number), flags);
    }
}

static void do_access(void)
{
    int at = directory(), mode = (int)draw(7), flags = draw(2) ? 0 : AT_SYMLINK_NOFOLLOW;
    const char *name = path();
    if (mode & X_OK) mode = F_OK; /* who may execute differs for a superuser */
    say(syscall(SYS_faccessat2, at, name, mode, flags), "access(%u, %s, %d, 0x%x)", slot_of(at), name, mode, flags);
}

static void do_times(void)
{
    struct timespec times[2] = {{draw(1000000), draw(1000) * 1000}, {draw(1000000), 5}};
    struct stat status;
    int at = directory(), flags = draw(2) ? 0 : AT_SYMLINK_NOFOLLOW;
    const char *name = path();
    int got = utimensat(at, name, times, flags);
    say(got, "utimensat(%u, %s, 0x%x)", slot_of(at), name, flags);
    if (got == 0 && fstatat(at, name, &status, flags) == 0)
        say(0, "times %ld.%ld %ld.%ld", (long)status.st_atim.tv_sec, status.st_atim.tv_nsec,
            (long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

static void do_copy(void)
{
    int from = some_fd(), to = some_fd();
    uint32_t bytes = some_size();
    off64_t in = draw(3000), out = draw(3000);
    bool in_given = draw(2), out_given = draw(2);
    if (draw(2)) {
        long got = sendfile64(to, from, in_given ? &in : NULL, bytes);
        say(got, "sendfile(%u, %u, %d, %u): %lld", slot_of(to), slot_of(from), in_given, bytes, (long long)in);
    } else {
        long got = copy_file_range(from, in_given ? &in : NULL, to, out_given ? &out : NULL, bytes, 0);
        say(got, "copy_file_range(%u, %d, %u, %d, %u): %lld %lld", slot_of(from), in_given, slot_of(to), out_given,
            bytes, (long long)in, (long long)out);
    }
}

static void do_lock(void)
{
    static const int operations[] = {LOCK_SH, LOCK_EX, LOCK_UN, LOCK_SH, LOCK_UN};
    int number = some_fd();
    if (draw(2)) {
        int operation = operations[draw(5)] | LOCK_NB;
        say(flock(number, operation), "flock(%u, %d)", slot_of(number), operation);
    } else {
        static const int commands[] = {F_SETLK, F_GETLK, F_OFD_SETLK, F_OFD_GETLK};
        struct flock64 lock = {.l_type = (short)draw(3),
                               .l_whence = (short)draw(2),
                               .l_start = draw(50),
                               .l_len = (int)draw(40) - (draw(3) ? 0 : 20)};
        int which = (int)draw(4), command = commands[which], type = lock.l_type;
        if (command == F_OFD_GETLK && type == F_UNLCK) return; /* means something in newer kernels */
        long got = fcntl(number, command, &lock);
        if (lock.l_pid > 0) lock.l_pid = 1;
        say(got, "lock(%u, %d, %d): %d %d %lld %lld %d", slot_of(number), which, type, lock.l_type, lock.l_whence,
            (long long)lock.l_start, (long long)lock.l_len, lock.l_pid);
    }
}

static void do_pipe(void)
{
    int ends[2], got = pipe2(ends, O_NONBLOCK);
    say(got, "pipe2");
    if (got < 0) return;
    keep(ends[0]);
    keep(ends[1]);
}

static void do_poll(void)
{
    struct pollfd set[3] = {{some_fd(), POLLIN, 0}, {some_fd(), POLLOUT, 0}, {some_fd(), POLLIN | POLLOUT, 0}};
    int got = poll(set, 3, 0), bytes = 0;
    say(got, "poll(%u, %u, %u): %x %x %x", slot_of(set[0].fd), slot_of(set[1].fd), slot_of(set[2].fd), set[0].revents,
        set[1].revents, set[2].revents);
    struct stat status;
    if (fstat(set[0].fd, &status) < 0 || S_ISDIR(status.st_mode)) return;
    got = ioctl(set[0].fd, FIONREAD, &bytes);
    say(got, "available(%u): %d", slot_of(set[0].fd), bytes);
}

/* Two shared mappings of a page of a file, a private one, and the file's own calls see each other's bytes. */
static void do_map(void)
{
    int number = some_fd();
    uint32_t page = draw(3) * 4096;
    struct stat status;
    bool long_enough = fstat(number, &status) == 0 && status.st_size > (off_t)page + 64;
    char *one = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, number, (off_t)page);
    say(one == MAP_FAILED ? -1 : 0, "mmap(%u, %u)", slot_of(number), page);
    char *two = mmap(NULL, 4096, PROT_READ, draw(2) ? MAP_SHARED : MAP_PRIVATE, number, (off_t)page);
    say(two == MAP_FAILED ? -1 : 0, "mmap(%u, %u)", slot_of(number), page);
    if (long_enough && one != MAP_FAILED) {
        for (unsigned i = 0; i < 64; i++) one[draw(64)] = (char)draw(256);
        if (two != MAP_FAILED) say(0, "mapped %x", hash(two, 64));
        char read[64] = {0};
        pread(number, read, 64, (off_t)page);
        say(0, "read %x", hash(read, 64));
        fill(64);
        pwrite(number, buffer, 40, (off_t)page + 3);
        say(0, "mapped %x", hash(one, 64));
        if (draw(2)) say(msync(one, 4096, MS_SYNC), "msync");
    }
    if (one != MAP_FAILED) munmap(one, 4096);
    if (two != MAP_FAILED) munmap(two, 4096);
}

static void do_allocate(void)
{
    int number = some_fd();
    long offset = draw(5000), bytes = (long)draw(5000) - (draw(20) == 0 ? 6000 : 0);
    say(fallocate(number, 0, offset, bytes), "fallocate(%u, %ld, %ld)", slot_of(number), offset, bytes);
}

int main(int argc, char **argv)
{
    static void (*const calls[])(void) = {
        do_open,  do_open,     do_open,   do_open, do_close, do_read,      do_read,   do_write,     do_write,
        do_seek,  do_truncate, do_rename, do_link, do_link,  do_symlink,   do_remove, do_readlink,  do_remove,
        do_make,  do_make,     do_stat,   do_stat, do_mode,  do_directory, do_list,   do_duplicate, do_access,
        do_times, do_copy,     do_lock,   do_lock, do_pipe,  do_poll,      do_map,    do_allocate,
    };
    if (argc < 3) return 2;
    seed = (uint32_t)atoi(argv[1]) * 2654435761u | 1;
    signal(SIGPIPE, SIG_IGN);
    umask(022);
    for (unsigned i = 0; i < DEPTH; i++) {
        if (mkdir("base", 0755) < 0 || chdir("base") < 0) return perror("base"), 1;
    }
    base = fcntl(open(".", O_RDONLY | O_DIRECTORY), F_DUPFD, 300);
    for (unsigned i = 0; i < FDS; i++) fd[i] = -1;
    for (step_number = 0; step_number < (unsigned)atoi(argv[2]); step_number++)
        calls[draw(sizeof calls / sizeof calls[0])]();
    return 0;
}
