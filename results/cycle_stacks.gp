# cycle_stacks.gp -- gnuplot -c cycle_stacks.gp DATA.csv FIGURE.svg: cycles per guest instruction, a stack per run, a
# colour per activity. DATA.csv: a header of activity names, then a row per run.
set terminal svg size 900,480 dynamic enhanced font "sans,12" background rgb "white"
set output ARG2
set datafile separator ","
set title "Where the cycles went"
set ylabel "cycles per guest instruction"
set style data histograms
set style histogram rowstacked
set style fill solid 0.9 border rgb "white"
set boxwidth 0.7
set yrange [0:*]
set grid ytics linecolor rgb "#dddddd"
set xtics rotate by -30 nomirror
set key outside right top invert
array colours[7] = ["#4477aa", "#ee6677", "#ccbb44", "#66ccee", "#228833", "#aa3377", "#bbbbbb"]
plot for [column = 2:8] ARG1 using column:xtic(1) title columnheader(column) linecolor rgb colours[column - 1]
