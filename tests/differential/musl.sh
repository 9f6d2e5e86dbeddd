#!/bin/sh
# musl.sh CACHE: unpacks musl, as Debian built it for i386, into CACHE/musl, and beside it `gcc`, which compiles static
# i386 programs against it. Prints that compiler's path. Exit code 77: there is no network.
set -eu
here=$(cd "${0%/*}" && pwd)
mkdir -p "$1"
cache=$(cd "$1" && pwd)
musl=$cache/musl
. "$here/../../workloads/debian.sh"
lock_cache
if [ ! -x "$musl/gcc" ]; then
    (configure_apt) || exit 77
    configure_apt
    rm -rf "$musl.new"
    mkdir "$musl.new"
    cd "$musl.new"
    download binary musl-dev >/dev/null 2>&1 || exit 77
    cat >gcc <<'END'
#!/bin/sh
# gcc.sh ARGUMENT...: gcc -m32 -static with musl's headers and library; the arguments are sources and options, one call
# compiles and links.
root=$(cd "${0%/*}" && pwd)/package/usr
lib=$root/lib/i386-linux-musl
exec gcc -m32 -static -no-pie -fno-pie -nostdinc -isystem "$root/include/i386-linux-musl" -isystem "$(gcc -print-file-name=include)" \
    -nostartfiles -nodefaultlibs "$lib/crt1.o" "$lib/crti.o" "$@" -L"$lib" -lm -lc "$(gcc -m32 -print-libgcc-file-name)" \
    "$(gcc -m32 -print-file-name=libgcc_eh.a)" -lc "$lib/crtn.o"
END
    chmod +x gcc
    cd "$cache"
    rm -rf "$musl"
    mv "$musl.new" "$musl"
fi
echo "$musl/gcc"
