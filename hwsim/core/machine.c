/* machine.c -- a machine is made from its parameters, watched, and read out. */
#include "hwsim/core/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

const struct param_desc machine_param_table[] = {
#define PARAM(...) PARAM_ROW(struct machine_params, __VA_ARGS__)
#include "hwsim/core/core_params.def"
#include "hwsim/memory/memory_params.def"
#undef PARAM
};
const unsigned machine_param_count = LENGTH(machine_param_table);

const struct stat_desc machine_stat_table[] = {
#define STAT(...) STAT_ROW(struct machine_stats, __VA_ARGS__)
#include "hwsim/core/core_stats.def"
#undef STAT
};
const unsigned machine_stat_count = LENGTH(machine_stat_table);

/* ---- the machine as the translator must know it ---- */

static const char *const class_names[UNIT_CLASSES] = {"alu",    "mul", "div",  "load",  "store",
                                                       "branch", "fp",  "fdiv", "ftrig", "vec"};

static int class_of(const char *name, size_t length)
{
    for (int class = 0; class < UNIT_CLASSES; class ++)
        if (strlen(class_names[class]) == length && strncmp(class_names[class], name, length) == 0) return class;
    return -1;
}

/* "alu+mul load+store ...": false and `error` where it is not that. */
static bool parse_units(const char *text, struct machine_desc *desc, char *error, size_t capacity)
{
    while (*text) {
        while (*text == ' ' || *text == ',') text++;
        if (!*text) break;
        if (desc->unit_count == BUNDLE_ATOMS_MAX) {
            snprintf(error, capacity, "core.units: more than %d units", BUNDLE_ATOMS_MAX);
            return false;
        }
        uint16_t *classes = &desc->unit_classes[desc->unit_count++];
        for (bool more = true; more; text += more) {
            size_t length = strcspn(text, "+ ,");
            int class = class_of(text, length);
            if (class < 0) {
                snprintf(error, capacity, "core.units: no unit class '%.*s' (alu mul div load store branch fp fdiv ftrig vec)",
                         (int)length, text);
                return false;
            }
            *classes |= (uint16_t)(1u << class);
            text += length;
            more = *text == '+';
        }
    }
    return true;
}

static bool has_every_class(const struct machine_desc *desc, char *error, size_t capacity)
{
    for (unsigned class = 0; class <= UNIT_BRANCH; class ++) {
        bool found = false;
        for (unsigned unit = 0; unit < desc->unit_count; unit++) found |= desc->unit_classes[unit] >> class & 1;
        if (found) continue;
        snprintf(error, capacity, "core.units: no unit executes '%s'", class_names[class]);
        return false;
    }
    return true;
}

static bool describe(const struct machine_params *params, struct machine_desc *desc, char *error, size_t capacity)
{
    *desc = (struct machine_desc){
        .issue_width = (uint32_t)params->issue_width,
        .base_offset = params->base_offset,
        .exposed = params->interlocks == 1,
        .padded = params->format == 1,
        .gate_entries = (uint32_t)params->gate_entries,
        .alias_kind = (uint8_t)params->alias,
        .alias_entries = params->alias == ALIAS_NONE ? 0 : (uint32_t)params->alias_entries,
        .jtlb_entries = (uint32_t)params->jtlb_entries,
        .dras_entries = (uint32_t)params->dras_depth,
    };
    const int64_t latency[UNIT_CLASSES] = {
        params->latency_alu, params->latency_mul, params->latency_div, params->latency_load, 1, 1,
        params->latency_fp,  params->latency_fdiv, params->latency_ftrig, params->latency_vec};
    const int64_t interval[UNIT_CLASSES] = {params->interval_alu,  params->interval_mul,   params->interval_div,
                                            params->interval_load, params->interval_store, params->interval_branch,
                                            params->interval_fp,   params->interval_fdiv,  params->interval_ftrig,
                                            params->interval_vec};
    for (unsigned class = 0; class < UNIT_CLASSES; class ++) {
        desc->latency_cycles[class] = (uint8_t)latency[class];
        desc->interval_cycles[class] = (uint8_t)interval[class];
    }
    return parse_units(params->units, desc, error, capacity) && has_every_class(desc, error, capacity);
}

/* ---- contradictions among parameters ---- */

static bool complain(char *error, size_t capacity, const char *what, const char *problem)
{
    if (!problem) return true;
    snprintf(error, capacity, "%s: %s", what, problem);
    return false;
}

struct shapes {
    struct cache_shape l1i, l1d, l2;
};

static struct shapes shapes_of(const struct machine_params *params)
{
    return (struct shapes){
        .l1i = {(uint64_t)params->l1i_size, (uint64_t)params->l1i_line, (unsigned)params->l1i_ways,
                (unsigned)params->l1i_mshrs, 0, params->l1i_perfect, false},
        .l1d = {(uint64_t)params->l1d_size, (uint64_t)params->l1d_line, (unsigned)params->l1d_ways,
                (unsigned)params->l1d_mshrs, (unsigned)params->latency_load, params->l1d_perfect,
                params->l1d_write == 1},
        .l2 = {(uint64_t)params->l2_size, (uint64_t)params->l2_line, (unsigned)params->l2_ways,
               (unsigned)params->l2_mshrs, (unsigned)params->l2_latency, params->l2_perfect, params->l2_write == 1},
    };
}

static bool check_params(const struct machine_params *params, char *error, size_t capacity)
{
    struct shapes shapes = shapes_of(params);
    bool l2 = params->l2_size > 0, bigger = params->l2_line >= params->l1i_line && params->l2_line >= params->l1d_line;
    const char *jtlb = NULL;
    if (params->jtlb_entries % params->jtlb_ways != 0)
        jtlb = "its entries are not a multiple of its ways";
    else if (params->jtlb_entries && !is_power_of_two((uint64_t)(params->jtlb_entries / params->jtlb_ways)))
        jtlb = "its number of sets is not a power of two";
    return complain(error, capacity, "memory.l1i", cache_shape_error(&shapes.l1i)) &&
           complain(error, capacity, "memory.l1d", cache_shape_error(&shapes.l1d)) &&
           complain(error, capacity, "memory.l2", cache_shape_error(&shapes.l2)) &&
           complain(error, capacity, "memory.l2.line", l2 && !bigger ? "smaller than a line of an L1 cache" : NULL) &&
           complain(error, capacity, "memory.tlb",
                    tlb_shape_error((unsigned)params->tlb_entries, (unsigned)params->tlb_ways)) &&
           complain(error, capacity, "core.jtlb", jtlb) &&
           complain(error, capacity, "core.branch.entries",
                    is_power_of_two((uint64_t)params->predictor_entries) ? NULL : "not a power of two") &&
           complain(error, capacity, "memory.concealed.size",
                    params->concealed_size % PAGE_BYTES ? "not a multiple of 4KiB" : NULL);
}

/* ---- making ---- */

static void init_dram(struct dram *dram, const struct machine_params *params)
{
    uint64_t frequency = (uint64_t)params->frequency;
    *dram = (struct dram){
        .latency_cycles = ((uint64_t)params->dram_latency * frequency + 999999999) / 1000000000,
        .byte_cycles_num = frequency,
        .byte_cycles_den = (uint64_t)params->dram_bandwidth * 1000000,
    };
}

static bool init_memory(struct hw_core *core)
{
    const struct machine_params *params = core->params;
    struct shapes shapes = shapes_of(params);
    struct dram *dram = &core->machine->dram;
    struct cache *l2 = params->l2_size || params->l2_perfect ? &core->l2 : NULL;
    return cache_init(&core->l2, &shapes.l2, NULL, dram) && cache_init(&core->l1i, &shapes.l1i, l2, dram) &&
           cache_init(&core->l1d, &shapes.l1d, l2, dram) &&
           tlb_init(&core->tlb, (unsigned)params->tlb_entries, (unsigned)params->tlb_ways);
}

static bool init_gate(struct hw_core *core)
{
    struct gate *gate = &core->gate;
    uint64_t ring = 1;
    gate->capacity = (uint64_t)core->params->gate_entries;
    while (ring < gate->capacity) ring *= 2;
    gate->mask = ring - 1;
    for (unsigned unit = 0; unit < core->desc.unit_count; unit++)
        gate->ports += (core->desc.unit_classes[unit] & (1u << UNIT_LOAD | 1u << UNIT_STORE)) != 0;
    gate->entries = calloc(ring, sizeof *gate->entries);
    return gate->entries != NULL;
}

static void init_rest(struct hw_core *core)
{
    const struct machine_params *params = core->params;
    for (unsigned class = 0; class < UNIT_CLASSES; class ++)
        for (unsigned unit = 0; unit < core->desc.unit_count; unit++)
            core->class_units[class] += core->desc.unit_classes[unit] >> class & 1;
    core->pending = USES_SLOW;
    core->ready[REG_ZERO] = UINT64_MAX;
    core->load_ready = (uint64_t)core->desc.latency_cycles[UNIT_LOAD] << 4 | CAUSE_LOAD;
    core->next_event = core->event_threshold = UINT64_MAX;
    core->inject.on = params->inject_every || params->inject_at || params->inject_odds;
    prng_seed(&core->inject.random, (uint64_t)params->inject_seed);
    core_set_space(core, 0, PAGING_NONE, 0);
}

static bool init_core(struct machine *machine, struct hw_core *core, const struct machine_desc *desc)
{
    core->machine = machine;
    core->params = &machine->config.params;
    core->desc = *desc;
    core->physical = machine->physical;
    core->concealed = machine->concealed;
    core->concealed_bytes = machine->concealed_bytes;
    if (!init_memory(core) || !init_gate(core) || !jtlb_init(&core->jtlb, core->params) ||
        !dras_init(&core->dras, core->params) || !predictor_init(&core->predictor, core->params) || !decode_init(core))
        return false;
    init_rest(core);
    return true;
}

/* Writes that come neither from a bundle nor from the CMS: protected chunks among them become notices. */
static void physical_written(void *cookie, uint64_t address, size_t bytes)
{
    struct machine *machine = cookie;
    for (uint64_t at = address, end = address + bytes; at < end;) {
        uint64_t next = (at / CHUNK_BYTES + 1) * CHUNK_BYTES;
        const uint32_t *chunks = physical_chunks(machine->physical, at >> PAGE_BITS);
        if (!chunks || *chunks == 0) {
            next = (at / PAGE_BYTES + 1) * PAGE_BYTES;
        } else if (*chunks >> (at % PAGE_BYTES / CHUNK_BYTES) & 1) {
            machine_notice(machine, (struct hw_notice){HW_NOTICE_WRITTEN, at, (next < end ? next : end) - at, 0});
        }
        at = next;
    }
}

static bool init_machine(struct machine *machine, const struct machine_desc *desc)
{
    const struct machine_params *params = &machine->config.params;
    machine->concealed_bytes = (uint32_t)params->concealed_size;
    void *concealed = mmap(NULL, machine->concealed_bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    machine->concealed = concealed == MAP_FAILED ? NULL : concealed;
    machine->region_at = calloc(machine->concealed_bytes / REGION_GRAIN, sizeof *machine->region_at);
    machine->physical = physical_create((uint64_t)params->guest_limit);
    machine->cores = calloc(1, sizeof *machine->cores);
    if (!machine->concealed || !machine->region_at || !machine->physical || !machine->cores || !accounts_init(machine))
        return false;
    machine->core_count = 1;
    physical_observe(machine->physical, (struct physical_observer){machine, physical_written});
    init_dram(&machine->dram, params);
    return init_core(machine, &machine->cores[0], desc);
}

static bool check_and_describe(const struct machine_config *config, struct machine_desc *desc, char *error,
                               size_t error_capacity)
{
    return describe(&config->params, desc, error, error_capacity) &&
           check_params(&config->params, error, error_capacity);
}

bool machine_check(const struct machine_config *config, char *error, size_t error_capacity)
{
    struct machine_desc desc;
    return check_and_describe(config, &desc, error, error_capacity);
}

struct machine *machine_create(const struct machine_config *config, char *error, size_t error_capacity)
{
    struct machine_desc desc;
    if (!check_and_describe(config, &desc, error, error_capacity)) return NULL;
    struct machine *machine = calloc(1, sizeof *machine);
    if (machine) machine->config = *config;
    if (machine && init_machine(machine, &desc)) return machine;
    machine_destroy(machine);
    snprintf(error, error_capacity, "the host has no memory for this machine");
    return NULL;
}

void machine_destroy(struct machine *machine)
{
    if (!machine) return;
    for (unsigned i = 0; i < machine->core_count; i++) {
        struct hw_core *core = &machine->cores[i];
        cache_free(&core->l1i);
        cache_free(&core->l1d);
        cache_free(&core->l2);
        tlb_free(&core->tlb);
        decode_free(core);
        free(core->gate.entries);
        free(core->jtlb.entries);
        free(core->dras.entries);
        free(core->predictor.counters);
    }
    if (machine->concealed) munmap(machine->concealed, machine->concealed_bytes);
    physical_destroy(machine->physical);
    free(machine->cores);
    free(machine->region_at);
    accounts_free(machine);
    free(machine->notices);
    free(machine);
}

struct hw_core *machine_core(struct machine *machine, unsigned index)
{
    return index < machine->core_count ? &machine->cores[index] : NULL;
}
struct physical *machine_physical(struct machine *machine) { return machine->physical; }

void machine_set_platform(struct machine *machine, struct platform platform)
{
    for (unsigned i = 0; i < machine->core_count; i++) {
        machine->cores[i].platform = platform;
        core_event_due(&machine->cores[i]);
    }
}

/* ---- notices ---- */

void machine_notice(struct machine *machine, struct hw_notice notice)
{
    if (machine->notice_count == machine->notice_capacity) {
        unsigned capacity = machine->notice_capacity ? machine->notice_capacity * 2 : 64;
        struct hw_notice *notices = calloc(capacity, sizeof *notices);
        if (!notices) hw_panic(&machine->cores[0], "no host memory for %u notices", capacity);
        for (unsigned i = 0; i < machine->notice_count; i++)
            notices[i] = machine->notices[(machine->notice_first + i) % machine->notice_capacity];
        free(machine->notices);
        machine->notices = notices;
        machine->notice_capacity = capacity;
        machine->notice_first = 0;
    }
    machine->notices[(machine->notice_first + machine->notice_count++) % machine->notice_capacity] = notice;
}

/* ---- looking on ---- */

/* Is there anything for which every bundle has to be looked at? */
static void look_at_bundles(struct machine *machine)
{
    const struct machine_params *params = &machine->config.params;
    bool inject = params->inject_every || params->inject_at || params->inject_odds;
    for (unsigned i = 0; i < machine->core_count; i++) {
        struct hw_core *core = &machine->cores[i];
        core->inject.on = inject || trace_is_on(machine, 'b') || core->observer.bundle;
    }
}

void machine_observe(struct machine *machine, struct machine_observer observer)
{
    for (unsigned i = 0; i < machine->core_count; i++) machine->cores[i].observer = observer;
    look_at_bundles(machine);
}

uint64_t core_cycles(const struct hw_core *core) { return core->since; }
unsigned core_commit_gear(const struct hw_core *core) { return core->commit_gear; }

void core_waited(const struct hw_core *core, uint64_t cycles[CAUSES])
{
    const struct machine_account *account = &core->machine->account;
    for (unsigned cause = 0; cause < CAUSES; cause++) {
        cycles[cause] = core->stalls[cause];
        for (unsigned activity = 0; activity < ACTIVITIES; activity++)
            cycles[cause] += account->cycles[activity][cause];
    }
}

uint64_t core_ready_cycle(const struct hw_core *core, unsigned reg)
{
    return (reg < REGS_ALL ? core->ready[reg] : core->ready_flags[reg - REGS_ALL]) >> 4;
}

void machine_trace(struct machine *machine, const char *letters, uint64_t spc, int descriptor)
{
    machine->trace_channels = 0;
    for (; *letters; letters++) {
        char letter = *letters;
        if (letter >= 'a' && letter <= 'z') machine->trace_channels |= UINT64_C(1) << (letter - 'a');
        if (letter >= 'A' && letter <= 'Z') machine->trace_channels |= UINT64_C(1) << (letter - 'A' + 26);
    }
    machine->trace_spc = spc;
    machine->trace_descriptor = descriptor;
    look_at_bundles(machine);
}

void machine_on_panic(struct machine *machine, void (*panic)(void *cookie), void *cookie)
{
    machine->panic = panic;
    machine->panic_cookie = cookie;
}

/* ---- reading out ---- */

uint64_t machine_cycle(const struct machine *machine) { return machine->cores[0].cycle; }

static void collect_caches(const struct hw_core *core, struct machine_stats *stats)
{
    stats->l1i_fetches = core->l1i.accesses;
    stats->l1i_misses = core->l1i.misses;
    stats->l1d_accesses = core->l1d.accesses + core->fast_loads;
    stats->l1d_misses = core->l1d.misses;
    stats->l1d_merges = core->l1d.merges;
    stats->l1d_writebacks = core->l1d.writebacks;
    stats->l1d_mshr_full = core->l1d.mshr_full;
    stats->l2_accesses = core->l2.accesses;
    stats->l2_misses = core->l2.misses;
    stats->l2_writebacks = core->l2.writebacks;
    stats->dram_reads = core->machine->dram.reads;
    stats->dram_writes = core->machine->dram.writes;
    stats->tlb_misses = core->tlb.misses;
    stats->tlb_walk_reads = core->tlb.walk_reads;
}

void machine_collect(const struct machine *machine, struct machine_stats *stats, struct machine_account *account)
{
    const struct hw_core *core = &machine->cores[0];
    *stats = core->stats;
    stats->cycles = core->cycle;
    stats->loads += core->fast_loads;
    stats->stores += core->fast_stores;
    stats->guest_frames = physical_frames_in_use(machine->physical);
    collect_caches(core, stats);
    *account = machine->account;
}

const uint64_t *machine_cms_stats(const struct machine *machine) { return machine->cms_stats; }

unsigned machine_named_counters(const struct machine *machine, const struct named_counter **counters)
{
    *counters = machine->named;
    return machine->named_count;
}
