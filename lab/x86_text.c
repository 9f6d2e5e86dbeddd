#include "lab/x86_text.h"

#include "lab/elf_symbols.h"

bool x86_zydis(const void *bytes, unsigned available, ZydisDecodedInstruction *insn,
               ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT])
{
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    /* On an i686 these encodings are BSF, BSR and NOPs with a prefix. */
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_TZCNT, ZYAN_FALSE);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_LZCNT, ZYAN_FALSE);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_CET, ZYAN_FALSE);
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, available, insn, operands));
}

unsigned x86_text(const void *bytes, unsigned available, uint64_t address, struct text *text)
{
    ZydisFormatter formatter;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    char line[160];
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    if (!x86_zydis(bytes, available, &insn, operands) ||
        !ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &insn, operands, insn.operand_count_visible, line,
                                                      sizeof line, address, ZYAN_NULL))) {
        text_printf(text, "(bad)");
        return 0;
    }
    text_printf(text, "%s", line);
    return insn.length;
}

void x86_text_place(const struct elf_file *elf, uint64_t address, const void *bytes, unsigned available,
                    struct text *text)
{
    struct text insn = {0};
    const uint8_t *at = bytes;
    unsigned length = x86_text(bytes, available, address, &insn);
    elf_symbol_print(elf, address, text);
    text_printf(text, available ? ":" : ": not mapped");
    for (unsigned i = 0; i < (length ? length : available); i++) text_printf(text, " %02x", at[i]);
    if (available) text_printf(text, "  %s", text_string(&insn));
    text_free(&insn);
}
