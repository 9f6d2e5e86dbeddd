#include "lab/paths.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/suggest.h"

char *paths_program(void)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    return lab_copy(path);
}

#ifndef COVM_TREE
#define COVM_TREE "" /* built by other means than CMakeLists.txt */
#endif

static bool holds_tree(const char *directory)
{
    char *machines = lab_printf("%s/configs/machines", directory);
    bool there = access(machines, R_OK | X_OK) == 0;
    free(machines);
    return there;
}

char *paths_home(void)
{
    char *path = paths_program();
    for (char *slash; path && (slash = strrchr(path, '/')) && slash != path;) {
        *slash = 0;
        if (holds_tree(path)) return path;
        char *shared = lab_printf("%s/share/covm", path); /* an installed tree: bin/covm, share/covm/configs */
        bool there = holds_tree(shared);
        if (there) {
            free(path);
            return shared;
        }
        free(shared);
    }
    free(path);
    return holds_tree(COVM_TREE) ? lab_copy(COVM_TREE) : NULL;
}

char *paths_in_home(const char *relative, struct diag *diag)
{
    char *home = paths_home();
    if (!home) {
        diag_error(diag, "covm", 0, 0, "cannot find the tree that holds configs/ (looked above the program)");
        return NULL;
    }
    char *path = lab_printf("%s/%s", home, relative);
    free(home);
    return path;
}

bool paths_writable(const char *home)
{
    char *sources = lab_printf("%s/CMakeLists.txt", home);
    bool writable = access(sources, F_OK) == 0 && access(home, W_OK) == 0;
    free(sources);
    return writable;
}

/* ---- the presets ---- */

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static int is_preset(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 5 && !strcmp(entry->d_name + length - 5, ".yaml");
}

char **paths_machines(void)
{
    char *home = paths_home(), *directory = lab_printf("%s/configs/machines", home ? home : "");
    struct dirent **entries = NULL;
    int count = home ? scandir(directory, &entries, is_preset, by_name) : 0;
    char **names = lab_allocate((size_t)(count > 0 ? count + 1 : 1) * sizeof *names);
    for (int i = 0; i < count; i++) {
        names[i] = lab_printf("%.*s", (int)strlen(entries[i]->d_name) - 5, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    free(directory);
    free(home);
    return names;
}

char *paths_machine(const char *name, struct diag *diag)
{
    char *directory = paths_in_home("configs/machines", diag);
    if (!directory) return NULL;
    char *path = lab_printf("%s/%s.yaml", directory, name);
    free(directory);
    if (!strchr(name, '/') && access(path, F_OK) == 0) return path;
    free(path);
    struct suggest suggest;
    suggest_begin(&suggest, name);
    struct text known = {0}, message = {0};
    char **names = paths_machines();
    for (char **machine = names; *machine; machine++) {
        text_printf(&known, "%s%s", known.length ? ", " : "", *machine);
        suggest_offer(&suggest, *machine, strlen(*machine), 0);
        free(*machine);
    }
    free(names);
    suggest_print(&suggest, &message);
    diag_error(diag, "--machine", 0, 0, "no machine '%s' among %s%s", name, text_string(&known), text_string(&message));
    text_free(&known);
    text_free(&message);
    return NULL;
}
