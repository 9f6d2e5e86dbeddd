/* crc32 -- table-driven CRC-32 (polynomial 0xEDB88320): a serial chain of load, shift, exclusive or. */
#include "workload.h"

enum { BYTES = 8192 };

int main(int argc, char **argv)
{
    static uint32_t table[256];
    static uint8_t data[BYTES];
    uint32_t rounds = workload_rounds(argc, argv), sum = 1, seed = 11;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
        table[i] = c;
    }
    for (int i = 0; i < BYTES; i++) data[i] = (uint8_t)workload_random(&seed);
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t c = ~round;
        for (int i = 0; i < BYTES; i++) c = table[(c ^ data[i]) & 255] ^ c >> 8;
        data[round % BYTES] ^= (uint8_t)c;
        sum = workload_mix(sum, ~c);
    }
    return workload_report("crc32", sum);
}
