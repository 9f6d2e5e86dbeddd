. "$TREE/tests/golden/cases/lib"
guest null_segment <<'S'
.globl _start
_start:
    xorl %eax, %eax; movl %eax, %es
    xorl %ecx, %ecx; movl $text, %edi; rep stosb            # nothing is stored: no fault
    movl $3, %esi
1:  movl text, %eax; decl %esi; jnz 1b
    movl $1, %ecx; stosb
.data
text: .ascii "hello\n"
S
guest hello <<'S'
.globl _start
_start:
    movl $4, %eax; movl $1, %ebx; movl $text, %ecx; movl $6, %edx; int $0x80
    movl $1, %eax; movl $7, %ebx; int $0x80
.data
text: .ascii "hello\n"
S
guest fault <<'S'
.globl _start
.type _start, @function
_start:
    movl $0x1234, %eax
    nop
    movl %ecx, 4(%eax)
S
guest undefined <<'S'
.globl _start
_start: ud2
S
guest divide <<'S'
.globl _start
_start: xorl %ecx, %ecx; divl %ecx
S
guest lacking <<'S'
.globl _start
.type _start, @function
_start: lfence; vpaddd %ymm1, %ymm0, %ymm0
S
guest refused <<'S'
.globl _start
.type _start, @function
.type stub, @function
_start:
    movl $166, %eax; int $0x80
    movl $166, %eax; int $0x80
    movl $9999, %eax; call stub
    movl $1, %eax; xorl %ebx, %ebx; int $0x80
stub:
    int $0x80; ret
S
guest loop <<'S'
.globl _start
_start: jmp _start
S
guest echo <<'S'
.globl _start
_start:
    movl $3, %eax; xorl %ebx, %ebx; movl $room, %ecx; movl $100, %edx; int $0x80
    movl %eax, %edx; movl $4, %eax; movl $1, %ebx; movl $room, %ecx; int $0x80
    movl $1, %eax; xorl %ebx, %ebx; int $0x80
.bss
room: .space 100
S
try run -- ./hello
try run --guest-exit -- ./hello
try run --guest-exit ./hello
try run --check --machine torture --guest-exit -- ./hello
try run -- ./fault
try run --guest-exit -- ./fault
try run --guest-exit -- ./undefined
try run --guest-exit -- ./divide
try run --guest-exit -- ./lacking
try run --set guest.cpu=crusoe -- ./lacking
try run -- ./refused
try run -- ./null_segment
try run --set cms.threshold.gear1=1 -- ./null_segment
try run --max-insns 100000 -- ./loop
try run --root nowhere -- ./hello
try run --root hello -- ./hello
echo passed through | try run -- ./echo
echo "not an ELF file" >text
try run -- ./text
# what is no program is not hashed for the record, which is not begun: 100 GiB are refused at once
truncate -s 100G huge
try run -o none -- ./huge
[ -e none ] && echo "a record was begun"
# the exit code of a guest's end by signal is 128 + signal; interrupting a run leaves a labelled partial record
"$COVM" run -o partial -d t -- ./loop 2>begun &
until [ -s begun ]; do sleep 0.1; done
kill -TERM $!
wait $!
echo "interrupted: $?"
grep -E '"end"|"complete"' partial/run.json
# every trace channel says something
for letter in b e s t x; do
    "$COVM" run -d $letter --set cms.threshold.gear1=1 --max-insns 1000 -- ./loop 2>trace
    "$COVM" run -d $letter -- ./hello 2>>trace >/dev/null
    [ -s trace ] || echo "channel $letter is silent"
done
"$COVM" run -d s@0x8049014 -- ./hello 2>&1 >/dev/null | sed 's/.*write/write/'
