#!/bin/sh
# markdown.sh PROGRAM TREE -- the reference names every key with its range, default and meaning, every value that a
# shipped machine gives a key, and every statistic with its formula; a section of its own for each, no other.
set -eu
covm=$1 tree=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
    echo "$*" >&2
    exit 1
}
cd "$scratch"
"$covm" reference markdown >reference.md

# Sections of the document as lines: K or S (key or statistic), its name, its lines, joined by tabs.
awk '/^## / { kind = substr($2, 1, 1); next }
     /^### `/ { gsub(/`/, "", $2); printf "%s%s\t%s", (n++ ? "\n" : ""), kind, $2; next }
     n && NF { printf "\t%s", $0 } END { print "" }' reference.md >sections
"$covm" config keys | tail -n +2 >keys
"$covm" stats list | tail -n +2 >statistics
{ sed 's/^/K\t/' keys; sed 's/^/S\t/' statistics; } | cut -f 1,2 >names
cut -f 1,2 sections >documented
diff names documented || fail "not the keys and statistics that there are"

awk -F '\t' '
    FILENAME == "sections" { section[$1, $2] = $0 "\t"; next }
    function holds(kind, text) {
        if (!index(section[kind, $1], "\t" text "\t")) { print $1 ": no line: " text; bad = 1 }
    }
    FILENAME == "keys" {
        holds("K", $6 ".")
        holds("K", "* type: " $2 ($5 == "" ? "" : ", in " $5))
        holds("K", "* range: `" $4 "`")
        holds("K", "* default: `" $3 "`")
    }
    FILENAME == "statistics" {
        holds("S", $4 ".")
        holds("S", "* unit: " $2)
        if ($3 != "") holds("S", "* formula: `" $3 "`")
    }
    END { exit bad }' sections keys statistics || fail "a row is not as the tables have it"

# What a machine's file says of a key stands there, with the place.
values=0
for file in "$tree"/configs/machines/*.yaml; do
    machine=$(basename "$file" .yaml)
    grep -qx "### $machine" reference.md || fail "machine $machine is missing"
    wanted=$(awk '/^ *[a-z0-9_]*: *[^ #]/ && !/^extends:/' "$file" | wc -l)
    found=$(grep -c "^\* $machine: .*($machine\.yaml:[0-9]*: [^)]" reference.md || true)
    [ "$wanted" = "$found" ] || fail "$machine: $wanted values in its file, $found in the reference"
    values=$((values + found))
done
grep -qx '\* crusoe: `256` (crusoe.yaml:[0-9]*: assumed)' reference.md || fail "core.jtlb.entries of crusoe is missing"
echo "reference: $(wc -l <keys) keys, $(wc -l <statistics) statistics, $values values of machines"
