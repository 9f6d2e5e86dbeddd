/* record.h -- the directory that a run writes: run.json (last: a directory with it is a finished record),
 * sums.csv, config.effective.yaml, stats.json, stats.csv, regions.csv, timeline.csv, and the guest's stdout and stderr.
 *
 * What is in stats.* and regions.csv, with units: `covm stats list`, from the tables *_stats.def, derived.def and
 * region_columns.def. stats.* have the windows; regions.csv is of the whole run.
 */
#ifndef COVM_RECORD_H
#define COVM_RECORD_H

#include <stdio.h>

#include "lab/document.h"
#include "lab/regions.h"
#include "lab/run.h"

struct record {
    const char *directory;
    char *id; /* names the run: a hash of the effective configuration, guest, arguments and program version */
    char *program_hash, *config_hash, *guest_hash;
    FILE *timeline;
    struct regions regions;
};

/* Makes the directory (refusing one that holds anything), and what is known before the run. Errors go to standard
 * error. */
bool record_begin(struct record *record, const struct run_request *request);
/* A row of timeline.csv: cycles by activity since the row before; rows of it. */
void record_print_row(uint64_t insns, uint64_t cycle, const uint64_t by_activity[ACTIVITIES], struct text *row);
void record_timeline(struct record *record, const struct text *rows);
/* Everything else; run.json appears last, by a rename. */
bool record_end(struct record *record, const struct run_request *request, const struct run_result *result,
                const struct machine *machine, const struct stats_table *table, const struct stats_window *windows,
                unsigned window_count);
void record_free(struct record *record);

/* EXIT_FINE: in the directory is a finished record, whose files are what was written (of an older covm, which wrote no
 * sums.csv: whatever they are). Otherwise what it is went to standard error, and the exit code for that is returned:
 * EXIT_USAGE where there is no finished record, EXIT_CHECK_FAILED where it is damaged. */
int record_check(const char *directory);
/* The guest's program of the record with this run.json: the very file, known by its hash. A relative path is looked for
 * where the run was made, or else here. Absolute, to be freed; NULL: it is not there any more, or another. */
char *record_find_guest(const struct node *run);
/* False, and told: `made` has the name and place of a file of the record that `directory` (NULL: none) is about to
 * hold, or of a finished one. */
bool record_may_make(const char *made, const char *directory);

#endif
