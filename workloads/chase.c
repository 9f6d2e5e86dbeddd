/* chase -- follows a random cyclic list larger than the second-level cache: dependent loads, cache and TLB misses. */
#include "workload.h"

enum { NODES = 1 << 16 };

struct node {
    struct node *next;
    uint32_t value, pad[6];
};

int main(int argc, char **argv)
{
    static struct node nodes[NODES];
    uint32_t rounds = workload_rounds(argc, argv), sum = 1, seed = 29;
    for (uint32_t i = 0; i < NODES; i++) nodes[i] = (struct node){&nodes[i], i, {0}};
    for (uint32_t i = NODES - 1; i > 0; i--) { /* Sattolo's shuffle: one cycle */
        uint32_t j = workload_random(&seed) % i;
        struct node *t = nodes[i].next;
        nodes[i].next = nodes[j].next;
        nodes[j].next = t;
    }
    const struct node *at = nodes;
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t total = 0;
        for (int i = 0; i < 4096; i++) {
            total += at->value;
            at = at->next;
        }
        sum = workload_mix(sum, total);
    }
    return workload_report("chase", sum);
}
