# generate.awk -- the cases of *.txt (README.md says how they look) as assembly for cases.c: the code of each, ending in
# a jump to enter_exit, and a table of (code, where the line stands, line).
BEGIN { print "\t.intel_syntax noprefix\n\t.text\n\t.set buf, 0x30001000\n\t.set ro, 0x30002000" }
/^[ \t]*(#|$)/ { next }
{
    at = index($0, ";")
    if (!at) { print FILENAME ":" FNR ": no ';'" >"/dev/stderr"; failed = 1; exit 1 }
    code = substr($0, 1, at - 1)
    gsub(/\|/, "\n\t", code)
    file = FILENAME
    sub(/.*\//, "", file)
    printf "# %d \"%s\"\n\t.p2align 4\ncase_%d:\n\t%s\n\tjmp enter_exit\n", FNR, file, ++count, code
    printf "\t.section cases_table,\"a\"\n\t.long case_%d, 7f, 8f\n\t.section .rodata\n", count
    printf "7:\t.asciz \"%s:%d\"\n8:\t.asciz \"%s\"\n\t.text\n", file, FNR, $0
}
END {
    if (!failed) print "\t.section .note.GNU-stack,\"\",@progbits"
}
