/* reference_command.c -- covm reference man | bash | markdown */
#include <string.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/reference.h"

static int print(const char *what)
{
    struct text text = {0};
    struct diag diag = {0};
    bool known = true, fine = true;
    if (!strcmp(what, "man"))
        reference_print_man(&text);
    else if (!strcmp(what, "bash"))
        reference_print_bash(&text, &diag);
    else if (!strcmp(what, "markdown"))
        fine = reference_print_markdown(&text);
    else
        known = false;
    fine &= !diag.count;
    diag_print(&diag, stderr);
    diag_free(&diag);
    if (known && fine) fputs(text_string(&text), stdout);
    text_free(&text);
    return !known ? cli_usage('?', COMMAND_REFERENCE) : fine ? EXIT_FINE : EXIT_CONFIG;
}

int command_reference(int argc, char **argv)
{
    int option = cli_next(COMMAND_REFERENCE, argc, argv);
    if (option != -1 || optind + 1 != argc) return cli_usage(option == -1 ? '?' : option, COMMAND_REFERENCE);
    return print(argv[optind]);
}
