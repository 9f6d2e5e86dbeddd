/* tasks.c -- processes and their threads: how they come to be, and go. */
#include <stdlib.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

static void set_limits(struct process *process, uint64_t stack)
{
    enum {
        STACK = 3,
        CORE = 4,
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
        {CORE, 0, UINT64_MAX},
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

static struct process *new_process(uint64_t stack)
{
    struct process *process = calloc(1, sizeof *process);
    if (!process) return NULL;
    process->id = GUEST_PID;
    process->parent = GUEST_PARENT;
    process->file_mask = 022;
    process->exe = -1;
    memcpy(process->cwd, "/", 2);
    set_limits(process, stack);
    return process;
}

static struct thread *new_thread(struct process *process)
{
    struct thread *thread = calloc(1, sizeof *thread);
    if (!thread) return NULL;
    thread->process = process;
    thread->id = process->id;
    thread->stack.flags = STACK_DISABLE;
    return thread;
}

bool task_create(struct user *user, uint64_t stack)
{
    user->process = new_process(stack);
    user->thread = user->process ? new_thread(user->process) : NULL;
    if (!user->thread) free(user->process);
    return user->thread;
}

void task_destroy(struct user *user)
{
    struct process *process = user->process;
    space_destroy(user);
    files_close(user);
    if (process->exe >= 0) close(process->exe);
    free(process);
    free(user->thread);
    user->process = NULL;
    user->thread = NULL;
}
