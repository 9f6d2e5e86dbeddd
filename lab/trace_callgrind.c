/* trace_callgrind.c -- cycles and instructions by guest function, in callgrind's profile format, for callgrind_annotate
 * and KCachegrind. Costs stand at guest addresses; their sums are core.cycles and core.insns of the run.
 *
 * Whose cycles are whose:
 *
 *   a commit of a translation      the cycles since the last commit, in equal parts to the instructions that it retires
 *                                  (the first ones take the rest of the division): the schedule mixes them, so that no
 *                                  finer split would mean anything. A translation that spans functions is split so, too
 *   accesses and helpers of the    to the next instruction that commits: the one that needs them
 *   interpreter
 *   interpreting a block (charged) in equal parts to the instructions interpreted
 *   bundles behind the last commit of a visit to translations (exits, profiling): to the next instruction that commits
 *   all else that the CMS does     to functions of their own, "[translate2]" and the like ("[interpret]": decoding),
 * that and what rollbacks undo        the function under way calls; before the first instruction nobody does
 *
 * Calls are told from CALL instructions and the stack pointer, per thread: a frame is over when the stack pointer has
 * passed it (so that longjmp and signal handlers do no harm). A jump into another function is a call that ends with the
 * function that jumped. Inclusive cost of a function that calls itself counts once for each level. Only the named
 * program's symbols are known: what other processes do, and programs that it executes, go to one function.
 */
#define _GNU_SOURCE /* qsort_r */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "lab/trace_format.h"
#include "lab/version.h"

struct cost {
    uint64_t cycles, insns;
};
struct frame {
    uint32_t esp; /* over when the stack pointer is above it */
    unsigned caller, callee;
    uint32_t site;
    struct cost before; /* the thread's, when it was called */
};
struct thread {
    uint32_t id;
    bool running; /* it has run */
    unsigned function;
    struct check_step last;
    struct cost cost; /* all of it */
    struct frame *frames;
    unsigned count, capacity;
};
/* In the guest's order: an instruction, or work of the CMS. */
struct item {
    struct check_step step;
    uint64_t cycles;
    uint32_t thread;
    bool foreign;      /* in another address space */
    unsigned activity; /* ACTIVITIES: an instruction */
};
struct calls {
    uint64_t count;
    struct cost cost;
};

struct callgrind {
    struct item *items;
    unsigned count, capacity;
    unsigned stepped; /* of items: those behind belong to the commit under way */
    uint64_t ahead;   /* cycles of the next instruction */
    struct thread *threads;
    unsigned thread_count;
    struct trace_map sites; /* function, address, UINT_MAX; or caller, site, callee */
    struct cost *costs;     /* by site */
    uint64_t *calls;        /* by site: how often */
    unsigned site_capacity;
    struct cost total;
};

/* Functions that are not the program's, numbered behind its own. */
enum { NO_SYMBOL = ACTIVITIES, FOREIGN, OTHERS };

static bool begin(struct trace *trace)
{
    trace->self = lab_allocate(sizeof(struct callgrind));
    return true;
}

/* ---- costs ---- */

static unsigned site(struct callgrind *c, unsigned function, uint32_t address, unsigned callee)
{
    unsigned index = trace_map_add(&c->sites, function, address, callee);
    if (index >= c->site_capacity) {
        unsigned capacity = c->site_capacity ? c->site_capacity * 2 : 1024;
        c->costs = lab_reallocate(c->costs, capacity * sizeof *c->costs);
        c->calls = lab_reallocate(c->calls, capacity * sizeof *c->calls);
        for (unsigned i = c->site_capacity; i < capacity; i++) c->costs[i] = (struct cost){0}, c->calls[i] = 0;
        c->site_capacity = capacity;
    }
    return index;
}

static void add_cost(struct cost *cost, uint64_t cycles, uint64_t insns)
{
    cost->cycles += cycles;
    cost->insns += insns;
}

static void spend(struct callgrind *c, struct thread *thread, unsigned function, uint32_t address, uint64_t cycles,
                  unsigned insns)
{
    unsigned index = site(c, function, address, UINT_MAX);
    add_cost(&c->costs[index], cycles, insns);
    add_cost(&c->total, cycles, insns);
    add_cost(&thread->cost, cycles, insns);
}

static void called(struct callgrind *c, unsigned caller, uint32_t address, unsigned callee, struct cost cost)
{
    unsigned index = site(c, caller, address, callee);
    c->calls[index]++;
    add_cost(&c->costs[index], cost.cycles, cost.insns);
}

/* ---- the stack ---- */

static struct thread *thread_of(struct callgrind *c, uint32_t id)
{
    for (unsigned i = 0; i < c->thread_count; i++)
        if (c->threads[i].id == id) return &c->threads[i];
    c->threads = lab_reallocate(c->threads, (c->thread_count + 1) * sizeof *c->threads);
    c->threads[c->thread_count] = (struct thread){.id = id};
    return &c->threads[c->thread_count++];
}

static void push(struct thread *thread, uint32_t esp, unsigned callee)
{
    if (thread->count == thread->capacity) {
        thread->capacity = thread->capacity ? thread->capacity * 2 : 64;
        thread->frames = lab_reallocate(thread->frames, thread->capacity * sizeof *thread->frames);
    }
    thread->frames[thread->count++] = (struct frame){.esp = esp,
                                                     .caller = thread->function,
                                                     .callee = callee,
                                                     .site = (uint32_t)thread->last.address,
                                                     .before = thread->cost};
    thread->function = callee;
}

static void pop(struct callgrind *c, struct thread *thread)
{
    const struct frame *frame = &thread->frames[--thread->count];
    struct cost cost = {thread->cost.cycles - frame->before.cycles, thread->cost.insns - frame->before.insns};
    called(c, frame->caller, frame->site, frame->callee, cost);
    thread->function = frame->caller;
}

/* The thread goes on with an instruction of `function`. */
static void arrive(struct callgrind *c, struct thread *thread, unsigned function, const struct check_step *step)
{
    if (!thread->running) {
        thread->running = true;
        thread->function = function;
        return;
    }
    bool follows = step->address == thread->last.address + thread->last.length;
    if (thread->last.calls && !follows) {
        push(thread, step->esp, function);
        return;
    }
    while (thread->count && thread->frames[thread->count - 1].esp < step->esp) pop(c, thread);
    if (thread->function == function) return;
    const struct frame *top = thread->count ? &thread->frames[thread->count - 1] : NULL;
    if (top && top->caller == function && top->esp == step->esp)
        pop(c, thread); /* it jumped, and jumps back */
    else
        push(thread, step->esp, function);
}

static unsigned function_of(const struct trace *trace, const struct item *item)
{
    if (item->foreign) return trace->function_count + FOREIGN;
    unsigned function = trace_function(trace, item->step.address);
    return function == UINT_MAX ? trace->function_count + NO_SYMBOL : function;
}

static void take(struct trace *trace, const struct item *item)
{
    struct callgrind *c = trace->self;
    struct thread *thread = thread_of(c, item->thread);
    if (item->activity < ACTIVITIES) {
        unsigned function = trace->function_count + item->activity;
        spend(c, thread, function, 0, item->cycles, 0);
        if (thread->running)
            called(c, thread->function, (uint32_t)thread->last.address, function, (struct cost){item->cycles, 0});
        return;
    }
    unsigned function = function_of(trace, item);
    arrive(c, thread, function, &item->step);
    spend(c, thread, function, (uint32_t)item->step.address, item->cycles, item->step.retired);
    thread->last = item->step;
}

static void take_all(struct trace *trace)
{
    struct callgrind *c = trace->self;
    for (unsigned i = 0; i < c->count; i++) take(trace, &c->items[i]);
    c->count = c->stepped = 0;
}

/* ---- what happens ---- */

static struct item *append(struct trace *trace, unsigned activity, uint64_t cycles)
{
    struct callgrind *c = trace->self;
    if (c->count == c->capacity) {
        c->capacity = c->capacity ? c->capacity * 2 : 256;
        c->items = lab_reallocate(c->items, c->capacity * sizeof *c->items);
    }
    c->items[c->count] = (struct item){.cycles = cycles, .thread = trace->thread, .activity = activity};
    return &c->items[c->count++];
}

static void stepped(struct trace *trace, const struct check_step *step) { append(trace, ACTIVITIES, 0)->step = *step; }

/* In equal parts to the instructions from `first` on. */
static bool share(struct callgrind *c, unsigned first, uint64_t cycles)
{
    uint64_t count = 0, part = 0;
    for (unsigned i = first; i < c->count; i++) count += c->items[i].activity == ACTIVITIES;
    for (unsigned i = first; i < c->count; i++) {
        if (c->items[i].activity != ACTIVITIES) continue;
        c->items[i].cycles += cycles / count + (part < cycles % count);
        part++;
    }
    return count;
}

static void committed(struct trace *trace, unsigned gear, uint64_t cycles)
{
    struct callgrind *c = trace->self;
    unsigned first = c->stepped;
    for (unsigned i = first; i < c->count; i++) {
        c->items[i].thread = trace->thread;
        c->items[i].foreign = trace->space != trace->first_space;
    }
    if (first == c->count) {
        c->ahead += cycles;
        return;
    }
    c->items[first].cycles += c->ahead;
    c->ahead = 0;
    share(c, first, cycles);
    c->stepped = c->count;
    if (gear) take_all(trace);
}

static void spent(struct trace *trace, enum hw_activity activity, unsigned work, uint64_t cycles)
{
    struct callgrind *c = trace->self;
    bool running = activity >= ACTIVITY_GEAR1 && activity <= ACTIVITY_GEAR3;
    if (work == WORK_INTERPRET || work == WORK_IR_OP) {
        if (!share(c, 0, cycles)) append(trace, ACTIVITY_INTERPRET, cycles);
        if (work == WORK_IR_OP) take_all(trace); /* the block's last charge */
    } else if (running || work == WORK_HELPER || (activity == ACTIVITY_INTERPRET && work == WORKS)) {
        c->ahead += cycles;
    } else if (cycles) {
        append(trace, activity, cycles);
    }
    c->stepped = c->count;
}

/* ---- the file ---- */

static const char *function_name(const struct trace *trace, unsigned function)
{
    static const char *const others[OTHERS - ACTIVITIES] = {"[no symbol]", "[other processes and programs]"};
    if (function < trace->function_count) return trace->functions[function].name;
    function -= trace->function_count;
    return function < ACTIVITIES ? trace_activities[function] : others[function - ACTIVITIES];
}

static void print_function(const struct trace *trace, const char *key, unsigned function)
{
    bool ours = function >= trace->function_count && function < trace->function_count + ACTIVITIES;
    fprintf(trace->main.file, ours ? "%s=(%u) [%s]\n" : "%s=(%u) %s\n", key, function + 1,
            function_name(trace, function));
}

static int by_key(const void *a, const void *b, void *cookie)
{
    const struct trace_key *keys = cookie, *one = &keys[*(const unsigned *)a], *other = &keys[*(const unsigned *)b];
    if (one->a != other->a) return one->a < other->a ? -1 : 1;
    if (one->b != other->b) return one->b < other->b ? -1 : 1;
    return one->c + 1 < other->c + 1 ? -1 : 1; /* UINT_MAX, a place's own cost, comes first */
}

static uint32_t address_of(const struct trace *trace, unsigned function)
{
    return function < trace->function_count ? trace->functions[function].address : 0;
}

static void print_sites(struct trace *trace)
{
    struct callgrind *c = trace->self;
    FILE *file = trace->main.file;
    unsigned *order = lab_allocate((c->sites.count + 1) * sizeof *order), before = UINT_MAX;
    for (unsigned i = 0; i < c->sites.count; i++) order[i] = i;
    qsort_r(order, c->sites.count, sizeof *order, by_key, c->sites.keys);
    for (unsigned i = 0; i < c->sites.count; i++) {
        const struct trace_key *key = &c->sites.keys[order[i]];
        const struct cost *cost = &c->costs[order[i]];
        if (key->a != before) {
            fputc('\n', file);
            print_function(trace, "fn", key->a);
        }
        before = key->a;
        if (key->c != UINT_MAX) {
            print_function(trace, "cfn", key->c);
            fprintf(file, "calls=%" PRIu64 " 0x%" PRIx32 " 0\n", c->calls[order[i]], address_of(trace, key->c));
        }
        fprintf(file, "0x%" PRIx32 " 0 %" PRIu64 " %" PRIu64 "\n", key->b, cost->cycles, cost->insns);
    }
    free(order);
}

static bool end(struct trace *trace, const char *partial)
{
    struct callgrind *c = trace->self;
    FILE *file = trace->main.file;
    uint64_t left = c->ahead + (core_cycles(trace->core) - trace->told);
    if (left) append(trace, ACTIVITY_INTERPRET, left); /* accesses of an instruction that was never completed */
    take_all(trace);
    for (unsigned i = 0; i < c->thread_count; i++)
        while (c->threads[i].count) pop(c, &c->threads[i]);
    fprintf(file, "# callgrind format\nversion: 1\ncreator: covm %s\ncmd:", COVM_VERSION);
    for (char *const *word = trace->source.argv; *word; word++) fprintf(file, " %s", *word);
    fprintf(file, "\npart: 1\ndesc: Clock: %" PRIu64 " Hz, simulated\n", trace->source.frequency);
    if (partial) fprintf(file, "desc: Partial: the run was %s\n", partial);
    fprintf(file, "positions: instr line\nevents: Cycles Instructions\nsummary: %" PRIu64 " %" PRIu64 "\n\n",
            c->total.cycles, c->total.insns);
    fprintf(file, "ob=%s\nfl=???\n", trace->source.program);
    print_sites(trace);
    fprintf(file, "\ntotals: %" PRIu64 " %" PRIu64 "\n", c->total.cycles, c->total.insns);
    return true;
}

static void destroy(struct trace *trace)
{
    struct callgrind *c = trace->self;
    for (unsigned i = 0; i < c->thread_count; i++) free(c->threads[i].frames);
    free(c->threads);
    free(c->items);
    free(c->costs);
    free(c->calls);
    trace_map_free(&c->sites);
    free(c);
}

const struct trace_format trace_callgrind = {.name = "callgrind",
                                             .steps = true,
                                             .begin = begin,
                                             .stepped = stepped,
                                             .committed = committed,
                                             .spent = spent,
                                             .end = end,
                                             .destroy = destroy};
