#include "lab/workloads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "lab/fetch.h"
#include "lab/paths.h"
#include "lab/suggest.h"
#include "lab/text.h"

static const char *const size_names[WORKLOAD_SIZES] = {"test", "ref"};

/* The keys of a workload and of its sizes: of our own, and of real programs. */
static const char *const own_keys[] = {"name", "stresses", "sources", "test", "ref", NULL},
                         *const own_size_keys[] = {"args", "output", NULL}, *const real_keys[] = {"name",   "stresses",
                                                                                                  "recipe", "cpu",
                                                                                                  "test",   "ref",
                                                                                                  NULL},
                         *const real_size_keys[] = {"args", "input", "exit", "sha256", NULL};

struct reader {
    yaml_document_t document;
    const char *name;
    struct diag *diag;
};

static void complain(struct reader *r, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void complain(struct reader *r, const yaml_node_t *node, const char *format, ...)
{
    struct text message = {0};
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(&message, format, arguments);
    va_end(arguments);
    diag_error(r->diag, r->name, (unsigned)node->start_mark.line + 1, (unsigned)node->start_mark.column + 1, "%s",
               text_string(&message));
    text_free(&message);
}

static const char *scalar(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

/* The value of a key of a mapping, or NULL. */
static const yaml_node_t *find(struct reader *r, const yaml_node_t *mapping, const char *key)
{
    if (mapping->type != YAML_MAPPING_NODE) return NULL;
    for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top; p++) {
        const char *name = scalar(yaml_document_get_node(&r->document, p->key));
        if (name && !strcmp(name, key)) return yaml_document_get_node(&r->document, p->value);
    }
    return NULL;
}

/* The same; a missing one is a mistake. */
static const yaml_node_t *member(struct reader *r, const yaml_node_t *mapping, const char *key)
{
    const yaml_node_t *node = find(r, mapping, key);
    if (!node) complain(r, mapping, "'%s' is missing", key);
    return node;
}

static void check_keys(struct reader *r, const yaml_node_t *mapping, const char *const *keys)
{
    if (mapping->type != YAML_MAPPING_NODE) return;
    for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(&r->document, p->key);
        const char *name = scalar(key);
        unsigned k = 0;
        while (name && keys[k] && strcmp(keys[k], name)) k++;
        if (!name || !keys[k])
            complain(r, key, "unknown key '%s'", name ? name : "");
        else if (find(r, mapping, name) != yaml_document_get_node(&r->document, p->value))
            complain(r, key, "'%s' is there twice", name);
    }
}

/* NULL: it is missing or no word; told. */
static const yaml_node_t *read_word(struct reader *r, const yaml_node_t *mapping, const char *key, char **word)
{
    const yaml_node_t *node = member(r, mapping, key);
    if (!node) return NULL;
    if (!scalar(node)) {
        complain(r, node, "expected a word");
        return NULL;
    }
    *word = lab_copy(scalar(node));
    return node;
}

static void read_words(struct reader *r, const yaml_node_t *mapping, const char *key, char **words)
{
    const yaml_node_t *node = member(r, mapping, key);
    if (!node) return;
    if (node->type != YAML_SEQUENCE_NODE ||
        node->data.sequence.items.top - node->data.sequence.items.start > WORKLOAD_WORDS) {
        complain(r, node, "expected a list of at most %d words", WORKLOAD_WORDS);
        return;
    }
    for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++) {
        const yaml_node_t *item = yaml_document_get_node(&r->document, *i);
        if (scalar(item))
            *words++ = lab_copy(scalar(item));
        else
            complain(r, item, "expected a word");
    }
}

/* What a real program takes and gives beside its arguments. */
static void read_real_size(struct reader *r, const yaml_node_t *size, struct workload *workload, unsigned s)
{
    const yaml_node_t *hash = read_word(r, size, "sha256", &workload->size[s].sha256);
    if (hash && (strlen(scalar(hash)) != 64 || strspn(scalar(hash), "0123456789abcdef") != 64))
        complain(r, hash, "expected 64 hexadecimal digits");
    if (find(r, size, "input")) read_word(r, size, "input", &workload->size[s].input);
    const yaml_node_t *exit = find(r, size, "exit");
    if (!exit) return;
    char *end = NULL;
    unsigned long code = scalar(exit) ? strtoul(scalar(exit), &end, 10) : 0;
    if (!end || end == scalar(exit) || *end || code > 255) complain(r, exit, "expected an exit code, 0 to 255");
    workload->size[s].exit = (unsigned)code;
}

static void read_workload(struct reader *r, const yaml_node_t *node, struct workload *workload)
{
    bool real = find(r, node, "recipe");
    check_keys(r, node, real ? real_keys : own_keys);
    read_word(r, node, "name", &workload->name);
    read_word(r, node, "stresses", &workload->stresses);
    if (real) {
        read_word(r, node, "recipe", &workload->recipe);
        const yaml_node_t *cpu = read_word(r, node, "cpu", &workload->cpu);
        if (cpu && strcmp(scalar(cpu), "i686") && strcmp(scalar(cpu), "sse2"))
            complain(r, cpu, "no processor '%s': i686 or sse2", scalar(cpu));
    } else {
        read_words(r, node, "sources", workload->sources);
    }
    for (unsigned s = 0; s < WORKLOAD_SIZES; s++) {
        const yaml_node_t *size = member(r, node, size_names[s]);
        if (!size) continue;
        check_keys(r, size, real ? real_size_keys : own_size_keys);
        read_words(r, size, "args", workload->size[s].args);
        if (real)
            read_real_size(r, size, workload, s);
        else
            read_word(r, size, "output", &workload->size[s].output);
    }
}

static void read_list(struct reader *r, struct workloads *workloads)
{
    const yaml_node_t *root = yaml_document_get_root_node(&r->document);
    if (!root || root->type != YAML_SEQUENCE_NODE) {
        diag_error(r->diag, r->name, 0, 0, "expected a list of workloads");
        return;
    }
    for (yaml_node_item_t *i = root->data.sequence.items.start; i < root->data.sequence.items.top; i++) {
        const yaml_node_t *node = yaml_document_get_node(&r->document, *i);
        workloads->items = lab_reallocate(workloads->items, (workloads->count + 1) * sizeof *workloads->items);
        struct workload *workload = &workloads->items[workloads->count++];
        *workload = (struct workload){0};
        read_workload(r, node, workload);
        for (struct workload *other = workloads->items; workload->name && other < workload; other++) {
            if (other->name && !strcmp(other->name, workload->name))
                complain(r, node, "a second workload '%s'", workload->name);
        }
    }
}

void workloads_load_text(struct workloads *workloads, const char *name, const char *text, size_t length,
                         struct diag *diag)
{
    struct reader r = {.name = name, .diag = diag};
    yaml_parser_t parser;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    if (yaml_parser_load(&parser, &r.document)) {
        read_list(&r, workloads);
        yaml_document_delete(&r.document);
    } else {
        diag_error(diag, name, (unsigned)parser.problem_mark.line + 1, (unsigned)parser.problem_mark.column + 1, "%s",
                   parser.problem);
    }
    yaml_parser_delete(&parser);
}

bool workloads_load(struct workloads *workloads, const char *cache, struct diag *diag)
{
    static const char *const tables[] = {"workloads/workloads.yaml", "workloads/real.yaml"};
    *workloads = (struct workloads){.home = paths_home(), .cache = fetch_cache(cache)};
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

bool workload_size_parse(const char *written, enum workload_size *size)
{
    for (unsigned s = 0; s < WORKLOAD_SIZES; s++) {
        if (strcmp(written, size_names[s])) continue;
        *size = (enum workload_size)s;
        return true;
    }
    fprintf(stderr, "covm: no size '%s': test or ref\n", written);
    return false;
}
