#!/bin/sh
# fetch.sh COVM CACHE: fetches two real programs into that folder, one that Debian built and one from source; fetching again
# does nothing; the records name what was fetched, and what was built is what they say; trouble is told with its log; then
# each program is run. Exit code 77: there is no network.
set -u
covm=$1 cache=$2
COVM_CACHE=$cache
export COVM_CACHE
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAIL: $*"
    exit 1
}

if ! "$covm" workloads fetch busybox bzip2 >"$work/out" 2>"$work/err"; then
    cat "$work/err"
    grep -q 'apt-get update failed\|could not be fetched: E: ' "$work/err" && exit 77
    exit 1
fi
"$covm" workloads fetch busybox bzip2 >"$work/again" 2>"$work/err" || fail "fetching again"
[ ! -s "$work/err" ] || fail "fetching again did something: $(cat "$work/err")"
cmp "$work/out" "$work/again" || fail "fetching again found something else"

for program in busybox.i686/busybox bzip2.i686/bzip2; do
    record=$cache/programs/${program%/*}/record
    hash=$(sha256sum <"$cache/programs/$program" | cut -c 1-64)
    grep -q "^program $hash\$" "$record" || fail "$record has another program's hash"
    grep -q '^package [a-z0-9-]* [0-9]' "$record" || fail "$record names no package"
    grep -q '^file .* [0-9a-f]\{64\}$' "$record" || fail "$record has no file's hash"
    grep -q "^program $hash\$" "$cache/lock" || fail "$cache/lock lacks ${program%/*}"
done

COVM_DEBIAN=http://127.0.0.1:1/debian "$covm" workloads fetch --cache "$work/elsewhere" bzip2 >"$work/out" 2>"$work/err"
[ $? = 1 ] || fail "no network, and yet it is fetched"
log=$(sed -n 's/.*failed; see //p' "$work/err")
[ -n "$log" ] && [ -s "$log" ] || fail "no log told in: $(cat "$work/err")"
[ ! -e "$work/elsewhere/programs" ] || fail "something was left of a fetch that failed"

sh "${0%/*}/real.sh" "$covm" test --check
