/* stats_command.c -- covm stats list | diff A B */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/stats.h"

static const char usage[] = "usage: covm stats list         every statistic: name, unit, formula, meaning\n"
                            "       covm stats diff A B     what differs between two runs (directories, or their "
                            "stats.csv); 1 if anything does\n";

static int list(void)
{
    struct stats_table table;
    stats_table_init(&table);
    printf("name\tunit\tformula\tmeaning\n");
    for (unsigned i = 0; i < table.count; i++) {
        const struct stats_row *row = &table.rows[i];
        printf("%s\t%s\t%s\t%s\n", row->path, row->unit, row->formula ? row->formula : "", row->meaning);
    }
    printf("interpreted_only.NAME\tinstructions\t\tinterpreter-only instructions of that name, where there were any\n");
    stats_table_free(&table);
    return EXIT_FINE;
}

/* A line of stats.csv; the fields point into the file's text. */
struct line {
    const char *window, *name, *unit, *value;
};
struct lines {
    char *text;
    struct line *lines;
    unsigned count;
};

static bool split(char *text, struct line *line)
{
    char *fields[5];
    for (unsigned f = 0; f < 5; f++) {
        fields[f] = text;
        char *end = text + strcspn(text, ",");
        if (f < 4 && !*end) return false;
        text = end + (*end == ',');
        *end = 0;
    }
    *line = (struct line){fields[1], fields[2], fields[3], fields[4]};
    return true;
}

static bool read_lines(const char *path, struct lines *lines)
{
    struct stat status;
    char *file =
        stat(path, &status) == 0 && S_ISDIR(status.st_mode) ? lab_printf("%s/stats.csv", path) : lab_copy(path);
    *lines = (struct lines){.text = lab_read_file(file, 64 << 20, NULL)};
    bool fine = lines->text != NULL;
    if (!fine) fprintf(stderr, "%s: error: %s\n", file, strerror(errno));
    unsigned number = 1;
    char *save = NULL;
    for (char *at = fine ? strtok_r(lines->text, "\n", &save) : NULL; at && fine;
         at = strtok_r(NULL, "\n", &save), number++) {
        struct line line;
        fine = split(at, &line);
        if (!fine) fprintf(stderr, "%s:%u: error: not a line of run,window,name,unit,value\n", file, number);
        if (!fine || number == 1) continue;
        lines->lines = lab_reallocate(lines->lines, (lines->count + 1) * sizeof line);
        lines->lines[lines->count++] = line;
    }
    free(file);
    return fine;
}

static void free_lines(struct lines *lines)
{
    free(lines->text);
    free(lines->lines);
}

static const struct line *find(const struct lines *lines, const struct line *wanted)
{
    for (unsigned i = 0; i < lines->count; i++) {
        if (!strcmp(lines->lines[i].name, wanted->name) && !strcmp(lines->lines[i].window, wanted->window))
            return &lines->lines[i];
    }
    return NULL;
}

static void print_difference(const struct line *line, const char *a, const char *b)
{
    printf("%s\t%s\t%s\t%s\t%s\t", line->window, line->name, line->unit, *a ? a : "null", *b ? b : "null");
    double from = strtod(a, NULL), to = strtod(b, NULL);
    if (*a && *b && from != 0) {
        printf("%+.2f%%\n", (to - from) / from * 100);
    } else {
        printf("\n");
    }
}

static int diff(const char *path_a, const char *path_b)
{
    struct lines a = {0}, b = {0};
    int code = EXIT_USAGE;
    bool fine = read_lines(path_a, &a);
    if (read_lines(path_b, &b) && fine) {
        code = EXIT_FINE;
        for (unsigned i = 0; i < a.count; i++) {
            const struct line *other = find(&b, &a.lines[i]);
            if (other && !strcmp(other->value, a.lines[i].value)) continue;
            if (code == EXIT_FINE) printf("window\tname\tunit\tA\tB\tchange\n");
            code = EXIT_CHECK_FAILED;
            print_difference(&a.lines[i], a.lines[i].value, other ? other->value : "");
        }
        for (unsigned i = 0; i < b.count; i++) {
            if (find(&a, &b.lines[i])) continue;
            code = EXIT_CHECK_FAILED;
            print_difference(&b.lines[i], "", b.lines[i].value);
        }
    }
    free_lines(&a);
    free_lines(&b);
    return code;
}

int command_stats(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, CLI_HELP}, {0}};
    int option = getopt_long(argc, argv, "", options, NULL);
    if (option != -1) return cli_usage(option, usage);
    int rest = argc - optind;
    if (rest == 1 && !strcmp(argv[optind], "list")) return list();
    if (rest == 3 && !strcmp(argv[optind], "diff")) return diff(argv[optind + 1], argv[optind + 2]);
    return cli_usage('?', usage);
}
