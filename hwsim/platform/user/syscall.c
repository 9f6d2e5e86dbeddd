/* syscall.c -- from INT 0x80 to a handler and back (number in EAX, arguments in EBX ECX EDX ESI EDI EBP). */
#include <stdio.h>

#include "hwsim/platform/user/internal.h"

struct row {
    const char *name;
    unsigned arguments;
    int64_t (*handler)(struct user *user, const uint32_t *a);
};
static const struct row rows[] = {
#define SYSCALL(number, name, arguments, handler) [number] = {#name, arguments, sys_##handler},
#include "hwsim/platform/user/syscalls.def"
#undef SYSCALL
};
enum { CALL_BITS_MAX = 512 };
_Static_assert(LENGTH(rows) < CALL_BITS_MAX, "user->refused has a bit for each system call");

/* The first time that a call is refused, the user is told: it may be why the program goes wrong. */
static void report(struct user *user, uint32_t number)
{
    uint32_t bit = number < LENGTH(rows) ? number : CALL_BITS_MAX - 1;
    if (user->refused[bit / 64] >> bit % 64 & 1) return;
    user->refused[bit / 64] |= UINT64_C(1) << bit % 64;
    const char *name = number < LENGTH(rows) && rows[number].name ? rows[number].name : "no such call";
    user_say("the guest's system call %u (%s) is not supported: it got ENOSYS", number, name);
}

int64_t sys_unsupported(struct user *user, const uint32_t *a)
{
    user->stats.syscalls_unknown++;
    report(user, user->thread->call);
    return -ENOSYS;
}

static void trace(struct user *user, const struct row *row, const uint32_t *a, int64_t result)
{
    char text[128];
    int length = 0;
    text[0] = 0;
    for (unsigned i = 0; i < row->arguments; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, i ? ", 0x%x" : "0x%x", a[i]);
    hw_trace(user->core, 's', "%s(%s) = %lld", row->name, text, (long long)result);
}

static void answer(struct user *user)
{
    static const struct row unknown = {"unknown", 0, sys_unsupported};
    struct thread *thread = user->thread;
    const uint64_t *r = hw_state(user->core)->r;
    uint32_t a[6] = {(uint32_t)r[HOME_EBX], (uint32_t)r[HOME_ECX], (uint32_t)r[HOME_EDX],
                     (uint32_t)r[HOME_ESI], (uint32_t)r[HOME_EDI], (uint32_t)r[HOME_EBP]};
    const struct row *row = thread->call < LENGTH(rows) && rows[thread->call].name ? &rows[thread->call] : &unknown;
    uint64_t eip = r[HOME_EIP];
    int64_t result = row->handler(user, a);
    thread->wait.waiting = result == BLOCKED && !thread->dead;
    if (result == BLOCKED) return;
    if (hw_tracing(user->core, 's', eip)) trace(user, row, a, result);
    schedule_look(user);
    if (user_ended(user) || thread->dead) return;
    thread->wait.resumed = false;
    if (!thread->call_abandoned) *user_reg(user, HOME_EAX) = (uint32_t)result;
    signals_deliver(user, thread->call_abandoned ? NULL : &result);
}

void user_syscall(struct user *user)
{
    user->thread->call = (uint32_t)*user_reg(user, HOME_EAX);
    user->thread->call_abandoned = false;
    user->stats.syscalls++;
    answer(user);
}

void user_syscall_again(struct user *user) { answer(user); }
