/* control.c -- fcntl and ioctl. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

/* What stays of an open file for good (MFD_ALLOW_SEALING): the host keeps it. */
static int64_t seals(const struct file *file, int command, uint32_t value)
{
    if (file->kind != FILE_REGULAR) return -EINVAL;
    int result = fcntl(file->host, command, value);
    return result < 0 ? -errno : result;
}

static int64_t set_flags(struct file *file, int flags)
{
    enum { SETTABLE = O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME };
    file->flags = (file->flags & ~SETTABLE) | (flags & SETTABLE);
    if (file->kind == FILE_REGULAR) fcntl(file->host, F_SETFL, file->flags & O_APPEND);
    return 0;
}

int64_t sys_fcntl(struct user *user, const uint32_t *a)
{
    enum { GETLK = 5, SETLK, SETLKW, GETLK64 = 12, SETLK64, SETLKW64, OFD_GETLK = 36, OFD_SETLK, OFD_SETLKW };
    struct file *file = file_at(user, a[0]);
    bool *close_on_exec = user->process->files.close_on_exec;
    if (!file) return -EBADF;
    switch (a[1]) { /* all that a file may be asked that only names a place */
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: return file_duplicate(user, a[0], a[2], a[1] == F_DUPFD_CLOEXEC);
    case F_GETFD: return close_on_exec[a[0]];
    case F_SETFD: close_on_exec[a[0]] = a[2] & 1; return 0;
    case F_GETFL: return file->flags;
    default: break;
    }
    if (file->kind == FILE_PATH) return -EBADF;
    switch (a[1]) {
    case F_SETFL: return set_flags(file, (int)a[2]);
    case GETLK:
    case GETLK64:
    case OFD_GETLK: return lock_control(user, file, LOCK_GET, a[2], a[1] != GETLK, a[1] == OFD_GETLK);
    case SETLK:
    case SETLK64:
    case OFD_SETLK: return lock_control(user, file, LOCK_TRY, a[2], a[1] != SETLK, a[1] == OFD_SETLK);
    case SETLKW:
    case SETLKW64:
    case OFD_SETLKW: return lock_control(user, file, LOCK_WAIT, a[2], a[1] != SETLKW, a[1] == OFD_SETLKW);
    case F_GETPIPE_SZ:
    case F_SETPIPE_SZ:
        if (file->kind != FILE_PIPE) return -EBADF;
        return a[1] == F_GETPIPE_SZ ? pipe_size(file) : pipe_resize(file, a[2]);
    case F_ADD_SEALS:
    case F_GET_SEALS: return seals(file, (int)a[1], a[2]);
    case F_GETOWN:
    case F_GETSIG:
    case F_SETOWN: /* who is told of what O_ASYNC asks for: nothing comes */
    case F_SETSIG: return 0;
    case F_GETLEASE: return file->kind == FILE_REGULAR ? F_UNLCK : -EINVAL;
    default: return -EINVAL;
    }
}

/* ---- ioctl ---- */

static int64_t available(const struct file *file)
{
    struct stat host;
    if (file->socket) return (int64_t)socket_available(file);
    if (file->in || file->out) return (int64_t)pipe_available(file);
    if (file->host < 0 || fstat(file->host, &host) < 0 || !S_ISREG(host.st_mode)) return 0;
    return host.st_size - lseek(file->host, 0, SEEK_CUR);
}

int64_t sys_ioctl(struct user *user, const uint32_t *a)
{
    enum {
        FIONREAD = 0x541b,
        FIONBIO = 0x5421,
        FIONCLEX = 0x5450,
        FIOCLEX = 0x5451,
        FIOASYNC = 0x5452,
    };
    struct file *file = file_at(user, a[0]);
    if (!file || file->kind == FILE_PATH) return -EBADF;
    switch (a[1]) {
    case FIONBIO: {
        uint32_t on;
        if (!user_get(user, a[2], &on, sizeof on)) return -EFAULT;
        file->flags = (file->flags & ~O_NONBLOCK) | (on ? O_NONBLOCK : 0);
        return 0;
    }
    case FIOASYNC: return 0; /* nobody is told */
    case FIOCLEX:
    case FIONCLEX: user->process->files.close_on_exec[a[0]] = a[1] == FIOCLEX; return 0;
    case FIONREAD: {
        int32_t count = (int32_t)available(file);
        if (file->kind == FILE_DEVICE || file->kind == FILE_DIRECTORY) return -ENOTTY;
        return user_put(user, a[2], &count, sizeof count) ? 0 : -EFAULT;
    }
    default: break;
    }
    return terminal_control(user, file, a[1], a[2]);
}
