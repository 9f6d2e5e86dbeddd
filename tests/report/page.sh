#!/bin/sh
# page.sh COVM: the pages are well-formed, refer to nothing outside, and have every statistic as text.
set -u
covm=$1
command -v python3 >/dev/null || exit 77
. "${0%/*}/pages.sh"

for kind in run sweep; do
    page=$work/$kind/report.html
    grep -q 'http' "$page" && fail "$kind: an address of the network"
    grep -oE '(src|href|action|data|poster|srcset)="[^"]*"' "$page" | grep -vE '^src="data:|^href="(data:|#)' &&
        fail "$kind: refers to something outside"
    grep -qE '@import|url\(| on[a-z]+="' "$page" && fail "$kind: a style or a handler that loads something"
    grep -q '<img alt="[^"]' "$page" || fail "$kind: no figure, or one without a text"
    grep -q '<html lang="en">' "$page" || fail "$kind: no language"
    ids=$(grep -o ' id="[^"]*"' "$page" | sort | uniq -d)
    [ -z "$ids" ] || fail "$kind: the same id again: $ids"
    for target in $(grep -o 'href="#[^"]*"' "$page" | sed 's/href="#//; s/"//'); do
        grep -q "id=\"$target\"" "$page" || fail "$kind: a link to $target, which is not there"
    done
    if command -v xmllint >/dev/null; then
        # libxml2 does not know HTML 5's elements
        known='nav|figure|figcaption|details|summary|svg|g|title|path|polygon|polyline|ellipse|text'
        xmllint --html --noout "$page" 2>&1 | grep 'error' |
            grep -vE "Tag ($known) invalid" && fail "$kind: not well-formed"
    fi
done

# Every statistic of every window, as its row has it, without the script.
sed '/<script/,/<\/script>/d' "$work/run/report.html" >"$work/text"
awk -F, 'NR == FNR { if (FNR > 1) { if (!($3 in row)) order[++count] = $3
                     row[$3] = row[$3] " " ($5 == "" ? "null" : $5) } next }
    /<th scope="row"><code>/ { name = $0; sub(/.*<code>/, "", name); sub(/<\/code>.*/, "", name)
        values = ""; rest = $0
        while (match(rest, /<td class="n( null)?">[^<]*/)) {
            value = substr(rest, RSTART, RLENGTH); sub(/.*>/, "", value); values = values " " value
            rest = substr(rest, RSTART + RLENGTH) }
        shown[name] = values }
    END { if (count < 400) { print "few statistics: " count; exit 1 }
          for (i = 1; i <= count; i++) if (shown[order[i]] != row[order[i]]) {
              print order[i] ":" shown[order[i]] " instead of" row[order[i]]; bad = 1 }
          exit bad }' "$work/run/stats.csv" "$work/text" || fail "statistics"
grep -q 'class="null\|class="n null"' "$work/text" || fail "no null"

# The regions' cycles are the run's.
cycles=$(awk -F, '$2 == "total" && $3 == "cycles.total" { print $5 }' "$work/run/stats.csv")
tr -d '\342\200\257' <"$work/text" | grep -q ">All</th><td class=\"n\">$cycles<" || fail "the sum of the regions"
grep -q 'x86 | IR | bundles' "$work/text" || fail "no code"
grep -q '<b>' "$work/text" && fail "the environment became markup"
grep -qF '&lt;/script&gt;&lt;b&gt;&amp;amp;' "$work/text" || fail "the environment is not shown"

# Schedules and the graph; where latencies are exposed; without graphviz; of 50,000 translations.
for kind in run exposed; do
    python3 "${0%/*}/code.py" "$work/$kind" "$work/$kind/report.html" || fail "$kind: schedules or graph"
done
if command -v dot >/dev/null; then
    grep -q '<svg' "$work/run/report.html" || fail "no graph"
fi
program=$("$covm" workloads build lz) || fail "workloads build"
"$covm" run -q --machine efficeon -o "$work/paths" -- "$program" 1 >/dev/null &&
    "$covm" report "$work/paths" >/dev/null || fail "another run"
[ "$(grep -c 'not the one that ran' "$work/paths/report.html")" -le 4 ] || fail "the paths of superblocks are not found"
mkdir "$work/bin"
ln -s "$(command -v gnuplot)" "$work/bin/gnuplot"
PATH=$work/bin "$covm" report -o "$work/plain.html" "$work/run" >/dev/null || fail "without graphviz"
grep -q 'It is not drawn: graphviz (Debian package graphviz): dot: No such file or directory\.' "$work/plain.html" ||
    fail "without graphviz, and nothing said"
cp -r "$work/run" "$work/many"
awk -F, -v OFS=, 'NR == 1 || $2 != "translation" { print; next } { row[++count] = $0 }
    END { for (i = 1; i <= 50000; i++) { $0 = row[(i - 1) % count + 1]; $1 = i; print } }' "$work/run/regions.csv" \
    >"$work/many/regions.csv"
rm "$work/many/sums.csv" # which tells that regions.csv is another
timeout 60 "$covm" report "$work/many" >/dev/null || fail "50000 translations"
grep -q 'The other 49950 translations' "$work/many/report.html" || fail "the others of 50000 translations"
! command -v dot >/dev/null || grep -q 'the 300 most expensive of 50000' "$work/many/report.html" || fail "a cut graph"

ln -s elsewhere "$work/link"
"$covm" report -o "$work/link" "$work/run" >/dev/null
[ -h "$work/link" ] && [ -s "$work/elsewhere" ] || fail "a link, or a device, replaced by a page"

page=$work/sweep/report.html
grep -qF '<h1>Widths &amp; &lt;others&gt;</h1>' "$page" || fail "the title of the study"
grep -qF 'failed: it was &lt;removed&gt;' "$page" || fail "why a point failed"
grep -qF 'ipc: How fast' "$page" || fail "the figure's title"
grep -qF 'kind: table' "$page" || fail "the study's text"

# A guest that is another now: no code, and it says so. Somewhere else; twice the same.
"$covm" report -o "$work/again.html" "$work/run" >/dev/null && cmp "$work/again.html" "$work/run/report.html" ||
    fail "not the same again"
rm "$work/run/sums.csv"
sed -i 's/"guest_sha256": "./"guest_sha256": "_/' "$work/run/run.json"
"$covm" report -o "$work/again.html" "$work/run" >/dev/null || fail "another guest"
grep -q 'no code is shown' "$work/again.html" || fail "another guest, and nothing said"
"$covm" report "$work" 2>/dev/null
[ $? = 2 ] || fail "a directory that is neither"
