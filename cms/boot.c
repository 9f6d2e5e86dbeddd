/* boot.c -- the layout of concealed memory. Everything is sized by the options, and laid out in one order. */
#include "cms/state.h"

enum { ARENA_BYTES = 2 << 20 };

/* Gives out concealed memory from the bottom up. */
struct layout {
    uint64_t end;
};
static uint32_t layout_take(struct layout *layout, uint64_t bytes, uint64_t alignment)
{
    uint64_t offset = round_up(layout->end, alignment);
    layout->end = offset + bytes;
    return (uint32_t)offset;
}

static uint64_t power_of_two_above(uint64_t value)
{
    return is_power_of_two(value) ? value : UINT64_C(2) << log2_floor(value);
}

static void layout_tables(struct root *root, struct layout *layout, const struct cms_options *options)
{
    uint64_t buckets = power_of_two_above((uint64_t)options->heads);
    uint64_t chains = power_of_two_above((uint64_t)options->source_pages);
    root->head_capacity = (uint32_t)options->heads;
    root->bucket_mask = (uint32_t)buckets - 1;
    root->buckets = layout_take(layout, buckets * sizeof(uint32_t), 64);
    root->heads = layout_take(layout, (uint64_t)options->heads * sizeof(struct head), 64);
    root->page_capacity = (uint32_t)options->source_pages;
    root->chain_mask = (uint32_t)chains - 1;
    root->physical_chains = layout_take(layout, chains * sizeof(uint32_t), 64);
    root->linear_chains = layout_take(layout, chains * sizeof(uint32_t), 64);
    root->pages = layout_take(layout, (uint64_t)options->source_pages * sizeof(struct page), 64);
    root->sites = layout_take(layout, SITES * sizeof(struct site), 64);
    root->path = layout_take(layout, PATH_MAX_BLOCKS * sizeof(uint64_t), 64);
    root->result = layout_take(layout, sizeof(struct tr_result), 64);
    root->scratch = layout_take(layout, INSN_OPS_MAX * sizeof(struct ir_insn), 64);
    root->arena_bytes = ARENA_BYTES;
    root->arena = layout_take(layout, ARENA_BYTES, 64);
    root->blocks_bytes = options->interpreter == CMS_PREDECODED ? (uint32_t)options->predecode_size : 0;
    root->blocks = layout_take(layout, root->blocks_bytes, 64);
}

static void layout_code(struct root *root, struct layout *layout, const struct cms_options *options)
{
    uint64_t record_bytes = 0;
    root->part_count = code_room_parts(options);
    root->unit_count = code_room_units(options);
    for (unsigned part = 0; part < root->part_count; part++) {
        for (unsigned unit = 0; unit < root->unit_count; unit++) {
            root->code_bytes += code_room_code_bytes(options, part, unit);
            record_bytes += code_room_record_bytes(options, part, unit);
        }
    }
    uint64_t granules = root->code_bytes / CODE_GRANULE, record_granules = record_bytes / CODE_GRANULE;
    root->units = layout_take(layout, (uint64_t)root->part_count * root->unit_count * sizeof(struct unit), 64);
    root->owners = layout_take(layout, granules * sizeof(uint32_t), 64);
    if (options->replacement == CMS_LRU)
        root->record_owners = layout_take(layout, record_granules * sizeof(uint32_t), 64);
    root->code = layout_take(layout, root->code_bytes, 4096);
    root->records = layout_take(layout, record_bytes, 64);
    root->record_bytes = (uint32_t)record_bytes;
}

static uint64_t layout_all(struct root *root, const struct cms_options *options)
{
    struct layout layout = {ROOT_OFFSET + sizeof(struct root)};
    layout_tables(root, &layout, options);
    layout_code(root, &layout, options);
    return layout.end;
}

uint64_t cms_concealed_needed(const struct cms_options *options)
{
    struct root root = {0};
    return layout_all(&root, options);
}

struct cms cms_view(struct hw_core *core)
{
    struct cms cms = {.core = core, .options = hw_options(core), .state = hw_state(core)};
    cms.base = hw_concealed(core, 0);
    cms.root = at(&cms, ROOT_OFFSET);
    cms.user = CONTEXT_GET(cms.root->context, CPL) == 3;
    return cms;
}

void cms_context_changed(struct cms *cms)
{
    cms->root->context = hw_context(cms->core);
    cms->user = CONTEXT_GET(cms->root->context, CPL) == 3;
}

void cms_boot(struct hw_core *core)
{
    const struct cms_options *options = hw_options(core);
    uint64_t needed = cms_concealed_needed(options);
    if (needed > hw_concealed_bytes(core)) {
        hw_panic(core, "the CMS needs %llu bytes of concealed memory", (unsigned long long)needed);
    }
    struct cms cms = {.core = core, .options = options, .state = hw_state(core), .base = hw_concealed(core, 0)};
    cms.root = at(&cms, ROOT_OFFSET);
    memset(cms.root, 0, sizeof *cms.root);
    layout_all(cms.root, options);
    /* What a bump allocator fills is written before it is read; the rest must start out clear. */
    memset(at(&cms, cms.root->buckets), 0, ((size_t)cms.root->bucket_mask + 1) * sizeof(uint32_t));
    memset(at(&cms, cms.root->physical_chains), 0, ((size_t)cms.root->chain_mask + 1) * sizeof(uint32_t));
    memset(at(&cms, cms.root->linear_chains), 0, ((size_t)cms.root->chain_mask + 1) * sizeof(uint32_t));
    memset(at(&cms, cms.root->sites), 0, SITES * sizeof(struct site));
    memset(at(&cms, cms.root->owners), 0, cms.root->code_bytes / CODE_GRANULE * sizeof(uint32_t));
    if (cms.root->record_owners)
        memset(at(&cms, cms.root->record_owners), 0, cms.root->record_bytes / CODE_GRANULE * sizeof(uint32_t));
    code_room_boot(&cms);
    cms.root->region_next = 1;
    cms.root->margin = 1;
    hw_event_margin(core, 1);
    cms_context_changed(&cms);
    hw_charge(core, WORK_BOOT, 1, 0);
}
