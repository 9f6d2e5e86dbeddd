/* predecode.c -- basic blocks decoded and lifted once for the interpreter, kept until their code changes.
 *
 * Blocks are allocated forward and all dropped when the space is full. A block that is no longer valid keeps its bytes
 * until then, so that the interpreter may finish the instruction with which it invalidated the block.
 */
#include "cms/state.h"

/* Where the bytes of the next instruction come from, and what became of it. */
struct decoding {
    struct x86_insn insn;
    enum x86_status status;
    bool unmapped; /* bytes are missing because of hw_fault() */
};

static uint64_t linear_of(const struct cms *cms, uint64_t address)
{
    uint64_t linear = address + cms->state->r[HOME_CS_BASE];
    return CONTEXT_GET(cms->root->context, LONG) ? linear : (uint32_t)linear;
}

static void decode_at(struct cms *cms, uint64_t address, struct decoding *decoding)
{
    uint8_t bytes[X86_INSN_BYTES_MAX];
    unsigned got = hw_fetch(cms->core, linear_of(cms, address), cms->user, bytes, sizeof bytes);
    decoding->unmapped = got < sizeof bytes;
    decoding->status = x86_decode(bytes, got, cms->root->context, &decoding->insn);
}

static struct hw_fault fault_of(struct cms *cms, const struct decoding *decoding)
{
    if (decoding->status == X86_TRUNCATED) return hw_fault(cms->core);
    return (struct hw_fault){.vector = decoding->status == X86_INVALID ? 6 : 13};
}

/* Homes and flags that the operations write; a helper may write any. */
static void note_writes(struct record *record, const struct ir_insn *ops)
{
    record->dirty = UINT32_C(1) << HOME_EIP;
    for (unsigned at = 1; at < record->ops; at++) {
        if (ops[at].op == IR_PUT) record->dirty |= UINT32_C(1) << ops[at].imm;
        if (ops[at].op == IR_PUTF) record->flags |= RECORD_FLAGS_DIRTY;
        if (ops[at].op == IR_HELPER) {
            record->dirty = UINT32_MAX;
            record->flags |= RECORD_FLAGS_DIRTY;
        }
    }
}

/* Appends the record of a decoded instruction at `to`, `room` bytes; returns the bytes it took, 0 if it does not fit. */
static size_t append_record(struct cms *cms, const struct decoding *decoding, uint64_t address, struct record *to, size_t room)
{
    const struct x86_insn *insn = &decoding->insn;
    const struct x86_row *row = &x86_rows[insn->row];
    struct arena arena;
    struct ir_region region;
    arena_init(&arena, at(cms, cms->root->arena), cms->root->arena_bytes);
    if (room < sizeof *to) return 0;
    *to = (struct record){.address = address, .ops = 1, .row = insn->row, .length = insn->length};
    if (row->properties & X86_ENDS_REGION) to->flags |= RECORD_TRANSFERS;
    if (row->properties & X86_REPEATS && (insn->rep || insn->repne)) to->flags |= RECORD_REPEATS;
    if (decoding->status == X86_UNSUPPORTED) {
        to->flags |= RECORD_UNSUPPORTED | RECORD_TRANSFERS;
        return sizeof *to;
    }
    if (!ir_region_init(&region, &arena, INSN_OPS_MAX, 2, cms->root->context)) hw_panic(cms->core, "no room to lift");
    x86_lift(&region, insn, address);
    if (region.full) hw_panic(cms->core, "%s lifts to too many operations", row->mnemonic);
    size_t bytes = region.count * sizeof(struct ir_insn);
    if (bytes > room) return 0;
    to->ops = (uint16_t)region.count;
    memcpy(to + 1, &region.insns[1], bytes - sizeof *to);
    note_writes(to, (const struct ir_insn *)to);
    return bytes;
}

/* Decodes up to `insns` instructions into the block. False: not even the first could be had. */
static bool fill(struct cms *cms, struct block *block, uint64_t address, unsigned insns, size_t room, struct hw_fault *fault)
{
    uint64_t page = linear_of(cms, address) >> 12;
    struct decoding decoding;
    while (block->insns < insns && linear_of(cms, address) >> 12 == page) {
        decode_at(cms, address, &decoding);
        if (decoding.status != X86_OK && decoding.status != X86_UNSUPPORTED) {
            if (!block->insns) *fault = fault_of(cms, &decoding);
            break;
        }
        struct record *record = (struct record *)((char *)block + block->bytes);
        size_t bytes = append_record(cms, &decoding, address, record, room - block->bytes);
        if (!bytes) break;
        /* One that cannot be run must not keep those before it from running. */
        if (record->flags & RECORD_UNSUPPORTED && block->insns) break;
        block->bytes += (uint32_t)bytes;
        block->insns++;
        address += decoding.insn.length;
        if (!CONTEXT_GET(cms->root->context, LONG)) address = (uint32_t)address;
        if (record->flags & RECORD_TRANSFERS) break;
    }
    hw_charge(cms->core, WORK_DECODE, block->insns, 0);
    hw_count(cms->core, CMS_STAT_decoded, block->insns);
    return block->insns > 0;
}

/* One instruction, decoded afresh and not kept. */
static struct block *decode_once(struct cms *cms, struct head *head, struct hw_fault *fault)
{
    struct block *block = at(cms, cms->root->scratch);
    *block = (struct block){.bytes = sizeof *block, .head = offset_of(cms, head), .valid = true};
    size_t room = sizeof *block + INSN_OPS_MAX * sizeof(struct ir_insn);
    return fill(cms, block, head->spc, 1, room, fault) ? block : NULL;
}

/* Code that is rewritten all the time is not worth keeping; and each record kept makes its page protected. */
static bool worth_keeping(const struct cms *cms, const struct head *head)
{
    return cms->options->interpreter == CMS_PREDECODED && head->rewrites < 8;
}

struct block *predecode_block(struct cms *cms, struct head *head, struct hw_fault *fault)
{
    struct root *root = cms->root;
    enum { ROOM_LEAST = 65536 / 2 };
    if (LIKELY(head->block != 0)) return at(cms, head->block);
    if (!worth_keeping(cms, head)) return decode_once(cms, head, fault);
    if (root->blocks_bytes - root->blocks_used < ROOM_LEAST) predecode_flush(cms);
    coherence_make_room(cms);
    struct block *block = at(cms, root->blocks + root->blocks_used);
    *block = (struct block){.bytes = sizeof *block, .head = offset_of(cms, head), .valid = true};
    if (!fill(cms, block, head->spc, BLOCK_INSNS_MAX, root->blocks_bytes - root->blocks_used, fault)) return NULL;
    uint64_t guest_bytes = 0;
    struct record *record = (struct record *)(block + 1);
    for (unsigned i = 0; i < block->insns; i++, record += record->ops) guest_bytes += record->length;
    root->blocks_used += (uint32_t)round_up(block->bytes, 16);
    block->bytes = (uint32_t)round_up(block->bytes, 16);
    coherence_watch(cms, offset_of(cms, block), block->sources, 0, linear_of(cms, head->spc), (uint32_t)guest_bytes);
    head->block = offset_of(cms, block);
    hw_count(cms->core, CMS_STAT_blocks, 1);
    return block;
}

void predecode_drop(struct cms *cms, struct block *block)
{
    struct head *head = at(cms, block->head);
    if (!block->valid) return;
    block->valid = false;
    head->block = 0;
    for (unsigned i = 0; i < LENGTH(block->sources); i++) {
        if (block->sources[i].page) coherence_forget(cms, &block->sources[i]);
    }
}

void predecode_flush(struct cms *cms)
{
    struct root *root = cms->root;
    uint32_t offset = 0;
    while (offset < root->blocks_used) {
        struct block *block = at(cms, root->blocks + offset);
        uint64_t pages[LENGTH(block->sources)] = {0};
        for (unsigned i = 0; i < LENGTH(pages); i++) {
            if (block->valid && block->sources[i].page) {
                pages[i] = ((struct page *)at(cms, block->sources[i].page))->physical;
            }
        }
        predecode_drop(cms, block);
        for (unsigned i = 0; i < LENGTH(pages); i++) {
            if (pages[i]) coherence_protect(cms, pages[i]);
        }
        offset += block->bytes;
    }
    root->blocks_used = 0;
    hw_count(cms->core, CMS_STAT_block_flushes, 1);
}
