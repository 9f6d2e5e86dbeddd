/* run_command.h -- the options of covm run, for the commands that run a program and more. */
#ifndef COVM_RUN_COMMAND_H
#define COVM_RUN_COMMAND_H

#include "lab/cli.h"
#include "lab/run.h"

struct run_command {
    const char *name; /* in messages */
    struct config_args config;
    struct run_request request;
    bool guest_exit, figures, saves;
    const char *save, *from; /* of covm run: files of snapshots, or NULL */
    char *letters;
    unsigned env_count;
};

void run_command_begin(struct run_command *command, char **argv);
/* Takes an option of RUN_OPTIONS or CONFIG_OPTIONS (commands.def); a mistake is told, and false. */
bool run_command_option(struct run_command *command, int option, char *value);
/* Runs words[0], as the options say, with the other words as its arguments; returns the exit code. */
int run_command_run(struct run_command *command, int count, char **words);
void run_command_free(struct run_command *command);

#endif
