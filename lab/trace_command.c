/* trace_command.c -- covm trace */
#include <inttypes.h>
#include <string.h>

#include "lab/commands.h"
#include "lab/run_command.h"

static const char usage[] =
    "usage: covm trace --format FORMAT -o FILE [options] [--] PROGRAM [ARGUMENT...]\n"
    "Runs a program as 'covm run' does, and writes what it did for tools that people have. FORMAT is\n"
    "  kanata                bundle by bundle, for Konata; of a window of cycles:\n"
    "    --from CYCLE          where it begins (default 0)\n"
    "    --cycles N            how long it is (default 10000, at most 1000000)\n"
    "  perfetto              what the machine was doing over time, for ui.perfetto.dev:\n"
    "    --resolution CYCLES   merge what is shorter (default: what keeps the file below 30 MB)\n"
    "  callgrind             cycles by guest function, for callgrind_annotate and KCachegrind\n"
    "  bbv                   basic-block vectors, for SimPoint; FILE.pc names the blocks:\n"
    "    --interval INSNS      guest instructions a line (default 10000000)\n"
    "Options, beside those of 'covm run':\n"
    "  -o FILE               where the trace goes\n"
    "  --record DIR          write the run record, too (the -o of 'covm run')\n" CLI_USAGE RUN_USAGE;

enum { FORMAT = RUN_OWN, FROM, CYCLES, RESOLUTION, INTERVAL, RECORD };
enum { CYCLES_DEFAULT = 10000, CYCLES_MAX = 1000000, INTERVAL_DEFAULT = 10000000 };

/* Options that belong to one format. */
static const struct {
    int option;
    const char *name, *format;
} belongs[] = {{FROM, "--from", "kanata"},
               {CYCLES, "--cycles", "kanata"},
               {RESOLUTION, "--resolution", "perfetto"},
               {INTERVAL, "--interval", "bbv"}};

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
    case FORMAT:
        c->format = value;
        c->trace.format = trace_format_find(value);
        return c->trace.format || complain("--format %s: there are kanata, perfetto, callgrind, bbv", value, "");
    case FROM: return take_number("--from", value, 0, INT64_MAX, &c->trace.from);
    case CYCLES: return take_number("--cycles", value, 1, CYCLES_MAX, &c->trace.count);
    case RESOLUTION: return take_number("--resolution", value, 1, INT64_MAX, &c->trace.resolution);
    case INTERVAL: return take_number("--interval", value, 1, INT64_MAX, &c->trace.interval);
    case RECORD: c->run.request.directory = value; return true;
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
    static const struct option options[] = {RUN_OPTIONS,
                                            {"format", required_argument, NULL, FORMAT},
                                            {"from", required_argument, NULL, FROM},
                                            {"cycles", required_argument, NULL, CYCLES},
                                            {"resolution", required_argument, NULL, RESOLUTION},
                                            {"interval", required_argument, NULL, INTERVAL},
                                            {"record", required_argument, NULL, RECORD},
                                            {0}};
    struct command c = {.trace = {.count = CYCLES_DEFAULT, .interval = INTERVAL_DEFAULT}};
    int option, code = EXIT_FINE;
    bool fine = true;
    run_command_begin(&c.run, argv);
    c.run.request.trace = &c.trace;
    while (fine && (option = getopt_long(argc, argv, "+o:d:qv", options, NULL)) != -1) {
        if (option == '?' || option == CLI_HELP) {
            code = cli_usage(option, usage);
            fine = false;
        } else if (!take(&c, option, optarg)) {
            code = EXIT_USAGE;
            fine = false;
        }
    }
    if (fine && optind == argc)
        code = cli_usage('?', usage);
    else if (fine && !is_whole(&c))
        code = EXIT_USAGE;
    else if (fine)
        code = run_command_run(&c.run, argc - optind, argv + optind);
    run_command_free(&c.run);
    return code;
}
