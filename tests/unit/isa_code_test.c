/* Atoms as words and as text: there and back for random atoms of every kind, and refusal of everything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hwsim/base/prng.h"
#include "hwsim/isa/assembler.h"
#include "hwsim/isa/machine_desc.h"

static int64_t number(struct prng *prng)
{
    static const int64_t edges[] = {0,
                                    1,
                                    -1,
                                    31,
                                    32,
                                    -32,
                                    -33,
                                    INT32_MAX,
                                    INT32_MIN,
                                    INT64_MAX,
                                    INT64_MIN,
                                    (int64_t)INT32_MAX + 1,
                                    (int64_t)INT32_MIN - 1};
    if (prng_below(prng, 3) == 0) return edges[prng_below(prng, LENGTH(edges))];
    return (int64_t)prng_next(prng) >> prng_below(prng, 64);
}

static int64_t displacement(struct prng *prng)
{
    static const int64_t edges[] = {0,       4,       -4,       32764,    32768,         -32768,   -32772,
                                    4194300, 4194304, -4194304, -4194308, INT32_MAX - 3, INT32_MIN};
    if (prng_below(prng, 3) == 0) return edges[prng_below(prng, LENGTH(edges))];
    return ((int32_t)prng_next(prng) >> prng_below(prng, 32)) & ~3;
}

/* From a draft whose registers are of no file yet. */
static struct atom random_vector_atom(struct prng *prng, struct atom all)
{
    unsigned shape = atom_table[all.op].shape, format = atom_table[all.op].format;
    struct atom atom = {.op = all.op, .stop = all.stop, .size = atom_sized(all.op) ? all.size : 0};
    if (format != FORMAT_VECTOR) {
        bool load = format == FORMAT_LOADV;
        atom.ra = all.ra, atom.imm = number(prng), atom.aligned = prng_next(prng) & 1;
        atom.space = (uint8_t)prng_below(prng, 4), atom.wrap = (uint8_t)prng_below(prng, 3);
        if (load) atom.rd = all.rd + REG_VECTOR, atom.protect = (uint8_t)prng_below(prng, 128);
        else atom.rb = all.rb + REG_VECTOR, atom.gated = prng_next(prng) & 1, atom.check = prng_next(prng) & prng_next(prng);
        return atom;
    }
    if (shape & SHAPE_D) atom.rd = all.rd + (shape & SHAPE_VD ? REG_VECTOR : 0);
    if (shape & SHAPE_A) atom.ra = all.ra + (shape & SHAPE_VA ? REG_VECTOR : 0);
    if (shape & SHAPE_B) atom.rb = all.rb + (shape & SHAPE_VB ? REG_VECTOR : 0);
    if (shape & SHAPE_C) atom.rc = all.rc + (shape & SHAPE_VC ? REG_VECTOR : 0);
    if (shape & SHAPE_IMM) atom.imm = (int64_t)prng_below(prng, 256);
    if (shape & SHAPE_F) atom.fs = all.fs;
    atom.half = prng_next(prng) & 1;
    if (shape & SHAPE_STATUS && prng_next(prng) & 1) atom.fmask = MASK_ALL, atom.fd = all.fd;
    return atom;
}

/* A valid atom of this kind; fields that its format does not use are zero. */
static struct atom random_atom(struct prng *prng, unsigned op)
{
    struct atom all = {.op = (uint8_t)op, .stop = prng_next(prng) & 1};
    struct atom atom = all;
    unsigned format = atom_table[op].format;
    all.size = (uint8_t)prng_below(prng, op == ATOM_LDS ? 2 : 4);
    all.rd = (uint8_t)prng_below(prng, 64), all.ra = (uint8_t)prng_below(prng, 64);
    all.rb = (uint8_t)prng_below(prng, 64), all.rc = (uint8_t)prng_below(prng, 64);
    all.fs = (uint8_t)prng_below(prng, 8), all.fd = (uint8_t)prng_below(prng, 8),
    all.cond = (uint8_t)prng_below(prng, 16);
    all.use_imm = prng_next(prng) & 1;
    if (atom_sized(op)) atom.size = all.size;
    if (format >= FORMAT_LOADV) return random_vector_atom(prng, all);
    if (atom_table[op].sets_flags) {
        unsigned kind = (unsigned)prng_below(prng, 4);
        atom.fmask = (uint8_t)(kind == 0 ? 0 : kind < 3 ? MASK_ALL : prng_below(prng, 64));
    }
    switch (format) {
    case FORMAT_RABC: atom.rc = all.rc; /* fall through */
    case FORMAT_RABCOND:
    case FORMAT_RABF:
    case FORMAT_RAB: atom.ra = all.ra; /* fall through */
    case FORMAT_RB: atom.rd = all.rd;  /* fall through */
    case FORMAT_FB:
        if (format == FORMAT_FB) atom.fmask = (uint8_t)(1 + prng_below(prng, 63));
        atom.use_imm = all.use_imm;
        if (atom.use_imm)
            atom.imm = number(prng);
        else
            atom.rb = all.rb;
        if (format == FORMAT_RABF || format == FORMAT_RABCOND || atom.fmask) atom.fs = prng_next(prng) & 1 ? all.fs : 0;
        if (atom.fmask) atom.fd = prng_next(prng) & 1 ? all.fd : 0;
        if (format == FORMAT_RABCOND) atom.cond = all.cond;
        break;
    case FORMAT_RCOND: atom.cond = all.cond; /* fall through */
    case FORMAT_RF: atom.rd = all.rd, atom.fs = all.fs; break;
    case FORMAT_LOAD:
    case FORMAT_STORE:
    case FORMAT_PROBE:
        atom.ra = all.ra;
        atom.imm = number(prng);
        atom.wrap = WRAP_32;
        if (prng_next(prng) & 1) atom.space = (uint8_t)prng_below(prng, 4), atom.wrap = (uint8_t)prng_below(prng, 3);
        if (format == FORMAT_LOAD) atom.rd = all.rd;
        if (format == FORMAT_LOAD && prng_next(prng) & 1) atom.protect = (uint8_t)prng_below(prng, 128);
        if (format != FORMAT_STORE) break;
        atom.rb = all.rb;
        atom.gated = prng_next(prng) & 1;
        if (prng_next(prng) & 1) atom.check = prng_next(prng) >> prng_below(prng, 64);
        if (prng_next(prng) & 1) atom.check_from = (uint8_t)prng_below(prng, 128);
        break;
    case FORMAT_JUMPC: atom.imm = displacement(prng); /* fall through */
    case FORMAT_COND: atom.cond = all.cond, atom.fs = all.fs; break;
    case FORMAT_TABLE:
    case FORMAT_JUMP: atom.imm = displacement(prng); break;
    case FORMAT_JUMPR: atom.ra = all.ra; break;
    case FORMAT_COUNT: atom.imm = number(prng); break;
    case FORMAT_PUSH:
        atom.target = displacement(prng);
        atom.use_imm = all.use_imm;
        if (atom.use_imm)
            atom.imm = number(prng);
        else
            atom.ra = all.ra;
        break;
    case FORMAT_EXIT:
        atom.target = (int64_t)prng_below(prng, EXIT_REASONS);
        atom.imm = (int32_t)prng_next(prng) >> prng_below(prng, 32);
        break;
    }
    return atom;
}

static bool same(const struct atom *x, const struct atom *y)
{
    return x->op == y->op && x->size == y->size && x->rd == y->rd && x->ra == y->ra && x->rb == y->rb &&
           x->rc == y->rc && x->fd == y->fd && x->fs == y->fs && x->fmask == y->fmask && x->cond == y->cond &&
           x->space == y->space && x->wrap == y->wrap && x->protect == y->protect && x->gated == y->gated &&
           x->use_imm == y->use_imm && x->stop == y->stop && x->imm == y->imm && x->target == y->target &&
           x->check == y->check && x->check_from == y->check_from && x->aligned == y->aligned && x->half == y->half;
}

/* The end of a page behind which nothing may be read. */
static uint32_t *page_end(void)
{
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    assert_int_equal(mprotect(pages + 4096, 4096, PROT_NONE), 0);
    return (uint32_t *)(void *)(pages + 4096);
}

static void encoded_atoms_decode_to_themselves(void **state)
{
    struct prng prng;
    prng_seed(&prng, 1);
    uint32_t *end = page_end();
    unsigned longest = 0;
    for (unsigned op = 0; op < ATOM_OPS; op++)
        for (unsigned n = 0; n < 3000; n++) {
            struct atom atom = random_atom(&prng, op), back;
            uint32_t words[ATOM_WORDS_MAX + 1];
            words[ATOM_WORDS_MAX] = 0x5a5a5a5a;
            unsigned count = atom_encode(&atom, words);
            char text[200];
            atom_print(text, sizeof text, &atom);
            if (count == 0 || count > ATOM_WORDS_MAX) fail_msg("%s: %u words", text, count);
            assert_int_equal(words[ATOM_WORDS_MAX], 0x5a5a5a5a);
            if (count > longest) longest = count;
            memcpy(end - count, words, count * sizeof *words);
            if (atom_decode(end - count, count, &back) != count || !same(&atom, &back))
                fail_msg("%s comes back differently", text);
            for (unsigned few = 0; few < count; few++) {
                memcpy(end - few, words, few * sizeof *words);
                if (atom_decode(end - few, few, &back) != 0)
                    fail_msg("%s of %u words decoded from %u", text, count, few);
            }
            if (op == ATOM_BR || op == ATOM_EXIT) assert_int_equal(count * sizeof *words, EXIT_BYTES);
        }
    assert_int_equal(longest, ATOM_WORDS_MAX);
}

/* Whatever decodes is what the encoder makes of it; most random words are refused. */
static void random_words_decode_to_their_own_encoding_or_not_at_all(void **state)
{
    struct prng prng;
    prng_seed(&prng, 2);
    uint32_t *end = page_end();
    unsigned good = 0, bad = 0;
    for (unsigned n = 0; n < 300000; n++) {
        unsigned count = (unsigned)prng_below(&prng, ATOM_WORDS_MAX + 2);
        uint32_t *words = end - count;
        struct atom atom;
        if (n & 1) {
            for (unsigned i = 0; i < count; i++) words[i] = (uint32_t)prng_next(&prng) & (uint32_t)prng_next(&prng);
            if (count) words[0] = (words[0] & ~127u) | (uint32_t)prng_below(&prng, ATOM_VECTOR_FIRST + 2);
        } else { /* a good atom with a bit or two turned over */
            atom = random_atom(&prng, (unsigned)prng_below(&prng, ATOM_OPS));
            uint32_t whole[ATOM_WORDS_MAX] = {0};
            atom_encode(&atom, whole);
            for (unsigned i = 0; i < count; i++) words[i] = i < ATOM_WORDS_MAX ? whole[i] : 0;
            if (count) words[prng_below(&prng, count)] ^= 1u << prng_below(&prng, 32);
            if (count) words[0] ^= 1u << prng_below(&prng, 32);
        }
        unsigned taken = atom_decode(words, count, &atom);
        assert_true(taken <= count);
        taken ? good++ : bad++;
        if (!taken) continue;
        uint32_t again[ATOM_WORDS_MAX];
        assert_int_equal(atom_encode(&atom, again), taken);
        assert_memory_equal(words, again, taken * sizeof *words);
        struct atom_uses uses = atom_uses(&atom);
        assert_false((uses.reads | uses.writes) >> REG_ZERO & 1);
    }
    assert_true(good > 30000 && bad > 30000);
}

static unsigned encode(struct atom atom)
{
    uint32_t words[ATOM_WORDS_MAX];
    return atom_encode(&atom, words);
}

static void fields_that_do_not_fit_are_refused(void **state)
{
    assert_int_equal(encode((struct atom){.op = ATOM_OPS}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_ADD, .rd = 64}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_ADD, .ra = 64}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_ADD, .rb = 64}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_SHLD, .rc = 64}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_ADD, .size = 4}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_ADD, .fd = 8, .fmask = 1}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_ADC, .fs = 8}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_ADD, .fmask = 64}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_MOV, .fmask = 1}), 0); /* has no flag rule */
    assert_int_equal(encode((struct atom){.op = ATOM_SETF}), 0);            /* writes nothing */
    assert_int_equal(encode((struct atom){.op = ATOM_SEL, .cond = 16}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_BRC, .cond = 16}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_ASSERT, .fs = 8}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_LDS, .size = SIZE_32}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_LD, .space = 4}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_LD, .wrap = 3}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_LD, .protect = 128}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_BR, .imm = 6}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_BR, .imm = INT64_C(1) << 31}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_BRC, .imm = -2}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_COMMIT, .imm = 1}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_CALL, .target = 2}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_CALL, .target = INT64_C(1) << 31}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_EXIT, .target = EXIT_REASONS}), 0);
    assert_int_equal(encode((struct atom){.op = ATOM_EXIT, .imm = INT64_C(1) << 31}), 0);
}

/* The sizes that I-cache figures rest on. */
static void common_atoms_are_short(void **state)
{
    assert_int_equal(encode((struct atom){.op = ATOM_ADD, .size = SIZE_32, .rd = 33, .ra = 1, .rb = 2}), 1);
    assert_int_equal(encode((struct atom){.op = ATOM_ADD, .use_imm = true, .imm = -32}), 1);
    assert_int_equal(encode((struct atom){.op = ATOM_ADD, .use_imm = true, .imm = 32}), 2);
    assert_int_equal(encode((struct atom){.op = ATOM_MOV, .use_imm = true, .imm = UINT32_MAX}), 3);
    assert_int_equal(encode((struct atom){.op = ATOM_ADD, .fmask = MASK_ALL}), 1);
    assert_int_equal(encode((struct atom){.op = ATOM_ADD, .fmask = MASK_ALL, .fd = 1}), 2);
    assert_int_equal(encode((struct atom){.op = ATOM_LD, .wrap = WRAP_32, .imm = 31}), 1);
    assert_int_equal(encode((struct atom){.op = ATOM_LD, .wrap = WRAP_32, .imm = 32}), 2);
    assert_int_equal(encode((struct atom){.op = ATOM_LD, .wrap = WRAP_32, .protect = 1}), 2);
    assert_int_equal(encode((struct atom){.op = ATOM_ST, .wrap = WRAP_32, .gated = true, .imm = -32}), 1);
    assert_int_equal(encode((struct atom){.op = ATOM_ST, .wrap = WRAP_32, .gated = true, .check = 1}), 3);
    assert_int_equal(encode((struct atom){.op = ATOM_BRC, .imm = 32764}), 1);
    assert_int_equal(encode((struct atom){.op = ATOM_BRC, .imm = 32768}), 2);
    assert_int_equal(encode((struct atom){.op = ATOM_COMMIT, .imm = 4194300}), 1);
    assert_int_equal(encode((struct atom){.op = ATOM_NOP}), 1);
}

static void uses_follow_the_format(void **state)
{
    struct atom_uses add =
        atom_uses(&(struct atom){.op = ATOM_ADD, .rd = 33, .ra = 1, .rb = 2, .fd = 1, .fs = 2, .fmask = MASK_ALL});
    assert_int_equal(add.writes, UINT64_C(1) << 33);
    assert_int_equal(add.reads, 6);
    assert_int_equal(add.flags_written, 2);
    assert_int_equal(add.flags_read, 0);
    struct atom_uses inc = atom_uses(&(struct atom){
        .op = ATOM_ADD, .use_imm = true, .imm = 1, .rb = 9, .fd = 1, .fs = 2, .fmask = MASK_ALL ^ MASK_C});
    assert_int_equal(inc.reads, 1);
    assert_int_equal(inc.flags_read, 4);
    struct atom_uses shl = atom_uses(&(struct atom){.op = ATOM_SHL, .fd = 1, .fs = 2, .fmask = MASK_ALL});
    assert_int_equal(shl.flags_read, 4);
    struct atom_uses adc = atom_uses(&(struct atom){.op = ATOM_ADC, .fs = 3});
    assert_int_equal(adc.flags_read, 8);
    assert_int_equal(adc.flags_written, 0);
    struct atom_uses store =
        atom_uses(&(struct atom){.op = ATOM_ST, .rd = 7, .ra = 4, .rb = 5, .use_imm = true, .imm = 4});
    assert_int_equal(store.reads, 0x30);
    assert_int_equal(store.writes, 0);
    struct atom_uses load = atom_uses(&(struct atom){.op = ATOM_LD, .rd = 63, .ra = 63, .rb = 5});
    assert_int_equal(load.reads | load.writes, 0);
    struct atom_uses call = atom_uses(&(struct atom){.op = ATOM_CALL, .ra = 5});
    assert_int_equal(call.reads, 0x20);
    assert_int_equal(atom_uses(&(struct atom){.op = ATOM_CALL, .ra = 5, .use_imm = true}).reads, 0);
    assert_int_equal(atom_uses(&(struct atom){.op = ATOM_SHLD, .ra = 1, .rb = 2, .rc = 3}).reads, 14);
}

/* ---- bundles ---- */

static unsigned decode_text(const char *text, struct atom *atoms, unsigned *count)
{
    char bytes[512], error[100];
    size_t size = bundle_assemble(text, 0, bytes + 1, sizeof bytes - 1, error, sizeof error);
    if (size == 0) fail_msg("%s: %s", text, error);
    return bundle_decode(bytes + 1, size, atoms, BUNDLE_ATOMS_MAX, count);
}

static void a_bundle_ends_at_its_stop_bit(void **state)
{
    struct atom atoms[BUNDLE_ATOMS_MAX];
    unsigned count;
    assert_int_equal(decode_text("add.4 r33, r1, 5 | mov.4 r34, 100 | nop\nnop\n", atoms, &count), 16);
    assert_int_equal(count, 3);
    assert_int_equal(atoms[1].imm, 100);
    uint32_t words[3] = {ATOM_NOP, ATOM_NOP, ATOM_NOP};
    assert_int_equal(bundle_decode(words, sizeof words, atoms, BUNDLE_ATOMS_MAX, &count), 0); /* no stop bit */
    words[2] |= 1u << 31;
    assert_int_equal(bundle_decode(words, sizeof words, atoms, BUNDLE_ATOMS_MAX, &count), 12);
    assert_int_equal(bundle_decode(words, sizeof words, atoms, 2, &count), 0); /* no room */
    assert_int_equal(bundle_decode(words, 11, atoms, BUNDLE_ATOMS_MAX, &count), 0);
    assert_int_equal(bundle_decode(words, 0, atoms, BUNDLE_ATOMS_MAX, &count), 0);
}

static void atoms_that_exclude_each_other_make_no_bundle(void **state)
{
    static const char *const bad[] = {
        "mov.4 r33, 1 | add.4 r33, r1, r2", "add.4 r33, r1, r2 ; f1.C | add.4 r34, r1, r2 ; f1.Z",
        "brc z, f0, +64 | brc nz, f0, +32", "br +64 | ret r33",
        "commit +64 | brc z, f0, +64",      "commit +64 | commit +80",
    };
    for (unsigned i = 0; i < LENGTH(bad); i++) {
        char bytes[100], error[100];
        assert_int_equal(bundle_assemble(bad[i], 0, bytes, sizeof bytes, error, sizeof error), 0);
        assert_string_equal(error, "line 1: these atoms cannot be in one bundle");
    }
    struct atom atoms[BUNDLE_ATOMS_MAX];
    unsigned count;
    assert_int_not_equal(decode_text("mov.4 r63, 1 | mov.4 r63, 2 | ld.4 r63, user32 [r1]", atoms, &count), 0);
    assert_int_not_equal(decode_text("mov.4 r1, r2 | mov.4 r2, r1 | commit +64 | call 0x8048000, +64", atoms, &count),
                         0);
}

/* ---- text ---- */

static void printed_atoms_assemble_to_themselves(void **state)
{
    struct prng prng;
    prng_seed(&prng, 3);
    for (unsigned op = 0; op < ATOM_OPS; op++)
        for (unsigned n = 0; n < 500; n++) {
            struct atom atom = random_atom(&prng, op), atoms[BUNDLE_ATOMS_MAX];
            atom.stop = true;
            char text[200], bytes[128], error[100] = "";
            assert_true(atom_print(text, sizeof text, &atom) < (int)sizeof text);
            size_t size = bundle_assemble(text, 0, bytes, sizeof bytes, error, sizeof error);
            unsigned count;
            if (size == 0 || bundle_decode(bytes, size, atoms, BUNDLE_ATOMS_MAX, &count) != size || count != 1 ||
                !same(&atom, &atoms[0]))
                fail_msg("'%s' comes back differently (%s)", text, error);
            size = bundle_assemble(text, 4, bytes, sizeof bytes, error, sizeof error);
            if (size == 0 || bundle_decode(bytes, size, atoms, BUNDLE_ATOMS_MAX, &count) != size || count != 4)
                fail_msg("'%s' padded", text);
            atoms[0].stop = true;
            assert_true(same(&atom, &atoms[0]));
            for (unsigned i = 1; i < 4; i++) assert_int_equal(atoms[i].op, ATOM_NOP);
        }
}

/* Each row, with every size, half or not, its status written or not: operands in the file that the shape names, as
 * words and as text; an operand of the other file is refused. */
static void every_vector_row(void **state)
{
    for (unsigned op = ATOM_VECTOR_FIRST; op < ATOM_OPS; op++) {
        unsigned shape = atom_table[op].shape;
        for (unsigned form = 0; form < 16; form++) {
            struct atom atom = {.op = (uint8_t)op, .stop = true, .half = form & 1}, wrong, decoded;
            if (atom_sized(op)) atom.size = (uint8_t)(form >> 2);
            if (shape & SHAPE_D) atom.rd = 5 + (shape & SHAPE_VD ? REG_VECTOR : 0);
            if (shape & SHAPE_A) atom.ra = 6 + (shape & SHAPE_VA ? REG_VECTOR : 0);
            if (shape & SHAPE_B) atom.rb = 62 + (shape & SHAPE_VB ? REG_VECTOR : 0);
            if (shape & SHAPE_C) atom.rc = 33 + (shape & SHAPE_VC ? REG_VECTOR : 0);
            if (shape & SHAPE_IMM) atom.imm = 0x5a + form;
            if (shape & SHAPE_F) atom.fs = 6;
            if (shape & SHAPE_STATUS && form & 2) atom.fmask = MASK_ALL, atom.fd = 7;
            uint32_t words[ATOM_WORDS_MAX], again[ATOM_WORDS_MAX];
            char text[256], error[256];
            unsigned count = atom_encode(&atom, words);
            assert_true(count > 0 && atom_decode(words, count, &decoded) == count);
            assert_memory_equal(&decoded, &atom, sizeof atom);
            atom_print(text, sizeof text, &atom);
            if (bundle_assemble(text, 0, again, sizeof again, error, sizeof error) != count * 4)
                fail_msg("%s: %s", text, error);
            assert_memory_equal(again, words, count * 4);
            struct atom_uses uses = atom_uses(&atom);
            assert_int_equal(bits_count(uses.vwrites), !!(shape & SHAPE_VD));
            assert_int_equal(bits_count(uses.writes) + bits_count(uses.vwrites), !!(shape & SHAPE_D));
            assert_int_equal(bits_count(uses.vreads),
                             !!(shape & SHAPE_VA) + !!(shape & SHAPE_VB) + !!(shape & SHAPE_VC));
            assert_int_equal(bits_count(uses.reads) + bits_count(uses.vreads),
                             !!(shape & SHAPE_A) + !!(shape & SHAPE_B) + !!(shape & SHAPE_C));
            assert_int_equal(uses.flags_read, shape & SHAPE_F ? 1 << 6 : 0);
            assert_int_equal(uses.flags_written, atom.fmask ? 1 << 7 : 0);
            wrong = atom, wrong.rd ^= REG_VECTOR;
            if (shape & SHAPE_D) assert_int_equal(atom_encode(&wrong, again), 0);
            wrong = atom, wrong.ra ^= REG_VECTOR;
            if (shape & SHAPE_A) assert_int_equal(atom_encode(&wrong, again), 0);
            wrong = atom, wrong.rb ^= REG_VECTOR;
            if (shape & SHAPE_B) assert_int_equal(atom_encode(&wrong, again), 0);
            wrong = atom, wrong.rc ^= REG_VECTOR;
            if (shape & SHAPE_C) assert_int_equal(atom_encode(&wrong, again), 0);
        }
    }
}

static void text_is_as_documented(void **state)
{
    static const char *const lines[] = {
        "mov.4 r33, r1",
        "add.4 r33, r1, 8 ; f1.CPAZSO",
        "add.4 r33, r1, r2 ; f1.PAZSO = f2",
        "adc.4 r33, r1, -1, f3 ; f1.CPAZSO",
        "shld.4 r33, r1, 3, r2 ; f0.CPAZSO",
        "setc r33, nz, f1",
        "sel.4 r33, r1, r2, nz, f1",
        "getf r33, f1",
        "setf f1.CPAZSO = r2",
        "setf f1.CO = 0x1000, f2",
        "ld.4 r33, user32 [r1 - 4], protect 3",
        "lds.1 r33, super16 [r1 + 0x12345]",
        "ld.8 r33, phys64 [r1]",
        "st.4 user32 [r1 + 8], r2, check 0x8, gated",
        "st.2 concealed64 [r1], r2",
        "probe.4 user32 [r1]",
        "br +64",
        "brc nz, f1, -0x10000",
        "ret r33",
        "jmpx r33",
        "call r33, +64",
        "call 0x8048000, -64",
        "exit chain, 5",
        "commit +96",
        "assert nz, f1",
        "nop",
    };
    for (unsigned i = 0; i < LENGTH(lines); i++) {
        struct atom atoms[BUNDLE_ATOMS_MAX];
        unsigned count;
        char text[100];
        assert_int_not_equal(decode_text(lines[i], atoms, &count), 0);
        assert_int_equal(atom_print(text, sizeof text, &atoms[0]), strlen(lines[i]));
        assert_string_equal(text, lines[i]);
    }
    char small[8];
    assert_int_equal(atom_print(small, sizeof small, &(struct atom){.op = ATOM_RET, .ra = 33}), 7);
    assert_int_equal(atom_print(small, 3, &(struct atom){.op = ATOM_RET, .ra = 33}), 7);
    assert_string_equal(small, "re");
    assert_int_equal(atom_print(NULL, 0, &(struct atom){.op = ATOM_RET, .ra = 33}), 7);
}

static void labels_resolve_and_lengths_settle(void **state)
{
    /* a branch over 40 KiB needs a second word, which moves what is behind it */
    enum { BUNDLES = 10000 };
    char *text = malloc(BUNDLES * 8), *at = text;
    at += sprintf(at, "start:  # the entry\n  brc z, f0, end\n  br start\n");
    for (unsigned i = 0; i < BUNDLES; i++) at += sprintf(at, "nop\n");
    sprintf(at, "end:\n brc nz, f1, start | commit entry\n exit chain, 1\n entry:\n\n.commit 0x8048000, 3, 1, 2, 77\n");
    char *bytes = malloc(100000), error[100] = "";
    size_t size = bundle_assemble(text, 0, bytes, 100000, error, sizeof error);
    assert_int_equal(size, 0); /* a commit beside a branch */
    memcpy(strstr(text, "start | commit"), "start \n commit", 14);
    size = bundle_assemble(text, 0, bytes, 100000, error, sizeof error);
    assert_string_equal(error, "line 10005: these atoms cannot be in one bundle");
    size_t end = 8 + 12 + 4 * BUNDLES, entry = round_up(end + 8 + 4 + 12, 16);
    assert_int_equal(size, entry + 16);
    struct atom atom;
    assert_int_equal(atom_decode((uint32_t *)(void *)bytes, 6, &atom), 2);
    assert_int_equal(atom.imm, end);
    assert_int_equal(atom_decode((uint32_t *)(void *)(bytes + 8), 6, &atom), 3);
    assert_int_equal(atom.imm, -8);
    assert_int_equal(atom_decode((uint32_t *)(void *)(bytes + end), 6, &atom), 2);
    assert_int_equal(atom.imm, -(int64_t)end);
    assert_int_equal(atom_decode((uint32_t *)(void *)(bytes + end + 8), 6, &atom), 1);
    assert_int_equal(atom.imm, entry - (end + 8));
    struct commit_entry commit;
    memcpy(&commit, bytes + entry, sizeof commit);
    assert_int_equal(commit.eip, 0x8048000);
    assert_int_equal(commit.insns, 3);
    assert_int_equal(commit.flags, 1);
    assert_int_equal(commit.gear, 2);
    assert_int_equal(commit.region, 77);
    free(text), free(bytes);
}

static void errors_name_line_and_reason(void **state)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"nop\nfoo r1", "line 2: no such atom"},
        {"add r1, r2, r3", "line 1: an operand size (.1 .2 .4 .8) was expected"},
        {"add.3 r1, r2, r3", "line 1: an operand size (.1 .2 .4 .8) was expected"},
        {"add.4 r64, r2, r3", "line 1: no such register"},
        {"add.4 r1 r2, r3", "line 1: ',' was expected"},
        {"add.4 r1, 5, r3", "line 1: a register was expected"},
        {"add.4 r1, r2, x", "line 1: a number was expected"},
        {"add.4 r1, r2, 12z", "line 1: malformed number"},
        {"add.4 r1, r2, 99999999999999999999", "line 1: number too large"},
        {"add.4 r1, r2, r3 ; f8.C", "line 1: no such register"},
        {"add.4 r1, r2, r3 ; f1.X", "line 1: no such flag"},
        {"add.4 r1, r2, r3 extra", "line 1: more than an atom"},
        {"mov.4 r1, r2 ; f1.C", "line 1: an operand does not fit the atom"},
        {"lds.4 r1, user32 [r1]", "line 1: an operand does not fit the atom"},
        {"ld.4 r1, moon32 [r1]", "line 1: a memory space was expected"},
        {"ld.4 r1, user33 [r1]", "line 1: an address wrap (16, 32, 64) was expected"},
        {"ld.4 r1, user32 [r1 + 4", "line 1: ']' was expected"},
        {"setc r1, maybe, f0", "line 1: a condition was expected"},
        {"br nowhere", "line 1: no such label"},
        {"br +2", "line 1: an operand does not fit the atom"},
        {"x:\nx:\nnop", "line 2: label defined twice"},
        {"x: nop", "line 1: a label stands alone on its line"},
        {"exit why, 1", "line 1: an exit reason was expected"},
        {".commit 5", "line 1: an EIP and a count of instructions were expected"},
        {"nop | nop | nop", "line 1: too many atoms in a bundle"},
    };
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        char bytes[100], error[100] = "";
        assert_int_equal(bundle_assemble(cases[i].text, 2, bytes, sizeof bytes, error, sizeof error), 0);
        assert_string_equal(error, cases[i].error);
    }
    char bytes[8], error[100];
    assert_int_equal(bundle_assemble("nop\nnop\nnop", 0, bytes, sizeof bytes, error, sizeof error), 0);
    assert_string_equal(error, "line 3: no room for the code");
}

/* ---- machine_fits ---- */

/* The plain search: gives atom `at` any free unit that takes it. */
static bool can_place(const struct machine_desc *desc, const uint8_t *classes, unsigned at, unsigned count,
                      unsigned used)
{
    if (at == count) return true;
    for (unsigned unit = 0; unit < desc->unit_count; unit++)
        if (!(used >> unit & 1) && desc->unit_classes[unit] >> classes[at] & 1 &&
            can_place(desc, classes, at + 1, count, used | 1u << unit))
            return true;
    return false;
}

static void fits_exactly_where_a_matching_exists(void **state)
{
    struct prng prng;
    prng_seed(&prng, 4);
    unsigned yes = 0, no = 0;
    for (unsigned n = 0; n < 40000; n++) {
        struct machine_desc desc = {.unit_count = 1 + (uint32_t)prng_below(&prng, 6)};
        desc.issue_width = 1 + (uint32_t)prng_below(&prng, desc.unit_count);
        for (unsigned i = 0; i < desc.unit_count; i++)
            desc.unit_classes[i] = (uint16_t)(prng_next(&prng) & (n & 1 ? prng_next(&prng) : UINT64_MAX) & 0xff);
        uint8_t classes[6];
        unsigned count = (unsigned)prng_below(&prng, desc.unit_count + 1);
        for (unsigned i = 0; i < count; i++) classes[i] = (uint8_t)prng_below(&prng, UNIT_CLASSES);
        bool expected = count <= desc.issue_width && can_place(&desc, classes, 0, count, 0);
        assert_int_equal(machine_fits(&desc, classes, count), expected);
        expected ? yes++ : no++;
    }
    assert_true(yes > 5000 && no > 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoded_atoms_decode_to_themselves),
        cmocka_unit_test(random_words_decode_to_their_own_encoding_or_not_at_all),
        cmocka_unit_test(fields_that_do_not_fit_are_refused),
        cmocka_unit_test(common_atoms_are_short),
        cmocka_unit_test(uses_follow_the_format),
        cmocka_unit_test(a_bundle_ends_at_its_stop_bit),
        cmocka_unit_test(atoms_that_exclude_each_other_make_no_bundle),
        cmocka_unit_test(printed_atoms_assemble_to_themselves),
        cmocka_unit_test(every_vector_row),
        cmocka_unit_test(text_is_as_documented),
        cmocka_unit_test(labels_resolve_and_lengths_settle),
        cmocka_unit_test(errors_name_line_and_reason),
        cmocka_unit_test(fits_exactly_where_a_matching_exists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
