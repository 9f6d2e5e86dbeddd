/* alias.c -- the mask scheme of Crusoe ("load and protect", "store under alias mask"; Dehnert et al., CGO 2003), and
 * the ordered queue (Wang et al., "SMARQ: Software-Managed Alias Register Queue for Dynamic Optimizations", MICRO 2012): in
 * it an atom need only say where it stands in the order, so that many entries cost no long masks. Their AMOV, which
 * moves an entry to another place of the order, has no counterpart: loads alone are protected, and their order is the
 * program's. Ranges are physical, so that two mappings of a frame are no way around it.
 *
 * The silicon is the same: a mask is a set of entries counted from where the queue begins, and without rotations that
 * is entry 0.
 *
 * The ALAT (Intel Itanium Architecture Software Developer's Manual vol. 1, 4.4.5) turns it round: a store says nothing
 * and removes whatever it overlaps, and a check atom at or before the load's own place in the program looks whether its
 * entry is still there (chk.a with .clr: it is gone afterwards). So there is one atom more per load, and a store that
 * follows the load in the program, but lies before the check, is found, too: which of the two a removed entry was, the
 * table cannot tell. Of the Itanium's ALAT this one differs in that any load may take any entry (there the target
 * register chooses a set), and in that there is no recovery code: a check that fails rolls back to the checkpoint. */
#include "hwsim/core/core.h"

void alias_arm(struct hw_core *core, unsigned entry, const struct place *place)
{
    entry = alias_place(core, entry);
    core->armed |= UINT64_C(1) << entry;
    core->stats.alias_arms++;
    for (unsigned i = 0; i < 2; i++) {
        core->alias[entry].physical[i] = place->physical[i];
        core->alias[entry].bytes[i] = place->bytes[i];
    }
}

static bool overlap(uint64_t a, unsigned a_bytes, uint64_t b, unsigned b_bytes)
{
    return a_bytes && b_bytes && a < b + b_bytes && b < a + a_bytes;
}

static bool touches(const struct alias_entry *entry, const struct place *place)
{
    for (unsigned i = 0; i < 2; i++)
        for (unsigned j = 0; j < 2; j++)
            if (overlap(entry->physical[i], entry->bytes[i], place->physical[j], place->bytes[j])) return true;
    return false;
}

bool alias_hits(const struct hw_core *core, uint64_t mask, const struct place *place)
{
    for (uint64_t entries = alias_armed(core, mask); entries; entries &= entries - 1)
        if (touches(&core->alias[__builtin_ctzll(entries)], place)) return true;
    return false;
}

void alias_rotate(struct hw_core *core, unsigned entries)
{
    for (unsigned entry = 0; entry < entries; entry++) core->armed &= ~(UINT64_C(1) << alias_place(core, entry));
    core->alias_base = alias_place(core, entries);
    core->stats.alias_rotates++;
}

void alias_remove(struct hw_core *core, uint64_t entries, const struct place *place)
{
    for (entries &= core->armed; entries; entries &= entries - 1)
        if (touches(&core->alias[__builtin_ctzll(entries)], place)) core->armed &= ~(entries & -entries);
}

bool alias_take(struct hw_core *core, unsigned entry)
{
    uint64_t bit = UINT64_C(1) << entry;
    bool there = core->armed & bit;
    core->armed &= ~bit;
    core->stats.alias_checks++;
    return there;
}
