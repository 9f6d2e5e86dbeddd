/* cli.h -- the command line: the rows of commands.def, reading the options of a command, its usage text. */
#ifndef COVM_CLI_H
#define COVM_CLI_H

#include <getopt.h>

#include "lab/commands.h"
#include "lab/config.h"
#include "lab/text.h"

/* What cli_next() returns beside letters: OPTION_CHECK, ... */
enum {
    OPTION_HELP = 0x100,
#define OPTION_NAME(name, word) OPTION_##name,
#include "lab/options.def"
#undef OPTION_NAME
};

/* What an argument is; shell completion offers it. CHOICE: one of the words that the row's ARGUMENT lists ("test|ref").
 * SETTING: key=value. REAL: a workload that can be fetched, or "all". GUEST: a program and what it is given. */
enum cli_takes {
    TAKES_NOTHING,
    TAKES_CHOICE,
    TAKES_FILE,
    TAKES_FOLDER,
    TAKES_MACHINE,
    TAKES_KEY,
    TAKES_SETTING,
    TAKES_STATISTIC,
    TAKES_WORKLOAD,
    TAKES_REAL,
    TAKES_GUEST,
};
enum cli_kind { CLI_FORM, CLI_OPTION, CLI_NOTE };

/* A row of commands.def, those of a command in the order of the file. */
struct cli_row {
    enum command_id command;
    enum cli_kind kind;
    int option;           /* of an option: what cli_next() returns; a letter up to 0xff */
    const char *word;     /* of a form: its first word, or ""; of an option: "--long" or "-x" */
    const char *argument; /* as usage writes it; "": none */
    enum cli_takes takes;
    const char *meaning;
};
/* A command's first row of that kind, or the one behind `after`; NULL behind the last. */
const struct cli_row *cli_row(enum command_id command, enum cli_kind kind, const struct cli_row *after);
extern const struct cli_command {
    const char *name, *meaning;
    int (*run)(int argc, char **argv);
} cli_commands[COMMANDS];

/* The next option of the command, with its argument in getopt's optarg; -1 behind the last one, with the first operand
 * at getopt's optind; '?' where there is no such option, which has been told with the nearest name. */
int cli_next(enum command_id command, int argc, char **argv);
/* Takes --machine, --config, --set; false for any other option. */
bool cli_option(struct config_args *args, int option, const char *value);
/* What cli_next's '?' or OPTION_HELP or a wrong argument leads to: prints how to use the command; the exit code. */
int cli_usage(int option, enum command_id command);
/* An unsigned number (0x allowed) for an option; a mistake is reported. */
bool cli_number(const char *option, const char *written, uint64_t *value);

/* Appends the usage text of a command. */
void cli_print_usage(enum command_id command, struct text *text);
/* Appends "usage: covm COMMAND ..." and the list of commands. */
void cli_print_commands(struct text *text);

#endif
