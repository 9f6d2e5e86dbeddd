. "$TREE/tests/golden/cases/lib"
# What the hand-made cases hold may grow.
isa() { "$COVM" isa "$@" | sed 's/ cases:[0-9]*//; s/ (cases not built)//; s/[0-9]* in cases/N in cases/'; }
isa cmpxchg
isa fxsave
isa cpuid
isa jecxz
isa fldpi
isa 'Jz'
isa syse
isa bswap
isa --csv shld
try isa no-such-instruction
try isa a b
# every row says all
"$COVM" isa --csv | awk -F, 'NF < 8 || !$1 || /,,/ { print "incomplete: " $0 }'
# what a processor adds
"$COVM" isa --csv | awk -F, '$1 == "LFENCE" || $1 == "CMOVZ" { print }' | cut -d, -f1-7
