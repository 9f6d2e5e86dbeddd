#include "hwsim/isa/machine_desc.h"

/* Atoms of a class are alike, so Hall's theorem needs to look at sets of classes only: a matching exists exactly if no
 * set of classes has more atoms than there are units which execute any of them. */
bool machine_fits(const struct machine_desc *desc, const uint8_t *unit_class, unsigned count)
{
    if (count > desc->issue_width) return false;
    uint8_t atoms[UNIT_CLASSES] = {0};
    unsigned present = 0;
    for (unsigned i = 0; i < count; i++) {
        atoms[unit_class[i]]++;
        present |= 1u << unit_class[i];
    }
    for (unsigned set = present; set; set = (set - 1) & present) {
        unsigned needed = 0;
        for (unsigned class = 0; class < UNIT_CLASSES; class ++)
            if (set >> class & 1) needed += atoms[class];
        unsigned units = 0;
        for (unsigned unit = 0; unit < desc->unit_count; unit++) units += (desc->unit_classes[unit] & set) != 0;
        if (needed > units) return false;
    }
    return true;
}
