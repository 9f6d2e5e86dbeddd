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

# refuses FILE WORDS COMMAND...: refused with code 2 and those words before anything ran; FILE is what it was, or not there.
refuses() {
    file=$1 words=$2
    shift 2
    before=$(cat "$file" 2>/dev/null | sha256sum)
    "$covm" "$@" >out 2>err
    code=$?
    [ $code = 2 ] && grep -q "$words" err || fail "$* ended with $code: $(cat err)"
    [ ! -s out ] || fail "$*: the program ran"
    [ "$before" = "$(cat "$file" 2>/dev/null | sha256sum)" ] || fail "$*: $file was written over"
}
own="is a file of the run record in"
for name in stats.json run.json sums.csv stdout; do
    refuses new "$own new" trace --record new --format callgrind -o new/$name -- ./prog 1
    refuses new "$own ./new/" trace --record new --format callgrind -o ./new//$name -- ./prog 1
    refuses new "$own new" run -q -o new --save new/$name --save-at 1000 -- ./prog 1
    refuses record/$name "$own record" trace --format callgrind -o record/$name -- ./prog 1
    refuses record/$name "$own record" run -q --save record/$name --save-at 1000 -- ./prog 1
done
[ ! -e new ] || fail "something is left of a record that was refused"
refuses none "No such file" run -q --save none/snap --save-at 1000 -- ./prog 1
refuses none "No such file" run -q -o new --save none/snap --save-at 1000 -- ./prog 1
refuses none "No such file" run -q --from snap --save none/snap --save-at 2000
refuses none "no regular file" run -q --save record --save-at 1000 -- ./prog 1
refuses prog/snap "Not a directory" run -q --save prog/snap --save-at 1000 -- ./prog 1
[ ! -e new ] || fail "a record of a run that was refused"
"$covm" run -q -o new --save new/snap --save-at 1000 -- ./prog 1 >/dev/null || fail "a snapshot in the run's record"
"$covm" trace --record deep/new --format callgrind -o deep/new/trace -- ./prog 1 >/dev/null || fail "a trace in its record"
"$covm" trace --format callgrind -o deep/new/trace -- ./prog 1 >/dev/null || fail "a trace again"
[ -s new/snap ] && [ -s deep/new/trace ] && [ -s deep/new/stats.json ] || fail "not all was written"
mkdir plain && "$covm" trace --format callgrind -o plain/stats.json -- ./prog 1 >/dev/null || fail "a name like any other"

for n in 1 2; do "$covm" report -o record/page.html record >/dev/null || fail "a page, and again in its place"; done
echo "what something is made from stays"
