/* study_axes.c -- what a study varies: axes from its file, their values, and these as names and numbers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/figure.h"
#include "lab/quantity.h"
#include "lab/study/study.h"
#include "lab/suggest.h"

static const char *const axis_keys[] = {"key", "name",   "title", "unit", "values", "from",
                                        "to",  "factor", "step",  "when", NULL};

/* ---- parameters ---- */

/* The row that a key names; -1: told. */
static int find_row(const struct document *document, const struct node *key)
{
    const char *name = node_word(key);
    int row = name ? params_find(name) : -1;
    if (row >= 0) return row;
    struct suggest suggest;
    struct text hint = {0};
    suggest_begin(&suggest, name ? name : "");
    for (unsigned i = 0; i < params_count(); i++)
        suggest_offer(&suggest, params_row(i).path, strlen(params_row(i).path), 0);
    suggest_print(&suggest, &hint);
    document_complain(document, key, "unknown key '%s'%s", name ? name : "", text_string(&hint));
    text_free(&hint);
    return -1;
}

static void add_setting(struct study_value *value, struct study_setting setting)
{
    value->settings = lab_reallocate(value->settings, (value->count + 1) * sizeof setting);
    value->settings[value->count++] = setting;
}

static struct study_value *add_value(struct study_axis *axis, const char *name)
{
    axis->values = lab_reallocate(axis->values, (axis->count + 1) * sizeof *axis->values);
    axis->values[axis->count] = (struct study_value){.name = lab_copy(name)};
    return &axis->values[axis->count++];
}

/* ---- axes ---- */

int study_axis_find(const struct study *study, const char *name)
{
    for (unsigned i = 0; i < study->axis_count; i++)
        if (study->axes[i].name && !strcmp(study->axes[i].name, name)) return (int)i;
    return -1;
}

int study_value_find(const struct study_axis *axis, const char *name)
{
    for (unsigned i = 0; i < axis->count; i++)
        if (!strcmp(axis->values[i].name, name)) return (int)i;
    return -1;
}

/* Does an earlier item of the list have the value that this one has, in other words (32KiB, 32768)? -1: none. What is
 * wrong with the value is told. */
static int find_equal(unsigned row, const struct document *d, const struct node *values, unsigned item, char **written)
{
    struct config probe;
    struct text value = {0};
    unsigned before = d->diag->count;
    config_init(&probe);
    config_apply(&probe, row, d, &values->items[item]);
    if (d->diag->count == before) config_print_value(&probe, row, &value);
    config_free(&probe);
    written[item] = value.data;
    for (unsigned i = 0; i < item && written[item]; i++)
        if (written[i] && !strcmp(written[i], written[item])) return (int)i;
    return -1;
}

/* "values": words, or lists of words. */
static void read_values(struct study_axis *axis, unsigned row, const struct document *d, const struct node *values)
{
    char **written = lab_allocate((values->count + 1) * sizeof *written);
    for (unsigned i = 0; i < values->count; i++) {
        const struct node *item = &values->items[i];
        struct text name = {0}, problem = {0};
        if (item->kind == NODE_SCALAR) text_add(&name, item->text, item->length);
        for (unsigned k = 0; item->kind == NODE_LIST && k < item->count; k++)
            text_printf(&name, "%s%s", k ? " " : "", item->items[k].text ? item->items[k].text : "");
        int equal = find_equal(row, d, values, i, written);
        if (study_value_find(axis, text_string(&name)) >= 0)
            document_complain(d, item, "'%s' is there twice", text_string(&name));
        else if (equal >= 0)
            document_complain(d, item, "'%s' is the same as '%s'", text_string(&name), axis->values[equal].name);
        if (!figure_name_fits(text_string(&name), &problem))
            document_complain(d, item, "this text %s", text_string(&problem));
        struct study_value *value = add_value(axis, text_string(&name));
        add_setting(value, (struct study_setting){.row = row, .document = d, .value = item, .line = item->line});
        text_free(&name);
        text_free(&problem);
    }
    for (unsigned i = 0; i < values->count; i++) free(written[i]);
    free(written);
}

/* One end or the step of a range, as the parameter is written. */
static bool read_end(const struct document *d, const struct node *node, unsigned row, int64_t *value)
{
    struct param_desc desc = params_row(row);
    struct text error = {0};
    bool fine = node_word(node) && quantity_parse(&desc, node_word(node), value, &error);
    if (!fine)
        document_complain(d, node, "%s: %s", desc.path, error.length ? text_string(&error) : "a value is missing");
    text_free(&error);
    return fine;
}

static bool read_step(const struct document *d, const struct node *node, unsigned row, double *step)
{
    const char *word = node_word(node);
    char *end = NULL;
    *step = word ? strtod(word, &end) : 0;
    if (end && end != word && !*end && isfinite(*step)) return true;
    int64_t value; /* with a suffix: 4KiB */
    if (!read_end(d, node, row, &value)) return false;
    *step = (double)value;
    return true;
}

static void read_range(struct study_axis *axis, unsigned row, const struct document *d, const struct node *node)
{
    enum { VALUES_MAX = 1000 };
    const struct node *from = node_find(node, "from"), *to = node_find(node, "to"), *factor = node_find(node, "factor"),
                      *step = node_find(node, "step");
    struct param_desc desc = params_row(row);
    int64_t first, last;
    double by;
    if (!from || !to || !factor == !step) {
        document_complain(d, node, "an axis has 'values', or 'from', 'to' and one of 'factor' and 'step'");
        return;
    }
    if (desc.type == PARAM_TEXT || desc.type == PARAM_ENUM || desc.type == PARAM_BOOL) {
        document_complain(d, node, "%s takes no range of values: it is no quantity", desc.path);
        return;
    }
    if (!read_end(d, from, row, &first) || !read_end(d, to, row, &last) ||
        !read_step(d, factor ? factor : step, row, &by))
        return;
    if (last < first || (factor ? by <= 1 || first <= 0 : by < 1)) {
        document_complain(d, node, "the range does not lead from 'from' up to 'to'");
        return;
    }
    double at = (double)first;
    for (unsigned n = 0; at <= (double)last + 0.5; n++, at = factor ? at * by : at + by) {
        if (n == VALUES_MAX) {
            document_complain(d, node, "more than %u values", VALUES_MAX);
            return;
        }
        struct text written = {0};
        quantity_print(&desc, (int64_t)(at + 0.5), &written);
        if (study_value_find(axis, text_string(&written)) < 0) {
            struct study_value *value = add_value(axis, text_string(&written));
            add_setting(value, (struct study_setting){
                                   .row = row, .written = lab_copy(text_string(&written)), .line = from->line});
        }
        text_free(&written);
    }
}

/* "values" of a group: maps with a name and keys. */
static void read_group(struct study_axis *axis, const struct document *d, const struct node *values)
{
    for (unsigned i = 0; i < values->count; i++) {
        const struct node *item = &values->items[i], *name = node_find(item, "name");
        if (item->kind != NODE_MAP || !name || !node_word(name)) {
            document_complain(d, item,
                              "a value of an axis without 'key' is a name and keys: {name: wide, core.issue_width: 8}");
            continue;
        }
        char *called = study_label(d, name);
        if (study_value_find(axis, called) >= 0) document_complain(d, name, "'%s' is there twice", called);
        struct study_value *value = add_value(axis, called);
        free(called);
        for (unsigned k = 0; k < item->count; k++) {
            if (&item->items[k] == name) continue;
            int row = find_row(d, &item->keys[k]);
            if (row < 0) continue;
            add_setting(value, (struct study_setting){
                                   .row = (unsigned)row, .document = d, .value = &item->items[k], .line = item->line});
            struct config probe;
            config_init(&probe);
            config_apply(&probe, (unsigned)row, d, &item->items[k]);
            config_free(&probe);
        }
    }
}

/* when: {AXIS: [VALUE, ...]}, of axes before this one. */
static void read_condition(struct study *study, struct study_axis *axis, const struct document *d,
                           const struct node *when, unsigned group)
{
    if (when->kind != NODE_MAP || !when->count)
        document_complain(d, when, "'when' is a map: {AXIS: [VALUE, ...]}, or a list of such maps");
    for (unsigned i = 0; when->kind == NODE_MAP && i < when->count; i++) {
        const char *name = node_word(&when->keys[i]);
        const struct node *list = &when->items[i];
        int index = name ? study_axis_find(study, name) : -1;
        if (index < 0 || &study->axes[index] == axis) {
            document_complain(d, &when->keys[i], "no axis '%s' before this one", name ? name : "");
            continue;
        }
        const struct study_axis *other = &study->axes[index];
        struct study_condition condition = {group, (unsigned)index, lab_allocate(other->count + 1)};
        unsigned count = list->kind == NODE_LIST ? list->count : 1;
        if (!count) document_complain(d, list, "there are no values: the axis would never exist");
        for (unsigned k = 0; k < count; k++) {
            const struct node *item = list->kind == NODE_LIST ? &list->items[k] : list;
            int value = node_word(item) ? study_value_find(other, node_word(item)) : -1;
            if (value < 0)
                document_complain(d, item, "axis '%s' has no value '%s'", name, node_word(item) ? node_word(item) : "");
            else
                condition.allowed[value] = true;
        }
        axis->conditions = lab_reallocate(axis->conditions, (axis->condition_count + 1) * sizeof condition);
        axis->conditions[axis->condition_count++] = condition;
    }
}

static void read_when(struct study *study, struct study_axis *axis, const struct document *d, const struct node *when)
{
    if (when->kind != NODE_LIST || !when->count) read_condition(study, axis, d, when, 0);
    for (unsigned i = 0; when->kind == NODE_LIST && i < when->count; i++)
        read_condition(study, axis, d, &when->items[i], i);
}

static bool value_sets(const struct study_value *value, unsigned row)
{
    for (unsigned s = 0; s < value->count; s++)
        if (value->settings[s].row == row) return true;
    return false;
}

bool study_axis_sets(const struct study_axis *axis, unsigned row)
{
    for (unsigned v = 0; v < axis->count; v++)
        if (value_sets(&axis->values[v], row)) return true;
    return false;
}

bool study_axis_always_sets(const struct study_axis *axis, unsigned row)
{
    for (unsigned v = 0; v < axis->count; v++)
        if (!value_sets(&axis->values[v], row)) return false;
    return axis->count;
}

/* Of two axes that set one key, the second would win, whatever the first says. Where one exists only under a condition,
 * they may take turns. */
static void check_axis(const struct study *study, const struct study_axis *axis, const struct document *d,
                       const struct node *node)
{
    for (const struct study_axis *other = study->axes; other < axis && !axis->condition_count; other++)
        for (unsigned row = 0; row < params_count() && !other->condition_count; row++)
            if (study_axis_sets(axis, row) && study_axis_sets(other, row))
                document_complain(d, node, "the axes '%s' and '%s' both set %s", other->name, axis->name,
                                  params_row(row).path);
}

static void read_axis(struct study *study, const struct document *d, const struct node *node)
{
    const struct node *key = node_find(node, "key"), *name = node_find(node, "name"), *title = node_find(node, "title"),
                      *unit = node_find(node, "unit"), *values = node_find(node, "values"),
                      *when = node_find(node, "when");
    document_check_keys(d, node, axis_keys);
    if (node->kind != NODE_MAP || (!key && !name)) {
        document_complain(d, node, "an axis has a 'key', or a 'name' where its values set several keys");
        return;
    }
    char *called = study_label(d, name ? name : key);
    if (!called)
        document_complain(d, node, "an axis needs a name");
    else if (study_axis_find(study, called) >= 0)
        document_complain(d, node, "a second axis '%s'", called);
    if (study->axis_count == STUDY_AXES_MAX) {
        document_complain(d, node, "more than %d axes", STUDY_AXES_MAX);
        free(called);
        return;
    }
    struct study_axis *axis = &study->axes[study->axis_count++];
    axis->name = called ? called : lab_copy("");
    axis->file = d->name;
    axis->line = node->line;
    axis->title = study_title(d, title);
    if (!axis->title) axis->title = lab_copy(axis->name);
    axis->unit = study_title(d, unit);
    if (values && values->kind != NODE_LIST) document_complain(d, values, "'values' is a list");
    if (values && values->kind == NODE_LIST && !values->count) document_complain(d, values, "there are no values");
    int row = key ? find_row(d, key) : -1;
    if (!key && values)
        read_group(axis, d, values);
    else if (row >= 0 && values)
        read_values(axis, (unsigned)row, d, values);
    else if (row >= 0)
        read_range(axis, (unsigned)row, d, node);
    if (when) read_when(study, axis, d, when);
    check_axis(study, axis, d, node);
}

void study_read_axes(struct study *study)
{
    const struct document *d;
    const struct node *axes = study_section(study, "axes", &d);
    if (!axes) return;
    if (axes->kind != NODE_LIST) document_complain(d, axes, "'axes' is a list");
    for (unsigned i = 0; axes->kind == NODE_LIST && i < axes->count; i++) read_axis(study, d, &axes->items[i]);
}

/* ---- values ---- */

unsigned study_values(const struct study *study, int axis)
{
    return axis == STUDY_NOTHING ? 1 : axis == STUDY_WORKLOAD ? study->workload_count : study->axes[axis].count;
}

const char *study_value_name(const struct study *study, int axis, unsigned value)
{
    if (axis == STUDY_NOTHING) return "";
    return axis == STUDY_WORKLOAD ? study->workloads[value].workload->name : study->axes[axis].values[value].name;
}

static bool read_number(const struct study_value *value, double *number, const char **unit)
{
    if (value->count == 1) {
        struct param_desc desc = params_row(value->settings[0].row);
        struct text error = {0};
        int64_t quantity;
        bool fine = desc.type != PARAM_TEXT && desc.type != PARAM_ENUM && desc.type != PARAM_BOOL &&
                    quantity_parse(&desc, value->name, &quantity, &error);
        text_free(&error);
        if (fine) *number = (double)quantity, *unit = desc.unit;
        if (fine) return true;
    }
    char *end;
    *number = strtod(value->name, &end);
    *unit = "";
    return end != value->name;
}

bool study_axis_is_number(const struct study *study, int axis)
{
    const char *unit;
    double number;
    for (unsigned v = 0; axis != STUDY_WORKLOAD && v < study->axes[axis].count; v++)
        if (!read_number(&study->axes[axis].values[v], &number, &unit)) return false;
    return axis != STUDY_WORKLOAD;
}

double study_axis_number(const struct study *study, int axis, unsigned value, const char **unit)
{
    const char *its;
    double number;
    read_number(&study->axes[axis].values[value], &number, &its);
    if (unit) *unit = study->axes[axis].unit ? study->axes[axis].unit : its;
    return number;
}

static void free_axis(struct study_axis *axis)
{
    for (unsigned v = 0; v < axis->count; v++) {
        for (unsigned s = 0; s < axis->values[v].count; s++) free(axis->values[v].settings[s].written);
        free(axis->values[v].settings);
        free(axis->values[v].name);
    }
    for (unsigned c = 0; c < axis->condition_count; c++) free(axis->conditions[c].allowed);
    free(axis->values);
    free(axis->conditions);
    free(axis->name);
    free(axis->title);
    free(axis->unit);
}

void study_free_axes(struct study *study)
{
    for (unsigned i = 0; i < study->axis_count; i++) free_axis(&study->axes[i]);
}
