#!/bin/sh
# stack.sh ROOT SCRATCH "HOSTED FILES" -- the CMS runs on a stack of fixed size: no frame of unknown size (alloca,
# arrays of variable length), none above FRAME_MAX bytes.
set -eu
here=$(dirname "$0")
root=$1 scratch=$2 hosted=$3
: "${FRAME_MAX:=16384}"
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$root"
. "$here/sources.sh"
freestanding_sources "$hosted" >"$scratch/sources"
[ -s "$scratch/sources" ] || { echo "nothing to check"; exit 1; }
export scratch
xargs -P 2 -n 1 sh -c '
    gcc -std=gnu11 -ffreestanding -O2 -g0 -fstack-usage -I. -c "$0" -o "$scratch/$(echo "$0" | tr / _).o"' \
    <"$scratch/sources" || { echo "does not compile"; exit 1; }
# place:function TAB bytes TAB static | dynamic | dynamic,bounded
awk -F '\t' -v limit="$FRAME_MAX" '
{ functions++ }
# (dynamic,bounded: arguments pushed on the stack; the figure has them)
$3 == "dynamic" { print $1 ": frame of unknown size (" $3 ")"; bad++ }
$2 > limit { print $1 ": frame of " $2 " bytes, more than " limit; bad++ }
$2 > most { most = $2; where = $1 }
END {
    if (!functions) { print "nothing to check"; exit 1 }
    printf "%d functions, largest frame %d bytes (%s), %d faults\n", functions, most, where, bad
    exit bad != 0
}' "$scratch"/*.su
