/* run_command.c -- covm run */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/run.h"

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
    case OPTION_CHECK: c->request.check = true; return true;
    case OPTION_GUEST_EXIT: c->guest_exit = true; return true;
    case OPTION_ROOT: c->request.root = value; return true;
    case OPTION_WRITE: c->request.write = true; return true;
    case OPTION_ENV: return take_env(c, value);
    case OPTION_MAX_INSNS: return cli_number("--max-insns", value, &c->request.insns_max);
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
    char *no_env[] = {NULL};
    bool terminal = isatty(STDERR_FILENO);
    struct command c = {
        .figures = terminal,
        .request = {
            .root = ".", .output = STDOUT_FILENO, .error = STDERR_FILENO, .command = argv, .heartbeat = terminal}};
    int option, code = EXIT_FINE;
    bool fine = true;
    while (fine && (option = cli_next(COMMAND_RUN, argc, argv)) != -1) {
        if (option == '?' || option == OPTION_HELP) {
            code = cli_usage(option, COMMAND_RUN);
            fine = false;
        } else if (!take(&c, option, optarg)) {
            code = EXIT_USAGE;
            fine = false;
        }
    }
    if (fine && optind == argc) {
        code = cli_usage('?', COMMAND_RUN);
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
