/* wait.c -- system calls that wait for descriptors. */
#include <poll.h>

#include "hwsim/platform/user/internal.h"

enum { SELECT_MAX = 1024, POLL_MAX = 1024 };

/* ---- poll ---- */

unsigned file_poll(struct user *user, const struct file *file)
{
    enum { ALWAYS = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM };
    switch (file->kind) {
    case FILE_PIPE: return pipe_poll(file);
    case FILE_SOCKET: return socket_poll(file);
    case FILE_EVENT: return event_poll(file);
    case FILE_TIMER: return timer_file_poll(user, file);
    case FILE_SIGNAL: return signal_file_poll(user, file);
    case FILE_PROCESS: return process_file_poll(user, file);
    case FILE_EPOLL: return epoll_poll(user, file);
    case FILE_STREAM: /* as the pipe that it looks like; a terminal does both */
        return user->params.tty && !file->seekable ? ALWAYS
               : file->seekable                    ? ALWAYS
               : file->stream                      ? POLLOUT | POLLWRNORM
                                                   : POLLIN | POLLRDNORM;
    default: return ALWAYS;
    }
}

uint64_t file_changes(const struct user *user, const struct file *file)
{
    if (file->in || file->out) return file->changes + pipe_changes(file);
    if (file->kind == FILE_SIGNAL) return file->changes + user->process->arrivals;
    if (file->kind == FILE_PROCESS) return file->changes + process_file_poll(user, file);
    return file->changes + (file->kind == FILE_TIMER ? timer_file_poll(user, file) : 0);
}

static unsigned poll_events(struct user *user, int32_t descriptor, unsigned wanted)
{
    const struct file *file = file_at(user, (uint32_t)descriptor);
    if (!file || file->kind == FILE_PATH) return POLLNVAL;
    return file_poll(user, file) & (wanted | POLLERR | POLLHUP);
}

/* Nothing is ready: 0 when the time is over, else the call waits. */
static int64_t nothing_ready(struct user *user, uint64_t until)
{
    return until <= time_now(user) ? 0 : schedule_block(user, until, RESTART_NO_HANDLER);
}

static int64_t poll_until(struct user *user, uint32_t address, uint32_t count, uint64_t until)
{
    struct {
        int32_t descriptor;
        uint16_t events, found;
    } set[POLL_MAX];
    int64_t ready = 0;
    if (count > POLL_MAX) return -EINVAL;
    if (!user_get(user, address, set, count * sizeof set[0])) return -EFAULT;
    for (uint32_t i = 0; i < count; i++) {
        set[i].found = (uint16_t)(set[i].descriptor < 0 ? 0 : poll_events(user, set[i].descriptor, set[i].events));
        ready += set[i].found != 0;
    }
    if (!ready) ready = nothing_ready(user, until);
    if (ready < 0) return ready;
    if (!user_put(user, address, set, count * sizeof set[0])) return -EFAULT;
    return ready;
}

/* When a wait given as a timespec ends; 0 or -errno. */
static int64_t deadline(struct user *user, uint32_t address, enum time_form form, uint64_t *until)
{
    uint64_t ns = 0;
    *until = UINT64_MAX;
    if (!address) return 0;
    int status = time_get(user, address, form, &ns);
    *until = schedule_deadline(user, time_now(user) + ns);
    return status;
}

int64_t sys_poll(struct user *user, const uint32_t *a)
{
    uint64_t until =
        (int32_t)a[2] < 0 ? UINT64_MAX : schedule_deadline(user, time_now(user) + a[2] * UINT64_C(1000000));
    return poll_until(user, a[0], a[1], until);
}

static int64_t poll_masked(struct user *user, const uint32_t *a, enum time_form form)
{
    uint64_t until;
    int mask_status;
    int64_t status = deadline(user, a[2], form, &until);
    if (status < 0) return status;
    return signal_swap_mask(user, a[3], a[4], &mask_status) ? poll_until(user, a[0], a[1], until) : mask_status;
}

int64_t sys_ppoll(struct user *user, const uint32_t *a) { return poll_masked(user, a, TIME_32); }
int64_t sys_ppoll_time64(struct user *user, const uint32_t *a) { return poll_masked(user, a, TIME_64); }

/* ---- select ---- */

static int64_t select_until(struct user *user, uint32_t count, const uint32_t address[3], uint64_t until)
{
    static const unsigned wanted[3] = {POLLIN, POLLOUT, POLLPRI};
    uint32_t in[3][SELECT_MAX / 32] = {{0}}, out[3][SELECT_MAX / 32] = {{0}};
    int64_t ready = 0;
    if ((int32_t)count < 0) return -EINVAL;
    count = count > SELECT_MAX ? SELECT_MAX : count;
    size_t bytes = (count + 31) / 32 * 4;
    for (unsigned set = 0; set < 3; set++)
        if (address[set] && !user_get(user, address[set], in[set], bytes)) return -EFAULT;
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned set = 0; set < 3; set++) {
            if (!(in[set][i / 32] >> i % 32 & 1)) continue;
            unsigned events = poll_events(user, (int32_t)i, wanted[set]);
            if (events & POLLNVAL) return -EBADF;
            out[set][i / 32] |= (uint32_t)(events != 0) << i % 32;
            ready += events != 0;
        }
    }
    if (!ready) ready = nothing_ready(user, until);
    if (ready < 0) return ready;
    for (unsigned set = 0; set < 3; set++)
        if (address[set] && !user_put(user, address[set], out[set], bytes)) return -EFAULT;
    return ready;
}

static int64_t select_timeval(struct user *user, uint32_t count, const uint32_t address[3], uint32_t timeout)
{
    int32_t in[2];
    uint64_t until = UINT64_MAX;
    if (timeout) {
        if (!user_get(user, timeout, in, sizeof in)) return -EFAULT;
        if (in[0] < 0 || in[1] < 0) return -EINVAL;
        until =
            schedule_deadline(user, time_now(user) + (uint64_t)in[0] * UINT64_C(1000000000) + (uint64_t)in[1] * 1000);
    }
    int64_t status = select_until(user, count, address, until);
    if (timeout && status != BLOCKED) {
        uint64_t now = time_now(user), left = until > now ? until - now : 0;
        in[0] = (int32_t)(left / 1000000000);
        in[1] = (int32_t)(left % 1000000000 / 1000);
        user_put(user, timeout, in, sizeof in); /* Linux, too, does not mind when this fails */
    }
    return status;
}

int64_t sys_select(struct user *user, const uint32_t *a)
{
    uint32_t packed[5];
    return user_get(user, a[0], packed, sizeof packed) ? select_timeval(user, packed[0], packed + 1, packed[4])
                                                       : -EFAULT;
}
int64_t sys_newselect(struct user *user, const uint32_t *a) { return select_timeval(user, a[0], a + 1, a[4]); }

static int64_t select_masked(struct user *user, const uint32_t *a, enum time_form form)
{
    uint32_t mask[2] = {0, 8};
    uint64_t until;
    int mask_status;
    int64_t status = deadline(user, a[4], form, &until);
    if (status < 0) return status;
    if (a[5] && !user_get(user, a[5], mask, sizeof mask)) return -EFAULT;
    return signal_swap_mask(user, mask[0], mask[1], &mask_status) ? select_until(user, a[0], a + 1, until)
                                                                  : mask_status;
}

int64_t sys_pselect6(struct user *user, const uint32_t *a) { return select_masked(user, a, TIME_32); }
int64_t sys_pselect6_time64(struct user *user, const uint32_t *a) { return select_masked(user, a, TIME_64); }
