/* run_command.c -- covm run */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/run.h"

static const char usage[] =
    "usage: covm run [options] [--] PROGRAM [ARGUMENT...]\n"
    "Runs a static i386 Linux program; its standard input, output and error are passed through.\n" CLI_USAGE
    "  -o DIR                write the run record (statistics, regions, timeline, ...) into this new directory\n"
    "  --check               compare every commit with a shadow interpreter (lockstep)\n"
    "  --guest-exit          exit with the guest's own code (128+n if signal n killed it)\n"
    "  --root DIR            the guest's / (default: the current directory)\n"
    "  --write               let the guest write below its /\n"
    "  --env NAME=VALUE      a variable of the guest's environment, beside the fixed ones\n"
    "  --max-insns N         stop after that many guest instructions (exit code 5)\n"
    "  -d LETTERS[@0xADDR]   trace channels ('-d help' lists them) to standard error, for the code at one address\n"
    "  -v, -q                a line of figures at the end always, or never (default: where standard error is a "
    "terminal)\n";

enum { CHECK = CLI_OWN, GUEST_EXIT, ROOT, WRITE, ENV, MAX_INSNS };

struct command {
    struct config_args config;
    struct run_request request;
    bool guest_exit, figures;
    char *letters;
    unsigned env_count;
};

static bool print_channels(void)
{
#define CHANNEL(letter, meaning) fprintf(stderr, "  %c  %s\n", letter, meaning);
#include "lab/channels.def"
#undef CHANNEL
    return false;
}

static bool is_channel(char letter)
{
    static const char letters[] = {
#define CHANNEL(letter, meaning) letter,
#include "lab/channels.def"
#undef CHANNEL
    };
    return memchr(letters, letter, sizeof letters);
}

static bool take_trace(struct command *c, const char *value)
{
    const char *at = strchr(value, '@');
    if (!strcmp(value, "help")) return print_channels();
    free(c->letters);
    c->letters = lab_printf("%.*s", at ? (int)(at - value) : (int)strlen(value), value);
    c->request.trace_letters = c->letters;
    for (const char *letter = c->letters; *letter; letter++) {
        if (is_channel(*letter)) continue;
        fprintf(stderr, "covm run: -d %s: no channel '%c' among\n", value, *letter);
        return print_channels();
    }
    if (!*c->letters) {
        fprintf(stderr, "covm run: -d %s: no channel named; there are\n", value);
        return print_channels();
    }
    return !at || cli_number("-d", at + 1, &c->request.trace_spc);
}

static bool take_env(struct command *c, char *value)
{
    char *equals = strchr(value, '=');
    if (!equals || equals == value) {
        fprintf(stderr, "covm run: --env %s: not of the form NAME=VALUE\n", value);
        return false;
    }
    c->request.env = lab_reallocate(c->request.env, (c->env_count + 2) * sizeof *c->request.env);
    c->request.env[c->env_count++] = value;
    c->request.env[c->env_count] = NULL;
    return true;
}

static bool take(struct command *c, int option, char *value)
{
    switch (option) {
    case 'o': c->request.directory = value; return true;
    case 'd': return take_trace(c, value);
    case 'q': c->figures = c->request.heartbeat = false; return true;
    case 'v': c->figures = true; return true;
    case CHECK: c->request.check = true; return true;
    case GUEST_EXIT: c->guest_exit = true; return true;
    case ROOT: c->request.root = value; return true;
    case WRITE: c->request.write = true; return true;
    case ENV: return take_env(c, value);
    case MAX_INSNS: return cli_number("--max-insns", value, &c->request.insns_max);
    default: return cli_option(&c->config, option, value);
    }
}

static void print_figures(const struct run_result *result)
{
    double insns = (double)result->stats.machine.insns, cycles = (double)result->stats.total;
    fprintf(stderr, "covm: %" PRIu64 " guest instructions, %" PRIu64 " cycles, IPC %.3f, %.1f M instructions/s\n",
            result->stats.machine.insns, result->stats.total, cycles > 0 ? insns / cycles : 0,
            result->cpu_seconds > 0 ? insns / result->cpu_seconds / 1e6 : 0);
}

static int run(struct command *c)
{
    struct config config;
    struct run_result *result = lab_allocate(sizeof *result);
    int code = EXIT_CONFIG;
    if (config_build(&config, &c->config)) {
        c->request.config = &config;
        code = run_guest(&c->request, result);
        if (code == EXIT_FINE) {
            code = run_exit_code(result, c->guest_exit);
            run_explain(&c->request, result);
            if (c->figures) print_figures(result);
        }
        config_free(&config);
    }
    free(result);
    return code;
}

/* argv[0] as the guest sees it says nothing about where the program lies. */
static char *base_name(char *path)
{
    char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

int command_run(int argc, char **argv)
{
    static const struct option options[] = {CLI_OPTIONS,
                                            {"check", no_argument, NULL, CHECK},
                                            {"guest-exit", no_argument, NULL, GUEST_EXIT},
                                            {"root", required_argument, NULL, ROOT},
                                            {"write", no_argument, NULL, WRITE},
                                            {"env", required_argument, NULL, ENV},
                                            {"max-insns", required_argument, NULL, MAX_INSNS},
                                            {0}};
    char *no_env[] = {NULL};
    bool terminal = isatty(STDERR_FILENO);
    struct command c = {
        .figures = terminal,
        .request = {
            .root = ".", .output = STDOUT_FILENO, .error = STDERR_FILENO, .command = argv, .heartbeat = terminal}};
    int option, code = EXIT_FINE;
    bool fine = true;
    while (fine && (option = getopt_long(argc, argv, "+o:d:qv", options, NULL)) != -1) {
        if (option == '?' || option == CLI_HELP) {
            code = cli_usage(option, usage);
            fine = false;
        } else if (!take(&c, option, optarg)) {
            code = EXIT_USAGE;
            fine = false;
        }
    }
    if (fine && optind == argc) {
        code = cli_usage('?', usage);
        fine = false;
    }
    if (fine) {
        c.request.program = argv[optind];
        c.request.argv = lab_allocate((size_t)(argc - optind + 1) * sizeof(char *));
        memcpy(c.request.argv, argv + optind, (size_t)(argc - optind) * sizeof(char *));
        c.request.argv[0] = base_name(argv[optind]);
        if (!c.request.env) c.request.env = no_env;
        code = run(&c);
        free(c.request.argv);
    }
    if (c.request.env != no_env) free(c.request.env);
    free(c.letters);
    config_args_free(&c.config);
    return code;
}
