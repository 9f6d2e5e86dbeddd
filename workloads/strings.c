/* strings -- x86's string instructions under REP, in both directions and all widths, written by hand. */
#include "workload.h"

enum { BYTES = 1024 };

static void move_bytes(void *to, const void *from, unsigned n) { __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory"); }
static void move_words(void *to, const void *from, unsigned n) { __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(n) : : "memory"); }
static void fill_words(void *to, uint32_t with, unsigned n) { __asm__ volatile("rep stosl" : "+D"(to), "+c"(n) : "a"(with) : "memory"); }

static void move_down(char *to, const char *from, unsigned n)
{
    to += n - 1;
    from += n - 1;
    __asm__ volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static unsigned length_of(const char *s)
{
    unsigned n = ~0u;
    __asm__ volatile("repne scasb" : "+D"(s), "+c"(n) : "a"(0) : "memory", "cc");
    return ~n - 1;
}

static unsigned common_prefix(const char *a, const char *b, unsigned n)
{
    const char *start = a;
    uint8_t same;
    __asm__ volatile("repe cmpsb; sete %3" : "+S"(a), "+D"(b), "+c"(n), "=q"(same) : : "memory", "cc");
    return (unsigned)(a - start) - !same;
}

static uint32_t add_bytes(const char *s, unsigned n)
{
    uint32_t sum = 0;
    while (n--) {
        uint32_t c = 0;
        __asm__ volatile("lodsb" : "+S"(s), "+a"(c) : : "memory");
        sum += c;
    }
    return sum;
}

int main(int argc, char **argv)
{
    static char a[2 * BYTES], b[2 * BYTES];
    uint32_t rounds = workload_rounds(argc, argv), sum = 1, seed = 41;
    for (uint32_t round = 0; round < rounds; round++) {
        unsigned n = 256 + (workload_random(&seed) & 511), at = workload_random(&seed) % n;
        fill_words(a, 0x61626364u + (round & 3), BYTES / 4);
        a[n] = 0;
        move_words(b, a, (n + 4) / 4);
        b[at] ^= 1;
        sum = workload_mix(sum, length_of(a));
        sum = workload_mix(sum, common_prefix(a, b, n));
        move_down(b + 16, b, n);
        move_bytes(a + 3, b, n / 2);
        sum = workload_mix(sum, add_bytes(a, n));
    }
    return workload_report("strings", sum);
}
