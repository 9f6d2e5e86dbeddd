#include "lab/fetch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/child.h"
#include "lab/sha256.h"
#include "lab/text.h"

char *fetch_cache(const char *wanted)
{
    const char *named = wanted ? wanted : getenv("COVM_CACHE"), *caches = getenv("XDG_CACHE_HOME"),
               *home = getenv("HOME");
    if (!named || !*named)
        return caches && *caches ? lab_printf("%s/covm", caches) : lab_printf("%s/.cache/covm", home ? home : "");
    if (*named == '/') return lab_copy(named);
    char *here = getcwd(NULL, 0), *path = lab_printf("%s/%s", here ? here : "", named);
    free(here);
    return path;
}

/* The rest of the line of a record that starts with this word, to be freed, or NULL. */
static char *recorded(const char *record, const char *word)
{
    size_t length = strlen(word);
    for (const char *line = record; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (!strncmp(line, word, length) && line[length] == ' ')
            return lab_printf("%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
    }
    return NULL;
}

/* Of NAME.sh and, where there is one, NAME.c, one after the other. */
static void hash_recipe(const struct workloads *workloads, const char *recipe, char text[SHA256_TEXT_BYTES])
{
    struct sha256 sha;
    sha256_begin(&sha);
    for (unsigned i = 0; i < 2; i++) {
        char *path = lab_printf("%s/workloads/recipes/%s.%s", workloads->home, recipe, i ? "c" : "sh");
        size_t length;
        char *bytes = lab_read_file(path, 1 << 20, &length);
        if (bytes) sha256_add(&sha, bytes, length);
        free(bytes);
        free(path);
    }
    sha256_end(&sha, text);
}

char *fetch_package(const struct workloads *workloads, const struct workload *workload)
{
    char *path = lab_printf("%s/programs/%s.%s/record", workloads->cache, workload->recipe, workload->cpu);
    size_t length;
    char *record = lab_read_file(path, 1 << 16, &length), *package = NULL, now[SHA256_TEXT_BYTES];
    if (record) {
        char *then = recorded(record, "recipe");
        hash_recipe(workloads, workload->recipe, now);
        if (then && !strcmp(then, now)) package = recorded(record, "package");
        free(then);
    }
    free(record);
    free(path);
    return package;
}

bool fetch_programs(const struct workloads *workloads, const struct workload *const *chosen, unsigned count)
{
    char **command = lab_allocate((count + 4) * sizeof *command);
    unsigned words = 0;
    command[words++] = lab_copy("sh");
    command[words++] = lab_printf("%s/workloads/fetch.sh", workloads->home);
    command[words++] = lab_copy(workloads->cache);
    unsigned first = words;
    for (unsigned i = 0; i < count; i++) {
        if (!chosen[i]->recipe) continue;
        char *word = lab_printf("%s.%s", chosen[i]->recipe, chosen[i]->cpu), *package;
        bool there = (package = fetch_package(workloads, chosen[i]));
        for (unsigned w = first; w < words; w++) there |= !strcmp(command[w], word);
        if (there)
            free(word);
        else
            command[words++] = word;
        free(package);
    }
    bool fine = words == first || child_succeeds(command);
    while (words) free(command[--words]);
    free(command);
    return fine;
}

char *fetch_inputs(const struct workloads *workloads)
{
    return lab_printf("%s/inputs", workloads->built);
}

bool fetch_make_inputs(const struct workloads *workloads)
{
    char *script = lab_printf("%s/workloads/inputs/make.sh", workloads->home), *inputs = fetch_inputs(workloads);
    char *command[] = {"sh", script, inputs, NULL};
    bool fine = child_succeeds(command);
    free(inputs);
    free(script);
    return fine;
}
