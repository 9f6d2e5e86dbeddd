#!/bin/sh
# fetch.sh CACHE NAME.CPU... -- builds real programs by their recipes, workloads/recipes/NAME.sh, for a processor (i686:
# integer and x87 code; sse2: floating point in SSE2) into CACHE/programs/NAME.CPU/: the program NAME, the log of its
# build, and a record of what it was made from. What is there already, by the same recipe, stays.
#
# A recipe says what it is made from, `source=PACKAGE` (a source package of Debian 12) or `binary='PACKAGE...'` (what
# Debian built for i386), what building needs beside gcc and make (`needs='g++ nasm'`, commands), and build(), which
# runs under sh -eu in the unpacked package and leaves a static executable at $program. $CC $CFLAGS $LDFLAGS $CPU,
# configure(), and $recipes, the folder of the recipes, are there for it: a library is driven by a NAME.c beside NAME.sh.
# Nothing outside CACHE is written (debian.sh).
set -eu
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=0
unset CDPATH
here=$(cd "${0%/*}" && pwd)
mkdir -p "$1"
cache=$(cd "$1" && pwd)
shift
. "$here/debian.sh"

# For recipes: configures the package as for another machine, which this one's kernel need not be able to run.
configure() {
    ./configure --build=x86_64-pc-linux-gnu --host=i686-pc-linux-gnu CC="$CC" CFLAGS="$CFLAGS" \
        LDFLAGS="$LDFLAGS" "$@"
}

# All of it, in the directory $work, under sh -eu: `make NAME`
make_program() {
    source='' binary='' needs=''
    . "$here/recipes/$1.sh"
    for command in gcc make patch dpkg-source $needs; do
        command -v "$command" >/dev/null || { echo "covm: '$command' is not installed"; exit 1; }
    done
    if [ -n "$source" ]; then download source "$source"; fi
    for package in $binary; do download binary "$package"; done
    CC='gcc -m32 -static' LDFLAGS=-Wl,--build-id=none
    CFLAGS="-O2 $(flags) -ffile-prefix-map=$work=."
    export CC CFLAGS LDFLAGS CPU
    program=$work/result/$1 recipes=$here/recipes
    mkdir result
    find package -exec touch -h -d @0 {} + # else patched files would have makefiles call for autoconf
    cd package
    build
    cd ..
    strip "$program"
    readelf -h "$program" | grep -q 'Class: *ELF32' || { echo "covm: not a 32-bit executable"; exit 1; }
    ! readelf -l "$program" | grep -q INTERP || { echo "covm: not a static executable"; exit 1; }
    {
        echo "recipe $(hash_recipe "$1")"
        echo "program $(sha256sum <"$program" | cut -c 1-64)"
        cat made_from
        echo "compiler $(gcc --version | head -n 1), $(flags)"
    } >result/record
}

# Of the recipe NAME.sh and, where there is one, the source NAME.c that it uses.
hash_recipe() {
    cat "$here/recipes/$1".sh "$here/recipes/$1".c 2>/dev/null | sha256sum | cut -c 1-64
}

flags() {
    case $CPU in
    i686) echo -march=i686 ;;
    sse2) echo -march=i686 -msse2 -mfpmath=sse ;;
    esac
}

# The line of a log that says best what went wrong.
trouble() {
    { sed -n 's/^covm: //p' "$1"; grep -E '^E: |error: ' "$1"; tail -n 1 "$1"; } | head -n 1
}

fetch() {
    name=${1%.*} place=$cache/programs/$1
    grep -qs "^recipe $(hash_recipe "$name")" "$place/record" && return
    echo "covm: fetching $1" >&2
    work=$cache/work/$1 log=$cache/logs/$1
    rm -rf "$work"
    mkdir -p "$work" "$cache/programs" "$cache/logs"
    if ! (cd "$work" && exec env CPU="${1##*.}" work="$work" sh -eu "$here/fetch.sh" "$cache" --make "$name") \
        >"$log" 2>&1 </dev/null; then
        echo "covm: $1 could not be fetched: $(trouble "$log"); see $log" >&2
        rm -rf "$work"
        return 1
    fi
    rm -rf "$place"
    mv "$work/result" "$place"
    rm -rf "$work"
}

if [ "${1-}" = --make ]; then
    make_program "$2"
    exit
fi

lock_cache
configure_apt
failed=0
for item; do fetch "$item" || failed=1; done
for record in "$cache"/programs/*/record; do
    echo "[$(basename "${record%/record}")]"
    cat "$record"
done >"$cache/lock.new"
mv "$cache/lock.new" "$cache/lock"
exit $failed
