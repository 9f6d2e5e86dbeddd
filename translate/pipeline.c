/* pipeline.c -- the whole compiler on one screen: form a region, improve it, schedule it, emit it. */
#include "translate/emit/emit.h"
#include "translate/passes/passes.h"
#include "translate/region/region.h"
#include "translate/schedule/schedule.h"

/* What holds of a region between passes. */
enum {
    PROMOTED = 1, /* values instead of gets and puts */
    TIDY = 2,     /* nothing in it is dead */
    LEGAL = 4,    /* every operation is an atom of this machine */
};
struct pass {
    const char *name;
    void (*run)(struct ir_region *region, const struct tr_request *request);
    unsigned needs, gives, breaks;
    size_t option; /* in struct tr_options: may be switched off; 0: never */
    unsigned gear; /* runs from this gear on */
};
/* Options are found by offset; the first field of the struct is none of these, so that 0 can mean none. */
#define OPTION(field) offsetof(struct tr_options, field)

/* clang-format off */
static const struct pass passes[] = {
    {"promote",   pass_promote,   0,        PROMOTED, 0,            0,                      1},
    {"dead",      pass_dead,      PROMOTED, TIDY,     0,            OPTION(pass_dead),      1}, /* so that more folds */
    {"copy",      pass_copy,      PROMOTED, 0,        TIDY | LEGAL, OPTION(pass_copy),      2},
    {"cse",       pass_cse,       PROMOTED, 0,        TIDY | LEGAL, OPTION(pass_cse),       2},
    {"remainder", pass_remainder, PROMOTED, 0,        TIDY | LEGAL, OPTION(pass_remainder), 2},
    {"memory",    pass_memory,    PROMOTED, 0,        TIDY | LEGAL, OPTION(pass_memory),    2},
    {"copy2",     pass_copy,      PROMOTED, 0,        TIDY | LEGAL, OPTION(pass_copy),      2}, /* of what loads gave */
    {"cse2",      pass_cse,       PROMOTED, 0,        TIDY | LEGAL, OPTION(pass_cse),       2},
    {"dead2",     pass_dead,      PROMOTED, TIDY,     0,            OPTION(pass_dead),      2},
    {"legalise",  pass_legalise,  PROMOTED, LEGAL,    0,            0,                      1},
};
/* clang-format on */

static bool switched_on(const struct pass *pass, const struct tr_request *request)
{
    int64_t on = 1;
    if (pass->option) memcpy(&on, (const char *)request->options + pass->option, sizeof on);
    return on && request->gear >= pass->gear;
}

static bool verifies(const struct tr_request *request)
{
#ifdef COVM_CHECKS
    return true;
#else
    return request->options->verify;
#endif
}

static enum tr_reason found_wrong(struct tr_result *result, const char *wrong, const char *pass, unsigned at)
{
    result->wrong = wrong, result->wrong_pass = pass, result->wrong_at = at;
    return TR_BUG;
}

static enum tr_reason check(const struct tr_request *request, struct tr_result *result, const char *pass,
                            const struct ir_region *region)
{
    ir_ref at;
    if (request->stage) request->stage(request->cookie, pass, region);
    const char *wrong = verifies(request) ? ir_verify(region, &at) : NULL;
    return wrong ? found_wrong(result, wrong, pass, at) : TR_OK;
}

static enum tr_reason improve(const struct tr_request *request, struct tr_result *result, struct ir_region *region)
{
    unsigned state = 0;
    for (const struct pass *pass = passes; pass < passes + LENGTH(passes); pass++) {
        if (!switched_on(pass, request)) continue;
        if (pass->needs & ~state) return found_wrong(result, "a pass needs what none before it gives", pass->name, 0);
        pass->run(region, request);
        state = (state & ~pass->breaks) | pass->gives;
        result->work.passes_run++;
        if (region->full) return TR_ARENA_FULL;
        enum tr_reason reason = check(request, result, pass->name, region);
        if (reason != TR_OK) return reason;
    }
    return state & LEGAL ? TR_OK : found_wrong(result, "nothing made the region legal", "legalise", 0);
}

static enum tr_reason schedule_and_emit(const struct tr_request *request, struct tr_result *result,
                                        const struct ir_region *region)
{
    struct schedule schedule = {0};
    unsigned at = 0;
    enum tr_reason reason = schedule_region(region, request, &schedule);
    if (reason != TR_OK) return reason;
    result->work.scheduled_atoms = schedule.atom_count;
    result->loads_passed = schedule.passed, result->loads_refused = schedule.refused;
    if (request->scheduled) request->scheduled(request->cookie, region, &schedule);
    const char *wrong = verifies(request) ? schedule_verify(region, request, &schedule, &at) : NULL;
    return wrong ? found_wrong(result, wrong, "schedule", at) : emit_translation(region, request, &schedule, result);
}

enum tr_reason translate(const struct tr_request *request, struct tr_result *result)
{
    struct ir_region region = {0};
    memset(result, 0, sizeof *result);
    enum tr_reason reason =
        request->gear == 1 ? region_basic_block(request, &region) : region_superblock(request, &region);
    result->work.decoded = region.guest_count;
    result->work.ir_ops = region.count;
    if (reason == TR_OK) reason = check(request, result, "lift", &region);
    if (reason == TR_OK) reason = improve(request, result, &region);
    if (reason == TR_OK) reason = schedule_and_emit(request, result, &region);
    return reason;
}
