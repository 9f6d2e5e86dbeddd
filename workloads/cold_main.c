/* cold -- calls each function of cold.S in strided order; see there. */
#include "workload.h"

enum { FUNCTIONS = 24576 };
extern const uint32_t cold_table[FUNCTIONS];

int main(int argc, char **argv)
{
    uint32_t rounds = workload_rounds(argc, argv), sum = 1;
    /* a round calls a sixteenth of the functions; 7919 is prime and coprime to their number */
    for (uint32_t i = 0, at = 0; i < rounds * (FUNCTIONS / 16); i++) {
        uint32_t clobbered;
        __asm__ volatile("call *%3" : "+a"(sum), "=c"(clobbered), "=d"(clobbered) : "r"(cold_table[at]) : "memory", "cc");
        at = (at + 7919) % FUNCTIONS;
    }
    return workload_report("cold", sum);
}
