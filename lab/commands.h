/* commands.h -- the subcommands of covm. Each takes its own argv (argv[0]: "covm NAME") and returns the exit code. */
#ifndef COVM_COMMANDS_H
#define COVM_COMMANDS_H

/* Exit codes (DESIGN section 6); 128 + n: ended by signal n. */
enum {
    EXIT_FINE = 0,
    EXIT_CHECK_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_CONFIG = 3,
    EXIT_GUEST = 4,
    EXIT_LIMIT = 5,
    EXIT_INTERNAL = 6,
    EXIT_INCOMPLETE = 7,
    EXIT_BY_SIGNAL = 128,
};

int command_run(int argc, char **argv);
int command_config(int argc, char **argv);
int command_stats(int argc, char **argv);
int command_workloads(int argc, char **argv);
int command_disasm(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_scan(int argc, char **argv);
int command_isa(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_sweep(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_demo(int argc, char **argv);

#endif
