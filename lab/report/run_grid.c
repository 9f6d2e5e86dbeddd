/* run_grid.c -- the schedule of a region: a row per cycle, a column per functional unit, in each empty slot the reason.
 *
 * Cycles are those of a run without misses and mispredictions, counted along the path to the row: a bundle issues
 * behind the one before it, once the registers that it reads or writes, and units that are not pipelined, are free, as
 * in hwsim/core/scoreboard.c. Reasons are the scheduler's own (translate/schedule/refusals.def).
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/isa/assembler.h"
#include "lab/report/html.h"
#include "lab/report/regions.h"

enum { REGS = REGS_ALL + FLAG_COUNT, STALL_ROWS_MAX = 8 };

static const struct {
    const char *key, *verb, *meaning;
} refusals[] = {
#define REFUSAL(name, key, verb, meaning) {key, verb, meaning},
#include "translate/schedule/refusals.def"
#undef REFUSAL
};

static const char *const homes[HOME_COUNT] = {
#define HOME(name, reg, meaning)        [HOME_##name] = #name,
#define VECTOR_HOME(name, reg, meaning) [HOME_##name] = #name,
#include "hwsim/isa/homes.def"
#undef HOME
};
/* The other words of the empty slots. */
static const struct {
    const char *key, *meaning;
} words[] = {
    {"end of region", "all operations are placed"},
    {"nothing left", "what is still to be placed needs other units"},
    {"busy", "the unit is not pipelined, and at work for an earlier bundle"},
    {"exposed-latency NOP",
     "nothing could go into the bundle, and nothing else holds issue back until a result is there"},
    {"stall", "a cycle without a bundle: the next one reads or writes a register whose value is on its way"},
    {"prologue", "the bundles that count executions, one after the other"},
    {"leaving", "behind the region: moves, commit and exit, packed as far as units go"},
};

/* What the way to a bundle has left behind. */
struct clock {
    unsigned cycle;                     /* of the next bundle, if nothing stalls */
    unsigned ready[REGS], writer[REGS]; /* cycle, bundle */
    unsigned free[UNIT_CLASSES][BUNDLE_ATOMS_MAX], user[UNIT_CLASSES][BUNDLE_ATOMS_MAX]; /* cycle, bundle */
};
struct grid_bundle {
    unsigned offset, count;
    struct atom atoms[BUNDLE_ATOMS_MAX];
    struct clock *way; /* NULL, or what the branch that leads here leaves behind; owned */
    unsigned branch;   /* bundle of that branch */
};
struct grid {
    const struct region_view *view;
    const struct machine_desc *desc;
    struct text *page;
    struct clock clock;
    struct grid_bundle *bundles;
    unsigned count;
};

/* ---- decoding ---- */

static void decode(struct grid *grid)
{
    const struct tr_result *result = grid->view->result;
    unsigned length;
    grid->bundles = lab_allocate(result->bundles * sizeof *grid->bundles);
    for (unsigned at = 0; at < result->code_bytes && grid->count < result->bundles; at += length) {
        struct grid_bundle *bundle = &grid->bundles[grid->count];
        length = bundle_decode((const char *)result->code + at, result->code_bytes - at, bundle->atoms,
                               LENGTH(bundle->atoms), &bundle->count);
        if (!length) return;
        bundle->offset = at;
        grid->count++;
        while (bundle->count && bundle->atoms[bundle->count - 1].op == ATOM_NOP) bundle->count--;
    }
}

static bool ends(const struct grid_bundle *bundle)
{
    for (unsigned i = 0; i < bundle->count; i++)
        if (atom_table[bundle->atoms[i].op].properties & ATOM_ENDS) return true;
    return false;
}

/* ---- time ---- */

struct wait {
    unsigned until, on, from; /* cycle; register, or REGS + unit class; bundle that it comes from */
};

static void wait_for(const struct clock *clock, struct wait *wait, unsigned reg)
{
    if (clock->ready[reg] > wait->until) *wait = (struct wait){clock->ready[reg], reg, clock->writer[reg]};
}

static void wait_for_set(const struct clock *clock, struct wait *wait, uint64_t set, unsigned first)
{
    for (; set; set &= set - 1) wait_for(clock, wait, first + (unsigned)__builtin_ctzll(set));
}

/* The unit of a class that is free first: an index of clock->free[class]. */
static unsigned first_unit(const struct machine_desc *desc, const struct clock *clock, unsigned class)
{
    unsigned units = 0, best = 0;
    for (unsigned unit = 0; unit < desc->unit_count; unit++) units += desc->unit_classes[unit] >> class & 1;
    for (unsigned i = 1; i < units; i++)
        if (clock->free[class][i] < clock->free[class][best]) best = i;
    return best;
}

static struct wait wait_of(const struct grid *grid, const struct grid_bundle *bundle)
{
    struct clock clock = grid->clock;
    struct wait wait = {.until = clock.cycle};
    for (unsigned i = 0; i < bundle->count; i++) {
        struct atom_uses uses = atom_uses(&bundle->atoms[i]);
        unsigned class = atom_table[bundle->atoms[i].op].unit, unit = first_unit(grid->desc, &clock, class);
        wait_for_set(&clock, &wait, uses.reads | uses.writes, 0);
        wait_for_set(&clock, &wait, uses.vreads | uses.vwrites, REG_VECTOR);
        wait_for_set(&clock, &wait, uses.flags_read | uses.flags_written, REGS_ALL);
        if (clock.free[class][unit] > wait.until)
            wait = (struct wait){clock.free[class][unit], REGS + class, clock.user[class][unit]};
        clock.free[class][unit] = UINT_MAX; /* the next atom of the bundle takes another one */
    }
    return wait;
}

static void write_set(struct clock *clock, uint64_t set, unsigned first, unsigned ready, unsigned number)
{
    for (; set; set &= set - 1) {
        unsigned reg = first + (unsigned)__builtin_ctzll(set);
        clock->ready[reg] = ready;
        clock->writer[reg] = number;
    }
}

/* The bundle issues in the present cycle. Branches hand on what they leave behind. */
static void issue(struct grid *grid, unsigned number)
{
    const struct grid_bundle *bundle = &grid->bundles[number];
    struct clock *clock = &grid->clock;
    for (unsigned i = 0; i < bundle->count; i++) {
        struct atom_uses uses = atom_uses(&bundle->atoms[i]);
        unsigned class = atom_table[bundle->atoms[i].op].unit, unit = first_unit(grid->desc, clock, class);
        unsigned ready = clock->cycle + grid->desc->latency_cycles[class];
        write_set(clock, uses.writes, 0, ready, number);
        write_set(clock, uses.vwrites, REG_VECTOR, ready, number);
        write_set(clock, uses.flags_written, REGS_ALL, ready, number);
        if (grid->desc->interval_cycles[class] < 2) continue;
        clock->free[class][unit] = clock->cycle + grid->desc->interval_cycles[class];
        clock->user[class][unit] = number;
    }
    clock->cycle++;
    for (unsigned i = 0; i < bundle->count; i++) {
        if (bundle->atoms[i].op != ATOM_BRC) continue;
        for (unsigned to = number + 1; to < grid->count; to++) {
            struct grid_bundle *target = &grid->bundles[to];
            if (target->offset != bundle->offset + (uint64_t)bundle->atoms[i].imm || target->way) continue;
            target->way = lab_allocate(sizeof *target->way);
            *target->way = *clock;
            target->branch = number;
        }
    }
}

/* ---- reasons ---- */

static void print_register(struct text *text, unsigned reg)
{
    char file = reg >= REGS_ALL ? 'f' : reg >= REG_VECTOR ? 'v' : 'r';
    text_printf(text, "%c%u", file, reg >= REGS_ALL ? reg - REGS_ALL : reg % REG_VECTOR);
}

/* An operation, or what the scheduler made beside them. */
static void print_operation(const struct grid *grid, ir_ref source, unsigned home, struct text *text)
{
    if (source)
        region_view_name(grid->view, source, text);
    else if (home < HOME_COUNT)
        text_printf(text, "copy to %s", homes[home]);
    else
        text_printf(text, "cleared flags");
}

static void print_refusal(const struct grid *grid, const struct schedule_refusal *refusal, struct text *text)
{
    unsigned behind = grid->view->prologue + refusal->behind_bundle;
    text_printf(text, "%s: ", refusals[refusal->reason].key);
    print_operation(grid, refusal->source, refusal->home, text);
    text_printf(text, " %s", refusals[refusal->reason].verb);
    switch (refusal->reason) {
    case REFUSED_LATENCY:
        text_printf(text, " ");
        print_register(text, refusal->reg);
        text_printf(text, " of bundle %u, ready in cycle %u", behind, grid->clock.cycle + refusal->cycles);
        break;
    case REFUSED_COMMIT_ORDER:
    case REFUSED_MEMORY_ORDER:
    case REFUSED_CHECK:
    case REFUSED_UNPLACED:
        text_printf(text, " ");
        print_operation(grid, refusal->behind, HOME_COUNT, text);
        if (refusal->reason != REFUSED_UNPLACED) text_printf(text, " in bundle %u", behind);
        break;
    default: break;
    }
}

/* Why a unit of a bundle of the schedule is idle. */
static void print_reason(const struct grid *grid, unsigned number, unsigned unit, struct text *text)
{
    struct region_slot slot = region_view_slot(grid->view, number - grid->view->prologue, unit);
    switch (slot.rank) {
    case SLOT_DONE: text_printf(text, "end of region"); break;
    case SLOT_NOTHING: text_printf(text, "nothing left"); break;
    case SLOT_BUSY: text_printf(text, "busy"); break;
    default: print_refusal(grid, &slot.refusal, text);
    }
}

/* ---- rows ---- */

/* Which atom is on which unit: an augmenting path for each atom (Kuhn). */
static bool take_unit(const struct grid *grid, const struct grid_bundle *bundle, unsigned atom, int *atom_of,
                      unsigned *seen)
{
    for (unsigned unit = 0; unit < grid->desc->unit_count; unit++) {
        bool serves = grid->desc->unit_classes[unit] >> atom_table[bundle->atoms[atom].op].unit & 1;
        if (!serves || *seen >> unit & 1) continue;
        *seen |= 1u << unit;
        if (atom_of[unit] >= 0 && !take_unit(grid, bundle, (unsigned)atom_of[unit], atom_of, seen)) continue;
        atom_of[unit] = (int)atom;
        return true;
    }
    return false;
}

static void add_part(struct grid *grid, const char *format, unsigned number)
{
    text_printf(grid->page, "<tr class=\"part\"><th scope=\"colgroup\" colspan=\"%u\">", grid->desc->unit_count + 2);
    html_printf(grid->page, format, number);
    text_printf(grid->page, "</th></tr>\n");
}

/* What begins with this bundle; the clock of the way there. */
static void begin_part(struct grid *grid, unsigned number)
{
    const struct region_view *view = grid->view;
    const struct grid_bundle *bundle = &grid->bundles[number];
    unsigned body = view->prologue + view->body;
    if (bundle->way) {
        grid->clock = *bundle->way;
        add_part(grid, "Where the branch of bundle %u leads: what is left to do, and out", bundle->branch);
    } else if (number >= body && number && ends(bundle - 1)) {
        grid->clock = (struct clock){0};
        add_part(grid, "Bundle %u: where a call returns to", number);
    } else if (!number && view->prologue) {
        add_part(grid, "Prologue: counts executions", 0);
    } else if (number == view->prologue && view->body) {
        add_part(grid, "The region", 0);
    } else if (number == body) {
        add_part(grid, "The final exit", 0);
    }
}

static void add_stall(struct grid *grid, struct wait wait)
{
    unsigned stalled = wait.until - grid->clock.cycle, rows = stalled <= STALL_ROWS_MAX ? stalled : 1;
    for (unsigned i = 0; i < rows; i++) {
        unsigned cycle = grid->clock.cycle + i;
        text_printf(grid->page, "<tr class=\"stall\"><th scope=\"row\" class=\"n\">");
        if (rows < stalled)
            text_printf(grid->page, "%u to %u", cycle, wait.until - 1);
        else
            text_printf(grid->page, "%u", cycle);
        text_printf(grid->page, "</th><td></td><td class=\"empty\" colspan=\"%u\">stall: waits for ",
                    grid->desc->unit_count);
        if (wait.on < REGS)
            print_register(grid->page, wait.on);
        else
            text_printf(grid->page, "a unit that is not pipelined");
        text_printf(grid->page, ", from bundle %u</td></tr>\n", wait.from);
    }
    grid->clock.cycle = wait.until;
}

static void add_slot(struct grid *grid, unsigned number, unsigned unit, int atom)
{
    const struct region_view *view = grid->view;
    char line[160];
    struct text reason = {0};
    if (atom >= 0) {
        atom_print(line, sizeof line, &grid->bundles[number].atoms[atom]);
        text_printf(grid->page, "<td>");
        html_add(grid->page, line);
    } else {
        if (!grid->bundles[number].count) text_printf(&reason, "exposed-latency NOP; ");
        if (number < view->prologue)
            text_printf(&reason, "prologue");
        else if (number < view->prologue + view->body)
            print_reason(grid, number, unit, &reason);
        else
            text_printf(&reason, "leaving");
        text_printf(grid->page, "<td class=\"empty\">");
        html_add(grid->page, text_string(&reason));
    }
    text_printf(grid->page, "</td>");
    text_free(&reason);
}

static void add_bundle(struct grid *grid, unsigned number)
{
    const struct grid_bundle *bundle = &grid->bundles[number];
    int atom_of[BUNDLE_ATOMS_MAX];
    memset(atom_of, -1, sizeof atom_of);
    for (unsigned i = 0; i < bundle->count; i++) {
        unsigned seen = 0;
        take_unit(grid, bundle, i, atom_of, &seen);
    }
    text_printf(grid->page, "<tr><th scope=\"row\" class=\"n\">%u</th><td class=\"n\">%u</td>", grid->clock.cycle,
                number);
    for (unsigned unit = 0; unit < grid->desc->unit_count; unit++) add_slot(grid, number, unit, atom_of[unit]);
    text_printf(grid->page, "</tr>\n");
}

/* The units as the configuration writes them. */
static void add_units(const struct grid *grid)
{
    const char *units = grid->view->config->values.machine.units;
    for (unsigned unit = 0; unit < grid->desc->unit_count; unit++) {
        units += strspn(units, " ,");
        size_t length = strcspn(units, " ,");
        text_printf(grid->page, "<th scope=\"col\">");
        html_printf(grid->page, "%.*s", (int)length, units);
        text_printf(grid->page, "</th>");
        units += length;
    }
}

void report_grid(const struct region_view *view, struct text *page)
{
    struct grid grid = {.view = view, .desc = hw_machine(machine_core(view->machine, 0)), .page = page};
    decode(&grid);
    text_printf(page,
                "<details><summary>Schedule: a row per cycle, a column per functional unit, of which a bundle fills "
                "%u at most</summary>\n<div class=\"wide\"><table class=\"grid\"><thead><tr><th scope=\"col\" "
                "class=\"n\">Cycle</th><th scope=\"col\" class=\"n\">Bundle</th>",
                grid.desc->issue_width);
    add_units(&grid);
    text_printf(page, "</tr></thead><tbody>\n");
    for (unsigned number = 0; number < grid.count; number++) {
        begin_part(&grid, number);
        struct wait wait = wait_of(&grid, &grid.bundles[number]);
        if (wait.until > grid.clock.cycle) add_stall(&grid, wait);
        add_bundle(&grid, number);
        issue(&grid, number);
    }
    text_printf(page, "</tbody></table></div></details>\n");
    for (unsigned number = 0; number < grid.count; number++) free(grid.bundles[number].way);
    free(grid.bundles);
}

void report_grid_words(struct text *page)
{
    text_printf(page, "<details class=\"print\"><summary>The words in the empty slots of the schedules</summary>\n<div "
                      "class=\"wide\">"
                      "<table class=\"pairs\"><tbody>\n");
    for (unsigned i = 0; i < LENGTH(refusals); i++) html_pair(page, refusals[i].key, refusals[i].meaning);
    for (unsigned i = 0; i < LENGTH(words); i++) html_pair(page, words[i].key, words[i].meaning);
    text_printf(page, "</tbody></table></div></details>\n");
}
