/* ipc.c -- the ids, keys and permissions of System V IPC, and the one system call that was all of it. */
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>

#include "hwsim/platform/user/ipc.h"
#include "hwsim/platform/user/snapshot.h"

/* ---- the table of a kind ---- */

int ipc_allowed(const struct ipc_object *object, uint32_t wanted)
{
    uint32_t any = (wanted >> 6 | wanted >> 3 | wanted) & 7;
    return any & ~(uint32_t)(object->mode >> 6) ? -EACCES : 0;
}

unsigned ipc_count(const struct ipc_table *table)
{
    unsigned count = 0;
    for (unsigned i = 0; i < table->places; i++) count += table->object[i] != NULL;
    return count;
}

unsigned ipc_highest(const struct ipc_table *table)
{
    unsigned i = table->places;
    while (i > 1 && !table->object[i - 1]) i--;
    return i ? i - 1 : 0;
}

static void grow(struct user *user, struct ipc_table *table)
{
    unsigned places = table->places ? 2 * table->places : 16;
    struct ipc_object **more = realloc(table->object, places * sizeof(struct ipc_object *));
    if (!more) hw_panic(user->core, "no host memory for the guest's IPC objects");
    for (unsigned i = table->places; i < places; i++) more[i] = NULL;
    table->object = more;
    table->places = places;
}

int ipc_add(struct user *user, struct ipc_table *table, struct ipc_object *object, unsigned limit)
{
    unsigned place = 0;
    if (ipc_count(table) >= limit) return -ENOSPC;
    while (place < table->places && table->object[place]) place++;
    if (place == table->places) grow(user, table);
    if (place < table->next) table->sequence = (table->sequence + 1) % (1 << 16);
    table->next = place + 1;
    table->object[place] = object;
    object->id = table->sequence << IPC_PLACE_BITS | place;
    object->uid = GUEST_UID;
    object->gid = GUEST_GID;
    return 0;
}

void ipc_remove(struct ipc_table *table, const struct ipc_object *object)
{
    table->object[object->id % IPC_PLACES] = NULL;
}

struct ipc_object *ipc_at_place(const struct ipc_table *table, uint32_t place)
{
    return place < table->places ? table->object[place] : NULL;
}

struct ipc_object *ipc_find(const struct ipc_table *table, uint32_t id)
{
    struct ipc_object *object = ipc_at_place(table, id % IPC_PLACES);
    return object && object->id == id ? object : NULL;
}

struct ipc_object *ipc_find_key(const struct ipc_table *table, int32_t key)
{
    for (unsigned i = 0; i < table->places && key != IPC_PRIVATE; i++)
        if (table->object[i] && table->object[i]->key == key) return table->object[i];
    return NULL;
}

/* ---- struct ipc64_perm and struct ipc_perm ---- */

size_t ipc_put_perm(const struct ipc_object *object, enum ipc_form form, uint8_t *to)
{
    uint32_t sequence = object->id >> IPC_PLACE_BITS;
    const uint32_t perm[IPC_PERM_BYTES / 4] = {(uint32_t)object->key, object->uid, object->gid, GUEST_UID, GUEST_GID,
                                               object->mode,          sequence};
    const uint16_t old[IPC_OLD_PERM_BYTES / 2 - 2] = {
        (uint16_t)object->uid, (uint16_t)object->gid, GUEST_UID, GUEST_GID, object->mode, (uint16_t)sequence};
    memcpy(to, perm, form == IPC_NEW ? sizeof perm : sizeof perm[0]);
    if (form == IPC_OLD) memcpy(to + sizeof perm[0], old, sizeof old);
    return form == IPC_NEW ? IPC_PERM_BYTES : IPC_OLD_PERM_BYTES;
}

bool ipc_get_perm(struct user *user, uint32_t address, enum ipc_form form, struct ipc_object *to)
{
    uint32_t perm[IPC_PERM_BYTES / 4];
    uint16_t old[IPC_OLD_PERM_BYTES / 2];
    if (!user_get(user, address, form == IPC_NEW ? (void *)perm : old, form == IPC_NEW ? sizeof perm : sizeof old))
        return false;
    *to = form == IPC_NEW ? (struct ipc_object){.uid = perm[1], .gid = perm[2], .mode = (uint16_t)perm[5]}
                          : (struct ipc_object){.uid = old[2], .gid = old[3], .mode = old[6]};
    return true;
}

void ipc_set_perm(struct ipc_object *object, const struct ipc_object *from)
{
    object->uid = from->uid;
    object->gid = from->gid;
    object->mode = (uint16_t)((object->mode & ~0777) | (from->mode & 0777));
}

/* ---- waiting ---- */

struct ipc_wait *ipc_wait_begin(struct user *user, struct ipc_wait **list, struct ipc_wait as)
{
    struct ipc_wait *wait = malloc(sizeof *wait), **link = list;
    if (!wait) hw_panic(user->core, "no host memory for a wait of the guest's");
    *wait = as;
    wait->list = list;
    wait->thread = user->thread;
    while (*link) link = &(*link)->next;
    return user->thread->ipc_wait = *link = wait;
}

static void leave(struct ipc_wait *wait)
{
    struct ipc_wait **link = wait->list;
    while (link && *link != wait) link = &(*link)->next;
    if (link) *link = wait->next;
    wait->list = NULL;
    wait->next = NULL;
}

void ipc_wait_answer(struct ipc_wait *wait, int64_t result)
{
    leave(wait);
    wait->result = result;
    schedule_wake(wait->thread);
}

void ipc_wait_answer_all(struct ipc_wait **list, int64_t result)
{
    while (*list) ipc_wait_answer(*list, result);
}

void ipc_wait_end(struct thread *thread)
{
    struct ipc_wait *wait = thread->ipc_wait;
    if (!wait) return;
    leave(wait);
    free(wait->content);
    free(wait);
    thread->ipc_wait = NULL;
}

int64_t ipc_wait_go_on(struct user *user, uint64_t until, int64_t interrupted)
{
    const struct ipc_wait *wait = user->thread->ipc_wait;
    int64_t status = !wait->list               ? wait->result
                     : until <= time_now(user) ? -EAGAIN
                                               : schedule_sleep(user, until, interrupted);
    if (status != BLOCKED) ipc_wait_end(user->thread);
    return status;
}

/* ---- snapshots ---- */

void ipc_table_snapshot(struct user_snapshot *u, struct ipc_table *table,
                        struct ipc_object *(*move)(struct user_snapshot *u, struct ipc_object *object))
{
    table->places = snapshot_count(u->to, table->places, IPC_PLACES);
    SNAPSHOT_RANGE(u->to, table, next, sequence);
    if (u->to->loading && table->places) {
        table->object = calloc(table->places, sizeof(struct ipc_object *));
        if (!table->object) hw_panic(u->user->core, "no host memory for the guest's IPC objects");
    }
    for (unsigned i = 0; i < table->places; i++)
        if (snapshot_bool(u->to, table->object[i])) table->object[i] = move(u, table->object[i]);
}

void ipc_wait_snapshot(struct user_snapshot *u, struct thread *thread)
{
    if (!snapshot_bool(u->to, thread->ipc_wait)) return;
    if (u->to->loading) thread->ipc_wait = calloc(1, sizeof *thread->ipc_wait);
    struct ipc_wait *wait = thread->ipc_wait;
    if (!wait) hw_panic(u->user->core, "no host memory for a wait of the guest's");
    wait->thread = thread;
    SNAPSHOT(u->to, wait->result);
    wait->content = snapshot_memory(u->to, wait->content, &wait->bytes);
    SNAPSHOT_RANGE(u->to, wait, count, flags);
}

void ipc_waits_snapshot(struct user_snapshot *u, struct ipc_wait **list)
{
    for (struct ipc_wait **link = list;; link = &(*link)->next) {
        struct thread *thread = *link ? (*link)->thread : NULL;
        SNAPSHOT_OBJECT(u, threads, thread);
        *link = thread ? thread->ipc_wait : NULL;
        if (!*link) return;
        (*link)->list = list;
    }
}

/* ---- ipc(2) ---- */

enum { NEW_FORM = 0x100 };

/* The fourth argument of semctl lies in memory. */
static int64_t semaphores_old(struct user *user, uint32_t id, uint32_t number, uint32_t command, uint32_t pointer)
{
    uint32_t argument;
    if (!pointer) return -EINVAL;
    if (!user_get(user, pointer, &argument, sizeof argument)) return -EFAULT;
    return semaphore_control(user, (const uint32_t[]){id, number, command & ~(uint32_t)NEW_FORM, argument},
                             command & NEW_FORM ? IPC_NEW : IPC_OLD);
}

/* So do two of msgrcv's, unless a version is given. */
static int64_t receive_old(struct user *user, uint32_t version, const uint32_t *a)
{
    uint32_t packed[2] = {a[4], a[5]}; /* the buffer, the type */
    if ((int32_t)a[1] < 0 || (int32_t)a[2] < 0 || (!version && !a[4])) return -EINVAL;
    if (!version && !user_get(user, a[4], packed, sizeof packed)) return -EFAULT;
    return sys_msgrcv(user, (const uint32_t[]){a[1], packed[0], a[2], packed[1], a[3]});
}

int64_t sys_ipc(struct user *user, const uint32_t *a)
{
    enum {
        SEMOP = 1,
        SEMGET,
        SEMCTL,
        SEMTIMEDOP,
        MSGSND = 11,
        MSGRCV,
        MSGGET,
        MSGCTL,
        SHMAT = 21,
        SHMDT,
        SHMGET,
        SHMCTL
    };
    uint32_t version = a[0] >> 16, first = a[1], second = a[2], third = a[3], pointer = a[4];
    enum ipc_form form = second & NEW_FORM ? IPC_NEW : IPC_OLD;
    switch (a[0] & 0xffff) {
    case SEMOP: return sys_semtimedop(user, (const uint32_t[]){first, pointer, second, 0});
    case SEMTIMEDOP: return sys_semtimedop(user, (const uint32_t[]){first, pointer, second, a[5]});
    case SEMGET: return sys_semget(user, (const uint32_t[]){first, second, third});
    case SEMCTL: return semaphores_old(user, first, second, third, pointer);
    case MSGSND: return sys_msgsnd(user, (const uint32_t[]){first, pointer, second, third});
    case MSGRCV: return receive_old(user, version, a);
    case MSGGET: return sys_msgget(user, (const uint32_t[]){first, second});
    case MSGCTL: return message_control(user, first, second & ~(uint32_t)NEW_FORM, pointer, form);
    case SHMAT: {
        if (version == 1) return -EINVAL; /* of iBCS2 */
        if (space_accessible(user, third, 4, true) != 4) return -EFAULT;
        int64_t address = sys_shmat(user, (const uint32_t[]){first, pointer, second});
        uint32_t low = (uint32_t)address;
        return address < 0 ? address : user_put(user, third, &low, sizeof low) ? 0 : -EFAULT;
    }
    case SHMDT: return sys_shmdt(user, &pointer);
    case SHMGET: return sys_shmget(user, (const uint32_t[]){first, second, third});
    case SHMCTL: return shared_memory_control(user, first, second & ~(uint32_t)NEW_FORM, pointer, form);
    default: return -ENOSYS;
    }
}
