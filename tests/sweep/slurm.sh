#!/bin/sh
# slurm.sh COVM: the same study by Slurm and locally gives the same bytes; what is done is not submitted again; a refused
# submission is told.
. "${0%/*}/begin.sh"
covm=$1
. "$here/slurm_cluster.sh"

cat >study.yaml <<'END'
workloads: [sieve, queens]
axes:
  - {key: core.issue_width, values: [2, 4]}
  - {key: core.commit.cycles, from: 0, to: 2, step: 1}
metrics: {ipc: core.insns / core.cycles}
plots:
  - {name: ipc, kind: lines, x: core.commit.cycles, y: ipc, unit: instructions/cycle, series: core.issue_width}
END
slurm_start "$work/slurm" || exit $?
trap 'slurm_stop; rm -rf "$work"' EXIT
"$covm" sweep run study.yaml -o local -j 2 2>err || fail "locally: $(cat err)"
"$covm" sweep run study.yaml -o cluster --executor slurm --chunk 3 2>err || fail "by Slurm: $(cat err; tail -n 5 cluster/slurm/*.log)"
grep -q 'submitted as job [0-9]*, in 4 tasks' err || fail "no job told: $(cat err)"
for file in results.csv metrics.csv figures/ipc.csv figures/ipc.svg; do
    cmp "local/$file" "cluster/$file" || fail "$file differs"
done
"$covm" sweep run study.yaml -o cluster --executor slurm 2>err || fail "again: $(cat err)"
grep -q submitted err && fail "what is done was submitted again"
"$covm" sweep run study.yaml -o later --executor slurm --no-wait 2>err && fail "all done, without waiting?"
"$covm" sweep run study.yaml -o later --executor slurm 2>err || fail "a driver that finds a job: $(cat err)"
grep -q 'job [0-9]* of an earlier start is still queued' err || fail "the job that was queued is not found: $(cat err)"
grep -q submitted err && fail "what was queued was submitted again"
cmp local/results.csv later/results.csv || fail "results.csv of the driver that found a job differs"
rm -r cluster/points/*
SBATCH_PARTITION=none "$covm" sweep run study.yaml -o cluster --executor slurm 2>err && fail "a partition that is not there"
grep -q 'sbatch did not take the job' err || fail "the refusal is not told: $(cat err)"
echo "by Slurm and locally: the same bytes"
