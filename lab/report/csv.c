#include "lab/report/csv.h"

#include <string.h>
#include <stdlib.h>

#include "lab/text.h"

enum { BYTES_MAX = 1 << 30 };

/* Ends a field in place, quotes taken off; *at goes behind it and what ends it, which is returned. */
static char take_field(char **at, char **field)
{
    char *from = *at, *to = from;
    *field = to;
    if (*from == '"') {
        for (from++; *from && (*from != '"' || from[1] == '"'); from++) {
            if (*from == '"') from++;
            *to++ = *from;
        }
        if (*from) from++;
    } else {
        while (*from && *from != ',' && *from != '\n') *to++ = *from++;
    }
    char end = *from;
    *at = from + (end != 0);
    *to = 0;
    return end;
}

bool csv_read(struct csv *csv, const char *path)
{
    *csv = (struct csv){.text = lab_read_file(path, BYTES_MAX, NULL)};
    unsigned count = 0, in_row = 0;
    bool even = csv->text;
    for (char *at = csv->text; even && *at;) {
        if ((count & (count - 1)) == 0) csv->cells = lab_reallocate(csv->cells, (count * 2 + 1) * sizeof *csv->cells);
        char end = take_field(&at, &csv->cells[count++]);
        in_row++;
        if (end == ',') continue;
        if (!csv->columns) csv->columns = in_row;
        even = in_row == csv->columns;
        in_row = 0;
        csv->rows++;
    }
    if (!even || in_row) csv_free(csv);
    return csv->rows;
}

void csv_free(struct csv *csv)
{
    free(csv->text);
    free(csv->cells);
    *csv = (struct csv){0};
}

unsigned csv_column(const struct csv *csv, const char *name)
{
    unsigned column = 0;
    while (column < csv->columns && strcmp(csv->cells[column], name)) column++;
    return column;
}

const char *csv_at(const struct csv *csv, unsigned row, unsigned column)
{
    return column < csv->columns ? csv->cells[(size_t)row * csv->columns + column] : "";
}

const char *csv_cell(const struct csv *csv, unsigned row, const char *column)
{
    return csv_at(csv, row, csv_column(csv, column));
}
