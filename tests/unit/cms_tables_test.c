/* cms_tables_test.c -- dispatch map, code cache, links and coherence over a contract of make-believe. */
#include "tests/unit/cms_fake.h"

/* ---- a translator that returns what the test says ---- */

enum { EXIT_MARK = 0x45584954, LINK_MARK = 0x4c494e4b };
void tr_link(void *bundle, int32_t displacement)
{
    uint32_t *words = bundle;
    assert_int_equal(words[0], words[0] == LINK_MARK ? LINK_MARK : EXIT_MARK);
    words[0] = LINK_MARK;
    words[1] = (uint32_t)displacement;
}
void tr_unlink(void *bundle, enum exit_reason reason, uint32_t number)
{
    uint32_t *words = bundle;
    assert_int_equal(words[0], LINK_MARK);
    words[0] = EXIT_MARK;
    words[1] = reason << 16 | number;
}
uint32_t tr_aim_push(void *bundle, unsigned word, int32_t displacement)
{
    ((uint32_t *)bundle)[word] = (uint32_t)displacement;
    return (word + 1) * 4;
}
enum tr_reason translate(const struct tr_request *request, struct tr_result *result) { return TR_INTERPRETED; }

/* Its first exit is where a call returns to: the "bundle" behind the exit's second word has it as its second one. */
enum { PUSH = 4, PUSH_WORD = 1 };
static uint32_t code_words[1024];
static struct tr_result translation_of(uint64_t spc, uint32_t guest_bytes, uint32_t code_bytes, unsigned exits)
{
    struct tr_result result = {.code = code_words,
                               .bytes = code_bytes,
                               .code_bytes = code_bytes,
                               .exit_count = exits,
                               .range_count = 1,
                               .guest_insns = 3,
                               .insns_longest = 3};
    for (unsigned i = 0; i < exits; i++) {
        result.exits[i] = (struct tr_exit){.offset = 16 * i, .reason = EXIT_CHAIN, .push = TR_NO_PUSH};
        code_words[4 * i] = EXIT_MARK;
        code_words[4 * i + 1] = EXIT_CHAIN << 16 | i;
    }
    if (exits) {
        result.exits[0].push = PUSH;
        result.exits[0].push_word = PUSH_WORD;
        code_words[PUSH / 4 + PUSH_WORD] = (uint32_t)-PUSH;
    }
    result.ranges[0] = (struct tr_range){spc, guest_bytes};
    return result;
}

static struct cms boot(struct hw_core *core)
{
    cms_boot(core);
    return cms_view(core);
}

static struct translation *install(struct cms *cms, uint64_t spc, uint32_t code_bytes, unsigned exits)
{
    struct tr_result result = translation_of(spc, 16, code_bytes, exits);
    return code_cache_install(cms, dispatch_head(cms, spc), 1, &result);
}

static const uint32_t *exit_words(const struct cms *cms, const struct exit_record *exit) { return at(cms, exit->tpc); }

/* The call whose return lands on the translation's first exit: where it sends that return. */
static uint32_t returns_to(const struct cms *cms, const struct translation *translation)
{
    const uint32_t *bundle = at(cms, translation->tpc + PUSH);
    return translation->tpc + PUSH + bundle[PUSH_WORD];
}

/* ---- dispatch ---- */

static void dispatch_finds_what_it_made(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct head *a = dispatch_head(&cms, 0x1000), *b = dispatch_head(&cms, 0x1001);
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(dispatch_head(&cms, 0x1000), a);
    assert_ptr_equal(dispatch_peek(&cms, 0x1001, core->context), b);
    assert_null(dispatch_peek(&cms, 0x1002, core->context));
    core->context |= UINT64_C(1) << CONTEXT_DF_LOW;
    cms_context_changed(&cms);
    assert_null(dispatch_peek(&cms, 0x1000, core->context));
    assert_ptr_not_equal(dispatch_head(&cms, 0x1000), a);
    assert_int_equal(core->stats[CMS_STAT_heads], 3);
    free(core);
}

/* One address in more contexts than there are buckets. */
static void contexts_are_told_apart(void **state)
{
    struct hw_core *core = fake_core();
    core->options.heads = 16;
    struct cms cms = boot(core);
    struct head *heads[16];
    for (unsigned i = 0; i < 16; i++) {
        core->context = (core->context & ~UINT64_C(0xffff)) | i;
        cms_context_changed(&cms);
        heads[i] = dispatch_head(&cms, 0x1000);
        for (unsigned k = 0; k < i; k++) assert_ptr_not_equal(heads[i], heads[k]);
    }
    free(core);
}

static void full_dispatch_map_forgets_all(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct translation *translation = install(&cms, 0x1000, 64, 1);
    for (unsigned i = 1; i < core->options.heads; i++) dispatch_head(&cms, 0x1000 + i);
    assert_true(translation->alive);
    assert_int_equal(core->protected[1], UINT32_MAX);
    struct head *head = dispatch_head(&cms, 0x2000);
    assert_int_equal(core->stats[CMS_STAT_head_flushes], 1);
    assert_false(translation->alive);
    assert_null(dispatch_peek(&cms, 0x1000, core->context));
    assert_ptr_equal(dispatch_peek(&cms, 0x2000, core->context), head);
    assert_int_equal(core->protected[1], 0);
    free(core);
}

/* ---- code cache ---- */

static void flush_takes_everything(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct translation *all[4];
    for (unsigned i = 0; i < 4; i++) {
        all[i] = install(&cms, 0x1000 + 32 * i, 1000, 2); /* 1024 with its rounding */
        hw_jtlb_insert(core, 0x1000 + 32 * i, core->context, all[i]->tpc);
    }
    assert_int_equal(core->stats[CMS_STAT_flushes], 0);
    assert_ptr_equal(code_cache_owner(&cms, all[2]->tpc + 999), all[2]);
    uint32_t first = all[0]->tpc;
    struct translation *next = install(&cms, 0x2000, 1000, 2);
    assert_int_equal(core->stats[CMS_STAT_flushes], 1);
    assert_int_equal(core->stats[CMS_STAT_evicted], 4);
    assert_int_equal(core->target_count, 0);
    assert_int_equal(next->tpc, first);
    assert_int_equal(dispatch_head(&cms, 0x1000)->translation, 0);
    assert_null(code_cache_owner(&cms, first + 2048));
    assert_int_equal(core->regions[4].event, REGION_FLUSHED);
    assert_int_equal(core->regions[8].event, REGION_BORN);
    assert_int_equal(core->regions[8].info.region, 5);
    free(core);
}

static void fifo_takes_one_unit(void **state)
{
    struct hw_core *core = fake_core();
    core->options.replacement = CMS_FIFO; /* four units of 1024 bytes */
    struct cms cms = boot(core);
    for (unsigned i = 0; i < 8; i++) install(&cms, 0x1000 + 32 * i, 512, 1);
    assert_int_equal(core->stats[CMS_STAT_evicted], 0);
    install(&cms, 0x2000, 512, 1);
    assert_int_equal(core->stats[CMS_STAT_evictions], 1);
    assert_int_equal(core->stats[CMS_STAT_flushes], 0);
    assert_int_equal(core->stats[CMS_STAT_evicted], 2);
    assert_int_equal(dispatch_head(&cms, 0x1000)->translation, 0);
    assert_int_equal(dispatch_head(&cms, 0x1020)->translation, 0);
    assert_int_not_equal(dispatch_head(&cms, 0x1040)->translation, 0);
    assert_int_not_equal(dispatch_head(&cms, 0x2000)->translation, 0);
    install(&cms, 0x2020, 512, 1);
    assert_int_equal(core->stats[CMS_STAT_evicted], 2);
    free(core);
}

/* Who lives, a bit each, of those that were installed at 0x1000 + 32 * i. */
static unsigned living(struct cms *cms, unsigned count)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < count; i++) bits |= (dispatch_head(cms, 0x1000 + 32 * i)->translation != 0) << i;
    return bits;
}

static struct translation *living_at(struct cms *cms, unsigned i)
{
    return at(cms, dispatch_head(cms, 0x1000 + 32 * i)->translation);
}

static void install_many(struct cms *cms, unsigned first, unsigned count, uint32_t code_bytes)
{
    for (unsigned i = first; i < first + count; i++) assert_non_null(install(cms, 0x1000 + 32 * i, code_bytes, 2));
}

static void fine_takes_as_many_as_it_needs(void **state)
{
    struct hw_core *core = fake_core();
    core->options.replacement = CMS_FINE; /* 4096 bytes */
    struct cms cms = boot(core);
    install_many(&cms, 0, 8, 512);
    assert_int_equal(living(&cms, 8), 0xff);
    assert_int_equal(core->work[WORK_EVICTION], 0);
    install_many(&cms, 8, 1, 64); /* at the start: the first goes, and leaves a hole behind it */
    assert_int_equal(living(&cms, 9), 0x1fe);
    install_many(&cms, 9, 1, 448); /* fills it */
    assert_int_equal(living(&cms, 10), 0x3fe);
    install_many(&cms, 10, 1, 1025); /* three of the old ones */
    assert_int_equal(living(&cms, 11), 0x7f0);
    assert_int_equal(core->stats[CMS_STAT_evictions], 2);
    assert_int_equal(core->stats[CMS_STAT_evicted], 4);
    assert_int_equal(core->stats[CMS_STAT_evicted_bytes], 4 * 512);
    assert_int_equal(core->work[WORK_EVICTION], 2);
    assert_int_equal(core->work[WORK_EVICT_BYTE], 4 * 512);
    install_many(&cms, 11, 1, 3008); /* 2496 are left to the end: from the start, for which all of the old ones go */
    assert_int_equal(living(&cms, 12), 0x800);
    assert_int_equal(living_at(&cms, 11)->tpc, cms.root->code);
    free(core);
}

/* Dead ones are passed over without an eviction; what comes back is counted. */
static void fine_reuses_holes_in_turn(void **state)
{
    struct hw_core *core = fake_core();
    core->options.replacement = CMS_FINE;
    struct cms cms = boot(core);
    install_many(&cms, 0, 8, 512);
    code_cache_kill(&cms, living_at(&cms, 0), REGION_STORED);
    code_cache_kill(&cms, living_at(&cms, 5), REGION_STORED);
    install_many(&cms, 8, 1, 512);
    assert_int_equal(core->stats[CMS_STAT_evictions], 0);
    install_many(&cms, 9, 1, 512);
    assert_int_equal(living(&cms, 10), 0x3dc);
    assert_int_equal(core->stats[CMS_STAT_live_bytes], 7 * 512); /* one dead */
    assert_int_equal(core->stats[CMS_STAT_idle_bytes], 512);
    install_many(&cms, 0, 2, 512);
    assert_int_equal(core->stats[CMS_STAT_regenerated], 1); /* the first was not evicted */
    free(core);
}

/* Its own batch needs no patches, nor does a link to itself. */
static void eviction_patches_survivors_alone(void **state)
{
    struct hw_core *core = fake_core();
    core->options.replacement = CMS_FINE;
    struct cms cms = boot(core);
    install_many(&cms, 0, 8, 512);
    struct translation *all[8];
    for (unsigned i = 0; i < LENGTH(all); i++) all[i] = living_at(&cms, i);
    chain_link(&cms, chain_exit(&cms, all[1], 0), all[0]); /* both go */
    chain_link(&cms, chain_exit(&cms, all[0], 0), all[0]);
    chain_link(&cms, chain_exit(&cms, all[0], 1), all[7]);
    chain_link(&cms, chain_exit(&cms, all[7], 0), all[1]);
    install_many(&cms, 8, 1, 1024);
    assert_int_equal(living(&cms, 9), 0x1fc);
    assert_int_equal(core->work[WORK_UNLINK], 2); /* the exit of all[7], and the call that returns there */
    assert_int_equal(all[7]->incoming, 0);
    assert_int_equal(exit_words(&cms, chain_exit(&cms, all[7], 0))[0], EXIT_MARK);
    free(core);
}

static void preemptive_goes_at_a_rise(void **state)
{
    struct hw_core *core = fake_core();
    core->options.replacement = CMS_PREEMPTIVE; /* four in 1000 instructions, a quarter of 4096 bytes full */
    struct cms cms = boot(core);
    install_many(&cms, 0, 8, 256); /* a program begins so */
    assert_int_equal(living(&cms, 8), 0xff);
    core->insns = 1500; /* the window before was no calm one */
    install_many(&cms, 8, 4, 64);
    assert_int_equal(living(&cms, 12), 0xfff);
    core->insns = 2500;
    install_many(&cms, 12, 3, 64);
    core->insns = 3999; /* a window with three in it is over */
    install_many(&cms, 15, 3, 64);
    assert_int_equal(core->stats[CMS_STAT_preemptive], 0);
    install_many(&cms, 18, 1, 64);
    assert_int_equal(living(&cms, 19), 1 << 18);
    assert_int_equal(core->stats[CMS_STAT_preemptive], 1);
    install_many(&cms, 19, 8, 256); /* once a rise */
    assert_int_equal(living(&cms, 27), 0x1ff << 18);
    core->insns = 9000; /* calm, but too little would be gained */
    core->options.preemptive_fill = 75;
    install_many(&cms, 27, 4, 64);
    assert_int_equal(core->stats[CMS_STAT_preemptive], 1);
    assert_int_equal(core->stats[CMS_STAT_flushes], 1);
    free(core);
}

/* Nursery of 2048 bytes, probation of 768, persistent unit of 1280. */
static void generations_promote_what_is_used(void **state)
{
    struct hw_core *core = fake_core();
    core->options.replacement = CMS_GENERATIONAL;
    struct cms cms = boot(core);
    install_many(&cms, 0, 8, 256);
    struct translation *first = living_at(&cms, 0), *second = living_at(&cms, 1), *last = living_at(&cms, 7);
    chain_link(&cms, chain_exit(&cms, first, 0), last);
    chain_link(&cms, chain_exit(&cms, first, 1), second);
    chain_link(&cms, chain_exit(&cms, second, 0), first);
    chain_link(&cms, chain_exit(&cms, last, 0), first);
    hw_jtlb_insert(core, 0x1000, core->context, first->tpc);
    install_many(&cms, 8, 3, 256); /* three grow out of the nursery */
    assert_int_equal(living(&cms, 11), 0x7ff);
    assert_int_equal(core->stats[CMS_STAT_probations], 3);
    first = living_at(&cms, 0);
    assert_true(first->on_trial);
    assert_int_equal(first->incoming, 0); /* links to it are cut, its own are kept, but for that to one on trial */
    assert_int_equal(core->target_count, 0);
    assert_int_equal(chain_exit(&cms, first, 0)->target, offset_of(&cms, last));
    assert_int_equal(chain_exit(&cms, first, 0)->tpc + exit_words(&cms, chain_exit(&cms, first, 0))[1], last->tpc);
    assert_int_equal(returns_to(&cms, first), last->tpc);
    assert_int_equal(chain_exit(&cms, first, 1)->target, 0);
    assert_int_equal(exit_words(&cms, chain_exit(&cms, first, 1))[0], EXIT_MARK);
    assert_ptr_equal(code_cache_owner(&cms, first->tpc), first);
    code_room_entered(&cms, first);
    assert_int_equal(core->stats[CMS_STAT_promotions], 1);
    first = living_at(&cms, 0);
    assert_false(first->on_trial);
    install_many(&cms, 11, 16, 256); /* all but the last eight, three on probation, and the promoted one are gone */
    assert_int_equal(living(&cms, 27), 0x7ff0001);
    assert_int_equal(core->protected[1], UINT32_MAX);
    assert_true(guest_store(&cms, 0x1004, SIZE_8, 0, &(struct hw_fault){0})); /* coherence finds it where it is now */
    assert_false(first->alive);
    assert_int_equal(living(&cms, 27), 0);
    assert_int_equal(core->protected[1], 0);
    free(core);
}

static void lru_spares_what_is_seen(void **state)
{
    struct hw_core *core = fake_core();
    core->options.replacement = CMS_LRU; /* a quarter of 4096 bytes is on trial */
    struct cms cms = boot(core);
    install_many(&cms, 0, 8, 512);
    chain_link(&cms, chain_exit(&cms, living_at(&cms, 7), 0), living_at(&cms, 2));
    code_room_entered(&cms, living_at(&cms, 0));
    install_many(&cms, 8, 1, 512);
    assert_int_equal(living(&cms, 9), 0x1fd);
    assert_true(living_at(&cms, 2)->on_trial && living_at(&cms, 3)->on_trial);
    assert_false(living_at(&cms, 4)->on_trial);
    assert_int_equal(living_at(&cms, 2)->incoming, 0);
    code_room_entered(&cms, living_at(&cms, 2));
    assert_false(living_at(&cms, 2)->on_trial);
    install_many(&cms, 9, 1, 512);
    assert_int_equal(living(&cms, 10), 0x3f5);
    install_many(&cms, 10, 1, 64);
    assert_int_equal(living(&cms, 11), 0x7e5);
    install_many(&cms, 11, 1, 512); /* two holes, neither large enough */
    assert_int_equal(living(&cms, 12), 0xfc5);
    code_cache_kill(&cms, living_at(&cms, 9), REGION_STORED);
    install_many(&cms, 12, 1, 512); /* where a dead one was */
    assert_int_equal(living(&cms, 13), 0x1dc5);
    assert_int_equal(core->stats[CMS_STAT_reprieves], 1);
    free(core);
}

/* What gear 1 makes evicts nothing of gear 2's. */
static void each_gear_has_its_part(void **state)
{
    for (unsigned replacement = CMS_FLUSH; replacement <= CMS_LRU; replacement++) {
        struct hw_core *core = fake_core();
        core->options.replacement = replacement;
        core->options.shared = 0;
        core->options.gear1_share = 25;
        struct cms cms = boot(core);
        struct tr_result result = translation_of(0x3000, 16, 256, 1);
        assert_non_null(code_cache_install(&cms, dispatch_head(&cms, 0x3000), 2, &result));
        install_many(&cms, 0, 50, 128);
        assert_true(core->stats[CMS_STAT_evicted] >= 42);
        assert_int_not_equal(dispatch_head(&cms, 0x3000)->translation, 0);
        free(core);
    }
}

static void too_large_for_any_unit(void **state)
{
    struct hw_core *core = fake_core();
    core->options.replacement = CMS_FIFO;
    struct cms cms = boot(core);
    struct translation *kept = install(&cms, 0x1000, 512, 1);
    assert_null(install(&cms, 0x2000, 1025, 1));
    assert_true(kept->alive);
    assert_int_equal(core->stats[CMS_STAT_oversize], 1);
    assert_int_equal(dispatch_head(&cms, 0x2000)->translation, 0);
    free(core);
}

/* ---- links ---- */

static void link_and_unlink(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct translation *a = install(&cms, 0x1000, 64, 2), *b = install(&cms, 0x1020, 64, 2);
    struct exit_record *a0 = chain_exit(&cms, a, 0), *a1 = chain_exit(&cms, a, 1), *b0 = chain_exit(&cms, b, 0);
    chain_link(&cms, a0, b);
    chain_link(&cms, a1, b);
    chain_link(&cms, b0, b);
    assert_int_equal(exit_words(&cms, a1)[0], LINK_MARK);
    assert_int_equal(a1->tpc + exit_words(&cms, a1)[1], b->tpc);
    assert_int_equal(returns_to(&cms, a), b->tpc);
    chain_unlink(&cms, a1); /* from the middle of the list */
    assert_int_equal(exit_words(&cms, a1)[0], EXIT_MARK);
    assert_int_equal(exit_words(&cms, a1)[1], EXIT_CHAIN << 16 | 1);
    assert_int_equal(exit_words(&cms, a0)[0], LINK_MARK);
    code_cache_kill(&cms, b, REGION_STORED);
    assert_int_equal(exit_words(&cms, a0)[0], EXIT_MARK);
    assert_int_equal(returns_to(&cms, a), a0->tpc);
    assert_int_equal(a0->target, 0);
    assert_int_equal(b->incoming, 0);
    assert_int_equal(core->stats[CMS_STAT_links], 3);
    assert_int_equal(core->stats[CMS_STAT_unlinks], 2); /* its link to itself went without a patch */
    free(core);
}

static void dead_source_leaves_the_list(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct translation *a = install(&cms, 0x1000, 64, 1), *b = install(&cms, 0x1020, 64, 1),
                       *c = install(&cms, 0x1040, 64, 1);
    chain_link(&cms, chain_exit(&cms, a, 0), c);
    chain_link(&cms, chain_exit(&cms, b, 0), c);
    code_cache_kill(&cms, b, REGION_STORED);
    assert_int_equal(c->incoming, offset_of(&cms, chain_exit(&cms, a, 0)));
    assert_int_equal(chain_exit(&cms, a, 0)->next, 0);
    assert_int_equal(chain_exit(&cms, a, 0)->previous, 0);
    free(core);
}

static void a_new_gear_inherits_links(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct translation *a = install(&cms, 0x1000, 64, 1), *old = install(&cms, 0x1020, 64, 1);
    struct exit_record *exit = chain_exit(&cms, a, 0);
    hw_jtlb_insert(core, 0x1020, core->context, old->tpc);
    chain_link(&cms, exit, old);
    chain_link(&cms, chain_exit(&cms, old, 0), old);
    struct translation *new = install(&cms, 0x1020, 64, 1);
    assert_false(old->alive);
    assert_int_equal(exit->target, offset_of(&cms, new));
    assert_int_equal(exit->tpc + exit_words(&cms, exit)[1], new->tpc);
    assert_int_equal(returns_to(&cms, a), new->tpc);
    assert_int_equal(new->incoming, offset_of(&cms, exit)); /* and the dead one's link to itself is gone */
    assert_int_equal(exit->next, 0);
    assert_int_equal(core->target_count, 0);
    assert_int_equal(dispatch_head(&cms, 0x1020)->translation, offset_of(&cms, new));
    assert_int_equal(core->stats[CMS_STAT_replaced], 1);
    free(core);
}

/* Links between units, with every reference proved gone before a unit is used again (COVM_CHECKS). */
static void eviction_cuts_links_both_ways(void **state)
{
    struct hw_core *core = fake_core();
    core->options.replacement = CMS_FIFO;
    struct cms cms = boot(core);
    struct translation *all[40];
    for (unsigned i = 0; i < LENGTH(all); i++) {
        all[i] = install(&cms, 0x1000 + 32 * i, 320, 2);
        if (i) chain_link(&cms, chain_exit(&cms, all[i], 0), all[i - 1]);
        if (i && !chain_exit(&cms, all[i - 1], 1)->target) chain_link(&cms, chain_exit(&cms, all[i - 1], 1), all[i]);
        hw_jtlb_insert(core, 0x1000 + 32 * i, core->context, all[i]->tpc);
    }
    assert_int_equal(core->stats[CMS_STAT_evictions], LENGTH(all) / 3 + 1 - 4);
    struct translation *oldest = all[LENGTH(all) - 10]; /* three to a unit, three full ones before the last */
    assert_true(oldest->alive);
    assert_int_equal(chain_exit(&cms, oldest, 0)->target, 0);
    assert_int_equal(exit_words(&cms, chain_exit(&cms, oldest, 0))[0], EXIT_MARK);
    assert_int_not_equal(chain_exit(&cms, oldest, 1)->target, 0);
    free(core);
}

/* ---- coherence ---- */

static void store_drops_the_page(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct translation *a = install(&cms, 0x1000, 64, 1), *b = install(&cms, 0x1800, 64, 1),
                       *c = install(&cms, 0x2000, 64, 1);
    assert_int_equal(core->protected[1], UINT32_MAX);
    assert_int_equal(core->protected[2], UINT32_MAX);
    assert_true(guest_store(&cms, 0x1ff0, SIZE_32, 7, &(struct hw_fault){0}));
    assert_false(a->alive);
    assert_false(b->alive);
    assert_true(c->alive);
    assert_int_equal(core->protected[1], 0);
    assert_int_equal(core->memory[0x1ff0], 7);
    assert_int_equal(core->stats[CMS_STAT_protected_stores], 1);
    free(core);
}

static void pages_become_fine(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct hw_fault fault;
    for (unsigned i = 0; i < core->options.fine_faults; i++) {
        install(&cms, 0x1000, 64, 1);
        assert_true(guest_store(&cms, 0x1f00, SIZE_32, 0, &fault));
    }
    struct translation *a = install(&cms, 0x1000, 64, 1), *b = install(&cms, 0x1178, 64, 1);
    assert_int_equal(core->protected[1], 1 | 1 << 2 | 1 << 3); /* 0x1178..0x1187 lies in two chunks */
    assert_true(guest_store(&cms, 0x1f00, SIZE_32, 0, &fault));
    assert_true(a->alive && b->alive);
    assert_true(guest_store(&cms, 0x117f, SIZE_32, 0, &fault)); /* crosses from one protected chunk to another */
    assert_true(a->alive);
    assert_false(b->alive);
    assert_int_equal(core->protected[1], 1);
    assert_int_equal(core->stats[CMS_STAT_pages_fine], 1);
    free(core);
}

static void a_store_drops_no_other_page(void **state)
{
    struct hw_core *core = fake_core();
    core->options.code_cache = 16384;
    core->options.source_pages = 2 * TR_RANGES_MAX; /* chains hold several pages each */
    struct cms cms = boot(core);
    struct translation *all[60];
    for (unsigned i = 0; i < LENGTH(all); i++) all[i] = install(&cms, 0x1000 * (i + 1), 64, 1);
    for (unsigned i = 0; i < LENGTH(all); i++) {
        assert_true(guest_store(&cms, 0x1000 * (i + 1) + 0x800, SIZE_8, 0, &(struct hw_fault){0}));
        for (unsigned k = 0; k < LENGTH(all); k++) assert_int_equal(all[k]->alive, k > i);
    }
    free(core);
}

static void code_across_pages_is_watched_in_both(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct translation *a = install(&cms, 0x1ff8, 64, 1);
    assert_int_equal(a->source_count, 2);
    assert_true(guest_store(&cms, 0x2800, SIZE_8, 0, &(struct hw_fault){0}));
    assert_false(a->alive);
    assert_int_equal(core->protected[1], 0);
    assert_int_equal(core->protected[2], 0);
    free(core);
}

static void every_mapping_of_a_frame_counts(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    core->frame_of[9] = 1;
    struct translation *a = install(&cms, 0x1000, 64, 1), *b = install(&cms, 0x9000, 64, 1);
    assert_true(guest_store(&cms, 0x9800, SIZE_8, 0, &(struct hw_fault){0}));
    assert_false(a->alive);
    assert_false(b->alive);
    free(core);
}

static void notices_of_writes(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct translation *a = install(&cms, 0x1000, 64, 1), *b = install(&cms, 0x2000, 64, 1),
                       *c = install(&cms, 0x4000, 64, 1);
    core->notices[core->notice_count++] = (struct hw_notice){HW_NOTICE_WRITTEN, 0x1ff0, 0x20, 0};
    coherence_poll(&cms);
    assert_false(a->alive || b->alive);
    assert_true(c->alive);
    free(core);
}

static void notices_of_mappings(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct translation *a = install(&cms, 0x1000, 64, 1), *b = install(&cms, 0x2000, 64, 1);
    core->notices[core->notice_count++] = (struct hw_notice){HW_NOTICE_MAPPING, 0, UINT64_C(1) << 32, 1};
    core->frame_of[2] = 20;
    coherence_poll(&cms);
    assert_true(a->alive); /* it is still where it was */
    assert_false(b->alive);
    assert_int_equal(core->protected[2], 0);
    struct translation *again = install(&cms, 0x2000, 64, 1);
    assert_int_equal(core->protected[20], UINT32_MAX);
    core->notices[core->notice_count++] = (struct hw_notice){HW_NOTICE_MAPPING, 0x2000, 4096, 2};
    core->frame_of[2] = 0;
    coherence_poll(&cms);
    assert_true(again->alive); /* another space's */
    core->notices[core->notice_count++] = (struct hw_notice){HW_NOTICE_MAPPING, 0, UINT64_C(1) << 32, 2};
    coherence_poll(&cms);
    assert_true(again->alive);
    core->notices[core->notice_count++] = (struct hw_notice){HW_NOTICE_MAPPING, 0x2000, 4096, 1};
    coherence_poll(&cms);
    assert_false(again->alive);
    free(core);
}

/* The table of watched pages is small: forgotten pages make room, and then everything goes. */
static void watched_pages_run_out(void **state)
{
    struct hw_core *core = fake_core();
    core->options.source_pages = 2 * TR_RANGES_MAX + 4;
    struct cms cms = boot(core);
    struct translation *all[5];
    for (unsigned i = 0; i < 4; i++) {
        coherence_make_room(&cms);
        all[i] = install(&cms, 0x1000 * (i + 1), 64, 1);
    }
    code_cache_kill(&cms, all[3], REGION_STORED);
    coherence_make_room(&cms);
    all[4] = install(&cms, 0x9000, 64, 1); /* in the place of the dead one */
    assert_int_equal(core->stats[CMS_STAT_page_flushes], 0);
    coherence_make_room(&cms);
    install(&cms, 0xa000, 64, 1);
    coherence_make_room(&cms);
    assert_int_equal(core->stats[CMS_STAT_page_flushes], 1);
    assert_false(all[0]->alive || all[4]->alive);
    free(core);
}

/* ---- indirect transfers ---- */

static void predictions_follow_frequency(void **state)
{
    struct hw_core *core = fake_core();
    core->options.indirect = TR_INLINE;
    struct cms cms = boot(core);
    struct tr_result result = translation_of(0x1000, 16, 64, 1);
    result.exits[0].reason = EXIT_INDIRECT;
    result.exits[0].source = 0x100c;
    struct translation *t = code_cache_install(&cms, dispatch_head(&cms, 0x1000), 1, &result);
    static const uint64_t seen[] = {0x5000, 0x6000, 0x6000, 0x7000, 0x6000, 0x7000};
    for (unsigned i = 0; i < LENGTH(seen); i++) {
        core->state.r[HOME_EIP] = seen[i];
        indirect_missed(&cms, chain_exit(&cms, t, 0), NULL);
    }
    uint64_t to[TR_TARGETS_MAX];
    assert_int_equal(indirect_targets(&cms, 0x100c, to, 2), 2);
    assert_int_equal(to[0], 0x6000);
    assert_int_equal(to[1], 0x7000);
    assert_int_equal(indirect_targets(&cms, 0x100d, to, 2), 0);
    for (unsigned i = LENGTH(seen); i < 16; i++) indirect_missed(&cms, chain_exit(&cms, t, 0), NULL);
    assert_false(t->alive); /* to be made again with what is known now */
    assert_true(profile_is_hot(dispatch_head(&cms, 0x1000)));
    free(core);
}

/* ---- adaptation ---- */

static void adaptation_restrains_then_shrinks(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct head *head = dispatch_head(&cms, 0x1000);
    for (unsigned round = 0; round < 2; round++) {
        struct tr_result result = translation_of(0x1000, 16, 64, 1);
        struct translation *t = code_cache_install(&cms, head, 2, &result);
        for (unsigned i = 0; i < core->options.adapt_threshold; i++) {
            assert_true(t->alive);
            adapt_rolled_back(&cms, t, ADAPT_ALIAS);
        }
        assert_false(t->alive);
        assert_true(head->restraint & TR_NO_LOAD_OVER_STORE);
        assert_int_equal(head->gear, 2); /* and is made again as it was */
        assert_true(profile_is_hot(head));
        assert_int_equal(head->insns_max, round ? 1 : 0); /* three instructions, halved */
    }
    assert_int_equal(core->stats[CMS_STAT_adapt_alias], 2);
    free(core);
}

static void counters_start_over(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct translation *t = install(&cms, 0x1000, 64, 1);
    struct head *head = dispatch_head(&cms, 0x1000);
    head->counter = 0;
    profile_ran_out(&cms, head, t);
    assert_int_equal(head->counter, core->options.gear2_threshold);
    assert_int_equal(head->gear, 2);
    assert_true(profile_is_hot(head));
    profile_back_off(&cms, head, 3);
    assert_int_equal(head->gear, 1);
    assert_int_equal(head->counter, core->options.gear2_threshold << 3);
    assert_int_equal(head->threshold, core->options.gear1_threshold << 3);
    profile_back_off(&cms, head, 255);
    assert_in_range(head->threshold, 1, INT32_MAX);
    free(core);
}

static void rare_rollbacks_are_forgiven(void **state)
{
    struct hw_core *core = fake_core();
    struct cms cms = boot(core);
    struct translation *t = install(&cms, 0x1000, 64, 1);
    for (unsigned i = 0; i < 20; i++) {
        adapt_rolled_back(&cms, t, ADAPT_ALIAS);
        core->insns += 600000; /* no three of them within a window of a million */
    }
    assert_true(t->alive);
    free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dispatch_finds_what_it_made),
        cmocka_unit_test(contexts_are_told_apart),
        cmocka_unit_test(full_dispatch_map_forgets_all),
        cmocka_unit_test(flush_takes_everything),
        cmocka_unit_test(fifo_takes_one_unit),
        cmocka_unit_test(fine_takes_as_many_as_it_needs),
        cmocka_unit_test(fine_reuses_holes_in_turn),
        cmocka_unit_test(eviction_patches_survivors_alone),
        cmocka_unit_test(preemptive_goes_at_a_rise),
        cmocka_unit_test(generations_promote_what_is_used),
        cmocka_unit_test(lru_spares_what_is_seen),
        cmocka_unit_test(each_gear_has_its_part),
        cmocka_unit_test(too_large_for_any_unit),
        cmocka_unit_test(link_and_unlink),
        cmocka_unit_test(dead_source_leaves_the_list),
        cmocka_unit_test(a_new_gear_inherits_links),
        cmocka_unit_test(eviction_cuts_links_both_ways),
        cmocka_unit_test(store_drops_the_page),
        cmocka_unit_test(pages_become_fine),
        cmocka_unit_test(a_store_drops_no_other_page),
        cmocka_unit_test(code_across_pages_is_watched_in_both),
        cmocka_unit_test(every_mapping_of_a_frame_counts),
        cmocka_unit_test(notices_of_writes),
        cmocka_unit_test(notices_of_mappings),
        cmocka_unit_test(watched_pages_run_out),
        cmocka_unit_test(predictions_follow_frequency),
        cmocka_unit_test(adaptation_restrains_then_shrinks),
        cmocka_unit_test(rare_rollbacks_are_forgiven),
        cmocka_unit_test(counters_start_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
