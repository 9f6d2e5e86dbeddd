/* scan.h -- the code of a program, found and judged before it runs (covm scan). */
#ifndef COVM_SCAN_H
#define COVM_SCAN_H

#include <Zydis/Zydis.h>

#include "lab/elf_symbols.h"

/* How a byte of code was found. */
enum scan_mark {
    SCAN_START = 1,  /* an instruction begins */
    SCAN_INSIDE = 2, /* and goes on */
    SCAN_MAYBE = 4,  /* by sweeping over bytes that no symbol covers and no visible jump or call reaches */
    SCAN_TARGET = 8, /* a jump or call leads here */
    SCAN_CALLED = 16,
};

/* Where a piece of code can be said to be run. */
enum scan_reach {
    SCAN_RUNS,   /* nothing says that it does not */
    SCAN_CHOSEN, /* in a variant for a processor that covm may be */
    SCAN_BEYOND, /* in a variant for a processor that covm is not, or behind the function's own question */
    SCAN_UNSURE, /* SCAN_MAYBE */
    SCAN_REACHES
};

struct scan_area {
    struct elf_code code;
    uint8_t *marks; /* enum scan_mark for each byte */
};

struct scan_function {
    const char *name; /* NULL: a call leads here, and the file has no symbols */
    uint32_t address, size;
    enum scan_reach reach; /* by its name, or for that it asks CPUID itself */
};

struct scan {
    struct elf_file elf;
    struct scan_area *areas;
    unsigned area_count;
    struct scan_function *functions; /* by address */
    unsigned function_count;
    bool stripped;
};

/* An instruction as Zydis has it. */
struct scan_insn {
    ZydisDecodedInstruction zydis;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    uint32_t address;
    const uint8_t *bytes;
    unsigned available, length; /* length 0: neither decoder knows it */
    bool known;                 /* to Zydis; else it is our decoder's alone */
};

/* ---- scan_find.c ---- */
/* Finds code by descent from the entry and from every function, then by sweeping over what is left. */
void scan_find(struct scan *scan);
void scan_free(struct scan *scan);
void scan_decode(const struct scan_area *area, uint32_t offset, struct scan_insn *insn);
/* Target of a direct jump or call. */
bool scan_target(const struct scan_insn *insn, uint32_t *target);
/* Does control never go on behind it? */
bool scan_ends_block(const struct scan_insn *insn);
/* The function that an address belongs to, or NULL. */
const struct scan_function *scan_function_at(const struct scan *scan, uint32_t address);

/* ---- scan_judge.c ---- */
enum scan_class { SCAN_UNSUPPORTED, SCAN_OTHERWISE, SCAN_LEVEL, SCAN_INTERPRETED, SCAN_CALL };
struct scan_site {
    uint32_t address;
    enum scan_reach reach;
};
/* Sites of one thing: a mnemonic, a processor, a system call. */
struct scan_group {
    enum scan_class class;
    char name[48];
    const char *note; /* an extension, a call's fate; or NULL */
    unsigned key;     /* orders the groups of a class: a processor, a call's number; else 0 */
    bool bad;         /* the program may not work for it */
    unsigned counts[SCAN_REACHES];
    struct scan_site *sites; /* by address */
    unsigned site_count, site_capacity;
};
struct scan_report {
    struct scan_group *groups; /* by class, then key, then count */
    unsigned group_count;
    unsigned insns[SCAN_REACHES];
};
void scan_judge(struct scan *scan, struct scan_report *report);
void scan_report_free(struct scan_report *report);

/* ---- scan_calls.c ---- */
/* What is known of the registers at a place, for the number of a system call. */
struct scan_constants {
    uint32_t value[8], known[8]; /* known: which bits */
    bool pushed;                 /* the instruction before pushed `push` */
    uint32_t push;
};
/* Is it a system call (INT 0x80, the vDSO's entry, a C library's common stub)? */
bool scan_is_call(const struct scan *scan, const struct scan_insn *insn);
/* The call's group. */
struct scan_group scan_call_group(const struct scan_constants *constants);
/* What `insn` makes of them. */
void scan_follow(const struct scan *scan, struct scan_constants *constants, const struct scan_insn *insn);

#endif
