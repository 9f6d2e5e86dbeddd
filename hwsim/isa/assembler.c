/* assembler.c -- text to bundles. Since the length of some atoms depends on how far their label is, the text is gone
 * through again and again until no label moves; lengths start at their shortest and only grow, so that this ends.
 */
#include "hwsim/isa/assembler.h"

#include <stdio.h>
#include <string.h>

enum { LABELS_MAX = 512, PASSES_MAX = 64 };

struct label {
    const char *name;
    size_t length;
    size_t offset;
};

struct assembly {
    const char *at;      /* next character */
    const char *message; /* first error, else NULL */
    unsigned line;
    unsigned padded_slots;
    char *bytes;
    size_t capacity, used;
    size_t bundle; /* offset of the present bundle */
    struct label labels[LABELS_MAX];
    unsigned label_count;
    bool first_pass, moved;
};

static bool fail(struct assembly *as, const char *message)
{
    if (!as->message) as->message = message;
    return false;
}

/* ---- words of a line ---- */

static void skip_blanks(struct assembly *as)
{
    while (*as->at == ' ' || *as->at == '\t' || *as->at == '\r') as->at++;
}

static bool at_end(struct assembly *as)
{
    skip_blanks(as);
    return *as->at == '\n' || *as->at == '\0' || *as->at == '#';
}

/* Takes `token` if it comes next. */
static bool accept(struct assembly *as, const char *token)
{
    skip_blanks(as);
    size_t length = strlen(token);
    if (strncmp(as->at, token, length) != 0) return false;
    as->at += length;
    return true;
}

static bool expect(struct assembly *as, const char *token, const char *message)
{
    return accept(as, token) || fail(as, message);
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* A name: its length, 0 if there is none. */
static size_t accept_name(struct assembly *as, const char **name)
{
    skip_blanks(as);
    *name = as->at;
    while (is_name_char(*as->at)) as->at++;
    return (size_t)(as->at - *name);
}

static int find_name(const char *name, size_t length, const char *const *names, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0) return (int)i;
    return -1;
}

static bool parse_word(struct assembly *as, const char *const *names, unsigned count, int *which, const char *message)
{
    const char *name;
    size_t length = accept_name(as, &name);
    *which = find_name(name, length, names, count);
    return *which >= 0 || fail(as, message);
}

static int digit_of(char c, unsigned base)
{
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : 99;
    return digit < (int)base ? digit : -1;
}

static bool parse_magnitude(struct assembly *as, uint64_t *value)
{
    skip_blanks(as);
    unsigned base = as->at[0] == '0' && (as->at[1] == 'x' || as->at[1] == 'X') ? 16 : 10;
    if (base == 16) as->at += 2;
    if (digit_of(*as->at, base) < 0) return fail(as, "a number was expected");
    for (*value = 0; digit_of(*as->at, base) >= 0; as->at++) {
        uint64_t digit = (uint64_t)digit_of(*as->at, base);
        if (*value > (UINT64_MAX - digit) / base) return fail(as, "number too large");
        *value = *value * base + digit;
    }
    return !is_name_char(*as->at) || fail(as, "malformed number");
}

static bool parse_number(struct assembly *as, int64_t *value)
{
    bool negative = accept(as, "-");
    if (!negative) accept(as, "+");
    uint64_t magnitude;
    if (!parse_magnitude(as, &magnitude)) return false;
    *value = (int64_t)(negative ? -magnitude : magnitude);
    return true;
}

static bool parse_register(struct assembly *as, char kind, unsigned count, uint8_t *reg)
{
    skip_blanks(as);
    uint64_t number;
    if (as->at[0] != kind || digit_of(as->at[1], 10) < 0)
        return fail(as, kind == 'r'   ? "a register was expected"
                        : kind == 'v' ? "a vector register was expected"
                                      : "a flag register was expected");
    as->at++;
    if (!parse_magnitude(as, &number)) return false;
    if (number >= count) return fail(as, "no such register");
    *reg = (uint8_t)number;
    return true;
}

static bool parse_r(struct assembly *as, uint8_t *reg) { return parse_register(as, 'r', REG_COUNT, reg); }
static bool parse_v(struct assembly *as, uint8_t *reg)
{
    if (!parse_register(as, 'v', VREG_COUNT, reg)) return false;
    *reg += REG_VECTOR;
    return true;
}
static bool parse_f(struct assembly *as, uint8_t *reg) { return parse_register(as, 'f', FLAG_COUNT, reg); }
static bool parse_comma(struct assembly *as) { return expect(as, ",", "',' was expected"); }

/* ---- labels ---- */

static struct label *find_label(struct assembly *as, const char *name, size_t length)
{
    for (unsigned i = 0; i < as->label_count; i++)
        if (as->labels[i].length == length && memcmp(as->labels[i].name, name, length) == 0) return &as->labels[i];
    return NULL;
}

static bool define_label(struct assembly *as, const char *name, size_t length)
{
    struct label *label = find_label(as, name, length);
    if (as->first_pass) {
        if (label) return fail(as, "label defined twice");
        if (as->label_count == LABELS_MAX) return fail(as, "too many labels");
        label = &as->labels[as->label_count++];
        *label = (struct label){name, length, as->used};
    }
    if (label->offset != as->used) as->moved = true;
    label->offset = as->used;
    return true;
}

/* A displacement from the start of the bundle: +N, -N or a label. */
static bool parse_target(struct assembly *as, int64_t *displacement)
{
    skip_blanks(as);
    if (*as->at == '+' || *as->at == '-' || digit_of(*as->at, 10) >= 0) return parse_number(as, displacement);
    const char *name;
    size_t length = accept_name(as, &name);
    if (length == 0) return fail(as, "a label or displacement was expected");
    const struct label *label = find_label(as, name, length);
    if (label)
        *displacement = (int64_t)label->offset - (int64_t)as->bundle;
    else if (!as->first_pass)
        return fail(as, "no such label");
    return true;
}

/* ---- atoms ---- */

static bool parse_operand(struct assembly *as, struct atom *atom, uint8_t *reg)
{
    skip_blanks(as);
    if (*as->at == 'r') return parse_r(as, reg);
    atom->use_imm = true;
    return parse_number(as, &atom->imm);
}

static bool parse_cond(struct assembly *as, struct atom *atom)
{
    int cond;
    if (!parse_word(as, cond_names, LENGTH(cond_names), &cond, "a condition was expected")) return false;
    atom->cond = (uint8_t)cond;
    return true;
}

static bool parse_mask(struct assembly *as, struct atom *atom)
{
    if (!parse_f(as, &atom->fd) || !expect(as, ".", "'.' and the flags written were expected")) return false;
    const char *name;
    size_t length = accept_name(as, &name);
    for (size_t i = 0; i < length; i++) {
        const char *letter = strchr(flag_letters, name[i]);
        if (!letter) return fail(as, "no such flag");
        atom->fmask |= (uint8_t)(1u << (letter - flag_letters));
    }
    return length > 0 || fail(as, "the flags written were expected");
}

static bool parse_flags(struct assembly *as, struct atom *atom)
{
    if (!accept(as, ";")) return true;
    return parse_mask(as, atom) && (!accept(as, "=") || parse_f(as, &atom->fs));
}

static bool parse_memory(struct assembly *as, struct atom *atom)
{
    int space = -1;
    for (unsigned i = 0; i < LENGTH(space_names); i++)
        if (accept(as, space_names[i])) space = (int)i;
    if (space < 0) return fail(as, "a memory space was expected");
    atom->space = (uint8_t)space;
    atom->wrap = accept(as, "16") ? WRAP_16 : accept(as, "32") ? WRAP_32 : accept(as, "64") ? WRAP_64 : 255;
    if (atom->wrap == 255) return fail(as, "an address wrap (16, 32, 64) was expected");
    if (!expect(as, "[", "'[' was expected") || !parse_r(as, &atom->ra)) return false;
    skip_blanks(as);
    bool offset = *as->at == '+' || *as->at == '-';
    if (offset && !parse_number(as, &atom->imm)) return false;
    return expect(as, "]", "']' was expected");
}

static bool parse_protect(struct assembly *as, struct atom *atom)
{
    if (!accept(as, ",")) return true;
    if (accept(as, "aligned")) {
        atom->aligned = true;
        return parse_protect(as, atom);
    }
    uint64_t entry;
    if (!expect(as, "protect", "'protect' was expected") || !parse_magnitude(as, &entry)) return false;
    if (entry > 126) return fail(as, "no such alias entry");
    atom->protect = (uint8_t)(entry + 1);
    return true;
}

/* "from 3" or a mask. */
static bool parse_check(struct assembly *as, struct atom *atom)
{
    uint64_t entry;
    if (!accept(as, "from")) return parse_magnitude(as, &atom->check);
    if (!parse_magnitude(as, &entry)) return false;
    if (entry > 126) return fail(as, "no such alias entry");
    atom->check_from = (uint8_t)(entry + 1);
    return true;
}

static bool parse_store_options(struct assembly *as, struct atom *atom)
{
    while (accept(as, ",")) {
        if (accept(as, "gated"))
            atom->gated = true;
        else if (accept(as, "aligned"))
            atom->aligned = true;
        else if (!expect(as, "check", "'check' or 'gated' was expected") || !parse_check(as, atom))
            return false;
    }
    return true;
}

/* The operands that the shape has, each behind a comma but the first. */
static bool parse_vector(struct assembly *as, struct atom *atom)
{
    unsigned shape = atom_table[atom->op].shape;
    const struct {
        unsigned there, vector;
        uint8_t *reg;
    } operands[] = {{SHAPE_D, SHAPE_VD, &atom->rd},
                    {SHAPE_A, SHAPE_VA, &atom->ra},
                    {SHAPE_B, SHAPE_VB, &atom->rb},
                    {SHAPE_C, SHAPE_VC, &atom->rc}};
    bool first = true;
    for (unsigned i = 0; i < LENGTH(operands); i++) {
        if (!(shape & operands[i].there)) continue;
        if (!first && !parse_comma(as)) return false;
        first = false;
        if (!(shape & operands[i].vector ? parse_v : parse_r)(as, operands[i].reg)) return false;
    }
    if (shape & SHAPE_IMM && (!parse_comma(as) || !parse_number(as, &atom->imm))) return false;
    if (shape & SHAPE_F && (!parse_comma(as) || !parse_f(as, &atom->fs))) return false;
    if (accept(as, ",")) {
        if (!expect(as, "half", "'half' was expected")) return false;
        atom->half = true;
    }
    if (!(shape & SHAPE_STATUS) || !accept(as, ";")) return true;
    atom->fmask = MASK_ALL;
    return parse_f(as, &atom->fd);
}

static bool parse_operands(struct assembly *as, struct atom *atom)
{
    int reason;
    unsigned format = atom_table[atom->op].format;
    switch (format) {
    case FORMAT_NONE: return true;
    case FORMAT_RB:
        return parse_r(as, &atom->rd) && parse_comma(as) && parse_operand(as, atom, &atom->rb) && parse_flags(as, atom);
    case FORMAT_RAB:
    case FORMAT_RABF:
    case FORMAT_RABC:
    case FORMAT_RABCOND:
        if (!parse_r(as, &atom->rd) || !parse_comma(as) || !parse_r(as, &atom->ra) || !parse_comma(as)) return false;
        if (!parse_operand(as, atom, &atom->rb)) return false;
        if (format == FORMAT_RAB) return parse_flags(as, atom);
        if (!parse_comma(as)) return false;
        if (format == FORMAT_RABC) return parse_r(as, &atom->rc) && parse_flags(as, atom);
        if (format == FORMAT_RABCOND) return parse_cond(as, atom) && parse_comma(as) && parse_f(as, &atom->fs);
        return parse_f(as, &atom->fs) && parse_flags(as, atom);
    case FORMAT_RCOND:
        return parse_r(as, &atom->rd) && parse_comma(as) && parse_cond(as, atom) && parse_comma(as) &&
               parse_f(as, &atom->fs);
    case FORMAT_RF: return parse_r(as, &atom->rd) && parse_comma(as) && parse_f(as, &atom->fs);
    case FORMAT_FB:
        return parse_mask(as, atom) && expect(as, "=", "'=' was expected") && parse_operand(as, atom, &atom->rb) &&
               (!accept(as, ",") || parse_f(as, &atom->fs));
    case FORMAT_LOAD:
        return parse_r(as, &atom->rd) && parse_comma(as) && parse_memory(as, atom) && parse_protect(as, atom);
    case FORMAT_STORE:
        return parse_memory(as, atom) && parse_comma(as) && parse_r(as, &atom->rb) && parse_store_options(as, atom);
    case FORMAT_PROBE: return parse_memory(as, atom);
    case FORMAT_LOADV:
        return parse_v(as, &atom->rd) && parse_comma(as) && parse_memory(as, atom) && parse_protect(as, atom);
    case FORMAT_STOREV:
        return parse_memory(as, atom) && parse_comma(as) && parse_v(as, &atom->rb) && parse_store_options(as, atom);
    case FORMAT_VECTOR: return parse_vector(as, atom);
    case FORMAT_JUMP:
    case FORMAT_TABLE: return parse_target(as, &atom->imm);
    case FORMAT_JUMPC:
        return parse_cond(as, atom) && parse_comma(as) && parse_f(as, &atom->fs) && parse_comma(as) &&
               parse_target(as, &atom->imm);
    case FORMAT_COND: return parse_cond(as, atom) && parse_comma(as) && parse_f(as, &atom->fs);
    case FORMAT_COUNT: return parse_number(as, &atom->imm);
    case FORMAT_JUMPR: return parse_r(as, &atom->ra);
    case FORMAT_PUSH: return parse_operand(as, atom, &atom->ra) && parse_comma(as) && parse_target(as, &atom->target);
    case FORMAT_EXIT:
        if (!parse_word(as, exit_reason_names, EXIT_REASONS, &reason, "an exit reason was expected")) return false;
        atom->target = reason;
        return parse_comma(as) && parse_number(as, &atom->imm);
    }
    return false;
}

/* .4 .8 .16 .10 of a vector load or store; .ps .ss .pd .sd */
static bool parse_vector_size(struct assembly *as, struct atom *atom, bool format)
{
    static const char *const bytes_names[4] = {"4", "8", "16", "10"};
    const char *name;
    int which;
    if (!expect(as, ".", "a size was expected")) return false;
    size_t length = accept_name(as, &name);
    which = find_name(name, length, format ? float_format_names : bytes_names, 4);
    if (which < 0) return fail(as, "no such size");
    atom->size = (uint8_t)which;
    return true;
}

static bool parse_size(struct assembly *as, struct atom *atom)
{
    if (!atom_sized(atom->op)) return true;
    bool format = atom_table[atom->op].shape & SHAPE_FORMAT;
    if (format || atom_table[atom->op].format == FORMAT_LOADV || atom_table[atom->op].format == FORMAT_STOREV)
        return parse_vector_size(as, atom, format);
    static const char digits[] = "1248";
    const char *digit = *as->at == '.' && as->at[1] ? strchr(digits, as->at[1]) : NULL;
    if (!digit || is_name_char(as->at[2])) return fail(as, "an operand size (.1 .2 .4 .8) was expected");
    atom->size = (uint8_t)(digit - digits);
    as->at += 2;
    return true;
}

static bool parse_atom(struct assembly *as, struct atom *atom)
{
    const char *name;
    size_t length = accept_name(as, &name);
    *atom = (struct atom){0};
    for (; atom->op < ATOM_OPS; atom->op++) {
        const char *mnemonic = atom_table[atom->op].mnemonic;
        if (strlen(mnemonic) == length && memcmp(mnemonic, name, length) == 0)
            return parse_size(as, atom) && parse_operands(as, atom);
    }
    return fail(as, "no such atom");
}

/* ---- lines ---- */

static bool emit(struct assembly *as, const void *bytes, size_t count)
{
    if (count > as->capacity - as->used) return fail(as, "no room for the code");
    memcpy(as->bytes + as->used, bytes, count);
    as->used += count;
    return true;
}

static bool assemble_bundle(struct assembly *as)
{
    struct atom atoms[BUNDLE_ATOMS_MAX];
    unsigned count = 0, limit = as->padded_slots ? as->padded_slots : BUNDLE_ATOMS_MAX;
    as->bundle = as->used;
    do {
        if (count == limit) return fail(as, "too many atoms in a bundle");
        if (!parse_atom(as, &atoms[count++])) return false;
    } while (accept(as, "|"));
    if (!at_end(as)) return fail(as, "more than an atom");
    while (count < as->padded_slots) atoms[count++] = (struct atom){.op = ATOM_NOP};
    atoms[count - 1].stop = true;
    for (unsigned i = 0; i < count; i++) {
        uint32_t words[ATOM_WORDS_MAX];
        unsigned length = atom_encode(&atoms[i], words);
        if (length == 0) return fail(as, "an operand does not fit the atom");
        if (!emit(as, words, length * sizeof *words)) return false;
    }
    if (bundle_decode(as->bytes + as->bundle, as->used - as->bundle, atoms, BUNDLE_ATOMS_MAX, &count) == 0)
        return fail(as, "these atoms cannot be in one bundle");
    return true;
}

static bool assemble_commit_entry(struct assembly *as)
{
    int64_t values[5] = {0};
    unsigned count = 0;
    do {
        if (count == LENGTH(values)) return fail(as, "too many values");
        if (!parse_number(as, &values[count++])) return false;
    } while (accept(as, ","));
    if (!at_end(as) || count < 2) return fail(as, "an EIP and a count of instructions were expected");
    struct commit_entry entry = {(uint64_t)values[0], (uint16_t)values[1], (uint8_t)values[2], (uint8_t)values[3],
                                 (uint32_t)values[4]};
    return emit(as, &entry, sizeof entry);
}

static bool align(struct assembly *as, size_t to)
{
    static const char zeros[16];
    return emit(as, zeros, (size_t)(-as->used & (to - 1)));
}

/* Is a commit entry what comes next? Its label must name the aligned place. */
static bool entry_follows(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n') at++;
    return strncmp(at, ".commit", 7) == 0;
}

static bool assemble_line(struct assembly *as)
{
    if (at_end(as)) return true;
    const char *start = as->at, *name;
    size_t length = accept_name(as, &name);
    if (length && accept(as, ":")) {
        if (!at_end(as)) return fail(as, "a label stands alone on its line");
        if (entry_follows(as->at) && !align(as, sizeof(struct commit_entry))) return false;
        return define_label(as, name, length);
    }
    as->at = start;
    if (accept(as, ".commit")) return align(as, sizeof(struct commit_entry)) && assemble_commit_entry(as);
    return assemble_bundle(as);
}

static bool assemble_once(struct assembly *as, const char *text)
{
    as->at = text;
    as->used = 0;
    as->moved = false;
    for (as->line = 1;; as->line++) {
        if (!assemble_line(as)) return false;
        while (*as->at && *as->at != '\n') as->at++;
        if (*as->at == '\0') return true;
        as->at++;
    }
}

size_t bundle_assemble(const char *text, unsigned padded_slots, void *bytes, size_t capacity, char *error,
                       size_t error_capacity)
{
    struct assembly as = {.padded_slots = padded_slots, .bytes = bytes, .capacity = capacity, .first_pass = true};
    if (padded_slots > BUNDLE_ATOMS_MAX) as.message = "too many slots";
    for (unsigned pass = 0; !as.message && assemble_once(&as, text); pass++) {
        if (!as.first_pass && !as.moved) return as.used;
        as.first_pass = false;
        if (pass == PASSES_MAX) fail(&as, "labels do not settle");
    }
    snprintf(error, error_capacity, "line %u: %s", as.line, as.message);
    return 0;
}
