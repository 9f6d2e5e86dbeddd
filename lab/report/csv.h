/* csv.h -- a table of comma-separated values (RFC 4180), as covm writes them. */
#ifndef COVM_CSV_H
#define COVM_CSV_H

#include <stdbool.h>

struct csv {
    char *text;   /* what the cells point into; owned */
    char **cells; /* rows x columns, owned; the first row has the names */
    unsigned rows, columns;
};

/* False, and an empty table: there is no such file, or its rows differ in length. */
bool csv_read(struct csv *csv, const char *path);
void csv_free(struct csv *csv);
/* A column by name; `columns`: there is none. */
unsigned csv_column(const struct csv *csv, const char *name);
/* The cell of a row (from 1) in a column, "" where there is no such column. */
const char *csv_at(const struct csv *csv, unsigned row, unsigned column);
/* The same by name: it is looked up each time. */
const char *csv_cell(const struct csv *csv, unsigned row, const char *column);

#endif
