/* ir_names.h -- the words of the IR's text form, for its printer and its parser. */
#ifndef COVM_IR_NAMES_H
#define COVM_IR_NAMES_H

#include "translate/ir/ir.h"

static const char *const ir_home_names[HOME_COUNT] = {
#define HOME(name, reg, meaning) [reg] = #name,
#define VECTOR_HOME(name, reg, meaning) [HOME_INTEGERS + reg] = #name,
#include "hwsim/isa/homes.def"
#undef HOME
};
static const char *const ir_helper_names[] = {
#define HELPER(name, mnemonic) #name,
#include "translate/x86/helpers.def"
#undef HELPER
};
static const char *const ir_cond_names[16] = {
    "o", "no", "b", "nb", "z", "nz", "be", "nbe", "s", "ns", "p", "np", "l", "nl", "le", "nle",
};
static const char *const ir_exit_names[IR_EXIT_KINDS] = {
    [IR_JUMP] = "jump", [IR_CALL] = "call", [IR_JUMP_INDIRECT] = "jump_indirect", [IR_CALL_INDIRECT] = "call_indirect",
    [IR_RETURN] = "return", [IR_REPEAT] = "repeat", [IR_DISPATCH] = "dispatch", [IR_SYSTEM] = "system",
    [IR_SOFTINT] = "softint", [IR_INTERPRET] = "interpret",
};
/* Operations that are not atoms. */
static const char *const ir_op_names[IR_OPS] = {
    [IR_MARK] = "mark", [IR_GET] = "get", [IR_PUT] = "put", [IR_GETF] = "flags", [IR_PUTF] = "putf", [IR_TRAP] = "trap",
    [IR_TRAPIF] = "trapif", [IR_EXITIF] = "exitif", [IR_EXIT] = "exit", [IR_HELPER] = "helper",
    [IR_PUSH_RETURN] = "push_return",
};
static const char *const ir_format_names[4] = {"ps", "ss", "pd", "sd"};
static const char ir_flag_letters[] = "CPAZSO"; /* in the order of enum flag_mask */

#endif
