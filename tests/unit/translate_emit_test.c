/* What the emitter makes of each way to leave, of profiling, links and ranges. */
#include "translate_schedule_support.h"

static struct bench bench;

static const char jump_region[] = "mark 0x08048000 3\n"
                                  "%1 = get eax\n"
                                  "%2 = add.4 %1, 1 ; flags CPAZSO\n"
                                  "put eax, %2\n"
                                  "putf %2\n"
                                  "mark 0x08048003 2\n"
                                  "exit jump 0x08049000\n";

static void translate_text(const struct machine_desc *machine, enum tr_indirect indirect, unsigned gear,
                           const char *text)
{
    bench_parse(&bench, machine, text);
    bench.request.indirect = indirect;
    bench.request.gear = gear;
    bench.request.counter = gear == 1 ? COUNTER : 0;
    assert_int_equal(schedule_region(&bench.region, &bench.request, &bench.schedule), TR_OK);
    assert_int_equal(emit_translation(&bench.region, &bench.request, &bench.schedule, &bench.result), TR_OK);
}

/* The atoms of the code, NOPs aside, by mnemonic; bundles end in ';'. */
static const char *mnemonics(void)
{
    static char text[4096];
    const char *code = bench.result.code;
    size_t length = 0;
    unsigned bundles = 0;
    for (uint32_t offset = 0; offset < bench.result.code_bytes; bundles++) {
        struct atom atoms[BUNDLE_ATOMS_MAX];
        unsigned count,
            bytes = bundle_decode(code + offset, bench.result.code_bytes - offset, atoms, BUNDLE_ATOMS_MAX, &count);
        assert_true(bytes);
        for (unsigned i = 0; i < count; i++) {
            if (atoms[i].op != ATOM_NOP)
                length +=
                    (size_t)snprintf(text + length, sizeof text - length, "%s ", atom_table[atoms[i].op].mnemonic);
        }
        length += (size_t)snprintf(text + length, sizeof text - length, "; ");
        offset += bytes;
    }
    assert_int_equal(bundles, bench.result.bundles);
    return text;
}

static struct commit_entry entry(unsigned n)
{
    struct commit_entry read;
    uint32_t table = (uint32_t)round_up(bench.result.code_bytes, 16);
    assert_true(table + (n + 1) * sizeof read <= bench.result.bytes);
    memcpy(&read, (const char *)bench.result.code + table + n * sizeof read, sizeof read);
    return read;
}

static void expect_exit(unsigned n, unsigned reason, uint64_t target, uint64_t source, bool returns)
{
    assert_true(n < bench.result.exit_count);
    assert_int_equal(bench.result.exits[n].reason, reason);
    assert_int_equal(bench.result.exits[n].target, target);
    assert_int_equal(bench.result.exits[n].source, source);
    assert_int_equal(bench.result.exits[n].push != TR_NO_PUSH, returns);
}

/* The CALL atom that pushes where exit n is. */
static struct atom pushing(unsigned n)
{
    struct atom call;
    const struct tr_exit *exit = &bench.result.exits[n];
    const uint32_t *bundle = (const uint32_t *)((const char *)bench.result.code + exit->push);
    assert_true(atom_decode(bundle + exit->push_word, ATOM_WORDS_MAX, &call));
    assert_int_equal(call.op, ATOM_CALL);
    return call;
}

static void jump(void **state)
{
    translate_text(&machines[1], TR_JTLB_DRAS, 2, jump_region);
    assert_string_equal(mnemonics(), "add commit ; exit ; ");
    expect_exit(0, EXIT_CHAIN, 0x08049000, 0x08048003, false);
    assert_int_equal(bench.result.exit_count, 1);
    struct commit_entry committed = entry(0);
    assert_int_equal(committed.eip, 0x08049000);
    assert_int_equal(committed.insns, 2);
    assert_int_equal(committed.flags, 0);
    assert_int_equal(committed.gear, 2);
    assert_int_equal(committed.region, 7);
    assert_int_equal(bench.result.insns_longest, 2);
    assert_int_equal(bench.result.guest_insns, 2);
    assert_int_equal(bench.result.atoms, 3);
    assert_int_equal(bench.result.nops, 0);
}

static void narrow_machine_commits_alone(void **state)
{
    translate_text(&machines[0], TR_JTLB, 2, jump_region);
    assert_string_equal(mnemonics(), "add ; commit ; exit ; ");
}

static void padded(void **state)
{
    translate_text(&machines[3], TR_JTLB, 2, jump_region);
    assert_string_equal(mnemonics(), "exit commit add ; ");
    assert_int_equal(bench.result.nops, 13);
}

static void profiled(void **state)
{
    translate_text(&machines[2], TR_JTLB, 1, jump_region);
    assert_string_equal(mnemonics(), "ld ; sub ; st brc ; exit commit add ; exit ; ");
    expect_exit(1, EXIT_HOT, 0, SPC, false);
    /* where no offset is added, the address comes first */
    translate_text(&machines[1], TR_JTLB, 1, jump_region);
    assert_string_equal(mnemonics(), "mov ; ld ; sub ; st brc ; add commit ; exit ; exit ; ");
    struct runner runner;
    uint64_t homes[HOME_INTEGERS] = {5};
    static uint8_t memory[MEMORY_BYTES];
    runner_run(&runner, &bench, homes, 0, NULL, memory);
    assert_int_equal(runner.counter, 999);
    assert_int_equal(runner.exit, 0);
    assert_int_equal(runner.committed_r[HOME_EAX], 6);
}

static void hot(void **state)
{
    static struct runner runner;
    translate_text(&machines[4], TR_JTLB, 1, jump_region);
    memset(&runner, 0, sizeof runner);
    runner.machine = bench.request.machine;
    runner.result = &bench.result;
    runner.counter = 1;
    runner.time = 1;
    uint32_t pc = 0;
    while (runner_step(&runner, &pc)) continue;
    assert_int_equal(runner.ending, ENDED_EXIT);
    assert_int_equal(bench.result.exits[runner.exit].reason, EXIT_HOT);
    assert_int_equal(runner.commits, 0);
    assert_int_equal(runner.counter, 0);
}

static const char *const call_region = "mark 0x08048000 5\nexit call 0x08049000\n";

static void call(void **state)
{
    translate_text(&machines[1], TR_JTLB_DRAS, 2, call_region);
    assert_string_equal(mnemonics(), "call ; commit ; exit ; exit ; ");
    expect_exit(0, EXIT_CHAIN, 0x08049000, SPC, false);
    expect_exit(1, EXIT_CHAIN, 0x08048005, SPC, true);
    assert_int_equal(bench.result.exits[1].push + pushing(1).target, bench.result.exits[1].offset);
    struct atom atoms[BUNDLE_ATOMS_MAX];
    unsigned count;
    bundle_decode(bench.result.code, bench.result.code_bytes, atoms, BUNDLE_ATOMS_MAX, &count);
    assert_int_equal(atoms[0].imm, 0x08048005);
    assert_int_equal(atoms[0].target, bench.result.exits[1].offset);
    /* two branch units: the commit goes beside the push, or the exit beside the commit */
    translate_text(&machines[2], TR_JTLB_DRAS, 2, call_region);
    assert_string_equal(mnemonics(), "call commit ; exit ; exit ; ");
    translate_text(&machines[2], TR_JTLB, 2, call_region);
    assert_string_equal(mnemonics(), "exit commit ; ");
    translate_text(&machines[1], TR_JTLB, 2, call_region);
    assert_string_equal(mnemonics(), "commit ; exit ; ");
}

static void indirect(void **state)
{
    const char *text = "mark 0x08048000 2\n%1 = get eax\nexit jump_indirect %1\n";
    const char *back =
        "mark 0x08048000 1\n%1 = get esp\n%2 = ld.4 [%1]\n%3 = add.4 %1, 4\nput esp, %3\nexit return %2\n";
    translate_text(&machines[1], TR_DISPATCHER, 2, text);
    assert_string_equal(mnemonics(), "mov commit ; exit ; ");
    expect_exit(0, EXIT_INDIRECT, 0, SPC, false);
    assert_int_equal(entry(0).flags, COMMIT_DYNAMIC);
    translate_text(&machines[1], TR_JTLB, 2, text);
    assert_string_equal(mnemonics(), "mov commit ; jmpx ; exit ; ");
    translate_text(&machines[1], TR_JTLB_DRAS, 2, back);
    assert_string_equal(mnemonics(), "ld add commit ; ret ; jmpx ; exit ; ");
    translate_text(&machines[2], TR_JTLB_DRAS, 2, back); /* the return cannot be where its target is written */
    assert_string_equal(mnemonics(), "ld add commit ; ret ; jmpx ; exit ; ");
    translate_text(&machines[2], TR_JTLB_DRAS, 2,
                   "mark 0x08048000 1\n%1 = get eax\n%2 = mul.4 %1, %1\n%3 = ld.4 [%1]\nst.4 [%2], %1\nput edx, "
                   "%2\nexit return %3\n");
    assert_string_equal(mnemonics(), "mul ld ; st commit ret ; jmpx ; exit ; ");
    translate_text(&machines[1], TR_INLINE, 2, text);
    assert_string_equal(mnemonics(), "mov commit ; sub sub ; brc ; brc ; exit ; exit ; exit ; ");
    expect_exit(0, EXIT_INDIRECT, 0, SPC, false);
    expect_exit(1, EXIT_CHAIN, 0x08049000, SPC, false);
    expect_exit(2, EXIT_CHAIN, 0x0804a000, SPC, false);
    translate_text(&machines[1], TR_JTLB_DRAS, 2, "mark 0x08048000 2\n%1 = get eax\nexit call_indirect %1\n");
    assert_string_equal(mnemonics(), "call mov ; commit ; jmpx ; exit ; exit ; ");
    expect_exit(1, EXIT_CHAIN, 0x08048002, SPC, true);
}

static void repeat(void **state)
{
    const char *text = "mark 0x08048000 2\n%1 = get ecx\n%2 = sub.4 %1, 0 ; flags CPAZSO\nexitif z, %2, 0x08048002\n"
                       "%3 = sub.4 %1, 1\nput ecx, %3\nexit repeat\n";
    translate_text(&machines[1], TR_JTLB_DRAS, 2, text);
    assert_string_equal(mnemonics(), "sub ; brc ; sub commit ; br ; commit ; exit ; ");
    assert_int_equal(entry(0).flags, COMMIT_ITERATION);
    assert_int_equal(entry(0).eip, SPC);
    assert_int_equal(entry(0).insns, 0);
    assert_int_equal(entry(1).insns, 1);
    expect_exit(0, EXIT_CHAIN, 0x08048002, SPC, false);
    /* where the instruction does not begin the region, the region is not what repeats it */
    translate_text(&machines[1], TR_JTLB_DRAS, 2, "mark 0x08048000 1\nmark 0x08048001 2\nexit repeat\n");
    assert_string_equal(mnemonics(), "commit ; exit ; ");
    expect_exit(0, EXIT_CHAIN, 0x08048001, 0x08048001, false);
    assert_int_equal(entry(0).insns, 1);
}

static void to_the_interpreter(void **state)
{
    translate_text(&machines[1], TR_JTLB, 2, "mark 0x08048000 3\nexit interpret 0x08048003\n");
    expect_exit(0, EXIT_INTERPRET, 0, SPC, false);
    assert_int_equal(entry(0).eip, 0x08048003);
    assert_int_equal(entry(0).insns, 1);
    translate_text(&machines[1], TR_JTLB, 2, "mark 0x08048000 3\nexit dispatch\n");
    expect_exit(0, EXIT_INDIRECT, 0x08048003, SPC, false);
    assert_string_equal(mnemonics(), "commit ; exit ; ");
    translate_text(&machines[1], TR_JTLB, 2, "mark 0x08048000 1\nmark 0x08048001 2\nexit system\n");
    expect_exit(0, EXIT_INTERPRET, 0, 0x08048001, false);
    assert_int_equal(entry(0).eip, 0x08048001);
    assert_int_equal(entry(0).insns, 1);
    translate_text(&machines[1], TR_JTLB, 2, "mark 0x08048000 2\ntrap 6\n");
    assert_string_equal(mnemonics(), "setf ; assert ; exit ; ");
}

static void links(void **state)
{
    for (unsigned machine = 1; machine < 4; machine += 2) {
        translate_text(&machines[machine], TR_JTLB, 2, jump_region);
        char *bundle = (char *)(uintptr_t)bench.result.code + bench.result.exits[0].offset;
        struct atom atoms[BUNDLE_ATOMS_MAX];
        unsigned count, bytes = bundle_decode(bundle, 256, atoms, BUNDLE_ATOMS_MAX, &count);
        uint32_t before[EXIT_BYTES / 4];
        memcpy(before, bundle, EXIT_BYTES);
        static const int32_t displacements[] = {-4096, 0, 4, 0x7ffffffc};
        for (unsigned i = 0; i < LENGTH(displacements); i++) {
            tr_link(bundle, displacements[i]);
            assert_int_equal(bundle_decode(bundle, bytes, atoms, BUNDLE_ATOMS_MAX, &count), bytes);
            assert_int_equal(atoms[0].op, ATOM_BR);
            assert_int_equal(atoms[0].imm, displacements[i]);
            tr_unlink(bundle, EXIT_CHAIN, 0);
            assert_memory_equal(bundle, before, EXIT_BYTES);
        }
    }
}

static void calls_are_aimed(void **state)
{
    for (unsigned machine = 0; machine < MACHINES; machine++) {
        if (!machines[machine].dras_entries) continue;
        translate_text(&machines[machine], TR_JTLB_DRAS, 2, call_region);
        const struct tr_exit *exit = &bench.result.exits[1];
        char *bundle = (char *)(uintptr_t)bench.result.code + exit->push;
        struct atom atoms[BUNDLE_ATOMS_MAX], before = pushing(1);
        unsigned count, bytes = bundle_decode(bundle, 256, atoms, BUNDLE_ATOMS_MAX, &count);
        char copy[256];
        memcpy(copy, bundle, bytes);
        uint32_t end = tr_aim_push(bundle, exit->push_word, 0x7ffffffc);
        assert_true(end > exit->push_word * 4u && end <= bytes);
        assert_int_equal(bundle_decode(bundle, bytes, atoms, BUNDLE_ATOMS_MAX, &count), bytes);
        assert_int_equal(pushing(1).target, 0x7ffffffc);
        assert_int_equal(pushing(1).imm, before.imm);
        tr_aim_push(bundle, exit->push_word, (int32_t)before.target);
        assert_memory_equal(bundle, copy, bytes);
    }
}

/* Homes that swap, at a side exit: a cycle, in one bundle where two atoms can move, else over a temporary. */
static void parallel_moves(void **state)
{
    const char *text = "region context 0x70000 promoted\n"
                       "mark 0x08048000 2\n%1 = get eax\n%2 = get ebx\n%3 = get ecx\n%4 = get edx\n%5 = flags\n"
                       "exitif z, %5, 0x08049000 #0\n"
                       "exit jump 0x0804a000 #1\n"
                       "#0 jump 0x08049000 insns 1 eax=%2 ebx=%1 ecx=%4 edx=%3 esi=%1\n"
                       "#1 jump 0x0804a000 insns 1 eax=%2 ebx=%3 ecx=%1 edx=%1\n";
    for (unsigned machine = 0; machine < MACHINES; machine++) {
        for (unsigned taken = 0; taken < 2; taken++) {
            static struct runner runner;
            static uint8_t memory[MEMORY_BYTES];
            uint64_t homes[HOME_INTEGERS] = {10, 11, 12, 13};
            translate_text(&machines[machine], TR_JTLB, 2, text);
            unsigned at;
            assert_null(schedule_verify(&bench.region, &bench.request, &bench.schedule, &at));
            runner_run(&runner, &bench, homes, taken ? FLAG_ZF : 0, NULL, memory);
            assert_int_equal(bench.result.exits[runner.exit].target, taken ? 0x08049000 : 0x0804a000);
            assert_int_equal(runner.committed_r[HOME_EAX], 13);
            assert_int_equal(runner.committed_r[HOME_EBX], taken ? 10 : 11);
            assert_int_equal(runner.committed_r[HOME_ECX], taken ? 12 : 10);
            assert_int_equal(runner.committed_r[HOME_EDX], taken ? 11 : 10);
            assert_int_equal(runner.committed_r[HOME_ESI], taken ? 10 : 0);
        }
    }
}

/* The same of vector registers, of which one bundle moves as many as there are units for packed atoms. */
static void parallel_vector_moves(void **state)
{
    const char *text = "region context 0x70000 promoted\n"
                       "mark 0x08048000 2\n%1 = get xmm0\n%2 = get xmm1\n%3 = get xmm2\n%4 = get x87_r7\n%5 = flags\n"
                       "exitif z, %5, 0x08049000 #0\n"
                       "exit jump 0x0804a000 #1\n"
                       "#0 jump 0x08049000 insns 1 xmm0=%2 xmm1=%1 xmm2=%4 xmm15=%1 x87_r7=%3\n"
                       "#1 jump 0x0804a000 insns 1 xmm0=%2 xmm1=%3 xmm2=%1 x87_r7=%1\n";
    for (unsigned machine = 0; machine < MACHINES; machine++) {
        for (unsigned taken = 0; taken < 2; taken++) {
            static struct runner runner;
            static uint8_t memory[MEMORY_BYTES];
            uint64_t homes[HOME_INTEGERS] = {0};
            struct vreg v[HOME_VECTORS];
            for (unsigned i = 0; i < HOME_VECTORS; i++) v[i] = (struct vreg){{100 + i, 200 + i}};
            translate_text(&machines[machine], TR_JTLB, 2, text);
            unsigned at;
            assert_null(schedule_verify(&bench.region, &bench.request, &bench.schedule, &at));
            runner_run(&runner, &bench, homes, taken ? FLAG_ZF : 0, v, memory);
            static const uint8_t from[2][4] = {{1, 2, 0, 0}, {1, 0, 23, 2}}, to[4] = {0, 1, 2, 23};
            for (unsigned i = 0; i < 4; i++)
                assert_memory_equal(&runner.committed_v[to[i]], &v[from[taken][i]], sizeof *v);
            assert_memory_equal(&runner.committed_v[15], &v[taken ? 0 : 15], sizeof *v);
        }
    }
}

/* Where a cycle is opened its value is put aside, but not where the target of the jump behind it is read. */
static void target_is_kept(void **state)
{
    static struct runner runner;
    static uint8_t memory[MEMORY_BYTES];
    uint64_t homes[HOME_INTEGERS] = {10, 11, 0x08049000};
    bench_parse(&bench, &machines[1],
                "region context 0x70000 promoted\n"
                "mark 0x08048000 2\n%1 = get eax\n%2 = get ecx\n%3 = get edx\n%4 = add.4 %3, 4\n"
                "exit jump_indirect %4 #0\n#0 jump_indirect %4 insns 1 eax=%2 ecx=%3 edx=%1\n");
    bench.request.indirect = TR_JTLB;
    assert_int_equal(schedule_region(&bench.region, &bench.request, &bench.schedule), TR_OK);
    struct schedule_exit *exit = &bench.schedule.exits[0];
    assert_int_equal(exit->count, 3);
    for (unsigned i = 0; i < bench.schedule.atom_count; i++)
        if (bench.schedule.atoms[i].atom.op == ATOM_ADD) bench.schedule.atoms[i].atom.rd = REG_ZERO - 1;
    exit->moves[exit->count++] = (struct schedule_move){.home = HOME_EIP, .from = exit->target_reg = REG_ZERO - 1};
    assert_int_equal(emit_translation(&bench.region, &bench.request, &bench.schedule, &bench.result), TR_OK);
    runner_run(&runner, &bench, homes, 0, NULL, memory); /* which holds the jump's operand against EIP */
    assert_int_equal(runner.committed_r[HOME_EIP], 0x08049004);
    assert_int_equal(runner.committed_r[HOME_EAX], 11);
    assert_int_equal(runner.committed_r[HOME_EDX], 10);
}

static void ranges(void **state)
{
    translate_text(
        &machines[1], TR_JTLB, 2,
        "mark 0x08048000 3\nmark 0x08049000 2\nmark 0x08048003 2\nmark 0x08048ffe 2\nexit jump 0x08048000\n");
    assert_int_equal(bench.result.range_count, 2);
    assert_int_equal(bench.result.ranges[0].address, 0x08048000);
    assert_int_equal(bench.result.ranges[0].bytes, 5);
    assert_int_equal(bench.result.ranges[1].address, 0x08048ffe);
    assert_int_equal(bench.result.ranges[1].bytes, 4);
    /* more pieces than ranges: neighbours are joined, and every byte stays covered */
    static char text[16384];
    size_t length = 0;
    for (unsigned i = 0; i < 100; i++)
        length +=
            (size_t)snprintf(text + length, sizeof text - length, "mark 0x%x 2\n", 0x08048000 + (i * 37 % 100) * 64);
    snprintf(text + length, sizeof text - length, "exit jump 0x08048000\n");
    translate_text(&machines[1], TR_JTLB, 2, text);
    assert_true(bench.result.range_count <= TR_RANGES_MAX);
    for (unsigned i = 0; i < 100; i++) {
        bool covered = false;
        for (unsigned r = 0; r < bench.result.range_count; r++) {
            const struct tr_range *range = &bench.result.ranges[r];
            covered |=
                0x08048000 + i * 64 >= range->address && 0x08048000 + i * 64 + 2 <= range->address + range->bytes;
        }
        assert_true(covered);
    }
}

static void too_many_exits(void **state)
{
    static char text[32768];
    size_t length = (size_t)snprintf(text, sizeof text, "mark 0x08048000 2\n%%1 = flags\n");
    for (unsigned i = 0; i < TR_EXITS_MAX; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "exitif z, %%1, 0x%x\n", 0x08049000 + i);
    snprintf(text + length, sizeof text - length, "exit jump 0x08048000\n");
    bench_parse(&bench, &machines[1], text);
    assert_int_equal(schedule_region(&bench.region, &bench.request, &bench.schedule), TR_OK);
    assert_int_equal(emit_translation(&bench.region, &bench.request, &bench.schedule, &bench.result), TR_EXITS);
}

static void arena_runs_out(void **state)
{
    bench_parse(&bench, &machines[1], jump_region);
    size_t mark = bench.arena.used, size = bench.arena.size;
    unsigned succeeded = 0;
    for (size_t room = 0; room < 65536; room += 64) {
        arena_reset(&bench.arena, mark);
        bench.arena.size = mark + room;
        enum tr_reason reason = schedule_region(&bench.region, &bench.request, &bench.schedule);
        if (reason == TR_OK) reason = emit_translation(&bench.region, &bench.request, &bench.schedule, &bench.result);
        assert_true(reason == TR_OK || (reason == TR_ARENA_FULL && !succeeded));
        succeeded += reason == TR_OK;
    }
    assert_true(succeeded);
    bench.arena.size = size;
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
        cmocka_unit_test(jump),
        cmocka_unit_test(narrow_machine_commits_alone),
        cmocka_unit_test(padded),
        cmocka_unit_test(profiled),
        cmocka_unit_test(hot),
        cmocka_unit_test(call),
        cmocka_unit_test(indirect),
        cmocka_unit_test(repeat),
        cmocka_unit_test(to_the_interpreter),
        cmocka_unit_test(links),
        cmocka_unit_test(calls_are_aimed),
        cmocka_unit_test(parallel_moves),
        cmocka_unit_test(parallel_vector_moves), cmocka_unit_test(target_is_kept),
        cmocka_unit_test(ranges),
        cmocka_unit_test(too_many_exits),
        cmocka_unit_test(arena_runs_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
