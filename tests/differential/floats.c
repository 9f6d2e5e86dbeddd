#include "tests/differential/floats.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/float_operands.h"

enum {
    FCW_MASKS = 0x3f,
    FCW_ONE = 0x40,
    FSW_STICKY = 0x7f,
    FSW_ERROR = 0x80,
    FSW_BUSY = 0x8000,
    FSW_CONDITIONS = 0x4700
};
enum { MXCSR_FLAGS = 0x3f, MXCSR_MASKS = 0x1f80, MXCSR_ROUNDING = 0x6000, MXCSR_FTZ_DAZ = 0x8040 };
enum { EXTENDED_BIAS = 0x3fff, SINGLE_BIAS = 0x7f, DOUBLE_BIAS = 0x3ff };

/* Numbers are drawn from pools: in 32-bit code they are costly to make. */
enum { POOL = 512 };
static struct {
    struct vreg extended[POOL];
    uint64_t twice[POOL]; /* doubles */
    uint32_t once[POOL];  /* singles */
} pool;

/* A small integer, exactly. */
static struct vreg small_extended(struct prng *prng)
{
    uint64_t value = 1 + prng_below(prng, 1000);
    unsigned shift = (unsigned)__builtin_clzll(value);
    return (struct vreg){{value << shift, (EXTENDED_BIAS + 63 - shift) | (prng_next(prng) & 0x8000)}};
}

void floats_init(void)
{
    struct prng prng;
    prng_seed(&prng, 1);
    for (unsigned i = 0; i < POOL; i++) {
        pool.extended[i] = i % 4 ? operand_extended(&prng, EXTENDED_BIAS) : small_extended(&prng);
        pool.twice[i] = operand_ieee(&prng, 11, 52, DOUBLE_BIAS);
        pool.once[i] = (uint32_t)operand_ieee(&prng, 8, 23, SINGLE_BIAS);
    }
}

/* ---- drawing ---- */

static uint32_t draw(uint32_t *seed, uint32_t below) { return (next_random(seed) >> 8) % below; }
static bool chance(uint32_t *seed, unsigned one_in) { return draw(seed, one_in) == 0; }

static void write_extended(uint8_t *to, uint32_t *seed) { memcpy(to, pool.extended[draw(seed, POOL)].half, 10); }

static void write_decimal(uint8_t *to, uint32_t *seed)
{
    unsigned digits = draw(seed, 10);
    for (unsigned i = 0; i < 9; i++) to[i] = i < digits ? (uint8_t)(draw(seed, 10) << 4 | draw(seed, 10)) : 0;
    to[9] = chance(seed, 2) ? 0x80 : 0;
}

static void write_vector(uint8_t *to, uint32_t *seed)
{
    unsigned format = draw(seed, 4);
    for (unsigned i = 0; i < 16; i += 4) {
        uint32_t word = format ? pool.once[draw(seed, POOL)] : next_random(seed);
        memcpy(to + i, &word, 4);
    }
    for (unsigned i = 0; format == 1 && i < 16; i += 8) memcpy(to + i, &pool.twice[draw(seed, POOL)], 8);
}

void floats_fill(uint8_t *to, unsigned bytes, uint32_t *seed)
{
    for (const uint8_t *end = to + bytes; to < end; to += 16) {
        switch (draw(seed, 6)) {
        case 0: write_extended(to, seed); break;
        case 1: write_decimal(to, seed); break;
        case 2: memset(to + 4, to[3] & 0x80 ? 0xff : 0, 12); break; /* an integer, of 32 bits or more */
        case 3: break;
        default: write_vector(to, seed);
        }
    }
}

/* ---- the state ---- */

/* Mostly as programs have it: a few registers from the top on. */
static unsigned random_valid(uint32_t *seed, unsigned top)
{
    unsigned depth = draw(seed, 9), stack = ((1u << depth) - 1) << top;
    return chance(seed, 6) ? draw(seed, 256) : (stack | stack >> 8) & 0xff;
}

static uint16_t random_control(uint32_t *seed)
{
    unsigned masks = chance(seed, 4) ? next_random(seed) & FCW_MASKS : FCW_MASKS;
    unsigned precision = chance(seed, 2) ? draw(seed, 4) : 3;
    return (uint16_t)(masks | FCW_ONE | precision << 8 | draw(seed, 4) << 10);
}

static uint16_t random_status(uint32_t *seed, uint16_t control, unsigned top)
{
    unsigned flags = chance(seed, 3) ? next_random(seed) & FSW_STICKY : 0;
    if (!chance(seed, 8)) flags &= control | ~(unsigned)FCW_MASKS; /* nothing pending */
    unsigned pending = flags & ~(unsigned)control & FCW_MASKS ? FSW_ERROR | FSW_BUSY : 0;
    return (uint16_t)(flags | pending | top << 11 | (next_random(seed) & FSW_CONDITIONS));
}

static uint32_t random_mxcsr(uint32_t *seed)
{
    uint32_t bits = next_random(seed), value = bits & MXCSR_ROUNDING;
    value |= chance(seed, 4) ? bits & MXCSR_MASKS : MXCSR_MASKS;
    if (chance(seed, 4)) value |= next_random(seed) & MXCSR_FTZ_DAZ;
    if (chance(seed, 3)) value |= bits & MXCSR_FLAGS;
    return value;
}

void floats_prepare(struct enter_state *state, uint32_t *seed)
{
    unsigned top = draw(seed, 8), valid = random_valid(seed, top), tags = 0;
    uint16_t control = random_control(seed), status = random_status(seed, control, top);
    uint32_t mxcsr = random_mxcsr(seed);
    memset(state->fsave, 0, sizeof state->fsave);
    memset(state->fxsave, 0, sizeof state->fxsave);
    for (unsigned i = 0; i < 8; i++) {
        write_extended(state->fsave + 28 + 10 * i, seed);
        memcpy(state->fxsave + 32 + 16 * i, state->fsave + 28 + 10 * i, 10);
        write_vector(state->fxsave + 160 + 16 * i, seed);
        if (!(valid >> i & 1)) tags |= 3u << 2 * i;
    }
    memcpy(state->fsave, &control, 2);
    memcpy(state->fsave + 4, &status, 2);
    memcpy(state->fsave + 8, &tags, 2);
    memcpy(state->fxsave, &control, 2);
    memcpy(state->fxsave + 2, &status, 2);
    state->fxsave[4] = (uint8_t)valid;
    memcpy(state->fxsave + 24, &mxcsr, 4);
}

/* ---- what is compared ---- */

void floats_record(struct sequence_record *record, const struct enter_state *state, uint32_t compared)
{
    if (!state->floats) return;
    memcpy(&record->control, state->fsave, 2);
    memcpy(&record->status, state->fsave + 4, 2);
    memcpy(&record->tags, state->fsave + 8, 2);
    /* what raised an exception that is not masked leaves the condition bits undefined */
    record->status &= record->status & FSW_ERROR ? compared & ~(uint32_t)FSW_CONDITIONS : compared;
    memcpy(record->st, state->fsave + 28, sizeof record->st);
    if (state->floats != ENTER_SSE) return;
    memcpy(&record->mxcsr, state->fxsave + 24, 4);
    memcpy(record->xmm, state->fxsave + 160, sizeof record->xmm);
}

void floats_print(const struct sequence_record *record)
{
    printf("    fcw %04x fsw %04x tags %04x mxcsr %04x\n", record->control, record->status, record->tags,
           record->mxcsr);
    for (unsigned i = 0; i < 8; i++) {
        printf("    st%u ", i);
        for (unsigned k = 10; k-- > 0;) printf("%02x%s", record->st[i][k], k == 8 ? "." : "");
        printf("  xmm%u ", i);
        for (unsigned k = 16; k-- > 0;) printf("%02x%s", record->xmm[i][k], k && k % 4 == 0 ? "." : "");
        printf("\n");
    }
}
