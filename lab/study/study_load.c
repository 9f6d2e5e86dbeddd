/* study_load.c -- studies from their files: every mistake of all sections is reported. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/fetch.h"
#include "lab/formula.h"
#include "lab/paths.h"
#include "lab/quantity.h"
#include "lab/stats.h"
#include "lab/study/study.h"
#include "lab/suggest.h"

static const char *const study_keys[] = {"extends", "title",  "machine", "set",     "workloads", "size",
                                         "seeds",   "window", "axes",    "metrics", "plots",     NULL},
                         *const axis_keys[] = {"key", "name",   "title", "values", "from",
                                               "to",  "factor", "step",  "when",   NULL},
                         *const workload_keys[] = {"name", "size", NULL},
                         *const metric_keys[] = {"formula", "of", "relative_to", "title", "unit", NULL};

/* The section of the study, or of what it extends; *document: where it stands. */
const struct node *study_section(const struct study *study, const char *key, const struct document **document)
{
    for (unsigned i = 0; i < study->document_count; i++) {
        const struct node *node = node_find(study->documents[i].root, key);
        *document = &study->documents[i];
        if (node) return node;
    }
    *document = &study->documents[0];
    return NULL;
}

/* A copy of a section's word; `fallback` where there is none. */
static char *word_of(const struct study *study, const char *key, const char *fallback)
{
    const struct document *document;
    const struct node *node = study_section(study, key, &document);
    if (!node) return lab_copy(fallback);
    if (!node_word(node)) document_complain(document, node, "'%s' takes a word", key);
    return lab_copy(node_word(node) ? node_word(node) : fallback);
}

/* A count from 1 to `most`. */
static bool read_count(const struct document *document, const struct node *node, const char *key, unsigned most,
                       unsigned *count)
{
    const char *word = node_word(node);
    char *end = NULL;
    unsigned long value = word ? strtoul(word, &end, 10) : 0;
    if (!end || *end || !value || value > most || *word == '-') {
        document_complain(document, node, "'%s' takes a number from 1 to %u", key, most);
        return false;
    }
    *count = (unsigned)value;
    return true;
}

/* ---- documents ---- */

static bool read_documents(struct study *study, const char *path, struct diag *diag)
{
    char *next = lab_copy(path);
    while (next) {
        struct document *document = &study->documents[study->document_count];
        bool circular = false;
        for (unsigned i = 0; i < study->document_count; i++) circular |= !strcmp(study->documents[i].name, next);
        if (circular || study->document_count == LENGTH(study->documents)) {
            diag_error(diag, path, 0, 0, "'%s' extends itself", next);
            free(next);
            return false;
        }
        bool fine = document_read_file(document, next, diag);
        document->name = next; /* owned, from here on */
        study->document_count++;
        if (fine && (!document->root || document->root->kind != NODE_MAP)) {
            diag_error(diag, next, 0, 0, "expected the keys of a study");
            fine = false;
        }
        if (!fine) return false;
        const struct node *base = node_find(document->root, "extends");
        const char *slash = strrchr(next, '/'), *word = base ? node_word(base) : NULL;
        if (base && !word) document_complain(document, base, "extends takes the name of a file");
        next = !word                    ? NULL
               : *word == '/' || !slash ? lab_copy(word)
                                        : lab_printf("%.*s/%s", (int)(slash - next), next, word);
    }
    return true;
}

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

/* "values": words, or lists of words. */
static void read_values(struct study_axis *axis, unsigned row, const struct document *d, const struct node *values)
{
    for (unsigned i = 0; i < values->count; i++) {
        const struct node *item = &values->items[i];
        struct text name = {0};
        if (item->kind == NODE_SCALAR) text_add(&name, item->text, item->length);
        for (unsigned k = 0; item->kind == NODE_LIST && k < item->count; k++)
            text_printf(&name, "%s%s", k ? " " : "", item->items[k].text ? item->items[k].text : "");
        if (study_value_find(axis, text_string(&name)) >= 0)
            document_complain(d, item, "'%s' is there twice", text_string(&name));
        struct study_value *value = add_value(axis, text_string(&name));
        add_setting(value, (struct study_setting){.row = row, .document = d, .value = item, .line = item->line});
        struct config probe; /* says now what is wrong with it */
        config_init(&probe);
        config_apply(&probe, row, d, item);
        config_free(&probe);
        text_free(&name);
    }
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
    if (end && end != word && !*end) return true;
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
        if (study_value_find(axis, node_word(name)) >= 0)
            document_complain(d, name, "'%s' is there twice", node_word(name));
        struct study_value *value = add_value(axis, node_word(name));
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
    if (when->kind != NODE_MAP) document_complain(d, when, "'when' is a map: {AXIS: [VALUE, ...]}");
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
    if (when->kind != NODE_LIST) read_condition(study, axis, d, when, 0);
    for (unsigned i = 0; when->kind == NODE_LIST && i < when->count; i++)
        read_condition(study, axis, d, &when->items[i], i);
}

static void read_axis(struct study *study, const struct document *d, const struct node *node)
{
    const struct node *key = node_find(node, "key"), *name = node_find(node, "name"), *title = node_find(node, "title"),
                      *values = node_find(node, "values"), *when = node_find(node, "when");
    document_check_keys(d, node, axis_keys);
    if (node->kind != NODE_MAP || (!key && !name)) {
        document_complain(d, node, "an axis has a 'key', or a 'name' where its values set several keys");
        return;
    }
    const char *called = name ? node_word(name) : node_word(key);
    if (!called)
        document_complain(d, node, "an axis needs a name");
    else if (study_axis_find(study, called) >= 0)
        document_complain(d, node, "a second axis '%s'", called);
    if (study->axis_count == STUDY_AXES_MAX) {
        document_complain(d, node, "more than %d axes", STUDY_AXES_MAX);
        return;
    }
    struct study_axis *axis = &study->axes[study->axis_count++];
    axis->name = lab_copy(called ? called : "");
    axis->title = lab_copy(title && node_word(title) ? node_word(title) : axis->name);
    if (values && values->kind != NODE_LIST) document_complain(d, values, "'values' is a list");
    int row = key ? find_row(d, key) : -1;
    if (!key && values)
        read_group(axis, d, values);
    else if (row >= 0 && values)
        read_values(axis, (unsigned)row, d, values);
    else if (row >= 0)
        read_range(axis, (unsigned)row, d, node);
    if (when) read_when(study, axis, d, when);
}

static void read_axes(struct study *study)
{
    const struct document *d;
    const struct node *axes = study_section(study, "axes", &d);
    if (!axes) return;
    if (axes->kind != NODE_LIST) document_complain(d, axes, "'axes' is a list");
    for (unsigned i = 0; axes->kind == NODE_LIST && i < axes->count; i++) read_axis(study, d, &axes->items[i]);
}

/* ---- workloads ---- */

static void add_workload(struct study *study, const struct workload *workload, enum workload_size size)
{
    study->workloads = lab_reallocate(study->workloads, (study->workload_count + 1) * sizeof *study->workloads);
    study->workloads[study->workload_count++] = (struct study_workload){workload, size};
}

static bool is_fetched(const struct study *study, const struct workload *workload)
{
    char *package = fetch_package(study->all, workload);
    free(package);
    return package;
}

static void read_workload(struct study *study, const struct document *d, const struct node *node,
                          enum workload_size size)
{
    const struct node *name = node->kind == NODE_MAP ? node_find(node, "name") : node;
    const struct node *own_size = node->kind == NODE_MAP ? node_find(node, "size") : NULL;
    if (node->kind == NODE_MAP) document_check_keys(d, node, workload_keys);
    if (!name || !node_word(name)) {
        document_complain(d, node, "expected a workload's name");
        return;
    }
    if (own_size && (!node_word(own_size) || !workload_size_named(node_word(own_size), &size)))
        document_complain(d, own_size, "no size '%s': test or ref", node_word(own_size) ? node_word(own_size) : "");
    bool own = !strcmp(node_word(name), "own"), real = !strcmp(node_word(name), "real"), found = false;
    struct suggest suggest;
    suggest_begin(&suggest, node_word(name));
    for (unsigned i = 0; i < study->all->count; i++) {
        const struct workload *w = &study->all->items[i];
        bool named = !strcmp(w->name, node_word(name)) || (w->recipe && !strcmp(w->recipe, node_word(name)));
        suggest_offer(&suggest, w->name, strlen(w->name), 0);
        found |= named;
        if (named || (own && !w->recipe) || (real && w->recipe && is_fetched(study, w))) add_workload(study, w, size);
    }
    if (found || own || real) return;
    struct text hint = {0};
    suggest_print(&suggest, &hint);
    document_complain(d, name, "no workload '%s'%s", node_word(name), text_string(&hint));
    text_free(&hint);
}

static void read_workloads(struct study *study)
{
    const struct document *d, *sd;
    const struct node *list = study_section(study, "workloads", &d), *size_node = study_section(study, "size", &sd);
    enum workload_size size = WORKLOAD_TEST;
    if (size_node && (!node_word(size_node) || !workload_size_named(node_word(size_node), &size)))
        document_complain(sd, size_node, "no size '%s': test or ref", node_word(size_node) ? node_word(size_node) : "");
    if (!list) diag_error(d->diag, d->name, 0, 0, "'workloads' is missing");
    if (list && list->kind != NODE_LIST) document_complain(d, list, "'workloads' is a list of names");
    for (unsigned i = 0; list && list->kind == NODE_LIST && i < list->count; i++)
        read_workload(study, d, &list->items[i], size);
    if (list && !study->workload_count)
        document_complain(d, list, "no workloads: those named are not fetched (covm workloads fetch)");
}

/* ---- metrics ---- */

struct names {
    const struct study *study;
    struct stats_table *table;
    const char *unknown; /* the first; its length */
    size_t length;
};

static bool known_name(void *cookie, const char *name, size_t length, struct formula_value *value)
{
    struct names *names = cookie;
    *value = (struct formula_value){.value = 1};
    bool known = stats_find(names->table, name, length);
    for (unsigned i = 0; i < names->study->metric_count && !known; i++)
        known =
            strlen(names->study->metrics[i].name) == length && !strncmp(names->study->metrics[i].name, name, length);
    if (!known && !names->unknown) names->unknown = name, names->length = length;
    return known;
}

static void check_formula(const struct study *study, struct stats_table *table, const struct document *d,
                          const struct node *node, const char *formula)
{
    struct names names = {.study = study, .table = table};
    struct formula_value value;
    const char *error = formula_evaluate(formula, known_name, &names, &value);
    if (!error) return;
    if (!names.unknown) {
        document_complain(d, node, "%s", error);
        return;
    }
    char *unknown = lab_printf("%.*s", (int)names.length, names.unknown);
    struct suggest suggest;
    struct text hint = {0};
    suggest_begin(&suggest, unknown);
    for (unsigned i = 0; i < table->count; i++)
        suggest_offer(&suggest, table->rows[i].path, strlen(table->rows[i].path), 0);
    suggest_print(&suggest, &hint);
    document_complain(d, node, "no statistic or metric '%s'%s", unknown, text_string(&hint));
    text_free(&hint);
    free(unknown);
}

static void read_relative(struct study *study, struct study_metric *metric, const struct document *d,
                          const struct node *node)
{
    const struct node *of = node_find(node, "of"), *to = node_find(node, "relative_to");
    for (unsigned i = 0; node_word(of) && i < study->metric_count; i++)
        if (!strcmp(study->metrics[i].name, node_word(of))) metric->of = (int)i;
    if (metric->of < 0) document_complain(d, of, "no metric '%s' before this one", node_word(of) ? node_word(of) : "");
    if (!to || to->kind != NODE_MAP || !to->count) {
        document_complain(d, to ? to : node, "'relative_to' is a map: {AXIS: VALUE}");
        return;
    }
    for (unsigned i = 0; i < to->count; i++) {
        const char *name = node_word(&to->keys[i]), *value = node_word(&to->items[i]);
        int axis = name ? study_axis_find(study, name) : -1;
        if (axis < 0) {
            document_complain(d, &to->keys[i], "no axis '%s'", name ? name : "");
            continue;
        }
        metric->base[axis] = value ? study_value_find(&study->axes[axis], value) : -1;
        if (metric->base[axis] < 0)
            document_complain(d, &to->items[i], "axis '%s' has no value '%s'", name, value ? value : "");
    }
}

static void add_metric(struct study *study, struct study_metric metric)
{
    study->metrics = lab_reallocate(study->metrics, (study->metric_count + 1) * sizeof metric);
    study->metrics[study->metric_count++] = metric;
}

static void read_metric(struct study *study, struct stats_table *table, const struct document *d,
                        const struct node *key, const struct node *node)
{
    struct study_metric metric = {.of = -1};
    for (unsigned i = 0; i < STUDY_AXES_MAX; i++) metric.base[i] = -1;
    const struct node *formula = node->kind == NODE_MAP ? node_find(node, "formula") : node,
                      *title = node_find(node, "title"), *unit = node_find(node, "unit"), *of = node_find(node, "of");
    if (!node_word(key)) {
        document_complain(d, key, "a metric needs a name");
        return;
    }
    if (node->kind == NODE_MAP) document_check_keys(d, node, metric_keys);
    if (of && !formula)
        read_relative(study, &metric, d, node);
    else if (!formula || of || !node_word(formula))
        document_complain(d, node, "a metric is a formula, or 'of' another 'relative_to' a point");
    else
        check_formula(study, table, d, formula, node_word(formula));
    metric.name = lab_copy(node_word(key));
    metric.formula = formula && node_word(formula) ? lab_copy(node_word(formula)) : NULL;
    metric.title = lab_copy(title && node_word(title) ? node_word(title) : metric.name);
    metric.unit = lab_copy(unit && node_word(unit) ? node_word(unit) : "");
    add_metric(study, metric);
}

int study_metric_or_formula(struct study *study, const struct document *document, const struct node *node)
{
    struct stats_table table;
    const char *word = node_word(node);
    if (!word) {
        document_complain(document, node, "expected a metric or a formula");
        return -1;
    }
    for (unsigned i = 0; i < study->metric_count; i++)
        if (!strcmp(study->metrics[i].name, word)) return (int)i;
    unsigned before = document->diag->count;
    stats_table_init(&table);
    check_formula(study, &table, document, node, word);
    const struct stats_row *row = stats_find(&table, word, strlen(word));
    struct study_metric metric = {.hidden = true,
                                  .of = -1,
                                  .name = lab_copy(word),
                                  .formula = lab_copy(word),
                                  .title = lab_copy(word),
                                  .unit = lab_copy(row ? row->unit : "")};
    stats_table_free(&table);
    add_metric(study, metric);
    return document->diag->count == before ? (int)study->metric_count - 1 : -1;
}

static void read_metrics(struct study *study)
{
    const struct document *d;
    const struct node *metrics = study_section(study, "metrics", &d);
    struct stats_table table;
    if (!metrics) return;
    if (metrics->kind != NODE_MAP) {
        document_complain(d, metrics, "'metrics' is a map of names and formulae");
        return;
    }
    stats_table_init(&table);
    for (unsigned i = 0; i < metrics->count; i++) read_metric(study, &table, d, &metrics->keys[i], &metrics->items[i]);
    stats_table_free(&table);
}

/* ---- entry ---- */

static void read_seeds_and_window(struct study *study)
{
    const struct document *d;
    const struct node *seeds = study_section(study, "seeds", &d);
    if (seeds) read_count(d, seeds, "seeds", STUDY_SEEDS_MAX, &study->seeds);
    const struct node *window = study_section(study, "window", &d);
    study->window = word_of(study, "window", "total");
    if (window && strcmp(study->window, "total") && strcmp(study->window, "warmup") && strcmp(study->window, "roi"))
        document_complain(d, window, "no window '%s': total, warmup or roi", study->window);
}

static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    return lab_printf("%.*s", (int)(dot && dot > base ? (size_t)(dot - base) : strlen(base)), base);
}

/* Keys of `set` are checked once, here. */
static void read_sets(struct study *study)
{
    for (unsigned i = 0; i < study->document_count; i++) {
        const struct document *d = &study->documents[i];
        study->set[i] = node_find(d->root, "set");
        if (!study->set[i]) continue;
        if (study->set[i]->kind != NODE_MAP) {
            document_complain(d, study->set[i], "'set' is a map of keys and values");
            study->set[i] = NULL;
            continue;
        }
        struct config probe;
        config_init(&probe);
        config_apply_map(&probe, d, study->set[i]);
        config_free(&probe);
    }
}

bool study_load(struct study *study, const char *path, struct workloads *all, struct diag *diag)
{
    unsigned before = diag->count;
    *study = (struct study){.path = lab_copy(path), .name = name_of(path), .all = all};
    if (!read_documents(study, path, diag)) return false;
    for (unsigned i = 0; i < study->document_count; i++)
        document_check_keys(&study->documents[i], study->documents[i].root, study_keys);
    study->title = word_of(study, "title", study->name);
    study->machine = word_of(study, "machine", "crusoe");
    char *machine = paths_machine(study->machine, diag);
    free(machine);
    read_sets(study);
    read_axes(study);
    read_workloads(study);
    read_seeds_and_window(study);
    read_metrics(study);
    study_read_plots(study);
    if (study->document_count == 1) diag_sort(diag, before); /* line numbers of one file */
    return diag->count == before;
}

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
    *unit = "number";
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
    if (unit) *unit = its;
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
}

void study_free(struct study *study)
{
    for (unsigned i = 0; i < study->axis_count; i++) free_axis(&study->axes[i]);
    for (unsigned i = 0; i < study->metric_count; i++) {
        free(study->metrics[i].name);
        free(study->metrics[i].formula);
        free(study->metrics[i].title);
        free(study->metrics[i].unit);
    }
    for (unsigned i = 0; i < study->document_count; i++) {
        document_free(&study->documents[i]);
        free((char *)study->documents[i].name);
    }
    study_free_plots(study);
    free(study->metrics);
    free(study->workloads);
    free(study->path);
    free(study->name);
    free(study->title);
    free(study->machine);
    free(study->window);
    *study = (struct study){0};
}
