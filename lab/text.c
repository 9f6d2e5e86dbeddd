#include "lab/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void *checked(void *memory)
{
    if (!memory) {
        fputs("covm: out of memory\n", stderr);
        _exit(6);
    }
    return memory;
}

void *lab_allocate(size_t bytes) { return checked(calloc(1, bytes ? bytes : 1)); }
void *lab_reallocate(void *memory, size_t bytes) { return checked(realloc(memory, bytes ? bytes : 1)); }
char *lab_copy(const char *string) { return checked(strdup(string)); }

static void reserve(struct text *text, size_t more)
{
    if (text->length + more + 1 <= text->capacity) return;
    text->capacity = (text->length + more + 1) * 2;
    text->data = lab_reallocate(text->data, text->capacity);
}

void text_add(struct text *text, const char *bytes, size_t count)
{
    reserve(text, count);
    if (count) memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = 0;
}

void text_vprintf(struct text *text, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int wanted = vsnprintf(NULL, 0, format, arguments);
    if (wanted > 0) {
        reserve(text, (size_t)wanted);
        vsnprintf(text->data + text->length, (size_t)wanted + 1, format, again);
        text->length += (size_t)wanted;
    }
    va_end(again);
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(text, format, arguments);
    va_end(arguments);
}

/* The code point at `c`, if it is well-formed UTF-8 of two bytes at least (RFC 3629), and how many bytes it takes; else
 * false. */
static bool utf8_at(const unsigned char *c, unsigned *bytes, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    *bytes = *c >= 0xf0 ? 4 : *c >= 0xe0 ? 3 : 2;
    if (*c < 0xc2 || *c > 0xf4) return false;
    *code = *c & 0x7fu >> *bytes;
    for (unsigned i = 1; i < *bytes; i++) {
        if ((c[i] & 0xc0) != 0x80) return false;
        *code = *code << 6 | (c[i] & 0x3f);
    }
    return *code >= least[*bytes] && *code <= 0x10ffff && (*code < 0xd800 || *code > 0xdfff);
}

bool text_is_utf8(const char *string)
{
    unsigned bytes;
    uint32_t code;
    for (const unsigned char *c = (const unsigned char *)string; *c; c += bytes) {
        if (*c < 0x80)
            bytes = 1;
        else if (!utf8_at(c, &bytes, &code))
            return false;
    }
    return true;
}

void text_add_json(struct text *text, const char *string)
{
    enum { PRINTABLE = 0xa0 }; /* the first beyond ASCII that YAML takes as it is */
    unsigned bytes;
    uint32_t code;
    text_add(text, "\"", 1);
    for (const unsigned char *c = (const unsigned char *)string; *c; c += bytes) {
        bool beyond = *c >= 0x80 && utf8_at(c, &bytes, &code);
        if (!beyond) bytes = 1, code = *c;
        if (beyond && code >= PRINTABLE && code != 0xfffe && code != 0xffff)
            text_add(text, (const char *)c, bytes);
        else if (code == '"' || code == '\\')
            text_printf(text, "\\%c", (int)code);
        else if (code < 0x20 || code >= 0x7f)
            text_printf(text, "\\u%04x", (unsigned)code);
        else
            text_add(text, (const char *)c, 1);
    }
    text_add(text, "\"", 1);
}

void text_add_shell(struct text *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
    if (*word && !word[strspn(word, plain)]) {
        text_add(text, word, strlen(word));
        return;
    }
    text_add(text, "'", 1);
    for (; *word; word++) text_add(text, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1);
    text_add(text, "'", 1);
}

void text_add_csv(struct text *text, const char *field)
{
    if (!strpbrk(field, ",\"\n\r")) {
        text_add(text, field, strlen(field));
        return;
    }
    text_add(text, "\"", 1);
    for (; *field; field++) text_add(text, *field == '"' ? "\"\"" : field, *field == '"' ? 2 : 1);
    text_add(text, "\"", 1);
}

const char *text_string(const struct text *text) { return text->data ? text->data : ""; }

void text_free(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}

char *lab_printf(const char *format, ...)
{
    struct text text = {0};
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(&text, format, arguments);
    va_end(arguments);
    if (!text.data) text_add(&text, "", 0);
    return text.data;
}

int lab_open_file(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file >= 0) fcntl(file, F_SETFL, 0);
    return file;
}

char *lab_read_file(const char *path, size_t limit, size_t *bytes)
{
    struct stat status;
    int file = lab_open_file(path);
    if (file < 0 || fstat(file, &status) < 0) return NULL;
    if (S_ISREG(status.st_mode) && (uint64_t)status.st_size > limit) {
        close(file);
        errno = EFBIG;
        return NULL;
    }
    struct text text = {0};
    char block[65536];
    ssize_t got;
    while ((got = read(file, block, sizeof block)) > 0 && text.length <= limit) text_add(&text, block, (size_t)got);
    int error = got < 0 ? errno : text.length > limit ? EFBIG : S_ISFIFO(status.st_mode) && !text.length ? EPIPE : 0;
    close(file);
    if (error) {
        text_free(&text);
        errno = error;
        return NULL;
    }
    if (!text.data) text_add(&text, "", 0);
    if (bytes) *bytes = text.length;
    return text.data;
}
