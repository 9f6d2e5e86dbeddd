# begin.sh -- sourced by each test first: a folder of its own to work in ($work), which goes at the end, and what it says
# when it fails.
set -u
here=$(cd "${0%/*}" && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2

fail() {
    echo "FAIL: $*"
    exit 1
}
