/* assembler.h -- bundles as text (hosted: for the disassembly view, traces, and tests that are written in assembly).
 *
 * A line is a bundle: atoms separated by " | ". `label:` stands alone on a line; a jump's target may be a label or a
 * signed byte displacement. `#` starts a comment. What atom_print writes, bundle_assemble reads.
 */
#ifndef COVM_ASSEMBLER_H
#define COVM_ASSEMBLER_H

#include "hwsim/isa/isa.h"

/* Writes the atom to `text` (always terminated); returns the length it wanted. */
int atom_print(char *text, size_t capacity, const struct atom *atom);

/* Assembles a program. `padded_slots` 0: packed; else each bundle is padded with NOPs to that many atoms.
 * Returns the bytes written; on error 0 and `error` holds "line N: message". */
size_t bundle_assemble(const char *text, unsigned padded_slots, void *bytes, size_t capacity, char *error, size_t error_capacity);

#endif
