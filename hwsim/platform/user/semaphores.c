/* semaphores.c -- System V semaphores. The operations of a call are done together or not at all; those that must wait
 * are done, in the order in which they came, by whoever makes them possible. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>

#include "hwsim/platform/user/ipc.h"
#include "hwsim/platform/user/snapshot.h"

enum { SETS_MAX = 32000, SEMAPHORES_MAX = 32000, OPERATIONS_MAX = 500, VALUE_MAX = 32767, ADJUST_MAX = 32767 };
enum { ALL_SEMAPHORES = SETS_MAX * SEMAPHORES_MAX };

struct semaphore {
    int32_t value;
    uint32_t process; /* that changed it last */
};
/* What the end of a process adds to each semaphore. */
struct undo {
    struct undo *next;
    uint32_t process;
    int32_t adjust[];
};
struct semaphore_set {
    struct ipc_object object;
    uint64_t operated, changed; /* ns since 1970; 0: never */
    struct ipc_wait *waiting;
    struct undo *undo;
    uint32_t count;
    struct semaphore semaphore[];
};

static struct semaphore_set *set_of(const struct user *user, uint32_t id)
{
    return (struct semaphore_set *)ipc_find(&user->semaphore_sets, id);
}

static void *allocate(struct user *user, size_t head, uint32_t count, size_t each)
{
    void *memory = calloc(1, head + count * each);
    if (!memory) hw_panic(user->core, "no host memory for the guest's semaphores");
    return memory;
}

/* ---- coming and going ---- */

static int64_t create(struct user *user, int32_t key, uint32_t count, uint32_t flags)
{
    if (!count) return -EINVAL;
    struct semaphore_set *set = allocate(user, sizeof *set, count, sizeof set->semaphore[0]);
    set->object.key = key;
    set->object.mode = flags & 0777;
    set->changed = time_wall(user);
    set->count = count;
    int status = ipc_add(user, &user->semaphore_sets, &set->object, SETS_MAX);
    if (status == 0) return set->object.id;
    free(set);
    return status;
}

int64_t sys_semget(struct user *user, const uint32_t *a)
{
    int32_t key = (int32_t)a[0];
    if (a[1] > SEMAPHORES_MAX) return -EINVAL;
    const struct semaphore_set *set = (struct semaphore_set *)ipc_find_key(&user->semaphore_sets, key);
    if (!set) return key == IPC_PRIVATE || a[2] & IPC_CREAT ? create(user, key, a[1], a[2]) : -ENOENT;
    if (a[2] & IPC_CREAT && a[2] & IPC_EXCL) return -EEXIST;
    if (a[1] > set->count) return -EINVAL;
    int status = ipc_allowed(&set->object, a[2]);
    return status < 0 ? status : (int64_t)set->object.id;
}

static void destroy(struct user *user, struct semaphore_set *set)
{
    ipc_wait_answer_all(&set->waiting, -EIDRM);
    ipc_remove(&user->semaphore_sets, &set->object);
    while (set->undo) {
        struct undo *next = set->undo->next;
        free(set->undo);
        set->undo = next;
    }
    free(set);
}

void semaphores_destroy(struct user *user)
{
    for (unsigned i = 0; i < user->semaphore_sets.places; i++)
        if (user->semaphore_sets.object[i]) destroy(user, (struct semaphore_set *)user->semaphore_sets.object[i]);
    free(user->semaphore_sets.object);
}

/* ---- operations ---- */

static struct undo *undo_of(const struct semaphore_set *set, uint32_t process)
{
    struct undo *undo = set->undo;
    while (undo && undo->process != process) undo = undo->next;
    return undo;
}

static struct undo *new_undo(struct user *user, const struct semaphore_set *set)
{
    return allocate(user, sizeof(struct undo), set->count, sizeof(int32_t));
}

/* 0, BLOCKED, or -errno. */
static int64_t apply(struct semaphore_set *set, const struct sembuf *operation, struct undo *undo)
{
    struct semaphore *semaphore = &set->semaphore[operation->sem_num];
    int32_t change = operation->sem_op, value = semaphore->value + change;
    if (value < 0 || (!change && value)) return operation->sem_flg & IPC_NOWAIT ? -EAGAIN : BLOCKED;
    if (value > VALUE_MAX) return -ERANGE;
    if (operation->sem_flg & SEM_UNDO) {
        int32_t adjust = undo->adjust[operation->sem_num] - change;
        if (adjust < -ADJUST_MAX - 1 || adjust > ADJUST_MAX) return -ERANGE;
        undo->adjust[operation->sem_num] = adjust;
    }
    semaphore->value = value;
    return 0;
}

static void revert(struct semaphore_set *set, const struct sembuf *operation, struct undo *undo)
{
    set->semaphore[operation->sem_num].value -= operation->sem_op;
    if (operation->sem_flg & SEM_UNDO) undo->adjust[operation->sem_num] += operation->sem_op;
}

/* All operations, or none. Of BLOCKED, *blocking tells which one must wait. */
static int64_t perform(struct user *user, struct semaphore_set *set, const struct sembuf *operation, uint32_t count,
                       uint32_t process, uint32_t *blocking)
{
    struct undo *undo = undo_of(set, process);
    for (uint32_t i = 0; i < count; i++) {
        int64_t status = apply(set, &operation[i], undo);
        if (status == 0) continue;
        *blocking = i;
        while (i-- > 0) revert(set, &operation[i], undo);
        return status;
    }
    for (uint32_t i = 0; i < count; i++) set->semaphore[operation[i].sem_num].process = process;
    set->operated = time_wall(user);
    return 0;
}

/* Answers the first wait, of those that change something or of those that do not, that need wait no more. */
static bool serve(struct user *user, struct semaphore_set *set, bool alters)
{
    for (struct ipc_wait *wait = set->waiting; wait; wait = wait->next) {
        if (wait->alters != alters) continue;
        int64_t status = perform(user, set, wait->content, wait->count, wait->thread->process->id, &wait->blocking);
        if (status == BLOCKED) continue;
        ipc_wait_answer(wait, status);
        return true;
    }
    return false;
}

/* Values have changed: who waits for zero goes first, as in Linux. */
static void update(struct user *user, struct semaphore_set *set)
{
    while (serve(user, set, false) || serve(user, set, true)) {
    }
}

/* Does what can be done at once; else the thread waits. `id` and `count` are checked. */
static int64_t operate(struct user *user, uint32_t id, const struct sembuf *operation, uint32_t count)
{
    struct semaphore_set *set = set_of(user, id);
    uint32_t highest = 0, process = user->process->id, blocking;
    bool alters = false, undoes = false;
    for (uint32_t i = 0; i < count; i++) {
        if (operation[i].sem_num > highest) highest = operation[i].sem_num;
        alters |= operation[i].sem_op != 0;
        undoes |= (operation[i].sem_flg & SEM_UNDO) != 0;
    }
    if (!set) return -EINVAL;
    if (highest >= set->count) return -EFBIG;
    int64_t status = ipc_allowed(&set->object, alters ? IPC_MAY_WRITE : IPC_MAY_READ);
    if (status < 0) return status;
    if (undoes && !undo_of(set, process)) {
        struct undo *undo = new_undo(user, set);
        undo->process = process;
        undo->next = set->undo;
        set->undo = undo;
    }
    status = perform(user, set, operation, count, process, &blocking);
    if (status == 0 && alters) update(user, set);
    if (status != BLOCKED) return status;
    struct ipc_wait wait = {.content = allocate(user, 0, count, sizeof *operation),
                            .bytes = count * sizeof *operation,
                            .count = count,
                            .blocking = blocking,
                            .alters = alters};
    memcpy(wait.content, operation, wait.bytes);
    ipc_wait_begin(user, &set->waiting, wait);
    return BLOCKED;
}

static int64_t timed_operate(struct user *user, const uint32_t *a, enum time_form form)
{
    struct sembuf operation[OPERATIONS_MAX];
    uint64_t ns = 0;
    int timeout = a[3] ? time_get(user, a[3], form, &ns) : 0;
    if (timeout == -EFAULT) return timeout;
    uint64_t until = a[3] ? schedule_deadline(user, time_now(user) + ns) : UINT64_MAX;
    if (user->thread->ipc_wait) return ipc_wait_go_on(user, until, -EINTR);
    if (!a[2] || (int32_t)a[0] < 0) return -EINVAL;
    if (a[2] > OPERATIONS_MAX) return -E2BIG;
    if (!user_get(user, a[1], operation, a[2] * sizeof operation[0])) return -EFAULT;
    int64_t status = timeout < 0 ? timeout : operate(user, a[0], operation, a[2]);
    return status == BLOCKED ? ipc_wait_go_on(user, until, -EINTR) : status;
}

int64_t sys_semtimedop(struct user *user, const uint32_t *a) { return timed_operate(user, a, TIME_32); }
int64_t sys_semtimedop_time64(struct user *user, const uint32_t *a) { return timed_operate(user, a, TIME_64); }

/* ---- undoing ---- */

static int32_t clamp(int32_t value) { return value < 0 ? 0 : value > VALUE_MAX ? VALUE_MAX : value; }

static void undo_all(struct user *user, struct semaphore_set *set, struct undo **link)
{
    struct undo *undo = *link;
    for (uint32_t i = 0; i < set->count; i++) {
        if (!undo->adjust[i]) continue;
        set->semaphore[i].value = clamp(set->semaphore[i].value + undo->adjust[i]);
        set->semaphore[i].process = undo->process;
    }
    *link = undo->next;
    free(undo);
    set->operated = time_wall(user);
    update(user, set);
}

void semaphores_exit(struct user *user)
{
    for (unsigned i = 0; i < user->semaphore_sets.places; i++) {
        struct semaphore_set *set = (struct semaphore_set *)user->semaphore_sets.object[i];
        struct undo **link = set ? &set->undo : NULL;
        while (link && *link && (*link)->process != user->process->id) link = &(*link)->next;
        if (link && *link) undo_all(user, set, link);
    }
}

/* A value that is set is not undone, by nobody. */
static void forget_undo(struct semaphore_set *set, uint32_t number)
{
    for (struct undo *undo = set->undo; undo; undo = undo->next) undo->adjust[number] = 0;
}

/* ---- control ---- */

/* struct semid64_ds, or struct semid_ds. */
static bool put_status(struct user *user, const struct semaphore_set *set, uint32_t address, enum ipc_form form)
{
    uint8_t bytes[64] = {0};
    const uint64_t times[2] = {set->operated / 1000000000, set->changed / 1000000000};
    const uint32_t old_times[2] = {(uint32_t)times[0], (uint32_t)times[1]};
    enum { OLD_BYTES = 44, OLD_COUNT_AT = 40 };
    size_t at = ipc_put_perm(&set->object, form, bytes);
    memcpy(bytes + at, form == IPC_NEW ? (const void *)times : old_times,
           form == IPC_NEW ? sizeof times : sizeof old_times);
    memcpy(bytes + (form == IPC_NEW ? at + sizeof times : (size_t)OLD_COUNT_AT), &set->count, form == IPC_NEW ? 4 : 2);
    return user_put(user, address, bytes, form == IPC_NEW ? sizeof bytes : (size_t)OLD_BYTES);
}

/* struct seminfo: the limits (IPC_INFO), or with what there is (SEM_INFO). The highest place that is taken. */
static int64_t tell_all(struct user *user, uint32_t command, uint32_t address)
{
    const struct ipc_table *table = &user->semaphore_sets;
    uint32_t info[10] = {ALL_SEMAPHORES, SETS_MAX, ALL_SEMAPHORES, ALL_SEMAPHORES, SEMAPHORES_MAX, OPERATIONS_MAX,
                         OPERATIONS_MAX, 20,       VALUE_MAX,      ADJUST_MAX};
    if (command == SEM_INFO) {
        info[7] = ipc_count(table);
        info[9] = 0;
        for (unsigned i = 0; i < table->places; i++)
            if (table->object[i]) info[9] += ((struct semaphore_set *)table->object[i])->count;
    }
    return user_put(user, address, info, sizeof info) ? (int64_t)ipc_highest(table) : -EFAULT;
}

static int64_t tell_one(struct user *user, const struct semaphore_set *set, uint32_t command, uint32_t address,
                        enum ipc_form form)
{
    int status = command == SEM_STAT_ANY ? 0 : ipc_allowed(&set->object, IPC_MAY_READ);
    if (status < 0) return status;
    if (!put_status(user, set, address, form)) return -EFAULT;
    return command == IPC_STAT ? 0 : (int64_t)set->object.id;
}

/* How many wait for the semaphore to become zero, or larger. */
static int64_t count_waiting(const struct semaphore_set *set, uint32_t number, bool zero)
{
    int64_t count = 0;
    for (const struct ipc_wait *wait = set->waiting; wait; wait = wait->next) {
        const struct sembuf *operation = (const struct sembuf *)wait->content + wait->blocking;
        count += operation->sem_num == number && (zero ? !operation->sem_op : operation->sem_op < 0);
    }
    return count;
}

static int64_t set_value(struct user *user, struct semaphore_set *set, uint32_t number, uint32_t value)
{
    if (number >= set->count) return -EINVAL;
    int status = ipc_allowed(&set->object, IPC_MAY_WRITE);
    if (status < 0) return status;
    forget_undo(set, number);
    set->semaphore[number] = (struct semaphore){(int32_t)value, user->process->id};
    set->changed = time_wall(user);
    update(user, set);
    return 0;
}

static int64_t set_all(struct user *user, struct semaphore_set *set, uint32_t address)
{
    uint16_t value[SEMAPHORES_MAX];
    int status = ipc_allowed(&set->object, IPC_MAY_WRITE);
    if (status < 0) return status;
    if (!user_get(user, address, value, set->count * sizeof value[0])) return -EFAULT;
    for (uint32_t i = 0; i < set->count; i++)
        if (value[i] > VALUE_MAX) return -ERANGE;
    for (uint32_t i = 0; i < set->count; i++) {
        forget_undo(set, i);
        set->semaphore[i] = (struct semaphore){value[i], user->process->id};
    }
    set->changed = time_wall(user);
    update(user, set);
    return 0;
}

static int64_t get_all(struct user *user, const struct semaphore_set *set, uint32_t address)
{
    uint16_t value[SEMAPHORES_MAX];
    for (uint32_t i = 0; i < set->count; i++) value[i] = (uint16_t)set->semaphore[i].value;
    return user_put(user, address, value, set->count * sizeof value[0]) ? 0 : -EFAULT;
}

/* The commands that read. */
static int64_t get(struct user *user, const struct semaphore_set *set, const uint32_t *a)
{
    uint32_t number = a[1];
    int status = ipc_allowed(&set->object, IPC_MAY_READ);
    if (status < 0) return status;
    if (a[2] == GETALL) return get_all(user, set, a[3]);
    if (number >= set->count) return -EINVAL;
    switch (a[2]) {
    case GETVAL: return set->semaphore[number].value;
    case GETPID: return set->semaphore[number].process;
    default: return count_waiting(set, number, a[2] == GETZCNT);
    }
}

/* a: the set, a semaphore's number, the command, what belongs to that. */
int64_t semaphore_control(struct user *user, const uint32_t *a, enum ipc_form form)
{
    struct ipc_object given;
    const uint32_t command = a[2];
    bool by_place = command == SEM_STAT || command == SEM_STAT_ANY;
    if ((int32_t)a[0] < 0) return -EINVAL;
    if (command == IPC_INFO || command == SEM_INFO) return tell_all(user, command, a[3]);
    if (command == IPC_SET && !ipc_get_perm(user, a[3], form, &given)) return -EFAULT;
    if (command == SETVAL && a[3] > VALUE_MAX) return -ERANGE;
    struct semaphore_set *set =
        by_place ? (struct semaphore_set *)ipc_at_place(&user->semaphore_sets, a[0] % IPC_PLACES) : set_of(user, a[0]);
    if (!set) return -EINVAL;
    switch (command) {
    case IPC_STAT:
    case SEM_STAT:
    case SEM_STAT_ANY: return tell_one(user, set, command, a[3], form);
    case GETALL:
    case GETVAL:
    case GETPID:
    case GETNCNT:
    case GETZCNT: return get(user, set, a);
    case SETVAL: return set_value(user, set, a[1], a[3]);
    case SETALL: return set_all(user, set, a[3]);
    case IPC_RMID: destroy(user, set); return 0;
    case IPC_SET:
        ipc_set_perm(&set->object, &given);
        set->changed = time_wall(user);
        return 0;
    default: return -EINVAL;
    }
}

int64_t sys_semctl(struct user *user, const uint32_t *a) { return semaphore_control(user, a, IPC_NEW); }

/* ---- snapshots ---- */

static struct ipc_object *set_snapshot(struct user_snapshot *u, struct ipc_object *object)
{
    struct snapshot *to = u->to;
    struct semaphore_set *set = (struct semaphore_set *)object;
    uint32_t count = snapshot_count(to, set ? set->count : 0, SEMAPHORES_MAX);
    if (to->loading) set = allocate(u->user, sizeof *set, count, sizeof set->semaphore[0]);
    SNAPSHOT_RANGE(to, set, object, changed);
    set->count = count;
    snapshot_bytes(to, set->semaphore, count * sizeof set->semaphore[0]);
    ipc_waits_snapshot(u, &set->waiting);
    for (struct undo **link = &set->undo; snapshot_bool(to, *link); link = &(*link)->next) {
        if (to->loading) *link = new_undo(u->user, set);
        SNAPSHOT(to, (*link)->process);
        snapshot_bytes(to, (*link)->adjust, count * sizeof(*link)->adjust[0]);
    }
    return &set->object;
}

void semaphores_snapshot(struct user_snapshot *u) { ipc_table_snapshot(u, &u->user->semaphore_sets, set_snapshot); }
