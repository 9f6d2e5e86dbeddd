/* sweep_command.c -- covm sweep: plan, run, status, collect */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/study/collect.h"
#include "lab/study/costs.h"
#include "lab/study/plan.h"
#include "lab/study/sweep.h"

struct command {
    struct config_args args;
    struct sweep_options options;
    struct collect_options collect;
    unsigned measure; /* points of a pilot per workload; 0: none */
    const char *directory, *cache;
    bool slurm;
};

static bool one_of(const char *option, const char *value, const char *a, const char *b, bool *is_b)
{
    *is_b = !strcmp(value, b);
    if (*is_b || !strcmp(value, a)) return true;
    fprintf(stderr, "covm sweep: %s %s: %s or %s\n", option, value, a, b);
    return false;
}

static bool take_rerun(struct command *c, const char *value)
{
    bool timeout;
    if (!one_of("--rerun", value, "failed", "timeout", &timeout)) return false;
    if (timeout)
        c->options.rerun_timeout = true;
    else
        c->options.rerun_failed = true;
    return true;
}

static bool take_shard(struct command *c, const char *value)
{
    char end;
    if (sscanf(value, "%u/%u%c", &c->options.shard, &c->options.shards, &end) == 2 &&
        c->options.shard < c->options.shards)
        return true;
    fprintf(stderr, "covm sweep: --shard %s: not of the form I/N with I from 0 to N-1\n", value);
    return false;
}

static bool take_count(const char *option, const char *value, uint64_t most, uint64_t *count)
{
    if (!cli_number(option, value, count)) return false;
    if (*count && *count <= most) return true;
    fprintf(stderr, "covm sweep: %s %s: from 1 to %" PRIu64 "\n", option, value, most);
    return false;
}

static bool take_unsigned(const char *option, const char *value, unsigned most, unsigned *count)
{
    uint64_t wide;
    bool fine = take_count(option, value, most, &wide);
    if (fine) *count = (unsigned)wide;
    return fine;
}

static bool take(struct command *c, int option, char *value)
{
    switch (option) {
    case 'o': c->directory = value; return true;
    case 'j': return take_unsigned("-j", value, 4096, &c->options.parallel);
    case OPTION_EXECUTOR: return one_of("--executor", value, "local", "slurm", &c->slurm);
    case OPTION_TIMEOUT: return take_count("--timeout", value, 100000000, &c->options.timeout_seconds);
    case OPTION_MEMORY:
        if (!take_count("--memory", value, 1 << 24, &c->options.memory_bytes)) return false;
        c->options.memory_bytes <<= 20;
        return true;
    case OPTION_RERUN: return take_rerun(c, value);
    case OPTION_SHARD: return take_shard(c, value);
    case OPTION_NO_WAIT: c->options.wait = false; return true;
    case OPTION_CHUNK: return take_unsigned("--chunk", value, STUDY_POINTS_MAX, &c->options.chunk);
    case OPTION_MEASURE: return take_unsigned("--measure", value, STUDY_POINTS_MAX, &c->measure);
    case OPTION_SQLITE: c->collect.sqlite = true; return true;
    case OPTION_PNG: c->collect.png = true; return true;
    case OPTION_CACHE: c->cache = value; return true;
    default: return cli_option(&c->args, option, value);
    }
}

/* ---- plan, status ---- */

static void print_axes(const struct study *study)
{
    for (unsigned a = 0; a < study->axis_count; a++) printf("%s\t", study->axes[a].name);
    printf("workload\tsize\tseed\tid\tstate\tcpu_seconds\n");
}

static void print_point(const struct study *study, const struct point *point, enum point_state state, double seconds)
{
    for (unsigned a = 0; a < study->axis_count; a++)
        printf("%s\t", point->value[a] < 0 ? "" : study->axes[a].values[point->value[a]].name);
    printf("%s\t%s\t", point->workload->workload->name, workload_size_name(point->workload->size));
    if (point->seed) printf("%u", point->seed);
    printf("\t%s\t%s\t", point->id, sweep_state_name(state));
    if (seconds >= 0) printf("%.2f", seconds);
    printf("\n");
}

static int list(const struct command *c, const struct sweep *sweep, bool only_trouble)
{
    struct costs costs = {0};
    print_axes(sweep->study);
    for (unsigned i = 0; i < sweep->points->count; i++) {
        const struct point *point = &sweep->points->items[i];
        enum point_state state = sweep_state(sweep, point);
        double seconds = -1;
        uint64_t bytes;
        if (state == POINT_DONE) costs_read(sweep, point, &seconds, &bytes);
        if (seconds >= 0 && !point->again) costs_measure(&costs, point->workload, seconds, bytes);
        if (!point->again) costs_of(&costs, point->workload)->left += sweep_wants(&c->options, state);
        if (!only_trouble || state != POINT_DONE) print_point(sweep->study, point, state, seconds);
    }
    fflush(stdout);
    costs_print(&costs, c->options.parallel);
    costs_free(&costs);
    return EXIT_FINE;
}

static void print_reasons(const struct sweep *sweep)
{
    for (unsigned i = 0; i < sweep->points->count; i++) {
        const struct point *point = &sweep->points->items[i];
        enum point_state state = sweep_state(sweep, point);
        char *damage = state == POINT_DAMAGED && !point->again ? sweep_damage(sweep, point) : NULL;
        if (damage) fprintf(stderr, "covm: %s/%s\n", sweep->directory, damage);
        free(damage);
        if ((state != POINT_FAILED && state != POINT_TIMEOUT) || point->again) continue;
        char *path = sweep_path(sweep, "failed", point->id), *log = sweep_path(sweep, "logs", point->id),
             *reason = lab_read_file(path, 4096, NULL);
        struct text text = {0};
        points_print(sweep->study, point, &text);
        fprintf(stderr, "covm: %s: %.*s; see %s\n", text_string(&text), reason ? (int)strcspn(reason, "\n") : 0,
                reason ? reason : "", log);
        text_free(&text);
        free(reason);
        free(log);
        free(path);
    }
}

/* ---- the verbs ---- */

/* The pilot's points are points of the sweep like any others. */
static int measure(const struct command *c, const struct sweep *sweep)
{
    struct sweep_options options = c->options;
    bool *pilot = costs_pilot(sweep, &options, c->measure);
    options.only = pilot;
    int code = sweep_run_local(sweep, &options);
    free(pilot);
    print_reasons(sweep);
    return code;
}

static int plan(const struct command *c, const struct sweep *sweep)
{
    int code = EXIT_FINE;
    if (c->measure) code = sweep_open(sweep) && plan_write(sweep) ? measure(c, sweep) : EXIT_CONFIG;
    return code == EXIT_FINE || code == EXIT_INCOMPLETE ? list(c, sweep, false) : code;
}

static int run(struct command *c, const struct sweep *sweep)
{
    int code = (c->slurm ? sweep_run_slurm : sweep_run_local)(sweep, &c->options);
    if (code != EXIT_FINE && code != EXIT_INCOMPLETE) return code;
    print_reasons(sweep);
    if (c->options.shards || (c->slurm && !c->options.wait)) return code; /* whoever runs the last shard collects */
    bool collected = collect(sweep, &c->collect);
    return code ? code : collected ? EXIT_FINE : EXIT_CHECK_FAILED;
}

static int dispatch(struct command *c, const char *verb, const struct sweep *sweep)
{
    if (!strcmp(verb, "plan")) return plan(c, sweep);
    if (strcmp(verb, "run") && access(sweep->directory, F_OK) != 0) {
        fprintf(stderr, "covm: there is no %s: nothing was run yet\n", sweep->directory);
        return EXIT_INCOMPLETE;
    }
    if (!sweep_open(sweep)) return EXIT_CONFIG;
    if (strcmp(verb, "status") && !plan_write(sweep)) return EXIT_CONFIG;
    if (!strcmp(verb, "run")) return run(c, sweep);
    if (!strcmp(verb, "status")) {
        list(c, sweep, true);
        print_reasons(sweep);
        return sweep_summary(sweep);
    }
    bool collected = collect(sweep, &c->collect);
    int code = sweep_summary(sweep);
    return collected ? code : EXIT_CHECK_FAILED;
}

static int with_study(struct command *c, const char *verb, const char *path)
{
    struct study study = {0};
    struct points points = {0};
    struct workloads workloads = {0};
    struct diag diag = {0};
    int code = EXIT_CONFIG;
    bool fine = workloads_load(&workloads, c->cache, &diag) && study_load(&study, path, &workloads, &diag) &&
                points_make(&points, &study, &c->args, &diag);
    diag_print(&diag, stderr);
    diag_free(&diag);
    if (fine) {
        char *directory = c->directory ? lab_copy(c->directory) : lab_printf("%s.sweep", study.name);
        struct sweep sweep = {&study, &points, &c->args, directory, lab_allocate(points.count + 1)};
        code = dispatch(c, verb, &sweep);
        free(sweep.intact);
        free(directory);
    }
    points_free(&points);
    study_free(&study);
    workloads_free(&workloads);
    return code;
}

int command_sweep(int argc, char **argv)
{
    static const char *const verbs[] = {"plan", "run", "status", "collect"};
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct command c = {.options = {.parallel = processors > 0 ? (unsigned)processors : 1, .wait = true}};
    int option, code = -1;
    while (code < 0 && (option = cli_next(COMMAND_SWEEP, argc, argv)) != -1) {
        if (option == '?' || option == OPTION_HELP)
            code = cli_usage(option, COMMAND_SWEEP);
        else if (!take(&c, option, optarg))
            code = EXIT_USAGE;
    }
    bool known = false;
    for (unsigned i = 0; code < 0 && argc - optind == 2 && i < LENGTH(verbs); i++)
        known |= !strcmp(argv[optind], verbs[i]);
    if (code < 0) code = known ? with_study(&c, argv[optind], argv[optind + 1]) : cli_usage('?', COMMAND_SWEEP);
    config_args_free(&c.args);
    return code;
}
