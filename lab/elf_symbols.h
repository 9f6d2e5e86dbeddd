/* elf_symbols.h -- names for guest addresses, and the bytes of an ELF file by guest address (i386, static). */
#ifndef COVM_ELF_SYMBOLS_H
#define COVM_ELF_SYMBOLS_H

#include "hwsim/base/base.h"
#include "lab/text.h"

struct elf_file {
    char *bytes; /* the whole file, owned */
    size_t size;
};

/* False (and errno, or 0 if it is no 32-bit little-endian ELF) if it cannot be read. */
bool elf_file_open(struct elf_file *elf, const char *path);
void elf_file_close(struct elf_file *elf);
/* Copies up to `count` bytes that the file loads at `address`; returns how many there are. */
unsigned elf_file_fetch(const struct elf_file *elf, uint64_t address, void *to, unsigned count);
uint64_t elf_file_entry(const struct elf_file *elf);
/* Address of a symbol; false if there is none of that name. */
bool elf_symbol_find(const struct elf_file *elf, const char *name, uint64_t *address);
/* Appends " (name+0x12)", or nothing where no function covers the address. */
void elf_symbol_print(const struct elf_file *elf, uint64_t address, struct text *text);

#endif
