/* trace.c -- what the formats have in common: the file, the cycles that have passed, the program's symbols. */
#include "lab/trace_format.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/files.h"

static const struct trace_format *const formats[] = {&trace_kanata, &trace_perfetto, &trace_callgrind, &trace_bbv};

const char *const trace_activities[ACTIVITIES] = {
#define ACTIVITY(name, key, meaning) key,
#include "hwsim/activities.def"
#undef ACTIVITY
};

const struct trace_format *trace_format_find(const char *name)
{
    for (unsigned i = 0; i < LENGTH(formats); i++)
        if (!strcmp(formats[i]->name, name)) return formats[i];
    return NULL;
}

/* ---- files ---- */

static bool complain(const char *path)
{
    fprintf(stderr, "covm: %s: %s\n", path, strerror(errno));
    return false;
}

bool trace_file_open(struct trace_file *file, const char *path)
{
    if (!files_may_replace(path)) return false;
    file->path = lab_copy(path);
    file->temporary = lab_printf("%s.new", path);
    file->file = fopen(file->temporary, "we");
    return file->file || complain(path);
}

bool trace_file_keep(struct trace_file *file)
{
    bool written = !ferror(file->file);
    if (fclose(file->file)) written = false;
    file->file = NULL;
    if (written && rename(file->temporary, file->path) == 0) return true;
    complain(file->path);
    unlink(file->temporary);
    return false;
}

void trace_file_drop(struct trace_file *file)
{
    if (file->file) {
        fclose(file->file);
        unlink(file->temporary);
    }
    free(file->path);
    free(file->temporary);
    *file = (struct trace_file){0};
}

/* ---- symbols ---- */

unsigned trace_function(const struct trace *trace, uint64_t address)
{
    unsigned low = 0, high = trace->function_count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (trace->functions[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low) return UINT_MAX;
    const struct elf_function *function = &trace->functions[low - 1];
    return !function->size || address - function->address < function->size ? low - 1 : UINT_MAX;
}

void trace_print_place(const struct trace *trace, uint64_t address, struct text *text)
{
    unsigned function = trace_function(trace, address);
    if (function == UINT_MAX) return;
    const struct elf_function *at = &trace->functions[function];
    text_printf(text, "%s+0x%" PRIx64, at->name, address - at->address);
}

/* ---- map ---- */

static uint32_t hash(uint32_t a, uint32_t b, uint32_t c)
{
    uint64_t mixed =
        (a * UINT64_C(0x9e3779b97f4a7c15)) ^ (b * UINT64_C(0xc2b2ae3d27d4eb4f)) ^ c * UINT64_C(0x165667b19e3779f9);
    return (uint32_t)(mixed ^ mixed >> 32);
}

static void place(struct trace_map *map, unsigned index)
{
    const struct trace_key *key = &map->keys[index];
    uint32_t slot = hash(key->a, key->b, key->c);
    while (map->slots[slot & (map->capacity * 2 - 1)]) slot++;
    map->slots[slot & (map->capacity * 2 - 1)] = index + 1;
}

static void grow(struct trace_map *map)
{
    map->capacity = map->capacity ? map->capacity * 2 : 1024;
    map->keys = lab_reallocate(map->keys, map->capacity * sizeof *map->keys);
    free(map->slots);
    map->slots = lab_allocate(map->capacity * 2 * sizeof *map->slots);
    for (unsigned i = 0; i < map->count; i++) place(map, i);
}

unsigned trace_map_add(struct trace_map *map, uint32_t a, uint32_t b, uint32_t c)
{
    for (uint32_t slot = hash(a, b, c); map->capacity; slot++) {
        uint32_t index = map->slots[slot & (map->capacity * 2 - 1)];
        if (!index) break;
        const struct trace_key *key = &map->keys[index - 1];
        if (key->a == a && key->b == b && key->c == c) return index - 1;
    }
    if (map->count == map->capacity) grow(map);
    map->keys[map->count] = (struct trace_key){a, b, c};
    place(map, map->count);
    return map->count++;
}

void trace_map_free(struct trace_map *map)
{
    free(map->keys);
    free(map->slots);
    *map = (struct trace_map){0};
}

/* ---- the trace ---- */

struct trace *trace_create(const struct trace_request *request, const struct trace_source *source)
{
    struct trace *trace = lab_allocate(sizeof *trace);
    trace->request = *request;
    trace->source = *source;
    trace->core = machine_core(source->machine, 0);
    if (elf_file_open(&trace->elf, source->program))
        trace->functions = elf_functions(&trace->elf, &trace->function_count);
    if (trace_file_open(&trace->main, request->path) && request->format->begin(trace)) return trace;
    trace_destroy(trace);
    return NULL;
}

void trace_destroy(struct trace *trace)
{
    if (trace->self) trace->request.format->destroy(trace);
    trace_file_drop(&trace->main);
    elf_file_close(&trace->elf);
    free(trace->functions);
    free(trace);
}

bool trace_steps(const struct trace *trace) { return trace->request.format->steps; }

void trace_observe(const struct trace *trace, struct machine_observer *observer, const struct machine_observer *wanted)
{
    const struct trace_format *format = trace->request.format;
    observer->committed = wanted->committed;
    if (format->spent) observer->spent = wanted->spent;
    if (format->bundle) observer->bundle = wanted->bundle;
    if (format->left) observer->left = wanted->left;
    if (format->region) observer->region = wanted->region;
}

/* Cycles since this was asked last. */
static uint64_t passed(struct trace *trace)
{
    uint64_t before = trace->told;
    trace->told = core_cycles(trace->core);
    return trace->told - before;
}

void trace_stepped(struct trace *trace, const struct check_step *step) { trace->request.format->stepped(trace, step); }

void trace_committed(struct trace *trace, struct hw_core *core, uint32_t thread)
{
    const struct trace_format *format = trace->request.format;
    trace->thread = thread;
    trace->space = core_get_space(core).space;
    if (!trace->spaced) trace->first_space = trace->space;
    trace->spaced = true;
    if (format->committed) format->committed(trace, core_commit_gear(core), passed(trace));
}

void trace_spent(struct trace *trace, struct hw_core *core, enum hw_activity activity, unsigned work)
{
    trace->request.format->spent(trace, activity, work, passed(trace));
}

void trace_bundle(struct trace *trace, struct hw_core *core, uint32_t tpc)
{
    trace->request.format->bundle(trace, tpc);
}

void trace_left(struct trace *trace, struct hw_core *core, const struct hw_exit *exit)
{
    trace->request.format->left(trace, exit);
}

void trace_region(struct trace *trace, struct hw_core *core, enum hw_region_event event,
                  const struct hw_region_info *info)
{
    if (trace->request.format->region) trace->request.format->region(trace, event, info);
}

bool trace_end(struct trace *trace, const char *partial)
{
    return trace->request.format->end(trace, partial) && trace_file_keep(&trace->main);
}
