/* Each pass on IR text: what goes in and what comes out, exactly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/ir_random.h"
#include "translate/passes/passes.h"

enum { ARENA_BYTES = 4 << 20 };

struct example {
    void (*pass)(struct ir_region *region, const struct tr_request *request);
    bool base_offset;
    const char *before, *after;
};

static const struct example examples[] = {
    /* Values instead of gets and puts; each exit has its map; a put of what was there counts as unchanged. */
    {pass_promote, false,
     "mark 0x1000 2\n"
     "%2 = get eax\n"
     "%3 = get ecx\n"
     "%4 = add.4 %2, %3 ; flags CPAZSO\n"
     "put eax, %4\n"
     "putf %4\n"
     "mark 0x1002 2\n"
     "%8 = flags\n"
     "exitif z, %8, 0x2000\n"
     "mark 0x1004 1\n"
     "%11 = get eax\n"
     "put edx, %11\n"
     "put ecx, %3\n"
     "put ebx, %0\n"
     "push_return 0x1005\n"
     "mark 0x1005 5\n"
     "exit call 0x3000\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get eax\n"
     "    %3 = get ecx\n"
     "    %4 = add.4 %2, %3 ; flags CPAZSO\n"
     "mark 0x00001002 2\n"
     "    exitif z, %4, 0x00002000 #0\n"
     "mark 0x00001004 1\n"
     "    %8 = mov.4 0\n"
     "    push_return 0x00001005\n"
     "mark 0x00001005 5\n"
     "    exit call 0x00003000 #1\n"
     "#0 jump 0x00002000 insns 2 eax=%4 flags=%4\n"
     "#1 call 0x00003000 return 0x0000100a insns 4 eax=%4 edx=%4 ebx=%8 flags=%4\n"},
    /* An iteration of a REP instruction does not retire it; its other exits do. */
    {pass_promote, false,
     "mark 0x1000 2\n"
     "%2 = get ecx\n"
     "%3 = sub.4 %2, 1 ; flags CPAZSO\n"
     "put ecx, %3\n"
     "exitif z, %3, 0x1002\n"
     "exit repeat\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get ecx\n"
     "    %3 = sub.4 %2, 1 ; flags CPAZSO\n"
     "    exitif z, %3, 0x00001002 #0\n"
     "    exit repeat #1\n"
     "#0 jump 0x00001002 insns 1 ecx=%3\n"
     "#1 repeat 0x00001000 insns 0 ecx=%3\n"},
    /* Flags merged from the entry's. */
    {pass_promote, false,
     "mark 0x1000 1\n"
     "%2 = flags\n"
     "%3 = get esi\n"
     "%4 = add.4 %3, 1 ; flags PAZSO = %2\n"
     "put esi, %4\n"
     "putf %4\n"
     "exit interpret 0x1001\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 1\n"
     "    %2 = flags\n"
     "    %3 = get esi\n"
     "    %4 = add.4 %3, 1 ; flags PAZSO = %2\n"
     "    exit interpret 0x00001001 #0\n"
     "#0 interpret 0x00001001 insns 1 esi=%4 flags=%4\n"},
    /* Constants fold, integer and flags apart: xor r, r. */
    {pass_copy, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get eax\n"
     "%3 = xor.4 %2, %2 ; flags CPAZSO\n"
     "%4 = add.4 %3, 5\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%3 ecx=%4 flags=%3\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get eax\n"
     "    %3 = mov.4 0\n"
     "    %4 = setf.4 68 ; flags CPAZSO\n"
     "    %5 = mov.4 5\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 eax=%3 ecx=%5 flags=%4\n"},
    /* A status word has no operand size: the condition bits that FXAM replaces are cleared first. */
    {pass_copy, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get fsw\n"
     "%3 = get fcw\n"
     "%4 = get x87_r7\n"
     "%5 = ftod %4, %3 ; status\n"
     "%6 = fmerge %2, %3, 2, %5\n"
     "%7 = and.4 %6, -18177\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 fsw=%7\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get fsw\n"
     "    %3 = get fcw\n"
     "    %4 = get x87_r7\n"
     "    %5 = ftod %4, %3 ; status\n"
     "    %6 = fmerge %2, %3, 2, %5\n"
     "    %7 = and.4 %6, -18177\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 fsw=%7\n"},
    /* Additions of constants gather, in addresses too, and wrap at 32 bits. */
    {pass_copy, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get esp\n"
     "%3 = sub.4 %2, 4\n"
     "%4 = sub.4 %3, 4\n"
     "%5 = add.4 %4, 0x7ffffff8\n"
     "st.4 [%4 + 2], %3\n"
     "%7 = ld.4 [%5 + 0x7fffffff]\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 ecx=%7 esp=%4 ebp=%5\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get esp\n"
     "    %3 = add.4 %2, -4\n"
     "    %4 = add.4 %2, -8\n"
     "    %5 = add.4 %2, 0x7ffffff0\n"
     "    st.4 [%2 - 6], %3\n"
     "    %7 = ld.4 [%2 - 17]\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 ecx=%7 esp=%4 ebp=%5\n"},
    /* A flag-writing addition keeps its operand; what adds to it looks through. */
    {pass_copy, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get esp\n"
     "%3 = add.4 %2, 4\n"
     "%4 = add.4 %3, 16 ; flags CPAZSO\n"
     "%5 = ld.4 [%4 + 1]\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 ecx=%5 esp=%4 flags=%4\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get esp\n"
     "    %3 = add.4 %2, 4\n"
     "    %4 = add.4 %3, 16 ; flags CPAZSO\n"
     "    %5 = ld.4 [%2 + 21]\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 ecx=%5 esp=%4 flags=%4\n"},
    /* Narrow operands come from before the inserts; inserts over inserts forget the older. */
    {pass_copy, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get eax\n"
     "%3 = get ecx\n"
     "%4 = ins8.4 %2, %3\n"
     "%5 = and.1 %4, %4 ; flags CPAZSO\n"
     "%6 = zx8.4 %4\n"
     "%7 = ins8.4 %4, %5\n"
     "st.1 [%2], %7\n"
     "%9 = insh.4 %7, 3\n"
     "%10 = exth.4 %9\n"
     "%11 = mov.2 %7\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%9 edx=%6 ebx=%10 esi=%11 flags=%5\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get eax\n"
     "    %3 = get ecx\n"
     "    %4 = ins8.4 %2, %3\n"
     "    %5 = and.1 %3, %3 ; flags CPAZSO\n"
     "    %6 = mov.1 %3\n"
     "    %7 = mov.1 %3\n"
     "    %8 = ins8.4 %2, %3\n"
     "    st.1 [%2], %3\n"
     "    %10 = insh.4 %8, 3\n"
     "    %11 = exth.4 %10\n"
     "    %12 = mov.2 %8\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 eax=%10 edx=%7 ebx=%11 esi=%12 flags=%5\n"},
    /* Shifts become part of additions, multiplications shifts and additions, divisions shifts and masks. */
    {pass_copy, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get eax\n"
     "%3 = get ecx\n"
     "%4 = shl.4 %2, 2\n"
     "%5 = add.4 %4, %3\n"
     "%6 = mul.4 %2, 8\n"
     "%7 = mul.4 %2, 5\n"
     "%8 = mul.4 %2, 8 ; flags CO\n"
     "%9 = divu.4 %2, 16\n"
     "%10 = remu.4 %2, 16\n"
     "%11 = sh2add.4 %3, 3\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%5 ecx=%6 edx=%7 ebx=%8 esi=%9 edi=%10 ebp=%11\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get eax\n"
     "    %3 = get ecx\n"
     "    %4 = shl.4 %2, 2\n"
     "    %5 = sh2add.4 %3, %2\n"
     "    %6 = shl.4 %2, 3\n"
     "    %7 = sh2add.4 %2, %2\n"
     "    %8 = mul.4 %2, 8 ; flags CO\n"
     "    %9 = shr.4 %2, 4\n"
     "    %10 = and.4 %2, 15\n"
     "    %11 = add.4 %3, 12\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 eax=%5 ecx=%6 edx=%7 ebx=%8 ebp=%11 esi=%9 edi=%10\n"},
    /* Known conditions: a side exit that is never taken goes, one that always is ends the region. */
    {pass_copy, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get eax\n"
     "%3 = and.4 %2, 0 ; flags C\n"
     "%4 = sub.4 %0, 0 ; flags CPAZSO\n"
     "%5 = sel.4 %2, %3, z, %4\n"
     "%6 = setc.1 nz, %4\n"
     "exitif nz, %4, 0x2000 #0\n"
     "trapif s, %4, 0\n"
     "exitif z, %4, 0x3000 #1\n"
     "st.4 [%2], %2\n"
     "exit jump 0x1002 #2\n"
     "#0 jump 0x2000 insns 1\n"
     "#1 jump 0x3000 insns 1 ebx=%2 ecx=%5 edx=%6\n"
     "#2 jump 0x1002 insns 1\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get eax\n"
     "    %3 = and.4 %2, 0 ; flags C\n"
     "    %4 = mov.4 0\n"
     "    %5 = mov.4 0\n"
     "    %6 = setf.4 68 ; flags CPAZSO\n"
     "    %7 = mov.4 0\n"
     "    exit jump 0x00003000 #0\n"
     "#0 jump 0x00003000 insns 1 ecx=%2 edx=%7 ebx=%2\n"},
    /* Readers of flags look past those who leave them alone; a shift by zero leaves all alone. */
    {pass_copy, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get ecx\n"
     "%3 = flags\n"
     "%4 = add.4 %2, 1 ; flags PAZSO = %3\n"
     "%5 = shl.4 %4, 32 ; flags CPAZSO = %4\n"
     "%6 = adc.4 %5, 0, %5\n"
     "exitif b, %5, 0x2000 #0\n"
     "exit jump 0x1002 #1\n"
     "#0 jump 0x2000 insns 1 ecx=%6 flags=%5\n"
     "#1 jump 0x1002 insns 1 ecx=%6 flags=%5\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get ecx\n"
     "    %3 = flags\n"
     "    %4 = add.4 %2, 1 ; flags PAZSO = %3\n"
     "    %5 = adc.4 %4, 0, %3\n"
     "    exitif b, %3, 0x00002000 #0\n"
     "    exit jump 0x00001002 #1\n"
     "#0 jump 0x00002000 insns 1 ecx=%5 flags=%4\n"
     "#1 jump 0x00001002 insns 1 ecx=%5 flags=%4\n"},
    /* An indirect jump to a constant is a direct one. Absolute addresses need no base. */
    {pass_copy, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = mov.4 0x8000\n"
     "%3 = add.4 %2, 16\n"
     "%4 = ld.4 [%3 + 4]\n"
     "exit jump_indirect %3 #0\n"
     "#0 jump_indirect %3 insns 1 eax=%4\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = mov.4 32768\n"
     "    %3 = mov.4 32784\n"
     "    %4 = ld.4 [%0 + 32788]\n"
     "    exit jump 0x00008010 #0\n"
     "#0 jump 0x00008010 insns 1 eax=%4\n"},
    /* An integer is shared whatever flags are wanted; flags only where all that they depend on is the same. */
    {pass_cse, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get eax\n"
     "%3 = flags\n"
     "%4 = add.4 %2, 4 ; flags CPAZSO\n"
     "%5 = add.4 %2, 4\n"
     "%6 = add.4 %2, 4 ; flags CPAZSO\n"
     "%7 = add.4 %2, 4 ; flags PAZSO = %3\n"
     "%8 = add.2 %2, 4\n"
     "%9 = adc.4 %2, 4, %3\n"
     "%10 = adc.4 %2, 4, %4\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%5 ecx=%6 edx=%7 ebx=%8 esi=%9 edi=%10 flags=%6\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get eax\n"
     "    %3 = flags\n"
     "    %4 = add.4 %2, 4 ; flags CPAZSO\n"
     "    %5 = add.4 %2, 4 ; flags PAZSO = %3\n"
     "    %6 = add.2 %2, 4\n"
     "    %7 = adc.4 %2, 4, %3\n"
     "    %8 = adc.4 %2, 4, %4\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 eax=%4 ecx=%4 edx=%4 ebx=%6 esi=%7 edi=%8 flags=%4\n"},
    /* FTOI's value is wider than what is stored of it. */
    {pass_memory, true,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get esp\n"
     "%3 = get fcw\n"
     "%4 = get x87_r7\n"
     "%5 = ftoi.4 %4, %3, 0 ; status\n"
     "st.4 ss[%2 + 4], %5\n"
     "%7 = ld.4 ss[%2 + 4]\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%7\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get esp\n"
     "    %3 = get fcw\n"
     "    %4 = get x87_r7\n"
     "    %5 = ftoi.4 %4, %3, 0 ; status\n"
     "    st.4 ss[%2 + 4], %5\n"
     "    %7 = mov.4 %5\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 eax=%7\n"},
    /* Stored values are loaded no more; a narrower load takes the low bytes; the later store kills the earlier. */
    {pass_memory, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get esp\n"
     "%3 = get eax\n"
     "st.4 [%2 - 4], %3\n"
     "%5 = ld.4 [%2 - 4]\n"
     "%6 = ld.1 [%2 - 4]\n"
     "%7 = lds.1 [%2 - 4]\n"
     "%8 = ld.1 [%2 - 3]\n"
     "st.4 [%2 - 4], %6\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%5 ecx=%6 edx=%7 ebx=%8\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get esp\n"
     "    %3 = get eax\n"
     "    st.4 [%2 - 4], %3\n"
     "    %5 = mov.1 %3\n"
     "    %6 = sx8.4 %3\n"
     "    %7 = ld.1 [%2 - 3]\n"
     "    st.4 [%2 - 4], %5\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 ecx=%5 edx=%6 ebx=%7\n"},
    /* A store to who knows where makes all but the same base unknown; a page apart may be the same byte. */
    {pass_memory, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get esp\n"
     "%3 = get eax\n"
     "%4 = ld.4 [%2]\n"
     "%5 = ld.4 [%2 + 4]\n"
     "%6 = ld.4 [%2 + 4100]\n"
     "%7 = ld.4 [%3]\n"
     "st.4 [%2 + 4], %3\n"
     "%9 = ld.4 [%2]\n"
     "%10 = ld.4 [%2 + 4]\n"
     "%11 = ld.4 [%2 + 4100]\n"
     "%12 = ld.4 [%3]\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%9 ecx=%10 edx=%11 ebx=%12 esi=%4 edi=%5 ebp=%6 esp=%7\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get esp\n"
     "    %3 = get eax\n"
     "    %4 = ld.4 [%2]\n"
     "    %5 = ld.4 [%2 + 4]\n"
     "    %6 = ld.4 [%2 + 4100]\n"
     "    %7 = ld.4 [%3]\n"
     "    st.4 [%2 + 4], %3\n"
     "    %9 = ld.4 [%2 + 4100]\n"
     "    %10 = ld.4 [%3]\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 eax=%4 ecx=%3 edx=%9 ebx=%10 esp=%7 ebp=%6 esi=%4 edi=%5\n"},
    /* No store dies across an exit, nor under a load that may see it; a trap only rolls back. */
    {pass_memory, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get esp\n"
     "%3 = get eax\n"
     "st.4 [%2], %3\n"
     "exitif z, %0, 0x2000 #0\n"
     "st.4 [%2], %2\n"
     "%7 = ld.4 [%3]\n"
     "st.4 [%2], %3\n"
     "trapif z, %0, 0\n"
     "st.2 [%2], %3\n"
     "st.2 [%2 + 2], %3\n"
     "exit jump 0x1002 #1\n"
     "#0 jump 0x2000 insns 1\n"
     "#1 jump 0x1002 insns 1 eax=%7\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get esp\n"
     "    %3 = get eax\n"
     "    st.4 [%2], %3\n"
     "    exitif z, %0, 0x00002000 #0\n"
     "    st.4 [%2], %2\n"
     "    %7 = ld.4 [%3]\n"
     "    trapif z, %0, 0\n"
     "    st.2 [%2], %3\n"
     "    st.2 [%2 + 2], %3\n"
     "    exit jump 0x00001002 #1\n"
     "#0 jump 0x00002000 insns 1\n"
     "#1 jump 0x00001002 insns 1 eax=%7\n"},
    /* A probe goes where its bytes are stored to before any exit, and stays elsewhere. */
    {pass_memory, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get esp\n"
     "%3 = get eax\n"
     "probe.4 [%2]\n"
     "probe.8 [%3]\n"
     "%6 = ld.4 [%2]\n"
     "st.4 [%2], %3\n"
     "st.4 [%3], %2\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%6\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get esp\n"
     "    %3 = get eax\n"
     "    probe.8 [%3]\n"
     "    %5 = ld.4 [%2]\n"
     "    st.4 [%2], %3\n"
     "    st.4 [%3], %2\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 eax=%5\n"},
    /* Operations that nobody wants go; loads stay. Flags that are rewritten before every exit are not computed. */
    {pass_dead, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get eax\n"
     "%3 = flags\n"
     "%4 = add.4 %2, 1 ; flags PAZSO = %3\n"
     "%5 = sub.4 %4, 1 ; flags CPAZSO\n"
     "%6 = ld.4 [%4]\n"
     "%7 = shl.4 %2, 3 ; flags CPAZSO = %5\n"
     "%8 = mul.4 %7, %4 ; flags CPAZSO = %7\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%8 flags=%7\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get eax\n"
     "    %3 = add.4 %2, 1\n"
     "    %4 = ld.4 [%3]\n"
     "    %5 = shl.4 %2, 3 ; flags CPAZSO\n"
     "    %6 = mul.4 %5, %3\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 eax=%6 flags=%5\n"},
    /* Only the carry of the chain matters: whoever passes it on reads nothing else, and an INC is out of the way. */
    {pass_dead, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get eax\n"
     "%3 = flags\n"
     "%4 = sub.4 %2, 7 ; flags CPAZSO\n"
     "%5 = add.4 %2, 1 ; flags PAZSO = %4\n"
     "%6 = adc.4 %5, 0, %5 ; flags CPAZSO\n"
     "%7 = rol.4 %6, 3 ; flags CO = %6\n"
     "%8 = setc.1 b, %7\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%6 ecx=%5 edx=%8\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get eax\n"
     "    %3 = sub.4 %2, 7 ; flags CPAZSO\n"
     "    %4 = add.4 %2, 1\n"
     "    %5 = adc.4 %4, 0, %3\n"
     "    %6 = rol.4 %5, 3 ; flags CO\n"
     "    %7 = setc.1 b, %6\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 eax=%5 ecx=%4 edx=%7\n"},
    /* No offsets on this machine; an addition that is there serves as an address. Flags read as clear are made so. */
    {pass_legalise, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get esp\n"
     "%3 = get eax\n"
     "st.4 [%2 - 4], %3\n"
     "%5 = add.4 %2, -4\n"
     "%6 = sub.4 %2, 8\n"
     "st.4 [%2 - 8], %3\n"
     "%8 = ld.4 [%0 + 0x8000]\n"
     "%9 = ld.4 [%5]\n"
     "%10 = add.4 %2, 12 ; flags CPAZSO\n"
     "%11 = ld.4 [%2 + 12]\n"
     "%12 = and.4 %2, 0xfffffff0\n"
     "%13 = add.4 %2, 1 ; flags PAZSO\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%8 ecx=%9 edx=%11 ebx=%12 esi=%6 esp=%5 ebp=%10 flags=%13\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get esp\n"
     "    %3 = get eax\n"
     "    %4 = add.4 %2, -4\n"
     "    st.4 [%4], %3\n"
     "    %6 = sub.4 %2, 8\n"
     "    st.4 [%6], %3\n"
     "    %8 = mov.4 32768\n"
     "    %9 = ld.4 [%8]\n"
     "    %10 = ld.4 [%4]\n"
     "    %11 = add.4 %2, 12 ; flags CPAZSO\n"
     "    %12 = ld.4 [%11]\n"
     "    %13 = and.4 %2, -16\n"
     "    %14 = setf.4 0 ; flags CPAZSO\n"
     "    %15 = add.4 %2, 1 ; flags PAZSO = %14\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 eax=%9 ecx=%10 edx=%12 ebx=%13 esp=%4 ebp=%11 esi=%6 flags=%15\n"},
    /* Offsets stay on a machine that has them. */
    {pass_legalise, true,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get esp\n"
     "st.4 [%2 - 4], %2\n"
     "%4 = ld.4 [%2 + 0x80000000]\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%4\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get esp\n"
     "    st.4 [%2 - 4], %2\n"
     "    %4 = ld.4 [%2 - 0x80000000]\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 eax=%4\n"},
    /* What must not be narrowed, merged or taken for a copy: a mask within a shift's count, a 16-bit shift, an upper
     * bit. */
    {pass_copy, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get eax\n"
     "%3 = get ecx\n"
     "%4 = and.4 %3, 15\n"
     "%5 = and.4 %3, 255\n"
     "%6 = shl.4 %2, %4\n"
     "%7 = shl.4 %2, %5\n"
     "%8 = shl.2 %2, 2\n"
     "%9 = add.4 %3, %8\n"
     "%10 = shr.4 %2, 23\n"
     "%11 = zx8.4 %10\n"
     "%12 = shr.4 %2, 24\n"
     "%13 = zx8.4 %12\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%6 ecx=%7 edx=%9 ebx=%11 esi=%13\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get eax\n"
     "    %3 = get ecx\n"
     "    %4 = and.4 %3, 15\n"
     "    %5 = and.4 %3, 255\n"
     "    %6 = shl.4 %2, %4\n"
     "    %7 = shl.4 %2, %3\n"
     "    %8 = shl.2 %2, 2\n"
     "    %9 = add.4 %3, %8\n"
     "    %10 = shr.4 %2, 23\n"
     "    %11 = mov.1 %10\n"
     "    %12 = shr.4 %2, 24\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 eax=%6 ecx=%7 edx=%9 ebx=%11 esi=%12\n"},
    /* A 16-bit addition is no address. */
    {pass_legalise, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get esp\n"
     "%3 = add.2 %2, -4\n"
     "st.4 [%2 - 4], %3\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get esp\n"
     "    %3 = add.2 %2, -4\n"
     "    %4 = add.4 %2, -4\n"
     "    st.4 [%4], %3\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1\n"},
    /* The quotient gives the remainder, where the divisor is known not to be 0: by a guard, through an extension,
     * constant. */
    {pass_remainder, false,
     "region promoted\n"
     "mark 0x1000 2\n"
     "%2 = get eax\n"
     "%3 = get ecx\n"
     "%4 = get edx\n"
     "%5 = sub.4 %3, 0 ; flags Z\n"
     "trapif z, %5, 0\n"
     "%7 = sx32.8 %3\n"
     "%8 = divs.8 %2, %7\n"
     "%9 = rems.8 %2, %7\n"
     "%10 = divu.4 %2, 10\n"
     "%11 = remu.4 %2, 10\n"
     "%12 = divu.4 %2, %4\n"
     "%13 = remu.4 %2, %4\n"
     "%14 = divs.2 %2, %3\n"
     "%15 = rems.2 %2, %3\n"
     "%16 = remu.4 %4, %3\n"
     "exit jump 0x1002 #0\n"
     "#0 jump 0x1002 insns 1 eax=%8 ecx=%9 edx=%10 ebx=%11 esi=%12 edi=%13 ebp=%14 esp=%15 r8=%16\n",
     "region context 0x0 promoted\n"
     "mark 0x00001000 2\n"
     "    %2 = get eax\n"
     "    %3 = get ecx\n"
     "    %4 = get edx\n"
     "    %5 = sub.4 %3, 0 ; flags Z\n"
     "    trapif z, %5, 0\n"
     "    %7 = sx32.8 %3\n"
     "    %8 = divs.8 %2, %7\n"
     "    %9 = mul.8 %8, %7\n"
     "    %10 = sub.8 %2, %9\n"
     "    %11 = divu.4 %2, 10\n"
     "    %12 = mul.4 %11, 10\n"
     "    %13 = sub.4 %2, %12\n"
     "    %14 = divu.4 %2, %4\n"
     "    %15 = remu.4 %2, %4\n"
     "    %16 = divs.2 %2, %3\n"
     "    %17 = rems.2 %2, %3\n"
     "    %18 = remu.4 %4, %3\n"
     "    exit jump 0x00001002 #0\n"
     "#0 jump 0x00001002 insns 1 eax=%8 ecx=%10 edx=%11 ebx=%13 esp=%17 ebp=%16 esi=%14 edi=%15 r8=%18\n"},
};

static void test_examples(void **state)
{
    void *memory = malloc(ARENA_BYTES);
    for (unsigned i = 0; i < LENGTH(examples); i++) {
        struct machine_desc machine = {.base_offset = examples[i].base_offset};
        struct tr_request request = {.machine = &machine};
        struct arena arena;
        struct ir_region region;
        char error[128];
        ir_ref at;
        arena_init(&arena, memory, ARENA_BYTES);
        ir_region_init(&region, &arena, 128, 8, 0);
        if (!ir_parse(examples[i].before, &region, error, sizeof error))
            fail_msg("%s in\n%s", error, examples[i].before);
        assert_null(ir_verify(&region, &at));
        examples[i].pass(&region, &request);
        assert_null(ir_verify(&region, &at));
        char *text = region_text(&region);
        assert_string_equal(text, examples[i].after);
        free(text);
    }
    free(memory);
}

/* A pass that finds no room says so and leaves no half of a region behind that looks whole. */
static void test_full(void **state)
{
    static void (*const passes[])(struct ir_region *, const struct tr_request *) = {
        pass_copy, pass_cse, pass_memory, pass_dead, pass_remainder, pass_legalise};
    struct machine_desc machine = {.base_offset = false};
    struct tr_request request = {.machine = &machine};
    void *memory = malloc(ARENA_BYTES);
    for (unsigned i = 0; i < LENGTH(passes); i++) {
        struct arena arena;
        struct ir_region region;
        char error[128];
        ir_ref at;
        arena_init(&arena, memory, ARENA_BYTES);
        ir_region_init(&region, &arena, 8, 1, 0);
        assert_true(ir_parse(
            "region promoted\nmark 0x1000 1\n%2 = get eax\n%3 = xor.4 %2, %2 ; flags CPAZSO\n%4 = ld.4 [%2 + 4]\n"
            "exit jump 0x1001 #0\n#0 jump 0x1001 insns 1 eax=%3 ecx=%4 flags=%3\n",
            &region, error, sizeof error));
        arena.size = arena.used; /* nothing left */
        passes[i](&region, &request);
        assert_true(region.full);
        assert_non_null(ir_verify(&region, &at));
    }
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples), cmocka_unit_test(test_full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
