/* shm.c -- System V shared memory: segments that processes attach, found by a key, which stay until they are removed.
 * Semaphores and message queues there are none. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "hwsim/platform/user/internal.h"

enum { NS = 1000000000, SEGMENT_BYTES_MAX = 0x7fffffff };
struct segment {
    uint32_t id, key, bytes, mode;
    struct backing *backing;
    bool removed; /* it goes with the last that has it attached */
    uint32_t creator, last;
    uint64_t attached, detached, changed; /* ns since 1970 */
    struct segment *next;                 /* ascending ids */
};

static uint32_t mapped_bytes(const struct segment *segment) { return (segment->bytes + PAGE_BYTES - 1) & -PAGE_BYTES; }

/* ---- finding ---- */

static bool shared_with_earlier(const struct user *user, unsigned process)
{
    for (unsigned i = 0; i < process; i++)
        if (user->processes[i]->space == user->processes[process]->space) return true;
    return false;
}

/* How often it is attached: a piece of a mapping does not count, if it is not the first. */
static uint32_t attachments(const struct user *user, const struct segment *segment)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < user->process_count; i++) {
        const struct mappings *space = user->processes[i]->space;
        if (!space || shared_with_earlier(user, i)) continue;
        for (unsigned j = 0; j < space->count; j++)
            count += space->vmas[j].backing == segment->backing && space->vmas[j].offset == 0;
    }
    return count;
}

static void drop(struct user *user, struct segment **link)
{
    struct segment *segment = *link;
    *link = segment->next;
    backing_release(user, segment->backing);
    free(segment);
}

/* Nobody is told when a process unmaps one, or ends: removed ones that nobody has any more go when one is looked for.
 */
static struct segment *first(struct user *user)
{
    for (struct segment **link = &user->segments; *link;) {
        if ((*link)->removed && !attachments(user, *link))
            drop(user, link);
        else
            link = &(*link)->next;
    }
    return user->segments;
}

static struct segment *by_id(struct user *user, uint32_t id)
{
    struct segment *segment = first(user);
    while (segment && segment->id != id) segment = segment->next;
    return segment;
}

void segments_destroy(struct user *user)
{
    while (user->segments) drop(user, &user->segments);
}

/* ---- making ---- */

int64_t sys_shmget(struct user *user, const uint32_t *a)
{
    uint32_t key = a[0], bytes = a[1], flags = a[2];
    struct segment *found = first(user), **end = &user->segments;
    while (found && (key == IPC_PRIVATE || found->removed || found->key != key)) found = found->next;
    if (found) {
        if (flags & IPC_CREAT && flags & IPC_EXCL) return -EEXIST;
        return bytes > found->bytes ? -EINVAL : (int64_t)found->id;
    }
    if (key != IPC_PRIVATE && !(flags & IPC_CREAT)) return -ENOENT;
    if (!bytes || bytes > SEGMENT_BYTES_MAX) return -EINVAL;
    struct segment *made = malloc(sizeof *made);
    struct backing *backing = backing_of_memory();
    if (!made || !backing) hw_panic(user->core, "no host memory for a segment of the guest's");
    *made = (struct segment){.id = user->segments_made++,
                             .key = key,
                             .bytes = bytes,
                             .mode = flags & 0777,
                             .backing = backing,
                             .creator = user->process->id,
                             .changed = time_wall(user)};
    while (*end) end = &(*end)->next;
    *end = made;
    return made->id;
}

/* ---- attaching ---- */

/* Where it is to be, as the guest wishes or not: an address, or -errno. */
static int64_t place(struct user *user, const struct segment *segment, uint32_t wish, uint32_t flags)
{
    uint32_t bytes = mapped_bytes(segment);
    if (!wish) {
        uint32_t gap = flags & SHM_REMAP ? 0 : space_gap(user, bytes);
        return gap ? (int64_t)gap : flags & SHM_REMAP ? -EINVAL : -ENOMEM;
    }
    if (flags & SHM_RND) wish &= -PAGE_BYTES;
    if (wish % PAGE_BYTES || wish < ELF_ADDRESS_MIN || wish > TASK_TOP || bytes > TASK_TOP - wish) return -EINVAL;
    return flags & SHM_REMAP || space_is_free(user, wish, wish + bytes) ? (int64_t)wish : -EINVAL;
}

int64_t sys_shmat(struct user *user, const uint32_t *a)
{
    struct segment *segment = by_id(user, a[0]);
    if (!segment) return -EINVAL;
    int64_t address = place(user, segment, a[1], a[2]);
    if (address < 0) return address;
    bool read_only = a[2] & SHM_RDONLY;
    uint32_t start = (uint32_t)address;
    segment->backing->references++;
    space_map(user, (struct vma){
                        .start = start,
                        .end = start + mapped_bytes(segment),
                        .prot = (uint8_t)(PROT_READ | (read_only ? 0 : PROT_WRITE) | (a[2] & SHM_EXEC ? PROT_EXEC : 0)),
                        .shared = true,
                        .read_only = read_only,
                        .backing = segment->backing});
    segment->attached = time_wall(user);
    segment->last = user->process->id;
    return address;
}

int64_t sys_shmdt(struct user *user, const uint32_t *a)
{
    struct segment *segment = first(user);
    const struct vma *vma = space_at(user, a[0]);
    if (!vma || vma->start != a[0] || vma->offset || !vma->backing) return -EINVAL;
    while (segment && segment->backing != vma->backing) segment = segment->next;
    if (!segment) return -EINVAL;
    uint32_t end = a[0] + mapped_bytes(segment);
    for (uint32_t at = a[0]; at < end;) { /* all that is left of it, in however many pieces */
        const struct mappings *space = user->process->space;
        unsigned i = space_above(user, at);
        if (i == space->count || space->vmas[i].start >= end) break;
        const struct vma piece = space->vmas[i];
        at = piece.end;
        if (piece.backing == segment->backing && piece.start - piece.offset == a[0])
            space_unmap(user, piece.start, piece.end);
    }
    segment->detached = time_wall(user);
    segment->last = user->process->id;
    return 0;
}

/* ---- control ---- */

/* struct shmid64_ds of i386: words. */
enum { MODE_AT = 5, SIZE_AT = 9, TIMES_AT = 10, CREATOR_AT = 16, LAST_AT, COUNT_AT, SEGMENT_WORDS = 21 };

static int64_t tell(struct user *user, const struct segment *segment, uint32_t address)
{
    const uint64_t times[3] = {segment->attached / NS, segment->detached / NS, segment->changed / NS};
    uint32_t out[SEGMENT_WORDS] = {segment->removed ? IPC_PRIVATE : segment->key, GUEST_UID, GUEST_GID, GUEST_UID,
                                   GUEST_GID};
    out[MODE_AT] = segment->mode | (segment->removed ? SHM_DEST : 0);
    out[SIZE_AT] = segment->bytes;
    for (unsigned i = 0; i < 3; i++) {
        out[TIMES_AT + 2 * i] = (uint32_t)times[i];
        out[TIMES_AT + 2 * i + 1] = (uint32_t)(times[i] >> 32);
    }
    out[CREATOR_AT] = segment->creator;
    out[LAST_AT] = segment->last;
    out[COUNT_AT] = attachments(user, segment);
    return user_put(user, address, out, sizeof out) ? 0 : -EFAULT;
}

int64_t sys_shmctl(struct user *user, const uint32_t *a)
{
    struct segment *segment = by_id(user, a[0]);
    uint32_t in[SEGMENT_WORDS];
    if (!segment) return -EINVAL;
    switch (a[1]) {
    case IPC_STAT: return tell(user, segment, a[2]);
    case IPC_SET:
        if (!user_get(user, a[2], in, sizeof in)) return -EFAULT;
        segment->mode = in[MODE_AT] & 0777;
        segment->changed = time_wall(user);
        return 0;
    case IPC_RMID:
        segment->removed = true;
        first(user);
        return 0;
    case SHM_LOCK:
    case SHM_UNLOCK: return 0; /* nothing is ever swapped out */
    default: return -EINVAL;
    }
}

/* The call of calls: which, three numbers, a pointer. */
int64_t sys_ipc(struct user *user, const uint32_t *a)
{
    enum { SHMAT = 21, SHMDT, SHMGET, SHMCTL, IPC_64 = 0x100 };
    const uint32_t attach[3] = {a[1], a[4], a[2]}, control[3] = {a[1], a[2] & ~(uint32_t)IPC_64, a[4]};
    uint32_t address;
    switch (a[0] & 0xffff) {
    case SHMAT: {
        int64_t got = user_get(user, a[3], &address, sizeof address) ? sys_shmat(user, attach) : -EFAULT;
        address = (uint32_t)got;
        return got < 0 ? got : user_put(user, a[3], &address, sizeof address) ? 0 : -EFAULT;
    }
    case SHMDT: return sys_shmdt(user, a + 4);
    case SHMGET: return sys_shmget(user, a + 1);
    case SHMCTL: return a[2] & IPC_64 ? sys_shmctl(user, control) : -EINVAL; /* the older layouts */
    default: return sys_unsupported(user, a);
    }
}
