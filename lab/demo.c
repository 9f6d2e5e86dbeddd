/* demo.c -- covm demo: four workloads on two machines; a table, and a figure of where the cycles went. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/files.h"
#include "lab/job.h"
#include "lab/paths.h"

static const char *const machines[] = {"crusoe", "efficeon"};
static const char *const programs[] = {"interp", "recurse", "hashtable", "sha256"};
enum { JOBS = LENGTH(machines) * LENGTH(programs) };

/* The activities, in the table's coarser columns. */
enum column { INTERPRET, TRANSLATE, DISPATCH, GEAR1, OPTIMISED, ROLLBACK, REST, COLUMNS };
static const char *const column_names[COLUMNS] = {"interpret", "translate", "dispatch", "gear1",
                                                  "gear2",     "rollback",  "other"};

static enum column column_of(unsigned activity)
{
    switch (activity) {
    case ACTIVITY_INTERPRET: return INTERPRET;
    case ACTIVITY_TRANSLATE1:
    case ACTIVITY_TRANSLATE2:
    case ACTIVITY_TRANSLATE3: return TRANSLATE;
    case ACTIVITY_DISPATCH:
    case ACTIVITY_CHAIN: return DISPATCH;
    case ACTIVITY_GEAR1: return GEAR1;
    case ACTIVITY_GEAR2:
    case ACTIVITY_GEAR3: return OPTIMISED;
    case ACTIVITY_SQUASHED:
    case ACTIVITY_ROLLBACK: return ROLLBACK;
    default: return REST;
    }
}

static void columns_of(const struct stats *stats, double share[COLUMNS])
{
    memset(share, 0, COLUMNS * sizeof *share);
    for (unsigned a = 0; a < ACTIVITIES; a++)
        share[column_of(a)] += (double)stats->by_activity[a] / (double)stats->total;
}

static void print_table(const struct job *jobs)
{
    printf("%-10s %-9s %13s %13s %6s", "workload", "machine", "cycles", "guest insns", "IPC");
    for (unsigned c = 0; c < COLUMNS; c++) printf(" %9s", column_names[c]);
    printf(" %6s\n", "MIPS");
    for (const struct job *job = jobs; job < jobs + JOBS; job++) {
        if (!job->ran) continue;
        const struct stats *stats = &job->result.stats;
        double share[COLUMNS], insns = (double)stats->machine.insns;
        columns_of(stats, share);
        printf("%-10s %-9s %13" PRIu64 " %13" PRIu64 " %6.3f", job->workload->name, job->label, stats->total,
               stats->machine.insns, insns / (double)stats->total);
        for (unsigned c = 0; c < COLUMNS; c++) printf(" %8.1f%%", share[c] * 100);
        printf(" %6.1f\n", insns / job->cpu_seconds / 1e6);
    }
    printf("IPC: guest instructions per cycle. The columns between: share of cycles per activity. MIPS: million guest "
           "instructions\n"
           "simulated per second of host CPU, full timing.\n");
}

/* ---- the figure ---- */

/* A stack's parts: what the CMS did, and why translated code took its cycles. */
enum part {
    IN_CMS_INTERPRET,
    IN_CMS_TRANSLATE,
    IN_CMS_REST,
    ROLLED_BACK,
    ISSUE,
    OPERANDS,
    BRANCHES,
    FETCH,
    DATA,
    PARTS
};
static const char *const part_names[PARTS] = {
    "interpret", "translate",         "dispatch and other CMS work", "rollback", "issue", "waiting for operands",
    "branches",  "instruction fetch", "data misses and stores"};

static enum part part_of(unsigned activity, unsigned cause)
{
    switch (column_of(activity)) {
    case INTERPRET: return IN_CMS_INTERPRET;
    case TRANSLATE: return IN_CMS_TRANSLATE;
    case ROLLBACK: return ROLLED_BACK;
    case GEAR1:
    case OPTIMISED: break;
    default: return IN_CMS_REST;
    }
    switch (cause) {
    case CAUSE_ISSUE: return ISSUE;
    case CAUSE_LOAD:
    case CAUSE_DEPENDENCE:
    case CAUSE_UNIT: return OPERANDS;
    case CAUSE_BRANCH:
    case CAUSE_INDIRECT: return BRANCHES;
    case CAUSE_IFETCH: return FETCH;
    default: return DATA;
    }
}

static void print_stack(FILE *file, const struct job *job)
{
    const struct stats *stats = &job->result.stats;
    uint64_t cycles[PARTS] = {0};
    for (unsigned a = 0; a < ACTIVITIES; a++) {
        for (unsigned c = 0; c < CAUSES; c++) cycles[part_of(a, c)] += stats->account.cycles[a][c];
    }
    fprintf(file, "%s on %s", job->workload->name, job->label);
    for (unsigned p = 0; p < PARTS; p++) fprintf(file, ",%.6f", (double)cycles[p] / (double)stats->machine.insns);
    fprintf(file, "\n");
}

static bool write_data(const char *path, const struct job *jobs)
{
    FILE *file = fopen(path, "we");
    if (!file) {
        fprintf(stderr, "covm: %s: %s\n", path, strerror(errno));
        return false;
    }
    fprintf(file, "run");
    for (unsigned p = 0; p < PARTS; p++) fprintf(file, ",%s", part_names[p]);
    fprintf(file, "\n");
    for (const struct job *job = jobs; job < jobs + JOBS; job++) {
        if (job->ran) print_stack(file, job);
    }
    return fclose(file) == 0;
}

static bool plot(const char *home, const char *data, const char *figure)
{
    char *template = lab_printf("%s/results/cycle_stacks.gp", home);
    char *command[] = {"gnuplot", "-c", template, (char *)data, (char *)figure, NULL};
    pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command);
        fprintf(stderr, "covm: gnuplot: %s (Debian package gnuplot-nox)\n", strerror(errno));
        _exit(127);
    }
    int status;
    bool fine = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    free(template);
    return fine;
}

static bool write_figure(const struct workloads *workloads, const char *wanted, const struct job *jobs)
{
    const char *tree = paths_writable(workloads->home) ? workloads->home : ".";
    char *directory = wanted ? lab_copy(wanted) : lab_printf("%s/runs/demo", tree);
    char *data = lab_printf("%s/cycle_stacks.csv", directory), *figure = lab_printf("%s/cycle_stacks.svg", directory);
    bool fine = files_make_directory(directory) && write_data(data, jobs) && plot(workloads->home, data, figure);
    if (fine) printf("figure: %s\n", figure);
    free(directory);
    free(data);
    free(figure);
    return fine;
}

/* ---- the runs ---- */

static bool prepare(const struct workloads *workloads, struct config configs[LENGTH(machines)], enum workload_size size,
                    struct job *jobs)
{
    for (unsigned m = 0; m < LENGTH(machines); m++) {
        struct config_args args = {.machine = machines[m]};
        if (!config_build(&configs[m], &args)) return false;
    }
    for (unsigned p = 0; p < LENGTH(programs); p++) {
        const struct workload *workload = workloads_find(workloads, programs[p]);
        if (!workload || !workload_build(workloads, workload)) return false;
        for (unsigned m = 0; m < LENGTH(machines); m++) {
            jobs[p * LENGTH(machines) + m] =
                (struct job){.workload = workload, .size = size, .config = &configs[m], .label = machines[m]};
        }
    }
    return true;
}

static int demo(enum workload_size size, unsigned parallel, const char *directory)
{
    struct workloads workloads;
    struct config configs[LENGTH(machines)] = {0};
    struct diag diag = {0};
    struct job *jobs = lab_allocate(JOBS * sizeof *jobs);
    int code = EXIT_CONFIG;
    if (workloads_load(&workloads, NULL, &diag) && prepare(&workloads, configs, size, jobs)) {
        bool right = jobs_run(&workloads, jobs, JOBS, parallel, true);
        print_table(jobs);
        bool drawn = write_figure(&workloads, directory, jobs);
        printf(right ? "every program printed what the host's processor prints\n" : "SOME PROGRAM FAILED\n");
        code = right && drawn ? EXIT_FINE : EXIT_CHECK_FAILED;
    }
    for (unsigned m = 0; m < LENGTH(machines); m++) config_free(&configs[m]);
    diag_print(&diag, stderr);
    diag_free(&diag);
    free(jobs);
    workloads_free(&workloads);
    return code;
}

int command_demo(int argc, char **argv)
{
    enum workload_size size = WORKLOAD_REF;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t parallel = processors > 1 ? (uint64_t)processors : 1;
    const char *directory = NULL;
    int option;
    bool fine = true;
    while (fine && (option = cli_next(COMMAND_DEMO, argc, argv)) != -1) {
        if (option == OPTION_SIZE)
            fine = workload_size_parse(optarg, &size);
        else if (option == 'j')
            fine = cli_number("-j", optarg, &parallel) && parallel > 0 && parallel <= 1024;
        else if (option == 'o')
            directory = optarg;
        else
            return cli_usage(option, COMMAND_DEMO);
    }
    if (!fine || optind < argc) return cli_usage('?', COMMAND_DEMO);
    return demo(size, (unsigned)parallel, directory);
}
