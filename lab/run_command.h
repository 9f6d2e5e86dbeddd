/* run_command.h -- the options of covm run, for the commands that run a program and more. */
#ifndef COVM_RUN_COMMAND_H
#define COVM_RUN_COMMAND_H

#include "lab/cli.h"
#include "lab/run.h"

enum { RUN_CHECK = CLI_OWN, RUN_GUEST_EXIT, RUN_ROOT, RUN_WRITE, RUN_ENV, RUN_MAX_INSNS, RUN_OWN };
#define RUN_OPTIONS                                                                                                    \
    CLI_OPTIONS, {"check", no_argument, NULL, RUN_CHECK}, {"guest-exit", no_argument, NULL, RUN_GUEST_EXIT},           \
        {"root", required_argument, NULL, RUN_ROOT}, {"write", no_argument, NULL, RUN_WRITE},                          \
        {"env", required_argument, NULL, RUN_ENV},                                                                     \
    {                                                                                                                  \
        "max-insns", required_argument, NULL, RUN_MAX_INSNS                                                            \
    }
#define RUN_USAGE                                                                                                      \
    "  --check               compare every commit with a shadow interpreter (lockstep)\n"                              \
    "  --guest-exit          exit with the guest's own code (128+n if signal n killed it)\n"                           \
    "  --root DIR            the guest's / (default: the current directory)\n"                                         \
    "  --write               let the guest write below its /\n"                                                        \
    "  --env NAME=VALUE      a variable of the guest's environment, beside the fixed ones\n"                           \
    "  --max-insns N         stop after that many guest instructions (exit code 5)\n"                                  \
    "  -d LETTERS[@0xADDR]   trace channels ('-d help' lists them) to standard error, for the code at one address\n"   \
    "  -v, -q                a line of figures at the end always, or never (default: where standard error is a "       \
    "terminal)\n"

struct run_command {
    const char *name; /* in messages */
    struct config_args config;
    struct run_request request;
    bool guest_exit, figures;
    char *letters;
    unsigned env_count;
};

void run_command_begin(struct run_command *command, char **argv);
/* Takes an option of RUN_OPTIONS, or -d, -q, -v; a mistake is told, and false. */
bool run_command_option(struct run_command *command, int option, char *value);
/* Runs words[0], as the options say, with the other words as its arguments; returns the exit code. */
int run_command_run(struct run_command *command, int count, char **words);
void run_command_free(struct run_command *command);

#endif
