# SPDX-License-Identifier: GPL-2.0-only
#
# Draws the table of report.py: gnuplot -e "tsv='bench.tsv'; svg='bench.svg'".
# A row of panels per kind of file, a column per figure, a bar per ratio.

set datafile separator "\t"
set datafile missing "-"

sizes = "512 4k 16k 64k 1m 4m"
sources = "ubuf iovec1 iovec16 iovec1024 bvec"
kinds = system("awk -F'\\t' 'NR > 1 && $1 != \"memory\" && !seen[$1 $2]++ \
	{ print $1 \"/\" $2 }' '".tsv."'")
figures = "ns instr"
titles = "nanoseconds, UML|instructions, x86_64"

nth(name, list) = sum [i = 1:words(list)] (word(list, i) eq name ? i : 0)
title_of(n) = n == 1 ? titles[1:strstrt(titles, "|") - 1] : titles[strstrt(titles, "|") + 1:]
# Bars of a size stand side by side, with room for one between sizes.
width = 1.0 / (words(sources) + 1)
left(size, j) = nth(size, sizes) + (j - 1 - words(sources) / 2.0) * width

set terminal svg noenhanced dynamic background "white" size 1100,120 + 230 * words(kinds)
if (exists("png")) {
	set terminal pngcairo noenhanced background "white" size 1100,120 + 230 * words(kinds)
}
set output exists("png") ? png : svg

# The same scale for all, which shows 1 in any case.
range = system("awk -F'\\t' 'BEGIN { low = 0.9; high = 1.1 } \
	NR == 1 { for (i = 1; i <= NF; i++) if ($i ~ /_ratio$/) ratio[i] } \
	NR > 1 && $1 != \"memory\" { for (i in ratio) if ($i != \"-\") { \
		if ($i < low) low = $i; if ($i > high) high = $i } } \
	END { print low, high }' '".tsv."'")
low = real(word(range, 1))
high = real(word(range, 2))
set logscale y 2
set yrange [low / 1.05:high * 1.05]
set ytics ("0.25" 0.25, "0.5" 0.5, "0.7" 0.7, "0.8" 0.8, "0.9" 0.9, "1" 1, "1.1" 1.1, "1.25" 1.25, \
	"1.5" 1.5, "2" 2, "3" 3, "4" 4, "6" 6, "8" 8, "16" 16, "32" 32)
set multiplot layout words(kinds), 2 margins 0.05, 0.99, 0.05, 0.89 spacing 0.06, 0.06 \
	title "Speed of buffered writes: untouched/patched, above 1 the patched kernel is faster"
set xrange [0.4:words(sizes) + 0.6]
set xtics () scale 0
do for [i = 1:words(sizes)] { set xtics add (word(sizes, i) i) }
set grid ytics
set style fill solid 0.9
do for [k = 1:words(kinds)] {
	kind = word(kinds, k)
	do for [f = 1:2] {
		set title kind.": ".title_of(f) offset 0, -0.6
		if (k == 1 && f == 1) {
			set key at screen 0.5, 0.95 center horizontal maxrows 1 samplen 1.5 width -1
		} else {
			unset key
		}
		plot for [j = 1:words(sources)] tsv using \
			(left(strcol(3), j)):(strcol(1)."/".strcol(2) eq kind && \
				strcol(4) eq word(sources, j) ? column(word(figures, f)."_ratio") : NaN): \
			(left(strcol(3), j)):(left(strcol(3), j) + width):(1):(column(word(figures, f)."_ratio")) \
			with boxxyerror linecolor j title word(sources, j), \
			1 with lines linecolor "black" notitle
	}
}
unset multiplot
