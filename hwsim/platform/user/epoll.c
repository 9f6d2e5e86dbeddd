/* epoll.c -- sets of watched files. What is ready is found by looking at each of them when somebody asks. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "hwsim/platform/user/snapshot.h"

enum { NESTING = 5 };
struct watch {
    struct file *file;
    uint32_t descriptor; /* under which it was added: with the file, what a watch is found by */
    uint32_t events;
    uint64_t data;
    bool reported;    /* since `changes`, for one that is edge-triggered; at all, for one that is one-shot */
    uint64_t changes; /* of the file, when it was reported last */
};
struct epoll {
    struct watch *watch; /* in the order in which they are reported */
    unsigned count, capacity;
    struct file *self;
    struct epoll *next;
};
/* As the guest lays it out: i386 aligns 64-bit numbers to 4. */
struct guest_event {
    uint32_t events, data[2];
};

static struct epoll *epoll_at(const struct user *user, uint32_t descriptor, int64_t *status)
{
    const struct file *file = file_at(user, descriptor);
    *status = !file ? -EBADF : file->kind != FILE_EPOLL ? -EINVAL : 0;
    return *status < 0 ? NULL : file->epoll;
}

static int64_t make_epoll(struct user *user, bool close_on_exec)
{
    struct file *file = file_create(FILE_EPOLL, O_RDWR, -1);
    struct epoll *epoll = calloc(1, sizeof *epoll);
    if (!file || !epoll) hw_panic(user->core, "no host memory for an epoll set");
    epoll->self = file;
    epoll->next = user->epolls;
    user->epolls = file->epoll = epoll;
    return file_install(user, file, 0, close_on_exec);
}

int64_t sys_epoll_create(struct user *user, const uint32_t *a)
{
    return (int32_t)a[0] <= 0 ? -EINVAL : make_epoll(user, false);
}
int64_t sys_epoll_create1(struct user *user, const uint32_t *a)
{
    return a[0] & ~(uint32_t)EPOLL_CLOEXEC ? -EINVAL : make_epoll(user, a[0] & EPOLL_CLOEXEC);
}

static void remove_watch(struct epoll *epoll, unsigned i)
{
    epoll->watch[i].file->watches--;
    epoll->count--;
    memmove(epoll->watch + i, epoll->watch + i + 1, (epoll->count - i) * sizeof epoll->watch[0]);
}

void epoll_forget(struct user *user, const struct file *file)
{
    for (struct epoll *epoll = user->epolls; epoll && file->watches; epoll = epoll->next)
        for (unsigned i = epoll->count; i-- > 0;)
            if (epoll->watch[i].file == file) remove_watch(epoll, i);
}

void epoll_close(struct user *user, struct file *file)
{
    struct epoll *epoll = file->epoll, **link = &user->epolls;
    while (*link != epoll) link = &(*link)->next;
    *link = epoll->next;
    while (epoll->count) remove_watch(epoll, epoll->count - 1);
    free(epoll->watch);
    free(epoll);
}

/* What a watch has to report now. */
static unsigned ready(struct user *user, const struct watch *watch)
{
    if (watch->events & EPOLLONESHOT && watch->reported) return 0;
    if (watch->events & EPOLLET && watch->reported && watch->changes == file_changes(user, watch->file)) return 0;
    return file_poll(user, watch->file) & (watch->events | POLLERR | POLLHUP);
}

unsigned epoll_poll(struct user *user, const struct file *file)
{
    for (unsigned i = 0; i < file->epoll->count; i++)
        if (ready(user, &file->epoll->watch[i])) return POLLIN | POLLRDNORM;
    return 0;
}

/* ---- changing a set ---- */

/* Does the set `from`, or one that it watches, watch `set`? Also where it is nested too deeply to tell. */
static bool reaches(const struct epoll *from, const struct epoll *set, unsigned depth)
{
    if (from == set || depth > NESTING) return true;
    for (unsigned i = 0; i < from->count; i++)
        if (from->watch[i].file->kind == FILE_EPOLL && reaches(from->watch[i].file->epoll, set, depth + 1)) return true;
    return false;
}

static int64_t add(struct user *user, struct epoll *epoll, struct watch watch)
{
    if (watch.file->kind == FILE_EPOLL && reaches(watch.file->epoll, epoll, 0)) return -ELOOP;
    if (epoll->count == epoll->capacity) {
        unsigned capacity = epoll->capacity ? 2 * epoll->capacity : 8;
        struct watch *more = realloc(epoll->watch, capacity * sizeof *more);
        if (!more) hw_panic(user->core, "no host memory for an epoll set");
        epoll->watch = more;
        epoll->capacity = capacity;
    }
    watch.file->watches++;
    epoll->watch[epoll->count++] = watch;
    return 0;
}

/* Has it something to wait for? Linux cannot wait for the others. */
static bool may_be_watched(const struct file *file)
{
    switch (file->kind) {
    case FILE_REGULAR:
    case FILE_DIRECTORY:
    case FILE_TEXT: return false;
    case FILE_DEVICE: return file->device == DEVICE_RANDOM || file->device == DEVICE_TTY;
    default: return true;
    }
}

int64_t sys_epoll_ctl(struct user *user, const uint32_t *a)
{
    struct guest_event in = {0};
    int64_t status;
    if (a[1] != EPOLL_CTL_DEL && !user_get(user, a[3], &in, sizeof in)) return -EFAULT;
    struct epoll *epoll = epoll_at(user, a[0], &status);
    struct file *file = file_at(user, a[2]);
    if (status == -EBADF || !file || file->kind == FILE_PATH) return -EBADF;
    if (!may_be_watched(file)) return -EPERM;
    if (!epoll || epoll->self == file) return -EINVAL;
    unsigned i = 0;
    while (i < epoll->count && (epoll->watch[i].file != file || epoll->watch[i].descriptor != a[2])) i++;
    bool found = i < epoll->count;
    struct watch watch = {
        .file = file, .descriptor = a[2], .events = in.events, .data = in.data[0] | (uint64_t)in.data[1] << 32};
    switch (a[1]) {
    case EPOLL_CTL_ADD: return found ? -EEXIST : add(user, epoll, watch);
    case EPOLL_CTL_MOD:
        if (found) epoll->watch[i] = watch;
        return found ? 0 : -ENOENT;
    case EPOLL_CTL_DEL:
        if (found) remove_watch(epoll, i);
        return found ? 0 : -ENOENT;
    default: return -EINVAL;
    }
}

/* ---- waiting ---- */

/* Reports up to `room` watches that are ready, and puts these behind the others. */
static int64_t report(struct user *user, struct epoll *epoll, uint32_t address, uint32_t room)
{
    uint32_t done = 0;
    for (unsigned i = 0, looked = 0, count = epoll->count; looked < count && done < room; looked++) {
        struct watch watch = epoll->watch[i];
        struct guest_event out = {ready(user, &watch), {(uint32_t)watch.data, (uint32_t)(watch.data >> 32)}};
        if (!out.events) {
            i++;
            continue;
        }
        if (!user_put(user, address + done * (uint32_t)sizeof out, &out, sizeof out))
            return done ? (int64_t)done : -EFAULT;
        watch.reported = true;
        watch.changes = file_changes(user, watch.file);
        memmove(epoll->watch + i, epoll->watch + i + 1, (count - i - 1) * sizeof watch);
        epoll->watch[count - 1] = watch;
        done++;
    }
    return done;
}

static int64_t wait_until(struct user *user, const uint32_t *a, uint64_t until)
{
    enum { EVENTS_MAX = INT32_MAX / (int)sizeof(struct guest_event) };
    int64_t status;
    if ((int32_t)a[2] <= 0 || a[2] > EVENTS_MAX) return -EINVAL;
    struct epoll *epoll = epoll_at(user, a[0], &status);
    if (!epoll) return status;
    until = schedule_deadline(user, until);
    if ((status = report(user, epoll, a[1], a[2])) != 0) return status;
    return until <= time_now(user) ? 0 : schedule_block(user, until, -EINTR);
}

static uint64_t from_ms(const struct user *user, uint32_t ms)
{
    return (int32_t)ms < 0 ? UINT64_MAX : time_now(user) + ms * UINT64_C(1000000);
}

int64_t sys_epoll_wait(struct user *user, const uint32_t *a) { return wait_until(user, a, from_ms(user, a[3])); }

int64_t sys_epoll_pwait(struct user *user, const uint32_t *a)
{
    int status;
    return signal_swap_mask(user, a[4], a[5], &status) ? wait_until(user, a, from_ms(user, a[3])) : status;
}

int64_t sys_epoll_pwait2(struct user *user, const uint32_t *a)
{
    uint64_t ns, until = UINT64_MAX;
    int status;
    if (a[3]) {
        if ((status = time_get(user, a[3], TIME_64, &ns)) < 0) return status;
        until = time_now(user) + ns;
    }
    return signal_swap_mask(user, a[4], a[5], &status) ? wait_until(user, a, until) : status;
}

/* ---- snapshots ---- */

void epoll_snapshot(struct user_snapshot *u, struct file *file)
{
    if (!snapshot_bool(u->to, file->epoll != NULL)) return;
    struct epoll *epoll = u->to->loading ? calloc(1, sizeof *epoll) : file->epoll;
    if (!epoll) hw_panic(u->user->core, "no host memory for an epoll set");
    file->epoll = epoll;
    epoll->self = file;
    epoll->count = snapshot_count(u->to, epoll->count, UINT16_MAX);
    if (u->to->loading && epoll->count) {
        epoll->capacity = epoll->count;
        epoll->watch = calloc(epoll->count, sizeof *epoll->watch);
        if (!epoll->watch) hw_panic(u->user->core, "no host memory for an epoll set");
    }
    for (unsigned i = 0; i < epoll->count; i++) {
        SNAPSHOT_OBJECT(u, files, epoll->watch[i].file);
        SNAPSHOT_RANGE(u->to, &epoll->watch[i], descriptor, changes);
    }
}

void epolls_snapshot(struct user_snapshot *u)
{
    struct epoll **link = &u->user->epolls;
    for (;; link = &(*link)->next) {
        struct file *file = *link ? (*link)->self : NULL;
        SNAPSHOT_OBJECT(u, files, file);
        if (u->to->loading) *link = file ? file->epoll : NULL;
        if (!*link) return;
    }
}
