/* tasks.c -- processes and their threads: how they come to be, and go. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

static void set_limits(struct process *process, uint64_t stack)
{
    enum {
        STACK = 3,
        PROCESSES = 6,
        FILES = 7,
        LOCKED = 8,
        SIGNALS = 11,
        QUEUES = 12,
        NICE = 13,
        REALTIME = 14
    };
    static const struct {
        unsigned which;
        uint64_t soft, hard;
    } finite[] = {
        {LIMIT_CORE, 0, UINT64_MAX},
        {PROCESSES, 1024, 1024},
        {FILES, GUEST_FILES, GUEST_FILES},
        {LOCKED, 8 << 20, 8 << 20},
        {SIGNALS, SIGNAL_QUEUE, SIGNAL_QUEUE},
        {QUEUES, 819200, 819200},
        {NICE, 0, 0},
        {REALTIME, 0, 0},
    };
    for (unsigned i = 0; i < LIMIT_COUNT; i++) process->limit[i][0] = process->limit[i][1] = UINT64_MAX;
    for (unsigned i = 0; i < LENGTH(finite); i++) {
        process->limit[finite[i].which][0] = finite[i].soft;
        process->limit[finite[i].which][1] = finite[i].hard;
    }
    process->limit[STACK][0] = stack;
}

/* ---- the tables, both by id ---- */

static void *grown(struct user *user, void *table, unsigned count, unsigned *capacity)
{
    if (count < *capacity) return table;
    *capacity = *capacity ? 2 * *capacity : 16;
    void *more = realloc(table, *capacity * sizeof(void *));
    if (!more) hw_panic(user->core, "no host memory for the guest's processes");
    return more;
}

static void remove_thread(struct user *user, const struct thread *thread)
{
    unsigned i = 0;
    while (user->threads[i] != thread) i++;
    user->thread_count--;
    memmove(user->threads + i, user->threads + i + 1, (user->thread_count - i) * sizeof user->threads[0]);
}

static void remove_process(struct user *user, const struct process *process)
{
    unsigned i = 0;
    while (user->processes[i] != process) i++;
    user->process_count--;
    memmove(user->processes + i, user->processes + i + 1, (user->process_count - i) * sizeof user->processes[0]);
}

struct thread *task_thread(const struct user *user, uint32_t id)
{
    for (unsigned i = 0; i < user->thread_count; i++)
        if (user->threads[i]->id == id) return user->threads[i];
    return NULL;
}

struct process *task_process(const struct user *user, uint32_t id)
{
    for (unsigned i = 0; i < user->process_count; i++)
        if (user->processes[i]->id == id) return user->processes[i];
    return NULL;
}

struct thread *task_first_thread(const struct user *user, const struct process *process)
{
    for (unsigned i = 0; i < user->thread_count; i++)
        if (user->threads[i]->process == process) return user->threads[i];
    return NULL;
}

/* ---- coming to be ---- */

static struct process *add_process(struct user *user, uint32_t id)
{
    struct process *process = calloc(1, sizeof *process);
    if (!process) return NULL;
    process->id = id;
    process->exe = -1;
    process->exit_signal = SIGCHLD;
    user->processes = grown(user, user->processes, user->process_count, &user->process_capacity);
    user->processes[user->process_count++] = process;
    return process;
}

static struct thread *add_thread(struct user *user, struct process *process, uint32_t id)
{
    struct thread *thread = calloc(1, sizeof *thread);
    if (!thread) return NULL;
    thread->process = process;
    thread->id = id;
    thread->stack.flags = STACK_DISABLE;
    user->threads = grown(user, user->threads, user->thread_count, &user->thread_capacity);
    user->threads[user->thread_count++] = thread;
    return thread;
}

bool task_create(struct user *user, uint64_t stack)
{
    struct process *process = add_process(user, GUEST_PID);
    if (!process) return false;
    process->parent = GUEST_PARENT;
    process->group = process->session = GUEST_PID;
    process->file_mask = 022;
    memcpy(process->cwd, "/", 2);
    set_limits(process, stack);
    user->process = process;
    user->thread = add_thread(user, process, GUEST_PID);
    user->next_id = GUEST_PID + 1;
    return user->thread;
}

struct thread *task_new_thread(struct user *user, struct process *process)
{
    const struct thread *parent = user->thread;
    uint32_t id = process == user->process ? user->next_id++ : process->id;
    struct thread *thread = add_thread(user, process, id);
    if (!thread) return NULL;
    memcpy(thread->name, parent->name, sizeof thread->name);
    memcpy(thread->tls, parent->tls, sizeof thread->tls);
    thread->state = *hw_state(user->core);
    thread->blocked = parent->blocked;
    return thread;
}

struct process *task_new_process(struct user *user)
{
    const struct process *parent = user->process;
    struct process *process = add_process(user, user->next_id++);
    if (!process) return NULL;
    process->parent = parent->id;
    process->group = parent->group;
    process->session = parent->session;
    process->terminal = parent->terminal;
    process->file_mask = parent->file_mask;
    memcpy(process->action, parent->action, sizeof process->action);
    memcpy(process->limit, parent->limit, sizeof process->limit);
    memcpy(process->cwd, parent->cwd, sizeof process->cwd);
    memcpy(process->exe_path, parent->exe_path, sizeof process->exe_path);
    process->exe = fcntl(parent->exe, F_DUPFD_CLOEXEC, 3);
    files_copy(parent, process);
    return process;
}

/* ---- ending ---- */

static void free_process(struct process *process)
{
    if (process->exe >= 0) close(process->exe);
    timers_delete(process);
    free(process);
}

void task_reap(struct user *user, struct process *process)
{
    remove_process(user, process);
    process->reaped = true;
    if (process != user->process) free_process(process);
}

void task_bury(struct user *user, struct thread *thread)
{
    if (thread == user->victim) return;
    if (thread->process->reaped) free_process(thread->process);
    free(thread);
}

/* The thread is nobody's any more, but for the core that still stands in it. */
static void die(struct user *user, struct thread *thread)
{
    struct thread *running = user->thread;
    user->thread = thread;
    futex_exit(user);
    user->thread = running;
    file_release(user, thread->opening);
    ipc_wait_end(thread);
    remove_thread(user, thread);
    thread->dead = true;
    if (thread != running) free(thread);
}

static void end_others(struct user *user)
{
    for (unsigned i = user->thread_count; i-- > 0;) {
        struct thread *thread = user->threads[i];
        if (thread->process == user->process && thread != user->thread) die(user, thread);
    }
}

void task_become_only(struct user *user)
{
    struct thread *thread = user->thread;
    unsigned at = 0;
    end_others(user);
    futex_exit(user);
    remove_thread(user, thread);
    thread->id = user->process->id;
    while (at < user->thread_count && user->threads[at]->id < thread->id) at++;
    memmove(user->threads + at + 1, user->threads + at, (user->thread_count - at) * sizeof user->threads[0]);
    user->threads[at] = thread;
    user->thread_count++;
}

void task_leave_parent(struct user *user)
{
    struct thread *parent = user->process->vfork ? task_thread(user, user->process->vfork) : NULL;
    user->process->vfork = 0;
    if (parent) schedule_wake(parent);
}

bool task_is_orphaned(const struct user *user, uint32_t group, const struct process *but)
{
    for (unsigned i = 0; i < user->process_count; i++) {
        const struct process *process = user->processes[i], *parent = task_process(user, process->parent);
        if (process == but || process->ended || process->group != group) continue;
        if (process->id == GUEST_PID && process->session == GUEST_PID) return false;
        if (parent && parent->group != group && parent->session == process->session) return false;
    }
    return true;
}

static bool has_stopped(const struct user *user, uint32_t group)
{
    for (unsigned i = 0; i < user->process_count; i++)
        if (user->processes[i]->group == group && user->processes[i]->stopped) return true;
    return false;
}

/* A parent and a child part by the end of one of them. If that leaves the child's group to itself, stopped, it is told,
 * and goes on. */
static void part(struct user *user, const struct process *parent, const struct process *child)
{
    uint32_t group = child->group;
    const struct process *but = child == user->process ? child : NULL;
    if (parent && (parent->group == group || parent->session != child->session)) return;
    if ((!parent && child->id != GUEST_PID) || !has_stopped(user, group) || !task_is_orphaned(user, group, but)) return;
    signal_send_group(user, group, (struct signal_info){.number = SIGHUP, .code = SIGNAL_KERNEL});
    signal_send_group(user, group, (struct signal_info){.number = SIGCONT, .code = SIGNAL_KERNEL});
}

static void end_children(struct user *user)
{
    for (unsigned i = user->process_count; i-- > 0;) {
        struct process *child = user->processes[i];
        if (child->parent != user->process->id) continue;
        child->parent = GUEST_PARENT;
        part(user, user->process, child);
        if (child->ended)
            task_reap(user, child);
        else if (child->death_signal)
            signal_send_process(user, child,
                                (struct signal_info){.number = (int)child->death_signal,
                                                     .code = SIGNAL_USER,
                                                     .field = {user->process->id, GUEST_UID}});
    }
}

static void tell_parent(struct user *user, struct process *process)
{
    struct process *parent = task_process(user, process->parent);
    unsigned signal = process->status & 0x7f;
    int code = !signal ? CLD_EXITED : process->status & WAIT_CORE ? CLD_DUMPED : CLD_KILLED;
    if (parent && !parent->ended) {
        bool unasked = process->exit_signal == SIGCHLD && signal_reaps_children(parent);
        signal_child(user, parent, process, code, signal ? (int)signal : (int)(process->status >> 8 & 0xff));
        if (!unasked) return;
    }
    task_reap(user, process);
}

static bool anyone_lives(const struct user *user)
{
    for (unsigned i = 0; i < user->process_count; i++)
        if (!user->processes[i]->ended) return true;
    return false;
}

/* The first process's end is what the run is said to have come to. */
static void note_outcome(struct user *user, unsigned status)
{
    unsigned signal = status & 0x7f;
    user->status.end = signal ? USER_KILLED : USER_EXITED;
    user->status.code = signal ? (int)signal : (int)(status >> 8 & 0xff);
    user->status.eip = *user_reg(user, HOME_EIP);
    if (signal) user->victim = user->thread;
}

void task_end_process(struct user *user, unsigned status)
{
    struct process *process = user->process;
    if (process->id == GUEST_PID) note_outcome(user, status);
    end_others(user);
    die(user, user->thread);
    process->ended = true;
    process->status = status;
    memset(process->timer, 0, sizeof process->timer);
    timers_delete(process);
    process->insns += hw_insns(user->core) - user->since; /* for who asks before the core leaves it */
    user->since = hw_insns(user->core);
    semaphores_exit(user);
    files_close(user);
    terminal_detach(user);
    task_leave_parent(user);
    end_children(user);
    part(user, task_process(user, process->parent), process);
    user->over = !anyone_lives(user);
    if (!user->over && user->thread != user->victim) space_release(user, process);
    if (!user->over) tell_parent(user, process);
    schedule_look(user);
}

void task_end_thread(struct user *user, unsigned status)
{
    bool last = true;
    for (unsigned i = 0; i < user->thread_count; i++)
        last &= user->threads[i] == user->thread || user->threads[i]->process != user->process;
    if (last) {
        task_end_process(user, status);
    } else {
        die(user, user->thread);
        schedule_look(user);
    }
}

void task_give_up(struct user *user)
{
    if (user->status.end == USER_RUNNING)
        user_end(user, USER_UNSUPPORTED, 0, "the guest waits for something that can never happen");
    user->over = true; /* whoever is left serves nobody */
}

static void discard(struct user *user, struct process *process)
{
    user->process = process;
    if (!process->ended) files_close(user);
    space_release(user, process);
    free_process(process);
}

void task_destroy(struct user *user)
{
    struct thread *left[2] = {user->thread, user->victim != user->thread ? user->victim : NULL};
    for (unsigned i = 0; i < LENGTH(left); i++) {
        if (!left[i] || !left[i]->dead) continue;
        if (left[i]->process->reaped) discard(user, left[i]->process);
        free(left[i]);
    }
    while (user->thread_count) {
        struct thread *thread = user->threads[--user->thread_count];
        ipc_wait_end(thread);
        free(thread);
    }
    while (user->process_count) discard(user, user->processes[--user->process_count]);
    free(user->threads);
    free(user->processes);
}

/* ---- stopping and going on ---- */

static void tell_news(struct user *user, const struct process *process, int code, int status)
{
    struct process *parent = task_process(user, process->parent);
    if (parent && !parent->ended) signal_child(user, parent, process, code, status);
    schedule_look(user);
}

void task_stop(struct user *user, int signal)
{
    struct process *process = user->process;
    process->stopped = process->news = true;
    process->status = (unsigned)signal << 8 | 0x7f;
    tell_news(user, process, CLD_STOPPED, signal);
}

void task_continue(struct user *user, struct process *process, bool told)
{
    if (!process->stopped) return;
    process->stopped = false;
    process->news = told;
    process->status = 0xffff;
    if (told) tell_news(user, process, CLD_CONTINUED, SIGCONT);
}

/* ---- the calls ---- */

int64_t sys_exit(struct user *user, const uint32_t *a)
{
    task_end_thread(user, WAIT_EXITED(a[0]));
    return 0;
}

int64_t sys_exit_group(struct user *user, const uint32_t *a)
{
    task_end_process(user, WAIT_EXITED(a[0]));
    return 0;
}

int64_t sys_set_tid_address(struct user *user, const uint32_t *a)
{
    user->thread->clear_tid = a[0];
    return user->thread->id;
}
