#include "lab/config.h"

#include <stdlib.h>
#include <string.h>

#include "lab/paths.h"
#include "lab/quantity.h"
#include "lab/suggest.h"

static void *place_of(const struct config *config, const struct param_desc *row)
{
    return (char *)&config->values + row->offset;
}

static void set_origin(struct config *config, unsigned index, const char *file, unsigned line)
{
    free(config->origins[index].file);
    config->origins[index] = (struct origin){file ? lab_copy(file) : NULL, line};
}

bool config_assign(struct config *config, unsigned index, const char *written, const char *file, unsigned line,
                   struct text *error)
{
    struct param_desc row = params_row(index);
    void *place = place_of(config, &row);
    if (row.type == PARAM_TEXT) {
        if (strlen(written) >= PARAM_TEXT_BYTES) {
            text_printf(error, "is longer than %d characters", PARAM_TEXT_BYTES - 1);
            return false;
        }
        memset(place, 0, PARAM_TEXT_BYTES);
        memcpy(place, written, strlen(written));
    } else {
        int64_t value;
        if (!quantity_parse(&row, written, &value, error)) return false;
        memcpy(place, &value, sizeof value);
    }
    set_origin(config, index, file, line);
    return true;
}

void config_init(struct config *config)
{
    *config = (struct config){.origins = lab_allocate(params_count() * sizeof(struct origin))};
    for (unsigned i = 0; i < params_count(); i++) {
        struct text error = {0};
        if (!config_assign(config, i, params_row(i).dflt, NULL, 0, &error)) {
            fprintf(stderr, "covm: default of %s: %s\n", params_row(i).path, text_string(&error));
            abort();
        }
    }
}

void config_copy(struct config *config, const struct config *from)
{
    *config = (struct config){from->values, lab_allocate(params_count() * sizeof(struct origin))};
    for (unsigned i = 0; i < params_count(); i++) set_origin(config, i, from->origins[i].file, from->origins[i].line);
}

void config_free(struct config *config)
{
    for (unsigned i = 0; config->origins && i < params_count(); i++) free(config->origins[i].file);
    free(config->origins);
    *config = (struct config){0};
}

void config_set(struct config *config, const char *assignment, struct diag *diag)
{
    const char *equals = strchr(assignment, '=');
    char *where = lab_printf("--set %s", assignment);
    if (!equals) {
        diag_error(diag, where, 0, 0, "not of the form path=value");
        free(where);
        return;
    }
    char *path = lab_printf("%.*s", (int)(equals - assignment), assignment);
    int index = params_find(path);
    struct text error = {0};
    if (index < 0) {
        struct suggest suggest;
        suggest_begin(&suggest, path);
        for (unsigned i = 0; i < params_count(); i++) {
            const char *known = params_row(i).path;
            suggest_offer(&suggest, known, strlen(known), 0);
        }
        suggest_print(&suggest, &error);
        if (params_section(path)) {
            diag_error(diag, where, 0, 0, "'%s' is a section, not a key", path);
        } else {
            diag_error(diag, where, 0, 0, "unknown key '%s'%s", path, text_string(&error));
        }
    } else if (!config_assign(config, (unsigned)index, equals + 1, "--set", 0, &error)) {
        diag_error(diag, where, 0, 0, "%s: %s", path, text_string(&error));
    }
    text_free(&error);
    free(path);
    free(where);
}

/* ---- as text ---- */

void config_print_value(const struct config *config, unsigned index, struct text *text)
{
    struct param_desc row = params_row(index);
    const void *place = place_of(config, &row);
    if (row.type == PARAM_TEXT) {
        /* single-quoted YAML: the one character to double is the quote itself */
        text_add(text, "'", 1);
        for (const char *c = place; *c; c++) text_add(text, "''", *c == '\'' ? 2 : 0), text_add(text, c, *c != '\'');
        text_add(text, "'", 1);
        return;
    }
    int64_t value;
    memcpy(&value, place, sizeof value);
    quantity_print(&row, value, text);
}

void config_print_origin(const struct config *config, unsigned index, struct text *text)
{
    const struct origin *origin = &config->origins[index];
    if (!origin->file) {
        text_printf(text, "default");
    } else if (origin->line) {
        text_printf(text, "%s:%u", origin->file, origin->line);
    } else {
        text_printf(text, "%s", origin->file);
    }
}

/* How many leading sections two paths share. */
static unsigned shared_sections(const char *a, const char *b)
{
    unsigned shared = 0;
    for (; *a && *a == *b; a++, b++) shared += *a == '.';
    return shared;
}

static unsigned sections_of(const char *path)
{
    unsigned sections = 0;
    for (; *path; path++) sections += *path == '.';
    return sections;
}

static int by_path(const void *a, const void *b)
{
    unsigned ia = *(const unsigned *)a, ib = *(const unsigned *)b;
    return strcmp(params_row(ia).path, params_row(ib).path);
}

void config_print(const struct config *config, bool origins, struct text *text)
{
    unsigned count = params_count();
    unsigned *order = lab_allocate(count * sizeof *order);
    for (unsigned i = 0; i < count; i++) order[i] = i;
    qsort(order, count, sizeof *order, by_path); /* so that each section is written once */
    const char *before = "";
    for (unsigned i = 0; i < count; i++) {
        const char *path = params_row(order[i]).path, *name = path;
        unsigned depth = 0, shared = shared_sections(before, path);
        for (const char *dot; (dot = strchr(name, '.')); name = dot + 1, depth++) {
            if (depth >= shared) text_printf(text, "%*s%.*s:\n", (int)depth * 2, "", (int)(dot - name), name);
        }
        size_t start = text->length;
        text_printf(text, "%*s%s: ", (int)sections_of(path) * 2, "", name);
        config_print_value(config, order[i], text);
        if (origins) {
            size_t width = text->length - start;
            text_printf(text, "%*s  # ", width < 36 ? (int)(36 - width) : 0, "");
            config_print_origin(config, order[i], text);
        }
        text_add(text, "\n", 1);
        before = path;
    }
    free(order);
}

/* ---- from the command line ---- */

void config_args_free(struct config_args *args)
{
    free(args->files);
    free(args->sets);
    *args = (struct config_args){0};
}

bool config_build(struct config *config, const struct config_args *args)
{
    struct diag diag = {0};
    config_init(config);
    if (args->machine) {
        char *path = paths_machine(args->machine, &diag);
        if (path) config_load(config, path, &diag);
        free(path);
    }
    for (unsigned i = 0; i < args->file_count; i++) config_load(config, args->files[i], &diag);
    for (unsigned i = 0; i < args->set_count; i++) config_set(config, args->sets[i], &diag);
    if (!diag.count) config_check(config, &diag);
    bool fine = !diag.count;
    diag_print(&diag, stderr);
    diag_free(&diag);
    if (!fine) config_free(config);
    return fine;
}

struct machine_config config_machine(const struct config *config)
{
    struct machine_config machine = {.params = config->values.machine, .options = &config->values.cms};
    const struct cost_params *cost = &config->values.cost;
    if (cost->model == 0) {
#define WORK(name, key, activity, amount, unit, source) machine.cost_millicycles[WORK_##name] = cost->name;
#include "hwsim/works.def"
#undef WORK
    }
    return machine;
}

void config_check(const struct config *config, struct diag *diag)
{
    struct machine_config wanted = config_machine(config);
    char error[256] = "";
    if (!machine_check(&wanted, error, sizeof error)) {
        diag_error(diag, "configuration", 0, 0, "%s", error);
        return;
    }
    uint64_t needed = cms_concealed_needed(&config->values.cms), there = (uint64_t)wanted.params.concealed_size;
    if (needed > there) {
        diag_error(diag, "configuration", 0, 0,
                   "the CMS needs %llu bytes of concealed memory for these options, the machine has %llu",
                   (unsigned long long)needed, (unsigned long long)there);
    }
    const struct lab_params *lab = &config->values.lab;
    if (!lab->warmup_insns && (lab->roi_insns || lab->roi_caches || lab->roi_predictors || lab->roi_translations)) {
        diag_error(diag, "configuration", 0, 0,
                   "lab.window.*: without a warm-up (lab.window.warmup_insns) there is no region of interest");
    }
}
