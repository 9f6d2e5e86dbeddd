#!/bin/sh
# two.sh COVM ROUNDS: two drivers that start the same new sweep at the same time both end well, nothing is run twice, and
# the results are those of one driver; again and again, each time in a directory that is not there yet.
. "${0%/*}/begin.sh"
covm=$1 rounds=$2

cat >study.yaml <<'END'
workloads: [sieve]
axes:
  - {key: core.commit.cycles, values: [0, 1, 2]}
  - {key: core.gate.entries, values: [1, 64], when: {core.commit.cycles: 2}}
metrics: {ipc: core.insns / core.cycles}
plots:
  - {name: ipc, kind: table, x: core.commit.cycles, y: ipc}
END
points=4
"$covm" sweep run study.yaml -o one -j 1 --sqlite 2>err || fail "one driver: $(cat err)"

# How many points a driver says that it ran.
ran() { sed -n 's/^covm: \([0-9]*\) of them run just now$/\1/p' "$1" | grep . || echo 0; }

n=0
while [ $n -lt "$rounds" ]; do
    "$covm" sweep run study.yaml -o two -j 1 --sqlite 2>a.err &
    other=$!
    "$covm" sweep run study.yaml -o two -j 1 --sqlite 2>b.err || fail "round $n: the second driver: $(cat b.err)"
    wait $other || fail "round $n: the first driver: $(cat a.err)"
    [ $(($(ran a.err) + $(ran b.err))) = $points ] || fail "round $n: not $points runs: $(cat a.err b.err)"
    for file in results.csv metrics.csv figures/ipc.md manifest.json; do
        cmp "one/$file" "two/$file" || fail "round $n: $file differs"
    done
    [ "$(ls two/points | wc -l)" = $points ] && [ -z "$(ls two/work)" ] || fail "round $n: $(ls two/points two/work)"
    rm -r two
    n=$((n + 1))
done

# What failed for one of them is not run again by the other.
sed '1s/.*/set: {memory.guest.limit: 1MiB}\nworkloads: [chase]/' study.yaml >failing.yaml
"$covm" sweep run failing.yaml -o two -j 1 2>a.err &
"$covm" sweep run failing.yaml -o two -j 1 2>b.err
wait
grep -q "$points points, $points failed" a.err && [ $(($(ran a.err) + $(ran b.err))) = $points ] ||
    fail "not $points runs that failed: $(cat a.err b.err)"
for log in two/logs/*; do [ -s "$log" ] || fail "nothing in the log of a point that failed: $log"; done
rm -r two

# The first moments of a directory, held still: another driver has begun its manifest,
mkdir two && : >two/manifest.json.1.new
"$covm" sweep run study.yaml -o two 2>err || fail "a manifest in the making: $(cat err)"
rm -r two
# or is about to write it, of another program: the second driver waits for it, and refuses the directory.
mkdir two && (
    flock 9
    "$covm" sweep run study.yaml -o two 2>err 9<&- &
    sleep 1
    sed 's/"program_sha256": "./"program_sha256": "x/' one/manifest.json >two/manifest.json
    flock -u 9
    wait $!
    echo $? >code
) 9>two/manifest.lock
[ "$(cat code)" = 3 ] && grep -q "results of another covm" err || fail "it did not wait for the other's manifest: $(cat code err)"
[ ! -e two/points ] || fail "the other's directory was touched"

echo "two drivers at once, $rounds times: each point run once"
