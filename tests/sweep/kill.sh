#!/bin/sh
# kill.sh COVM POINTS KILLS [local|slurm]: a sweep that is killed (SIGKILL) again and again, the driver and single points,
# ends with the same bytes as one that nothing disturbed.
. "${0%/*}/begin.sh"
covm=$1 points=$2 kills=$3 executor=${4-local}

cat >study.yaml <<END
title: Killed
workloads: [sieve, queens]
axes:
  - {key: core.commit.cycles, from: 1, to: $((points / 2)), step: 1}
metrics:
  ipc: core.insns / core.cycles
plots:
  - {name: ipc, kind: lines, x: core.commit.cycles, y: ipc, unit: instructions/cycle, series: workload}
END
[ "$executor" = slurm ] && { . "$here/slurm_cluster.sh"; trap 'slurm_stop; rm -rf "$work"' EXIT; slurm_start "$work/slurm" || exit $?; }

"$covm" sweep run study.yaml -o calm -j 2 2>calm.err || fail "the calm sweep: $(cat calm.err)"

# A number below $1, from the clock: where the kills fall is not the same each time.
below() { echo $(($(date +%N | sed 's/^0*//; s/^$/0/') / 1000 % $1)); }

n=0
while [ $n -lt "$kills" ]; do
    setsid "$covm" sweep run study.yaml -o "$work/killed" --executor "$executor" -j 2 2>>killed.err &
    driver=$!
    sleep "0.$((2 + $(below 7)))"
    if [ $((n % 2)) = 0 ]; then
        kill -9 $driver 2>/dev/null
    else # one of its points; the driver goes on, and then dies, too
        point=$(pgrep -f "sweep run .* -o .*$work/killed" | grep -v "^$driver\$" | head -n 1)
        [ -n "$point" ] && kill -9 "$point" 2>/dev/null
        sleep "0.$((1 + $(below 4)))"
        kill -9 $driver 2>/dev/null
    fi
    wait $driver 2>/dev/null
    n=$((n + 1))
done
"$covm" sweep run study.yaml -o "$work/killed" --executor "$executor" -j 2 2>>killed.err
code=$?
[ $code = 0 ] || fail "the last run ended with $code: $(tail -n 5 killed.err)"
for file in results.csv metrics.csv figures/ipc.csv figures/ipc.svg; do
    cmp "calm/$file" "killed/$file" || fail "$file differs"
done
[ "$(ls killed/points | wc -l)" = "$points" ] || fail "there are $(ls killed/points | wc -l) records of $points points"
[ -z "$(ls killed/work)" ] || fail "something is left in work/: $(ls killed/work)"
echo "$points points, $kills kills ($executor): the same bytes"
