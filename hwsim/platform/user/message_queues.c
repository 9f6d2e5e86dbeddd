/* message_queues.c -- System V message queues. A message that somebody waits for goes to that thread at once, and is
 * never in the queue; who waits to send looks again whenever there is more room. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>

#include "hwsim/platform/user/ipc.h"
#include "hwsim/platform/user/snapshot.h"

enum { QUEUES_MAX = 32000, MESSAGE_MAX = 8192, QUEUE_BYTES = 16384 };
enum { LOOK_AGAIN = 1 }; /* the answer to a receiver when the queue has changed under it */

struct letter {
    struct letter *next;
    int32_t type;
    uint32_t bytes;
    uint8_t text[];
};
struct message_queue {
    struct ipc_object object;
    uint64_t sent, received, changed; /* ns since 1970; 0: never */
    uint32_t sender, receiver;        /* processes: the last ones */
    uint32_t bytes, count, bytes_max;
    struct letter *letters;
    struct ipc_wait *receivers, *senders;
};

static struct message_queue *queue_of(const struct user *user, uint32_t id)
{
    return (struct message_queue *)ipc_find(&user->message_queues, id);
}

/* ---- coming and going ---- */

int64_t sys_msgget(struct user *user, const uint32_t *a)
{
    int32_t key = (int32_t)a[0];
    struct message_queue *queue = (struct message_queue *)ipc_find_key(&user->message_queues, key);
    if (queue) {
        if (a[1] & IPC_CREAT && a[1] & IPC_EXCL) return -EEXIST;
        int status = ipc_allowed(&queue->object, a[1]);
        return status < 0 ? status : (int64_t)queue->object.id;
    }
    if (key != IPC_PRIVATE && !(a[1] & IPC_CREAT)) return -ENOENT;
    queue = calloc(1, sizeof *queue);
    if (!queue) hw_panic(user->core, "no host memory for a message queue of the guest's");
    *queue = (struct message_queue){
        .object = {.key = key, .mode = a[1] & 0777}, .changed = time_wall(user), .bytes_max = QUEUE_BYTES};
    int status = ipc_add(user, &user->message_queues, &queue->object, QUEUES_MAX);
    if (status == 0) return queue->object.id;
    free(queue);
    return status;
}

static void destroy(struct user *user, struct message_queue *queue)
{
    ipc_wait_answer_all(&queue->receivers, -EIDRM);
    ipc_wait_answer_all(&queue->senders, -EIDRM);
    ipc_remove(&user->message_queues, &queue->object);
    while (queue->letters) {
        struct letter *next = queue->letters->next;
        free(queue->letters);
        queue->letters = next;
    }
    free(queue);
}

void message_queues_destroy(struct user *user)
{
    for (unsigned i = 0; i < user->message_queues.places; i++)
        if (user->message_queues.object[i]) destroy(user, (struct message_queue *)user->message_queues.object[i]);
    free(user->message_queues.object);
}

/* ---- sending ---- */

static struct letter *new_letter(struct user *user, uint32_t bytes)
{
    struct letter *letter = malloc(sizeof *letter + bytes);
    if (!letter) hw_panic(user->core, "no host memory for a message of the guest's");
    *letter = (struct letter){.bytes = bytes};
    return letter;
}

static bool fits(const struct message_queue *queue, uint32_t bytes)
{
    return bytes + queue->bytes <= queue->bytes_max && queue->count < queue->bytes_max;
}

/* There is more room: who waits to send does not wait in vain. */
static void admit(struct message_queue *queue)
{
    struct ipc_wait *next;
    for (struct ipc_wait *wait = queue->senders; wait; wait = next) {
        next = wait->next;
        if (fits(queue, wait->room)) ipc_wait_answer(wait, LOOK_AGAIN);
    }
}

/* Is the type one that msgrcv's arguments ask for? */
static bool matches(int32_t type, int32_t wanted, uint32_t flags)
{
    if (wanted == 0 || flags & MSG_COPY) return true;
    if (wanted < 0) return type <= (wanted == INT32_MIN ? INT32_MAX : -wanted);
    return (type == wanted) != !!(flags & MSG_EXCEPT);
}

/* Gives the message to the first that waits for one like it; those that it is too large for go away. */
static bool deliver(struct user *user, struct message_queue *queue, struct letter *letter)
{
    struct ipc_wait *next;
    for (struct ipc_wait *wait = queue->receivers; wait; wait = next) {
        next = wait->next;
        if (!matches(letter->type, wait->type, wait->flags)) continue;
        if (letter->bytes > wait->room && !(wait->flags & MSG_NOERROR)) {
            ipc_wait_answer(wait, -E2BIG);
            continue;
        }
        queue->receiver = wait->thread->process->id;
        queue->received = time_wall(user);
        wait->content = letter;
        wait->bytes = sizeof *letter + letter->bytes;
        ipc_wait_answer(wait, 0);
        return true;
    }
    return false;
}

static void append(struct message_queue *queue, struct letter *letter)
{
    struct letter **link = &queue->letters;
    while (*link) link = &(*link)->next;
    *link = letter;
    queue->bytes += letter->bytes;
    queue->count++;
}

/* Sends the message, which it takes over, or waits to. */
static int64_t send(struct user *user, uint32_t id, struct letter *letter, uint32_t flags)
{
    struct message_queue *queue = queue_of(user, id);
    int64_t status =
        !queue ? (schedule_again(&user->thread->wait) ? -EIDRM : -EINVAL) : ipc_allowed(&queue->object, IPC_MAY_WRITE);
    if (status == 0 && !fits(queue, letter->bytes)) {
        status = -EAGAIN;
        if (!(flags & IPC_NOWAIT)) {
            ipc_wait_begin(user, &queue->senders, (struct ipc_wait){.room = letter->bytes});
            status = BLOCKED;
        }
    }
    if (status < 0) {
        free(letter);
        return status;
    }
    queue->sender = user->process->id;
    queue->sent = time_wall(user);
    if (!deliver(user, queue, letter)) append(queue, letter);
    return 0;
}

int64_t sys_msgsnd(struct user *user, const uint32_t *a)
{
    int32_t type;
    if (user->thread->ipc_wait) {
        int64_t status = ipc_wait_go_on(user, UINT64_MAX, RESTART_NO_HANDLER);
        if (status != LOOK_AGAIN) return status;
    }
    if (!user_get(user, a[1], &type, sizeof type)) return -EFAULT;
    if (a[2] > MESSAGE_MAX || (int32_t)a[0] < 0 || type < 1) return -EINVAL;
    struct letter *letter = new_letter(user, a[2]);
    letter->type = type;
    if (!user_get(user, a[1] + sizeof type, letter->text, a[2])) {
        free(letter);
        return -EFAULT;
    }
    int64_t status = send(user, a[0], letter, a[3]);
    return status == BLOCKED ? ipc_wait_go_on(user, UINT64_MAX, RESTART_NO_HANDLER) : status;
}

/* ---- receiving ---- */

/* Where the message lies that is asked for: of types up to one the lowest, the first of it; with MSG_COPY the one of
 * that number. NULL: there is none. */
static struct letter **find(struct message_queue *queue, int32_t wanted, uint32_t flags)
{
    struct letter **found = NULL;
    int32_t number = 0;
    for (struct letter **link = &queue->letters; *link; link = &(*link)->next) {
        if (!matches((*link)->type, wanted, flags)) continue;
        if (flags & MSG_COPY ? number++ == wanted : wanted >= 0) return link;
        if (!(flags & MSG_COPY) && (!found || (*link)->type < (*found)->type)) found = link;
    }
    return found;
}

/* Into the guest's buffer. */
static int64_t put_letter(struct user *user, const struct letter *letter, uint32_t address, uint32_t room)
{
    uint32_t bytes = letter->bytes < room ? letter->bytes : room;
    if (!user_put(user, address, &letter->type, sizeof letter->type)) return -EFAULT;
    return user_put(user, address + sizeof letter->type, letter->text, bytes) ? (int64_t)bytes : -EFAULT;
}

/* One that is taken is gone, even if the buffer then is none. */
static int64_t take(struct user *user, struct message_queue *queue, struct letter **link, const uint32_t *a)
{
    struct letter *letter = *link;
    if (letter->bytes > a[2] && !(a[4] & MSG_NOERROR)) return -E2BIG;
    if (a[4] & MSG_COPY) return letter->bytes > a[2] ? -EINVAL : put_letter(user, letter, a[1], a[2]);
    *link = letter->next;
    queue->bytes -= letter->bytes;
    queue->count--;
    queue->received = time_wall(user);
    queue->receiver = user->process->id;
    admit(queue);
    int64_t status = put_letter(user, letter, a[1], a[2]);
    free(letter);
    return status;
}

/* A wait that goes on, or has come to something: LOOK_AGAIN is left to the caller. */
static int64_t wait_on(struct user *user, const uint32_t *a)
{
    struct ipc_wait *wait = user->thread->ipc_wait;
    struct letter *letter = wait->content;
    wait->content = NULL;
    int64_t status = ipc_wait_go_on(user, UINT64_MAX, RESTART_NO_HANDLER);
    if (letter) status = put_letter(user, letter, a[1], a[2]);
    free(letter);
    return status;
}

/* a: the queue, the buffer, its room for the text, the type, flags */
int64_t sys_msgrcv(struct user *user, const uint32_t *a)
{
    int64_t status = LOOK_AGAIN;
    if (user->thread->ipc_wait && (status = wait_on(user, a)) != LOOK_AGAIN) return status;
    if ((int32_t)a[0] < 0 || (int32_t)a[2] < 0) return -EINVAL;
    if (a[4] & MSG_COPY) {
        if (a[4] & MSG_EXCEPT || !(a[4] & IPC_NOWAIT)) return -EINVAL;
        uint32_t room = a[2] < MESSAGE_MAX ? a[2] : MESSAGE_MAX;
        if (space_accessible(user, a[1], room, false) != room) return -EFAULT;
    }
    struct message_queue *queue = queue_of(user, a[0]);
    if (!queue) return schedule_again(&user->thread->wait) ? -EIDRM : -EINVAL;
    if ((status = ipc_allowed(&queue->object, IPC_MAY_READ)) < 0) return status;
    struct letter **found = find(queue, (int32_t)a[3], a[4]);
    if (found) return take(user, queue, found, a);
    if (a[4] & IPC_NOWAIT) return -ENOMSG;
    ipc_wait_begin(user, &queue->receivers, (struct ipc_wait){.type = (int32_t)a[3], .room = a[2], .flags = a[4]});
    return ipc_wait_go_on(user, UINT64_MAX, RESTART_NO_HANDLER);
}

/* ---- control ---- */

/* struct msqid64_ds, or struct msqid_ds. */
static bool put_status(struct user *user, const struct message_queue *queue, uint32_t address, enum ipc_form form)
{
    enum { OLD_BYTES = 56, OLD_TIMES_AT = 24, OLD_COUNTS_AT = 44 };
    uint8_t bytes[88] = {0};
    const uint64_t times[3] = {queue->sent / 1000000000, queue->received / 1000000000, queue->changed / 1000000000};
    const uint32_t rest[5] = {queue->bytes, queue->count, queue->bytes_max, queue->sender, queue->receiver};
    size_t at = ipc_put_perm(&queue->object, form, bytes);
    if (form == IPC_NEW) {
        memcpy(bytes + at, times, sizeof times);
        memcpy(bytes + at + sizeof times, rest, sizeof rest);
        return user_put(user, address, bytes, sizeof bytes);
    }
    for (unsigned i = 0; i < LENGTH(times); i++) memcpy(bytes + OLD_TIMES_AT + 4 * i, &times[i], 4);
    for (unsigned i = 0; i < LENGTH(rest); i++) memcpy(bytes + OLD_COUNTS_AT + 2 * i, &rest[i], 2);
    return user_put(user, address, bytes, OLD_BYTES);
}

/* struct msginfo: the limits (IPC_INFO), or with what there is (MSG_INFO). The highest place that is taken. */
static int64_t tell_all(struct user *user, uint32_t command, uint32_t address)
{
    const struct ipc_table *table = &user->message_queues;
    uint32_t info[8] = {
        QUEUES_MAX * QUEUE_BYTES / 1024, QUEUE_BYTES, MESSAGE_MAX, QUEUE_BYTES, QUEUES_MAX, 16, QUEUE_BYTES, 0xffff};
    if (command == MSG_INFO) {
        info[0] = ipc_count(table);
        info[1] = info[6] = 0;
        for (unsigned i = 0; i < table->places; i++) {
            const struct message_queue *queue = (struct message_queue *)table->object[i];
            if (queue) info[1] += queue->count, info[6] += queue->bytes;
        }
    }
    return user_put(user, address, info, sizeof info) ? (int64_t)ipc_highest(table) : -EFAULT;
}

static int64_t tell_one(struct user *user, const struct message_queue *queue, uint32_t command, uint32_t address,
                        enum ipc_form form)
{
    int status = command == MSG_STAT_ANY ? 0 : ipc_allowed(&queue->object, IPC_MAY_READ);
    if (status < 0) return status;
    if (!put_status(user, queue, address, form)) return -EFAULT;
    return command == IPC_STAT ? 0 : (int64_t)queue->object.id;
}

/* What IPC_SET takes beside the permissions: how many bytes the queue may hold. */
static bool get_bytes_max(struct user *user, uint32_t address, enum ipc_form form, uint32_t *bytes)
{
    enum { AT = IPC_PERM_BYTES + 24 + 8, OLD_AT = 48 };
    *bytes = 0;
    return user_get(user, address + (form == IPC_NEW ? AT : OLD_AT), bytes, form == IPC_NEW ? 4 : 2);
}

static int64_t change(struct user *user, struct message_queue *queue, const struct ipc_object *given, uint32_t bytes)
{
    if (bytes > QUEUE_BYTES) return -EPERM;
    ipc_set_perm(&queue->object, given);
    queue->bytes_max = bytes;
    queue->changed = time_wall(user);
    ipc_wait_answer_all(&queue->receivers, LOOK_AGAIN); /* they may not be allowed to any more */
    admit(queue);
    return 0;
}

int64_t message_control(struct user *user, uint32_t id, uint32_t command, uint32_t address, enum ipc_form form)
{
    struct ipc_object given;
    uint32_t bytes;
    bool by_place = command == MSG_STAT || command == MSG_STAT_ANY;
    if ((int32_t)id < 0 || (int32_t)command < 0) return -EINVAL;
    if (command == IPC_INFO || command == MSG_INFO) return tell_all(user, command, address);
    if (command == IPC_SET &&
        (!ipc_get_perm(user, address, form, &given) || !get_bytes_max(user, address, form, &bytes)))
        return -EFAULT;
    struct message_queue *queue =
        by_place ? (struct message_queue *)ipc_at_place(&user->message_queues, id % IPC_PLACES) : queue_of(user, id);
    if (!queue) return -EINVAL;
    switch (command) {
    case IPC_STAT:
    case MSG_STAT:
    case MSG_STAT_ANY: return tell_one(user, queue, command, address, form);
    case IPC_RMID: destroy(user, queue); return 0;
    case IPC_SET: return change(user, queue, &given, bytes);
    default: return -EINVAL;
    }
}

int64_t sys_msgctl(struct user *user, const uint32_t *a) { return message_control(user, a[0], a[1], a[2], IPC_NEW); }

/* ---- snapshots ---- */

static struct ipc_object *queue_snapshot(struct user_snapshot *u, struct ipc_object *object)
{
    struct snapshot *to = u->to;
    struct message_queue *queue = to->loading ? calloc(1, sizeof *queue) : (struct message_queue *)object;
    if (!queue) hw_panic(u->user->core, "no host memory for a message queue of the guest's");
    SNAPSHOT_RANGE(to, queue, object, bytes_max);
    for (struct letter **link = &queue->letters; snapshot_bool(to, *link); link = &(*link)->next) {
        uint32_t bytes = snapshot_count(to, to->loading ? 0 : (*link)->bytes, MESSAGE_MAX);
        if (to->loading) *link = new_letter(u->user, bytes);
        SNAPSHOT(to, (*link)->type);
        snapshot_bytes(to, (*link)->text, bytes);
    }
    ipc_waits_snapshot(u, &queue->receivers);
    ipc_waits_snapshot(u, &queue->senders);
    return &queue->object;
}

void message_queues_snapshot(struct user_snapshot *u)
{
    ipc_table_snapshot(u, &u->user->message_queues, queue_snapshot);
}
