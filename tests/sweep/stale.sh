#!/bin/sh
# stale.sh COVM: figures of plots that the study no longer names go when it is collected again; whatever somebody else put
# there, or changed, stays.
. "${0%/*}/begin.sh"
covm=$1

# study NAME...: a study with these plots.
study() {
    printf '%s\n' 'workloads: [sieve]' 'axes: [{key: core.commit.cycles, values: [0, 1]}]' \
        'metrics: {ipc: {formula: core.insns / core.cycles, unit: x}}' 'plots:' >study.yaml
    for name in "$@"; do echo "  - {name: $name, kind: ${kind-bars}, x: core.commit.cycles, y: ipc}" >>study.yaml; done
}
# holds FILE...: these, and nothing else, are in figures/.
holds() {
    [ "$(ls study.sweep/figures | tr '\n' ' ')" = "$* " ] || fail "$what: figures/ holds $(ls study.sweep/figures)"
    [ "$(ls -A study.sweep | grep -c 'figures')" = 1 ] || fail "$what: something is left of the drawing: $(ls -A study.sweep)"
}
collect() {
    "$covm" sweep collect study.yaml "$@" 2>err || fail "$what: $(cat err)"
}

what="two figures" && study a b
"$covm" sweep run study.yaml 2>err || fail "the sweep: $(cat err)"
holds a.csv a.gp a.pdf a.svg b.csv b.gp b.pdf b.svg
cp -r study.sweep/figures first
what="the same again" && collect --png && collect
holds a.csv a.gp a.pdf a.png a.svg b.csv b.gp b.pdf b.png b.svg
for file in first/*; do cmp "$file" "study.sweep/figures/${file#*/}" || fail "$what: $file differs"; done

what="one renamed, one edited" && study c
echo mine >study.sweep/figures/note.txt
echo mine >study.sweep/figures/b_2.csv
echo edited >>study.sweep/figures/b.gp
collect
holds b.gp b_2.csv c.csv c.gp c.pdf c.svg note.txt
grep -q "figures/a.svg is of no plot of the study: removed" err || fail "it is not said: $(cat err)"

what="a figure that cannot be drawn" && study d
PATH=$work "$covm" sweep collect study.yaml 2>err && fail "$what: it was drawn without gnuplot"
[ -e study.sweep/figures/c.svg ] || fail "$what: another was removed"

what="tables" && kind=table && study e
sed -i 's|^a.svg,|../results.csv,|; s|^c.gp,|./c.gp,|' study.sweep/drawn.csv
collect
holds b.gp b_2.csv c.gp e.md note.txt
rm study.sweep/drawn.csv && study f
what="without notes" && collect
holds b.gp b_2.csv c.gp e.md f.md note.txt
echo "figures of plots that are no more go, nothing else does"
