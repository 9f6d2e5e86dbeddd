#include "lab/params.h"

#include <string.h>

static const struct param_desc cms_rows[] = {
#define PARAM(...) PARAM_ROW(struct cms_options, __VA_ARGS__)
#include "cms/cms_params.def"
#undef PARAM
#define PARAM(type, field, ...) PARAM_ROW(struct cms_options, type, translate.field, __VA_ARGS__)
#include "translate/translate_params.def"
#undef PARAM
};
static const struct param_desc cost_rows[] = {
#define PARAM(...) PARAM_ROW(struct cost_params, __VA_ARGS__)
#include "lab/cost_params.def"
#undef PARAM
};
static const struct param_desc lab_rows[] = {
#define PARAM(...) PARAM_ROW(struct lab_params, __VA_ARGS__)
#include "lab/lab_params.def"
#undef PARAM
};
static const unsigned cms_count = LENGTH(cms_rows), cost_count = LENGTH(cost_rows), lab_count = LENGTH(lab_rows);

static const struct {
    const struct param_desc *rows;
    const unsigned *count;
    size_t base; /* of the module's struct in struct params */
} modules[] = {
    {machine_param_table, &machine_param_count, offsetof(struct params, machine)},
    {cms_rows, &cms_count, offsetof(struct params, cms)},
    {cost_rows, &cost_count, offsetof(struct params, cost)},
    {user_param_table, &user_param_count, offsetof(struct params, user)},
    {lab_rows, &lab_count, offsetof(struct params, lab)},
};

unsigned params_count(void)
{
    unsigned count = 0;
    for (unsigned m = 0; m < LENGTH(modules); m++) count += *modules[m].count;
    return count;
}

struct param_desc params_row(unsigned index)
{
    unsigned m = 0;
    while (index >= *modules[m].count) index -= *modules[m++].count;
    struct param_desc row = modules[m].rows[index];
    row.offset += modules[m].base;
    return row;
}

int params_find(const char *path)
{
    int first = 0;
    for (unsigned m = 0; m < LENGTH(modules); first += (int)*modules[m++].count) {
        for (unsigned i = 0; i < *modules[m].count; i++) {
            if (!strcmp(modules[m].rows[i].path, path)) return first + (int)i;
        }
    }
    return -1;
}

bool params_section(const char *path)
{
    size_t length = strlen(path);
    for (unsigned m = 0; m < LENGTH(modules); m++) {
        for (unsigned i = 0; i < *modules[m].count; i++) {
            const char *row = modules[m].rows[i].path;
            if (!strncmp(row, path, length) && row[length] == '.') return true;
        }
    }
    return false;
}
