/* x86_decode_test.c -- the decoder against Zydis on random bytes and on instances of every row: same verdict, same
 * length, same mnemonic. Where the two may differ is stated in known_difference().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <Zydis/Zydis.h>

#include "hwsim/base/prng.h"
#include "translate/x86/rows.h"

enum { CODE32 = 1u << ROW_CONTEXT_CODE32 };

static void open_zydis(ZydisDecoder *decoder, bool code32)
{
    ZydisMachineMode mode = code32 ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16;
    ZydisDecoderInit(decoder, mode, code32 ? ZYDIS_STACK_WIDTH_32 : ZYDIS_STACK_WIDTH_16);
    static const ZydisDecoderMode off[] = {ZYDIS_DECODER_MODE_MPX,      ZYDIS_DECODER_MODE_CET,
                                           ZYDIS_DECODER_MODE_LZCNT,    ZYDIS_DECODER_MODE_TZCNT,
                                           ZYDIS_DECODER_MODE_WBNOINVD, ZYDIS_DECODER_MODE_CLDEMOTE,
                                           ZYDIS_DECODER_MODE_KNC,      ZYDIS_DECODER_MODE_AMD_BRANCHES};
    for (unsigned i = 0; i < LENGTH(off); i++) ZydisDecoderEnableMode(decoder, off[i], ZYAN_FALSE);
}

/* Zydis knows every extension there is; ours end with SSE4.2, and #UD is our answer to the rest. */
static bool extension(const ZydisDecodedInstruction *theirs)
{
    switch (theirs->meta.isa_set) {
    case ZYDIS_ISA_SET_I86: case ZYDIS_ISA_SET_I186: case ZYDIS_ISA_SET_I286PROTECTED: case ZYDIS_ISA_SET_I286REAL:
    case ZYDIS_ISA_SET_I386: case ZYDIS_ISA_SET_I486: case ZYDIS_ISA_SET_I486REAL: case ZYDIS_ISA_SET_PENTIUMREAL:
    case ZYDIS_ISA_SET_PENTIUMMMX: case ZYDIS_ISA_SET_PPRO: case ZYDIS_ISA_SET_CMOV: case ZYDIS_ISA_SET_FCMOV:
    case ZYDIS_ISA_SET_X87: case ZYDIS_ISA_SET_SSE: case ZYDIS_ISA_SET_SSE2: case ZYDIS_ISA_SET_SSEMXCSR:
    case ZYDIS_ISA_SET_SSE2MMX: case ZYDIS_ISA_SET_FAT_NOP: case ZYDIS_ISA_SET_PAUSE: case ZYDIS_ISA_SET_PREFETCH_NOP:
    case ZYDIS_ISA_SET_SSE3: case ZYDIS_ISA_SET_SSE3X87: case ZYDIS_ISA_SET_SSSE3: case ZYDIS_ISA_SET_SSSE3MMX:
    case ZYDIS_ISA_SET_SSE4: case ZYDIS_ISA_SET_SSE42: case ZYDIS_ISA_SET_POPCNT: case ZYDIS_ISA_SET_SSE_PREFETCH: case ZYDIS_ISA_SET_FXSAVE: case ZYDIS_ISA_SET_CLFSH: case ZYDIS_ISA_SET_RDPMC:
        return false;
    default:
        return true;
    }
}

/* Our mnemonics are Intel's; of several that Intel gives for one encoding Zydis may take another. */
static bool same_mnemonic(const char *ours, const char *theirs)
{
    static const char *const aliases[][2] = {
        {"SAL", "shl"},      {"XLAT", "xlat"},   {"INT1", "int1"},   {"NOP", "pause"},     {"NOP", "prefetchw"},
        {"NOP", "prefetch"}, {"LOOPNE", "loopne"}, {"RET", "ret"},   {"NOP", "prefetchnta"}, {"NOP", "prefetcht0"},
        {"NOP", "prefetcht1"}, {"NOP", "prefetcht2"}, {"NOP", "prefetchwt1"},
        {"FENI", "feni8087_nop"}, {"FDISI", "fdisi8087_nop"}, {"FSETPM", "fsetpm287_nop"},
    };
    if (!strcasecmp(ours, theirs)) return true;
    for (unsigned i = 0; i < LENGTH(aliases); i++) {
        if (!strcmp(ours, aliases[i][0]) && !strcmp(theirs, aliases[i][1])) return true;
    }
    return false;
}

static void show(const char *what, const uint8_t *bytes, unsigned count)
{
    print_error("%s:", what);
    for (unsigned i = 0; i < count; i++) print_error(" %02x", bytes[i]);
    print_error("\n");
}

enum verdict { SAME, DIFFERENT, KNOWN };

static enum verdict compare(const ZydisDecoder *decoder, const uint8_t *bytes, unsigned count, uint64_t context)
{
    ZydisDecodedInstruction theirs;
    struct x86_insn ours;
    ZyanStatus status = ZydisDecoderDecodeInstruction(decoder, NULL, bytes, count, &theirs);
    enum x86_status mine = x86_decode(bytes, count, context, &ours);
    if (ZYAN_SUCCESS(status)) {
        if (mine == X86_OK) {
            if (ours.length != theirs.length) return DIFFERENT;
            return same_mnemonic(x86_rows[ours.row].mnemonic, ZydisMnemonicGetString(theirs.mnemonic)) ? SAME
                                                                                                       : DIFFERENT;
        }
        return mine == X86_INVALID && extension(&theirs) ? KNOWN : DIFFERENT;
    }
    bool short_of_bytes = status == ZYDIS_STATUS_NO_MORE_DATA, too_long = status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG;
    if (mine == (short_of_bytes ? X86_TRUNCATED : too_long ? X86_TOO_LONG : X86_INVALID)) return SAME;
    return mine == X86_INVALID ? KNOWN : DIFFERENT; /* an extension's, of which we do not read the rest */
}

static void compare_random(bool code32, uint64_t seed, unsigned rounds)
{
    ZydisDecoder decoder;
    struct prng prng;
    unsigned different = 0;
    uint64_t context = code32 ? CODE32 : 0;
    open_zydis(&decoder, code32);
    prng_seed(&prng, seed);
    for (unsigned i = 0; i < rounds; i++) {
        uint8_t bytes[24];
        for (unsigned at = 0; at < sizeof bytes; at += 8) memcpy(bytes + at, &(uint64_t){prng_next(&prng)}, 8);
        if (i % 4 == 0) bytes[0] = 0x0f;
        if (i % 16 == 1) bytes[0] = 0x66, bytes[1] = 0x0f;
        if (i % 16 == 2) bytes[0] = 0xf3;
        if (i % 16 == 3) bytes[0] = 0xf0;
        for (unsigned at = 0; i % 16 == 4 && at < 13 && prng_below(&prng, 8); at++) {
            static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
            bytes[at] = prefixes[prng_below(&prng, sizeof prefixes)];
        }
        unsigned count = i % 8 ? sizeof bytes : 1 + (unsigned)prng_below(&prng, 15);
        if (compare(&decoder, bytes, count, context) == DIFFERENT && different++ < 20) show("differs", bytes, count);
    }
    assert_int_equal(different, 0);
}

static void random_bytes_32(void **state) { (void)state, compare_random(true, 1, 3000000); }
static void random_bytes_16(void **state) { (void)state, compare_random(false, 2, 1000000); }

/* Each row's own instances decode as that row, fully. */
static void every_row(void **state)
{
    (void)state;
    static const struct x86_generate_options options = {.bases = 0xff, .segments = 0x3f, .scaled = true,
        .displacement_low = INT32_MIN, .displacement_high = INT32_MAX, .branch_low = -200, .branch_high = 200};
    ZydisDecoder decoder;
    struct prng prng;
    open_zydis(&decoder, true);
    prng_seed(&prng, 3);
    for (unsigned row = 0; row < x86_row_count; row++) {
        unsigned made = 0;
        for (unsigned i = 0; i < 500; i++) {
            uint8_t bytes[32] = {0};
            struct x86_insn insn;
            unsigned length = x86_generate(row, &prng, &options, bytes);
            if (!length) continue;
            made++;
            if (x86_decode(bytes, length, CODE32, &insn) != X86_OK || insn.row != row || insn.length != length ||
                compare(&decoder, bytes, length, CODE32) == DIFFERENT) {
                show(x86_rows[row].mnemonic, bytes, length);
                fail();
            }
            assert_int_equal(x86_decode(bytes, length - 1, CODE32, &insn), X86_TRUNCATED);
        }
        if (!made) print_error("no instance of row %u, %s %s\n", row, x86_rows[row].mnemonic, x86_rows[row].form);
        assert_true(made > 0);
    }
}

/* ---- by hand ---- */

static enum x86_status status_of(const char *hex, struct x86_insn *insn)
{
    uint8_t bytes[32];
    unsigned count = 0;
    for (; *hex; hex += 2) {
        while (*hex == ' ') hex++;
        unsigned byte;
        sscanf(hex, "%2x", &byte);
        bytes[count++] = (uint8_t)byte;
    }
    return x86_decode(bytes, count, CODE32, insn);
}

static void legality(void **state)
{
    (void)state;
    static const struct { const char *hex; enum x86_status status; } cases[] = {
        {"f0 01 08", X86_OK},            /* lock add [eax], ecx */
        {"f0 01 c8", X86_INVALID},       /* lock add eax, ecx */
        {"f0 39 08", X86_INVALID},       /* lock cmp */
        {"f0 0f a3 08", X86_INVALID},    /* lock bt */
        {"f0 0f ab 08", X86_OK},         /* lock bts */
        {"f0 87 08", X86_OK},            /* lock xchg */
        {"f0 89 08", X86_INVALID},       /* lock mov */
        {"82 c0 01", X86_OK},            /* add al, 1 */
        {"f6 c8 01", X86_OK},            /* test al, 1 by F6 /1 */
        {"d6", X86_OK},                  /* salc */
        {"c0 f0 01", X86_OK},            /* sal al, 1 by C0 /6 */
        {"0f 1f 00", X86_OK},
        {"f3 0f 1e fb", X86_OK},         /* endbr32 */
        {"0f ff c0", X86_OK},            /* ud0 */
        {"0f b9 c0", X86_OK},            /* ud1 */
        {"0f 0b", X86_OK},               /* ud2 */
        {"8d c0", X86_INVALID},          /* lea eax, eax */
        {"0f c7 c8", X86_INVALID},       /* cmpxchg8b eax */
        {"0f c7 f0", X86_INVALID},       /* rdrand */
        {"62 c0", X86_INVALID},          /* bound eax, eax: EVEX */
        {"c5 f8 77", X86_INVALID},       /* vzeroupper */
        {"8e c8", X86_INVALID},          /* mov cs, ax */
        {"8c f0", X86_INVALID},          /* mov eax, seg 6 */
        {"ff d8", X86_INVALID},          /* call far eax */
        {"ff f8", X86_INVALID},          /* ff /7 */
        {"8f c8", X86_INVALID},          /* 8f /1 */
        {"d9 c0", X86_OK},      /* fld st0 */
        {"0f 28 c1", X86_OK},   /* movaps */
        {"0f 6f c1", X86_OK},   /* movq */
        {"0f 38 00 c1", X86_OK},     /* pshufb */
        {"0f 38 f0 00", X86_INVALID},    /* movbe */
        {"9b", X86_OK},
        {"66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", X86_OK},
        {"66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", X86_TOO_LONG},
        {"66 66 66 66 66 66 66 66 66 66 66 66 66 05 00 00", X86_TOO_LONG},
        {"05 00 00", X86_TRUNCATED},
        {"66", X86_TRUNCATED},
        {"0f", X86_TRUNCATED},
        {"8b 04", X86_TRUNCATED},
    };
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        struct x86_insn insn;
        enum x86_status status = status_of(cases[i].hex, &insn);
        if (status != cases[i].status) print_error("%s: %d\n", cases[i].hex, status);
        assert_int_equal(status, cases[i].status);
    }
}

static void operands(void **state)
{
    (void)state;
    struct x86_insn insn;
    assert_int_equal(status_of("65 8b 84 8d 00 ff ff ff", &insn), X86_OK); /* mov eax, gs:[ebp + ecx*4 - 256] */
    assert_int_equal(insn.length, 8);
    assert_int_equal(insn.segment, X86_GS);
    assert_int_equal(insn.base, 5);
    assert_int_equal(insn.index, 1);
    assert_int_equal(insn.scale, 2);
    assert_int_equal(insn.displacement, -256);
    assert_int_equal(status_of("8b 45 08", &insn), X86_OK); /* ebp goes through SS */
    assert_int_equal(insn.segment, X86_SS);
    assert_int_equal(status_of("2e 8b 45 08", &insn), X86_OK);
    assert_int_equal(insn.segment, X86_CS);
    assert_int_equal(status_of("67 8b 42 f0", &insn), X86_OK); /* mov eax, [bp + si - 16] */
    assert_int_equal(insn.base, 5);
    assert_int_equal(insn.index, 6);
    assert_int_equal(insn.displacement, -16);
    assert_int_equal(insn.segment, X86_SS);
    assert_int_equal(insn.address_size, SIZE_16);
    assert_int_equal(status_of("66 81 38 34 92", &insn), X86_OK); /* cmp word [eax], 9234h */
    assert_int_equal(insn.operand_size, SIZE_16);
    assert_int_equal(insn.immediate, (int16_t)0x9234);
    assert_int_equal(status_of("c8 34 12 05", &insn), X86_OK); /* enter 1234h, 5 */
    assert_int_equal(insn.immediate, 0x1234);
    assert_int_equal(insn.immediate2, 5);
    assert_int_equal(status_of("a1 f0 ff ff ff", &insn), X86_OK); /* mov eax, [fffffff0] */
    assert_true(insn.memory);
    assert_int_equal(insn.base, -1);
    assert_int_equal((uint32_t)insn.displacement, 0xfffffff0);
    assert_int_equal(status_of("f2 f3 a4", &insn), X86_OK); /* the last repeat prefix counts */
    assert_true(insn.rep && !insn.repne);
    assert_int_equal(status_of("66 98", &insn), X86_OK);
    assert_string_equal(x86_rows[insn.row].mnemonic, "CBW");
    assert_int_equal(status_of("67 e3 00", &insn), X86_OK);
    assert_string_equal(x86_rows[insn.row].mnemonic, "JCXZ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legality), cmocka_unit_test(operands), cmocka_unit_test(every_row),
        cmocka_unit_test(random_bytes_32), cmocka_unit_test(random_bytes_16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
