
# ---- lines.gp: a line and a kind of mark per series, with error bars; it breaks where there is no value ----

# Of very many points only some have marks.
every_mark(s) = greater(1, (LAST[s] - FIRST[s]) / 12)
plot for [i = 1:DRAWN * ERRORS] s = DRAWN_SERIES[i], DATA every ::FIRST[s]::LAST[s] \
         using (number(2)):(number(4)):(0):(number(5) - number(4)) @ERROR_STYLE lc rgb COLOUR[s] notitle, \
     for [i = 1:DRAWN] s = DRAWN_SERIES[i], DATA every ::FIRST[s]::LAST[s] using (number(2)):(number(3)) \
         with linespoints dt DASH[s] lw 1.2 lc rgb COLOUR[s] pt MARK[s] ps 0.5 pi every_mark(s) notitle, \
     for [s = 1:KEYS] keyentry with linespoints dt DASH[s] lw 1.2 lc rgb COLOUR[s] pt MARK[s] ps 0.5 \
         title SERIES_NAME[s] at screen key_x(s), key_y(s)
