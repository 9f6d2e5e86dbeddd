#!/bin/sh
# golden.sh PROGRAM NAME [accept] -- runs cases/NAME.sh and compares what it prints with cases/NAME.out, with the tree's
# own place and the scratch directory's written as TREE and HERE.
set -eu
COVM=$1
here=$(cd "${0%/*}" && pwd)
TREE=$(cd "$here/../.." && pwd)
export COVM TREE
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/work"
(cd "$scratch/work" && sh "$here/cases/$2.sh" </dev/null 2>&1) | sed "s|$TREE|TREE|g; s|$scratch/work|HERE|g" >"$scratch/out"
if [ "${3-}" = accept ]; then
    cp "$scratch/out" "$here/cases/$2.out"
else
    diff -u "$here/cases/$2.out" "$scratch/out"
fi
