#include "lab/study/drawn.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/files.h"
#include "lab/sha256.h"

enum { BYTES_MAX = 1 << 24 };
static const char header[] = "file,sha256\n";

struct drawing {
    char *list, *figures; /* paths */
    const char *scratch;
    struct dirent **made;
    int count;
    struct text notes, gone; /* what drawn.csv will hold; names of files to be removed, a line each */
};

static int is_file(const struct dirent *entry) { return *entry->d_name != '.'; }
static int by_bytes(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static size_t stem_bytes(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? (size_t)(dot - name) : strlen(name);
}

/* Is a file of that name, or of that name with another ending, made now? */
static bool is_made(const struct drawing *d, const char *name, bool any_ending)
{
    for (int i = 0; i < d->count; i++) {
        const char *made = d->made[i]->d_name;
        size_t bytes = any_ending ? stem_bytes(name) : strlen(name);
        if (!strncmp(made, name, bytes) && bytes == (any_ending ? stem_bytes(made) : strlen(made))) return true;
    }
    return false;
}

static bool hash_of(const char *folder, const char *name, char hash[SHA256_TEXT_BYTES])
{
    char *path = lab_printf("%s/%s", folder, name);
    bool fine = sha256_file(path, hash);
    free(path);
    return fine;
}

static bool note_made(struct drawing *d)
{
    char hash[SHA256_TEXT_BYTES];
    for (int i = 0; i < d->count; i++) {
        const char *name = d->made[i]->d_name;
        if (!hash_of(d->scratch, name, hash)) {
            fprintf(stderr, "covm: %s/%s: %s\n", d->scratch, name, strerror(errno));
            return false;
        }
        text_printf(&d->notes, "%s,%s\n", name, hash);
    }
    return true;
}

/* What was noted before is noted on, or goes; what is another file now is no longer ours. */
static void sort_earlier(struct drawing *d, bool all)
{
    char *earlier = lab_read_file(d->list, BYTES_MAX, NULL), *save = NULL, hash[SHA256_TEXT_BYTES];
    bool ours = earlier && !strncmp(earlier, header, strlen(header));
    for (char *name = ours ? strtok_r(earlier + strlen(header), "\n", &save) : NULL; name;
         name = strtok_r(NULL, "\n", &save)) {
        char *comma = strchr(name, ',');
        if (!comma || strchr(name, '/') || *name == '.') continue;
        *comma = 0;
        if (is_made(d, name, false) || !hash_of(d->figures, name, hash) || strcmp(hash, comma + 1)) continue;
        if (all && !is_made(d, name, true))
            text_printf(&d->gone, "%s\n", name);
        else
            text_printf(&d->notes, "%s,%s\n", name, hash);
    }
    free(earlier);
}

static bool move_made(const struct drawing *d)
{
    bool fine = true;
    for (int i = 0; i < d->count && fine; i++) {
        char *from = lab_printf("%s/%s", d->scratch, d->made[i]->d_name),
             *to = lab_printf("%s/%s", d->figures, d->made[i]->d_name);
        fine = rename(from, to) == 0;
        if (!fine) fprintf(stderr, "covm: %s: %s\n", to, strerror(errno));
        free(from);
        free(to);
    }
    return fine;
}

static void remove_gone(struct drawing *d)
{
    char *save = NULL;
    for (char *name = d->gone.length ? strtok_r(d->gone.data, "\n", &save) : NULL; name;
         name = strtok_r(NULL, "\n", &save)) {
        char *path = lab_printf("%s/%s", d->figures, name);
        if (unlink(path) == 0) fprintf(stderr, "covm: %s is of no plot of the study: removed\n", path);
        free(path);
    }
}

/* The notes come first: a file that is not there yet, or not any more, has another hash than they say. */
bool drawn_publish(const char *directory, const char *scratch, bool all)
{
    struct drawing d = {.list = lab_printf("%s/drawn.csv", directory),
                        .figures = lab_printf("%s/figures", directory),
                        .scratch = scratch};
    d.count = scandir(scratch, &d.made, is_file, by_bytes);
    if (d.count < 0) fprintf(stderr, "covm: %s: %s\n", scratch, strerror(errno));
    text_printf(&d.notes, header);
    bool fine = d.count >= 0 && note_made(&d);
    if (fine) sort_earlier(&d, all);
    fine = fine && files_write(d.list, &d.notes) && move_made(&d);
    if (fine) remove_gone(&d);
    for (int i = 0; i < d.count; i++) free(d.made[i]);
    free(d.made);
    free(d.list);
    free(d.figures);
    text_free(&d.notes);
    text_free(&d.gone);
    return fine;
}
