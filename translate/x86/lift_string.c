/* lift_string.c -- string instructions. One evaluation is one iteration: ECX is looked at first, and what comes after
 * it leaves EIP on the instruction, so that every iteration is precise. The direction is a constant of the context
 * word.
 */
#include "translate/x86/lift.h"

/* Leaves for the next instruction where a REP prefix finds the counter at zero. */
static void repeat_begin(struct lift *l)
{
    if (!l->insn->rep && !l->insn->repne) return;
    ir_ref zero = build_flags_imm(l, ATOM_SUB, l->insn->address_size, build_get(l, HOME_ECX), 0, MASK_ALL, 0);
    build_exitif(l, COND_Z, zero, l->next);
}

/* `compared`: REPE and REPNE end by its ZF; 0: any prefix repeats. */
static void repeat_end(struct lift *l, ir_ref compared)
{
    if (!l->insn->rep && !l->insn->repne) return;
    unsigned size = l->insn->address_size;
    build_write_reg(l, HOME_ECX, size, build_imm(l, ATOM_SUB, size, build_get(l, HOME_ECX), 1));
    if (compared) build_exitif(l, l->insn->rep ? COND_NZ : COND_Z, compared, l->next);
    build_exit(l, IR_REPEAT, l->address);
}

static struct address element(struct lift *l, unsigned reg, unsigned segment)
{
    ir_ref offset = build_zero_extend(l, build_get(l, reg), l->insn->address_size);
    return build_segment(l, (struct address){.base = offset}, segment);
}
static struct address source(struct lift *l) { return element(l, HOME_ESI, l->insn->segment); }
static struct address destination(struct lift *l) { return element(l, HOME_EDI, X86_ES); }

static void step(struct lift *l, unsigned reg)
{
    unsigned size = l->insn->address_size, bytes = 1u << l->size;
    unsigned op = row_context(l->region->context, ROW_CONTEXT_DF) ? ATOM_SUB : ATOM_ADD;
    build_write_reg(l, reg, size, build_imm(l, op, size, build_get(l, reg), bytes));
}

void lift_movs(struct lift *l)
{
    repeat_begin(l);
    ir_ref value = build_load(l, source(l), l->size);
    build_store(l, destination(l), l->size, value);
    step(l, HOME_ESI);
    step(l, HOME_EDI);
    repeat_end(l, 0);
}

void lift_cmps(struct lift *l)
{
    repeat_begin(l);
    /* Where both fault, which is reported? On AMD's processors the destination, but of REPE CMPSB the source. */
    bool source_first = l->insn->rep && l->size == SIZE_8;
    ir_ref a = source_first ? build_load(l, source(l), l->size) : 0;
    ir_ref b = build_load(l, destination(l), l->size);
    if (!source_first) a = build_load(l, source(l), l->size);
    ir_ref compared = build_flags(l, ATOM_SUB, l->size, a, b, MASK_ALL, 0);
    step(l, HOME_ESI);
    step(l, HOME_EDI);
    build_putf(l, compared);
    repeat_end(l, compared);
}

void lift_stos(struct lift *l)
{
    repeat_begin(l);
    build_store(l, destination(l), l->size, build_get(l, HOME_EAX));
    step(l, HOME_EDI);
    repeat_end(l, 0);
}

void lift_lods(struct lift *l)
{
    repeat_begin(l);
    build_write_reg(l, HOME_EAX, l->size, build_load(l, source(l), l->size));
    step(l, HOME_ESI);
    repeat_end(l, 0);
}

void lift_scas(struct lift *l)
{
    repeat_begin(l);
    ir_ref a = build_get(l, HOME_EAX), b = build_load(l, destination(l), l->size);
    ir_ref compared = build_flags(l, ATOM_SUB, l->size, a, b, MASK_ALL, 0);
    step(l, HOME_EDI);
    build_putf(l, compared);
    repeat_end(l, compared);
}

/* arg: the flag's new value. The context word has DF in it: a change ends what was translated for the old one. */
void lift_direction(struct lift *l)
{
    enum { DF = 0x400 };
    bool set = l->shape->arg;
    if (row_context(l->region->context, ROW_CONTEXT_DF) == set) return;
    ir_ref efl = build_get(l, HOME_EFL);
    build_put(l, HOME_EFL, build_imm(l, set ? ATOM_OR : ATOM_ANDN, SIZE_32, efl, DF));
    build_exit(l, IR_DISPATCH, l->next);
}
