/* x86_text.h -- x86 instructions as text: Zydis, an opinion of its own beside our decoder. */
#ifndef COVM_X86_TEXT_H
#define COVM_X86_TEXT_H

#include <Zydis/Zydis.h>

#include "hwsim/base/base.h"
#include "lab/text.h"

/* Decodes the instruction at `bytes` as 32-bit code; false if there is none. */
bool x86_zydis(const void *bytes, unsigned available, ZydisDecodedInstruction *insn,
               ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT]);
/* Appends the instruction at `bytes` in Intel's syntax; returns its length, 0 (and appends "(bad)") if there is none.
 */
unsigned x86_text(const void *bytes, unsigned available, uint64_t address, struct text *text);
/* Appends " (name+0x12): 0f a2  cpuid": symbol, if any, bytes and text of the instruction at an address of the file. */
struct elf_file;
void x86_text_place(const struct elf_file *elf, uint64_t address, const void *bytes, unsigned available,
                    struct text *text);

#endif
