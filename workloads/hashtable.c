/* hashtable -- chained hash table with malloc and free: insert, find, remove. */
#include "workload.h"

enum { BUCKETS = 1024, KEYS = 4096 };

struct node {
    struct node *next;
    uint32_t key, value;
};
static struct node *bucket[BUCKETS];

static struct node **find(uint32_t key)
{
    struct node **link = &bucket[key * 2654435761u >> 22];
    while (*link && (*link)->key != key) link = &(*link)->next;
    return link;
}

int main(int argc, char **argv)
{
    uint32_t rounds = workload_rounds(argc, argv), sum = 1, seed = 23;
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t found = 0;
        for (int i = 0; i < 2048; i++) {
            uint32_t r = workload_random(&seed), key = r % KEYS;
            struct node **link = find(key);
            if (r >> 30 == 0 && *link) {
                struct node *gone = *link;
                *link = gone->next;
                free(gone);
            } else if (*link) {
                found += (*link)->value++;
            } else {
                struct node *node = malloc(sizeof *node);
                *node = (struct node){NULL, key, r >> 16};
                *link = node;
            }
        }
        sum = workload_mix(sum, found);
    }
    return workload_report("hashtable", sum);
}
