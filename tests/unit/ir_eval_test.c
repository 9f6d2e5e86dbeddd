/* The evaluator: pure operations as atom_evaluate has them, effects in order, every way to stop; and whether the claims
 * about which flags an operation reads (on which dead-flag elimination stands) are true.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/ir_random.h"

enum { ARENA_BYTES = 4 << 20 };

static struct atom_result evaluate(const struct ir_insn *insn, uint64_t a, uint64_t b, uint64_t c, uint16_t fin)
{
    struct ir_insn insns[6] = {
        {0},
        {.op = IR_GET, .imm = 0}, {.op = IR_GET, .imm = 1}, {.op = IR_GET, .imm = 2}, {.op = IR_GETF}, *insn,
    };
    uint64_t r[HOME_INTEGERS] = {a, b, c}, values[6];
    uint16_t f0 = fin, flags[6];
    struct ir_machine machine = {.r = r, .f0 = &f0};
    struct ir_eval_result result;
    insns[5].a = 1, insns[5].b = 2, insns[5].c = 3, insns[5].f = 4;
    assert_int_equal(ir_eval(insns, 6, &machine, values, flags, &result), IR_FELL_THROUGH);
    return (struct atom_result){values[5], flags[5]};
}

static struct ir_insn any_pure(struct prng *prng)
{
    struct ir_insn insn = {0};
    do insn.op = (uint8_t)prng_below(prng, ATOM_OPS); while (!ir_is_pure(insn.op) || atom_is_vector(insn.op));
    insn.size = (uint8_t)prng_below(prng, 4);
    insn.cond = (uint8_t)prng_below(prng, 16);
    insn.use_imm = prng_below(prng, 2);
    insn.imm = insn.use_imm ? random_imm(prng) : 0;
    if (atom_table[insn.op].sets_flags)
        insn.fmask = prng_below(prng, 2) ? (uint8_t)prng_below(prng, 64) : (uint8_t)MASK_ALL;
    return insn;
}

static void test_pure(void **state)
{
    struct prng prng;
    prng_seed(&prng, 3);
    for (unsigned n = 0; n < 200000; n++) {
        struct ir_insn insn = any_pure(&prng);
        uint64_t a = prng_next(&prng), b = prng_below(&prng, 2) ? prng_below(&prng, 70) : prng_next(&prng),
                 c = prng_next(&prng);
        uint16_t fin = (uint16_t)prng_next(&prng) & ATOM_FLAGS;
        struct atom_result is = evaluate(&insn, a, b, c, fin);
        struct atom_result expected =
            atom_evaluate(insn.op, insn.size, a, insn.use_imm ? (uint64_t)insn.imm : b, c, fin, insn.fmask, insn.cond);
        if (is.value != expected.value || (insn.fmask && is.flags != expected.flags))
            fail_msg("%s", atom_table[insn.op].mnemonic);
    }
}

/* Changing flags that ir_flags_read does not name changes neither the integer nor the wanted flags. */
static void test_flags_read(void **state)
{
    struct prng prng;
    bool read[ATOM_OPS] = {false};
    prng_seed(&prng, 4);
    for (unsigned n = 0; n < 400000; n++) {
        struct ir_insn insn = any_pure(&prng);
        unsigned wanted = insn.fmask ? (unsigned)prng_below(&prng, 64) : 0;
        uint64_t a = prng_next(&prng), b = prng_below(&prng, 2) ? prng_below(&prng, 70) : prng_next(&prng),
                 c = prng_next(&prng);
        uint16_t one = (uint16_t)prng_next(&prng) & ATOM_FLAGS, noise = (uint16_t)prng_next(&prng) & ATOM_FLAGS;
        uint16_t other = one ^ (noise & (uint16_t)~flag_bits(ir_flags_read(&insn, wanted)));
        struct atom_result x = evaluate(&insn, a, b, c, one), y = evaluate(&insn, a, b, c, other),
                           z = evaluate(&insn, a, b, c, one ^ noise);
        if (x.value != y.value) fail_msg("%s.%u: value", atom_table[insn.op].mnemonic, 1u << insn.size);
        if ((x.flags ^ y.flags) & flag_bits(wanted))
            fail_msg("%s.%u: flags", atom_table[insn.op].mnemonic, 1u << insn.size);
        if (x.value != z.value) read[insn.op] = true;
        /* what is computed does not come from f: it is the same whatever f's other bits are */
        unsigned computed = insn.fmask & ir_flags_computed(insn.op) & ~ir_flags_read(&insn, wanted);
        if ((x.flags ^ y.flags) & flag_bits(computed & wanted)) fail_msg("%s: computed", atom_table[insn.op].mnemonic);
    }
    /* and the test can see it where a value does depend on flags */
    assert_true(read[ATOM_ADC] && read[ATOM_SBB] && read[ATOM_RCL] && read[ATOM_SEL] && read[ATOM_SETC] &&
                read[ATOM_GETF]);
    assert_false(read[ATOM_ADD] || read[ATOM_SHL] || read[ATOM_MUL]);
}

static enum ir_outcome run(const char *text, struct random_guest *guest, struct ir_eval_result *result)
{
    struct arena arena;
    struct ir_region region;
    void *memory = malloc(ARENA_BYTES);
    char error[128];
    arena_init(&arena, memory, ARENA_BYTES);
    ir_region_init(&region, &arena, 64, 8, 0);
    if (!ir_parse(text, &region, error, sizeof error)) fail_msg("%s in\n%s", error, text);
    enum ir_outcome outcome = random_run(guest, &region, result);
    free(memory);
    return outcome;
}

static void test_memory(void **state)
{
    struct random_guest guest = {.r = {[HOME_EAX] = 0xfffffff0, [HOME_ECX] = 0x123456789abcdef0}};
    struct ir_eval_result result;
    assert_int_equal(
        run("mark 0x1000 1\n%2 = get eax\n%3 = get ecx\nst.4 [%2 + 32], %3\n%5 = lds.1 [%2 + 33]\nput edx, %5\n"
            "%7 = lds.2 [%2 + 34]\nput ebx, %7\n%9 = ld.8 [%0 + 16]\nput esi, %9\n",
            &guest, &result),
        IR_FELL_THROUGH);
    assert_int_equal(guest.memory[0x10], 0xf0); /* the address has wrapped at 32 bits */
    assert_int_equal(guest.r[HOME_EDX], 0xffffffde);
    assert_int_equal(guest.r[HOME_EBX], 0xffff9abc);
    assert_int_equal(guest.r[HOME_ESI], 0x9abcdef0);
}

static void test_vectors(void **state)
{
    struct random_guest guest = {.r = {[HOME_EAX] = 0xfffffff8}, .v = {{{1, 2}}, {{UINT64_C(0x300000004), 5}}}};
    struct ir_eval_result result;
    assert_int_equal(run("mark 0x1000 1\n%2 = get eax\n%3 = get xmm0\n%4 = get xmm1\n%5 = vadd.4 %3, %4\n"
                         "%6 = vadd.4 %3, %4, half\nstv.16 [%2 + 24], %5\nstv.10 [%0 + 64], %5\n%9 = ldv.8 [%0 + 20]\n"
                         "%10 = vext.4 %5, 1\n%11 = ldv.10 [%0 + 64]\nput xmm2, %6\nput xmm3, %9\nput ecx, %10\n"
                         "put x87_r7, %11\n",
                         &guest, &result),
                     IR_FELL_THROUGH);
    assert_int_equal(guest.v[2].half[0], UINT64_C(0x300000005));
    assert_int_equal(guest.v[2].half[1], 0xffff); /* an MMX register: an x87 register that is no number */
    assert_int_equal(guest.v[3].half[0], UINT64_C(0x700000003));
    assert_int_equal(guest.v[3].half[1], 0);
    assert_int_equal(guest.r[HOME_ECX], 3);
    assert_int_equal(guest.v[HOME_X87_R7 - HOME_INTEGERS].half[1], 7);
    assert_int_equal(run("mark 0x1000 1\nput eax, %0\n%3 = ldv.16 [%0 + 8], aligned\n", &guest, &result), IR_REFUSED);
    assert_int_equal(result.at, 3);
    assert_int_equal(run("mark 0x1000 1\n%2 = get xmm0\nput eax, %0\nstv.4 [%0 + 4], %2, aligned\n", &guest, &result),
                     IR_REFUSED);
    /* a status with an exception (FLAG_CF stands for IE) that MXCSR does not mask */
    guest.f0 = FLAG_CF, guest.r[HOME_MXCSR] = 0x1f80, guest.r[HOME_FCW] = 0x37f;
    const char *merges = "mark 0x1000 1\n%2 = get mxcsr\n%3 = flags\n%4 = xmerge %2, %2, %3\n%5 = get fcw\n"
                         "%6 = fmerge %0, %5, 0, %3\nput eax, %4\nput ebx, %6\n";
    assert_int_equal(run(merges, &guest, &result), IR_FELL_THROUGH);
    assert_int_equal(guest.r[HOME_EAX], 0x1f81);
    assert_int_equal(guest.r[HOME_EBX], 1);
    guest.r[HOME_FCW] = 0x37e;
    assert_int_equal(run(merges, &guest, &result), IR_FLOAT_ERROR);
    assert_int_equal(result.at, 6);
    assert_int_equal(result.value, FLAG_CF);
    guest.r[HOME_MXCSR] = 0x1f00;
    assert_int_equal(run(merges, &guest, &result), IR_FLOAT_ERROR);
    assert_int_equal(result.at, 4);
}

static void test_outcomes(void **state)
{
    struct random_guest guest = {.r = {[HOME_EAX] = 0x77}, .f0 = FLAG_ZF};
    struct ir_eval_result result;
    static const uint64_t bad = 5 * RANDOM_PAGE; /* ir_random.h: refuses all */
    char text[256];
    for (unsigned i = 0; i < 3; i++) {
        static const char *const accesses[] = {"%2 = ld.4 [%%0 + %u]", "st.1 [%%0 + %u], %%0", "probe.2 [%%0 + %u]"};
        char access[64];
        snprintf(access, sizeof access, accesses[i], (unsigned)bad);
        snprintf(text, sizeof text, "mark 0x1000 2\n%s\nput eax, %%0\n", access);
        assert_int_equal(run(text, &guest, &result), IR_REFUSED);
        assert_int_equal(result.at, 2);
        assert_int_equal(guest.r[HOME_EAX], 0x77);
    }
#define STOPS(text, outcome, where, what)                                     \
    do {                                                                      \
        assert_int_equal(run("mark 0x1000 2\n%2 = flags\n" text, &guest, &result), outcome); \
        assert_int_equal(result.at, where);                                   \
        assert_int_equal(result.value, what);                                 \
    } while (0)
    STOPS("trapif nz, %2, 0\ntrapif z, %2, 5\n", IR_TRAPPED, 4, 5);
    STOPS("trap 0x10d\n", IR_TRAPPED, 3, 0x10d);
    STOPS("helper rdtsc, %0, %0, %0\n", IR_CALLS_HELPER, 3, 1);
    STOPS("exitif nz, %2, 0x2000\nexitif z, %2, 0x3000\nexit jump 0x4000\n", IR_EXITED, 4, 0x3000);
    STOPS("exit call 0x4000\n", IR_EXITED, 3, 0x4000);
    STOPS("exit interpret 0x5000\n", IR_EXITED, 3, 0x5000);
    STOPS("%3 = get eax\nexit return %3\n", IR_EXITED, 4, 0x77);
    STOPS("%3 = get eax\nexit call_indirect %3\n", IR_EXITED, 4, 0x77);
    STOPS("exit repeat\n", IR_EXITED, 3, 0x1000);
    STOPS("exit dispatch\n", IR_EXITED, 3, 0x1002);
    STOPS("exit system\n", IR_EXITED, 3, 0x1002);
    STOPS("exit softint 3\n", IR_EXITED, 3, 0x1002);
}

static void test_exit_map(void **state)
{
    struct random_guest guest = {.r = {[HOME_EAX] = 1, [HOME_ECX] = 2, [HOME_EDX] = 3}, .f0 = FLAG_CF};
    struct ir_eval_result result;
    assert_int_equal(run("region promoted\nmark 0x1000 2\n%2 = get eax\n%3 = get ecx\n%4 = sub.4 %2, 1 ; flags CPAZSO\n"
                         "exitif z, %4, 0x2000 #0\nexit jump 0x3000 #1\n"
                         "#0 jump 0x2000 insns 1 eax=%3 ecx=%2 flags=%4\n#1 jump 0x3000 insns 1 edx=%4\n",
                         &guest, &result), IR_EXITED);
    assert_int_equal(result.value, 0x2000);
    assert_int_equal(guest.r[HOME_EAX], 2);
    assert_int_equal(guest.r[HOME_ECX], 1);
    assert_int_equal(guest.r[HOME_EDX], 3);
    assert_int_equal(guest.f0, FLAG_ZF | FLAG_PF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pure),     cmocka_unit_test(test_flags_read), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_outcomes), cmocka_unit_test(test_exit_map),   cmocka_unit_test(test_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
