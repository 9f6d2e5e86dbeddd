#!/bin/sh
# generated.sh COVM HOST32 GENERATOR FLAVOUR SEED COUNT [covm run options]: random C programs, by GENERATOR (csmith, or
# the path of floats_program), compiled for FLAVOUR with one of -O0 to -O3, run on the host and by covm: in the interpreter,
# and at gear 2 as soon as possible in lockstep with the shadow interpreter. Output and exit code must be the same.
# What runs on the host for more than some seconds, or cannot, is left out and counted.
#
#     i686     -march=i686 -mfpmath=387
#     sse2     -march=i686 -msse2 -mfpmath=sse
#     sse42    -march=i686 -msse4.2 -mfpmath=sse; floats_program with intrinsics
#     musl-... the same with musl in glibc's place (musl.sh, into $COVM_CACHE)
set -u
covm=$1 host32=$2 generator=$3 flavour=$4 seed=$5 count=$6
shift 6
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir "$work/root"
cc='gcc -m32 -static'
case $flavour in
musl-*) cc=$(sh "${0%/*}/musl.sh" "$COVM_CACHE") || exit $? ;;
esac
case ${flavour#musl-} in
i686) flags='-march=i686 -mfpmath=387' intrinsics= ;;
sse2) flags='-march=i686 -msse2 -mfpmath=sse' intrinsics= ;;
sse42) flags='-march=i686 -msse4.2 -mfpmath=sse' intrinsics=intrinsics ;;
*) echo "$flavour is no flavour" >&2; exit 2 ;;
esac
"$host32" --how || exit 2

# In a subshell: csmith leaves a file where it runs.
generate() (
    case $generator in
    csmith) cd "$work" && csmith --seed "$1" --max-funcs 6 --max-block-depth 3 --float >"$work/program.c" ;;
    *) "$generator" "$1" $intrinsics >"$work/program.c" ;;
    esac
)

# try OPTION...
try() {
    timeout 300 "$covm" run -q --guest-exit --root "$work/root" "$@" -- "$work/program" </dev/null >"$work/out" \
        2>"$work/err"
    echo "exit $?" >>"$work/out"
    cmp -s "$work/host" "$work/out" && return
    failed=$((failed + 1))
    echo "seed $seed -O$level $flavour, covm run $*:"
    diff "$work/host" "$work/out" | head -n 6
    head -n 5 "$work/err"
}

failed=0 ran=0 left=0 last=$((seed + count))
while [ "$seed" -lt "$last" ]; do
    level=$((seed % 4))
    # shellcheck disable=SC2086
    generate "$seed" && $cc -w -O$level $flags -I/usr/include/csmith -o "$work/program" \
        "$work/program.c" -lm 2>"$work/err" || { head -n 5 "$work/err"; exit 2; }
    timeout 10 "$host32" "$work/program" </dev/null >"$work/host" 2>/dev/null
    status=$?
    echo "exit $status" >>"$work/host"
    if [ $status = 124 ] || [ $status = 125 ]; then
        left=$((left + 1))
    else
        try --set cms.max_gear=0 "$@"
        try --check --set cms.threshold.gear1=1 --set cms.threshold.gear2=2 "$@"
        ran=$((ran + 1))
    fi
    seed=$((seed + 1))
done
echo "$ran programs ($flavour), $left left out, $failed failed"
[ $ran -gt 0 ] && [ $failed = 0 ]
