# pages.sh -- sourced by the others, with $covm: makes $work/run, $work/exposed (latencies) and $work/sweep (of which
# one point fails), each with its report.html. An environment variable tries to end what it is embedded in.
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
fail() {
    echo "FAIL: $*"
    exit 1
}

program=$("$covm" workloads build interp) || exit 2
"$covm" run -q --check --machine crusoe --env 'MARK=</script><b>&amp;' --set lab.window.warmup_insns=100000 \
    -o "$work/run" -- "$program" 1 >/dev/null || fail "covm run"
"$covm" run -q --machine crusoe --set core.interlocks=exposed -o "$work/exposed" -- "$program" 1 >/dev/null ||
    fail "covm run, exposed"
cat >"$work/study.yaml" <<'END'
title: Widths & <others>
machine: crusoe
workloads: [sieve]
axes: [{key: lab.timeline.insns, values: [100000, 200000]}]
metrics: {ipc: {formula: core.insns / core.cycles, unit: instructions/cycle}}
plots:
  - {name: ipc, kind: bars, title: How fast, x: workload, y: ipc, series: lab.timeline.insns}
  - {name: ipc_table, kind: table, x: workload, y: ipc, series: lab.timeline.insns}
END
"$covm" sweep run -o "$work/sweep" "$work/study.yaml" 2>/dev/null || fail "covm sweep run"
failed=$(sed -n '2s/,.*//p' "$work/sweep/points.csv")
rm -r "$work/sweep/points/$failed"
echo 'failed: it was <removed>' >"$work/sweep/failed/$failed"
for kind in run exposed sweep; do
    "$covm" report "$work/$kind" >/dev/null || fail "covm report of a $kind"
done
