#!/bin/sh
# globals.sh LIBRARY... -- no mutable globals: in our libraries every section that a program could write is empty.
# (.data.rel.ro holds constants with addresses in them: written by the loader, then read-only.)
set -eu
[ $# -gt 0 ] || { echo "nothing to check"; exit 1; }
bad=0
for library; do
    [ -f "$library" ] || { echo "$library is not built"; exit 1; }
    faults=$({ LC_ALL=C objdump -h "$library"; echo "==="; LC_ALL=C objdump -t "$library"; } | awk '
        function writable(section) {
            return section ~ /^(\.data|\.bss|\.sdata|\.sbss|\.ldata|\.lbss|\.tdata|\.tbss|\.tm_clone_table)($|\.)/ &&
                   section !~ /^\.data\.rel\.ro($|\.)/
        }
        /^===$/ { symbols = 1 }
        /file format/ { object = $1; sub(/:$/, "", object) }
        !symbols && $1 ~ /^[0-9]+$/ && writable($2) && $3 !~ /^0+$/ { print object ": section " $2 " of 0x" $3 " bytes" }
        symbols && /^[0-9a-f]+ / {
            split($0, half, "\t")
            count = split(half[1], word, " ")
            section = word[count]
            split(half[2], rest, " ")
            if ((writable(section) && rest[1] !~ /^0+$/) || section == "*COM*") print object ": " rest[2] " in " section
        }')
    [ -z "$faults" ] || { echo "$library:"; echo "$faults"; bad=1; }
done
echo "$# libraries"
exit $bad
