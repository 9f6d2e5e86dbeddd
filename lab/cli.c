#include "lab/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/commands.h"
#include "lab/text.h"

static void append(const char ***list, unsigned *count, const char *item)
{
    *list = lab_reallocate(*list, (*count + 1) * sizeof **list);
    (*list)[(*count)++] = item;
}

bool cli_option(struct config_args *args, int option, const char *value)
{
    switch (option) {
    case CLI_MACHINE: args->machine = value; return true;
    case CLI_CONFIG: append(&args->files, &args->file_count, value); return true;
    case CLI_SET: append(&args->sets, &args->set_count, value); return true;
    default: return false;
    }
}

int cli_usage(int option, const char *usage)
{
    fputs(usage, option == CLI_HELP ? stdout : stderr);
    return option == CLI_HELP ? EXIT_FINE : EXIT_USAGE;
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
