/* workloads_command.c -- covm workloads: list, build, fetch, command, run */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/fetch.h"
#include "lab/job.h"

struct options {
    struct config_args args;
    enum workload_size size;
    const char *cache;
    bool check;
    uint64_t parallel;
};

static int list(const struct workloads *workloads)
{
    for (unsigned i = 0; i < workloads->count; i++) {
        const struct workload *workload = &workloads->items[i];
        printf("%-16s %s", workload->name, workload->stresses);
        if (workload->recipe) {
            char *package = fetch_package(workloads, workload);
            printf(" [%s]", package ? package : "not fetched");
            free(package);
        }
        printf("\n");
    }
    return EXIT_FINE;
}

static int fetch(const struct workloads *workloads, const struct workload **chosen, unsigned count)
{
    bool fine = fetch_programs(workloads, chosen, count);
    for (unsigned i = 0; i < count; i++) {
        char *package = chosen[i]->recipe ? fetch_package(workloads, chosen[i]) : NULL,
             *program = workload_path(workloads, chosen[i]);
        if (package) printf("%-16s %s (%s)\n", chosen[i]->name, program, package);
        if (!chosen[i]->recipe)
            fprintf(stderr, "covm: %s comes with covm: covm workloads build %s\n", chosen[i]->name, chosen[i]->name);
        free(program);
        free(package);
    }
    return fine ? EXIT_FINE : EXIT_CHECK_FAILED;
}

/* covm run --guest-exit --root ROOT -- PROGRAM ARGUMENT... <INPUT # exit CODE, sha256 HASH */
static int command(const struct workloads *workloads, const struct workload **chosen, unsigned count,
                   enum workload_size s)
{
    for (unsigned i = 0; i < count; i++) {
        char *root = workload_root(workloads, chosen[i]), *program = workload_path(workloads, chosen[i]),
             *input =
                 chosen[i]->size[s].input ? lab_printf("%s/%s", root, chosen[i]->size[s].input) : lab_copy("/dev/null");
        struct text line = {0};
        text_printf(&line, "covm run --guest-exit --root ");
        text_add_shell(&line, root);
        text_printf(&line, " -- ");
        text_add_shell(&line, program);
        for (char *const *word = chosen[i]->size[s].args; *word; word++) {
            text_printf(&line, " ");
            text_add_shell(&line, *word);
        }
        text_printf(&line, " <");
        text_add_shell(&line, input);
        fputs(text_string(&line), stdout);
        text_free(&line);
        printf(" # exit %u, ", chosen[i]->size[s].exit);
        if (chosen[i]->recipe)
            printf("sha256 %s\n", chosen[i]->size[s].sha256);
        else
            printf("prints %s\n", chosen[i]->size[s].output);
        free(input);
        free(program);
        free(root);
    }
    return EXIT_FINE;
}

static int build(const struct workloads *workloads, const struct workload **chosen, unsigned count, bool tell)
{
    int code = EXIT_FINE;
    for (unsigned i = 0; i < count; i++) {
        char *program = workload_path(workloads, chosen[i]);
        if (!workload_build(workloads, chosen[i]))
            code = EXIT_CHECK_FAILED;
        else if (tell)
            printf("%s\n", program);
        free(program);
    }
    return code;
}

static int run(const struct workloads *workloads, const struct workload **chosen, unsigned count,
               const struct options *options)
{
    struct config config;
    if (!config_build(&config, &options->args)) return EXIT_CONFIG;
    struct job *jobs = lab_allocate(count * sizeof *jobs);
    for (unsigned i = 0; i < count; i++) {
        jobs[i] = (struct job){.workload = chosen[i],
                               .size = options->size,
                               .config = &config,
                               .check = options->check,
                               .label = options->args.machine ? options->args.machine : "the default machine"};
    }
    bool right = jobs_run(workloads, jobs, count, (unsigned)options->parallel, false);
    for (unsigned i = 0; i < count; i++) {
        const struct stats *stats = &jobs[i].result.stats;
        printf("%-16s %-6s %14" PRIu64 " instructions %14" PRIu64 " cycles\n", chosen[i]->name,
               jobs[i].right ? "ok" : "FAILED", stats->machine.insns, stats->total);
    }
    free(jobs);
    config_free(&config);
    return right ? EXIT_FINE : EXIT_CHECK_FAILED;
}

/* What is to be done with workloads, by its name; and which of them, if none is named. */
enum action { BUILD, FETCH, COMMAND, RUN, ACTIONS };
static const struct {
    const char *name;
    enum workloads_kind kind;
    bool named; /* at least one must be */
} actions[ACTIONS] = {[BUILD] = {"build", WORKLOADS_OWN, false},
                      [FETCH] = {"fetch", WORKLOADS_REAL, true},
                      [COMMAND] = {"command", WORKLOADS_READY, true},
                      [RUN] = {"run", WORKLOADS_READY, false}};

static int act_on(const struct workloads *workloads, const struct options *options, enum action action, int count,
                  char **names)
{
    bool all = action == FETCH && count == 1 && !strcmp(names[0], "all");
    unsigned chosen_count;
    const struct workload **chosen =
        workloads_choose(workloads, all ? 0 : count, names, actions[action].kind, &chosen_count);
    if (!chosen) return EXIT_USAGE;
    int code = action == FETCH ? fetch(workloads, chosen, chosen_count)
                               : build(workloads, chosen, chosen_count, action == BUILD);
    if (action == COMMAND && code == EXIT_FINE) code = command(workloads, chosen, chosen_count, options->size);
    if (action == RUN && code == EXIT_FINE) code = run(workloads, chosen, chosen_count, options);
    free(chosen);
    return code;
}

static int act(const struct options *options, int count, char **words)
{
    enum action action = 0;
    while (count && action < ACTIONS && strcmp(words[0], actions[action].name)) action++;
    if (count && (action == ACTIONS || (actions[action].named && count == 1))) return cli_usage('?', COMMAND_WORKLOADS);
    struct workloads workloads;
    struct diag diag = {0};
    int code = EXIT_CONFIG;
    if (workloads_load(&workloads, options->cache, &diag))
        code = count ? act_on(&workloads, options, action, count - 1, words + 1) : list(&workloads);
    diag_print(&diag, stderr);
    diag_free(&diag);
    workloads_free(&workloads);
    return code;
}

int command_workloads(int argc, char **argv)
{
    struct options options = {.size = WORKLOAD_TEST, .parallel = 1};
    int option, code = EXIT_USAGE;
    bool fine = true;
    while (fine && (option = cli_next(COMMAND_WORKLOADS, argc, argv)) != -1) {
        if (option == OPTION_SIZE) {
            fine = workload_size_parse(optarg, &options.size);
        } else if (option == OPTION_CHECK) {
            options.check = true;
        } else if (option == OPTION_CACHE) {
            options.cache = optarg;
        } else if (option == 'j') {
            fine = cli_number("-j", optarg, &options.parallel) && options.parallel > 0 && options.parallel <= 1024;
        } else if (!cli_option(&options.args, option, optarg)) {
            code = cli_usage(option, COMMAND_WORKLOADS);
            fine = false;
        }
    }
    if (fine) code = act(&options, argc - optind, argv + optind);
    config_args_free(&options.args);
    return code;
}
