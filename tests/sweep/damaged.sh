#!/bin/sh
# damaged.sh COVM: a record that was cut short, edited or robbed of a file after its run is no longer done: status says so,
# collect and report refuse it, and running the sweep again mends it, to the same bytes.
. "${0%/*}/begin.sh"
covm=$1

cat >study.yaml <<'END'
workloads: [sieve]
axes:
  - {key: core.commit.cycles, values: [0, 1]}
metrics: {ipc: core.insns / core.cycles}
plots:
  - {name: ipc, kind: table, x: core.commit.cycles, y: ipc}
  - {name: start, kind: startup}
END
"$covm" sweep run study.yaml 2>err || fail "the sweep: $(cat err)"
cp -r study.sweep right
point=$(ls right/points | head -n 1)
record=study.sweep/points/$point

# refused CODE WORDS COMMAND...: ends with that code, and says the words.
refused() {
    code=$1 words=$2
    shift 2
    "$@" >out 2>err
    got=$?
    [ $got = "$code" ] || fail "$what: $* ended with $got, not $code: $(cat err)"
    grep -qF -- "$words" err || fail "$what: $* does not say '$words': $(cat err)"
}

# damage WORDS COMMAND...: after the command the record is damaged, in these words, until the point has run again.
damage() {
    how=$1 what=$*
    shift
    "$@" || fail "$what"
    refused 7 "points/$point: $how" "$covm" sweep status study.yaml
    grep -q "$point	damaged" out || fail "$what: status lists it as something else: $(cat out)"
    grep -q "2 points, 1 done, 1 damaged" err || fail "$what: status counts it as something else: $(cat err)"
    rm -f study.sweep/results.csv
    refused 1 "points/$point: $how; 'covm sweep run' runs the point again" "$covm" sweep collect study.yaml
    [ ! -e study.sweep/results.csv ] || fail "$what: something was collected"
    refused 1 "points/$point: $how" "$covm" report -o page.html study.sweep
    if [ -e "$record/sums.csv" ]; then # a record of an older covm has none
        damaged="the record in $record is damaged: $how" whole=right/points/$point
        refused 1 "$damaged" "$covm" report -o page.html "$record"
        refused 1 "$damaged" "$covm" verify "$record"
        refused 1 "$damaged" "$covm" stats diff "$record" "$whole"
        [ ! -s out ] || fail "$what: stats diff prints $(cat out)"
        refused 1 "$damaged" "$covm" stats diff "$whole" "$record"
    fi
    refused 0 "points/$point: $how; it is run again" "$covm" sweep run study.yaml
    grep -q "1 of them run just now" err || fail "$what: not one point was run again: $(cat err)"
    cmp right/results.csv study.sweep/results.csv || fail "$what: the results are others"
}
# The first 7 of the file becomes an 8.
edit() { sed -i '0,/7/s/7/8/' "$record/$1" && ! cmp -s "$record/$1" "right/points/$point/$1"; }

for file in run.json stats.json stats.csv regions.csv timeline.csv config.effective.yaml stdout; do
    bytes=$(wc -c <"$record/$file")
    damage "$file has 9 bytes, not $bytes" truncate -s 9 "$record/$file"
done
damage "timeline.csv is not there" rm "$record/timeline.csv"
damage "sums.csv is not there" rm "$record/sums.csv"
damage "sums.csv is damaged" sed -i '$d' "$record/sums.csv"
damage "sums.csv is damaged" edit sums.csv
for file in stats.csv timeline.csv run.json; do damage "$file is not what was written" edit $file; done

# What a sweep makes no use of it does not read again; the report of a run reads all.
what="stats.json edited"
edit stats.json
refused 0 "2 points, 2 done" "$covm" sweep status study.yaml
refused 1 "the record in $record is damaged: stats.json is not what was written" "$covm" report -o page.html "$record"
[ ! -e page.html ] || fail "a page was written of what is damaged"
rm -r "$record" && "$covm" sweep run study.yaml 2>err || fail "a point that was removed: $(cat err)"
"$covm" report -o page.html "$record" >/dev/null 2>err && "$covm" report -o page.html study.sweep >/dev/null 2>err ||
    fail "reports of what is whole: $(cat err)"
rm "$record/sums.csv"
"$covm" report -o page.html "$record" >/dev/null 2>err || fail "the report of a record without sums.csv: $(cat err)"
"$covm" verify "right/points/$point" >out 2>err || fail "verify: $(cat out err)"
echo "damaged records are found, refused and made again"
