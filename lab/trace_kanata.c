/* trace_kanata.c -- bundles as they issue, in the log format of Konata ("Kanata 0004"), for a window of cycles.
 *
 * Each atom is a line, NOPs left out; those of a bundle stand one below the other. Lane 0 has its stages: F, fetched:
 * one cycle (the model has no front end to tell more of) and what the line was waited for; W, waiting for operands or
 * units; I, the cycle of issue; X, until its result can be used. Lane 1 of a bundle's first line tells why the machine
 * did not issue between the bundle before and this one, in stages named by cause (causes.def). Of what delays the
 * bundle behind it (branches, stores, commits) the order is known no better than that it comes first.
 *
 * A line is labelled with the guest's EIP at the checkpoint from which the bundle runs (the translator mixes the
 * instructions behind it), and is retired by the commit that makes it permanent, or flushed by a rollback. What the CMS
 * does is a line per stretch of one activity, with one stage of its length. So every cycle of the window is the issue
 * of a bundle, or in a stage of lane 1, or in a line of the CMS.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "hwsim/isa/assembler.h"
#include "lab/trace_format.h"

static const char *const causes[CAUSES] = {
#define CAUSE(name, key, meaning) key,
#include "hwsim/causes.def"
#undef CAUSE
};

/* An atom, or a stretch of the CMS's activity. */
struct line {
    char *label, *detail;
    uint64_t fetch, wait, issue, done; /* cycles at which F, W, I begin; at which X is over; CMS: issue..done */
    uint64_t over;                     /* retired or flushed; 0: not yet */
    unsigned activity;                 /* of the CMS; ACTIVITIES: an atom */
    bool flushed;
};
/* A stretch of lane 1. */
struct stall {
    unsigned line, cause;
    uint64_t from, to;
};
struct kanata {
    struct line *lines;
    unsigned count, capacity;
    struct stall *stalls;
    unsigned stall_count, stall_capacity;
    unsigned undecided; /* of lines: from here on neither retired nor flushed */
    struct atom atoms[BUNDLE_ATOMS_MAX];
    unsigned atom_count, first; /* of the bundle that issued last: its atoms, its first line */
    uint64_t issued;            /* when */
    bool open;                  /* its results are still to be asked for */
    uint64_t waited[CAUSES];    /* when the present stretch began */
    uint64_t next;              /* the first cycle that nothing has been shown for */
    unsigned activity;          /* of the last line, if it is the CMS's and goes on; ACTIVITIES: it does not */
};

static bool begin(struct trace *trace)
{
    struct kanata *k = trace->self = lab_allocate(sizeof *k);
    k->activity = ACTIVITIES;
    return true;
}

/* Is any cycle of from..to-1 in the window? */
static bool overlaps(const struct trace *trace, uint64_t from, uint64_t to)
{
    uint64_t first = trace->request.from;
    return from < to && to > first && (from < first || from - first < trace->request.count);
}

/* Is the window over? */
static bool is_past(const struct trace *trace, uint64_t cycle)
{
    return cycle > trace->request.from && cycle - trace->request.from > trace->request.count;
}

static struct line *add_line(struct kanata *k, unsigned activity)
{
    if (k->count == k->capacity) {
        k->capacity = k->capacity ? k->capacity * 2 : 1024;
        k->lines = lab_reallocate(k->lines, k->capacity * sizeof *k->lines);
    }
    k->lines[k->count] = (struct line){.activity = activity};
    return &k->lines[k->count++];
}

static void add_stall(struct kanata *k, unsigned cause, uint64_t from, uint64_t to)
{
    if (k->stall_count == k->stall_capacity) {
        k->stall_capacity = k->stall_capacity ? k->stall_capacity * 2 : 1024;
        k->stalls = lab_reallocate(k->stalls, k->stall_capacity * sizeof *k->stalls);
    }
    k->stalls[k->stall_count++] = (struct stall){k->count, cause, from, to};
}

/* ---- bundles ---- */

static uint64_t result_cycle(const struct trace *trace, const struct atom *atom, uint64_t issue)
{
    struct atom_uses uses = atom_uses(atom);
    uint64_t done = issue + 1;
    for (unsigned reg = 0; reg < REGS_ALL + FLAG_COUNT; reg++) {
        bool written = reg < REG_VECTOR ? uses.writes >> reg & 1
                       : reg < REGS_ALL ? uses.vwrites >> (reg - REG_VECTOR) & 1
                                        : uses.flags_written >> (reg - REGS_ALL) & 1;
        uint64_t ready = written ? core_ready_cycle(trace->core, reg) : 0;
        if (ready > done) done = ready;
    }
    return done;
}

/* The bundle that issued last has executed: when are its results there? */
static void finish_bundle(struct trace *trace)
{
    struct kanata *k = trace->self;
    unsigned line = k->first;
    for (unsigned i = 0; k->open && i < k->atom_count; i++)
        if (k->atoms[i].op != ATOM_NOP) k->lines[line++].done = result_cycle(trace, &k->atoms[i], k->issued);
    k->open = false;
}

static bool delays_the_next(unsigned cause)
{
    return cause == CAUSE_BRANCH || cause == CAUSE_INDIRECT || cause == CAUSE_MSHR || cause == CAUSE_UNALIGNED ||
           cause == CAUSE_STORE || cause == CAUSE_COMMIT;
}

/* Lays out why nothing issued since k->next; returns the cycles that the instruction line and, behind it, the
 * operands took of that. */
static void lay_out(struct trace *trace, uint64_t *line_cycles, uint64_t *operand_cycles)
{
    struct kanata *k = trace->self;
    uint64_t waited[CAUSES], at = k->next;
    core_waited(trace->core, waited);
    *line_cycles = *operand_cycles = 0;
    for (unsigned own = 0; own < 2; own++) {
        for (unsigned cause = 0; cause < CAUSES; cause++) {
            uint64_t cycles = waited[cause] - k->waited[cause];
            if (cause == CAUSE_ISSUE || delays_the_next(cause) == own || !cycles) continue;
            add_stall(k, cause, at, at + cycles);
            at += cycles;
            if (own) *(cause == CAUSE_IFETCH ? line_cycles : operand_cycles) += cycles;
        }
    }
}

static void add_atom(struct trace *trace, const struct atom *atom, uint32_t tpc, unsigned slot)
{
    struct line *line = add_line(trace->self, ACTIVITIES);
    uint64_t eip = hw_shadow(trace->core)->r[HOME_EIP];
    char text[256];
    struct text label = {0};
    atom_print(text, sizeof text, atom);
    text_printf(&label, "%08" PRIx64 ": %s", eip, text);
    line->label = label.data;
    struct text detail = {0};
    text_printf(&detail, "TPC 0x%" PRIx32 ", atom %u of its bundle; checkpoint 0x%08" PRIx64 " ", tpc, slot, eip);
    trace_print_place(trace, eip, &detail);
    line->detail = detail.data;
}

static void bundle(struct trace *trace, uint32_t tpc)
{
    struct kanata *k = trace->self;
    uint64_t issue = machine_cycle(trace->source.machine), line_cycles, operand_cycles;
    finish_bundle(trace);
    if (is_past(trace, k->next)) return;
    k->activity = ACTIVITIES;
    if (overlaps(trace, k->next, issue + 1)) {
        uint32_t left = hw_concealed_bytes(trace->core) - tpc;
        lay_out(trace, &line_cycles, &operand_cycles);
        k->first = k->count;
        k->atom_count = 0;
        bundle_decode(hw_concealed(trace->core, tpc), left, k->atoms, BUNDLE_ATOMS_MAX, &k->atom_count);
        for (unsigned i = 0; i < k->atom_count; i++) {
            if (k->atoms[i].op == ATOM_NOP && (i + 1 < k->atom_count || k->count > k->first)) continue;
            add_atom(trace, &k->atoms[i], tpc, i);
            struct line *line = &k->lines[k->count - 1];
            line->issue = issue;
            line->wait = issue - operand_cycles;
            line->fetch = line->wait - line_cycles - (line->wait > line_cycles);
            line->done = issue + 1;
        }
        k->issued = issue;
        k->open = true;
    }
    k->next = issue + 1;
    core_waited(trace->core, k->waited);
}

/* ---- ends ---- */

static void decide(struct kanata *k, uint64_t cycle, bool flushed)
{
    for (; k->undecided < k->count; k->undecided++) {
        struct line *line = &k->lines[k->undecided];
        if (line->activity != ACTIVITIES) continue;
        line->over = cycle;
        line->flushed = flushed;
    }
}

static void committed(struct trace *trace, unsigned gear, uint64_t cycles)
{
    if (gear) decide(trace->self, trace->told, false);
}

static void left(struct trace *trace, const struct hw_exit *exit)
{
    finish_bundle(trace);
    decide(trace->self, trace->told, false); /* what a rollback flushed has been decided */
}

/* Are the activity's cycles those of bundles? */
static bool is_running(enum hw_activity activity)
{
    return activity == ACTIVITY_GEAR1 || activity == ACTIVITY_GEAR2 || activity == ACTIVITY_GEAR3 ||
           activity == ACTIVITY_SQUASHED;
}

static void add_work(struct trace *trace, enum hw_activity activity, uint64_t from)
{
    struct kanata *k = trace->self;
    if (k->activity != activity || k->lines[k->count - 1].done != from) {
        struct line *line = add_line(k, activity);
        line->issue = from > trace->request.from ? from : trace->request.from;
    }
    k->activity = activity;
    k->lines[k->count - 1].done = trace->told;
}

static void spent(struct trace *trace, enum hw_activity activity, unsigned work, uint64_t cycles)
{
    struct kanata *k = trace->self;
    if (is_past(trace, k->next) && k->undecided == k->count) return;
    if (is_running(activity)) {
        uint64_t line_cycles, operand_cycles;
        finish_bundle(trace);
        if (activity == ACTIVITY_SQUASHED) decide(k, trace->told, true);
        if (overlaps(trace, k->next, trace->told)) lay_out(trace, &line_cycles, &operand_cycles);
    } else if (overlaps(trace, trace->told - cycles, trace->told)) {
        add_work(trace, activity, trace->told - cycles);
    }
    k->next = trace->told;
    core_waited(trace->core, k->waited);
}

/* ---- the file ---- */

/* What Konata is told at a cycle. In the file they stand by cycle, line, kind. */
enum kind { KIND_LINE, KIND_STAGE, KIND_STALL, KIND_STALL_END, KIND_END, KIND_OVER };
struct event {
    uint64_t cycle;
    unsigned line;
    uint8_t kind;
    const char *stage;
};
struct events {
    struct event *items;
    size_t count, capacity;
};

static void add_event(struct events *events, uint64_t cycle, unsigned line, enum kind kind, const char *stage)
{
    if (events->count == events->capacity) {
        events->capacity = events->capacity ? events->capacity * 2 : 4096;
        events->items = lab_reallocate(events->items, events->capacity * sizeof *events->items);
    }
    events->items[events->count++] = (struct event){cycle, line, (uint8_t)kind, stage};
}

static int by_time(const void *a, const void *b)
{
    const struct event *one = a, *other = b;
    if (one->cycle != other->cycle) return one->cycle < other->cycle ? -1 : 1;
    if (one->line != other->line) return one->line < other->line ? -1 : 1;
    return one->kind < other->kind ? -1 : one->kind > other->kind;
}

static void collect(const struct kanata *k, struct events *events)
{
    unsigned stall = 0;
    for (unsigned i = 0; i < k->count; i++) {
        const struct line *line = &k->lines[i];
        bool atom = line->activity == ACTIVITIES;
        uint64_t first = atom ? line->fetch : line->issue, end = line->done;
        for (; stall < k->stall_count && k->stalls[stall].line == i; stall++) {
            if (k->stalls[stall].from < first) first = k->stalls[stall].from;
            add_event(events, k->stalls[stall].from, i, KIND_STALL, causes[k->stalls[stall].cause]);
            bool more = stall + 1 < k->stall_count && k->stalls[stall + 1].line == i;
            if (!more) add_event(events, k->stalls[stall].to, i, KIND_STALL_END, causes[k->stalls[stall].cause]);
        }
        add_event(events, first, i, KIND_LINE, NULL);
        if (!atom) {
            add_event(events, line->issue, i, KIND_STAGE, "CMS");
        } else {
            if (line->fetch < line->wait) add_event(events, line->fetch, i, KIND_STAGE, "F");
            if (line->wait < line->issue) add_event(events, line->wait, i, KIND_STAGE, "W");
            add_event(events, line->issue, i, KIND_STAGE, "I");
            if (line->issue + 1 < line->done) add_event(events, line->issue + 1, i, KIND_STAGE, "X");
        }
        add_event(events, end, i, KIND_END, !atom ? "CMS" : line->issue + 1 < line->done ? "X" : "I");
        if (line->over > end) end = line->over;
        add_event(events, end, i, KIND_OVER, NULL);
    }
    if (events->count) qsort(events->items, events->count, sizeof *events->items, by_time);
}

static void print_event(FILE *file, const struct kanata *k, const struct event *event, unsigned *retired)
{
    const struct line *line = &k->lines[event->line];
    switch ((enum kind)event->kind) {
    case KIND_LINE:
        fprintf(file, "I\t%u\t%u\t%u\n", event->line, event->line, line->activity != ACTIVITIES);
        if (line->label)
            fprintf(file, "L\t%u\t0\t%s\nL\t%u\t1\t%s\n", event->line, line->label, event->line, line->detail);
        else
            fprintf(file, "L\t%u\t0\t[%s] %" PRIu64 " cycles\n", event->line, trace_activities[line->activity],
                    line->done - line->issue);
        break;
    case KIND_STAGE: fprintf(file, "S\t%u\t0\t%s\n", event->line, event->stage); break;
    case KIND_STALL: fprintf(file, "S\t%u\t1\t%s\n", event->line, event->stage); break;
    case KIND_STALL_END: fprintf(file, "E\t%u\t1\t%s\n", event->line, event->stage); break;
    case KIND_END: fprintf(file, "E\t%u\t0\t%s\n", event->line, event->stage); break;
    case KIND_OVER:
        fprintf(file, "R\t%u\t%u\t%u\n", event->line, line->flushed ? 0 : (*retired)++, line->flushed);
        break;
    }
}

static bool end(struct trace *trace, const char *partial)
{
    struct kanata *k = trace->self;
    struct events events = {0};
    unsigned retired = 0;
    FILE *file = trace->main.file;
    if (partial) {
        struct line *line = add_line(k, ACTIVITY_SYSTEM);
        line->label = lab_printf("[covm: the run was %s]", partial);
        line->detail = lab_copy("partial");
        line->issue = trace->told;
        line->done = trace->told + 1;
    }
    if (!k->count)
        fprintf(stderr, "covm: the run was over at cycle %" PRIu64 ", before the window began\n", trace->told);
    collect(k, &events);
    fprintf(file, "Kanata\t0004\n");
    for (size_t i = 0; i < events.count; i++) {
        uint64_t cycle = events.items[i].cycle;
        if (i == 0)
            fprintf(file, "C=\t%" PRIu64 "\n", cycle);
        else if (cycle != events.items[i - 1].cycle)
            fprintf(file, "C\t%" PRIu64 "\n", cycle - events.items[i - 1].cycle);
        print_event(file, k, &events.items[i], &retired);
    }
    free(events.items);
    return true;
}

static void destroy(struct trace *trace)
{
    struct kanata *k = trace->self;
    for (unsigned i = 0; i < k->count; i++) {
        free(k->lines[i].label);
        free(k->lines[i].detail);
    }
    free(k->lines);
    free(k->stalls);
    free(k);
}

const struct trace_format trace_kanata = {.name = "kanata",
                                          .begin = begin,
                                          .committed = committed,
                                          .spent = spent,
                                          .bundle = bundle,
                                          .left = left,
                                          .end = end,
                                          .destroy = destroy};
