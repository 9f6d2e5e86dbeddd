#!/bin/sh
# chroot.sh BUILD CPACK -- the Debian package in a clean Debian 12, which holds no compiler: it installs with what it
# depends on, runs a program, and finds its machines; with what it recommends it builds workloads and draws the demo's
# figure. Needs root, debootstrap and a mirror; without one of them it is skipped.
set -eu
build=$1 cpack=$2
skip() {
    echo "skipped: $*"
    exit 77
}
fail() {
    echo "$*" >&2
    exit 1
}
[ "$(id -u)" = 0 ] || skip "not root"
for tool in debootstrap dpkg-shlibdeps gcc; do command -v "$tool" >/dev/null || skip "$tool is not installed"; done
[ -f "$build/documents/covm.1.gz" ] || skip "not built: cmake --build $build --target covm_documents"
# The mirror that this host uses, or Debian's own.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    grep -o 'https\{0,1\}://[^ ]*/debian/\{0,1\}\( \|$\)' | head -n 1 | tr -d ' ')
mirror=${mirror:-http://deb.debian.org/debian}
scratch=$(mktemp -d)
root=$scratch/root
trap 'umount "$root/proc" 2>/dev/null || :; rm -rf --one-file-system "$scratch"' EXIT
chmod 755 "$scratch"
(cd "$build" && umask 022 && "$cpack" -G DEB -B "$scratch") >"$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"

debootstrap --variant=minbase bookworm "$root" "$mirror" >"$scratch/log" 2>&1 || {
    tail -n 3 "$scratch/log"
    ! grep -qiE 'failed getting release|could ?n.t (resolve|download)' "$scratch/log" || skip "no mirror ($mirror)"
    fail "debootstrap failed"
}
mount -t proc proc "$root/proc" || skip "cannot mount /proc in the chroot"
[ ! -f /etc/resolv.conf ] || cp /etc/resolv.conf "$root/etc/resolv.conf"
inside() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}
apt() {
    inside apt-get -y -q --no-install-recommends "$@" >"$scratch/log" 2>&1 ||
        fail "apt-get $*: $(tail -n 20 "$scratch/log")"
}

cp "$scratch"/covm_*.deb "$root/root/covm.deb"
gcc -m32 -static -nostdlib -Wl,--build-id=none -x assembler -o "$root/root/prog" - <<'S'
.globl _start
_start: mov $4, %eax
    mov $1, %ebx
    mov $text, %ecx
    mov $6, %edx
    int $0x80
    mov $1, %eax
    mov $42, %ebx
    int $0x80
.data
text: .ascii "hello\n"
S
inside dpkg -i /root/covm.deb >"$scratch/log" 2>&1 || : # what it depends on is missing
apt -f install
[ "$(inside covm --version)" = "$("$build/covm" --version)" ] || fail "covm does not run"
inside test -f /usr/share/man/man1/covm.1.gz || fail "no manual page"
code=0
said=$(inside covm run --guest-exit --machine efficeon -o /root/record -- /root/prog) || code=$?
[ "$said $code" = 'hello 42' ] || fail "the program said '$said', code $code"
inside test -f /root/record/run.json || fail "no record"
! inside test -e /usr/bin/gcc || fail "the chroot has a compiler"
code=0
inside covm workloads build sieve >"$scratch/log" 2>&1 || code=$?
[ "$code" = 1 ] || fail "without a compiler: exit code $code"
grep -q gcc-multilib "$scratch/log" || fail "without a compiler: $(cat "$scratch/log")"

apt install gcc gcc-multilib libc6-dev gnuplot-nox
inside sh -c 'cd /root && covm demo --size test -j 2' >"$scratch/log" 2>&1 || fail "demo: $(cat "$scratch/log")"
inside test -s /root/runs/demo/cycle_stacks.svg || fail "no figure"
inside dpkg -V covm || fail "the package's files have changed"
apt remove covm
! inside test -e /usr/share/covm || fail "something of it stays in /usr/share/covm"
echo "the package works in a clean chroot from $mirror"
