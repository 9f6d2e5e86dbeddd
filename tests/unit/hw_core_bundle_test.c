/* What bundles compute, against a plain reading of isa.h: all atoms read, then all write; loads read memory before
 * stores write it. Bundles are random and full of swaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/hw_core_support.h"
#include "tests/unit/vector_stand_in.h"

/* f0 is a home, and homes must be committed before an exit. Temporaries are v32 and above, for no rollback restores
 * them. */
enum {
    REGS = 6,
    FIRST_REG = 32,
    VREGS = 5,
    FIRST_VREG = REG_VECTOR + 40,
    FLAGS = 3,
    FIRST_FLAG = 1,
    ATOMS = 8,
    BYTES = 48
};

static const uint8_t pure_ops[] = {ATOM_MOV,  ATOM_ADD,  ATOM_ADC, ATOM_SUB,   ATOM_SBB,   ATOM_AND,    ATOM_XOR,
                                   ATOM_SHL,  ATOM_SAR,  ATOM_ROL, ATOM_RCR,   ATOM_SHLD,  ATOM_SH2ADD, ATOM_SX8,
                                   ATOM_ZX16, ATOM_INSH, ATOM_BT,  ATOM_BSF,   ATOM_BSWAP, ATOM_SETC,   ATOM_SEL,
                                   ATOM_GETF, ATOM_SETF, ATOM_MUL, ATOM_MULHS, ATOM_DIVU};

static unsigned any_reg(struct prng *prng)
{
    return prng_below(prng, 12) == 0 ? REG_ZERO : FIRST_REG + (unsigned)prng_below(prng, REGS);
}

static unsigned any_vreg(struct prng *prng) { return FIRST_VREG + (unsigned)prng_below(prng, VREGS); }

static struct atom random_vector(struct prng *prng)
{
    struct atom atom = {.op = (uint8_t)(ATOM_VECTOR_FIRST + prng_below(prng, ATOM_OPS - ATOM_VECTOR_FIRST))};
    if (prng_below(prng, 4) == 0) atom.op = ATOM_VMOV; /* swaps */
    unsigned shape = atom_table[atom.op].shape;
    bool words = atom.op == ATOM_VHADD || atom.op == ATOM_VHSUB || atom.op == ATOM_VPACKSS || atom.op == ATOM_VPACKUS;
    bool widens = atom.op == ATOM_VWIDENS || atom.op == ATOM_VWIDENU;
    atom.size = (uint8_t)(words ? 1 + prng_below(prng, 2) : prng_below(prng, widens ? 3 : 4));
    atom.imm = widens ? atom.size + 1 : (int64_t)prng_below(prng, 256);
    atom.rd = (uint8_t)(shape & SHAPE_VD ? any_vreg(prng) : any_reg(prng));
    atom.ra = (uint8_t)(shape & SHAPE_VA ? any_vreg(prng) : any_reg(prng));
    atom.rb = (uint8_t)(shape & SHAPE_VB ? any_vreg(prng) : any_reg(prng));
    atom.rc = (uint8_t)(shape & SHAPE_VC ? any_vreg(prng) : any_reg(prng));
    atom.half = prng_below(prng, 4) == 0;
    atom.fs = (uint8_t)(FIRST_FLAG + prng_below(prng, FLAGS));
    atom.fd = (uint8_t)(FIRST_FLAG + prng_below(prng, FLAGS));
    if (shape & SHAPE_STATUS && prng_below(prng, 2)) atom.fmask = MASK_ALL;
    return atom;
}

static struct atom random_pure(struct prng *prng)
{
    struct atom atom = {.op = pure_ops[prng_below(prng, LENGTH(pure_ops))]};
    atom.size = (uint8_t)prng_below(prng, 4);
    atom.rd = (uint8_t)any_reg(prng);
    atom.ra = (uint8_t)any_reg(prng);
    atom.rb = (uint8_t)any_reg(prng);
    atom.rc = (uint8_t)any_reg(prng);
    atom.cond = (uint8_t)prng_below(prng, 16);
    atom.fs = (uint8_t)(FIRST_FLAG + prng_below(prng, FLAGS));
    if (atom_table[atom.op].sets_flags && prng_below(prng, 2)) {
        atom.fd = (uint8_t)(FIRST_FLAG + prng_below(prng, FLAGS));
        atom.fmask = prng_below(prng, 2) ? MASK_ALL : (uint8_t)prng_below(prng, 64);
    }
    if (prng_below(prng, 4) == 0) {
        atom.use_imm = true;
        atom.imm = (int64_t)prng_next(prng) >> prng_below(prng, 64);
    }
    return atom;
}

static unsigned bytes_of(const struct atom *atom)
{
    return atom->op == ATOM_LDV || atom->op == ATOM_STV ? vector_bytes(atom->size) : 1u << atom->size;
}

/* Addresses are r4 + a few bytes, so that bundles meet in memory; often in lines, fast or slow. */
static struct atom random_memory(struct prng *prng)
{
    static const uint8_t ops[] = {ATOM_LD, ATOM_LD, ATOM_LDS, ATOM_ST, ATOM_ST, ATOM_LDV, ATOM_LDV, ATOM_STV, ATOM_STV};
    struct atom atom = {.op = ops[prng_below(prng, LENGTH(ops))], .space = SPACE_USER, .wrap = WRAP_32, .ra = 4};
    bool store = atom.op == ATOM_ST || atom.op == ATOM_STV, vector = atom.op == ATOM_LDV || atom.op == ATOM_STV;
    atom.size = (uint8_t)prng_below(prng, atom.op == ATOM_LDS ? 2 : 4);
    atom.imm = (int64_t)prng_below(prng, BYTES - bytes_of(&atom) + 1);
    if (prng_below(prng, 2)) atom.imm &= ~7;
    if (prng_below(prng, 4) == 0) atom.wrap = WRAP_64;
    atom.use_imm = atom.imm != 0;
    atom.gated = store;
    uint8_t reg = (uint8_t)(vector ? any_vreg(prng) : any_reg(prng));
    if (store)
        atom.rb = reg;
    else
        atom.rd = reg;
    return atom;
}

/* Encodes what atom_decode would give back; false where atoms of the bundle write the same place or want a unit more.
 */
static bool add_atom(const struct rig *rig, struct atom *atoms, unsigned *count, struct atom atom)
{
    uint32_t words[ATOM_WORDS_MAX];
    unsigned length = atom_encode(&atom, words);
    if (!length || !atom_decode(words, length, &atom)) return false;
    struct atom_uses uses = atom_uses(&atom);
    for (unsigned i = 0; i < *count; i++) {
        struct atom_uses other = atom_uses(&atoms[i]);
        if ((uses.writes & other.writes) || (uses.vwrites & other.vwrites) ||
            (uses.flags_written & other.flags_written))
            return false;
    }
    uint8_t classes[ATOMS + 1];
    for (unsigned i = 0; i < *count; i++) classes[i] = atom_table[atoms[i].op].unit;
    classes[*count] = atom_table[atom.op].unit;
    if (!machine_fits(hw_machine(rig->core), classes, *count + 1)) return false;
    atoms[(*count)++] = atom;
    return true;
}

struct world {
    uint64_t r[REG_COUNT];
    struct vreg v[VREG_COUNT];
    uint16_t f[FLAG_COUNT];
    uint8_t memory[BYTES];
};

/* The value is hw_vector's; which operands it gets and where the results go is checked. False: it rolls back. */
static bool vector_reference(struct hw_core *core, const struct world *before, struct world *after,
                             const struct atom *atom)
{
    unsigned shape = atom_table[atom->op].shape;
    struct vector_atom in = stand_in_atom(atom, before->r, before->v, before->f);
    if (!hw_vector(core, &in)) return false;
    if (shape & SHAPE_VD)
        after->v[atom->rd - REG_VECTOR] = in.v;
    else if (shape & SHAPE_D && atom->rd != REG_ZERO)
        after->r[atom->rd] = in.x;
    if (atom->fmask) after->f[atom->fd] = in.status;
    return true;
}

static void memory_reference(const struct world *before, struct world *after, const struct atom *atom)
{
    struct vreg value = {{0, 0}};
    unsigned bytes = bytes_of(atom);
    if (atom->op == ATOM_ST) {
        memcpy(after->memory + atom->imm, &before->r[atom->rb], bytes);
    } else if (atom->op == ATOM_STV) {
        memcpy(after->memory + atom->imm, &before->v[atom->rb - REG_VECTOR], bytes);
    } else {
        memcpy(&value, before->memory + atom->imm, bytes);
        if (atom->op == ATOM_LDV)
            after->v[atom->rd - REG_VECTOR] = value;
        else if (atom->op == ATOM_LD)
            after->r[atom->rd] = value.half[0];
        else
            after->r[atom->rd] = (uint32_t)(bytes == 1 ? (int8_t)value.half[0] : (int16_t)value.half[0]);
    }
    after->r[REG_ZERO] = 0;
}

/* Reads from `before`, writes to `after`. */
static void integer_reference(const struct world *before, struct world *after, const struct atom *atom)
{
    uint64_t a = before->r[atom->ra], b = atom->use_imm ? (uint64_t)atom->imm : before->r[atom->rb],
             c = before->r[atom->rc];
    unsigned size = atom_sized(atom->op) ? atom->size : 0;
    struct atom_result result = atom_evaluate(atom->op, size, a, b, c, before->f[atom->fs], atom->fmask, atom->cond);
    if (atom_table[atom->op].format != FORMAT_FB) after->r[atom->rd] = result.value;
    if (atom_table[atom->op].sets_flags && atom->fmask) after->f[atom->fd] = result.flags;
    after->r[REG_ZERO] = 0;
}

static bool reference(struct hw_core *core, const struct world *before, struct world *after, const struct atom *atom)
{
    if (atom_is_vector(atom->op)) return vector_reference(core, before, after, atom);
    if (atom_table[atom->op].properties & ATOM_MEMORY)
        memory_reference(before, after, atom);
    else
        integer_reference(before, after, atom);
    return true;
}

static void put_bundle(struct rig *rig, const struct atom *atoms, unsigned count)
{
    uint32_t words[BUNDLE_ATOMS_MAX * ATOM_WORDS_MAX], *at = words;
    for (unsigned i = 0; i < count; i++) {
        struct atom atom = atoms[i];
        atom.stop = i == count - 1;
        at += atom_encode(&atom, at);
    }
    struct atom exit = {.op = ATOM_EXIT, .stop = true, .target = EXIT_CHAIN, .imm = 0};
    at += atom_encode(&exit, at);
    memcpy(hw_concealed(rig->core, RIG_CODE), words, (size_t)((char *)at - (char *)words));
    hw_invalidate_code(rig->core, RIG_CODE, (uint32_t)((char *)at - (char *)words));
}

/* Guest memory from r4 on. */
static void move_memory(struct rig *rig, uint8_t *bytes, bool write)
{
    uint64_t linear = hw_state(rig->core)->r[4];
    for (unsigned i = 0; i < BYTES; i++) {
        uint64_t physical = rig_physical(rig, linear + i);
        assert_true(write ? physical_write(rig->physical, physical, bytes + i, 1)
                          : physical_read(rig->physical, physical, bytes + i, 1));
    }
}

/* r4 lies within a line, before the end of one, or before the end of a page. */
static void set_world(struct rig *rig, struct world *world, struct prng *prng)
{
    static const uint16_t places[] = {0, 0x40 - 24, PAGE_BYTES - 24};
    struct hw_state *state = hw_state(rig->core);
    for (unsigned i = 0; i < REGS; i++) state->r[FIRST_REG + i] = prng_next(prng) >> prng_below(prng, 64);
    for (unsigned i = 0; i < VREGS; i++)
        state->v[FIRST_VREG - REG_VECTOR + i] =
            (struct vreg){{prng_next(prng), prng_next(prng) >> prng_below(prng, 64)}};
    for (unsigned i = 0; i < FLAGS; i++) state->f[FIRST_FLAG + i] = (uint16_t)(prng_next(prng) & ATOM_FLAGS);
    state->r[4] = RIG_DATA + places[prng_below(prng, LENGTH(places))];
    hw_commit(rig->core, 0, 0, ~UINT64_C(0), true);
    memcpy(world->r, state->r, sizeof world->r);
    memcpy(world->v, state->v, sizeof world->v);
    memcpy(world->f, state->f, sizeof world->f);
    for (unsigned i = 0; i < BYTES; i++) world->memory[i] = (uint8_t)prng_next(prng);
    move_memory(rig, world->memory, true);
}

static void print_atoms(const struct atom *atoms, unsigned count)
{
    for (unsigned k = 0; k < count; k++) {
        char text[128];
        atom_print(text, sizeof text, &atoms[k]);
        print_error("%s\n", text);
    }
}

static void random_bundles(void **state)
{
#define INTEGER_UNIT "alu+mul+div+load+store "
#define ANY_UNIT     "alu+mul+load+store+fp+fdiv+ftrig+vec "
    struct rig *rig = rig_create("core.issue_width=16; core.gate.entries=64; core.units=" INTEGER_UNIT INTEGER_UNIT
                                     INTEGER_UNIT INTEGER_UNIT ANY_UNIT ANY_UNIT ANY_UNIT ANY_UNIT "branch");
    unsigned rolled_back = 0;
    struct prng prng;
    prng_seed(&prng, 77);
    for (unsigned round = 0; round < 30000; round++) {
        struct atom atoms[ATOMS];
        unsigned count = 0, wanted = 1 + (unsigned)prng_below(&prng, ATOMS);
        for (unsigned tries = 0; count < wanted && tries < 40; tries++)
            add_atom(rig, atoms, &count,
                     prng_below(&prng, 3) == 0   ? random_memory(&prng)
                     : prng_below(&prng, 2) == 0 ? random_vector(&prng)
                                                 : random_pure(&prng));
        if (!count) continue;
        struct world before, after;
        set_world(rig, &before, &prng);
        after = before;
        bool stays = true;
        for (unsigned i = 0; i < count; i++)
            if (atoms[i].op != ATOM_ST && atoms[i].op != ATOM_STV)
                stays &= reference(rig->core, &before, &after, &atoms[i]);
        put_bundle(rig, atoms, count);
        struct hw_exit exit = rig_run(rig);
        uint8_t memory[BYTES];
        move_memory(rig, memory, false);
        assert_memory_equal(memory, before.memory, sizeof memory); /* gated, and never committed */
        assert_int_equal(exit.kind, stays ? HW_EXIT : HW_ASSERT);
        rolled_back += !stays;
        if (!stays) continue;
        const struct hw_state *now = hw_state(rig->core);
        for (unsigned i = 0; i < REG_COUNT; i++) {
            if (now->r[i] == after.r[i] && !memcmp(&now->v[i], &after.v[i], sizeof now->v[i])) continue;
            print_atoms(atoms, count);
            fail_msg("round %u: r%u is %llx, should be %llx, or v%u differs", round, i, (unsigned long long)now->r[i],
                     (unsigned long long)after.r[i], i);
        }
        assert_memory_equal(now->f, after.f, sizeof after.f);
        hw_rollback(rig->core);
    }
    assert_true(rolled_back > 100);
    rig_destroy(rig);
}

/* Stores of a bundle write in any order where they overlap; so each is checked alone, by committing it. */
static void stores_and_forwarding(void **state)
{
    struct rig *rig = rig_create("core.units=alu+mul+div+load+store alu+load+store branch; core.gate.entries=64;"
                                 "memory.l1d.perfect=false; memory.l1d.size=1KiB; memory.l1d.ways=2");
    struct prng prng;
    prng_seed(&prng, 78);
    for (unsigned round = 0; round < 20000; round++) {
        struct world before, after;
        set_world(rig, &before, &prng);
        char text[2048] = "";
        size_t at = 0;
        after = before;
        unsigned steps = 1 + (unsigned)prng_below(&prng, 12);
        bool commits = prng_below(&prng, 2);
        for (unsigned i = 0; i < steps; i++) {
            struct atom atom = random_memory(&prng);
            at += (size_t)atom_print(text + at, sizeof text - at, &atom);
            at += (size_t)snprintf(text + at, sizeof text - at, "\n");
            struct world now = after;
            memory_reference(&now, &after, &atom);
            if (commits && prng_below(&prng, 4) == 0)
                at += (size_t)snprintf(text + at, sizeof text - at, "commit entry\n");
        }
        snprintf(text + at, sizeof text - at, "%sexit chain, 0\nentry:\n.commit 0x1000, 1\n",
                 commits ? "commit entry\n" : "");
        rig_load(rig, text);
        struct hw_exit exit = rig_run(rig);
        assert_int_equal(exit.kind, HW_EXIT);
        assert_memory_equal(hw_state(rig->core)->r + FIRST_REG, after.r + FIRST_REG, REGS * sizeof(uint64_t));
        assert_memory_equal(hw_state(rig->core)->v, after.v, sizeof after.v);
        uint8_t memory[BYTES];
        move_memory(rig, memory, false);
        assert_memory_equal(memory, commits ? after.memory : before.memory, sizeof memory);
        hw_rollback(rig->core);
    }
    assert_true(rig_stats(rig).forwards_mixed > 100);
    rig_destroy(rig);
}

/* A three-way rotation has no order in which readers precede writers. */
static void rotation(void **state)
{
    struct rig *rig = rig_create("core.units=alu alu alu alu+mul+div+load+store+branch");
    hw_state(rig->core)->r[33] = 1, hw_state(rig->core)->r[34] = 2, hw_state(rig->core)->r[35] = 3;
    rig_load(rig, "mov.4 r33, r34 | mov.4 r34, r35 | mov.4 r35, r33\nexit chain, 0\n");
    rig_run(rig);
    assert_int_equal(hw_state(rig->core)->r[33], 2);
    assert_int_equal(hw_state(rig->core)->r[34], 3);
    assert_int_equal(hw_state(rig->core)->r[35], 1);
    rig_destroy(rig);
}

/* Transfers read with the others, too, though they act last. */
static void transfers_read_old_values(void **state)
{
    struct rig *rig = rig_create("");
    rig_load(
        rig,
        "sub.4 r33, r3, 3 ; f1.CPAZSO | brc z, f1, out\nbrc z, f1, good\nout:\nexit chain, 9\ngood:\nexit chain, 1\n");
    assert_int_equal(rig_run(rig).number, 1);
    rig_load(rig, "call 77, there\nmov.4 r33, 77\nmov.4 r33, 5 | ret r33\nexit chain, 9\nthere:\nexit chain, 2\n");
    assert_int_equal(rig_run(rig).number, 2);
    assert_int_equal(hw_state(rig->core)->r[33], 5);
    rig_destroy(rig);
}

/* Checks of a bundle come before its loads arm; a load and a store of it do not alias. */
static void check_before_arm(void **state)
{
    struct rig *rig = rig_create("core.units=alu+mul+div+load+store alu+load+store branch");
    rig_load(rig, "ld.4 r33, user32 [r1], protect 0 | st.4 user32 [r1], r3, check 1, gated\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_EXIT);
    rig_load(rig, "ld.4 r33, user32 [r1], protect 0\nld.4 r33, user32 [r2], protect 0 | st.4 user32 [r1], r3, check 1, "
                  "gated\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_ALIAS);
    /* armed by the bundle before, checked by the next one */
    rig_load(rig, "ld.4 r33, user32 [r1], protect 0 | st.4 user32 [r1], r3, check 1, gated\nst.1 user32 [r1 + 3], r3, "
                  "check 1, gated\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_ALIAS);
    /* a commit disarms */
    rig_load(rig, "ld.4 r33, user32 [r1], protect 0\ncommit entry\nst.1 user32 [r1 + 3], r3, check 1, gated\nexit "
                  "chain, 0\nentry:\n.commit 0x1000, 1\n");
    assert_int_equal(rig_run(rig).kind, HW_EXIT);
    rig_destroy(rig);
}

#define QUEUE "core.alias.kind=queue; core.alias.entries="

/* A store checks from where it says to the end; a rotation takes the first away, once its bundle is over. */
static void alias_queue(void **state)
{
    struct rig *rig = rig_create(QUEUE "2; core.units=alu+mul+div+load+store alu+load+store branch");
    rig_load(rig, "ld.4 r33, user32 [r1], protect 1\nst.4 user32 [r1], r3, check from 0, gated\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_ALIAS);
    rig_load(rig, "ld.4 r33, user32 [r1], protect 0\nst.4 user32 [r1], r3, check from 1, gated\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_EXIT);
    rig_load(rig, "ld.4 r33, user32 [r1], protect 1\nrotate 1\nst.4 user32 [r1], r3, check from 1, gated\n"
                  "st.4 user32 [r1], r3, check from 0, gated\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).site, RIG_CODE + 4 * 5);
    /* the rotation beside load and store: both count from where the queue began */
    rig_load(rig, "ld.4 r33, user32 [r1], protect 0\nrotate 1 | st.4 user32 [r1], r3, check from 0, gated\n"
                  "exit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_ALIAS);
    rig_load(rig, "ld.4 r33, user32 [r1], protect 1 | rotate 1 | st.4 user32 [r1], r3, check from 0, gated\n"
                  "st.4 user32 [r1], r3, check from 0, gated\nexit chain, 0\n");
    assert_true(rig_run(rig).site > RIG_CODE);
    /* vectors, likewise */
    rig_load(rig, "ldv.16 v40, user32 [r1], protect 0\nrotate 1\nldv.16 v40, user32 [r1], protect 1\nst.1 user32 [r1 + "
                  "15], r3, check from 1, gated\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_ALIAS);
    rig_load(rig, "ld.1 r33, user32 [r1 + 15], protect 0\nrotate 1\nldv.16 v40, user32 [r1], protect 0\nrotate 1\n"
                  "stv.16 user32 [r1], v41, check from 0, gated\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_EXIT);
    /* what has left the queue is disarmed for good, commits or not */
    rig_load(rig, "ld.4 r33, user32 [r1], protect 0\nrotate 2\nrotate 2\nst.4 user32 [r1], r3, check from 0, gated\n"
                  "exit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_EXIT);
    rig_load(rig, "ld.4 r33, user32 [r1], protect 1\ncommit entry\nst.4 user32 [r1], r3, check from 0, gated\nexit "
                  "chain, 0\nentry:\n.commit 0x1000, 1\n");
    assert_int_equal(rig_run(rig).kind, HW_EXIT);
    rig_destroy(rig);
}

/* Any sequence of loads, stores and rotations, against a queue that is a list. */
static void random_queues(void **state)
{
    struct prng prng;
    prng_seed(&prng, 79);
    static const unsigned sizes[] = {1, 2, 7, 16, 63, 64};
    for (unsigned i = 0; i < LENGTH(sizes); i++) {
        char keys[128];
        unsigned size = sizes[i], hits = 0;
        snprintf(keys, sizeof keys, QUEUE "%u; core.gate.entries=64", size);
        struct rig *rig = rig_create(keys);
        for (unsigned round = 0; round < 1500; round++) {
            int queue[64]; /* offset of the range armed, -1 none; all ranges are of 4 bytes */
            for (unsigned k = 0; k < size; k++) queue[k] = -1;
            char text[4096];
            size_t at = 0;
            bool hit = false;
            for (unsigned step = 0; step < 24; step++) {
                unsigned entry = (unsigned)prng_below(&prng, size), kind = (unsigned)prng_below(&prng, 8);
                int offset = (int)prng_below(&prng, 64) * 4;
                if (kind < 4) {
                    if (!hit) queue[entry] = offset;
                    at += (size_t)snprintf(text + at, sizeof text - at, "ld.4 r33, user32 [r1 + %d], protect %u\n", offset,
                                           entry);
                } else if (kind < 7) {
                    for (unsigned k = entry; k < size; k++) hit |= queue[k] == offset;
                    at += (size_t)snprintf(text + at, sizeof text - at,
                                           "st.4 user32 [r1 + %d], r3, check from %u, gated\n", offset, entry);
                } else {
                    for (unsigned k = 0; k < size && !hit; k++) queue[k] = k + entry + 1 < size ? queue[k + entry + 1] : -1;
                    at += (size_t)snprintf(text + at, sizeof text - at, "rotate %u\n", entry + 1);
                }
            }
            snprintf(text + at, sizeof text - at, "exit chain, 0\n");
            rig_load(rig, text);
            assert_int_equal(rig_run(rig).kind, hit ? HW_ALIAS : HW_EXIT);
            hw_rollback(rig->core);
            hits += hit;
        }
        assert_in_range(hits, 50, 1450);
        rig_destroy(rig);
    }
}

#define ALAT "core.alias.kind=alat; core.alias.entries="

/* Any store takes out what it overlaps; the check finds out, and takes its entry itself. In a bundle checks come first,
 * then stores, then loads. */
static void alias_alat(void **state)
{
    static const struct {
        enum hw_exit_kind kind;
        const char *text;
    } programs[] = {
        {HW_EXIT, "ld.4 r33, user32 [r1], protect 1\nst.4 user32 [r1 + 4], r3, gated\nchka 1\n"},
        {HW_ALIAS, "ld.4 r33, user32 [r1], protect 1\nst.1 user32 [r1 + 3], r3, gated\nchka 1\n"},
        {HW_EXIT, "ld.4 r33, user32 [r1], protect 1\nst.1 user32 [r1 + 3], r3, gated\n"}, /* nobody asks */
        /* a store of 8 bytes, ungated, unaligned; a vector's last byte; one that crosses a page */
        {HW_ALIAS, "ld.4 r33, user32 [r1 + 4], protect 0\nst.8 user32 [r1], r3, gated\nchka 0\n"},
        {HW_ALIAS, "ld.4 r33, user32 [r1 + 4], protect 0\nst.4 user32 [r1 + 4], r3\nchka 0\n"},
        {HW_ALIAS, "ld.4 r33, user32 [r1 + 4], protect 0\nst.4 user32 [r1 + 1], r3, gated\nchka 0\n"},
        {HW_ALIAS, "ldv.16 v40, user32 [r1], protect 1\nst.1 user32 [r1 + 15], r3, gated\nchka 1\n"},
        {HW_ALIAS, "ld.1 r33, user32 [r1 + 15], protect 1\nstv.16 user32 [r1], v41, gated\nchka 1\n"},
        {HW_EXIT, "ld.1 r33, user32 [r1 + 16], protect 1\nstv.16 user32 [r1], v41, gated\nchka 1\n"},
        {HW_ALIAS, "ld.4 r33, user32 [r1 + 4094], protect 1\nst.1 user32 [r2 + 1], r3, gated\nchka 1\n"},
        /* each entry on its own; armed anew; taken once */
        {HW_EXIT, "ld.4 r33, user32 [r1], protect 0\nld.4 r34, user32 [r1 + 4], protect 1\nst.4 user32 [r1], r3, "
                  "gated\nchka 1\n"},
        {HW_EXIT, "ld.4 r33, user32 [r1], protect 0\nst.4 user32 [r1], r3, gated\nld.4 r33, user32 [r1], protect "
                  "0\nchka 0\n"},
        {HW_ALIAS, "ld.4 r33, user32 [r1], protect 0\nchka 0\nchka 0\n"},
        {HW_ALIAS, "ld.4 r33, user32 [r1], protect 0\ncommit entry\nchka 0\n"},
        /* beside each other */
        {HW_EXIT, "ld.4 r33, user32 [r1], protect 0\nst.4 user32 [r1], r3, gated | chka 0\n"},
        {HW_EXIT, "ld.4 r33, user32 [r1], protect 0 | st.4 user32 [r1], r3, gated\nchka 0\n"},
        {HW_EXIT, "ld.4 r33, user32 [r1], protect 0\nld.4 r34, user32 [r1 + 4], protect 0 | chka 0\nchka 0\n"},
        {HW_ALIAS, "ld.4 r33, user32 [r1], protect 0 | chka 0\n"},
        {HW_ALIAS, "ld.4 r33, user32 [r1], protect 1\nld.4 r34, user32 [r1], protect 0 | st.4 user32 [r1], r3, gated"
                   "\nchka 0\nchka 1\n"},
        {HW_EXIT, "ld.4 r33, user32 [r1], protect 0\nchka 0 | commit entry\n"},
    };
    struct rig *rig = rig_create(ALAT "2; core.units=alu+mul+div+load+store alu+load+store branch");
    for (unsigned i = 0; i < LENGTH(programs); i++) {
        char text[512];
        snprintf(text, sizeof text, "%sexit chain, 0\nentry:\n.commit 0x1000, 1\n", programs[i].text);
        rig_load(rig, text);
        if (rig_run(rig).kind != programs[i].kind) fail_msg("%s", text);
        hw_rollback(rig->core);
    }
    rig_destroy(rig);
}

/* Any sequence of loads, stores and checks, against a table that is a list; through each width's own way. */
static void random_alats(void **state)
{
    struct prng prng;
    prng_seed(&prng, 83);
    static const unsigned sizes[] = {1, 2, 7, 32, 63, 64};
    for (unsigned i = 0; i < LENGTH(sizes); i++) {
        char keys[128];
        unsigned size = sizes[i], hits = 0;
        snprintf(keys, sizeof keys, ALAT "%u; core.gate.entries=64", size);
        struct rig *rig = rig_create(keys);
        for (unsigned round = 0; round < 1500; round++) {
            struct {
                int offset, bytes; /* 0: not there */
            } table[64] = {0};
            char text[4096];
            size_t at = 0;
            bool hit = false;
            for (unsigned step = 0; step < 24; step++) {
                unsigned entry = (unsigned)prng_below(&prng, size), kind = (unsigned)prng_below(&prng, 8);
                int offset = (int)prng_below(&prng, 64), log = (int)prng_below(&prng, 5), bytes = 1 << log;
                const char *reg = log == 4 ? "v" : "";
                if (kind < 4) {
                    if (!hit) table[entry].offset = offset, table[entry].bytes = bytes;
                    at += (size_t)snprintf(text + at, sizeof text - at, "ld%s.%d %s, user32 [r1 + %d], protect %u\n", reg,
                                           bytes, log == 4 ? "v40" : "r33", offset, entry);
                } else if (kind < 6) {
                    for (unsigned k = 0; k < size && !hit; k++) {
                        if (offset < table[k].offset + table[k].bytes && table[k].offset < offset + bytes)
                            table[k].bytes = 0;
                    }
                    at += (size_t)snprintf(text + at, sizeof text - at, "st%s.%d user32 [r1 + %d], %s, gated\n", reg, bytes,
                                           offset, log == 4 ? "v41" : "r3");
                } else {
                    for (unsigned k = 0; k < size && kind == 6; k++) { /* mostly one that may be there */
                        if (table[(entry + k) % size].bytes) entry = (entry + k) % size, k = size;
                    }
                    hit |= !table[entry].bytes;
                    table[entry].bytes = 0;
                    at += (size_t)snprintf(text + at, sizeof text - at, "chka %u\n", entry);
                }
            }
            snprintf(text + at, sizeof text - at, "exit chain, 0\n");
            rig_load(rig, text);
            assert_int_equal(rig_run(rig).kind, hit ? HW_ALIAS : HW_EXIT);
            hw_rollback(rig->core);
            hits += hit;
        }
        assert_in_range(hits, 50, 1450);
        rig_destroy(rig);
    }
}

/* Two linear addresses of one frame alias; an access that crosses a page does with both its parts. */
static void aliases_are_physical(void **state)
{
    struct rig *rig = rig_create("");
    uint64_t frame = rig_physical(rig, RIG_DATA) >> PAGE_BITS;
    assert_true(page_map(rig->physical, PAGING_TWO_LEVEL, rig->cr3, 0x300000,
                         frame << PAGE_BITS | PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY));
    hw_state(rig->core)->r[4] = 0x300000;
    rig_load(rig, "ld.4 r33, user32 [r1 + 4], protect 0\nst.4 user32 [r4 + 6], r3, check 1, gated\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_ALIAS);
    rig_load(rig, "st.4 user32 [r4 + 6], r3, gated\nld.4 r33, user32 [r1 + 4]\nexit chain, 0\n");
    rig_run(rig);
    assert_int_equal(hw_state(rig->core)->r[33], 3 << 16);
    rig_load(rig, "ld.4 r33, user32 [r1 + 4094], protect 0\nst.1 user32 [r2 + 1], r3, check 1, gated\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_ALIAS);
    rig_load(rig, "ld.4 r33, user32 [r1 + 4094], protect 0\nst.1 user32 [r2 + 2], r3, check 1, gated\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_EXIT);
    rig_load(rig, "ld.1 r33, user32 [r2], protect 0\nst.4 user32 [r1 + 4093], r3, check 1, gated\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_ALIAS);
    rig_destroy(rig);
}

static void bundles_that_cannot_be(void **state)
{
    struct rig *rig = rig_create("core.base_offset=false; core.alias.entries=2");
    static const char *const wrong[] = {
        "mov.4 r33, 1 | mov.4 r34, 1 | mov.4 r35, 1\nexit chain, 0\n",          /* two ALUs */
        "ld.4 r33, user32 [r1] | st.4 user32 [r2], r3, gated\nexit chain, 0\n", /* one memory unit */
        "ld.4 r33, user32 [r1 + 4]\nexit chain, 0\n",                           /* no base + offset */
        "ld.4 r33, user32 [r1], protect 2\nexit chain, 0\n",
        "st.4 user32 [r1], r33, check 4, gated\nexit chain, 0\n",
        "st.4 user32 [r1], r33, check from 0, gated\nexit chain, 0\n", /* no queue */
        "rotate 1\nexit chain, 0\n",
        "chka 0\nexit chain, 0\n", /* no ALAT */
        "br +0x4000000\n", /* out of memory */
    };
    for (unsigned i = 0; i < LENGTH(wrong); i++) {
        rig_load(rig, wrong[i]);
        RIG_EXPECT_PANIC(rig, rig_run(rig));
    }
    uint32_t junk = 0x7f;
    memcpy(hw_concealed(rig->core, RIG_CODE), &junk, sizeof junk);
    hw_invalidate_code(rig->core, RIG_CODE, 4);
    RIG_EXPECT_PANIC(rig, rig_run(rig));
    rig_destroy(rig);
}

static void alats_that_cannot_be(void **state)
{
    static const char *const wrong[] = {"chka 2\nexit chain, 0\n", "chka -1\nexit chain, 0\n",
                                        "st.4 user32 [r1], r33, check 1, gated\nexit chain, 0\n",
                                        "st.4 user32 [r1], r33, check from 0, gated\nexit chain, 0\n",
                                        "ld.4 r33, user32 [r1], protect 2\nexit chain, 0\n"};
    struct rig *rig = rig_create(ALAT "2");
    for (unsigned i = 0; i < LENGTH(wrong); i++) {
        rig_load(rig, wrong[i]);
        RIG_EXPECT_PANIC(rig, rig_run(rig));
    }
    rig_destroy(rig);
}

static void exposed_latencies_are_the_schedules(void **state)
{
    struct rig *rig = rig_create("core.interlocks=exposed");
    static const char *const wrong[] = {
        "ld.4 r33, user32 [r1]\nnop\nadd.4 r34, r33, 1\nexit chain, 0\n",
        "mul.4 r33, r1, r3\nmov.4 r33, 1\nexit chain, 0\n",
        "mul.4 r33, r1, r3 ; f1.CO\nsetc r34, b, f1\nexit chain, 0\n",
        "ld.4 r33, user32 [r1]\nbr next\nnext:\nadd.4 r34, r33, 1\nexit chain, 0\n", /* the bubble does not count */
    };
    for (unsigned i = 0; i < LENGTH(wrong); i++) {
        rig_load(rig, wrong[i]);
        RIG_EXPECT_PANIC(rig, rig_run(rig));
    }
    rig_destroy(rig);
    /* an exit that the schedule did not foresee (an event) leaves results on their way; they are there on return */
    rig = rig_create("core.interlocks=exposed; inject.event.every=1");
    rig_load(rig, "mul.4 r33, r3, 5 | commit entry\nnop\nnop\nexit chain, 0\nentry:\n.commit 0x1000, 1\n");
    assert_int_equal(rig_run(rig).kind, HW_EVENT);
    rig_load(rig, "add.4 r34, r33, 1\nexit chain, 1\n");
    assert_int_equal(rig_run(rig).kind, HW_EXIT);
    assert_int_equal(hw_state(rig->core)->r[34], 16);
    rig_destroy(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_bundles),
                                       cmocka_unit_test(stores_and_forwarding),
                                       cmocka_unit_test(rotation),
                                       cmocka_unit_test(transfers_read_old_values),
                                       cmocka_unit_test(check_before_arm),
                                       cmocka_unit_test(alias_queue),
                                       cmocka_unit_test(random_queues),
                                       cmocka_unit_test(alias_alat),
                                       cmocka_unit_test(random_alats),
                                       cmocka_unit_test(aliases_are_physical),
                                       cmocka_unit_test(bundles_that_cannot_be),
                                       cmocka_unit_test(alats_that_cannot_be),
                                       cmocka_unit_test(exposed_latencies_are_the_schedules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
