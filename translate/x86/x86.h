/* x86.h -- x86 instructions: decoded from bytes, lifted to IR. The rows are x86_insns.def; x86_lift is the only
 * statement of what an instruction means.
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
    uint8_t opcode;        /* its last byte */
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
    X86_ENDS_REGION = 4, /* control transfer, system call, trap. (Others may end in IR_EXIT: REP, CLD that changes DF) */
    X86_STORES = 8,
    X86_REPEATS = 16,    /* string instruction that may carry REP */
    X86_LOCKABLE = 32,
    X86_FLOAT = 64,      /* x87, MMX: waits for a pending x87 exception (but for the FN forms) and changes FIP or tags */
    X86_CPU_SHIFT = 8,   /* from here on the processor that has it first: enum cpu */
};
#define X86_FROM(cpu) (CPU_##cpu << X86_CPU_SHIFT)
struct x86_row {
    const char *mnemonic;    /* Intel's */
    const char *form;        /* as the manual writes it: "ADD r/m32, r32" in terms of operand kinds */
    uint16_t properties;     /* enum x86_property, X86_FROM */
    uint8_t flags_read, flags_written, flags_undefined; /* enum flag_mask */
};
extern const struct x86_row x86_rows[];
extern const unsigned x86_row_count;

/* Decodes the instruction at `bytes` (of which `available` are there) under the context word's CODE32 bit. */
enum x86_status x86_decode(const uint8_t *bytes, unsigned available, uint64_t context, struct x86_insn *insn);

/* Appends the meaning of `insn` at `address`, IR_MARK first. Where it can transfer control it ends in IR_EXIT; else
 * evaluation falls through to the next instruction. region->full tells whether there was room. */
void x86_lift(struct ir_region *region, const struct x86_insn *insn, uint64_t address);

/* After IR_FLOAT_ERROR: what the instruction still does. IR_FELL_THROUGH: it retires, an x87 exception is pending; IR_TRAPPED
 * and IR_REFUSED as of an evaluation. */
enum ir_outcome x86_float_error(const struct ir_insn *ops, unsigned count, const struct ir_machine *machine,
                                uint64_t *values, uint16_t *flags, struct ir_eval_result *result);

/* A random valid instance of a row, for tests: its bytes go to `bytes` (room for 15), its length is returned; 0 where
 * the options leave no form of it. */
struct prng;
struct x86_generate_options {
    bool no_memory, no_register;  /* forms not wanted, of rows that have ModRM */
    bool no_prefixes;             /* neither 66, 67 nor a segment override */
    bool no_address16;            /* no 16-bit addresses */
    bool code16;                  /* for a 16-bit code segment */
    uint8_t bases;                /* registers that may be part of an address: bit n; 0: absolute addresses only */
    uint8_t spared;               /* registers that no explicit operand may be (as far as 32-bit registers go): bit n */
    uint8_t segments;             /* overrides allowed: bit n of enum x86_segment */
    bool scaled;                  /* index registers, with any scale */
    int32_t displacement_low, displacement_high; /* of memory operands, inclusive */
    int32_t branch_low, branch_high;             /* of relative branches, cut to the displacement's size, inclusive */
};
unsigned x86_generate(unsigned row, struct prng *prng, const struct x86_generate_options *options, uint8_t *bytes);
/* Random tests against the host's processor (left_out.def), and why one leaves a row out; NULL: it does not. */
enum x86_test { X86_TEST_HOST, X86_TEST_HOST_LOOSE, X86_TEST_SEQUENCES };
const char *x86_left_out(enum x86_test test, unsigned row);

/* The C helpers that IR_HELPER names (helpers.def), for the interpreter. */
enum x86_helper {
#define HELPER(name, mnemonic) X86_HELPER_##name,
#include "translate/x86/helpers.def"
#undef HELPER
    X86_HELPERS
};
const char *x86_helper_name(unsigned helper);
/* What X86_HELPER_X87_STATE does. */
enum x87_state { X87_FNSAVE, X87_FRSTOR, X87_FXSAVE, X87_FXRSTOR };

#endif
