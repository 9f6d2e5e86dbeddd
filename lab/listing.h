/* listing.h -- guest code, its IR and its bundles as lines of text, for the disassembly view and divergence reports. */
#ifndef COVM_LISTING_H
#define COVM_LISTING_H

#include <stdio.h>

#include "lab/text.h"
#include "translate/ir/ir.h"

struct listing {
    char **lines; /* owned */
    unsigned count;
};

void listing_add(struct listing *listing, const char *line);
void listing_free(struct listing *listing);
/* Operations from..to-1 of a region, one a line. */
void listing_ir(struct listing *listing, const struct ir_region *region, unsigned from, unsigned to);
/* Bundles: offset, then the atoms, several lines for a wide one. Ends at what is no bundle. */
void listing_bundles(struct listing *listing, const void *code, unsigned bytes);
void listing_print(FILE *to, const char *indent, const struct listing *listing);

#endif
