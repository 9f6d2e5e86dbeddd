/* regions.h -- what the parts of a page about a run's translations share: the table, the graph, the schedules. */
#ifndef COVM_REPORT_REGIONS_H
#define COVM_REPORT_REGIONS_H

#include "lab/region_view.h"
#include "lab/report/csv.h"
#include "lab/report/report.h"

/* Columns of regions.csv. */
enum region_csv_column {
#define COLUMN(name, unit, rows, value, meaning) REGION_CSV_##name,
#include "lab/region_columns.def"
#undef COLUMN
    REGION_CSV_COLUMNS
};

enum { REPORT_REGIONS_SHOWN = 50 };

struct region_table {
    struct csv csv;
    unsigned column[REGION_CSV_COLUMNS]; /* as the file has them: an older one may have others */
    unsigned *ranked, count;             /* rows of translations, the most expensive first; owned */
    double all_cycles;
    /* What it takes to translate again: the program that was run, and the configuration. */
    struct elf_file elf;
    struct config config;
    struct machine *machine; /* NULL: cannot be; `why` */
    char *why;               /* owned; a sentence */
};

const char *region_cell(const struct region_table *table, unsigned row, enum region_csv_column column);
/* 0 for an empty cell. */
uint64_t region_number(const struct region_table *table, unsigned row, enum region_csv_column column);
/* Translates the one of a row again. False: that cannot be. `view` is to be freed in either case. */
bool region_again(const struct region_table *table, unsigned row, struct region_view *view, bool *alike);

/* The control-flow graph of the most expensive ones. */
void report_graph(const struct run_report *report, const struct region_table *table, struct text *page);
/* The schedule of one; and, once for all of them, what the words in their empty slots mean. */
void report_grid(const struct region_view *view, struct text *page);
void report_grid_words(struct text *page);

#endif
