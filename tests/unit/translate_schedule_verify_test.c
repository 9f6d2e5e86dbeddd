/* The schedule verifier must refuse every way of being wrong. A schedule that is right is spoiled in one place; the
 * complaint must be about that. */
#include "translate_schedule_support.h"

static struct bench bench;

static const char program[] = "region context 0x70000 promoted\n"
                              "mark 0x08048000 3\n"
                              "%1 = get eax\n"
                              "%2 = get ebx\n"
                              "%3 = get ecx\n"
                              "st.4 [%1], %2\n"
                              "mark 0x08048003 3\n"
                              "%4 = ld.4 [%3]\n"
                              "mark 0x08048006 3\n"
                              "%5 = sub.4 %4, %2 ; flags CPAZSO\n"
                              "mark 0x08048009 2\n"
                              "exitif z, %5, 0x08049000 #0\n"
                              "mark 0x0804800b 3\n"
                              "%6 = add.4 %4, 4 ; flags CPAZSO\n"
                              "mark 0x0804800e 3\n"
                              "%7 = add.4 %5, %6\n"
                              "st.4 [%3], %6\n"
                              "mark 0x08048011 2\n"
                              "exitif s, %6, 0x0804a000 #1\n"
                              "mark 0x08048013 3\n"
                              "trapif o, %6, 4\n"
                              "mark 0x08048016 5\n"
                              "exit jump 0x0804b000 #2\n"
                              "#0 jump 0x08049000 insns 4 eax=%4 flags=%5\n"
                              "#1 jump 0x0804a000 insns 7 eax=%4 edx=%6 flags=%6\n"
                              "#2 jump 0x0804b000 insns 9 eax=%7 edx=%6 flags=%6\n";

static void make(const struct machine_desc *machine)
{
    bench_parse(&bench, machine, program);
    assert_int_equal(schedule_region(&bench.region, &bench.request, &bench.schedule), TR_OK);
}

static const char *verdict(void)
{
    unsigned at;
    return schedule_verify(&bench.region, &bench.request, &bench.schedule, &at);
}

static void refused(const char *complaint)
{
    const char *wrong = verdict();
    if (!wrong || strcmp(wrong, complaint)) print_schedule(&bench);
    assert_non_null(wrong);
    assert_string_equal(wrong, complaint);
}

/* The n-th atom with this op, in order of bundles. */
static struct schedule_atom *find(unsigned op, unsigned n)
{
    for (unsigned i = 0; i < bench.schedule.atom_count; i++) {
        if (bench.schedule.atoms[i].atom.op == op && n-- == 0) return &bench.schedule.atoms[i];
    }
    fail_msg("no such atom");
    return NULL;
}

static unsigned bundle_of(const struct schedule_atom *atom)
{
    unsigned index = (unsigned)(atom - bench.schedule.atoms), bundle = 0;
    while (index >= bench.schedule.bundles[bundle].first + bench.schedule.bundles[bundle].count) bundle++;
    return bundle;
}

/* Takes an atom out and puts it at the end of another bundle. */
static void move_to(struct schedule_atom *atom, unsigned to)
{
    struct schedule *schedule = &bench.schedule;
    struct schedule_atom moved = *atom;
    unsigned index = (unsigned)(atom - schedule->atoms), from = bundle_of(atom);
    memmove(atom, atom + 1, (schedule->atom_count - index - 1) * sizeof *atom);
    schedule->bundles[from].count--;
    for (unsigned b = from + 1; b < schedule->bundle_count; b++) schedule->bundles[b].first--;
    unsigned place = schedule->bundles[to].first + schedule->bundles[to].count;
    memmove(&schedule->atoms[place + 1], &schedule->atoms[place], (schedule->atom_count - 1 - place) * sizeof *atom);
    schedule->atoms[place] = moved;
    schedule->bundles[to].count++;
    for (unsigned b = to + 1; b < schedule->bundle_count; b++) schedule->bundles[b].first++;
}

static void right_is_accepted(void **state)
{
    for (unsigned machine = 0; machine < MACHINES; machine++) {
        if (machines[machine].gate_entries < 2) continue; /* two stores */
        make(&machines[machine]);
        assert_null(verdict());
    }
}

static void wrong_operand(void **state)
{
    make(&machines[2]);
    find(ATOM_SUB, 0)->atom.ra = 7;
    refused("an atom reads the wrong register");
}

static void wrong_destination(void **state)
{
    make(&machines[2]);
    find(ATOM_LD, 0)->atom.rd = 61;
    refused("an atom reads the wrong register");
}

static void wrong_flags(void **state)
{
    make(&machines[2]);
    find(ATOM_BRC, 0)->atom.fs ^= 7;
    refused("an atom reads the wrong flags");
}

static void wrong_condition(void **state)
{
    make(&machines[2]);
    find(ATOM_BRC, 1)->atom.cond ^= 1;
    refused("a condition is wrong");
}

static void wrong_immediate(void **state)
{
    make(&machines[2]);
    struct schedule_atom *atom = find(ATOM_ADD, 0);
    if (!atom->atom.use_imm) atom = find(ATOM_ADD, 1);
    atom->atom.imm++;
    refused("an immediate is wrong");
}

static void wrong_stub(void **state)
{
    make(&machines[2]);
    find(ATOM_BRC, 0)->number = 1;
    refused("an exit leaves by another stub");
}

static void bundles_swapped(void **state)
{
    make(&machines[2]);
    unsigned load = bundle_of(find(ATOM_LD, 0)), use = bundle_of(find(ATOM_SUB, 0));
    struct schedule_bundle first = bench.schedule.bundles[load];
    bench.schedule.bundles[load] = bench.schedule.bundles[use];
    bench.schedule.bundles[use] = first;
    refused("an atom reads the wrong register");
}

static void move_forgotten(void **state)
{
    make(&machines[2]);
    for (unsigned exit = 0; exit < 2; exit++) {
        if (!bench.schedule.exits[exit].count) continue;
        bench.schedule.exits[exit].count--;
        refused("the flags are wrong at an exit");
        return;
    }
    fail_msg("no move to forget");
}

static void home_overwritten_early(void **state)
{
    /* edx must be as at entry when exit 0 leaves */
    make(&machines[2]);
    struct schedule_atom *atom = find(ATOM_ADD, 0);
    if (!atom->atom.use_imm) atom = find(ATOM_ADD, 1);
    unsigned reg = atom->atom.rd, exit = bundle_of(find(ATOM_BRC, 0));
    if (reg == 2) {
        assert_true(bundle_of(atom) > exit);
        move_to(atom, exit);
    } else {
        assert_true(bundle_of(atom) <= exit);
        for (unsigned i = 0; i < bench.schedule.atom_count; i++) {
            struct atom *other = &bench.schedule.atoms[i].atom;
            if (other->op == ATOM_MOV) continue;
            if (other->rd == reg) other->rd = 2;
            if (other->ra == reg) other->ra = 2;
            if (other->rb == reg && !other->use_imm) other->rb = 2;
        }
    }
    refused("a home holds the wrong value at an exit");
}

static void protection_dropped(void **state)
{
    make(&machines[2]);
    struct schedule_atom *load = find(ATOM_LD, 0);
    assert_true(load->atom.protect);
    load->atom.protect = 0;
    refused("a store checks an entry for no load");
    make(&machines[2]);
    find(ATOM_ST, 0)->atom.check = 0;
    refused("a store does not check a load that passed it");
    make(&machines[2]);
    find(ATOM_LD, 0)->atom.protect = 40;
    find(ATOM_ST, 0)->atom.check = UINT64_C(1) << 39;
    refused("a load above a store without protection");
}

/* ---- the queue of alias entries: two loads above two stores, the second store between the loads ---- */

static const char queue_program[] = "region context 0x70000 promoted\n"
                                    "mark 0x08048000 2\n"
                                    "%1 = get eax\n"
                                    "%2 = get ebx\n"
                                    "%3 = get ecx\n"
                                    "%4 = get edx\n"
                                    "%5 = ld.4 [%1]\n"
                                    "mark 0x08048002 2\n"
                                    "st.4 [%5], %2\n"
                                    "mark 0x08048004 2\n"
                                    "%6 = ld.4 [%3]\n"
                                    "mark 0x08048006 2\n"
                                    "st.4 [%5 + 8], %2\n"
                                    "mark 0x08048008 2\n"
                                    "%7 = ld.4 [%4]\n"
                                    "mark 0x0804800a 5\n"
                                    "exit jump 0x0804b000 #0\n"
                                    "#0 jump 0x0804b000 insns 6 ecx=%6 edx=%7\n";

/* In the order of the program, the one that gives the stores their address left out. */
static struct schedule_atom *queue_load(unsigned n)
{
    struct schedule_atom *loads[3] = {find(ATOM_LD, 0), find(ATOM_LD, 1), find(ATOM_LD, 2)};
    for (unsigned i = 0; i < 3; i++) {
        unsigned before = 0;
        for (unsigned j = 0; j < 3; j++) before += loads[j]->source < loads[i]->source;
        if (before == n + 1) return loads[i];
    }
    fail_msg("no such load");
    return NULL;
}

static void make_queue(unsigned kind)
{
    static struct machine_desc queue;
    queue = machines[1];
    queue.alias_kind = (uint8_t)kind;
    bench_parse(&bench, &queue, queue_program);
    assert_int_equal(schedule_region(&bench.region, &bench.request, &bench.schedule), TR_OK);
    queue.unit_classes[queue.unit_count++] = MEMORY_UNIT; /* room for what is put beside it */
    assert_null(verdict());
    assert_int_equal(bench.schedule.passed, 2);
    assert_true(bundle_of(queue_load(0)) < bundle_of(find(ATOM_ST, 0)));
    assert_true(bundle_of(queue_load(1)) < bundle_of(find(ATOM_ST, 0)));
    assert_true(bundle_of(find(ATOM_ST, 0)) < bundle_of(find(ATOM_ST, 1)));
    assert_true(find(ATOM_ST, 0)->source < find(ATOM_ST, 1)->source);
}

static void put_made(unsigned bundle, unsigned op, int64_t imm)
{
    struct schedule *schedule = &bench.schedule;
    unsigned place = schedule->bundles[bundle].first + schedule->bundles[bundle].count;
    struct schedule_atom *atoms = ARENA_NEW(bench.region.arena, struct schedule_atom, schedule->atom_count + 1);
    memcpy(atoms, schedule->atoms, place * sizeof *atoms);
    atoms[place] = (struct schedule_atom){.atom = {.op = (uint8_t)op, .imm = imm}};
    memcpy(&atoms[place + 1], &schedule->atoms[place], (schedule->atom_count - place) * sizeof *atoms);
    schedule->atoms = atoms;
    schedule->atom_count++;
    schedule->bundles[bundle].count++;
    for (unsigned b = bundle + 1; b < schedule->bundle_count; b++) schedule->bundles[b].first++;
}

static void put_rotation(unsigned bundle, int64_t entries) { put_made(bundle, ATOM_ROTATE, entries); }

static void queue_right(void **state)
{
    make_queue(ALIAS_QUEUE);
    assert_int_equal(queue_load(0)->atom.protect, 1);
    assert_int_equal(queue_load(1)->atom.protect, 2);
    assert_int_equal(find(ATOM_ST, 0)->atom.check_from, 1);
    assert_int_equal(find(ATOM_ST, 1)->atom.check_from, 2);
    /* the first load is of no more use behind the first store; whoever comes then counts from the second */
    put_rotation(bundle_of(find(ATOM_ST, 0)), 1);
    find(ATOM_ST, 1)->atom.check_from = 1;
    assert_null(verdict());
}

static void queue_unprotected(void **state)
{
    make_queue(ALIAS_QUEUE);
    queue_load(0)->atom.protect = 0;
    refused("a load above a store without protection");
    make_queue(ALIAS_QUEUE);
    queue_load(1)->atom.protect = 0;
    refused("a load above a store without protection");
    make_queue(ALIAS_QUEUE);
    queue_load(1)->atom.protect = 65;
    refused("a load above a store without protection");
}

static void queue_unchecked(void **state)
{
    make_queue(ALIAS_QUEUE);
    find(ATOM_ST, 0)->atom.check_from = 0;
    refused("a store does not check a load that passed it");
    make_queue(ALIAS_QUEUE);
    find(ATOM_ST, 0)->atom.check_from = 2; /* the second load alone */
    refused("a store does not check a load that passed it");
    make_queue(ALIAS_QUEUE);
    find(ATOM_ST, 1)->atom.check_from = 3;
    refused("a store checks an entry for no load");
}

/* More than was asked for: the first load comes before the second store in the program. */
static void queue_overchecked(void **state)
{
    make_queue(ALIAS_QUEUE);
    find(ATOM_ST, 1)->atom.check_from = 1;
    refused("a store checks a load that it follows");
    make_queue(ALIAS_QUEUE);
    queue_load(0)->atom.protect = 2;
    queue_load(1)->atom.protect = 1;
    refused("a store checks a load that it follows");
}

static void queue_entry_lost(void **state)
{
    make_queue(ALIAS_QUEUE);
    queue_load(1)->atom.protect = 1;
    refused("an alias entry is taken from a load that still needs it");
    make_queue(ALIAS_QUEUE);
    put_rotation(bundle_of(find(ATOM_ST, 0)) - 1, 1);
    find(ATOM_ST, 1)->atom.check_from = 1;
    refused("a store does not check a load that passed it");
    make_queue(ALIAS_QUEUE);
    put_rotation(bundle_of(find(ATOM_ST, 0)), 1); /* and the second store counts as before */
    refused("a store checks an entry for no load");
}

static void queue_rotated_wrongly(void **state)
{
    make_queue(ALIAS_QUEUE);
    put_rotation(bundle_of(find(ATOM_ST, 1)), 0);
    refused("a rotation that the machine cannot do");
    make_queue(ALIAS_QUEUE);
    put_rotation(bundle_of(find(ATOM_ST, 1)), (int64_t)bench.request.machine->alias_entries + 1);
    refused("a rotation that the machine cannot do");
    make_queue(ALIAS_MASK);
    put_rotation(bundle_of(find(ATOM_ST, 1)), 1);
    refused("a rotation that the machine cannot do");
}

/* ---- the ALAT: the same program; and one with an exit behind the loads ---- */

static const char alat_exit_program[] = "region context 0x70000 promoted\n"
                                        "mark 0x08048000 2\n"
                                        "%1 = get eax\n"
                                        "%2 = get ebx\n"
                                        "%3 = get ecx\n"
                                        "%4 = sub.4 %2, 1 ; flags CPAZSO\n"
                                        "mark 0x08048002 2\n"
                                        "%5 = ld.4 [%1]\n"
                                        "mark 0x08048004 2\n"
                                        "st.4 [%5], %2\n"
                                        "mark 0x08048006 2\n"
                                        "%6 = ld.4 [%3]\n"
                                        "mark 0x08048008 2\n"
                                        "exitif z, %4, 0x08049000 #0\n"
                                        "mark 0x0804800a 5\n"
                                        "exit jump 0x0804b000 #1\n"
                                        "#0 jump 0x08049000 insns 5 edx=%6 flags=%4\n"
                                        "#1 jump 0x0804b000 insns 6 ecx=%6 flags=%4\n";

/* The check of a load. */
static struct schedule_atom *check_of(const struct schedule_atom *load)
{
    for (unsigned n = 0;; n++) {
        struct schedule_atom *check = find(ATOM_CHKA, n);
        if (check->atom.imm == load->atom.protect - 1) return check;
    }
}

static void make_alat(const char *text)
{
    static struct machine_desc alat;
    alat = machines[1];
    alat.alias_kind = ALIAS_ALAT;
    bench_parse(&bench, &alat, text);
    assert_int_equal(schedule_region(&bench.region, &bench.request, &bench.schedule), TR_OK);
    assert_null(verdict());
}

/* The first load's check goes behind the first store, the second's behind the second: the bundle after it. */
static void alat_right(void **state)
{
    make_queue(ALIAS_ALAT);
    assert_int_equal(bundle_of(check_of(queue_load(0))), bundle_of(find(ATOM_ST, 0)) + 1);
    assert_int_equal(bundle_of(check_of(queue_load(1))), bundle_of(find(ATOM_ST, 1)) + 1);
    assert_int_not_equal(queue_load(0)->atom.protect, queue_load(1)->atom.protect);
    make_alat(alat_exit_program);
    assert_int_equal(bench.schedule.passed, 1);
    assert_int_equal(bundle_of(find(ATOM_CHKA, 0)), bundle_of(find(ATOM_ST, 0)) + 1);
    assert_true(bundle_of(find(ATOM_BRC, 0)) >= bundle_of(find(ATOM_CHKA, 0)));
}

/* With one entry it is armed anew as soon as it has been checked, in the same bundle if there are units. */
static void alat_entry_reused(void **state)
{
    static struct machine_desc alat;
    alat = machines[1];
    alat.alias_kind = ALIAS_ALAT;
    alat.alias_entries = 1;
    alat.unit_classes[alat.unit_count++] = MEMORY_UNIT;
    bench_parse(&bench, &alat, queue_program);
    assert_int_equal(schedule_region(&bench.region, &bench.request, &bench.schedule), TR_OK);
    assert_null(verdict());
    assert_int_equal(bench.schedule.passed, 2);
    const struct schedule_atom *check = find(ATOM_CHKA, 0);
    assert_int_equal(bundle_of(queue_load(1)), bundle_of(check));
    assert_int_equal(bundle_of(find(ATOM_ST, 0)) + 1, bundle_of(check));
}

static void alat_unprotected(void **state)
{
    make_queue(ALIAS_ALAT);
    queue_load(0)->atom.protect = 0;
    refused("a check finds no load");
    make_queue(ALIAS_ALAT);
    check_of(queue_load(1))->atom.imm = 64;
    refused("a check that the machine cannot do");
    make_queue(ALIAS_MASK);
    put_made(bundle_of(find(ATOM_ST, 0)), ATOM_CHKA, 0);
    refused("a check that the machine cannot do");
}

static void alat_unchecked(void **state)
{
    make_queue(ALIAS_ALAT);
    check_of(queue_load(0))->atom = (struct atom){.op = ATOM_MOV, .size = SIZE_64, .rd = 40, .rb = 40};
    refused("a load above a store is not checked");
    make_queue(ALIAS_ALAT);
    check_of(queue_load(1))->atom = (struct atom){.op = ATOM_MOV, .size = SIZE_64, .rd = 40, .rb = 40};
    refused("a load above a store is not checked");
}

/* Beside the store is too early: a bundle's checks come before its stores. */
static void alat_checked_early(void **state)
{
    make_queue(ALIAS_ALAT);
    move_to(check_of(queue_load(0)), bundle_of(find(ATOM_ST, 0)));
    refused("a load is checked before a store that it passed");
    make_queue(ALIAS_ALAT);
    move_to(check_of(queue_load(1)), bundle_of(find(ATOM_ST, 1)));
    refused("a load is checked before a store that it passed");
    make_queue(ALIAS_ALAT);
    move_to(check_of(queue_load(1)), bundle_of(queue_load(1)));
    refused("a check finds no load");
}

static void alat_checked_late(void **state)
{
    make_alat(alat_exit_program);
    move_to(find(ATOM_BRC, 0), bundle_of(find(ATOM_ST, 0)));
    refused("a load is checked after an exit that follows it");
}

static void alat_entry_lost(void **state)
{
    make_queue(ALIAS_ALAT);
    queue_load(1)->atom.protect = queue_load(0)->atom.protect;
    refused("a check finds no load");
    make_queue(ALIAS_ALAT);
    queue_load(1)->atom.protect = queue_load(0)->atom.protect;
    move_to(queue_load(1), bundle_of(queue_load(0)));
    refused("two loads of a bundle arm one alias entry");
}

/* Each scheme has its own way to name what a store checks. */
static void schemes_mixed(void **state)
{
    make_queue(ALIAS_QUEUE);
    find(ATOM_ST, 1)->atom.check = 2;
    refused("a store checks as the machine cannot");
    make_queue(ALIAS_MASK);
    find(ATOM_ST, 1)->atom.check_from = 2;
    refused("a store checks as the machine cannot");
    make_queue(ALIAS_ALAT);
    find(ATOM_ST, 1)->atom.check = 1;
    refused("a store checks as the machine cannot");
    make_queue(ALIAS_ALAT);
    find(ATOM_ST, 1)->atom.check_from = 1;
    refused("a store checks as the machine cannot");
    make_queue(ALIAS_MASK);
    find(ATOM_ST, 1)->atom.check = find(ATOM_ST, 0)->atom.check;
    refused("a store checks an entry for no load");
}

static void load_above_store_unasked(void **state)
{
    make(&machines[2]);
    bench.options.load_over_store = 0;
    refused("a load above a store, though told not to");
}

static void store_over_exit(void **state)
{
    make(&machines[2]);
    struct schedule_atom *store = find(ATOM_ST, 1);
    move_to(store, bundle_of(find(ATOM_BRC, 0)));
    assert_non_null(verdict());
    make(&machines[2]);
    /* the first store must not sink below the exit that follows it */
    store = find(ATOM_ST, 0);
    move_to(store, bundle_of(find(ATOM_BRC, 0)) + 1);
    refused("an effect comes after an exit that follows it");
}

static void exits_swapped(void **state)
{
    make(&machines[3]);
    struct schedule_atom *first = find(ATOM_BRC, 0), *second = find(ATOM_BRC, 1), kept = *first;
    *first = *second;
    *second = kept;
    assert_non_null(verdict());
}

static void assert_hoisted(void **state)
{
    make(&machines[3]);
    move_to(find(ATOM_ASSERT, 0), bundle_of(find(ATOM_BRC, 1)));
    refused("an effect comes before an exit that it follows");
}

static void effect_missing(void **state)
{
    make(&machines[2]);
    struct schedule_atom *store = find(ATOM_ST, 1);
    store->source = 0;
    store->atom = (struct atom){.op = ATOM_MOV, .size = SIZE_64, .rd = REG_ZERO, .rb = REG_ZERO};
    refused("an effect is missing");
}

static void effect_twice(void **state)
{
    make(&machines[2]);
    *find(ATOM_MOV, 0) = *find(ATOM_ST, 0);
    assert_non_null(verdict());
}

static void too_many_units(void **state)
{
    make(&machines[2]);
    bench.request.machine = &machines[0];
    bench.options.load_over_store = 0;
    refused("more atoms than the machine issues");
    /* as wide, with one memory unit fewer than the bundle wants */
    struct machine_desc poor = machines[2];
    for (unsigned unit = 0; unit < poor.unit_count; unit++) poor.unit_classes[unit] &= (uint16_t)~BIT(ALU);
    poor.unit_classes[0] |= BIT(ALU);
    make(&machines[2]);
    bench.request.machine = &poor;
    refused("the machine has not the units for a bundle");
}

static void not_gated(void **state)
{
    make(&machines[2]);
    find(ATOM_ST, 0)->atom.gated = false;
    refused("a store is not gated");
}

static void wrong_space(void **state)
{
    make(&machines[2]);
    find(ATOM_LD, 0)->atom.space = SPACE_SUPERVISOR;
    refused("a memory atom goes elsewhere");
}

static void latency_short(void **state)
{
    make(&machines[4]);
    unsigned wait = 0;
    while (bench.schedule.bundles[wait].count) wait++;
    assert_true(wait > bundle_of(find(ATOM_LD, 0)) && wait < bundle_of(find(ATOM_SUB, 0)));
    memmove(&bench.schedule.bundles[wait], &bench.schedule.bundles[wait + 1],
            (bench.schedule.bundle_count - wait - 1) * sizeof *bench.schedule.bundles);
    bench.schedule.bundle_count--;
    refused("a register is read before its value is there");
}

static void gate_too_small(void **state)
{
    struct machine_desc small = machines[2];
    small.gate_entries = 1;
    make(&machines[2]);
    bench.request.machine = &small;
    refused("more stores than the gate holds");
    bench_parse(&bench, &small, program);
    assert_int_equal(schedule_region(&bench.region, &bench.request, &bench.schedule), TR_STORES);
}

/* The exit need not wait for the product: its stub does the sum. */
static void make_late(const struct machine_desc *machine)
{
    bench_parse(&bench, machine,
                "mark 0x08048000 3\n%1 = get eax\n%2 = get ebx\n%3 = mul.4 %1, %2\n%4 = add.4 %3, 7\nput ebx, %4\n"
                "mark 0x08048003 3\n%5 = sub.4 %1, 1 ; flags CPAZSO\nput eax, %5\nexitif z, %5, 0x08049000\n"
                "exit jump 0x08048000\n");
    assert_int_equal(schedule_region(&bench.region, &bench.request, &bench.schedule), TR_OK);
    assert_null(verdict());
    assert_true(bench.schedule.exits[0].late_count > 0);
}

static void late_work_wrong(void **state)
{
    struct schedule_atom *late;
    make_late(&machines[1]);
    late = &bench.schedule.exits[0].late[0];
    late->atom.ra = 45;
    refused("an atom reads the wrong register");
    make_late(&machines[1]);
    bench.schedule.exits[0].late[0].atom.imm++;
    refused("an immediate is wrong");
    make_late(&machines[1]);
    bench.schedule.exits[0].late_count = 0;
    refused("a home holds the wrong value at an exit");
    make_late(&machines[1]);
    late = &bench.schedule.exits[0].late[0];
    late->source = 0;
    refused("a stub does more than compute");
}

/* ---- vectors ---- */

static const char vector_program[] = "region context 0x70000 promoted\n"
                                     "mark 0x08048000 3\n"
                                     "%1 = get eax\n"
                                     "%2 = get xmm0\n"
                                     "%3 = get xmm1\n"
                                     "%4 = get mxcsr\n"
                                     "stv.16 [%1], %2, aligned\n"
                                     "mark 0x08048003 3\n"
                                     "%6 = ldv.16 [%4], aligned\n"
                                     "mark 0x08048006 3\n"
                                     "%7 = vfadd.ps %6, %3, %4 ; status\n"
                                     "%8 = xmerge %4, %4, %7\n"
                                     "mark 0x08048009 3\n"
                                     "%9 = vadd.2 %7, %2, half\n"
                                     "%10 = vshuf %9, 27\n"
                                     "%11 = vfrom.4 %1\n"
                                     "mark 0x0804800c 3\n"
                                     "%12 = sub.4 %1, 1 ; flags CPAZSO\n"
                                     "exitif z, %12, 0x08049000 #0\n"
                                     "mark 0x0804800f 5\n"
                                     "exit jump 0x0804b000 #1\n"
                                     "#0 jump 0x08049000 insns 5 mxcsr=%8 xmm0=%3 xmm1=%2 xmm2=%10\n"
                                     "#1 jump 0x0804b000 insns 6 mxcsr=%8 xmm0=%10 xmm1=%6 xmm3=%11\n";

static void make_vectors(const struct machine_desc *machine)
{
    bench_parse(&bench, machine, vector_program);
    assert_int_equal(schedule_region(&bench.region, &bench.request, &bench.schedule), TR_OK);
    assert_null(verdict());
}

static void vectors_are_accepted(void **state)
{
    for (unsigned machine = 0; machine < MACHINES; machine++) {
        bool fits = machines[machine].gate_entries >= 2 && has_unit(&machines[machine], UNIT_FP);
        if (fits) make_vectors(&machines[machine]);
    }
}

static void vector_operand_wrong(void **state)
{
    make_vectors(&machines[2]);
    find(ATOM_VFADD, 0)->atom.rb ^= 1;
    refused("an atom reads the wrong register");
    make_vectors(&machines[2]);
    find(ATOM_VADD, 0)->atom.ra = REG_VECTOR + 63;
    refused("an atom reads the wrong register");
    make_vectors(&machines[2]);
    find(ATOM_STV, 0)->atom.rb++;
    refused("an atom reads the wrong register");
    make_vectors(&machines[2]);
    find(ATOM_LDV, 0)->atom.rd = REG_VECTOR + 62;
    refused("an atom reads the wrong register");
    make_vectors(&machines[2]);
    find(ATOM_XMERGE, 0)->atom.fs ^= 7;
    refused("an atom reads the wrong flags");
}

/* Fields that only vector atoms have. */
static void vector_field_wrong(void **state)
{
    make_vectors(&machines[2]);
    find(ATOM_VSHUF, 0)->atom.imm ^= 1;
    assert_non_null(verdict());
    make_vectors(&machines[2]);
    find(ATOM_VADD, 0)->atom.half = false;
    assert_non_null(verdict());
    make_vectors(&machines[2]);
    find(ATOM_VADD, 0)->atom.size = SIZE_32;
    assert_non_null(verdict());
    make_vectors(&machines[2]);
    find(ATOM_VFADD, 0)->atom.size = 1;
    assert_non_null(verdict());
    make_vectors(&machines[2]);
    find(ATOM_LDV, 0)->atom.aligned = false;
    assert_non_null(verdict());
    make_vectors(&machines[2]);
    find(ATOM_STV, 0)->atom.aligned = false;
    assert_non_null(verdict());
    make_vectors(&machines[2]);
    find(ATOM_STV, 0)->atom.size = SIZE_64;
    assert_non_null(verdict());
    make_vectors(&machines[2]);
    find(ATOM_VFADD, 0)->atom.fmask = 0; /* nobody writes the status */
    assert_non_null(verdict());
}

static void vector_move_wrong(void **state)
{
    make_vectors(&machines[2]);
    struct schedule_exit *stub = &bench.schedule.exits[0];
    unsigned m = 0;
    while (m < stub->count && stub->moves[m].home < REG_VECTOR) m++;
    assert_true(m < stub->count);
    stub->moves[m].from ^= 2;
    refused("a home holds the wrong value at an exit");
}

/* The merge rolls back where the exception is not masked: it stays before the exit behind it. */
static void merge_sunk(void **state)
{
    make_vectors(&machines[2]);
    move_to(find(ATOM_XMERGE, 0), bundle_of(find(ATOM_BRC, 0)) + 1);
    assert_non_null(verdict());
}

static void wide_store_overflows(void **state)
{
    struct machine_desc small = machines[2];
    small.gate_entries = 1;
    make_vectors(&machines[2]);
    bench.request.machine = &small;
    refused("more stores than the gate holds");
    bench_parse(&bench, &small, vector_program);
    assert_int_equal(schedule_region(&bench.region, &bench.request, &bench.schedule), TR_STORES);
}

static int setup(void **state)
{
    bench_open(&bench);
    return 0;
}

static int teardown(void **state)
{
    bench_close(&bench);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_is_accepted),
        cmocka_unit_test(wrong_operand),
        cmocka_unit_test(wrong_destination),
        cmocka_unit_test(wrong_flags),
        cmocka_unit_test(wrong_condition),
        cmocka_unit_test(wrong_immediate),
        cmocka_unit_test(wrong_stub),
        cmocka_unit_test(bundles_swapped),
        cmocka_unit_test(move_forgotten),
        cmocka_unit_test(home_overwritten_early),
        cmocka_unit_test(protection_dropped),
        cmocka_unit_test(queue_right),
        cmocka_unit_test(queue_unprotected),
        cmocka_unit_test(queue_unchecked),
        cmocka_unit_test(queue_overchecked),
        cmocka_unit_test(queue_entry_lost),
        cmocka_unit_test(queue_rotated_wrongly),
        cmocka_unit_test(alat_right),
        cmocka_unit_test(alat_entry_reused),
        cmocka_unit_test(alat_unprotected),
        cmocka_unit_test(alat_unchecked),
        cmocka_unit_test(alat_checked_early),
        cmocka_unit_test(alat_checked_late),
        cmocka_unit_test(alat_entry_lost),
        cmocka_unit_test(schemes_mixed),
        cmocka_unit_test(load_above_store_unasked),
        cmocka_unit_test(store_over_exit),
        cmocka_unit_test(exits_swapped),
        cmocka_unit_test(assert_hoisted),
        cmocka_unit_test(effect_missing),
        cmocka_unit_test(effect_twice),
        cmocka_unit_test(too_many_units),
        cmocka_unit_test(not_gated),
        cmocka_unit_test(wrong_space),
        cmocka_unit_test(latency_short),
        cmocka_unit_test(gate_too_small),
        cmocka_unit_test(late_work_wrong),
        cmocka_unit_test(vectors_are_accepted),
        cmocka_unit_test(vector_operand_wrong),
        cmocka_unit_test(vector_field_wrong),
        cmocka_unit_test(vector_move_wrong),
        cmocka_unit_test(merge_sunk),
        cmocka_unit_test(wide_store_overflows),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
