/* executor_local.c -- the points of a sweep in processes of this machine, some at a time.
 *
 * A point's process ends with the driver (PR_SET_PDEATHSIG), so that a driver that was killed leaves nothing running.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/commands.h"
#include "lab/study/progress.h"
#include "lab/study/sweep.h"

struct slot {
    pid_t child; /* 0: free */
    unsigned point;
    double started;     /* seconds */
    const char *killed; /* why we ended it */
};
struct driver {
    const struct sweep *sweep;
    const struct sweep_options *options;
    unsigned *queue, queued, next; /* points to run, in order */
    unsigned *elsewhere, others;   /* those that another driver was found to run */
    double look;                   /* when to look at these again */
    struct slot *slots;
    unsigned running, ran;
    struct progress progress;
};

/* ---- what is to be run ---- */

static void tell_damage(const struct sweep *sweep, const struct point *point)
{
    char *damage = sweep_damage(sweep, point);
    fprintf(stderr, "covm: %s/%s; it is run again\n", sweep->directory, damage ? damage : point->id);
    free(damage);
}

static void fill_queue(struct driver *d)
{
    const struct points *points = d->sweep->points;
    d->queue = lab_allocate((points->count + 1) * sizeof *d->queue);
    d->elsewhere = lab_allocate((points->count + 1) * sizeof *d->elsewhere);
    for (unsigned i = 0; i < points->count; i++) {
        if (d->options->shards && i % d->options->shards != d->options->shard) continue;
        if (points->items[i].again || (d->options->only && !d->options->only[i])) continue;
        enum point_state state = sweep_state(d->sweep, &points->items[i]);
        bool wanted = sweep_wants(d->options, state);
        if (state == POINT_DAMAGED) tell_damage(d->sweep, &points->items[i]);
        if (wanted) d->queue[d->queued++] = i;
        progress_add(&d->progress, &points->items[i], !wanted);
    }
}

/* ---- processes ---- */

static void run_child(const struct driver *d, const struct point *point, pid_t driver)
{
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != driver) _exit(RUN_BUSY); /* it was gone before that took effect */
    setpgid(0, 0);                            /* Ctrl-C is the driver's */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    _exit(sweep_run_point(d->sweep, d->options, point));
}

static void start(struct driver *d, unsigned point)
{
    unsigned s = 0;
    while (d->slots[s].child) s++;
    pid_t driver = getpid();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) run_child(d, &d->sweep->points->items[point], driver);
    if (child < 0) {
        perror("covm: cannot start a run");
        return;
    }
    d->slots[s] = (struct slot){.child = child, .point = point, .started = progress_now()};
    d->running++;
}

static uint64_t resident_bytes(pid_t process)
{
    char path[64], line[128] = "";
    unsigned long long size, resident = 0;
    snprintf(path, sizeof path, "/proc/%ld/statm", (long)process);
    FILE *file = fopen(path, "re");
    if (file && fgets(line, sizeof line, file) && sscanf(line, "%llu %llu", &size, &resident) != 2) resident = 0;
    if (file) fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Ends what takes too long or too much. */
static void enforce(struct driver *d)
{
    const struct sweep_options *o = d->options;
    for (unsigned s = 0; s < o->parallel; s++) {
        struct slot *slot = &d->slots[s];
        if (!slot->child || slot->killed) continue;
        if (o->timeout_seconds && progress_now() - slot->started > (double)o->timeout_seconds)
            slot->killed = "timeout";
        else if (o->memory_bytes && resident_bytes(slot->child) > o->memory_bytes)
            slot->killed = "memory";
        if (slot->killed) kill(slot->child, SIGKILL);
    }
}

/* A point that somebody else killed is no failure: it is run when the sweep is started again. */
static void note_death(struct driver *d, const struct slot *slot, int status)
{
    char *reason;
    if (!slot->killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        fprintf(stderr, "covm: point %s was killed; the same command runs it again\n",
                d->sweep->points->items[slot->point].id);
        return;
    }
    if (slot->killed && *slot->killed == 't')
        reason = lab_printf("timeout: it ran for more than %llu s", (unsigned long long)d->options->timeout_seconds);
    else if (slot->killed)
        reason =
            lab_printf("failed: it took more than %llu bytes of memory", (unsigned long long)d->options->memory_bytes);
    else if (WIFSIGNALED(status))
        reason = lab_printf("failed: killed by signal %d", WTERMSIG(status));
    else
        reason = lab_printf("failed: ended with code %d", WEXITSTATUS(status));
    sweep_note_failure(d->sweep, &d->sweep->points->items[slot->point], reason);
    free(reason);
}

static void finish(struct driver *d, struct slot *slot, int status)
{
    const struct point *point = &d->sweep->points->items[slot->point];
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == RUN_BUSY) {
        d->elsewhere[d->others++] = slot->point;
    } else if (code == RUN_OVER) {
        progress_drop(&d->progress, point, sweep_state(d->sweep, point) == POINT_DONE);
    } else {
        if (code != RUN_DONE && code != RUN_FAILED && code < EXIT_BY_SIGNAL) note_death(d, slot, status);
        progress_end(&d->progress, point, code == RUN_DONE, progress_now() - slot->started);
        d->ran++;
    }
    slot->child = 0;
    d->running--;
}

static void reap(struct driver *d)
{
    int status;
    for (pid_t child; (child = waitpid(-1, &status, WNOHANG)) > 0;)
        for (unsigned s = 0; s < d->options->parallel; s++)
            if (d->slots[s].child == child) finish(d, &d->slots[s], status);
}

static void kill_all(struct driver *d)
{
    for (unsigned s = 0; s < d->options->parallel; s++)
        if (d->slots[s].child) kill(d->slots[s].child, SIGKILL);
    for (unsigned s = 0; s < d->options->parallel; s++)
        if (d->slots[s].child) waitpid(d->slots[s].child, NULL, 0);
}

/* ---- the loop ---- */

/* The next point to start, or -1: none now. What others ran comes last, when they no longer do. */
static int pick(struct driver *d)
{
    if (d->next < d->queued) return (int)d->queue[d->next++];
    if (progress_now() < d->look) return -1;
    d->look = progress_now() + 0.5;
    for (unsigned i = 0; i < d->others; i++) {
        unsigned point = d->elsewhere[i];
        if (sweep_state(d->sweep, &d->sweep->points->items[point]) == POINT_RUNNING) continue;
        d->elsewhere[i] = d->elsewhere[--d->others];
        d->look = 0;
        return (int)point;
    }
    return -1;
}

/* Returns the signal that interrupted it, or 0. */
static int drive(struct driver *d, const sigset_t *signals)
{
    const struct timespec half = {.tv_nsec = 500000000};
    while (d->next < d->queued || d->others || d->running) {
        int point = d->running < d->options->parallel ? pick(d) : -1;
        if (point >= 0) {
            start(d, (unsigned)point);
            continue;
        }
        progress_show(&d->progress, d->running);
        int signal = sigtimedwait(signals, NULL, &half);
        if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) return signal;
        enforce(d);
        reap(d);
    }
    return 0;
}

int sweep_run_local(const struct sweep *sweep, const struct sweep_options *options)
{
    struct driver d = {.sweep = sweep, .options = options};
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, &before);
    progress_begin(&d.progress, options->parallel);
    d.slots = lab_allocate(options->parallel * sizeof *d.slots);
    fill_queue(&d);
    int signal = drive(&d, &signals);
    if (signal) kill_all(&d);
    progress_finish(&d.progress);
    sigprocmask(SIG_SETMASK, &before, NULL);
    free(d.queue);
    free(d.elsewhere);
    free(d.slots);
    int code = sweep_summary(sweep);
    if (d.queued) fprintf(stderr, "covm: %u of them run just now\n", d.ran);
    if (signal) fprintf(stderr, "covm: interrupted; the same command goes on where this one ended\n");
    return signal ? EXIT_BY_SIGNAL + signal : code;
}
