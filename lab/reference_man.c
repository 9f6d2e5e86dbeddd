/* reference_man.c -- the manual page, covm(1): what commands.def, exits.def and manual.def say, in roff. */
#include <stdlib.h>
#include <string.h>

#include "lab/cli.h"
#include "lab/paths.h"
#include "lab/reference.h"
#include "lab/version.h"

enum { COLUMNS = 78 };

/* Appends a word as roff prints it: backslashes, and what typesetting would turn into other characters; a leading dot
 * is no request. */
static void print_word(struct text *text, const char *word, size_t length)
{
    static const struct {
        char character;
        const char *written;
    } escapes[] = {{'\\', "\\e"}, {'-', "\\-"}, {'\'', "\\(aq"}, {'`', "\\(ga"}, {'^', "\\(ha"}, {'~', "\\(ti"}};
    if (*word == '.') text_printf(text, "\\&");
    for (const char *c = word; c < word + length; c++) {
        unsigned e = 0;
        while (e < LENGTH(escapes) && escapes[e].character != *c) e++;
        if (e < LENGTH(escapes))
            text_printf(text, "%s", escapes[e].written);
        else
            text_add(text, c, 1);
    }
}

/* Lines of text, a new one for each sentence. */
static void print_line(struct text *text, const char *words)
{
    size_t start = text->length;
    bool sentence = false;
    while (*words) {
        size_t length = strcspn(words, " "), before = text->length;
        if (before > start) text_add(text, " ", 1);
        print_word(text, words, length);
        if (before > start && (sentence || text->length - start > COLUMNS)) {
            text->data[before] = '\n';
            start = before + 1;
        }
        sentence = words[length - 1] == '.';
        words += length;
        words += strspn(words, " ");
    }
    text_printf(text, "\n");
}

/* `word` in bold, `argument` in italics, without a line's end. */
static void print_call(struct text *text, const char *word, const char *argument)
{
    text_printf(text, "\\fB");
    print_word(text, word, strlen(word));
    text_printf(text, "\\fR");
    if (!*argument) return;
    text_printf(text, " \\fI");
    print_word(text, argument, strlen(argument));
    text_printf(text, "\\fR");
}

/* An item of a list and its explanation. */
static void print_item(struct text *text, const char *word, const char *argument, const char *meaning)
{
    text_printf(text, ".TP\n");
    print_call(text, word, argument);
    text_printf(text, "\n");
    print_line(text, meaning);
}

static void print_command(struct text *text, enum command_id command)
{
    const char *name = cli_commands[command].name;
    text_printf(text, ".SS covm %s\n", name);
    print_line(text, cli_commands[command].meaning);
    for (const struct cli_row *row = NULL; (row = cli_row(command, CLI_FORM, row));) {
        char *call = lab_printf("covm %s%s%s", name, *row->word ? " " : "", row->word);
        print_item(text, call, row->argument, row->meaning);
        free(call);
    }
    if (cli_row(command, CLI_OPTION, NULL)) text_printf(text, ".PP\nOptions:\n");
    for (const struct cli_row *row = NULL; (row = cli_row(command, CLI_OPTION, row));)
        print_item(text, row->word, row->argument, row->meaning);
    for (const struct cli_row *row = NULL; (row = cli_row(command, CLI_NOTE, row));) {
        text_printf(text, ".PP\n");
        print_line(text, row->meaning);
    }
}

static void print_beginning(struct text *text)
{
    text_printf(text, ".TH COVM 1 %s \"covm %s\" \"User Commands\"\n", COVM_DATE, COVM_VERSION);
    text_printf(text, ".SH NAME\ncovm \\- simulator of a co\\-designed virtual machine\n");
    text_printf(text, ".SH SYNOPSIS\n.B covm\n.I command\n\\&.\\|.\\|.\n.br\n.B covm \\-\\-version\n");
    text_printf(text, ".SH DESCRIPTION\n");
    print_line(text, "covm simulates a processor that is half silicon, half software: a VLIW that has never heard of "
                     "x86, and concealed software that interprets cold x86 code, translates hot code into bundles, and "
                     "rolls back where a translation meets a trap. It runs static i386 Linux programs and tells for "
                     "every cycle what the machine was doing, and why.");
    text_printf(text, ".PP\n");
    print_line(text, "Data go to standard output, everything else to standard error. Every command takes --help.");
    text_printf(text, ".SH COMMANDS\n");
}

static void print_configuration(struct text *text)
{
    text_printf(text, ".SH CONFIGURATION\n");
    print_line(text, "Every parameter of the machine is a key, which covm config explain explains. A value comes, the "
                     "later before the earlier, from the key's default, the machine that a file extends, the machine "
                     "(--machine), the files of --config from left to right, and --set. Machines that come with covm:");
    char **machines = paths_machines();
    for (unsigned i = 0; machines[i]; i++) {
        text_printf(text, "%s\n", i ? ".br" : ".PP");
        print_call(text, machines[i], "");
        text_printf(text, "\n");
        free(machines[i]);
    }
    free(machines);
}

static void print_end(struct text *text)
{
    text_printf(text, ".SH FILES\n");
    print_line(text, "A run with -o DIR writes into that new directory:");
#define RECORD_FILE(name, meaning) print_item(text, name, "", meaning ".");
#define VARIABLE(name, meaning)
#include "lab/manual.def"
    text_printf(text, ".SH ENVIRONMENT\n");
    print_line(text, "No result depends on the environment, and none of it reaches the guest.");
#define RECORD_FILE(name, meaning)
#define VARIABLE(name, meaning) print_item(text, name, "", meaning ".");
#include "lab/manual.def"
    text_printf(text, ".SH EXIT STATUS\n");
#define EXIT_CODE(name, code, meaning) print_item(text, #code, "", meaning ".");
#include "lab/exits.def"
#undef EXIT_CODE
    print_item(text, "128+n", "", "ended by signal n.");
    print_line(text, "With --guest-exit the guest's own.");
    text_printf(text, ".SH EXAMPLES\n.EX\n");
    print_line(text, "covm demo");
    print_line(text, "covm run --machine crusoe -o first -- ./prog its arguments");
    print_line(text, "covm run --machine crusoe --set core.jtlb.entries=64 -o second -- ./prog its arguments");
    print_line(text, "covm stats diff first second");
    text_printf(text, ".EE\n.SH SEE ALSO\n.BR gcc (1),\n.BR gnuplot (1),\n.BR dot (1)\n");
}

void reference_print_man(struct text *text)
{
    print_beginning(text);
    for (unsigned i = 0; i < COMMANDS; i++) print_command(text, (enum command_id)i);
    print_configuration(text);
    print_end(text);
}
