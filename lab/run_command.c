/* run_command.c -- covm run */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/commands.h"
#include "lab/files.h"
#include "lab/record.h"
#include "lab/run_command.h"
#include "lab/sha256.h"

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

static bool take_root(struct run_command *c, char *value)
{
    struct stat status;
    int error = stat(value, &status) < 0 ? errno : S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
    if (error) fprintf(stderr, "covm %s: --root %s: %s\n", c->name, value, strerror(error));
    c->request.root = value;
    return !error;
}

bool run_command_option(struct run_command *c, int option, char *value)
{
    switch (option) {
    case 'd': return take_trace(c, value);
    case 'q': c->figures = c->request.heartbeat = false; return true;
    case 'v': c->figures = true; return true;
    case OPTION_CHECK: c->request.check = true; return true;
    case OPTION_GUEST_EXIT: c->guest_exit = true; return true;
    case OPTION_ROOT: return take_root(c, value);
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

/* Not over a file of a record, and where a file can be made. In the record's directory, too, which may have to be there
 * for that. */
static bool has_place(const char *made, const char *directory)
{
    char *place = files_parent(made);
    bool missing = directory && access(place, F_OK) && access(directory, F_OK);
    bool fine =
        (!missing || files_make_directory(directory)) && record_may_make(made, directory) && files_can_make(made);
    if (missing) rmdir(directory);
    free(place);
    return fine;
}

/* May a snapshot or trace go there? Not over what the run reads either. */
static bool may_make(const struct run_command *c, const char *made)
{
    if (!made) return true;
    bool fine = files_may_make(made, c->request.program) && files_may_make(made, c->from);
    for (unsigned i = 0; fine && i < c->config.file_count; i++) fine = files_may_make(made, c->config.files[i]);
    return fine && has_place(made, c->request.directory);
}

static int run_with(struct run_command *c, const struct config *config)
{
    struct run_result *result = lab_allocate(sizeof *result);
    char *path = c->saves && !c->save ? lab_printf("%s/snapshot.covm", c->request.directory) : NULL;
    c->request.config = config;
    c->request.save_path = path ? path : c->save;
    bool may = may_make(c, c->save) && may_make(c, c->request.trace ? c->request.trace->path : NULL);
    int code = may ? run_guest(&c->request, result) : EXIT_USAGE;
    if (!may && c->request.from) snapshot_read_drop(c->request.from);
    if (code == EXIT_FINE) {
        code = run_exit_code(result, c->guest_exit);
        run_explain(&c->request, result);
        if (c->figures) print_figures(result);
        if (code == EXIT_FINE && result->not_saved) code = EXIT_USAGE;
    }
    free(path);
    free(result);
    return code;
}

static int run(struct run_command *c)
{
    struct config config;
    if (!config_build(&config, &c->config)) return EXIT_CONFIG;
    int code = run_with(c, &config);
    config_free(&config);
    return code;
}

/* ---- from a snapshot ---- */

static int complain(const char *path, const char *problem)
{
    fprintf(stderr, "covm: %s: %s\n", path, problem);
    return EXIT_USAGE;
}

/* The program must be the very same; the request takes what the snapshot says. */
static int take_origin(struct run_command *c, const struct snapshot_origin *origin)
{
    char hash[SHA256_TEXT_BYTES];
    if (!sha256_file(origin->program, hash))
        return complain(origin->program, "the program of the snapshot is not there");
    if (strcmp(hash, origin->program_hash) != 0)
        return complain(origin->program, "has changed since the snapshot was taken of it");
    c->request.program = origin->program;
    c->request.argv = origin->argv;
    c->request.env = origin->env;
    c->request.write = origin->write;
    c->request.from_insns = origin->insns;
    if (!c->request.root) c->request.root = origin->root;
    return EXIT_FINE;
}

static int run_from(struct run_command *c)
{
    struct snapshot_origin origin = {0};
    struct config config;
    struct snapshot_file *file = snapshot_read_begin(c->from, &origin);
    if (!file) return EXIT_USAGE;
    int code = take_origin(c, &origin);
    bool built = code == EXIT_FINE && snapshot_config(&config, &c->config, &origin, c->from);
    if (code == EXIT_FINE && !built) code = EXIT_CONFIG;
    if (built) {
        c->request.from = file;
        code = run_with(c, &config);
        config_free(&config);
    } else {
        snapshot_read_drop(file);
    }
    snapshot_origin_free(&origin);
    c->request.env = NULL; /* it was the snapshot's */
    return code;
}

/* False: the words of the command line do not go together. */
static bool goes_together(const struct run_command *c, bool program)
{
    const char *problem = NULL;
    if (c->from && program) problem = "--from goes on with the program of the snapshot: leave the program out";
    if (c->from && c->request.write) problem = "--from: whether the guest may write is the snapshot's to say";
    if (c->from && c->env_count) problem = "--from: the guest has its environment already";
    if (c->save && !c->saves) problem = "--save says where to; --save-at N says when";
    if (c->saves && !c->save && !c->request.directory) problem = "--save-at needs --save FILE, or -o DIR to write into";
    if (problem) fprintf(stderr, "covm run: %s\n", problem);
    return !problem;
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
            .output = STDOUT_FILENO, .error = STDERR_FILENO, .command = argv, .heartbeat = terminal}};
}

int run_command_run(struct run_command *c, int count, char **words)
{
    char *no_env[] = {NULL}, **env = c->request.env;
    if (!c->request.root) c->request.root = ".";
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

static bool take(struct run_command *c, int option, char *value)
{
    switch (option) {
    case OPTION_SAVE: c->save = value; return true;
    case OPTION_FROM: c->from = value; return true;
    case OPTION_SAVE_AT: c->saves = true; return cli_number("--save-at", value, &c->request.save_at);
    default: return run_command_option(c, option, value);
    }
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
        } else if (!take(&c, option, optarg)) {
            code = EXIT_USAGE;
            fine = false;
        }
    }
    if (fine && optind == argc && !c.from)
        code = cli_usage('?', COMMAND_RUN);
    else if (fine && !goes_together(&c, optind < argc))
        code = EXIT_USAGE;
    else if (fine && c.from)
        code = run_from(&c);
    else if (fine)
        code = run_command_run(&c, argc - optind, argv + optind);
    run_command_free(&c);
    return code;
}
