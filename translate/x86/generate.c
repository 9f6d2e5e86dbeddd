/* generate.c -- random instances of rows, encoded. What decode.c reads, this writes, from the same columns: a new row
 * is in every random test the day it lands.
 */
#include "hwsim/base/prng.h"
#include "translate/x86/rows.h"

struct generator {
    struct prng *prng;
    const struct x86_generate_options *options;
    const struct row_shape *shape;
    uint8_t *bytes;
    unsigned at;
    bool operand16, address16;
};

static unsigned below(struct generator *g, unsigned bound) { return (unsigned)prng_below(g->prng, bound); }
static bool chance(struct generator *g, unsigned one_in) { return below(g, one_in) == 0; }

static int32_t between(struct generator *g, int32_t low, int32_t high)
{
    return (int32_t)(low + (int64_t)prng_below(g->prng, (uint64_t)((int64_t)high - low + 1)));
}

static void put(struct generator *g, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) g->bytes[g->at++] = (uint8_t)(value >> 8 * i);
}

/* One of the set bits; 8 where there is none. */
static unsigned choose(struct generator *g, unsigned mask)
{
    unsigned bits = bits_count(mask), pick;
    if (!bits) return 8;
    for (pick = below(g, bits); pick; pick--) mask &= mask - 1;
    return (unsigned)__builtin_ctz(mask);
}

/* A register operand; an 8-bit one is part of a register that may be used. */
static unsigned operand_register(struct generator *g)
{
    unsigned reg = choose(g, 0xff & ~(unsigned)g->options->spared);
    if (g->shape->size != WIDTH_B) return reg;
    reg = choose(g, 0x0f & ~(unsigned)g->options->spared);
    return reg == 8 ? 8 : reg + 4 * below(g, 2);
}

/* What an immediate is often: a corner, or anything. */
static uint32_t interesting(struct generator *g)
{
    static const uint32_t corners[] = {0, 1, 2, 7, 8, 15, 16, 31, 32, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff,
                                       0x7fffffff, 0x80000000, 0xffffffff};
    return chance(g, 2) ? corners[below(g, LENGTH(corners))] : (uint32_t)prng_next(g->prng);
}

/* 0 none, 1 66, 2 F3, 3 F2. */
static unsigned mandatory_prefix(const struct generator *g)
{
    unsigned map = g->shape->map;
    return map >= MAP_0F_NP && map < MAP_X87 ? (map - MAP_0F_NP) & 3 : 0;
}

/* 66 is a size where the opcode does not take it for its own. */
static bool has_operand_size(const struct generator *g)
{
    return g->shape->size == WIDTH_V && (g->shape->map <= MAP_0F || mandatory_prefix(g) >= 2);
}

static void put_prefixes(struct generator *g)
{
    const struct x86_generate_options *options = g->options;
    if (options->no_prefixes) return;
    if (has_operand_size(g) && chance(g, 4)) g->operand16 ^= true, put(g, 0x66, 1);
    if (!options->no_address16 && chance(g, 8)) g->address16 ^= true, put(g, 0x67, 1);
    unsigned segment = options->segments && chance(g, 8) ? choose(g, options->segments) : 8;
    if (segment < 8) put(g, segment < X86_FS ? 0x26u + 8 * segment : 0x60u + segment, 1);
}

static void put_repeat(struct generator *g, unsigned properties)
{
    if (properties & X86_REPEATS && chance(g, 2)) put(g, 0xf2 + below(g, 2), 1);
}

static unsigned digit_of(struct generator *g)
{
    unsigned mask = 0;
    for (unsigned digit = 0; digit < 8; digit++) mask |= (unsigned)g->shape->digits[digit] << digit;
    /* where any value will do, ModRM.reg is an operand (or ignored) */
    return mask == 0xff ? operand_register(g) : choose(g, mask);
}

static uint32_t displacement(struct generator *g)
{
    return (uint32_t)between(g, g->options->displacement_low, g->options->displacement_high);
}

/* Absolute address, or one of the base registers with an 8- or 32-bit displacement, and an index where asked for. */
static void put_memory32(struct generator *g, unsigned reg)
{
    const struct x86_generate_options *options = g->options;
    uint32_t offset = displacement(g);
    unsigned base = choose(g, options->bases);
    if (base == 8) {
        put(g, reg << 3 | 5, 1), put(g, offset, 4);
        return;
    }
    unsigned mod = (int32_t)offset == (int8_t)offset ? 1 : 2;
    if (!offset && base != 5) mod = 0;
    unsigned index = options->scaled && chance(g, 2) ? choose(g, options->bases & ~0x10u) : 8;
    if (index < 8 || base == 4) {
        put(g, mod << 6 | reg << 3 | 4, 1);
        put(g, (index < 8 ? below(g, 4) << 6 | index << 3 : 0x20) | base, 1);
    } else {
        put(g, mod << 6 | reg << 3 | base, 1);
    }
    put(g, offset, mod == 2 ? 4 : mod);
}

static void put_memory16(struct generator *g, unsigned reg)
{
    uint32_t offset = displacement(g);
    bool based = g->options->bases != 0;
    unsigned mode = based ? below(g, 3) : 0, rm = based ? below(g, 8) : 6;
    put(g, mode << 6 | reg << 3 | rm, 1);
    put(g, offset, mode == 0 ? (rm == 6 ? 2 : 0) : mode);
}

static bool put_modrm(struct generator *g)
{
    const struct x86_generate_options *options = g->options;
    unsigned encoding = g->shape->encoding, reg = digit_of(g);
    bool may_memory = encoding != ENCODING_REG && encoding != ENCODING_CRX && !options->no_memory;
    bool may_register = encoding != ENCODING_MEM && !options->no_register;
    if (reg == 8 || (!may_memory && !may_register)) return false;
    if (may_memory && (!may_register || chance(g, 2))) {
        (g->address16 ? put_memory16 : put_memory32)(g, reg);
        return true;
    }
    unsigned rm = operand_register(g);
    put(g, 0xc0 | reg << 3 | (rm & 7), 1);
    return rm < 8;
}

/* The mandatory prefix, then the bytes before the opcode. */
static void put_map(struct generator *g)
{
    static const uint8_t prefixes[4] = {0, 0x66, 0xf3, 0xf2};
    unsigned map = g->shape->map, prefix = mandatory_prefix(g);
    if (prefix) put(g, prefixes[prefix], 1);
    if (map != MAP_ONE && map != MAP_X87) put(g, 0x0f, 1);
    if (map >= MAP_38_NP && map < MAP_X87) put(g, map < MAP_3A_NP ? 0x38 : 0x3a, 1);
}

static bool put_opcode(struct generator *g)
{
    const struct row_shape *shape = g->shape;
    unsigned opcode = shape->opcode + below(g, shape->opcode_last - shape->opcode + 1u);
    put_map(g);
    if (shape->encoding == ENCODING_OPR) {
        unsigned reg = operand_register(g);
        if (reg == 8) return false;
        opcode = (opcode & 0xf8) | reg;
        if (opcode < shape->opcode || opcode > shape->opcode_last) return false;
    }
    if (shape->encoding == ENCODING_ONE) put(g, 0xd8u + digit_of(g), 1);
    put(g, opcode, 1);
    return true;
}

static void put_immediate(struct generator *g)
{
    const struct x86_generate_options *options = g->options;
    unsigned operand = g->operand16 ? 2 : 4;
    int32_t low = options->branch_low, high = options->branch_high;
    switch (g->shape->immediate) {
    case IMM_IB: case IMM_SB: put(g, interesting(g), 1); break;
    case IMM_IW: put(g, interesting(g), 2); break;
    case IMM_IZ: put(g, interesting(g), operand); break;
    case IMM_WB: put(g, below(g, 256), 2), put(g, below(g, 34), 1); break;
    case IMM_MO: put(g, displacement(g), g->address16 ? 2 : 4); break;
    case IMM_FAR: put(g, interesting(g), operand), put(g, interesting(g), 2); break;
    case IMM_JB: put(g, (uint32_t)between(g, low < -128 ? -128 : low, high > 127 ? 127 : high), 1); break;
    case IMM_JZ: put(g, (uint32_t)between(g, low, high), operand); break;
    default: break;
    }
}

/* A row and its twin (INSN16) are told apart by a size. */
static bool fits_twins(const struct generator *g, unsigned row)
{
    unsigned before = row ? x86_row_twin[row - 1] : ROW_TWIN_NONE, after = x86_row_twin[row];
    if (before != ROW_TWIN_NONE) return before == ROW_TWIN_OPERAND ? g->operand16 : g->address16;
    if (after != ROW_TWIN_NONE) return after == ROW_TWIN_OPERAND ? !g->operand16 : !g->address16;
    return true;
}

unsigned x86_generate(unsigned row, struct prng *prng, const struct x86_generate_options *options, uint8_t *bytes)
{
    struct generator g = {.prng = prng, .options = options, .shape = &x86_shapes[row], .bytes = bytes,
                          .operand16 = options->code16, .address16 = options->code16};
    unsigned properties = x86_rows[row].properties;
    put_prefixes(&g);
    if (!fits_twins(&g, row)) return 0;
    put_repeat(&g, properties);
    unsigned lock_at = g.at;
    if (!put_opcode(&g)) return 0;
    unsigned modrm_at = g.at;
    if (g.shape->encoding == ENCODING_ONE) modrm_at--;
    else if (g.shape->encoding >= ENCODING_RM && !put_modrm(&g)) return 0;
    put_immediate(&g);
    bool memory = g.shape->encoding >= ENCODING_RM && bytes[modrm_at] < 0xc0;
    if (memory && properties & X86_LOCKABLE && g.at < X86_INSN_BYTES_MAX && !options->no_prefixes && chance(&g, 8)) {
        memmove(bytes + lock_at + 1, bytes + lock_at, g.at - lock_at);
        bytes[lock_at] = 0xf0;
        g.at++;
    }
    return g.at;
}

const char *x86_left_out(enum x86_test test, unsigned row)
{
    enum { TEST_SHIFT = 16 };
    if (x86_rows[row].properties & X86_INTERPRETED) return "interpreter-only";
    switch (test << TEST_SHIFT | row) {
#define LEFT_OUT(test, id, reason) case X86_TEST_##test << TEST_SHIFT | ROW_##id: return reason;
#include "translate/x86/left_out.def"
#undef LEFT_OUT
    default: return NULL;
    }
}
