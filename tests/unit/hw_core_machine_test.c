/* The contract, primitive by primitive, and the promises that hold for every run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/hw_core_support.h"

/* ---- guest memory for the CMS ---- */

static void loads_and_stores(void **state)
{
    struct rig *rig = rig_create("");
    uint64_t value;
    assert_int_equal(hw_store(rig->core, RIG_DATA + 8, SIZE_32, true, 0x11223344), HW_OK);
    assert_int_equal(rig_peek(rig, RIG_DATA + 8), 0x11223344);
    assert_int_equal(hw_load(rig->core, RIG_DATA + 9, SIZE_16, true, &value), HW_OK);
    assert_int_equal(value, 0x2233);
    assert_int_equal(hw_store(rig->core, RIG_DATA + 4093, SIZE_64, true, UINT64_C(0x8877665544332211)), HW_OK);
    assert_int_equal(rig_peek(rig, RIG_DATA + 4092), 0x33221100);
    assert_int_equal(rig_peek(rig, RIG_DATA + 4096), 0x77665544);
    assert_int_equal(hw_load(rig->core, RIG_DATA + 4093, SIZE_64, true, &value), HW_OK);
    assert_true(value == UINT64_C(0x8877665544332211));
    assert_int_equal(hw_load(rig->core, (UINT64_C(5) << 32) + RIG_DATA + 8, SIZE_32, true, &value), HW_OK); /* wraps */
    assert_int_equal(value, 0x11223344);
    rig_destroy(rig);
}

static void faults(void **state)
{
    struct rig *rig = rig_create("");
    uint64_t value = 7;
    assert_int_equal(hw_load(rig->core, 0x40000004, SIZE_32, true, &value), HW_FAULTED);
    assert_int_equal(value, 7);
    assert_int_equal(hw_fault(rig->core).vector, 14);
    assert_int_equal(hw_fault(rig->core).error, PF_USER);
    assert_int_equal(hw_fault(rig->core).address, 0x40000004);
    /* the second page of an access is not there: its address; nothing is stored */
    uint64_t last = RIG_DATA + RIG_PAGES * PAGE_BYTES;
    assert_int_equal(hw_store(rig->core, last - 2, SIZE_32, true, UINT32_MAX), HW_FAULTED);
    assert_int_equal(hw_fault(rig->core).address, last);
    assert_int_equal(hw_fault(rig->core).error, PF_USER | PF_WRITE);
    assert_int_equal(rig_peek(rig, last - 4), 0);
    /* read-only, and for the supervisor alone */
    rig_map(rig, 0x50000000, PTE_USER);
    rig_map(rig, 0x50001000, PTE_WRITE);
    assert_int_equal(hw_load(rig->core, 0x50000000, SIZE_8, true, &value), HW_OK);
    assert_int_equal(hw_probe(rig->core, 0x50000000, SIZE_8, true, false), HW_OK);
    assert_int_equal(hw_probe(rig->core, 0x50000000, SIZE_8, true, true), HW_FAULTED);
    assert_int_equal(hw_fault(rig->core).error, PF_PRESENT | PF_USER | PF_WRITE);
    assert_int_equal(hw_load(rig->core, 0x50001000, SIZE_8, true, &value), HW_FAULTED);
    assert_int_equal(hw_fault(rig->core).error, PF_PRESENT | PF_USER);
    assert_int_equal(hw_store(rig->core, 0x50001000, SIZE_8, false, 1), HW_OK);
    assert_int_equal(hw_load(rig->core, 0x50001000, SIZE_8, true, &value),
                     HW_FAULTED); /* though it is in the TLB now */
    /* a mapping to nothing is a device */
    assert_true(page_map(rig->physical, PAGING_TWO_LEVEL, rig->cr3, 0x50002000,
                         UINT64_C(0x3000) << PAGE_BITS | PTE_PRESENT | PTE_WRITE | PTE_USER));
    assert_int_equal(hw_load(rig->core, 0x50002000, SIZE_8, true, &value), HW_DEVICE);
    rig_destroy(rig);
}

static void alignment_check(void **state)
{
    struct rig *rig = rig_create("");
    uint64_t value;
    hw_state(rig->core)->r[HOME_EFL] = 1 << 18;
    assert_int_equal(hw_load(rig->core, RIG_DATA + 2, SIZE_32, true, &value), HW_FAULTED);
    assert_int_equal(hw_fault(rig->core).vector, 17);
    assert_int_equal(hw_load(rig->core, RIG_DATA + 2, SIZE_32, false, &value), HW_OK);
    assert_int_equal(hw_load(rig->core, RIG_DATA + 2, SIZE_16, true, &value), HW_OK);
    rig_destroy(rig);
}

static void fetches(void **state)
{
    struct rig *rig = rig_create("");
    uint8_t bytes[16];
    uint64_t end = RIG_DATA + RIG_PAGES * PAGE_BYTES, physical, cycle = machine_cycle(rig->machine);
    rig_poke(rig, end - 4, 0x04030201);
    assert_int_equal(hw_fetch(rig->core, end - 4, true, bytes, 15), 4);
    assert_memory_equal(bytes, "\1\2\3\4", 4);
    assert_int_equal(hw_fault(rig->core).address, end);
    assert_int_equal(hw_fetch(rig->core, RIG_DATA + 4090, true, bytes, 15), 15);
    assert_true(hw_physical(rig->core, RIG_DATA + 5, &physical));
    assert_int_equal(physical, rig_physical(rig, RIG_DATA + 5));
    assert_false(hw_physical(rig->core, end, &physical));
    assert_int_equal(machine_cycle(rig->machine), cycle);
    rig_destroy(rig);
}

/* ---- TLB and tables stay together ---- */

static void remapping(void **state)
{
    struct rig *rig = rig_create("");
    uint64_t value, frame = physical_allocate(rig->physical);
    uint32_t there = 99;
    rig_load(rig, "ld.4 r33, user32 [r1]\nexit chain, 0\n");
    rig_poke(rig, RIG_DATA, 1);
    rig_run(rig);
    assert_int_equal(hw_state(rig->core)->r[33], 1);
    assert_true(physical_write(rig->physical, frame << PAGE_BITS, &there, 4));
    assert_true(
        page_map(rig->physical, PAGING_TWO_LEVEL, rig->cr3, RIG_DATA, frame << PAGE_BITS | PTE_PRESENT | PTE_USER));
    core_mapping_changed(rig->core, RIG_DATA, 1);
    rig_run(rig);
    assert_int_equal(hw_state(rig->core)->r[33], 99);
    assert_int_equal(hw_load(rig->core, RIG_DATA, SIZE_32, true, &value), HW_OK);
    assert_int_equal(value, 99);
    struct hw_notice notice = hw_poll(rig->core);
    assert_int_equal(notice.kind, HW_NOTICE_MAPPING);
    assert_int_equal(notice.address, RIG_DATA);
    assert_int_equal(notice.space, RIG_SPACE);
    assert_int_equal(hw_poll(rig->core).kind, HW_NOTICE_NONE);
    rig_destroy(rig);
}

static void dirty_bit_at_the_first_store(void **state)
{
    struct rig *rig = rig_create("");
    rig_map(rig, 0x300000, PTE_WRITE | PTE_USER);
    hw_state(rig->core)->r[4] = 0x300000;
    rig_load(rig, "ld.4 r33, user32 [r4]\nexit chain, 0\n");
    rig_run(rig);
    uint64_t entry = page_entry(rig->physical, PAGING_TWO_LEVEL, rig->cr3, 0x300000);
    assert_int_equal(entry & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED);
    rig_load(rig, "st.4 user32 [r4], r33, gated\nexit chain, 0\n");
    rig_run(rig);
    entry = page_entry(rig->physical, PAGING_TWO_LEVEL, rig->cr3, 0x300000);
    assert_int_equal(entry & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED | PTE_DIRTY);
    rig_destroy(rig);
}

static void spaces_do_not_mix(void **state)
{
    struct rig *rig = rig_create("");
    uint64_t value, other = physical_allocate(rig->physical) << PAGE_BITS;
    rig_poke(rig, RIG_DATA, 1);
    assert_int_equal(hw_load(rig->core, RIG_DATA, SIZE_32, true, &value), HW_OK);
    uint64_t context = hw_context(rig->core), misses = rig_stats(rig).tlb_misses;
    core_set_space(rig->core, RIG_SPACE + 1, PAGING_TWO_LEVEL, other);
    assert_int_equal(hw_load(rig->core, RIG_DATA, SIZE_32, true, &value), HW_FAULTED);
    assert_true(hw_context(rig->core) != context);
    core_set_space(rig->core, RIG_SPACE, PAGING_TWO_LEVEL, rig->cr3);
    assert_int_equal(hw_load(rig->core, RIG_DATA, SIZE_32, true, &value), HW_OK);
    assert_int_equal(rig_stats(rig).tlb_misses, misses); /* the TLB is perfect here: no waiting, nothing counted */
    assert_int_equal(hw_context(rig->core), context);
    rig_destroy(rig);
}

/* ---- commit and rollback ---- */

struct watcher {
    unsigned stores, commits;
    uint64_t insns;
};
static void see_store(void *cookie, uint64_t physical, unsigned bytes) { ((struct watcher *)cookie)->stores++; }
static void see_commit(void *cookie, struct hw_core *core, uint32_t insns, unsigned flags)
{
    ((struct watcher *)cookie)->commits++;
    ((struct watcher *)cookie)->insns += insns;
}

static void nothing_is_seen_before_the_commit(void **state)
{
    struct rig *rig = rig_create("");
    struct watcher watcher = {0};
    machine_observe(rig->machine,
                    (struct machine_observer){.cookie = &watcher, .committed = see_commit, .stored = see_store});
    rig_load(rig, "mov.4 r0, 5 | st.4 user32 [r1], r3, gated\nmov.4 r5, 6\nassert nz, f1\nexit chain, 0\n");
    struct hw_exit exit = rig_run(rig);
    assert_int_equal(exit.kind, HW_ASSERT);
    assert_int_equal(watcher.stores, 0);
    assert_int_equal(rig_peek(rig, RIG_DATA), 0);
    assert_int_equal(hw_state(rig->core)->r[0], 0);
    assert_int_equal(hw_state(rig->core)->r[5], 0);
    rig_load(rig, "mov.4 r0, 5 | st.4 user32 [r1], r3, gated\ncommit entry | mov.4 r5, 6\nmov.4 r0, 7\nassert nz, "
                  "f1\nexit chain, 0\n"
                  "entry:\n.commit 0x1234, 3, 0, 2, 9\n");
    exit = rig_run(rig);
    assert_int_equal(exit.kind, HW_ASSERT);
    assert_int_equal(watcher.stores, 1);
    assert_int_equal(watcher.commits, 1);
    assert_int_equal(watcher.insns, 3);
    assert_int_equal(hw_insns(rig->core), 3);
    assert_int_equal(rig_peek(rig, RIG_DATA), 3);
    assert_int_equal(hw_state(rig->core)->r[0], 5);
    assert_int_equal(hw_state(rig->core)->r[5], 6); /* beside the commit, so part of it */
    assert_int_equal(hw_state(rig->core)->r[HOME_EIP], 0x1234);
    assert_memory_equal(hw_state(rig->core)->r, hw_shadow(rig->core)->r, REG_SHADOWED * sizeof(uint64_t));
    rig_destroy(rig);
}

static void commit_kinds(void **state)
{
    struct rig *rig = rig_create("");
    rig_load(
        rig,
        "mov.4 r16, 0x77 | commit entry\nexit chain, 0\nentry:\n.commit 0x1234, 0, 3\n"); /* dynamic, an iteration */
    rig_run(rig);
    assert_int_equal(hw_state(rig->core)->r[HOME_EIP], 0x77);
    assert_int_equal(hw_insns(rig->core), 0);
    assert_int_equal(rig_stats(rig).rep_iterations, 1);
    struct hw_state *working = hw_state(rig->core);
    working->r[0] = 1, working->r[5] = 2, working->f[0] = FLAG_ZF, working->v[3].half[1] = 9;
    working->v[4].half[0] = 9;
    hw_commit(rig->core, 1, COMMIT_ITERATION | COMMIT_LAST, 1 | UINT64_C(1) << HOME_XMM3, false);
    hw_rollback(rig->core);
    assert_int_equal(working->r[0], 1);
    assert_int_equal(working->r[5], 0); /* was not said to be dirty */
    assert_int_equal(working->f[0], 0);
    assert_int_equal(working->v[3].half[1], 9);
    assert_int_equal(working->v[4].half[0], 0);
    assert_int_equal(hw_insns(rig->core), 1);
    assert_int_equal(rig_stats(rig).rep_iterations, 2);
    rig_destroy(rig);
}

static void homes_behind_the_last_commit_are_a_bug(void **state)
{
    struct rig *rig = rig_create("");
    rig_load(rig, "mov.4 r0, 5\nexit chain, 0\n");
    RIG_EXPECT_PANIC(rig, rig_run(rig));
    rig_destroy(rig);
}

static void faults_roll_back(void **state)
{
    struct rig *rig = rig_create("");
    rig_load(rig, "mov.4 r0, 5\nld.4 r33, user32 [r3 + 0x50000]\nexit chain, 0\n");
    struct hw_exit exit = rig_run(rig);
    assert_int_equal(exit.kind, HW_FAULT);
    assert_int_equal(exit.fault.vector, 14);
    assert_int_equal(exit.fault.address, 0x50003);
    assert_int_equal(exit.fault.error, PF_USER);
    assert_int_equal(hw_state(rig->core)->r[0], 0);
    rig_load(rig, "probe.4 user32 [r3 + 0x50000]\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_FAULT);
    rig_load(rig, "probe.4 user32 [r1]\nld.4 r33, super32 [r1]\nld.4 r34, concealed64 [r3 + 5]\nexit chain, 0\n");
    memset(hw_concealed(rig->core, 8), 0x5a, 4);
    assert_int_equal(rig_run(rig).kind, HW_EXIT);
    assert_int_equal(hw_state(rig->core)->r[34], 0x5a5a5a5a);
    rig_load(rig, "ld.4 r33, phys64 [r3 + 0x3fff000]\nexit chain, 0\n");
    assert_int_equal(rig_run(rig).kind, HW_IO);
    rig_destroy(rig);
}

static void protection(void **state)
{
    struct rig *rig = rig_create("");
    uint64_t physical = rig_physical(rig, RIG_DATA);
    rig_load(rig, "st.4 user32 [r1 + 0x84], r3, gated\ncommit entry\nst.4 user32 [r1 + 0x7c], r3, gated\ncommit "
                  "entry\nst.4 user32 [r1 + 0x7d], r3, gated\nexit chain, 0\n"
                  "entry:\n.commit 0x1000, 1\n");
    assert_int_equal(rig_run(rig).kind, HW_EXIT);
    hw_protect(rig->core, physical >> PAGE_BITS, 2); /* bytes 0x80..0xff */
    assert_int_equal(hw_protected(rig->core, physical >> PAGE_BITS), 2);
    assert_int_equal(rig_run(rig).kind, HW_PROTECT);
    hw_protect(rig->core, physical >> PAGE_BITS, 4);
    assert_int_equal(rig_run(rig).kind, HW_EXIT);
    hw_protect(rig->core, physical >> PAGE_BITS, 1); /* the second store hits, behind one commit */
    uint64_t insns = hw_insns(rig->core);
    struct hw_exit exit = rig_run(rig);
    assert_int_equal(exit.kind, HW_PROTECT);
    assert_int_equal(exit.fault.address, physical + 0x7c);
    assert_int_equal(hw_insns(rig->core), insns + 1);
    assert_int_equal(hw_store(rig->core, RIG_DATA + 0x7d, SIZE_8, true, 9), HW_PROTECTED);
    assert_int_equal(hw_fault(rig->core).address, physical + 0x7d);
    assert_int_equal(hw_store(rig->core, RIG_DATA + 0x80, SIZE_8, true, 9), HW_OK);
    hw_protect(rig->core, physical >> PAGE_BITS, 2); /* a store that begins before the chunk */
    assert_int_equal(hw_store(rig->core, RIG_DATA + 0x7d, SIZE_32, true, 9), HW_PROTECTED);
    assert_int_equal(hw_fault(rig->core).address, physical + 0x80);
    hw_protect(rig->core, physical >> PAGE_BITS, 1);
    assert_int_equal(hw_probe(rig->core, RIG_DATA, SIZE_8, true, true), HW_PROTECTED);
    assert_int_equal(hw_probe(rig->core, RIG_DATA, SIZE_8, true, false), HW_OK);
    hw_protect(rig->core, physical >> PAGE_BITS, 0);
    assert_int_equal(rig_run(rig).kind, HW_EXIT);
    rig_destroy(rig);
}

static void writes_to_code_become_notices(void **state)
{
    struct rig *rig = rig_create("");
    uint64_t physical = rig_physical(rig, RIG_DATA);
    uint8_t bytes[512] = {1};
    hw_protect(rig->core, physical >> PAGE_BITS, 1 << 1 | 1 << 2 | 1 << 3);
    assert_true(core_guest_write(rig->core, RIG_DATA, bytes, 128));
    assert_int_equal(hw_poll(rig->core).kind, HW_NOTICE_NONE);
    assert_true(core_guest_write(rig->core, RIG_DATA + 100, bytes, 300));
    for (unsigned i = 0; i < 3; i++) {
        struct hw_notice notice = hw_poll(rig->core);
        assert_int_equal(notice.kind, HW_NOTICE_WRITTEN);
        assert_int_equal(notice.address, physical + 128 + 128 * i);
        assert_int_equal(notice.bytes, i < 2 ? 128 : 16);
    }
    assert_int_equal(hw_poll(rig->core).kind, HW_NOTICE_NONE);
    for (unsigned i = 0; i < 500; i++)
        assert_true(core_guest_write(rig->core, RIG_DATA + 130, bytes, 1)); /* the queue grows */
    for (unsigned i = 0; i < 500; i++) assert_int_equal(hw_poll(rig->core).kind, HW_NOTICE_WRITTEN);
    assert_int_equal(hw_poll(rig->core).kind, HW_NOTICE_NONE);
    /* a buffer that is not writable to its end is not written at all */
    uint64_t end = RIG_DATA + RIG_PAGES * PAGE_BYTES;
    assert_false(core_guest_write(rig->core, end - 4, bytes, 8));
    assert_int_equal(rig_peek(rig, end - 4), 0);
    assert_false(core_guest_read(rig->core, end - 4, bytes, 8));
    assert_int_equal(hw_fault(rig->core).address, end);
    rig_destroy(rig);
}

/* ---- code ---- */

static void patched_code_runs(void **state)
{
    struct rig *rig = rig_create("memory.l1i.perfect=false");
    rig_load(rig, "again:\nsub.4 r33, r33, 1 ; f1.Z\nexit chain, 1\nnop\nexit chain, 2\n");
    assert_int_equal(rig_run(rig).number, 1);
    /* over the first exit, as a chain does */
    struct atom jump = {.op = ATOM_BR, .stop = true, .imm = EXIT_BYTES};
    uint32_t words[ATOM_WORDS_MAX];
    assert_int_equal(atom_encode(&jump, words) * 4, EXIT_BYTES);
    uint8_t *code = hw_concealed(rig->core, RIG_CODE);
    unsigned at = 0;
    for (struct atom atom; atom_decode((uint32_t *)(code + at), 6, &atom) && atom.op != ATOM_EXIT;)
        at += 4 * atom_decode((uint32_t *)(code + at), 6, &atom);
    memcpy(code + at, words, EXIT_BYTES);
    hw_invalidate_code(rig->core, RIG_CODE + at, EXIT_BYTES);
    uint64_t misses = rig_stats(rig).l1i_misses;
    assert_int_equal(rig_run(rig).number, 2);
    assert_int_equal(rig_stats(rig).l1i_misses, misses + 1); /* its line went, too */
    rig_destroy(rig);
}

/* A bundle is decoded as a whole, so a change to any of its words counts. */
static void inner_words_can_be_patched(void **state)
{
    struct rig *rig = rig_create("");
    rig_load(rig, "mov.4 r33, 1 | mov.4 r34, 2\nexit chain, 0\n");
    rig_run(rig);
    uint32_t *second = (uint32_t *)hw_concealed(rig->core, RIG_CODE) + 1;
    struct atom atom;
    assert_int_equal(atom_decode(second, 1, &atom), 1);
    atom.imm = 7;
    atom_encode(&atom, second);
    hw_invalidate_code(rig->core, RIG_CODE + 4, 4);
    rig_run(rig);
    assert_int_equal(hw_state(rig->core)->r[34], 7);
    rig_destroy(rig);
}

/* More code than the pool holds decoded. */
static void decoded_forms_are_forgotten_when_full(void **state)
{
    struct rig *rig = rig_create("memory.concealed.size=16MiB");
    enum { BUNDLES = 300000 };
    struct atom add = {.op = ATOM_ADD, .size = SIZE_32, .stop = true, .rd = 33, .ra = 33, .use_imm = true, .imm = 1};
    uint32_t *at = hw_concealed(rig->core, RIG_CODE);
    for (unsigned i = 0; i < BUNDLES; i++) at += atom_encode(&add, at);
    struct atom exit = {.op = ATOM_EXIT, .stop = true, .imm = 4};
    atom_encode(&exit, at);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(rig_run(rig).number, 4);
        assert_int_equal(hw_state(rig->core)->r[33], i * BUNDLES);
    }
    rig_destroy(rig);
}

static void targets_are_purged(void **state)
{
    struct rig *rig = rig_create("");
    uint64_t context = hw_context(rig->core);
    rig_load(rig, "call 5, there\nexit chain, 0\nthere:\nexit chain, 1\n");
    rig_run(rig);
    hw_jtlb_insert(rig->core, 100, context, 0x30000);
    hw_jtlb_insert(rig->core, 101, context, 0x30010);
    assert_true(hw_targets_refer(rig->core, 0x30000, 1));
    assert_false(hw_targets_refer(rig->core, 0x30004, 12));
    assert_true(hw_targets_refer(rig->core, 0x30000, 17));
    hw_targets_purge(rig->core, 0x30000, 16);
    assert_false(hw_targets_refer(rig->core, 0x30000, 16));
    assert_true(hw_targets_refer(rig->core, 0x30010, 1));
    uint32_t there = RIG_CODE;
    while (!hw_targets_refer(rig->core, there, 4) && there < RIG_CODE + 64) there += 4;
    assert_true(there < RIG_CODE + 64);
    hw_targets_purge(rig->core, there, 4);
    assert_false(hw_targets_refer(rig->core, RIG_CODE, 64));
    rig_load(rig, "mov.4 r33, 5\nret r33\nexit chain, 3\n");
    assert_int_equal(rig_run(rig).number, 3);
    rig_destroy(rig);
}

static void rollback_restores_the_return_stack(void **state)
{
    struct rig *rig = rig_create("");
    rig_load(rig, "call 5, there\nexit chain, 0\nthere:\nexit chain, 1\n");
    rig_run(rig);
    hw_commit(rig->core, 0, 0, 0, false);
    rig_load_at(rig, 0x1000, "mov.4 r33, 5\nret r33\nexit chain, 3\n");
    struct hw_exit exit;
    hw_enter(rig->core, RIG_CODE + 0x1000, &exit);
    assert_int_equal(exit.number, 1);
    hw_rollback(rig->core);
    hw_enter(rig->core, RIG_CODE + 0x1000, &exit);
    assert_int_equal(exit.number, 1); /* the entry is back */
    hw_enter(rig->core, RIG_CODE + 0x1000, &exit);
    assert_int_equal(exit.number, 3);
    rig_destroy(rig);
}

/* A return to the same address under another context word is not the one that was called from. */
static void returns_keep_their_context(void **state)
{
    struct rig *rig = rig_create("");
    for (unsigned other = 0; other < 2; other++) {
        rig_load(rig, "call 5, there\nmov.4 r33, 5\nexit chain, 0\nthere:\nexit chain, 1\n");
        rig_run(rig);
        if (other) hw_state(rig->core)->r[HOME_DS_BASE] = 16;
        rig_load_at(rig, 0x1000, "ret r33\nexit chain, 3\n");
        struct hw_exit exit;
        hw_enter(rig->core, RIG_CODE + 0x1000, &exit);
        assert_int_equal(exit.number, other ? 3 : 1);
    }
    rig_destroy(rig);
}

/* ---- events ---- */

struct clock_platform {
    uint64_t next;
    unsigned asked;
};
static uint64_t next_event(void *self, const struct hw_core *core)
{
    ((struct clock_platform *)self)->asked++;
    return ((struct clock_platform *)self)->next;
}

static const char loop_text[] = "again:\nsub.4 r33, r33, 1 ; f1.CPAZSO\ncommit entry\nbrc nz, f1, again\nexit chain, "
                                "0\nentry:\n.commit 0x1000, 3\n";

static void events_at_commits(void **state)
{
    struct rig *rig = rig_create("");
    struct clock_platform platform = {.next = 20};
    machine_set_platform(rig->machine, (struct platform){.self = &platform, .next_event = next_event});
    assert_int_equal(hw_next_event(rig->core), 20);
    rig_load(rig, loop_text);
    hw_state(rig->core)->r[33] = 100;
    struct hw_exit exit = rig_run(rig);
    assert_int_equal(exit.kind, HW_EVENT);
    assert_int_equal(hw_insns(rig->core), 21);
    platform.next = 50;
    assert_int_equal(hw_next_event(rig->core), 50); /* asked again, as it has passed */
    hw_event_margin(rig->core, 9);
    assert_int_equal(rig_run(rig).kind, HW_EVENT);
    assert_int_equal(hw_insns(rig->core), 42); /* 39 + 9 < 50 */
    hw_event_margin(rig->core, 0);
    platform.next = 10; /* a signal now */
    core_event_changed(rig->core);
    assert_int_equal(rig_run(rig).kind, HW_EVENT);
    assert_int_equal(hw_insns(rig->core), 45);
    platform.next = UINT64_MAX;
    core_event_changed(rig->core); /* nothing has come of it: no exit */
    unsigned asked = platform.asked;
    assert_int_equal(rig_run(rig).kind, HW_EXIT);
    assert_int_equal(platform.asked, asked + 1);
    rig_destroy(rig);
}

static void injections(void **state)
{
    struct rig *rig = rig_create("inject.rollback.every=4");
    rig_load(rig, loop_text);
    hw_state(rig->core)->r[33] = 100;
    struct hw_exit exit = rig_run(rig);
    assert_int_equal(exit.kind, HW_INJECTED);
    assert_int_equal(hw_insns(rig->core), 3); /* bundle 4 is the second round's first */
    assert_int_equal(hw_state(rig->core)->r[33], 99);
    rig_destroy(rig);

    rig = rig_create("inject.rollback.at=3");
    rig_load(rig, loop_text);
    hw_state(rig->core)->r[33] = 100;
    assert_int_equal(rig_run(rig).kind, HW_INJECTED); /* the third behind the commit is the next round's commit */
    assert_int_equal(hw_insns(rig->core), 3);
    rig_destroy(rig);

    rig = rig_create("inject.event.every=5");
    rig_load(rig, loop_text);
    hw_state(rig->core)->r[33] = 100;
    assert_int_equal(rig_run(rig).kind, HW_EVENT);
    assert_int_equal(hw_insns(rig->core), 15);
    rig_destroy(rig);

    unsigned rollbacks[2] = {0, 0};
    for (unsigned i = 0; i < 2; i++) {
        rig = rig_create("inject.rollback.odds=10; inject.seed=3");
        rig_load(rig, loop_text);
        for (unsigned k = 0; k < 200; k++) {
            hw_state(rig->core)->r[33] = 3;
            rollbacks[i] += rig_run(rig).kind == HW_INJECTED;
        }
        rig_destroy(rig);
    }
    assert_true(rollbacks[0] > 80 && rollbacks[0] < 170); /* of 10 bundles each: 1 - 0.9^10 = 65% */
    assert_int_equal(rollbacks[0], rollbacks[1]);
}

/* ---- accounts ---- */

static uint64_t sum_of(const struct machine_account *account)
{
    uint64_t sum = 0;
    for (unsigned activity = 0; activity < ACTIVITIES; activity++)
        for (unsigned cause = 0; cause < CAUSES; cause++) sum += account->cycles[activity][cause];
    return sum;
}

static void charges_keep_the_remainder(void **state)
{
    struct rig *rig = rig_create("");
    rig->machine->config.cost_millicycles[WORK_DECODE] = 334;
    uint64_t start = machine_cycle(rig->machine);
    for (unsigned i = 0; i < 1000; i++) hw_charge(rig->core, WORK_DECODE, 1, 0);
    hw_charge(rig->core, WORK_DECODE, 1000, 2);
    struct machine_stats stats;
    struct machine_account account;
    machine_collect(rig->machine, &stats, &account);
    assert_int_equal(machine_cycle(rig->machine) - start, 668);
    assert_int_equal(account.work_units[WORK_DECODE], 2000);
    assert_int_equal(account.work_cycles[WORK_DECODE], 668);
    assert_int_equal(account.cycles[ACTIVITY_INTERPRET][CAUSE_CMS], 668);
    const struct region_account *regions;
    assert_int_equal(machine_regions(rig->machine, &regions), 3);
    assert_int_equal(regions[2].cycles[ACTIVITY_INTERPRET], 334);
    hw_charge(rig->core, WORK_LINK, 1000000, 0); /* free */
    assert_int_equal(machine_cycle(rig->machine) - start, 668);
    rig_destroy(rig);
}

static void regions_and_gears(void **state)
{
    struct rig *rig = rig_create("");
    struct hw_region_info info = {.region = 5, .gear = 2, .tpc = RIG_CODE, .code_bytes = 40};
    hw_region(rig->core, REGION_BORN, &info);
    rig_load(rig, "nop\ncommit entry\nnop\nassert nz, f1\nexit chain, 0\nentry:\n.commit 0x1000, 4, 0, 2, 5\n");
    struct hw_exit exit = rig_run(rig);
    assert_int_equal(exit.region, 5);
    const struct region_account *regions;
    machine_regions(rig->machine, &regions);
    assert_int_equal(regions[5].executions, 1);
    assert_int_equal(regions[5].insns, 4);
    assert_int_equal(regions[5].iterations, 0);
    assert_int_equal(regions[5].cycles[ACTIVITY_GEAR2], 2); /* committed */
    assert_int_equal(regions[5].cycles[ACTIVITY_SQUASHED], 2);
    assert_int_equal(regions[5].cycles[ACTIVITY_ROLLBACK], 4);
    assert_int_equal(regions[5].rollbacks[HW_ASSERT], 1);
    assert_int_equal(rig_activity(rig, ACTIVITY_GEAR2), 2);
    assert_int_equal(rig_activity(rig, ACTIVITY_SQUASHED), 2);
    assert_int_equal(rig_activity(rig, ACTIVITY_ROLLBACK), 4);
    rig_load(rig, "nop\nexit hot, 0\n"); /* no commit: the account is found by place */
    exit = rig_run(rig);
    assert_int_equal(exit.region, 5);
    assert_int_equal(exit.reason, EXIT_HOT);
    assert_int_equal(rig_activity(rig, ACTIVITY_GEAR2), 4);
    hw_region(rig->core, REGION_EVICTED, &info);
    assert_int_equal(rig_run(rig).region, 0);
    machine_regions(rig->machine, &regions);
    assert_int_equal(regions[5].died_of, REGION_EVICTED);
    assert_true(regions[5].died_cycle > 0);
    rig_destroy(rig);
}

/* 10 cycles each; the memory accesses of interpreting belong to it. */
static void interpret_something(struct rig *rig, unsigned times)
{
    uint64_t value;
    hw_charge(rig->core, WORK_INTERPRET, times, 0);
    hw_load(rig->core, RIG_DATA, SIZE_32, true, &value);
    hw_charge(rig->core, WORK_SYSTEM, times, 0); /* not of interpreting */
    hw_charge(rig->core, WORK_EVICT, times, 3);
}

static void bear(struct rig *rig, uint32_t region, uint64_t spc, uint64_t context)
{
    hw_region(rig->core, REGION_BORN,
              &(struct hw_region_info){.region = region, .spc = spc, .context = context, .tpc = RIG_CODE + 64 * region,
                                       .code_bytes = 40});
}

static uint64_t interpreted_since(struct rig *rig, uint64_t *before)
{
    uint64_t now = rig_activity(rig, ACTIVITY_INTERPRET), cycles = now - *before;
    *before = now;
    return cycles;
}

/* What is interpreted goes to the translation that is made there next, or to the one that had rolled back. */
static void interpreting_is_told_of(void **state)
{
    struct rig *rig = rig_create("");
    rig->machine->config.cost_millicycles[WORK_INTERPRET] = 10000;
    rig->machine->config.cost_millicycles[WORK_SYSTEM] = 7000;
    rig->machine->config.cost_millicycles[WORK_EVICT] = 5000;
    uint64_t before = 0, rest[ACTIVITIES];
    interpret_something(rig, 3);
    uint64_t first = interpreted_since(rig, &before);
    assert_true(first > 30);
    hw_interpreted(rig->core, 0x1000, 1, 3, 0);
    interpret_something(rig, 4); /* another context: another place */
    uint64_t elsewhere = interpreted_since(rig, &before);
    hw_interpreted(rig->core, 0x1000, 2, 4, 0);
    interpret_something(rig, 5);
    uint64_t second = interpreted_since(rig, &before);
    hw_interpreted(rig->core, 0x1000, 1, 5, 0);
    bear(rig, 1, 0x1000, 1);
    interpret_something(rig, 6);
    uint64_t recovery = interpreted_since(rig, &before);
    hw_interpreted(rig->core, 0x1000, 1, 6, 1);
    interpret_something(rig, 7);
    uint64_t third = interpreted_since(rig, &before);
    hw_interpreted(rig->core, 0x1000, 1, 7, 0);
    bear(rig, 2, 0x1000, 1);
    bear(rig, 4, 0x5000, 1); /* where nothing was interpreted: all that was counts */
    interpret_something(rig, 8);
    uint64_t untold = interpreted_since(rig, &before);
    const struct region_account *regions;
    assert_int_equal(machine_regions(rig->machine, &regions), 5);
    assert_int_equal(regions[1].cycles[ACTIVITY_INTERPRET], first + second + recovery);
    assert_int_equal(regions[1].recovery_cycles, recovery);
    assert_int_equal(regions[1].interpreted_cycles, first + second);
    assert_int_equal(regions[1].interpreted_steps, 3 + 5);
    assert_int_equal(regions[2].cycles[ACTIVITY_INTERPRET], third);
    assert_int_equal(regions[2].recovery_cycles, 0);
    assert_int_equal(regions[2].interpreted_cycles, first + second + third);
    assert_int_equal(regions[2].interpreted_steps, 3 + 5 + 7);
    assert_int_equal(regions[3].cycles[ACTIVITY_EVICT], 5 * (3 + 4 + 5 + 6 + 7 + 8));
    assert_int_equal(regions[4].cycles[ACTIVITY_INTERPRET], 0);
    assert_int_equal(regions[4].interpreted_cycles, first + second + third + elsewhere);
    assert_int_equal(regions[4].interpreted_steps, 3 + 4 + 5 + 7);
    machine_unattributed(rig->machine, rest);
    assert_int_equal(rest[ACTIVITY_INTERPRET], elsewhere + untold);
    assert_int_equal(rest[ACTIVITY_SYSTEM], 7 * (3 + 4 + 5 + 6 + 7 + 8));
    assert_int_equal(rest[ACTIVITY_EVICT], 0);
    rig_destroy(rig);
}

/* More places than the first table has room for: each keeps its own. */
static void many_places(void **state)
{
    struct rig *rig = rig_create("");
    enum { PLACES = 3000 };
    rig->machine->config.cost_millicycles[WORK_INTERPRET] = 1000;
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < PLACES; i++) {
            hw_charge(rig->core, WORK_INTERPRET, i, 0);
            hw_interpreted(rig->core, 0x8048000 + i % 1000, i / 1000, 1, 0);
        }
    for (unsigned i = 0; i < PLACES; i++)
        hw_region(rig->core, REGION_BORN,
                  &(struct hw_region_info){.region = i + 1, .spc = 0x8048000 + i % 1000, .context = i / 1000});
    const struct region_account *regions;
    machine_regions(rig->machine, &regions);
    for (unsigned i = 0; i < PLACES; i++) assert_int_equal(regions[i + 1].cycles[ACTIVITY_INTERPRET], 2 * i);
    rig_destroy(rig);
}

static void named_counters(void **state)
{
    struct rig *rig = rig_create("");
    hw_count(rig->core, 3, 5);
    hw_count(rig->core, 3, 6);
    hw_count_name(rig->core, "CPUID");
    hw_count_name(rig->core, "CPU");
    hw_count_name(rig->core, "CPUID");
    const struct named_counter *counters;
    assert_int_equal(machine_cms_stats(rig->machine)[3], 11);
    assert_int_equal(machine_named_counters(rig->machine, &counters), 2);
    assert_string_equal(counters[0].name, "CPUID");
    assert_int_equal(counters[0].count, 2);
    assert_string_equal(counters[1].name, "CPU");
    assert_int_equal(counters[1].count, 1);
    RIG_EXPECT_PANIC(rig, hw_count(rig->core, CMS_STATS_MAX, 1));
    rig_destroy(rig);
}

/* Random programs on random machines: every cycle has an activity and a cause, and two runs are the same. */
static size_t random_program(struct prng *prng, char *text, size_t capacity)
{
    static const char *const bundles[] = {
        "ld.4 r33, user32 [r35]",
        "ld.4 r34, user32 [r36 + 64]",
        "ld.2 r33, user32 [r36 + 31]",
        "add.4 r33, r33, r34 ; f1.CPAZSO",
        "mul.4 r34, r33, r34",
        "divu.4 r34, r33, 7",
        "st.4 user32 [r35 + 8], r33, gated",
        "st.4 user32 [r36 + 4093], r34, gated",
        "and.4 r35, r33, 0xfff0",
        "add.4 r35, r35, r1",
        "add.4 r36, r36, 224 ; f2.CPAZSO",
        "and.4 r36, r36, 0x2ffff",
        "or.4 r36, r36, r1",
        "commit entry",
        "brc z, f1, out",
        "assert o, f1",
        "call 5, out",
        "ret r33",
        "jmpx r33",
        "br next%u\nnop\nnext%u:",
        "ld.4 r34, user32 [r35], protect 1",
        "st.1 user32 [r36 + 2], r33, check 2, gated",
        "st.4 concealed64 [r3 + 5], r34",
        "probe.4 user32 [r36]",
        "ldv.16 v40, user32 [r35]",
        "ldv.16 v41, user32 [r36 + 3]",
        "ldv.16 v42, user32 [r35 + 16], protect 1",
        "ldv.8 v40, user32 [r35 + 8]",
        "ldv.4 v42, user32 [r36 + 32]",
        "ldv.10 v41, user32 [r35 + 4]",
        "ldv.16 v41, user32 [r35 + 32], aligned",
        "stv.16 user32 [r35], v40, gated",
        "stv.16 user32 [r36 + 4085], v41, gated",
        "stv.16 user32 [r36], v42, check 2, gated",
        "stv.8 user32 [r35 + 24], v41, gated",
        "stv.4 user32 [r36 + 8], v40, gated",
        "stv.10 user32 [r36 + 16], v42, check 2, gated",
        "stv.16 concealed64 [r3 + 13], v40",
        "vadd.4 v40, v41, v42",
        "vmov v1, v40",
        "vfadd.ps v2, v40, v41, r3 ; f4",
        "fdiv v42, v40, v41, r3, 0 ; f4",
        "xmerge r33, r3, r3, f4",
    };
    size_t at = (size_t)snprintf(text, capacity, "mov.4 r35, r1\nmov.4 r36, r2\nmov.4 r37, %u\nagain:\n",
                                 1 + (unsigned)prng_below(prng, 20));
    for (unsigned i = 0; i < 24; i++) {
        const char *bundle = bundles[prng_below(prng, LENGTH(bundles))];
        at += (size_t)snprintf(text + at, capacity - at, bundle, i, i);
        at += (size_t)snprintf(text + at, capacity - at, "\n");
    }
    return at + (size_t)snprintf(text + at, capacity - at,
                                 "commit entry\nsub.4 r37, r37, 1 ; f3.CPAZSO\nbrc nz, f3, again\nout:\ncommit "
                                 "entry\nexit chain, 0\nentry:\n.commit 0x1000, 2, 0, 1, 1\n");
}

static void random_settings(struct prng *prng, char *text, size_t capacity)
{
    static const char *const settings[] = {
        "memory.l1d.perfect=false",
        "memory.l1i.perfect=false",
        "memory.l2.perfect=false",
        "memory.l2.size=0",
        "memory.tlb.perfect=false",
        "memory.tlb.entries=4",
        "memory.l1d.size=512; memory.l1d.ways=2",
        "memory.l1d.mshrs=1",
        "memory.l2.mshrs=1",
        "core.gate.entries=3",
        "core.gate.overflow=rollback",
        "core.gate.forward=false",
        "core.branch.predictor=gshare",
        "core.branch.predictor=static",
        "core.branch.wrong_path_fetch=true",
        "core.checkpoints=3",
        "core.commit.cycles=1",
        "memory.l1d.write=through",
        "core.dras.depth=2",
        "core.jtlb.entries=0",
        "memory.cost.unaligned=3",
        "core.interval.load=2",
        "core.interval.alu=2",
        "core.interval.vec=2",
        "core.latency.vec=1",
        "inject.rollback.odds=50",
        "inject.event.every=7",
        "memory.l1i.size=256; memory.l1i.ways=1",
        "core.alias.entries=2",
    };
    size_t at = (size_t)snprintf(text, capacity, "core.bundle_format=packed");
    for (unsigned i = 0; i < LENGTH(settings); i++)
        if (prng_below(prng, 3) == 0) at += (size_t)snprintf(text + at, capacity - at, ";%s", settings[i]);
}

struct outcome {
    struct machine_stats stats;
    struct machine_account account;
    struct hw_state state;
};

static void run_for(struct outcome *outcome, const char *settings, const char *program)
{
    struct rig *rig = rig_create(settings);
    rig_load(rig, program);
    for (unsigned i = 0; i < 20; i++) {
        uint64_t value;
        rig_run(rig);
        hw_load(rig->core, RIG_DATA + 129 * i, SIZE_32, true, &value);
        hw_store(rig->core, RIG_DATA + 0x3ffe + i, SIZE_32, true, value);
        hw_charge(rig->core, WORK_BOOT, i, 0);
        machine_collect(rig->machine, &outcome->stats, &outcome->account);
        assert_int_equal(sum_of(&outcome->account), machine_cycle(rig->machine));
    }
    const struct region_account *regions;
    uint64_t rest[ACTIVITIES];
    unsigned count = machine_regions(rig->machine, &regions);
    machine_unattributed(rig->machine, rest);
    for (unsigned activity = 0; activity < ACTIVITIES; activity++) {
        uint64_t cycles = 0;
        for (unsigned i = 1; i < count; i++) cycles += regions[i].cycles[activity];
        assert_int_equal(cycles + rest[activity], rig_activity(rig, activity));
        if (activity >= ACTIVITY_GEAR1 && activity <= ACTIVITY_ROLLBACK && count)
            assert_int_equal(rest[activity], regions[0].cycles[activity]);
    }
    assert_int_equal(rest[ACTIVITY_INTERPRET], rig_activity(rig, ACTIVITY_INTERPRET));
    uint64_t issued = 0;
    for (unsigned activity = ACTIVITY_GEAR1; activity <= ACTIVITY_SQUASHED; activity++)
        issued += outcome->account.cycles[activity][CAUSE_ISSUE];
    assert_int_equal(issued, outcome->stats.bundles);
    outcome->state = *hw_state(rig->core);
    rig_destroy(rig);
}

static void sums_equal_the_total(void **state)
{
    struct prng prng;
    prng_seed(&prng, 21);
    for (unsigned round = 0; round < 300; round++) {
        char program[4096], settings[2048];
        static struct outcome one, two;
        random_program(&prng, program, sizeof program);
        random_settings(&prng, settings, sizeof settings);
        run_for(&one, settings, program);
        run_for(&two, settings, program);
        assert_memory_equal(&one, &two, sizeof one);
    }
}

/* Accesses with 64-bit wrap have no fast handlers; where they lead to the same addresses, all figures are the same.
 * What depends on where code lies is left out: those atoms are longer. */
static void fast_and_slow_ways_agree(void **state)
{
    struct prng prng;
    prng_seed(&prng, 22);
    for (unsigned round = 0; round < 300; round++) {
        char program[4096], settings[2048];
        static struct outcome fast, slow;
        random_program(&prng, program, sizeof program);
        random_settings(&prng, settings, sizeof settings - 100);
        strcat(settings, ";memory.l1i.perfect=true;core.branch.predictor=static");
        run_for(&fast, settings, program);
        for (char *at = program; (at = strstr(at, "user32"));) memcpy(at, "user64", 6);
        run_for(&slow, settings, program);
        assert_memory_equal(&fast, &slow, sizeof fast);
    }
}

/* ---- making ---- */

static void contradictions_are_named(void **state)
{
    static const struct {
        const char *setting, *says;
    } wrong[] = {
        {"core.units=alu+mul+div load+store", "branch"},
        {"core.units=alu+mul+dive load+store branch", "dive"},
        {"memory.l1d.size=48KiB", "memory.l1d"},
        {"memory.l1d.line=24", "memory.l1d"},
        {"memory.l2.line=16", "memory.l2.line"},
        {"memory.tlb.entries=20; memory.tlb.ways=8", "memory.tlb"},
        {"core.jtlb.entries=10; core.jtlb.ways=4", "core.jtlb"},
        {"core.branch.entries=1000", "core.branch.entries"},
        {"core.units=alu alu alu alu alu alu alu alu alu alu alu alu alu alu alu alu alu", "more than 16"},
    };
    for (unsigned i = 0; i < LENGTH(wrong); i++) {
        struct machine_config config = {0};
        char error[256] = "";
        for (unsigned k = 0; k < machine_param_count; k++)
            rig_assign(&config.params, &machine_param_table[k], machine_param_table[k].dflt);
        assert_non_null(strstr(machine_param_table[0].path, "core."));
        struct machine *machine = i == 0 ? machine_create(&config, error, sizeof error) : NULL;
        if (i == 0) assert_non_null(machine); /* the defaults are a machine */
        machine_destroy(machine);
        rig_set_all(&config.params, wrong[i].setting);
        assert_null(machine_create(&config, error, sizeof error));
        if (!strstr(error, wrong[i].says)) fail_msg("%s", error);
    }
}

static void defaults_are_in_range(void **state)
{
    struct machine_params params;
    for (unsigned i = 0; i < machine_param_count; i++) {
        const struct param_desc *desc = &machine_param_table[i];
        rig_assign(&params, desc, desc->dflt);
        int64_t value;
        memcpy(&value, (char *)&params + desc->offset, sizeof value);
        if (desc->type == PARAM_TEXT || desc->type == PARAM_ENUM || desc->type == PARAM_BOOL) continue;
        if (value < desc->low || value > desc->high) fail_msg("%s", desc->path);
    }
}

static void context_word(void **state)
{
    struct rig *rig = rig_create("");
    struct hw_state *now = hw_state(rig->core);
    const uint64_t low = 0x002b002b0023002b, high = 0x0033002b; /* DS SS CS ES, GS FS: none is null */
    now->r[HOME_SEL_LOW] = low, now->r[HOME_SEL_HIGH] = high;
    uint64_t plain = hw_context(rig->core);
    assert_int_equal(plain & 0xffff, RIG_SPACE);
    assert_int_equal(plain >> 16, 3 | 1 << 2 | 1 << 3 | PAGING_TWO_LEVEL << 12);
    static const struct {
        unsigned home;
        uint64_t value;
        unsigned bit;
    } bits[] = {{HOME_EFL, 1 << 10, 21}, {HOME_EFL, 1 << 8, 26}, {HOME_EFL, 1 << 18, 27}, {HOME_ES_BASE, 16, 22},
                {HOME_CS_BASE, 16, 23},  {HOME_SS_BASE, 16, 24}, {HOME_DS_BASE, 16, 25}};
    for (unsigned i = 0; i < LENGTH(bits); i++) {
        now->r[bits[i].home] = bits[i].value;
        assert_true(hw_context(rig->core) == (plain | UINT64_C(1) << bits[i].bit));
        now->r[bits[i].home] = 0;
    }
    for (unsigned segment = 0; segment < 4; segment++) {
        static const uint8_t shift[] = {0, 48, 0, 16}; /* ES DS FS GS */
        uint64_t *selectors = &now->r[segment < 2 ? HOME_SEL_LOW : HOME_SEL_HIGH], held = *selectors;
        *selectors = (held & ~(UINT64_C(0xffff) << shift[segment])) | UINT64_C(3) << shift[segment];
        assert_true(hw_context(rig->core) == (plain | UINT64_C(1) << (46 + segment)));
        *selectors = held;
    }
    now->r[HOME_GS_BASE] = 0x1234;
    now->r[HOME_EFL] = 0x202;
    assert_true(hw_context(rig->core) == plain);
    rig_destroy(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(loads_and_stores),
                                       cmocka_unit_test(faults),
                                       cmocka_unit_test(alignment_check),
                                       cmocka_unit_test(fetches),
                                       cmocka_unit_test(remapping),
                                       cmocka_unit_test(dirty_bit_at_the_first_store),
                                       cmocka_unit_test(spaces_do_not_mix),
                                       cmocka_unit_test(nothing_is_seen_before_the_commit),
                                       cmocka_unit_test(commit_kinds),
                                       cmocka_unit_test(homes_behind_the_last_commit_are_a_bug),
                                       cmocka_unit_test(faults_roll_back),
                                       cmocka_unit_test(protection),
                                       cmocka_unit_test(writes_to_code_become_notices),
                                       cmocka_unit_test(patched_code_runs),
                                       cmocka_unit_test(inner_words_can_be_patched),
                                       cmocka_unit_test(decoded_forms_are_forgotten_when_full),
                                       cmocka_unit_test(targets_are_purged),
                                       cmocka_unit_test(rollback_restores_the_return_stack),
                                       cmocka_unit_test(returns_keep_their_context),
                                       cmocka_unit_test(events_at_commits),
                                       cmocka_unit_test(injections),
                                       cmocka_unit_test(charges_keep_the_remainder),
                                       cmocka_unit_test(regions_and_gears),
                                       cmocka_unit_test(interpreting_is_told_of),
                                       cmocka_unit_test(many_places),
                                       cmocka_unit_test(named_counters),
                                       cmocka_unit_test(sums_equal_the_total),
                                       cmocka_unit_test(fast_and_slow_ways_agree),
                                       cmocka_unit_test(contradictions_are_named),
                                       cmocka_unit_test(defaults_are_in_range),
                                       cmocka_unit_test(context_word)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
