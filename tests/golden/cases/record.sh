. "$TREE/tests/golden/cases/lib"
guest hello <<'S'
.globl _start
_start:
    movl $4, %eax; movl $1, %ebx; movl $text, %ecx; movl $6, %edx; int $0x80
    movl $4, %eax; movl $2, %ebx; movl $text, %ecx; movl $6, %edx; int $0x80
    movl $200000, %ecx
1:  decl %ecx; jnz 1b
    movl $1, %eax; movl $7, %ebx; int $0x80
.data
text: .ascii "hello\n"
S
try run --machine crusoe -o a/b/record --set lab.window.warmup_insns=100000 --set lab.window.roi_insns=200000 --env X=Y -- ./hello one "two 'three'"
ls a/b/record
cat a/b/record/stdout a/b/record/stderr
grep -vE 'sha256|"run"|compiler|host_cpu|cycles|"covm"|"root"|"directory"' a/b/record/run.json
head -1 a/b/record/timeline.csv
awk -F, 'NR > 1 { print int($1 / 1000) " thousand instructions" }' a/b/record/timeline.csv
head -1 a/b/record/regions.csv | tee header
"$COVM" stats list | sed -n 's/^regions.csv:\([a-z0-9_]*\)\t.*/\1/p' | paste -sd, | cmp - header && echo "the same columns"
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
    $c["kind"] == "translation" {
        print $c["region"], "gear " $c["gear"], $c["symbol"], $c["guest_bytes"], "bytes", $c["ended"], $c["profitable"]
    }
    $c["kind"] != "translation" { print $c["kind"], ($c["cycles"] ? "some" : "none") }' a/b/record/regions.csv
head -1 a/b/record/stats.csv
awk -F, '$3 == "core.insns" { print $2 "," $3 "," $4 ",", int($5 / 1000) " thousand" }' a/b/record/stats.csv
# null where nothing was sampled, in both
grep -E 'dras_hit_rate' a/b/record/stats.json
cut -d, -f2- a/b/record/stats.csv | grep dras_hit_rate
# the account's sums are the total, and the timeline adds up to it
awk -F, '$2 == "total" && $3 == "cycles.total" { total = $5 }
    $2 == "total" && $3 ~ /^cycles\.cause\./ { cause += $5 }
    $2 == "total" && $3 ~ /^cycles\.[a-z0-9]*$/ && $3 != "cycles.total" { activity += $5 }
    $2 == "total" && $3 == "core.cycles" { core = $5 }
    END { print (total > 0 && total == cause && total == activity && total == core) ? "sums equal the total" : "SUMS DIFFER" }' a/b/record/stats.csv
awk -F, 'NR > 1 { for (i = 3; i <= NF; i++) sum += $i; cycle = $2 } END { print sum == cycle ? "the timeline adds up" : "THE TIMELINE DOES NOT ADD UP" }' a/b/record/timeline.csv
# a record is never written over; the effective configuration gives the same run
try run -o a/b/record -- ./hello
"$COVM" run --config a/b/record/config.effective.yaml -o again --env X=Y -- ./hello one "two 'three'" >/dev/null 2>&1
cmp a/b/record/stats.json again/stats.json && echo "the same statistics"
cmp a/b/record/stats.csv again/stats.csv && echo "the same run"
try stats diff a/b/record again
"$COVM" run --machine crusoe --set cms.max_gear=0 -o other -- ./hello >/dev/null 2>&1
"$COVM" stats diff again other | grep -E '^(window|total)' | grep -E 'name|core.commits' | cut -f1-3,5-
try stats diff --tolerance x a/b/record again
"$COVM" stats diff --tolerance 1000000 again other | cut -f1,2,6 | grep -v '	$' # what was or became nothing has no measure
# a record is run again under other circumstances
try verify again
# from wherever: the program is looked for where it was run, and, if all has moved, from here
mkdir elsewhere && (cd elsewhere && "$COVM" verify ../again)
(cd elsewhere && "$COVM" report -o page.html ../again && grep -c 'no code is shown' page.html)
mkdir moved && "$COVM" run -q -o moved/record -- ./hello >/dev/null 2>&1
mv hello moved/ && (cd elsewhere && try verify ../moved/record) ; (cd moved && "$COVM" verify record)
echo another >hello && (cd moved && "$COVM" verify record | head -1)
mv moved/hello .
printf x >>again/stdout
try verify again
try stats diff a/b/record again
try stats diff a/b/record/stats.csv again/stats.csv
rm again/sums.csv # as of an older covm
try stats diff a/b/record again
try verify again
"$COVM" run -q -o latin -- ./hello "$(printf 'caf\351')" >/dev/null 2>&1 # the record cannot hold that byte
try verify latin
try verify nowhere
rm other/run.json
try stats diff a/b/record other
"$COVM" stats list | head -2
"$COVM" stats list | awk -F'\t' 'NF != 4 { print "a row of", NF, "columns:", $0 }'
