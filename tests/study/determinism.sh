#!/bin/sh
# determinism.sh PROGRAM TREE -- the same run from another directory, with another environment, with and without address
# randomisation, checked and unchecked, recorded or traced: the same stats.json, byte for byte.
set -eu
covm=$1
guest=$2/build/workloads/hashtable
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/first" "$scratch/second" "$scratch/second/deeper"
options="--machine efficeon --root /"

(cd "$scratch/first" && "$covm" run $options -o "$scratch/a" -- "$guest" 2 >/dev/null)
same() {
    cmp "$scratch/a/stats.json" "$scratch/$1/stats.json" && echo "the same: $2"
}
(cd "$scratch/second/deeper" && env -i HOME=/nowhere LC_ALL=C X="$(head -c 5000 /dev/zero | tr '\0' x)" "$covm" run $options -o "$scratch/b" -- "$guest" 2 >/dev/null)
same b "another directory and environment"
"$covm" run $options --check -o "$scratch/c" -- "$guest" 2 >/dev/null
same c "checked in lockstep"
"$covm" run $options --set lab.timeline.insns=1000 -o "$scratch/d" -- "$guest" 2 >/dev/null
same d "a finer timeline"
cp "$guest" "$scratch/second/hashtable"
(cd "$scratch/second" && "$covm" run $options -o "$scratch/e" -- ./hashtable 2 </dev/null | cat >/dev/null)
same e "a guest in another place, other descriptors"
if setarch -R true 2>/dev/null; then
    setarch -R "$covm" run $options -o "$scratch/f" -- "$guest" 2 >/dev/null
    same f "without address randomisation"
fi
# and it can differ at all
"$covm" run $options --set core.latency.load=7 -o "$scratch/g" -- "$guest" 2 >/dev/null
if cmp -s "$scratch/a/stats.json" "$scratch/g/stats.json"; then
    echo "another machine gave the same statistics" >&2
    exit 1
fi
