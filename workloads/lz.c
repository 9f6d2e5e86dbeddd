/* lz -- a byte-oriented LZ77 compressor with a hash table, and back: byte accesses, unpredictable match lengths. */
#include "workload.h"

enum { BYTES = 16384, HASH_BITS = 12, MIN_MATCH = 4 };

static uint8_t text[BYTES], packed[BYTES * 2], unpacked[BYTES];
static uint16_t head[1 << HASH_BITS];

static unsigned hash(const uint8_t *p)
{
    uint32_t word = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    return word * 2654435761u >> (32 - HASH_BITS);
}

/* literal run: n (1..127), bytes; match: 0x80 | (length - MIN_MATCH), distance in two bytes */
static unsigned compress(void)
{
    unsigned out = 0, literals = 0, i = 0;
    memset(head, 0xff, sizeof head);
    while (i < BYTES) {
        unsigned length = 0, at = 0;
        if (i + MIN_MATCH <= BYTES) {
            unsigned h = hash(text + i);
            at = head[h];
            head[h] = (uint16_t)i;
            if (at != 0xffff)
                while (length < 127 + MIN_MATCH && i + length < BYTES && text[at + length] == text[i + length]) length++;
        }
        if (length < MIN_MATCH) {
            if (literals == 0) packed[out++] = 0;
            packed[out - 1 - literals]++;
            packed[out++] = text[i++];
            if (++literals == 127) literals = 0;
        } else {
            unsigned distance = i - at;
            packed[out++] = (uint8_t)(0x80 | (length - MIN_MATCH));
            packed[out++] = (uint8_t)distance;
            packed[out++] = (uint8_t)(distance >> 8);
            i += length;
            literals = 0;
        }
    }
    return out;
}

static unsigned decompress(unsigned bytes)
{
    unsigned out = 0;
    for (unsigned i = 0; i < bytes;) {
        unsigned token = packed[i++];
        if (token & 0x80) {
            unsigned length = (token & 0x7f) + MIN_MATCH, distance = packed[i] | (unsigned)packed[i + 1] << 8;
            i += 2;
            for (unsigned k = 0; k < length; k++, out++) unpacked[out] = unpacked[out - distance];
        } else {
            while (token--) unpacked[out++] = packed[i++];
        }
    }
    return out;
}

int main(int argc, char **argv)
{
    static const char words[8][8] = {"the ", "quick ", "brown ", "fox ", "jumps ", "over ", "lazy ", "dog. "};
    uint32_t rounds = workload_rounds(argc, argv), sum = 1, seed = 17;
    for (uint32_t round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < BYTES;) {
            uint32_t r = workload_random(&seed);
            const char *word = words[r & 7];
            if ((r >> 8 & 15) == 0) text[i++] = (uint8_t)(r >> 16);
            while (*word && i < BYTES) text[i++] = (uint8_t)*word++;
        }
        unsigned bytes = compress();
        if (decompress(bytes) != BYTES || memcmp(text, unpacked, BYTES)) return workload_report("lz differs", round);
        sum = workload_mix(sum, bytes);
    }
    return workload_report("lz", sum);
}
