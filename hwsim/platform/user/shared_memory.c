/* shared_memory.c -- System V shared memory. A segment is a piece of shared anonymous memory (backing.c) with an id.
 * Each mapping of it holds a reference to that, as the segment does itself until it is removed and no mapping is left.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "hwsim/platform/user/ipc.h"
#include "hwsim/platform/user/snapshot.h"

enum { SEGMENTS_MAX = 4096, LARGEST_TOLD = INT32_MAX };
#define PAGES_MAX 0xfeffffffu /* of all segments: what 32 bits show of Linux's limit */

struct segment {
    struct ipc_object object;
    struct backing *backing;
    uint32_t bytes, creator, last;        /* processes: who made it, who attached or detached it last */
    uint64_t attached, detached, changed; /* ns since 1970; 0: never */
};

static struct segment *segment_of(const struct user *user, uint32_t id)
{
    return (struct segment *)ipc_find(&user->segments, id);
}

static uint32_t attachments(const struct segment *segment) { return segment->backing->references - 1; }

static void touch(struct user *user, struct segment *segment, uint64_t *when)
{
    *when = time_wall(user);
    segment->last = user->process->id;
}

/* ---- coming and going ---- */

static int64_t create(struct user *user, int32_t key, uint32_t bytes, uint32_t flags)
{
    char name[32];
    if (!bytes) return -EINVAL;
    if (flags & SHM_HUGETLB) return -ENOMEM;
    struct segment *segment = calloc(1, sizeof *segment);
    struct backing *backing = segment ? backing_of_memory() : NULL;
    if (!backing) hw_panic(user->core, "no host memory for the guest's shared memory");
    snprintf(name, sizeof name, "/SYSV%08x (deleted)", (unsigned)key);
    backing->path = strdup(name);
    backing->size = round_up(bytes, PAGE_BYTES);
    *segment = (struct segment){.object = {.key = key, .mode = flags & 0777},
                                .backing = backing,
                                .bytes = bytes,
                                .creator = user->process->id,
                                .changed = time_wall(user)};
    int status = ipc_add(user, &user->segments, &segment->object, SEGMENTS_MAX);
    if (status < 0) {
        backing_release(user, backing);
        free(segment);
        return status;
    }
    backing->segment = segment;
    return segment->object.id;
}

/* Its id is gone; the caller sees to its own reference to the memory. */
static void forget(struct user *user, struct segment *segment)
{
    segment->backing->segment = NULL;
    ipc_remove(&user->segments, &segment->object);
    free(segment);
}

void shared_memory_left(struct user *user, struct segment *segment)
{
    struct backing *backing = segment->backing;
    touch(user, segment, &segment->detached);
    if (!(segment->object.mode & SHM_DEST) || attachments(segment)) return;
    forget(user, segment);
    backing->references--;
}

static void destroy(struct user *user, struct segment *segment)
{
    struct backing *backing = segment->backing;
    forget(user, segment);
    backing_release(user, backing);
}

void shared_memory_destroy(struct user *user)
{
    for (unsigned i = 0; i < user->segments.places; i++)
        if (user->segments.object[i]) destroy(user, (struct segment *)user->segments.object[i]);
    free(user->segments.object);
}

int64_t sys_shmget(struct user *user, const uint32_t *a)
{
    int32_t key = (int32_t)a[0];
    const struct segment *segment = (struct segment *)ipc_find_key(&user->segments, key);
    if (!segment) return key == IPC_PRIVATE || a[2] & IPC_CREAT ? create(user, key, a[1], a[2]) : -ENOENT;
    if (a[2] & IPC_CREAT && a[2] & IPC_EXCL) return -EEXIST;
    if (a[1] > segment->bytes) return -EINVAL;
    int status = ipc_allowed(&segment->object, a[2]);
    return status < 0 ? status : (int64_t)segment->object.id;
}

/* ---- attaching ---- */

/* Where it was asked to be: 0 if anywhere, or -EINVAL. */
static int64_t wanted_address(uint32_t address, uint32_t flags)
{
    if (address % PAGE_BYTES && !(flags & SHM_RND)) return -EINVAL;
    uint32_t page = address - address % PAGE_BYTES;
    return !page && flags & SHM_REMAP ? -EINVAL : (int64_t)page;
}

int64_t sys_shmat(struct user *user, const uint32_t *a)
{
    uint32_t flags = a[2], bytes;
    bool fixed = a[1] != 0, write = !(flags & SHM_RDONLY), execute = flags & SHM_EXEC;
    int64_t address = wanted_address(a[1], flags);
    struct segment *segment = segment_of(user, a[0]);
    if (address < 0 || !segment) return -EINVAL;
    int status = ipc_allowed(&segment->object, IPC_MAY_READ | (write ? IPC_MAY_WRITE : 0) | (execute ? 0111 : 0));
    if (status < 0) return status;
    if (segment->backing->size > TASK_TOP) return -ENOMEM;
    bytes = (uint32_t)segment->backing->size;
    uint32_t page = (uint32_t)address;
    if (fixed && !(flags & SHM_REMAP) && !space_is_free(user, page, page + bytes)) return -EINVAL;
    address = mapping_address(user, page, bytes, fixed ? MAP_FIXED : 0);
    if (address < 0) return address;
    segment->backing->references++;
    touch(user, segment, &segment->attached);
    space_map(user, (struct vma){.start = (uint32_t)address,
                                 .end = (uint32_t)address + bytes,
                                 .prot = (uint8_t)(PROT_READ | (write ? PROT_WRITE : 0) | (execute ? PROT_EXEC : 0)),
                                 .shared = true,
                                 .read_only = !write,
                                 .backing = segment->backing});
    return address;
}

/* All that is left of the mapping that began at the address: the first that fits there tells the segment. */
int64_t sys_shmdt(struct user *user, const uint32_t *a)
{
    const struct mappings *space = user->process->space;
    uint64_t end = UINT64_MAX;
    const struct backing *of = NULL;
    if (a[0] % PAGE_BYTES) return -EINVAL;
    for (unsigned i = space_above(user, a[0]); i < space->count && space->vmas[i].start < end;) {
        const struct vma *vma = &space->vmas[i];
        bool fits = vma->start >= a[0] && vma->backing && vma->backing->segment && (!of || vma->backing == of) &&
                    vma->offset == vma->start - a[0];
        if (fits && !of) {
            of = vma->backing;
            end = a[0] + of->size;
        }
        if (fits)
            space_unmap(user, vma->start, vma->end);
        else
            i++;
    }
    return of ? 0 : -EINVAL;
}

/* ---- control ---- */

/* struct shmid64_ds, or struct shmid_ds. */
static bool put_status(struct user *user, const struct segment *segment, uint32_t address, enum ipc_form form)
{
    uint8_t bytes[84] = {0};
    uint64_t times[3] = {segment->attached, segment->detached, segment->changed};
    for (unsigned i = 0; i < 3; i++) times[i] /= 1000000000;
    const uint32_t attached = attachments(segment);
    size_t at = ipc_put_perm(&segment->object, form, bytes), total = form == IPC_NEW ? sizeof bytes : 48;
    memcpy(bytes + at, &segment->bytes, 4);
    if (form == IPC_NEW) {
        const uint32_t rest[3] = {segment->creator, segment->last, attached};
        memcpy(bytes + at + 4, times, sizeof times);
        memcpy(bytes + at + 4 + sizeof times, rest, sizeof rest);
    } else {
        const uint16_t rest[3] = {(uint16_t)segment->creator, (uint16_t)segment->last, (uint16_t)attached};
        for (unsigned i = 0; i < 3; i++) memcpy(bytes + at + 4 + 4 * i, &times[i], 4);
        memcpy(bytes + at + 16, rest, sizeof rest);
    }
    return user_put(user, address, bytes, total);
}

/* The limits (IPC_INFO), or what there is (SHM_INFO): the highest place that is taken. */
static int64_t tell_all(struct user *user, uint32_t command, uint32_t address, enum ipc_form form)
{
    const struct ipc_table *table = &user->segments;
    const uint32_t limits[9] = {LARGEST_TOLD, 1, SEGMENTS_MAX, SEGMENTS_MAX, PAGES_MAX};
    uint32_t sums[6] = {ipc_count(table)};
    for (unsigned i = 0; i < table->places; i++) {
        const struct segment *segment = (struct segment *)table->object[i];
        if (!segment) continue;
        sums[1] += (uint32_t)(segment->backing->size / PAGE_BYTES);
        sums[2] += segment->backing->pages;
    }
    bool put = command == IPC_INFO ? user_put(user, address, limits, form == IPC_NEW ? sizeof limits : 20)
                                   : user_put(user, address, sums, sizeof sums);
    return put ? (int64_t)ipc_highest(table) : -EFAULT;
}

static int64_t tell_one(struct user *user, const struct segment *segment, uint32_t command, uint32_t address,
                        enum ipc_form form)
{
    int status = command == SHM_STAT_ANY ? 0 : ipc_allowed(&segment->object, IPC_MAY_READ);
    if (status < 0) return status;
    if (!put_status(user, segment, address, form)) return -EFAULT;
    return command == IPC_STAT ? 0 : (int64_t)segment->object.id;
}

static int64_t remove_segment(struct user *user, struct segment *segment)
{
    if (attachments(segment)) {
        segment->object.key = IPC_PRIVATE;
        segment->object.mode |= SHM_DEST;
    } else {
        destroy(user, segment);
    }
    return 0;
}

int64_t shared_memory_control(struct user *user, uint32_t id, uint32_t command, uint32_t address, enum ipc_form form)
{
    struct ipc_object given;
    bool by_place = command == SHM_STAT || command == SHM_STAT_ANY;
    if ((int32_t)id < 0) return -EINVAL;
    if (command == IPC_INFO || command == SHM_INFO) return tell_all(user, command, address, form);
    if (command == IPC_SET && !ipc_get_perm(user, address, form, &given)) return -EFAULT;
    struct segment *segment = by_place ? (struct segment *)ipc_at_place(&user->segments, id) : segment_of(user, id);
    if (!segment) return -EINVAL;
    switch (command) {
    case IPC_STAT:
    case SHM_STAT:
    case SHM_STAT_ANY: return tell_one(user, segment, command, address, form);
    case IPC_RMID: return remove_segment(user, segment);
    case IPC_SET:
        ipc_set_perm(&segment->object, &given);
        segment->changed = time_wall(user);
        return 0;
    case SHM_LOCK: segment->object.mode |= SHM_LOCKED; return 0;
    case SHM_UNLOCK: segment->object.mode &= (uint16_t)~SHM_LOCKED; return 0;
    default: return -EINVAL;
    }
}

int64_t sys_shmctl(struct user *user, const uint32_t *a)
{
    return shared_memory_control(user, a[0], a[1], a[2], IPC_NEW);
}

/* ---- snapshots ---- */

void shared_memory_number(struct user_snapshot *u)
{
    for (unsigned i = 0; i < u->user->segments.places; i++)
        if (u->user->segments.object[i])
            numbered_add(&u->backings, ((struct segment *)u->user->segments.object[i])->backing);
}

static struct ipc_object *segment_snapshot(struct user_snapshot *u, struct ipc_object *object)
{
    struct segment *segment = u->to->loading ? calloc(1, sizeof *segment) : (struct segment *)object;
    if (!segment) hw_panic(u->user->core, "no host memory for the guest's shared memory");
    SNAPSHOT(u->to, segment->object);
    SNAPSHOT_OBJECT(u, backings, segment->backing);
    SNAPSHOT_RANGE(u->to, segment, bytes, changed);
    if (segment->backing) segment->backing->segment = segment;
    return &segment->object;
}

void shared_memory_snapshot(struct user_snapshot *u) { ipc_table_snapshot(u, &u->user->segments, segment_snapshot); }
