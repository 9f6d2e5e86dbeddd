/* workload_build.c -- where the programs are, and building those of our own. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/child.h"
#include "lab/fetch.h"
#include "lab/files.h"
#include "lab/text.h"
#include "lab/workloads.h"

char *workload_path(const struct workloads *workloads, const struct workload *workload)
{
    if (workload->recipe)
        return lab_printf("%s/programs/%s.%s/%s", workloads->cache, workload->recipe, workload->cpu, workload->recipe);
    return lab_printf("%s/%s", workloads->built, workload->name);
}

char *workload_root(const struct workloads *workloads, const struct workload *workload)
{
    return workload->recipe ? fetch_inputs(workloads) : lab_copy("/");
}

/* By when the file came here: an installed source is as old as the package that brought it. */
static bool newer(const char *path, const struct stat *than)
{
    struct stat status;
    if (stat(path, &status)) return true;
    return status.st_ctim.tv_sec > than->st_mtim.tv_sec ||
           (status.st_ctim.tv_sec == than->st_mtim.tv_sec && status.st_ctim.tv_nsec > than->st_mtim.tv_nsec);
}

static bool up_to_date(const struct workloads *workloads, const struct workload *workload, const char *program)
{
    struct stat status;
    if (stat(program, &status)) return false;
    static const char *const shared[] = {"workload.h", "workloads.yaml"};
    for (unsigned i = 0; i < WORKLOAD_WORDS + LENGTH(shared); i++) {
        const char *name = i < LENGTH(shared) ? shared[i] : workload->sources[i - LENGTH(shared)];
        if (!name) break;
        char *source = lab_printf("%s/workloads/%s", workloads->home, name);
        bool changed = newer(source, &status);
        free(source);
        if (changed) return false;
    }
    return true;
}

static bool build_own(const struct workloads *workloads, const struct workload *workload)
{
    char *program = workload_path(workloads, workload);
    bool fine = up_to_date(workloads, workload, program);
    if (!fine) {
        /* written beside and renamed, so that nobody who builds at the same time runs half a program */
        char *unfinished = lab_printf("%s.%d", program, (int)getpid());
        char *command[8 + WORKLOAD_WORDS + 1] = {"gcc", "-m32", "-static", "-O2", "-march=i686", "-o", unfinished};
        unsigned words = 7;
        for (unsigned i = 0; workload->sources[i]; i++)
            command[words++] = lab_printf("%s/workloads/%s", workloads->home, workload->sources[i]);
        fine = files_make_directory(workloads->built) && child_succeeds(command) && rename(unfinished, program) == 0;
        if (!fine) fprintf(stderr, "covm: workload %s was not built (it needs gcc and gcc-multilib)\n", workload->name);
        while (words > 7) free(command[--words]);
        free(unfinished);
    }
    free(program);
    return fine;
}

bool workload_build(const struct workloads *workloads, const struct workload *workload)
{
    if (!workload->recipe) return build_own(workloads, workload);
    char *package = fetch_package(workloads, workload);
    if (!package) fprintf(stderr, "covm: %s is not fetched: covm workloads fetch %s\n", workload->name, workload->name);
    bool fine = package && fetch_make_inputs(workloads);
    free(package);
    return fine;
}
