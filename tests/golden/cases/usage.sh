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
try sweep
try sweep rnu study.yaml
try sweep run --shard 3/2 study.yaml
try sweep run --executor grid study.yaml
try sweep run nowhere.yaml
try verify
try disasm
try disasm nothing
try workloads destroy
try bench --size huge
try bench no-such-workload
try demo now
