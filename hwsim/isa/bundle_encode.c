/* bundle_encode.c -- atoms to words; isa.h has the layout. bundle_decode.c takes exactly what this makes. */
#include "hwsim/isa/bundle_fields.h"

static bool fits(int64_t value, unsigned bits)
{
    return value >= -(INT64_C(1) << (bits - 1)) && value < INT64_C(1) << (bits - 1);
}

/* An atom under construction. */
struct encoder {
    uint32_t *words;
    unsigned count; /* words[0] is the atom's first word */
};

static void put(struct encoder *encoder, unsigned low, uint32_t value) { encoder->words[0] |= value << low; }
static void append(struct encoder *encoder, uint64_t value) { encoder->words[encoder->count++] = (uint32_t)value; }
static void append_extension(struct encoder *encoder, uint32_t value)
{
    put(encoder, FIELD_EXT, 1);
    append(encoder, value);
}

/* A number in its shortest form; mode 1 puts six bits into the field at `low`. */
static void put_immediate(struct encoder *encoder, unsigned low, int64_t value)
{
    if (fits(value, 6)) {
        put(encoder, FIELD_IMM, IMM_SHORT);
        put(encoder, low, (uint32_t)value & 63);
    } else {
        bool word = fits(value, 32);
        put(encoder, FIELD_IMM, word ? IMM_WORD : IMM_TWO_WORDS);
        append(encoder, (uint64_t)value);
        if (!word) append(encoder, (uint64_t)value >> 32);
    }
}

static bool put_displacement(struct encoder *encoder, unsigned low, unsigned bits, int64_t value)
{
    if (value & 3 || !fits(value, 32)) return false;
    if (bits && fits(value / 4, bits)) {
        put(encoder, FIELD_IMM, IMM_SHORT);
        put(encoder, low, (uint32_t)(value / 4) & (uint32_t)bits_mask(bits));
    } else {
        put(encoder, FIELD_IMM, IMM_WORD);
        append(encoder, (uint64_t)value);
    }
    return true;
}

static bool put_register_atom(struct encoder *encoder, const struct atom *atom, const struct format_fields *fields)
{
    unsigned fmask = fields->flags ? atom->fmask : 0;
    if (atom->fd >= FLAG_COUNT || atom->fs >= FLAG_COUNT || atom->cond > COND_NLE || atom->rc >= REG_COUNT)
        return false;
    if (fmask > MASK_ALL || (fmask && !atom_table[atom->op].sets_flags) || (fields->must_set && !fmask)) return false;
    uint32_t extension = (fmask ? atom->fd : 0u) | (fmask || fields->fs ? (uint32_t)atom->fs << 3 : 0) | fmask << 6 |
                         (fields->cond ? (uint32_t)atom->cond << 12 : 0) | (fields->rc ? (uint32_t)atom->rc << 16 : 0);
    if (extension == EXTENSION_BRIEF)
        put(encoder, FIELD_BRIEF, 1);
    else if (extension)
        append_extension(encoder, extension);
    if (fields->rd) put(encoder, FIELD_RD, atom->rd);
    if (fields->ra) put(encoder, FIELD_RA, atom->ra);
    if (atom->use_imm)
        put_immediate(encoder, FIELD_RB, atom->imm);
    else
        put(encoder, FIELD_RB, atom->rb);
    return true;
}

static bool put_memory_atom(struct encoder *encoder, const struct atom *atom, const struct format_fields *fields)
{
    bool store = fields->rb, load = fields->rd, gated = store && atom->gated;
    unsigned protect = load ? atom->protect : store ? atom->check_from : 0;
    uint64_t check = store ? atom->check : 0;
    if (atom->space > SPACE_CONCEALED || atom->wrap > WRAP_64 || protect > PROTECT_MAX) return false;
    if (atom->op == ATOM_LDS && atom->size > SIZE_16) return false;
    if (atom->aligned && !(fields == &format_fields[FORMAT_LOADV] || fields == &format_fields[FORMAT_STOREV])) return false;
    if (atom->space == SPACE_USER && atom->wrap == WRAP_32 && !protect && !check && !atom->aligned) {
        put(encoder, FIELD_BRIEF, gated);
    } else {
        append_extension(encoder, atom->space | (uint32_t)gated << 2 | (uint32_t)atom->wrap << 3 | protect << 5 |
                                      (check ? 1u << 12 : 0) | (check >> 32 ? 1u << 13 : 0) |
                                      (uint32_t)atom->aligned << 14);
        if (check) append(encoder, check);
        if (check >> 32) append(encoder, check >> 32);
    }
    put(encoder, FIELD_RA, atom->ra);
    if (load) put(encoder, FIELD_RD, atom->rd & 63u);
    if (store) put(encoder, FIELD_RB, atom->rb & 63u);
    if (atom->imm) put_immediate(encoder, store ? FIELD_RD : FIELD_RB, atom->imm);
    return true;
}

/* Operands that the shape does not have are not encoded: the decoder gives zeros. */
static bool put_vector_atom(struct encoder *encoder, const struct atom *atom, unsigned shape)
{
    bool status = shape & SHAPE_STATUS && atom->fmask;
    if (shape & SHAPE_IMM && (atom->imm < 0 || atom->imm > 255)) return false;
    if (atom->fd >= FLAG_COUNT || atom->fs >= FLAG_COUNT || (status && atom->fmask != MASK_ALL)) return false;
    if (shape & SHAPE_D) put(encoder, FIELD_RD, atom->rd & 63u);
    if (shape & SHAPE_A) put(encoder, FIELD_RA, atom->ra & 63u);
    if (shape & SHAPE_B) put(encoder, FIELD_RB, atom->rb & 63u);
    append_extension(encoder, (uint32_t)(atom->op - ATOM_VECTOR_FIRST) |
                                  (shape & SHAPE_IMM ? (uint32_t)atom->imm << 8 : 0) | (uint32_t)atom->half << 16 |
                                  (status ? (uint32_t)atom->fd << 17 | 1u << 23 : 0) |
                                  (shape & SHAPE_F ? (uint32_t)atom->fs << 20 : 0) |
                                  (shape & SHAPE_C ? (uint32_t)(atom->rc & 63u) << 24 : 0));
    return true;
}

static bool put_control_atom(struct encoder *encoder, const struct atom *atom, unsigned format)
{
    switch (format) {
    case FORMAT_RCOND:
    case FORMAT_RF:
        if (atom->cond > COND_NLE || atom->fs >= FLAG_COUNT) return false;
        put(encoder, FIELD_RD, atom->rd);
        put(encoder, FIELD_RA, atom->fs);
        if (format == FORMAT_RCOND) put(encoder, FIELD_RB, atom->cond);
        return true;
    case FORMAT_JUMPC:
    case FORMAT_COND:
        if (atom->cond > COND_NLE || atom->fs >= FLAG_COUNT) return false;
        put(encoder, FIELD_JUMP_COND, atom->cond);
        put(encoder, FIELD_JUMP_FS, atom->fs);
        return format == FORMAT_COND || put_displacement(encoder, FIELD_JUMP_NEAR, JUMP_NEAR_BITS, atom->imm);
    case FORMAT_TABLE: return put_displacement(encoder, FIELD_TABLE_NEAR, TABLE_NEAR_BITS, atom->imm);
    case FORMAT_JUMP: append_extension(encoder, 0); return put_displacement(encoder, 0, 0, atom->imm);
    case FORMAT_JUMPR: put(encoder, FIELD_RA, atom->ra); return true;
    case FORMAT_PUSH:
        if (atom->target & 3 || !fits(atom->target, 32)) return false;
        append_extension(encoder, (uint32_t)atom->target);
        if (atom->use_imm)
            put_immediate(encoder, FIELD_RB, atom->imm);
        else
            put(encoder, FIELD_RA, atom->ra);
        return true;
    case FORMAT_EXIT:
        if (atom->target < 0 || atom->target >= EXIT_REASONS || !fits(atom->imm, 32)) return false;
        append_extension(encoder, (uint32_t)atom->target);
        put(encoder, FIELD_IMM, IMM_WORD);
        append(encoder, (uint64_t)atom->imm);
        return true;
    case FORMAT_COUNT: put_immediate(encoder, FIELD_RB, atom->imm); return true;
    case FORMAT_NONE: return true;
    }
    return false;
}

/* A register number of the file that the operand is in, or 0 for one that is not there. */
static bool in_file(unsigned reg, bool vector) { return reg >> 6 == vector || reg == 0; }

unsigned atom_encode(const struct atom *atom, uint32_t *words)
{
    if (atom->op >= ATOM_OPS || atom->size > SIZE_64) return 0;
    struct encoder encoder = {words, 1};
    unsigned format = atom_table[atom->op].format, shape = atom_table[atom->op].shape;
    const struct format_fields *fields = &format_fields[format];
    if (!in_file(atom->rd, shape & SHAPE_VD) || !in_file(atom->ra, shape & SHAPE_VA) ||
        !in_file(atom->rb, shape & SHAPE_VB) || !in_file(atom->rc, shape & SHAPE_VC))
        return 0;
    words[0] = (atom_is_vector(atom->op) ? OPCODE_VECTOR : atom->op) | (uint32_t)atom->stop << FIELD_STOP;
    if (atom_sized(atom->op)) put(&encoder, FIELD_SIZE, atom->size);
    bool good = fields->kind == KIND_REGISTER ? put_register_atom(&encoder, atom, fields)
                : fields->kind == KIND_MEMORY ? put_memory_atom(&encoder, atom, fields)
                : fields->kind == KIND_VECTOR ? put_vector_atom(&encoder, atom, shape)
                                              : put_control_atom(&encoder, atom, format);
    return good ? encoder.count : 0;
}
