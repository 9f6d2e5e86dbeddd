# cold -- a large footprint of code that is hardly ever run twice: 24,576 functions of 12 to 36 instructions (more than
# half a million static instructions); cold_main.c calls them in an order that strides through all of them.
# Written in assembly so that the size of the code is exact.

        .file   "cold.S" # else the linker names it after a temporary file, and no two builds are the same
        .section .rodata
        .globl  cold_table
        .p2align 2
cold_table:
        .text

# One function: mixes EAX with constants made from `i`, and branches forward both ways.
.macro  function
        .p2align 2
1:      xorl    $((i * 265443) & 0x7fffffff), %eax
        leal    i(%eax,%eax,2), %ecx
        movl    cold_data + ((i * 4) & 4092), %edx
        testl   $(1 << (i & 15)), %ecx
        jz      2f
        addl    %ecx, %eax
        rorl    $((i & 15) + 1), %eax
        subl    %edx, %eax
2:      xorl    %edx, %ecx
        movl    %ecx, cold_data + ((i * 12) & 4092)
.rept   (i & 3) * 4
        addl    $(i + 7), %eax
        xorl    %ecx, %eax
.endr
        ret
        .pushsection .rodata
        .long   1b
        .popsection
.endm

.set    i, 0
.rept   24576
        function
.set    i, i + 1
.endr

        .bss
        .globl  cold_data
        .p2align 6
cold_data:
        .skip   4096
        .section .note.GNU-stack, "", @progbits
