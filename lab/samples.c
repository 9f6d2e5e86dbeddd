#include "lab/samples.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lab/text.h"

enum { BYTES_MAX = 64 << 20, FIELDS = 5 };

/* Cuts a line run,window,name,unit,value in place. */
static bool split(char *line, struct sample *sample)
{
    char *field[FIELDS];
    for (unsigned i = 0; i < FIELDS; i++) {
        field[i] = line;
        line = line ? strchr(line, ',') : NULL;
        if (!line != (i == FIELDS - 1)) return false;
        if (line) *line++ = 0;
    }
    *sample = (struct sample){field[1], field[2], field[3], field[4]};
    return true;
}

static void add(struct samples *samples, struct sample sample)
{
    if ((samples->count & (samples->count - 1)) == 0)
        samples->items = lab_reallocate(samples->items, (samples->count * 2 + 1) * sizeof sample);
    samples->items[samples->count++] = sample;
}

bool samples_read(struct samples *samples, const char *path)
{
    struct stat status;
    bool directory = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    char *file = directory ? lab_printf("%s/stats.csv", path) : lab_copy(path), *save = NULL;
    *samples = (struct samples){.text = lab_read_file(file, BYTES_MAX, NULL)};
    bool fine = samples->text;
    if (!fine) fprintf(stderr, "%s: error: %s\n", file, strerror(errno));
    unsigned number = 1;
    for (char *at = fine ? strtok_r(samples->text, "\n", &save) : NULL; at && fine;
         at = strtok_r(NULL, "\n", &save), number++) {
        struct sample sample;
        fine = split(at, &sample);
        if (!fine)
            fprintf(stderr, "%s:%u: error: not a line of run,window,name,unit,value\n", file, number);
        else if (number > 1)
            add(samples, sample);
    }
    free(file);
    return fine;
}

void samples_free(struct samples *samples)
{
    free(samples->text);
    free(samples->items);
    *samples = (struct samples){0};
}

const struct sample *samples_find(const struct samples *samples, const char *window, const char *name)
{
    for (unsigned i = 0; i < samples->count; i++)
        if (!strcmp(samples->items[i].name, name) && !strcmp(samples->items[i].window, window))
            return &samples->items[i];
    return NULL;
}
