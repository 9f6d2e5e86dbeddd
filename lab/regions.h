/* regions.h -- regions.csv: profit and loss of each translation, and whose all other cycles were. Its columns are the
 * rows of region_columns.def. Written at the end of a run; one sum over its column `cycles` is the run's cycles.total.
 */
#ifndef COVM_REGIONS_H
#define COVM_REGIONS_H

#include "hwsim/core/machine.h"
#include "lab/elf_symbols.h"
#include "lab/text.h"

struct region_column {
    const char *name, *unit, *meaning;
};
extern const struct region_column region_columns[];
extern const unsigned region_column_count;
/* The words of the column `ended`, by enum hw_region_event. */
struct region_end {
    const char *name, *meaning;
};
extern const struct region_end region_ends[REGION_EVENTS];

/* Calls `each` for every column, "regions.csv:NAME", and every word of `ended`, "regions.csv:ended:WORD". */
void regions_describe(void (*each)(void *cookie, const char *path, const char *unit, const char *meaning), void *cookie);

/* Which translations were made from the code of the program run, so that its symbols name them: a run may execute other
 * programs, and code that is made as it runs. */
struct regions {
    struct elf_file elf;
    struct known_symbol *known; /* a memory of what was looked up, owned */
    bool *named;                /* by region, owned */
    unsigned capacity;
};
void regions_begin(struct regions *regions, const char *program);
/* A translation has been made, from code that is mapped now. */
void regions_made(struct regions *regions, struct hw_core *core, const struct hw_region_info *info);
void regions_print(struct regions *regions, const struct machine *machine, struct text *text);
void regions_free(struct regions *regions);
void regions_snapshot(struct regions *regions, struct snapshot *snapshot);

#endif
