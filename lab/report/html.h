/* html.h -- pieces of a self-contained HTML page: no script, nothing fetched. */
#ifndef COVM_HTML_H
#define COVM_HTML_H

#include <stdbool.h>

#include "lab/text.h"

/* The page up to its heading; the title is plain text. html_end closes it. */
void html_begin(struct text *page, const char *title);
void html_end(struct text *page);
/* Appends characters as text or as the value of an attribute. */
void html_add(struct text *page, const char *plain);
/* The same for what printf makes. */
void html_printf(struct text *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
void html_heading(struct text *page, const char *id, const char *title);
/* A box of the verdict strip. */
void html_fact(struct text *page, const char *name, const char *value, const char *class);
/* A row of a table with a name and a value. */
void html_pair(struct text *page, const char *name, const char *value);
/* Preformatted text that opens on demand. */
void html_fold(struct text *page, const char *summary, const char *plain);
/* A file of a directory, the same way; nothing where it is not there. */
void html_fold_file(struct text *page, const char *directory, const char *name, const char *summary);
/* The figure DIRECTORY/NAME.svg as an image, with its data (.csv) and its script (.gp). False: it is not there. */
bool html_figure(struct text *page, const char *directory, const char *name, const char *caption);
/* 1234567 as "1 234 567", with thin spaces; what is no such number as it is. */
void html_grouped(struct text *page, const char *number);
/* A word as a shell reads it back, escaped for HTML. */
void html_shell_word(struct text *page, const char *word);

#endif
