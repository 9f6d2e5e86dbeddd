/* main.c -- covm: finds the subcommand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/cli.h"
#include "lab/suggest.h"
#include "lab/version.h"

static int usage(FILE *to, int code)
{
    struct text text = {0};
    cli_print_commands(&text);
    fputs(text_string(&text), to);
    text_free(&text);
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 2) return usage(stderr, EXIT_USAGE);
    if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
        return usage(stdout, EXIT_FINE);
    if (!strcmp(argv[1], "--version")) {
        printf("covm %s\n", COVM_VERSION);
        return EXIT_FINE;
    }
    struct suggest suggest;
    suggest_begin(&suggest, argv[1]);
    for (unsigned i = 0; i < COMMANDS; i++) {
        if (!strcmp(argv[1], cli_commands[i].name)) {
            char *name = lab_printf("covm %s", argv[1]);
            argv[1] = name; /* messages begin with it */
            int code = cli_commands[i].run(argc - 1, argv + 1);
            free(name);
            return code;
        }
        suggest_offer(&suggest, cli_commands[i].name, strlen(cli_commands[i].name), 0);
    }
    struct text hint = {0};
    suggest_print(&suggest, &hint);
    fprintf(stderr, "covm: no command '%s'%s\n", argv[1], text_string(&hint));
    text_free(&hint);
    return usage(stderr, EXIT_USAGE);
}
