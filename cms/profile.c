/* profile.c -- how hot guest code is: interpretations of block heads, the down-counters of gear 1 code, and the path
 * that execution takes from a hot head.
 */
#include "cms/state.h"

enum { BACK_OFF_MAX = 20 }; /* doublings */

void profile_start(struct cms *cms, struct head *head)
{
    head->executions = 0;
    head->threshold = (uint32_t)cms->options->gear1_threshold;
    head->counter = (uint32_t)cms->options->gear2_threshold;
    head->gear = 1;
}

bool profile_is_hot(const struct head *head) { return head->executions >= head->threshold; }

void profile_ran_out(struct cms *cms, struct head *head, const struct translation *translation)
{
    head->counter = (uint32_t)cms->options->gear2_threshold;
    if (!translation->alive || translation->gear > 1) return;
    head->gear = 2;
    head->executions = head->threshold;
}

void profile_back_off(struct cms *cms, struct head *head, unsigned times)
{
    unsigned doublings = times < BACK_OFF_MAX ? times : BACK_OFF_MAX;
    uint64_t threshold = (uint64_t)cms->options->gear1_threshold << doublings;
    uint64_t counter = (uint64_t)cms->options->gear2_threshold << doublings;
    profile_start(cms, head);
    head->threshold = threshold < INT32_MAX ? (uint32_t)threshold : INT32_MAX;
    head->counter = counter < INT32_MAX ? (uint32_t)counter : INT32_MAX;
}

/* A path ends where it comes round to its head, where the platform steps in, or where a superblock would be full. */
struct interpreted profile_record(struct cms *cms, struct head *head, unsigned *count)
{
    uint64_t *path = at(cms, cms->root->path);
    uint64_t spc = head->spc, context = head->context;
    struct interpreted all = {0};
    uint32_t insns_max = (uint32_t)cms->options->translate.gear2_insns_max;
    *count = 0;
    hw_count(cms->core, CMS_STAT_paths, 1);
    do {
        uint64_t insns = hw_insns(cms->core), event = hw_next_event(cms->core);
        if (event <= insns) break;
        uint64_t left = event - insns;
        struct interpreted one = interpret(cms, head, left < UINT32_MAX ? (uint32_t)left : UINT32_MAX, 0);
        all.pace = one.pace;
        all.excepted = one.excepted;
        all.insns += one.insns;
        if (one.pace != PACE_ON || cms->root->context != context) break;
        if (one.transferred) path[(*count)++] = eip(cms);
        head = dispatch_head(cms, eip(cms));
    } while (eip(cms) != spc && *count < PATH_MAX_BLOCKS && all.insns < insns_max);
    return all;
}
