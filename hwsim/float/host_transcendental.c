#include "hwsim/float/transcendental.h"

#if defined(__x86_64__) || defined(__i386__)

/* What FNSAVE writes. */
struct __attribute__((packed)) saved {
    uint32_t control, status, rest[5];
    uint8_t st[8][10];
};

/* The caller's x87 environment comes back as it was; its stack is empty, as at every call. */
#define HOST(code)                                                                                                     \
    __asm__ volatile("fnstenv %0\n\tfninit\n\tfldcw %4\n\tfldt %3\n\tfldt %2\n\t" code "\n\tfnsave %1\n\tfldenv %0"    \
                     : "=m"(environment), "=m"(saved)                                                                  \
                     : "m"(a), "m"(b), "m"(control)                                                                    \
                     : "memory")

bool host_transcendental(enum transcendental op, struct vreg a, struct vreg b, uint64_t fcw,
                         struct float_result *result)
{
    uint32_t environment[7];
    struct saved saved = {0};
    uint16_t control = (uint16_t)(fcw | 0x7f);
    switch (op) {
    case OP_SIN: HOST("fsin"); break;
    case OP_COS: HOST("fcos"); break;
    case OP_TAN: HOST("fptan"); break;
    case OP_ATAN: HOST("fpatan"); break;
    case OP_EXP2M1: HOST("f2xm1"); break;
    case OP_YLOG2: HOST("fyl2x"); break;
    case OP_YLOG2P1: HOST("fyl2xp1"); break;
    }
    result->status = (uint16_t)(saved.status & (FLOAT_EXCEPTIONS | FLOAT_C1 | FLOAT_C2));
    /* FPTAN pushes 1 above its result, unless the operand was out of range */
    unsigned at = op == OP_TAN && !(result->status & FLOAT_C2);
    result->value = (struct vreg){{0, 0}};
    memcpy(&result->value, saved.st[at], sizeof saved.st[at]);
    return true;
}

#else

bool host_transcendental(enum transcendental op, struct vreg a, struct vreg b, uint64_t fcw,
                         struct float_result *result)
{
    return false;
}

#endif
