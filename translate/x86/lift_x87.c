/* lift_x87.c -- x87. The stack is known: a context word says where its top is and which registers are valid, so that
 * ST(i) is a home like any other, and region->fpu follows what instructions do to it. Home FTW gets the outcome as a
 * constant.
 *
 * Each arithmetic operation gives its status beside its value; FMERGE joins it into FSW. Where an exception is unmasked
 * FMERGE does not go through: a translation rolls back, and the interpreter does what SDM vol. 1, 8.4 and 8.5 say
 * (interpret.c). So everything that a failing instruction still does, and no more, has to be computed before FMERGE: the
 * values for FIP and FDP. A wrong use of the stack is known when the instruction is lifted, and its masked response is
 * written here; whether it is masked is a side exit to the next instruction.
 *
 * FCS and FDS are not kept (they read as zero, as on processors that deprecate them: CPUID.7.0:EBX bit 13).
 */
#include "translate/x86/lift.h"
#include "translate/x86/lift_vector.h"

enum { FSW_IE = 1, FSW_SF = 0x40, FSW_ES = 0x80, FSW_C1 = 0x200, FSW_C2 = 0x400, FSW_B = 0x8000, FSW_EXCEPTIONS = 63,
       FSW_CONDITION = 0x4700, FSW_UNORDERED = 0x4500 };
enum { FCW_WRITABLE = 0x1f3f, FCW_ONE = 0x40, FCW_INITIAL = 0x37f };
/* Condition bits that a status replaces (FMERGE's immediate). */
enum { MERGE_C1 = 2, MERGE_C2 = 4, MERGE_ALL = 15 };

/* ---- the stack ---- */

static unsigned top_of(uint16_t fpu) { return fpu >> 8 & 7; }
static unsigned physical(const struct lift *l, unsigned i) { return (top_of(l->region->fpu) + i) & 7; }
static bool is_valid(const struct lift *l, unsigned i) { return l->region->fpu >> physical(l, i) & 1; }
static ir_ref get_st(struct lift *l, unsigned i) { return build_get(l, HOME_X87_R0 + physical(l, i)); }

static void put_st(struct lift *l, unsigned i, ir_ref value)
{
    build_put(l, HOME_X87_R0 + physical(l, i), value);
    l->region->fpu |= (uint16_t)(1u << physical(l, i));
}

static void free_st(struct lift *l, unsigned i) { l->region->fpu &= (uint16_t)~(1u << physical(l, i)); }

static void move_top(struct lift *l, int by)
{
    uint16_t tags = l->region->fpu & 0xff;
    l->region->fpu = (uint16_t)(tags | (((top_of(l->region->fpu) + (unsigned)by) & 7) << 8));
}

static void pop(struct lift *l)
{
    free_st(l, 0);
    move_top(l, 1);
}

static void push(struct lift *l, ir_ref value)
{
    move_top(l, -1);
    put_st(l, 0, value);
}

/* ---- the frame of an instruction ---- */

/* What an instruction has to write in the end. */
struct x87 {
    uint16_t before;     /* the stack */
    ir_ref fip, fdp;     /* for the pointer homes; fdp 0: stays */
    ir_ref fsw;          /* as it is so far */
};

bool x87_usable(struct lift *l, bool waits)
{
    uint64_t context = l->region->context;
    unsigned vector = 0;
    if (row_context(context, ROW_CONTEXT_FPU_OFF)) vector = VECTOR_NM;
    else if (waits && row_context(context, ROW_CONTEXT_FPU_ERROR)) vector = VECTOR_MF;
    else if (l->refused) vector = VECTOR_GP;
    if (vector) build_trap(l, vector);
    return !vector;
}

/* False: it traps. */
static bool begin(struct lift *l, struct x87 *x)
{
    *x = (struct x87){.before = l->region->fpu};
    if (!x87_usable(l, true)) return false;
    unsigned opcode = (l->insn->opcode & 7u) << 8 | l->insn->modrm;
    x->fip = build_imm(l, ATOM_MOV, SIZE_64, 0, (int64_t)((uint64_t)opcode << 48 | l->address));
    if (l->insn->memory) {
        struct address offset = build_offset(l);
        x->fdp = build_imm(l, ATOM_ADD, SIZE_32, offset.base, offset.offset);
    }
    x->fsw = build_get(l, HOME_FSW);
    return true;
}

static void put_pointers(struct lift *l, const struct x87 *x)
{
    build_put(l, HOME_FSW, x->fsw);
    build_put(l, HOME_FIP, x->fip);
    if (x->fdp) build_put(l, HOME_FDP, x->fdp);
}

void x87_put_stack(struct lift *l, uint16_t before)
{
    if (l->region->fpu != before) build_put(l, HOME_FTW, build_constant(l, l->region->fpu));
}

/* After the last put to a register of the stack. */
static void end(struct lift *l, const struct x87 *x) { x87_put_stack(l, x->before); }

static ir_ref status_of(struct lift *l, ir_ref f)
{
    return ir_append(l->region, (struct ir_insn){.op = ATOM_GETS, .size = SIZE_32, .f = f});
}

static void merge(struct lift *l, struct x87 *x, ir_ref f, unsigned conditions)
{
    x->fsw = ir_append(l->region, (struct ir_insn){.op = ATOM_FMERGE, .a = x->fsw, .b = build_get(l, HOME_FCW), .f = f,
                                                   .imm = conditions});
}

static void clear_c1(struct lift *l, struct x87 *x) { x->fsw = build_imm(l, ATOM_AND, SIZE_32, x->fsw, ~FSW_C1); }

/* An operation with a status. */
static ir_ref arithmetic(struct lift *l, unsigned op, ir_ref a, ir_ref b, int64_t imm)
{
    return ir_append(l->region, (struct ir_insn){.op = (uint8_t)op, .a = a, .b = b, .c = build_get(l, HOME_FCW),
                                                 .imm = imm, .fmask = MASK_ALL});
}

/* ---- a wrong use of the stack ---- */

/* IE and SF, C1 telling overflow from underflow; unmasked, nothing else happens: control leaves for the next
 * instruction, where the exception is pending. `clear` and `set`: condition bits, besides. */
static void stack_fault(struct lift *l, struct x87 *x, bool overflow, int64_t clear, unsigned set)
{
    ir_ref unmasked = build_imm(l, ATOM_AND, SIZE_32, build_imm(l, ATOM_XOR, SIZE_32, build_get(l, HOME_FCW), FSW_IE), FSW_IE);
    ir_ref error = build_imm(l, ATOM_MUL, SIZE_32, unmasked, FSW_ES | FSW_B);
    clear |= FSW_C1;
    set |= FSW_IE | FSW_SF | (overflow ? FSW_C1 : 0);
    ir_ref fsw = build_imm(l, ATOM_OR, SIZE_32, build_imm(l, ATOM_AND, SIZE_32, x->fsw, ~clear), set);
    ir_ref test = build_flags_imm(l, ATOM_AND, SIZE_32, unmasked, FSW_IE, MASK_ALL, 0);
    x->fsw = build_op(l, ATOM_OR, SIZE_32, fsw, error);
    put_pointers(l, x);
    build_exitif(l, COND_NZ, test, l->next);
}

/* The default NaN: negative, quiet (SDM vol. 1, table 4-3). */
static ir_ref indefinite(struct lift *l)
{
    ir_ref significand = build_imm(l, ATOM_MOV, SIZE_64, 0, INT64_MIN + (INT64_C(1) << 62));
    return build_tag(l, build_from(l, significand, SIZE_64), build_constant(l, 0xffff));
}

/* ---- loads ---- */

/* A value is pushed; f: the operation whose status it comes with, 0: none. */
static void load(struct lift *l, struct x87 *x, ir_ref value, ir_ref f)
{
    bool overflow = is_valid(l, 7);
    if (overflow) {
        value = indefinite(l);
        stack_fault(l, x, true, 0, 0);
    } else {
        if (f) merge(l, x, f, MERGE_C1);
        else clear_c1(l, x);
        put_pointers(l, x);
    }
    push(l, value);
    end(l, x);
}

/* op: the conversion, of row->size bytes; arg: it has a status. */
void lift_x87_load(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    ir_ref value = build_load_vector(l, build_address(l), l->width, false), f = 0;
    if (l->shape->arg) value = f = arithmetic(l, l->shape->op, 0, value, 0);
    else if (l->shape->op) value = build_vector(l, l->shape->op, 0, 0, value);
    load(l, &x, value, f);
}

void lift_x87_load_integer(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    static const uint8_t extend[] = {0, ATOM_SX16, ATOM_SX32, ATOM_MOV};
    ir_ref value = build_op(l, extend[l->size], SIZE_64, 0, build_load(l, build_address(l), l->size));
    load(l, &x, build_vector(l, ATOM_FFROMI, 0, 0, value), 0);
}

void lift_x87_load_register(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    if (!is_valid(l, l->insn->rm)) {
        /* pushes what underflowed (SDM vol. 1, 8.5.1.1); it is that, too, where the push overflows */
        ir_ref value = indefinite(l);
        stack_fault(l, &x, false, 0, 0);
        push(l, value);
        end(l, &x);
        return;
    }
    load(l, &x, get_st(l, l->insn->rm), 0);
}

/* arg: which constant. */
void lift_x87_constant(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    ir_ref value = ir_append(l->region, (struct ir_insn){.op = ATOM_FCONST, .b = build_get(l, HOME_FCW), .imm = l->shape->arg});
    load(l, &x, value, 0);
}

/* ---- stores; arg: how many are popped ---- */

static void pop_some(struct lift *l, unsigned count)
{
    for (unsigned i = 0; i < count; i++) pop(l);
}

void lift_x87_store(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    unsigned op = l->shape->op;
    struct address address = build_address(l);
    ir_ref value;
    bool valid = is_valid(l, 0);
    if (!valid) {
        value = l->width == 10 ? indefinite(l) /* as a decimal number, too */
                               : build_from(l, build_imm(l, ATOM_MOV, SIZE_64, 0,
                                                         l->width == 4 ? 0xffc00000 : INT64_MIN + (INT64_C(0xfff) << 51)),
                                            SIZE_64);
        build_probe_bytes(l, address, l->width);
        stack_fault(l, &x, false, 0, 0);
    } else {
        value = get_st(l, 0);
        if (op) merge(l, &x, value = arithmetic(l, op, 0, value, 0), MERGE_C1);
        else clear_c1(l, &x);
    }
    build_store_vector(l, address, l->width, false, value);
    if (valid) put_pointers(l, &x);
    pop_some(l, l->shape->arg);
    end(l, &x);
}

/* op: ATOM_FTOI's immediate (1: truncate). */
void lift_x87_store_integer(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    struct address address = build_address(l);
    ir_ref value;
    bool valid = is_valid(l, 0);
    if (valid) {
        struct ir_insn convert = {.op = ATOM_FTOI, .size = l->size, .b = get_st(l, 0), .c = build_get(l, HOME_FCW),
                                  .imm = l->shape->op, .fmask = MASK_ALL};
        value = ir_append(l->region, convert);
        merge(l, &x, value, MERGE_C1);
    } else {
        value = build_imm(l, ATOM_MOV, SIZE_64, 0, -(INT64_C(1) << ((8 << l->size) - 2)) * 2);
        build_probe(l, address, l->size);
        stack_fault(l, &x, false, 0, 0);
    }
    build_store(l, address, l->size, value);
    if (valid) put_pointers(l, &x);
    pop_some(l, l->shape->arg);
    end(l, &x);
}

/* op: an empty register is popped without more ado. */
void lift_x87_store_register(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    bool valid = is_valid(l, 0), faults = !valid && !l->shape->op;
    ir_ref value = faults ? indefinite(l) : get_st(l, 0);
    if (faults) {
        stack_fault(l, &x, false, 0, 0);
    } else {
        clear_c1(l, &x);
        put_pointers(l, &x);
    }
    if (valid || faults) put_st(l, l->insn->rm, value);
    pop_some(l, l->shape->arg);
    end(l, &x);
}

void lift_x87_exchange(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    unsigned i = l->insn->rm;
    ir_ref a = get_st(l, 0), b = get_st(l, i);
    if (!is_valid(l, 0) || !is_valid(l, i)) {
        ir_ref nan = indefinite(l);
        if (!is_valid(l, 0)) a = nan;
        if (!is_valid(l, i)) b = nan;
        stack_fault(l, &x, false, 0, 0);
    } else {
        clear_c1(l, &x);
        put_pointers(l, &x);
    }
    put_st(l, 0, b);
    put_st(l, i, a);
    end(l, &x);
}

/* ---- arithmetic ---- */

/* The result of an operation goes to ST(to); where an operand was missing it is the default NaN. */
static void finish(struct lift *l, struct x87 *x, ir_ref result, unsigned to, unsigned pops, unsigned conditions)
{
    if (!result) {
        result = indefinite(l);
        stack_fault(l, x, false, conditions & MERGE_C2 ? FSW_C2 : 0, 0);
    } else {
        merge(l, x, result, conditions);
        put_pointers(l, x);
    }
    put_st(l, to, result);
    pop_some(l, pops);
    end(l, x);
}

/* arg: 1 the operands are exchanged, 2 the result goes to ST(i), 4 pop. */
void lift_x87_arithmetic(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    unsigned arg = l->shape->arg, i = l->insn->rm, to = arg & 2 ? i : 0;
    ir_ref result = 0;
    if (is_valid(l, 0) && is_valid(l, i)) {
        ir_ref a = get_st(l, to), b = get_st(l, i - to);
        result = arithmetic(l, l->shape->op, arg & 1 ? b : a, arg & 1 ? a : b, 0);
    }
    finish(l, &x, result, to, arg >> 2, MERGE_C1);
}

/* The memory operand of an arithmetic instruction, and what the atom's immediate says of it: 1 single, 2 double. */
static ir_ref memory_operand(struct lift *l, bool integer, int64_t *imm)
{
    if (!integer) {
        *imm |= l->size == SIZE_32 ? 1 : 2;
        return build_load_vector(l, build_address(l), 1u << l->size, false);
    }
    ir_ref value = build_load(l, build_address(l), l->size);
    return build_vector(l, ATOM_FFROMI, 0, 0, build_op(l, l->size == SIZE_16 ? ATOM_SX16 : ATOM_SX32, SIZE_64, 0, value));
}

/* arg: 1 the operands are exchanged, 2 the operand is an integer. */
void lift_x87_arithmetic_memory(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    int64_t imm = l->shape->arg & 1 ? 4 : 0;
    ir_ref b = memory_operand(l, l->shape->arg & 2, &imm), result = 0;
    if (is_valid(l, 0)) result = arithmetic(l, l->shape->op, get_st(l, 0), b, imm);
    finish(l, &x, result, 0, 0, MERGE_C1);
}

/* One operand, ST(0). */
void lift_x87_unary(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    ir_ref result = is_valid(l, 0) ? arithmetic(l, l->shape->op, 0, get_st(l, 0), 0) : 0;
    finish(l, &x, result, 0, 0, l->shape->arg);
}

/* FCHS and FABS touch the sign alone: no exception but that of an empty register. */
void lift_x87_sign(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    ir_ref value;
    if (is_valid(l, 0)) {
        value = build_vector(l, l->shape->op, 0, 0, get_st(l, 0));
        clear_c1(l, &x);
        put_pointers(l, &x);
    } else {
        value = indefinite(l);
        stack_fault(l, &x, false, 0, 0);
    }
    put_st(l, 0, value);
    end(l, &x);
}

/* ST(0) and ST(1). arg: 1 ST(1) is the first operand, the result goes there, and the stack is popped (FYL2X, FPATAN);
 * else FPREM and its like: MERGE_ conditions. */
void lift_x87_binary(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    bool pops = l->shape->arg == 1;
    ir_ref result = 0;
    if (is_valid(l, 0) && is_valid(l, 1))
        result = arithmetic(l, l->shape->op, get_st(l, pops), get_st(l, !pops), 0);
    finish(l, &x, result, pops, pops, pops ? MERGE_C1 : l->shape->arg);
}

/* Two results: the first takes ST(0)'s place, the second is pushed. op gives the first; arg: FXTRACT 0, FSINCOS 1, FPTAN 2,
 * of which the last two do nothing where C2 says that the operand is out of range. */
void lift_x87_two(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    enum { XTRACT, SINCOS, TAN };
    bool overflow = is_valid(l, 7);
    if (!is_valid(l, 0) || overflow) {
        ir_ref nan = indefinite(l);
        stack_fault(l, &x, overflow && is_valid(l, 0), l->shape->arg == XTRACT ? 0 : FSW_C2, 0);
        put_st(l, 0, nan);
        push(l, nan);
        end(l, &x);
        return;
    }
    ir_ref operand = get_st(l, 0), fcw = build_get(l, HOME_FCW), second;
    ir_ref first = arithmetic(l, l->shape->op, 0, operand, 0);
    if (l->shape->arg == TAN) /* 1.0, exactly */
        second = ir_append(l->region, (struct ir_insn){.op = ATOM_FCONST, .b = fcw, .imm = 0});
    else
        second = build_vector_control(l, l->shape->arg == SINCOS ? ATOM_FCOS : ATOM_FSIGNIFICAND, 0, operand, fcw);
    merge(l, &x, first, l->shape->arg == XTRACT ? MERGE_C1 : MERGE_C1 | MERGE_C2);
    put_pointers(l, &x);
    if (l->shape->arg != XTRACT)
        build_exitif(l, COND_NZ, build_flags_imm(l, ATOM_AND, SIZE_32, x.fsw, FSW_C2, MASK_ALL, 0), l->next);
    put_st(l, 0, first);
    push(l, second);
    end(l, &x);
}

/* ---- comparisons ---- */

static void compare(struct lift *l, struct x87 *x, ir_ref f, unsigned pops)
{
    if (f) {
        merge(l, x, f, MERGE_ALL);
        put_pointers(l, x);
    } else {
        stack_fault(l, x, false, 0, FSW_UNORDERED);
    }
    pop_some(l, pops);
    end(l, x);
}

/* arg: pops. */
void lift_x87_compare(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    unsigned i = l->insn->rm;
    ir_ref f = is_valid(l, 0) && is_valid(l, i) ? arithmetic(l, l->shape->op, get_st(l, 0), get_st(l, i), 0) : 0;
    compare(l, &x, f, l->shape->arg);
}

/* arg: pops; 2 the operand is an integer. */
void lift_x87_compare_memory(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    int64_t imm = 0;
    ir_ref b = memory_operand(l, l->shape->arg & 2, &imm);
    compare(l, &x, is_valid(l, 0) ? arithmetic(l, ATOM_FCOM, get_st(l, 0), b, imm) : 0, l->shape->arg & 1);
}

void lift_x87_test(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    ir_ref zero = build_from(l, 0, SIZE_64);
    compare(l, &x, is_valid(l, 0) ? arithmetic(l, ATOM_FCOM, get_st(l, 0), zero, 0) : 0, 0);
}

/* FCOMI and its like: C3 C2 C0 are ZF PF CF, the other flags clear; C1 stays. arg: pops. */
void lift_x87_compare_flags(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    unsigned i = l->insn->rm;
    enum { UNORDERED = FLAG_ZF | FLAG_PF | FLAG_CF };
    if (is_valid(l, 0) && is_valid(l, i)) {
        ir_ref f = arithmetic(l, l->shape->op, get_st(l, 0), get_st(l, i), 0);
        ir_ref flags = build_setf(l, build_imm(l, ATOM_SHR, SIZE_32, status_of(l, f), 8), MASK_ALL, 0);
        merge(l, &x, f, 0);
        put_pointers(l, &x);
        build_putf(l, flags);
    } else {
        build_putf(l, build_setf(l, build_constant(l, UNORDERED), MASK_ALL, 0));
        stack_fault(l, &x, false, 0, 0);
    }
    pop_some(l, l->shape->arg);
    end(l, &x);
}

/* FXAM tells empty from everything else, and the sign even then. */
void lift_x87_examine(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    enum { EMPTY = 0x4100 };
    ir_ref condition;
    if (is_valid(l, 0)) {
        condition = build_vector(l, ATOM_FXAM, 0, 0, get_st(l, 0));
    } else {
        ir_ref sign = build_imm(l, ATOM_SHR, SIZE_32, build_extract(l, get_st(l, 0), SIZE_16, 4), 6);
        condition = build_imm(l, ATOM_OR, SIZE_32, build_imm(l, ATOM_AND, SIZE_32, sign, FSW_C1), EMPTY);
    }
    x.fsw = build_op(l, ATOM_OR, SIZE_32, build_imm(l, ATOM_AND, SIZE_32, x.fsw, ~FSW_CONDITION), condition);
    put_pointers(l, &x);
}

/* FCMOVcc; arg: the condition. */
void lift_x87_move(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    unsigned i = l->insn->rm;
    if (!is_valid(l, 0) || !is_valid(l, i)) {
        ir_ref nan = indefinite(l); /* where the condition does not hold, too */
        stack_fault(l, &x, false, 0, 0);
        put_st(l, 0, nan);
        end(l, &x);
        return;
    }
    ir_ref mask = build_op(l, ATOM_SUB, SIZE_64, 0, build_setc(l, l->shape->arg, build_getf(l)));
    ir_ref wide = build_from(l, mask, SIZE_64);
    wide = build_vector(l, ATOM_VUNPCKL, SIZE_64, wide, wide);
    struct ir_insn blend = {.op = ATOM_VBLENDV, .size = SIZE_64, .a = get_st(l, 0), .b = get_st(l, i), .c = wide};
    ir_ref value = ir_append(l->region, blend);
    put_pointers(l, &x);
    put_st(l, 0, value);
}

/* ---- the stack itself ---- */

/* arg: 0 FDECSTP, 1 FINCSTP, 2 FFREE, 3 FFREEP (not in the manual, but as old as x87). */
void lift_x87_stack(struct lift *l)
{
    struct x87 x;
    if (!begin(l, &x)) return;
    enum { DECREMENT, INCREMENT, FREE, FREE_POP };
    unsigned what = l->shape->arg;
    clear_c1(l, &x);
    put_pointers(l, &x);
    if (what >= FREE) free_st(l, l->insn->rm);
    if (what == FREE_POP) free_st(l, 0);
    if (what != FREE) move_top(l, what == DECREMENT ? -1 : 1);
    end(l, &x);
}

/* ---- control; these wait only where it is said, and leave FIP and FDP alone ---- */

/* arg: waits (FNOP, FWAIT). */
void lift_x87_nop(struct lift *l) { x87_usable(l, l->shape->arg); }

/* NZ: `fsw` has an exception that `fcw` does not mask. Then these bits say so. */
static ir_ref unmasked(struct lift *l, ir_ref fsw, ir_ref fcw)
{
    ir_ref left = build_op(l, ATOM_ANDN, SIZE_32, fsw, fcw);
    return build_flags_imm(l, ATOM_AND, SIZE_32, left, FSW_EXCEPTIONS, MASK_ALL, 0);
}

static ir_ref error_bits(struct lift *l, ir_ref test)
{
    return build_imm(l, ATOM_MUL, SIZE_32, build_setc(l, COND_NZ, test), FSW_ES | FSW_B);
}

/* What the masks now let through is pending at once: control then leaves, as the context has changed. */
void lift_x87_load_control(struct lift *l)
{
    if (!x87_usable(l, true)) return;
    ir_ref word = build_load(l, build_address(l), SIZE_16), fsw = build_get(l, HOME_FSW);
    ir_ref fcw = build_imm(l, ATOM_OR, SIZE_32, build_imm(l, ATOM_AND, SIZE_32, word, FCW_WRITABLE), FCW_ONE);
    ir_ref test = unmasked(l, fsw, fcw);
    build_put(l, HOME_FCW, fcw);
    build_put(l, HOME_FSW, build_op(l, ATOM_OR, SIZE_32, fsw, error_bits(l, test)));
    build_exitif(l, COND_NZ, test, l->next);
}

void lift_x87_store_control(struct lift *l)
{
    if (!x87_usable(l, false)) return;
    build_store(l, build_address(l), SIZE_16, build_get(l, HOME_FCW));
}

/* TOP goes into its field. */
static ir_ref status_word(struct lift *l)
{
    return build_imm(l, ATOM_OR, SIZE_32, build_get(l, HOME_FSW), (int64_t)top_of(l->region->fpu) << 11);
}

void lift_x87_store_status(struct lift *l)
{
    if (!x87_usable(l, false)) return;
    ir_ref word = status_word(l);
    if (l->insn->memory) build_store(l, build_address(l), SIZE_16, word);
    else build_write_reg(l, HOME_EAX, SIZE_16, word);
}

/* Where an exception was pending, none is afterwards: another context. */
static void leave_if_pending(struct lift *l)
{
    if (row_context(l->region->context, ROW_CONTEXT_FPU_ERROR)) build_exit(l, IR_DISPATCH, 0);
}

void lift_x87_clear(struct lift *l)
{
    if (!x87_usable(l, false)) return;
    build_put(l, HOME_FSW, build_imm(l, ATOM_AND, SIZE_32, build_get(l, HOME_FSW), FSW_CONDITION));
    leave_if_pending(l);
}

void lift_x87_init(struct lift *l)
{
    uint16_t before = l->region->fpu;
    if (!x87_usable(l, false)) return;
    l->region->fpu = 0;
    build_put(l, HOME_FCW, build_constant(l, FCW_INITIAL));
    build_put(l, HOME_FSW, 0);
    build_put(l, HOME_FIP, 0);
    build_put(l, HOME_FDP, 0);
    x87_put_stack(l, before);
    leave_if_pending(l);
}

/* ---- environments (SDM vol. 1, 8.1.10): seven words, of 4 bytes or of 2 ---- */

enum { ENV_FCW, ENV_FSW, ENV_TAGS, ENV_FIP, ENV_OPCODE, ENV_FDP, ENV_FDS, ENV_WORDS };

static struct address environment_word(const struct lift *l, struct address environment, unsigned word)
{
    environment.offset += word << l->insn->operand_size;
    return environment;
}

/* The two bits of a register that is not empty: 0 a normal number, 1 zero, 2 anything else. FXAM tells them apart; its
 * C2 C3 C0 become an index into TAGS. */
static ir_ref tag_of(struct lift *l, unsigned reg)
{
    enum { TAGS = 0xa8da, CONDITIONS_AT_7 = 0x8a, INDEX = 0xe };
    ir_ref examined = build_vector(l, ATOM_FXAM, 0, 0, build_get(l, HOME_X87_R0 + reg));
    ir_ref bits = build_imm(l, ATOM_AND, SIZE_32, build_imm(l, ATOM_SHR, SIZE_32, examined, 7), CONDITIONS_AT_7);
    ir_ref index = build_op(l, ATOM_OR, SIZE_32, bits, build_imm(l, ATOM_SHR, SIZE_32, bits, 5));
    index = build_imm(l, ATOM_AND, SIZE_32, index, INDEX);
    return build_imm(l, ATOM_AND, SIZE_32, build_op(l, ATOM_SHR, SIZE_32, build_constant(l, TAGS), index), 3);
}

static ir_ref tag_word(struct lift *l)
{
    unsigned empty = 0;
    ir_ref tags = 0;
    for (unsigned reg = 0; reg < 8; reg++) {
        if (l->region->fpu >> reg & 1)
            tags = build_op(l, ATOM_OR, SIZE_32, tags, build_imm(l, ATOM_SHL, SIZE_32, tag_of(l, reg), 2 * reg));
        else
            empty |= 3u << 2 * reg;
    }
    return build_imm(l, ATOM_OR, SIZE_32, tags, empty);
}

/* FNSTENV masks all exceptions in the end. Of a word of 4 bytes that holds 2, the upper half is all ones. */
void lift_x87_store_environment(struct lift *l)
{
    if (!x87_usable(l, false)) return;
    enum { UPPER_ONES = 1 << ENV_FCW | 1 << ENV_FSW | 1 << ENV_TAGS | 1 << ENV_FDS };
    unsigned size = l->insn->operand_size;
    struct address environment = build_address(l);
    ir_ref fip = build_get(l, HOME_FIP), fcw = build_get(l, HOME_FCW), fsw = build_get(l, HOME_FSW);
    ir_ref opcode = size == SIZE_16 ? 0 : build_imm(l, ATOM_SHL, SIZE_32, build_imm(l, ATOM_SHR, SIZE_64, fip, 48), 16);
    build_probe_bytes(l, environment, ENV_WORDS << size);
    ir_ref words[ENV_WORDS] = {fcw, status_word(l), tag_word(l), fip, opcode, build_get(l, HOME_FDP), 0};
    for (unsigned i = 0; i < ENV_WORDS; i++) {
        bool ones = size != SIZE_16 && UPPER_ONES >> i & 1;
        ir_ref word = ones ? build_imm(l, ATOM_OR, SIZE_32, words[i], 0xffff0000) : words[i];
        build_store(l, environment_word(l, environment, i), size, word);
    }
    build_put(l, HOME_FCW, build_imm(l, ATOM_OR, SIZE_32, fcw, FSW_EXCEPTIONS));
    build_put(l, HOME_FSW, build_imm(l, ATOM_ANDN, SIZE_32, fsw, FSW_ES | FSW_B));
    leave_if_pending(l);
}

/* A bit a register that is not empty, of two-bit tags. */
static ir_ref valid_bits(struct lift *l, ir_ref tags)
{
    static const int64_t kept[] = {0x3333, 0x0f0f, 0x00ff};
    ir_ref both = build_op(l, ATOM_AND, SIZE_32, tags, build_imm(l, ATOM_SHR, SIZE_32, tags, 1));
    ir_ref bits = build_imm(l, ATOM_AND, SIZE_32, build_imm(l, ATOM_XOR, SIZE_32, both, 0x5555), 0x5555);
    for (unsigned i = 0; i < 3; i++) /* gathers every second bit */
        bits = build_imm(l, ATOM_AND, SIZE_32,
                         build_op(l, ATOM_OR, SIZE_32, bits, build_imm(l, ATOM_SHR, SIZE_32, bits, 1 << i)), kept[i]);
    return bits;
}

/* What is pending follows from the masks. Top and tags are another context, from here on. */
void lift_x87_load_environment(struct lift *l)
{
    if (!x87_usable(l, true)) return;
    enum { TOP = 0x3800, OPCODE = 0x7ff };
    unsigned size = l->insn->operand_size;
    struct address environment = build_address(l);
    ir_ref words[ENV_WORDS];
    for (unsigned i = 0; i < ENV_WORDS; i++) words[i] = build_load(l, environment_word(l, environment, i), size);
    ir_ref fcw = build_imm(l, ATOM_OR, SIZE_32, build_imm(l, ATOM_AND, SIZE_32, words[ENV_FCW], FCW_WRITABLE), FCW_ONE);
    ir_ref fsw = build_imm(l, ATOM_AND, SIZE_32, words[ENV_FSW], 0xffff & ~(TOP | FSW_ES | FSW_B));
    ir_ref top = build_imm(l, ATOM_AND, SIZE_32, build_imm(l, ATOM_SHR, SIZE_32, words[ENV_FSW], 3), TOP >> 3);
    ir_ref fip = words[ENV_FIP];
    if (size != SIZE_16) {
        ir_ref opcode = build_imm(l, ATOM_AND, SIZE_32, build_imm(l, ATOM_SHR, SIZE_32, words[ENV_OPCODE], 16), OPCODE);
        fip = build_op(l, ATOM_OR, SIZE_64, fip, build_imm(l, ATOM_SHL, SIZE_64, opcode, 48));
    }
    build_put(l, HOME_FCW, fcw);
    build_put(l, HOME_FSW, build_op(l, ATOM_OR, SIZE_32, fsw, error_bits(l, unmasked(l, fsw, fcw))));
    build_put(l, HOME_FTW, build_op(l, ATOM_OR, SIZE_32, valid_bits(l, words[ENV_TAGS]), top));
    build_put(l, HOME_FIP, fip);
    build_put(l, HOME_FDP, words[ENV_FDP]);
    build_exit(l, IR_DISPATCH, 0);
}

/* Whole states: where they are; a helper does the rest. arg: enum x87_state; bit 7: waits. */
void lift_x87_state(struct lift *l)
{
    if (!x87_usable(l, l->shape->arg >> 7)) return;
    struct address offset = build_offset(l), address = build_segment(l, offset, l->insn->segment);
    ir_ref linear = build_imm(l, ATOM_ADD, SIZE_32, address.base, address.offset);
    build_helper(l, X86_HELPER_X87_STATE, linear, 0, build_constant(l, (l->shape->arg & 0x7f) | l->insn->operand_size << 8));
}
