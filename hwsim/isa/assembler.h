/* assembler.h -- bundles as text (hosted: for the disassembly view, traces, and tests that are written in assembly).
 *
 * A line is a bundle: atoms separated by " | ". `label:` stands alone on a line; a jump's target may be a label or a
 * signed byte displacement. `#` starts a comment. What atom_print writes, bundle_assemble reads.
 *
 * An atom is its mnemonic, with .1 .2 .4 .8 for its operand size where it has one, and operands in the order of enum
 * atom_format. Numbers are decimal or 0x, with a sign. Where flags are written, " ; f1.CPAZSO" follows: the register
 * and the mask; " = f2" behind it names the source of the flags that stay (f0 unless given; adc, sbb, rcl, rcr have
 * their source as an operand); a vector atom names the register of its status alone, " ; f1". A memory operand is space, wrap and address: "super32 [r1 + 8]"; a load may end in
 * ", protect N", a store in ", check MASK" (bit N: entry N) or ", check from N", and in ", gated". Exits name their reason: "exit chain, 5".
 *
 * `.commit EIP, INSNS[, FLAGS[, GEAR[, REGION]]]` places a struct commit_entry at the next multiple of 16; a label
 * before it names it.
 */
#ifndef COVM_ASSEMBLER_H
#define COVM_ASSEMBLER_H

#include "hwsim/isa/isa.h"

/* Names as text has them: of conditions ("o" "no" "b" ...), flags in mask order (C P A Z S O), exit reasons. */
extern const char *const cond_names[16];
extern const char flag_letters[7];
extern const char *const exit_reason_names[EXIT_REASONS];
extern const char *const space_names[4];
extern const char *const float_format_names[4];

/* Writes the atom to `text` (always terminated); returns the length it wanted. */
int atom_print(char *text, size_t capacity, const struct atom *atom);

/* Assembles a program. `padded_slots` 0: packed; else each bundle is padded with NOPs to that many atoms.
 * Returns the bytes written; on error 0 and `error` holds "line N: message". */
size_t bundle_assemble(const char *text, unsigned padded_slots, void *bytes, size_t capacity, char *error,
                       size_t error_capacity);

#endif
