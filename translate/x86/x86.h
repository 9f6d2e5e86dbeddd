/* x86.h -- x86 instructions: decoded from bytes, lifted to IR. The rows are x86_insns.def; x86_lift is the only statement
 * of what an instruction means.
 */
#ifndef COVM_X86_H
#define COVM_X86_H

#include "translate/ir/ir.h"

enum x86_segment { X86_ES, X86_CS, X86_SS, X86_DS, X86_FS, X86_GS };
enum { X86_INSN_BYTES_MAX = 15 };

enum x86_status {
    X86_OK,
    X86_TRUNCATED, /* more bytes are needed than there were */
    X86_INVALID,   /* #UD: no such instruction, or LOCK where it is not allowed */
    X86_TOO_LONG,  /* #GP: more than 15 bytes */
    X86_UNSUPPORTED, /* an x87, MMX or SSE instruction: real, but not implemented; `row` and `length` are valid */
};

/* A decoded instruction. */
struct x86_insn {
    uint16_t row;          /* of x86_insns.def */
    uint8_t length;        /* bytes */
    uint8_t operand_size;  /* enum size */
    uint8_t address_size;  /* enum size: SIZE_16, SIZE_32 */
    uint8_t segment;       /* enum x86_segment in force for the memory operand, override included */
    bool segment_override;
    bool lock, rep, repne;
    bool has_modrm, memory; /* `memory`: the r/m operand is in memory */
    uint8_t modrm, reg, rm; /* register numbers */
    int8_t base, index;    /* registers of the address, -1 none */
    uint8_t scale;         /* log2 */
    int32_t displacement;
    int64_t immediate, immediate2; /* sign- or zero-extended as the row says; relative targets as displacement */
};

/* Properties of a row. */
enum x86_property {
    X86_MAY_FAULT = 1,
    X86_INTERPRETED = 2, /* lifted to IR_HELPER: the interpreter alone runs it */
    X86_ENDS_REGION = 4, /* control transfer, system call, or a change of the context word */
    X86_STORES = 8,
    X86_REPEATS = 16,    /* string instruction that may carry REP */
    X86_LOCKABLE = 32,
    X86_LATER = 64,      /* known but not implemented: x86_decode says X86_UNSUPPORTED */
};
struct x86_row {
    const char *mnemonic;    /* Intel's */
    const char *form;        /* as the manual writes it: "ADD r/m32, r32" in terms of operand kinds */
    uint16_t properties;     /* enum x86_property */
    uint8_t flags_read, flags_written, flags_undefined; /* enum flag_mask */
};
extern const struct x86_row x86_rows[];
extern const unsigned x86_row_count;

/* Decodes the instruction at `bytes` (of which `available` are there) under the context word's CODE32 bit. */
enum x86_status x86_decode(const uint8_t *bytes, unsigned available, uint64_t context, struct x86_insn *insn);

/* Appends the meaning of `insn` at `address`, IR_MARK first. Where it can transfer control it ends in IR_EXIT; else
 * evaluation falls through to the next instruction. region->full tells whether there was room. */
void x86_lift(struct ir_region *region, const struct x86_insn *insn, uint64_t address);

/* The C helpers that IR_HELPER names (helpers.def), for the interpreter. */
enum x86_helper {
#define HELPER(name, mnemonic) X86_HELPER_##name,
#include "translate/x86/helpers.def"
#undef HELPER
    X86_HELPERS
};
const char *x86_helper_name(unsigned helper);

#endif
