/* points.h -- the points of a study: each an effective configuration, a workload and a seed. */
#ifndef COVM_POINTS_H
#define COVM_POINTS_H

#include "lab/sha256.h"
#include "lab/study/study.h"

enum { POINT_ID_BYTES = 17 };

struct point {
    int value[STUDY_AXES_MAX]; /* per axis: which value; -1: the axis does not exist there */
    const struct study_workload *workload;
    unsigned seed;           /* from 1; 0: the study has none */
    char id[POINT_ID_BYTES]; /* hash of the effective configuration, the workload and the program's version */
    bool again;              /* a point before it has the same id: they share a run */
};
struct points {
    struct point *items;
    unsigned count;
};

/* All points in the order of the axes, then seeds, then workloads; points that come to the same configuration are one
 * point only where their axes' values are the same. A --set of the command line must not be of a key that an axis or
 * the seeds set: these name the points. Configurations that are not valid are mistakes, with the point that they belong
 * to; likewise workloads that are not built, and start-up plots of more points than can be told apart. */
bool points_make(struct points *points, const struct study *study, const struct config_args *args, struct diag *diag);
void points_free(struct points *points);
/* The effective configuration of a point, which has been checked when the points were made. */
void points_config(struct config *config, const struct study *study, const struct config_args *args,
                   const struct point *point, struct diag *diag);
/* Which points: of each axis, the seeds and the workloads (as they stand in the study) one value or POINTS_ANY. */
enum { POINTS_ANY = -2 };
struct points_choice {
    int axis[STUDY_AXES_MAX]; /* -1: the points for which it does not exist */
    int seed, workload;
};
/* Every point. */
struct points_choice points_any(void);
/* Their indices, rising, into `found`, which has room for all points; how many they are. An axis that does not exist
 * for a point is not held against it. */
unsigned points_select(const struct points *points, const struct study *study, const struct points_choice *choice,
                       unsigned *found);
/* Does the plot's 'where' let it through? An axis that does not exist for it is not held against it. */
bool points_wanted(const struct study *study, const struct study_plot *plot, const struct point *point);
/* Appends "cms.indirect=jtlb core.jtlb.entries=64 interp test". */
void points_print(const struct study *study, const struct point *point, struct text *text);

#endif
