
# ---- bars.gp: at each point a bar per series; the last point, the geometric mean, may stand apart ----

BAR = 0.8 / SERIES
if (YLOG) { Y_LOW = (1. * YLOG) ** floor(steps(YLOG, YMIN) - 1e-9); set yrange [Y_LOW:Y_HIGH] }
BASE = YLOG ? Y_LOW : 0
set boxwidth BAR
point(r) = r / SERIES + 1
place(s) = point(row(0)) + (APART && point(row(0)) == LABELS ? 0.5 : 0) + (s - (SERIES + 1) / 2.) * BAR
mine(s, y) = row(0) % SERIES + 1 == s ? y : NaN
if (APART) { set arrow from LABELS - 0.25, graph 0 to LABELS - 0.25, graph 1 nohead back lt 1 lc rgb 0x909090 lw 0.7 }
if (!YLOG) { set arrow from graph 0, first 0 to graph 1, first 0 nohead front lt 1 lc rgb 0x000000 lw 0.7 }
plot for [s = 1:SERIES] DATA using (place(s)):(mine(s, number(3))) \
         with boxes lc rgb FILL[s] lw 0.7 fs solid border lc rgb 0x000000 notitle, \
     for [s = 1:SERIES] DATA using (place(s)):(mine(s, number(3))) \
         with boxes lc rgb 0x000000 lw 0.7 fs transparent pattern HATCH[s] border lc rgb 0x000000 notitle, \
     for [s = 1:SERIES * ERRORS] DATA using (place(s)):(mine(s, number(4))):(0):(number(5) - number(4)) \
         @ERROR_STYLE lc rgb 0x000000 notitle, \
     for [s = 1:SERIES * MISSING] DATA using (place(s)):(mine(s, valid(3) ? NaN : BASE)) @NO_VALUE_STYLE notitle, \
     @LEGEND
