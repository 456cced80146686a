# SPDX-License-Identifier: GPL-2.0-only
#
# Draws the rows of compare.py: gnuplot -e "tsv='compare.tsv'; svg='compare.svg';
# old='6.12.95'; new='6.12.118'". A bar per row, from 1 to its ratio.

set datafile separator "\t"
set datafile missing "-"

rows = "< awk -F'\\t' '$1 == \"row\" && $5 != \"-\"' '".tsv."'"
count = int(system("awk -F'\\t' '$1 == \"row\" && $5 != \"-\"' '".tsv."' | wc -l"))
if (count == 0) { exit }

set terminal svg noenhanced dynamic background "white" size 1000,90 + 14 * count
if (exists("png")) {
	set terminal pngcairo noenhanced background "white" size 1000,90 + 14 * count
}
set output exists("png") ? png : svg
set title "Instructions of buffered writes: ".new."/".old.", above 1 ".new." takes more"
set logscale x 2
set xtics ("0.25" 0.25, "0.5" 0.5, "0.7" 0.7, "0.8" 0.8, "0.9" 0.9, "1" 1, "1.1" 1.1, "1.25" 1.25, \
	"1.5" 1.5, "2" 2, "3" 3, "4" 4, "8" 8)
set yrange [count - 0.3:-0.7]
set ytics font ",9" scale 0
set grid xtics
set style fill solid 0.9
unset key
set rmargin 4
colour(verdict) = verdict eq "worse" ? 0xc0392b : verdict eq "better" ? 0x27ae60 : 0xaaaaaa
plot rows using (1):0:(1):5:($0 - 0.35):($0 + 0.35):(colour(strcol(6))):ytic(2) \
	with boxxyerror linecolor rgb variable
