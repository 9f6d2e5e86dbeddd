/* schedule.c -- which thread the core runs. Threads take turns in the order of their ids. A turn ends when the thread
 * cannot go on, when it yields, or after guest.quantum instructions if another thread can run: at the same instruction
 * in every run, whatever the machine.
 *
 * A thread that must wait does so in its system call, whose handler returned BLOCKED. Nobody keeps lists of who waits
 * for what: the handler is simply called again when the answer may have changed, and blocks again if it has not. */
#include "hwsim/platform/user/internal.h"

/* ---- waiting ---- */

static int64_t block(struct user *user, uint64_t until, bool watchful, bool killable)
{
    struct wait *wait = &user->thread->wait;
    wait->until = until;
    wait->cpu = (struct cpu_clock){0};
    wait->watchful = watchful;
    wait->killable = killable;
    return BLOCKED;
}

int64_t schedule_block(struct user *user, uint64_t until, int64_t interrupted)
{
    return signal_waiting(user, user->thread) ? interrupted : block(user, until, true, false);
}

int64_t schedule_sleep(struct user *user, uint64_t until, int64_t interrupted)
{
    return signal_waiting(user, user->thread) ? interrupted : block(user, until, false, false);
}

int64_t schedule_stand(struct user *user) { return block(user, UINT64_MAX, false, true); }

uint64_t schedule_deadline(const struct user *user, uint64_t until)
{
    const struct wait *wait = &user->thread->wait;
    return wait->waiting || wait->resumed ? wait->until : until;
}

void schedule_wake(struct thread *thread) { thread->wait.look = true; }

void schedule_look(struct user *user)
{
    for (unsigned i = 0; i < user->thread_count; i++)
        if (user->threads[i]->wait.watchful) user->threads[i]->wait.look = true;
}

/* ---- choosing ---- */

static bool can_run(const struct user *user, const struct thread *thread)
{
    const struct wait *wait = &thread->wait;
    if (thread->process->stopped) return false;
    if (!wait->waiting || wait->look || wait->until <= time_now(user)) return true;
    return wait->killable ? signal_kills(thread) : signal_waiting(user, thread);
}

/* The first behind the running one that can run; NULL: nobody can. */
static struct thread *next_thread(const struct user *user)
{
    unsigned behind = 0;
    while (behind < user->thread_count && user->threads[behind]->id <= user->thread->id) behind++;
    for (unsigned i = 0; i < user->thread_count; i++) {
        struct thread *thread = user->threads[(behind + i) % user->thread_count];
        if (can_run(user, thread)) return thread;
    }
    return NULL;
}

static bool others_can_run(const struct user *user)
{
    for (unsigned i = 0; i < user->thread_count; i++)
        if (user->threads[i] != user->thread && can_run(user, user->threads[i])) return true;
    return false;
}

/* ---- switching ---- */

void schedule_switch(struct user *user, struct thread *thread)
{
    struct thread *from = user->thread;
    uint64_t now = hw_insns(user->core);
    if (from == thread) return;
    from->insns += now - user->since;
    from->process->insns += now - user->since;
    user->since = now;
    from->state = *hw_state(user->core);
    user->thread = thread;
    user->process = thread->process;
    *hw_state(user->core) = thread->state;
    space_enter(user);
    if (from->dead) task_bury(user, from);
}

/* Lets the core's thread go on; false if it cannot. */
static bool resume(struct user *user)
{
    struct thread *thread = user->thread;
    thread->wait.look = false;
    if (thread->wait.waiting && !signal_kills(thread))
        user_syscall_again(user);
    else
        signals_continue(user);
    return !thread->dead && !thread->wait.waiting && !thread->process->stopped;
}

/* Stopped processes that nobody is left to continue go on: the alternative is to end the run. */
static bool continue_stopped(struct user *user)
{
    bool any = false;
    for (unsigned i = 0; i < user->process_count; i++) {
        if (user->processes[i]->stopped)
            user_say("process %u is stopped and nothing could continue it: it goes on", user->processes[i]->id);
        any |= user->processes[i]->stopped;
        user->processes[i]->stopped = false;
    }
    return any;
}

static void schedule(struct user *user)
{
    uint32_t before = user->thread->id;
    while (!user_ended(user)) {
        struct thread *next = next_thread(user);
        if (next) {
            schedule_switch(user, next);
            if (resume(user)) break;
        } else if (user->interrupted) {
            user_end(user, USER_INTERRUPTED, 0, NULL);
        } else if (!time_skip(user) && !continue_stopped(user)) {
            task_give_up(user);
        }
    }
    user->stats.switches += user->thread->id != before;
    user->quantum_end = hw_insns(user->core) + (uint64_t)user->params.quantum;
}

enum hw_run schedule_settle(struct user *user)
{
    const struct thread *thread = user->thread;
    bool stays = !thread->dead && !thread->wait.waiting && !thread->process->stopped && !user->yield;
    if (!stays || (user->contested && hw_insns(user->core) >= user->quantum_end)) schedule(user);
    user->yield = false;
    if (user_ended(user)) {
        if (user->victim && user->status.end == USER_KILLED) schedule_switch(user, user->victim);
        return HW_STOP;
    }
    bool contested = others_can_run(user);
    if (contested && !user->contested) user->quantum_end = hw_insns(user->core) + (uint64_t)user->params.quantum;
    user->contested = contested;
    return HW_RUN;
}

uint64_t schedule_next_event(const struct user *user) { return user->contested ? user->quantum_end : UINT64_MAX; }

int64_t sys_sched_yield(struct user *user, const uint32_t *a)
{
    user->yield = true;
    return 0;
}
