/* What an x87 instruction leaves behind that meets a floating-point exception, masked or not, or misuses the stack:
 * evaluated as the interpreter does (ir_eval, then x86_float_error), against cases by hand from SDM vol. 1, 8.5, and at
 * random against the host's own x87, where an unmasked exception stays pending until FNSAVE has told of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/mman.h>

#include "hwsim/float/float.h"
#include "hwsim/isa/context.h"
#include "tests/unit/hw_core_support.h"
#include "translate/ir/ir_text.h"
#include "translate/x86/x86.h"

enum { CODE = 0x1000, DATA = 0x2000, DATA_BYTES = 16, OPS_MAX = 256, ARENA = 1 << 20 };
enum { C0 = 0x100, C1 = 0x200, C2 = 0x400, C3 = 0x4000, SF = 0x40, ES = 0x8080 };
enum { IE = FLOAT_IE, DE = FLOAT_DE, ZE = FLOAT_ZE, OE = FLOAT_OE, UE = FLOAT_UE, PE = FLOAT_PE };
enum { MASKED = 0x37f };

struct fpu {
    uint16_t fcw, fsw, ftw; /* as the homes have them: no TOP in fsw; tags and TOP in ftw */
    struct vreg st[8];      /* physical registers */
    uint8_t memory[DATA_BYTES];
};

/* ---- ours ---- */

struct bench {
    struct rig *rig;
    void *arena;
    uint8_t *memory;
};

static bool load(void *cookie, uint64_t address, unsigned size, uint64_t *value)
{
    struct bench *bench = cookie;
    *value = 0;
    memcpy(value, bench->memory + (address - DATA), 1u << size);
    return true;
}
static bool store(void *cookie, uint64_t address, unsigned size, uint64_t value)
{
    struct bench *bench = cookie;
    memcpy(bench->memory + (address - DATA), &value, 1u << size);
    return true;
}
static bool probe(void *cookie, uint64_t address, unsigned size) { return true; }
static bool load_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned, struct vreg *value)
{
    struct bench *bench = cookie;
    *value = (struct vreg){{0, 0}};
    memcpy(value, bench->memory + (address - DATA), bytes);
    return true;
}
static bool store_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned, const struct vreg *value)
{
    struct bench *bench = cookie;
    memcpy(bench->memory + (address - DATA), value, bytes);
    return true;
}
static bool vector(void *cookie, struct vector_atom *atom)
{
    return hw_vector(((struct bench *)cookie)->rig->core, atom);
}

static uint64_t context_of(const struct fpu *fpu)
{
    uint64_t context =
        UINT64_C(3) << CONTEXT_CPL_LOW | UINT64_C(1) << CONTEXT_CODE32_LOW | UINT64_C(1) << CONTEXT_STACK32_LOW;
    context = CONTEXT_PUT(context, FPU_ERROR, fpu->fsw >> 7 & 1);
    return CONTEXT_PUT(context, FPU_STACK, fpu->ftw);
}

/* The instruction, its memory operand at [eax]. False: it is no such instruction, or for a helper. *vector: the
 * exception that it raises, 0 none. */
static bool run_ours(struct bench *bench, const uint8_t *code, struct fpu *fpu, unsigned *raised)
{
    static uint64_t values[OPS_MAX];
    static uint16_t flags[OPS_MAX];
    static struct vreg vectors[OPS_MAX];
    uint64_t r[HOME_INTEGERS] = {[HOME_EAX] = DATA};
    struct vreg v[HOME_COUNT - HOME_INTEGERS] = {{{0, 0}}};
    uint16_t f0 = 0;
    struct x86_insn insn;
    struct ir_region region;
    struct arena arena;
    arena_init(&arena, bench->arena, ARENA);
    const uint8_t bytes[8] = {code[0], code[1]};
    if (x86_decode(bytes, sizeof bytes, context_of(fpu), &insn) != X86_OK) return false;
    assert_true(ir_region_init(&region, &arena, OPS_MAX, 4, context_of(fpu)));
    x86_lift(&region, &insn, CODE);
    r[HOME_FCW] = fpu->fcw, r[HOME_FSW] = fpu->fsw, r[HOME_FTW] = fpu->ftw;
    memcpy(&v[HOME_X87_R0 - HOME_INTEGERS], fpu->st, sizeof fpu->st);
    bench->memory = fpu->memory;
    struct ir_machine machine = {.r = r,
                                 .f0 = &f0,
                                 .cookie = bench,
                                 .load = load,
                                 .store = store,
                                 .probe = probe,
                                 .v = v,
                                 .vectors = vectors,
                                 .load_vector = load_vector,
                                 .store_vector = store_vector,
                                 .vector = vector};
    struct ir_eval_result result = {0};
    enum ir_outcome outcome = ir_eval(region.insns, region.count, &machine, values, flags, &result);
    if (outcome == IR_CALLS_HELPER) return false;
    if (outcome == IR_FLOAT_ERROR)
        outcome = x86_float_error(region.insns, region.count, &machine, values, flags, &result);
    *raised = outcome == IR_TRAPPED ? (unsigned)result.value : 0;
    if (*raised) return true;
    fpu->fcw = (uint16_t)r[HOME_FCW], fpu->fsw = (uint16_t)r[HOME_FSW], fpu->ftw = (uint16_t)r[HOME_FTW];
    memcpy(fpu->st, &v[HOME_X87_R0 - HOME_INTEGERS], sizeof fpu->st);
    return true;
}

/* ---- by hand ---- */

#define NUMBER(se, significand)                                                                                        \
    {                                                                                                                  \
        {                                                                                                              \
            UINT64_C(significand), se                                                                                  \
        }                                                                                                              \
    }
#define ONE      NUMBER(0x3fff, 0x8000000000000000)
#define TWO      NUMBER(0x4000, 0x8000000000000000)
#define THREE    NUMBER(0x4000, 0xc000000000000000)
#define ZERO     NUMBER(0, 0)
#define MAXIMUM  NUMBER(0x7ffe, 0xffffffffffffffff)
#define MINIMUM  NUMBER(0x0001, 0x8000000000000000)
#define DENORMAL NUMBER(0x0000, 0x0000000000000001)
#define INFINITE NUMBER(0x7fff, 0x8000000000000000)
#define NEGATIVE NUMBER(0xffff, 0x8000000000000000)
#define DEFAULT  NUMBER(0xffff, 0xc000000000000000)
#define SIGNALS  NUMBER(0x7fff, 0xa000000000000000)
#define QUIET    NUMBER(0x7fff, 0xe000000000000000)
#define TINY     NUMBER(0x3f00, 0x8000000000000000)
#define HUGE     NUMBER(0x5000, 0x8000000000000000)
/* SDM vol. 1, 8.5.4 and 8.5.5: exponents move by 24576 where the handler is to see the result */
#define MAXIMUM_DOUBLED_BIASED NUMBER(0x7fff - 0x6000, 0xffffffffffffffff)
#define MINIMUM_HALVED_BIASED  NUMBER(0x6000, 0x8000000000000000)

/* Two registers, R0 and R1, are in use unless the case says otherwise; TOP is 0. Memory is 0xee. */
enum { BOTH = 3, POPPED = 0x102, PUSHED = 0x783, POPPED_BOTH = 0x200 };
#define HAND(row, bytes, control, status, tags, a, b, status_then, tags_then, a_then, ...)                             \
    {                                                                                                                  \
        .name = row, .code = bytes, .fcw = control, .fsw = status, .ftw = tags, .st0 = a, .st1 = b,                    \
        .fsw_after = status_then, .ftw_after = tags_then, .r0 = a_then, .r1 = __VA_ARGS__                              \
    }
static const struct hand {
    const char *name, *code;
    uint16_t fcw, fsw, ftw; /* before; 0: BOTH */
    struct vreg st0, st1;   /* R0, R1 */
    uint16_t fsw_after, ftw_after;
    struct vreg r0, r1, r7;            /* after */
    const char *memory, *memory_after; /* first bytes, NULL: 0xee */
} hands[] = {
    HAND("FADD", "\xd8\xc1", MASKED, C1, 0, ONE, ONE, 0, BOTH, TWO, ONE),
    HAND("FADD, overflow masked", "\xd8\xc1", MASKED, 0, 0, MAXIMUM, MAXIMUM, OE | PE | C1, BOTH, INFINITE, MAXIMUM),
    HAND("FADD, overflow", "\xd8\xc1", MASKED & ~OE, 0, 0, MAXIMUM, MAXIMUM, OE | ES, BOTH, MAXIMUM_DOUBLED_BIASED,
         MAXIMUM),
    HAND("FADD, invalid masked", "\xd8\xc1", MASKED, 0, 0, INFINITE, NEGATIVE, IE, BOTH, DEFAULT, NEGATIVE),
    HAND("FADD, invalid", "\xd8\xc1", MASKED & ~IE, 0, 0, INFINITE, NEGATIVE, IE | ES, BOTH, INFINITE, NEGATIVE),
    HAND("FADD, signalling NaN", "\xd8\xc1", MASKED & ~IE, 0, 0, SIGNALS, ONE, IE | ES, BOTH, SIGNALS, ONE),
    HAND("FADD, denormal masked", "\xd8\xc1", MASKED, 0, 0, ONE, DENORMAL, DE | PE, BOTH, ONE, DENORMAL),
    HAND("FADD, denormal", "\xd8\xc1", MASKED & ~DE, 0, 0, ONE, DENORMAL, DE | ES, BOTH, ONE, DENORMAL),
    HAND("FADD, inexact", "\xd8\xc1", MASKED & ~PE, 0, 0, ONE, TINY, PE | ES, BOTH, ONE, TINY),
    HAND("FADDP, inexact: pops", "\xde\xc1", MASKED & ~PE, 0, 0, ONE, TINY, PE | ES, POPPED, ONE, ONE),
    HAND("FADDP, invalid: does not pop", "\xde\xc1", MASKED & ~IE, 0, 0, INFINITE, NEGATIVE, IE | ES, BOTH, INFINITE,
         NEGATIVE),
    HAND("FADDP, overflow: pops", "\xde\xc1", MASKED & ~OE, 0, 0, MAXIMUM, MAXIMUM, OE | ES, POPPED, MAXIMUM,
         MAXIMUM_DOUBLED_BIASED),
    HAND("FMUL, underflow masked and exact", "\xd8\xc9", MASKED, 0, 0, MINIMUM, TWO, 0, BOTH,
         NUMBER(2, 0x8000000000000000), TWO),
    HAND("FDIV, underflow, exact", "\xd8\xf1", MASKED & ~UE, 0, 0, MINIMUM, TWO, UE | ES, BOTH, MINIMUM_HALVED_BIASED,
         TWO),
    HAND("FDIV, underflow masked, exact: none", "\xd8\xf1", MASKED, 0, 0, MINIMUM, TWO, 0, BOTH,
         NUMBER(0, 0x4000000000000000), TWO),
    HAND("FDIV, by zero masked", "\xd8\xf1", MASKED, 0, 0, ONE, ZERO, ZE, BOTH, INFINITE, ZERO),
    HAND("FDIV, by zero", "\xd8\xf1", MASKED & ~ZE, 0, 0, ONE, ZERO, ZE | ES, BOTH, ONE, ZERO),
    HAND("FADD m32, signalling", "\xd8\x00", MASKED & ~IE, 0, 0, ONE, ONE, IE | ES, BOTH, ONE, ONE,
         .memory = "\x01\x00\x80\x7f", .memory_after = "\x01\x00\x80\x7f"),
    HAND("FADD m32, denormal", "\xd8\x00", MASKED & ~DE, 0, 0, ONE, ONE, DE | ES, BOTH, ONE, ONE,
         .memory = "\x01\x00\x00\x00", .memory_after = "\x01\x00\x00\x00"),
    HAND("FLD m32, signalling masked", "\xd9\x00", MASKED, 0, 0, ONE, ONE, IE, PUSHED, ONE, ONE,
         .r7 = NUMBER(0x7fff, 0xc000010000000000), .memory = "\x01\x00\x80\x7f", .memory_after = "\x01\x00\x80\x7f"),
    HAND("FLD m32, signalling: not pushed", "\xd9\x00", MASKED & ~IE, 0, 0, ONE, ONE, IE | ES, BOTH, ONE, ONE,
         .memory = "\x01\x00\x80\x7f", .memory_after = "\x01\x00\x80\x7f"),
    HAND("FLD m32, denormal: pushed", "\xd9\x00", MASKED & ~DE, 0, 0, ONE, ONE, DE | ES, PUSHED, ONE, ONE,
         .r7 = NUMBER(0x3fff - 149, 0x8000000000000000), .memory = "\x01\x00\x00\x00",
         .memory_after = "\x01\x00\x00\x00"),
    /* stores: an overflow goes nowhere, and is not told to be inexact; an inexact result goes there */
    HAND("FSTP m32, overflow masked", "\xd9\x18", MASKED, 0, 0, HUGE, ONE, OE | PE | C1, POPPED, HUGE, ONE,
         .memory_after = "\x00\x00\x80\x7f"),
    HAND("FSTP m32, overflow", "\xd9\x18", MASKED & ~OE, C1, 0, HUGE, ONE, OE | ES, BOTH, HUGE, ONE),
    HAND("FSTP m32, overflow and inexact", "\xd9\x18", MASKED & ~OE, C1, 0, MAXIMUM, ONE, OE | ES, BOTH, MAXIMUM, ONE),
    HAND("FSTP m32, underflow masked", "\xd9\x18", MASKED, 0, 0, TINY, ONE, UE | PE, POPPED, TINY, ONE,
         .memory_after = "\x00\x00\x00\x00"),
    HAND("FSTP m32, underflow", "\xd9\x18", MASKED & ~UE, 0, 0, TINY, ONE, UE | ES, BOTH, TINY, ONE),
    HAND("FSTP m32, inexact", "\xd9\x18", MASKED & ~PE, 0, 0, NUMBER(0x3fff, 0x8000000000000001), ONE, PE | ES, POPPED,
         NUMBER(0x3fff, 0x8000000000000001), ONE, .memory_after = "\x00\x00\x80\x3f"),
    HAND("FST m32, signalling", "\xd9\x10", MASKED & ~IE, 0, 0, SIGNALS, ONE, IE | ES, BOTH, SIGNALS, ONE),
    HAND("FST m32, empty masked", "\xd9\x10", MASKED, C1, 2, ONE, ONE, IE | SF, 2, ONE, ONE,
         .memory_after = "\x00\x00\xc0\xff"),
    HAND("FST m32, empty", "\xd9\x10", MASKED & ~IE, C1, 2, ONE, ONE, IE | SF | ES, 2, ONE, ONE),
    HAND("FSTP m32, empty masked: pops", "\xd9\x18", MASKED, 0, 2, ONE, ONE, IE | SF, POPPED, ONE, ONE,
         .memory_after = "\x00\x00\xc0\xff"),
    HAND("FISTP m16, too large masked", "\xdf\x18", MASKED, 0, 0, HUGE, ONE, IE, POPPED, HUGE, ONE,
         .memory_after = "\x00\x80\xee\xee"),
    HAND("FISTP m16, too large", "\xdf\x18", MASKED & ~IE, 0, 0, HUGE, ONE, IE | ES, BOTH, HUGE, ONE),
    HAND("FIST m32, inexact", "\xdb\x10", MASKED & ~PE, 0, 0, NUMBER(0x3ffe, 0xc000000000000000), ONE, PE | C1 | ES,
         BOTH, NUMBER(0x3ffe, 0xc000000000000000), ONE, .memory_after = "\x01\x00\x00\x00"),
    HAND("FIST m32, empty", "\xdb\x10", MASKED & ~IE, 0, 2, ONE, ONE, IE | SF | ES, 2, ONE, ONE),
    HAND("FIST m32, empty masked", "\xdb\x10", MASKED, 0, 2, ONE, ONE, IE | SF, 2, ONE, ONE,
         .memory_after = "\x00\x00\x00\x80"),
    /* comparisons tell even where the exception is not masked, as this processor does it (SDM vol. 2, FCOM: they do
       not) */
    HAND("FCOM, less", "\xd8\xd1", MASKED, C1, 0, ONE, THREE, C0, BOTH, ONE, THREE),
    HAND("FCOM, unordered masked", "\xd8\xd1", MASKED, 0, 0, QUIET, THREE, IE | C0 | C2 | C3, BOTH, QUIET, THREE),
    HAND("FCOM, unordered", "\xd8\xd1", MASKED & ~IE, C3, 0, QUIET, THREE, IE | C0 | C2 | C3 | ES, BOTH, QUIET, THREE),
    HAND("FUCOM, quiet", "\xdd\xe1", MASKED & ~IE, 0, 0, QUIET, THREE, C0 | C2 | C3, BOTH, QUIET, THREE),
    HAND("FCOMPP, unordered: does not pop", "\xde\xd9", MASKED & ~IE, 0, 0, QUIET, THREE, IE | C0 | C2 | C3 | ES, BOTH,
         QUIET, THREE),
    HAND("FCOMPP", "\xde\xd9", MASKED, 0, 0, THREE, ONE, 0, POPPED_BOTH, THREE, ONE),
    HAND("FCOM, empty masked", "\xd8\xd1", MASKED, 0, 2, ONE, ONE, IE | SF | C0 | C2 | C3, 2, ONE, ONE),
    HAND("FCOM, empty", "\xd8\xd1", MASKED & ~IE, 0, 2, ONE, ONE, IE | SF | C0 | C2 | C3 | ES, 2, ONE, ONE),
    /* two results */
    HAND("FPTAN", "\xd9\xf2", MASKED, 0, 0, ZERO, ONE, 0, PUSHED, ZERO, ONE, .r7 = ONE),
    HAND("FPTAN, out of range", "\xd9\xf2", MASKED, 0, 0, HUGE, ONE, C2, BOTH, HUGE, ONE),
    HAND("FPTAN, infinity", "\xd9\xf2", MASKED & ~IE, 0, 0, INFINITE, ONE, IE | ES, BOTH, INFINITE, ONE),
    HAND("FPTAN, overflow masked", "\xd9\xf2", MASKED, 0, 0x83, ZERO, ONE, IE | SF | C1, PUSHED, DEFAULT, ONE,
         .r7 = DEFAULT),
    HAND("FPTAN, overflow", "\xd9\xf2", MASKED & ~IE, 0, 0x83, ZERO, ONE, IE | SF | C1 | ES, 0x83, ZERO, ONE),
    HAND("FPTAN, underflow masked", "\xd9\xf2", MASKED, C1, 2, ZERO, ONE, IE | SF, 0x783, DEFAULT, ONE, .r7 = DEFAULT),
    HAND("FSINCOS", "\xd9\xfb", MASKED, 0, 0, ZERO, ONE, 0, PUSHED, ZERO, ONE, .r7 = ONE),
    HAND("FSINCOS, infinity masked", "\xd9\xfb", MASKED, 0, 0, INFINITE, ONE, IE, PUSHED, DEFAULT, ONE, .r7 = DEFAULT),
    HAND("FSINCOS, infinity", "\xd9\xfb", MASKED & ~IE, 0, 0, INFINITE, ONE, IE | ES, BOTH, INFINITE, ONE),
    HAND("FXTRACT, of zero masked", "\xd9\xf4", MASKED, 0, 0, ZERO, ONE, ZE, PUSHED, NEGATIVE, ONE),
    HAND("FXTRACT, of zero", "\xd9\xf4", MASKED & ~ZE, 0, 0, ZERO, ONE, ZE | ES, BOTH, ZERO, ONE),
    /* the stack */
    HAND("FLD1, overflow masked", "\xd9\xe8", MASKED, 0, 0x83, ONE, ONE, IE | SF | C1, PUSHED, ONE, ONE, .r7 = DEFAULT),
    HAND("FLD1, overflow", "\xd9\xe8", MASKED & ~IE, 0, 0x83, ONE, ONE, IE | SF | C1 | ES, 0x83, ONE, ONE),
    HAND("FLD ST(0), empty masked", "\xd9\xc0", MASKED, C1, 2, ONE, ONE, IE | SF, 0x782, ONE, ONE, .r7 = DEFAULT),
    HAND("FLD ST(0), empty and full masked", "\xd9\xc0", MASKED, C1, 0x82, ONE, ONE, IE | SF, 0x782, ONE, ONE,
         .r7 = DEFAULT),
    HAND("FADD, empty masked", "\xd8\xc1", MASKED, C1, 2, ONE, ONE, IE | SF, BOTH, DEFAULT, ONE),
    HAND("FADD, empty", "\xd8\xc1", MASKED & ~IE, C1, 2, ONE, ONE, IE | SF | ES, 2, ONE, ONE),
    HAND("FXCH, empty masked", "\xd9\xc9", MASKED, 0, 2, ONE, THREE, IE | SF, BOTH, THREE, DEFAULT),
    /* what was sticky is pending when its mask goes; and the other way round */
    HAND("FLDCW that unmasks", "\xd9\x28", MASKED, ZE | C2, 0, ONE, ONE, ZE | C2 | ES, BOTH, ONE, ONE,
         .memory = "\x7b\x03\xee\xee", .memory_after = "\x7b\x03\xee\xee"),
    HAND("FLDCW that unmasks another", "\xd9\x28", MASKED, ZE, 0, ONE, ONE, ZE, BOTH, ONE, ONE, .memory = "\x7d\x03\xee\xee",
         .memory_after = "\x7d\x03\xee\xee"),
    HAND("FNCLEX", "\xdb\xe2", MASKED & ~ZE, ZE | PE | SF | C3 | ES, 0, ONE, ONE, C3, BOTH, ONE, ONE),
};

static struct fpu fpu_of(const struct hand *hand)
{
    struct fpu fpu = {.fcw = hand->fcw, .fsw = hand->fsw, .ftw = hand->ftw ? hand->ftw : BOTH};
    fpu.st[0] = hand->st0, fpu.st[1] = hand->st1;
    memset(fpu.memory, 0xee, sizeof fpu.memory);
    if (hand->memory) memcpy(fpu.memory, hand->memory, 4);
    return fpu;
}

static void by_hand(void **state)
{
    struct bench *bench = *state;
    unsigned wrong = 0;
    for (unsigned i = 0; i < LENGTH(hands); i++) {
        const struct hand *hand = &hands[i];
        struct fpu fpu = fpu_of(hand);
        uint8_t expected[DATA_BYTES];
        memset(expected, 0xee, sizeof expected);
        if (hand->memory) memcpy(expected, hand->memory, 4);
        if (hand->memory_after) memcpy(expected, hand->memory_after, 4);
        unsigned raised;
        assert_true(run_ours(bench, (const uint8_t *)hand->code, &fpu, &raised));
        bool same = !raised && fpu.fsw == hand->fsw_after && fpu.ftw == hand->ftw_after &&
                    !memcmp(&fpu.st[0], &hand->r0, sizeof hand->r0) &&
                    !memcmp(&fpu.st[1], &hand->r1, sizeof hand->r1) &&
                    !memcmp(&fpu.st[7], &hand->r7, sizeof hand->r7) && !memcmp(fpu.memory, expected, sizeof expected);
        if (same) continue;
        wrong++;
        print_error("%s: fsw %04x, should be %04x; ftw %03x, should be %03x; r0 %04llx.%016llx r1 %04llx.%016llx "
                    "r7 %04llx.%016llx memory %02x%02x%02x%02x\n",
                    hand->name, fpu.fsw, hand->fsw_after, fpu.ftw, hand->ftw_after,
                    (unsigned long long)fpu.st[0].half[1], (unsigned long long)fpu.st[0].half[0],
                    (unsigned long long)fpu.st[1].half[1], (unsigned long long)fpu.st[1].half[0],
                    (unsigned long long)fpu.st[7].half[1], (unsigned long long)fpu.st[7].half[0], fpu.memory[0],
                    fpu.memory[1], fpu.memory[2], fpu.memory[3]);
    }
    assert_int_equal(wrong, 0);
}

/* While one is pending, instructions that wait raise #MF and do nothing else. */
static void pending(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *code;
        bool waits;
    } cases[] = {{"\xd8\xc1", true},  {"\x9b", true},      {"\xd9\x28", true},  {"\xd9\x18", true},
                 {"\xd9\xe8", true},  {"\xd9\xd0", true},  {"\xdd\x38", false}, {"\xdb\xe2", false},
                 {"\xdb\xe3", false}, {"\xd9\x38", false}, {"\xdf\xe0", false}};
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        struct fpu fpu = {.fcw = MASKED & ~ZE, .fsw = ZE | ES, .ftw = BOTH, .st = {ONE, ONE}}, before = fpu;
        unsigned raised;
        assert_true(run_ours(bench, (const uint8_t *)cases[i].code, &fpu, &raised));
        assert_int_equal(raised, cases[i].waits ? 16 : 0);
        if (cases[i].waits) assert_memory_equal(&fpu, &before, sizeof fpu);
    }
}

/* SSE tells at once, and does nothing else: MXCSR has the flag, #XM follows (SDM vol. 1, 11.5). */
static void sse(void **state)
{
    struct bench *bench = *state;
    static uint64_t values[8];
    static uint16_t flags[8];
    static struct vreg vectors[8];
    uint64_t r[HOME_INTEGERS] = {[HOME_MXCSR] = 0x1f80 & ~((uint64_t)ZE << 7)};
    struct vreg v[HOME_COUNT - HOME_INTEGERS] = {{{0x3f800000, 7}}, {{0, 0}}};
    uint16_t f0 = 0;
    const struct ir_insn ops[] = {
        {0},
        {.op = IR_GET, .imm = HOME_XMM0},
        {.op = IR_GET, .imm = HOME_XMM1},
        {.op = IR_GET, .imm = HOME_MXCSR},
        {.op = ATOM_VFDIV, .size = 1, .a = 1, .b = 2, .c = 3, .fmask = MASK_ALL},
        {.op = ATOM_XMERGE, .a = 3, .b = 3, .f = 4},
        {.op = IR_PUT, .imm = HOME_MXCSR, .a = 5},
        {.op = IR_PUT, .imm = HOME_XMM0, .a = 4},
    };
    struct ir_machine machine = {.r = r, .f0 = &f0, .cookie = bench, .v = v, .vectors = vectors, .vector = vector};
    struct ir_eval_result result = {0};
    assert_int_equal(ir_eval(ops, LENGTH(ops), &machine, values, flags, &result), IR_FLOAT_ERROR);
    assert_int_equal(x86_float_error(ops, LENGTH(ops), &machine, values, flags, &result), IR_TRAPPED);
    assert_int_equal(result.value, 19);
    assert_int_equal(r[HOME_MXCSR], (0x1f80 & ~((uint64_t)ZE << 7)) | ZE);
    assert_int_equal(v[0].half[0], 0x3f800000);
}

/* ---- the host ---- */

struct __attribute__((packed)) image { /* of FRSTOR and FNSAVE, 32 bits (SDM vol. 1, figure 8-9) */
    uint32_t fcw, fsw, ftw, fip, fcs, fdp, fds;
    uint8_t st[8][10]; /* from the top */
};

static void run_host(uint8_t *page, const uint8_t *code, unsigned length, struct fpu *fpu)
{
    struct image image = {.fcw = fpu->fcw, .fsw = fpu->fsw | (fpu->ftw & 0x700u) << 3};
    for (unsigned i = 0; i < 8; i++) {
        if (!(fpu->ftw >> i & 1)) image.ftw |= 3u << (2 * i);
        memcpy(image.st[(i - (fpu->ftw >> 8)) & 7], &fpu->st[i], 10);
    }
    static const uint8_t before[] = {0x6a, 0,    0x9d, 0x48,
                                     0x89, 0xf0, 0xdd, 0x27} /* push 0; popf; mov rax, rsi; frstor [rdi] */,
                         after[] = {0xdd, 0x37, 0xc3} /* fnsave [rdi]; ret */;
    memcpy(page, before, sizeof before);
    memcpy(page + sizeof before, code, length);
    memcpy(page + sizeof before + length, after, sizeof after);
    ((void (*)(struct image *, uint8_t *))(uintptr_t)page)(&image, fpu->memory);
    fpu->fcw = (uint16_t)image.fcw;
    fpu->fsw = (uint16_t)(image.fsw & ~0x3800u);
    fpu->ftw = (uint16_t)(image.fsw >> 11 & 7) << 8;
    for (unsigned i = 0; i < 8; i++) {
        if ((image.ftw >> (2 * i) & 3) != 3) fpu->ftw |= (uint16_t)(1u << i);
        memcpy(&fpu->st[i], image.st[(i - (fpu->ftw >> 8)) & 7], 10);
    }
}

static struct vreg random_number(struct prng *prng)
{
    static const struct vreg some[] = {ONE,      TWO,      THREE,   ZERO,    MAXIMUM, MINIMUM, DENORMAL,
                                       INFINITE, NEGATIVE, DEFAULT, SIGNALS, QUIET,   TINY,    HUGE};
    struct vreg number = some[prng_below(prng, LENGTH(some))];
    switch (prng_below(prng, 4)) {
    case 0: return number;
    case 1: number.half[1] ^= 0x8000; return number;
    case 2: return (struct vreg){{prng_next(prng) | UINT64_C(1) << 63, 0x3fff - 20 + prng_below(prng, 40)}};
    default: return (struct vreg){{prng_next(prng) | UINT64_C(1) << 63, prng_next(prng) & 0xffff}};
    }
}

static struct fpu random_fpu(struct prng *prng)
{
    static const uint16_t precisions[] = {0x300, 0x300, 0x200, 0};
    uint16_t masks = (uint16_t)(prng_next(prng) | (prng_below(prng, 2) ? prng_next(prng) : 0)) & 63;
    struct fpu fpu = {.fcw = (uint16_t)(0x40 | masks | precisions[prng_below(prng, 4)] | prng_below(prng, 4) << 10)};
    fpu.fsw = (uint16_t)(prng_next(prng) & (masks | C0 | C1 | C2 | C3));
    fpu.ftw = (uint16_t)(prng_below(prng, 8) << 8 | (prng_below(prng, 3) ? 0x7e : prng_next(prng) & 255));
    if (prng_below(prng, 2)) fpu.ftw = (uint16_t)(prng_below(prng, 8) << 8 | 0xff);
    for (unsigned i = 0; i < 8; i++) fpu.st[i] = random_number(prng);
    for (unsigned i = 0; i < DATA_BYTES; i++) fpu.memory[i] = (uint8_t)prng_next(prng);
    if (prng_below(prng, 4) == 0) memset(fpu.memory, 0, 2 + prng_below(prng, 6));
    if (prng_below(prng, 4) == 0) memcpy(fpu.memory + prng_below(prng, 8), "\x7f\xf0\x7f\x80\xff", 2);
    return fpu;
}

/* Transcendental functions, whose last bits differ, and FPREM, of which processors do as much as they like at once;
 * FNSTSW AX and FLDENV go elsewhere. */
static bool left_out(const uint8_t *code)
{
    static const uint8_t others[] = {0xf4, 0xf6, 0xf7, 0xfa, 0xfc, 0xfd}; /* FXTRACT, FDECSTP, ..., FSCALE */
    uint8_t second = code[1];
    if (code[0] == 0xdf) return second == 0xe0;
    if (code[0] != 0xd9) return false;
    return second == 0x20 || second == 0x30 || (second >= 0xf0 && !memchr(others, second, sizeof others));
}

static void against_the_host(void **state)
{
    struct bench *bench = *state;
    struct prng prng;
    unsigned runs = 0, pendings = 0, wrong = 0;
    uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    __builtin_cpu_init();
    if (!__builtin_cpu_is("amd")) {
        print_message("not compared: of what the manual leaves open we do what AMD's processors do\n");
        skip();
    }
    prng_seed(&prng, 41);
    for (unsigned round = 0; round < 400000 && wrong < 20; round++) {
        uint8_t code[8] = {(uint8_t)(0xd8 + prng_below(&prng, 8)), (uint8_t)prng_next(&prng)};
        if (code[1] < 0xc0) code[1] &= 0x38; /* [eax] */
        struct fpu before = random_fpu(&prng), ours = before, host = before;
        unsigned raised;
        if (left_out(code) || !run_ours(bench, code, &ours, &raised)) continue;
        assert_int_equal(raised, 0);
        run_host(page, code, 2, &host);
        bool same = ours.fsw == host.fsw && ours.ftw == host.ftw && ours.fcw == host.fcw;
        for (unsigned i = 0; i < 8; i++) same &= !(host.ftw >> i & 1) || !memcmp(&ours.st[i], &host.st[i], 10);
        same &= !memcmp(ours.memory, host.memory, DATA_BYTES);
        runs++;
        pendings += host.fsw >> 7 & 1;
        if (same) continue;
        wrong++;
        print_error("%02x %02x fcw %04x fsw %04x ftw %03x: fsw %04x, host's %04x; ftw %03x, host's %03x\n", code[0],
                    code[1], before.fcw, before.fsw, before.ftw, ours.fsw, host.fsw, ours.ftw, host.ftw);
        for (unsigned i = 0; i < 8; i++)
            if (memcmp(&ours.st[i], &host.st[i], 10))
                print_error("    r%u %04llx.%016llx: %04llx.%016llx, host's %04llx.%016llx\n", i,
                            (unsigned long long)before.st[i].half[1], (unsigned long long)before.st[i].half[0],
                            (unsigned long long)ours.st[i].half[1], (unsigned long long)ours.st[i].half[0],
                            (unsigned long long)host.st[i].half[1] & 0xffff, (unsigned long long)host.st[i].half[0]);
        if (memcmp(ours.memory, host.memory, DATA_BYTES)) print_error("    memory differs\n");
    }
    munmap(page, 4096);
    assert_int_equal(wrong, 0);
    assert_true(runs > 100000 && pendings > runs / 10);
}

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    bench->rig = rig_create("");
    bench->arena = malloc(ARENA);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    rig_destroy(bench->rig);
    free(bench->arena);
    free(bench);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand), cmocka_unit_test(pending), cmocka_unit_test(sse),
                                       cmocka_unit_test(against_the_host)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
