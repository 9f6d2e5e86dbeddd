/* diag.h -- the user's mistakes, collected so that all are told at once: `file:line:col: error: message`. */
#ifndef COVM_DIAG_H
#define COVM_DIAG_H

#include <stdio.h>

struct diag {
    char **lines;           /* owned */
    unsigned *line_numbers; /* of the file each is about; owned */
    unsigned count, capacity;
};

/* `line` and `column` count from 1; 0 leaves them out. */
void diag_error(struct diag *diag, const char *file, unsigned line, unsigned column, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Puts those from `first` on into the order of their line numbers. */
void diag_sort(struct diag *diag, unsigned first);
void diag_print(const struct diag *diag, FILE *to);
void diag_free(struct diag *diag);

#endif
