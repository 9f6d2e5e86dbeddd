#!/bin/sh
# headers.sh ROOT -- every header compiles alone, and twice.
set -eu
cd "$1"
count=0 bad=0
for header in $(find hwsim translate cms lab -name '*.h' 2>/dev/null | LC_ALL=C sort); do
    count=$((count + 1))
    printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
        gcc -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Wstrict-prototypes -Werror -I. -fsyntax-only -x c - ||
        { echo "$header does not stand alone"; bad=$((bad + 1)); }
done
echo "$count headers, $bad faults"
[ "$count" -gt 0 ] && [ "$bad" -eq 0 ]
