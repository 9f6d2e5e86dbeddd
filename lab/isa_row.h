/* isa_row.h -- what covm makes of an instruction: found by lifting it. */
#ifndef COVM_ISA_ROW_H
#define COVM_ISA_ROW_H

#include "hwsim/isa/context.h"
#include "translate/x86/x86.h"

/* A user program's flat 32-bit code, on the latest processor of cpus.def. */
#define ISA_CONTEXT                                                                                                    \
    (UINT64_C(3) << CONTEXT_CPL_LOW | UINT64_C(1) << CONTEXT_CODE32_LOW | UINT64_C(1) << CONTEXT_STACK32_LOW)

enum isa_way {
    ISA_LIFTED, /* to IR that is translated too */
    ISA_HELPER, /* to a C helper of the interpreter */
    ISA_TRAPS,  /* to an exception, always */
};
struct isa_row {
    enum isa_way way;
    unsigned what; /* the helper's number (enum x86_helper), the exception's vector */
};
struct isa_row isa_row_of(const struct x86_insn *insn);
/* The first processor that has the row, as guest.cpu names it. */
enum cpu isa_row_cpu(unsigned row);
const char *isa_cpu_key(enum cpu cpu);

#endif
