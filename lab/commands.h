/* commands.h -- the subcommands of covm (commands.def). Each takes its own argv (argv[0]: "covm NAME") and returns the
 * exit code. */
#ifndef COVM_COMMANDS_H
#define COVM_COMMANDS_H

enum command_id {
#define COMMAND(id, ...) COMMAND_##id,
#include "lab/commands.def"
    COMMANDS
};

/* Exit codes (DESIGN section 6). */
enum {
#define EXIT_CODE(name, code, meaning) EXIT_##name = code,
#include "lab/exits.def"
#undef EXIT_CODE
    EXIT_BY_SIGNAL = 128, /* + n: ended by signal n */
};

#define COMMAND(id, name, ...) int command_##name(int argc, char **argv);
#include "lab/commands.def"

#endif
