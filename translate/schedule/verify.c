/* verify.c -- is a schedule right? Checked without a line of the scheduler's.
 *
 * The bundles are run in the mind: each register holds the name of a value (an operation's result, a home's entry
 * value, a constant), an atom must find in its registers the names of its operation's operands, and every exit must
 * find in the homes, once its moves are made, the names that its map gives. Then whatever has an effect must be there
 * exactly once, and on the right side of the exits and of the memory operations that it could touch.
 */
#include "hwsim/isa/context.h"
#include "translate/schedule/schedule.h"

enum name_kind { NAME_NOTHING, NAME_CONST, NAME_ENTRY, NAME_RESULT };
struct name {
    uint8_t kind;
    uint64_t value; /* the constant; the home; the operation */
};

enum { NOWHERE = -1 };
/* When a stub's atoms run, for the check of latencies: later than any bundle, and far apart. */
enum { LATE_BUNDLE = 1 << 24, LATENCY_MOST = 256 };

struct check {
    const struct ir_region *region;
    const struct tr_request *request;
    const struct schedule *schedule;
    const char *wrong;
    struct name regs[REGS_ALL], flags[FLAG_COUNT];
    uint32_t reg_there[REGS_ALL], flags_there[FLAG_COUNT]; /* bundle from which on the result can be read (exposed) */
    int32_t *bundle_of;               /* per operation; NOWHERE: not seen */
    uint32_t *queue_of;               /* per operation: entries that have left the queue when its bundle issues */
    uint32_t queue, rotated;          /* the same for the present bundle; what its rotations add */
    int32_t *checked_in;              /* ALAT, per load: bundle of the check that finds its entry; NOWHERE: none does */
    ir_ref holder[64];                /* ALAT: load whose entry it is; 0: none */
    const struct schedule_atom **atom_of;
    uint8_t *wanted;                  /* flags of each operation's result that are read */
};

static void fail(struct check *check, const char *wrong)
{
    if (!check->wrong) check->wrong = wrong;
}

static bool same(struct name x, struct name y) { return x.kind == y.kind && x.value == y.value; }

static struct name name_of(const struct ir_region *region, ir_ref ref)
{
    const struct ir_insn *insn = &region->insns[ref];
    if (!ref) return (struct name){NAME_CONST, 0};
    if (insn->op == IR_GET) return (struct name){NAME_ENTRY, (uint64_t)insn->imm};
    if (insn->op == ATOM_MOV && insn->use_imm && !insn->fmask)
        return (struct name){NAME_CONST, (uint64_t)insn->imm & bits_mask(8u << insn->size)};
    return (struct name){NAME_RESULT, ref};
}

static struct name flags_name(const struct ir_region *region, ir_ref ref)
{
    if (!ref) return (struct name){NAME_CONST, 0};
    return region->insns[ref].op == IR_GETF ? (struct name){NAME_ENTRY, 0} : (struct name){NAME_RESULT, ref};
}

/* ---- reads ---- */

static void expect_reg(struct check *check, unsigned bundle, unsigned reg, struct name name)
{
    struct name have = reg == REG_ZERO ? (struct name){NAME_CONST, 0} : check->regs[reg];
    if (!same(have, name)) fail(check, "an atom reads the wrong register");
    if (check->request->machine->exposed && reg != REG_ZERO && check->reg_there[reg] > bundle)
        fail(check, "a register is read before its value is there");
}

static void expect_flags(struct check *check, unsigned bundle, unsigned flags, struct name name)
{
    if (!same(check->flags[flags], name)) fail(check, "an atom reads the wrong flags");
    if (check->request->machine->exposed && check->flags_there[flags] > bundle)
        fail(check, "flags are read before they are there");
}

static void expect_memory(struct check *check, const struct atom *atom, const struct ir_insn *insn)
{
    uint64_t context = check->region->context;
    unsigned space = CONTEXT_GET(context, CPL) == 3 ? SPACE_USER : SPACE_SUPERVISOR;
    if (atom->imm != insn->imm || atom->space != space ||
        atom->wrap != (CONTEXT_GET(context, LONG) ? WRAP_64 : WRAP_32))
        fail(check, "a memory atom goes elsewhere");
    if (ir_is_store(atom->op) && !atom->gated) fail(check, "a store is not gated");
    bool vector = atom_table[atom->op].format >= FORMAT_LOADV;
    if (atom->aligned != (vector && insn->kind & IR_ALIGNED)) fail(check, "a memory atom minds alignment wrongly");
    if (atom->imm && !check->request->machine->base_offset) fail(check, "an offset where the machine adds none");
}

static void expect_operation(struct check *check, unsigned bundle, const struct schedule_atom *at)
{
    const struct ir_insn *insn = &check->region->insns[at->source];
    const struct atom *atom = &at->atom;
    unsigned reads = ir_operands(insn), format = atom_table[insn->op].format;
    if (atom->op != insn->op || atom->size != insn->size) fail(check, "an atom is not its operation");
    if ((format == FORMAT_RCOND || format == FORMAT_RABCOND) && atom->cond != insn->cond)
        fail(check, "an atom's condition is wrong");
    if (atom_table[insn->op].properties & ATOM_MEMORY) expect_memory(check, atom, insn);
    else if (atom->use_imm != insn->use_imm || ((atom->use_imm || atom_is_vector(atom->op)) && atom->imm != insn->imm))
        fail(check, "an immediate is wrong");
    if (atom->half != (atom_is_vector(atom->op) && insn->kind & IR_HALF)) fail(check, "an atom is of the wrong width");
    if (reads & IR_READS_A) expect_reg(check, bundle, atom->ra, name_of(check->region, insn->a));
    if (reads & IR_READS_B) expect_reg(check, bundle, atom->rb, name_of(check->region, insn->b));
    if (reads & IR_READS_C) expect_reg(check, bundle, atom->rc, name_of(check->region, insn->c));
    unsigned wanted = atom->fmask ? check->wanted[at->source] : 0, read = ir_flags_read(insn, wanted);
    if (read) expect_flags(check, bundle, atom->fs, flags_name(check->region, insn->f));
    if (!atom->fmask) return; /* whoever wanted its flags does not find them, and says so */
    if (wanted & ~(read ? insn->fmask | read : atom->fmask)) fail(check, "flags that are read are not written");
    if (read && atom->fmask != insn->fmask) fail(check, "flags are merged wrongly");
}

static void expect_condition(struct check *check, unsigned bundle, const struct schedule_atom *at)
{
    const struct ir_insn *insn = &check->region->insns[at->source];
    if (at->atom.op != (insn->op == IR_EXITIF ? ATOM_BRC : ATOM_ASSERT))
        fail(check, "an exit or assert is another atom");
    if (insn->op == IR_EXITIF && (at->label != LABEL_EXIT || at->number != insn->c))
        fail(check, "an exit leaves by another stub");
    if (insn->op == IR_TRAP) {
        expect_flags(check, bundle, at->atom.fs, (struct name){NAME_CONST, 0});
        if (!cond_holds(at->atom.cond, 0)) fail(check, "a trap does not trap");
        return;
    }
    if (at->atom.cond != insn->cond) fail(check, "a condition is wrong");
    expect_flags(check, bundle, at->atom.fs, flags_name(check->region, insn->f));
}

static bool pushes(const struct check *check, const struct ir_insn *insn)
{
    if (check->request->indirect != TR_JTLB_DRAS || !check->request->machine->dras_entries) return false;
    if (insn->op != IR_EXIT) return insn->op == IR_PUSH_RETURN;
    unsigned kind = check->region->exits[insn->c].kind;
    return kind == IR_CALL || kind == IR_CALL_INDIRECT;
}

static void expect_push(struct check *check, const struct schedule_atom *at)
{
    const struct ir_insn *insn = &check->region->insns[at->source];
    int64_t address = insn->op == IR_EXIT ? (int64_t)check->region->exits[insn->c].return_address : insn->imm;
    if (!pushes(check, insn) || at->label != LABEL_RETURN || !at->atom.use_imm || at->atom.imm != address)
        fail(check, "a push is wrong");
}

static void expect_rotation(struct check *check, const struct atom *atom)
{
    const struct machine_desc *machine = check->request->machine;
    if (machine->alias_kind != ALIAS_QUEUE || atom->imm < 1 || atom->imm > machine->alias_entries)
        fail(check, "a rotation that the machine cannot do");
    check->rotated += (uint32_t)atom->imm;
}

/* Atoms that the scheduler made up: copies of a register or of flags, a constant, cleared flags, and what the alias
 * hardware wants beside loads and stores. */
static void expect_made(struct check *check, unsigned bundle, const struct atom *atom)
{
    if (atom->op == ATOM_CHKA) return;
    if (atom->op == ATOM_ROTATE) {
        expect_rotation(check, atom);
        return;
    }
    bool flags_move =
        atom->op == ATOM_SHL && atom->rd == REG_ZERO && atom->use_imm && !atom->imm && atom->fmask == MASK_ALL;
    bool clear = atom->op == ATOM_SETF && atom->use_imm && !atom->imm && atom->fmask == MASK_ALL;
    bool constant = atom->op == ATOM_MOV && atom->use_imm && !atom->fmask;
    bool copy = (atom->op == ATOM_MOV && !atom->use_imm && atom->size == SIZE_64 && !atom->fmask) ||
                (atom->op == ATOM_VMOV && !atom->half);
    if (!flags_move && !clear && !constant && !copy) fail(check, "an atom belongs to no operation");
    if (!check->request->machine->exposed) return;
    if (copy && check->reg_there[atom->rb] > bundle) fail(check, "a register is read before its value is there");
    if (flags_move && check->flags_there[atom->fs] > bundle) fail(check, "flags are read before they are there");
}

static void expect_reads(struct check *check, unsigned bundle, const struct schedule_atom *at)
{
    if (!at->source) {
        expect_made(check, bundle, &at->atom);
        return;
    }
    switch (check->region->insns[at->source].op) {
    case IR_EXITIF: case IR_TRAPIF: case IR_TRAP: expect_condition(check, bundle, at); break;
    case IR_EXIT: case IR_PUSH_RETURN: expect_push(check, at); break;
    case IR_MARK: case IR_GET: case IR_GETF: fail(check, "an atom for an operation that needs none"); break;
    default: expect_operation(check, bundle, at);
    }
    if (check->bundle_of[at->source] != NOWHERE) fail(check, "an operation is done twice");
    check->bundle_of[at->source] = (int32_t)bundle;
    check->queue_of[at->source] = check->queue;
    check->atom_of[at->source] = at;
}

/* ---- writes ---- */

static struct name made_name(const struct check *check, const struct atom *atom)
{
    if (atom->use_imm) return (struct name){NAME_CONST, (uint64_t)atom->imm & bits_mask(8u << atom->size)};
    return atom->rb == REG_ZERO ? (struct name){NAME_CONST, 0} : check->regs[atom->rb];
}

static void land(struct check *check, uint32_t *there, uint32_t bundle, uint32_t latency)
{
    if (check->request->machine->exposed && *there > bundle)
        fail(check, "a register is written before its last result has arrived");
    *there = bundle + latency;
}

/* What an atom leaves in `regs` and `flags`, the registers after its bundle. */
static void write_result(struct check *check, unsigned bundle, const struct schedule_atom *from, struct name *regs,
                         struct name *flags)
{
    const struct atom *atom = &from->atom;
    unsigned latency = check->request->machine->latency_cycles[atom_table[atom->op].unit];
    if (ir_has_value(&(struct ir_insn){.op = atom->op}) && atom->rd != REG_ZERO) {
        regs[atom->rd] = from->source ? name_of(check->region, from->source) : made_name(check, atom);
        land(check, &check->reg_there[atom->rd], bundle, latency);
    }
    if (atom_table[atom->op].sets_flags && atom->fmask) {
        flags[atom->fd] = from->source           ? flags_name(check->region, from->source)
                        : atom->op == ATOM_SETF ? (struct name){NAME_CONST, 0}
                                                : check->flags[atom->fs];
        land(check, &check->flags_there[atom->fd], bundle, latency);
    }
}

static void write_results(struct check *check, unsigned bundle, const struct schedule_bundle *at)
{
    struct name regs[REGS_ALL], flags[FLAG_COUNT];
    uint64_t written = 0, vwritten = 0;
    unsigned flags_written = 0;
    memcpy(regs, check->regs, sizeof regs);
    memcpy(flags, check->flags, sizeof flags);
    for (unsigned i = 0; i < at->count; i++) {
        const struct schedule_atom *from = &check->schedule->atoms[at->first + i];
        struct atom_uses uses = atom_uses(&from->atom);
        if (uses.writes & written || uses.vwrites & vwritten) fail(check, "two atoms of a bundle write the same register");
        if (uses.flags_written & flags_written) fail(check, "two atoms of a bundle write the same flags");
        written |= uses.writes;
        vwritten |= uses.vwrites;
        flags_written |= uses.flags_written;
        write_result(check, bundle, from, regs, flags);
    }
    memcpy(check->regs, regs, sizeof regs);
    memcpy(check->flags, flags, sizeof flags);
}

/* ---- units ---- */

static void check_units(struct check *check, const struct schedule_bundle *at)
{
    uint8_t classes[BUNDLE_ATOMS_MAX];
    unsigned transfers = 0;
    if (at->count > check->request->machine->issue_width || at->count > BUNDLE_ATOMS_MAX) {
        fail(check, "more atoms than the machine issues");
        return;
    }
    for (unsigned i = 0; i < at->count; i++) {
        const struct atom_desc *desc = &atom_table[check->schedule->atoms[at->first + i].atom.op];
        classes[i] = desc->unit;
        transfers += (desc->properties & ATOM_TRANSFERS) != 0;
    }
    if (!machine_fits(check->request->machine, classes, at->count))
        fail(check, "the machine has not the units for a bundle");
    if (transfers > 1) fail(check, "two atoms of a bundle transfer control");
}

/* ---- exits ---- */

/* The homes after a stub's moves; the registers are those after its atoms. */
static void check_map(struct check *check, unsigned number)
{
    const struct ir_exit *exit = &check->region->exits[number];
    const struct schedule_exit *stub = &check->schedule->exits[number];
    bool indirect = exit->kind == IR_JUMP_INDIRECT || exit->kind == IR_CALL_INDIRECT || exit->kind == IR_RETURN;
    struct name homes[REGS_ALL], flags = check->flags[0]; /* by register */
    memcpy(homes, check->regs, sizeof homes);
    for (unsigned m = 0; m < stub->count; m++) {
        const struct schedule_move *move = &stub->moves[m];
        if (move->home == MOVE_FLAGS) flags = check->flags[move->from];
        else if (move->is_imm) homes[move->home] = (struct name){NAME_CONST, (uint64_t)move->imm};
        else homes[move->home] = move->from == REG_ZERO ? (struct name){NAME_CONST, 0} : check->regs[move->from];
    }
    for (unsigned home = 0; home < HOME_COUNT; home++) {
        if (home == HOME_EIP) continue;
        struct name must =
            exit->homes[home] ? name_of(check->region, exit->homes[home]) : (struct name){NAME_ENTRY, home};
        if (!same(homes[home_reg(home)], must)) fail(check, "a home holds the wrong value at an exit");
    }
    if (!same(flags, exit->flags ? flags_name(check->region, exit->flags) : (struct name){NAME_ENTRY, 0}))
        fail(check, "the flags are wrong at an exit");
    if (!indirect) return;
    struct name target = stub->target_reg < HOME_INTEGERS ? homes[stub->target_reg] : check->regs[stub->target_reg];
    if (!same(target, name_of(check->region, exit->target_value))) fail(check, "the target of an exit is wrong");
    if (!same(homes[HOME_EIP], target)) fail(check, "EIP is wrong at an exit");
}

/* The stub runs when all results are there, and what it does happens on no other path. */
static void check_exit(struct check *check, unsigned number)
{
    const struct schedule_exit *stub = &check->schedule->exits[number];
    struct name regs[REGS_ALL], flags[FLAG_COUNT];
    uint32_t reg_there[REGS_ALL], flags_there[FLAG_COUNT];
    memcpy(regs, check->regs, sizeof regs);
    memcpy(flags, check->flags, sizeof flags);
    memcpy(reg_there, check->reg_there, sizeof reg_there);
    memcpy(flags_there, check->flags_there, sizeof flags_there);
    for (unsigned i = 0; i < stub->late_count; i++) {
        const struct schedule_atom *atom = &stub->late[i];
        unsigned when = LATE_BUNDLE + i * LATENCY_MOST;
        if (!atom->source || !ir_is_pure(check->region->insns[atom->source].op))
            fail(check, "a stub does more than compute");
        else expect_operation(check, when, atom);
        write_result(check, when, atom, check->regs, check->flags);
    }
    check_map(check, number);
    memcpy(check->regs, regs, sizeof regs);
    memcpy(check->flags, flags, sizeof flags);
    memcpy(check->reg_there, reg_there, sizeof reg_there);
    memcpy(check->flags_there, flags_there, sizeof flags_there);
}

/* ---- the order of effects ---- */

static bool has_effect(const struct check *check, const struct ir_insn *insn)
{
    switch (insn->op) {
    case IR_EXITIF: case IR_TRAPIF: case IR_TRAP: return true;
    case IR_PUSH_RETURN: case IR_EXIT: return pushes(check, insn);
    default: return ir_is_atom(insn->op) && atom_table[insn->op].properties & (ATOM_MEMORY | ATOM_FAULTS);
    }
}

static bool is_load(const struct ir_insn *insn) { return ir_is_load(insn->op); }

static void check_exit_order(struct check *check)
{
    const struct ir_region *region = check->region;
    bool loads_rise = check->request->options->load_over_exit && !(check->request->restraint & TR_NO_LOAD_OVER_EXIT);
    for (unsigned exit = 1; exit < region->count; exit++) {
        if (region->insns[exit].op != IR_EXITIF) continue;
        for (unsigned at = 1; at < region->count; at++) {
            const struct ir_insn *insn = &region->insns[at];
            if (at == exit || !has_effect(check, insn)) continue;
            int32_t bundle = check->bundle_of[at], exit_bundle = check->bundle_of[exit];
            if (at < exit && bundle > exit_bundle) fail(check, "an effect comes after an exit that follows it");
            if (at < exit && insn->op == IR_EXITIF && bundle == exit_bundle) fail(check, "exits are out of order");
            if (at > exit && bundle <= exit_bundle && !(is_load(insn) && loads_rise))
                fail(check, "an effect comes before an exit that it follows");
        }
    }
}

/* ---- memory ---- */

struct place {
    ir_ref base;
    int home;        /* entry value that the address is counted from, -1: base */
    uint32_t offset;
};

static struct place place_of(const struct ir_region *region, const struct ir_insn *access)
{
    struct place place = {access->a, -1, (uint32_t)access->imm};
    for (const struct ir_insn *insn; place.base; ) {
        insn = &region->insns[place.base];
        bool wide = insn->size == SIZE_32 || insn->size == SIZE_64; /* an address is cut to 32 bits anyway */
        if (insn->op == IR_GET) {
            place.home = (int)insn->imm;
            place.base = 0;
        } else if (insn->op == ATOM_MOV && wide) {
            if (insn->use_imm) place.offset += (uint32_t)insn->imm;
            place.base = insn->use_imm ? 0 : insn->b;
        } else if ((insn->op == ATOM_ADD || insn->op == ATOM_SUB) && wide && insn->use_imm) {
            place.offset += (uint32_t)(insn->op == ATOM_ADD ? insn->imm : -insn->imm);
            place.base = insn->a;
        } else {
            break;
        }
    }
    return place;
}

/* Can no byte of one be a byte of the other, even where two linear pages are one frame? */
static bool disjoint(const struct ir_region *region, const struct ir_insn *x, const struct ir_insn *y)
{
    struct place px = place_of(region, x), py = place_of(region, y);
    if (px.base != py.base || px.home != py.home) return false;
    for (uint32_t i = 0; i < ir_access_bytes(x); i++) {
        for (uint32_t j = 0; j < ir_access_bytes(y); j++) {
            if (((px.offset + i) & 4095) == ((py.offset + j) & 4095)) return false;
        }
    }
    return true;
}

/* ---- alias entries ---- */

static bool is_queue(const struct check *check) { return check->request->machine->alias_kind == ALIAS_QUEUE; }

/* The entry that a load arms, and the first that a store checks; in the queue counted from where the region begins. */
static uint32_t entry_of(const struct check *check, unsigned load)
{
    return check->atom_of[load]->atom.protect - 1u + (is_queue(check) ? check->queue_of[load] : 0);
}
static uint32_t first_checked(const struct check *check, unsigned store)
{
    return check->atom_of[store]->atom.check_from - 1u + check->queue_of[store];
}

static bool checks_entry(const struct check *check, unsigned store, uint32_t entry)
{
    const struct atom *atom = &check->atom_of[store]->atom;
    if (!is_queue(check)) return entry < 64 && atom->check >> entry & 1;
    return atom->check_from && first_checked(check, store) <= entry;
}

/* Has another load taken the entry before the store checks? (What has left the queue, no store can name.) */
static bool is_lost(const struct check *check, unsigned load, unsigned store)
{
    uint32_t entry = entry_of(check, load);
    for (unsigned other = 1; other < check->region->count; other++) {
        if (other == load || !is_load(&check->region->insns[other]) || !check->atom_of[other] ||
            !check->atom_of[other]->atom.protect || entry_of(check, other) != entry)
            continue;
        if (check->bundle_of[other] >= check->bundle_of[load] && check->bundle_of[other] < check->bundle_of[store])
            return true;
    }
    return false;
}

/* A bundle's checks look at the ALAT before its loads arm. */
static void follow_alat(struct check *check, unsigned bundle, const struct schedule_bundle *at)
{
    const struct machine_desc *machine = check->request->machine;
    const struct schedule_atom *atoms = &check->schedule->atoms[at->first];
    for (unsigned i = 0; i < at->count; i++) {
        if (atoms[i].atom.op != ATOM_CHKA) continue;
        uint64_t entry = (uint64_t)atoms[i].atom.imm;
        if (machine->alias_kind != ALIAS_ALAT || entry >= machine->alias_entries || entry >= LENGTH(check->holder)) {
            fail(check, "a check that the machine cannot do");
            return;
        }
        if (!check->holder[entry]) fail(check, "a check finds no load");
        check->checked_in[check->holder[entry]] = (int32_t)bundle;
        check->holder[entry] = 0;
    }
    uint64_t armed = 0;
    for (unsigned i = 0; machine->alias_kind == ALIAS_ALAT && i < at->count; i++) {
        unsigned protect = atoms[i].atom.protect;
        if (!ir_is_load(atoms[i].atom.op) || !protect || protect > LENGTH(check->holder)) continue;
        if (armed >> (protect - 1) & 1) fail(check, "two loads of a bundle arm one alias entry");
        armed |= UINT64_C(1) << (protect - 1);
        check->holder[protect - 1] = atoms[i].source;
    }
}

/* The store lies between the load and its check, and so do all exits that follow the load lie behind the check. */
static void check_checked(struct check *check, unsigned load, unsigned store)
{
    int32_t checked = check->checked_in[load];
    if (checked == NOWHERE) fail(check, "a load above a store is not checked");
    else if (checked <= check->bundle_of[store]) fail(check, "a load is checked before a store that it passed");
    for (unsigned exit = load + 1; exit < check->region->count; exit++) {
        if (check->region->insns[exit].op == IR_EXITIF && check->bundle_of[exit] < checked)
            fail(check, "a load is checked after an exit that follows it");
    }
}

/* `load` follows `store` in the program and has gone above it: does the alias hardware watch? */
static void check_guard(struct check *check, unsigned load, unsigned store)
{
    const struct tr_request *request = check->request;
    unsigned protect = check->atom_of[load]->atom.protect;
    if (!request->options->load_over_store || request->restraint & TR_NO_LOAD_OVER_STORE)
        fail(check, "a load above a store, though told not to");
    if (!protect || protect > request->machine->alias_entries) {
        fail(check, "a load above a store without protection");
        return;
    }
    if (request->machine->alias_kind == ALIAS_ALAT) {
        check_checked(check, load, store);
        return;
    }
    if (!checks_entry(check, store, entry_of(check, load))) fail(check, "a store does not check a load that passed it");
    if (is_lost(check, load, store)) fail(check, "an alias entry is taken from a load that still needs it");
}

static bool is_armed_for(const struct check *check, unsigned load, unsigned store)
{
    return is_load(&check->region->insns[load]) && check->atom_of[load] && check->atom_of[load]->atom.protect &&
           check->bundle_of[load] < check->bundle_of[store] && checks_entry(check, store, entry_of(check, load));
}

/* Every entry that a store checks must belong to a load that it follows in bundles and not in the program. */
static void check_checks(struct check *check, unsigned store)
{
    const struct atom *atom = &check->atom_of[store]->atom;
    uint64_t unclaimed = atom->check;
    bool claimed = false;
    unsigned scheme = check->request->machine->alias_kind;
    if ((atom->check && scheme != ALIAS_MASK) || (atom->check_from && scheme != ALIAS_QUEUE))
        fail(check, "a store checks as the machine cannot");
    for (unsigned load = 1; load < check->region->count; load++) {
        if (!is_armed_for(check, load, store)) continue;
        if (load > store) {
            claimed = true;
            if (!is_queue(check)) unclaimed &= ~(UINT64_C(1) << entry_of(check, load));
        } else if (is_queue(check) && !is_lost(check, load, store)) {
            fail(check, "a store checks a load that it follows");
        }
    }
    if (unclaimed || (atom->check_from && !claimed)) fail(check, "a store checks an entry for no load");
}

static void check_memory(struct check *check)
{
    const struct ir_region *region = check->region;
    unsigned stores = 0;
    for (unsigned store = 1; store < region->count; store++) {
        if (!ir_is_store(region->insns[store].op)) continue;
        stores += ir_gate_entries(&region->insns[store]);
        check_checks(check, store);
        for (unsigned other = 1; other < region->count; other++) {
            const struct ir_insn *insn = &region->insns[other];
            bool is_store = ir_is_store(insn->op);
            if (other == store || (!is_store && !is_load(insn)) || (is_store && other < store)) continue;
            if (disjoint(region, &region->insns[store], insn)) continue;
            int32_t bundle = check->bundle_of[other], store_bundle = check->bundle_of[store];
            if (is_store && bundle <= store_bundle) fail(check, "stores that may overlap are out of order");
            if (!is_store && other < store && bundle > store_bundle)
                fail(check, "a load comes after a store that follows it");
            if (is_store || other < store) continue;
            if (bundle == store_bundle) fail(check, "a load beside a store that it follows");
            if (bundle < store_bundle) check_guard(check, other, store);
        }
    }
    if (stores > check->request->machine->gate_entries) fail(check, "more stores than the gate holds");
}

/* ---- all of it ---- */

/* Which flags of each result are read, by operations or exits; from the end, since a merge hands on what is wanted of
 * it. */
static void find_wanted(struct check *check)
{
    const struct ir_region *region = check->region;
    for (unsigned i = 0; i < region->exit_count; i++) check->wanted[region->exits[i].flags] = MASK_ALL;
    for (unsigned at = region->count; at-- > 1;) {
        const struct ir_insn *insn = &region->insns[at];
        check->wanted[insn->f] |= (uint8_t)ir_flags_read(insn, check->wanted[at]);
    }
}

static bool begin(struct check *check)
{
    const struct ir_region *region = check->region;
    check->bundle_of = ARENA_NEW(region->arena, int32_t, region->count);
    check->queue_of = ARENA_NEW(region->arena, uint32_t, region->count);
    check->checked_in = ARENA_NEW(region->arena, int32_t, region->count);
    check->atom_of = ARENA_NEW(region->arena, const struct schedule_atom *, region->count);
    check->wanted = ARENA_NEW(region->arena, uint8_t, region->count);
    if (!check->bundle_of || !check->queue_of || !check->checked_in || !check->atom_of || !check->wanted) return false;
    for (unsigned at = 0; at < region->count; at++) check->bundle_of[at] = check->checked_in[at] = NOWHERE;
    for (unsigned home = 0; home < HOME_COUNT; home++) check->regs[home_reg(home)] = (struct name){NAME_ENTRY, home};
    check->flags[0] = (struct name){NAME_ENTRY, 0};
    find_wanted(check);
    return true;
}

static void check_bundle(struct check *check, unsigned bundle)
{
    const struct schedule_bundle *at = &check->schedule->bundles[bundle];
    check_units(check, at);
    for (unsigned i = 0; i < at->count; i++) expect_reads(check, bundle, &check->schedule->atoms[at->first + i]);
    follow_alat(check, bundle, at);
    check->queue += check->rotated;
    check->rotated = 0;
    write_results(check, bundle, at);
    for (unsigned i = 0; i < at->count; i++) {
        const struct schedule_atom *atom = &check->schedule->atoms[at->first + i];
        if (atom->label == LABEL_EXIT && atom->number < check->region->exit_count) check_exit(check, atom->number);
    }
}

static void check_all_done(struct check *check)
{
    for (unsigned at = 1; at < check->region->count; at++) {
        if (has_effect(check, &check->region->insns[at]) && check->bundle_of[at] == NOWHERE)
            fail(check, "an effect is missing");
        if (check->region->insns[at].op == IR_EXIT) check_exit(check, check->region->insns[at].c);
    }
}

const char *schedule_verify(const struct ir_region *region, const struct tr_request *request,
                            const struct schedule *schedule, unsigned *at)
{
    struct check check = {.region = region, .request = request, .schedule = schedule};
    size_t mark = region->arena->used;
    *at = 0;
    if (!begin(&check)) return NULL; /* no room to check: not an error of the schedule */
    for (unsigned bundle = 0; bundle < schedule->bundle_count && !check.wrong; bundle++) {
        *at = bundle;
        check_bundle(&check, bundle);
    }
    if (!check.wrong) check_all_done(&check);
    if (!check.wrong) check_exit_order(&check);
    if (!check.wrong) check_memory(&check);
    arena_reset(region->arena, mark);
    return check.wrong;
}
