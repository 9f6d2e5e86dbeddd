#!/bin/sh
# references.sh ROOT -- every study has a page in results/reference/, with each of its figures and tables, which it shows.
set -eu
cd "$1"
count=0 bad=0
fault() {
    echo "$*"
    bad=$((bad + 1))
}
# The names in a study's plots, those of the study that it extends where it has none.
plots_of() {
    if grep -q '^plots:' "configs/studies/$1.yaml"; then
        sed -n '/^plots:/,$s/^ *- *{* *name: *\([a-z_0-9]*\).*/\1/p' "configs/studies/$1.yaml"
    else
        plots_of "$(sed -n 's/^extends: \(.*\).yaml/\1/p' "configs/studies/$1.yaml")"
    fi
}
for study in configs/studies/*.yaml; do
    name=$(basename "$study" .yaml)
    folder=results/reference/$name
    page=$folder/README.md
    count=$((count + 1))
    [ -f "$page" ] || { fault "$study has no page $page"; continue; }
    grep -q "covm sweep run $study" "$page" || fault "$page does not say how to make it again"
    grep -q "]($name/)" results/reference/README.md || fault "results/reference/README.md does not lead to $name/"
    for plot in $(plots_of "$name"); do
        if [ -f "$folder/$plot.md" ]; then
            grep -q "]($plot.md)" "$page" || fault "$page does not lead to $plot.md"
        elif [ -f "$folder/$plot.svg" ] && [ -f "$folder/$plot.csv" ]; then
            grep -q "]($plot.svg)" "$page" || fault "$page does not show $plot.svg"
        else
            fault "$folder has no figure and no table '$plot'"
        fi
    done
done
echo "$count studies, $bad faults"
[ "$count" -gt 0 ] && [ "$bad" -eq 0 ]
