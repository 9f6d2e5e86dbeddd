#!/bin/sh
# page.sh COVM: the pages are well-formed, refer to nothing outside, and have every statistic as text.
set -u
covm=$1
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
        xmllint --html --noout "$page" 2>&1 | grep 'error' |
            grep -vE 'Tag (nav|figure|figcaption|details|summary) invalid' && fail "$kind: not well-formed"
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
grep -q '>empty<' "$work/text" || fail "no empty slot"
grep -q '<b>' "$work/text" && fail "the environment became markup"
grep -qF '&lt;/script&gt;&lt;b&gt;&amp;amp;' "$work/text" || fail "the environment is not shown"

page=$work/sweep/report.html
grep -qF '<h1>Widths &amp; &lt;others&gt;</h1>' "$page" || fail "the title of the study"
grep -qF 'failed: it was &lt;removed&gt;' "$page" || fail "why a point failed"
grep -qF 'ipc: How fast' "$page" || fail "the figure's title"
grep -qF 'kind: table' "$page" || fail "the study's text"

# A guest that is another now: no code, and it says so. Somewhere else; twice the same.
"$covm" report -o "$work/again.html" "$work/run" >/dev/null && cmp "$work/again.html" "$work/run/report.html" ||
    fail "not the same again"
sed -i 's/"guest_sha256": "./"guest_sha256": "_/' "$work/run/run.json"
"$covm" report -o "$work/again.html" "$work/run" >/dev/null || fail "another guest"
grep -q 'no code is shown' "$work/again.html" || fail "another guest, and nothing said"
"$covm" report "$work" 2>/dev/null
[ $? = 2 ] || fail "a directory that is neither"
