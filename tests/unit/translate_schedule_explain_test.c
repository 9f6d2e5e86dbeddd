/* What the scheduler says of its bundles is true, on random regions and machines of all widths; and whether it is asked
 * changes nothing. */
#include "translate_schedule_support.h"

enum { REGIONS = 150, TOLD_MAX = 1 << 16 };

struct told {
    struct schedule_refusal *refusals;
    unsigned count;
};

static void keep(void *cookie, const struct schedule_refusal *refusal)
{
    struct told *told = cookie;
    assert_true(told->count < TOLD_MAX);
    told->refusals[told->count++] = *refusal;
}

/* The bundle that an operation is in; UINT_MAX: in none (left to a stub). */
static unsigned bundle_of(const struct schedule *schedule, ir_ref source)
{
    for (unsigned b = 0; b < schedule->bundle_count; b++)
        for (unsigned i = 0; i < schedule->bundles[b].count; i++)
            if (schedule->atoms[schedule->bundles[b].first + i].source == source) return b;
    return UINT_MAX;
}

static bool writes(const struct schedule *schedule, unsigned bundle, ir_ref source, unsigned reg)
{
    bool found = false;
    for (unsigned i = 0; i < schedule->bundles[bundle].count; i++) {
        const struct schedule_atom *atom = &schedule->atoms[schedule->bundles[bundle].first + i];
        struct atom_uses uses = atom_uses(&atom->atom);
        bool there = reg >= REGS_ALL     ? uses.flags_written >> (reg - REGS_ALL) & 1
                     : reg >= REG_VECTOR ? uses.vwrites >> (reg - REG_VECTOR) & 1
                                         : uses.writes >> reg & 1;
        found |= there && (!source || atom->source == source);
    }
    return found;
}

/* Would an atom of this class have found room beside those that are in the bundle? */
static bool has_room(const struct bench *bench, unsigned bundle, unsigned class)
{
    const struct schedule_bundle *atoms = &bench->schedule.bundles[bundle];
    uint8_t classes[BUNDLE_ATOMS_MAX + 1];
    for (unsigned i = 0; i < atoms->count; i++)
        classes[i] = atom_table[bench->schedule.atoms[atoms->first + i].atom.op].unit;
    classes[atoms->count] = (uint8_t) class;
    return machine_fits(bench->request.machine, classes, atoms->count + 1u);
}

static void check_refusal(const struct bench *bench, const struct schedule_refusal *refusal)
{
    const struct schedule *schedule = &bench->schedule;
    assert_true(refusal->bundle < schedule->bundle_count);
    if (refusal->source) {
        unsigned placed = bundle_of(schedule, refusal->source);
        if (placed != UINT_MAX) assert_true(placed > refusal->bundle);
    }
    switch (refusal->reason) {
    case REFUSED_LATENCY:
        assert_true(refusal->behind_bundle <= refusal->bundle && refusal->cycles > 0);
        assert_true(writes(schedule, refusal->behind_bundle, refusal->behind, refusal->reg));
        break;
    case REFUSED_COMMIT_ORDER:
        assert_true(refusal->behind && refusal->cycles == 1);
        assert_int_equal(bundle_of(schedule, refusal->behind), refusal->behind_bundle);
        assert_int_equal(refusal->behind_bundle, refusal->bundle);
        break;
    case REFUSED_MEMORY_ORDER:
        assert_true(refusal->behind && ir_is_store(bench->region.insns[refusal->source].op) +
                                           ir_is_store(bench->region.insns[refusal->behind].op));
        assert_int_equal(bundle_of(schedule, refusal->behind), refusal->bundle);
        break;
    case REFUSED_ALIAS: assert_true(ir_is_load(bench->region.insns[refusal->source].op)); break;
    case REFUSED_CHECK:
        assert_true(ir_is_load(bench->region.insns[refusal->behind].op) && refusal->behind < refusal->source);
        assert_true(bench->region.insns[refusal->source].op == IR_EXITIF ||
                    ir_is_store(bench->region.insns[refusal->source].op));
        assert_int_equal(bundle_of(schedule, refusal->behind), refusal->behind_bundle);
        assert_true(refusal->behind_bundle <= refusal->bundle);
        break;
    case REFUSED_EXIT: assert_int_equal(bench->region.insns[refusal->source].op, IR_EXITIF); break;
    case REFUSED_UNIT: assert_true(refusal->busy || !has_room(bench, refusal->bundle, refusal->unit)); break;
    case REFUSED_WIDTH:
        assert_int_equal(schedule->bundles[refusal->bundle].count, bench->request.machine->issue_width);
        break;
    case REFUSED_UNPLACED:
        assert_int_not_equal(refusal->behind, refusal->source);
        if (refusal->behind && bundle_of(schedule, refusal->behind) != UINT_MAX)
            assert_true(bundle_of(schedule, refusal->behind) > refusal->bundle);
        break;
    default: break;
    }
}

/* Without the bytes between `half` and `imm`, which mean nothing. */
static bool is_same(const struct schedule_atom *x, const struct schedule_atom *y)
{
    const struct atom *a = &x->atom, *b = &y->atom;
    return !memcmp(a, b, offsetof(struct atom, half) + sizeof a->half) && a->imm == b->imm && a->target == b->target &&
           a->check == b->check && x->source == y->source && x->label == y->label && x->number == y->number;
}

static void run_machine(unsigned machine, unsigned *seen)
{
    struct told told = {.refusals = malloc(TOLD_MAX * sizeof *told.refusals)};
    struct bench bench;
    bench_open(&bench);
    for (unsigned n = 0; n < REGIONS; n++) {
        struct machine_desc desc = machines[machine];
        desc.alias_kind = (uint8_t)(ALIAS_MASK + n % 3);
        if (n % 5 == 0) desc.alias_entries = 1;
        bench_reset(&bench, &desc);
        bench.request.gear = 1 + n % 2;
        generate(&bench, n);
        pass_promote(&bench.region, &bench.request);
        pass_legalise(&bench.region, &bench.request);
        struct schedule before;
        if (schedule_region(&bench.region, &bench.request, &before) != TR_OK) continue;
        told.count = 0;
        bench.request.cookie = &told;
        bench.request.refused = keep;
        assert_int_equal(schedule_region(&bench.region, &bench.request, &bench.schedule), TR_OK);
        assert_int_equal(before.atom_count, bench.schedule.atom_count);
        assert_int_equal(before.bundle_count, bench.schedule.bundle_count);
        for (unsigned i = 0; i < before.atom_count; i++)
            assert_true(is_same(&before.atoms[i], &bench.schedule.atoms[i]));
        assert_memory_equal(before.bundles, bench.schedule.bundles, before.bundle_count * sizeof *before.bundles);
        for (unsigned i = 0; i < told.count; i++) {
            check_refusal(&bench, &told.refusals[i]);
            seen[told.refusals[i].reason]++;
        }
    }
    bench_close(&bench);
    free(told.refusals);
}

static void reasons_are_true(void **state)
{
    unsigned seen[REFUSED_REASONS] = {0};
    for (unsigned machine = 0; machine < MACHINES; machine++) run_machine(machine, seen);
    for (unsigned reason = 0; reason < REFUSED_REASONS; reason++) {
        printf("reason %u: %u times\n", reason, seen[reason]);
        assert_true(seen[reason]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reasons_are_true)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
