/* isa_command.c -- covm isa */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hwsim/base/prng.h"
#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/elf_symbols.h"
#include "lab/isa_row.h"
#include "translate/x86/rows.h"

#ifndef COVM_CASES
#define COVM_CASES "" /* built by other means than CMakeLists.txt */
#endif

/* ---- the encoding ---- */

static void print_map(struct text *text, unsigned map)
{
    static const char *const prefixes[4] = {"NP ", "66 ", "F3 ", "F2 "};
    if (map >= MAP_0F_NP && map < MAP_X87) text_printf(text, "%s", prefixes[(map - MAP_0F_NP) & 3]);
    if (map != MAP_ONE && map != MAP_X87) text_printf(text, "0F ");
    if (map >= MAP_38_NP && map < MAP_X87) text_printf(text, map < MAP_3A_NP ? "38 " : "3A ");
}

/* "/r", "/4", "/2-5": the values of ModRM.reg that select the row. */
static void print_digits(struct text *text, const bool *digits)
{
    unsigned first = 0, last = 7;
    while (first < 7 && !digits[first]) first++;
    while (last && !digits[last]) last--;
    if (first == 0 && last == 7)
        text_printf(text, " /r");
    else if (first == last)
        text_printf(text, " /%u", first);
    else
        text_printf(text, " /%u-%u", first, last);
}

static void print_encoding(struct text *text, unsigned row)
{
    static const char *const immediates[] = {
        [IMM_NO] = "",        [IMM_1] = "",        [IMM_IB] = " ib",    [IMM_SB] = " ib",
        [IMM_IW] = " iw",     [IMM_IZ] = " iw/id", [IMM_WB] = " iw ib", [IMM_MO] = " moffs",
        [IMM_FAR] = " cd/cp", [IMM_JB] = " cb",    [IMM_JZ] = " cw/cd"};
    const struct row_shape *shape = &x86_shapes[row];
    print_map(text, shape->map);
    if (shape->encoding == ENCODING_ONE) {
        unsigned digit = 0;
        while (digit < 7 && !shape->digits[digit]) digit++;
        text_printf(text, "%02X ", 0xd8 + digit);
    }
    text_printf(text, "%02X", shape->opcode);
    if (shape->encoding == ENCODING_OPR)
        text_printf(text, "+r");
    else if (shape->opcode_last != shape->opcode)
        text_printf(text, "-%02X", shape->opcode_last);
    if (shape->encoding >= ENCODING_RM && shape->encoding != ENCODING_ONE) print_digits(text, shape->digits);
    if (shape->encoding == ENCODING_MEM) text_printf(text, " mem");
    if (shape->encoding == ENCODING_REG) text_printf(text, " reg");
    text_printf(text, "%s", immediates[shape->immediate]);
}

/* ---- how it is run ---- */

/* Of an instance of the row, which the generator makes. */
static struct isa_row way_of(unsigned row)
{
    static const struct x86_generate_options options = {.bases = 1 << 3};
    struct prng prng;
    uint8_t bytes[X86_INSN_BYTES_MAX];
    struct x86_insn insn;
    prng_seed(&prng, row + 1);
    for (unsigned tries = 0; tries < 1000; tries++) {
        unsigned length = x86_generate(row, &prng, &options, bytes);
        if (length && x86_decode(bytes, length, ISA_CONTEXT, &insn) == X86_OK && insn.row == row)
            return isa_row_of(&insn);
    }
    return (struct isa_row){ISA_TRAPS, VECTOR_UD}; /* it has no instance that decodes */
}

static char *describe(struct isa_row way)
{
    if (way.way == ISA_LIFTED) return lab_copy("translated");
    if (way.way == ISA_HELPER) return lab_printf("interpreted: %s", x86_helper_name(way.what));
    return lab_printf("always %s", way.what == VECTOR_UD ? "#UD" : "#GP");
}

/* ---- the cases ---- */

/* Counts the rows of one case, each once: its code ends in a jump to `exit` or in what does not decode. */
static void count_case(const struct elf_file *elf, uint64_t at, uint64_t exit, unsigned *cases, bool *seen)
{
    struct x86_insn insn;
    uint8_t bytes[X86_INSN_BYTES_MAX];
    memset(seen, 0, x86_row_count * sizeof *seen);
    for (;; at += insn.length) {
        unsigned available = elf_file_fetch(elf, at, bytes, sizeof bytes);
        if (x86_decode(bytes, available, ISA_CONTEXT, &insn) != X86_OK) return;
        bool jump = insn.row == ROW_JMP_JZ || insn.row == ROW_JMP_JB;
        if (jump && at + insn.length + (uint64_t)insn.immediate == exit) return;
        cases[insn.row] += !seen[insn.row];
        seen[insn.row] = true;
    }
}

/* For each row, how many hand-made cases hold it: read from the program into which tests/cases assembles them as
 * case_1, case_2, ... NULL: it is not built. */
static unsigned *count_cases(void)
{
    struct elf_file elf;
    uint64_t address, exit;
    unsigned *cases = NULL;
    if (!elf_file_open(&elf, COVM_CASES)) return NULL;
    if (elf_symbol_find(&elf, "enter_exit", &exit)) {
        cases = lab_allocate(x86_row_count * sizeof *cases);
        bool *seen = lab_allocate(x86_row_count * sizeof *seen);
        char name[32];
        for (unsigned n = 1; snprintf(name, sizeof name, "case_%u", n), elf_symbol_find(&elf, name, &address); n++)
            count_case(&elf, address, exit, cases, seen);
        free(seen);
    }
    elf_file_close(&elf);
    return cases;
}

static const char *not_on_host(unsigned row)
{
    const char *reason = x86_left_out(X86_TEST_HOST, row);
    return reason ? reason : x86_left_out(X86_TEST_HOST_LOOSE, row);
}

static char *tested_by(unsigned row, const unsigned *cases)
{
    const char *host = not_on_host(row), *sequences = x86_left_out(X86_TEST_SEQUENCES, row);
    struct text text = {0};
    text_printf(&text, "%s%s", host ? "" : "host ", sequences ? "" : "sequences ");
    if (!cases)
        text_printf(&text, "(cases not built) ");
    else if (cases[row])
        text_printf(&text, "cases:%u ", cases[row]);
    if (host && sequences && !strcmp(host, sequences)) {
        text_printf(&text, "(neither host nor sequences: %s) ", host);
        sequences = NULL;
    } else if (host) {
        text_printf(&text, "(no host: %s) ", host);
    }
    if (sequences) text_printf(&text, "(no sequences: %s) ", sequences);
    text.data[--text.length] = 0; /* the blank at the end: one of these was printed */
    return text.data;
}

/* ---- the list ---- */

struct summary {
    unsigned rows, ways[3], host, sequences, cases;
};

static void print_row(unsigned row, bool csv, const unsigned *cases, struct summary *summary)
{
    const struct x86_row *r = &x86_rows[row];
    struct isa_row way = way_of(row);
    struct text encoding = {0};
    print_encoding(&encoding, row);
    char *how = describe(way), *tested = tested_by(row, cases);
    const char *faults = r->properties & X86_MAY_FAULT ? "faults" : "-";
    const char *lock = r->properties & X86_LOCKABLE ? "lock" : "-";
    printf(csv ? "%s,\"%s\",%s,%s,%s,%s,%s,\"%s\"\n" : "%-10s %-12s %-20s %-8s %-28s %-6s %-4s  %s\n", r->mnemonic,
           r->form, text_string(&encoding), isa_cpu_key(isa_row_cpu(row)), how, faults, lock, tested);
    summary->rows++;
    summary->ways[way.way]++;
    summary->host += !not_on_host(row);
    summary->sequences += !x86_left_out(X86_TEST_SEQUENCES, row);
    summary->cases += cases && cases[row];
    text_free(&encoding);
    free(how);
    free(tested);
}

static bool holds(const char *name, const char *pattern)
{
    size_t length = strlen(pattern);
    for (; *name; name++)
        if (!strncasecmp(name, pattern, length)) return true;
    return !length;
}

static int list(bool csv, const char *pattern)
{
    struct summary summary = {0};
    unsigned *cases = count_cases();
    if (csv) printf("mnemonic,form,encoding,cpu,how,faults,lock,tested\n");
    for (unsigned row = 0; row < x86_row_count; row++) {
        if (holds(x86_rows[row].mnemonic, pattern) || holds(x86_rows[row].form, pattern))
            print_row(row, csv, cases, &summary);
    }
    if (!csv)
        printf("%u rows: %u translated, %u interpreted only, %u always an exception; tested: %u on the host, %u in "
               "sequences, "
               "%u in cases\n",
               summary.rows, summary.ways[ISA_LIFTED], summary.ways[ISA_HELPER], summary.ways[ISA_TRAPS], summary.host,
               summary.sequences, summary.cases);
    free(cases);
    if (!summary.rows) fprintf(stderr, "covm: no row of the table holds '%s'\n", pattern);
    return summary.rows ? EXIT_FINE : EXIT_CHECK_FAILED;
}

int command_isa(int argc, char **argv)
{
    bool csv = false;
    int option;
    while ((option = cli_next(COMMAND_ISA, argc, argv)) != -1) {
        if (option != OPTION_CSV) return cli_usage(option, COMMAND_ISA);
        csv = true;
    }
    if (optind + 1 < argc) return cli_usage('?', COMMAND_ISA);
    return list(csv, optind < argc ? argv[optind] : "");
}
