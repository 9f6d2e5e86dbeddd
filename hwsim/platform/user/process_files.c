/* process_files.c -- pidfd: a process as a file. It stays that one's when the process is gone: no id is given twice. */
#define _GNU_SOURCE
#include <poll.h>

#include "hwsim/platform/user/internal.h"

struct file *process_file_create(uint32_t process, int flags)
{
    struct file *file = file_create(FILE_PROCESS, O_RDWR | flags, -1);
    if (file) file->process = process;
    return file;
}

struct file *process_file_at(const struct user *user, uint32_t descriptor)
{
    struct file *file = file_at(user, descriptor);
    return file && file->kind == FILE_PROCESS ? file : NULL;
}

int64_t sys_pidfd_open(struct user *user, const uint32_t *a)
{
    if (a[1] & ~(uint32_t)O_NONBLOCK || (int32_t)a[0] <= 0) return -EINVAL;
    if (a[0] != GUEST_PARENT && !task_process(user, a[0])) return task_thread(user, a[0]) ? -EINVAL : -ESRCH;
    struct file *file = process_file_create(a[0], (int)a[1]);
    return file ? file_install(user, file, 0, true) : -ENOMEM;
}

static bool has_ended(const struct user *user, uint32_t id)
{
    const struct process *process = task_process(user, id);
    return process ? process->ended : id != GUEST_PARENT;
}

unsigned process_file_poll(const struct user *user, const struct file *file)
{
    return has_ended(user, file->process) ? POLLIN | POLLRDNORM : 0;
}

int64_t sys_pidfd_getfd(struct user *user, const uint32_t *a)
{
    const struct file *of = process_file_at(user, a[0]);
    if (a[2]) return -EINVAL;
    if (!of) return -EBADF;
    const struct process *process = task_process(user, of->process);
    if (!process) return of->process == GUEST_PARENT ? -EPERM : -ESRCH;
    struct file *file = file_of(process, a[1]);
    if (!file) return -EBADF;
    file->references++;
    return file_install(user, file, 0, true);
}
