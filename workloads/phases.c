/* phases -- a program of more code than a small code cache holds, in phases: each lives in 96 functions of its own,
 * some of them far more than others, which all call the same 64. Phases come back, the early ones more often.
 */
#include "workload.h"

enum { SHARED = 64, PHASES = 10, OWN = 96, WORDS = 4096, CALLS = 2000 };

typedef uint32_t function(uint32_t);
static function *const table[SHARED + PHASES * OWN];
static uint32_t data[WORDS];

/* Different constants make different paths; what has a number below SHARED calls nobody. */
#define FUNCTION(n)                                                                                                    \
    static __attribute__((noinline, noclone)) uint32_t step_##n(uint32_t x)                                            \
    {                                                                                                                  \
        uint32_t sum = x * (2 * 0x##n + 1);                                                                            \
        if (x & 1u << 0x##n % 7)                                                                                       \
            sum += data[(x + 0x##n) % WORDS];                                                                          \
        else                                                                                                           \
            sum ^= (x << (0x##n % 13 + 3)) | (x >> (29 - 0x##n % 13));                                                 \
        for (uint32_t i = x >> 5 & 3; i < 5; i++) sum = (sum << 3) - sum + data[(sum >> 8) % WORDS];                   \
        if ((sum ^ 0x##n) % 8 < 3) data[(sum >> 4) % WORDS] = sum + 0x##n;                                             \
        if (0x##n >= SHARED) sum += table[0x##n * 7 % SHARED](sum);                                                    \
        if (sum & 2u << 0x##n % 9) {                                                                                   \
            sum -= data[sum % WORDS] >> (0x##n % 5 + 1);                                                               \
            if (sum > 0x##n * 4000000u) sum = ~sum;                                                                    \
        }                                                                                                              \
        return sum;                                                                                                    \
    }
#define ENTRY(n) step_##n,
#define SIXTEEN(DO, n) DO(n##0) DO(n##1) DO(n##2) DO(n##3) DO(n##4) DO(n##5) DO(n##6) DO(n##7) DO(n##8) DO(n##9) \
    DO(n##a) DO(n##b) DO(n##c) DO(n##d) DO(n##e) DO(n##f)
#define ALL_OF(DO, n)                                                                                                  \
    SIXTEEN(DO, n##0) SIXTEEN(DO, n##1) SIXTEEN(DO, n##2) SIXTEEN(DO, n##3) SIXTEEN(DO, n##4) SIXTEEN(DO, n##5)        \
    SIXTEEN(DO, n##6) SIXTEEN(DO, n##7) SIXTEEN(DO, n##8) SIXTEEN(DO, n##9) SIXTEEN(DO, n##a) SIXTEEN(DO, n##b)        \
    SIXTEEN(DO, n##c) SIXTEEN(DO, n##d) SIXTEEN(DO, n##e) SIXTEEN(DO, n##f)
#define ALL(DO) ALL_OF(DO, 0) ALL_OF(DO, 1) ALL_OF(DO, 2) ALL_OF(DO, 3)

ALL(FUNCTION)
static function *const table[SHARED + PHASES * OWN] = {ALL(ENTRY)};

/* A number below `count`, small ones more often. */
static uint32_t skewed(uint32_t *state, uint32_t count)
{
    uint32_t random = workload_random(state);
    return (random >> 16) * count / 65536 * ((random & 0xffff) * count / 65536 + 1) / count;
}

int main(int argc, char **argv)
{
    uint32_t rounds = workload_rounds(argc, argv), state = 2463534242u, sum = 1;
    for (uint32_t i = 0; i < WORDS; i++) data[i] = workload_random(&state);
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t phase = round < PHASES ? round : skewed(&state, PHASES);
        function *const *own = table + SHARED + phase * OWN;
        for (uint32_t i = 0; i < CALLS; i++) sum = workload_mix(sum, own[skewed(&state, OWN)](sum));
    }
    return workload_report("phases", sum);
}
