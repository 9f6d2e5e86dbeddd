/* elf.h -- what an i386 ELF file asks to be loaded, checked: nothing that this accepts can make the loader fail later
 * for another reason than lack of memory.
 */
#ifndef COVM_USER_ELF_H
#define COVM_USER_ELF_H

#include "hwsim/base/base.h"

enum { ELF_SEGMENTS_MAX = 256 };
/* Lowest address that a program may use (Linux's vm.mmap_min_addr), and the end of what a file may ask for: above it
 * lie the gap that Linux keeps for the stack, and the stack. */
#define ELF_ADDRESS_MIN 0x10000u
#define ELF_ADDRESS_MAX 0xf7ffe000u
/* Where the program break starts for a static position-independent program, which itself ends at ELF_ADDRESS_MAX (Linux
 * without randomisation). */
#define ELF_DYNAMIC_BREAK 0x56555000u

/* PT_GNU_STACK: missing, asking for an executable stack, or for one that is not. */
enum elf_stack { ELF_STACK_DEFAULT, ELF_STACK_EXECUTABLE, ELF_STACK_PLAIN };
enum { ELF_READ = 1, ELF_WRITE = 2, ELF_EXECUTE = 4 };

struct elf_segment {
    uint32_t address; /* with the load bias added */
    uint32_t offset, file_bytes, memory_bytes;
    uint8_t rights; /* ELF_READ ... */
};
struct elf_image {
    uint32_t entry;
    uint32_t headers, header_count; /* AT_PHDR (0: not loaded), AT_PHNUM */
    uint32_t program_break;         /* where it starts */
    enum elf_stack stack;
    unsigned count;
    struct elf_segment segment[ELF_SEGMENTS_MAX];
};

/* False: `message` (without the file's name) says what is wrong, for the user. */
bool elf_parse(const uint8_t *bytes, size_t size, struct elf_image *image, char *message, size_t capacity);

#endif
