/* rewriting.c [SEED COUNT] -- a program that makes its own code, like a JIT: functions of six bytes that overlap, in two
 * pages, written by stores of all widths and alignments, each called at once and, later, again. Prints what they give. */
#include <emmintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { BYTES = 8192, FUNCTION = 6, KNOWN = 64 };
static unsigned char *code;
static uint32_t state;

static uint32_t draw(uint32_t below)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
}

/* Writes the bytes by one store of `width`, with what is there around them, or by several. */
__attribute__((target("sse2"))) static void put(unsigned at, const unsigned char *from, unsigned bytes, unsigned width)
{
    unsigned char all[16];
    while (bytes) {
        unsigned before = draw(width), start = at < before ? 0 : at - before, here = width - (at - start);
        if (start + width > BYTES) start = BYTES - width, here = width - (at - start);
        if (here > bytes) here = bytes;
        memcpy(all, code + start, width);
        memcpy(all + (at - start), from, here);
        void *to = code + start;
        switch (width) {
        case 1: *(volatile uint8_t *)to = all[0]; break;
        case 2: __asm__ volatile("movw %1, (%0)" : : "r"(to), "r"(*(uint16_t *)all) : "memory"); break;
        case 4: __asm__ volatile("movl %1, (%0)" : : "r"(to), "r"(*(uint32_t *)all) : "memory"); break;
        case 8: _mm_storel_epi64(to, _mm_loadl_epi64((void *)all)); break;
        default: _mm_storeu_si128(to, _mm_loadu_si128((void *)all)); break;
        }
        at += here, from += here, bytes -= here;
    }
}

static uint32_t call(unsigned at) { return ((uint32_t(*)(void))(uintptr_t)(code + at))(); }

int main(int count, char **argument)
{
    static unsigned known[KNOWN];
    uint32_t rounds = count > 2 ? (uint32_t)atoi(argument[2]) : 3000, sum = 0, wrong = 0, again = 0;
    state = count > 1 ? (uint32_t)atoi(argument[1]) : 1;
    code = mmap(NULL, BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED) return 1;
    for (uint32_t i = 0; i < rounds; i++) {
        unsigned char made[FUNCTION] = {0xb8, 0, 0, 0, 0, 0xc3}; /* mov $value, %eax; ret */
        unsigned at = draw(BYTES - FUNCTION);
        uint32_t value = draw(1 << 24);
        memcpy(made + 1, &value, sizeof value);
        put(at, made, FUNCTION, 1u << draw(5));
        wrong += call(at) != value;
        known[i % KNOWN] = at;
        unsigned old = known[draw(i < KNOWN ? i + 1 : KNOWN)];
        if (code[old] != 0xb8 || code[old + FUNCTION - 1] != 0xc3) continue;
        memcpy(&value, code + old + 1, sizeof value);
        for (unsigned k = 0; k < 3; k++) wrong += call(old) != value;
        sum = sum * 31 + value;
        again++;
    }
    printf("%u functions, %u called again, %u wrong, %08x\n", rounds, again, wrong, sum);
    return wrong != 0;
}
