/* Any text as a program: an error with a line number, or bundles that all decode. */
#include <stdlib.h>
#include <string.h>

#include "hwsim/isa/assembler.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    unsigned padded_slots = data[0] % (BUNDLE_ATOMS_MAX + 2);
    char *text = malloc(size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    char bytes[2048], error[100] = "";
    size_t used = bundle_assemble(text, padded_slots, bytes, sizeof bytes, error, sizeof error);
    bool has_data = strstr(text, ".commit") != NULL,
         good = used <= sizeof bytes && (used || strncmp(error, "line ", 5) == 0 || !*error);
    for (size_t at = 0; good && !has_data && at < used;) {
        struct atom atoms[BUNDLE_ATOMS_MAX];
        unsigned count, taken = bundle_decode(bytes + at, used - at, atoms, BUNDLE_ATOMS_MAX, &count);
        good = taken != 0 && (padded_slots == 0 || count == padded_slots);
        at += taken;
    }
    free(text);
    if (!good) abort();
    return 0;
}
