#!/bin/sh
# same.sh COVM PROGRAM: threads and processes are interleaved alike, whatever the machine and the gear: what PROGRAM.guest
# prints, the instructions that it runs, its system calls and the switches between its threads are the same everywhere.
set -u
covm=$1 program=$2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0

while read -r options; do
    rm -rf "$work/root" "$work/run"
    mkdir "$work/root"
    # shellcheck disable=SC2086
    "$covm" run -q --guest-exit --write --root "$work/root" -o "$work/run" --set guest.quantum=777 $options \
        -- "$program.guest" </dev/null >"$work/now" 2>"$work/err"
    echo "exit $?" >>"$work/now"
    grep -E '"(core\.insns|user\.(syscalls|signals|threads|processes|switches|slept))"' "$work/run/stats.json" >>"$work/now"
    [ -f "$work/first" ] || cp "$work/now" "$work/first"
    cmp -s "$work/first" "$work/now" && continue
    failed=1
    echo "$options:"
    diff "$work/first" "$work/now" | head -n 20
    tail -n 5 "$work/err"
done <<END
--set cms.max_gear=0
--set cms.max_gear=1 --set cms.threshold.gear1=1
--set cms.threshold.gear1=1 --set cms.threshold.gear2=2
--machine crusoe
--machine efficeon --set cms.indirect=dispatcher
--machine torture
END
grep -q '"user.switches": [1-9]' "$work/first" || failed=1
exit $failed
