/* trace_command.c -- covm trace */
#include <inttypes.h>
#include <string.h>

#include "lab/commands.h"
#include "lab/run_command.h"

enum { CYCLES_DEFAULT = 10000, CYCLES_MAX = 1000000, INTERVAL_DEFAULT = 10000000 };

/* Options that belong to one format. */
static const struct {
    int option;
    const char *name, *format;
} belongs[] = {{OPTION_FROM, "--from", "kanata"},
               {OPTION_CYCLES, "--cycles", "kanata"},
               {OPTION_RESOLUTION, "--resolution", "perfetto"},
               {OPTION_INTERVAL, "--interval", "bbv"}};

struct command {
    struct run_command run;
    struct trace_request trace;
    const char *format;
    bool given[LENGTH(belongs)];
};

static bool complain(const char *format, const char *a, const char *b)
{
    fprintf(stderr, "covm trace: ");
    fprintf(stderr, format, a, b);
    fputc('\n', stderr);
    return false;
}

static bool take_number(const char *name, const char *written, uint64_t low, uint64_t high, uint64_t *value)
{
    if (!cli_number(name, written, value)) return false;
    if (*value >= low && *value <= high) return true;
    fprintf(stderr, "covm trace: %s %s: must be from %" PRIu64 " to %" PRIu64 "\n", name, written, low, high);
    return false;
}

static bool take(struct command *c, int option, char *value)
{
    for (unsigned i = 0; i < LENGTH(belongs); i++)
        if (belongs[i].option == option) c->given[i] = true;
    switch (option) {
    case 'o': c->trace.path = value; return true;
    case OPTION_FORMAT:
        c->format = value;
        c->trace.format = trace_format_find(value);
        return c->trace.format || complain("--format %s: there are kanata, perfetto, callgrind, bbv", value, "");
    case OPTION_FROM: return take_number("--from", value, 0, INT64_MAX, &c->trace.from);
    case OPTION_CYCLES: return take_number("--cycles", value, 1, CYCLES_MAX, &c->trace.count);
    case OPTION_RESOLUTION: return take_number("--resolution", value, 1, INT64_MAX, &c->trace.resolution);
    case OPTION_INTERVAL: return take_number("--interval", value, 1, INT64_MAX, &c->trace.interval);
    case OPTION_RECORD: c->run.request.directory = value; return true;
    default: return run_command_option(&c->run, option, value);
    }
}

/* Is it all there, and does it belong together? */
static bool is_whole(const struct command *c)
{
    if (!c->format) return complain("--format says what to write: kanata, perfetto, callgrind or bbv", "", "");
    if (!c->trace.path) return complain("-o says where the trace goes", "", "");
    for (unsigned i = 0; i < LENGTH(belongs); i++) {
        if (c->given[i] && strcmp(belongs[i].format, c->format))
            return complain("%s is an option of --format %s", belongs[i].name, belongs[i].format);
    }
    return true;
}

int command_trace(int argc, char **argv)
{
    struct command c = {.trace = {.count = CYCLES_DEFAULT, .interval = INTERVAL_DEFAULT}};
    int option, code = EXIT_FINE;
    bool fine = true;
    run_command_begin(&c.run, argv);
    c.run.request.trace = &c.trace;
    while (fine && (option = cli_next(COMMAND_TRACE, argc, argv)) != -1) {
        if (option == '?' || option == OPTION_HELP) {
            code = cli_usage(option, COMMAND_TRACE);
            fine = false;
        } else if (!take(&c, option, optarg)) {
            code = EXIT_USAGE;
            fine = false;
        }
    }
    if (fine && optind == argc)
        code = cli_usage('?', COMMAND_TRACE);
    else if (fine && !is_whole(&c))
        code = EXIT_USAGE;
    else if (fine)
        code = run_command_run(&c.run, argc - optind, argv + optind);
    run_command_free(&c.run);
    return code;
}
