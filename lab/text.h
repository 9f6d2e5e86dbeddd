/* text.h -- growing strings, and memory that is always there (the lab is hosted: without memory it ends with code 6).
 */
#ifndef COVM_TEXT_H
#define COVM_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *data; /* always terminated once something was added; NULL before */
    size_t length, capacity;
};

void text_add(struct text *text, const char *bytes, size_t count);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *text, const char *format, va_list arguments);
/* Appends a JSON string, quotes included. UTF-8 stays; a byte that is none, which a guest's argument may hold, counts as
 * Latin-1. */
void text_add_json(struct text *text, const char *string);
bool text_is_utf8(const char *string);
/* Appends a word as a shell reads it back. */
void text_add_shell(struct text *text, const char *word);
/* Appends a field of comma-separated values (RFC 4180), quoted where it must be. */
void text_add_csv(struct text *text, const char *field);
/* The string so far, "" where nothing was added. Belongs to `text`. */
const char *text_string(const struct text *text);
void text_free(struct text *text);

/* Zeroed memory, or the end of the program. */
void *lab_allocate(size_t bytes);
/* Grown or new memory (not zeroed), or the end of the program. */
void *lab_reallocate(void *memory, size_t bytes);
char *lab_copy(const char *string);
/* A formatted string of its own, to be freed. */
char *lab_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A descriptor of a file to read, or -1 (and errno). Nothing waits for a named pipe to be opened for writing. */
int lab_open_file(const char *path);
/* The bytes of a whole file, terminated, to be freed; NULL (and errno) if it cannot be read, has more than `limit`, or
 * is a pipe that nobody writes anything to (EPIPE).
 */
char *lab_read_file(const char *path, size_t limit, size_t *bytes);

#endif
