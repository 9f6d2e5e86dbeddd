#include "lab/region_view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/isa/context.h"
#include "lab/x86_text.h"
#include "translate/ir/ir.h"
#include "translate/x86/x86.h"

enum { ARENA_BYTES = 16 << 20 };

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

/* ---- the guessed path ---- */

static void guess_path(struct region_view *view, uint64_t entry, uint64_t context, unsigned insns)
{
    uint64_t address = entry;
    for (unsigned i = 0; i < insns && view->path_count < REGION_VIEW_PATH_MAX; i++) {
        uint8_t bytes[X86_INSN_BYTES_MAX];
        struct x86_insn insn;
        unsigned available = elf_file_fetch(view->elf, address, bytes, sizeof bytes);
        if (x86_decode(bytes, available, context, &insn) != X86_OK) return;
        const struct x86_row *row = &x86_rows[insn.row];
        uint64_t next = (uint32_t)(address + insn.length), target = (uint32_t)(next + (uint64_t)insn.immediate);
        address = next;
        if (!(row->properties & X86_ENDS_REGION)) continue;
        bool conditional = row->mnemonic[0] == 'J' && strcmp(row->mnemonic, "JMP");
        bool direct = !strcmp(row->mnemonic, "JMP") || !strcmp(row->mnemonic, "CALL");
        if (insn.has_modrm || !(conditional || direct)) return; /* indirect, or out of what can be followed */
        if (direct || target <= next) address = target;
        if (address == entry) return;
        view->path[view->path_count++] = address;
    }
}

/* ---- the print ---- */

static void row(struct text *text, const char *x86, const char *ir, const char *bundles)
{
    text_printf(text, "%-44.44s | %-44.44s | %s\n", x86, ir, bundles);
}

void region_view_print(const struct region_view *view, struct text *text)
{
    const struct tr_result *result = view->result;
    struct listing bundles = {0};
    unsigned bundle = 0, insn = 0;
    listing_bundles(&bundles, result->code, result->code_bytes);
    row(text, "x86", "IR", "bundles");
    for (unsigned r = 0; r < result->range_count; r++) {
        uint64_t address = result->ranges[r].address, end = address + result->ranges[r].bytes;
        for (unsigned length; address < end; address += length, insn++) {
            uint8_t bytes[X86_INSN_BYTES_MAX];
            struct text x86 = {0};
            text_printf(&x86, "%08" PRIx64 "  ", address);
            length = x86_text(bytes, elf_file_fetch(view->elf, address, bytes, sizeof bytes), address, &x86);
            const struct listing *ir = insn < view->ir_count ? &view->ir[insn] : NULL;
            for (unsigned i = 0; i == 0 || (ir && i < ir->count); i++) {
                row(text, i ? "" : text_string(&x86), ir && i < ir->count ? ir->lines[i] : "",
                    bundle < bundles.count ? bundles.lines[bundle] : "");
                bundle++;
            }
            text_free(&x86);
            if (!length) break;
        }
    }
    for (; bundle < bundles.count; bundle++) row(text, "", "", bundles.lines[bundle]);
    text_printf(text, "%u guest instructions, %u atoms and %u NOPs in %u bundles, %u bytes\n", result->guest_insns,
                result->atoms - result->nops, result->nops, result->bundles, result->bytes);
    listing_free(&bundles);
}

enum tr_reason region_view_make(struct region_view *view, uint64_t at, unsigned gear)
{
    const struct tr_options *options = &view->config->values.cms.translate;
    struct arena arena;
    view->memory = lab_allocate(ARENA_BYTES);
    view->result = lab_allocate(sizeof *view->result);
    view->path_count = 0;
    arena_init(&arena, view->memory, ARENA_BYTES);
    struct tr_request request = {
        .arena = &arena,
        .machine = hw_machine(machine_core(view->machine, 0)),
        .options = options,
        .gear = gear,
        .spc = at,
        .context = 3 << CONTEXT_CPL_LOW | 1 << CONTEXT_CODE32_LOW | 1 << CONTEXT_STACK32_LOW |
                   PAGING_TWO_LEVEL << CONTEXT_PAGING_LOW,
        .region = 1,
        .insns_max = (unsigned)(gear == 1 ? options->gear1_insns_max : options->gear2_insns_max),
        .indirect = (enum tr_indirect)view->config->values.cms.indirect,
        .cookie = view,
        .fetch = fetch,
        .targets = no_targets,
        .stage = keep_stage,
    };
    if (gear == 2) guess_path(view, at, request.context, request.insns_max);
    request.path = view->path;
    request.path_count = view->path_count;
    return translate(&request, view->result);
}

void region_view_free(struct region_view *view)
{
    drop_ir(view);
    free(view->result);
    free(view->memory);
    view->result = NULL;
    view->memory = NULL;
}
