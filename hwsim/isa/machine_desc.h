/* machine_desc.h -- the machine as the translator must know it: the part of the configuration that shapes schedules.
 * Filled by the core from its parameters; handed by the CMS to the translator. Plain data.
 */
#ifndef COVM_MACHINE_DESC_H
#define COVM_MACHINE_DESC_H

#include "hwsim/isa/isa.h"

/* How the silicon finds out that a store touched what a load above it has read. */
enum alias_kind {
    ALIAS_NONE,
    ALIAS_MASK,  /* a load arms an entry, a store names those that it checks (Klaiber 2000) */
    ALIAS_QUEUE, /* entries are counted from where the queue begins, a store checks all from one on (Wang et al., MICRO
                    2012) */
    ALIAS_ALAT,  /* a load arms an entry, every store removes those that it overlaps, a check atom looks whether the
                    load's is still there (Itanium Architecture SDM vol. 1, 4.4.5) */
};

struct machine_desc {
    uint32_t issue_width;                  /* atoms a bundle */
    uint32_t unit_count;                   /* functional units, at most BUNDLE_ATOMS_MAX */
    uint16_t unit_classes[BUNDLE_ATOMS_MAX]; /* per unit: bit per enum unit_class that it executes */
    uint8_t latency_cycles[UNIT_CLASSES];  /* load: on an L1 hit */
    uint8_t interval_cycles[UNIT_CLASSES]; /* until a unit takes the next atom of this class (1: pipelined) */
    bool base_offset;                      /* memory atoms add an offset to the base register (Crusoe: no) */
    bool exposed;                          /* no interlocks: a schedule must wait out latencies itself */
    bool padded;                           /* bundles are stored padded to issue_width atoms */
    uint32_t gate_entries;                 /* gated store buffer */
    uint8_t alias_kind;                    /* enum alias_kind */
    uint32_t alias_entries;                /* at most 64; 0: no alias hardware */
    uint32_t jtlb_entries, dras_entries;   /* 0: none */
};

/* Can these atoms issue together? (a bipartite matching of atoms to units; count <= issue_width) */
bool machine_fits(const struct machine_desc *desc, const uint8_t *unit_class, unsigned count);

#endif
