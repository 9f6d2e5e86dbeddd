/* Passes never change what a region does: random regions, of random operations and of random x86 bytes, run before
 * and after passes in random order on random guests, leave by the same exit with the same state and memory, or are
 * rolled back both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hwsim/isa/context.h"
#include "tests/unit/ir_random.h"
#include "translate/passes/passes.h"
#include "translate/region/region.h"

enum { ARENA_BYTES = 8 << 20, GUESTS = 6 };

struct run {
    struct random_guest guest;
    enum ir_outcome outcome;
    struct ir_eval_result result;
};

struct pass {
    const char *name;
    void (*run)(struct ir_region *region, const struct tr_request *request);
};
static const struct pass passes[] = {
    {"copy", pass_copy},           {"cse", pass_cse},   {"memory", pass_memory},
    {"remainder", pass_remainder}, {"dead", pass_dead},
};
static const struct pass last = {"legalise", pass_legalise};

static bool rolled_back(enum ir_outcome outcome)
{
    return outcome == IR_REFUSED || outcome == IR_TRAPPED || outcome == IR_FLOAT_ERROR;
}

static void compare(const struct run *before, const struct random_guest *initial, const struct ir_region *region,
                    const char *pass, const char *text)
{
    struct run after = {.guest = *initial};
    after.outcome = random_run(&after.guest, region, &after.result);
    const char *differs = NULL;
    if (rolled_back(before->outcome) != rolled_back(after.outcome)) differs = "rollback";
    else if (rolled_back(before->outcome)) return;
    else if (memcmp(before->guest.v, after.guest.v, sizeof after.guest.v))
        differs = "vector registers";
    else if (before->outcome != after.outcome || before->result.value != after.result.value) differs = "exit";
    else if (before->guest.f0 != after.guest.f0) differs = "flags";
    else if (memcmp(before->guest.r, after.guest.r, sizeof after.guest.r)) differs = "registers";
    else if (memcmp(before->guest.memory, after.guest.memory, sizeof after.guest.memory)) differs = "memory";
    if (!differs) return;
    char *now = region_text(region);
    fail_msg("%s differs after pass %s\n%s\n=>\n%s", differs, pass, text, now);
}

struct sample {
    struct random_guest initial[GUESTS];
    struct run before[GUESTS];
};

static void run_pass(struct ir_region *region, const struct pass *pass, const struct tr_request *request,
                     const struct sample *sample)
{
    ir_ref at;
    char *text = region_text(region);
    pass->run(region, request);
    assert_false(region->full);
    const char *wrong = ir_verify(region, &at);
    if (wrong)
        fail_msg("after pass %s: %s, operation %u of\n%s=>\n%s", pass->name, wrong, at, text, region_text(region));
    for (unsigned i = 0; i < GUESTS; i++) compare(&sample->before[i], &sample->initial[i], region, pass->name, text);
    free(text);
}

struct fixture {
    struct prng prng;
    struct arena arena;
    void *memory;
    struct machine_desc machine;
    struct tr_options options;
    struct tr_request request;
    struct sample sample;
    unsigned runs, left; /* left: by an exit, not rolled back */
    uint8_t code[256];
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->memory = malloc(ARENA_BYTES);
    fixture->machine = (struct machine_desc){
        .issue_width = 1, .unit_count = 1, .unit_classes = {(1u << UNIT_CLASSES) - 1}, .gate_entries = 64};
    fixture->options = (struct tr_options){.gear1_insns_max = 32, .gear2_insns_max = 32};
    fixture->request = (struct tr_request){
        .arena = &fixture->arena, .machine = &fixture->machine, .options = &fixture->options, .gear = 2};
    prng_seed(&fixture->prng, 7);
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

/* Promotes, runs optional passes in random order, legalises for a machine with or without offsets. */
static void run_passes(struct fixture *fixture, struct ir_region *region)
{
    static const struct pass promote = {"promote", pass_promote};
    struct sample *sample = &fixture->sample;
    ir_ref at;
    const char *wrong = ir_verify(region, &at);
    if (wrong) fail_msg("%s, operation %u of\n%s", wrong, at, region_text(region));
    for (unsigned i = 0; i < GUESTS; i++) {
        random_guest_init(&sample->initial[i], &fixture->prng);
        sample->before[i].guest = sample->initial[i];
        sample->before[i].outcome = random_run(&sample->before[i].guest, region, &sample->before[i].result);
        fixture->left += !rolled_back(sample->before[i].outcome);
        fixture->runs++;
    }
    run_pass(region, &promote, &fixture->request, sample);
    for (unsigned turns = 1 + (unsigned)prng_below(&fixture->prng, 8); turns > 0; turns--) {
        run_pass(region, &passes[prng_below(&fixture->prng, LENGTH(passes))], &fixture->request, sample);
    }
    fixture->machine.base_offset = prng_below(&fixture->prng, 2);
    run_pass(region, &last, &fixture->request, sample);
    for (unsigned i = 1; i < region->count && !fixture->machine.base_offset; i++) {
        const struct ir_insn *insn = &region->insns[i];
        if (ir_is_atom(insn->op) && atom_table[insn->op].properties & ATOM_MEMORY) assert_int_equal(insn->imm, 0);
    }
}

static void test_random(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned n = 0; n < 4000; n++) {
        struct ir_region region;
        arena_init(&fixture->arena, fixture->memory, ARENA_BYTES);
        random_region(&region, &fixture->arena, &fixture->prng, 2 + (unsigned)prng_below(&fixture->prng, 14));
        run_passes(fixture, &region);
    }
    assert_true(fixture->left * 2 > fixture->runs); /* most do get somewhere */
}

static unsigned fetch(void *cookie, uint64_t linear, void *to, unsigned bytes)
{
    struct fixture *fixture = cookie;
    if (linear >= sizeof fixture->code) return 0;
    unsigned there = (unsigned)(sizeof fixture->code - linear);
    memcpy(to, fixture->code + linear, there < bytes ? there : bytes);
    return there < bytes ? there : bytes;
}

/* What the lifter makes of random bytes: x86 as it comes, not as compilers write it; every other time much of it x87's,
 * with any number of registers in use. */
static void test_lifted(void **state)
{
    struct fixture *fixture = *state;
    unsigned formed = 0, insns = 0;
    fixture->request.cookie = fixture;
    fixture->request.fetch = fetch;
    fixture->request.insns_max = 32;
    fixture->request.context =
        UINT64_C(1) << CONTEXT_CODE32_LOW | UINT64_C(1) << CONTEXT_STACK32_LOW | UINT64_C(3) << CONTEXT_CPL_LOW;
    for (unsigned n = 0; n < 6000; n++) {
        struct ir_region region;
        for (unsigned i = 0; i < sizeof fixture->code; i++) {
            fixture->code[i] = (uint8_t)prng_next(&fixture->prng);
            if (n % 2 && i % 2 == 0 && prng_below(&fixture->prng, 2))
                fixture->code[i] = 0xd8 + (uint8_t)prng_below(&fixture->prng, 8);
        }
        fixture->request.context = CONTEXT_PUT(fixture->request.context, FPU_STACK,
                                               prng_below(&fixture->prng, 8) << 8 | prng_below(&fixture->prng, 256));
        arena_init(&fixture->arena, fixture->memory, ARENA_BYTES);
        if (region_superblock(&fixture->request, &region) != TR_OK) continue;
        formed++, insns += region.guest_count;
        run_passes(fixture, &region);
    }
    assert_true(formed > 4000 && insns > 3 * formed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lifted, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
