/* packed_string.c -- PTEST, the string comparisons of SSE4.2, CRC32, POPCNT. */
#include "hwsim/isa/isa.h"
#include "hwsim/isa/packed_lanes.h"

/* SDM PTEST. */
uint16_t packed_test(struct vreg a, struct vreg b)
{
    const bool none = ((a.half[0] & b.half[0]) | (a.half[1] & b.half[1])) == 0;
    const bool all = ((~a.half[0] & b.half[0]) | (~a.half[1] & b.half[1])) == 0;
    return (uint16_t)((none ? FLAG_ZF : 0) | (all ? FLAG_CF : 0));
}

/* String comparison (SDM vol. 2, 4.1). The immediate:
 *
 *       6       5      4      3     2      1       0
 *     high | masked negate | how | how | signed | words
 *
 * how: what each element of b is asked. negate: the answers are inverted, with `masked` only within b's length. high:
 * the index is the last element's, not the first's; the mask is one of elements, not of bits.
 */
enum { IMM_WORDS = 1, IMM_SIGNED = 2, IMM_NEGATE = 0x10, IMM_MASKED = 0x20, IMM_HIGH = 0x40 };
enum how { EQUAL_ANY, IN_RANGES, EQUAL_EACH, EQUAL_ORDERED };

static unsigned string_lane(unsigned imm) { return imm & IMM_WORDS; }
static unsigned string_elements(unsigned imm) { return 16u >> string_lane(imm); }

struct string {
    int32_t element[16];
    unsigned length;
};
static struct string string_of(struct vreg v, unsigned length, unsigned imm)
{
    const unsigned lane = string_lane(imm);
    const int32_t sign = imm & IMM_SIGNED ? 0x80 << 8 * lane : 0;
    struct string s = {.length = length};
    for (unsigned i = 0; i < string_elements(imm); i++)
        s.element[i] = ((int32_t)packed_extract(v, lane, i) ^ sign) - sign;
    return s;
}

/* The answer for element j of b. Elements beyond the lengths count as SDM 4.1.6 says: as different in the first two,
 * as equal to each other in the third; in the fourth a's match anything and b's nothing. */
static bool string_holds(const struct string *a, const struct string *b, unsigned j, unsigned elements, enum how how)
{
    const int32_t *x = a->element, *y = b->element;
    switch (how) {
    case EQUAL_ANY:
        for (unsigned i = 0; i < a->length; i++)
            if (j < b->length && x[i] == y[j]) return true;
        return false;
    case IN_RANGES:
        for (unsigned i = 0; i + 1 < a->length; i += 2)
            if (j < b->length && x[i] <= y[j] && y[j] <= x[i + 1]) return true;
        return false;
    case EQUAL_EACH:
        if (j < a->length && j < b->length) return x[j] == y[j];
        return j >= a->length && j >= b->length;
    default:
        for (unsigned i = 0; i < a->length && i + j < elements; i++)
            if (i + j >= b->length || x[i] != y[i + j]) return false;
        return true;
    }
}

static struct vreg string_mask(unsigned bits, unsigned imm)
{
    const unsigned lane = string_lane(imm);
    struct vreg r = {{bits, 0}};
    if (!(imm & IMM_HIGH)) return r;
    r.half[0] = 0;
    for (unsigned i = 0; i < string_elements(imm); i++)
        if (bits >> i & 1) r = packed_insert(r, UINT64_MAX, lane, i);
    return r;
}

struct packed_string packed_compare_strings(struct vreg a, struct vreg b, unsigned length_a, unsigned length_b,
                                            unsigned imm)
{
    const unsigned elements = string_elements(imm);
    const struct string x = string_of(a, length_a, imm), y = string_of(b, length_b, imm);
    unsigned bits = 0;
    for (unsigned j = 0; j < elements; j++)
        bits |= (unsigned)string_holds(&x, &y, j, elements, (enum how)(imm >> 2 & 3)) << j;
    if (imm & IMM_NEGATE) bits ^= (unsigned)bits_mask(imm & IMM_MASKED ? length_b : elements);
    return (struct packed_string){
        .index = !bits            ? elements
                 : imm & IMM_HIGH ? log2_floor(bits)
                                  : (unsigned)__builtin_ctz(bits),
        .mask = string_mask(bits, imm),
        .flags = (uint16_t)((bits ? FLAG_CF : 0) | (length_b < elements ? FLAG_ZF : 0) |
                            (length_a < elements ? FLAG_SF : 0) | (bits & 1 ? FLAG_OF : 0)),
    };
}

unsigned packed_string_length(uint64_t value, unsigned imm)
{
    const uint32_t length = (uint32_t)value, magnitude = length >> 31 ? -length : length;
    return magnitude < string_elements(imm) ? magnitude : string_elements(imm);
}

unsigned packed_implicit_length(struct vreg v, unsigned imm)
{
    unsigned length = 0;
    while (length < string_elements(imm) && packed_extract(v, string_lane(imm), length)) length++;
    return length;
}

/* SDM CRC32: polynomial 0x11edc6f41, bits reflected, nothing inverted. Four bits at a time. */
#define CRC_BIT(crc)    ((crc) >> 1 ^ ((crc)&1 ? 0x82f63b78u : 0))
#define CRC_NIBBLE(crc) CRC_BIT(CRC_BIT(CRC_BIT(CRC_BIT(crc))))
uint64_t packed_crc32(uint64_t crc, uint64_t x, unsigned size)
{
    static const uint32_t nibble[16] = {CRC_NIBBLE(0u),  CRC_NIBBLE(1u),  CRC_NIBBLE(2u),  CRC_NIBBLE(3u),
                                        CRC_NIBBLE(4u),  CRC_NIBBLE(5u),  CRC_NIBBLE(6u),  CRC_NIBBLE(7u),
                                        CRC_NIBBLE(8u),  CRC_NIBBLE(9u),  CRC_NIBBLE(10u), CRC_NIBBLE(11u),
                                        CRC_NIBBLE(12u), CRC_NIBBLE(13u), CRC_NIBBLE(14u), CRC_NIBBLE(15u)};
    uint32_t r = (uint32_t)crc;
    for (unsigned i = 0; i < 2u << size; i++, x >>= 4) r = r >> 4 ^ nibble[(r ^ x) & 15];
    return r;
}

uint64_t packed_popcount(uint64_t x) { return bits_count(x); }
