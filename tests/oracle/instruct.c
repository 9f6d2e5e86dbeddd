/* instruct.c -- i386 instructions, decoded, and rewritten so that they mean the same in 64-bit mode: addresses of 32
 * bits (67h), no segments, [disp32] without the instruction pointer, INC and DEC without the bytes that became REX.
 * Addresses that 64-bit mode cannot form (16 bits, FS, GS) are computed by hand and put in as absolute ones.
 */
#include <string.h>

#include "tests/oracle/guest.h"

enum { INSN_BYTES_MAX = 15, PREFIX_ADDRESS = 0x67, RM_SIB = 4, RM_DISP32 = 5, SIB_NOTHING = 0x25 };

static struct cached {
    uint32_t at;
    bool valid;
    struct instruction insn;
} cache[INSTRUCTIONS_CACHED];

static bool is_segment_prefix(uint8_t byte)
{
    return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0x64 || byte == 0x65;
}

struct writer {
    uint8_t *to;
    uint8_t length;
};

static void put(struct writer *w, const void *bytes, unsigned count)
{
    memcpy(w->to + w->length, bytes, count);
    w->length = (uint8_t)(w->length + count);
}

static void put_byte(struct writer *w, unsigned byte) { put(w, &(uint8_t){(uint8_t)byte}, 1); }

/* Each once, in their order; those of a REP only if `repeats`. */
static void put_prefixes(struct writer *w, const struct instruction *insn, bool repeats)
{
    const ZydisDecodedInstructionRaw *raw = &insn->decoded.raw;
    for (unsigned i = 0; i < raw->prefix_count; i++) {
        uint8_t value = raw->prefixes[i].value;
        bool drop = is_segment_prefix(value) || value == PREFIX_ADDRESS || memchr(w->to, value, w->length);
        if (!drop && (repeats || (value & 0xfe) != 0xf2)) put_byte(w, value);
    }
    put_byte(w, PREFIX_ADDRESS);
}

static bool needs_absolute(const struct instruction *insn)
{
    const ZydisDecodedInstruction *d = &insn->decoded;
    if (!(d->attributes & ZYDIS_ATTRIB_HAS_MODRM)) return true; /* MOV with an offset */
    return d->address_width == 16 || insn->memory->mem.segment >= ZYDIS_REGISTER_FS ||
           (d->raw.modrm.mod == 0 && d->raw.modrm.rm == RM_DISP32);
}

static uint8_t rewrite(struct instruction *insn, uint8_t *to, bool repeats)
{
    const ZydisDecodedInstruction *d = &insn->decoded;
    bool modrm = d->attributes & ZYDIS_ATTRIB_HAS_MODRM, one_byte = d->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT;
    struct writer w = {to, 0};
    put_prefixes(&w, insn, repeats);
    unsigned at = d->raw.prefix_count;
    unsigned opcodes = modrm ? d->raw.modrm.offset - at : insn->memory ? 1 : (unsigned)d->length - at;
    if (one_byte && d->opcode >= 0x40 && d->opcode < 0x50) { /* INC r, DEC r */
        put_byte(&w, 0xff);
        put_byte(&w, 0xc0 + d->opcode - 0x40u);
    } else if (one_byte && d->opcode == 0x82) {
        put_byte(&w, 0x80);
    } else {
        put(&w, insn->bytes + at, opcodes);
    }
    at += opcodes;
    if (insn->memory && needs_absolute(insn)) {
        if (modrm) {
            put_byte(&w, d->raw.modrm.reg << 3 | RM_SIB);
            put_byte(&w, SIB_NOTHING);
            at += 1 + (d->raw.sib.offset != 0);
        }
        insn->absolute = w.length;
        put(&w, &(uint32_t){0}, 4);
        at += d->raw.disp.size / 8;
    }
    put(&w, insn->bytes + at, d->length - at);
    return w.length;
}

static const ZydisDecodedOperand *memory_operand(const struct instruction *insn)
{
    const ZydisDecodedOperand *o = insn->operands;
    for (; o < insn->operands + insn->decoded.operand_count; o++)
        if (o->type == ZYDIS_OPERAND_TYPE_MEMORY && o->visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT &&
            insn->decoded.meta.category != ZYDIS_CATEGORY_STRINGOP &&
            insn->decoded.meta.category != ZYDIS_CATEGORY_IOSTRINGOP)
            return o;
    return NULL;
}

/* How many bytes may be fetched from here on. */
static unsigned readable(uint32_t at)
{
    unsigned here = PAGE - (at & (PAGE - 1));
    if (!calls_executable(at)) return 0;
    return here < INSN_BYTES_MAX && !calls_executable(at + here) ? here : INSN_BYTES_MAX;
}

static void decode(struct guest *guest, struct instruction *insn)
{
    static ZydisDecoder decoder;
    if (decoder.machine_mode != ZYDIS_MACHINE_MODE_LEGACY_32)
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    unsigned bytes = readable(guest->eip);
    *insn = (struct instruction){0};
    if (bytes == 0) step_fetch(guest, guest->eip);
    memcpy(insn->bytes, guest_pointer(guest->eip), bytes);
    ZyanStatus status = ZydisDecoderDecodeFull(&decoder, insn->bytes, bytes, &insn->decoded, insn->operands);
    if (status == ZYDIS_STATUS_NO_MORE_DATA && bytes < INSN_BYTES_MAX) step_fetch(guest, guest->eip + bytes);
    const ZydisDecodedInstruction *d = &insn->decoded;
    insn->too_long = status == ZYDIS_STATUS_NO_MORE_DATA || status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG;
    insn->undefined = !ZYAN_SUCCESS(status) || (d->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
                                                d->encoding != ZYDIS_INSTRUCTION_ENCODING_3DNOW);
    if (insn->undefined) return;
    insn->memory = memory_operand(insn);
    insn->emulated = emulate_wants(insn);
    insn->floats = d->meta.isa_ext != ZYDIS_ISA_EXT_BASE;
    insn->string = d->meta.category == ZYDIS_CATEGORY_STRINGOP || d->meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
    if (!insn->emulated) insn->native_length = rewrite(insn, insn->native, true);
    if (insn->string) insn->once_length = rewrite(insn, insn->once, false);
}

const struct instruction *instruction_fetch(struct guest *guest, unsigned *slot)
{
    struct cached *c = &cache[guest->eip % INSTRUCTIONS_CACHED];
    unsigned length = c->insn.decoded.length;
    *slot = (unsigned)(c - cache);
    if (c->valid && c->at == guest->eip && readable(guest->eip) >= length &&
        !memcmp(c->insn.bytes, guest_pointer(guest->eip), length))
        return &c->insn;
    c->valid = false;
    decode(guest, &c->insn);
    c->at = guest->eip;
    c->valid = !c->insn.undefined;
    step_install(*slot, &c->insn);
    return &c->insn;
}
