/* libFuzzer: whatever the bytes, the ELF reader takes or refuses them. */
#include <stdlib.h>

#include "hwsim/platform/user/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct elf_image image;
    char message[256];
    if (!elf_parse(bytes, size, &image, message, sizeof message)) return 0;
    for (unsigned i = 0; i < image.count; i++)
        if ((uint64_t)image.segment[i].offset + image.segment[i].file_bytes > size) abort();
    return 0;
}
