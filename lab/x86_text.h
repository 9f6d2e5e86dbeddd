/* x86_text.h -- x86 instructions as text: Zydis, an opinion of its own beside our decoder. */
#ifndef COVM_X86_TEXT_H
#define COVM_X86_TEXT_H

#include "hwsim/base/base.h"
#include "lab/text.h"

/* Appends the instruction at `bytes` in Intel's syntax; returns its length, 0 (and appends "(bad)") if there is none.
 */
unsigned x86_text(const void *bytes, unsigned available, uint64_t address, struct text *text);

#endif
