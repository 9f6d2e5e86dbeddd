#include "lab/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zstd.h>

#include "lab/files.h"
#include "lab/paths.h"
#include "lab/sha256.h"
#include "lab/version.h"

enum { FORMAT = 2, BLOCK_BYTES = 1 << 17, STRING_MAX = 1 << 26 };
static const char magic[16] = "covm snapshot\n";

/* All of it is text or a number of 64 bits, and stays where it is in later formats. */
struct header {
    char magic[16];
    uint64_t format;
    uint64_t bytes;                       /* behind the header */
    char version[24];                     /* of covm */
    char builder[SHA256_TEXT_BYTES + 7];  /* hash of the covm that wrote it */
    char checksum[SHA256_TEXT_BYTES + 7]; /* of the header with zeroes here, and all that follows */
};

struct snapshot_file {
    struct snapshot stream;
    struct header header;
    char *path, *temporary; /* writing: the name until it is complete */
    FILE *file;
    struct sha256 sha;
    ZSTD_CStream *packer;
    ZSTD_DStream *unpacker;
    ZSTD_inBuffer in; /* unpacking: what is left of the block */
    uint8_t block[BLOCK_BYTES];
};

struct snapshot *snapshot_stream(struct snapshot_file *file) { return &file->stream; }

static void complain(const char *path, const char *problem) { fprintf(stderr, "covm: %s: %s\n", path, problem); }

static void end(struct snapshot_file *file)
{
    if (file->file) fclose(file->file);
    ZSTD_freeCStream(file->packer);
    ZSTD_freeDStream(file->unpacker);
    free(file->path);
    free(file->temporary);
    free(file);
}

static void set_header(struct header *header)
{
    char *program = paths_program();
    *header = (struct header){.format = FORMAT};
    memcpy(header->magic, magic, sizeof magic);
    snprintf(header->version, sizeof header->version, "%s", COVM_VERSION);
    if (program) sha256_file(program, header->builder);
    free(program);
}

/* ---- what was run ---- */

static char *string(struct snapshot *to, char *string)
{
    uint32_t length = snapshot_count(to, string && !to->loading ? (uint32_t)strlen(string) : 0, STRING_MAX);
    if (to->loading) string = lab_allocate(length + 1);
    snapshot_bytes(to, string, length);
    return string;
}

static char **strings(struct snapshot *to, char **list)
{
    uint32_t count = 0;
    while (list && list[count]) count++;
    count = snapshot_count(to, count, STRING_MAX);
    if (to->loading) list = lab_allocate((count + 1) * sizeof *list);
    for (uint32_t i = 0; i < count; i++) list[i] = string(to, list[i]);
    return list;
}

static void origin_snapshot(struct snapshot *to, struct snapshot_origin *origin)
{
    snapshot_section(to, "origin");
    origin->config = string(to, origin->config);
    origin->program = string(to, origin->program);
    origin->root = string(to, origin->root);
    origin->program_hash = string(to, origin->program_hash);
    origin->argv = strings(to, origin->argv);
    origin->env = strings(to, origin->env);
    origin->write = snapshot_bool(to, origin->write);
    SNAPSHOT(to, origin->insns);
}

static void free_strings(char **list)
{
    for (char **item = list; item && *item; item++) free(*item);
    free(list);
}

void snapshot_origin_free(struct snapshot_origin *origin)
{
    free(origin->config);
    free(origin->program);
    free(origin->root);
    free(origin->program_hash);
    free_strings(origin->argv);
    free_strings(origin->env);
    *origin = (struct snapshot_origin){0};
}

/* ---- writing ---- */

static void put(struct snapshot_file *file, const void *bytes, size_t count)
{
    sha256_add(&file->sha, bytes, count);
    file->header.bytes += count;
    if (fwrite(bytes, 1, count, file->file) != count) snapshot_fail(&file->stream, strerror(errno));
}

static void pack(struct snapshot_file *file, ZSTD_inBuffer in, ZSTD_EndDirective how)
{
    size_t left;
    do {
        ZSTD_outBuffer out = {file->block, sizeof file->block, 0};
        left = ZSTD_compressStream2(file->packer, &out, &in, how);
        if (ZSTD_isError(left)) {
            snapshot_fail(&file->stream, ZSTD_getErrorName(left));
            return;
        }
        put(file, file->block, out.pos);
    } while (in.pos < in.size || (how == ZSTD_e_end && left));
}

static void move_out(struct snapshot *stream, void *bytes, size_t count)
{
    pack(stream->cookie, (ZSTD_inBuffer){bytes, count, 0}, ZSTD_e_continue);
}

struct snapshot_file *snapshot_write_begin(const char *path, struct snapshot_origin *origin)
{
    if (!files_may_replace(path)) return NULL;
    struct snapshot_file *file = lab_allocate(sizeof *file);
    file->path = lab_copy(path);
    file->temporary = lab_printf("%s.new", path);
    file->file = fopen(file->temporary, "we");
    file->packer = ZSTD_createCStream();
    file->stream = (struct snapshot){.cookie = file, .move = move_out};
    set_header(&file->header);
    if (!file->file || !file->packer || fwrite(&file->header, sizeof file->header, 1, file->file) != 1) {
        complain(file->temporary, strerror(errno));
        if (file->file) unlink(file->temporary);
        end(file);
        return NULL;
    }
    sha256_begin(&file->sha);
    origin_snapshot(&file->stream, origin);
    return file;
}

/* Over what follows first, as the header is known last. */
static void sum(struct sha256 *sha, const struct header *header, char text[SHA256_TEXT_BYTES])
{
    struct header clear = *header;
    memset(clear.checksum, 0, sizeof clear.checksum);
    sha256_add(sha, &clear, sizeof clear);
    sha256_end(sha, text);
}

bool snapshot_write_end(struct snapshot_file *file)
{
    snapshot_section(&file->stream, "end");
    if (!file->stream.failed) pack(file, (ZSTD_inBuffer){NULL, 0, 0}, ZSTD_e_end);
    sum(&file->sha, &file->header, file->header.checksum);
    bool written = !file->stream.failed && fseek(file->file, 0, SEEK_SET) == 0 &&
                   fwrite(&file->header, sizeof file->header, 1, file->file) == 1 && fflush(file->file) == 0 &&
                   rename(file->temporary, file->path) == 0;
    if (file->stream.failed)
        fprintf(stderr, "covm: no snapshot was taken: %s\n", file->stream.reason);
    else if (!written)
        complain(file->path, strerror(errno));
    if (!written) unlink(file->temporary);
    end(file);
    return written;
}

/* ---- reading ---- */

/* True: unpacking has a block to go on with. */
static bool refill(struct snapshot_file *file)
{
    if (file->in.pos < file->in.size) return true;
    file->in = (ZSTD_inBuffer){file->block, fread(file->block, 1, sizeof file->block, file->file), 0};
    return file->in.size;
}

static void move_in(struct snapshot *stream, void *bytes, size_t count)
{
    struct snapshot_file *file = stream->cookie;
    ZSTD_outBuffer out = {bytes, count, 0};
    while (out.pos < out.size) {
        size_t before = out.pos;
        bool more = refill(file);
        size_t left = ZSTD_decompressStream(file->unpacker, &out, &file->in);
        if (ZSTD_isError(left) || (!more && out.pos == before)) {
            snapshot_fail(stream, "it is damaged");
            return;
        }
    }
}

/* NULL: it is what it should be. */
static const char *verify(struct snapshot_file *file)
{
    struct header own;
    char checksum[SHA256_TEXT_BYTES];
    uint64_t bytes = 0;
    if (fread(&file->header, sizeof file->header, 1, file->file) != 1 ||
        memcmp(file->header.magic, magic, sizeof magic) != 0)
        return "not a snapshot of covm's, or cut short";
    if (file->header.format != FORMAT) return "a snapshot of another format than this covm reads, or damaged";
    sha256_begin(&file->sha);
    for (size_t got; (got = fread(file->block, 1, sizeof file->block, file->file)) > 0; bytes += got)
        sha256_add(&file->sha, file->block, got);
    if (bytes < file->header.bytes) return "the snapshot is cut short";
    sum(&file->sha, &file->header, checksum);
    if (bytes != file->header.bytes || memcmp(checksum, file->header.checksum, sizeof checksum) != 0)
        return "the snapshot is damaged (its checksum is another)";
    set_header(&own);
    if (memcmp(own.version, file->header.version, sizeof own.version) != 0 ||
        memcmp(own.builder, file->header.builder, sizeof own.builder) != 0)
        return "the snapshot was written by another version or build of covm; only the one that wrote it can go on "
               "with it";
    return fseek(file->file, sizeof file->header, SEEK_SET) == 0 ? NULL : strerror(errno);
}

struct snapshot_file *snapshot_read_begin(const char *path, struct snapshot_origin *origin)
{
    struct snapshot_file *file = lab_allocate(sizeof *file);
    file->path = lab_copy(path);
    int descriptor = lab_open_file(path);
    file->file = descriptor < 0 ? NULL : fdopen(descriptor, "r");
    file->unpacker = ZSTD_createDStream();
    file->stream = (struct snapshot){.loading = true, .cookie = file, .move = move_in};
    const char *problem = file->file && file->unpacker ? verify(file) : strerror(errno);
    if (!problem) origin_snapshot(&file->stream, origin);
    if (!problem && file->stream.failed) problem = file->stream.reason;
    if (!problem) return file;
    complain(path, problem);
    end(file);
    return NULL;
}

void snapshot_read_drop(struct snapshot_file *file) { end(file); }

bool snapshot_read_end(struct snapshot_file *file)
{
    snapshot_section(&file->stream, "end");
    bool fine = !file->stream.failed;
    if (!fine) complain(file->path, file->stream.reason);
    end(file);
    return fine;
}

/* ---- the configuration ---- */

/* They change what is recorded from here on, not what the machine has done so far. (How a region of interest begins may
 * only differ where none has begun: lab/run.c.) Not lab.timeline.insns: the snapshot has the rows up to it, and a record
 * of the whole run would have others than a run from the start, which 'covm verify' compares it with. */
static const char *const may_differ[] = {"lab.window.warmup_insns", "lab.window.roi_insns", "lab.window.caches",
                                         "lab.window.predictors", "lab.window.translations"};

static bool differs(const struct config *a, const struct config *b, unsigned row, struct text *how)
{
    struct text here = {0}, there = {0};
    config_print_value(a, row, &here);
    config_print_value(b, row, &there);
    bool different = strcmp(text_string(&here), text_string(&there)) != 0;
    for (unsigned i = 0; i < LENGTH(may_differ); i++) different &= strcmp(params_row(row).path, may_differ[i]) != 0;
    if (different) text_printf(how, "is %s here and %s in the snapshot", text_string(&here), text_string(&there));
    text_free(&here);
    text_free(&there);
    return different;
}

static void compare(const struct config *config, const struct config *saved, const char *path, struct diag *diag)
{
    for (unsigned i = 0; i < params_count(); i++) {
        struct text how = {0};
        if (differs(config, saved, i, &how))
            diag_error(diag, path, 0, 0, "%s %s; only lab.window.* may differ", params_row(i).path, text_string(&how));
        text_free(&how);
    }
}

bool snapshot_config(struct config *config, const struct config_args *args, const struct snapshot_origin *origin,
                     const char *path)
{
    struct diag diag = {0};
    struct config saved;
    bool whole = args->machine || args->file_count;
    config_init(&saved);
    config_load_text(&saved, path, origin->config, strlen(origin->config), &diag);
    if (whole && !config_build(config, args)) {
        config_free(&saved);
        diag_free(&diag);
        return false;
    }
    if (!whole) {
        config_init(config);
        config_load_text(config, path, origin->config, strlen(origin->config), &diag);
        for (unsigned i = 0; i < args->set_count; i++) config_set(config, args->sets[i], &diag);
    }
    if (!diag.count) compare(config, &saved, path, &diag);
    bool fine = !diag.count;
    diag_print(&diag, stderr);
    diag_free(&diag);
    config_free(&saved);
    if (!fine) config_free(config);
    return fine;
}
