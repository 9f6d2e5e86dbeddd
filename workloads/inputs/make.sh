#!/bin/sh
# make.sh DIR -- makes the inputs of the real programs, unless they are newer than this folder: those that generate.c
# writes, and the scripts beside it. Each file appears whole.
set -eu
here=$(cd "${0%/*}" && pwd)
[ -f "$1/.made" ] && [ -z "$(find "$here" -cnewer "$1/.made")" ] && exit
mkdir -p "$1"
work=$(mktemp -d "$1/.new.XXXXXX")
trap 'rm -rf "$work"' EXIT
gcc -O2 -o "$work/.generate" "$here/generate.c" || { echo "covm: the inputs need gcc" >&2; exit 1; }
(cd "$work" && ./.generate)
for script in "$here"/*; do
    case $script in */make.sh | */generate.c) ;; *) cp -R "$script" "$work/" ;; esac
done
for size in test:3:400 ref:60:10000; do
    name=${size%%:*} rest=${size#*:}
    { cat "$here/bench.js"; echo "print(bench(${rest%:*}))"; } >"$work/bench.$name.js"
    sed "s/ROWS/${rest#*:}/" "$here/queries.sql" >"$work/queries.$name.sql"
done
rm "$work/bench.js" "$work/queries.sql"
for file in "$work"/*; do mv -fT "$file" "$1/${file##*/}"; done
: >"$1/.made"
