#!/bin/sh
# launcher.sh PROGRAM -- the launcher runs a program that is built at once: from any directory, through a symbolic link,
# with no PATH, arguments untouched; a missing program makes it build, under its lock.
set -eu
tree=$(cd "${0%/*}/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
    echo "$*" >&2
    exit 1
}
mkdir -p "$scratch/tree/build/release" "$scratch/elsewhere"
cp "$tree/covm" "$scratch/tree/covm"
cat >"$scratch/tree/build/release/covm" <<'S'
#!/bin/sh
printf '<%s>' "$@"
exit 42
S
chmod +x "$scratch/tree/build/release/covm"
: >"$scratch/tree/build/release/.built"
ln -s "$scratch/tree/covm" "$scratch/elsewhere/link"

expect() {
    code=0
    said=$("$@" run -- 'a b' '' '*') || code=$?
    [ "$said" = '<run><--><a b><><*>' ] || fail "$*: said $said"
    [ "$code" = 42 ] || fail "$*: exit code $code"
}
cd "$scratch/elsewhere"
expect "$scratch/tree/covm"
expect ../tree/covm
expect ./link
expect env -i "$scratch/tree/covm"
expect env -i PATH=/nonexistent "$scratch/tree/covm"
cd "$scratch/tree"
expect ./covm
expect sh covm

# Without the stamp it wants to build; here is nothing to build, which must end it.
rm "$scratch/tree/build/release/.built"
code=0
(./covm run x >"$scratch/out" 2>&1) || code=$?
[ "$code" != 0 ] || fail "no CMakeLists.txt, and yet it built"
grep -q 'covm: building (release)' "$scratch/out" || fail "it did not say that it builds: $(cat "$scratch/out")"
[ ! -e "$scratch/tree/build/release/.built" ] || fail "a failed build left its stamp"
echo "the launcher launches"
