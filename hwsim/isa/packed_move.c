/* packed_move.c -- lanes moved: shifted by bytes, packed, unpacked, widened, shuffled, inserted, extracted. */
#include "hwsim/isa/packed_lanes.h"

/* SDM PSLLDQ, PSRLDQ, PALIGNR: sixteen bytes of x from a byte on, with zeros above x. */
static struct vreg bytes_from(union joined x, unsigned byte)
{
    const unsigned first = byte / 8, shift = byte % 8 * 8;
    struct vreg r = {{0, 0}};
    for (unsigned i = 0; i < 2 && first + i < 4; i++) {
        r.half[i] = x.u64[first + i] >> shift;
        if (shift && first + i < 3) r.half[i] |= x.u64[first + i + 1] << (64 - shift);
    }
    return r;
}
static const struct vreg zero = {{0, 0}};

struct vreg packed_sllbytes(struct vreg a, unsigned count)
{
    return count < 16 ? bytes_from(lanes_join(zero, a, false), 16 - count) : zero;
}
struct vreg packed_srlbytes(struct vreg a, unsigned count) { return bytes_from(lanes_join(a, zero, false), count); }
struct vreg packed_alignr(struct vreg a, struct vreg b, unsigned imm, bool half)
{
    struct vreg r = bytes_from(lanes_join(b, a, half), imm & 0xff);
    if (half) r.half[1] = 0;
    return r;
}

/* SDM PACKSSWB, PACKSSDW, PACKUSWB, PACKUSDW. */
#define PACK(to, type, from, low, high)                                                                                \
    for (unsigned i = 0; i < LENGTH(r.to); i++) r.to[i] = (type)lanes_clamp(x.from[i], low, high);
struct vreg packed_packss(struct vreg a, struct vreg b, unsigned lane, bool half)
{
    const union joined x = lanes_join(a, b, half);
    union lanes r;
    if (lane == 1)
        PACK(i8, int8_t, i16, INT8_MIN, INT8_MAX)
    else
        PACK(i16, int16_t, i32, INT16_MIN, INT16_MAX)
    return r.v;
}
struct vreg packed_packus(struct vreg a, struct vreg b, unsigned lane, bool half)
{
    const union joined x = lanes_join(a, b, half);
    union lanes r;
    if (lane == 1)
        PACK(u8, uint8_t, i16, 0, UINT8_MAX)
    else
        PACK(u16, uint16_t, i32, 0, UINT16_MAX)
    return r.v;
}

/* SDM PUNPCKL, PUNPCKH: two halves interleaved. */
#define INTERLEAVE(field)                                                                                              \
    for (unsigned i = 0; i < LENGTH(r.field) / 2; i++) r.field[2 * i] = x.field[i], r.field[2 * i + 1] = y.field[i];
static struct vreg interleave(uint64_t a, uint64_t b, unsigned lane)
{
    const union lanes x = {{{a, 0}}}, y = {{{b, 0}}};
    union lanes r;
    switch (lane) {
    case 0: INTERLEAVE(u8) break;
    case 1: INTERLEAVE(u16) break;
    case 2: INTERLEAVE(u32) break;
    default: INTERLEAVE(u64) break;
    }
    return r.v;
}
/* The 64-bit form of a low half is the lower part of the 128-bit one, of a high half the upper. */
struct vreg packed_unpackl(struct vreg a, struct vreg b, unsigned lane, bool half)
{
    struct vreg r = interleave(a.half[0], b.half[0], lane);
    return half ? (struct vreg){{r.half[0], 0}} : r;
}
struct vreg packed_unpackh(struct vreg a, struct vreg b, unsigned lane, bool half)
{
    struct vreg r = interleave(a.half[half ? 0 : 1], b.half[half ? 0 : 1], lane);
    return half ? (struct vreg){{r.half[1], 0}} : r;
}

/* SDM PINSR, PEXTR, PINSRW, PEXTRW. */
struct place {
    unsigned half, shift;
    uint64_t mask; /* of the lane, at the bottom */
};
static struct place place_of(unsigned lane, unsigned index)
{
    const unsigned byte = index << lane & 15;
    return (struct place){byte / 8, byte % 8 * 8, bits_mask(8u << lane)};
}
struct vreg packed_insert(struct vreg a, uint64_t x, unsigned lane, unsigned index)
{
    const struct place p = place_of(lane, index);
    a.half[p.half] = (a.half[p.half] & ~(p.mask << p.shift)) | (x & p.mask) << p.shift;
    return a;
}
uint64_t packed_extract(struct vreg b, unsigned lane, unsigned index)
{
    const struct place p = place_of(lane, index);
    return b.half[p.half] >> p.shift & p.mask;
}

/* SDM PMOVZX, PMOVSX. */
struct vreg packed_widen_unsigned(struct vreg b, unsigned from, unsigned to)
{
    struct vreg r = zero;
    for (unsigned i = 0; i < 16u >> to; i++) r = packed_insert(r, packed_extract(b, from, i), to, i);
    return r;
}
struct vreg packed_widen_signed(struct vreg b, unsigned from, unsigned to)
{
    const uint64_t sign = UINT64_C(1) << ((8u << from) - 1);
    struct vreg r = zero;
    for (unsigned i = 0; i < 16u >> to; i++) r = packed_insert(r, (packed_extract(b, from, i) ^ sign) - sign, to, i);
    return r;
}

/* SDM PSHUFD, PSHUFLW, PSHUFHW, PSHUFW, SHUFPS, SHUFPD: two bits of imm (SHUFPD: one) choose each lane. */
struct vreg packed_shufps(struct vreg a, struct vreg b, unsigned imm)
{
    const union lanes x = {a}, y = {b};
    const union lanes r = {.u32 = {x.u32[imm & 3], x.u32[imm >> 2 & 3], y.u32[imm >> 4 & 3], y.u32[imm >> 6 & 3]}};
    return r.v;
}
struct vreg packed_shufpd(struct vreg a, struct vreg b, unsigned imm)
{
    return (struct vreg){{a.half[imm & 1], b.half[imm >> 1 & 1]}};
}
struct vreg packed_shuffle32(struct vreg b, unsigned imm) { return packed_shufps(b, b, imm); }

static uint64_t shuffle_words(uint64_t words, unsigned imm)
{
    uint64_t r = 0;
    for (unsigned i = 0; i < 4; i++) r |= (words >> 16 * (imm >> 2 * i & 3) & 0xffff) << 16 * i;
    return r;
}
struct vreg packed_shufflelow(struct vreg b, unsigned imm)
{
    return (struct vreg){{shuffle_words(b.half[0], imm), b.half[1]}};
}
struct vreg packed_shufflehigh(struct vreg b, unsigned imm)
{
    return (struct vreg){{b.half[0], shuffle_words(b.half[1], imm)}};
}

/* SDM PSHUFB: a control byte with its top bit set gives zero. */
struct vreg packed_shuffleb(struct vreg a, struct vreg b, bool half)
{
    const union lanes x = {a}, y = {b};
    const unsigned bytes = half ? 8 : 16;
    union lanes r = {zero};
    for (unsigned i = 0; i < bytes; i++) r.u8[i] = y.u8[i] & 0x80 ? 0 : x.u8[y.u8[i] & (bytes - 1)];
    return r.v;
}

/* SDM PMOVMSKB, MOVMSKPS, MOVMSKPD. The product moves bit 8i of its factor to bit 56 + i, and no two bits to the same
 * place. */
static uint64_t byte_signs(uint64_t bytes)
{
    return (bytes >> 7 & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080) >> 56;
}
uint64_t packed_movmsk(struct vreg b, unsigned lane, bool half)
{
    const unsigned bits = 8u << lane;
    uint64_t r = 0;
    if (lane == 0) return byte_signs(b.half[0]) | (half ? 0 : byte_signs(b.half[1]) << 8);
    for (unsigned i = 0; i < (half ? 64u : 128u) / bits; i++) r |= packed_extract(b, lane, i) >> (bits - 1) << i;
    return r;
}

/* SDM INSERTPS: imm 7..6 source lane, 5..4 destination lane, 3..0 lanes to be zeroed. */
struct vreg packed_insertps(struct vreg a, struct vreg b, unsigned imm)
{
    union lanes r = {packed_insert(a, packed_extract(b, 2, imm >> 6 & 3), 2, imm >> 4 & 3)};
    for (unsigned i = 0; i < 4; i++)
        if (imm >> i & 1) r.u32[i] = 0;
    return r.v;
}
