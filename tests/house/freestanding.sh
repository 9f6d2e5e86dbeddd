#!/bin/sh
# freestanding.sh ROOT SCRATCH riscv64|host -O0|-O2 "HOSTED FILES" -- compiles the CMS, the translator and what they
# stand on without a C library, links them into one piece, and fails on any undefined symbol that hwsim/contract.h does
# not declare: a libc function, a compiler's helper (128-bit division, software floating point), a hole.
set -eu
here=$(dirname "$0")
root=$1 scratch=$2 target=$3 level=$4 hosted=$5
common="-std=gnu11 -ffreestanding $level -g0 -I. -Wall -Wextra -Wno-unused-parameter
    -Werror=implicit-function-declaration"
case $target in
riscv64)
    cc="clang --target=riscv64 -march=rv64im -mabi=lp64 -mcmodel=medany -nostdlibinc"
    link="ld.lld -r" nm=llvm-nm ;;
host)
    # no floating-point register may be named: the CMS has none
    cc="gcc -mgeneral-regs-only -fno-pie -fno-stack-protector"
    link="ld -r" nm=nm ;;
esac
for tool in ${cc%% *} ${link%% *} $nm; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed (Debian packages clang, lld, llvm, gcc)"; exit 1; }
done

rm -rf "$scratch"
mkdir -p "$scratch"
cd "$root"
. "$here/sources.sh"
freestanding_sources "$hosted" >"$scratch/sources"
[ -s "$scratch/sources" ] || { echo "nothing to check"; exit 1; }
# an object is named after its path, / turned into _
export cc common scratch
xargs -P 2 -n 1 sh -c '$cc $common -c "$0" -o "$scratch/$(echo "$0" | tr / _).o"' <"$scratch/sources" ||
    { echo "does not compile freestanding"; exit 1; }
$link -o "$scratch/all.o" "$scratch"/*.c.o

grep -o '\bhw_[a-z_]*(' hwsim/contract.h | tr -d '(' | LC_ALL=C sort -u >"$scratch/allowed"
$nm -u "$scratch/all.o" | awk '{print $NF}' | LC_ALL=C sort -u >"$scratch/undefined"
LC_ALL=C comm -23 "$scratch/undefined" "$scratch/allowed" >"$scratch/faults"
echo "$(wc -l <"$scratch/sources") files, $(wc -l <"$scratch/undefined") symbols of the contract or undefined"
while read -r symbol; do
    users=$(for object in "$scratch"/*.c.o; do
        $nm -u "$object" | awk -v s="$symbol" '$NF == s {found = 1} END {exit !found}' && basename "$object" .o
    done || true)
    echo "undefined: $symbol, used by" $users
done <"$scratch/faults"
[ ! -s "$scratch/faults" ]
