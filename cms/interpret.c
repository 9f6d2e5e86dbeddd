/* interpret.c -- gear 0: evaluates the lifted IR of one instruction after the other, and commits after each (DESIGN
 * section 4). Guest memory is stored to at once, which is safe because the lifter lets nothing that may fault follow.
 */
#include "cms/state.h"

/* One interpretation: its scratch, and what it has done that is not yet charged. */
struct interpreting {
    struct cms *cms;
    struct ir_machine machine;
    struct interpreted done;
    uint64_t ir_ops, iterations;
    uint32_t repeats, patience; /* of a REP instruction: iterations so far, and before it is handed over */
    struct hw_fault fault;      /* of the access that was refused */
    bool shadow;                /* the instruction holds back a debug trap */
    uint64_t *values;
    uint16_t *flags;
};

enum outcome { NEXT, LEFT, ENDED };

/* ---- guest memory, as ir_eval sees it ---- */

static bool load(void *cookie, uint64_t address, unsigned size, uint64_t *value)
{
    struct interpreting *in = cookie;
    return guest_load(in->cms, address, size, value, &in->fault);
}

static bool store(void *cookie, uint64_t address, unsigned size, uint64_t value)
{
    struct interpreting *in = cookie;
    return guest_store(in->cms, address, size, value, &in->fault);
}

static bool probe(void *cookie, uint64_t address, unsigned size)
{
    struct interpreting *in = cookie;
    return guest_probe(in->cms, address, size, &in->fault);
}

static bool load_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned, struct vreg *value)
{
    struct interpreting *in = cookie;
    return guest_load_vector(in->cms, address, bytes, aligned, value, &in->fault);
}

static bool store_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned, const struct vreg *value)
{
    struct interpreting *in = cookie;
    return guest_store_vector(in->cms, address, bytes, aligned, value, &in->fault);
}

static bool vector(void *cookie, struct vector_atom *atom)
{
    struct interpreting *in = cookie;
    return hw_vector(in->cms->core, atom);
}

/* ---- ends of an instruction ---- */

static inline void retire_as(struct interpreting *in, const struct record *record, uint64_t next, uint32_t commit_flags)
{
    in->cms->state->r[HOME_EIP] = next;
    hw_commit(in->cms->core, 1, commit_flags, record->dirty, record->flags & RECORD_FLAGS_DIRTY);
    in->done.insns++;
}
static inline void retire(struct interpreting *in, const struct record *record, uint64_t next)
{
    retire_as(in, record, next, 0);
}

/* A REP instruction ends behind an iteration (that found its condition), or, with the counter at zero, without one. */
static bool iterated(const struct ir_insn *ops, ir_ref exit)
{
    for (ir_ref op = 1; op < exit; op++) {
        if (ops[op].op == IR_PUT) return true;
    }
    return false;
}

static inline uint64_t end_of(const struct cms *cms, const struct record *record)
{
    uint64_t end = record->address + record->length;
    return CONTEXT_GET(cms->root->context, LONG) ? end : (uint32_t)end;
}

/* The platform has acted: anything may be different now. */
static enum outcome delivered(struct interpreting *in, enum hw_run run, bool exception)
{
    in->done.pace = run == HW_STOP ? PACE_STOP : PACE_DELIVERED;
    in->done.excepted = exception;
    cms_context_changed(in->cms);
    return ENDED;
}

static enum outcome except(struct interpreting *in, const struct hw_fault *fault, bool software)
{
    hw_count(in->cms->core, CMS_STAT_exceptions, 1);
    hw_charge(in->cms->core, WORK_EVENT, 1, 0);
    return delivered(in, hw_exception(in->cms->core, fault, software), true);
}

static enum outcome system_call(struct interpreting *in)
{
    hw_count(in->cms->core, CMS_STAT_system_calls, 1);
    hw_charge(in->cms->core, WORK_SYSTEM, 1, 0);
    return delivered(in, hw_system_call(in->cms->core), false);
}

/* With TF set when an instruction began, a debug trap follows it (SDM volume 3, 18.3.1.4), unless it loads SS. */
static enum outcome single_step(struct interpreting *in, enum outcome outcome)
{
    const struct hw_fault trap = {.vector = VECTOR_DB};
    return outcome == ENDED || in->shadow ? outcome : except(in, &trap, false);
}

/* An access was refused; beyond the stack segment's limit it is another exception. */
static enum outcome refused(struct interpreting *in, const struct ir_insn *op)
{
    bool aligned = op->kind & IR_ALIGNED; /* those that are not are #GP in any segment, and no other crosses its end */
    if (in->fault.vector == VECTOR_GP && op->kind & IR_STACK && !aligned) in->fault.vector = VECTOR_SS;
    return except(in, &in->fault, false);
}

static enum outcome run_helper(struct interpreting *in, const struct record *record, const struct ir_insn *op,
                               unsigned helper)
{
    struct help help = {
        .a = in->values[op->a], .b = in->values[op->b], .c = in->values[op->c], .next = end_of(in->cms, record)};
    hw_count(in->cms->core, CMS_STAT_helpers, 1);
    hw_count_name(in->cms->core, helper == X86_HELPER_X87_STATE ? x86_rows[record->row].mnemonic : x86_helper_name(helper));
    hw_charge(in->cms->core, WORK_HELPER, 1, 0);
    if (helper_run(in->cms, helper, &help) == HELP_FAULTED) return except(in, &help.fault, false);
    in->shadow = help.shadow;
    retire(in, record, help.next);
    cms_context_changed(in->cms);
    return LEFT;
}

static enum outcome leave(struct interpreting *in, const struct record *record, const struct ir_insn *op,
                          const struct ir_eval_result *result)
{
    struct cms *cms = in->cms;
    unsigned kind = op->op == IR_EXITIF ? IR_JUMP : op->kind;
    switch (kind) {
    case IR_REPEAT:
        cms->state->r[HOME_EIP] = record->address;
        hw_commit(cms->core, 0, COMMIT_ITERATION, record->dirty, record->flags & RECORD_FLAGS_DIRTY);
        in->iterations++;
        return NEXT;
    case IR_SYSTEM: retire(in, record, end_of(cms, record)); return system_call(in);
    case IR_SOFTINT:
        retire(in, record, end_of(cms, record));
        return except(in, &(struct hw_fault){.vector = (uint8_t)op->imm, .address = record->address}, true);
    case IR_DISPATCH:
        retire(in, record, end_of(cms, record));
        cms_context_changed(cms);
        return LEFT;
    default:
        if (x86_rows[record->row].properties & X86_FLOAT) { /* with another context */
            retire(in, record, result->value);
            cms_context_changed(cms);
            return LEFT;
        }
        if (record->flags & RECORD_REPEATS && iterated((const struct ir_insn *)record, result->at)) {
            retire_as(in, record, result->value, COMMIT_LAST);
            in->iterations++;
        } else {
            retire(in, record, result->value);
        }
        return record->flags & RECORD_TRANSFERS || result->value != end_of(cms, record) ? LEFT : NEXT;
    }
}

/* An unmasked floating-point exception. */
static enum outcome float_error(struct interpreting *in, const struct record *record, struct ir_eval_result *result)
{
    const struct ir_insn *ops = (const struct ir_insn *)record;
    switch (x86_float_error(ops, record->ops, &in->machine, in->values, in->flags, result)) {
    case IR_TRAPPED: return except(in, &(struct hw_fault){.vector = (uint8_t)result->value}, false);
    case IR_REFUSED: return refused(in, &ops[result->at]);
    default: break;
    }
    retire(in, record, end_of(in->cms, record)); /* with an x87 exception pending: another context */
    cms_context_changed(in->cms);
    return LEFT;
}

/* One instruction, or one iteration of it (EIP then stays). */
static enum outcome step(struct interpreting *in, const struct record *record)
{
    const struct ir_insn *ops = (const struct ir_insn *)record;
    struct ir_eval_result result;
    in->ir_ops += record->ops;
    switch (ir_eval(ops, record->ops, &in->machine, in->values, in->flags, &result)) {
    case IR_FELL_THROUGH:
        retire(in, record, end_of(in->cms, record));
        if (UNLIKELY(record->flags & RECORD_FPU)) cms_context_changed(in->cms);
        return NEXT;
    case IR_EXITED: return leave(in, record, &ops[result.at], &result);
    case IR_TRAPPED:
        return except(in, &(struct hw_fault){.vector = (uint8_t)result.value, .error = (uint32_t)result.value >> 8},
                      false);
    case IR_REFUSED: return refused(in, &ops[result.at]);
    case IR_FLOAT_ERROR: return float_error(in, record, &result);
    case IR_CALLS_HELPER: return run_helper(in, record, &ops[result.at], (unsigned)result.value);
    }
    hw_panic(in->cms->core, "evaluation ended in no known way");
}

static bool stays(const struct interpreting *in, const struct record *record)
{
    return record->flags & RECORD_REPEATS && eip(in->cms) == record->address;
}

/* The last iteration of a REP instruction completes it for who steps through it: one debug trap follows both. */
static enum outcome complete(struct interpreting *in, const struct record *record, enum outcome outcome)
{
    uint64_t counted = record->flags & RECORD_COUNTS_CX ? UINT16_MAX : UINT64_MAX;
    if (outcome != NEXT || !stays(in, record) || in->cms->state->r[HOME_ECX] & counted) return outcome;
    return step(in, record);
}

static enum outcome run_record(struct interpreting *in, const struct record *record)
{
    in->shadow = false;
    bool stepping = CONTEXT_GET(in->cms->root->context, STEP);
    enum outcome outcome = step(in, record);
    return UNLIKELY(stepping) ? single_step(in, complete(in, record, outcome)) : outcome;
}

/* Iterations of a REP instruction after which it goes on as a translation, as if each had begun a block. */
static uint32_t patience(const struct cms *cms, uint64_t address)
{
    const struct head *head = dispatch_peek(cms, address, cms->root->context);
    if (!cms->options->max_gear) return UINT32_MAX;
    if (!head) return (uint32_t)cms->options->gear1_threshold;
    return head->translation || profile_is_hot(head) ? 1 : head->threshold - head->executions;
}

/* EIP has stayed on a REP instruction: is the rest for someone else? */
static bool hand_over(struct interpreting *in, const struct record *record)
{
    if (!in->repeats++) in->patience = patience(in->cms, record->address);
    if (LIKELY(in->repeats < in->patience)) return false;
    struct head *head = dispatch_head(in->cms, record->address);
    if (!profile_is_hot(head)) head->executions += in->repeats;
    return true;
}

static void run_block(struct interpreting *in, const struct block *block, uint32_t insns)
{
    const struct record *record = (const struct record *)(block + 1);
    for (unsigned i = 0; i < block->insns;) {
        enum outcome outcome = run_record(in, record);
        if (outcome != NEXT) {
            in->done.transferred = outcome == LEFT && record->flags & RECORD_TRANSFERS;
            return;
        }
        if (UNLIKELY(!block->valid)) return;
        if (UNLIKELY(stays(in, record))) {
            if (hand_over(in, record)) return;
            continue;
        }
        in->repeats = 0;
        in->done.transferred = record->flags & RECORD_TRANSFERS;
        if (in->done.insns == insns) return;
        record += record->ops;
        i++;
    }
}

/* The same block, decoded as it runs. What cannot be fetched behind its first is the next block's trouble. */
static void run_afresh(struct interpreting *in, uint32_t insns)
{
    struct hw_fault fault = {0};
    for (bool first = true; in->done.insns < BLOCK_INSNS_MAX; first = false) {
        const struct record *record = predecode_once(in->cms, eip(in->cms), &fault);
        if (!record) {
            if (first) except(in, &fault, false);
            return;
        }
        enum outcome outcome = run_record(in, record);
        if (outcome == NEXT && stays(in, record)) {
            if (hand_over(in, record)) return;
            continue;
        }
        in->repeats = 0;
        in->done.transferred = outcome != ENDED && record->flags & RECORD_TRANSFERS;
        if (outcome != NEXT || record->flags & RECORD_TRANSFERS || in->done.insns == insns) return;
    }
}

static void run_kept(struct interpreting *in, struct head *head, uint32_t insns)
{
    struct hw_fault fault = {0};
    const struct block *block = predecode_block(in->cms, head, &fault);
    if (block)
        run_block(in, block, insns);
    else
        except(in, &fault, false);
}

struct interpreted interpret(struct cms *cms, struct head *head, uint32_t insns, uint32_t region)
{
    uint64_t spc = head->spc, context = head->context; /* the map may be emptied meanwhile */
    uint64_t values[INSN_OPS_MAX];
    uint16_t flags[INSN_OPS_MAX];
    struct vreg vectors[VECTOR_OPS_MAX];
    struct interpreting in = {
        .cms = cms,
        .values = values,
        .flags = flags,
        .machine =
            {.r = cms->state->r, .f0 = &cms->state->f[0], .cookie = &in, .load = load, .store = store, .probe = probe,
             .v = cms->state->v, .vectors = vectors, .load_vector = load_vector, .store_vector = store_vector,
             .vector = vector},
    };
    if (predecode_keeps(cms, head))
        run_kept(&in, head, insns);
    else
        run_afresh(&in, insns);
    hw_charge(cms->core, WORK_INTERPRET, in.done.insns + in.iterations, 0);
    hw_charge(cms->core, WORK_IR_OP, in.ir_ops, 0);
    hw_count(cms->core, CMS_STAT_interpreted, in.done.insns);
    hw_count(cms->core, CMS_STAT_iterations, in.iterations);
    hw_count(cms->core, CMS_STAT_ir_ops, in.ir_ops);
    hw_interpreted(cms->core, spc, context, in.done.insns + in.iterations, region);
    return in.done;
}
