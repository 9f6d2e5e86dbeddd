#!/bin/sh
# own.sh COVM GUESTS -- what a snapshot says of the world outside the guest: standard input, limits, where the guest's /
# lies; a snapshot of a run that came from one; and what is not saved is said.
set -u
covm=$1 guests=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/covm-own-XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0
fail() {
    echo "FAILED: $*"
    [ -f "$work/err" ] && head -n 3 "$work/err"
    failures=$((failures + 1))
}
run() { timeout 120 "$covm" run --guest-exit "$@" 2>"$work/err"; }
i=0
while [ $i -lt 40 ]; do i=$((i + 1)); echo "line $i of the input"; done >"$work/input"

mkdir "$work/root" && cp "$guests/reads" "$work/root/"
run -o "$work/whole" --root "$work/root" -- "$work/root/reads" <"$work/input" >"$work/whole.out"
[ $? = 7 ] || fail "the program"
insns=$(sed -n 's/^  "insns": \([0-9]*\),$/\1/p' "$work/whole/run.json")
half=$((insns / 2)) most=$((insns * 9 / 10))
run -o "$work/saved" --save-at $half --root "$work/root" -- "$work/root/reads" <"$work/input" >/dev/null
snapshot=$work/saved/snapshot.covm

same() {
    for file in stats.json stats.csv regions.csv timeline.csv stdout stderr; do
        cmp -s "$work/whole/$file" "$work/$1/$file" || fail "$1: $file differs"
    done
}
run --from "$snapshot" -o "$work/file" <"$work/input" >"$work/out"
[ $? = 7 ] || fail "from a file"
same file
[ -s "$work/out" ] && ! cmp -s "$work/out" "$work/whole.out" || fail "standard output is to be the continuation"
run --from "$snapshot" -o "$work/chain" --save-at $most <"$work/input" >/dev/null
same chain
run --from "$work/chain/snapshot.covm" -o "$work/chained" <"$work/input" >/dev/null
same chained

# From a pipe: what had been read is given again, and dropped.
run -o "$work/piped" --save-at $half --root "$work/root" -- "$work/root/reads" <"$work/input" >/dev/null
cat "$work/input" | run --save "$work/pipe.covm" --save-at $half --root "$work/root" -- "$work/root/reads" >/dev/null
cat "$work/input" | run --from "$work/pipe.covm" >"$work/out"
[ $? = 7 ] || fail "from a pipe"
cat "$work/saved/stdout" | tail -c "$(wc -c <"$work/out")" | cmp -s - "$work/out" || fail "from a pipe: output"
[ -s "$work/out" ] || fail "from a pipe: no output"
head -n 2 "$work/input" | run --from "$work/pipe.covm" >/dev/null && fail "input too short"
grep -q 'standard input ends before' "$work/err" || fail "input too short: no such words"
run --from "$snapshot" </dev/null >/dev/null && fail "input no file"
grep -q 'standard input was a file' "$work/err" || fail "input no file: no such words"

# A limit counts from the guest's start.
run -o "$work/limit" --max-insns $most --root "$work/root" -- "$work/root/reads" <"$work/input" >/dev/null
[ $? = 5 ] || fail "limit"
run --from "$snapshot" -o "$work/limited" --max-insns $most <"$work/input" >/dev/null
[ $? = 5 ] || fail "limit of the rest"
cmp -s "$work/limit/stats.json" "$work/limited/stats.json" || fail "limit: stats.json differs"

# The guest's / may lie elsewhere as long as the guest has seen nothing of it.
cp -r "$work/root" "$work/moved"
run --from "$snapshot" --root "$work/moved" -o "$work/elsewhere" <"$work/input" >/dev/null
same elsewhere

run -o "$work/never" --save-at $((insns * 2)) --root "$work/root" -- "$work/root/reads" <"$work/input" >/dev/null
grep -q "no snapshot was taken: the run ended at $insns" "$work/err" || fail "a run that ends before: no such words"
[ ! -e "$work/never/snapshot.covm" ] || fail "a run that ends before: a snapshot"
cp "$guests/holds" "$work/root/"
timeout 60 "$covm" run --write --save-at 1000000 --save "$work/s.covm" --root "$work/root" -- "$work/root/holds" \
    </dev/null >/dev/null 2>"$work/err"
[ $? = 2 ] || fail "a socket: exit code"
grep -q "a socket's name, [a-z]*, lies outside the guest's /tmp" "$work/err" || fail "a socket: no such words"
[ ! -e "$work/s.covm" ] && [ ! -e "$work/s.covm.new" ] || fail "a socket: something was written"
[ "$failures" = 0 ]
