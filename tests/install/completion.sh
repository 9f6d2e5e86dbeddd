#!/bin/bash
# completion.sh PROGRAM -- sources the completion in bash and asks what it offers: a few lines by hand, and then every
# command, option, key, value, statistic, machine and workload that covm itself names.
set -u # not -e: compopt is none outside of a completion
covm=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
    echo "$*" >&2
    exit 1
}
cd "$scratch" || exit 1
"$covm" reference bash >script || fail "no script"
# shellcheck disable=SC1091
source ./script
mkdir folder
: >file.yaml

# ask WORD...: the line 'covm WORD...', split as bash splits it, the cursor behind the last word. Replies in $replies.
ask() {
    COMP_WORDS=(covm)
    local word
    for word; do
        while [[ $COMP_WORDBREAKS == *=* && $word == *=* ]]; do
            [[ -z ${word%%=*} ]] || COMP_WORDS+=("${word%%=*}")
            COMP_WORDS+=('=')
            word=${word#*=}
            [[ -n $word ]] || continue 2
        done
        COMP_WORDS+=("$word")
    done
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _covm
    replies=" ${COMPREPLY[*]} "
}
# offers 'REPLY...' WORD...: these replies, all of them, in any order
offers() {
    local wanted=$1
    shift
    ask "$@"
    [[ "$(tr -s ' ' '\n' <<<" $replies " | sort)" == "$(tr -s ' ' '\n' <<<" $wanted " | sort)" ]] ||
        fail "covm $*: offers '$replies', not '$wanted'"
}
# has REPLY WORD...: this one among others
has() {
    local wanted=$1
    shift
    ask "$@"
    [[ $replies == *" $wanted "* ]] || fail "covm $*: does not offer '$wanted' but '$replies'"
}

offers 'run' ru
offers '' nonsense ''
offers '--machine --max-insns' run --ma
offers 'crusoe' run --machine cru
offers 'crusoe' run --machine=cru
offers 'core.jtlb.entries=' run --set core.jtlb.ent
offers 'scoreboard exposed' run --set core.interlocks=
offers 'exposed' run --set core.interlocks=e
offers 'true false' run --set=core.base_offset=
offers '' run --set core.jtlb.entries=6
offers 'test ref' workloads run --size ''
offers 'check dump keys explain' config ''
offers 'check dump keys explain' config --machine crusoe ''
offers 'core.jtlb.entries' config explain core.jtlb.ent
offers 'file.yaml folder' config check f
offers 'folder' run --root ''
offers 'file.yaml folder' run f
offers 'file.yaml folder' run ./prog f
offers '' run ./prog --mach
offers '' run -- --mach
offers 'file.yaml folder' run -- f
offers 'derived.ipc derived.ipc_translated' stats list derived.ip
offers 'folder' run -o fo
offers '' bench -j ''
offers 'sieve' bench -j 2 sie
offers 'all' workloads fetch al
offers '' workloads run al
offers 'man bash markdown' reference ''
COMP_WORDBREAKS=${COMP_WORDBREAKS//=/}
offers 'core.interlocks=exposed' run --set core.interlocks=e
offers '--machine=crusoe' run --machine=cru
COMP_WORDBREAKS+='='

count=0
for command in $("$covm" help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
    has "$command" ''
    for option in $("$covm" "$command" --help | sed -n 's/^  \(-[^ ]*\) .*/\1/p') --help; do
        has "$option" "$command" -
        count=$((count + 1))
    done
done
((count > 40)) || fail "only $count options"

ask run --set ''
keys=$replies
while IFS=$'\t' read -r key type _ range _; do
    [[ $key != key ]] || continue
    [[ $keys == *" $key= "* ]] || fail "key $key is missing"
    case $type in
    word) offers "${range//|/ }" run --set "$key=" ;;
    boolean) offers 'true false' run --set "$key=" ;;
    esac
done < <("$covm" config keys)

ask stats list ''
"$covm" stats list | tail -n +2 | cut -f 1 | grep -v 'NAME\|:' >statistics
while read -r name; do [[ $replies == *" $name "* ]] || fail "statistic $name is missing"; done <statistics

offers "$("$covm" config dump --machine none 2>&1 | sed 's/.* among //; s/,//g')" run --machine ''
ask workloads run ''
for name in $("$covm" workloads | cut -d ' ' -f 1); do
    [[ $replies == *" $name "* ]] || fail "workload $name is missing"
done
echo "completion: $count options, $(wc -w <<<"$keys") keys, $(wc -l <statistics) statistics"
