# pipes.sh N LINES -- what a shell forks for, without another program: pipelines, subshells, command substitution,
# background jobs and wait.
numbers() {
    i=0
    while [ $i -lt "$1" ]; do
        i=$((i + 1))
        echo $((i * i % 97)) n$i
    done
}
odd() {
    while read -r number name; do
        [ $((number & 1)) = 1 ] && echo "$name $number"
    done
}
total() {
    sum=0
    while read -r name number; do sum=$((sum + number)); done
    echo "$sum"
}
round=0 all=0
while [ $round -lt "$1" ]; do
    round=$((round + 1))
    part=$(numbers $((round % 7 + $2)) | odd | total)
    (exit $((part % 5))) &
    wait $!
    all=$(((all * 7 + part + $?) % 1000003))
done
echo "$round rounds, $all"
