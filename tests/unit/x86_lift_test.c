/* x86_lift_test.c -- what the lifter makes of each row: well-formed IR under every context, in accord with the row's
 * columns (properties; flags read, written, undefined); and golden text for a few. What the IR computes is compared
 * with the host's processor in x86_host_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "hwsim/base/prng.h"
#include "translate/ir/ir_text.h"
#include "translate/x86/rows.h"

enum { OPS_MAX = 1000, ADDRESS = 0x08048000 };
#define CODE32 (UINT64_C(1) << ROW_CONTEXT_CODE32)
#define FPU_OFF (UINT64_C(1) << ROW_CONTEXT_FPU_OFF)
#define FPU_ERROR (UINT64_C(1) << ROW_CONTEXT_FPU_ERROR)
#define STACK32 (UINT64_C(1) << ROW_CONTEXT_STACK32)
#define USER (UINT64_C(3) << ROW_CONTEXT_CPL)

static uint8_t arena_memory[1 << 19];

static void lift(struct ir_region *region, const struct x86_insn *insn, uint64_t context)
{
    static struct arena arena;
    arena_init(&arena, arena_memory, sizeof arena_memory);
    assert_true(ir_region_init(region, &arena, OPS_MAX, 2, context));
    x86_lift(region, insn, ADDRESS);
}

static void explain(const char *wrong, const struct x86_insn *insn, const struct ir_region *region)
{
    print_error("%s %s: %s\n", x86_rows[insn->row].mnemonic, x86_rows[insn->row].form, wrong);
    ir_print(stderr, region);
}

/* ---- properties ---- */

static bool leaves(const struct ir_insn *insn)
{
    return insn->op == IR_EXIT || insn->op == IR_TRAP || insn->op == IR_HELPER;
}

static const char *check_properties(const struct ir_region *region, const struct x86_insn *insn)
{
    unsigned properties = x86_rows[insn->row].properties;
    bool loads = false, stores = false, traps = false, helps = false;
    for (unsigned at = 1; at < region->count; at++) {
        const struct ir_insn *op = &region->insns[at];
        loads |= ir_is_load(op->op);
        stores |= ir_is_store(op->op) || op->op == ATOM_PROBE;
        traps |= op->op == IR_TRAP || op->op == IR_TRAPIF || op->op == ATOM_FMERGE || op->op == ATOM_XMERGE;
        helps |= op->op == IR_HELPER;
    }
    bool ends = leaves(&region->insns[region->count - 1]);
    bool writes_code = insn->memory && insn->segment == X86_CS && properties & X86_STORES;
    bool may_end =
        writes_code || properties & X86_REPEATS || insn->row == ROW_CLD || insn->row == ROW_STD || insn->row == ROW_AAM;
    if (region->insns[1].op != IR_MARK || region->insns[1].c != insn->length) return "begins without its mark";
    if (stores && !(properties & X86_STORES)) return "stores, and its row does not say so";
    if ((loads || stores || traps) && !(properties & X86_MAY_FAULT)) return "may fault, and its row does not say so";
    if (helps != (properties & X86_INTERPRETED && !writes_code)) return "a helper, or its row, is wrong about that";
    if (properties & X86_ENDS_REGION ? !ends : ends && !may_end) return "ends otherwise than its row says";
    return NULL;
}

/* ---- flags: what evaluation shows ---- */

struct memory {
    uint64_t sum; /* of all that was stored */
};

static bool load(void *cookie, uint64_t address, unsigned size, uint64_t *value)
{
    (void)cookie;
    uint64_t bits = (address + 1) * UINT64_C(0x9e3779b97f4a7c15);
    *value = (bits ^ bits >> 29) & bits_mask(8u << size);
    return true;
}

static bool store(void *cookie, uint64_t address, unsigned size, uint64_t value)
{
    struct memory *memory = cookie;
    memory->sum = (memory->sum + address) * 31 + (value & bits_mask(8u << size)) * 7 + size;
    return true;
}

static bool probe(void *cookie, uint64_t address, unsigned size)
{
    (void)cookie, (void)address, (void)size;
    return true;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t bits = (a ^ b << 1 ^ b >> 63) * UINT64_C(0x9e3779b97f4a7c15);
    return bits ^ bits >> 29;
}

static bool load_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned, struct vreg *value)
{
    (void)cookie;
    *value = (struct vreg){{mix(address, bytes), mix(address, aligned)}};
    return true;
}

static bool store_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned, const struct vreg *value)
{
    return store(cookie, address + aligned, SIZE_64, mix(value->half[0], bytes)) &&
           store(cookie, address, SIZE_64, bytes > 8 ? value->half[1] : 0);
}

/* Not what the atom computes, but something of all that it may look at. */
static bool vector(void *cookie, struct vector_atom *atom)
{
    (void)cookie;
    unsigned shape = atom_table[atom->op].shape;
    uint64_t low = mix(atom->op, atom->imm), high;
    low = mix(low, mix(shape & SHAPE_VA ? atom->a->half[0] : atom->xa, shape & SHAPE_VB ? atom->b->half[0] : atom->xb));
    low = mix(low, mix(shape & SHAPE_VC ? atom->c->half[0] : atom->xc, shape & SHAPE_F ? atom->status : 0));
    high = mix(low, mix(shape & SHAPE_VA ? atom->a->half[1] : 0, shape & SHAPE_VB ? atom->b->half[1] : 0));
    atom->v = (struct vreg){{low, high}};
    atom->x = low;
    atom->status = high & ATOM_FLAGS;
    return true;
}

enum { VECTOR_HOMES = HOME_COUNT - HOME_INTEGERS };
struct run {
    uint64_t r[HOME_INTEGERS], where, memory;
    struct vreg v[VECTOR_HOMES];
    uint16_t f0;
};

static void evaluate(const struct ir_region *region, struct run *run)
{
    static uint64_t values[OPS_MAX];
    static uint16_t flags[OPS_MAX];
    static struct vreg vectors[OPS_MAX];
    struct memory memory = {0};
    struct ir_machine machine = {run->r, &run->f0, &memory, load, store, probe,
                                 run->v, vectors, load_vector, store_vector, vector};
    struct ir_eval_result result = {0};
    enum ir_outcome outcome = ir_eval(region->insns, region->count, &machine, values, flags, &result);
    run->where = (uint64_t)outcome << 56 ^ (uint64_t)result.at << 40 ^ result.value;
    run->memory = memory.sum;
}

/* A flag that is not read changes nothing but itself; one that is not written stays. */
static const char *check_flags(const struct ir_region *region, const struct x86_insn *insn, struct prng *prng)
{
    const struct x86_row *row = &x86_rows[insn->row];
    struct run start = {0}, before;
    for (unsigned reg = 0; reg < 8; reg++)
        start.r[reg] = prng_next(prng) & (prng_below(prng, 2) ? 0xffffffff : 0x0f0f0f0f);
    for (unsigned i = 0; i < VECTOR_HOMES; i++) start.v[i] = (struct vreg){{prng_next(prng), prng_next(prng)}};
    start.r[HOME_EFL] = 0x202;
    start.f0 = (uint16_t)(prng_next(prng) & ATOM_FLAGS);
    before = start;
    evaluate(region, &before);
    uint16_t may_change = flag_bits(row->flags_written | row->flags_undefined);
    if ((before.f0 ^ start.f0) & ~may_change) return "changes a flag that its row does not list";
    for (unsigned bit = 0; bit < 6; bit++) {
        struct run after = start;
        uint16_t flag = flag_bits(1u << bit);
        if (row->flags_read >> bit & 1) continue;
        after.f0 ^= flag;
        evaluate(region, &after);
        bool same = !memcmp(after.r, before.r, sizeof after.r) && !memcmp(after.v, before.v, sizeof after.v) &&
                    after.where == before.where && after.memory == before.memory;
        if (!same || (after.f0 ^ before.f0) & ~flag) return "reads a flag that its row does not list";
    }
    return NULL;
}

/* ---- all rows ---- */

static void check_rows(uint64_t context, bool code16, uint64_t seed)
{
    const struct x86_generate_options options = {.bases = 0xff, .segments = 0x3f, .scaled = true, .code16 = code16,
        .displacement_low = INT32_MIN, .displacement_high = INT32_MAX, .branch_low = -5000, .branch_high = 5000};
    struct prng prng;
    prng_seed(&prng, seed);
    for (unsigned row = 0; row < x86_row_count; row++) {
        for (unsigned i = 0; i < 60; i++) {
            uint8_t bytes[32];
            struct x86_insn insn;
            struct ir_region region;
            unsigned length = x86_generate(row, &prng, &options, bytes);
            if (!length) continue;
            assert_int_equal(x86_decode(bytes, length, context, &insn), X86_OK);
            assert_int_equal(insn.row, row);
            ir_ref at;
            uint64_t stack = prng_next(&prng) & 0x7ff;
            lift(&region, &insn, context | stack << ROW_CONTEXT_FPU_STACK);
            const char *wrong = ir_verify(&region, &at);
            if (!wrong && !(context & (FPU_OFF | FPU_ERROR))) wrong = check_properties(&region, &insn);
            if (!wrong) wrong = check_flags(&region, &insn, &prng);
            if (wrong) explain(wrong, &insn, &region);
            assert_null(wrong);
        }
    }
}

static void every_row(void **state)
{
    (void)state;
    const uint64_t bases = UINT64_C(15) << ROW_CONTEXT_BASE_ES, down = UINT64_C(1) << ROW_CONTEXT_DF;
    check_rows(CODE32 | STACK32 | USER, false, 1);
    check_rows(CODE32 | STACK32 | USER | down, false, 2);
    check_rows(CODE32 | STACK32 | USER | bases, false, 3);
    check_rows(CODE32 | USER, false, 4);
    check_rows(CODE32 | USER | bases | down, false, 5);
    check_rows(USER, true, 6);
    check_rows(CODE32 | STACK32 | USER | FPU_OFF, false, 7);
    check_rows(CODE32 | STACK32 | USER | FPU_ERROR, false, 8);
}

/* A region without room says so, and holds nothing beyond its end. */
static void no_room(void **state)
{
    (void)state;
    struct x86_insn insn;
    struct arena arena;
    struct ir_region region;
    assert_int_equal(x86_decode((const uint8_t *)"\xc8\x10\x00\x1f", 4, CODE32, &insn), X86_OK); /* enter 16, 31 */
    for (unsigned room = 2; room < 120; room++) {
        arena_init(&arena, arena_memory, sizeof arena_memory);
        assert_true(ir_region_init(&region, &arena, room, 2, CODE32 | STACK32));
        x86_lift(&region, &insn, ADDRESS);
        assert_true(region.full && region.count <= room);
    }
}

/* ---- golden text ---- */

static void golden(void **state)
{
    (void)state;
    static const struct { const char *name, *bytes; unsigned length; const char *text; } cases[] = {
        {"add eax, ebx", "\x01\xd8", 2,
         "mark 0x08048000 2\n%2 = get eax\n%3 = get ebx\n%4 = add.4 %2, %3 ; flags CPAZSO\nput eax, %4\nputf %4\n"},
        {"adc [ecx + edx*4 + 8], ah", "\x10\x64\x91\x08", 4,
         "mark 0x08048000 4\n%2 = get ecx\n%3 = get edx\n%4 = sh2add.4 %2, %3\nprobe.1 [%4 + 8]\n%6 = ld.1 [%4 + 8]\n"
         "%7 = get eax\n%8 = exth.4 %7\n%9 = flags\n%10 = adc.1 %6, %8, %9 ; flags CPAZSO\nst.1 [%4 + 8], %10\n"
         "putf %10\n"},
        {"inc ax", "\x66\x40", 2,
         "mark 0x08048000 2\n%2 = get eax\n%3 = flags\n%4 = add.2 %2, 1 ; flags PAZSO = %3\n%5 = ins16.4 %2, %4\n"
         "put eax, %5\nputf %4\n"},
        {"shl edx, cl", "\xd3\xe2", 2,
         "mark 0x08048000 2\n%2 = get edx\n%3 = get ecx\n%4 = flags\n%5 = shl.4 %2, %3 ; flags CPAZSO = %4\n"
         "put edx, %5\nputf %5\n"},
        {"shr eax, 5", "\xc1\xe8\x05", 3,
         "mark 0x08048000 3\n%2 = get eax\n%3 = shr.4 %2, 5 ; flags CPAZSO\nput eax, %3\nputf %3\n"},
        {"movzx eax, byte [esi]", "\x0f\xb6\x06", 3, "mark 0x08048000 3\n%2 = get esi\n%3 = ld.1 [%2]\nput eax, %3\n"},
        {"push ebp", "\x55", 1,
         "mark 0x08048000 1\n%2 = get ebp\n%3 = get esp\nst.4 ss[%3 - 4], %2\n%5 = add.4 %3, -4\nput esp, %5\n"},
        {"pop [esp + 4]", "\x8f\x44\x24\x04", 4,
         "mark 0x08048000 4\n%2 = get esp\n%3 = ld.4 ss[%2]\n%4 = add.4 %2, 4\nst.4 ss[%4 + 4], %3\nput esp, %4\n"},
        {"jl", "\x7c\x10", 2, "mark 0x08048000 2\n%2 = flags\nexitif l, %2, 0x08048012\nexit jump 0x08048002\n"},
        {"call", "\xe8\xfb\x00\x00\x00", 5,
         "mark 0x08048000 5\n%2 = mov.4 0x8048005\n%3 = get esp\nst.4 ss[%3 - 4], %2\n%5 = add.4 %3, -4\nput esp, %5\n"
         "exit call 0x08048100\n"},
        {"ret", "\xc3", 1,
         "mark 0x08048000 1\n%2 = get esp\n%3 = ld.4 ss[%2]\n%4 = add.4 %2, 4\nput esp, %4\nexit return %3\n"},
        {"rep movsd", "\xf3\xa5", 2,
         "mark 0x08048000 2\n%2 = get ecx\n%3 = sub.4 %2, 0 ; flags CPAZSO\nexitif z, %3, 0x08048002\n%5 = get esi\n"
         "%6 = ld.4 [%5]\n%7 = get edi\nst.4 [%7], %6\n%9 = add.4 %5, 4\nput esi, %9\n"
         "%11 = add.4 %7, 4\nput edi, %11\n%13 = sub.4 %2, 1\nput ecx, %13\nexit repeat\n"},
        {"mov eax, gs:[14h]", "\x65\xa1\x14\x00\x00\x00", 6,
         "mark 0x08048000 6\n%2 = get gs_base\n%3 = ld.4 [%2 + 20]\nput eax, %3\n"},
        {"cld", "\xfc", 1, "mark 0x08048000 1\n"},
        {"std", "\xfd", 1, "mark 0x08048000 1\n%2 = get efl\n%3 = or.4 %2, 1024\nput efl, %3\nexit dispatch\n"},
        {"int 80h", "\xcd\x80", 2, "mark 0x08048000 2\nexit system\n"},
        {"hlt", "\xf4", 1, "mark 0x08048000 1\ntrap 13\n"},
        {"int 21h", "\xcd\x21", 2, "mark 0x08048000 2\ntrap 0x10a0d\n"},
        {"cpuid", "\x0f\xa2", 2, "mark 0x08048000 2\nhelper cpuid, %0, %0, %0\n"},
        {"mov ss, ax", "\x8e\xd0", 2,
         "mark 0x08048000 2\n%2 = get eax\n%3 = zx16.4 %2\n%4 = mov.4 2\nhelper mov_seg, %3, %0, %4\n"},
    };
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        struct x86_insn insn;
        struct ir_region region;
        char text[2000];
        size_t length = 0;
        assert_int_equal(x86_decode((const uint8_t *)cases[i].bytes, cases[i].length, CODE32, &insn), X86_OK);
        assert_int_equal(insn.length, cases[i].length);
        lift(&region, &insn, CODE32 | STACK32 | USER);
        for (ir_ref at = 1; at < region.count; at++) {
            length += (size_t)ir_print_insn(text + length, sizeof text - length, &region, at);
            length += (size_t)snprintf(text + length, sizeof text - length, "\n");
        }
        if (strcmp(text, cases[i].text)) print_error("%s\n", cases[i].name);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row), cmocka_unit_test(no_room),
                                       cmocka_unit_test(golden)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
