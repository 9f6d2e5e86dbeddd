/* study_metrics.c -- what a study makes of statistics: formulae, and metrics relative to others, from its file. */
#include <stdlib.h>
#include <string.h>

#include "lab/formula.h"
#include "lab/stats.h"
#include "lab/study/study.h"
#include "lab/suggest.h"

static const char *const metric_keys[] = {"formula", "of", "relative_to", "title", "unit", NULL};

struct names {
    const struct study *study;
    struct stats_table *table;
    const char *unknown; /* the first; its length */
    size_t length;
};

/* A value for checking a formula: of no two names the same, so that what it is divided by is 0 only where it always is. */
static double stand_in(const char *name, size_t length)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    while (length--) hash = (hash ^ (unsigned char)*name++) * 16777619u;
    return 1 + hash / 1048573.0;
}

static bool known_name(void *cookie, const char *name, size_t length, struct formula_value *value)
{
    struct names *names = cookie;
    *value = (struct formula_value){.value = stand_in(name, length)};
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
    if (!error && value.null) document_complain(d, node, "it divides by zero, whatever the statistics are");
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
    if (stats_find(table, node_word(key), strlen(node_word(key))))
        document_complain(d, key, "'%s' is a statistic: a metric needs a name of its own", node_word(key));
    if (node->kind == NODE_MAP) document_check_keys(d, node, metric_keys);
    if (of && !formula)
        read_relative(study, &metric, d, node);
    else if (!formula || of || !node_word(formula))
        document_complain(d, node, "a metric is a formula, or 'of' another 'relative_to' a point");
    else
        check_formula(study, table, d, formula, node_word(formula));
    metric.name = study_label(d, key);
    metric.formula = formula && node_word(formula) ? lab_copy(node_word(formula)) : NULL;
    metric.title = study_label(d, title);
    metric.unit = study_title(d, unit);
    if (!metric.title) metric.title = lab_copy(metric.name);
    if (!metric.unit) metric.unit = lab_copy("");
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
    char *label = study_label(document, node); /* which the formula is in figures */
    stats_table_init(&table);
    check_formula(study, &table, document, node, word);
    const struct stats_row *row = stats_find(&table, word, strlen(word));
    struct study_metric metric = {.hidden = true,
                                  .of = -1,
                                  .name = lab_copy(word),
                                  .formula = lab_copy(word),
                                  .title = label,
                                  .unit = lab_copy(row ? row->unit : "")};
    stats_table_free(&table);
    add_metric(study, metric);
    return document->diag->count == before ? (int)study->metric_count - 1 : -1;
}

void study_read_metrics(struct study *study)
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

void study_free_metrics(struct study *study)
{
    for (unsigned i = 0; i < study->metric_count; i++) {
        free(study->metrics[i].name);
        free(study->metrics[i].formula);
        free(study->metrics[i].title);
        free(study->metrics[i].unit);
    }
    free(study->metrics);
}
