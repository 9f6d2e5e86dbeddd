/* print.c -- the IR as text (ir.h describes the form). */
#include <stdarg.h>
#include <ctype.h>

#include "translate/ir/ir_names.h"
#include "translate/ir/ir_text.h"

struct text {
    char *to;
    size_t capacity;
    int length; /* wanted so far */
};

static __attribute__((format(printf, 2, 3))) void put(struct text *text, const char *format, ...)
{
    va_list arguments;
    size_t used = (size_t)text->length < text->capacity ? (size_t)text->length : text->capacity;
    va_start(arguments, format);
    text->length += vsnprintf(text->to + used, text->capacity - used, format, arguments);
    va_end(arguments);
}

static void put_lower(struct text *text, const char *word)
{
    for (; *word; word++) put(text, "%c", tolower((unsigned char)*word));
}

/* Small numbers are read best in decimal, addresses and masks in hexadecimal. */
static void put_magnitude(struct text *text, uint64_t value)
{
    put(text, value < 0x10000 ? "%llu" : "0x%llx", (unsigned long long)value);
}

static void put_number(struct text *text, int64_t value)
{
    if (value < 0) put(text, "-");
    put_magnitude(text, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static void put_address(struct text *text, uint64_t address) { put(text, "0x%08llx", (unsigned long long)address); }

static void put_b(struct text *text, const struct ir_insn *insn)
{
    if (insn->use_imm) put_number(text, insn->imm);
    else put(text, "%%%u", insn->b);
}

static void put_memory(struct text *text, const struct ir_insn *insn)
{
    put(text, "%s[%%%u", insn->kind & IR_STACK ? "ss" : "", insn->a);
    if (insn->imm) {
        put(text, insn->imm < 0 ? " - " : " + ");
        put_magnitude(text, insn->imm < 0 ? -(uint64_t)insn->imm : (uint64_t)insn->imm);
    }
    put(text, "]");
}

static void put_flags(struct text *text, const struct ir_insn *insn, bool source_written)
{
    bool source = insn->f && !source_written;
    if (!insn->fmask && !source) return;
    put(text, " ; flags");
    if (insn->fmask) put(text, " ");
    for (unsigned bit = 0; bit < 6; bit++) {
        if (insn->fmask >> bit & 1) put(text, "%c", ir_flag_letters[bit]);
    }
    if (source) put(text, " = %%%u", insn->f);
}

static void put_vector(struct text *text, const struct ir_insn *insn)
{
    unsigned shape = atom_table[insn->op].shape;
    const char *before = " ";
    put(text, "%s", atom_table[insn->op].mnemonic);
    if (shape & SHAPE_FORMAT) put(text, ".%s", ir_format_names[insn->size]);
    if (shape & SHAPE_LANES) put(text, ".%u", 1u << insn->size);
    if (shape & SHAPE_A) put(text, "%s%%%u", before, insn->a), before = ", ";
    if (shape & SHAPE_B) put(text, "%s%%%u", before, insn->b), before = ", ";
    if (shape & SHAPE_C) put(text, "%s%%%u", before, insn->c);
    if (shape & SHAPE_IMM) put(text, ", %u", (unsigned)insn->imm);
    if (shape & SHAPE_F) put(text, ", %%%u", insn->f);
    if (insn->kind & IR_HALF) put(text, ", half");
    if (insn->fmask) put(text, " ; status");
}

static void put_atom(struct text *text, const struct ir_insn *insn)
{
    unsigned format = atom_table[insn->op].format;
    if (format == FORMAT_VECTOR) {
        put_vector(text, insn);
        return;
    }
    put(text, "%s", atom_table[insn->op].mnemonic);
    if (format == FORMAT_LOADV || format == FORMAT_STOREV) put(text, ".%u ", vector_bytes(insn->size));
    else if (format != FORMAT_NONE) put(text, ".%u ", 1u << insn->size);
    switch (format) {
    case FORMAT_RB: case FORMAT_FB: put_b(text, insn); break;
    case FORMAT_RAB: put(text, "%%%u, ", insn->a), put_b(text, insn); break;
    case FORMAT_RABF: put(text, "%%%u, ", insn->a), put_b(text, insn), put(text, ", %%%u", insn->f); break;
    case FORMAT_RABC: put(text, "%%%u, ", insn->a), put_b(text, insn), put(text, ", %%%u", insn->c); break;
    case FORMAT_RCOND: put(text, "%s, %%%u", ir_cond_names[insn->cond], insn->f); break;
    case FORMAT_RABCOND:
        put(text, "%%%u, ", insn->a), put_b(text, insn), put(text, ", %s, %%%u", ir_cond_names[insn->cond], insn->f);
        break;
    case FORMAT_RF: put(text, "%%%u", insn->f); break;
    case FORMAT_LOAD: case FORMAT_PROBE: put_memory(text, insn); break;
    case FORMAT_LOADV: put_memory(text, insn); break;
    case FORMAT_STORE: case FORMAT_STOREV: put_memory(text, insn), put(text, ", %%%u", insn->b); break;
    default: break;
    }
    if (format >= FORMAT_LOADV && insn->kind & IR_ALIGNED) put(text, ", aligned");
    put_flags(text, insn,
              format == FORMAT_RABF || format == FORMAT_RCOND || format == FORMAT_RABCOND || format == FORMAT_RF);
}

static void put_exit_target(struct text *text, const struct ir_insn *insn)
{
    put(text, " %s", ir_exit_names[insn->kind]);
    if (ir_operands(insn) & IR_READS_A) put(text, " %%%u", insn->a);
    else if (insn->kind == IR_JUMP || insn->kind == IR_CALL || insn->kind == IR_INTERPRET)
        put(text, " "), put_address(text, (uint64_t)insn->imm);
    else if (insn->kind == IR_SOFTINT) put(text, " "), put_number(text, insn->imm);
}

static void put_other(struct text *text, const struct ir_region *region, const struct ir_insn *insn)
{
    put(text, "%s", ir_op_names[insn->op]);
    switch (insn->op) {
    case IR_MARK: put(text, " "), put_address(text, (uint64_t)insn->imm), put(text, " %u", insn->c); break;
    case IR_GET: put(text, " "), put_lower(text, ir_home_names[insn->imm]); break;
    case IR_PUT: put(text, " "), put_lower(text, ir_home_names[insn->imm]), put(text, ", %%%u", insn->a); break;
    case IR_PUTF: put(text, " %%%u", insn->f); break;
    case IR_TRAP: put(text, " "), put_number(text, insn->imm); break;
    case IR_TRAPIF: put(text, " %s, %%%u, ", ir_cond_names[insn->cond], insn->f), put_number(text, insn->imm); break;
    case IR_EXITIF:
        put(text, " %s, %%%u, ", ir_cond_names[insn->cond], insn->f), put_address(text, (uint64_t)insn->imm);
        break;
    case IR_EXIT: put_exit_target(text, insn); break;
    case IR_HELPER:
        put(text, " "), put_lower(text, ir_helper_names[insn->imm]);
        put(text, ", %%%u, %%%u, %%%u", insn->a, insn->b, insn->c);
        break;
    case IR_PUSH_RETURN: put(text, " "), put_address(text, (uint64_t)insn->imm); break;
    default: break;
    }
    if (region->promoted && (insn->op == IR_EXIT || insn->op == IR_EXITIF)) put(text, " #%u", insn->c);
}

int ir_print_insn(char *to, size_t capacity, const struct ir_region *region, ir_ref at)
{
    struct text text = {to, capacity, 0};
    const struct ir_insn *insn = &region->insns[at];
    if (capacity) *to = 0;
    if (ir_has_value(insn) || ir_has_flags(insn)) put(&text, "%%%u = ", at);
    if (ir_is_atom(insn->op)) put_atom(&text, insn);
    else put_other(&text, region, insn);
    return text.length;
}

static void print_exit(FILE *to, const struct ir_region *region, unsigned number)
{
    const struct ir_exit *exit = &region->exits[number];
    char line[64 + HOME_COUNT * 24];
    struct text text = {line, sizeof line, 0};
    put(&text, "#%u %s ", number, ir_exit_names[exit->kind]);
    if (exit->target_value) put(&text, "%%%u", exit->target_value);
    else put_address(&text, exit->target);
    if (exit->return_address) put(&text, " return "), put_address(&text, exit->return_address);
    put(&text, " insns %u", exit->insns);
    for (unsigned home = 0; home < HOME_COUNT; home++) {
        if (exit->homes[home])
            put(&text, " "), put_lower(&text, ir_home_names[home]), put(&text, "=%%%u", exit->homes[home]);
    }
    if (exit->flags) put(&text, " flags=%%%u", exit->flags);
    fprintf(to, "%s\n", line);
}

void ir_print(FILE *to, const struct ir_region *region)
{
    char line[256];
    fprintf(to, "region context 0x%llx%s\n", (unsigned long long)region->context, region->promoted ? " promoted" : "");
    for (unsigned at = 1; at < region->count; at++) {
        ir_print_insn(line, sizeof line, region, (ir_ref)at);
        fprintf(to, "%s%s\n", region->insns[at].op == IR_MARK ? "" : "    ", line);
    }
    for (unsigned number = 0; region->promoted && number < region->exit_count; number++) print_exit(to, region, number);
}
