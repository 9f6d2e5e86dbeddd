#!/bin/sh
# fault.sh COVM HOST32 FAULTS TICKS [covm run options]: forced trouble, and the state exact each time.
#
# FAULTS puts a fault at every instruction of a region; TICKS lets a timer ring in the midst of everything. Both run as
# they are, then with a rollback forced at the n-th bundle behind each checkpoint for every n up to the longest
# translation, at each n-th bundle, at random, and with an event at every commit; always in lockstep with the shadow
# interpreter, at gear 1 and 2, and the output is the host's.
set -u
covm=$1 host32=$2 faults=$3 ticks=$4
shift 4
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
"$host32" --how || exit 2
"$host32" "$faults" >"$work/faults.host" || exit 2
"$host32" "$ticks" 100000 >"$work/ticks.host" 2>/dev/null || exit 2
ran=0 failed=0

# try NAME PROGRAM ARGUMENT OPTION...
try() {
    name=$1 program=$2 argument=$3
    shift 3
    "$covm" run -q --check --guest-exit --root "$work" --set cms.threshold.gear1=1 --set cms.threshold.gear2=2 "$@" \
        -- "$program" $argument </dev/null >"$work/out" 2>"$work/err"
    status=$?
    ran=$((ran + 1))
    [ $status = 0 ] && cmp -s "$work/out" "$work/$name.host" && return
    failed=$((failed + 1))
    echo "$name $argument $*: exit $status"
    diff "$work/$name.host" "$work/out" | head -n 6
    tail -n 20 "$work/err"
}

for gear in 1 2; do
    common="--set cms.max_gear=$gear $*"
    # shellcheck disable=SC2086
    {
        try faults "$faults" "" $common
        for n in 1 2 3 5 7 13 31; do try faults "$faults" "" $common --set inject.rollback.every=$n; done
        n=1
        while [ $n -le 40 ]; do
            try faults "$faults" "" $common --set inject.rollback.at=$n
            n=$((n + 1))
        done
        try faults "$faults" "" $common --set inject.event.every=1
        try faults "$faults" "" $common --set inject.rollback.odds=11 --set inject.event.every=3
        for us in 1 2 3 7 29; do try ticks "$ticks" $us $common; done
        try ticks "$ticks" 5 $common --set inject.rollback.odds=17 --set inject.event.every=2
    }
done
echo "$ran runs, $failed failed"
[ $failed = 0 ]
