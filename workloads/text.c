/* text -- writes, parses and formats numbers and words with the C library: printf, strtol, strtok, malloc, qsort. */
#include "workload.h"

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

int main(int argc, char **argv)
{
    enum { WORDS = 40 };
    uint32_t rounds = workload_rounds(argc, argv), sum = 1, seed = 47;
    for (uint32_t round = 0; round < rounds; round++) {
        char line[WORDS * 24], *word[WORDS], *save = NULL;
        int at = 0, words = 0;
        for (int i = 0; i < WORDS; i++) {
            uint32_t r = workload_random(&seed);
            at += snprintf(line + at, sizeof line - (size_t)at, "%c%u=%d%s", 'a' + (int)(r % 26), r >> 24, (int)(r % 20001) - 10000, i % 3 ? "," : ", ");
        }
        for (char *p = strtok_r(line, ", ", &save); p; p = strtok_r(NULL, ", ", &save)) word[words++] = strdup(p);
        qsort(word, (size_t)words, sizeof *word, by_name);
        for (int i = 0; i < words; i++) {
            char *value = strchr(word[i], '=');
            long number = strtol(value + 1, NULL, 10);
            char out[64];
            int n = snprintf(out, sizeof out, "%-6.*s|%08lx|%+5ld", (int)(value - word[i]), word[i], number & 0xffffffffL, number);
            for (int k = 0; k < n; k++) sum = (sum ^ (uint8_t)out[k]) * 16777619u;
            free(word[i]);
        }
    }
    return workload_report("text", sum);
}
