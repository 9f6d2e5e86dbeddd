/* Region formers on real x86 bytes: where regions end and why, and how a recorded path shapes a superblock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hwsim/isa/context.h"
#include "tests/unit/ir_random.h"
#include "translate/region/region.h"

enum { ARENA_BYTES = 8 << 20, ENTRY = 0x1000 };
static const uint64_t CODE32 = UINT64_C(1) << CONTEXT_CODE32_LOW | UINT64_C(1) << CONTEXT_STACK32_LOW;

struct fixture {
    const uint8_t *code; /* at ENTRY */
    unsigned bytes;
    struct machine_desc machine;
    struct tr_options options;
    struct tr_request request;
    struct arena arena;
    struct ir_region region;
    void *memory;
};

static unsigned fetch(void *cookie, uint64_t linear, void *to, unsigned bytes)
{
    struct fixture *fixture = cookie;
    if (linear < ENTRY || linear - ENTRY >= fixture->bytes) return 0;
    unsigned there = fixture->bytes - (unsigned)(linear - ENTRY);
    memcpy(to, fixture->code + (linear - ENTRY), there < bytes ? there : bytes);
    return there < bytes ? there : bytes;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->memory = malloc(ARENA_BYTES);
    fixture->machine = (struct machine_desc){.gate_entries = 32, .dras_entries = 8};
    fixture->options = (struct tr_options){.gear1_insns_max = 32, .gear2_insns_max = 128};
    fixture->request = (struct tr_request){.arena = &fixture->arena,
                                           .machine = &fixture->machine,
                                           .options = &fixture->options,
                                           .gear = 2,
                                           .spc = ENTRY,
                                           .context = CODE32,
                                           .insns_max = 256,
                                           .indirect = TR_JTLB_DRAS,
                                           .cookie = fixture,
                                           .fetch = fetch};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    free(fixture->memory);
    free(fixture);
    return 0;
}

static enum tr_reason form(struct fixture *fixture, unsigned gear)
{
    ir_ref at;
    arena_init(&fixture->arena, fixture->memory, ARENA_BYTES);
    fixture->request.gear = gear;
    enum tr_reason reason = gear == 1 ? region_basic_block(&fixture->request, &fixture->region)
                                      : region_superblock(&fixture->request, &fixture->region);
    const char *wrong = reason == TR_OK ? ir_verify(&fixture->region, &at) : NULL;
    if (wrong) fail_msg("%s, operation %u of\n%s", wrong, at, region_text(&fixture->region));
    return reason;
}

#define CODE(fixture, ...)                                          \
    do {                                                            \
        static const uint8_t code_[] = {__VA_ARGS__};               \
        (fixture)->code = code_, (fixture)->bytes = sizeof code_;   \
    } while (0)
#define PATH(fixture, ...)                                          \
    do {                                                            \
        static const uint64_t path_[] = {__VA_ARGS__};              \
        (fixture)->request.path = path_;                            \
        (fixture)->request.path_count = LENGTH(path_);              \
    } while (0)

/* The instructions of the region, its side exits and pushes in order, and its end. */
static void shape(const struct fixture *fixture, const char *expected)
{
    char *text = region_text(&fixture->region), is[2048] = "";
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        while (*line == ' ') line++;
        unsigned long long address, length;
        size_t used = strlen(is);
        if (sscanf(line, "mark %llx %llu", &address, &length) == 2)
            snprintf(is + used, sizeof is - used, "%llx ", address);
        else if (!strncmp(line, "exitif", 6))
            snprintf(is + used, sizeof is - used, "(%.3s %s) ", line + 7, strrchr(line, ' ') + 1);
        else if (!strncmp(line, "push_return", 11)) snprintf(is + used, sizeof is - used, "(push %s) ", line + 12);
        else if (!strncmp(line, "exit", 4))
            snprintf(is + used, sizeof is - used, "%.*s", (int)strcspn(line + 5, "%#"), line + 5);
    }
    free(text);
    assert_string_equal(is, expected);
}

static void test_basic_block(void **state)
{
    struct fixture *fixture = *state;
    CODE(fixture, 0x89, 0xc1 /* mov ecx, eax */, 0x01, 0xca /* add edx, ecx */, 0x75, 0x10 /* jnz +16 */, 0x90);
    assert_int_equal(form(fixture, 1), TR_OK);
    shape(fixture, "1000 1002 1004 (nz, 0x00001016) jump 0x00001006");
    fixture->options.gear1_insns_max = 2;
    assert_int_equal(form(fixture, 1), TR_OK);
    shape(fixture, "1000 1002 jump 0x00001004");
    fixture->options.gear1_insns_max = 32, fixture->request.insns_max = 2;
    assert_int_equal(form(fixture, 1), TR_OK);
    shape(fixture, "1000 1002 jump 0x00001004");
    fixture->request.restraint = TR_ONE_INSN;
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 jump 0x00001002");
}

static void test_interpreted(void **state)
{
    struct fixture *fixture = *state;
    CODE(fixture, 0x40 /* inc eax */, 0x0f, 0xa2 /* cpuid */);
    assert_int_equal(form(fixture, 1), TR_OK);
    shape(fixture, "1000 interpret 0x00001001");
    CODE(fixture, 0x0f, 0xa2);
    assert_int_equal(form(fixture, 2), TR_INTERPRETED);
    CODE(fixture, 0x40, 0xcd, 0x80 /* int 0x80 */);
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 interpret 0x00001001");
    CODE(fixture, 0xcd, 0x80);
    assert_int_equal(form(fixture, 2), TR_INTERPRETED);
    CODE(fixture, 0xcc /* int3 */);
    assert_int_equal(form(fixture, 1), TR_INTERPRETED);
    CODE(fixture, 0x40, 0xce /* into: may be a software interrupt */);
    assert_int_equal(form(fixture, 1), TR_OK);
    shape(fixture, "1000 interpret 0x00001001");
    CODE(fixture, 0x0f, 0x0b /* ud2 */);
    assert_true(form(fixture, 1) == TR_INTERPRETED);
}

static void test_fetch(void **state)
{
    struct fixture *fixture = *state;
    CODE(fixture, 0x40, 0xb8, 1, 2, 3 /* mov eax, imm32, cut off */);
    assert_int_equal(form(fixture, 1), TR_OK);
    shape(fixture, "1000 interpret 0x00001001");
    CODE(fixture, 0xb8, 1, 2, 3);
    assert_int_equal(form(fixture, 1), TR_UNMAPPED);
    fixture->bytes = 0;
    assert_int_equal(form(fixture, 2), TR_UNMAPPED);
    CODE(fixture, 0x40, 0xf0, 0x40 /* lock inc eax: invalid */);
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 interpret 0x00001001");
    CODE(fixture, 0xf0, 0x40);
    assert_int_equal(form(fixture, 2), TR_UNDECODABLE);
}

static void test_stores(void **state)
{
    struct fixture *fixture = *state;
    CODE(fixture, 0x50, 0x51, 0x52 /* push eax, ecx, edx */, 0xc3);
    fixture->machine.gate_entries = 2;
    assert_int_equal(form(fixture, 1), TR_OK);
    shape(fixture, "1000 1001 jump 0x00001002");
    CODE(fixture, 0x60 /* pusha */);
    assert_int_equal(form(fixture, 1), TR_STORES);
    fixture->machine.gate_entries = 8;
    CODE(fixture, 0x60, 0xc3);
    assert_int_equal(form(fixture, 1), TR_OK);
    shape(fixture, "1000 1001 return ");
}

static void test_repeat(void **state)
{
    struct fixture *fixture = *state;
    CODE(fixture, 0x40, 0xf3, 0xa4 /* rep movsb */, 0x40, 0xc3);
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 jump 0x00001001");
    CODE(fixture, 0xf3, 0xa4, 0x40, 0xc3);
    assert_int_equal(form(fixture, 2), TR_OK);
    assert_int_equal(fixture->region.guest_count, 1);
    assert_int_equal(fixture->region.insns[fixture->region.count - 1].kind, IR_REPEAT);
    CODE(fixture, 0xa4 /* movsb, once */, 0x40, 0xc3);
    assert_int_equal(form(fixture, 2), TR_OK);
    assert_int_equal(fixture->region.guest_count, 3);
}

static void test_context(void **state)
{
    struct fixture *fixture = *state;
    CODE(fixture, 0x40, 0xc3);
    fixture->request.context = CODE32 | UINT64_C(1) << CONTEXT_STEP_LOW;
    assert_int_equal(form(fixture, 1), TR_CONTEXT);
    fixture->request.context = CODE32 | UINT64_C(1) << CONTEXT_ALIGN_LOW;
    assert_int_equal(form(fixture, 2), TR_CONTEXT);
    fixture->request.context = CODE32;
    assert_int_equal(form(fixture, 2), TR_OK);
    arena_init(&fixture->arena, fixture->memory, 1024);
    assert_int_equal(region_superblock(&fixture->request, &fixture->region), TR_ARENA_FULL);
}

/* 1000 inc eax; 1001 jz 1006; 1003 inc ecx; 1004 jmp 1000; 1006 inc edx; 1007 jnz 1000; 1009 ret */
#define DIAMOND 0x40, 0x74, 0x03, 0x41, 0xeb, 0xfa, 0x42, 0x75, 0xf7, 0xc3

static void test_path(void **state)
{
    struct fixture *fixture = *state;
    CODE(fixture, DIAMOND);
    PATH(fixture, 0x1003, 0x1000); /* straight on, then round */
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 1001 (z,  0x00001006) 1003 1004 jump 0x00001000");
    PATH(fixture, 0x1006, 0x1000); /* the other way: the branch is turned, the loop's, too */
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 1001 (nz, 0x00001003) 1006 1007 (z,  0x00001009) jump 0x00001000");
    PATH(fixture, 0x1006, 0x1009); /* out of the loop */
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 1001 (nz, 0x00001003) 1006 1007 (nz, 0x00001000) 1009 return ");
    PATH(fixture, 0x1006); /* ends there: the loop's end is still turned */
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 1001 (nz, 0x00001003) 1006 1007 (z,  0x00001009) jump 0x00001000");
    PATH(fixture, 0x5000); /* a path of other code: the first branch ends it */
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 1001 (z,  0x00001006) jump 0x00001003");
    fixture->request.path_count = 0; /* none: straight on at forward branches */
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 1001 (z,  0x00001006) 1003 1004 jump 0x00001000");
    assert_int_equal(form(fixture, 1), TR_OK);
    shape(fixture, "1000 1001 (z,  0x00001006) jump 0x00001003");
}

static void test_repeated_block(void **state)
{
    struct fixture *fixture = *state;
    /* 1000 inc eax; 1001 inc ecx; 1002 jnz 1001; 1004 ret: a loop that does not begin at the entry */
    CODE(fixture, 0x40, 0x41, 0x75, 0xfd, 0xc3);
    PATH(fixture, 0x1001, 0x1001, 0x1001);
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 1001 1002 (z,  0x00001004) jump 0x00001001");
    /* 1000 jmp 1003; 1002 inc eax; 1003 inc ecx; 1004 jmp 1002: falls into what is there */
    CODE(fixture, 0xeb, 0x01, 0x40, 0x41, 0xeb, 0xfc);
    PATH(fixture, 0x1003, 0x1002, 0x1003);
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 1003 1004 1002 jump 0x00001003");
}

/* Copies of a loop's body, as many as are asked for and fit whole. */
static void test_unroll(void **state)
{
    struct fixture *fixture = *state;
    CODE(fixture, DIAMOND);
    PATH(fixture, 0x1006, 0x1000);
    fixture->options.gear2_unroll = 3;
    static const char twice[] = "1000 1001 (nz, 0x00001003) 1006 1007 (z,  0x00001009) "
                                "1000 1001 (nz, 0x00001003) 1006 1007 (z,  0x00001009) jump 0x00001000";
    fixture->request.insns_max = 11; /* three copies have 12 */
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, twice);
    fixture->request.insns_max = 256, fixture->options.gear2_unroll = 2;
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, twice);
    fixture->request.path_count = 1; /* the path need not come back: the branch does */
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, twice);
    /* 1000 push eax; 1001 jmp 1000: one store a copy */
    CODE(fixture, 0x50, 0xeb, 0xfd);
    fixture->request.path_count = 0, fixture->options.gear2_unroll = 64, fixture->machine.gate_entries = 3;
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 1001 1000 1001 1000 1001 jump 0x00001000");
    /* 1000 jmp 1002; 1002 jz 1000, over and over: as many exits as have stubs */
    CODE(fixture, 0xeb, 0x00, 0x74, 0xfc);
    assert_int_equal(form(fixture, 2), TR_OK);
    assert_int_equal(fixture->region.guest_count, 2 * 64);
    fixture->options.gear2_insns_max = 256, fixture->options.gear2_unroll = 1000;
    assert_int_equal(form(fixture, 2), TR_OK);
    assert_in_range(fixture->region.guest_count, 2 * 100, 2 * (TR_EXITS_MAX - 1));
    /* a call of the entry is no loop */
    CODE(fixture, 0x40, 0xe8, 0xfa, 0xff, 0xff, 0xff);
    PATH(fixture, 0x1000);
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 1001 call 0x00001000");
    assert_int_equal(form(fixture, 1), TR_OK);
    assert_int_equal(fixture->region.guest_count, 2);
}

static void test_call(void **state)
{
    struct fixture *fixture = *state;
    /* 1000 call 1006; 1005 ret; 1006 jz 1009; 1008 ret; 1009 ret */
    CODE(fixture, 0xe8, 1, 0, 0, 0, 0xc3, 0x74, 0x01, 0xc3, 0xc3);
    PATH(fixture, 0x1006, 0x1008, 0x1005);
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 (push 0x00001005) 1006 (z,  0x00001009) 1008 return ");
    fixture->request.indirect = TR_JTLB; /* nobody pops */
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 1006 (z,  0x00001009) 1008 return ");
    fixture->request.path_count = 0;
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 call 0x00001006");
    /* 1000 inc eax; 1001 call 1000: a call of the entry leaves as one */
    CODE(fixture, 0x40, 0xe8, 0xfa, 0xff, 0xff, 0xff);
    PATH(fixture, 0x1000);
    assert_int_equal(form(fixture, 2), TR_OK);
    shape(fixture, "1000 1001 call 0x00001000");
}

/* 200 conditional branches: the number of exits ends the region before the number of instructions does. */
static void test_exits(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t code[400];
    for (unsigned i = 0; i < sizeof code; i += 2) code[i] = 0x74, code[i + 1] = 0x40;
    fixture->code = code, fixture->bytes = sizeof code;
    fixture->options.gear2_insns_max = 256;
    assert_int_equal(form(fixture, 2), TR_OK);
    unsigned exits = 0;
    for (unsigned at = 1; at < fixture->region.count; at++) exits += fixture->region.insns[at].op == IR_EXITIF;
    assert_in_range(exits, 100, TR_EXITS_MAX - 2);
    assert_true(fixture->region.insns[fixture->region.count - 1].op == IR_EXIT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_basic_block), TEST(test_interpreted), TEST(test_fetch), TEST(test_stores),
        TEST(test_repeat),      TEST(test_context),     TEST(test_path),  TEST(test_repeated_block),
        TEST(test_call),        TEST(test_unroll),      TEST(test_exits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
