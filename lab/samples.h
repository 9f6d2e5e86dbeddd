/* samples.h -- statistics as a run recorded them: the lines of its stats.csv. */
#ifndef COVM_SAMPLES_H
#define COVM_SAMPLES_H

#include "hwsim/base/base.h"

struct sample {
    const char *window, *name, *unit, *value; /* value "": null */
};
struct samples {
    char *text; /* what the samples point into */
    struct sample *items;
    unsigned count;
};

/* Of a file, or of the run record in a directory. False: told on standard error. */
bool samples_read(struct samples *samples, const char *path);
void samples_free(struct samples *samples);
const struct sample *samples_find(const struct samples *samples, const char *window, const char *name);

#endif
