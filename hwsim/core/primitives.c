/* primitives.c -- the contract's side of the core: what the CMS calls (hwsim/contract.h), and what the platform does to
 * a core (hwsim/core/machine.h). */
#include "hwsim/core/core.h"

/* ---- state ---- */

struct hw_state *hw_state(struct hw_core *core) { return &core->state; }
const struct hw_state *hw_shadow(const struct hw_core *core) { return &core->shadow; }
uint64_t hw_context(struct hw_core *core) { return core_context(core); }
const struct machine_desc *hw_machine(const struct hw_core *core) { return &core->desc; }
const void *hw_options(const struct hw_core *core) { return core->machine->config.options; }
struct hw_fault hw_fault(const struct hw_core *core) { return core->fault; }
uint32_t hw_concealed_bytes(const struct hw_core *core) { return core->concealed_bytes; }

void *hw_concealed(struct hw_core *core, uint32_t offset)
{
    if (offset > core->concealed_bytes) hw_panic(core, "concealed offset %#x is beyond the end", offset);
    return core->concealed + offset;
}

/* ---- translations ---- */

static void log_exit(struct hw_core *core, const struct hw_exit *exit)
{
    core->exit_log[core->exit_count % EXIT_LOG] = *exit;
    core->exit_cycles[core->exit_count % EXIT_LOG] = core->cycle;
    core->exit_count++;
    if (trace_is_on(core->machine, 'e'))
        hw_trace(core, 'e', "cycle %llu exit kind %u reason %u number %u site %#x region %u eip %#llx",
                 (unsigned long long)core->cycle, exit->kind, exit->reason, exit->number, exit->site, exit->region,
                 (unsigned long long)core->state.r[HOME_EIP]);
}

/* A translation leaves with its state committed: whatever it wrote to homes behind its last commit would be lost. */
static void check_committed(struct hw_core *core)
{
    uint64_t homes = (core->dirty & (bits_mask(HOME_INTEGERS) | DIRTY_FLAGS)) |
                     (uint64_t)(core->vdirty & bits_mask(HOME_COUNT - HOME_INTEGERS)) << HOME_INTEGERS;
    if (homes) hw_panic(core, "exit with homes written behind the last commit (mask %#llx)", (unsigned long long)homes);
}

static void came_back(struct hw_core *core, struct hw_exit *exit)
{
    core->told += core->cycle - core->entered;
    exit->region = account_region_at(core, exit->site);
    if (!exit->region) exit->region = core->commit_region;
    core->commit_gear = 0;
    log_exit(core, exit);
    if (exit->kind == HW_EXIT) check_committed(core);
    if (UNLIKELY(core->observer.left != NULL)) core->observer.left(core->observer.cookie, core, exit);
}

void hw_enter(struct hw_core *core, uint32_t tpc, struct hw_exit *exit)
{
    core->since = core->entered = core->cycle;
    core->dirty = core->vdirty = 0;
    if (core->desc.exposed) scoreboard_settle(core);
    core->fetch_line = core->params->l1i_perfect ? 0 : UINT64_MAX;
    core->commit_region = core->commit_gear = 0;
    core->stats.enters++;
    engine_run(core, tpc, exit);
    came_back(core, exit);
}

void hw_resume(struct hw_core *core, struct hw_exit *exit)
{
    engine_resume(core, core->resume_site, exit);
    came_back(core, exit);
}

void hw_rest(struct hw_core *core)
{
    if (LIKELY(!core->observer.resting)) return;
    core->resume_site = 0;
    core->observer.resting(core->observer.cookie, core);
}

void hw_invalidate_code(struct hw_core *core, uint32_t tpc, uint32_t bytes)
{
    if (bytes == 0) return;
    if (tpc > core->concealed_bytes || bytes > core->concealed_bytes - tpc)
        hw_panic(core, "code range %#x + %u lies outside concealed memory", tpc, bytes);
    decode_forget(core, tpc, bytes);
    cache_invalidate(&core->l1i, CONCEALED_ADDRESS | tpc, bytes);
}

/* ---- guest memory ---- */

static uint64_t wrap(const struct hw_core *core, uint64_t linear)
{
    return core_in_long_mode(core) ? linear : (uint32_t)linear;
}

/* The access took a cycle to issue, stopped the machine as core_stall noted, and then waited for its data. */
static void account_access(struct hw_core *core, uint64_t ready, enum hw_cause cause)
{
    uint64_t *cycles = core->machine->account.cycles[ACTIVITY_INTERPRET];
    for (uint32_t causes = core->stalled; causes; causes &= causes - 1) {
        unsigned stalled = (unsigned)__builtin_ctz(causes);
        cycles[stalled] += core->stalls[stalled];
        core->stalls[stalled] = 0;
    }
    core->stalled = 0;
    account_add(core, ACTIVITY_INTERPRET, CAUSE_ISSUE, 1);
    if (ready > core->cycle) account_add(core, ACTIVITY_INTERPRET, cause, ready - core->cycle);
    account_tell(core, ACTIVITY_INTERPRET, WORKS);
}

static enum hw_access refused(struct hw_core *core)
{
    account_access(core, 0, CAUSE_ISSUE);
    return core->refusal == HW_PROTECT ? HW_PROTECTED : core->refusal == HW_IO ? HW_DEVICE : HW_FAULTED;
}

/* Alignment checks (SDM vol. 3, 6.15, #AC): AC set at privilege 3; the platforms keep CR0.AM set. */
static bool is_misaligned(struct hw_core *core, uint64_t linear, unsigned bytes, bool user)
{
    if (!user || !(core->state.r[HOME_EFL] >> EFLAGS_AC & 1) || access_is_aligned(linear, bytes)) return false;
    core->fault = (struct hw_fault){.vector = VECTOR_AC};
    core->refusal = HW_FAULT;
    return true;
}

static bool resolve(struct hw_core *core, uint64_t linear, unsigned bytes, bool user, bool write, struct place *place)
{
    if (is_misaligned(core, linear, bytes, user)) return false;
    return access_resolve(core, user ? SPACE_USER : SPACE_SUPERVISOR, linear, bytes, write, place);
}

enum hw_access hw_load(struct hw_core *core, uint64_t linear, unsigned size, bool user, uint64_t *value)
{
    struct place place;
    linear = wrap(core, linear);
    core->stats.loads++;
    if (!resolve(core, linear, 1u << size, user, false, &place)) return refused(core);
    access_alignment(core, linear, 1u << size);
    *value = place_read(&place);
    uint64_t ready = access_read(core, &place);
    account_access(core, ready >> 4, (enum hw_cause)(ready & 15));
    return HW_OK;
}

enum hw_access hw_store(struct hw_core *core, uint64_t linear, unsigned size, bool user, uint64_t value)
{
    struct place place;
    linear = wrap(core, linear);
    core->stats.stores++;
    if (!resolve(core, linear, 1u << size, user, true, &place)) return refused(core);
    access_alignment(core, linear, 1u << size);
    access_write(core, &place, &value);
    account_access(core, place.known, CAUSE_TLB);
    return HW_OK;
}

enum hw_access hw_load_vector(struct hw_core *core, uint64_t linear, unsigned bytes, bool user, struct vreg *value)
{
    struct place place;
    linear = wrap(core, linear);
    core->stats.loads++;
    if (!resolve(core, linear, bytes, user, false, &place)) return refused(core);
    access_alignment(core, linear, bytes);
    *value = place_read_vector(&place);
    uint64_t ready = access_read(core, &place);
    account_access(core, ready >> 4, (enum hw_cause)(ready & 15));
    return HW_OK;
}

enum hw_access hw_store_vector(struct hw_core *core, uint64_t linear, unsigned bytes, bool user, const struct vreg *value)
{
    struct place place;
    linear = wrap(core, linear);
    core->stats.stores++;
    if (!resolve(core, linear, bytes, user, true, &place)) return refused(core);
    access_alignment(core, linear, bytes);
    access_write(core, &place, value);
    account_access(core, place.known, CAUSE_TLB);
    return HW_OK;
}

enum hw_access hw_probe(struct hw_core *core, uint64_t linear, unsigned size, bool user, bool write)
{
    struct place place;
    linear = wrap(core, linear);
    core->stats.probes++;
    if (!resolve(core, linear, 1u << size, user, write, &place)) return refused(core);
    account_access(core, place.known, CAUSE_TLB);
    return HW_OK;
}

/* Walks for a fetch or for the platform, untimed. NULL: core->fault says why. */
static uint8_t *walk_untimed(struct hw_core *core, uint64_t linear, unsigned access, uint64_t *physical)
{
    struct page_walk walk;
    if (!page_walk(core->physical, core->paging, core->cr3, linear, access, &walk)) {
        core->fault = (struct hw_fault){VECTOR_PF, walk.error, linear};
        return NULL;
    }
    *physical = walk.frame << PAGE_BITS | (linear & (PAGE_BYTES - 1));
    uint8_t *frame = physical_frame(core->physical, walk.frame);
    if (!frame) {
        core->fault = (struct hw_fault){.vector = VECTOR_GP};
        return NULL;
    }
    return frame + (linear & (PAGE_BYTES - 1));
}

static size_t rest_of_page(uint64_t linear, size_t bytes)
{
    size_t rest = PAGE_BYTES - (size_t)(linear & (PAGE_BYTES - 1));
    return bytes < rest ? bytes : rest;
}

unsigned hw_fetch(struct hw_core *core, uint64_t linear, bool user, void *to, unsigned bytes)
{
    unsigned done = 0;
    while (done < bytes) {
        uint64_t at = wrap(core, linear + done), physical;
        const uint8_t *host = walk_untimed(core, at, ACCESS_FETCH | (user ? ACCESS_USER : 0), &physical);
        if (!host) break;
        unsigned piece = (unsigned)rest_of_page(at, bytes - done);
        memcpy((uint8_t *)to + done, host, piece);
        done += piece;
    }
    return done;
}

bool hw_physical(struct hw_core *core, uint64_t linear, uint64_t *physical)
{
    unsigned user = (core->mode_context >> CONTEXT_CPL & 3) == 3 ? ACCESS_USER : 0;
    return walk_untimed(core, wrap(core, linear), ACCESS_FETCH | user, physical) != NULL;
}

void hw_protect(struct hw_core *core, uint64_t page, uint32_t chunks)
{
    uint32_t *have = physical_chunks(core->physical, page);
    if (!have || *have == chunks) return;
    *have = chunks;
    soft_flush(core);
}

uint32_t hw_protected(struct hw_core *core, uint64_t page)
{
    const uint32_t *chunks = physical_chunks(core->physical, page);
    return chunks ? *chunks : 0;
}

/* ---- the platform's side ---- */

void core_set_space(struct hw_core *core, uint16_t space, enum paging mode, uint64_t cr3)
{
    bool same = core->space == space && (core->cr3 != cr3 || core->paging != mode);
    if (same) tlb_drop(&core->tlb, 0, TLB_FREE - 1, space);
    core->space = space;
    core->paging = mode;
    core->cr3 = cr3;
    core->mode_context = (uint64_t)space << CONTEXT_SPACE | UINT64_C(3) << CONTEXT_CPL | UINT64_C(1) << CONTEXT_CODE32 |
                         UINT64_C(1) << CONTEXT_STACK32 | (uint64_t)mode << CONTEXT_PAGING |
                         (uint64_t)(CPUS - 1 - core->params->cpu) << CONTEXT_WITHOUT;
    soft_flush(core);
}

struct core_space core_get_space(const struct hw_core *core)
{
    return (struct core_space){.space = core->space, .mode = core->paging, .cr3 = core->cr3};
}

void core_space_changed(struct hw_core *core, uint16_t space, uint64_t linear, uint64_t bytes)
{
    if (bytes == 0) return;
    tlb_drop(&core->tlb, linear >> PAGE_BITS, (linear + bytes - 1) >> PAGE_BITS, space);
    soft_flush(core);
    machine_notice(core->machine, (struct hw_notice){HW_NOTICE_MAPPING, linear, bytes, space});
}

void core_mapping_changed(struct hw_core *core, uint64_t linear, uint64_t bytes)
{
    core_space_changed(core, core->space, linear, bytes);
}

bool core_guest_read(struct hw_core *core, uint64_t linear, void *to, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        uint64_t at = wrap(core, linear + done), physical;
        const uint8_t *host = walk_untimed(core, at, ACCESS_USER, &physical);
        if (!host) return false;
        size_t piece = rest_of_page(at, bytes - done);
        memcpy((uint8_t *)to + done, host, piece);
        done += piece;
    }
    return true;
}

bool core_guest_write(struct hw_core *core, uint64_t linear, const void *from, size_t bytes)
{
    uint64_t physical;
    for (size_t done = 0; done < bytes; done += rest_of_page(linear + done, bytes - done))
        if (!walk_untimed(core, wrap(core, linear + done), ACCESS_USER | ACCESS_WRITE, &physical)) return false;
    for (size_t done = 0; done < bytes;) {
        uint64_t at = wrap(core, linear + done);
        size_t piece = rest_of_page(at, bytes - done);
        if (!walk_untimed(core, at, ACCESS_USER | ACCESS_WRITE, &physical)) return false;
        physical_write(core->physical, physical, (const uint8_t *)from + done, piece);
        done += piece;
    }
    return true;
}

/* May run in a signal handler: two stores, and the run loop looks. */
void core_event_changed(struct hw_core *core)
{
    core->event_changed = true;
    core->event_threshold = 0;
}

/* ---- the platform, called ---- */

static void tell_platform(struct hw_core *core, bool after)
{
    if (core->observer.platform) core->observer.platform(core->observer.cookie, core, after);
}

/* What the platform did becomes permanent; and it may have changed when the next event falls. */
static enum hw_run platform_done(struct hw_core *core, enum hw_run run)
{
    checkpoint_commit_all(core);
    core_event_due(core);
    tell_platform(core, true);
    return run;
}

enum hw_run hw_system_call(struct hw_core *core)
{
    tell_platform(core, false);
    return platform_done(core, core->platform.system_call(core->platform.self, core));
}

enum hw_run hw_exception(struct hw_core *core, const struct hw_fault *fault, bool software)
{
    tell_platform(core, false);
    return platform_done(core, core->platform.exception(core->platform.self, core, fault, software));
}

enum hw_run hw_events(struct hw_core *core)
{
    tell_platform(core, false);
    return platform_done(core, core->platform.events(core->platform.self, core));
}

bool hw_segment(struct hw_core *core, unsigned segment, uint16_t selector, struct hw_segment *descriptor)
{
    struct hw_fault fault = {0};
    if (core->platform.segment(core->platform.self, core, segment, selector, descriptor, &fault)) return true;
    core->fault = fault;
    return false;
}

uint64_t hw_time_stamp(struct hw_core *core) { return core->platform.time_stamp(core->platform.self, core); }
uint64_t hw_insns(const struct hw_core *core) { return core->insns; }

uint64_t hw_next_event(const struct hw_core *core)
{
    if (core->event_changed || core->insns >= core->next_event)
        core_event_due((struct hw_core *)core); /* a cache of the answer */
    return core->next_event;
}

void hw_event_margin(struct hw_core *core, uint32_t insns)
{
    core->event_margin = insns;
    core_set_threshold(core);
}

struct hw_notice hw_poll(struct hw_core *core)
{
    struct machine *machine = core->machine;
    if (machine->notice_count == 0) return (struct hw_notice){0};
    struct hw_notice notice = machine->notices[machine->notice_first];
    machine->notice_first = (machine->notice_first + 1) % machine->notice_capacity;
    machine->notice_count--;
    return notice;
}
