/* demo.c -- covm demo: four workloads on two machines; a table, and a figure of where the cycles went. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/figure.h"
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

/* Jobs are by program, then by machine: columns of a group. */
static bool write_figure(const struct workloads *workloads, const char *wanted, const struct job *jobs,
                         struct diag *diag)
{
    const char *tree = paths_writable(workloads->home) ? workloads->home : ".";
    char *directory = wanted ? lab_copy(wanted) : lab_printf("%s/runs/demo", tree);
    struct figure_datum data[PARTS * JOBS];
    for (unsigned p = 0; p < PARTS; p++)
        for (unsigned j = 0; j < JOBS; j++)
            data[p * JOBS + j] = (struct figure_datum){.series = p,
                                                       .point = j / LENGTH(machines),
                                                       .bar = j % LENGTH(machines),
                                                       .y = jobs[j].ran ? 0 : (double)NAN};
    for (unsigned j = 0; j < JOBS; j++) {
        const struct stats *stats = &jobs[j].result.stats;
        for (unsigned a = 0; jobs[j].ran && a < ACTIVITIES; a++)
            for (unsigned c = 0; c < CAUSES; c++)
                data[part_of(a, c) * JOBS + j].y += (double)stats->account.cycles[a][c] / (double)stats->machine.insns;
    }
    struct figure figure = {.kind = FIGURE_STACK,
                            .title = "Where the cycles went",
                            .x = {.title = "workload"},
                            .y = {.title = "Cycles", .unit = "cycles/guest instruction"},
                            .series = {"part", part_names, PARTS},
                            .points = {"workload", programs, LENGTH(programs)},
                            .bars = {"machine", machines, LENGTH(machines)},
                            .data = data,
                            .count = LENGTH(data),
                            .columns = 2};
    bool fine = files_make_directory(directory) && figure_write(&figure, directory, "cycle_stacks", FIGURE_SVG, diag);
    if (fine) printf("figure: %s/cycle_stacks.svg\n", directory);
    free(directory);
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
        bool drawn = write_figure(&workloads, directory, jobs, &diag);
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
