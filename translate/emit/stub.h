/* stub.h -- parts of an exit stub. Private to translate/emit. */
#ifndef COVM_EMIT_STUB_H
#define COVM_EMIT_STUB_H

#include "translate/emit/code.h"

/* Atoms one after the other, packed into bundles as far as they do not depend on each other. */
void stub_late(struct code *code, const struct schedule_atom *atoms, unsigned count);
/* The moves as if all at once, in as few bundles as their units and cycles allow. `kept`: a register that is read behind
 * them, and so no place to put a value aside. */
void stub_moves(struct code *code, const struct schedule_move *moves, unsigned count, uint8_t kept);
/* Can the bundle before take a commit? */
bool stub_may_join(const struct code *code);

#endif
