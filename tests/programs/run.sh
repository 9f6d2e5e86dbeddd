#!/bin/sh
# run.sh COVM OPTIONS PROGRAM ARGUMENT...: runs PROGRAM.host here and PROGRAM.guest on covm (OPTIONS: covm's own, separated
# by semicolons), each in an empty directory, and compares their output, line by line, and exit codes.
set -u
covm=$1 options=$(echo "$2" | tr ';' ' ') program=$3
shift 3
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir "$work/host" "$work/guest"

(cd "$work/host" && exec "$program.host" "$@" </dev/null) >"$work/host.out" 2>&1
echo "exit $?" >>"$work/host.out"
# shellcheck disable=SC2086
"$covm" run -q --guest-exit --write --root "$work/guest" $options -- "$program.guest" "$@" </dev/null \
    >"$work/guest.out" 2>"$work/guest.err"
echo "exit $?" >>"$work/guest.out"

cmp -s "$work/host.out" "$work/guest.out" && exit 0
echo "the host (<) and covm (>) differ:"
diff "$work/host.out" "$work/guest.out" | head -n 60
tail -n 20 "$work/guest.err"
exit 1
