#!/bin/sh
# layering.sh ROOT "HOSTED FILES" -- reads every #include of the tree and fails on one that goes up or sideways:
#     hwsim/base <- hwsim/isa <- translate <- cms;   hwsim never sees translate, cms or lab;   lab on top.
# Of hwsim the CMS sees contract.h (and the tables that it is made of), isa and base; translate sees isa and base. What
# is freestanding uses the freestanding headers alone, and none of the hosted text libraries.
set -eu
root=$1 hosted=$2
cd "$root"
find hwsim translate cms lab -type f \( -name '*.c' -o -name '*.h' -o -name '*.def' \) 2>/dev/null | LC_ALL=C sort |
    LC_ALL=C xargs awk -v hosted="$hosted translate/ir/ir_text.h hwsim/isa/assembler.h" '
# The floor of a file, and whether a floor may see another.
function floor_of(path) {
    if (path ~ /^hwsim\/base\//) return "base"
    if (path ~ /^hwsim\/isa\//) return "isa"
    if (path ~ /^hwsim\/(contract\.h|activities\.def|causes\.def|works\.def|region_ends\.def)$/) return "contract"
    if (path ~ /^hwsim\//) return "hw"
    if (path ~ /^(translate|cms|lab)\//) { sub(/\/.*/, "", path); return path }
    return "?"
}
function complain(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad++ }
BEGIN {
    sees["base"] = " base "
    sees["isa"] = " base isa "
    sees["contract"] = " base isa contract "
    sees["hw"] = " base isa contract hw "
    sees["translate"] = " base isa translate "
    sees["cms"] = " base isa contract translate cms "
    sees["lab"] = " base isa contract hw translate cms lab "
    count = split(hosted, names, " ")
    for (i = 1; i <= count; i++) is_hosted[names[i]] = 1
    freestanding = " base isa contract translate cms "
}
FNR == 1 { files++ }
/^[ \t]*#[ \t]*include/ {
    includes++
    own = floor_of(FILENAME)
    strict = index(freestanding, " " own " ") && !(FILENAME in is_hosted)
    line = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", line)
    if (line ~ /^</) {
        if (strict && line !~ /^<(stdint|stddef|stdbool|stdarg|limits)\.h>/)
            complain("freestanding code includes " line)
        next
    }
    if (line !~ /^"[^"]*"/) { complain("include of " line ": cannot be followed"); next }
    split(line, part, "\"")
    target = part[2]
    if ((getline ignored < target) < 0) { complain("\"" target "\" is not a path from the root of the tree"); next }
    close(target)
    other = floor_of(target)
    if (!index(sees[own], " " other " ")) complain(own " must not include " target)
    else if (strict && (target in is_hosted)) complain("freestanding code includes the hosted " target)
}
END {
    if (!files || !includes) { print "nothing to check"; exit 1 }
    printf "%d files, %d includes, %d faults\n", files, includes, bad
    exit bad != 0
}'
