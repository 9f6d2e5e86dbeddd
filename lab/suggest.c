#include "lab/suggest.h"

#include <string.h>

enum { FAR = 1000 };

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

unsigned suggest_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][SUGGEST_NAME_BYTES];
    if (a_length >= SUGGEST_NAME_BYTES || b_length >= SUGGEST_NAME_BYTES) return FAR;
    for (size_t j = 0; j <= b_length; j++) rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *now = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            now[j] = least(least(above[j], now[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

void suggest_begin(struct suggest *suggest, const char *wrong)
{
    *suggest = (struct suggest){.wrong = wrong, .distance = FAR};
}

/* A name without its section is as near as a single slip. */
static unsigned distance_of(const char *wrong, const char *name, size_t length)
{
    size_t wrong_length = strlen(wrong);
    if (wrong_length + 1 < length && name[length - wrong_length - 1] == '.' &&
        !memcmp(name + length - wrong_length, wrong, wrong_length))
        return 1;
    return suggest_distance(wrong, wrong_length, name, length);
}

void suggest_offer(struct suggest *suggest, const char *name, size_t length, int rank)
{
    if (length >= SUGGEST_NAME_BYTES) return;
    unsigned distance = distance_of(suggest->wrong, name, length);
    /* Farther than this it is a different word, not a slip. */
    if (distance > 1 + strlen(suggest->wrong) / 4 || distance > 3) return;
    if (distance > suggest->distance || (distance == suggest->distance && rank < suggest->rank)) return;
    if (distance < suggest->distance || rank > suggest->rank) suggest->count = 0;
    suggest->distance = distance;
    suggest->rank = rank;
    for (unsigned i = 0; i < suggest->count && i < SUGGEST_MAX; i++) {
        if (strlen(suggest->names[i]) == length && !memcmp(suggest->names[i], name, length)) return;
    }
    if (suggest->count < SUGGEST_MAX) {
        memcpy(suggest->names[suggest->count], name, length);
        suggest->names[suggest->count][length] = 0;
    }
    suggest->count++;
}

void suggest_print(const struct suggest *suggest, struct text *text)
{
    unsigned shown = suggest->count < SUGGEST_MAX ? suggest->count : SUGGEST_MAX;
    for (unsigned i = 0; i < shown; i++) text_printf(text, "%s'%s'", i ? " or " : "; did you mean ", suggest->names[i]);
    if (shown) text_printf(text, "?");
}
