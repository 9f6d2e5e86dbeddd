/* Each rule of the verifier, seen to refuse; and what it must let pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/ir_random.h"

enum { ARENA_BYTES = 4 << 20 };

struct fixture {
    struct arena arena;
    struct ir_region region;
    void *memory;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->memory = malloc(ARENA_BYTES);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    free(fixture->memory);
    free(fixture);
    return 0;
}

static struct ir_region *parsed(void **state, const char *text)
{
    struct fixture *fixture = *state;
    char error[128];
    arena_init(&fixture->arena, fixture->memory, ARENA_BYTES);
    ir_region_init(&fixture->region, &fixture->arena, 128, 16, 0);
    if (!ir_parse(text, &fixture->region, error, sizeof error)) fail_msg("%s in\n%s", error, text);
    return &fixture->region;
}

static void wrong(const struct ir_region *region, ir_ref at, const char *expected)
{
    ir_ref found;
    const char *message = ir_verify(region, &found);
    if (!message) fail_msg("accepted; expected: %s", expected);
    assert_string_equal(message, expected);
    assert_int_equal(found, at);
}

static void right(const struct ir_region *region)
{
    ir_ref at;
    const char *message = ir_verify(region, &at);
    if (message) fail_msg("operation %u: %s", at, message);
}

#define M "mark 0x1000 2\n"

static void test_fields(void **state)
{
    struct ir_region *region = parsed(state, M "%2 = get eax\n%3 = add.4 %2, 1 ; flags C\nnop\n%5 = mov.4 7\n");
    struct ir_insn *insn = &region->insns[3], saved = *insn;
    right(region);
#define WITH(change, expected)          \
    do {                                \
        *insn = saved;                  \
        change;                         \
        wrong(region, 3, expected);     \
        *insn = saved;                  \
    } while (0)
    WITH(insn->op = IR_OPS, "no such operation");
    WITH(insn->size = 4, "no such size");
    WITH(insn->cond = 16, "no such condition");
    WITH(insn->fmask = 64, "no such flags");
    WITH(insn->op = ATOM_MOV, "operation has no flags to write");
    WITH((insn->op = ATOM_SETF, insn->fmask = 0), "setf writes no flags");
    WITH((insn->op = ATOM_LDS, insn->fmask = 0), "lds is for 8 and 16 bits");
    WITH((insn->op = ATOM_BR, insn->fmask = 0), "atom is not for the IR");
    WITH((insn->op = ATOM_LD, insn->fmask = 0), "operation takes no immediate");
    WITH(*insn = ((struct ir_insn){.op = IR_GET, .imm = HOME_COUNT}), "no such home");
    WITH(*insn = ((struct ir_insn){.op = IR_PUT, .imm = HOME_EIP}), "eip is written by commits alone");
    WITH(*insn = ((struct ir_insn){.op = IR_TRAPIF, .imm = 256}), "no such exception");
    WITH(*insn = ((struct ir_insn){.op = IR_TRAP, .imm = -1}), "no such exception");
    WITH(*insn = ((struct ir_insn){.op = IR_EXIT, .kind = IR_EXIT_KINDS}), "no such kind of exit");
}

static void test_operands(void **state)
{
    struct ir_region *region =
        parsed(state, M "%2 = get eax\n%3 = sub.4 %2, 1\n%4 = flags\n%5 = shld.4 %2, 3, %2\n%6 = setc.1 z, %4\n");
    right(region);
    region->insns[3].a = 3, wrong(region, 3, "operand is not defined before its use");
    region->insns[3].a = 5, wrong(region, 3, "operand is not defined before its use");
    region->insns[3].a = 1, wrong(region, 3, "operand has no integer result");
    region->insns[3].a = 2, region->insns[5].c = 4, wrong(region, 5, "operand has no integer result");
    region->insns[5].c = 0, region->insns[6].f = 3, wrong(region, 6, "operand has no flags result");
    region->insns[6].f = 4, region->insns[3].f = 2, wrong(region, 3, "operand has no flags result");
}

/* Operands of the right file; a vector is never reference 0. */
static void test_vectors(void **state)
{
    struct ir_region *region = parsed(state, M "%2 = get eax\n%3 = get xmm0\n%4 = vadd.4 %3, %3\n"
                                               "%5 = vfadd.ps %4, %3, %2 ; status\n%6 = xmerge %2, %2, %5\n"
                                               "stv.16 [%2], %5\nput xmm0, %4\n");
    right(region);
    region->insns[4].a = 2, wrong(region, 4, "operand is no vector");
    region->insns[4].a = 0, wrong(region, 4, "operand is no vector");
    region->insns[4].a = 3, region->insns[5].c = 3, wrong(region, 5, "operand is a vector");
    region->insns[5].c = 2, region->insns[6].f = 4, wrong(region, 6, "operand has no flags result");
    region->insns[6].f = 5, region->insns[7].b = 2, wrong(region, 7, "operand is no vector");
    region->insns[7].b = 5, region->insns[7].a = 3, wrong(region, 7, "operand is a vector");
    region->insns[7].a = 2, region->insns[8].imm = HOME_EAX, wrong(region, 8, "operand is a vector");
    region->insns[8].imm = HOME_XMM15, right(region);
    /* a merge may roll back, and so comes before whatever changes state */
    wrong(parsed(state, M "%2 = get mxcsr\n%3 = get xmm0\n%4 = vfadd.ps %3, %3, %2 ; status\nput xmm0, %4\n"
                          "%6 = xmerge %2, %2, %4\n"),
          6, "trap after the instruction has changed state");
    /* of sixteen bytes all have to be covered */
    right(parsed(state,
                 M "%2 = get eax\n%3 = ldv.16 [%2]\nprobe.8 [%2]\nprobe.8 [%2 + 8]\nput eax, %0\nstv.16 [%2], %3\n"));
    wrong(parsed(state, M "%2 = get eax\n%3 = ldv.16 [%2]\nprobe.8 [%2]\nput eax, %0\nstv.16 [%2], %3\n"), 6,
          "access may fault after the instruction has changed state");
    right(parsed(state,
                 M "%2 = get eax\n%3 = ldv.10 [%2]\nprobe.8 [%2]\nprobe.2 [%2 + 8]\nput eax, %0\nstv.10 [%2], %3\n"));
}

static void test_marks(void **state)
{
    wrong(parsed(state, "%1 = get eax\n"), 1, "operation before the first mark");
    struct ir_region *region = parsed(state, M "nop\nmark 0x1002 3\nnop\n");
    right(region);
    region->insns[4].guest = 0, wrong(region, 4, "operation belongs to another guest instruction");
    region->insns[4].guest = 1, region->guest[1].length = 2,
    wrong(region, 3, "mark differs from its guest instruction");
    region->guest[1].length = 3, region->guest_count = 1, wrong(region, 3, "more marks than guest instructions");
    wrong(parsed(state, M "exit jump 0x2000\nnop\n"), 3, "operation after the exit");
}

static void test_precise(void **state)
{
    static const char faults[] = "access may fault after the instruction has changed state";
    static const char traps[] = "trap after the instruction has changed state";
    wrong(parsed(state, M "%2 = get eax\nput ecx, %2\n%4 = ld.4 [%2]\n"), 4, faults);
    wrong(parsed(state, M "%2 = flags\nputf %2\nprobe.4 [%0]\n"), 4, faults);
    wrong(parsed(state, M "%2 = get eax\nst.4 [%2], %2\nst.4 [%2 + 4], %2\n"), 4, faults);
    wrong(parsed(state, M "%2 = get eax\nst.4 [%2], %2\n%4 = ld.4 [%2 + 2]\n"), 4, faults);
    wrong(parsed(state, M "%2 = get eax\nput ecx, %2\ntrapif z, %0, 0\n"), 4, traps);
    wrong(parsed(state, M "%2 = get eax\nput ecx, %2\ntrap 6\n"), 4, traps);
    wrong(parsed(state, M "%2 = get eax\nput ecx, %2\nhelper cpuid, %0, %0, %0\n"), 4, traps);
    /* a load does not vouch for a store, nor an access for its neighbour */
    wrong(parsed(state, M "%2 = get eax\n%3 = ld.4 [%2]\nput ecx, %3\nst.4 [%2], %3\n"), 5, faults);
    wrong(parsed(state, M "%2 = get eax\nprobe.2 [%2]\nput ecx, %2\nst.4 [%2], %2\n"), 5, faults);
    /* covered: by one probe, by two together, by an addition of a constant, in the next instruction anyway */
    right(parsed(state, M "%2 = get eax\nprobe.8 [%2]\nst.4 [%2], %2\nst.4 [%2 + 4], %2\n"));
    right(parsed(state, M "%2 = get eax\nprobe.2 [%2]\nprobe.2 [%2 + 2]\nput ecx, %2\nst.4 [%2], %2\n"));
    right(parsed(state,
                 M "%2 = get eax\n%3 = add.4 %2, 8\n%4 = sub.4 %3, 4\nprobe.4 [%2 + 4]\nput ecx, %2\nst.4 [%4], %2\n"));
    right(parsed(state, M "%2 = get eax\n%3 = ld.4 [%2]\nput ecx, %3\n%5 = ld.2 [%2 + 2]\n"));
    right(parsed(state, M "%2 = get eax\nput ecx, %2\nmark 0x1002 1\n%4 = ld.4 [%2]\n"));
    right(parsed(state, M "%2 = get eax\nput ecx, %2\nexitif z, %0, 0x2000\nexit jump 0x3000\n"));
}

static void test_exits(void **state)
{
    struct ir_region *region = parsed(state, "region promoted\n" M
                                             "%2 = get eax\n%3 = add.4 %2, 1 ; flags CPAZSO\nexitif z, %3, 0x2000 #0\n"
                                             "mark 0x1002 2\n%6 = ld.4 [%3]\nexit return %6 #1\n"
                                             "#0 jump 0x2000 insns 1 eax=%3 flags=%3\n#1 return %6 insns 2 ecx=%2\n");
    struct ir_exit *exit = &region->exits[0];
    right(region);
    region->insns[4].c = 2, wrong(region, 4, "no such exit");
    region->insns[4].c = 1, wrong(region, 4, "exits are not numbered in program order");
    region->insns[4].c = 0, exit->kind = IR_CALL, wrong(region, 4, "exit is of another kind");
    exit->kind = IR_JUMP, exit->target = 0x2001, wrong(region, 4, "exit has another target");
    exit->target = 0x2000, exit->target_value = 2, wrong(region, 4, "exit has another target value");
    exit->target_value = 0, exit->insns = 2, wrong(region, 4, "exit retires another number of instructions");
    exit->insns = 1, exit->homes[HOME_EIP] = 3, wrong(region, 4, "eip is written by commits alone");
    exit->homes[HOME_EIP] = 0, exit->flags = 2, wrong(region, 4, "operand has no flags result");
    exit->flags = 3, exit->homes[HOME_ECX] = 6, wrong(region, 4, "operand is not defined before its use");
    exit->homes[HOME_ECX] = 0, exit->homes[HOME_EAX] = 2, wrong(region, 4, "home is mapped to what it holds already");
    exit->homes[HOME_EAX] = 3, region->exits[1].target_value = 3, wrong(region, 7, "exit has another target value");
    region->exits[1].target_value = 6, right(region);
    region->exit_count = 3, wrong(region, 7, "an exit is not reached by any operation");
    region->exit_count = 2, region->count--, wrong(region, 6, "promoted region does not end in an exit");
    wrong(parsed(state, "region promoted\n" M "put eax, %0\n"), 2, "put in a promoted region");
    region->full = true, wrong(region, 0, "region is full");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(test_operands, setup, teardown),
        cmocka_unit_test_setup_teardown(test_vectors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_marks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_precise, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exits, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
