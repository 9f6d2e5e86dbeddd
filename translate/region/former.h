/* former.h -- what region formers share: lifting one instruction after the other within the limits of the machine, and
 * ending the region. (Private to translate/region.)
 */
#ifndef COVM_FORMER_H
#define COVM_FORMER_H

#include "translate/region/region.h"
#include "translate/x86/x86.h"

enum {
    FORMER_WINDOW = 64,
    FORMER_EXITS_SPARE = 8, /* stubs that emission adds: inline predictions, the final exit */
};

struct former {
    const struct tr_request *request;
    struct ir_region *region;
    unsigned insns_max;
    unsigned stores, exits, ranges; /* so far */
    uint64_t next;                  /* address to go on with */
    uint64_t window_address;        /* instruction bytes fetched in advance */
    unsigned window_bytes;
    uint8_t window[FORMER_WINDOW];
};

/* TR_OK, or why nothing can be formed here. */
enum tr_reason former_init(struct former *former, const struct tr_request *request, struct ir_region *region);

/* Lifts the instruction at former->next. */
enum former_step {
    FORMER_FELL, /* lifted, and control goes on behind it: `next` has moved there */
    FORMER_LEFT, /* lifted, and the last operation is its IR_EXIT; `next` is the address behind it */
    FORMER_DONE, /* not lifted: the region has been ended before it, or cannot be (former_reason) */
};
enum former_step former_lift(struct former *former, enum tr_reason *reason);
/* Ends the region with a jump to former->next. */
void former_end(struct former *former);

#endif
