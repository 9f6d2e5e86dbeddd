/* hw_core_support.h -- a small machine on a bench: parameters from text, a few mapped pages, a program in assembly. */
#ifndef COVM_HW_CORE_SUPPORT_H
#define COVM_HW_CORE_SUPPORT_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/core/core.h"
#include "hwsim/isa/assembler.h"

#define UNUSED __attribute__((unused))

/* ---- parameters ---- */

UNUSED static int64_t rig_number(const struct param_desc *desc, const char *text)
{
    static const struct {
        const char *suffix;
        int64_t factor;
    } suffixes[] = {{"KiB", 1024},       {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kHz", 1000},   {"MHz", 1000000},
                    {"GHz", 1000000000}, {"ns", 1},        {"us", 1000},     {"ms", 1000000}, {"", 1}};
    char *end;
    int64_t value = strtoll(text, &end, 0);
    if (end != text)
        for (unsigned i = 0; i < LENGTH(suffixes); i++)
            if (strcmp(end, suffixes[i].suffix) == 0) return value * suffixes[i].factor;
    fprintf(stderr, "%s: no value: %s\n", desc->path, text);
    abort();
}

UNUSED static void rig_assign(struct machine_params *params, const struct param_desc *desc, const char *text)
{
    char *field = (char *)params + desc->offset;
    int64_t value = 0;
    if (desc->type == PARAM_TEXT) {
        snprintf(field, PARAM_TEXT_BYTES, "%s", text);
        return;
    }
    if (desc->type == PARAM_BOOL) {
        value = strcmp(text, "true") == 0;
    } else if (desc->type == PARAM_ENUM) {
        const char *word = desc->choices;
        for (size_t length = strlen(text); strncmp(word, text, length) != 0 || (word[length] && word[length] != '|');
             value++) {
            word = strchr(word, '|');
            if (!word++) fprintf(stderr, "%s: no choice: %s\n", desc->path, text), abort();
        }
    } else {
        value = rig_number(desc, text);
    }
    memcpy(field, &value, sizeof value);
}

UNUSED static void rig_set(struct machine_params *params, const char *path, const char *text)
{
    for (unsigned i = 0; i < machine_param_count; i++)
        if (strcmp(machine_param_table[i].path, path) == 0) {
            rig_assign(params, &machine_param_table[i], text);
            return;
        }
    fprintf(stderr, "no parameter %s\n", path);
    abort();
}

/* "path=value; path=value" */
UNUSED static void rig_set_all(struct machine_params *params, const char *settings)
{
    char copy[2048], *save;
    snprintf(copy, sizeof copy, "%s", settings ? settings : "");
    for (char *item = strtok_r(copy, ";", &save); item; item = strtok_r(NULL, ";", &save)) {
        while (*item == ' ' || *item == '\n') item++;
        char *equals = strchr(item, '=');
        if (!equals) continue;
        *equals = '\0';
        rig_set(params, item, equals + 1);
    }
}

/* Round numbers, and everything perfect that can be: a test switches on what it is about. At 1 GHz a nanosecond is a
 * cycle; memory answers after 50, and its bus moves 32 bytes a cycle. */
#define RIG_BASE                                                                                                       \
    "core.frequency=1GHz; core.base_offset=true; core.branch.predictor=perfect; memory.dram.latency=50ns;"             \
    "memory.dram.bandwidth=32000; memory.l1i.perfect=true; memory.l1d.perfect=true; memory.l2.perfect=true;"           \
    "memory.tlb.perfect=true; memory.concealed.size=1MiB; memory.guest.limit=64MiB"

/* ---- the machine ---- */

enum { RIG_CODE = 0x10000, RIG_DATA = 0x20000, RIG_PAGES = 16, RIG_SPACE = 7 };

struct rig {
    struct machine *machine;
    struct hw_core *core;
    struct physical *physical;
    uint64_t cr3;
    uint8_t image[65536]; /* of the program */
};

/* Maps a page of new memory at `linear`; the bits of its entry beside PRESENT; returns the frame. */
UNUSED static uint64_t rig_map(struct rig *rig, uint64_t linear, uint64_t bits)
{
    uint64_t frame = physical_allocate(rig->physical);
    if (!page_map(rig->physical, PAGING_TWO_LEVEL, rig->cr3, linear, frame << PAGE_BITS | PTE_PRESENT | bits)) abort();
    return frame;
}

UNUSED static struct rig *rig_create(const char *settings)
{
    static const uint64_t usual = PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY;
    struct rig *rig = calloc(1, sizeof *rig);
    struct machine_config config = {.cost_millicycles = {[WORK_BOOT] = 1000}};
    char error[256];
    for (unsigned i = 0; i < machine_param_count; i++)
        rig_assign(&config.params, &machine_param_table[i], machine_param_table[i].dflt);
    rig_set_all(&config.params, RIG_BASE);
    rig_set_all(&config.params, settings);
    rig->machine = machine_create(&config, error, sizeof error);
    if (!rig->machine) fprintf(stderr, "%s\n", error), abort();
    rig->core = machine_core(rig->machine, 0);
    rig->physical = machine_physical(rig->machine);
    rig->cr3 = physical_allocate(rig->physical) << PAGE_BITS;
    for (uint64_t page = 0; page < RIG_PAGES; page++) rig_map(rig, RIG_DATA + page * PAGE_BYTES, usual);
    core_set_space(rig->core, RIG_SPACE, PAGING_TWO_LEVEL, rig->cr3);
    struct hw_state *state = hw_state(rig->core);
    state->r[1] = RIG_DATA;
    state->r[2] = RIG_DATA + PAGE_BYTES;
    state->r[3] = 3;
    hw_commit(rig->core, 0, 0, ~UINT64_C(0), true);
    return rig;
}

UNUSED static void rig_destroy(struct rig *rig)
{
    machine_destroy(rig->machine);
    free(rig);
}

/* Assembles the program at RIG_CODE + offset. */
UNUSED static void rig_load_at(struct rig *rig, uint32_t offset, const char *text)
{
    char error[256];
    unsigned slots = hw_machine(rig->core)->padded ? hw_machine(rig->core)->issue_width : 0;
    size_t bytes = bundle_assemble(text, slots, rig->image, sizeof rig->image, error, sizeof error);
    if (!bytes) fprintf(stderr, "%s\nin:\n%s\n", error, text), abort();
    memcpy(hw_concealed(rig->core, RIG_CODE + offset), rig->image, bytes);
    hw_invalidate_code(rig->core, RIG_CODE + offset, (uint32_t)bytes);
}
UNUSED static void rig_load(struct rig *rig, const char *text) { rig_load_at(rig, 0, text); }

UNUSED static struct hw_exit rig_run(struct rig *rig)
{
    struct hw_exit exit;
    hw_enter(rig->core, RIG_CODE, &exit);
    return exit;
}

UNUSED static uint64_t rig_physical(struct rig *rig, uint64_t linear)
{
    uint64_t entry = page_entry(rig->physical, PAGING_TWO_LEVEL, rig->cr3, linear);
    return (entry & ~UINT64_C(0xfff)) | (linear & 0xfff);
}
UNUSED static uint32_t rig_peek(struct rig *rig, uint64_t linear)
{
    uint32_t value = 0;
    if (!physical_read(rig->physical, rig_physical(rig, linear), &value, sizeof value)) abort();
    return value;
}
UNUSED static void rig_poke(struct rig *rig, uint64_t linear, uint32_t value)
{
    if (!physical_write(rig->physical, rig_physical(rig, linear), &value, sizeof value)) abort();
}

UNUSED static struct machine_stats rig_stats(struct rig *rig)
{
    struct machine_stats stats;
    struct machine_account account;
    machine_collect(rig->machine, &stats, &account);
    return stats;
}

/* Cycles of a cause over all activities. */
UNUSED static uint64_t rig_cause(struct rig *rig, enum hw_cause cause)
{
    struct machine_stats stats;
    struct machine_account account;
    uint64_t sum = 0;
    machine_collect(rig->machine, &stats, &account);
    for (unsigned activity = 0; activity < ACTIVITIES; activity++) sum += account.cycles[activity][cause];
    return sum;
}
UNUSED static uint64_t rig_activity(struct rig *rig, enum hw_activity activity)
{
    struct machine_stats stats;
    struct machine_account account;
    uint64_t sum = 0;
    machine_collect(rig->machine, &stats, &account);
    for (unsigned cause = 0; cause < CAUSES; cause++) sum += account.cycles[activity][cause];
    return sum;
}

/* A panic that a test expects comes back here. */
struct rig_panic {
    jmp_buf back;
};
UNUSED static void rig_panicked(void *cookie) { longjmp(((struct rig_panic *)cookie)->back, 1); }
#define RIG_EXPECT_PANIC(rig, statement)                                                                               \
    do {                                                                                                               \
        struct rig_panic panic;                                                                                        \
        machine_on_panic((rig)->machine, rig_panicked, &panic);                                                        \
        if (setjmp(panic.back) == 0) {                                                                                 \
            statement;                                                                                                 \
            fail_msg("no panic");                                                                                      \
        }                                                                                                              \
        machine_on_panic((rig)->machine, NULL, NULL);                                                                  \
    } while (0)

#endif
