/* bundle_decode.c -- words to atoms, for any words at all: what atom_encode would not make is refused.
 *
 * Each decoder takes the words apart leniently; atom_decode then encodes the outcome again and compares. So there is no
 * second list of what is malformed, and the two files cannot disagree.
 */
#include "hwsim/isa/bundle_fields.h"

struct decoder {
    const uint32_t *words;
    unsigned count, next; /* words there are, words taken */
    bool short_of_words;
};

static uint32_t take(struct decoder *decoder)
{
    if (decoder->next < decoder->count) return decoder->words[decoder->next++];
    decoder->short_of_words = true;
    return 0;
}

static unsigned field(const struct decoder *decoder, unsigned low, unsigned bits)
{
    return decoder->words[0] >> low & (unsigned)bits_mask(bits);
}

static int64_t signed_field(const struct decoder *decoder, unsigned low, unsigned bits)
{
    return (int64_t)((uint64_t)field(decoder, low, bits) << (64 - bits)) >> (64 - bits);
}

static int64_t take_immediate(struct decoder *decoder, unsigned low, unsigned bits)
{
    switch (field(decoder, FIELD_IMM, 2)) {
    case IMM_SHORT: return signed_field(decoder, low, bits);
    case IMM_WORD: return (int32_t)take(decoder);
    case IMM_TWO_WORDS: {
        uint64_t half = take(decoder);
        return (int64_t)(half | (uint64_t)take(decoder) << 32);
    }
    }
    return 0;
}

static int64_t take_displacement(struct decoder *decoder, unsigned low, unsigned bits)
{
    return take_immediate(decoder, low, bits) * (field(decoder, FIELD_IMM, 2) == IMM_SHORT ? 4 : 1);
}

static void take_register_atom(struct decoder *decoder, struct atom *atom, const struct format_fields *fields)
{
    uint32_t extension = field(decoder, FIELD_BRIEF, 1) ? EXTENSION_BRIEF : 0;
    if (field(decoder, FIELD_EXT, 1)) extension = take(decoder);
    atom->fd = extension & 7;
    atom->fs = extension >> 3 & 7;
    atom->fmask = extension >> 6 & MASK_ALL;
    atom->cond = extension >> 12 & 15;
    atom->rc = extension >> 16 & 63;
    if (fields->rd) atom->rd = (uint8_t)field(decoder, FIELD_RD, 6);
    if (fields->ra) atom->ra = (uint8_t)field(decoder, FIELD_RA, 6);
    atom->use_imm = field(decoder, FIELD_IMM, 2) != IMM_REGISTER;
    if (atom->use_imm)
        atom->imm = take_immediate(decoder, FIELD_RB, 6);
    else
        atom->rb = (uint8_t)field(decoder, FIELD_RB, 6);
}

static void take_memory_atom(struct decoder *decoder, struct atom *atom, const struct format_fields *fields)
{
    bool store = fields->rb;
    atom->wrap = WRAP_32;
    atom->gated = field(decoder, FIELD_BRIEF, 1);
    if (field(decoder, FIELD_EXT, 1)) {
        uint32_t extension = take(decoder);
        atom->space = extension & 3;
        atom->gated = extension >> 2 & 1;
        atom->wrap = extension >> 3 & 3;
        *(store ? &atom->check_from : &atom->protect) = extension >> 5 & PROTECT_MAX;
        atom->aligned = extension >> 14 & 1;
        if (extension >> 12 & 1) atom->check = take(decoder);
        if (extension >> 13 & 1) atom->check |= (uint64_t)take(decoder) << 32;
    }
    atom->ra = (uint8_t)field(decoder, FIELD_RA, 6);
    if (fields->rd) atom->rd = (uint8_t)field(decoder, FIELD_RD, 6);
    if (store) atom->rb = (uint8_t)field(decoder, FIELD_RB, 6);
    atom->imm = take_immediate(decoder, store ? FIELD_RD : FIELD_RB, 6);
}

static void take_vector_atom(struct decoder *decoder, struct atom *atom, unsigned shape, uint32_t extension)
{
    if (shape & SHAPE_D) atom->rd = (uint8_t)field(decoder, FIELD_RD, 6);
    if (shape & SHAPE_A) atom->ra = (uint8_t)field(decoder, FIELD_RA, 6);
    if (shape & SHAPE_B) atom->rb = (uint8_t)field(decoder, FIELD_RB, 6);
    if (shape & SHAPE_C) atom->rc = extension >> 24 & 63;
    if (shape & SHAPE_IMM) atom->imm = extension >> 8 & 255;
    if (shape & SHAPE_F) atom->fs = extension >> 20 & 7;
    if (shape & SHAPE_STATUS && extension >> 23 & 1) {
        atom->fd = extension >> 17 & 7;
        atom->fmask = MASK_ALL;
    }
    atom->half = extension >> 16 & 1;
}

/* Vector registers are numbered behind the general ones. */
static void name_files(struct atom *atom, unsigned shape)
{
    if (shape & SHAPE_VD) atom->rd += REG_VECTOR;
    if (shape & SHAPE_VA) atom->ra += REG_VECTOR;
    if (shape & SHAPE_VB) atom->rb += REG_VECTOR;
    if (shape & SHAPE_VC) atom->rc += REG_VECTOR;
}

static void take_control_atom(struct decoder *decoder, struct atom *atom, unsigned format)
{
    switch (format) {
    case FORMAT_RCOND:
    case FORMAT_RF:
        atom->rd = (uint8_t)field(decoder, FIELD_RD, 6);
        atom->fs = (uint8_t)field(decoder, FIELD_RA, 6);
        if (format == FORMAT_RCOND) atom->cond = (uint8_t)field(decoder, FIELD_RB, 6);
        break;
    case FORMAT_JUMPC:
    case FORMAT_COND:
        atom->cond = (uint8_t)field(decoder, FIELD_JUMP_COND, 4);
        atom->fs = (uint8_t)field(decoder, FIELD_JUMP_FS, 3);
        if (format == FORMAT_JUMPC) atom->imm = take_displacement(decoder, FIELD_JUMP_NEAR, JUMP_NEAR_BITS);
        break;
    case FORMAT_TABLE: atom->imm = take_displacement(decoder, FIELD_TABLE_NEAR, TABLE_NEAR_BITS); break;
    case FORMAT_COUNT: atom->imm = take_immediate(decoder, FIELD_RB, 6); break;
    case FORMAT_JUMPR: atom->ra = (uint8_t)field(decoder, FIELD_RA, 6); break;
    case FORMAT_JUMP:
    case FORMAT_EXIT:
        atom->target = take(decoder);
        atom->imm = (int32_t)take(decoder);
        break;
    case FORMAT_PUSH:
        atom->target = (int32_t)take(decoder);
        atom->use_imm = field(decoder, FIELD_IMM, 2) != IMM_REGISTER;
        if (atom->use_imm)
            atom->imm = take_immediate(decoder, FIELD_RB, 6);
        else
            atom->ra = (uint8_t)field(decoder, FIELD_RA, 6);
        break;
    }
}

unsigned atom_decode(const uint32_t *words, unsigned count, struct atom *atom)
{
    if (count == 0) return 0;
    struct decoder decoder = {words, count, 1, false};
    unsigned op = words[0] & 127;
    uint32_t extension = op == OPCODE_VECTOR ? take(&decoder) : 0;
    if (op == OPCODE_VECTOR) op = ATOM_VECTOR_FIRST + (extension & 255);
    else if (op >= ATOM_VECTOR_FIRST) return 0;
    if (op >= ATOM_OPS) return 0;
    *atom = (struct atom){.op = (uint8_t)op, .stop = words[0] >> FIELD_STOP};
    unsigned format = atom_table[op].format, shape = atom_table[op].shape;
    const struct format_fields *fields = &format_fields[format];
    if (atom_sized(atom->op)) atom->size = (uint8_t)field(&decoder, FIELD_SIZE, 2);
    switch (fields->kind) {
    case KIND_REGISTER: take_register_atom(&decoder, atom, fields); break;
    case KIND_MEMORY: take_memory_atom(&decoder, atom, fields); break;
    case KIND_VECTOR: take_vector_atom(&decoder, atom, shape, extension); break;
    default: take_control_atom(&decoder, atom, format);
    }
    if (decoder.short_of_words) return 0;
    name_files(atom, shape);
    uint32_t again[ATOM_WORDS_MAX];
    if (atom_encode(atom, again) != decoder.next) return 0;
    return memcmp(words, again, decoder.next * sizeof *words) == 0 ? decoder.next : 0;
}

/* What a bundle has done so far, for the rules of isa.h on atoms that exclude each other. */
struct bundle_state {
    uint64_t written, vwritten;
    unsigned flags_written, transfers, branches, commits;
};

static bool joins(struct bundle_state *bundle, const struct atom *atom)
{
    struct atom_uses uses = atom_uses(atom);
    if (bundle->written & uses.writes || bundle->vwritten & uses.vwrites || bundle->flags_written & uses.flags_written)
        return false;
    bundle->written |= uses.writes;
    bundle->vwritten |= uses.vwrites;
    bundle->flags_written |= uses.flags_written;
    bundle->transfers += (atom_table[atom->op].properties & ATOM_TRANSFERS) != 0;
    bundle->branches += atom->op == ATOM_BRC;
    bundle->commits += (atom_table[atom->op].properties & ATOM_COMMITS) != 0;
    return bundle->transfers <= 1 && bundle->branches + bundle->commits <= 1;
}

unsigned bundle_decode(const void *bytes, size_t size, struct atom *atoms, unsigned capacity, unsigned *count)
{
    struct bundle_state bundle = {0};
    size_t at = 0;
    for (*count = 0; *count < capacity;) {
        /* copied, since `bytes` may lie at any address */
        uint32_t words[ATOM_WORDS_MAX];
        size_t available = (size - at) / sizeof *words;
        if (available > ATOM_WORDS_MAX) available = ATOM_WORDS_MAX;
        memcpy(words, (const char *)bytes + at, available * sizeof *words);
        struct atom *atom = &atoms[*count];
        unsigned taken = atom_decode(words, (unsigned)available, atom);
        if (taken == 0 || !joins(&bundle, atom)) return 0;
        at += taken * sizeof *words;
        ++*count;
        if (atom->stop) return (unsigned)at;
    }
    return 0;
}
