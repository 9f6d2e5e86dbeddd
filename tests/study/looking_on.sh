#!/bin/sh
# looking_on.sh PROGRAM TREE -- a run that is checked, traced, recorded more finely, or whose program and descriptors lie
# elsewhere gives the same stats.json, byte for byte.
set -eu
covm=$1
guest=$2/build/workloads/hashtable
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
options="--machine efficeon --root /"

"$covm" run $options -o "$scratch/plain" -- "$guest" 2 >/dev/null
same() {
    cmp "$scratch/plain/stats.json" "$scratch/$1/stats.json" && echo "the same: $1"
}
"$covm" run $options --check -o "$scratch/checked" -- "$guest" 2 >/dev/null
same checked
"$covm" run $options -d estx -o "$scratch/traced" -- "$guest" 2 >/dev/null 2>&1
same traced
"$covm" run $options --set lab.timeline.insns=1000 -o "$scratch/finely" -- "$guest" 2 >/dev/null
same finely
mkdir "$scratch/elsewhere"
cp "$guest" "$scratch/elsewhere/hashtable"
(cd "$scratch/elsewhere" && "$covm" run $options -o "$scratch/moved" -- ./hashtable 2 </dev/null | cat >/dev/null)
same moved
# and it can differ at all
"$covm" run $options --set core.latency.load=7 -o "$scratch/other" -- "$guest" 2 >/dev/null
if cmp -s "$scratch/plain/stats.json" "$scratch/other/stats.json"; then
    echo "another machine gave the same statistics" >&2
    exit 1
fi
