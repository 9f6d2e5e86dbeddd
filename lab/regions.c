#include "lab/regions.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct region_column region_columns[] = {
#define COLUMN(name, unit, rows, value, meaning) {#name, unit, meaning},
#include "lab/region_columns.def"
#undef COLUMN
};
const unsigned region_column_count = LENGTH(region_columns);
const struct region_end region_ends[REGION_EVENTS] = {
    [REGION_BORN] = {"alive", "nothing up to the end of the run"},
#define REGION_END(name, key, meaning) [REGION_##name] = {key, meaning},
#include "hwsim/region_ends.def"
#undef REGION_END
};

/* ---- names ---- */

enum { COMPARED_BYTES = 16, PAGE = 4096, KNOWN_BITS = 12 };

/* Looking a symbol up reads the whole table; most entries have more than one translation. */
struct known_symbol {
    uint64_t spc, distance;
    const char *name; /* NULL: none */
};

void regions_begin(struct regions *regions, const char *program)
{
    *regions = (struct regions){0};
    elf_file_open(&regions->elf, program);
    regions->known = lab_allocate(sizeof *regions->known << KNOWN_BITS);
}

void regions_free(struct regions *regions)
{
    elf_file_close(&regions->elf);
    free(regions->known);
    free(regions->named);
    *regions = (struct regions){0};
}

void regions_snapshot(struct regions *regions, struct snapshot *snapshot)
{
    regions->capacity = snapshot_count(snapshot, regions->capacity, INT32_MAX);
    if (snapshot->loading) regions->named = lab_reallocate(regions->named, regions->capacity + 1);
    snapshot_bytes(snapshot, regions->named, regions->capacity);
}

void regions_made(struct regions *regions, struct hw_core *core, const struct hw_region_info *info)
{
    char file[COMPARED_BYTES], memory[COMPARED_BYTES];
    unsigned bytes = (unsigned)(PAGE - info->spc % PAGE);
    if (info->region >= regions->capacity) {
        unsigned capacity = 2 * info->region + 256;
        regions->named = lab_reallocate(regions->named, capacity);
        memset(regions->named + regions->capacity, 0, capacity - regions->capacity);
        regions->capacity = capacity;
    }
    if (bytes > COMPARED_BYTES) bytes = COMPARED_BYTES;
    bytes = elf_file_fetch(&regions->elf, info->spc, file, bytes);
    regions->named[info->region] =
        bytes && hw_fetch(core, info->spc, true, memory, bytes) == bytes && !memcmp(file, memory, bytes);
}

/* ---- profit ---- */

struct profit {
    bool known;                 /* what interpreting costs there */
    bool ever;                  /* an execution costs less than interpreting */
    bool earned;                /* at least what making it has cost */
    uint64_t interpreted_milli; /* a guest instruction, or an iteration of one */
    uint64_t break_even;
    int64_t cycles;
};
/* A row; `cycles` by activity. */
struct row {
    const char *kind;
    const struct region_account *account; /* NULL: what is no translation's */
    const struct hw_region_info *info;
    const uint64_t *cycles;
    uint64_t recovery_cycles; /* of those of interpreting */
    struct profit profit;
    struct regions *regions;
};

static uint64_t before_cycles(const struct row *row) { return row->cycles[ACTIVITY_INTERPRET] - row->recovery_cycles; }
static uint64_t translate_cycles(const struct row *row)
{
    return row->cycles[ACTIVITY_TRANSLATE1] + row->cycles[ACTIVITY_TRANSLATE2] + row->cycles[ACTIVITY_TRANSLATE3];
}
static uint64_t run_cycles(const struct row *row)
{
    return row->cycles[ACTIVITY_GEAR1] + row->cycles[ACTIVITY_GEAR2] + row->cycles[ACTIVITY_GEAR3];
}
static uint64_t all_cycles(const struct row *row)
{
    uint64_t all = 0;
    for (unsigned a = 0; a < ACTIVITIES; a++) all += row->cycles[a];
    return all;
}

/* What was interpreted after its rollbacks would have been interpreted without it, too: neither gain nor loss. */
static struct profit profit_of(const struct row *row)
{
    const struct region_account *account = row->account;
    struct profit profit = {.known = account->interpreted_steps != 0};
    if (!profit.known) return profit;
    uint64_t making = translate_cycles(row), running = all_cycles(row) - row->cycles[ACTIVITY_INTERPRET] - making;
    profit.interpreted_milli =
        (uint64_t)((unsigned __int128)account->interpreted_cycles * 1000 / account->interpreted_steps);
    __int128 gain =
        (__int128)profit.interpreted_milli * (account->insns + account->iterations) - (__int128)running * 1000;
    __int128 cost = (__int128)making * 1000, rest = gain - cost;
    profit.cycles = (int64_t)((rest - (rest < 0 ? 999 : 0)) / 1000);
    profit.ever = gain > 0;
    if (profit.ever) profit.break_even = (uint64_t)((cost * account->executions + gain - 1) / gain);
    profit.earned = profit.ever && rest >= 0;
    return profit;
}

/* ---- printing ---- */

static const struct known_symbol *symbol_of(struct regions *regions, uint64_t spc)
{
    struct known_symbol *known = &regions->known[spc * UINT64_C(0x9e3779b97f4a7c15) >> (64 - KNOWN_BITS)];
    if (known->spc != spc) {
        known->spc = spc;
        known->name = elf_symbol_near(&regions->elf, spc, &known->distance);
    }
    return known;
}

/* No character that CSV would have to quote. */
static void print_symbol(struct regions *regions, const struct hw_region_info *info, struct text *text)
{
    if (info->region >= regions->capacity || !regions->named[info->region]) return;
    const struct known_symbol *symbol = symbol_of(regions, info->spc);
    if (!symbol->name) return;
    for (const char *c = symbol->name; *c; c++) {
        char plain = isgraph((unsigned char)*c) && *c != ',' && *c != '"' ? *c : '_';
        text_add(text, &plain, 1);
    }
    if (symbol->distance) text_printf(text, "+0x%" PRIx64, symbol->distance);
}

/* A run may have a million translations, of forty numbers each: printf would take longer than their sums. */
static void print_number(struct text *text, uint64_t value)
{
    char digits[20];
    unsigned at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    text_add(text, digits + at, sizeof digits - at);
}

enum { MADE = false, EVERY = true };
#define NUMBER(value)  print_number(text, value)
#define ADDRESS(value) text_printf(text, "0x%08" PRIx64, value)
#define WORD(value)    text_printf(text, "%s", value)
#define SYMBOL()       print_symbol(row->regions, row->info, text)
#define ENDED()                                                                                                        \
    if (row->account->died_of) NUMBER(row->account->died_cycle)
#define BREAK_EVEN()                                                                                                   \
    if (row->profit.ever) NUMBER(row->profit.break_even)
#define PROFIT()                                                                                                       \
    if (row->profit.known) text_printf(text, "%" PRId64, row->profit.cycles)
#define RATE()                                                                                                         \
    if (row->profit.known)                                                                                             \
    text_printf(text, "%" PRIu64 ".%03u", row->profit.interpreted_milli / 1000,                                        \
                (unsigned)(row->profit.interpreted_milli % 1000))

static void print_row(const struct row *row, struct text *text)
{
    bool first = true;
#define COLUMN(name, unit, rows, value, meaning)                                                                       \
    text_add(text, ",", !first);                                                                                       \
    first = false;                                                                                                     \
    if (rows || row->account) {                                                                                        \
        value;                                                                                                         \
    }
#include "lab/region_columns.def"
#undef COLUMN
    text_add(text, "\n", 1);
}

static void print_rest(const struct machine *machine, struct text *text)
{
    static const char *const keys[] = {
#define ACTIVITY(name, key, meaning) key,
#include "hwsim/activities.def"
#undef ACTIVITY
    };
    uint64_t rest[ACTIVITIES];
    machine_unattributed(machine, rest);
    for (unsigned a = 0; a < ACTIVITIES; a++) {
        uint64_t cycles[ACTIVITIES] = {0};
        cycles[a] = rest[a];
        print_row(&(struct row){.kind = keys[a], .cycles = cycles}, text);
    }
}

void regions_print(struct regions *regions, const struct machine *machine, struct text *text)
{
    const struct region_account *accounts;
    unsigned count = machine_regions(machine, &accounts);
    for (unsigned i = 0; i < region_column_count; i++) text_printf(text, "%s%s", i ? "," : "", region_columns[i].name);
    text_printf(text, "\n");
    for (unsigned i = 1; i < count; i++) {
        struct row row = {.kind = "translation",
                          .account = &accounts[i],
                          .info = &accounts[i].info,
                          .cycles = accounts[i].cycles,
                          .recovery_cycles = accounts[i].recovery_cycles,
                          .regions = regions};
        row.profit = profit_of(&row);
        print_row(&row, text);
    }
    print_rest(machine, text);
}

void regions_describe(void (*each)(void *cookie, const char *path, const char *unit, const char *meaning), void *cookie)
{
    char path[80];
    for (unsigned i = 0; i < region_column_count; i++) {
        snprintf(path, sizeof path, "regions.csv:%s", region_columns[i].name);
        each(cookie, path, region_columns[i].unit, region_columns[i].meaning);
    }
    for (unsigned i = 0; i < REGION_MOVED; i++) {
        snprintf(path, sizeof path, "regions.csv:ended:%s", region_ends[i].name);
        each(cookie, path, "", region_ends[i].meaning);
    }
}
