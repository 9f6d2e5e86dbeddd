/* ir.h -- the intermediate representation: what an x86 instruction means, before the machine's registers and bundles.
 *
 * Pure operations are the atoms of hwsim/isa/atoms.def and so are loads, stores and probes; above them there are only
 * guest state (get, put), guest instruction boundaries (mark), traps and exits. Values are assigned once. An operation
 * has up to two results under one reference: an integer, and x86 flags where `fmask` is not 0; operand `f` names the
 * operation whose flags are read, operands a, b, c the ones whose integers are. Reference 0 is the constant zero (and,
 * as `f`, all flags clear).
 *
 * Vector values are a third kind of result: an operation gives an integer or a vector, never both. Operands that are
 * vectors are those that the atom's shape says (isa.h), the value of a vector home, and what a vector store stores; they
 * are never reference 0. Floating-point atoms give their status as their flags result.
 *
 * Sizes: an operation cuts its operands to its size and zero-extends its result to 64 bits, so that AL of EAX needs no
 * extraction. Memory operations address [a + imm], wrapped to 32 bits outside 64-bit mode.
 *
 * Life of a region: the lifter appends straight-line code per guest instruction (get ... put); the promotion pass turns
 * gets and puts into values, and gives each exit the map from homes to values that its stub must establish.
 *
 * Text form (ir_print writes it, ir_parse reads it), one operation a line:
 *     mark 0x08048000 3
 *     %1 = get eax
 *     %2 = add.4 %1, 8 ; flags CPAZSO            partial: `; flags CPAZO = %1`
 *     %3 = ld.4 [%2 + 16]
 *     st.4 ss[%2 - 4], %3                        through the stack segment (enum ir_access_kind)
 *     %4 = ldv.16 [%2], aligned
 *     %5 = vadd.4 %4, %4, half
 *     %6 = vfadd.ps %4, %5, %1 ; status
 *     put eax, %3
 *     putf %2
 *     trapif z, %2, 0
 *     exitif nz, %2, 0x08048100
 *     exit jump 0x08048200
 * and after promotion, an exit by its number with the map that its stub establishes:
 *     exitif nz, %2, 0x08048100 #0
 *     #0 jump 0x08048100 insns 3 eax=%3 flags=%2
 *
 * A promoted region has no put and no putf; a get, wherever it stands, is the home's value at the region's entry. Marks
 * stay (they cost nothing): an operation belongs to the last mark before it.
 */
#ifndef COVM_IR_H
#define COVM_IR_H

#include "hwsim/base/arena.h"
#include "hwsim/isa/isa.h"
#include "hwsim/isa/vreg.h"

typedef uint16_t ir_ref; /* index of the defining operation in its region; 0: none */

enum ir_op {
    /* 0 .. ATOM_OPS-1: atoms (pure ones, LD, LDS, ST, PROBE, NOP) */
    IR_MARK = ATOM_OPS, /* a guest instruction begins: imm its address, c its length in bytes */
    IR_GET,             /* integer result: home number imm */
    IR_PUT,             /* home number imm = a */
    IR_GETF,            /* flags result: the arithmetic flags */
    IR_PUTF,            /* the arithmetic flags = flags of f (all six) */
    IR_TRAP,            /* exception, always: imm is the vector, from bit 8 on the error code */
    IR_TRAPIF,          /* exception imm where cond holds of f */
    IR_EXITIF,          /* leave for address imm where cond holds of f; the instruction has then been retired */
    IR_EXIT,            /* leave, always: `kind` says how */
    IR_HELPER,          /* interpreter only: C helper number imm (translate/x86/helpers.def), its operands a, b, c */
    IR_PUSH_RETURN,     /* a call whose target the region goes on with: push return address imm on the DRAS. Only the
                           predictor sees it; stays in order with exits. (A call that leaves is an IR_EXIT instead.) */
    IR_OPS
};

/* How an IR_EXIT leaves. Unless said otherwise the instruction retires. */
enum ir_exit_kind {
    IR_JUMP,          /* to imm */
    IR_CALL,          /* to imm, a call: the return address is the end of its instruction */
    IR_JUMP_INDIRECT, /* to a */
    IR_CALL_INDIRECT, /* to a, a call */
    IR_RETURN,        /* to a, a return */
    IR_REPEAT,        /* an iteration of a REP instruction ends, EIP stays on it; not retired */
    IR_DISPATCH,      /* to the end of the instruction, through the dispatcher: the context word may have changed */
    IR_SYSTEM,        /* a system call: retired, EIP behind it, then the platform acts */
    IR_SOFTINT,       /* INT3, INTO, INT n: EIP behind it, then exception imm, as a trap */
    IR_INTERPRET,     /* the instruction at imm is not part of the region: interpret it */
    IR_EXIT_KINDS
};

/* What a memory operation's `kind` says, bits: it goes through the stack segment, beyond whose limit is #SS, not #GP; the
 * address must be a multiple of 16. A vector atom's: the MMX form. */
enum ir_access_kind { IR_DATA = 0, IR_STACK = 1, IR_ALIGNED = 2 };
enum { IR_HALF = 1 };

struct ir_insn {
    uint8_t op;     /* enum ir_op */
    uint8_t size;   /* enum size */
    uint8_t cond;   /* enum cond */
    uint8_t fmask;  /* enum flag_mask bits of the flags result that are new; the others come from f */
    uint8_t kind;   /* IR_EXIT: enum ir_exit_kind; memory operations: enum ir_access_kind; vector atoms: IR_HALF */
    bool use_imm;   /* operand b is imm */
    uint16_t guest; /* ordinal of the guest instruction in its region */
    ir_ref a, b, c, f;
    int64_t imm;
};

/* Where a region leaves (after promotion: IR_EXITIF and IR_EXIT then name it by `c`). */
struct ir_exit {
    uint8_t kind;              /* enum ir_exit_kind; an EXITIF is IR_JUMP */
    uint64_t target;           /* guest address, where it is known */
    ir_ref target_value;       /* where it is not */
    uint64_t return_address;   /* calls */
    uint16_t insns;            /* guest instructions retired since the region's entry (or its last commit) */
    ir_ref homes[HOME_COUNT];  /* value that each home must hold; 0: unchanged since entry */
    ir_ref flags;              /* operation whose flags f0 must hold; 0: unchanged since entry */
};

struct ir_guest_insn {
    uint64_t address;
    uint8_t length;
};

struct ir_region {
    struct arena *arena;
    struct ir_insn *insns;     /* [0] is unused, so that reference 0 means none */
    unsigned count, capacity;  /* insns[1 .. count-1] */
    struct ir_exit *exits;     /* filled by promotion */
    unsigned exit_count;
    struct ir_guest_insn *guest;
    unsigned guest_count, guest_capacity;
    uint64_t context;          /* the context word it assumes */
    uint16_t fpu;              /* lifting: the x87 stack (home FTW) at this point, which the context gave at the start */
    struct ir_insn *spare;     /* room for `capacity` operations, for passes that rebuild the region */
    bool promoted;
    bool full;                 /* something did not fit: the region cannot be used */
};

/* ---- builder ---- */
/* A region with room for `capacity` operations and `guest_capacity` guest instructions in the arena; false if full. */
bool ir_region_init(struct ir_region *region, struct arena *arena, unsigned capacity, unsigned guest_capacity,
                    uint64_t context);
/* Appends a copy of *insn; returns its reference (0, and region->full, when there is no room). `guest` is filled in
 * here: an IR_MARK opens the next guest instruction (guest[] gets its address and length), the rest belong to the
 * last one. */
ir_ref ir_append(struct ir_region *region, struct ir_insn insn);

static inline bool ir_is_atom(unsigned op) { return op < ATOM_OPS; }
static inline bool ir_is_pure(unsigned op) { return ir_is_atom(op) && atom_table[op].properties & ATOM_PURE; }
/* Is its result a vector? Which of a, b, c are (enum ir_operand bits)? */
bool ir_gives_vector(const struct ir_insn *insn);
unsigned ir_vector_operands(const struct ir_insn *insn);
/* Of loads and stores. */
static inline bool ir_is_load(unsigned op) { return op == ATOM_LD || op == ATOM_LDS || op == ATOM_LDV; }
static inline bool ir_is_store(unsigned op) { return op == ATOM_ST || op == ATOM_STV; }
static inline unsigned ir_access_bytes(const struct ir_insn *insn)
{
    return insn->op == ATOM_LDV || insn->op == ATOM_STV ? vector_bytes(insn->size) : 1u << insn->size;
}
/* Entries of the gated store buffer that an operation takes: each holds 8 bytes. */
static inline unsigned ir_gate_entries(const struct ir_insn *insn)
{
    return ir_is_store(insn->op) ? (ir_access_bytes(insn) + 7) / 8 : 0;
}
/* May it leave the region other than by falling through (fault, trap, exit)? Does it have an integer or vector result? Must it
 * stay? */
bool ir_may_fault(const struct ir_insn *insn);
bool ir_has_value(const struct ir_insn *insn);
bool ir_is_root(const struct ir_insn *insn);
static inline bool ir_has_flags(const struct ir_insn *insn) { return insn->fmask || insn->op == IR_GETF; }
/* Which of a, b, c, f it reads: enum ir_operand bits. `f` counts where it may matter, b unless
 * it is an immediate. */
enum ir_operand { IR_READS_A = 1, IR_READS_B = 2, IR_READS_C = 4, IR_READS_F = 8 };
unsigned ir_operands(const struct ir_insn *insn);
/* Which flags of f it reads (enum flag_mask), when of its own flags result only `wanted` are of interest. */
unsigned ir_flags_read(const struct ir_insn *insn, unsigned wanted);
/* Which flags an atom's rule computes; those it does not, it passes on from f even where fmask has them. */
unsigned ir_flags_computed(unsigned op);
/* May it be a shift or rotate by 0, which leaves the flags as f has them? */
bool ir_count_may_be_zero(const struct ir_insn *insn);

/* ---- verifier ---- */
/* NULL if the region is well formed, else what is wrong with which operation (static string; *at: the reference).
 * Holds the rules of DESIGN section 4: operands defined before use; within a guest instruction nothing that may fault
 * follows a put, putf or store, unless a probe or an earlier access has covered it; nothing follows IR_EXIT. */
const char *ir_verify(const struct ir_region *region, ir_ref *at);

/* ---- evaluator ---- */
/* What evaluation acts upon. Memory callbacks return false when the access was refused (fault, protection): evaluation
 * then stops with IR_REFUSED and has changed nothing since the instruction began (the verifier's rule). */
struct ir_machine {
    uint64_t *r;  /* homes, by number */
    uint16_t *f0;
    void *cookie;
    bool (*load)(void *cookie, uint64_t address, unsigned size, uint64_t *value);
    bool (*store)(void *cookie, uint64_t address, unsigned size, uint64_t value);
    bool (*probe)(void *cookie, uint64_t address, unsigned size);
    /* What follows may be NULL where the operations use no vectors. */
    struct vreg *v;       /* vector homes, by number from HOME_INTEGERS on */
    struct vreg *vectors; /* scratch, for as many operations as `values` */
    bool (*load_vector)(void *cookie, uint64_t address, unsigned bytes, bool aligned, struct vreg *value);
    bool (*store_vector)(void *cookie, uint64_t address, unsigned bytes, bool aligned, const struct vreg *value);
    /* Evaluates a vector atom; false: an unmasked floating-point exception. */
    bool (*vector)(void *cookie, struct vector_atom *atom);
};
enum ir_outcome {
    IR_FELL_THROUGH, /* ran off the end */
    IR_EXITED,       /* at an EXIT or EXITIF: result->at names it */
    IR_TRAPPED,      /* result->value: the vector */
    IR_REFUSED,      /* a memory callback said no */
    IR_CALLS_HELPER, /* result->value: the helper's number */
    IR_FLOAT_ERROR,  /* FMERGE or XMERGE, result->at, met an unmasked exception; result->value: the status; its own value
                        is there all the same */
};
struct ir_eval_result {
    ir_ref at;
    uint64_t value;  /* IR_EXITED: the guest address to go to (computed for indirect kinds) */
};
/* Evaluates insns[from .. count-1]; `values` and `flags` are scratch for `count` entries each. */
enum ir_outcome ir_eval(const struct ir_insn *insns, unsigned count, const struct ir_machine *machine,
                        uint64_t *values, uint16_t *flags, struct ir_eval_result *result);
/* Goes on behind an FMERGE at which it stopped with IR_FLOAT_ERROR, values[at] now being what the caller made it. */
enum ir_outcome ir_eval_on(const struct ir_insn *insns, ir_ref at, unsigned count, const struct ir_machine *machine,
                           uint64_t *values, uint16_t *flags, struct ir_eval_result *result);
/* The same for a region, promoted or not: where a promoted one exits, its map is applied to the homes. */
enum ir_outcome ir_eval_region(const struct ir_region *region, const struct ir_machine *machine,
                               uint64_t *values, uint16_t *flags, struct ir_eval_result *result);

#endif
