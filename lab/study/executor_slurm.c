/* executor_slurm.c -- the points of a sweep by job arrays of Slurm. Each task of the array is a local sweep over one
 * shard of the points, in the directory that all share; so a task that is killed, or run twice, does no harm.
 *
 * A job carries the directory of its sweep as its comment: a driver that is started while the job of one before it is
 * still queued waits for that job, and submits what it has left. A job whose points are all done is cancelled: the
 * tasks that are left would find nothing to do.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lab/commands.h"
#include "lab/files.h"
#include "lab/paths.h"
#include "lab/study/progress.h"
#include "lab/study/sweep.h"

enum { ARRAY_MAX = 1000, POLL_SECONDS = 2, POLL_POINTS = 1000 /* looked at in a second of polling */ };

static unsigned count_missing(const struct sweep *sweep, const struct sweep_options *options)
{
    unsigned missing = 0;
    for (unsigned i = 0; i < sweep->points->count; i++) {
        const struct point *point = &sweep->points->items[i];
        missing += !point->again && sweep_wants(options, sweep_state(sweep, point));
    }
    return missing;
}

/* ---- the script ---- */

static void add_word(struct text *script, const char *word)
{
    text_add(script, " ", 1);
    text_add_shell(script, word);
}

static void add_path(struct text *script, const char *path)
{
    char absolute[PATH_MAX];
    add_word(script, realpath(path, absolute) ? absolute : path);
}

static void print_script(const struct sweep *sweep, const struct sweep_options *options, unsigned tasks,
                         struct text *script)
{
    const struct config_args *args = sweep->args;
    char *program = paths_program();
    text_printf(script, "#!/bin/sh\n#SBATCH --job-name=covm-%s\n", sweep->study->name);
    text_printf(script, "# %u points in %u tasks; each runs every %uth point that is missing\nexec",
                sweep->points->count, tasks, tasks);
    add_word(script, program);
    text_printf(script, " sweep run");
    add_path(script, sweep->study->path);
    text_printf(script, " -o");
    add_path(script, sweep->directory);
    text_printf(script, " --shard \"$SLURM_ARRAY_TASK_ID/%u\" -j \"${SLURM_CPUS_PER_TASK:-1}\"", tasks);
    if (options->timeout_seconds) text_printf(script, " --timeout %llu", (unsigned long long)options->timeout_seconds);
    if (options->memory_bytes) text_printf(script, " --memory %llu", (unsigned long long)options->memory_bytes >> 20);
    if (options->rerun_failed) text_printf(script, " --rerun failed");
    if (options->rerun_timeout) text_printf(script, " --rerun timeout");
    text_printf(script, " --cache");
    add_path(script, sweep->study->all->cache);
    if (args->machine) text_printf(script, " --machine"), add_word(script, args->machine);
    for (unsigned i = 0; i < args->file_count; i++) text_printf(script, " --config"), add_path(script, args->files[i]);
    for (unsigned i = 0; i < args->set_count; i++) text_printf(script, " --set"), add_word(script, args->sets[i]);
    text_add(script, "\n", 1);
    free(program);
}

/* ---- sbatch, squeue ---- */

/* The first line that a command prints, to be freed; NULL: it failed. */
static char *first_line(const char *command)
{
    char line[256] = "", rest[256];
    fflush(NULL);
    FILE *from = popen(command, "r");
    if (!from) return NULL;
    if (fgets(line, sizeof line, from)) line[strcspn(line, "\n")] = 0;
    while (fgets(rest, sizeof rest, from)) {
    }
    return pclose(from) == 0 ? lab_copy(line) : NULL;
}

/* The job's number, to be freed; NULL: told. */
static char *submit(const struct sweep *sweep, const struct sweep_options *options, unsigned tasks)
{
    struct text script = {0}, command = {0};
    char *folder = lab_printf("%s/slurm", sweep->directory), *path = lab_printf("%s/job.sh", folder), *job = NULL;
    print_script(sweep, options, tasks, &script);
    if (files_make_directory(folder) && files_write(path, &script)) {
        text_printf(&command, "sbatch --parsable --array=0-%u --requeue --comment", tasks - 1);
        add_path(&command, sweep->directory);
        text_printf(&command, " -o");
        char *log = lab_printf("%s/%%A-%%a.log", folder);
        add_word(&command, log);
        add_word(&command, path);
        job = first_line(text_string(&command));
        free(log);
        if (job) job[strcspn(job, ";")] = 0; /* NUMBER;CLUSTER */
        if (!job || !*job || !isdigit((unsigned char)*job)) {
            fprintf(stderr, "covm: sbatch did not take the job (%s)\n", path);
            free(job);
            job = NULL;
        }
    }
    text_free(&script);
    text_free(&command);
    free(folder);
    free(path);
    return job;
}

/* Is any task of the job waiting or running? While squeue gives no answer, they may be. */
static bool is_queued(const char *job)
{
    char *command = lab_printf("squeue -h -o %%T -j %s 2>/dev/null", job), *line = first_line(command);
    bool gone = line ? !*line : false;
    if (!line) { /* a job that is long over is an error to squeue; whether it answers at all, tells the whole queue */
        char *any = first_line("squeue -h -o %T 2>/dev/null");
        gone = any != NULL;
        free(any);
    }
    free(line);
    free(command);
    return !gone;
}

/* The job of an earlier driver of this sweep that is still queued, to be freed; NULL: none. */
static char *find_job(const struct sweep *sweep)
{
    char line[PATH_MAX + 64], absolute[PATH_MAX], *job = NULL;
    fflush(NULL);
    FILE *from = realpath(sweep->directory, absolute) ? popen("squeue -h -o '%F %k' 2>/dev/null", "r") : NULL;
    while (from && fgets(line, sizeof line, from)) {
        line[strcspn(line, "\n")] = 0;
        char *comment = strchr(line, ' ');
        if (job || !comment || strcmp(comment + 1, absolute)) continue;
        *comment = 0;
        job = lab_copy(line);
    }
    if (from) pclose(from);
    return job;
}

static void cancel(const char *job)
{
    char *command = lab_printf("scancel %s 2>/dev/null", job);
    free(first_line(command));
    free(command);
}

/* ---- waiting ---- */

static unsigned count_done(const struct sweep *sweep)
{
    unsigned done = 0;
    for (unsigned i = 0; i < sweep->points->count; i++)
        done += sweep_state(sweep, &sweep->points->items[i]) == POINT_DONE;
    return done;
}

/* Returns the signal that interrupted it, or 0. */
static int wait_for(const struct sweep *sweep, const struct sweep_options *options, const char *job,
                    const sigset_t *signals)
{
    const struct timespec pause = {.tv_sec = POLL_SECONDS + sweep->points->count / POLL_POINTS};
    bool terminal = isatty(STDERR_FILENO);
    while (is_queued(job)) {
        if (!count_missing(sweep, options)) cancel(job);
        if (terminal)
            fprintf(stderr, "\r\033[Kjob %s: %u of %u points done", job, count_done(sweep), sweep->points->count);
        int signal = sigtimedwait(signals, NULL, &pause);
        if (signal > 0) return signal;
    }
    if (terminal) fputs("\r\033[K", stderr);
    return 0;
}

static unsigned count_tasks(const struct sweep *sweep, const struct sweep_options *options, unsigned missing)
{
    unsigned all = sweep->points->count, tasks = options->chunk ? (all + options->chunk - 1) / options->chunk : missing;
    return tasks < ARRAY_MAX ? tasks : ARRAY_MAX;
}

/* Waits for a job, if that is wanted, and frees its number. Returns the signal that interrupted it, or 0. */
static int see_to(const struct sweep *sweep, const struct sweep_options *options, char *job)
{
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, &before);
    int signal = options->wait ? wait_for(sweep, options, job, &signals) : 0;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (signal) fprintf(stderr, "covm: job %s goes on; scancel %s ends it\n", job, job);
    free(job);
    return signal;
}

int sweep_run_slurm(const struct sweep *sweep, const struct sweep_options *options)
{
    int signal = 0;
    char *job = find_job(sweep);
    bool queued = job != NULL;
    if (queued) {
        fprintf(stderr, "covm: job %s of an earlier start is still queued\n", job);
        signal = see_to(sweep, options, job);
    }
    unsigned missing = count_missing(sweep, options), tasks = count_tasks(sweep, options, missing);
    if (missing && !signal && !(queued && !options->wait)) {
        job = submit(sweep, options, tasks);
        if (!job) return EXIT_CHECK_FAILED;
        fprintf(stderr, "covm: %u points submitted as job %s, in %u tasks\n", missing, job, tasks);
        signal = see_to(sweep, options, job);
    }
    int code = sweep_summary(sweep);
    return signal ? EXIT_BY_SIGNAL + signal : code;
}
