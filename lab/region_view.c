#include "lab/region_view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/isa/context.h"
#include "lab/x86_text.h"
#include "translate/ir/ir.h"
#include "translate/x86/x86.h"

/* A run's counters are wherever the CMS keeps them. */
enum { ARENA_BYTES = 16 << 20, COUNTER_PLACE = 0x100000 };

static const uint64_t CONTEXT =
    3 << CONTEXT_CPL_LOW | 1 << CONTEXT_CODE32_LOW | 1 << CONTEXT_STACK32_LOW | PAGING_TWO_LEVEL << CONTEXT_PAGING_LOW;

static unsigned fetch(void *cookie, uint64_t linear, void *to, unsigned bytes)
{
    struct region_view *view = cookie;
    return elf_file_fetch(view->elf, linear, to, bytes);
}

static unsigned no_targets(void *cookie, uint64_t spc, uint64_t *to, unsigned capacity) { return 0; }

static void drop_ir(struct region_view *view)
{
    for (unsigned i = 0; i < view->ir_count; i++) listing_free(&view->ir[i]);
    free(view->ir);
    view->ir = NULL;
    view->ir_count = 0;
}

/* Keeps the IR of the wanted stage, split by guest instruction. */
static void keep_stage(void *cookie, const char *name, const struct ir_region *region)
{
    struct region_view *view = cookie;
    if (view->name) view->name(name);
    if (view->stage && strcmp(view->stage, name)) return;
    drop_ir(view);
    view->ir_count = region->guest_count;
    view->ir = lab_allocate(view->ir_count * sizeof *view->ir);
    for (unsigned at = 1; at < region->count; at++) {
        unsigned guest = region->insns[at].guest;
        if (region->insns[at].op != IR_MARK && guest < view->ir_count) listing_ir(&view->ir[guest], region, at, at + 1);
    }
}

/* ---- why slots are empty ---- */

static const struct machine_desc *desc_of(const struct region_view *view)
{
    return hw_machine(machine_core(view->machine, 0));
}

static void keep_refusal(void *cookie, const struct schedule_refusal *refusal)
{
    struct region_view *view = cookie;
    const struct machine_desc *desc = desc_of(view);
    if (refusal->bundle >= view->told) {
        view->slots = lab_reallocate(view->slots, (refusal->bundle + 1) * desc->unit_count * sizeof *view->slots);
        memset(&view->slots[view->told * desc->unit_count], 0,
               (refusal->bundle + 1 - view->told) * desc->unit_count * sizeof *view->slots);
        view->told = refusal->bundle + 1;
    }
    for (unsigned unit = 0; unit < desc->unit_count; unit++) {
        struct region_slot *slot = &view->slots[refusal->bundle * desc->unit_count + unit];
        bool serves = desc->unit_classes[unit] >> refusal->unit & 1, ready = refusal->reason != REFUSED_UNPLACED;
        enum slot_rank rank = refusal->busy >> unit & 1                  ? SLOT_BUSY
                              : ready && serves                          ? SLOT_REFUSED
                              : ready && refusal->reason == REFUSED_UNIT ? SLOT_OTHER
                              : !ready && serves                         ? SLOT_UNPLACED
                                                                         : SLOT_NOTHING;
        if (rank > slot->rank) *slot = (struct region_slot){rank, *refusal};
    }
}

struct region_slot region_view_slot(const struct region_view *view, unsigned bundle, unsigned unit)
{
    unsigned units = desc_of(view)->unit_count;
    return bundle < view->told ? view->slots[bundle * units + unit] : (struct region_slot){.rank = SLOT_DONE};
}

/* The profiling prologue, where there is one, ends with the first branch. */
static unsigned prologue_of(const struct tr_result *result, bool counts)
{
    struct atom atoms[BUNDLE_ATOMS_MAX];
    unsigned count, length, bundles = 0;
    for (unsigned at = 0; counts && at < result->code_bytes; at += length) {
        length = bundle_decode((const char *)result->code + at, result->code_bytes - at, atoms, LENGTH(atoms), &count);
        if (!length) break;
        bundles++;
        for (unsigned i = 0; i < count; i++)
            if (atoms[i].op == ATOM_BRC) return bundles;
    }
    return 0;
}

static void keep_schedule(void *cookie, const struct ir_region *region, const struct schedule *schedule)
{
    struct region_view *view = cookie;
    view->region = *region;
    view->body = schedule->bundle_count;
}

void region_view_name(const struct region_view *view, ir_ref ref, struct text *text)
{
    const struct ir_insn *insn = &view->region.insns[ref];
    const char *name = insn->op == IR_EXITIF                                 ? "exit"
                       : insn->op == IR_TRAP || insn->op == IR_TRAPIF        ? "assert"
                       : !ir_is_atom(insn->op) /* pushes the return stack */ ? "call"
                                                                             : atom_table[insn->op].mnemonic;
    if (ir_has_value(insn))
        text_printf(text, "%%%u %s", ref, name);
    else
        text_printf(text, "%s of 0x%08" PRIx64, name, view->region.guest[insn->guest].address);
}

/* What was made. */
static void drop(struct region_view *view)
{
    drop_ir(view);
    free(view->result);
    free(view->memory);
    free(view->slots);
    view->result = NULL;
    view->memory = NULL;
    view->slots = NULL;
    view->region = (struct ir_region){0};
}

/* ---- the guessed path ---- */

/* Where an instruction that ends a block leads: as many places as its kind says. */
struct transfer {
    enum { TRANSFER_NONE, TRANSFER_ONE, TRANSFER_TWO, TRANSFER_LOST } kind; /* LOST: out of what can be followed */
    uint64_t predicted, other;
};

/* Steps over an instruction of the file; false: there is none. */
static bool next_insn(const struct region_view *view, uint64_t *address, struct transfer *transfer)
{
    uint8_t bytes[X86_INSN_BYTES_MAX];
    struct x86_insn insn;
    unsigned available = elf_file_fetch(view->elf, *address, bytes, sizeof bytes);
    if (x86_decode(bytes, available, CONTEXT, &insn) != X86_OK) return false;
    const struct x86_row *row = &x86_rows[insn.row];
    uint64_t next = (uint32_t)(*address + insn.length), target = (uint32_t)(next + (uint64_t)insn.immediate);
    *address = next;
    *transfer = (struct transfer){.kind = TRANSFER_NONE};
    if (!(row->properties & X86_ENDS_REGION)) return true;
    bool conditional = row->mnemonic[0] == 'J' && strcmp(row->mnemonic, "JMP");
    bool direct = !strcmp(row->mnemonic, "JMP") || !strcmp(row->mnemonic, "CALL");
    bool taken = direct || target <= next;
    *transfer =
        (struct transfer){conditional ? TRANSFER_TWO : TRANSFER_ONE, taken ? target : next, taken ? next : target};
    if (insn.has_modrm || !(conditional || direct)) transfer->kind = TRANSFER_LOST;
    return true;
}

static void guess_path(struct region_view *view, uint64_t entry, unsigned insns)
{
    uint64_t address = entry;
    for (unsigned i = 0; i < insns && view->path_count < REGION_VIEW_PATH_MAX; i++) {
        struct transfer transfer;
        if (!next_insn(view, &address, &transfer) || transfer.kind == TRANSFER_LOST) return;
        if (transfer.kind == TRANSFER_NONE) continue;
        address = transfer.predicted;
        if (address == entry) return;
        view->path[view->path_count++] = address;
    }
}

/* ---- the print ---- */

static void row(struct text *text, const char *x86, const char *ir, const char *bundles)
{
    text_printf(text, "%-44.44s | %-44.44s | %s\n", x86, ir, bundles);
}

/* In the order of the region: a superblock goes where its path does, a loop round more than once. */
void region_view_print(const struct region_view *view, struct text *text)
{
    const struct tr_result *result = view->result;
    struct listing bundles = {0};
    unsigned bundle = 0;
    listing_bundles(&bundles, result->code, result->code_bytes);
    row(text, "x86", "IR", "bundles");
    for (unsigned insn = 0; insn < view->region.guest_count; insn++) {
        uint64_t address = view->region.guest[insn].address;
        const struct listing *ir = insn < view->ir_count ? &view->ir[insn] : NULL;
        uint8_t bytes[X86_INSN_BYTES_MAX];
        struct text x86 = {0};
        text_printf(&x86, "%08" PRIx64 "  ", address);
        x86_text(bytes, elf_file_fetch(view->elf, address, bytes, sizeof bytes), address, &x86);
        for (unsigned i = 0; i == 0 || (ir && i < ir->count); i++, bundle++)
            row(text, i ? "" : text_string(&x86), ir && i < ir->count ? ir->lines[i] : "",
                bundle < bundles.count ? bundles.lines[bundle] : "");
        text_free(&x86);
    }
    for (; bundle < bundles.count; bundle++) row(text, "", "", bundles.lines[bundle]);
    text_printf(text, "%u guest instructions, %u atoms and %u NOPs in %u bundles, %u bytes\n", result->guest_insns,
                result->atoms - result->nops, result->nops, result->bundles, result->bytes);
    listing_free(&bundles);
}

static unsigned insns_max(const struct region_view *view, unsigned gear)
{
    const struct tr_options *options = &view->config->values.cms.translate;
    return (unsigned)(gear == 1 ? options->gear1_insns_max : options->gear2_insns_max);
}

/* Along view->path. */
static enum tr_reason make(struct region_view *view, uint64_t at, unsigned gear)
{
    const struct tr_options *options = &view->config->values.cms.translate;
    struct arena arena;
    view->memory = lab_reallocate(NULL, ARENA_BYTES); /* the arena clears what it hands out */
    view->result = lab_allocate(sizeof *view->result);
    view->told = view->body = view->prologue = 0;
    bool counts = gear == 1 && view->config->values.cms.max_gear > 1;
    arena_init(&arena, view->memory, ARENA_BYTES);
    struct tr_request request = {
        .arena = &arena,
        .machine = hw_machine(machine_core(view->machine, 0)),
        .options = options,
        .gear = gear,
        .spc = at,
        .context = CONTEXT,
        .region = 1,
        .counter = counts ? COUNTER_PLACE : 0,
        .insns_max = insns_max(view, gear),
        .indirect = (enum tr_indirect)view->config->values.cms.indirect,
        .cookie = view,
        .fetch = fetch,
        .path = view->path,
        .path_count = view->path_count,
        .targets = no_targets,
        .stage = keep_stage,
        .refused = keep_refusal,
        .scheduled = keep_schedule,
    };
    enum tr_reason reason = translate(&request, view->result);
    if (reason == TR_OK) view->prologue = prologue_of(view->result, counts);
    return reason;
}

enum tr_reason region_view_make(struct region_view *view, uint64_t at, unsigned gear)
{
    view->path_count = 0;
    if (gear == 2) guess_path(view, at, insns_max(view, gear));
    return make(view, at, gear);
}

/* ---- the path that was followed ---- */

enum { TRIES_MAX = 64, STEPS_MAX = 1 << 14 };
struct search {
    struct region_view *view;
    const struct region_likeness *like;
    uint64_t entry;
    unsigned tries, steps;
};

static bool is_alike(const struct region_view *view, const struct region_likeness *like)
{
    const struct tr_result *result = view->result;
    if (!result->range_count) return false;
    const struct tr_range *last = &result->ranges[result->range_count - 1];
    return result->ranges[0].address == like->first && last->address + last->bytes - 1 == like->last &&
           result->guest_insns == like->guest_insns && result->bundles == like->bundles && result->atoms == like->atoms;
}

static bool try_path(struct search *search)
{
    if (search->tries++ >= TRIES_MAX) return false;
    drop(search->view);
    return make(search->view, search->entry, 2) == TR_OK && is_alike(search->view, search->like);
}

/* Goes on from the end of view->path, with `insns` instructions so far: what is predicted first. A loop's copies are
 * all counted in the record. */
static bool find_path(struct search *search, uint64_t address, unsigned insns)
{
    struct region_view *view = search->view;
    struct transfer transfer = {.kind = TRANSFER_NONE};
    while (transfer.kind == TRANSFER_NONE) {
        if (address < search->like->first || address > search->like->last || search->steps++ > STEPS_MAX) return false;
        if (insns++ == search->like->guest_insns) return try_path(search);
        if (!next_insn(view, &address, &transfer)) return false;
    }
    if (insns == search->like->guest_insns && try_path(search)) return true;
    uint64_t targets[2] = {transfer.predicted, transfer.other};
    unsigned choices = transfer.kind == TRANSFER_LOST ? 0 : transfer.kind == TRANSFER_ONE ? 1 : 2;
    for (unsigned i = 0; i < choices && view->path_count < REGION_VIEW_PATH_MAX; i++) {
        unsigned count = view->path_count++;
        view->path[count] = targets[i];
        bool loops = targets[i] == search->entry;
        if (loops ? search->like->guest_insns % insns == 0 && try_path(search) : find_path(search, targets[i], insns))
            return true;
        view->path_count = count;
    }
    return false;
}

enum tr_reason region_view_make_like(struct region_view *view, uint64_t at, unsigned gear,
                                     const struct region_likeness *like, bool *alike)
{
    struct search search = {.view = view, .like = like, .entry = at};
    enum tr_reason reason = region_view_make(view, at, gear);
    *alike = reason == TR_OK && is_alike(view, like);
    if (*alike || gear != 2) return reason;
    view->path_count = 0;
    *alike = find_path(&search, at, 0);
    if (*alike) return TR_OK;
    drop(view);
    return region_view_make(view, at, gear);
}

void region_view_free(struct region_view *view) { drop(view); }
