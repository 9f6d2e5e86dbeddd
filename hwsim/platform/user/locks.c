/* locks.c -- advisory locks: of a process (F_SETLK), of an open file (F_OFD_SETLK), and whole-file ones (flock). They
 * are the guest's among themselves; the host's locks are not touched. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/snapshot.h"

/* What a lock is on: a file of the host, or what stands behind a descriptor that has none. */
struct locked {
    uint64_t device, inode;
};
enum owner_kind { OWNER_PROCESS, OWNER_FILE, OWNER_FLOCK };
struct lock {
    struct locked on;
    enum owner_kind kind;
    const void *owner; /* struct process or struct file */
    uint32_t process;  /* that took it */
    bool write;
    uint64_t first, last; /* bytes; last: INT64_MAX for the end of the file, wherever it is */
    struct lock *next;
};

static struct locked locked_of(const struct file *file)
{
    struct stat host;
    if (file->host >= 0 && fstat(file->host, &host) == 0) return (struct locked){host.st_dev, host.st_ino};
    const void *behind = file->in ? (const void *)file->in : file->out ? (const void *)file->out : file;
    return (struct locked){UINT64_MAX, (uintptr_t)behind};
}

static bool same(const struct lock *a, const struct lock *b)
{
    return a->on.device == b->on.device && a->on.inode == b->on.inode &&
           (a->kind == OWNER_FLOCK) == (b->kind == OWNER_FLOCK);
}
static bool own(const struct lock *a, const struct lock *b)
{
    return same(a, b) && a->kind == b->kind && a->owner == b->owner;
}

static const struct lock *conflict(const struct user *user, const struct lock *wanted)
{
    for (const struct lock *held = user->locks; held; held = held->next)
        if (same(held, wanted) && !own(held, wanted) && (held->write || wanted->write) && held->first <= wanted->last &&
            wanted->first <= held->last)
            return held;
    return NULL;
}

static struct lock *new_lock(struct user *user, const struct lock *content)
{
    struct lock *lock = malloc(sizeof *lock);
    if (!lock) hw_panic(user->core, "no host memory for a lock of the guest's");
    *lock = *content;
    return lock;
}

/* Gives up what the owner holds in [first, last]; what lies around it stays. */
static void clear(struct user *user, const struct lock *range)
{
    for (struct lock **link = &user->locks; *link;) {
        struct lock *held = *link;
        if (!own(held, range) || held->first > range->last || held->last < range->first) {
            link = &held->next;
        } else if (held->first < range->first) {
            if (held->last > range->last) {
                struct lock *behind = new_lock(user, held);
                behind->first = range->last + 1;
                held->next = behind;
            }
            held->last = range->first - 1;
            link = &held->next;
        } else if (held->last > range->last) {
            held->first = range->last + 1;
            link = &held->next;
        } else {
            *link = held->next;
            free(held);
        }
    }
}

/* Takes a lock in place of what the owner held there, as one with its neighbours of the same type. An owner's locks
 * stand together and ascend, so that who asks is told of the same one as by Linux. */
static void take(struct user *user, struct lock lock)
{
    for (const struct lock *held = user->locks; held; held = held->next) {
        if (!own(held, &lock) || held->write != lock.write) continue;
        bool touches =
            held->first <= lock.last + (lock.last < INT64_MAX) && lock.first <= held->last + (held->last < INT64_MAX);
        if (!touches) continue;
        lock.first = held->first < lock.first ? held->first : lock.first;
        lock.last = held->last > lock.last ? held->last : lock.last;
    }
    struct lock *added = new_lock(user, &lock), mark = lock;
    struct lock **link = &user->locks;
    while (*link && !own(*link, &lock)) link = &(*link)->next;
    while (*link && own(*link, &lock) && (*link)->first < lock.first) link = &(*link)->next;
    added->next = *link;
    *link = added;
    added->owner = NULL; /* not to be cleared with the rest */
    clear(user, &mark);
    added->owner = lock.owner;
}

static void drop_all(struct user *user, const struct file *file, enum owner_kind kind, const void *owner)
{
    if (!user->locks) return;
    clear(user, &(struct lock){.on = locked_of(file), .kind = kind, .owner = owner, .last = INT64_MAX});
}

void locks_closed(struct user *user, const struct file *file) { drop_all(user, file, OWNER_PROCESS, user->process); }
void locks_released(struct user *user, const struct file *file)
{
    drop_all(user, file, OWNER_FILE, file);
    drop_all(user, file, OWNER_FLOCK, file);
}

/* ---- struct flock ---- */

enum lock_type { G_RDLCK, G_WRLCK, G_UNLCK };
/* Both layouts: type and whence in 16 bits each; start, length and process as 32 bits, or 64, 64 and 32. */
struct guest_flock {
    int16_t type, whence;
    int64_t start, length;
    int32_t process;
};

static int64_t get_flock(struct user *user, uint32_t address, bool wide, struct guest_flock *out)
{
    uint8_t raw[24] = {0};
    int32_t narrow[2];
    if (!user_get(user, address, raw, wide ? 24 : 16)) return -EFAULT;
    memcpy(out, raw, 4);
    memcpy(narrow, raw + 4, 8);
    out->start = narrow[0], out->length = narrow[1];
    if (wide) memcpy(&out->start, raw + 4, 8), memcpy(&out->length, raw + 12, 8);
    memcpy(&out->process, raw + (wide ? 20 : 12), 4);
    return 0;
}

static int64_t put_flock(struct user *user, uint32_t address, bool wide, const struct guest_flock *in)
{
    uint8_t raw[24];
    int32_t narrow[2] = {(int32_t)in->start, (int32_t)in->length};
    if (!wide && (in->start > INT32_MAX || in->length > INT32_MAX)) return -EOVERFLOW;
    memcpy(raw, in, 4);
    memcpy(raw + 4, narrow, 8);
    if (wide) memcpy(raw + 4, &in->start, 8), memcpy(raw + 12, &in->length, 8);
    memcpy(raw + (wide ? 20 : 12), &in->process, 4);
    return user_put(user, address, raw, wide ? 24 : 16) ? 0 : -EFAULT;
}

/* The bytes that it means: 0 or -errno. */
static int64_t range_of(const struct file *file, const struct guest_flock *flock, struct lock *lock)
{
    struct stat host;
    int64_t start = flock->start, last;
    if (flock->whence == SEEK_CUR) {
        if (file->host >= 0) start += lseek(file->host, 0, SEEK_CUR);
    } else if (flock->whence == SEEK_END) {
        if (file->host >= 0 && fstat(file->host, &host) == 0 && __builtin_add_overflow(start, host.st_size, &start))
            return -EOVERFLOW;
    } else if (flock->whence != SEEK_SET) {
        return -EINVAL;
    }
    if (start < 0) return -EINVAL;
    if (flock->length > 0) {
        if (__builtin_add_overflow(start, flock->length - 1, &last)) return -EOVERFLOW;
    } else if (flock->length < 0) {
        if (start + flock->length < 0) return -EINVAL;
        last = start - 1;
        start += flock->length;
    } else {
        last = INT64_MAX;
    }
    lock->first = (uint64_t)start;
    lock->last = (uint64_t)last;
    return 0;
}

static int64_t tell(struct user *user, uint32_t address, bool wide, struct guest_flock flock, const struct lock *held)
{
    flock.type = G_UNLCK;
    if (held)
        flock = (struct guest_flock){.type = held->write ? G_WRLCK : G_RDLCK,
                                     .start = (int64_t)held->first,
                                     .length = held->last == INT64_MAX ? 0 : (int64_t)(held->last - held->first + 1),
                                     .process = held->kind == OWNER_FILE ? -1 : (int32_t)held->process};
    return put_flock(user, address, wide, &flock);
}

int64_t lock_control(struct user *user, struct file *file, enum lock_command command, uint32_t address, bool wide,
                     bool of_file)
{
    struct guest_flock flock;
    int mode = file->flags & O_ACCMODE;
    struct lock lock = {.on = locked_of(file),
                        .kind = of_file ? OWNER_FILE : OWNER_PROCESS,
                        .owner = of_file ? (const void *)file : user->process,
                        .process = user->process->id};
    int64_t status = get_flock(user, address, wide, &flock);
    if (status < 0) return status;
    if (command == LOCK_GET && flock.type != G_RDLCK && flock.type != G_WRLCK) return -EINVAL;
    if ((status = range_of(file, &flock, &lock)) < 0) return status;
    if (of_file && flock.process) return -EINVAL;
    lock.write = flock.type == G_WRLCK;
    if (command == LOCK_GET) return tell(user, address, wide, flock, conflict(user, &lock));
    switch (flock.type) {
    case G_RDLCK:
        if (mode == O_WRONLY) return -EBADF;
        break;
    case G_WRLCK:
        if (mode == O_RDONLY) return -EBADF;
        break;
    case G_UNLCK: clear(user, &lock); return 0;
    default: return -EINVAL;
    }
    if (conflict(user, &lock)) return command == LOCK_TRY ? -EAGAIN : schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
    take(user, lock);
    return 0;
}

int64_t sys_flock(struct user *user, const uint32_t *a)
{
    struct file *file = file_at(user, a[0]);
    uint32_t operation = a[1] & ~(uint32_t)LOCK_NB;
    if (operation != LOCK_SH && operation != LOCK_EX && operation != LOCK_UN) return -EINVAL;
    if (!file || file->kind == FILE_PATH) return -EBADF;
    struct lock lock = {
        .on = locked_of(file), .kind = OWNER_FLOCK, .owner = file, .write = operation == LOCK_EX, .last = INT64_MAX};
    if (operation == LOCK_UN || conflict(user, &lock)) clear(user, &lock); /* a conversion lets go first */
    if (operation == LOCK_UN) return 0;
    if (conflict(user, &lock)) return a[1] & LOCK_NB ? -EWOULDBLOCK : schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
    take(user, lock);
    return 0;
}

/* ---- snapshots ---- */

enum lock_place { ON_HOST, ON_PIPE, ON_FILE };

/* What stands behind a descriptor without a file of the host's is named as any object is. */
static void place_snapshot(struct user_snapshot *u, struct locked *on)
{
    void *behind = on->device == UINT64_MAX ? (void *)(uintptr_t)on->inode : NULL;
    uint32_t place = ON_HOST;
    for (unsigned i = 0; behind && i < u->pipes.count; i++)
        if (u->pipes.item[i] == behind) place = ON_PIPE;
    if (behind && place == ON_HOST) place = ON_FILE;
    SNAPSHOT(u->to, place);
    SNAPSHOT(u->to, on->device);
    if (place == ON_HOST) {
        SNAPSHOT(u->to, on->inode);
        if (u->to->loading) host_file_map(u, &on->device, &on->inode);
    } else {
        behind = snapshot_object(u, place == ON_PIPE ? &u->pipes : &u->files, behind);
        on->inode = (uintptr_t)behind;
    }
}

void locks_snapshot(struct user_snapshot *u)
{
    for (struct lock **link = &u->user->locks;; link = &(*link)->next) {
        if (!snapshot_bool(u->to, *link)) return;
        if (u->to->loading) *link = new_lock(u->user, &(struct lock){0});
        struct lock *lock = *link;
        place_snapshot(u, &lock->on);
        SNAPSHOT(u->to, lock->kind);
        lock->owner = snapshot_object(u, lock->kind == OWNER_PROCESS ? &u->processes : &u->files, lock->owner);
        SNAPSHOT_RANGE(u->to, lock, process, last);
    }
}
