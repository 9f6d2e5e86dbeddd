/* report_command.c -- covm report DIR */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/files.h"
#include "lab/report/report.h"

static bool holds(const char *directory, const char *name)
{
    char *path = lab_printf("%s/%s", directory, name);
    bool there = access(path, R_OK) == 0;
    free(path);
    return there;
}

int command_report(int argc, char **argv)
{
    const char *output = NULL;
    int option;
    while ((option = cli_next(COMMAND_REPORT, argc, argv)) != -1) {
        if (option != 'o') return cli_usage(option, COMMAND_REPORT);
        output = optarg;
    }
    if (argc - optind != 1) return cli_usage('?', COMMAND_REPORT);
    const char *directory = argv[optind];
    bool run = holds(directory, "run.json"), sweep = holds(directory, "manifest.json");
    if (!run && !sweep) {
        fprintf(stderr, "covm: %s is no finished run record (run.json) and no sweep (manifest.json)\n", directory);
        return EXIT_USAGE;
    }
    struct text page = {0};
    char *path = output ? lab_copy(output) : lab_printf("%s/report.html", directory);
    bool fine = (run ? report_run : report_sweep)(directory, &page) && files_write(path, &page);
    if (fine) printf("%s\n", path);
    text_free(&page);
    free(path);
    return fine ? EXIT_FINE : EXIT_CHECK_FAILED;
}
