/* memory.c -- redundant loads, dead stores, probes that nobody needs.
 *
 * Forwards: what memory is known to hold. A load from where this region has stored to or loaded from takes that value
 * instead. Backwards: a store whose bytes are all stored again before any exit or any load that might see them is dead
 * (between commits nobody else looks); a probe whose bytes are stored to later is, too, since a fault of that store
 * rolls back as far as the probe's would. Each load that stays keeps its place: faults are the guest's business.
 *
 * Two accesses are known to be apart only where they have the same base and their offsets differ modulo the page size
 * by at least their sizes: two linear pages may be one physical page, but a byte's place in its page is the same in
 * both.
 */
#include "translate/passes/passes.h"
#include "translate/passes/rewrite.h"

enum { KNOWN_MAX = 48, PAGE = 4096 };

struct place {
    ir_ref base;
    uint8_t bytes;
    int64_t offset;
};

static struct place place_of(const struct ir_insn *insn)
{
    return (struct place){.base = insn->a, .bytes = (uint8_t)access_bytes(insn), .offset = insn->imm};
}

static bool apart(const struct place *a, const struct place *b)
{
    uint64_t gap = (uint64_t)b->offset - (uint64_t)a->offset;
    return a->base == b->base && (gap & (PAGE - 1)) >= a->bytes && (-gap & (PAGE - 1)) >= b->bytes;
}

static bool covers(const struct place *a, const struct place *b)
{
    return a->base == b->base && b->offset >= a->offset && b->offset + b->bytes <= a->offset + a->bytes;
}

/* ---- forwards ---- */

struct known {
    struct place place;
    ir_ref value; /* its low bytes are what memory holds; of a vector value all its bytes */
    bool vector;
};
struct memory {
    struct known known[KNOWN_MAX]; /* oldest first */
    unsigned count;
};

static void learn(struct memory *memory, struct place place, ir_ref value, bool vector)
{
    if (memory->count == KNOWN_MAX) {
        memory->count--;
        memmove(memory->known, memory->known + 1, memory->count * sizeof *memory->known);
    }
    memory->known[memory->count++] = (struct known){place, value, vector};
}

static void forget(struct memory *memory, const struct place *place)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < memory->count; i++) {
        if (apart(&memory->known[i].place, place)) memory->known[kept++] = memory->known[i];
    }
    memory->count = kept;
}

static const struct known *look_up(const struct memory *memory, const struct place *place, bool vector)
{
    for (unsigned i = memory->count; i-- > 0;) {
        const struct known *known = &memory->known[i];
        if (known->place.base == place->base && known->place.offset == place->offset &&
            known->vector == vector && (vector ? known->place.bytes == place->bytes : known->place.bytes >= place->bytes))
            return known;
    }
    return NULL;
}

/* The value as the load would have given it. */
static void forward(struct rewrite *rewrite, unsigned at, const struct ir_insn *load, ir_ref value)
{
    struct ir_insn extend = {.op = ATOM_MOV, .size = load->size, .b = value, .guest = load->guest};
    if (load->op == ATOM_LDS) {
        extend.op = load->size == SIZE_8 ? ATOM_SX8 : ATOM_SX16;
        extend.size = SIZE_32;
    } else if (value_bits(rewrite->region, value) <= 8u << load->size) {
        rewrite->value[at] = value;
        return;
    }
    rewrite_emit(rewrite, at, extend);
}

/* Does a load of what this stores give the same value? A vector register may hold more than is stored. */
static bool loads_alike(const struct ir_insn *store) { return store->op == ATOM_ST || ir_access_bytes(store) == 16; }

static void forward_loads(struct ir_region *region)
{
    struct rewrite rewrite;
    struct memory memory = {.count = 0};
    if (!rewrite_begin(&rewrite, region)) return;
    for (unsigned at = 1; at < rewrite.old_count; at++) {
        struct ir_insn insn = rewrite_operands(&rewrite, at);
        struct place place = place_of(&insn);
        const struct known *known;
        switch (insn.op) {
        case ATOM_LD: case ATOM_LDS:
            known = look_up(&memory, &place, false);
            if (known) forward(&rewrite, at, &insn, known->value);
            else learn(&memory, place, rewrite_emit(&rewrite, at, insn), false);
            break;
        case ATOM_LDV: /* a place that was reached before is aligned, if it has to be, or that access had not */
            known = insn.kind & IR_ALIGNED ? NULL : look_up(&memory, &place, true);
            if (known) rewrite.value[at] = known->value;
            else learn(&memory, place, rewrite_emit(&rewrite, at, insn), true);
            break;
        case ATOM_ST: case ATOM_STV:
            forget(&memory, &place);
            if (loads_alike(&insn)) learn(&memory, place, insn.b, insn.op == ATOM_STV);
            rewrite_emit(&rewrite, at, insn);
            break;
        default: rewrite_emit(&rewrite, at, insn); break;
        }
    }
    rewrite_end(&rewrite);
}

/* ---- backwards ---- */

/* Stores that will come, with no exit before them. */
struct coming {
    struct place place[KNOWN_MAX];
    bool seen[KNOWN_MAX]; /* a load in between may look at older bytes there */
    unsigned count;
};

static bool byte_comes(const struct coming *coming, struct place byte, bool unseen)
{
    for (unsigned i = 0; i < coming->count; i++) {
        if (covers(&coming->place[i], &byte) && !(unseen && coming->seen[i])) return true;
    }
    return false;
}

static bool all_come(const struct coming *coming, struct place place, bool unseen)
{
    for (unsigned i = 0; i < place.bytes; i++) {
        if (!byte_comes(coming, (struct place){place.base, 1, place.offset + i}, unseen)) return false;
    }
    return true;
}

static void see(struct coming *coming, const struct place *load)
{
    for (unsigned i = 0; i < coming->count; i++) coming->seen[i] |= !apart(&coming->place[i], load);
}

/* Marks dead stores and probes by making them NOPs. */
static void mark_dead(struct ir_region *region)
{
    struct coming coming = {.count = 0};
    for (unsigned at = region->count - 1; at > 0; at--) {
        struct ir_insn *insn = &region->insns[at];
        struct place place = place_of(insn);
        if (insn->op == IR_EXIT || insn->op == IR_EXITIF) coming.count = 0;
        if (ir_is_load(insn->op)) see(&coming, &place);
        if (!ir_is_store(insn->op) && insn->op != ATOM_PROBE) continue;
        if (!(insn->kind & IR_ALIGNED) && all_come(&coming, place, ir_is_store(insn->op))) {
            *insn = (struct ir_insn){.op = ATOM_NOP, .guest = insn->guest};
        } else if (ir_is_store(insn->op) && coming.count < KNOWN_MAX) {
            coming.place[coming.count] = place;
            coming.seen[coming.count++] = false;
        }
    }
}

static void sweep(struct ir_region *region)
{
    struct rewrite rewrite;
    if (!rewrite_begin(&rewrite, region)) return;
    for (unsigned at = 1; at < rewrite.old_count; at++) {
        if (rewrite.old[at].op != ATOM_NOP) rewrite_emit(&rewrite, at, rewrite_operands(&rewrite, at));
    }
    rewrite_end(&rewrite);
}

void pass_memory(struct ir_region *region, const struct tr_request *request)
{
    forward_loads(region);
    mark_dead(region);
    sweep(region);
}
