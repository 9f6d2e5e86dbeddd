#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "hwsim/isa/assembler.h"

const char *const cond_names[16] = {"o", "no", "b", "nb", "z", "nz", "be", "nbe",
                                    "s", "ns", "p", "np", "l", "nl", "le", "nle"};
const char flag_letters[7] = "CPAZSO";
const char *const exit_reason_names[EXIT_REASONS] = {
    [EXIT_CHAIN] = "chain", [EXIT_INDIRECT] = "indirect", [EXIT_INTERPRET] = "interpret",
    [EXIT_HOT] = "hot",     [EXIT_STALE] = "stale",
};
const char *const space_names[4] = {"user", "super", "phys", "concealed"};
const char *const float_format_names[4] = {"ps", "ss", "pd", "sd"};

struct printer {
    char *text;
    size_t capacity;
    int length; /* wanted so far */
};

__attribute__((format(printf, 2, 3))) static void print(struct printer *printer, const char *format, ...)
{
    bool room = (size_t)printer->length < printer->capacity;
    va_list args;
    va_start(args, format);
    printer->length += vsnprintf(room ? printer->text + printer->length : NULL,
                                 room ? printer->capacity - (size_t)printer->length : 0, format, args);
    va_end(args);
}

/* Small numbers are counts and offsets, others addresses and masks. */
static void print_number(struct printer *printer, int64_t value, bool plus)
{
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    print(printer, magnitude < 4096 ? "%s%" PRIu64 : "%s0x%" PRIx64, value < 0 ? "-" : plus ? "+" : "", magnitude);
}

static void print_operand(struct printer *printer, const struct atom *atom, unsigned reg)
{
    if (atom->use_imm)
        print_number(printer, atom->imm, false);
    else
        print(printer, "r%u", reg);
}

static void print_mask(struct printer *printer, const struct atom *atom)
{
    print(printer, "f%u.", atom->fd);
    for (unsigned i = 0; i < 6; i++)
        if (atom->fmask >> i & 1) print(printer, "%c", flag_letters[i]);
}

static void print_flags(struct printer *printer, const struct atom *atom)
{
    if (atom->fmask == 0) return;
    print(printer, " ; ");
    print_mask(printer, atom);
    if (atom->fs && atom_table[atom->op].format != FORMAT_RABF) print(printer, " = f%u", atom->fs);
}

static void print_memory(struct printer *printer, const struct atom *atom)
{
    print(printer, "%s%u [r%u", space_names[atom->space & 3], 16u << atom->wrap, atom->ra);
    if (atom->imm) {
        print(printer, atom->imm < 0 ? " - " : " + ");
        /* the most negative number is its own negation; printed unsigned, it is read back alike */
        uint64_t magnitude = atom->imm < 0 ? -(uint64_t)atom->imm : (uint64_t)atom->imm;
        print(printer, magnitude < 4096 ? "%" PRIu64 : "0x%" PRIx64, magnitude);
    }
    print(printer, "]");
}

static void print_reg(struct printer *printer, unsigned reg)
{
    print(printer, "%c%u", reg < REG_VECTOR ? 'r' : 'v', reg % REG_VECTOR);
}

static void print_vector(struct printer *printer, const struct atom *atom)
{
    unsigned shape = atom_table[atom->op].shape;
    const struct {
        unsigned bit, reg;
    } operands[] = {{SHAPE_D, atom->rd}, {SHAPE_A, atom->ra}, {SHAPE_B, atom->rb}, {SHAPE_C, atom->rc}};
    const char *before = " ";
    for (unsigned i = 0; i < LENGTH(operands); i++) {
        if (!(shape & operands[i].bit)) continue;
        print(printer, "%s", before);
        print_reg(printer, operands[i].reg);
        before = ", ";
    }
    if (shape & SHAPE_IMM) print(printer, ", %u", (unsigned)atom->imm);
    if (shape & SHAPE_F) print(printer, ", f%u", atom->fs);
    if (atom->half) print(printer, ", half");
    if (atom->fmask) print(printer, " ; f%u", atom->fd);
}

static void print_operands(struct printer *printer, const struct atom *atom)
{
    switch (atom_table[atom->op].format) {
    case FORMAT_NONE: break;
    case FORMAT_RB:
        print(printer, " r%u, ", atom->rd);
        print_operand(printer, atom, atom->rb);
        break;
    case FORMAT_RAB:
    case FORMAT_RABF:
    case FORMAT_RABC:
    case FORMAT_RABCOND:
        print(printer, " r%u, r%u, ", atom->rd, atom->ra);
        print_operand(printer, atom, atom->rb);
        if (atom_table[atom->op].format == FORMAT_RABF) print(printer, ", f%u", atom->fs);
        if (atom_table[atom->op].format == FORMAT_RABC) print(printer, ", r%u", atom->rc);
        if (atom_table[atom->op].format == FORMAT_RABCOND)
            print(printer, ", %s, f%u", cond_names[atom->cond & 15], atom->fs);
        break;
    case FORMAT_RCOND: print(printer, " r%u, %s, f%u", atom->rd, cond_names[atom->cond & 15], atom->fs); break;
    case FORMAT_RF: print(printer, " r%u, f%u", atom->rd, atom->fs); break;
    case FORMAT_FB:
        print(printer, " ");
        print_mask(printer, atom);
        print(printer, " = ");
        print_operand(printer, atom, atom->rb);
        if (atom->fs) print(printer, ", f%u", atom->fs);
        return;
    case FORMAT_VECTOR: print_vector(printer, atom); return;
    case FORMAT_LOAD:
    case FORMAT_LOADV:
        print(printer, " ");
        print_reg(printer, atom->rd);
        print(printer, ", ");
        print_memory(printer, atom);
        if (atom->aligned) print(printer, ", aligned");
        if (atom->protect) print(printer, ", protect %u", atom->protect - 1);
        break;
    case FORMAT_STORE:
    case FORMAT_STOREV:
        print(printer, " ");
        print_memory(printer, atom);
        print(printer, ", ");
        print_reg(printer, atom->rb);
        if (atom->aligned) print(printer, ", aligned");
        if (atom->check_from) print(printer, ", check from %u", atom->check_from - 1);
        if (atom->check) print(printer, ", check 0x%" PRIx64, atom->check);
        if (atom->gated) print(printer, ", gated");
        break;
    case FORMAT_PROBE:
        print(printer, " ");
        print_memory(printer, atom);
        break;
    case FORMAT_JUMP:
    case FORMAT_TABLE:
        print(printer, " ");
        print_number(printer, atom->imm, true);
        break;
    case FORMAT_COND:
    case FORMAT_JUMPC:
        print(printer, " %s, f%u", cond_names[atom->cond & 15], atom->fs);
        if (atom_table[atom->op].format == FORMAT_COND) break;
        print(printer, ", ");
        print_number(printer, atom->imm, true);
        break;
    case FORMAT_COUNT: print(printer, " %" PRId64, atom->imm); break;
    case FORMAT_JUMPR: print(printer, " r%u", atom->ra); break;
    case FORMAT_PUSH:
        print(printer, " ");
        print_operand(printer, atom, atom->ra);
        print(printer, ", ");
        print_number(printer, atom->target, true);
        break;
    case FORMAT_EXIT:
        print(printer, " %s, ", (uint64_t)atom->target < EXIT_REASONS ? exit_reason_names[atom->target] : "?");
        print_number(printer, atom->imm, false);
        break;
    }
    print_flags(printer, atom);
}

int atom_print(char *text, size_t capacity, const struct atom *atom)
{
    struct printer printer = {text, capacity, 0};
    if (atom->op >= ATOM_OPS) {
        print(&printer, "?");
        return printer.length;
    }
    print(&printer, "%s", atom_table[atom->op].mnemonic);
    unsigned format = atom_table[atom->op].format;
    if (format == FORMAT_LOADV || format == FORMAT_STOREV) print(&printer, ".%u", vector_bytes(atom->size & 3));
    else if (atom_table[atom->op].shape & SHAPE_FORMAT) print(&printer, ".%s", float_format_names[atom->size & 3]);
    else if (atom_sized(atom->op)) print(&printer, ".%u", 1u << (atom->size & 3));
    print_operands(&printer, atom);
    return printer.length;
}
