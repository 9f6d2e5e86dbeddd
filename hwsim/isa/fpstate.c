#include "hwsim/isa/fpstate.h"

enum { ST_COUNT = 8, XMM_COUNT = 8, TOP_SHIFT_HOME = 8, TOP_SHIFT_FSW = 11 };
enum { TAG_VALID = 0, TAG_ZERO = 1, TAG_SPECIAL = 2, TAG_EMPTY = 3 };
#define FSW_TOP (UINT64_C(7) << TOP_SHIFT_FSW)

static void put(uint8_t *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *from, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) value |= (uint64_t)from[i] << 8 * i;
    return value;
}

static unsigned top_of(const uint64_t *r) { return (unsigned)(r[HOME_FTW] >> TOP_SHIFT_HOME & 7); }

static uint64_t status_of(const uint64_t *r)
{
    return (r[HOME_FSW] & ~FSW_TOP & 0xffff) | (uint64_t)top_of(r) << TOP_SHIFT_FSW;
}

/* The register that is ST(i). */
static unsigned st(const uint64_t *r, unsigned i) { return FPSTATE_X87_FIRST + (top_of(r) + i) % ST_COUNT; }

static void put_stack(const uint64_t *r, const struct vreg *v, uint8_t *to, unsigned stride)
{
    for (unsigned i = 0; i < ST_COUNT; i++) {
        put(to + i * stride, v[st(r, i)].half[0], 8);
        put(to + i * stride + 8, v[st(r, i)].half[1] & 0xffff, stride - 8);
    }
}

static void get_stack(const uint8_t *from, const uint64_t *r, struct vreg *v, unsigned stride)
{
    for (unsigned i = 0; i < ST_COUNT; i++)
        v[st(r, i)] = (struct vreg){{get(from + i * stride, 8), get(from + i * stride + 8, 2)}};
}

/* Control and status; the tags come in a bit a register. */
static void set_words(uint64_t *r, uint64_t control, uint64_t status, uint64_t tags)
{
    r[HOME_FCW] = control;
    r[HOME_FSW] = status & ~FSW_TOP;
    r[HOME_FTW] = tags | (status & FSW_TOP) >> TOP_SHIFT_FSW << TOP_SHIFT_HOME;
}

void fpstate_to_fxsave(const uint64_t *r, const struct vreg *v, uint8_t *image)
{
    memset(image, 0, FXSAVE_BYTES_USED);
    put(image, r[HOME_FCW], 2);
    put(image + 2, status_of(r), 2);
    put(image + 4, r[HOME_FTW], 1);
    put(image + 6, r[HOME_FIP] >> 48 & 0x7ff, 2);
    put(image + 8, r[HOME_FIP], 6);
    put(image + 16, r[HOME_FDP], 6);
    put(image + 24, r[HOME_MXCSR], 4);
    put(image + 28, FPSTATE_MXCSR_MASK, 4);
    put_stack(r, v, image + 32, 16);
    for (unsigned i = 0; i < XMM_COUNT; i++) {
        put(image + 160 + 16 * i, v[i].half[0], 8);
        put(image + 168 + 16 * i, v[i].half[1], 8);
    }
}

void fpstate_from_fxsave(const uint8_t *image, uint64_t *r, struct vreg *v)
{
    set_words(r, get(image, 2), get(image + 2, 2), image[4]);
    r[HOME_FIP] = get(image + 8, 6) | (get(image + 6, 2) & 0x7ff) << 48;
    r[HOME_FDP] = get(image + 16, 6);
    r[HOME_MXCSR] = get(image + 24, 4);
    get_stack(image + 32, r, v, 16);
    for (unsigned i = 0; i < XMM_COUNT; i++)
        v[i] = (struct vreg){{get(image + 160 + 16 * i, 8), get(image + 168 + 16 * i, 8)}};
}

/* What FSAVE says of a register that is in use. */
static unsigned tag_of(const struct vreg *reg)
{
    unsigned exponent = (unsigned)(reg->half[1] & 0x7fff);
    if (exponent == 0) return reg->half[0] ? TAG_SPECIAL : TAG_ZERO;
    return exponent == 0x7fff || !(reg->half[0] >> 63) ? TAG_SPECIAL : TAG_VALID;
}

void fpstate_to_fsave(const uint64_t *r, const struct vreg *v, uint8_t image[FSAVE_BYTES])
{
    uint64_t tags = 0, upper = UINT64_C(0xffff0000); /* what the words' upper halves read as */
    for (unsigned i = 0; i < ST_COUNT; i++) {
        bool used = r[HOME_FTW] >> i & 1;
        tags |= (uint64_t)(used ? tag_of(&v[FPSTATE_X87_FIRST + i]) : TAG_EMPTY) << 2 * i;
    }
    put(image, upper | (r[HOME_FCW] & 0xffff), 4);
    put(image + 4, upper | status_of(r), 4);
    put(image + 8, upper | tags, 4);
    put(image + 12, r[HOME_FIP], 4);
    put(image + 16, (r[HOME_FIP] >> 32 & 0xffff) | (r[HOME_FIP] >> 48 & 0x7ff) << 16, 4);
    put(image + 20, r[HOME_FDP], 4);
    put(image + 24, upper | (r[HOME_FDP] >> 32 & 0xffff), 4);
    put_stack(r, v, image + FENV_BYTES, 10);
}

void fpstate_from_fsave(const uint8_t image[FSAVE_BYTES], uint64_t *r, struct vreg *v)
{
    uint64_t full = get(image + 8, 2), tags = 0, code = get(image + 16, 4);
    for (unsigned i = 0; i < ST_COUNT; i++) tags |= (uint64_t)((full >> 2 * i & 3) != TAG_EMPTY) << i;
    set_words(r, get(image, 2), get(image + 4, 2), tags);
    r[HOME_FIP] = get(image + 12, 4) | (code & 0xffff) << 32 | (code >> 16 & 0x7ff) << 48;
    r[HOME_FDP] = get(image + 20, 4) | get(image + 24, 2) << 32;
    get_stack(image + FENV_BYTES, r, v, 10);
}

void fpstate_reset(uint64_t *r, struct vreg *v)
{
    set_words(r, FPSTATE_FCW, 0, 0);
    r[HOME_FIP] = r[HOME_FDP] = 0;
    r[HOME_MXCSR] = FPSTATE_MXCSR;
    for (unsigned i = 0; i < XMM_COUNT; i++) v[i] = (struct vreg){{0, 0}};
    for (unsigned i = 0; i < ST_COUNT; i++) v[FPSTATE_X87_FIRST + i] = (struct vreg){{0, 0}};
}
