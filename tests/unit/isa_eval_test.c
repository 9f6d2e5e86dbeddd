/* Every pure atom at every operand size against the host processor's own instruction: value and all six flags.
 *
 * Where the manual leaves a flag undefined it is compared on AMD's Zen family only, whose behaviour atom_eval.h states.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "hwsim/base/prng.h"
#include "hwsim/isa/atom_eval.h"

typedef uint64_t host_fn(uint64_t a, uint64_t b, uint64_t c, uint64_t *flags);

enum { HOST_FLAGS_ON = 0x202 }; /* bit 1 and IF, as user code runs */

/* %0 is a and the result, %1 the flags, %2 is b in RCX, %3 is c; RAX and RDX are free. The red zone is left alone. */
#define HOST(name, constraint, code)                                                                                  \
    static uint64_t host_##name(uint64_t a, uint64_t b, uint64_t c, uint64_t *flags)                                  \
    {                                                                                                                 \
        uint64_t f = *flags | HOST_FLAGS_ON;                                                                          \
        __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushq %1\n\tpopfq\n\t" code "\n\tpushfq\n\tpopq %1\n\t"           \
                         "lea 128(%%rsp), %%rsp"                                                                      \
                         : "+" constraint(a), "+&r"(f)                                                                \
                         : "c"(b), "r"(c)                                                                             \
                         : "rax", "rdx", "cc", "memory");                                                             \
        *flags = f & ATOM_FLAGS;                                                                                      \
        return a;                                                                                                     \
    }
#define HOST3(name, code16, code32, code64) \
    HOST(name##_16, "r", code16) HOST(name##_32, "r", code32) HOST(name##_64, "r", code64)
#define HOST4(name, code8, code16, code32, code64) HOST(name##_8, "r", code8) HOST3(name, code16, code32, code64)
#define BINARY(name) \
    HOST4(name, #name "b %b2, %b0", #name "w %w2, %w0", #name "l %k2, %k0", #name "q %q2, %q0")
#define SHIFT(name) HOST4(name, #name "b %%cl, %b0", #name "w %%cl, %w0", #name "l %%cl, %k0", #name "q %%cl, %q0")
#define BINARY_FROM_16(name) HOST3(name, #name "w %w2, %w0", #name "l %k2, %k0", #name "q %q2, %q0")
#define DOUBLE_SHIFT(name) \
    HOST3(name, #name "w %%cl, %w3, %w0", #name "l %%cl, %k3, %k0", #name "q %%cl, %q3, %q0")
#define WIDE(name, half, insn)                                                                                        \
    HOST4(name##_##half, "mov %b0, %%al\n\t" insn "b %b2\n\t" WIDE8_##half,                                           \
          "mov %w0, %%ax\n\t" insn "w %w2\n\tmov %%" WIDE_##half "x, %w0",                                            \
          "mov %k0, %%eax\n\t" insn "l %k2\n\tmov %%e" WIDE_##half "x, %k0",                                          \
          "mov %q0, %%rax\n\t" insn "q %q2\n\tmov %%r" WIDE_##half "x, %q0")
#define WIDE_low "a"
#define WIDE_high "d"
#define WIDE8_low "mov %%al, %b0"
#define WIDE8_high "mov %%ah, %%al\n\tmov %%al, %b0"

BINARY(mov) BINARY(add) BINARY(adc) BINARY(sub) BINARY(sbb) BINARY(and) BINARY(or) BINARY(xor)
HOST4(andn, "mov %b2, %%al\n\tnot %%al\n\tandb %%al, %b0", "mov %w2, %%ax\n\tnot %%ax\n\tandw %%ax, %w0",
      "mov %k2, %%eax\n\tnot %%eax\n\tandl %%eax, %k0", "mov %q2, %%rax\n\tnot %%rax\n\tandq %%rax, %q0")
SHIFT(shl) SHIFT(shr) SHIFT(sar) SHIFT(rol) SHIFT(ror) SHIFT(rcl) SHIFT(rcr)
DOUBLE_SHIFT(shld) DOUBLE_SHIFT(shrd)
HOST3(sh1add, "lea (%q0,%q2,2), %w0", "lea (%q0,%q2,2), %k0", "lea (%q0,%q2,2), %q0")
HOST3(sh2add, "lea (%q0,%q2,4), %w0", "lea (%q0,%q2,4), %k0", "lea (%q0,%q2,4), %q0")
HOST3(sh3add, "lea (%q0,%q2,8), %w0", "lea (%q0,%q2,8), %k0", "lea (%q0,%q2,8), %q0")
HOST3(sx8, "movsbw %b2, %w0", "movsbl %b2, %k0", "movsbq %b2, %q0")
HOST3(zx8, "movzbw %b2, %w0", "movzbl %b2, %k0", "movzbq %b2, %q0")
HOST(sx16_32, "r", "movswl %w2, %k0") HOST(sx16_64, "r", "movswq %w2, %q0") HOST(sx32_64, "r", "movslq %k2, %q0")
HOST(zx16_32, "r", "movzwl %w2, %k0") HOST(zx16_64, "r", "movzwq %w2, %q0")
HOST(exth, "r", "movzbl %h2, %%eax\n\tmov %%rax, %q0")
HOST(ins8, "r", "movb %b2, %b0") HOST(insh, "Q", "movb %b2, %h0") HOST(ins16, "r", "movw %w2, %w0")
HOST3(bt, "btw %w2, %w0\n\tsetc %%al\n\tmovzbl %%al, %k0", "btl %k2, %k0\n\tsetc %%al\n\tmovzbl %%al, %k0",
      "btq %q2, %q0\n\tsetc %%al\n\tmovzbl %%al, %k0")
BINARY_FROM_16(bsf) BINARY_FROM_16(bsr) BINARY_FROM_16(imul)
HOST(bswap_8, "r", "mov %b2, %b0")
HOST3(bswap, "mov %h2, %%al\n\tmov %b2, %%ah\n\tmov %%ax, %w0", "mov %k2, %k0\n\tbswapl %k0",
      "mov %q2, %q0\n\tbswapq %q0")
BINARY_FROM_16(popcnt)
HOST(crc8, "r", "crc32b %b2, %k0") HOST(crc16, "r", "crc32w %w2, %k0") HOST(crc32, "r", "crc32l %k2, %k0")
HOST(getf, "r", "pushfq\n\tpopq %0") HOST(setf, "r", "pushfq\n\tpopq %%rax\n\tandq $~0x8d5, %%rax\n\tmovq %2, %%rdx\n\t"
     "andq $0x8d5, %%rdx\n\torq %%rdx, %%rax\n\tpushq %%rax\n\tpopfq\n\tmovq %2, %0")
WIDE(imul1, low, "imul") WIDE(mulu, high, "mul") WIDE(muls, high, "imul")

#define CONDITIONS(X) X(o, 0) X(no, 1) X(b, 2) X(nb, 3) X(z, 4) X(nz, 5) X(be, 6) X(nbe, 7) \
    X(s, 8) X(ns, 9) X(p, 10) X(np, 11) X(l, 12) X(nl, 13) X(le, 14) X(nle, 15)
#define X(cc, number)                                                                                                 \
    HOST(set##cc, "r", "set" #cc " %%al\n\tmovzbl %%al, %k0")                                                         \
    HOST(sel##cc##_16, "r", "mov %0, %%rax\n\tmov %2, %0\n\tcmov" #cc "w %%ax, %w0")                                  \
    HOST(sel##cc##_32, "r", "mov %0, %%rax\n\tmov %2, %0\n\tcmov" #cc "l %%eax, %k0")                                 \
    HOST(sel##cc##_64, "r", "mov %0, %%rax\n\tmov %2, %0\n\tcmov" #cc "q %%rax, %q0")
CONDITIONS(X)
#undef X

/* Division needs its own frame: operands that would trap are answered here as atoms.def says. */
#define HOST_DIVIDE(bits, modifier, extend)                                                             \
    static void host_divide_##bits(bool is_signed, uint64_t a, uint64_t b, uint64_t *quotient, uint64_t *remainder)   \
    {                                                                                                                 \
        uint64_t rax = a, rdx = 0;                                                                                    \
        if (is_signed)                                                                                                \
            __asm__(extend "\n\tidiv" modifier "2" : "+a"(rax), "=&d"(rdx) : "r"(b) : "cc");                           \
        else __asm__("xor %%edx, %%edx\n\tdiv" modifier "2" : "+a"(rax), "=&d"(rdx) : "r"(b) : "cc");                 \
        *quotient = rax, *remainder = rdx;                                                                            \
    }
HOST_DIVIDE(16, "w %w", "cwtd")
HOST_DIVIDE(32, "l %k", "cltd")
HOST_DIVIDE(64, "q %q", "cqto")
static void host_divide_8(bool is_signed, uint64_t a, uint64_t b, uint64_t *quotient, uint64_t *remainder)
{
    uint64_t rax = is_signed ? (uint64_t)(int64_t)(int8_t)a : a & 0xff;
    if (is_signed) __asm__("idivb %b1" : "+a"(rax) : "r"(b) : "cc");
    else __asm__("divb %b1" : "+a"(rax) : "r"(b) : "cc");
    *quotient = rax & 0xff, *remainder = rax >> 8 & 0xff;
}

/* What the manual leaves undefined, by count (0: as at any other count but 1). */
enum { U_NONE = 0, U_AF = FLAG_AF, U_ALL_BUT_Z = ATOM_FLAGS & ~FLAG_ZF, U_SZAP = FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF,
       U_BT = FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF };
enum kind { PLAIN, SHIFTS, ROTATES, DOUBLES };
struct row {
    unsigned op, size, cond;
    host_fn *host;
    unsigned undefined;
    enum kind kind;
};

#define ROW(op, name, size, undefined, kind) {ATOM_##op, SIZE_##size, 0, host_##name##_##size, undefined, kind},
#define ROW_NAMED(op, name, size, cond) {ATOM_##op, SIZE_##size, cond, host_##name, U_NONE, PLAIN},
#define ROWS3(op, name, undefined, kind) \
    ROW(op, name, 16, undefined, kind) ROW(op, name, 32, undefined, kind) ROW(op, name, 64, undefined, kind)
#define ROWS4(op, name, undefined, kind) ROW(op, name, 8, undefined, kind) ROWS3(op, name, undefined, kind)
/* one instruction for several sizes */
#define ROWS_32(op, name) ROW_NAMED(op, name, 32, 0) ROW_NAMED(op, name, 64, 0)
#define ROWS_16(op, name) ROW_NAMED(op, name, 16, 0) ROWS_32(op, name)
#define ROWS_8(op, name) ROW_NAMED(op, name, 8, 0) ROWS_16(op, name)
static const struct row rows[] = {
    ROWS4(MOV, mov, U_NONE, PLAIN)
    ROWS4(ADD, add, U_NONE, PLAIN)
    ROWS4(ADC, adc, U_NONE, PLAIN)
    ROWS4(SUB, sub, U_NONE, PLAIN)
    ROWS4(SBB, sbb, U_NONE, PLAIN)
    ROWS4(AND, and, U_AF, PLAIN)
    ROWS4(ANDN, andn, U_AF, PLAIN)
    ROWS4(OR, or, U_AF, PLAIN)
    ROWS4(XOR, xor, U_AF, PLAIN)
    ROWS4(SHL, shl, U_AF, SHIFTS)
    ROWS4(SHR, shr, U_AF, SHIFTS)
    ROWS4(SAR, sar, U_AF, SHIFTS)
    ROWS4(ROL, rol, U_NONE, ROTATES)
    ROWS4(ROR, ror, U_NONE, ROTATES)
    ROWS4(RCL, rcl, U_NONE, ROTATES)
    ROWS4(RCR, rcr, U_NONE, ROTATES)
    ROWS3(SHLD, shld, U_AF, DOUBLES)
    ROWS3(SHRD, shrd, U_AF, DOUBLES)
    ROWS3(SH1ADD, sh1add, U_NONE, PLAIN)
    ROWS3(SH2ADD, sh2add, U_NONE, PLAIN)
    ROWS3(SH3ADD, sh3add, U_NONE, PLAIN)
    ROWS3(SX8, sx8, U_NONE, PLAIN)
    ROW(SX16, sx16, 32, U_NONE, PLAIN)
    ROW(SX16, sx16, 64, U_NONE, PLAIN)
    ROW(SX32, sx32, 64, U_NONE, PLAIN)
    ROWS3(ZX8, zx8, U_NONE, PLAIN)
    ROW(ZX16, zx16, 32, U_NONE, PLAIN)
    ROW(ZX16, zx16, 64, U_NONE, PLAIN)
    ROWS_16(EXTH, exth)
    ROWS_16(INS8, ins8)
    ROWS_16(INSH, insh)
    ROWS_32(INS16, ins16)
    ROWS3(BT, bt, U_BT, PLAIN)
    ROWS3(BSF, bsf, U_ALL_BUT_Z, PLAIN)
    ROWS3(BSR, bsr, U_ALL_BUT_Z, PLAIN)
    ROWS4(BSWAP, bswap, U_NONE, PLAIN)
    ROWS3(POPCNT, popcnt, ATOM_FLAGS, PLAIN)
    ROW_NAMED(CRC8, crc8, 32, 0)
    ROW_NAMED(CRC16, crc16, 32, 0)
    ROW_NAMED(CRC32, crc32, 32, 0)
    ROWS_8(GETF, getf)
    ROWS_8(SETF, setf)
    ROWS3(MUL, imul, U_SZAP, PLAIN)
    ROWS4(MUL, imul1_low, U_SZAP, PLAIN)
    ROWS4(MULHU, mulu_high, U_SZAP, PLAIN)
    ROWS4(MULHS, muls_high, U_SZAP, PLAIN)
#define X(cc, number)                                                            \
    ROW_NAMED(SETC, set##cc, 8, number) ROW_NAMED(SETC, set##cc, 64, number)     \
    ROW_NAMED(SEL, sel##cc##_16, 16, number) ROW_NAMED(SEL, sel##cc##_32, 32, number) \
    ROW_NAMED(SEL, sel##cc##_64, 64, number)
    CONDITIONS(X)
#undef X
};

static bool host_is_zen(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_is("amdfam17h") || __builtin_cpu_is("amdfam19h");
}

/* Flags of the host's answer that the manual does not define for these operands. */
static unsigned undefined_flags(const struct row *row, uint64_t b)
{
    if (row->kind == PLAIN) return row->undefined;
    unsigned bits = atom_bits(row->size), count = atom_count(b, row->size);
    if (count == 0) return 0;
    if (row->kind == DOUBLES && count > bits) return ATOM_FLAGS;
    unsigned undefined = row->undefined | (count > 1 ? FLAG_OF : 0);
    /* shl and shr define CF up to the size only */
    if (row->kind == SHIFTS && row->op != ATOM_SAR && count > bits) undefined |= FLAG_CF;
    return undefined;
}

static const uint64_t edges[] = {
    0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 18, 24, 31, 32, 33, 63, 64, 65, 0x7f, 0x80, 0x81, 0xff, 0x100, 0x7fff,
    0x8000, 0x8001, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, UINT64_C(0x100000000),
    UINT64_C(0x7fffffffffffffff), UINT64_C(0x8000000000000000), UINT64_C(0x8000000000000001), UINT64_MAX,
};

static uint64_t operand(struct prng *prng)
{
    uint64_t drawn = prng_next(prng);
    switch (drawn & 7) {
    case 0: return edges[prng_below(prng, LENGTH(edges))];
    case 1: return prng_next(prng) >> (prng_next(prng) & 63);
    case 2: return (uint64_t)((int64_t)prng_next(prng) >> (prng_next(prng) & 63));
    case 3: return prng_next(prng) << (prng_next(prng) & 63);
    case 4: return prng_below(prng, 66);
    default: return prng_next(prng);
    }
}

static uint16_t random_flags(struct prng *prng) { return flag_bits((unsigned)prng_next(prng) & MASK_ALL); }

static unsigned long compared;

static void compare(const struct row *row, bool zen, uint64_t a, uint64_t b, uint64_t c, uint16_t fin, unsigned fmask)
{
    uint64_t flags = fin;
    bool reads_b_only = atom_table[row->op].format == FORMAT_FB;
    uint64_t value = row->host(a, b, c, &flags);
    struct atom_result ours = atom_evaluate(row->op, row->size, a, b, c, fin, fmask, row->cond);
    unsigned sized = atom_sized(row->op) ? row->size : SIZE_64;
    value = row->op == ATOM_GETF ? value & ATOM_FLAGS : atom_cut(value, sized);
    unsigned written = atom_table[row->op].sets_flags ? flag_bits(fmask) : 0;
    unsigned expected = (unsigned)((fin & ~written) | (flags & written));
    bool scans = row->op == ATOM_BSF || row->op == ATOM_BSR; /* the family's members differ */
    unsigned ignored = zen && !scans ? 0 : undefined_flags(row, b) & written;
    /* a double shift beyond the size has no defined result either */
    bool any_value = !zen && row->kind == DOUBLES && atom_count(b, row->size) > atom_bits(row->size);
    if ((ours.value != value && !any_value && !reads_b_only) || (ours.flags & ~ignored) != (expected & ~ignored))
        fail_msg("%s.%u cond %u a %#lx b %#lx c %#lx fin %#x mask %#x: got %#lx %#x, host %#lx %#x",
                 atom_table[row->op].mnemonic, 1u << row->size, row->cond, a, b, c, fin, fmask, ours.value, ours.flags,
                 value, expected);
    compared++;
}

static void atoms_do_what_the_host_does(void **state)
{
    struct prng prng;
    prng_seed(&prng, 1);
    bool zen = host_is_zen();
    for (unsigned i = 0; i < LENGTH(rows); i++) {
        const struct row *row = &rows[i];
        for (unsigned x = 0; x < LENGTH(edges); x++)
            for (unsigned y = 0; y < LENGTH(edges); y++)
                compare(row, zen, edges[x], edges[y], prng_next(&prng), random_flags(&prng), MASK_ALL);
        for (unsigned n = 0; n < 4000; n++) {
            unsigned fmask = n & 1 ? MASK_ALL : (unsigned)prng_next(&prng) & MASK_ALL;
            compare(row, zen, operand(&prng), operand(&prng), operand(&prng), random_flags(&prng), fmask);
        }
    }
    assert_true(compared > 1000000);
    if (!zen) print_message("undefined flags not compared: this host is not of AMD's Zen family\n");
}

static void every_shift_count_does_what_the_hosts_does(void **state)
{
    struct prng prng;
    prng_seed(&prng, 2);
    bool zen = host_is_zen();
    for (unsigned i = 0; i < LENGTH(rows); i++) {
        if (rows[i].kind == PLAIN) continue;
        for (unsigned count = 0; count < 256; count++)
            for (unsigned n = 0; n < 20; n++) {
                uint64_t b = count | prng_next(&prng) << 8;
                compare(&rows[i], zen, operand(&prng), b, operand(&prng), random_flags(&prng), MASK_ALL);
            }
    }
}

/* Those at 8 bits all 2^17 operands. */
static void small_operands_are_all_tried(void **state)
{
    static const unsigned ops[] = {ATOM_ADC, ATOM_SBB, ATOM_MUL, ATOM_MULHU, ATOM_MULHS, ATOM_RCL, ATOM_RCR};
    bool zen = host_is_zen();
    for (unsigned i = 0; i < LENGTH(rows); i++)
        for (unsigned k = 0; k < LENGTH(ops); k++)
            if (rows[i].op == ops[k] && rows[i].size == SIZE_8)
                for (uint64_t a = 0; a < 256; a++)
                    for (uint64_t b = 0; b < 256; b++)
                        for (unsigned cf = 0; cf < 2; cf++)
                            compare(&rows[i], zen, a, b, 0, (uint16_t)(cf ? FLAG_CF : ATOM_FLAGS & ~FLAG_CF), MASK_ALL);
}

static void division_does_what_the_host_does(void **state)
{
    static void (*const divide[])(bool, uint64_t, uint64_t, uint64_t *, uint64_t *) = {host_divide_8, host_divide_16,
                                                                                       host_divide_32, host_divide_64};
    struct prng prng;
    prng_seed(&prng, 3);
    for (unsigned size = 0; size < 4; size++)
        for (unsigned n = 0; n < 40000; n++) {
            uint64_t a = operand(&prng), b = operand(&prng), quotient = 0, remainder = 0;
            bool is_signed = n & 1;
            bool zero = atom_cut(b, size) == 0;
            bool wraps = is_signed && atom_signed(b, size) == -1;
            if (wraps) quotient = -a;
            else if (!zero) divide[size](is_signed, a, b, &quotient, &remainder);
            unsigned div = is_signed ? ATOM_DIVS : ATOM_DIVU, rem = is_signed ? ATOM_REMS : ATOM_REMU;
            struct atom_result q = atom_evaluate(div, size, a, b, 0, FLAG_ZF, MASK_ALL, 0);
            struct atom_result r = atom_evaluate(rem, size, a, b, 0, FLAG_ZF, MASK_ALL, 0);
            assert_int_equal(q.value, atom_cut(quotient, size));
            assert_int_equal(r.value, atom_cut(remainder, size));
            assert_int_equal(q.flags, FLAG_ZF);
            assert_int_equal(r.flags, FLAG_ZF);
        }
}

/* Sizes for which x86 has no such instruction: the definition, spelt out bit by bit. */
static void forms_that_x86_lacks_follow_the_same_definition(void **state)
{
    struct prng prng;
    prng_seed(&prng, 4);
    for (unsigned n = 0; n < 20000; n++) {
        uint64_t a = operand(&prng), b = operand(&prng), c = operand(&prng);
        uint8_t x = (uint8_t)a, y = (uint8_t)b, z = (uint8_t)c;
        assert_int_equal(atom_evaluate(ATOM_SH1ADD, SIZE_8, a, b, 0, 0, 0, 0).value, (uint8_t)(x + 2 * y));
        assert_int_equal(atom_evaluate(ATOM_SH2ADD, SIZE_8, a, b, 0, 0, 0, 0).value, (uint8_t)(x + 4 * y));
        assert_int_equal(atom_evaluate(ATOM_SH3ADD, SIZE_8, a, b, 0, 0, 0, 0).value, (uint8_t)(x + 8 * y));
        assert_int_equal(atom_evaluate(ATOM_SX8, SIZE_8, a, b, 0, 0, 0, 0).value, y);
        assert_int_equal(atom_evaluate(ATOM_ZX8, SIZE_8, a, b, 0, 0, 0, 0).value, y);
        assert_int_equal(atom_evaluate(ATOM_SX16, SIZE_16, a, b, 0, 0, 0, 0).value, b & 0xffff);
        assert_int_equal(atom_evaluate(ATOM_ZX16, SIZE_16, a, b, 0, 0, 0, 0).value, b & 0xffff);
        assert_int_equal(atom_evaluate(ATOM_SX32, SIZE_32, a, b, 0, 0, 0, 0).value, b & 0xffffffff);
        assert_int_equal(atom_evaluate(ATOM_EXTH, SIZE_8, a, b, 0, 0, 0, 0).value, 0);
        assert_int_equal(atom_evaluate(ATOM_INS8, SIZE_8, a, b, 0, 0, 0, 0).value, y);
        assert_int_equal(atom_evaluate(ATOM_INSH, SIZE_8, a, b, 0, 0, 0, 0).value, x);
        assert_int_equal(atom_evaluate(ATOM_INS16, SIZE_16, a, b, 0, 0, 0, 0).value, b & 0xffff);
        assert_int_equal(atom_evaluate(ATOM_BT, SIZE_8, a, b, 0, 0, MASK_C, 0).flags, x >> (y & 7) & 1);
        assert_int_equal(atom_evaluate(ATOM_BSF, SIZE_8, a, b, 0, 0, 0, 0).value, y ? __builtin_ctz(y) : x);
        assert_int_equal(atom_evaluate(ATOM_BSR, SIZE_8, a, b, 0, 0, 0, 0).value, y ? 31 - __builtin_clz(y) : x);
        assert_int_equal(atom_evaluate(ATOM_BSR, SIZE_8, a, b, 0, 0, MASK_Z, 0).flags, y ? 0 : FLAG_ZF);
        for (unsigned cond = 0; cond < 16; cond++) {
            uint16_t fin = flag_bits(n & 63);
            bool holds = atom_evaluate(ATOM_SETC, SIZE_32, 0, 0, 0, fin, 0, cond).value;
            assert_int_equal(atom_evaluate(ATOM_SEL, SIZE_8, a, b, 0, fin, 0, cond).value, holds ? x : y);
        }
        unsigned count = y & 31, beyond = count > 8 ? (count - 8) & 7 : 0;
        unsigned left = count > 8 ? z << beyond | z >> (8 - beyond) : count ? x << count | z >> (8 - count) : x;
        unsigned right = count > 8 ? z >> beyond | z << (8 - beyond) : count ? x >> count | z << (8 - count) : x;
        left &= 0xff, right &= 0xff;
        assert_int_equal(atom_evaluate(ATOM_SHLD, SIZE_8, a, b, c, 0, 0, 0).value, left);
        assert_int_equal(atom_evaluate(ATOM_SHRD, SIZE_8, a, b, c, 0, 0, 0).value, right);
        assert_int_equal(atom_evaluate(ATOM_SHLD, SIZE_8, a, b, c, 0, MASK_Z, 0).flags, count && !left ? FLAG_ZF : 0);
    }
}

static void conditions_read_the_flags_they_say(void **state)
{
    for (unsigned cond = 0; cond < 16; cond++) {
        unsigned matters = 0;
        for (unsigned f = 0; f < 64; f++)
            for (unsigned bit = 0; bit < 6; bit++)
                if (cond_holds(cond, flag_bits(f)) != cond_holds(cond, flag_bits(f ^ 1u << bit))) matters |= 1u << bit;
        assert_int_equal(cond_reads(cond), matters);
        for (unsigned f = 0; f < 64; f++)
            assert_int_not_equal(cond_holds(cond, flag_bits(f)), cond_holds(cond ^ 1, flag_bits(f)));
    }
    assert_int_equal(flag_bits(MASK_ALL), ATOM_FLAGS);
    assert_int_equal(flag_bits(MASK_A | MASK_O), FLAG_AF | FLAG_OF);
    assert_int_equal(flag_bits(MASK_C | MASK_P | MASK_Z), FLAG_CF | FLAG_PF | FLAG_ZF);
    assert_int_equal(flag_bits(MASK_S), FLAG_SF);
}

/* keeps_flags says truly whether the source flags matter under a full mask. */
static void the_table_knows_which_rules_merge(void **state)
{
    struct prng prng;
    prng_seed(&prng, 6);
    for (unsigned op = 0; op < ATOM_OPS; op++) {
        if (!atom_table[op].sets_flags || atom_table[op].format == FORMAT_RABF || atom_is_vector(op)) continue;
        bool keeps = false;
        for (unsigned n = 0; n < 2000; n++) {
            uint64_t a = operand(&prng), b = operand(&prng), c = operand(&prng);
            struct atom_result x = atom_evaluate(op, n & 3, a, b, c, 0, MASK_ALL, 0);
            struct atom_result y = atom_evaluate(op, n & 3, a, b, c, ATOM_FLAGS, MASK_ALL, 0);
            assert_int_equal(x.value, y.value);
            keeps |= x.flags != y.flags;
        }
        assert_int_equal(keeps, atom_table[op].keeps_flags);
    }
}

/* Each pure atom is in `rows` or in one of the two tests beside it. */
static void no_pure_atom_is_forgotten(void **state)
{
    for (unsigned op = 0; op < ATOM_OPS; op++) {
        bool tested = !(atom_table[op].properties & ATOM_PURE) || atom_table[op].unit == UNIT_DIV || op == ATOM_GETS ||
                      atom_is_vector(op); /* these: hw_core_vector_test */
        for (unsigned i = 0; i < LENGTH(rows); i++) tested |= rows[i].op == op;
        if (!tested) fail_msg("%s is compared with nothing", atom_table[op].mnemonic);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(atoms_do_what_the_host_does),
        cmocka_unit_test(every_shift_count_does_what_the_hosts_does),
        cmocka_unit_test(small_operands_are_all_tried),
        cmocka_unit_test(division_does_what_the_host_does),
        cmocka_unit_test(forms_that_x86_lacks_follow_the_same_definition),
        cmocka_unit_test(conditions_read_the_flags_they_say),
        cmocka_unit_test(the_table_knows_which_rules_merge),
        cmocka_unit_test(no_pure_atom_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
