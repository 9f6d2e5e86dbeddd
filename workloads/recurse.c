/* recurse -- deep and bushy recursion: calls and returns (Takeuchi's and Ackermann's functions, Fibonacci). */
#include "workload.h"

static __attribute__((noinline)) int tak(int x, int y, int z)
{
    if (y >= x) return z;
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

static __attribute__((noinline)) unsigned ackermann(unsigned m, unsigned n)
{
    if (m == 0) return n + 1;
    if (n == 0) return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

static __attribute__((noinline)) unsigned fibonacci(unsigned n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

int main(int argc, char **argv)
{
    uint32_t rounds = workload_rounds(argc, argv), sum = 1;
    for (uint32_t i = 0; i < rounds; i++) {
        sum = workload_mix(sum, (uint32_t)tak(9, 5, (int)(i & 3)));
        sum = workload_mix(sum, ackermann(2, 16 + (i & 7)));
        sum = workload_mix(sum, fibonacci(13 + (i & 1)));
    }
    return workload_report("recurse", sum);
}
