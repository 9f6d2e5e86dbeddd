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

static const struct row *row_of(uint32_t number)
{
    return number < LENGTH(rows) && rows[number].name ? &rows[number] : NULL;
}

const char *user_call_name(uint32_t number)
{
    const struct row *row = row_of(number);
    return row ? row->name : NULL;
}

enum user_call user_call_fate(uint32_t number)
{
    const struct row *row = row_of(number);
    if (!row || row->handler == sys_unsupported) return USER_CALL_REFUSED;
    return row->handler == sys_absent ? USER_CALL_ABSENT : USER_CALL_HANDLED;
}

/* Of a stub that is INT 0x80, RET and no more, the caller is of interest. */
static uint32_t call_site(struct user *user)
{
    enum { INT_BYTES = 2, RET = 0xc3 };
    uint32_t eip = (uint32_t)*user_reg(user, HOME_EIP), caller;
    uint8_t next = 0;
    bool stub = user_get(user, eip, &next, sizeof next) && next == RET &&
                user_get(user, (uint32_t)*user_reg(user, HOME_ESP), &caller, sizeof caller);
    return stub ? caller : eip - INT_BYTES;
}

/* The first time that a call is refused, the user is told: it may be why the program goes wrong. */
static void report(struct user *user, uint32_t number)
{
    uint32_t bit = number < LENGTH(rows) ? number : CALL_BITS_MAX - 1, site;
    if (user->refused[bit / 64] >> bit % 64 & 1) return;
    user->refused[bit / 64] |= UINT64_C(1) << bit % 64;
    const char *name = user_call_name(number);
    site = call_site(user);
    if (user->on_refused)
        user->on_refused(user->on_refused_cookie, number, site);
    else
        user_say("the guest's system call %u (%s) at 0x%08x is not supported: it got ENOSYS", number,
                 name ? name : "no such call", site);
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
    const struct row *row = row_of(thread->call) ? row_of(thread->call) : &unknown;
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
