/* stat.h -- the shape of a row of the statistics table. Each module states its counters once, in its own *_stats.def:
 *
 *     STAT(field, "path", "unit", "meaning")            an exact 64-bit counter in the module's struct
 *
 * Derived values (formulae over counters) are rows of lab/derived.def:
 *
 *     DERIVED("path", "unit", "formula", "meaning")     null where the formula divides by zero
 */
#ifndef COVM_STAT_H
#define COVM_STAT_H

#include "hwsim/base/base.h"

struct stat_desc {
    const char *path;
    const char *unit;
    const char *meaning;
    size_t offset; /* of a uint64_t in the module's struct */
};

#define STAT_FIELD(field, path, unit, meaning) uint64_t field;
#define STAT_ROW(owner, field, path, unit, meaning) {path, unit, meaning, offsetof(owner, field)},

#endif
