#include "lab/workloads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/document.h"
#include "lab/fetch.h"
#include "lab/paths.h"
#include "lab/suggest.h"
#include "lab/text.h"
#include "lab/version.h"

static const char *const size_names[WORKLOAD_SIZES] = {"test", "ref"};

/* The keys of a workload and of its sizes: of our own, and of real programs. */
static const char *const own_keys[] = {"name", "stresses", "sources", "test", "ref", NULL},
                         *const own_size_keys[] = {"args", "output", NULL}, *const real_keys[] = {"name",   "stresses",
                                                                                                  "recipe", "cpu",
                                                                                                  "test",   "ref",
                                                                                                  NULL},
                         *const real_size_keys[] = {"args", "input", "exit", "sha256", NULL};

/* The value of a key; a missing one is a mistake. */
static const struct node *member(const struct document *d, const struct node *mapping, const char *key)
{
    const struct node *node = node_find(mapping, key);
    if (!node) document_complain(d, mapping, "'%s' is missing", key);
    return node;
}

/* NULL: it is missing or no word; told. */
static const struct node *read_word(const struct document *d, const struct node *mapping, const char *key, char **word)
{
    const struct node *node = member(d, mapping, key);
    if (!node) return NULL;
    if (!node->text) {
        document_complain(d, node, "expected a word");
        return NULL;
    }
    *word = lab_copy(node->text);
    return node;
}

static void read_words(const struct document *d, const struct node *mapping, const char *key, char **words)
{
    const struct node *node = member(d, mapping, key);
    if (!node) return;
    if (node->kind != NODE_LIST || node->count > WORKLOAD_WORDS) {
        document_complain(d, node, "expected a list of at most %d words", WORKLOAD_WORDS);
        return;
    }
    for (unsigned i = 0; i < node->count; i++) {
        const struct node *item = &node->items[i];
        if (item->text)
            *words++ = lab_copy(item->text);
        else
            document_complain(d, item, "expected a word");
    }
}

/* What a real program takes and gives beside its arguments. */
static void read_real_size(const struct document *d, const struct node *size, struct workload *workload, unsigned s)
{
    const struct node *hash = read_word(d, size, "sha256", &workload->size[s].sha256);
    if (hash && (strlen(hash->text) != 64 || strspn(hash->text, "0123456789abcdef") != 64))
        document_complain(d, hash, "expected 64 hexadecimal digits");
    if (node_find(size, "input")) read_word(d, size, "input", &workload->size[s].input);
    const struct node *exit = node_find(size, "exit");
    if (!exit) return;
    char *end = NULL;
    unsigned long code = exit->text ? strtoul(exit->text, &end, 10) : 0;
    if (!end || end == exit->text || *end || code > 255) document_complain(d, exit, "expected an exit code, 0 to 255");
    workload->size[s].exit = (unsigned)code;
}

static void read_workload(const struct document *d, const struct node *node, struct workload *workload)
{
    bool real = node_find(node, "recipe");
    document_check_keys(d, node, real ? real_keys : own_keys);
    read_word(d, node, "name", &workload->name);
    read_word(d, node, "stresses", &workload->stresses);
    if (real) {
        read_word(d, node, "recipe", &workload->recipe);
        const struct node *cpu = read_word(d, node, "cpu", &workload->cpu);
        if (cpu && strcmp(cpu->text, "i686") && strcmp(cpu->text, "sse2"))
            document_complain(d, cpu, "no processor '%s': i686 or sse2", cpu->text);
    } else {
        read_words(d, node, "sources", workload->sources);
    }
    for (unsigned s = 0; s < WORKLOAD_SIZES; s++) {
        const struct node *size = member(d, node, size_names[s]);
        if (!size) continue;
        document_check_keys(d, size, real ? real_size_keys : own_size_keys);
        read_words(d, size, "args", workload->size[s].args);
        if (real)
            read_real_size(d, size, workload, s);
        else
            read_word(d, size, "output", &workload->size[s].output);
    }
}

static void read_list(const struct document *d, struct workloads *workloads)
{
    for (unsigned i = 0; i < d->root->count; i++) {
        const struct node *node = &d->root->items[i];
        workloads->items = lab_reallocate(workloads->items, (workloads->count + 1) * sizeof *workloads->items);
        struct workload *workload = &workloads->items[workloads->count++];
        *workload = (struct workload){0};
        read_workload(d, node, workload);
        for (struct workload *other = workloads->items; workload->name && other < workload; other++) {
            if (other->name && !strcmp(other->name, workload->name))
                document_complain(d, node, "a second workload '%s'", workload->name);
        }
    }
}

void workloads_load_text(struct workloads *workloads, const char *name, const char *text, size_t length,
                         struct diag *diag)
{
    struct document document;
    if (!document_read(&document, name, text, length, diag)) return;
    if (document.root && document.root->kind == NODE_LIST)
        read_list(&document, workloads);
    else
        diag_error(diag, name, 0, 0, "expected a list of workloads");
    document_free(&document);
}

bool workloads_load(struct workloads *workloads, const char *cache, struct diag *diag)
{
    static const char *const tables[] = {"workloads/workloads.yaml", "workloads/real.yaml"};
    *workloads = (struct workloads){.home = paths_home(), .cache = fetch_cache(cache)};
    workloads->built = workloads->home && paths_writable(workloads->home)
                           ? lab_printf("%s/build/workloads", workloads->home)
                           : lab_printf("%s/workloads-" COVM_VERSION, workloads->cache);
    unsigned before = diag->count;
    for (unsigned i = 0; i < LENGTH(tables); i++) {
        char *path = paths_in_home(tables[i], diag);
        size_t length;
        char *bytes = path ? lab_read_file(path, 1 << 20, &length) : NULL;
        if (path && !bytes) diag_error(diag, path, 0, 0, "%s", strerror(errno));
        if (bytes) workloads_load_text(workloads, path, bytes, length, diag);
        free(bytes);
        free(path);
        if (!workloads->home) break; /* told once */
    }
    return diag->count == before;
}

static void free_words(char **words)
{
    for (unsigned i = 0; words[i]; i++) free(words[i]);
}

void workloads_free(struct workloads *workloads)
{
    for (unsigned i = 0; i < workloads->count; i++) {
        struct workload *w = &workloads->items[i];
        free(w->name);
        free(w->stresses);
        free(w->recipe);
        free(w->cpu);
        free_words(w->sources);
        for (unsigned s = 0; s < WORKLOAD_SIZES; s++) {
            free_words(w->size[s].args);
            free(w->size[s].output);
            free(w->size[s].sha256);
            free(w->size[s].input);
        }
    }
    free(workloads->items);
    free(workloads->home);
    free(workloads->cache);
    free(workloads->built);
    *workloads = (struct workloads){0};
}

const struct workload *workloads_find(const struct workloads *workloads, const char *name)
{
    struct suggest suggest;
    struct text hint = {0};
    suggest_begin(&suggest, name);
    for (unsigned i = 0; i < workloads->count; i++) {
        const char *known = workloads->items[i].name, *recipe = workloads->items[i].recipe;
        if (!strcmp(known, name)) return &workloads->items[i];
        suggest_offer(&suggest, known, strlen(known), 0);
        if (recipe && (!i || !workloads->items[i - 1].recipe || strcmp(recipe, workloads->items[i - 1].recipe)))
            suggest_offer(&suggest, recipe, strlen(recipe), 0);
    }
    suggest_print(&suggest, &hint);
    fprintf(stderr, "covm: no workload '%s'%s\n", name, text_string(&hint));
    text_free(&hint);
    return NULL;
}

/* Without names. */
static unsigned choose_all(const struct workloads *workloads, enum workloads_kind kind, const struct workload **chosen)
{
    unsigned count = 0, absent = 0;
    for (unsigned i = 0; i < workloads->count; i++) {
        const struct workload *workload = &workloads->items[i];
        if (!workload->recipe ? kind == WORKLOADS_REAL : kind == WORKLOADS_OWN) continue;
        char *package = workload->recipe && kind == WORKLOADS_READY ? fetch_package(workloads, workload) : NULL;
        if (workload->recipe && kind == WORKLOADS_READY && !package)
            absent++;
        else
            chosen[count++] = workload;
        free(package);
    }
    if (absent) {
        fprintf(stderr,
                "covm: %u real programs are not fetched: 'covm workloads' lists them, 'covm workloads fetch all' "
                "fetches them\n",
                absent);
    }
    return count;
}

const struct workload **workloads_choose(const struct workloads *workloads, int count, char **names,
                                         enum workloads_kind kind, unsigned *chosen)
{
    const struct workload **list = lab_allocate((workloads->count + 1) * ((size_t)count + 1) * sizeof *list);
    *chosen = count ? 0 : choose_all(workloads, kind, list);
    for (int n = 0; n < count; n++) {
        unsigned before = *chosen;
        for (unsigned i = 0; i < workloads->count; i++) {
            const struct workload *workload = &workloads->items[i];
            if (!strcmp(workload->name, names[n]) || (workload->recipe && !strcmp(workload->recipe, names[n])))
                list[(*chosen)++] = workload;
        }
        if (*chosen > before) continue;
        workloads_find(workloads, names[n]); /* tells what is known */
        free(list);
        return NULL;
    }
    return list;
}

bool workload_size_named(const char *written, enum workload_size *size)
{
    for (unsigned s = 0; s < WORKLOAD_SIZES; s++) {
        if (strcmp(written, size_names[s])) continue;
        *size = (enum workload_size)s;
        return true;
    }
    return false;
}

bool workload_size_parse(const char *written, enum workload_size *size)
{
    if (workload_size_named(written, size)) return true;
    fprintf(stderr, "covm: no size '%s': test or ref\n", written);
    return false;
}

const char *workload_size_name(enum workload_size size) { return size_names[size]; }
