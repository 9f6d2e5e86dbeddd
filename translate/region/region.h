/* region.h -- region formers: which guest instructions are translated together. Each lifts them into an IR region. */
#ifndef COVM_REGION_H
#define COVM_REGION_H

#include "translate/ir/ir.h"
#include "translate/translate.h"

/* The instructions from request->spc to the first control transfer. */
enum tr_reason region_basic_block(const struct tr_request *request, struct ir_region *region);
/* The recorded path: blocks in a row, each conditional branch on it a side exit, direct jumps and calls followed.
 * Ends where the path does, at a back edge to the entry, an indirect transfer, an instruction for the interpreter, or
 * a limit. */
enum tr_reason region_superblock(const struct tr_request *request, struct ir_region *region);

#endif
