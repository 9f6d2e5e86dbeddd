/* region_view.h -- a region of a program's file, translated as a run would: x86, IR and bundles. The file is not run: a
 * superblock follows the path that static prediction guesses (backward branches taken, forward ones not). */
#ifndef COVM_REGION_VIEW_H
#define COVM_REGION_VIEW_H

#include "hwsim/core/machine.h"
#include "lab/config.h"
#include "lab/elf_symbols.h"
#include "lab/listing.h"
#include "translate/ir/ir.h"
#include "translate/schedule/schedule.h"

/* What keeps a functional unit idle in a bundle: the operation that came nearest to it. */
enum slot_rank {
    SLOT_DONE,     /* all is placed */
    SLOT_NOTHING,  /* what is not placed needs other units */
    SLOT_UNPLACED, /* what could use it follows what is not placed */
    SLOT_OTHER,    /* what could be next needs another unit, which is taken */
    SLOT_REFUSED,  /* what could be next, and use it, is refused */
    SLOT_BUSY,     /* it is at work for an earlier bundle */
};
struct region_slot {
    enum slot_rank rank;
    struct schedule_refusal refusal; /* from SLOT_UNPLACED to SLOT_REFUSED */
};

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
    void *memory;              /* that *result and `region` point into */
    struct ir_region region;   /* as it was scheduled */
    unsigned prologue, body;   /* bundles: those that count executions, then the schedule's; exits and stubs follow */
    struct region_slot *slots; /* `told` bundles of the body x units of the machine, owned */
    unsigned told;             /* the last bundles of the body may hold all that was left */
    uint64_t path[REGION_VIEW_PATH_MAX];
    unsigned path_count;
};

/* Translates the region at an address; gear 1: basic block, 2: superblock. Freed in either case, and
 * before the next. */
enum tr_reason region_view_make(struct region_view *view, uint64_t at, unsigned gear);
void region_view_free(struct region_view *view);
/* What the record of a run knows of a region. */
struct region_likeness {
    uint64_t first, last;                 /* guest addresses */
    unsigned guest_insns, bundles, atoms; /* NOPs left out */
};
/* The same for a region of a run. The path that a superblock followed is not in the record: it is looked for among
 * those of the same extent. `alike`: what came out equals the record in all of this. */
enum tr_reason region_view_make_like(struct region_view *view, uint64_t at, unsigned gear,
                                     const struct region_likeness *like, bool *alike);
/* Of unit `unit` in bundle `bundle` of the body. */
struct region_slot region_view_slot(const struct region_view *view, unsigned bundle, unsigned unit);
/* Appends what names an operation of `region` (not 0): "%12 add", or where it has no result "st of 0x08049000". */
void region_view_name(const struct region_view *view, ir_ref ref, struct text *text);
/* Appends it in three columns, and a line of sums. */
void region_view_print(const struct region_view *view, struct text *text);

#endif
