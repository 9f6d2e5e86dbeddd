/* dispatch.c -- the map from (SPC, context word) to what is known of the code there: translation, pre-decoded block,
 * profile. Hashed by content, chained by offset.
 *
 * The physical page of an entry is not part of its key: coherence watches the mapping of every page that a translation
 * or block was made from, and drops them when it changes, so that an entry found is right for the frame mapped now.
 * Contexts that differ only in the x87 stack share a bucket.
 */
#include "cms/state.h"

static uint64_t without_stack(uint64_t context) { return CONTEXT_PUT(context, FPU_STACK, 0); }

static uint32_t *bucket_of(const struct cms *cms, uint64_t spc, uint64_t context)
{
    uint32_t *buckets = at(cms, cms->root->buckets);
    return &buckets[hash_words(spc, without_stack(context)) & cms->root->bucket_mask];
}

struct head *dispatch_peek(const struct cms *cms, uint64_t spc, uint64_t context)
{
    uint32_t offset = *bucket_of(cms, spc, context);
    while (offset) {
        struct head *head = at(cms, offset);
        if (head->spc == spc && head->context == context) return head;
        offset = head->next;
    }
    return NULL;
}

unsigned dispatch_versions(const struct cms *cms, const struct head *of)
{
    unsigned versions = 0;
    for (uint32_t offset = *bucket_of(cms, of->spc, of->context); offset;) {
        const struct head *head = at(cms, offset);
        versions += head != of && head->spc == of->spc && head->translation &&
                    without_stack(head->context) == without_stack(of->context);
        offset = head->next;
    }
    return versions;
}

void dispatch_forget(struct cms *cms)
{
    code_room_flush(cms);
    predecode_flush(cms);
    memset(at(cms, cms->root->buckets), 0, ((size_t)cms->root->bucket_mask + 1) * sizeof(uint32_t));
    cms->root->head_count = 0;
    hw_count(cms->core, CMS_STAT_head_flushes, 1);
}

struct head *dispatch_head(struct cms *cms, uint64_t spc)
{
    uint64_t context = cms->root->context;
    struct head *head = dispatch_peek(cms, spc, context);
    if (LIKELY(head != NULL)) return head;
    if (cms->root->head_count == cms->root->head_capacity) dispatch_forget(cms);
    uint32_t *bucket = bucket_of(cms, spc, context);
    head = at(cms, cms->root->heads + cms->root->head_count++ * (uint32_t)sizeof *head);
    *head = (struct head){.spc = spc, .context = context, .next = *bucket};
    profile_start(cms, head);
    *bucket = offset_of(cms, head);
    hw_count(cms->core, CMS_STAT_heads, 1);
    return head;
}
