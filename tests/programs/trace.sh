#!/bin/sh
# trace.sh COVM PROGRAM: what covm trace writes of a million instructions of PROGRAM.guest adds up to what the run
# itself counts, changes nothing of it, and is told alike of any gear and machine where it is the guest's alone.
set -u
covm=$1 program=$2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0

complain() { echo "$@"; failed=1; }
# begin COMMAND OPTION...: until the limit
begin() {
    rm -rf "$work/root"
    mkdir "$work/root"
    "$covm" "$@" -q --guest-exit --write --root "$work/root" --max-insns 1000000 -- "$program.guest" </dev/null \
        >/dev/null 2>"$work/err"
    [ $? -eq 5 ] || complain "$* did not end at its limit: $(cat "$work/err")"
}
# trace NAME OPTION...: into $work/NAME, its record into $work/NAME.run
trace() {
    name=$1
    shift
    rm -rf "$work/$name.run"
    begin trace -o "$work/$name" --record "$work/$name.run" --machine crusoe "$@"
    [ -f "$work/$name" ] || complain "$name: no trace"
    [ ! -e "$work/$name.new" ] || complain "$name: a temporary file is left"
}
# stat NAME STATISTIC: of that trace's run
stat() { sed -n "s/^ *\"$2\": \([0-9]*\),*$/\1/p" "$work/$1.run/stats.json" | head -n 1; }
# same WHAT VALUE WANTED
same() { [ "$2" = "$3" ] || complain "$1: $2, not $3"; }
total() { awk '{ sum += $1 } END { printf "%d", sum }'; }

begin run -o "$work/plain.run" --machine crusoe
trace kanata --format kanata --from 1000000 --cycles 200000
trace perfetto --format perfetto
trace coarse --format perfetto --resolution 5000
trace merged --format perfetto --set cms.max_gear=0
trace callgrind --format callgrind
trace bbv --format bbv --interval 300001
for name in kanata perfetto coarse callgrind bbv; do
    cmp "$work/plain.run/stats.json" "$work/$name.run/stats.json" || complain "$name: tracing changed the statistics"
done

# Each cycle of the window is an issue, a stall in lane 1, or the CMS's. A stage in lane 1 follows another without an
# end. Lines are numbered as they begin, and each is over once.
awk -F '\t' -v from=1000000 -v count=200000 '
    function fill(a, b) { for (i = a; i < b; i++) seen[i]++ }
    $1 == "C=" { now = $2 }
    $1 == "C" { now += $2 }
    $1 == "S" && $3 == 0 && $4 == "I" && !(now in issued) { issued[now] = 1; fill(now, now + 1) }
    $1 == "S" && $3 == 0 && $4 == "CMS" { cms = now }
    $1 == "E" && $3 == 0 && $4 == "CMS" { fill(cms, now) }
    $1 == "S" && $3 == 1 { if (stalled) fill(stall, now); stalled = 1; stall = now }
    $1 == "E" && $3 == 1 { fill(stall, now); stalled = 0 }
    $1 == "I" && $2 != lines++ { print "line " $2 " is out of order"; exit 1 }
    $1 == "R" && over[$2]++ { print "line " $2 " is over twice"; exit 1 }
    $1 == "R" { ends++ }
    END {
        for (i = from; i < from + count; i++)
            if (seen[i] != 1) { print "cycle " i " is shown " seen[i] + 0 " times"; exit 1 }
        if (lines != ends || lines < 50) { print lines " lines, " ends " of them over"; exit 1 }
    }' "$work/kanata" || complain "kanata: not all of the window, or not once"

for name in perfetto coarse merged; do
    for activity in interpret translate1 translate2 dispatch chain gear1 gear2 squashed rollback coherence system; do
        cycles=$(sed -n "s/^{\"ph\":\"X\".*,\"$activity\":\([0-9]*\)[,}].*/\1/p" "$work/$name" | total)
        same "$name: cycles of $activity" "$cycles" "$(stat "$name" "cycles.$activity")"
    done
    rollbacks=$(sed -n 's/^ *"core\.rollback\.[a-z]*": \([0-9]*\),*$/\1/p' "$work/$name.run/stats.json" | total)
    same "$name: rollbacks" "$(sed -n 's/^"rollbacks":\([0-9]*\),.*/\1/p' "$work/$name")" "$rollbacks"
    calls=$(grep -c '"tid":5,"name":"[a-z_0-9]*","ts"' "$work/$name")
    same "$name: system calls" "$calls" "$(stat "$name" user.syscalls)"
done
[ "$(grep -c '"ph":"X"' "$work/coarse")" -lt "$(grep -c '"ph":"X"' "$work/perfetto")" ] || complain "nothing was merged"
grep -q '"resolution_cycles":[1-9][0-9]*[02468],' "$work/merged" || complain "merged: it was not, with too many slices"
if command -v jq >/dev/null; then
    jq -e '.traceEvents | length > 100' "$work/coarse" >/dev/null || complain "coarse: no JSON"
fi

sums=$(awk '/^calls=/ { getline; next }
            /^0x/ { cycles += $3; insns += $4 }
            END { printf "%d %d", cycles, insns }' "$work/callgrind")
same "callgrind: sums" "$sums" "$(stat callgrind core.cycles) $(stat callgrind core.insns)"
if command -v callgrind_annotate >/dev/null; then
    callgrind_annotate "$work/callgrind" >"$work/annotated" || complain "callgrind_annotate fails"
    totals=$(grep 'PROGRAM TOTALS' "$work/annotated" | sed 's/([^)]*)//g; s/,//g; s/PROGRAM TOTALS//' | xargs)
    same "callgrind_annotate" "$totals" "$sums"
    callgrind_annotate --inclusive=yes "$work/callgrind" | grep -q ':__libc_start' || complain "callgrind: no calls"
fi

insns=$(sed '/^#/d' "$work/bbv" | tr ' ' '\n' | awk -F : '{ sum += $3 } END { print sum }')
same "bbv: sum" "$insns" "$(stat bbv core.insns)"
same "bbv: intervals" "$(grep -c ^T "$work/bbv")" 4
while read -r options; do
    # shellcheck disable=SC2086
    trace again --format bbv --interval 300001 $options
    cmp "$work/bbv" "$work/again" && cmp "$work/bbv.pc" "$work/again.pc" || complain "bbv: differs with $options"
done <<END
--set cms.max_gear=0
--set cms.max_gear=1 --set cms.threshold.gear1=1
--set cms.threshold.gear1=1 --set cms.threshold.gear2=2
--machine torture
END
exit $failed
