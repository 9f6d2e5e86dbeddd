/* enter.h -- lets a 32-bit guest program jump into code with every register and flag of its choice, and get all of them
 * back where that code ends (a jump to enter_exit) or faults.
 */
#ifndef DIFFERENTIAL_ENTER_H
#define DIFFERENTIAL_ENTER_H

#include <stdint.h>

/* Which floating-point state is entered with and given back. */
enum enter_floats { ENTER_INTEGERS, ENTER_X87, ENTER_SSE };
enum { FSAVE_BYTES = 108, FXSAVE_BYTES = 512 };

struct enter_state {
    uint32_t reg[8], flags; /* registers in x86's order */
    uint32_t floats;        /* enum enter_floats. ENTER_X87: FRSTOR, FNSAVE; ENTER_SSE: FXRSTOR, then FXSAVE and FNSAVE */
    _Alignas(16) uint8_t fsave[FSAVE_BYTES];
    _Alignas(16) uint8_t fxsave[FXSAVE_BYTES];
};
struct enter_fault {
    uint32_t trap, error, address, eip; /* trap ~0: ran to its end, then the other three are 0; address: of a page fault */
};

/* Once, before the first `enter`: faults are caught from here on, on a stack of their own. */
void enter_catch_faults(void);
/* Runs the code at `entry` from *state; *state is then what it left. */
void enter(struct enter_state *state, const void *entry, struct enter_fault *fault);
/* Where the code jumps when it is done. */
void enter_exit(void);

#endif
