/* memrchr */
#define _GNU_SOURCE
#include "lab/sums.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/files.h"
#include "lab/sha256.h"

enum { BYTES_MAX = 1 << 16 };
static const char own[] = "sums.csv", header[] = "file,bytes,sha256";

static char *place(const char *directory) { return lab_printf("%s/%s", directory, own); }

/* ---- writing ---- */

static void add_line(struct text *sums, const char *name, uint64_t bytes, const char *hash)
{
    text_printf(sums, "%s,%" PRIu64 ",%s\n", name, bytes, hash);
}

static void add_bytes(struct text *sums, const char *name, const char *bytes, size_t count)
{
    char hash[SHA256_TEXT_BYTES];
    sha256_of(bytes, count, hash);
    add_line(sums, name, count, hash);
}

static bool add_file(struct text *sums, const char *directory, const char *name)
{
    struct stat status;
    char hash[SHA256_TEXT_BYTES], *path = lab_printf("%s/%s", directory, name);
    bool fine = stat(path, &status) == 0 && sha256_file(path, hash);
    if (fine)
        add_line(sums, name, (uint64_t)status.st_size, hash);
    else
        fprintf(stderr, "covm: %s cannot be read again\n", path);
    free(path);
    return fine;
}

bool sums_write(const char *directory, const char *const *files, const struct text *run)
{
    struct text sums = {0};
    char *path = place(directory);
    bool fine = true;
    text_printf(&sums, "%s\n", header);
    add_bytes(&sums, "run.json", text_string(run), run->length);
    for (; *files; files++) fine &= add_file(&sums, directory, *files);
    add_bytes(&sums, own, text_string(&sums), sums.length);
    fine = fine && files_write(path, &sums);
    text_free(&sums);
    free(path);
    return fine;
}

/* ---- checking ---- */

bool sums_exist(const char *directory)
{
    char *path = place(directory);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

static bool is_among(const char *name, const char *const *names)
{
    while (names && *names && strcmp(*names, name)) names++;
    return !names || *names;
}

struct line {
    char name[64], hash[SHA256_TEXT_BYTES];
    uint64_t bytes;
};

static bool read_line(const char *text, struct line *line)
{
    char end;
    return sscanf(text, "%63[^,\n],%" SCNu64 ",%64[0-9a-f]%c", line->name, &line->bytes, line->hash, &end) == 4 &&
           end == '\n' && !strchr(line->name, '/');
}

static char *check_file(const char *directory, const struct line *line, const char *const *read)
{
    char hash[SHA256_TEXT_BYTES], *path = lab_printf("%s/%s", directory, line->name), *problem = NULL;
    struct stat status;
    if (stat(path, &status))
        problem = lab_printf("%s is not there", line->name);
    else if ((uint64_t)status.st_size != line->bytes)
        problem = lab_printf("%s has %" PRIu64 " bytes, not %" PRIu64, line->name, (uint64_t)status.st_size, line->bytes);
    else if (is_among(line->name, read) && (!sha256_file(path, hash) || strcmp(hash, line->hash)))
        problem = lab_printf("%s is not what was written", line->name);
    free(path);
    return problem;
}

/* Where the last line begins, if it is right about all above it; NULL: it is not. */
static const char *check_itself(const char *sums)
{
    struct line line;
    char hash[SHA256_TEXT_BYTES];
    const char *last = strlen(sums) > 1 ? memrchr(sums, '\n', strlen(sums) - 1) : NULL;
    if (!last || !read_line(last + 1, &line) || strcmp(line.name, own)) return NULL;
    sha256_of(sums, (size_t)(last + 1 - sums), hash);
    return line.bytes == (uint64_t)(last + 1 - sums) && !strcmp(line.hash, hash) ? last + 1 : NULL;
}

char *sums_check(const char *directory, const char *const *read)
{
    char *path = place(directory), *sums = lab_read_file(path, BYTES_MAX, NULL), *problem = NULL;
    const char *last = sums ? check_itself(sums) : NULL, *at = sums ? sums + strcspn(sums, "\n") + 1 : NULL;
    if (!last) problem = lab_printf(sums ? "%s is damaged" : "%s is not there", own);
    for (struct line line; !problem && at < last; at += strcspn(at, "\n") + 1)
        problem = read_line(at, &line) ? check_file(directory, &line, read) : lab_printf("%s is damaged", own);
    free(sums);
    free(path);
    return problem;
}
