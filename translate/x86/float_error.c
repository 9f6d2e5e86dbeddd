/* float_error.c -- what an instruction does that meets an unmasked floating-point exception.
 *
 * SSE is precise: MXCSR tells which exception, nothing else has changed, #XM follows (SDM vol. 1, 11.5.3). x87 leaves it
 * to the next waiting instruction: where an operand is at fault the present one leaves everything as it is; where the
 * result is, that goes to a register, but not to memory unless it is merely inexact (SDM vol. 1, 8.5).
 */
#include "translate/x86/x86.h"

enum { FLOAT_DE = 2, FLOAT_PRE = 7, FLOAT_OVERFLOWS = 24, FLOAT_EXCEPTIONS = 63, FSW_PENDING = 0x8080 };

/* The store behind, 0: none. */
static unsigned store_behind(const struct ir_insn *ops, unsigned at, unsigned count)
{
    while (++at < count) {
        if (ir_is_store(ops[at].op)) return at;
    }
    return 0;
}

/* A fault of the store goes before what happens to its value. */
static bool may_store(const struct ir_insn *store, const struct ir_machine *machine, const uint64_t *values)
{
    uint64_t address = (uint32_t)(values[store->a] + (uint64_t)store->imm);
    for (unsigned bytes = ir_access_bytes(store), size; bytes; bytes -= 1u << size, address += 1u << size) {
        size = bytes >= 8 ? SIZE_64 : bytes >= 4 ? SIZE_32 : SIZE_16;
        if (!machine->probe(machine->cookie, (uint32_t)address, size)) return false;
    }
    return true;
}

/* The instruction does nothing but tell of itself: status, pointers, FCOMI's flags. */
static void put_status(const struct ir_insn *ops, unsigned at, unsigned count, const struct ir_machine *machine,
                       const uint64_t *values, const uint16_t *flags)
{
    while (++at < count) {
        if (ops[at].op == IR_PUTF) *machine->f0 = flags[ops[at].f];
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
    unsigned store = store_behind(ops, at, count), from = ops[ops[at].f].op;
    if (from == ATOM_FFROMS || from == ATOM_FFROMD) unmasked &= ~(unsigned)FLOAT_DE; /* what is loaded is normal */
    values[at] |= FSW_PENDING;
    if (!(unmasked & FLOAT_PRE) && !(unmasked & FLOAT_OVERFLOWS && store))
        return ir_eval_on(ops, (ir_ref)at, count, machine, values, flags, result);
    if (store && !may_store(&ops[store], machine, values)) {
        result->at = (ir_ref)store;
        return IR_REFUSED;
    }
    put_status(ops, at, count, machine, values, flags);
    return IR_FELL_THROUGH;
}
