#include "hwsim/isa/isa.h"

struct cpu_features cpu_features(enum cpu cpu)
{
    static const struct cpu_features own[CPUS] = {
#define CPU(name, key, vendor, signature, edx, ecx) {vendor, signature, edx, ecx},
#include "hwsim/isa/cpus.def"
#undef CPU
    };
    struct cpu_features all = own[cpu];
    for (unsigned before = 0; before < cpu; before++) {
        all.edx |= own[before].edx;
        all.ecx |= own[before].ecx;
    }
    return all;
}
