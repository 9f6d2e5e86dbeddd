/* elf_symbols.h -- names for guest addresses, and the bytes of an ELF file by guest address (i386, static).
 * All addresses are those at which the loader puts things. */
#ifndef COVM_ELF_SYMBOLS_H
#define COVM_ELF_SYMBOLS_H

#include "hwsim/base/base.h"
#include "lab/text.h"

struct elf_file {
    char *bytes; /* the whole file, owned */
    size_t size;
    uint32_t bias; /* what the loader adds to its addresses: not 0 for a static position-independent program */
};

/* The bytes of a program's file, to be freed; of one that does not begin as ELF files do, the first few. NULL (and
 * errno, or 0 if it is no regular file) if it cannot be read. */
char *elf_file_read(const char *path, size_t *size);
/* Does the file begin as a 32-bit little-endian ELF does? Nothing else of it is read. */
bool elf_file_begins(const char *path);
/* False (and errno, or 0 if it is no 32-bit little-endian ELF) if it cannot be read. */
bool elf_file_open(struct elf_file *elf, const char *path);
void elf_file_close(struct elf_file *elf);
/* Copies up to `count` bytes that the file loads at `address`; returns how many there are. */
unsigned elf_file_fetch(const struct elf_file *elf, uint64_t address, void *to, unsigned count);
uint64_t elf_file_entry(const struct elf_file *elf);
/* Address of a symbol; false if there is none of that name. */
bool elf_symbol_find(const struct elf_file *elf, const char *name, uint64_t *address);
/* The function, or label, that covers an address, and how far into it that is; NULL: none. */
const char *elf_symbol_near(const struct elf_file *elf, uint64_t address, uint64_t *distance);
/* Appends " (name+0x12)", or nothing where no function covers the address. */
void elf_symbol_print(const struct elf_file *elf, uint64_t address, struct text *text);

/* A function as the symbol table has it. `name` lies in the file's bytes. */
struct elf_function {
    const char *name;
    uint32_t address, size;
};
/* All of them by address, one for each address, to be freed; NULL and a count of 0 for a stripped file. */
struct elf_function *elf_functions(const struct elf_file *elf, unsigned *count);

/* Bytes of the file that are loaded to be executed. */
struct elf_code {
    const uint8_t *bytes; /* in the file's */
    uint32_t address, size;
};
/* The executable sections; the executable segments of a file without section headers. To be freed. */
struct elf_code *elf_code(const struct elf_file *elf, unsigned *count);

#endif
