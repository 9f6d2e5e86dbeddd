/* stub.c -- parallel moves, put in sequence. All atoms of a bundle read before any writes, so a bundle does whatever
 * part of them (a cycle among it) the units take, as long as no move that is left reads what it overwrites. */
#include "translate/emit/stub.h"

void stub_late(struct code *code, const struct schedule_atom *atoms, unsigned count)
{
    uint64_t written = 0, vwritten = 0;
    unsigned flags_written = 0;
    for (unsigned i = 0; i < count; i++) {
        struct atom_uses uses = atom_uses(&atoms[i].atom);
        bool depends = (uses.reads | uses.writes) & written || (uses.vreads | uses.vwrites) & vwritten || (uses.flags_read | uses.flags_written) & flags_written;
        if (!i || depends || !code_fits(code, atom_table[atoms[i].atom.op].unit)) {
            code_settle(code, 0);
            code_begin(code);
            written = vwritten = flags_written = 0;
        }
        code_add(code, atoms[i].atom);
        written |= uses.writes;
        vwritten |= uses.vwrites;
        flags_written |= uses.flags_written;
    }
}

struct moves {
    struct schedule_move move[HOME_COUNT + 1];
    bool chosen[HOME_COUNT + 1];
    unsigned count;
    uint8_t kept;
};

static bool overwrites(const struct schedule_move *writer, const struct schedule_move *reader)
{
    if (writer->home == MOVE_FLAGS || reader->home == MOVE_FLAGS || reader->is_imm) return false;
    return writer->home == reader->from;
}

/* Would a move that is not chosen still want what move `m` overwrites? */
static bool still_read(const struct moves *moves, unsigned m)
{
    for (unsigned i = 0; i < moves->count; i++) {
        if (i != m && !moves->chosen[i] && overwrites(&moves->move[m], &moves->move[i])) return true;
    }
    return false;
}

static bool choose(struct code *code, struct moves *moves, unsigned m)
{
    struct atom atom = schedule_move_atom(&moves->move[m]);
    if (!code_fits(code, atom_table[atom.op].unit)) return false;
    code_add(code, atom);
    moves->chosen[m] = true;
    return true;
}

static unsigned choose_safe(struct code *code, struct moves *moves)
{
    unsigned chosen = 0;
    bool again;
    do {
        again = false;
        for (unsigned m = 0; m < moves->count; m++) {
            if (moves->chosen[m] || still_read(moves, m) || !choose(code, moves, m)) continue;
            chosen++;
            again = true;
        }
    } while (again);
    return chosen;
}

static bool is_read(const struct moves *moves, unsigned reg)
{
    for (unsigned m = 0; m < moves->count; m++)
        if (moves->move[m].from == reg) return true;
    return false;
}

/* A register that no move reads, of the same file. */
static uint8_t unread_temp(const struct moves *moves, unsigned reg)
{
    uint8_t temp = reg < REG_VECTOR ? REG_ZERO - 1 : REGS_ALL - 1;
    while (temp == moves->kept || is_read(moves, temp)) temp--;
    return temp;
}

/* All moves left are in cycles. The first one goes into the bundle whole if it fits, else it is opened: what one of its
 * moves overwrites is put aside. */
static void break_cycle(struct code *code, struct moves *moves)
{
    uint8_t classes[BUNDLE_ATOMS_MAX];
    unsigned members[BUNDLE_ATOMS_MAX], length = 0, next = 0;
    do {
        unsigned reader = 0;
        if (length < BUNDLE_ATOMS_MAX) {
            classes[length] = (uint8_t)schedule_move_unit(moves->move[next].home);
            members[length] = next;
        }
        length++;
        while (reader == next || !overwrites(&moves->move[next], &moves->move[reader])) reader++;
        next = reader;
    } while (next != 0);
    if (length <= BUNDLE_ATOMS_MAX && machine_fits(code->machine, classes, length)) {
        for (unsigned i = 0; i < length; i++) choose(code, moves, members[i]);
        return;
    }
    struct schedule_move aside = {.home = unread_temp(moves, moves->move[0].home), .from = moves->move[0].home};
    code_add(code, schedule_move_atom(&aside));
    for (unsigned m = 0; m < moves->count; m++) {
        if (m && overwrites(&moves->move[0], &moves->move[m])) moves->move[m].from = aside.home;
    }
}

static void drop_chosen(struct moves *moves)
{
    unsigned kept = 0;
    for (unsigned m = 0; m < moves->count; m++) {
        if (!moves->chosen[m]) moves->move[kept++] = moves->move[m];
    }
    moves->count = kept;
    for (unsigned m = 0; m < kept; m++) moves->chosen[m] = false;
}

void stub_moves(struct code *code, const struct schedule_move *from, unsigned count, uint8_t kept)
{
    struct moves moves = {.count = count, .kept = kept};
    memcpy(moves.move, from, count * sizeof *from);
    while (moves.count) {
        code_settle(code, 0);
        code_begin(code);
        if (!choose_safe(code, &moves)) break_cycle(code, &moves);
        drop_chosen(&moves);
    }
}

bool stub_may_join(const struct code *code)
{
    const struct code_bundle *bundle = &code->bundles[code->bundle_count - 1];
    for (unsigned i = 0; i < bundle->count; i++) {
        if (atom_table[code->atoms[bundle->first + i].atom.op].properties & (ATOM_TRANSFERS | ATOM_COMMITS))
            return false;
    }
    return code_fits(code, UNIT_BRANCH);
}
