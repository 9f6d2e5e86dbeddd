/* report.h -- covm report: a run record, or the directory of a sweep, as one HTML page. */
#ifndef COVM_REPORT_H
#define COVM_REPORT_H

#include "lab/document.h"
#include "lab/samples.h"
#include "lab/text.h"

/* Each appends a whole page. False: told on standard error. */
bool report_run(const char *directory, struct text *page);
bool report_sweep(const char *directory, struct text *page);

/* ---- parts of a run's page ---- */

struct run_report {
    const char *directory;
    const char *scratch; /* directory where figures are drawn */
    struct document run; /* run.json */
    struct samples samples;
};
/* A member of run.json as text, "" where there is none. */
const char *report_member(const struct run_report *report, const char *name);
/* A statistic of the whole run; "" for a null. */
const char *report_total(const struct run_report *report, const char *name);
/* Where the cycles went, and when. */
bool report_figures(const struct run_report *report, struct text *page);
void report_statistics(const struct run_report *report, struct text *page);
/* The graph of the translations of regions.csv, and the most expensive of them, each with its code. */
void report_regions(const struct run_report *report, struct text *page);

#endif
