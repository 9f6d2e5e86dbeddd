/* decode.c -- bytes to struct x86_insn. Opcode, ModRM.reg and "memory or register" select the row; the row says what
 * follows (SDM vol. 2, chapter 2 and appendix A).
 */
#include "translate/x86/rows.h"

/* Row + 1 by map, opcode and ModRM.reg (0 where there is no ModRM), for memory and for register operands. A position
 * that two rows claim is a warning of the compiler. */
#define SLOT(id, map, first, last, digits) [MAP_##map][first ... last][digits] = ROW_##id + 1,
#define NO_SLOT(id, map, first, last, digits)
#define INSN16(id, ...)

#define IN_MEMORY_FIX SLOT
#define IN_MEMORY_ACC SLOT
#define IN_MEMORY_OPR SLOT
#define IN_MEMORY_RM  SLOT
#define IN_MEMORY_MEM SLOT
#define IN_MEMORY_REG NO_SLOT
#define IN_MEMORY_ONE NO_SLOT
#define IN_MEMORY_CRX SLOT
#define INSN(id, map, first, last, digits, encoding, ...) IN_MEMORY_##encoding(id, map, first, last, digits)
static const uint16_t rows_memory[MAPS][256][8] = {
#include "translate/x86/x86_insns.def"
};

#define INSN16(id, ...)
#define IN_REGISTER_FIX NO_SLOT
#define IN_REGISTER_ACC NO_SLOT
#define IN_REGISTER_OPR NO_SLOT
#define IN_REGISTER_RM  SLOT
#define IN_REGISTER_MEM NO_SLOT
#define IN_REGISTER_REG SLOT
#define IN_REGISTER_ONE SLOT
#define IN_REGISTER_CRX SLOT
#define INSN(id, map, first, last, digits, encoding, ...) IN_REGISTER_##encoding(id, map, first, last, digits)
static const uint16_t rows_register[MAPS][256][8] = {
#include "translate/x86/x86_insns.def"
};

/* All rows of an opcode agree on whether a ModRM byte follows, so that they may overwrite each other here. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#define INSN16(id, ...)
#define INSN(id, map, first, last, digits, from, ...) [MAP_##map][first ... last] = ENCODING_##from >= ENCODING_RM,
static const bool has_modrm[MAPS][256] = {
#include "translate/x86/x86_insns.def"
};
#pragma GCC diagnostic pop

enum prefix { PREFIX_NONE, PREFIX_SEGMENT, PREFIX_OPERAND, PREFIX_ADDRESS, PREFIX_LOCK, PREFIX_REPNE, PREFIX_REP };
static const uint8_t prefixes[256] = {
    [0x26] = PREFIX_SEGMENT, [0x2e] = PREFIX_SEGMENT, [0x36] = PREFIX_SEGMENT, [0x3e] = PREFIX_SEGMENT,
    [0x64] = PREFIX_SEGMENT, [0x65] = PREFIX_SEGMENT, [0x66] = PREFIX_OPERAND, [0x67] = PREFIX_ADDRESS,
    [0xf0] = PREFIX_LOCK,    [0xf2] = PREFIX_REPNE,   [0xf3] = PREFIX_REP,
};

struct cursor {
    const uint8_t *bytes;
    unsigned at, end; /* end: available bytes, 15 at most */
    bool failed;      /* ran past the end */
};

static uint32_t take(struct cursor *cursor, unsigned bytes)
{
    uint32_t value = 0;
    if (UNLIKELY(cursor->end - cursor->at < bytes)) {
        cursor->failed = true;
        cursor->at = cursor->end;
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++) value |= (uint32_t)cursor->bytes[cursor->at + i] << 8 * i;
    cursor->at += bytes;
    return value;
}

static int32_t take_signed(struct cursor *cursor, unsigned bytes)
{
    uint32_t value = take(cursor, bytes);
    return bytes == 1 ? (int8_t)value : bytes == 2 ? (int16_t)value : (int32_t)value;
}

/* Returns the first byte that is not a prefix. Of segment overrides, and of F2 and F3, the last one counts. */
static uint8_t take_prefixes(struct cursor *cursor, struct x86_insn *insn, uint8_t default_size)
{
    uint8_t byte, other = default_size == SIZE_32 ? SIZE_16 : SIZE_32;
    for (;;) {
        byte = (uint8_t)take(cursor, 1);
        switch (prefixes[byte]) {
        case PREFIX_NONE: return byte;
        case PREFIX_SEGMENT:
            insn->segment = byte >= 0x64 ? X86_FS + (byte & 1) : byte >> 3 & 3;
            insn->segment_override = true;
            break;
        case PREFIX_OPERAND: insn->operand_size = other; break;
        case PREFIX_ADDRESS: insn->address_size = other; break;
        case PREFIX_LOCK: insn->lock = true; break;
        default:
            insn->rep = byte == 0xf3;
            insn->repne = byte == 0xf2;
        }
    }
}

/* Table 2-1 of the SDM. */
static void take_address16(struct cursor *cursor, struct x86_insn *insn)
{
    enum { BX = 3, BP = 5, SI = 6, DI = 7 };
    static const int8_t bases[8] = {BX, BX, BP, BP, SI, DI, BP, BX}, indexes[8] = {SI, DI, SI, DI, -1, -1, -1, -1};
    unsigned mod = insn->modrm >> 6;
    insn->base = bases[insn->rm];
    insn->index = indexes[insn->rm];
    if (mod == 0 && insn->rm == 6) {
        insn->base = -1;
        insn->displacement = (int32_t)take(cursor, 2);
    } else if (mod) {
        insn->displacement = take_signed(cursor, mod);
    }
    if (insn->base == BP && !insn->segment_override) insn->segment = X86_SS;
}

/* Tables 2-2 and 2-3 of the SDM. */
static void take_address32(struct cursor *cursor, struct x86_insn *insn)
{
    enum { ESP = 4, EBP = 5 };
    unsigned mod = insn->modrm >> 6;
    insn->base = (int8_t)insn->rm;
    if (insn->rm == 4) {
        uint8_t sib = (uint8_t)take(cursor, 1);
        insn->base = sib & 7;
        insn->index = (sib >> 3 & 7) == 4 ? -1 : (int8_t)(sib >> 3 & 7);
        insn->scale = sib >> 6;
    }
    if (mod == 0 && insn->base == EBP) {
        insn->base = -1;
        insn->displacement = take_signed(cursor, 4);
    } else if (mod) {
        insn->displacement = take_signed(cursor, mod == 1 ? 1 : 4);
    }
    if ((insn->base == ESP || insn->base == EBP) && !insn->segment_override) insn->segment = X86_SS;
}

static void take_immediate(struct cursor *cursor, struct x86_insn *insn, unsigned kind)
{
    unsigned operand = insn->operand_size == SIZE_16 ? 2 : 4;
    switch (kind) {
    case IMM_1: insn->immediate = 1; break;
    case IMM_IB: insn->immediate = take(cursor, 1); break;
    case IMM_SB: case IMM_JB: insn->immediate = take_signed(cursor, 1); break;
    case IMM_IW: insn->immediate = take(cursor, 2); break;
    case IMM_IZ: case IMM_JZ: insn->immediate = take_signed(cursor, operand); break;
    case IMM_WB:
        insn->immediate = take(cursor, 2);
        insn->immediate2 = take(cursor, 1);
        break;
    case IMM_MO:
        insn->memory = true;
        insn->displacement = (int32_t)take(cursor, insn->address_size == SIZE_16 ? 2 : 4);
        break;
    case IMM_FAR:
        insn->immediate = take(cursor, operand);
        insn->immediate2 = take(cursor, 2);
        break;
    default: break;
    }
}

/* Is there a row for any form of this opcode? */
static bool is_used(unsigned map, uint8_t opcode)
{
    for (unsigned digit = 0; digit < 8; digit++) {
        if (rows_memory[map][opcode][digit] || rows_register[map][opcode][digit]) return true;
    }
    return false;
}

/* The opcode's map and last byte. Of the mandatory prefixes F2 and F3 go before 66. */
static unsigned take_opcode(struct cursor *cursor, const struct x86_insn *insn, bool other_size, uint8_t *opcode)
{
    unsigned prefix = insn->rep ? 2 : insn->repne ? 3 : other_size;
    if (*opcode != 0x0f) return MAP_ONE;
    *opcode = (uint8_t)take(cursor, 1);
    if (*opcode == 0x38 || *opcode == 0x3a) {
        unsigned map = *opcode == 0x38 ? MAP_38_NP : MAP_3A_NP;
        *opcode = (uint8_t)take(cursor, 1);
        return map + prefix;
    }
    return is_used(MAP_0F_NP + prefix, *opcode) ? MAP_0F_NP + prefix : MAP_0F;
}

/* Row + 1, or 0. An x87 opcode's register forms are first looked for one by one. */
static unsigned find_row(const struct x86_insn *insn, unsigned map, uint8_t opcode)
{
    if (!insn->has_modrm || insn->memory) return rows_memory[map][opcode][insn->reg];
    if (map == MAP_ONE && (opcode & 0xf8) == 0xd8) {
        unsigned row = rows_register[MAP_X87][insn->modrm][opcode & 7];
        if (row) return row;
    }
    return rows_register[map][opcode][insn->reg];
}

static void take_modrm(struct cursor *cursor, struct x86_insn *insn)
{
    insn->has_modrm = true;
    insn->modrm = (uint8_t)take(cursor, 1);
    insn->reg = insn->modrm >> 3 & 7;
    insn->rm = insn->modrm & 7;
    insn->memory = insn->modrm < 0xc0;
}

static uint8_t operand_size(unsigned width, uint8_t in_force)
{
    static const uint8_t sizes[] = {[WIDTH_B] = SIZE_8, [WIDTH_W] = SIZE_16, [WIDTH_D] = SIZE_32, [WIDTH_Q] = SIZE_64};
    return width >= WIDTH_V ? in_force : sizes[width];
}

static enum x86_status ran_out(const struct cursor *cursor)
{
    return cursor->end == X86_INSN_BYTES_MAX ? X86_TOO_LONG : X86_TRUNCATED;
}

enum x86_status x86_decode(const uint8_t *bytes, unsigned available, uint64_t context, struct x86_insn *insn)
{
    struct cursor cursor = {bytes, 0, available < X86_INSN_BYTES_MAX ? available : X86_INSN_BYTES_MAX, false};
    uint8_t size = row_context(context, ROW_CONTEXT_CODE32) ? SIZE_32 : SIZE_16;
    *insn = (struct x86_insn){.operand_size = size, .address_size = size, .segment = X86_DS, .base = -1, .index = -1};

    uint8_t opcode = take_prefixes(&cursor, insn, size);
    unsigned map = take_opcode(&cursor, insn, insn->operand_size != size, &opcode);
    if (UNLIKELY(cursor.failed)) return ran_out(&cursor);
    if (has_modrm[map][opcode]) take_modrm(&cursor, insn);
    if (UNLIKELY(cursor.failed)) return ran_out(&cursor);

    unsigned row = find_row(insn, map, opcode);
    if (UNLIKELY(!row)) return X86_INVALID;
    const struct row_shape *shape = &x86_shapes[--row];
    if (shape->encoding == ENCODING_CRX) insn->memory = false;
    if (shape->encoding == ENCODING_OPR) insn->rm = opcode & 7;
    if (insn->memory) (insn->address_size == SIZE_16 ? take_address16 : take_address32)(&cursor, insn);
    if (shape->immediate != IMM_NO) take_immediate(&cursor, insn, shape->immediate);
    if (UNLIKELY(cursor.failed)) return ran_out(&cursor);

    unsigned properties = x86_rows[row].properties;
    if (UNLIKELY((properties >> X86_CPU_SHIFT) + (context >> ROW_CONTEXT_WITHOUT & 7) >= CPUS)) return X86_INVALID;
    if (UNLIKELY(insn->lock) && !(insn->memory && properties & X86_LOCKABLE)) return X86_INVALID;
    unsigned twin = x86_row_twin[row];
    if (twin) row += (twin == ROW_TWIN_ADDRESS ? insn->address_size : insn->operand_size) == SIZE_16;
    insn->row = (uint16_t)row;
    insn->opcode = opcode;
    insn->length = (uint8_t)cursor.at;
    insn->operand_size = operand_size(shape->size, insn->operand_size);
    return X86_OK;
}
