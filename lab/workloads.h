/* workloads.h -- the guest programs that come with covm: workloads/workloads.yaml, built into build/workloads/. */
#ifndef COVM_WORKLOADS_H
#define COVM_WORKLOADS_H

#include "lab/diag.h"
#include "hwsim/base/base.h"

enum workload_size { WORKLOAD_TEST, WORKLOAD_REF, WORKLOAD_SIZES };
enum { WORKLOAD_WORDS = 8 };

struct workload {
    char *name, *stresses;
    char *sources[WORKLOAD_WORDS + 1]; /* NULL-terminated, names beside workloads.yaml */
    struct {
        char *args[WORKLOAD_WORDS + 1]; /* NULL-terminated */
        char *output;                   /* what it prints, less the newline at the end */
    } size[WORKLOAD_SIZES];
};
struct workloads {
    struct workload *items;
    unsigned count;
    char *home; /* the tree they belong to */
};

bool workloads_load(struct workloads *workloads, struct diag *diag);
void workloads_free(struct workloads *workloads);
/* NULL, and a message on standard error, if there is none of that name. */
const struct workload *workloads_find(const struct workloads *workloads, const char *name);
/* Host path of the built program; to be freed. */
char *workload_path(const struct workloads *workloads, const struct workload *workload);
/* Compiles it unless it is newer than its sources. False: the compiler has said why. */
bool workload_build(const struct workloads *workloads, const struct workload *workload);
/* "test" or "ref"; a mistake is reported. */
bool workload_size_parse(const char *written, enum workload_size *size);

#endif
