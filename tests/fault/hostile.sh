#!/bin/sh
# hostile.sh COVM HOST32 PROGRAM: PROGRAM gives the host's output and exit code on every kind of machine, in lockstep.
set -u
covm=$1 host32=$2 program=$3
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
"$host32" --how || exit 2
"$host32" "$program" >"$work/host"
expected=$?
failed=0

try() {
    "$covm" run -q --check --guest-exit --root "$work" "$@" -- "$program" </dev/null >"$work/out" 2>"$work/err"
    status=$?
    [ $status = $expected ] && cmp -s "$work/out" "$work/host" && return
    failed=$((failed + 1))
    echo "$*: exit $status"
    diff "$work/host" "$work/out" | head -n 6
    head -n 20 "$work/err"
}

try
try --set cms.max_gear=0
try --set cms.max_gear=0 --set cms.interpreter=decode
try --set cms.max_gear=1
try --machine torture
try --machine efficeon --set cms.threshold.gear1=1 --set cms.threshold.gear2=2
[ $failed = 0 ]
