/* engine.c -- the run loop: direct-threaded code over decoded bundles (decode.c). What is inline is the common case;
 * all else is a slow function that works on core->cycle. In the loop `t` repeats core->cycle: the cycle at which the
 * present bundle issues, moved forward by what stops the machine inside it.
 */
#include "hwsim/core/core.h"
#include "hwsim/isa/atom_eval.h"

#define SLOW static __attribute__((noinline))

/* Number among all registers of a vector register given by its word. */
static unsigned vector_number(unsigned word)
{
    return REG_VECTOR + (word - (unsigned)(offsetof(struct hw_core, state.v) / sizeof(uint64_t))) / 2;
}

/* ---- memory atoms, in full ---- */

static unsigned op_bytes(const struct op *op)
{
    return op->fd & OP_VECTOR ? vector_bytes(op->fd & OP_SIZE) : 1u << (op->fd & OP_SIZE);
}
static unsigned op_space(const struct op *op) { return op->fd >> OP_SPACE_SHIFT & 3; }

static uint64_t op_address(const struct hw_core *core, const struct op *op)
{
    return access_wrap(op->fd >> OP_WRAP_SHIFT & 3, ((const uint64_t *)core)[op->a] + (uint64_t)op->imm);
}

static uint64_t sign_extend_to_32(uint64_t value, unsigned size)
{
    return (uint32_t)(size == SIZE_8 ? (int32_t)(int8_t)value : (int32_t)(int16_t)value);
}

/* When the value of a load is there: cycle << 4 | cause. False: refused (kind in core->refusal). */
static bool load_timing(struct hw_core *core, const struct place *place, void *value, uint64_t *ready)
{
    enum gate_answer answer = GATE_NONE;
    for (unsigned i = 0; i < 2 && place->bytes[i]; i++)
        if (core->gate.bloom && gate_may_hold(&core->gate, place->physical[i], place->bytes[i])) answer = GATE_SOME;
    if (answer != GATE_NONE) answer = gate_forward(core, place, value);
    if (answer == GATE_REFUSED) {
        core->refusal = HW_GATE;
        return false;
    }
    uint64_t start = place->known > core->cycle ? place->known : core->cycle;
    uint64_t forwarded = (start + (uint64_t)core->params->gate_forward_latency) << 4 |
                         (place->known > core->cycle ? CAUSE_TLB : CAUSE_LOAD);
    *ready = answer == GATE_ALL ? forwarded : access_read(core, place);
    if (answer == GATE_SOME && forwarded >> 4 > *ready >> 4) *ready = forwarded;
    return true;
}

/* Exposed latencies: what a load takes beyond the latency that the schedule knows, the machine stops for. */
static uint64_t pay_now(struct hw_core *core, uint64_t ready)
{
    uint64_t hit = core->cycle + core->desc.latency_cycles[UNIT_LOAD];
    if (ready >> 4 > hit) core_stall(core, (enum hw_cause)(ready & 15), core->cycle + ((ready >> 4) - hit));
    return (core->cycle + core->desc.latency_cycles[UNIT_LOAD]) << 4 | CAUSE_LOAD;
}

static inline bool load_place(struct hw_core *core, const struct op *op, const struct place *place)
{
    struct vreg value = place_read_vector(place);
    uint64_t ready, *to = &((uint64_t *)core)[op->d], low;
    if (!load_timing(core, place, &value, &ready)) return false;
    if (core->desc.exposed) ready = pay_now(core, ready);
    low = value.half[0];
    if (op->fd & OP_VECTOR) {
        memcpy(to, &value, sizeof value);
        scoreboard_any(core, vector_number(op->d), ready);
    } else {
        *to = op->fd & OP_SIGNED ? sign_extend_to_32(low, op->fd & OP_SIZE) : low;
        if (op->d < REG_ZERO) scoreboard_result(core, op->d, ready);
    }
    if (op->fmask) alias_arm(core, op->fmask - 1u, place);
    return true;
}

/* SSE's operands in memory must be aligned: #GP, whatever the page (SDM vol. 1, 11.6). */
static bool is_misaligned(struct hw_core *core, const struct op *op, uint64_t linear)
{
    if (!(op->fd & OP_ALIGNED) || !(linear & 15)) return false;
    core->refusal = HW_FAULT;
    core->fault = (struct hw_fault){.vector = VECTOR_GP};
    return true;
}

SLOW bool load_any(struct hw_core *core, const struct op *op)
{
    struct place place;
    uint64_t linear = op_address(core, op);
    core->stats.loads++;
    if (is_misaligned(core, op, linear)) return false;
    if (!access_resolve(core, op_space(op), linear, op_bytes(op), false, &place)) return false;
    access_alignment(core, linear, op_bytes(op));
    return load_place(core, op, &place);
}

/* The soft table has translated the address; the line is not the last used of its set, or the gate may have the bytes.
 */
SLOW bool load_translated(struct hw_core *core, const struct op *op, const struct soft_entry *soft, uint64_t physical)
{
    struct place place = {.physical = {physical},
                          .host = {soft->host + (physical & (PAGE_BYTES - 1))},
                          .bytes = {(uint8_t)op_bytes(op)},
                          .known = core->cycle};
    core->stats.loads++;
    tlb_use(&core->tlb, soft->slot);
    return load_place(core, op, &place);
}

/* False: the store overlaps what a load above it has read. */
static bool store_passes_alias(struct hw_core *core, const struct op *op, const struct place *place)
{
    if (!op->check) return true;
    if (core->desc.alias_kind == ALIAS_ALAT) {
        alias_remove(core, op->check, place);
        return true;
    }
    core->stats.alias_checks++;
    core->refusal = HW_ALIAS;
    return !alias_hits(core, op->check, place);
}

SLOW bool store_any(struct hw_core *core, const struct op *op)
{
    struct place place;
    uint64_t linear = op_address(core, op);
    const uint64_t *value = &((const uint64_t *)core)[op->c];
    core->stats.stores++;
    if (is_misaligned(core, op, linear)) return false;
    if (!access_resolve(core, op_space(op), linear, op_bytes(op), true, &place)) return false;
    access_alignment(core, linear, op_bytes(op));
    if (!store_passes_alias(core, op, &place)) return false;
    if (!(op->fd & OP_GATED)) {
        access_write(core, &place, value);
        return true;
    }
    core->refusal = HW_GATE;
    return gate_store(core, &place, value);
}

/* A store's alias check, or a probe. Neither minds protection: the store itself will. */
SLOW bool check_any(struct hw_core *core, const struct op *op, bool alias)
{
    struct place place;
    bool resolved = access_resolve(core, op_space(op), op_address(core, op), op_bytes(op), true, &place);
    core->stats.probes += !alias;
    if (!resolved) return core->refusal == HW_PROTECT;
    core->stats.alias_checks += alias;
    core->refusal = HW_ALIAS;
    return !alias || !alias_hits(core, op->check, &place);
}

/* ---- vector atoms ---- */

/* False: an unmasked floating-point exception; the interpreter has to look at it. */
SLOW bool vector_any(struct hw_core *core, const struct op *op)
{
    const struct op_vector *vector = &op->vector;
    uint64_t *words = (uint64_t *)core;
    uint16_t *halves = (uint16_t *)core;
    unsigned shape = atom_table[vector->op].shape;
    struct vector_atom atom;
    atom.op = vector->op;
    atom.size = vector->size;
    atom.imm = vector->imm;
    atom.half = vector->half;
    atom.status = halves[op->fs];
    atom.a = (const struct vreg *)&words[op->a];
    atom.b = (const struct vreg *)&words[vector->b];
    atom.c = (const struct vreg *)&words[op->c];
    atom.xa = words[op->a];
    atom.xb = words[vector->b];
    atom.xc = words[op->c];
    core->refusal = HW_ASSERT;
    if (!hw_vector(core, &atom)) return false;
    if (shape & SHAPE_VD) *(struct vreg *)&words[op->d] = atom.v;
    else if (shape & SHAPE_D) words[op->d] = atom.x;
    if (vector->status) halves[op->fd] = atom.status;
    return true;
}

/* ---- fetch ---- */

SLOW void fetch(struct hw_core *core, const struct bundle *bundle)
{
    for (uint64_t line = bundle->line; line <= bundle->last_line; line++) {
        if (line == core->fetch_line) continue;
        uint64_t address = CONCEALED_ADDRESS | line << core->l1i.line_bits;
        core->fetch_line = line;
        if (cache_hits(&core->l1i, address, core->cycle)) {
            core->l1i.accesses++;
        } else {
            bool hit;
            core_stall(core, CAUSE_IFETCH, cache_access(&core->l1i, address, false, core->cycle, &hit));
        }
    }
}

/* The wrong path was being fetched behind the branch until it resolved; nobody waits for the line. */
SLOW void fetch_wrong_path(struct hw_core *core, uint32_t offset)
{
    bool hit;
    uint64_t line = offset / (uint64_t)core->params->l1i_line;
    if (core->params->l1i_perfect || line == core->fetch_line) return;
    cache_access(&core->l1i, CONCEALED_ADDRESS | line * (uint64_t)core->params->l1i_line, false, core->cycle + 1, &hit);
    core->stats.wrong_path_lines++;
}

/* ---- branches ---- */

/* Accounts for a conditional branch; the bubble behind it. */
static inline void branch_outcome(struct hw_core *core, const struct bundle *bundle, const struct op *op, bool taken)
{
    bool predicted = core->predictor.kind == PREDICT_STATIC
                         ? op->fmask
                         : predictor_branch(&core->predictor, bundle->offset, op->fmask, taken);
    core->stats.branches++;
    core->stats.branches_taken += taken;
    if (LIKELY(predicted == taken)) {
        if (taken) core_stall(core, CAUSE_BRANCH, core->cycle + (uint64_t)core->params->taken_penalty);
        return;
    }
    core->stats.mispredicts++;
    if (UNLIKELY(core->params->wrong_path_fetch)) fetch_wrong_path(core, taken ? bundle->next_offset : op->target);
    core_stall(core, CAUSE_BRANCH, core->cycle + (uint64_t)core->params->mispredict_penalty);
}

/* Where a return goes: 0: to the next bundle. */
SLOW uint32_t return_target(struct hw_core *core, uint64_t spc)
{
    uint32_t tpc = dras_pop(&core->dras, spc, core_context(core));
    core->stats.dras_pops++;
    core->stats.dras_hits += tpc != 0;
    int64_t penalty = tpc ? core->params->dras_latency : core->params->mispredict_penalty;
    core_stall(core, CAUSE_INDIRECT, core->cycle + (uint64_t)penalty);
    return tpc;
}

SLOW uint32_t indirect_target(struct hw_core *core, uint64_t spc)
{
    bool is_false;
    uint32_t tpc = jtlb_lookup(&core->jtlb, spc, core_context(core), &is_false);
    core->stats.jtlb_lookups++;
    core->stats.jtlb_hits += tpc != 0;
    core->stats.jtlb_false += is_false;
    int64_t penalty = core->params->jtlb_latency + (is_false ? core->params->mispredict_penalty : 0);
    core_stall(core, CAUSE_INDIRECT, core->cycle + (uint64_t)penalty);
    return tpc;
}

SLOW void push_return(struct hw_core *core, uint64_t spc, uint32_t tpc)
{
    core->stats.dras_pushes++;
    core->stats.dras_overflows += dras_push(&core->dras, spc, core_context(core), tpc);
}

/* ---- injection and looking on ---- */

/* True: a rollback is forced at this bundle. */
SLOW bool injected(struct hw_core *core, const struct bundle *bundle)
{
    const struct machine_params *params = core->params;
    struct injection *inject = &core->inject;
    inject->bundles++;
    inject->since_checkpoint++;
    if (trace_is_on(core->machine, 'b')) report_bundle(core, bundle->offset);
    if (core->observer.bundle) core->observer.bundle(core->observer.cookie, core, bundle->offset);
    if (params->inject_every && inject->bundles % (uint64_t)params->inject_every == 0) return true;
    if (params->inject_odds && prng_below(&inject->random, (uint64_t)params->inject_odds) == 0) return true;
    return params->inject_at && inject->since_checkpoint == (uint64_t)params->inject_at;
}

/* ---- the loop ---- */

#define WORD(n) (((uint64_t *)core)[n])
#define HALF(n) (((uint16_t *)core)[n])
#define NEXT()                                                                                                         \
    do {                                                                                                               \
        op++;                                                                                                          \
        goto *(const void *)((const char *)&&base + (int32_t)op->handler);                                             \
    } while (0)
#define SLOWLY(call)                                                                                                   \
    do {                                                                                                               \
        if (UNLIKELY(!(call))) goto roll_back;                                                                         \
        t = core->cycle;                                                                                               \
    } while (0)

/* Pure atoms: four variants at four sizes. */
#define PURE_ATOM(name, size)                                                                                          \
    name##_##size##_value:                                                                                             \
    {                                                                                                                  \
        WORD(op->d) = atom_eval_##name(size, WORD(op->a), *op->b, WORD(op->c), HALF(op->fs), 0, op->c).value;          \
        NEXT();                                                                                                        \
    }                                                                                                                  \
    name##_##size##_both:                                                                                              \
    {                                                                                                                  \
        struct atom_result result =                                                                                    \
            atom_eval_##name(size, WORD(op->a), *op->b, WORD(op->c), HALF(op->fs), MASK_ALL, op->c);                   \
        WORD(op->d) = result.value;                                                                                    \
        HALF(op->fd) = result.flags;                                                                                   \
        NEXT();                                                                                                        \
    }                                                                                                                  \
    name##_##size##_flags:                                                                                             \
    {                                                                                                                  \
        HALF(op->fd) = atom_eval_##name(size, WORD(op->a), *op->b, WORD(op->c), HALF(op->fs), MASK_ALL, op->c).flags;  \
        NEXT();                                                                                                        \
    }                                                                                                                  \
    name##_##size##_masked:                                                                                            \
    {                                                                                                                  \
        uint16_t before = HALF(op->fs), mask = op->fmask;                                                              \
        struct atom_result result = atom_eval_##name(size, WORD(op->a), *op->b, WORD(op->c), before, MASK_ALL, op->c); \
        WORD(op->d) = result.value;                                                                                    \
        HALF(op->fd) = (uint16_t)((before & ATOM_FLAGS & ~mask) | (result.flags & mask));                              \
        NEXT();                                                                                                        \
    }
#define PURE_LABELS(name, size)                                                                                        \
    &&name##_##size##_value - &&base, &&name##_##size##_both - &&base, &&name##_##size##_flags - &&base,               \
        &&name##_##size##_masked - &&base

/* A user access with 32-bit wrap that is aligned and hits the soft table. `refusing`: SOFT_ bits. */
#define SOFT_LOOKUP(bytes, refusing)                                                                                   \
    uint64_t address = (uint32_t)(WORD(op->a) + (uint64_t)op->imm);                                                    \
    const struct soft_entry *soft = &core->soft[address >> PAGE_BITS & (SOFT_ENTRIES - 1)];                            \
    uint64_t physical = soft->physical | (address & (PAGE_BYTES - 1));                                                 \
    const bool soft_hit = (soft->tag & (SOFT_PAGE | (refusing))) == (address & (SOFT_PAGE | ((bytes)-1)))

#define LOAD(label, bytes, type, after)                                                                                \
    label : {                                                                                                          \
        SOFT_LOOKUP(bytes, SOFT_NO_READ);                                                                              \
        if (UNLIKELY(!soft_hit)) goto load_slowly;                                                                     \
        bool held = false;                                                                                             \
        if (core->gate.bloom) {                                                                                        \
            held = gate_may_hold(&core->gate, physical, bytes);                                                        \
            if (core->gate.drain != core->gate.open) gate_catch_up(core, t);                                           \
        }                                                                                                              \
        if (UNLIKELY(held || !cache_hits(&core->l1d, physical, t))) {                                                  \
            SLOWLY(load_translated(core, op, soft, physical));                                                         \
            NEXT();                                                                                                    \
        }                                                                                                              \
        if (core->gate.bloom) gate_take_port(&core->gate, t);                                                          \
        tlb_use(&core->tlb, soft->slot);                                                                               \
        core->fast_loads++;                                                                                            \
        WORD(op->d) = (uint64_t) * (const type *)(soft->host + (address & (PAGE_BYTES - 1)));                          \
        scoreboard_result(core, op->d, (t << 4) + core->load_ready);                                                   \
        after;                                                                                                         \
        NEXT();                                                                                                        \
    }
/* Of 4, 8 or 16 bytes. */
#define LOAD_VECTOR(label, bytes)                                                                                      \
    label : {                                                                                                          \
        SOFT_LOOKUP(bytes, SOFT_NO_READ);                                                                              \
        if (UNLIKELY(!soft_hit)) goto load_slowly;                                                                     \
        if (core->gate.bloom && core->gate.drain != core->gate.open) gate_catch_up(core, t);                           \
        if (UNLIKELY((core->gate.bloom && gate_may_hold(&core->gate, physical, bytes)) ||                              \
                     !cache_hits(&core->l1d, physical, t))) {                                                          \
            SLOWLY(load_translated(core, op, soft, physical));                                                         \
            NEXT();                                                                                                    \
        }                                                                                                              \
        if (core->gate.bloom) gate_take_port(&core->gate, t);                                                          \
        tlb_use(&core->tlb, soft->slot);                                                                               \
        core->fast_loads++;                                                                                            \
        struct vreg value = {{0, 0}};                                                                                  \
        memcpy(&value, soft->host + (address & (PAGE_BYTES - 1)), bytes);                                              \
        memcpy(&WORD(op->d), &value, sizeof value);                                                                    \
        scoreboard_any(core, vector_number(op->d), (t << 4) + core->load_ready);                                       \
        if (op->fmask) fast_arm(core, op->fmask - 1u, physical, bytes);                                                \
        NEXT();                                                                                                        \
    }
#define STORE_VECTOR(label, bytes, check)                                                                              \
    label : {                                                                                                          \
        SOFT_LOOKUP(bytes, SOFT_NO_WRITE);                                                                             \
        struct gate *gate = &core->gate;                                                                               \
        if (UNLIKELY(!soft_hit) || UNLIKELY(gate->tail - gate->head + ((bytes) > 8) >= gate->capacity))                \
            goto store_slowly;                                                                                         \
        check;                                                                                                         \
        tlb_use(&core->tlb, soft->slot);                                                                               \
        core->fast_stores++;                                                                                           \
        uint8_t *host = soft->host + (address & (PAGE_BYTES - 1));                                                     \
        gate_push(gate, physical, host, (bytes) < 8 ? (bytes) : 8, WORD(op->c));                                       \
        if ((bytes) > 8) gate_push(gate, physical + 8, host + 8, 8, WORD(op->c + 1));                                  \
        NEXT();                                                                                                        \
    }
#define ARM(bytes)       fast_arm(core, op->fmask - 1u, physical, bytes)
#define ARM_QUEUE(bytes) fast_arm(core, alias_place(core, op->fmask - 1u), physical, bytes)

#define STORE(label, bytes, check)                                                                                     \
    label : {                                                                                                          \
        SOFT_LOOKUP(bytes, SOFT_NO_WRITE);                                                                             \
        struct gate *gate = &core->gate;                                                                               \
        if (UNLIKELY(!soft_hit) || UNLIKELY(gate->tail - gate->head >= gate->capacity)) goto store_slowly;             \
        check;                                                                                                         \
        tlb_use(&core->tlb, soft->slot);                                                                               \
        core->fast_stores++;                                                                                           \
        gate_push(gate, physical, soft->host + (address & (PAGE_BYTES - 1)), bytes, WORD(op->c));                      \
        NEXT();                                                                                                        \
    }
#define CHECK(bytes, entries)                                                                                          \
    uint64_t checked = (entries);                                                                                      \
    if (checked && fast_check(core, checked, physical, bytes)) goto store_slowly;                                      \
    core->stats.alias_checks++
#define CHECK_MASK(bytes)                                                                                              \
    if (op->check) {                                                                                                   \
        CHECK(bytes, op->check & core->armed);                                                                         \
    }
#define REMOVE(bytes_)                                                                                                 \
    if (op->check & core->armed)                                                                                       \
        alias_remove(core, op->check, &(struct place){.physical = {physical}, .bytes = {bytes_}})

/* Unaligned accesses do not come here, so one piece is all there is. */
static inline void fast_arm(struct hw_core *core, unsigned entry, uint64_t physical, unsigned bytes)
{
    core->armed |= UINT64_C(1) << entry;
    core->stats.alias_arms++;
    core->alias[entry].physical[0] = physical;
    core->alias[entry].bytes[0] = (uint8_t)bytes;
    core->alias[entry].bytes[1] = 0;
}

static inline bool fast_check(const struct hw_core *core, uint64_t entries, uint64_t physical, unsigned bytes)
{
    for (; entries; entries &= entries - 1) {
        const struct alias_entry *entry = &core->alias[__builtin_ctzll(entries)];
        bool hit = physical < entry->physical[0] + entry->bytes[0] && entry->physical[0] < physical + bytes;
        if (UNLIKELY(hit || entry->bytes[1])) return true; /* or perhaps: the slow way decides */
    }
    return false;
}

#define BRANCH(label, condition)                                                                                       \
    label : {                                                                                                          \
        bool taken = atom_cond(condition, HALF(op->fs));                                                               \
        branch_outcome(core, bundle, op, taken);                                                                       \
        if (taken) goto jump_to_target;                                                                                \
        goto fall_through;                                                                                             \
    }

/* With core NULL: returns the offsets of the handlers (labels are known inside the function alone). */
static __attribute__((noinline)) const uint32_t *run(struct hw_core *core, uint32_t tpc, struct hw_exit *exit)
{
    static const int32_t handlers[HANDLERS] = {
#define PURE(name, mnemonic, format, unit, latency, rule, value)                                                       \
    PURE_LABELS(name, 0), PURE_LABELS(name, 1), PURE_LABELS(name, 2), PURE_LABELS(name, 3),
#define OTHER(name, mnemonic, format, unit, latency, properties) 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
#include "hwsim/isa/atoms.def"
#undef PURE
#undef OTHER
        [HANDLER_LOAD] = &&load_1 - &&base,
        &&load_2 - &&base,
        &&load_4 - &&base,
        &&load_8 - &&base,
        [HANDLER_LOAD_SIGNED] = &&load_s1 - &&base,
        &&load_s2 - &&base,
        [HANDLER_LOAD_ARM] = &&load_a1 - &&base,
        &&load_a2 - &&base,
        &&load_a4 - &&base,
        &&load_a8 - &&base,
        [HANDLER_LOAD_QUEUE] = &&load_q1 - &&base,
        &&load_q2 - &&base,
        &&load_q4 - &&base,
        &&load_q8 - &&base,
        [HANDLER_STORE] = &&store_1 - &&base,
        &&store_2 - &&base,
        &&store_4 - &&base,
        &&store_8 - &&base,
        [HANDLER_STORE_CHECK] = &&store_c1 - &&base,
        &&store_c2 - &&base,
        &&store_c4 - &&base,
        &&store_c8 - &&base,
        [HANDLER_STORE_QUEUE] = &&store_q1 - &&base,
        &&store_q2 - &&base,
        &&store_q4 - &&base,
        &&store_q8 - &&base,
        [HANDLER_STORE_ALAT] = &&store_l1 - &&base,
        &&store_l2 - &&base,
        &&store_l4 - &&base,
        &&store_l8 - &&base,
        [HANDLER_LOAD_ANY] = &&load_slowly - &&base,
        [HANDLER_STORE_ANY] = &&store_slowly - &&base,
        [HANDLER_LOAD_VECTOR] = &&load_v4 - &&base,
        &&load_v8 - &&base,
        &&load_v16 - &&base,
        [HANDLER_STORE_VECTOR] = &&store_v4 - &&base,
        &&store_v8 - &&base,
        &&store_v16 - &&base,
        [HANDLER_STORE_VECTOR_ALAT] = &&store_lv4 - &&base,
        &&store_lv8 - &&base,
        &&store_lv16 - &&base,
        [HANDLER_VECTOR] = &&vector - &&base,
        [HANDLER_LATCH_VECTOR] = &&latch_vector - &&base,
        [HANDLER_CHECK] = &&check - &&base,
        [HANDLER_PROBE] = &&probe - &&base,
        [HANDLER_ROTATE] = &&rotate - &&base,
        [HANDLER_CHECK_ENTRY] = &&check_entry - &&base,
        [HANDLER_LATCH] = &&latch - &&base,
        [HANDLER_LATCH_FLAGS] = &&latch_flags - &&base,
        [HANDLER_READY] = &&ready - &&base,
        [HANDLER_ASSERT] = &&assert_not - &&base,
        [HANDLER_CALL] = &&call - &&base,
        [HANDLER_COMMIT] = &&commit - &&base,
        [HANDLER_END] = &&fall_through - &&base,
        [HANDLER_JUMP] = &&jump - &&base,
        [HANDLER_BRANCH] = &&branch_o - &&base,
        &&branch_no - &&base,
        &&branch_b - &&base,
        &&branch_nb - &&base,
        &&branch_z - &&base,
        &&branch_nz - &&base,
        &&branch_be - &&base,
        &&branch_nbe - &&base,
        &&branch_s - &&base,
        &&branch_ns - &&base,
        &&branch_p - &&base,
        &&branch_np - &&base,
        &&branch_l - &&base,
        &&branch_nl - &&base,
        &&branch_le - &&base,
        &&branch_nle - &&base,
        [HANDLER_RETURN] = &&return_ - &&base,
        [HANDLER_JUMP_INDIRECT] = &&jump_indirect - &&base,
        [HANDLER_EXIT] = &&exit_ - &&base,
    };
    if (!core) return (const uint32_t *)handlers;

    uint64_t t = core->cycle - 1; /* the first bundle adds one */
    struct bundle *bundle, *unlinked = core->nowhere;
    struct op *op;
    *exit = (struct hw_exit){0};
    bundle = decode_link(core, &unlinked, tpc);

next_bundle:
    t++;
    core->cycle = t;
    if (bundle->line != core->fetch_line || bundle->last_line != bundle->line) {
        fetch(core, bundle);
        t = core->cycle;
    }
    if (((bundle->uses & core->pending) | (bundle->flag_uses & core->pending_flags) |
         (bundle->vuses & core->pending_vector)) &&
        !scoreboard_ready(core, bundle, t)) {
        scoreboard_wait(core, bundle);
        t = core->cycle;
    }
    core->dirty |= bundle->dirty;
    core->vdirty |= bundle->vdirty;
    core->tally += bundle->tally;
    if (UNLIKELY(core->inject.on) && injected(core, bundle)) {
        core->refusal = HW_INJECTED;
        goto roll_back;
    }
    op = bundle->ops;
    goto *(const void *)((const char *)&&base + (int32_t)op->handler);

base:
#define PURE(name, mnemonic, format, unit, latency, rule, value)                                                       \
    PURE_ATOM(name, 0) PURE_ATOM(name, 1) PURE_ATOM(name, 2) PURE_ATOM(name, 3)
#define OTHER(name, mnemonic, format, unit, latency, properties)
#include "hwsim/isa/atoms.def"
#undef PURE
#undef OTHER

    LOAD(load_1, 1, uint8_t, (void)0)
    LOAD(load_2, 2, uint16_t, (void)0)
    LOAD(load_4, 4, uint32_t, (void)0)
    LOAD(load_8, 8, uint64_t, (void)0)
    LOAD(load_s1, 1, int8_t, WORD(op->d) = (uint32_t)WORD(op->d))
    LOAD(load_s2, 2, int16_t, WORD(op->d) = (uint32_t)WORD(op->d))
    LOAD(load_a1, 1, uint8_t, ARM(1))
    LOAD(load_a2, 2, uint16_t, ARM(2))
    LOAD(load_a4, 4, uint32_t, ARM(4))
    LOAD(load_a8, 8, uint64_t, ARM(8))
    LOAD(load_q1, 1, uint8_t, ARM_QUEUE(1))
    LOAD(load_q2, 2, uint16_t, ARM_QUEUE(2))
    LOAD(load_q4, 4, uint32_t, ARM_QUEUE(4))
    LOAD(load_q8, 8, uint64_t, ARM_QUEUE(8))
    STORE(store_1, 1, (void)0)
    STORE(store_2, 2, (void)0)
    STORE(store_4, 4, (void)0)
    STORE(store_8, 8, (void)0)
    STORE(store_c1, 1, CHECK(1, op->check & core->armed))
    STORE(store_c2, 2, CHECK(2, op->check & core->armed))
    STORE(store_c4, 4, CHECK(4, op->check & core->armed))
    STORE(store_c8, 8, CHECK(8, op->check & core->armed))
    STORE(store_q1, 1, CHECK(1, alias_armed(core, op->check)))
    STORE(store_q2, 2, CHECK(2, alias_armed(core, op->check)))
    STORE(store_q4, 4, CHECK(4, alias_armed(core, op->check)))
    STORE(store_q8, 8, CHECK(8, alias_armed(core, op->check)))
    STORE(store_l1, 1, REMOVE(1))
    STORE(store_l2, 2, REMOVE(2))
    STORE(store_l4, 4, REMOVE(4))
    STORE(store_l8, 8, REMOVE(8))

    LOAD_VECTOR(load_v4, 4)
    LOAD_VECTOR(load_v8, 8)
    LOAD_VECTOR(load_v16, 16)
    STORE_VECTOR(store_v4, 4, CHECK_MASK(4))
    STORE_VECTOR(store_v8, 8, CHECK_MASK(8))
    STORE_VECTOR(store_v16, 16, CHECK_MASK(16))
    STORE_VECTOR(store_lv4, 4, REMOVE(4))
    STORE_VECTOR(store_lv8, 8, REMOVE(8))
    STORE_VECTOR(store_lv16, 16, REMOVE(16))

load_slowly:
    SLOWLY(load_any(core, op));
    NEXT();
store_slowly:
    SLOWLY(store_any(core, op));
    NEXT();
check:
    SLOWLY(check_any(core, op, true));
    NEXT();
probe:
    SLOWLY(check_any(core, op, false));
    NEXT();
rotate:
    alias_rotate(core, (unsigned)op->imm);
    NEXT();
check_entry:
    core->refusal = HW_ALIAS;
    if (UNLIKELY(!alias_take(core, (unsigned)op->imm))) goto roll_back;
    NEXT();
latch:
    WORD(op->d) = WORD(op->a);
    NEXT();
latch_vector:
    WORD(op->d) = WORD(op->a);
    WORD(op->d + 1) = WORD(op->a + 1);
    NEXT();
vector:
    if (UNLIKELY(!vector_any(core, op))) goto roll_back;
    NEXT();
latch_flags:
    HALF(op->fd) = HALF(op->fs);
    NEXT();
ready:
    if (op->d != REG_ZERO) scoreboard_any(core, op->d, (t << 4) + (uint64_t)op->imm);
    if (op->fd != FLAG_COUNT) {
        core->pending_flags |= UINT64_C(1) << op->fd;
        core->ready_flags[op->fd] = (t << 4) + (uint64_t)op->imm;
    }
    NEXT();
assert_not:
    core->refusal = HW_ASSERT;
    if (UNLIKELY(atom_cond(op->c, HALF(op->fs)))) goto roll_back;
    NEXT();
call:
    push_return(core, *op->b, op->d | (uint32_t)op->a << 16);
    NEXT();
commit:
    if (UNLIKELY(checkpoint_commit(core, (const struct commit_entry *)(core->concealed + op->target), bundle->offset)))
        goto event;
    t = core->cycle;
    NEXT();

fall_through:
    t = core->cycle;
    if (LIKELY(bundle->next->offset == bundle->next_offset))
        bundle = bundle->next;
    else
        bundle = decode_link(core, &bundle->next, bundle->next_offset);
    goto next_bundle;
jump:
    core->stats.jumps++;
    core_stall(core, CAUSE_BRANCH, t + (uint64_t)core->params->taken_penalty);
jump_to_target:
    t = core->cycle;
    if (LIKELY(op->link->offset == op->target))
        bundle = op->link;
    else
        bundle = decode_link(core, &op->link, op->target);
    goto next_bundle;

    BRANCH(branch_o, COND_O)
    BRANCH(branch_no, COND_NO)
    BRANCH(branch_b, COND_B)
    BRANCH(branch_nb, COND_NB)
    BRANCH(branch_z, COND_Z)
    BRANCH(branch_nz, COND_NZ)
    BRANCH(branch_be, COND_BE)
    BRANCH(branch_nbe, COND_NBE)
    BRANCH(branch_s, COND_S)
    BRANCH(branch_ns, COND_NS)
    BRANCH(branch_p, COND_P)
    BRANCH(branch_np, COND_NP)
    BRANCH(branch_l, COND_L)
    BRANCH(branch_nl, COND_NL)
    BRANCH(branch_le, COND_LE)
    BRANCH(branch_nle, COND_NLE)

return_:
    op->target = return_target(core, WORD(op->a));
    if (op->target) goto jump_to_target;
    goto fall_through;
jump_indirect:
    op->target = indirect_target(core, WORD(op->a));
    if (op->target) goto jump_to_target;
    goto fall_through;

exit_:
    exit->kind = HW_EXIT;
    exit->reason = (uint8_t)op->target;
    exit->number = op->extra;
    exit->site = bundle->offset;
    core->stats.exits++;
    return NULL;
event:
    exit->kind = HW_EVENT;
    exit->site = bundle->offset;
    core->stats.events++;
    return NULL;
roll_back:
    exit->kind = core->refusal;
    exit->fault = core->fault;
    exit->site = bundle->offset;
    return NULL;
}

const uint32_t *engine_handlers(void) { return run(NULL, 0, NULL); }

/* Cycles behind the last commit belong to the translation that gave control back. */
static void account_exit(struct hw_core *core, uint32_t site)
{
    uint32_t region = account_region_at(core, site);
    unsigned gear = region ? account_region(core, region)->info.gear : core->commit_gear;
    account_flush(core, account_gear(gear), region ? region : core->commit_region, core->cycle + 1);
    core->cycle++;
    account_tell(core, account_gear(gear), WORKS);
}

static void come_back(struct hw_core *core, const struct hw_exit *exit)
{
    if (exit->kind == HW_EXIT || exit->kind == HW_EVENT)
        account_exit(core, exit->site);
    else
        checkpoint_rollback(core, (enum hw_exit_kind)exit->kind, exit->site);
}

void engine_run(struct hw_core *core, uint32_t tpc, struct hw_exit *exit)
{
    run(core, tpc, exit);
    come_back(core, exit);
}

/* ---- going on in the midst of a translation ---- */

static bool handled_by(const struct op *op, enum handler handler) { return op->handler == engine_handlers()[handler]; }

/* The transfer of a bundle whose other atoms are done, as the run loop does it: where it goes, or 0 with *exit
 * filled. */
static uint32_t transfer(struct hw_core *core, const struct bundle *bundle, const struct op *op, struct hw_exit *exit)
{
    uint32_t tpc = 0;
    if (handled_by(op, HANDLER_EXIT)) {
        *exit = (struct hw_exit){
            .kind = HW_EXIT, .reason = (uint8_t)op->target, .number = op->extra, .site = bundle->offset};
        core->stats.exits++;
        return 0;
    }
    if (handled_by(op, HANDLER_JUMP)) {
        core->stats.jumps++;
        core_stall(core, CAUSE_BRANCH, core->cycle + (uint64_t)core->params->taken_penalty);
        return op->target;
    }
    if (handled_by(op, HANDLER_RETURN)) tpc = return_target(core, WORD(op->a));
    if (handled_by(op, HANDLER_JUMP_INDIRECT)) tpc = indirect_target(core, WORD(op->a));
    for (unsigned condition = 0; condition < 16; condition++) {
        if (!handled_by(op, HANDLER_BRANCH + condition)) continue;
        bool taken = atom_cond(condition, HALF(op->fs));
        branch_outcome(core, bundle, op, taken);
        if (taken) tpc = op->target;
    }
    return tpc ? tpc : bundle->next_offset;
}

void engine_resume(struct hw_core *core, uint32_t site, struct hw_exit *exit)
{
    struct bundle *unlinked = core->nowhere, *bundle = decode_link(core, &unlinked, site);
    const struct op *op = bundle->ops;
    uint32_t tpc = 0;
    while (!handled_by(op, HANDLER_COMMIT)) op++;
    if (checkpoint_committed(core)) {
        *exit = (struct hw_exit){.kind = HW_EVENT, .site = site};
        core->stats.events++;
    } else {
        tpc = transfer(core, bundle, op + 1, exit);
    }
    if (tpc) {
        core->cycle++; /* at which the next bundle issues */
        run(core, tpc, exit);
    }
    come_back(core, exit);
}
