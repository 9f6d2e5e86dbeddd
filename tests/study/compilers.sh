#!/bin/sh
# compilers.sh PROGRAM TREE BUILD -- built by clang: the same stats.json.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cmake -S "$2" -B "$3" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang >/dev/null
cmake --build "$3" --target covm_program -j "$(nproc)" >/dev/null
for workload in hashtable interp strings codegen; do
    for machine in crusoe torture; do
        "$1" run --machine $machine -o "$scratch/gcc-$workload-$machine" -- "$2/build/workloads/$workload" 3 >/dev/null
        "$3/covm" run --machine $machine -o "$scratch/clang-$workload-$machine" -- "$2/build/workloads/$workload" 3 >/dev/null
        cmp "$scratch/gcc-$workload-$machine/stats.json" "$scratch/clang-$workload-$machine/stats.json"
    done
done
echo "gcc and clang agree"
