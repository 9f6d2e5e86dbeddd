/* sieve -- Eratosthenes over bytes: short strided store loops. */
#include "workload.h"

enum { LIMIT = 32768 };

int main(int argc, char **argv)
{
    static uint8_t composite[LIMIT + 1];
    uint32_t rounds = workload_rounds(argc, argv), sum = 1;
    for (uint32_t i = 0; i < rounds; i++) {
        uint32_t limit = LIMIT - (i & 255), primes = 0, last = 0;
        for (uint32_t k = 2; k <= limit; k++) composite[k] = 0;
        for (uint32_t k = 2; k <= limit; k++) {
            if (composite[k]) continue;
            primes++;
            last = k;
            for (uint32_t m = k * 2; m <= limit; m += k) composite[m] = 1;
        }
        sum = workload_mix(workload_mix(sum, primes), last);
    }
    return workload_report("sieve", sum);
}
