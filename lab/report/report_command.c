/* report_command.c -- covm report DIR */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Not over the guest's program or the study's file; where they are not known, nothing is in the way. */
static bool spares_source(const char *output, const char *directory, bool run)
{
    struct document document;
    struct diag diag = {0}; /* what is wrong is told later */
    char *path = lab_printf("%s/%s", directory, run ? "run.json" : "plan.json");
    bool fine = true, there = document_read_file(&document, path, &diag);
    const struct node *source = there && document.root ? node_find(document.root, run ? "guest" : "command") : NULL;
    if (source && source->kind == NODE_LIST) source = source->count ? &source->items[source->count - 1] : NULL;
    if (source && node_word(source)) fine = files_may_make(output, node_word(source));
    if (there) document_free(&document);
    diag_free(&diag);
    free(path);
    return fine;
}

/* Nor over what the directory holds, but for pages. */
static bool spares_directory(const char *output, const char *directory)
{
    DIR *entries = opendir(directory);
    bool fine = true;
    for (struct dirent *entry; fine && entries && (entry = readdir(entries));) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot && !strcmp(dot, ".html")) continue;
        char *path = lab_printf("%s/%s", directory, entry->d_name);
        fine = files_may_make(output, path);
        free(path);
    }
    if (entries) closedir(entries);
    return fine;
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
    if (!spares_source(path, directory, run) || !spares_directory(path, directory)) {
        free(path);
        return EXIT_USAGE;
    }
    bool fine = (run ? report_run : report_sweep)(directory, &page) && files_write(path, &page);
    if (fine) printf("%s\n", path);
    text_free(&page);
    free(path);
    return fine ? EXIT_FINE : EXIT_CHECK_FAILED;
}
