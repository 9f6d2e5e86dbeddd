/* Any bytes as a bundle: refused, or decoded to atoms that encode and assemble to the very same bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/isa/assembler.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void insist(bool condition, const char *what)
{
    if (condition) return;
    fprintf(stderr, "%s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atom atoms[BUNDLE_ATOMS_MAX];
    unsigned count;
    unsigned taken = bundle_decode(data, size, atoms, BUNDLE_ATOMS_MAX, &count);
    insist(taken <= size && count <= BUNDLE_ATOMS_MAX, "decoded beyond the end");
    if (taken == 0) return 0;

    uint32_t words[BUNDLE_ATOMS_MAX * ATOM_WORDS_MAX];
    unsigned encoded = 0;
    char text[BUNDLE_ATOMS_MAX * 200];
    int length = 0;
    for (unsigned i = 0; i < count; i++) {
        encoded += atom_encode(&atoms[i], words + encoded);
        length += snprintf(text + length, sizeof text - (size_t)length, i ? " | " : "");
        length += atom_print(text + length, sizeof text - (size_t)length, &atoms[i]);
    }
    insist(encoded * sizeof *words == taken && memcmp(words, data, taken) == 0, "encodes differently");

    char error[100];
    size_t assembled = bundle_assemble(text, 0, words, sizeof words, error, sizeof error);
    insist(assembled == taken && memcmp(words, data, taken) == 0, text);
    return 0;
}
