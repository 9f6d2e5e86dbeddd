/* former.c -- lifting within limits. An instruction goes into a region whole or not at all: where it turns out not to
 * fit (interpreter-only, too many stores for the gated store buffer, no room), what it appended is taken back and the
 * region ends before it.
 *
 * A REP string instruction is a region by itself, one iteration long, since each iteration is a commit. The gated store
 * buffer takes one entry a store atom, whatever pages the store touches.
 */
#include "translate/region/former.h"
#include "hwsim/isa/context.h"

enum {
    OPS_PER_INSN = 20,  /* room for IR operations: an average that real code stays far below */
    OPS_EXTRA = 512,    /* and for one ENTER or PUSHA */
};

static unsigned min_of(int64_t a, int64_t b) { return (unsigned)(a < b ? a : b); }

/* Contexts in which every instruction is the interpreter's, or whose code cannot be fetched by its EIP alone. */
static bool context_refused(uint64_t context)
{
    return CONTEXT_GET(context, STEP) || CONTEXT_GET(context, ALIGN) || CONTEXT_GET(context, LONG) ||
           CONTEXT_GET(context, BASE_CS);
}

enum tr_reason former_init(struct former *former, const struct tr_request *request, struct ir_region *region)
{
    *former = (struct former){.request = request, .region = region, .next = request->spc, .ranges = 1};
    if (context_refused(request->context)) return TR_CONTEXT;
    former->insns_max = min_of(request->insns_max, request->gear == 1 ? request->options->gear1_insns_max
                                                                      : request->options->gear2_insns_max);
    if (request->restraint & TR_ONE_INSN || !former->insns_max) former->insns_max = 1;
    unsigned capacity = OPS_EXTRA + former->insns_max * OPS_PER_INSN;
    return ir_region_init(region, request->arena, capacity, former->insns_max, request->context) ? TR_OK
                                                                                                 : TR_ARENA_FULL;
}

static enum tr_reason decode(struct former *former, struct x86_insn *insn)
{
    uint64_t skipped = former->next - former->window_address;
    if (former->next < former->window_address || skipped + X86_INSN_BYTES_MAX > former->window_bytes) {
        former->window_address = former->next;
        former->window_bytes =
            former->request->fetch(former->request->cookie, former->next, former->window, FORMER_WINDOW);
        skipped = 0;
    }
    if (former->window_bytes <= skipped) return TR_UNMAPPED;
    switch (x86_decode(former->window + skipped, former->window_bytes - (unsigned)skipped, former->request->context,
                       insn)) {
    case X86_OK: return x86_rows[insn->row].properties & X86_INTERPRETED ? TR_INTERPRETED : TR_OK;
    case X86_TRUNCATED: return TR_UNMAPPED;
    default: return TR_UNDECODABLE;
    }
}

static bool has_unit(const struct machine_desc *machine, unsigned class)
{
    for (unsigned unit = 0; unit < machine->unit_count; unit++)
        if (machine->unit_classes[unit] >> class & 1) return true;
    return false;
}

/* Has the machine the units for an operation, and to move its result? (One without leaves it to the interpreter.) */
static bool has_units(const struct machine_desc *machine, const struct ir_insn *insn)
{
    bool vector = ir_gives_vector(insn) || ir_vector_operands(insn);
    unsigned class = ir_is_atom(insn->op) ? atom_table[insn->op].unit : UNIT_ALU;
    return (class <= UNIT_BRANCH || has_unit(machine, class)) && (!vector || has_unit(machine, UNIT_VEC));
}

/* Does what has just been lifted belong into a translation, and does it fit? */
static enum tr_reason judge(struct former *former, unsigned first)
{
    const struct ir_region *region = former->region;
    unsigned stores = 0, exits = 0;
    if (region->full) return TR_ARENA_FULL;
    for (unsigned at = first; at < region->count; at++) {
        const struct ir_insn *insn = &region->insns[at];
        bool leaves_for_cms =
            insn->op == IR_EXIT && (insn->kind == IR_SYSTEM || insn->kind == IR_SOFTINT || insn->kind == IR_INTERPRET);
        if (!has_units(former->request->machine, insn)) return TR_INTERPRETED;
        if (insn->op == IR_HELPER || insn->op == IR_TRAP || leaves_for_cms) return TR_INTERPRETED;
        stores += ir_gate_entries(insn);
        exits += insn->op == IR_EXITIF || (insn->op == IR_EXIT && insn->kind == IR_CALL); /* a call may become a push */
    }
    if (former->stores + stores > former->request->machine->gate_entries) return TR_STORES;
    if (former->exits + exits + FORMER_EXITS_SPARE > TR_EXITS_MAX) return TR_EXITS;
    former->stores += stores;
    former->exits += exits;
    return TR_OK;
}

/* Lifts, and takes it back if it does not fit. One slot stays free for the exit that ends a region. */
static enum tr_reason lift(struct former *former, const struct x86_insn *insn)
{
    struct ir_region *region = former->region;
    unsigned first = region->count, guests = region->guest_count;
    uint16_t fpu = region->fpu;
    region->capacity--;
    x86_lift(region, insn, former->next);
    region->capacity++;
    enum tr_reason reason = judge(former, first);
    if (reason != TR_OK) {
        region->count = first;
        region->guest_count = guests;
        region->fpu = fpu;
        region->full = false;
    }
    return reason;
}

static void append_exit(struct former *former, unsigned kind)
{
    ir_append(former->region, (struct ir_insn){.op = IR_EXIT, .kind = (uint8_t)kind, .imm = (int64_t)former->next});
}

void former_end(struct former *former) { append_exit(former, IR_JUMP); }

/* Ends the region before an instruction that does not go into it. */
static enum former_step stop(struct former *former, enum tr_reason why, enum tr_reason *reason)
{
    bool interpret = why == TR_UNMAPPED || why == TR_UNDECODABLE || why == TR_INTERPRETED;
    *reason = former->region->guest_count ? TR_OK : why;
    if (*reason == TR_OK) append_exit(former, interpret ? IR_INTERPRET : IR_JUMP);
    return FORMER_DONE;
}

enum former_step former_lift(struct former *former, enum tr_reason *reason)
{
    struct x86_insn insn;
    struct ir_region *region = former->region;
    *reason = TR_OK;
    enum tr_reason why = region->guest_count < former->insns_max ? decode(former, &insn) : TR_ARENA_FULL;
    if (why != TR_OK) return stop(former, why, reason);
    bool repeats = x86_rows[insn.row].properties & X86_REPEATS && (insn.rep || insn.repne);
    why = repeats && region->guest_count ? TR_ARENA_FULL : lift(former, &insn);
    if (why != TR_OK) return stop(former, why, reason);
    former->next = (uint32_t)(former->next + insn.length);
    if (region->insns[region->count - 1].op == IR_EXIT) return FORMER_LEFT;
    if (!repeats) return FORMER_FELL;
    former_end(former);
    return FORMER_LEFT;
}
