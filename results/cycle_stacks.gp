# cycle_stacks.gp -- gnuplot -c cycle_stacks.gp DATA.csv FIGURE.svg: cycles per guest instruction, a stack per run, a
# colour per part. DATA.csv: a header of the parts' names, then a row per run.
set terminal svg size 1100,480 dynamic enhanced font "sans,12" background rgb "white"
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
array colours[9] = ["#4477aa", "#66ccee", "#bbbbbb", "#aa3377", "#228833", "#99cc66", "#ccbb44", "#ee8866", "#ee6677"]
plot for [column = 2:10] ARG1 using column:xtic(1) title columnheader(column) linecolor rgb colours[column - 1]
