/* lab_check_test.c -- the lockstep shadow: silent on a right run, loud on a register, a flag, a byte of memory or a
 * count of instructions that went wrong behind its back, at every gear.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cms/cms.h"
#include "lab/check.h"
#include "lab/config.h"

/* A guest that runs a loop of loads, stores, calls and string instructions, then exits with 5. */
static const uint8_t code[] = {
    0xbe, 0x00, 0x91, 0x04, 0x08, /* mov esi, 0x8049100 */
    0xb9, 0xd0, 0x07, 0x00, 0x00, /* mov ecx, 2000 */
    0x8b, 0x06,                   /* 0a: mov eax, [esi] */
    0x01, 0xc8,                   /* add eax, ecx */
    0x89, 0x46, 0x04,             /* mov [esi+4], eax */
    0x51,                         /* push ecx */
    0xe8, 0x12, 0x00, 0x00, 0x00, /* call 29 */
    0x59,                         /* pop ecx */
    0x49,                         /* dec ecx */
    0x75, 0xef,                   /* jnz 0a */
    0xbb, 0x05, 0x00, 0x00, 0x00, /* mov ebx, 5 */
    0xb8, 0x01, 0x00, 0x00, 0x00, /* mov eax, 1 */
    0xcd, 0x80,                   /* int 0x80 */
    0x90, 0x90,                   /* nop; nop */
    0xbf, 0x40, 0x91, 0x04, 0x08, /* 29: mov edi, 0x8049140 */
    0xb9, 0x03, 0x00, 0x00, 0x00, /* mov ecx, 3 */
    0xf3, 0xaa,                   /* rep stosb */
    0xff, 0x06,                   /* inc dword [esi] */
    0xc3,                         /* ret */
};
enum { LOAD_AT = 0x8049000, DATA = 0x8049100 };

static void write_guest(const char *path)
{
    uint8_t file[0x200] = {0};
    Elf32_Ehdr header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
                         .e_type = ET_EXEC,
                         .e_machine = EM_386,
                         .e_version = EV_CURRENT,
                         .e_entry = LOAD_AT + 0x80,
                         .e_phoff = sizeof header,
                         .e_ehsize = sizeof header,
                         .e_phentsize = sizeof(Elf32_Phdr),
                         .e_phnum = 1};
    Elf32_Phdr load = {.p_type = PT_LOAD,
                       .p_vaddr = LOAD_AT,
                       .p_filesz = sizeof file,
                       .p_memsz = sizeof file,
                       .p_flags = PF_R | PF_W | PF_X,
                       .p_align = 0x1000};
    memcpy(file, &header, sizeof header);
    memcpy(file + sizeof header, &load, sizeof load);
    memcpy(file + 0x80, code, sizeof code);
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    assert_true(out >= 0 && write(out, file, sizeof file) == (ssize_t)sizeof file);
    close(out);
}

enum harm { NONE, REGISTER, FLAG, MEMORY, COUNT, STORE };

struct run {
    struct machine *machine;
    struct user *user;
    struct check *check;
    enum harm harm;
    unsigned commits;
};

/* Behind the shadow's back, once the loop is hot. */
static void do_harm(struct run *run, struct hw_core *core, uint32_t *insns)
{
    struct core_space space = core_get_space(core);
    struct page_walk walk;
    switch (run->harm) {
    case REGISTER: hw_state(core)->r[HOME_EDI] ^= 0x100; break;
    case FLAG: hw_state(core)->f[0] ^= FLAG_AF; break;
    case COUNT: *insns += 1; break;
    case MEMORY:
    case STORE:
        assert_true(page_walk(machine_physical(run->machine), space.mode, space.cr3, DATA + 8, 0, &walk));
        physical_frame(machine_physical(run->machine), walk.frame)[(DATA + 8) & 0xfff] ^= 1;
        if (run->harm == STORE) check_stored(run->check, walk.frame << PAGE_BITS | ((DATA + 8) & 0xfff), 1);
        break;
    case NONE: break;
    }
}

static void committed(void *cookie, struct hw_core *core, uint32_t insns, unsigned flags)
{
    struct run *run = cookie;
    if (++run->commits == 3000) do_harm(run, core, &insns);
    check_committed(run->check, core, insns, flags);
    if (check_diverged(run->check)) user_interrupt(run->user);
}
static void stored(void *cookie, uint64_t physical, unsigned bytes)
{
    check_stored(((struct run *)cookie)->check, physical, bytes);
}
static void platform(void *cookie, struct hw_core *core, bool after)
{
    check_platform(((struct run *)cookie)->check, core, after);
}

/* Runs the guest; what the shadow reports goes to `report`. True: it found a divergence. */
static bool run_guest_with(enum harm harm, int gear, const char *report)
{
    struct config config;
    struct diag diag = {0};
    char path[] = "/tmp/covm-check-test-XXXXXX", error[256] = "", *argv[] = {"guest", NULL}, *env[] = {NULL};
    config_init(&config);
    char *set = lab_printf("cms.max_gear=%d", gear);
    config_set(&config, set, &diag);
    config_set(&config, "cms.threshold.gear2=20", &diag);
    assert_int_equal(diag.count, 0);
    free(set);
    close(mkstemp(path));
    write_guest(path);
    int kept = dup(STDERR_FILENO), to = open(report, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(to, STDERR_FILENO);
    struct run run = {.harm = harm};
    struct machine_config machine = config_machine(&config);
    run.machine = machine_create(&machine, error, sizeof error);
    assert_non_null(run.machine);
    struct hw_core *core = machine_core(run.machine, 0);
    run.check = check_create(run.machine, (uint64_t)config.values.machine.guest_limit);
    struct user_config user = {
        .params = config.values.user, .program = path, .argv = argv, .env = env, .root = "/", .output = 1, .error = 2};
    run.user = user_create(run.machine, &user, error, sizeof error);
    assert_non_null(run.user);
    check_begin(run.check, core);
    struct machine_observer observer = {
        .cookie = &run, .committed = committed, .stored = stored, .platform = platform};
    machine_observe(run.machine, observer);
    cms_boot(core);
    cms_run(core);
    check_finish(run.check, core);
    bool diverged = check_diverged(run.check);
    struct user_status status = user_status(run.user);
    user_destroy(run.user);
    check_destroy(run.check);
    machine_destroy(run.machine);
    config_free(&config);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(to);
    unlink(path);
    if (harm == NONE) assert_true(status.end == USER_EXITED && status.code == 5);
    return diverged;
}

static void at_each_gear(enum harm harm, const char *said)
{
    char report[] = "/tmp/covm-check-report-XXXXXX";
    close(mkstemp(report));
    for (int gear = 0; gear <= 2; gear++) {
        bool diverged = run_guest_with(harm, gear, report);
        size_t length;
        char *text = lab_read_file(report, 1 << 24, &length);
        if (diverged != (harm != NONE) || (said && !strstr(text, said))) fail_msg("gear %d: %s", gear, text);
        if (harm != NONE) assert_non_null(strstr(text, "x86 and IR, as the shadow went")); /* it shows the code */
        free(text);
    }
    unlink(report);
}

static void a_right_run_is_silent(void **state) { at_each_gear(NONE, NULL); }
static void a_register_is_seen(void **state) { at_each_gear(REGISTER, "registers differ"); }
static void a_flag_is_seen(void **state) { at_each_gear(FLAG, "registers differ"); }
static void a_count_is_seen(void **state) { at_each_gear(COUNT, "lockstep divergence"); }
static void a_stray_store_is_seen(void **state) { at_each_gear(STORE, "memory differs in what the machine stored"); }

static void memory_is_swept_at_the_end(void **state)
{
    char report[] = "/tmp/covm-check-report-XXXXXX";
    close(mkstemp(report));
    assert_true(run_guest_with(MEMORY, 2, report));
    unlink(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_run_is_silent), cmocka_unit_test(a_register_is_seen),
        cmocka_unit_test(a_flag_is_seen),        cmocka_unit_test(a_count_is_seen),
        cmocka_unit_test(a_stray_store_is_seen), cmocka_unit_test(memory_is_swept_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
