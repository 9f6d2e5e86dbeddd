#include "lab/diag.h"

#include <stdlib.h>

#include "lab/text.h"

void diag_error(struct diag *diag, const char *file, unsigned line, unsigned column, const char *format, ...)
{
    struct text text = {0};
    text_printf(&text, "%s:", file);
    if (line) text_printf(&text, "%u:%u:", line, column);
    text_printf(&text, " error: ");
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(&text, format, arguments);
    va_end(arguments);
    if (diag->count == diag->capacity) {
        diag->capacity = diag->capacity * 2 + 8;
        diag->lines = lab_reallocate(diag->lines, diag->capacity * sizeof *diag->lines);
        diag->line_numbers = lab_reallocate(diag->line_numbers, diag->capacity * sizeof *diag->line_numbers);
    }
    diag->line_numbers[diag->count] = line;
    diag->lines[diag->count++] = text.data;
}

void diag_sort(struct diag *diag, unsigned first)
{
    for (unsigned i = first; i < diag->count; i++) { /* by insertion: stable, and mistakes are few */
        char *line = diag->lines[i];
        unsigned number = diag->line_numbers[i], at = i;
        for (; at > first && diag->line_numbers[at - 1] > number; at--) {
            diag->lines[at] = diag->lines[at - 1];
            diag->line_numbers[at] = diag->line_numbers[at - 1];
        }
        diag->lines[at] = line;
        diag->line_numbers[at] = number;
    }
}

void diag_print(const struct diag *diag, FILE *to)
{
    for (unsigned i = 0; i < diag->count; i++) fprintf(to, "%s\n", diag->lines[i]);
}

void diag_free(struct diag *diag)
{
    for (unsigned i = 0; i < diag->count; i++) free(diag->lines[i]);
    free(diag->lines);
    free(diag->line_numbers);
    *diag = (struct diag){0};
}
