#!/bin/sh
# workloads.sh COVM SIZE [covm run options]: runs every workload at that size (test or ref) and compares its standard
# output and exit code with workloads.yaml, which holds what the host's own processor printed.
set -u
covm=$1 size=$2
shift 2
home=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0 ran=0

# NAME ARGUMENT OUTPUT, a line each
awk -v size="$size:" '
    $2 == "name:" { name = $3 }
    $1 == size { split($0, part, "\""); print name, part[2], part[4] }' "$home/workloads/workloads.yaml" >"$work/list"

while read -r name argument output; do
    program=$("$covm" workloads build "$name" </dev/null 2>"$work/build") || { cat "$work/build"; exit 2; }
    "$covm" run -q --guest-exit --root "$work" "$@" -- "$program" "$argument" </dev/null >"$work/out" 2>"$work/err"
    status=$?
    ran=$((ran + 1))
    [ $status = 0 ] && [ "$(cat "$work/out")" = "$output" ] && continue
    failed=$((failed + 1))
    echo "$name: exit $status, printed '$(head -c 200 "$work/out")', expected '$output'"
    tail -n 40 "$work/err"
done <"$work/list"
echo "$ran workloads ($size $*), $failed failed"
[ "$ran" -gt 0 ] && [ $failed = 0 ]
