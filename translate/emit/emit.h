/* emit.h -- from a schedule to the bytes of a translation: profiling prologue, bundles, exit stubs, commit table. */
#ifndef COVM_EMIT_H
#define COVM_EMIT_H

#include "translate/schedule/schedule.h"

enum tr_reason emit_translation(const struct ir_region *region, const struct tr_request *request,
                                const struct schedule *schedule, struct tr_result *result);

#endif
