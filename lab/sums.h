/* sums.h -- sums.csv of a run record: size and SHA-256 of each of its files, so that one that was cut short or edited
 * afterwards is found. A line per file (file,bytes,sha256), run.json among them, and as the last one of its own, of
 * what stands above it. It is written just before run.json, and lists that as it is about to be.
 */
#ifndef COVM_SUMS_H
#define COVM_SUMS_H

#include "hwsim/base/base.h"
#include "lab/text.h"

/* Writes it for the files (NULL-terminated) that the directory has, and for run.json, whose bytes are `run`. False: told
 * on standard error. */
bool sums_write(const char *directory, const char *const *files, const struct text *run);
/* Is there one? A record of an older covm has none. */
bool sums_exist(const char *directory);
/* NULL: every file has its size, and those that are `read` (NULL-terminated; NULL: all) have their hashes. Otherwise
 * what is wrong, to be freed: "stats.csv has 10 bytes, not 24966". */
char *sums_check(const char *directory, const char *const *read);

#endif
