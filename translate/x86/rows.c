/* rows.c -- x86_insns.def as tables. */
#include "translate/x86/lift.h"

#define INSN(id, map, first, last, digits, encoding, mnemonic, form, size, imm, lifter, op, arg,      \
             properties, read, written, undefined)                                                               \
    [ROW_##id] = {mnemonic, form, properties, read, written, undefined},
#define INSN16 INSN
const struct x86_row x86_rows[ROWS] = {
#include "translate/x86/x86_insns.def"
};
const unsigned x86_row_count = ROWS;

/* A row that an INSN16 follows: which size, when it is 16, selects that. */
#define INSN(id, ...)
#define INSN16(id, ...) [ROW_##id - 1] = ROW_##id == ROW_JCXZ ? ROW_TWIN_ADDRESS : ROW_TWIN_OPERAND,
const uint8_t x86_row_twin[ROWS] = {
#include "translate/x86/x86_insns.def"
};

#define INSN(id, map, first, last, digits_, encoding, mnemonic, form, size, imm, lifter, op, arg,      \
             properties, read, written, undefined)                                                               \
    [ROW_##id] = {MAP_##map, first, last, ENCODING_##encoding, WIDTH_##size, IMM_##imm, {[digits_] = true}, op, arg,     \
                  lift_##lifter},
#define INSN16 INSN
const struct row_shape x86_shapes[ROWS] = {
#include "translate/x86/x86_insns.def"
};

const char *x86_helper_name(unsigned helper)
{
    static const char *const names[] = {
#define HELPER(name, mnemonic) mnemonic,
#include "translate/x86/helpers.def"
#undef HELPER
    };
    return helper < LENGTH(names) ? names[helper] : "?";
}
