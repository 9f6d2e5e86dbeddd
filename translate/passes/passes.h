/* passes.h -- optimisations over an IR region, one per file. Each rewrites the region in place; none can make it wrong
 * or fail (region->full is the only way out: the caller then gives up). */
#ifndef COVM_PASSES_H
#define COVM_PASSES_H

#include "translate/ir/ir.h"
#include "translate/translate.h"

/* Gets and puts become values; exits get maps. */
void pass_promote(struct ir_region *region, const struct tr_request *request);
/* Constants, copies, folding, strength. */
void pass_copy(struct ir_region *region, const struct tr_request *request);
/* Common subexpressions. */
void pass_cse(struct ir_region *region, const struct tr_request *request);
/* Divisions that a quotient saves. */
void pass_remainder(struct ir_region *region, const struct tr_request *request);
/* Redundant loads, dead stores and probes. */
void pass_memory(struct ir_region *region, const struct tr_request *request);
/* Dead operations, dead flags. */
void pass_dead(struct ir_region *region, const struct tr_request *request);
/* What this machine's atoms can encode. */
void pass_legalise(struct ir_region *region, const struct tr_request *request);

#endif
