#!/bin/sh
# regions.sh PROGRAM TREE MAP_SHARED -- regions.csv says whose every cycle was: its sums are those of stats.csv, for
# machines, gears, evictions, rollbacks, code that changes and is mapped anew; and its break-even follows from its
# columns.
set -eu
covm=$1
workloads=$2/build/workloads
map_shared=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Prints what is wrong, or one line; `expects`: columns, or ends, of which there must be some.
check() {
    awk -F, -v expects="$2" '
        function wrong(what) { print "row " FNR ": " what; failed = 1 }
        function equal(what, a, b) {
            if (a + 0 == b + 0) return
            print what ": " a + 0 " in regions.csv, " b + 0
            failed = 1
        }
        function field(name) { return $column[name] }
        function ceiling(x) { return x == int(x) ? x : int(x) + 1 }
        function judge(  milli, gain, cost, even) {
            milli = field("interpreted_cpi")
            if (milli == "" && field("break_even") field("profit_cycles") != "") wrong("judged by nothing")
            if (milli == "") return
            sub(/\./, "", milli)
            gain = milli * (field("insns") + field("iterations"))
            for (i = 1; i <= running; i++) gain -= 1000 * field(runs[i])
            cost = 1000 * field("translate_cycles")
            even = gain > 0 ? ceiling(cost * field("executions") / gain) : ""
            if (field("break_even") "" != even "") wrong("break_even is " field("break_even") ", not " even)
            if (field("profitable") != (gain > 0 && gain >= cost ? "yes" : "no")) wrong("not so profitable")
            if (even != "" && field("profitable") == "yes" && field("executions") < even) wrong("not yet even")
            if (field("profit_cycles") > (gain - cost) / 1000 || field("profit_cycles") <= (gain - cost) / 1000 - 1)
                wrong("profit is " field("profit_cycles"))
        }
        BEGIN {
            running = split("dispatch_cycles chain_cycles run_cycles squashed_cycles rollback_cycles " \
                            "coherence_cycles evict_cycles system_cycles", runs, " ")
        }
        FNR == 1 {
            file++
            for (i = 1; i <= NF; i++) column[$i] = i
            columns = NF
            next
        }
        file == 1 && field("window") == "total" { stat[field("name")] = field("value") }
        file == 2 {
            if (NF != columns) wrong(NF " fields")
            parts = 0
            for (i = column["interpret_cycles"]; i <= column["system_cycles"]; i++) parts += $i
            if (parts != field("cycles")) wrong("its parts are not its cycles")
            for (i = column["executions"]; i <= column["rollback_injected"]; i++) sum[i] += $i
        }
        file == 2 && field("kind") == "translation" {
            if (field("region") != ++made) wrong("out of order")
            if (field("first") > field("spc") || field("last") < field("spc")) wrong("an entry outside its range")
            gears[field("gear")]++
            run[field("gear")] += field("run_cycles")
            ends[field("ended")]++
            rollbacks = 0
            for (i = column["rollback_fault"]; i <= column["rollback_injected"]; i++) rollbacks += $i
            if (!rollbacks && field("recover_cycles") + field("rollback_cycles") + field("squashed_cycles"))
                wrong("cycles of rollbacks without any")
            if (field("made_cycle") < last) wrong("made before the one before")
            last = field("made_cycle")
            if ((field("ended") == "alive") != (field("ended_cycle") == "")) wrong("alive?")
            if (field("ended_cycle") != "" && field("ended_cycle") < last) wrong("ended before it was made")
            judge()
        }
        file == 2 && field("kind") != "translation" { rest[field("kind")] = field("cycles") }
        function total(name) { return sum[column[name]] }
        END {
            equal("cycles", total("cycles"), stat["cycles.total"])
            equal("interpreting", total("interpret_cycles") + total("recover_cycles"), stat["cycles.interpret"])
            equal("translating", total("translate_cycles"), stat["cycles.translate1"] + stat["cycles.translate2"])
            equal("dispatch", total("dispatch_cycles"), stat["cycles.dispatch"])
            equal("lookups", rest["dispatch"], stat["work.dispatch.cycles"])
            equal("chaining", total("chain_cycles"), stat["cycles.chain"])
            equal("gear 1", run[1], stat["cycles.gear1"])
            equal("gear 2", run[2], stat["cycles.gear2"])
            equal("squashed", total("squashed_cycles"), stat["cycles.squashed"])
            equal("rolling back", total("rollback_cycles"), stat["cycles.rollback"])
            equal("coherence", total("coherence_cycles"), stat["cycles.coherence"])
            equal("pages", rest["coherence"], stat["work.coherence.cycles"])
            equal("evicting", total("evict_cycles"), stat["cycles.evict"])
            equal("system", rest["system"], stat["cycles.system"])
            equal("what is left of the translations", rest["chain"] + rest["gear1"] + rest["gear2"] + rest["gear3"] + \
                  rest["squashed"] + rest["rollback"], 0)
            equal("instructions", total("insns"), stat["core.insns"] - stat["cms.interpret.insns"])
            equal("executions", total("executions"), stat["core.commits"])
            for (i = split("fault protect alias assert gate io injected", cause, " "); i; i--)
                equal("rollbacks: " cause[i], total("rollback_" cause[i]), stat["core.rollback." cause[i]])
            equal("translations", gears[1], stat["cms.translate.gear1"])
            equal("translations", gears[2], stat["cms.translate.gear2"])
            equal("evicted", ends["evicted"] + ends["flushed"], stat["cms.code_cache.evicted"])
            equal("invalidated", ends["stored"] + ends["remapped"], stat["cms.code_cache.invalidated"])
            equal("replaced", ends["replaced"] + ends["adapted"], stat["cms.code_cache.replaced"])
            for (i = split(expects, wanted, " "); i; i--)
                if (!ends[wanted[i]] && !(wanted[i] in column && total(wanted[i]))) {
                    print "none: " wanted[i]
                    failed = 1
                }
            if (!failed) print made + 0 " translations, " stat["cycles.total"] " cycles"
            exit failed
        }' "$1/stats.csv" "$1/regions.csv"
}

failed=0
mkdir "$scratch/root"
# run EXPECTS PROGRAM ARGUMENT [options]
run() {
    expects=$1 program=$2 argument=$3
    shift 3
    rm -rf "$scratch/record"
    case $program in */*) ;; *) program=$workloads/$program ;; esac
    "$covm" run -q --root "$scratch/root" --write -o "$scratch/record" "$@" -- "$program" "$argument" </dev/null \
        >/dev/null
    printf '%s %s: ' "${program##*/}" "$*"
    check "$scratch/record" "$expects" || failed=1
}
for machine in crusoe efficeon torture; do
    run "" codegen 3 --machine $machine --set cms.max_gear=0
    run "stored run_cycles" codegen 3 --machine $machine --set cms.max_gear=1
    run "stored run_cycles translate_cycles chain_cycles" codegen 3 --machine $machine
done
eager="--set cms.threshold.gear1=1 --set cms.threshold.gear2=2"
run "replaced interpret_cycles" hashtable 1 --machine crusoe $eager
run "remapped stored adapted" "$map_shared" 1 --machine efficeon $eager
run "flushed adapted replaced squashed_cycles rollback_cycles recover_cycles rollback_injected" hashtable 1 \
    --machine torture
run "flushed rollback_injected" interp 1 --machine torture --set cms.indirect=inline
run "evicted" hashtable 1 --machine torture --set cms.code_cache.replacement=fifo --set cms.code_cache.size=16KiB
run "evicted" hashtable 1 --machine torture --set cms.code_cache.replacement=generational --set cms.code_cache.size=16KiB
run "rollback_injected" hashtable 1 --machine efficeon $eager --set inject.rollback.odds=200 \
    --set cms.cost.model=free
exit $failed
