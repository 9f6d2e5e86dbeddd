/* main.c -- covm: finds the subcommand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/commands.h"
#include "lab/suggest.h"
#include "lab/text.h"
#include "lab/version.h"

static const struct {
    const char *name, *meaning;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"demo", "run four workloads on two machines; a table and a figure of where the cycles went", command_demo},
    {"run", "run an i386 Linux program on the simulated machine", command_run},
    {"config", "check, dump, keys, explain: the parameters", command_config},
    {"stats", "list, diff: the statistics", command_stats},
    {"workloads", "list, build, fetch and run guest programs", command_workloads},
    {"disasm", "a region of a program as x86, IR and bundles, side by side", command_disasm},
    {"trace", "run a program and write what it did for Konata, Perfetto, KCachegrind or SimPoint", command_trace},
    {"scan", "what may stop a program on covm, found before it runs", command_scan},
    {"isa", "the x86 instructions that covm has: translated or interpreted, tested by what", command_isa},
    {"sweep", "plan, run, status, collect: a study, from its file to its figures", command_sweep},
    {"verify", "run a recorded run again under other circumstances, and compare the bytes", command_verify},
    {"bench", "how fast the simulator runs", command_bench},
};

static void usage(FILE *to)
{
    fputs("usage: covm COMMAND ...\n\n", to);
    for (unsigned i = 0; i < LENGTH(commands); i++) fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].meaning);
    fputs("\n'covm COMMAND --help' says more.\n", to);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        usage(stdout);
        return EXIT_FINE;
    }
    if (!strcmp(argv[1], "--version")) {
        printf("covm %s\n", COVM_VERSION);
        return EXIT_FINE;
    }
    struct suggest suggest;
    suggest_begin(&suggest, argv[1]);
    for (unsigned i = 0; i < LENGTH(commands); i++) {
        if (!strcmp(argv[1], commands[i].name)) {
            char *name = lab_printf("covm %s", argv[1]);
            argv[1] = name; /* getopt_long begins its messages with it */
            int code = commands[i].run(argc - 1, argv + 1);
            free(name);
            return code;
        }
        suggest_offer(&suggest, commands[i].name, strlen(commands[i].name), 0);
    }
    struct text hint = {0};
    suggest_print(&suggest, &hint);
    fprintf(stderr, "covm: no command '%s'%s\n", argv[1], text_string(&hint));
    text_free(&hint);
    usage(stderr);
    return EXIT_USAGE;
}
