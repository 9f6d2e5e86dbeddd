#!/bin/sh
# roundtrip.sh COVM SEED COUNT ARGUMENT... -- `covm run ARGUMENT...` once as a whole; then COUNT times saving at an
# instruction that a sequence from SEED chooses and going on from there. The record of each must be the same bytes.
# What the run reads from standard input is in $INPUT (default: nothing). RESUME: options for going on.
set -u
covm=$1 seed=$2 count=$3
shift 3
work=$(mktemp -d "${TMPDIR:-/tmp}/covm-snapshots-XXXXXX")
trap 'rm -rf "$work"' EXIT
input=${INPUT:-/dev/null}
failures=0

complain() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# same DIRECTORY: but for run.json, which tells of the command, and the origins in config.effective.yaml.
same() {
    for file in stats.json stats.csv regions.csv timeline.csv stdout stderr; do
        cmp -s "$work/whole/$file" "$1/$file" || complain "$2: $file differs"
    done
}

timeout 600 "$covm" run -o "$work/whole" "$@" <"$input" >"$work/out" 2>"$work/err"
code=$?
insns=$(sed -n 's/^  "insns": \([0-9]*\),$/\1/p' "$work/whole/run.json")
[ "${insns:-0}" -gt 0 ] || { cat "$work/err"; complain "the whole run (exit code $code)"; exit 1; }
i=0
while [ "$i" -lt "$count" ]; do
    i=$((i + 1))
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    at=$((seed / 8 % insns))
    timeout 600 "$covm" run -o "$work/saved" --save-at "$at" "$@" <"$input" >"$work/out" 2>"$work/err"
    saved=$?
    if [ ! -f "$work/saved/snapshot.covm" ]; then
        grep 'no snapshot was taken: the run ended' "$work/err" || complain "saving at $at: exit code $saved, no snapshot"
        rm -rf "$work/saved"
        continue
    fi
    [ "$saved" = "$code" ] || complain "saving at $at: exit code $saved, not $code"
    same "$work/saved" "the run that saved at $at"
    # shellcheck disable=SC2086
    timeout 600 "$covm" run --from "$work/saved/snapshot.covm" -o "$work/resumed" ${RESUME-} \
        <"$input" >"$work/rest" 2>"$work/err"
    resumed=$?
    [ "$resumed" = "$code" ] || { cat "$work/err"; complain "going on from $at: exit code $resumed, not $code"; }
    [ -d "$work/resumed" ] && same "$work/resumed" "going on from $at"
    tail -c "$(wc -c <"$work/rest")" "$work/saved/stdout" | cmp -s - "$work/rest" ||
        complain "going on from $at: standard output is no continuation"
    echo "saved at $at of $insns, $(wc -c <"$work/saved/snapshot.covm") bytes"
    rm -rf "$work/saved" "$work/resumed"
done
[ "$failures" = 0 ]
