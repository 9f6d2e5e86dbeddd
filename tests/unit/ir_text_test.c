/* The IR's text form: what is printed can be read back, at every stage; what cannot be read is refused by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/ir_random.h"
#include "translate/passes/passes.h"

enum { ARENA_BYTES = 8 << 20 };

static void same_regions(const struct ir_region *a, const struct ir_region *b)
{
    assert_int_equal(a->count, b->count);
    for (unsigned at = 1; at < a->count; at++) {
        const struct ir_insn *x = &a->insns[at], *y = &b->insns[at];
        if (x->op != y->op || x->size != y->size || x->cond != y->cond || x->fmask != y->fmask || x->kind != y->kind ||
            x->use_imm != y->use_imm || x->guest != y->guest || x->a != y->a || x->b != y->b || x->c != y->c ||
            x->f != y->f || x->imm != y->imm) {
            char one[256], two[256];
            ir_print_insn(one, sizeof one, a, (ir_ref)at);
            ir_print_insn(two, sizeof two, b, (ir_ref)at);
            fail_msg("operation %u: \"%s\" was read as \"%s\"", at, one, two);
        }
    }
    assert_int_equal(a->promoted, b->promoted);
    assert_int_equal(a->context, b->context);
    assert_int_equal(a->guest_count, b->guest_count);
    assert_int_equal(a->exit_count, b->exit_count);
    for (unsigned i = 0; i < a->exit_count; i++) {
        assert_int_equal(a->exits[i].kind, b->exits[i].kind);
        assert_int_equal(a->exits[i].target, b->exits[i].target);
        assert_int_equal(a->exits[i].target_value, b->exits[i].target_value);
        assert_int_equal(a->exits[i].return_address, b->exits[i].return_address);
        assert_int_equal(a->exits[i].insns, b->exits[i].insns);
        assert_int_equal(a->exits[i].flags, b->exits[i].flags);
        assert_memory_equal(a->exits[i].homes, b->exits[i].homes, sizeof a->exits[i].homes);
    }
}

static void round_trip(const struct ir_region *region, struct arena *arena)
{
    struct ir_region again;
    char error[128], *text = region_text(region);
    assert_true(ir_region_init(&again, arena, RANDOM_OPS_MAX, 64, 0));
    if (!ir_parse(text, &again, error, sizeof error)) fail_msg("%s in\n%s", error, text);
    same_regions(region, &again);
    free(text);
}

static void test_round_trip(void **state)
{
    struct prng prng;
    struct arena arena;
    void *memory = malloc(ARENA_BYTES);
    prng_seed(&prng, 1);
    for (unsigned n = 0; n < 300; n++) {
        struct ir_region region;
        arena_init(&arena, memory, ARENA_BYTES);
        random_region(&region, &arena, &prng, 12);
        round_trip(&region, &arena);
        pass_promote(&region, NULL);
        assert_true(region.promoted);
        round_trip(&region, &arena);
    }
    free(memory);
}

/* Parsed and printed again, the text is the same. */
static void same_text(const char *text)
{
    struct arena arena;
    struct ir_region region;
    void *memory = malloc(ARENA_BYTES);
    char error[128];
    arena_init(&arena, memory, ARENA_BYTES);
    ir_region_init(&region, &arena, 64, 8, 0);
    if (!ir_parse(text, &region, error, sizeof error)) fail_msg("%s", error);
    char *printed = region_text(&region);
    assert_string_equal(printed, text);
    free(printed);
    free(memory);
}

/* Every operation that the IR has but atoms, in the one spelling that the printer uses. */
static void test_spelling(void **state)
{
    static const char text[] = "region context 0x40000\n"
                               "mark 0x08048000 2\n"
                               "    %2 = get eax\n"
                               "    %3 = flags\n"
                               "    %4 = add.4 %2, -1 ; flags PAZSO = %3\n"
                               "    %5 = adc.1 %4, %0, %4\n"
                               "    %6 = shl.4 %5, 3 ; flags CPAZSO = %4\n"
                               "    %7 = shld.2 %6, 0x12345, %2\n"
                               "    %8 = setc.1 nle, %4\n"
                               "    %9 = sel.4 %8, %2, be, %6\n"
                               "    %10 = setf.4 %9 ; flags CPAZSO\n"
                               "    %11 = getf.4 %10\n"
                               "    %12 = lds.1 [%11 - 0x80000000]\n"
                               "    probe.8 [%0 + 0x12345678]\n"
                               "    trapif z, %10, 0\n"
                               "    st.2 [%12], %2\n"
                               "    put edi, %2\n"
                               "    putf %10\n"
                               "    exitif nz, %10, 0x08048100\n"
                               "mark 0x08048002 5\n"
                               "    push_return 0x08048007\n"
                               "    helper mov_seg, %2, %0, %9\n"
                               "    trap 6\n"
                               "    exit softint 128\n";
    same_text(text);
}

static void test_vector_spelling(void **state)
{
    static const char text[] = "region context 0x40000\n"
                               "mark 0x08048000 2\n"
                               "    %2 = get eax\n"
                               "    %3 = get xmm7\n"
                               "    %4 = get x87_r0\n"
                               "    %5 = ldv.16 ss[%2 + 16], aligned\n"
                               "    %6 = ldv.10 [%0 - 4]\n"
                               "    %7 = vadd.4 %3, %5, half\n"
                               "    %8 = vfadd.ss %7, %3, %2 ; status\n"
                               "    %9 = vblendv.1 %3, %5, %8\n"
                               "    %10 = vins.2 %9, %2, 5\n"
                               "    %11 = vext.8 %10, 1\n"
                               "    %12 = vtest %3, %9 ; status\n"
                               "    %13 = fcom %4, %6, %2, 1 ; status\n"
                               "    %14 = gets.4 %13\n"
                               "    %15 = fmerge %14, %2, 15, %13\n"
                               "    %16 = xmerge %15, %2, %8\n"
                               "    %17 = fchs %6\n"
                               "    %18 = vtoi.sd %9, %2, 1 ; status\n"
                               "    stv.10 [%2], %17\n"
                               "    stv.16 [%2 + 32], %10, aligned\n"
                               "    put xmm7, %9\n"
                               "    put x87_r0, %17\n"
                               "    putf %12\n";
    same_text(text);
}

static void refused(const char *text, const char *expected)
{
    struct arena arena;
    struct ir_region region;
    void *memory = malloc(ARENA_BYTES);
    char error[128] = "";
    arena_init(&arena, memory, ARENA_BYTES);
    ir_region_init(&region, &arena, 4, 2, 0);
    assert_false(ir_parse(text, &region, error, sizeof error));
    assert_string_equal(error, expected);
    free(memory);
}

static void test_errors(void **state)
{
    refused("mark 0 1\n frobnicate %1\n", "line 2: no such operation");
    refused("%1 = add.4 %2, 1\n", "line 1: no such operation so far");
    refused("%1 = get rip\n", "line 1: home expected");
    refused("%1 = get eax\n%1 = get ecx\n", "line 2: label is 0, too large or taken");
    refused("%1 = get eax\n%2 = add.3 %1, 1\n", "line 2: size is 1, 2, 4 or 8");
    refused("%1 = get eax\n%2 = add.4 %1, 1 ; flags CX\n", "line 2: no such flag");
    refused("%1 = get eax\n%2 = add.4 %1 1\n", "line 2: ',' expected");
    refused("%1 = ld.4 [%0 + 4\n", "line 1: ']' expected");
    refused("exit away\n", "line 1: kind of exit expected");
    refused("mark 0 1 1\n", "line 1: end of line expected");
    refused("trapif zz, %0, 1\n", "line 1: condition expected");
    refused("nop\nnop\nnop\nnop\n", "line 4: region is full");
    refused("#1 jump 0x10 insns 1\n", "line 1: exits are numbered from 0");
    refused("brc.4 nz, %0\n", "line 1: atom is not for the IR");
    refused("put eax, add\n", "line 1: '%' expected");
    refused("%1 = mov.4 x\n", "line 1: number expected");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_vector_spelling),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
