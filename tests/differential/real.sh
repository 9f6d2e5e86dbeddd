#!/bin/sh
# real.sh COVM SIZE [covm run options]: runs every fetched real program at that size (test or ref) and compares its
# standard output and exit code with workloads/real.yaml. Exit code 77: none is fetched (covm workloads fetch all).
# With EMULATOR set (qemu-i386; env, for a kernel that runs i386 programs) that runs them instead of covm.
set -u
covm=$1 size=$2
shift 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0 ran=0

"$covm" workloads | sed -n '/\[not fetched\]$/d; /]$/s/ .*//p' >"$work/names"
[ -s "$work/names" ] || { echo "no real program is fetched: covm workloads fetch all"; exit 77; }

# covm run --guest-exit --root ROOT -- PROGRAM ARGUMENT... <INPUT # exit CODE, sha256 HASH
while read -r name; do
    line=$("$covm" workloads command --size "$size" "$name" </dev/null 2>"$work/err") || { cat "$work/err"; exit 2; }
    wanted=${line##* \# } line=${line% \# *} guest=${line#* -- }
    root=${line#* --root } root=${root%% -- *}
    if [ -n "${EMULATOR-}" ]; then
        (eval "cd $root && $EMULATOR $guest") >"$work/out" 2>"$work/err"
    else
        eval "\"\$covm\" run -q --guest-exit --root $root \"\$@\" -- $guest" >"$work/out" 2>"$work/err"
    fi
    got="exit $?, sha256 $(sha256sum <"$work/out" | cut -c 1-64)"
    ran=$((ran + 1))
    [ "$got" = "$wanted" ] && continue
    failed=$((failed + 1))
    echo "$name: $got; expected $wanted"
    tail -n 5 "$work/err"
done <"$work/names"
echo "$ran real programs ($size $*), $failed failed"
[ "$ran" -gt 0 ] && [ $failed = 0 ]
