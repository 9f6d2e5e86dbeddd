# script.sh N LINES -- what a shell does without starting another process: arithmetic, expansions, patterns, functions, read.
i=0 sum=0 text= longest=
add() { sum=$(((sum * 31 + $1) % 65521)); }
while [ $i -lt "$1" ]; do
    i=$((i + 1))
    add $((i * i))
    case $((i % 7)) in
    0) text=${text#*[aeiou]} ;;
    [12]) text=$text${sum}a ;;
    *) text=${text%%9*}e$i ;;
    esac
    [ ${#text} -gt ${#longest} ] && longest=$text
    [ ${#text} -gt 60 ] && text=
done
echo "$sum ${#longest} $longest"
rows=0 lines=0
while read -r number name count; do
    case $name in *ta*) rows=$((rows + number % 10 + ${count:-0})) ;; esac
    lines=$((lines + 1))
    [ $lines = "$2" ] && break
done <table.test
printf '%d rows, last %s\n' $rows "$name"
