#!/bin/sh
# cold.sh COVM: the region of interest begins with what it is told to begin with, each on its own; the guest does not notice.
. "${0%/*}/begin.sh"
covm=$1
program=$("$covm" workloads build interp) || exit 1

# roi NAME: the statistic in the last run's region of interest.
roi() { awk -F, -v name="$1" '$2 == "roi" && $3 == name { print $5 }' "$work/record/stats.csv"; }

run() {
    rm -rf "$work/record"
    "$covm" run -q --check -o "$work/record" --set lab.window.warmup_insns=1000000 "$@" -- "$program" 2 >"$work/out" || {
        fail "$*"
    }
}

run
warm_misses=$(roi memory.l1d.misses) warm_branches=$(roi core.branch.mispredicts) warm_insns=$(roi core.insns)
warm_jtlb=$(($(roi core.jtlb.lookups) - $(roi core.jtlb.hits)))
cp "$work/out" "$work/warm"
[ "$(roi cycles.translate2)" -lt 100000 ] || fail "the warm-up is too short for this test"
run --set lab.window.caches=cold
[ "$(roi memory.l1d.misses)" -gt "$warm_misses" ] || fail "cold caches miss no more"
[ "$(roi core.jtlb.lookups)" -gt 0 ] && [ $(($(roi core.jtlb.lookups) - $(roi core.jtlb.hits))) = $warm_jtlb ] || fail "cold caches and the JTLB"
run --set lab.window.predictors=cold
[ $(($(roi core.jtlb.lookups) - $(roi core.jtlb.hits))) -gt $warm_jtlb ] || fail "a cold JTLB misses no more"
[ "$(roi memory.l1d.misses)" = "$warm_misses" ] || fail "cold predictors and the caches"
run --set lab.window.translations=cold
[ "$(roi cycles.translate2)" -gt 100000 ] || fail "cold translations are not translated again"
[ "$(roi core.insns)" = "$warm_insns" ] || fail "the region of interest has another size"
cmp "$work/out" "$work/warm" || fail "the guest noticed"
cycles=$("$covm" run -v --set lab.window.warmup_insns=1000000 --set lab.window.translations=cold -- "$program" 2 2>&1 >/dev/null |
    sed -n 's/.* \([0-9]*\) cycles.*/\1/p')
[ "$cycles" = "$(awk -F, '$2 == "total" && $3 == "core.cycles" { print $5 }' "$work/record/stats.csv")" ] ||
    fail "without a record it takes other cycles: $cycles"
echo "cold where it is told to be"
