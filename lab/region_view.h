/* region_view.h -- a region of a program's file, translated as a run would: x86, IR and bundles. The file is not run: a
 * superblock follows the path that static prediction guesses (backward branches taken, forward ones not). */
#ifndef COVM_REGION_VIEW_H
#define COVM_REGION_VIEW_H

#include "hwsim/core/machine.h"
#include "lab/config.h"
#include "lab/elf_symbols.h"
#include "lab/listing.h"
#include "translate/translate.h"

enum { REGION_VIEW_PATH_MAX = 64 };

/* What is wanted; elf, config and machine (made from the configuration) are borrowed. */
struct region_view {
    const struct elf_file *elf;
    const struct config *config;
    struct machine *machine;
    const char *stage;               /* the IR after that pass; NULL: the last */
    void (*name)(const char *stage); /* told each stage; may be NULL */
    /* What came out. */
    struct listing *ir; /* per guest instruction */
    unsigned ir_count;
    struct tr_result *result;
    void *memory; /* that *result points into */
    uint64_t path[REGION_VIEW_PATH_MAX];
    unsigned path_count;
};

/* Translates the region at an address; gear 1: basic block, 2: superblock. Freed in either case. */
enum tr_reason region_view_make(struct region_view *view, uint64_t at, unsigned gear);
void region_view_free(struct region_view *view);
/* Appends it in three columns, and a line of sums. */
void region_view_print(const struct region_view *view, struct text *text);

#endif
