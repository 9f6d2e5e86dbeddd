#include "lab/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/suggest.h"

enum { OPTIONS_MAX = 64 };

static const struct cli_row *find_option(enum command_id command, int option)
{
    const struct cli_row *row = cli_row(command, CLI_OPTION, NULL);
    while (row && row->option != option) row = cli_row(command, CLI_OPTION, row);
    return row;
}

/* There is no option as written, or it is the beginning of many. */
static void complain_of_name(enum command_id command, const char *written)
{
    struct suggest suggest;
    struct text candidates = {0}, hint = {0};
    suggest_begin(&suggest, written);
    for (const struct cli_row *row = NULL; (row = cli_row(command, CLI_OPTION, row));) {
        suggest_offer(&suggest, row->word, strlen(row->word), 0);
        if (!strncmp(row->word, written, strlen(written)))
            text_printf(&candidates, "%s'%s'", candidates.length ? " or " : "", row->word);
    }
    suggest_print(&suggest, &hint);
    if (candidates.length)
        fprintf(stderr, "covm %s: option '%s' may be %s\n", cli_commands[command].name, written,
                text_string(&candidates));
    else
        fprintf(stderr, "covm %s: no option '%s'%s\n", cli_commands[command].name, written, text_string(&hint));
    text_free(&candidates);
    text_free(&hint);
}

/* Tells what is wrong with the option at which getopt_long stopped. */
static void complain(enum command_id command, int answer, const char *written)
{
    const struct cli_row *row = optopt ? find_option(command, optopt) : NULL;
    const char *name = cli_commands[command].name;
    if (answer == ':' && row) {
        fprintf(stderr, "covm %s: option '%s' needs an argument: %s\n", name, row->word, row->argument);
    } else if (row || optopt == OPTION_HELP) {
        fprintf(stderr, "covm %s: option '%s' takes no argument\n", name, row ? row->word : "--help");
    } else if (optopt) {
        fprintf(stderr, "covm %s: no option '-%c'\n", name, optopt);
    } else {
        char *word = lab_printf("%.*s", (int)strcspn(written, "="), written);
        complain_of_name(command, word);
        free(word);
    }
}

int cli_next(enum command_id command, int argc, char **argv)
{
    struct option options[OPTIONS_MAX] = {{"help", no_argument, NULL, OPTION_HELP}};
    const struct cli_row *form = cli_row(command, CLI_FORM, NULL);
    struct text letters = {0};
    unsigned count = 1;
    text_printf(&letters, form && form->takes == TAKES_GUEST ? "+:" : ":");
    for (const struct cli_row *row = NULL; (row = cli_row(command, CLI_OPTION, row));) {
        if (row->option <= 0xff) {
            text_printf(&letters, *row->argument ? "%c:" : "%c", row->option);
        } else {
            if (count == OPTIONS_MAX - 1) abort();
            options[count++] = (struct option){row->word + 2, *row->argument != 0, NULL, row->option};
        }
    }
    opterr = 0; /* complain() says more than getopt */
    int option = getopt_long(argc, argv, text_string(&letters), options, NULL);
    text_free(&letters);
    if (option != '?' && option != ':') return option;
    complain(command, option, argv[optind - 1]);
    return '?';
}

static void append(const char ***list, unsigned *count, const char *item)
{
    *list = lab_reallocate(*list, (*count + 1) * sizeof **list);
    (*list)[(*count)++] = item;
}

bool cli_option(struct config_args *args, int option, const char *value)
{
    switch (option) {
    case OPTION_MACHINE: args->machine = value; return true;
    case OPTION_CONFIG: append(&args->files, &args->file_count, value); return true;
    case OPTION_SET: append(&args->sets, &args->set_count, value); return true;
    default: return false;
    }
}

int cli_usage(int option, enum command_id command)
{
    struct text text = {0};
    cli_print_usage(command, &text);
    fputs(text_string(&text), option == OPTION_HELP ? stdout : stderr);
    text_free(&text);
    return option == OPTION_HELP ? EXIT_FINE : EXIT_USAGE;
}

bool cli_number(const char *option, const char *written, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(written, &end, 0);
    if (!errno && *written >= '0' && *written <= '9' && !*end) return true;
    fprintf(stderr, "covm: %s: '%s' is not a number\n", option, written);
    return false;
}
