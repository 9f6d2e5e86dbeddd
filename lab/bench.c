/* bench.c -- covm bench: guest instructions per host CPU second, with full timing. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/job.h"

struct means {
    double log_speed, log_ratio, log_ipc;
    unsigned count;
};

static void print_row(const struct job *job, const struct job *other, struct means *means)
{
    double insns = (double)job->result.stats.machine.insns, cycles = (double)job->result.stats.total;
    double speed = insns / job->cpu_seconds / 1e6, memory = (double)job->peak_bytes / (1 << 20);
    printf("%-16s %14.0f %8.3f %9.2f %9.2f %8.1f", job->workload->name, insns, insns / cycles, job->cpu_seconds, speed,
           memory);
    if (other) printf(" %9.2f %8.1f", other->cpu_seconds, job->cpu_seconds / other->cpu_seconds);
    printf("\n");
    means->log_speed += log(speed);
    means->log_ipc += log(insns / cycles);
    if (other) means->log_ratio += log(job->cpu_seconds / other->cpu_seconds);
    means->count++;
}

static void print_table(const struct job *jobs, unsigned count, unsigned step)
{
    struct means means = {0};
    printf("%-16s %14s %8s %9s %9s %8s", "workload", "instructions", "IPC", "seconds", "M/s", "MiB");
    if (step == 2) printf(" %9s %8s", "emulator", "ratio");
    printf("\n");
    for (unsigned i = 0; i < count; i += step) {
        if (jobs[i].right) print_row(&jobs[i], step == 2 ? &jobs[i + 1] : NULL, &means);
    }
    if (!means.count) return;
    printf("%-16s %14s %8.3f %9s %9.2f %8s", "geo. mean", "", exp(means.log_ipc / means.count), "",
           exp(means.log_speed / means.count), "");
    if (step == 2) printf(" %9s %8.1f", "", exp(means.log_ratio / means.count));
    printf("\n");
}

struct bench {
    struct config_args args;
    enum workload_size size;
    const char *emulator, *cache;
    uint64_t parallel;
};

/* A job for each workload, with the emulator's beside it; NULL if one cannot be built. */
static struct job *prepare(const struct bench *b, const struct workloads *workloads, const struct config *config,
                           const struct workload **chosen, unsigned count)
{
    unsigned step = b->emulator ? 2 : 1;
    struct job *jobs = lab_allocate((size_t)count * step * sizeof *jobs);
    for (unsigned i = 0; i < count; i++) {
        if (!workload_build(workloads, chosen[i])) {
            free(jobs);
            return NULL;
        }
        jobs[i * step] = (struct job){.workload = chosen[i],
                                      .size = b->size,
                                      .config = config,
                                      .label = b->args.machine ? b->args.machine : "the default machine"};
        if (b->emulator)
            jobs[i * step + 1] =
                (struct job){.workload = chosen[i], .size = b->size, .emulator = b->emulator, .label = b->emulator};
    }
    return jobs;
}

static int bench(const struct bench *b, int count, char **names)
{
    struct workloads workloads;
    struct config config = {0};
    struct diag diag = {0};
    int code = EXIT_CONFIG;
    unsigned step = b->emulator ? 2 : 1, chosen_count = 0;
    const struct workload **chosen = NULL;
    struct job *jobs = NULL;
    if (workloads_load(&workloads, b->cache, &diag) && config_build(&config, &b->args)) {
        chosen = workloads_choose(&workloads, count, names, WORKLOADS_READY, &chosen_count);
        jobs = chosen ? prepare(b, &workloads, &config, chosen, chosen_count) : NULL;
        code = !chosen ? EXIT_USAGE : EXIT_CHECK_FAILED;
        if (jobs) {
            if (jobs_run(&workloads, jobs, chosen_count * step, (unsigned)b->parallel, true)) code = EXIT_FINE;
            print_table(jobs, chosen_count * step, step);
        }
    }
    diag_print(&diag, stderr);
    diag_free(&diag);
    free(jobs);
    free(chosen);
    config_free(&config);
    workloads_free(&workloads);
    return code;
}

int command_bench(int argc, char **argv)
{
    struct bench b = {.size = WORKLOAD_REF, .parallel = 1};
    int option, code = EXIT_USAGE;
    bool fine = true;
    while (fine && (option = cli_next(COMMAND_BENCH, argc, argv)) != -1) {
        if (option == OPTION_SIZE) {
            fine = workload_size_parse(optarg, &b.size);
        } else if (option == OPTION_VERSUS) {
            b.emulator = optarg;
        } else if (option == OPTION_CACHE) {
            b.cache = optarg;
        } else if (option == 'j') {
            fine = cli_number("-j", optarg, &b.parallel) && b.parallel > 0 && b.parallel <= 1024;
        } else if (!cli_option(&b.args, option, optarg)) {
            code = cli_usage(option, COMMAND_BENCH);
            fine = false;
        }
    }
    if (fine) code = bench(&b, argc - optind, argv + optind);
    config_args_free(&b.args);
    return code;
}
