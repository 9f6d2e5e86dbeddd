/* flock */
#define _GNU_SOURCE
#include "lab/study/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/commands.h"
#include "lab/files.h"
#include "lab/job.h"
#include "lab/paths.h"
#include "lab/sums.h"
#include "lab/version.h"

static const char *const parts[] = {"points", "failed", "logs", "locks", "work"};

char *sweep_path(const struct sweep *sweep, const char *part, const char *name)
{
    return lab_printf("%s/%s/%s", sweep->directory, part, name);
}

/* ---- the manifest ---- */

/* Whose results a directory holds, as JSON. */
static void print_manifest(const struct sweep *sweep, struct text *text)
{
    char hash[SHA256_TEXT_BYTES], *program = paths_program();
    sha256_file(program, hash);
    free(program);
    text_printf(text, "{\n  \"schema\": 1,\n  \"study\": ");
    text_add_json(text, sweep->study->name);
    text_printf(text, ",\n  \"covm\": \"%s\",\n  \"program_sha256\": \"%s\",\n", COVM_VERSION, hash);
    text_printf(text, "  \"workloads\": {");
    for (unsigned i = 0; i < sweep->study->workload_count; i++) {
        const struct workload *workload = sweep->study->workloads[i].workload;
        char *path = workload_path(sweep->study->all, workload);
        bool again = false;
        for (unsigned k = 0; k < i; k++) again |= sweep->study->workloads[k].workload == workload;
        sha256_file(path, hash);
        if (!again) text_printf(text, "%s\n    \"%s\": \"%s\"", i ? "," : "", workload->name, hash);
        free(path);
    }
    text_printf(text, "\n  }\n}\n");
}

/* Is a value of the directory's manifest another than ours? A workload that only one of them has is none of it. */
static bool differs(const struct node *theirs, const struct node *ours, const char *what, const char *directory)
{
    if (!theirs || !ours || !theirs->text || !ours->text || !strcmp(theirs->text, ours->text)) return false;
    fprintf(stderr,
            "covm: %s holds results of another %s (%.12s, now %.12s); results are never mixed: take another directory "
            "(-o), "
            "or remove this one\n",
            directory, what, theirs->text, ours->text);
    return true;
}

static bool compare_manifests(const struct sweep *sweep, const struct node *theirs, const struct node *ours)
{
    if (differs(node_find(theirs, "study"), node_find(ours, "study"), "study", sweep->directory)) return false;
    if (differs(node_find(theirs, "program_sha256"), node_find(ours, "program_sha256"), "covm", sweep->directory))
        return false;
    const struct node *a = node_find(theirs, "workloads"), *b = node_find(ours, "workloads");
    for (unsigned i = 0; a && b && i < b->count; i++) {
        char *what = lab_printf("program '%s'", b->keys[i].text);
        bool other = differs(node_find(a, b->keys[i].text), &b->items[i], what, sweep->directory);
        free(what);
        if (other) return false;
    }
    return true;
}

/* Workloads that came to the study later join the manifest. */
static bool check_manifest(const struct sweep *sweep)
{
    struct text ours = {0};
    struct diag diag = {0};
    struct document there, own;
    char *path = lab_printf("%s/manifest.json", sweep->directory);
    print_manifest(sweep, &ours);
    bool fine = true;
    if (access(path, F_OK) == 0) {
        fine = document_read_file(&there, path, &diag) &&
               document_read(&own, "manifest", text_string(&ours), ours.length, &diag);
        diag_print(&diag, stderr);
        fine = fine && there.root && compare_manifests(sweep, there.root, own.root);
        if (!diag.count) document_free(&there), document_free(&own);
    }
    if (fine) fine = files_write(path, &ours);
    diag_free(&diag);
    text_free(&ours);
    free(path);
    return fine;
}

/* Anything but a manifest that is being made. */
static bool holds_something(const char *path)
{
    DIR *directory = opendir(path);
    bool something = false;
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        something |= strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
                     strncmp(entry->d_name, "manifest.", strlen("manifest."));
    if (directory) closedir(directory);
    return something;
}

/* A sweep's directory gets its manifest before anything else; so one that was just made by another driver has it by the
 * time that something was found in it. */
static bool is_strange(const struct sweep *sweep)
{
    char *manifest = lab_printf("%s/manifest.json", sweep->directory);
    bool strange = holds_something(sweep->directory) && access(manifest, F_OK) != 0;
    free(manifest);
    if (strange) fprintf(stderr, "covm: %s holds something else: not the directory of a sweep\n", sweep->directory);
    return strange;
}

/* Of two drivers that find no manifest, the second sees that of the first. */
static bool take_directory(const struct sweep *sweep)
{
    char *lock = lab_printf("%s/manifest.lock", sweep->directory);
    int file = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    bool fine = file >= 0 && flock(file, LOCK_EX) == 0;
    if (!fine) fprintf(stderr, "covm: %s: %s\n", lock, strerror(errno));
    fine = fine && check_manifest(sweep);
    if (file >= 0) close(file);
    free(lock);
    return fine;
}

bool sweep_open(const struct sweep *sweep)
{
    if (!files_make_directory(sweep->directory) || is_strange(sweep) || !take_directory(sweep)) return false;
    for (unsigned i = 0; i < LENGTH(parts); i++) {
        char *part = lab_printf("%s/%s", sweep->directory, parts[i]);
        bool made = files_make_directory(part);
        free(part);
        if (!made) return false;
    }
    return true;
}

/* ---- states ---- */

const char *sweep_state_name(enum point_state state)
{
    static const char *const names[POINT_STATES] = {"done",    "failed",    "timed out",
                                                    "running", "never run", "damaged"};
    return names[state];
}

static bool is_locked(const struct sweep *sweep, const struct point *point)
{
    char *path = sweep_path(sweep, "locks", point->id);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool locked = file >= 0 && flock(file, LOCK_SH | LOCK_NB) != 0;
    if (file >= 0) close(file);
    free(path);
    return locked;
}

static bool draws_timelines(const struct study *study)
{
    for (unsigned i = 0; i < study->plot_count; i++)
        if (plot_kind_has_timeline(study->plots[i].kind)) return true;
    return false;
}

/* Whole files are read where their contents are made use of (without the study: may be); of the others their sizes have
 * to do. */
char *sweep_damage(const struct sweep *sweep, const struct point *point)
{
    const char *const read[] = {"run.json", "stats.csv",
                                !sweep->study || draws_timelines(sweep->study) ? "timeline.csv" : NULL, NULL};
    char *record = sweep_path(sweep, "points", point->id), *problem = sums_check(record, read),
         *damage = problem ? lab_printf("points/%s: %s", point->id, problem) : NULL;
    free(problem);
    free(record);
    return damage;
}

/* DONE, DAMAGED or, without a record, MISSING. */
static enum point_state state_of_record(const struct sweep *sweep, const struct point *point)
{
    bool *intact = sweep->intact ? &sweep->intact[point - sweep->points->items] : NULL;
    if (intact && *intact) return POINT_DONE;
    char *path = lab_printf("%s/points/%s/run.json", sweep->directory, point->id);
    bool there = access(path, F_OK) == 0;
    free(path);
    if (!there) return POINT_MISSING;
    char *damage = sweep_damage(sweep, point);
    free(damage);
    if (damage) return POINT_DAMAGED;
    if (intact) *intact = true;
    return POINT_DONE;
}

/* Of a point that nobody runs. */
static enum point_state state_at_rest(const struct sweep *sweep, const struct point *point)
{
    enum point_state record = state_of_record(sweep, point);
    if (record != POINT_MISSING) return record;
    char *path = sweep_path(sweep, "failed", point->id), *reason = lab_read_file(path, 4096, NULL);
    enum point_state state = !reason ? POINT_MISSING : !strncmp(reason, "timeout", 7) ? POINT_TIMEOUT : POINT_FAILED;
    free(reason);
    free(path);
    return state;
}

enum point_state sweep_state(const struct sweep *sweep, const struct point *point)
{
    if (state_of_record(sweep, point) == POINT_DONE) return POINT_DONE;
    return is_locked(sweep, point) ? POINT_RUNNING : state_at_rest(sweep, point);
}

bool sweep_wants(const struct sweep_options *options, enum point_state state)
{
    switch (state) {
    case POINT_MISSING:
    case POINT_DAMAGED:
    case POINT_RUNNING: return true; /* who runs it now may be killed */
    case POINT_FAILED: return options->rerun_failed;
    case POINT_TIMEOUT: return options->rerun_timeout;
    default: return false;
    }
}

int sweep_summary(const struct sweep *sweep)
{
    unsigned counts[POINT_STATES] = {0};
    for (unsigned i = 0; i < sweep->points->count; i++) counts[sweep_state(sweep, &sweep->points->items[i])]++;
    fprintf(stderr, "covm: %s: %u points", sweep->directory, sweep->points->count);
    for (unsigned s = 0; s < POINT_STATES; s++)
        if (counts[s]) fprintf(stderr, ", %u %s", counts[s], sweep_state_name((enum point_state)s));
    fputc('\n', stderr);
    return counts[POINT_DONE] == sweep->points->count ? EXIT_FINE : EXIT_INCOMPLETE;
}

/* ---- one point ---- */

void sweep_note_failure(const struct sweep *sweep, const struct point *point, const char *reason)
{
    struct text text = {0};
    char *path = sweep_path(sweep, "failed", point->id);
    text_printf(&text, "%s\n", reason);
    files_write(path, &text);
    text_free(&text);
    free(path);
}

/* NULL: the run went as it should. To be freed. */
static char *judge(const struct point *point, const char *record, int code, const struct run_result *result)
{
    const struct workload *workload = point->workload->workload;
    unsigned wanted = workload->size[point->workload->size].exit;
    if (code) return lab_printf("failed: covm run ended with code %d", code);
    if (result->status.end != USER_EXITED || (unsigned)result->status.code != wanted)
        return lab_printf("failed: %s did not exit with code %u", workload->name, wanted);
    char *path = lab_printf("%s/stdout", record);
    int output = open(path, O_RDONLY | O_CLOEXEC);
    bool right = output >= 0 && job_printed_right(workload, point->workload->size, output);
    if (output >= 0) close(output);
    free(path);
    return right ? NULL : lab_printf("failed: %s printed something else than it should", workload->name);
}

static int run_record(const struct sweep *sweep, const struct point *point, const char *record)
{
    struct config config;
    struct diag diag = {0};
    struct run_result *result = lab_allocate(sizeof *result);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), code = EXIT_CONFIG;
    points_config(&config, sweep->study, sweep->args, point, &diag);
    struct run_request request = {.config = &config, .output = null, .error = null, .directory = record};
    if (!diag.count)
        code = job_run_guest(sweep->study->all, point->workload->workload, point->workload->size, &request, result);
    diag_print(&diag, stderr);
    diag_free(&diag);
    config_free(&config);
    char *reason = judge(point, record, code, result);
    if (reason && result->signal)
        code = EXIT_BY_SIGNAL + result->signal; /* not the point's fault */
    else
        code = reason ? RUN_FAILED : RUN_DONE;
    if (code == RUN_FAILED) {
        fprintf(stderr, "%s\n", reason);
        sweep_note_failure(sweep, point, reason);
    }
    free(reason);
    free(result);
    close(null);
    return code;
}

/* What the process tells from here on goes to the point's log. */
static void open_log(const struct sweep *sweep, const struct point *point)
{
    char *log = sweep_path(sweep, "logs", point->id);
    int file = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file >= 0) dup2(file, STDERR_FILENO);
    free(log);
}

/* The point is ours alone. */
static int run_alone(const struct sweep *sweep, const struct point *point)
{
    char *work = sweep_path(sweep, "work", point->id), *place = sweep_path(sweep, "points", point->id),
         *failed = sweep_path(sweep, "failed", point->id);
    open_log(sweep, point);
    files_remove_tree(work);
    files_remove_tree(place); /* damaged, or what is left of a record that somebody began to remove */
    unlink(failed);
    int code = run_record(sweep, point, work);
    if (code == RUN_DONE && rename(work, place) != 0) {
        perror(place);
        code = RUN_FAILED;
    }
    if (code != RUN_DONE) files_remove_tree(work);
    free(work);
    free(place);
    free(failed);
    return code;
}

int sweep_run_point(const struct sweep *sweep, const struct sweep_options *options, const struct point *point)
{
    char *lock = sweep_path(sweep, "locks", point->id);
    int file = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666), code = RUN_FAILED;
    if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0)
        code = sweep_wants(options, state_at_rest(sweep, point)) ? run_alone(sweep, point) : RUN_OVER;
    else if (file >= 0 && errno == EWOULDBLOCK)
        code = RUN_BUSY;
    else
        perror(lock);
    if (file >= 0) close(file);
    free(lock);
    return code;
}
