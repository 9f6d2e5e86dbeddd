#define _GNU_SOURCE /* memfd_create */
#include "lab/job.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/sha256.h"
#include "lab/text.h"

/* A job under way. The child leaves what the guest printed and the result in two anonymous files. */
struct place {
    struct job *job;
    pid_t child;
    int output, result;
};

/* Standard input: a file below the guest's root, or nothing. */
static void open_input(const char *root, const char *name)
{
    char *path = name ? lab_printf("%s/%s", root, name) : lab_copy("/dev/null");
    int file = open(path, O_RDONLY);
    if (file < 0) perror(path);
    dup2(file, STDIN_FILENO);
    if (file != STDIN_FILENO) close(file);
    free(path);
}

int job_run_guest(const struct workloads *workloads, const struct workload *workload, enum workload_size size,
                  struct run_request *request, struct run_result *result)
{
    char *program = workload_path(workloads, workload), *root = workload_root(workloads, workload),
         *words[WORKLOAD_WORDS + 2] = {strrchr(program, '/') + 1}, *no_env[] = {NULL};
    for (unsigned i = 0; workload->size[size].args[i]; i++) words[i + 1] = workload->size[size].args[i];
    open_input(root, workload->size[size].input);
    request->program = program;
    request->argv = words;
    request->env = no_env;
    request->root = root;
    int code = run_guest(request, result);
    if (code == 0) run_explain(request, result);
    free(program);
    free(root);
    return code;
}

static void run_on_host(const struct workloads *workloads, const struct job *job, const struct place *place)
{
    const struct workload *workload = job->workload;
    char *program = workload_path(workloads, workload), *root = workload_root(workloads, workload),
         *words[WORKLOAD_WORDS + 3] = {(char *)job->emulator, program};
    for (unsigned i = 0; workload->size[job->size].args[i]; i++) words[i + 2] = workload->size[job->size].args[i];
    open_input(root, workload->size[job->size].input);
    dup2(place->output, STDOUT_FILENO);
    if (chdir(root) < 0) perror(root);
    execvp(words[0], words);
    fprintf(stderr, "covm: %s cannot be run\n", words[0]);
    _exit(127);
}

static void run_child(const struct workloads *workloads, const struct job *job, const struct place *place)
{
    if (!job->config) run_on_host(workloads, job, place);
    struct run_result *result = lab_allocate(sizeof *result);
    struct run_request request = {
        .config = job->config, .output = place->output, .error = STDERR_FILENO, .check = job->check};
    int code = job_run_guest(workloads, job->workload, job->size, &request, result);
    if (code == 0) {
        if (result->diverged) code = 1;
        if (write(place->result, result, sizeof *result) != (ssize_t)sizeof *result) code = 1;
    }
    _exit(code);
}

static bool start(const struct workloads *workloads, struct job *job, struct place *place)
{
    *place = (struct place){job, -1, memfd_create("output", MFD_CLOEXEC), memfd_create("result", MFD_CLOEXEC)};
    fflush(NULL);
    place->child = place->output < 0 || place->result < 0 ? -1 : fork();
    if (place->child == 0) run_child(workloads, job, place);
    if (place->child < 0) perror("covm: cannot start a run");
    return place->child > 0;
}

static bool hash_is(int file, const char *wanted)
{
    struct sha256 sha;
    char bytes[1 << 14], text[SHA256_TEXT_BYTES];
    ssize_t count;
    off_t at = 0;
    sha256_begin(&sha);
    for (; (count = pread(file, bytes, sizeof bytes, at)) > 0; at += count) sha256_add(&sha, bytes, (size_t)count);
    sha256_end(&sha, text);
    return !strcmp(text, wanted);
}

bool job_printed_right(const struct workload *workload, enum workload_size size, int output)
{
    const char *wanted = workload->size[size].output;
    if (!wanted) return hash_is(output, workload->size[size].sha256);
    size_t length = strlen(wanted);
    char *got = lab_allocate(length + 3);
    ssize_t count = pread(output, got, length + 2, 0);
    bool right = count == (ssize_t)length + 1 && !memcmp(got, wanted, length) && got[length] == '\n';
    free(got);
    return right;
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec * 1e-6; }

static void finish(struct place *place, int status, const struct rusage *usage)
{
    struct job *job = place->job;
    unsigned wanted = job->workload->size[job->size].exit;
    bool fine = WIFEXITED(status) && (unsigned)WEXITSTATUS(status) == (job->config ? 0 : wanted);
    job->cpu_seconds = seconds(usage->ru_utime) + seconds(usage->ru_stime);
    job->peak_bytes = (uint64_t)usage->ru_maxrss * 1024;
    if (job->config) {
        job->ran = pread(place->result, &job->result, sizeof job->result, 0) == (ssize_t)sizeof job->result;
        fine = fine && job->ran && job->result.status.end == USER_EXITED && (unsigned)job->result.status.code == wanted;
    }
    job->right = fine && job_printed_right(job->workload, job->size, place->output);
    if (!job->right) {
        fprintf(stderr, "%scovm: %s on %s: %s\n", isatty(STDERR_FILENO) ? "\r\033[K" : "", job->workload->name,
                job->label,
                fine                               ? "wrong output"
                : job->ran && job->result.diverged ? "diverged"
                                                   : "did not exit as it should");
    }
    close(place->output);
    close(place->result);
}

/* "done" lines: one that changes on a terminal, else a line for each job. */
static void show(const struct job *job, unsigned done, unsigned count)
{
    bool terminal = isatty(STDERR_FILENO);
    fprintf(stderr, "%s%u of %u runs done (%s on %s)%s", terminal ? "\r\033[K" : "", done, count, job->workload->name,
            job->label, terminal && done < count ? "" : "\n");
}

bool jobs_run(const struct workloads *workloads, struct job *jobs, unsigned count, unsigned parallel, bool progress)
{
    struct place *places = lab_allocate(parallel * sizeof *places);
    unsigned started = 0, done = 0, running = 0;
    bool fine = true;
    while (done < count) {
        if (started < count && running < parallel) {
            unsigned p = 0;
            while (places[p].child) p++;
            if (!start(workloads, &jobs[started++], &places[p])) {
                fine = false;
                places[p].child = 0;
                done++;
                continue;
            }
            running++;
            continue;
        }
        int status;
        struct rusage usage;
        pid_t child = wait4(-1, &status, 0, &usage);
        for (unsigned p = 0; p < parallel; p++) {
            if (places[p].child != child) continue;
            finish(&places[p], status, &usage);
            fine &= places[p].job->right;
            done++;
            running--;
            places[p].child = 0;
            if (progress) show(places[p].job, done, count);
        }
    }
    free(places);
    return fine;
}
