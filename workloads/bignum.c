/* bignum -- schoolbook multiplication of numbers of 64 words, and reduction: MUL with carries. */
#include "workload.h"

enum { LIMBS = 64 };

static void multiply(uint32_t *to, const uint32_t *a, const uint32_t *b)
{
    memset(to, 0, sizeof(uint32_t) * LIMBS * 2);
    for (int i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < LIMBS; j++) {
            carry += (uint64_t)a[i] * b[j] + to[i + j];
            to[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        to[i + LIMBS] = (uint32_t)carry;
    }
}

static uint32_t divide_small(uint32_t *a, uint32_t by)
{
    uint64_t rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 32 | a[i];
        a[i] = (uint32_t)(rest / by);
        rest %= by;
    }
    return (uint32_t)rest;
}

int main(int argc, char **argv)
{
    static uint32_t a[LIMBS], b[LIMBS], product[2 * LIMBS];
    uint32_t rounds = workload_rounds(argc, argv), sum = 1, seed = 37;
    for (int i = 0; i < LIMBS; i++) {
        a[i] = workload_random(&seed);
        b[i] = workload_random(&seed);
    }
    for (uint32_t round = 0; round < rounds; round++) {
        multiply(product, a, b);
        for (int i = 0; i < LIMBS; i++) a[i] = product[i] ^ product[i + LIMBS];
        sum = workload_mix(sum, divide_small(a, 1000000007u));
        a[LIMBS - 1] |= 0x80000000u;
    }
    return workload_report("bignum", sum);
}
