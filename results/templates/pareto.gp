
# ---- pareto.gp: points with their names, and the front: those that no other point betters in both directions ----

array X[POINTS]; array Y[POINTS]; array FRONT[POINTS]
array TAKEN_LEFT[4 * POINTS]; array TAKEN_RIGHT[4 * POINTS]; array TAKEN_LOW[4 * POINTS]; array TAKEN_HIGH[4 * POINTS]
do for [i = 1:POINTS] { X[i] = NaN; Y[i] = NaN }
stats DATA using (X[row(0) + 1] = number(3), FRONT[row(0) + 1] = column(5), Y[row(0) + 1] = number(4)) nooutput

ON_FRONT = 0
array ON[POINTS]
do for [i = 1:POINTS] { if (FRONT[i] == 1) { ON_FRONT = ON_FRONT + 1; ON[ON_FRONT] = i } }

# What is not to be covered: places in points, from the plot's lower left corner.
across(x) = (XLOG ? log(x / X_LOW) / log(X_HIGH / X_LOW) : (x - X_LOW) / (X_HIGH - X_LOW)) * PLOT_WIDE
up(y) = (YLOG ? log(y / Y_LOW) / log(Y_HIGH / Y_LOW) : (y - Y_LOW) / (Y_HIGH - Y_LOW)) * PLOT_HIGH
TAKEN = 0
take(a, b, c, d) = (TAKEN = TAKEN + 1, TAKEN_LEFT[TAKEN] = a, TAKEN_RIGHT[TAKEN] = b, \
                    TAKEN_LOW[TAKEN] = c, TAKEN_HIGH[TAKEN] = d)
covers(k, a, b, c, d) = TAKEN_LEFT[k] < b && TAKEN_RIGHT[k] > a && TAKEN_LOW[k] < d && TAKEN_HIGH[k] > c
do for [i = 1:POINTS] { if (Y[i] == Y[i]) {
    x = across(X[i])
    y = up(Y[i])
    mark = take(x - 0.35 * FONT, x + 0.35 * FONT, y - 0.35 * FONT, y + 0.35 * FONT)
} }

# The front's steps: from each of its points to the next on the right.
do for [k = 1:ON_FRONT] {
    i = ON[k]
    next = 0
    do for [l = 1:ON_FRONT] {
        j = ON[l]
        if (X[j] > X[i]) { if (next == 0) { next = j } else { if (X[j] < X[next]) { next = j } } }
    }
    if (next) {
        x = X_MORE ? X[i] : X[next]
        y = X_MORE ? Y[next] : Y[i]
        set arrow from X[i], Y[i] to x, y nohead back lt 1 lw 1 lc rgb 0x8c8c8c
        set arrow from x, y to X[next], Y[next] nohead back lt 1 lw 1 lc rgb 0x8c8c8c
        level = take(across(X[i]), across(X[next]), up(y) - 1, up(y) + 1)
        upright = take(across(x) - 1, across(x) + 1, up(lesser(Y[i], Y[next])), up(greater(Y[i], Y[next])))
    }
}

# Names stand where they cover nothing: right, left, above or below of their point, or between these. The front's come
# first, and of very many points only they are named; a name for which there is no room is left out.
side(p) = int(word('1 -1 0 0 1 1 -1 -1', p))
dx(p) = word('0.6 -0.6 0 0 0.5 0.5 -0.5 -0.5', p) * FONT
dy(p) = word('0 0 0.9 -0.9 0.8 -0.8 0.8 -0.8', p) * FONT
do for [front = 1:POINTS > 80:-1] { do for [i = 1:POINTS] { if (Y[i] == Y[i] && FRONT[i] == front) { do for [p = 1:8] {
    x = across(X[i]) + dx(p)
    y = up(Y[i]) + dy(p)
    wide = strlen(POINT[i]) * 0.9 * CHARACTER
    a = x - (1 - side(p)) / 2. * wide
    b = a + wide
    c = y - 0.5 * FONT
    d = y + 0.5 * FONT
    fits = a > 0 && b < PLOT_WIDE + RIGHT && c > 0 && d < PLOT_HIGH + 0.5 * FONT
    if (fits) { fits = 0 == sum [k = 1:TAKEN] covers(k, a, b, c, d) }
    if (fits) {
        name = take(a, b, c, d)
        x = x / PLOT_WIDE
        y = y / PLOT_HIGH
        if (side(p) == 1) { set label POINT[i] at graph x, y left noenhanced front }
        if (side(p) == 0) { set label POINT[i] at graph x, y center noenhanced front }
        if (side(p) == -1) { set label POINT[i] at graph x, y right noenhanced front }
        break
    }
} } } }
plot for [i = 1:DRAWN] s = DRAWN_SERIES[i], DATA every ::FIRST[s]::LAST[s] using (number(3)):(number(4)) \
         with points pt MARK[s] ps 0.5 lw 1 lc rgb COLOUR[s] notitle, \
     for [s = 1:KEYS] keyentry with points pt MARK[s] ps 0.5 lw 1 lc rgb COLOUR[s] \
         title SERIES_NAME[s] at screen key_x(s), key_y(s)
