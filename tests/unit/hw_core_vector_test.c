/* Vector registers in the core: wide loads and stores wherever they lie, forwarding between stores and loads of other
 * sizes, the gate, aliases, protection, commit and rollback, statuses and their merging, latencies. What random bundles
 * compute is hw_core_bundle_test.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "hwsim/float/float.h"
#include "tests/unit/hw_core_support.h"

#define ENTRY "entry:\n.commit 0x1000, 1\n"
#define LEAVE "exit chain, 0\n" ENTRY
#define END   "commit entry\n" LEAVE

static const unsigned sizes[] = {4, 8, 10, 16};

static struct hw_exit run_text(struct rig *rig, const char *text)
{
    rig_load(rig, text);
    return rig_run(rig);
}

static struct vreg *vector(struct rig *rig, unsigned number) { return &hw_state(rig->core)->v[number]; }

static void expect_vector(struct rig *rig, unsigned number, uint64_t low, uint64_t high)
{
    assert_int_equal(vector(rig, number)->half[0], low);
    assert_int_equal(vector(rig, number)->half[1], high);
}

/* Sets a home and makes it the checkpoint's. */
static void set_vector(struct rig *rig, unsigned number, uint64_t low, uint64_t high)
{
    *vector(rig, number) = (struct vreg){{low, high}};
    hw_commit(rig->core, 0, 0, ~UINT64_C(0), true);
}

static uint8_t peek_byte(struct rig *rig, uint64_t linear)
{
    uint8_t byte;
    assert_true(physical_read(rig->physical, rig_physical(rig, linear), &byte, 1));
    return byte;
}
static void poke_byte(struct rig *rig, uint64_t linear, uint8_t byte)
{
    assert_true(physical_write(rig->physical, rig_physical(rig, linear), &byte, 1));
}

/* ---- loads and stores alone ---- */

/* Every size at every distance from the end of a line and of a page, the fast way and the slow way. */
static void loads_wherever_they_lie(void **state)
{
    struct rig *rig = rig_create("");
    for (unsigned i = 0; i < 2 * PAGE_BYTES; i++) poke_byte(rig, RIG_DATA + i, (uint8_t)(i * 7 + i / 256));
    for (unsigned s = 0; s < LENGTH(sizes) * 2; s++) {
        char text[256];
        snprintf(text, sizeof text, "ldv.%u v40, user%u [r4]\n" LEAVE, sizes[s / 2], s % 2 ? 64 : 32);
        for (uint64_t offset = 0; offset < PAGE_BYTES + 16; offset += offset == 70 ? PAGE_BYTES - 90 : 1) {
            uint8_t expected[16] = {0};
            hw_state(rig->core)->r[4] = RIG_DATA + offset;
            for (unsigned i = 0; i < sizes[s / 2]; i++) expected[i] = peek_byte(rig, RIG_DATA + offset + i);
            assert_int_equal(run_text(rig, text).kind, HW_EXIT);
            assert_memory_equal(vector(rig, 40), expected, sizeof expected);
        }
    }
    rig_destroy(rig);
}

static void stores_wherever_they_lie(void **state)
{
    struct rig *rig = rig_create("");
    set_vector(rig, 1, UINT64_C(0x8877665544332211), UINT64_C(0x00ffeeddccbbaa99));
    for (unsigned s = 0; s < LENGTH(sizes) * 3; s++) {
        static const char *const ways[] = {"user32 [r4], v1, gated", "user64 [r4], v1, gated", "user32 [r4], v1"};
        char text[256];
        unsigned bytes = sizes[s / 3];
        snprintf(text, sizeof text, "stv.%u %s\n" END, bytes, ways[s % 3]);
        for (uint64_t offset = 16; offset < PAGE_BYTES + 16; offset += offset == 70 ? PAGE_BYTES - 90 : 1) {
            uint64_t at = RIG_DATA + offset;
            for (unsigned i = 0; i < 48; i++) poke_byte(rig, at - 16 + i, 0xa5);
            hw_state(rig->core)->r[4] = at;
            assert_int_equal(run_text(rig, text).kind, HW_EXIT);
            for (unsigned i = 0; i < 48; i++) {
                bool inside = i >= 16 && i < 16 + bytes;
                uint8_t expected = inside ? ((uint8_t *)vector(rig, 1))[i - 16] : 0xa5;
                assert_int_equal(peek_byte(rig, at - 16 + i), expected);
            }
        }
    }
    rig_destroy(rig);
}

/* A wide access is one load or store, whichever way it goes. */
static void accesses_count_once(void **state)
{
    for (unsigned s = 0; s < LENGTH(sizes); s++) {
        struct rig *rig = rig_create("");
        char text[512];
        snprintf(text, sizeof text,
                 "ldv.%1$u v40, user32 [r1]\nldv.%1$u v41, user64 [r1 + 16]\nldv.%1$u v41, user32 [r1 + 1]\n"
                 "stv.%1$u user32 [r1 + 32], v40, gated\nstv.%1$u user32 [r2 - 3], v40, gated\n" END,
                 sizes[s]);
        assert_int_equal(run_text(rig, text).kind, HW_EXIT);
        struct machine_stats stats = rig_stats(rig);
        assert_int_equal(stats.loads, 3);
        assert_int_equal(stats.stores, 2);
        assert_int_equal(stats.unaligned, 1);
        assert_int_equal(stats.page_crosses, 1);
        assert_int_equal(stats.line_crosses, 0);
        rig_destroy(rig);
    }
}

/* Ten bytes are aligned where they lie within 16 that are. */
static void extended_values_lie_within_sixteen(void **state)
{
    struct rig *rig = rig_create("");
    run_text(rig, "ldv.10 v40, user32 [r1]\nldv.10 v40, user32 [r1 + 4]\n" LEAVE);
    assert_int_equal(rig_stats(rig).unaligned, 0);
    run_text(rig, "ldv.10 v40, user32 [r1 + 8]\nldv.10 v40, user32 [r1 + 2]\nldv.10 v40, user32 [r1 + 56]\n" LEAVE);
    assert_int_equal(rig_stats(rig).unaligned, 2);
    assert_int_equal(rig_stats(rig).line_crosses, 1);
    rig_destroy(rig);
}

static void expect_general_protection(struct rig *rig, const char *text)
{
    struct hw_exit exit = run_text(rig, text);
    assert_int_equal(exit.kind, HW_FAULT);
    assert_int_equal(exit.fault.vector, 13);
    assert_int_equal(exit.fault.error, 0);
}

static void alignment_is_checked_where_asked(void **state)
{
    struct rig *rig = rig_create("");
    set_vector(rig, 1, 1, 2);
    for (unsigned s = 0; s < LENGTH(sizes); s++) {
        for (unsigned offset = 0; offset < 32; offset++) {
            char load[128], store[128];
            snprintf(load, sizeof load, "ldv.%u v40, user32 [r1 + %u], aligned\n" LEAVE, sizes[s], offset);
            snprintf(store, sizeof store, "stv.%u user32 [r1 + %u], v1, aligned, gated\n" END, sizes[s], offset);
            if (offset % 16) {
                expect_general_protection(rig, load);
                expect_general_protection(rig, store);
            } else {
                assert_int_equal(run_text(rig, load).kind, HW_EXIT);
                assert_int_equal(run_text(rig, store).kind, HW_EXIT);
            }
        }
    }
    /* before any page is looked at (SDM vol. 3, 6.9: general protection goes before page faults) */
    expect_general_protection(rig, "ldv.16 v40, user32 [r3], aligned\n" LEAVE);
    rig_destroy(rig);
}

static void faults_name_the_page(void **state)
{
    struct rig *rig = rig_create("");
    hw_state(rig->core)->r[4] = RIG_DATA + RIG_PAGES * PAGE_BYTES - 7;
    struct hw_exit exit = run_text(rig, "ldv.16 v40, user32 [r4]\n" LEAVE);
    assert_int_equal(exit.kind, HW_FAULT);
    assert_int_equal(exit.fault.vector, 14);
    assert_int_equal(exit.fault.address, RIG_DATA + RIG_PAGES * PAGE_BYTES);
    exit = run_text(rig, "stv.10 user32 [r4], v40, gated\n" LEAVE);
    assert_int_equal(exit.fault.vector, 14);
    assert_int_equal(exit.fault.error, PF_USER | PF_WRITE);
    assert_int_equal(exit.fault.address, RIG_DATA + RIG_PAGES * PAGE_BYTES);
    assert_int_equal(run_text(rig, "ldv.4 v40, user32 [r4]\n" LEAVE).kind, HW_EXIT);
    rig_destroy(rig);
}

/* Bytes 0x80..0xff of the page hold code that was translated. */
static void protected_chunks_refuse_any_byte(void **state)
{
    struct rig *rig = rig_create("");
    static const struct {
        unsigned bytes, offset;
        bool refused;
    } stores[] = {{16, 0x70, false}, {16, 0x71, true},   {10, 0x76, false}, {10, 0x77, true}, {8, 0x78, false},
                  {8, 0x79, true},   {16, 0x100, false}, {16, 0xff, true},  {4, 0xfc, true},  {16, 0x90, true}};
    for (unsigned i = 0; i < LENGTH(stores); i++) {
        char text[128];
        snprintf(text, sizeof text, "stv.%u user32 [r1 + %u], v1, gated\n" END, stores[i].bytes, stores[i].offset);
        hw_protect(rig->core, rig_physical(rig, RIG_DATA) >> PAGE_BITS, 0);
        assert_int_equal(run_text(rig, text).kind, HW_EXIT);
        hw_protect(rig->core, rig_physical(rig, RIG_DATA) >> PAGE_BITS, 2);
        assert_int_equal(run_text(rig, text).kind, stores[i].refused ? HW_PROTECT : HW_EXIT);
    }
    rig_destroy(rig);
}

/* ---- the gate ---- */

/* An entry holds eight bytes of one page: sixteen take two, over a page two or three. */
static void wide_stores_take_entries(void **state)
{
    static const struct {
        const char *entries, *text;
        enum hw_exit_kind kind;
    } cases[] = {
        {"core.gate.entries=1", "stv.8 user32 [r1], v1, gated\n" END, HW_EXIT},
        {"core.gate.entries=1", "stv.16 user32 [r1], v1, gated\n" END, HW_GATE},
        {"core.gate.entries=1", "stv.10 user32 [r1], v1, gated\n" END, HW_GATE},
        {"core.gate.entries=2", "stv.16 user32 [r1], v1, gated\n" END, HW_EXIT},
        {"core.gate.entries=2", "stv.16 user64 [r1], v1, gated\n" END, HW_EXIT},
        {"core.gate.entries=2", "stv.16 user32 [r1 + 1], v1, gated\n" END, HW_EXIT},
        {"core.gate.entries=2", "stv.16 user32 [r2 - 8], v1, gated\n" END, HW_EXIT},
        {"core.gate.entries=2", "stv.16 user32 [r2 - 3], v1, gated\n" END, HW_GATE},
        {"core.gate.entries=3", "stv.16 user32 [r2 - 3], v1, gated\n" END, HW_EXIT},
        {"core.gate.entries=2", "stv.8 user32 [r1], v1, gated\nstv.16 user32 [r1 + 16], v1, gated\n" END, HW_GATE},
        {"core.gate.entries=3", "stv.8 user32 [r1], v1, gated\nstv.16 user32 [r1 + 16], v1, gated\n" END, HW_EXIT},
        {"core.gate.entries=3", "stv.16 user32 [r1 + 16], v1, gated\nstv.16 user32 [r1 + 16], v1, gated\n" END,
         HW_GATE},
    };
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        struct rig *rig = rig_create(cases[i].entries);
        set_vector(rig, 1, 1, 2);
        struct hw_exit exit = run_text(rig, cases[i].text);
        if (exit.kind != cases[i].kind) fail_msg("case %u ends with %u", i, exit.kind);
        assert_int_equal(rig_stats(rig).rollback_gate, exit.kind == HW_GATE);
        uint32_t stored = rig_peek(rig, RIG_DATA) | rig_peek(rig, RIG_DATA + 16) | rig_peek(rig, RIG_DATA + 4092);
        if (exit.kind == HW_GATE) assert_int_equal(stored, 0); /* half a store is none */
        rig_destroy(rig);
    }
}

/* Committed stores make room: the machine waits for them to reach the cache. */
static void wide_stores_wait_for_room(void **state)
{
    struct rig *rig = rig_create("core.gate.entries=3; memory.l1d.perfect=false");
    set_vector(rig, 1, 0x11, 0x22);
    run_text(rig, "stv.16 user32 [r1], v1, gated | commit entry\nstv.16 user32 [r1 + 16], v1, gated | commit entry\n"
                  "stv.16 user32 [r2 - 4], v1, gated\n" END);
    assert_int_equal(rig_peek(rig, RIG_DATA + 8), 0x22);
    assert_int_equal(rig_peek(rig, RIG_DATA + 16), 0x11);
    assert_int_equal(rig_peek(rig, RIG_DATA + 24), 0x22);
    assert_int_equal(rig_peek(rig, RIG_DATA + PAGE_BYTES - 4), 0x11);
    assert_int_equal(rig_peek(rig, RIG_DATA + PAGE_BYTES + 4), 0x22);
    assert_int_equal(rig_stats(rig).gate_full, 1); /* the third finds it drained */
    assert_true(rig_cause(rig, CAUSE_STORE) > 0);
    assert_int_equal(rig_stats(rig).stores, 3);
    assert_int_equal(rig_stats(rig).gate_peak, 3);
    rig_destroy(rig);
}

/* ---- forwarding ---- */

/* Memory holds 0xee; what the stores have gated, the load sees. Then the same with the stores committed. */
static void expect_forwarding(const char *stores, const char *load, uint64_t low, uint64_t high, unsigned forwards,
                              unsigned mixed)
{
    for (unsigned committed = 0; committed < 2; committed++) {
        struct rig *rig = rig_create("");
        char text[512];
        set_vector(rig, 1, UINT64_C(0x1716151413121110), UINT64_C(0x1f1e1d1c1b1a1918));
        set_vector(rig, 2, UINT64_C(0x2726252423222120), UINT64_C(0x2f2e2d2c2b2a2928));
        hw_state(rig->core)->r[6] = 0x33323130;
        hw_commit(rig->core, 0, 0, ~UINT64_C(0), true);
        for (unsigned i = 0; i < 64; i++) poke_byte(rig, RIG_DATA + i, 0xee);
        snprintf(text, sizeof text, "%s%s%s\n" LEAVE, stores, committed ? "commit entry\n" : "", load);
        assert_int_equal(run_text(rig, text).kind, HW_EXIT);
        expect_vector(rig, 40, low, high);
        assert_int_equal(rig_stats(rig).forwards, forwards);
        assert_int_equal(rig_stats(rig).forwards_mixed, mixed);
        rig_destroy(rig);
    }
}

static void forwarding(void **state)
{
    const uint64_t ee = UINT64_C(0xeeeeeeeeeeeeeeee);
    /* all of it, from the two entries of one store */
    expect_forwarding("stv.16 user32 [r1], v1, gated\n", "ldv.16 v40, user32 [r1]", UINT64_C(0x1716151413121110),
                      UINT64_C(0x1f1e1d1c1b1a1918), 1, 1);
    /* either half of a wide store */
    expect_forwarding("stv.16 user32 [r1], v1, gated\n", "ldv.8 v40, user32 [r1 + 8]", UINT64_C(0x1f1e1d1c1b1a1918), 0,
                      1, 0);
    expect_forwarding("stv.16 user32 [r1], v1, gated\n", "ldv.4 v40, user32 [r1 + 4]", 0x17161514, 0, 1, 0);
    expect_forwarding("stv.16 user32 [r1], v1, gated\n", "ldv.8 v40, user32 [r1 + 4]", UINT64_C(0x1b1a191817161514), 0,
                      1, 1);
    /* a wide load over two narrow stores, and over a word in the middle; the younger store wins */
    expect_forwarding("stv.8 user32 [r1], v1, gated\nstv.8 user32 [r1 + 8], v2, gated\n", "ldv.16 v40, user32 [r1]",
                      UINT64_C(0x1716151413121110), UINT64_C(0x2726252423222120), 1, 1);
    expect_forwarding("st.4 user32 [r1 + 6], r6, gated\n", "ldv.16 v40, user32 [r1]", UINT64_C(0x3130eeeeeeeeeeee),
                      UINT64_C(0xeeeeeeeeeeee3332), 1, 1);
    expect_forwarding("stv.16 user32 [r1], v1, gated\nst.4 user32 [r1 + 8], r6, gated\n", "ldv.16 v40, user32 [r1]",
                      UINT64_C(0x1716151413121110), UINT64_C(0x1f1e1d1c33323130), 1, 1);
    expect_forwarding("st.4 user32 [r1 + 8], r6, gated\nstv.16 user32 [r1], v1, gated\n", "ldv.16 v40, user32 [r1]",
                      UINT64_C(0x1716151413121110), UINT64_C(0x1f1e1d1c1b1a1918), 1, 1);
    /* one byte at the far end, in the last of three granules */
    expect_forwarding("st.1 user32 [r1 + 18], r6, gated\n", "ldv.16 v40, user32 [r1 + 3]", ee,
                      UINT64_C(0x30eeeeeeeeeeeeee), 1, 1);
    expect_forwarding("st.1 user32 [r1 + 10], r6, gated\n", "ldv.16 v40, user32 [r1 + 3]", UINT64_C(0x30eeeeeeeeeeeeee),
                      ee, 1, 1);
    /* extended values */
    expect_forwarding("stv.10 user32 [r1 + 2], v1, gated\n", "ldv.10 v40, user32 [r1 + 2]",
                      UINT64_C(0x1716151413121110), 0x1918, 1, 1);
    expect_forwarding("stv.10 user32 [r1 + 2], v1, gated\n", "ldv.16 v40, user32 [r1]", UINT64_C(0x151413121110eeee),
                      UINT64_C(0xeeeeeeee19181716), 1, 1);
    expect_forwarding("stv.10 user32 [r1], v1, gated\n", "ldv.8 v40, user32 [r1]", UINT64_C(0x1716151413121110), 0, 1,
                      0);
    /* beside it */
    expect_forwarding("stv.16 user32 [r1], v1, gated\n", "ldv.16 v40, user32 [r1 + 16]", ee, ee, 0, 0);
    expect_forwarding("stv.10 user32 [r1], v1, gated\n", "ldv.4 v40, user32 [r1 + 10]", 0xeeeeeeee, 0, 0, 0);
}

static void forwarding_over_pages(void **state)
{
    struct rig *rig = rig_create("");
    set_vector(rig, 1, UINT64_C(0x1716151413121110), UINT64_C(0x1f1e1d1c1b1a1918));
    run_text(rig, "stv.16 user32 [r2 - 5], v1, gated\nldv.16 v40, user32 [r2 - 5]\nldv.8 v41, user32 [r2]\n"
                  "ldv.4 v42, user32 [r2 - 2]\n" LEAVE);
    expect_vector(rig, 40, UINT64_C(0x1716151413121110), UINT64_C(0x1f1e1d1c1b1a1918));
    expect_vector(rig, 41, UINT64_C(0x1c1b1a1918171615), 0);
    expect_vector(rig, 42, 0x16151413, 0);
    rig_destroy(rig);
}

/* Without forwarding hardware a load of gated bytes is refused. */
static void no_forwarding(void **state)
{
    struct rig *rig = rig_create("core.gate.forward=false");
    assert_int_equal(run_text(rig, "stv.16 user32 [r1], v1, gated\nldv.4 v40, user32 [r1 + 12]\n" LEAVE).kind, HW_GATE);
    assert_int_equal(run_text(rig, "st.1 user32 [r1 + 9], r3, gated\nldv.16 v40, user32 [r1]\n" LEAVE).kind, HW_GATE);
    assert_int_equal(run_text(rig, "stv.16 user32 [r1], v1, gated\nldv.16 v40, user32 [r1 + 16]\n" LEAVE).kind,
                     HW_EXIT);
    rig_destroy(rig);
}

/* ---- aliases ---- */

static void aliases_have_width(void **state)
{
    static const struct {
        const char *load, *store;
        bool hit;
    } cases[] = {
        {"ldv.16 v40, user32 [r1], protect 3", "st.1 user32 [r1 + 15], r3, check 8, gated", true},
        {"ldv.16 v40, user32 [r1], protect 3", "st.1 user32 [r1 + 16], r3, check 8, gated", false},
        {"ldv.16 v40, user32 [r1], protect 3", "st.1 user32 [r1 + 15], r3, check 4, gated", false},
        {"ldv.10 v40, user32 [r1 + 2], protect 3", "st.1 user32 [r1 + 11], r3, check 8, gated", true},
        {"ldv.10 v40, user32 [r1 + 2], protect 3", "st.1 user32 [r1 + 12], r3, check 8, gated", false},
        {"ld.1 r33, user32 [r1 + 47], protect 3", "stv.16 user32 [r1 + 32], v1, check 8, gated", true},
        {"ld.1 r33, user32 [r1 + 48], protect 3", "stv.16 user32 [r1 + 32], v1, check 8, gated", false},
        {"ld.1 r33, user32 [r1 + 31], protect 3", "stv.16 user32 [r1 + 32], v1, check 8, gated", false},
        {"ld.1 r33, user32 [r1 + 41], protect 3", "stv.10 user32 [r1 + 32], v1, check 8, gated", true},
        {"ld.1 r33, user32 [r1 + 42], protect 3", "stv.10 user32 [r1 + 32], v1, check 8, gated", false},
        {"ldv.16 v40, user32 [r2 - 8], protect 3", "stv.4 user32 [r2 + 4], v1, check 8, gated", true},
        {"ldv.16 v40, user32 [r2 - 8], protect 3", "stv.4 user32 [r2 + 8], v1, check 8, gated", false},
        {"ldv.4 v40, user32 [r2 + 4], protect 3", "stv.16 user32 [r2 - 8], v1, check 8, gated", true},
        {"ldv.4 v40, user32 [r2 + 8], protect 3", "stv.16 user32 [r2 - 8], v1, check 8, gated", false},
        {"ldv.16 v40, user64 [r1], protect 3", "stv.8 user32 [r1 + 8], v1, check 8, gated", true},
        {"ldv.16 v40, user32 [r1], protect 3", "stv.8 user64 [r1 + 8], v1, check 8, gated", true},
    };
    struct rig *rig = rig_create("");
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        char text[256];
        uint64_t checks = rig_stats(rig).alias_checks, arms = rig_stats(rig).alias_arms;
        snprintf(text, sizeof text, "%s\n%s\n" END, cases[i].load, cases[i].store);
        if (run_text(rig, text).kind != (cases[i].hit ? HW_ALIAS : HW_EXIT)) fail_msg("case %u", i);
        assert_int_equal(rig_stats(rig).alias_checks, checks + 1);
        assert_int_equal(rig_stats(rig).alias_arms, arms + 1);
        snprintf(text, sizeof text, "%s | %s\n" END, cases[i].load, cases[i].store); /* the check comes first */
        struct rig *wide = rig_create("core.units=alu+mul+div+vec+load+store load+store branch");
        assert_int_equal(run_text(wide, text).kind, HW_EXIT);
        rig_destroy(wide);
    }
    rig_destroy(rig);
}

/* ---- bundles, commit, rollback ---- */

static void two_registers_swap(void **state)
{
    struct rig *rig = rig_create("core.units=vec vec+load+store vec+alu+mul+div+store branch");
    set_vector(rig, 40, 1, 2), set_vector(rig, 41, 3, 4), set_vector(rig, 42, 5, 6);
    run_text(rig, "vmov v40, v41 | vmov v41, v40\n" LEAVE);
    expect_vector(rig, 40, 3, 4);
    expect_vector(rig, 41, 1, 2);
    run_text(rig, "vmov v40, v41 | vmov v41, v42 | vmov v42, v40\n" LEAVE);
    expect_vector(rig, 40, 1, 2);
    expect_vector(rig, 41, 5, 6);
    expect_vector(rig, 42, 3, 4);
    /* a store reads what its bundle overwrites, and a load does not see it */
    run_text(rig, "ldv.16 v40, user32 [r1] | stv.16 user32 [r1], v40, gated | vmov v41, v40\n"
                  "ldv.16 v42, user32 [r1]\n" LEAVE);
    expect_vector(rig, 40, 0, 0);
    expect_vector(rig, 41, 1, 2);
    expect_vector(rig, 42, 1, 2);
    rig_destroy(rig);
}

/* v0-v31 are shadowed, v32-v63 not; only those written since the checkpoint have to be copied. */
static void rollback_restores_the_shadowed_half(void **state)
{
    struct rig *rig = rig_create("");
    for (unsigned i = 0; i < VREG_COUNT; i++) *vector(rig, i) = (struct vreg){{i, 100 + i}};
    hw_commit(rig->core, 0, 0, ~UINT64_C(0), true);
    set_vector(rig, 63, 7, 8);
    char text[4096] = "";
    size_t at = 0;
    for (unsigned i = 0; i < 63; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "vmov v%u, v63\n", i);
        if (i == 20) at += (size_t)snprintf(text + at, sizeof text - at, "commit entry\n");
    }
    snprintf(text + at, sizeof text - at, "ldv.16 v21, user32 [r3]\n" LEAVE);
    assert_int_equal(run_text(rig, text).kind, HW_FAULT);
    for (unsigned i = 0; i <= 20; i++) expect_vector(rig, i, 7, 8);
    for (unsigned i = 21; i < VREG_TEMP_FIRST; i++) expect_vector(rig, i, i, 100 + i);
    for (unsigned i = VREG_SHADOWED; i < 63; i++) expect_vector(rig, i, 7, 8);
    rig_destroy(rig);
}

/* A result on its way belongs to both copies: what was begun before the commit survives a rollback behind it. */
static void late_results_write_both_copies(void **state)
{
    struct rig *rig = rig_create("core.latency.fp=30");
    hw_state(rig->core)->r[HOME_FCW] = 0x37f;
    set_vector(rig, 16, UINT64_C(0x8000000000000000), 0x3fff); /* 1.0 */
    run_text(rig, "fadd v16, v16, v16, r26, 0 | commit entry\nldv.16 v40, user32 [r3]\n" LEAVE);
    expect_vector(rig, 16, UINT64_C(0x8000000000000000), 0x4000); /* 2.0 */
    hw_rollback(rig->core);
    expect_vector(rig, 16, UINT64_C(0x8000000000000000), 0x4000);
    /* and what rolls back is not waited for */
    uint64_t waited = rig_cause(rig, CAUSE_DEPENDENCE);
    run_text(rig, "fadd v16, v16, v16, r26, 0\nldv.16 v40, user32 [r3]\n" LEAVE);
    run_text(rig, "vmov v40, v16\n" LEAVE);
    expect_vector(rig, 40, UINT64_C(0x8000000000000000), 0x4000);
    assert_int_equal(rig_cause(rig, CAUSE_DEPENDENCE), waited);
    rig_destroy(rig);
}

/* ---- statuses ---- */

/* 1/0, 0/0 and 1/3 leave ZE, IE and PE, each in a flag register of its own. */
#define QUOTIENTS "fdiv v40, v16, v17, r26, 0 ; f1\nfdiv v41, v17, v17, r26, 0 ; f2\nfdiv v42, v16, v18, r26, 0 ; f7\n"

static struct rig *float_rig(uint64_t fcw)
{
    struct rig *rig = rig_create("core.units=alu+mul+div alu+fp+fdiv+ftrig+vec load+store branch");
    hw_state(rig->core)->r[HOME_FCW] = fcw;
    hw_state(rig->core)->r[HOME_FSW] = 0x4700;
    hw_state(rig->core)->r[HOME_MXCSR] = 0x1f80;
    set_vector(rig, 16, UINT64_C(0x8000000000000000), 0x3fff); /* 1.0 */
    set_vector(rig, 17, 0, 0);                                 /* 0.0 */
    set_vector(rig, 18, UINT64_C(0xc000000000000000), 0x4000); /* 3.0 */
    return rig;
}

static void statuses_are_renamed(void **state)
{
    struct rig *rig = float_rig(0x37f);
    assert_int_equal(run_text(rig, QUOTIENTS "gets r33, f7\ngets r34, f2\ngets r35, f1\n" LEAVE).kind, HW_EXIT);
    assert_int_equal(hw_state(rig->core)->r[33] & FLOAT_EXCEPTIONS, FLOAT_PE);
    assert_int_equal(hw_state(rig->core)->r[34] & FLOAT_EXCEPTIONS, FLOAT_IE);
    assert_int_equal(hw_state(rig->core)->r[35] & FLOAT_EXCEPTIONS, FLOAT_ZE);
    rig_destroy(rig);
}

/* Exceptions stick; of the conditions those that the immediate names are replaced. */
static void merging(void **state)
{
    struct rig *rig = float_rig(0x37f);
    run_text(rig, QUOTIENTS "fmerge r27, r27, r26, 0, f1\nfmerge r33, r27, r26, 2, f2\n"
                            "fmerge r34, r33, r26, 15, f7\nfmerge r35, r33, r26, 9, f2\n" END);
    assert_int_equal(hw_state(rig->core)->r[HOME_FSW], 0x4700 | FLOAT_ZE);
    assert_int_equal(hw_state(rig->core)->r[33], 0x4500 | FLOAT_ZE | FLOAT_IE);
    assert_int_equal(hw_state(rig->core)->r[34], 0x0200 | FLOAT_ZE | FLOAT_IE | FLOAT_PE); /* 1/3 is rounded up: C1 */
    assert_int_equal(hw_state(rig->core)->r[35], 0x0400 | FLOAT_ZE | FLOAT_IE);
    run_text(rig, "vfdiv.ss v40, v16, v17, r31 ; f3\nxmerge r31, r31, r31, f3\n" END);
    assert_int_equal(hw_state(rig->core)->r[HOME_MXCSR] & ~(uint64_t)FLOAT_EXCEPTIONS, 0x1f80);
    rig_destroy(rig);
}

/* An unmasked exception undoes the region, and the interpreter does the instruction. */
static void merging_rolls_back(void **state)
{
    struct rig *rig = float_rig(0x37f & ~(uint64_t)FLOAT_ZE);
    assert_int_equal(
        run_text(rig, QUOTIENTS "vmov v1, v42\nfmerge r27, r27, r26, 2, f7\nfmerge r27, r27, r26, 0, f2\n" END).kind,
        HW_EXIT);
    assert_int_equal(hw_state(rig->core)->r[HOME_FSW], 0x4700 | FLOAT_PE | FLOAT_IE);
    assert_int_equal(
        run_text(rig, QUOTIENTS "vmov v1, v40\nstv.16 user32 [r1], v40, gated\nfmerge r27, r27, r26, 0, f1\n" END).kind,
        HW_ASSERT);
    assert_int_equal(hw_state(rig->core)->r[HOME_FSW], 0x4700 | FLOAT_PE | FLOAT_IE);
    assert_int_not_equal(vector(rig, 1)->half[1], 0x7fff); /* not 1/0's infinity */
    assert_int_equal(rig_peek(rig, RIG_DATA + 4), 0);
    assert_int_equal(rig_stats(rig).rollback_assert, 1);
    /* SSE's masks are MXCSR's own: bits 12..7 */
    hw_state(rig->core)->r[HOME_MXCSR] = 0x1f80 & ~((uint64_t)FLOAT_PE << 7);
    set_vector(rig, 1, 0x3f800000, 0), set_vector(rig, 2, 0x40400000, 0); /* 1.0f, 3.0f */
    assert_int_equal(run_text(rig, "vfdiv.ss v40, v1, v2, r31 ; f3\nxmerge r31, r31, r31, f3\n" END).kind, HW_ASSERT);
    assert_int_equal(run_text(rig, "vfdiv.ss v40, v1, v1, r31 ; f3\nxmerge r31, r31, r31, f3\n" END).kind, HW_EXIT);
    rig_destroy(rig);
}

/* ---- latencies ---- */

static void exposed_latencies(void **state)
{
    static const char *const wrong[] = {
        "ldv.16 v40, user32 [r1]\nnop\nvmov v41, v40\n" LEAVE,
        "fadd v40, v16, v16, r26, 0\nnop\nvmov v41, v40\n" LEAVE,
        "fadd v40, v16, v16, r26, 0\nvmov v40, v41\n" LEAVE, /* written again too soon */
        "fadd v40, v16, v16, r26, 0 ; f1\nnop\ngets r33, f1\n" LEAVE,
        "vadd.4 v40, v41, v42\nvmov v41, v40\n" LEAVE,
        "vext.4 r33, v40, 0\nadd.4 r34, r33, 1\n" LEAVE,
        "vfrom.4 v40, r3\nstv.4 user32 [r1], v40, gated\n" END,
    };
    static const char *const right[] = {
        "ldv.16 v40, user32 [r1]\nnop\nnop\nvmov v41, v40\nnop\n" LEAVE,
        "fadd v40, v16, v16, r26, 0 ; f1\nnop\nnop\nvmov v41, v40 | gets r33, f1\nnop\n" LEAVE,
        "vext.4 r33, v40, 0\nnop\nadd.4 r34, r33, 1\n" LEAVE,
        "vadd.4 v40, v41, v42 | ldv.16 v41, user32 [r1]\nnop\nvmov v42, v40\nnop\n" LEAVE,
    };
    struct rig *rig = rig_create("core.interlocks=exposed");
    for (unsigned i = 0; i < LENGTH(wrong); i++) {
        rig_load(rig, wrong[i]);
        RIG_EXPECT_PANIC(rig, rig_run(rig));
    }
    rig_destroy(rig);
    rig = rig_create("core.interlocks=exposed");
    for (unsigned i = 0; i < LENGTH(right); i++) assert_int_equal(run_text(rig, right[i]).kind, HW_EXIT);
    rig_destroy(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_wherever_they_lie),
        cmocka_unit_test(stores_wherever_they_lie),
        cmocka_unit_test(accesses_count_once),
        cmocka_unit_test(extended_values_lie_within_sixteen),
        cmocka_unit_test(alignment_is_checked_where_asked),
        cmocka_unit_test(faults_name_the_page),
        cmocka_unit_test(protected_chunks_refuse_any_byte),
        cmocka_unit_test(wide_stores_take_entries),
        cmocka_unit_test(wide_stores_wait_for_room),
        cmocka_unit_test(forwarding),
        cmocka_unit_test(forwarding_over_pages),
        cmocka_unit_test(no_forwarding),
        cmocka_unit_test(aliases_have_width),
        cmocka_unit_test(two_registers_swap),
        cmocka_unit_test(rollback_restores_the_shadowed_half),
        cmocka_unit_test(late_results_write_both_copies),
        cmocka_unit_test(statuses_are_renamed),
        cmocka_unit_test(merging),
        cmocka_unit_test(merging_rolls_back),
        cmocka_unit_test(exposed_latencies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
