/* study_load.c -- studies from their files: every mistake of all sections is reported. */
#include <stdlib.h>
#include <string.h>

#include "lab/fetch.h"
#include "lab/figure.h"
#include "lab/paths.h"
#include "lab/study/study.h"
#include "lab/suggest.h"

static const char *const study_keys[] = {"extends", "title",  "machine", "set",     "workloads", "size",
                                         "seeds",   "window", "axes",    "metrics", "plots",     NULL},
                         *const workload_keys[] = {"name", "size", NULL};

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

const char *const study_seed_keys[] = {"guest.seed", "inject.seed", NULL};

static char *copy_words(const struct document *document, const struct node *node,
                        bool fits(const char *text, struct text *problem))
{
    if (!node) return NULL;
    struct text problem = {0};
    if (node->kind != NODE_SCALAR)
        document_complain(document, node, "expected words");
    else if (strlen(node->text) != node->length)
        document_complain(document, node, "this text has a control character (0x00)");
    else if (!fits(node->text, &problem))
        document_complain(document, node, "this text %s", text_string(&problem));
    text_free(&problem);
    return node_word(node) ? lab_copy(node_word(node)) : NULL;
}

char *study_title(const struct document *document, const struct node *node)
{
    return copy_words(document, node, figure_text_fits);
}

char *study_label(const struct document *document, const struct node *node)
{
    return copy_words(document, node, figure_name_fits);
}

/* A count from 1 to `most`. */
static void read_count(const struct document *document, const struct node *node, const char *key, unsigned most,
                       unsigned *count)
{
    const char *word = node_word(node);
    char *end = NULL;
    unsigned long value = word ? strtoul(word, &end, 10) : 0;
    if (!end || *end || !value || value > most || *word == '-')
        document_complain(document, node, "'%s' takes a number from 1 to %u", key, most);
    else
        *count = (unsigned)value;
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

/* ---- workloads ---- */

/* One that is there in both sizes is two workloads of one name. */
static void add_workload(struct study *study, const struct document *d, const struct node *node,
                         const struct workload *workload, enum workload_size size)
{
    for (unsigned i = 0; i < study->workload_count; i++) {
        if (study->workloads[i].workload != workload || study->workloads[i].size != size) continue;
        document_complain(d, node, "the workload '%s' is there twice", workload->name);
        return;
    }
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
        if (named || (own && !w->recipe) || (real && w->recipe && is_fetched(study, w)))
            add_workload(study, d, name, w, size);
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

/* Each point's seed would win over the axis. */
static void check_seeds(const struct study *study)
{
    const struct document *d;
    const struct node *seeds = study_section(study, "seeds", &d);
    for (unsigned a = 0; study->seeds && a < study->axis_count; a++)
        for (const char *const *key = study_seed_keys; *key; key++)
            if (study_axis_sets(&study->axes[a], (unsigned)params_find(*key)))
                document_complain(d, seeds, "the axis '%s' and 'seeds' both set %s", study->axes[a].name, *key);
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

/* A key of a document's `set` is void where an axis that exists everywhere, or the seeds, give each point its value;
 * not so where these stand in a study that extends the document: that varies what its base sets. */
static void check_set_key(const struct study *study, unsigned document, const struct node *key, unsigned row)
{
    const struct document *d = &study->documents[document], *varied;
    study_section(study, "axes", &varied);
    for (unsigned a = 0; a < study->axis_count && varied >= d; a++) {
        const struct study_axis *axis = &study->axes[a];
        if (!axis->condition_count && study_axis_always_sets(axis, row))
            document_complain(d, key, "%s is set in vain: each point has a value of the axis '%s' (%s:%u)",
                              params_row(row).path, axis->name, axis->file, axis->line);
    }
    study_section(study, "seeds", &varied);
    for (const char *const *seeded = study_seed_keys; study->seeds && varied >= d && *seeded; seeded++)
        if (row == (unsigned)params_find(*seeded))
            document_complain(d, key, "%s is set in vain: 'seeds' gives each point its own", *seeded);
}

static void check_set(const struct study *study, unsigned document, const struct node *map, const char *prefix)
{
    for (unsigned i = 0; i < map->count; i++) {
        const char *name = node_word(&map->keys[i]);
        if (!name) continue;
        char *path = lab_printf("%s%s%s", prefix, *prefix ? "." : "", name);
        int row = params_find(path);
        if (row >= 0)
            check_set_key(study, document, &map->keys[i], (unsigned)row);
        else if (map->items[i].kind == NODE_MAP)
            check_set(study, document, &map->items[i], path);
        free(path);
    }
}

static void read_title(struct study *study)
{
    const struct document *d;
    const struct node *title = study_section(study, "title", &d);
    study->title = study_title(d, title);
    if (!study->title) study->title = lab_copy(study->name);
}

bool study_load(struct study *study, const char *path, struct workloads *all, struct diag *diag)
{
    unsigned before = diag->count;
    *study = (struct study){.path = lab_copy(path), .name = name_of(path), .all = all};
    if (!read_documents(study, path, diag)) return false;
    for (unsigned i = 0; i < study->document_count; i++)
        document_check_keys(&study->documents[i], study->documents[i].root, study_keys);
    read_title(study);
    study->machine = word_of(study, "machine", "crusoe");
    char *machine = paths_machine(study->machine, diag);
    free(machine);
    read_sets(study);
    study_read_axes(study);
    read_workloads(study);
    read_seeds_and_window(study);
    check_seeds(study);
    for (unsigned i = 0; i < study->document_count; i++)
        if (study->set[i]) check_set(study, i, study->set[i], "");
    study_read_metrics(study);
    study_read_plots(study);
    if (study->document_count == 1) diag_sort(diag, before); /* line numbers of one file */
    return diag->count == before;
}

void study_free(struct study *study)
{
    study_free_plots(study);
    study_free_metrics(study);
    study_free_axes(study);
    for (unsigned i = 0; i < study->document_count; i++) {
        document_free(&study->documents[i]);
        free((char *)study->documents[i].name);
    }
    free(study->workloads);
    free(study->path);
    free(study->name);
    free(study->title);
    free(study->machine);
    free(study->window);
    *study = (struct study){0};
}
