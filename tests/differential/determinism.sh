#!/bin/sh
# determinism.sh COVM SOURCE BUILD: the same program, configuration and input give the same bytes of statistics from
# another directory, with another environment, with and without address randomisation, and from a program that another
# compiler built (clang, into BUILD).
set -u
covm=$1 source=$2 build=$3
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir "$work/root" "$work/elsewhere"
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang >"$work/log" 2>&1 &&
    cmake --build "$build" --target covm_program >>"$work/log" 2>&1 || { tail "$work/log"; exit 2; }
failed=0

for machine in crusoe torture; do
    for name in text codegen; do
        program=$("$covm" workloads build $name </dev/null) || exit 2
        common="--machine $machine --root $work/root"
        run() {
            out=$1
            shift
            # shellcheck disable=SC2086
            "$@" run -q $common -o "$work/$machine-$name-$out" -- "$program" 3 >/dev/null </dev/null || failed=1
        }
        run plain "$covm"
        run again "$covm"
        (cd "$work/elsewhere" && run directory "$covm"; exit $failed) || failed=1
        run environment env -i LANG=C NOISE="$(head -c 3000 /dev/zero | tr '\0' x)" "$covm"
        run fixed setarch -R "$covm"
        run clang "$build/covm"
        for other in again directory environment fixed clang; do
            for file in stats.json stats.csv regions.csv timeline.csv; do
                cmp "$work/$machine-$name-plain/$file" "$work/$machine-$name-$other/$file" || failed=1
            done
        done
    done
done
[ $failed = 0 ] && echo "identical statistics"
exit $failed
