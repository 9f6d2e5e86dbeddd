/* ir_random.h -- random IR regions as the lifter might have made them, and a guest to run them on. (Tests.)
 *
 * The guest's linear pages share two physical frames, so that accesses alias in ways which addresses do not show; some
 * pages refuse stores, some every access.
 */
#ifndef COVM_IR_RANDOM_H
#define COVM_IR_RANDOM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/base/prng.h"
#include "tests/unit/vector_stand_in.h"
#include "translate/ir/ir.h"
#include "translate/ir/ir_text.h"

enum { RANDOM_OPS_MAX = 1024, RANDOM_PAGE = 4096, RANDOM_VECTORS = HOME_COUNT - HOME_INTEGERS };

/* ---- the guest ---- */
struct random_guest {
    uint64_t r[HOME_INTEGERS];
    struct vreg v[RANDOM_VECTORS];
    uint16_t f0;
    uint8_t memory[2 * RANDOM_PAGE]; /* both frames */
};

static inline uint8_t *random_byte(struct random_guest *guest, uint64_t address, bool write)
{
    uint64_t page = (uint32_t)address / RANDOM_PAGE;
    if (page % 13 == 5 || (write && page % 11 == 3)) return NULL;
    return &guest->memory[((page ^ page >> 1) & 1) * RANDOM_PAGE + address % RANDOM_PAGE];
}

static inline bool random_reach(struct random_guest *guest, uint64_t address, unsigned bytes, bool write)
{
    if (address > UINT32_MAX) abort(); /* the evaluator wraps */
    for (unsigned i = 0; i < bytes; i++) {
        if (!random_byte(guest, address + i, write)) return false;
    }
    return true;
}

static inline bool random_load(void *cookie, uint64_t address, unsigned size, uint64_t *value)
{
    if (!random_reach(cookie, address, 1u << size, false)) return false;
    *value = 0;
    for (unsigned i = 0; i < 1u << size; i++) *value |= (uint64_t)*random_byte(cookie, address + i, false) << (8 * i);
    return true;
}

static inline bool random_probe(void *cookie, uint64_t address, unsigned size)
{
    return random_reach(cookie, address, 1u << size, true);
}

static inline bool random_store(void *cookie, uint64_t address, unsigned size, uint64_t value)
{
    if (!random_reach(cookie, address, 1u << size, true)) return false;
    for (unsigned i = 0; i < 1u << size; i++) *random_byte(cookie, address + i, true) = (uint8_t)(value >> (8 * i));
    return true;
}

static inline bool random_load_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned, struct vreg *value)
{
    if ((aligned && address % 16) || !random_reach(cookie, address, bytes, false)) return false;
    *value = (struct vreg){{0, 0}};
    for (unsigned i = 0; i < bytes; i++) ((uint8_t *)value)[i] = *random_byte(cookie, address + i, false);
    return true;
}

static inline bool random_store_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned,
                                       const struct vreg *value)
{
    if ((aligned && address % 16) || !random_reach(cookie, address, bytes, true)) return false;
    for (unsigned i = 0; i < bytes; i++) *random_byte(cookie, address + i, true) = ((const uint8_t *)value)[i];
    return true;
}

static inline void random_guest_init(struct random_guest *guest, struct prng *prng)
{
    for (unsigned home = 0; home < HOME_INTEGERS; home++) {
        guest->r[home] = prng_below(prng, 3) ? 0x10000 + prng_below(prng, 64) : (uint32_t)prng_next(prng);
        if (prng_below(prng, 8) == 0) guest->r[home] = prng_below(prng, 2);
    }
    for (unsigned i = 0; i < RANDOM_VECTORS; i++) guest->v[i] = (struct vreg){{prng_next(prng), prng_next(prng)}};
    guest->f0 = (uint16_t)prng_next(prng) & ATOM_FLAGS;
    for (unsigned i = 0; i < sizeof guest->memory; i++) guest->memory[i] = (uint8_t)prng_next(prng);
}

static inline enum ir_outcome random_run(struct random_guest *guest, const struct ir_region *region,
                                         struct ir_eval_result *result)
{
    uint64_t values[RANDOM_OPS_MAX];
    uint16_t flags[RANDOM_OPS_MAX];
    struct vreg vectors[RANDOM_OPS_MAX];
    struct ir_machine machine = {.r = guest->r,
                                 .f0 = &guest->f0,
                                 .cookie = guest,
                                 .load = random_load,
                                 .store = random_store,
                                 .probe = random_probe,
                                 .v = guest->v,
                                 .vectors = vectors,
                                 .load_vector = random_load_vector,
                                 .store_vector = random_store_vector,
                                 .vector = stand_in_evaluate};
    return ir_eval_region(region, &machine, values, flags, result);
}

/* ---- the regions ---- */
struct random_pool {
    ir_ref values[256], flags[256], vectors[256], statuses[256];
    unsigned value_count, flag_count, vector_count, status_count;
    struct ir_insn reached, computed; /* the last vector access and atom */
};

static inline ir_ref random_of(struct prng *prng, const ir_ref *refs, unsigned count)
{
    if (!count || prng_below(prng, 16) == 0) return 0;
    unsigned recent = count > 8 && prng_below(prng, 2) ? 8 : count;
    return refs[count - 1 - prng_below(prng, recent)];
}

static inline int64_t random_imm(struct prng *prng)
{
    switch (prng_below(prng, 6)) {
    case 0: return 0;
    case 1: return (int64_t)prng_below(prng, 40);
    case 2: return -(int64_t)prng_below(prng, 40);
    case 3: return (int64_t)(UINT64_C(1) << prng_below(prng, 32));
    case 4: return (int64_t)bits_mask((unsigned)prng_below(prng, 33));
    default: return (int32_t)prng_next(prng);
    }
}

static inline void random_note(struct random_pool *pool, const struct ir_insn *insn, ir_ref ref)
{
    bool status = ir_is_atom(insn->op) && atom_table[insn->op].shape & SHAPE_STATUS;
    if (!ref) return;
    if (ir_gives_vector(insn)) {
        if (pool->vector_count < 256) pool->vectors[pool->vector_count++] = ref;
    } else if (ir_has_value(insn)) {
        if (pool->value_count < 256) pool->values[pool->value_count++] = ref;
    }
    if (status && insn->fmask && pool->status_count < 256)
        pool->statuses[pool->status_count++] = ref;
    else if (ir_has_flags(insn) && !status && pool->flag_count < 256)
        pool->flags[pool->flag_count++] = ref;
}

static inline void random_append(struct ir_region *region, struct random_pool *pool, struct ir_insn insn)
{
    ir_ref ref = ir_append(region, insn);
    random_note(pool, &insn, ref);
}

static inline struct ir_insn random_pure(struct prng *prng, const struct random_pool *pool)
{
    static const uint8_t likely[] = {ATOM_ADD, ATOM_SUB,  ATOM_AND, ATOM_XOR, ATOM_OR,
                                     ATOM_SHL, ATOM_INS8, ATOM_ZX8, ATOM_MOV, ATOM_SX16};
    struct ir_insn insn = {0};
    do {
        insn.op = prng_below(prng, 2) ? likely[prng_below(prng, LENGTH(likely))] : (uint8_t)prng_below(prng, ATOM_OPS);
    } while (!ir_is_pure(insn.op) || atom_is_vector(insn.op));
    unsigned format = atom_table[insn.op].format;
    insn.size = prng_below(prng, 3) ? SIZE_32 : (uint8_t)prng_below(prng, 4);
    if (format == FORMAT_RCOND || format == FORMAT_RF || format == FORMAT_FB) insn.size = SIZE_32;
    insn.use_imm = format != FORMAT_RCOND && format != FORMAT_RF && prng_below(prng, 2);
    if (insn.use_imm) insn.imm = random_imm(prng);
    insn.a = random_of(prng, pool->values, pool->value_count);
    if (!insn.use_imm) insn.b = prng_below(prng, 8) ? random_of(prng, pool->values, pool->value_count) : insn.a;
    insn.c = random_of(prng, pool->values, pool->value_count);
    insn.cond = (uint8_t)prng_below(prng, 16);
    if (atom_table[insn.op].sets_flags && prng_below(prng, 2))
        insn.fmask = prng_below(prng, 2) ? (uint8_t)MASK_ALL : (uint8_t)prng_below(prng, 64);
    if (insn.op == ATOM_SETF && !insn.fmask) insn.fmask = MASK_ALL;
    insn.f = random_of(prng, pool->flags, pool->flag_count);
    unsigned reads = ir_operands(&insn); /* what it does not read is 0, as in lifted code */
    if (!(reads & IR_READS_A)) insn.a = 0;
    if (!(reads & IR_READS_B)) insn.b = 0;
    if (!(reads & IR_READS_C)) insn.c = 0;
    if (!(reads & IR_READS_F)) insn.f = 0;
    if (format != FORMAT_RCOND && format != FORMAT_RABCOND) insn.cond = 0;
    return insn;
}

/* An operand that is never missing: vectors have no reference 0. Where there is none yet, a home is got. */
static inline ir_ref random_vector(struct ir_region *region, struct prng *prng, struct random_pool *pool)
{
    struct ir_insn get = {.op = IR_GET, .imm = HOME_INTEGERS + (int64_t)prng_below(prng, 6)};
    if (!pool->vector_count || prng_below(prng, 4) == 0) random_append(region, pool, get);
    ir_ref ref = random_of(prng, pool->vectors, pool->vector_count);
    return ref ? ref : pool->vectors[0];
}

/* A pure vector atom. */
static inline void random_vector_atom(struct ir_region *region, struct prng *prng, struct random_pool *pool)
{
    static const uint8_t likely[] = {ATOM_VMOV, ATOM_VLOW, ATOM_VADD, ATOM_VXOR,  ATOM_VEXT,  ATOM_VMASK,
                                     ATOM_VTOI, ATOM_FTOI, ATOM_FADD, ATOM_VFADD, ATOM_VFROM, ATOM_FXAM};
    struct ir_insn insn = {.size = (uint8_t)prng_below(prng, 4), .imm = (int64_t)prng_below(prng, 256)};
    do {
        insn.op = prng_below(prng, 2) ? likely[prng_below(prng, LENGTH(likely))]
                                      : (uint8_t)(ATOM_VECTOR_FIRST + prng_below(prng, ATOM_OPS - ATOM_VECTOR_FIRST));
    } while (!ir_is_pure(insn.op));
    unsigned shape = atom_table[insn.op].shape;
    if (!(shape & (SHAPE_LANES | SHAPE_FORMAT))) insn.size = 0;
    if (insn.op == ATOM_VHADD || insn.op == ATOM_VHSUB || insn.op == ATOM_VPACKSS || insn.op == ATOM_VPACKUS)
        insn.size = 1 + (insn.size & 1);
    if (insn.op == ATOM_VWIDENS || insn.op == ATOM_VWIDENU) insn.size %= 3, insn.imm = insn.size + 1;
    if (!(shape & SHAPE_IMM))
        insn.imm = 0;
    else if (prng_below(prng, 2))
        insn.imm &= 3; /* often the same */
    if (prng_below(prng, 4) == 0) insn.kind = IR_HALF;
    if (shape & SHAPE_STATUS && (!(shape & SHAPE_D) || prng_below(prng, 2))) insn.fmask = MASK_ALL;
    if (shape & SHAPE_A)
        insn.a =
            shape & SHAPE_VA ? random_vector(region, prng, pool) : random_of(prng, pool->values, pool->value_count);
    if (shape & SHAPE_B)
        insn.b =
            shape & SHAPE_VB ? random_vector(region, prng, pool) : random_of(prng, pool->values, pool->value_count);
    if (shape & SHAPE_C)
        insn.c =
            shape & SHAPE_VC ? random_vector(region, prng, pool) : random_of(prng, pool->values, pool->value_count);
    if (pool->computed.op && prng_below(prng, 3) == 0) { /* the same again, or nearly */
        insn = pool->computed;
        shape = atom_table[insn.op].shape;
        if (prng_below(prng, 3) == 0) insn.kind ^= IR_HALF;
        if (shape & SHAPE_STATUS && shape & SHAPE_D && prng_below(prng, 2)) insn.fmask ^= MASK_ALL;
    }
    pool->computed = insn;
    random_append(region, pool, insn);
}

/* A status read, or merged into a control word, which may roll back. */
static inline void random_status(struct ir_region *region, struct prng *prng, struct random_pool *pool)
{
    static const uint8_t ops[] = {ATOM_GETS, ATOM_GETF, ATOM_FMERGE, ATOM_XMERGE};
    struct ir_insn insn = {.op = ops[prng_below(prng, LENGTH(ops))], .size = SIZE_32};
    insn.f = random_of(prng, pool->statuses, pool->status_count);
    if (insn.op == ATOM_FMERGE || insn.op == ATOM_XMERGE) {
        insn.size = 0;
        insn.a = random_of(prng, pool->values, pool->value_count);
        insn.b = random_of(prng, pool->values, pool->value_count);
        if (insn.op == ATOM_FMERGE) insn.imm = (int64_t)prng_below(prng, 16);
    }
    random_append(region, pool, insn);
}

static inline struct ir_insn random_vector_access(struct ir_region *region, struct prng *prng, struct random_pool *pool,
                                                  unsigned op)
{
    struct ir_insn insn = {.op = (uint8_t)op, .size = (uint8_t)prng_below(prng, 4)};
    insn.a = random_of(prng, pool->values, pool->value_count < 12 ? pool->value_count : 12);
    insn.imm = prng_below(prng, 3) ? (int64_t)prng_below(prng, 24) - 12 : (int64_t)prng_below(prng, 4) * RANDOM_PAGE;
    if (pool->reached.op && prng_below(prng, 2)) { /* there again */
        insn.a = pool->reached.a;
        insn.imm = pool->reached.imm;
        if (prng_below(prng, 4)) insn.size = pool->reached.size;
    }
    if (op == ATOM_STV) insn.b = random_vector(region, prng, pool);
    insn.kind = prng_below(prng, 2) ? IR_STACK : IR_DATA;
    if (insn.size == SIZE_32 && prng_below(prng, 4) == 0) {
        insn.kind |= IR_ALIGNED;
        insn.imm &= ~15;
    }
    pool->reached = insn;
    return insn;
}

static inline struct ir_insn random_access(struct prng *prng, const struct random_pool *pool, unsigned op)
{
    struct ir_insn insn = {.op = (uint8_t)op, .size = (uint8_t)prng_below(prng, op == ATOM_LDS ? 2 : 4)};
    insn.a = random_of(prng, pool->values, pool->value_count < 12 ? pool->value_count : 12);
    insn.imm = prng_below(prng, 3) ? (int64_t)prng_below(prng, 24) - 12 : (int64_t)prng_below(prng, 4) * RANDOM_PAGE;
    if (op == ATOM_ST) insn.b = random_of(prng, pool->values, pool->value_count);
    insn.kind = prng_below(prng, 2) ? IR_STACK : IR_DATA;
    return insn;
}

/* One guest instruction: accesses that may fault, then a covered store, then puts, then perhaps a side exit. */
static inline void random_guest_insn(struct ir_region *region, struct prng *prng, struct random_pool *pool,
                                     uint64_t address, bool vectors)
{
    random_append(region, pool, (struct ir_insn){.op = IR_MARK, .imm = (int64_t)address, .c = 3});
    for (unsigned n = (unsigned)prng_below(prng, 3); n > 0; n--) {
        random_append(region, pool, (struct ir_insn){.op = IR_GET, .size = 0, .imm = (int64_t)prng_below(prng, 8)});
    }
    if (prng_below(prng, 3) == 0) random_append(region, pool, (struct ir_insn){.op = IR_GETF});
    struct ir_insn store = random_access(prng, pool, ATOM_ST);
    bool stores = prng_below(prng, 3) == 0, probes = stores && prng_below(prng, 2);
    if (vectors && stores && prng_below(prng, 2)) {
        store = random_vector_access(region, prng, pool, ATOM_STV);
        probes = false;
    }
    struct ir_insn probe = {.op = ATOM_PROBE, .size = store.size, .a = store.a, .imm = store.imm};
    if (probes || prng_below(prng, 16) == 0) random_append(region, pool, probe);
    for (unsigned n = (unsigned)prng_below(prng, 2); n > 0; n--)
        random_append(region, pool, random_access(prng, pool, prng_below(prng, 3) ? ATOM_LD : ATOM_LDS));
    for (unsigned n = (unsigned)prng_below(prng, 4); n > 0; n--) random_append(region, pool, random_pure(prng, pool));
    for (unsigned n = vectors ? (unsigned)prng_below(prng, 4) : 0; n > 0; n--) {
        unsigned kind = (unsigned)prng_below(prng, 8);
        if (kind < 4)
            random_vector_atom(region, prng, pool);
        else if (kind < 6)
            random_append(region, pool, random_vector_access(region, prng, pool, ATOM_LDV));
        else
            random_status(region, prng, pool);
    }
    if (prng_below(prng, 24) == 0) {
        random_append(region, pool,
                      (struct ir_insn){.op = IR_TRAPIF,
                                       .cond = (uint8_t)prng_below(prng, 16),
                                       .imm = 0,
                                       .f = random_of(prng, pool->flags, pool->flag_count)});
    }
    if (stores) random_append(region, pool, store);
    for (unsigned n = (unsigned)prng_below(prng, 3); n > 0; n--) {
        random_append(region, pool,
                      (struct ir_insn){.op = IR_PUT,
                                       .imm = (int64_t)prng_below(prng, 8),
                                       .a = random_of(prng, pool->values, pool->value_count)});
    }
    for (unsigned n = vectors ? (unsigned)prng_below(prng, 3) : 0; n > 0; n--) {
        struct ir_insn put = {.op = IR_PUT, .imm = HOME_INTEGERS + (int64_t)prng_below(prng, 6)};
        if (pool->vector_count) put.a = random_of(prng, pool->vectors, pool->vector_count);
        if (put.a) random_append(region, pool, put);
    }
    if (prng_below(prng, 2))
        random_append(region, pool,
                      (struct ir_insn){.op = IR_PUTF, .f = random_of(prng, pool->flags, pool->flag_count)});
    if (prng_below(prng, 5) == 0) {
        random_append(region, pool,
                      (struct ir_insn){.op = IR_EXITIF,
                                       .cond = (uint8_t)prng_below(prng, 16),
                                       .imm = (int64_t)(address + 0x1000),
                                       .f = random_of(prng, pool->flags, pool->flag_count)});
    }
}

static inline void random_region(struct ir_region *region, struct arena *arena, struct prng *prng, unsigned insns)
{
    struct random_pool pool = {.value_count = 0};
    ir_region_init(region, arena, RANDOM_OPS_MAX, insns, 0x40000);
    bool vectors = prng_below(prng, 2);
    for (unsigned i = 0; i < insns; i++) random_guest_insn(region, prng, &pool, 0x8048000 + 3 * i, vectors);
    uint64_t kind = prng_below(prng, 4);
    ir_ref target = random_of(prng, pool.values, pool.value_count);
    if (kind == 0 && target)
        random_append(region, &pool, (struct ir_insn){.op = IR_EXIT, .kind = IR_JUMP_INDIRECT, .a = target});
    else if (kind == 1)
        random_append(region, &pool, (struct ir_insn){.op = IR_EXIT, .kind = IR_CALL, .imm = 0x8050000});
    else
        random_append(region, &pool,
                      (struct ir_insn){.op = IR_EXIT, .kind = kind == 2 ? IR_INTERPRET : IR_JUMP, .imm = 0x8050000});
}

/* The region's text; the caller frees it. */
static inline char *region_text(const struct ir_region *region)
{
    char *text = NULL;
    size_t bytes;
    FILE *to = open_memstream(&text, &bytes);
    ir_print(to, region);
    fclose(to);
    return text;
}

#endif
