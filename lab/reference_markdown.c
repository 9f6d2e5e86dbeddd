/* reference_markdown.c -- every key and every statistic, as one document. */
#include <stdlib.h>
#include <string.h>

#include "lab/config.h"
#include "lab/paths.h"
#include "lab/quantity.h"
#include "lab/reference.h"
#include "lab/regions.h"
#include "lab/stats.h"
#include "lab/version.h"

enum { MACHINES_MAX = 64, FILE_BYTES_MAX = 1 << 20 };

/* A shipped machine. */
struct preset {
    char *name;
    struct config config;
};

/* Appends what stands behind the '#' of a line of a file: where its value comes from. */
static void print_source(struct text *text, const struct origin *origin)
{
    size_t length;
    char *bytes = lab_read_file(origin->file, FILE_BYTES_MAX, &length);
    const char *line = bytes;
    for (unsigned i = 1; line && i < origin->line; i++) line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
    const char *hash = line ? memchr(line, '#', strcspn(line, "\n")) : NULL;
    if (hash) {
        hash += 1 + strspn(hash + 1, " ");
        text_printf(text, "%.*s", (int)strcspn(hash, "\n"), hash);
    }
    free(bytes);
}

/* What a shipped machine's file says of itself, which names its sources. */
static void print_machine(struct text *text, const char *name)
{
    struct diag diag = {0};
    char *path = paths_machine(name, &diag);
    size_t length;
    char *bytes = path ? lab_read_file(path, FILE_BYTES_MAX, &length) : NULL;
    text_printf(text, "### %s\n\n", name);
    for (const char *line = bytes; line && *line == '#'; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        text_printf(text, "    %.*s\n", (int)strcspn(line, "\n"), line);
    text_printf(text, "\n");
    free(bytes);
    free(path);
    diag_free(&diag);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* What the machines make of a key: a line for each that does not leave it at its default. */
static void print_values(struct text *text, const struct preset *presets, unsigned count, unsigned index)
{
    for (unsigned i = 0; i < count; i++) {
        const struct origin *origin = &presets[i].config.origins[index];
        if (!origin->file) continue;
        text_printf(text, "* %s: `", presets[i].name);
        config_print_value(&presets[i].config, index, text);
        text_printf(text, "` (%s:%u: ", base_name(origin->file), origin->line);
        print_source(text, origin);
        text_printf(text, ")\n");
    }
}

static void print_key(struct text *text, const struct preset *presets, unsigned count, unsigned index)
{
    struct param_desc row = params_row(index);
    text_printf(text, "### `%s`\n\n%s.\n\n", row.path, row.meaning);
    text_printf(text, "* type: %s%s%s\n* range: `", quantity_type_name(row.type), *row.unit ? ", in " : "", row.unit);
    quantity_print_range(&row, text);
    text_printf(text, "`\n* default: `%s`\n", row.dflt);
    print_values(text, presets, count, index);
    text_printf(text, "\n");
}

static void print_keys(struct text *text, const struct preset *presets, unsigned count)
{
    text_printf(text,
                "## Keys\n\nWhere a shipped machine gives a key a value, that stands below it, with the place and "
                "the source that is named there.\n\n");
    for (unsigned i = 0; i < params_count(); i++) print_key(text, presets, count, i);
}

static void print_statistic(struct text *text, const char *path, const char *unit, const char *formula,
                            const char *meaning)
{
    text_printf(text, "### `%s`\n\n%s.\n\n* unit: %s\n", path, meaning, unit);
    if (formula) text_printf(text, "* formula: `%s`\n", formula);
    text_printf(text, "\n");
}

static void print_statistics(struct text *text)
{
    struct stats_table table;
    stats_table_init(&table);
    text_printf(text,
                "## Statistics\n\nWithout a formula: an exact counter. A formula whose divisor is 0 gives null.\n\n");
    for (unsigned i = 0; i < table.count; i++) {
        const struct stats_row *row = &table.rows[i];
        print_statistic(text, row->path, row->unit, row->formula, row->meaning);
    }
    print_statistic(text, STATS_NAMED_PATH, STATS_NAMED_UNIT, NULL, STATS_NAMED_MEANING);
    stats_table_free(&table);
}

static void print_column(void *text, const char *path, const char *unit, const char *meaning)
{
    print_statistic(text, path, unit, NULL, meaning);
}

static void print_regions(struct text *text)
{
    text_printf(text, "## Statistics of each translation: the columns of regions.csv\n\n");
    regions_describe(print_column, text);
}

bool reference_print_markdown(struct text *text)
{
    struct preset presets[MACHINES_MAX];
    char **machines = paths_machines();
    unsigned count = 0;
    bool fine = true;
    for (char **name = machines; *name; name++) {
        struct config_args args = {.machine = *name};
        if (fine && count < MACHINES_MAX && config_build(&presets[count].config, &args))
            presets[count++].name = *name;
        else
            fine = false;
    }
    text_printf(text, "# covm %s: keys and statistics\n\n", COVM_VERSION);
    text_printf(text, "`covm config explain KEY` and `covm stats list NAME` tell the same of one.\n\n");
    text_printf(text, "## Machines\n\n");
    for (unsigned i = 0; i < count; i++) print_machine(text, presets[i].name);
    print_keys(text, presets, count);
    print_statistics(text);
    print_regions(text);
    for (unsigned i = 0; i < count; i++) config_free(&presets[i].config);
    for (char **name = machines; *name; name++) free(*name);
    free(machines);
    return fine;
}
