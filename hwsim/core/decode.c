/* decode.c -- bundles into the form that the run loop executes. All atoms of a bundle read before any writes: readers
 * are put ahead of writers, loads ahead of stores, and where that cannot be (a swap) an operand is latched first. The
 * commit and the transfer come last. */
#include "hwsim/core/core.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { OPS_MAX = 4 * BUNDLE_ATOMS_MAX + 2, BUNDLE_BYTES_MAX = BUNDLE_ATOMS_MAX * ATOM_WORDS_MAX * 4 };

/* ---- the pool ---- */

bool decode_init(struct hw_core *core)
{
    size_t bytes = (size_t)core->concealed_bytes; /* 4 bytes a word of 4 bytes */
    core->decoded = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (core->decoded == MAP_FAILED) core->decoded = NULL;
    core->pool = aligned_alloc(64, (size_t)POOL_UNITS * POOL_UNIT);
    if (!core->decoded || !core->pool) return false;
    core->nowhere = (struct bundle *)core->pool;
    memset(core->nowhere, 0, sizeof *core->nowhere);
    core->nowhere->offset = OFFSET_STALE;
    core->pool_used = (sizeof(struct bundle) + POOL_UNIT - 1) / POOL_UNIT;
    return true;
}

void decode_free(struct hw_core *core)
{
    if (core->decoded) munmap(core->decoded, core->concealed_bytes);
    free(core->pool);
}

static struct bundle *pool_at(const struct hw_core *core, uint32_t unit)
{
    return (struct bundle *)(core->pool + (size_t)unit * POOL_UNIT);
}

static void pool_flush(struct hw_core *core)
{
    madvise(core->decoded, core->concealed_bytes, MADV_DONTNEED);
    core->pool_used = (sizeof(struct bundle) + POOL_UNIT - 1) / POOL_UNIT;
    core->pool_generation++;
}

static struct bundle *pool_alloc(struct hw_core *core, unsigned ops)
{
    uint32_t units = (uint32_t)((sizeof(struct bundle) + ops * sizeof(struct op) + POOL_UNIT - 1) / POOL_UNIT);
    if (core->pool_used + units > POOL_UNITS) pool_flush(core);
    struct bundle *bundle = pool_at(core, core->pool_used);
    core->pool_used += units;
    memset(bundle, 0, sizeof *bundle);
    return bundle;
}

void decode_forget(struct hw_core *core, uint32_t offset, uint32_t bytes)
{
    uint32_t first = offset > BUNDLE_BYTES_MAX ? offset - BUNDLE_BYTES_MAX : 0;
    for (uint32_t word = first / 4; word < (offset + bytes + 3) / 4; word++) {
        if (!core->decoded[word]) continue;
        struct bundle *bundle = pool_at(core, core->decoded[word]);
        if (bundle->next_offset <= offset) continue;
        bundle->offset = OFFSET_STALE;
        core->decoded[word] = 0;
    }
}

/* ---- operands ---- */

/* A bundle being decoded. */
struct decoding {
    struct hw_core *core;
    struct bundle *bundle;
    uint32_t offset;
    struct atom atoms[BUNDLE_ATOMS_MAX];
    struct atom_uses uses[BUNDLE_ATOMS_MAX];
    unsigned count;
    unsigned left;                                        /* atoms not placed yet, a bit each */
    uint64_t latched, vlatched;                           /* registers whose old value is kept in a latch, */
    unsigned flags_latched;                               /* flag registers likewise; */
    uint8_t reg_latch[REGS_ALL], flag_latch[FLAG_COUNT]; /* which latch, where the bit is set */
    unsigned latches, flag_latches;
    uint64_t armed;                                       /* alias entries that its loads arm */
    unsigned op_count, latch_op_count;
    struct op ops[OPS_MAX];
    struct op latch_ops[LATCHES]; /* run first */
};

#define WORD_OF(member) (uint16_t)(offsetof(struct hw_core, member) / sizeof(uint64_t))
#define HALF_OF(member) (uint16_t)(offsetof(struct hw_core, member) / sizeof(uint16_t))

static unsigned register_word(unsigned reg)
{
    return reg < REG_VECTOR ? WORD_OF(state.r) + reg : WORD_OF(state.v) + 2 * (reg - REG_VECTOR);
}

static uint16_t source_word(const struct decoding *decoding, unsigned reg)
{
    bool latched = reg < REG_VECTOR ? decoding->latched >> reg & 1 : decoding->vlatched >> (reg - REG_VECTOR) & 1;
    return (uint16_t)(latched ? WORD_OF(latch) + (unsigned)decoding->reg_latch[reg] : register_word(reg));
}

static uint16_t target_word(unsigned reg)
{
    return (uint16_t)(reg == REG_ZERO ? WORD_OF(sink) : register_word(reg));
}

static uint16_t source_half(const struct decoding *decoding, unsigned flag)
{
    bool latched = decoding->flags_latched >> flag & 1;
    return (uint16_t)(latched ? HALF_OF(flag_latch) + (unsigned)decoding->flag_latch[flag] : HALF_OF(state.f) + flag);
}

static void set_b(const struct decoding *decoding, struct op *op, const struct atom *atom)
{
    if (atom->use_imm) {
        op->imm = atom->imm; /* b points at imm of wherever the op is copied to: place_ops */
        op->b = NULL;
    } else {
        op->b = (const uint64_t *)decoding->core + source_word(decoding, atom->rb);
    }
}

/* ---- atoms to micro-operations ---- */

static struct op *add_op(struct decoding *decoding, unsigned handler)
{
    struct op *op = &decoding->ops[decoding->op_count++];
    *op = (struct op){.handler = handler};
    return op;
}

static unsigned latency_of(const struct decoding *decoding, const struct atom *atom)
{
    return decoding->core->desc.latency_cycles[atom_table[atom->op].unit];
}

/* Results that take more than a cycle are announced to the scoreboard. */
static void add_ready(struct decoding *decoding, const struct atom *atom, bool value, bool flags)
{
    unsigned latency = latency_of(decoding, atom);
    if (latency <= 1) return;
    struct op *op = add_op(decoding, HANDLER_READY);
    op->d = value ? atom->rd : REG_ZERO;
    op->fd = flags ? atom->fd : FLAG_COUNT;
    op->imm = (int64_t)latency << 4 | CAUSE_DEPENDENCE;
}

static void add_pure(struct decoding *decoding, const struct atom *atom)
{
    unsigned format = atom_table[atom->op].format;
    bool value = format != FORMAT_FB && atom->rd != REG_ZERO, flags = atom_table[atom->op].sets_flags && atom->fmask;
    unsigned variant = !flags                    ? VARIANT_VALUE
                       : atom->fmask != MASK_ALL ? VARIANT_MASKED
                       : value                   ? VARIANT_BOTH
                                                 : VARIANT_FLAGS;
    if (!value && !flags) return;
    struct op *op = add_op(decoding, HANDLER_PURE + (atom->op * 4u + atom->size) * HANDLER_VARIANTS + variant);
    op->d = value ? target_word(atom->rd) : WORD_OF(sink);
    op->a = source_word(decoding, atom->ra);
    op->c = format == FORMAT_RCOND || format == FORMAT_RABCOND ? atom->cond : source_word(decoding, atom->rc);
    op->fd = (uint16_t)(HALF_OF(state.f) + atom->fd);
    op->fs = source_half(decoding, atom->fs);
    op->fmask = flag_bits(atom->fmask);
    set_b(decoding, op, atom);
    add_ready(decoding, atom, value, flags);
}

static void add_vector(struct decoding *decoding, const struct atom *atom)
{
    unsigned shape = atom_table[atom->op].shape;
    struct op *op = add_op(decoding, HANDLER_VECTOR);
    if (shape & SHAPE_D) op->d = target_word(atom->rd);
    if (shape & SHAPE_A) op->a = source_word(decoding, atom->ra);
    if (shape & SHAPE_C) op->c = source_word(decoding, atom->rc);
    op->vector = (struct op_vector){.op = atom->op, .size = atom->size, .imm = (uint8_t)atom->imm, .half = atom->half,
                                    .status = atom->fmask != 0};
    if (shape & SHAPE_B) op->vector.b = source_word(decoding, atom->rb);
    op->fd = (uint16_t)(HALF_OF(state.f) + atom->fd);
    op->fs = source_half(decoding, atom->fs);
    add_ready(decoding, atom, shape & SHAPE_D, atom->fmask);
}

static void check_memory_atom(const struct decoding *decoding, const struct atom *atom)
{
    struct hw_core *core = decoding->core;
    unsigned entries = core->desc.alias_entries;
    bool queue = core->desc.alias_kind == ALIAS_QUEUE;
    if (atom->imm && !core->desc.base_offset)
        hw_panic(core, "bundle %#x adds an offset to an address; this machine cannot", decoding->offset);
    if (atom->protect > entries || atom->check_from > entries || atom->check & ~bits_mask(entries))
        hw_panic(core, "bundle %#x names an alias entry that this machine does not have", decoding->offset);
    if (atom->check_from ? !queue : atom->check && core->desc.alias_kind != ALIAS_MASK)
        hw_panic(core, "bundle %#x checks alias entries in a way that this machine cannot", decoding->offset);
}

static struct op *add_memory(struct decoding *decoding, const struct atom *atom, unsigned handler)
{
    check_memory_atom(decoding, atom);
    struct op *op = add_op(decoding, handler);
    op->a = source_word(decoding, atom->ra);
    op->imm = atom->imm;
    op->fd = (uint16_t)(atom->size | atom->space << OP_SPACE_SHIFT | atom->wrap << OP_WRAP_SHIFT |
                        (atom->gated ? OP_GATED : 0) | (atom->op == ATOM_LDS ? OP_SIGNED : 0) |
                        (atom->op == ATOM_LDV || atom->op == ATOM_STV ? OP_VECTOR : 0) |
                        (atom->aligned ? OP_ALIGNED : 0));
    return op;
}

static bool is_plain(const struct atom *atom) { return atom->space == SPACE_USER && atom->wrap == WRAP_32; }
/* Has it a fast handler? These look at alignment to the operand's own size, which is `aligned` for 16 bytes alone. */
static bool is_plain_vector(const struct atom *atom)
{
    return is_plain(atom) && atom->size < SIZE_64 && (!atom->aligned || atom->size == SIZE_32);
}

static void add_load(struct decoding *decoding, const struct atom *atom)
{
    unsigned handler = HANDLER_LOAD_ANY;
    bool queue = atom->protect && decoding->core->desc.alias_kind == ALIAS_QUEUE;
    if (atom->op == ATOM_LDV) {
        if (is_plain_vector(atom) && !queue) handler = HANDLER_LOAD_VECTOR + atom->size;
    } else if (is_plain(atom) && atom->rd != REG_ZERO) {
        if (atom->op == ATOM_LDS)
            handler = atom->protect || atom->size > SIZE_16 ? HANDLER_LOAD_ANY : HANDLER_LOAD_SIGNED + atom->size;
        else
            handler = (queue ? HANDLER_LOAD_QUEUE : atom->protect ? HANDLER_LOAD_ARM : HANDLER_LOAD) + atom->size;
    }
    struct op *op = add_memory(decoding, atom, handler);
    op->d = target_word(atom->rd);
    op->fmask = atom->protect;
}

/* Entries that a store checks; in the queue none beyond its end is ever armed. */
static uint64_t checked(const struct atom *atom)
{
    return atom->check_from ? UINT64_MAX << (atom->check_from - 1) : atom->check;
}

static void add_store(struct decoding *decoding, const struct atom *atom)
{
    unsigned handler = HANDLER_STORE_ANY;
    bool alat = decoding->core->desc.alias_kind == ALIAS_ALAT;
    if (atom->op == ATOM_STV) {
        if (is_plain_vector(atom) && atom->gated && !atom->check_from)
            handler = (alat ? HANDLER_STORE_VECTOR_ALAT : HANDLER_STORE_VECTOR) + atom->size;
    } else if (is_plain(atom) && atom->gated) {
        handler = alat               ? HANDLER_STORE_ALAT
                  : atom->check_from ? HANDLER_STORE_QUEUE
                  : atom->check      ? HANDLER_STORE_CHECK
                                     : HANDLER_STORE;
        handler += atom->size;
    }
    struct op *op = add_memory(decoding, atom, handler);
    op->c = source_word(decoding, atom->rb);
    op->check = alat ? ~decoding->armed : checked(atom);
}

static uint32_t target_of(const struct decoding *decoding, int64_t displacement)
{
    uint64_t target = (uint64_t)((int64_t)decoding->offset + displacement);
    if (target >= decoding->core->concealed_bytes || target % 4)
        hw_panic(decoding->core, "bundle %#x names %#llx, which is no place for a bundle", decoding->offset,
                 (unsigned long long)target);
    return (uint32_t)target;
}

static void add_rotate(struct decoding *decoding, const struct atom *atom)
{
    const struct machine_desc *desc = &decoding->core->desc;
    if (desc->alias_kind != ALIAS_QUEUE || atom->imm < 1 || atom->imm > desc->alias_entries)
        hw_panic(decoding->core, "bundle %#x rotates alias entries that this machine does not have", decoding->offset);
    add_op(decoding, HANDLER_ROTATE)->imm = atom->imm;
}

static void add_check(struct decoding *decoding, const struct atom *atom)
{
    const struct machine_desc *desc = &decoding->core->desc;
    if (desc->alias_kind != ALIAS_ALAT || atom->imm < 0 || atom->imm >= desc->alias_entries)
        hw_panic(decoding->core, "bundle %#x checks an ALAT entry that this machine does not have", decoding->offset);
    add_op(decoding, HANDLER_CHECK_ENTRY)->imm = atom->imm;
}

static void add_atom(struct decoding *decoding, const struct atom *atom)
{
    struct op *op;
    switch (atom->op) {
    case ATOM_NOP: break;
    case ATOM_LD:
    case ATOM_LDV:
    case ATOM_LDS: add_load(decoding, atom); break;
    case ATOM_STV:
    case ATOM_ST: add_store(decoding, atom); break;
    case ATOM_PROBE: add_memory(decoding, atom, HANDLER_PROBE); break;
    case ATOM_ROTATE: add_rotate(decoding, atom); break;
    case ATOM_ASSERT:
        op = add_op(decoding, HANDLER_ASSERT);
        op->c = atom->cond;
        op->fs = source_half(decoding, atom->fs);
        break;
    case ATOM_CALL: {
        uint32_t tpc = atom->target ? target_of(decoding, atom->target) : 0;
        op = add_op(decoding, HANDLER_CALL);
        op->d = (uint16_t)tpc;
        op->a = (uint16_t)(tpc >> 16);
        op->imm = atom->imm;
        op->b = atom->use_imm ? NULL : (const uint64_t *)decoding->core + source_word(decoding, atom->ra);
        break;
    }
    case ATOM_COMMIT:
        op = add_op(decoding, HANDLER_COMMIT);
        op->target = target_of(decoding, atom->imm);
        if (op->target % 8 || op->target > decoding->core->concealed_bytes - sizeof(struct commit_entry))
            hw_panic(decoding->core, "bundle %#x has a misplaced commit entry", decoding->offset);
        break;
    default:
        if (atom_is_vector(atom->op)) add_vector(decoding, atom);
        else add_pure(decoding, atom);
    }
}

static void add_transfer(struct decoding *decoding, const struct atom *atom)
{
    struct op *op;
    switch (atom->op) {
    case ATOM_BR:
        op = add_op(decoding, HANDLER_JUMP);
        op->target = target_of(decoding, atom->imm);
        break;
    case ATOM_BRC:
        op = add_op(decoding, HANDLER_BRANCH + atom->cond);
        op->target = target_of(decoding, atom->imm);
        op->fs = source_half(decoding, atom->fs);
        op->fmask = atom->imm <= 0;
        break;
    case ATOM_EXIT:
        op = add_op(decoding, HANDLER_EXIT);
        op->target = (uint32_t)atom->target;
        op->extra = (uint32_t)atom->imm;
        break;
    default:
        op = add_op(decoding, atom->op == ATOM_RET ? HANDLER_RETURN : HANDLER_JUMP_INDIRECT);
        op->a = source_word(decoding, atom->ra);
        break;
    }
    op->link = decoding->core->nowhere;
}

/* ---- order ---- */

static bool is_transfer(const struct atom *atom) { return atom_table[atom->op].properties & ATOM_TRANSFERS; }
static bool is_load(const struct atom *atom)
{
    return atom->op == ATOM_LD || atom->op == ATOM_LDS || atom->op == ATOM_LDV;
}
static bool is_store(const struct atom *atom) { return atom->op == ATOM_ST || atom->op == ATOM_STV; }

/* What atoms still to be placed, but for atom i, read where it stands: transfers read last of all. */
static struct atom_uses still_read(const struct decoding *decoding, unsigned i)
{
    struct atom_uses all = {0};
    for (unsigned left = decoding->left & ~(1u << i); left; left &= left - 1) {
        const struct atom_uses *uses = &decoding->uses[__builtin_ctz(left)];
        all.reads |= uses->reads;
        all.vreads |= uses->vreads;
        all.flags_read |= uses->flags_read;
    }
    all.reads &= ~decoding->latched;
    all.vreads &= ~decoding->vlatched;
    all.flags_read &= (uint8_t)~decoding->flags_latched;
    return all;
}

/* May atom i be placed now, as far as memory goes: loads before stores, rotations behind both, commit last, transfers
 * apart. */
static bool is_its_turn(const struct decoding *decoding, unsigned i)
{
    const struct atom *atom = &decoding->atoms[i];
    bool store = is_store(atom), rotate = atom->op == ATOM_ROTATE, commit = atom->op == ATOM_COMMIT;
    if (is_transfer(atom)) return false;
    if (!store && !rotate && !commit) return true;
    for (unsigned left = decoding->left & ~(1u << i); left; left &= left - 1) {
        const struct atom *other = &decoding->atoms[__builtin_ctz(left)];
        if (!is_transfer(other) && (commit || is_load(other) || (rotate && is_store(other)))) return false;
    }
    return true;
}

static bool overwrites(const struct decoding *decoding, unsigned i)
{
    struct atom_uses read = still_read(decoding, i);
    return (read.reads & decoding->uses[i].writes) || (read.vreads & decoding->uses[i].vwrites) ||
           (read.flags_read & decoding->uses[i].flags_written);
}

/* Keeps the old values of what atom i writes and others have still to read. */
static void latch_for(struct decoding *decoding, unsigned i)
{
    struct atom_uses read = still_read(decoding, i);
    for (uint64_t regs = read.reads & decoding->uses[i].writes; regs; regs &= regs - 1) {
        unsigned reg = (unsigned)__builtin_ctzll(regs);
        struct op *op = &decoding->latch_ops[decoding->latch_op_count++];
        *op = (struct op){.handler = HANDLER_LATCH, .a = source_word(decoding, reg)};
        op->d = (uint16_t)(WORD_OF(latch) + decoding->latches);
        decoding->reg_latch[reg] = (uint8_t)decoding->latches++;
        decoding->latched |= UINT64_C(1) << reg;
    }
    for (uint64_t regs = read.vreads & decoding->uses[i].vwrites; regs; regs &= regs - 1) {
        unsigned reg = (unsigned)__builtin_ctzll(regs);
        struct op *op = &decoding->latch_ops[decoding->latch_op_count++];
        *op = (struct op){.handler = HANDLER_LATCH_VECTOR, .a = source_word(decoding, REG_VECTOR + reg)};
        op->d = (uint16_t)(WORD_OF(latch) + decoding->latches);
        decoding->reg_latch[REG_VECTOR + reg] = (uint8_t)decoding->latches;
        decoding->latches += 2;
        decoding->vlatched |= UINT64_C(1) << reg;
    }
    for (unsigned flags = read.flags_read & decoding->uses[i].flags_written; flags; flags &= flags - 1) {
        unsigned flag = (unsigned)__builtin_ctz(flags);
        struct op *op = &decoding->latch_ops[decoding->latch_op_count++];
        *op = (struct op){.handler = HANDLER_LATCH_FLAGS, .fs = source_half(decoding, flag)};
        op->fd = (uint16_t)(HALF_OF(flag_latch) + decoding->flag_latches);
        decoding->flag_latch[flag] = (uint8_t)decoding->flag_latches++;
        decoding->flags_latched |= 1u << flag;
    }
}

/* The next atom to place; where none can be without harm, the first whose turn it is, its victims latched. */
static int pick(struct decoding *decoding)
{
    int first = -1;
    for (unsigned left = decoding->left; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);
        if (!is_its_turn(decoding, i)) continue;
        if (!overwrites(decoding, i)) return (int)i;
        if (first < 0) first = (int)i;
    }
    if (first >= 0) latch_for(decoding, (unsigned)first);
    return first;
}

/* The ALAT's checks come before all that changes it. What the bundle's loads arm its stores leave alone. */
static void place_entry_checks(struct decoding *decoding)
{
    for (unsigned i = 0; i < decoding->count; i++) {
        if (decoding->atoms[i].op != ATOM_CHKA) continue;
        decoding->left &= ~(1u << i);
        add_check(decoding, &decoding->atoms[i]);
    }
}

/* Alias checks come before the loads of their bundle arm: where both are, the check goes ahead alone. */
static void place_early_checks(struct decoding *decoding)
{
    for (unsigned i = 0; i < decoding->count; i++)
        if (is_load(&decoding->atoms[i]) && decoding->atoms[i].protect)
            decoding->armed |= UINT64_C(1) << (decoding->atoms[i].protect - 1);
    for (unsigned i = 0; decoding->armed && i < decoding->count; i++) {
        struct atom *atom = &decoding->atoms[i];
        if (!is_store(atom) || !(checked(atom) & decoding->armed)) continue;
        add_memory(decoding, atom, HANDLER_CHECK)->check = checked(atom);
        atom->check = atom->check_from = 0;
    }
}

static void place_atoms(struct decoding *decoding)
{
    place_entry_checks(decoding);
    place_early_checks(decoding);
    for (int i = pick(decoding); i >= 0; i = pick(decoding)) {
        decoding->left &= ~(1u << i);
        add_atom(decoding, &decoding->atoms[i]);
    }
    if (decoding->left) add_transfer(decoding, &decoding->atoms[__builtin_ctz(decoding->left)]);
    if (decoding->op_count == 0 || decoding->ops[decoding->op_count - 1].handler < HANDLER_END)
        add_op(decoding, HANDLER_END);
}

/* ---- the bundle ---- */

static void check_units(struct decoding *decoding)
{
    uint8_t classes[BUNDLE_ATOMS_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < decoding->count; i++)
        if (decoding->atoms[i].op != ATOM_NOP) classes[count++] = atom_table[decoding->atoms[i].op].unit;
    if (decoding->count > decoding->core->desc.issue_width || !machine_fits(&decoding->core->desc, classes, count))
        hw_panic(decoding->core, "bundle %#x does not fit the units of this machine", decoding->offset);
}

static void sum_up(struct decoding *decoding)
{
    struct bundle *bundle = decoding->bundle;
    struct hw_core *core = decoding->core;
    for (unsigned i = 0; i < decoding->count; i++) {
        const struct atom *atom = &decoding->atoms[i];
        unsigned unit = atom_table[atom->op].unit;
        bundle->tally += atom->op == ATOM_NOP ? UINT64_C(1) << 32 : 1;
        bundle->uses |= decoding->uses[i].reads | decoding->uses[i].writes;
        bundle->vuses |= decoding->uses[i].vreads | decoding->uses[i].vwrites;
        bundle->vdirty |= (uint32_t)decoding->uses[i].vwrites; /* v0-v31 are shadowed */
        bundle->flag_uses |= decoding->uses[i].flags_read | decoding->uses[i].flags_written;
        bundle->dirty |= decoding->uses[i].writes & bits_mask(REG_SHADOWED);
        if (decoding->uses[i].flags_written & 1) bundle->dirty |= DIRTY_FLAGS;
        if (atom->op != ATOM_NOP && core->desc.interval_cycles[unit] > 1) {
            bundle->slow[unit]++;
            bundle->uses |= USES_SLOW;
        }
    }
}

/* Copies the micro-operations behind the header; handlers become code, immediates get their address. */
static void place_ops(const struct decoding *decoding, struct op *to)
{
    const uint32_t *handlers = engine_handlers();
    for (unsigned i = 0; i < decoding->latch_op_count + decoding->op_count; i++) {
        bool is_latch = i < decoding->latch_op_count;
        to[i] = is_latch ? decoding->latch_ops[i] : decoding->ops[i - decoding->latch_op_count];
        unsigned handler = to[i].handler;
        if ((handler < HANDLER_LOAD || handler == HANDLER_CALL) && to[i].b == NULL)
            to[i].b = (const uint64_t *)&to[i].imm;
        to[i].handler = handlers[handler];
    }
}

static struct bundle *decode(struct hw_core *core, uint32_t offset)
{
    struct decoding decoding; /* large, and most of it is never looked at */
    decoding.core = core;
    decoding.offset = offset;
    decoding.latched = decoding.vlatched = decoding.flags_latched = 0;
    decoding.armed = 0;
    decoding.latches = decoding.flag_latches = decoding.op_count = decoding.latch_op_count = 0;
    unsigned bytes = 0;
    if (offset < core->concealed_bytes && offset % 4 == 0)
        bytes = bundle_decode(core->concealed + offset, core->concealed_bytes - offset, decoding.atoms,
                              BUNDLE_ATOMS_MAX, &decoding.count);
    if (!bytes) hw_panic(core, "no bundle at %#x", offset);
    for (unsigned i = 0; i < decoding.count; i++) decoding.uses[i] = atom_uses(&decoding.atoms[i]);
    decoding.left = (unsigned)bits_mask(decoding.count);
    check_units(&decoding);
    place_atoms(&decoding);
    struct bundle *bundle = pool_alloc(core, decoding.latch_op_count + decoding.op_count);
    decoding.bundle = bundle;
    bundle->offset = offset;
    bundle->next_offset = offset + bytes;
    bundle->next = core->nowhere;
    if (!core->params->l1i_perfect) {
        bundle->line = offset / (uint32_t)core->params->l1i_line;
        bundle->last_line = (offset + bytes - 1) / (uint32_t)core->params->l1i_line;
    }
    sum_up(&decoding);
    place_ops(&decoding, bundle->ops);
    core->decoded[offset / 4] = (uint32_t)(((uint8_t *)bundle - core->pool) / POOL_UNIT);
    return bundle;
}

struct bundle *decode_link(struct hw_core *core, struct bundle **link, uint32_t offset)
{
    uint32_t generation = core->pool_generation;
    uint32_t unit = offset < core->concealed_bytes ? core->decoded[offset / 4] : 0;
    struct bundle *bundle = unit ? pool_at(core, unit) : decode(core, offset);
    if (generation == core->pool_generation) *link = bundle;
    return bundle;
}
