/* usage.c -- the rows of commands.def, and the texts for --help that they make. */
#include <stdlib.h>
#include <string.h>

#include "lab/cli.h"

#define OPTION_NAME(name, word) static const char word_##name[] = "--" word;
#include "lab/options.def"
#undef OPTION_NAME

#define FORM(command, word, argument, takes, meaning)                                                                  \
    {COMMAND_##command, CLI_FORM, 0, word, argument, TAKES_##takes, meaning},
#define OPTION(command, name, argument, takes, meaning)                                                                \
    {COMMAND_##command, CLI_OPTION, OPTION_##name, word_##name, argument, TAKES_##takes, meaning},
#define LETTER(command, letter, argument, takes, meaning)                                                              \
    {COMMAND_##command, CLI_OPTION, letter, (const char[]){'-', letter, 0}, argument, TAKES_##takes, meaning},
#define NOTE(command, meaning) {COMMAND_##command, CLI_NOTE, 0, "", "", TAKES_NOTHING, meaning},
static const struct cli_row rows[] = {
#include "lab/commands.def"
};

const struct cli_row *cli_row(enum command_id command, enum cli_kind kind, const struct cli_row *after)
{
    for (const struct cli_row *row = after ? after + 1 : rows; row < rows + LENGTH(rows); row++) {
        if (row->command == command && row->kind == kind) return row;
    }
    return NULL;
}

const struct cli_command cli_commands[COMMANDS] = {
#define COMMAND(id, name, meaning) [COMMAND_##id] = {#name, meaning, command_##name},
#include "lab/commands.def"
};

enum { COLUMNS = 120, OPTION_COLUMN = 24 };

/* Appends words from column `at` on, and a newline; lines that follow begin at column `indent`. */
static void print_words(struct text *text, unsigned at, unsigned indent, const char *words)
{
    while (*words) {
        unsigned length = (unsigned)strcspn(words, " ");
        if (at > indent && at + 1 + length > COLUMNS) {
            text_printf(text, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            text_printf(text, " ");
            at++;
        }
        text_add(text, words, length);
        at += length;
        words += length;
        words += strspn(words, " ");
    }
    text_printf(text, "\n");
}

/* A left side, filled up to the column where the meaning begins. */
static void print_pair(struct text *text, unsigned column, char *left, const char *meaning)
{
    unsigned length = (unsigned)strlen(left);
    text_printf(text, "%-*s%s", (int)column, left, length + 2 > column ? "  " : "");
    print_words(text, column, column, meaning);
    free(left);
}

static char *form_text(const struct cli_row *row)
{
    return lab_printf("covm %s%s%s%s%s", cli_commands[row->command].name, *row->word ? " " : "", row->word,
                      *row->argument ? " " : "", row->argument);
}

static void print_forms(enum command_id command, struct text *text)
{
    unsigned forms = 0, column = 0, printed = 0;
    for (const struct cli_row *row = NULL; (row = cli_row(command, CLI_FORM, row)); forms++) {
        char *form = form_text(row);
        if (strlen(form) > column) column = (unsigned)strlen(form);
        free(form);
    }
    for (const struct cli_row *row = NULL; (row = cli_row(command, CLI_FORM, row));) {
        char *form = form_text(row), *left = lab_printf("%s%s", printed++ ? "       " : "usage: ", form);
        free(form);
        if (forms > 1) {
            print_pair(text, column + 9, left, row->meaning);
        } else {
            text_printf(text, "%s\n", left);
            print_words(text, 0, 0, row->meaning);
            free(left);
        }
    }
}

void cli_print_usage(enum command_id command, struct text *text)
{
    print_forms(command, text);
    if (cli_row(command, CLI_OPTION, NULL)) text_printf(text, "options:\n");
    for (const struct cli_row *row = NULL; (row = cli_row(command, CLI_OPTION, row));) {
        char *left = lab_printf("  %s%s%s", row->word, *row->argument ? " " : "", row->argument);
        print_pair(text, OPTION_COLUMN, left, row->meaning);
    }
    for (const struct cli_row *row = NULL; (row = cli_row(command, CLI_NOTE, row));)
        print_words(text, 0, 0, row->meaning);
}

void cli_print_commands(struct text *text)
{
    text_printf(text, "usage: covm COMMAND ...\n\n");
    for (unsigned i = 0; i < COMMANDS; i++) {
        print_pair(text, 13, lab_printf("  %s", cli_commands[i].name), cli_commands[i].meaning);
    }
    text_printf(text, "\n'covm COMMAND --help' says more.\n");
}
