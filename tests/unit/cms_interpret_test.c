/* cms_interpret_test.c -- gear 0 over a contract of make-believe: x86 bytes in, guest state out. */
#include "tests/unit/cms_fake.h"

/* Nothing is translated here. */
void tr_link(void *bundle, int32_t displacement) {}
void tr_unlink(void *bundle, enum exit_reason reason, uint32_t number) {}
uint32_t tr_aim_push(void *bundle, unsigned word, int32_t displacement) { return 0; }
enum tr_reason translate(const struct tr_request *request, struct tr_result *result) { return TR_INTERPRETED; }

enum { CODE = 0x1000, DATA = 0x3000 };

#define WRITE(core, address, ...)                                                                                      \
    do {                                                                                                               \
        static const uint8_t bytes_[] = {__VA_ARGS__};                                                                 \
        memcpy((core)->memory + (address), bytes_, sizeof bytes_);                                                     \
    } while (0)

static struct cms boot(struct hw_core *core)
{
    core->state.r[HOME_EIP] = CODE;
    core->state.r[HOME_EFL] = 2;
    core->shadow = core->state;
    cms_boot(core);
    return cms_view(core);
}

static struct interpreted run(struct cms *cms, uint32_t insns)
{
    return interpret(cms, dispatch_head(cms, eip(cms)), insns, 0);
}

static void a_block_ends_at_its_jump(void **state)
{
    struct hw_core *core = fake_core();
    /* mov eax, 5; add eax, ecx; jmp +0x10 */
    WRITE(core, CODE, 0xb8, 5, 0, 0, 0, 0x01, 0xc8, 0xeb, 0x10, 0x90);
    core->state.r[HOME_ECX] = 7;
    struct cms cms = boot(core);
    struct interpreted done = run(&cms, UINT32_MAX);
    assert_int_equal(done.pace, PACE_ON);
    assert_true(done.transferred);
    assert_int_equal(done.insns, 3);
    assert_int_equal(core->insns, 3);
    assert_int_equal(core->shadow.r[HOME_EAX], 12);
    assert_int_equal(core->shadow.r[HOME_EIP], CODE + 9 + 0x10);
    assert_int_equal(core->stats[CMS_STAT_decoded], 3);
    core->state.r[HOME_EIP] = CODE;
    run(&cms, UINT32_MAX);
    assert_int_equal(core->stats[CMS_STAT_decoded], 3); /* kept */
    assert_int_equal(core->stats[CMS_STAT_interpreted], 6);
    assert_int_equal(core->protected[1], UINT32_MAX);
    free(core);
}

static void decoding_afresh_keeps_nothing(void **state)
{
    struct hw_core *core = fake_core();
    core->options.interpreter = CMS_DECODE;
    WRITE(core, CODE, 0x40, 0x40, 0xeb, 0xfc); /* inc eax; inc eax; jmp CODE */
    struct cms cms = boot(core);
    for (unsigned i = 0; i < 2; i++) assert_int_equal(run(&cms, UINT32_MAX).insns, 3);
    assert_int_equal(core->state.r[HOME_EAX], 4);
    assert_int_equal(core->stats[CMS_STAT_decoded], 6);
    assert_int_equal(core->stats[CMS_STAT_heads], 1); /* only blocks have them */
    assert_int_equal(core->protected[1], 0);
    free(core);
}

static void it_stops_exactly_where_told(void **state)
{
    struct hw_core *core = fake_core();
    WRITE(core, CODE, 0x40, 0x40, 0x40, 0x40, 0xeb, 0xfa); /* inc eax, four times; jmp CODE */
    struct cms cms = boot(core);
    struct interpreted done = run(&cms, 2);
    assert_int_equal(done.insns, 2);
    assert_false(done.transferred);
    assert_int_equal(core->state.r[HOME_EIP], CODE + 2);
    free(core);
}

static void a_fault_is_precise(void **state)
{
    struct hw_core *core = fake_core();
    /* inc eax; add [0], eax */
    WRITE(core, CODE, 0x40, 0x01, 0x05, 0, 0, 0, 0);
    struct cms cms = boot(core);
    struct interpreted done = run(&cms, UINT32_MAX);
    assert_int_equal(done.pace, PACE_STOP); /* what the platform said */
    assert_true(done.excepted);
    assert_int_equal(done.insns, 1);
    assert_int_equal(core->exceptions.last.vector, 14);
    assert_int_equal(core->exceptions.eip, CODE + 1);
    assert_int_equal(core->state.r[HOME_EAX], 1);
    free(core);
}

static void no_such_instruction(void **state)
{
    struct hw_core *core = fake_core();
    WRITE(core, CODE, 0x90, 0x0f, 0x0b); /* nop; ud2 */
    struct cms cms = boot(core);
    run(&cms, UINT32_MAX);
    assert_int_equal(core->exceptions.last.vector, 6);
    assert_int_equal(core->exceptions.eip, CODE + 1);
    WRITE(core, CODE + 0x100, 0xf0, 0x90); /* lock nop */
    core->state.r[HOME_EIP] = CODE + 0x100;
    run(&cms, UINT32_MAX);
    assert_int_equal(core->exceptions.last.vector, 6);
    memset(core->memory + CODE + 0x200, 0x66, 15); /* fifteen prefixes */
    core->state.r[HOME_EIP] = CODE + 0x200;
    run(&cms, UINT32_MAX);
    assert_int_equal(core->exceptions.last.vector, 13);
    assert_int_equal(core->exceptions.count, 3);
    free(core);
}

static void fetching_may_fault(void **state)
{
    struct hw_core *core = fake_core();
    WRITE(core, 0x1fff, 0xb8); /* mov eax, imm32, cut off by the end of the page */
    core->frame_of[2] = 0;
    struct cms cms = boot(core);
    core->state.r[HOME_EIP] = 0x1fff;
    run(&cms, UINT32_MAX);
    assert_int_equal(core->exceptions.last.vector, 14);
    assert_int_equal(core->exceptions.last.address, 0x2000);
    assert_int_equal(core->exceptions.eip, 0x1fff);
    free(core);
}

static void divide_error(void **state)
{
    struct hw_core *core = fake_core();
    WRITE(core, CODE, 0xf7, 0xf1); /* div ecx */
    struct cms cms = boot(core);
    run(&cms, UINT32_MAX);
    assert_int_equal(core->exceptions.count, 1);
    assert_int_equal(core->exceptions.last.vector, 0);
    assert_false(core->exceptions.software);
    free(core);
}

static void rep_commits_each_iteration(void **state)
{
    struct hw_core *core = fake_core();
    core->options.max_gear = 0;
    WRITE(core, CODE, 0xf3, 0xa4, 0xeb, 0xfe); /* rep movsb; jmp . */
    WRITE(core, DATA, 'a', 'b', 'c', 'd');
    struct cms cms = boot(core);
    core->state.r[HOME_ECX] = 3, core->state.r[HOME_ESI] = DATA, core->state.r[HOME_EDI] = DATA + 0x100;
    core->shadow = core->state;
    run(&cms, 1);
    assert_int_equal(core->insns, 1);
    assert_int_equal(core->iterations, 3);
    assert_int_equal(core->state.r[HOME_EIP], CODE + 2);
    assert_memory_equal(core->memory + DATA + 0x100, "abc\0", 4);
    /* The page behind the destination is not mapped. */
    core->frame_of[4] = 0;
    core->state.r[HOME_EIP] = CODE;
    core->state.r[HOME_ECX] = 5, core->state.r[HOME_ESI] = DATA, core->state.r[HOME_EDI] = DATA + 0xffe;
    core->shadow = core->state;
    run(&cms, UINT32_MAX);
    assert_int_equal(core->exceptions.eip, CODE);
    assert_int_equal(core->state.r[HOME_ECX], 3);
    assert_int_equal(core->state.r[HOME_EDI], DATA + 0x1000);
    assert_int_equal(core->insns, 1);
    free(core);
}

static void repne_ends_with_its_iteration(void **state)
{
    struct hw_core *core = fake_core();
    core->options.max_gear = 0;
    WRITE(core, CODE, 0xf2, 0xae); /* repne scasb */
    WRITE(core, DATA, 'a', 'b', 'c', 'd');
    struct cms cms = boot(core);
    core->state.r[HOME_ECX] = 9, core->state.r[HOME_EDI] = DATA, core->state.r[HOME_EAX] = 'c';
    core->shadow = core->state;
    run(&cms, 1);
    assert_int_equal(core->state.r[HOME_ECX], 6);
    assert_int_equal(core->insns, 1);
    assert_int_equal(core->iterations, 2);
    assert_int_equal(core->last_iterations, 1);
    assert_int_equal(core->stats[CMS_STAT_iterations], 3);
    free(core);
}

/* Iterations make an instruction hot as executions make a block. */
static void a_long_rep_is_handed_over(void **state)
{
    struct hw_core *core = fake_core();
    core->options.gear1_threshold = 5;
    WRITE(core, CODE, 0x90, 0xf3, 0xaa); /* nop; rep stosb */
    struct cms cms = boot(core);
    core->state.r[HOME_ECX] = 100, core->state.r[HOME_EDI] = DATA;
    core->shadow = core->state;
    struct interpreted done = run(&cms, UINT32_MAX);
    assert_int_equal(done.insns, 1);
    assert_false(done.transferred);
    assert_int_equal(core->state.r[HOME_EIP], CODE + 1);
    assert_int_equal(core->state.r[HOME_ECX], 95);
    assert_true(profile_is_hot(dispatch_head(&cms, CODE + 1)));
    assert_int_equal(run(&cms, UINT32_MAX).insns, 0); /* where nobody takes over it gets on by an iteration */
    assert_int_equal(core->state.r[HOME_ECX], 94);
    free(core);
}

static void code_that_rewrites_what_comes_next(void **state)
{
    struct hw_core *core = fake_core();
    /* mov byte [CODE + 8], 0x42; inc eax, which becomes inc edx; jmp . */
    WRITE(core, CODE, 0xc6, 0x05, 0x08, 0x10, 0, 0, 0x42, 0x90, 0x40, 0xeb, 0xfe);
    struct cms cms = boot(core);
    assert_int_equal(run(&cms, UINT32_MAX).insns, 1); /* the block is gone */
    run(&cms, 2);
    assert_int_equal(core->state.r[HOME_EAX], 0);
    assert_int_equal(core->state.r[HOME_EDX], 1);
    assert_int_equal(core->stats[CMS_STAT_protected_stores], 1);
    assert_int_equal(core->stats[CMS_STAT_blocks_dropped], 1);
    free(core);
}

/* Reading, modifying, writing: the probe must not mind the protection that the store then takes away. */
static void data_beside_code_can_be_modified(void **state)
{
    struct hw_core *core = fake_core();
    WRITE(core, CODE, 0x83, 0x05, 0x00, 0x11, 0, 0, 3, 0x90); /* add dword [CODE + 0x100], 3 */
    core->memory[CODE + 0x100] = 4;
    struct cms cms = boot(core);
    run(&cms, 1);
    assert_int_equal(core->memory[CODE + 0x100], 7);
    assert_int_equal(core->stats[CMS_STAT_protected_stores], 1);
    free(core);
}

/* Nothing is kept, and so nothing protected, of code that is rewritten again and again and never run twice. */
static void restless_code_is_not_kept(void **state)
{
    struct hw_core *core = fake_core();
    struct hw_fault fault;
    WRITE(core, CODE, 0x40, 0xeb, 0xfd); /* inc eax; jmp CODE */
    struct cms cms = boot(core);
    for (unsigned i = 0; i < 20; i++) {
        core->state.r[HOME_EIP] = CODE;
        run(&cms, UINT32_MAX);
        assert_true(guest_store(&cms, CODE, SIZE_8, 0x40, &fault));
    }
    assert_int_equal(core->stats[CMS_STAT_protected_stores], 8);
    struct head *head = dispatch_head(&cms, CODE);
    head->executions = 2; /* but what runs again is */
    run(&cms, UINT32_MAX);
    assert_int_equal(core->protected[1], 1);
    free(core);
}

static void system_calls_and_traps_see_the_next_eip(void **state)
{
    struct hw_core *core = fake_core();
    WRITE(core, CODE, 0xcd, 0x80);   /* int 0x80 */
    WRITE(core, CODE + 0x100, 0xcc); /* int3 */
    struct cms cms = boot(core);
    run(&cms, UINT32_MAX);
    assert_int_equal(core->system_calls, 1);
    assert_int_equal(core->state.r[HOME_EIP], CODE + 2);
    assert_int_equal(core->insns, 1);
    core->state.r[HOME_EIP] = CODE + 0x100;
    run(&cms, UINT32_MAX);
    assert_int_equal(core->exceptions.last.vector, 3);
    assert_true(core->exceptions.software);
    assert_int_equal(core->exceptions.eip, CODE + 0x101);
    free(core);
}

static void helpers_work_and_fault(void **state)
{
    struct hw_core *core = fake_core();
    WRITE(core, CODE, 0x0f, 0xa2);                                /* cpuid */
    WRITE(core, CODE + 0x10, 0x8e, 0xe8, 0x65, 0xa1, 4, 0, 0, 0); /* mov gs, eax; mov eax, gs:[4] */
    WRITE(core, 0x5004, 0x78, 0x56, 0x34, 0x12);
    struct cms cms = boot(core);
    core->state.r[HOME_EAX] = 1;
    core->shadow = core->state;
    run(&cms, 1);
    assert_int_equal(core->state.r[HOME_EDX], 0x7808111);  /* SSE2, SSE, FXSR, MMX, CMOV, CX8, TSC, FPU */
    assert_int_equal(core->state.r[HOME_ECX], 0x980201); /* POPCNT, SSE4.2, SSE4.1, SSSE3, SSE3 */
    assert_int_equal(core->state.r[HOME_EIP], CODE + 2);
    core->state.r[HOME_EIP] = CODE + 0x10;
    core->state.r[HOME_EAX] = 0x33;
    core->shadow = core->state;
    run(&cms, 1);
    assert_int_equal(core->state.r[HOME_SEL_HIGH] >> 16 & 0xffff, 0x33);
    run(&cms, 1);
    assert_int_equal(core->state.r[HOME_EAX], 0x12345678);
    core->state.r[HOME_EIP] = CODE + 0x10;
    core->state.r[HOME_EAX] = 0x48;
    core->shadow = core->state;
    run(&cms, 1);
    assert_int_equal(core->exceptions.last.vector, 13);
    assert_int_equal(core->exceptions.last.error, 0x48);
    assert_int_equal(core->exceptions.eip, CODE + 0x10);
    free(core);
}

static void the_x87_stack_is_part_of_the_context(void **state)
{
    struct hw_core *core = fake_core();
    WRITE(core, CODE, 0xd9, 0xe8, 0xd9, 0xe8, 0xdd, 0xd8, 0xcc); /* fld1; fld1; fstp st0; int3 */
    struct cms cms = boot(core);
    run(&cms, 2);
    assert_int_equal(core->state.r[HOME_FTW], 0x6c0); /* R7 and R6 are valid, R6 is the top */
    assert_int_equal(core->state.r[HOME_EIP], CODE + 4);
    run(&cms, 1);
    assert_int_equal(core->state.r[HOME_FTW], 0x780);
    free(core);
}

static void single_steps_trap_behind(void **state)
{
    struct hw_core *core = fake_core();
    core->context |= UINT64_C(1) << CONTEXT_STEP_LOW;
    WRITE(core, CODE, 0x40, 0x40);
    struct cms cms = boot(core);
    run(&cms, UINT32_MAX);
    assert_int_equal(core->exceptions.last.vector, 1);
    assert_int_equal(core->exceptions.eip, CODE + 1);
    assert_int_equal(core->insns, 1);
    free(core);
}

/* ---- the next-executed tail ---- */

static void a_path_lists_the_blocks_that_ran(void **state)
{
    struct hw_core *core = fake_core();
    /* CODE: jmp A; A (+0x10): test eax, eax; jz B (taken); B (+0x20): nop; jnz (not taken); nop; jmp CODE */
    WRITE(core, CODE, 0xeb, 0x0e);
    WRITE(core, CODE + 0x10, 0x85, 0xc0, 0x74, 0x0c);
    WRITE(core, CODE + 0x20, 0x90, 0x75, 0x50, 0x90, 0xeb, 0xda);
    struct cms cms = boot(core);
    unsigned count;
    struct interpreted done = profile_record(&cms, dispatch_head(&cms, CODE), &count);
    static const uint64_t expected[] = {CODE + 0x10, CODE + 0x20, CODE + 0x23, CODE};
    assert_int_equal(done.insns, 7);
    assert_int_equal(count, LENGTH(expected));
    assert_memory_equal(at(&cms, cms.root->path), expected, sizeof expected);
    core->options.translate.gear2_insns_max = 3;
    profile_record(&cms, dispatch_head(&cms, CODE), &count);
    assert_int_equal(count, 2);
    free(core);
}

/* ---- the main loop ---- */

static void runs_a_program(void **state)
{
    struct hw_core *core = fake_core();
    core->options.max_gear = 0;
    /* mov ecx, 1000; add eax, ecx; dec ecx; jnz; int 0x80 */
    WRITE(core, CODE, 0xb9, 0xe8, 3, 0, 0, 0x01, 0xc8, 0x49, 0x75, 0xfb, 0xcd, 0x80);
    boot(core);
    cms_run(core);
    assert_int_equal(core->system_calls, 1);
    assert_int_equal(core->state.r[HOME_EAX], 500500);
    assert_int_equal(core->insns, 3002);
    free(core);
}

static void events_fall_exactly(void **state)
{
    struct hw_core *core = fake_core();
    core->options.max_gear = 0;
    WRITE(core, CODE, 0x40, 0x40, 0x40, 0x40, 0x40, 0xeb, 0xf9); /* six instructions for ever */
    core->next_event = 4567;
    boot(core);
    cms_run(core);
    assert_int_equal(core->events, 1);
    assert_int_equal(core->insns, 4567);
    free(core);
}

/* Pre-decoded blocks fill their space many times over. */
static void the_store_of_blocks_overflows(void **state)
{
    struct hw_core *core = fake_core();
    core->options.max_gear = 0;
    core->options.predecode_size = 65536;
    core->options.heads = 100;
    /* Page 16 to 31: stretches of `inc eax`, each ended by `jmp` to the next page; the last one leaves. */
    for (unsigned page = 16; page < 32; page++) {
        memset(core->memory + page * 4096, 0x40, 1000);
        uint8_t *jump = core->memory + page * 4096 + 1000;
        jump[0] = 0xe9;
        memcpy(jump + 1, &(int32_t){4096 - 1005}, 4);
    }
    WRITE(core, 32 * 4096, 0xcd, 0x80);
    boot(core);
    core->state.r[HOME_EIP] = 16 * 4096;
    core->shadow = core->state;
    cms_run(core);
    assert_int_equal(core->system_calls, 1);
    assert_int_equal(core->state.r[HOME_EAX], 16000);
    assert_true(core->stats[CMS_STAT_block_flushes] > 10);
    assert_true(core->stats[CMS_STAT_head_flushes] > 3);
    free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_ends_at_its_jump),
        cmocka_unit_test(decoding_afresh_keeps_nothing),
        cmocka_unit_test(it_stops_exactly_where_told),
        cmocka_unit_test(a_fault_is_precise),
        cmocka_unit_test(no_such_instruction),
        cmocka_unit_test(fetching_may_fault),
        cmocka_unit_test(divide_error),
        cmocka_unit_test(rep_commits_each_iteration),
        cmocka_unit_test(repne_ends_with_its_iteration),
        cmocka_unit_test(a_long_rep_is_handed_over),
        cmocka_unit_test(code_that_rewrites_what_comes_next),
        cmocka_unit_test(data_beside_code_can_be_modified),
        cmocka_unit_test(restless_code_is_not_kept),
        cmocka_unit_test(system_calls_and_traps_see_the_next_eip),
        cmocka_unit_test(helpers_work_and_fault),
        cmocka_unit_test(the_x87_stack_is_part_of_the_context),
        cmocka_unit_test(single_steps_trap_behind),
        cmocka_unit_test(a_path_lists_the_blocks_that_ran),
        cmocka_unit_test(runs_a_program),
        cmocka_unit_test(events_fall_exactly),
        cmocka_unit_test(the_store_of_blocks_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
