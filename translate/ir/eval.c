/* eval.c -- what IR does, done: the interpreter's engine. */
#include "hwsim/isa/atom_eval.h"
#include "translate/ir/ir.h"

/* Memory operations wrap to 32 bits: the guest is not in 64-bit mode. */
static inline uint64_t address_of(const struct ir_insn *insn, const uint64_t *values)
{
    return (uint32_t)(values[insn->a] + (uint64_t)insn->imm);
}

static bool load(const struct ir_insn *insn, const struct ir_machine *machine, uint64_t address, uint64_t *value)
{
    if (!machine->load(machine->cookie, address, insn->size, value)) return false;
    if (insn->op == ATOM_LDS)
        *value = (uint32_t)(insn->size == SIZE_8 ? (int32_t)(int8_t)*value : (int32_t)(int16_t)*value);
    return true;
}

static bool evaluate_vector(const struct ir_insn *insn, const struct ir_machine *machine, const uint64_t *values,
                            uint16_t status, struct vector_atom *atom)
{
    unsigned shape = atom_table[insn->op].shape;
    atom->op = insn->op;
    atom->size = insn->size;
    atom->imm = (uint8_t)insn->imm;
    atom->half = insn->kind & IR_HALF;
    atom->status = status;
    atom->a = &machine->vectors[insn->a];
    atom->b = &machine->vectors[insn->b];
    atom->c = &machine->vectors[insn->c];
    if (!(shape & SHAPE_VA)) atom->xa = values[insn->a];
    if (!(shape & SHAPE_VB)) atom->xb = values[insn->b];
    if (!(shape & SHAPE_VC)) atom->xc = values[insn->c];
    return machine->vector(machine->cookie, atom);
}

static uint64_t exit_target(const struct ir_insn *insns, const struct ir_insn *insn, const uint64_t *values)
{
    const struct ir_insn *mark = insn;
    switch (insn->kind) {
    case IR_JUMP_INDIRECT: case IR_CALL_INDIRECT: case IR_RETURN: return values[insn->a];
    case IR_JUMP: case IR_CALL: case IR_INTERPRET: return (uint64_t)insn->imm;
    default: break;
    }
    while (mark > insns && mark->op != IR_MARK) mark--;
    if (mark->op != IR_MARK) return (uint64_t)insn->imm;
    return insn->kind == IR_REPEAT ? (uint64_t)mark->imm : (uint32_t)((uint64_t)mark->imm + mark->c);
}

static inline __attribute__((always_inline)) enum ir_outcome evaluate(const struct ir_insn *insns, unsigned from,
                                                                      unsigned count, const struct ir_machine *machine,
                                                                      uint64_t *values, uint16_t *flags,
                                                                      struct ir_eval_result *result)
{
    for (unsigned at = from; at < count; at++) {
        const struct ir_insn *insn = &insns[at];
        switch (insn->op) {
        case IR_MARK: case IR_PUSH_RETURN: case ATOM_NOP: break;
        case IR_GET:
            if (UNLIKELY(insn->imm >= HOME_INTEGERS)) machine->vectors[at] = machine->v[insn->imm - HOME_INTEGERS];
            else values[at] = machine->r[insn->imm];
            break;
        case IR_PUT:
            if (UNLIKELY(insn->imm >= HOME_INTEGERS)) machine->v[insn->imm - HOME_INTEGERS] = machine->vectors[insn->a];
            else machine->r[insn->imm] = values[insn->a];
            break;
        case IR_GETF: flags[at] = *machine->f0; break;
        case IR_PUTF: *machine->f0 = flags[insn->f]; break;
        case ATOM_LD: case ATOM_LDS:
            if (UNLIKELY(!load(insn, machine, address_of(insn, values), &values[at]))) {
                result->at = (ir_ref)at;
                return IR_REFUSED;
            }
            break;
        case ATOM_ST:
            if (UNLIKELY(!machine->store(machine->cookie, address_of(insn, values), insn->size, values[insn->b]))) {
                result->at = (ir_ref)at;
                return IR_REFUSED;
            }
            break;
        case ATOM_PROBE:
            if (UNLIKELY(!machine->probe(machine->cookie, address_of(insn, values), insn->size))) {
                result->at = (ir_ref)at;
                return IR_REFUSED;
            }
            break;
        case ATOM_LDV:
            if (UNLIKELY(!machine->load_vector(machine->cookie, address_of(insn, values), vector_bytes(insn->size),
                                               insn->kind & IR_ALIGNED, &machine->vectors[at]))) {
                result->at = (ir_ref)at;
                return IR_REFUSED;
            }
            break;
        case ATOM_STV:
            if (UNLIKELY(!machine->store_vector(machine->cookie, address_of(insn, values), vector_bytes(insn->size),
                                                insn->kind & IR_ALIGNED, &machine->vectors[insn->b]))) {
                result->at = (ir_ref)at;
                return IR_REFUSED;
            }
            break;
        case IR_TRAPIF:
            if (LIKELY(!atom_cond(insn->cond, flags[insn->f]))) break; /* fallthrough */
        case IR_TRAP:
            *result = (struct ir_eval_result){(ir_ref)at, (uint64_t)insn->imm};
            return IR_TRAPPED;
        case IR_HELPER:
            *result = (struct ir_eval_result){(ir_ref)at, (uint64_t)insn->imm};
            return IR_CALLS_HELPER;
        case IR_EXITIF:
            if (!atom_cond(insn->cond, flags[insn->f])) break;
            *result = (struct ir_eval_result){(ir_ref)at, (uint64_t)insn->imm};
            return IR_EXITED;
        case IR_EXIT:
            *result = (struct ir_eval_result){(ir_ref)at, exit_target(insns, insn, values)};
            return IR_EXITED;
            /* Most operations are of 32 bits and write no flags: for these the size is a constant. */
#define EVALUATE(name, size, fmask)                                                                                \
    atom_eval_##name(size, values[insn->a], insn->use_imm ? (uint64_t)insn->imm : values[insn->b], values[insn->c], \
                     flags[insn->f], fmask, insn->cond)
#define PURE(name, mnemonic, format, unit, latency, rule, expression)                                    \
        case ATOM_##name: {                                                                           \
            struct atom_result done;                                                                  \
            if (UNLIKELY(insn->size != SIZE_32)) done = EVALUATE(name, insn->size, insn->fmask);      \
            else if (insn->fmask) done = EVALUATE(name, SIZE_32, insn->fmask);                        \
            else done = EVALUATE(name, SIZE_32, 0);                                                   \
            values[at] = done.value;                                                                  \
            flags[at] = done.flags;                                                                   \
            break;                                                                                    \
        }
#define OTHER(name, mnemonic, format, unit, latency, properties)
#include "hwsim/isa/atoms.def"
#undef PURE
#undef OTHER
#undef EVALUATE
        default: { /* vector atoms; others have no place in the IR (ir_verify) */
            struct vector_atom atom;
            if (UNLIKELY(!evaluate_vector(insn, machine, values, flags[insn->f], &atom))) {
                values[at] = atom.x;
                *result = (struct ir_eval_result){(ir_ref)at, flags[insn->f]};
                return IR_FLOAT_ERROR;
            }
            if (atom_table[insn->op].shape & SHAPE_VD) machine->vectors[at] = atom.v;
            else values[at] = atom.x;
            flags[at] = atom.status;
            break;
        }
        }
    }
    result->at = 0;
    return IR_FELL_THROUGH;
}

enum ir_outcome ir_eval(const struct ir_insn *insns, unsigned count, const struct ir_machine *machine,
                        uint64_t *values, uint16_t *flags, struct ir_eval_result *result)
{
    values[0] = 0;
    flags[0] = 0;
    return evaluate(insns, 1, count, machine, values, flags, result);
}

__attribute__((noinline)) enum ir_outcome ir_eval_on(const struct ir_insn *insns, ir_ref at, unsigned count,
                                                     const struct ir_machine *machine, uint64_t *values,
                                                     uint16_t *flags, struct ir_eval_result *result)
{
    return evaluate(insns, at + 1u, count, machine, values, flags, result);
}

enum ir_outcome ir_eval_region(const struct ir_region *region, const struct ir_machine *machine,
                               uint64_t *values, uint16_t *flags, struct ir_eval_result *result)
{
    enum ir_outcome outcome = ir_eval(region->insns, region->count, machine, values, flags, result);
    if (outcome != IR_EXITED || !region->promoted) return outcome;
    const struct ir_exit *exit = &region->exits[region->insns[result->at].c];
    for (unsigned home = 0; home < HOME_COUNT; home++) {
        if (!exit->homes[home]) continue;
        if (home < HOME_INTEGERS) machine->r[home] = values[exit->homes[home]];
        else machine->v[home - HOME_INTEGERS] = machine->vectors[exit->homes[home]];
    }
    if (exit->flags) *machine->f0 = flags[exit->flags];
    return outcome;
}
