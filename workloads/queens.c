/* queens -- counts placements of N queens by bit masks: recursion, short loops, unpredictable branches. */
#include "workload.h"

static unsigned place(uint32_t all, uint32_t columns, uint32_t left, uint32_t right)
{
    if (columns == all) return 1;
    unsigned count = 0;
    for (uint32_t open = all & ~(columns | left | right); open;) {
        uint32_t bit = open & -open;
        open ^= bit;
        count += place(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

int main(int argc, char **argv)
{
    uint32_t rounds = workload_rounds(argc, argv), sum = 1;
    for (uint32_t i = 0; i < rounds; i++) sum = workload_mix(sum, place((1u << (7 + (i & 1))) - 1, 0, 0, 0));
    return workload_report("queens", sum);
}
