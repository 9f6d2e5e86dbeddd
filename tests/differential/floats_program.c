/* floats_program.c -- prints a random C program that computes with floating point and shows its results bit for bit:
 *
 *     floats_program SEED [intrinsics]
 *
 * Scalars of every type, conversions, loops over arrays that compilers vectorise, and those functions of the library
 * that are exact; with `intrinsics`, SSE's up to SSE4.2 as well. What it computes need not make sense, since the same
 * executable runs on both sides.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/base/prng.h"

enum { VARIABLES = 4, ARRAY = 16, STATEMENTS = 40, DEPTH = 4 };
static const char *const types[] = {"float", "double", "long double", "int", "long long", "unsigned"};
static const char *const names[] = {"f", "d", "e", "i", "l", "u"};
static const unsigned sizes[] = {4, 8, 10, 4, 8, 4};
enum { FLOATS = 3, TYPES = 6 };

static struct prng prng;

static unsigned below(unsigned bound) { return (unsigned)prng_below(&prng, bound); }

static void print_constant(void)
{
    static const char *const corners[] = {"0.0",
                                          "-0.0",
                                          "1.0",
                                          "1e-40f",
                                          "4.9e-324",
                                          "1.7e308",
                                          "3.4e38f",
                                          "0x1p-1030",
                                          "__builtin_inf()",
                                          "2147483648.0",
                                          "0.5",
                                          "1e-4940L",
                                          "1e4932L",
                                          "9007199254740993.0"};
    if (below(3))
        printf("%d.%u", (int)below(2000) - 1000, below(1000));
    else
        printf("%s", corners[below(LENGTH(corners))]);
}

static void print_expression(unsigned depth);

static void print_call(unsigned depth)
{
    static const char *const unary[] = {"sqrt", "fabs", "floor", "ceil", "rint", "trunc", "nearbyint"};
    static const char *const suffixes[] = {"f", "", "l"};
    const char *suffix = suffixes[below(3)];
    switch (below(4)) {
    case 0:
        printf("fmod%s(", suffix), print_expression(depth), printf(", "), print_expression(depth), printf(")");
        break;
    case 1: printf("ldexp%s(", suffix), print_expression(depth), printf(", %d)", (int)below(80) - 40); break;
    default: printf("%s%s(", unary[below(LENGTH(unary))], suffix), print_expression(depth), printf(")");
    }
}

static void print_expression(unsigned depth)
{
    unsigned type = below(TYPES);
    switch (depth ? below(9) : below(3)) {
    case 0: print_constant(); break;
    case 1: printf("%s%u", names[type], below(VARIABLES)); break;
    case 2: printf("a%s[%u]", names[below(FLOATS)], below(ARRAY)); break;
    case 3: print_call(depth - 1); break;
    case 4: printf("(%s)(", types[type]), print_expression(depth - 1), printf(")"); break;
    case 5:
        printf("("), print_expression(depth - 1), printf(" %s ", below(2) ? "<" : "=="), print_expression(depth - 1);
        printf(" ? "), print_expression(depth - 1), printf(" : "), print_expression(depth - 1), printf(")");
        break;
    default:
        printf("("), print_expression(depth - 1), printf(" %c ", "+-*/+*"[below(6)]), print_expression(depth - 1),
            printf(")");
    }
}

static void print_loop(void)
{
    const char *a = names[below(FLOATS)], *b = names[below(FLOATS)];
    printf("    for (int k = 0; k < %d; k++) a%s[k] = a%s[k] %c a%s[(k + %u) %% %d] %c ", ARRAY, a, b, "+-*/"[below(4)],
           a, below(ARRAY), ARRAY, "+-*"[below(3)]);
    print_expression(1);
    printf(";\n");
}

static void print_intrinsic(void)
{
    static const char *const singles[] = {"_mm_add_ps(%s, %s)",
                                          "_mm_sub_ps(%s, %s)",
                                          "_mm_mul_ps(%s, %s)",
                                          "_mm_div_ps(%s, %s)",
                                          "_mm_min_ps(%s, %s)",
                                          "_mm_max_ps(%s, %s)",
                                          "_mm_cmplt_ps(%s, %s)",
                                          "_mm_hadd_ps(%s, %s)",
                                          "_mm_addsub_ps(%s, %s)",
                                          "_mm_unpacklo_ps(%s, %s)",
                                          "_mm_shuffle_ps(%s, %s, 0x1b)",
                                          "_mm_dp_ps(%s, %s, 0x7f)",
                                          "_mm_blend_ps(%s, %s, 5)",
                                          "_mm_andnot_ps(%s, %s)",
                                          "_mm_sqrt_ps(_mm_or_ps(%s, %s))",
                                          "_mm_round_ps(_mm_xor_ps(%s, %s), 8)",
                                          "_mm_cvtepi32_ps(_mm_cvttps_epi32(_mm_add_ps(%s, %s)))",
                                          "_mm_cvtpd_ps(_mm_mul_pd(_mm_cvtps_pd(%s), _mm_cvtps_pd(%s)))"};
    static const char *const integers[] = {"_mm_add_epi16(%s, %s)",      "_mm_mullo_epi32(%s, %s)",
                                           "_mm_shuffle_epi8(%s, %s)",   "_mm_maddubs_epi16(%s, %s)",
                                           "_mm_packus_epi32(%s, %s)",   "_mm_cmpgt_epi64(%s, %s)",
                                           "_mm_sad_epu8(%s, %s)",       "_mm_mpsadbw_epu8(%s, %s, 2)",
                                           "_mm_min_epu32(%s, %s)",      "_mm_abs_epi8(_mm_sub_epi8(%s, %s))",
                                           "_mm_alignr_epi8(%s, %s, 5)", "_mm_blendv_epi8(%s, %s, w0)",
                                           "_mm_cmpistrm(%s, %s, 0x40)", "_mm_mul_epu32(%s, %s)"};
    char a[8], b[8], vector = below(2) ? 'v' : 'w';
    snprintf(a, sizeof a, "%c%u", vector, below(VARIABLES));
    snprintf(b, sizeof b, "%c%u", vector, below(VARIABLES));
    printf("    %c%u = ", vector, below(VARIABLES));
    printf(vector == 'v' ? singles[below(LENGTH(singles))] : integers[below(LENGTH(integers))], a, b);
    printf(";\n");
}

static void print_head(bool intrinsics)
{
    printf("#include <math.h>\n#include <stdio.h>\n#include <string.h>\n%s",
           intrinsics ? "#include <immintrin.h>\n" : "");
    printf("static void show(const char *name, const void *value, int bytes)\n{\n    printf(\"%%s \", name);\n"
           "    while (bytes--) printf(\"%%02x\", ((const unsigned char *)value)[bytes]);\n    printf(\"\\n\");\n}\n");
    for (unsigned type = 0; type < TYPES; type++)
        for (unsigned k = 0; k < VARIABLES; k++)
            printf("%s %s%u = %d;\n", types[type], names[type], k, (int)below(100) - 50);
    for (unsigned type = 0; type < FLOATS; type++) printf("%s a%s[%d];\n", types[type], names[type], ARRAY);
    for (unsigned k = 0; intrinsics && k < VARIABLES; k++) printf("static __m128 v%u;\nstatic __m128i w%u;\n", k, k);
}

static void print_tail(bool intrinsics)
{
    for (unsigned type = 0; type < TYPES; type++)
        for (unsigned k = 0; k < VARIABLES; k++)
            printf("    show(\"%s%u\", &%s%u, %u);\n", names[type], k, names[type], k, sizes[type]);
    for (unsigned k = 0; k < ARRAY; k++)
        printf("    show(\"af\", &af[%u], 4), show(\"ad\", &ad[%u], 8), show(\"ae\", &ae[%u], 10);\n", k, k, k);
    for (unsigned k = 0; intrinsics && k < VARIABLES; k++)
        printf("    show(\"v\", &v%u, 16), show(\"w\", &w%u, 16);\n", k, k);
    printf("    return 0;\n}\n");
}

int main(int argc, char **argv)
{
    bool intrinsics = argc > 2 && !strcmp(argv[2], "intrinsics");
    if (argc < 2) {
        fprintf(stderr, "usage: floats_program SEED [intrinsics]\n");
        return 2;
    }
    prng_seed(&prng, strtoull(argv[1], NULL, 10));
    print_head(intrinsics);
    printf("__attribute__((noinline)) static void work(void)\n{\n");
    for (unsigned k = 0; k < STATEMENTS; k++) {
        unsigned type = below(TYPES);
        if (intrinsics && below(2)) {
            print_intrinsic();
        } else if (below(5) == 0) {
            print_loop();
        } else {
            printf("    %s%u = ", names[type], below(VARIABLES));
            print_expression(DEPTH);
            printf(";\n");
        }
    }
    printf("}\nint main(void)\n{\n    for (int k = 0; k < %d; k++) af[k] = k * 0.75f - 3, ad[k] = k * 1.1 - 7, ae[k] = "
           "k / 3.0L;\n",
           ARRAY);
    for (unsigned k = 0; intrinsics && k < VARIABLES; k++)
        printf("    v%u = _mm_loadu_ps(af + %u), w%u = _mm_loadu_si128((const __m128i *)(ad + %u));\n", k, k, k, k);
    printf("    for (int k = 0; k < 20; k++) work();\n");
    print_tail(intrinsics);
    return 0;
}
