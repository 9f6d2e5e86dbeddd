/* cli.h -- the options that many commands share, and getopt_long's numbers for them. */
#ifndef COVM_CLI_H
#define COVM_CLI_H

#include <getopt.h>

#include "lab/config.h"

enum { CLI_MACHINE = 0x100, CLI_CONFIG, CLI_SET, CLI_HELP, CLI_OWN };
#define CLI_OPTIONS                                                                                                    \
    {"machine", required_argument, NULL, CLI_MACHINE}, {"config", required_argument, NULL, CLI_CONFIG},                \
        {"set", required_argument, NULL, CLI_SET},                                                                     \
    {                                                                                                                  \
        "help", no_argument, NULL, CLI_HELP                                                                            \
    }
#define CLI_USAGE                                                                                                      \
    "  --machine NAME        the machine configs/machines/NAME.yaml\n"                                                 \
    "  --config FILE         apply a configuration file (again and again, left to right)\n"                            \
    "  --set path=value      give a key a value (last word)\n"

/* Takes --machine, --config, --set; false for any other option. */
bool cli_option(struct config_args *args, int option, const char *value);
/* What getopt_long's '?' or CLI_HELP or a wrong argument leads to: prints `usage`; the exit code. */
int cli_usage(int option, const char *usage);
/* An unsigned number (0x allowed) for an option; a mistake is reported. */
bool cli_number(const char *option, const char *written, uint64_t *value);

#endif
