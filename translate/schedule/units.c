/* units.c -- atoms of a bundle matched to functional units, one atom after the other */
#include "translate/schedule/graph.h"

void units_begin(struct units *units, const struct machine_desc *machine, uint16_t busy)
{
    *units = (struct units){.machine = machine};
    for (unsigned unit = 0; unit < machine->unit_count; unit++) {
        if (busy >> unit & 1) continue;
        for (unsigned class = 0; class < UNIT_CLASSES; class++) {
            if (machine->unit_classes[unit] >> class & 1) units->serves[class] |= (uint16_t)(1u << unit);
        }
    }
}

/* An augmenting path (Berge): from units that could take the new atom, over atoms that could move, to a free one. */
bool units_add(struct units *units, unsigned unit_class)
{
    if (units->count >= units->machine->issue_width) return false;
    uint8_t queue[BUNDLE_ATOMS_MAX], from[BUNDLE_ATOMS_MAX];
    unsigned head = 0, tail = 0;
    unsigned seen = units->serves[unit_class];
    for (unsigned set = seen; set; set &= set - 1) {
        unsigned unit = (unsigned)__builtin_ctz(set);
        queue[tail++] = (uint8_t)unit;
        from[unit] = BUNDLE_ATOMS_MAX;
    }
    while (head < tail) {
        unsigned unit = queue[head++];
        if (!(units->taken >> unit & 1)) {
            units->taken |= (uint16_t)(1u << unit);
            for (; from[unit] != BUNDLE_ATOMS_MAX; unit = from[unit]) units->owner[unit] = units->owner[from[unit]];
            units->owner[unit] = (uint8_t)unit_class;
            units->count++;
            return true;
        }
        for (unsigned set = units->serves[units->owner[unit]] & ~seen; set; set &= set - 1) {
            unsigned next = (unsigned)__builtin_ctz(set);
            seen |= 1u << next;
            queue[tail++] = (uint8_t)next;
            from[next] = (uint8_t)unit;
        }
    }
    return false;
}
