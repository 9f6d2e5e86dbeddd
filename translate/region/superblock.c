/* superblock.c -- one way in, many ways out: blocks in a row, without joins. Which block follows is told by the
 * recorded path, the tail that was executed when the entry became hot (Duesterwald & Bala 2000, "Software profiling
 * for hot path prediction: less is more"): what runs next when a counter overflows is most likely what runs most. A
 * conditional branch on the path becomes a side exit to where the path does not go.
 *
 * Without a path the static rule is: straight on at forward branches, and a backward branch ends the region (loops
 * mostly go round). A branch back to the entry is turned so that the final exit is the one that loops.
 *
 * A superblock that leads back to its entry is a loop: its body is repeated while whole copies fit, so that iterations
 * overlap in the schedule and share a commit.
 */
#include "translate/region/former.h"

struct tail {
    struct former former;
    unsigned at;    /* of the path: the block expected next */
    unsigned copy;  /* which copy of the loop's body this is, from 0 */
    unsigned first; /* guest instruction with which this copy begins */
    unsigned body_stores, body_exits; /* of one copy */
};

static bool on_path(const struct tail *tail, uint64_t address)
{
    const struct tr_request *request = tail->former.request;
    return tail->at < request->path_count && request->path[tail->at] == address;
}

static bool path_ended(const struct tail *tail)
{
    return tail->former.request->path_count && tail->at >= tail->former.request->path_count;
}

/* In this copy of the body. */
static bool lifted_before(const struct tail *tail, uint64_t address)
{
    const struct ir_region *region = tail->former.region;
    for (unsigned i = tail->first; i < region->guest_count; i++) {
        if (region->guest[i].address == address) return true;
    }
    return false;
}

/* Exchanges where a conditional branch's side exit and the exit behind it lead to. */
static void turn(struct ir_insn *side, struct ir_insn *last)
{
    int64_t target = side->imm;
    side->cond ^= 1;
    side->imm = last->imm;
    last->imm = target;
}

/* Goes on with `target`, if there is room; takes the IR_EXIT that led there back. */
static bool go_on(struct tail *tail, uint64_t target)
{
    struct ir_region *region = tail->former.region;
    bool apart = target != tail->former.next;
    if (lifted_before(tail, target) || tail->former.ranges + apart >= TR_RANGES_MAX) return false;
    tail->former.ranges += apart;
    tail->former.next = target;
    region->count--;
    return true;
}

/* A conditional branch: EXITIF, then EXIT. */
static bool follow_branch(struct tail *tail, uint64_t address, struct ir_insn *side, struct ir_insn *last)
{
    bool known = on_path(tail, (uint64_t)side->imm) || on_path(tail, (uint64_t)last->imm);
    uint64_t entry = tail->former.request->spc;
    if (!known) {
        if ((uint64_t)side->imm == entry) turn(side, last);
        bool forward = (uint64_t)side->imm > address && (uint64_t)last->imm > address;
        return !tail->former.request->path_count && forward && go_on(tail, (uint64_t)last->imm);
    }
    if (!on_path(tail, (uint64_t)last->imm)) turn(side, last);
    return go_on(tail, (uint64_t)last->imm);
}

/* The return stack is pushed where the call was, for side exits that return from it. */
static bool follow_call(struct tail *tail, uint64_t target)
{
    const struct tr_request *request = tail->former.request;
    uint64_t behind = tail->former.next;
    if (!on_path(tail, target) || !go_on(tail, target)) return false;
    if (request->indirect == TR_JTLB_DRAS && request->machine->dras_entries) {
        ir_append(tail->former.region, (struct ir_insn){.op = IR_PUSH_RETURN, .imm = (int64_t)behind});
    }
    return true;
}

/* The instruction at `address` ended in an IR_EXIT: does the region go on behind it? */
static bool follow(struct tail *tail, uint64_t address)
{
    struct ir_region *region = tail->former.region;
    struct ir_insn *last = &region->insns[region->count - 1];
    if (path_ended(tail)) {
        if (last->kind == IR_JUMP && last[-1].op == IR_EXITIF && (uint64_t)last[-1].imm == tail->former.request->spc)
            turn(last - 1, last);
        return false;
    }
    if (last->kind == IR_CALL) return follow_call(tail, (uint64_t)last->imm);
    if (last->kind != IR_JUMP) return false;
    if (last[-1].op == IR_EXITIF) return follow_branch(tail, address, last - 1, last);
    return go_on(tail, (uint64_t)last->imm);
}

/* Where the region ends in a jump to its entry: goes on with another copy of the body, if a whole one fits. */
static bool go_round(struct tail *tail)
{
    struct former *former = &tail->former;
    struct ir_region *region = former->region;
    const struct tr_request *request = former->request;
    const struct ir_insn *last = &region->insns[region->count - 1];
    if (last->op != IR_EXIT || last->kind != IR_JUMP || (uint64_t)last->imm != request->spc) return false;
    if (tail->copy == 0) tail->body_stores = former->stores, tail->body_exits = former->exits;
    tail->copy++;
    unsigned body = region->guest_count / tail->copy;
    bool fits = region->guest_count + body <= former->insns_max &&
                former->stores + tail->body_stores <= request->machine->gate_entries &&
                former->exits + tail->body_exits + FORMER_EXITS_SPARE <= TR_EXITS_MAX;
    if (tail->copy >= request->options->gear2_unroll || !fits) return false;
    tail->first = region->guest_count;
    tail->at = 0;
    former->next = request->spc;
    region->count--;
    return true;
}

/* One more instruction. Returns whether the region goes on. */
static bool grow(struct tail *tail, enum tr_reason *reason)
{
    struct former *former = &tail->former;
    uint64_t address = former->next;
    bool begins = former->region->guest_count == tail->first;
    if (!begins && lifted_before(tail, address)) {
        former_end(former);
        return go_round(tail);
    }
    if (!begins && on_path(tail, address)) tail->at++;
    switch (former_lift(former, reason)) {
    case FORMER_FELL: return true;
    case FORMER_LEFT: return follow(tail, address) || go_round(tail);
    default: return false;
    }
}

enum tr_reason region_superblock(const struct tr_request *request, struct ir_region *region)
{
    struct tail tail = {.at = 0};
    enum tr_reason reason = former_init(&tail.former, request, region);
    while (reason == TR_OK && grow(&tail, &reason)) {}
    return reason;
}
