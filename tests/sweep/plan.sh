#!/bin/sh
# plan.sh COVM: what a sweep may cost is told by what was measured, and by nothing else; a pilot runs as many points of each
# workload as it is told to, and these stay done.
. "${0%/*}/begin.sh"
covm=$1

cat >study.yaml <<'END'
workloads: [sieve, queens]
axes:
  - {key: cms.max_gear, values: [1, 2]}
  - {key: core.commit.cycles, from: 0, to: 3, step: 1}
metrics: {ipc: core.insns / core.cycles}
END

# plan LINES: what it says has all of the lines (regular expressions).
plan() {
    lines=$1
    shift
    "$covm" sweep plan study.yaml "$@" >out 2>err || fail "plan $* ended with $?: $(cat err)"
    echo "$lines" | while read -r line; do
        grep -q "^covm: *$line" err || { echo "FAIL: plan $* does not say '$line': $(cat err)"; exit 1; }
    done || exit 1
}

plan "16 points to run$
sieve test: 8 to run: nothing is known
queens test: 8 to run: nothing is known"
[ ! -e study.sweep ] || fail "planning made a directory"

plan "12 points to run; estimate: .* s of CPU time .* at 3 at a time, .* of disk$
sieve test: 6 to run, each about .*: measured from 2 done points$
queens test: 6 to run, each about .*: measured from 2 done points$" --measure 2 -j 3
[ "$(grep -c done out)" = 4 ] || fail "not two points of each workload are done: $(cat out)"
[ "$(grep done out | cut -f 1,2 | sort | uniq -c | tr -s ' \t\n' ' ')" = " 2 1 2 2 2 2 " ] ||
    fail "the pilot is not spread over the points: $(grep done out)"
plan "12 points to run" --measure 2
grep -q "run just now" err && fail "a pilot that was there already: $(cat err)"

# sums DIR: writes sums.csv of a record anew, after somebody meddled with it.
sums() (
    cd "$1" && names=$(sed '1d; $d; s/,.*//' sums.csv) || exit 1
    echo file,bytes,sha256 >new
    for name in $names; do echo "$name,$(wc -c <"$name"),$(sha256sum <"$name" | cut -d ' ' -f 1)"; done >>new
    echo "sums.csv,$(wc -c <new),$(sha256sum <new | cut -d ' ' -f 1)" >own
    cat new own >sums.csv && rm new own
)

# By the records: CPU seconds of 10 and 20 a point, of the six that are left of a workload.
i=0
for id in $(grep "queens.*done" out | cut -f 6); do
    i=$((i + 1))
    sed -i "s/\"host_cpu_seconds\": [0-9.]*/\"host_cpu_seconds\": ${i}0/" "study.sweep/points/$id/run.json"
    sums "study.sweep/points/$id"
done
for id in $(grep "sieve.*done" out | cut -f 6); do rm -r "study.sweep/points/$id"; done
plan "14 points to run; estimate for 6 of them: 90 s of CPU time (60 s if all were as the fastest measured of their workload, 120 s as the slowest), 45 s at 2 at a time
sieve test: 8 to run: nothing is known
queens test: 6 to run, each about 15 s (10 s to 20 s)" -j 2

"$covm" sweep run study.yaml 2>err || fail "the sweep after its pilot: $(cat err)"
grep -q "14 of them run just now" err || fail "points of the pilot were run again: $(cat err)"
"$covm" sweep plan study.yaml >out 2>err && [ ! -s err ] || fail "with all done something is left: $(cat err)"
echo "estimates say what they are made of"
