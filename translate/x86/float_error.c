/* float_error.c -- what an instruction does that meets an unmasked floating-point exception.
 *
 * SSE is precise: MXCSR tells which exception, nothing else has changed, #XM follows (SDM vol. 1, 11.5.3). x87 leaves it
 * to the next waiting instruction: where an operand is at fault the present one leaves everything as it is; where the
 * result is, that goes to a register, but not to memory unless it is merely inexact (SDM vol. 1, 8.5).
 */
#include "translate/x86/x86.h"

enum { FLOAT_PRE = 7, FLOAT_OVERFLOWS = 24, FLOAT_EXCEPTIONS = 63, FSW_PENDING = 0x8080, VECTOR_XM = 19 };

static bool stores_behind(const struct ir_insn *ops, unsigned at, unsigned count)
{
    while (++at < count) {
        if (ir_is_store(ops[at].op)) return true;
    }
    return false;
}

/* The instruction does nothing but tell of itself: status, pointers. */
static void put_status(const struct ir_insn *ops, unsigned at, unsigned count, const struct ir_machine *machine,
                       const uint64_t *values)
{
    while (++at < count) {
        if (ops[at].op != IR_PUT) continue;
        if (ops[at].imm == HOME_FSW || ops[at].imm == HOME_FIP || ops[at].imm == HOME_FDP)
            machine->r[ops[at].imm] = values[ops[at].a];
    }
}

enum ir_outcome x86_float_error(const struct ir_insn *ops, unsigned count, const struct ir_machine *machine,
                                uint64_t *values, uint16_t *flags, struct ir_eval_result *result)
{
    unsigned at = result->at;
    if (ops[at].op != ATOM_FMERGE) {
        machine->r[HOME_MXCSR] |= result->value & FLOAT_EXCEPTIONS;
        result->value = VECTOR_XM;
        return IR_TRAPPED;
    }
    unsigned unmasked = (unsigned)(result->value & ~machine->r[HOME_FCW]) & FLOAT_EXCEPTIONS;
    if (unmasked & FLOAT_PRE) values[at] = values[ops[at].a] | (result->value & FLOAT_EXCEPTIONS);
    values[at] |= FSW_PENDING;
    if (!(unmasked & FLOAT_PRE) && !(unmasked & FLOAT_OVERFLOWS && stores_behind(ops, at, count)))
        return ir_eval_on(ops, (ir_ref)at, count, machine, values, flags, result);
    put_status(ops, at, count, machine, values);
    return IR_FELL_THROUGH;
}
