#!/bin/sh
# man.sh PROGRAM TREE -- the manual page: typeset without a warning, and it names every command, form, option and exit
# code, every variable of the environment that covm reads, and the files that a run record consists of, no other.
set -eu
covm=$1 tree=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
    echo "$*" >&2
    exit 1
}
cd "$scratch"
"$covm" reference man >covm.1

for linter in 'mandoc -T lint -W all' 'groff -man -ww -b -z' 'groff -man -ww -b -Tutf8 -z'; do
    command -v "${linter%% *}" >/dev/null || { echo "${linter%% *} is not installed: not asked"; continue; }
    $linter covm.1 >said 2>&1 || fail "$linter: $(cat said)"
    [ ! -s said ] || fail "$linter: $(cat said)"
done

# As text, a line for each line of the source: no fonts, no escapes.
sed 's/\\f[BIR]//g; s/\\&//g; s/\\-/-/g; s/\\(aq/'"'"'/g; s/\\e/\\/g' covm.1 >plain

"$covm" help | sed -n 's/^  \([a-z]*\) .*/\1/p' >commands
[ -s commands ] || fail "no commands"
while read -r command; do
    grep -qx ".SS covm $command" plain || fail "command $command is missing"
    # the part of this command
    sed -n "/^\.SS covm $command\$/,/^\.S[SH] /p" plain >part
    "$covm" "$command" --help >help
    sed -n 's/^usage: //p; s/^       \(covm .*\)/\1/p' help | sed 's/   *.*//' >forms
    sed -n 's/^  \(-[^ ]*\( [^ ]*\)\{0,1\}\)  .*/\1/p; s/^  \(--*[^ ]* [^ ]*\) .*/\1/p' help | sed 's/ *$//' |
        sort -u >options
    cat forms options | while IFS= read -r call; do
        grep -qxF -- "$call" part || { echo "$command: '$call' is missing" >&2; exit 1; }
    done
    said=$(grep -c '^  -' help || true) counted=$(wc -l <options)
    [ "$said" = "$counted" ] || fail "$command: $said options in the usage text, $counted of them looked for"
done <commands

sed -n 's/^EXIT_CODE([A-Z_]*, \([0-9]*\),.*/\1/p' "$tree/lab/exits.def" >codes
[ "$(wc -l <codes)" -ge 7 ] || fail "no exit codes"
while read -r code; do grep -qx "$code" plain || fail "exit code $code is missing"; done <codes

sed -n '/^\.SH ENVIRONMENT/,/^\.SH EXIT/p' plain >environment
cat "$tree"/lab/*.c | grep -o 'getenv("[A-Z_]*")' | sed 's/.*"\(.*\)".*/\1/' | sort -u >variables
[ -s variables ] || fail "no getenv"
while read -r name; do grep -qx "$name" environment || fail "variable $name is missing"; done <variables

printf '.globl _start\n_start: mov $1, %%eax\nxor %%ebx, %%ebx\nint $0x80\n' |
    gcc -m32 -static -nostdlib -Wl,--build-id=none -x assembler -o prog -
"$covm" run -o record ./prog
(cd record && find . -mindepth 1 | sed 's|^\./||' | LC_ALL=C sort) >there
sed -n '/^\.SH FILES/,/^\.SH/p' plain | sed -n '/^\.TP/{n;p;}' | LC_ALL=C sort >said
diff -u there said || fail "the files of a run record are not those that the manual page names"
echo "the manual page names $(wc -l <commands) commands, $(wc -l <codes) exit codes, $(wc -l <there) files"
