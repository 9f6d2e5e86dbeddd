#!/bin/sh
# selftest.sh SCRATCH -- shows each check of this folder a small sound tree, which must pass, then the same tree with
# one fault, which must fail and be named.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch=$1
bad=0

# A tree with a file of each floor.
plant() {
    rm -rf "$scratch"
    mkdir -p "$scratch/tree" "$scratch/out"
    cd "$scratch/tree"
    mkdir -p hwsim/base hwsim/isa hwsim/core translate/ir cms lab
    printf '#ifndef B\n#define B\n#include <stddef.h>\nvoid *memcpy(void *, const void *, size_t);\nint base(int);\n#endif\n' >hwsim/base/base.h
    printf '#include "hwsim/base/base.h"\nint base(int x) { return x + 1; }\nvoid *memcpy(void *to, const void *from, size_t n) { char *t = to; const char *f = from; for (; n; n--) { *t++ = *f++; __asm__(""); } return to; }\n' >hwsim/base/base.c
    printf '#ifndef I\n#define I\n#include "hwsim/base/base.h"\nextern const char *const isa_names[2];\nint isa(int);\n#endif\n' >hwsim/isa/isa.h
    printf '#include "hwsim/isa/isa.h"\nconst char *const isa_names[2] = {"a", "b"};\nint isa(int x) { return base(x); }\n' >hwsim/isa/isa.c
    printf '#include <stdio.h>\n#include "hwsim/isa/isa.h"\n' >hwsim/isa/assembler.c
    printf '#ifndef C\n#define C\n#include "hwsim/isa/isa.h"\nint hw_load(int);\n#endif\n' >hwsim/contract.h
    printf '#include <stdio.h>\n#include "hwsim/contract.h"\n' >hwsim/core/core.c
    printf '#ifndef T\n#define T\n#include "hwsim/isa/isa.h"\nint translate(int);\n#endif\n' >translate/translate.h
    printf '#include "translate/translate.h"\nint translate(int x) { return isa(x); }\n' >translate/translate.c
    printf '#include "hwsim/contract.h"\n#include "translate/translate.h"\nint cms(int x);\nint cms(int x) { return translate(hw_load(x)); }\n' >cms/cms.c
    printf '#include "hwsim/contract.h"\n#include "translate/translate.h"\n' >lab/main.c
    mkdir -p configs/studies results/reference/wide
    printf 'plots:\n  - {name: ipc, kind: lines}\n  - name: rows\n    kind: table\n' >configs/studies/wide.yaml
    printf '[wide](wide/)\n' >results/reference/README.md
    printf '`./covm sweep run configs/studies/wide.yaml`\n![](ipc.svg)\n[rows](rows.md)\n' >results/reference/wide/README.md
    touch results/reference/wide/ipc.svg results/reference/wide/ipc.csv results/reference/wide/rows.md
    cd "$here"
}

check() {
    case $1 in
    layering) sh "$here/layering.sh" "$scratch/tree" hwsim/isa/assembler.c ;;
    headers | references) sh "$here/$1.sh" "$scratch/tree" ;;
    riscv64 | host) sh "$here/freestanding.sh" "$scratch/tree" "$scratch/out" "$1" "$2" hwsim/isa/assembler.c ;;
    stack) sh "$here/stack.sh" "$scratch/tree" "$scratch/out" hwsim/isa/assembler.c ;;
    globals)
        (cd "$scratch/tree" && for file in hwsim/isa/isa.c translate/translate.c; do
            gcc "${2:--O2}" -I. -c "$file" -o "$(basename "$file" .c).o"
        done && rm -f all.a && ar rc all.a isa.o translate.o)
        sh "$here/globals.sh" "$scratch/tree/all.a" ;;
    esac
}

sound() { # check arguments...
    plant
    if ! check "$@" >"$scratch/log" 2>&1; then
        echo "$* fails on a sound tree:"
        cat "$scratch/log"
        bad=1
    fi
}

# faulty FILE 'LINES' 'EXPECTED MESSAGE' CHECK ARGUMENTS...: the lines are appended to the file
faulty() {
    file=$1 lines=$2 expected=$3
    shift 3
    plant
    printf '%b\n' "$lines" >>"$scratch/tree/$file"
    if check "$@" >"$scratch/log" 2>&1; then
        echo "$* does not see in $file: $lines"
        bad=1
    elif ! grep -q -e "$expected" "$scratch/log"; then
        echo "$* fails on $file without saying '$expected':"
        cat "$scratch/log"
        bad=1
    fi
}

sound layering
faulty hwsim/base/base.c '#include "hwsim/isa/isa.h"' 'base.c:4: base must not include' layering
faulty hwsim/isa/isa.h '#include "hwsim/contract.h"' 'isa must not include' layering
faulty hwsim/core/core.c '#  include "translate/translate.h"' 'hw must not include' layering
faulty hwsim/contract.h '#include "cms/cms.c"' 'contract must not include' layering
faulty translate/translate.c '#include "hwsim/contract.h"' 'translate must not include' layering
faulty translate/translate.h ' #include "cms/cms.c"' 'translate must not include' layering
faulty cms/cms.c '#include "hwsim/core/core.c"' 'cms must not include' layering
faulty cms/cms.c '#include <stdlib.h>' 'freestanding code includes <stdlib.h>' layering
faulty cms/cms.c '#include <string.h>' 'freestanding code includes' layering
faulty translate/translate.c '#include "hwsim/isa/assembler.c"' 'hosted' layering
faulty lab/main.c '#include "nowhere.h"' 'not a path from the root' layering
faulty cms/cms.c '#include MACRO' 'cannot be followed' layering

sound headers
faulty hwsim/isa/isa.h 'struct missing_type isa_make(void); uint64_t isa_wide(void);' 'isa.h does not stand alone' headers
faulty translate/translate.h 'struct twice { int x; };' 'translate.h does not stand alone' headers

sound references
faulty configs/studies/wide.yaml '  - {name: more, kind: bars}' "no figure and no table 'more'" references
faulty configs/studies/new.yaml 'extends: wide.yaml' 'has no page' references

for level in -O0 -O2; do
    for target in riscv64 host; do sound $target $level; done
done
faulty cms/cms.c 'int puts(const char *); int say(void); int say(void) { return puts("x"); }' 'undefined: puts, used by cms_cms.c' riscv64 -O2
faulty cms/cms.c 'int puts(const char *); int say(void); int say(void) { return puts("x"); }' 'undefined: puts, used by cms_cms.c' host -O0
faulty cms/cms.c 'int hw_unheard(int); int f(int); int f(int x) { return hw_unheard(x); }' 'undefined: hw_unheard' host -O2
faulty translate/translate.c '__int128 f(__int128, __int128); __int128 f(__int128 a, __int128 b) { return a / b; }' 'undefined: __divti3' riscv64 -O0
faulty translate/translate.c '__int128 f(__int128, __int128); __int128 f(__int128 a, __int128 b) { return a / b; }' 'undefined: __divti3' host -O2
faulty translate/translate.c 'double f(double); double f(double a) { return a * a; }' 'undefined: __muldf3' riscv64 -O2
faulty translate/translate.c 'double f(double); double f(double a) { return a * a; }' 'does not compile' host -O2
faulty translate/translate.c '#include <stdio.h>' 'does not compile' riscv64 -O2

sound stack
faulty cms/cms.c 'int g(char *); int f(int); int f(int n) { char a[n + 1]; return g(a); }' 'unknown size' stack
faulty cms/cms.c 'int g(char *); int f(void); int f(void) { char a[20000]; return g(a); }' 'more than 16384' stack

sound globals
sound globals -fPIC
for level in -O0 -O2; do
    faulty hwsim/isa/isa.c 'int counter = 5;' 'counter in .data' globals $level
    faulty hwsim/isa/isa.c 'static int calls; int called(void); int called(void) { return ++calls; }' 'calls in .bss' globals $level
    faulty translate/translate.c 'const char *table[] = {"a"};' 'table in .data' globals $level
    faulty translate/translate.c '_Thread_local int mine;' 'mine in .tbss' globals $level
    faulty translate/translate.c 'int f(void); int f(void) { static int n = 1; return n++; }' 'in .data' globals $level
done
faulty translate/translate.c 'int common;' 'common in \*COM\*' globals -fcommon

[ $bad -eq 0 ] && echo "every check fails where it should"
exit $bad
