/* scan_judge.c -- what covm makes of each instruction that was found, our decoder and Zydis side by side. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/isa_row.h"
#include "lab/scan.h"

/* ---- groups ---- */

static struct scan_group *group_like(struct scan_report *report, const struct scan_group *like)
{
    for (unsigned i = 0; i < report->group_count; i++) {
        struct scan_group *group = &report->groups[i];
        if (group->class == like->class && !strcmp(group->name, like->name)) return group;
    }
    report->groups = lab_reallocate(report->groups, (report->group_count + 1) * sizeof *report->groups);
    report->groups[report->group_count] = *like;
    return &report->groups[report->group_count++];
}

static void add(struct scan_report *report, const struct scan_group *like, uint32_t address, enum scan_reach reach)
{
    struct scan_group *group = group_like(report, like);
    if (group->site_count == group->site_capacity) {
        group->site_capacity = group->site_capacity ? 2 * group->site_capacity : 8;
        group->sites = lab_reallocate(group->sites, group->site_capacity * sizeof *group->sites);
    }
    group->sites[group->site_count++] = (struct scan_site){address, reach};
    group->counts[reach]++;
}

static int by_key(const void *a, const void *b)
{
    const struct scan_group *one = a, *other = b;
    if (one->class != other->class) return one->class < other->class ? -1 : 1;
    if (one->key != other->key) return one->key < other->key ? -1 : 1;
    if (one->site_count != other->site_count) return one->site_count > other->site_count ? -1 : 1;
    return strcmp(one->name, other->name);
}

void scan_report_free(struct scan_report *report)
{
    for (unsigned i = 0; i < report->group_count; i++) free(report->groups[i].sites);
    free(report->groups);
}

/* ---- judging ---- */

static void name_lower(struct scan_group *group, const char *name)
{
    unsigned i = 0;
    for (; name[i] && i + 1 < sizeof group->name; i++) group->name[i] = (char)tolower((unsigned char)name[i]);
    group->name[i] = 0;
}

/* Rows that were lifted before, so that each is once. */
struct judge {
    struct scan *scan;
    struct scan_report *report;
    struct isa_row *rows; /* by row */
    bool *known;
};

static struct isa_row row_of(struct judge *judge, const struct x86_insn *insn)
{
    if (!judge->known[insn->row]) judge->rows[insn->row] = isa_row_of(insn);
    judge->known[insn->row] = true;
    return judge->rows[insn->row];
}

/* UD0, UD1 and UD2 are meant to be invalid. */
static bool is_meant(const struct scan_insn *insn)
{
    return insn->zydis.mnemonic == ZYDIS_MNEMONIC_UD0 || insn->zydis.mnemonic == ZYDIS_MNEMONIC_UD1 ||
           insn->zydis.mnemonic == ZYDIS_MNEMONIC_UD2;
}

/* What no program uses without having asked, wherever it asks: shadow stacks (by RDSSP, here a NOP), transactions and
 * extended states (by CPUID), which operating systems and hypervisors switch off. */
static bool is_asked_for(const struct scan_insn *insn)
{
    ZydisISASet set = insn->zydis.meta.isa_set;
    return set == ZYDIS_ISA_SET_CET || set == ZYDIS_ISA_SET_RTM || set == ZYDIS_ISA_SET_XSAVE;
}

static void judge_unsupported(struct judge *judge, const struct scan_insn *insn, enum scan_reach reach)
{
    struct scan_group group = {.class = SCAN_UNSUPPORTED, .bad = true};
    name_lower(&group, ZydisMnemonicGetString(insn->zydis.mnemonic));
    group.note = ZydisISASetGetString(insn->zydis.meta.isa_set);
    if (is_asked_for(insn) && reach == SCAN_RUNS) reach = SCAN_BEYOND;
    add(judge->report, &group, insn->address, reach);
}

static void judge_row(struct judge *judge, const struct scan_insn *insn, const struct x86_insn *ours,
                      enum scan_reach reach)
{
    struct isa_row row = row_of(judge, ours);
    if (row.way == ISA_TRAPS && row.what == VECTOR_UD && insn->known && !is_meant(insn)) {
        judge_unsupported(judge, insn, reach);
        return;
    }
    if (row.way == ISA_HELPER) {
        struct scan_group group = {.class = SCAN_INTERPRETED};
        name_lower(&group, x86_helper_name(row.what));
        add(judge->report, &group, insn->address, reach);
    }
    enum cpu cpu = isa_row_cpu(ours->row);
    if (cpu != 0) {
        struct scan_group group = {.class = SCAN_LEVEL, .key = cpu};
        snprintf(group.name, sizeof group.name, "%s", isa_cpu_key(cpu));
        add(judge->report, &group, insn->address, reach);
    }
    if (ours->rep && !strcmp(x86_rows[ours->row].mnemonic, "BSR")) {
        struct scan_group group = {.class = SCAN_OTHERWISE, .bad = true, .note = "LZCNT", .name = "lzcnt"};
        add(judge->report, &group, insn->address, reach);
    }
}

static void judge_insn(struct judge *judge, const struct scan_insn *insn, enum scan_reach reach)
{
    struct x86_insn ours;
    bool fine = x86_decode(insn->bytes, insn->available, ISA_CONTEXT, &ours) == X86_OK;
    judge->report->insns[reach]++;
    if (!fine || (insn->known && ours.length != insn->length))
        judge_unsupported(judge, insn, reach);
    else
        judge_row(judge, insn, &ours, reach);
}

static enum scan_reach reach_of(const struct scan *scan, uint32_t address)
{
    const struct scan_function *function = scan_function_at(scan, address);
    if (function && function->reach != SCAN_RUNS) return function->reach;
    for (unsigned i = 0; i < scan->area_count; i++) {
        const struct scan_area *area = &scan->areas[i];
        uint32_t offset = address - area->code.address;
        if (offset < area->code.size) return area->marks[offset] & SCAN_MAYBE ? SCAN_UNSURE : SCAN_RUNS;
    }
    return SCAN_UNSURE;
}

/* Instructions in the order of addresses; what is known of registers is forgotten where control may come from
 * elsewhere. */
static void judge_area(struct judge *judge, const struct scan_area *area)
{
    struct scan_insn insn;
    struct scan_constants constants = {0};
    uint32_t next = UINT32_MAX;
    for (uint32_t at = 0; at < area->code.size; at++) {
        if (!(area->marks[at] & SCAN_START)) continue;
        scan_decode(area, at, &insn);
        enum scan_reach reach = reach_of(judge->scan, insn.address);
        judge_insn(judge, &insn, reach);
        if (at != next || area->marks[at] & SCAN_TARGET) constants = (struct scan_constants){0};
        if (scan_is_call(judge->scan, &insn)) {
            struct scan_group group = scan_call_group(&constants);
            add(judge->report, &group, insn.address, reach);
        }
        scan_follow(judge->scan, &constants, &insn);
        next = scan_ends_block(&insn) ? UINT32_MAX : at + insn.length;
    }
}

void scan_judge(struct scan *scan, struct scan_report *report)
{
    struct judge judge = {scan, report, lab_allocate(x86_row_count * sizeof *judge.rows),
                          lab_allocate(x86_row_count * sizeof *judge.known)};
    for (unsigned i = 0; i < scan->area_count; i++) judge_area(&judge, &scan->areas[i]);
    if (report->group_count) qsort(report->groups, report->group_count, sizeof *report->groups, by_key);
    free(judge.rows);
    free(judge.known);
}
