#include "lab/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/isa/context.h"
#include "hwsim/memory/page_walk.h"
#include "hwsim/memory/physical.h"
#include "lab/listing.h"
#include "lab/x86_text.h"
#include "translate/x86/x86.h"

enum {
    CODE_ENTRIES = 16384,
    PAGE_ENTRIES = 256,
    TRAIL = 256,
    OPS_MAX = 1024,
    ARENA_BYTES = 1 << 18,
    COMMITS_PER_SWEEP = 1 << 20
};

/* An instruction as it was lifted; used again only where its bytes are still the same. */
struct code {
    uint64_t address, context;
    uint8_t bytes[X86_INSN_BYTES_MAX], length; /* length 0: free */
    bool transfers;
    unsigned ops, capacity;
    struct ir_insn *insns;
};
/* A page of the guest's linear space in the shadow's memory; forgotten whenever the platform has acted. */
struct page {
    uint64_t linear; /* page address | access, UINT64_MAX: free */
    uint64_t physical;
    uint8_t *host;
};
struct range {
    uint64_t physical;
    unsigned bytes;
};
struct ranges {
    struct range *items;
    unsigned count, capacity;
};

struct check {
    struct machine *machine;
    struct physical *machine_memory, *memory; /* the machine's; the shadow's copy */
    uint64_t r[HOME_INTEGERS];
    struct vreg v[HOME_COUNT - HOME_INTEGERS];
    uint16_t f0;
    struct hw_core *core; /* of the commit under way */
    struct code code[CODE_ENTRIES];
    struct page pages[PAGE_ENTRIES];
    struct core_space space;
    uint64_t mode;                        /* context bits that the guest's own registers do not decide */
    struct ranges machine_stores, stores; /* since the last commit */
    uint64_t trail[TRAIL];                /* guest addresses stepped through since the last commit */
    uint64_t steps;
    uint64_t start; /* EIP at the last commit */
    uint64_t commits;
    bool running; /* registers are known: the platform has set them */
    bool in_platform;
    bool diverged;
    struct text why; /* what the shadow met in the instruction under way */
    struct check_step last;
    void (*stepped)(void *cookie, const struct check_step *step); /* NULL: nobody wants to know */
    void *stepped_cookie;
    uint64_t values[OPS_MAX];
    uint16_t flags[OPS_MAX];
    struct vreg vectors[OPS_MAX];
    _Alignas(16) char arena[ARENA_BYTES];
};

static void diverge(struct check *c, uint32_t insns, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- guest memory, a copy of its own ---- */

static uint8_t *shadow_frame(struct check *c, uint64_t frame)
{
    uint8_t *host;
    /* Frames are given out lowest first and the shadow never gives one back, so it reaches any number. */
    while (!(host = physical_frame(c->memory, frame))) {
        if (!physical_allocate(c->memory)) {
            fputs("covm: no memory for the lockstep shadow\n", stderr);
            _Exit(6);
        }
    }
    return host;
}

static void copy(struct check *c, uint64_t physical, size_t bytes)
{
    while (bytes) {
        size_t offset = physical & (PAGE_BYTES - 1), part = PAGE_BYTES - offset < bytes ? PAGE_BYTES - offset : bytes;
        const uint8_t *from = physical_frame(c->machine_memory, physical >> PAGE_BITS);
        if (from) memcpy(shadow_frame(c, physical >> PAGE_BITS) + offset, from + offset, part);
        physical += part;
        bytes -= part;
    }
}

static void written(void *cookie, uint64_t address, size_t bytes) { copy(cookie, address, bytes); }

static void forget_pages(struct check *c)
{
    for (unsigned i = 0; i < PAGE_ENTRIES; i++) c->pages[i].linear = UINT64_MAX;
}

static const struct page *page_of(struct check *c, uint64_t linear, unsigned access)
{
    uint64_t tag = (linear & ~(uint64_t)(PAGE_BYTES - 1)) | access;
    struct page *page = &c->pages[((linear >> PAGE_BITS) * 4 + access) % PAGE_ENTRIES];
    if (LIKELY(page->linear == tag)) return page;
    struct page_walk walk;
    unsigned user = CONTEXT_GET(c->mode, CPL) == 3 ? ACCESS_USER : 0;
    if (!page_walk(c->memory, c->space.mode, c->space.cr3, linear, access | user, &walk)) return NULL;
    *page = (struct page){tag, walk.frame << PAGE_BITS, shadow_frame(c, walk.frame)};
    return page;
}

/* Up to `bytes` bytes into the pieces' pages; how many could be reached. */
static unsigned reach(struct check *c, uint64_t linear, unsigned bytes, unsigned access, void *to, const void *from)
{
    unsigned done = 0;
    while (done < bytes) {
        uint64_t at = (uint32_t)(linear + done);
        unsigned offset = at & (PAGE_BYTES - 1),
                 part = PAGE_BYTES - offset < bytes - done ? PAGE_BYTES - offset : bytes - done;
        const struct page *page = page_of(c, at, access);
        if (!page) break;
        if (to) memcpy((char *)to + done, page->host + offset, part);
        if (from) memcpy(page->host + offset, (const char *)from + done, part);
        done += part;
    }
    return done;
}

static void note(struct ranges *ranges, uint64_t physical, unsigned bytes)
{
    if (ranges->count == ranges->capacity) {
        ranges->capacity = ranges->capacity * 2 + 64;
        ranges->items = lab_reallocate(ranges->items, ranges->capacity * sizeof *ranges->items);
    }
    ranges->items[ranges->count++] = (struct range){physical, bytes};
}

static bool refused(struct check *c, const char *what, uint64_t address)
{
    text_printf(&c->why, "%s at 0x%08" PRIx64 " faults", what, address);
    return false;
}

static bool load(void *cookie, uint64_t address, unsigned size, uint64_t *value)
{
    *value = 0;
    return reach(cookie, address, 1u << size, 0, value, NULL) == 1u << size || refused(cookie, "its load", address);
}

static bool probe(void *cookie, uint64_t address, unsigned size)
{
    return reach(cookie, address, 1u << size, ACCESS_WRITE, NULL, NULL) == 1u << size ||
           refused(cookie, "its probe", address);
}

static bool store_bytes(struct check *c, uint64_t address, unsigned bytes, const void *value)
{
    if (reach(c, address, bytes, ACCESS_WRITE, NULL, NULL) != bytes) return refused(c, "its store", address);
    reach(c, address, bytes, ACCESS_WRITE, NULL, value);
    for (unsigned done = 0; done < bytes;) {
        uint64_t at = (uint32_t)(address + done);
        unsigned offset = at & (PAGE_BYTES - 1),
                 part = PAGE_BYTES - offset < bytes - done ? PAGE_BYTES - offset : bytes - done;
        note(&c->stores, page_of(c, at, ACCESS_WRITE)->physical + offset, part);
        done += part;
    }
    return true;
}

static bool store(void *cookie, uint64_t address, unsigned size, uint64_t value)
{
    return store_bytes(cookie, address, 1u << size, &value);
}

static bool misaligned(struct check *c, uint64_t address, bool aligned)
{
    return aligned && address & 15 && !refused(c, "its unaligned access", address);
}

static bool load_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned, struct vreg *value)
{
    *value = (struct vreg){{0, 0}};
    if (misaligned(cookie, address, aligned)) return false;
    return reach(cookie, address, bytes, 0, value, NULL) == bytes || refused(cookie, "its load", address);
}

static bool store_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned, const struct vreg *value)
{
    return !misaligned(cookie, address, aligned) && store_bytes(cookie, address, bytes, value);
}

/* Vector atoms are pure: the machine's own evaluation serves. */
static bool vector(void *cookie, struct vector_atom *atom)
{
    const struct check *c = cookie;
    return hw_vector(c->core, atom);
}

/* ---- stepping ---- */

/* The machine's mode, with the bits that the guest's own registers decide taken from the shadow's. */
static uint64_t context_of(const struct check *c)
{
    const uint64_t *r = c->r;
    const struct {
        unsigned low;
        bool set;
    } own[] = {{CONTEXT_DF_LOW, r[HOME_EFL] >> 10 & 1},
               {CONTEXT_BASE_ES_LOW, r[HOME_ES_BASE] != 0},
               {CONTEXT_BASE_CS_LOW, r[HOME_CS_BASE] != 0},
               {CONTEXT_BASE_SS_LOW, r[HOME_SS_BASE] != 0},
               {CONTEXT_BASE_DS_LOW, r[HOME_DS_BASE] != 0},
               {CONTEXT_NULL_ES_LOW, !(r[HOME_SEL_LOW] & 0xfffc)},
               {CONTEXT_NULL_DS_LOW, !(r[HOME_SEL_LOW] >> 48 & 0xfffc)},
               {CONTEXT_NULL_FS_LOW, !(r[HOME_SEL_HIGH] & 0xfffc)},
               {CONTEXT_NULL_GS_LOW, !(r[HOME_SEL_HIGH] >> 16 & 0xfffc)},
               {CONTEXT_FPU_ERROR_LOW, r[HOME_FSW] >> 7 & 1}};
    uint64_t context = c->mode;
    for (unsigned i = 0; i < LENGTH(own); i++) {
        context = (context & ~(UINT64_C(1) << own[i].low)) | (uint64_t)own[i].set << own[i].low;
    }
    return CONTEXT_PUT(context, FPU_STACK, r[HOME_FTW]);
}

/* Lifts into the shadow's own arena; few instructions need more than the smaller region. */
static bool lift(struct check *c, const struct x86_insn *insn, uint64_t address, uint64_t context,
                 struct ir_region *region)
{
    for (unsigned capacity = 64; capacity <= OPS_MAX; capacity *= 16) {
        struct arena arena;
        arena_init(&arena, c->arena, ARENA_BYTES);
        if (!ir_region_init(region, &arena, capacity, 2, context)) return false;
        x86_lift(region, insn, address);
        if (!region->full) return true;
    }
    return false;
}

static void keep(struct code *code, const struct ir_region *region)
{
    if (region->count > code->capacity) {
        code->capacity = region->count;
        code->insns = lab_reallocate(code->insns, code->capacity * sizeof *code->insns);
    }
    memcpy(code->insns, region->insns, region->count * sizeof *code->insns);
    code->ops = region->count;
}

static const struct code *code_at(struct check *c, uint64_t address)
{
    uint64_t context = context_of(c);
    uint8_t bytes[X86_INSN_BYTES_MAX];
    uint64_t linear = (uint32_t)(address + c->r[HOME_CS_BASE]);
    unsigned available = reach(c, linear, sizeof bytes, ACCESS_FETCH, bytes, NULL);
    struct code *code = &c->code[(address ^ address >> 14) % CODE_ENTRIES];
    if (LIKELY(code->length && code->address == address && code->context == context && available >= code->length &&
               !memcmp(code->bytes, bytes, code->length))) {
        return code;
    }
    struct x86_insn insn;
    struct ir_region region;
    enum x86_status status = x86_decode(bytes, available, context, &insn);
    code->length = 0;
    if (status != X86_OK || !lift(c, &insn, address, context, &region)) {
        text_printf(&c->why, status == X86_TRUNCATED ? "its bytes are not mapped" : "it does not decode");
        return NULL;
    }
    keep(code, &region);
    code->address = address;
    code->context = context;
    code->length = insn.length;
    code->transfers = x86_rows[insn.row].properties & X86_ENDS_REGION;
    memcpy(code->bytes, bytes, insn.length);
    return code;
}

enum step { STEP_RETIRED, STEP_ITERATION, STEP_HELPER, STEP_STUCK };

static enum step step(struct check *c)
{
    uint64_t address = c->r[HOME_EIP];
    c->trail[c->steps++ % TRAIL] = address;
    text_free(&c->why);
    const struct code *code = code_at(c, address);
    if (!code) return STEP_STUCK;
    c->last = (struct check_step){
        .address = address, .esp = (uint32_t)c->r[HOME_ESP], .length = code->length, .transfers = code->transfers};
    const struct ir_machine machine = {.r = c->r, .f0 = &c->f0, .cookie = c, .load = load, .store = store, .probe = probe,
                                       .v = c->v, .vectors = c->vectors, .load_vector = load_vector,
                                       .store_vector = store_vector, .vector = vector};
    struct ir_eval_result result;
    uint64_t next = (uint32_t)(address + code->length);
    enum ir_outcome outcome = ir_eval(code->insns, code->ops, &machine, c->values, c->flags, &result);
    if (outcome == IR_FLOAT_ERROR) {
        outcome = x86_float_error(code->insns, code->ops, &machine, c->values, c->flags, &result);
        if (outcome == IR_EXITED) outcome = IR_FELL_THROUGH;
    }
    switch (outcome) {
    case IR_FELL_THROUGH: c->r[HOME_EIP] = next; return STEP_RETIRED;
    case IR_EXITED: {
        const struct ir_insn *exit = &code->insns[result.at];
        bool iteration = exit->op == IR_EXIT && exit->kind == IR_REPEAT;
        bool behind =
            exit->op == IR_EXIT && (exit->kind == IR_SYSTEM || exit->kind == IR_SOFTINT || exit->kind == IR_DISPATCH);
        c->r[HOME_EIP] = iteration ? address : behind ? next : result.value;
        c->last.calls = exit->op == IR_EXIT && (exit->kind == IR_CALL || exit->kind == IR_CALL_INDIRECT);
        return iteration ? STEP_ITERATION : STEP_RETIRED;
    }
    case IR_TRAPPED: text_printf(&c->why, "it traps (vector %u)", (unsigned)result.value); return STEP_STUCK;
    case IR_CALLS_HELPER: return STEP_HELPER;
    case IR_REFUSED: case IR_FLOAT_ERROR: break;
    }
    return STEP_STUCK;
}

static void tell(struct check *c, bool retired)
{
    c->last.retired = retired;
    if (c->stepped) c->stepped(c->stepped_cookie, &c->last);
}

/* What a helper does is taken over from the machine: the interpreter is the only one that has it. */
static void adopt(struct check *c)
{
    const struct hw_state *state = hw_state(c->core);
    memcpy(c->r, state->r, sizeof c->r);
    memcpy(c->v, state->v, sizeof c->v);
    c->f0 = state->f[0];
    for (unsigned i = 0; i < c->machine_stores.count; i++)
        copy(c, c->machine_stores.items[i].physical, c->machine_stores.items[i].bytes);
}

/* ---- comparing ---- */

static bool same_state(struct check *c)
{
    const struct hw_state *state = hw_state(c->core);
    return !memcmp(c->r, state->r, sizeof c->r) && !memcmp(c->v, state->v, sizeof c->v) && !((c->f0 ^ state->f[0]) & ATOM_FLAGS);
}

static const struct range *different(struct check *c, const struct ranges *ranges)
{
    for (unsigned i = 0; i < ranges->count; i++) {
        const struct range *range = &ranges->items[i];
        size_t offset = range->physical & (PAGE_BYTES - 1);
        const uint8_t *there = physical_frame(c->machine_memory, range->physical >> PAGE_BITS);
        if (!there || memcmp(there + offset, shadow_frame(c, range->physical >> PAGE_BITS) + offset, range->bytes))
            return range;
    }
    return NULL;
}

/* Walks set accessed and dirty bits at different times on the two sides: they are not compared in page tables. */
static bool is_page_table(struct check *c, uint64_t frame)
{
    if (frame == c->space.cr3 >> PAGE_BITS) return true;
    const uint8_t *directory =
        c->space.mode == PAGING_TWO_LEVEL ? physical_frame(c->memory, c->space.cr3 >> PAGE_BITS) : NULL;
    for (unsigned i = 0; directory && i < PAGE_BYTES; i += 4) {
        uint32_t entry;
        memcpy(&entry, directory + i, 4);
        if (entry & PTE_PRESENT && !(entry & PTE_LARGE) && entry >> PAGE_BITS == frame) return true;
    }
    return false;
}

static void sweep(struct check *c, uint32_t insns)
{
    uint64_t left = physical_frames_in_use(c->machine_memory);
    for (uint64_t frame = 1; left && !c->diverged; frame++) {
        const uint8_t *there = physical_frame(c->machine_memory, frame),
                      *here = there ? physical_frame(c->memory, frame) : NULL;
        if (!there) continue;
        left--;
        if (here && !memcmp(there, here, PAGE_BYTES)) continue;
        if (is_page_table(c, frame)) continue;
        unsigned at = 0;
        while (here && there[at] == here[at]) at++;
        if (here) {
            diverge(c, insns, "guest memory differs at physical 0x%08" PRIx64 ": machine %02x, shadow %02x",
                    frame << PAGE_BITS | at, there[at], here[at]);
        } else {
            diverge(c, insns, "the shadow has never seen physical page 0x%08" PRIx64, frame << PAGE_BITS);
        }
    }
}

/* ---- reporting ---- */

static void print_registers(struct check *c)
{
    static const char *const names[] = {
#define HOME(name, reg, meaning) [reg] = #name,
#include "hwsim/isa/homes.def"
#undef HOME
    };
    const struct hw_state *state = hw_state(c->core);
    fprintf(stderr, "  %-8s %-18s %-18s\n", "home", "machine", "shadow");
    for (unsigned i = 0; i < HOME_INTEGERS; i++) {
        bool differs = state->r[i] != c->r[i];
        if (i < 8 || i == HOME_EIP || i == HOME_EFL || differs) {
            fprintf(stderr, "  %-8s 0x%016" PRIx64 " 0x%016" PRIx64 "%s\n", names[i], state->r[i], c->r[i],
                    differs ? "  <--" : "");
        }
    }
    for (unsigned i = 0; i < LENGTH(c->v); i++) {
        if (!memcmp(&c->v[i], &state->v[i], sizeof c->v[i])) continue;
        fprintf(stderr, "  v%-7u 0x%016" PRIx64 "%016" PRIx64 " 0x%016" PRIx64 "%016" PRIx64 "  <--\n", i,
                state->v[i].half[1], state->v[i].half[0], c->v[i].half[1], c->v[i].half[0]);
    }
    unsigned flags = state->f[0] & ATOM_FLAGS, own = c->f0 & ATOM_FLAGS;
    fprintf(stderr, "  %-8s 0x%016x 0x%016x%s\n", "flags", flags, own, flags != own ? "  <--" : "");
}

static void print_instruction(struct check *c, uint64_t address)
{
    uint8_t bytes[X86_INSN_BYTES_MAX];
    struct text text = {0};
    unsigned available = reach(c, (uint32_t)(address + c->r[HOME_CS_BASE]), sizeof bytes, ACCESS_FETCH, bytes, NULL);
    x86_text(bytes, available, address, &text);
    fprintf(stderr, "  0x%08" PRIx64 "  %s\n", address, text_string(&text));
    text_free(&text);
    struct x86_insn insn;
    struct ir_region region;
    if (x86_decode(bytes, available, context_of(c), &insn) == X86_OK &&
        lift(c, &insn, address, context_of(c), &region)) {
        struct listing listing = {0};
        listing_ir(&listing, &region, 1, region.count);
        listing_print(stderr, "                ", &listing);
        listing_free(&listing);
    }
}

static void print_trail(struct check *c)
{
    uint64_t first = c->steps > TRAIL ? c->steps - TRAIL : 0;
    fprintf(stderr, "x86 and IR, as the shadow went%s:\n", first ? " (the last of it)" : "");
    for (uint64_t i = first; i < c->steps; i++) print_instruction(c, c->trail[i % TRAIL]);
}

/* Translations that begin where the machine stood at its last commit. */
static void print_bundles(struct check *c)
{
    const struct region_account *accounts;
    unsigned count = machine_regions(c->machine, &accounts), shown = 0;
    for (unsigned i = count; i-- > 1 && shown < 4;) {
        const struct hw_region_info *info = &accounts[i].info;
        if (info->spc != c->start || accounts[i].died_of) continue;
        fprintf(stderr, "bundles of region %" PRIu32 ", gear %u, %" PRIu32 " guest instructions, at 0x%08" PRIx64 ":\n",
                info->region, info->gear, info->guest_insns, info->spc);
        struct listing listing = {0};
        listing_bundles(&listing, hw_concealed(c->core, info->tpc), info->code_bytes);
        listing_print(stderr, "  ", &listing);
        listing_free(&listing);
        shown++;
    }
    if (!shown) fprintf(stderr, "no translation begins at 0x%08" PRIx64 ": it was interpreted, or is gone\n", c->start);
}

static void diverge(struct check *c, uint32_t insns, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "covm: lockstep divergence at guest instruction %" PRIu64 ", cycle %" PRIu64 ": ",
            hw_insns(c->core), machine_cycle(c->machine));
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nthe commit retired %" PRIu32 " instructions from 0x%08" PRIx64 "\n", insns, c->start);
    c->diverged = true;
    print_registers(c);
    print_trail(c);
    print_bundles(c);
}

static void compare(struct check *c, uint32_t insns)
{
    if (!same_state(c)) {
        diverge(c, insns, "registers differ");
        return;
    }
    const struct range *range = different(c, &c->machine_stores);
    const char *who = "the machine";
    if (!range) {
        range = different(c, &c->stores);
        who = "the shadow";
    }
    if (range)
        diverge(c, insns, "memory differs in what %s stored: %u bytes at physical 0x%08" PRIx64, who, range->bytes,
                range->physical);
}

/* ---- what the observer tells ---- */

static void next_segment(struct check *c)
{
    c->machine_stores.count = c->stores.count = 0;
    c->steps = 0;
    c->start = c->r[HOME_EIP];
}

void check_committed(struct check *c, struct hw_core *core, uint32_t insns, unsigned flags)
{
    if (c->diverged || !c->running) return;
    c->core = core;
    uint32_t retired = 0;
    enum step last = STEP_RETIRED;
    while (retired < insns) {
        last = step(c);
        if (last == STEP_STUCK || last == STEP_HELPER) break;
        retired += last == STEP_RETIRED;
        tell(c, last == STEP_RETIRED);
    }
    if (last != STEP_STUCK && flags & COMMIT_ITERATION && !(flags & COMMIT_LAST)) {
        last = step(c);
        if (last == STEP_ITERATION) tell(c, false);
        if (last == STEP_RETIRED)
            diverge(c, insns, "the machine goes on repeating the instruction, the shadow is done with it");
    }
    if (last == STEP_HELPER && retired + 1 == insns) {
        tell(c, true);
        adopt(c);
    } else if (last == STEP_STUCK || last == STEP_HELPER) {
        diverge(c, insns, "the shadow cannot run the instruction at 0x%08" PRIx64 ": %s", c->r[HOME_EIP],
                last == STEP_HELPER ? "a translation ran into a helper" : text_string(&c->why));
    }
    if (!c->diverged && !c->in_platform) compare(c, insns);
    if (!c->diverged && ++c->commits % COMMITS_PER_SWEEP == 0) sweep(c, insns);
    next_segment(c);
}

void check_stored(struct check *c, uint64_t physical, unsigned bytes)
{
    if (!c->diverged) note(&c->machine_stores, physical, bytes);
}

/* Everything that the platform does comes from outside: taken over as it is. */
void check_platform(struct check *c, struct hw_core *core, bool after)
{
    if (c->diverged) return;
    c->core = core;
    c->in_platform = !after;
    if (!after) return;
    const struct hw_state *state = hw_state(core);
    memcpy(c->r, state->r, sizeof c->r);
    memcpy(c->v, state->v, sizeof c->v);
    c->f0 = state->f[0];
    c->mode = hw_context(core);
    c->space = core_get_space(core);
    for (unsigned i = 0; i < c->machine_stores.count; i++)
        copy(c, c->machine_stores.items[i].physical, c->machine_stores.items[i].bytes);
    forget_pages(c);
    next_segment(c);
}

void check_begin(struct check *c, struct hw_core *core)
{
    check_platform(c, core, true);
    c->running = true;
}

void check_finish(struct check *c, struct hw_core *core)
{
    if (c->diverged) return;
    c->core = core;
    sweep(c, 0);
}

void check_on_step(struct check *c, void (*stepped)(void *cookie, const struct check_step *step), void *cookie)
{
    c->stepped = stepped;
    c->stepped_cookie = cookie;
}

bool check_diverged(const struct check *c) { return c->diverged; }

struct check *check_create(struct machine *machine, uint64_t guest_limit)
{
    struct check *c = lab_allocate(sizeof *c);
    c->machine = machine;
    c->machine_memory = machine_physical(machine);
    c->memory = physical_create(guest_limit);
    forget_pages(c);
    struct physical_observer observer = {c, written};
    if (!c->memory || !physical_observe(c->machine_memory, observer)) {
        fputs("covm: the lockstep shadow cannot be attached\n", stderr);
        _Exit(6);
    }
    return c;
}

void check_destroy(struct check *c)
{
    for (unsigned i = 0; i < CODE_ENTRIES; i++) free(c->code[i].insns);
    free(c->machine_stores.items);
    free(c->stores.items);
    text_free(&c->why);
    physical_destroy(c->memory);
    free(c);
}
