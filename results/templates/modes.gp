
# ---- modes.gp: each part's share of every interval, stacked to 100%; intervals without a value stay empty ----

array FROM[ROWS]; array UPTO[ROWS]; array SHARE[ROWS * (SERIES + 1)]
total(any) = sum [k = 1:SERIES] (valid(k + 2) ? column(k + 2) : NaN)
sums(s) = sum [k = 1:s] (valid(k + 2) ? column(k + 2) : NaN)
set autoscale xy
stats DATA using (FROM[row(0) + 1] = column(1), UPTO[row(0) + 1] = column(2), \
    sum [s = 0:SERIES] (SHARE[row(0) * (SERIES + 1) + s + 1] = total(0) > 0 ? 100. * sums(s) / total(0) : NaN)) nooutput
FROM[1] = XMIN
set xrange [XMIN:XMAX]
set yrange [0:100]
set ytics 20
# Every interval has two edges: t = 0, 1 the first one's, and so on; the last may come more than once.
within(t) = lesser(t, 2 * ROWS - 1)
edge(t) = within(t) % 2 ? UPTO[within(t) / 2 + 1] : FROM[within(t) / 2 + 1]
share(t, s) = SHARE[within(t) / 2 * (SERIES + 1) + s + 1]
set samples 2 * ROWS + 2
plot for [s = 1:SERIES] '+' using (edge(row(0))):(share(row(0), s - 1)):(share(row(0), s)) \
         with filledcurves lc rgb FILL[s] lw 0.4 fs solid border lc rgb 0x000000 notitle, \
     for [s = 1:SERIES] '+' using (edge(row(0))):(share(row(0), s - 1)):(share(row(0), s)) \
         with filledcurves lc rgb 0x000000 lw 0.4 fs transparent pattern HATCH[s] border lc rgb 0x000000 notitle, \
     @LEGEND
