#!/bin/sh
# tree.sh BUILD CMAKE -- what `cmake --install` puts below a prefix: all of it, with DESTDIR too; it works from there,
# from any directory, after it has been moved, and where its user may not write into it: what it makes goes into the
# cache folder, and nothing changes in the tree.
set -eu
build=$1 cmake=$2
[ -f "$build/documents/covm.1.gz" ] || { echo "not built: cmake --build $build --target covm_documents"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
    echo "$*" >&2
    exit 1
}
chmod 755 "$scratch"
"$cmake" --install "$build" --prefix "$scratch/first" >"$scratch/log"
DESTDIR=$scratch/staged "$cmake" --install "$build" --prefix /usr >"$scratch/log"
diff -r "$scratch/first" "$scratch/staged/usr" || fail "DESTDIR makes a difference"
mv "$scratch/first" "$scratch/moved"
there=$scratch/moved
for file in bin/covm share/covm/configs/machines/crusoe.yaml share/covm/workloads/workloads.yaml \
    share/covm/workloads/recipes/lua.sh share/covm/workloads/inputs/make.sh share/covm/results/templates/stack.gp \
    share/covm/results/templates/common.gp share/covm/configs/studies/width.yaml \
    share/man/man1/covm.1.gz share/bash-completion/completions/covm share/doc/covm/reference.md \
    share/doc/covm/README.md share/doc/covm/copyright; do
    [ -s "$there/$file" ] || fail "$file is missing"
done
strays=$(find "$there" \( -name '*.o' -o -name build -o -name runs -o -name .git \) -print)
[ -z "$strays" ] || fail "not to be installed: $strays"
gzip -dc "$there/share/man/man1/covm.1.gz" | grep -q '^\.TH COVM 1' || fail "no manual page"

# As somebody who may not write there.
mkdir "$scratch/home" "$scratch/here"
as=
if [ "$(id -u)" = 0 ]; then
    command -v setpriv >/dev/null || { echo "setpriv is not installed"; exit 77; }
    chown 65534:65534 "$scratch/home" "$scratch/here"
    as='setpriv --reuid=65534 --regid=65534 --clear-groups'
else
    chmod -R a-w "$there"
    trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
fi
covm() { (cd "$scratch/here" && $as env -i PATH="$PATH" HOME="$scratch/home" "$there/bin/covm" "$@"); }
find "$there" -printf '%p %T@ %s\n' | sort >"$scratch/before"

covm config dump --machine crusoe >"$scratch/dump"
grep -q "$there/share/covm/configs/machines/crusoe.yaml:" "$scratch/dump" || fail "the machine is another tree's"
foreign=$(grep 'configs/machines' "$scratch/dump" | grep -vF "$there/share/covm/" || :)
[ -z "$foreign" ] || fail "a value comes from another tree: $foreign"
program=$(covm workloads build sieve)
case $program in
"$scratch/home/.cache/covm/"*/sieve) ;;
*) fail "sieve was built as $program" ;;
esac
covm workloads run sieve | grep -q '^sieve  *ok ' || fail "sieve did not run"
covm run -o record -- "$program" 1000 >/dev/null || fail "covm run failed"
[ -f "$scratch/here/record/run.json" ] || fail "no record"
covm demo --size test -j 1 >"$scratch/out" 2>&1 || fail "demo failed: $(cat "$scratch/out")"
[ -s "$scratch/here/runs/demo/cycle_stacks.svg" ] || fail "demo drew no figure: $(cat "$scratch/out")"
# Built again only once its sources are newer.
first=$(stat -c %Y.%i "$program")
covm workloads build sieve >/dev/null
[ "$first" = "$(stat -c %Y.%i "$program")" ] || fail "sieve was built again"
find "$there" -printf '%p %T@ %s\n' | sort >"$scratch/after"
diff "$scratch/before" "$scratch/after" || fail "the installed tree has changed"

# An update brings sources that are older than the program, and it is built again.
sleep 0.01
chmod u+w "$there/share/covm/workloads"
cp -p "$there/share/covm/workloads/sieve.c" "$scratch/sieve.c"
mv -f "$scratch/sieve.c" "$there/share/covm/workloads/sieve.c"
covm workloads build sieve >/dev/null
[ "$first" != "$(stat -c %Y.%i "$program")" ] || fail "sieve was not built again"
echo "the installed tree works: $(wc -l <"$scratch/before") files and folders"
