# report.awk -- sums `limit` lines of a table by name, counts letters, and prints the largest.
NR > limit { exit }
{
    sum[$2] += $1
    lines[$2]++
    if (match($2, /(ta|re)[a-z]*x?/)) hits += RLENGTH
    n = split($2, letters, "")
    for (i = 1; i <= n; i++) frequency[substr($2, i, 1)]++
}
END {
    for (name in sum) if (sum[name] > best || (sum[name] == best && name < who)) { best = sum[name]; who = name }
    printf "%d lines, %d hits, %s: %d in %d\n", NR, hits, who, best, lines[who]
    for (i = 97; i < 123; i++) { c = sprintf("%c", i); if (c in frequency) printf "%s%d ", c, frequency[c] }
    print ""
}
