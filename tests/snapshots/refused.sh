#!/bin/sh
# refused.sh COVM INSTRUCTIONS PROGRAM ARGUMENT -- a snapshot (of PROGRAM ARGUMENT after so many) that is damaged or cut
# short anywhere, or that does not belong to what the command line says, is refused in words and with the exit code for
# that; and nothing is run.
set -u
covm=$1 after=$2 argument=$4
work=$(mktemp -d "${TMPDIR:-/tmp}/covm-refused-XXXXXX")
trap 'rm -rf "$work"' EXIT
cp "$3" "$work/program"
failures=0

# refuses CODE WORDS ARGUMENT...: covm run ARGUMENT... ends with CODE, and says WORDS.
refuses() {
    code=$1 words=$2
    shift 2
    timeout 60 "$covm" run "$@" </dev/null >"$work/out" 2>"$work/err"
    got=$?
    [ "$got" = "$code" ] && grep -q "$words" "$work/err" && [ ! -s "$work/out" ] && return
    echo "FAILED: covm run $*: exit code $got, not $code with '$words'"
    head -n 3 "$work/err"
    failures=$((failures + 1))
}

good=$work/good.covm
"$covm" run --root / --save-at "$after" --save "$good" -- "$work/program" "$argument" </dev/null >/dev/null || exit 1
size=$(wc -c <"$good")
i=0
while [ "$i" -lt 50 ]; do
    at=$((size * i / 50))
    i=$((i + 1))
    head -c "$at" "$good" >"$work/short.covm"
    refuses 2 'cut short' --from "$work/short.covm"
    byte=$(od -An -tu1 -j "$at" -N 1 "$good")
    flipped=$(printf %o $((byte ^ 1 << i % 8)))
    { head -c "$at" "$good"; printf "\\$flipped"; tail -c +$((at + 2)) "$good"; } >"$work/bad.covm"
    [ "$(wc -c <"$work/bad.covm")" = "$size" ] || exit 1
    refuses 2 'damaged\|not a snapshot\|cut short' --from "$work/bad.covm"
done
{ cat "$good"; echo more; } >"$work/long.covm"
refuses 2 'damaged' --from "$work/long.covm"
refuses 2 'No such file' --from "$work/none.covm"
refuses 2 'not a snapshot' --from "$work/program"
refuses 2 'not a snapshot' --from /dev/null

refuses 3 'core.jtlb.entries is 64 here and .* in the snapshot' --from "$good" --set core.jtlb.entries=64
refuses 3 'guest.seed is 2 here' --from "$good" --set guest.seed=2
refuses 3 'memory.l1d' --from "$good" --machine efficeon
refuses 3 'lab.timeline.insns is 5000 here and 100000 in the snapshot' --from "$good" --set lab.timeline.insns=5000
refuses 3 'unknown key' --from "$good" --set no.such=1
refuses 3 'lab.window' --from "$good" --set lab.window.warmup_insns=1000
refuses 2 'leave the program out' --from "$good" -- "$work/program"
refuses 2 'environment' --from "$good" --env A=b
refuses 2 'may write' --from "$good" --write
refuses 2 'says when' --save "$work/x.covm" -- "$work/program"
refuses 2 'needs --save FILE' --save-at 5 -- "$work/program"
refuses 2 'No such file' --save-at 5 --save "$work/none/x.covm" -- "$work/none"

"$covm" run --from "$good" --set lab.window.warmup_insns=$((after + 10000)) \
    -o "$work/fine" </dev/null >/dev/null || { echo "FAILED: lab.window may differ"; failures=$((failures + 1)); }
grep -q '"warmup"' "$work/fine/stats.json" || { echo "FAILED: no window"; failures=$((failures + 1)); }
ls "$work"/*.new 2>/dev/null && failures=$((failures + 1))

echo x >>"$work/program"
refuses 2 'has changed since' --from "$good"
rm "$work/program"
refuses 2 'not there' --from "$good"
[ "$failures" = 0 ]
