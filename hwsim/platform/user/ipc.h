/* ipc.h -- System V IPC: what its kinds of objects have in common. They live in the simulator alone; ids are given as
 * Linux gives them: a place in the kind's table, and how often places have been given anew. */
#ifndef COVM_USER_IPC_H
#define COVM_USER_IPC_H

#include "hwsim/platform/user/internal.h"

enum { IPC_PLACE_BITS = 15, IPC_PLACES = 1 << IPC_PLACE_BITS };
enum { IPC_MAY_READ = 0444, IPC_MAY_WRITE = 0222 };

/* The start of every object. */
struct ipc_object {
    int32_t key;
    uint32_t id, uid, gid; /* all were made by the one user that there is */
    uint16_t mode;
};
/* 0, or -EACCES: `wanted` is of bits as in a mode. */
int ipc_allowed(const struct ipc_object *object, uint32_t wanted);
/* Gives the object an id. -ENOSPC: there are `limit` already. */
int ipc_add(struct user *user, struct ipc_table *table, struct ipc_object *object, unsigned limit);
void ipc_remove(struct ipc_table *table, const struct ipc_object *object);
/* NULL: none. A key that is private finds nothing. */
struct ipc_object *ipc_find(const struct ipc_table *table, uint32_t id);
struct ipc_object *ipc_find_key(const struct ipc_table *table, int32_t key);
/* The object that lies in a place, as the commands that list all ask for. */
struct ipc_object *ipc_at_place(const struct ipc_table *table, uint32_t place);
unsigned ipc_count(const struct ipc_table *table);
/* The highest place that is taken; 0 also if none is. */
unsigned ipc_highest(const struct ipc_table *table);

/* The guest's struct ipc64_perm, or, for calls without IPC_64, struct ipc_perm. */
enum ipc_form { IPC_OLD, IPC_NEW };
enum { IPC_PERM_BYTES = 36, IPC_OLD_PERM_BYTES = 16 };
size_t ipc_put_perm(const struct ipc_object *object, enum ipc_form form, uint8_t *to);
/* What IPC_SET takes of it. False: not readable. */
bool ipc_get_perm(struct user *user, uint32_t address, enum ipc_form form, struct ipc_object *to);
void ipc_set_perm(struct ipc_object *object, const struct ipc_object *from);

/* A thread's wait for an object, in a list of the object's by the order of their coming. Whoever does what it waits for
 * does it on the thread's behalf, and answers. */
struct ipc_wait {
    struct ipc_wait **list, *next; /* list: NULL once it is answered */
    struct thread *thread;
    int64_t result;
    void *content;  /* owned: the operations that are to be done, or the message that was received */
    size_t bytes;   /* of that */
    uint32_t count; /* of operations, the one that cannot be done, and whether they change anything */
    uint32_t blocking;
    bool alters;
    int32_t type; /* of the message that is wanted, how large it may be, and as msgrcv's flags */
    uint32_t room, flags;
};
/* The running thread waits: the wait is its own (thread->ipc_wait), at the end of the list. */
struct ipc_wait *ipc_wait_begin(struct user *user, struct ipc_wait **list, struct ipc_wait as);
void ipc_wait_answer(struct ipc_wait *wait, int64_t result);
void ipc_wait_answer_all(struct ipc_wait **list, int64_t result);
/* The call comes to this: an answer that is there, else what schedule_sleep says. The wait is over unless BLOCKED. */
int64_t ipc_wait_go_on(struct user *user, uint64_t until, int64_t interrupted);

/* semtimedop(2) with a timespec of 32 bits, which ipc(2) alone has. */
int64_t sys_semtimedop(struct user *user, const uint32_t *a);
/* The commands' own forms: `form` is what IPC_64 says in the one call that was all of them. */
int64_t semaphore_control(struct user *user, const uint32_t *a, enum ipc_form form);
int64_t message_control(struct user *user, uint32_t id, uint32_t command, uint32_t address, enum ipc_form form);
int64_t shared_memory_control(struct user *user, uint32_t id, uint32_t command, uint32_t address, enum ipc_form form);

#endif
