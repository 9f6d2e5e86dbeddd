/* workloads.h -- the guest programs: those that come with covm (workloads/workloads.yaml), and real ones
 * (workloads/real.yaml), fetched and built by recipe into a cache folder, see fetch.h. */
#ifndef COVM_WORKLOADS_H
#define COVM_WORKLOADS_H

#include "lab/diag.h"
#include "hwsim/base/base.h"

enum workload_size { WORKLOAD_TEST, WORKLOAD_REF, WORKLOAD_SIZES };
enum { WORKLOAD_WORDS = 12 };

struct workload {
    char *name, *stresses;
    char *sources[WORKLOAD_WORDS + 1]; /* NULL-terminated, names beside workloads.yaml */
    char *recipe, *cpu;                /* of a real program: workloads/recipes/RECIPE.sh, i686 or sse2; else NULL */
    struct {
        char *args[WORKLOAD_WORDS + 1]; /* NULL-terminated */
        char *output;                   /* what it prints, less the newline at the end; NULL for a real program */
        char *sha256;                   /* of what it prints; NULL for one of our own */
        char *input;                    /* its standard input, a file below its root; NULL: nothing */
        unsigned exit;                  /* the code it exits with */
    } size[WORKLOAD_SIZES];
};
struct workloads {
    struct workload *items;
    unsigned count;
    char *home;  /* the tree they belong to */
    char *cache; /* where real programs are fetched to */
    char *built; /* where ours are built, and the inputs of real ones made: in a tree of sources build/workloads/; where
                  * covm is installed, a folder of this version in the cache */
};

/* Both tables. `cache`: that folder, or NULL for $COVM_CACHE, else covm/ in the user's cache folder. */
bool workloads_load(struct workloads *workloads, const char *cache, struct diag *diag);
/* Adds those of a table; mistakes are told with their place in the file of that name. */
void workloads_load_text(struct workloads *workloads, const char *name, const char *text, size_t length,
                         struct diag *diag);
void workloads_free(struct workloads *workloads);
/* NULL, and a message on standard error, if there is none of that name. */
const struct workload *workloads_find(const struct workloads *workloads, const char *name);
/* The named ones, where a recipe's name stands for all of its programs. Without names: those of `kind`, where
 * WORKLOADS_READY is our own and the fetched real ones (standard error tells of the others). NULL if a name is unknown.
 * To be freed. */
enum workloads_kind { WORKLOADS_OWN, WORKLOADS_REAL, WORKLOADS_READY };
const struct workload **workloads_choose(const struct workloads *workloads, int count, char **names,
                                         enum workloads_kind kind, unsigned *chosen);
/* Host path of the built program; to be freed. */
char *workload_path(const struct workloads *workloads, const struct workload *workload);
/* Host path of what it runs in, the guest's /; to be freed. */
char *workload_root(const struct workloads *workloads, const struct workload *workload);
/* Compiles it unless it is newer than its sources; the inputs of real programs, likewise. False: the reason (the
 * compiler's, or that the program is not fetched) is on standard error. */
bool workload_build(const struct workloads *workloads, const struct workload *workload);
/* "test" or "ref"; the second reports a mistake. */
bool workload_size_named(const char *written, enum workload_size *size);
bool workload_size_parse(const char *written, enum workload_size *size);
const char *workload_size_name(enum workload_size size);

#endif
