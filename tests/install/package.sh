#!/bin/sh
# package.sh BUILD CPACK -- the Debian package: version, what it depends on, what it holds, and what lintian says of it.
set -eu
build=$1 cpack=$2
for tool in dpkg-deb dpkg-shlibdeps; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done
[ -f "$build/documents/covm.1.gz" ] || { echo "not built: cmake --build $build --target covm_documents"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
    echo "$*" >&2
    exit 1
}
chmod 755 "$scratch"
(cd "$build" && umask 022 && "$cpack" -G DEB -B "$scratch") >"$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"
deb=$(echo "$scratch"/covm_*.deb)
version=$("$build/covm" --version)
[ "covm $(dpkg-deb -f "$deb" Version)" = "$version" ] || fail "$deb is not of the version $version"
for library in libc6 libmpfr6 libsqlite3-0 libyaml-0-2 libzydis; do
    dpkg-deb -f "$deb" Depends | grep -q "$library" || fail "it does not depend on $library"
done
dpkg-deb -f "$deb" Recommends | grep -q 'gcc-multilib.*gnuplot-nox' || fail "it does not recommend what workloads need"
dpkg-deb -x "$deb" "$scratch/root"
! readelf -S "$scratch/root/usr/bin/covm" | grep -q '\.debug_info' || fail "it is not stripped"
"$scratch/root/usr/bin/covm" reference man >"$scratch/covm.1"
gzip -dc "$scratch/root/usr/share/man/man1/covm.1.gz" | cmp - "$scratch/covm.1" ||
    fail "the manual page is another program's"
if command -v lintian >/dev/null; then
    # whoever publishes the package gives an address (CMake: maintainer)
    lintian --allow-root --fail-on error,warning --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog \
        "$deb" || fail "lintian finds fault"
else
    echo "lintian is not installed: not asked"
fi
echo "${deb##*/}: $(dpkg-deb -c "$deb" | wc -l) files and folders"
