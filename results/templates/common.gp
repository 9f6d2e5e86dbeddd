
# ---- common.gp: from these facts the sizes, the places of the texts, the styles and the axes ----

reset
DATA = NAME.'.csv'
set encoding utf8
set datafile separator comma
set datafile columnheaders
row(c) = int(column(c)) # row(0): the number of the row, from 0; the heading does not count
# "$3" in its stead would skip a row without a value, where a line has to break.
number(c) = valid(c) ? column(c) : NaN
# A tick's label is a format.
literal(s) = strstrt(s, '%') ? s[1:strstrt(s, '%')].'%'.literal(s[strstrt(s, '%') + 1:*]) : s
id(s) = strlen(s) ? (strstrt('-.', s[1:1]) ? '_' : s[1:1]).id(s[2:*]) : ''
lesser(a, b) = a < b ? a : b
greater(a, b) = a > b ? a : b

# Sizes are in points. CHARACTER is a character's mean width, estimated on the safe side: the font is the reader's.
FONT = COLUMNS == 2 ? 8. : 7.
CHARACTER = 0.6 * FONT
LINE = 1.35 * FONT
WIDE = COLUMNS == 2 ? 504. : 252.
PLOT_HIGH = 0.6 * (WIDE - 8 * FONT)
if (COLUMNS == 2) { PLOT_HIGH = KIND eq 'lines' || KIND eq 'startup' || KIND eq 'pareto' ? 220. : 130. }
if (KIND eq 'pareto') { PLOT_HIGH = PLOT_HIGH * 1.3 }
if (KIND eq 'heat') { PLOT_HIGH = greater(80, lesser(SERIES * 2.2 * FONT, 700)) }

# Titles are broken at spaces, those of axes first of all before their unit.
space(s, i) = i < 2 ? 0 : s[i:i] eq ' ' ? i : space(s, i - 1)
wrap(s, n) = strlen(s) <= n ? s : (CUT = space(s, n)) ? s[1:CUT - 1]."\n".wrap(s[CUT + 1:*], n) : s
unit(s) = strstrt(s, ' (')
wrap_axis(s, n) = strlen(s) <= n || !unit(s) ? wrap(s, n) : wrap(s[1:unit(s) - 1], n)."\n".wrap(s[unit(s) + 1:*], n)
lines(s) = strlen(s) == 0 ? 0 : strstrt(s, "\n") ? 1 + lines(s[strstrt(s, "\n") + 1:*]) : 1
YTITLE = wrap_axis(YTITLE, int(1.1 * PLOT_HIGH / CHARACTER))
ZTITLE = wrap_axis(ZTITLE, int(1.1 * PLOT_HIGH / CHARACTER))

# A linear axis' numbers have the digits that tell its ticks, some ten of them, apart; usually those of '%h', six, are
# more than enough. LONG ones need more room than others.
LONG = 6
digits(base, a, b) = base || !(b > a) ? 1 : \
    lesser(15, greater(1, int(ceil(log10(greater(abs(a), abs(b)) / (b - a)))) + 2))
number_format(digits) = digits > 6 ? sprintf('%%.%dh', digits) : '%h'
number_wide(digits) = (digits + 4) * CHARACTER # with a sign, a point and a leading zero or two
X_DIGITS = LABELS ? 1 : digits(XLOG, XMIN, XMAX)
Y_DIGITS = digits(YLOG, YMIN, YMAX)
Z_DIGITS = KIND eq 'heat' ? digits(ZLOG, ZMIN, ZMAX) : 1

# Left are the title and the numbers, or names, of y; right the colours of a heat map, with theirs.
TICK = KIND eq 'heat' ? 0 : Y_DIGITS >= LONG ? number_wide(Y_DIGITS) : 5 * CHARACTER
if (KIND eq 'heat') { do for [i = 1:SERIES] { TICK = greater(TICK, strlen(SERIES_NAME[i]) * 0.92 * CHARACTER) } }
LEFT = lines(YTITLE) * LINE + TICK + 1.6 * FONT
RIGHT = KIND eq 'heat' ? 7 * FONT + lines(ZTITLE) * LINE : LABELS ? 1.5 * FONT : 3 * FONT
if (Z_DIGITS >= LONG) { RIGHT = 3 * FONT + number_wide(Z_DIGITS) + lines(ZTITLE) * LINE }

# The legend stands above the plot, in as many columns as the paper has room for.
KEYS = SERIES + MISSING
NO_VALUE = 'no value'
if (KIND eq 'heat') { KEYS = MISSING }
if (SERIES == 1 && SERIES_NAME[1] eq '') { KEYS = MISSING }
KEY_WIDE = strlen(NO_VALUE)
if (KIND ne 'heat') { do for [i = 1:SERIES] { KEY_WIDE = greater(KEY_WIDE, strlen(SERIES_NAME[i])) } }
KEY_WIDE = KEY_WIDE * CHARACTER + 4.5 * FONT
WIDE = greater(WIDE, KEY_WIDE + 2 * FONT)
KEY_COLUMNS = greater(1, lesser(KEYS, int((WIDE - 2 * FONT) / KEY_WIDE)))
KEY_ROWS = (KEYS + KEY_COLUMNS - 1) / KEY_COLUMNS
if (KEYS) { KEY_COLUMNS = (KEYS + KEY_ROWS - 1) / KEY_ROWS }

# The points' labels stand level where there is room, else slanting, else upright; paper is added where even upright
# they would touch.
LABEL_HIGH = 1.2 * FONT
ANGLE = 0
if (LABELS) {
    LABEL_WIDE = 0
    do for [i = 1:LABELS] { LABEL_WIDE = greater(LABEL_WIDE, strlen(LABEL[i]) * 0.92 * CHARACTER) }
    WIDE = greater(WIDE, LABELS * 1.2 * FONT + LEFT + RIGHT)
    PITCH = (WIDE - LEFT - RIGHT) / LABELS
    ANGLE = LABEL_WIDE + FONT < PITCH ? 0 : PITCH > 1.7 * FONT && LABEL_WIDE < 10 * FONT ? 45 : 90
    LABEL_HIGH = ANGLE == 0 ? 1.2 * FONT : ANGLE == 45 ? 0.71 * LABEL_WIDE + FONT : LABEL_WIDE + 0.5 * FONT
}
if (X_DIGITS >= LONG) {
    ANGLE = 45
    LABEL_HIGH = 0.71 * number_wide(X_DIGITS) + FONT
}
PLOT_WIDE = WIDE - LEFT - RIGHT
TITLE = wrap(TITLE, int(WIDE / CHARACTER / 1.05))
XTITLE = wrap_axis(XTITLE, int(PLOT_WIDE / CHARACTER))

BELOW = 1.3 * FONT + LABEL_HIGH + lines(XTITLE) * LINE
ABOVE = 0.8 * FONT + lines(TITLE) * 1.2 * LINE + KEY_ROWS * LINE + (KEYS ? 0.4 * FONT : 0)
HIGH = ABOVE + PLOT_HIGH + BELOW
set lmargin at screen LEFT / WIDE
set rmargin at screen 1 - RIGHT / WIDE
set bmargin at screen BELOW / HIGH
set tmargin at screen 1 - ABOVE / HIGH
key_x(i) = 0.5 + ((i - 1) % KEY_COLUMNS - KEY_COLUMNS / 2.) * KEY_WIDE / WIDE + FONT / WIDE
key_y(i) = 1 - (ABOVE - (KEY_ROWS - (i - 1) / KEY_COLUMNS - 0.5) * LINE - 0.4 * FONT) / HIGH
set key Left reverse noenhanced samplen 2
if (TITLE ne '') {
    set label TITLE at screen 0.5, 1 - (0.4 * FONT + 0.6 * LINE) / HIGH center noenhanced
}
if (XTITLE ne '') {
    set label XTITLE at graph 0.5, screen ((lines(XTITLE) - 0.5) * LINE + 0.2 * FONT) / HIGH center noenhanced
}
if (YTITLE ne '') {
    set label YTITLE at screen (0.4 * FONT + 0.5 * LINE) / WIDE, graph 0.5 rotate center noenhanced
}

# Told apart by lightness, dash, mark and hatching as well as by colour; the colours are for any kind of colour vision
# (Okabe and Ito, "Color Universal Design", 2008), in such an order that neighbours differ in lightness.
array COLOUR[14] = [0x0072b2, 0xe69f00, 0x000000, 0x56b4e9, 0xd55e00, 0x009e73, 0xcc79a7, \
    0x8c8c8c, 0x332288, 0xb8a800, 0x882255, 0x44aa99, 0x5d5d5d, 0xb0b0b0]
array DASH[14] = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4]
array MARK[14] = [7, 4, 9, 12, 5, 10, 13, 6, 11, 8, 2, 1, 3, 14]
array FILL[14] = [0x0b4f8a, 0xfbd68c, 0xffffff, 0x8fd0f5, 0xd55e00, 0xf2ecaa, 0x009e73, \
    0xb79fca, 0x222222, 0xe0e0e0, 0x9a8fd6, 0xd5f0c0, 0xe39a86, 0xffffff]
array HATCH[14] = [0, 0, 4, 5, 0, 1, 4, 0, 0, 4, 5, 5, 1, 2] # 0: none

set border 3 lw 0.7
set tics nomirror out scale 0.4
set xtics offset 0, 0.3
set ytics offset 0.4, 0
set grid ytics back lt 1 lc rgb 0xdddddd lw 0.5
set style fill solid border lc rgb 0x000000
set format y number_format(Y_DIGITS)
set format x number_format(X_DIGITS)
if (X_DIGITS >= LONG) { set xtics rotate by 45 right offset 0, 0 }

# Axes. A linear one that comes near 0 starts there, but for points in a plane, which need room around for their names.
ROOM = KIND eq 'pareto' ? 0.09 : 0.04
NEAR = KIND eq 'pareto' ? 0. : 0.6
low_linear(a, b) = a == b ? (a < 0 ? 1.5 * a : 0.5 * a) : a >= 0 && a <= NEAR * b ? 0 : a - ROOM * (b - a)
high_linear(a, b) = a == b ? (b < 0 ? 0.5 * b : b > 0 ? 1.5 * b : 1) : b <= 0 && b >= NEAR * a ? 0 : b + ROOM * (b - a)
# A logarithmic one over less than a step or so goes from power to power of its base, or it might have no number at all.
steps(base, a) = log(a) / log(base)
narrow(base, a, b) = steps(base, b / a) < 1.2
low_log(base, a, b) = narrow(base, a, b) ? (1. * base) ** floor(steps(base, a) - 1e-9) : a / (b / a) ** ROOM
high_log(base, a, b) = narrow(base, a, b) ? (1. * base) ** ceil(steps(base, b) + 1e-9) : b * (b / a) ** ROOM
low(base, a, b) = base ? low_log(base, a, b) : low_linear(a, b)
high(base, a, b) = base ? high_log(base, a, b) : high_linear(a, b)
Y_LOW = low(YLOG, YMIN, YMAX)
Y_HIGH = high(YLOG, YMIN, YMAX)
set yrange [Y_LOW:Y_HIGH]
if (YLOG) {
    set logscale y YLOG
    Y_STEPS = steps(YLOG, Y_HIGH / Y_LOW)
    set format y YLOG == 10 ? '10^{%L}' : '2^{%L}' # but plain numbers over few steps
    if (YLOG == 10 && Y_STEPS < 3 || YLOG == 2 && Y_STEPS < 12) {
        set format y '%g'
        if (YLOG == 10) {
            set ytics ('' 1)
            do for [p = floor(log10(Y_LOW)):ceil(log10(Y_HIGH))] { do for [m in '1 2 5'] {
                set ytics add (sprintf('%g', m * 10 ** p) m * 10. ** p)
            } }
        }
    }
}
# A logarithmic x that begins with 0 is one of 1 + x, so that the 0 has its place.
X_ZERO = XLOG && XMIN == 0
if (!LABELS) {
    X_LOW = X_ZERO ? (1 + XMAX) ** -ROOM - 1 : low(XLOG, XMIN, XMAX)
    X_HIGH = X_ZERO ? (1 + XMAX) ** (1 + ROOM) - 1 : high(XLOG, XMIN, XMAX)
    set xrange [X_LOW:X_HIGH]
}
if (X_ZERO) {
    set nonlinear x via log(1 + x) inverse exp(x) - 1
    set xtics ('0' 0)
    do for [p = 0:floor(steps(XLOG, XMAX))] { set xtics add (sprintf('%g', XLOG ** p) XLOG ** p) }
}
if (XLOG && !X_ZERO) {
    set logscale x XLOG
    X_STEPS = steps(XLOG, X_HIGH / X_LOW)
    set format x XLOG == 10 ? '10^{%L}' : X_HIGH < 1e5 ? '%g' : '2^{%L}'
    if (XLOG == 10 && X_STEPS < 2) {
        set format x '%g'
        set xtics ('' 1)
        do for [p = floor(log10(X_LOW)):ceil(log10(X_HIGH))] { do for [m in '1 2 5'] {
            set xtics add (sprintf('%g', m * 10 ** p) m * 10. ** p)
        } }
    }
}
if (LABELS) {
    set xtics () noenhanced scale 0
    if (ANGLE == 0) { set xtics norotate }
    if (ANGLE == 45) { set xtics rotate by 45 right offset 0, 0 }
    if (ANGLE == 90) { set xtics rotate by 90 right }
    do for [i = 1:LABELS] { set xtics add (literal(LABEL[i]) i + (APART && i == LABELS ? 0.5 : 0)) }
    # A few bars shall not be as wide as the page.
    BESIDE = LABELS * (KIND eq 'bars' ? SERIES : BARS) < 6 ? 0.25 * (6 - LABELS * (KIND eq 'bars' ? SERIES : BARS)) : 0
    set xrange [0.4 - BESIDE:LABELS + 0.6 + (APART ? 0.5 : 0) + BESIDE]
}

# How error bars are drawn: "with yerrorbars" would leave a gap around the value.
ERROR_STYLE = 'with vectors heads size screen 0.006, 90 lw 0.8'

# A place for what has no value: a cross, which no reader takes for a 0.
NO_VALUE_STYLE = 'with points pt 2 ps 0.5 lw 1 lc rgb 0x000000'

# The legend of what is filled: the hatching of each series lies over its colour.
LEGEND = "for [s = 1:KEYS - MISSING] keyentry with boxes lc rgb FILL[s] lw 0.7 fs solid border lc rgb 0x000000 ". \
    "title SERIES_NAME[s] at screen key_x(s), key_y(s), ". \
    "for [s = 1:KEYS - MISSING] keyentry with boxes lc rgb 0x000000 lw 0.7 fs transparent pattern HATCH[s] ". \
    "border lc rgb 0x000000 title ' ' at screen key_x(s), key_y(s), ". \
    "for [s = 1:MISSING] keyentry ".NO_VALUE_STYLE." title NO_VALUE at screen key_x(KEYS), key_y(KEYS)"

TERMINAL_SVG = "set terminal svg fixed enhanced background rgb 'white' linewidth 1.2 ". \
    sprintf("size %.0f,%.0f font 'sans-serif,%g' name '%s'", WIDE * 96 / 72, HIGH * 96 / 72, FONT * 96 / 72, id(NAME))
TERMINAL_PDF = "set terminal pdfcairo enhanced linewidth 1.8 fontscale 0.75 ". \
    sprintf("size %.2fin,%.2fin font 'sans-serif,%g'", WIDE / 72, HIGH / 72, FONT)
TERMINAL_PNG = "set terminal pngcairo enhanced background rgb 'white' linewidth 3.75 pointscale 3 fontscale 3.125 ". \
    sprintf("size %.0f,%.0f font 'sans-serif,%g'", WIDE * 300 / 72, HIGH * 300 / 72, FONT)
