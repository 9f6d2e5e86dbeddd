/* plan.h -- what a sweep is of, kept in its directory for whoever reads it without the study: plan.json (title, the
 * study's file, the command), study.txt (its text, and that of those it extends), points.csv (what each point is). */
#ifndef COVM_PLAN_H
#define COVM_PLAN_H

#include "lab/study/sweep.h"

/* False: told on standard error. */
bool plan_write(const struct sweep *sweep);

#endif
