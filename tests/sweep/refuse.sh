#!/bin/sh
# refuse.sh COVM: mistakes of a study are told all at once, with their places; results of another program, or of other
# programs, are refused; what failed is told, stays until it is asked for again, and leaves holes.
. "${0%/*}/begin.sh"
covm=$1

# expect CODE WORDS COMMAND...: the command ends with that code, and says all of the words (a line each).
expect() {
    code=$1 words=$2
    shift 2
    "$@" >out 2>err
    got=$?
    [ $got = "$code" ] || fail "$* ended with $got, not $code: $(cat out err)"
    echo "$words" | while read -r word; do
        grep -qF -- "$word" err || { echo "FAIL: $* does not say '$word': $(cat err)"; exit 1; }
    done || exit 1
}

cat >axes.yaml <<'END'
workloads: [sieve]
axes:
  - {key: core.jtlb.entries, values: []}
  - {key: core.dras.depth, values: [1, 2]}
  - {name: depth, values: [{name: a, core.gate.entries: 3}, {name: b, core.dras.depth: 3}]}
END
expect 3 "axes.yaml:3:38: error: there are no values
axes.yaml:5:5: error: the axes 'core.dras.depth' and 'depth' both set core.dras.depth" "$covm" sweep plan axes.yaml

cat >wrong.yaml <<'END'
titel: no such key
machine: crusoe
set: {core.issue_widht: 2}
workloads: [sieve, quens]
axes:
  - {key: cms.indirect, values: [jtlb, jltb]}
  - {key: core.jtlb.entries, from: 16, to: 4, factor: 2}
  - {key: core.dras.depth, values: [1], when: {cms.direct: jtlb}}
  - {name: shape, values: [{name: a, core.width: 4}]}
metrics:
  ipc: core.insn / core.cycles
  gain: {of: ipc, relative_to: {cms.indirect: none}}
plots:
  - {name: a/b, kind: lines}
  - {name: c, kind: line, x: core.jtlb.entries, y: ipc}
  - {name: d, kind: lines, x: cms.indirect, y: ipc}
END
expect 3 "wrong.yaml:1:1: error: unknown key 'titel'; did you mean 'title'?
wrong.yaml:3:7: error: unknown key 'core.issue_widht'; did you mean 'core.issue_width'?
wrong.yaml:4:20: error: no workload 'quens'; did you mean 'queens'?
wrong.yaml:6:40: error: cms.indirect:
wrong.yaml:7:5: error: the range does not lead
wrong.yaml:8:48: error: no axis 'cms.direct'
error: unknown key 'core.width'
wrong.yaml:11:8: error: no statistic or metric 'core.insn'; did you mean 'core.insns'?
axis 'cms.indirect' has no value 'none'
a plot needs a 'name'
no kind 'line'; did you mean 'lines'?
wrong.yaml:15:5: error: 'ipc' has no unit: this plot, or the metric, needs a 'unit'
wrong.yaml:16:31: error: lines need numbers along x" "$covm" sweep plan wrong.yaml

# What figures cannot show is found before anything is run for them.
cat >labels.yaml <<'END'
title: "two\nlines"
workloads: [sieve, queens, sieve, {name: queens, size: ref}]
axes:
  - {key: core.jtlb.entries, values: [64, 0x40, 32], title: "a\tb", unit: [x]}
  - {key: memory.l1d.size, values: [32KiB, 65536, 32768]}
  - {name: shape, values: [{name: 'a "b", c', core.issue_width: 8}, {name: "\x07"}]}
metrics:
  ipc: {formula: core.insns / core.cycles, title: "I\nP", unit: "\x7f"}
plots:
  - {name: a, kind: table, title: "\e[1m", x: workload, y: ipc}
  - {name: b, kind: stack, unit: x, y_title: "\n", x: shape, parts: {"q\0r": ipc, s: core.insns}, where: {workload: sieve}}
  - {name: c, kind: stack, unit: x, x: shape, parts: [ipc, core.cycles, ipc]}
  - {name: -d, kind: table, x: shape, y: ipc}
END
expect 3 "labels.yaml:1:8: error: this text has a control character (0x0a)
labels.yaml:2:28: error: the workload 'sieve' is there twice
labels.yaml:4:43: error: '0x40' is the same as '64'
labels.yaml:4:61: error: this text has a control character (0x09)
labels.yaml:4:75: error: expected words
labels.yaml:5:51: error: '32768' is the same as '32KiB'
labels.yaml:6:35: error: this text has both '\"' and ',', which gnuplot cannot read from CSV
labels.yaml:6:76: error: this text has a control character (0x07)
labels.yaml:8:51: error: this text has a control character (0x0a)
labels.yaml:8:65: error: this text has a control character (0x7f)
labels.yaml:10:35: error: this text has a control character (0x1b)
labels.yaml:10:47: error: the workload 'queens' is there in two sizes, which have one name
labels.yaml:11:46: error: this text has a control character (0x0a)
labels.yaml:11:70: error: this text has a control character (0x00)
labels.yaml:11:107: error: the workload 'queens' is there in two sizes
labels.yaml:12:73: error: a part before this one has its name
labels.yaml:13:12: error: a plot needs a 'name'" "$covm" sweep plan labels.yaml

cat >empty.yaml <<END
workloads: [sieve]
axes:
  - {key: cms.indirect, values: [jtlb, inline]}
  - {key: core.jtlb.entries, values: [32, 64], when: {}}
  - {key: core.dras.depth, values: [2, 4], when: {cms.indirect: []}}
  - {key: core.gate.entries, values: [2, 4], when: []}
  - {key: core.commit.cycles, from: 0, to: 9, step: nan}
  - {key: memory.dram.latency, from: 10ns, to: 90ns, factor: inf}
metrics:
  core.insns: core.cycles
  ipc: core.insns / core.cycles
  none: ipc / (core.insns - core.insns)
plots:
  - {name: a, kind: table, x: cms.indirect, y: ipc, where: {workload: []}}
  - {name: b, kind: table, x: workload, series: workload, y: ipc}
  - {name: c, kind: stack, x: cms.indirect, bars: cms.indirect, unit: x, parts: [ipc]}
  - {name: $(printf %0201d 0), kind: table, x: workload, y: ipc}
END
expect 3 "empty.yaml:4:54: error: 'when' is a map: {AXIS: [VALUE, ...]}, or a list of such maps
empty.yaml:5:65: error: there are no values: the axis would never exist
empty.yaml:6:52: error: 'when' is a map
empty.yaml:7:53: error: core.commit.cycles: 'nan'
empty.yaml:8:62: error: memory.dram.latency: 'inf'
empty.yaml:10:3: error: 'core.insns' is a statistic: a metric needs a name of its own
empty.yaml:12:9: error: it divides by zero, whatever the statistics are
empty.yaml:14:71: error: there are no values: nothing would be shown
empty.yaml:15:49: error: 'x' is 'workload' already
empty.yaml:16:51: error: 'x' is 'cms.indirect' already
empty.yaml:17:12: error: a plot needs a 'name'" "$covm" sweep plan empty.yaml

# What would not do anything.
{
    cat <<'END'
workloads: [sieve, queens]
seeds: 2
set:
  core: {dras.depth: 4, jtlb: {ways: 2}}
  guest.seed: 3
  core.issue_width: 8
  core.gate.entries: 9
axes:
  - {key: core.dras.depth, from: 1, to: 15, step: 1}
  - {key: cms.indirect, values: [jtlb, inline]}
  - {key: core.gate.entries, values: [2, 4], when: {cms.indirect: jtlb}}
  - {name: shape, values: [{name: as it is}, {name: wide, core.issue_width: 16}]}
metrics: {ipc: {formula: core.insns / core.cycles, unit: instructions/cycle}}
plots:
  - {name: a, kind: lines, x: core.dras.depth, y: ipc, bars: cms.indirect, scale: log2, parts: {a: ipc}}
  - {name: b, kind: bars, x: shape, y: ipc, scale: log2, geomean: true}
  - {name: c, kind: table, x: shape, y: ipc, columns: 2, geomean: true}
  - {name: d, kind: stack, x: shape, parts: [ipc], series: cms.indirect, y: ipc}
  - {name: e, kind: startup, x: shape, series: cms.indirect, y: ipc, where: {shape: wide}}
  - {name: f, kind: modes, x: shape, mean: arithmetic, unit: x}
  - {name: g, kind: heat, x: shape, y: ipc, series: core.dras.depth, y_title: x}
  - {name: h, kind: pareto, x: ipc, y: core.insns / core.cycles, unit: x, series: workload}
  - {name: i, kind: bars, x: shape, y: ipc, series: core.dras.depth}
  - {name: j, kind: pareto, x: ipc, y: ipc, series: core.dras.depth, where: {core.dras.depth: [1, 2]}}
END
} >void.yaml
expect 3 "void.yaml:4:10: error: core.dras.depth is set in vain: each point has a value of the axis 'core.dras.depth' (void.yaml:9)
void.yaml:5:3: error: guest.seed is set in vain: 'seeds' gives each point its own
void.yaml:15:56: error: a plot of kind lines has no 'bars' (it is of: stack)
void.yaml:15:89: error: a plot of kind lines has no 'parts'
void.yaml:16:45: error: a plot of kind bars has no 'scale' (it is of: lines)
void.yaml:17:46: error: a plot of kind table has no 'columns'
void.yaml:17:58: error: a plot of kind table has no 'geomean'
void.yaml:18:52: error: a plot of kind stack has no 'series'
void.yaml:18:74: error: a plot of kind stack has no 'y'
void.yaml:19:30: error: a plot of kind startup has no 'x'
void.yaml:19:40: error: a plot of kind startup has no 'series'
void.yaml:19:62: error: a plot of kind startup has no 'y'
void.yaml:20:28: error: a plot of kind modes has no 'x'
void.yaml:20:38: error: a plot of kind modes has no 'mean'
void.yaml:20:56: error: a plot of kind modes has no 'unit'
void.yaml:21:70: error: a plot of kind heat has no 'y_title'
void.yaml:22:83: error: the points of a pareto are means over the workloads
void.yaml:23:53: error: 15 series; no more than 14 can be told apart" "$covm" sweep plan void.yaml
lines=$(wc -l <err)
[ "$lines" = 18 ] || fail "$lines mistakes, not 18: $(cat err)"
# An extending study may vary what its base sets.
printf '%s\n' 'workloads: [sieve]' 'set: {core.dras.depth: 4}' >base.yaml
printf '%s\n' 'extends: base.yaml' 'axes: [{key: core.dras.depth, values: [1, 2]}]' >varied.yaml
expect 0 "2 points to run" "$covm" sweep plan varied.yaml
printf '%s\n' 'workloads: [sieve]' 'axes: [{key: core.dras.depth, from: 1, to: 15, step: 1}]' 'plots:' \
    '  - {name: some, kind: startup, where: {core.dras.depth: [1, 2]}}' '  - {name: all, kind: startup}' >curves.yaml
expect 3 "curves.yaml:5:5: error: 15 points, a curve each; no more than 14 can be told apart" \
    "$covm" sweep plan curves.yaml

cat >window.yaml <<'END'
workloads: [sieve]
window: roi
axes: [{key: core.dras.depth, values: [1, 2]}]
END
expect 3 "window.yaml:2:9: error: no point has the window 'roi': lab.window.warmup_insns is 0 in all of them" \
    "$covm" sweep plan window.yaml
expect 0 "2 points to run" "$covm" sweep plan window.yaml --set lab.window.warmup_insns=1000
sed -i 's/core.dras.depth/lab.window.warmup_insns/' window.yaml
expect 0 "2 points to run" "$covm" sweep plan window.yaml

cat >study.yaml <<'END'
workloads: [sieve]
axes:
  - {key: cms.max_gear, values: [0, 2]}
metrics: {ipc: core.insns / core.cycles}
plots:
  - {name: ipc, kind: table, x: cms.max_gear, y: ipc}
END
sed 's/sieve/{name: chase, size: ref}/; 1i set: {cms.interpreter: decode, lab.timeline.insns: 1}' study.yaml | sed 's/values: \[0, 2\]/values: [0, 1]/' >slow.yaml
sed -i '1a machine: torture' slow.yaml
expect 3 "the axis 'cms.max_gear' varies (study.yaml:3)" "$covm" sweep run study.yaml --set cms.max_gear=1
expect 7 "there is no study.sweep" "$covm" sweep status study.yaml
[ ! -e study.sweep ] || fail "asking made a directory"
expect 0 "2 points, 2 done" "$covm" sweep run study.yaml
before=$(cat study.sweep/results.csv | sha256sum)
expect 0 "2 points, 2 done" "$covm" sweep run study.yaml
[ "$before" = "$(cat study.sweep/results.csv | sha256sum)" ] || fail "running it again changed the results"

expect 0 "2 points, 2 done" "$covm" sweep collect --sqlite study.yaml
rows=$(sqlite3 -separator ' ' study.sweep/results.sqlite "select (select count(*) from results), count(*) from points p
    join results r on r.id = p.id and r.name = 'core.insns' join results k on k.id = p.id and k.name = 'core.cycles'
    join metrics m on m.id = p.id and m.name = 'ipc' where abs(m.value - 1.0 * r.value / k.value) < 1e-9")
[ "$rows" = "$(($(wc -l <study.sweep/results.csv) - 1)) 2" ] || fail "the database holds something else: $rows"
rm -r "study.sweep/points/$(ls study.sweep/points | head -n 1)"
expect 7 "2 points, 1 done, 1 never run" "$covm" sweep collect study.yaml
grep -q '^| [02] | |$' study.sweep/figures/ipc.md || fail "no hole where a run is missing: $(cat study.sweep/figures/ipc.md)"
expect 0 "2 points, 2 done" "$covm" sweep run study.yaml --shard 0/1
expect 7 "timeout: it ran for more than 1 s
2 points, 2 timed out" "$covm" sweep run slow.yaml --timeout 1
expect 7 "2 points, 2 timed out" "$covm" sweep run slow.yaml
expect 7 "failed: it took more than 1048576 bytes
2 points, 2 failed" "$covm" sweep run slow.yaml --memory 1 --rerun timeout
[ ! -s slow.sweep/metrics.csv ] || [ "$(wc -l <slow.sweep/metrics.csv)" = 1 ] || fail "metrics of runs that failed"

sed -i 's/"program_sha256": "./"program_sha256": "x/' study.sweep/manifest.json
expect 3 "results of another covm" "$covm" sweep run study.yaml
expect 3 "results of another covm" "$covm" sweep collect study.yaml
rm study.sweep/manifest.json
expect 3 "not the directory of a sweep" "$covm" sweep run study.yaml

echo "mistakes are told, other results are refused"
