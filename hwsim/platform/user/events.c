/* events.c -- eventfd and timerfd: numbers that are read from a descriptor. */
#define _GNU_SOURCE
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include "hwsim/platform/user/internal.h"

/* ---- eventfd ---- */

#define EVENT_MAX (UINT64_MAX - 1)

static int64_t make_event(struct user *user, uint32_t count, uint32_t flags)
{
    if (flags & ~(uint32_t)(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)) return -EINVAL;
    struct file *file = file_create(FILE_EVENT, O_RDWR | (int)(flags & EFD_NONBLOCK), -1);
    if (!file) return -ENOMEM;
    file->event = (struct event){.count = count, .semaphore = flags & EFD_SEMAPHORE};
    return file_install(user, file, 0, flags & EFD_CLOEXEC);
}

int64_t sys_eventfd(struct user *user, const uint32_t *a) { return make_event(user, a[0], 0); }
int64_t sys_eventfd2(struct user *user, const uint32_t *a) { return make_event(user, a[0], a[1]); }

int64_t event_read(struct user *user, struct file *file, uint8_t *to, size_t bytes)
{
    struct event *event = &file->event;
    if (bytes < sizeof event->count) return -EINVAL;
    if (!event->count) return file->flags & O_NONBLOCK ? -EAGAIN : schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
    uint64_t taken = event->semaphore ? 1 : event->count;
    event->count -= taken;
    memcpy(to, &taken, sizeof taken);
    return sizeof taken;
}

int64_t event_write(struct user *user, struct file *file, const uint8_t *from, size_t bytes)
{
    uint64_t added;
    if (bytes < sizeof added) return -EINVAL;
    memcpy(&added, from, sizeof added);
    if (added > EVENT_MAX) return -EINVAL;
    if (added > EVENT_MAX - file->event.count)
        return file->flags & O_NONBLOCK ? -EAGAIN : schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
    file->event.count += added;
    file->changes++;
    return sizeof added;
}

unsigned event_poll(const struct file *file)
{
    return (file->event.count ? POLLIN | POLLRDNORM : 0) | (file->event.count < EVENT_MAX ? POLLOUT | POLLWRNORM : 0);
}

/* ---- timerfd ---- */

static struct file *timer_at(const struct user *user, uint32_t descriptor, int64_t *status)
{
    struct file *file = file_at(user, descriptor);
    *status = !file || file->kind == FILE_PATH ? -EBADF : file->kind != FILE_TIMER ? -EINVAL : 0;
    return *status < 0 ? NULL : file;
}

int64_t sys_timerfd_create(struct user *user, const uint32_t *a)
{
    if (a[1] & ~(uint32_t)(TFD_CLOEXEC | TFD_NONBLOCK)) return -EINVAL;
    if (a[0] != CLOCK_REALTIME && a[0] != CLOCK_MONOTONIC && a[0] != CLOCK_BOOTTIME)
        return a[0] == CLOCK_REALTIME_ALARM || a[0] == CLOCK_BOOTTIME_ALARM ? -EPERM : -EINVAL;
    struct file *file = file_create(FILE_TIMER, O_RDWR | (int)(a[1] & TFD_NONBLOCK), -1);
    if (!file) return -ENOMEM;
    file->wall = a[0] == CLOCK_REALTIME;
    file->next = user->timer_files;
    user->timer_files = file;
    return file_install(user, file, 0, a[1] & TFD_CLOEXEC);
}

/* How often it has expired since it was last read. */
static uint64_t expirations(const struct user *user, const struct timer *timer)
{
    uint64_t now = time_now(user);
    if (!timer->expiry || timer->expiry > now) return 0;
    return timer->interval ? (now - timer->expiry) / timer->interval + 1 : 1;
}

void timer_file_close(struct user *user, struct file *file)
{
    struct file **link = &user->timer_files;
    while (*link != file) link = &(*link)->next;
    *link = file->next;
}

uint64_t timer_files_next(const struct user *user)
{
    uint64_t next = UINT64_MAX;
    for (const struct file *file = user->timer_files; file; file = file->next)
        if (!file->fired && file->timer.expiry && file->timer.expiry < next) next = file->timer.expiry;
    return next;
}

void timer_files_fire(struct user *user)
{
    for (struct file *file = user->timer_files; file; file = file->next) {
        if (file->fired || !expirations(user, &file->timer)) continue;
        file->fired = true;
        schedule_look(user);
    }
}

unsigned timer_file_poll(const struct user *user, const struct file *file)
{
    return expirations(user, &file->timer) ? POLLIN | POLLRDNORM : 0;
}

int64_t timer_file_read(struct user *user, struct file *file, uint8_t *to, size_t bytes)
{
    struct timer *timer = &file->timer;
    uint64_t count = expirations(user, timer);
    if (bytes < sizeof count) return -EINVAL;
    if (!count) return file->flags & O_NONBLOCK ? -EAGAIN : schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
    timer->expiry = timer->interval ? timer->expiry + count * timer->interval : 0;
    file->fired = false;
    core_event_changed(user->core);
    memcpy(to, &count, sizeof count);
    return sizeof count;
}

/* Interval, then time left. */
static int64_t put_timer(struct user *user, uint32_t address, enum time_form form, const struct timer *timer)
{
    uint64_t now = time_now(user), next = timer->expiry;
    uint32_t half = form == TIME_64 ? 16 : 8;
    if (next && next <= now && timer->interval) next += ((now - next) / timer->interval + 1) * timer->interval;
    uint64_t left = next > now ? next - now : 0;
    if (space_accessible(user, address, 2 * half, true) != 2 * half) return -EFAULT;
    time_put(user, address, form, timer->interval);
    return time_put(user, address + half, form, left);
}

static int64_t set_timer(struct user *user, const uint32_t *a, enum time_form form)
{
    int64_t status;
    uint64_t interval, value;
    uint32_t half = form == TIME_64 ? 16 : 8;
    if (a[1] & ~(uint32_t)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) return -EINVAL;
    if ((status = time_get(user, a[2], form, &interval)) < 0) return status;
    if ((status = time_get(user, a[2] + half, form, &value)) < 0) return status;
    struct file *file = timer_at(user, a[0], &status);
    if (!file) return status;
    if (a[3] && (status = put_timer(user, a[3], form, &file->timer)) < 0) return status;
    uint64_t now = time_now(user), zero = file->wall ? time_wall(user) - now : 0;
    uint64_t expiry = !(a[1] & TFD_TIMER_ABSTIME) ? now + value : value > zero + now ? value - zero : now;
    file->timer = (struct timer){.expiry = value ? (expiry ? expiry : 1) : 0, .interval = interval};
    file->fired = false;
    file->changes++;
    core_event_changed(user->core);
    return 0;
}

static int64_t get_timer(struct user *user, const uint32_t *a, enum time_form form)
{
    int64_t status;
    struct file *file = timer_at(user, a[0], &status);
    return file ? put_timer(user, a[1], form, &file->timer) : status;
}

int64_t sys_timerfd_settime(struct user *user, const uint32_t *a) { return set_timer(user, a, TIME_32); }
int64_t sys_timerfd_settime64(struct user *user, const uint32_t *a) { return set_timer(user, a, TIME_64); }
int64_t sys_timerfd_gettime(struct user *user, const uint32_t *a) { return get_timer(user, a, TIME_32); }
int64_t sys_timerfd_gettime64(struct user *user, const uint32_t *a) { return get_timer(user, a, TIME_64); }
