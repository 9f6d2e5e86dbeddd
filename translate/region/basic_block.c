/* basic_block.c -- the instructions up to the first control transfer. */
#include "translate/region/former.h"

enum tr_reason region_basic_block(const struct tr_request *request, struct ir_region *region)
{
    struct former former;
    enum tr_reason reason = former_init(&former, request, region);
    if (reason != TR_OK) return reason;
    while (former_lift(&former, &reason) == FORMER_FELL) {}
    return reason;
}
