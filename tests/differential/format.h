/* format.h -- the file of random sequences, shared by who writes it (sequences.c) and who runs it (runner.c, 32-bit, on
 * the host's processor or under covm). Little-endian words.
 */
#ifndef DIFFERENTIAL_FORMAT_H
#define DIFFERENTIAL_FORMAT_H

#include <stdint.h>

/* The guest's address space while sequences run. The file is loaded at CODE_BASE + CODE_FILE; what lies before it is
 * the way out: each sequence ends in a jump to CODE_BASE. Three data pages, the last read-only, nothing around them. */
enum { CODE_BASE = 0x20000000, CODE_FILE = 0x1000, DATA_BASE = 0x30000000, DATA_PAGES = 3 };
/* The part of the data that is filled before and hashed after each run: it straddles a page boundary. */
enum { WINDOW_BASE = DATA_BASE + 0x0e00, WINDOW_WORDS = 256, WINDOW_MIDDLE = DATA_BASE + 0x1000 };

/* The runner's exit code where a sequence does not end in that many seconds. */
enum { EXIT_LOOPS = 3, LOOP_SECONDS = 5 };

struct sequence_header {
    uint32_t bytes;       /* of this header and its code, a multiple of 16 */
    uint32_t runs;        /* how often, with fresh registers and memory each time */
    uint32_t seed;        /* of registers and memory */
    uint32_t end_flags;   /* EFLAGS bits to compare where it runs to its end */
    uint32_t fault_flags; /* ... and where it faults */
    uint32_t floats;      /* enum enter_floats: what is set before each run, and compared */
    uint32_t status;      /* FSW bits to compare */
    uint32_t unused;
    uint8_t code[];
};

/* What is known after one run. */
struct sequence_record {
    uint32_t trap, error, address, eip; /* trap ~0: ran to its end, then the other three are 0 */
    uint32_t flags, reg[8];             /* registers in x86's order */
    uint32_t memory;                    /* hash of the window */
    /* Floating point, as far as the sequence has any; else zero. Not FIP, FDP, FOP: AMD's forget them when the state is
     * saved by XSAVE, and a kernel may do that at any time. */
    uint32_t control, status, tags, mxcsr; /* tags: FNSAVE's */
    uint8_t st[8][10], xmm[8][16];
};

#endif
