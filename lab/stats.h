/* stats.h -- the one table of statistics: every module's counters, the account of cycles, values derived from them. */
#ifndef COVM_STATS_H
#define COVM_STATS_H

#include "cms/cms.h"
#include "hwsim/core/machine.h"
#include "hwsim/platform/user/user.h"
#include "lab/text.h"

/* All counters of a run at one moment. */
struct stats {
    struct machine_stats machine;
    struct machine_account account;
    uint64_t by_activity[ACTIVITIES], by_cause[CAUSES], total; /* sums of the account */
    uint64_t cms[CMS_STATS_MAX];
    struct user_stats user;
    struct named_counter named[NAMED_COUNTERS_MAX]; /* interpreter-only instructions */
    unsigned named_count;
};
/* Beside the rows of the table: a name for each interpreter-only instruction that there was. */
#define STATS_NAMED_PATH "interpreted_only.NAME"
#define STATS_NAMED_UNIT "instructions"
#define STATS_NAMED_MEANING "interpreter-only instructions of that name, where there were any"
struct stats_value {
    bool null;    /* never sampled */
    bool counter; /* exact: `count`; else `real` */
    uint64_t count;
    double real;
};
struct stats_row {
    char path[80];
    const char *unit, *meaning;
    const char *formula; /* NULL: a counter */
    size_t offset;       /* of the counter in struct stats */
};
struct stats_table {
    struct stats_row *rows;
    unsigned count;
};

void stats_table_init(struct stats_table *table);
void stats_table_free(struct stats_table *table);
/* The row of that path, or NULL. */
const struct stats_row *stats_find(const struct stats_table *table, const char *path, size_t length);
struct stats_value stats_value(const struct stats_table *table, const struct stats_row *row, const struct stats *stats);
/* By path; a path that is not in the table is our own bug. */
double stats_real(const struct stats_table *table, const char *path, const struct stats *stats);

void stats_collect(struct stats *stats, const struct machine *machine, const struct user *user);
/* What was counted between two moments (a level, see gauges.def, stays that of the later one). */
void stats_subtract(const struct stats_table *table, struct stats *stats, const struct stats *earlier);

/* A part of a run: "total", "warmup", "roi". */
struct stats_window {
    const char *name;
    struct stats stats;
};
/* { "schema": 1, "windows": { "total": { NAME: VALUE, ... } } } */
void stats_print_json(const struct stats_table *table, const struct stats_window *windows, unsigned count,
                      struct text *text);
/* run,window,name,unit,value; an empty value is a null. */
void stats_print_csv(const struct stats_table *table, const char *run, const struct stats_window *windows,
                     unsigned count, struct text *text);
void stats_print_value(struct stats_value value, struct text *text);

#endif
