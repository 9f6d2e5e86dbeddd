/* isa.h -- the VLIW as a compiler sees it: registers, atoms, bundles and their encoding.
 *
 * Registers: r0-r47 shadowed, r48-r62 not, r63 reads zero and swallows writes. v0-v31 shadowed, v32-v63 not. f0-f7 hold
 * x86's arithmetic flags in x86's bit positions; f0 is the shadowed home. A floating-point status takes one, too; atoms
 * that pass flags on pass the arithmetic ones alone.
 *
 * A bundle is the atoms up to and including one with `stop` set; all of them read before any of them writes, and a
 * taken branch takes effect after the whole bundle. Two atoms of a bundle never write the same register, and at most
 * one of them transfers control. Loads of a bundle read memory before its stores write; its checks of the alias table
 * come before its loads arm entries. A rollback (fault, assert, alias, protection) goes before a taken branch of its
 * bundle.
 *
 * Alias entries. A load names one that it arms with its address range. Under the mask scheme the entries have fixed
 * numbers, and a store checks those of a mask. In the queue they are counted from where it begins, which `rotate` moves
 * on, once the bundle is over: a store checks all entries from one on. In the ALAT entries have fixed numbers and
 * stores name none: each removes all whose range it overlaps, and `chka` rolls back where its entry is not there, else
 * takes it out. All `chka` of a bundle come before its stores remove, and these before its loads arm. Commits and
 * rollbacks disarm all entries.
 *
 * A commit covers its whole bundle: the register writes and stores of all atoms beside it are part of what it makes
 * permanent, wherever it stands among them, and it issues when none of them, nor any older atom, can still roll back.
 * The EIP home takes the value of the commit-table entry; with COMMIT_DYNAMIC it keeps what the atoms left in it. No
 * bundle holds both a commit and a brc; another transfer beside a commit takes place after it (and after the event that
 * it may find).
 *
 * With exposed latencies a result is there `latency` bundles after its atom's (a miss stops all issue until it is
 * paid), and until then its register is neither read nor written; whoever leaves a translation has waited until every
 * result is there for the bundle that runs next.
 *
 * Encoding (little-endian words; an atom is one word, an extension word where it needs one, check words, then 0 to 2
 * immediate words):
 *
 *     31   30  29 28  27 26  25     24 ... 19  18 ... 13  12 ... 7   6 ... 0
 *     stop ext imm    size   brief  rb         ra         rd         opcode
 *
 *     imm: 0 b is register rb; 1 b is the rb field, a signed 6-bit number; 2 one sign-extended word; 3 two words
 *     ext, register atoms: 2..0 fd, 5..3 fs, 11..6 flag write mask (C P A Z S O from bit 6), 15..12 cond, 21..16 rc
 *     ext, memory atoms:   1..0 space, 2 gated, 4..3 wrap, 11..5 protect or check from (0 none, else entry + 1), 12
 *                          checks (the next word is the low half of the check mask), 13 (with 12: and the one after
 *                          that its high half), 14 aligned: #GP where the address is no multiple of 16
 *     ext, vector atoms:   always there; the opcode field is 127. 7..0 which vector atom, 15..8 the 8-bit immediate, 16
 *                          half, 19..17 fd, 22..20 fs, 23 the status is written, 29..24 rc
 *     brief, register atoms: no extension word: all six flags are written to f0, from f0
 *            memory atoms:   no extension word: user space, 32-bit wrap, gated (neither brief nor ext: not gated)
 *
 * Formats that differ (all fields not named are zero):
 *     LOAD, PROBE  imm 0: no offset; 1 to 3: the offset, as b above
 *     STORE        rb the register stored; imm 1: the offset is the rd field (LOADV, STOREV: the same, of a vector register)
 *     COUNT        imm 1 to 3: the number, as b above
 *     RCOND, RF    the rb field is cond, the ra field fs; no ext
 *     JUMPC, COND  13..11 fs, 10..7 cond; JUMPC: imm 1: 27..14 is the signed displacement / 4; imm 2: one word is
 *     TABLE        imm 1: 27..7 is the signed displacement / 4; imm 2: one word is
 *     JUMP, EXIT   always three words: ext (the exit reason, 0 for JUMP), then one word (imm 2), displacement or number
 *     PUSH         register ra or immediate (as b) is the SPC; ext is the displacement of the TPC
 *
 * Every atom has exactly one encoding: immediates, mask words, displacements take their shortest form, an extension
 * word that brief or its absence can express is left out. The decoder refuses everything else. Displacements are
 * multiples of 4.
 */
#ifndef COVM_ISA_H
#define COVM_ISA_H

#include "hwsim/base/base.h"

enum { REG_COUNT = 64, REG_SHADOWED = 48, REG_ZERO = 63, FLAG_COUNT = 8, VREG_COUNT = 64, VREG_SHADOWED = 32 };
enum { REG_TEMP_FIRST = 32, REG_TEMP_COUNT = 31 };  /* r32..r62 are nobody's home */
enum { VREG_TEMP_FIRST = 24, VREG_TEMP_COUNT = 40 }; /* nor are v24..v63 */
/* Software numbers both files through: r0-r63 are 0-63, v0-v63 are 64-127. */
enum { REG_VECTOR = REG_COUNT, REGS_ALL = REG_COUNT + VREG_COUNT };
enum { BUNDLE_ATOMS_MAX = 16, ATOM_WORDS_MAX = 6 };

enum { HOME_INTEGERS = 32 }; /* the homes below are in general registers, from here on in vector registers */
enum home {
#define HOME(name, reg, meaning) HOME_##name = reg,
#define VECTOR_HOME(name, reg, meaning) HOME_##name = HOME_INTEGERS + reg,
#include "hwsim/isa/homes.def"
#undef HOME
    HOME_COUNT
};
static inline unsigned home_reg(unsigned home) { return home < HOME_INTEGERS ? home : home - HOME_INTEGERS + REG_VECTOR; }

/* Processors that the guest may find, by what they can do (cpus.def). */
enum cpu {
#define CPU(name, ...) CPU_##name,
#include "hwsim/isa/cpus.def"
#undef CPU
    CPUS
};
/* What CPUID tells of one: its leaf 0, and leaf 1's EAX, EDX and ECX. */
struct cpu_features {
    char vendor[16];
    uint32_t signature, edx, ecx;
};
struct cpu_features cpu_features(enum cpu cpu);

enum exception_vector {
#define EXCEPTION(name, vector, meaning) VECTOR_##name = vector,
#include "hwsim/isa/exceptions.def"
#undef EXCEPTION
    VECTOR_LINUX = 0x80 /* no exception: INT that calls the system */
};

/* Operand sizes: log2 of the bytes. */
enum size { SIZE_8, SIZE_16, SIZE_32, SIZE_64 };

/* x86's arithmetic flags in x86's positions, and the 6-bit write mask of an atom (bit order C P A Z S O). */
enum flag { FLAG_CF = 0x001, FLAG_PF = 0x004, FLAG_AF = 0x010, FLAG_ZF = 0x040, FLAG_SF = 0x080, FLAG_OF = 0x800 };
enum { ATOM_FLAGS = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF };
enum flag_mask { MASK_C = 1, MASK_P = 2, MASK_A = 4, MASK_Z = 8, MASK_S = 16, MASK_O = 32, MASK_ALL = 63 };

/* Conditions, numbered as in x86's Jcc; a condition's negation is its number ^ 1. */
enum cond { COND_O, COND_NO, COND_B, COND_NB, COND_Z, COND_NZ, COND_BE, COND_NBE,
            COND_S, COND_NS, COND_P, COND_NP, COND_L, COND_NL, COND_LE, COND_NLE };

/* Where a memory atom goes, and where its address wraps. */
enum space { SPACE_USER, SPACE_SUPERVISOR, SPACE_PHYSICAL, SPACE_CONCEALED };
enum wrap { WRAP_16, WRAP_32, WRAP_64 };

enum unit_class {
    UNIT_ALU, UNIT_MUL, UNIT_DIV, UNIT_LOAD, UNIT_STORE, UNIT_BRANCH,
    UNIT_FP,   /* floating-point addition, multiplication, comparison, conversion */
    UNIT_FDIV, /* division and square root */
    UNIT_FTRIG, /* transcendental functions */
    UNIT_VEC,  /* packed integers, and whatever moves bits in a vector register */
    UNIT_CLASSES
};

/* Operands of an atom in the order in which the assembler writes them. */
enum atom_format {
    FORMAT_NONE,
    FORMAT_RB,      /* mov.4 r33, b */
    FORMAT_RAB,     /* add.4 r33, r1, b [; fd.CPAZSO = fs] */
    FORMAT_RABF,    /* reads the carry of fs */
    FORMAT_RABC,    /* shld.4 r33, r1, b, r2: b the count, r2 gives the bits shifted in */
    FORMAT_RCOND,   /* setc r33, nz, f1 */
    FORMAT_RABCOND, /* sel.4 r33, r1, b, nz, f1 */
    FORMAT_RF,      /* getf r33, f1 */
    FORMAT_FB,      /* setf f1.CPAZSO = b */
    FORMAT_LOAD,    /* ld.4 r33, user32 [r1 + imm], protect 3 */
    FORMAT_STORE,   /* st.4 user32 [r1 + imm], r2, check 0x8, gated; or: check from 3 */
    FORMAT_PROBE,   /* probe.4 user32 [r1 + imm] */
    FORMAT_JUMP,    /* br +64 */
    FORMAT_JUMPC,   /* brc nz, f1, +64 */
    FORMAT_JUMPR,   /* ret r33; jmpx r33: r33 holds an SPC; where no entry matches, the next bundle runs */
    FORMAT_PUSH,    /* call r33, +64: pushes (SPC in r33 or immediate, TPC) on the DRAS; execution goes on */
    FORMAT_EXIT,    /* exit reason, number */
    FORMAT_TABLE,   /* commit +96: the displacement of a struct commit_entry */
    FORMAT_COND,    /* assert nz, f1 */
    FORMAT_COUNT,   /* rotate 3; chka 3: an entry */
    FORMAT_LOADV,   /* ldv.16 v1, user32 [r1 + imm], aligned, protect 3 */
    FORMAT_STOREV,  /* stv.16 user32 [r1 + imm], v1, aligned, check 0x8, gated */
    FORMAT_VECTOR,  /* vadd.4 v1, v2, v3: which operands there are, and of which file, is the row's shape */
};

/* The operands of a vector atom, in the order of the assembler: result, a, b, c, immediate, source flag register. */
enum atom_shape {
    SHAPE_D = 1, SHAPE_A = 2, SHAPE_B = 4, SHAPE_C = 8,      /* there is such an operand, */
    SHAPE_VD = 16, SHAPE_VA = 32, SHAPE_VB = 64, SHAPE_VC = 128, /* and it is a vector register */
    SHAPE_IMM = 256,    /* 8 bits */
    SHAPE_F = 512,      /* reads flag register fs */
    SHAPE_STATUS = 1024, /* may write a floating-point status (x87's layout), or x86 flags, to fd */
    SHAPE_LANES = 2048, /* size: log2 of the bytes of a lane */
    SHAPE_FORMAT = 4096, /* size: enum float_format: .ps .ss .pd .sd */
    /* Shapes by result, then a, b, c: V vector, X general register, _ none; I immediate; S status. */
    SHAPE_V_V = SHAPE_D | SHAPE_VD | SHAPE_B | SHAPE_VB,
    SHAPE_V_VV = SHAPE_V_V | SHAPE_A | SHAPE_VA,
    SHAPE_V_VVV = SHAPE_V_VV | SHAPE_C | SHAPE_VC,
    SHAPE_V_X = SHAPE_D | SHAPE_VD | SHAPE_B,
    SHAPE_V_VX = SHAPE_V_X | SHAPE_A | SHAPE_VA,
    SHAPE_V_VVXS = SHAPE_V_VV | SHAPE_C | SHAPE_STATUS,
    SHAPE_V_VXS = SHAPE_V_V | SHAPE_C | SHAPE_STATUS,        /* b a vector, c general */
    SHAPE_V_VXXS = SHAPE_V_VX | SHAPE_C | SHAPE_STATUS,
    SHAPE_X_V = SHAPE_D | SHAPE_B | SHAPE_VB,
    SHAPE_X_VXS = SHAPE_X_V | SHAPE_C | SHAPE_STATUS,
    SHAPE___VVS = SHAPE_A | SHAPE_VA | SHAPE_B | SHAPE_VB | SHAPE_STATUS,
    SHAPE___VVXS = SHAPE___VVS | SHAPE_C,
    SHAPE_X_VVXS = SHAPE___VVXS | SHAPE_D,
    SHAPE_X_XXF = SHAPE_D | SHAPE_A | SHAPE_B | SHAPE_F,
};

enum atom_property {
    ATOM_PURE = 1,       /* result depends on operands alone */
    ATOM_MEMORY = 2,
    ATOM_FAULTS = 4,     /* may roll back */
    ATOM_WRITES = 8,     /* writes memory */
    ATOM_TRANSFERS = 16, /* may change the flow of bundles */
    ATOM_ENDS = 32,      /* always leaves the bundle sequence */
    ATOM_COMMITS = 64,
};

enum atom_op {
#define PURE(name, mnemonic, format, unit, latency, flags, value) ATOM_##name,
#define OTHER(name, mnemonic, format, unit, latency, properties) ATOM_##name,
#include "hwsim/isa/atoms.def"
#undef PURE
#undef OTHER
    ATOM_OPS
};
enum { ATOM_VECTOR_FIRST = ATOM_VMOV }; /* vector atoms come last */
static inline bool atom_is_vector(unsigned op) { return op >= ATOM_VECTOR_FIRST && op < ATOM_OPS; }

struct atom_desc {
    const char *mnemonic;
    uint8_t format, unit, latency, properties; /* enum atom_format, unit_class, cycles, atom_property */
    bool sets_flags;                            /* has a flag rule */
    bool keeps_flags;                           /* the rule passes flags of fs on, even under a full write mask */
    uint16_t shape;                             /* enum atom_shape bits, of vector atoms and their loads and stores */
};
extern const struct atom_desc atom_table[ATOM_OPS];

/* An atom, decoded. Which fields mean something follows from its format. Vector registers are numbered from REG_VECTOR. */
struct atom {
    uint8_t op;          /* enum atom_op */
    uint8_t size;        /* enum size */
    uint8_t rd, ra, rb, rc;
    uint8_t fd, fs;
    uint8_t fmask;       /* enum flag_mask bits written to fd; 0: no flags written */
    uint8_t cond;        /* enum cond */
    uint8_t space, wrap; /* enum space, enum wrap */
    uint8_t protect;     /* alias entry + 1 that this load arms, 0 none; in the queue: counted from where it begins */
    uint8_t check_from;  /* queue: a store checks all entries from this one (+ 1) on, 0 none */
    bool gated, use_imm, stop;
    bool aligned;        /* LDV, STV: the address must be a multiple of 16 */
    bool half;           /* vector atoms: the MMX form, 64 bits; the result is an MMX register: 79..64 all ones */
    int64_t imm;         /* b where use_imm; 8-bit immediate of a vector atom; offset of a memory atom (0: none);
                            displacement; exit number; DRAS SPC; entries of ROTATE; entry of CHKA */
    int64_t target;      /* CALL: displacement of the TPC pushed beside imm / ra; EXIT: enum exit_reason */
    uint64_t check;      /* mask: alias entries that this store checks */
};

/* What a commit atom points at. 16 bytes in concealed memory, behind the bundles of its translation. */
struct commit_entry {
    uint64_t eip;   /* written to the EIP home, unless COMMIT_DYNAMIC */
    uint16_t insns; /* guest instructions retired by this commit */
    uint8_t flags;  /* enum commit_flags */
    uint8_t gear;   /* of the translation: whose activity the cycles since the last commit are */
    uint32_t region;/* of the translation: whose account they go to */
};
enum commit_flags {
    COMMIT_DYNAMIC = 1,   /* the EIP home already holds the new EIP */
    COMMIT_ITERATION = 2, /* an iteration of a REP instruction: counted apart */
    COMMIT_LAST = 4,      /* the last iteration of a REP instruction */
};

/* Why a translation's exit atom gives control to the CMS. */
enum exit_reason {
    EXIT_CHAIN,     /* a direct exit, not linked yet: EIP names the next region */
    EXIT_INDIRECT,  /* an indirect exit that found no prediction */
    EXIT_INTERPRET, /* the instruction at EIP is for the interpreter (system call, helper, context change) */
    EXIT_HOT,       /* a profile counter ran out */
    EXIT_STALE,     /* a self-check found that the guest code has changed */
    EXIT_REASONS
};

/* Where a translation may be re-linked: an EXIT atom takes exactly EXIT_BYTES (as does a BR to a 32-bit displacement),
 * and comes first in its bundle, so that one can be patched over the other. */
enum { EXIT_BYTES = 12 };

/* Has the atom an operand size? Those that have none (setc, getf, setf, ...) are evaluated alike at every size. */
bool atom_sized(unsigned op);
/* What an atom reads and writes: a bit per register (never r63), per vector register, and per flag register. */
struct atom_uses {
    uint64_t reads, writes, vreads, vwrites;
    uint8_t flags_read, flags_written;
};
struct atom_uses atom_uses(const struct atom *atom);

/* Encodes at `words` (ATOM_WORDS_MAX free); returns the words written, 0 if a field does not fit its format. Fields
 * that the format does not use are ignored (atom_decode leaves them 0). The length of BRC and COMMIT depends on how far
 * their displacement reaches (one word up to 32 KiB and 4 MiB), that of BR, EXIT and CALL does not. */
unsigned atom_encode(const struct atom *atom, uint32_t *words);
/* Decodes from at most `count` words; returns the words read, 0 if they hold no valid atom. */
unsigned atom_decode(const uint32_t *words, unsigned count, struct atom *atom);
/* Decodes a whole bundle of at most `capacity` atoms; returns its bytes, 0 if malformed (no stop bit within `size` or
 * `capacity`, an invalid atom, a register written twice, two atoms that transfer control or commit). Any bytes at any
 * address will do. */
unsigned bundle_decode(const void *bytes, size_t size, struct atom *atoms, unsigned capacity, unsigned *count);

/* Bytes of a vector load or store by its size: 4, 8, 16; 10 is an extended value. */
static inline unsigned vector_bytes(unsigned size) { return size == SIZE_64 ? 10 : 4u << size; }

/* Value and flags of a pure atom that is no vector atom (atoms.def, atom_eval.h); `fin` and the returned flags in x86 layout. */
struct atom_result {
    uint64_t value;
    uint16_t flags;
};
struct atom_result atom_evaluate(unsigned op, unsigned size, uint64_t a, uint64_t b, uint64_t c, uint16_t fin,
                                 unsigned fmask, unsigned cond);
bool cond_holds(unsigned cond, uint16_t flags);
/* A mask of x86-layout flag bits for a 6-bit write mask, and the flags that a condition reads (6-bit). */
uint16_t flag_bits(unsigned fmask);
unsigned cond_reads(unsigned cond);

#endif
