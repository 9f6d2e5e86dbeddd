#!/bin/sh
# workloads.sh COVM HOST32: every workload at its test size on this host; its output is the one that workloads.yaml has.
set -u
covm=$1 host32=$2
home=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0 ran=0
"$host32" --how || exit 2

awk '$2 == "name:" { name = $3 }
     $1 == "test:" { split($0, part, "\""); print name, part[2], part[4] }' \
    "$home/workloads/workloads.yaml" >"$work/list"
while read -r name argument output; do
    program=$("$covm" workloads build "$name" </dev/null 2>"$work/build") || { cat "$work/build"; exit 2; }
    got=$(cd "$work" && "$host32" "$program" "$argument" </dev/null 2>&1)
    ran=$((ran + 1))
    [ "$got" = "$output" ] && continue
    failed=$((failed + 1))
    echo "$name: printed '$(echo "$got" | head -c 200)', expected '$output'"
done <"$work/list"
echo "$ran workloads, $failed failed"
[ "$ran" -gt 0 ] && [ $failed = 0 ]
