. "$TREE/tests/golden/cases/lib"
# What is wrong with an option, above the usage text.
say() { try "$@" 2>&1 | sed -n '1,2p; $p'; }
say run --machne crusoe
say run --ma crusoe
say run --check=3 ./prog
say run --help=3
say run -o
say run -Z
say disasm --gear
say disasm --stge x
say bench --quick
say config --st a=b
say stats --machine crusoe
say stats list core.jtlb.hit
say scan --al=1 ./prog
say reference roff
try stats list core.jtlb
try demo --help
try bench --help
try scan --help
try isa --help
try reference --help
