. "$TREE/tests/golden/cases/lib"
guest plain <<'A'
.globl _start
.type _start, @function
_start:
    cmovz %ecx, %eax
    movl $4, %eax; int $0x80
    push $20; pop %eax; int $0x80
    movl $1, %edx; xorl %ebx, %ebx; movl %edx, %eax; int $0x80
A
guest many <<'A'
.globl _start
.type _start, @function
.type sum_avx2, @function
.type chooses, @function
.type unnamed, @function
_start:
    vpaddd %ymm1, %ymm0, %ymm0
    vpaddd %ymm2, %ymm0, %ymm0
    lzcnt %eax, %ecx
    lfence
    fisttpl (%esp)
    rdtsc
    call chooses
    movl $166, %eax; call *%gs:0x10
    movl $386, %eax; int $0x80
    movl $9999, %eax; int $0x80
    call *%esi
    int $0x80
    jmp .
.size _start, . - _start
sum_avx2:
    vpaddd %ymm1, %ymm0, %ymm0
    ret
.size sum_avx2, . - sum_avx2
chooses:
    cpuid
    xgetbv
    ret
.size chooses, . - chooses
    .byte 0xc5, 0xfd, 0xfe, 0xc1, 0xff, 0xff
A
cp many stripped
strip stripped
try scan plain
try scan many
try scan --all stripped
# addresses are those of the loaded program
echo 'int main(void) { __builtin_trap(); }' >pie.c
gcc -m32 -static-pie -nostdlib -nostartfiles -Wl,--build-id=none -Wl,-e,main -o pie pie.c
"$COVM" scan --all pie | tail -1
"$COVM" run ./pie 2>&1 | sed -n 's/.*\(.main+0x[0-9a-f]*.: 0f 0b\)/\1/p'
# what is no static i386 program says what it is
echo 'int x; int main(void) { return x; }' >x.c
gcc -m32 -o dynamic x.c
gcc -o 64-bit x.c
gcc -m32 -c x.c -o x.o
gcc -m32 -shared -nostdlib -fPIC -o x.so x.c
ar rc x.a x.o
: >empty
echo '#!/bin/sh' >script
echo 'some text' >text
mkfifo fifo
truncate -s 5G sparse # more than is read of a program: its first bytes say enough
for file in dynamic 64-bit x.o x.so x.a empty script text fifo sparse .; do try scan $file; done
try run -- ./dynamic
for file in text fifo sparse .; do try disasm $file; done
try run -- ./fifo
try run -- ./sparse
try run --from fifo
try run -o record -- ./fifo
try scan nothing
try scan
