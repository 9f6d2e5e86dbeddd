/* user.c -- the platform as the machine sees it: made, asked, ended. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hwsim/isa/context.h"
#include "hwsim/platform/user/snapshot.h"

const struct param_desc user_param_table[] = {
#define PARAM(...) PARAM_ROW(struct user_params, __VA_ARGS__)
#include "hwsim/platform/user/user_params.def"
#undef PARAM
};
const unsigned user_param_count = LENGTH(user_param_table);

const struct stat_desc user_stat_table[] = {
#define STAT(...) STAT_ROW(struct user_stats, __VA_ARGS__)
#include "hwsim/platform/user/user_stats.def"
#undef STAT
};
const unsigned user_stat_count = LENGTH(user_stat_table);

enum { EFL_FIXED = 2 };

void user_say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("covm: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
}

void user_end(struct user *user, enum user_end end, int code, const char *format, ...)
{
    va_list list;
    if (user_ended(user)) return;
    user->over = true;
    user->status.end = end;
    user->status.code = code;
    user->status.eip = *user_reg(user, HOME_EIP);
    if (format) {
        va_start(list, format);
        vsnprintf(user->note, sizeof user->note, format, list);
        va_end(list);
        user->status.note = user->note;
    }
}

struct cpu_features user_cpu(const struct user *user)
{
    return cpu_features(CPUS - 1 - CONTEXT_GET(hw_context(user->core), WITHOUT));
}

uint32_t user_flags(struct user *user)
{
    const struct hw_state *state = hw_state(user->core);
    return ((uint32_t)state->r[HOME_EFL] & ~(uint32_t)ATOM_FLAGS) | (state->f[0] & ATOM_FLAGS) | EFL_FIXED;
}

void user_set_flags(struct user *user, uint32_t flags, uint32_t mask)
{
    struct hw_state *state = hw_state(user->core);
    uint32_t value = (user_flags(user) & ~mask) | (flags & mask);
    state->f[0] = (uint16_t)(value & ATOM_FLAGS);
    state->r[HOME_EFL] = value & ~(uint32_t)ATOM_FLAGS;
}

/* ---- exceptions ---- */

/* What became of an exception: a signal, with what siginfo says. */
struct consequence {
    int number, code;
    uint32_t address;
};

/* Which unmasked floating-point exception it is, as Linux ranks them: invalid, divide, overflow, underflow or denormal
 * operand, precision. */
static int float_code(struct user *user, uint64_t vector)
{
    uint32_t control = (uint32_t)*user_reg(user, vector == VECTOR_MF ? HOME_FCW : HOME_MXCSR),
             raised = vector == VECTOR_MF ? (uint32_t)*user_reg(user, HOME_FSW) & ~control : control & ~(control >> 7);
    if (raised & 1) return FPE_FLTINV;
    if (raised & 4) return FPE_FLTDIV;
    if (raised & 8) return FPE_FLTOVF;
    return raised & 0x12 ? FPE_FLTUND : FPE_FLTRES;
}

static struct consequence consequence(struct user *user, const struct hw_fault *fault, bool software, uint32_t eip,
                                      enum populate why)
{
    switch (fault->vector) {
    case VECTOR_DE: return (struct consequence){SIGFPE, FPE_INTDIV, eip};
    case VECTOR_DB:
        return (struct consequence){SIGTRAP, software ? TRAP_BRKPT : TRAP_TRACE, eip}; /* INT1, or a single step */
    case VECTOR_BP: return (struct consequence){SIGTRAP, SIGNAL_KERNEL, 0};
    case VECTOR_UD: return (struct consequence){SIGILL, ILL_ILLOPN, eip};
    case VECTOR_NP:
    case VECTOR_SS: return (struct consequence){SIGBUS, SIGNAL_KERNEL, 0};
    case VECTOR_AC: return (struct consequence){SIGBUS, BUS_ADRALN, 0};
    case VECTOR_MF:
    case VECTOR_XM: return (struct consequence){SIGFPE, float_code(user, fault->vector), eip};
    case VECTOR_PF:
        if (why == POPULATE_BEYOND) return (struct consequence){SIGBUS, BUS_ADRERR, (uint32_t)fault->address};
        return (struct consequence){SIGSEGV, why == POPULATE_DENIED ? SEGV_ACCERR : SEGV_MAPERR,
                                    (uint32_t)fault->address};
    default: /* #GP, #OF, #BR, #TS */ return (struct consequence){SIGSEGV, SIGNAL_KERNEL, 0};
    }
}

static void describe(struct user *user, const struct hw_fault *fault, uint32_t eip)
{
    static const char *const name[] = {
#define EXCEPTION(name, vector, meaning) [vector] = "#" #name " " meaning,
#include "hwsim/isa/exceptions.def"
#undef EXCEPTION
    };
    const char *what = fault->vector < LENGTH(name) && name[fault->vector] ? name[fault->vector] : "exception";
    user->status.fault = *fault;
    user->status.eip = eip;
    if (fault->vector == VECTOR_PF) return; /* the fault says it all */
    snprintf(user->note, sizeof user->note, "%s (error code 0x%x)", what, fault->error);
    user->status.note = user->note;
}

/* A page fault that only brings a page in. One that repeats at the same instruction is our own bug, not the guest's. */
static enum populate page_fault(struct user *user, const struct hw_fault *fault)
{
    uint32_t address = (uint32_t)fault->address;
    unsigned access = (fault->error & PF_WRITE ? ACCESS_WRITE : 0) | (fault->error & PF_FETCH ? ACCESS_FETCH : 0);
    if (fault->address > UINT32_MAX) return POPULATE_UNMAPPED;
    bool resident = space_is_resident(user, address);
    enum populate result = space_populate(user, address, access);
    if (result != POPULATED) return result;
    uint64_t now = hw_insns(user->core);
    user->fault_repeats = now == user->fault_insns && address == user->fault_address ? user->fault_repeats + 1 : 0;
    user->fault_insns = now;
    user->fault_address = address;
    if (user->fault_repeats > 8)
        hw_panic(user->core, "the page fault at 0x%x repeats although the page is there", address);
    if (resident) core_mapping_changed(user->core, address & ~(uint32_t)(PAGE_BYTES - 1), PAGE_BYTES);
    user->stats.faults_populated++;
    return POPULATED;
}

/* INT n where the gate is not for users: #GP on the instruction, with the vector's index (SDM vol. 3, 6.12.1.1). */
static struct hw_fault refuse_interrupt(struct user *user, const struct hw_fault *fault)
{
    *user_reg(user, HOME_EIP) = (uint32_t)fault->address;
    return (struct hw_fault){.vector = VECTOR_GP, .error = (uint32_t)fault->vector << 3 | 2};
}

/* Was it the two-byte INT 1, which users may not use, not INT1? */
static bool is_int_1(struct user *user, const struct hw_fault *fault)
{
    uint8_t code[2];
    uint32_t eip = (uint32_t)*user_reg(user, HOME_EIP);
    return eip - (uint32_t)fault->address >= 2 && user_get(user, eip - 2, code, sizeof code) && code[0] == 0xcd &&
           code[1] == 1;
}

static void raise_signal(struct user *user, const struct hw_fault *fault, bool software, enum populate why)
{
    struct thread *thread = user->thread;
    uint32_t eip = (uint32_t)*user_reg(user, HOME_EIP);
    struct consequence signal = consequence(user, fault, software, eip, why);
    if (fault->vector == VECTOR_NM) {
        user_end(user, USER_UNSUPPORTED, 0,
                 "the instruction at eip 0x%x needs the x87, MMX or SSE unit, which is not modelled", eip);
        return;
    }
    user->stats.exceptions++;
    thread->trap = fault->vector;
    thread->error = fault->error;
    if (fault->vector == VECTOR_PF) thread->cr2 = (uint32_t)fault->address;
    signal_force(user, (struct signal_info){.number = signal.number, .code = signal.code, .field = {signal.address}});
    signals_deliver(user, NULL);
    bool killed = thread->dead && thread->process->id == GUEST_PID && user->status.end == USER_KILLED;
    if (killed && user->status.code == signal.number) describe(user, fault, eip);
}

static enum hw_run on_system_call(void *self, struct hw_core *core)
{
    struct user *user = self;
    user_syscall(user);
    if (user->interrupted) user_end(user, USER_INTERRUPTED, 0, NULL);
    return schedule_settle(user);
}

static enum hw_run on_exception(void *self, struct hw_core *core, const struct hw_fault *fault, bool software)
{
    struct user *user = self;
    struct hw_fault given = *fault;
    enum populate why = POPULATE_UNMAPPED;
    if (software) {
        given = (struct hw_fault){.vector = fault->vector};
        if (fault->vector == VECTOR_LINUX) return on_system_call(user, core);
        bool open = fault->vector == VECTOR_BP || fault->vector == VECTOR_OF ||
                    (fault->vector == VECTOR_DB && !is_int_1(user, fault));
        if (!open) given = refuse_interrupt(user, fault);
    } else if (fault->vector == VECTOR_PF) {
        why = page_fault(user, fault);
        if (why == POPULATED) return HW_RUN;
        if (why == POPULATE_NO_MEMORY) {
            user_end(user, USER_KILLED, SIGKILL, "guest memory is full");
            return HW_STOP;
        }
    }
    raise_signal(user, &given, software, why);
    return schedule_settle(user);
}

/* ---- the other callbacks ---- */

static enum hw_run on_events(void *self, struct hw_core *core)
{
    struct user *user = self;
    if (user->interrupted)
        user_end(user, USER_INTERRUPTED, 0, NULL);
    else if (hw_insns(core) >= user->insns_max)
        user_end(user, USER_LIMIT, 0, NULL);
    if (!user_ended(user)) {
        time_fire(user);
        signals_deliver(user, NULL);
    }
    return schedule_settle(user);
}

static uint64_t on_next_event(void *self, const struct hw_core *core)
{
    const struct user *user = self;
    uint64_t next = user->insns_max, timer = time_next_event(user), turn = schedule_next_event(user);
    if (user->interrupted) return hw_insns(core);
    next = timer < next ? timer : next;
    return turn < next ? turn : next;
}

static uint64_t on_time_stamp(void *self, const struct hw_core *core)
{
    const struct user *user = self;
    return hw_insns(core) + (uint64_t)((unsigned __int128)user->slept * (uint64_t)user->params.frequency / 1000000000);
}

static bool on_segment(void *self, struct hw_core *core, unsigned segment, uint16_t selector,
                       struct hw_segment *descriptor, struct hw_fault *fault)
{
    return segment_lookup(self, segment, selector, descriptor, fault);
}

/* ---- life ---- */

static void begin(struct user *user, struct machine *machine, const struct user_config *config)
{
    user->machine = machine;
    user->core = machine_core(machine, 0);
    user->physical = machine_physical(machine);
    user->params = config->params;
    user->insns_max = config->insns_max ? config->insns_max : UINT64_MAX;
    user->write = config->write;
    user->on_refused = config->refused;
    user->on_refused_cookie = config->cookie;
    user->capture = config->capture;
    user->root = user->tmp = user->shm = -1;
    prng_seed(&user->random, (uint64_t)config->params.seed);
}

static void serve(struct user *user)
{
    machine_set_platform(user->machine, (struct platform){.self = user,
                                                          .system_call = on_system_call,
                                                          .exception = on_exception,
                                                          .events = on_events,
                                                          .next_event = on_next_event,
                                                          .time_stamp = on_time_stamp,
                                                          .segment = on_segment});
}

struct user *user_create(struct machine *machine, const struct user_config *config, char *error, size_t error_capacity)
{
    struct user *user = calloc(1, sizeof *user);
    char reason[512] = "no memory";
    if (!user || !task_create(user, (uint64_t)config->params.stack)) {
        snprintf(error, error_capacity, "%s: %s", config->program, reason);
        free(user);
        return NULL;
    }
    begin(user, machine, config);
    serve(user);
    bool files = files_create(user, config, reason, sizeof reason);
    if (!files) snprintf(error, error_capacity, "%s", reason); /* names its own file */
    if (files && space_create(user) && user_load(user, config, reason, sizeof reason)) return user;
    if (files) snprintf(error, error_capacity, "%s: %s", config->program, reason);
    user_destroy(user);
    return NULL;
}

struct user *user_resume(struct machine *machine, const struct user_config *config, struct snapshot *snapshot,
                         char *error, size_t error_capacity)
{
    struct user *user = calloc(1, sizeof *user);
    snprintf(error, error_capacity, "no memory");
    if (!user) return NULL;
    begin(user, machine, config);
    if (files_resume(user, config, error, error_capacity) && user_load_snapshot(user, config->program, snapshot)) {
        serve(user);
        return user;
    }
    if (snapshot->failed) snprintf(error, error_capacity, "%s", snapshot->reason);
    files_destroy(user);
    free(user);
    return NULL;
}

void user_destroy(struct user *user)
{
    if (!user) return;
    task_destroy(user);
    passing_collect(user);
    shared_memory_destroy(user);
    semaphores_destroy(user);
    message_queues_destroy(user);
    files_destroy(user);
    free(user);
}

struct user_status user_status(const struct user *user) { return user->status; }
void user_collect(const struct user *user, struct user_stats *stats) { *stats = user->stats; }

uint32_t user_thread(const struct user *user) { return user->thread ? user->thread->id : 0; }

void user_interrupt(struct user *user)
{
    user->interrupted = 1;
    core_event_changed(user->core);
}
