#!/bin/sh
# quality.sh COVM [update] [PRESET ...]: how good the translated code is. Runs every workload at its test size on each
# preset (all four, if none is named) and compares the figures, byte for byte, with PRESET.csv beside this file.
#
# A change of the translator or of the machine that moves a figure must be a visible diff of these tables: run
#     tests/quality/quality.sh BUILD/covm update
# and commit the tables with the change that moved them, saying why.
#
# Rows of a workload:
#   program  the first half of the guest program's SHA-256. Another compiler or libc makes another program, which runs
#            other code: the workload is then 'not comparable' and left out. It is an error if all are.
#   whole    the run: guest instructions, commits (`executions`) of gear 2 translations; bundles, atoms and NOPs per x86
#            instruction of all gear 2 translations as they lie in the code cache; cycles per instruction and
#            instructions per cycle of the run; steady_ipc: of its gear 2 translations alone, squashed cycles included
#   hot1..3  the three gear 2 translations that took the most cycles: their entry as symbol+offset, x86 instructions in
#            them, commits, bundles, atoms (stubs of their exits included) and NOPs per x86 instruction, cycles per
#            instruction retired in them (a REP instruction counts once, with all its iterations)
set -u
covm=$1
shift
update=
if [ "${1-}" = update ]; then
    update=1
    shift
fi
[ $# -gt 0 ] || set -- crusoe efficeon wide16 ideal
here=$(cd "$(dirname "$0")" && pwd)
workloads=$here/../../workloads/workloads.yaml
export LC_ALL=C
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir "$work/root" "$work/rows"

awk '$2 == "name:" { name = $3 }
     $1 == "test:" { split($0, part, "\""); print name, part[2], part[4] }' "$workloads" >"$work/list"
while read -r name argument output; do
    program=$("$covm" workloads build "$name" </dev/null 2>"$work/build") || { cat "$work/build"; exit 2; }
    printf '%s %s %s %s %s\n' "$name" "$(sha256sum <"$program" | cut -c1-32)" "$program" "$argument" "$output"
    nm -n "$program" | awk '$2 ~ /[tTwW]/ { print $1, $3 }' >"$work/$name.symbols"
done <"$work/list" >"$work/programs" || exit 2

# The rows of one run, from its regions.csv and stats.csv.
rows() {
    awk -F, -v name="$1" -v hash="$2" -v symbols="$work/$1.symbols" '
        # 0x and eight digits; awk itself reads no hexadecimal
        function value(hex,  i, sum) {
            for (i = length(hex) - 7; i <= length(hex); i++)
                sum = sum * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
            return sum
        }
        # Of several names for a place, nm gives the first in its own fixed order.
        function place(hex,  address, i) {
            address = value(hex)
            for (i = count; i > 0 && start[i] > address; i--) ;
            if (!i) return hex
            while (i > 1 && start[i - 1] == start[i]) i--
            return sprintf("%s+0x%x", symbol[i], address - start[i])
        }
        function ratio(a, b) { return b ? sprintf("%.3f", a / b) : "" }
        function density(b, a, n, insns) { return ratio(b, insns) "," ratio(a, insns) "," ratio(n, insns) }
        BEGIN {
            while ((getline line < symbols) > 0) {
                split(line, part, " ")
                start[++count] = value(part[1])
                symbol[count] = part[2]
            }
        }
        FNR == 1 {
            file++
            for (i = 1; i <= NF; i++) column[$i] = i
            next
        }
        file == 1 && $column["name"] == "core.insns" { insns = $column["value"] }
        file == 1 && $column["name"] == "core.cycles" { cycles = $column["value"] }
        file == 2 && $column["gear"] == 2 {
            insns_here = $column["guest_insns"]
            guest += insns_here
            bundles += $column["bundles"]
            atoms += $column["atoms"]
            nops += $column["nops"]
            executions += $column["executions"]
            steady_insns += $column["insns"]
            run = $column["run_cycles"] + $column["squashed_cycles"]
            steady_cycles += run
            for (k = 3; k >= 1 && run > hot[k]; k--) {
                hot[k + 1] = hot[k]
                row[k + 1] = row[k]
                hot[k] = run
                row[k] = place($column["spc"]) "," insns_here "," $column["executions"] "," \
                         density($column["bundles"], $column["atoms"], $column["nops"], insns_here) "," \
                         ratio(run, $column["insns"]) "," ratio($column["insns"], run) ","
            }
        }
        END {
            print name ",program," hash ",,,,,,,,"
            print name ",whole,," insns "," executions + 0 "," density(bundles, atoms, nops, guest) "," \
                  ratio(cycles, insns) "," ratio(insns, cycles) "," ratio(steady_insns, steady_cycles)
            for (k = 1; k <= 3 && hot[k]; k++) print name ",hot" k "," row[k]
        }' "$3/stats.csv" "$3/regions.csv"
}

columns=workload,row,entry,guest_insns,executions,bundles_per_insn,atoms_per_insn,nops_per_insn
columns=$columns,cycles_per_insn,ipc,steady_ipc
failed=0
for preset in "$@"; do
    table=$here/$preset.csv compared=0
    [ "$update" ] || [ -r "$table" ] || { echo "$table is missing"; exit 1; }
    echo "$columns" >"$work/new"
    while read -r name hash program argument output; do
        known=
        [ "$update" ] || known=$(awk -F, -v name="$name" '$1 == name && $2 == "program" { print $3 }' "$table")
        if [ "$known" ] && [ "$known" != "$hash" ]; then
            echo "$preset: $name: not comparable (program $hash, table $known)"
            grep "^$name," "$table" >>"$work/new"
            continue
        fi
        rm -rf "$work/record"
        "$covm" run -q --guest-exit --root "$work/root" --machine "$preset" -o "$work/record" -- "$program" \
            "$argument" </dev/null >"$work/out" 2>"$work/err" && [ "$(cat "$work/out")" = "$output" ] || {
            echo "$preset: $name: wrong output"
            cat "$work/err"
            failed=1
        }
        rows "$name" "$hash" "$work/record" >>"$work/new"
        compared=$((compared + 1))
    done <"$work/programs"
    if [ "$update" ]; then
        cp "$work/new" "$table" || exit 2
    elif ! diff -u "$table" "$work/new"; then
        echo "$preset: the figures have moved; where that is meant: tests/quality/quality.sh COVM update $preset"
        failed=1
    fi
    echo "$preset: $compared workloads"
    [ $compared -gt 0 ] || { echo "$preset: nothing was comparable"; failed=1; }
done
exit $failed
