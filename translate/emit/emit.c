/* emit.c -- a translation, put together:
 *
 *     profiling prologue    gear 1 with a counter: counts down; at zero control goes to the CMS, with nothing done yet
 *     the schedule's bundles
 *     the final exit        what the last bundle falls into
 *     side exits' stubs     what is left to compute, moves, commit, exit
 *     bare exits            to which nothing is left to do: returns of calls, predicted targets, the hot exit
 *     commit table
 *
 * A commit joins the bundle before it where a unit is free and nothing there transfers control, and what leaves joins
 * the commit, as far as units go. EXIT and BR come first in their bundle, since the CMS patches them. How an exit
 * leaves depends on its kind:
 *
 *     jump, call            exit chain (calls have pushed on the DRAS, if there is one)
 *     indirect kinds        the target is in the EIP home; then, as the request says: compare with predicted targets,
 *                           or ask the DRAS (returns) and the JTLB; then exit indirect
 *     repeat                straight back to this translation's start, where it is the instruction's own
 *     dispatch              exit indirect with a known target: the context word may have changed, so no chain; a JTLB
 *                           entry would do no harm, as it is keyed by the new context
 *     interpret             exit interpret
 *     system, softint       exit interpret with EIP on the instruction, which is not retired: the interpreter does it
 */
#include "translate/emit/code.h"
#include "translate/emit/stub.h"

enum {
    COUNTER_VALUE = REG_TEMP_FIRST,
    COUNTER_BASE = REG_TEMP_FIRST + 1,
    COUNTER_LEFT = REG_TEMP_FIRST + 2,
    FLAGS_TEMP = 1
};

/* A bundle that is an EXIT atom alone, bound to a label. */
struct bare_exit {
    uint16_t label;
    uint8_t reason;
    uint64_t target, source;
    unsigned number; /* in the end: of the exit */
};
struct emission {
    struct code code;
    const struct ir_region *region;
    const struct tr_request *request;
    const struct schedule *schedule;
    struct tr_result *result;
    uint16_t *exit_label;
    uint64_t *exit_source;         /* address of the guest instruction that leaves */
    uint32_t *exit_time, *exit_landing; /* of the bundle that holds a side exit */
    uint8_t *exit_flags;           /* enum commit_flags */
    unsigned start;                /* label of the first bundle */
    int final;                     /* exit that the body falls into, -1 none */
    struct bare_exit *bare;
    unsigned bare_count, bare_capacity;
    bool joinable; /* the open bundle has the commit of the exit that is being written, and no transfer */
    bool too_many_exits;
};

/* ---- exits ---- */

/* Opens a bundle for an atom that leaves, or finds it room beside the commit. An atom that reads the target's register
 * (REG_ZERO: it reads none) cannot be in the bundle that writes it. */
static void begin_leaving(struct emission *emission, unsigned unit_class, uint8_t target)
{
    struct code *code = &emission->code;
    bool reads_target = target != REG_ZERO;
    bool join = emission->joinable && code_fits(code, unit_class) && !(reads_target && code_writes(code, target));
    if (code->machine->exposed && code->landing > code->time - reads_target) join = false;
    emission->joinable = false;
    if (join) return;
    code_settle(code, !reads_target);
    code_begin(code);
}

static void add_exit(struct emission *emission, unsigned reason, uint64_t target, uint64_t source)
{
    struct tr_result *result = emission->result;
    if (result->exit_count == TR_EXITS_MAX) {
        emission->too_many_exits = true;
        return;
    }
    begin_leaving(emission, UNIT_BRANCH, REG_ZERO);
    unsigned number = result->exit_count++;
    /* the bundle's number for now; its offset is known when all is laid out */
    result->exits[number] = (struct tr_exit){.offset = emission->code.bundle_count - 1,
                                             .reason = (uint8_t)reason,
                                             .push = TR_NO_PUSH,
                                             .target = target,
                                             .source = source};
    code_add_first(&emission->code, (struct atom){.op = ATOM_EXIT, .imm = number, .target = reason});
}

static unsigned bare_exit(struct emission *emission, unsigned reason, uint64_t target, uint64_t source)
{
    unsigned label = code_label(&emission->code);
    if (emission->bare_count == emission->bare_capacity) {
        emission->too_many_exits = true;
        return label;
    }
    emission->bare[emission->bare_count++] =
        (struct bare_exit){.label = (uint16_t)label, .reason = (uint8_t)reason, .target = target, .source = source};
    return label;
}

static void emit_bare_exits(struct emission *emission)
{
    for (unsigned i = 0; i < emission->bare_count; i++) {
        struct bare_exit *exit = &emission->bare[i];
        emission->code.time = emission->code.landing = 0; /* whoever comes here has waited for all results */
        code_bind(&emission->code, exit->label);
        exit->number = emission->result->exit_count;
        add_exit(emission, exit->reason, exit->target, exit->source);
    }
}

/* ---- ways to leave, once state is committed ---- */

static void jump_to(struct emission *emission, struct atom jump, unsigned label)
{
    begin_leaving(emission, UNIT_BRANCH, REG_ZERO);
    struct code_atom *atom = code_add_first(&emission->code, jump);
    atom->reference = CODE_JUMP;
    atom->number = (uint16_t)label;
}

/* Compare the target with each prediction, all at once as far as units go; then branch on one after the other. */
static void compare_with_predictions(struct emission *emission, uint8_t target, uint64_t source)
{
    const struct tr_request *request = emission->request;
    struct code *code = &emission->code;
    uint64_t targets[TR_TARGETS_MAX];
    unsigned count = request->targets ? request->targets(request->cookie, source, targets, TR_TARGETS_MAX) : 0;
    if (count > TR_TARGETS_MAX) count = TR_TARGETS_MAX;
    for (unsigned i = 0; i < count; i++) {
        uint8_t flags = (uint8_t)(FLAGS_TEMP + i);
        if (!i) begin_leaving(emission, UNIT_ALU, target);
        else if (!code_fits(code, UNIT_ALU)) code_begin(code);
        code_add(code, (struct atom){.op = ATOM_SUB, .size = SIZE_32, .rd = REG_ZERO, .ra = target, .use_imm = true,
                                     .imm = (int32_t)targets[i], .fd = flags, .fs = flags, .fmask = MASK_ALL});
    }
    code_settle(code, 0);
    for (unsigned i = 0; i < count; i++) {
        unsigned label = bare_exit(emission, EXIT_CHAIN, targets[i], source);
        jump_to(emission, (struct atom){.op = ATOM_BRC, .fs = (uint8_t)(FLAGS_TEMP + i), .cond = COND_Z}, label);
    }
}

static void ask_table(struct emission *emission, unsigned op, uint8_t target)
{
    begin_leaving(emission, UNIT_BRANCH, target);
    code_add(&emission->code, (struct atom){.op = (uint8_t)op, .ra = target});
}

static void leave_indirect(struct emission *emission, unsigned number, uint64_t source)
{
    const struct tr_request *request = emission->request;
    unsigned kind = emission->region->exits[number].kind;
    uint8_t target = emission->schedule->exits[number].target_reg;
    bool dras = request->indirect == TR_JTLB_DRAS && request->machine->dras_entries;
    bool jtlb = request->indirect >= TR_JTLB && request->machine->jtlb_entries;
    if (request->indirect == TR_INLINE) compare_with_predictions(emission, target, source);
    if (kind == IR_RETURN && dras) ask_table(emission, ATOM_RET, target);
    if (jtlb) ask_table(emission, ATOM_JMPX, target);
    add_exit(emission, EXIT_INDIRECT, 0, source);
}

static void leave(struct emission *emission, unsigned number)
{
    const struct ir_exit *exit = &emission->region->exits[number];
    uint64_t source = emission->exit_source[number];
    switch (exit->kind) {
    case IR_JUMP: case IR_CALL: add_exit(emission, EXIT_CHAIN, exit->target, source); break;
    case IR_JUMP_INDIRECT: case IR_CALL_INDIRECT: case IR_RETURN: leave_indirect(emission, number, source); break;
    case IR_REPEAT:
        if (exit->target == emission->request->spc) jump_to(emission, (struct atom){.op = ATOM_BR}, emission->start);
        else add_exit(emission, EXIT_CHAIN, exit->target, source);
        break;
    case IR_DISPATCH: add_exit(emission, EXIT_INDIRECT, exit->target, source); break;
    default: add_exit(emission, EXIT_INTERPRET, 0, source); break;
    }
}

/* ---- commit ---- */

static struct commit_entry entry_of(const struct emission *emission, unsigned number)
{
    const struct ir_exit *exit = &emission->region->exits[number];
    struct commit_entry entry = {.eip = exit->target, .insns = exit->insns, .flags = emission->exit_flags[number],
                                 .gear = (uint8_t)emission->request->gear, .region = emission->request->region};
    switch (exit->kind) {
    case IR_JUMP_INDIRECT: case IR_CALL_INDIRECT: case IR_RETURN:
        entry.flags |= COMMIT_DYNAMIC;
        entry.eip = 0;
        break;
    case IR_REPEAT: entry.flags |= COMMIT_ITERATION; break;
    case IR_SYSTEM: case IR_SOFTINT:
        entry.eip = emission->exit_source[number];
        entry.insns--;
        break;
    default: break;
    }
    return entry;
}

/* Into the open bundle if it can take it (`join`), else into one of its own. */
static void emit_commit(struct emission *emission, unsigned number, bool join)
{
    struct code *code = &emission->code;
    if (!join || !stub_may_join(code)) code_begin(code);
    struct commit_entry entry = entry_of(emission, number);
    struct code_atom *atom = code_add(code, (struct atom){.op = ATOM_COMMIT});
    atom->reference = CODE_COMMIT;
    atom->number = (uint16_t)code_entry(code, entry);
    if (entry.insns > emission->result->insns_longest) emission->result->insns_longest = entry.insns;
    emission->joinable = true;
}

/* Moves, commit, and away. `join`: the bundle before belongs to this path. */
static void emit_stub(struct emission *emission, unsigned number, bool join)
{
    const struct schedule_exit *exit = &emission->schedule->exits[number];
    stub_late(&emission->code, exit->late, exit->late_count);
    stub_moves(&emission->code, exit->moves, exit->count, exit->target_reg);
    emit_commit(emission, number, join || exit->count || exit->late_count);
    leave(emission, number);
}

/* ---- the parts in order ---- */

/* ld counter; subtract one; st; brc. It comes before the first guest effect, so the hot exit has nothing to commit. */
static void emit_prologue(struct emission *emission)
{
    const struct tr_request *request = emission->request;
    struct code *code = &emission->code;
    struct atom load = {.op = ATOM_LD,
                        .size = SIZE_32,
                        .rd = COUNTER_VALUE,
                        .ra = REG_ZERO,
                        .space = SPACE_CONCEALED,
                        .wrap = WRAP_64,
                        .imm = request->counter};
    if (!request->machine->base_offset) {
        code_begin(code);
        code_add(code, (struct atom){.op = ATOM_MOV,
                                     .size = SIZE_32,
                                     .rd = COUNTER_BASE,
                                     .use_imm = true,
                                     .imm = (int32_t)request->counter});
        code_settle(code, 0);
        load.ra = COUNTER_BASE;
        load.imm = 0;
    }
    struct atom store = load;
    store.op = ATOM_ST;
    store.rd = REG_ZERO;
    store.rb = COUNTER_LEFT;
    code_begin(code);
    code_add(code, load);
    code_settle(code, 0);
    code_begin(code);
    code_add(code, (struct atom){.op = ATOM_SUB,
                                 .size = SIZE_32,
                                 .rd = COUNTER_LEFT,
                                 .ra = COUNTER_VALUE,
                                 .use_imm = true,
                                 .imm = 1,
                                 .fd = FLAGS_TEMP,
                                 .fs = FLAGS_TEMP,
                                 .fmask = MASK_ALL});
    code_settle(code, 0);
    code_begin(code);
    code_add(code, store);
    if (!code_fits(code, UNIT_BRANCH)) code_begin(code);
    struct code_atom *branch = code_add(code, (struct atom){.op = ATOM_BRC, .fs = FLAGS_TEMP, .cond = COND_Z});
    branch->reference = CODE_JUMP;
    branch->number = (uint16_t)bare_exit(emission, EXIT_HOT, 0, request->spc);
    code_settle(code, 0);
}

static void emit_atom(struct emission *emission, const struct schedule_atom *from)
{
    struct code_atom *atom = code_add(&emission->code, from->atom);
    if (from->label == LABEL_EXIT) {
        atom->reference = CODE_JUMP;
        atom->number = emission->exit_label[from->number];
    } else if (from->label == LABEL_RETURN) {
        uint64_t source = emission->region->guest[emission->region->insns[from->source].guest].address;
        atom->reference = CODE_PUSH;
        atom->number = (uint16_t)bare_exit(emission, EXIT_CHAIN, (uint64_t)from->atom.imm, source);
    }
}

static void emit_body(struct emission *emission)
{
    const struct schedule *schedule = emission->schedule;
    struct code *code = &emission->code;
    for (unsigned i = 0; i < schedule->bundle_count; i++) {
        const struct schedule_bundle *bundle = &schedule->bundles[i];
        code_begin(code);
        for (unsigned n = 0; n < bundle->count; n++) emit_atom(emission, &schedule->atoms[bundle->first + n]);
        for (unsigned n = 0; n < bundle->count; n++) {
            const struct schedule_atom *atom = &schedule->atoms[bundle->first + n];
            if (atom->label != LABEL_EXIT) continue;
            emission->exit_time[atom->number] = code->time;
            emission->exit_landing[atom->number] = code->landing;
        }
    }
}

static void emit_stubs(struct emission *emission)
{
    if (emission->final >= 0) {
        emit_stub(emission, (unsigned)emission->final, emission->schedule->bundle_count > 0);
    } else {
        /* an assert that always holds has rolled back before this */
        add_exit(emission, EXIT_INTERPRET, 0, emission->request->spc);
    }
    for (unsigned number = 0; number < emission->region->exit_count; number++) {
        if ((int)number == emission->final || !emission->exit_time[number]) continue;
        emission->code.time = emission->exit_time[number];
        emission->code.landing = emission->exit_landing[number];
        code_bind(&emission->code, emission->exit_label[number]);
        emit_stub(emission, number, false);
    }
    emit_bare_exits(emission);
}

/* ---- setting up ---- */

static bool prepare(struct emission *emission, const struct ir_region *region, const struct schedule *schedule)
{
    unsigned exits = region->exit_count, pushes = 0, atoms = schedule->atom_count + 2 * schedule->bundle_count + 64;
    for (unsigned i = 0; i < schedule->atom_count; i++) pushes += schedule->atoms[i].label == LABEL_RETURN;
    for (unsigned i = 0; i < exits; i++) atoms += 4 * schedule->exits[i].count + 2 * schedule->exits[i].late_count + 64;
    emission->bare_capacity = pushes + TR_TARGETS_MAX + 1;
    emission->bare = ARENA_NEW(region->arena, struct bare_exit, emission->bare_capacity);
    emission->exit_label = ARENA_NEW(region->arena, uint16_t, exits + 1);
    emission->exit_source = ARENA_NEW(region->arena, uint64_t, exits + 1);
    emission->exit_time = ARENA_NEW(region->arena, uint32_t, exits + 1);
    emission->exit_landing = ARENA_NEW(region->arena, uint32_t, exits + 1);
    emission->exit_flags = ARENA_NEW(region->arena, uint8_t, exits + 1);
    if (!emission->bare || !emission->exit_label || !emission->exit_source || !emission->exit_time ||
        !emission->exit_landing || !emission->exit_flags)
        return false;
    return code_init(&emission->code, region->arena, emission->request->machine, atoms + 8 * emission->bare_capacity,
                     exits + emission->bare_capacity + 1, exits + 1);
}

/* Which operation leaves by which exit; and whether that ends a REP instruction after an iteration of it. */
static void find_exits(struct emission *emission)
{
    const struct ir_region *region = emission->region;
    int repeats = -1, accesses = -1;
    for (unsigned at = 1; at < region->count; at++) {
        if (region->insns[at].op == IR_EXIT && region->insns[at].kind == IR_REPEAT) repeats = region->insns[at].guest;
    }
    emission->final = -1;
    for (unsigned at = 1; at < region->count; at++) {
        const struct ir_insn *insn = &region->insns[at];
        if (ir_is_atom(insn->op) && atom_table[insn->op].properties & ATOM_MEMORY) accesses = insn->guest;
        if (insn->op != IR_EXIT && insn->op != IR_EXITIF) continue;
        emission->exit_source[insn->c] =
            region->guest_count ? region->guest[insn->guest].address : emission->request->spc;
        if (insn->op == IR_EXIT) emission->final = insn->c;
        else if (insn->guest == repeats && accesses == repeats) emission->exit_flags[insn->c] = COMMIT_LAST;
    }
}

/* ---- what was translated ---- */

/* Joins the two neighbours with the smallest gap: more bytes than were translated are watched, never fewer. */
static void join_nearest(struct tr_result *result)
{
    unsigned best = 0;
    uint64_t smallest = UINT64_MAX;
    for (unsigned i = 0; i + 1 < result->range_count; i++) {
        uint64_t gap = result->ranges[i + 1].address - (result->ranges[i].address + result->ranges[i].bytes);
        if (gap >= smallest) continue;
        smallest = gap;
        best = i;
    }
    struct tr_range *range = &result->ranges[best];
    range->bytes = (uint32_t)(range[1].address + range[1].bytes - range->address);
    memmove(range + 1, range + 2, (result->range_count - best - 2) * sizeof *range);
    result->range_count--;
}

/* Keeps the ranges in order of address, none touching another. */
static void add_range(struct tr_result *result, struct ir_guest_insn guest)
{
    struct tr_range range = {guest.address, guest.length};
    unsigned at = 0, last;
    if (result->range_count == TR_RANGES_MAX) join_nearest(result);
    while (at < result->range_count && result->ranges[at].address + result->ranges[at].bytes < range.address) at++;
    for (last = at; last < result->range_count && result->ranges[last].address <= range.address + range.bytes; last++) {
        uint64_t end = result->ranges[last].address + result->ranges[last].bytes;
        if (end < range.address + range.bytes) end = range.address + range.bytes;
        if (result->ranges[last].address < range.address) range.address = result->ranges[last].address;
        range.bytes = (uint32_t)(end - range.address);
    }
    if (last == at) {
        memmove(&result->ranges[at + 1], &result->ranges[at], (result->range_count - at) * sizeof range);
        result->range_count++;
    } else {
        memmove(&result->ranges[at + 1], &result->ranges[last], (result->range_count - last) * sizeof range);
        result->range_count -= last - at - 1;
    }
    result->ranges[at] = range;
}

/* Bundles have got their places: where exits are, and the calls that return to them. */
static void place_exits(struct emission *emission)
{
    const struct code *code = &emission->code;
    struct tr_exit *exits = emission->result->exits;
    for (unsigned i = 0; i < emission->result->exit_count; i++) exits[i].offset = code->bundles[exits[i].offset].offset;
    for (unsigned b = 0; b < code->bundle_count; b++) {
        for (unsigned n = 0; n < code->bundles[b].count; n++) {
            const struct code_atom *atom = &code->atoms[code->bundles[b].first + n];
            if (atom->reference != CODE_PUSH) continue;
            const struct bare_exit *landing = emission->bare;
            while (landing->label != atom->number) landing++;
            exits[landing->number].push = code->bundles[b].offset;
            exits[landing->number].push_word = atom->word;
        }
    }
}

enum tr_reason emit_translation(const struct ir_region *region, const struct tr_request *request,
                                const struct schedule *schedule, struct tr_result *result)
{
    struct emission emission = {.region = region, .request = request, .schedule = schedule, .result = result};
    result->exit_count = result->range_count = result->insns_longest = result->atoms = result->nops = 0;
    if (region->exit_count > TR_EXITS_MAX) return TR_EXITS;
    if (!prepare(&emission, region, schedule)) return TR_ARENA_FULL;
    find_exits(&emission);
    for (unsigned i = 0; i < region->exit_count; i++) emission.exit_label[i] = (uint16_t)code_label(&emission.code);
    emission.start = code_label(&emission.code);
    code_bind(&emission.code, emission.start);
    if (request->gear == 1 && request->counter) emit_prologue(&emission);
    emit_body(&emission);
    emit_stubs(&emission);
    if (emission.too_many_exits) return TR_EXITS;
    enum tr_reason reason = code_finish(&emission.code, result);
    if (reason != TR_OK) return reason;
    place_exits(&emission);
    for (unsigned i = 0; i < region->guest_count; i++) add_range(result, region->guest[i]);
    result->guest_insns = region->guest_count;
    result->work.scheduled_atoms = schedule->atom_count;
    return TR_OK;
}
