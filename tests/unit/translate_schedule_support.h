/* translate_schedule_support.h -- for tests of scheduler and emitter: machines, random regions, and a machine that runs
 * the emitted bytes with nothing but meaning: registers, gated stores, alias table, exposed latencies. Time is bundles.
 */
#ifndef COVM_TRANSLATE_SCHEDULE_SUPPORT_H
#define COVM_TRANSLATE_SCHEDULE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hwsim/base/prng.h"
#include "hwsim/isa/assembler.h"
#include "hwsim/isa/context.h"
#include "tests/unit/vector_stand_in.h"
#include "translate/emit/emit.h"
#include "translate/ir/ir_text.h"
#include "translate/passes/passes.h"
#include "translate/schedule/schedule.h"

/* ---- machines ---- */

#define BIT(class) (1u << UNIT_##class)
enum { FLOAT_UNIT = BIT(FP) | BIT(FDIV) | BIT(FTRIG) | BIT(VEC) };
enum { ALU_UNIT = BIT(ALU) | BIT(MUL), MEMORY_UNIT = BIT(LOAD) | BIT(STORE), ANY_UNIT = (1u << UNIT_CLASSES) - 1 };
#define LATENCIES                                                                                                      \
    {                                                                                                                  \
        [UNIT_ALU] = 1, [UNIT_MUL] = 3, [UNIT_DIV] = 20, [UNIT_LOAD] = 3, [UNIT_STORE] = 1, [UNIT_BRANCH] = 1,         \
        [UNIT_FP] = 4, [UNIT_FDIV] = 15, [UNIT_FTRIG] = 40, [UNIT_VEC] = 1                                             \
    }
#define INTERVALS                                                                                                      \
    {                                                                                                                  \
        [UNIT_ALU] = 1, [UNIT_MUL] = 1, [UNIT_DIV] = 20, [UNIT_LOAD] = 1, [UNIT_STORE] = 1, [UNIT_BRANCH] = 1,         \
        [UNIT_FP] = 1, [UNIT_FDIV] = 15, [UNIT_FTRIG] = 40, [UNIT_VEC] = 1                                             \
    }

/* The seventh has no units for floating point; the last but one has no alias hardware and room for one store of 8
 * bytes. */
enum { MACHINES = 9 };
static const struct machine_desc machines[MACHINES] = {
    {.issue_width = 1,
     .unit_count = 1,
     .unit_classes = {ANY_UNIT},
     .latency_cycles = LATENCIES,
     .interval_cycles = INTERVALS,
     .base_offset = true,
     .gate_entries = 64},
    {.issue_width = 4,
     .unit_count = 4,
     .unit_classes = {ALU_UNIT | BIT(DIV), BIT(ALU) | FLOAT_UNIT, MEMORY_UNIT, BIT(BRANCH)},
     .latency_cycles = LATENCIES,
     .interval_cycles = INTERVALS,
     .gate_entries = 32,
     .alias_kind = ALIAS_MASK,
     .alias_entries = 8,
     .jtlb_entries = 16,
     .dras_entries = 8},
    {.issue_width = 8,
     .unit_count = 8,
     .unit_classes = {ALU_UNIT | BIT(DIV), ALU_UNIT, FLOAT_UNIT, BIT(ALU) | BIT(VEC), MEMORY_UNIT, MEMORY_UNIT,
                      BIT(BRANCH), BIT(BRANCH)},
     .latency_cycles = LATENCIES,
     .interval_cycles = INTERVALS,
     .base_offset = true,
     .gate_entries = 64,
     .alias_kind = ALIAS_MASK,
     .alias_entries = 32,
     .jtlb_entries = 16,
     .dras_entries = 8},
    {.issue_width = 16,
     .unit_count = 16,
     .unit_classes = {ALU_UNIT | BIT(DIV), ALU_UNIT, ALU_UNIT, FLOAT_UNIT, FLOAT_UNIT, BIT(FP) | BIT(VEC), BIT(VEC),
                      BIT(VEC), MEMORY_UNIT, MEMORY_UNIT, MEMORY_UNIT, MEMORY_UNIT, BIT(BRANCH), BIT(BRANCH),
                      BIT(BRANCH), ANY_UNIT},
     .latency_cycles = LATENCIES,
     .interval_cycles = INTERVALS,
     .base_offset = true,
     .padded = true,
     .gate_entries = 128,
     .alias_kind = ALIAS_MASK,
     .alias_entries = 64,
     .jtlb_entries = 16},
    {.issue_width = 4,
     .unit_count = 4,
     .unit_classes = {ALU_UNIT | BIT(DIV), BIT(ALU) | FLOAT_UNIT, MEMORY_UNIT, BIT(BRANCH)},
     .latency_cycles = LATENCIES,
     .interval_cycles = INTERVALS,
     .exposed = true,
     .gate_entries = 32,
     .alias_kind = ALIAS_MASK,
     .alias_entries = 1,
     .jtlb_entries = 16,
     .dras_entries = 8},
    {.issue_width = 6,
     .unit_count = 6,
     .unit_classes = {ALU_UNIT | BIT(DIV), BIT(ALU) | BIT(VEC), FLOAT_UNIT, MEMORY_UNIT, BIT(LOAD), BIT(BRANCH)},
     .latency_cycles = {[UNIT_ALU] = 2,
                        [UNIT_MUL] = 4,
                        [UNIT_DIV] = 9,
                        [UNIT_LOAD] = 5,
                        [UNIT_STORE] = 1,
                        [UNIT_BRANCH] = 1,
                        [UNIT_FP] = 6,
                        [UNIT_FDIV] = 9,
                        [UNIT_FTRIG] = 12,
                        [UNIT_VEC] = 3},
     .interval_cycles = INTERVALS,
     .exposed = true,
     .padded = true,
     .base_offset = true,
     .gate_entries = 64,
     .alias_kind = ALIAS_MASK,
     .alias_entries = 4,
     .jtlb_entries = 16,
     .dras_entries = 8},
    {.issue_width = 2,
     .unit_count = 3,
     .unit_classes = {ALU_UNIT | BIT(DIV), BIT(ALU) | BIT(VEC) | MEMORY_UNIT, BIT(BRANCH)},
     .latency_cycles = LATENCIES,
     .interval_cycles = INTERVALS,
     .base_offset = true,
     .gate_entries = 4,
     .alias_kind = ALIAS_MASK,
     .alias_entries = 2,
     .dras_entries = 1},
    {.issue_width = 4,
     .unit_count = 5,
     .unit_classes = {ALU_UNIT | BIT(DIV), BIT(ALU), FLOAT_UNIT, MEMORY_UNIT, BIT(BRANCH)},
     .latency_cycles = LATENCIES,
     .interval_cycles = INTERVALS,
     .base_offset = true,
     .gate_entries = 1,
     .jtlb_entries = 16},
    {.issue_width = 12,
     .unit_count = 12,
     .unit_classes = {ALU_UNIT | BIT(DIV), ALU_UNIT, BIT(FP) | BIT(VEC), FLOAT_UNIT, BIT(FP) | BIT(VEC),
                      BIT(FDIV) | BIT(VEC), MEMORY_UNIT, MEMORY_UNIT, MEMORY_UNIT, BIT(BRANCH), BIT(ALU), BIT(VEC)},
     .latency_cycles = {[UNIT_ALU] = 1,
                        [UNIT_MUL] = 3,
                        [UNIT_DIV] = 9,
                        [UNIT_LOAD] = 30,
                        [UNIT_STORE] = 1,
                        [UNIT_BRANCH] = 1,
                        [UNIT_FP] = 9,
                        [UNIT_FDIV] = 20,
                        [UNIT_FTRIG] = 30,
                        [UNIT_VEC] = 2},
     .interval_cycles = INTERVALS,
     .exposed = true,
     .gate_entries = 128,
     .alias_kind = ALIAS_MASK,
     .alias_entries = 8,
     .jtlb_entries = 16,
     .dras_entries = 8},
};

/* ---- a request ---- */

enum { SPC = 0x08048000, COUNTER = 0x1234, ARENA_BYTES = 16 << 20 };

struct bench {
    struct arena arena;
    void *memory;
    struct tr_options options;
    struct tr_request request;
    struct ir_region region;
    struct schedule schedule;
    struct tr_result result;
};

static unsigned two_targets(void *cookie, uint64_t spc, uint64_t *to, unsigned capacity)
{
    to[0] = 0x08049000;
    to[1] = 0x0804a000;
    return 2;
}

static inline void bench_open(struct bench *bench)
{
    bench->memory = malloc(ARENA_BYTES);
    memset(bench->memory, 0xa5, ARENA_BYTES);
}

static inline void bench_reset(struct bench *bench, const struct machine_desc *machine)
{
    arena_init(&bench->arena, bench->memory, ARENA_BYTES);
    bench->options =
        (struct tr_options){.gear1_insns_max = 32, .gear2_insns_max = 128, .load_over_store = 1, .load_over_exit = 1};
    bench->request = (struct tr_request){.arena = &bench->arena,
                                         .machine = machine,
                                         .options = &bench->options,
                                         .gear = 2,
                                         .spc = SPC,
                                         .context = UINT64_C(3) << CONTEXT_CPL_LOW | UINT64_C(1) << CONTEXT_CODE32_LOW,
                                         .region = 7,
                                         .insns_max = 128,
                                         .indirect = TR_JTLB_DRAS,
                                         .targets = two_targets};
    memset(&bench->result, 0, sizeof bench->result);
    assert_true(ir_region_init(&bench->region, &bench->arena, 4096, 256, bench->request.context));
}

static inline void bench_parse(struct bench *bench, const struct machine_desc *machine, const char *text)
{
    char error[256] = "";
    bench_reset(bench, machine);
    if (!ir_parse(text, &bench->region, error, sizeof error)) fail_msg("%s", error);
    if (!bench->region.promoted) pass_promote(&bench->region, &bench->request);
    pass_legalise(&bench->region, &bench->request);
    assert_false(bench->region.full);
}

static inline void bench_close(struct bench *bench) { free(bench->memory); }

static inline void print_schedule(const struct bench *bench)
{
    char text[256];
    ir_print(stderr, &bench->region);
    for (unsigned b = 0; b < bench->schedule.bundle_count; b++) {
        const struct schedule_bundle *bundle = &bench->schedule.bundles[b];
        fprintf(stderr, "%3u:", b);
        for (unsigned i = 0; i < bundle->count; i++) {
            atom_print(text, sizeof text, &bench->schedule.atoms[bundle->first + i].atom);
            fprintf(stderr, "%s %s {%u}", i ? " |" : "", text, bench->schedule.atoms[bundle->first + i].source);
        }
        fprintf(stderr, "\n");
    }
    for (unsigned e = 0; e < bench->region.exit_count; e++) {
        fprintf(stderr, "exit %u:", e);
        for (unsigned i = 0; i < bench->schedule.exits[e].late_count; i++) {
            atom_print(text, sizeof text, &bench->schedule.exits[e].late[i].atom);
            fprintf(stderr, " %s {%u} ;", text, bench->schedule.exits[e].late[i].source);
        }
        for (unsigned m = 0; m < bench->schedule.exits[e].count; m++) {
            const struct schedule_move *move = &bench->schedule.exits[e].moves[m];
            fprintf(stderr, " r%u<-%s%lld", move->home, move->is_imm ? "#" : "r",
                    move->is_imm ? (long long)move->imm : move->from);
        }
        fprintf(stderr, "\n");
    }
}

static inline void print_code(const struct bench *bench)
{
    const char *code = bench->result.code;
    for (uint32_t offset = 0; offset < bench->result.code_bytes;) {
        struct atom atoms[BUNDLE_ATOMS_MAX];
        unsigned count,
            bytes = bundle_decode(code + offset, bench->result.code_bytes - offset, atoms, BUNDLE_ATOMS_MAX, &count);
        char text[256];
        fprintf(stderr, "%5u:", offset);
        for (unsigned i = 0; i < count; i++) {
            atom_print(text, sizeof text, &atoms[i]);
            if (atoms[i].op != ATOM_NOP) fprintf(stderr, "%s %s", i ? " |" : "", text);
        }
        fprintf(stderr, "\n");
        if (!bytes) break;
        offset += bytes;
    }
}

/* ---- guest memory for both engines: two frames that fill the address space by turns; the top sixteenth is unmapped
 * ---- */

enum { MEMORY_BYTES = 8192 };

static inline bool mapped(uint64_t address, unsigned bytes)
{
    return (uint32_t)address >> 28 != 15 && (uint32_t)(address + bytes - 1) >> 28 != 15;
}
static inline void memory_get(const uint8_t *memory, uint64_t address, void *to, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) ((uint8_t *)to)[i] = memory[(address + i) % MEMORY_BYTES];
}
static inline void memory_set(uint8_t *memory, uint64_t address, const void *from, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) memory[(address + i) % MEMORY_BYTES] = ((const uint8_t *)from)[i];
}

static inline bool eval_load(void *cookie, uint64_t address, unsigned size, uint64_t *value)
{
    *value = 0;
    memory_get(cookie, address, value, 1u << size);
    return mapped(address, 1u << size);
}
static inline bool eval_store(void *cookie, uint64_t address, unsigned size, uint64_t value)
{
    if (!mapped(address, 1u << size)) return false;
    memory_set(cookie, address, &value, 1u << size);
    return true;
}
static inline bool eval_probe(void *cookie, uint64_t address, unsigned size) { return mapped(address, 1u << size); }
static inline bool eval_load_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned, struct vreg *value)
{
    *value = (struct vreg){{0, 0}};
    memory_get(cookie, address, value, bytes);
    return mapped(address, bytes) && !(aligned && address & 15);
}
static inline bool eval_store_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned,
                                     const struct vreg *value)
{
    if (!mapped(address, bytes) || (aligned && address & 15)) return false;
    memory_set(cookie, address, value, bytes);
    return true;
}

/* ---- the runner ---- */

enum { HOME_VECTORS = HOME_COUNT - HOME_INTEGERS, MEMORY_OPS_MAX = 1024 };
enum ending { ENDED_EXIT, ENDED_ROLLBACK, ENDED_REPEAT };
struct runner {
    const struct machine_desc *machine;
    const struct tr_result *result;
    uint64_t r[REG_COUNT];
    struct vreg v[VREG_COUNT];
    uint16_t f[FLAG_COUNT];
    uint64_t r_next[REG_COUNT]; /* exposed: what is still to arrive */
    struct vreg v_next[VREG_COUNT];
    uint16_t f_next[FLAG_COUNT];
    unsigned when[REGS_ALL], f_when[FLAG_COUNT], time; /* of both files */
    uint8_t memory[MEMORY_BYTES], committed[MEMORY_BYTES];
    uint64_t committed_r[HOME_INTEGERS];
    struct vreg committed_v[HOME_VECTORS];
    uint16_t committed_f0;
    struct {
        bool armed;
        uint64_t address;
        unsigned bytes;
    } alias[64 + MEMORY_OPS_MAX]; /* the queue is not a ring here: `queue` entries have left it */
    unsigned queue, rotated, alias_checks;
    uint32_t counter;                 /* what the profile counts down */
    unsigned stores, commits, insns, pushes, commit_flags;
    enum ending ending;
    unsigned exit;                    /* number */
    const char *why;                  /* of a rollback */
};

static inline unsigned runner_latency(const struct runner *runner, const struct atom *atom)
{
    return runner->machine->latency_cycles[atom_table[atom->op].unit];
}

/* Register `reg` will have what the caller puts into its r_next or v_next. */
static inline void runner_awaits(struct runner *runner, const struct atom *atom, unsigned reg)
{
    if (runner->machine->exposed && runner->when[reg] > runner->time)
        fail_msg("register %u is written before its last result has arrived", reg);
    runner->when[reg] = runner->time + runner_latency(runner, atom);
}

static inline void runner_write_flags(struct runner *runner, const struct atom *atom, uint16_t flags)
{
    runner->f_next[atom->fd] = flags;
    runner->f_when[atom->fd] = runner->time + runner_latency(runner, atom);
}

static inline void runner_write(struct runner *runner, const struct atom *atom, uint64_t value)
{
    if (atom->rd == REG_ZERO) return;
    runner_awaits(runner, atom, atom->rd);
    runner->r_next[atom->rd] = value;
}

static inline void runner_write_vector(struct runner *runner, const struct atom *atom, struct vreg value)
{
    runner_awaits(runner, atom, atom->rd);
    runner->v_next[atom->rd - REG_VECTOR] = value;
}

/* What arrives by `time`. With interlocks all does. */
static inline void runner_land(struct runner *runner)
{
    for (unsigned i = 0; i < REGS_ALL; i++) {
        if (!runner->when[i] || (runner->machine->exposed && runner->when[i] > runner->time)) continue;
        if (i < REG_VECTOR)
            runner->r[i] = runner->r_next[i];
        else
            runner->v[i - REG_VECTOR] = runner->v_next[i - REG_VECTOR];
        runner->when[i] = 0;
    }
    for (unsigned i = 0; i < FLAG_COUNT; i++) {
        if (runner->f_when[i] && (!runner->machine->exposed || runner->f_when[i] <= runner->time))
            runner->f[i] = runner->f_next[i], runner->f_when[i] = 0;
    }
}

static inline bool runner_refuses(struct runner *runner, const char *why)
{
    runner->ending = ENDED_ROLLBACK;
    runner->why = why;
    return false;
}

static inline bool bytes_meet(uint64_t x, unsigned x_bytes, uint64_t y, unsigned y_bytes)
{
    for (unsigned i = 0; i < x_bytes; i++)
        for (unsigned j = 0; j < y_bytes; j++)
            if ((x + i) % MEMORY_BYTES == (y + j) % MEMORY_BYTES) return true;
    return false;
}

static inline unsigned access_bytes(const struct atom *atom)
{
    return atom->op == ATOM_LDV || atom->op == ATOM_STV ? vector_bytes(atom->size) : 1u << atom->size;
}

static inline bool runner_load(struct runner *runner, const struct atom *atom, uint64_t address)
{
    if (atom->space == SPACE_CONCEALED) {
        assert_int_equal(address, COUNTER);
        runner_write(runner, atom, runner->counter);
        return true;
    }
    assert_int_equal(atom->space, SPACE_USER);
    if (!mapped(address, access_bytes(atom)) || (atom->aligned && address & 15)) return runner_refuses(runner, "load");
    struct vreg loaded = {{0, 0}};
    memory_get(runner->memory, address, &loaded, access_bytes(atom));
    uint64_t value = loaded.half[0];
    if (atom->op == ATOM_LDS)
        value = (uint32_t)(atom->size == SIZE_8 ? (int32_t)(int8_t)value : (int32_t)(int16_t)value);
    if (atom->op == ATOM_LDV)
        runner_write_vector(runner, atom, loaded);
    else
        runner_write(runner, atom, value);
    return true;
}

/* All stores of a bundle remove what they overlap, before its loads arm. */
static inline void runner_remove(struct runner *runner, const struct atom *atom, uint64_t address)
{
    for (unsigned entry = 0; entry < LENGTH(runner->alias); entry++) {
        if (bytes_meet(address, access_bytes(atom), runner->alias[entry].address, runner->alias[entry].bytes))
            runner->alias[entry].armed = false;
    }
}

static inline bool runner_store(struct runner *runner, const struct atom *atom, uint64_t address)
{
    unsigned bytes = access_bytes(atom);
    if (atom->space == SPACE_CONCEALED) {
        assert_int_equal(address, COUNTER);
        assert_false(atom->gated);
        runner->counter = (uint32_t)runner->r[atom->rb];
        return true;
    }
    assert_true(atom->gated);
    if (!mapped(address, bytes) || (atom->aligned && address & 15)) return runner_refuses(runner, "store");
    runner->stores += (bytes + 7) / 8;
    if (runner->stores > runner->machine->gate_entries) return runner_refuses(runner, "gate");
    unsigned last = runner->queue + runner->machine->alias_entries;
    for (unsigned entry = runner->queue + atom->check_from - 1; atom->check_from && entry < last; entry++) {
        if (runner->alias[entry].armed &&
            bytes_meet(address, bytes, runner->alias[entry].address, runner->alias[entry].bytes))
            return runner_refuses(runner, "alias");
    }
    if (runner->machine->alias_kind == ALIAS_ALAT) {
        assert_true(!atom->check && !atom->check_from);
        runner_remove(runner, atom, address);
    }
    for (uint64_t set = atom->check; set; set &= set - 1) {
        unsigned entry = (unsigned)__builtin_ctzll(set);
        assert_true(entry < runner->machine->alias_entries && runner->alias[entry].armed);
        if (bytes_meet(address, bytes, runner->alias[entry].address, runner->alias[entry].bytes))
            return runner_refuses(runner, "alias");
    }
    return true;
}

/* The ALAT, as the bundle finds it: a check takes its entry out. */
static inline bool runner_check(struct runner *runner, const struct atom *atom)
{
    assert_int_equal(runner->machine->alias_kind, ALIAS_ALAT);
    assert_in_range(atom->imm, 0, runner->machine->alias_entries - 1);
    if (!runner->alias[atom->imm].armed) return runner_refuses(runner, "alias");
    runner->alias[atom->imm].armed = false;
    runner->alias_checks++;
    return true;
}

/* What a store writes, all atoms of its bundle having read. */
static inline void runner_write_memory(struct runner *runner, const struct atom *atom, uint64_t address)
{
    const void *from = atom->op == ATOM_STV ? (const void *)&runner->v[atom->rb - REG_VECTOR] : &runner->r[atom->rb];
    memory_set(runner->memory, address, from, access_bytes(atom));
}

static inline bool runner_vector(struct runner *runner, const struct atom *atom)
{
    unsigned shape = atom_table[atom->op].shape;
    struct vector_atom in = stand_in_atom(atom, runner->r, runner->v, runner->f);
    if (!stand_in_vector(&in)) return runner_refuses(runner, "float");
    if (shape & SHAPE_VD)
        runner_write_vector(runner, atom, in.v);
    else if (shape & SHAPE_D)
        runner_write(runner, atom, in.x);
    if (atom->fmask) runner_write_flags(runner, atom, in.status);
    return true;
}

static inline void runner_integer(struct runner *runner, const struct atom *atom)
{
    const struct atom_desc *desc = &atom_table[atom->op];
    struct atom_result done = atom_evaluate(atom->op, atom->size, runner->r[atom->ra],
                                            atom->use_imm ? (uint64_t)atom->imm : runner->r[atom->rb],
                                            runner->r[atom->rc], runner->f[atom->fs], atom->fmask, atom->cond);
    if (desc->format != FORMAT_FB) runner_write(runner, atom, done.value);
    if (desc->sets_flags && atom->fmask) runner_write_flags(runner, atom, done.flags);
}

static inline void runner_commit(struct runner *runner, uint32_t here, const struct atom *atom)
{
    struct commit_entry entry;
    uint64_t at = here + (uint64_t)atom->imm;
    assert_true(at % 16 == 0 && at >= runner->result->code_bytes && at + sizeof entry <= runner->result->bytes);
    memcpy(&entry, (const char *)runner->result->code + at, sizeof entry);
    /* late results write both copies */
    memcpy(runner->committed_r, runner->r, sizeof runner->committed_r);
    runner->committed_f0 = runner->f_when[0] ? runner->f_next[0] : runner->f[0];
    for (unsigned home = 0; home < HOME_INTEGERS; home++) {
        if (runner->when[home]) runner->committed_r[home] = runner->r_next[home];
    }
    memcpy(runner->committed_v, runner->v, sizeof runner->committed_v);
    for (unsigned i = 0; i < HOME_VECTORS; i++) {
        if (runner->when[REG_VECTOR + i]) runner->committed_v[i] = runner->v_next[i];
    }
    if (!(entry.flags & COMMIT_DYNAMIC)) {
        assert_int_equal(runner->when[HOME_EIP], 0);
        runner->committed_r[HOME_EIP] = runner->r[HOME_EIP] = entry.eip;
    }
    memcpy(runner->committed, runner->memory, sizeof runner->committed);
    runner->stores = 0;
    runner->commits++;
    runner->insns += entry.insns;
    runner->commit_flags = entry.flags;
    assert_int_equal(entry.region, 7);
}

/* One bundle. False when the run has ended. */
static inline bool runner_step(struct runner *runner, uint32_t *pc)
{
    struct atom atoms[BUNDLE_ATOMS_MAX];
    uint8_t classes[BUNDLE_ATOMS_MAX];
    unsigned count = 0, transfers = 0, real = 0;
    uint32_t here = *pc;
    const char *code = runner->result->code;
    assert_true(here < runner->result->code_bytes);
    unsigned bytes = bundle_decode(code + here, runner->result->code_bytes - here, atoms, BUNDLE_ATOMS_MAX, &count);
    if (!bytes) fail_msg("no bundle at %u", here);
    assert_true(!runner->machine->padded || count == runner->machine->issue_width);
    runner_land(runner);
    *pc = here + bytes;
    const struct atom *leaves = NULL, *asked = NULL;
    uint64_t asked_for = 0;
    for (unsigned i = 0; i < count; i++) {
        if (atoms[i].op == ATOM_CHKA && !runner_check(runner, &atoms[i])) return false;
    }
    for (unsigned pass = 0; pass < 3; pass++) { /* checks and loads, then stores, then commits */
        for (unsigned i = 0; i < count; i++) {
            const struct atom *atom = &atoms[i];
            const struct atom_desc *desc = &atom_table[atom->op];
            uint64_t address = 0;
            if (desc->properties & ATOM_MEMORY) {
                address = runner->r[atom->ra] + (uint64_t)atom->imm;
                assert_true(!atom->imm || runner->machine->base_offset);
                if (atom->wrap == WRAP_32) address = (uint32_t)address;
            }
            if (pass == 1 && (atom->op == ATOM_ST || atom->op == ATOM_STV) && atom->space != SPACE_CONCEALED)
                runner_write_memory(runner, atom, address);
            if (pass == 1 && atom->protect) {
                assert_true(atom->protect <= runner->machine->alias_entries);
                unsigned entry = runner->queue + atom->protect - 1;
                assert_true(entry < LENGTH(runner->alias));
                runner->alias[entry].armed = true;
                runner->alias[entry].address = address;
                runner->alias[entry].bytes = access_bytes(atom);
            }
            if (pass == 2 && atom->op == ATOM_COMMIT) {
                /* covers what is beside it */
                struct runner *late = runner;
                runner->time++;
                if (!runner->machine->exposed) runner_land(late);
                runner->time--;
                runner_commit(runner, here, atom);
            }
            if (pass) continue;
            if (atom->op != ATOM_NOP) classes[real++] = desc->unit;
            transfers += (desc->properties & ATOM_TRANSFERS) != 0;
            switch (atom->op) {
            case ATOM_LD:
            case ATOM_LDS:
            case ATOM_LDV:
                if (!runner_load(runner, atom, address)) return false;
                break;
            case ATOM_ST:
            case ATOM_STV:
                if (!runner_store(runner, atom, address)) return false;
                break;
            case ATOM_PROBE:
                if (!mapped(address, 1u << atom->size)) return runner_refuses(runner, "probe");
                break;
            case ATOM_ASSERT:
                if (cond_holds(atom->cond, runner->f[atom->fs])) return runner_refuses(runner, "assert");
                break;
            case ATOM_BRC: if (cond_holds(atom->cond, runner->f[atom->fs])) leaves = atom; break;
            case ATOM_BR: case ATOM_EXIT: leaves = atom; break;
            case ATOM_CALL: runner->pushes++; break;
            case ATOM_RET:
            case ATOM_JMPX:
                asked = atom;
                asked_for = runner->r[atom->ra];
                assert_int_equal(runner->when[atom->ra], 0);
                break;
            case ATOM_ROTATE:
                assert_int_equal(runner->machine->alias_kind, ALIAS_QUEUE);
                assert_in_range(atom->imm, 1, runner->machine->alias_entries);
                runner->rotated += (unsigned)atom->imm;
                break;
            case ATOM_NOP: case ATOM_COMMIT: case ATOM_CHKA: break;
            default:
                if (!atom_is_vector(atom->op))
                    runner_integer(runner, atom);
                else if (!runner_vector(runner, atom))
                    return false;
            }
        }
    }
    assert_true(machine_fits(runner->machine, classes, real));
    assert_true(transfers <= 1);
    for (; runner->rotated; runner->rotated--) runner->alias[runner->queue++].armed = false;
    runner->time++;
    runner_land(runner);
    if (asked) assert_int_equal(asked_for, runner->committed_r[HOME_EIP]);
    if (!leaves) return true;
    if (leaves->op == ATOM_EXIT) {
        for (unsigned i = 0; i < REGS_ALL; i++) {
            if (runner->when[i]) fail_msg("register %u has not arrived at the exit at %u", i, here);
        }
        assert_int_equal(atoms[0].op, ATOM_EXIT);
        runner->ending = ENDED_EXIT;
        runner->exit = (unsigned)leaves->imm;
        assert_int_equal(runner->result->exits[runner->exit].offset, here);
        return false;
    }
    *pc = (uint32_t)(here + leaves->imm);
    if (*pc == 0 && runner->commits) {
        runner->ending = ENDED_REPEAT;
        for (unsigned i = 0; i < REGS_ALL; i++) assert_int_equal(runner->when[i], 0);
        return false;
    }
    return true;
}

/* `vectors`: the vector homes, or NULL for zeros. */
static inline void runner_run(struct runner *runner, const struct bench *bench, const uint64_t *homes, uint16_t f0,
                              const struct vreg *vectors, const uint8_t *memory)
{
    memset(runner, 0, sizeof *runner);
    runner->machine = bench->request.machine;
    runner->result = &bench->result;
    runner->counter = 1000;
    runner->time = 1; /* 0 stands for nothing to arrive */
    for (unsigned i = HOME_INTEGERS; i < REG_ZERO; i++) runner->r[i] = UINT64_C(0xdead000000000000) + i;
    for (unsigned i = HOME_VECTORS; i < VREG_COUNT; i++)
        runner->v[i] = (struct vreg){{UINT64_C(0xdeaf000000000000) + i, ~(uint64_t)i}};
    for (unsigned i = 1; i < FLAG_COUNT; i++) runner->f[i] = ATOM_FLAGS;
    memcpy(runner->r, homes, HOME_INTEGERS * sizeof *homes);
    if (vectors) memcpy(runner->v, vectors, HOME_VECTORS * sizeof *vectors);
    runner->f[0] = f0;
    memcpy(runner->memory, memory, MEMORY_BYTES);
    uint32_t pc = 0;
    for (unsigned step = 0; runner_step(runner, &pc); step++) assert_true(step < 100000);
}

/* ---- random regions ---- */

struct generator {
    struct prng prng;
    struct ir_region *region;
    uint64_t address;
    const struct machine_desc *machine;
    unsigned vectors; /* of 16 instructions, those that do something with vectors */
    unsigned vector_homes;
};

static inline unsigned draw(struct generator *generator, unsigned bound)
{
    return (unsigned)prng_below(&generator->prng, bound);
}
static inline ir_ref add(struct generator *generator, struct ir_insn insn)
{
    return ir_append(generator->region, insn);
}
static inline ir_ref get(struct generator *generator)
{
    return add(generator, (struct ir_insn){.op = IR_GET, .imm = draw(generator, 8)});
}
static inline void put(struct generator *generator, ir_ref value)
{
    add(generator, (struct ir_insn){.op = IR_PUT, .imm = draw(generator, 8), .a = value});
}
static inline ir_ref getf(struct generator *generator) { return add(generator, (struct ir_insn){.op = IR_GETF}); }
static inline void putf(struct generator *generator, ir_ref flags)
{
    add(generator, (struct ir_insn){.op = IR_PUTF, .f = flags});
}

static inline struct ir_insn with_b(struct generator *generator, struct ir_insn insn)
{
    static const int64_t numbers[] = {0, 1, -1, 4, 31, 32, 33, 100, -128, 0x7fffffff, -0x7fffffff, 0x12345678};
    insn.use_imm = draw(generator, 2);
    if (insn.use_imm) insn.imm = numbers[draw(generator, LENGTH(numbers))];
    else insn.b = get(generator);
    return insn;
}

static inline void address_of(struct generator *generator, struct ir_insn *insn)
{
    insn->a = get(generator);
    if (draw(generator, 2))
        insn->a = add(generator, (struct ir_insn){.op = ATOM_ADD,
                                                  .size = SIZE_32,
                                                  .a = insn->a,
                                                  .use_imm = true,
                                                  .imm = 4 * (int)draw(generator, 8) - 16});
    if (generator->machine->base_offset && draw(generator, 2)) insn->imm = 4 * (int)draw(generator, 8) - 16;
}

static inline void add_alu(struct generator *generator)
{
    static const uint8_t ops[] = {ATOM_ADD, ATOM_SUB,  ATOM_AND,  ATOM_OR,     ATOM_XOR,  ATOM_ADC, ATOM_SBB,
                                  ATOM_SHL, ATOM_SHR,  ATOM_SAR,  ATOM_ROL,    ATOM_RCR,  ATOM_MUL, ATOM_BT,
                                  ATOM_BSF, ATOM_SHLD, ATOM_DIVU, ATOM_SH2ADD, ATOM_INS8, ATOM_MOV};
    struct ir_insn insn = {.op = ops[draw(generator, LENGTH(ops))],
                           .size = (uint8_t)(draw(generator, 4) ? SIZE_32 : draw(generator, 3))};
    if (insn.op == ATOM_BSF) insn.size = SIZE_32;
    bool flags = atom_table[insn.op].sets_flags && draw(generator, 4);
    insn.a = get(generator);
    insn = with_b(generator, insn);
    if (insn.op == ATOM_SHLD) insn.c = get(generator);
    if (flags) insn.fmask = draw(generator, 3) ? MASK_ALL : (uint8_t)(1 + draw(generator, 63));
    if (flags || insn.op == ATOM_ADC || insn.op == ATOM_SBB || insn.op == ATOM_RCR) insn.f = getf(generator);
    ir_ref value = add(generator, insn), result = value;
    if (insn.size < SIZE_32)
        value = add(generator,
                    (struct ir_insn){
                        .op = insn.size ? ATOM_INS16 : ATOM_INS8, .size = SIZE_32, .a = get(generator), .b = value});
    if (draw(generator, 8)) put(generator, value);
    if (flags) putf(generator, result);
}

static inline void add_memory(struct generator *generator)
{
    struct ir_insn load = {.op = ATOM_LD, .size = (uint8_t)(draw(generator, 3) ? SIZE_32 : draw(generator, 2))}, store;
    if (load.size < SIZE_32 && draw(generator, 2)) load.op = ATOM_LDS;
    address_of(generator, &load);
    store = load;
    store.op = ATOM_ST;
    switch (draw(generator, 4)) {
    case 0: case 1: put(generator, add(generator, load)); break;
    case 2:
        store.b = draw(generator, 8) ? get(generator) : 0;
        add(generator, store);
        break;
    default: {
        struct ir_insn probe = store;
        probe.op = ATOM_PROBE;
        add(generator, probe);
        struct ir_insn change = {.op = ATOM_ADD,
                                 .size = SIZE_32,
                                 .a = add(generator, load),
                                 .use_imm = true,
                                 .imm = 1,
                                 .fmask = MASK_ALL & ~MASK_C,
                                 .f = getf(generator)};
        store.b = add(generator, change);
        add(generator, store);
        putf(generator, store.b);
    }
    }
}

/* ---- vectors ---- */

static inline ir_ref get_vector(struct generator *generator)
{
    return add(generator,
               (struct ir_insn){.op = IR_GET, .imm = HOME_INTEGERS + draw(generator, generator->vector_homes)});
}
static inline void put_vector(struct generator *generator, ir_ref value)
{
    add(generator,
        (struct ir_insn){.op = IR_PUT, .imm = HOME_INTEGERS + draw(generator, generator->vector_homes), .a = value});
}

static inline bool has_unit(const struct machine_desc *machine, unsigned class)
{
    unsigned classes = 0;
    for (unsigned unit = 0; unit < machine->unit_count; unit++) classes |= machine->unit_classes[unit];
    return classes >> class & 1;
}

/* A pure vector atom that the machine has the unit for; operands open. */
static inline struct ir_insn draw_vector(struct generator *generator)
{
    struct ir_insn insn = {.size = (uint8_t)draw(generator, 4), .imm = draw(generator, 256)};
    do insn.op = (uint8_t)(ATOM_VECTOR_FIRST + draw(generator, ATOM_OPS - ATOM_VECTOR_FIRST));
    while (!ir_is_pure(insn.op) || !has_unit(generator->machine, atom_table[insn.op].unit));
    bool widens = insn.op == ATOM_VWIDENS || insn.op == ATOM_VWIDENU;
    bool words = insn.op == ATOM_VHADD || insn.op == ATOM_VHSUB || insn.op == ATOM_VPACKSS || insn.op == ATOM_VPACKUS;
    unsigned shape = atom_table[insn.op].shape;
    if (!(shape & (SHAPE_LANES | SHAPE_FORMAT))) insn.size = 0;
    if (words) insn.size = (uint8_t)(1 + draw(generator, 2));
    if (widens) insn.size = (uint8_t)draw(generator, 3);
    if (widens) insn.imm = insn.size + 1;
    if (!(shape & SHAPE_IMM)) insn.imm = 0;
    if (!draw(generator, 4)) insn.kind = IR_HALF;
    return insn;
}

/* What becomes of a status: read, merged into FSW or MXCSR (which may roll back), flags. */
static inline void use_status(struct generator *generator, ir_ref status, unsigned op)
{
    bool flags = op == ATOM_VTEST || op == ATOM_VSTRI || op == ATOM_VSTRM;
    struct ir_insn merge = {
        .op = ATOM_FMERGE, .a = get(generator), .b = get(generator), .f = status, .imm = draw(generator, 16)};
    if (draw(generator, 2)) merge = (struct ir_insn){.op = ATOM_XMERGE, .a = get(generator), .b = merge.b, .f = status};
    if (flags)
        putf(generator, status);
    else if (draw(generator, 3))
        put(generator, add(generator, merge));
    else
        put(generator, add(generator, (struct ir_insn){.op = ATOM_GETS, .size = SIZE_32, .f = status}));
}

static inline void add_vector_atom(struct generator *generator)
{
    struct ir_insn insn = draw_vector(generator);
    unsigned shape = atom_table[insn.op].shape;
    bool status = shape & SHAPE_STATUS && (!(shape & SHAPE_D) || draw(generator, 2));
    if (shape & SHAPE_A) insn.a = shape & SHAPE_VA ? get_vector(generator) : get(generator);
    if (shape & SHAPE_B) insn.b = shape & SHAPE_VB ? get_vector(generator) : get(generator);
    if (shape & SHAPE_C) insn.c = shape & SHAPE_VC ? get_vector(generator) : get(generator);
    if (status) insn.fmask = MASK_ALL;
    ir_ref made = add(generator, insn);
    bool wanted = shape & SHAPE_D && (!status || draw(generator, 4)); /* else the status alone is */
    if (status) use_status(generator, made, insn.op);
    if (wanted && shape & SHAPE_VD)
        put_vector(generator, made);
    else if (wanted)
        put(generator, made);
}

static inline void add_vector_memory(struct generator *generator)
{
    struct ir_insn access = {.op = ATOM_LDV, .size = (uint8_t)draw(generator, 4)};
    bool store = !draw(generator, 3);
    if (access.size == SIZE_32 && !draw(generator, 4)) access.kind = IR_ALIGNED;
    if (access.kind)
        access.a = add(generator, (struct ir_insn){.op = ATOM_AND,
                                                   .size = SIZE_32,
                                                   .a = get(generator),
                                                   .use_imm = true,
                                                   .imm = draw(generator, 8) ? -16 : -4});
    else
        address_of(generator, &access);
    if (store) {
        access.op = ATOM_STV;
        access.b = get_vector(generator);
        add(generator, access);
    } else if (draw(generator, 16)) {
        put_vector(generator, add(generator, access));
    } else {
        add(generator, access); /* for its faults alone */
    }
}

/* Homes change places: cycles of moves at the next exit. */
static inline void add_rotation(struct generator *generator)
{
    unsigned count = 2 + draw(generator, 3), homes[4];
    ir_ref values[4];
    for (unsigned i = 0; i < count; i++) {
        homes[i] = HOME_INTEGERS + draw(generator, generator->vector_homes);
        values[i] = add(generator, (struct ir_insn){.op = IR_GET, .imm = homes[i]});
    }
    for (unsigned i = 0; i < count; i++)
        add(generator, (struct ir_insn){.op = IR_PUT, .imm = homes[(i + 1) % count], .a = values[i]});
}

static inline void add_vector(struct generator *generator)
{
    unsigned kind = draw(generator, 8);
    if (!has_unit(generator->machine, UNIT_VEC)) return;
    if (kind < 4)
        add_vector_atom(generator);
    else if (kind < 7)
        add_vector_memory(generator);
    else
        add_rotation(generator);
}

static inline void add_other(struct generator *generator)
{
    ir_ref flags = getf(generator);
    uint8_t cond = (uint8_t)draw(generator, 16);
    switch (draw(generator, 6)) {
    case 0: put(generator, add(generator, (struct ir_insn){.op = ATOM_SETC, .cond = cond, .f = flags})); break;
    case 1:
        put(generator, add(generator, (struct ir_insn){.op = ATOM_SEL,
                                                       .size = SIZE_32,
                                                       .cond = cond,
                                                       .f = flags,
                                                       .a = get(generator),
                                                       .b = get(generator)}));
        break;
    case 2: put(generator, get(generator)); break;
    case 3:
        put(generator,
            add(generator,
                (struct ir_insn){
                    .op = ATOM_MOV, .size = SIZE_32, .use_imm = true, .imm = (int)draw(generator, 1u << 31)}));
        break;
    case 4:
        putf(generator, add(generator, (struct ir_insn){.op = ATOM_SETF, .fmask = MASK_ALL, .b = get(generator)}));
        break;
    default: add(generator, (struct ir_insn){.op = IR_PUSH_RETURN, .imm = (int64_t)generator->address + 5});
    }
}

static inline void add_compare(struct generator *generator, uint8_t op)
{
    struct ir_insn compare =
        with_b(generator, (struct ir_insn){.op = ATOM_SUB, .size = SIZE_32, .a = get(generator), .fmask = MASK_ALL});
    ir_ref flags = add(generator, compare);
    /* seldom taken: a condition that two random numbers seldom fulfil */
    uint8_t cond = op == IR_TRAPIF || draw(generator, 3) ? COND_Z : (uint8_t)draw(generator, 16);
    if (op == IR_EXITIF && draw(generator, 2)) putf(generator, flags);
    add(generator,
        (struct ir_insn){
            .op = op, .cond = cond, .f = flags, .imm = op == IR_TRAPIF ? 0 : 0x08050000 + (int)draw(generator, 4096)});
}

/* A region as a lifter would leave it: every instruction gets, computes, puts. */
static inline void generate(struct bench *bench, uint64_t seed)
{
    static const uint8_t shares[] = {0, 4, 4, 12};
    struct generator generator = {.region = &bench->region, .address = SPC, .machine = bench->request.machine};
    prng_seed(&generator.prng, seed);
    generator.vectors = shares[draw(&generator, LENGTH(shares))];
    generator.vector_homes = draw(&generator, 3) ? 4 : HOME_VECTORS;
    unsigned insns = 1 + draw(&generator, draw(&generator, 4) ? 24 : 90), exits = 0;
    for (unsigned i = 0; i < insns; i++) {
        unsigned length = 1 + draw(&generator, 7), kind = draw(&generator, 16);
        add(&generator, (struct ir_insn){.op = IR_MARK, .imm = (int64_t)generator.address, .c = (ir_ref)length});
        if (draw(&generator, 16) < generator.vectors)
            add_vector(&generator);
        else if (kind < 7)
            add_alu(&generator);
        else if (kind < 11) add_memory(&generator);
        else if (kind < 13) add_other(&generator);
        else if (kind < 15 && exits++ < 12) add_compare(&generator, IR_EXITIF);
        else if (kind == 15 && !draw(&generator, 4)) add_compare(&generator, IR_TRAPIF);
        generator.address += length;
    }
    static const uint8_t kinds[] = {IR_JUMP,   IR_JUMP,   IR_JUMP,     IR_CALL,      IR_JUMP_INDIRECT, IR_CALL_INDIRECT,
                                    IR_RETURN, IR_REPEAT, IR_DISPATCH, IR_INTERPRET, IR_SYSTEM};
    struct ir_insn exit = {.op = IR_EXIT, .kind = kinds[draw(&generator, LENGTH(kinds))], .imm = 0x08060000};
    if (exit.kind == IR_JUMP_INDIRECT || exit.kind == IR_CALL_INDIRECT || exit.kind == IR_RETURN)
        exit.a = get(&generator);
    if (draw(&generator, 40)) add(&generator, exit);
    else add(&generator, (struct ir_insn){.op = IR_TRAP, .imm = 6});
    assert_false(bench->region.full);
}

#endif
