#!/bin/sh
# overwrite.sh COVM: what is made is not written over what it is made from, whatever name that goes by.
. "${0%/*}/begin.sh"
covm=$1
cp "$("$covm" workloads build sieve)" prog || exit 1
echo 'core: {dras: {depth: 4}}' >own.yaml
ln -s prog other
ln own.yaml hard.yaml
ln -s prog snap.new # the name that snap is written under first

# spares FILE COMMAND...: refused with code 2 and a reason; the file is what it was.
spares() {
    file=$1
    shift
    before=$(sha256sum <"$file")
    "$covm" "$@" >out 2>err
    code=$?
    [ $code = 2 ] && grep -q "would be written over .*, which it is made from" err || fail "$* ended with $code: $(cat err)"
    [ "$before" = "$(sha256sum <"$file")" ] || fail "$*: $file was written over"
}
spares prog run -q --save prog --save-at 1000 -- ./prog 1
spares prog run -q --save other --save-at 1000 -- ./prog 1
spares prog run -q --save snap --save-at 1000 -- ./prog 1
rm snap.new
spares own.yaml run -q --config own.yaml --save hard.yaml --save-at 1000 -- ./prog 1
"$covm" run -q --save snap --save-at 1000 -- ./prog 1 >/dev/null || fail "a snapshot"
spares snap run -q --from snap --save ./snap --save-at 2000
spares prog run -q --from snap --save prog --save-at 2000
spares prog trace --format callgrind -o prog -- ./prog 1
spares own.yaml trace --format perfetto --config own.yaml -o own.yaml -- ./prog 1

"$covm" run -q -o record -- ./prog 1 >/dev/null || fail "a record"
spares prog report -o prog record
spares record/stats.csv report -o record/stats.csv record
cat >study.yaml <<'END'
workloads: [sieve]
metrics: {ipc: core.insns / core.cycles}
END
"$covm" sweep run study.yaml 2>err || fail "a sweep: $(cat err)"
spares study.yaml report -o study.yaml study.sweep
spares study.sweep/results.csv report -o study.sweep/results.csv study.sweep
for n in 1 2; do "$covm" report -o record/page.html record >/dev/null || fail "a page, and again in its place"; done
echo "what something is made from stays"
