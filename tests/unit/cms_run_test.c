/* cms_run_test.c -- whole programs through all gears: the real translator, the real CMS, and a machine of make-believe
 * that runs bundles in order, one after the other, and rolls back whenever it is told to.
 */
#include "tests/unit/cms_fake.h"

enum { CODE = 0x1000, DATA = 0x3000, GATE_MAX = 64, STACK_MAX = 8, SPARE = 1 << 20 };

/* ---- the machine ---- */

struct gated {
    uint64_t linear, value;
    unsigned size;
};
/* What a test varies; reset for each run. */
struct engine {
    struct gated gate[GATE_MAX];
    unsigned gate_count, gate_limit;
    uint64_t armed[64]; /* linear + 1 of loads that armed an entry */
    unsigned armed_size[64];
    struct {
        uint64_t spc, context;
        uint32_t tpc;
    } stack[STACK_MAX];
    unsigned depth;
    uint64_t bundles, rollback_every; /* 0: never */
    unsigned entered, rolled_back, protects;
    unsigned returned, returned_directly; /* by the stack; to the beginning of a translation */
};
static struct engine *engine; /* of the test that runs; not the project's, a test program's */

static bool overlap(uint64_t a, unsigned a_size, uint64_t b, unsigned b_size)
{
    return a < b + (1u << b_size) && b < a + (1u << a_size);
}

static uint64_t load_through_gate(struct hw_core *core, uint64_t linear, unsigned size, bool *fault)
{
    uint64_t value, byte;
    *fault = hw_load(core, linear, size, true, &value) != HW_OK;
    for (unsigned g = 0; g < engine->gate_count; g++) {
        const struct gated *gated = &engine->gate[g];
        for (unsigned i = 0; i < 1u << size; i++) {
            uint64_t at = linear + i - gated->linear;
            if (at >= 1u << gated->size) continue;
            byte = gated->value >> 8 * at & 0xff;
            value = (value & ~(UINT64_C(0xff) << 8 * i)) | byte << 8 * i;
        }
    }
    return value;
}

static int memory_atom(struct hw_core *core, const struct atom *atom, const struct hw_state *before)
{
    uint64_t address = (uint32_t)(before->r[atom->ra] + (uint64_t)atom->imm), value;
    bool fault = false;
    if (atom->space == SPACE_CONCEALED) {
        if (atom->op == ATOM_LD) {
            core->state.r[atom->rd] = 0;
            memcpy(&core->state.r[atom->rd], core->concealed + address, 1u << atom->size);
        } else {
            memcpy(core->concealed + address, &before->r[atom->rb], 1u << atom->size);
        }
        return HW_EXIT_KINDS;
    }
    if (atom->op == ATOM_LD || atom->op == ATOM_LDS) {
        value = load_through_gate(core, address, atom->size, &fault);
        if (fault) return HW_FAULT;
        if (atom->op == ATOM_LDS)
            value = (uint32_t)(atom->size == SIZE_8 ? (int32_t)(int8_t)value : (int32_t)(int16_t)value);
        if (atom->rd != REG_ZERO) core->state.r[atom->rd] = value;
        if (atom->protect)
            engine->armed[atom->protect - 1] = address + 1, engine->armed_size[atom->protect - 1] = atom->size;
        return HW_EXIT_KINDS;
    }
    uint64_t first, last;
    enum hw_access access = fake_access(core, address, atom->size, true, &first, &last);
    if (access == HW_FAULTED) return HW_FAULT;
    if (atom->op == ATOM_PROBE) return HW_EXIT_KINDS;
    if (access == HW_PROTECTED) return HW_PROTECT;
    for (unsigned i = 0; i < 64; i++) {
        if (atom->check >> i & 1 && engine->armed[i] &&
            overlap(engine->armed[i] - 1, engine->armed_size[i], address, atom->size)) {
            return HW_ALIAS;
        }
    }
    if (engine->gate_count == engine->gate_limit) return HW_GATE;
    engine->gate[engine->gate_count++] = (struct gated){address, before->r[atom->rb], atom->size};
    return HW_EXIT_KINDS;
}

static void commit(struct hw_core *core, const struct commit_entry *entry)
{
    for (unsigned g = 0; g < engine->gate_count; g++) {
        assert_int_equal(hw_store(core, engine->gate[g].linear, engine->gate[g].size, true, engine->gate[g].value),
                         HW_OK);
    }
    engine->gate_count = 0;
    if (!(entry->flags & COMMIT_DYNAMIC)) core->state.r[HOME_EIP] = entry->eip;
    core->shadow = core->state;
    core->insns += entry->insns;
    core->iterations += entry->flags & COMMIT_ITERATION ? 1 : 0;
    memset(engine->armed, 0, sizeof engine->armed);
}

static bool find_target(const struct hw_core *core, uint64_t spc, uint64_t context, uint32_t *tpc)
{
    for (unsigned i = 0; i < core->target_count; i++) {
        if (core->targets[i].spc != spc || core->targets[i].context != context) continue;
        *tpc = core->targets[i].tpc;
        return true;
    }
    return false;
}

/* The operands of a pure atom, which reads what was there before its bundle. */
static void pure_atom(struct hw_core *core, const struct atom *atom, const struct hw_state *before)
{
    uint64_t b = atom->use_imm ? (uint64_t)atom->imm : before->r[atom->rb];
    struct atom_result result = atom_evaluate(atom->op, atom->size, before->r[atom->ra], b, before->r[atom->rc],
                                              before->f[atom->fs], atom->fmask, atom->cond);
    if (atom->rd != REG_ZERO && atom->op != ATOM_SETF) core->state.r[atom->rd] = result.value;
    if (atom->fmask) core->state.f[atom->fd] = result.flags;
}

/* One bundle: HW_EXIT_KINDS to go on at *tpc, else why not. */
static int run_bundle(struct hw_core *core, uint32_t *tpc, struct hw_exit *exit)
{
    struct atom atoms[BUNDLE_ATOMS_MAX];
    unsigned count, bytes = bundle_decode(core->concealed + *tpc, 4096, atoms, BUNDLE_ATOMS_MAX, &count);
    struct hw_state before = core->state;
    uint32_t here = *tpc;
    const struct commit_entry *entry = NULL;
    bool leaves = false;
    const struct cms cms = {.base = core->concealed, .root = (void *)(core->concealed + ROOT_OFFSET)};
    assert_true(bytes > 0);
    assert_non_null(code_cache_owner(&cms, here));
    *tpc += bytes;
    exit->site = here;
    if (engine->rollback_every && ++engine->bundles % engine->rollback_every == 0) return HW_INJECTED;
    for (unsigned i = 0; i < count; i++) {
        const struct atom *atom = &atoms[i];
        uint64_t spc = before.r[atom->ra];
        int kind = HW_EXIT_KINDS;
        switch (atom->op) {
        case ATOM_NOP: break;
        case ATOM_LD:
        case ATOM_LDS:
        case ATOM_ST:
        case ATOM_PROBE: kind = memory_atom(core, atom, &before); break;
        case ATOM_BR: *tpc = here + (uint32_t)atom->imm; break;
        case ATOM_BRC:
            if (cond_holds(atom->cond, before.f[atom->fs])) *tpc = here + (uint32_t)atom->imm;
            break;
        case ATOM_CALL:
            if (engine->depth == STACK_MAX)
                memmove(engine->stack, engine->stack + 1, --engine->depth * sizeof engine->stack[0]);
            engine->stack[engine->depth].spc = atom->use_imm ? (uint64_t)(uint32_t)atom->imm : spc;
            engine->stack[engine->depth].context = hw_context(core);
            engine->stack[engine->depth++].tpc = here + (uint32_t)atom->target;
            break;
        case ATOM_RET:
            if (!engine->depth) break;
            engine->depth--;
            if (engine->stack[engine->depth].spc == spc && engine->stack[engine->depth].context == hw_context(core)) {
                *tpc = engine->stack[engine->depth].tpc;
                engine->returned++;
                engine->returned_directly += code_cache_owner(&cms, *tpc)->tpc == *tpc;
            }
            break;
        case ATOM_JMPX: find_target(core, spc, hw_context(core), tpc); break;
        case ATOM_EXIT:
            *exit = (struct hw_exit){
                .kind = HW_EXIT, .reason = (uint8_t)atom->target, .number = (uint32_t)atom->imm, .site = here};
            leaves = true;
            break;
        case ATOM_COMMIT: entry = (const struct commit_entry *)(core->concealed + here + atom->imm); break;
        case ATOM_ASSERT:
            if (cond_holds(atom->cond, before.f[atom->fs])) kind = HW_ASSERT;
            break;
        default: pure_atom(core, atom, &before); break;
        }
        if (kind != HW_EXIT_KINDS) return kind;
    }
    /* An event comes between a commit and a transfer beside it. */
    if (entry) commit(core, entry);
    if (entry && (core->next_event - core->insns < core->margin || core->next_event <= core->insns)) return HW_EVENT;
    return leaves ? HW_EXIT : HW_EXIT_KINDS;
}

static void enter(struct hw_core *core, uint32_t tpc, struct hw_exit *exit)
{
    int kind = HW_EXIT_KINDS;
    *exit = (struct hw_exit){0};
    engine->entered++;
    assert_true(core->next_event - core->insns >= core->margin);
    while (kind == HW_EXIT_KINDS) kind = run_bundle(core, &tpc, exit);
    exit->kind = (uint8_t)kind;
    if (kind == HW_EXIT || kind == HW_EVENT) {
        assert_int_equal(engine->gate_count, 0);
        return;
    }
    exit->fault = core->fault;
    engine->rolled_back++;
    if (kind == HW_PROTECT) engine->protects++;
    engine->gate_count = 0;
    memset(engine->armed, 0, sizeof engine->armed);
    core->state = core->shadow;
    core->state.r[REG_ZERO] = 0;
    /* What is not shadowed is lost. */
    for (unsigned i = REG_SHADOWED; i < REG_ZERO; i++) core->state.r[i] = 0xdead0000 + i;
}

/* ---- programs ---- */

struct program {
    const uint8_t *bytes;
    size_t size;
    uint32_t table[4]; /* at DATA */
};

/*       mov $0x8000, %esp          outer: mov %esi, %eax            case0: add $1, %edi; jmp next
 *       mov $200, %esi                    call weigh                case1: rol $3, %edi; jmp next
 *       xor %edi, %edi                    add %eax, %edi            case2: xor $0x55, %edi; jmp next
 *                                         mov %esi, %eax            case3: movzbl 0x3100(%esi), %eax; adc %eax, %edi
 * weigh: push %ebx                        and $3, %eax              next:  mov %edi, 0x3200(,%esi,4); dec %esi; jnz
 * outer mov $0, %ebx                     jmp *0x3000(,%eax,4)             mov $0x3200, %esi; mov $0x3a00, %edi 1: add
 * %eax, %ebx                                                    mov $100, %ecx; rep movsl; std; lodsl; cld mov %ebx,
 * 0x3100(%eax)                                            int $0x80 mov 0x3100(%eax), %ecx; add %ecx, %ebx; sub $3,
 * %eax; ja 1b mov %ebx, %eax; pop %ebx; ret */
static const uint8_t mixed[] = {
    0xbc, 0x00, 0x80, 0x00, 0x00, 0xbe, 0xc8, 0x00, 0x00, 0x00, 0x31, 0xff, 0x89, 0xf0, 0xe8, 0x46, 0x00, 0x00,
    0x00, 0x01, 0xc7, 0x89, 0xf0, 0x83, 0xe0, 0x03, 0xff, 0x24, 0x85, 0x00, 0x30, 0x00, 0x00, 0x83, 0xc7, 0x01,
    0xeb, 0x13, 0xc1, 0xc7, 0x03, 0xeb, 0x0e, 0x83, 0xf7, 0x55, 0xeb, 0x09, 0x0f, 0xb6, 0x86, 0x00, 0x31, 0x00,
    0x00, 0x11, 0xc7, 0x89, 0x3c, 0xb5, 0x00, 0x32, 0x00, 0x00, 0x4e, 0x75, 0xc9, 0xbe, 0x00, 0x32, 0x00, 0x00,
    0xbf, 0x00, 0x3a, 0x00, 0x00, 0xb9, 0x64, 0x00, 0x00, 0x00, 0xf3, 0xa5, 0xfd, 0xad, 0xfc, 0xcd, 0x80, 0x53,
    0xbb, 0x00, 0x00, 0x00, 0x00, 0x01, 0xc3, 0x89, 0x98, 0x00, 0x31, 0x00, 0x00, 0x8b, 0x88, 0x00, 0x31, 0x00,
    0x00, 0x01, 0xcb, 0x83, 0xe8, 0x03, 0x77, 0xeb, 0x89, 0xd8, 0x5b, 0xc3,
};
static const struct program mixed_program = {mixed, sizeof mixed, {CODE + 0x21, CODE + 0x26, CODE + 0x2b, CODE + 0x30}};

/*        mov $100, %ecx
 * again: add $0, %eax           its immediate is rewritten each time round
 *        add $0x10000, %edx
 *        mov %cl, 0x1007
 *        dec %ecx; jnz again; int $0x80 */
static const uint8_t rewriting[] = {
    0xb9, 0x64, 0x00, 0x00, 0x00, 0x83, 0xc0, 0x00, 0x81, 0xc2, 0x00, 0x00, 0x01,
    0x00, 0x88, 0x0d, 0x07, 0x10, 0x00, 0x00, 0x49, 0x75, 0xee, 0xcd, 0x80,
};
static const struct program rewriting_program = {rewriting, sizeof rewriting, {0}};

/* The same, but what it stores lies on the page of the code without being code: mov %cl, 0x1800. */
static const uint8_t neighbouring[] = {
    0xb9, 0x64, 0x00, 0x00, 0x00, 0x83, 0xc0, 0x01, 0x81, 0xc2, 0x00, 0x00, 0x01,
    0x00, 0x88, 0x0d, 0x00, 0x18, 0x00, 0x00, 0x49, 0x75, 0xee, 0xcd, 0x80,
};
static const struct program neighbouring_program = {neighbouring, sizeof neighbouring, {0}};

/* mov $0, %ecx; 1: inc %edx; mov 0x3000(,%ecx,4), %eax; inc %ecx; jmp 1b: runs into a page that is not mapped */
static const uint8_t running_off[] = {
    0xb9, 0x00, 0x00, 0x00, 0x00, 0x42, 0x8b, 0x04, 0x8d, 0x00, 0x30, 0x00, 0x00, 0x41, 0xeb, 0xf5,
};
static const struct program running_off_program = {running_off, sizeof running_off, {0}};

/* mov $0x8000, %esp; mov $300, %ecx; mov $0x3800, %esi
 * again: std; lodsl; add %eax, %edx; cld; lodsb; inc %edx; test $1, %cl; jz even; add %ecx, %ebx
 * even:  dec %ecx; jnz again; int $0x80 */
static const uint8_t turning[] = {
    0xbc, 0x00, 0x80, 0x00, 0x00, 0xb9, 0x2c, 0x01, 0x00, 0x00, 0xbe, 0x00, 0x38, 0x00, 0x00, 0xfd, 0xad,
    0x01, 0xc2, 0xfc, 0xac, 0x42, 0xf6, 0xc1, 0x01, 0x74, 0x02, 0x01, 0xcb, 0x49, 0x75, 0xef, 0xcd, 0x80,
};
static const struct program turning_program = {turning, sizeof turning, {0}};

static struct hw_core *new_machine(const struct program *program)
{
    struct hw_core *core = fake_core();
    memcpy(core->memory + CODE, program->bytes, program->size);
    memcpy(core->memory + DATA, program->table, sizeof program->table);
    core->machine = (struct machine_desc){
        .issue_width = 4,
        .unit_count = 5,
        .unit_classes = {7, 7, 1 << UNIT_LOAD | 1 << UNIT_STORE, 1 << UNIT_LOAD, 1 << UNIT_BRANCH},
        .latency_cycles = {1, 3, 20, 3, 1, 1, 3, 2},
        .interval_cycles = {1, 1, 20, 1, 1, 1, 1, 1},
        .base_offset = true,
        .gate_entries = 32,
        .alias_kind = ALIAS_MASK,
        .alias_entries = 8,
        .jtlb_entries = 64,
        .dras_entries = STACK_MAX};
    core->options.translate.pass_copy = core->options.translate.pass_cse = 1;
    core->options.translate.pass_memory = core->options.translate.pass_dead = 1;
    core->options.translate.load_over_store = core->options.translate.load_over_exit = 1;
    core->options.translate.verify = 1;
    core->options.code_cache = 32768;
    core->state.r[HOME_EIP] = CODE;
    core->state.r[HOME_EFL] = 2;
    core->shadow = core->state;
    core->enter = enter;
    memset(engine, 0, sizeof *engine);
    engine->gate_limit = 32;
    return core;
}

static void run(struct hw_core *core)
{
    cms_boot(core);
    cms_run(core);
}

/* Gear 0 is the measure of the others. */
static struct hw_core *expected(const struct program *program)
{
    struct hw_core *core = new_machine(program);
    core->options.max_gear = 0;
    run(core);
    assert_int_equal(core->stats[CMS_STAT_entries], 0);
    return core;
}

static void assert_same(const struct hw_core *a, const struct hw_core *b)
{
    for (unsigned i = 0; i < HOME_INTEGERS; i++) assert_int_equal(a->state.r[i], b->state.r[i]);
    assert_memory_equal(a->state.v, b->state.v, (HOME_COUNT - HOME_INTEGERS) * sizeof *a->state.v);
    assert_int_equal(a->state.f[0], b->state.f[0]);
    assert_int_equal(a->insns, b->insns);
    assert_int_equal(a->system_calls, b->system_calls);
    assert_int_equal(a->exceptions.count, b->exceptions.count);
    assert_int_equal(a->exceptions.eip, b->exceptions.eip);
    assert_memory_equal(a->memory, b->memory, sizeof a->memory);
}

static int make_engine(void **state)
{
    engine = calloc(1, sizeof *engine);
    return engine ? 0 : 1;
}

static int free_engine(void **state)
{
    free(engine);
    return 0;
}

/* ---- tests ---- */

static void all_gears_agree(void **state)
{
    struct hw_core *measure = expected(&mixed_program);
    for (unsigned gear = 1; gear <= 2; gear++) {
        for (unsigned indirect = TR_DISPATCHER; indirect <= TR_JTLB_DRAS; indirect++) {
            struct hw_core *core = new_machine(&mixed_program);
            core->options.max_gear = gear;
            core->options.indirect = indirect;
            run(core);
            assert_same(core, measure);
            assert_true(core->stats[CMS_STAT_interpreted] < core->insns / 4);
            assert_true(core->stats[CMS_STAT_links] > 0);
            assert_true(gear == 1 || core->stats[CMS_STAT_gear2] > 0);
            free(core);
        }
    }
    free(measure);
}

/* A call that is linked to what is behind it sends its return there, not to the exit that was linked. */
static void returns_go_straight(void **state)
{
    for (unsigned gear = 1; gear <= 2; gear++) {
        struct hw_core *core = new_machine(&mixed_program);
        core->options.max_gear = gear;
        core->options.indirect = TR_JTLB_DRAS;
        run(core);
        assert_true(engine->returned > 100);
        assert_true(engine->returned_directly > engine->returned / 10 * 9);
        free(core);
    }
}

/* Each way to find targets needs the dispatcher less often than the one before. */
static void better_prediction_enters_less(void **state)
{
    unsigned entered[4];
    for (unsigned indirect = TR_DISPATCHER; indirect <= TR_JTLB_DRAS; indirect++) {
        struct hw_core *core = new_machine(&mixed_program);
        core->options.indirect = indirect;
        run(core);
        entered[indirect] = engine->entered;
        free(core);
    }
    assert_true(entered[TR_INLINE] < entered[TR_DISPATCHER]);
    assert_true(entered[TR_JTLB] < entered[TR_INLINE]);
}

static void without_chains_each_exit_is_dispatched(void **state)
{
    struct hw_core *measure = expected(&mixed_program), *core = new_machine(&mixed_program);
    core->options.chain = 0;
    run(core);
    assert_same(core, measure);
    assert_int_equal(core->stats[CMS_STAT_links], 0);
    free(core);
    free(measure);
}

static void rollbacks_anywhere_change_nothing(void **state)
{
    struct hw_core *measure = expected(&mixed_program);
    for (unsigned every = 1; every < 40; every += every < 8 ? 1 : 5) {
        struct hw_core *core = new_machine(&mixed_program);
        core->options.gear1_threshold = core->options.gear2_threshold = 1;
        engine->rollback_every = every;
        run(core);
        assert_same(core, measure);
        assert_true(core->stats[CMS_STAT_rollback_injected] > 0);
        free(core);
    }
    free(measure);
}

static void small_caches_change_nothing(void **state)
{
    struct hw_core *measure = expected(&mixed_program);
    for (unsigned policy = 2 * CMS_FLUSH; policy <= 2 * CMS_LRU + 1; policy++) {
        enum cms_replacement replacement = policy / 2;
        for (unsigned bytes = 1024; bytes <= 8192; bytes += 512) {
            struct hw_core *core = new_machine(&mixed_program);
            core->options.shared = policy % 2;
            core->options.gear1_threshold = 1;
            core->options.replacement = replacement;
            core->options.fifo_units = 3;
            core->options.code_cache = bytes;
            core->options.heads = 16;
            core->options.predecode_size = 65536;
            run(core);
            assert_same(core, measure);
            free(core);
        }
    }
    free(measure);
}

/* The margin holds: an event falls between the same two instructions in every gear. */
static void events_fall_exactly(void **state)
{
    for (uint64_t event = 1000; event < 1030; event++) {
        struct hw_core *core = new_machine(&mixed_program), *measure = new_machine(&mixed_program);
        core->next_event = measure->next_event = event;
        measure->options.max_gear = 0;
        run(measure);
        engine->rollback_every = event % 3 * 7; /* a recovery stops there too */
        run(core);
        assert_int_equal(core->events, 1);
        assert_int_equal(core->insns, event);
        assert_same(core, measure);
        free(core);
        free(measure);
    }
}

/* Each STD and CLD ends a translation and changes the context word. */
static void contexts_change_in_a_loop(void **state)
{
    struct hw_core *measure = expected(&turning_program);
    for (unsigned indirect = TR_DISPATCHER; indirect <= TR_JTLB_DRAS; indirect++) {
        struct hw_core *core = new_machine(&turning_program);
        core->options.indirect = indirect;
        run(core);
        assert_same(core, measure);
        assert_true(core->stats[CMS_STAT_interpreted] < core->insns / 2);
        assert_int_equal(core->stats[CMS_STAT_predictions], 0); /* their targets are known */
        free(core);
    }
    free(measure);
}

static void code_rewrites_itself(void **state)
{
    struct hw_core *measure = expected(&rewriting_program);
    assert_int_equal(measure->state.r[HOME_EAX], 100 * 101 / 2 - 1);
    for (unsigned gear = 1; gear <= 2; gear++) {
        struct hw_core *core = new_machine(&rewriting_program);
        core->options.max_gear = gear;
        core->options.gear1_threshold = core->options.gear2_threshold = 1;
        run(core);
        assert_same(core, measure);
        free(core);
    }
    free(measure);
}

/* Once only chunks with code are protected, the store no longer rolls back. */
static void data_beside_code_is_let_be(void **state)
{
    struct hw_core *measure = expected(&neighbouring_program), *core = new_machine(&neighbouring_program);
    run(core);
    assert_same(core, measure);
    assert_in_range(engine->protects, 0, core->options.fine_faults);
    assert_true(core->stats[CMS_STAT_interpreted] < core->insns / 2);
    free(core);
    free(measure);
}

static void faults_are_precise_in_every_gear(void **state)
{
    for (unsigned gear = 0; gear <= 2; gear++) {
        struct hw_core *core = new_machine(&running_off_program);
        core->options.max_gear = gear;
        core->frame_of[4] = 0;
        run(core);
        assert_int_equal(core->exceptions.count, 1);
        assert_int_equal(core->exceptions.eip, CODE + 6);
        assert_int_equal(core->exceptions.last.address, 0x4000);
        assert_int_equal(core->state.r[HOME_ECX], 1024);
        assert_int_equal(core->state.r[HOME_EDX], 1025);
        assert_int_equal(core->insns, 1 + 4 * 1024 + 1);
        free(core);
    }
}

/* With fewer gated stores than the code wants, regions shrink until they fit. */
static void a_small_gate_shrinks_regions(void **state)
{
    struct hw_core *measure = expected(&mixed_program);
    for (unsigned entries = 1; entries <= 3; entries++) {
        struct hw_core *core = new_machine(&mixed_program);
        core->machine.gate_entries = engine->gate_limit = entries;
        run(core);
        assert_same(core, measure);
        free(core);
    }
    free(measure);
}

/* The translator believes in more gated stores than there are: regions that overflow are made smaller. */
static void overflow_of_the_gate_is_adapted_to(void **state)
{
    struct hw_core *measure = expected(&mixed_program), *core = new_machine(&mixed_program);
    engine->gate_limit = 1;
    run(core);
    assert_same(core, measure);
    assert_true(core->stats[CMS_STAT_rollback_gate] > 0);
    assert_true(core->stats[CMS_STAT_adapt_gate] > 0);
    free(core);
    free(measure);
}

/* The same concealed bytes wherever the region lies in the host: no host pointer is in it or orders anything. */
static void concealed_memory_knows_no_host_address(void **state)
{
    struct hw_core *a = new_machine(&mixed_program);
    run(a);
    void *hole = malloc(12345);
    struct hw_core *b = new_machine(&mixed_program);
    run(b);
    assert_ptr_not_equal(a, b);
    const struct root *root = (const void *)(a->concealed + ROOT_OFFSET);
    uint32_t arena = root->arena, behind = arena + root->arena_bytes;
    assert_memory_equal(a->concealed, b->concealed, root->result);
    assert_memory_equal(a->concealed + behind, b->concealed + behind, FAKE_CONCEALED - behind);
    free(hole);
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_gears_agree),
        cmocka_unit_test(better_prediction_enters_less),
        cmocka_unit_test(returns_go_straight),
        cmocka_unit_test(without_chains_each_exit_is_dispatched),
        cmocka_unit_test(rollbacks_anywhere_change_nothing),
        cmocka_unit_test(small_caches_change_nothing),
        cmocka_unit_test(events_fall_exactly),
        cmocka_unit_test(contexts_change_in_a_loop),
        cmocka_unit_test(code_rewrites_itself),
        cmocka_unit_test(data_beside_code_is_let_be),
        cmocka_unit_test(faults_are_precise_in_every_gear),
        cmocka_unit_test(a_small_gate_shrinks_regions),
        cmocka_unit_test(overflow_of_the_gate_is_adapted_to),
        cmocka_unit_test(concealed_memory_knows_no_host_address),
    };
    return cmocka_run_group_tests(tests, make_engine, free_engine);
}
