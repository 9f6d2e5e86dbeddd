/* rows.h -- the columns of x86_insns.def in C, for the files of this folder, tests, and `covm isa`. */
#ifndef COVM_X86_ROWS_H
#define COVM_X86_ROWS_H

#include "translate/x86/x86.h"

/* Opcode maps. Those after 0F 38 and 0F 3A, and SSE's part of the one after 0F, have a map for each mandatory prefix: none,
 * 66, F3, F2. What MAP_0F holds takes 66 as operand size and minds neither F2 nor F3. In MAP_X87 the opcode column has
 * the ModRM byte, and the digits the low three bits of the opcode, D8 to DF. */
enum row_map {
    MAP_ONE, MAP_0F,
    MAP_0F_NP, MAP_0F_66, MAP_0F_F3, MAP_0F_F2,
    MAP_38_NP, MAP_38_66, MAP_38_F3, MAP_38_F2,
    MAP_3A_NP, MAP_3A_66, MAP_3A_F3, MAP_3A_F2,
    MAP_X87,
    MAPS
};

enum row_id {
#define INSN(id, ...) ROW_##id,
#define INSN16(id, ...) ROW_##id,
#include "translate/x86/x86_insns.def"
    ROWS
};

/* Where a row's operands come from. */
enum row_encoding {
    ENCODING_FIX, /* no ModRM byte; operands, if any, are implied or immediate */
    ENCODING_ACC, /* no ModRM byte; the r/m operand is the accumulator */
    ENCODING_OPR, /* no ModRM byte; the r/m operand is the register in the opcode's low three bits */
    ENCODING_RM,  /* ModRM, register or memory */
    ENCODING_MEM, /* ModRM, memory only: its register form is another row or #UD */
    ENCODING_REG, /* ModRM, register only */
    ENCODING_ONE, /* ModRM, one register form: the row's opcode is the ModRM byte itself (maps MAP_X87_...) */
    ENCODING_CRX, /* ModRM, always a register whatever the mod field says (MOV to and from control registers) */
};

/* Operand size. */
enum row_size {
    WIDTH_B, /* 8 bits */
    WIDTH_W, /* 16 bits */
    WIDTH_D, /* 32 bits */
    WIDTH_Q, /* 64 bits */
    WIDTH_V, /* 16 or 32 bits: the operand size in force */
    WIDTH_T, /* 80 bits */
    WIDTH_X, /* 128 bits */
    WIDTH_M, /* memory of another size: an environment, a state */
};

/* What follows ModRM and displacement. */
enum row_immediate {
    IMM_NO,
    IMM_1,   /* nothing; the immediate is 1 */
    IMM_IB,  /* 8 bits, zero-extended */
    IMM_SB,  /* 8 bits, sign-extended */
    IMM_IW,  /* 16 bits, zero-extended */
    IMM_IZ,  /* 16 or 32 bits by operand size, sign-extended */
    IMM_WB,  /* 16 bits, then 8 bits (immediate2), zero-extended: ENTER */
    IMM_MO,  /* an offset of address size: a memory operand without registers */
    IMM_FAR, /* offset by operand size, then selector (immediate2) */
    IMM_JB,  /* 8-bit branch displacement */
    IMM_JZ,  /* 16- or 32-bit branch displacement by operand size */
};

struct lift;
struct row_shape {
    uint8_t map, opcode, opcode_last; /* map: enum row_map */
    uint8_t encoding, size, immediate;
    bool digits[8];                   /* values of ModRM.reg that select it */
    uint8_t op, arg;                  /* the lifter's parameters */
    void (*lifter)(struct lift *);
};
extern const struct row_shape x86_shapes[ROWS];

/* Whether the next row is this one's mnemonic at size 16, and which size that is. */
enum row_twin { ROW_TWIN_NONE, ROW_TWIN_OPERAND, ROW_TWIN_ADDRESS };
extern const uint8_t x86_row_twin[ROWS];

/* The context word, a field at a time. */
enum {
#define CONTEXT(name, low, width, meaning) ROW_CONTEXT_##name = low,
#include "hwsim/isa/context.def"
#undef CONTEXT
};
static inline bool row_context(uint64_t context, unsigned bit) { return context >> bit & 1; }

#endif
