/* scan_find.c -- which bytes of a program are instructions. */
#include "lab/scan.h"

#include <stdlib.h>
#include <string.h>

#include "lab/isa_row.h"
#include "lab/x86_text.h"

/* ---- one instruction ---- */

void scan_decode(const struct scan_area *area, uint32_t offset, struct scan_insn *insn)
{
    struct x86_insn ours;
    uint32_t left = area->code.size - offset;
    insn->address = area->code.address + offset;
    insn->bytes = area->code.bytes + offset;
    insn->available = left < X86_INSN_BYTES_MAX ? left : X86_INSN_BYTES_MAX;
    insn->known = x86_zydis(insn->bytes, insn->available, &insn->zydis, insn->operands);
    if (insn->known)
        insn->length = insn->zydis.length;
    else
        insn->length = x86_decode(insn->bytes, insn->available, ISA_CONTEXT, &ours) == X86_OK ? ours.length : 0;
}

bool scan_target(const struct scan_insn *insn, uint32_t *target)
{
    if (!insn->known || !(insn->zydis.attributes & ZYDIS_ATTRIB_IS_RELATIVE)) return false;
    *target = insn->address + insn->length + (uint32_t)insn->operands[0].imm.value.u;
    return true;
}

bool scan_ends_block(const struct scan_insn *insn)
{
    if (!insn->known) return false;
    switch (insn->zydis.mnemonic) {
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_HLT:
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD: return true;
    default:
        return insn->zydis.meta.category == ZYDIS_CATEGORY_RET || insn->zydis.meta.category == ZYDIS_CATEGORY_UNCOND_BR;
    }
}

/* ---- descent and sweep ---- */

struct worklist {
    uint32_t *addresses;
    unsigned count, capacity;
};

static void push(struct worklist *list, uint32_t address)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 1024;
        list->addresses = lab_reallocate(list->addresses, list->capacity * sizeof *list->addresses);
    }
    list->addresses[list->count++] = address;
}

static struct scan_area *area_at(const struct scan *scan, uint32_t address)
{
    for (unsigned i = 0; i < scan->area_count; i++) {
        struct scan_area *area = &scan->areas[i];
        if (address - area->code.address < area->code.size) return area;
    }
    return NULL;
}

/* False: it runs into an instruction that was found before. */
static bool take(struct scan_area *area, const struct scan_insn *insn, uint8_t how)
{
    uint8_t *marks = area->marks + (insn->address - area->code.address);
    for (unsigned i = 0; i < insn->length; i++) {
        if (marks[i] & (SCAN_START | SCAN_INSIDE)) return false;
    }
    marks[0] |= SCAN_START | how;
    for (unsigned i = 1; i < insn->length; i++) marks[i] |= SCAN_INSIDE;
    return true;
}

static void note_target(struct scan *scan, const struct scan_insn *insn, struct worklist *list)
{
    uint32_t target;
    struct scan_area *area = scan_target(insn, &target) ? area_at(scan, target) : NULL;
    if (!area) return;
    bool call = insn->zydis.meta.category == ZYDIS_CATEGORY_CALL;
    area->marks[target - area->code.address] |= SCAN_TARGET | (call ? SCAN_CALLED : 0);
    if (list) push(list, target);
}

static void descend(struct scan *scan, struct worklist *list)
{
    struct scan_insn insn;
    while (list->count) {
        uint32_t at = list->addresses[--list->count];
        for (struct scan_area *area; (area = area_at(scan, at)); at += insn.length) {
            scan_decode(area, at - area->code.address, &insn);
            if (!insn.length || !take(area, &insn, 0)) break;
            note_target(scan, &insn, list);
            if (scan_ends_block(&insn)) break;
        }
    }
}

/* Bytes that are no instruction are passed over one by one; so are NOPs of padding, as which no one counts them. */
static void sweep(struct scan *scan, struct scan_area *area, uint32_t from, uint32_t to, uint8_t how,
                  struct worklist *list)
{
    struct scan_insn insn;
    for (uint32_t at = from; at < to;) {
        if (area->marks[at] & (SCAN_START | SCAN_INSIDE)) {
            at++;
            continue;
        }
        scan_decode(area, at, &insn);
        bool padding = insn.known && (insn.zydis.meta.category == ZYDIS_CATEGORY_NOP ||
                                      insn.zydis.meta.category == ZYDIS_CATEGORY_WIDENOP);
        bool taken = insn.length && (padding || take(area, &insn, how));
        if (taken) note_target(scan, &insn, list);
        at += taken ? insn.length : 1;
    }
}

/* ---- functions ---- */

static bool is_part(const char *part, size_t length, const char *const *parts)
{
    for (; *parts; parts++)
        if (strlen(*parts) == length && !strncmp(part, *parts, length)) return true;
    return false;
}

/* Components of a name, between underscores, say for which processor a function was made. */
static enum scan_reach reach_by_name(const char *name)
{
    static const char *const within[] = {"mmx", "sse", "sse2", "sse3", "ssse3", "sse4", "sse41", "sse42", NULL};
    static const char *const beyond[] = {"avx", "avx2", "avx512", "evex",  "evex256", "evex512", "erms",    "rtm",
                                         "fma", "fma4", "bmi2",   "movbe", "xsave",   "xsavec",  "elision", NULL};
    enum scan_reach reach = SCAN_RUNS;
    for (const char *at = strchr(name, '_'); at; at = strchr(at, '_')) {
        size_t length = strcspn(++at, "_.");
        if (is_part(at, length, beyond)) return SCAN_BEYOND;
        if (is_part(at, length, within)) reach = SCAN_CHOSEN;
    }
    return reach;
}

static void add_function(struct scan *scan, const struct elf_function *function)
{
    scan->functions[scan->function_count++] = (struct scan_function){
        function->name, function->address, function->size, function->name ? reach_by_name(function->name) : SCAN_RUNS};
}

/* Without symbols, what is called is a function. */
static void name_called(struct scan *scan)
{
    unsigned count = 0;
    for (unsigned i = 0; i < scan->area_count; i++)
        for (uint32_t at = 0; at < scan->areas[i].code.size; at++) count += scan->areas[i].marks[at] / SCAN_CALLED & 1;
    scan->functions = lab_allocate((count + 1) * sizeof *scan->functions);
    for (unsigned i = 0; i < scan->area_count; i++) {
        const struct scan_area *area = &scan->areas[i];
        for (uint32_t at = 0; at < area->code.size; at++) {
            if (area->marks[at] & SCAN_CALLED)
                add_function(scan, &(struct elf_function){NULL, area->code.address + at, 0});
        }
    }
}

const struct scan_function *scan_function_at(const struct scan *scan, uint32_t address)
{
    unsigned low = 0, high = scan->function_count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (scan->functions[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    const struct scan_function *function = low ? &scan->functions[low - 1] : NULL;
    bool beyond = function && function->size && address - function->address >= function->size;
    return beyond ? NULL : function;
}

/* A function that asks CPUID itself does by the answer what it does. */
static void find_askers(struct scan *scan)
{
    for (unsigned i = 0; i < scan->area_count; i++) {
        const struct scan_area *area = &scan->areas[i];
        for (uint32_t at = 0; at + 1 < area->code.size; at++) {
            bool asks =
                area->marks[at] & SCAN_START && area->code.bytes[at] == 0x0f && area->code.bytes[at + 1] == 0xa2;
            const struct scan_function *function = asks ? scan_function_at(scan, area->code.address + at) : NULL;
            if (function) scan->functions[function - scan->functions].reach = SCAN_BEYOND;
        }
    }
}

void scan_find(struct scan *scan)
{
    struct worklist list = {0};
    unsigned count, areas;
    struct elf_code *code = elf_code(&scan->elf, &areas);
    struct elf_function *functions = elf_functions(&scan->elf, &count);
    scan->areas = lab_allocate((areas + 1) * sizeof *scan->areas);
    for (; scan->area_count < areas; scan->area_count++)
        scan->areas[scan->area_count] =
            (struct scan_area){code[scan->area_count], lab_allocate(code[scan->area_count].size)};
    push(&list, (uint32_t)elf_file_entry(&scan->elf));
    for (unsigned i = 0; i < count; i++) push(&list, functions[i].address);
    descend(scan, &list);
    for (unsigned i = 0; i < count; i++) { /* what is reached through a table of addresses */
        struct scan_area *area = area_at(scan, functions[i].address);
        if (!area) continue;
        uint32_t from = functions[i].address - area->code.address, left = area->code.size - from;
        sweep(scan, area, from, from + (functions[i].size < left ? functions[i].size : left), 0, &list);
        descend(scan, &list);
    }
    for (unsigned i = 0; i < areas; i++) sweep(scan, &scan->areas[i], 0, scan->areas[i].code.size, SCAN_MAYBE, NULL);
    scan->stripped = !count;
    if (count)
        scan->functions = lab_allocate(count * sizeof *scan->functions);
    else
        name_called(scan);
    for (unsigned i = 0; i < count; i++) add_function(scan, &functions[i]);
    find_askers(scan);
    free(list.addresses);
    free(functions);
    free(code);
}

void scan_free(struct scan *scan)
{
    for (unsigned i = 0; i < scan->area_count; i++) free(scan->areas[i].marks);
    free(scan->areas);
    free(scan->functions);
    elf_file_close(&scan->elf);
}
