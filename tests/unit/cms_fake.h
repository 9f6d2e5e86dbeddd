/* cms_fake.h -- a contract of make-believe for the unit tests of cms/: guest memory is an array mapped page by page,
 * the JTLB a list, and each primitive notes what it was asked. Included by one test program each.
 */
#ifndef COVM_CMS_FAKE_H
#define COVM_CMS_FAKE_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cms/state.h"

enum { FAKE_CONCEALED = 4 << 20, FAKE_PAGES = 64, FAKE_TARGETS = 64, FAKE_NOTICES = 16 };

struct hw_core {
    _Alignas(64) char concealed[FAKE_CONCEALED];
    struct hw_state state, shadow;
    struct cms_options options;
    struct machine_desc machine;
    uint64_t context;
    uint8_t memory[FAKE_PAGES * 4096]; /* physical */
    uint64_t frame_of[FAKE_PAGES];     /* linear page -> frame; 0: not mapped */
    bool read_only[FAKE_PAGES];        /* linear page */
    uint32_t protected[FAKE_PAGES];    /* frame */
    struct hw_fault fault;
    struct {
        uint64_t spc, context;
        uint32_t tpc;
    } targets[FAKE_TARGETS];
    unsigned target_count;
    struct hw_notice notices[FAKE_NOTICES];
    unsigned notice_count;
    uint64_t stats[CMS_STATS], work[WORKS], insns, iterations, last_iterations, next_event;
    uint32_t margin;
    struct {
        unsigned count;
        struct hw_fault last;
        bool software;
        uint64_t eip;
    } exceptions;
    unsigned system_calls, events;
    struct {
        enum hw_region_event event;
        struct hw_region_info info;
    } regions[256]; /* the first */
    unsigned region_count;
    /* What hw_enter does next. */
    void (*enter)(struct hw_core *core, uint32_t tpc, struct hw_exit *exit);
};

static struct hw_core *fake_core(void)
{
    struct hw_core *core = calloc(1, sizeof *core);
    core->options.max_gear = 2;
    core->options.gear1_threshold = 2;
    core->options.gear2_threshold = 4;
    core->options.versions = 8;
    core->options.interpreter = CMS_PREDECODED;
    core->options.indirect = TR_JTLB;
    core->options.chain = 1;
    core->options.code_cache = 4096;
    core->options.replacement = CMS_FLUSH;
    core->options.shared = 1;
    core->options.gear1_share = 50;
    core->options.fifo_units = 4;
    core->options.preemptive_window = 1000;
    core->options.preemptive_rate = 4;
    core->options.preemptive_fill = 25;
    core->options.nursery = 50;
    core->options.probation = 19;
    core->options.promote = 1;
    core->options.trial = 25;
    core->options.adapt_threshold = 3;
    core->options.adapt_window = 1000000;
    core->options.predecode_size = 128 << 10;
    core->options.heads = 64;
    core->options.source_pages = 512;
    core->options.fine_faults = 2;
    core->options.translate.gear1_insns_max = 32;
    core->options.translate.gear2_insns_max = 128;
    core->context =
        UINT64_C(3) << CONTEXT_CPL_LOW | UINT64_C(1) << CONTEXT_CODE32_LOW | UINT64_C(1) << CONTEXT_STACK32_LOW | 1;
    for (unsigned page = 1; page < FAKE_PAGES; page++) core->frame_of[page] = page;
    core->next_event = UINT64_MAX;
    return core;
}

/* ---- the contract ---- */

struct hw_state *hw_state(struct hw_core *core) { return &core->state; }
const struct hw_state *hw_shadow(const struct hw_core *core) { return &core->shadow; }
uint64_t hw_context(struct hw_core *core)
{
    return core->context | (core->state.r[HOME_EFL] >> 10 & 1) << CONTEXT_DF_LOW |
           core->state.r[HOME_FTW] << CONTEXT_FPU_STACK_LOW;
}
const struct machine_desc *hw_machine(const struct hw_core *core) { return &core->machine; }
const void *hw_options(const struct hw_core *core) { return &core->options; }
void *hw_concealed(struct hw_core *core, uint32_t offset) { return core->concealed + offset; }
uint32_t hw_concealed_bytes(const struct hw_core *core) { return FAKE_CONCEALED; }
uint64_t hw_insns(const struct hw_core *core) { return core->insns; }
uint64_t hw_next_event(const struct hw_core *core) { return core->next_event; }
void hw_event_margin(struct hw_core *core, uint32_t insns) { core->margin = insns; }
uint64_t hw_time_stamp(struct hw_core *core) { return core->insns; }
struct hw_fault hw_fault(const struct hw_core *core) { return core->fault; }
void hw_charge(struct hw_core *core, enum hw_work work, uint64_t units, uint32_t region) { core->work[work] += units; }
void hw_count(struct hw_core *core, unsigned statistic, uint64_t amount) { core->stats[statistic] += amount; }
void hw_count_name(struct hw_core *core, const char *name) {}
bool hw_tracing(const struct hw_core *core, char letter, uint64_t spc) { return false; }
void hw_trace(struct hw_core *core, char letter, const char *format, ...) {}
void hw_invalidate_code(struct hw_core *core, uint32_t tpc, uint32_t bytes) {}
void hw_rollback(struct hw_core *core) { core->state = core->shadow; }
void hw_enter(struct hw_core *core, uint32_t tpc, struct hw_exit *exit) { core->enter(core, tpc, exit); }
void hw_resume(struct hw_core *core, struct hw_exit *exit) { core->enter(core, 0, exit); }
void hw_rest(struct hw_core *core) {}

_Noreturn void hw_panic(struct hw_core *core, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("panic: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

void hw_commit(struct hw_core *core, uint32_t insns, uint32_t commit_flags, uint64_t dirty, bool flags_dirty)
{
    for (unsigned i = 0; i < HOME_COUNT - HOME_INTEGERS; i++) {
        if (dirty >> (HOME_INTEGERS + i) & 1) core->shadow.v[i] = core->state.v[i];
        assert_memory_equal(&core->shadow.v[i], &core->state.v[i], sizeof core->state.v[i]);
    }
    for (unsigned i = 0; i < HOME_INTEGERS; i++) {
        if (dirty >> i & 1) core->shadow.r[i] = core->state.r[i];
        assert_int_equal(core->shadow.r[i], core->state.r[i]); /* nothing dirty is left out */
    }
    if (flags_dirty) core->shadow.f[0] = core->state.f[0];
    assert_int_equal(core->shadow.f[0], core->state.f[0]);
    core->insns += insns;
    core->iterations += commit_flags & COMMIT_ITERATION ? 1 : 0;
    core->last_iterations += commit_flags & COMMIT_LAST ? 1 : 0;
}

static bool fake_translate(struct hw_core *core, uint64_t linear, bool write, uint64_t *physical)
{
    uint64_t page = linear / 4096;
    if (page >= FAKE_PAGES || !core->frame_of[page] || (write && core->read_only[page])) {
        core->fault = (struct hw_fault){.vector = 14, .error = 4 | write << 1, .address = linear};
        return false;
    }
    *physical = core->frame_of[page] * 4096 + linear % 4096;
    return true;
}

static enum hw_access fake_access(struct hw_core *core, uint64_t linear, unsigned size, bool write, uint64_t *first,
                                  uint64_t *last)
{
    if (!fake_translate(core, linear, write, first)) return HW_FAULTED;
    if (!fake_translate(core, linear + (1u << size) - 1, write, last)) return HW_FAULTED;
    if (!write) return HW_OK;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t physical = i ? *last : *first;
        if (core->protected[physical / 4096] >> physical % 4096 / 128 & 1) {
            core->fault = (struct hw_fault){.address = physical};
            return HW_PROTECTED;
        }
    }
    return HW_OK;
}

enum hw_access hw_load(struct hw_core *core, uint64_t linear, unsigned size, bool user, uint64_t *value)
{
    uint64_t first, last;
    enum hw_access access = fake_access(core, linear, size, false, &first, &last);
    *value = 0;
    for (unsigned i = 0; access == HW_OK && i < 1u << size; i++) {
        uint64_t physical = 0;
        fake_translate(core, linear + i, false, &physical);
        *value |= (uint64_t)core->memory[physical] << 8 * i;
    }
    return access;
}

enum hw_access hw_store(struct hw_core *core, uint64_t linear, unsigned size, bool user, uint64_t value)
{
    uint64_t first, last;
    enum hw_access access = fake_access(core, linear, size, true, &first, &last);
    for (unsigned i = 0; access == HW_OK && i < 1u << size; i++) {
        uint64_t physical = 0;
        fake_translate(core, linear + i, true, &physical);
        core->memory[physical] = (uint8_t)(value >> 8 * i);
    }
    return access;
}

enum hw_access hw_probe(struct hw_core *core, uint64_t linear, unsigned size, bool user, bool write)
{
    uint64_t first, last;
    return fake_access(core, linear, size, write, &first, &last);
}

unsigned hw_fetch(struct hw_core *core, uint64_t linear, bool user, void *to, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint64_t physical = 0;
        if (!fake_translate(core, linear + i, false, &physical)) return i;
        ((uint8_t *)to)[i] = core->memory[physical];
    }
    return bytes;
}

bool hw_physical(struct hw_core *core, uint64_t linear, uint64_t *physical)
{
    return fake_translate(core, linear, false, physical);
}

void hw_protect(struct hw_core *core, uint64_t page, uint32_t chunks) { core->protected[page] = chunks; }
uint32_t hw_protected(struct hw_core *core, uint64_t page) { return core->protected[page]; }

void hw_jtlb_insert(struct hw_core *core, uint64_t spc, uint64_t context, uint32_t tpc)
{
    assert_true(core->target_count < FAKE_TARGETS);
    core->targets[core->target_count].spc = spc;
    core->targets[core->target_count].context = context;
    core->targets[core->target_count++].tpc = tpc;
}

void hw_targets_purge(struct hw_core *core, uint32_t tpc, uint32_t bytes)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < core->target_count; i++) {
        if (core->targets[i].tpc - tpc >= bytes) core->targets[kept++] = core->targets[i];
    }
    core->target_count = kept;
}

bool hw_targets_refer(const struct hw_core *core, uint32_t tpc, uint32_t bytes)
{
    for (unsigned i = 0; i < core->target_count; i++) {
        if (core->targets[i].tpc - tpc < bytes) return true;
    }
    return false;
}

enum hw_run hw_system_call(struct hw_core *core)
{
    core->system_calls++;
    core->shadow = core->state;
    return HW_STOP;
}

enum hw_run hw_exception(struct hw_core *core, const struct hw_fault *fault, bool software)
{
    core->exceptions.count++;
    core->exceptions.last = *fault;
    core->exceptions.software = software;
    core->exceptions.eip = core->state.r[HOME_EIP];
    return HW_STOP;
}

enum hw_run hw_events(struct hw_core *core)
{
    core->events++;
    return HW_STOP;
}

/* The fake has no floating-point units. */
bool hw_vector(struct hw_core *core, struct vector_atom *atom)
{
    memset(&atom->v, 0, sizeof atom->v);
    atom->x = atom->op == ATOM_FMERGE ? atom->xa : 0;
    atom->status = 0;
    return true;
}

enum hw_access hw_load_vector(struct hw_core *core, uint64_t linear, unsigned bytes, bool user, struct vreg *value)
{
    *value = (struct vreg){{0, 0}};
    for (unsigned i = 0; i < bytes; i++) {
        uint64_t byte;
        enum hw_access access = hw_load(core, linear + i, SIZE_8, user, &byte);
        if (access != HW_OK) return access;
        value->half[i / 8] |= byte << 8 * (i % 8);
    }
    return HW_OK;
}

enum hw_access hw_store_vector(struct hw_core *core, uint64_t linear, unsigned bytes, bool user, const struct vreg *value)
{
    for (unsigned i = 0; i < bytes; i++) {
        enum hw_access access = hw_store(core, linear + i, SIZE_8, user, value->half[i / 8] >> 8 * (i % 8) & 0xff);
        if (access != HW_OK) return access;
    }
    return HW_OK;
}

bool hw_segment(struct hw_core *core, unsigned segment, uint16_t selector, struct hw_segment *descriptor)
{
    if (selector != 0x33 && selector != 0x23 && selector != 0x2b) {
        core->fault = (struct hw_fault){.vector = 13, .error = selector & 0xfffc};
        return false;
    }
    *descriptor = (struct hw_segment){.base = selector == 0x33 ? 0x5000 : 0,
                                      .limit = UINT32_MAX,
                                      .executable = selector == 0x23,
                                      .writable = selector != 0x23,
                                      .size32 = true};
    return true;
}

struct hw_notice hw_poll(struct hw_core *core)
{
    struct hw_notice notice = {0};
    if (!core->notice_count) return notice;
    notice = core->notices[0];
    memmove(core->notices, core->notices + 1, --core->notice_count * sizeof notice);
    return notice;
}

void hw_interpreted(struct hw_core *core, uint64_t spc, uint64_t context, uint64_t steps, uint32_t region)
{
}

void hw_region(struct hw_core *core, enum hw_region_event event, const struct hw_region_info *info)
{
    if (core->region_count < LENGTH(core->regions)) {
        core->regions[core->region_count].event = event;
        core->regions[core->region_count].info = *info;
    }
    core->region_count++;
}

#endif
