/* signal_files.c -- signalfd: pending signals that are read from a descriptor. It is always the reader whose signals
 * they are, whoever made the descriptor. */
#define _GNU_SOURCE
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>

#include "hwsim/platform/user/internal.h"

_Static_assert(sizeof(struct signalfd_siginfo) == SIGNAL_RECORD_BYTES, "the same on every Linux");

static int64_t make_or_change(struct user *user, const uint32_t *a, uint32_t flags)
{
    uint64_t wanted;
    if (a[2] != sizeof wanted) return -EINVAL;
    if (!user_get(user, a[1], &wanted, sizeof wanted)) return -EFAULT;
    if (flags & ~(uint32_t)(SFD_CLOEXEC | SFD_NONBLOCK)) return -EINVAL;
    wanted &= ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
    if (a[0] == UINT32_MAX) {
        struct file *file = file_create(FILE_SIGNAL, O_RDWR | (int)(flags & SFD_NONBLOCK), -1);
        if (!file) return -ENOMEM;
        file->signals = wanted;
        return file_install(user, file, 0, flags & SFD_CLOEXEC);
    }
    struct file *file = file_at(user, a[0]);
    if (!file || file->kind == FILE_PATH) return -EBADF;
    if (file->kind != FILE_SIGNAL) return -EINVAL;
    file->signals = wanted;
    file->changes++;
    return a[0];
}

int64_t sys_signalfd(struct user *user, const uint32_t *a) { return make_or_change(user, a, 0); }
int64_t sys_signalfd4(struct user *user, const uint32_t *a) { return make_or_change(user, a, a[3]); }

/* Which fields there are depends on who sent it, and why: as siginfo_layout in Linux's kernel/signal.c. */
static void encode(const struct signal_info *info, struct signalfd_siginfo *out)
{
    const uint32_t *field = info->field;
    bool kernel = info->code > SI_USER && info->code < SI_KERNEL, sent = false, value = info->code < 0;
    *out = (struct signalfd_siginfo){.ssi_signo = (uint32_t)info->number, .ssi_code = info->code};
    if (info->code == SI_TIMER) {
        out->ssi_tid = field[0];
        out->ssi_overrun = field[1];
    } else if (kernel && info->number == SIGCHLD) {
        sent = true;
        out->ssi_status = (int32_t)field[2];
    } else if (kernel && SIGNAL_BIT(info->number) & SIGNALS_OF_FAULTS) {
        out->ssi_addr = field[0];
    } else if (info->code == SI_SIGIO || (kernel && info->number == SIGIO)) {
        out->ssi_band = field[0];
        out->ssi_fd = (int32_t)field[1];
        value = false;
    } else {
        sent = true;
    }
    if (sent) {
        out->ssi_pid = field[0];
        out->ssi_uid = field[1];
    }
    if (value) {
        out->ssi_int = (int32_t)field[2];
        out->ssi_ptr = field[2];
    }
}

int64_t signal_file_read(struct user *user, struct file *file, uint8_t *to, size_t bytes)
{
    struct signalfd_siginfo record;
    struct signal_info info;
    size_t done = 0;
    if (bytes < sizeof record) return -EINVAL;
    while (bytes - done >= sizeof record && signal_take_pending(user, file->signals, &info)) {
        encode(&info, &record);
        memcpy(to + done, &record, sizeof record);
        done += sizeof record;
    }
    if (done) return (int64_t)done;
    return file->flags & O_NONBLOCK ? -EAGAIN : schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
}

unsigned signal_file_poll(const struct user *user, const struct file *file)
{
    return signals_pending(user->thread) & file->signals ? POLLIN | POLLRDNORM : 0;
}
