. "$TREE/tests/golden/cases/lib"
cat >mine.yaml <<'YAML'
extends: crusoe.yaml
core:
  jtlb: {entries: 64}
memory:
  l1d:
    size: 32KiB
YAML
cat >wrong.yaml <<'YAML'
extends: crusoe.yaml
core:
  isue_width: 8
  jtlb: {entries: lots}
  branch: {predictor: gshare, predictor: bimodal}
memroy:
  l1d: {size: 32KB}
cms.max_gear: 7
YAML
try config check mine.yaml wrong.yaml
try config explain core.jtlb.entries --config mine.yaml --set core.jtlb.entries=8
try config explain memory.l1d.size --config mine.yaml
try config explain core.issue_width --machine efficeon
try config explain cms.cost.dispatch
try config explain core.alias
try config explain core.jtlb.entires
try config dump --set core.issue_widht=4 --set cms.indirect=jltb --set core.jtlb=4
try config dump --machine cruso
try run --machine crusoe --config wrong.yaml -- ./nothing
# every preset is right; a dump loads again and dumps as the same
try config check "$TREE"/configs/machines/*.yaml
"$COVM" config dump --config mine.yaml | sed 's/ *#.*//' >one
"$COVM" config dump --config one | sed 's/ *#.*//' | cmp - one && echo "the dump of the dump is the dump"
"$COVM" config dump --config mine.yaml | grep -E '^  jtlb:|entries: 64|size: 32KiB|issue_width'
"$COVM" config keys | head -3
"$COVM" config keys | awk -F'\t' 'NF != 6 { print "a row of", NF, "columns:", $0 }'
# a contradiction that no range can state
try config dump --set core.jtlb.entries=100 --set core.jtlb.ways=3
# a pipe that nobody writes to is not waited for; one that somebody writes to is a file like another
mkfifo fifo
try config check fifo
echo 'core: {issue_width: 99}' | "$COVM" config check /dev/stdin
