/* Random regions on machines of all widths: scheduled, verified, emitted, run; the state must be what the IR evaluates
 * to. */
#include "translate_schedule_support.h"

enum { REGIONS = 1200, RUNS = 6 };

struct tally {
    unsigned runs, exits, rollbacks, expected, registers, stores;
    struct {
        unsigned regions, passed, refused, made; /* loads above stores, refused; rotations, checks */
    } alias[ALIAS_ALAT + 1];
    unsigned checked; /* checks that have found their entry */
};

struct state {
    uint64_t homes[HOME_INTEGERS];
    struct vreg vectors[HOME_VECTORS];
    uint16_t f0;
    uint8_t memory[MEMORY_BYTES];
};

static void random_state(struct prng *prng, struct state *state)
{
    uint64_t *homes = state->homes;
    for (unsigned home = 0; home < HOME_INTEGERS; home++) {
        uint64_t drawn = prng_next(prng);
        /* mostly addresses that meet; some numbers; seldom an address that faults */
        homes[home] = drawn % 8 < 5   ? (drawn >> 8 & 0x70001ffc)
                      : drawn % 8 < 7 ? (drawn >> 8 & 0xff)
                                      : (uint32_t)(drawn >> 8) | (drawn >> 50 & 15 ? 0 : 0xf0000000u);
        if ((uint32_t)homes[home] >> 28 == 15 && prng_below(prng, 8)) homes[home] &= 0xfffffff;
    }
    homes[HOME_EIP] = SPC;
    state->f0 = (uint16_t)(prng_next(prng) & ATOM_FLAGS);
    for (unsigned i = 0; i < HOME_VECTORS; i++) state->vectors[i] = (struct vreg){{prng_next(prng), prng_next(prng)}};
    for (unsigned i = 0; i < MEMORY_BYTES; i++) state->memory[i] = (uint8_t)prng_next(prng);
}

static void compare(const struct bench *bench, const struct runner *runner, const struct ir_eval_result *evaluated,
                    const struct state *state)
{
    const struct ir_region *region = &bench->region;
    const struct ir_insn *leaves = &region->insns[evaluated->at];
    const struct ir_exit *exit = &region->exits[leaves->c];
    bool undone = exit->kind == IR_SYSTEM; /* left to the interpreter */
    for (unsigned home = 0; home < HOME_INTEGERS; home++) {
        if (home != HOME_EIP) assert_int_equal(runner->committed_r[home], state->homes[home]);
    }
    uint64_t eip = undone ? region->guest[leaves->guest].address : evaluated->value;
    assert_int_equal(runner->committed_r[HOME_EIP], eip);
    assert_int_equal(runner->committed_f0, state->f0);
    assert_memory_equal(runner->committed_v, state->vectors, sizeof state->vectors);
    assert_memory_equal(runner->committed, state->memory, MEMORY_BYTES);
    assert_int_equal(runner->commits, 1);
    assert_int_equal(runner->insns, exit->insns - undone);
    assert_true(runner->insns <= bench->result.insns_longest);
    if (exit->kind == IR_REPEAT && exit->target == SPC) {
        assert_int_equal(runner->ending, ENDED_REPEAT);
        assert_int_equal(runner->commit_flags, COMMIT_ITERATION);
        return;
    }
    assert_int_equal(runner->ending, ENDED_EXIT);
    const struct tr_exit *left = &bench->result.exits[runner->exit];
    assert_int_equal(left->source, region->guest[leaves->guest].address);
    if (left->reason == EXIT_CHAIN) assert_int_equal(left->target, eip);
}

static bool has_speculated(const struct runner *runner)
{
    bool armed = false;
    for (unsigned entry = 0; entry < LENGTH(runner->alias); entry++) armed |= runner->alias[entry].armed;
    return armed;
}

static void run_once(struct bench *bench, struct prng *prng, struct tally *tally)
{
    static struct runner runner;
    static uint64_t values[4096];
    static uint16_t flags[4096];
    static struct vreg vectors[4096];
    struct state state;
    random_state(prng, &state);
    runner_run(&runner, bench, state.homes, state.f0, state.vectors, state.memory);
    struct ir_machine machine = {.r = state.homes,
                                 .f0 = &state.f0,
                                 .v = state.vectors,
                                 .vectors = vectors,
                                 .cookie = state.memory,
                                 .load = eval_load,
                                 .store = eval_store,
                                 .probe = eval_probe,
                                 .load_vector = eval_load_vector,
                                 .store_vector = eval_store_vector,
                                 .vector = stand_in_evaluate};
    struct ir_eval_result evaluated = {0};
    enum ir_outcome outcome = ir_eval_region(&bench->region, &machine, values, flags, &evaluated);
    tally->runs++;
    if (runner.ending == ENDED_ROLLBACK) {
        tally->rollbacks++;
        tally->expected += outcome != IR_EXITED;
        assert_int_equal(runner.commits, 0);
        assert_string_not_equal(runner.why, "gate");
        /* an assert or a merge never runs where the program would not have come to it; but it may look at what a load
         * that passed a store has read too early */
        bool asserted = !strcmp(runner.why, "assert") || !strcmp(runner.why, "float");
        if (asserted && !has_speculated(&runner)) assert_int_not_equal(outcome, IR_EXITED);
        return;
    }
    tally->exits++;
    tally->checked += runner.alias_checks;
    assert_int_equal(outcome, IR_EXITED);
    compare(bench, &runner, &evaluated, &state);
}

/* A third of the regions each are for a machine with the mask scheme, a queue, an ALAT; some with another number of
 * entries. */
static void vary_alias(struct machine_desc *machine, struct prng *prng, unsigned n)
{
    static const uint8_t entries[] = {0, 1, 2, 3, 8, 16, 63, 64};
    machine->alias_kind = (uint8_t)(ALIAS_MASK + n % 3);
    if (prng_below(prng, 2)) machine->alias_entries = entries[prng_below(prng, LENGTH(entries))];
}

static void count_alias(const struct bench *bench, struct tally *tally)
{
    unsigned kind = bench->request.machine->alias_kind;
    tally->alias[kind].regions++;
    tally->alias[kind].passed += bench->schedule.passed;
    tally->alias[kind].refused += bench->schedule.refused;
    for (unsigned i = 0; i < bench->schedule.atom_count; i++) {
        unsigned op = bench->schedule.atoms[i].atom.op;
        tally->alias[kind].made += op == ATOM_ROTATE || op == ATOM_CHKA;
    }
    if (kind == ALIAS_ALAT) assert_int_equal(tally->alias[kind].made, tally->alias[kind].passed);
}

static void run_machine(unsigned machine)
{
    struct bench bench;
    struct tally tally = {0};
    bench_open(&bench);
    for (unsigned n = 0; n < REGIONS; n++) {
        struct prng prng;
        prng_seed(&prng, n * 100 + machine);
        struct machine_desc desc = machines[machine];
        vary_alias(&desc, &prng, n);
        bench_reset(&bench, &desc);
        bench.options.load_over_store = prng_below(&prng, 4) != 0;
        bench.options.load_over_exit = prng_below(&prng, 4) != 0;
        bench.request.restraint = prng_below(&prng, 8) ? 0 : (unsigned)prng_below(&prng, 4);
        bench.request.indirect = (enum tr_indirect)prng_below(&prng, 4);
        bench.request.gear = 1 + (unsigned)prng_below(&prng, 3) % 2;
        bench.request.counter = prng_below(&prng, 2) ? COUNTER : 0;
        generate(&bench, n);
        pass_promote(&bench.region, &bench.request);
        if (prng_below(&prng, 2)) pass_dead(&bench.region, &bench.request);
        pass_legalise(&bench.region, &bench.request);
        assert_false(bench.region.full);
        enum tr_reason reason = schedule_region(&bench.region, &bench.request, &bench.schedule);
        if (reason == TR_STORES) {
            tally.stores++;
            continue;
        }
        if (reason == TR_REGISTERS) tally.registers++;
        assert_int_equal(reason, TR_OK);
        unsigned at;
        const char *wrong = schedule_verify(&bench.region, &bench.request, &bench.schedule, &at);
        if (wrong) {
            print_schedule(&bench);
            fail_msg("machine %u region %u bundle %u: %s", machine, n, at, wrong);
        }
        count_alias(&bench, &tally);
        assert_int_equal(emit_translation(&bench.region, &bench.request, &bench.schedule, &bench.result), TR_OK);
        if (getenv("SHOW") && (unsigned)atoi(getenv("SHOW")) == n) {
            print_schedule(&bench);
            print_code(&bench);
        }
        for (unsigned run = 0; run < RUNS; run++) run_once(&bench, &prng, &tally);
    }
    printf(
        "machine %u: %u runs, %u exits, %u rollbacks of which %u the program's own; %u regions with too many stores\n",
        machine, tally.runs, tally.exits, tally.rollbacks, tally.expected, tally.stores);
    for (unsigned kind = ALIAS_MASK; kind <= ALIAS_ALAT; kind++)
        printf("            scheme %u: %u regions: %u loads above stores, %u refused, %u rotations or checks\n", kind,
               tally.alias[kind].regions, tally.alias[kind].passed, tally.alias[kind].refused, tally.alias[kind].made);
    assert_true(tally.exits > tally.runs / 4);
    assert_true((tally.alias[ALIAS_QUEUE].made && tally.alias[ALIAS_ALAT].made && tally.checked) || tally.stores);
    bench_close(&bench);
}

#define MACHINE_TEST(n) static void machine_##n(void **state) { run_machine(n); }
MACHINE_TEST(0)
MACHINE_TEST(1) MACHINE_TEST(2) MACHINE_TEST(3) MACHINE_TEST(4) MACHINE_TEST(5) MACHINE_TEST(6) MACHINE_TEST(7)
    MACHINE_TEST(8)

        int main(void)
{
    const struct CMUnitTest tests[MACHINES] = {
        cmocka_unit_test(machine_0), cmocka_unit_test(machine_1), cmocka_unit_test(machine_2),
        cmocka_unit_test(machine_3), cmocka_unit_test(machine_4), cmocka_unit_test(machine_5),
        cmocka_unit_test(machine_6), cmocka_unit_test(machine_7), cmocka_unit_test(machine_8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
