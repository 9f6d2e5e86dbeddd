. "$TREE/tests/golden/cases/lib"
guest loop <<'S'
.globl _start
.type _start, @function
.type leaf, @function
_start:
    movl $30, %ecx
again:
    call leaf
    decl %ecx
    jnz again
    movl $7, %ecx; movl $room, %edi; rep stosb
    movl $1, %eax; movl $3, %ebx; int $0x80
.size _start, . - _start
leaf:
    addl $1, %edx
    ret
.size leaf, . - leaf
.bss
room: .space 8
S
guest endless <<'S'
.globl _start
_start: jmp _start
S
guest divide <<'S'
.globl _start
_start: xorl %ecx, %ecx; divl %ecx
S
try trace --format bbv -o blocks --interval 50 --guest-exit -- ./loop
cat blocks blocks.pc
try trace --format bbv -o blocks --max-insns 7 -- ./endless
cat blocks
try trace --format callgrind -o profile -- ./divide
grep -A 1 events: profile
try trace --format kanata -o window --from 1000000000 -- ./loop
cat window
ls
try trace
try trace -o y -- ./loop
try trace --format svg -o y -- ./loop
try trace --format bbv -- ./loop
try trace --format bbv -o y --from 3 -- ./loop
try trace --format kanata -o y --cycles 0 -- ./loop
try trace --format kanata -o y --from x -- ./loop
try trace --format callgrind -o y --resolution 7 -- ./loop
try trace --format perfetto -o nowhere/y -- ./loop
try trace --format bbv -o . -- ./loop
try trace --format bbv -o y --set core.nonsense=1 -- ./loop
try trace --format bbv -o y -- ./nothing
ls
