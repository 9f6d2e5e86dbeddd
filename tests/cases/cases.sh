#!/bin/sh
# cases.sh COVM CASES run [covm run options]: the program CASES under covm, each gear as soon as possible. Where gear 2
#     is allowed (torture evicts too soon), nine in ten of the cases must reach it, those aside that fault.
# cases.sh COVM CASES passes: at gear 2, with each subset of the optional passes and of the scheduler's speculations,
#     the verifiers on.
set -u
covm=$1 cases=$2 what=$3
shift 3
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir "$work/root"

run() {
    rm -rf "$work/record"
    "$covm" run -q --guest-exit --root "$work/root" -o "$work/record" --set cms.threshold.gear1=1 \
        --set cms.threshold.gear2=2 "$@" -- "$cases" </dev/null >"$work/out" 2>"$work/err" && return
    echo "covm run $*: exit $?"
    cat "$work/out"
    tail -n 40 "$work/err"
    return 1
}

# Entries of gear 2 translations among the cases. A case that faults at its first instruction has none.
count_gear2() {
    nm "$cases" | awk '$3 ~ /^case_[0-9]+$/ { print "0x" $1 }' >"$work/entries"
    awk -F, 'NR == FNR { entry[$1]; next }
             FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
             $column["gear"] == 2 && $column["spc"] in entry && !seen[$column["spc"]]++ { count++ }
             END { print count + 0 }' "$work/entries" "$work/record/regions.csv"
}

if [ "$what" = run ]; then
    run "$@" || exit 1
    cat "$work/out"
    case " $* " in *max_gear=[01]*|*torture*) exit 0 ;; esac
    reached=$(count_gear2) all=$(wc -l <"$work/entries") faulting=$(strings "$cases" | grep -c ' ; .*fault=')
    echo "$reached of $all cases at gear 2, $faulting fault"
    [ $((reached * 10)) -ge $(((all - faulting) * 9)) ]
    exit
fi

keys=$("$covm" config keys | awk -F '\t' '$1 ~ /^translate\.(passes|schedule)\./ && $2 == "boolean" { print $1 }')
subsets=1 failed=0
for key in $keys; do subsets=$((subsets * 2)); done
subset=0
while [ $subset -lt $subsets ]; do
    bits=$subset
    set --
    for key in $keys; do
        if [ $((bits % 2)) = 1 ]; then set -- "$@" --set "$key=true"; else set -- "$@" --set "$key=false"; fi
        bits=$((bits / 2))
    done
    run --set translate.verify=true "$@" || failed=$((failed + 1))
    subset=$((subset + 1))
done
echo "$subsets subsets of: $(echo $keys), $failed failed"
[ $subsets -gt 1 ] && [ $failed = 0 ]
