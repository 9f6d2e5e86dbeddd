/* cms.h -- the concealed software, as whoever powers the machine on sees it. Freestanding; talks to the machine through
 * hwsim/contract.h alone; all its memory is concealed memory.
 */
#ifndef COVM_CMS_H
#define COVM_CMS_H

#include "hwsim/base/param.h"
#include "hwsim/contract.h"
#include "translate/translate.h"

/* What hw_options points at: every key of the CMS and of the translator, all int64_t. */
struct cms_options {
#define PARAM PARAM_FIELD
#include "cms/cms_params.def"
#undef PARAM
    struct tr_options translate;
};

/* Statistics, counted with hw_count. */
enum cms_stat {
#define STAT(field, path, unit, meaning) CMS_STAT_##field,
#include "cms/cms_stats.def"
#undef STAT
    CMS_STATS
};

/* Bytes of concealed memory that these options need at least; the lab checks it against the machine's. */
uint64_t cms_concealed_needed(const struct cms_options *options);
/* Lays out concealed memory and starts at the guest state that the platform has set up. */
void cms_boot(struct hw_core *core);
/* Runs the guest until the platform says stop. */
void cms_run(struct hw_core *core);
/* The same where concealed memory is that of a snapshot: goes on where it was taken. */
void cms_resume(struct hw_core *core);

#endif
