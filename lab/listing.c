#include "lab/listing.h"

#include <stdlib.h>

#include "hwsim/isa/assembler.h"
#include "translate/ir/ir_text.h"

void listing_add(struct listing *listing, const char *line)
{
    if ((listing->count & (listing->count - 1)) == 0) {
        listing->lines = lab_reallocate(listing->lines, (listing->count * 2 + 1) * sizeof *listing->lines);
    }
    listing->lines[listing->count++] = lab_copy(line);
}

void listing_free(struct listing *listing)
{
    for (unsigned i = 0; i < listing->count; i++) free(listing->lines[i]);
    free(listing->lines);
    *listing = (struct listing){0};
}

void listing_ir(struct listing *listing, const struct ir_region *region, unsigned from, unsigned to)
{
    char line[200];
    for (unsigned at = from; at < to; at++) {
        if (region->insns[at].op == ATOM_NOP) continue;
        ir_print_insn(line, sizeof line, region, (ir_ref)at);
        listing_add(listing, line);
    }
}

void listing_bundles(struct listing *listing, const void *code, unsigned bytes)
{
    struct atom atoms[BUNDLE_ATOMS_MAX];
    unsigned count, length;
    for (unsigned at = 0; at < bytes; at += length) {
        length = bundle_decode((const char *)code + at, bytes - at, atoms, LENGTH(atoms), &count);
        if (!length) return;
        for (unsigned i = 0; i < count; i++) {
            char atom[160];
            struct text line = {0};
            atom_print(atom, sizeof atom, &atoms[i]);
            if (i) {
                text_printf(&line, "      | %s", atom);
            } else {
                text_printf(&line, "%4x:   %s", at, atom);
            }
            listing_add(listing, text_string(&line));
            text_free(&line);
        }
    }
}

void listing_print(FILE *to, const char *indent, const struct listing *listing)
{
    for (unsigned i = 0; i < listing->count; i++) fprintf(to, "%s%s\n", indent, listing->lines[i]);
}
