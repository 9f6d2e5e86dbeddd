/* coherence.c -- guest code and what was made from it are kept the same (cms: page write-protect).
 *
 * Each page with code that has been translated or pre-decoded is write-protected. A store into it (an interpreted one
 * is told at once; a translated one rolls back and is then interpreted; one by the platform comes as a notice) drops
 * what was made from the page. A page that is stored into again and again holds code and data: after
 * cms.coherence.fine_faults stores only its chunks with code are protected (the fine-grain protection of Dehnert et al.
 * 2003), and a store drops only what was made from its own chunks.
 */
#include "cms/state.h"

enum { PAGE = 4096, CHUNK = 128, PAGE_SOURCES_MAX = 2 * TR_RANGES_MAX };

static uint32_t *physical_chain(const struct cms *cms, uint64_t physical)
{
    return (uint32_t *)at(cms, cms->root->physical_chains) + (hash_words(physical, 1) & cms->root->chain_mask);
}

static uint32_t *linear_chain(const struct cms *cms, uint64_t linear, unsigned space)
{
    return (uint32_t *)at(cms, cms->root->linear_chains) + (hash_words(linear, space) & cms->root->chain_mask);
}

/* Of bytes that lie in one page. */
static uint32_t chunks_of(uint64_t address, uint64_t bytes)
{
    unsigned first = (unsigned)(address % PAGE / CHUNK);
    unsigned last = (unsigned)((address % PAGE + bytes - 1) / CHUNK);
    return (uint32_t)(bits_mask(last + 1) & ~bits_mask(first));
}

/* ---- page records ---- */

static void remove_from(struct cms *cms, uint32_t *link, size_t next, uint32_t offset)
{
    while (*link != offset) link = (uint32_t *)((char *)at(cms, *link) + next);
    *link = *(uint32_t *)((char *)at(cms, offset) + next);
}

static void page_free(struct cms *cms, struct page *page)
{
    uint32_t offset = offset_of(cms, page);
    remove_from(cms, physical_chain(cms, page->physical), offsetof(struct page, next_physical), offset);
    remove_from(cms, linear_chain(cms, page->linear, page->space), offsetof(struct page, next_linear), offset);
    page->sources = 0;
    page->next_physical = cms->root->page_free;
    cms->root->page_free = offset;
}

static struct page *page_find(const struct cms *cms, uint64_t linear, unsigned space)
{
    uint32_t offset = *linear_chain(cms, linear, space);
    while (offset) {
        struct page *page = at(cms, offset);
        if (page->linear == linear && page->space == space) return page;
        offset = page->next_linear;
    }
    return NULL;
}

static struct page *page_new(struct cms *cms, uint64_t linear, unsigned space, uint64_t physical)
{
    struct root *root = cms->root;
    uint32_t offset = root->page_free;
    if (offset)
        root->page_free = ((struct page *)at(cms, offset))->next_physical;
    else
        offset = root->pages + root->page_count++ * (uint32_t)sizeof(struct page);
    struct page *page = at(cms, offset);
    uint32_t *by_physical = physical_chain(cms, physical), *by_linear = linear_chain(cms, linear, space);
    *page = (struct page){.physical = physical,
                          .linear = linear,
                          .space = (uint16_t)space,
                          .next_physical = *by_physical,
                          .next_linear = *by_linear};
    *by_physical = *by_linear = offset;
    return page;
}

static uint32_t pages_left(const struct cms *cms, uint32_t enough)
{
    uint32_t left = cms->root->page_capacity - cms->root->page_count;
    for (uint32_t free = cms->root->page_free; free && left < enough; left++) {
        free = ((const struct page *)at(cms, free))->next_physical;
    }
    return left;
}

/* Records of pages that nothing watches any more remember their faults; they go when the table is full. */
static void sweep(struct cms *cms)
{
    struct page *pages = at(cms, cms->root->pages);
    for (uint32_t i = 0; i < cms->root->page_count; i++) {
        struct page *page = page_find(cms, pages[i].linear, pages[i].space);
        if (page == &pages[i] && !page->sources) page_free(cms, page);
    }
}

void coherence_make_room(struct cms *cms)
{
    if (LIKELY(pages_left(cms, PAGE_SOURCES_MAX) >= PAGE_SOURCES_MAX)) return;
    sweep(cms);
    if (pages_left(cms, PAGE_SOURCES_MAX) >= PAGE_SOURCES_MAX) return;
    code_room_flush(cms);
    predecode_flush(cms);
    sweep(cms);
    hw_count(cms->core, CMS_STAT_page_flushes, 1);
}

/* ---- watching ---- */

void coherence_protect(struct cms *cms, uint64_t physical)
{
    uint32_t chunks = 0;
    for (uint32_t offset = *physical_chain(cms, physical); offset;) {
        const struct page *page = at(cms, offset);
        offset = page->next_physical;
        if (page->physical != physical || !page->sources) continue;
        if (!page->fine) chunks = UINT32_MAX;
        for (uint32_t s = page->sources; s && chunks != UINT32_MAX;) {
            const struct source *source = at(cms, s);
            chunks |= source->chunks;
            s = source->next;
        }
    }
    if (hw_protected(cms->core, physical) != chunks) hw_protect(cms->core, physical, chunks);
}

static void attach(struct cms *cms, struct page *page, struct source *source, uint32_t owner, uint32_t chunks)
{
    *source = (struct source){.page = offset_of(cms, page), .next = page->sources, .owner = owner, .chunks = chunks};
    if (page->sources) ((struct source *)at(cms, page->sources))->previous = offset_of(cms, source);
    page->sources = offset_of(cms, source);
}

void coherence_forget(struct cms *cms, struct source *source)
{
    struct page *page = at(cms, source->page);
    if (source->next) ((struct source *)at(cms, source->next))->previous = source->previous;
    if (source->previous)
        ((struct source *)at(cms, source->previous))->next = source->next;
    else
        page->sources = source->next;
    *source = (struct source){0};
}

void coherence_moved(struct cms *cms, struct source *source, uint32_t owner)
{
    struct page *page = at(cms, source->page);
    uint32_t offset = offset_of(cms, source);
    source->owner = owner;
    if (source->next) ((struct source *)at(cms, source->next))->previous = offset;
    *(source->previous ? &((struct source *)at(cms, source->previous))->next : &page->sources) = offset;
}

/* The record for a linear page as it is mapped now. A stale one cannot be in use: notices of mapping changes come
 * first. */
static struct page *page_of(struct cms *cms, uint64_t linear)
{
    unsigned space = (unsigned)CONTEXT_GET(cms->root->context, SPACE);
    struct page *page = page_find(cms, linear, space);
    uint64_t physical;
    if (!hw_physical(cms->core, linear * PAGE, &physical)) hw_panic(cms->core, "code was read where nothing is mapped");
    physical /= PAGE;
    if (page && page->physical == physical) return page;
    if (page && page->sources) hw_panic(cms->core, "a mapping changed without notice");
    if (page) page_free(cms, page);
    return page_new(cms, linear, space, physical);
}

unsigned coherence_watch(struct cms *cms, uint32_t owner, struct source *sources, unsigned count, uint64_t address,
                         uint32_t bytes)
{
    uint64_t end = address + bytes;
    while (address < end) {
        uint64_t next = (address / PAGE + 1) * PAGE;
        uint32_t chunks = chunks_of(address, (next < end ? next : end) - address);
        struct page *page = page_of(cms, address / PAGE);
        unsigned i = 0;
        while (i < count && sources[i].page != offset_of(cms, page)) i++;
        if (i == count)
            attach(cms, page, &sources[count++], owner, chunks);
        else
            sources[i].chunks |= chunks;
        coherence_protect(cms, page->physical);
        address = next;
    }
    return count;
}

/* ---- dropping ---- */

static bool is_block(const struct cms *cms, uint32_t owner)
{
    return owner - cms->root->blocks < cms->root->blocks_bytes;
}

/* What was made from code that has changed: the code that comes instead is profiled anew. That bounds the loss however
 * often it happens, since what is interpreted until the threshold costs more than what translating then does. */
static void drop(struct cms *cms, uint32_t owner, bool rewritten)
{
    bool block = is_block(cms, owner);
    struct head *head =
        at(cms, block ? ((struct block *)at(cms, owner))->head : ((struct translation *)at(cms, owner))->head);
    if (block) {
        predecode_drop(cms, at(cms, owner));
        hw_count(cms->core, CMS_STAT_blocks_dropped, 1);
    } else {
        code_cache_kill(cms, at(cms, owner), rewritten ? REGION_STORED : REGION_REMAPPED);
    }
    if (!rewritten) return;
    if (head->rewrites < UINT8_MAX) head->rewrites++;
    profile_back_off(cms, head, 2u * head->failures);
}

static void drop_sources(struct cms *cms, struct page *page, uint32_t chunks, bool rewritten)
{
    /* A drop takes no other owner's source off the list: a page holds one source of each owner. */
    for (uint32_t s = page->sources; s;) {
        const struct source *source = at(cms, s);
        s = source->next;
        if (source->chunks & chunks) drop(cms, source->owner, rewritten);
    }
}

/* Chunks of a frame have been written, or are about to be. */
static void written(struct cms *cms, uint64_t physical, uint32_t chunks)
{
    hw_charge(cms->core, WORK_COHERENCE, 1, 0);
    for (uint32_t offset = *physical_chain(cms, physical); offset;) {
        struct page *page = at(cms, offset);
        offset = page->next_physical;
        if (page->physical != physical) continue;
        drop_sources(cms, page, page->fine ? chunks : UINT32_MAX, true);
        page->faults++;
        if (!page->fine && page->faults >= cms->options->fine_faults) {
            page->fine = true;
            hw_count(cms->core, CMS_STAT_pages_fine, 1);
        }
    }
    coherence_protect(cms, physical);
}

void coherence_store(struct cms *cms, uint64_t physical)
{
    hw_count(cms->core, CMS_STAT_protected_stores, 1);
    written(cms, physical / PAGE, chunks_of(physical, 1));
}

/* ---- notices ---- */

static void notice_written(struct cms *cms, uint64_t address, uint64_t bytes)
{
    hw_count(cms->core, CMS_STAT_written, 1);
    while (bytes) {
        uint64_t here = PAGE - address % PAGE;
        if (here > bytes) here = bytes;
        if (*physical_chain(cms, address / PAGE)) written(cms, address / PAGE, chunks_of(address, here));
        address += here;
        bytes -= here;
    }
}

/* A page that still leads to the same frame keeps its code. */
static void remapped(struct cms *cms, struct page *page)
{
    uint64_t physical;
    bool present = page->space == CONTEXT_GET(cms->root->context, SPACE);
    if (present && hw_physical(cms->core, page->linear * PAGE, &physical) && physical / PAGE == page->physical) return;
    hw_charge(cms->core, WORK_COHERENCE, 1, 0);
    drop_sources(cms, page, UINT32_MAX, false);
    coherence_protect(cms, page->physical);
}

static void notice_mapping(struct cms *cms, uint64_t address, uint64_t bytes, unsigned space)
{
    uint64_t first = address / PAGE, count = (address % PAGE + bytes + PAGE - 1) / PAGE;
    struct page *pages = at(cms, cms->root->pages);
    hw_count(cms->core, CMS_STAT_mapping, 1);
    if (count < cms->root->page_count) {
        for (uint64_t i = 0; i < count; i++) {
            struct page *page = page_find(cms, first + i, space);
            if (page && page->sources) remapped(cms, page);
        }
        return;
    }
    for (uint32_t i = 0; i < cms->root->page_count; i++) {
        if (pages[i].sources && pages[i].space == space && pages[i].linear - first < count) remapped(cms, &pages[i]);
    }
}

void coherence_poll(struct cms *cms)
{
    for (;;) {
        struct hw_notice notice = hw_poll(cms->core);
        switch ((enum hw_notice_kind)notice.kind) {
        case HW_NOTICE_NONE: return;
        case HW_NOTICE_WRITTEN: notice_written(cms, notice.address, notice.bytes); break;
        case HW_NOTICE_MAPPING: notice_mapping(cms, notice.address, notice.bytes, notice.space); break;
        case HW_NOTICE_COLD: dispatch_forget(cms); break;
        }
    }
}
