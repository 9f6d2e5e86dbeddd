/* stats_command.c -- covm stats list | diff A B */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/record.h"
#include "lab/regions.h"
#include "lab/samples.h"
#include "lab/stats.h"
#include "lab/suggest.h"

static void print_row(const char *path, const char *unit, const char *formula, const char *meaning)
{
    printf("%s\t%s\t%s\t%s\n", path, unit, formula ? formula : "", meaning);
}

static void print_column(void *cookie, const char *path, const char *unit, const char *meaning)
{
    (void)cookie;
    print_row(path, unit, NULL, meaning);
}

/* Is `path` that name, or in that section? */
static bool within(const char *path, const char *name)
{
    size_t length = strlen(name);
    return !strncmp(path, name, length) && (!path[length] || path[length] == '.');
}

static int unknown(const struct stats_table *table, const char *name)
{
    struct suggest suggest;
    struct text hint = {0};
    suggest_begin(&suggest, name);
    for (unsigned i = 0; i < table->count; i++)
        suggest_offer(&suggest, table->rows[i].path, strlen(table->rows[i].path), 0);
    suggest_print(&suggest, &hint);
    fprintf(stderr, "covm stats list: no statistic '%s'%s\n", name, text_string(&hint));
    text_free(&hint);
    return EXIT_USAGE;
}

/* All, or with a name that one or those of its section. */
static int list(const char *name)
{
    struct stats_table table;
    stats_table_init(&table);
    bool any = !name || within(STATS_NAMED_PATH, name);
    for (unsigned i = 0; i < table.count; i++) any |= within(table.rows[i].path, name ? name : "");
    if (any) printf("name\tunit\tformula\tmeaning\n");
    for (unsigned i = 0; i < table.count; i++) {
        const struct stats_row *row = &table.rows[i];
        if (!name || within(row->path, name)) print_row(row->path, row->unit, row->formula, row->meaning);
    }
    if (!name || within(STATS_NAMED_PATH, name))
        print_row(STATS_NAMED_PATH, STATS_NAMED_UNIT, NULL, STATS_NAMED_MEANING);
    int code = any ? EXIT_FINE : unknown(&table, name);
    stats_table_free(&table);
    if (!name) regions_describe(print_column, NULL);
    return code;
}

/* ---- diff ---- */

struct difference {
    const struct sample *sample; /* of A, or of B where A has none */
    const char *a, *b;
    double change; /* relative; infinite where there is nothing to measure it against */
};
struct comparison {
    struct difference *items;
    unsigned count;
    double tolerance; /* relative changes up to that are none */
};

static void compare(struct comparison *c, const struct sample *sample, const char *a, const char *b)
{
    double from = strtod(a, NULL), to = strtod(b, NULL);
    struct difference difference = {sample, a, b, *a && *b && from != 0 ? (to - from) / from : (double)INFINITY};
    if (!strcmp(a, b) || fabs(difference.change) <= c->tolerance) return;
    c->items = lab_reallocate(c->items, (c->count + 1) * sizeof difference);
    c->items[c->count++] = difference;
}

/* The largest effect first; by name among equals. */
static int by_effect(const void *a, const void *b)
{
    const struct difference *x = a, *y = b;
    if (fabs(x->change) != fabs(y->change)) return fabs(x->change) < fabs(y->change) ? 1 : -1;
    int window = strcmp(x->sample->window, y->sample->window);
    return window ? window : strcmp(x->sample->name, y->sample->name);
}

static void print_differences(const struct comparison *c)
{
    if (c->count) printf("window\tname\tunit\tA\tB\tchange\n");
    for (unsigned i = 0; i < c->count; i++) {
        const struct difference *d = &c->items[i];
        printf("%s\t%s\t%s\t%s\t%s\t", d->sample->window, d->sample->name, d->sample->unit, *d->a ? d->a : "null",
               *d->b ? d->b : "null");
        if (isinf(d->change))
            printf("\n");
        else
            printf("%+.2f%%\n", d->change * 100);
    }
}

/* A file, such as stats.csv alone, is taken as it is. */
static int check_record(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode) ? record_check(path) : EXIT_FINE;
}

static int diff(const char *path_a, const char *path_b, double tolerance)
{
    int code_a = check_record(path_a), code_b = check_record(path_b);
    if (code_a || code_b) return code_a > code_b ? code_a : code_b;
    struct samples a = {0}, b = {0};
    struct comparison c = {.tolerance = tolerance};
    bool fine = samples_read(&a, path_a);
    fine = samples_read(&b, path_b) && fine;
    for (unsigned i = 0; fine && i < a.count; i++) {
        const struct sample *other = samples_find(&b, a.items[i].window, a.items[i].name);
        compare(&c, &a.items[i], a.items[i].value, other ? other->value : "");
    }
    for (unsigned i = 0; fine && i < b.count; i++)
        if (!samples_find(&a, b.items[i].window, b.items[i].name)) compare(&c, &b.items[i], "", b.items[i].value);
    if (c.count) qsort(c.items, c.count, sizeof *c.items, by_effect);
    if (fine) print_differences(&c);
    samples_free(&a);
    samples_free(&b);
    free(c.items);
    return !fine ? EXIT_USAGE : c.count ? EXIT_CHECK_FAILED : EXIT_FINE;
}

static bool take_tolerance(const char *value, double *tolerance)
{
    char *end;
    *tolerance = strtod(value, &end) / 100;
    if (end != value && (!*end || !strcmp(end, "%")) && *tolerance >= 0) return true;
    fprintf(stderr, "covm stats: --tolerance %s: not a percentage\n", value);
    return false;
}

int command_stats(int argc, char **argv)
{
    double tolerance = 0;
    for (int option; (option = cli_next(COMMAND_STATS, argc, argv)) != -1;) {
        if (option != OPTION_TOLERANCE) return cli_usage(option, COMMAND_STATS);
        if (!take_tolerance(optarg, &tolerance)) return EXIT_USAGE;
    }
    int rest = argc - optind;
    if ((rest == 1 || rest == 2) && !strcmp(argv[optind], "list")) return list(rest == 2 ? argv[optind + 1] : NULL);
    if (rest == 3 && !strcmp(argv[optind], "diff")) return diff(argv[optind + 1], argv[optind + 2], tolerance);
    return cli_usage('?', COMMAND_STATS);
}
