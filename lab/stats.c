#include "lab/stats.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/formula.h"

/* ---- the table ---- */

static const struct {
    const char *path, *unit, *meaning;
} cms_rows[] = {
#define STAT(field, path, unit, meaning) {path, unit, meaning},
#include "cms/cms_stats.def"
#undef STAT
};
static const struct {
    const char *path, *unit, *formula, *meaning;
} derived_rows[] = {
#define DERIVED(path, unit, formula, meaning) {path, unit, formula, meaning},
#include "lab/derived.def"
#undef DERIVED
};
static const struct {
    const char *key, *meaning;
} activities[] =
    {
#define ACTIVITY(name, key, meaning) {key, meaning},
#include "hwsim/activities.def"
#undef ACTIVITY
},
  causes[] =
      {
#define CAUSE(name, key, meaning) {key, meaning},
#include "hwsim/causes.def"
#undef CAUSE
},
  works[] = {
#define WORK(name, key, activity, cost, unit, source) {key, unit},
#include "hwsim/works.def"
#undef WORK
};

static struct stats_row *add(struct stats_table *table, const char *unit, const char *meaning, size_t offset)
{
    if ((table->count & (table->count - 1)) == 0) {
        table->rows = lab_reallocate(table->rows, (table->count * 2 + 1) * sizeof *table->rows);
    }
    struct stats_row *row = &table->rows[table->count++];
    *row = (struct stats_row){.unit = unit, .meaning = meaning, .offset = offset};
    return row;
}

static void add_named(struct stats_table *table, const char *path, const char *unit, const char *meaning, size_t offset)
{
    struct stats_row *row = add(table, unit, meaning, offset);
    snprintf(row->path, sizeof row->path, "%s", path);
}

static void add_account(struct stats_table *table)
{
    add_named(table, "cycles.total", "cycles", "cycles of the run; the sum over activities, and over causes",
              offsetof(struct stats, total));
    for (unsigned a = 0; a < ACTIVITIES; a++) {
        struct stats_row *row = add(table, "cycles", activities[a].meaning, offsetof(struct stats, by_activity[a]));
        snprintf(row->path, sizeof row->path, "cycles.%s", activities[a].key);
    }
    for (unsigned c = 0; c < CAUSES; c++) {
        struct stats_row *row = add(table, "cycles", causes[c].meaning, offsetof(struct stats, by_cause[c]));
        snprintf(row->path, sizeof row->path, "cycles.cause.%s", causes[c].key);
    }
    for (unsigned a = 0; a < ACTIVITIES; a++) {
        for (unsigned c = 0; c < CAUSES; c++) {
            struct stats_row *row =
                add(table, "cycles", causes[c].meaning, offsetof(struct stats, account.cycles[a][c]));
            snprintf(row->path, sizeof row->path, "cycles.%s.%s", activities[a].key, causes[c].key);
        }
    }
    for (unsigned w = 0; w < WORKS; w++) {
        struct stats_row *row =
            add(table, works[w].meaning, "CMS work done", offsetof(struct stats, account.work_units[w]));
        snprintf(row->path, sizeof row->path, "work.%s.units", works[w].key);
        row = add(table, "cycles", "cycles charged for that work", offsetof(struct stats, account.work_cycles[w]));
        snprintf(row->path, sizeof row->path, "work.%s.cycles", works[w].key);
    }
}

void stats_table_init(struct stats_table *table)
{
    *table = (struct stats_table){0};
    for (unsigned i = 0; i < machine_stat_count; i++) {
        const struct stat_desc *d = &machine_stat_table[i];
        add_named(table, d->path, d->unit, d->meaning, offsetof(struct stats, machine) + d->offset);
    }
    add_account(table);
    for (unsigned i = 0; i < LENGTH(cms_rows); i++) {
        add_named(table, cms_rows[i].path, cms_rows[i].unit, cms_rows[i].meaning, offsetof(struct stats, cms[i]));
    }
    for (unsigned i = 0; i < user_stat_count; i++) {
        const struct stat_desc *d = &user_stat_table[i];
        add_named(table, d->path, d->unit, d->meaning, offsetof(struct stats, user) + d->offset);
    }
    for (unsigned i = 0; i < LENGTH(derived_rows); i++) {
        add_named(table, derived_rows[i].path, derived_rows[i].unit, derived_rows[i].meaning, 0);
        table->rows[table->count - 1].formula = derived_rows[i].formula;
    }
}

void stats_table_free(struct stats_table *table)
{
    free(table->rows);
    *table = (struct stats_table){0};
}

const struct stats_row *stats_find(const struct stats_table *table, const char *path, size_t length)
{
    for (unsigned i = 0; i < table->count; i++) {
        if (!strncmp(table->rows[i].path, path, length) && !table->rows[i].path[length]) return &table->rows[i];
    }
    return NULL;
}

/* ---- values ---- */

struct operands {
    const struct stats_table *table;
    const struct stats *stats;
};

static bool look_up(void *cookie, const char *name, size_t length, struct formula_value *value)
{
    const struct operands *operands = cookie;
    const struct stats_row *row = stats_find(operands->table, name, length);
    if (!row || row->formula) return false; /* formulae stand on counters alone, so that none can go in circles */
    struct stats_value counter = stats_value(operands->table, row, operands->stats);
    *value = (struct formula_value){false, (double)counter.count};
    return true;
}

struct stats_value stats_value(const struct stats_table *table, const struct stats_row *row, const struct stats *stats)
{
    struct stats_value value = {.counter = !row->formula};
    if (value.counter) {
        memcpy(&value.count, (const char *)stats + row->offset, sizeof value.count);
        value.real = (double)value.count;
        return value;
    }
    struct operands operands = {table, stats};
    struct formula_value result;
    const char *error = formula_evaluate(row->formula, look_up, &operands, &result);
    if (error) {
        fprintf(stderr, "covm: formula of %s: %s\n", row->path, error);
        abort();
    }
    value.null = result.null;
    value.real = result.value;
    return value;
}

double stats_real(const struct stats_table *table, const char *path, const struct stats *stats)
{
    const struct stats_row *row = stats_find(table, path, strlen(path));
    if (!row) abort();
    struct stats_value value = stats_value(table, row, stats);
    return value.null ? 0 : value.real;
}

void stats_collect(struct stats *stats, const struct machine *machine, const struct user *user)
{
    memset(stats, 0, sizeof *stats);
    machine_collect(machine, &stats->machine, &stats->account);
    for (unsigned a = 0; a < ACTIVITIES; a++) {
        for (unsigned c = 0; c < CAUSES; c++) {
            stats->by_activity[a] += stats->account.cycles[a][c];
            stats->by_cause[c] += stats->account.cycles[a][c];
            stats->total += stats->account.cycles[a][c];
        }
    }
    memcpy(stats->cms, machine_cms_stats(machine), sizeof stats->cms);
    if (user) user_collect(user, &stats->user);
    const struct named_counter *named;
    stats->named_count = machine_named_counters(machine, &named);
    memcpy(stats->named, named, stats->named_count * sizeof *named);
}

static bool is_gauge(const char *path)
{
    static const char *const gauges[] = {
#define GAUGE(path) path,
#include "lab/gauges.def"
#undef GAUGE
    };
    for (unsigned i = 0; i < LENGTH(gauges); i++) {
        if (!strcmp(gauges[i], path)) return true;
    }
    return false;
}

void stats_subtract(const struct stats_table *table, struct stats *stats, const struct stats *earlier)
{
    for (unsigned i = 0; i < table->count; i++) {
        const struct stats_row *row = &table->rows[i];
        if (row->formula || is_gauge(row->path)) continue;
        uint64_t later, before;
        memcpy(&later, (char *)stats + row->offset, sizeof later);
        memcpy(&before, (const char *)earlier + row->offset, sizeof before);
        later -= before;
        memcpy((char *)stats + row->offset, &later, sizeof later);
    }
    for (unsigned i = 0; i < earlier->named_count; i++) stats->named[i].count -= earlier->named[i].count;
}

/* ---- as text ---- */

void stats_print_value(struct stats_value value, struct text *text)
{
    if (value.null) {
        text_printf(text, "null");
    } else if (value.counter) {
        text_printf(text, "%" PRIu64, value.count);
    } else {
        text_printf(text, "%.9g", value.real);
    }
}

/* Names of instructions become part of a path: no character that JSON or CSV would have to quote. */
static void print_named_path(const struct named_counter *counter, struct text *text)
{
    text_printf(text, "interpreted_only.");
    for (const char *c = counter->name; *c; c++) {
        char plain = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '_';
        text_add(text, &plain, 1);
    }
}

void stats_print_json(const struct stats_table *table, const struct stats_window *windows, unsigned count,
                      struct text *text)
{
    text_printf(text, "{\n  \"schema\": 1,\n  \"windows\": {");
    for (unsigned w = 0; w < count; w++) {
        const struct stats *stats = &windows[w].stats;
        text_printf(text, "%s\n    \"%s\": {", w ? "," : "", windows[w].name);
        for (unsigned i = 0; i < table->count; i++) {
            text_printf(text, "%s\n      \"%s\": ", i ? "," : "", table->rows[i].path);
            stats_print_value(stats_value(table, &table->rows[i], stats), text);
        }
        for (unsigned i = 0; i < stats->named_count; i++) {
            text_printf(text, ",\n      \"");
            print_named_path(&stats->named[i], text);
            text_printf(text, "\": %" PRIu64, stats->named[i].count);
        }
        text_printf(text, "\n    }");
    }
    text_printf(text, "\n  }\n}\n");
}

void stats_print_csv(const struct stats_table *table, const char *run, const struct stats_window *windows,
                     unsigned count, struct text *text)
{
    text_printf(text, "run,window,name,unit,value\n");
    for (unsigned w = 0; w < count; w++) {
        const struct stats *stats = &windows[w].stats;
        for (unsigned i = 0; i < table->count; i++) {
            const struct stats_row *row = &table->rows[i];
            struct stats_value value = stats_value(table, row, stats);
            text_printf(text, "%s,%s,%s,%s,", run, windows[w].name, row->path, row->unit);
            if (!value.null) stats_print_value(value, text);
            text_add(text, "\n", 1);
        }
        for (unsigned i = 0; i < stats->named_count; i++) {
            text_printf(text, "%s,%s,", run, windows[w].name);
            print_named_path(&stats->named[i], text);
            text_printf(text, ",instructions,%" PRIu64 "\n", stats->named[i].count);
        }
    }
}
