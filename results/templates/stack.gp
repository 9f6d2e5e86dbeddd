
# ---- stack.gp: at each point a column, or several side by side, of parts; what is negative hangs below 0 ----

# NAMES columns of the data stand before the parts.
BAR = BARS > 1 ? 0.84 / BARS : 0.7
place(r) = r / BARS + 1 + (r % BARS - (BARS - 1) / 2.) * BAR
part(s) = column(NAMES + s)
whole(any) = (sum [k = 1:SERIES] valid(NAMES + k)) == SERIES
below(s) = s < 2 ? 0 : (sum [k = 1:s - 1] (part(k) * part(s) > 0 ? part(k) : 0))
from(s) = whole(0) ? below(s) : NaN
upto(s) = whole(0) ? below(s) + part(s) : NaN
left(any) = place(row(0)) - 0.46 * BAR
right(any) = place(row(0)) + 0.46 * BAR
set arrow from graph 0, first 0 to graph 1, first 0 nohead front lt 1 lc rgb 0x000000 lw 0.7
plot for [s = 1:SERIES] DATA using (place(row(0))):(from(s)):(left(0)):(right(0)):(from(s)):(upto(s)) \
         with boxxyerror lc rgb FILL[s] lw 0.5 fs solid border lc rgb 0x000000 notitle, \
     for [s = 1:SERIES] DATA using (place(row(0))):(from(s)):(left(0)):(right(0)):(from(s)):(upto(s)) \
         with boxxyerror lc rgb 0x000000 lw 0.5 fs transparent pattern HATCH[s] border lc rgb 0x000000 notitle, \
     for [s = 1:MISSING] DATA using (place(row(0))):(whole(0) ? NaN : 0) @NO_VALUE_STYLE notitle, \
     @LEGEND
