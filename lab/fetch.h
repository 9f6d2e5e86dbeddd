/* fetch.h -- real programs: fetched from Debian and built by workloads/fetch.sh into the cache folder, and their
 * inputs, which workloads/inputs/make.sh makes. */
#ifndef COVM_FETCH_H
#define COVM_FETCH_H

#include "lab/workloads.h"

/* Where programs are fetched to: `wanted`, or, where that is NULL, the default. An absolute path, to be freed. */
char *fetch_cache(const char *wanted);
/* What a fetched program is made from ("bzip2 1.0.8-5"), to be freed; NULL if it is not fetched, or by another recipe
 * than the tree has now. */
char *fetch_package(const struct workloads *workloads, const struct workload *workload);
/* Fetches the recipes of the real programs among these that are not there. False: some could not be, told on standard
 * error. */
bool fetch_programs(const struct workloads *workloads, const struct workload *const *chosen, unsigned count);
/* Folder of the inputs, the root of all real programs; to be freed. */
char *fetch_inputs(const struct workloads *workloads);
/* Makes the inputs unless they are newer than what they are made from. False: told on standard error. */
bool fetch_make_inputs(const struct workloads *workloads);

#endif
