/* passes.h -- optimisations over an IR region, one per file. Each rewrites the region in place; none can make it wrong
 * or fail (region->full is the only way out: the caller then gives up). */
#ifndef COVM_PASSES_H
#define COVM_PASSES_H

#include "translate/ir/ir.h"
#include "translate/translate.h"

void pass_promote(struct ir_region *region,
                  const struct tr_request *request); /* gets and puts become values; exits get maps */
void pass_copy(struct ir_region *region, const struct tr_request *request); /* constants, copies, folding, strength */
void pass_cse(struct ir_region *region, const struct tr_request *request);
void pass_memory(struct ir_region *region,
                 const struct tr_request *request); /* redundant loads, dead stores and probes */
void pass_dead(struct ir_region *region, const struct tr_request *request);    /* dead operations, dead flags */
void pass_legalise(struct ir_region *region,
                   const struct tr_request *request); /* what this machine's atoms can encode */

#endif
