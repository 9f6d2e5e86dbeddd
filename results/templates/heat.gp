
# ---- heat.gp: a cell per column and row, the darker the more; numbers where they fit ----

CELL_WIDE = PLOT_WIDE / LABELS
CELL_HIGH = PLOT_HIGH / SERIES
x(any) = row(0) / SERIES + 1
y(any) = row(0) % SERIES + 1
set border 0
unset grid
set xrange [0.5:LABELS + 0.5]
set yrange [0.5:SERIES + 0.5]
set ytics () noenhanced scale 0
do for [i = 1:SERIES] { set ytics add (literal(SERIES_NAME[i]) i) }
set palette defined (0 '#f7fbff', 0.25 '#c6dbef', 0.5 '#6baed6', 0.75 '#2171b5', 1 '#08306b')
if (ZMIN < ZMAX) { set cbrange [ZMIN:ZMAX] } else { set cbrange [low(ZLOG, ZMIN, ZMAX):high(ZLOG, ZMIN, ZMAX)] }
if (ZLOG) { set logscale cb ZLOG; set format cb ZLOG == 10 ? '10^{%L}' : '2^{%L}' } else { set format cb number_format(Z_DIGITS) }
set label ZTITLE at screen 1 - ((lines(ZTITLE) - 0.5) * LINE + 0.4 * FONT) / WIDE, graph 0.5 rotate center noenhanced
set colorbox user origin graph 1 + FONT / PLOT_WIDE, graph 0 size graph FONT / PLOT_WIDE, graph 1 noborder
dark(v) = ZMIN < ZMAX && (ZLOG ? log(v / ZMIN) / log(1. * ZMAX / ZMIN) : (v - ZMIN) / (1. * ZMAX - ZMIN)) > 0.55
CELL_DIGITS = greater(3, Z_DIGITS - 1)
CELL_FORMAT = sprintf('%%.%dg', CELL_DIGITS)
NUMBERS = CELL_WIDE > 0.85 * (CELL_DIGITS + 1.6) * CHARACTER && CELL_HIGH > 1.2 * FONT
number_text(v) = '{/*0.85 '.(abs(v) < 1000 ? sprintf(CELL_FORMAT, v) : gprintf(abs(v) < 1e5 ? '%.1s%c' : '%.0s%c', v)).'}'
plot DATA using (x(0)):(y(0)):(x(0) - 0.5):(x(0) + 0.5):(y(0) - 0.5):(y(0) + 0.5):(number(3)) \
         with boxxyerror lc palette lw 0.5 fs solid border lc rgb 0xffffff notitle, \
     for [s = 1:MISSING] DATA using (x(0)):(valid(3) ? NaN : y(0)):(x(0) - 0.5):(x(0) + 0.5):(y(0) - 0.5):(y(0) + 0.5) \
         with boxxyerror lc rgb 0x707070 lw 0.5 fs pattern 4 border lc rgb 0xffffff notitle, \
     for [s = 1:MISSING] keyentry with boxes lc rgb 0x707070 lw 0.5 fs pattern 4 border lc rgb 0xffffff \
         title NO_VALUE at screen key_x(KEYS), key_y(KEYS), \
     for [d = 0:2 * NUMBERS - 1] DATA \
         using (x(0)):(y(0)):(valid(3) && dark(column(3)) == d ? number_text(column(3)) : '') \
         with labels tc rgb d ? 0xffffff : 0x000000 notitle
