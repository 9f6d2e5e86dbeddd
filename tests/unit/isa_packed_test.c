/* isa_packed_test.c -- each packed-integer function against the host processor's own instruction, a test per
 * instruction: random and boundary operands, all immediates. And cases made by hand, a test per family, which do not
 * depend on the host.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "hwsim/base/prng.h"
#include "hwsim/isa/isa.h"
#include "hwsim/isa/packed.h"

/* ---- the instructions ---- */

/* What an instruction reads: a in XMM1 or MM1, b in XMM2 or MM2, mask in XMM0 or MM0, x in RAX, y in RDX. */
struct operands {
    struct vreg a, b, mask;
    uint64_t x, y;
};

/* Where it stands: operands and result in XMM registers, or in MMX registers, or the result in RAX; with an immediate.
 * (Macros, since the assembler reads them, too.) */
#define XMM 0
#define MMX 1
#define GPR 2
#define IMM 4

enum feature { SSE2, SSSE3, SSE41, SSE42, POPCNT };

/* A row: name, form, feature, code, and the value by our functions, from a, b, mask, x, y, imm, half. */
#define XMM_ROW(name, feature, value) X(name, XMM, feature, #name " %xmm2, %xmm1", value)
#define MMX_ROW(name, feature, value) X(name##_mmx, MMX, feature, #name " %mm2, %mm1", value)
#define BOTH(name, feature, value) XMM_ROW(name, feature, value) MMX_ROW(name, feature, value)
#define XMM_IMM(name, feature, value) X(name, XMM + IMM, feature, #name " $imm, %xmm2, %xmm1", value)
#define MMX_IMM(name, feature, value) X(name##_mmx, MMX + IMM, feature, #name " $imm, %mm2, %mm1", value)
#define SHIFT_IMM(name, value) \
    X(name##_imm, XMM + IMM, SSE2, #name " $imm, %xmm1", value) \
    X(name##_mmx_imm, MMX + IMM, SSE2, #name " $imm, %mm1", value)
#define FLAGS "; pushfq; popq %rax; andl $0x8d5, %eax"
#define LOW(number) ((struct vreg){{(number), 0}})

#define ROWS_LOGIC \
    BOTH(pand, SSE2, packed_and(a, b)) BOTH(pandn, SSE2, packed_andn(a, b)) \
    BOTH(por, SSE2, packed_or(a, b)) BOTH(pxor, SSE2, packed_xor(a, b))
#define ROWS_SUMS \
    BOTH(paddb, SSE2, packed_add(a, b, 0)) BOTH(paddw, SSE2, packed_add(a, b, 1)) \
    BOTH(paddd, SSE2, packed_add(a, b, 2)) BOTH(paddq, SSE2, packed_add(a, b, 3)) \
    BOTH(psubb, SSE2, packed_sub(a, b, 0)) BOTH(psubw, SSE2, packed_sub(a, b, 1)) \
    BOTH(psubd, SSE2, packed_sub(a, b, 2)) BOTH(psubq, SSE2, packed_sub(a, b, 3)) \
    BOTH(paddsb, SSE2, packed_adds(a, b, 0)) BOTH(paddsw, SSE2, packed_adds(a, b, 1)) \
    BOTH(psubsb, SSE2, packed_subs(a, b, 0)) BOTH(psubsw, SSE2, packed_subs(a, b, 1)) \
    BOTH(paddusb, SSE2, packed_addus(a, b, 0)) BOTH(paddusw, SSE2, packed_addus(a, b, 1)) \
    BOTH(psubusb, SSE2, packed_subus(a, b, 0)) BOTH(psubusw, SSE2, packed_subus(a, b, 1)) \
    BOTH(pavgb, SSE2, packed_avg(a, b, 0)) BOTH(pavgw, SSE2, packed_avg(a, b, 1)) \
    BOTH(phaddw, SSSE3, packed_hadd(a, b, 1, half)) BOTH(phaddd, SSSE3, packed_hadd(a, b, 2, half)) \
    BOTH(phsubw, SSSE3, packed_hsub(a, b, 1, half)) BOTH(phsubd, SSSE3, packed_hsub(a, b, 2, half)) \
    BOTH(phaddsw, SSSE3, packed_hadds(a, b, half)) BOTH(phsubsw, SSSE3, packed_hsubs(a, b, half)) \
    BOTH(psignb, SSSE3, packed_sign(a, b, 0)) BOTH(psignw, SSSE3, packed_sign(a, b, 1)) \
    BOTH(psignd, SSSE3, packed_sign(a, b, 2)) \
    BOTH(pabsb, SSSE3, packed_abs(b, 0)) BOTH(pabsw, SSSE3, packed_abs(b, 1)) BOTH(pabsd, SSSE3, packed_abs(b, 2)) \
    BOTH(psadbw, SSE2, packed_sadbw(a, b)) XMM_IMM(mpsadbw, SSE41, packed_mpsadbw(a, b, imm))
#define ROWS_COMPARISONS \
    BOTH(pcmpeqb, SSE2, packed_cmpeq(a, b, 0)) BOTH(pcmpeqw, SSE2, packed_cmpeq(a, b, 1)) \
    BOTH(pcmpeqd, SSE2, packed_cmpeq(a, b, 2)) XMM_ROW(pcmpeqq, SSE41, packed_cmpeq(a, b, 3)) \
    BOTH(pcmpgtb, SSE2, packed_cmpgt(a, b, 0)) BOTH(pcmpgtw, SSE2, packed_cmpgt(a, b, 1)) \
    BOTH(pcmpgtd, SSE2, packed_cmpgt(a, b, 2)) XMM_ROW(pcmpgtq, SSE42, packed_cmpgt(a, b, 3)) \
    XMM_ROW(pminsb, SSE41, packed_mins(a, b, 0)) BOTH(pminsw, SSE2, packed_mins(a, b, 1)) \
    XMM_ROW(pminsd, SSE41, packed_mins(a, b, 2)) BOTH(pminub, SSE2, packed_minu(a, b, 0)) \
    XMM_ROW(pminuw, SSE41, packed_minu(a, b, 1)) XMM_ROW(pminud, SSE41, packed_minu(a, b, 2)) \
    XMM_ROW(pmaxsb, SSE41, packed_maxs(a, b, 0)) BOTH(pmaxsw, SSE2, packed_maxs(a, b, 1)) \
    XMM_ROW(pmaxsd, SSE41, packed_maxs(a, b, 2)) BOTH(pmaxub, SSE2, packed_maxu(a, b, 0)) \
    XMM_ROW(pmaxuw, SSE41, packed_maxu(a, b, 1)) XMM_ROW(pmaxud, SSE41, packed_maxu(a, b, 2)) \
    XMM_ROW(phminposuw, SSE41, packed_minpos(b))
#define ROWS_PRODUCTS \
    BOTH(pmullw, SSE2, packed_mullo(a, b, 1)) XMM_ROW(pmulld, SSE41, packed_mullo(a, b, 2)) \
    BOTH(pmulhw, SSE2, packed_mulhi_signed(a, b)) BOTH(pmulhuw, SSE2, packed_mulhi_unsigned(a, b)) \
    BOTH(pmulhrsw, SSSE3, packed_mulhrs(a, b)) BOTH(pmuludq, SSE2, packed_muludq(a, b)) \
    XMM_ROW(pmuldq, SSE41, packed_muldq(a, b)) BOTH(pmaddwd, SSE2, packed_maddwd(a, b)) \
    BOTH(pmaddubsw, SSSE3, packed_maddubs(a, b))
#define ROWS_SHIFTS \
    BOTH(psllw, SSE2, packed_sll(a, b.half[0], 1)) SHIFT_IMM(psllw, packed_sll(a, imm, 1)) \
    BOTH(pslld, SSE2, packed_sll(a, b.half[0], 2)) SHIFT_IMM(pslld, packed_sll(a, imm, 2)) \
    BOTH(psllq, SSE2, packed_sll(a, b.half[0], 3)) SHIFT_IMM(psllq, packed_sll(a, imm, 3)) \
    BOTH(psrlw, SSE2, packed_srl(a, b.half[0], 1)) SHIFT_IMM(psrlw, packed_srl(a, imm, 1)) \
    BOTH(psrld, SSE2, packed_srl(a, b.half[0], 2)) SHIFT_IMM(psrld, packed_srl(a, imm, 2)) \
    BOTH(psrlq, SSE2, packed_srl(a, b.half[0], 3)) SHIFT_IMM(psrlq, packed_srl(a, imm, 3)) \
    BOTH(psraw, SSE2, packed_sra(a, b.half[0], 1)) SHIFT_IMM(psraw, packed_sra(a, imm, 1)) \
    BOTH(psrad, SSE2, packed_sra(a, b.half[0], 2)) SHIFT_IMM(psrad, packed_sra(a, imm, 2)) \
    X(pslldq, XMM + IMM, SSE2, "pslldq $imm, %xmm1", packed_sllbytes(a, imm)) \
    X(psrldq, XMM + IMM, SSE2, "psrldq $imm, %xmm1", packed_srlbytes(a, imm)) \
    XMM_IMM(palignr, SSSE3, packed_alignr(a, b, imm, half)) MMX_IMM(palignr, SSSE3, packed_alignr(a, b, imm, half))
#define ROWS_PACKS \
    BOTH(packsswb, SSE2, packed_packss(a, b, 1, half)) BOTH(packssdw, SSE2, packed_packss(a, b, 2, half)) \
    BOTH(packuswb, SSE2, packed_packus(a, b, 1, half)) XMM_ROW(packusdw, SSE41, packed_packus(a, b, 2, half)) \
    BOTH(punpcklbw, SSE2, packed_unpackl(a, b, 0, half)) BOTH(punpcklwd, SSE2, packed_unpackl(a, b, 1, half)) \
    BOTH(punpckldq, SSE2, packed_unpackl(a, b, 2, half)) XMM_ROW(punpcklqdq, SSE2, packed_unpackl(a, b, 3, half)) \
    BOTH(punpckhbw, SSE2, packed_unpackh(a, b, 0, half)) BOTH(punpckhwd, SSE2, packed_unpackh(a, b, 1, half)) \
    BOTH(punpckhdq, SSE2, packed_unpackh(a, b, 2, half)) XMM_ROW(punpckhqdq, SSE2, packed_unpackh(a, b, 3, half)) \
    XMM_ROW(pmovsxbw, SSE41, packed_widen_signed(b, 0, 1)) XMM_ROW(pmovsxbd, SSE41, packed_widen_signed(b, 0, 2)) \
    XMM_ROW(pmovsxbq, SSE41, packed_widen_signed(b, 0, 3)) XMM_ROW(pmovsxwd, SSE41, packed_widen_signed(b, 1, 2)) \
    XMM_ROW(pmovsxwq, SSE41, packed_widen_signed(b, 1, 3)) XMM_ROW(pmovsxdq, SSE41, packed_widen_signed(b, 2, 3)) \
    XMM_ROW(pmovzxbw, SSE41, packed_widen_unsigned(b, 0, 1)) XMM_ROW(pmovzxbd, SSE41, packed_widen_unsigned(b, 0, 2)) \
    XMM_ROW(pmovzxbq, SSE41, packed_widen_unsigned(b, 0, 3)) XMM_ROW(pmovzxwd, SSE41, packed_widen_unsigned(b, 1, 2)) \
    XMM_ROW(pmovzxwq, SSE41, packed_widen_unsigned(b, 1, 3)) XMM_ROW(pmovzxdq, SSE41, packed_widen_unsigned(b, 2, 3))
#define ROWS_SHUFFLES \
    XMM_IMM(pshufd, SSE2, packed_shuffle32(b, imm)) XMM_IMM(pshuflw, SSE2, packed_shufflelow(b, imm)) \
    XMM_IMM(pshufhw, SSE2, packed_shufflehigh(b, imm)) MMX_IMM(pshufw, SSE2, packed_shufflelow(b, imm)) \
    BOTH(pshufb, SSSE3, packed_shuffleb(a, b, half)) \
    XMM_IMM(shufps, SSE2, packed_shufps(a, b, imm)) XMM_IMM(shufpd, SSE2, packed_shufpd(a, b, imm)) \
    XMM_IMM(pblendw, SSE41, packed_blend(a, b, imm, 1)) XMM_IMM(blendps, SSE41, packed_blend(a, b, imm, 2)) \
    XMM_IMM(blendpd, SSE41, packed_blend(a, b, imm, 3)) XMM_ROW(pblendvb, SSE41, packed_blendv(a, b, mask, 0)) \
    XMM_ROW(blendvps, SSE41, packed_blendv(a, b, mask, 2)) XMM_ROW(blendvpd, SSE41, packed_blendv(a, b, mask, 3)) \
    XMM_IMM(insertps, SSE41, packed_insertps(a, b, imm))
#define ROWS_EXTRACTIONS \
    X(pmovmskb, GPR, SSE2, "pmovmskb %xmm2, %eax", LOW(packed_movmsk(b, 0, half))) \
    X(pmovmskb_mmx, MMX + GPR, SSE2, "pmovmskb %mm2, %eax", LOW(packed_movmsk(b, 0, half))) \
    X(movmskps, GPR, SSE2, "movmskps %xmm2, %eax", LOW(packed_movmsk(b, 2, half))) \
    X(movmskpd, GPR, SSE2, "movmskpd %xmm2, %eax", LOW(packed_movmsk(b, 3, half))) \
    X(pextrb, GPR + IMM, SSE41, "pextrb $imm, %xmm2, %eax", LOW(packed_extract(b, 0, imm))) \
    X(pextrw, GPR + IMM, SSE2, "pextrw $imm, %xmm2, %eax", LOW(packed_extract(b, 1, imm))) \
    X(pextrw_mmx, MMX + GPR + IMM, SSE2, "pextrw $imm, %mm2, %eax", LOW(packed_extract(b, 1, imm & 3))) \
    X(pextrd, GPR + IMM, SSE41, "pextrd $imm, %xmm2, %eax", LOW(packed_extract(b, 2, imm))) \
    X(pextrq, GPR + IMM, SSE41, "pextrq $imm, %xmm2, %rax", LOW(packed_extract(b, 3, imm))) \
    X(pinsrb, XMM + IMM, SSE41, "pinsrb $imm, %eax, %xmm1", packed_insert(a, x, 0, imm)) \
    X(pinsrw, XMM + IMM, SSE2, "pinsrw $imm, %eax, %xmm1", packed_insert(a, x, 1, imm)) \
    X(pinsrw_mmx, MMX + IMM, SSE2, "pinsrw $imm, %eax, %mm1", packed_insert(a, x, 1, imm & 3)) \
    X(pinsrd, XMM + IMM, SSE41, "pinsrd $imm, %eax, %xmm1", packed_insert(a, x, 2, imm)) \
    X(pinsrq, XMM + IMM, SSE41, "pinsrq $imm, %rax, %xmm1", packed_insert(a, x, 3, imm)) \
    X(ptest, GPR, SSE41, "ptest %xmm2, %xmm1" FLAGS, LOW(packed_test(a, b)))
#define EXPLICIT explicit(a, b, x, y, imm)
#define IMPLICIT implicit(a, b, imm)
#define ROWS_STRINGS \
    X(pcmpestri, GPR + IMM, SSE42, "pcmpestri $imm, %xmm2, %xmm1; mov %rcx, %rax", LOW(EXPLICIT.index)) \
    X(pcmpestri_flags, GPR + IMM, SSE42, "pcmpestri $imm, %xmm2, %xmm1" FLAGS, LOW(EXPLICIT.flags)) \
    X(pcmpestrm, XMM + IMM, SSE42, "pcmpestrm $imm, %xmm2, %xmm1; movdqa %xmm0, %xmm1", EXPLICIT.mask) \
    X(pcmpestrm_flags, GPR + IMM, SSE42, "pcmpestrm $imm, %xmm2, %xmm1" FLAGS, LOW(EXPLICIT.flags)) \
    X(pcmpistri, GPR + IMM, SSE42, "pcmpistri $imm, %xmm2, %xmm1; mov %rcx, %rax", LOW(IMPLICIT.index)) \
    X(pcmpistri_flags, GPR + IMM, SSE42, "pcmpistri $imm, %xmm2, %xmm1" FLAGS, LOW(IMPLICIT.flags)) \
    X(pcmpistrm, XMM + IMM, SSE42, "pcmpistrm $imm, %xmm2, %xmm1; movdqa %xmm0, %xmm1", IMPLICIT.mask) \
    X(pcmpistrm_flags, GPR + IMM, SSE42, "pcmpistrm $imm, %xmm2, %xmm1" FLAGS, LOW(IMPLICIT.flags))
#define ROWS_CHECKSUMS \
    X(crc32b, GPR, SSE42, "crc32b %dl, %eax", LOW(packed_crc32(x, y, 0))) \
    X(crc32w, GPR, SSE42, "crc32w %dx, %eax", LOW(packed_crc32(x, y, 1))) \
    X(crc32l, GPR, SSE42, "crc32l %edx, %eax", LOW(packed_crc32(x, y, 2))) \
    X(crc32q, GPR, SSE42, "crc32q %rdx, %rax", LOW(packed_crc32(x, y, 3))) \
    X(popcnt, GPR, POPCNT, "popcntq %rdx, %rax", LOW(packed_popcount(y)))
#define ROWS \
    ROWS_LOGIC ROWS_SUMS ROWS_COMPARISONS ROWS_PRODUCTS ROWS_SHIFTS ROWS_PACKS ROWS_SHUFFLES ROWS_EXTRACTIONS \
    ROWS_STRINGS ROWS_CHECKSUMS

static struct packed_string explicit(struct vreg a, struct vreg b, uint64_t x, uint64_t y, unsigned imm)
{
    return packed_compare_strings(a, b, packed_string_length(x, imm), packed_string_length(y, imm), imm);
}
static struct packed_string implicit(struct vreg a, struct vreg b, unsigned imm)
{
    return packed_compare_strings(a, b, packed_implicit_length(a, imm), packed_implicit_length(b, imm), imm);
}

/* The instruction itself: a routine of 32 bytes for each immediate. */
enum { ROUTINE = 32 };
#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x
#define X(name, form, feature, code, value)                                     \
    void host_##name(void);                                                     \
    __asm__(".pushsection .text\n.set imm, 0\n.balign 32\nhost_" #name ":\n"    \
            ".rept 1 + 255 * (((" TEXT(form) ") / 4) & 1)\n.balign 32\n" code   \
            "\nret\n.set imm, imm + 1\n.endr\n.popsection");
ROWS
#undef X

#define X(name, form, feature, code, value)                                    \
    static struct vreg ours_##name(const struct operands *o, unsigned imm)     \
    {                                                                          \
        const struct vreg a = o->a, b = o->b, mask = o->mask;                  \
        const uint64_t x = o->x, y = o->y;                                     \
        const bool half = (form)&MMX;                                          \
        (void)a, (void)b, (void)mask, (void)x, (void)y, (void)half, (void)imm; \
        return value;                                                          \
    }
ROWS
#undef X

static const struct row {
    const char *name;
    unsigned form;
    enum feature feature;
    void (*host)(void);
    struct vreg (*ours)(const struct operands *o, unsigned imm);
} rows[] = {
#define X(name, form, feature, code, value) {#name, form, feature, host_##name, ours_##name},
    ROWS
#undef X
};

/* ---- running them ---- */

static bool host_has(enum feature feature)
{
    switch (feature) {
    case SSSE3: return __builtin_cpu_supports("ssse3");
    case SSE41: return __builtin_cpu_supports("sse4.1");
    case SSE42: return __builtin_cpu_supports("sse4.2");
    case POPCNT: return __builtin_cpu_supports("popcnt");
    default: return true; /* x86-64 has SSE2 */
    }
}

/* The red zone is left alone. */
static struct vreg host_run(const struct row *row, unsigned imm, const struct operands *o)
{
    struct { struct vreg xmm; uint64_t rax, mm; } r;
    const uintptr_t routine = (uintptr_t)row->host + imm * ROUTINE;
    if (row->form & MMX)
        __asm__ volatile("lea -128(%%rsp), %%rsp\n\tmovq (%0), %%mm1\n\tmovq 16(%0), %%mm2\n\tmovq 32(%0), %%mm0\n\t"
                         "movq 48(%0), %%rax\n\tmovq 56(%0), %%rdx\n\tcall *%2\n\t"
                         "movq %%mm1, 24(%1)\n\tmovq %%rax, 16(%1)\n\temms\n\tlea 128(%%rsp), %%rsp"
                         :: "r"(o), "r"(&r), "r"(routine)
                         : "rax", "rcx", "rdx", "mm0", "mm1", "mm2", "cc", "memory");
    else
        __asm__ volatile("lea -128(%%rsp), %%rsp\n\tmovdqu (%0), %%xmm1\n\tmovdqu 16(%0), %%xmm2\n\t"
                         "movdqu 32(%0), %%xmm0\n\tmovq 48(%0), %%rax\n\tmovq 56(%0), %%rdx\n\tcall *%2\n\t"
                         "movdqu %%xmm1, (%1)\n\tmovq %%rax, 16(%1)\n\tlea 128(%%rsp), %%rsp"
                         :: "r"(o), "r"(&r), "r"(routine)
                         : "rax", "rcx", "rdx", "xmm0", "xmm1", "xmm2", "cc", "memory");
    return row->form & GPR ? LOW(r.rax) : row->form & MMX ? LOW(r.mm) : r.xmm;
}

/* Eight bytes in lanes of 2^lane bytes, each an extreme value or one beside it; or of a text of few letters, so that
 * lanes are often equal and sometimes zero. */
static uint64_t edge_lanes(struct prng *prng, unsigned lane)
{
    const unsigned bits = 8u << lane;
    uint64_t r = 0;
    for (unsigned at = 0; at < 64; at += bits)
        r |= (((prng_below(prng, 2) << (bits - 1)) + prng_below(prng, 5) - 2) & bits_mask(bits)) << at;
    return r;
}
static uint64_t letter_lanes(struct prng *prng, unsigned lane)
{
    uint64_t r = 0;
    for (unsigned at = 0; at < 64; at += 8u << lane)
        r |= (prng_below(prng, 16) ? 'x' + prng_below(prng, 3) + (prng_below(prng, 8) ? 0 : 0x80) : 0) << at;
    return r;
}
enum style { RANDOM, COUNT, EDGES, LETTERS = EDGES + 4, STYLES = LETTERS + 2 };
static struct vreg operand(struct prng *prng, unsigned style)
{
    struct vreg r;
    for (unsigned i = 0; i < 2; i++)
        r.half[i] = style == RANDOM    ? prng_next(prng)
                    : style == COUNT   ? prng_below(prng, 140)
                    : style < LETTERS ? edge_lanes(prng, style - EDGES)
                                       : letter_lanes(prng, style - LETTERS);
    return r;
}
/* A register: often a small number of either sign (a length), with anything above its 32 bits. */
static uint64_t scalar(struct prng *prng)
{
    const uint64_t r = prng_next(prng), small = prng_below(prng, 45) - 22;
    switch (prng_below(prng, 4)) {
    case 0: return r;
    case 1: return small;
    case 2: return r << 32 | (small & UINT32_MAX);
    default: return edge_lanes(prng, (unsigned)r & 3);
    }
}
static struct operands operands(struct prng *prng)
{
    const unsigned style = (unsigned)prng_below(prng, STYLES);
    struct operands o = {operand(prng, style), operand(prng, style), operand(prng, style), scalar(prng), scalar(prng)};
    switch (prng_below(prng, 8)) {
    case 0: o.a = operand(prng, RANDOM); break;
    case 1: o.b = operand(prng, RANDOM); break;
    case 2: o.b = o.a; break;
    case 3: o.b = packed_xor(o.a, operand(prng, LETTERS)); break;
    case 4: o.mask = operand(prng, RANDOM); break;
    default: break;
    }
    return o;
}

static void print(const char *what, struct vreg v)
{
    print_error("  %-5s %016llx %016llx\n", what, (unsigned long long)v.half[1], (unsigned long long)v.half[0]);
}

/* Every row meets all of them; one with an immediate meets 100 with each. */
static struct operands samples[256 * 100];
static int draw_samples(void **state)
{
    struct prng prng;
    prng_seed(&prng, 1);
    for (unsigned i = 0; i < LENGTH(samples); i++) samples[i] = operands(&prng);
    (void)state;
    return 0;
}

static void as_the_host_does(void **state)
{
    const struct row *row = *state;
    if (!host_has(row->feature)) skip();
    for (unsigned i = 0; i < LENGTH(samples); i++) {
        const struct operands *o = &samples[i];
        const unsigned imm = row->form & IMM ? i & 0xff : 0;
        const struct vreg host = host_run(row, imm, o);
        struct vreg ours = row->ours(o, imm);
        if (row->form & MMX) ours.half[1] = 0; /* does not matter */
        if (ours.half[0] == host.half[0] && ours.half[1] == host.half[1]) continue;
        print_error("%s, immediate 0x%02x:\n", row->name, imm);
        print("a", o->a), print("b", o->b), print("mask", o->mask), print("y, x", (struct vreg){{o->x, o->y}});
        print("host", host), print("ours", ours);
        fail();
    }
}

/* ---- by hand ---- */

static struct vreg vreg(uint64_t high, uint64_t low) { return (struct vreg){{low, high}}; }
/* Sixteen bytes as text, lane 0 first. */
static struct vreg text(const char *bytes)
{
    struct vreg v = {{0, 0}};
    memcpy(&v, bytes, strnlen(bytes, sizeof v));
    return v;
}
#define IS(expression, high, low)               \
    do {                                        \
        const struct vreg is = (expression);    \
        assert_int_equal(is.half[1], high);     \
        assert_int_equal(is.half[0], low);      \
    } while (0)

static const struct vreg count_up = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};
static const struct vreg count_on = {{0x1716151413121110, 0x1f1e1d1c1b1a1918}};

static void logic(void **state)
{
    const struct vreg a = vreg(0xff00ff00ff00ff00, 12), b = vreg(0x0ff00ff00ff00ff0, 10);
    IS(packed_and(a, b), 0x0f000f000f000f00, 8);
    IS(packed_andn(a, b), 0x00f000f000f000f0, 2);
    IS(packed_or(a, b), 0xfff0fff0fff0fff0, 14);
    IS(packed_xor(a, b), 0xf0f0f0f0f0f0f0f0, 6);
    (void)state;
}

static void sums(void **state)
{
    const struct vreg a = vreg(0x7f80ff0001fe8001, 0x7fff8000ffff0001);
    const struct vreg ones = vreg(0x0101010101010101, 0x0001000100010001);
    IS(packed_add(a, ones, 0), 0x8081000102ff8102, 0x7f008001ff000002);
    IS(packed_add(a, ones, 1), 0x8081000102ff8102, 0x8000800100000002);
    IS(packed_add(vreg(0, 0xffffffff), vreg(0, 1), 2), 0, 0);
    IS(packed_add(vreg(0, 0xffffffff), vreg(0, 1), 3), 0, 0x100000000);
    IS(packed_sub(vreg(0, 0), ones, 0), 0xffffffffffffffff, 0x00ff00ff00ff00ff);
    IS(packed_sub(vreg(0, 0), ones, 3), 0xfefefefefefefeff, 0xfffefffefffeffff);
    IS(packed_adds(a, ones, 1), 0x7fff000102ff8102, 0x7fff800100000002);
    IS(packed_subs(a, ones, 1), 0x7e7ffdff00fd8000, 0x7ffe8000fffe0000);
    IS(packed_adds(vreg(0, 0x807f), vreg(0, 0xff01), 0), 0, 0x807f);
    IS(packed_addus(a, ones, 0), 0x8081ff0102ff8102, 0x7fff8001ffff0002);
    IS(packed_subus(a, ones, 0), 0x7e7ffe0000fd7f00, 0x7ffe8000fffe0000);
    IS(packed_avg(vreg(0, 0xff00ff05), vreg(0, 0x00ffff04), 0), 0, 0x8080ff05);
    IS(packed_avg(vreg(0, 0xffff0000), vreg(0, 0xffff0001), 1), 0, 0xffff0001);
    IS(packed_sign(vreg(0, 0x05800580), vreg(0, 0xff01007f), 0), 0, 0xfb800080);
    IS(packed_sign(vreg(5, 0x80), vreg(UINT64_MAX, 0x80), 3), (uint64_t)-5, 0x80);
    IS(packed_abs(vreg(UINT64_MAX, 0x80007fffffff0001), 1), 0x0001000100010001, 0x80007fff00010001);
    (void)state;
}

static void neighbours(void **state)
{
    const struct vreg a = vreg(0x0004000300020001, 0x80008000ffff7fff), b = vreg(0, 0x00010000000a0005);
    IS(packed_hadd(a, b, 1, false), 0x000000000001000f, 0x0007000300007ffe);
    IS(packed_hadd(a, b, 1, true), 0, 0x0001000f00007ffe);
    IS(packed_hadds(a, b, true), 0, 0x0001000f80007ffe);
    IS(packed_hsub(a, b, 1, true), 0, 0xfffffffb00008000);
    IS(packed_hsubs(a, b, true), 0, 0xfffffffb00007fff);
    IS(packed_hadd(vreg(0, 0x0000000500000007), vreg(0, 0x00000001ffffffff), 2, true), 0, 0x000000000000000c);
    IS(packed_hsub(vreg(0, 0x0000000500000007), vreg(0, 0x00000001ffffffff), 2, false), 0x00000000fffffffe, 2);
    IS(packed_sadbw(vreg(0xff00000000000000, 0x0102030405060708), vreg(0x00ff000000000000, 0)), 510, 36);
    IS(packed_mpsadbw(count_up, vreg(0, 0x0302010007070707), 5), 0x002c002800240020, 0x001c001800140010);
    IS(packed_minpos(vreg(0x0005000300030009, 0xffff000800040007)), 0, 0x00050003);
    IS(packed_minpos(vreg(0, 0)), 0, 0);
    (void)state;
}

static void comparisons(void **state)
{
    const struct vreg a = vreg(0x8000000000000000, 0x7f80ff00), b = vreg(1, 0x807fff01);
    IS(packed_cmpeq(a, b, 0), 0x00ffffffffffff00, 0xffffffff0000ff00);
    IS(packed_cmpeq(a, b, 3), 0, 0);
    IS(packed_cmpgt(a, b, 0), 0, 0xff000000);
    IS(packed_cmpgt(b, a, 3), UINT64_MAX, UINT64_MAX);
    IS(packed_mins(a, b, 0), 0x8000000000000000, 0x8080ff00);
    IS(packed_maxs(a, b, 0), 0x0000000000000001, 0x7f7fff01);
    IS(packed_minu(a, b, 0), 0x0000000000000000, 0x7f7fff00);
    IS(packed_maxu(a, b, 0), 0x8000000000000001, 0x8080ff01);
    IS(packed_minu(a, b, 3), 1, 0x7f80ff00);
    IS(packed_mins(a, b, 3), 0x8000000000000000, 0x7f80ff00);
    (void)state;
}

static void products(void **state)
{
    const struct vreg lowest = vreg(0x8000800080008000, 0x8000800080008000), two = vreg(0, 0x0002ffff00020002);
    IS(packed_mullo(lowest, lowest, 1), 0, 0);
    IS(packed_mullo(vreg(0, 0xfffffffd00010000), vreg(0, 0x0000000500010001), 2), 0, 0xfffffff100010000);
    IS(packed_mulhi_signed(lowest, two), 0, 0xffff0000ffffffff);
    IS(packed_mulhi_unsigned(lowest, two), 0, 0x00017fff00010001);
    IS(packed_mulhrs(lowest, lowest), 0x8000800080008000, 0x8000800080008000);
    IS(packed_mulhrs(vreg(0, 0x0001000100010001), vreg(0, 0x3fff4000c000bfff)), 0, 0x000000010000ffff);
    IS(packed_muludq(vreg(9, 0x1ffffffff), vreg(7, 0x2ffffffff)), 63, 0xfffffffe00000001);
    IS(packed_muldq(vreg(9, 0x1ffffffff), vreg(0xfffffff9, 0x2ffffffff)), (uint64_t)-63, 1);
    IS(packed_maddwd(lowest, lowest), 0x8000000080000000, 0x8000000080000000);
    IS(packed_maddwd(vreg(0, 0x00030002fffe0005), vreg(0, 0x0007000400060001)), 0, 0x0000001dfffffff9);
    IS(packed_maddubs(vreg(0, 0xffffffff01ff0203), vreg(0, 0x7f7f8080ff010405)), 0, 0x7fff800000fe0017);
    (void)state;
}

static void shifts(void **state)
{
    const struct vreg a = vreg(0x8000000000000001, 0xfffe7fff80010001);
    IS(packed_sll(a, 1, 1), 2, 0xfffcfffe00020002);
    IS(packed_sll(a, 15, 1), 0x8000, 0x0000800080008000);
    IS(packed_sll(a, 16, 1), 0, 0);
    IS(packed_sll(a, UINT64_C(1) << 32, 3), 0, 0);
    IS(packed_srl(a, 1, 2), 0x4000000000000000, 0x7fff3fff40008000);
    IS(packed_srl(a, 63, 3), 1, 1);
    IS(packed_srl(a, 64, 3), 0, 0);
    IS(packed_sra(a, 1, 1), 0xc000000000000000, 0xffff3fffc0000000);
    IS(packed_sra(a, UINT64_MAX, 1), 0xffff000000000000, 0xffff0000ffff0000);
    IS(packed_sra(a, 32, 2), 0xffffffff00000000, 0xffffffffffffffff);
    IS(packed_sllbytes(count_up, 3), 0x0c0b0a0908070605, 0x0403020100000000);
    IS(packed_sllbytes(count_up, 0), count_up.half[1], count_up.half[0]);
    IS(packed_sllbytes(count_up, 16), 0, 0);
    IS(packed_srlbytes(count_up, 9), 0, 0x000f0e0d0c0b0a09);
    IS(packed_srlbytes(count_up, 255), 0, 0);
    IS(packed_alignr(count_on, count_up, 5, false), 0x14131211100f0e0d, 0x0c0b0a0908070605);
    IS(packed_alignr(count_on, count_up, 20, false), 0x000000001f1e1d1c, 0x1b1a191817161514);
    IS(packed_alignr(count_on, count_up, 32, false), 0, 0);
    IS(packed_alignr(count_on, count_up, 5, true), 0, 0x1413121110070605);
    IS(packed_alignr(count_on, count_up, 15, true), 0, 0x17);
    (void)state;
}

static void packs(void **state)
{
    const struct vreg a = vreg(0x0000ffff7fff8000, 0x00800100007fff80), b = vreg(1, 2);
    IS(packed_packss(a, b, 1, false), 0x0000000100000002, 0x00ff7f807f7f7f80);
    IS(packed_packus(a, b, 1, true), 0, 0x0000000280ff7f00);
    IS(packed_packss(a, b, 2, false), 0x0000000100000002, 0x7fff7fff7fff7fff);
    IS(packed_packus(a, b, 2, false), 0x0000000100000002, 0xffffffffffffffff);
    IS(packed_packus(vreg(0xffffffff00012345, 0x8000000000001234), b, 2, true), 0, 0x0000000200001234);
    IS(packed_unpackl(count_up, count_on, 0, false), 0x1707160615051404, 0x1303120211011000);
    IS(packed_unpackl(count_up, count_on, 1, true), 0, 0x1312030211100100);
    IS(packed_unpackh(count_up, count_on, 2, false), 0x1f1e1d1c0f0e0d0c, 0x1b1a19180b0a0908);
    IS(packed_unpackh(count_up, count_on, 0, true), 0, 0x1707160615051404);
    IS(packed_unpackh(count_up, count_on, 3, false), count_on.half[1], count_up.half[1]);
    IS(packed_widen_signed(vreg(0, 0x7f80), 0, 1), 0, 0x007fff80);
    IS(packed_widen_unsigned(vreg(0, 0x7f80), 0, 3), 0x7f, 0x80);
    IS(packed_widen_signed(vreg(0, 0x7fffffff80000000), 2, 3), 0x7fffffff, 0xffffffff80000000);
    (void)state;
}

static void shuffles(void **state)
{
    const struct vreg control = vreg(0x8000000000000000, 0x0f7f80ff00010203);
    IS(packed_shuffle32(count_up, 0x1b), 0x0302010007060504, 0x0b0a09080f0e0d0c);
    IS(packed_shufflelow(count_up, 0x1b), count_up.half[1], 0x0100030205040706);
    IS(packed_shufflehigh(count_up, 0xff), 0x0f0e0f0e0f0e0f0e, count_up.half[0]);
    IS(packed_shuffleb(count_up, control, false), 0, 0x0f0f000000010203);
    IS(packed_shuffleb(count_up, control, true), 0, 0x0707000000010203);
    IS(packed_shufps(count_up, count_on, 0x4e), 0x1716151413121110, 0x0f0e0d0c0b0a0908);
    IS(packed_shufpd(count_up, count_on, 0xfe), count_on.half[1], count_up.half[0]);
    IS(packed_blend(count_up, count_on, 0x81, 1), 0x1f1e0d0c0b0a0908, 0x0706050403021110);
    IS(packed_blendv(count_up, count_on, vreg(0x80ff7f0000000000, 0x7f00000080), 0),
       0x1f1e0d0c0b0a0908, 0x0706050403020110);
    IS(packed_blendv(count_up, count_on, vreg(0x8000000000000000, 0), 3), count_on.half[1], count_up.half[0]);
    IS(packed_insertps(count_up, count_on, 0xd1), count_up.half[1], 0x1f1e1d1c00000000);
    IS(packed_insertps(count_up, count_on, 0x38), 0x000000000b0a0908, count_up.half[0]);
    (void)state;
}

static void lanes(void **state)
{
    IS(packed_insert(count_up, 0xabcd, 0, 19), count_up.half[1], 0x07060504cd020100);
    IS(packed_insert(count_up, UINT64_MAX, 2, 3), 0xffffffff0b0a0908, count_up.half[0]);
    IS(packed_insert(count_up, 5, 3, 3), 5, count_up.half[0]);
    assert_int_equal(packed_extract(count_up, 0, 0xf9), 9);
    assert_int_equal(packed_extract(vreg(0, 0xffffffff00000000), 1, 3), 0xffff);
    assert_int_equal(packed_extract(count_up, 3, 1), count_up.half[1]);
    assert_int_equal(packed_movmsk(vreg(0x80ff7f0000000080, 0x8000000000000081), 0, false), 0xc181);
    assert_int_equal(packed_movmsk(vreg(0x80ff7f0000000080, 0x8000000000000081), 0, true), 0x81);
    assert_int_equal(packed_movmsk(vreg(0x8000000080000000, 0x800000007fffffff), 2, false), 0xe);
    assert_int_equal(packed_movmsk(vreg(0x8000000000000000, 0x7fffffffffffffff), 3, false), 2);
    (void)state;
}

static void tests(void **state)
{
    assert_int_equal(packed_test(vreg(0, 0), vreg(0, 0)), FLAG_ZF | FLAG_CF);
    assert_int_equal(packed_test(vreg(1, 0), vreg(2, 0)), FLAG_ZF);
    assert_int_equal(packed_test(vreg(3, 4), vreg(2, 4)), FLAG_CF);
    assert_int_equal(packed_test(vreg(3, 4), vreg(2, 5)), 0);
    (void)state;
}

enum {
    WORDS = 1, SIGNED = 2, ANY = 0, RANGES = 4, EACH = 8, ORDERED = 12, NEGATIVE = 0x10, MASKED = 0x30, HIGH = 0x40,
};
static void found(struct packed_string s, unsigned index, uint64_t mask, unsigned flags)
{
    assert_int_equal(s.index, index);
    IS(s.mask, 0, mask);
    assert_int_equal(s.flags, flags);
}
static void strings(void **state)
{
    const struct vreg pangram = text("sphinx of quartz"), empty = text("");
    found(implicit(text("aeiou"), pangram, ANY), 3, 0x1888, FLAG_CF | FLAG_SF);
    IS(implicit(text("aeiou"), pangram, ANY | HIGH).mask, 0x000000ffff000000, 0xff000000ff000000);
    assert_int_equal(implicit(text("aeiou"), pangram, ANY | HIGH).index, 12);
    found(implicit(empty, pangram, ANY), 16, 0, FLAG_SF);
    found(implicit(text("09AF"), text("x7G.B"), RANGES), 1, 0x12, FLAG_CF | FLAG_ZF | FLAG_SF);
    found(explicit(text("09AF"), text("x7G.B"), 3, 5, RANGES), 1, 0x02, FLAG_CF | FLAG_ZF | FLAG_SF); /* half a range */
    found(explicit(vreg(0, 0x0001ffff), vreg(0, 0x00000005), 2, 2, RANGES | SIGNED | WORDS), 1, 2,
          FLAG_CF | FLAG_ZF | FLAG_SF);
    found(explicit(vreg(0, 0x0001ffff), vreg(0, 0x00000005), 2, 2, RANGES | WORDS), 8, 0, FLAG_ZF | FLAG_SF);
    found(implicit(text("same"), text("same"), EACH | NEGATIVE), 16, 0, FLAG_ZF | FLAG_SF);
    found(implicit(text("same"), text("salt"), EACH | NEGATIVE), 2, 0x000c, FLAG_CF | FLAG_ZF | FLAG_SF);
    found(implicit(text("longer"), text("lon"), EACH | NEGATIVE), 3, 0x0038, FLAG_CF | FLAG_ZF | FLAG_SF);
    found(implicit(text("longer"), text("lon"), EACH | MASKED), 6, 0xffc0, FLAG_CF | FLAG_ZF | FLAG_SF);
    found(implicit(text("of"), pangram, ORDERED), 7, 0x0080, FLAG_CF | FLAG_SF);
    found(implicit(text("zebra"), pangram, ORDERED), 15, 0x8000, FLAG_CF | FLAG_SF); /* it may go on in the next */
    found(implicit(text("zebra"), text("to z"), ORDERED), 16, 0, FLAG_ZF | FLAG_SF);
    found(implicit(empty, empty, ORDERED), 0, 0xffff, FLAG_CF | FLAG_ZF | FLAG_SF | FLAG_OF);
    assert_int_equal(packed_string_length(0xfffffffb, 0), 5); /* the magnitude of -5 */
    assert_int_equal(packed_string_length(0x80000000, WORDS), 8);
    assert_int_equal(packed_string_length(UINT64_C(1) << 32 | 9, 0), 9);
    assert_int_equal(packed_implicit_length(pangram, 0), 16);
    assert_int_equal(packed_implicit_length(text("even"), WORDS), 2);
    (void)state;
}

static void checksums(void **state)
{
    uint64_t crc = UINT32_MAX;
    for (const char *c = "123456789"; *c; c++) crc = packed_crc32(crc, (uint8_t)*c, 0);
    assert_int_equal(crc ^ UINT32_MAX, 0xe3069283); /* the check value of CRC-32C */
    crc = packed_crc32(packed_crc32(UINT32_MAX, 0x3837363534333231, 3), '9', 0);
    assert_int_equal(crc ^ UINT32_MAX, 0xe3069283);
    assert_int_equal(packed_crc32(packed_crc32(5, 0x3231, 1), 0x36353433, 2),
                     packed_crc32(packed_crc32(5, 0x34333231, 2), 0x3635, 1));
    assert_int_equal(packed_crc32(UINT64_C(7) << 32, 0xffffff00, 0), 0); /* what does not count */
    assert_int_equal(packed_popcount(0), 0);
    assert_int_equal(packed_popcount(0x8000000000000101), 3);
    assert_int_equal(packed_popcount(UINT64_MAX), 64);
    (void)state;
}

int main(void)
{
    static struct CMUnitTest against_host[LENGTH(rows)];
    static const struct CMUnitTest by_hand[] = {
        cmocka_unit_test(logic), cmocka_unit_test(sums), cmocka_unit_test(neighbours), cmocka_unit_test(comparisons),
        cmocka_unit_test(products), cmocka_unit_test(shifts), cmocka_unit_test(packs), cmocka_unit_test(shuffles),
        cmocka_unit_test(lanes), cmocka_unit_test(tests), cmocka_unit_test(strings), cmocka_unit_test(checksums),
    };
    for (unsigned i = 0; i < LENGTH(rows); i++)
        against_host[i] = (struct CMUnitTest){rows[i].name, as_the_host_does, NULL, NULL, (void *)&rows[i]};
    const int failed = cmocka_run_group_tests_name("by hand", by_hand, NULL, NULL);
    return cmocka_run_group_tests_name("as the host does", against_host, draw_samples, NULL) || failed;
}
