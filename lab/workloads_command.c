/* workloads_command.c -- covm workloads: list, build, run */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/job.h"

static const char usage[] =
    "usage: covm workloads                          lists the workloads: name, what it stresses\n"
    "       covm workloads build [NAME...]          builds them (all of them) and prints the paths of the programs\n"
    "       covm workloads run [options] [NAME...]  runs them and compares what they print with the host processor's "
    "output\n"
    "options:\n" CLI_USAGE "  --size test|ref       input size (default test)\n"
    "  --check               compare every commit with a shadow interpreter (lockstep)\n"
    "  -j N                  runs at a time (default 1)\n";

enum { SIZE = CLI_OWN, CHECK };

struct options {
    struct config_args args;
    enum workload_size size;
    bool check;
    uint64_t parallel;
};

static int list(const struct workloads *workloads)
{
    for (unsigned i = 0; i < workloads->count; i++)
        printf("%-12s %s\n", workloads->items[i].name, workloads->items[i].stresses);
    return EXIT_FINE;
}

/* The named ones, or all; NULL if a name is unknown. */
static const struct workload **choose(const struct workloads *workloads, int count, char **names, unsigned *chosen)
{
    *chosen = count ? (unsigned)count : workloads->count;
    const struct workload **list_of = lab_allocate(*chosen * sizeof *list_of);
    for (unsigned i = 0; i < *chosen; i++) {
        list_of[i] = count ? workloads_find(workloads, names[i]) : &workloads->items[i];
        if (list_of[i]) continue;
        free(list_of);
        return NULL;
    }
    return list_of;
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
        printf("%-12s %-6s %14" PRIu64 " instructions %14" PRIu64 " cycles\n", chosen[i]->name,
               jobs[i].right ? "ok" : "FAILED", stats->machine.insns, stats->total);
    }
    free(jobs);
    config_free(&config);
    return right ? EXIT_FINE : EXIT_CHECK_FAILED;
}

static int act(const struct options *options, int count, char **words)
{
    bool building = count && !strcmp(words[0], "build"), running = count && !strcmp(words[0], "run");
    if (count && !building && !running) return cli_usage('?', usage);
    struct workloads workloads;
    struct diag diag = {0};
    int code = EXIT_CONFIG;
    if (workloads_load(&workloads, &diag) && !count) {
        code = list(&workloads);
    } else if (!diag.count) {
        unsigned chosen_count;
        const struct workload **chosen = choose(&workloads, count - 1, words + 1, &chosen_count);
        code = chosen ? build(&workloads, chosen, chosen_count, building) : EXIT_USAGE;
        if (running && code == EXIT_FINE) code = run(&workloads, chosen, chosen_count, options);
        free(chosen);
    }
    diag_print(&diag, stderr);
    diag_free(&diag);
    workloads_free(&workloads);
    return code;
}

int command_workloads(int argc, char **argv)
{
    static const struct option long_options[] = {
        CLI_OPTIONS, {"size", required_argument, NULL, SIZE}, {"check", no_argument, NULL, CHECK}, {0}};
    struct options options = {.size = WORKLOAD_TEST, .parallel = 1};
    int option, code = EXIT_USAGE;
    bool fine = true;
    while (fine && (option = getopt_long(argc, argv, "j:", long_options, NULL)) != -1) {
        if (option == SIZE) {
            fine = workload_size_parse(optarg, &options.size);
        } else if (option == CHECK) {
            options.check = true;
        } else if (option == 'j') {
            fine = cli_number("-j", optarg, &options.parallel) && options.parallel > 0 && options.parallel <= 1024;
        } else if (!cli_option(&options.args, option, optarg)) {
            code = cli_usage(option, usage);
            fine = false;
        }
    }
    if (fine) code = act(&options, argc - optind, argv + optind);
    config_args_free(&options.args);
    return code;
}
