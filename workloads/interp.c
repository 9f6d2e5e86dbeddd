/* interp -- a bytecode interpreter with a computed goto per instruction: indirect jumps that a single target cannot predict.
 * The interpreted program counts primes by trial division. */
#include "workload.h"

enum op { PUSH, LOAD, STORE, ADD, SUB, MOD, LESS, JZ, JMP, INC, DUP, MUL, HALT };

struct insn {
    uint8_t op;
    int32_t arg;
};

/* locals: 0 n, 1 limit, 2 divisor, 3 primes */
static const struct insn program[] = {
    {PUSH, 2},  {STORE, 0},                                      /* n = 2 */
    {LOAD, 0},  {LOAD, 1},  {LESS, 0}, {JZ, 28},                 /* 2: while (n < limit) */
    {PUSH, 2},  {STORE, 2},                                      /* d = 2 */
    {LOAD, 2},  {DUP, 0},   {MUL, 0},  {LOAD, 0}, {SUB, 0},      /* 8: d*d - n */
    {PUSH, 1},  {LESS, 0},  {JZ, 24},                            /* stop when d*d > n: prime */
    {LOAD, 0},  {LOAD, 2},  {MOD, 0},  {JZ, 26},                 /* composite */
    {INC, 2},   {JMP, 8},   {HALT, 0}, {HALT, 0},
    {INC, 3},   {JMP, 26},                                       /* 24: one more prime */
    {INC, 0},   {JMP, 2},                                        /* 26: next n */
    {HALT, 0},                                                   /* 28 */
};

static uint32_t interpret(int32_t limit)
{
    static const void *const label[] = {&&push, &&load, &&store, &&add, &&sub, &&mod, &&less, &&jz, &&jmp, &&inc, &&dup, &&mul, &&halt};
    int32_t stack[16], local[4] = {0, limit, 0, 0};
    int32_t *top = stack;
    const struct insn *pc = program;
#define NEXT goto *label[pc->op]
    NEXT;
push: *++top = pc->arg; pc++; NEXT;
load: *++top = local[pc->arg]; pc++; NEXT;
store: local[pc->arg] = *top--; pc++; NEXT;
add: top[-1] += top[0]; top--; pc++; NEXT;
sub: top[-1] -= top[0]; top--; pc++; NEXT;
mul: top[-1] *= top[0]; top--; pc++; NEXT;
mod: top[-1] %= top[0]; top--; pc++; NEXT;
less: top[-1] = top[-1] < top[0]; top--; pc++; NEXT;
jz: pc = *top-- ? pc + 1 : program + pc->arg; NEXT;
jmp: pc = program + pc->arg; NEXT;
inc: local[pc->arg]++; pc++; NEXT;
dup: top[1] = top[0]; top++; pc++; NEXT;
halt: return (uint32_t)local[3];
}

int main(int argc, char **argv)
{
    uint32_t rounds = workload_rounds(argc, argv), sum = 1;
    for (uint32_t i = 0; i < rounds; i++) sum = workload_mix(sum, interpret(1500 + (int32_t)(i & 7)));
    return workload_report("interp", sum);
}
