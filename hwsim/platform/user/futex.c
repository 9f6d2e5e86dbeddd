/* futex.c -- threads that wait for a word of memory (futex(2)), and the locks that die with a thread
 * (set_robust_list(2)). A waiting thread keeps what it waits for; who wakes looks through the threads. */
#include "hwsim/platform/user/internal.h"

enum {
    FUTEX_WAIT = 0,
    FUTEX_WAKE = 1,
    FUTEX_REQUEUE = 3,
    FUTEX_CMP_REQUEUE = 4,
    FUTEX_WAKE_OP = 5,
    FUTEX_LOCK_PI = 6,
    FUTEX_UNLOCK_PI = 7,
    FUTEX_TRYLOCK_PI = 8,
    FUTEX_WAIT_BITSET = 9,
    FUTEX_WAKE_BITSET = 10,
    FUTEX_LOCK_PI2 = 13,
    FUTEX_COMMAND = 127,
    FUTEX_CLOCK_REALTIME = 256
};
/* A lock's word that the kernel knows: its owner's id, and two flags. */
#define LOCK_WAITERS    0x80000000u
#define LOCK_OWNER_DIED 0x40000000u
#define LOCK_OWNER      0x3fffffffu

/* 0 or -errno. */
static int find_key(struct user *user, uint32_t address, struct futex_key *key)
{
    uint64_t physical;
    if (address % 4) return -EINVAL;
    if (space_accessible(user, address, 4, false) != 4) return -EFAULT;
    *key = (struct futex_key){user->process->space->id, address};
    if (space_at(user, address)->shared && space_physical(user, address, &physical))
        *key = (struct futex_key){0, physical};
    return 0;
}

static bool same_key(struct futex_key a, struct futex_key b) { return a.space == b.space && a.address == b.address; }

/* Who has waited there longest for any of `bits`; NULL: nobody. */
static struct thread *first_waiter(const struct user *user, struct futex_key key, uint32_t bits)
{
    struct thread *first = NULL;
    for (unsigned i = 0; i < user->thread_count; i++) {
        struct thread *thread = user->threads[i];
        const struct futex_wait *wait = &thread->futex;
        if (wait->queued && wait->bits & bits && same_key(wait->key, key) && (!first || wait->turn < first->futex.turn))
            first = thread;
    }
    return first;
}

static void enqueue(struct user *user, struct thread *thread, struct futex_key key, uint32_t bits)
{
    thread->futex = (struct futex_wait){.queued = true, .key = key, .bits = bits, .turn = user->futex_turn++};
}

static void release(struct thread *thread)
{
    thread->futex.queued = false;
    schedule_wake(thread);
}

static unsigned wake(struct user *user, struct futex_key key, uint32_t count, uint32_t bits)
{
    unsigned woken = 0;
    struct thread *thread;
    for (; woken < count && (thread = first_waiter(user, key, bits)); woken++) release(thread);
    return woken;
}

unsigned futex_wake(struct user *user, uint32_t address, unsigned count)
{
    struct futex_key key;
    return find_key(user, address, &key) == 0 ? wake(user, key, count, UINT32_MAX) : 0;
}

/* ---- waiting ---- */

/* When the timeout at `address` ends; 0 or -errno. */
static int deadline(struct user *user, uint32_t address, bool absolute, bool realtime, enum time_form form,
                    uint64_t *until)
{
    uint64_t ns = 0, now = time_now(user), clock = realtime ? time_wall(user) : now;
    *until = UINT64_MAX;
    if (!address) return 0;
    int status = time_get(user, address, form, &ns);
    *until = !absolute ? now + ns : ns > clock ? now + (ns - clock) : now;
    return status;
}

/* Waits in the queue until somebody takes the thread out of it, which is the answer 0. */
static int64_t wait_in_queue(struct user *user, uint64_t until, int64_t interrupted)
{
    struct thread *thread = user->thread;
    if (!thread->futex.queued) return 0;
    int64_t status = until <= time_now(user) ? -ETIMEDOUT : schedule_sleep(user, until, interrupted);
    if (status != BLOCKED) thread->futex.queued = false;
    return status;
}

static int64_t futex_wait(struct user *user, const uint32_t *a, bool absolute, uint32_t bits, enum time_form form)
{
    struct futex_key key;
    uint32_t word;
    uint64_t until;
    int64_t interrupted = a[3] ? RESTART_NO_HANDLER : RESTART_ALWAYS;
    if (schedule_again(&user->thread->wait)) return wait_in_queue(user, user->thread->wait.until, interrupted);
    int status = deadline(user, a[3], absolute, a[1] & FUTEX_CLOCK_REALTIME, form, &until);
    if (status == 0) status = !bits ? -EINVAL : find_key(user, a[0], &key);
    if (status < 0) return status;
    if (!user_get(user, a[0], &word, sizeof word)) return -EFAULT;
    if (word != a[2]) return -EAGAIN;
    enqueue(user, user->thread, key, bits);
    return wait_in_queue(user, schedule_deadline(user, until), interrupted);
}

/* ---- waking elsewhere ---- */

static int64_t requeue(struct user *user, const uint32_t *a, bool compare)
{
    struct futex_key from, to;
    struct thread *thread;
    uint32_t word, moved = 0;
    if ((int32_t)a[2] < 0 || (int32_t)a[3] < 0) return -EINVAL;
    int status = find_key(user, a[0], &from);
    if (status == 0) status = find_key(user, a[4], &to);
    if (status < 0) return status;
    if (compare) {
        if (!user_get(user, a[0], &word, sizeof word)) return -EFAULT;
        if (word != a[5]) return -EAGAIN;
    }
    uint32_t woken = wake(user, from, a[2], UINT32_MAX);
    for (; moved < a[3] && !same_key(from, to) && (thread = first_waiter(user, from, UINT32_MAX)); moved++)
        enqueue(user, thread, to, thread->futex.bits);
    return woken + moved;
}

static bool compares(uint32_t comparison, int32_t old, int32_t with)
{
    switch (comparison) {
    case 0: return old == with;
    case 1: return old != with;
    case 2: return old < with;
    case 3: return old <= with;
    case 4: return old > with;
    default: return old >= with;
    }
}

/* FUTEX_WAKE_OP: changes a second word as the last argument says, and wakes there too if its old value was so. */
static int64_t wake_op(struct user *user, const uint32_t *a)
{
    uint32_t operation = a[5] >> 28, comparison = a[5] >> 24 & 15, old;
    int32_t argument = (int32_t)(a[5] << 8) >> 20, with = (int32_t)(a[5] << 20) >> 20;
    struct futex_key first, second;
    int status = find_key(user, a[0], &first);
    if (status == 0) status = find_key(user, a[4], &second);
    if (status < 0) return status;
    if (operation & 8) argument = (int32_t)(UINT32_C(1) << (argument & 31));
    if ((operation & 7) > 4 || comparison > 5) return -ENOSYS;
    if (!user_get(user, a[4], &old, sizeof old)) return -EFAULT;
    uint32_t by = (uint32_t)argument, new[5] = {by, old + by, old | by, old & ~by, old ^ by};
    if (!user_put(user, a[4], &new[operation & 7], sizeof old)) return -EFAULT;
    unsigned woken = wake(user, first, a[2], UINT32_MAX);
    if (compares(comparison, (int32_t)old, with)) woken += wake(user, second, a[3], UINT32_MAX);
    return woken;
}

/* ---- locks that are handed over (FUTEX_LOCK_PI): there are no priorities to inherit ---- */

static int64_t lock(struct user *user, const uint32_t *a, bool wait, bool realtime, enum time_form form)
{
    struct futex_key key;
    uint32_t word, self = user->thread->id;
    uint64_t until;
    if (schedule_again(&user->thread->wait)) return wait_in_queue(user, user->thread->wait.until, RESTART_ALWAYS);
    int status = deadline(user, a[3], true, realtime, form, &until);
    if (status == 0) status = find_key(user, a[0], &key);
    if (status < 0) return status;
    if (!user_get(user, a[0], &word, sizeof word)) return -EFAULT;
    if ((word & LOCK_OWNER) == self) return -EDEADLK;
    bool free = !(word & LOCK_OWNER);
    if (!free && !wait) return -EAGAIN;
    if (!free && !task_thread(user, word & LOCK_OWNER)) return -ESRCH;
    word = free ? word | self : word | LOCK_WAITERS;
    if (!user_put(user, a[0], &word, sizeof word)) return -EFAULT;
    if (free) return 0;
    enqueue(user, user->thread, key, UINT32_MAX);
    return wait_in_queue(user, schedule_deadline(user, until), RESTART_ALWAYS);
}

/* The lock goes to who has waited longest, if anybody. `flags` stay in its word. */
static bool hand_over(struct user *user, uint32_t address, struct futex_key key, uint32_t flags)
{
    struct thread *next = first_waiter(user, key, UINT32_MAX);
    uint32_t word = flags;
    if (next) {
        next->futex.queued = false;
        word |= next->id | (first_waiter(user, key, UINT32_MAX) ? LOCK_WAITERS : 0);
        schedule_wake(next);
    }
    return user_put(user, address, &word, sizeof word);
}

static int64_t unlock(struct user *user, uint32_t address)
{
    struct futex_key key;
    uint32_t word;
    int status = find_key(user, address, &key);
    if (status < 0) return status;
    if (!user_get(user, address, &word, sizeof word)) return -EFAULT;
    if ((word & LOCK_OWNER) != user->thread->id) return -EPERM;
    return hand_over(user, address, key, 0) ? 0 : -EFAULT;
}

/* ---- the calls ---- */

static int64_t wake_call(struct user *user, const uint32_t *a, uint32_t bits)
{
    struct futex_key key;
    int status = !bits ? -EINVAL : find_key(user, a[0], &key);
    return status < 0 ? status : (int64_t)wake(user, key, a[2], bits);
}

static int64_t futex(struct user *user, const uint32_t *a, enum time_form form)
{
    switch (a[1] & FUTEX_COMMAND) {
    case FUTEX_WAIT: return futex_wait(user, a, false, UINT32_MAX, form);
    case FUTEX_WAIT_BITSET: return futex_wait(user, a, true, a[5], form);
    case FUTEX_WAKE: return wake_call(user, a, UINT32_MAX);
    case FUTEX_WAKE_BITSET: return wake_call(user, a, a[5]);
    case FUTEX_REQUEUE: return requeue(user, a, false);
    case FUTEX_CMP_REQUEUE: return requeue(user, a, true);
    case FUTEX_WAKE_OP: return wake_op(user, a);
    case FUTEX_LOCK_PI: return lock(user, a, true, true, form);
    case FUTEX_LOCK_PI2: return lock(user, a, true, a[1] & FUTEX_CLOCK_REALTIME, form);
    case FUTEX_TRYLOCK_PI: return lock(user, a, false, true, form);
    case FUTEX_UNLOCK_PI: return unlock(user, a[0]);
    default: return -ENOSYS;
    }
}

int64_t sys_futex(struct user *user, const uint32_t *a) { return futex(user, a, TIME_32); }
int64_t sys_futex_time64(struct user *user, const uint32_t *a) { return futex(user, a, TIME_64); }

/* ---- the end of a thread ---- */

int64_t sys_set_robust_list(struct user *user, const uint32_t *a)
{
    if (a[1] != 12) return -EINVAL;
    user->thread->robust = a[0];
    return 0;
}

int64_t sys_get_robust_list(struct user *user, const uint32_t *a)
{
    const uint32_t size = 12;
    const struct thread *thread = a[0] ? task_thread(user, a[0]) : user->thread;
    if (!thread) return -ESRCH;
    return user_put(user, a[2], &size, 4) && user_put(user, a[1], &thread->robust, 4) ? 0 : -EFAULT;
}

/* A lock on the list of a thread that ends: the next owner is told, if it is really this thread's. */
static void owner_died(struct user *user, uint32_t address, bool handed_over, bool pending)
{
    struct futex_key key;
    uint32_t word;
    if (find_key(user, address, &key) < 0 || !user_get(user, address, &word, sizeof word)) return;
    if (pending && !handed_over && !word) wake(user, key, 1, UINT32_MAX); /* it had unlocked, but woken nobody yet */
    if ((word & LOCK_OWNER) != user->thread->id) return;
    if (handed_over) {
        hand_over(user, address, key, LOCK_OWNER_DIED);
        return;
    }
    uint32_t died = (word & LOCK_WAITERS) | LOCK_OWNER_DIED;
    if (user_put(user, address, &died, sizeof died) && word & LOCK_WAITERS) wake(user, key, 1, UINT32_MAX);
}

/* The list is a ring of pointers to locks, each at a fixed offset from its lock; bit 0: the lock is handed over. The
 * entry being added or removed stands beside it. */
static void walk_robust_list(struct user *user, uint32_t head)
{
    enum { ENTRIES_MAX = 2048 };
    uint32_t ring[3], entry, next; /* first entry, offset of the lock, pending entry */
    if (!user_get(user, head, ring, sizeof ring)) return;
    uint32_t pending = ring[2] & ~1u;
    entry = ring[0];
    for (unsigned i = 0; i < ENTRIES_MAX && (entry & ~1u) != head; i++) {
        bool more = user_get(user, entry & ~1u, &next, sizeof next);
        if ((entry & ~1u) != pending) owner_died(user, (entry & ~1u) + ring[1], entry & 1, false);
        if (!more) break;
        entry = next;
    }
    if (pending) owner_died(user, pending + ring[1], ring[2] & 1, true);
}

void futex_exit(struct user *user)
{
    static const uint32_t zero;
    struct thread *thread = user->thread;
    if (thread->robust) walk_robust_list(user, thread->robust);
    thread->robust = 0;
    if (thread->clear_tid && user_put(user, thread->clear_tid, &zero, sizeof zero))
        futex_wake(user, thread->clear_tid, 1);
    thread->clear_tid = 0;
}
