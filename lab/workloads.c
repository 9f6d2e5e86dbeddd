#include "lab/workloads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <yaml.h>

#include "lab/paths.h"
#include "lab/suggest.h"
#include "lab/text.h"

static const char *const size_names[WORKLOAD_SIZES] = {"test", "ref"};

/* ---- workloads.yaml ---- */

struct reader {
    yaml_document_t document;
    const char *name;
    struct diag *diag;
};

static void complain(struct reader *r, const yaml_node_t *node, const char *message)
{
    diag_error(r->diag, r->name, (unsigned)node->start_mark.line + 1, (unsigned)node->start_mark.column + 1, "%s",
               message);
}

static const char *scalar(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

/* The value of a key of a mapping; a missing one is a mistake. */
static const yaml_node_t *member(struct reader *r, const yaml_node_t *mapping, const char *key)
{
    if (mapping->type == YAML_MAPPING_NODE) {
        for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top; p++) {
            const char *name = scalar(yaml_document_get_node(&r->document, p->key));
            if (name && !strcmp(name, key)) return yaml_document_get_node(&r->document, p->value);
        }
    }
    char *message = lab_printf("'%s' is missing", key);
    complain(r, mapping, message);
    free(message);
    return NULL;
}

static void read_word(struct reader *r, const yaml_node_t *mapping, const char *key, char **word)
{
    const yaml_node_t *node = member(r, mapping, key);
    if (!node) return;
    if (scalar(node))
        *word = lab_copy(scalar(node));
    else
        complain(r, node, "expected a word");
}

static void read_words(struct reader *r, const yaml_node_t *mapping, const char *key, char **words)
{
    const yaml_node_t *node = member(r, mapping, key);
    if (!node) return;
    if (node->type != YAML_SEQUENCE_NODE ||
        node->data.sequence.items.top - node->data.sequence.items.start > WORKLOAD_WORDS) {
        complain(r, node, "expected a short list");
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

static void read_workload(struct reader *r, const yaml_node_t *node, struct workload *workload)
{
    read_word(r, node, "name", &workload->name);
    read_word(r, node, "stresses", &workload->stresses);
    read_words(r, node, "sources", workload->sources);
    for (unsigned s = 0; s < WORKLOAD_SIZES; s++) {
        const yaml_node_t *size = member(r, node, size_names[s]);
        if (!size) continue;
        read_words(r, size, "args", workload->size[s].args);
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
        workloads->items = lab_reallocate(workloads->items, (workloads->count + 1) * sizeof *workloads->items);
        struct workload *workload = &workloads->items[workloads->count++];
        *workload = (struct workload){0};
        read_workload(r, yaml_document_get_node(&r->document, *i), workload);
    }
}

bool workloads_load(struct workloads *workloads, struct diag *diag)
{
    *workloads = (struct workloads){.home = paths_home()};
    unsigned before = diag->count;
    char *path = paths_in_home("workloads/workloads.yaml", diag);
    size_t length;
    char *bytes = path ? lab_read_file(path, 1 << 20, &length) : NULL;
    if (path && !bytes) diag_error(diag, path, 0, 0, "%s", strerror(errno));
    if (bytes) {
        struct reader r = {.name = path, .diag = diag};
        yaml_parser_t parser;
        yaml_parser_initialize(&parser);
        yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
        if (yaml_parser_load(&parser, &r.document)) {
            read_list(&r, workloads);
            yaml_document_delete(&r.document);
        } else {
            diag_error(diag, path, (unsigned)parser.problem_mark.line + 1, (unsigned)parser.problem_mark.column + 1,
                       "%s", parser.problem);
        }
        yaml_parser_delete(&parser);
    }
    free(bytes);
    free(path);
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
        free_words(w->sources);
        for (unsigned s = 0; s < WORKLOAD_SIZES; s++) {
            free_words(w->size[s].args);
            free(w->size[s].output);
        }
    }
    free(workloads->items);
    free(workloads->home);
    *workloads = (struct workloads){0};
}

const struct workload *workloads_find(const struct workloads *workloads, const char *name)
{
    struct suggest suggest;
    struct text hint = {0};
    suggest_begin(&suggest, name);
    for (unsigned i = 0; i < workloads->count; i++) {
        const char *known = workloads->items[i].name;
        if (!strcmp(known, name)) return &workloads->items[i];
        suggest_offer(&suggest, known, strlen(known), 0);
    }
    suggest_print(&suggest, &hint);
    fprintf(stderr, "covm: no workload '%s'%s\n", name, text_string(&hint));
    text_free(&hint);
    return NULL;
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

/* ---- building ---- */

char *workload_path(const struct workloads *workloads, const struct workload *workload)
{
    return lab_printf("%s/build/workloads/%s", workloads->home, workload->name);
}

static bool newer(const char *path, const struct stat *than)
{
    struct stat status;
    if (stat(path, &status)) return true;
    return status.st_mtim.tv_sec > than->st_mtim.tv_sec ||
           (status.st_mtim.tv_sec == than->st_mtim.tv_sec && status.st_mtim.tv_nsec > than->st_mtim.tv_nsec);
}

static bool up_to_date(const struct workloads *workloads, const struct workload *workload, const char *program)
{
    struct stat status;
    if (stat(program, &status)) return false;
    static const char *const shared[] = {"workload.h", "workloads.yaml"};
    for (unsigned i = 0; i < WORKLOAD_WORDS + LENGTH(shared); i++) {
        const char *name = i < LENGTH(shared) ? shared[i] : workload->sources[i - LENGTH(shared)];
        if (!name) break;
        char *source = lab_printf("%s/workloads/%s", workloads->home, name);
        bool changed = newer(source, &status);
        free(source);
        if (changed) return false;
    }
    return true;
}

static bool compile(char *const *command)
{
    pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command);
        fprintf(stderr, "covm: %s: %s\n", command[0], strerror(errno));
        _exit(127);
    }
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool workload_build(const struct workloads *workloads, const struct workload *workload)
{
    char *program = workload_path(workloads, workload);
    bool fine = up_to_date(workloads, workload, program);
    if (!fine) {
        char *directories[2] = {lab_printf("%s/build", workloads->home),
                                lab_printf("%s/build/workloads", workloads->home)};
        /* written beside and renamed, so that nobody who builds at the same time runs half a program */
        char *unfinished = lab_printf("%s.%d", program, (int)getpid());
        char *command[8 + WORKLOAD_WORDS + 1] = {"gcc", "-m32", "-static", "-O2", "-march=i686", "-o", unfinished};
        unsigned words = 7;
        for (unsigned i = 0; workload->sources[i]; i++)
            command[words++] = lab_printf("%s/workloads/%s", workloads->home, workload->sources[i]);
        for (unsigned i = 0; i < LENGTH(directories); i++) {
            mkdir(directories[i], 0777);
            free(directories[i]);
        }
        fine = compile(command) && rename(unfinished, program) == 0;
        if (!fine) fprintf(stderr, "covm: workload %s was not built (it needs gcc and gcc-multilib)\n", workload->name);
        while (words > 7) free(command[--words]);
        free(unfinished);
    }
    free(program);
    return fine;
}
