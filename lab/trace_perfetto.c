/* trace_perfetto.c -- what the machine was doing over time, in Chrome's trace event format (JSON), which
 * ui.perfetto.dev and chrome://tracing show: a track of slices, a slice per stretch of one activity; tracks of
 * instants: rollbacks with their cause, translations made, translations that left the code cache, system calls.
 *
 * Time is simulated: `ts` and `dur` are microseconds of core.frequency; `args` have cycles. A slice shorter than the
 * resolution takes in what follows, until it is as long; it bears the name of its greatest part, and its args tell the
 * cycles of each, so that nothing is lost but the order within it. Unless a resolution is asked for it begins at one
 * cycle and doubles whenever there are too many slices.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "hwsim/platform/user/user.h"
#include "lab/trace_format.h"
#include "lab/version.h"

enum { SLICES_MAX = 1 << 16, INSTANTS_MAX = 1 << 14 };

enum track { TRACK_ACTIVITY = 1, TRACK_ROLLBACKS, TRACK_TRANSLATIONS, TRACK_CODE_CACHE, TRACK_CALLS, TRACK_END };
static const char *const track_names[TRACK_END] = {[TRACK_ACTIVITY] = "activity",
                                                   [TRACK_ROLLBACKS] = "rollbacks",
                                                   [TRACK_TRANSLATIONS] = "translations",
                                                   [TRACK_CODE_CACHE] = "code cache",
                                                   [TRACK_CALLS] = "system calls"};

struct slice {
    uint64_t start, length;
    uint64_t cycles[ACTIVITIES];
};
struct perfetto {
    struct slice *slices;
    unsigned count, capacity;
    uint64_t resolution;
    struct text instants; /* printed already */
    uint64_t seen[TRACK_END];
};

static bool begin(struct trace *trace)
{
    struct perfetto *p = trace->self = lab_allocate(sizeof *p);
    p->resolution = trace->request.resolution ? trace->request.resolution : 1;
    return true;
}

/* ---- slices ---- */

static bool is_only(const struct slice *slice, unsigned activity) { return slice->cycles[activity] == slice->length; }

/* Does the last slice take in more of `activity`? */
static bool takes_in(const struct perfetto *p, unsigned activity)
{
    const struct slice *last = p->count ? &p->slices[p->count - 1] : NULL;
    return last && (last->length < p->resolution || is_only(last, activity));
}

static void merge(struct perfetto *p)
{
    unsigned count = p->count;
    p->resolution *= 2;
    p->count = 1;
    for (unsigned i = 1; i < count; i++) {
        const struct slice *from = &p->slices[i];
        struct slice *last = &p->slices[p->count - 1];
        unsigned only = 0;
        while (only < ACTIVITIES && !is_only(from, only)) only++;
        if (last->length >= p->resolution && (only == ACTIVITIES || !is_only(last, only))) {
            p->slices[p->count++] = *from;
            continue;
        }
        last->length += from->length;
        for (unsigned a = 0; a < ACTIVITIES; a++) last->cycles[a] += from->cycles[a];
    }
}

static void add(struct trace *trace, unsigned activity, uint64_t cycles)
{
    struct perfetto *p = trace->self;
    if (!cycles) return;
    if (!takes_in(p, activity)) {
        while (p->count == SLICES_MAX && !trace->request.resolution) merge(p);
        if (p->count == p->capacity) {
            p->capacity = p->capacity ? p->capacity * 2 : 1024;
            p->slices = lab_reallocate(p->slices, p->capacity * sizeof *p->slices);
        }
        p->slices[p->count++] = (struct slice){.start = trace->told - cycles};
    }
    struct slice *last = &p->slices[p->count - 1];
    last->length += cycles;
    last->cycles[activity] += cycles;
}

/* ---- instants ---- */

static void print_time(struct text *text, uint64_t cycles, uint64_t frequency)
{
    uint64_t picoseconds = (uint64_t)((unsigned __int128)cycles * 1000000000000u / frequency);
    text_printf(text, "%" PRIu64 ".%06" PRIu64, picoseconds / 1000000, picoseconds % 1000000);
}

/* Begins an instant of the present cycle; the caller adds what args hold beside the cycle, and closes both. NULL: there
 * are enough of them. */
static struct text *instant(struct trace *trace, enum track track, const char *name)
{
    struct perfetto *p = trace->self;
    struct text *text = &p->instants;
    uint64_t cycle = core_cycles(trace->core);
    if (p->seen[track]++ >= INSTANTS_MAX) return NULL;
    text_printf(text, ",\n{\"ph\":\"i\",\"s\":\"t\",\"pid\":1,\"tid\":%u,\"name\":", track);
    text_add_json(text, name);
    text_printf(text, ",\"ts\":");
    print_time(text, cycle, trace->source.frequency);
    text_printf(text, ",\"args\":{\"cycle\":%" PRIu64, cycle);
    return text;
}

static void print_address(const struct trace *trace, struct text *text, const char *name, uint64_t address)
{
    struct text place = {0};
    trace_print_place(trace, address, &place);
    text_printf(text, ",\"%s\":\"0x%08" PRIx64 "\",\"symbol\":", name, address);
    text_add_json(text, text_string(&place));
    text_free(&place);
}

static void left(struct trace *trace, const struct hw_exit *exit)
{
    static const char *const causes[HW_EXIT_KINDS] = {[HW_FAULT] = "fault",      [HW_PROTECT] = "protected store",
                                                      [HW_ALIAS] = "alias",      [HW_ASSERT] = "assert",
                                                      [HW_GATE] = "gate",        [HW_IO] = "i/o",
                                                      [HW_INJECTED] = "injected"};
    if (!causes[exit->kind]) return;
    struct text *text = instant(trace, TRACK_ROLLBACKS, causes[exit->kind]);
    if (!text) return;
    text_printf(text, ",\"region\":%" PRIu32, exit->region);
    print_address(trace, text, "eip", hw_state(trace->core)->r[HOME_EIP]);
    text_printf(text, "}}");
}

static void region(struct trace *trace, enum hw_region_event event, const struct hw_region_info *info)
{
    static const char *const ends[REGION_EVENTS] = {
#define REGION_END(name, key, meaning) [REGION_##name] = key,
#include "hwsim/region_ends.def"
#undef REGION_END
        [REGION_MOVED] = "moved"};
    char name[32];
    bool born = event == REGION_BORN;
    snprintf(name, sizeof name, "gear %u", info->gear);
    struct text *text = instant(trace, born ? TRACK_TRANSLATIONS : TRACK_CODE_CACHE, born ? name : ends[event]);
    if (!text) return;
    text_printf(text, ",\"region\":%" PRIu32 ",\"gear\":%u", info->region, info->gear);
    print_address(trace, text, "address", info->spc);
    text_printf(text, ",\"insns\":%" PRIu32 ",\"bundles\":%" PRIu32 "}}", info->guest_insns, info->bundles);
}

static void system_call(struct trace *trace)
{
    const uint64_t *r = hw_state(trace->core)->r;
    const char *name = user_call_name((uint32_t)r[HOME_EAX]);
    struct text *text = instant(trace, TRACK_CALLS, name ? name : "no such call");
    if (text) text_printf(text, ",\"number\":%" PRIu64 ",\"thread\":%" PRIu32 "}}", r[HOME_EAX], trace->thread);
}

static void spent(struct trace *trace, enum hw_activity activity, unsigned work, uint64_t cycles)
{
    add(trace, activity, cycles);
    if (work == WORK_SYSTEM) system_call(trace);
}

static void committed(struct trace *trace, unsigned gear, uint64_t cycles)
{
    add(trace, gear <= 1 ? ACTIVITY_GEAR1 : gear == 2 ? ACTIVITY_GEAR2 : ACTIVITY_GEAR3, cycles);
}

/* ---- the file ---- */

static void print_slice(struct text *text, const struct slice *slice, uint64_t frequency)
{
    unsigned most = 0;
    for (unsigned a = 1; a < ACTIVITIES; a++)
        if (slice->cycles[a] > slice->cycles[most]) most = a;
    text_printf(text, ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":%u,\"name\":\"%s\",\"ts\":", TRACK_ACTIVITY,
                trace_activities[most]);
    print_time(text, slice->start, frequency);
    text_printf(text, ",\"dur\":");
    print_time(text, slice->length, frequency);
    text_printf(text, ",\"args\":{\"cycle\":%" PRIu64 ",\"cycles\":%" PRIu64, slice->start, slice->length);
    for (unsigned a = 0; a < ACTIVITIES; a++)
        if (slice->cycles[a]) text_printf(text, ",\"%s\":%" PRIu64, trace_activities[a], slice->cycles[a]);
    text_printf(text, "}}");
}

static void print_head(const struct trace *trace, struct text *text, const char *partial)
{
    const struct perfetto *p = trace->self;
    text_printf(text, "{\"displayTimeUnit\":\"ns\",\n\"otherData\":{\"covm\":\"%s\",\"program\":", COVM_VERSION);
    text_add_json(text, trace->source.argv[0]);
    text_printf(text, ",\"end\":");
    text_add_json(text, partial ? partial : "complete");
    text_printf(text,
                ",\"cycles\":%" PRIu64 ",\"frequency_hz\":%" PRIu64 ",\"resolution_cycles\":%" PRIu64
                ",\"merged\":\"a slice shorter than resolution_cycles takes in what follows until it is as long; its "
                "args tell the cycles of each activity\"",
                trace->told, trace->source.frequency, p->resolution);
    for (unsigned track = TRACK_ROLLBACKS; track < TRACK_END; track++) {
        uint64_t shown = p->seen[track] < INSTANTS_MAX ? p->seen[track] : INSTANTS_MAX;
        text_printf(text, ",\n\"%s\":%" PRIu64 ",\"%s left out\":%" PRIu64, track_names[track], p->seen[track],
                    track_names[track], p->seen[track] - shown);
    }
    text_printf(text, "},\n\"traceEvents\":[\n{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":"
                      "\"covm, simulated time\"}}");
    for (unsigned track = TRACK_ACTIVITY; track < TRACK_END; track++)
        text_printf(text, ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}}",
                    track, track_names[track]);
}

static bool end(struct trace *trace, const char *partial)
{
    struct perfetto *p = trace->self;
    struct text text = {0};
    print_head(trace, &text, partial);
    for (unsigned i = 0; i < p->count; i++) print_slice(&text, &p->slices[i], trace->source.frequency);
    text_add(&text, text_string(&p->instants), p->instants.length);
    text_printf(&text, "\n]}\n");
    fwrite(text_string(&text), 1, text.length, trace->main.file);
    text_free(&text);
    return true;
}

static void destroy(struct trace *trace)
{
    struct perfetto *p = trace->self;
    text_free(&p->instants);
    free(p->slices);
    free(p);
}

const struct trace_format trace_perfetto = {.name = "perfetto",
                                            .begin = begin,
                                            .committed = committed,
                                            .spent = spent,
                                            .left = left,
                                            .region = region,
                                            .end = end,
                                            .destroy = destroy};
