/* suggest.h -- "did you mean ...?": the names nearest to one that is unknown, by edit distance. */
#ifndef COVM_SUGGEST_H
#define COVM_SUGGEST_H

#include "hwsim/base/base.h"
#include "lab/text.h"

enum { SUGGEST_MAX = 3, SUGGEST_NAME_BYTES = 128 };

struct suggest {
    const char *wrong;
    unsigned distance; /* of the names held */
    int rank;          /* of the names held */
    unsigned count;    /* names as near as each other; may exceed what is held */
    char names[SUGGEST_MAX][SUGGEST_NAME_BYTES];
};

/* Edits (insert, delete, replace, swap neighbours) that turn one name into the other (optimal string alignment). */
unsigned suggest_distance(const char *a, size_t a_length, const char *b, size_t b_length);
void suggest_begin(struct suggest *suggest, const char *wrong);
/* Offers a known name; of equally near ones those with the highest `rank` stay. */
void suggest_offer(struct suggest *suggest, const char *name, size_t length, int rank);
/* Appends "; did you mean 'x'?", or nothing where no name is near. */
void suggest_print(const struct suggest *suggest, struct text *text);

#endif
