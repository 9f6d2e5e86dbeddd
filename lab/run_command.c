/* run_command.c -- covm run */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/commands.h"
#include "lab/run_command.h"


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

static bool take_trace(struct run_command *c, const char *value)
{
    const char *at = strchr(value, '@');
    if (!strcmp(value, "help")) return print_channels();
    free(c->letters);
    c->letters = lab_printf("%.*s", at ? (int)(at - value) : (int)strlen(value), value);
    c->request.trace_letters = c->letters;
    for (const char *letter = c->letters; *letter; letter++) {
        if (is_channel(*letter)) continue;
        fprintf(stderr, "covm %s: -d %s: no channel '%c' among\n", c->name, value, *letter);
        return print_channels();
    }
    if (!*c->letters) {
        fprintf(stderr, "covm %s: -d %s: no channel named; there are\n", c->name, value);
        return print_channels();
    }
    return !at || cli_number("-d", at + 1, &c->request.trace_spc);
}

static bool take_env(struct run_command *c, char *value)
{
    char *equals = strchr(value, '=');
    if (!equals || equals == value) {
        fprintf(stderr, "covm %s: --env %s: not of the form NAME=VALUE\n", c->name, value);
        return false;
    }
    c->request.env = lab_reallocate(c->request.env, (c->env_count + 2) * sizeof *c->request.env);
    c->request.env[c->env_count++] = value;
    c->request.env[c->env_count] = NULL;
    return true;
}

bool run_command_option(struct run_command *c, int option, char *value)
{
    switch (option) {
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

static int run(struct run_command *c)
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

void run_command_begin(struct run_command *c, char **argv)
{
    bool terminal = isatty(STDERR_FILENO);
    *c = (struct run_command){
        .name = strchr(argv[0], ' ') + 1, /* "covm NAME" */
        .figures = terminal,
        .request = {
            .root = ".", .output = STDOUT_FILENO, .error = STDERR_FILENO, .command = argv, .heartbeat = terminal}};
}

int run_command_run(struct run_command *c, int count, char **words)
{
    char *no_env[] = {NULL}, **env = c->request.env;
    c->request.program = words[0];
    c->request.argv = lab_allocate((size_t)(count + 1) * sizeof(char *));
    memcpy(c->request.argv, words, (size_t)count * sizeof(char *));
    c->request.argv[0] = base_name(words[0]);
    if (!env) c->request.env = no_env;
    int code = run(c);
    free(c->request.argv);
    c->request.env = env;
    return code;
}

void run_command_free(struct run_command *c)
{
    free(c->request.env);
    free(c->letters);
    config_args_free(&c->config);
}

int command_run(int argc, char **argv)
{
    struct run_command c;
    int option, code = EXIT_FINE;
    bool fine = true;
    run_command_begin(&c, argv);
    while (fine && (option = cli_next(COMMAND_RUN, argc, argv)) != -1) {
        if (option == '?' || option == OPTION_HELP) {
            code = cli_usage(option, COMMAND_RUN);
            fine = false;
        } else if (option == 'o') {
            c.request.directory = optarg;
        } else if (!run_command_option(&c, option, optarg)) {
            code = EXIT_USAGE;
            fine = false;
        }
    }
    if (fine && optind == argc) code = cli_usage('?', COMMAND_RUN);
    else if (fine) code = run_command_run(&c, argc - optind, argv + optind);
    run_command_free(&c);
    return code;
}
