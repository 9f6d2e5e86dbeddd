/* predecode.c -- basic blocks decoded and lifted once for the interpreter, kept until their code changes.
 *
 * Blocks are allocated forward and all dropped when the space is full. A block that is no longer valid keeps its bytes
 * until then, so that the interpreter may finish the instruction with which it invalidated the block.
 */
#include "cms/state.h"

/* The next instruction, and the guest bytes it was found among. */
struct decoding {
    struct x86_insn insn;
    enum x86_status status;
    uint64_t address; /* of the first byte in the window */
    unsigned got;     /* bytes in it; if not all, a fault follows */
    uint8_t window[96];
};

static uint64_t linear_of(const struct cms *cms, uint64_t address)
{
    uint64_t linear = address + cms->state->r[HOME_CS_BASE];
    return CONTEXT_GET(cms->root->context, LONG) ? linear : (uint32_t)linear;
}

static void decode_at(struct cms *cms, uint64_t address, struct decoding *decoding)
{
    uint64_t skip = address - decoding->address;
    if (address < decoding->address || skip + X86_INSN_BYTES_MAX > decoding->got) {
        decoding->address = address;
        decoding->got =
            hw_fetch(cms->core, linear_of(cms, address), cms->user, decoding->window, sizeof decoding->window);
        skip = 0;
    }
    decoding->status =
        x86_decode(decoding->window + skip, decoding->got - (unsigned)skip, cms->root->context, &decoding->insn);
}

static struct hw_fault fault_of(struct cms *cms, const struct decoding *decoding)
{
    if (decoding->status == X86_TRUNCATED) return hw_fault(cms->core);
    return (struct hw_fault){.vector = decoding->status == X86_INVALID ? VECTOR_UD : VECTOR_GP};
}

/* Homes and flags that the operations write; a helper may write any. False: too many operations before a vector's. */
static bool note_writes(struct record *record, const struct ir_insn *ops)
{
    record->dirty = UINT64_C(1) << HOME_EIP;
    for (unsigned at = 1; at < record->ops; at++) {
        if (at >= VECTOR_OPS_MAX && (ir_gives_vector(&ops[at]) || ir_vector_operands(&ops[at]))) return false;
        if (ops[at].op == IR_PUT) record->dirty |= UINT64_C(1) << ops[at].imm;
        if (ops[at].op == IR_PUTF) record->flags |= RECORD_FLAGS_DIRTY;
        if (ops[at].op == IR_HELPER) {
            record->dirty = UINT64_MAX;
            record->flags |= RECORD_FLAGS_DIRTY;
        }
    }
    return true;
}

/* Lifts a decoded instruction into its record, in `room` bytes, under a context word, which then becomes the one that
 * the next instruction will find; returns the bytes it took, 0 if it does not fit. */
static size_t make_record(struct cms *cms, const struct decoding *decoding, uint64_t address, uint64_t *context,
                          struct record *to, size_t room)
{
    const struct x86_insn *insn = &decoding->insn;
    const struct x86_row *row = &x86_rows[insn->row];
    struct ir_guest_insn guest[1];
    struct ir_region region = {.insns = (struct ir_insn *)to,
                               .count = 1,
                               .guest = guest,
                               .guest_capacity = LENGTH(guest),
                               .capacity = (unsigned)(room / sizeof *to),
                               .context = *context,
                               .fpu = (uint16_t)CONTEXT_GET(*context, FPU_STACK)};
    if (room < sizeof *to) return 0;
    if (region.capacity > INSN_OPS_MAX) region.capacity = INSN_OPS_MAX;
    *to = (struct record){.address = address, .ops = 1, .row = insn->row, .length = insn->length};
    if (row->properties & X86_ENDS_REGION) to->flags |= RECORD_TRANSFERS;
    if (row->properties & X86_REPEATS && (insn->rep || insn->repne)) to->flags |= RECORD_REPEATS;
    if (insn->address_size == SIZE_16) to->flags |= RECORD_COUNTS_CX;
    x86_lift(&region, insn, address);
    if (region.full && region.capacity == INSN_OPS_MAX)
        hw_panic(cms->core, "%s lifts to too many operations", row->mnemonic);
    if (region.full) return 0;
#ifdef COVM_CHECKS
    ir_ref wrong_at;
    const char *wrong = ir_verify(&region, &wrong_at);
    if (wrong) hw_panic(cms->core, "%s lifts to operation %u: %s", row->mnemonic, wrong_at, wrong);
#endif
    if (region.fpu != CONTEXT_GET(*context, FPU_STACK)) to->flags |= RECORD_FPU;
    *context = CONTEXT_PUT(*context, FPU_STACK, region.fpu);
    to->ops = (uint16_t)region.count;
    if (!note_writes(to, (const struct ir_insn *)to)) hw_panic(cms->core, "%s lifts to too many operations", row->mnemonic);
    return region.count * sizeof(struct ir_insn);
}

static void charge(struct cms *cms, unsigned insns)
{
    hw_charge(cms->core, WORK_DECODE, insns, 0);
    hw_count(cms->core, CMS_STAT_decoded, insns);
}

const struct record *predecode_once(struct cms *cms, uint64_t address, struct hw_fault *fault)
{
    struct record *record = at(cms, cms->root->scratch);
    struct decoding decoding;
    decoding.address = decoding.got = 0;
    decode_at(cms, address, &decoding);
    charge(cms, 1);
    if (decoding.status != X86_OK) {
        *fault = fault_of(cms, &decoding);
        return NULL;
    }
    uint64_t context = cms->root->context;
    make_record(cms, &decoding, address, &context, record, INSN_OPS_MAX * sizeof(struct ir_insn));
    return record;
}

/* Decodes instructions into the block until it ends. False: not even the first could be had. */
static bool fill(struct cms *cms, struct block *block, uint64_t address, size_t room, struct hw_fault *fault)
{
    uint64_t page = linear_of(cms, address) >> 12, context = cms->root->context;
    struct decoding decoding;
    decoding.address = decoding.got = 0;
    while (block->insns < BLOCK_INSNS_MAX && linear_of(cms, address) >> 12 == page) {
        decode_at(cms, address, &decoding);
        if (decoding.status != X86_OK) {
            if (!block->insns) *fault = fault_of(cms, &decoding);
            break;
        }
        struct record *record = (struct record *)((char *)block + block->bytes);
        size_t bytes = make_record(cms, &decoding, address, &context, record, room - block->bytes);
        if (!bytes) break;
        block->bytes += (uint32_t)bytes;
        block->insns++;
        address += decoding.insn.length;
        if (!CONTEXT_GET(cms->root->context, LONG)) address = (uint32_t)address;
        if (record->flags & RECORD_TRANSFERS) break;
    }
    charge(cms, block->insns);
    return block->insns > 0;
}

/* What is kept makes its page protected. Code that is rewritten all the time earns that only by being run again. */
bool predecode_keeps(const struct cms *cms, const struct head *head)
{
    return cms->options->interpreter == CMS_PREDECODED && (head->rewrites < 8 || head->executions > 1);
}

struct block *predecode_block(struct cms *cms, struct head *head, struct hw_fault *fault)
{
    struct root *root = cms->root;
    enum { ROOM_LEAST = 65536 / 2 };
    if (LIKELY(head->block != 0)) return at(cms, head->block);
    if (root->blocks_bytes - root->blocks_used < ROOM_LEAST) predecode_flush(cms);
    coherence_make_room(cms);
    struct block *block = at(cms, root->blocks + root->blocks_used);
    *block = (struct block){.bytes = sizeof *block, .head = offset_of(cms, head), .valid = true};
    if (!fill(cms, block, head->spc, root->blocks_bytes - root->blocks_used, fault)) return NULL;
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
