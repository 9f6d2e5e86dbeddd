/* Passes never change what a region does: random regions, run before and after passes in random order on random guests,
 * leave by the same exit with the same state and memory, or are rolled back both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/ir_random.h"
#include "translate/passes/passes.h"

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
    {"copy", pass_copy}, {"cse", pass_cse}, {"memory", pass_memory}, {"dead", pass_dead},
};
static const struct pass last = {"legalise", pass_legalise};

static bool rolled_back(enum ir_outcome outcome) { return outcome == IR_REFUSED || outcome == IR_TRAPPED; }

static void compare(const struct run *before, const struct random_guest *initial, const struct ir_region *region, const char *pass, const char *text)
{
    struct run after = {.guest = *initial};
    after.outcome = random_run(&after.guest, region, &after.result);
    const char *differs = NULL;
    if (rolled_back(before->outcome) != rolled_back(after.outcome)) differs = "rollback";
    else if (rolled_back(before->outcome)) return;
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

static void run_pass(struct ir_region *region, const struct pass *pass, const struct tr_request *request, const struct sample *sample)
{
    ir_ref at;
    char *text = region_text(region);
    pass->run(region, request);
    assert_false(region->full);
    const char *wrong = ir_verify(region, &at);
    if (wrong) fail_msg("after pass %s: %s, operation %u of\n%s=>\n%s", pass->name, wrong, at, text, region_text(region));
    for (unsigned i = 0; i < GUESTS; i++) compare(&sample->before[i], &sample->initial[i], region, pass->name, text);
    free(text);
}

static void test_passes(void **state)
{
    static const struct pass promote = {"promote", pass_promote};
    struct prng prng;
    struct arena arena;
    struct machine_desc machine = {.base_offset = false};
    struct tr_request request = {.machine = &machine};
    struct sample *sample = malloc(sizeof *sample);
    void *memory = malloc(ARENA_BYTES);
    unsigned left = 0, runs = 0;
    prng_seed(&prng, 7);
    for (unsigned n = 0; n < 4000; n++) {
        struct ir_region region;
        ir_ref at;
        arena_init(&arena, memory, ARENA_BYTES);
        random_region(&region, &arena, &prng, 2 + (unsigned)prng_below(&prng, 14));
        const char *wrong = ir_verify(&region, &at);
        if (wrong) fail_msg("%s, operation %u of\n%s", wrong, at, region_text(&region));
        for (unsigned i = 0; i < GUESTS; i++) {
            random_guest_init(&sample->initial[i], &prng);
            sample->before[i].guest = sample->initial[i];
            sample->before[i].outcome = random_run(&sample->before[i].guest, &region, &sample->before[i].result);
            left += !rolled_back(sample->before[i].outcome), runs++;
        }
        run_pass(&region, &promote, &request, sample);
        for (unsigned turns = 1 + (unsigned)prng_below(&prng, 8); turns > 0; turns--) {
            const struct pass *pass = &passes[prng_below(&prng, LENGTH(passes))];
            run_pass(&region, pass, &request, sample);
        }
        machine.base_offset = prng_below(&prng, 2);
        run_pass(&region, &last, &request, sample);
        for (unsigned i = 1; i < region.count && !machine.base_offset; i++) {
            if (atom_table[region.insns[i].op < ATOM_OPS ? region.insns[i].op : ATOM_NOP].properties & ATOM_MEMORY) assert_int_equal(region.insns[i].imm, 0);
        }
    }
    assert_true(left * 2 > runs); /* most runs do get somewhere */
    free(sample);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_passes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
