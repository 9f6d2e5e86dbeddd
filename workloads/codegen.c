/* codegen -- writes x86 code for random expressions into a page and runs it, again and again: self-modifying code. */
#include <sys/mman.h>

#include "workload.h"

typedef uint32_t (*function)(uint32_t x);

/* EAX = x; each step applies one operation with a constant. */
static unsigned emit(uint8_t *code, const uint32_t *steps, unsigned count)
{
    static const uint8_t opcode[4] = {0x05, 0x2d, 0x35, 0x69}; /* ADD, SUB, XOR EAX, imm32; IMUL EAX, EAX, imm32 */
    uint8_t *p = code;
    *p++ = 0x8b; *p++ = 0x44; *p++ = 0x24; *p++ = 0x04; /* MOV EAX, [ESP+4] */
    for (unsigned i = 0; i < count; i++) {
        unsigned op = steps[i] & 3;
        uint32_t constant = steps[i] | 1;
        *p++ = opcode[op];
        if (op == 3) *p++ = 0xc0;
        memcpy(p, &constant, 4);
        p += 4;
    }
    *p++ = 0xc3; /* RET */
    return (unsigned)(p - code);
}

static uint32_t evaluate(uint32_t x, const uint32_t *steps, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t constant = steps[i] | 1;
        switch (steps[i] & 3) {
        case 0: x += constant; break;
        case 1: x -= constant; break;
        case 2: x ^= constant; break;
        default: x *= constant;
        }
    }
    return x;
}

int main(int argc, char **argv)
{
    enum { STEPS = 24, CALLS = 400 };
    uint32_t rounds = workload_rounds(argc, argv), sum = 1, seed = 43, steps[STEPS];
    uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return 1;
    for (uint32_t round = 0; round < rounds; round++) {
        uint8_t *code = page + (round & 15) * 256;
        for (int i = 0; i < STEPS; i++) steps[i] = workload_random(&seed);
        emit(code, steps, STEPS);
        uint32_t x = round;
        for (int i = 0; i < CALLS; i++) x = ((function)(uintptr_t)code)(x + (uint32_t)i);
        uint32_t expected = round;
        for (int i = 0; i < 4; i++) expected = evaluate(expected + (uint32_t)i, steps, STEPS);
        uint32_t got = round;
        for (int i = 0; i < 4; i++) got = ((function)(uintptr_t)code)(got + (uint32_t)i);
        if (got != expected) return workload_report("codegen differs", round);
        sum = workload_mix(sum, x);
    }
    return workload_report("codegen", sum);
}
