. "$TREE/tests/golden/cases/lib"
try
try --version
try help
try rum
try run --nonsense
try run
try run --env NAME -- ./prog
try run -d bQ -- ./prog
try run -d @0x8048000 -- ./prog
try run --max-insns many -- ./prog
try run -- ./there-is-none
try config
try config check
try stats
try stats diff only-one
try disasm
try disasm nothing
try workloads destroy
try bench --size huge
try bench no-such-workload
try demo now
