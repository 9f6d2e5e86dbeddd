. "$TREE/tests/golden/cases/lib"
guest sum <<'S'
.globl _start
_start:
    xorl %eax, %eax
    movl $10, %ecx
again:
    addl (%esi), %eax
    addl $4, %esi
    decl %ecx
    jnz again
    int $0x80
S
# Three columns: the x86 one is fixed, the others follow the translator.
sides() {
    "$COVM" disasm --machine crusoe "$@" >sides
    awk -F' [|] ' 'NF < 3 && !/bundles/ { print "not three columns: " $0 } $1 ~ /[^ ]/ && NF >= 3 { print $1 }' sides | sed 's/ *$//'
    grep -cE 'get esi' sides
    grep -oE 'exit chain, [0-9]+' sides
    tail -1 sides | sed 's/ guest.*//'
}
sides --gear 1 --at again sum
sides --gear 2 --at 0x8049000 sum
"$COVM" disasm --stage list --at again sum | head -2
try disasm --at nowhere sum
try disasm --at 0x10 sum
try disasm --gear 3 sum
