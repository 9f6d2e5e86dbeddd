/* parse.c -- text to IR: one operation a line, by recursive descent without recursion. A label (%7) names the operation
 * that it stands before, whatever its number; %0 is the constant zero. Lines that start with ';' are comments.
 */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "translate/ir/ir_names.h"
#include "translate/ir/ir_text.h"

enum { LABELS_MAX = 1 << 16, WORD_BYTES = 32 };

struct parser {
    const char *at;
    unsigned line;
    const char *wrong; /* NULL so far */
    ir_ref *labels;    /* by number: the operation, 0 not defined yet */
    struct ir_region *region;
    unsigned exits_capacity;
};

static void fail(struct parser *parser, const char *message)
{
    if (!parser->wrong) parser->wrong = message;
}

static void skip_blanks(struct parser *parser)
{
    while (*parser->at == ' ' || *parser->at == '\t' || *parser->at == '\r') parser->at++;
}

static bool accept(struct parser *parser, char c)
{
    skip_blanks(parser);
    if (*parser->at != c) return false;
    parser->at++;
    return true;
}

static void expect(struct parser *parser, char c, const char *message)
{
    if (!accept(parser, c)) fail(parser, message);
}

/* A word of letters, digits and '_' into `word`; empty if there is none. */
static const char *scan_word(struct parser *parser, char *word)
{
    unsigned length = 0;
    skip_blanks(parser);
    while (isalnum((unsigned char)*parser->at) || *parser->at == '_') {
        if (length + 1 < WORD_BYTES) word[length++] = *parser->at;
        parser->at++;
    }
    word[length] = 0;
    return word;
}

static unsigned find(const char *word, const char *const *names, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (names[i] && !strcasecmp(names[i], word)) return i;
    }
    return count;
}

static unsigned scan_name(struct parser *parser, const char *const *names, unsigned count, const char *message)
{
    char word[WORD_BYTES];
    unsigned index = find(scan_word(parser, word), names, count);
    if (index == count) fail(parser, message);
    return index == count ? 0 : index;
}

static uint64_t scan_unsigned(struct parser *parser)
{
    char *end;
    skip_blanks(parser);
    uint64_t value =
        isdigit((unsigned char)*parser->at) ? strtoull(parser->at, &end, 0) : (fail(parser, "number expected"), 0);
    if (!parser->wrong) parser->at = end;
    return value;
}

static int64_t scan_number(struct parser *parser)
{
    bool negative = accept(parser, '-');
    uint64_t value = scan_unsigned(parser);
    return (int64_t)(negative ? -value : value);
}

static ir_ref scan_ref(struct parser *parser)
{
    expect(parser, '%', "'%' expected");
    uint64_t label = parser->wrong ? 0 : scan_unsigned(parser);
    if (!label) return 0;
    if (label >= LABELS_MAX || !parser->labels[label]) fail(parser, "no such operation so far");
    return parser->wrong ? 0 : parser->labels[label];
}

static void comma(struct parser *parser) { expect(parser, ',', "',' expected"); }

static void scan_a(struct parser *parser, struct ir_insn *insn) { insn->a = scan_ref(parser), comma(parser); }

static void scan_b(struct parser *parser, struct ir_insn *insn)
{
    skip_blanks(parser);
    insn->use_imm = *parser->at != '%';
    if (insn->use_imm) insn->imm = scan_number(parser);
    else insn->b = scan_ref(parser);
}

static void scan_cond(struct parser *parser, struct ir_insn *insn)
{
    insn->cond = (uint8_t)scan_name(parser, ir_cond_names, LENGTH(ir_cond_names), "condition expected");
    comma(parser);
    insn->f = scan_ref(parser);
}

static void scan_memory(struct parser *parser, struct ir_insn *insn)
{
    if (accept(parser, 's')) expect(parser, 's', "'ss[' expected"), insn->kind |= IR_STACK;
    expect(parser, '[', "'[' expected");
    insn->a = scan_ref(parser);
    if (accept(parser, '+')) insn->imm = (int64_t)scan_unsigned(parser);
    else if (accept(parser, '-')) insn->imm = (int64_t)-scan_unsigned(parser);
    expect(parser, ']', "']' expected");
}

/* ; flags CPAZSO = %1 */
static void scan_flags(struct parser *parser, struct ir_insn *insn)
{
    char word[WORD_BYTES];
    if (!accept(parser, ';')) return;
    if (strcasecmp(scan_word(parser, word), "flags")) fail(parser, "'flags' expected");
    scan_word(parser, word);
    for (const char *letter = word; *letter; letter++) {
        unsigned bit = 0;
        while (bit < 6 && ir_flag_letters[bit] != *letter) bit++;
        if (bit == 6) fail(parser, "no such flag");
        else insn->fmask |= (uint8_t)(1u << bit);
    }
    if (accept(parser, '=')) insn->f = scan_ref(parser);
}

/* A word behind a comma, if that is what comes. */
static bool accept_word(struct parser *parser, const char *wanted)
{
    char word[WORD_BYTES];
    const char *start = parser->at;
    if (accept(parser, ',') && !strcasecmp(scan_word(parser, word), wanted)) return true;
    parser->at = start;
    return false;
}

static void scan_operand(struct parser *parser, bool *first, ir_ref *operand)
{
    if (!*first) comma(parser);
    *first = false;
    *operand = scan_ref(parser);
}

static void scan_vector(struct parser *parser, struct ir_insn *insn)
{
    unsigned shape = atom_table[insn->op].shape;
    char word[WORD_BYTES];
    bool first = true;
    if (shape & SHAPE_A) scan_operand(parser, &first, &insn->a);
    if (shape & SHAPE_B) scan_operand(parser, &first, &insn->b);
    if (shape & SHAPE_C) scan_operand(parser, &first, &insn->c);
    if (shape & SHAPE_IMM) comma(parser), insn->imm = (int64_t)scan_unsigned(parser);
    if (shape & SHAPE_F) scan_operand(parser, &first, &insn->f);
    if (accept_word(parser, "half")) insn->kind |= IR_HALF;
    if (!accept(parser, ';')) return;
    if (strcasecmp(scan_word(parser, word), "status")) fail(parser, "'status' expected");
    insn->fmask = MASK_ALL;
}

static void scan_atom(struct parser *parser, struct ir_insn *insn)
{
    if (atom_is_vector(insn->op)) {
        scan_vector(parser, insn);
        return;
    }
    switch (atom_table[insn->op].format) {
    case FORMAT_RB: case FORMAT_FB: scan_b(parser, insn); break;
    case FORMAT_RAB: scan_a(parser, insn), scan_b(parser, insn); break;
    case FORMAT_RABF: scan_a(parser, insn), scan_b(parser, insn), comma(parser), insn->f = scan_ref(parser); break;
    case FORMAT_RABC: scan_a(parser, insn), scan_b(parser, insn), comma(parser), insn->c = scan_ref(parser); break;
    case FORMAT_RCOND: scan_cond(parser, insn); break;
    case FORMAT_RABCOND: scan_a(parser, insn), scan_b(parser, insn), comma(parser), scan_cond(parser, insn); break;
    case FORMAT_RF: insn->f = scan_ref(parser); break;
    case FORMAT_LOAD: case FORMAT_PROBE: scan_memory(parser, insn); break;
    case FORMAT_LOADV: scan_memory(parser, insn); break;
    case FORMAT_STORE: case FORMAT_STOREV:
        scan_memory(parser, insn), comma(parser), insn->b = scan_ref(parser);
        break;
    case FORMAT_NONE: break;
    default: fail(parser, "atom is not for the IR"); break;
    }
    if (accept_word(parser, "aligned")) insn->kind |= IR_ALIGNED;
    scan_flags(parser, insn);
}

static void scan_exit(struct parser *parser, struct ir_insn *insn)
{
    insn->kind = (uint8_t)scan_name(parser, ir_exit_names, IR_EXIT_KINDS, "kind of exit expected");
    if (ir_operands(insn) & IR_READS_A) insn->a = scan_ref(parser);
    else if (insn->kind == IR_JUMP || insn->kind == IR_CALL || insn->kind == IR_INTERPRET || insn->kind == IR_SOFTINT)
        insn->imm = scan_number(parser);
}

static void scan_other(struct parser *parser, struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_MARK: insn->imm = scan_number(parser), insn->c = (ir_ref)scan_unsigned(parser); break;
    case IR_GET: insn->imm = scan_name(parser, ir_home_names, HOME_COUNT, "home expected"); break;
    case IR_PUT:
        insn->imm = scan_name(parser, ir_home_names, HOME_COUNT, "home expected");
        comma(parser), insn->a = scan_ref(parser);
        break;
    case IR_PUTF: insn->f = scan_ref(parser); break;
    case IR_TRAP: case IR_PUSH_RETURN: insn->imm = scan_number(parser); break;
    case IR_TRAPIF: case IR_EXITIF: scan_cond(parser, insn), comma(parser), insn->imm = scan_number(parser); break;
    case IR_EXIT: scan_exit(parser, insn); break;
    case IR_HELPER:
        insn->imm = scan_name(parser, ir_helper_names, LENGTH(ir_helper_names), "helper expected");
        comma(parser), insn->a = scan_ref(parser), comma(parser), insn->b = scan_ref(parser);
        comma(parser), insn->c = scan_ref(parser);
        break;
    default: break;
    }
    if ((insn->op == IR_EXIT || insn->op == IR_EXITIF) && accept(parser, '#')) insn->c = (ir_ref)scan_unsigned(parser);
}

static void scan_size(struct parser *parser, struct ir_insn *insn)
{
    unsigned format = atom_table[insn->op].format;
    if (atom_table[insn->op].shape & SHAPE_FORMAT) {
        insn->size = (uint8_t)scan_name(parser, ir_format_names, LENGTH(ir_format_names), "ps, ss, pd or sd expected");
        return;
    }
    uint64_t bytes = scan_unsigned(parser);
    bool vector = format == FORMAT_LOADV || format == FORMAT_STOREV;
    for (unsigned size = SIZE_8; size <= SIZE_64; size++) {
        if (bytes != (vector ? vector_bytes(size) : 1u << size)) continue;
        insn->size = (uint8_t)size;
        return;
    }
    fail(parser, vector ? "size is 4, 8, 10 or 16" : "size is 1, 2, 4 or 8");
}

static void scan_op(struct parser *parser, struct ir_insn *insn)
{
    char word[WORD_BYTES];
    insn->op = (uint8_t)find(scan_word(parser, word), ir_op_names, IR_OPS); /* first: there is an atom `exit`, too */
    if (insn->op < IR_OPS) {
        scan_other(parser, insn);
        return;
    }
    for (unsigned op = 0; op < ATOM_OPS; op++) {
        if (strcasecmp(atom_table[op].mnemonic, word)) continue;
        insn->op = (uint8_t)op;
        if (accept(parser, '.')) scan_size(parser, insn);
        scan_atom(parser, insn);
        return;
    }
    fail(parser, "no such operation");
}

/* [%7 =] operation */
static void parse_insn(struct parser *parser)
{
    struct ir_insn insn = {0};
    uint64_t label = 0;
    if (accept(parser, '%')) {
        label = scan_unsigned(parser);
        if (!label || label >= LABELS_MAX || parser->labels[label]) fail(parser, "label is 0, too large or taken");
        expect(parser, '=', "'=' expected");
    }
    if (!parser->wrong) scan_op(parser, &insn);
    if (parser->wrong) return;
    ir_ref ref = ir_append(parser->region, insn);
    if (!ref) fail(parser, "region is full");
    if (label) parser->labels[label] = ref;
}

static struct ir_exit *new_exit(struct parser *parser)
{
    struct ir_region *region = parser->region;
    if (region->exit_count == parser->exits_capacity) {
        struct ir_exit *more = ARENA_NEW(region->arena, struct ir_exit, 2 * parser->exits_capacity + 8);
        if (!more) return NULL;
        if (region->exit_count) memcpy(more, region->exits, region->exit_count * sizeof *more);
        region->exits = more;
        parser->exits_capacity = 2 * parser->exits_capacity + 8;
    }
    return &region->exits[region->exit_count++];
}

/* #2 jump 0x08048100 insns 3 eax=%3 flags=%2 */
static void parse_exit(struct parser *parser)
{
    char word[WORD_BYTES];
    if (scan_unsigned(parser) != parser->region->exit_count) fail(parser, "exits are numbered from 0");
    struct ir_exit *exit = parser->wrong ? NULL : new_exit(parser);
    if (!exit) {
        fail(parser, "arena is full");
        return;
    }
    exit->kind = (uint8_t)scan_name(parser, ir_exit_names, IR_EXIT_KINDS, "kind of exit expected");
    skip_blanks(parser);
    if (*parser->at == '%') exit->target_value = scan_ref(parser);
    else exit->target = scan_unsigned(parser);
    while (!parser->wrong && *scan_word(parser, word)) {
        unsigned home = find(word, ir_home_names, HOME_COUNT);
        if (!strcasecmp(word, "return")) exit->return_address = scan_unsigned(parser);
        else if (!strcasecmp(word, "insns")) exit->insns = (uint16_t)scan_unsigned(parser);
        else if (home < HOME_COUNT) expect(parser, '=', "'=' expected"), exit->homes[home] = scan_ref(parser);
        else if (!strcasecmp(word, "flags")) expect(parser, '=', "'=' expected"), exit->flags = scan_ref(parser);
        else fail(parser, "home, flags, insns or return expected");
    }
}

/* region [context 0x40000] [promoted] */
static void parse_header(struct parser *parser)
{
    char word[WORD_BYTES];
    while (!parser->wrong && *scan_word(parser, word)) {
        if (!strcasecmp(word, "context")) parser->region->context = scan_unsigned(parser);
        else if (!strcasecmp(word, "promoted")) parser->region->promoted = true;
        else fail(parser, "'context' or 'promoted' expected");
    }
}

static void parse_line(struct parser *parser)
{
    char word[WORD_BYTES];
    skip_blanks(parser);
    const char *start = parser->at;
    if (*start == ';') {
        while (*parser->at && *parser->at != '\n') parser->at++;
    } else if (*start && *start != '\n') {
        if (accept(parser, '#')) parse_exit(parser);
        else if (!strcasecmp(scan_word(parser, word), "region")) parse_header(parser);
        else parser->at = start, parse_insn(parser);
    }
    skip_blanks(parser);
    if (*parser->at && *parser->at != '\n') fail(parser, "end of line expected");
}

bool ir_parse(const char *text, struct ir_region *region, char *error, size_t error_capacity)
{
    struct parser parser = {.at = text, .line = 1, .region = region};
    parser.labels = ARENA_NEW(region->arena, ir_ref, LABELS_MAX);
    if (!parser.labels) fail(&parser, "arena is full");
    while (!parser.wrong && *parser.at) {
        parse_line(&parser);
        if (parser.wrong || *parser.at != '\n') break;
        parser.at++, parser.line++;
    }
    if (parser.wrong) snprintf(error, error_capacity, "line %u: %s", parser.line, parser.wrong);
    return !parser.wrong;
}
