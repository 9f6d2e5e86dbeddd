/* reasons.c -- names of the reasons for giving up */
#include "translate/translate.h"

const char *tr_reason_name(enum tr_reason reason)
{
    static const char *const texts[TR_REASONS] = {
#define REASON(name, text) text,
#include "translate/reasons.def"
#undef REASON
    };
    return reason < TR_REASONS ? texts[reason] : "?";
}
